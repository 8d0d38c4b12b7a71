"""What becomes of NAME's keystore once its import is proved: a note in the receipt, and its deletion."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli.finishing import folder_of
from sfkeytool.cli.keystore_field import Found
from sfkeytool.cli.run import Run
from sfkeytool.edge.ask import BackWanted
from sfkeytool.errors import (
    EXIT_FAILED,
    OutputError,
    SfkeytoolError,
    UsageError,
)
from sfkeytool.model import ArtifactKind, KeystoreFormat, Notice, Outcome, PlannedFile
from sfkeytool.workflows.next_steps import deletion_step

if TYPE_CHECKING:
    from sfkeytool.edge.ask import Asker
    from sfkeytool.workflows.ckm_import.result import Imported, ImportRequest


def refuse_deletion(run: Run, request: "ImportRequest", found: Found) -> None:
    """Raises, before anything is begun, what would stand in the way of --delete."""
    from sfkeytool.workflows.ckm_import.deleting import require_key_stays

    if not found.keystore.entries:
        return  # the import is refused for that
    [entry] = found.keystore.entries
    path = _key_path(request)
    if path is not None and any(_is_same(path, found.path.with_name(name)) for name in found.files):
        raise UsageError("usage.delete", f"--key {path} is the keystore itself, which would be deleted")
    named = request.key_file is not None
    key = run.read_found(path, named=named) if path is not None else None
    run.with_passwords(found.passwords, lambda known: require_key_stays(entry, key, known))


def offer_deletion(
    run: Run, request: "ImportRequest", found: Found, outcome: "Outcome[Imported]"
) -> "Outcome[Imported]":
    """Delete the keystore and the file of its password, if --delete or a person says so and the key is kept: it is read
    again now. What is not deleted is told, with why where it was wanted."""
    paths = [found.path.with_name(name) for name in found.files]
    step = deletion_step(
        f"The keystore's work is done. Delete it, as {KeystoreFormat.of(found.path.name).why_delete}:",
        found.path.parent,
        list(found.files),
    )
    kept = replace(outcome, first_steps=(step, *outcome.first_steps))
    if not request.delete and run.asker is None:
        return kept
    from sfkeytool.edge.deleting import delete_files

    try:
        refuse_deletion(run, request, found)
        if not request.delete and run.asker is not None and not _agreed(run, run.asker, paths):
            return kept
        deleted = delete_files(found.path.parent, found.files)
    except SfkeytoolError as error:
        message = f"{found.path} was kept: {error.message}"
        notices = (*outcome.notices, Notice("ckm.keystore-kept", message))
        return replace(kept, notices=notices, exit_code=EXIT_FAILED if request.delete else outcome.exit_code)
    run.console.changed = True
    return replace(outcome, result=replace(outcome.result, deleted=tuple(map(str, deleted))))


def note_import(run: Run, keystore: Path, result: "Imported") -> None:
    """A record in NAME.json, if there is one.

    The import is proved whatever becomes of this, so a receipt that cannot be written is a warning.
    """
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.ckm_import.result import import_record

    folder, files = keystore.parent, PlannedFile.of(keystore.stem, ArtifactKind.RECEIPT)
    if not os.path.isfile(folder / files[0].filename):
        return
    try:
        plan = run.plan(folder, files, force=False)
        run.commit([FolderWrite(plan, (), import_record(result, run.now))], agreed=True)
    except OutputError as error:
        run.console.warn(Notice("ckm.not-noted", f"the import is not noted in the receipt: {error.message}"))


def _key_path(request: "ImportRequest") -> Path | None:
    """The file that keeps the key: the one that is named, else NAME.key."""
    if request.key_file is not None or request.name is None:
        return request.key_file
    path = folder_of(request.name, request.output_dir) / f"{request.name}.key"
    return path if os.path.lexists(path) else None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _agreed(run: Run, asker: "Asker", paths: list[Path]) -> bool:
    told = ["Its key is kept in another file, which was read just now. To be deleted:"]
    run.console.show(["", *told, *(f"    {path}" for path in paths), ""])
    try:
        return asker.confirm("Delete the keystore?", default=False)
    except BackWanted:
        return False
