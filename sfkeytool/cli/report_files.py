"""Files that a flag names and that a run may replace: reports and calendars. Never what is something else."""

import os.path
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.cli.run import Run
from sfkeytool.errors import OutputError, SfkeytoolError
from sfkeytool.model import Artifact, ArtifactKind, Notice, Receipt
from sfkeytool.names import one_file

if TYPE_CHECKING:
    from sfkeytool.audit.model import Inventory
    from sfkeytool.edge.writer import FolderPlan, FolderWrite


def plan_report(run: Run, form: str, path: Path, kind: ArtifactKind) -> "FolderPlan":
    """Refuse early to replace what is no earlier report of this form: a slip of the flag must not cost a key."""
    known = FORMATS[form].beginnings
    if os.path.isfile(path) and (found := _beginning(path, max(map(len, known)))) and not found.startswith(known):
        raise OutputError(
            "output.not-a-report",
            f"{path} exists and is no earlier --{form} file: it is not replaced",
            f"name another file with --{form}, or move this one away",
        )
    return run.plan_file(path, kind, f"--{form}", force=True)


def require_apart(paths: Mapping[str, Path]) -> None:
    """Refuse early two files of one run, by the names of their flags, that would be one: the later would replace the
    earlier. Raises OutputError output.duplicate."""
    flags: dict[str, str] = {}
    for name, path in paths.items():
        first = flags.setdefault(one_file(os.path.realpath(path)), name)
        if first != name:
            raise OutputError(
                "output.duplicate",
                f"{path} would be written twice, by --{first} and --{name}",
                "give each a name of its own; capitals alone make none on every disk",
            )


def require_format(form: str) -> None:
    """Raises UsageError where the library of a format is not installed, so that it is said before anything is made."""
    if library := FORMATS[form].library:
        from sfkeytool.edge.installation import require_library

        require_library(library, f"--{form}")


class Reports:
    """The reports of an audit, each by itself: one that cannot be written is a warning, and costs nothing else."""

    def __init__(self, run: Run, paths: Mapping[str, Path], others: Mapping[str, Path]) -> None:
        """``paths`` by format; ``others``, by the names of their flags, are what else the run writes.

        Raises UsageError where the library of a format is not installed, and OutputError output.duplicate.
        """
        require_apart({**paths, **others})
        self.failed = False
        self._run = run
        self._plans: dict[str, FolderPlan] = {}
        for form in FORMATS:
            if form in paths:
                require_format(form)
                with self.kept_apart(paths[form]):
                    self._plans[form] = plan_report(run, form, paths[form], ArtifactKind.REPORT)

    def planned(self) -> "list[FolderWrite]":
        """What is to be written, without its content."""
        from sfkeytool.edge.writer import FolderWrite

        return [FolderWrite(plan, ()) for plan in self._plans.values()]

    def write(self, inventory: "Inventory") -> list[Receipt]:
        """Write those that can be written."""
        from sfkeytool.edge.writer import FolderWrite

        receipts: list[Receipt] = []
        for form, plan in self._plans.items():
            [file] = plan.files
            with self.kept_apart(plan.folder / file.filename):
                pieces = partial(FORMATS[form].encode, inventory)
                artifact = Artifact(file.filename, file.kind, b"", pieces=pieces)
                receipts += self._run.commit([FolderWrite(plan, (artifact,))])
        return receipts

    @contextmanager
    def kept_apart(self, path: Path) -> Iterator[None]:
        """Make a warning of what costs ``path``: an error of the disk, or a bug of ours."""
        try:
            yield
        except OutputError as error:
            self._tell("; ".join([error.message, *error.hints]))
        except SfkeytoolError:
            raise
        except Exception as error:
            from sfkeytool.audit.model import failure

            self._tell(f"{path}: {failure(error).message}")

    def _tell(self, message: str) -> None:
        self.failed = True
        self._run.console.warn(Notice("report.not-written", message))


def _beginning(path: Path, length: int) -> bytes:
    from sfkeytool.edge.disk import output_error
    from sfkeytool.edge.open_elsewhere import blames_another_program, insisting

    try:
        with insisting(lambda: path.open("rb")) as file:
            return file.read(length)
    except OSError as error:
        if blames_another_program(error):
            raise output_error(error, path) from error
        return b"(unreadable)"
