"""Other programs: where they are found, never among somebody else's files, and how they are ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

WINDOWS_ENDINGS = (".com", ".exe", ".bat", ".cmd")
_WINDOWS_SEARCH = {"NoDefaultCurrentDirectoryInExePath": "1"}
"""So that a command file, which is run by another program, does not find one in the current folder either."""

_POLL_SECONDS = 0.05
_CHUNK = 1 << 16


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


class Program(subprocess.Popen[bytes]):
    """One that start_program() started."""

    job: Any = None
    """On Windows the Job that holds it."""


def start_program(
    arguments: Sequence[str], environment: Mapping[str, str], *, stdout: int, cwd: Path | None = None
) -> Program:
    """Start a program, whose path in full comes first, with exactly this environment, closed stdin and no stderr.

    No shell is in between, and nothing is looked for. It gets no terminal and no Ctrl-C: that is for this process
    alone, which then ends it. Raises OSError, and ValueError for characters that no argument can hold.
    """
    program = Program(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={**environment, **(_WINDOWS_SEARCH if sys.platform == "win32" else {})},
        cwd=cwd,
        start_new_session=sys.platform != "win32",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    if sys.platform == "win32":
        from sfkeytool.edge.windows_job import Job

        program.job = Job(program)
    return program


def output_of(
    process: Program,
    environment: Mapping[str, str],
    *,
    seconds: float,
    limit: int,
    check: Callable[[], None],
) -> bytes | None:
    """All that a process prints, once it has ended and nobody holds its pipe any more; may be secret. None if that is
    not so in time; more than ``limit`` bytes if it prints more than that, which is not waited for.

    Whatever happens, also where ``check`` raises for a signal, it is ended, with all that it started, unless it came to
    its end. Until then it is not waited for: the system would give its number, by which it is ended, to another.
    """
    end = time.monotonic() + seconds
    output = bytearray()
    # A thread, as pipes have no timeouts on Windows. Where something has escaped that still holds the pipe, it stays
    # behind, and the pipe open: to close it would hand its number to the next file while it is being read.
    reader = threading.Thread(target=_hear, args=(process.stdout, output, limit), daemon=True)
    whole = False
    try:
        reader.start()
        while reader.is_alive() and time.monotonic() < end:
            check()
            reader.join(_POLL_SECONDS)
        while len(output) <= limit and not reader.is_alive() and not whole and time.monotonic() < end:
            check()
            whole = _has_ended(process)
        check()
    finally:
        if not whole:
            end_tree(process, environment)
            reader.join(_POLL_SECONDS)
        if process.stdout is not None and not reader.is_alive():
            process.stdout.close()
    return bytes(output) if whole or len(output) > limit else None


def _hear(pipe: IO[bytes], output: bytearray, limit: int) -> None:
    while len(output) <= limit and (chunk := pipe.read(min(_CHUNK, limit + 1 - len(output)))):
        output += chunk


def _has_ended(process: Program) -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def end_tree(process: Program, environment: Mapping[str, str]) -> None:
    """End a program with all that it started: on POSIX its session, as whose first process it was started."""
    with suppress(OSError, subprocess.TimeoutExpired):
        if sys.platform == "win32":
            system = Path(environment.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
            try:
                subprocess.run(
                    [str(system), "/T", "/F", "/PID", str(process.pid)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=10,
                    check=False,
                )
            finally:
                process.job.end()  # which holds those too whose parent has ended
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
    process.wait()
