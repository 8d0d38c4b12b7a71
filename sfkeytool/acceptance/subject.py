"""Everything that a rule may look at, prepared once for a file and only as far as a rule asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import PurePath

from cryptography.hazmat.primitives.asymmetric import rsa

from sfkeytool.acceptance.private_key import PrivateKeyNumbers, parse_pkcs8
from sfkeytool.crypto import certificates, chains
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import CertificateFacts, describe_certificate
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff
from sfkeytool.errors import CertificateError, KeystoreError, KeystorePasswordError
from sfkeytool.keystores.contents import Contents, FoundCsr, InputFile, parse_contents
from sfkeytool.keystores.jks import JksFile, JksKeyEntry, JksTrustedEntry, parse_jks
from sfkeytool.model import Profile, Purpose
from sfkeytool.names import legal_name
from sfkeytool.passwords import Secret

_KEYSTORE_ENDINGS = frozenset({".jks", ".ks", ".keystore"})


@dataclass(frozen=True)
class ListedChain:
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


@dataclass(frozen=True)
class KeyEntry:
    """A private key entry of a JKS as Java would see it."""

    where: str
    alias: str
    certificates: tuple[Certificate | None, ...]
    """None stands for one that cannot be read."""
    key_pkcs8: bytes | None = field(repr=False)
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


@dataclass(frozen=True)
class Subject:
    """One file in the light of a profile and a purpose, on a day. Hold one at a time: it keeps what it has parsed."""

    label: str
    data: bytes = field(repr=False)
    """As normalise_text leaves it."""
    kind: FileKind
    profile: Profile
    purpose: Purpose
    as_of: datetime
    passwords: tuple[Secret, ...] = ()
    """Those that were given; the empty one is tried first in any case."""

    @cached_property
    def name(self) -> str:
        """A legal NAME for the commands in fixes: from the only key's alias, else from the file's name."""
        aliases = [entry.alias for entry in self.entries]
        return legal_name(aliases[0] if len(aliases) == 1 else PurePath(self.label).stem).value

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
        """The password that fits the digest of a JKS."""
        candidates = (Secret(""), *self.passwords)
        jks = self.jks
        return None if jks is None else next((one for one in candidates if jks.digest_matches(one)), None)

    @cached_property
    def entries(self) -> tuple[KeyEntry, ...]:
        """Key entries. Of several under one alias Java keeps the last, whatever that is."""
        if self.jks is None:
            return ()
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

    # Certificates

    @cached_property
    def contents(self) -> Contents | None:
        """What a file that is no keystore holds. Its certificates were parsed when the subject was made."""
        if self.kind in KEYSTORE_KINDS or self.kind is FileKind.UNKNOWN:
            return None
        return parse_contents(InputFile(self.label, self.data), (), load_keys=False)

    @cached_property
    def listed(self) -> tuple[Certificate, ...]:
        """The certificates of a file that is no keystore, in its order."""
        return tuple(found.certificate for found in self.contents.certificates) if self.contents else ()

    @property
    def requests(self) -> tuple[FoundCsr, ...]:
        """The certificate requests of a file that is no keystore."""
        return self.contents.requests if self.contents else ()

    @cached_property
    def chains(self) -> tuple[ListedChain, ...]:
        """One for each key entry of a JKS; one for all certificates of another file."""
        if self.profile is Profile.CKM_IMPORT:
            return tuple(entry.chain for entry in self.entries if entry.chain is not None)
        if not self.listed:
            return ()
        return (ListedChain(self.label, self.listed, _first_leaf(self.listed)),)


def prepare_subject(
    file: InputFile,
    *,
    as_of: datetime,
    profile: Profile | None = None,
    purpose: Purpose = Purpose.JWT,
    passwords: Sequence[Secret] = (),
) -> Subject:
    """A file made ready to be judged; without ``profile`` it is the one that default_profile() finds. Pure.

    Raises InputError and CertificateError for a file of text or DER that promises certificates and is malformed.
    """
    data = normalise_text(file.data)
    kind = sniff(data)
    subject = Subject(file.label, data, kind, profile or Profile.CKM_IMPORT, purpose, as_of, tuple(passwords))
    if profile is not None:
        _ = subject.contents
        return subject
    return Subject(file.label, data, kind, default_profile(subject), purpose, as_of, tuple(passwords))


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
    for candidate in listed:
        if not any(other != candidate and chains.signed_by(other, candidate) for other in listed):
            return candidate
    return listed[0]


def _certificate(der: bytes, where: str) -> Certificate | None:
    try:
        return certificates.parse_certificate(der, where)
    except CertificateError:
        return None
