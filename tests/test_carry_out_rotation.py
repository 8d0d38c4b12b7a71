"""``rotate --carry-out`` against the fake org: an app has one certificate, and a client that still signs with the old
key is the normal case."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from carried_out import (
    NEW,
    USER,
    Client,
    Person,
    brings,
    carried,
    deployments,
    in_ckm,
    line,
    org,
    person,
    states,
    world,
)
from conftest import Result
from fake_org import FakeOrg
from filled_org import add_connected_app, key_pem
from test_ckm_import import World
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.pipeline import run_command

Cli = Callable[..., Result]
__all__ = ["Person", "brings", "org", "person", "world"]
SECOND_KEY = "3MVG9worthless.second_app_that_nobody_may_see"


def switcher(folder: Path, exit_code: int) -> str:
    """A command for --switch-client, which writes down what it was told and what it could have seen."""
    script = folder / f"switch{exit_code}.py"
    script.write_text(
        "import json, os, sys\n"
        f"open({str(folder / 'switched')!r}, 'a').write(json.dumps(dict(os.environ)) + '\\n')\n"
        f"print('what nobody sees'); sys.exit({exit_code})\n"
    )
    words = [sys.executable, str(script)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def switches(folder: Path) -> list[dict[str, str]]:
    told = folder / "switched"
    return [json.loads(each) for each in told.read_text().splitlines()] if told.exists() else []


@pytest.mark.slow
def test_a_client_that_fails_one_that_does_not_switch_and_one_that_does(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody answers: the app is not touched. The command fails: the new key is on the app, and the way back is told.
    The client goes on with the old key: its failures are told, and the old key stays. It switches: done. And the old
    key still opens the way back."""
    monkeypatch.setenv("X", "what no command of mine is to see")
    org.metadata.delay_requests = 6
    world.at(5, brings)
    unanswered = cli(*line(org, "rotate"), "--json")
    assert (unanswered.code, unanswered.json["code"]) == (1, "carry.clients")
    assert "--second-app" in " ".join(unanswered.json["actions"])
    assert deployments(org) == []
    told = cli(*line(org, "rotate"))
    for place in ("ConnectedApp:Pay", "Certificate:pay", "pay/pay.key", "pay/pay.crt"):
        assert place in told.err, place

    failed = cli(*line(org, "rotate"), "--switch-client", switcher(folder, 3), "--key-password", "env:X", "--json")
    assert failed.json["code"] == "carry.switch-failed", failed
    assert "exit code 3: the client did not switch" in failed.json["message"]
    hints = " ".join(failed.json["actions"])
    assert "sfkeytool metadata pay --app Pay -o uat --deploy" in hints
    assert deployments(org).count(False) == 1
    record = json.loads((folder / "pay" / f"{NEW}-carry-out.json").read_text())
    assert carried(org) == record["after"]["certificateSha256"] != record["before"]["certificateSha256"]
    [proof] = [step for step in record["steps"] if step["id"] == "login"]
    told_of = {fact["what"]: fact["value"] for fact in proof["facts"]}
    assert told_of["logins with the new key"].startswith("1 accepted")
    assert "accepted" in told_of["logins with the old key meanwhile"]

    client = Client(org, key_pem(1))
    world.at(world.now + 30, client.logs_in)
    late = cli(*line(org, "rotate"), "--switch-client", switcher(folder, 0), "--wait", 1, "--json")
    assert late.json["code"] == "carry.not-switched", late
    assert "signs with the old key still" in late.json["message"]
    assert "keep pay/pay.key" in " ".join(late.json["actions"])
    assert client.answers == ["invalid assertion"]
    assert (folder / "pay" / "pay.key").exists()
    status = cli("rotate", "pay", "--status", "-o", "uat", "--json").json["result"]
    assert (status["next"], status["logins"]["failures"], status["logins"]["firstSuccess"]) == ("switched", 1, None)

    client.key = (folder / NEW / f"{NEW}.key").read_bytes()
    world.at(world.now + 5, client.logs_in)
    done = cli(*line(org, "rotate"), "--switch-client", switcher(folder, 0), "--json")
    assert done.code == 0, done
    assert client.answers[-1] == "Success"
    assert set(states(done.json["result"]["change"]).values()) == {"proved"}
    assert in_ckm(org) == ["pay", NEW]
    assert deployments(org).count(False) == 1
    assert len(switches(folder)) == 2  # the one that failed, and the one that did not: not again
    seen = switches(folder)[1]
    assert seen["CARRY_OUT_KEY_FILE"] == str(folder / NEW / f"{NEW}.key")
    assert "TEST_PASSWORD" in seen  # an ordinary variable; what is named as a secret is not there
    assert "X" not in switches(folder)[0], "that run was told that it holds a secret"
    assert "what nobody sees" not in done.out + done.err
    logins = cli("renew", "pay", "--status", "-o", "uat", "--json").json["result"]["logins"]
    assert (logins["successes"], logins["failures"]) == (1, 1)

    back = cli("metadata", "pay", "--app", "Pay", "-o", "uat", "--deploy", "--yes")
    assert back.code == 0, back
    org.apps[next(iter(org.apps))].coming[:1] = [0]
    client.key = key_pem(1)
    client.logs_in()
    assert client.answers[-1] == "Success"


@pytest.mark.slow
def test_a_second_app_leaves_no_gap(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """The new key goes onto the second app; the first is not touched, and its client is never refused."""
    org.add_app(SECOND_KEY, "", approved_users=[USER], label="Pay 2")
    add_connected_app(org, "Pay_2", None)
    fields = org.contents.components["ConnectedApp"]["Pay_2"].fields
    org.contents.components["ConnectedApp"]["Pay_2"].fields = [
        (name, [(k, SECOND_KEY if k == "consumerKey" else v) for k, v in value] if name == "oauthConfig" else value)
        for name, value in fields
        if name != "label"
    ] + [("label", "Pay 2")]
    first = carried(org)
    old, moved = Client(org, key_pem(1)), Client(org, b"", SECOND_KEY)

    def moves() -> None:
        moved.key = (folder / NEW / f"{NEW}.key").read_bytes()
        moved.logs_in()

    world.at(5, brings)
    world.at(20, old.logs_in)
    world.at(60, moves)
    words = line(org, "rotate", "--second-app", "Pay_2", client_id=SECOND_KEY)
    done = cli(*words, "--json")
    assert done.code == 0, done
    change = done.json["result"]["change"]
    assert (change["app"], change["firstApp"]) == ("Pay_2", "Pay")
    assert carried(org) == first
    assert carried(org, SECOND_KEY) == change["after"]["certificateSha256"]
    old.logs_in()
    assert old.answers == ["Success"] * len(old.answers)
    assert moved.answers == ["Success"]
    told = " ".join(fact["value"] for step in change["steps"] for fact in step["facts"])
    assert "still accepts the old key" in told


@pytest.mark.slow
def test_on_a_terminal_the_question_is_answered_in_words(
    org: FakeOrg, world: World, folder: Path, brings: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not known yet: nothing is touched. By hand: where and when stand in the evidence."""
    values = {
        "name": "pay", "carry_out": True, "target_org": "uat", "app": "Pay", "prove_client_id": next(iter(org.apps)),
        "prove_username": USER, "prove_instance_url": org.url,
    }  # fmt: skip

    def sit(*answers: object) -> int:
        asker = ScriptedAsker(*answers)
        return run_command("rotate", COMMANDS["rotate"], dict(values), asker=asker)  # type: ignore[arg-type]

    world.at(5, brings)
    assert sit(True, True, "no") == 130
    assert deployments(org) == []
    assert sit("second") == 1
    assert "--second-app APP2" in capsys.readouterr().err
    client = Client(org, b"")

    def switches_by_hand() -> None:
        client.key = (folder / NEW / f"{NEW}.key").read_bytes()
        client.logs_in()

    world.at(world.now + 30, switches_by_hand)
    answers = ("hand", "the vault of the billing team", "tonight, by Ada", True, True, True)
    assert sit(*answers) == 0
    evidence = (folder / "pay" / f"{NEW}-evidence.md").read_text()
    assert "the vault of the billing team" in evidence
    assert "tonight, by Ada" in evidence


@pytest.mark.slow
def test_logins_are_few_and_stop_at_once_when_salesforce_says_so(
    cli: Cli, org: FakeOrg, world: World, folder: Path, brings: Callable[[], None]
) -> None:
    """Every 20 s, at most 300 a run over both keys; LOGIN_RATE_EXCEEDED ends it at the first answer."""
    org.metadata.delay_requests = 10_000
    world.at(5, brings)
    words = line(org, "rotate", "--switch-client", switcher(folder, 0), "--wait", 120)
    many = cli(*words, "--json")
    assert many.json["code"] == "carry.too-many-logins", many
    rows = org.contents.rows["LoginHistory"]
    assert len(rows) == 300
    assert world.now >= 20 * 148
    org.most_logins_an_hour = len(rows)
    stopped = cli(*words, "--json")
    assert stopped.json["code"] == "carry.login-rate", stopped
    assert len(org.contents.rows["LoginHistory"]) == 300
    assert time.sleep == world.sleep
