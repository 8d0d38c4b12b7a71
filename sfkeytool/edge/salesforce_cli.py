"""The user's own Salesforce CLI, the only other program that is run; apart.py and browser.py run this one again."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sfkeytool.errors import OrgError
from sfkeytool.model import Opaque

TIMEOUT_SECONDS = 120.0
"""For one call that reads: our own bound. It takes about three seconds."""


_WINDOWS_ENDINGS = (".com", ".exe", ".bat", ".cmd")
_WINDOWS_SEARCH = {"NoDefaultCurrentDirectoryInExePath": "1"}
"""So that ``sf.cmd``, a command file, does not find a ``node`` in the current folder either."""


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
    """Run ``sf`` with closed stdin and exactly this environment; no secret stands in ``arguments``.

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
    try:
        process = subprocess.Popen(  # a list, no shell; aliases are text that no command file minds
            [command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, **_WINDOWS_SEARCH} if sys.platform == "win32" else dict(environment),
            cwd=cwd,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise OrgError("org.cli-failed", f"the Salesforce CLI does not start: {error.strerror}") from None
    try:
        stdout, _ = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        raise OrgError(
            "org.cli-timeout", f"the Salesforce CLI did not answer within {timeout_seconds:.0f} seconds"
        ) from None
    finally:
        if process.poll() is None:
            _end(process)
    return Finished(process.returncode, stdout)


def find_salesforce_cli(environment: Mapping[str, str]) -> str | None:
    """The path of ``sf`` in a folder of PATH; None if there is none.

    Never in the current folder, where somebody else's files may lie: there Windows looks first, and shutil.which as
    well, and everything else where PATH has an empty or relative entry.
    """
    endings = _WINDOWS_ENDINGS if sys.platform == "win32" else ("",)
    for entry in environment.get("PATH", os.defpath).split(os.pathsep):
        folder = Path(entry.strip('"') if sys.platform == "win32" else entry)
        if not folder.is_absolute():
            continue
        for ending in endings:
            command = folder / f"sf{ending}"
            if os.path.isfile(command) and os.access(command, os.X_OK):
                return str(command)
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it started: ``sf`` is a script that starts node."""
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
    process.wait()
