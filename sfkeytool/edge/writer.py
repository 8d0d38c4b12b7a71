"""The only place that creates files: all files of a run appear, or none.

``plan_writes`` refuses early what cannot work; ``commit`` does the work under a lock and answers with a
Receipt, which exists only when the bytes are durable. After a kill, the next plan in the folder repairs.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from sfkeytool.edge.disk import create_file, make_private_folder, naming, remove, sync_folder
from sfkeytool.edge.journal import is_plain_name, made_path
from sfkeytool.edge.locking import FolderVanishedError, lock_folders
from sfkeytool.edge.projects import repository_around
from sfkeytool.edge.receipts import damaged_name, damaged_notice, encode_grown, read_records
from sfkeytool.edge.recovery import is_settled, recover
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.edge.transaction import FolderChange, NewFile, run_transaction
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, ArtifactKind, Notice, PlannedFile, Receipt, WrittenFile

_ATTEMPTS = 5
# Published in this order: first what keeps the rest out of commits, then secrets, then what speaks of them.
_GITIGNORE, _SECRET, _PUBLIC, _RECORD = range(4)


class FolderPlan(Struct, frozen=True):
    """Files that a run may write into ``folder``, checked: it was possible when it was made."""

    folder: Path
    files: tuple[PlannedFile, ...]
    force: bool
    inputs: tuple[Path, ...] = ()
    private: bool = True
    """Whether folders that are made are 0700 and kept out of git."""


class FolderWrite(Struct, frozen=True):
    """What is to be written under a plan: some or all of its files, and the record that its receipt gets."""

    plan: FolderPlan
    artifacts: tuple[Artifact, ...]
    record: Mapping[str, Any] | None = None


def plan_writes(
    folder: Path, files: Sequence[PlannedFile], *, force: bool, inputs: Sequence[Path] = (), private: bool = True
) -> FolderPlan:
    """Check that ``files`` can be written into ``folder``, and repair there what a killed run left.

    Cheap, and writes nothing else. The receipt may exist: it grows. Raises OutputError: output.bad-name,
    output.duplicate, output.not-a-folder, output.not-permitted, output.is-input, output.is-directory,
    output.not-regular, output.key-exists (with ``force`` too), output.exists, output.not-a-receipt, output.locked.
    """
    plan = FolderPlan(folder, tuple(files), force, tuple(inputs), private)
    _check_names(plan)
    with naming(folder):
        place = _existing(folder)
        if not place.is_dir():
            raise OutputError("output.not-a-folder", f"{place} is not a folder; files were to be written to {folder}")
        if place == folder:
            with deferred_signals() as check:
                recover(_resolved(folder), check)
                check()
            place = _existing(folder)  # another run may have failed meanwhile, and removed its folder
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(
                "output.not-permitted",
                f"{place}: writing is not permitted; nothing was changed",
                "choose another folder with --output-dir",
            )
        _check_targets(plan, plan.files)
    return plan


def commit(writes: Sequence[FolderWrite], *, now: datetime) -> tuple[Receipt, ...]:
    """Write all artifacts into all folders, or nothing; one Receipt per folder, in the order of ``writes``.

    Missing folders are made, private ones 0700 and with a .gitignore; several folders are siblings. Secret kinds
    are 0600, others 0644. Raises OutputError (as plan_writes, and output.disk-full, output.failed, output.not-undone),
    KeyboardInterrupt or InterruptedRunError; then nothing has changed, unless the code is output.not-undone.
    A signal that comes when the files are being published is dropped: they are there, and the run is over.
    """
    for write in writes:
        planned = set(write.plan.files)
        if any(PlannedFile(artifact.filename, artifact.kind) not in planned for artifact in write.artifacts):
            raise ValueError("an artifact that was not planned")
    made: list[Path] = []
    with deferred_signals() as check:
        try:
            return _commit(writes, made, now, check)
        except BaseException:
            for folder in reversed(made):
                _remove_folder(folder)
            raise


def repository_notice(folder: Path) -> Notice | None:
    """A warning if ``folder`` (which need not exist) is inside a git work tree or an sfdx project; else None.

    There its secrets may be committed, or deployed to an org with the sources.
    """
    if inside := repository_around(folder):
        return Notice(
            "output.in-repository",
            f"{folder} is inside {inside}: its key and keystore must not be committed",
        )
    return None


def _commit(
    writes: Sequence[FolderWrite], made: list[Path], now: datetime, check: Callable[[], None]
) -> tuple[Receipt, ...]:
    for _ in range(_ATTEMPTS):
        try:
            for write in writes:
                _make_folder(write.plan.folder, made, private=write.plan.private)
            folders = [_resolved(write.plan.folder) for write in writes]
            _check_group(folders)
            for folder in folders:
                recover(folder, check)
            with lock_folders(folders, check):
                with naming(writes[0].plan.folder):
                    if not all(map(is_settled, folders)):
                        continue  # a run was killed in this moment
                pairs = [_prepare(write, folder, now) for write, folder in zip(writes, folders, strict=True)]
                run_transaction([change for _, change in pairs], check)
                for folder in folders:
                    with suppress(OSError):
                        remove(made_path(folder))
        except FolderVanishedError:
            continue  # another run has failed, and removed its folder
        return tuple(receipt for receipt, _ in pairs)
    raise OutputError(
        "output.failed", f"{writes[0].plan.folder} cannot be made, or vanishes again; nothing was changed"
    )


def _prepare(write: FolderWrite, folder: Path, now: datetime) -> tuple[Receipt, FolderChange]:
    plan = write.plan
    files = [
        NewFile(
            artifact.filename,
            rank=_SECRET if artifact.kind.secret else _PUBLIC,
            mode=0o600 if artifact.kind.secret else 0o644,
            may_replace=plan.force and artifact.kind is not ArtifactKind.PRIVATE_KEY,
            content=artifact.content,
        )
        for artifact in write.artifacts
    ]
    written = [PlannedFile(artifact.filename, artifact.kind) for artifact in write.artifacts]
    notices: list[Notice] = []
    if write.record is not None:
        [receipt] = [file for file in plan.files if file.kind is ArtifactKind.RECEIPT]
        written.append(receipt)
        _check_targets(plan, written)
        records = read_records(folder / receipt.filename)
        if records is None:
            aside = damaged_name(folder / receipt.filename, now)
            files.append(NewFile(aside, rank=_RECORD, second_name_of=folder / receipt.filename))
            notices.append(damaged_notice(plan.folder / receipt.filename, aside))
        grown = encode_grown(records, write.record)
        files.append(NewFile(receipt.filename, rank=_RECORD, mode=0o644, may_replace=True, content=grown))
    else:
        _check_targets(plan, written)
    if os.path.lexists(made_path(folder)) and not os.path.lexists(folder / ".gitignore"):
        files.insert(0, NewFile(".gitignore", rank=_GITIGNORE, mode=0o644, content=b"*\n"))
    paths = tuple(WrittenFile(plan.folder / file.filename, file.kind) for file in written)
    return Receipt(plan.folder, paths, tuple(notices)), FolderChange(folder, plan.folder, tuple(files))


def _make_folder(folder: Path, made: list[Path], *, private: bool) -> None:
    """Make what is missing of ``folder``, and tell ``made``. FolderVanishedError if another run interferes."""
    with naming(folder):
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        for place in reversed(missing):
            try:
                make_private_folder(place) if private else place.mkdir()
                made.append(place)
                if place == folder and private:
                    create_file(made_path(folder), b"", 0o600)
                sync_folder(place.parent)
            except FileExistsError:
                continue
            except FileNotFoundError:
                raise FolderVanishedError from None


def _remove_folder(folder: Path) -> None:
    """Remove a folder that we made, if it is still empty."""
    mark = made_path(folder)
    with suppress(OSError):
        if set(folder.iterdir()) <= {mark}:
            marked = os.path.lexists(mark)
            remove(mark)
            try:
                folder.rmdir()
            except OSError:  # another run has just come in, and goes on in its place
                if marked:
                    create_file(mark, b"", 0o600)


def _check_names(plan: FolderPlan) -> None:
    seen: set[str] = set()
    for file in plan.files:
        if not is_plain_name(file.filename):
            raise OutputError("output.bad-name", f"{file.filename!r} cannot be the name of a file in {plan.folder}")
        if file.filename.casefold() in seen:
            raise OutputError("output.duplicate", f"{plan.folder / file.filename} would be written twice")
        seen.add(file.filename.casefold())


def _check_targets(plan: FolderPlan, files: Sequence[PlannedFile]) -> None:
    existing = []
    inputs = list(_stats(plan.inputs))
    for file in files:
        path = plan.folder / file.filename
        with naming(path):
            try:
                found = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
        if any(os.path.samestat(found, other) for other in inputs):
            raise OutputError(
                "output.is-input",
                f"{path} is an input of this run and would be overwritten",
                "move it out of the folder, or choose another folder with --output-dir",
            )
        if stat.S_ISDIR(found.st_mode):
            raise OutputError("output.is-directory", f"{path} is a folder; a file of that name was to be written")
        if not stat.S_ISREG(found.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no regular file"
            raise OutputError("output.not-regular", f"{path} is {what}; it is not written to")
        if file.kind is ArtifactKind.PRIVATE_KEY:
            raise OutputError(
                "output.key-exists",
                f"{path} exists, and a private key is never overwritten, not even with --force",
                "move it away, or choose another folder with --output-dir",
            )
        if file.kind is ArtifactKind.RECEIPT:
            read_records(path)  # which refuses what is somebody else's
        elif not plan.force:
            existing.append(str(path))
    if existing:
        verb = "exists" if len(existing) == 1 else "exist"
        raise OutputError(
            "output.exists",
            f"{', '.join(existing)} {verb} already",
            "--force replaces files, but never a private key",
        )


def _check_group(folders: Sequence[Path]) -> None:
    if len({str(folder).casefold() for folder in folders}) != len(folders):
        raise OutputError("output.duplicate", f"{folders[0]} would be written to twice")
    if len({folder.parent for folder in folders}) > 1:
        where = ", ".join(map(str, folders))
        raise OutputError("output.failed", f"{where}: folders that are written together must lie side by side")


def _existing(folder: Path) -> Path:
    """``folder``, or the nearest place above it that exists."""
    for place in (folder, *folder.parents):
        try:
            os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            continue
        return place
    return folder


def _resolved(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _stats(paths: Sequence[Path]) -> Iterator[os.stat_result]:
    for path in paths:
        with suppress(OSError, ValueError):
            yield path.stat()
