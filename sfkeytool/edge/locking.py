"""One run at a time in a folder.

The lock is on a file in the folder and not on the folder itself: NFS, SMB and Windows lock no folders. It is
removed while it is held, so that nothing stays; whoever gets a lock on a removed file tries again.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sfkeytool.edge.disk import output_error, regular_stat
from sfkeytool.errors import OutputError

LOCK_NAME = ".sfkeytool.lock"
WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.05
_OPEN = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


class FolderVanishedError(Exception):
    """The folder to be locked is not there (any more), or lets nothing be created in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder


class LockedError(Exception):
    """Another run, which lives, has the lock."""


@contextmanager
def lock_folders(folders: Iterable[Path], check: Callable[[], None]) -> Iterator[None]:
    """Hold the locks of all ``folders`` (resolved paths, each once), always taken in the same order.

    ``check`` is called while waiting, and may raise. Raises OutputError output.locked after 10 seconds,
    output.not-permitted or output.failed; FolderVanishedError if a folder is not there.
    """
    with ExitStack() as locks:
        for folder in sorted(folders):
            locks.enter_context(_lock(folder, check))
        yield


@contextmanager
def _lock(folder: Path, check: Callable[[], None]) -> Iterator[None]:
    try:
        with lock_file(folder / LOCK_NAME, check, WAIT_SECONDS):
            yield
    except LockedError:
        raise OutputError(
            "output.locked",
            f"{folder} is locked by another run of sfkeytool",
            "wait for it to end, or end it: its lock goes with it",
        ) from None


@contextmanager
def lock_file(path: Path, check: Callable[[], None], wait_seconds: float) -> Iterator[None]:
    """Hold the lock on this one file, made if need be and removed afterwards. The system ends it with the process.

    ``check`` as in lock_folders(). Raises LockedError if another run has it all the while; else as lock_folders().
    """
    deadline = time.monotonic() + wait_seconds
    while (descriptor := _try_lock(path)) is None:
        check()
        if time.monotonic() > deadline:
            raise LockedError
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if sys.platform == "win32":
            _close(descriptor)  # Windows removes no open file; one that another run has opened stays
        with suppress(OSError):
            path.unlink()
        if sys.platform != "win32":
            _close(descriptor)


def _try_lock(path: Path) -> int | None:
    """The descriptor that holds the lock, or None if another run holds it (or has just removed it)."""
    try:
        descriptor = os.open(path, _OPEN, 0o600)
    except FileNotFoundError:
        raise FolderVanishedError(path.parent) from None
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EACCES:
            return None  # being removed by its last holder
        raise output_error(error, path) from error
    locked = False
    try:
        # Looked at only once it is held: before, its last holder may still remove it, and another run make a new one.
        locked = _take(descriptor) and _is_named(path, descriptor)
    except OSError as error:
        raise output_error(error, path) from error
    finally:
        if not locked:
            _close(descriptor)
    return descriptor if locked else None


def _is_named(path: Path, descriptor: int) -> bool:
    found = regular_stat(path)
    return found is not None and os.path.samestat(found, os.fstat(descriptor))


def _take(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks: better to write unlocked than not at all.
        return error.errno in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK)
    return True


def _close(descriptor: int) -> None:
    with suppress(OSError):  # nothing was written to it, so nothing is lost
        os.close(descriptor)
