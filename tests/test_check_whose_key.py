"""``check``: whose key belongs to what was found decides what is advised, and what is judged at all."""

import base64
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Pair, Result, openssl
from cryptography.hazmat.primitives.asymmetric import ec
from dated_certificates import dated
from test_check import rules, self_signed_pair

Cli = Callable[..., Result]
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def finding(result: Result, rule: str) -> Any:
    """The one finding of a rule about the one file."""
    (file,) = result.json["result"]["files"]
    (found,) = [one for one in file["findings"] if one["rule"] == rule]
    return found


def command_of(fix: str) -> list[str]:
    """The first command of a fix, as it is typed."""
    return shlex.split(fix.split(" (")[0])[1:]


@pytest.mark.parametrize("locked", [False, True])
def test_of_a_lone_key_a_certificate_is_made_and_the_key_stays(
    locked: bool, cli: Cli, folder: Path, pair: Pair
) -> None:
    """The fix runs as it stands, and what comes out is the same key; of a CA too."""
    password = ("-v2", "aes256", "-passout", "env:TEST_PASSWORD") if locked else ("-nocrypt",)
    openssl("pkcs8", "-topk8", "-in", pair.key, *password, "-out", "my key.pem")
    told = cli("check", "my key.pem", "--json")
    fixes = {finding(told, rule)["fix"] for rule in ("app.file.no-certificate", "app.file.private-key")}
    [fix] = fixes
    command = [word.replace("prompt", "env:TEST_PASSWORD") for word in command_of(fix)]
    assert command[:4] == ["self-signed", "my_key", "--key", "my key.pem"]
    assert ("--input-password" in command) is locked
    made = cli(*command, "--json")
    assert made.code == 0, made
    compared = cli("compare", "my_key/my_key.crt", pair.crt, "--json").json["result"]
    assert compared["relation"] == "same-key"
    csr = shlex.split(fix.partition("for a CA: sfkeytool ")[2].rstrip(")"))
    assert cli(*(word.replace("prompt", "env:TEST_PASSWORD") for word in csr), "-d", "csr").code == 0


def test_of_a_key_that_no_login_signs_with_there_is_no_certificate(cli: Cli, folder: Path, pair: Pair) -> None:
    """EC, two keys of which one is meant, and one that nobody can read: a new pair."""
    (folder / "ec.key").write_bytes(self_signed_pair(ec.generate_private_key(ec.SECP256R1()))[0])
    text = pair.key.read_text()
    (folder / "two.key").write_text(text + openssl("pkey", "-in", pair.key, "-traditional"))
    (folder / "public.pem").write_text(openssl("pkey", "-in", pair.key, "-pubout"))
    for name in ("ec.key", "two.key", "public.pem"):
        fix = finding(cli("check", name, "--json"), "app.file.no-certificate")["fix"]
        assert fix.startswith("sfkeytool self-signed "), name
        assert "--key" not in fix, name


def test_a_key_beside_a_certificate_that_is_not_its_own_is_told(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair
) -> None:
    """Whoever uploads the certificate could not log in with the key; beside its own one it is only in the wrong file."""
    (folder / "other.pem").write_bytes(pair.key.read_bytes() + other_pair.crt.read_bytes())
    (folder / "own.pem").write_bytes(pair.key.read_bytes() + other_pair.crt.read_bytes() + pair.crt.read_bytes())
    told = finding(cli("check", "other.pem", "--json"), "app.file.private-key")
    assert told["saw"] == "a private key, and beside it a certificate that is not its own"
    assert told["fix"].endswith("sfkeytool show other.pem tells the fingerprints of both")
    shown = cli("show", "other.pem").out
    assert shown.count("key SHA-256") == 2
    own = finding(cli("check", "own.pem", "--profile", "app-cert", "--json"), "app.file.private-key")
    assert own["saw"] == "a private key beside the certificate"
    repaired = cli("check", "other.pem", "--fix", "--new-password", "generate", "--json")
    assert "ckm.key.mismatch" in rules(repaired)
    assert repaired.json["result"]["files"][0]["repairs"][0]["problem"]["code"] == "key.no-match"


def test_nobody_is_told_to_use_a_key_that_never_left_salesforce(cli: Cli, folder: Path) -> None:
    """Source of the metadata type Certificate: whether the key was made there or imported, the file does not tell."""
    pem = openssl("x509", "-inform", "DER", data=dated("own", "20200101000000Z", "20210101000000Z"))
    (folder / "certs").mkdir()
    (folder / "certs" / "Pay.crt").write_text(pem)
    fix = finding(cli("check", "certs", "--json"), "app.certificate.expired")["fix"]
    assert fix.startswith("sfkeytool self-signed pay --key FILE")
    (folder / "certs" / "Pay.crt-meta.xml").write_text(
        f"<Certificate {NAMESPACE}><keySize>2048</keySize></Certificate>"
    )
    for named in ("certs", "certs/Pay.crt"):
        fix = finding(cli("check", named, "--json"), "app.certificate.expired")["fix"]
        assert fix.startswith("if Salesforce made the key, make the next certificate in Setup")
        assert "if the pair was imported, make it where the key is: sfkeytool self-signed pay --key FILE" in fix


@pytest.mark.parametrize(
    ("type", "field", "judged"),
    [
        ("ConnectedApp", "<oauthConfig><certificate>{}</certificate></oauthConfig>", ["app.key.not-rsa"]),
        ("SamlSsoConfig", "<validationCert>{}</validationCert>", []),
        ("NamedCredential", "<certificate>{}</certificate>", []),
    ],
)
def test_only_an_apps_certificate_is_judged_as_one(
    type: str, field: str, judged: list[str], cli: Cli, folder: Path
) -> None:
    """What an identity provider signs with is its own affair: no login of ours is signed with that key."""
    der = self_signed_pair(ec.generate_private_key(ec.SECP256R1()))[1]
    text = field.format(base64.b64encode(der).decode())
    path = folder / f"Idp.{type[0].lower()}{type[1:]}-meta.xml"
    path.write_text(f"<{type} {NAMESPACE}>{text}</{type}>")
    result = cli("check", path, "--json")
    assert (rules(result), result.code) == (judged, 3 if judged else 0)


def test_a_file_that_is_named_like_a_blank_keeps_its_name(cli: Cli, folder: Path, pair: Pair) -> None:
    """The command is about that file, whatever it is called."""
    name = "{name}{password}.pem"
    (folder / name).write_bytes(pair.key.read_bytes())
    fix = finding(cli("check", name, "--json"), "app.file.no-certificate")["fix"]
    assert command_of(fix)[2:4] == ["--key", name]
    assert cli(*command_of(fix)).code == 0


def test_a_damaged_key_beside_a_certificate_is_told(cli: Cli, folder: Path, pair: Pair) -> None:
    """The certificate is judged and compared; that the key beside it is none stands in both answers."""
    lines = pair.key.read_text().splitlines()
    del lines[10]
    (folder / "both.pem").write_text("\n".join(lines) + "\n" + pair.crt.read_text())
    (folder / "both.pem").chmod(0o600)
    with pytest.raises(AssertionError):
        openssl("pkey", "-in", "both.pem", "-noout")
    told = finding(cli("check", "both.pem", "--json"), "app.file.private-key")
    assert "the private key is damaged" in told["saw"]
    compared = cli("compare", "both.pem", pair.crt, "--json").json
    assert compared["result"]["relation"] == "same-certificate"
    [notice] = compared["notices"]
    assert notice["code"] == "key.malformed"
    assert "not compared" in notice["message"]
