"""Private keys: making, loading, writing, and proving that one fits a certificate."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TypeAlias

from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from sfkeytool.crypto import limits
from sfkeytool.crypto.ciphers import UnsupportedProtectionError
from sfkeytool.crypto.der import OID, SEQUENCE, DerError, children, decode_oid, read_tlv
from sfkeytool.crypto.pbe import decrypt_pkcs8, decrypt_traditional
from sfkeytool.crypto.pem import PemBlock, parse_pem
from sfkeytool.crypto.rsa_numbers import RsaNumbers
from sfkeytool.errors import PrivateKeyError, PrivateKeyPasswordError, SelfCheckError
from sfkeytool.model import Opaque
from sfkeytool.passwords import SOURCES, Secret
from sfkeytool.shell import path_argument, shell_line

PrivateKey: TypeAlias = PrivateKeyTypes
PublicKey: TypeAlias = PublicKeyTypes

SUPPORTED_BITS = (2048, 3072, 4096)
"""Salesforce Help, "Exporting and Importing Certificates with a Keystore", error table (read 2026)."""

PSS_ONLY = "RSASSA-PSS"
"""An RSA key that its certificate allows for RSASSA-PSS alone (RFC 4055, 1.2): not for RS256."""

_PUBLIC_EXPONENT = 65537

_OID_EC = "1.2.840.10045.2.1"

_DEK_INFO = re.compile(rb"^DEK-Info:([ -~]*)$", re.MULTILINE)
"""The header of PEM that OpenSSL encrypted before PKCS#8."""

_MAX_PASSWORD_BYTES = 1023
"""cryptography's (OpenSSL's) own limit when it encrypts a key."""


class LoadedKey(Opaque, frozen=True):
    """A loaded private key (secret). ``password`` is what opened it; None if it was not encrypted."""

    key: PrivateKey
    password: Secret | None = None


def generate_key(bits: int) -> rsa.RSAPrivateKey:
    """A new RSA key of ``bits`` (one of SUPPORTED_BITS), public exponent 65537. Secret."""
    return rsa.generate_private_key(_PUBLIC_EXPONENT, bits)


def parse_private_key(data: bytes, label: str, passwords: Sequence[Secret], *, validate: bool = True) -> LoadedKey:
    """Load one key from PEM (PKCS#8, PKCS#1 and SEC 1 with or without DEK-Info) or DER (PKCS#8, PKCS#1, SEC 1).

    Each password is tried. An RSA key is put to the test of load_tested(): of one that is only looked at it suffices
    that its numbers belong together, and validate_key() has it sign later. Raises
    PrivateKeyPasswordError (``key.password-needed``, ``key.wrong-password``), or PrivateKeyError for a key that is
    malformed, encrypted in a way that is not known here, or would take absurdly long to open; InputError for PEM that
    is cut short. The result is secret. Pure.
    """
    block = _private_key_block(data, label) if b"-----BEGIN " in data else None
    der = data if block is None else block.der
    dek_info = _DEK_INFO.search(block.text) if block is not None and block.headers else None
    password = None
    if dek_info is not None or _is_encrypted_pkcs8(der):
        limits.check_encrypted_pkcs8(b"" if dek_info else der, label)
        with _naming_what_is_wrong(label, der=block is None):
            spend = partial(limits.spend, label=label)
            if dek_info is not None:
                opened = decrypt_traditional(dek_info[1].decode(), der, passwords, spend)
            else:
                opened = decrypt_pkcs8(der, passwords, spend)
        if opened is None:
            raise _not_opened(label, passwords)
        der, password = opened
    limits.check_modulus(der, label)
    return LoadedKey(_load(der, label, validate=validate), password)


def _is_encrypted_pkcs8(der: bytes) -> bool:
    """Whether it begins with an algorithm, where all others have a version."""
    try:
        return [part.tag for part in children(read_tlv(der).value)[:1]] == [SEQUENCE]
    except DerError:
        return False


@contextmanager
def _naming_what_is_wrong(label: str, *, der: bool) -> Iterator[None]:
    """What the decryption meets becomes a PrivateKeyError: key.malformed or key.unsupported."""
    try:
        yield
    except UnsupportedProtectionError as error:
        raise PrivateKeyError(
            "key.unsupported",
            f"{label}: the private key is encrypted with an algorithm that sfkeytool does not have: {error}",
            *_conversions(label, error.openssl, der=der),
        ) from None
    except DerError as error:
        raise PrivateKeyError(
            "key.malformed", f"{label}: the encrypted private key is damaged or cut short: {error}"
        ) from None


def _conversions(label: str, openssl: str, *, der: bool) -> tuple[str, ...]:
    """Hints with the commands that make a copy of a key that is encrypted in a usual way."""
    if openssl == "none":
        return ("OpenSSL does not have it either: ask whoever made the key for one in another encryption",)
    encrypting = ["-topk8", "-v2", "aes256"]
    given = ["-in", path_argument(label), "-out", "COPY", *(["-inform", "DER"] if der else [])]
    words = ["openssl", "pkcs8", *encrypting, *given]
    if openssl != "legacy" and not der:
        return (f"this re-encrypts it in a usual way{'' if openssl else ', if OpenSSL has it'}: {shell_line(words)}",)
    if openssl == "legacy":
        words += ["-provider", "legacy", "-provider", "default"]
    before = ["openssl", "pkcs8", *([] if der else encrypting), *given]  # 1.1 reads no encrypted DER under -topk8
    return (
        f"this re-encrypts it in a usual way, with OpenSSL 3 or later: {shell_line(words)}",
        f"with OpenSSL 1.1, or LibreSSL{', it is written in clear' if der else ''}: {shell_line(before)}",
    )


def _not_opened(label: str, passwords: Sequence[Secret]) -> PrivateKeyPasswordError:
    if passwords:
        return PrivateKeyPasswordError("key.wrong-password", f"wrong password for {label}, or the file is damaged")
    return PrivateKeyPasswordError(
        "key.password-needed",
        f"{label} is encrypted and needs its password",
        f"give it as SOURCE ({SOURCES}): --password to show, check, unwrap, compare, login, audit;"
        " --input-password to wrap, csr, self-signed",
    )


def validate_key(key: PrivateKey, label: str) -> PrivateKey:
    """A key that was loaded without, put to the test. Raises PrivateKeyError ``key.malformed``. Secret. Pure."""
    if not isinstance(key, rsa.RSAPrivateKey):
        return key  # the others have no such step
    return _load(encode_key_pkcs8(key), label, validate=True)


def _private_key_block(data: bytes, label: str) -> PemBlock:
    """The first private key among the PEM blocks: openssl puts EC PARAMETERS or certificates before it."""
    for block in parse_pem(data, label):
        if block.label.endswith("PRIVATE KEY"):
            return block
    raise PrivateKeyError("key.malformed", f"{label} holds no private key")


def _load(der: bytes, label: str, *, validate: bool) -> PrivateKey:
    try:
        key = load_tested(der, sign=validate)
        if key is None:
            key = serialization.load_der_private_key(der, None)  # which says whether that is allowed
    except UnsupportedAlgorithm:
        raise _unsupported(label) from None
    except (ValueError, TypeError):
        if _is_on_an_unknown_curve(der):
            raise _unsupported(label) from None
        raise PrivateKeyError("key.malformed", f"{label}: the private key is damaged, or is none") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > limits.MAX_MODULUS_BITS:
        raise PrivateKeyError("key.too-large", f"{label}: an RSA key of {key.key_size} bits is refused")
    return key


def load_tested(der: bytes, *, sign: bool) -> PrivateKey | None:
    """A key in DER; None for an RSA key that fails a test of ours, which takes half a millisecond where the library's
    validation takes 25 to 320.

    Its numbers have to belong together (RsaNumbers) and, if ``sign``, what it signs to be verified. What that leaves
    open is a factor that is no prime, beside numbers that were computed from it. A signature is then Fermat's test of
    that factor, to a random base: one that came about by accident passes with a probability beyond all counting. One
    that was chosen, a Carmichael number, passes and signs as well as any other. Whoever chose it knows the key
    anyway, and withstands_validation() finds it.

    Raises ValueError, TypeError or UnsupportedAlgorithm for what is no key. Secret. Pure but for the message's
    randomness.
    """
    key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size > limits.MAX_MODULUS_BITS:
        return key
    return key if _numbers(key).consistent() and (not sign or _signs_for(key, key.public_key())) else None


@lru_cache(maxsize=64)
def withstands_validation(key_pkcs8: bytes) -> bool:
    """Whether the library's own validation takes a key that it can read: 64 tests of each factor for being prime, 25 to
    320 ms. Copies of a key are validated once. Pure."""
    try:
        serialization.load_der_private_key(key_pkcs8, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True  # nothing is known of it
    try:
        serialization.load_der_private_key(key_pkcs8, None)
    except ValueError:
        return False
    return True


def _is_on_an_unknown_curve(pkcs8: bytes) -> bool:
    """Of a key on one, cryptography before 47 says no more than that it is malformed."""
    from cryptography.x509 import ObjectIdentifier

    try:
        _, algorithm, *_ = children(read_tlv(pkcs8).value)
        kind, curve = children(algorithm.value)
        if (kind.tag, curve.tag) != (OID, OID) or decode_oid(kind.value) != _OID_EC:
            return False
        ec.get_curve_for_oid(ObjectIdentifier(decode_oid(curve.value)))
    except LookupError:
        return True
    except ValueError:  # no PKCS#8, or one with other parameters
        return False
    return False


def _numbers(key: rsa.RSAPrivateKey) -> RsaNumbers:
    numbers = key.private_numbers()
    public = numbers.public_numbers
    return RsaNumbers(public.n, public.e, numbers.d, (numbers.p, numbers.q), (numbers.dmp1, numbers.dmq1), numbers.iqmp)


def _unsupported(label: str) -> PrivateKeyError:
    return PrivateKeyError(
        "key.unsupported",
        f"{label}: the private key is of a kind that is not known here",
        "Salesforce takes RSA keys only; openssl may know what this one is: "
        + shell_line(["openssl", "pkey", "-noout", "-text_pub", "-in", path_argument(label)]),
    )


def require_supported(key: PrivateKey, label: str) -> rsa.RSAPrivateKey:
    """``key``, if it is one that Certificate and Key Management takes. Raises PrivateKeyError. Pure."""
    if not isinstance(key, rsa.RSAPrivateKey):
        raise PrivateKeyError(
            "key.not-rsa",
            f"the key in {label} is not RSA but {describe_key_kind(key.public_key())[0]}; Salesforce takes RSA only"
            ' ("The key is not an RSA key.")',
            "start over with a new key, under another NAME or with this one moved away: "
            + shell_line(["sfkeytool", "csr", "NAME"]),
        )
    if key.key_size not in SUPPORTED_BITS:
        raise PrivateKeyError(
            "key.unsupported-size",
            f"{label} is an RSA key of {key.key_size} bits; Salesforce takes 2048, 3072 or 4096"
            ' ("Imported keys must have a bit size of 2048, 3072, or 4096.")',
            "start over with a new key, under another NAME or with this one moved away: "
            + shell_line(["sfkeytool", "csr", "NAME"]),
        )
    return key


def describe_key_kind(key: PublicKey) -> tuple[str, int | None]:
    """The kind of key as people say it (RSA, EC, Ed25519 …), and its size in bits where that means something."""
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}", key.curve.key_size
        case dsa.DSAPublicKey():
            return "DSA", key.key_size
        case ed25519.Ed25519PublicKey():
            return "Ed25519", None
        case ed448.Ed448PublicKey():
            return "Ed448", None
    return type(key).__name__.removesuffix("PublicKey").strip("_"), None


def spki_der(key: PublicKey) -> bytes:
    """The SubjectPublicKeyInfo of a public key, DER. Pure."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_key_sha256(key: PublicKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, colon-separated upper-case hex. Pure."""
    return hashlib.sha256(spki_der(key)).digest().hex(":").upper()


def encode_key_pkcs8(key: PrivateKey) -> bytes:
    """The key as unencrypted PKCS#8, DER. Secret. Pure."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def encode_key_pem(key: PrivateKey, password: Secret | None) -> bytes:
    """The key as PKCS#8 PEM, encrypted (AES-256, PBKDF2-SHA256 × 2048, fixed by cryptography) if there is a password.

    Secret either way. Pure but for the salt.
    """
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        if password.length == 0:
            raise PrivateKeyPasswordError("key.empty-password", "a key cannot be encrypted with an empty password")
        if len(password.reveal().encode()) > _MAX_PASSWORD_BYTES:
            raise PrivateKeyPasswordError(
                "key.password-too-long", f"a key's password has at most {_MAX_PASSWORD_BYTES} bytes"
            )
        encryption = serialization.BestAvailableEncryption(password.reveal().encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def prove_pair(key: rsa.RSAPrivateKey, certificate_der: bytes) -> None:
    """Sign with the key, verify with the certificate as it was read back. Raises SelfCheckError."""
    from sfkeytool.crypto.certificate import Certificate

    try:
        public = Certificate(certificate_der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        public = None
    if not isinstance(public, rsa.RSAPublicKey) or not _signs_for(key, public):
        raise SelfCheckError("internal.pair", "the key and the certificate that were made do not belong together")


def _signs_for(key: rsa.RSAPrivateKey, public: rsa.RSAPublicKey) -> bool:
    """Whether ``public`` verifies what the key signs: a random message. False also where it cannot sign."""
    message = os.urandom(32)
    try:
        signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, InternalError, UnsupportedAlgorithm, ValueError):
        return False
    return True
