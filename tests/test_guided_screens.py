"""The guided run on real pseudo-terminals, and what docs/guided shows of it."""

import os
import re
import select
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import THOROUGH
from guided_driver import CTRL_C, DOWN, ENTER, ESC, PASTED
from guided_runs import DOCS, ROADS, captures, normalised, walk, workplace
from screen import Screen

from sfkeytool.cli.command import Aim

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX", allow_module_level=True)

import fcntl
import pty
import termios

_SECONDS = 60


class Terminal:
    """The command on a pseudo-terminal of its own, in a child that has imported all that this process has."""

    def __init__(self, columns: int, *arguments: str, **environment: str) -> None:
        self.screen = Screen(24, columns)
        gate, opened = os.pipe()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _be_the_command(gate, arguments, environment)
        self.resize(columns)
        os.write(opened, b".")
        os.close(gate)
        os.close(opened)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.screen.columns = columns

    def shows(self, text: str) -> str:
        """The screen, once ``text`` stands on it, wherever its lines end."""
        until = time.monotonic() + _SECONDS
        while " ".join(text.split()) not in " ".join(self.screen.shown().split()):
            assert time.monotonic() < until, f"no {text!r} on\n{self.screen.text()}"
            assert self._read(), f"ended without {text!r}\n{self.screen.text()}"
        while self._read(0.02):
            """What is still being drawn."""
        return self.screen.shown()

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def ended(self) -> int:
        """The exit code."""
        while self._read():
            """Up to the end."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self, seconds: float = _SECONDS) -> bool:
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:  # EIO: the other side is closed
            return False
        self.screen.write(data.decode("utf-8", "replace"))
        return bool(data)


def _be_the_command(gate: int, arguments: Sequence[str], environment: dict[str, str]) -> None:
    import sys

    from sfkeytool.cli.app import run_app

    code = 99
    try:
        os.read(gate, 1)
        os.environ.update({"TERM": "xterm", **environment})
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r") for n in range(3))
        code = run_app(list(arguments))
        sys.stdout.flush()
    finally:
        os._exit(code)


@pytest.fixture
def here() -> Iterator[Path]:
    with workplace():
        yield Path.cwd()


@contextmanager
def terminal(columns: int, *arguments: str, **environment: str) -> Iterator[Terminal]:
    made = Terminal(columns, *arguments, **environment)
    try:
        yield made
        assert made.screen.cut == []
    finally:
        os.close(made._fd)


def at_rest(name: str) -> list[str]:
    """The screens of a road as docs/guided has them."""
    return re.split(r"^-{3,}.*\n", (DOCS / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:-1]


@pytest.mark.slow
def test_the_pages_show_what_every_road_shows_today() -> None:
    """Stale? python tests/guided_runs.py"""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in DOCS.glob("*.txt")}
    found = captures()
    assert set(pages) == set(found)
    assert [name for name in found if found[name] != pages[name]] == []


def test_the_pages_go_down_every_row_of_the_menu() -> None:
    """First to last screen of each command, with the row that leads there."""
    from test_guided import COMMANDS

    assert {road.answers[0] for road in ROADS.values()} == {aim.name for aim in Aim}
    walked = {answer for road in ROADS.values() for answer in road.answers[:2] if answer in COMMANDS}
    assert walked | {"audit"} == set(COMMANDS)


@pytest.mark.slow
def test_a_new_pair_costs_an_admin_twelve_keys_beside_its_name(here: Path) -> None:
    """With a generated password, from the bare command to the files."""
    answers = ("MAKE", "self-signed", "pay_api", "jwt", "2048", "", "", "365", "generate", "yes")
    code, ada = walk(ROADS["self-signed"]._replace(answers=answers))
    assert code == 0
    assert Path("pay_api/pay_api.jks.password").exists()
    assert len(ada.keys.replace(DOWN, "v")) - len("pay_api") <= 12


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.slow
def test_the_first_road_on_a_real_terminal(columns: int, here: Path) -> None:
    """From the menu to the files; at 80 columns, screen by screen, it is what the page shows."""
    place, url = str(here), os.environ["SF_ORG_INSTANCE_URL"]
    steps = [
        ("What do you want to do?", ENTER), ("How is it to be made?", ENTER), ("Name of the certificate", "pay_api\r"),
        ("What is it for?", ENTER), ("Size of the key:", ENTER), ("Organization (O)", "Acme\r"),
        ("Country (C)", "DE\r"), ("For how many days", ENTER), ("Password of the keystore:", ENTER), ("Go on?", ENTER),
    ]  # fmt: skip
    screens = []
    with terminal(columns) as ada:
        for question, keys in steps:
            screens.append(normalised(ada.shows(question), place, url))
            ada.press(keys)
        assert ada.ended() == 0
        screens.append(normalised(ada.screen.shown(), place, url))
    if columns == 80:
        assert [screen.rstrip() for screen in screens] == [screen.rstrip() for screen in at_rest("self-signed")]


FIRST_QUESTIONS = {
    Aim.MAKE: ("How is it to be made?", "Name of the certificate"),
    Aim.ANSWER: ("Where is the key", "Name of the certificate"),
    Aim.IMPORT: ("What is to be done?", "Which certificate is to be put into the org"),
    Aim.REFUSED: ("What is there to look at?", "File that Salesforce refuses:"),
    Aim.EXPIRES: ("How is it to be followed?", "Name of the certificate to be followed:"),
    Aim.LOOK: ("", "What is to be looked through?"),
    Aim.MORE: ("What else?", "File or folder to look into:"),
}


WIDTHS = (60, 80, 120)


@pytest.mark.parametrize(
    ("aim", "columns"),
    [(aim, width) for number, aim in enumerate(Aim) for width in (WIDTHS if THOROUGH else (WIDTHS[number % 3],))],
)
@pytest.mark.slow
def test_each_aim_on_a_real_terminal(aim: Aim, columns: int, here: Path) -> None:
    """To the first question of its first command, back by Esc, there again; another size of the window; Ctrl-C."""
    second, first = FIRST_QUESTIONS[aim]
    with terminal(columns) as ada:
        ada.shows("Leave")
        ada.press(DOWN * list(Aim).index(aim) + ENTER)
        if second:
            ada.shows(f"{second}")
            ada.press(ENTER)
        ada.shows(first)
        ada.press(ESC)
        ada.shows("Back" if second else "Leave")
        ada.press(ENTER)
        ada.shows(first)
        ada.press(PASTED)
        assert ada.screen.cut == []
        ada.resize(180 - columns)
        ada.press(CTRL_C)
        assert ada.ended() == 130
        ada.screen.cut.clear()  # what was drawn for the window as it had been may be
        assert " ".join(ada.screen.text().split()).endswith("interrupted; nothing was changed")
        assert "sfkeytool: error" not in ada.screen.text()
