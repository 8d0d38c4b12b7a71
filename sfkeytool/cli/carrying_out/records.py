"""The record of a change on the disk, in the folder of the NAME that is followed, and its evidence beside it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, OutputError
from sfkeytool.model import Artifact, ArtifactKind, PlannedFile
from sfkeytool.workflows.carry_out.evidence import encode_evidence
from sfkeytool.workflows.carry_out.record import CarryOut, encode_record, parse_record

_ENDING = "-carry-out.json"
_LOCK = ".sfkeytool-carry-out.lock"


def record_path(folder: Path, new_name: str) -> Path:
    """Where it is."""
    return folder / f"{new_name}{_ENDING}"


def evidence_path(folder: Path, new_name: str) -> Path:
    """What people get."""
    return folder / f"{new_name}-evidence.md"


def read_records(run: Run, places: Mapping[Path, str]) -> list[tuple[Path, CarryOut]]:
    """Those in these folders, each of the NAME that is said, with its folder, oldest first. Raises InputError: a
    damaged one may be of a change that is under way."""
    found = []
    for folder, name in places.items():
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone
        except OSError:
            continue
        found += [(folder, _read(run, folder / each, name)) for each in names if each.endswith(_ENDING)]
    return sorted(found, key=lambda each: each[1].begun_at)


def _read(run: Run, path: Path, name: str) -> CarryOut:
    record = parse_record(run.read(path).data, str(path))
    if path.name != f"{record.new_name}{_ENDING}" or record.name != name:
        change = f"{record.name} → {record.new_name}"
        raise InputError("carry.damaged", f"{path} is the record of another change: {change}", "move it away")
    return record


def save_record(run: Run, folder: Path, record: CarryOut) -> None:
    """Replace it and its evidence, both or neither; durable on return. Raises OutputError."""
    from sfkeytool.edge.writer import FolderWrite, commit, plan_writes

    artifacts = (
        Artifact(record_path(folder, record.new_name).name, ArtifactKind.REPORT, encode_record(record)),
        Artifact(evidence_path(folder, record.new_name).name, ArtifactKind.REPORT, encode_evidence(record)),
    )
    plan = plan_writes(folder, [PlannedFile(one.filename, one.kind) for one in artifacts], force=True)
    receipts = commit([FolderWrite(plan, artifacts)], now=datetime.now(UTC))
    if not any(written in run.console.receipts for written in receipts):
        run.console.receipts += receipts


@contextmanager
def carrying_out(folder: Path) -> Iterator[None]:
    """No other run carries out a change of this NAME while this lasts. Raises OutputError output.locked."""
    from sfkeytool.edge.locking import LockedError, lock_file

    try:
        with lock_file(folder / _LOCK, lambda: None, 0):
            yield
    except LockedError:
        raise OutputError(
            "output.locked",
            f"another run of sfkeytool carries out a change in {folder}",
            "wait for it to end, or end it: its lock goes with it",
        ) from None
