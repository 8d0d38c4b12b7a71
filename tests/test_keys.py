"""Private keys in every form that openssl writes, wrong passwords, limits, and what Salesforce takes."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import THOROUGH, openssl, pem_body
from Cryptodome.IO import PEM, PKCS8
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openssl_command import run_openssl

from sfkeytool.crypto import certificates, issuing, keys, names
from sfkeytool.errors import PrivateKeyError, PrivateKeyPasswordError, SelfCheckError, SfkeytoolError
from sfkeytool.model import Purpose
from sfkeytool.passwords import Secret

PASSWORD = "opensesame"
LEGACY = ("-provider", "legacy", "-provider", "default")


@dataclass(frozen=True)
class Made:
    """A key that openssl made, as PEM and as the PKCS#8 DER that every form of it must lead to."""

    path: Path
    pkcs8: bytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    path = tmp_path_factory.mktemp("keys") / "rsa.pem"
    openssl("genrsa", "-out", path, "2048")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", path, "-outform", "DER", "-out", path.with_suffix(".der"))
    return Made(path, path.with_suffix(".der").read_bytes())


@pytest.fixture(scope="module")
def key(made: Made) -> rsa.RSAPrivateKey:
    return keys.require_supported(keys.parse_private_key(made.pkcs8, "rsa.der", ()).key, "rsa.der")


def converted(made: Made, tmp_path: Path, *arguments: str) -> bytes:
    out = tmp_path / "out"
    openssl(*arguments, "-in", made.path, "-out", out)
    return out.read_bytes()


PLAIN = {
    "PKCS#8 PEM": ("pkcs8", "-topk8", "-nocrypt"),
    "PKCS#8 DER": ("pkcs8", "-topk8", "-nocrypt", "-outform", "DER"),
    "PKCS#1 PEM": ("rsa", "-traditional"),
    "PKCS#1 DER": ("rsa", "-traditional", "-outform", "DER"),
}
ENCRYPTED = {
    "DEK-Info AES-128": ("rsa", "-aes128", "-traditional", "-passout", f"pass:{PASSWORD}"),
    "DEK-Info AES-256": ("rsa", "-aes256", "-traditional", "-passout", f"pass:{PASSWORD}"),
    "DEK-Info DES3": ("rsa", "-des3", "-traditional", "-passout", f"pass:{PASSWORD}"),
    **{
        name: ("pkcs8", "-topk8", "-passout", f"pass:{PASSWORD}", *options)
        for name, options in {
            "PBES2 AES-256": ("-v2", "aes256", "-iter", "10000"),
            "PBES2 AES-128, HMAC-SHA-512": ("-v2", "aes128", "-v2prf", "hmacWithSHA512"),
            "PBES2 3DES, HMAC-SHA-1": ("-v2", "des3", "-v2prf", "hmacWithSHA1"),
            "PBES2 AES-256 DER": ("-v2", "aes256", "-outform", "DER"),
            "scrypt": ("-scrypt",),
            "PKCS#12 3DES": ("-v1", "PBE-SHA1-3DES", *LEGACY),
            "PKCS#12 RC2-40": ("-v1", "PBE-SHA1-RC2-40", *LEGACY),
            "PKCS#12 RC4-128": ("-v1", "PBE-SHA1-RC4-128", *LEGACY),
        }.items()
    },
}


@pytest.mark.parametrize("form", PLAIN)
@pytest.mark.slow
def test_an_unencrypted_key_is_loaded_and_a_password_does_not_hurt(form: str, made: Made, tmp_path: Path) -> None:
    data = converted(made, tmp_path, *PLAIN[form])
    for passwords in ((), (Secret(PASSWORD),), (Secret(""),)):
        loaded = keys.parse_private_key(data, "rsa.key", passwords)
        assert keys.encode_key_pkcs8(loaded.key) == made.pkcs8
        assert loaded.password is None


@pytest.mark.parametrize("form", ENCRYPTED)
@pytest.mark.slow
def test_an_encrypted_key_is_loaded_with_the_password_that_fits(form: str, made: Made, tmp_path: Path) -> None:
    """Each password is tried; the one that opened it is told, so that the key is never written in clear."""
    data = converted(made, tmp_path, *ENCRYPTED[form])
    right = Secret(PASSWORD)
    loaded = keys.parse_private_key(data, "rsa.key", [Secret(""), Secret("wrong"), right, Secret("other")])
    assert keys.encode_key_pkcs8(loaded.key) == made.pkcs8
    assert loaded.password is right


@pytest.mark.parametrize("form", ENCRYPTED)
def test_an_encrypted_key_without_its_password_is_an_error_of_its_own(form: str, made: Made, tmp_path: Path) -> None:
    data = converted(made, tmp_path, *ENCRYPTED[form])
    with pytest.raises(PrivateKeyPasswordError) as needed:
        keys.parse_private_key(data, "rsa.key", ())
    assert needed.value.code == "key.password-needed"
    assert "rsa.key" in needed.value.message
    for wrong in ("", "wrong", "größer", "x" * 2000):
        with pytest.raises(PrivateKeyPasswordError) as refused:
            keys.parse_private_key(data, "rsa.key", [Secret(wrong)])
        assert refused.value.code == "key.wrong-password"
        assert refused.value.message == "wrong password for rsa.key, or the file is damaged"


def test_a_wrong_password_for_an_old_key_is_never_another_error(made: Made, tmp_path: Path) -> None:
    """DEK-Info has no integrity: one wrong password in 256 leaves valid padding and garbage that is no key."""
    data = converted(made, tmp_path, *ENCRYPTED["DEK-Info DES3"])
    for number in range(1500):
        with pytest.raises(PrivateKeyPasswordError) as refused:
            keys.parse_private_key(data, "rsa.key", [Secret(f"wrong{number}")])
        assert refused.value.code == "key.wrong-password"


@pytest.mark.parametrize("options", [("-v2", "aes256"), ("-scrypt",), ("-v1", "PBE-SHA1-3DES")])
def test_a_key_under_the_empty_password_opens_with_it(options: tuple[str, ...], made: Made, tmp_path: Path) -> None:
    data = converted(made, tmp_path, "pkcs8", "-topk8", "-passout", "pass:", *options)
    assert keys.encode_key_pkcs8(keys.parse_private_key(data, "rsa.key", [Secret("")]).key) == made.pkcs8


@pytest.mark.parametrize("options", [("-v2", "aes256"), ("-v1", "PBE-SHA1-3DES"), None])
def test_a_password_beyond_ascii_is_utf_8(options: tuple[str, ...] | None, made: Made, tmp_path: Path) -> None:
    password = "zoë€🔑"
    how = ("rsa", "-aes128", "-traditional") if options is None else ("pkcs8", "-topk8", *options)
    data = converted(made, tmp_path, *how, "-passout", f"pass:{password}")
    assert keys.encode_key_pkcs8(keys.parse_private_key(data, "rsa.key", [Secret(password)]).key) == made.pkcs8


@pytest.mark.parametrize(
    "arguments",
    [
        ("pkcs8", "-topk8", "-v2", "camellia256", "-passout", f"pass:{PASSWORD}"),
        ("rsa", "-camellia128", "-traditional", "-passout", f"pass:{PASSWORD}"),
    ],
)
def test_an_encryption_that_is_not_known_is_not_called_a_wrong_password(
    arguments: tuple[str, ...], made: Made, tmp_path: Path
) -> None:
    data = converted(made, tmp_path, *arguments)
    with pytest.raises(PrivateKeyError) as caught:
        keys.parse_private_key(data, "rsa.key", [Secret(PASSWORD)])
    assert caught.value.code == "key.unsupported"
    assert "openssl pkcs8 -topk8" in caught.value.hints[0]


def test_text_and_other_blocks_around_the_key_do_not_matter(made: Made, tmp_path: Path) -> None:
    """openssl writes EC PARAMETERS first, and bag attributes before a key out of a PFX."""
    pem = made.path.read_bytes()
    data = b"Bag Attributes\r\n  friendlyName: pay\r\n" + pem.replace(b"\n", b"\r\n") + b"trailing text"
    assert keys.encode_key_pkcs8(keys.parse_private_key(data, "rsa.key", ()).key) == made.pkcs8
    ec = tmp_path / "ec.pem"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", ec)
    assert b"EC PARAMETERS" in ec.read_bytes()
    assert keys.describe_key_kind(keys.parse_private_key(ec.read_bytes(), "ec.pem", ()).key.public_key())[0].startswith(
        "EC"
    )


OTHER_KINDS = {
    "EC": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "Ed25519": ("genpkey", "-algorithm", "ED25519"),
    "Ed448": ("genpkey", "-algorithm", "ED448"),
    "X25519": ("genpkey", "-algorithm", "X25519"),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_key_that_is_not_rsa_is_loaded_and_refused_by_its_name(kind: str, tmp_path: Path) -> None:
    openssl(*OTHER_KINDS[kind], "-out", tmp_path / "other.pem")
    loaded = keys.parse_private_key((tmp_path / "other.pem").read_bytes(), "other.pem", ())
    with pytest.raises(PrivateKeyError) as caught:
        keys.require_supported(loaded.key, "other.pem")
    assert caught.value.code == "key.not-rsa"
    assert f"the key in other.pem is not RSA but {kind}" in caught.value.message
    assert "The key is not an RSA key." in caught.value.message


def test_a_dsa_key_is_refused_by_its_name(tmp_path: Path) -> None:
    parameters = tmp_path / "dsa.params"
    openssl("dsaparam", "-out", parameters, "1024")
    openssl("gendsa", "-out", tmp_path / "dsa.pem", parameters)
    with pytest.raises(PrivateKeyError, match="not RSA but DSA"):
        keys.require_supported(
            keys.parse_private_key((tmp_path / "dsa.pem").read_bytes(), "dsa.pem", ()).key, "dsa.pem"
        )


@pytest.mark.parametrize("bits", [1024, 2047, 2056])
def test_a_size_that_salesforce_refuses_is_refused_in_its_words(bits: int, tmp_path: Path) -> None:
    openssl("genrsa", "-out", tmp_path / "odd.pem", bits)
    loaded = keys.parse_private_key((tmp_path / "odd.pem").read_bytes(), "odd.pem", ())
    with pytest.raises(PrivateKeyError) as caught:
        keys.require_supported(loaded.key, "odd.pem")
    assert caught.value.code == "key.unsupported-size"
    assert f"{bits} bits" in caught.value.message
    assert "Imported keys must have a bit size of 2048, 3072, or 4096." in caught.value.message


@pytest.mark.parametrize("bits", keys.SUPPORTED_BITS)
@pytest.mark.slow
def test_a_generated_key_passes_openssls_check(bits: int, tmp_path: Path) -> None:
    generated = keys.generate_key(bits)
    (tmp_path / "new.key").write_bytes(keys.encode_key_pem(generated, None))
    assert "Key is valid" in openssl("pkey", "-in", tmp_path / "new.key", "-check", "-noout")
    assert keys.require_supported(generated, "new.key") is generated
    assert "publicExponent: 65537" in openssl("rsa", "-in", tmp_path / "new.key", "-noout", "-text")


def test_a_written_key_is_pkcs8_that_openssl_opens(key: rsa.RSAPrivateKey, made: Made, tmp_path: Path) -> None:
    """In clear without a password, else encrypted under it."""
    clear, encrypted = tmp_path / "clear.key", tmp_path / "encrypted.key"
    clear.write_bytes(keys.encode_key_pem(key, None))
    encrypted.write_bytes(keys.encode_key_pem(key, Secret("zoë")))
    assert clear.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert encrypted.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    for path, password in ((clear, ""), (encrypted, "zoë")):
        pem = openssl("pkcs8", "-topk8", "-nocrypt", "-in", path, "-passin", f"pass:{password}")
        assert pem_body(pem) == made.pkcs8
    assert run_openssl(["pkey", "-in", encrypted, "-noout", "-passin", "pass:wrong"]).returncode != 0


@pytest.mark.parametrize(("password", "code"), [("", "key.empty-password"), ("x" * 1024, "key.password-too-long")])
def test_a_password_that_cannot_encrypt_is_refused(password: str, code: str, key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(PrivateKeyPasswordError) as caught:
        keys.encode_key_pem(key, Secret(password))
    assert caught.value.code == code


def test_the_public_keys_fingerprint_is_the_one_that_openssl_computes(made: Made, key: rsa.RSAPrivateKey) -> None:
    spki = made.path.with_suffix(".spki")
    openssl("pkey", "-in", made.path, "-pubout", "-outform", "DER", "-out", spki)
    digest = openssl("dgst", "-sha256", "-c", spki).split("= ")[1].strip().upper()
    assert keys.public_key_sha256(key.public_key()) == digest
    assert keys.spki_der(key.public_key()) == spki.read_bytes()


def test_a_pair_is_proved_by_a_signature(key: rsa.RSAPrivateKey) -> None:
    certificate = issuing.build_self_signed(
        key,
        subject=names.build_subject(common_name="pay"),
        san=(),
        purpose=Purpose.JWT,
        days=1,
        now=datetime(2026, 11, 24, tzinfo=UTC),
    )
    der = certificates.encode_der(certificate)
    keys.prove_pair(key, der)
    for strange, what in ((keys.generate_key(2048), der), (key, der[:-300]), (key, b"")):
        with pytest.raises(SelfCheckError) as caught:
            keys.prove_pair(strange, what)
        assert caught.value.code == "internal.pair"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x30\x82\xff\xff",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_no_key_is_malformed(data: bytes) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        keys.parse_private_key(data, "junk", [Secret("x")])
    assert caught.value.code in ("key.malformed", "key.wrong-password")
    assert "junk" in caught.value.message


def test_a_damaged_key_is_refused_by_the_validation(made: Made) -> None:
    """A key whose numbers do not belong together would sign garbage, so loading checks them."""
    data = bytearray(made.pkcs8)
    data[-40] ^= 1
    with pytest.raises(PrivateKeyError) as caught:
        keys.parse_private_key(bytes(data), "rsa.der", ())
    assert caught.value.code == "key.malformed"


def test_a_derivation_that_costs_too_much_is_refused_before_it_starts(made: Made, tmp_path: Path) -> None:
    """Four bytes in a file must not keep a machine busy for hours."""
    data = converted(made, tmp_path, *ENCRYPTED["PBES2 AES-256 DER"])
    rounds = b"\x02\x02\x08\x00"  # 2048, openssl's default
    assert data.count(rounds) == 1
    hostile = data.replace(rounds, b"\x02\x04\x7f\xff\xff\xff")
    hostile = _longer(hostile, 2)
    with pytest.raises(PrivateKeyError) as caught:
        keys.parse_private_key(hostile, "slow.der", [Secret(PASSWORD)])
    assert caught.value.code == "key.kdf-too-expensive"


def _longer(data: bytes, count: int) -> bytes:
    """EncryptedPrivateKeyInfo whose iteration count grew by ``count`` bytes, with its outer lengths put right."""
    fixed = bytearray(data)
    fixed[2:4] = (int.from_bytes(fixed[2:4], "big") + count).to_bytes(2, "big")
    for offset in (5, 18, 20, 33):  # algorithm, PBES2's parameters, PBKDF2, PBKDF2's parameters
        fixed[offset] += count
    return bytes(fixed)


def test_a_huge_modulus_is_refused_before_it_is_loaded(made: Made) -> None:
    """Validation grows with the cube of the size."""
    with pytest.raises(PrivateKeyError) as caught:
        keys.parse_private_key(_huge_pkcs1(), "huge.der", ())
    assert caught.value.code == "key.too-large"


def _huge_pkcs1() -> bytes:
    integers = b"".join(_integer(value) for value in (0, (1 << 12287) + 1, 65537, *[(1 << 6143) + 1] * 6))
    return b"\x30\x82" + len(integers).to_bytes(2, "big") + integers


def _integer(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
    length = bytes([len(raw)]) if len(raw) < 128 else b"\x82" + len(raw).to_bytes(2, "big")
    return b"\x02" + length + raw


@pytest.mark.parametrize("form", ["PBES2", "DEK-Info"])
def test_a_huge_modulus_that_was_encrypted_is_refused_before_it_is_loaded(form: str) -> None:
    pkcs1 = _huge_pkcs1()
    if form == "PBES2":
        data = PKCS8.wrap(pkcs1, "1.2.840.113549.1.1.1", PASSWORD.encode(), "PBKDF2WithHMAC-SHA1AndAES256-CBC")
    else:
        data = PEM.encode(pkcs1, "RSA PRIVATE KEY", PASSWORD.encode()).encode()
    with pytest.raises(PrivateKeyError) as caught:
        keys.parse_private_key(data, "huge.key", [Secret(PASSWORD)])
    assert caught.value.code == "key.too-large"


@pytest.mark.parametrize("form", ["PKCS#8 DER", "PKCS#1 PEM", "PBES2 AES-256 DER", "DEK-Info AES-128"])
@pytest.mark.slow
def test_flipped_bytes_and_cuts_end_in_one_of_our_errors(form: str, made: Made, tmp_path: Path) -> None:
    data = converted(made, tmp_path, *({**PLAIN, **ENCRYPTED})[form])
    for damaged in _damaged(data):
        with suppress(SfkeytoolError):
            keys.parse_private_key(damaged, "damaged", [Secret(PASSWORD)])


def _damaged(data: bytes) -> Iterator[bytes]:
    for offset in range(0, len(data), max(1, len(data) // (60 if THOROUGH else 20))):
        yield data[:offset] + bytes([data[offset] ^ 0x41]) + data[offset + 1 :]
        yield data[:offset]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_noise_ends_in_one_of_our_errors(data: bytes) -> None:
    with pytest.raises(SfkeytoolError, match="noise"):
        keys.parse_private_key(data, "noise", [Secret("x")])


def test_nothing_printed_of_a_loaded_key_is_secret(made: Made) -> None:
    loaded = keys.parse_private_key(made.pkcs8, "rsa.der", ())
    assert repr(loaded) == repr(keys.LoadedKey(loaded.key, Secret(PASSWORD))) == "LoadedKey(…)"
