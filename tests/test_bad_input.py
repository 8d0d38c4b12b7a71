"""Clumsy and hostile input through the real command: one clear error, exit 1, within seconds, nothing written."""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from conftest import PASSWORD, THOROUGH, WINE, CertificateAuthority, Pair, Result, openssl, tree

Cli = Callable[..., Result]
READERS = (
    ("show", "{}"),
    ("unwrap", "{}"),
    ("wrap", "pay", "{}", "--password", "env:TEST_PASSWORD"),
    ("compare", "{}", "{}"),
    ("self-signed", "pay", "--key", "{}", "--password", "env:TEST_PASSWORD"),
)

DISTURBANCES = list(product((0.1, 0.25, 0.5, 0.8), (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", 1))))
"""Seconds after the start, and what then comes; each second one has each of both."""
CUTS, FLIPS = (25, 50) if THOROUGH else (6, 12)


@pytest.fixture
def corpus(folder: Path, ca: CertificateAuthority, pair: Pair) -> dict[str, bytes]:
    """One good file of each kind, outside the folder that is watched."""
    store = folder.parent / f"{folder.name}-corpus"
    store.mkdir()
    openssl(
        "pkcs12",
        "-export",
        "-inkey",
        pair.key,
        "-in",
        pair.crt,
        "-passout",
        f"pass:{PASSWORD}",
        "-out",
        store / "a.pfx",
    )
    openssl("x509", "-in", pair.crt, "-outform", "DER", "-out", store / "a.der")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key, "-outform", "DER", "-out", store / "a.key")
    ca.p7b(store / "a.p7b", pair.crt, ca.root, form="DER")
    from sfkeytool.keystores.jks import encode_jks
    from sfkeytool.passwords import Secret

    data = encode_jks(
        alias="a", key_pkcs8=(store / "a.key").read_bytes(), chain_der=[(store / "a.der").read_bytes()],
        password=Secret(PASSWORD), created_at_ms=1_700_000_000_000,
    )  # fmt: skip
    (store / "a.jks").write_bytes(data)
    (store / "a.pem").write_bytes(pair.key.read_bytes() + pair.crt.read_bytes())
    return {path.name: path.read_bytes() for path in store.iterdir()}


def assert_refused(result: Result, file: str) -> None:
    assert result.code == 1, result
    assert result.err.count("sfkeytool: error:") == 1
    assert file in result.err
    assert "Traceback" not in result.err
    assert "bug" not in result.err


@pytest.mark.parametrize("arguments", READERS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("kind", ["missing", "empty", "folder", "noise", "text", "half a PEM", "only a magic number"])
def test_what_is_no_input_at_all(kind: str, arguments: tuple[str, ...], cli: Cli, folder: Path, pair: Pair) -> None:
    """Each command, each kind: the file is named, the folder stays as it was."""
    file = folder / "in.bin"
    match kind:
        case "empty":
            file.touch()
        case "folder":
            file.mkdir()
        case "noise":
            file.write_bytes(random.Random(7).randbytes(5000))
        case "text":
            file.write_text("Dear CA, here is my key.\n" * 50)
        case "half a PEM":
            file.write_bytes(pair.crt.read_bytes()[:500])
        case "only a magic number":
            file.write_bytes(b"\xfe\xed\xfe\xed")
    before = tree(folder)
    result = cli(*(part.format("in.bin") for part in arguments))
    assert_refused(result, "in.bin")
    assert tree(folder) == before


@pytest.mark.parametrize("name", ["a.pfx", "a.der", "a.key", "a.p7b", "a.jks", "a.pem"])
@pytest.mark.slow
def test_truncations_and_flips_end_in_our_error_or_a_result(
    name: str, cli: Cli, folder: Path, corpus: dict[str, bytes]
) -> None:
    """Never a bug (70), never a traceback, whatever byte is hit."""
    data = corpus[name]
    chance = random.Random(name)
    broken = [data[: chance.randrange(len(data))] for _ in range(CUTS)]
    for _ in range(FLIPS):
        position = chance.randrange(len(data))
        broken.append(data[:position] + bytes([data[position] ^ 1 << chance.randrange(8)]) + data[position + 1 :])
    for number, content in enumerate(broken):
        (folder / "in.bin").write_bytes(content)
        before = tree(folder)
        result = cli("show", "in.bin", "--password", "env:TEST_PASSWORD")
        assert result.code in (0, 1), (number, result)
        assert "Traceback" not in result.err
        wrapped = cli(
            "wrap",
            "pay",
            "in.bin",
            "--password",
            "env:TEST_PASSWORD",
            "--input-password",
            "env:TEST_PASSWORD",
            "-d",
            "out",
        )
        assert wrapped.code in (0, 1), (number, wrapped)
        if wrapped.code:
            assert tree(folder) == before
        else:
            for path in (folder / "out").iterdir():
                path.unlink()
            (folder / "out").rmdir()


@pytest.mark.parametrize("name", ["a.pfx", "a.jks"])
def test_a_wrong_password_is_told_and_nothing_is_written(
    name: str, cli: Cli, folder: Path, corpus: dict[str, bytes]
) -> None:
    """And that the file may be damaged: the formats cannot tell the two apart."""
    (folder / name).write_bytes(corpus[name])
    before = tree(folder)
    for arguments in (
        ("unwrap", name, "--password", "stdin"),
        ("wrap", "pay", name, "--password", "env:TEST_PASSWORD", "--input-password", "stdin"),
    ):
        result = cli(*arguments, stdin=b"wrong-password\n")
        assert_refused(result, name)
        assert "wrong password" in result.err
    assert tree(folder) == before


def test_100_mb_of_noise(cli: Cli, folder: Path) -> None:
    """Refused by size, without reading it all."""
    with (folder / "big.jks").open("wb") as file:
        file.write(b"\xfe\xed\xfe\xed")
        file.seek(100 << 20)
        file.write(b"x")
    started = time.monotonic()
    for arguments in READERS:
        assert_refused(cli(*(part.format("big.jks") for part in arguments)), "big.jks")
    assert time.monotonic() - started < 20


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
@pytest.mark.parametrize("kind", ["/dev/zero", "/dev/random", "fifo", "socket"])
@pytest.mark.slow
def test_endless_devices_pipes_and_sockets(kind: str, folder: Path) -> None:
    """An input is a regular file: nothing hangs. In a process of their own, with a time limit."""
    file = kind
    keep = None
    if kind == "fifo":
        file = "pipe"
        os.mkfifo(folder / file)
    if kind == "socket":
        file = "sock"
        keep = socket.socket(socket.AF_UNIX)
        keep.bind(str(folder / file))
    before = sorted(folder.iterdir())
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from sfkeytool.cli.app import run_app\n"
        f"for words in {READERS!r}:\n"
        f"    print(run_app([word.format({file!r}) for word in words]), file=sys.stderr, end='\\0')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    told = done.stderr.split("\0")[:-1]
    assert len(told) == len(READERS)
    for err in told:
        assert_refused(Result(int(err[-1]), "", err), file)
    assert sorted(folder.iterdir()) == before
    if keep:
        keep.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_file_without_permission(folder: Path, pair: Pair) -> None:
    """Exit 1 and the file's name. Root may read everything, and becomes nobody."""
    folder.chmod(0o755)
    (folder / "in.pem").write_bytes(pair.key.read_bytes())
    (folder / "in.pem").chmod(0o600)
    code = (
        f"import os, sys; sys.path[:0] = {sys.path!r}\n"
        "from sfkeytool.cli.app import run_app\n"
        "assert run_app(['show', 'in.pem', '--quiet']) == 0\n"  # loads every module while that is permitted
        "os.chmod('in.pem', 0)\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "sys.exit(run_app(['show', 'in.pem']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "in.pem" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("pkcs8", "-topk8", "-v2", "aes256", "-outform", "DER", "-in", "{key}"),
        ("pkcs12", "-export", "-nomaciter", "-inkey", "{key}", "-in", "{crt}"),
    ],
    ids=["PKCS#8", "PFX"],
)
def test_absurd_iteration_counts_are_refused_at_once(
    command: tuple[str, ...], cli: Cli, folder: Path, pair: Pair
) -> None:
    """Before a single round is done. openssl would take seconds to make one: it makes a modest one, whose count grows."""
    parts = [part.format(key=pair.key, crt=pair.crt) for part in command]
    openssl(*parts, "-iter", 65537, "-passout", f"pass:{PASSWORD}", "-out", "slow")
    made = (folder / "slow").read_bytes()
    modest, absurd = (b"\x02\x03" + count.to_bytes(3, "big") for count in (65537, 5_000_001))
    assert modest in made
    (folder / "slow").write_bytes(made.replace(modest, absurd))
    started = time.monotonic()
    result = cli(
        "wrap", "pay", "slow", pair.crt, "--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD"
    )
    assert time.monotonic() - started < 2
    assert_refused(result, "slow")
    assert "5,000,001" in result.err


def test_an_absurd_modulus_is_refused_at_once(cli: Cli, folder: Path) -> None:
    """A key of 16,384 bits would be validated for half a minute."""
    from pfx import tlv

    number = b"\x00" + b"\xff" * 2048
    key = tlv(0x30, b"\x02\x01\x00", *(tlv(0x02, number) for _ in range(8)))
    (folder / "huge.key").write_bytes(key)
    started = time.monotonic()
    result = cli("show", "huge.key")
    assert time.monotonic() - started < 2
    assert_refused(result, "huge.key")
    assert "16384" in result.err.replace(",", "")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.slow
@pytest.mark.parametrize(("delay", "number"), DISTURBANCES if THOROUGH else DISTURBANCES[::2])
def test_a_signal_leaves_everything_or_nothing(number: signal.Signals, delay: float, folder: Path) -> None:
    """Whenever it comes: exit 130 and an empty folder, or 0 and all six files."""
    running = subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", "self-signed", "pay", "--key-size", "4096", "--password", "generate"],
        cwd=folder, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A background job of a shell starts with SIGINT ignored, and then so does everything in it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    time.sleep(delay)
    running.send_signal(number)
    _, err = running.communicate(timeout=120)
    if (folder / "pay").exists():  # all was published before the signal came
        assert len(list((folder / "pay").iterdir())) == 6
        assert running.returncode in (0, 130, -number)
    else:
        assert list(folder.iterdir()) == []
        # So early that Python was still starting: killed by the signal itself, or by what Python makes of it there.
        starting = err.startswith(("Could not import runpy module", "Fatal Python error: init_import_site"))
        early = running.returncode == -number or (running.returncode == 1 and starting)
        assert running.returncode == 130 or early, err
        assert "Traceback" not in err or early, err
        assert "interrupted" in err or early, err


_INTERRUPTED_IMPORT = """
import os, signal, sys, time

class Interrupting:
    \"\"\"What C code does that imports a module: it makes an ImportError of any exception.\"\"\"

    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
            except KeyboardInterrupt:
                raise ImportError("could not import module") from None

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
from sfkeytool.__main__ import main
sys.argv[1:] = ["self-signed", "pay", "--password", "generate"]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("module", "code", "said"),
    [("msgspec", -signal.SIGINT, ""), ("sfkeytool.workflows.self_signed", 130, "interrupted; nothing was changed")],
)
def test_a_signal_in_the_middle_of_an_import_is_no_bug(module: str, code: int, said: str, folder: Path) -> None:
    script = _INTERRUPTED_IMPORT.replace("sys.argv[1]:", f"{module!r}:")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert list(folder.iterdir()) == []


_AT_A_CONSOLE = """
import os, signal, subprocess, sys, time
run = subprocess.Popen([sys.executable, *sys.argv[1:]], creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
while not os.path.exists("started") and run.poll() is None:
    time.sleep(0.05)
os.kill(run.pid, signal.CTRL_BREAK_EVENT)
sys.exit(run.wait())
"""
_BY_ITSELF = """
import os, signal, sys, threading, time
def press():
    while not os.path.exists("started"):
        time.sleep(0.05)
    signal.raise_signal(signal.SIGBREAK)
threading.Thread(target=press, daemon=True).start()
from sfkeytool.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform != "win32", reason="a console's Ctrl-Break")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-c", _BY_ITSELF], id="as the signal that it becomes"),
        pytest.param(
            ["-c", _AT_A_CONSOLE, "-m", "sfkeytool"],
            id="at a console",
            marks=pytest.mark.skipif(WINE, reason="Wine's C library makes no signal of it"),
        ),
    ],
)
def test_ctrl_break_ends_a_run_and_what_it_started(words: list[str], folder: Path) -> None:
    """As Ctrl-C does: nothing is left, and the exit code is the same. At a console of its own, as it needs one."""
    waits = f"cmd:\"{sys.executable}\" -I -S -c \"import time; open('started', 'w').close(); time.sleep(60)\""
    done = subprocess.run(
        [sys.executable, *words, "self-signed", "pay", "--password", waits], stdin=subprocess.DEVNULL,
        capture_output=True, timeout=90, check=False, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert b"interrupted; nothing was changed" in done.stderr
    (folder / "started").unlink()
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
@pytest.mark.slow
def test_a_closed_pipe_is_no_traceback(folder: Path, pair: Pair) -> None:
    """show FILE | head -0"""
    (folder / "many.pem").write_bytes(pair.crt.read_bytes() * 2000)
    done = subprocess.run(
        f"'{sys.executable}' -m sfkeytool show many.pem | head -n 1", shell=True, cwd=folder, capture_output=True,
        text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert "many.pem" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32" or not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_an_error(folder: Path, pair: Pair) -> None:
    """Results that could not be written are not passed over."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sfkeytool", "show", str(pair.crt)], cwd=folder, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "error" in done.stderr


@pytest.mark.skipif(sys.platform == "win32" or not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("how", [(), ("--json",), ("--quiet",)])
@pytest.mark.parametrize("stdout", ["full", "gone"])
@pytest.mark.slow
def test_files_that_are_there_are_told_of_when_the_result_cannot_be(
    stdout: str, how: tuple[str, ...], folder: Path, pair: Pair
) -> None:
    """After a run that made them; one that made none stays as it was. Exit 1 all the same: the result is lost, but where
    it is none, as that of show under --quiet."""
    if stdout == "full":
        writer = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, writer = os.pipe()
        os.close(reader)
        gone = select.poll()  # for as long as a child that another thread was just starting has a copy
        gone.register(writer, 0)
        assert gone.poll(10_000), "somebody reads on"
    made, shown = (
        subprocess.run(
            [sys.executable, "-m", "sfkeytool", *command, *how], cwd=folder, stdout=writer, stderr=subprocess.PIPE,
            text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for command in (("csr", "pay", "--key", str(pair.key)), ("show", str(pair.crt)))
    )  # fmt: skip
    os.close(writer)
    assert (made.returncode, shown.returncode) == (1, 0 if "--quiet" in how else 1)
    assert "all files of this run are there" in made.stderr
    assert (folder / "pay" / "pay.csr").exists()
    assert "files" not in shown.stderr
    assert "Traceback" not in made.stderr + shown.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the limits of another process")
def test_a_crash_leaves_no_memory_on_the_disk(folder: Path) -> None:
    """The limit is 0, and cannot be raised again, when the first secret is asked for: a pipe that says nothing."""
    import resource

    pipe = folder / "pipe"
    os.mkfifo(pipe)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    running = subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", "show", "x.jks", "--password", f"file:{pipe}"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)),
    )  # fmt: skip
    with pipe.open("w") as writer:  # opened when the other end is
        limits = resource.prlimit(running.pid, resource.RLIMIT_CORE)
        writer.write("worthless")
    running.wait(timeout=120)
    assert limits == (0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells close streams so")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.slow
def test_closed_streams_do_no_harm(closed: str, folder: Path) -> None:
    """No file gets the number of a closed stream, and so no message lands in a key."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = f"'{sys.executable}' -m sfkeytool self-signed pay --password env:TEST_PASSWORD {closed}"
    done = subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("stdout is closed" in done.stderr) == (closed == ">&-")
    openssl("pkey", "-in", folder / "pay" / "pay.key", "-noout", "-check")
    assert (folder / "pay" / "pay.json").read_text().startswith("{")


@pytest.mark.parametrize(
    ("typed", "meant"), [(("unwrapp",), "'unwrap'"), (("ckmm",), "'ckm'"), (("ckm", "lst"), "'list'")]
)
def test_a_command_that_is_none_is_answered_with_the_one_that_is_meant(
    typed: tuple[str, ...], meant: str, cli: Cli
) -> None:
    result = cli(*typed)
    assert result.code == 2
    assert f"No such command '{typed[-1]}'. Did you mean" in result.err
    assert meant in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to a process that waits in a pipe")
def test_no_second_json_follows_one_that_was_interrupted(folder: Path, pair: Pair) -> None:
    """The answer to a reader that waits is longer than a pipe holds. What is cut short is no JSON, nor is the beginning
    of another in the middle of it: the error is on stderr."""
    for number in range(80):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "pay.crt").write_bytes(pair.crt.read_bytes())
    run = subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", "audit", ".", "--json"], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, bufsize=0, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert run.stdout is not None
    first = run.stdout.read(1)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"interrupted" in err
    assert (first + out).count(b'"schemaVersion"') == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(first + out)
