"""Everything that a rule may look at, prepared once for a file and only as far as a rule asks for it."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.private_key import PrivateKeyNumbers, parse_pkcs8
from sfkeytool.crypto import certificates, chains, keys, pem
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import CertificateFacts, describe_certificate
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff, unusual_form
from sfkeytool.errors import CertificateError, KeystoreError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores import metadata_xml, store
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.found import FoundCsr
from sfkeytool.keystores.jks import JksFile, JksKeyEntry, JksTrustedEntry, parse_jks
from sfkeytool.keystores.metadata_field import parse_field
from sfkeytool.keystores.metadata_xml import root_type
from sfkeytool.keystores.open import open_keystore
from sfkeytool.model import Opaque, Profile, Purpose
from sfkeytool.names import app_name, free_name, legal_name
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYSTORE_ENDINGS = frozenset({".jks", ".ks", ".keystore"})
_METADATA = "{http://soap.sforce.com/2006/04/metadata}"
_APPS = ("ConnectedApp", "ExtlClntAppGlobalOauthSettings")
_SAML = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_WRAPPED_LABELS = {
    "PKCS7": "PKCS#7",
    "CMS": "PKCS#7",
    "PKCS #7 SIGNED DATA": "PKCS#7",
    "TRUSTED CERTIFICATE": "openssl's TRUSTED CERTIFICATE, with its trust settings",
}


class ListedChain(Struct, frozen=True, dict=True):
    """Certificates as a file lists them, and what they make when put in order from ``leaf``."""

    where: str
    listed: tuple[Certificate, ...]
    leaf: Certificate

    @cached_property
    def sorted(self) -> chains.Chain:
        return chains.build_chain(self.leaf, self.listed)

    @cached_property
    def facts(self) -> CertificateFacts:
        """Of the leaf."""
        return describe_certificate(self.leaf)

    @property
    def ca_issued(self) -> bool:
        return not self.facts.self_signed

    def name_of(self, certificate: Certificate) -> str:
        """Where a certificate stands, for messages."""
        return f"{self.where}, certificate {self.listed.index(certificate) + 1}"


class KeyEntry(Opaque, frozen=True, dict=True):
    """A private key entry of a JKS as Java would see it, or what an entry of a JKS made of another file would be."""

    where: str
    alias: str | None
    """None for a key of a PFX that has no name."""
    certificates: tuple[Certificate | None, ...]
    """None stands for one that cannot be read."""
    key_pkcs8: bytes | None
    """What the store's password makes of the protected key; secret. None if it does not open it."""
    locked_because: str

    @cached_property
    def key(self) -> PrivateKeyNumbers | None:
        """The numbers of the key, None if there is none to read or it is no PKCS#8. Secret."""
        return None if self.key_pkcs8 is None else parse_pkcs8(self.key_pkcs8)

    @cached_property
    def chain(self) -> ListedChain | None:
        """The readable certificates, from the one that belongs to the key, else from the first."""
        listed = tuple(certificate for certificate in self.certificates if certificate is not None)
        if not listed:
            return None
        own = next((certificate for certificate in listed if self.fits(certificate)), listed[0])
        return ListedChain(self.where, listed, own)

    def fits(self, certificate: Certificate) -> bool:
        """Whether the certificate is the public half of an RSA key."""
        if self.key is None or self.key.rsa is None:
            return False
        try:
            public = certificate.public_key()
        except LIBRARY_ERRORS:
            return False
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        numbers = public.public_numbers()
        return (numbers.n, numbers.e) == (self.key.rsa.modulus, self.key.rsa.public_exponent)


class Subject(Opaque, frozen=True, dict=True):
    """One file in the light of a profile and a purpose, on a day. Hold one at a time: it keeps what it has parsed."""

    label: str
    data: bytes
    """As normalise_text leaves it."""
    kind: FileKind
    profile: Profile
    purpose: Purpose
    as_of: datetime
    passwords: tuple[Secret, ...] = ()
    """Those that were given; the empty one is tried first in any case."""
    taken: frozenset[str] = frozenset()
    """Lower-case names in the folder where commands are typed: what they make shall clash with nothing there."""
    unusual_form: str = ""
    """What normalise_text undid, in words."""
    contents: Contents | None = None
    """What a file holds that is no keystore; its keys are not validated."""

    @cached_property
    def name(self) -> str:
        """A legal NAME for the commands in fixes: the only key's alias, else the app's or file's name; not taken."""
        aliases = [entry.alias for entry in self.entries]
        only = aliases[0] if len(aliases) == 1 else None
        return free_name(only or app_name(PurePath(self.label).stem), self.taken)

    # A JKS

    @cached_property
    def _parsed(self) -> JksFile | str:
        try:
            return parse_jks(self.data, self.label)
        except KeystoreError as error:
            return error.message

    @property
    def jks(self) -> JksFile | None:
        """None for any other kind of file, and for a JKS that makes no sense: see ``damage``."""
        return self._parsed if self.kind is FileKind.JKS and isinstance(self._parsed, JksFile) else None

    @property
    def damage(self) -> str | None:
        """Why a JKS cannot be read."""
        return self._parsed if self.kind is FileKind.JKS and isinstance(self._parsed, str) else None

    @cached_property
    def password(self) -> Secret | None:
        """The password that fits the digest of a JKS, or opened another keystore."""
        if isinstance(self._opened, store.Keystore):
            return self._opened.password
        candidates = (Secret(""), *self.passwords)
        jks = self.jks
        return None if jks is None else next((one for one in candidates if jks.digest_matches(one)), None)

    @cached_property
    def entries(self) -> tuple[KeyEntry, ...]:
        """Key entries. Of several under one alias Java keeps the last, whatever that is."""
        if self.jks is None:
            return tuple(self._other_entries())
        seen_by_java = {entry.alias: entry for entry in self.jks.entries}
        return tuple(self._open(entry) for entry in seen_by_java.values() if isinstance(entry, JksKeyEntry))

    @property
    def trusted(self) -> tuple[JksTrustedEntry, ...]:
        entries = self.jks.entries if self.jks else ()
        return tuple(entry for entry in entries if isinstance(entry, JksTrustedEntry))

    def _open(self, entry: JksKeyEntry) -> KeyEntry:
        where = f"{self.label}, entry {entry.alias!r}"
        loaded = tuple(_certificate(certificate.der, where) for certificate in entry.chain)
        if self.jks is None or self.password is None:
            return KeyEntry(where, entry.alias, loaded, None, "the keystore's password is not known")
        try:
            return KeyEntry(where, entry.alias, loaded, self.jks.decrypt_key(entry, self.password), "")
        except KeystorePasswordError:
            reason = "the keystore's password does not open the key"
        except KeystoreError as error:
            reason = error.message
        return KeyEntry(where, entry.alias, loaded, None, reason)

    # Another keystore, and keys that lie in no keystore at all: judged as what an import would get to see

    @cached_property
    def _opened(self) -> "store.Keystore | SfkeytoolError | None":
        if self.kind not in KEYSTORE_KINDS or self.kind in (FileKind.JKS, FileKind.BCFKS):
            return None
        try:
            passwords = [Secret(""), *self.passwords]
            return open_keystore(self.data, self.label, store.StoreType[self.kind.name], passwords)
        except SfkeytoolError as error:
            return error

    @property
    def opened(self) -> bool:
        """Whether it is a keystore, and its entries were seen."""
        return self.jks is not None or isinstance(self._opened, store.Keystore)

    @property
    def unopened(self) -> SfkeytoolError | None:
        """Why a keystore that is no JKS was not opened."""
        return self._opened if isinstance(self._opened, SfkeytoolError) else None

    @property
    def needs_password(self) -> bool:
        """Whether it is a keystore that another password may open."""
        if self.jks is not None:
            return self.password is None
        return isinstance(self._opened, KeystorePasswordError)

    @property
    def bystanders(self) -> int:
        """Certificates that lie in another file than a JKS without belonging to a key."""
        if isinstance(self._opened, store.Keystore):
            return len(self._opened.certificates)
        return len(self.listed)

    def _other_entries(self) -> "Iterator[KeyEntry]":
        if isinstance(self._opened, store.Keystore):
            pool = [one.certificate_der for one in self._opened.certificates]
            for number, entry in enumerate(self._opened.keys, 1):
                where = entry.origin(self.label, number)
                # PKCS#12 ties one certificate at most to a key; the others lie beside all keys.
                ders = [*entry.chain_der, *(pool if self.kind is FileKind.PKCS12 else ())]
                reason = "" if entry.key_pkcs8 else "no password that was given opens the key"
                yield self._entry(where, entry.alias, ders, entry.key_pkcs8, reason)
        elif self.contents is not None and self.profile is Profile.CKM_IMPORT:
            name = legal_name(PurePath(self.label).stem).value
            ders = [one.der for one in self.contents.certificates]
            for key in self.contents.keys:
                yield self._entry(key.origin, name, ders, keys.encode_key_pkcs8(key.loaded), "")
            for origin in self.contents.locked:
                yield self._entry(origin, name, ders, None, "it needs its password")
            for unreadable in self.contents.unreadable_keys:
                yield self._entry(unreadable.origin, name, ders, None, unreadable.error.message)

    def _entry(
        self, where: str, alias: str | None, ders: Sequence[bytes], key_pkcs8: bytes | None, reason: str
    ) -> KeyEntry:
        """With the chain that could be made of ``ders``, from the certificate that belongs to the key."""
        loaded = tuple(_certificate(der, where) for der in dict.fromkeys(ders))
        entry = KeyEntry(where, alias, loaded, key_pkcs8, reason)
        listed = tuple(certificate for certificate in loaded if certificate is not None)
        fitting = [certificate for certificate in listed if entry.fits(certificate)]
        if not fitting and (entry.key is None or entry.key.rsa is None) and listed:
            fitting = [_first_leaf(listed)]
        if not fitting:
            return entry
        return replace(entry, certificates=chains.build_chain(fitting[0], listed).certificates)

    # Certificates

    @property
    def others_way_out(self) -> str | None:
        """Where a next certificate comes from for metadata of what logs in to nothing with a key of its own here: words
        in place of a command that makes one. None for apps, and what is no metadata."""
        if self.kind is not FileKind.XML or self.foreign is not None:
            return None
        type = root_type(self.data)
        if type == "SamlSsoConfig":
            return (
                "ask whoever runs the identity provider for its next certificate, and prove that an admin can log in"
                " with a password before you change it in Setup > Single Sign-On Settings"
            )
        if type in _APPS:
            return None
        return "ask whoever holds its key for the next certificate, and put it where this one stands"

    @cached_property
    def foreign(self) -> str | None:
        """What an XML file is that is no Salesforce metadata."""
        if self.kind is not FileKind.XML:
            return None
        tag = metadata_xml.parse_xml(self.data, self.label).tag
        if tag.startswith(_METADATA):
            return None
        name = tag.rpartition("}")[2]
        if tag.startswith(_SAML):
            return f"SAML metadata ({name}), with which an identity provider or a service describes itself"
        return f"XML that is no Salesforce metadata (<{name}>)"

    @cached_property
    def wrapping(self) -> str | None:
        """What a certificate comes in, if it is not plain PEM or DER."""
        if self.kind is FileKind.DER_PKCS7:
            return "PKCS#7"
        if self.kind is FileKind.PEM:
            labels = [block.label for block in pem.parse_pem(self.data, self.label)]
            wrapped = next((_WRAPPED_LABELS[label] for label in labels if label in _WRAPPED_LABELS), None)
            return wrapped or self.unusual_form or None
        return self.unusual_form or None

    @cached_property
    def listed(self) -> tuple[Certificate, ...]:
        """The certificates of a file that is no keystore and no XML of another kind, in its order."""
        if self.contents is None or self.foreign is not None:
            return ()
        return tuple(found.certificate for found in self.contents.certificates)

    @cached_property
    def crowded_fields(self) -> tuple[tuple[str, int], ...]:
        """The fields of metadata that hold several certificates, and how many: others have one in each of theirs."""
        if self.kind is not FileKind.XML or not self.listed:
            return ()
        root = metadata_xml.parse_xml(self.data, self.label)
        type = metadata_xml.tag_of(root)
        counted = (
            (f"{self.label}, <{path.rpartition('.')[2]}>", len({one.der for one in held.certificates}))
            for path, text in metadata_xml.texts(root)
            for held in (parse_field(type, path, text, self.label),)
        )
        return tuple((where, count) for where, count in counted if count > 1)

    @property
    def requests(self) -> tuple[FoundCsr, ...]:
        """The certificate requests of a file that is no keystore."""
        return self.contents.requests if self.contents else ()

    @cached_property
    def chains(self) -> tuple[ListedChain, ...]:
        """One for each key entry on its way to CKM; one for each field of metadata; one for all of another file."""
        if self.profile is Profile.CKM_IMPORT:
            return tuple(entry.chain for entry in self.entries if entry.chain is not None)
        if not self.listed:
            return ()
        if self.kind is FileKind.XML and self.contents is not None:
            return tuple(
                ListedChain(one.origin, (one.certificate,), one.certificate) for one in self.contents.certificates
            )
        return (ListedChain(self.label, self.listed, _first_leaf(self.listed)),)


def prepare_subject(
    file: InputFile,
    *,
    as_of: datetime,
    profile: Profile | None = None,
    purpose: Purpose = Purpose.JWT,
    passwords: Sequence[Secret] = (),
    taken: frozenset[str] = frozenset(),
) -> Subject:
    """A file made ready to be judged; without ``profile`` it is the one that default_profile() finds. Pure.

    Raises InputError and CertificateError for a file of text or DER that promises certificates and is malformed.
    """
    data = normalise_text(file.data)
    kind = sniff(data)
    contents = None
    if kind not in KEYSTORE_KINDS and kind is not FileKind.UNKNOWN:
        contents = parse_contents(InputFile(file.label, data), (), load_keys=False)
    subject = Subject(
        file.label, data, kind, profile or Profile.CKM_IMPORT, purpose, as_of, tuple(passwords), taken,
        unusual_form(file.data), contents,
    )  # fmt: skip
    return subject if profile is not None else replace(subject, profile=default_profile(subject))


def default_profile(subject: Subject) -> Profile:
    """By file type: keystores, files named like one and what is not known go to CKM's import. Of the others, a
    request goes to a CA, one with a chain of several certificates is a signed upload, and the rest is for the app.
    Pure."""
    if subject.contents is None or PurePath(subject.label).suffix.lower() in _KEYSTORE_ENDINGS:
        return Profile.CKM_IMPORT
    if subject.requests and not subject.listed:
        return Profile.CA_REQUEST
    distinct = set(subject.listed)
    if len(distinct) > 1 and not chains.build_chain(_first_leaf(subject.listed), subject.listed).strangers:
        return Profile.SIGNED_UPLOAD
    return Profile.APP_CERT


def _first_leaf(listed: Sequence[Certificate]) -> Certificate:
    """The first certificate that signed no other one here."""
    issuers = chains.issuers_among(listed)
    return next((one for one in listed if one not in issuers), listed[0])


def _certificate(der: bytes, where: str) -> Certificate | None:
    try:
        return certificates.parse_certificate(der, where)
    except CertificateError:
        return None
