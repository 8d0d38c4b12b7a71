"""Builds PFX files of shapes that no tool at hand writes: certificates in any order, several keys, no key id."""

import hashlib
import hmac

_OIDS = {
    "data": "06092a864886f70d010701",
    "key-bag": "060b2a864886f70d010c0a0101",
    "cert-bag": "060b2a864886f70d010c0a0103",
    "x509": "060a2a864886f70d01091601",
    "friendly-name": "06092a864886f70d010914",
    "sha1": "06052b0e03021a",
}


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    value = b"".join(parts)
    if len(value) < 128:
        return bytes([tag, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def oid(name: str) -> bytes:
    return bytes.fromhex(_OIDS[name])


def attributes(friendly_name: str | None) -> bytes:
    if friendly_name is None:
        return b""
    name = tlv(0x30, oid("friendly-name"), tlv(0x31, tlv(0x1E, friendly_name.encode("utf-16-be"))))
    return tlv(0x31, name)


def encode_pfx(
    key_pkcs8: bytes | list[bytes],
    certificates_der: list[bytes],
    *,
    friendly_name: str | list[str] | None,
    password: str,
) -> bytes:
    """A PFX with unencrypted bags and a SHA-1 MAC under ``password``; one name for all keys, or one for each."""
    keys = key_pkcs8 if isinstance(key_pkcs8, list) else [key_pkcs8]
    names = friendly_name if isinstance(friendly_name, list) else [friendly_name] * len(keys)
    bags = [
        tlv(0x30, oid("cert-bag"), tlv(0xA0, tlv(0x30, oid("x509"), tlv(0xA0, tlv(0x04, certificate)))))
        for certificate in certificates_der
    ]
    bags += [tlv(0x30, oid("key-bag"), tlv(0xA0, key), attributes(name)) for key, name in zip(keys, names, strict=True)]
    contents = tlv(0x30, *bags)
    safe = tlv(0x30, tlv(0x30, oid("data"), tlv(0xA0, tlv(0x04, contents))))
    salt = b"worthless"[:8]
    digest = hmac.new(_mac_key(password, salt), safe, hashlib.sha1).digest()
    mac = tlv(0x30, tlv(0x30, tlv(0x30, oid("sha1"), b"\x05\x00"), tlv(0x04, digest)), tlv(0x04, salt), b"\x02\x01\x01")
    return tlv(0x30, b"\x02\x01\x03", tlv(0x30, oid("data"), tlv(0xA0, tlv(0x04, safe))), mac)


def _mac_key(password: str, salt: bytes) -> bytes:
    """RFC 7292, appendix B, for one iteration of SHA-1, whose output is long enough."""
    encoded = password.encode("utf-16-be") + b"\0\0"

    def fill(text: bytes) -> bytes:
        length = 64 * ((len(text) + 63) // 64)
        return (text * (length // len(text) + 1))[:length] if text else b""

    return hashlib.sha1(bytes([3]) * 64 + fill(salt) + fill(encoded), usedforsecurity=False).digest()
