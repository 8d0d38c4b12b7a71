"""How BCFKS derives its keys, and what it does with them: PBES2 with AES-CCM or AES key wrap, and an HMAC."""

import hmac
from collections.abc import Iterator
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from sfkeytool.crypto.ciphers import UnsupportedProtectionError
from sfkeytool.crypto.der import (
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DerError,
    Tlv,
    children,
    decode_integer,
    decode_oid,
    encode_oid,
    encode_tlv,
    read_tlv,
)
from sfkeytool.crypto.derivation import Spend, hmac_digest, key_derivation
from sfkeytool.crypto.limits import OID_PBES2, OID_PBKDF2, OID_SCRYPT
from sfkeytool.passwords import Secret

AES_256_CCM = "2.16.840.1.101.3.4.1.47"
HMAC_SHA512 = "1.2.840.113549.2.11"
_HMAC_SHA1 = "1.2.840.113549.2.7"  # PBKDF2's own default: RFC 8018, A.2

ITERATIONS = 51_200
"""Of PBKDF2-HMAC-SHA512, three times a file: as Bouncy Castle's BcFKSKeyStoreSpi has it (1.72)."""

_CCM = {"2.16.840.1.101.3.4.1.7": 16, "2.16.840.1.101.3.4.1.27": 24, AES_256_CCM: 32}
_KEY_WRAP = {"2.16.840.1.101.3.4.1.8": 16, "2.16.840.1.101.3.4.1.28": 24, "2.16.840.1.101.3.4.1.48": 32}
"""RFC 5649. Both: bytes of key."""

_DEFAULT_TAG_BYTES = 12
"""RFC 5084, 3.1."""

MAX_WRAPPED_BYTES = 1024 * 1024
"""The library unwraps in Python, some 500 kB a second: our own bound. A keystore has some kB."""

_SHORTEST_MAC_KEY = 20
"""Bytes, as for PBMAC1 in a PFX (RFC 9579, section 9); Bouncy Castle writes 64. A key of no bytes is nobody's."""


class Use(StrEnum):
    """What a key is derived for: it is part of what the key derivation is fed."""

    INTEGRITY = "INTEGRITY_CHECK"
    STORE = "STORE_ENCRYPTION"
    PRIVATE_KEY = "PRIVATE_KEY_ENCRYPTION"


def elements(value: bytes, *tags: int, optional: tuple[int, ...] = ()) -> list[Tlv]:
    """The elements of a content: these, then each ``optional`` one at most once, in this order, and in DER.

    Nothing else is taken, since much of the integrity check is covered by nothing. Pure. Raises DerError.
    """
    parts = children(value)
    more = iter(optional)
    if [part.tag for part in parts[: len(tags)]] != [*tags] or not all(part.tag in more for part in parts[len(tags) :]):
        raise DerError("not the elements that BCFKS has here")
    if not all(part.minimal for part in parts):
        raise DerError("a length that is not written as DER has it")
    return parts


def split_algorithm(content: bytes) -> tuple[str, bytes]:
    """OID and the content of the parameters, empty for NULL and for none. Pure. Raises DerError."""
    parts = elements(content, OID, optional=(NULL, SEQUENCE))
    if len(parts) > 2 or (parts[1:] and parts[1].tag == NULL and parts[1].value):
        raise DerError("not an AlgorithmIdentifier")
    return decode_oid(parts[0].value), parts[1].value if parts[1:] else b""


def password_bytes(password: Secret, use: Use) -> bytes:
    """What a key derivation is fed: UTF-16 with two zero bytes, as in PKCS#12 (nothing for the empty password), and
    the use in the same form. Secret. Pure."""
    text = password.reveal()
    chars = f"{text}\0".encode("utf-16-be", "surrogatepass") if text else b""
    return chars + f"{use}\0".encode("utf-16-be")


def forms(kdf: Tlv) -> tuple[Tlv, ...]:
    """The key derivations that may be meant by one: of scrypt also that with the block size for its parallelism, since
    Bouncy Castle takes that number twice, when it writes and when it reads (1.72 and later). Pure. Raises DerError and
    UnsupportedProtectionError, as stated_length()."""
    stated_length(kdf)
    oid, parameters = split_algorithm(kdf.value)
    if oid != OID_SCRYPT:
        return (kdf,)
    parts = children(parameters)
    salt, cost, block, parallel = (encode_tlv(part.tag, part.value) for part in parts[:4])
    stated = [encode_tlv(part.tag, part.value) for part in parts[4:]]
    written = (
        encode_tlv(SEQUENCE, encode_oid(oid), encode_tlv(SEQUENCE, salt, cost, block, one, *stated))
        for one in dict.fromkeys((block, parallel))
    )
    return tuple(map(read_tlv, written))


def mac_matches(content: bytes, mac_algorithm: bytes, kdf: Tlv, digest: bytes, password: Secret, spend: Spend) -> bool:
    """Whether ``content`` was sealed with ``password``. Pure but for ``spend``. Raises DerError and
    UnsupportedProtectionError."""
    name = hmac_digest(split_algorithm(mac_algorithm)[0])
    length = stated_length(kdf)
    if length is None or length < _SHORTEST_MAC_KEY:
        raise UnsupportedProtectionError(f"an integrity check whose key has {length or 'no stated'} bytes")
    return any(
        hmac.compare_digest(digest, hmac.digest(key, content, name))
        for key in _keys(kdf, length, Use.INTEGRITY, password, spend)
    )


def decrypt(algorithm: bytes, ciphertext: bytes, use: Use, password: Secret, spend: Spend) -> bytes | None:
    """The plaintext, secret; None for a wrong password. ``algorithm`` is the content of the AlgorithmIdentifier.

    Pure but for ``spend``. Raises DerError and UnsupportedProtectionError.
    """
    kdf, cipher, parameters = cipher_of(algorithm)
    for key in _keys(kdf, (_CCM | _KEY_WRAP)[cipher], use, password, spend):
        opened = _decrypt_ccm(key, parameters, ciphertext) if cipher in _CCM else _unwrap(key, ciphertext)
        if opened is not None:
            return opened
    return None


def _keys(kdf: Tlv, length: int, use: Use, password: Secret, spend: Spend) -> Iterator[bytes]:
    for form in forms(kdf):
        yield key_derivation(form, length, spend)(password_bytes(password, use))


def differences(kdf: Tlv, use: Use, algorithm_oid: str) -> Iterator[str]:
    """In words, what is not as Bouncy Castle writes it unless it is told otherwise: of a key derivation, and of the
    cipher, or for Use.INTEGRITY the MAC, whose OID is given. Pure. Raises DerError and UnsupportedProtectionError."""
    oid, parameters = split_algorithm(kdf.value)
    if oid == OID_SCRYPT:
        yield "scrypt"
    else:
        parts = children(parameters)
        if (rounds := decode_integer(parts[1].value)) != ITERATIONS:
            yield f"{rounds:,} rounds of PBKDF2"
        prf = split_algorithm(parts[-1].value)[0] if parts[-1].tag == SEQUENCE else _HMAC_SHA1
        if prf != HMAC_SHA512:
            yield f"PBKDF2 with HMAC of {hmac_digest(prf)}"
    if use is Use.INTEGRITY and algorithm_oid != HMAC_SHA512:
        yield f"an HMAC of {hmac_digest(algorithm_oid)}"
    elif use is not Use.INTEGRITY and algorithm_oid != AES_256_CCM:
        bits = (_CCM | _KEY_WRAP)[algorithm_oid] * 8
        yield f"AES-{bits}-CCM" if algorithm_oid in _CCM else f"AES-{bits} key wrap"


def cipher_of(algorithm: bytes) -> tuple[Tlv, str, bytes]:
    """Key derivation, OID and parameters of the cipher, of the content of a PBES2 AlgorithmIdentifier. Pure. Raises
    DerError and UnsupportedProtectionError."""
    oid, parameters = split_algorithm(algorithm)
    if oid != OID_PBES2:
        raise UnsupportedProtectionError(oid)
    kdf, scheme = elements(parameters, SEQUENCE, SEQUENCE)
    cipher = decode_oid(elements(scheme.value, OID, optional=(NULL, SEQUENCE, OCTET_STRING))[0].value)
    if cipher not in _CCM | _KEY_WRAP:
        raise UnsupportedProtectionError(cipher)
    return kdf, *split_algorithm(scheme.value)


def _decrypt_ccm(key: bytes, parameters: bytes, ciphertext: bytes) -> bytes | None:
    nonce, *tag_bytes = elements(parameters, OCTET_STRING, optional=(INTEGER,))
    try:
        tag_length = decode_integer(tag_bytes[0].value) if tag_bytes else _DEFAULT_TAG_BYTES
        return AESCCM(key, tag_length).decrypt(nonce.value, ciphertext, None)
    except InvalidTag:
        return None
    except (ValueError, OverflowError):
        raise DerError("impossible parameters of AES-CCM") from None


def _unwrap(key: bytes, wrapped: bytes) -> bytes | None:
    if len(wrapped) < 16 or len(wrapped) % 8:
        raise DerError(f"{len(wrapped)} wrapped bytes, where there are at least 16, in eights")
    if len(wrapped) > MAX_WRAPPED_BYTES:
        raise UnsupportedProtectionError(f"AES key wrap around more than {MAX_WRAPPED_BYTES:,} bytes")
    try:
        return aes_key_unwrap_with_padding(key, wrapped)
    except InvalidUnwrap:
        return None


def stated_length(kdf: Tlv) -> int | None:
    """Bytes of the key that a key derivation states, None if it states none. Pure. Raises DerError for one of another
    shape, and UnsupportedProtectionError."""
    oid, parameters = split_algorithm(kdf.value)
    if oid == OID_PBKDF2:
        parts = elements(parameters, OCTET_STRING, INTEGER, optional=(INTEGER, SEQUENCE))
        if parts[-1].tag == SEQUENCE:
            split_algorithm(parts.pop().value)
        stated = parts[2:]
    elif oid == OID_SCRYPT:
        stated = elements(parameters, OCTET_STRING, INTEGER, INTEGER, INTEGER, optional=(INTEGER,))[4:]
    else:
        raise UnsupportedProtectionError(oid)
    return decode_integer(stated[0].value) if stated else None
