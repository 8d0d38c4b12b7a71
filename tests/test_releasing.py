"""What a release relies on: one version, and pages that tell what CI does."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

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
    named = set(re.findall(r"\.ci/[\w.]*\w", text))
    assert [path for path in sorted(named) if not os.access(ROOT / path, os.X_OK)] == []
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
