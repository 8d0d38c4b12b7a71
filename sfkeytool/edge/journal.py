"""What a transaction has on the disk while it runs: staged files, and the journal that says what for.

In each folder, TX being 16 random hex digits that all folders of a transaction share:

- ``.sfkeytool-TX-N.new``  the new content of file number N
- ``.sfkeytool-TX-N.put``  its second name, which is moved to the target
- ``.sfkeytool-TX-N.old``  the file that it replaces
- ``.sfkeytool-TX-N.folder``  a whole new folder, which is renamed to its place
- ``.sfkeytool-TX.journal``  complete before the first target is touched

``.sfkeytool-TX.folder`` is a folder that is being made for files, and empty but for its mark.

The first folder is the home of the transaction: while its journal exists, nothing is decided and all can be
undone; removing it is the end.
"""

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from sfkeytool.edge.disk import create_file, read_regular, replace
from sfkeytool.outside_json import parse_json

STAGING_PREFIX = ".sfkeytool"
_LEFTOVER = re.compile(
    r"\.sfkeytool-([0-9a-f]{16})(?:-[0-9]{1,4}\.(?:new|put|old|folder)|\.(?:journal|journal-new|folder))"
)
_FORMAT = 2
_SIZE_LIMIT = 1 << 20
_FILES_LIMIT = 10_000
_FOLDERS_LIMIT = 1_000
_PATH_LIMIT = 4_096


class ForeignJournalError(Exception):
    """A journal that we did not write, or that is damaged: nothing is done on its word."""


class JournalFile(Struct, frozen=True):
    """One target: its name in the folder, and whether there was a file of that name, kept as ``.old``.

    ``inode`` is that of a whole new folder, by which it is known again in its place; None for a file.
    """

    filename: str
    replaces: bool
    inode: int | None = None


class Journal(Struct, frozen=True):
    """What a transaction does in one folder.

    ``folders`` are the folders of the transaction as seen from this one, which is ".", its home first; empty if
    there is only one. They are claims: a folder without files of the transaction has no part in it. ``linked``
    says whether targets are hard links of the staged files, or equal by content only.
    """

    files: tuple[JournalFile, ...]
    linked: bool
    folders: tuple[str, ...] = ()


def new_transaction() -> str:
    return os.urandom(8).hex()


def staged_path(folder: Path, transaction: str, number: int, state: str) -> Path:
    """The path of file ``number`` in ``state`` new, put or old. Pure."""
    return folder / f"{STAGING_PREFIX}-{transaction}-{number}.{state}"


def journal_path(folder: Path, transaction: str) -> Path:
    """The path of a folder's journal. Pure."""
    return folder / f"{STAGING_PREFIX}-{transaction}.journal"


def is_plain_name(name: object) -> bool:
    """Whether ``name`` is a file's name and nothing more: no path, no stream, none of our own names. Pure."""
    if not isinstance(name, str) or name in ("", ".", "..") or len(name) > 255:
        return False
    forbidden = {"\0", "/", os.sep, os.altsep or os.sep} | ({":"} if os.name == "nt" else set())
    return not forbidden & set(name) and not name.lower().startswith(STAGING_PREFIX)


def leftovers(folder: Path) -> dict[str, list[Path]]:
    """What transactions have in ``folder``, by transaction: files and staged folders, ours by name and by owner.

    Empty for a folder that does not exist. Raises OSError.
    """
    found: dict[str, list[Path]] = {}
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return found
    for path in paths:
        match = _LEFTOVER.fullmatch(path.name)
        if match and is_ours(path, stat.S_ISDIR if path.name.endswith(".folder") else stat.S_ISREG):
            found.setdefault(match[1], []).append(path)
    return found


def write_journal(folder: Path, transaction: str, journal: Journal) -> None:
    """Write a folder's journal: whole or not at all. Durable when the folder is synced. Raises OSError."""
    content = {
        "format": _FORMAT,
        "folders": journal.folders,
        "linked": journal.linked,
        "files": [{"name": file.filename, "replaces": file.replaces, "inode": file.inode} for file in journal.files],
    }
    path = journal_path(folder, transaction)
    staged = path.with_name(path.name + "-new")
    create_file(staged, json.dumps(content).encode("ascii"), 0o600)
    replace(staged, path)


def read_journal(folder: Path, transaction: str) -> Journal | None:
    """A folder's journal; None if there is none, or none any more: a run that is at work removes its own.

    Raises ForeignJournalError for one that is not ours or not well-formed, and OSError.
    """
    path = journal_path(folder, transaction)
    if not os.path.lexists(path):
        return None
    try:
        content = read_regular(path, _SIZE_LIMIT) if is_ours(path) else None
    except FileNotFoundError:
        return None
    if content is None or len(content) > _SIZE_LIMIT:
        raise ForeignJournalError
    return parse_journal(content)


def parse_journal(content: bytes) -> Journal:
    """The journal in ``content``; ForeignJournalError for what write_journal would not write. Pure."""
    try:
        fields: Any = parse_json(content)
        journal = Journal(
            files=tuple(map(_parse_file, fields["files"])),
            linked=fields["linked"],
            folders=tuple(fields["folders"]),
        )
        known = fields["format"] == _FORMAT
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ForeignJournalError from None
    names = [file.filename for file in journal.files]
    if (
        not known
        or not all(map(is_plain_name, names))
        or not all(map(_is_path, journal.folders))
        or len(names) > _FILES_LIMIT
        or len(journal.folders) > _FOLDERS_LIMIT
        or len(set(names)) != len(names)
        or len(set(journal.folders)) != len(journal.folders)
        or not all(isinstance(flag, bool) for flag in (journal.linked, *(file.replaces for file in journal.files)))
        or not all(file.inode is None or type(file.inode) is int for file in journal.files)
    ):
        raise ForeignJournalError
    return journal


def _parse_file(fields: Any) -> JournalFile:
    return JournalFile(fields["name"], fields["replaces"], fields.get("inode"))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _PATH_LIMIT and "\0" not in value


def is_ours(path: Path, is_kind: Callable[[int], bool] = stat.S_ISREG) -> bool:
    """Whether ``path`` is of this kind, by default a regular file, and belongs to whom we run as. Raises OSError."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return is_kind(found.st_mode) and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())
