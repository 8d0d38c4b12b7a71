"""Certificate requests: making them, and telling what is in one."""

import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ObjectIdentifier

from sfkeytool.crypto import keys
from sfkeytool.crypto.certificate import Signature
from sfkeytool.crypto.certificates import describe_algorithm, describe_extensions
from sfkeytool.crypto.chains import verify_signature
from sfkeytool.crypto.der import DerError
from sfkeytool.crypto.issuing import add_usage
from sfkeytool.crypto.lenient import read_request
from sfkeytool.crypto.names import LIBRARY_ERRORS, describe_name
from sfkeytool.crypto.pem import encode_pem_block
from sfkeytool.errors import CertificateError
from sfkeytool.model import Fingerprint, Purpose, Result


class CertificateRequest:
    """A PKCS#10 request, read from its bytes or, where cryptography refuses them, from a copy in DER.

    Raises DerError, which names what makes it unreadable.
    """

    def __init__(self, der: bytes) -> None:
        self.der = der
        self.unusual: tuple[str, ...] = ()
        """What violates DER or the types of X.520, in words."""
        try:
            self._read = _load(der)
            self._signed, self._signature = self._read.tbs_certrequest_bytes, self._read.signature
        except LIBRARY_ERRORS:
            reading = read_request(der)
            self.unusual = tuple(oddity.words for oddity in reading.oddities)
            self._signed, self._signature = reading.signed_der, reading.signature
            try:
                self._read = _load(reading.copy_der)
            except LIBRARY_ERRORS:
                raise DerError("it is encoded in a way that is not known here") from None

    @property
    def subject(self) -> x509.Name:
        return self._read.subject

    @property
    def extensions(self) -> x509.Extensions:
        """Raises what cryptography raises for those that it cannot read."""
        return self._read.extensions

    @property
    def signature_algorithm_oid(self) -> ObjectIdentifier:
        return self._read.signature_algorithm_oid

    def public_key(self) -> CertificatePublicKeyTypes:
        """Raises what cryptography raises for a key that is malformed or of a kind that it does not know."""
        return self._read.public_key()

    @property
    def is_signature_valid(self) -> bool:
        """Over the bytes as they came. What cannot be tested is no proof."""
        try:
            algorithm = self._read.signature_hash_algorithm
            parameters = self._read.signature_algorithm_parameters
            key = self.public_key()
        except LIBRARY_ERRORS:
            return False
        return verify_signature(key, self._signed, self._signature, algorithm, parameters) is Signature.GOOD


def _load(der: bytes) -> x509.CertificateSigningRequest:
    read = x509.load_der_x509_csr(der)
    _ = (read.subject, read.signature)
    return read


class CsrFacts(Result, frozen=True, kw_only=True):
    """What a request says; nothing in it is secret. ``signature_valid`` proves that its maker held the key."""

    subject: str
    key_algorithm: str
    key_bits: int | None
    signature_algorithm: str
    signature_valid: bool
    san: tuple[str, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    unusual: tuple[str, ...]
    public_key_sha256: Fingerprint


def build_csr(
    key: rsa.RSAPrivateKey, *, subject: x509.Name, san: Sequence[x509.GeneralName], purpose: Purpose
) -> CertificateRequest:
    """A PKCS#10 request, SHA-256 with RSA, that asks for the purpose's extensions. Pure."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    made = add_usage(builder, san, purpose).sign(key, hashes.SHA256())
    return CertificateRequest(made.public_bytes(serialization.Encoding.DER))


def parse_csr(der: bytes, label: str) -> CertificateRequest:
    """Load a DER request. Raises CertificateError. Pure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            request = CertificateRequest(der)
            keys.spki_der(request.public_key())
    except LIBRARY_ERRORS as error:
        # A ValueError in cryptography 46, which Windows on ARM has.
        if isinstance(error, UnsupportedAlgorithm) or str(error).startswith("Unknown key type"):
            raise CertificateError(
                "csr.unsupported", f"{label}: the key of the certificate request is of a kind that is not known here"
            ) from None
        why = f": {error}" if isinstance(error, DerError) else ""
        raise CertificateError("csr.malformed", f"{label}: the certificate request is damaged{why}") from None
    return request


def encode_pem(request: CertificateRequest) -> bytes:
    """PEM, LF line ends. Pure."""
    return encode_pem_block("CERTIFICATE REQUEST", request.der)


def describe_csr(request: CertificateRequest) -> CsrFacts:
    """Everything worth saying about a request. Never raises for one that parse_csr let through. Pure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        algorithm, bits = keys.describe_key_kind(request.public_key())
        return CsrFacts(
            subject=describe_name(request.subject),
            key_algorithm=algorithm,
            key_bits=bits,
            signature_algorithm=describe_algorithm(request.signature_algorithm_oid),
            signature_valid=request.is_signature_valid,
            **describe_extensions(lambda: request.extensions),
            unusual=request.unusual,
            public_key_sha256=keys.public_key_sha256(request.public_key()),
        )
