"""Files that go when their work is done: only those that were meant, and only as they were read."""

import os
from collections.abc import Mapping
from pathlib import Path

from sfkeytool.edge.disk import naming, read_regular, remove, sync_folder
from sfkeytool.edge.locking import FolderVanishedError, lock_folders
from sfkeytool.edge.open_elsewhere import require_closed
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import OutputError


def delete_files(folder: Path, expected: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Delete the files of these names in ``folder``, whose contents are ``expected`` (secret), in this order, under the
    folder's lock. Returns the paths of those that went.

    Raises OutputError output.changed, before any is deleted, for one that is another by now, a link, or gone;
    output.open-elsewhere, output.locked, output.not-permitted, output.failed; KeyboardInterrupt and
    InterruptedRunError before the first.
    """
    resolved = Path(os.path.realpath(folder))
    try:
        with deferred_signals() as check, lock_folders([resolved], check):
            for name, content in expected.items():
                if _read(folder / name, len(content)) != content:
                    raise _changed(folder / name)
                with naming(folder / name):
                    require_closed(resolved / name)
            check()
            for name in expected:
                with naming(folder / name):
                    remove(resolved / name)
            with naming(folder):
                sync_folder(resolved)
    except FolderVanishedError:
        raise _changed(folder) from None
    return tuple(folder / name for name in expected)


def _read(path: Path, limit: int) -> bytes | None:
    with naming(path):
        try:
            return read_regular(path, limit)
        except FileNotFoundError:
            return None


def _changed(path: Path) -> OutputError:
    return OutputError(
        "output.changed", f"{path} is not the file any more that was read before: nothing was deleted", "look at it"
    )
