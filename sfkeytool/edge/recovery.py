"""Undo: the same steps for a run that fails and for the next run after one that was killed.

It works from the journal and from what is on the disk, can be interrupted and repeated at any point, and
removes or replaces a target only where that is provably the transaction's own.
"""

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sfkeytool.edge.disk import (
    existing_place,
    move,
    naming,
    regular_stat,
    remove,
    remove_tree,
    replace,
    same_content,
    same_file,
    sync_folder,
)
from sfkeytool.edge.journal import (
    ForeignJournalError,
    Journal,
    is_ours,
    journal_path,
    leftovers,
    read_journal,
    staged_path,
)
from sfkeytool.edge.locking import LOCK_NAME, FolderVanishedError, lock_folders
from sfkeytool.edge.made_folder import discard_made, end_mark, mark_is_outlived
from sfkeytool.model import Notice


def recover(folder: Path, check: Callable[[], None]) -> None:
    """Finish or undo what killed runs left in ``folder`` (resolved), and remove it if one of them made it for nothing.

    A transaction all of whose files are in place is finished, any other is undone. Waits for a run that is at work.
    Journals that are not ours are left alone, with all that belongs to them. ``check`` may raise while waiting.
    Raises OutputError.
    """
    with naming(folder):
        transactions = sorted(leftovers(folder))
    for transaction in transactions:
        with suppress(ForeignJournalError, FolderVanishedError), naming(folder):
            group = _group(folder, transaction)
            with lock_folders([one for one in group if one == folder or _takes_part(one, transaction)], check):
                if _group(folder, transaction) == group:  # else the run was alive, and has ended meanwhile
                    settle(group, transaction, finish=True)
            for member in reversed(group):
                discard_made(member)
    with naming(folder), suppress(FolderVanishedError):
        if mark_is_outlived(folder) or is_ours(folder / LOCK_NAME):
            with lock_folders([folder], check):  # letting go removes the lock's file
                if mark_is_outlived(folder):
                    end_mark(folder)
    discard_made(folder)


def is_settled(folder: Path) -> bool:
    """Whether recover() has nothing to settle in ``folder`` (resolved). Raises OSError."""
    for transaction in leftovers(folder):
        with suppress(ForeignJournalError):
            _group(folder, transaction)
            return False
    return True


def unsettled_notice(folder: Path) -> Notice | None:
    """A warning if settle_folder() would repair something; None else. Raises OutputError."""
    with naming(folder):
        place = existing_place(folder)
        if not (place.is_dir() and os.access(place, os.R_OK)) or is_settled(Path(os.path.realpath(place))):
            return None
    return Notice(
        "output.unsettled",
        f"{place} holds what an interrupted run left; a run that writes repairs that first, and may find other files",
    )


def settle(group: Sequence[Path], transaction: str, *, finish: bool = False) -> None:
    """Bring the folders of a transaction, home first, to one of its two ends, and remove what it left there.

    While the home has a journal the transaction is undone; with ``finish``, only unless every file is in
    place. Without that journal it is committed, or had not begun. The caller holds the locks. Raises OSError
    and ForeignJournalError.
    """
    journals = [(folder, read_journal(folder, transaction)) for folder in group]
    if journals[0][1] is not None:
        if not (finish and all(_complete(folder, transaction, journal) for folder, journal in journals)):
            for folder, journal in journals:
                if journal is not None:
                    _undo(folder, transaction, journal)
        decide(group, transaction)
    for folder in group:
        sweep(folder, transaction)


def decide(group: Sequence[Path], transaction: str) -> None:
    """End a transaction: what is in place, new or old, becomes durable and stays. Raises OSError if it did not end."""
    for folder in group:
        sync_folder(folder)
    remove(journal_path(group[0], transaction))
    # After a power cut the journal may be back, which does no harm: the files are in place, and are found so.
    with suppress(OSError):
        sync_folder(group[0])


def sweep(folder: Path, transaction: str) -> None:
    """Remove what a transaction that has come to its end has left. Raises OSError."""
    for path in leftovers(folder).get(transaction, []):
        if path.name.endswith(".folder"):
            with suppress(FileNotFoundError):  # not a killed run's: it has just been renamed, or another swept it
                remove_tree(path)
        else:
            remove(path)


def _undo(folder: Path, transaction: str, journal: Journal) -> None:
    for number, file in enumerate(journal.files):
        target = folder / file.filename
        old = staged_path(folder, transaction, number, "old")
        if file.inode is not None:
            if _is_published(folder, transaction, journal, number):
                move(target, staged_path(folder, transaction, number, "folder"))
        elif not file.replaces:
            if _is_published(folder, transaction, journal, number):
                remove(target)
        elif regular_stat(old) is None:
            continue  # it is back already
        elif _is_published(folder, transaction, journal, number) or not os.path.lexists(target):
            replace(old, target)
        elif not same_file(old, target) and not same_content(old, target):
            # Somebody wrote a third file there since: both are kept.
            replace(old, folder / f"{file.filename}.kept-{transaction}")


def _is_published(folder: Path, transaction: str, journal: Journal, number: int) -> bool:
    """Whether the target holds our new file: by inode, or by content where there are no hard links.

    Without ``.new`` nothing claims the target, so it never is. A folder is known by its inode.
    """
    file = journal.files[number]
    target = folder / file.filename
    if file.inode is not None:
        return _is_folder(target, file.inode)
    new = staged_path(folder, transaction, number, "new")
    if journal.linked:
        return same_file(new, target)
    if regular_stat(new) is None:
        return False
    if regular_stat(staged_path(folder, transaction, number, "put")) is None:
        return same_content(new, target)
    found = regular_stat(target)  # not moved there yet: at most the empty file that holds the name for it
    return not file.replaces and found is not None and found.st_size == 0


def _is_folder(target: Path, inode: int) -> bool:
    try:
        found = target.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_ino == inode


def _complete(folder: Path, transaction: str, journal: Journal | None) -> bool:
    return journal is not None and all(
        _is_published(folder, transaction, journal, number)
        and (
            journal.linked
            or journal.files[number].inode is not None
            or regular_stat(staged_path(folder, transaction, number, "put")) is None
        )
        for number in range(len(journal.files))
    )


def _group(folder: Path, transaction: str) -> list[Path]:
    """The folders of a transaction that left something in ``folder``, its home first.

    Raises ForeignJournalError, and OSError. A home that is gone leaves the folder to decide for itself.
    """
    journal = read_journal(folder, transaction)
    if journal is None or not journal.folders:
        return [folder]
    members = [Path(os.path.normpath(folder / name)) for name in journal.folders]
    if folder not in members:
        raise ForeignJournalError
    home, *others = members
    if home != folder and not (home.is_dir() and not home.is_symlink()):
        return [folder]
    return [home, *(member for member in others if member == folder or _takes_part(member, transaction))]


def _takes_part(member: Path, transaction: str) -> bool:
    """Whether a folder that a journal names holds anything of its transaction: else it is none of its business."""
    try:
        return transaction in leftovers(member)
    except OSError:
        return False
