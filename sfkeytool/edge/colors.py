"""Whether what is printed has colours: for results, errors, help and questions the same."""

import os
from enum import StrEnum
from typing import TextIO


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
    return stream.isatty() and os.environ.get("TERM") != "dumb"
