"""Lines to paste, in the cmd.exe of this machine: each does what it says, and nothing else. PowerShell's are held by its
documented rules, in test_shell.py."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from test_shell import BOTH, CMD, HOSTILE, POWERSHELL

from sfkeytool.shell import deletion, shell_line

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="cmd.exe is a part of Windows")

TELL = "import json, sys; print(json.dumps(sys.argv[1:]), file=open('told', 'a'))"
NAMES = [
    *("a b", "AT&T", "a&touch PWNED&", "100%", "a^b", "(a)", "it's", "a!b", "!!", "a,b", "a;b", "a=b", "@a", "#a", "~"),
    *("$HOME", "$(a)", "a`b", "[a]", "{a}", "Müller", "-rf", "a", "b", "=a"),
]
"""Of files, as Windows lets them be named."""


def type_at_the_prompt(lines: Iterable[str]) -> None:
    """Let cmd.exe read them as it reads its prompt; not as a batch file, in which %% is one percent sign.

    From a file, as Wine's loses what comes in one piece through a pipe; there a character is what the console's code
    page has for it, while a console gives any.
    """
    typed = Path("typed")
    typed.write_bytes("".join(f"{line}\r\n" for line in lines).encode("oem"))
    with typed.open("rb") as stdin:
        done = subprocess.run(["cmd.exe", "/d", "/q", "/k"], stdin=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done
    typed.unlink()


def told() -> list[list[str]]:
    return [json.loads(line) for line in Path("told").read_text().splitlines()]


def has_characters(line: str) -> bool:
    try:
        return bool(line.encode("oem"))
    except UnicodeEncodeError:
        return False


def test_a_program_gets_the_very_name(folder: Path) -> None:
    Path("tell.py").write_text(TELL)
    names = dict.fromkeys([*HOSTILE, *BOTH, *CMD, *POWERSHELL, *NAMES])
    lines = {name: shell_line([sys.executable, "-I", "-S", "tell.py", name, "end"]) for name in names}
    typed = {
        name: line
        for name, line in lines.items()
        if not line.startswith("(no command to paste: ") and "PowerShell alone" not in line and has_characters(line)
    }
    assert len(typed) > 40
    type_at_the_prompt(typed.values())
    assert told() == [[name, "end"] for name in typed]
    assert {path.name for path in folder.iterdir()} == {"tell.py", "told"}


def test_a_command_file_gets_the_very_name(folder: Path) -> None:
    """As npm's sf.cmd passes on what it was given."""
    Path("tell.py").write_text(TELL)
    Path("sf.cmd").write_text(f'@"{sys.executable}" -I -S tell.py %*\r\n')
    lines = {name: shell_line(["sf", "project", name, "end"]) for name in NAMES}
    typed = {name: line for name, line in lines.items() if not line.startswith("(") and "PowerShell alone" not in line}
    assert len(typed) > 15
    type_at_the_prompt(typed.values())
    assert told() == [["project", name, "end"] for name in typed]


def test_a_deletion_takes_the_very_files(folder: Path) -> None:
    """Each in a folder of its own, among others that a mark within its name could mean."""
    lines = {name: deletion([f"{number}\\{name}", f"{number}\\c"]) for number, name in enumerate(NAMES)}
    assert len([line for line in lines.values() if line]) > 15
    for number in range(len(NAMES)):
        (folder / str(number)).mkdir()
        for name in (*NAMES, "c"):
            (folder / str(number) / name).touch()
    type_at_the_prompt(line for line in lines.values() if line)
    for number, name in enumerate(NAMES):
        left = {path.name for path in (folder / str(number)).iterdir()}
        assert left == {*NAMES, "c"} - ({name, "c"} if lines[name] else set()), lines[name]
