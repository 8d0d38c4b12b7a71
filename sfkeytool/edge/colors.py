"""Whether what is printed has colours: for results, errors, help and questions the same."""

import os
import sys
from enum import StrEnum
from typing import TextIO

_ENABLE_VIRTUAL_TERMINAL_PROCESSING = 4
"""SetConsoleMode function, Microsoft's documentation of the Windows console."""


class Color(StrEnum):
    """What ``--color`` says."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_color = Color.AUTO


def choose_color(choice: Color) -> None:
    """What this run's command line says, for everything that it prints."""
    global _color
    _color = choice


def colored(stream: TextIO) -> bool:
    """Whether what goes to ``stream`` has colours and bold type: the only place that decides.

    ``--color`` goes before NO_COLOR (no-color.org), that before FORCE_COLOR (force-color.org) and CLICOLOR_FORCE; where
    nobody says, a terminal gets them, but no TERM=dumb.
    """
    if _color is not Color.AUTO:
        return _color is Color.ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "").lower() not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and _obeys(stream)


def _obeys(stream: TextIO) -> bool:
    """Whether a terminal takes colours as they are written here; a console of Windows does once it is told to."""
    if sys.platform != "win32":
        return os.environ.get("TERM") != "dumb"
    import ctypes
    import msvcrt

    try:
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
    except (OSError, ValueError):  # no file of the system's
        return False
    kernel, mode = ctypes.windll.kernel32, ctypes.c_ulong()
    return bool(
        kernel.GetConsoleMode(handle, ctypes.byref(mode))
        and kernel.SetConsoleMode(handle, mode.value | _ENABLE_VIRTUAL_TERMINAL_PROCESSING)
    )
