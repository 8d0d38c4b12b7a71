"""``--switch-client COMMAND``: the user's own program that gives a client its new key. Run like a ``cmd:`` of a secret:
no shell, no terminal, no secret in its environment; only its exit code counts."""

import subprocess
import time
from collections.abc import Callable, Collection, Mapping

from sfkeytool.edge.programs import Program, end_tree, start_program
from sfkeytool.edge.secret_command import command_environment, ending, find_command
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import InputError
from sfkeytool.passwords import Source

TIMEOUT_SECONDS = 15 * 60.0
"""Our own bound: time for a client to be deployed or restarted."""
_POLL_SECONDS = 0.05


def run_switch_command(
    source: Source, option: str, environ: Mapping[str, str], withheld: Collection[str], told: Mapping[str, str]
) -> None:
    """Run it to its end; ``told`` are variables that it gets besides: none is secret. What it prints goes nowhere, as
    it may hold the key.

    Raises UsageError and InputError as find_command(), and InputError carry.switch-failed for an exit code other
    than 0, and for one that does not come in time; then it was ended, with all that it started.
    """
    arguments = find_command(source, option, environ)
    environment = {**command_environment(environ, withheld), **told}
    with deferred_signals() as check:  # or one that comes while it is being started would leave it behind
        try:
            process = start_program(arguments, environment, stdout=subprocess.DEVNULL)
        except (OSError, ValueError) as error:  # as of a secret's command
            reason = getattr(error, "strerror", None) or "a character that no argument can hold"
            raise InputError("carry.switch-failed", f"{option} does not start: {reason}") from None
        _wait(process, option, environ, check)
    if process.returncode:
        raise InputError("carry.switch-failed", f"{option} {ending(process.returncode)}: the client did not switch")


def _wait(process: Program, option: str, environ: Mapping[str, str], check: Callable[[], None]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    has_ended = False
    try:
        while not has_ended:
            check()
            if time.monotonic() > end:
                raise InputError(
                    "carry.switch-failed",
                    f"{option} did not end within {TIMEOUT_SECONDS / 60:.0f} minutes; it was ended, and whether the"
                    " client switched is not known",
                )
            try:
                process.wait(_POLL_SECONDS)
                has_ended = True
            except subprocess.TimeoutExpired:
                pass
        check()
    finally:
        if not has_ended:
            end_tree(process, environ)
