"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported. Hence named tuples, which are
made in a fifth of a data class's time.
"""

from datetime import date
from pathlib import Path
from typing import NamedTuple

from sfkeytool.model import Profile, Purpose
from sfkeytool.passwords import Source


class SubjectRequest(NamedTuple):
    """The subject as flags give it: ``rfc4514`` whole, or its parts."""

    rfc4514: str | None = None
    common_name: str | None = None
    organization: str | None = None
    organizational_unit: str | None = None
    locality: str | None = None
    state: str | None = None
    country: str | None = None
    email: str | None = None


class KeyRequest(NamedTuple):
    """Which key: reuse ``file``, else the key in the folder, else a new one of ``bits``.

    ``bits`` is None when none was asked for. ``password`` encrypts the .key that is written.
    """

    file: Path | None = None
    bits: int | None = None
    password: Source | None = None
    input_passwords: tuple[Source, ...] = ()


class SelfSignedRequest(NamedTuple):
    name: str
    subject: SubjectRequest
    san: tuple[str, ...]
    purpose: Purpose
    key: KeyRequest
    days: int
    password: Source
    output_dir: Path | None = None
    force: bool = False


class CsrRequest(NamedTuple):
    name: str
    subject: SubjectRequest
    san: tuple[str, ...]
    purpose: Purpose
    key: KeyRequest
    output_dir: Path | None = None
    force: bool = False


class WrapRequest(NamedTuple):
    name: str
    files: tuple[Path, ...]
    purpose: Purpose
    password: Source
    alias: str | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()
    output_dir: Path | None = None
    force: bool = False


class UnwrapRequest(NamedTuple):
    file: Path
    alias: str | None = None
    passwords: tuple[Source, ...] = ()
    key_password: Source | None = None
    output_dir: Path | None = None
    force: bool = False


class ShowRequest(NamedTuple):
    files: tuple[Path, ...]
    passwords: tuple[Source, ...] = ()


class CompareRequest(NamedTuple):
    left: Path
    right: Path
    passwords: tuple[Source, ...] = ()


class CheckRequest(NamedTuple):
    """``as_of`` is None for now; ``new_password`` is that of repaired copies."""

    files: tuple[Path, ...]
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    as_of: date | None = None
    passwords: tuple[Source, ...] = ()
    fix: bool = False
    new_password: Source | None = None
    output_dir: Path | None = None
    force: bool = False


class ExplainRequest(NamedTuple):
    """``text`` is None for a list of all that is known; ``-`` is standard input."""

    text: str | None
