"""Reminders: certificates of a throw-away key that expire when another certificate does, and say which one.

The mark is a project's own convention, in the subject: OU=``expiry reminder <first 32 hex digits of the SHA-256>``.
"""

import re
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import encode_der, fingerprint
from sfkeytool.crypto.issuing import build_self_signed_until
from sfkeytool.model import Purpose

_MARK = "expiry reminder "
_DIGITS = 32
_MARKED = re.compile(rf"{_MARK}([0-9a-f]{{{_DIGITS}}})")


def build_reminder(key: rsa.RSAPrivateKey, reminded: Certificate, name: str, now: datetime) -> Certificate:
    """A self-signed certificate that expires with ``reminded``, to the second; ``name`` stands in for a missing CN.

    It has no extended key usage. Pure but for the random serial number.
    """
    common_names = [
        attribute.value
        for attribute in reminded.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if isinstance(attribute.value, str) and 0 < len(attribute.value) <= 64  # RFC 5280, ub-common-name
    ]
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_names[0] if common_names else name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, _MARK + sha256_prefix(reminded)),
        ]
    )
    return build_self_signed_until(
        key, subject=subject, san=(), purpose=Purpose.JWT, not_after=reminded.not_valid_after_utc, now=now
    )


def sha256_prefix(certificate: Certificate) -> str:
    """The first 32 hex digits, lower-case, of the SHA-256 of its DER. Pure."""
    return fingerprint(encode_der(certificate)).replace(":", "").lower()[:_DIGITS]


def reminded_sha256_prefix(certificate: Certificate) -> str | None:
    """The prefix (see sha256_prefix) of the certificate that this one reminds of; None if it is no reminder. Pure."""
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME):
        if isinstance(attribute.value, str) and (match := _MARKED.fullmatch(attribute.value)):
            return match[1]
    return None
