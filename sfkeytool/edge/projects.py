"""What a folder is part of: a git work tree, a Salesforce DX project, a retrieve."""

import os
from pathlib import Path

from sfkeytool.model import Notice


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
