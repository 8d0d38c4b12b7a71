"""Password-based encryption and MACs, of keys by themselves and in PFX files: RFC 7292, PBES1 and PBES2 of RFC 8018,
PBMAC1 of RFC 9579, and what OpenSSL had before (``DEK-Info``). Each password is tried in every form of derivation.py.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from sfkeytool.crypto import ciphers
from sfkeytool.crypto.ciphers import Algorithm, UnsupportedProtectionError
from sfkeytool.crypto.der import (
    INTEGER,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Tlv,
    children,
    decode_oid,
    join_octets,
    read_tlv,
)
from sfkeytool.crypto.derivation import (
    Spend,
    at,
    bmp_forms,
    byte_forms,
    bytes_to_key,
    derive_pbkdf1,
    derive_pkcs12,
    hmac_digest,
    key_derivation,
    look_up,
    salt_and_iterations,
    split_algorithm,
    stated_length,
)
from sfkeytool.crypto.limits import OID_PBES2, OID_PBMAC1
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

_PURPOSE_KEY, _PURPOSE_IV, _PURPOSE_MAC = 1, 2, 3

_DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# RFC 7292, appendix C
_PKCS12_PBES = {
    "1.2.840.113549.1.12.1.1": ciphers.RC4_128,
    "1.2.840.113549.1.12.1.2": ciphers.RC4_40,
    "1.2.840.113549.1.12.1.3": ciphers.THREE_KEY_3DES,
    "1.2.840.113549.1.12.1.4": ciphers.TWO_KEY_3DES,
    "1.2.840.113549.1.12.1.5": ciphers.RC2_128,
    "1.2.840.113549.1.12.1.6": ciphers.RC2_40,
}
# RFC 8018, A.3: the digest of PBKDF1, and the cipher
_PBES1 = {
    "1.2.840.113549.1.5.3": ("md5", ciphers.DES),
    "1.2.840.113549.1.5.6": ("md5", ciphers.RC2_64),
    "1.2.840.113549.1.5.10": ("sha1", ciphers.DES),
    "1.2.840.113549.1.5.11": ("sha1", ciphers.RC2_64),
}
_SHORTEST_MAC_KEY = 20
"""Bytes: RFC 9579, section 9, which also wants the length stated. OpenSSL 3.4 and later refuse the same."""


class Mac(Opaque, frozen=True):
    """What a PFX says of its MAC. ``algorithm`` is the content of the DigestInfo's AlgorithmIdentifier."""

    algorithm: bytes
    digest: bytes
    salt: bytes
    iterations: int

    def matches(self, content: bytes, password: Secret, spend: Spend) -> bool:
        """Whether ``content`` was sealed with ``password``. Pure but for ``spend``. Raises DerError and
        UnsupportedProtectionError."""
        oid, parameters = split_algorithm(self.algorithm)
        if oid == OID_PBMAC1:
            return self._matches_pbmac1(content, password, parameters, spend)
        name = look_up(_DIGESTS, oid)
        size = hashlib.new(name, usedforsecurity=False).digest_size
        for form in bmp_forms(password):
            spend(self.iterations)
            key = derive_pkcs12(name, _PURPOSE_MAC, form, self.salt, self.iterations, size)
            if hmac.compare_digest(self.digest, hmac.digest(key, content, name)):
                return True
        return False

    def _matches_pbmac1(self, content: bytes, password: Secret, parameters: list[Tlv], spend: Spend) -> bool:
        kdf, mac_oid = at(parameters, 0), split_algorithm(at(parameters, 1).value)[0]
        name = hmac_digest(mac_oid)
        derive = key_derivation(kdf, _mac_key_length(kdf), spend)
        return any(
            hmac.compare_digest(self.digest, hmac.digest(derive(form), content, name)) for form in byte_forms(password)
        )


def decrypt_pkcs8(encrypted_der: bytes, passwords: Sequence[Secret], spend: Spend) -> tuple[bytes, Secret] | None:
    """The PrivateKeyInfo in an EncryptedPrivateKeyInfo, and the password that opens it; None if none does. As
    decrypt()."""
    parts = children(read_tlv(encrypted_der).value)
    if len(parts) < 2 or parts[0].tag != SEQUENCE:
        raise DerError("an encrypted key without its key")
    return decrypt(parts[0].value, join_octets(parts[1]), passwords, spend, _is_private_key_info)


def decrypt(
    algorithm: bytes, ciphertext: bytes, passwords: Sequence[Secret], spend: Spend, is_right: Callable[[bytes], bool]
) -> tuple[bytes, Secret] | None:
    """What ``ciphertext`` is with the first of ``passwords`` that fits, and that password; None if none does. Secret.

    ``algorithm`` is the content of the AlgorithmIdentifier. One wrong password in 256 gives right padding by chance:
    ``is_right`` looks at what comes out. The caller has checked the limits. Pure but for ``spend``. Raises DerError,
    and UnsupportedProtectionError also where there is no password.
    """
    candidates = _decryption(algorithm, spend)
    for password in passwords:
        for plaintext in candidates(ciphertext, password):
            if is_right(plaintext):
                return plaintext, password
    return None


def decrypt_traditional(
    dek_info: str, ciphertext: bytes, passwords: Sequence[Secret], spend: Spend
) -> tuple[bytes, Secret] | None:
    """decrypt() of what stands under the header ``DEK-Info`` (RFC 1421, 4.6.1.3) of a PEM file: PKCS#1 or SEC 1."""
    name, _, iv_hex = (part.strip() for part in dek_info.partition(","))
    algorithm = ciphers.cipher_named(name.upper())
    try:
        iv = bytes.fromhex(iv_hex)
    except ValueError:
        raise DerError("an initialisation vector that is not hexadecimal") from None
    for password in passwords:
        for form in byte_forms(password):
            spend(1)
            key = bytes_to_key(form, iv[:8], algorithm.key_bytes)
            for plaintext in ciphers.decrypt(algorithm, key, iv, ciphertext):
                if _begins_with(plaintext, INTEGER):
                    return plaintext, password
    return None


_Candidates: TypeAlias = Callable[[bytes, Secret], Iterator[bytes]]
"""From ciphertext and password to each plaintext that has the right padding."""


def _decryption(algorithm: bytes, spend: Spend) -> _Candidates:
    oid, parameters = split_algorithm(algorithm)
    if oid == OID_PBES2:
        return _pbes2(parameters, spend)
    if oid in _PBES1:
        return _pbes1(*_PBES1[oid], parameters, spend)
    cipher = look_up(_PKCS12_PBES, oid)
    salt, iterations = salt_and_iterations(parameters)

    def candidates(ciphertext: bytes, password: Secret) -> Iterator[bytes]:
        for form in bmp_forms(password):
            spend(iterations * -(-cipher.key_bytes // 20))  # SHA-1 gives 20 bytes
            key = derive_pkcs12("sha1", _PURPOSE_KEY, form, salt, iterations, cipher.key_bytes)
            spend(iterations if cipher.block_bytes else 0)
            iv = derive_pkcs12("sha1", _PURPOSE_IV, form, salt, iterations, 8) if cipher.block_bytes else b""
            yield from ciphers.decrypt(cipher, key, iv, ciphertext)

    return candidates


def _pbes1(digest: str, cipher: Algorithm, parameters: list[Tlv], spend: Spend) -> _Candidates:
    """RFC 8018, 6.1: PBKDF1 gives the key and the initialisation vector, 8 bytes each."""
    salt, iterations = salt_and_iterations(parameters)

    def candidates(ciphertext: bytes, password: Secret) -> Iterator[bytes]:
        for form in byte_forms(password):
            spend(iterations)
            derived = derive_pbkdf1(digest, form, salt, iterations)
            yield from ciphers.decrypt(cipher, derived[:8], derived[8:16], ciphertext)

    return candidates


def _pbes2(parameters: list[Tlv], spend: Spend) -> _Candidates:
    kdf = at(parameters, 0)
    scheme = children(at(parameters, 1).value)
    oid = decode_oid(at(scheme, 0).value)
    cipher, iv = ciphers.cipher_of(oid, scheme[1] if len(scheme) > 1 else Tlv(NULL, 2, b"", 2))
    if cipher.family == "rc2":  # its key may be longer than what counts of it
        cipher = ciphers.rc2(stated_length(kdf), cipher.effective_bits)
    derive = key_derivation(kdf, cipher.key_bytes, spend)

    def candidates(ciphertext: bytes, password: Secret) -> Iterator[bytes]:
        for form in byte_forms(password):
            yield from ciphers.decrypt(cipher, derive(form), iv, ciphertext)

    return candidates


def _is_private_key_info(plaintext: bytes) -> bool:
    return _begins_with(plaintext, INTEGER, SEQUENCE, OCTET_STRING)


def _begins_with(plaintext: bytes, *tags: int) -> bool:
    """Whether it is one SEQUENCE, whole, that begins so."""
    try:
        outer = read_tlv(plaintext)
        parts = children(outer.value) if outer.tag == SEQUENCE and outer.end == len(plaintext) else []
    except DerError:
        return False
    return [part.tag for part in parts[: len(tags)]] == [*tags]


def _mac_key_length(kdf: Tlv) -> int:
    """Bytes of the key that a PBMAC1 states. None stated, or too few, is a MAC that anybody could make: not taken."""
    length = stated_length(kdf)
    if length is None or length < _SHORTEST_MAC_KEY:
        stated = "no length" if length is None else f"a length of {length} bytes"
        raise UnsupportedProtectionError(f"PBMAC1, with {stated} stated for its key where RFC 9579 wants 20 or more")
    return length
