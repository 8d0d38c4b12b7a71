"""Commands as people paste them: into cmd.exe and PowerShell on Windows, into a POSIX shell elsewhere."""

import re
import shlex
import sys
from collections.abc import Sequence

_PLAIN = re.compile(r"[\w./\\:=,+@-]+")
"""What no shell of Windows reads as anything but itself."""


def shell_line(arguments: Sequence[str]) -> str:
    """One line to paste. Pure but for the platform."""
    return " ".join(map(quoted, arguments))


def quoted(argument: str) -> str:
    """One argument of such a line. Pure but for the platform."""
    if sys.platform != "win32":
        return shlex.quote(argument)
    return argument if _PLAIN.fullmatch(argument) else f'"{argument}"'


def quoted_path(path: str) -> str:
    """A path as an argument that no command takes for an option. Pure but for the platform."""
    return quoted(path_argument(path))


def path_argument(path: str) -> str:
    """The same where no shell is in between. Pure."""
    return f"./{path}" if path.startswith("-") else path
