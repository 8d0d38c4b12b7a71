"""Packages from npm that tests use: each installed once into a cache of this user."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import required


def npm_package(
    name: str, version: str, *, place: Path | None = None, overrides: Mapping[str, str] | None = None
) -> Path:
    """Its ``node_modules`` folder. Skips where there is no npm, unless CI demands it."""
    npm = required("npm")
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    named = name.removeprefix("@").replace("/", "-")
    place = place or Path(tempfile.gettempdir()) / f"sfkeytool-tests-{user}-{named}-{version}"
    modules = place / "node_modules"
    lock = place.with_name(place.name + ".lock")
    deadline = time.monotonic() + 600
    while not modules.exists():
        try:
            lock.mkdir(parents=True)
        except FileExistsError:  # another worker is at it
            if time.monotonic() > deadline:
                pytest.fail(f"{lock} has been there for ten minutes: delete it")
            time.sleep(0.5)
            continue
        try:
            if not modules.exists():
                _install(
                    npm, place, {"private": True, "dependencies": {name: version}, "overrides": dict(overrides or {})}
                )
        finally:
            lock.rmdir()
    return modules


def _install(npm: str, place: Path, package: Mapping[str, object]) -> None:
    staged = Path(tempfile.mkdtemp(dir=place.parent, prefix="sfkeytool-tests-npm-"))
    (staged / "package.json").write_text(json.dumps(package))
    done = subprocess.run(
        [npm, "install", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock"],
        cwd=staged,
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert done.returncode == 0, f"npm could not install {package['dependencies']}\n{done.stdout}{done.stderr}"
    shutil.rmtree(place, ignore_errors=True)
    staged.rename(place)
