"""Would pip build something from source for a user? ``platforms.py [PYPROJECT]`` asks for each platform and Python.

pip takes the newest version that it may, even where only its source is left, and a source wants a compiler. uv resolves
for other platforms than this one; with wheels alone it must come to the same versions. (``pip download --platform``
evaluates the markers of this machine.) Of the next Python it is told how far its wheels have come, which decides
nothing. Needs uv, and pip for its settings, in the Python that runs this.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product
from pathlib import Path

from pip_settings import current_settings

PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
)
EXTRAS = ("calendar", "notify")
"""What users install; ``test`` and ``dev`` are for developers. Not ``browser``: its wheels are not for musl, and where
there is none nothing is built, as there is no source either."""
PURE = {"pyyaml"}
"""Sources that need no compiler: PyYAML's C part is optional. It has no wheel for Python 3.11 on Windows on ARM."""
UV_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def resolve(pyproject: Path, platform: str, python: str, wheels_of: Iterable[str] = ()) -> str:
    """The versions that are chosen, those of ``wheels_of`` from wheels alone; or why there are none."""
    options = [
        *("--python-platform", platform, "--python-version", python, "--index-strategy", "unsafe-best-match"),
        *(
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--no-config",
            "--no-python-downloads",
            "--python",
            sys.executable,
        ),
        *(part for extra in EXTRAS for part in ("--extra", extra)),
        *(part for name in wheels_of for part in ("--only-binary", name)),
    ]
    command = [str(Path(sysconfig.get_path("scripts")) / "uv"), "pip", "compile", *options, str(pyproject)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else done.stderr


@cache
def environment() -> dict[str, str]:
    """This process's, with the network's part of pip's settings: folders hold what fits this machine."""
    settings = {UV_SETTINGS[name]: values for name, values in current_settings().items() if name in UV_SETTINGS}
    remote = {
        name: " ".join(value for value in values if not value.startswith("file:")) for name, values in settings.items()
    }
    return {**os.environ, **{name: value for name, value in remote.items() if value}}


def complaint(pyproject: Path, platform: str, python: str) -> str:
    """What would be built there, or empty."""
    chosen = resolve(pyproject, platform, python)
    names = set(re.findall(r"^([\w.-]+)==", chosen, re.MULTILINE))
    from_wheels = resolve(pyproject, platform, python, sorted(names - PURE))
    if names and chosen == from_wheels:
        return ""
    return "\n  ".join([f"{platform} {python}", *sorted({*chosen.splitlines()} ^ {*from_wheels.splitlines()})])


def pythons(pyproject: Path) -> list[str]:
    """Those of the classifiers, as in ``3.11``."""
    classifiers = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["classifiers"]
    return [each.rsplit(" ", 1)[1] for each in classifiers if re.search(r":: 3\.\d+$", each)]


def told_of_the_next(python: str, complaints: dict[str, str]) -> str:
    """How many platforms it could run on, and which packages are missing; ``complaints`` by platform."""
    missing = sorted(set(re.findall(r"Wheels are required for `([\w.-]+)`", "".join(complaints.values()))))
    ready = f"for Python {python}, {[*complaints.values()].count('')} of {len(complaints)} platforms need none either"
    if any(complaints.values()):
        return f"{ready}; not yet there: {', '.join(missing) or 'the versions that are newest'}"
    return f"{ready}: once the suite holds on it, it can join the classifiers of pyproject.toml"


def main(pyproject: Path) -> int:
    environment()
    stable = pythons(pyproject)
    following = f"3.{max(int(python.removeprefix('3.')) for python in stable) + 1}"
    with ThreadPoolExecutor(4) as pool:
        cases = product(PLATFORMS, [*stable, following])
        by_case = {case: pool.submit(complaint, pyproject, *case) for case in cases}
    found = {case: done.result() for case, done in by_case.items()}
    complaints = [text for (_, python), text in found.items() if python != following]
    print(*filter(None, complaints), sep="\n")
    print(f"{complaints.count('')} of {len(complaints)} platforms and Pythons need no compiler")
    print(told_of_the_next(following, {platform: found[platform, following] for platform in PLATFORMS}))
    return int(any(complaints))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "pyproject.toml")))
