"""What is in a file of any kind: parsed once into keys, certificates and requests, whatever the container."""

from typing import TYPE_CHECKING

from sfkeytool.crypto import keys
from sfkeytool.crypto.limits import MAX_INPUT_BYTES
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff
from sfkeytool.errors import InputError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores import metadata_xml
from sfkeytool.keystores.found import Collection, FoundCertificate, FoundCsr, FoundKey, UnreadableCertificate
from sfkeytool.keystores.metadata_field import parse_field
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.pem_der import collect
from sfkeytool.keystores.store import Keystore, StoreType
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

_STORE_TYPES = {
    FileKind.JKS: StoreType.JKS,
    FileKind.JCEKS: StoreType.JCEKS,
    FileKind.BKS: StoreType.BKS,
    FileKind.UBER: StoreType.UBER,
    FileKind.BCFKS: StoreType.BCFKS,
    FileKind.PKCS12: StoreType.PKCS12,
}


class InputFile(Opaque, frozen=True):
    """A file's bytes and what to call it in messages. The bytes may be secret."""

    label: str
    data: bytes


class Contents(Opaque, frozen=True):
    """What one file holds. ``locked`` are aliases of keys that no password opened; ``ignored`` names the rest.

    ``unreadable`` are certificates that may or may not be the one that is wanted: whoever wants one must ask.
    """

    label: str
    kind: FileKind
    keys: tuple[FoundKey, ...] = ()
    certificates: tuple[FoundCertificate, ...] = ()
    requests: tuple[FoundCsr, ...] = ()
    locked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    store: Keystore | None = None
    unreadable: tuple[UnreadableCertificate, ...] = ()


def parse_contents(file: InputFile, passwords: "Sequence[Secret]", *, load_keys: bool = True) -> Contents:
    """Open a file of any kind and load what is in it.

    Each of ``passwords`` is tried, on keystores the empty one first. ``load_keys=False`` is for callers who want
    certificates: a JKS then opens without a password, and encrypted keys that none opens are only noted as locked.

    Raises KeystorePasswordError or PrivateKeyPasswordError with a code that ends in ``password-needed`` (none was
    given) or ``wrong-password``; InputError for a file that is none of the known kinds; and the error of the part
    that is malformed. A malformed certificate is ``unreadable``, unless the file holds nothing else. Pure.
    """
    if len(file.data) > MAX_INPUT_BYTES:
        raise InputError("input.too-large", f"{file.label} is larger than {MAX_INPUT_BYTES >> 20} MB")
    data = normalise_text(file.data)
    kind = sniff(data)
    if kind in KEYSTORE_KINDS:
        return _from_keystore(InputFile(file.label, data), kind, passwords, load_keys)
    if kind is FileKind.XML:
        return _from_xml(InputFile(file.label, data))
    return _made_of(collect(data, file.label, kind, passwords, load_keys=load_keys), file.label, kind)


def _made_of(found: Collection, label: str, kind: FileKind, store: Keystore | None = None) -> Contents:
    return Contents(
        label,
        kind,
        tuple(found.keys),
        tuple(found.certificates),
        tuple(found.requests),
        tuple(found.locked),
        tuple(found.ignored),
        store,
        tuple(found.unreadable),
    )


def _from_keystore(file: InputFile, kind: FileKind, passwords: "Sequence[Secret]", load_keys: bool) -> Contents:
    store = open_any(file, _STORE_TYPES[kind], passwords, structure_suffices=not load_keys)
    found = Collection()
    found.ignored += store.other_entries
    for number, entry in enumerate(store.keys, 1):
        origin = f"{file.label}, entry {entry.alias!r}" if entry.alias else f"{file.label}, key {number}"
        if entry.key_pkcs8 is None:
            found.locked.append(entry.alias or f"key {number}")
        elif load_keys:
            loaded = keys.parse_private_key(entry.key_pkcs8, origin, ())
            found.keys.append(FoundKey(origin, loaded.key, entry.alias, in_keystore=True))
        for der in entry.chain_der:
            found.add_certificate(der, origin, entry.alias)
    for number, certificate in enumerate(store.certificates, 1):
        found.add_certificate(certificate.certificate_der, f"{file.label}, certificate {number}", certificate.alias)
    return _made_of(found, file.label, kind, store)


def open_any(
    file: InputFile, type: StoreType, passwords: "Sequence[Secret]", *, structure_suffices: bool = False
) -> Keystore:
    """Open a keystore, the empty password first. See parse_contents for the errors."""
    try:
        return open_keystore(file.data, file.label, type, [Secret(""), *passwords])
    except KeystorePasswordError:
        if structure_suffices and type is StoreType.JKS and not passwords:
            return open_keystore(file.data, file.label, type, ())
        if passwords:
            raise
    raise KeystorePasswordError(
        "keystore.password-needed",
        f"{file.label} ({type}) needs its password",
        "give it as SOURCE (env:NAME, file:PATH, stdin, prompt): --password to show, check, unwrap, compare,"
        " login, audit; --input-password to wrap, csr, self-signed",
    )


def _from_xml(file: InputFile) -> Contents:
    """Of Salesforce metadata the fields that are meant for certificates, each a certificate, a name or an error; of
    other XML, any element that is one."""
    root = metadata_xml.parse_xml(file.data, file.label)
    type = metadata_xml.tag_of(root)
    found = Collection()
    if type in metadata_xml.TYPES:
        for field_path, text in metadata_xml.texts(root):
            parsed = parse_field(type, field_path, text, file.label)
            found.certificates += parsed.certificates
            found.unreadable += parsed.unreadable
            if parsed.reference:
                found.ignored.append(f"{file.label}, <{field_path.rpartition('.')[2]}>: {parsed.words}")
    else:
        for contents in _in_any_element(root, file.label):
            found.certificates += contents.certificates
            found.unreadable += contents.unreadable
    return _made_of(found, file.label, FileKind.XML)


def _in_any_element(root: "Element", label: str) -> "Iterator[Contents]":
    for element in root.iter():
        tag = metadata_xml.tag_of(element)
        text = (element.text or "").strip()
        if not text.startswith(("-----BEGIN ", "MI")):
            continue
        try:
            yield parse_contents(InputFile(f"{label}, <{tag}>", text.encode()), ())
        except SfkeytoolError:
            if "certificate" in tag.lower():  # other elements may begin with MI by chance
                raise
