"""``renew`` and ``rotate``: the next generation beside the old one, which nobody touches; runbook and status."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from conftest import THOROUGH, CertificateAuthority, Result, keytool, modes, openssl, tree
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from disturbance import disturbed, killed
from test_kills import quietly

from sfkeytool.acceptance.mails import latest_start
from sfkeytool.cli.app import run_app
from sfkeytool.errors import UsageError
from sfkeytool.names import base_name, next_name

Cli = Callable[..., Result]
PW = ("--password", "env:TEST_PASSWORD")
MONTH = f"{datetime.now(UTC):%Y%m}"
NEW = f"pay_{MONTH}"


@pytest.fixture
def pay(cli: Cli) -> Cli:
    """The command, in a folder where pay/ has been made."""
    assert cli("self-signed", "pay", *PW, "--organization", "Acme", "--san", "pay.example").code == 0
    return cli


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def private_key(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def untouched(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Content, mode and time of everything in a folder."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
    }


def test_renew_keeps_the_key_and_both_certificates_verify_what_it_signs(pay: Cli, folder: Path) -> None:
    """So no login fails at any moment; the old folder is bit for bit what it was."""
    before = untouched(folder / "pay")
    result = pay("renew", "pay", *PW, "--days", 400, "--json")
    assert result.code == 0, result
    assert untouched(folder / "pay") == before
    old, new = certificate(folder / "pay" / "pay.crt"), certificate(folder / NEW / f"{NEW}.crt")
    signature = private_key(folder / "pay" / "pay.key").sign(b"assertion", padding.PKCS1v15(), hashes.SHA256())
    for each in (old, new):
        key = each.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signature, b"assertion", padding.PKCS1v15(), hashes.SHA256())
    assert new.subject == old.subject
    assert new.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ) == old.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert new.not_valid_after_utc - old.not_valid_after_utc > timedelta(days=34)
    assert new.serial_number != old.serial_number
    assert result.json["result"]["follows"]["name"] == "pay"
    assert result.json["result"]["proof"]["files"] == [f"{NEW}.jks", f"{NEW}.crt"]


@pytest.mark.slow
def test_the_new_folder_is_a_complete_set(pay: Cli, folder: Path) -> None:
    """Key, keystore, certificate, receipt, runbook, private; Java lists the alias; check accepts."""
    assert pay("renew", "pay", "--password", "generate").code == 0
    assert modes(folder / NEW) == {
        ".gitignore": "644",
        f"{NEW}.key": "600",
        f"{NEW}.jks": "600",
        f"{NEW}.jks.password": "600",
        f"{NEW}.crt": "644",
        f"{NEW}.json": "644",
        f"{NEW}-runbook.md": "644",
    }
    assert modes(folder)[NEW] == "700"
    password = f"file:{folder / NEW / f'{NEW}.jks.password'}"
    assert pay("check", folder / NEW / f"{NEW}.jks", "--password", password).code == 0
    typed = (folder / NEW / f"{NEW}.jks.password").read_text().strip()
    assert NEW in keytool("-list", "-storetype", "JKS", "-keystore", folder / NEW / f"{NEW}.jks", "-storepass", typed)
    [record] = json.loads((folder / NEW / f"{NEW}.json").read_text())["records"]
    assert record["command"] == "renew"
    assert record["follows"]["sameKey"] is True


@pytest.mark.slow
def test_rotate_makes_a_new_key(pay: Cli, folder: Path) -> None:
    """Of the old one's size, or of another; the runbook offers the second app as the swap without a gap."""
    before = untouched(folder / "pay")
    result = pay("rotate", "pay", *PW, "--key-size", 3072, "--json")
    assert result.code == 0, result
    assert untouched(folder / "pay") == before
    assert private_key(folder / NEW / f"{NEW}.key").key_size == 3072
    assert certificate(folder / NEW / f"{NEW}.crt").public_key() != certificate(folder / "pay" / "pay.crt").public_key()
    assert result.json["result"]["follows"]["sameKey"] is False
    runbook = (folder / NEW / f"{NEW}-runbook.md").read_text()
    assert "only swap that needs no gap" in runbook
    assert "--old-key pay/pay.key" in runbook
    assert f"sfkeytool metadata {NEW}" in runbook
    assert pay("rotate", "pay", *PW).code == 0
    assert private_key(folder / f"{NEW}b" / f"{NEW}b.key").key_size == 2048


def test_names_of_generations() -> None:
    """The month, then letters; a generation's follower is of the same base; all in 40 characters."""
    day = date(2026, 11, 24)
    assert next_name("pay", day, []) == "pay_202611"
    assert next_name("pay", day, ["pay_202611"]) == "pay_202611b"
    assert next_name("pay", day, ["pay_202611", "pay_202611b"]) == "pay_202611c"
    assert next_name("pay_202511", day, []) == "pay_202611"
    assert next_name("pay_202611", day, []) == "pay_202611b"
    assert next_name("pay_202511c", day, []) == "pay_202611"
    assert next_name("a" * 40, day, []) == "a" * 33 + "_202611"
    assert next_name("a" * 32 + "_b", day, ["a" * 32 + "_202611"]) == "a" * 32 + "_202611b"
    assert base_name("pay_202613") == "pay_202613"
    with pytest.raises(UsageError):
        next_name("pay", day, ["pay_202611", *(f"pay_202611{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")])


def test_generations_follow_each_other(pay: Cli, folder: Path) -> None:
    """--as chooses; a second follower is told of; a follower has followers."""
    assert pay("renew", "pay", *PW, "--as", "pay_next").code == 0
    second = pay("renew", "pay", *PW)
    assert "pay is followed by pay_next already" in second.err
    assert pay("renew", "pay_next", *PW, "--json").json["result"]["follows"]["name"] == "pay_next"
    assert pay("renew", "pay", *PW, "--as", "pay").code == 2
    assert pay("renew", "pay", *PW, "--as", "pay_next").code == 1
    assert pay("renew", "pay", "--status", "--as", NEW, "--json").json["result"]["name"] == NEW


def test_an_encrypted_key_stays_encrypted(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its own password; a wrong one is refused; rotate warns that the new one is in clear."""
    monkeypatch.setenv("KEY_PASSWORD", "the key's own password")
    assert cli("self-signed", "pay", *PW, "--key-password", "env:KEY_PASSWORD").code == 0
    before = tree(folder)
    assert cli("renew", "pay", *PW, "--json").json["code"] == "key.password-needed"
    assert (
        cli("renew", "pay", *PW, "--input-password", "env:TEST_PASSWORD", "--json").json["code"] == "key.wrong-password"
    )
    assert tree(folder) == before
    assert cli("renew", "pay", *PW, "--input-password", "env:KEY_PASSWORD").code == 0
    made = (folder / NEW / f"{NEW}.key").read_bytes()
    assert b"ENCRYPTED" in made
    assert serialization.load_pem_private_key(made, b"the key's own password")
    assert "is encrypted" in cli("rotate", "pay", *PW).err


def test_the_purpose_is_carried_over(cli: Cli, folder: Path) -> None:
    """By the receipt where the certificate cannot tell, by the extended key usage where there is no receipt."""
    assert cli("self-signed", "idp", *PW, "--purpose", "sso").code == 0
    assert cli("self-signed", "tls", *PW, "--purpose", "mtls").code == 0
    (folder / "tls" / "tls.json").unlink()
    sso = cli("renew", "idp", *PW, "--json").json["result"]
    assert sso["purpose"] == "sso"
    assert "swap" not in [step["id"] for step in sso["runbook"]]
    tls = cli("renew", "tls", *PW, "--json").json["result"]
    assert (tls["purpose"], tls["certificate"]["extendedKeyUsage"]) == ("mtls", ["clientAuth"])
    (folder / "idp" / "idp.json").write_text('{"format": 1, "records": [{"purpose": "domain"')
    assert cli("renew", "idp", *PW, "--json").json["result"]["purpose"] == "jwt"


@pytest.mark.slow
def test_what_a_ca_signed(cli: Cli, folder: Path, ca: CertificateAuthority) -> None:
    """For logins a self-signed successor will do, and that is said; for TLS it is refused. --csr asks the CA again, and
    wrap completes the folder."""
    for name, purpose in {"pay": "jwt", "tls": "mtls"}.items():
        assert cli("csr", name, "--purpose", purpose).code == 0
        ca.sign(folder / name / f"{name}.csr", folder / "answer.crt", extensions=["extendedKeyUsage=clientAuth"])
        assert cli("wrap", name, "answer.crt", ca.intermediate, ca.root, *PW, "--purpose", purpose).code == 0
    assert "does for jwt" in cli("renew", "pay", *PW, "--as", "pay_self").err
    refused = cli("renew", "tls", *PW, "--json")
    assert (refused.code, refused.json["code"]) == (1, "renew.needs-ca")
    result = cli("renew", "tls", "--csr", "--json")
    assert result.code == 0, result
    new = f"tls_{MONTH}"
    assert result.json["result"]["runbook"][0]["id"] == "sign"
    assert cli("renew", "tls", "--status", "--json").json["result"]["next"] == "sign"
    request = folder / new / f"{new}.csr"
    assert openssl("req", "-in", request, "-noout", "-subject", "-nameopt", "RFC2253").strip() == "subject=CN=tls"
    ca.sign(folder / new / f"{new}.csr", folder / "answer.crt")
    assert cli("wrap", new, "answer.crt", ca.intermediate, ca.root, *PW, "--purpose", "mtls").code == 0
    status = cli("renew", "tls", "--status", "--json").json["result"]
    assert status["next"] == "import"
    assert status["steps"][0]["state"] == "done"


def test_status_follows_receipts_and_what_people_note(pay: Cli, folder: Path) -> None:
    """Each step noted moves the next one; a deleted keystore counts as imported; an unknown step is refused."""
    assert pay("renew", "pay", "--status", "--json").json["code"] == "renew.none"
    assert pay("renew", "pay", *PW).code == 0
    assert pay("renew", "pay", "--status", "--json").json["result"]["next"] == "import"
    (folder / NEW / f"{NEW}.jks").unlink()
    status = pay("renew", "pay", "--status", "--json").json["result"]
    assert status["next"] == "repoint"
    before = untouched(folder / "pay")
    for step, following in [
        ("repoint", "swap"),
        ("swap", "prove"),
        ("prove", "retire"),
        ("retire", "tidy"),
        ("tidy", None),
    ]:
        assert pay("renew", "pay", "--done", step, "--json").json["result"]["next"] == following
    assert untouched(folder / "pay") == before
    assert len(json.loads((folder / NEW / f"{NEW}.json").read_text())["records"]) == 6
    names = sorted(path.name for path in Path().iterdir())
    assert pay("renew", "pay", "--done", "").code == 2
    assert sorted(path.name for path in Path().iterdir()) == names, "an empty variable is no wish for a renewal"
    refused = pay("renew", "pay", "--done", "dance")
    assert refused.code == 2
    assert "import, repoint, swap, prove, retire, tidy" in refused.err


@pytest.mark.parametrize(
    "follows",
    ["5", '"pay"', "[]", "{}", '{"name": "pay"}', '{"name": "pay", "notAfter": 5}', '{"name": ["pay"], "notAfter": "2027-01-01"}',
     '{"name": "pay", "notAfter": "never", "sameKey": "x"}', '{"name": "../../pay", "notAfter": "2027-01-01"}'],
)  # fmt: skip
@pytest.mark.slow
def test_a_hostile_receipt_misleads_nobody(follows: str, pay: Cli, folder: Path) -> None:
    """Whatever stands in it: our error, or its generation is passed over."""
    (folder / "pay_x").mkdir()
    (folder / "pay_x" / "pay_x.json").write_text(
        f'{{"format": 1, "records": [{{"at": 7, "follows": {follows}, "certificate": 3, "purpose": [1]}}]}}'
    )
    result = pay("renew", "pay", "--status", "--json")
    assert result.code == 1, result
    assert result.json["code"] in ("renew.none", "receipt.damaged")
    assert pay("renew", "pay", *PW).code == 0


def test_what_is_missing_or_does_not_fit_is_refused(pay: Cli, folder: Path) -> None:
    """No folder, no certificate, no key, a stranger's key, wrong flags: nothing changes."""
    assert pay("self-signed", "other", *PW).code == 0
    (folder / "mixed").mkdir()
    (folder / "mixed" / "mixed.crt").write_bytes((folder / "pay" / "pay.crt").read_bytes())
    (folder / "keyless").mkdir()
    (folder / "keyless" / "keyless.crt").write_bytes((folder / "pay" / "pay.crt").read_bytes())
    (folder / "mixed" / "mixed.key").write_bytes((folder / "other" / "other.key").read_bytes())
    (folder / "empty").mkdir()
    (folder / "file").write_text("x")
    before = tree(folder)
    for arguments, code in {
        ("gone",): "renew.no-folder",
        ("file",): "renew.no-folder",
        ("empty",): "input.not-found",
        ("keyless",): "key.none",
        ("mixed",): "key.no-match",
        ("pay", "--key-size", "4096"): "usage.key-size",
        ("pay", "--days", "0"): "usage.days",
        ("pay", "--csr"): "usage.password",
        ("pay", "--as", "bad name"): "usage.name",
    }.items():
        assert pay("renew", *arguments, *PW, "--json").json["code"] == code, arguments
    assert pay("renew", "pay", "--json").json["code"] == "usage.missing"
    assert pay("renew", "pay", "--csr", "--ics", "x.ics", "--json").json["code"] == "usage.ics"
    assert tree(folder) == before
    assert pay("rotate", "keyless", *PW).code == 0


def test_the_folder_may_be_anywhere(pay: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """-d names it; from inside it is a dot; the new one is always its sibling."""
    (folder / "far away").mkdir()
    (folder / "pay").rename(folder / "far away" / "pay")
    assert pay("renew", "pay", *PW, "-d", "far away/pay").code == 0
    assert (folder / "far away" / NEW / f"{NEW}.key").exists()
    monkeypatch.chdir(folder / "far away" / "pay")
    assert pay("renew", "pay", *PW, "-d", ".").code == 0
    assert (folder / "far away" / f"{NEW}b" / f"{NEW}b.key").exists()
    assert pay("renew", "pay", "--status", "-d", ".").code == 0


def test_a_name_that_was_completed_to_a_folder_is_taken(pay: Cli, folder: Path) -> None:
    """``pay/``, as the shell's completion leaves it."""
    assert pay("renew", "pay/", *PW, "--json").json["result"]["follows"]["name"] == "pay"
    assert pay("renew", "pay/pay.crt", *PW).code == 2


def test_a_file_in_the_way_is_refused(pay: Cli, folder: Path) -> None:
    """Before a key is made; nothing is left."""
    before = tree(folder)
    (folder / NEW).write_text("in the way")
    assert pay("renew", "pay", *PW, "--as", NEW).code == 1
    (folder / NEW).unlink()
    assert tree(folder) == before


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="modes bind neither root nor Windows")
def test_a_read_only_parent_is_refused(pay: Cli, folder: Path) -> None:
    """Before a key is made."""
    folder.chmod(0o500)
    result = pay("renew", "pay", *PW, "--json")
    folder.chmod(0o700)
    assert result.json["code"] == "output.not-permitted"


@pytest.mark.parametrize("command", ["renew", "rotate"])
def test_the_runbook_can_be_followed(command: str, pay: Cli, folder: Path) -> None:
    """Each step has a check and a way back; the dates are there; every command of ours is one that the parser takes."""
    result = pay(command, "pay", *PW, "--json").json["result"]
    runbook = (folder / NEW / f"{NEW}-runbook.md").read_text()
    sections = runbook.split("\n## ")[1:]
    assert len(sections) == len(result["runbook"]) == 6
    for section in sections:
        assert "Check:" in section
        assert "Way back:" in section
    for day in (*result["mailDates"], result["latestStart"], result["certificate"]["notAfter"][:10]):
        assert day in runbook
    early, late = result["mailDates"][2:4]
    assert f"| {early} | Salesforce should mail holders of the permission about" in runbook
    assert f"| {late} | Salesforce should mail administrators about" in runbook
    assert "while nobody holds the permission" in runbook
    assert "--external-client-app --instance-url https://MYDOMAIN.my.salesforce.com" in runbook
    commands = [line.strip() for line in runbook.splitlines() if line.strip().startswith("sfkeytool ")]
    assert len(commands) >= 4
    for line in commands:
        words = shlex.split(line)[1:]
        told = pay(*words, "--help")
        assert told.code == 0, line
        help_text = told.out
        for flag in (word for word in words if word.startswith("--")):
            assert flag in help_text, line


@pytest.mark.parametrize("command", ["renew", "rotate"])
@pytest.mark.slow
def test_a_kill_at_every_write_leaves_the_new_folder_complete_or_absent(command: str, pay: Cli, folder: Path) -> None:
    """Without any repair; and the old one bit for bit what it was."""
    before = untouched(folder / "pay")
    arguments = (command, "pay", "--password", "env:TEST_PASSWORD", "--as")
    assert run_app([*arguments, "warm"]) == 0  # imports are steps too, the first time
    with disturbed(lambda number, name: None) as steps:
        assert run_app([*arguments, "counted"]) == 0
    complete = {name.replace("counted", "new") for name in tree(folder / "counted")}
    seen = set()
    named = max(when for when, step in enumerate(steps) if step in ("rename", "replace"))  # all appears with that
    for when in range(len(steps)) if THOROUGH else (*range(0, named, 5), *range(named, len(steps), 3)):
        assert killed(partial(quietly, folder, (*arguments, "new")), when, "links")
        assert untouched(folder / "pay") == before
        if (folder / "new").exists():
            assert set(tree(folder / "new")) == complete
            assert pay("compare", folder / "new" / "new.jks", folder / "new" / "new.crt").code == 0
            seen.add("complete")
            for path in (folder / "new").iterdir():
                path.unlink()
            (folder / "new").rmdir()
        else:
            seen.add("absent")
        for left in folder.glob(".sfkeytool-*"):  # the next run would sweep it, in steps of its own
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    assert seen == {"complete", "absent"}


def test_the_latest_start_leaves_time() -> None:
    """A month before; a third of the life for short ones."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    assert latest_start(begin, begin + timedelta(days=365)) == date(2026, 12, 2)
    assert latest_start(begin, begin + timedelta(days=47)) == (begin + timedelta(days=47) * 2 / 3).date()


def test_calendar_entries(pay: Cli, folder: Path) -> None:
    """CKM's days and the latest start, for a calendar; a file that is there is kept; the library is asked for first."""
    import icalendar

    result = pay("renew", "pay", *PW, "--ics", "new.ics", "--json").json["result"]
    calendar = icalendar.Calendar.from_ical((folder / "new.ics").read_bytes())
    days = {str(event.decoded("dtstart")) for event in calendar.walk("VEVENT")}
    assert days == {*result["mailDates"], result["latestStart"]}
    said = {str(event["summary"]): str(event["description"]) for event in calendar.walk("VEVENT")}
    assert (
        f"holders of the permission on {result['mailDates'][2]}"
        in said[f"Salesforce should mail: {NEW} expires in 10 days"]
    )
    assert f"administrators on {result['mailDates'][3]}" in said[f"Salesforce should mail: {NEW} expires tomorrow"]
    assert all("Knowledge 000385781" in said[words] for words in said if "Begin the renewal" not in words)
    before = tree(folder)
    refused = pay("self-signed", "third", *PW, "--ics", "new.ics", "--json")
    assert (refused.code, refused.json["code"]) == (1, "output.exists")
    assert tree(folder) == before


def test_a_calendar_replaces_nothing_but_a_calendar(pay: Cli, folder: Path) -> None:
    """With --force too: a slip of the flag must not cost a key."""
    key = (folder / "pay" / "pay.key").read_bytes()
    arguments = ("self-signed", "other", *PW, "--force", "--json")
    refused = pay(*arguments, "--ics", "pay/pay.key")
    assert (refused.code, refused.json["code"]) == (1, "output.not-a-report")
    assert (folder / "pay" / "pay.key").read_bytes() == key
    assert pay(*arguments, "--ics", "a.ics").code == 0
    assert pay(*arguments, "--ics", "a.ics").code == 0


def test_calendar_entries_without_the_library(pay: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before anything is made."""
    import importlib.util

    monkeypatch.setattr("sfkeytool.edge.installation.find_spec", lambda name: None)
    assert importlib.util.find_spec("icalendar")
    before = tree(folder)
    refused = pay("renew", "pay", *PW, "--ics", "new.ics", "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.extra-missing")
    assert tree(folder) == before
