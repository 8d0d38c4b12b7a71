"""A whole new folder, complete or absent at any moment, a kill included: staged beside its place, renamed once."""

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from sfkeytool.edge.disk import create_file, make_private_folder, naming, sync_folder
from sfkeytool.edge.journal import is_plain_name, new_transaction
from sfkeytool.edge.locking import FolderVanishedError, lock_folders
from sfkeytool.edge.receipts import encode_grown
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, ArtifactKind, Receipt, WrittenFile

_STAGED = re.compile(r"\.sfkeytool-[0-9a-f]{16}\.folder")


class NewFolderPlan(Struct, frozen=True):
    """A folder that does not exist yet. A private one is 0700 and keeps its content out of git."""

    folder: Path
    private: bool = True


def plan_new_folder(folder: Path, *, private: bool = True) -> NewFolderPlan:
    """Check that ``folder`` can be made. Cheap, and changes nothing.

    Raises OutputError: output.bad-name, output.exists, output.not-a-folder, output.not-permitted.
    """
    if not is_plain_name(folder.name):
        raise OutputError("output.bad-name", f"{folder} cannot be the name of a new folder")
    with naming(folder):
        if os.path.lexists(folder):
            raise OutputError("output.exists", f"{folder} exists already; a new folder was to be made there")
        if not folder.parent.is_dir():
            raise OutputError("output.not-a-folder", f"{folder.parent} is not a folder; {folder.name} was to be in it")
        if not os.access(folder.parent, os.W_OK | os.X_OK):
            raise OutputError("output.not-permitted", f"{folder.parent}: writing is not permitted; nothing was changed")
    return NewFolderPlan(folder, private)


def commit_new_folder(
    plan: NewFolderPlan, artifacts: Sequence[Artifact], record: tuple[str, Mapping[str, Any]] | None = None
) -> Receipt:
    """Make the folder with all ``artifacts`` in it, below ``Artifact.folder`` (a relative POSIX path) where given.

    ``record`` is the name of the receipt and its first record. Secret kinds are 0600, others 0644. Raises as
    plan_new_folder, and output.disk-full, output.failed, KeyboardInterrupt or InterruptedRunError; then nothing has
    changed. What killed runs left staged is removed: it was never published, so nobody knows of it.
    """
    files = list(artifacts)
    if record is not None:
        files.append(Artifact(record[0], ArtifactKind.RECEIPT, encode_grown(None, record[1])))
    written = tuple(WrittenFile(plan.folder / file.folder / file.filename, file.kind) for file in files)
    parent = Path(os.path.realpath(plan.folder.parent))
    with deferred_signals() as check:
        try:
            with lock_folders([parent], check):
                _sweep(parent)
                _stage_and_rename(plan, parent, files, check)
        except FolderVanishedError:
            raise OutputError("output.not-a-folder", f"{plan.folder.parent} is not there any more") from None
    return Receipt(plan.folder, written)


def _stage_and_rename(plan: NewFolderPlan, parent: Path, files: Sequence[Artifact], check: Callable[[], None]) -> None:
    staged = parent / f".sfkeytool-{new_transaction()}.folder"
    try:
        with naming(plan.folder):
            folders = {staged}
            _make(staged, plan.private)
            if plan.private:
                create_file(staged / ".gitignore", b"*\n", 0o644)
            for file in files:
                folder = staged
                for part in PurePosixPath(file.folder).parts:
                    folder /= _plain(part)
                    if folder not in folders:
                        _make(folder, plan.private)
                        folders.add(folder)
                create_file(folder / _plain(file.filename), file.content, 0o600 if file.kind.secret else 0o644)
                check()
            for folder in folders:
                sync_folder(folder)
            plan_new_folder(plan.folder)  # nothing came meanwhile
            staged.rename(parent / plan.folder.name)
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(staged)
        raise
    with suppress(OSError):  # it is there; after a power cut it may be absent, and is then complete nowhere
        sync_folder(parent)


def _make(folder: Path, private: bool) -> None:
    make_private_folder(folder) if private else folder.mkdir()


def _plain(name: str) -> str:
    if not is_plain_name(name):
        raise OutputError("output.bad-name", f"{name!r} cannot be the name of a file or folder")
    return name


def _sweep(parent: Path) -> None:
    """Remove what killed runs left: the caller's lock says that none of them is alive."""
    with suppress(OSError):
        for path in list(parent.iterdir()):
            if _STAGED.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
