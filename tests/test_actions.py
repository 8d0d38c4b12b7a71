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
    """The lines of its one script; and, by variable, the input that it is made of."""
    steps = yaml.safe_load((GITHUB / "actions" / action / "action.yml").read_text())["runs"]["steps"]
    [step] = [step for step in steps if "run" in step]
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
    (folder / "temp").mkdir(exist_ok=True)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", lines], cwd=folder, capture_output=True, text=True,
        timeout=60, check=False,
        env={
            **os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "RUNNER_TEMP": str(folder / "temp"), **values,
        },
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def test_the_audit_fills_the_summary_annotates_and_turns_red(folder: Path, pair: Pair) -> None:
    """Blanks and hyphens in a path are its own."""
    place = folder / "-my keys"
    place.mkdir()
    (place / "pay.crt").write_bytes(pair.crt.read_bytes())
    fine = run("audit", folder, paths="-my keys\n", within="1")
    assert (fine.code, "pay.crt" in (folder / "summary.md").read_text()) == (0, True), fine
    due = run("audit", folder, paths="-my keys", within="5000", sarif="a.sarif")
    assert due.code == 5, due
    assert "\n::warning title=audit.due,file=-my keys/pay.crt::" in due.out
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
        own = re.fullmatch(r" +uses: \$/(\.github/workflows/\w+\.yml)", line)
        assert own or re.fullmatch(r" +(- )?uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
        assert own is None or (GITHUB.parent / own[1]).is_file()
    for page in GITHUB.glob("workflows/*.yml"):
        assert yaml.safe_load(page.read_text())["permissions"] == {}


def test_only_two_jobs_of_a_release_can_sign_and_only_one_can_write() -> None:
    """Those run none of the project's code; what a tag or an input says reaches no script but by its environment."""
    jobs = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text())["jobs"]
    granted = {
        name: {scope for scope, may in job["permissions"].items() if may == "write"} for name, job in jobs.items()
    }
    assert {name: scopes for name, scopes in granted.items() if scopes} == {
        "attest": {"id-token", "attestations"}, "pypi": {"id-token"}, "release": {"contents"},
    }  # fmt: skip
    for name, scopes in granted.items():
        steps = jobs[name].get("steps", ())
        assert not (scopes and any("checkout" in step.get("uses", "") for step in steps)), name
        assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    assert jobs["pypi"]["environment"] == "pypi"
