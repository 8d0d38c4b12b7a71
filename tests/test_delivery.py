"""The process that sends: whatever a server answers, it ends in time, in little memory, and what was not taken is told
again. The servers are real, on loopback."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from conftest import Result, process
from test_notify import MARK, SOON, START, inventory, item, told
from test_schedule import expiring_certificate

from sfkeytool.audit import notify as notify_module
from sfkeytool.audit.notify import parse_destination
from sfkeytool.cli.notifying import send_apart
from sfkeytool.edge import locking
from sfkeytool.passwords import Secret

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


class Server:
    """Takes apprise's JSON as ``answer`` says, and calls by GET as ``answer_get`` does.

    ``taken`` are the titles, ``seen`` the paths of all requests.
    """

    def __init__(self) -> None:
        self.answer: Callable[[BaseHTTPRequestHandler], None] = well
        self.answer_get: Callable[[BaseHTTPRequestHandler], None] = well
        self.seen: list[str] = []
        self.taken: list[str] = []
        self.bodies: list[str] = []
        self.authorizations: list[str | None] = []
        self.asked = threading.Event()
        self.left = threading.Event()
        self.port = 0

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/T0K3N"


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        server_state = state

        def do_POST(self) -> None:
            value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.seen.append(self.path)
            state.authorizations.append(self.headers["Authorization"])
            state.asked.set()
            with suppress(OSError):
                state.answer(self)
                if state.answer is well:
                    state.taken.append(value["title"])
                    state.bodies.append(value["message"])
            self.close_connection = True

        def do_GET(self) -> None:
            state.seen.append(self.path)
            state.asked.set()
            with suppress(OSError):
                state.answer_get(self)
            self.close_connection = True

        def log_message(self, format: str, *arguments: Any) -> None:
            """Tests are quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    thread.join(10)
    http.server_close()


# What a server may do


def well(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")


def redirects(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "/login?T0K3N")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """2 GB, if somebody reads it."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(2 << 10):
        handler.wfile.write(bytes(1 << 20))


def bomb(handler: BaseHTTPRequestHandler) -> None:
    """2 GB in 2 MB."""
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    for _ in range(8):
        handler.wfile.write(_packed_zeros())


@cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(256 << 20), 1)


def endless_line(handler: BaseHTTPRequestHandler) -> None:
    """The size of a chunk, which has no end; nothing in the HTTP library bounds it."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(2 << 10):
        handler.wfile.write(b"0" * (1 << 20))


def closes_early(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"ok")


def closes_at_once(handler: BaseHTTPRequestHandler) -> None:
    """Without a word."""


def unknown_coding(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Encoding", "br")
    handler.end_headers()
    handler.wfile.write(b"ok")


def packed(handler: BaseHTTPRequestHandler) -> None:
    """Nobody asked for it, but some do; it was taken all the same."""
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    handler.wfile.write(gzip.compress(b"ok"))


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte a second: no timeout of a socket ends that."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    _drip(handler)


def drips_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    _drip(handler)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    state = handler.server_state  # type: ignore[attr-defined]
    for _ in range(1000):
        if gone(handler, 1.0):
            state.left.set()
            return
        handler.wfile.write(b"x")


def gone(handler: BaseHTTPRequestHandler, seconds: float) -> bool:
    """Whether the other side has left, waiting so long."""
    handler.connection.settimeout(seconds)
    try:
        return bool(handler.connection.recv(1) == b"")
    except TimeoutError:
        return False
    except OSError:
        return True


# The command


@pytest.fixture
def keys(folder: Path) -> Path:
    """A folder with a certificate that is due."""
    (folder / "keys").mkdir()
    (folder / "keys" / "pay.crt").write_bytes(expiring_certificate())
    return folder


ARGUMENTS = ("audit", "keys", "--notify", "env:WHERE", "--state", "state.json", "--fail-on", "never", "--json")


def audit(server: Server, folder: Path, **env: str) -> Result:
    return process(*ARGUMENTS, cwd=folder, env={"WHERE": server.address, **env})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        *((redirects(status), f"HTTP {status}, which sends us elsewhere") for status in (301, 308)),
        (endless, "an answer of more than 8 MB"),
        (bomb, "an answer of more than 8 MB"),
        (endless_line, "no answer that it was taken"),
        (closes_early, "no answer that it was taken"),
        (closes_at_once, "no answer that it was taken"),
        (unknown_coding, "no answer that it was taken"),
    ],
)
@pytest.mark.slow
def test_what_is_no_delivery_is_not_called_one_and_told_again(
    server: Server, tmp_path: Path, answer: Callable[[BaseHTTPRequestHandler], None], reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A redirect is not followed either: a GET of a login page would count as sent."""
    found, to = inventory(START, item("pay", SOON, START)), [parse_destination(Secret(server.address), "env:WHERE")]
    server.answer = answer
    assert told(found, to, tmp_path / "state.json", send=send_apart) == ["failed"]
    assert f"JSON did not take the message ({reason}); the next run tries" in (shown := capfd.readouterr().err)
    assert "T0K3N" not in shown
    assert server.seen == ["/T0K3N"]
    server.answer = well
    assert told(found, to, tmp_path / "state.json") == ["sent"]
    assert told(found, to, tmp_path / "state.json") == ["nothing-due"]
    assert MARK in server.bodies[0]
    assert len(server.taken) == 1


@pytest.mark.slow
def test_an_answer_that_is_packed_though_nobody_asked_is_one(server: Server, tmp_path: Path) -> None:
    """Some services know nothing else."""
    server.answer = packed
    found, to = inventory(START, item("pay", SOON, START)), [parse_destination(Secret(server.address), "env:WHERE")]
    assert told(found, to, tmp_path / "state.json", send=send_apart) == ["sent"]


@pytest.mark.parametrize("answer", [drips, drips_headers])
@pytest.mark.slow
def test_a_server_that_drips_is_left_at_the_deadline(
    server: Server, tmp_path: Path, answer: Callable[[BaseHTTPRequestHandler], None],
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Its process is gone then, and the next destination is told."""
    found = inventory(START, item("pay", SOON, START))
    dripping = parse_destination(Secret(server.address), "env:WHERE")
    server.answer = answer
    for seconds in (1, 4, 16):
        monkeypatch.setattr(notify_module, "DEADLINE_SECONDS", float(seconds))
        begun = time.monotonic()
        assert told(found, [dripping], tmp_path / "state.json", send=send_apart) == ["failed"]
        assert time.monotonic() - begun < seconds + 10
        assert f"(no end of it within {seconds} seconds)" in capfd.readouterr().err
        if server.asked.is_set():  # on a busy machine the process may have come to nothing yet
            break
    assert server.left.wait(5)


def audited(folder: Path, where: str) -> tuple[int, str, float]:
    """The exit code, what became of the one delivery, and the most memory of any process of it in MB."""
    code = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=False)\n"
        "most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(json.dumps([done.returncode, json.loads(done.stdout)['result']['notifications'][0]['status'], most]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, sys.executable, "-m", "sfkeytool", *ARGUMENTS],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "WHERE": where},
        capture_output=True,
        check=True,
        timeout=60,
    )
    status, delivery, most = json.loads(done.stdout)
    return status, delivery, most / (1 << (20 if sys.platform == "darwin" else 10))


@posix
@pytest.mark.parametrize("answer", [endless, bomb, endless_line])
@pytest.mark.slow
def test_a_run_whose_server_answers_without_end_takes_little_memory(
    server: Server, keys: Path, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    """Under 150 MB, the process that sends among them; exit 1, and the audit's result is there."""
    server.answer = answer
    status, delivery, most = audited(keys, server.address)
    assert (status, delivery) == (1, "failed")
    assert most < 150


@posix
@pytest.mark.slow
def test_a_mail_server_that_greets_without_end_takes_little_memory(keys: Path) -> None:
    """The library of mail reads its lines for as long as there are any."""

    def greet() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            while True:
                connection.sendall(b"220-welcome\r\n" * 10_000)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threading.Thread(target=greet, daemon=True).start()
        where = f"mailto://127.0.0.1:{listener.getsockname()[1]}?from=a@example.com&to=b@example.com"
        status, delivery, most = audited(keys, where)
    assert (status, delivery) == (1, "failed")
    assert most < 150


def running(server: Server, folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", *(arguments or ARGUMENTS)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "WHERE": server.address},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
@pytest.mark.slow
def test_a_signal_ends_a_run_that_waits_for_a_server_at_once(
    server: Server, keys: Path, number: int, code: int
) -> None:
    """Within a second, the process that sends too; and the next run tells, and says that it may be a repetition."""
    server.answer = drips
    run = running(server, keys)
    assert server.asked.wait(30)
    begun = time.monotonic()
    run.send_signal(number)
    assert run.wait(5) == code
    assert time.monotonic() - begun < 1
    assert server.left.wait(5)
    _, errors = run.communicate(timeout=30)
    assert b"nothing was changed" not in errors
    server.answer = well
    assert audit(server, keys).code == 0
    assert MARK in server.bodies[0]


@posix
@pytest.mark.slow
def test_the_process_that_sends_does_not_outlive_a_killed_run(server: Server, keys: Path) -> None:
    """It would tell what nobody writes down."""
    server.answer = drips
    run = running(server, keys)
    assert server.asked.wait(30)
    run.kill()
    run.communicate(timeout=30)
    assert server.left.wait(5)


@pytest.mark.slow
def test_a_password_of_netrc_is_not_sent(server: Server, keys: Path) -> None:
    """Nobody has named it."""
    (keys / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    assert audit(server, keys, HOME=str(keys), USERPROFILE=str(keys)).code == 0
    assert server.authorizations == [None]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.slow
def test_the_address_is_in_no_argument_of_the_process_that_sends(server: Server, keys: Path) -> None:
    """Nor in its environment, when it came from a file: others read both."""
    secret = token_hex()
    (keys / "where.url").write_text(f"{server.address}{secret}")
    server.answer = drips
    arguments = [argument.replace("env:WHERE", "file:where.url") for argument in ARGUMENTS]
    run = subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", *arguments],
        cwd=keys,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.asked.wait(30)
        shown = []
        for process_folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # of others, or ended meanwhile
                shown += [(process_folder / name).read_bytes() for name in ("cmdline", "environ")]
        assert any(b"sfkeytool.cli.courier" in each for each in shown)
        assert not any(secret.encode() in each for each in shown)
    finally:
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)


@pytest.mark.slow
def test_the_process_that_sends_takes_no_modules_from_the_folder_it_stands_in(server: Server, keys: Path) -> None:
    """An audit looks through anybody's folders. -P is how the installed command finds its modules."""
    for name in ("apprise.py", "json.py"):
        (keys / name).write_text("open('taken', 'w')\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sfkeytool", *ARGUMENTS],
        cwd=keys,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "WHERE": server.address},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, len(server.taken)) == (0, 1)
    assert not (keys / "taken").exists()


# Runs at once


@pytest.mark.slow
def test_the_state_is_free_while_a_server_is_waited_for_and_each_event_is_told_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another destination of another run is told meanwhile; the same one waits its turn, and has nothing to tell."""
    release = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        release.wait(30)
        well(handler)

    found, state = inventory(START, item("pay", SOON, START)), tmp_path / "state.json"
    hanging = parse_destination(Secret(server.address), "env:WHERE")
    other = parse_destination(Secret(server.address.replace("T0K3N", "other")), "env:OTHER")
    server.answer = slow
    results: dict[str, Sequence[str]] = {}

    def run(name: str) -> None:
        results[name] = told(found, [hanging], state, send=send_apart)

    first = threading.Thread(target=run, args=("first",))
    first.start()
    assert server.asked.wait(30)
    second = threading.Thread(target=run, args=("second",))
    second.start()
    server.answer = well
    assert told(found, [other], state, send=send_apart) == ["sent"]
    assert not results
    release.set()
    first.join(60)
    second.join(60)
    assert results == {"first": ["sent"], "second": ["nothing-due"]}
    assert sorted(server.seen) == ["/T0K3N", "/other"]
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


@posix
def test_a_run_that_finds_the_state_locked_waits_and_says_nothing_of_deleting(
    server: Server, keys: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock ends with its run, so that the one it waits for lives."""
    import fcntl

    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.2)
    monkeypatch.setenv("WHERE", server.address)
    with (keys / ".sfkeytool.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = cli(*ARGUMENTS)
    assert (done.code, done.json["result"]["notifications"][0]["status"]) == (1, "failed")
    assert len(done.json["result"]["items"]) == 1
    assert done.json["notices"][-1]["code"] == "output.locked"
    assert "is locked by another run of sfkeytool" in done.json["warnings"][-1]
    assert "delete" not in done.out
    assert server.seen == []


@pytest.mark.slow
def test_a_host_that_does_not_answer_is_a_failed_delivery(server: Server, keys: Path) -> None:
    """Nothing listens there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = process(*ARGUMENTS, cwd=keys, env={"WHERE": f"json://127.0.0.1:{free.getsockname()[1]}/T0K3N"})
    assert (done.code, done.json["result"]["notifications"][0]["status"]) == (1, "failed")


@pytest.mark.parametrize(
    ("state", "code"), [("keys/pay.crt", "audit.state-foreign"), ("nowhere/state.json", "output.no-folder")]
)
def test_a_state_that_cannot_be_used_costs_the_delivery_and_not_the_result(
    server: Server, keys: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, state: str, code: str
) -> None:
    """Nobody is told what could not be remembered; what was found is shown."""
    monkeypatch.setenv("WHERE", server.address)
    done = cli("audit", "keys", "--notify", "env:WHERE", "--state", state, "--fail-on", "never", "--json")
    assert (done.code, done.json["result"]["notifications"][0]["status"]) == (1, "failed")
    assert (len(done.json["result"]["items"]), done.json["notices"][-1]["code"]) == (1, code)
    assert server.seen == []
