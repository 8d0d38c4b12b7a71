"""From one file to its carriers: any container of certificates, metadata of an sfdx project, and zips of it."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath

from msgspec.structs import replace

from sfkeytool.audit.apex import certificates_named
from sfkeytool.audit.fields import carrier_of, carriers_of
from sfkeytool.audit.model import Carrier, CarrierKind, Problem
from sfkeytool.audit.zips import is_zip, read_entries
from sfkeytool.crypto.chains import issuers_among
from sfkeytool.crypto.foreign import foreign_error
from sfkeytool.crypto.sniff import FileKind, normalise_text, sniff
from sfkeytool.errors import InputError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.file_names import is_container, is_worth_a_word
from sfkeytool.keystores.metadata_xml import SAML_ROOTS, TYPES, parse_xml, root_type, tag_of, texts
from sfkeytool.passwords import Secret

WAITS_FOR_CA = "waits for the certificate that a CA is to sign"

_PRIVATE_KEY = re.compile(rb"-----BEGIN ((?:ENCRYPTED |RSA |EC |DSA |OPENSSH )?PRIVATE KEY)-----")
_MAY_HOLD_ONE = re.compile(rb"[>\[]\s*(?:-----BEGIN |MI[A-Za-z0-9+/\s]{200})")
"""A whole text of an element, as certificates stand in XML."""


def read_carriers(
    file: InputFile, source: str, passwords: Sequence[Secret], *, is_ckm_source: bool = False
) -> tuple[Carrier | Problem, ...]:
    """What certificates a file carries or names. Pure. Raises what parse_contents and read_entries raise.

    A field of metadata that is damaged is a Problem, as is an entry of a zip, and the others are read.

    ``is_ckm_source``: it is the content of a Certificate in an sfdx project, as a ``-meta.xml`` beside it says.
    """
    if is_zip(file.data):
        return tuple(_from_zip(file, source, passwords))
    if file.label.endswith((".cls", ".trigger")):
        return tuple(_from_apex(file, source))
    data = normalise_text(file.data)
    if error := foreign_error(data, file.label):
        raise error
    if sniff(data) is FileKind.XML:
        return tuple(_from_metadata(InputFile(file.label, data), source))
    # Loading a key takes a hundred times as long as a certificate, and no key is wanted here.
    without_keys = _without_keys(file.mended)
    if without_keys != file.mended and b"-----BEGIN " not in without_keys:
        return ()
    if without_keys != file.data:
        file = InputFile(file.label, without_keys)
    return tuple(_from_contents(_open(file, passwords), source, is_ckm_source=is_ckm_source))


def _from_zip(file: InputFile, source: str, passwords: Sequence[Secret]) -> Iterator[Carrier | Problem]:
    for entry in read_entries(file):
        if isinstance(entry, SfkeytoolError):
            yield Problem(source, file.label, entry.code, entry.message)
            continue
        if is_zip(entry.file.data):
            continue
        try:
            found = read_carriers(entry.file, source, passwords, is_ckm_source=entry.is_ckm_source)
        except SfkeytoolError as error:
            if is_worth_a_word(PurePath(entry.file.label), error):
                yield Problem(source, entry.file.label, error.code, error.message)
            continue
        yield from (replace(each, scope=file.label) if isinstance(each, Carrier) else each for each in found)


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
    return b"".join([*kept, data[position:]]) if kept else data


def _open(file: InputFile, passwords: Sequence[Secret]) -> Contents:
    """A JKS shows its certificates to whoever has no password, so also to whoever has only another file's."""
    try:
        return parse_contents(file, passwords, load_keys=False)
    except KeystorePasswordError:
        if not passwords or sniff(normalise_text(file.data)) is not FileKind.JKS:
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
    if is_ckm_source and contents.requests and not contents.certificates:
        yield Carrier(source, kind, _stem(path), contents.label, note=WAITS_FOR_CA)
    bundle = (len(contents.certificates) > 1 and contents.kind is not FileKind.XML) or contents.store is not None
    certificates, contents = deque(contents.certificates), replace(contents, certificates=())
    while certificates:  # each is let go once it is described: a file may hold ten thousand
        found = certificates.popleft()
        carrier = carrier_of(source, kind, found.alias or _stem(path), contents.label, found.alias or "", found)
        is_ca = carrier.certificate is not None and carrier.certificate.is_ca
        yield replace(carrier, in_chain=found.certificate in issuers or (bundle and is_ca and found.der not in own))
    for unreadable in contents.unreadable:
        yield Problem(source, contents.label, unreadable.error.code, unreadable.error.message)


def _from_metadata(file: InputFile, source: str) -> Iterator[Carrier | Problem]:
    """Of the hundreds of types only those that may carry something are parsed, and a damaged one of them is told.

    Of SAML metadata, and of other XML, what ``show`` finds in it.
    """
    type = root_type(file.data)
    if type in SAML_ROOTS:
        try:
            yield from _from_other_xml(file, source)
        except SfkeytoolError as error:
            yield Problem(source, file.label, error.code, error.message)
        return
    if type is not None and type not in TYPES:
        if _MAY_HOLD_ONE.search(file.data):
            yield from _from_other_xml(file, source)
        elif is_container(PurePath(file.label)):
            raise InputError("input.unknown-kind", f"{file.label} is a page or other XML, and holds no certificate")
        return
    try:
        root = parse_xml(file.data, file.label)
    except InputError as error:
        if type is None:
            raise
        yield Problem(source, file.label, error.code, error.message)
        return
    yield from carriers_of(source, tag_of(root), _stem(PurePath(file.label)), file.label, tuple(texts(root)))


def _from_other_xml(file: InputFile, source: str) -> Iterator[Carrier | Problem]:
    contents = parse_contents(file, ())
    published: set[bytes] = set()
    for entity in contents.saml.identity_providers if contents.saml is not None else ():
        for found in entity.signing:
            published.add(found.der)
            part = found.origin.removeprefix(f"{file.label}, ")
            name = entity.id or _stem(PurePath(file.label))
            carrier = carrier_of(source, CarrierKind.IDENTITY_PROVIDER, name, file.label, part, found)
            yield replace(carrier, note=_document_ends(entity.valid_until, carrier.not_after))
    others = tuple(found for found in contents.certificates if found.der not in published)
    yield from _from_contents(replace(contents, certificates=others), source, is_ckm_source=False)


def _document_ends(valid_until: datetime | None, not_after: datetime | None) -> str:
    if valid_until is None or not_after is None or valid_until >= not_after:
        return ""
    return f"the document is valid until {valid_until.date()}, it says"


def _from_apex(file: InputFile, source: str) -> Iterator[Carrier]:
    for name in certificates_named(normalise_text(file.data).decode("utf-8", "replace")):
        yield Carrier(source, CarrierKind.METADATA, PurePath(file.label).stem, file.label, "Apex", reference=name)


def _stem(path: PurePath) -> str:
    """The file's name up to its first dot, less what marks our chain files."""
    return path.name.partition(".")[0].removesuffix("-chain") or path.name
