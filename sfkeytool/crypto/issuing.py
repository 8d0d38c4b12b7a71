"""Making certificates that sign themselves, and the extensions that they and requests ask for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from sfkeytool.crypto.certificate import Certificate
from sfkeytool.errors import UsageError
from sfkeytool.model import Purpose

MAXIMUM_DAYS = 3650
"""Ten years: what guides for JWT logins use at most. Salesforce documents no limit for imported certificates."""

_BACKDATED = timedelta(minutes=5)
"""So that a machine whose clock is a little slow does not find the certificate not yet valid."""

EXTENDED_KEY_USAGE = {
    Purpose.JWT: (),
    Purpose.SSO: (),
    Purpose.DOMAIN: (ExtendedKeyUsageOID.SERVER_AUTH,),
    Purpose.MTLS: (ExtendedKeyUsageOID.CLIENT_AUTH,),
}
"""Signing a JWT or a SAML message needs no extended usage; TLS does (RFC 5280, 4.2.1.12)."""

Extensions = TypeVar("Extensions", x509.CertificateBuilder, x509.CertificateSigningRequestBuilder)


def check_days(days: int) -> None:
    """Raises UsageError unless a certificate may be valid for so many days."""
    if not 1 <= days <= MAXIMUM_DAYS:
        raise UsageError("usage.days", f"--days is 1 to {MAXIMUM_DAYS}, not {days}")


def build_self_signed(
    key: rsa.RSAPrivateKey,
    *,
    subject: x509.Name,
    san: Sequence[x509.GeneralName],
    purpose: Purpose,
    days: int,
    now: datetime,
) -> Certificate:
    """A self-signed X.509 v3 end-entity certificate, SHA-256 with RSA. Pure but for the random serial number.

    Valid from five minutes before ``now`` to ``days`` after it. Raises UsageError for days beyond 1 to 3650.
    """
    check_days(days)
    return build_self_signed_until(
        key, subject=subject, san=san, purpose=purpose, not_after=now + timedelta(days=days), now=now
    )


def build_self_signed_until(
    key: rsa.RSAPrivateKey,
    *,
    subject: x509.Name,
    san: Sequence[x509.GeneralName],
    purpose: Purpose,
    not_after: datetime,
    now: datetime,
) -> Certificate:
    """The same, valid until a moment: aware UTC, whole seconds as in every certificate."""
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier), critical=False)
    )
    signed = add_usage(builder, san, purpose).sign(key, hashes.SHA256())
    return Certificate(signed.public_bytes(serialization.Encoding.DER))


def add_usage(builder: Extensions, san: Sequence[x509.GeneralName], purpose: Purpose) -> Extensions:
    """The extensions that a certificate and the request for one have in common."""
    builder = builder.add_extension(
        x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=purpose is Purpose.DOMAIN,  # TLS 1.2 with RSA key exchange
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        ),
        critical=True,
    )
    if usages := EXTENDED_KEY_USAGE[purpose]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=False)
    return builder
