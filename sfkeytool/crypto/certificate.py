"""A certificate: its bytes as they came, and what they say, whoever has to read it."""

import warnings
from datetime import datetime
from enum import Enum
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ObjectIdentifier

from sfkeytool.crypto.canonical import Oddity
from sfkeytool.crypto.der import DerError
from sfkeytool.crypto.lenient import Reading, algorithms_agree, read_certificate
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.crypto.pem import encode_pem_block


class Signature(Enum):
    """What came of verifying one. UNTESTED: its algorithm, or the key's, cannot be tried here (MD2, say)."""

    GOOD = "good"
    BAD = "bad"
    UNTESTED = "untested"


class Certificate:
    """Read by cryptography, from the bytes as they came or, where it refuses them, from a copy in DER.

    Its attributes are those of ``x509.Certificate``. Bytes, signature and what is signed are always the original ones;
    two are equal if their bytes are. ``extensions`` holds what can be read of them, ``unreadable_extensions`` the
    dotted OIDs of the others, and whether they are critical. Raises DerError, which names what makes it unreadable.
    """

    def __init__(self, der: bytes) -> None:
        self.unreadable_extensions: dict[str, bool] = {}
        self.signatures: dict[bytes, Signature] = {}
        """What came of trying its signature, by the public key (DER) that it was tried with: chains.check_signature."""
        self._reading: Reading | None = None
        self._readable = der
        """What cryptography reads: the bytes as they came, or a copy in DER."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old CAs' serial numbers and encodings are theirs to mend
            try:
                self._read = _load(der)
                _ = self._read.extensions
                self.der = der
            except LIBRARY_ERRORS:
                self._reading = read_certificate(der)
                self._read_copy(self._reading, der)

    def _read_copy(self, reading: Reading, der: bytes) -> None:
        self.der = der[: reading.length]
        readable = tuple(one for one in reading.extensions if _are_readable(reading.copy((one,))))
        self.unreadable_extensions = {one.oid: one.critical for one in reading.extensions if one not in readable}
        try:
            self._readable = reading.copy(readable)
            self._read = _load(self._readable)
            _ = self._read.extensions
        except LIBRARY_ERRORS:
            raise DerError("it is encoded in a way that is not known here") from None

    @cached_property
    def _read(self) -> x509.Certificate:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _load(self._readable)

    def forget(self) -> None:
        """Let go of what was read, which is three times the certificate, until it is asked for again: a heap may hold
        ten thousand."""
        for name in ("_read", "_public_key"):
            self.__dict__.pop(name, None)

    def __eq__(self, other: object) -> bool:
        return self.der == other.der if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.der)

    @cached_property
    def oddities(self) -> tuple[Oddity, ...]:
        """What violates DER or RFC 5280, as far as it was looked for."""
        try:
            return (self._reading or read_certificate(self.der)).oddities
        except DerError:
            return (Oddity("an encoding that is not known here", None),)

    @property
    def unusual(self) -> tuple[str, ...]:
        """The same in words, and extensions that cannot be read."""
        unread = (f"an extension that cannot be read ({oid})" for oid in self.unreadable_extensions)
        return (*(oddity.words for oddity in self.oddities), *unread)

    @cached_property
    def algorithms_agree(self) -> bool:
        """Whether the signature algorithm outside is the one inside, without which no signature counts."""
        try:
            return algorithms_agree(self.der)
        except DerError:
            return False

    @property
    def signature(self) -> bytes:
        return self._reading.signature if self._reading else self._read.signature

    @property
    def tbs_certificate_bytes(self) -> bytes:
        """What is signed, as it came."""
        return self._reading.tbs_der if self._reading else self._read.tbs_certificate_bytes

    def public_bytes(self, encoding: Encoding) -> bytes:
        """DER, or PEM with LF line ends."""
        if encoding is Encoding.DER:
            return self.der
        return encode_pem_block("CERTIFICATE", self.der)

    def public_key(self) -> CertificatePublicKeyTypes:
        """Raises what cryptography raises for a key that is malformed or of a kind that it does not know."""
        return self._public_key

    @cached_property
    def _public_key(self) -> CertificatePublicKeyTypes:
        return self._read.public_key()

    @cached_property
    def spki_der(self) -> bytes:
        """The public key, as SubjectPublicKeyInfo; of one that cannot be read, the certificate itself."""
        try:
            return self.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except LIBRARY_ERRORS:
            return self.der

    @property
    def subject(self) -> x509.Name:
        return self._read.subject

    @property
    def issuer(self) -> x509.Name:
        return self._read.issuer

    @property
    def serial_number(self) -> int:
        return self._read.serial_number

    @property
    def not_valid_before_utc(self) -> datetime:
        return self._read.not_valid_before_utc

    @property
    def not_valid_after_utc(self) -> datetime:
        return self._read.not_valid_after_utc

    @property
    def extensions(self) -> x509.Extensions:
        return self._read.extensions

    @property
    def public_key_algorithm_oid(self) -> ObjectIdentifier:
        return self._read.public_key_algorithm_oid

    @property
    def signature_algorithm_oid(self) -> ObjectIdentifier:
        return self._read.signature_algorithm_oid

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None:
        """None for an algorithm without one. Raises UnsupportedAlgorithm for one that is not known."""
        return self._read.signature_hash_algorithm

    @property
    def signature_algorithm_parameters(self) -> object:
        """Raises UnsupportedAlgorithm for an algorithm that is not known."""
        return self._read.signature_algorithm_parameters


def _load(der: bytes) -> x509.Certificate:
    """The library parses lazily: what everything here needs is made to fail now, not later."""
    read = x509.load_der_x509_certificate(der)
    _ = (read.subject, read.issuer, read.serial_number, read.signature)
    _ = (read.not_valid_before_utc, read.not_valid_after_utc)
    return read


def _are_readable(der: bytes) -> bool:
    try:
        _ = x509.load_der_x509_certificate(der).extensions
    except LIBRARY_ERRORS:
        return False
    return True
