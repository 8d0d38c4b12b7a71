"""``renew --carry-out --in-ckm``: a CA's new certificate on the record whose key never left Salesforce."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from carried_out import NEW, carried, deployments, in_ckm, org, states
from conftest import KILL, KILLED, Result, tree
from cryptography import x509
from fake_org import FakeOrg
from filled_org import Made, key, make, request
from stand_in_cli import hang_in_deployment
from test_carry_out import DRIVER

Cli = Callable[..., Result]
__all__ = ["org"]

LINE = ("renew", "pay", "--carry-out", "--in-ckm", "-o", "uat", "--yes")
ON_APP = (*LINE, "--app", "Pay")


@pytest.fixture
def born(org: FakeOrg, folder: Path) -> FakeOrg:
    """The same, but that the key of ``pay`` is in CKM alone, and a CA signed its certificate."""
    (folder / "pay" / "pay.key").unlink()
    old = (folder / "pay" / "pay.crt").read_text()
    org.contents.delete_certificate("pay")
    org.contents.add_certificate("pay", old, make("pay", 30, 1).expires, ca_signed=True)
    org.contents.keys["pay"] = key(1)
    return org


@pytest.fixture
def answer(folder: Path) -> Path:
    """What the CA sent: certificate and root in one file."""
    return answered(folder / "answer.pem", 1)


def answered(path: Path, number: int) -> Path:
    ca = authority()
    path.write_text(make("pay", 300, number, issuer=ca).pem + ca.pem)
    return path


def authority() -> Made:
    return make("Worthless CA", 3000, 0, ca=True)


def from_setup(folder: Path, number: int = 1) -> Path:
    """The request, as Setup gives it."""
    path = folder / "pay" / "pay.csr"
    path.write_text(request("pay", number))
    return path


def sha256(org: FakeOrg, name: str = "pay") -> str:
    """Of what the record holds first."""
    from base64 import b64decode

    content = b64decode(dict(org.contents.components["Certificate"][name].fields)["content"])
    return fingerprint(x509.load_pem_x509_certificates(content)[0])


def fingerprint(certificate: x509.Certificate) -> str:
    return Made(certificate).sha256


@pytest.mark.slow
def test_from_the_request_to_the_app_with_the_wait_for_the_ca_between(
    cli: Cli, born: FakeOrg, folder: Path, answer: Path
) -> None:
    """It stops where only the CA can go on, and says how; then chain, record, app, audit, each read back."""
    no_request = cli(*ON_APP, "--json")
    assert (no_request.code, no_request.json["code"]) == (1, "ckm.no-request"), no_request
    assert no_request.json["message"].startswith("step 1 of 6, request, is not proved")
    assert f"save it as {Path('pay/pay.csr')}, and go on" in no_request.json["actions"]
    from_setup(folder)
    waits = cli(*ON_APP, "--json")
    assert (waits.code, waits.json["code"]) == (1, "carry.answer"), waits
    assert any(line.endswith("--answer FILE") and "--in-ckm" in line for line in waits.json["actions"]), waits.json
    assert deployments(born) == []
    assert not (folder / NEW).exists()
    before = sha256(born)
    done = cli(*ON_APP, "--answer", answer, "--json")
    assert done.code == 0, done
    change = done.json["result"]["change"]
    assert list(states(change)) == ["request", "answer", "upload", "app", "audit", "finish"]
    assert set(states(change).values()) == {"proved"}
    new = fingerprint(x509.load_pem_x509_certificates(answer.read_bytes())[0])
    assert sha256(born) == carried(born) == change["after"]["certificateSha256"] == new
    assert change["after"]["publicKeySha256"] == change["before"]["publicKeySha256"]
    assert (in_ckm(born), change["ckmName"]) == (["pay"], "pay")
    former = x509.load_pem_x509_certificate((folder / NEW / f"{NEW}-former.crt").read_bytes())
    assert fingerprint(former) == before
    assert sorted(path.name for path in (folder / NEW).iterdir()) == [
        ".gitignore", f"{NEW}-chain.crt", f"{NEW}-former.crt", f"{NEW}.crt", f"{NEW}.json",
    ]  # fmt: skip
    facts = {fact["what"]: fact["value"] for step in change["steps"] for fact in step["facts"]}
    assert facts["Pay is"] == "covered"
    assert "delete nothing" in facts["the record pay of CKM"]
    assert not [what for what in facts if "keystore" in what or "entry" in what]
    evidence = (folder / "pay" / f"{NEW}-evidence.md").read_text()
    assert "No login is proved: the key is in Salesforce" in evidence
    upload = next(step for step in change["steps"] if step["id"] == "upload")
    assert f"sfkeytool ckm upload pay {NEW}/{NEW}-former.crt -o uat --deploy" in upload["wayBack"]
    assert "the record pay of CKM and the app Pay" in cli("renew", "pay", "--status").out
    not_due = cli(*ON_APP, "--if-within", 40, "--json")
    assert (not_due.code, not_due.json["result"]["due"]) == (0, False)


@pytest.mark.slow
def test_the_way_back_of_the_record_works(cli: Cli, born: FakeOrg, folder: Path, answer: Path) -> None:
    """No app has to carry it; and the chain that the record had is put back by the line that is told."""
    from_setup(folder)
    before = sha256(born)
    done = cli(*LINE, "--answer", answer, "--json")
    assert done.code == 0, done
    change = done.json["result"]["change"]
    assert (list(states(change)), change["app"]) == (["request", "answer", "upload", "finish"], None)
    assert sha256(born) != before
    upload = next(step for step in change["steps"] if step["id"] == "upload")
    words = upload["wayBack"].partition("`sfkeytool ")[2].rstrip("`").split()
    assert cli(*words[:-1], "--json").code == 0  # its source; --deploy is that of tests/test_ckm_org.py


def test_a_record_that_waits_gives_its_request(cli: Cli, born: FakeOrg, folder: Path) -> None:
    """As it does where nothing was uploaded since; it is kept, and not fetched again."""
    born.contents.delete_certificate("pay")
    born.contents.add_certificate("Pay_In_CKM", request("pay", 1), None, ca_signed=True, unusable=True)
    waits = cli(*LINE, "--json")
    assert waits.json["code"] == "carry.answer", waits
    asked = (folder / "pay" / "pay.csr").read_bytes()
    assert x509.load_pem_x509_csr(asked).public_key() == key(1).public_key()
    assert cli("renew", "pay", "--status", "--json").json["result"]["change"]["ckmName"] == "Pay_In_CKM"
    assert cli(*LINE, "--json").json["code"] == "carry.answer"
    assert (folder / "pay" / "pay.csr").read_bytes() == asked


@pytest.mark.slow
def test_what_does_not_belong_to_the_record_is_refused_before_anything_is_uploaded(
    cli: Cli, born: FakeOrg, folder: Path, answer: Path
) -> None:
    """An answer of another key, or the old certificate; another request; a folder that is another's. Then it goes on."""
    from_setup(folder, 2)
    assert cli(*ON_APP, "--json").json["code"] == "carry.other-request"
    from_setup(folder)
    before = sha256(born)
    for file, code in (
        (answered(folder / "other.pem", 2), "ckm.other-key"), (folder / "pay" / "pay.crt", "carry.old-answer"),
    ):  # fmt: skip
        refused = cli(*ON_APP, "--answer", file, "--json")
        assert (refused.code, refused.json["code"]) == (1, code), refused
        assert not (folder / NEW).exists()
    (folder / NEW).mkdir()
    assert cli(*ON_APP, "--answer", answer, "--json").json["code"] == "carry.other-folder"
    (folder / NEW).rmdir()
    assert (deployments(born), sha256(born)) == ([], before)
    assert cli(*ON_APP, "--answer", answer).code == 0


@pytest.mark.slow
def test_an_upload_that_the_org_refuses_or_does_not_keep(cli: Cli, born: FakeOrg, folder: Path, answer: Path) -> None:
    """Salesforce's words, and nothing further; a record that is as before is not taken for the new one; the app stays.
    The same line goes on, without the file."""
    from_setup(folder)
    take = born.contents.take
    app = carried(born)
    for words, code in (("Salesforce says no", "org.deploy-failed"), ("", "ckm.readback")):
        born.contents.take = lambda _, words=words: words  # type: ignore[misc, method-assign]
        refused = cli(*ON_APP, "--answer", answer, "--json")
        assert (refused.code, refused.json["code"]) == (1, code), refused
        assert words in refused.json["message"]
        assert f"{NEW}-former.crt" in " ".join(refused.json["actions"])
    assert carried(born) == app
    born.contents.take = take  # type: ignore[method-assign]
    born.contents.rows["DeployRequest"] = [{"Id": "0Af000000000001AAA", "Status": "InProgress"}]
    assert cli(*ON_APP, "--json").json["code"] == "carry.deploying"
    born.contents.rows["DeployRequest"].clear()
    assert cli(*ON_APP).code == 0
    assert carried(born) == sha256(born) != app


def test_only_a_record_that_a_ca_signs_and_flags_that_fit(cli: Cli, born: FakeOrg, folder: Path) -> None:
    before = tree(folder / "pay")
    for words in (
        ("--reminder",), ("--browser",), ("--client-id", "x", "--username", "y"), ("--csr",), ("--new-key",),
    ):  # fmt: skip
        assert cli(*ON_APP, *words, "--json").json["code"] == "usage.carry-out", words
    assert (
        cli("renew", "pay", "--in-ckm", "--password", "env:TEST_PASSWORD", "--json").json["code"] == "usage.carry-out"
    )
    born.contents.delete_certificate("pay")
    assert cli(*ON_APP, "--json").json["code"] == "carry.not-in-ckm"
    born.contents.add_certificate("pay", (folder / "pay" / "pay.crt").read_text(), None)
    assert cli(*ON_APP, "--json").json["code"] == "carry.not-by-ca"
    assert tree(folder / "pay") == before


@pytest.mark.slow
def test_killed_after_each_step_nothing_is_uploaded_twice(born: FakeOrg, folder: Path, answer: Path, cli: Cli) -> None:
    """Right after each step was written down, and right before; and while the Salesforce CLI deploys."""
    from_setup(folder)
    words = [*ON_APP, "--answer", str(answer)]
    for kill in ("after:request", "before:answer", "after:answer", "before:upload", "after:upload"):
        env = {**os.environ, "KILL": kill, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, *words], cwd=folder, env=env, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert done.returncode == KILLED, (kill, done)
        words = list(ON_APP) if (folder / NEW).exists() else words
        assert (folder / "pay" / f"{NEW}-carry-out.json").exists()
    assert deployments(born) == [False]
    chain = (folder / NEW / f"{NEW}-chain.crt").stat()
    change = cli(*ON_APP, "--json").json["result"]["change"]
    assert set(states(change).values()) == {"proved"}
    assert deployments(born) == [False, True, True, False]  # the app's besides, with its trials
    assert (folder / NEW / f"{NEW}-chain.crt").stat().st_mtime_ns == chain.st_mtime_ns
    record = json.loads((folder / "pay" / f"{NEW}-carry-out.json").read_text())
    assert record["after"]["certificateSha256"] == sha256(born) == carried(born)


@pytest.mark.slow
def test_killed_while_it_deploys_the_org_is_looked_at_first(
    born: FakeOrg, folder: Path, answer: Path, cli: Cli
) -> None:
    from_setup(folder)
    wait = hang_in_deployment(folder)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [sys.executable, "-m", "sfkeytool", *LINE, "--answer", str(answer)]
    with subprocess.Popen(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        child = wait()
        process.kill()
    os.kill(child, KILL)
    assert deployments(born) == [False]
    done = cli(*LINE, "--json")
    assert done.code == 0, done
    assert deployments(born) == [False]
