"""What NAME.json keeps of a run; how the file grows is sfkeytool/edge/receipts.py."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, to_builtins

from sfkeytool import __version__
from sfkeytool.model import Artifact, Result, UniqueNameText, UtcTime


class RecordedFile(Result, frozen=True, kw_only=True):
    """A file that a run made."""

    name: str
    kind: str


class Record(Struct, frozen=True, kw_only=True, rename="camel"):
    """One run. The fields of its result stand beside these."""

    at: UtcTime
    command: str
    sfkeytool: str
    files: tuple[RecordedFile, ...]
    name: UniqueNameText


class ReceiptFile(Result, frozen=True, kw_only=True):
    """NAME.json: one record a run, the oldest first."""

    format: Literal[1]
    records: tuple[Record, ...]


def receipt_record(
    command: str,
    now: datetime,
    artifacts: Sequence[Artifact],
    result: Result,
    *,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """What NAME.json keeps of a run, JSON-ready: never a secret. ``without`` are fields, by their JSON names."""
    facts: dict[str, Any] = to_builtins(result)
    record = Record(
        at=now.replace(microsecond=0),
        command=command,
        sfkeytool=__version__,
        files=tuple(RecordedFile(name=artifact.filename, kind=artifact.kind) for artifact in artifacts),
        name=facts["name"],
    )
    kept = {name: value for name, value in facts.items() if name not in without}
    return {**to_builtins(record), **kept}
