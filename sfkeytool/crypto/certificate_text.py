"""A certificate as the text of a field, in all forms in which apps and settings hold one; and texts that are none.

Salesforce keeps the bytes that were uploaded: DER comes back as base64 in one line or in lines of 64, a text file as
base64 of the text, whatever stood in it. In source control people put placeholders and names in its place.
"""

import re
from enum import StrEnum

from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, normalise_text, sniff
from sfkeytool.errors import CertificateError, InputError, SfkeytoolError
from sfkeytool.model import Opaque
from sfkeytool.names import parse_record_id


class TextKind(StrEnum):
    CERTIFICATE = "certificate"
    NAME = "name"
    """It may be the unique name of a certificate in Certificate and Key Management."""
    RECORD_ID = "record id"
    PLACEHOLDER = "placeholder"
    """Something that a build is to fill in."""
    DAMAGED = "damaged"
    OTHER = "other"


class CertificateText(Opaque, frozen=True):
    """What a text is. ``data`` is the PEM or DER of a CERTIFICATE, ``what`` says in words what stands there instead.

    ``what`` quotes placeholders alone: any other text may be a secret.
    """

    kind: TextKind
    data: bytes = b""
    what: str = ""


_UNIQUE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_PLACEHOLDER = re.compile(
    r"\$\{[^{}]*\}|\$\([^()]*\)|\$\w+|\{\{[^{}]*\}\}|\{[^{}]*\}|%\w+%|#\{[^{}]*\}|#\w+#|@@?\w+@@?|__\w+__|<[^<>]*>|\[[^][]*\]"
)
_FILL_IN = re.compile(
    r"todo|tbd|fixme|placeholder|xxx+|(?:replace|change|fill|insert|paste|put|enter)_?(?:\w+_)?(?:me|here|this)"
    r"|\w+_goes_here|replace_with_\w+|your_(?:\w+_)?(?:certificate|cert|key|name)",
    re.IGNORECASE,
)
"""Words that templates have where a build or a person is to write something; as names they would be legal."""
_LONGEST_PLACEHOLDER = 100
_DER_IN_BASE64 = "MI"
_CUT_SHORT = re.compile(r"MII[A-Za-z0-9]*")
"""As every certificate of 256 bytes or more begins in base64. Without an underscore, which base64 has not, that is
taken for one, and not for a name: of the latter nobody has seen one that begins so."""
_WORDS = {
    FileKind.DER_PUBLIC_KEY: "a public key",
    FileKind.DER_KEY: "a private key",
    FileKind.DER_ENCRYPTED_KEY: "an encrypted private key",
    FileKind.DER_CSR: "a certificate request",
    FileKind.DER_CRL: "a certificate revocation list",
}
_PEM_WORDS = (
    (b"PUBLIC KEY-----", "a public key"),
    (b"PRIVATE KEY-----", "a private key"),
    (b"CERTIFICATE REQUEST-----", "a certificate request"),
    (b"X509 CRL-----", "a certificate revocation list"),
)
_PEM_CERTIFICATE = re.compile(rb"-----BEGIN (?:(?:X509 |TRUSTED )?CERTIFICATE|PKCS7|CMS|PKCS #7 SIGNED DATA)-----")


def parse_certificate_text(text: str) -> CertificateText:
    """What ``text`` is; whether a CERTIFICATE can be loaded is not looked at. Pure. Never raises."""
    text = text.strip().removeprefix("\ufeff").strip()
    if parse_record_id(text):
        return CertificateText(TextKind.RECORD_ID, what="a record Id")
    if _CUT_SHORT.fullmatch(text) and _UNIQUE_NAME.fullmatch(text):
        return CertificateText(TextKind.DAMAGED, what="what begins as a certificate does, and is damaged or cut short")
    if _FILL_IN.fullmatch(text):
        return CertificateText(TextKind.PLACEHOLDER, what=f"the placeholder {text}")
    if _UNIQUE_NAME.fullmatch(text):
        return CertificateText(TextKind.NAME, what="a name")
    if len(text) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(text):
        return CertificateText(TextKind.PLACEHOLDER, what=f"the placeholder {text}")
    data = normalise_text(text.encode("utf-8", "replace"))
    kind = sniff(data)
    if kind in (FileKind.DER_CERTIFICATE, FileKind.DER_PKCS7):
        return CertificateText(TextKind.CERTIFICATE, data)
    if kind is FileKind.PEM:
        if _PEM_CERTIFICATE.search(data):
            return CertificateText(TextKind.CERTIFICATE, data)
        what = next((words for label, words in _PEM_WORDS if label in data), "PEM of another kind")
        return CertificateText(TextKind.OTHER, what=what)
    if kind in KEYSTORE_KINDS:
        return CertificateText(TextKind.OTHER, what=f"a {kind}")
    if what := _WORDS.get(kind, ""):
        return CertificateText(TextKind.OTHER, what=what)
    if text.startswith(_DER_IN_BASE64) or data[:1] == b"\x30":
        return CertificateText(TextKind.DAMAGED, what="a certificate that is damaged or cut short")
    return CertificateText(TextKind.OTHER, what=f"other text ({len(text):,} characters)")


def refusal(parsed: CertificateText, where: str) -> SfkeytoolError:
    """Why a text that is no certificate is none; ``where`` names its field. Pure."""
    match parsed.kind:
        case TextKind.DAMAGED:
            return CertificateError("certificate.malformed", f"{where} holds {parsed.what}")
        case TextKind.PLACEHOLDER:
            return InputError(
                "certificate.placeholder",
                f"{where} holds {parsed.what}, no certificate: what a build puts there cannot be seen here",
            )
    return CertificateError("certificate.none", f"{where} holds {parsed.what}, no certificate")
