"""Files that another program has open. Windows neither replaces, renames nor removes them.

Indexers and virus scanners are at a new file for a moment, a spreadsheet is at one for hours: so each such step is
tried again for a while, and only then fails.
"""

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sfkeytool.errors import InputError

T = TypeVar("T")

CLOSE_IT = "close it there, and run the command again"
"""The hint of an error that names such a file."""

WAIT_SECONDS = 2.0
"""How long another program is waited for: our own bound."""
_POLL_SECONDS = 0.05

# Microsoft's "System Error Codes": ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
_SHARING_VIOLATION = 32
_IN_USE = frozenset({_SHARING_VIOLATION, 33})


def insisting(step: Callable[[], T]) -> T:
    """What ``step`` returns, which is tried again for two seconds while another program has its file open.

    Raises OSError: of the last attempt.
    """
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return step()
        except OSError as error:
            if not blames_another_program(error) or time.monotonic() > end:
                raise
        time.sleep(_POLL_SECONDS)


def require_closed(path: Path) -> None:
    """Raises OSError if another program still has the file ``path`` open after two seconds. Windows alone tells."""
    insisting(lambda: _refuse_open(path))


def blames_another_program(error: OSError) -> bool:
    """Whether the system said no because another program has the file, or one of a folder, open. Never on POSIX.

    What may not be replaced is "access denied", whether another program has it open or the access list says so; and
    what the C library opens has no more than an errno. Then the file itself is asked.
    """
    number = getattr(error, "winerror", None)
    if number in _IN_USE:
        return True
    names = (error.filename, error.filename2) if isinstance(error, PermissionError) else ()
    paths = [Path(name) for name in names if isinstance(name, str)]
    # The C library opens no folders; what Windows itself refuses to rename or remove may be one with an open file.
    return any(map(is_open_elsewhere, paths)) or (number is not None and any(map(_holds_open, paths)))


def is_open_elsewhere(path: Path) -> bool:
    """Whether another program has the file open. False on POSIX, for a folder, and where it cannot be told."""
    return sys.platform == "win32" and _is_shut(str(path))


def input_open_elsewhere(path: Path) -> InputError:
    """What is said of an input that is. Pure."""
    return InputError("input.open-elsewhere", f"{path} is open in another program", CLOSE_IT)


def _holds_open(folder: Path) -> bool:
    return any(is_open_elsewhere(Path(place, name)) for place, _, names in os.walk(folder) for name in names)


def _refuse_open(path: Path) -> None:
    if is_open_elsewhere(path):
        raise PermissionError(errno.EACCES, "another program has it open", str(path), _SHARING_VIOLATION)


if sys.platform == "win32":
    import _winapi

    # Microsoft's "CreateFileW function". Nothing is opened for reading or writing, and nothing is followed.
    _DELETE, _SHARE_NOTHING, _OPEN_EXISTING, _OPEN_REPARSE_POINT = 0x00010000, 0, 3, 0x00200000

    def _is_shut(path: str) -> bool:
        """Whether the file cannot be had for this process alone: for a moment, in which others wait in their turn."""
        try:
            handle = _winapi.CreateFile(path, _DELETE, _SHARE_NOTHING, 0, _OPEN_EXISTING, _OPEN_REPARSE_POINT, 0)
        except OSError as error:
            return error.winerror in _IN_USE
        _winapi.CloseHandle(handle)
        return False

else:

    def _is_shut(_path: str) -> bool:
        return False
