"""Builds PFX files of shapes that no tool at hand writes: certificates in any order, several keys, no key id."""

import hashlib
import hmac
from typing import Any

from Cryptodome.Cipher import ARC2, DES3
from Cryptodome.Util.Padding import pad

from sfkeytool.crypto.derivation import derive_pkcs12

_OIDS = {
    "data": "06092a864886f70d010701",
    "key-bag": "060b2a864886f70d010c0a0101",
    "cert-bag": "060b2a864886f70d010c0a0103",
    "x509": "060a2a864886f70d01091601",
    "friendly-name": "06092a864886f70d010914",
    "sha1": "06052b0e03021a",
    "encrypted-data": "06092a864886f70d010706",
    "shrouded-bag": "060b2a864886f70d010c0a0102",
    "local-key-id": "06092a864886f70d010915",
    "csp-name": "06092b060104018237" + "1101",
    "key-usage": "0603551d0f",
    "3des": "060a2a864886f70d010c0103",
    "rc2-40": "060a2a864886f70d010c0106",
}
_ROUNDS = 2000
"""As Windows has it; openssl opens the result, and with it proves the derivation that is borrowed here."""


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


def encode_cryptoapi_pfx(key_pkcs8: bytes, certificate_der: bytes, password: str) -> bytes:
    """A PFX as PFXExportCertStoreEx of Windows writes it: first the key (3-key 3DES), with its usage inside, a GUID for
    its name and that of its CSP, then the certificate (RC2-40) with the same id, 2,000 rounds and SHA-1 everywhere."""
    usage = tlv(0x30, oid("key-usage"), tlv(0x31, b"\x03\x02\x00\x10"))
    version, *rest = (key_pkcs8[4:7], key_pkcs8[7:])
    key = tlv(0x30, version, *rest, tlv(0xA0, usage))
    key_id = tlv(0x30, oid("local-key-id"), tlv(0x31, tlv(0x04, b"\x01\0\0\0")))
    csp = "Microsoft Enhanced RSA and AES Cryptographic Provider"
    names = (("friendly-name", "{9F2C1E6B-5D3A-4C7F-8B10-2A3B4C5D6E7F}"), ("csp-name", csp))
    named = [tlv(0x30, oid(name), tlv(0x31, tlv(0x1E, text.encode("utf-16-be")))) for name, text in names]
    shrouded = tlv(0x30, *_encrypt_as_windows("3des", key, password))
    key_bag = tlv(0x30, oid("shrouded-bag"), tlv(0xA0, shrouded), tlv(0x31, key_id, *named))
    certificate = tlv(0x30, oid("x509"), tlv(0xA0, tlv(0x04, certificate_der)))
    cert_bag = tlv(0x30, oid("cert-bag"), tlv(0xA0, certificate), tlv(0x31, key_id))
    algorithm, ciphertext = _encrypt_as_windows("rc2-40", tlv(0x30, cert_bag), password)
    encrypted = tlv(0x30, oid("data"), algorithm, b"\x80" + ciphertext[1:])
    safe = tlv(
        0x30,
        tlv(0x30, oid("data"), tlv(0xA0, tlv(0x04, tlv(0x30, key_bag)))),
        tlv(0x30, oid("encrypted-data"), tlv(0xA0, tlv(0x30, b"\x02\x01\x00", encrypted))),
    )
    salt = bytes(range(20))
    digest = hmac.digest(derive_pkcs12("sha1", 3, _bmp(password), salt, _ROUNDS, 20), safe, "sha1")
    digest_info = tlv(0x30, tlv(0x30, oid("sha1"), b"\x05\x00"), tlv(0x04, digest))
    mac = tlv(0x30, digest_info, tlv(0x04, salt), tlv(0x02, _ROUNDS.to_bytes(2, "big")))
    return tlv(0x30, b"\x02\x01\x03", tlv(0x30, oid("data"), tlv(0xA0, tlv(0x04, safe))), mac)


def _encrypt_as_windows(cipher: str, plaintext: bytes, password: str) -> tuple[bytes, bytes]:
    """AlgorithmIdentifier, and OCTET STRING with the ciphertext."""
    salt = bytes(range(8))
    length = 24 if cipher == "3des" else 5
    key, iv = (
        derive_pkcs12("sha1", purpose, _bmp(password), salt, _ROUNDS, size) for purpose, size in ((1, length), (2, 8))
    )
    if cipher == "3des":
        made: Any = DES3.new(key, DES3.MODE_CBC, iv)
    else:
        arc2: Any = ARC2  # its stubs lack effective_keylen
        made = arc2.new(key, arc2.MODE_CBC, iv, effective_keylen=40)
    parameters = tlv(0x30, tlv(0x04, salt), tlv(0x02, _ROUNDS.to_bytes(2, "big")))
    return tlv(0x30, oid(cipher), parameters), tlv(0x04, made.encrypt(pad(plaintext, 8)))


def _bmp(password: str) -> bytes:
    return password.encode("utf-16-be") + b"\0\0"


def _mac_key(password: str, salt: bytes) -> bytes:
    """RFC 7292, appendix B, for one iteration of SHA-1, whose output is long enough."""
    encoded = password.encode("utf-16-be") + b"\0\0"

    def fill(text: bytes) -> bytes:
        length = 64 * ((len(text) + 63) // 64)
        return (text * (length // len(text) + 1))[:length] if text else b""

    return hashlib.sha1(bytes([3]) * 64 + fill(salt) + fill(encoded), usedforsecurity=False).digest()
