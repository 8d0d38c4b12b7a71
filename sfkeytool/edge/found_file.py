"""A file that nobody named, but that lies where NAME.key or NAME.crt belongs: who else could have put it there?"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sfkeytool.edge.disk import create_file, remove
from sfkeytool.edge.journal import new_transaction
from sfkeytool.errors import InputError
from sfkeytool.model import Notice
from sfkeytool.shell import path_argument, shell_line


def found_file_notices(path: Path) -> Iterator[Notice]:
    """Warnings about the file at ``path``: another user's, or in a folder that nothing protects. POSIX only.

    Where every user may replace what is in the folder, and modes hold, it is not used: InputError
    input.folder-open. Mounts of Windows drives, exFAT and some containers' volumes show every folder so.
    """
    if sys.platform == "win32":
        return
    for folder in (path.parent, *([Path(os.path.realpath(path)).parent] if path.is_symlink() else [])):
        if _is_open(folder):
            what = f"every user may replace files in {folder}, where {path.name} was found"
            if _modes_hold(folder):
                raise InputError(
                    "input.folder-open",
                    f"{what}: it may be somebody else's, and is not used",
                    f"if you know it to be yours: {shell_line(['chmod', 'o-w', path_argument(str(folder))])}",
                )
            yield Notice("input.folder-unprotected", f"{what}: modes do not hold there, so nothing tells whose it is")
    try:
        owner = path.stat().st_uid
    except OSError:
        return  # reading it says why
    if owner != os.geteuid():
        yield Notice("input.of-another-user", f"{path} belongs to {_user(owner)}")


def _is_open(folder: Path) -> bool:
    try:
        mode = folder.stat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _modes_hold(folder: Path) -> bool:
    """Whether a file there keeps a mode that is set. False where none can be made: then nobody else can, either."""
    probe, mode = folder / f".sfkeytool-{new_transaction()}.probe", 0o640
    try:
        create_file(probe, b"", mode)
        return stat.S_IMODE(probe.lstat().st_mode) == mode
    except OSError:
        return False
    finally:
        with suppress(OSError):
            remove(probe)


def _user(number: int) -> str:
    if sys.platform == "win32":
        return f"user {number}"
    import pwd

    try:
        return f"{pwd.getpwuid(number).pw_name} (user {number})"
    except KeyError:
        return f"user {number}"
