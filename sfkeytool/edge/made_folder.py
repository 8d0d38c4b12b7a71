"""Folders that a run makes for its files. Each bears a mark from its first moment, so that a kill leaves none empty."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from sfkeytool.edge.disk import (
    create_file,
    make_private_folder,
    move,
    naming,
    read_regular,
    remove,
    remove_tree,
    sync_folder,
)
from sfkeytool.edge.journal import STAGING_PREFIX, new_transaction
from sfkeytool.edge.locking import FolderVanishedError

_SIZE_LIMIT = 32


class Mark(Struct, frozen=True):
    """What the mark of a folder says: whether it is private and so gets a .gitignore, and how many folders above it
    were made with it."""

    private: bool
    above: int


def made_path(folder: Path) -> Path:
    """The mark of a folder that we made and in which no run has ended yet, whichever run will be the first. Pure."""
    return folder / f"{STAGING_PREFIX}.made"


def read_mark(folder: Path) -> Mark | None:
    """The mark of a folder; None if it has none. Raises OSError."""
    try:
        content = read_regular(made_path(folder), _SIZE_LIMIT)
    except FileNotFoundError:
        return None
    kind, _, above = (content or b"").partition(b" ")
    return Mark(kind != b"shared", int(above) if above.isdigit() and len(above) < _SIZE_LIMIT else 0)


def count_missing(folder: Path) -> int:
    """How many folders above ``folder`` are not there. Raises OSError."""
    return sum(not place.exists() for place in folder.parents)


def make_folder(folder: Path, label: Path, mark: Mark) -> None:
    """Make what is missing of ``folder`` (resolved): staged beside the topmost, with the mark, and renamed.

    ``label`` is how the user wrote it. Raises FolderVanishedError if another run interferes, and OutputError.
    """
    with naming(label):
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        if not missing:
            return
        top = missing[-1]
        staged = top.parent / f"{STAGING_PREFIX}-{new_transaction()}.folder"
        make = make_private_folder if mark.private else Path.mkdir
        with _removed_unless_renamed(staged, folder):
            make(staged)
            inner = staged
            for place in reversed(missing[:-1]):
                inner /= place.name
                make(inner)
            content = f"{'private' if mark.private else 'shared'} {mark.above}"
            create_file(made_path(inner), content.encode("ascii"), 0o600)
            sync_folder(inner)
            try:
                move(staged, top)
            except OSError:
                if not os.path.lexists(top):
                    raise
                raise FolderVanishedError(folder) from None  # another run was faster
        sync_folder(top.parent)


@contextmanager
def _removed_unless_renamed(staged: Path, folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        with suppress(OSError):
            remove_tree(staged)
        if isinstance(error, FileNotFoundError):
            raise FolderVanishedError(
                folder
            ) from None  # another run took it for a killed one's, or removed what it was in
        raise


def discard_made(folder: Path) -> None:
    """Remove a folder that a run made, with those above that were made with it, if nothing came into them."""
    with suppress(OSError):
        mark = read_mark(folder)
        if mark is None or list(folder.iterdir()) != [made_path(folder)]:
            return
        content = read_regular(made_path(folder), _SIZE_LIMIT) or b""
        remove(made_path(folder))
        try:
            folder.rmdir()
        except OSError:  # another run has just come in, and goes on in its place
            create_file(made_path(folder), content, 0o600)
            if mark_is_outlived(folder):  # it was at its end already
                end_mark(folder)
            raise
        for above in folder.parents[: mark.above]:
            above.rmdir()


def end_mark(folder: Path) -> None:
    """Remove the mark: a run has ended in the folder, and the folder stays."""
    with suppress(OSError):
        remove(made_path(folder))


def mark_is_outlived(folder: Path) -> bool:
    """Whether a folder has its mark still, though a run has ended in it. Raises OSError."""
    mark = read_mark(folder)
    if mark is None:
        return False
    if mark.private:
        return os.path.lexists(folder / ".gitignore")
    return any(not path.name.startswith(STAGING_PREFIX) for path in folder.iterdir())
