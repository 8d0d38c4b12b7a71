"""What Java makes of a certificate: it parses key and extensions at once, and one that it refuses costs a keystore.

Each statement was tried with genuine Javas, from 11 on, by flipping bits of certificates: see the tests.
"""

import re
import warnings

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sfkeytool.acceptance.rule import CannotTell
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import raw_spki_der
from sfkeytool.crypto.der import DerError, children, read_tlv
from sfkeytool.crypto.names import LIBRARY_ERRORS


def refusal_of(certificate: Certificate) -> str | CannotTell | None:
    """Why Java refuses a certificate, in words; None if it takes it. Pure."""
    for oddity in certificate.oddities:
        if oddity.java is False:
            return oddity.words
    for oddity in certificate.oddities:
        if oddity.java is None:
            return CannotTell(f"{oddity.words}: Java might read the certificate, or not")
    for oid, critical in certificate.unreadable_extensions.items():
        if critical:
            return CannotTell(f"a critical extension that cannot be read ({oid}): Java might read it, or not")
    if refusal := _refusal_of_key(certificate):
        return refusal
    for extension in certificate.extensions:
        if extension.critical and extension.oid.dotted_string.startswith(_PARSED) and _is_doubtful(extension.value):
            return CannotTell(
                f"a critical extension that is not known here ({extension.oid.dotted_string}): Java might refuse it"
            )
    return None


def _refusal_of_key(certificate: Certificate) -> str | CannotTell | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            key = certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            point = children(read_tlv(raw_spki_der(certificate)).value)[1].value[1:]
            return None if point[:1] == b"\4" else "an EC key whose point is not written in full"
    except (DerError, *LIBRARY_ERRORS):
        return CannotTell("a public key that cannot be read: Java might read it, or not")
    if isinstance(key, rsa.RSAPublicKey):
        if not 512 <= key.key_size <= 16384:
            return f"an RSA key of {key.key_size} bits"
        if key.key_size > 3072 and key.public_numbers().e.bit_length() > 64:
            return "an RSA key with an exponent of more than 64 bits"
    return None


def _is_doubtful(extension: x509.ExtensionType) -> bool:
    """Of critical extensions Java parses more than is known here, refuses an empty list of names, takes URIs apart."""
    if isinstance(extension, x509.SubjectAlternativeName | x509.IssuerAlternativeName):
        return not list(extension) or not all(map(_is_plain, extension))
    if isinstance(extension, x509.NameConstraints):
        names = [*(extension.permitted_subtrees or ()), *(extension.excluded_subtrees or ())]
        return any(isinstance(name, x509.UniformResourceIdentifier) for name in names)
    if isinstance(extension, x509.CRLDistributionPoints | x509.FreshestCRL):
        return not all(_is_plain(name) for point in extension for name in point.full_name or ())
    if isinstance(extension, x509.AuthorityInformationAccess | x509.SubjectInformationAccess):
        return not all(_is_plain(description.access_location) for description in extension)
    if isinstance(extension, x509.AuthorityKeyIdentifier):
        return not all(map(_is_plain, extension.authority_cert_issuer or ()))
    return not isinstance(extension, _SIMPLE)


_PARSED = ("2.5.29.", "1.3.6.1.5.5.7.", "2.16.840.1.113730.")
"""Where the extensions stand that Java parses: X.509's, PKIX', Netscape's. Others it keeps as they are."""

_SIMPLE = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectKeyIdentifier,
    x509.CertificatePolicies,
    x509.PolicyConstraints,
    x509.InhibitAnyPolicy,
    x509.OCSPNoCheck,
    x509.PrecertPoison,
    x509.TLSFeature,
)
_URI = r"(?i)[a-z][a-z0-9+.-]*://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/[a-z0-9./_~-]*)?"


def _is_plain(name: x509.GeneralName) -> bool:
    """Whether a name is one that java.net.URI takes for certain, or none that it looks at."""
    return not isinstance(name, x509.UniformResourceIdentifier) or bool(re.fullmatch(_URI, name.value))
