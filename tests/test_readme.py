"""Every command block of the README runs, in order, as a newcomer would copy it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CertificateAuthority

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
INSTALL, TESTS, *REST = BLOCKS

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for a POSIX shell"), pytest.mark.slow]


def shell(block: str, folder: Path, path: Path | None = None) -> str:
    """Run a block as one script that stops at the first failure; no terminal, no variables of ours."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SFKEYTOOL", "TEST_", "PYTEST"))}
    env.pop("CI", None)
    env["PIP_NO_COMPILE"] = "1"  # for an environment that runs one command
    if path:
        env["PATH"] = f"{path}{os.pathsep}{env['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-euc", block], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_all_fences_are_known() -> None:
    """A block in another language would be passed over in silence."""
    fences = re.findall(r"^```(.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(fences) == {"sh", "text", ""}
    assert (fences.count("sh") + fences.count("text")) * 2 == len(fences)
    assert "pytest" in TESTS


@pytest.mark.skipif(not (ROOT / "sfkeytool").exists(), reason="needs the whole project: CI runs it in a clone")
def test_the_first_command_installs_and_makes_a_pair(tmp_path: Path) -> None:
    """In a new copy of the project, without a compiler."""
    made_here = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")
    shutil.copytree(ROOT, tmp_path / "clone", ignore=made_here)
    out = shell(INSTALL, tmp_path / "clone")
    assert "Import from Keystore" in " ".join(out.split())
    assert (tmp_path / "clone" / "pay_api" / "pay_api.jks").read_bytes()[:4] == b"\xfe\xed\xfe\xed"
    assert (tmp_path / "clone" / "pay_api" / "pay_api.crt").exists()


def test_the_jobs_run_as_they_are_written(tmp_path: Path, ca: CertificateAuthority) -> None:
    """One folder, block after block; between csr and wrap the CA does its part."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    command = shutil.which("sfkeytool", path=str(Path(sys.executable).parent))
    script = bin_folder / "sfkeytool"
    if command:
        script.symlink_to(command)
    else:
        paths = os.pathsep.join(filter(None, sys.path))
        script.write_text(f"#!/bin/sh\nPYTHONPATH='{paths}' exec '{sys.executable}' -m sfkeytool \"$@\"\n")
        script.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    for block in REST:
        if "answer.crt" in block:
            ca.sign(work / "shop_api" / "shop_api.csr", work / "answer.crt")
            ca.p7b(work / "ca-bundle.p7b", ca.root, ca.intermediate)
        shell(block, work, bin_folder)
    assert (work / "shop_api" / "shop_api-chain.crt").read_text().count("BEGIN CERTIFICATE") == 3
    assert (work / "from_ckm" / "deploy_bot.key").exists()
    assert (work / "made.json").exists()
