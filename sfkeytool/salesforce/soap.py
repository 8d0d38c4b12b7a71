"""The Metadata API's SOAP: two questions, and their answers with everything secret left out while they are parsed."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape

from msgspec import Struct

from sfkeytool.errors import InputError, NetworkError
from sfkeytool.keystores.guarded_xml import feed
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

LIST_LIMIT = 3
"""Queries of one listMetadata call (Metadata API Developer Guide, "listMetadata()")."""

READ_LIMIT = 10
"""Names of one readMetadata call (Metadata API Developer Guide, "readMetadata()")."""

_METADATA = "http://soap.sforce.com/2006/04/metadata"
_SECRET = ("consumerkey", "secret", "password", "token", "oauthlink", "privatekey", "eckey")
"""Elements whose names end so are dropped while parsing: keys of apps, and what auth providers and credentials keep."""


class FileProperties(Struct, frozen=True):
    """A component that listMetadata names. ``namespace`` is empty for the org's own."""

    type: str
    full_name: str
    namespace: str = ""
    is_installed: bool = False
    """Whether it came with a managed package, which somebody else maintains."""
    id: str = ""
    """The record's Id, of 18 characters; empty where it has none."""


class Record(Opaque, frozen=True):
    """A component that readMetadata returned: texts of its elements by dotted path, in order, without what is secret.

    ``values`` holds each element that has text, ``content`` as the base64 that it came as.
    """

    type: str
    full_name: str
    values: tuple[tuple[str, str], ...]

    def first(self, path: str) -> str:
        """The text at ``path``; empty if there is none."""
        return next((text for found, text in self.values if found == path), "")

    def content(self) -> bytes:
        """The decoded ``content``; empty if there is none, or none that is base64."""
        try:
            return base64.b64decode("".join(self.first("content").split()), validate=True)
        except (binascii.Error, ValueError):
            return b""


class Fault(Struct, frozen=True):
    """A SOAP fault: Salesforce's code without its prefix (``INVALID_SESSION_ID``), and its words."""

    code: str
    message: str


def list_request(token: Secret, types: Sequence[str], version: str) -> Secret:
    """The envelope of a listMetadata call for at most LIST_LIMIT types. Secret: it carries the session. Pure."""
    queries = "".join(f"<m:queries><m:type>{escape(type)}</m:type></m:queries>" for type in types)
    return _envelope(
        token, f"<m:listMetadata>{queries}<m:asOfVersion>{escape(version)}</m:asOfVersion></m:listMetadata>"
    )


def read_request(token: Secret, type: str, full_names: Sequence[str]) -> Secret:
    """The envelope of a readMetadata call for at most READ_LIMIT names. Secret: it carries the session. Pure."""
    names = "".join(f"<m:fullNames>{escape(name)}</m:fullNames>" for name in full_names)
    return _envelope(token, f"<m:readMetadata><m:type>{escape(type)}</m:type>{names}</m:readMetadata>")


def _envelope(token: Secret, body: str) -> Secret:
    return Secret(
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="{_METADATA}">'
        f"<e:Header><m:SessionHeader><m:sessionId>{escape(token.reveal())}</m:sessionId></m:SessionHeader></e:Header>"
        f"<e:Body>{body}</e:Body></e:Envelope>"
    )


def parse_list(answer: bytes, host: str) -> tuple[FileProperties, ...] | Fault:
    """What a listMetadata call answered. Raises NetworkError network.not-salesforce. Pure."""
    parsed = _parse(answer, "listMetadataResponse", host)
    if isinstance(parsed, Fault):
        return parsed
    return tuple(
        FileProperties(
            values.get("type", ""),
            values.get("fullName", ""),
            values.get("namespacePrefix", ""),
            values.get("manageableState", "").startswith("installed"),
            values.get("id", ""),
        )
        for values in (dict(pairs) for tag, pairs in parsed if tag == "result")
        if values.get("fullName")
    )


def parse_read(answer: bytes, type: str, host: str) -> tuple[Record, ...] | Fault:
    """What a readMetadata call answered; names that do not exist are left out. Raises as parse_list(). Pure."""
    parsed = _parse(answer, "readMetadataResponse", host)
    if isinstance(parsed, Fault):
        return parsed
    records = []
    for _, pairs in parsed:
        values = tuple((path, text) for path, text in pairs if path != "fullName")
        name = next((text for path, text in pairs if path == "fullName"), "")
        if name:
            records.append(Record(type, name, values))
    return tuple(records)


_Group = tuple[str, list[tuple[str, str]]]


def _parse(answer: bytes, wanted: str, host: str) -> list[_Group] | Fault:
    """The texts below each ``result`` (or each ``records`` of it) of the response element named ``wanted``."""
    reading = _Reading(wanted)
    try:
        feed(reading.parser, answer, host)
    except (InputError, _NotOursError):
        raise _not_salesforce(host) from None
    if reading.fault:
        code = reading.fault.get("faultcode", "").rpartition(":")[2]
        return Fault(code, reading.fault.get("faultstring", "").removeprefix(f"{code}: ")[:500])
    if not reading.answered:
        raise _not_salesforce(host)
    return reading.groups


class _Reading:
    """Flattens while it parses, so that a text which is secret is never kept."""

    def __init__(self, wanted: str) -> None:
        self.groups: list[_Group] = []
        self.fault: dict[str, str] = {}
        self.answered = False
        self._wanted = wanted
        self._path: list[str] = []
        self._group_depth = 0
        self._text: list[str] = []
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append

    def _start(self, tag: str, _attributes: object) -> None:
        self._path.append(tag.rpartition(":")[2])
        self._text.clear()
        depth = len(self._path)
        if depth == 1 and self._path[0] != "Envelope":
            raise _NotOursError
        if self._path[1:3] == ["Body", self._wanted]:
            self.answered = True
            # readMetadata wraps its records in one result, listMetadata repeats the result.
            in_result = self._path[3:4] == ["result"]
            group_at = 5 if in_result and self._path[4:5] == ["records"] else 4
            if in_result and depth == group_at:
                self.groups.append((self._path[-1], []))
                self._group_depth = depth

    def _end(self, _tag: str) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        name = self._path[-1]
        if self._path[1:3] == ["Body", "Fault"] and len(self._path) == 4:
            self.fault[name] = text
        elif self.groups and text and len(self._path) > self._group_depth >= 4 and not is_secret(name):
            self.groups[-1][1].append((".".join(self._path[self._group_depth :]), text))
        self._path.pop()


class _NotOursError(Exception):
    """The document is none that the Metadata API sends."""


def _not_salesforce(host: str) -> NetworkError:
    return NetworkError(
        "network.not-salesforce",
        f"what {host} answered is no answer of the Metadata API",
        "a proxy or a sign-in page of the network may have answered in its place",
    )


def is_secret(element: str) -> bool:
    """Whether an element of this name is dropped while parsing. Pure."""
    return element.lower().endswith(_SECRET)


def chunks(names: Iterable[str], size: int) -> list[list[str]]:
    """``names`` in order, so many at a time. Pure."""
    listed = list(names)
    return [listed[start : start + size] for start in range(0, len(listed), size)]
