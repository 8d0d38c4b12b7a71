"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported. Hence named tuples, which are
made in a fifth of a data class's time.
"""

from datetime import date
from pathlib import Path
from typing import NamedTuple

from sfkeytool.model import Profile, Purpose
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


class CheckRequest(NamedTuple):
    """``as_of`` is None for now; ``new_password`` and ``as_name`` are those of repaired copies."""

    files: tuple[Path, ...]
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    as_of: date | None = None
    passwords: tuple[Source, ...] = ()
    fix: bool = False
    new_password: Source | None = None
    as_name: str | None = None
    output_dir: Path | None = None
    force: bool = False


class ExplainRequest(NamedTuple):
    """``text`` is None for a list of all that is known; ``-`` is standard input."""

    text: str | None
