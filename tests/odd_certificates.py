"""Certificates as old and careless CAs write them: built element by element, and truly signed."""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

PRINTABLE, UTF8, TELETEX, IA5 = 0x13, 0x0C, 0x14, 0x16
NULL = b"\5\0"
RSA_SHA256, ECDSA_SHA256, DSA_SHA256 = "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2", "2.16.840.1.101.3.4.3.2"
DAY = b"260101000000Z", b"360101000000Z"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey


def tlv(tag: int, *parts: bytes, spare: int = 0) -> bytes:
    """One element; ``spare``: so many bytes of length more than DER allows."""
    value = b"".join(parts)
    if len(value) < 0x80 and not spare:
        return bytes([tag, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8 + spare - (len(value) < 0x80), "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return tlv(6, content)


def name(text: str, tag: int = PRINTABLE, type: str = "2.5.4.3") -> bytes:
    """A name of one attribute."""
    return tlv(0x30, tlv(0x31, attribute(text, tag, type)))


def attribute(text: str, tag: int = PRINTABLE, type: str = "2.5.4.3") -> bytes:
    return tlv(0x30, oid(type), tlv(tag, text.encode("latin-1")))


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    return tlv(0x30, oid(dotted), *parameters)


def extension(type: str, value: bytes, critical: bytes = b"") -> bytes:
    return tlv(0x30, oid(type), critical, tlv(4, value))


CA_TRUE = extension("2.5.29.19", tlv(0x30, tlv(1, b"\xff")), tlv(1, b"\xff"))
SHA256_OF: dict[type, bytes] = {}


def sign(key: Key, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, dsa.DSAPrivateKey):
        return key.sign(data, hashes.SHA256())
    return key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def usual_algorithm(key: Key) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return algorithm(RSA_SHA256, NULL)
    return algorithm(DSA_SHA256 if isinstance(key, dsa.DSAPrivateKey) else ECDSA_SHA256)


def certificate(
    key: Key,
    *,
    signer: Key | None = None,
    version: bytes = tlv(0xA0, tlv(2, b"\2")),
    serial: bytes = tlv(2, b"\x11"),
    inner: bytes | None = None,
    outer: bytes | None = None,
    issuer: bytes | None = None,
    dates: Sequence[bytes] = (tlv(0x17, DAY[0]), tlv(0x17, DAY[1])),
    subject: bytes = name("odd"),
    extensions: Sequence[bytes] = (),
    spki: bytes | None = None,
    wrap: Callable[[bytes], bytes] = lambda tbs: tbs,
    after: bytes = b"",
) -> bytes:
    """DER (or what passes for it), signed by ``signer``, else by the key itself."""
    signer = signer or key
    inner = usual_algorithm(signer) if inner is None else inner
    spki = spki or key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    listed = (tlv(0xA3, tlv(0x30, *extensions)),) if extensions else ()
    issuer = subject if issuer is None else issuer
    tbs = wrap(tlv(0x30, version, serial, inner, issuer, tlv(0x30, *dates), subject, spki, *listed, after))
    return tlv(0x30, tbs, inner if outer is None else outer, tlv(3, b"\0" + sign(signer, tbs)))
