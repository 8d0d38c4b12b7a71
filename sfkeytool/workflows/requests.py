"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported. Hence named tuples, which are
made in a fifth of a data class's time.
"""

from pathlib import Path
from typing import NamedTuple

from sfkeytool.passwords import Source


class ShowRequest(NamedTuple):
    files: tuple[Path, ...]
    passwords: tuple[Source, ...] = ()


class CompareRequest(NamedTuple):
    """``aliases``: none, one for both sides, or one for each."""

    left: Path
    right: Path
    passwords: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()


class ExplainRequest(NamedTuple):
    """``text`` is None for a list of all that is known; ``-`` is standard input."""

    text: str | None
