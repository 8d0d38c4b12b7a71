"""The ciphers that keys and keystores are encrypted with, and the names of those that are not here."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from sfkeytool.crypto.der import INTEGER, OCTET_STRING, SEQUENCE, DerError, Tlv, children, decode_integer


class UnsupportedProtectionError(ValueError):
    """An algorithm, or a use of one, that we do not have; the argument names it. Internal, like DerError.

    ``openssl`` says whether OpenSSL has it: in its "default" provider, in its "legacy" one, "none"; empty if that is
    not known here.
    """

    def __init__(self, name: str, openssl: str = "") -> None:
        super().__init__(name)
        self.openssl = openssl


class Algorithm(Struct, frozen=True):
    """A cipher in CBC mode, or RC4. ``key_bytes`` is 16 for 3DES with two keys."""

    family: str
    key_bytes: int
    effective_bits: int = 0
    """Of RC2 alone: RFC 2268."""

    @property
    def block_bytes(self) -> int:
        """Of a block, and of the initialisation vector: 0 for RC4."""
        return {"aes": 16, "rc4": 0}.get(self.family, 8)


AES_128, AES_192, AES_256 = (Algorithm("aes", length) for length in (16, 24, 32))
DES, TWO_KEY_3DES, THREE_KEY_3DES = (Algorithm("des", length) for length in (8, 16, 24))
RC4_40, RC4_128 = Algorithm("rc4", 5), Algorithm("rc4", 16)
RC2_40, RC2_64, RC2_128 = (Algorithm("rc2", bits // 8, bits) for bits in (40, 64, 128))

_BY_OID = {
    "2.16.840.1.101.3.4.1.2": AES_128,
    "2.16.840.1.101.3.4.1.22": AES_192,
    "2.16.840.1.101.3.4.1.42": AES_256,
    "1.2.840.113549.3.7": THREE_KEY_3DES,
    "1.3.14.3.2.7": DES,
}
_OID_RC2 = "1.2.840.113549.3.2"
_RC2_BITS = {160: 40, 120: 64, 58: 128}
"""Effective bits of each rc2ParameterVersion: RFC 8018, B.2.3. Those over 255 are the number itself."""

_OTHERS = {
    "1.2.392.200011.61.1.1.1.": ("Camellia", "default"),
    "1.2.410.200046.1.1.": ("ARIA", "default"),
    "1.2.156.10197.1.104.": ("SM4", "default"),
    "1.2.410.200004.1.4": ("SEED", "legacy"),
    "1.3.6.1.4.1.3029.1.2": ("Blowfish", "legacy"),
    "1.2.840.113533.7.66.10": ("CAST5", "legacy"),
    "1.3.6.1.4.1.188.7.1.1.2": ("IDEA", "legacy"),
    "1.2.840.113549.3.9": ("RC5", "none"),
    "1.2.643.": ("GOST", ""),
    "2.16.840.1.101.3.4.1.": ("AES, in another mode than CBC", ""),
}
"""How an OID begins; the cipher's name; OpenSSL's provider of it (OSSL_PROVIDER-legacy(7), 3.0)."""

_IN_PEM = {
    "AES-128-CBC": AES_128,
    "AES-192-CBC": AES_192,
    "AES-256-CBC": AES_256,
    "DES-EDE3-CBC": THREE_KEY_3DES,
    "DES-EDE-CBC": TWO_KEY_3DES,
    "DES-CBC": DES,
    "RC2-CBC": RC2_128,
    "RC2-64-CBC": RC2_64,
    "RC2-40-CBC": RC2_40,
}
_LEGACY_IN_PEM = ("DES-CFB", "DES-OFB", "RC2", "SEED", "BF", "CAST5", "IDEA", "RC5")
_DEFAULT_IN_PEM = ("AES", "CAMELLIA", "ARIA", "SM4", "DES-EDE")


def cipher_of(oid: str, parameters: Tlv) -> tuple[Algorithm, bytes]:
    """The cipher of a PBES2, and its initialisation vector: RFC 8018, B.2. Pure. Raises DerError and
    UnsupportedProtectionError."""
    if oid != _OID_RC2:
        return require_known(oid), parameters.value
    parts = children(parameters.value)
    if parameters.tag != SEQUENCE or [part.tag for part in parts] != [INTEGER, OCTET_STRING]:
        raise UnsupportedProtectionError("RC2 with 32 bits", "legacy")  # what no version stated means
    version = decode_integer(parts[0].value)
    if version < 256 and version not in _RC2_BITS:
        raise UnsupportedProtectionError(f"RC2, version {version}", "legacy")
    return rc2(None, _RC2_BITS.get(version, version)), parts[1].value


def rc2(key_bytes: int | None, effective_bits: int) -> Algorithm:
    """RC2 with a key of that length, or of none said, as long as it counts. Pure. Raises DerError."""
    length = -(-effective_bits // 8) if key_bytes is None else key_bytes
    if not (5 <= length <= 128 and 40 <= effective_bits <= 1024):
        raise DerError("impossible parameters of RC2")
    return Algorithm("rc2", length, effective_bits)


def require_known(oid: str) -> Algorithm:
    """The cipher, in CBC mode, that has this OID. Pure. Raises UnsupportedProtectionError."""
    if oid not in _BY_OID:
        raise UnsupportedProtectionError(*next((is_ for at, is_ in _OTHERS.items() if oid.startswith(at)), (oid, "")))
    return _BY_OID[oid]


def cipher_named(name: str) -> Algorithm:
    """The cipher that OpenSSL calls ``name`` in a DEK-Info. Pure. Raises UnsupportedProtectionError."""
    if name not in _IN_PEM:
        openssl = "legacy" if name.startswith(_LEGACY_IN_PEM) else "default" if name.startswith(_DEFAULT_IN_PEM) else ""
        raise UnsupportedProtectionError(name, openssl)
    return _IN_PEM[name]


def decrypt(algorithm: Algorithm, key: bytes, iv: bytes, ciphertext: bytes) -> Iterator[bytes]:
    """The plaintext, if its padding is right; of RC4, which has none, whatever comes out. Secret. Pure. Raises DerError
    for what no such cipher wrote."""
    block_bytes = algorithm.block_bytes
    if not block_bytes:
        from Cryptodome.Cipher import ARC4

        yield ARC4.new(key).decrypt(ciphertext)
        return
    if len(iv) != block_bytes:
        raise DerError(f"an initialisation vector of {len(iv)} bytes")
    if not ciphertext or len(ciphertext) % block_bytes:
        raise DerError(f"{len(ciphertext)} encrypted bytes are not a multiple of {block_bytes}")
    if algorithm.family == "rc2":
        from Cryptodome.Cipher import ARC2

        arc2: Any = ARC2  # its stubs lack effective_keylen
        padded = arc2.new(key, arc2.MODE_CBC, iv=iv, effective_keylen=algorithm.effective_bits).decrypt(ciphertext)
    else:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, modes
        from cryptography.hazmat.primitives.ciphers.algorithms import AES

        # DES is 3DES with one key three times; with two keys, the third is the first again.
        cipher = AES(key) if algorithm.family == "aes" else TripleDES((key * 3)[:24])
        decryptor = Cipher(cipher, modes.CBC(iv)).decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
    padding = padded[-1]
    if 1 <= padding <= block_bytes and padded.endswith(bytes([padding]) * padding):
        yield padded[:-padding]
