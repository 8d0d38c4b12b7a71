"""Whether a person is at this terminal, and how they are asked."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfkeytool.edge.ask import Asker


def can_ask(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether a person is there to be asked: terminals, no --json, no --no-prompt, no CI."""
    if given.get("json") or given.get("no_prompt"):
        return False
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def wants_plain(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether questions and answers are to go line by line, with nothing drawn: --plain, or a terminal that cannot."""
    if given.get("plain") or environ.get("SFKEYTOOL_PLAIN", "").lower() not in ("", "0", "false"):
        return True
    return environ.get("TERM") == "dumb"


def terminal_asker(*, plain: bool) -> "Asker":
    """Who asks on this terminal."""
    if plain:
        from sfkeytool.edge.plain_ask import PlainAsker

        return PlainAsker()
    from sfkeytool.edge.ask import Asker

    return Asker()
