"""What a release relies on: one version, and pages that tell what CI does."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sfkeytool

ROOT = Path(__file__).parent.parent
CI = ROOT / ".ci"
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "releasing.md"]


def test_the_version_is_the_same_in_both_places() -> None:
    """Or the file's name says one release, and ``--version`` another."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == sfkeytool.__version__


whole = pytest.mark.skipif(not CI.exists(), reason="needs the whole project: CI runs it in a clone")


@whole
@pytest.mark.skipif(sys.platform == "win32", reason="a script for a POSIX shell")
def test_what_the_pages_say_of_ci_is_there() -> None:
    """Scripts by their paths, and the ways to run: ``.ci/run`` takes those, and no other."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"\.ci/[\w.-]*\w", text))
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []
    assert [path for path in sorted(named) if "." not in path[1:] and not os.access(ROOT / path, os.X_OK)] == []
    refused = subprocess.run([CI / "run", "--unknown"], capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert set(re.findall(r"\.ci/run (--\w+)", text)) == set(re.findall(r"--\w+", refused.stderr))


@whole
def test_the_table_of_what_runs_names_what_the_script_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Platforms with Pythons, Javas, mutants: numbers that somebody will change in one place."""
    monkeypatch.syspath_prepend(str(CI))
    platforms = importlib.import_module("platforms")
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    script = (CI / "run").read_text(encoding="utf-8")
    javas = re.findall(r"for java in ([\d ]+)", script)[0].split()
    assert f"Java {', '.join(javas[:-1])} and {javas[-1]} " in page
    assert f"{re.findall(r'mutants.py ([0-9]+)', script)[0]} mutants each" in page
    assert f"for {len(platforms.PLATFORMS) * len(platforms.pythons(ROOT / 'pyproject.toml'))} of them" in page


@whole
def test_the_readme_names_all_that_the_new_debian_trees_get() -> None:
    """So that its commands hold there for who reads no more than it."""
    included = re.findall(r"--include=([\w,-]+)", (CI / "debian").read_text(encoding="utf-8"))
    assert included == ["python3-venv"]
    assert "`apt install python3-venv`" in (ROOT / "README.md").read_text(encoding="utf-8")


@whole
def test_the_settings_of_pip_can_be_read_by_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where packages come from goes along, with the files that it needs; a cache or a log stays."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    own = tmp_path / "own"
    (own / "index" / "simple").mkdir(parents=True)
    (own / "ca.pem").write_text("a CA")
    (own / "pip.conf").write_text(
        f"[global]\ncert = {own}/ca.pem\ncache-dir = {own}/cache\n"
        f"extra-index-url = file://{own}/index/simple https://packages.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(own / "pip.conf"))
    monkeypatch.setenv("PIP_TIMEOUT", "7")
    (tmp_path / "tree" / "opt").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, CI / "pip_settings.py", "/opt/pip", tmp_path / "tree"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    copied = (tmp_path / "tree" / "opt" / "pip" / "pip.conf").read_text()
    assert f"{own / 'index'}\n" in done.stdout
    assert "cert = /opt/pip/cert-0\n" in copied
    assert f"extra-index-url = file://{own}/index/simple\n  https://packages.example/simple\n" in copied
    assert "timeout = 7\n" in copied
    assert "cache" not in copied
    assert (tmp_path / "tree" / "opt" / "pip" / "cert-0").read_text() == "a CA"


LOCKS = sorted(CI.glob("requirements-*.txt"))


@whole
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_has_one_version_with_hashes_of_each_package_and_no_address(lock: Path) -> None:
    """But for cryptography, whose last wheels for two platforms are old."""
    text = lock.read_text(encoding="utf-8")
    assert "/" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    names = []
    for entry in entries:
        found = re.fullmatch(r"([a-z0-9-]+)==[^\s;]+(?: ;[^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+", entry)
        assert found, entry
        names.append(found[1])
    assert {name for name in names if names.count(name) > 1} <= {"cryptography"}


@whole
def test_the_locks_fit_what_pyproject_wants_and_each_other() -> None:
    """By name and version here; CI resolves it all again (``locks.py --check``)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    pinned = {lock.stem.removeprefix("requirements-"): pins(lock) for lock in LOCKS}
    tools = (CI / "requirements-build.in").read_text(encoding="utf-8").splitlines()
    wanted = {
        "run": [*project["project"]["dependencies"], *extras["calendar"], *extras["notify"]],
        "build": [*project["build-system"]["requires"], *(line for line in tools if not line.startswith("#"))],
    }
    wanted["dev"] = [*wanted["run"], *wanted["build"], *extras["browser"], *extras["test"], *extras["dev"]]
    assert set(wanted) == set(pinned)
    for name, requirements in wanted.items():
        for requirement in map(Requirement, requirements):
            if requirement.name != "sfkeytool":
                versions = pinned[name].get(canonicalize_name(requirement.name), set())
                assert any(requirement.specifier.contains(version) for version in versions), f"{requirement} in {name}"
    for name in ("run", "build"):
        assert [package for package, versions in pinned[name].items() if not versions <= pinned["dev"][package]] == []


def pins(lock: Path) -> dict[str, set[str]]:
    """Versions by package."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


CHANGES = "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-12-01\n\n### Added\n\n- A thing.\n\n## 1.1.0 - 2026-01-01\n\n- Old.\n"


def laid_out(folder: Path, *, project: str = "1.2.0", package: str = "1.2.0", changes: str = CHANGES) -> Path:
    (folder / ".ci").mkdir()
    (folder / "sfkeytool").mkdir()
    (folder / ".ci" / "release.py").write_bytes((CI / "release.py").read_bytes())
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{project}"\n')
    (folder / "sfkeytool" / "__init__.py").write_text(f'"""A."""\n\n__version__ = "{package}"\n')
    (folder / "CHANGELOG.md").write_text(changes)
    return folder / ".ci" / "release.py"


def release(script: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, tag], capture_output=True, text=True, timeout=60, check=False)


@whole
def test_a_tag_that_fits_gives_the_notes_of_its_version_alone(tmp_path: Path) -> None:
    done = release(laid_out(tmp_path), "1.2.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "### Added\n\n- A thing.\n", "")


@whole
@pytest.mark.parametrize(
    ("tag", "wrong", "said"),
    [
        ("1.2.0", {"project": "1.1.0"}, "pyproject.toml has version 1.1.0"),
        ("1.2.0", {"package": "1.1.0"}, "sfkeytool/__init__.py has 1.1.0"),
        ("v1.2.0", {}, "pyproject.toml has version 1.2.0"),
        ("1.2.0", {"changes": CHANGES.replace("Unreleased\n", "Unreleased\n\n- New.\n")}, "an empty"),
        ("1.2.0", {"changes": CHANGES.replace("## Unreleased\n", "")}, "an empty"),
        ("1.2.0", {"changes": CHANGES.replace("1.2.0 - ", "1.2.0, ")}, "not 1.2.0 with its date"),
        ("1.2.0", {"changes": CHANGES.replace("1.2.0", "1.3.0")}, "not 1.2.0 with its date"),
        ("1.2.0", {"changes": CHANGES.replace("### Added\n\n- A thing.\n", "")}, "says nothing of 1.2.0"),
    ],
)
def test_a_tag_that_does_not_fit_is_no_release(tag: str, wrong: dict[str, str], said: str, tmp_path: Path) -> None:
    done = release(laid_out(tmp_path, **wrong), tag)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
