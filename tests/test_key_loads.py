"""Keys are loaded once, put to the test where they are used, validated in full only where they are judged; and one that
cannot be loaded costs itself alone."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from math import gcd, lcm
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import PASSWORD, THOROUGH, CertificateAuthority, Pair, Result, openssl, pem_body
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from pfx import encode_pfx, tlv
from workshop import der as kept_der

from sfkeytool.acceptance.engine import judge
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.crypto import keys
from sfkeytool.crypto.pem import encode_pem_block
from sfkeytool.errors import PrivateKeyError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.model import Profile

Cli = Callable[..., Result]
GIVEN = ("--password", "env:TEST_PASSWORD")
NOW = datetime(2026, 11, 27, tzinfo=UTC)
RSA = bytes.fromhex("300d06092a864886f70d0101010500")
KEPT = ("leaf", "rsa3072", "rsa4096")
"""Keys of the corpus, of each size that Salesforce takes."""
P_256 = bytes.fromhex("2a8648ce3d030107")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a key was loaded, how often put to the test, and how often the library validated one in full."""
    counted: Counter[str] = Counter()
    parse, validate, load = keys.parse_private_key, keys.validate_key, serialization.load_der_private_key

    def counting_parse(data: bytes, label: str, passwords: object, *, validate: bool = True) -> keys.LoadedKey:
        counted["loaded"] += 1
        counted["validated"] += validate
        return parse(data, label, passwords, validate=validate)  # type: ignore[arg-type]

    def counting_validate(key: keys.PrivateKey, label: str) -> keys.PrivateKey:
        counted["validated"] += 1
        return validate(key, label)

    def counting_load(*arguments: Any, unsafe_skip_rsa_key_validation: bool = False) -> Any:
        counted["in full"] += not unsafe_skip_rsa_key_validation
        return load(*arguments, unsafe_skip_rsa_key_validation=unsafe_skip_rsa_key_validation)

    keys.withstands_validation.cache_clear()
    monkeypatch.setattr(serialization, "load_der_private_key", counting_load)
    monkeypatch.setattr(keys, "parse_private_key", counting_parse)
    monkeypatch.setattr(keys, "validate_key", counting_validate)
    return counted


@pytest.fixture
def both(pair: Pair, folder: Path) -> Path:
    """Key and certificate in one file."""
    path = folder / "both.pem"
    path.write_bytes(pair.key.read_bytes() + pair.crt.read_bytes())
    path.chmod(0o600)
    return path


def encoded(numbers: Mapping[str, int]) -> bytes:
    """PKCS#8 of an RSA key whose numbers need not belong together; no library writes such a one."""
    integers = (tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big")) for value in (0, *numbers.values()))
    return tlv(0x30, b"\2\1\0", RSA, tlv(4, tlv(0x30, *integers)))


@pytest.fixture(scope="module")
def numbers(pair: Pair) -> dict[str, int]:
    """In the order of RFC 8017, A.1.2."""
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    private = key.private_numbers()
    public = private.public_numbers
    return {"n": public.n, "e": public.e} | {
        part: getattr(private, part) for part in ("d", "p", "q", "dmp1", "dmq1", "iqmp")
    }


@pytest.fixture(scope="module")
def odd_key(pair: Pair) -> bytes:
    """PKCS#8 of an EC key on a curve that nobody has."""
    der = pem_body(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    assert P_256 in der
    return der.replace(P_256, P_256[:-1] + b"\x7f")


def pem_of(key_pkcs8: bytes) -> bytes:
    return encode_pem_block("PRIVATE KEY", key_pkcs8)


@pytest.mark.parametrize("profile", [None, *Profile])
def test_a_file_is_judged_with_one_load_of_its_key(profile: Profile | None, both: Path, loads: Counter[str]) -> None:
    """The rules read its numbers themselves, so no library has to validate them."""
    judge(prepare_subject(InputFile("both.pem", both.read_bytes()), as_of=NOW, profile=profile))
    assert loads == {"loaded": 1, "validated": 0, "in full": 0}


def test_who_only_looks_at_a_key_does_not_validate_it(cli: Cli, both: Path, folder: Path, loads: Counter[str]) -> None:
    """Twenty files of key and certificate are checked, compared and audited."""
    for number in range(20):
        shutil.copy(both, folder / f"{number}.pem")
    assert cli("check", ".").code == 0
    assert cli("compare", "0.pem", "1.pem").code == 0
    assert cli("audit", ".").code in (0, 68)
    assert loads["validated"] == loads["in full"] == 0


def test_a_key_on_its_way_to_an_import_is_validated_in_full_once(
    cli: Cli, both: Path, folder: Path, loads: Counter[str]
) -> None:
    """By check, which has the time; copies of a key are one key."""
    for number in range(20):
        shutil.copy(both, folder / f"{number}.pem")
    assert cli("check", ".", "--profile", "ckm-import").code == 3
    assert (loads["loaded"], loads["validated"], loads["in full"]) == (21, 0, 1)


def test_a_command_that_uses_a_key_validates_it_once(
    cli: Cli, both: Path, folder: Path, loads: Counter[str], ca: CertificateAuthority
) -> None:
    """And leaves it to the library's own validation, which takes as long as all the rest, only if it fails the test."""
    once = {"loaded": 1, "validated": 1, "in full": 0}
    assert cli("wrap", "pay", both, ca.intermediate, ca.root, *GIVEN).code == 0
    assert loads == once
    loads.clear()
    assert cli("show", both).code == 0
    assert loads == once
    loads.clear()
    assert cli("unwrap", folder / "pay" / "pay.jks", *GIVEN, "--output-dir", folder / "out").code == 0
    assert loads == once


def test_a_key_made_in_this_run_is_not_loaded_again(cli: Cli, loads: Counter[str]) -> None:
    assert cli("self-signed", "new", *GIVEN).code == 0
    assert cli("csr", "newer").code == 0
    assert not loads


def test_the_key_of_a_keystore_without_certificates_is_loaded_to_be_compared(
    cli: Cli, pair: Pair, folder: Path, loads: Counter[str]
) -> None:
    der = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))
    (folder / "key.pfx").write_bytes(encode_pfx(der, [], friendly_name=None, password=PASSWORD))
    (folder / "key.pfx").chmod(0o600)
    assert cli("compare", "key.pfx", pair.crt, *GIVEN).out.startswith("same key")
    assert loads == {"loaded": 1, "validated": 0, "in full": 0}


@pytest.mark.parametrize("name", KEPT)
def test_no_flipped_bit_passes_the_test(name: str) -> None:
    """Of all bits of the PKCS#8 DER of a key: each makes it no DER, no RSA key, or one whose numbers do not agree."""
    whole = kept_der(f"{name}.key")
    assert keys.load_tested(whole, sign=True) is not None
    passed = [at for at in range(len(whole) * 8) if _passes(flipped(whole, at))]
    assert not passed, f"of {len(whole) * 8} bits"


@pytest.mark.parametrize("name", KEPT)
def test_a_flipped_bit_is_refused_in_full_too(name: str) -> None:
    """The whole road of a key that fails the test: the library has the last word, and it is no."""
    whole = kept_der(f"{name}.key")
    for at in Random(name).sample(range(len(whole) * 8), 50 if THOROUGH else 3):
        damaged = flipped(whole, at)
        with pytest.raises((ValueError, TypeError, UnsupportedAlgorithm)):
            serialization.load_der_private_key(damaged, None)
        with pytest.raises(PrivateKeyError) as caught:
            keys.parse_private_key(damaged, "x.der", ())
        assert caught.value.code in ("key.malformed", "key.unsupported", "key.too-large"), at


def flipped(whole: bytes, at: int) -> bytes:
    """One bit changed."""
    damaged = bytearray(whole)
    damaged[at // 8] ^= 1 << at % 8
    return bytes(damaged)


def _passes(damaged: bytes) -> bool:
    try:
        return keys.load_tested(damaged, sign=True) is not None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


@pytest.mark.parametrize("validate", [True, False])
def test_numbers_that_contradict_each_other_are_no_key(validate: bool, numbers: dict[str, int]) -> None:
    assert keys.parse_private_key(encoded(numbers), "x", (), validate=validate)
    for part in numbers:
        with pytest.raises(PrivateKeyError) as caught:
            keys.parse_private_key(encoded(numbers | {part: numbers[part] + 2}), "x", (), validate=validate)
        assert caught.value.code == "key.malformed", part


def test_a_key_that_only_looks_sound_is_never_used(cli: Cli, folder: Path, numbers: dict[str, int]) -> None:
    """One factor is no prime: its numbers agree, and what they sign does not verify."""
    p = next(p for p in count(numbers["p"] + 2, 2) if p % 3 == 0 and gcd(numbers["e"], p - 1) == 1)
    forged = forged_of(p, numbers)
    found = parse_contents(InputFile("forged.key", pem_of(forged)), (), load_keys=False).keys[0]
    assert found.spki_der == keys.spki_der(RSAPublicNumbers(numbers["e"], p * numbers["q"]).public_key())
    with pytest.raises(PrivateKeyError):
        _ = found.key
    (folder / "forged.key").write_bytes(pem_of(forged))
    assert cli("csr", "pay", "--key", "forged.key", "--json").json["code"] == "key.malformed"


def test_a_factor_that_passes_for_a_prime_is_found_by_check(cli: Cli, folder: Path, numbers: dict[str, int]) -> None:
    """A Carmichael number: what is signed with it verifies, always. Nobody comes by such a key by accident."""
    k = int("471953835664592224600192500237998441404300750729497268148493985364691638074854872006476131273145363246")
    forged = forged_of((6 * k + 1) * (12 * k + 1) * (18 * k + 1), numbers)
    (folder / "forged.key").write_bytes(pem_of(forged))
    (folder / "forged.key").chmod(0o600)
    assert keys.load_tested(forged, sign=True) is not None
    assert not keys.withstands_validation(forged)
    assert cli("self-signed", "pay", "--key", "forged.key", *GIVEN).code == 0
    refused = cli("check", "pay/pay.jks", *GIVEN, "--json")
    [finding] = [one for one in refused.json["result"]["files"][0]["findings"] if one["severity"] == "error"]
    assert (refused.code, finding["rule"]) == (3, "ckm.key.mismatch")
    assert "no prime" in finding["saw"]


def forged_of(p: int, numbers: dict[str, int]) -> bytes:
    """A key of this factor, and one of another key, whose numbers agree."""
    e, q = numbers["e"], numbers["q"]
    d = pow(e, -1, lcm(p - 1, q - 1))
    return encoded({"n": p * q, "e": e, "d": d, "p": p, "q": q, "1": d % (p - 1), "2": d % (q - 1), "3": pow(q, -1, p)})


@pytest.mark.parametrize("kind", ["damaged", "of an unknown curve", "OpenSSH's"])
def test_a_key_that_cannot_be_loaded_costs_itself_alone(
    kind: str, cli: Cli, pair: Pair, folder: Path, numbers: dict[str, int], odd_key: bytes
) -> None:
    """It is named, the rest is read, and whoever needs one key is not given the other in its place."""
    bad, code = {
        "damaged": (pem_of(encoded(numbers | {"n": numbers["n"] + 2})), "key.malformed"),
        "of an unknown curve": (pem_of(odd_key), "key.unsupported"),
        "OpenSSH's": (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "key.openssh"),
    }[kind]
    (folder / "all.pem").write_bytes(bad + pair.key.read_bytes() + pair.crt.read_bytes())
    (folder / "bad.pem").write_bytes(bad)
    (folder / "half.pem").write_bytes(bad + pair.crt.read_bytes())
    for path in folder.iterdir():
        path.chmod(0o600)
    [shown] = cli("show", "all.pem", "--json").json["result"]["files"]
    assert len(shown["keys"]) == len(shown["certificates"]) == len(shown["ignored"]) == 1
    assert shown["ignored"][0].startswith("all.pem")
    assert cli("compare", "all.pem", pair.crt).code == 0
    assert "app.file.private-key" in cli("check", "--profile", "app-cert", "half.pem").out
    for line in (("show", "bad.pem"), ("csr", "pay", "--key", "all.pem"), ("wrap", "pay", "half.pem", *GIVEN)):
        refused = cli(*line, "--json")
        assert (refused.code, refused.json["code"]) == (1, code), line
    made = cli("wrap", "pay", "all.pem", *GIVEN, "--json")
    assert made.code == 0
    assert "all.pem (not opened)" in next(w for w in made.json["warnings"] if "other private keys" in w)


def test_an_entry_that_cannot_be_loaded_costs_itself_alone(cli: Cli, pair: Pair, folder: Path, odd_key: bytes) -> None:
    der = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))
    crt = pem_body(pair.crt.read_text())
    (folder / "two.pfx").write_bytes(encode_pfx([odd_key, der], [crt], friendly_name=None, password=PASSWORD))
    (folder / "two.pfx").chmod(0o600)
    [shown] = cli("show", "two.pfx", *GIVEN, "--json").json["result"]["files"]
    assert [found["origin"] for found in shown["keys"]] == ["two.pfx, key 2"]
    assert [text.split(":")[0] for text in shown["ignored"]] == ["two.pfx, key 1"]
    assert cli("compare", "two.pfx", pair.crt, *GIVEN).code == 0
    assert cli("wrap", "pay", "two.pfx", "--input-password", "env:TEST_PASSWORD", *GIVEN).code == 0
    refused = cli("unwrap", "two.pfx", *GIVEN, "--json")
    assert (refused.code, refused.json["code"], refused.json["actions"]) == (1, "key.unsupported", [])
    assert not (folder / "two").exists()


def test_an_alias_leads_past_an_entry_that_cannot_be_loaded(cli: Cli, pair: Pair, folder: Path, odd_key: bytes) -> None:
    der = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))
    crt = pem_body(pair.crt.read_text())
    store = encode_pfx([odd_key, der], [crt], friendly_name=["odd", "good"], password=PASSWORD)
    (folder / "two.pfx").write_bytes(store)
    (folder / "two.pfx").chmod(0o600)
    for alias in ((), ("--alias", "odd")):
        refused = cli("unwrap", "two.pfx", *GIVEN, *alias, "--json")
        assert (refused.json["code"], refused.json["actions"]) == (
            "key.unsupported",
            ["or pick another entry with --alias"],
        )
    assert cli("unwrap", "two.pfx", *GIVEN, "--alias", "good").code == 0
    assert (folder / "good" / "good.key").exists()
