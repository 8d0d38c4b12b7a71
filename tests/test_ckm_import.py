"""``ckm import`` and ``doctor`` against the fake org, whose import page judges with a genuine Java.

The person at the page is a client that fills the form, in the pauses between two looks: time is simulated.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest
from conftest import PASSWORD, Result, needs_symlinks
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fake_org import FakeOrg
from fake_org import keystore_import as imported
from fake_org.setup import CHALLENGE, HOME, IMPORT
from filled_org import key, key_pem, make
from oracle_java import java_make
from salesforce_cli import run_sf, salesforce_cli
from stand_in_cli import as_command
from test_fake_setup import ASKED, Visitor, certificate_der, key_der
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.pipeline import run_command
from sfkeytool.edge.deleting import delete_files
from sfkeytool.errors import OutputError
from sfkeytool.keystores.bcfks.writing import encode_bcfks
from sfkeytool.passwords import Secret
from sfkeytool.shell import command_words

Cli = Callable[..., Result]

SF = """#!{python} -IS
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
if sys.argv[1:3] == ["org", "open"]:
    import urllib.parse, urllib.request
    query = urllib.parse.urlencode({{"redirect_uri": sys.argv[sys.argv.index("--path") + 1]}})
    asked = urllib.request.Request(
        {url!r} + "/services/oauth2/singleaccess?" + query, headers={{"Authorization": "Bearer " + {token!r}}}
    )
    try:
        door = json.loads(urllib.request.urlopen(asked).read())["frontdoor_uri"]
    except OSError:
        print("Error (1): Bad_OAuth_Token")
        sys.exit(1)
    with open(os.open({door!r}, os.O_WRONLY | os.O_CREAT, 0o600), "w") as browser:
        browser.write(door)
    print("Opening", door)
else:
    print(json.dumps({{"status": 0, "result": {{"instanceUrl": {url!r}, "accessToken": {token!r}}}}}))
"""
"""As the Salesforce CLI does it: it asks for an address of one use, and hands it to the browser; here to a file."""


class World:
    """Simulated time: what somebody does is done when a pause reaches it. Short pauses, as of who waits for a process to end,
    are real."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real_sleep = time.sleep
        self.due: list[tuple[float, Callable[[], object]]] = []
        self.failed: list[Exception] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds < 0.25:
            self._real_sleep(seconds)
            return
        self.now += seconds
        while self.due and self.due[0][0] <= self.now:
            action = self.due.pop(0)[1]
            try:
                action()
            except Exception as error:
                self.failed.append(error)

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        self.due.append((seconds, action))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Whatever was to be done has been done, and went well."""
    world = World()
    monkeypatch.setattr(time, "sleep", world.sleep)
    monkeypatch.setattr(time, "monotonic", world.monotonic)
    yield world
    assert (world.due, world.failed) == ([], [])


def stand_in(org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sf in front of PATH that knows the org, and a display."""
    script = folder / "bin" / "sf"
    script.parent.mkdir(exist_ok=True)
    values = {"log": folder / "sf.log", "url": org.url, "token": org.let_in(), "door": folder / "door"}
    script.write_text(SF.format(python=sys.executable, **{name: str(value) for name, value in values.items()}))
    as_command(script)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":99")


@pytest.fixture
def org(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrg]:
    """An org in which an import works; with Identity Provider enabled."""
    with FakeOrg(tls=False) as org:
        org.contents.add(
            "IdentityProviderSettings",
            "IdentityProvider",
            [("fullName", "IdentityProvider"), ("certificateName", "idp"), ("enableIdentityProvider", "true")],
        )
        stand_in(org, folder, monkeypatch)
        yield org


@pytest.fixture
def made(cli: Cli, folder: Path) -> Path:
    """./pay_api with the key, certificate and keystore of a self-signed pair."""
    place = folder / "pay_api"
    place.mkdir(mode=0o700)
    (place / "pay_api.key").write_bytes(key_pem(1))
    (place / "pay_api.key").chmod(0o600)
    assert cli("self-signed", "pay_api", "--password", "generate").code == 0
    return place


def password_of(place: Path) -> str:
    return (place / f"{place.name}.jks.password").read_text().strip()


class Person:
    """Who sits at the browser: ``chooses`` another file or password than they are told, where it says so."""

    def __init__(self, org: FakeOrg, folder: Path) -> None:
        self.org = org
        self.folder = folder
        self.visitor = Visitor(org)

    def imports(self, keystore: bytes | None = None, password: str | None = None) -> None:
        """Through the door that sf opened, or, where none was, logged in by themselves."""
        door = self.folder / "door"
        place = self.folder / "pay_api"
        url = door.read_text() if door.exists() else self.visitor.front_door(ASKED)
        self.visitor.go(url)
        if self.visitor.path != IMPORT:
            return
        data = keystore if keystore is not None else (place / "pay_api.jks").read_bytes()
        self.visitor.save(data, password_of(place) if password is None else password)


@pytest.fixture
def person(org: FakeOrg, folder: Path) -> Person:
    return Person(org, folder)


def sit(*answers: Any, **given: Any) -> int:
    """The command on a terminal, where a person answers."""
    values = {"keystore": "pay_api", "target_org": "prod"} | given
    return run_command("ckm import", COMMANDS["ckm import"], values, asker=ScriptedAsker(*answers))  # type: ignore[arg-type]


def calls(folder: Path) -> list[list[str]]:
    return [json.loads(line)[0] for line in (folder / "sf.log").read_text().splitlines()]


def names(org: FakeOrg) -> list[str]:
    return list(org.contents.components.get("Certificate", {}))


def codes(result: Result) -> list[str]:
    return [notice["code"] for notice in result.json["notices"]]


def test_a_keystore_that_went_after_its_import_can_be_made_anew(cli: Cli, org: FakeOrg, made: Path) -> None:
    """Nothing like its name is offered: the command that is told makes it, in a folder beside."""
    for name in ("pay_api.jks", "pay_api.jks.password"):
        (made / name).unlink()
    gone = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (gone.code, gone.json["code"]) == (1, "input.not-found")
    [line] = [action for action in gone.json["actions"] if "sfkeytool wrap" in action]
    assert not [action for action in gone.json["actions"] if "did you mean" in action]
    assert cli(*command_words(line.partition("sfkeytool ")[2])).code == 0
    assert (made.with_name("pay_api_again") / "pay_api.jks").exists()


# With a person


def test_a_person_imports_and_it_is_proved(
    org: FakeOrg, made: Path, person: Person, world: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page opens logged in, the file and where its password is are told, and the new record is read back."""
    world.at(60, person.imports)
    assert sit(True, False) == 0
    shown = capsys.readouterr()
    assert person.visitor.path == HOME
    assert names(org) == ["pay_api"]
    assert str(made / "pay_api.jks") in shown.err
    assert str(made / "pay_api.jks.password") in shown.err
    assert "PRODUCTION" in shown.err
    assert org.contents.short_id("pay_api") in shown.out
    assert "the same certificate" in shown.out
    assert "CKM should mail holders of the permission on" in shown.out
    assert ["org", "open", "--path", ASKED, "--target-org", "prod"] in calls(folder)
    assert 55 <= world.now <= 65
    assert (made / "pay_api.jks").exists()  # the second answer was No
    record = json.loads((made / "pay_api.json").read_text())["records"][-1]
    assert (record["command"], record["proved"]) == ("ckm import", True)


def test_nothing_is_opened_without_a_yes(org: FakeOrg, made: Path, world: World, folder: Path) -> None:
    assert sit(False) == 1
    assert [call[1] for call in calls(folder)] == ["display"]


def test_a_script_is_told_what_to_do_and_watches(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, folder: Path
) -> None:
    """Without a terminal no page opens. The result is one object, and shows the record."""
    world.at(30, person.imports)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert done.code == 0, done
    assert f"{org.url}{IMPORT}" in done.err
    assert str(made / "pay_api.jks") in done.err
    result = done.json["result"]
    [entry] = result["entries"]
    assert (entry["state"], entry["arrived"], entry["name"]) == ("same", True, "pay_api")
    assert entry["recordId"] == org.contents.short_id("pay_api")
    assert entry["sha256"] == entry["foundSha256"] == entry["certificate"]["sha256"]
    assert len(entry["mailDates"]) == 5
    assert (result["proved"], result["present"], result["deleted"]) == (True, False, [])
    assert not [call for call in calls(folder) if call[1] == "open"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has a display")
def test_a_browser_that_does_not_open_is_told_and_the_import_goes_on(
    org: FakeOrg, made: Path, person: Person, world: World, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """No display; the page's address and sf's own command stand there."""
    monkeypatch.delenv("DISPLAY")
    world.at(30, person.imports)
    assert sit(True, False) == 0
    shown = capsys.readouterr().err
    assert "there is no display here" in shown
    assert f"{org.url}{IMPORT}" in shown
    assert "sf org open --path" in shown


def test_a_front_door_that_refuses_is_told(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, folder: Path, capsys: Any
) -> None:
    """The CLI's session ended between the look and the opening: ckm.not-opened, and the person may log in alone."""
    asked = org.setup.single_access
    org.setup.single_access = lambda is_good, target, url: asked(False, target, url)  # type: ignore[method-assign]
    assert sit(True, wait=0, json=True) == 1
    shown = capsys.readouterr()
    [notice, _] = json.loads(shown.out)["notices"]
    assert notice["code"] == "ckm.not-opened"
    assert notice["message"] == "the import page was not opened: the Salesforce CLI could not open it (exit code 1)"
    assert "frontdoor" not in shown.err + shown.out


def test_no_open_asks_nothing_and_opens_nothing(
    org: FakeOrg, made: Path, person: Person, world: World, folder: Path
) -> None:
    world.at(30, person.imports)
    assert sit(False, no_open=True) == 0  # the one question is whether to delete
    assert [call[1] for call in calls(folder)] == ["display"]


# What the page refuses: nothing arrives, nothing is left behind

REFUSALS: dict[str, tuple[Callable[[Person], object], str]] = {
    "wrong password": (
        lambda person: person.imports(password="another"),
        "Keystore was tampered with, or password was incorrect",
    ),
    "EC key": (
        lambda person: person.imports(
            (Path(__file__).parent.parent / "fixtures" / "corpus" / "ec.jks").read_bytes(),
            "worthless-corpus-password",
        ),
        imported.NOT_RSA,
    ),
    "Data Not Available": (
        lambda person: person.imports(),
        "Data Not Available",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_the_page_refuses_is_not_taken_for_done(
    what: str, cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """The person alone sees the page's words; explain knows them. The run says that nothing arrived, after ten
    minutes."""
    act, words = REFUSALS[what]
    org.setup.identity_provider = what != "Data Not Available"
    world.at(30, lambda: act(person))
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
    assert done.code == 1, done
    assert person.visitor.errors() == [words]
    assert cli("explain", words).code == 0
    assert "ckm.not-arrived" in codes(done)
    assert done.json["result"]["entries"][0]["state"] == "missing"
    assert (done.json["result"]["proved"], done.json["result"]["waitedSeconds"]) == (False, 600)
    assert names(org) == []
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_a_session_that_is_lost_at_the_page(cli: Cli, org: FakeOrg, made: Path, person: Person, world: World) -> None:
    """The page leads to the login; the person logs in again, and the same watch sees it arrive."""
    org.setup.lost_at = "POST"
    world.at(10, person.imports)
    world.at(60, lambda: Person(org, person.folder).imports())
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert person.visitor.path == "/"
    assert (done.code, done.json["result"]["proved"]) == (0, True)


def test_a_page_that_has_changed(cli: Cli, org: FakeOrg, made: Path, person: Person, world: World) -> None:
    """No field for the file: the person can choose none, and nothing arrives."""
    org.setup.missing = {"file"}

    def look() -> None:
        person.visitor.go(person.visitor.front_door(ASKED))

    world.at(10, look)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--wait", "1", "--json")
    assert 'type="file"' not in person.visitor.html
    assert (done.code, done.json["result"]["waitedSeconds"]) == (1, 60)


def test_an_identity_challenge_is_for_the_person(
    org: FakeOrg, made: Path, person: Person, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """High assurance: the org hides its certificates from the session, which is told, with who decides it; the page
    asks for a code. Nobody is advised to lower the policy."""
    org.setup.high_assurance = True
    world.at(10, person.imports)
    assert sit(True, wait=1) == 1
    assert person.visitor.path == CHALLENGE
    told = capsys.readouterr().err
    assert "Identity Verification" in told
    assert "whoever decides the org's security policies" in told
    assert not re.search(r"\b(?:lower|disable|switch off|turn off|deactivate) (?:the|it|this)\b", told)


# The proof


def test_another_certificate_under_the_name_is_no_success(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """A keystore of an older key with the same alias, chosen by mistake: told at once, exit 3, nothing deleted."""
    other = java_make("JKS", PASSWORD, [("pay_api", key_der(2), PASSWORD, [certificate_der(2)])])
    world.at(30, lambda: person.imports(other, PASSWORD))
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
    assert done.code == 3, done
    [entry] = done.json["result"]["entries"]
    assert (entry["state"], entry["arrived"]) == ("other", True)
    assert entry["foundSha256"] != entry["sha256"]
    assert "ckm.other-certificate" in codes(done)
    assert done.json["result"]["waitedSeconds"] < 60
    assert (made / "pay_api.jks").exists()


def test_what_a_colleague_imports_meanwhile_is_told_and_looked_past(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """Theirs is none of ours; ours comes later. What was there before is nothing new."""
    one = make("one", 300, 2)
    org.contents.add_certificate("one", one.pem, one.expires)
    theirs = java_make("JKS", PASSWORD, [("theirs", key_der(2), PASSWORD, [certificate_der(2)])])
    world.at(30, lambda: Person(org, person.folder).imports(theirs, PASSWORD))
    world.at(60, person.imports)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, codes(done)) == (0, ["ckm.other-arrived"])
    assert [one["name"] for one in done.json["result"]["otherArrivals"]] == ["theirs"]


def test_another_file_that_was_chosen_is_exit_code_3(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """And nothing of ours came: another landed in its place."""
    theirs = java_make("JKS", PASSWORD, [("theirs", key_der(2), PASSWORD, [certificate_der(2)])])
    world.at(30, lambda: person.imports(theirs, PASSWORD))
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--wait", "1", "--json")
    assert (done.code, codes(done)) == (3, ["ckm.other-arrived", "ckm.not-arrived"])


def test_a_deleted_row_of_the_same_name_proves_nothing(cli: Cli, org: FakeOrg, made: Path, world: World) -> None:
    """The Tooling API returns it, with the right expiry even; listMetadata does not. Whether its name is free again is
    told to be unknown."""
    org.contents.add_row("pay_api", "2027-11-28T00:00:00.000+0000")
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--wait", "0", "--json")
    assert done.code == 1
    assert "import.deleted-name" in codes(done)
    assert done.json["result"]["entries"][0]["recordId"] is None


def test_a_record_that_was_renamed_is_still_the_one(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """The person gave it another name right away: its Id is new, and its body is the certificate."""

    def act() -> None:
        person.imports()
        org.contents.rename_certificate(org.contents.short_id("pay_api"), "Pay_API_2026", "Pay")

    world.at(30, act)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, done.json["result"]["entries"][0]["name"]) == (0, "Pay_API_2026")


def test_a_body_that_is_not_shown_is_waited_for_and_then_not_claimed(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """Listed, and not readable: the row alone proves nothing."""
    org.contents.hidden_names.add("Certificate:pay_api")
    world.at(30, person.imports)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--wait", "1", "--json")
    assert (done.code, codes(done)) == (1, ["ckm.not-shown"])
    assert done.json["result"]["entries"][0]["state"] == "unread"


def test_a_network_that_fails_for_a_while_is_looked_past(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """Each look tries three times by itself; two looks in a row fail whole."""
    world.at(10, lambda: org.break_next("/services/Soap", "drop", 6))
    world.at(30, person.imports)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, done.json["result"]["proved"]) == (0, True)


def test_a_session_that_ends_while_watching(cli: Cli, org: FakeOrg, made: Path, world: World) -> None:
    world.at(30, org.tokens.clear)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, done.json["code"]) == (1, "org.session")
    assert (made / "pay_api.jks").exists()


def test_called_again_it_finds_what_is_there(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, folder: Path
) -> None:
    """No second import, no page, and no deletion: this run saw nothing arrive."""
    world.at(30, person.imports)
    assert cli("ckm", "import", "pay_api", "-o", "prod").code == 0
    again = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
    result = again.json["result"]
    assert (again.code, result["proved"], result["present"], result["waitedSeconds"]) == (0, True, True, 0)
    assert result["entries"][0]["arrived"] is False
    assert (codes(again), result["deleted"]) == (["ckm.keystore-kept"], [])
    assert (made / "pay_api.jks").exists()
    assert len(org.setup.uploads) == 1


def test_several_entries_are_each_proved(cli: Cli, org: FakeOrg, folder: Path, world: World) -> None:
    """A keystore that others made: its aliases in lower case, and never deleted."""
    entries = [
        ("One_Key", key_der(1), PASSWORD, [certificate_der(1)]),
        ("two_key", key_der(2), PASSWORD, [certificate_der(2)]),
    ]
    store = java_make("JKS", PASSWORD, entries)
    Path("theirs.jks").write_bytes(store)
    world.at(30, lambda: Person(org, folder).imports(store, PASSWORD))
    done = cli("ckm", "import", "theirs.jks", "-o", "prod", "--password", "env:TEST_PASSWORD", "--json")
    assert done.code == 0, done
    assert {one["name"]: one["state"] for one in done.json["result"]["entries"]} == {
        "one_key": "same",
        "two_key": "same",
    }
    refused = cli("ckm", "import", "theirs.jks", "-o", "prod", "--delete", "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.delete")
    assert Path("theirs.jks").read_bytes() == store


# Deleting


def gone(place: Path) -> bool:
    """The keystore and its password; the rest of the folder stays."""
    left = {path.name for path in place.iterdir() if not path.name.startswith(".")}
    return left == {"pay_api.key", "pay_api.crt", "pay_api.json"}


@pytest.mark.parametrize("by", ["--delete", "a person's Yes"])
def test_the_keystore_goes_once_it_is_proved(
    by: str, cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing else: the key was read just before, and is the same."""
    world.at(30, person.imports)
    if by == "--delete":
        done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
        assert done.code == 0, done
        assert done.json["result"]["deleted"] == [
            str(Path("pay_api/pay_api.jks")),
            str(Path("pay_api/pay_api.jks.password")),
        ]
    else:
        assert sit(True, True) == 0
        assert f"deleted {Path('pay_api/pay_api.jks')}" in capsys.readouterr().out
    assert gone(made)
    assert (made / "pay_api.key").read_bytes() == key_pem(1)


@pytest.mark.parametrize("what", ["no key", "another key", "a broken key"])
def test_without_its_key_elsewhere_nothing_is_begun(
    what: str, cli: Cli, org: FakeOrg, made: Path, world: World, folder: Path
) -> None:
    """--delete is refused before any page: the keystore would be the only place of the key."""
    path = made / "pay_api.key"
    path.unlink() if what == "no key" else path.write_bytes(key_pem(2) if what == "another key" else b"nothing")
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
    assert done.code == 1
    assert done.json["code"] == "ckm.no-key-stays" or what == "a broken key"
    assert not (folder / "sf.log").exists()
    assert (made / "pay_api.jks").exists()


@pytest.mark.parametrize("what", ["the keystore", pytest.param("a link to it", marks=needs_symlinks)])
def test_the_key_that_stays_is_not_in_the_keystore_itself(
    what: str, cli: Cli, org: FakeOrg, made: Path, folder: Path
) -> None:
    named = made / "pay_api.jks"
    if what == "a link to it":
        named = folder / "link.jks"
        named.symlink_to(made / "pay_api.jks")
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--key", named, "--wait", "0", "--json")
    assert (done.code, done.json["code"]) == (2, "usage.delete")


def test_an_encrypted_key_in_another_place_keeps_it(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, folder: Path
) -> None:
    """--key names it, --password opens it."""
    from cryptography.hazmat.primitives import serialization as form

    vault = folder / "vault.pem"
    encryption = form.BestAvailableEncryption(PASSWORD.encode())
    vault.write_bytes(key(1).private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption))
    (made / "pay_api.key").unlink()
    world.at(30, person.imports)
    line = ("ckm", "import", "pay_api", "-o", "prod", "--delete", "--key", vault)
    done = cli(*line, "--password", "env:TEST_PASSWORD", "--json")
    assert (done.code, len(done.json["result"]["deleted"])) == (0, 2), done


def test_a_reminders_key_is_nowhere_else_on_purpose(
    cli: Cli, org: FakeOrg, folder: Path, person: Person, world: World
) -> None:
    """So its keystore goes without one."""
    (folder / "theirs.crt").write_text(make("theirs", 90, 2).pem)
    assert cli("reminder", "pay_api", "theirs.crt", "--password", "generate").code == 0
    world.at(30, person.imports)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete")
    assert (done.code, done.out.count("  deleted ")) == (0, 2), done
    assert "once the real certificate is renewed" in " ".join(done.out.split())
    assert "upload" not in done.out  # no app takes it


@pytest.mark.parametrize("what", ["keystore", "password", "key", pytest.param("link", marks=needs_symlinks)])
def test_what_changes_while_it_is_watched_is_kept(
    what: str, cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, folder: Path
) -> None:
    """The import is proved, and the run says that it did not delete: exit code 1."""

    def act() -> None:
        person.imports()
        if what == "keystore":
            (made / "pay_api.jks").write_bytes(b"another")
        elif what == "password":
            (made / "pay_api.jks.password").write_text("another")
        elif what == "key":
            (made / "pay_api.key").write_bytes(key_pem(2))
        else:
            (made / "pay_api.jks").rename(folder / "elsewhere.jks")
            (made / "pay_api.jks").symlink_to(folder / "elsewhere.jks")

    world.at(30, act)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
    assert (done.code, done.json["result"]["proved"], done.json["result"]["deleted"]) == (1, True, []), done
    assert "ckm.keystore-kept" in codes(done)
    assert os.path.lexists(made / "pay_api.jks")
    assert (made / "pay_api.jks.password").exists()


@pytest.mark.parametrize("what", ["another", "a link", "gone", "no folder"])
def test_only_what_was_read_is_deleted(what: str, folder: Path) -> None:
    """All or nothing, in whatever order."""
    place = folder / "pay"
    if what != "no folder":
        place.mkdir()
        (place / "first").write_bytes(b"secret")
        (folder / "elsewhere").write_bytes(b"secret")
    if what == "another":
        (place / "second").write_bytes(b"secret, and more")
    elif what == "a link":
        (place / "second").symlink_to(folder / "elsewhere")
    with pytest.raises(OutputError) as refused:
        delete_files(place, {"first": b"secret", "second": b"secret"})
    assert refused.value.code == "output.changed"
    if what != "no folder":
        assert (place / "first").exists()
        assert {path.name for path in place.iterdir()} <= {"first", "second", ".sfkeytool.lock"}


def test_a_receipt_that_takes_no_note_is_a_warning(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    (made / "pay_api.json").write_text('{"somebody": "else\'s"}')
    world.at(30, person.imports)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, codes(done)) == (0, ["ckm.not-noted"])


# Before


def test_a_dry_run_looks_and_opens_nothing(cli: Cli, org: FakeOrg, made: Path, world: World, folder: Path) -> None:
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--dry-run", "--delete", "--json")
    assert (done.code, done.json["dryRun"], done.json["result"]["proved"]) == (0, True, False), done
    assert [call[1] for call in calls(folder)] == ["display"]
    assert (made / "pay_api.jks").exists()
    told = cli("ckm", "import", "pay_api", "-o", "prod", "--dry-run")
    assert "What would be made" in told.out
    assert "PRODUCTION" in told.out


def taken(org: FakeOrg) -> None:
    one = make("pay_api", 300, 2)
    org.contents.add_certificate("Pay_API", one.pem, one.expires)


def full(org: FakeOrg) -> None:
    one = make("one", 300, 2)
    for number in range(50):
        org.contents.add_certificate(f"certificate_{number}", one.pem, one.expires)


def provider(enabled: str | None) -> Callable[[FakeOrg], None]:
    def prepare(org: FakeOrg) -> None:
        del org.contents.components["IdentityProviderSettings"]
        if enabled:
            fields = [("fullName", "IdentityProvider"), ("enableIdentityProvider", enabled)]
            org.contents.add("IdentityProviderSettings", "IdentityProvider", fields)

    return prepare


def setting(name: str, value: bool) -> Callable[[FakeOrg], None]:
    return lambda org: setattr(org.setup, name, value)


CONDITIONS: dict[str, tuple[Callable[[FakeOrg], object], str, str, str]] = {
    "name taken": (taken, "import.name", "unmet", f"check {Path('pay_api/pay_api.jks')} --fix --as pay_api_20"),
    "deleted row": (
        lambda org: org.contents.add_row("pay_api", None),
        "import.deleted-name",
        "unsure",
        "check --fix --as",
    ),
    "50 certificates": (full, "import.room", "unsure", "deletes in Setup what nothing uses"),
    "no Manage Certificates": (setting("may_manage", False), "import.permission", "unmet", "administrator"),
    "no View Setup": (setting("may_view", False), "import.permission", "unmet", "administrator"),
    "permissions hidden": (
        lambda org: org.contents.denied_objects.add("PermissionSetAssignment"),
        "import.permission",
        "unsure",
        "administrator",
    ),
    "API-only user": (setting("api_only", True), "import.api-only", "unmet", "the login of a person"),
    "high assurance": (setting("high_assurance", True), "import.high-assurance", "unsure", "security policies"),
    "Identity Provider never enabled": (provider("false"), "import.identity-provider", "unsure", "Identity Provider"),
    "Identity Provider not shown": (provider(None), "import.identity-provider", "unsure", "Identity Provider"),
    "Identity Provider unreadable": (
        lambda org: org.contents.denied_names.add("IdentityProviderSettings:IdentityProvider"),
        "import.identity-provider",
        "unsure",
        "Identity Provider",
    ),
    "an org that hides itself": (
        lambda org: org.contents.denied_objects.add("Organization"),
        "import.org",
        "unsure",
        "administrator",
    ),
}


@pytest.mark.parametrize("what", CONDITIONS)
def test_the_doctor_tells_each_condition_and_who_can_change_it(
    what: str, cli: Cli, org: FakeOrg, made: Path, folder: Path
) -> None:
    """Exit code 3 for what stands in the way; what nobody can know is unsure. Nothing is changed anywhere."""
    prepare, code, state, who = CONDITIONS[what]
    prepare(org)
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    done = cli("doctor", "pay_api", "-o", "prod", "--json")
    found = {one["code"]: one for one in done.json["result"]["conditions"]}
    assert found[code]["state"] == state, done
    assert who in found[code]["who"]
    assert (done.code, done.json["result"]["ready"]) == ((3, False) if state == "unmet" else (0, True))
    assert all((one["who"] is None) is (one["state"] == "met") for one in found.values())
    assert {one["state"] for name, one in found.items() if name != code} == {"met"}
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    assert [call[:2] for call in calls(folder)] == [["org", "display"]]
    assert {request.method for request in org.requests if "/Soap/" not in request.path} == {"GET"}
    told = cli("doctor", "pay_api", "-o", "prod")
    assert "who can change it" in told.out


@pytest.mark.parametrize("what", ["name taken", "no Manage Certificates", "API-only user"])
def test_what_stands_in_the_way_ends_the_run_before_a_page_opens(
    what: str, org: FakeOrg, made: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the session of the Salesforce CLI: ckm.not-ready."""
    prepare, _, _, who = CONDITIONS[what]
    prepare(org)
    assert sit() == 1
    assert "the import was not begun" in (told := capsys.readouterr().err)
    assert who in told.replace("\n", " ")
    assert [call[1] for call in calls(folder)] == ["display"]
    assert org.setup.uploads == []


def test_a_script_is_refused_with_a_code(cli: Cli, org: FakeOrg, made: Path) -> None:
    """The notice names the condition."""
    taken(org)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, done.json["code"], codes(done)) == (1, "ckm.not-ready", ["import.name"])


def test_a_watching_session_need_not_open_pages(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """Where a person logs in alone, an integration user may watch: that it opens no page is told, and stops nothing."""
    org.setup.api_only = True

    def act() -> None:
        org.setup.api_only = False  # another user
        person.imports()

    world.at(30, act)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert done.code == 0, done
    assert codes(done) == ["import.api-only"]


def test_a_jwt_based_token_reads_nothing_back(
    cli: Cli, org: FakeOrg, made: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Help has it: for REST alone. Said as what it is, not as a session that has expired."""
    org.setup.jwt_tokens = True
    stand_in(org, folder, monkeypatch)
    done = cli("doctor", "-o", "prod", "--json")
    found = {one["code"]: one for one in done.json["result"]["conditions"]}
    assert (done.code, found["import.session"]["state"]) == (3, "unmet")
    assert "import.keystore" not in found
    refused = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (refused.code, refused.json["code"], codes(refused)) == (1, "ckm.not-ready", ["import.session"])


def test_a_jwt_based_token_may_open_no_page(
    cli: Cli,
    org: FakeOrg,
    made: Path,
    person: Person,
    world: World,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Salesforce's texts differ, so it is tried: where the door refuses, the person logs in alone."""
    org.setup.jwt_tokens = org.setup.jwt_soap = True
    stand_in(org, folder, monkeypatch)
    done = cli("doctor", "-o", "prod", "--json")
    found = {one["code"]: one for one in done.json["result"]["conditions"]}
    assert (done.code, found["import.session"]["state"]) == (0, "unsure")

    def act() -> None:
        org.setup.jwt_tokens = False  # another login
        person.imports()

    world.at(30, act)
    assert sit(True, False) == 0
    assert (
        "the import page was not opened: the Salesforce CLI could not open it (exit code 1)" in capsys.readouterr().err
    )


def test_an_expired_session_is_said(cli: Cli, org: FakeOrg, made: Path) -> None:
    org.tokens.clear()
    for line in (("doctor", "-o", "prod"), ("ckm", "import", "pay_api", "-o", "prod")):
        done = cli(*line, "--json")
        assert (done.code, done.json["code"]) == (1, "org.session")
        assert "sf org login web" in done.json["actions"][0]


def test_a_keystore_that_check_refuses(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """An EC key: with Salesforce's own message, and before any page."""
    corpus = Path(__file__).parent.parent / "fixtures" / "corpus"
    (folder / "ec.jks").write_bytes((corpus / "ec.jks").read_bytes())
    (folder / "pw").write_text("worthless-corpus-password")
    done = cli("ckm", "import", "ec.jks", "-o", "prod", "--password", "file:pw", "--json")
    assert (done.code, done.json["code"], codes(done)) == (1, "ckm.not-ready", ["import.keystore"])
    assert imported.NOT_RSA in done.json["message"]


def test_a_bcfks_is_for_government_cloud(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """NAME.bcfks, where the folder has no NAME.jks: whether the org takes it nobody knows beforehand."""
    place = folder / "gov"
    place.mkdir(mode=0o700)
    password = "worthless-bcfks-password"
    store = encode_bcfks(
        alias="gov", key_pkcs8=key_der(1), chain_der=[certificate_der(1)], password=Secret(password), created_at_ms=0
    )
    (place / "gov.bcfks").write_bytes(store)
    (place / "gov.bcfks.password").write_text(password)
    done = cli("doctor", "gov", "-o", "prod", "--json")
    found = {one["code"]: one for one in done.json["result"]["conditions"]}
    assert (done.code, found["import.keystore"]["state"]) == (0, "unsure")
    assert done.json["result"]["keystore"] == str(Path("gov/gov.bcfks"))


def test_a_password_that_does_not_open_the_keystore(cli: Cli, org: FakeOrg, made: Path, folder: Path) -> None:
    """NAME.jks.password is of another keystore: the page would refuse it."""
    (made / "pay_api.jks.password").write_text("another-password")
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, done.json["code"]) == (1, "keystore.wrong-password")
    assert not (folder / "sf.log").exists()


def test_without_its_password_it_is_judged_as_far_as_it_goes(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """The person has it elsewhere; the run goes on and says what it could not judge."""
    password = password_of(made)
    (made / "pay_api.jks.password").unlink()
    world.at(30, lambda: person.imports(password=password))
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--json")
    assert (done.code, codes(done)) == (0, ["import.keystore"])
    assert "the one that the keystore was made with" in done.err


@pytest.mark.parametrize("what", ["another certificate", "another name"])
def test_a_folder_whose_files_do_not_belong_together(what: str, cli: Cli, org: FakeOrg, made: Path) -> None:
    """What would be imported is not what the app gets: ckm.folder-differs."""
    if what == "another certificate":
        (made / "pay_api.crt").write_text(make("pay_api", 90, 1).pem)
    else:
        own = x509.load_pem_x509_certificate((made / "pay_api.crt").read_bytes()).public_bytes(Encoding.DER)
        store = java_make("JKS", PASSWORD, [("other", key_der(1), PASSWORD, [own])])
        (made / "pay_api.jks").write_bytes(store)
        (made / "pay_api.jks.password").write_text(PASSWORD)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--wait", "0", "--json")
    assert (done.code, done.json["code"]) == (1, "ckm.folder-differs")


def test_no_script_imports_by_a_browser_without_a_yes(cli: Cli, org: FakeOrg, made: Path, folder: Path) -> None:
    """Nobody is there to be asked, so it has to be said."""
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--browser", "--json")
    assert (done.code, done.json["code"]) == (2, "usage.confirm")
    assert not (folder / "sf.log").exists()


@pytest.mark.parametrize("wait", ["-1", "1441"])
def test_a_wait_has_bounds(wait: str, cli: Cli, org: FakeOrg, made: Path) -> None:
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--wait", wait, "--json")
    assert (done.code, done.json["code"]) == (2, "usage.wait")


# On a real terminal

HURRIED = """
import time
pause = time.sleep
time.sleep = lambda seconds: pause(seconds / 10)
from sfkeytool.__main__ import main
main()
"""


@contextmanager
def on_a_terminal(folder: Path) -> "Iterator[pexpect.spawn[str]]":
    """Between one look and the next it waits for a tenth of the time."""
    child = pexpect.spawn(
        sys.executable, ["-c", HURRIED, "ckm", "import", "pay_api", "-o", "prod"], cwd=str(folder), timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm", "NO_COLOR": "1"},
        encoding="utf-8", dimensions=(60, 160),
        # Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        yield child
    finally:
        child.close(force=True)


@pytest.mark.slow
def test_a_terminal_session(org: FakeOrg, made: Path, person: Person, folder: Path) -> None:
    """The browser is somebody else's process; the import is seen, and the keystore goes at a Yes."""

    def browse() -> None:
        deadline = time.monotonic() + 60
        while not (folder / "door").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        person.imports()

    thread = threading.Thread(target=browse, daemon=True)
    with on_a_terminal(folder) as child:
        child.expect("PRODUCTION")
        child.expect(r"Open the import page of prod\?")
        child.send("y")
        thread.start()
        child.expect("Keystore File: choose")
        child.expect("Delete the keystore")
        assert names(org) == ["pay_api"]
        child.send("y")
        child.expect("imported, and read back from CKM of prod: the same certificate")
        child.expect(pexpect.EOF)
        child.wait()
    thread.join(10)
    assert child.exitstatus == 0
    assert gone(made)


BROWSER = """#!/bin/sh
printf %s "$1" > {door}
"""
OPENS_ITSELF = """#!/bin/sh
[ "$2" = open ] || exec "$(dirname "$0")/display" "$@"
SF_DOMAIN_RETRY=0 exec {sf} "$@"
"""


@pytest.mark.slow
def test_the_real_salesforce_cli_opens_the_page(
    cli: Cli, org: FakeOrg, made: Path, person: Person, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unmodified, logged in to the fake org, with a browser of ours: it lands on the page's form. It would wait four
    minutes for the name of the org's pages, which 127.0.0.1 has not: told not to, by its own variable. What it answers
    to `org display` is held in test_audit_org.py."""
    org.add_user("bot@example.com")
    org.add_app("3MVG9worthless", (made / "pay_api.crt").read_text(), approved_users=["bot@example.com"])
    home = folder / "home"
    done = run_sf(
        "org", "login", "jwt", "--client-id", "3MVG9worthless", "--jwt-key-file", made / "pay_api.key", "--username",
        "bot@example.com", "--instance-url", org.url, "--alias", "prod", "--json", home=home, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    browser = folder / "browser"
    browser.write_text(BROWSER.format(door=folder / "door"))
    browser.chmod(0o755)
    for name, value in {"HOME": home, "BROWSER": browser}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("DISPLAY")
    (folder / "bin" / "sf").rename(folder / "bin" / "display")
    (folder / "bin" / "sf").write_text(OPENS_ITSELF.format(sf=salesforce_cli()))
    (folder / "bin" / "sf").chmod(0o755)
    world.at(30, person.imports)
    assert sit(True, False) == 0
    assert person.visitor.path == HOME
    assert (folder / "door").exists()


@pytest.mark.slow
def test_ctrl_c_at_the_terminal(org: FakeOrg, made: Path, folder: Path) -> None:
    with on_a_terminal(folder) as child:
        child.expect(r"Open the import page of prod\?")
        child.send("y")
        child.expect("watching CKM of prod")
        child.sendintr()
        child.expect("whether pay_api arrives in CKM of prod is not known")
        child.expect(pexpect.EOF)
        child.wait()
    assert child.exitstatus == 130
    assert (made / "pay_api.jks").exists()


# Ctrl-C, and secrets


def test_ctrl_c_while_it_is_watched(cli: Cli, org: FakeOrg, made: Path, world: World) -> None:
    """Said: what is not known, and that the same command tells it later. Nothing is deleted."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.at(30, interrupt)
    done = cli("ckm", "import", "pay_api", "-o", "prod", "--delete", "--json")
    assert (done.code, done.json["code"]) == (130, "interrupted")
    assert "is not known" in done.json["message"]
    assert (made / "pay_api.jks").exists()


def test_no_secret_leaves_the_run(
    org: FakeOrg,
    made: Path,
    person: Person,
    world: World,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Session addresses, tokens, cookies and the password: in no argument of any process, in no variable of the
    Salesforce CLI, in nothing that is shown or written."""
    given = "a-password-of-this-test-alone"  # others run openssl with theirs meanwhile
    monkeypatch.setenv("SFKEYTOOL_PASSWORD", given)
    lines: list[bytes] = []

    def look() -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(path.read_bytes())
            except OSError:
                continue

    password = password_of(made)
    world.at(10, look)
    world.at(20, person.imports)
    world.at(20, look)
    assert sit(True, False, verbose=True) == 0
    shown = capsys.readouterr()
    door = (folder / "door").read_text()
    (folder / "door").unlink()  # what stands for the browser
    (folder / "bin" / "sf").unlink()  # what stands for the CLI's own keychain
    secrets = [
        door,
        door.partition("otp=")[2].partition("&")[0],
        *org.tokens,
        *org.setup.sessions(),
        password,
        given,
    ]
    keeps_them = {made / "pay_api.jks.password", made / "pay_api.jks"}
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and path not in keeps_them]
    for secret in secrets:
        assert len(secret) > 15
        assert not [line for line in (*lines, *written) if secret.encode() in line]
        assert secret not in shown.out + shown.err
