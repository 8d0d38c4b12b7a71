"""How a password becomes a key: PBKDF2 and scrypt, what PKCS#12 and PBES1 have, and OpenSSL before PKCS#8.

Makers disagree on how a password becomes bytes: byte_forms() and bmp_forms() have those that are in use.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from sfkeytool.crypto.ciphers import UnsupportedProtectionError
from sfkeytool.crypto.der import INTEGER, OCTET_STRING, SEQUENCE, DerError, Tlv, children, decode_integer, decode_oid
from sfkeytool.crypto.limits import OID_PBKDF2, OID_SCRYPT
from sfkeytool.passwords import Secret

_HMACS = {
    "1.2.840.113549.2.6": "md5",
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.2.840.113549.2.12": "sha512_224",
    "1.2.840.113549.2.13": "sha512_256",
    "2.16.840.1.101.3.4.2.13": "sha3_224",
    "2.16.840.1.101.3.4.2.14": "sha3_256",
    "2.16.840.1.101.3.4.2.15": "sha3_384",
    "2.16.840.1.101.3.4.2.16": "sha3_512",
}
_UNSUPPORTED = {
    "1.2.840.113549.1.5.1": ("MD2 and DES", "none"),
    "1.2.840.113549.1.5.4": ("MD2 and RC2", "none"),
    "1.2.156.10197.1.401.2": ("PBKDF2 with SM3", "default"),
    "1.2.643.7.1.1.4.1": ("PBKDF2 with GOST", ""),
    "1.2.643.7.1.1.4.2": ("PBKDF2 with GOST", ""),
}
"""Name, and where OpenSSL has it: see UnsupportedProtectionError."""

_Found = TypeVar("_Found")

Spend = Callable[[int], None]
"""Hears of the iterations of each derivation before it is made, and raises where they are too many."""


def bmp_forms(password: Secret) -> list[bytes]:
    """RFC 7292, B.1: UTF-16BE and two zero bytes. Nothing at all is some makers' empty password.

    openssl took each byte of a UTF-8 password for a character until 1.1.0.
    """
    text = password.reveal()
    if not text:
        return [b"\0\0", b""]
    utf8_as_characters = text.encode("utf-8", "surrogatepass").decode("latin-1")
    forms = [f"{form}\0".encode("utf-16-be", "surrogatepass") for form in (text, utf8_as_characters)]
    return list(dict.fromkeys(forms))


def byte_forms(password: Secret) -> list[bytes]:
    """UTF-8 (RFC 8018, RFC 9579), Latin-1 of western Windows consoles, and NSS' older BMP form."""
    text = password.reveal()
    forms = [text.encode("utf-8", "surrogatepass")]
    if max(text, default="") <= "\xff":
        forms.append(text.encode("latin-1"))
    forms.append(f"{text}\0".encode("utf-16-be", "surrogatepass"))
    return list(dict.fromkeys(forms))


def derive_pkcs12(digest: str, purpose: int, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """``length`` bytes by RFC 7292, appendix B.2. ``password`` is encoded already. Secret. Pure. Raises DerError."""
    if iterations < 1:
        raise DerError("a key derivation without iterations")
    new: Callable[..., Any] = getattr(hashlib, digest)
    block_size: int = new(usedforsecurity=False).block_size

    def fill(data: bytes) -> bytes:
        size = -(-len(data) // block_size) * block_size
        return (data * (size // len(data) + 1))[:size] if data else b""

    diversifier = bytes([purpose]) * block_size
    state = fill(salt) + fill(password)
    derived = b""
    while True:
        block: bytes = diversifier + state
        for _ in range(iterations):
            block = new(block, usedforsecurity=False).digest()
        derived += block
        if len(derived) >= length:
            return derived[:length]
        addend = int.from_bytes(fill(block)[:block_size], "big") + 1
        state = b"".join(
            ((int.from_bytes(state[i : i + block_size], "big") + addend) % (1 << 8 * block_size)).to_bytes(
                block_size, "big"
            )
            for i in range(0, len(state), block_size)
        )


def derive_pbkdf1(digest: str, password: bytes, salt: bytes, iterations: int) -> bytes:
    """All bytes that RFC 8018, 5.1 derives. Secret. Pure."""
    new: Callable[..., Any] = getattr(hashlib, digest)
    derived = password + salt
    for _ in range(iterations):
        derived = new(derived, usedforsecurity=False).digest()
    return derived


def bytes_to_key(password: bytes, salt: bytes, length: int) -> bytes:
    """``length`` bytes by OpenSSL's EVP_BytesToKey with MD5 and one iteration. Secret. Pure."""
    derived = block = b""
    while len(derived) < length:
        block = hashlib.md5(block + password + salt, usedforsecurity=False).digest()
        derived += block
    return derived[:length]


def hmac_digest(oid: str) -> str:
    """The digest, as hashlib calls it, of an HMAC. Pure. Raises UnsupportedProtectionError."""
    return look_up(_HMACS, oid)


def stated_length(kdf: Tlv) -> int | None:
    """Bytes of the key that a PBKDF2 or scrypt AlgorithmIdentifier states; None if it states none. Pure. Raises
    DerError."""
    oid, parameters = split_algorithm(kdf.value)
    optional = parameters[4:] if oid == OID_SCRYPT else parameters[2:]
    return next((decode_integer(one.value) for one in optional if one.tag == INTEGER), None)


def key_derivation(kdf: Tlv, length: int, spend: Spend) -> Callable[[bytes], bytes]:
    """The function from password bytes to a key of ``length`` that a PBKDF2 or scrypt AlgorithmIdentifier describes.

    Pure but for ``spend``, of which each call of it hears first. The caller has checked the limits. Raises DerError
    and UnsupportedProtectionError, and so does the function.
    """
    oid, parameters = split_algorithm(kdf.value)
    if length < 1:
        raise DerError("a key of no bytes")
    if oid == OID_SCRYPT:
        salt = at(parameters, 0).value
        cost, block, parallel = (decode_integer(at(parameters, i).value) for i in (1, 2, 3))
        if min(cost, block, parallel) < 1:
            raise DerError("impossible scrypt parameters")

        def scrypt(password: bytes) -> bytes:
            spend(cost * block * parallel)
            try:
                # OpenSSL counts some more than N * r * 128; the limit proper was checked before.
                return hashlib.scrypt(password, salt=salt, n=cost, r=block, p=parallel, maxmem=1 << 28, dklen=length)
            except (ValueError, OverflowError):
                raise DerError("impossible scrypt parameters") from None

        return scrypt
    if oid != OID_PBKDF2:
        raise UnsupportedProtectionError(oid)
    salt, iterations = salt_and_iterations(parameters)
    digest, stated = "sha1", length
    for parameter in parameters[2:]:
        if parameter.tag == SEQUENCE:
            digest = hmac_digest(split_algorithm(parameter.value)[0])
        elif parameter.tag == INTEGER:
            stated = decode_integer(parameter.value)
    if stated != length:
        raise DerError("PBKDF2 makes a key of another length than its cipher needs")

    def pbkdf2(password: bytes) -> bytes:
        spend(iterations * -(-length // hashlib.new(digest, usedforsecurity=False).digest_size))
        return hashlib.pbkdf2_hmac(digest, password, salt, iterations, length)

    return pbkdf2


def split_algorithm(content: bytes) -> tuple[str, list[Tlv]]:
    """OID and, if they are a SEQUENCE, the parameters of an AlgorithmIdentifier's content. Pure. Raises DerError."""
    parts = children(content)
    has_sequence = len(parts) > 1 and parts[1].tag == SEQUENCE
    return decode_oid(at(parts, 0).value), children(parts[1].value) if has_sequence else []


def salt_and_iterations(parameters: list[Tlv]) -> tuple[bytes, int]:
    """What the parameters of PBKDF2, PBES1 and PKCS#12's PBEs begin with. Pure. Raises DerError."""
    salt, iterations = at(parameters, 0), decode_integer(at(parameters, 1).value)
    if salt.tag != OCTET_STRING or iterations < 1:
        raise DerError("a key derivation without salt or iterations")
    return salt.value, iterations


def at(parts: list[Tlv], index: int) -> Tlv:
    """The element, counted from 0. Pure. Raises DerError if there are fewer."""
    if index >= len(parts):
        raise DerError("incomplete algorithm parameters")
    return parts[index]


def look_up(table: dict[str, _Found], oid: str) -> _Found:
    """What ``table`` has for an algorithm. Pure. Raises UnsupportedProtectionError."""
    if oid not in table:
        raise UnsupportedProtectionError(*_UNSUPPORTED.get(oid, (oid, "")))
    return table[oid]
