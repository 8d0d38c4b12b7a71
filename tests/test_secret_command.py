"""SOURCE ``cmd:COMMAND``: the output of a command that no shell reads, and nothing else of it."""

import base64
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import Pair, Result, keytool, process
from fake_org import FakeOrg
from hypothesis import given
from hypothesis import strategies as st

from sfkeytool.edge import secret_command
from sfkeytool.errors import SfkeytoolError
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.shell import command_words

Cli = Callable[..., Result]
NEEDLE = "n33dle-from-a-command"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts and signals of POSIX")


def source(*words: object) -> str:
    """``cmd:`` and the words, as somebody would quote them here."""
    texts = [str(word) for word in words]
    return "cmd:" + (subprocess.list2cmdline(texts) if sys.platform == "win32" else shlex.join(texts))


def python(code: str, *arguments: object) -> str:
    return source(sys.executable, "-c", code, *arguments)


def test_what_it_prints_is_the_password_and_it_runs_once_for_two_options(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is shown, with -v neither; no variable that holds a secret reaches it, and others do."""
    monkeypatch.setenv("MINE", "another-secret")
    monkeypatch.setenv("SFKEYTOOL_INPUT_PASSWORD", "another-secret")
    monkeypatch.setenv("SF_ACCESS_TOKEN", "another-secret")
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example")
    code = (
        "import os, sys, pathlib\n"
        "with open('ran', 'a') as ran: print(dict(os.environ), file=ran)\n"
        f"print('{NEEDLE}')\n"
        f"print('{NEEDLE}', file=sys.stderr)\n"
    )
    command = python(code)
    done = cli(
        "wrap", "pay", pair.key, pair.crt, "--password", command, "--key-password", command, "--input-password",
        "env:MINE", "-v",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert NEEDLE not in done.out + done.err
    jks = folder / "pay" / "pay.jks"
    assert "PrivateKeyEntry" in keytool("-list", "-storetype", "JKS", "-keystore", jks, "-storepass", NEEDLE)
    assert "ENCRYPTED" in (folder / "pay" / "pay.key").read_text()
    [ran] = (folder / "ran").read_text().splitlines()
    assert "another-secret" not in ran
    assert "vault.example" in ran


@pytest.mark.parametrize("form", ["PEM", "base64"])
def test_a_key_comes_from_it_too(form: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """--jwt-key-file, as env: takes it."""
    key = pair.key.read_bytes()
    (folder / "printed").write_bytes(key if form == "PEM" else base64.b64encode(key) + b"\n")
    with FakeOrg(tls=False) as org:
        org.add_user("bot@example.com")
        org.add_app("3MVG9x", pair.crt.read_text(), approved_users=["bot@example.com"])
        command = python("print(open('printed').read())")
        done = cli("login", "-f", command, "-i", "3MVG9x", "-u", "bot@example.com", "-r", org.url, "-v")
    assert done.code == 0, done
    assert "PRIVATE KEY" not in done.out + done.err


FAILURES = {
    "secret.command-missing": (1, "cmd:no-such-program-here --token " + NEEDLE),
    "secret.command-failed": (1, python("import sys; print(sys.argv[1]); sys.exit(sys.argv[1])", NEEDLE)),
    "secret.command-empty": (1, python("print()", NEEDLE)),
    "secret.too-large": (1, python("print('x' * 70_000)", NEEDLE)),
    "secret.encoding": (1, python("import sys; sys.stdout.buffer.write(b'\\xe9')", NEEDLE)),
    "secret.characters": (1, python("print('a'); print('b')", NEEDLE)),
    "usage.source": (2, 'cmd:pass "show ' + NEEDLE),
}


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_is_told_without_its_output_and_its_arguments(code: str, cli: Cli, pair: Pair) -> None:
    exit_code, command = FAILURES[code]
    done = cli("show", pair.crt, "--password", command, "--json")
    assert (done.code, done.json["code"]) == (exit_code, code)
    assert "--password" in done.json["message"] or "cmd:" in done.json["message"]
    assert NEEDLE not in done.out + done.err


def test_a_value_that_was_meant_for_a_shell_is_not_told(cli: Cli, pair: Pair) -> None:
    done = cli("show", pair.crt, "--password", f"cmd:TOKEN={NEEDLE} op read x", "--json")
    assert "cmd:TOKEN …: there is no such program on PATH" in done.json["message"]
    assert NEEDLE not in done.out


def test_nothing_can_be_typed_into_it_and_what_it_complains_of_is_not_shown(folder: Path, pair: Pair) -> None:
    """Its stdin is not ours, which a pipe may fill; its stderr may quote the secret."""
    code = f"import sys; print('{NEEDLE}', file=sys.stderr); print(sys.stdin.read() or 'nothing')"
    (folder / "piped").write_text(NEEDLE)
    with (folder / "piped").open() as piped:
        done = process("wrap", "pay", pair.key, pair.crt, "--password", python(code), "--json", cwd=folder, stdin=piped)
    assert done.json["code"] == "usage.password-too-short", "the seven letters of: nothing"
    assert NEEDLE not in done.out + done.err


@posix_only
def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_command, "TIMEOUT_SECONDS", 0.3)
    done = cli("show", pair.crt, "--password", "cmd:sh -c 'sleep 60 & echo $! >started; wait'", "--json")
    assert (done.code, done.json["code"]) == (1, "secret.command-timeout")
    assert not alive(int((folder / "started").read_text()))


@posix_only
def test_what_still_holds_its_output_is_waited_for_and_ended(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a secret would be a wrong one. What has closed it, as an agent does, may stay."""
    monkeypatch.setattr(secret_command, "TIMEOUT_SECONDS", 0.3)
    done = cli("show", pair.crt, "--password", "cmd:sh -c 'echo half; sleep 60 & echo $! >started'", "--json")
    assert (done.code, done.json["code"]) == (1, "secret.command-timeout")
    assert not alive(int((folder / "started").read_text()))


@posix_only
def test_ctrl_c_ends_it_at_once(folder: Path, pair: Pair) -> None:
    """And the command with it, though it would not hear of it: it has no terminal."""
    command = "cmd:sh -c 'trap \"\" INT; echo $$ >started; sleep 60'"
    run = subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", "show", pair.crt, "--password", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    started = folder / "started"
    while not (started.exists() and started.read_text()):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=10)
    assert run.returncode == 130
    assert "interrupted; nothing was changed" in err
    assert not alive(int(started.read_text()))


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has waited for yet does not."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.01)
    return True


def test_no_program_of_the_current_folder_is_run(cli: Cli, folder: Path, pair: Pair) -> None:
    """It came with somebody's files. A path is taken, as the person wrote it."""
    (folder / "op").write_text("#!/bin/sh\necho ran >ran\n")
    (folder / "op").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join(["", ".", os.environ["PATH"]]))
        done = cli("show", pair.crt, "--password", "cmd:op read x", "--json")
    assert done.json["code"] == "secret.command-missing"
    assert not (folder / "ran").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="what there is in the current folder there, Windows itself tells")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("op", "usage.command-file"),
        ("op.cmd", "usage.command-file"),
        ("op.BAT", "usage.command-file"),
        ("./bin/op.cmd", "usage.command-file"),
        ("op.cmd. ", "secret.command-missing"),  # Windows itself would drop the dot and the blank
    ],
)
def test_on_windows_a_command_file_is_refused(
    name: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cmd.exe would obey what stands in arguments; also where the ending is found, not written."""
    (folder / "bin").mkdir()
    for file in ("op.cmd", "op.BAT", "op.cmd. "):
        (folder / "bin" / file).touch(0o755)
    monkeypatch.setattr(sys, "platform", "win32")
    command = Source(SourceKind.COMMAND, f'"{name}" read op://vault/item')
    with pytest.raises(SfkeytoolError) as error:
        secret_command.run_secret_command(command, "--password", {"PATH": str(folder / "bin")}, ())
    assert error.value.code == code


def test_it_can_be_the_answer_of_a_guided_run(folder: Path) -> None:
    """A slip is told where it was typed, and can be mended there."""
    from test_guided import COMMANDS, DOWN, ENTER, typed

    from sfkeytool.cli.conversation import complete

    third = DOWN * 2 + ENTER
    slip, mended = "no-such-program" + ENTER, "\x01\x0b" + python("print(1)").removeprefix("cmd:") + ENTER
    given = {"name": "pay", "purpose": "jwt", "key_size": "2048", "organization": "A", "country": "DE", "days": 30}
    with typed(third + slip + mended) as asker:
        values = complete(COMMANDS["self-signed"].fields, given, asker, {}, guided=True)
    assert values["password"] == python("print(1)")


# What the words are, on Windows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('x "a b c" d e', ["x", "a b c", "d", "e"]),
        (r'x "ab\"c" "\\" d', ["x", 'ab"c', "\\", "d"]),
        (r'x a\\\b d"e f"g h', ["x", r"a\\\b", "de fg", "h"]),
        (r"x a\\\"b c d", ["x", r"a\"b", "c", "d"]),
        (r'x a\\\\"b c" d e', ["x", r"a\\b c", "d", "e"]),
        (r'"C:\Program Files\op\op.exe" read "op://a b/c"', [r"C:\Program Files\op\op.exe", "read", "op://a b/c"]),
        (r'"C:\dir\"op.exe x', [r"C:\dir\op.exe", "x"]),
        ("  op\tread  ''  ", ["op", "read", "''"]),
        ('op "" x', ["op", "", "x"]),
    ],
)
def test_on_windows_words_are_those_of_its_own_rules(text: str, words: list[str]) -> None:
    """The examples of Microsoft's "Parsing C command-line arguments", and programs with blanks in their paths."""
    assert command_words(text, windows=True) == words


@given(st.lists(st.text(alphabet="ab \t\\\"'", max_size=8), max_size=4))
def test_on_windows_they_are_what_programs_there_are_given(arguments: Sequence[str]) -> None:
    """Python itself writes command lines for Windows, by the same rules."""
    assert command_words(subprocess.list2cmdline(["op.exe", *arguments]), windows=True) == ["op.exe", *arguments]


@pytest.mark.parametrize("windows", [True, False])
def test_a_quotation_that_is_not_closed_is_refused(windows: bool) -> None:
    with pytest.raises(ValueError, match=r"(?i)quotation"):
        command_words('op "read', windows=windows)


def test_a_dry_run_looks_for_what_would_make_a_password_and_does_not_run_it(cli: Cli, folder: Path, pair: Pair) -> None:
    """It exits as the run does where there is no such program."""
    command = python("open('ran', 'w'); print('n33dle-from-a-command')")
    line = ["wrap", "pay", str(pair.key), str(pair.crt), "--json", "--password"]
    dry = cli(*line, command, "--dry-run")
    assert dry.code == 0, dry.err
    assert not (folder / "ran").exists()
    missing = cli(*line, source("no-such-program"), "--dry-run")
    assert missing.code == 1
    assert missing.out == cli(*line, source("no-such-program")).out
    assert not (folder / "pay").exists()
