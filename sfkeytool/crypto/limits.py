"""What an input may cost, checked before anything is derived or loaded.

A key file names its own price: iterations, scrypt's memory, the size of a modulus. Unchecked, 200 bytes keep a
processor busy for hours. DER that cannot be read here is left for the loader to complain about.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sfkeytool.crypto.der import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Tlv,
    children,
    decode_integer,
    decode_oid,
    join_octets,
    read_tlv,
)
from sfkeytool.errors import PrivateKeyError

MAX_INPUT_BYTES = 16 * 1024 * 1024
"""A PFX with a chain has under 10 kB, Java's whole cacerts 170 kB."""

MAX_KDF_ITERATIONS = 5_000_000
"""Also Java's own limit for PKCS#12 and JCEKS. OWASP advises 600,000 (PBKDF2-SHA256, 2023); seconds in all."""

MAX_KDF_ITERATIONS_A_RUN = 100_000_000
"""Of all files, with all passwords that are tried: our own bound, about a minute. Of keytool's PFX files it opens a
thousand."""

MAX_MODULUS_BITS = 8192
"""Twice what Salesforce takes. Loading validates, and that grows with the cube of the size."""

MAX_SALT_BYTES = 1024
"""openssl writes 8 or 16 bytes, keytool 20, NSS up to 64."""

MAX_SCRYPT_BYTES = 128 * 1024 * 1024
"""N * r * 128, the memory that scrypt fills. openssl's default takes 16 MiB."""

MAX_SCRYPT_PARALLELISM = 16
"""scrypt's p multiplies the time; everybody writes 1."""

MAX_DERIVED_BYTES = 64
"""The longest key that a cipher or MAC here needs; PBKDF2 starts over for every 20 to 64 bytes."""

OID_PBES2 = "1.2.840.113549.1.5.13"
OID_PBMAC1 = "1.2.840.113549.1.5.14"
OID_PBKDF2 = "1.2.840.113549.1.5.12"
OID_SCRYPT = "1.3.6.1.4.1.11591.4.11"
OID_SUN_JCEKS = "1.3.6.1.4.1.42.2.19.1"

_PBES1_PREFIXES = ("1.2.840.113549.1.5.", "1.2.840.113549.1.12.1.")


def check_kdf(algorithm_identifier_der: bytes, label: str) -> int:
    """What an encryption's AlgorithmIdentifier costs, in iterations; 0 if it asks for none or is unreadable.

    Knows PBES2 and PBMAC1 with PBKDF2 or scrypt, PBES1, the PBEs of PKCS#12 and Sun's PBE of JCEKS. Pure. Raises
    PrivateKeyError ``key.kdf-too-expensive`` above the limits of this module.
    """
    try:
        oid, parameters = _split_algorithm(read_tlv(algorithm_identifier_der))
        if oid in (OID_PBES2, OID_PBMAC1):
            oid, parameters = _split_algorithm(parameters[0])
        if oid == OID_SCRYPT:
            return _check_scrypt(parameters, label)
        if oid in (OID_SUN_JCEKS, OID_PBKDF2) or oid.startswith(_PBES1_PREFIXES):
            check_salt(len(join_octets(parameters[0])), label)
            for more in parameters[2:]:
                if more.tag == INTEGER and _clamped(more) > MAX_DERIVED_BYTES:
                    raise _too_expensive(label, f"asks for {_say(_clamped(more))} bytes of key", MAX_DERIVED_BYTES)
            return check_iterations(_clamped(parameters[1]), label)
    except (DerError, IndexError):
        pass
    return 0


def check_iterations(iterations: int, label: str) -> int:
    """``iterations`` again. Pure. Raises PrivateKeyError ``key.kdf-too-expensive`` above the limit."""
    if iterations > MAX_KDF_ITERATIONS:
        raise _too_expensive(label, f"asks for {_say(iterations)} iterations of key derivation", MAX_KDF_ITERATIONS)
    return iterations


class _Run:
    """What is left of a run's iterations; None where nobody counts."""

    left: int | None = None


@contextmanager
def kdf_budget() -> Iterator[Callable[[], int]]:
    """While it is open, spend() counts what all files cost together, in all threads; yields how much that is so far."""
    before, _Run.left = _Run.left, MAX_KDF_ITERATIONS_A_RUN
    try:
        yield lambda: MAX_KDF_ITERATIONS_A_RUN - (_Run.left or 0)
    finally:
        _Run.left = before


def spend(iterations: int, label: str) -> None:
    """To be called before each derivation, with each password. Raises PrivateKeyError ``key.kdf-too-expensive`` where
    the run has none left for it; what costs less is opened still."""
    if _Run.left is None:
        return
    if iterations > _Run.left:
        raise PrivateKeyError(
            "key.kdf-too-expensive",
            f"{label} asks for {_say(iterations)} iterations of key derivation more, where a run of sfkeytool makes at"
            f" most {MAX_KDF_ITERATIONS_A_RUN:,} for all files and passwords",
            "give fewer files, or fewer passwords, at a time",
        )
    _Run.left -= max(iterations, 0)


def check_salt(length_bytes: int, label: str) -> None:
    """Nothing. Pure. Raises PrivateKeyError ``key.kdf-too-expensive`` for a salt that no maker writes."""
    if length_bytes > MAX_SALT_BYTES:
        raise _too_expensive(label, f"has a key derivation salt of {_say(length_bytes)} bytes", MAX_SALT_BYTES)


def check_encrypted_pkcs8(der: bytes, label: str) -> int:
    """check_kdf() for the EncryptedPrivateKeyInfo ``der``."""
    try:
        outer = read_tlv(der)
        if outer.tag == SEQUENCE:
            return check_kdf(outer.value, label)  # the AlgorithmIdentifier is its first element
    except DerError:
        pass
    return 0


def check_modulus(pkcs8_or_pkcs1_der: bytes, label: str) -> None:
    """Nothing. Pure. Raises PrivateKeyError ``key.too-large`` for an unencrypted RSA key with a number that is too big.

    The primes and exponents count as well: they cost as much as the modulus, and are no larger in an honest key.
    """
    try:
        parts = children(read_tlv(pkcs8_or_pkcs1_der).value)
        if [part.tag for part in parts[:3]] == [INTEGER, SEQUENCE, OCTET_STRING]:
            parts = children(read_tlv(parts[2].value).value)
        numbers = [part.value for part in parts if part.tag == INTEGER]
    except DerError:
        return
    bits = max((_bit_length(number) for number in numbers), default=0)
    if bits > MAX_MODULUS_BITS:
        raise PrivateKeyError(
            "key.too-large", f"{label}: an RSA key of {bits} bits; sfkeytool loads at most {MAX_MODULUS_BITS}"
        )


def _split_algorithm(algorithm: Tlv) -> tuple[str, list[Tlv]]:
    parts = children(algorithm.value)
    return decode_oid(parts[0].value), children(parts[1].value)


def _check_scrypt(parameters: list[Tlv], label: str) -> int:
    check_salt(len(parameters[0].value), label)
    cost, block, parallel = (_clamped(part) for part in parameters[1:4])
    if cost * block * 128 > MAX_SCRYPT_BYTES:
        raise _too_expensive(label, f"asks scrypt for {_say(cost * block * 128)} bytes of memory", MAX_SCRYPT_BYTES)
    if parallel > MAX_SCRYPT_PARALLELISM:
        raise _too_expensive(label, f"asks scrypt for {_say(parallel)} rounds (p)", MAX_SCRYPT_PARALLELISM)
    return max(cost * block * parallel, 0)  # one of scrypt's block mixes costs about one PBKDF2 iteration


def _clamped(element: Tlv) -> int:
    """An INTEGER, cut to 64 bits: nothing here tells larger ones apart, and Python refuses to print huge ones."""
    if len(element.value) <= 8:
        return decode_integer(element.value)
    return -1 if element.value[0] & 0x80 else 2**64


def _say(number: int) -> str:
    return f"{number:,}" if number < 2**64 else "more than 2^64"


def _bit_length(content: bytes) -> int:
    stripped = content.lstrip(b"\0")
    return (len(stripped) - 1) * 8 + stripped[0].bit_length() if stripped else 0


def _too_expensive(label: str, asks: str, limit: int) -> PrivateKeyError:
    return PrivateKeyError("key.kdf-too-expensive", f"{label} {asks}; sfkeytool allows at most {limit:,}")
