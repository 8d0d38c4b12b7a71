"""A small JSON file that a program remembers things in: read and replaced under a lock, durable when a call returns."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sfkeytool.edge.disk import create_file, move, naming, read_regular, remove, replace, sync_folder
from sfkeytool.edge.locking import FolderVanishedError, lock_file, lock_folders
from sfkeytool.edge.receipts import damaged_name
from sfkeytool.errors import InputError, OutputError
from sfkeytool.model import Notice
from sfkeytool.outside_json import is_remnant, parse_json

SIZE_LIMIT = 64 << 20
"""Bytes: our own bound, some hundred thousand certificates."""

_ANOTHER_FILE = "give another file with --state"
_BEGINNING = b'{"kind":"sfkeytool-audit-state"'


class DamagedStateError(Exception):
    """The file is empty or breaks off: a disk's doing, not somebody else's file."""


class StateFile:
    """``path`` may not exist yet; its folder must. Get one from open_state()."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any] | None:
        """The JSON object in it; None if there is no file.

        Raises DamagedStateError, InputError audit.state-foreign for what can be no state file, and OutputError.
        """
        with naming(self.path, _ANOTHER_FILE):
            try:
                content = read_regular(self.path, SIZE_LIMIT)
            except FileNotFoundError:
                return None
        try:
            value = parse_json(content) if content is not None and len(content) <= SIZE_LIMIT else None
        except ValueError:
            if is_remnant(content or b"", _BEGINNING):
                raise DamagedStateError from None
            value = None
        if not isinstance(value, dict):
            raise InputError(
                "audit.state-foreign",
                f"{self.path} is no state file of sfkeytool's audit; it was left as it is",
                f"{_ANOTHER_FILE}; a new one is made",
            )
        return value

    def write(self, value: Mapping[str, Any]) -> None:
        """Replace the whole content, atomically; durable on return. Raises OutputError: the old content stays."""
        staged = self.path.with_name(f".sfkeytool-{self.path.name}.new")
        with naming(self.path, _ANOTHER_FILE):
            remove(staged)  # of a run that was killed here; the lock is ours
            try:
                create_file(staged, (json.dumps(value, separators=(",", ":")) + "\n").encode(), 0o600)
                replace(staged, self.path)
            except BaseException:
                remove(staged)
                raise
            sync_folder(self.path.parent)

    def set_aside(self, now: datetime) -> Notice:
        """Rename it, so that nothing is lost, and say so. Raises OutputError."""
        aside = damaged_name(self.path, now)
        with naming(self.path, _ANOTHER_FILE):
            move(self.path, self.path.with_name(aside))
        return Notice(
            "audit.state-damaged",
            f"{self.path} is damaged and was set aside as {aside}: what is due is told once more",
        )


@contextmanager
def open_state(path: Path, check: Callable[[], None] | None) -> Iterator[StateFile]:
    """The state file at ``path``, or where a symlink there leads; no other run has it while this lasts: a moment.

    ``check`` is called while waiting for another run, and may raise; None is for reading only, and writes nothing.
    Raises OutputError output.locked after 10 seconds, and output.no-folder.
    """
    path = path.resolve()
    if check is None:
        yield StateFile(path)
        return
    with _in_folder(path), lock_folders([path.parent], check):
        yield StateFile(path)


@contextmanager
def lock_part(path: Path, part: str, check: Callable[[], None], wait_seconds: float) -> Iterator[None]:
    """While it lasts, no other run works on ``part`` (a word of ASCII) of what ``path`` remembers; the file is free.

    Raises LockedError, and OutputError output.no-folder.
    """
    path = path.resolve()
    with _in_folder(path), lock_file(path.with_name(f".sfkeytool-{part}.lock"), check, wait_seconds):
        yield


@contextmanager
def _in_folder(path: Path) -> Iterator[None]:
    try:
        yield
    except FolderVanishedError:
        raise OutputError(
            "output.no-folder", f"{path.parent}, where the state is to be kept, does not exist", "make the folder first"
        ) from None
