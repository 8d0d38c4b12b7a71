"""Who else may read a file that holds a secret: looked at when it is there, as not every disk keeps what is set."""

import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sfkeytool.edge.access_list import AccessList, closing_line, read_access_list, readers
from sfkeytool.model import Notice, Receipt
from sfkeytool.shell import path_argument, shell_line

_ELSEWHERE = "keep keys on a disk that does (in WSL one of Linux, not below /mnt); replace one that others could read"


def looked_at(receipt: Receipt) -> Receipt:
    """The receipt, with what is to be said of its secret files now that they are there."""
    notices = written_notices([file.path for file in receipt.files if file.kind.secret])
    return Receipt(receipt.folder, receipt.files, (*receipt.notices, *notices))


def written_notices(paths: Sequence[Path]) -> Iterator[Notice]:
    """Warnings about secret files that were just written, 0600, and that other users may read all the same."""
    by_mode: dict[int, list[str]] = {}
    for path in paths:
        if why := open_by_list(path, read_access_list(path)):
            yield Notice("output.readable-by-others", why)
        elif mode := open_mode(path):
            by_mode.setdefault(mode, []).append(str(path))
    for mode, names in by_mode.items():
        yield Notice(
            "output.readable-by-others",
            f"{', '.join(names)}: open to other users (mode {mode:04o}), as the disk does not keep the mode 0600;"
            f" {_ELSEWHERE}",
        )


def key_notice(path: Path) -> Notice | None:
    """A warning if a private key's file is open to other users, with the command that closes it; else None."""
    why = open_by_list(path, read_access_list(path))
    if mode := open_mode(path):
        close = shell_line(["chmod", "600", path_argument(str(path))])
        why = f"the private key in {path} is open to other users (mode {mode:04o}): {close}"
        if mode & stat.S_IXUSR:  # which nobody gives a key: a disk that keeps no modes shows every file so
            why += f"; if that changes nothing, the disk does not keep modes: {_ELSEWHERE}"
    return Notice("input.key-readable-by-others", why) if why else None


def open_mode(path: Path) -> int:
    """The mode of a regular file that is not for its owner alone; else 0. POSIX only: on Windows it says nothing."""
    if sys.platform == "win32":
        return 0
    try:
        found = path.stat()
    except OSError:
        return 0
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077 else 0


def open_by_list(path: Path, found: AccessList | None) -> str:
    """What to say of the file by its access list; empty if it is closed, or if there is none to go by. Pure."""
    if found is None:
        return ""
    if not found.keeps:
        return f"{path} is open to everybody, as its disk keeps no access lists; {_ELSEWHERE}"
    groups = readers(found)
    if not groups:
        return ""
    close = closing_line(path, found) or "take that from them under Properties > Security"
    return f"{path} can be read by {' and '.join(groups)}; for you alone: {close}"
