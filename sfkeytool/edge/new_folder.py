"""A whole new folder, complete or absent at any moment, a kill included: staged beside its place, renamed once."""

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from sfkeytool.edge.disk import ANOTHER_FOLDER, create_file, make_private_folder, naming, sync_folder
from sfkeytool.edge.journal import is_plain_name
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, Opaque


class NewFolderPlan(Struct, frozen=True):
    """A folder that does not exist yet. A private one is 0700 and keeps its content out of git."""

    folder: Path
    private: bool = True
    elsewhere: str = ANOTHER_FOLDER
    """The hint of how to choose another place."""


class NewFolder(Opaque, frozen=True):
    """A folder to be published under its name with all its files, below ``Artifact.folder`` where given.

    It is published after all files, which have a lower ``rank``: once it is there the run is all but over.
    """

    filename: str
    rank: int
    private: bool
    artifacts: tuple[Artifact, ...]
    elsewhere: str = ANOTHER_FOLDER


def check_new_folder(plan: NewFolderPlan) -> None:
    """Check that the folder can be made. Cheap, and changes nothing.

    Raises OutputError: output.bad-name, output.exists, output.not-a-folder, output.not-permitted.
    """
    folder = plan.folder
    if not is_plain_name(folder.name):
        raise OutputError("output.bad-name", f"{folder} cannot be the name of a new folder")
    with naming(folder, plan.elsewhere):
        if os.path.lexists(folder):
            raise OutputError("output.exists", f"{folder} exists already; a new folder was to be made there")
        if not folder.parent.is_dir():
            raise OutputError("output.not-a-folder", f"{folder.parent} is not a folder; {folder.name} was to be in it")
        if not os.access(folder.parent, os.W_OK | os.X_OK):
            raise OutputError("output.not-permitted", f"{folder.parent}: writing is not permitted", plan.elsewhere)


def stage_folder(new: NewFolder, staged: Path, check: Callable[[], None]) -> int:
    """Make the folder with all its files as ``staged``, durably; its inode. Secret kinds are 0600, others 0644.

    ``check`` is called between the files, and may raise. Raises OSError, and OutputError output.bad-name.
    """
    folders = {staged}
    _make(staged, new.private)
    if new.private:
        create_file(staged / ".gitignore", b"*\n", 0o644)
    for file in new.artifacts:
        folder = staged
        for part in PurePosixPath(file.folder).parts:
            folder /= _plain(part)
            if folder not in folders:
                _make(folder, new.private)
                folders.add(folder)
        content = file.content if file.pieces is None else [file.content, *file.pieces()]
        create_file(folder / _plain(file.filename), content, 0o600 if file.kind.secret else 0o644)
        check()
    for folder in folders:
        sync_folder(folder)
    return staged.lstat().st_ino


def _make(folder: Path, private: bool) -> None:
    make_private_folder(folder) if private else folder.mkdir()


def _plain(name: str) -> str:
    if not is_plain_name(name):
        raise OutputError("output.bad-name", f"{name!r} cannot be the name of a file or folder")
    return name
