"""Many questions at once, and many orgs: the answer is the same, whichever comes first, and nobody waits for the slow."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import Result
from fake_org import FakeOrg
from filled_org import add_connected_app, fill, make
from test_audit_org import stand_in

from sfkeytool.cli.commands.audit import orgs
from sfkeytool.edge import salesforce_cli
from sfkeytool.errors import NetworkError
from sfkeytool.passwords import Secret
from sfkeytool.salesforce import cli_bridge
from sfkeytool.salesforce import org as org_sessions
from sfkeytool.salesforce.org import DEADLINE_SECONDS, OrgClient, Pace, Session
from sfkeytool.salesforce.questions import MOST_AT_ONCE
from sfkeytool.salesforce.transport import HttpRequest, HttpResponse

Cli = Callable[..., Result]

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line")


def body_of(answers: dict[str, tuple[str, str]]) -> str:
    """What a stand-in for the Salesforce CLI does that knows these orgs."""
    return (
        f"url, token = {answers!r}[sys.argv[-1]]\n"
        "print(json.dumps({'status': 0, 'result': {'instanceUrl': url, 'accessToken': token}}))"
    )


def targets(answers: dict[str, Any]) -> list[str]:
    return [word for alias in answers for word in ("-o", alias)]


def known(result: Result) -> dict[str, Any]:
    """All that was found out, without the moment."""
    return {**result.json, "result": {**result.json["result"], "at": ""}}


def test_of_one_org_so_many_questions_at_once_are_asked_and_no_more(cli: Cli, org: FakeOrg) -> None:
    """On as many connections, each of which serves again."""
    fill(org)
    org.latency_seconds = 0.02
    assert cli("audit").code == 0
    assert org.most_at_once == MOST_AT_ONCE
    assert org.connections <= MOST_AT_ONCE < len(org.requests) / 2


def difficult(org: FakeOrg) -> None:
    """Not all may be read, and not all is known."""
    fill(org)
    org.contents.denied_types |= {"SamlSsoConfig", "NamedCredential"}
    org.contents.denied_names |= {"ConnectedApp:Quiet", "Certificate:twin", "InboundCertificate:Caller"}
    org.contents.unknown_types |= {"ExternalCredential"}
    org.contents.unknown_columns |= {"OptionsIsPrivateKeyExportable", "PermissionsManageCertificatesExpiration"}
    org.contents.denied_objects |= {"ApexTrigger"}
    org.contents.page_size = 1


@pytest.mark.parametrize("filled", [fill, difficult])
def test_whichever_answer_comes_first_the_json_is_that_of_one_after_the_other(
    filled: Callable[[FakeOrg], object], cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items, problems, warnings, in the same order, after the same number of questions."""
    filled(org)
    monkeypatch.setattr(orgs, "_CONNECTIONS", 1)
    one_by_one = cli("audit", "--json")
    assert org.most_at_once == 1
    asked = sorted((seen.method, seen.path) for seen in org.requests)
    monkeypatch.undo()
    monkeypatch.setenv("SF_ACCESS_TOKEN", org.tokens[0])
    monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
    dice = random.Random(19)
    org.before_answer = lambda _: time.sleep(dice.random() / 100)
    for _ in range(3):
        org.requests.clear()
        done = cli("audit", "--json")
        assert org.most_at_once > 1
        assert (done.code, known(done)) == (one_by_one.code, known(one_by_one))
        assert sorted((seen.method, seen.path) for seen in org.requests) == asked


@posix
def test_orgs_that_are_slow_hold_up_no_other(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than are asked by eight: each of them waits until the one that was named last is read whole."""
    add_connected_app(org, "Pay", make("pay", 300, 1).pem)
    assert cli("audit").code == 5
    wanted = len(org.requests)
    org.requests.clear()
    with FakeOrg(tls=False) as slow:
        waited: list[bool] = []

        def wait(_path: str) -> None:
            end = time.monotonic() + 20
            while len(org.requests) < wanted and time.monotonic() < end:
                threading.Event().wait(0.01)
            waited.append(len(org.requests) >= wanted)

        slow.before_answer = wait
        answers = {f"slow{number}": (slow.url, slow.let_in()) for number in range(12)}
        answers["quick"] = (org.url, org.tokens[0])
        stand_in(folder, body_of(answers), monkeypatch)
        done = cli("audit", *targets(answers), "--json")
    assert done.code == 5, done
    assert all(waited)
    assert [source["path"] for source in done.json["result"]["sources"]] == list(answers)
    assert not any(source["problems"] for source in done.json["result"]["sources"])


@posix
def test_an_org_that_fails_costs_the_others_nothing(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    """One that is not there, one whose session is over, one that breaks half-way, one that the CLI does not know."""
    fill(org)
    with FakeOrg(tls=False) as broken:
        fill(broken)
        broken.break_next("/Soap/m/", "drop", times=1000)
        answers = {
            "nowhere": ("http://127.0.0.1:9", "x"),
            "over": (broken.url, "00D!gone"),
            "half": (broken.url, broken.let_in()),
            "good": (org.url, org.tokens[0]),
        }
        stand_in(folder, body_of(answers), monkeypatch)
        done = cli("audit", *targets({**answers, "stranger": None}), "--json")
    assert done.code == 68, done
    sources = {source["path"]: source for source in done.json["result"]["sources"]}
    assert list(sources) == [*answers, "stranger"]
    codes = {alias: [problem["code"] for problem in source["problems"]] for alias, source in sources.items()}
    assert codes == {
        "nowhere": ["network.connection"],
        "over": [*(["network.connection"] if codes["over"] != ["org.session"] else ["org.session"])],
        "half": ["network.connection"],
        "good": [],
        "stranger": ["org.cli-answer"],
    }
    assert sources["half"]["org"]["name"] == "Worthless", "what was read before is kept"
    assert sources["good"]["carriers"] == 21


def test_after_an_error_that_ends_everything_nothing_more_is_asked(
    cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what was under way."""
    fill(org)
    org.latency_seconds = 0.01
    monkeypatch.setenv("SF_ACCESS_TOKEN", "00D000000000001!not-a-token")
    done = cli("audit", "--json")
    assert [problem["code"] for problem in done.json["result"]["sources"][0]["problems"]] == ["org.session"]
    time.sleep(0.1)
    assert len(org.requests) <= 1 + 2 * MOST_AT_ONCE < 27


@pytest.mark.parametrize("failing", ["ApexClass", "UserLogin"])
def test_a_question_that_fails_first_costs_no_answer_that_is_judged_before_it(
    failing: str, cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was when they were asked one after the other: one query that the org always fails is not the org."""
    fill(org)
    monkeypatch.setattr(org_sessions, "_PAUSES_SECONDS", ())
    answered = threading.Event()

    def come_later(path: str) -> None:
        if failing in path:
            answered.set()
        else:
            answered.wait(0.05)

    org.before_answer = come_later
    org.break_next(failing, "503", times=1000)
    source = cli("audit", "--json").json["result"]["sources"][0]
    assert [problem["code"] for problem in source["problems"]] == ["network.server-error"]
    assert source["org"]["name"] == "Worthless"
    reading = source["orgReading"]
    found = (reading["ckmRead"], reading["appsRead"], reading["namesRead"], source["carriers"])
    assert found == {"ApexClass": (True, True, False, 19), "UserLogin": (True, True, True, 21)}[failing]


def test_too_many_long_requests_are_asked_one_by_one_then(cli: Cli, org: FakeOrg, slept: list[float]) -> None:
    """That limit passes by itself, unlike that of a day, which is another message."""
    fill(org)
    queries = ("Organization", "ApexClass", "ApexTrigger", "UserLogin", "ModifyAllData")
    for query in queries:
        org.break_next(query, "crowded")
    seen: set[str] = set()
    again: list[int] = []

    def look(path: str) -> None:
        if path in seen:
            again.append(1)
            threading.Event().wait(0.01)
            again.append(-1)
        elif "/query" in path:
            seen.add(path)

    org.before_answer = look
    done = cli("audit", "--json")
    assert (done.code, slept) == (0, [0.5] * len(queries)), done
    assert again == [1, -1] * len(queries), "two at once"
    org.break_next("/query", "crowded", times=1000)
    [problem] = cli("audit", "--json").json["result"]["sources"][0]["problems"]
    assert problem["code"] == "org.rate-limited"
    assert "too many long requests at once" in problem["message"]
    assert "of the day" not in problem["message"]


def test_waiting_for_ones_turn_counts_as_time() -> None:
    """Each of those that are asked one by one may last a minute, and all together no longer than what one org gets."""
    now = 0.0
    sent: list[str] = []
    crowded = b'[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}]'
    both = threading.Barrier(2)
    begun, over = threading.Event(), threading.Event()

    class Crowded:
        """Whoever comes first is sent away; then one is slow."""

        def __call__(self, request: HttpRequest) -> HttpResponse:
            sent.append(request.url)
            if request.url not in sent[:-1]:
                both.wait(20)
                return HttpResponse(403, {}, crowded)
            begun.set()
            assert over.wait(20)
            return HttpResponse(200, {}, b'{"records": []}')

        def close(self) -> None:
            raise AssertionError

    looks: list[float] = []

    def look() -> float:
        looks.append(now)
        return now

    session = Session("https://x.my.salesforce.com", Secret("worthless"), "67.0")
    client = OrgClient(session, Crowded(), Pace(look, lambda _: None))
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(lambda soql: list(client.query(soql)), soql) for soql in ("SELECT 1", "SELECT 2")]
        assert begun.wait(20)
        until(lambda: len(looks) >= 1 + 2 + 2)  # each before both of its tries
        now = DEADLINE_SECONDS + 1
        over.set()
        errors = [error for answer in answers if (error := answer.exception())]
    assert [error.code for error in errors if isinstance(error, NetworkError)] == ["network.timeout"]
    assert len(sent) == 3


# The Salesforce CLI, and the end


@posix
@pytest.mark.slow
def test_the_salesforce_cli_runs_eight_times_at_once_and_no_more(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits until eight have been started, but no longer than it takes to see a ninth."""
    here = folder / "running"
    here.mkdir()
    answers = {f"org{number}": (org.url, org.tokens[0]) for number in range(12)}
    body = (
        "import time, pathlib\n"
        f"here = pathlib.Path({str(here)!r})\n"
        "mine = here / sys.argv[-1]\n"
        "mine.touch()\n"
        "for _ in range(20):\n"
        "    with open(here.parent / 'counts', 'a') as counts:\n"
        "        counts.write(f'{len(list(here.iterdir()))}\\n')\n"
        "    time.sleep(0.01)\n"
        "mine.unlink()\n"
    )
    stand_in(folder, body + body_of(answers), monkeypatch)
    assert cli("audit", *targets(answers)).code == 0
    counts = [int(line) for line in (folder / "counts").read_text().split()]
    assert 1 < max(counts) <= 8


@posix
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_audit_ends_at_once_with_all_that_it_started(
    number: int, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orgs that hang, a Salesforce CLI that hangs: no thread holds up the end, no process stays, no token is shown."""
    over, reached = threading.Event(), threading.Event()

    def hang(path: str) -> None:
        if "/query" in path:
            reached.set()
            over.wait(30)

    org.before_answer = hang
    token = org.tokens[0]
    answers = {f"org{n}": (org.url, token) for n in range(10)}
    body = (
        f"import pathlib, time\nif sys.argv[-1] == 'hangs':\n    pathlib.Path({str(folder / 'pid')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
    )
    stand_in(folder, body + body_of(answers), monkeypatch)
    command = [sys.executable, "-m", "sfkeytool", "audit", *targets({"hangs": None, **answers}), "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        try:
            assert reached.wait(30)
            until(lambda: (folder / "pid").exists() and (folder / "pid").read_text().isdigit())
            started = time.monotonic()
            run.send_signal(number)
            out, err = run.communicate(timeout=10)
        finally:
            over.set()
            run.kill()
    assert time.monotonic() - started < 2
    assert (run.returncode, json.loads(out)["code"]) == (130, "interrupted")
    assert b"Traceback" not in err
    assert token.encode() not in out + err
    pid = int((folder / "pid").read_text())
    until(lambda: is_gone(pid))


@posix
def test_who_was_given_up_between_two_calls_begins_no_other(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login takes one call or two. Whoever reads orgs again, after an interruption in the menu, may call again."""
    answers = {"one": (org.url, org.tokens[0])}
    log = stand_in(folder, body_of(answers), monkeypatch)
    interrupted, over = threading.Event(), threading.Event()
    held: list[threading.Thread] = []
    parse = cli_bridge.parse_display

    def hold(stdout: bytes, alias: str) -> tuple[str, None]:
        held.append(threading.current_thread())
        signal.raise_signal(signal.SIGINT)
        interrupted.set()
        assert over.wait(20)
        return parse(stdout, alias)[0], None

    monkeypatch.setattr(cli_bridge, "parse_display", hold)
    try:
        assert cli("audit", *targets(answers)).code == 130
        assert interrupted.is_set()
    finally:
        over.set()
    held[0].join(20)
    assert len(log.read_text().splitlines()) == 1
    monkeypatch.setattr(cli_bridge, "parse_display", parse)
    assert cli("audit", *targets(answers)).code == 0
    assert len(log.read_text().splitlines()) == 2


@posix
def test_a_second_interruption_leaves_no_call_behind(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes while the audit waits for what it ends."""
    body = f"import pathlib, time\npathlib.Path({str(folder / 'pid')!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    stand_in(folder, body, monkeypatch)

    class Turns(threading.BoundedSemaphore):
        def acquire(self, *arguments: Any, **named: Any) -> bool:
            if threading.current_thread() is threading.main_thread():
                signal.raise_signal(signal.SIGINT)
            return super().acquire(*arguments, **named)

        __enter__ = acquire

    monkeypatch.setattr(salesforce_cli, "_turns", Turns(salesforce_cli.AT_ONCE))

    def interrupt() -> None:
        until(lambda: (folder / "pid").exists() and (folder / "pid").read_text().isdigit())
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert cli("audit", "-o", "hangs").code == 130
    assert is_gone(int((folder / "pid").read_text()))


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"  # nobody reaps it in a container
