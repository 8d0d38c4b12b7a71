"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported. Hence named tuples, which are
made in a fifth of a data class's time.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sfkeytool.model import FailOn, Profile, Purpose
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


class AuditRequest(NamedTuple):
    """``within_days`` None: the default, which depends on the life of each; ``fail_on`` None: that of workflows.audit.

    ``reports``: file by format. ``certificates`` is a folder to make, for those of the orgs' apps.
    """

    paths: tuple[Path, ...]
    within_days: int | None
    fail_on: frozenset[FailOn] | None
    passwords: tuple[Source, ...] = ()
    reports: Mapping[str, Path] = MappingProxyType({})
    notify: tuple[Source, ...] = ()
    state: Path | None = None
    dry_run: bool = False
    certificates: Path | None = None
    exclude: tuple[str, ...] = ()


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
