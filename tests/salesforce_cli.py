"""The real Salesforce CLI, from npm: installed once into a cache of this user, run with a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

from npm_packages import npm_package

VERSION = "2.146.3"
# What that version asks for itself wants a newer node than Debian's.
_OVERRIDES = {"undici": "7.28.0"}
_QUIET = {
    "NO_COLOR": "1",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_AUTOUPDATE": "true",
}


def salesforce_cli() -> Path:
    """The ``sf`` command. Skips where there is no npm, unless CI demands it."""
    cache = os.environ.get("SFKEYTOOL_TEST_CLI_CACHE")
    modules = npm_package("@salesforce/cli", VERSION, place=Path(cache) if cache else None, overrides=_OVERRIDES)
    return modules / ".bin" / ("sf.cmd" if sys.platform == "win32" else "sf")


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
