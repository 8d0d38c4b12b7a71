"""``reminder``: expires when the real certificate does, is accepted, and its key is in the keystore and nowhere else."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PASSWORD, CertificateAuthority, Pair, Result, openssl, pem_body, tree
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from oracle_java import java_key, java_load

from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.reminders import reminded_sha256_prefix, sha256_prefix
from sfkeytool.keystores.jks import JksKeyEntry, parse_jks
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]
PW = ("--password", "env:TEST_PASSWORD")


def leaf_of(path: Path) -> x509.Certificate:
    [entry] = parse_jks(path.read_bytes(), "jks").entries
    assert isinstance(entry, JksKeyEntry)
    return x509.load_der_x509_certificate(entry.chain[0].der)


def test_it_expires_to_the_second_and_says_of_what_it_reminds(cli: Cli, folder: Path, pair: Pair) -> None:
    """Same CN and notAfter, the mark in OU, no extended key usage, a key of its own."""
    result = cli("reminder", pair.crt, *PW, "--json")
    assert result.code == 0, result
    real = x509.load_pem_x509_certificate(pair.crt.read_bytes())
    made = leaf_of(folder / "pair_expiry_only" / "pair_expiry_only.jks")
    assert made.not_valid_after_utc == real.not_valid_after_utc
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "pair"
    reminder, reminded = (Certificate(one.public_bytes(serialization.Encoding.DER)) for one in (made, real))
    assert reminded_sha256_prefix(reminder) == sha256_prefix(reminded)
    assert (
        openssl("x509", "-in", pair.crt, "-fingerprint", "-sha256", "-noout")
        .strip()
        .endswith(result.json["result"]["remindsOf"]["sha256"])
    )
    assert result.json["result"]["certificate"]["extendedKeyUsage"] == []
    assert made.public_key() != real.public_key()
    assert result.json["result"]["mailDates"]


def test_check_accepts_it_and_java_opens_it(cli: Cli, folder: Path, pair: Pair) -> None:
    """As a JKS by its magic, with the key under the alias."""
    assert cli("reminder", "mails", pair.crt, *PW).code == 0
    jks = folder / "mails" / "mails.jks"
    assert jks.read_bytes()[:4] == b"\xfe\xed\xfe\xed"
    assert cli("check", jks, *PW).code == 0
    store = java_load(jks.read_bytes(), "JKS", PASSWORD)
    assert java_key(store, "mails", PASSWORD) is not None


def test_the_key_is_nowhere_outside_the_keystore(cli: Cli, folder: Path, pair: Pair) -> None:
    """No .key, no .crt to upload by mistake; the key's bytes stand in no file, and not in clear in the keystore."""
    assert cli("reminder", pair.crt, *PW, "--json", "-v").code == 0
    files = tree(folder)
    assert sorted(Path(name).name for name in files if files[name] != b"(folder)") == [
        ".gitignore",
        "pair_expiry_only.jks",
        "pair_expiry_only.json",
    ]
    parsed = parse_jks(files["pair_expiry_only/pair_expiry_only.jks"], "jks")
    entry = parsed.entries[0]
    assert isinstance(entry, JksKeyEntry)
    pkcs8 = parsed.decrypt_key(entry, Secret(PASSWORD))
    key = serialization.load_der_private_key(pkcs8, None)
    numbers = key.private_numbers()  # type: ignore[union-attr]
    secrets = [numbers.d, numbers.p, numbers.q, numbers.dmp1]  # type: ignore[union-attr]
    for content in files.values():
        for secret in secrets:
            raw = secret.to_bytes((secret.bit_length() + 7) // 8, "big")
            assert raw not in content
            assert base64.b64encode(raw)[:24] not in content


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Pay-API.crt", "pay_api_expiry_only"),
        ("Pay.connectedApp-meta.xml", "pay_expiry_only"),
        ("Pay_glbloauth.ecaGlblOauth-meta.xml", "pay_expiry_only"),
        ("a" * 60 + ".crt", "a" * 28 + "_expiry_only"),
        ("123.crt", "key_123_expiry_only"),
    ],
)
def test_its_name_comes_from_the_file(filename: str, name: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """A .crt, or a metadata file with one line of base64; legal, and in 40 characters."""
    der = base64.b64encode(pem_body(pair.crt.read_text())).decode()
    field = f"<certificate>{der}</certificate>"
    xml = f"<ConnectedApp><oauthConfig>{field}</oauthConfig></ConnectedApp>"
    if "Glbl" in filename:
        xml = f"<ExtlClntAppGlobalOauthSettings>{field}</ExtlClntAppGlobalOauthSettings>"
    (folder / filename).write_text(xml if filename.endswith("xml") else pair.crt.read_text())
    assert cli("reminder", filename, *PW).code == 0
    assert (folder / name / f"{name}.jks").exists()
    assert len(name) <= 40


def test_the_leaf_of_a_chain_is_meant(cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """Whatever the order; two leaves are refused."""
    (folder / "chain.crt").write_bytes(ca.root.read_bytes() + ca.intermediate.read_bytes() + pair.crt.read_bytes())
    result = cli("reminder", "chain.crt", *PW, "--json")
    assert result.json["result"]["remindsOf"]["subject"] == "CN=pair"


def test_what_cannot_be_reminded_of_is_refused(cli: Cli, folder: Path, pair: Pair, other_pair: Pair) -> None:
    """Expired, several, none, a reminder itself; nothing is written."""
    openssl("req", "-x509", "-key", pair.key, "-subj", "/CN=old", "-days", "1", "-out", "one-day.crt", cwd=folder)
    (folder / "expired.crt").write_bytes(
        (Path(__file__).parent.parent / "fixtures" / "corpus" / "app-expired.crt").read_bytes()
    )
    (folder / "two.pem").write_bytes(pair.crt.read_bytes() + other_pair.crt.read_bytes())
    assert cli("reminder", "once", "one-day.crt", *PW).code == 0
    before = tree(folder)
    for file, code in {
        "expired.crt": "reminder.expired",
        "two.pem": "certificate.ambiguous",
        str(pair.key): "certificate.none",
        "once/once.jks": "certificate.is-reminder",
        "gone.crt": "input.not-found",
    }.items():
        result = cli("reminder", "again", file, *PW, "--json")
        assert (result.code, result.json["code"]) == (1, code)
    assert cli("reminder", "a", "b", "c", *PW).code == 2
    assert cli("reminder", "bad name", str(pair.crt), *PW).code == 2
    assert tree(folder) == before


def test_a_certificate_of_any_kind_is_reminded_of(cli: Cli, folder: Path) -> None:
    """An EC key; no common name at all: NAME stands in."""
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ec.key",
        "-out", "ec.crt", "-subj", "/O=Acme", "-days", "90", cwd=folder,
    )  # fmt: skip
    result = cli("reminder", "ec.crt", *PW, "--json").json["result"]
    assert "CN=ec_expiry_only" in result["certificate"]["subject"]
    assert result["certificate"]["keyAlgorithm"] == "RSA"


def test_that_it_is_inferred_is_said_first(cli: Cli, pair: Pair) -> None:
    """In the help before the examples and options, with the first mail, in JSON; how to see it, before the result."""
    text = " ".join(cli("reminder", "--help").out.split())
    assert text.index("inferred, not documented") < text.index("Examples:")
    result = cli("reminder", pair.crt, *PW, "-v")
    assert "inferred, not documented" in result.err
    assert "61 days" in result.err
    assert "(inferred for imported pairs)" in " ".join(cli("reminder", "c", pair.crt, *PW).out.split())
    assert "inferred" in cli("reminder", "b", pair.crt, *PW, "--json").json["result"]["basis"]
