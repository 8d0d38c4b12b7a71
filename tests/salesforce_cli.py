"""The real Salesforce CLI, from npm: installed once into a cache of this user, run with a home of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from conftest import required

VERSION = "2.146.3"
_PACKAGE = {
    "private": True,
    "dependencies": {"@salesforce/cli": VERSION},
    # What that version asks for itself wants a newer node than Debian's.
    "overrides": {"undici": "7.28.0"},
}
_QUIET = {
    "NO_COLOR": "1",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_AUTOUPDATE": "true",
}


def salesforce_cli() -> Path:
    """The ``sf`` command. Skips where there is no npm, unless CI demands it."""
    npm = required("npm")
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    default = Path(tempfile.gettempdir()) / f"sfkeytool-tests-{user}-salesforce-cli-{VERSION}"
    place = Path(os.environ.get("SFKEYTOOL_TEST_CLI_CACHE", default))
    command = place / "node_modules" / ".bin" / ("sf.cmd" if sys.platform == "win32" else "sf")
    lock = place.with_name(place.name + ".lock")
    deadline = time.monotonic() + 600
    while not command.exists():
        try:
            lock.mkdir(parents=True)
        except FileExistsError:  # another worker is at it
            if time.monotonic() > deadline:
                pytest.fail(f"{lock} has been there for ten minutes: delete it")
            time.sleep(0.5)
            continue
        try:
            if not command.exists():
                _install(npm, place)
        finally:
            lock.rmdir()
    return command


def _install(npm: str, place: Path) -> None:
    staged = Path(tempfile.mkdtemp(dir=place.parent, prefix="sfkeytool-tests-npm-"))
    (staged / "package.json").write_text(json.dumps(_PACKAGE))
    done = subprocess.run(
        [npm, "install", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock"],
        cwd=staged,
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert done.returncode == 0, f"npm could not install the Salesforce CLI\n{done.stdout}{done.stderr}"
    shutil.rmtree(place, ignore_errors=True)
    staged.rename(place)


def run_sf(
    *arguments: object, home: Path, cwd: Path, env: dict[str, str] | None = None, timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run ``sf`` with an empty environment but for what it needs; stdin is closed."""
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [salesforce_cli(), *map(str, arguments)],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "USERPROFILE": str(home), **_QUIET, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
