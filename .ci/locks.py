"""What this project's own work is done with, each package at one version: ``locks.py [--check]``.

Writes .ci/requirements-*.txt, with the hashes of every file and no index's address: what pip installs by them is the
same whoever asks, from wherever. ``--check`` writes nothing, and fails where they no longer fit pyproject.toml; newer
releases alone do not make it fail. Needs uv, and pip for its settings, in the Python that runs this.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from platforms import environment

ROOT = Path(__file__).parent.parent
LOCKS = tuple(ROOT / ".ci" / f"requirements-{name}.txt" for name in ("dev", "build", "run"))
NEWEST = """\
cryptography>=49; (sys_platform != 'win32' or platform_machine != 'ARM64') \
and (sys_platform != 'darwin' or platform_machine != 'x86_64')
"""
"""uv gives each platform what the one with the oldest gets, where that fits."""


def compile_lock(target: Path, *sources: str | Path) -> None:
    """Versions that ``target`` names already are kept, where they fit."""
    command = (
        Path(sysconfig.get_path("scripts")) / "uv", "pip", "compile", *sources, "--output-file", target,
        "--universal", "--python-version", "3.11", "--only-binary", ":all:", "--no-binary", "sfkeytool",
        "--index-strategy", "unsafe-best-match", "--generate-hashes", "--no-config", "--quiet",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
    )  # fmt: skip
    subprocess.run(command, cwd=ROOT, env=environment(), check=True)


def compile_locks(dev: Path, build: Path, run: Path) -> None:
    """Builders and users get what the developers have, in the same versions."""
    tools = ROOT / ".ci" / "requirements-build.in"
    with tempfile.TemporaryDirectory() as folder:
        newest = Path(folder) / "newest"
        newest.write_text(NEWEST, encoding="utf-8")
        compile_lock(dev, "pyproject.toml", "--extra", "dev", tools, "--constraint", newest)
    compile_lock(build, tools, "--constraint", dev)
    compile_lock(run, "pyproject.toml", "--extra", "calendar", "--extra", "notify", "--constraint", dev)


def pins(lock: Path) -> set[str]:
    """Names, versions and markers: a file that was added to a release since does no harm."""
    return set(re.findall(r"^[^\s#].*==.*$", lock.read_text(encoding="utf-8"), re.MULTILINE))


def main(check: bool) -> int:
    if not check:
        for lock in LOCKS:
            lock.unlink(missing_ok=True)
        compile_locks(*LOCKS)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        again = [Path(shutil.copy(lock, folder)) for lock in LOCKS]
        compile_locks(*again)
        changed = sorted(
            f"{lock.name}: {pin}" for lock, new in zip(LOCKS, again, strict=True) for pin in pins(lock) ^ pins(new)
        )
    print(*changed, f"the locks fit pyproject.toml{' no longer: .ci/locks.py' if changed else ''}", sep="\n")
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
