"""``ckm import`` and ``doctor`` against the fake org, whose import page judges with a genuine Java.

The person at the page is a client that fills the form, in the pauses between two looks: time is simulated.
"""

import json
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from conftest import PASSWORD, Result
from cryptography.hazmat.primitives import serialization
from fake_org import FakeOrg
from fake_org import keystore_import as imported
from fake_org.setup import CHALLENGE, HOME, IMPORT
from filled_org import key_pem, make
from oracle_java import java_make
from test_fake_setup import ASKED, Visitor, certificate_der, key_der
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.run import run_command

Cli = Callable[..., Result]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line")

SF = """#!{python}
import json, os, sys, urllib.parse, urllib.request
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], sorted(os.environ)]) + "\\n")
if sys.argv[1:3] == ["org", "open"]:
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
    """Simulated time: what somebody does is done when a pause reaches it. Pauses under a second, as of who waits for a
    process to end, are real."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real_sleep = time.sleep
        self.due: list[tuple[float, Callable[[], object]]] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds < 1:
            self._real_sleep(seconds)
            return
        self.now += seconds
        while self.due and self.due[0][0] <= self.now:
            self.due.pop(0)[1]()

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        self.due.append((seconds, action))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(time, "sleep", world.sleep)
    monkeypatch.setattr(time, "monotonic", world.monotonic)
    return world


def stand_in(org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sf in front of PATH that knows the org, and a display."""
    script = folder / "bin" / "sf"
    script.parent.mkdir(exist_ok=True)
    values = {"log": folder / "sf.log", "url": org.url, "token": org.let_in(), "door": folder / "door"}
    script.write_text(SF.format(python=sys.executable, **{name: str(value) for name, value in values.items()}))
    script.chmod(0o755)
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
    assert "First mail" in shown.out
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
    org.setup.single_access = lambda good, target, url: asked(False, target, url)  # type: ignore[method-assign]
    assert sit(True, wait=0) == 1
    shown = capsys.readouterr()
    assert "the import page was not opened: sf org open ended with 1" in shown.err
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
            (Path(__file__).parent.parent / "fixtures" / "corpus" / "ec-key.jks").read_bytes(),
            "worthless-corpus-password",
        ),
        imported.NOT_RSA,
    ),
    "Data Not Available": (
        lambda person: [setattr(person.org.setup, "identity_provider", False), person.imports()],
        "Data Not Available",
    ),
    "name taken": (
        lambda person: [setattr(person.org.contents, "rows", person.org.contents.rows), person.imports()],
        imported.NAME_TAKEN,
    ),
}


@pytest.mark.parametrize("what", ["wrong password", "EC key", "Data Not Available"])
def test_what_the_page_refuses_is_not_taken_for_done(
    what: str, cli: Cli, org: FakeOrg, made: Path, person: Person, world: World
) -> None:
    """The person alone sees the page's words; explain knows them. The run says that nothing arrived, after ten
    minutes."""
    act, words = REFUSALS[what]
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
    """Theirs is none of ours; ours comes later."""
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
    """And one that fails to the end is told."""
    world.at(30, person.imports)
    world.at(31, lambda: org.break_next("/services/Soap", "drop", 6))
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
    assert [(one["name"], one["state"]) for one in done.json["result"]["entries"]] == [
        ("one_key", "same"),
        ("two_key", "same"),
    ]
    refused = cli("ckm", "import", "theirs.jks", "-o", "prod", "--delete", "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.delete")
    assert Path("theirs.jks").read_bytes() == store
