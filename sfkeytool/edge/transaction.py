"""Files in one or more folders appear together or not at all: stage, journal, publish, commit."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from sfkeytool.edge.disk import (
    ANOTHER_FOLDER,
    create_file,
    link_or_copy,
    move,
    naming,
    regular_stat,
    remove,
    replace,
    sync_folder,
)
from sfkeytool.edge.journal import (
    ForeignJournalError,
    Journal,
    JournalFile,
    new_transaction,
    read_journal,
    staged_path,
    write_journal,
)
from sfkeytool.edge.new_folder import NewFolder, stage_folder
from sfkeytool.edge.open_elsewhere import require_closed
from sfkeytool.edge.recovery import decide, settle, sweep
from sfkeytool.errors import OutputError
from sfkeytool.model import Opaque


class NewFile(Opaque, frozen=True):
    """A file to be published: content (may be secret), ``pieces`` that follow it, and mode; or the existing file whose
    second name it is.

    Files of a lower ``rank`` are published earlier. Unless it ``may_replace``, a target that is there wins.
    """

    filename: str
    rank: int
    mode: int = 0o600
    may_replace: bool = False
    content: bytes = b""
    pieces: Callable[[], Iterable[bytes]] | None = None
    second_name_of: Path | None = None
    elsewhere: str = ANOTHER_FOLDER
    """The hint of how to choose another place, where this one cannot be written."""


class FolderChange(Struct, frozen=True):
    """The files and whole new folders in one folder (which is resolved; ``label`` is how the user wrote it)."""

    folder: Path
    label: Path
    files: tuple[NewFile | NewFolder, ...]


def run_transaction(changes: Sequence[FolderChange], check: Callable[[], None]) -> None:
    """Publish all files of all ``changes``, or change nothing.

    The folders exist, wherever they are, each once, and are locked by the caller. ``check`` is called while
    everything can still be undone, and may raise. Raises OutputError, and whatever ``check`` raises; then everything
    is as it was, or the error's code is output.not-undone and the next run finishes the undoing.
    """
    transaction = new_transaction()
    group = [change.folder for change in changes]
    try:
        journals = [_stage(change, _seen_from(change.folder, group), transaction, check) for change in changes]
        for change, journal in zip(changes, journals, strict=True):
            with naming(change.label):
                write_journal(change.folder, transaction, journal)
                sync_folder(change.folder)
        steps = [
            (change, journal, number)
            for change, journal in zip(changes, journals, strict=True)
            for number in range(len(change.files))
        ]
        for change, journal, number in sorted(steps, key=lambda step: step[0].files[step[2]].rank):
            _publish(change, journal, number, transaction)
        with naming(changes[0].label):
            decide(group, transaction)
    except BaseException as error:
        _undo(changes, transaction, error)
        raise
    for folder in group:
        with suppress(OSError):  # it is committed; what cannot be removed now is removed by the next run
            sweep(folder, transaction)


def _stage(change: FolderChange, names: tuple[str, ...], transaction: str, check: Callable[[], None]) -> Journal:
    """Bring everything into the folder that publishing needs, so that it needs no more space afterwards."""
    files = []
    linked = True
    for number, file in enumerate(change.files):
        target = change.folder / file.filename
        if isinstance(file, NewFolder):
            staged = staged_path(change.folder, transaction, number, "folder")
            with naming(change.label / file.filename, file.elsewhere):
                inode = stage_folder(file, staged, check)
            files.append(JournalFile(file.filename, replaces=False, inode=inode))
            continue
        new, put, old = (staged_path(change.folder, transaction, number, state) for state in ("new", "put", "old"))
        with naming(change.label / file.filename, file.elsewhere):
            if file.second_name_of is None:
                create_file(new, file.content if file.pieces is None else _pieces(file, check), file.mode)
            else:
                link_or_copy(file.second_name_of, new)
            linked = link_or_copy(new, put) and linked
            replaces = file.may_replace and regular_stat(target) is not None
            if replaces:
                require_closed(target)  # on Windows a link to it could not be removed again
                link_or_copy(target, old)
        files.append(JournalFile(file.filename, replaces))
        check()
    return Journal(tuple(files), linked, names)


def _pieces(file: NewFile, check: Callable[[], None]) -> Iterator[bytes]:
    yield file.content
    for piece in file.pieces() if file.pieces is not None else ():
        check()
        yield piece


def _seen_from(folder: Path, group: Sequence[Path]) -> tuple[str, ...]:
    """The folders of a transaction, of several, as a journal names them: so that they may be moved together."""
    if len(group) == 1:
        return ()
    names = []
    for other in group:
        try:
            names.append(os.path.relpath(other, folder))
        except ValueError:  # another drive of Windows
            names.append(str(other))
    return tuple(names)


def _publish(change: FolderChange, journal: Journal, number: int, transaction: str) -> None:
    file = journal.files[number]
    target = change.folder / file.filename
    put = staged_path(change.folder, transaction, number, "put")
    with naming(change.label / file.filename):
        if file.inode is not None:
            if os.path.lexists(target):  # POSIX would put it in the place of an empty folder
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            move(staged_path(change.folder, transaction, number, "folder"), target)
            return
        if file.replaces:
            replace(put, target)
            return
        try:
            if journal.linked:
                os.link(put, target)
            elif sys.platform == "win32":
                move(put, target)  # fails if the target is there
            else:
                create_file(target, b"", 0o600)  # holds the name, exclusively
                replace(put, target)
        except FileExistsError:
            # The target belongs to somebody else. Without .new nothing can take it for ours.
            remove(staged_path(change.folder, transaction, number, "new"))
            raise


def _undo(changes: Sequence[FolderChange], transaction: str, error: BaseException) -> None:
    group = [change.folder for change in changes]
    try:
        settle(group, transaction)
    except (OSError, ForeignJournalError) as failure:
        with suppress(OSError, ForeignJournalError):
            if read_journal(group[0], transaction) is None:
                return  # it is undone; what cannot be removed now is removed by the next run
        folders = ", ".join(str(change.label) for change in changes)
        raise OutputError(
            "output.not-undone",
            f"{folders}: writing failed ({error}), and so did undoing it ({failure})",
            "nothing is lost; the next run of sfkeytool in this folder puts everything back",
        ) from error
