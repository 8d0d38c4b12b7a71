"""What is this blob? Told from its bytes alone, never from the file's name."""

import base64
import binascii
import re
from enum import StrEnum

from sfkeytool.crypto.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    UTC_TIME,
    DerError,
    Tlv,
    children,
    decode_oid,
    read_tlv,
)


class FileKind(StrEnum):
    """The kinds of file that people have; the value is what a message calls it."""

    JKS = "JKS keystore"
    JCEKS = "JCEKS keystore"
    BKS = "BKS keystore"
    UBER = "UBER keystore"
    BCFKS = "BCFKS keystore"
    PKCS12 = "PKCS#12 (PFX) keystore"
    PEM = "PEM"
    XML = "XML"
    DER_CERTIFICATE = "DER certificate"
    DER_CSR = "DER certificate request"
    DER_PKCS7 = "DER PKCS#7"
    DER_ENVELOPED = "CMS message, encrypted for somebody"
    DER_KEY = "DER private key"
    DER_ENCRYPTED_KEY = "DER encrypted private key"
    DER_PUBLIC_KEY = "DER public key"
    DER_CRL = "DER certificate revocation list"
    UNKNOWN = "unknown"


KEYSTORE_KINDS = frozenset({FileKind.JKS, FileKind.JCEKS, FileKind.BKS, FileKind.UBER, FileKind.BCFKS, FileKind.PKCS12})

_CONTEXT_0 = 0xA0
_TIMES = (UTC_TIME, GENERALIZED_TIME)
_PKCS7_PREFIX = "1.2.840.113549.1.7."
_ENVELOPED = (
    "1.2.840.113549.1.7.3",  # envelopedData
    "1.2.840.113549.1.7.4",  # signedAndEnvelopedData
    "1.2.840.113549.1.7.6",  # encryptedData
    "1.2.840.113549.1.9.16.1.23",  # authEnvelopedData (RFC 5083)
)
_PBES2 = "1.2.840.113549.1.5.13"

_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]+")
_LAYERS = 2
"""Base64 of base64: what somebody uploaded, and Salesforce's own around it."""
_SHORTEST = 64
"""Bytes: the shortest certificate or key is well longer."""
_DER_IN_BASE64 = b"MI"
"""How DER over 127 bytes begins in base64."""

_PEM_WITHOUT_LINE = re.compile(rb"-----BEGIN CERTIFICATE-----[^\s]")

_UTF_16 = {
    "utf-16": re.compile(rb"\xff\xfe|\xfe\xff"),
    "utf-16-le": re.compile(rb"(?:[\t\n\r ]\0)*<\0[^\0]"),
    "utf-16-be": re.compile(rb"(?:\0[\t\n\r ])*\0<\0[^\0]"),
}
"""How text in it begins: with a BOM, or as XML without one, which a parser of XML knows too (XML 1.0, Appendix F)."""

_MAY_BEGIN_OTHERS = (b"\xff", b"\xfe", b"\xef", b"\0", b"\t", b"\n", b"\r", b" ", b"<")
"""Bytes with which such text, or a BOM of UTF-8, begins."""

_PRIVATE_DER = frozenset({FileKind.DER_KEY, FileKind.DER_ENCRYPTED_KEY})
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:ENCRYPTED |RSA |EC |DSA |OPENSSH )?PRIVATE KEY-----")
_KEY_MATERIAL = re.compile(rb"[A-Za-z0-9+/]{40}")
_LABEL_TO_KEY = 4096
"""Bytes behind a label in which its key begins: our own bound."""
_PKCS8_IN_BASE64 = b"IBADANBgkqhkiG9w0BAQEFAASC"
"""Version 0 and rsaEncryption of an RSA key's PKCS#8, with the four bytes before: their place in base64 is fixed."""


def sniff(data: bytes) -> FileKind:
    """The kind of ``data``; UNKNOWN for everything else. Pure. Never raises."""
    if data.startswith(b"\xfe\xed\xfe\xed"):
        return FileKind.JKS
    if data.startswith(b"\xce\xce\xce\xce"):
        return FileKind.JCEKS
    if data.lstrip().startswith(b"<"):
        return FileKind.XML
    if b"-----BEGIN " in data:
        return FileKind.PEM
    if data[:1] == b"\x30":
        try:
            return _sniff_der(data)
        except DerError:
            return FileKind.UNKNOWN
    return _sniff_bouncy_castle(data)


def normalise_text(data: bytes) -> bytes:
    """Text as UTF-8 without BOM (PowerShell writes UTF-16, and XML in it needs no BOM); of base64 what is inside, if
    that is DER or a text with PEM in it. All else is returned unchanged. Pure. Never raises."""
    data = as_utf8(data)
    for _ in range(_LAYERS):
        inside = _inside_base64(data)
        if inside is None:
            break
        data = inside
    return data


def unusual_form(data: bytes) -> str:
    """In words, what normalise_text() and parse_pem() undo and Java's CertificateFactory does not; else empty. Pure."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text in UTF-16, as Windows PowerShell writes it"
    inside = _inside_base64(as_utf8(data))
    if inside is not None:
        bare = inside[:1] == b"\x30"
        return f"base64 {'without the lines BEGIN and END' if bare else 'around a text with the certificate in it'}"
    if _PEM_WITHOUT_LINE.search(data) and not data.lstrip().startswith(b"<"):
        return "PEM without its line ends"
    return ""


def holds_private_key(data: bytes) -> bool:
    """Whether a private key stands in ``data``: PEM, DER, base64 or UTF-16, also in the midst of a program. Pure.

    Keys inside of keystores are not looked for, nor is a PEM label without a key taken for one.
    """
    data = normalise_text(data)
    if _PKCS8_IN_BASE64 in data or (data[:1] == b"\x30" and sniff(data) in _PRIVATE_DER):
        return True
    for begin in _PRIVATE_KEY.finditer(data):
        end = begin.end()
        next_label = data.find(b"-----", end, end + _LABEL_TO_KEY)
        if _KEY_MATERIAL.search(data, end, next_label if next_label >= 0 else end + _LABEL_TO_KEY):
            return True
    return False


def as_utf8(data: bytes) -> bytes:
    """Text in UTF-8 without BOM; all else unchanged. Pure. Never raises."""
    if data[:1] not in _MAY_BEGIN_OTHERS:
        return data
    encoding = next((name for name, begin in _UTF_16.items() if begin.match(data)), None)
    if encoding is not None:
        try:
            data = data.decode(encoding).encode()
        except UnicodeDecodeError:
            return data
    return data.removeprefix(b"\xef\xbb\xbf")


def _inside_base64(data: bytes) -> bytes | None:
    """None if it is no base64, or there is neither DER nor PEM in it."""
    if len(data) < _SHORTEST or not _BASE64.fullmatch(data):
        return None
    try:
        inside = as_utf8(base64.b64decode(b"".join(data.split()), validate=True))
    except binascii.Error:
        return None
    is_wanted = inside[:1] == b"\x30" or b"-----BEGIN " in inside or inside.lstrip()[:2] == _DER_IN_BASE64
    return inside if is_wanted else None


def _sniff_der(data: bytes) -> FileKind:
    outer = read_tlv(data)
    parts = children(outer.value)
    tags = [part.tag for part in parts]
    if tags[:2] == [OID, _CONTEXT_0]:
        type = decode_oid(parts[0].value)
        if type in _ENVELOPED:
            return FileKind.DER_ENVELOPED
        if type.startswith(_PKCS7_PREFIX):
            return FileKind.DER_PKCS7
    if tags[:2] == [INTEGER, SEQUENCE]:
        inner = children(parts[1].value)
        if inner and inner[0].tag == OID:
            if decode_oid(inner[0].value).startswith(_PKCS7_PREFIX):
                return FileKind.PKCS12
            return FileKind.DER_KEY  # PKCS#8
    if tags[:3] == [INTEGER, INTEGER, INTEGER] or tags[:2] == [INTEGER, OCTET_STRING]:
        return FileKind.DER_KEY  # PKCS#1 or SEC 1
    if tags == [SEQUENCE, OCTET_STRING]:
        return FileKind.DER_ENCRYPTED_KEY
    if tags == [SEQUENCE, BIT_STRING]:
        return FileKind.DER_PUBLIC_KEY
    if tags == [SEQUENCE, SEQUENCE, BIT_STRING]:
        return _sniff_signed([part.tag for part in children(parts[0].value)])
    if tags == [SEQUENCE, SEQUENCE] and _is_bcfks(children(parts[0].value)):
        return FileKind.BCFKS
    return FileKind.UNKNOWN


def _sniff_signed(tags: list[int]) -> FileKind:
    """Certificate, request and revocation list are all SEQUENCE { body, algorithm, signature }."""
    if tags[:1] == [_CONTEXT_0]:
        return FileKind.DER_CERTIFICATE
    # RFC 5280, 5.1: version (if not 1), algorithm, issuer, and the day of issue, where others have no date.
    without_version = tags[1:] if tags[:1] == [INTEGER] else tags
    if without_version[:2] == [SEQUENCE, SEQUENCE] and without_version[2:3] and without_version[2] in _TIMES:
        return FileKind.DER_CRL
    if tags[:3] == [INTEGER, SEQUENCE, SEQUENCE]:
        # A version 1 certificate goes on with validity, subject and key; a request ends with its attributes.
        return FileKind.DER_CERTIFICATE if len(tags) >= 6 and tags[3] == SEQUENCE else FileKind.DER_CSR
    return FileKind.UNKNOWN


def _is_bcfks(store: list[Tlv]) -> bool:
    """Bouncy Castle's ObjectStore begins with its encrypted data: PBES2 and the ciphertext. A timestamp reply, say,
    is two SEQUENCEs as well."""
    if [part.tag for part in store] != [SEQUENCE, OCTET_STRING]:
        return False
    algorithm = children(store[0].value)
    return bool(algorithm) and algorithm[0].tag == OID and decode_oid(algorithm[0].value) == _PBES2


def _sniff_bouncy_castle(data: bytes) -> FileKind:
    """BKS and UBER have no magic: version, salt length, salt, iteration count, then entries or ciphertext."""
    if len(data) < 33 or data[:3] != b"\0\0\0" or data[3] not in (1, 2):
        return FileKind.UNKNOWN
    salt_length = int.from_bytes(data[4:8], "big")
    if not 8 <= salt_length <= 64 or len(data) < 8 + salt_length + 4 + 20:
        return FileKind.UNKNOWN
    if data[3] == 2:
        return FileKind.BKS
    first_entry = data[8 + salt_length + 4 :]
    alias_length = int.from_bytes(first_entry[1:3], "big")
    plausible = first_entry[0] <= 4 and alias_length < len(first_entry)
    return FileKind.BKS if plausible else FileKind.UBER
