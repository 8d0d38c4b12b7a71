"""Folders that are uploaded as they stand, with whatever lies in them: OneDrive, Dropbox, iCloud, Google Drive."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sfkeytool.edge.disk import read_regular
from sfkeytool.model import Notice

_ONEDRIVE = ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")
"""Variables that OneDrive sets on Windows, to the folders that it keeps."""
_SIZE_LIMIT = 64 << 10
"""Bytes of Dropbox's info.json, which has some hundred: our own bound."""
_ICLOUD = Path("Library", "Mobile Documents")
_ICLOUD_DRIVE = _ICLOUD / "com~apple~CloudDocs"
_PROVIDERS = {"GoogleDrive": "Google Drive", "iCloud Drive": "iCloud"}

# A name tells something where a program of that name puts its folder: right below a home, or a drive.
_NAMES_AT_HOME = r"(OneDrive)(?: - .+)?|(Dropbox)(?: \(.+\))?|(Google ?Drive)|(My Drive)(?: \(.+\))?|(iCloud ?Drive)"
_NAMES_ON_DRIVE = r"(My Drive|Shared drives)"
_MEANT_BY = {"OneDrive": "OneDrive", "Dropbox": "Dropbox", "iCloudDrive": "iCloud", "iCloud Drive": "iCloud"}
_WINDOWS_HOME_IN_WSL = r"/mnt/[a-z]/[Uu]sers/[^/]+"
_DRIVE_IN_WSL = r"/mnt/[a-z]"

_LEFT_BY = {
    ".dropbox.cache": "Dropbox",
    ".shortcut-targets-by-id": "Google Drive",
    ".tmp.driveupload": "Google Drive",
    ".tmp.drivedownload": "Google Drive",
}
"""Folders that these programs keep in one that they upload, whatever it is called."""


def synced_notice(folder: Path) -> Notice | None:
    """A warning if ``folder`` (which need not exist) is inside one that is uploaded; else None."""
    if inside := synced_around(folder):
        return Notice(
            "output.in-synced-folder",
            f"{folder} is inside {inside}: its key and keystore are uploaded, and kept there in versions when they are"
            " deleted here; choose a folder outside of it",
        )
    return None


def synced_around(folder: Path, environ: Mapping[str, str] = os.environ, home: Path | None = None) -> str:
    """The folder around ``folder`` (which need not exist) that a service uploads, in words; else empty.

    ``home`` is the user's own by default. Never raises OSError: what cannot be looked at is none.
    """
    home = home or _home()
    place = Path(os.path.realpath(folder))
    around = {_identity(parent): parent for parent in (place, *place.parents)}
    around.pop(None, None)
    at_home, homes = None, []
    if home is not None:
        at_home, homes = _identity(home), [Path(os.path.realpath(home)), *Path(os.path.realpath(home)).parents]
    for service, root in _told(environ, home):
        # A setting that names the whole home, or what it lies in, is a slip, or what is left of a program.
        if (found := around.get(_identity(root))) and found not in homes:
            return f"the {service} folder {found}"
    for parent in around.values():
        if service := _by_name(parent, at_home):
            return f"{parent}, by its name a folder of {service}"
        for left, service in _LEFT_BY.items():
            if os.path.isdir(parent / left):
                return f"{parent}, where {left} shows that {service} keeps it"
        if os.path.isfile(parent / ".dropbox"):  # in a home it is a folder
            return f"{parent}, where .dropbox shows that Dropbox keeps it"
    return ""


def _told(environ: Mapping[str, str], home: Path | None) -> Iterator[tuple[str, Path]]:
    """Folders of which a service itself, or the system, says that they are its own; they may be gone."""
    for variable in _ONEDRIVE:
        yield from _absolute("OneDrive", environ.get(variable, ""))
    places = [Path(environ[name], "Dropbox") for name in ("APPDATA", "LOCALAPPDATA") if environ.get(name)]
    for place in (*places, *([home / ".dropbox"] if home else [])):
        yield from _dropbox(place / "info.json")
    if home is None:
        return
    yield "iCloud", home / _ICLOUD
    # With "Desktop & Documents Folders" the one is a link to the other, or both are names of one folder.
    for name in ("Desktop", "Documents"):
        yield "iCloud", home / _ICLOUD_DRIVE / name
    with suppress(OSError):
        for root in sorted((home / "Library" / "CloudStorage").iterdir()):
            provider = root.name.partition("-")[0]
            yield _PROVIDERS.get(provider, provider), root


def _dropbox(info: Path) -> Iterator[tuple[str, Path]]:
    """The folders that Dropbox names: {"personal": {"path": …}, "business": {"path": …}}."""
    with suppress(OSError, ValueError):
        content = read_regular(info, _SIZE_LIMIT) or b""
        from sfkeytool.outside_json import parse_json  # few have such a file

        accounts = parse_json(content)
        for account in accounts.values() if isinstance(accounts, dict) else ():
            path = account.get("path") if isinstance(account, dict) else None
            if isinstance(path, str):
                yield from _absolute("Dropbox", path)


def _absolute(service: str, path: str) -> Iterator[tuple[str, Path]]:
    if Path(path).is_absolute():
        yield service, Path(path)


def _by_name(folder: Path, at_home: tuple[int, int] | None) -> str:
    """The service that gives a folder in this place such a name; else empty."""
    above = folder.parent
    if _identity(above) == at_home or re.fullmatch(_WINDOWS_HOME_IN_WSL, above.as_posix()):
        pattern = _NAMES_AT_HOME
    elif (os.name == "nt" and above == above.parent) or re.fullmatch(_DRIVE_IN_WSL, above.as_posix()):
        pattern = _NAMES_ON_DRIVE
    else:
        return ""
    found = re.fullmatch(pattern, folder.name)
    return _MEANT_BY.get(next(filter(None, found.groups())), "Google Drive") if found else ""


def _identity(path: Path) -> tuple[int, int] | None:
    """What a folder is, however it is spelled; None if there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _home() -> Path | None:
    with suppress(RuntimeError):
        return Path.home()
    return None
