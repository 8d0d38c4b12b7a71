"""SOURCE ``cmd:COMMAND``: a secret that another program prints, a password manager's say. No shell is in between."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from sfkeytool.edge.programs import Program, find_program, find_program_at, output_of, start_program
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import InputError, UsageError
from sfkeytool.passwords import Source
from sfkeytool.shell import command_words

TIMEOUT_SECONDS = 30.0
"""Our own bound: time to unlock a password manager in its own window."""
OUTPUT_LIMIT = 64 << 10
"""Bytes: our own bound, that of a password file."""

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
        output = output_of(process, environ, seconds=TIMEOUT_SECONDS, limit=OUTPUT_LIMIT, check=check)
    if output is None:
        raise InputError(
            "secret.command-timeout",
            f"{what} did not end within {TIMEOUT_SECONDS:.0f} seconds; it was ended",
            _BY_ITSELF,
        )
    if len(output) > OUTPUT_LIMIT:
        raise InputError("secret.too-large", f"{what} printed more than {OUTPUT_LIMIT >> 10} KB; a secret was expected")
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
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(_OURS) and name.upper() != _TOKEN and name not in withheld
    }


def _started(arguments: list[str], what: str, environment: Mapping[str, str]) -> Program:
    try:
        return start_program(arguments, environment, stdout=subprocess.PIPE)
    except (OSError, ValueError) as error:  # of no format that the system runs; characters that no argument can hold
        reason = getattr(error, "strerror", None) or "a character that no argument can hold"
        raise InputError("secret.command-failed", f"{what} does not start: {reason}") from None


def ending(code: int) -> str:
    """How a process ended, as words that follow its name."""
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
