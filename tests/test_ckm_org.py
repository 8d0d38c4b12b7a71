"""``ckm list|csr|download|create|upload`` against the fake org: read alike by simple-salesforce, changed only when told."""

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest
import requests
from conftest import CertificateAuthority, Pair, Result, openssl, tree
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from fake_org import FakeOrg
from filled_org import add_connected_app, make, request
from metadata_schema import validate
from salesforce_cli import run_sf
from simple_salesforce import Salesforce
from stand_in_cli import ASK, as_command
from test_cli_orgs import cli_home
from test_fake_org import ToLoopback
from test_guided import COMMANDS, DOWN, ENTER, typed
from test_json import validate as validate_json

from sfkeytool.cli.pipeline import run_command

Cli = Callable[..., Result]

SF = """#!{python} -IS
import json, os, sys
URL = {url!r}
{ask}
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], os.getcwd(), sorted(os.environ), sys.stdin.read()]) + "\\n")
if sys.argv[1:3] == ["project", "deploy"]:
    sys.stdout.write(ask("POST", "/fake/deploy", body=os.getcwd().encode()))
else:
    print(json.dumps({{"status": 0, "result": {{"instanceUrl": URL, "accessToken": {token!r}}}}}))
"""


@pytest.fixture
def org(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrg]:
    """An empty one; a stand-in called sf is in front of PATH, which knows it and plays deployments into it."""
    with FakeOrg(tls=False) as org:
        script = folder / "bin" / "sf"
        script.parent.mkdir()
        script.write_text(
            SF.format(ask=ASK, python=sys.executable, log=str(folder / "sf.log"), url=org.url, token=org.let_in())
        )
        as_command(script)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        yield org


def calls(folder: Path) -> list[list[Any]]:
    """How sf was called, but for the calls that log in."""
    log = folder / "sf.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [call for call in map(json.loads, lines) if call[0][0] != "org"]


@pytest.mark.slow
def test_the_whole_loop(cli: Cli, org: FakeOrg, folder: Path, ca: CertificateAuthority) -> None:
    """Create, request, signed by openssl, chain, upload, expiry read back, download, covered; then a renewal."""
    made = cli(
        "ckm", "create", "pay", "--organization", "Acme", "--country", "DE", "-o", "prod", "--deploy", "--yes", "--json"
    )
    assert made.code == 0, made
    assert made.json["result"]["deployed"]
    assert cli("ckm", "csr", "pay", "-o", "prod").code == 0
    asked = x509.load_pem_x509_csr(Path("pay/pay.csr").read_bytes())
    assert asked.subject.rfc4514_string() == "CN=pay,O=Acme,C=DE"
    assert asked.public_key() == org.contents.keys["pay"].public_key()
    assert (
        asked.public_key()
        != x509.load_pem_x509_certificate(
            Path("pay-create/force-app/main/default/certs/pay.crt").read_bytes()
        ).public_key()
    )
    ca.sign(folder / "pay" / "pay.csr", folder / "answer.crt")
    assert cli("ckm", "chain", "pay", "answer.crt", ca.intermediate, ca.root, "--csr", "pay/pay.csr").code == 0
    done = cli("ckm", "upload", "pay", "pay/pay-chain.crt", "-o", "prod", "--deploy", "--yes", "--json")
    assert done.code == 0, done
    listed = cli("ckm", "list", "-o", "prod", "--json").json["result"]
    [entry] = listed["certificates"]
    answer = x509.load_pem_x509_certificate(Path("answer.crt").read_bytes())
    assert entry["notAfter"] == f"{answer.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert (entry["waitsForCertificate"], entry["chainLength"], listed["complete"]) == (False, 3, True)
    assert cli("ckm", "download", "pay", "-o", "prod", "-d", "down").code == 0
    assert x509.load_pem_x509_certificate(Path("down/pay.crt").read_bytes()) == answer
    assert Path("down/pay-chain.crt").read_bytes() == Path("pay/pay-chain.crt").read_bytes()
    add_connected_app(org, "Pay", Path("down/pay.crt").read_text())
    audited = cli("audit", "-o", "prod", "--json")
    assert audited.code == 0, audited
    [app] = [item for item in audited.json["result"]["items"] if item["kind"] == "connected-app"]
    assert app["coverage"] == "covered"
    gone = cli("ckm", "csr", "pay", "-o", "prod", "-d", "again", "--json")
    assert (gone.code, gone.json["code"]) == (1, "ckm.no-request")
    assert "Download Certificate Signing Request" in gone.json["actions"][0]
    ca.sign(folder / "pay" / "pay.csr", folder / "next.crt", days=200)
    renewed = cli(
        "ckm",
        "upload",
        "pay",
        "next.crt",
        ca.intermediate,
        ca.root,
        "-o",
        "prod",
        "--deploy",
        "--yes",
        "--project",
        "next",
    )
    assert renewed.code == 0, renewed
    assert "instead of the one until" in renewed.err
    assert cli("ckm", "download", "pay", "-o", "prod", "-d", "down", "--force").code == 0
    assert x509.load_pem_x509_certificate(Path("down/pay.crt").read_bytes()) == x509.load_pem_x509_certificate(
        Path("next.crt").read_bytes()
    )


@pytest.mark.slow
def test_simple_salesforce_reads_the_same(
    cli: Cli, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and contents: the request of the one that waits, the certificate of the other."""
    pay = make("pay", 300, 1)
    with FakeOrg(tls=True, folder=tmp_path) as org:
        org.contents.add_certificate("pay", pay.pem, pay.expires)
        org.contents.add_certificate("waiting", request("waiting", 2), None, ca_signed=True, unusable=True)
        org.contents.add_row("ghost", pay.expires)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(org.ca_pem_path))
        monkeypatch.setenv("SF_ACCESS_TOKEN", org.let_in())
        monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
        session = requests.Session()
        session.mount("https://", ToLoopback(org))
        client: Any = Salesforce(  # its reads of one name say that they may give lists
            instance=org.url.removeprefix("https://"), session_id=org.let_in(), session=session, version="63.0"
        )
        names = [
            found.fullName for found in client.mdapi.list_metadata([client.mdapi.ListMetadataQuery(type="Certificate")])
        ]
        theirs = {name: client.mdapi.Certificate.read([name]).content for name in names}
        listed = cli("ckm", "list", "--json")
        assert cli("ckm", "csr", "waiting").code == 0
        assert cli("ckm", "download", "pay").code == 0
    assert [entry["name"] for entry in listed.json["result"]["certificates"]] == names == ["pay", "waiting"]
    assert Path("waiting/waiting.csr").read_bytes() == theirs["waiting"]
    assert Path("pay/pay.crt").read_bytes() == theirs["pay"]


@pytest.mark.slow
def test_the_source_passes_the_schema_and_the_real_cli(
    cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """Of create and of upload: nothing is dropped when the Salesforce CLI converts it; the certificates arrive byte for
    byte."""
    made = {
        "pay": (
            (
                "create",
                "pay",
                "--subject",
                "CN=pay,O=Acme",
                "--not-exportable",
                "--key-size",
                "4096",
                "--label",
                "Pay & Co",
            ),
            {"caSigned": "true", "keySize": "4096", "masterLabel": "Pay &amp; Co", "privateKeyExportable": "false"},
        ),
        "shop": (
            ("upload", "shop", ca.root, pair.crt, ca.intermediate, "--csr", pair.key.with_suffix(".csr")),
            {"caSigned": "true", "keySize": "2048", "masterLabel": "shop", "privateKeyExportable": "true"},
        ),
    }
    certs = Path("force-app/main/default/certs")
    for name, (arguments, fields) in made.items():
        done = cli("ckm", *arguments)
        assert done.code == 0, done
        meta = (folder / f"{name}-{arguments[0]}" / certs / f"{name}.crt-meta.xml").read_bytes()
        validate(meta)
        assert dict(re.findall(r"<(\w+)>([^<\n]+)</", meta.decode())) == fields
    project = folder / "pay-create"
    shutil.copytree(folder / "shop-upload" / certs, project / certs, dirs_exist_ok=True)
    converted = run_sf(
        "project", "convert", "source", "--root-dir", "force-app", "--output-dir", "out", home=folder / "home", cwd=project
    )  # fmt: skip
    assert converted.returncode == 0, converted.stdout + converted.stderr
    for name in made:
        assert (project / "out" / "certs" / f"{name}.crt").read_bytes() == (
            project / certs / f"{name}.crt"
        ).read_bytes()
        assert (project / "out" / "certs" / f"{name}.crt-meta.xml").exists()


def members(package: str) -> list[str]:
    return re.findall(r"<(?:members|name)>([^<]+)<", package)


def test_deploy_runs_exactly_this(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Once, inside the project, with closed stdin and without a variable of ours."""
    os.environ["SFKEYTOOL_PASSWORD"] = "ours"
    try:
        assert cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes").code == 0
    finally:
        del os.environ["SFKEYTOOL_PASSWORD"]
    [(arguments, place, environment, stdin)] = calls(folder)
    assert arguments == [
        "project",
        "deploy",
        "start",
        "--metadata",
        "Certificate:pay",
        "--target-org",
        "prod",
        "--json",
    ]
    assert place == str(folder / "pay-create")
    assert stdin == ""
    assert not [name for name in environment if name.startswith("SFKEYTOOL") or name == "TEST_PASSWORD"]


@pytest.mark.parametrize("how", [(), ("--json",), ("--no-prompt",), ("--quiet",)])
def test_nobody_is_there_to_be_asked(how: tuple[str, ...], cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Closed stdin, or --json: wrong usage without --yes, before anything is written or sent."""
    refused = cli("ckm", "create", "pay", "-o", "prod", "--deploy", *how)
    assert refused.code == 2
    assert "--yes" in refused.out + refused.err
    assert not Path("pay-create").exists()
    assert not calls(folder)
    assert not org.requests


@pytest.mark.slow
def test_with_yes_it_says_which_org_and_what(cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr, under --quiet and --json too, and among the warnings of --json; production in capitals."""
    done = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--json")
    [warning] = [text for text in done.json["warnings"] if "is changed" in text]
    assert "prod (Worthless, PRODUCTION, 00D000000000001EAA" in warning
    assert "make the certificate pay" in warning
    assert warning in done.err
    assert {"code": "ckm.deploying", "message": warning} in done.json["notices"]
    org.contents.rows["Organization"][0]["IsSandbox"] = True
    monkeypatch.setenv("SF_TARGET_ORG", "uat")
    by_variable = cli("ckm", "create", "shop", "--deploy", "--yes", "-q")
    assert by_variable.code == 0
    assert "uat (Worthless, a sandbox" in by_variable.err
    assert "shop" in org.contents.keys


@pytest.mark.parametrize("answer", ["y", "n", "\x03"])
@pytest.mark.slow
def test_on_a_terminal_it_asks(answer: str, org: FakeOrg, folder: Path) -> None:
    """The org and the change stand above the question; no, and Ctrl-C, leave nothing behind."""
    child = pexpect.spawn(
        sys.executable, ["-m", "sfkeytool", "ckm", "create", "pay", "-o", "prod", "--deploy"], cwd=str(folder), timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm", "CI": ""},
        encoding="utf-8", dimensions=(40, 200),
    )  # fmt: skip
    child.expect("PRODUCTION")
    child.expect(r"make\s+the\s+certificate\s+pay")  # filled to the window
    child.expect("Deploy to this org")
    child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == {"y": 0, "n": 1, "\x03": 130}[answer]
    assert len(calls(folder)) == (answer == "y")
    assert Path("pay-create").exists() is (answer == "y")
    assert ("pay" in org.contents.keys) is (answer == "y")


@pytest.mark.slow
def test_a_dry_run_deploys_nothing(cli: Cli, org: FakeOrg, folder: Path, pair: Pair) -> None:
    """The org is read, the change is said; sf deploys nothing, and no file is there for a moment."""
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != "sf.log"}
    dry = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--dry-run", "--json")
    assert dry.code == 0
    assert dry.json["dryRun"] is True
    assert dry.json["result"]["deployed"] is False
    assert any("would be changed: make the certificate pay" in warning for warning in dry.json["warnings"])
    assert not calls(folder)
    assert "pay" not in org.contents.keys
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != "sf.log"} == before
    told = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--dry-run")
    assert f"into {folder / 'pay-create'} (new)" in told.out
    assert cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes").code == 0
    org.contents.add_certificate("has", pair.crt.read_text(), "2027-01-01")
    for command, name in (("csr", "pay"), ("download", "has")):
        dry = cli("ckm", command, name, "-o", "prod", "-d", "fetched", "--dry-run", "--json")
        assert dry.json["result"]["files"], dry
        assert not Path("fetched").exists()
    taken = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--dry-run", "--json")
    assert taken.json["code"] == "ckm.name-taken"


def expired_intermediate(ca: CertificateAuthority, out: Path) -> Path:
    """The CA's intermediate as of last year. OpenSSL 3.5 makes no certificate that has expired."""
    root = x509.load_pem_x509_certificate(ca.root.read_bytes())
    key = load_pem_private_key((ca.folder / "root.key").read_bytes(), None)
    present = x509.load_pem_x509_certificate(ca.intermediate.read_bytes())
    assert isinstance(key, rsa.RSAPrivateKey)
    builder = x509.CertificateBuilder().subject_name(present.subject).issuer_name(root.subject).serial_number(77)
    builder = builder.public_key(present.public_key())
    builder = builder.not_valid_before(datetime.now(UTC) - timedelta(700)).not_valid_after(
        datetime.now(UTC) - timedelta(1)
    )
    for extension in present.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    out.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return out


@pytest.mark.slow
def test_the_wrong_chain_is_refused_before_anything_is_sent(
    cli: Cli, org: FakeOrg, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority
) -> None:
    """Another key than the request's or the present certificate's, the leaf missing, an expired intermediate, a record
    that shows nothing."""
    contents = org.contents
    csr = pair.key.with_suffix(".csr")
    contents.add_certificate("asks", csr.read_text(), None, ca_signed=True, unusable=True)
    present = openssl("x509", "-in", pair.crt, "-enddate", "-noout")
    assert present
    contents.add_certificate("has", pair.crt.read_text(), "2027-01-01", ca_signed=True)
    contents.add_certificate("hidden", pair.crt.read_text(), "2027-01-01", ca_signed=True)
    contents.components["Certificate"]["hidden"].fields = [
        ("fullName", "hidden"),
        ("caSigned", "true"),
        ("masterLabel", "x"),
    ]
    old = expired_intermediate(ca, folder / "old.crt")
    before = tree(folder / "bin") | {path.name: b"" for path in folder.iterdir() if path.name != "sf.log"}
    cases = [
        ("asks", [other_pair.crt, ca.intermediate, ca.root], "ckm.other-key"),
        ("has", [other_pair.crt, ca.intermediate, ca.root], "ckm.other-key"),
        ("asks", [ca.intermediate, ca.root], "ckm.other-key"),
        ("has", [ca.intermediate, ca.root], "ckm.no-leaf"),
        ("asks", [pair.crt, old, ca.root], "ckm.expired"),
        ("hidden", [pair.crt, ca.intermediate, ca.root], "ckm.unproved"),
        ("nowhere", [pair.crt], "ckm.unknown"),
    ]
    for name, files, code in cases:
        refused = cli("ckm", "upload", name, *files, "-o", "prod", "--deploy", "--yes", "--json")
        assert (refused.code, refused.json["code"]) == (1, code), (name, refused)
    assert not calls(folder)
    assert tree(folder / "bin") | {path.name: b"" for path in folder.iterdir() if path.name != "sf.log"} == before
    assert cli("ckm", "upload", "hidden", pair.crt, ca.intermediate, ca.root, "-o", "prod", "--csr", csr).code == 0
    no_org = cli("ckm", "upload", "pay", pair.crt, "--json")
    assert (no_org.code, no_org.json["code"]) == (1, "ckm.unproved")


@pytest.mark.slow
def test_a_difference_after_the_deployment_stops(
    cli: Cli, org: FakeOrg, folder: Path, ca: CertificateAuthority
) -> None:
    """The org took something else; and what it does not take is told in its words."""
    assert cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes").code == 0
    assert cli("ckm", "csr", "pay", "-o", "prod").code == 0
    ca.sign(folder / "pay" / "pay.csr", folder / "answer.crt")
    other = make("other", 100, 3)
    take = org.contents.take

    def take_another(path: Path) -> str:
        problem = take(path)
        org.contents.add_certificate("pay", other.pem, other.expires)
        return problem

    org.contents.take = take_another  # type: ignore[method-assign]
    upload = (
        "ckm",
        "upload",
        "pay",
        "answer.crt",
        ca.intermediate,
        ca.root,
        "-o",
        "prod",
        "--deploy",
        "--yes",
        "--json",
    )
    done = cli(*upload)
    assert (done.code, done.json["code"]) == (1, "ckm.readback")
    validate_json(done.json, "error")
    assert {Path(file["path"]).name for file in done.json["files"]} >= {"pay.crt", "pay.crt-meta.xml"}
    assert all(Path(file["path"]).is_file() for file in done.json["files"])
    org.contents.take = lambda path: "Salesforce says no"  # type: ignore[method-assign]
    assert cli("ckm", "create", "shop", "-o", "prod", "--deploy", "--yes", "--json").json["code"] == "org.deploy-failed"
    taken = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--json")
    assert (taken.code, taken.json["code"]) == (1, "ckm.name-taken")


def test_into_a_project_that_exists(cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """Found around the current folder; a file that is there is replaced only with --force, and only by upload."""
    Path("sfdx-project.json").write_text('{"packageDirectories": [{"path": "src"}]}')
    assert cli("ckm", "create", "pay").code == 0
    assert (folder / "src/main/default/certs/pay.crt-meta.xml").exists()
    again = cli("ckm", "create", "pay", "--json").json
    assert (again["code"], "NAME" in again["actions"][0]) == ("metadata.exists", True)
    upload = ("ckm", "upload", "pay", pair.crt, ca.intermediate, ca.root, "--csr", pair.key.with_suffix(".csr"))
    assert "--force" in cli(*upload, "--json").json["actions"][0]
    assert cli(*upload, "--force").code == 0
    assert len(x509.load_pem_x509_certificates((folder / "src/main/default/certs/pay.crt").read_bytes())) == 3


def test_wrong_usage(cli: Cli, folder: Path) -> None:
    assert cli("ckm", "create", "pay", "--deploy", "--yes").code == 2
    assert cli("ckm", "create", "pay", "--yes").code == 2
    assert cli("ckm", "create", "pay", "--key-size", "3072").code == 2
    assert cli("ckm", "list").code == 2
    assert cli("ckm", "csr", "pay").code == 2
    assert not Path("pay-create").exists()


@pytest.mark.slow
def test_each_json_result_has_the_shape_of_its_schema(
    cli: Cli, org: FakeOrg, folder: Path, ca: CertificateAuthority
) -> None:
    """In docs/schemas; and each says in the same way which org it is."""
    results = {"create": cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--json")}
    results["csr"] = cli("ckm", "csr", "pay", "-o", "prod", "--json")
    ca.sign(folder / "pay" / "pay.csr", folder / "answer.crt")
    results["upload"] = cli("ckm", "upload", "pay", "answer.crt", ca.root, ca.intermediate, "-o", "prod", "--json")
    made = make("other", 200, 1)
    org.contents.add_certificate("other", made.pem, made.expires)
    results["download"] = cli("ckm", "download", "other", "-o", "prod", "--json")
    results["list"] = cli("ckm", "list", "-o", "prod", "--json")
    for name, result in results.items():
        assert result.code == 0, result
        validate_json(result.json, f"ckm-{name}")
        assert result.json["result"]["org"] == {
            "alias": "prod", "orgId": org.org_id, "name": "Worthless", "instanceUrl": org.url, "isSandbox": False,
        }  # fmt: skip


def test_an_org_that_does_not_say_which_it_is(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """It can be read, and is not changed: nobody could agree to that."""
    org.contents.denied_objects.add("Organization")
    listed = cli("ckm", "list", "-o", "prod", "--json")
    assert (listed.code, listed.json["result"]["certificates"]) == (0, [])
    assert listed.json["result"]["org"] == {
        "alias": "prod", "orgId": None, "name": None, "instanceUrl": org.url, "isSandbox": None,
    }  # fmt: skip
    validate_json(listed.json, "ckm-list")
    assert cli("ckm", "create", "pay", "-o", "prod", "--project", "source").code == 0
    refused = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--json")
    assert (refused.code, refused.json["code"]) == (1, "org.unknown-type")
    assert not calls(folder)
    assert not Path("pay-create").exists()


def test_only_the_salesforce_cli_knows_its_aliases(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An org that was reached in another way has a blank in the commands that go through the CLI."""
    org.contents.add_certificate("asks", request("asks", 2), None, ca_signed=True, unusable=True)
    for line in (["csr", "asks"], ["create", "a"]):
        told = cli("ckm", *line, "-o", "prod", "--json").json["result"]["nextSteps"]
        assert "--target-org prod" in " ".join(told)
    monkeypatch.setenv("SF_ACCESS_TOKEN", org.let_in())
    monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
    for line in (["csr", "asks", "--force"], ["create", "b"]):
        assert "--target-org ALIAS" in " ".join(cli("ckm", *line, "--json").json["result"]["nextSteps"])


def test_a_ca_is_never_taken_for_a_leaf_that_cannot_be_read(
    cli: Cli, org: FakeOrg, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """The record of another one is shown all the same; nothing is made of the damaged one."""
    damaged = pair.crt.read_text().replace("MII", "MIJ", 1)
    org.contents.add_certificate("bad", damaged + ca.root.read_text(), "2027-01-01", ca_signed=True)
    org.contents.add_certificate("good", pair.crt.read_text() + ca.root.read_text(), "2027-01-01", ca_signed=True)
    listed = cli("ckm", "list", "-o", "prod", "--json")
    bad, good = listed.json["result"]["certificates"]
    assert (listed.code, bad["certificate"], good["certificate"]["subject"]) == (0, None, "CN=pair")
    assert [notice["code"] for notice in listed.json["notices"]] == ["certificate.malformed"]
    assert "CKM's bad" in listed.json["warnings"][0]
    for command in (("download", "bad"), ("upload", "bad", pair.crt, ca.intermediate, ca.root)):
        refused = cli("ckm", *command, "-o", "prod", "--json")
        assert (refused.code, refused.json["code"]) == (1, "certificate.malformed"), refused
    assert not Path("bad").exists()
    assert not Path("bad-upload").exists()


def test_what_cannot_be_read_back_is_told_as_deployed(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """The org has changed by then, whatever becomes of the reading."""
    take = org.contents.take

    def take_and_break(path: Path) -> str:
        org.break_next("/Soap/m/", "html", times=10)
        return take(path)

    org.contents.take = take_and_break  # type: ignore[method-assign]
    done = cli("ckm", "create", "pay", "-o", "prod", "--deploy", "--yes", "--json")
    assert (done.code, done.json["code"]) == (1, "ckm.readback")
    assert "took the deployment" in done.json["message"]


@pytest.mark.slow
def test_breaking_off_a_deployment_says_that_it_may_go_on(org: FakeOrg, folder: Path) -> None:
    """The Salesforce CLI is ended, with what it started; the org is not."""
    script = folder / "bin" / "sf"
    waiting = f"if 'deploy' in sys.argv:\n    import time; open({str(folder / 'deploying')!r}, 'w').close(); time.sleep(60)\nif sys"
    script.write_text(script.read_text().replace("if sys", waiting, 1))
    child = pexpect.spawn(
        sys.executable, ["-m", "sfkeytool", "ckm", "create", "pay", "-o", "prod", "--deploy", "--yes"], cwd=str(folder),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm"}, timeout=120,
        encoding="utf-8", dimensions=(40, 200),
        # Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while not (folder / "deploying").exists():
        assert child.isalive()
        child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=0.1)
    child.sendintr()
    child.expect("may go on in prod")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


# Which org


def ask(keys: str, command: str, **given: Any) -> int:
    """The command on a terminal where ``keys`` are typed."""
    with typed(keys) as asker:
        return run_command(command, COMMANDS[command], given, asker=asker)


@pytest.mark.parametrize(
    ("keys", "chosen"), [(ENTER, "prod"), (DOWN + ENTER, "uat"), (DOWN * 2 + ENTER + "prod" + ENTER, "prod")]
)
def test_which_org_is_chosen_from_those_that_the_salesforce_cli_knows(
    keys: str,
    chosen: str,
    org: FakeOrg,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its default first; another can be typed. What was chosen stands in the command that does it again."""
    home = cli_home(
        folder / "home", {"uat": "b@x.example", "prod": "a@x.example"}, "a@x.example", "b@x.example", default="prod"
    )
    for variable, value in home.items():
        monkeypatch.setenv(variable, value)
    assert ask(keys, "ckm list") == 0
    captured = capsys.readouterr()
    assert f"sfkeytool ckm list --target-org {chosen}" in captured.err
    assert "UNTIL" in captured.out


def test_a_deployment_asks_for_its_org_too(
    org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where nothing else was left out; and there it is none that is offered."""
    for variable, value in cli_home(folder / "home", {"prod": "a@x.example"}, "a@x.example").items():
        monkeypatch.setenv(variable, value)
    assert ask(ENTER + ENTER, "ckm create", name="pay", deploy=True, yes=True) == 0
    assert "--target-org prod" in capsys.readouterr().err
    assert len(calls(folder)) == 1


@pytest.mark.parametrize("given", [{"SF_TARGET_ORG": "prod"}, {}])
def test_nobody_is_asked_for_an_org_that_is_named_or_where_nobody_is(
    given: dict[str, str], cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    listed = cli("ckm", "list", "--json")
    assert (listed.code, listed.json.get("code")) == ((0, None) if given else (2, "usage.missing"))
    assert cli("ckm", "download", "--json").json["message"] == (
        "missing: NAME" if given else "missing: NAME, --target-org"
    )
    if given:
        assert ask("", "ckm list") == 0
