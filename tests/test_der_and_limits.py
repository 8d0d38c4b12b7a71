"""The TLV reader and the limits on what an input may cost."""

import contextlib
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from pfx import tlv

from sfkeytool.crypto import limits
from sfkeytool.crypto.der import DerError, children, decode_integer, decode_oid, join_octets, read_tlv
from sfkeytool.errors import PrivateKeyError


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(content: str) -> bytes:
    return tlv(0x06, bytes.fromhex(content))


def indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 70_000])
def test_definite_lengths_are_read(length: int) -> None:
    element = read_tlv(b"??" + tlv(0x04, bytes(length)) + b"rest", 2)
    assert (element.tag, len(element.value), element.end) == (0x04, length, 2 + element.header_length + length)


def test_indefinite_lengths_nest() -> None:
    data = indefinite(0x30, indefinite(0xA0, integer(5)), tlv(0x04, b"\0\0\0\0"), indefinite(0x24))
    element = read_tlv(data + b"rest")
    assert element.end == len(data)
    assert [part.tag for part in children(element.value)] == [0xA0, 0x04, 0x24]


def test_constructed_octet_strings_are_joined() -> None:
    parts = indefinite(0x24, tlv(0x04, b"one"), indefinite(0x24, tlv(0x04, b" two")), tlv(0x24, tlv(0x04, b" three")))
    assert join_octets(read_tlv(parts)) == b"one two three"
    with pytest.raises(DerError):
        join_octets(read_tlv(tlv(0x24, integer(1))))


@pytest.mark.parametrize(
    ("content", "dotted"),
    [("2a864886f70d010701", "1.2.840.113549.1.7.1"), ("550403", "2.5.4.3"), ("883703", "2.999.3"), ("27", "0.39")],
)
def test_object_identifiers_are_read(content: str, dotted: str) -> None:
    assert decode_oid(bytes.fromhex(content)) == dotted


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x2a\x86", b"\x2a" + b"\x81" * 100 + b"\x01"])
def test_malformed_object_identifiers_are_refused(content: bytes) -> None:
    with pytest.raises(DerError):
        decode_oid(content)


@given(st.integers(-(2**200), 2**200))
def test_integers_are_read(number: int) -> None:
    assert decode_integer(children(integer(number))[0].value) == number


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x00",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x82\x01",
        b"\x04\x80\x00\x00",
        b"\x30\x80\x02\x01\x01",
        b"\x30\x80\x00\x01\x00\x00\x00",
        b"\x1f\x81\x01\x00",
        b"\x30\x80" * 100_000,
        b"\x30\x80" * 40 + b"\0\0" * 40,
        indefinite(0x30, b"\x05\x00" * 60_000),
    ],
    ids=lambda data: f"{data[:8].hex()}x{len(data)}",
)
def test_malformed_and_bottomless_data_is_refused(data: bytes) -> None:
    with pytest.raises(DerError):
        read_tlv(data)


def test_more_parts_than_anyone_has_are_refused() -> None:
    with pytest.raises(DerError):
        children(b"\x05\x00" * 60_000)


def test_deep_constructed_strings_are_refused() -> None:
    data = b"\x04\x00"
    for _ in range(100):
        data = tlv(0x24, data)
    with pytest.raises(DerError):
        join_octets(read_tlv(data))


@given(st.binary(max_size=100))
def test_any_bytes_give_a_value_or_a_der_error(data: bytes) -> None:
    for read in (read_tlv, children, decode_oid, decode_integer, lambda octets: join_octets(read_tlv(octets))):
        with contextlib.suppress(DerError):
            read(data)


def test_sixteen_megabytes_of_noise_are_judged_quickly() -> None:
    begun = time.monotonic()
    for data in (b"\x30\x80" * (8 << 20), b"\x05\x00" * (8 << 20), b"\x24\x80" + b"\x04\x01\x00" * (5 << 20)):
        for read in (read_tlv, children):
            with contextlib.suppress(DerError):
                read(data)
    assert time.monotonic() - begun < 5


# --- limits

PBES2, PBKDF2, SCRYPT = oid("2a864886f70d01050d"), oid("2a864886f70d01050c"), oid("2b06010401da47040b")
AES = sequence(oid("60864801650304012a"), tlv(0x04, bytes(16)))


def pbkdf2(iterations: int, salt: bytes = b"saltsalt", *more: bytes) -> bytes:
    return sequence(PBES2, sequence(sequence(PBKDF2, sequence(tlv(0x04, salt), integer(iterations), *more)), AES))


def scrypt(cost: int, block: int, parallel: int) -> bytes:
    parameters = sequence(tlv(0x04, b"saltsalt"), integer(cost), integer(block), integer(parallel))
    return sequence(PBES2, sequence(sequence(SCRYPT, parameters), AES))


def pbe(algorithm: str, iterations: int) -> bytes:
    return sequence(oid(algorithm), sequence(tlv(0x04, b"saltsalt"), integer(iterations)))


OLD_PBES = {"md5-des": "2a864886f70d010503", "pkcs12-3des": "2a864886f70d010c0103", "sun-jceks": "2b060104012a021301"}


@pytest.mark.parametrize(
    "algorithm",
    [
        pbkdf2(5_000_001),
        pbkdf2(2**2000),
        pbkdf2(1, bytes(2000)),
        pbkdf2(1, b"saltsalt", integer(1_000_000)),
        scrypt(2**18, 8, 1),
        scrypt(2**14, 8, 1000),
        scrypt(2**1000, 2**1000, 1),
        *(pbe(algorithm, 5_000_001) for algorithm in OLD_PBES.values()),
    ],
)
def test_what_costs_too_much_is_refused(algorithm: bytes) -> None:
    encrypted_key = sequence(algorithm, tlv(0x04, bytes(64)))
    for check, der in ((limits.check_kdf, algorithm), (limits.check_encrypted_pkcs8, encrypted_key)):
        with pytest.raises(PrivateKeyError) as caught:
            check(der, "x.key")
        assert caught.value.code == "key.kdf-too-expensive"
        assert caught.value.message.startswith("x.key ")
        assert len(caught.value.message) < 200


def test_what_people_use_passes() -> None:
    assert limits.check_kdf(pbkdf2(5_000_000), "x") == 5_000_000
    assert limits.check_kdf(scrypt(2**17, 8, 1), "x") > 0
    for algorithm in OLD_PBES.values():
        assert limits.check_kdf(pbe(algorithm, 2048), "x") == 2048
    key = ed25519.Ed25519PrivateKey.generate()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"pw"))
    assert limits.check_encrypted_pkcs8(der, "x") > 0


def test_a_negative_cost_is_no_cost() -> None:
    for number in (0, -1, -(2**100)):
        limits.check_kdf(pbkdf2(number), "x")
        limits.check_kdf(scrypt(number, 8, 1), "x")


@given(st.binary(max_size=60))
def test_unreadable_parameters_are_left_to_the_loader(noise: bytes) -> None:
    for der in (noise, sequence(noise), sequence(PBES2, noise), sequence(PBES2, sequence(sequence(PBKDF2, noise)))):
        limits.check_kdf(der, "x")
        limits.check_encrypted_pkcs8(der, "x")
        limits.check_modulus(der, "x")


def rsa_private_key(modulus: int, exponent: int = 65537) -> bytes:
    return sequence(integer(0), integer(modulus), integer(exponent), *[integer(1)] * 6)


def pkcs8(inner: bytes) -> bytes:
    return sequence(integer(0), sequence(oid("2a864886f70d010101"), b"\x05\x00"), tlv(0x04, inner))


@pytest.mark.parametrize("wrap", [lambda inner: inner, pkcs8], ids=["pkcs1", "pkcs8"])
def test_a_modulus_above_the_limit_is_refused_and_one_at_it_passes(wrap: object) -> None:
    assert callable(wrap)
    limits.check_modulus(wrap(rsa_private_key(2**8191 + 1)), "x.key")
    with pytest.raises(PrivateKeyError) as caught:
        limits.check_modulus(wrap(rsa_private_key(2**8192 + 1)), "x.key")
    assert caught.value.code == "key.too-large"
    assert "8193 bits" in caught.value.message


def test_keys_of_other_kinds_pass() -> None:
    for key in (
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        limits.check_modulus(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), "x.key")
