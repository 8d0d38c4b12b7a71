"""Files that a flag names and that a run may replace: reports and calendars. Never what is something else."""

import os.path
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.cli.run import Run
from sfkeytool.errors import OutputError
from sfkeytool.model import ArtifactKind, PlannedFile

if TYPE_CHECKING:
    from sfkeytool.edge.writer import FolderPlan


def plan_report(run: Run, form: str, path: Path, kind: ArtifactKind) -> "FolderPlan":
    """Refuse early to replace what is no earlier report of this form: a slip of the flag must not cost a key."""
    known = FORMATS[form].beginnings
    if os.path.isfile(path) and (found := _beginning(path, max(map(len, known)))) and not found.startswith(known):
        raise OutputError(
            "output.not-a-report",
            f"{path} exists and is no earlier --{form} file: it is not replaced",
            "name another file, or move this one away",
        )
    return run.plan(path.parent, [PlannedFile(path.name, kind)], force=True, private=False)


def _beginning(path: Path, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(length)
    except OSError:
        return b"(unreadable)"
