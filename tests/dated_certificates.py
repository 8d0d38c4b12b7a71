"""Certificates with dates that no maker writes and real files have: year 1, 9999, an end before the beginning."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

_KEY_FILE = Path(__file__).parent.parent / "fixtures" / "keystores" / "first.key"
_PLACEHOLDERS = (b"20900101000000Z", b"20910101000000Z")
"""From 2050 on a date is a GeneralizedTime of 15 characters (RFC 5280, 4.1.2.5), so that any other fits its place."""


def signing_key() -> rsa.RSAPrivateKey:
    """Worthless, and the same for all."""
    key = serialization.load_pem_private_key(_KEY_FILE.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def dated(name: str, not_before: str, not_after: str) -> bytes:
    """The DER of a self-signed certificate with these dates, each as ``YYYYMMDDHHMMSSZ``; its signature verifies."""
    from datetime import UTC, datetime

    key = signing_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1 + sum(name.encode()))
        .not_valid_before(datetime(2090, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2091, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    tbs = built.tbs_certificate_bytes
    for placeholder, wanted in zip(_PLACEHOLDERS, (not_before, not_after), strict=True):
        assert (tbs.count(placeholder), len(wanted)) == (1, len(placeholder))
        tbs = tbs.replace(placeholder, wanted.encode())
    signature = key.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    whole = built.public_bytes(serialization.Encoding.DER)
    return whole.replace(built.tbs_certificate_bytes, tbs).replace(built.signature, signature)


def pem(der: bytes) -> str:
    from ssl import DER_cert_to_PEM_cert

    return DER_cert_to_PEM_cert(der)
