"""A folder for what another program keeps while it runs: for this user alone, and gone after it or the next run."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sfkeytool.edge.disk import make_private_folder, naming
from sfkeytool.edge.journal import STAGING_PREFIX, leftovers, new_transaction
from sfkeytool.edge.locking import FolderVanishedError, LockedError, lock_file
from sfkeytool.errors import OutputError

_END_SECONDS = 10.0
"""How long the last files of a program that is ending are waited for: our own bound."""
_POLL_SECONDS = 0.05
_FOLDER, _LOCK = ".folder", ".lock"


@contextmanager
def scratch_folder(environ: Mapping[str, str]) -> Iterator[Path]:
    """A new folder with mode 0700; it is removed at the end, and with it what killed runs left. Raises OutputError."""
    place = _place(environ)
    with naming(place):
        place.mkdir(0o700, parents=True, exist_ok=True)
    sweep_scratch(environ)
    folder = place / f"{STAGING_PREFIX}-{new_transaction()}{_FOLDER}"
    with lock_file(folder.with_suffix(_LOCK), _nothing, 0.0):
        with naming(folder):
            make_private_folder(folder)
        try:
            yield folder
        finally:
            _remove(folder)


def sweep_scratch(environ: Mapping[str, str]) -> None:
    """Remove the folders of runs that were killed; those of runs that are alive are locked, and stay."""
    place = _place(environ)
    with suppress(OSError):
        folders = [path for paths in leftovers(place).values() for path in paths if path.suffix == _FOLDER]
        locks = [path for path in place.glob(f"{STAGING_PREFIX}-*{_LOCK}") if not path.with_suffix(_FOLDER).exists()]
        for path in (*folders, *locks):
            with (
                suppress(OutputError, LockedError, FolderVanishedError),
                lock_file(path.with_suffix(_LOCK), _nothing, 0.0),
            ):
                if path in folders:
                    _remove(path)


def _remove(folder: Path) -> None:
    """Whatever still writes there is ending: it is tried until nothing is left."""
    end = time.monotonic() + _END_SECONDS
    while os.path.lexists(folder):
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > end:
            break
        time.sleep(_POLL_SECONDS)


def _place(environ: Mapping[str, str]) -> Path:
    """Where this system keeps what may go: nothing there is backed up or synchronised."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")  # noqa: PTH111 - raises nothing
    if sys.platform == "win32":
        caches = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")  # noqa: PTH118
    elif sys.platform == "darwin":
        caches = os.path.join(home, "Library", "Caches")  # noqa: PTH118
    else:
        named = environ.get("XDG_CACHE_HOME", "")
        caches = named if os.path.isabs(named) else os.path.join(home, ".cache")  # noqa: PTH117, PTH118
    return Path(caches, "sfkeytool")


def _nothing() -> None:
    """Nobody is asked while a lock is waited for: it is not waited for."""
