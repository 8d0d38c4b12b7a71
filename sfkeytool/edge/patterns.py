"""File names with ``*`` and ``?`` where no shell replaced them: on Windows every program does that by itself."""

import glob
from collections.abc import Iterable
from pathlib import Path


def matching(paths: Iterable[Path]) -> list[Path]:
    """Each path, and in place of a pattern what it matches, sorted, without what begins with a dot; a pattern that
    matches nothing stays, for the error to name. For Windows, where neither mark can be in a file's name."""
    found: list[Path] = []
    for path in paths:
        text = str(path)
        # A bracket is a letter there like any other.
        matches = glob.glob(text.replace("[", "[[]")) if "*" in text or "?" in text else []  # noqa: PTH207
        found += [Path(match) for match in sorted(matches)] or [path]
    return found
