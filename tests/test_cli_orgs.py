"""The orgs that the Salesforce CLI knows, read from its own files."""

import json
import os
from pathlib import Path

import pytest

from sfkeytool.edge.cli_orgs import KnownOrg, known_orgs

TOKEN = "00Dxx0000000001!AQEAQ.worthless"


def cli_home(folder: Path, aliases: object, *usernames: str, default: str | None = None) -> dict[str, str]:
    """A home folder as the Salesforce CLI leaves it; the environment that names it."""
    state = folder / ".sfdx"
    state.mkdir(parents=True, exist_ok=True)
    (state / "alias.json").write_text(json.dumps({"orgs": aliases}))
    for username in usernames:
        (state / f"{username}.json").write_text(json.dumps({"username": username, "accessToken": TOKEN}))
    if default is not None:
        (folder / ".sf").mkdir(exist_ok=True)
        (folder / ".sf" / "config.json").write_text(json.dumps({"target-org": default}))
    return {"HOME": str(folder), "USERPROFILE": str(folder)}


def test_the_default_comes_first_then_aliases_then_what_has_none(tmp_path: Path) -> None:
    """Two aliases of one login are both what somebody may type."""
    aliases = {"uat": "b@x.example.uat", "Prod": "a@x.example", "prod2": "a@x.example"}
    environ = cli_home(tmp_path, aliases, "a@x.example", "b@x.example.uat", "z@x.example", default="uat")
    assert known_orgs(environ) == (
        KnownOrg("uat", "b@x.example.uat", True),
        KnownOrg("Prod", "a@x.example"),
        KnownOrg("prod2", "a@x.example"),
        KnownOrg("z@x.example", "z@x.example"),
    )


def test_what_no_target_org_takes_is_no_org(tmp_path: Path) -> None:
    """Aliases of logins that are gone, names with blanks or escape sequences, files of other kinds."""
    aliases = {
        "gone": "gone@x.example",
        "with blank": "a@x.example",
        "\x1b[2J": "a@x.example",
        "n": 5,
        "--json": "a@x.example",
    }
    environ = cli_home(tmp_path, aliases, "a@x.example")
    for other in ("key.json", "stash.json", "a@x.example.json.bak", ".b@x.example.json", "a b@x.example.json"):
        (tmp_path / ".sfdx" / other).touch()
    assert known_orgs(environ) == (KnownOrg("a@x.example", "a@x.example"),)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b"{",
        b'{"orgs": 5}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"orgs": {"a": ["a@x.example"]}}',
        b" " * (2 << 20),
    ],
)
def test_a_damaged_file_is_as_good_as_none(content: bytes, tmp_path: Path) -> None:
    """Whatever the aliases and the default are, the logins are still listed."""
    environ = cli_home(tmp_path, {}, "a@x.example", default="x")
    for file in (".sfdx/alias.json", ".sf/config.json", ".sfdx/sfdx-config.json"):
        (tmp_path / file).write_bytes(content)
    assert known_orgs(environ) == (KnownOrg("a@x.example", "a@x.example"),)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    environ = cli_home(tmp_path, {}, "a@x.example")
    (tmp_path / ".sfdx" / "alias.json").unlink()
    os.mkfifo(tmp_path / ".sfdx" / "alias.json")
    assert known_orgs(environ) == (KnownOrg("a@x.example", "a@x.example"),)


@pytest.mark.parametrize("home", [None, "", "relative", "/no/such/folder", "\0"])
def test_without_a_home_there_are_none(home: str | None) -> None:
    environ = {} if home is None else {"HOME": home, "USERPROFILE": home}
    assert known_orgs(environ) == ()


def test_an_older_default_is_read_where_there_is_no_newer(tmp_path: Path) -> None:
    environ = cli_home(tmp_path, {"dev": "a@x.example"}, "a@x.example", "b@x.example")
    (tmp_path / ".sfdx" / "sfdx-config.json").write_text('{"defaultusername": "b@x.example"}')
    assert [org.name for org in known_orgs(environ) if org.is_default] == ["b@x.example"]
