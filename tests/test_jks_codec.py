"""The JKS codec, against Java, keytool's file and pyjks, and against broken files."""

import os
import struct
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from oracle_java import java_chain, java_created_at_ms, java_key, java_load, java_make, java_refuses

from sfkeytool.errors import KeystoreError, KeystorePasswordError
from sfkeytool.keystores.jks import (
    OID_JKS_PROTECTION,
    JksCertificate,
    JksFile,
    JksKeyEntry,
    JksTrustedEntry,
    decode_java_utf,
    describe_java_time,
    encode_java_utf,
    encode_jks,
    parse_jks,
    store_digest,
)
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.store import StoreType
from sfkeytool.passwords import Secret

FIXTURES = Path(__file__).parent.parent / "fixtures" / "keystores"
CREATED_AT_MS = 1_790_000_000_123
PASSWORD = "changeit"


def der_of_certificate(name: str) -> bytes:
    return x509.load_pem_x509_certificate((FIXTURES / name).read_bytes()).public_bytes(Encoding.DER)


def pkcs8_of_key(name: str) -> bytes:
    key = load_pem_private_key((FIXTURES / name).read_bytes(), None)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


FIRST_KEY, SECOND_KEY = pkcs8_of_key("first.key"), pkcs8_of_key("second.key")
FIRST, ROOT, SECOND = (der_of_certificate(name) for name in ("first.crt", "root.crt", "second.crt"))


def our_store(password: str = PASSWORD, alias: str = "pay_api", salt: bytes | None = None) -> bytes:
    return encode_jks(
        alias=alias,
        key_pkcs8=FIRST_KEY,
        chain_der=[FIRST, ROOT],
        password=Secret(password),
        created_at_ms=CREATED_AT_MS,
        salt=salt,
    )


def tiny_store() -> bytes:
    """A whole store that is small enough to break at each bit."""
    return encode_jks(
        alias="a", key_pkcs8=b"key", chain_der=[b"leaf"], password=Secret("pw"), created_at_ms=1, salt=bytes(20)
    )


def raw_store(version: int, *entries: bytes, count: int | None = None, password: str = PASSWORD) -> bytes:
    """A signed store of entries that are written out by hand."""
    signed = struct.pack(">LLL", 0xFEEDFEED, version, len(entries) if count is None else count) + b"".join(entries)
    return signed + store_digest(signed, Secret(password))


def raw_trusted(alias: bytes, certificate: bytes, type_: bytes | None = b"X.509", tag: int = 2) -> bytes:
    head = struct.pack(">LH", tag, len(alias)) + alias + struct.pack(">Q", CREATED_AT_MS)
    return head + raw_certificate(certificate, type_)


def raw_certificate(certificate: bytes, type_: bytes | None = b"X.509") -> bytes:
    typed = b"" if type_ is None else struct.pack(">H", len(type_)) + type_
    return typed + struct.pack(">L", len(certificate)) + certificate


@pytest.mark.parametrize("password", ["changeit", "", "pässwörd", "100 €", "🔑 key", "x" * 200])
def test_java_reads_what_we_write_under_any_password(password: str) -> None:
    store = java_load(our_store(password), "JKS", password)
    assert store.aliases() == store.key_aliases() == ["pay_api"]
    assert java_key(store, "pay_api", password) == FIRST_KEY
    assert java_chain(store, "pay_api") == (FIRST, ROOT)
    assert java_created_at_ms(store, "pay_api") == CREATED_AT_MS


def test_java_refuses_our_store_under_another_password() -> None:
    assert java_refuses(our_store("changeit"), "JKS", "Changeit")


@pytest.mark.parametrize("password", ["", "pässwörd", "100 €", "🔑 key"])
def test_we_read_what_java_writes_under_any_password(password: str) -> None:
    file = parse_jks(
        java_make("JKS", password, [("pay_api", FIRST_KEY, password, [FIRST, ROOT])], [("trust", ROOT)]), "java.jks"
    )
    assert file.digest_matches(Secret(password))
    key = next(entry for entry in file.entries if isinstance(entry, JksKeyEntry))
    assert file.decrypt_key(key, Secret(password)) == FIRST_KEY
    assert key.chain == (JksCertificate("X.509", FIRST), JksCertificate("X.509", ROOT))
    trusted = next(entry for entry in file.entries if isinstance(entry, JksTrustedEntry))
    assert (trusted.alias, trusted.certificate.der) == ("trust", ROOT)


@pytest.mark.parametrize("alias", ["größe", "名前", "a\0b", "x" * 300])
def test_aliases_agree_with_java_in_both_directions(alias: str) -> None:
    assert java_key(java_load(our_store(alias=alias), "JKS", "changeit"), alias, "changeit") == FIRST_KEY
    theirs = parse_jks(java_make("JKS", "pw", [(alias, FIRST_KEY, "pw", [FIRST])]), "java.jks")
    assert theirs.entries[0].alias == alias


def test_keytools_file_opens_with_a_password_per_key() -> None:
    data = (FIXTURES / "keytool.jks").read_bytes()
    store = open_keystore(
        data, "keytool.jks", StoreType.JKS, [Secret("wrong"), Secret("changeit"), Secret("otherpass")]
    )
    assert {key.alias: key.key_pkcs8 for key in store.keys} == {"first": FIRST_KEY, "second": SECOND_KEY}
    assert {key.alias: key.key_password for key in store.keys} == {
        "first": Secret("changeit"),
        "second": Secret("otherpass"),
    }
    assert {key.alias: key.chain_der for key in store.keys} == {"first": (FIRST, ROOT), "second": (SECOND,)}
    assert [(entry.alias, entry.certificate_der) for entry in store.certificates] == [("root", ROOT)]
    assert store.password == Secret("changeit")
    assert all(key.created_at is not None and key.created_at.year >= 2026 for key in store.keys)


def test_a_key_that_no_password_opens_is_listed_without_its_key() -> None:
    data = (FIXTURES / "keytool.jks").read_bytes()
    store = open_keystore(data, "keytool.jks", StoreType.JKS, [Secret("changeit")])
    assert {key.alias: key.key_pkcs8 is None for key in store.keys} == {"first": False, "second": True}


def test_without_a_password_the_structure_still_shows() -> None:
    store = open_keystore(our_store(), "x.jks", StoreType.JKS, [])
    assert store.password is None
    assert [(key.alias, key.key_pkcs8, key.chain_der) for key in store.keys] == [("pay_api", None, (FIRST, ROOT))]


def test_a_wrong_store_password_is_refused_and_not_told() -> None:
    with pytest.raises(KeystorePasswordError) as caught:
        open_keystore(our_store(), "x.jks", StoreType.JKS, [Secret("hunter2")])
    assert caught.value.code == "keystore.wrong-password"
    assert caught.value.message == "wrong password for x.jks, or the file is damaged"


def test_a_wrong_key_password_is_refused() -> None:
    file = parse_jks(our_store(), "x.jks")
    entry = file.entries[0]
    assert isinstance(entry, JksKeyEntry)
    with pytest.raises(KeystorePasswordError, match=r"the key in x\.jks, entry 'pay_api'"):
        file.decrypt_key(entry, Secret("hunter2"))


def test_ours_keytools_and_pyjks_files_are_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With salt and timestamp fixed, three makers write one file."""
    import jks

    keytools = (FIXTURES / "keytool-one-key.jks").read_bytes()
    entry = parse_jks(keytools, "keytool").entries[0]
    assert isinstance(entry, JksKeyEntry)
    salt = entry.protected_key_der[-(40 + len(FIRST_KEY)) :][:20]
    ours = encode_jks(
        alias="first",
        key_pkcs8=FIRST_KEY,
        chain_der=[FIRST, ROOT],
        password=Secret("changeit"),
        created_at_ms=entry.created_at_ms,
        salt=salt,
    )
    assert ours == keytools

    pyjks_entry = jks.PrivateKeyEntry.new("first", [FIRST, ROOT], FIRST_KEY)
    pyjks_entry.timestamp = entry.created_at_ms
    with monkeypatch.context() as patch:
        patch.setattr(os, "urandom", lambda count: salt[:count])
        pyjks_file = jks.KeyStore.new("jks", [pyjks_entry]).saves("changeit")
    assert ours == pyjks_file


def test_each_store_gets_its_own_salt() -> None:
    assert our_store() != our_store()


def test_an_upper_case_alias_is_not_written() -> None:
    with pytest.raises(ValueError, match="lower-case"):
        our_store(alias="Pay_API")


def test_the_structure_keeps_what_a_checker_wants_to_see() -> None:
    data = raw_store(2, raw_trusted(b"twice", b"one", b"X509"), raw_trusted(b"twice", b"two", b"PGP")) + b"more"
    file = parse_jks(data, "odd.jks")
    assert [(entry.alias, entry.certificate.type) for entry in file.entries if isinstance(entry, JksTrustedEntry)] == [
        ("twice", "X509"),
        ("twice", "PGP"),
    ]
    assert file.trailing == b"more"
    assert file.digest_matches(Secret("changeit"))
    assert file.signed_end == len(data) - 24


def test_version_1_states_no_certificate_types_and_java_agrees() -> None:
    data = raw_store(1, raw_trusted(b"old", ROOT, None))
    file = parse_jks(data, "old.jks")
    assert file.version == 1
    assert file.entries == (JksTrustedEntry("old", CREATED_AT_MS, JksCertificate("X.509", ROOT)),)
    assert java_load(data, "JKS", "changeit").certificate("old") == ROOT


def test_the_protection_algorithm_shows() -> None:
    entry = parse_jks(our_store(), "x.jks").entries[0]
    assert isinstance(entry, JksKeyEntry)
    assert entry.protection_oid == OID_JKS_PROTECTION


def with_protected_key(der: bytes) -> tuple[JksFile, JksKeyEntry]:
    entry = JksKeyEntry("odd", 0, der, ())
    return JksFile("odd.jks", 2, (entry,), b"", b"", b""), entry


def test_a_key_under_another_algorithm_is_named() -> None:
    file, entry = with_protected_key(bytes.fromhex("3013 300d 0609 2a864886f70d010503 0500 0402 0000"))
    assert entry.protection_oid == "1.2.840.113549.1.5.3"
    with pytest.raises(KeystoreError) as caught:
        file.decrypt_key(entry, Secret("pw"))
    assert caught.value.code == "keystore.unsupported-protection"
    assert "1.2.840.113549.1.5.3" in caught.value.message


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x80", bytes(40), FIRST_KEY])
def test_a_protected_key_that_is_none_is_damaged(der: bytes) -> None:
    file, entry = with_protected_key(der)
    assert entry.protection_oid is None
    with pytest.raises(KeystoreError) as caught:
        file.decrypt_key(entry, Secret("pw"))
    assert caught.value.code == "keystore.damaged"


def test_a_protected_key_shorter_than_salt_and_digest_is_damaged() -> None:
    file, entry = with_protected_key(bytes.fromhex("3012 300e 060a2b060104012a021101010500 0400"))
    with pytest.raises(KeystoreError, match="has 0 bytes") as caught:
        file.decrypt_key(entry, Secret("pw"))
    assert caught.value.code == "keystore.damaged"


def test_a_cut_in_a_chain_is_told_exactly() -> None:
    data = our_store()
    cut = len(data) - 20 - len(ROOT) + 40
    with pytest.raises(KeystoreError) as caught:
        parse_jks(data[:cut], "cut.jks")
    assert caught.value.message == (
        f"cut.jks: the file ends inside entry 1 ('pay_api'), in certificate 2 of its chain"
        f" (at offset {cut - 40}): {len(ROOT)} bytes wanted, 40 left"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "in the header, in its magic number"),
        (b"\x30\x82\x00\x00", "begins with 30820000; a JKS begins with feedfeed"),
        (raw_store(3), "states JKS version 3"),
        (raw_store(2, raw_trusted(b"a", b"", tag=3)), "entry 1 has tag 3 (at offset 12)"),
        (raw_store(2, count=0xFFFFFFFF)[:12], "inside entry 1, in its tag"),
        (
            raw_store(2, raw_trusted(b"\xff", b"")),
            "inside entry 1, its alias is not in Java's modified UTF-8 (at offset 18)",
        ),
        (raw_store(2, raw_trusted("🔑".encode(), b"")), "not in Java's modified UTF-8"),
        (raw_store(2, raw_trusted(b"\xed\xa0\xbd", b"")), "not in Java's modified UTF-8"),
        (raw_store(2, raw_trusted(b"a", b"", b"\xff")), "the type of its certificate is not in Java's"),
        (raw_store(2, *[raw_trusted(b"", b"", b"")] * 50_001), "more than 50,000 entries and certificates"),
        (
            raw_store(2, struct.pack(">LHQLL", 1, 0, 0, 0, 50_001) + raw_certificate(b"") * 50_001),
            "more than 50,000 entries and certificates",
        ),
        (raw_store(2)[:-1], "at the end, in the digest"),
    ],
)
def test_each_kind_of_damage_is_named(data: bytes, words: str) -> None:
    with pytest.raises(KeystoreError) as caught:
        parse_jks(data, "x.jks")
    assert caught.value.code == "keystore.damaged"
    assert caught.value.message.startswith("x.jks")
    assert words in caught.value.message


def test_every_truncation_of_a_store_is_our_error() -> None:
    data = tiny_store()
    for end in range(len(data)):
        with pytest.raises(KeystoreError):
            parse_jks(data[:end], "x.jks")


def test_every_flipped_bit_is_an_error_or_breaks_the_digest() -> None:
    data = tiny_store()
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            file = parse_jks(bytes(flipped), "x.jks")
        except KeystoreError:
            continue
        assert not file.digest_matches(Secret("pw"))
    assert parse_jks(data, "x.jks").digest_matches(Secret("pw"))


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_give_a_value_or_our_error(noise: bytes, kept: int) -> None:
    try:
        file = parse_jks(tiny_store()[:kept] + noise, "x.jks")
        for entry in file.entries:
            if isinstance(entry, JksKeyEntry):
                file.decrypt_key(entry, Secret("pw"))
    except KeystoreError:
        pass


@given(st.text(max_size=50))
def test_modified_utf_8_round_trips(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return
    encoded = encode_java_utf(text)
    assert decode_java_utf(encoded[2:]) == text
    assert 0 not in encoded[2:]


def test_no_secret_shows_in_a_repr() -> None:
    data = our_store()
    file = parse_jks(data, "x.jks")
    store = open_keystore(data, "x.jks", StoreType.JKS, [Secret("changeit")])
    assert "changeit" not in repr(file) + repr(store)
    assert repr(FIRST_KEY[-60:-40])[2:-1] not in repr(store)  # of the last of the key's numbers
    assert len(repr(file)) < 600


def test_a_timestamp_beyond_the_calendar_is_no_time() -> None:
    assert describe_java_time(2**64 - 1) is None
    created_at = describe_java_time(CREATED_AT_MS)
    assert created_at is not None
    assert created_at.isoformat() == "2026-09-21T14:13:20.123000+00:00"
