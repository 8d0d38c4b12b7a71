"""Everything that is in a file: keys, certificates and requests, whatever the container."""

from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.crypto import certificates, csr, keys, pem, pkcs7
from sfkeytool.crypto.certificate_text import TextKind, parse_certificate_text, refusal
from sfkeytool.crypto.der import DerError, read_tlv
from sfkeytool.crypto.limits import MAX_INPUT_BYTES
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff
from sfkeytool.errors import (
    CertificateError,
    InputError,
    KeystorePasswordError,
    PrivateKeyPasswordError,
    SfkeytoolError,
)
from sfkeytool.keystores import metadata_xml
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.store import Keystore, StoreType
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.crypto.csr import CertificateRequest

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


class FoundKey(Opaque, frozen=True):
    """A private key, loaded once. ``file_password`` is what opened an encrypted key *file* (not a keystore)."""

    origin: str
    key: keys.PrivateKey
    alias: str | None = None
    in_keystore: bool = False
    file_password: Secret | None = None

    @property
    def spki_der(self) -> bytes:
        return keys.spki_der(self.key.public_key())


class FoundCertificate(Opaque, frozen=True):
    origin: str
    certificate: "Certificate"
    der: bytes
    alias: str | None = None


class UnreadableCertificate(Struct, frozen=True):
    """A certificate that nobody can read, in a file that holds more. ``error`` names the violation."""

    origin: str
    error: CertificateError
    alias: str | None = None


class FoundCsr(Struct, frozen=True):
    origin: str
    csr: "CertificateRequest"


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
    if kind is FileKind.PEM:
        return _from_pem(InputFile(file.label, data), passwords, load_keys)
    if kind is FileKind.XML:
        return _from_xml(InputFile(file.label, data))
    return _from_der(InputFile(file.label, data), kind, passwords, load_keys)


def _from_keystore(file: InputFile, kind: FileKind, passwords: "Sequence[Secret]", load_keys: bool) -> Contents:
    store = open_any(file, _STORE_TYPES[kind], passwords, structure_suffices=not load_keys)
    found_keys: list[FoundKey] = []
    locked: list[str] = []
    found = _Certificates()
    for number, entry in enumerate(store.keys, 1):
        origin = f"{file.label}, entry {entry.alias!r}" if entry.alias else f"{file.label}, key {number}"
        if entry.key_pkcs8 is None:
            locked.append(entry.alias or f"key {number}")
        elif load_keys:
            loaded = keys.parse_private_key(entry.key_pkcs8, origin, ())
            found_keys.append(FoundKey(origin, loaded.key, entry.alias, in_keystore=True))
        for der in entry.chain_der:
            found.add(der, origin, entry.alias)
    for number, certificate in enumerate(store.certificates, 1):
        found.add(certificate.certificate_der, f"{file.label}, certificate {number}", certificate.alias)
    return Contents(
        file.label,
        kind,
        tuple(found_keys),
        tuple(found.read),
        (),
        tuple(locked),
        store.other_entries,
        store,
        tuple(found.unreadable),
    )


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


def _from_pem(file: InputFile, passwords: "Sequence[Secret]", load_keys: bool) -> Contents:
    found_keys: list[FoundKey] = []
    found = _Certificates()
    requests: list[FoundCsr] = []
    ignored: list[str] = []
    locked: list[str] = []
    for block in pem.parse_pem(file.data, file.label):
        origin = file.label if block.number == 1 else f"{file.label}, PEM block {block.number}"
        match block.label:
            case "CERTIFICATE" | "X509 CERTIFICATE":
                found.add(block.der, origin)
            case "TRUSTED CERTIFICATE":  # openssl's own: the certificate, then its trust settings
                found.add(_first_tlv(block.der), origin)
            case "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" if sniff(block.der) is FileKind.DER_ENVELOPED:
                ignored.append(f"{origin}: {FileKind.DER_ENVELOPED}")
            case "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA":
                _add_bundle(found, block.der, origin)
            case "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST":
                requests.append(FoundCsr(origin, csr.parse_csr(block.der, origin)))
            case "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY":
                _add_key(found_keys, locked, block.text, origin, passwords, load_keys)
            case "OPENSSH PRIVATE KEY":
                raise InputError(
                    "key.openssh",
                    f"{origin} is a private key in OpenSSH's own format",
                    "convert a copy: ssh-keygen -p -m PKCS8 -f COPY",
                )
            case _:
                ignored.append(f"{origin}: {block.label}")
    if not (found_keys or requests or locked):
        found.require_one()
    return Contents(
        file.label,
        FileKind.PEM,
        tuple(found_keys),
        tuple(found.read),
        tuple(requests),
        tuple(locked),
        tuple(ignored),
        unreadable=tuple(found.unreadable),
    )


def _from_der(file: InputFile, kind: FileKind, passwords: "Sequence[Secret]", load_keys: bool) -> Contents:
    match kind:
        case FileKind.DER_CERTIFICATE | FileKind.DER_PKCS7:
            found = _Certificates()
            if kind is FileKind.DER_CERTIFICATE:
                found.add(file.data, file.label)
            else:
                _add_bundle(found, file.data, file.label)
            found.require_one()
            return Contents(file.label, kind, certificates=tuple(found.read), unreadable=tuple(found.unreadable))
        case FileKind.DER_CSR:
            return Contents(file.label, kind, requests=(FoundCsr(file.label, csr.parse_csr(file.data, file.label)),))
        case FileKind.DER_KEY | FileKind.DER_ENCRYPTED_KEY:
            found_keys: list[FoundKey] = []
            locked: list[str] = []
            _add_key(found_keys, locked, file.data, file.label, passwords, load_keys)
            return Contents(file.label, kind, tuple(found_keys), locked=tuple(locked))
        case FileKind.DER_PUBLIC_KEY | FileKind.DER_CRL | FileKind.DER_ENVELOPED:
            return Contents(file.label, kind, ignored=(f"{file.label}: {kind}",))
    raise InputError(
        "input.unknown-kind",
        f"{file.label} is not a key, certificate, certificate request or keystore that sfkeytool knows",
        "it reads PEM, DER, PKCS#7, PFX/PKCS#12, JKS, JCEKS, BKS, UBER and Salesforce metadata files",
    )


def _from_xml(file: InputFile) -> Contents:
    """Of Salesforce metadata the fields that are meant for certificates, each a certificate, a name or an error; of
    other XML, any element that is one."""
    root = metadata_xml.parse_xml(file.data, file.label)
    type = metadata_xml.tag_of(root)
    found: list[FoundCertificate] = []
    unreadable: list[UnreadableCertificate] = []
    ignored: list[str] = []
    if type in metadata_xml.TYPES:
        for field_path, text in metadata_xml.texts(root):
            parsed = parse_field(type, field_path, text, file.label)
            found += parsed.certificates
            unreadable += parsed.unreadable
            if parsed.reference:
                ignored.append(f"{file.label}, <{field_path.rpartition('.')[2]}>: {parsed.words}")
    else:
        for contents in _in_any_element(root, file.label):
            found += contents.certificates
            unreadable += contents.unreadable
    return Contents(
        file.label, FileKind.XML, certificates=tuple(found), ignored=tuple(ignored), unreadable=tuple(unreadable)
    )


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


class Field(Struct, frozen=True):
    """What a field of metadata holds: certificates, or ``reference``, the name or record Id of one in Certificate and
    Key Management, with ``words`` for it; or nothing."""

    certificates: tuple[FoundCertificate, ...] = ()
    unreadable: "tuple[UnreadableCertificate, ...]" = ()
    reference: str = ""
    words: str = ""


def parse_field(type: str, path: str, text: str, label: str) -> Field:
    """What the text at the dotted ``path`` of a component of ``type`` holds. Pure.

    Raises CertificateError and InputError for a filled certificate field that holds neither a certificate nor what may
    be a name of one, and what parse_contents raises. ``label`` is what the component is called in messages.
    """
    is_meant = metadata_xml.is_certificate_field(type, path)
    if not text.strip() or not (is_meant or path in metadata_xml.FREE_FIELDS.get(type, ())):
        return Field()
    name = path.rpartition(".")[2]
    where = f"{label}, <{name}>"
    parsed = parse_certificate_text(text)
    if parsed.kind is TextKind.CERTIFICATE:
        contents = parse_contents(InputFile(where, parsed.data), (), load_keys=False)
        return Field(contents.certificates, contents.unreadable)
    if not is_meant:
        return Field()
    reference = text.strip()
    verb = "signs with" if "signing" in name.lower() else "names"
    match parsed.kind:
        case TextKind.RECORD_ID:
            return Field(reference=reference, words=f"{verb} the CKM certificate of Id {reference}")
        case TextKind.NAME:
            return Field(reference=reference, words=f"{verb} the CKM certificate {reference}")
    raise refusal(parsed, where)


def _add_bundle(found: "_Certificates", der: bytes, origin: str) -> None:
    try:
        bundle = pkcs7.parse_bundle(der)
    except DerError as error:
        raise CertificateError("pkcs7.malformed", f"{origin}: the PKCS#7 bundle is damaged: {error}") from None
    for number, certificate in enumerate(bundle, 1):
        found.add(certificate, origin, place=f", certificate {number}")


class _Certificates:
    """Those of a file, in its order: the ones that can be read, and the others."""

    def __init__(self) -> None:
        self.read: list[FoundCertificate] = []
        self.unreadable: list[UnreadableCertificate] = []

    def add(self, der: bytes, origin: str, alias: str | None = None, place: str = "") -> None:
        try:
            certificate = certificates.parse_certificate(der, origin + place)
        except CertificateError as error:
            self.unreadable.append(UnreadableCertificate(origin + place, error, alias))
        else:
            self.read.append(FoundCertificate(origin, certificate, certificate.der, alias))

    def require_one(self) -> None:
        """Raises CertificateError if there are only unreadable ones."""
        if self.unreadable and not self.read:
            raise self.unreadable[0].error


def _add_key(
    found: list[FoundKey],
    locked: list[str],
    data: bytes,
    origin: str,
    passwords: "Sequence[Secret]",
    load_keys: bool,
) -> None:
    """Load a key; one that needs a password which nobody has is only noted, where keys are not what is wanted."""
    try:
        loaded = keys.parse_private_key(data, origin, passwords)
    except PrivateKeyPasswordError:
        if load_keys:
            raise
        locked.append(origin)
        return
    found.append(FoundKey(origin, loaded.key, file_password=loaded.password))


def _first_tlv(der: bytes) -> bytes:
    try:
        return der[: read_tlv(der).end]
    except DerError:
        return der
