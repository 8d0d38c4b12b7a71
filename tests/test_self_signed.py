"""``self-signed`` and ``csr`` through the real command, with openssl and keytool as judges."""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import PASSWORD, Result, keytool, modes, openssl, pem_body, process, tree

Cli = Callable[..., Result]


def test_a_self_signed_pair_is_complete_and_agrees_with_itself(cli: Cli, folder: Path) -> None:
    """Key, certificate and keystore hold one pair; keytool opens the keystore with the generated password."""
    result = cli("self-signed", "Pay_API", "--password", "generate", "--key-size", "3072", "-v")
    assert result.code == 0, result.err
    assert "Pay_API becomes pay_api" in result.err
    made = folder / "pay_api"
    assert sorted(path.name for path in made.iterdir()) == [
        ".gitignore", "pay_api.crt", "pay_api.jks", "pay_api.jks.password", "pay_api.json", "pay_api.key",
    ]  # fmt: skip
    password = (made / "pay_api.jks.password").read_text().removesuffix("\n")
    assert len(password) == 24
    listing = keytool("-list", "-v", "-storetype", "JKS", "-keystore", made / "pay_api.jks", "-storepass", password)
    assert listing.count("PrivateKeyEntry") == 1
    assert "Alias name: pay_api" in listing
    assert "Certificate chain length: 1" in listing
    fingerprint = (
        openssl("x509", "-in", made / "pay_api.crt", "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
    )
    assert fingerprint in listing
    assert fingerprint in result.out
    modulus = openssl("x509", "-in", made / "pay_api.crt", "-noout", "-modulus")
    assert modulus == openssl("rsa", "-in", made / "pay_api.key", "-noout", "-modulus")
    assert len(modulus.strip()) == len("Modulus=") + 3072 // 4


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(mask: int, cli: Cli, folder: Path, umask: Callable[[int], None]) -> None:
    """Secrets are 0600, the rest 0644, new folders 0700: under any umask."""
    umask(mask)
    assert cli("self-signed", "pay", "--password", "generate").code == 0
    umask(0o022)
    assert modes(folder) == {"pay": "700"}
    assert modes(folder / "pay") == {
        ".gitignore": "644", "pay.crt": "644", "pay.jks": "600", "pay.jks.password": "600", "pay.json": "644",
        "pay.key": "600",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("purpose", "openssl_purpose", "usage", "extended"),
    [
        ("jwt", "any", "Digital Signature\n", None),
        ("sso", "any", "Digital Signature\n", None),
        ("domain", "sslserver", "Digital Signature, Key Encipherment", "TLS Web Server Authentication"),
        ("mtls", "sslclient", "Digital Signature\n", "TLS Web Client Authentication"),
    ],
)
def test_openssl_verifies_the_certificate_of_each_purpose(
    purpose: str, openssl_purpose: str, usage: str, extended: str | None, cli: Cli, folder: Path
) -> None:
    """x509_strict has no complaint, and the extensions are those of the purpose."""
    result = cli(
        "self-signed", "pay", "--purpose", purpose, "--password", "env:TEST_PASSWORD", "--san", "pay.example.com",
        "--organization", "Müller & Söhne", "--country", "de",
    )  # fmt: skip
    assert result.code == 0, result.err
    crt = folder / "pay" / "pay.crt"
    assert "OK" in openssl("verify", "-x509_strict", "-purpose", openssl_purpose, "-CAfile", crt, crt)
    text = openssl("x509", "-in", crt, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")
    assert "Version: 3" in text
    assert "sha256WithRSAEncryption" in text
    assert "X509v3 Basic Constraints: critical\n                CA:FALSE" in text
    assert "X509v3 Key Usage: critical" in text
    assert usage in text
    assert ("X509v3 Extended Key Usage" in text) == (extended is not None)
    assert extended is None or extended in text
    assert "DNS:pay.example.com" in text
    assert "O=Müller & Söhne" in text
    assert "C=DE" in text


def test_a_csr_is_one_that_openssl_verifies(cli: Cli, folder: Path) -> None:
    """The words count: openssl req -verify exits 0 on a bad signature."""
    result = cli("csr", "pay", "--subject", "CN=pay.example.com,O=Acme,C=DE", "--san", "pay.example.com", "--json")
    assert result.code == 0, result.err
    text = openssl("req", "-in", folder / "pay" / "pay.csr", "-noout", "-verify", "-text")
    assert "verify OK" in text
    assert "DNS:pay.example.com" in text
    assert result.json["result"]["request"]["subject"] == "CN=pay.example.com,O=Acme,C=DE"
    wanted = {".gitignore": "644", "pay.csr": "644", "pay.json": "644", "pay.key": "600"}
    found = modes(folder / "pay")
    assert found == (wanted if sys.platform != "win32" else dict.fromkeys(wanted, "666"))


def test_the_key_that_is_there_is_used_and_never_replaced(cli: Cli, folder: Path) -> None:
    """A second command on the same NAME works with the first one's key, and --force does not change that."""
    assert cli("csr", "pay").code == 0
    key = (folder / "pay" / "pay.key").read_bytes()
    result = cli("self-signed", "pay", "--password", "env:TEST_PASSWORD")
    assert result.code == 0, result.err
    assert "using the key that is there already" in result.err
    assert cli("self-signed", "pay", "--password", "env:TEST_PASSWORD", "--force").code == 0
    assert (folder / "pay" / "pay.key").read_bytes() == key
    records = json.loads((folder / "pay" / "pay.json").read_text())["records"]
    assert [record["command"] for record in records] == ["csr", "self-signed", "self-signed"]


def test_a_key_size_that_contradicts_the_key_is_wrong_usage(cli: Cli, folder: Path) -> None:
    """Exit 2, both numbers named, nothing written."""
    assert cli("csr", "pay").code == 0
    before = tree(folder)
    result = cli("self-signed", "pay", "--password", "env:TEST_PASSWORD", "--key-size", "4096")
    assert result.code == 2
    assert "4096" in result.err
    assert "2048" in result.err
    assert tree(folder) == before


def test_a_key_of_ones_own_is_reused_and_not_copied(cli: Cli, folder: Path) -> None:
    """--key FILE: no NAME.key; an encrypted one opens with --input-password."""
    openssl(
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-aes256",
        "-pass",
        f"pass:{PASSWORD}",
        "-out",
        "own.pem",
    )
    refused = cli("self-signed", "pay", "--key", "own.pem", "--password", "env:TEST_PASSWORD")
    assert refused.code == 1
    assert "own.pem" in refused.err
    assert not (folder / "pay").exists()
    result = cli(
        "self-signed", "pay", "--key", "own.pem", "--password", "env:TEST_PASSWORD",
        "--input-password", "env:TEST_PASSWORD",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert not (folder / "pay" / "pay.key").exists()
    own = openssl("rsa", "-in", "own.pem", "-passin", f"pass:{PASSWORD}", "-noout", "-modulus")
    assert own == openssl("x509", "-in", folder / "pay" / "pay.crt", "-noout", "-modulus")


def test_another_key_beside_the_one_that_is_there_is_refused(cli: Cli, folder: Path) -> None:
    """A private key is never replaced, and never silently passed over."""
    assert cli("csr", "pay").code == 0
    openssl("genrsa", "-out", "own.pem", 2048)
    before = tree(folder)
    result = cli("self-signed", "pay", "--key", "own.pem", "--password", "env:TEST_PASSWORD")
    assert result.code == 1
    assert "never replaced" in result.err
    assert tree(folder) == before


def test_an_encrypted_key_is_written_with_key_password(cli: Cli, folder: Path) -> None:
    """openssl opens it with that password and with no other."""
    assert cli("csr", "pay", "--key-password", "env:TEST_PASSWORD").code == 0
    key = folder / "pay" / "pay.key"
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    openssl("rsa", "-in", key, "-passin", f"pass:{PASSWORD}", "-noout", "-check")
    again = cli("csr", "pay", "--force", "--input-password", "env:TEST_PASSWORD")
    assert again.code == 0, again.err


def test_an_existing_target_stops_the_run_before_a_key_is_made(cli: Cli, folder: Path) -> None:
    """All clashes are named at once; nothing is changed."""
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.crt").write_text("mine")
    (folder / "pay" / "pay.jks").write_text("mine too")
    before = tree(folder)
    result = cli("self-signed", "pay", "--password", "env:TEST_PASSWORD", "--key-size", "4096")
    assert result.code == 1
    assert "pay.crt" in result.err
    assert "pay.jks" in result.err
    assert "--force" in result.err
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("1pay",), "begin with a letter"),
        (("pay__api",), "two underscores"),
        (("pay_",), "end with an underscore"),
        (("pay-api",), "only letters"),
        (("con",), "Windows"),
        (("p" * 41,), "40"),
        (("pay", "--country", "Germany"), "country"),
        (("pay", "--common-name", "x" * 65), "64"),
        (("pay", "--days", "0"), "3650"),
        (("pay", "--days", "3651"), "3650"),
        (("pay", "--days", "soon"), "--days"),
        (("pay", "--key-size", "1024"), "2048"),
        (("pay", "--subject", "nonsense"), "subject"),
        (("pay", "--subject", "CN=a", "--common-name", "b"), "--common-name"),
        (("pay", "--san", "not a name"), "not a name"),
        (("pay", "--purpose", "fun"), "purpose"),
        (("pay", "--nonsense"), "nonsense"),
    ],
)
def test_wrong_usage_is_exit_2_and_names_what_is_wrong(
    arguments: tuple[str, ...], words: str, cli: Cli, folder: Path
) -> None:
    """The same with --json, in the envelope; nothing is written."""
    result = cli("self-signed", *arguments, "--password", "env:TEST_PASSWORD")
    assert result.code == 2, result
    assert words in result.err
    assert "Traceback" not in result.err
    assert not list(folder.iterdir())
    envelope = cli("self-signed", *arguments, "--password", "env:TEST_PASSWORD", "--json")
    assert envelope.code == 2
    assert envelope.json["status"] == 2
    assert words in envelope.json["message"]


def test_all_missing_values_are_named_in_one_error(cli: Cli) -> None:
    """A script learns at once what it left out."""
    result = cli("self-signed")
    assert result.code == 2
    assert "NAME" in result.err
    assert "--password" in result.err


def test_the_next_steps_name_setup_the_app_the_mail_days_and_the_deletion(cli: Cli) -> None:
    """What an admin does next, with what is inferred marked so: all of it under --verbose."""
    out = " ".join(cli("self-signed", "pay", "--password", "generate", "--days", "90", "-v").out.split())
    for words in (
        "Import from Keystore",
        "pay.jks.password",
        "Data Not Available",
        "Use digital signatures",
        "Receive Certificate Expiration Notifications",
        "inferred",
        "give or take a day",
        "delete pay.jks and pay.jks.password",
        "PKCS12",
        "sandbox",
    ):
        assert words in out
    end = (datetime.now(UTC) + timedelta(days=90)).date()
    early, late = ([(end - timedelta(days=n)).isoformat() for n in days] for days in ((60, 30, 10), (1, 0)))
    named = f"mail holders of the permission on {', '.join(early)} and administrators on {', '.join(late)}"
    assert out.count(named) == 2
    for words in ("Summer '24", "who get every mail while nobody holds the permission", "Knowledge 000385781"):
        assert words in out
    assert "upload" not in " ".join(
        cli("self-signed", "shop", "--purpose", "domain", "--san", "a.b", "--password", "generate", "-v").out.split()
    ).replace("no app to upload", "")


def test_a_process_of_its_own_does_the_same(folder: Path) -> None:
    """The console script's entry point, a generated password, no terminal."""
    result = process("self-signed", "pay", "--password", "generate", cwd=folder)
    assert result.code == 0, result.err
    assert (folder / "pay" / "pay.jks").read_bytes()[:4] == b"\xfe\xed\xfe\xed"
    assert pem_body((folder / "pay" / "pay.crt").read_text())[:1] == b"0"
    assert os.access(folder / "pay" / "pay.key", os.R_OK)
