"""The user's own Salesforce CLI, as it is run."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sfkeytool.edge.programs import WINDOWS_SEARCH, end_tree, find_program
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import OrgError
from sfkeytool.model import Opaque

TIMEOUT_SECONDS = 120.0
"""For one call that reads: our own bound. It takes about three seconds."""
_POLL_SECONDS = 0.1
AT_ONCE = 8
"""Calls that run side by side: our own bound, since each is a Node.js of its own."""


class _Calls:
    """Those of this process, from whatever thread."""

    def __init__(self) -> None:
        self.turns = threading.BoundedSemaphore(AT_ONCE)
        self.running: dict[subprocess.Popen[bytes], Mapping[str, str]] = {}
        self.given_up = 0


_calls = _Calls()


class Finished(Opaque, frozen=True):
    """How a call ended. ``stdout`` is secret: it may hold an access token."""

    exit_code: int
    stdout: bytes


def run_salesforce_cli(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    cwd: Path | None = None,
) -> Finished:
    """Run ``sf`` with closed stdin and exactly this environment; no secret stands in ``arguments``. Of several threads
    AT_ONCE do at a time.

    Raises OrgError: org.cli-missing, org.cli-timeout, org.cli-failed.
    """
    command = find_salesforce_cli(environment)
    if command is None:
        raise OrgError(
            "org.cli-missing",
            "there is no Salesforce CLI (sf) on PATH, whose logins --target-org uses",
            "install it: npm install --global @salesforce/cli",
            "or log in without it: --client-id, --username and --jwt-key-file, or SF_ACCESS_TOKEN with"
            " SF_ORG_INSTANCE_URL",
        )
    given_up = _calls.given_up
    with _calls.turns, deferred_signals() as check:  # or one that comes while it is being started would leave it behind
        if given_up != _calls.given_up:
            raise _given_up()
        try:
            process = subprocess.Popen(  # a list, no shell; aliases are text that no command file minds
                [command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**environment, **WINDOWS_SEARCH} if sys.platform == "win32" else dict(environment),
                cwd=cwd,
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            raise OrgError("org.cli-failed", f"the Salesforce CLI does not start: {error.strerror}") from None
        try:
            _calls.running[process] = environment
            stdout = _output(process, timeout_seconds, check)
            check()
            if given_up != _calls.given_up:
                raise _given_up()
        finally:
            del _calls.running[process]
            if process.poll() is None:
                end_tree(process, environment)
    return Finished(process.returncode, stdout)


def end_calls() -> None:
    """End those that other threads wait for, who get OrgError org.cli-failed; of them none begins another."""
    _calls.given_up += 1
    for process, environment in list(_calls.running.items()):
        end_tree(process, environment)


def _given_up() -> OrgError:
    return OrgError("org.cli-failed", "the Salesforce CLI was ended: nobody waits for its answer any more")


def _output(process: "subprocess.Popen[bytes]", timeout_seconds: float, check: Callable[[], None]) -> bytes:
    """All that it prints; secret. ``check`` raises for a signal."""
    end = time.monotonic() + timeout_seconds
    while True:
        check()
        try:
            return process.communicate(timeout=min(_POLL_SECONDS, timeout_seconds))[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > end:
                raise OrgError(
                    "org.cli-timeout", f"the Salesforce CLI did not answer within {timeout_seconds:.0f} seconds"
                ) from None


def find_salesforce_cli(environment: Mapping[str, str]) -> str | None:
    """The path of ``sf`` in a folder of PATH; None if there is none."""
    return find_program("sf", environment)
