"""Files of apps as they were before a change in an org: kept outside any project, 0600, as the way back.

They lie in the user's state folder, one folder for each change: ``original/`` is what the Salesforce CLI deploys to put
the app back, ``change.json`` says of which app and org it is, ``settled`` how the change ended. Without ``settled`` the
run that began it did not come to an end.
"""

import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from msgspec import Struct

from sfkeytool.edge.disk import create_file, make_private_folder, move, naming, read_regular, sync_folder
from sfkeytool.edge.locking import FolderVanishedError, LockedError, lock_file
from sfkeytool.errors import OutputError
from sfkeytool.outside_json import parse_json

ORIGINAL = "original"
_NOTE, _SETTLED = "change.json", "settled"
_STAGED = ".new"
_OURS = "sfkeytool"
_SIZE_LIMIT = 8 << 20
"""Bytes of a file that is read back: our own bound."""
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_ELSEWHERE = "on POSIX, XDG_STATE_HOME names another folder for them"


class KeptOriginal(Struct, frozen=True):
    """``note`` is what was said when it was kept: nothing secret."""

    folder: Path
    note: Mapping[str, Any]

    @property
    def package(self) -> Path:
        """What the Salesforce CLI deploys to put the app back."""
        return self.folder / ORIGINAL

    def read(self, relative: str) -> bytes:
        """A file of it; secret. Raises OutputError."""
        path = self.package / relative
        with naming(path, _ELSEWHERE):
            content = read_regular(path, _SIZE_LIMIT)
        if content is None or len(content) > _SIZE_LIMIT:
            raise OutputError("output.failed", f"{path} is no file that was kept here")
        return content


def originals_folder(environ: Mapping[str, str]) -> Path:
    """Where they are: $XDG_STATE_HOME/sfkeytool/apps, by default in ~/.local/state; %LOCALAPPDATA% on Windows."""
    named = environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME", "")
    base = Path(named) if named and Path(named).is_absolute() else Path.home() / ".local" / "state"
    return base / _OURS / "apps"


@contextmanager
def app_locked(environ: Mapping[str, str], org: str, app: str) -> Iterator[Path]:
    """The folder of one app's originals, made if need be; no other run changes the app while this lasts.

    What a killed run was about to keep is removed. Raises OutputError output.locked, output.not-permitted …
    """
    if not (_PLAIN.fullmatch(org) and _PLAIN.fullmatch(app)):
        raise OutputError("output.bad-name", f"{org}/{app} cannot be the name of a folder")
    place = originals_folder(environ) / org / app
    with _made(place), _locked(place / ".lock", f"another run of sfkeytool is changing {app}"):
        for left in place.glob(f"{_STAGED}-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield place


def keep_original(place: Path, name: str, files: Mapping[str, bytes], note: Mapping[str, Any]) -> KeptOriginal:
    """Keep ``files``, by relative POSIX path, in a new folder of ``place``, whose name begins as said; durable, or
    nothing. Raises OutputError."""
    folder, staged = place / f"{name}-{token_hex(3)}", place / f"{_STAGED}-{token_hex(8)}"
    with naming(folder, _ELSEWHERE):
        try:
            make_private_folder(staged)
            _fill(staged / ORIGINAL, files)
            create_file(staged / ".gitignore", b"*\n", 0o600)
            create_file(staged / _NOTE, (json.dumps(note, indent=2) + "\n").encode(), 0o600)
            sync_folder(staged)
            move(staged, folder)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        sync_folder(place)
    return KeptOriginal(folder, note)


def unsettled_originals(environ: Mapping[str, str], org: str, app: str) -> list[KeptOriginal]:
    """Those of changes that did not come to an end, oldest first; one whose note cannot be read is left out."""
    found = []
    place = originals_folder(environ) / org / app
    with suppress(OSError):
        for folder in sorted(each for each in place.iterdir() if not each.name.startswith(".")):
            if os.path.lexists(folder / _SETTLED):
                continue
            with suppress(OSError, ValueError):
                note = parse_json(read_regular(folder / _NOTE, _SIZE_LIMIT) or b"")
                if isinstance(note, dict):
                    found.append(KeptOriginal(folder, note))
    return found


def settle_original(kept: KeptOriginal, how: str) -> None:
    """Note that its change came to an end. Raises OutputError."""
    with naming(kept.folder, _ELSEWHERE), suppress(FileExistsError):
        create_file(kept.folder / _SETTLED, f"{how}\n".encode(), 0o600)
        sync_folder(kept.folder)


def discard_original(kept: KeptOriginal) -> None:
    """Remove it: nothing was changed, so that there is nothing to go back from."""
    shutil.rmtree(kept.folder, ignore_errors=True)


@contextmanager
def work_folder(environ: Mapping[str, str]) -> Iterator[Path]:
    """A private folder for what the Salesforce CLI retrieves and deploys, removed at the end; what a killed run left
    is removed now. Raises OutputError."""
    root = originals_folder(environ).with_name("work")
    name = token_hex(8)
    with _made(root):
        for left in root.iterdir():
            if left.is_dir():
                with suppress(LockedError), lock_file(root / f"{left.name}.lock", _no_check, 0):
                    shutil.rmtree(left, ignore_errors=True)
        with _locked(root / f"{name}.lock", "it is in use"):
            folder = root / name
            try:
                with naming(folder, _ELSEWHERE):
                    make_private_folder(folder)
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def make_package(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder, which must not exist, with ``files`` by relative POSIX path, 0600. Raises OutputError."""
    with naming(folder, _ELSEWHERE):
        _fill(folder, files)


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    make_private_folder(folder)
    for relative, content in files.items():
        inner = folder
        for part in relative.split("/")[:-1]:
            inner /= part
            if not inner.is_dir():
                make_private_folder(inner)
        create_file(folder / relative, content, 0o600)
        sync_folder(inner)
    sync_folder(folder)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """``folder`` is there while this lasts, 0700 with all that is made above it; what is empty afterwards is removed,
    as far up as our own folder."""
    with naming(folder, _ELSEWHERE):
        for place in (*reversed(folder.parents), folder):
            if not place.is_dir():
                with suppress(FileExistsError):
                    make_private_folder(place)
    _refuse_others(next(place for place in (folder, *folder.parents) if place.name == _OURS))
    try:
        yield
    finally:
        with suppress(OSError):
            for place in (folder, *folder.parents):
                place.rmdir()
                if place.name == _OURS:
                    break


def _refuse_others(ours: Path) -> None:
    """Raises OutputError for a folder that others own or may write: what is kept there would be theirs to change."""
    if sys.platform == "win32":
        return
    with naming(ours, _ELSEWHERE):
        found = ours.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise OutputError(
            "output.not-permitted", f"{ours} is not a folder of this user's alone: no app is kept there", _ELSEWHERE
        )


@contextmanager
def _locked(path: Path, what: str) -> Iterator[None]:
    try:
        with lock_file(path, _no_check, 0):
            yield
    except FolderVanishedError:
        raise OutputError("output.failed", f"{path.parent} has just been removed", "try again") from None
    except LockedError:
        raise OutputError("output.locked", what, "wait for it to end, or end it: its lock goes with it") from None


def _no_check() -> None:
    """While waiting for no lock there is nothing to be checked."""
