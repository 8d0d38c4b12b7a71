"""``renew --carry-out`` against the fake org: each step proved, and gone on with after anything.

The person at the import page, the clients and the hours are simulated; the org judges all with means of its own.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from carried_out import NEW, USER, Person, brings, carried, deployments, in_ckm, line, org, person, states, world
from conftest import KILLED, Result, tree
from fake_org import FakeOrg
from filled_org import CONSUMER_KEY, CONSUMER_SECRET, make
from test_ckm_import import World
from test_driven_browser import browser, chromium
from test_fake_deployments import log_in
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.pipeline import run_command

Cli = Callable[..., Result]
__all__ = ["brings", "browser", "chromium", "org", "person", "world"]  # fixtures


@pytest.mark.slow
def test_a_renewal_carried_out_without_one_refused_login(
    cli: Cli, org: FakeOrg, person: Person, world: World, folder: Path
) -> None:
    """Made, imported, on the app, logged in all the while, covered: a client that logs in whenever time passes is
    never refused, though the change takes some logins to spread. The evidence has it all, and no secret."""
    org.metadata.delay_requests = 7
    refused: list[str] = []
    pause = world.sleep

    def client_logs_in(seconds: float) -> None:
        if seconds >= 0.25 and (answer := log_in(org, 1)) != "Success":
            refused.append(answer)
        pause(seconds)

    time.sleep = client_logs_in  # type: ignore[assignment]
    world.at(30, person)
    before = tree(folder / "pay")
    done = cli(*line(org), "--json")
    assert done.code == 0, done
    change = done.json["result"]["change"]
    assert list(states(change)) == ["make", "import", "baseline", "app", "login", "audit", "finish"]
    assert set(states(change).values()) == {"proved"}
    assert refused == []
    assert in_ckm(org) == ["pay", NEW]
    assert carried(org) == change["after"]["certificateSha256"]
    assert change["after"]["publicKeySha256"] == change["before"]["publicKeySha256"]
    assert deployments(org) == [True, True, False]
    assert {name: content for name, content in tree(folder / "pay").items() if name in before} == before
    facts = {fact["what"]: fact["value"] for step in change["steps"] for fact in step["facts"]}
    assert facts["logins with the key"] == "31 accepted, 0 refused"
    assert facts["Pay is"] == "covered"
    assert "delete it in Setup" in facts["the entry pay in CKM"]
    audited = cli("audit", "-o", "uat", "--json").json["result"]["items"]
    assert [item["coverage"] for item in audited if item["kind"] == "connected-app"] == ["covered"]
    evidence = (folder / "pay" / f"{NEW}-evidence.md").read_text()
    record = json.loads((folder / "pay" / f"{NEW}-carry-out.json").read_text())
    for said in (
        record["by"], org.org_id, "a sandbox", "| Pay |", USER, record["before"]["certificateSha256"],
        record["after"]["certificateSha256"], record["after"]["publicKeySha256"], "covered", "## Steps", "Way back",
    ):  # fmt: skip
        assert said in evidence.replace("\\_", "_"), said
    assert record["endedAt"] >= record["begunAt"]
    password = (folder / NEW / f"{NEW}.jks.password").read_text().strip()
    told = evidence + json.dumps(record) + done.out + done.err + (folder / "sf.log").read_text()
    for secret in (password, *org.tokens, CONSUMER_SECRET, "PRIVATE KEY"):
        assert secret not in told
    assert CONSUMER_KEY not in evidence + json.dumps(record)
    assert cli(*line(org), "--as", NEW, "--json").json["code"] == "usage.carry-out"  # it is done


DRIVER = """
import os, signal, sys, time
real, start, shift = time.sleep, time.monotonic(), [0.0]
monotonic = time.monotonic

def sleep(seconds):
    if seconds >= 0.25:
        shift[0] += seconds
        seconds = 0.03
    real(seconds)

time.sleep, time.monotonic = sleep, lambda: monotonic() + shift[0]
from sfkeytool.cli.app import run_app
from sfkeytool.cli.carrying_out import conducting
when, step = os.environ["KILL"].split(":")
save = conducting.save_record

def save_or_die(run, folder, record):
    last = record.has_proved(step)
    if last and when == "before":
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    save(run, folder, record)
    if last and when == "after":
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

conducting.save_record = save_or_die
sys.exit(run_app(sys.argv[1:]))
"""


@pytest.mark.slow
def test_killed_after_each_step_it_goes_on_and_nothing_is_done_twice(
    org: FakeOrg, folder: Path, brings: Callable[[], None]
) -> None:
    """Killed right after each step was written down, and, where a step changes something, also right before: one
    generation, one import, one deployment; and the record is there from before the first step on."""
    made: list[int] = []

    def bring_once_made() -> None:
        deadline = time.monotonic() + 60
        while not (folder / NEW / f"{NEW}.crt").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        brings()

    threading.Thread(target=bring_once_made, daemon=True).start()
    asked = 0
    words = list(map(str, line(org, "renew", "--wait", 1)))
    kills = [f"{when}:{step}" for step in ("make", "import", "app") for when in ("before", "after")]
    kills = [*kills[:4], "after:baseline", *kills[4:], "after:login", "after:audit"]
    for kill in kills:
        env = {**os.environ, "KILL": kill, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, *words], cwd=folder, env=env, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert done.returncode == KILLED, (kill, done)
        asked += "Keystore File: choose" in done.stderr
        assert (folder / "pay" / f"{NEW}-carry-out.json").exists()
        if (folder / NEW / f"{NEW}.key").exists():
            made.append((folder / NEW / f"{NEW}.key").stat().st_mtime_ns)
    env = {**os.environ, "KILL": "after:nothing", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *words, "--json"], cwd=folder, env=env, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done
    change = json.loads(done.stdout)["result"]["change"]
    assert set(states(change).values()) == {"proved"}
    assert len(set(made)) == 1
    assert in_ckm(org) == ["pay", NEW]
    assert asked <= 1
    assert deployments(org).count(False) == 1
    assert carried(org) == change["after"]["certificateSha256"]
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith("pay")) == ["pay", NEW]


@pytest.mark.slow
def test_it_stops_at_the_first_step_that_is_not_proved(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """Nothing arrives in CKM: the app is not touched; where it stands, the way back and how it goes on are told; the
    same line goes on, and makes nothing anew."""
    stopped = cli(*line(org), "--wait", 1, "--json")
    assert (stopped.code, stopped.json["code"]) == (1, "ckm.not-imported")
    assert stopped.json["message"].startswith("step 2 of 7, import, is not proved")
    hints = " ".join(stopped.json["actions"])
    assert "the way back of this step" in hints
    assert f"sfkeytool renew pay --status --as {NEW}" in hints
    assert re.search(r"it goes on with: sfkeytool renew pay .*--carry-out", hints)
    assert deployments(org) == []
    key = (folder / NEW / f"{NEW}.key").stat()
    status = cli("renew", "pay", "--status", "--json").json["result"]
    assert (status["next"], states(status["change"])["make"]) == ("import", "proved")
    assert "not proved" in cli("renew", "pay", "--status").out
    world.at(world.now + 20, brings)
    done = cli(*line(org), "--wait", 1, "--json")
    assert done.code == 0, done
    assert (folder / NEW / f"{NEW}.key").stat().st_mtime_ns == key.st_mtime_ns


def test_what_was_proved_must_still_be_so(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """Somebody deletes the entry between two runs: it is told, and nothing further is changed."""
    org.metadata.refusal = "no apps today"
    world.at(5, brings)
    assert cli(*line(org), "--json").json["code"] == "org.deploy-failed"
    org.metadata.refusal = ""
    org.contents.delete_certificate(NEW)
    undone = cli(*line(org), "--json")
    assert (undone.code, undone.json["code"]) == (1, "carry.undone")
    assert "step 2 of 7, import" in undone.json["message"]
    assert deployments(org).count(False) == 0


def test_another_apps_certificate_is_not_touched(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """An app of another key, or without a certificate: refused before anything is written."""
    from filled_org import add_connected_app

    add_connected_app(org, "Other", make("other", 100, 2).line)
    add_connected_app(org, "Plain", None)
    before = tree(folder)
    for app in ("Other", "Plain"):
        refused = cli(*line(org), "--app", app, "--json")
        assert (refused.code, refused.json["code"]) == (1, "carry.other-app")
    assert cli(*line(org), "--app", "None", "--json").json["code"] == "metadata.app-unknown"
    assert {name: content for name, content in tree(folder).items() if "sf.log" not in name} == {
        name: content for name, content in before.items() if "sf.log" not in name
    }


def test_production_is_not_changed_by_a_slip(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """--yes in production wants the org's Id; another org's Id is refused everywhere; nobody there, no --yes: refused.
    A dry run shows the table, with each way back, and writes nothing."""
    org.contents.rows["Organization"][0]["IsSandbox"] = False
    assert cli(*line(org), "--json").json["code"] == "usage.expect-org"
    assert cli(*line(org), "--expect-org", "00D000000000002", "--json").json["code"] == "usage.expect-org"
    unasked = [word for word in line(org) if word != "--yes"]
    assert cli(*unasked, "--json").json["code"] == "usage.confirm"
    before = tree(folder / "pay")
    shown = cli(*line(org), "--expect-org", "00D000000000001", "--dry-run")
    assert shown.code == 0, shown
    assert "PRODUCTION" in shown.err
    assert "experimental" in shown.err
    for said in ("import", "proof:", "way back:", "sfkeytool metadata pay --app Pay -o uat --deploy"):
        assert said in " ".join(shown.out.split()), said
    assert tree(folder / "pay") == before
    assert not (folder / NEW).exists()
    told = cli(*line(org), "--expect-org", "00D000000000001", "--dry-run", "--json").json
    assert {"carry.org", "carry.experimental"} <= {notice["code"] for notice in told["notices"]}
    assert told["result"]["next"] == "make"


def test_flags_that_do_not_go_together(cli: Cli, org: FakeOrg, folder: Path) -> None:
    for words in (
        ("renew", "pay", "--app", "Pay", "--password", "env:TEST_PASSWORD"),
        ("renew", "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--csr", "--yes"),
        ("renew", "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--new-key", "--yes"),
        ("rotate", "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--second-app", "Pay", "--yes",
         "--client-id", "x", "--username", "y"),
    ):  # fmt: skip
        assert cli(*words, "--json").json["code"] == "usage.carry-out", words
    assert cli("renew", "pay", "--carry-out", "-o", "uat", "--yes", "--json").json["code"] == "usage.missing"
    rotate = ("rotate", "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--yes", "--json")
    assert cli(*rotate).json["code"] == "usage.missing"
    assert cli(*line(org), "--wait", 0, "--json").json["code"] == "usage.wait"


@pytest.mark.slow
def test_a_person_is_asked_before_each_change(
    org: FakeOrg, world: World, folder: Path, brings: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """And a No leaves all as it is: the record says where it stands."""
    values = {"name": "pay", "carry_out": True, "target_org": "uat", "app": "Pay"}

    def sit(*answers: object) -> int:
        asker = ScriptedAsker(*answers)
        return run_command("renew", COMMANDS["renew"], dict(values), asker=asker)  # type: ignore[arg-type]

    assert sit(True, False) == 130
    assert (folder / NEW).exists()
    shown = capsys.readouterr()
    assert "it goes on with: sfkeytool renew pay" in shown.err
    assert deployments(org) == []
    world.at(world.now + 5, brings)
    assert sit(True, True) == 0
    assert "carried out" in capsys.readouterr().out
    record = json.loads((folder / "pay" / f"{NEW}-carry-out.json").read_text())
    assert list(states(record)) == ["make", "import", "app", "audit", "finish"]
    assert "No login is proved" in record["notes"][0]


def test_a_damaged_record_decides_nothing(cli: Cli, org: FakeOrg, folder: Path) -> None:
    (folder / "pay" / f"{NEW}-carry-out.json").write_text('{"kind": "sfkeytool-carry-out"')
    assert cli(*line(org), "--json").json["code"] == "carry.damaged"
    assert deployments(org) == []


@pytest.mark.slow
def test_a_record_that_no_run_of_ours_can_have_left(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """A step that is unknown, twice there, or left out; one that was done before another; what is missing in it: each
    is JSON of the right form, and nothing goes on with it."""
    org.metadata.refusal = "no apps today"
    world.at(5, brings)
    assert cli(*line(org), "--json").json["code"] == "org.deploy-failed"
    path = folder / "pay" / f"{NEW}-carry-out.json"
    whole = path.read_text()
    assert states(json.loads(whole))["app"] == "started"
    asked = len(org.requests)
    harms: tuple[Callable[[Any], object], ...] = (
        lambda record: record["steps"].append({**record["steps"][-1], "id": "launch"}),
        lambda record: record["steps"].insert(0, record["steps"][0]),
        lambda record: record["steps"].reverse(),
        lambda record: record["steps"].pop(-2),
        lambda record: record["steps"][-1].update(state="proved", endedAt=record["begunAt"]),
        lambda record: record["steps"][-1].update(state="started"),
        lambda record: record["steps"][1].update(endedAt=None),
        lambda record: record.update(sameKey=False),
        lambda record: record.update(username=None),
        lambda record: record.update(name="another"),
        lambda record: (
            [step.update(state="waiting") for step in record["steps"][2:]]
            and record["steps"][1].update(state="started", memory={})
        ),
    )
    for harm in harms:
        record = json.loads(whole)
        harm(record)
        path.write_text(json.dumps(record))
        for words in (line(org), ["renew", "pay", "--status"]):
            assert cli(*words, "--json").json["code"] == "carry.damaged", record
    assert len(org.requests) == asked
    path.write_text(whole)
    org.metadata.refusal = ""
    assert cli(*line(org)).code == 0


def test_another_run_that_was_there_between_reading_the_record_and_the_lock(
    cli: Cli, org: FakeOrg, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it wrote, while this one was looking at the org, is not written over by what this one has read before."""
    assert cli(*line(org), "--wait", 1, "--json").json["code"] == "ckm.not-imported"
    path = folder / "pay" / f"{NEW}-carry-out.json"
    before = path.read_text()
    shown = cli("renew", "pay", "--status").err
    assert f"renew pay --target-org uat --carry-out --app Pay --client-id CONSUMER_KEY --username {USER}" in shown
    theirs = before.replace("has not arrived", "(theirs) has not arrived")
    assert theirs != before
    for going in (True, False):  # a change that is gone on with; and one that both begin
        path.write_text(before) if going else path.unlink()
        asked = "query" if going else "soap"
        answering = getattr(org.contents, asked)

        def meanwhile(*given: Any, answer: Callable[..., Any] = answering, going: bool = going, **more: Any) -> Any:
            if going or b"readMetadata" in given[0]:
                path.write_text(theirs)
            return answer(*given, **more)

        with monkeypatch.context() as patch:
            patch.setattr(org.contents, asked, meanwhile)
            told = cli(*line(org), "--wait", 1, *(() if going else ("--as", NEW)), "--json").json
        assert (told["code"], "nothing was changed" in told["message"]) == ("output.locked", True)
        assert path.read_text() == theirs


@pytest.mark.slow
def test_what_is_no_longer_as_the_change_left_it(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """A folder that is another's; another org; files that are gone; a deployment that is under way; two changes at
    once: each is told, and nothing is deployed."""
    (folder / NEW).mkdir()
    assert cli(*line(org), "--as", NEW, "--json").json["code"] == "carry.other-folder"
    (folder / NEW).rmdir()
    org.metadata.refusal = "no apps today"
    world.at(5, brings)
    assert cli(*line(org), "--json").json["code"] == "org.deploy-failed"
    org.metadata.refusal = ""
    org.contents.rows["DeployRequest"] = [{"Id": "0Af000000000001AAA", "Status": "InProgress"}]
    assert cli(*line(org), "--json").json["code"] == "carry.deploying"
    organization = org.contents.rows["Organization"][0]
    organization["Id"] = "00D000000000002EAA"
    assert cli(*line(org), "--json").json["code"] == "carry.other-org"
    organization["Id"] = org.org_id
    second = (folder / "pay" / f"{NEW}-carry-out.json").read_text().replace(NEW, "pay_other")
    (folder / "pay" / "pay_other-carry-out.json").write_text(second)
    assert cli(*line(org), "--json").json["code"] == "carry.several"
    (folder / "pay" / "pay_other-carry-out.json").unlink()
    assert cli(*line(org, "rotate"), "--json").json["code"] == "usage.carry-out"
    assert deployments(org).count(False) == 0
    org.contents.rows["DeployRequest"].clear()
    assert cli(*line(org), "--wait", 1, "--json").code == 0
    assert deployments(org).count(False) == 1
    record = folder / "pay" / f"{NEW}-carry-out.json"
    org.users.clear()
    org.contents.rows["User"].clear()
    assert cli("renew", "pay", "--status", "-o", "uat", "--json").json["code"] == "carry.unknown-user"
    (folder / NEW / f"{NEW}.crt").unlink()
    record.write_text(record.read_text().replace('"state": "proved"', '"state": "waiting"'))
    assert cli(*line(org), "--wait", 1, "--json").json["code"] == "carry.other-folder"


@pytest.mark.slow
def test_by_one_command_with_a_driven_browser(cli: Cli, org: FakeOrg, browser: Path, folder: Path) -> None:
    """Nobody at the page: imported by the browser, read back, on the app, audited. No secret in any argument."""
    words = ["renew", "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--yes", "--browser", "--json"]
    done = cli(*words)
    assert done.code == 0, done
    assert in_ckm(org) == ["pay", NEW]
    assert carried(org) == done.json["result"]["change"]["after"]["certificateSha256"]
    assert set(states(done.json["result"]["change"]).values()) == {"proved"}
    told = (browser / "arguments").read_text() + (folder / "sf.log").read_text()
    for secret in ((folder / NEW / f"{NEW}.jks.password").read_text().strip(), *org.tokens):
        assert secret not in told


def test_an_app_that_somebody_else_changes_meanwhile_is_left_alone(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """Between the first look and the deployment another key's certificate comes onto it."""
    other = make("other", 100, 2)

    def bring_and_change() -> None:
        brings()
        app = org.contents.components["ConnectedApp"]["Pay"]
        app.fields = [
            (name, [(k, other.line if k == "certificate" else v) for k, v in value] if name == "oauthConfig" else value)
            for name, value in app.fields
        ]

    world.at(5, bring_and_change)
    stopped = cli(*line(org), "--json")
    assert (stopped.code, stopped.json["code"]) == (1, "carry.other-app"), stopped
    assert deployments(org) == []
