"""Files that a flag names and that a run may replace: reports and calendars. Never what is something else."""

import os.path
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.cli.run import Run
from sfkeytool.errors import OutputError
from sfkeytool.model import ArtifactKind, PlannedFile

_LONGEST_BEGINNING = 32

if TYPE_CHECKING:
    from sfkeytool.edge.writer import FolderPlan


def plan_report(run: Run, form: str, path: Path, kind: ArtifactKind) -> "FolderPlan":
    """Refuse early to replace what is no earlier report of this form: a slip of the flag must not cost a key."""
    if os.path.isfile(path) and (beginning := _beginning(path)) and not beginning.startswith(FORMATS[form].beginnings):
        raise OutputError(
            "output.not-a-report",
            f"{path} exists and is no earlier --{form} file: it is not replaced",
            "name another file, or move this one away",
        )
    return run.plan(path.parent, [PlannedFile(path.name, kind)], force=True, private=False)


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_BEGINNING)
    except OSError:
        return b"(unreadable)"
