"""SOURCE ``cmd:COMMAND``: a secret that another program prints, a password manager's say. No shell is in between."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import IO

from sfkeytool.edge.programs import WINDOWS_SEARCH, end_tree, find_program, find_program_at
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import InputError, UsageError
from sfkeytool.passwords import Source
from sfkeytool.shell import command_words

TIMEOUT_SECONDS = 30.0
"""Our own bound: time to unlock a password manager in its own window."""
OUTPUT_LIMIT = 64 << 10
"""Bytes: our own bound, that of a password file."""

_POLL_SECONDS = 0.05
_COMMAND_FILES = (".bat", ".cmd")
_OURS = "SFKEYTOOL_"
_TOKEN = "SF_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
_BY_ITSELF = "run it by itself to see what it says; nothing is typed into it here, and it has no terminal"


def run_secret_command(source: Source, option: str, environ: Mapping[str, str], withheld: Collection[str]) -> bytes:
    """What the command at ``source`` prints; secret. ``option`` is the flag that named it, for messages.

    Its stdin is closed and its stderr goes nowhere, as either may hold the secret. It gets no terminal: whoever held
    that would get Ctrl-C instead of us. Its environment is ours without the variables ``withheld`` and those that
    hold secrets by their names.

    Raises UsageError (usage.source, usage.command-file) and InputError (secret.command-missing,
    secret.command-failed, secret.command-timeout, secret.command-empty, secret.too-large).
    """
    what = f"{option}: {source}"
    arguments = find_command(source, what, environ)
    with deferred_signals() as check:  # or one that comes while it is being started would leave it behind
        process = _started(arguments, what, command_environment(environ, withheld))
        output = _output(process, what, environ, check)
    if process.returncode:
        raise InputError("secret.command-failed", f"{what} {ending(process.returncode)}", _BY_ITSELF)
    if not output.strip(b"\r\n"):
        raise InputError("secret.command-empty", f"{what} printed nothing, where the secret was expected", _BY_ITSELF)
    return output


def find_command(source: Source, what: str, environ: Mapping[str, str]) -> list[str]:
    """The arguments that the command at ``source`` is, the program's path in full first; ``what`` an error calls it.

    Raises UsageError (usage.source, usage.command-file) and InputError (secret.command-missing).
    """
    try:
        program, *rest = command_words(source.argument, windows=sys.platform == "win32")
    except ValueError:
        raise UsageError(
            "usage.source", f"{what} has a quotation mark that is not closed", "quote the whole for the shell"
        ) from None
    return [_found(program, what, environ), *rest]


def _found(name: str, what: str, environ: Mapping[str, str]) -> str:
    """The path of the program, in full. A bare name is looked for in PATH alone, a path is taken as it is."""
    named = Path(name).name != name
    found = find_program_at(Path(os.path.abspath(name))) if named else find_program(name, environ)  # noqa: PTH100
    if found is None:
        raise InputError(
            "secret.command-missing",
            f"{what}: there is no such program" + ("" if named else " on PATH"),
            "no shell reads the command: ~, variables and pipes mean nothing in it",
        )
    if sys.platform == "win32" and found.lower().endswith(_COMMAND_FILES):
        raise UsageError(
            "usage.command-file",
            f"{what}: {found} is a command file, which cmd.exe runs, and that takes parts of arguments for commands",
            "name the program that it starts, an .exe",
        )
    return found


def command_environment(environ: Mapping[str, str], withheld: Collection[str]) -> dict[str, str]:
    """Ours without the variables ``withheld`` and those that hold secrets by their names."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(_OURS) and name.upper() != _TOKEN and name not in withheld
    }
    return kept | WINDOWS_SEARCH if sys.platform == "win32" else kept


def _started(arguments: list[str], what: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # a list, no shell, and a path in full, so that nothing is looked for
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except (OSError, ValueError) as error:  # of no format that the system runs; characters that no argument can hold
        reason = getattr(error, "strerror", None) or "a character that no argument can hold"
        raise InputError("secret.command-failed", f"{what} does not start: {reason}") from None


def _output(
    process: "subprocess.Popen[bytes]", what: str, environ: Mapping[str, str], check: Callable[[], None]
) -> bytes:
    """All of it, once the process has ended; whatever else happens, it is ended first, with all that it started.

    ``check`` raises for a signal. Until the end the process is not waited for: the system would give its number, by
    which it is ended, to another.
    """
    end = time.monotonic() + TIMEOUT_SECONDS
    output = bytearray()
    # A thread, as pipes have no timeouts on Windows. Where something has escaped that still holds the pipe, it stays
    # behind, and the pipe open: to close it would hand its number to the next file while it is being read.
    reader = threading.Thread(target=_hear, args=(process.stdout, output), daemon=True)
    whole = False
    try:
        reader.start()
        while reader.is_alive() and time.monotonic() < end:
            check()
            reader.join(_POLL_SECONDS)
        if len(output) > OUTPUT_LIMIT:
            raise InputError(
                "secret.too-large", f"{what} printed more than {OUTPUT_LIMIT >> 10} KB; a secret was expected"
            )
        while not reader.is_alive() and not whole and time.monotonic() < end:
            check()
            whole = _has_ended(process)
        check()
        if not whole:
            raise InputError(
                "secret.command-timeout",
                f"{what} did not end within {TIMEOUT_SECONDS:.0f} seconds; it was ended",
                _BY_ITSELF,
            )
    finally:
        if not whole:
            end_tree(process, environ)
            reader.join(_POLL_SECONDS)
        if process.stdout is not None and not reader.is_alive():
            process.stdout.close()
    return bytes(output)


def _hear(pipe: IO[bytes], output: bytearray) -> None:
    while len(output) <= OUTPUT_LIMIT and (chunk := pipe.read(OUTPUT_LIMIT + 1 - len(output))):
        output += chunk


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def ending(code: int) -> str:
    """How a process ended, as words that follow its name."""
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
