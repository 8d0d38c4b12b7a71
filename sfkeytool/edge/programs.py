"""Other programs: where they are found, never among somebody else's files, and how they are ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

WINDOWS_ENDINGS = (".com", ".exe", ".bat", ".cmd")
WINDOWS_SEARCH = {"NoDefaultCurrentDirectoryInExePath": "1"}
"""So that a command file, which is run by another program, does not find one in the current folder either."""


def find_program(name: str, environment: Mapping[str, str]) -> str | None:
    """The path of the program ``name`` in a folder of PATH; None if there is none.

    Never in the current folder, where somebody else's files may lie: there Windows looks first, and shutil.which as
    well, and everything else where PATH has an empty or relative entry.
    """
    for entry in environment.get("PATH", os.defpath).split(os.pathsep):
        folder = Path(entry.strip('"') if sys.platform == "win32" else entry)
        if folder.is_absolute() and (found := find_program_at(folder / name)):
            return found
    return None


def find_program_at(path: Path) -> str | None:
    """The path of the program that is there, on Windows also without its ending; None if there is none."""
    endings: tuple[str, ...] = ("",)
    if sys.platform == "win32" and path.suffix.lower() not in WINDOWS_ENDINGS:
        endings = WINDOWS_ENDINGS
    for ending in endings:
        command = f"{path}{ending}"
        if os.path.isfile(command) and os.access(command, os.X_OK):
            return command
    return None


def end_tree(process: "subprocess.Popen[bytes]", environment: Mapping[str, str]) -> None:
    """End a process with all that it started: on POSIX its session, as whose first process it was started."""
    with suppress(OSError, subprocess.TimeoutExpired):
        if sys.platform == "win32":
            system = Path(environment.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
            subprocess.run(
                [str(system), "/T", "/F", "/PID", str(process.pid)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=10,
                check=False,
            )
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
    process.wait()
