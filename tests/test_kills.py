"""Every command that writes, killed at each step that changes a name on the disk: the next run works, and clears up."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import THOROUGH, CertificateAuthority, Pair, Result, openssl, process
from disturbance import disturbed, killed, nothing
from test_writer_faults import tmp_path  # noqa: F401 - a fixture

from sfkeytool.cli.app import run_app

Cli = Callable[..., Result]

NAMES_CHANGE = ("link", "replace", "rename", "unlink", "mkdir", "rmdir")
OWN_PASSWORD = ("--password", "generate")
COMMANDS = {
    "self-signed": ("self-signed", "new", *OWN_PASSWORD, "--ics", "calendars/new.ics"),
    "wrap": ("wrap", "new", "in/pair.crt", "in/pair.key", "in/root.crt", "in/intermediate.crt", *OWN_PASSWORD),
    "wrap in its folder": ("wrap", "old", "in/old.crt", *OWN_PASSWORD, "--force"),
    "renew": ("renew", "old", *OWN_PASSWORD, "--as", "new", "--ics", "calendars/new.ics"),
    "check --fix": (
        "check", "in/pair.p12", "--fix", "--password", "env:TEST_PASSWORD", "--new-password", "generate", "--as", "new",
    ),
    "ckm chain": ("ckm", "chain", "new", "in/pair.crt", "in/root.crt", "in/intermediate.crt", "-d", "deep/new"),
    "metadata": (
        "metadata", "old", "--contact-email", "admin@example.com", "--browserforce", "--project", "calendars/project",
    ),
    "metadata in a project": ("metadata", "old", "--contact-email", "admin@example.com", "--project", "sfdx"),
}  # fmt: skip
THERE_ALREADY = ("output.exists", "metadata.exists")


@pytest.fixture
def start(tmp_path: Path, cli: Cli, pair: Pair, ca: CertificateAuthority) -> Path:  # noqa: F811
    """What lies there before: inputs, a pair of our own, an sfdx project, an empty folder."""
    start = tmp_path / "start"
    for name in ("in", "calendars", "sfdx"):
        (start / name).mkdir(parents=True)
    for file in (pair.key, pair.crt, ca.root, ca.intermediate):
        shutil.copy(file, start / "in")
    (start / "in" / "pair.key").chmod(0o600)
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-out", start / "in" / "pair.p12",
        "-passout", "env:TEST_PASSWORD", "-name", "pair",
    )  # fmt: skip
    (start / "sfdx" / "sfdx-project.json").write_text('{"packageDirectories": [{"path": "app", "default": true}]}')
    os.chdir(start)
    assert cli("self-signed", "old", *OWN_PASSWORD).code == 0
    shutil.copy("old/old.crt", "in")
    return start


def quietly(folder: Path, arguments: tuple[str, ...]) -> int:
    """The command in ``folder``, of which nobody reads a word."""
    os.chdir(folder)
    sys.stdin = io.TextIOWrapper(io.BytesIO())
    sys.stdout = sys.stderr = io.StringIO()
    return run_app(arguments)


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def kills(start: Path, place: Path, arguments: tuple[str, ...], cli: Cli) -> Iterator[tuple[str, Path, set[str]]]:
    """For each step that changes a name: what it is, the folder after a kill there, and all names of a whole run."""
    shutil.copytree(start, place / "whole")
    os.chdir(place / "whole")
    with disturbed(nothing) as steps:
        assert cli(*arguments).code == 0
    whole = names(place / "whole")
    changes = [when for when, step in enumerate(steps) if step in NAMES_CHANGE]
    for when in changes if THOROUGH else changes[::5]:
        folder = place / str(when)
        shutil.copytree(start, folder)
        assert killed(partial(quietly, folder, arguments), when, "links")
        os.chdir(folder)
        yield f"step {when}: {steps[when]}", folder, whole
        os.chdir(place)
        shutil.rmtree(folder)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.slow
def test_after_a_kill_at_any_step_the_same_command_works(command: str, cli: Cli, start: Path) -> None:
    """It makes all files anew. Where the killed run had all in place, that is what it says, and --force works."""
    arguments = COMMANDS[command]
    ended = set()
    for where, folder, whole in kills(start, start.parent / "killed", arguments, cli):
        again = cli(*arguments, "--json")
        if again.code:
            complaints = json.dumps(again.json)
            assert again.code == 1, f"{where}: {complaints}"
            assert any(code in complaints for code in THERE_ALREADY), f"{where}: {complaints}"
            if command == "self-signed":
                assert cli(*arguments, "--if-missing").code == 0, where
            if "--project" not in arguments and "renew" not in arguments:
                assert cli(*arguments, "--force").code == 0, where
        assert names(folder) == whole, where
        ended.add(again.code)
    assert 0 in ended


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.slow
def test_a_calendar_that_cannot_be_written_leaves_no_key_behind(folder: Path) -> None:
    """Every file of the run is small enough for the limit, but for the last."""
    import resource

    # Nor a module that Python compiles, of which the limit would leave a half for every later process.
    uncompiled = {"PYTHONDONTWRITEBYTECODE": "1"}

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    (folder / "calendars").mkdir()
    refused = process(*COMMANDS["self-signed"], "--json", cwd=folder, env=uncompiled, preexec_fn=limited)
    assert (refused.code, refused.json["code"]) == (1, "output.failed")
    assert refused.json["message"].startswith(str(Path("calendars/new.ics")))
    assert refused.json["message"].endswith("; nothing was changed")
    assert "files" not in refused.json
    assert names(folder) == {"calendars"}
    assert process(*COMMANDS["self-signed"], cwd=folder).code == 0
    renewal = ("renew", "new", *OWN_PASSWORD, "--as", "next", "--ics", "calendars/next.ics")
    before = names(folder)
    assert process(*renewal, "--json", cwd=folder, env=uncompiled, preexec_fn=limited).json["code"] == "output.failed"
    assert names(folder) == before
    assert process(*renewal, cwd=folder).code == 0
    assert names(folder) - before >= {"next", "next/next.key", "calendars/next.ics"}


def test_folders_above_a_calendar_are_not_made(cli: Cli, folder: Path) -> None:
    """A path that does not exist is a slip of the flag; but the run's own folder, which will be made, is none."""
    refused = cli("self-signed", "pay", *OWN_PASSWORD, "--ics", "typo/pay.ics", "--json")
    assert (refused.code, refused.json["code"]) == (1, "output.no-folder")
    assert "--ics" in refused.json["actions"][0]
    assert names(folder) == set()
    assert cli("self-signed", "pay", *OWN_PASSWORD, "--ics", "pay/pay.ics").code == 0
    assert names(folder) >= {"pay/.gitignore", "pay/pay.ics", "pay/pay.key"}
    assert not (folder / "pay" / ".sfkeytool.made").exists()
