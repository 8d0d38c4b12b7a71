"""JCEKS, BKS and UBER through pyjks: keytool's and Bouncy Castle's files, limits, and broken files."""

import contextlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_java import java_make

from sfkeytool.errors import KeystoreError, KeystorePasswordError, PrivateKeyError, SfkeytoolError
from sfkeytool.keystores.jks import store_digest
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.other_java import MAX_UBER_BYTES, parse_other_java
from sfkeytool.keystores.store import Keystore, StoreType
from sfkeytool.passwords import Secret

FIXTURES = Path(__file__).parent.parent / "fixtures" / "keystores"
FILES = {
    StoreType.JCEKS: "keytool.jceks",
    StoreType.BKS: "bouncycastle.bks",
    StoreType.UBER: "bouncycastle.uber",
}


def der_of_certificate(name: str) -> bytes:
    return x509.load_pem_x509_certificate((FIXTURES / name).read_bytes()).public_bytes(Encoding.DER)


def pkcs8_of_key(name: str) -> bytes:
    key = load_pem_private_key((FIXTURES / name).read_bytes(), None)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


FIRST_KEY, SECOND_KEY = pkcs8_of_key("first.key"), pkcs8_of_key("second.key")
FIRST, ROOT, SECOND = (der_of_certificate(name) for name in ("first.crt", "root.crt", "second.crt"))


def fixture(type: StoreType) -> bytes:
    return (FIXTURES / FILES[type]).read_bytes()


def open_as(type: StoreType, data: bytes, *passwords: str) -> Keystore:
    return open_keystore(data, "x.store", type, [Secret(password) for password in passwords])


@pytest.mark.parametrize("type", FILES)
def test_every_entry_comes_out_of_a(type: StoreType) -> None:
    store = open_as(type, fixture(type), "", "otherpass", "changeit")
    assert store.type == type
    assert store.password == Secret("changeit")
    keys = {key.alias: (key.key_pkcs8, key.chain_der, key.key_password) for key in store.keys}
    assert keys == {
        "first": (FIRST_KEY, (FIRST, ROOT), Secret("changeit")),
        "second": (SECOND_KEY, (SECOND,), Secret("otherpass")),
    }
    assert [(entry.alias, entry.certificate_der) for entry in store.certificates] == [("root", ROOT)]
    assert store.other_entries == (() if type is StoreType.UBER else ("secret key 'aes'",))
    assert all(key.created_at is not None and key.created_at.year >= 2026 for key in store.keys)


@pytest.mark.parametrize("type", FILES)
def test_a_key_that_no_password_opens_keeps_its_chain_in_a(type: StoreType) -> None:
    store = open_as(type, fixture(type), "changeit")
    second = next(key for key in store.keys if key.alias == "second")
    assert (second.key_pkcs8, second.key_password, second.chain_der) == (None, None, (SECOND,))


@pytest.mark.parametrize("type", FILES)
def test_wrong_passwords_are_refused_for_a(type: StoreType) -> None:
    with pytest.raises(KeystorePasswordError) as caught:
        open_as(type, fixture(type), "", "hunter2", "pässwörd")
    assert caught.value.code == "keystore.wrong-password"
    assert caught.value.message == "wrong password for x.store, or the file is damaged"


@pytest.mark.parametrize("type", FILES)
def test_without_a_password_one_is_asked_for_by_a(type: StoreType) -> None:
    with pytest.raises(KeystorePasswordError) as caught:
        open_as(type, fixture(type))
    assert caught.value.code == "keystore.password-needed"


def test_java_s_jceks_opens_with_a_store_password_beyond_ascii() -> None:
    """JCEKS allows ASCII only for keys: with no key under it, any store password will do."""
    store = open_as(
        StoreType.JCEKS, java_make("JCEKS", "pässwörd€", [("first", FIRST_KEY, "ascii", [FIRST])]), "pässwörd€", "ascii"
    )
    assert [(key.alias, key.key_pkcs8) for key in store.keys] == [("first", FIRST_KEY)]


def test_what_is_none_of_its_kinds_is_refused() -> None:
    with pytest.raises(KeystoreError) as caught:
        parse_other_java(b"", "x.store", StoreType.BCFKS, [Secret("changeit")])
    assert caught.value.code == "keystore.unsupported-type"


def test_sealed_java_objects_stay_closed_until_the_password_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    import javaobj

    def explode(*_: object, **__: object) -> None:
        raise AssertionError("deserialised")

    monkeypatch.setattr(javaobj, "load", explode)
    with pytest.raises(KeystorePasswordError):
        open_as(StoreType.JCEKS, fixture(StoreType.JCEKS), "hunter2")
    with pytest.raises(KeystoreError, match="AssertionError"):
        open_as(StoreType.JCEKS, fixture(StoreType.JCEKS), "changeit")


def bouncy_castle(version: int, iterations: int, salt_length: int = 8, body: bytes = b"") -> bytes:
    return (
        struct.pack(">LL", version, salt_length) + bytes(min(salt_length, 4096)) + struct.pack(">L", iterations) + body
    )


def jceks_key(iterations: int) -> bytes:
    """A JCEKS entry with a key under Sun's PBE, up to its chain, which is empty."""
    number = iterations.to_bytes(8, "big")
    parameters = bytes.fromhex("3014 0408 0102030405060708 0208") + number
    algorithm = bytes.fromhex("3021 0609 2b060104012a021301") + parameters
    protected = b"\x30" + bytes([len(algorithm) + 10]) + algorithm + b"\x04\x08" + bytes(8)
    return struct.pack(">L", len(protected)) + protected + struct.pack(">L", 0)


def jceks(*entries: bytes) -> bytes:
    signed = struct.pack(">LLL", 0xCECECECE, 2, len(entries))
    for number, entry in enumerate(entries):
        signed += struct.pack(">LH", 1, 1) + bytes([0x61 + number]) + bytes(8) + entry
    return signed + store_digest(signed, Secret("pw"))


def sealed(alias: bytes, iterations: int) -> bytes:
    content = struct.pack(">L", 8) + bytes(8) + struct.pack(">L", iterations) + bytes(16)
    return b"\x04" + struct.pack(">H", 1) + alias + bytes(8) + struct.pack(">LL", 0, len(content)) + content


@pytest.mark.parametrize(
    ("type", "data"),
    [
        (StoreType.BKS, bouncy_castle(2, 5_000_001)),
        (StoreType.BKS, bouncy_castle(2, 0xFFFFFFFF)),
        (StoreType.BKS, bouncy_castle(2, 1000, salt_length=4096)),
        (StoreType.UBER, bouncy_castle(1, 5_000_001, body=bytes(64))),
        (StoreType.JCEKS, jceks(jceks_key(5_000_001))),
        (StoreType.JCEKS, jceks(jceks_key(2**63 - 1))),
    ],
)
def test_a_costly_derivation_is_refused_before_it_begins(type: StoreType, data: bytes) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        open_as(type, data, "pw")
    assert caught.value.code == "key.kdf-too-expensive"
    assert caught.value.message.startswith("x.store")


def test_a_costly_sealed_entry_is_refused_before_it_is_derived() -> None:
    import hashlib
    import hmac

    import jks

    entries = sealed(b"a", 5_000_001) + b"\0"
    key = jks.rfc7292.derive_key(hashlib.sha1, 3, "pw", bytes(8), 1, 20)
    data = bouncy_castle(2, 1, body=entries + hmac.digest(key, entries, "sha1"))
    with pytest.raises(PrivateKeyError, match=r"x.store, entry 'a' asks for 5,000,001 iterations"):
        open_as(StoreType.BKS, data, "pw")


def test_an_uber_that_would_take_minutes_is_refused() -> None:
    with pytest.raises(KeystoreError) as caught:
        open_as(StoreType.UBER, bouncy_castle(1, 1, body=bytes(MAX_UBER_BYTES)), "pw")
    assert caught.value.code == "keystore.too-large"


@pytest.mark.parametrize("type", FILES)
@pytest.mark.parametrize("end", [0, 3, 8, 12, 25, 32, 40, 300, 2000, -21, -1])
def test_a_truncated_store_is_our_error(type: StoreType, end: int) -> None:
    with pytest.raises(KeystoreError):
        open_as(type, fixture(type)[:end], "changeit")


@pytest.mark.parametrize("type", FILES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 5500), bit=st.integers(0, 7))
@pytest.mark.slow
def test_a_flipped_bit_gives_a_value_or_our_error(type: StoreType, position: int, bit: int) -> None:
    """Signed anew where that needs no key, so that the damage reaches the parser."""
    data = bytearray(fixture(type))
    data[position] ^= 1 << bit
    if type is StoreType.JCEKS:
        data[-20:] = store_digest(bytes(data[:-20]), Secret("otherpass"))
    try:
        open_as(type, bytes(data), "otherpass")
    except SfkeytoolError as error:
        assert "\n" not in error.message


@given(st.sampled_from(list(FILES)), st.binary(max_size=120), st.integers(0, 60))
@settings(deadline=None)
def test_any_bytes_give_a_value_or_our_error(type: StoreType, noise: bytes, kept: int) -> None:
    data = fixture(type)[:kept] + noise
    if type is StoreType.JCEKS:
        data += store_digest(data, Secret("pw"))
    with contextlib.suppress(SfkeytoolError):
        open_as(type, data, "pw")


def test_damage_in_a_sealed_object_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Python prints the errors that a library logs to stderr where nobody has set up logging."""
    data = bytearray(fixture(StoreType.JCEKS))
    at = data.index(b"\xac\xed\x00\x05") + 4
    data[at : at + 40] = bytes(40)
    data[-20:] = store_digest(bytes(data[:-20]), Secret("pw"))
    with pytest.raises(KeystoreError):
        open_as(StoreType.JCEKS, bytes(data), "pw")
    assert caplog.records == []


def test_pyjks_is_imported_only_for_the_stores_that_need_it() -> None:
    script = (
        "import sys, pathlib; from sfkeytool.keystores.open import open_keystore;"
        "from sfkeytool.keystores.store import StoreType; from sfkeytool.passwords import Secret;"
        f"folder = pathlib.Path({str(FIXTURES)!r});"
        "open_keystore((folder / 'keytool.jks').read_bytes(), 'x', StoreType.JKS, [Secret('changeit')]);"
        "open_keystore((folder / 'openssl-modern.p12').read_bytes(), 'x', StoreType.PKCS12, [Secret('changeit')]);"
        "print(sorted({'jks', 'Cryptodome', 'javaobj', 'pyasn1'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[]"
