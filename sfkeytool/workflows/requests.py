"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported.
"""

from dataclasses import dataclass
from pathlib import Path

from sfkeytool.model import Purpose
from sfkeytool.passwords import Source


@dataclass(frozen=True)
class SubjectRequest:
    """The subject as flags give it: ``rfc4514`` whole, or its parts."""

    rfc4514: str | None = None
    common_name: str | None = None
    organization: str | None = None
    organizational_unit: str | None = None
    locality: str | None = None
    state: str | None = None
    country: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class KeyRequest:
    """Which key: reuse ``file``, else the key in the folder, else a new one of ``bits``.

    ``bits`` is None when none was asked for. ``password`` encrypts the .key that is written.
    """

    file: Path | None = None
    bits: int | None = None
    password: Source | None = None
    input_passwords: tuple[Source, ...] = ()


@dataclass(frozen=True)
class SelfSignedRequest:
    name: str
    subject: SubjectRequest
    san: tuple[str, ...]
    purpose: Purpose
    key: KeyRequest
    days: int
    password: Source
    output_dir: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class CsrRequest:
    name: str
    subject: SubjectRequest
    san: tuple[str, ...]
    purpose: Purpose
    key: KeyRequest
    output_dir: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class WrapRequest:
    name: str
    files: tuple[Path, ...]
    purpose: Purpose
    password: Source
    alias: str | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()
    output_dir: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class UnwrapRequest:
    file: Path
    alias: str | None = None
    password: Source | None = None
    key_password: Source | None = None
    output_dir: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class ShowRequest:
    files: tuple[Path, ...]
    password: Source | None = None


@dataclass(frozen=True)
class CompareRequest:
    left: Path
    right: Path
    password: Source | None = None
