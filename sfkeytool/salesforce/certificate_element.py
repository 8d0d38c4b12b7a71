"""The one certificate element of an app's file that was retrieved with the Metadata API: read, replaced, or added."""

import base64
import re
import textwrap
from xml.parsers import expat

from msgspec import Struct, field

from sfkeytool.crypto.certificate_text import TextKind, parse_certificate_text
from sfkeytool.crypto.sniff import normalise_text
from sfkeytool.errors import InputError, SelfCheckError
from sfkeytool.keystores.guarded_xml import feed

_GAP = re.compile(rb"(?:\s|&#(?:13|10|x0?[dDaA]);)+")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(?P<gap>" + _GAP.pattern + rb"|)")
_BOM = "\ufeff".encode()
_START_TAG = re.compile(rb"""<[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+=*\s*")
_CERTIFICATE_PATHS: dict[str, tuple[str, ...]] = {
    "ConnectedApp": ("ConnectedApp", "oauthConfig", "certificate"),
    "ExtlClntAppGlobalOauthSettings": ("ExtlClntAppGlobalOauthSettings", "certificate"),
}
CARRIER_TYPES = frozenset(_CERTIFICATE_PATHS)
"""Types of metadata whose one certificate is that of an app."""


class _Place(Struct):
    """Where the one certificate element has its content, in bytes of the document.

    An element without any, ``<certificate/>``, has ``empty_tag_at`` instead of a start, and ends behind its tag.
    """

    type: str = ""
    start: int = -1
    end: int = -1
    empty_tag_at: int = -1
    text: list[str] = field(default_factory=list)


class _Parent(Struct):
    """The element that the certificate is in, or would be: its children's names, places and ends, and where its content
    ends. ``tag`` has the prefix. An empty one, ``<oauthConfig/>``, has ``empty_ends`` behind its tag."""

    tag: str
    empty_ends: int = -1
    end: int = -1
    children: list[tuple[str, int, int]] = field(default_factory=list)


def replace_certificate(document: bytes, certificate_der: bytes, label: str) -> bytes:
    """A retrieved ConnectedApp or ExtlClntAppGlobalOauthSettings with another certificate; all other bytes stay.

    ``certificate_der`` is the leaf. The form of the old one is kept: PEM with its line ends, base64 of DER or of a
    text, in one line or in several. Where there is none it is added, in its place in the schema's order, in the form
    that this type is retrieved in. Raises InputError for a document that is malformed, of another type, not in UTF-8,
    has a DTD, or has no OAuth settings, several certificates, or one that is something else: a name in CKM, a
    placeholder, a public key. Pure.
    """
    place, parent = _find_certificate(document, label)
    if place is None:
        replaced = _with_added(document, parent, certificate_der)
    elif place.empty_tag_at >= 0:  # <certificate/>
        tag = document[place.empty_tag_at + 1 : place.end - 2].split()[0]
        opened = document[: place.end - 2].rstrip() + b">"
        content = _as_retrieved(document, certificate_der, place.type)
        replaced = opened + content + b"</" + tag + b">" + document[place.end :]
    else:
        new = _in_the_form_of(document, place, certificate_der, label)
        replaced = document[: place.start] + new + document[place.end :]
    again, _ = _find_certificate(replaced, label)
    if again is None or _decode("".join(again.text)) != certificate_der:
        raise SelfCheckError("internal.metadata", f"{label}: the certificate did not read back; nothing was written")
    return replaced


def read_certificate(document: bytes) -> bytes | None:
    """The DER in the certificate element that replace_certificate() replaces; None if there is none, or it holds none.

    Raises as it.
    """
    place, _ = _find_certificate(document, "the document")
    return _decode("".join(place.text)) if place is not None else None


def _with_added(document: bytes, parent: _Parent, certificate_der: bytes) -> bytes:
    """With the element where the schema has it, whose elements are in the alphabet's order (WSDL 63.0), and with the
    space before it that its neighbour has."""
    prefix, _, type = parent.tag.rpartition(":")
    if type == "oauthConfig":
        type = "ConnectedApp"
    name = f"{prefix}:certificate".lstrip(":").encode()
    element = b"<" + name + b">" + _as_retrieved(document, certificate_der, type) + b"</" + name + b">"
    if parent.empty_ends >= 0:
        opened = document[: parent.empty_ends - 2].rstrip() + b">"
        return opened + element + b"</" + parent.tag.encode() + b">" + document[parent.empty_ends :]
    before = [child for child in parent.children if child[0] < "certificate"]
    if before:
        _, start, end = before[-1]
        return document[:end] + _space_before(document, start) + element + document[end:]
    at = parent.children[0][1] if parent.children else parent.end
    space = _space_before(document, at) if parent.children else b""
    return document[:at] + element + space + document[at:]


def _space_before(document: bytes, at: int) -> bytes:
    return document[len(document[:at].rstrip(b" \t\r\n")) : at]


def _as_retrieved(document: bytes, certificate_der: bytes, type: str) -> bytes:
    """Base64 of the DER, as public retrieves have it: of a connected app in one line, else in lines of 64."""
    encoded = base64.b64encode(certificate_der)
    if type == "ConnectedApp":
        return encoded
    line_end = b"\r\n" if b"\r\n" in document else b"\n"
    return line_end.join(encoded[start : start + 64] for start in range(0, len(encoded), 64))


def _in_the_form_of(document: bytes, place: _Place, certificate_der: bytes, label: str) -> bytes:
    old = document[place.start : place.end]
    text = "".join(place.text).strip().removeprefix("\ufeff").strip()
    lead, trail = old[: len(old) - len(old.lstrip())], old[len(old.rstrip()) :]
    if not text:
        return _as_retrieved(document, certificate_der, place.type)
    if pem := _PEM.search(old):
        new = _pem(certificate_der, pem["gap"])
        before, _, rest = text.partition("-----BEGIN CERTIFICATE-----")
        after = rest.partition("-----END CERTIFICATE-----")[2]
        if before.strip() or after.strip():  # of the old one too: bag attributes, or its CAs
            return lead + new + trail
        end = old.rfind(b"-----END CERTIFICATE-----")
        return (
            old[: pem.start()].replace(_BOM, b"")
            + new
            + (old[end + len(b"-----END CERTIFICATE-----") :] if end >= 0 else b"")
        )
    # What is damaged is replaced, so that this mends it; what is something else was meant as something else.
    if _BASE64.fullmatch(text) and parse_certificate_text(text).kind in (TextKind.CERTIFICATE, TextKind.DAMAGED):
        return lead + _base64_like(old, text, certificate_der) + trail
    raise _not_replaced(text, label)


def _base64_like(old: bytes, text: str, certificate_der: bytes) -> bytes:
    """The new certificate as what was uploaded before, DER or a text, and in lines of the same length."""
    first, *others = text.split()
    try:
        inside = base64.b64decode(first + "".join(others))
    except ValueError:
        inside = certificate_der
    uploaded = certificate_der
    if b"-----BEGIN " in normalise_text(inside):
        uploaded = _pem(certificate_der, b"\n") + b"\n"
    elif inside[:1] != b"\x30":
        uploaded = base64.b64encode(certificate_der)
    encoded = base64.b64encode(uploaded)
    gap = _GAP.search(old.strip())
    if not (others and gap):
        return encoded
    return gap[0].join(encoded[start : start + len(first)] for start in range(0, len(encoded), len(first)))


def _not_replaced(text: str, label: str) -> InputError:
    parsed = parse_certificate_text(text)
    match parsed.kind:
        case TextKind.NAME | TextKind.RECORD_ID:
            return InputError(
                "metadata.reference",
                f"{label}: <certificate> holds no certificate but {text!r}, which may name one of Certificate and Key"
                " Management",
                "choose the new one by its name there, or upload the certificate once in Setup and retrieve the file"
                " again",
            )
        case TextKind.PLACEHOLDER:
            return InputError(
                "metadata.placeholder",
                f"{label}: <certificate> holds {parsed.what}, which something fills in before it is deployed",
                "give that the new certificate, and leave this file as it is",
            )
    return InputError(
        "metadata.not-a-certificate",
        f"{label}: <certificate> holds {parsed.what}, no certificate to replace",
        "look where it comes from; if nothing needs it, empty the element and run this again",
    )


def _pem(certificate_der: bytes, gap: bytes) -> bytes:
    """PEM whose lines are parted by ``gap``: a line end, or the character references that an XML file has for one."""
    lines = textwrap.wrap(base64.b64encode(certificate_der).decode(), 64)
    joined = [b"-----BEGIN CERTIFICATE-----", *(line.encode() for line in lines), b"-----END CERTIFICATE-----"]
    return gap.join(joined)


def _decode(text: str) -> bytes | None:
    """The DER in PEM, in bare base64, or in the base64 of either; None if it is none of these."""
    data = normalise_text(text.strip().encode("utf-8", "replace"))
    if data[:1] == b"\x30":
        return data
    _, begin, rest = data.partition(b"-----BEGIN CERTIFICATE-----")
    body = rest.partition(b"-----END CERTIFICATE-----")[0] if begin else data
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        return None
    return der if der[:1] == b"\x30" else None


def _end_of_empty(document: bytes, at: int) -> int:
    """Where an element that is but one tag ends, which begins at ``at``; -1 for others."""
    tag = _START_TAG.match(document, at)
    return tag.end() if tag is not None and tag[0].endswith(b"/>") else -1


def _find_certificate(document: bytes, label: str) -> tuple[_Place | None, _Parent]:
    """The one certificate element, None where there is none, and what it is in, or belongs into."""
    if document.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in document[:4]:
        raise InputError("metadata.encoding", f"{label} is not UTF-8, which Salesforce's metadata files are")
    parser = expat.ParserCreate()
    parser.buffer_text = False
    path: list[str] = []
    places: list[_Place] = []
    inside: list[_Place] = []
    parents: list[_Parent] = []

    def refuse(code: str, message: str) -> None:
        raise InputError(code, f"{label}: {message}")

    def here() -> None:
        if inside and inside[-1].start < 0:
            inside[-1].start = parser.CurrentByteIndex

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
            refuse("metadata.encoding", f"is in {encoding}; Salesforce's metadata files are in UTF-8")

    def start(tag: str, _attributes: object) -> None:
        here()
        path.append(tag.rpartition(":")[2])
        wanted = _CERTIFICATE_PATHS.get(path[0], ())
        if not wanted:
            known = " or ".join(_CERTIFICATE_PATHS)
            refuse("metadata.type", f"is a {path[0]}; the certificate of an app is in a {known}")
        if inside:
            refuse("metadata.malformed", "its <certificate> holds other elements")
        at = parser.CurrentByteIndex
        if tuple(path) == wanted[:-1]:
            parents.append(_Parent(tag, _end_of_empty(document, at)))
        elif tuple(path[:-1]) == wanted[:-1]:
            parents[-1].children.append((path[-1], at, _end_of_empty(document, at)))
        if tuple(path) == wanted:
            place = _Place(path[0], empty_tag_at=parser.CurrentByteIndex)
            places.append(place)
            inside.append(place)

    def end(_tag: str) -> None:
        wanted = _CERTIFICATE_PATHS[path[0]]
        at = parser.CurrentByteIndex
        if inside and tuple(path) == wanted:
            place = inside.pop()
            place.end = at
            if place.start >= 0 or document[place.end - 2 : place.end] != b"/>":
                place.start = place.start if place.start >= 0 else place.end
                place.empty_tag_at = -1
        if tuple(path) == wanted[:-1]:
            parents[-1].end = at
        elif tuple(path[:-1]) == wanted[:-1]:
            name, begins, ends = parents[-1].children[-1]
            parents[-1].children[-1] = (name, begins, ends if ends >= 0 else document.index(b">", at) + 1)
        path.pop()

    def text(data: str) -> None:
        here()
        if inside:
            inside[-1].text.append(data)

    parser.XmlDeclHandler = declaration
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.CommentHandler = lambda _: here()
    parser.ProcessingInstructionHandler = lambda *_: here()
    parser.StartCdataSectionHandler = here
    feed(parser, document, label)
    if len(parents) != 1 or len(places) > 1:
        raise InputError(
            "metadata.no-certificate" if not parents else "metadata.several",
            f"{label} has no OAuth settings, which hold the certificate"
            if not parents
            else f"{label} has {max(len(parents), len(places))} places for the certificate of its OAuth settings",
            "switch OAuth on for the app in Setup, then retrieve the file again"
            if not parents
            else "retrieve the file again",
        )
    return (places[0] if places else None), parents[0]
