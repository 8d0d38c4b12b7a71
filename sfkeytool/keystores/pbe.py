"""The password-based encryption and MACs of PKCS#12: RFC 7292, PBES2 of RFC 8018, PBMAC1 of RFC 9579.

Makers disagree on how a password becomes bytes, so each function here goes through the forms that are in use.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from sfkeytool.crypto.der import INTEGER, OCTET_STRING, SEQUENCE, DerError, Tlv, children, decode_integer, decode_oid
from sfkeytool.crypto.limits import OID_PBES2, OID_PBKDF2, OID_PBMAC1, OID_SCRYPT
from sfkeytool.errors import KeystoreError
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
_HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "2.16.840.1.101.3.4.2.16": "sha3_512",
}
_AES_OIDS = {
    "2.16.840.1.101.3.4.1.2": 16,
    "2.16.840.1.101.3.4.1.22": 24,
    "2.16.840.1.101.3.4.1.42": 32,
}
_OID_3DES_CBC = "1.2.840.113549.3.7"
# RFC 7292, appendix C: cipher, bytes of key
_PKCS12_PBES = {
    "1.2.840.113549.1.12.1.1": ("rc4", 16),
    "1.2.840.113549.1.12.1.2": ("rc4", 5),
    "1.2.840.113549.1.12.1.3": ("3des", 24),
    "1.2.840.113549.1.12.1.4": ("3des", 16),
    "1.2.840.113549.1.12.1.5": ("rc2", 16),
    "1.2.840.113549.1.12.1.6": ("rc2", 5),
}

_SHORTEST_MAC_KEY = 20
"""Bytes: RFC 9579, section 9, which also wants the length stated. OpenSSL 3.4 and later refuse the same."""

_Found = TypeVar("_Found")

Spend = Callable[[int], None]
"""Hears of the iterations of each derivation before it is made, and raises where they are too many."""


class UnsupportedProtectionError(ValueError):
    """An algorithm, or a use of one, that we do not have; the argument names it. Internal, like DerError."""


@contextmanager
def naming_damage(label: str) -> Iterator[None]:
    """What a keystore's reader meets becomes a KeystoreError about ``label``: keystore.damaged or
    keystore.unsupported-protection."""
    try:
        yield
    except UnsupportedProtectionError as error:
        raise KeystoreError(
            "keystore.unsupported-protection",
            f"{label} is protected by an algorithm that sfkeytool does not have: {error}",
        ) from None
    except DerError as error:
        raise KeystoreError("keystore.damaged", f"{label} is damaged or cut short: {error}") from None


class Mac(Opaque, frozen=True):
    """What a PFX says of its MAC. ``algorithm`` is the content of the DigestInfo's AlgorithmIdentifier."""

    algorithm: bytes
    digest: bytes
    salt: bytes
    iterations: int

    def matches(self, content: bytes, password: Secret, spend: Spend) -> bool:
        """Whether ``content`` was sealed with ``password``. Pure but for ``spend``. Raises DerError and
        UnsupportedProtectionError."""
        oid, parameters = _split_algorithm(self.algorithm)
        if oid == OID_PBMAC1:
            return self._matches_pbmac1(content, password, parameters, spend)
        name = _look_up(_DIGESTS, oid)
        size = hashlib.new(name, usedforsecurity=False).digest_size
        for form in _bmp_forms(password):
            spend(self.iterations)
            key = derive_pkcs12(name, _PURPOSE_MAC, form, self.salt, self.iterations, size)
            if hmac.compare_digest(self.digest, hmac.digest(key, content, name)):
                return True
        return False

    def _matches_pbmac1(self, content: bytes, password: Secret, parameters: list[Tlv], spend: Spend) -> bool:
        kdf, mac_oid = _at(parameters, 0), _split_algorithm(_at(parameters, 1).value)[0]
        name = hmac_digest(mac_oid)
        derive = key_derivation(kdf, _stated_length(kdf), spend)
        return any(
            hmac.compare_digest(self.digest, hmac.digest(derive(form), content, name)) for form in _byte_forms(password)
        )


def hmac_digest(oid: str) -> str:
    """The digest, as hashlib calls it, of an HMAC. Pure. Raises UnsupportedProtectionError."""
    return _look_up(_HMACS, oid)


def decrypt_candidates(algorithm: bytes, ciphertext: bytes, password: Secret, spend: Spend) -> Iterator[bytes]:
    """What ``ciphertext`` may be, for each form of ``password`` under which the padding is right. Secret. Pure but for
    ``spend``.

    ``algorithm`` is the content of the AlgorithmIdentifier. One wrong password in 256 gives right padding by
    chance: look at what comes out. The caller has checked the limits. Raises DerError and
    UnsupportedProtectionError.
    """
    oid, parameters = _split_algorithm(algorithm)
    if oid == OID_PBES2:
        yield from _decrypt_pbes2(parameters, ciphertext, password, spend)
        return
    cipher, key_length = _look_up(_PKCS12_PBES, oid)
    salt, iterations = _salt_and_iterations(parameters)
    for form in _bmp_forms(password):
        spend(iterations * -(-key_length // 20))  # SHA-1 gives 20 bytes
        key = derive_pkcs12("sha1", _PURPOSE_KEY, form, salt, iterations, key_length)
        spend(0 if cipher == "rc4" else iterations)
        iv = b"" if cipher == "rc4" else derive_pkcs12("sha1", _PURPOSE_IV, form, salt, iterations, 8)
        yield from _decrypt(cipher, key, iv, ciphertext)


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


def _bmp_forms(password: Secret) -> list[bytes]:
    """RFC 7292, B.1: UTF-16BE and two zero bytes. Nothing at all is some makers' empty password.

    openssl took each byte of a UTF-8 password for a character until 1.1.0.
    """
    text = password.reveal()
    if not text:
        return [b"\0\0", b""]
    utf8_as_characters = text.encode("utf-8", "surrogatepass").decode("latin-1")
    forms = [f"{form}\0".encode("utf-16-be", "surrogatepass") for form in (text, utf8_as_characters)]
    return list(dict.fromkeys(forms))


def _byte_forms(password: Secret) -> list[bytes]:
    """UTF-8 (RFC 8018, RFC 9579), Latin-1 of western Windows consoles, and NSS' older BMP form."""
    text = password.reveal()
    forms = [text.encode("utf-8", "surrogatepass")]
    if max(text, default="") <= "\xff":
        forms.append(text.encode("latin-1"))
    forms.append(f"{text}\0".encode("utf-16-be", "surrogatepass"))
    return list(dict.fromkeys(forms))


def _decrypt_pbes2(parameters: list[Tlv], ciphertext: bytes, password: Secret, spend: Spend) -> Iterator[bytes]:
    kdf = _at(parameters, 0)
    scheme = children(_at(parameters, 1).value)
    oid, iv = decode_oid(_at(scheme, 0).value), _at(scheme, 1).value
    cipher, key_length = ("3des", 24) if oid == _OID_3DES_CBC else ("aes", _look_up(_AES_OIDS, oid))
    if len(iv) != (16 if cipher == "aes" else 8):
        raise DerError(f"an initialisation vector of {len(iv)} bytes")
    derive = key_derivation(kdf, key_length, spend)
    for form in _byte_forms(password):
        yield from _decrypt(cipher, derive(form), iv, ciphertext)


def _stated_length(kdf: Tlv) -> int:
    """Bytes of the key that a PBMAC1 states. None stated, or too few, is a MAC that anybody could make: not taken."""
    oid, parameters = _split_algorithm(kdf.value)
    optional = parameters[4:] if oid == OID_SCRYPT else parameters[2:]
    length = next((decode_integer(one.value) for one in optional if one.tag == INTEGER), None)
    if length is None or length < _SHORTEST_MAC_KEY:
        stated = "no length" if length is None else f"a length of {length} bytes"
        raise UnsupportedProtectionError(f"PBMAC1, with {stated} stated for its key where RFC 9579 wants 20 or more")
    return length


def key_derivation(kdf: Tlv, length: int, spend: Spend) -> Callable[[bytes], bytes]:
    """The function from password bytes to a key of ``length`` that a PBKDF2 or scrypt AlgorithmIdentifier describes.

    Pure but for ``spend``, of which each call of it hears first. The caller has checked the limits. Raises DerError
    and UnsupportedProtectionError, and so does the function.
    """
    oid, parameters = _split_algorithm(kdf.value)
    if oid == OID_SCRYPT:
        salt = _at(parameters, 0).value
        cost, block, parallel = (decode_integer(_at(parameters, i).value) for i in (1, 2, 3))

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
    salt, iterations = _salt_and_iterations(parameters)
    digest, stated_length = "sha1", length
    for parameter in parameters[2:]:
        if parameter.tag == SEQUENCE:
            digest = hmac_digest(_split_algorithm(parameter.value)[0])
        elif parameter.tag == INTEGER:
            stated_length = decode_integer(parameter.value)
    if stated_length != length:
        raise DerError("PBKDF2 makes a key of another length than its cipher needs")

    def pbkdf2(password: bytes) -> bytes:
        spend(iterations * -(-stated_length // hashlib.new(digest, usedforsecurity=False).digest_size))
        return hashlib.pbkdf2_hmac(digest, password, salt, iterations, stated_length)

    return pbkdf2


def _decrypt(cipher: str, key: bytes, iv: bytes, ciphertext: bytes) -> Iterator[bytes]:
    """The plaintext, if the padding is right."""
    if cipher == "rc4":
        from Cryptodome.Cipher import ARC4

        yield ARC4.new(key).decrypt(ciphertext)
        return
    block_size = 16 if cipher == "aes" else 8
    if not ciphertext or len(ciphertext) % block_size:
        raise DerError(f"{len(ciphertext)} encrypted bytes are not a multiple of {block_size}")
    if cipher == "rc2":
        from Cryptodome.Cipher import ARC2

        rc2: Any = ARC2  # its stubs lack effective_keylen
        padded = rc2.new(key, rc2.MODE_CBC, iv=iv, effective_keylen=len(key) * 8).decrypt(ciphertext)
    else:
        key = key + key[:8] if len(key) == 16 and cipher == "3des" else key  # the third key is the first again
        decryptor = Cipher(AES(key) if cipher == "aes" else TripleDES(key), modes.CBC(iv)).decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
    padding = padded[-1]
    if 1 <= padding <= block_size and padded.endswith(bytes([padding]) * padding):
        yield padded[:-padding]


def _split_algorithm(content: bytes) -> tuple[str, list[Tlv]]:
    """OID and, if they are a SEQUENCE, the parameters."""
    parts = children(content)
    has_sequence = len(parts) > 1 and parts[1].tag == SEQUENCE
    return decode_oid(_at(parts, 0).value), children(parts[1].value) if has_sequence else []


def _salt_and_iterations(parameters: list[Tlv]) -> tuple[bytes, int]:
    salt, iterations = _at(parameters, 0), decode_integer(_at(parameters, 1).value)
    if salt.tag != OCTET_STRING or iterations < 1:
        raise DerError("a key derivation without salt or iterations")
    return salt.value, iterations


def _at(parts: list[Tlv], index: int) -> Tlv:
    if index >= len(parts):
        raise DerError("incomplete algorithm parameters")
    return parts[index]


def _look_up(table: dict[str, _Found], oid: str) -> _Found:
    if oid not in table:
        raise UnsupportedProtectionError(oid)
    return table[oid]
