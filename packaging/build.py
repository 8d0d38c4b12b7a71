"""Builds sfkeytool for those who have no Python, on the system that runs this: ``build.py OUT``.

Into the folder OUT go a single program, the same as a folder in a zip, which starts faster, and the licences of what is
inside; on Linux a shiv file for those who have this very Python, too. The Python that runs this has sfkeytool's wheel
and what the requirements beside this file name: packaging/build and packaging/windows see to that.

The same sources, requirements and Python make the same bytes.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).resolve().parent
WINDOWS = sys.platform == "win32"
PROGRAM = "sfkeytool.exe" if WINDOWS else "sfkeytool"
SYSTEM = f"{'windows' if WINDOWS else sys.platform}-{platform.machine().lower().replace('amd64', 'x86_64')}"
EARLIEST = 315_532_800
"""1 January 1980 in seconds: the earliest that a zip can say."""


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        made = run_pyinstaller(work)
        shutil.copy(made / PROGRAM, out / (PROGRAM if WINDOWS else f"sfkeytool-{SYSTEM}"))
        unpacked = made / "folder"
        licences = out / f"sfkeytool-{SYSTEM}-licences.txt"
        licences.write_text("".join(licence_texts()), encoding="utf-8", newline="\n")
        shutil.copy(licences, unpacked / "licences.txt")
        zip_folder(unpacked, out / f"sfkeytool-{SYSTEM}.zip")
        if not WINDOWS:
            make_shiv(work, out / f"sfkeytool-{SYSTEM}-py{sys.version_info.major}{sys.version_info.minor}.pyz")
    for path in sorted(out.iterdir()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}  {path.stat().st_size / 1e6:.1f} MB")


def environment(**more: str) -> dict[str, str]:
    """What makes two builds the same: no time of day, no order by chance."""
    return {**os.environ, "SOURCE_DATE_EPOCH": str(timestamp()), "PYTHONHASHSEED": "0", **more}


def timestamp() -> int:
    """Of the build, in seconds: SOURCE_DATE_EPOCH, the commit's time say."""
    return max(int(os.environ.get("SOURCE_DATE_EPOCH", EARLIEST)), EARLIEST)


def run_pyinstaller(work: Path) -> Path:
    """The folder with what it made."""
    made = work / "made"
    folders = ["--distpath", str(made), "--workpath", str(work / "steps")]
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *folders]
    subprocess.run(
        [*command, str(HERE / "sfkeytool.spec")],
        env=environment(PYINSTALLER_CONFIG_DIR=str(work / "cache")),
        check=True,
    )
    return made


def zip_folder(folder: Path, target: Path) -> None:
    """In the order of the names, with one time for all, and with the right to be run."""
    at = time.gmtime(timestamp())[:6]
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = ZipInfo(f"sfkeytool/{path.relative_to(folder).as_posix()}", at)
            info.create_system = 3  # that of modes
            info.external_attr = (0o100755 if path.name == PROGRAM else 0o100644) << 16
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())


def make_shiv(work: Path, target: Path) -> None:
    """Libraries as they lie here, without what an installer noted of this machine."""
    site = work / "site"
    for distribution in (*libraries(), Distribution.from_name("sfkeytool")):
        for file in distribution.files or ():
            name = file.as_posix()
            if not name.startswith("..") and "__pycache__/" not in name and file.name not in NOTED:
                (site / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), site / name)
    command = [sys.executable, "-m", "shiv", "--site-packages", str(site), "--console-script", "sfkeytool"]
    subprocess.run(
        [*command, "--reproducible", "--python", "/usr/bin/env python3", "--output-file", str(target)],
        env=environment(),
        check=True,
    )


NOTED = ("RECORD", "REQUESTED", "INSTALLER", "direct_url.json")


def libraries() -> list[Distribution]:
    """What sfkeytool needs, by name."""
    system = "windows" if WINDOWS else "linux"
    lines = (HERE / f"requirements-{system}.txt").read_text(encoding="utf-8").splitlines()
    names = {line.partition("==")[0] for line in lines if "==" in line}
    found = {each.metadata["Name"].lower().replace("_", "-"): each for each in distributions()}
    return [found[name] for name in sorted(names) if name in found]


def licence_texts() -> Iterator[str]:
    """Our own, of Python and what comes with it, and of each library."""
    line = "=" * 80
    yield f"{line}\nsfkeytool\n{line}\n\n{(HERE.parent / 'LICENSE').read_text(encoding='utf-8')}\n"
    base = [path for path in PYTHON_LICENCES if path.is_file()]
    if not base:
        raise SystemExit("the licence of this Python is nowhere here")
    yield f"{line}\nPython {platform.python_version()}, and libraries that it uses\n{line}\n\n"
    yield from (f"{path.read_text(encoding='utf-8')}\n" for path in base)
    for distribution in libraries():
        name = f"{distribution.metadata['Name']} {distribution.version}"
        about = distribution.metadata.json
        terms = str(about.get("license_expression") or about.get("license") or "")
        yield f"{line}\n{name}: {terms.strip().splitlines()[0] if terms.strip() else 'see below'}\n{line}\n\n"
        for file in sorted(distribution.files or (), key=str):
            if "dist-info" in file.parts[0] and file.name.upper().startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS")):
                yield f"{Path(str(file.locate())).read_text(encoding='utf-8', errors='replace')}\n"


PYTHON_LICENCES = (
    Path(sys.base_prefix, "LICENSE.txt"),  # of Python for Windows: with those of what comes with it
    *(
        Path("/usr/share/doc", package, "copyright")
        for package in (
            *(f"libpython{sys.version_info.major}.{sys.version_info.minor}", "libssl3", "libexpat1", "libffi8"),
            *("zlib1g", "libbz2-1.0", "liblzma5", "libgcc-s1", "libuuid1"),
        )
    ),  # of Debian
)

if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
