"""A private key pasted at the prompt of a real shell on a pseudo-terminal: the terminal never shows any of it."""

import base64
import os
import signal
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pexpect
import pytest
from conftest import Pair, Result, openssl

COMMAND = f"{sys.executable} -m sfkeytool"
QUESTION = "Paste the private key.*Ctrl-D:"
READY = "READY> "


class Shell:
    """bash on a terminal; ``shown`` is all that the terminal was sent."""

    def __init__(self, folder: Path) -> None:
        self._log = StringIO()
        path = os.pathsep.join(filter(None, sys.path))
        environ = {**os.environ, "PYTHONPATH": path, "TERM": "xterm", "CI": "", "PS1": READY, "HISTFILE": ""}
        self.child = pexpect.spawn(
            "bash", ["--norc", "--noprofile", "-i"], cwd=str(folder), env=environ, encoding="utf-8",
            dimensions=(40, 200), timeout=30,
        )  # fmt: skip
        self.child.logfile_read = self._log
        self.child.delaybeforesend = None
        self.child.expect_exact(READY)

    @property
    def shown(self) -> str:
        return self._log.getvalue()

    def start(self, arguments: str) -> None:
        self.child.sendline(f"{COMMAND} {arguments}")
        self.child.expect(QUESTION)

    def end(self) -> int:
        """The exit code, once the shell asks again; echo and lines are as they were."""
        self.child.expect_exact(READY)
        self.child.sendline("echo code=$?; stty -a; echo a-n-d")
        self.child.expect(r"code=(\d+)")
        code = int(self.child.match[1])
        self.child.expect(r"\r\na-n-d")
        modes = self.child.before.replace(";", " ").split()
        assert {"echo", "icanon", "isig", "iexten"} <= set(modes), modes
        assert "quit = ^\\" in self.child.before
        self.child.expect_exact(READY)
        return code


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    if sys.platform == "win32":
        pytest.skip("pseudo-terminals are POSIX")
    shell = Shell(tmp_path_factory.mktemp("shell"))
    yield shell
    shell.child.close(force=True)


@pytest.fixture(scope="module")
def written(pair: Pair) -> str:
    return openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key)


def bracketed(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


PASTES: dict[str, Callable[[str], str]] = {
    "lines": lambda pem: pem.replace("\n", "\r"),
    "lines, and what follows them": lambda pem: pem.replace("\n", "\r") + "\recho LEFT-OVER\r" * 3,
    "lines in brackets": lambda pem: bracketed(pem.replace("\n", "\r")),
    "brackets, no last line end": lambda pem: bracketed(pem.strip().replace("\n", "\r")) + "\r",
    "literal line ends": lambda pem: pem.replace("\n", r"\n") + "\r",
    "literal line ends in brackets": lambda pem: bracketed(pem.replace("\n", r"\n")) + "\r",
    "base64": lambda pem: base64.b64encode(pem.encode()).decode() + "\r\r",
    "base64, and Ctrl-D": lambda pem: base64.b64encode(pem.encode()).decode() + "\x04",
    "base64, over 4,095 bytes": lambda pem: base64.b64encode(b"#" * 1800 + b"\n" + pem.encode()).decode() + "\r\r",
}


def seen(shown: str, pem: str) -> list[str]:
    """Pieces of the key, of any encoding of it, that the terminal has shown."""
    texts = [pem.replace("\n", ""), base64.b64encode(pem.encode()).decode(), "".join(pem.split("\n")[1:-2])]
    return [text[i : i + 8] for text in texts for i in range(30, len(text) - 40) if text[i : i + 8] in shown]


@pytest.mark.parametrize(
    ("form", "plain"),
    [*((form, "") for form in PASTES), ("lines, and what follows them", " --plain"), ("literal line ends", " --plain")],
)
def test_what_is_pasted_is_read_and_never_shown(form: str, plain: str, shell: Shell, written: str) -> None:
    folder = f"out{len(shell.shown)}"
    before = len(shell.shown)
    shell.start(f"unwrap prompt -d {folder}{plain}")
    shell.child.send(PASTES[form](written))
    shell.child.expect(r"\d+ characters received")
    assert shell.end() == 0, shell.shown[before:]
    shown = shell.shown[before:]
    assert not seen(shown, written)
    assert "LEFT-OVER" not in shown
    assert bool(plain) != ("\x1b[?2004h\x1b" in shown or "Ctrl-D:\r\n\x1b[?2004h" in shown)
    cwd = os.readlink(f"/proc/{shell.child.pid}/cwd")
    assert (Path(cwd) / folder / "key.key").read_text() == written


@pytest.mark.parametrize("keys", ["\x03", "\x04", "\r\x04", "-----BEGIN PRIVATE KEY-----\rMIIEvQIBADAN\x03"])
def test_ctrl_c_and_ctrl_d_leave(keys: str, shell: Shell) -> None:
    before = len(shell.shown)
    shell.start("unwrap prompt --plain")
    shell.child.send(keys)
    assert shell.end() == 130
    assert "MIIEvQIB" not in shell.shown[before:]


def test_a_stopped_run_gives_the_terminal_back_and_asks_again(shell: Shell, written: str) -> None:
    before = len(shell.shown)
    shell.start("unwrap prompt --dry-run --plain")
    shell.child.send("\x1a")
    assert shell.end() == 148
    shell.child.sendline("fg")
    shell.child.expect(QUESTION)
    shell.child.send(written.replace("\n", "\r"))
    shell.child.expect("characters received")
    assert shell.end() == 0
    assert not seen(shell.shown[before:], written)


def test_more_than_any_key_is_refused_whole(shell: Shell) -> None:
    before = len(shell.shown)
    shell.start("unwrap prompt --plain")
    shell.child.send("echo LEFT-OVER\r" * 20_000)
    shell.child.expect("more than 256 KB")
    assert shell.end() != 0
    assert "LEFT-OVER" not in shell.shown[before:]


def test_a_signal_gives_the_terminal_back(shell: Shell) -> None:
    before = len(shell.shown)
    shell.start("unwrap prompt --plain")
    shell.child.send("-----BEGIN PRIVATE KEY-----\rMIIEvQIBADAN\r")
    [run] = Path(f"/proc/{shell.child.pid}/task/{shell.child.pid}/children").read_text().split()
    os.kill(int(run), signal.SIGTERM)
    shell.child.expect("interrupted by SIGTERM")
    assert shell.end() == 130
    assert "MIIEvQIB" not in shell.shown[before:]


def test_without_a_terminal_it_says_so(cli: Callable[..., Result]) -> None:
    for arguments in (("unwrap", "prompt"), ("login", "-f", "prompt", "-u", "a@b.example", "-i", "3MVG9")):
        result = cli(*arguments, "--json")
        assert result.code == 2, result
        assert result.json["code"] == "usage.no-terminal", result
