"""What stands in .github for others to use: the scripts of the actions run here, with the real command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import Pair, Result
from fake_org import FakeOrg

CONSUMER_KEY = f"3MVG9{'w' * 80}"
GITHUB = Path(__file__).parent.parent / ".github"
pytestmark = [
    pytest.mark.skipif(not GITHUB.exists(), reason="needs the whole project: CI runs it in a clone"),
    pytest.mark.skipif(sys.platform == "win32", reason="bash, as GitHub's runners have it on Windows too"),
]


def script(action: str) -> tuple[str, dict[str, str]]:
    """The one step's lines; and, by variable, the input that it is made of."""
    [step] = yaml.safe_load((GITHUB / "actions" / action / "action.yml").read_text())["runs"]["steps"]
    inputs = {name: re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text) for name, text in step["env"].items()}
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]
    return step["run"], {name: found[1] for name, found in inputs.items() if found}


def run(action: str, folder: Path, **given: str) -> Result:
    """As a runner does it: bash -e, the inputs' defaults, and a summary that is there and empty."""
    lines, variables = script(action)
    inputs = yaml.safe_load((GITHUB / "actions" / action / "action.yml").read_text())["inputs"]
    values = {name: given.get(of.replace("-", "_"), inputs[of].get("default", "")) for name, of in variables.items()}
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "sfkeytool"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sfkeytool "$@"\n')
    command.chmod(0o755)
    (folder / "summary.md").touch()
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines], cwd=folder, capture_output=True, text=True,
        timeout=60, check=False,
        env={
            **os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), **values,
        },
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def test_the_audit_fills_the_summary_and_turns_red(folder: Path, pair: Pair) -> None:
    """Blanks and hyphens in a path are its own."""
    place = folder / "-my keys"
    place.mkdir()
    (place / "pay.crt").write_bytes(pair.crt.read_bytes())
    fine = run("audit", folder, paths="-my keys\n", within="1")
    assert (fine.code, "pay.crt" in (folder / "summary.md").read_text()) == (0, True), fine
    due = run("audit", folder, paths="-my keys", within="5000", sarif="a.sarif")
    assert due.code == 5, due
    assert json.loads((folder / "a.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "audit.due"


def test_a_login_is_proved_and_the_key_stands_nowhere(folder: Path, pair: Pair) -> None:
    with FakeOrg(tls=False) as org:
        given = {"key": pair.key.read_text(), "client_id": CONSUMER_KEY, "username": "bot@example.com"}
        org.add_user("bot@example.com")
        org.add_app(CONSUMER_KEY, pair.crt.read_text(), approved_users=["bot@example.com"])
        done = run("login-check", folder, **given, arguments=f"--instance-url\n{org.url}\n")
    assert done.code == 0, done
    assert "PRIVATE KEY" not in done.out + done.err


def test_actions_of_others_are_pinned() -> None:
    """By commit, with its tag beside it; no job may do more than it says."""
    pages = [*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")]
    used = [line for page in pages for line in page.read_text().splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r" +- uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    for page in GITHUB.glob("workflows/*.yml"):
        assert yaml.safe_load(page.read_text())["permissions"] == {}
