"""``sfkeytool.toml`` where nobody named it: looked for from the current folder upward, as far as all is the user's."""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from sfkeytool.model import Notice

FILE_NAME = "sfkeytool.toml"


def find_defaults_file(environ: Mapping[str, str]) -> tuple[Path | None, Notice | None]:
    """The nearest such file, or None; and a warning where there is one that is not taken.

    The last folder that is looked into is the root of a repository (one that has ``.git``), the home folder, or the
    last of this user and this file system, whichever comes first. On POSIX a folder that every user may change, and a
    file that is another user's or may be written by all, are nobody's to believe; on Windows that cannot be told.
    """
    try:
        folder = Path.cwd()
        device = folder.stat().st_dev
    except OSError:
        return None, None
    home = os.path.realpath(environ.get("USERPROFILE" if sys.platform == "win32" else "HOME") or os.devnull)
    for place in (folder, *folder.parents):
        try:
            found = place.stat()
        except OSError:
            return None, None
        if found.st_dev != device or not _is_ours(found):
            return None, None
        if (path := place / FILE_NAME).is_file() and path.stat().st_size:
            return (path, None) if _is_believed(path) else (None, _not_taken(path))
        if os.path.lexists(place / ".git") or str(place) == home:
            return None, None
    return None, None


def _is_ours(folder: os.stat_result) -> bool:
    if sys.platform == "win32":
        return True
    is_open = bool(folder.st_mode & stat.S_IWOTH) and not folder.st_mode & stat.S_ISVTX
    return folder.st_uid == os.geteuid() and not is_open


def _is_believed(path: Path) -> bool:
    if sys.platform == "win32":
        return True
    try:
        link, file = path.lstat(), path.stat()
    except OSError:
        return False
    return {link.st_uid, file.st_uid} == {os.geteuid()} and not file.st_mode & stat.S_IWOTH


def _not_taken(path: Path) -> Notice:
    return Notice(
        "defaults.not-taken", f"{path} is another user's, or may be written by every user: its defaults are not taken"
    )
