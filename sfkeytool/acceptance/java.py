"""What Java makes of a certificate: it parses key and extensions at once, and one that it refuses costs a keystore.

Each statement was tried with genuine Javas, from 11 on, by flipping bits of certificates: see the tests.
"""

import warnings

from cryptography import x509

from sfkeytool.acceptance.rule import CannotTell
from sfkeytool.crypto.certificate import Certificate
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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate.public_key()
    except LIBRARY_ERRORS:
        return CannotTell("a public key that cannot be read: Java might read it, or not")
    for extension in certificate.extensions:
        if extension.critical and _is_doubtful(extension.value):
            return CannotTell(
                f"a critical extension that is not known here ({extension.oid.dotted_string}): Java might refuse it"
            )
    return None


def _is_doubtful(extension: x509.ExtensionType) -> bool:
    """Of critical extensions Java parses more than is known here, and refuses an empty list of names."""
    if isinstance(extension, x509.SubjectAlternativeName | x509.IssuerAlternativeName):
        return not list(extension)
    return isinstance(extension, x509.UnrecognizedExtension)
