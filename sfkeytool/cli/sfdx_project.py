"""Source into an sfdx project that is there, or into a new one."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError
from sfkeytool.model import Artifact, PlannedFile, Receipt

if TYPE_CHECKING:
    from sfkeytool.edge.writer import FolderWrite


_ELSEWHERE = "name another folder with --project"


def project_around(place: Path) -> Path | None:
    return next((folder for folder in (place, *place.parents) if os.path.isfile(folder / "sfdx-project.json")), None)


def write_source(
    run: Run,
    project: Path,
    artifacts: Sequence[Artifact],
    *,
    is_new: bool,
    force: bool,
    instead: str,
    beside: "Sequence[FolderWrite]" = (),
    about: Sequence[str] = (),
) -> tuple[Receipt, ...]:
    """The files of ``project`` together with those of ``beside``; ``about`` tells what they are. ``instead`` is the way
    on where one is there already.

    Raises InputError for a project that is none or has the files, and OutputError.
    """
    from sfkeytool.edge.writer import FolderWrite

    if is_new:
        writes = [FolderWrite(run.plan_new_folder(project, private=False, elsewhere=_ELSEWHERE), tuple(artifacts))]
    else:
        writes = _into_project(run, project, artifacts, force=force, instead=instead)
    return run.commit([*writes, *beside], about)


def _into_project(
    run: Run, project: Path, artifacts: Sequence[Artifact], *, force: bool, instead: str
) -> "list[FolderWrite]":
    """One write for each kind of metadata: its folder in the project's default package directory."""
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.sfdx_project import DEFAULT_FOLDER

    base = project / _package_directory(run, project) / DEFAULT_FOLDER
    for place in {artifact.folder for artifact in artifacts}:
        run.settle(base / place)
    by_folder: dict[Path, list[Artifact]] = {}
    for artifact in artifacts:
        folder = base / artifact.folder
        by_folder.setdefault(folder, []).append(artifact)
        if os.path.lexists(folder / artifact.filename) and not force:
            raise InputError(
                "metadata.exists",
                f"{folder / artifact.filename} exists already; source of what exists is not made anew",
                instead,
            )
    writes = []
    for folder, files in by_folder.items():
        planned = [PlannedFile(artifact.filename, artifact.kind) for artifact in files]
        writes.append(
            FolderWrite(run.plan(folder, planned, force=force, private=False, elsewhere=_ELSEWHERE), tuple(files))
        )
    return writes


def _package_directory(run: Run, project: Path) -> str:
    """The default package directory, relative to the project. Raises InputError for what is no sfdx project."""
    from sfkeytool.outside_json import parse_json

    path = project / "sfdx-project.json"
    if not os.path.isfile(path):
        raise InputError(
            "metadata.no-project", f"{project} is no sfdx project: it has no sfdx-project.json", "name a new folder"
        )
    try:
        folders = parse_json(run.read(path).data)["packageDirectories"]
        default = next((folder for folder in folders if folder.get("default") is True), folders[0])["path"]
        if not isinstance(default, str) or Path(default).is_absolute() or ".." in Path(default).parts:
            raise ValueError
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise InputError("metadata.no-project", f"{path} names no package directory") from None
    return default
