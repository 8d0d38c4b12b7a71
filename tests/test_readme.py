"""Every command block of the README and of the guide runs, in order, as a newcomer would copy it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CertificateAuthority

from sfkeytool.cli.commands import ABOUT, GROUPS, TABLE
from sfkeytool.cli.output_options import EVERYWHERE

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/guide.md", "docs/audit.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


OF_THE_ROOT = ("--help", "--version", "-V", "--plain", "COMMAND")
INSTALL, *JOBS, TESTS = blocks("README.md", "sh")

posix = pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for a POSIX shell")
whole = pytest.mark.skipif(not (ROOT / "sfkeytool").exists(), reason="needs the whole project: CI runs it in a clone")


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


@pytest.mark.parametrize("page", PAGES)
def test_all_fences_are_known(page: str) -> None:
    """A block in another language would be passed over in silence."""
    fences = re.findall(r"^```(.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert set(fences) <= {"sh", "text", "powershell", ""}
    assert sum(map(bool, fences)) * 2 == len(fences)


def test_the_test_command_is_the_last_block() -> None:
    """CI finds it by its beginning, and runs it."""
    assert "pytest" in TESTS
    assert re.findall(r"^python3 -m venv .*pytest.*$", README, re.MULTILINE) == [TESTS.strip()]


def test_the_table_has_every_command() -> None:
    """By job; none twice, none that there is not."""
    table = README.partition("## Every command, by job")[2].partition("\n## ")[0]
    cells = [line.split("|")[2] for line in table.splitlines() if line.startswith("|")]
    named = [name for cell in cells for name in re.findall(r"`([a-z][a-z -]*?)(?: --[a-z]+)?`", cell)]
    assert sorted(dict.fromkeys(named)) == sorted(["sfkeytool", *(row.name for row in (*TABLE, *ABOUT))])


def test_the_lines_for_powershell_are_the_others_in_its_own_words() -> None:
    """No shell is here that could run them: nothing in them is quoted, and they call by its path what pip put there."""
    lines = [line for block in blocks("README.md", "powershell") for line in block.splitlines()]
    assert lines[0] == "py -m venv .venv", "the launcher: python alone may be the store's stub"
    assert all(re.fullmatch(r"\.venv\\Scripts\\(?:python|sfkeytool)\.exe(?: [\w.-]+)*", line) for line in lines[1:])


def test_a_reader_has_one_screen() -> None:
    """Whoever comes for one job need not scroll."""
    for reader in ("admin", "developer", "script, and CI"):
        section = README.partition(f"\n## The {reader}\n")[2].partition("\n## ")[0]
        assert 10 < len(section.splitlines()) <= 30, reader


def named_commands() -> list[tuple[str, str]]:
    """Each command line of ours that a page names, in a block or in backquotes, with the page."""
    found = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        fenced = "\n".join(re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL))
        lines = re.findall(r"^\s*(?:[\w.-]+: )?sfkeytool ([^\n]+)$", fenced, re.MULTILINE)
        lines += re.findall(r"`sfkeytool\s([^`]+)`", text)
        found += [(path.name, " ".join(line.split())) for line in lines]
    return found


def test_every_command_that_a_page_names_is_one() -> None:
    """With its flags, also where no block can run it, for want of an org."""
    rows = {row.name: row for row in (*TABLE, *ABOUT)}
    everywhere = {flag for field in EVERYWHERE for flag in field.flags} | {"--help", "-h"}
    unknown = []
    for page, line in named_commands():
        words = line.partition(" > ")[0].partition(" || ")[0].split()
        name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        if name in rows:
            flags = everywhere | {flag for field in rows[name].load().fields for flag in field.flags}
            unknown += [f"{page}: {line}" for word in words if re.match(r"--?[a-z]", word) and word not in flags]
        elif words[0] not in OF_THE_ROOT:
            unknown.append(f"{page}: {line}")
    assert unknown == []
    assert len(named_commands()) > 200


@posix
@whole
@pytest.mark.slow
def test_the_first_command_installs_and_makes_a_pair(tmp_path: Path) -> None:
    """In a new copy of the project, without a compiler. The lines for Windows install the same in the same way."""
    made_here = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "pay_api")
    shutil.copytree(ROOT, tmp_path / "clone", ignore=made_here)
    out = shell(INSTALL, tmp_path / "clone")
    assert "Import from Keystore" in " ".join(out.split())
    assert (tmp_path / "clone" / "pay_api" / "pay_api.jks").read_bytes()[:4] == b"\xfe\xed\xfe\xed"
    assert (tmp_path / "clone" / "pay_api" / "pay_api.crt").exists()
    [powershell] = blocks("README.md", "powershell")
    here = re.sub(r"\.venv\\Scripts\\(\w+)\.exe", r".venv/bin/\1", powershell.replace("py -m", "python3 -m"))
    *installs, runs = here.replace("python -m pip", "pip").splitlines()
    assert INSTALL.split(" && ")[:-1] == installs
    shell(f"{runs} --version\n", tmp_path / "clone")


@posix
@pytest.mark.slow
@pytest.mark.parametrize("pages", [("README.md",), ("docs/guide.md", "docs/audit.md")], ids=["readme", "guide"])
def test_the_jobs_run_as_they_are_written(pages: tuple[str, ...], tmp_path: Path, ca: CertificateAuthority) -> None:
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
    for block in [block for page in pages for block in (JOBS if page == "README.md" else blocks(page, "sh"))]:
        if "answer.crt" in block:
            ca.sign(work / "shop_api" / "shop_api.csr", work / "answer.crt")
            ca.p7b(work / "ca-bundle.p7b", ca.root, ca.intermediate)
        shell(block, work, bin_folder)
    assert (work / "made.json").exists()
    assert (work / "certificates.csv").exists()
    if "docs/guide.md" in pages:
        assert (work / "shop_api" / "shop_api-chain.crt").read_text().count("BEGIN CERTIFICATE") == 3
        assert (work / "from_ckm" / "deploy_bot.key").exists()
