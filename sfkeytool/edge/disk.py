"""The single steps of the writer on the disk: create, link, compare, sync. None follows a symlink."""

import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sfkeytool.edge.open_elsewhere import CLOSE_IT, blames_another_program, insisting
from sfkeytool.errors import OutputError

ANOTHER_FOLDER = "choose another folder with --output-dir"

_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_CHUNK = 1 << 20

# What os.link says where there are no hard links (FAT, SMB, some network file systems), or where they are
# not allowed for this file (Linux' protected_hardlinks, a full link count).
_NO_LINK = frozenset(
    {
        errno.EPERM,
        errno.EACCES,
        errno.EINVAL,
        errno.ENOSYS,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.EMLINK,
        errno.EXDEV,
    }
)
# What the file system says when it has no such notion as a mode, or a folder that can be synced.
_NO_SUCH_NOTION = frozenset({errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF})


@contextmanager
def naming(path: Path, elsewhere: str = ANOTHER_FOLDER) -> Iterator[None]:
    """Turn an OSError into an OutputError that names ``path``. What the run has changed by then, others know.

    ``elsewhere`` is the hint of how to choose another place.

    Codes: output.disk-full, output.open-elsewhere, output.not-permitted, output.exists, output.failed.
    """
    try:
        yield
    except OSError as error:
        raise output_error(error, path, elsewhere) from error


def output_error(error: OSError, path: Path, elsewhere: str = ANOTHER_FOLDER) -> OutputError:
    """The OutputError for what the system said about ``path``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            "output.disk-full",
            f"{path}: no space is left on the disk",
            f"make room, or {elsewhere}",
        )
    if blames_another_program(error):
        inside = path / Path(str(error.filename)).name if error.filename and path.is_dir() else path
        return OutputError("output.open-elsewhere", f"{inside} is open in another program", CLOSE_IT)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            "output.not-permitted",
            f"{path}: writing is not permitted ({error.strerror})",
            elsewhere,
        )
    if error.errno == errno.EEXIST:
        return OutputError(
            "output.exists",
            f"{path} appeared while it was being written; it is kept",
        )
    return OutputError("output.failed", f"{path} cannot be written ({error.strerror})", elsewhere)


def create_file(path: Path, content: bytes | Iterable[bytes], mode: int) -> None:
    """Create ``path``, which must not exist, with all of ``content``, whole or in pieces, durably.

    It is 0600 from the first moment and gets ``mode`` only when it is complete, whatever the umask. Raises
    OSError.
    """
    descriptor = os.open(path, _CREATE, 0o600)
    try:
        for chunk in [content] if isinstance(content, bytes) else _chunks(content):
            _write(descriptor, chunk)
        _set_mode(descriptor, mode)
        _sync(descriptor)
    finally:
        os.close(descriptor)


def link_or_copy(source: Path, copy: Path) -> bool:
    """Give ``source`` a second name, or a durable copy where there are no hard links; True if it is a link.

    A copy keeps the mode, and is never looser than it. Raises OSError.
    """
    try:
        os.link(source, copy)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
    else:
        return True
    reader = os.open(source, _READ)
    try:
        found = os.fstat(reader)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(source))
        writer = os.open(copy, _CREATE, 0o600)
        try:
            while chunk := os.read(reader, _CHUNK):
                _write(writer, chunk)
            _set_mode(writer, stat.S_IMODE(found.st_mode) & 0o777)
            _sync(writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)
    return False


def read_regular(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file, at most ``limit`` and one more; None if it is no regular file.

    Raises OSError; a missing file is FileNotFoundError.
    """
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    descriptor = os.open(path, _READ)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = bytearray()
        while len(content) <= limit and (chunk := os.read(descriptor, min(_CHUNK, limit + 1 - len(content)))):
            content += chunk
        return bytes(content)
    finally:
        os.close(descriptor)


def regular_stat(path: Path) -> os.stat_result | None:
    """The lstat of a regular file; None for anything else, or nothing. Raises OSError."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def same_file(left: Path, right: Path) -> bool:
    """Whether both are names of one regular file. Raises OSError."""
    one, other = regular_stat(left), regular_stat(right)
    return one is not None and other is not None and os.path.samestat(one, other)


def same_content(left: Path, right: Path) -> bool:
    """Whether both are regular files with the same bytes. Raises OSError."""
    one, other = regular_stat(left), regular_stat(right)
    if one is None or other is None or one.st_size != other.st_size:
        return False
    return read_regular(left, one.st_size) == read_regular(right, other.st_size)


def remove(path: Path) -> None:
    """Remove a file; nothing happens if it is gone already. Raises OSError."""
    with suppress(FileNotFoundError):
        insisting(path.unlink)


def move(source: Path, target: Path) -> None:
    """Give a file or folder another name, at which nothing may be: POSIX would replace it. Raises OSError."""
    insisting(lambda: source.rename(target))


def replace(source: Path, target: Path) -> None:
    """Put a file in the place of another, or where there is none. Raises OSError."""
    insisting(lambda: source.replace(target))


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it. Raises OSError."""
    import shutil

    insisting(lambda: shutil.rmtree(folder))


def make_private_folder(folder: Path) -> None:
    """``mkdir`` with mode 0700, whatever the umask. Raises OSError; FileExistsError if it is there.

    On Windows 0o700 means an access list of the owner, administrators and the system in Python 3.11.10+,
    3.12.4+ and from 3.13 on; older patch releases inherit the parent's list (CVE-2024-4030).
    """
    folder.mkdir(0o700)
    if sys.platform != "win32":
        try:
            folder.chmod(0o700)
        except OSError as error:
            if error.errno not in _NO_SUCH_NOTION:
                folder.rmdir()
                raise


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable, where the system has a call for it. Raises OSError."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return  # a folder to write into but not to list
    try:
        _sync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_NOTION:
            raise
    finally:
        os.close(descriptor)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a call."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= _CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _set_mode(descriptor: int, mode: int) -> None:
    if sys.platform == "win32":
        return
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        # A file system without modes; 0600 was asked for at creation, and there is nothing tighter.
        if error.errno not in _NO_SUCH_NOTION:
            raise


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        # macOS' fsync hands the bytes to the drive without asking it to keep them.
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def existing_place(folder: Path) -> Path:
    """``folder``, or the nearest place above it that exists."""
    for place in (folder, *folder.parents):
        try:
            os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            continue
        return place
    return folder
