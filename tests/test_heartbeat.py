"""``audit --heartbeat``: a dead man's switch hears of each run, and never decides its result. The switch is a real
server, on loopback."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result
from test_delivery import (  # noqa: F401 - fixtures
    Server,
    closes_at_once,
    closes_early,
    drips,
    endless,
    keys,
    redirects,
    running,
    server,
)

from sfkeytool.audit import heartbeat as heartbeat_module
from sfkeytool.audit.heartbeat import Signal, parse_switch
from sfkeytool.errors import InputError
from sfkeytool.passwords import Secret

UUID = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278"
AUDIT = ("audit", "keys", "--heartbeat", "env:SWITCH", "--json")


@pytest.fixture
def switch(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:  # noqa: F811
    """One whose address is that of Healthchecks on a server of one's own."""
    monkeypatch.setenv("SWITCH", f"http://127.0.0.1:{server.port}/ping/{UUID}")
    return server


def warned(done: Result) -> list[str]:
    return [each["message"] for each in done.json["notices"] if each["code"] == "heartbeat.failed"]


@pytest.mark.parametrize(
    ("arguments", "code", "last"),
    [
        ((), 5, ""),
        (("--fail-on", "never"), 0, ""),
        (("--notify", "env:NOBODY", "--fail-on", "never"), 1, "/fail"),
        (("missing", "--fail-on", "unreadable"), 68, "/fail"),
        (("--certificates", "keys"), 1, "/fail"),
    ],
)
def test_the_switch_hears_of_the_start_and_of_how_the_audit_ended(
    switch: Server, keys: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch,  # noqa: F811
    arguments: tuple[str, ...], code: int, last: str,
) -> None:  # fmt: skip
    """What is due is found, and the audit is well; an error, an unread source, a message that was not taken is not."""
    monkeypatch.setenv("NOBODY", "json://127.0.0.1:1/x")
    done = cli(*AUDIT, *arguments)
    assert done.code == code, done
    assert switch.seen == [f"/ping/{UUID}/start", f"/ping/{UUID}{last}"]
    assert UUID not in done.out + done.err


@pytest.mark.parametrize(
    ("address", "start", "end", "failure"),
    [
        ("https://hc-ping.com/U", "https://hc-ping.com/U/start", "https://hc-ping.com/U", "https://hc-ping.com/U/fail"),
        (
            "https://hc.example.com/ping/KEY/certs?create=1#x",
            "https://hc.example.com/ping/KEY/certs/start?create=1",
            "https://hc.example.com/ping/KEY/certs?create=1",
            "https://hc.example.com/ping/KEY/certs/fail?create=1",
        ),
        (
            "https://uptime.betterstack.com/api/v1/heartbeat/T",
            None,
            "https://uptime.betterstack.com/api/v1/heartbeat/T",
            "https://uptime.betterstack.com/api/v1/heartbeat/T/fail",
        ),
        ("https://cronitor.link/p/K/J?state=complete", None, "https://cronitor.link/p/K/J?state=complete", None),
        ("https://nosnch.in/T", None, "https://nosnch.in/T", None),
    ],
)
def test_a_switch_gets_the_calls_that_it_is_known_to_tell_apart(
    address: str, start: str | None, end: str, failure: str | None
) -> None:
    """A call that it does not know may count as a sign of life."""
    found = parse_switch(Secret(address), "env:SWITCH")
    requests = [found.request(each) for each in (Signal.START, Signal.END, Signal.FAILURE)]
    assert [request and (request.method, request.url) for request in requests] == [
        url and ("GET", url) for url in (start, end, failure)
    ]
    assert "T" not in repr(found)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (redirects(301), "it sends us elsewhere"),
        (endless, "an answer without end"),
        (closes_early, "no connection, or it was closed"),
        (closes_at_once, "no connection, or it was closed"),
        (drips, "no answer in time"),
    ],
)
@pytest.mark.slow
def test_what_a_switch_answers_is_bounded_and_decides_nothing(
    switch: Server, keys: Path, cli: Callable[..., Result], answer: Callable[..., None], reason: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A warning, which says nothing of the address; the result and the exit code are those of the audit."""
    monkeypatch.setattr(heartbeat_module, "SECONDS", 0.3 if answer is drips else 5.0)
    plain = cli("audit", "keys", "--json")
    switch.answer_get = answer
    begun = time.monotonic()
    done = cli(*AUDIT)
    assert time.monotonic() - begun < 10
    assert done.code == plain.code == 5
    assert done.json["result"]["items"] == plain.json["result"]["items"]
    assert len(warned(done)) == 2
    assert warned(done)[1].startswith("--heartbeat env:SWITCH was not told of the end (")
    assert reason in warned(done)[1]
    assert not any(secret in done.out + done.err for secret in (UUID, "127.0.0.1", str(switch.port)))


def test_an_error_that_ends_the_audit_is_the_error_that_is_told(
    switch: Server, keys: Path, cli: Callable[..., Result]  # noqa: F811
) -> None:  # fmt: skip
    """With a switch that is broken too."""
    switch.answer_get = closes_at_once
    done = cli(*AUDIT, "--certificates", "keys")
    assert (done.code, done.json["code"]) == (1, cli("audit", "keys", "--certificates", "keys", "--json").json["code"])


@pytest.mark.parametrize("address", ["hunter2", "http://example.com/hunter2", "https://a:hunter2@example.com/x", ""])
def test_a_wrong_address_is_refused_and_not_shown(
    address: str, keys: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    """Before anything is looked at."""
    with pytest.raises(InputError):
        parse_switch(Secret(address), "x")
    monkeypatch.setenv("SWITCH", address)
    done = cli(*AUDIT)
    assert (done.code, done.json["code"]) == (1, "heartbeat.address")
    assert "hunter2" not in done.out + done.err


def test_a_dry_run_calls_nobody_and_the_configuration_names_the_switch_too(
    switch: Server, keys: Path, cli: Callable[..., Result]  # noqa: F811
) -> None:  # fmt: skip
    """A sign of life of what did not live would keep the switch quiet."""
    (keys / "sfkeytool.toml").write_text('paths = ["keys"]\nheartbeat = "env:SWITCH"\n')
    assert cli("audit", "--config", "sfkeytool.toml", "--dry-run").code == 5
    assert switch.seen == []
    assert cli("audit", "--config", "sfkeytool.toml").code == 5
    assert len(switch.seen) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_a_run_whose_switch_does_not_answer_at_once(switch: Server, keys: Path) -> None:  # noqa: F811
    """And calls nothing more."""
    switch.answer_get = drips
    run = running(switch, keys, *AUDIT)
    assert switch.asked.wait(30)
    begun = time.monotonic()
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=5)
    assert time.monotonic() - begun < 1
    assert json.loads(out)["status"] == 130
    assert switch.seen == [f"/ping/{UUID}/start"]
