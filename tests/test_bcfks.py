"""The BCFKS codec, against Bouncy Castle in a genuine Java in both directions, and against broken files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import bcfks
import pytest
from bcfks import Maker, Pbkdf2, Scrypt
from conftest import THOROUGH, Result, openssl
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_java import (
    bouncy_castle,
    java_chain,
    java_created_at_ms,
    java_key,
    java_keytool,
    java_load,
    java_make,
    java_make_bcfks,
    java_refuses,
)
from test_jks_codec import FIRST, FIRST_KEY, ROOT, SECOND, SECOND_KEY
from workshop import der, ders, tlv

from sfkeytool.crypto import limits
from sfkeytool.crypto.certificates import parse_certificate
from sfkeytool.crypto.der import encode_integer, encode_oid
from sfkeytool.errors import (
    CertificateError,
    KeystoreError,
    KeystorePasswordError,
    PrivateKeyError,
    SfkeytoolError,
    UsageError,
)
from sfkeytool.keystores.bcfks.protection import MAX_WRAPPED_BYTES
from sfkeytool.keystores.bcfks.reading import parse_bcfks
from sfkeytool.keystores.bcfks.writing import encode_bcfks
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.store import Keystore, StoreType
from sfkeytool.model import KeystoreFormat, Purpose
from sfkeytool.passwords import Secret, Source, SourceKind
from sfkeytool.workflows import package

Cli = Callable[..., Result]
FIXTURES = Path(__file__).parent.parent / "fixtures"
CREATED_AT_MS = 1_790_000_000_123
PASSWORD = "a long enough one"
FEW = Pbkdf2(1)
EC_KEY, EC_CHAIN = der("ec.key"), ders("ec")


@pytest.fixture
def provider() -> tuple[str, ...]:
    """keytool's options for Bouncy Castle."""
    name = "org.bouncycastle.jce.provider.BouncyCastleProvider"
    return "-storetype", "BCFKS", "-providerclass", name, "-providerpath", str(bouncy_castle())


def ours(password: str = PASSWORD, alias: str = "pay_api", iterations: int = 51_200) -> bytes:
    return encode_bcfks(
        alias=alias,
        key_pkcs8=FIRST_KEY,
        chain_der=[FIRST, ROOT],
        password=Secret(password),
        created_at_ms=CREATED_AT_MS,
        iterations=iterations,
    )


def opened(data: bytes, *passwords: str) -> Keystore:
    return open_keystore(data, "x.bcfks", StoreType.BCFKS, [Secret(password) for password in passwords])


def few(password: str = PASSWORD, **options: object) -> Maker:
    """Makes stores that cost next to nothing to open."""
    return Maker(password, **{"kdf": FEW, **options})  # type: ignore[arg-type]


# Written


@pytest.mark.parametrize(
    "password", ["a long enough one", "pässwörd pässwörd", "100 € 100 € 100", "🔑" * 14, "x" * 200]
)
def test_bouncy_castle_reads_what_we_write_under_any_password(password: str) -> None:
    bouncy_castle()
    data = ours(password, iterations=1000)
    store = java_load(data, "BCFKS", password)
    assert store.aliases() == store.key_aliases() == ["pay_api"]
    assert java_key(store, "pay_api", password) == FIRST_KEY
    assert java_chain(store, "pay_api") == (FIRST, ROOT)
    assert java_created_at_ms(store, "pay_api") == CREATED_AT_MS // 1000 * 1000
    assert java_refuses(data, "BCFKS", password.swapcase() + "!")


@pytest.mark.parametrize("name", ["leaf", "rsa3072", "rsa4096"] if THOROUGH else ["rsa4096"])
@pytest.mark.slow
def test_keytool_lists_and_extracts_what_we_write(name: str, folder: Path, provider: tuple[str, ...]) -> None:
    """Keys of 2048 to 4096 bits with a chain of three, with its own password and as it stands."""
    certificate = x509.load_der_x509_certificate(der("signing-ca.crt"))
    ca_key = load_der_private_key(der("signing-ca.key"), None)
    own = x509.load_der_x509_certificate(der(f"{name}.crt"))
    leaf = x509.CertificateBuilder(
        certificate.subject, own.subject, own.public_key(), 17, own.not_valid_before_utc, own.not_valid_after_utc
    )
    signed = leaf.sign(ca_key, own.signature_hash_algorithm).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    chain_der = [signed, *ders("signing-ca", "signing-root")]
    key = load_der_private_key(der(f"{name}.key"), None)
    key_pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    data = encode_bcfks(
        alias="pay_api",
        key_pkcs8=key_pkcs8,
        chain_der=chain_der,
        password=Secret(PASSWORD),
        created_at_ms=CREATED_AT_MS,
    )
    (folder / "pay_api.bcfks").write_bytes(data)
    of_it = ("-keystore", "pay_api.bcfks", "-storepass", PASSWORD, *provider)
    listed = java_keytool(folder, ["-list", "-v", *of_it])
    assert "Keystore type: BCFKS" in listed
    assert "Your keystore contains 1 entry" in listed
    assert "Alias name: pay_api\n" in listed
    assert "Entry type: PrivateKeyEntry\n" in listed
    assert "Certificate chain length: 3\n" in listed
    java_keytool(
        folder,
        ["-importkeystore", "-srckeystore", "pay_api.bcfks", "-srcstoretype", "BCFKS", "-srcstorepass", PASSWORD,
         *provider[2:], "-destkeystore", "out.p12", "-deststoretype", "PKCS12", "-deststorepass", PASSWORD],
    )  # fmt: skip
    taken = ("pkcs12", "-in", folder / "out.p12", "-passin", f"pass:{PASSWORD}", "-nodes")
    extracted = load_pem_private_key(openssl(*taken, "-nocerts").encode(), None)
    assert extracted.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == key_pkcs8
    found = x509.load_pem_x509_certificates(openssl(*taken, "-nokeys").encode())
    assert {one.public_bytes(Encoding.DER) for one in found} == set(chain_der)


def test_what_we_write_is_laid_out_as_bouncy_castle_s_own() -> None:
    """Tag by tag and length by length: the same algorithms, rounds, salts, nonces, and nothing besides."""
    bouncy_castle()
    theirs = java_make("BCFKS", PASSWORD, [("pay_api", FIRST_KEY, PASSWORD, [FIRST, ROOT])])

    def layout(data: bytes) -> list[str]:
        lines = openssl("asn1parse", "-inform", "DER", data=data).splitlines()
        return [line.split("[HEX DUMP]")[0] for line in lines]

    assert layout(ours()) == layout(theirs)
    assert any(":C800" in line for line in layout(theirs))


def test_each_keystore_has_salts_and_nonces_of_its_own() -> None:
    taken: list[int] = []

    def random(count: int) -> bytes:
        taken.append(count)
        return bytes(count)

    made = [
        encode_bcfks(
            alias="a", key_pkcs8=b"k", chain_der=[], password=Secret(PASSWORD), created_at_ms=1, iterations=1, **options
        )
        for options in ({"random": random}, {"random": random}, {}, {})
    ]
    assert made[0] == made[1]
    assert made[2] != made[3]
    assert sorted(taken) == sorted([64, 64, 64, 12, 12] * 2)


@pytest.mark.parametrize(("alias", "password"), [("Pay", PASSWORD), ("pay", "thirteen char")])
def test_what_is_not_to_be_written_is_not(alias: str, password: str) -> None:
    with pytest.raises(ValueError, match=r"lower-case|14 characters"):
        ours(password, alias)


# Read


@pytest.mark.parametrize("password", ["", "pässwörd", "🔑 key"])
def test_we_read_what_bouncy_castle_writes_under_any_password(password: str) -> None:
    """So does Keystore Explorer, which leaves the choice of algorithms to Bouncy Castle."""
    bouncy_castle()
    data = java_make("BCFKS", password, [("Pay", FIRST_KEY, password, [FIRST, ROOT])], [("trust", ROOT)])
    store = opened(data, password)
    assert [(key.alias, key.key_pkcs8, key.chain_der) for key in store.keys] == [("Pay", FIRST_KEY, (FIRST, ROOT))]
    assert [(one.alias, one.certificate_der) for one in store.certificates] == [("trust", ROOT)]
    assert store.password == Secret(password)
    assert store.bcfks is not None
    assert store.bcfks.differences == ()
    if password:
        with pytest.raises(KeystorePasswordError):
            opened(data, "")


def protected(password: str) -> bytes:
    key = load_der_private_key(SECOND_KEY, None)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))


@pytest.mark.slow
def test_every_entry_of_every_kind_comes_out() -> None:
    """All types that Bouncy Castle has; keys with passwords of their own; those without a private key are named."""
    bouncy_castle()
    data = java_make_bcfks(
        PASSWORD,
        [("first", FIRST_KEY, PASSWORD, [FIRST, ROOT]), ("Second", SECOND_KEY, "otherpass", [SECOND])],
        [("root", ROOT)],
        [("aes", bytes(16))],
        [("ready", protected("otherpass"), [SECOND]), ("ready-secret", b"anything", ())],
    )
    store = opened(data, "", "otherpass", PASSWORD)
    assert {key.alias: (key.key_pkcs8, key.chain_der, key.key_password) for key in store.keys} == {
        "first": (FIRST_KEY, (FIRST, ROOT), Secret(PASSWORD)),
        "Second": (SECOND_KEY, (SECOND,), Secret("otherpass")),
        "ready": (SECOND_KEY, (SECOND,), Secret("otherpass")),
    }
    assert [(one.alias, one.certificate_der) for one in store.certificates] == [("root", ROOT)]
    assert set(store.other_entries) == {"secret key 'aes'", "protected secret key 'ready-secret'"}
    locked = opened(data, PASSWORD)
    assert {key.alias: key.key_pkcs8 is None for key in locked.keys} == {"first": False, "Second": True, "ready": True}


@pytest.mark.parametrize(
    ("options", "differences"),
    [
        ({"kdf": ("sha512", 1000)}, ("1,000 rounds of PBKDF2",)),
        ({"kdf": ("sha3", 1000)}, ("1,000 rounds of PBKDF2", "PBKDF2 with HMAC of sha3_512")),
        ({"kdf": ("scrypt", 1024)}, ("scrypt",)),
        ({"kdf": ("sha512", 1000), "cipher": "AES256_KWP"}, ("1,000 rounds of PBKDF2", "AES-256 key wrap")),
        ({"kdf": ("sha512", 1000), "mac": "HmacSHA3_512"}, ("1,000 rounds of PBKDF2", "an HMAC of sha3_512")),
    ],
)
def test_what_bouncy_castle_writes_when_it_is_told_how_is_read(
    options: dict[str, object], differences: tuple[str, ...]
) -> None:
    bouncy_castle()
    data = java_make_bcfks(PASSWORD, [("first", FIRST_KEY, PASSWORD, [FIRST, ROOT])], **options)  # type: ignore[arg-type]
    store = opened(data, PASSWORD)
    assert [(key.alias, key.key_pkcs8, key.chain_der) for key in store.keys] == [("first", FIRST_KEY, (FIRST, ROOT))]
    assert store.bcfks is not None
    assert store.bcfks.differences == differences


def test_a_signature_in_the_place_of_a_password_is_named() -> None:
    bouncy_castle()
    data = java_make_bcfks(PASSWORD, [("first", FIRST_KEY, PASSWORD, [FIRST])], signing_key_pkcs8=SECOND_KEY)
    with pytest.raises(KeystoreError, match="sealed with a signature") as caught:
        opened(data, PASSWORD)
    assert caught.value.code == "keystore.unsupported-protection"


@pytest.mark.parametrize("cipher", bcfks.CIPHERS)
@pytest.mark.parametrize("prf", bcfks.HMACS)
def test_other_algorithms_are_read_too(cipher: str, prf: str) -> None:
    """Bouncy Castle takes AES of 256 bits and HMACs of 512 alone; others may write what the format allows."""
    maker = few(kdf=Pbkdf2(10, prf), cipher=cipher, mac=prf)
    store = opened(maker.store(maker.key_entry("pay", EC_KEY, EC_CHAIN)), PASSWORD)
    assert [(key.alias, key.key_pkcs8, key.chain_der) for key in store.keys] == [("pay", EC_KEY, tuple(EC_CHAIN))]


@pytest.mark.parametrize("used", [1, 8])
def test_scrypt_is_read_as_bouncy_castle_does_it_and_as_it_is_specified(used: int) -> None:
    maker = few(kdf=Scrypt(16, 8, 1, used))
    assert opened(maker.store(maker.key_entry("pay", EC_KEY, EC_CHAIN)), PASSWORD).keys[0].key_pkcs8 == EC_KEY


def test_a_key_under_scrypt_without_its_numbers_costs_itself_alone() -> None:
    maker = few()
    short = bcfks.algorithm("1.3.6.1.4.1.11591.4.11", tlv(0x30, tlv(0x04, b"salt"), bcfks.integer(16)))
    scheme = bcfks.algorithm(f"2.16.840.1.101.3.4.1.{bcfks.CIPHERS['wrap-256']}")
    key = tlv(0x30, bcfks.algorithm("1.2.840.113549.1.5.13", tlv(0x30, short, scheme)), tlv(0x04, bytes(32)))
    data = maker.store(bcfks.entry(bcfks.PRIVATE_KEY, "odd", tlv(0x30, key, tlv(0x30, *EC_CHAIN))))
    [other] = opened(data, PASSWORD).other_entries
    assert other.startswith("entry 'odd', which cannot be read")


def test_entries_that_cannot_be_read_cost_themselves_alone() -> None:
    maker = few()
    foreign = tlv(0x30, bcfks.algorithm("1.2.3"), tlv(0x04, b"key"))
    parts = (
        bcfks.entry(9, "future", b"anything"),
        bcfks.entry(bcfks.PRIVATE_KEY, "broken", b"\x30\x01"),
        bcfks.entry(bcfks.PRIVATE_KEY, "foreign", tlv(0x30, foreign, tlv(0x30, *EC_CHAIN))),
        bcfks.entry(bcfks.PROTECTED_PRIVATE_KEY, "ready", tlv(0x30, foreign, tlv(0x30, *EC_CHAIN))),
        bcfks.entry(bcfks.CERTIFICATE, "root", ROOT, comment="why", date=b"no date at all"),
        maker.key_entry("pay", EC_KEY, EC_CHAIN),
    )
    store = opened(maker.store(*parts), PASSWORD)
    assert {key.alias: key.key_pkcs8 for key in store.keys} == {"foreign": None, "ready": None, "pay": EC_KEY}
    assert [(one.alias, one.created_at) for one in store.certificates] == [("root", None)]
    assert [other.partition(":")[0] for other in store.other_entries] == [
        "entry of type 9 'future'",
        "entry 'broken', which cannot be read",
        "the key of entry 'foreign', protected by what sfkeytool does not have",
        "x.bcfks, entry 'ready'",
    ]


# Refused


def test_without_a_password_one_is_asked_for_and_a_wrong_one_is_refused() -> None:
    data = ours()
    with pytest.raises(KeystorePasswordError) as caught:
        opened(data)
    assert caught.value.code == "keystore.password-needed"
    with pytest.raises(KeystorePasswordError) as caught:
        opened(data, "", "hunter2")
    assert caught.value.code == "keystore.wrong-password"
    assert caught.value.message == "wrong password for x.bcfks, or the file is damaged"


def tiny() -> bytes:
    """A whole store that is small enough to break at each bit, and whose rounds stay few under any flip."""
    return encode_bcfks(
        alias="a",
        key_pkcs8=b"key",
        chain_der=[tlv(0x30)],
        password=Secret(PASSWORD),
        created_at_ms=1,
        iterations=1,
        random=bytes,
    )


def test_every_flipped_bit_is_refused() -> None:
    """Of each byte, by our error each time; of the real thing the same is tried at random below."""
    data = tiny()
    assert opened(data, PASSWORD).keys[0].key_pkcs8 == b"key"
    for position in range(len(data)):
        for bit in range(8) if THOROUGH else (position % 8, 7 - position % 8):
            broken = bytearray(data)
            broken[position] ^= 1 << bit
            with pytest.raises(SfkeytoolError) as caught:
                opened(bytes(broken), PASSWORD)
            assert caught.value.code in ("keystore.damaged", "keystore.wrong-password", "keystore.unsupported-protection", "key.kdf-too-expensive")  # fmt: skip
            assert "\n" not in caught.value.message


@given(position=st.integers(0), bit=st.integers(0, 7))
@settings(max_examples=40 if THOROUGH else 8, deadline=None)
def test_a_flipped_bit_of_a_real_keystore_is_refused(position: int, bit: int) -> None:
    data = bytearray((FIXTURES / "keystores" / "bouncycastle.bcfks").read_bytes())
    data[position % len(data)] ^= 1 << bit
    with pytest.raises(SfkeytoolError):
        parse_bcfks(bytes(data), "x", [Secret("changeit")])


def test_a_keystore_that_is_cut_is_refused() -> None:
    data = tiny()
    for end in range(len(data)):
        with pytest.raises(KeystoreError) as caught:
            opened(data[:end], PASSWORD)
        assert caught.value.code == "keystore.damaged"


@pytest.mark.parametrize("more", [b"\n", bytes(100)], ids=["newline", "zeros"])
def test_a_keystore_ends_where_it_ends(more: bytes) -> None:
    with pytest.raises(KeystoreError, match=f"{len(more)} bytes follow after its end") as caught:
        opened(tiny() + more, PASSWORD)
    assert caught.value.code == "keystore.damaged"


@given(st.binary(max_size=120), st.integers(0, 60))
@settings(deadline=None)
def test_any_bytes_give_our_error(noise: bytes, kept: int) -> None:
    with pytest.raises(SfkeytoolError):
        opened(tiny()[:kept] + noise, PASSWORD)


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = tlv(0x30, data)
    return data


def hostile() -> Iterator[tuple[str, bytes, str]]:
    """Sealed with the right password, and wrong within; what is wanted is the code."""
    maker = few()
    date = tlv(0x18, bcfks.DATE)
    damaged, unsupported = "keystore.damaged", "keystore.unsupported-protection"
    yield "version", maker.store(version=2), damaged
    yield "no version", maker.store_of(tlv(0x30, date)), damaged
    yield "another HMAC inside", maker.store(inside="sha256"), damaged
    yield "not DER", maker.store_of(b"\xff" * 40), damaged
    yield "empty", maker.store_of(b""), damaged
    yield "nested", maker.store_of(nested(2_000)), damaged
    yield "indefinite", maker.store_of(b"\x30\x80" * 2_000), damaged
    yield "many entries", maker.store(*[b"\x30\x00"] * 50_001), damaged
    yield "not an entry", maker.store(b"\x30\x00"), damaged
    yield "long length", maker.store_of(b"\x30\x84\xff\xff\xff\xff"), damaged
    yield "key of a MAC without bytes", few(mac_key_bytes=0).store(), unsupported
    yield "key of a MAC of 8 bytes", few(mac_key_bytes=8).store(), unsupported
    yield "rounds", few(kdf=replace(FEW, stated_rounds=5_000_001)).store(), "key.kdf-too-expensive"
    yield "rounds beyond 64 bits", few(kdf=replace(FEW, stated_rounds=1 << 70)).store(), "key.kdf-too-expensive"
    yield "no rounds", few(kdf=replace(FEW, stated_rounds=0)).store(), damaged
    yield "rounds below zero", few(kdf=replace(FEW, stated_rounds=-1)).store(), damaged
    yield "salt", few(kdf=Pbkdf2(1, salt_bytes=2000)).store(), "key.kdf-too-expensive"
    yield "key of a MAC of 65 bytes", few(mac_key_bytes=65).store(), "key.kdf-too-expensive"
    mac = bcfks.algorithm(bcfks.HMACS["sha512"], tlv(0x05))
    encrypted = maker.encrypt(b"", "STORE_ENCRYPTION")
    for what, numbers, code in (
        ("memory", (1 << 30, 8, 1, 64), "key.kdf-too-expensive"),
        ("cost below zero", (-1024, 8, 1, 64), damaged),
        ("cost of zero", (0, 8, 1, 64), damaged),
        ("cost that is no power of two", (1000, 8, 1, 64), damaged),
        ("blocks below zero", (1024, -8, 1, 64), damaged),
        ("blocks and threads below zero", (1024, -8, -1, 64), damaged),
        ("threads of zero", (1024, 8, 0, 64), damaged),
    ):
        scrypt = bcfks.algorithm("1.3.6.1.4.1.11591.4.11", tlv(0x30, tlv(0x04, b"salt"), *map(bcfks.integer, numbers)))
        yield f"scrypt's {what}", tlv(0x30, encrypted, tlv(0x30, mac, scrypt, tlv(0x04, bytes(64)))), code
    yield (
        "another key derivation",
        tlv(0x30, encrypted, tlv(0x30, mac, bcfks.algorithm("1.2.3"), tlv(0x04, bytes(64)))),
        unsupported,
    )
    odd_null = bcfks.algorithm(bcfks.HMACS["sha512"], tlv(0x05, b"x"))
    pbkdf2 = FEW.parameters(b"salt", 64)
    yield "NULL with something in it", tlv(0x30, encrypted, tlv(0x30, odd_null, pbkdf2, tlv(0x04, bytes(64)))), damaged
    short = bcfks.algorithm("1.3.6.1.4.1.11591.4.11", tlv(0x30, tlv(0x04, b"salt"), bcfks.integer(16)))
    scheme = bcfks.algorithm(f"2.16.840.1.101.3.4.1.{bcfks.CIPHERS['wrap-256']}")
    wrapped = tlv(0x30, bcfks.algorithm("1.2.840.113549.1.5.13", tlv(0x30, short, scheme)), tlv(0x04, bytes(32)))
    yield "scrypt without its numbers", tlv(0x30, wrapped, maker.seal(wrapped)), damaged
    yield "long length of the whole", b"\x30\x83\x00" + tiny()[2:], damaged

    def nonce_of_one_byte(content: bytes) -> bytes:
        at = content.index(tlv(0x02, b"\x08"), 100) - 14
        assert content[at : at + 2] == b"\x04\x0c"
        return content[:at] + b"\x04\x01\x00\x04\x09" + content[at + 5 :]

    yield "two nonces", maker.store_of(bcfks.store_data([]), nonce_of_one_byte), damaged


@pytest.mark.parametrize(("data", "code"), [pytest.param(*rest, id=name) for name, *rest in hostile()])
def test_hostile_contents_behind_the_right_password_are_refused(data: bytes, code: str) -> None:
    with pytest.raises((KeystoreError, PrivateKeyError)) as caught:
        opened(data, PASSWORD)
    assert caught.value.code == code
    assert caught.value.message.startswith("x.bcfks")


def test_a_wrapped_store_that_would_take_long_is_refused() -> None:
    maker = few(cipher="wrap-256")
    data = maker.store(bcfks.entry(9, "a", b""))
    assert opened(data, PASSWORD).other_entries

    def huge(content: bytes) -> bytes:
        algorithm_ends = content.index(bytes.fromhex("0609608648016503040130")) + 11
        kept = content[4:algorithm_ends] if content[1] == 0x82 else content[3:algorithm_ends]
        return tlv(0x30, kept, tlv(0x04, bytes(MAX_WRAPPED_BYTES + 8)))

    with pytest.raises(KeystoreError, match="AES key wrap around more than"):
        opened(few(cipher="wrap-256").store_of(bcfks.store_data([]), huge), PASSWORD)


def test_many_keys_may_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = few()
    key = maker.key_entry("pay", EC_KEY, EC_CHAIN)
    data = maker.store(*[key] * 5)
    monkeypatch.setattr(limits, "MAX_KDF_ITERATIONS", 6)
    with pytest.raises(PrivateKeyError, match=r"x\.bcfks as a whole asks for 7 iterations"):
        opened(data, PASSWORD)


def test_all_that_is_derived_counts_for_the_run() -> None:
    """Three derivations with the right password; one more for each wrong one; scrypt's are both counted."""
    with limits.kdf_budget() as spent:
        opened(ours(), PASSWORD)
        assert spent() == 3 * 51_200
    with limits.kdf_budget() as spent:
        opened(ours(), "wrong", "wrong too", PASSWORD)
        assert spent() == 5 * 51_200
    maker = few(kdf=Scrypt(16, 8, 1, 1))
    with limits.kdf_budget() as spent:
        opened(maker.store(), PASSWORD)
        assert spent() == 2 * (16 * 8 * 8 + 16 * 8 * 1)


def test_a_run_s_budget_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_KDF_ITERATIONS_A_RUN", 2 * 51_200)
    with limits.kdf_budget(), pytest.raises(PrivateKeyError) as caught:
        opened(ours(), PASSWORD)
    assert caught.value.code == "key.kdf-too-expensive"


def test_numbers_and_object_identifiers_are_written_as_der_has_them() -> None:
    for number in (0, 1, 127, 128, 255, 256, 51_200, 1 << 64):
        assert encode_integer(number) == bcfks.integer(number)
    for dotted in ("1.2.840.113549.1.5.13", "2.16.840.1.101.3.4.1.47", "1.3.6.1.4.1.11591.4.11", "2.5.4.3", "0.9.0"):
        assert encode_oid(dotted) == bcfks.oid(dotted)
    assert encode_oid("1.2.840.113549.1.5.12").hex() == "06092a864886f70d01050c"


@pytest.mark.slow
def test_what_a_making_command_needs() -> None:
    """Planned, made, read back and judged: NAME.bcfks, its password beside it, and no complaint of it."""
    bouncy_castle()
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    key = load_der_private_key(der("leaf.key"), None)
    assert isinstance(key, RSAPrivateKey)
    chain = [parse_certificate(one, "x") for one in ders("leaf", "intermediate", "root")]
    password, source = Secret("fourteen chars"), Source(SourceKind.GENERATE)
    assert package.check_new_password(password, "pay.bcfks", KeystoreFormat.BCFKS) == ()
    made = package.make_keystore("pay", key, chain, password, source, now, KeystoreFormat.BCFKS)
    planned = package.keystore_files("pay", source, KeystoreFormat.BCFKS)
    assert {(file.filename, file.kind) for file in planned} == {(one.filename, one.kind) for one in made.artifacts}
    files = {one.filename: one.content for one in made.artifacts}
    assert list(files) == ["pay.bcfks", "pay.crt", "pay.bcfks.password"]
    assert files["pay.bcfks.password"] == b"fourteen chars\n"
    assert (made.facts.type, made.facts.version, made.facts.chain_length) == ("BCFKS", 1, 3)
    assert made.proof.files == ("pay.bcfks", "pay.crt")
    judged = package.check_acceptance(made.artifacts, password, Purpose.JWT, now, format=KeystoreFormat.BCFKS)
    assert [notice.code for notice in judged if notice.code.startswith("ckm.store")] == []
    store = java_load(files["pay.bcfks"], "BCFKS", "fourteen chars")
    assert java_key(store, "pay", "fourteen chars") == der("leaf.key")
    with pytest.raises(CertificateError) as caught:
        package.check_acceptance(made.artifacts, password, Purpose.JWT, now, given=True)
    assert caught.value.code == "ckm.store.bcfks"  # nobody said that the org takes it
    with pytest.raises(UsageError, match="at least 14") as short:
        package.check_new_password(Secret("thirteen char"), "pay.bcfks", KeystoreFormat.BCFKS)
    assert short.value.code == "usage.password-too-short"


# The commands


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BCFKS_PASSWORD", PASSWORD)
    path = folder / "pay_api.bcfks"
    path.write_bytes(ours())
    return path


WITH = ("--password", "env:BCFKS_PASSWORD")


def test_show_tells_what_is_in_it(cli: Cli, store: Path) -> None:
    shown = cli("show", store, *WITH, "--json").json["result"]["files"][0]
    assert shown["keystore"]["type"] == "BCFKS"
    assert shown["keystore"]["integrity"] == "verified"
    entry = shown["keystore"]["entries"][0]
    assert (entry["alias"], entry["kind"], len(entry["chain"])) == ("pay_api", "private-key", 2)
    assert entry["createdAt"] == "2026-09-21T14:13:20Z"
    refused = cli("show", store, "--password", "env:TEST_PASSWORD", "--json")
    assert (refused.code, refused.json["code"]) == (1, "keystore.wrong-password")
    asked = cli("show", store, "--json")
    assert (asked.code, asked.json["code"]) == (1, "keystore.password-needed")


def test_unwrap_takes_key_and_certificate_out(cli: Cli, store: Path, folder: Path) -> None:
    assert cli("unwrap", store, *WITH).code == 0
    made = folder / "pay_api"
    key = load_pem_private_key((made / "pay_api.key").read_bytes(), None)
    assert key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == FIRST_KEY
    certificate = x509.load_pem_x509_certificate((made / "pay_api.crt").read_bytes())
    assert certificate.public_bytes(Encoding.DER) == FIRST


def test_compare_and_audit_see_its_certificate(cli: Cli, store: Path, folder: Path) -> None:
    (folder / "a.crt").write_bytes(x509.load_der_x509_certificate(FIRST).public_bytes(Encoding.PEM))
    compared = cli("compare", store, "a.crt", *WITH, "--json")
    assert (compared.code, compared.json["result"]["relation"]) == (0, "same-certificate")
    store_only = folder / "sub"
    store_only.mkdir()
    store.rename(store_only / store.name)
    audited = cli("audit", "sub", *WITH, "--json")
    assert audited.code == 0
    assert any("CN=first" in str(item) for item in audited.json["result"]["items"])


def test_check_judges_its_entries_and_says_who_takes_it(cli: Cli, store: Path, folder: Path) -> None:
    """JKS stays what is wanted: no file tells that its org is in Government Cloud. What is inside is judged as ever."""
    checked = cli("check", store, *WITH, "--json").json["result"]["files"][0]
    assert [finding["rule"] for finding in checked["findings"] if finding["severity"] == "error"] == ["ckm.store.bcfks"]
    assert not checked["unknown"]
    repaired = cli("check", "--fix", store, *WITH, "--new-password", "generate", "--json")
    assert repaired.code == 0
    [made] = folder.rglob("*.jks")
    password = made.with_name(f"{made.name}.password").read_text("utf-8").strip()
    [key] = open_keystore(made.read_bytes(), "x", StoreType.JKS, [Secret(password)]).keys
    assert key.key_pkcs8 == FIRST_KEY
    unseen = cli("check", store, "--json").json["result"]["files"][0]
    assert any(one["rule"] == "ckm.store.integrity" for one in unseen["unknown"])


def test_another_command_s_input_may_be_one(cli: Cli, store: Path, folder: Path) -> None:
    """wrap makes a JKS of it."""
    made = cli("wrap", "pay_api", store, "--input-password", "env:BCFKS_PASSWORD", "--password", "generate", "--json")
    assert made.code == 0
    assert made.json["result"]["keystore"]["type"] == "JKS"


def test_contents_of_a_bcfks_are_those_of_any_keystore() -> None:
    contents = parse_contents(InputFile("x.bcfks", ours()), [Secret(PASSWORD)])
    assert [key.alias for key in contents.keys] == ["pay_api"]
    assert [found.der for found in contents.certificates] == [FIRST, ROOT]
