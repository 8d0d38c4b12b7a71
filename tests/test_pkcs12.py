"""The PKCS#12 reader, against files of openssl, keytool, Java, Bouncy Castle and cryptography, and broken ones."""

import contextlib
import hashlib
import hmac
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import THOROUGH, openssl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_java import java_make
from pfx import tlv

from sfkeytool.crypto.der import children, decode_oid, join_octets, read_tlv
from sfkeytool.errors import KeystoreError, KeystorePasswordError, PrivateKeyError, SfkeytoolError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.pkcs12 import parse_pkcs12
from sfkeytool.keystores.store import CertificateEntry, Keystore
from sfkeytool.passwords import Secret

FIXTURES = Path(__file__).parent.parent / "fixtures" / "keystores"


def certificate(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((FIXTURES / name).read_bytes())


def private_key(name: str) -> RSAPrivateKey:
    key = load_pem_private_key((FIXTURES / name).read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def pkcs8_of(name: str) -> bytes:
    return private_key(name).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


FIRST_KEY, SECOND_KEY = pkcs8_of("first.key"), pkcs8_of("second.key")
FIRST, ROOT, SECOND = (certificate(name).public_bytes(Encoding.DER) for name in ("first.crt", "root.crt", "second.crt"))


def parse(data: bytes, *passwords: str) -> Keystore:
    return parse_pkcs12(data, "x.p12", [Secret(password) for password in passwords])


def numbers_of(key_pkcs8: bytes | None) -> object:
    """The key itself: makers write the PKCS#8 around it differently (attributes, for one)."""
    assert key_pkcs8 is not None
    key = load_der_private_key(key_pkcs8, None)
    assert isinstance(key, RSAPrivateKey)
    return key.private_numbers()


def assert_holds_first(store: Keystore, alias: str | None = "first") -> None:
    assert [(key.alias, key.chain_der) for key in store.keys] == [(alias, (FIRST,))]
    assert numbers_of(store.keys[0].key_pkcs8) == private_key("first.key").private_numbers()
    assert [entry.certificate_der for entry in store.certificates] == [ROOT]
    assert store.other_entries == ()


# --- other makers' files

UNENCRYPTED = {"openssl-no-encryption.p12", "openssl-nothing.p12"}
PASSWORDS = {
    "openssl-modern.p12": "changeit",
    "openssl-legacy.p12": "changeit",
    "openssl-rc2-128.p12": "changeit",
    "openssl-rc4.p12": "changeit",
    "openssl-2des.p12": "changeit",
    "openssl-aes192-sha512.p12": "changeit",
    "openssl-des3-pbes2.p12": "changeit",
    "openssl-no-mac.p12": "changeit",
    "openssl-no-encryption.p12": "changeit",
    "openssl-empty-password.p12": "",
    "openssl-empty-password-legacy.p12": "",
    "openssl-non-ascii.p12": "pässwörd€",
    "openssl-non-ascii-legacy.p12": "pässwörd€",
    "bouncycastle-ber.p12": "changeit",
}


@pytest.mark.parametrize("name", PASSWORDS)
@pytest.mark.slow
def test_the_right_password_opens_everything_in(name: str) -> None:
    store = parse((FIXTURES / name).read_bytes(), "no", "nor this", PASSWORDS[name])
    assert_holds_first(store)
    assert store.password == Secret(PASSWORDS[name])
    assert store.keys[0].key_password == (None if name in UNENCRYPTED else Secret(PASSWORDS[name]))


@pytest.mark.parametrize("name", PASSWORDS)
def test_wrong_passwords_are_refused_for(name: str) -> None:
    with pytest.raises(KeystorePasswordError) as caught:
        parse((FIXTURES / name).read_bytes(), "hunter2", "hunter3")
    assert caught.value.code == "keystore.wrong-password"
    assert "x.p12, or the file is damaged" in caught.value.message
    assert "hunter" not in caught.value.message


@pytest.mark.parametrize("name", PASSWORDS)
def test_without_a_password_one_is_asked_for_by(name: str) -> None:
    with pytest.raises(KeystorePasswordError) as caught:
        parse((FIXTURES / name).read_bytes())
    assert caught.value.code == "keystore.password-needed"


def test_a_file_without_mac_and_encryption_needs_no_password() -> None:
    store = parse((FIXTURES / "openssl-nothing.p12").read_bytes())
    assert_holds_first(store)
    assert store.password is None


def test_every_pfx_fixture_is_in_a_test() -> None:
    elsewhere = {"openssl-nothing.p12", "keytool-two-keys.p12"}
    assert {path.name for path in FIXTURES.glob("*.p12")} == set(PASSWORDS) | elsewhere


def test_both_keys_of_keytools_file_come_out() -> None:
    store = parse((FIXTURES / "keytool-two-keys.p12").read_bytes(), "changeit")
    assert [(key.alias, key.chain_der) for key in store.keys] == [("first", (FIRST,)), ("second", (SECOND,))]
    assert [numbers_of(key.key_pkcs8) for key in store.keys] == [
        private_key("first.key").private_numbers(),
        private_key("second.key").private_numbers(),
    ]
    assert [entry.certificate_der for entry in store.certificates] == [ROOT]
    assert store.other_entries == ("secret 'aes'",)


@pytest.mark.parametrize("password", ["changeit", "", "pässwörd", "100 €"])
@pytest.mark.slow
def test_java_s_files_open_under_any_password_that_it_takes(password: str) -> None:
    try:
        data = java_make(
            "PKCS12",
            password,
            [("first", FIRST_KEY, password, [FIRST, ROOT]), ("second", SECOND_KEY, password, [SECOND])],
            [("trusted", ROOT)],
        )
    except Exception as error:  # Java 17 and 21 make no such file themselves; 11 and 25 do
        assert not password.isascii(), error
        assert "Password is not ASCII" in str(error)
        return
    store = parse(data, password)
    assert {key.alias: key.chain_der for key in store.keys} == {"first": (FIRST,), "second": (SECOND,)}
    assert {key.alias: numbers_of(key.key_pkcs8) for key in store.keys} == {
        "first": private_key("first.key").private_numbers(),
        "second": private_key("second.key").private_numbers(),
    }
    assert CertificateEntry("trusted", ROOT) in store.certificates


@pytest.mark.parametrize("options", [[], ["-legacy"], ["-certpbe", "AES-128-CBC", "-keypbe", "PBE-SHA1-3DES"]])
def test_the_openssl_at_hand_writes_what_we_read(options: Sequence[str], tmp_path: Path) -> None:
    out = tmp_path / "x.p12"
    openssl(
        "pkcs12", "-export", "-inkey", FIXTURES / "first.key", "-in", FIXTURES / "first.crt", "-certfile",
        FIXTURES / "root.crt", "-name", "größe €", "-passout", "pass:changeit", "-out", out, *options,
    )  # fmt: skip
    assert_holds_first(parse(out.read_bytes(), "changeit"), "größe €")


@pytest.mark.parametrize(
    "encryption",
    [
        NoEncryption(),
        BestAvailableEncryption(b"changeit"),
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 - as old makers have it
        .build(b"changeit"),
    ],
    ids=["none", "best", "legacy"],
)
def test_cryptography_s_files_open(encryption: object) -> None:
    data = pkcs12.serialize_key_and_certificates(
        b"first",
        private_key("first.key"),
        certificate("first.crt"),
        [certificate("root.crt")],
        encryption,  # type: ignore[arg-type]
    )
    assert_holds_first(parse(data, "", "changeit"))


def test_certificates_without_a_key_come_with_their_names() -> None:
    data = pkcs12.serialize_key_and_certificates(
        None,
        None,
        None,
        [pkcs12.PKCS12Certificate(certificate("root.crt"), "wurzel €".encode()), certificate("second.crt")],
        BestAvailableEncryption(b"changeit"),
    )
    store = parse(data, "changeit")
    assert store.keys == ()
    assert [(entry.alias, entry.certificate_der) for entry in store.certificates] == [
        ("wurzel €", ROOT),
        (None, SECOND),
    ]


# --- files that no maker at hand writes

DATA, ENCRYPTED, SIGNED = "2a864886f70d010701", "2a864886f70d010706", "2a864886f70d010702"
BAG = "2a864886f70d010c0a01"
PBES2, PBKDF2, PBMAC1 = "2a864886f70d01050d", "2a864886f70d01050c", "2a864886f70d01050e"
AES_256, HMAC_SHA256 = "60864801650304012a", "2a864886f70d0209"


def oid(content: str) -> bytes:
    return tlv(0x06, bytes.fromhex(content))


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def attributes(name: str | None, key_id: bytes | None) -> bytes:
    parts = []
    if name is not None:
        parts.append(sequence(oid("2a864886f70d010914"), tlv(0x31, tlv(0x1E, name.encode("utf-16-be")))))
    if key_id is not None:
        parts.append(sequence(oid("2a864886f70d010915"), tlv(0x31, octets(key_id))))
    return tlv(0x31, *parts) if parts else b""


def bag(kind: str, value: bytes, name: str | None = None, key_id: bytes | None = None) -> bytes:
    return sequence(oid(BAG + kind), tlv(0xA0, value), attributes(name, key_id))


def cert_bag(der: bytes, name: str | None = None, key_id: bytes | None = None) -> bytes:
    return bag("03", sequence(oid("2a864886f70d01091601"), tlv(0xA0, octets(der))), name, key_id)


def data_safe(*bags: bytes) -> bytes:
    return sequence(oid(DATA), tlv(0xA0, octets(sequence(*bags))))


def pfx(*safes: bytes, mac: bytes = b"") -> bytes:
    return sequence(integer(3), sequence(oid(DATA), tlv(0xA0, octets(sequence(*safes)))), mac)


def pbkdf2(iterations: int, key_length: int | None = None) -> bytes:
    length = b"" if key_length is None else integer(key_length)
    return sequence(oid(PBKDF2), sequence(octets(b"saltsalt"), integer(iterations), length, sequence(oid(HMAC_SHA256))))


def shrouded_key(iterations: int, name: str | None, algorithm: str = PBES2) -> bytes:
    """A key bag whose content is noise."""
    scheme = sequence(oid(AES_256), octets(bytes(16)))
    protection = sequence(oid(algorithm), sequence(pbkdf2(iterations), scheme))
    return bag("02", sequence(protection, octets(bytes(64))), name)


def shrouded(key: RSAPrivateKey, password: str, name: str) -> bytes:
    encrypted = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    return bag("02", encrypted, name)


def test_no_certificate_is_lost_or_tied_to_the_wrong_key() -> None:
    data = pfx(
        data_safe(
            cert_bag(ROOT, "root"),
            cert_bag(SECOND, "leaf of second", b"2"),
            cert_bag(FIRST, "leaf of nobody here", b"3"),
            bag("01", FIRST_KEY, "no id"),
            bag("01", SECOND_KEY, "second", b"2"),
            cert_bag(ROOT, "again", b"2"),
        )
    )
    store = parse(data)
    assert [(key.alias, key.key_pkcs8, key.chain_der) for key in store.keys] == [
        ("no id", FIRST_KEY, ()),
        ("second", SECOND_KEY, (SECOND, ROOT)),
    ]
    assert [(entry.alias, entry.certificate_der) for entry in store.certificates] == [
        ("root", ROOT),
        ("leaf of nobody here", FIRST),
    ]


def test_nested_bags_are_opened_and_strange_ones_named() -> None:
    nested = bag("06", sequence(bag("06", sequence(bag("01", FIRST_KEY, "deep")))))
    sdsi = bag("03", sequence(oid("2a864886f70d01091602"), tlv(0xA0, octets(b"?"))), "odd")
    enveloped = sequence(oid("2a864886f70d010703"), tlv(0xA0, sequence()))
    safe = data_safe(nested, bag("04", sequence(), "list"), bag("05", sequence()), bag("63", sequence()), sdsi)
    store = parse(pfx(safe, enveloped))
    assert [key.alias for key in store.keys] == ["deep"]
    assert store.other_entries == (
        "revocation list 'list'",
        "secret",
        "bag of type 1.2.840.113549.1.12.10.1.99",
        "certificate 'odd' of type 1.2.840.113549.1.9.22.2",
        "contents encrypted for a certificate",
    )


def test_bags_nested_without_end_are_refused() -> None:
    inner = sequence()
    for _ in range(40):
        inner = sequence(bag("06", inner))
    with pytest.raises(KeystoreError, match="nested too deeply"):
        parse(pfx(sequence(oid(DATA), tlv(0xA0, octets(inner)))))


def test_keys_may_have_passwords_of_their_own() -> None:
    data = pfx(
        data_safe(
            shrouded(private_key("first.key"), "one", "a"),
            shrouded(private_key("second.key"), "two", "b"),
            shrouded(private_key("second.key"), "lost", "c"),
        )
    )
    store = parse(data, "two", "one")
    assert [(key.alias, key.key_pkcs8, key.key_password) for key in store.keys] == [
        ("a", FIRST_KEY, Secret("one")),
        ("b", SECOND_KEY, Secret("two")),
        ("c", None, None),
    ]


def test_a_password_that_opens_no_key_of_a_file_without_mac_is_wrong() -> None:
    with pytest.raises(KeystorePasswordError) as caught:
        parse(pfx(data_safe(cert_bag(ROOT), shrouded(private_key("first.key"), "one", "a"))), "two")
    assert caught.value.message == "wrong password for the key in x.p12, or the file is damaged"


def with_pbmac1(password: bytes, key_length: int = 32, *, stated: bool = True) -> bytes:
    """cryptography's file, its MAC replaced by PBMAC1 as RFC 9579 has it."""
    data = pkcs12.serialize_key_and_certificates(
        b"first",
        private_key("first.key"),
        certificate("first.crt"),
        [certificate("root.crt")],
        BestAvailableEncryption(password),
    )
    content_info = children(read_tlv(data).value)[1]
    safes = join_octets(read_tlv(children(content_info.value)[1].value))
    mac_key = hashlib.pbkdf2_hmac("sha256", password, b"saltsalt", 2048, key_length)
    parameters = sequence(pbkdf2(2048, key_length if stated else None), sequence(oid(HMAC_SHA256), tlv(0x05)))
    digest_info = sequence(sequence(oid(PBMAC1), parameters), octets(hmac.digest(mac_key, safes, "sha256")))
    mac = sequence(digest_info, octets(b"unused"), integer(2))
    return sequence(integer(3), sequence(oid(DATA), tlv(0xA0, octets(safes))), mac)


@pytest.mark.parametrize("password", ["changeit", "pässwörd€"])
def test_pbmac1_is_verified_as_openssl_does(password: str) -> None:
    data = with_pbmac1(password.encode())
    theirs = pkcs12.load_pkcs12(data, password.encode())  # OpenSSL, as cryptography carries it
    assert theirs.key is not None
    assert_holds_first(parse(data, "wrong", password))
    with pytest.raises(KeystorePasswordError):
        parse(data, "wrong")


@pytest.mark.parametrize(
    ("key_length", "stated", "told"),
    [(20, True, None), (32, False, "no length"), (19, True, "19 bytes"), (1, True, "1 bytes"), (0, True, "0 bytes")],
)
def test_pbmac1_with_a_short_key_is_not_verified(key_length: int, stated: bool, told: str | None) -> None:
    """RFC 9579: at least 20 bytes, and stated. With one byte, one password in 256 would fit."""
    data = with_pbmac1(b"changeit", max(key_length, 1), stated=stated)
    if key_length == 0:
        data = data.replace(integer(2048) + integer(1), integer(2048) + integer(0))
    if told is None:
        assert_holds_first(parse(data, "changeit"))
        return
    with pytest.raises(KeystoreError) as caught:
        parse(data, "changeit")
    assert caught.value.code == "keystore.unsupported-protection"
    assert told in caught.value.message


def with_pyjks_mac(password: str) -> bytes:
    """A PFX whose MAC key pyjks derives, with Bouncy Castle's idea of the empty password: no bytes at all."""
    import jks

    safes = sequence(data_safe(cert_bag(FIRST, None, b"1"), bag("01", FIRST_KEY, "first", b"1"), cert_bag(ROOT)))
    mac_key = jks.rfc7292.derive_key(hashlib.sha1, 3, password, b"saltsalt", 2000, 20)
    digest_info = sequence(sequence(oid("2b0e03021a"), tlv(0x05)), octets(hmac.digest(mac_key, safes, "sha1")))
    mac = sequence(digest_info, octets(b"saltsalt"), integer(2000))
    return sequence(integer(3), sequence(oid(DATA), tlv(0xA0, octets(safes))), mac)


def test_an_empty_password_may_also_be_no_password() -> None:
    data = with_pyjks_mac("")
    assert pkcs12.load_pkcs12(data, None).key is not None
    assert_holds_first(parse(data, ""))


@pytest.mark.parametrize("form", [str, lambda text: text.encode().decode("latin-1")], ids=["today", "until 1.1.0"])
def test_openssl_s_forms_of_a_password_beyond_ascii_open(form: Callable[[str], str]) -> None:
    assert_holds_first(parse(with_pyjks_mac(form("pässwörd€")), "pässwörd€"))


def test_a_pfx_sealed_by_a_signature_is_named() -> None:
    with pytest.raises(KeystoreError, match="sealed with a signature") as caught:
        parse(sequence(integer(3), sequence(oid(SIGNED), tlv(0xA0, sequence()))), "changeit")
    assert caught.value.code == "keystore.unsupported-protection"


def test_an_unknown_algorithm_is_named() -> None:
    with pytest.raises(KeystoreError) as caught:
        parse(pfx(data_safe(shrouded_key(1, "odd", algorithm="2a864886f70d010563"))), "changeit")
    assert caught.value.code == "keystore.unsupported-protection"
    assert caught.value.message.endswith("1.2.840.113549.1.5.99")


# --- costs and damage


def sha1_mac(iterations: int, salt: bytes = b"saltsalt") -> bytes:
    return sequence(sequence(sequence(oid("2b0e03021a")), octets(bytes(20))), octets(salt), integer(iterations))


def encrypted_safe(iterations: int) -> bytes:
    scheme = sequence(oid(AES_256), octets(bytes(16)))
    algorithm = sequence(oid(PBES2), sequence(pbkdf2(iterations), scheme))
    info = sequence(oid(DATA), algorithm, tlv(0x80, bytes(32)))
    return sequence(oid(ENCRYPTED), tlv(0xA0, sequence(integer(0), info)))


@pytest.mark.parametrize(
    "data",
    [
        pfx(mac=sha1_mac(5_000_001)),
        pfx(mac=sha1_mac(2**2000)),
        pfx(mac=sha1_mac(1, bytes(2000))),
        pfx(mac=sequence(sequence(sequence(oid(PBMAC1), sequence(pbkdf2(5_000_001))), octets(b"")), octets(b""))),
        pfx(encrypted_safe(5_000_001)),
        pfx(data_safe(shrouded_key(5_000_001, "dear"))),
        pfx(data_safe(*[shrouded_key(1_000_000, "several")] * 6)),
    ],
    ids=["mac", "huge", "salt", "pbmac1", "certificates", "key", "together"],
)
def test_a_costly_derivation_is_refused_before_it_begins(data: bytes) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        parse(data) if data.count(b"several".decode().encode("utf-16-be")) else parse(data, "changeit")
    assert caught.value.code == "key.kdf-too-expensive"
    assert caught.value.message.startswith("x.p12")


def test_an_attribute_without_values_is_none() -> None:
    nothing = sequence(oid("2a864886f70d010914"))
    named = sequence(oid(BAG + "01"), tlv(0xA0, FIRST_KEY), tlv(0x31, nothing, attributes("pay", None)[2:]))
    assert [key.alias for key in parse(pfx(data_safe(named))).keys] == ["pay"]


def test_a_locked_key_without_a_name_has_its_number() -> None:
    opened = shrouded(private_key("first.key"), "changeit", "opened")
    data = pfx(data_safe(opened, shrouded_key(1, None), shrouded_key(1, "named")))
    assert parse_contents(InputFile("x.p12", data), [Secret("changeit")]).locked == ("key 2", "named")


@pytest.mark.parametrize(("name", "told"), [("dear", "x.p12, key 'dear'"), (None, "x.p12, key 2")])
def test_a_costly_key_is_told_by_its_name_or_its_number(name: str | None, told: str) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        parse(pfx(data_safe(bag("01", FIRST_KEY, "cheap"), shrouded_key(5_000_001, name))))
    assert caught.value.message.startswith(told)


@pytest.mark.parametrize("iterations", [0, -1, -(2**70)])
def test_derivations_without_iterations_are_damage(iterations: int) -> None:
    for data in (pfx(mac=sha1_mac(iterations)), pfx(data_safe(shrouded_key(iterations, "free")))):
        with pytest.raises(KeystoreError) as caught:
            parse(data, "changeit")
        assert caught.value.code == "keystore.damaged"


def test_every_truncation_is_damage() -> None:
    data = (FIXTURES / "openssl-modern.p12").read_bytes()
    for end in range(len(data)):
        with pytest.raises(KeystoreError) as caught:
            parse(data[:end], "changeit")
        assert caught.value.code == "keystore.damaged"


@pytest.mark.parametrize(
    "name", ["openssl-modern.p12", "openssl-no-mac.p12", "openssl-nothing.p12", "bouncycastle-ber.p12"]
)
@settings(
    max_examples=60 if THOROUGH else 20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(position=st.integers(0, 3000 * 8))
def test_a_flipped_bit_gives_a_value_or_our_error(name: str, position: int) -> None:
    data = bytearray((FIXTURES / name).read_bytes())
    data[position // 8] ^= 1 << position % 8
    try:
        parse(bytes(data), "changeit")
    except SfkeytoolError as error:
        assert error.message.count("\n") == 0


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_our_error(noise: bytes) -> None:
    for data in (noise, pfx(data_safe(noise)), pfx(noise), pfx(data_safe(bag("02", noise), bag("03", noise)))):
        with contextlib.suppress(SfkeytoolError):
            parse(data, "changeit")


def test_the_ber_fixture_is_ber() -> None:
    data = (FIXTURES / "bouncycastle-ber.p12").read_bytes()
    assert data[:2] == b"\x30\x80"
    assert decode_oid(children(children(read_tlv(data).value)[1].value)[0].value) == "1.2.840.113549.1.7.1"


def test_reading_draws_no_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, password in PASSWORDS.items():
            parse((FIXTURES / name).read_bytes(), password)
