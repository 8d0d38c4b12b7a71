"""Certificate requests: making them, and telling what is in one."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sfkeytool.crypto import keys
from sfkeytool.crypto.certificates import add_usage, describe_algorithm, describe_extensions
from sfkeytool.crypto.names import LIBRARY_ERRORS, describe_name
from sfkeytool.errors import CertificateError
from sfkeytool.model import Purpose


@dataclass(frozen=True)
class CsrFacts:
    """What a request says; nothing in it is secret. ``signature_valid`` proves that its maker held the key."""

    subject: str
    key_algorithm: str
    key_bits: int | None
    signature_algorithm: str
    signature_valid: bool
    san: tuple[str, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    public_key_sha256: str

    def to_json(self) -> dict[str, Any]:
        """The same with camelCase names."""
        return {
            "subject": self.subject,
            "keyAlgorithm": self.key_algorithm,
            "keyBits": self.key_bits,
            "signatureAlgorithm": self.signature_algorithm,
            "signatureValid": self.signature_valid,
            "san": list(self.san),
            "keyUsage": list(self.key_usage),
            "extendedKeyUsage": list(self.extended_key_usage),
            "publicKeySha256": self.public_key_sha256,
        }


def build_csr(
    key: rsa.RSAPrivateKey, *, subject: x509.Name, san: Sequence[x509.GeneralName], purpose: Purpose
) -> x509.CertificateSigningRequest:
    """A PKCS#10 request, SHA-256 with RSA, that asks for the purpose's extensions. Pure."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return add_usage(builder, san, purpose).sign(key, hashes.SHA256())


def parse_csr(der: bytes, label: str) -> x509.CertificateSigningRequest:
    """Load a DER request. Raises CertificateError. Pure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            request = x509.load_der_x509_csr(der)
            _ = request.subject
            keys.spki_der(request.public_key())
    except LIBRARY_ERRORS as error:
        # A ValueError in cryptography 46, which Windows on ARM has.
        if isinstance(error, UnsupportedAlgorithm) or str(error).startswith("Unknown key type"):
            raise CertificateError(
                "csr.unsupported", f"{label}: the key of the certificate request is of a kind that is not known here"
            ) from None
        raise CertificateError("csr.malformed", f"{label}: the certificate request is damaged") from None
    return request


def encode_pem(request: x509.CertificateSigningRequest) -> bytes:
    """PEM, LF line ends. Pure."""
    return request.public_bytes(serialization.Encoding.PEM)


def describe_csr(request: x509.CertificateSigningRequest) -> CsrFacts:
    """Everything worth saying about a request. Never raises for one that parse_csr let through. Pure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        algorithm, bits = keys.describe_key_kind(request.public_key())
        return CsrFacts(
            subject=describe_name(request.subject),
            key_algorithm=algorithm,
            key_bits=bits,
            signature_algorithm=describe_algorithm(request.signature_algorithm_oid),
            signature_valid=_is_signature_valid(request),
            **describe_extensions(lambda: request.extensions),
            public_key_sha256=keys.public_key_sha256(request.public_key()),
        )


def _is_signature_valid(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.is_signature_valid
    except LIBRARY_ERRORS:
        return False
