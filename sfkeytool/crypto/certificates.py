"""What is in a certificate."""

import hashlib
import warnings
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypedDict, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier, PublicKeyAlgorithmOID

from sfkeytool.crypto import keys
from sfkeytool.crypto.certificate import Certificate, Signature
from sfkeytool.crypto.chains import check_self_signature
from sfkeytool.crypto.der import DerError, children, read_tlv
from sfkeytool.crypto.names import LIBRARY_ERRORS, describe_name, escape_unprintable
from sfkeytool.errors import CertificateError
from sfkeytool.model import Fingerprint, Result, UtcTime

_USAGE_NAMES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}
_KEY_USAGES = (
    ("digital_signature", "digitalSignature"),
    ("content_commitment", "nonRepudiation"),
    ("key_encipherment", "keyEncipherment"),
    ("data_encipherment", "dataEncipherment"),
    ("key_agreement", "keyAgreement"),
    ("key_cert_sign", "keyCertSign"),
    ("crl_sign", "cRLSign"),
)
UNREADABLE = "(unreadable)"


class SelfSignature(StrEnum):
    """Whether the signature of a certificate that names itself as its issuer holds."""

    VERIFIED = "verified"
    BAD = "bad"
    NOT_TESTED = "not-tested"


_SELF_SIGNATURES = {
    Signature.GOOD: SelfSignature.VERIFIED,
    Signature.BAD: SelfSignature.BAD,
    Signature.UNTESTED: SelfSignature.NOT_TESTED,
    None: None,
}


Extension = TypeVar("Extension", bound=x509.ExtensionType)


class CertificateFacts(Result, frozen=True, kw_only=True):
    """What a certificate says, for people and scripts; nothing in it is secret.

    Names are RFC 4514, fingerprints SHA-256 in colon-separated upper-case hex. A part that cannot be read is
    ``(unreadable)``. ``self_signed`` is verified, not only claimed by equal names.
    """

    subject: str
    issuer: str
    serial_number: str
    not_before: UtcTime
    not_after: UtcTime
    key_algorithm: str
    key_bits: int | None
    signature_algorithm: str
    san: tuple[str, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    is_ca: bool
    self_signed: bool
    sha256: Fingerprint
    public_key_sha256: Fingerprint
    self_signature: SelfSignature | None
    """Of one that says it signed itself; None of one that names an issuer."""
    unusual: tuple[str, ...]
    """What violates DER or RFC 5280, in words."""


def parse_certificate(der: bytes, label: str) -> Certificate:
    """Load a DER certificate, or what passes for one. Raises CertificateError, which names the violation. Pure.

    One whose public key or extensions are beyond cryptography is let through: a bundle may hold it as a stranger.
    """
    try:
        certificate = Certificate(der)
        spki_der(certificate)
    except DerError as error:
        raise CertificateError("certificate.malformed", f"{label}: the certificate is damaged: {error}") from None
    return certificate


def encode_der(certificate: Certificate) -> bytes:
    """DER. Pure."""
    return certificate.public_bytes(serialization.Encoding.DER)


def encode_pem(certificate: Certificate) -> bytes:
    """PEM, LF line ends. Pure."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def spki_der(certificate: Certificate) -> bytes:
    """The certificate's SubjectPublicKeyInfo, DER; normalised where cryptography knows the algorithm. Pure."""
    known = certificate.spki_der  # which it keeps: in a heap it is asked for again and again
    return known if known != certificate.der else raw_spki_der(certificate)


def raw_spki_der(certificate: Certificate) -> bytes:
    """The same as it stands there. Pure. Raises DerError if it does not.

    RFC 5280, 4.1: [0] version (if not 1), serial, algorithm, issuer, validity, subject, public key.
    """
    body = read_tlv(certificate.tbs_certificate_bytes).value
    parts = children(body)
    number = 6 if parts and parts[0].tag == 0xA0 else 5
    if len(parts) <= number:
        raise DerError("no public key")
    return body[parts[number - 1].end : parts[number].end]


def fingerprint(der: bytes) -> str:
    """SHA-256 of ``der``, colon-separated upper-case hex. Pure."""
    return hashlib.sha256(der).digest().hex(":").upper()


def describe_certificate(certificate: Certificate) -> CertificateFacts:
    """Everything worth saying about a certificate. Never raises for one that parse_certificate let through. Pure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old CAs' encodings are theirs to mend
        algorithm, bits = _describe_key(certificate)
        self_signature = check_self_signature(certificate)
        return CertificateFacts(
            subject=describe_name(certificate.subject),
            issuer=describe_name(certificate.issuer),
            serial_number=f"{certificate.serial_number:X}",
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            key_algorithm=algorithm,
            key_bits=bits,
            signature_algorithm=describe_algorithm(certificate.signature_algorithm_oid),
            **describe_extensions(lambda: certificate.extensions, certificate.unreadable_extensions),
            is_ca=_is_ca(certificate),
            self_signed=self_signature is Signature.GOOD,
            self_signature=_SELF_SIGNATURES[self_signature],
            unusual=certificate.unusual,
            sha256=fingerprint(encode_der(certificate)),
            public_key_sha256=fingerprint(spki_der(certificate)),
        )


def _describe_key(certificate: Certificate) -> tuple[str, int | None]:
    try:
        kind, bits = keys.describe_key_kind(certificate.public_key())
    except LIBRARY_ERRORS:
        return describe_algorithm(certificate.public_key_algorithm_oid), None
    is_marked = certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS
    return (keys.PSS_ONLY if is_marked else kind), bits


def iso_utc(moment: datetime) -> str:
    """ISO 8601 in UTC, whole seconds, four digits of the year: strftime writes year 1 as one digit. Pure."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def minute_utc(moment: datetime) -> str:
    """``2027-03-31 12:00 UTC``, with four digits of the year as in iso_utc(). Pure."""
    return f"{moment.date()} {moment:%H:%M} UTC"


def describe_algorithm(oid: ObjectIdentifier) -> str:
    """The usual name of a signature algorithm, else its dotted number."""
    name = oid._name
    return oid.dotted_string if name == "Unknown OID" else name


class ExtensionFacts(TypedDict):
    """The extensions that a certificate and the request for one have in common, in words."""

    san: tuple[str, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]


def describe_extensions(read: Callable[[], x509.Extensions], unreadable: Collection[str] = ()) -> ExtensionFacts:
    """Of a certificate or request. ``unreadable``: dotted OIDs. Pure. Never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            extensions = read()
    except LIBRARY_ERRORS:
        return ExtensionFacts(san=(UNREADABLE,), key_usage=(UNREADABLE,), extended_key_usage=(UNREADABLE,))

    def described(kind: type[Extension], in_words: Callable[[Extension], Iterable[str]]) -> tuple[str, ...]:
        if kind.oid.dotted_string in unreadable:
            return (UNREADABLE,)
        try:
            return tuple(in_words(extensions.get_extension_for_class(kind).value))
        except x509.ExtensionNotFound:
            return ()

    return ExtensionFacts(
        san=described(x509.SubjectAlternativeName, lambda names: map(_describe_san, names)),
        key_usage=described(
            x509.KeyUsage, lambda usage: (name for field, name in _KEY_USAGES if getattr(usage, field))
        ),
        extended_key_usage=described(
            x509.ExtendedKeyUsage, lambda oids: (_USAGE_NAMES.get(oid, oid.dotted_string) for oid in oids)
        ),
    )


def _describe_san(name: x509.GeneralName) -> str:
    match name:
        case x509.DNSName():
            return f"DNS:{escape_unprintable(name.value)}"
        case x509.IPAddress():
            return f"IP:{name.value}"
        case x509.RFC822Name():
            return f"email:{escape_unprintable(name.value)}"
        case x509.UniformResourceIdentifier():
            return f"URI:{escape_unprintable(name.value)}"
        case x509.DirectoryName():
            return f"directory:{describe_name(name.value)}"
        case x509.RegisteredID():
            return f"registered id:{name.value.dotted_string}"
        case x509.OtherName():
            return f"other name:{name.type_id.dotted_string}"
    return type(name).__name__


def _is_ca(certificate: Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (*LIBRARY_ERRORS, x509.ExtensionNotFound):
        return False
