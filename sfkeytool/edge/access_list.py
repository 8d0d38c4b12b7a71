"""Access lists of Windows: which groups of people may read a file, and the line that takes it from them."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from sfkeytool.shell import path_argument, shell_line

# Layouts and numbers: [MS-DTYP] 2.4.2.2 (SID), 2.4.3 (ACCESS_MASK), 2.4.4.1 (ACE_HEADER), 2.4.5 (ACL).
_ACL_HEADER, _ACE_HEADER = 8, 8
_ALLOWED, _DENIED = frozenset({0x00, 0x09}), frozenset({0x01, 0x0A})
"""Types of entries, also those with a condition. Entries of directory objects bear on no file."""
_INHERIT_ONLY, _INHERITED = 0x08, 0x10
_READS = 0x1 | 0x8000_0000 | 0x1000_0000
"""FILE_READ_DATA, GENERIC_READ and GENERIC_ALL: one is enough."""
_EVERYONE = "S-1-1-0"

_GROUPS = {
    _EVERYONE: "Everyone",
    "S-1-5-2": "Network",
    "S-1-5-4": "Interactive",
    "S-1-5-7": "Anonymous",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-547": "Power Users",
}
"""Those that are people at large, on any machine: [MS-DTYP] 2.4.2.4, read in November 2026."""
_OF_A_DOMAIN = {"513": "Domain Users", "514": "Domain Guests"}
_DOMAIN = r"S-1-5-21-\d+-\d+-\d+-(\d+)"


class Entry(Struct, frozen=True):
    """One entry of a list: the ``sid`` as text, the rights in ``mask``."""

    allows: bool
    flags: int
    mask: int
    sid: str


class AccessList(Struct, frozen=True):
    """Of a file. ``entries`` is None where there is no list, so that everybody may do everything; ``user`` is the SID
    of who runs this, empty if it cannot be told; ``keeps`` is whether the disk keeps lists at all."""

    entries: tuple[Entry, ...] | None
    user: str
    keeps: bool = True


def parse_sid(data: bytes) -> str:
    """The SID at the start of ``data``, as text. Raises ValueError if it breaks off. Pure."""
    if len(data) < 8 or len(data) < 8 + 4 * data[1]:
        raise ValueError("a SID that breaks off")
    parts = (int.from_bytes(data[at : at + 4], "little") for at in range(8, 8 + 4 * data[1], 4))
    return "-".join(map(str, ("S", data[0], int.from_bytes(data[2:8], "big"), *parts)))


def parse_acl(data: bytes) -> tuple[Entry, ...]:
    """The entries of an ACL that allow or deny, in their order. Raises ValueError for what is none. Pure."""
    if len(data) < _ACL_HEADER:
        raise ValueError("a list that breaks off")
    entries = []
    at = _ACL_HEADER
    for _ in range(int.from_bytes(data[4:6], "little")):
        size = int.from_bytes(data[at + 2 : at + 4], "little")
        entry = data[at : at + size]
        if size < _ACE_HEADER or len(entry) < size:
            raise ValueError("an entry that breaks off")
        if entry[0] in _ALLOWED | _DENIED:
            mask = int.from_bytes(entry[4:8], "little")
            entries.append(Entry(entry[0] in _ALLOWED, entry[1], mask, parse_sid(entry[_ACE_HEADER:])))
        at += size
    return tuple(entries)


def readers(found: AccessList) -> tuple[str, ...]:
    """The groups of people at large that may read the file, by their English names. Pure.

    Administrators and the system may take any right, and single accounts were given it on purpose: neither is told.
    """
    return tuple(dict.fromkeys(_group(entry.sid) for entry in _reading(found)))


def closing_line(path: Path, found: AccessList) -> str:
    """The line to paste that leaves the file to its user alone: nothing inherited, and nothing granted to the groups
    that may read it. Empty if it is not known who the user is. Pure."""
    if not found.user:
        return ""
    given = dict.fromkeys(f"*{entry.sid}" for entry in _reading(found) if not entry.flags & _INHERITED)
    grant = ["/inheritance:r", "/grant:r", f"*{found.user}:F", *(["/remove:g", *given] if given else [])]
    return shell_line(["icacls", path_argument(str(path), windows=True), *grant], windows=True)


def _reading(found: AccessList) -> Iterator[Entry]:
    """The entries by which a group reads. An entry that denies comes before what it is to outweigh."""
    entries: Sequence[Entry] = found.entries if found.entries is not None else [Entry(True, 0, _READS, _EVERYONE)]
    denied: set[str] = set()
    for entry in entries:
        if entry.flags & _INHERIT_ONLY or not entry.mask & _READS:
            continue
        if not entry.allows:
            denied.add(entry.sid)
        elif _group(entry.sid) and not denied & {entry.sid, _EVERYONE}:
            yield entry


def _group(sid: str) -> str:
    domain = re.fullmatch(_DOMAIN, sid)
    return _OF_A_DOMAIN.get(domain[1], "") if domain else _GROUPS.get(sid, "")


if sys.platform == "win32":
    # Of winnt.h, accctrl.h and fileapi.h.
    _FILE_OBJECT, _DACL = 1, 4
    _TOKEN_QUERY, _TOKEN_USER = 8, 1
    _PERSISTENT_ACLS = 8

    def _asked_of_windows(path: Path) -> AccessList:
        import ctypes
        from ctypes import wintypes

        advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        pointer = ctypes.POINTER(ctypes.c_void_p)
        named = advapi32.GetNamedSecurityInfoW
        named.argtypes = [wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD, pointer, pointer, pointer, pointer, pointer]
        named.restype = wintypes.DWORD
        kernel32.LocalFree.argtypes = [ctypes.c_void_p]
        kernel32.LocalFree.restype = ctypes.c_void_p
        acl, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
        error = named(
            str(path.absolute()), _FILE_OBJECT, _DACL, None, None, ctypes.byref(acl), None, ctypes.byref(descriptor)
        )
        if error:
            raise ctypes.WinError(error)
        try:
            entries = None
            if acl.value:
                size = int.from_bytes(ctypes.string_at(acl.value, _ACL_HEADER)[2:4], "little")
                entries = parse_acl(ctypes.string_at(acl.value, size))
        finally:
            kernel32.LocalFree(descriptor)
        return AccessList(entries, _user(advapi32, kernel32), _keeps_lists(kernel32, path))

    def _user(advapi32, kernel32) -> str:  # type: ignore[no-untyped-def]  # WinDLL exists on Windows alone
        import ctypes
        from ctypes import wintypes

        kernel32.GetCurrentProcess.restype = wintypes.HANDLE
        kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
        advapi32.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE)]
        information = advapi32.GetTokenInformation
        information.argtypes = [
            wintypes.HANDLE,
            ctypes.c_int,
            ctypes.c_void_p,
            wintypes.DWORD,
            ctypes.POINTER(wintypes.DWORD),
        ]
        token, size = wintypes.HANDLE(), wintypes.DWORD()
        if not advapi32.OpenProcessToken(kernel32.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)):
            return ""
        try:
            information(token, _TOKEN_USER, None, 0, ctypes.byref(size))
            buffer = ctypes.create_string_buffer(size.value)
            if not information(token, _TOKEN_USER, buffer, size, ctypes.byref(size)):
                return ""
            # A pointer to the SID, which lies in the same buffer.
            sid = ctypes.c_void_p.from_buffer(buffer).value
            start = (sid or 0) - ctypes.addressof(buffer)
            return parse_sid(buffer.raw[start:]) if 0 < start < size.value else ""
        finally:
            kernel32.CloseHandle(token)

    def _keeps_lists(kernel32, path: Path) -> bool:  # type: ignore[no-untyped-def]
        """Whether the disk does; also where it cannot be told."""
        import ctypes
        from ctypes import wintypes

        kernel32.GetVolumePathNameW.argtypes = [wintypes.LPCWSTR, wintypes.LPWSTR, wintypes.DWORD]
        root = ctypes.create_unicode_buffer(len(str(path.absolute())) + 2)
        flags = wintypes.DWORD()
        return not (
            kernel32.GetVolumePathNameW(str(path.absolute()), root, len(root))
            and kernel32.GetVolumeInformationW(root, None, 0, None, None, ctypes.byref(flags), None, 0)
            and not flags.value & _PERSISTENT_ACLS
        )


def read_access_list(path: Path) -> AccessList | None:
    """That of the file at ``path``; None where it cannot be told, as on every other system. Never raises OSError."""
    if sys.platform == "win32":
        with suppress(ImportError, OSError, AttributeError, ValueError):  # no ctypes, no right to read it, no such call
            return _asked_of_windows(path)
    return None
