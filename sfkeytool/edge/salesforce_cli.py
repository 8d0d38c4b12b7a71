"""The user's own Salesforce CLI, as it is run."""

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sfkeytool.edge.programs import find_program, output_of, start_program
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import OrgError
from sfkeytool.model import Opaque

TIMEOUT_SECONDS = 120.0
"""For one call that reads: our own bound. It takes about three seconds."""
_OUTPUT_LIMIT = 256 << 20
"""Bytes: our own bound, far above what an org's records come to."""
AT_ONCE = 8
"""Calls that run side by side: our own bound, since each is a Node.js of its own."""
_ENDED_SECONDS = 5.0
"""For those that are given up to be gone: our own bound. On POSIX it takes a twentieth of a second."""

_turns = threading.BoundedSemaphore(AT_ONCE)


class CliCalls:
    """Those of threads that work for the same end, and that are given up together."""

    def __init__(self) -> None:
        self._are_given_up = False

    @contextmanager
    def of_this_thread(self) -> Iterator[None]:
        """While it lasts, what this thread calls is among them."""
        _thread.calls = self
        try:
            yield
        finally:
            _thread.calls = None

    def check(self) -> None:
        """Raises OrgError org.cli-failed once they are given up."""
        if self._are_given_up:
            raise OrgError("org.cli-failed", "the Salesforce CLI was ended: nobody waits for its answer any more")

    def give_up(self) -> None:
        """End those that run; from now on none begins, wherever its thread is. Waits until none runs: a second Ctrl-C
        would leave behind what is just being ended."""
        self._are_given_up = True
        with deferred_signals():
            end = time.monotonic() + _ENDED_SECONDS
            # Who has all turns knows that none runs.
            taken = [_turns.acquire(timeout=max(0.0, end - time.monotonic())) for _ in range(AT_ONCE)]
            for _ in filter(None, taken):
                _turns.release()


class _OfThread(threading.local):
    calls: CliCalls | None = None


_thread = _OfThread()


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
    calls = _thread.calls or CliCalls()
    with _turns, deferred_signals() as check:  # or one that comes while it is being started would leave it behind

        def check_all() -> None:
            check()
            calls.check()

        check_all()
        try:
            process = start_program(  # aliases are text that no command file minds
                [command, *arguments], environment, stdout=subprocess.PIPE, cwd=cwd
            )
        except OSError as error:
            raise OrgError("org.cli-failed", f"the Salesforce CLI does not start: {error.strerror}") from None
        stdout = output_of(process, environment, seconds=timeout_seconds, limit=_OUTPUT_LIMIT, check=check_all)
    if stdout is None:
        raise OrgError("org.cli-timeout", f"the Salesforce CLI did not answer within {timeout_seconds:.0f} seconds")
    if len(stdout) > _OUTPUT_LIMIT:
        raise OrgError("org.cli-failed", f"the Salesforce CLI printed more than {_OUTPUT_LIMIT >> 20} MB")
    return Finished(process.returncode, stdout)


def find_salesforce_cli(environment: Mapping[str, str]) -> str | None:
    """The path of ``sf`` in a folder of PATH; None if there is none."""
    return find_program("sf", environment)
