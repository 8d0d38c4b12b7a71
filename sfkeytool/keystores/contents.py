"""What is in a file of any kind: parsed once into keys, certificates and requests, whatever the container."""

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.crypto.foreign import foreign_error
from sfkeytool.crypto.limits import MAX_INPUT_BYTES
from sfkeytool.crypto.mending import mend
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff
from sfkeytool.errors import InputError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores.found import (
    Collection,
    FoundCertificate,
    FoundCsr,
    FoundKey,
    UnreadableCertificate,
    UnreadableKey,
)
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.pem_der import collect
from sfkeytool.keystores.store import Keystore, StoreType
from sfkeytool.model import Opaque
from sfkeytool.passwords import SOURCES, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from sfkeytool.keystores.saml_metadata import SamlMetadata

_STORE_TYPES = {
    FileKind.JKS: StoreType.JKS,
    FileKind.JCEKS: StoreType.JCEKS,
    FileKind.BKS: StoreType.BKS,
    FileKind.UBER: StoreType.UBER,
    FileKind.BCFKS: StoreType.BCFKS,
    FileKind.PKCS12: StoreType.PKCS12,
}


_CERTIFICATE_KINDS = (FileKind.PEM, FileKind.DER_CERTIFICATE, FileKind.DER_PKCS7)


class InputFile(Opaque, frozen=True, dict=True):
    """A file's bytes and what to call it in messages. The bytes may be secret."""

    label: str
    data: bytes

    @cached_property
    def mended(self) -> bytes:
        """What mend() makes of the bytes, once for all who read them."""
        return mend(self.data).data


class SsoSettings(Struct, frozen=True):
    """What a SamlSsoConfig says of the identity provider that the org trusts: its entity ID."""

    issuer: str


class Contents(Opaque, frozen=True):
    """What one file holds. ``locked`` are aliases of keys that no password opened; ``ignored`` names the rest. ``saml``
    is SAML metadata, ``sso`` an org's settings for single sign-on, in which its certificates stand too.

    ``unreadable`` are certificates, and ``unreadable_keys`` keys, that may or may not be the one that is wanted:
    whoever wants one must ask.
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
    unreadable_keys: tuple[UnreadableKey, ...] = ()
    saml: "SamlMetadata | None" = None
    sso: SsoSettings | None = None

    @property
    def holds_keys(self) -> bool:
        """Whether there is a private key, opened or not."""
        return bool(self.keys or self.locked or self.unreadable_keys)

    def with_keys(self) -> "Contents":
        """The same with the keys of a keystore that was parsed without them, not yet validated. Pure.

        Raises KeystorePasswordError ``keystore.password-needed`` if no password opened the keystore.
        """
        if self.store is None or self.keys:
            return self
        if self.store.type is StoreType.JKS and self.store.password is None:
            raise _password_needed(self.label, self.store.type)
        found = Collection()
        _add_keys(found, self.store, self.label, validate=False)
        return replace(self, keys=tuple(found.keys), unreadable_keys=tuple(found.unreadable_keys))


def parse_contents(
    file: InputFile, passwords: "Sequence[Secret]", *, load_keys: bool = True, structure_suffices: bool = False
) -> Contents:
    """Open a file of any kind and load what is in it.

    Each of ``passwords`` is tried, on keystores the empty one first. If ``structure_suffices``, a JKS opens without a
    password where none is given. So it does with ``load_keys=False``, for callers who want certificates: the keys of a
    keystore are then left to with_keys(), those of other files validated when they are used, and encrypted ones that
    no password opens only noted as locked.

    Raises KeystorePasswordError or PrivateKeyPasswordError with a code that ends in ``password-needed`` (none was
    given) or ``wrong-password``; InputError for a file that is none of the known kinds; and the error of the part
    that is malformed. A certificate or key that is malformed, or of a kind that nobody knows here, costs itself alone,
    unless the file holds nothing else. Pure.
    """
    if len(file.data) > MAX_INPUT_BYTES:
        raise InputError("input.too-large", f"{file.label} is larger than {MAX_INPUT_BYTES >> 20} MB")
    data = normalise_text(file.mended)
    kind = sniff(data)
    if error := foreign_error(data, file.label):
        raise error
    if kind in KEYSTORE_KINDS:
        file = InputFile(file.label, data)
        store = open_any(file, _STORE_TYPES[kind], passwords, structure_suffices=structure_suffices or not load_keys)
        return contents_of(store, file.label, kind, load_keys=load_keys)
    if kind is FileKind.XML:
        from sfkeytool.keystores import metadata_xml  # what reads XML is imported where there is some

        return contents_of_xml(metadata_xml.parse_xml(data, file.label), file.label)
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
        tuple(found.unreadable_keys),
    )


def contents_of(store: Keystore, label: str, kind: FileKind, *, load_keys: bool = True) -> Contents:
    """parse_contents() of a keystore that was opened already."""
    found = Collection()
    found.ignored += store.other_entries
    if load_keys:
        _add_keys(found, store, label, validate=True)
    for number, entry in enumerate(store.keys, 1):
        if entry.key_pkcs8 is None:
            found.locked.append(entry.alias or f"key {number}")
        for der in entry.chain_der:
            found.add_certificate(der, entry.origin(label, number), entry.alias)
    for number, certificate in enumerate(store.certificates, 1):
        found.add_certificate(certificate.certificate_der, f"{label}, certificate {number}", certificate.alias)
    return _made_of(found, label, kind, store)


def _add_keys(found: Collection, store: Keystore, label: str, *, validate: bool) -> None:
    for number, entry in enumerate(store.keys, 1):
        if entry.key_pkcs8 is not None:
            found.add_key(entry.key_pkcs8, entry.origin(label, number), (), entry.alias, number, validate=validate)


def open_any(
    file: InputFile, type: StoreType, passwords: "Sequence[Secret]", *, structure_suffices: bool = False
) -> Keystore:
    """Open a keystore, the empty password first. See parse_contents for the errors."""
    structure_suffices = structure_suffices and not passwords
    try:
        tried = [Secret(""), *passwords]
        return open_keystore(file.data, file.label, type, tried, structure_suffices=structure_suffices)
    except KeystorePasswordError:
        if passwords:
            raise
    raise _password_needed(file.label, type)


def _password_needed(label: str, type: StoreType) -> KeystorePasswordError:
    return KeystorePasswordError(
        "keystore.password-needed",
        f"{label} ({type}) needs its password",
        f"give it as SOURCE ({SOURCES}): --password to show, check, unwrap, compare, login, audit;"
        " --input-password to wrap, csr, self-signed",
    )


def contents_of_xml(root: "Element", label: str) -> Contents:
    """parse_contents() of XML that was parsed already: of Salesforce metadata the fields that are meant for
    certificates, each a certificate, a name or an error; of SAML metadata the certificates of its roles; of other XML,
    any element that is one."""
    from sfkeytool.keystores import metadata_xml
    from sfkeytool.keystores.metadata_field import parse_field
    from sfkeytool.keystores.saml_metadata import is_saml_metadata, parse_saml_metadata

    if is_saml_metadata(root):
        return _contents_of_saml(parse_saml_metadata(root, label))
    type = metadata_xml.tag_of(root)
    found = Collection()
    sso = SsoSettings("") if type == "SamlSsoConfig" else None
    if type in metadata_xml.TYPES:
        for field_path, text in metadata_xml.texts(root):
            if (type, field_path) == ("SamlSsoConfig", "issuer"):
                sso = SsoSettings(text)
            parsed = parse_field(type, field_path, text, label)
            found.certificates += parsed.certificates
            found.unreadable += parsed.unreadable
            if parsed.reference:
                found.ignored.append(f"{label}, <{field_path.rpartition('.')[2]}>: {parsed.words}")
    else:
        for one in _in_any_element(root, label):
            found.certificates += one.certificates
            found.unreadable += one.unreadable
    return replace(_made_of(found, label, FileKind.XML), sso=sso)


def _contents_of_saml(saml: "SamlMetadata") -> Contents:
    found = Collection()
    found.certificates += saml.certificates
    found.unreadable += saml.unreadable
    found.require_readable()
    for entity in saml.entities:
        for key in entity.keys:
            if not (key.certificates or key.unreadable):
                named = f"a key named {key.name}" if key.name else "a key"
                found.ignored.append(f"{saml.label}, {key.role.words}, {key.use.words}: {named}, without a certificate")
    if saml.is_signed:
        found.ignored.append(f"{saml.label}: the document's own signature, and the certificate in it")
    return replace(_made_of(found, saml.label, FileKind.XML), saml=saml)


def _in_any_element(root: "Element", label: str) -> "Iterator[Collection]":
    """Elements hold certificates: a keystore in one is not opened, since each may ask for seconds of key derivation."""
    from sfkeytool.keystores import metadata_xml

    for element in root.iter():
        tag = metadata_xml.tag_of(element)
        text = (element.text or "").strip()
        if not text.startswith(("-----BEGIN ", "MI")):
            continue
        try:
            data = normalise_text(text.encode())
            kind = sniff(data)
            readable = kind if kind in _CERTIFICATE_KINDS else FileKind.UNKNOWN
            yield collect(data, f"{label}, <{tag}>", readable, (), load_keys=False)
        except SfkeytoolError:
            if "certificate" in tag.lower():  # other elements may begin with MI by chance
                raise
