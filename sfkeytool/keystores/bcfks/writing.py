"""BCFKS, written as Bouncy Castle's own keystore writes it unless it is told otherwise."""

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from sfkeytool.crypto.der import (
    GENERALIZED_TIME,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    UTF8_STRING,
    encode_integer,
    encode_oid,
    encode_tlv,
)
from sfkeytool.crypto.limits import OID_PBES2, OID_PBKDF2
from sfkeytool.keystores.bcfks.protection import AES_256_CCM, HMAC_SHA512, ITERATIONS, Use, password_bytes
from sfkeytool.keystores.bcfks.reading import PRIVATE_KEY
from sfkeytool.passwords import MINIMUM_BCFKS_LENGTH, Secret

_SALT_BYTES, _NONCE_BYTES, _TAG_BYTES = 64, 12, 8
_CIPHER_KEY_BYTES, _MAC_KEY_BYTES = 32, 64


def encode_bcfks(
    *,
    alias: str,
    key_pkcs8: bytes,
    chain_der: Sequence[bytes],
    password: Secret,
    created_at_ms: int,
    iterations: int = ITERATIONS,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """A BCFKS with one private key entry: the key as PKCS#8 DER, the chain as DER, leaf first. Secret.

    Key password = store password. BCFKS counts whole seconds. ``iterations`` and ``random``, which is asked for
    salts and nonces, are for tests; the default is new random bytes, the one effect.

    Raises ValueError for an alias with upper-case letters, since a JKS of the same name has none; and for a password
    under 14 characters (MINIMUM_BCFKS_LENGTH).
    """
    if alias != alias.lower():
        raise ValueError("the alias is lower-case")
    if password.length < MINIMUM_BCFKS_LENGTH:
        raise ValueError(f"the password has at least {MINIMUM_BCFKS_LENGTH} characters")
    protection = Protection(password, iterations, random)
    moment = datetime.fromtimestamp(created_at_ms // 1000, UTC)
    date = encode_tlv(GENERALIZED_TIME, f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode())
    entry = encode_tlv(
        SEQUENCE,
        encode_integer(PRIVATE_KEY),
        encode_tlv(UTF8_STRING, alias.encode()),
        date,
        date,
        encode_tlv(
            OCTET_STRING,
            encode_tlv(SEQUENCE, protection.encrypt(key_pkcs8, Use.PRIVATE_KEY), encode_tlv(SEQUENCE, *chain_der)),
        ),
    )
    data = encode_tlv(SEQUENCE, encode_integer(1), _HMAC_DER, date, date, encode_tlv(SEQUENCE, entry))
    encrypted = protection.encrypt(data, Use.STORE)
    return encode_tlv(SEQUENCE, encrypted, protection.seal(encrypted))


class Protection:
    """Encrypts and seals with a password; each key, salt and nonce is used once."""

    def __init__(self, password: Secret, iterations: int, random: Callable[[int], bytes]) -> None:
        self._password = password
        self._iterations = iterations
        self._random = random

    def encrypt(self, plaintext: bytes, use: Use) -> bytes:
        """AlgorithmIdentifier and OCTET STRING in a SEQUENCE, DER, as both the store and a key are encrypted."""
        key, kdf = self._derive(use, _CIPHER_KEY_BYTES)
        nonce = self._random(_NONCE_BYTES)
        parameters = encode_tlv(SEQUENCE, encode_tlv(OCTET_STRING, nonce), encode_integer(_TAG_BYTES))
        scheme = encode_tlv(SEQUENCE, encode_oid(AES_256_CCM), parameters)
        algorithm = encode_tlv(SEQUENCE, encode_oid(OID_PBES2), encode_tlv(SEQUENCE, kdf, scheme))
        ciphertext = AESCCM(key, _TAG_BYTES).encrypt(nonce, plaintext, None)
        return encode_tlv(SEQUENCE, algorithm, encode_tlv(OCTET_STRING, ciphertext))

    def seal(self, content: bytes) -> bytes:
        """The integrity check of ``content``, DER."""
        key, kdf = self._derive(Use.INTEGRITY, _MAC_KEY_BYTES)
        return encode_tlv(SEQUENCE, _HMAC_DER, kdf, encode_tlv(OCTET_STRING, hmac.digest(key, content, "sha512")))

    def _derive(self, use: Use, length: int) -> tuple[bytes, bytes]:
        """A key, and the AlgorithmIdentifier of its derivation, DER."""
        salt = self._random(_SALT_BYTES)
        fed = password_bytes(self._password, use)
        key = hashlib.pbkdf2_hmac("sha512", fed, salt, self._iterations, length)
        numbers = (encode_integer(self._iterations), encode_integer(length))
        parameters = encode_tlv(SEQUENCE, encode_tlv(OCTET_STRING, salt), *numbers, _HMAC_DER)
        return key, encode_tlv(SEQUENCE, encode_oid(OID_PBKDF2), parameters)


_HMAC_DER = encode_tlv(SEQUENCE, encode_oid(HMAC_SHA512), encode_tlv(NULL))
