"""Whether a person is at this terminal, how wide it is, and how they are asked."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from sfkeytool.edge.ask import Asker


def can_ask(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether a person is there to be asked: terminals, no --json, no --no-prompt, no CI."""
    if given.get("json") or given.get("no_prompt"):
        return False
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def _is_terminal(stream: TextIO | None) -> bool:
    """Not the device NUL, which says on Windows that it is one."""
    if stream is None or not stream.isatty():
        return False
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        with suppress(OSError):  # one that has no number is no NUL either
            handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
            return bool(ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(ctypes.c_ulong())))
    return True


def wants_plain(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether questions and answers are to go line by line, with nothing drawn: --plain, or a terminal that cannot."""
    if given.get("plain") or environ.get("SFKEYTOOL_PLAIN", "").lower() not in ("", "0", "false"):
        return True
    return environ.get("TERM") == "dumb"


def window_columns() -> int:
    """The width of the window, 80 where there is none; as shutil has it, whose import takes longer than a page of
    help does."""
    with suppress(KeyError, ValueError):
        if (said := int(os.environ["COLUMNS"])) > 0:
            return said
    with suppress(AttributeError, OSError, ValueError):  # no stdout, a closed one, one that is no terminal
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80


def terminal_asker(*, plain: bool) -> "Asker":
    """Who asks on this terminal."""
    from sfkeytool.edge.ask import Asker, can_draw

    if plain or not can_draw():
        from sfkeytool.edge.plain_ask import PlainAsker

        return PlainAsker()
    return Asker()
