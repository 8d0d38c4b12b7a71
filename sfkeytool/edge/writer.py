"""The only place that creates files: all files of a run appear, or none.

``plan_writes`` refuses early what cannot work; ``commit`` does the work under a lock and answers with a
Receipt, which exists only when the bytes are durable. After a kill, the next run in the folder repairs first.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from sfkeytool.edge.disk import ANOTHER_FOLDER, existing_place, naming
from sfkeytool.edge.exposure import looked_at
from sfkeytool.edge.journal import is_plain_name
from sfkeytool.edge.locking import FolderVanishedError, lock_folders
from sfkeytool.edge.made_folder import Mark, count_missing, discard_made, end_mark, make_folder, read_mark
from sfkeytool.edge.new_folder import NewFolder, NewFolderPlan, check_new_folder
from sfkeytool.edge.own_keystore import own_keystores
from sfkeytool.edge.receipts import damaged_name, damaged_notice, encode_grown, read_records
from sfkeytool.edge.recovery import is_settled, recover
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.edge.transaction import FolderChange, NewFile, run_transaction
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, ArtifactKind, Notice, PlannedFile, Receipt, WrittenFile
from sfkeytool.names import one_file

_ATTEMPTS = 5
# Published in this order: first what keeps the rest out of commits, then secrets, then what speaks of them.
_GITIGNORE, _SECRET, _PUBLIC, _RECORD, _FOLDER = range(5)


class FolderPlan(Struct, frozen=True):
    """Files that a run may write into ``folder``, checked: it was possible when it was made."""

    folder: Path
    files: tuple[PlannedFile, ...]
    force: bool
    inputs: tuple[Path, ...] = ()
    private: bool = True
    """Whether folders that are made are 0700 and kept out of git."""
    elsewhere: str = ANOTHER_FOLDER
    """The hint of how to choose another place."""


class FolderWrite(Struct, frozen=True):
    """What is to be written under a plan: some or all of its files, and the record that its receipt gets.

    The receipt of a whole new folder is named like the folder.
    """

    plan: FolderPlan | NewFolderPlan
    artifacts: tuple[Artifact, ...]
    record: Mapping[str, Any] | None = None


def settle_folder(folder: Path) -> None:
    """Repair what a killed run left in ``folder``, or where it would be made: before anything there is looked at.

    What a killed run has published may be undone here, so what was seen before it may be gone. Raises OutputError
    output.locked, output.not-permitted or output.failed.
    """
    with naming(folder):
        place = existing_place(folder)
        if place.is_dir() and (place == folder or os.access(place, os.R_OK)):
            with deferred_signals() as check:
                recover(_resolved(place), check)
                check()


def plan_writes(
    folder: Path,
    files: Sequence[PlannedFile],
    *,
    force: bool,
    inputs: Sequence[Path] = (),
    private: bool = True,
    elsewhere: str = ANOTHER_FOLDER,
    settles: bool = True,
) -> FolderPlan:
    """Check that ``files`` can be written into ``folder``, and, if it ``settles``, repair there what a killed run left.

    Cheap, and writes nothing else. The receipt may exist: it grows. Raises OutputError: output.bad-name,
    output.duplicate, output.not-a-folder, output.not-permitted, output.is-input, output.is-directory,
    output.not-regular, output.key-exists (with ``force`` too), output.exists, output.not-a-receipt, output.locked.
    """
    plan = FolderPlan(folder, tuple(files), force, tuple(inputs), private, elsewhere)
    _check_names(plan)
    if settles:
        settle_folder(folder)
    with naming(folder):
        place = existing_place(folder)
        if not place.is_dir():
            raise OutputError("output.not-a-folder", f"{place} is not a folder; files were to be written to {folder}")
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(
                "output.not-permitted",
                f"{place}: writing is not permitted",
                plan.elsewhere,
            )
        _check_targets(plan, plan.files)
    return plan


def plan_new_folder(
    folder: Path, *, private: bool = True, elsewhere: str = ANOTHER_FOLDER, settles: bool = True
) -> NewFolderPlan:
    """Check that a whole new ``folder`` can be made, and, if it ``settles``, repair beside it what a killed run left.

    Cheap, and writes nothing else. Raises OutputError as settle_folder() and check_new_folder().
    """
    plan = NewFolderPlan(folder, private, elsewhere)
    if settles:
        settle_folder(folder.parent)
    check_new_folder(plan)
    return plan


def commit(writes: Sequence[FolderWrite], *, now: datetime) -> tuple[Receipt, ...]:
    """Write all artifacts into all folders, or nothing; one Receipt per write, in their order.

    Missing folders are made, private ones 0700 and with a .gitignore; the folders may lie anywhere. Secret kinds
    are 0600, others 0644. Raises OutputError (as plan_writes, plan_new_folder, and output.disk-full, output.failed,
    output.not-undone), KeyboardInterrupt or InterruptedRunError; then these writes have changed nothing, unless the
    code is output.not-undone. A signal that comes when the files are being published is dropped: they are there, and
    the run is over.
    """
    _check_planned(writes)
    with deferred_signals() as check:
        try:
            return _commit(writes, now, check)
        except BaseException:
            for write in reversed(writes):
                discard_made(_place(write))
            raise


def rehearse(writes: Sequence[FolderWrite], *, now: datetime) -> tuple[Receipt, ...]:
    """The Receipts that commit() would answer with: all that it checks is checked, and nothing is written.

    Raises as commit(), but for what only writing finds out.
    """
    _check_planned(writes)
    folders = list(dict.fromkeys(map(_place, writes)))
    _check_group(folders)
    pairs = [(_place(write), *_prepare(write, now)) for write in writes]
    for folder in folders:
        _change(folder, writes, pairs)
    return tuple(receipt for _, receipt, _ in pairs)


def _commit(writes: Sequence[FolderWrite], now: datetime, check: Callable[[], None]) -> tuple[Receipt, ...]:
    vanished = writes[0].plan.folder
    for _ in range(_ATTEMPTS):
        folders = list(dict.fromkeys(map(_place, writes)))
        _check_group(folders)
        for folder in folders:
            recover(folder, check)
        try:
            _make_folders(writes)
            with lock_folders(folders, check):
                with naming(writes[0].plan.folder):
                    if not all(map(is_settled, folders)):
                        continue  # a run was killed in this moment
                pairs = [(folder, *_prepare(write, now)) for write in writes for folder in [_place(write)]]
                run_transaction([_change(folder, writes, pairs) for folder in folders], check)
                for folder in folders:
                    end_mark(folder)
        except FolderVanishedError as error:
            vanished = error.folder
            continue  # another run has failed, and removed its folder
        return tuple(map(looked_at, (receipt for _, receipt, _ in pairs)))
    [plan, *_] = [write.plan for write in writes if _place(write) == vanished] or [writes[0].plan]
    raise OutputError(
        "output.failed", f"{vanished}: nothing can be created there, or it vanishes again", plan.elsewhere
    )


def _check_planned(writes: Sequence[FolderWrite]) -> None:
    for write in writes:
        if isinstance(write.plan, NewFolderPlan):
            continue
        planned = set(write.plan.files)
        if any(PlannedFile(artifact.filename, artifact.kind) not in planned for artifact in write.artifacts):
            raise ValueError("an artifact that was not planned")


def _place(write: FolderWrite) -> Path:
    """The folder (resolved) in which a write publishes: for a whole new folder the one above it."""
    plan = write.plan
    return _resolved(plan.folder.parent if isinstance(plan, NewFolderPlan) else plan.folder)


def _make_folders(writes: Sequence[FolderWrite]) -> None:
    """Make what is missing. Raises FolderVanishedError if another run interferes, and OutputError."""
    marks = []
    for write in writes:
        if isinstance(write.plan, FolderPlan):
            with naming(write.plan.folder):
                marks.append((write.plan, Mark(write.plan.private, count_missing(_resolved(write.plan.folder)))))
    for plan, mark in marks:
        make_folder(_resolved(plan.folder), plan.folder, mark)


def _change(
    folder: Path, writes: Sequence[FolderWrite], pairs: Sequence[tuple[Path, Receipt, list[NewFile | NewFolder]]]
) -> FolderChange:
    """All that is published in one folder. Raises OutputError output.duplicate."""
    files = [file for place, _, found in pairs if place == folder for file in found]
    label = next(
        plan.folder if isinstance(plan, FolderPlan) else plan.folder.parent
        for plan in (write.plan for write in writes if _place(write) == folder)
    )
    seen: set[str] = set()
    for file in files:
        if one_file(file.filename) in seen:
            raise OutputError("output.duplicate", f"{label / file.filename} would be written twice")
        seen.add(one_file(file.filename))
    with naming(label):
        mark = read_mark(folder)
        if mark and mark.private and not os.path.lexists(folder / ".gitignore"):
            files.insert(0, NewFile(".gitignore", rank=_GITIGNORE, mode=0o644, content=b"*\n"))
    return FolderChange(folder, label, tuple(files))


def _prepare(write: FolderWrite, now: datetime) -> tuple[Receipt, list[NewFile | NewFolder]]:
    if isinstance(write.plan, NewFolderPlan):
        return _prepare_new_folder(write.plan, write)
    plan = write.plan
    files: list[NewFile | NewFolder] = [
        NewFile(
            artifact.filename,
            rank=_SECRET if artifact.kind.secret else _PUBLIC,
            mode=0o600 if artifact.kind.secret else 0o644,
            may_replace=plan.force and artifact.kind is not ArtifactKind.PRIVATE_KEY,
            content=artifact.content,
            pieces=artifact.pieces,
            elsewhere=plan.elsewhere,
        )
        for artifact in write.artifacts
    ]
    written = [PlannedFile(artifact.filename, artifact.kind) for artifact in write.artifacts]
    notices: list[Notice] = []
    if write.record is not None:
        [receipt] = [file for file in plan.files if file.kind is ArtifactKind.RECEIPT]
        written.append(receipt)
        _check_targets(plan, written)
        path = _place(write) / receipt.filename
        records = read_records(path, verbatim=True)
        if records is None:
            aside = damaged_name(path, now)
            files.append(NewFile(aside, rank=_RECORD, second_name_of=path))
            notices.append(damaged_notice(plan.folder / receipt.filename, aside))
        grown = encode_grown(records, write.record)
        files.append(NewFile(receipt.filename, rank=_RECORD, mode=0o644, may_replace=True, content=grown))
    else:
        _check_targets(plan, written)
    paths = tuple(WrittenFile(plan.folder / file.filename, file.kind) for file in written)
    return Receipt(plan.folder, paths, tuple(notices)), files


def _prepare_new_folder(plan: NewFolderPlan, write: FolderWrite) -> tuple[Receipt, list[NewFile | NewFolder]]:
    check_new_folder(plan)  # nothing came meanwhile
    files = list(write.artifacts)
    if write.record is not None:
        grown = encode_grown(None, write.record)
        files.append(Artifact.of(plan.folder.name, ArtifactKind.RECEIPT, grown))
    written = tuple(WrittenFile(plan.folder / file.folder / file.filename, file.kind) for file in files)
    return Receipt(plan.folder, written), [
        NewFolder(plan.folder.name, _FOLDER, plan.private, tuple(files), plan.elsewhere)
    ]


def _check_names(plan: FolderPlan) -> None:
    seen: set[str] = set()
    for file in plan.files:
        if not is_plain_name(file.filename):
            raise OutputError("output.bad-name", f"{file.filename!r} cannot be the name of a file in {plan.folder}")
        if one_file(file.filename) in seen:
            raise OutputError("output.duplicate", f"{plan.folder / file.filename} would be written twice")
        seen.add(one_file(file.filename))


def _check_targets(plan: FolderPlan, files: Sequence[PlannedFile]) -> None:
    existing = [] if plan.force else list(_in_other_formats(plan.folder, files))
    inputs = list(_stats(plan.inputs))
    for file in files:
        path = plan.folder / file.filename
        with naming(path, plan.elsewhere):
            try:
                found = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
        if any(os.path.samestat(found, other) for other in inputs):
            raise OutputError(
                "output.is-input",
                f"{path} is an input of this run and would be overwritten",
                f"move it out of the folder, or {plan.elsewhere}",
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
                f"move it away, or {plan.elsewhere}",
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


def _in_other_formats(folder: Path, files: Sequence[PlannedFile]) -> Iterator[str]:
    """Keystores that are there, of the NAMEs for which one in another format is to be written: there is one of each."""
    for file in files:
        if file.kind is ArtifactKind.KEYSTORE:
            name = file.filename.rpartition(".")[0]
            yield from (str(path) for path in own_keystores(folder, name) if path.name != file.filename)


def _check_group(folders: Sequence[Path]) -> None:
    if len({one_file(str(folder)) for folder in folders}) != len(folders):
        raise OutputError("output.duplicate", f"{folders[0]} would be written to twice, under two names")


def _resolved(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _stats(paths: Sequence[Path]) -> Iterator[os.stat_result]:
    for path in paths:
        with suppress(OSError, ValueError):
            yield path.stat()
