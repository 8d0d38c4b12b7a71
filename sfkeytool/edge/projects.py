"""What a folder is part of: a git work tree, a Salesforce DX project, a retrieve."""

import os
from pathlib import Path


def repository_around(folder: Path) -> str:
    """The git work tree or sfdx project that ``folder`` (which need not exist) is inside of, in words; else empty."""
    place = Path(os.path.realpath(folder))
    for parent in (place, *place.parents):
        # .git is a file in submodules and linked work trees.
        if os.path.lexists(parent / ".git"):
            return f"the git work tree {parent}"
        if os.path.lexists(parent / "sfdx-project.json"):
            return f"the Salesforce DX project {parent}"
    return ""


def project_around(folder: Path, known: dict[Path, str]) -> str:
    """The root of the sfdx project around ``folder``, which may have several package directories; without one, the
    nearest folder with a package.xml, as a retrieve has; else empty. ``known`` holds what was found, and grows."""
    if folder not in known:
        place = folder.resolve()
        around = (place, *place.parents)
        roots = (
            str(parent)
            for mark in ("sfdx-project.json", "package.xml")
            for parent in around
            if os.path.isfile(parent / mark)
        )
        known[folder] = next(roots, "")
    return known[folder]
