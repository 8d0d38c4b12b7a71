"""What a Tab offers, and how bash, zsh and fish put it on the line: read back as the words that they would run."""

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import process, required

from sfkeytool.cli.commands import GROUPS, TABLE
from sfkeytool.cli.completion import answer
from sfkeytool.cli.completion_scripts import ASKED_BY, LINE, Shell, script
from sfkeytool.model import Purpose

pty_only = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal on Windows")
BREAKS = " \t\n\"'@><=;|&(:"
"""What an interactive bash takes for the end of a word."""


@pytest.fixture
def place(folder: Path) -> Path:
    """A folder with a certificate's, with names that a shell could obey, and with a home that the CLI has been in."""
    for name in ("pay_api", "old", "-x", "$(touch obeyed)", "`touch obeyed`", "a;touch obeyed"):
        (folder / name).mkdir()
        (folder / name / f"{name}.json").touch()
    (folder / "old" / "old.json").unlink()
    for name in ("key$(touch obeyed).pem", "key;touch obeyed"):
        (folder / name).touch()
    sfdx = folder / "home" / ".sfdx"
    sfdx.mkdir(parents=True)
    (sfdx / "alias.json").write_text(
        '{"orgs": {"prod": "me@acme.com", "$(touch obeyed)": "me@acme.com", "gone": "x@y.z"}}'
    )
    (sfdx / "me@acme.com.json").write_text("{}")
    return folder


def offered(line: str, place: Path, shell: str = "zsh", **variables: str) -> tuple[str, dict[str, str]]:
    """What the shell is to go on with, and the candidates with their descriptions."""
    home = {"HOME": str(place / "home"), "USERPROFILE": str(place / "home"), "MY_SECRET": "x", "MY KEY": "x"}
    first, *lines = answer({**home, ASKED_BY: shell, LINE: line, **variables}).removesuffix("\n").split("\n")
    return first, dict(each.split("\t") for each in lines)


COMMANDS = {row.name for row in TABLE if " " not in row.name} | {*GROUPS, "help", "version", "completion"}
OFFERED: dict[str, set[str]] = {
    "sfkeytool ": COMMANDS,
    "sfkeytool re": {"renew", "reminder"},
    "sfkeytool ckm ": {"chain", "list", "csr", "download", "create", "cover", "import", "upload"},
    "sfkeytool --": {"--version", "--plain", "--color", "--help"},
    "sfkeytool --color ": {"auto", "always", "never"},
    "sfkeytool --color never ckm li": {"list"},
    "sfkeytool renew ": {"pay_api"},
    "sfkeytool renew pay_api --done ": {"sign", "import", "repoint", "swap", "prove", "retire", "tidy"},
    "sfkeytool renew --done swap pay": {"pay_api"},
    "sfkeytool self-signed x --password ": {"env:", "file:", "cmd:", "stdin", "prompt", "generate"},
    "sfkeytool show x --password ": {"env:", "file:", "cmd:", "stdin", "prompt"},
    "sfkeytool show x --password env:MY": {"env:MY_SECRET"},
    "sfkeytool show x --password=env:MY": {"--password=env:MY_SECRET"},
    "sfkeytool show x '--password' \"env:MY": {"env:MY_SECRET"},
    "sfkeytool self-signed x --purpose ": {str(purpose) for purpose in Purpose},
    "sfkeytool self-signed x --purpose=s": {"--purpose=sso"},
    "sfkeytool self-signed x --key-size ": {"2048", "3072", "4096"},
    "sfkeytool audit . --fail-on exp": {"expired", "expired-unused"},
    "sfkeytool audit . --fail-on expired,w": {"expired,within"},
    "sfkeytool audit . --fail-on expired,e": {"expired,expired-unused"},
    "sfkeytool ckm list -o ": {"prod"},
    "sfkeytool ckm list --target-org p": {"prod"},
    "sfkeytool explain ckm.key.un": {"ckm.key.unsupported-size"},
    "sfkeytool explain my ckm.key.un": set(),
    "sfkeytool help ckm ": {"chain", "list", "csr", "download", "create", "cover", "import", "upload"},
    "sfkeytool help ro": {"roads", "rotate"},
    "sfkeytool completion ": {str(shell) for shell in Shell},
    "sfkeytool renew pay_api --st": {"--status"},
    "sfkeytool renew pay_api --status --st": set(),
    "sfkeytool show x -- --p": set(),
    "sfkeytool show x --password prompt --pass": {"--password"},
    "sfkeytool unwrap x --alias ": set(),
    "sfkeytool self-signed x --organization ": set(),
    "sfkeytool nonsense ": set(),
    "sfkeytool ckm nonsense --": set(),
}


@pytest.mark.parametrize("line", OFFERED)
def test_what_is_offered(line: str, place: Path) -> None:
    """Nothing that the command would not take there, nothing twice that it takes once, no folder without a receipt."""
    assert set(offered(line, place)[1]) == OFFERED[line]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("sfkeytool show ", "file\t"),
        ("sfkeytool show x ", "file\t"),
        ("sfkeytool show x --password file:a", "file\tfile:"),
        ("sfkeytool show x --password=file:a", "file\t--password=file:"),
        ("sfkeytool self-signed x --key ", "file\t"),
        ("sfkeytool self-signed x --output-dir ", "folder\t"),
        ("sfkeytool login -f ", "file\t"),
        ("sfkeytool ckm list -o ", ""),
        ("sfkeytool reminder ", "file\t"),
    ],
)
def test_files_are_left_to_the_shell(line: str, first: str, place: Path) -> None:
    """Behind which prefix is said; the shell quotes what it finds."""
    assert offered(line, place)[0] == first


def test_descriptions_are_those_of_the_help(place: Path) -> None:
    assert offered("sfkeytool ch", place)[1] == {"check": next(row.summary for row in TABLE if row.name == "check")}
    assert offered("sfkeytool ckm list -o p", place)[1] == {"prod": "me@acme.com"}


def test_bash_gets_what_stands_behind_its_own_end_of_a_word(place: Path) -> None:
    """It replaces what follows the last colon; and shows either files or candidates."""
    breaks = {"_SFKEYTOOL_BREAKS": BREAKS}
    assert set(offered("sfkeytool show x --password env:MY", place, "bash", **breaks)[1]) == {"MY_SECRET"}
    assert set(offered("sfkeytool show x --password=en", place, "bash", **breaks)[1]) == {"env:"}
    assert offered("sfkeytool login -f ", place, "bash", **breaks) == ("file\t", {})
    assert set(offered("sfkeytool login -f e", place, "bash", **breaks)[1]) == {"env:"}


@pytest.mark.parametrize(
    "line", ["", "sfkeytool", "sfkeytool 'open ", "sfkeytool \\", "x" * 100_000, "\x00\n\t", "sfkeytool --color"]
)
@pytest.mark.parametrize("shell", [*Shell, "tcsh", ""])
def test_a_tab_never_fails(line: str, shell: str, place: Path) -> None:
    """Whatever stands on the line: an answer, and no more."""
    assert "\n" in answer({ASKED_BY: shell, LINE: line})


def test_no_command_runs_and_little_is_loaded(place: Path) -> None:
    """Asked as the shells ask: no parser, no cryptography, and nothing that the folder holds."""
    environment = {ASKED_BY: "zsh", LINE: "sfkeytool self-signed --pas", "PYTHONPROFILEIMPORTTIME": "1"}
    result = process("self-signed", "never_made", cwd=place, env=environment)
    assert (result.code, result.out.split("\t")[0]) == (0, "\n--password")
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in result.err.splitlines()}
    assert "sfkeytool" in loaded
    assert not loaded & {"typer", "cryptography", "rich", "questionary", "shellingham", "subprocess"}
    assert not (place / "never_made").exists()


@pytest.mark.slow
def test_the_scripts_are_printed(place: Path) -> None:
    for shell in Shell:
        assert process("completion", str(shell), cwd=place).out == script(shell)
    assert process("completion", "tcsh", cwd=place).code == 2


# Real shells

READ_BACK = "\x01printf '<%s>' \r"
"""Ctrl-A, and the words of the line are printed, not run."""
TABS: dict[str, list[str]] = {
    "sfkeytool self": ["self-signed"],
    "sfkeytool renew pa": ["renew", "pay_api"],
    "./sfkeytool renew pa": ["renew", "pay_api"],
    "sfkeytool show x --password env:MY_": ["show", "x", "--password", "env:MY_SECRET"],
    "sfkeytool show x --password=env:MY_": ["show", "x", "--password=env:MY_SECRET"],
    "sfkeytool show x --password file:ho": ["show", "x", "--password", "file:home"],
    "sfkeytool ckm list -o pr": ["ckm", "list", "-o", "prod"],
    "sfkeytool check 'key;": ["check", "key;touch obeyed"],
    "sfkeytool explain ckm.key.uns": ["explain", "ckm.key.unsupported-size"],
}
START = {
    "bash": (["--norc", "--noprofile"], 'eval "$(sfkeytool completion bash)"'),
    "zsh": (["-f"], 'bindkey -e; autoload -U compinit; compinit -u -D; eval "$(sfkeytool completion zsh)"'),
    "fish": (["--no-config"], "sfkeytool completion fish | source"),
}


@contextmanager
def interactive(shell: str, place: Path, variables: Mapping[str, str]) -> Iterator[Any]:
    import pexpect

    options, load = START[shell]
    child = pexpect.spawn(
        required(shell),
        options,
        cwd=str(place),
        env=dict(variables),
        encoding="utf-8",
        timeout=20,
        dimensions=(40, 200),
    )
    try:
        child.sendline(f"{load}; printf '%s%s\\n' rea dy")
        child.expect("ready\r\n")
        yield child
    finally:
        child.close(force=True)


@pty_only
@pytest.mark.slow
@pytest.mark.parametrize("shell", START)
def test_a_real_shell_completes(shell: str, place: Path) -> None:
    """Commands, names, sources, orgs, files, rules; what has an odd name is one word afterwards, and never obeyed."""
    tool = place / "bin" / "sfkeytool"
    tool.parent.mkdir()
    path = os.pathsep.join(filter(None, sys.path))
    tool.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(path)} exec {shlex.quote(sys.executable)} -m sfkeytool "$@"\n')
    tool.chmod(0o755)
    decoy = place / "sfkeytool"
    decoy.write_text("#!/bin/sh\ntouch obeyed\n")
    decoy.chmod(0o755)
    variables = {
        "PATH": f"{tool.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(place / "home"),
        "MY_SECRET": "x",
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
    }
    with interactive(shell, place, variables) as child:
        for typed, words in TABS.items():
            child.send(f"{typed}\t{READ_BACK}")
            child.expect("".join(f"<{re.escape(word)}/?>" for word in [typed.split()[0], *words]))
    assert not list(place.rglob("obeyed"))
