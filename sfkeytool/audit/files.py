"""From one file to its carriers: any container of certificates, and metadata of an sfdx project."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from sfkeytool.audit.apex import certificates_named
from sfkeytool.audit.fields import carrier_of, carriers_of
from sfkeytool.audit.model import Carrier, CarrierKind, Problem
from sfkeytool.crypto.chains import issuers_among
from sfkeytool.crypto.sniff import FileKind, normalise_text, sniff
from sfkeytool.errors import InputError, KeystorePasswordError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DEEPEST_FIELD = 3
"""Dots in the path of a field: no field that is wanted is deeper."""

_PRIVATE_KEY = re.compile(rb"-----BEGIN ((?:ENCRYPTED |RSA |EC |DSA |OPENSSH )?PRIVATE KEY)-----")


def read_carriers(
    file: InputFile, source: str, passwords: Sequence[Secret], *, is_ckm_source: bool = False
) -> tuple[Carrier | Problem, ...]:
    """What certificates a file carries or names. Pure. Raises what parse_contents raises.

    A field of metadata that is damaged is a Problem, and the others are read.

    ``is_ckm_source``: it is the content of a Certificate in an sfdx project, as a ``-meta.xml`` beside it says.
    """
    if file.label.endswith((".cls", ".trigger")):
        return tuple(_from_apex(file, source))
    # Loading a key takes a hundred times as long as a certificate, and no key is wanted here.
    without_keys = InputFile(file.label, _without_keys(file.data))
    if without_keys.data != file.data and b"-----BEGIN " not in without_keys.data:
        return ()
    if sniff(normalise_text(without_keys.data)) is FileKind.XML:
        return tuple(_from_metadata(file, source))
    contents = _open(without_keys, passwords)
    return tuple(_from_contents(contents, source, is_ckm_source=is_ckm_source))


def _without_keys(data: bytes) -> bytes:
    """PEM without its private keys. Linear, whatever the data: a label whose end is missing is looked for once."""
    kept: list[bytes] = []
    position = 0
    endless: set[bytes] = set()
    for begin in _PRIVATE_KEY.finditer(data):
        if begin.start() < position or begin[1] in endless:
            continue
        end_line = b"-----END " + begin[1] + b"-----"
        end = data.find(end_line, begin.end())
        if end < 0:
            endless.add(begin[1])
            continue
        kept.append(data[position : begin.start()])
        position = end + len(end_line)
    return b"".join([*kept, data[position:]])


def _open(file: InputFile, passwords: Sequence[Secret]) -> Contents:
    """A JKS shows its certificates to whoever has no password, so also to whoever has only another file's."""
    try:
        return parse_contents(file, passwords, load_keys=False)
    except KeystorePasswordError:
        if not passwords or sniff(file.data) is not FileKind.JKS:
            raise
        return parse_contents(file, (), load_keys=False)


def _from_contents(contents: Contents, source: str, *, is_ckm_source: bool) -> Iterator[Carrier | Problem]:
    path = PurePath(contents.label)
    kind = CarrierKind.CKM_SOURCE if is_ckm_source else CarrierKind.FILE
    own: set[bytes] = set()
    if contents.store is not None:
        kind = CarrierKind.KEYSTORE
        own = {der for entry in contents.store.keys for der in entry.chain_der}
    issuers = issuers_among([found.certificate for found in contents.certificates])
    # A CA of a bundle, or of a truststore: it came with others, and is not what anybody here renews.
    bundle = len(contents.certificates) > 1 or contents.store is not None
    for found in contents.certificates:
        carrier = carrier_of(source, kind, found.alias or _stem(path), contents.label, found.alias or "", found)
        is_ca = carrier.certificate is not None and carrier.certificate.is_ca
        yield replace(carrier, in_chain=found.certificate in issuers or (bundle and is_ca and found.der not in own))
    for unreadable in contents.unreadable:
        yield Problem(source, contents.label, unreadable.error.code, unreadable.error.message)


def _from_metadata(file: InputFile, source: str) -> Iterator[Carrier | Problem]:
    root = _parse(file)
    values = tuple(_texts(root))
    yield from carriers_of(source, _tag(root), _stem(PurePath(file.label)), file.label, values)


def _from_apex(file: InputFile, source: str) -> Iterator[Carrier]:
    for name in certificates_named(normalise_text(file.data).decode("utf-8", "replace")):
        yield Carrier(source, CarrierKind.METADATA, PurePath(file.label).stem, file.label, "Apex", reference=name)


def _parse(file: InputFile) -> "Element":
    from xml.etree import ElementTree

    data = normalise_text(file.data)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # no Salesforce metadata has one; entity bombs do
        raise InputError("xml.doctype", f"{file.label} has a document type declaration: not a Salesforce metadata file")
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - no DTD, so no entities to expand
    except (ElementTree.ParseError, ValueError, LookupError):
        raise InputError("xml.malformed", f"{file.label} is not well-formed XML") from None


def _texts(element: "Element") -> Iterator[tuple[str, str]]:
    """Texts of all elements below, by their dotted path."""
    pending = [(_tag(child), child) for child in reversed(element)]
    while pending:
        here, child = pending.pop()
        yield here, (child.text or "").strip()
        if here.count(".") < _DEEPEST_FIELD:
            pending += [(f"{here}.{_tag(grandchild)}", grandchild) for grandchild in reversed(child)]


def _tag(element: "Element") -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _stem(path: PurePath) -> str:
    """The file's name up to its first dot, less what marks our chain files."""
    return path.name.partition(".")[0].removesuffix("-chain") or path.name
