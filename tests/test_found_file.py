"""A key or certificate that no flag named: in whose folder it lies, and whose it is."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result, tree

Cli = Callable[..., Result]
PW = ("--password", "env:TEST_PASSWORD")
LOGIN = ("login", "pay", "-i", "3MVG9" + "x" * 60, "-u", "bot@example.com", "-r", "http://127.0.0.1:9")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX")


@pytest.fixture
def pay(cli: Cli, folder: Path, pair: Pair, slept: list[float]) -> Cli:
    """The command, beside a folder of pay with a key and its certificate. Nobody answers a login, which does not wait."""
    (folder / "pay").mkdir()
    shutil.copy(pair.key, folder / "pay" / "pay.key")
    shutil.copy(pair.crt, folder / "pay" / "pay.crt")
    shutil.copy(pair.crt, folder / "ca.crt")
    (folder / "pay" / "pay.key").chmod(0o600)
    return cli


USERS = {
    "self-signed": ("self-signed", "pay", *PW, "--force"),
    "csr": ("csr", "pay"),
    "wrap": ("wrap", "pay", "ca.crt", *PW, "--force"),
    "renew": ("renew", "pay", *PW),
    "login": LOGIN,
    "metadata": ("metadata", "pay", "--contact-email", "a@example.com"),
}


def codes(result: Result) -> list[str]:
    """Of the error, and of the notices."""
    return [code for code in (result.json.get("code"), *(each["code"] for each in result.json["notices"])) if code]


@pytest.mark.parametrize("command", USERS.values(), ids=USERS)
def test_what_anybody_may_have_put_there_is_not_used(command: tuple[str, ...], pay: Cli, folder: Path) -> None:
    """In a folder of mode 0777; nothing is made, and nothing is left of the probe."""
    (folder / "pay").chmod(0o777)
    before = tree(folder)
    result = pay(*command, "--json")
    assert (result.code, result.json["code"]) == (1, "input.folder-open"), result
    assert result.json["actions"] == ["if you know it to be yours: chmod o-w pay"]
    assert tree(folder) == before


@pytest.mark.parametrize("command", USERS.values(), ids=USERS)
@pytest.mark.parametrize("mode", [0o1777, 0o775, 0o700], ids=oct)
def test_in_a_folder_where_only_the_owner_may_replace_it_it_is(
    command: tuple[str, ...], mode: int, pay: Cli, folder: Path
) -> None:
    """As in /tmp, by its sticky bit."""
    (folder / "pay").chmod(mode)
    found = codes(pay(*command, "--json"))
    assert not [code for code in found if code.startswith(("input.folder-", "input.of-"))], found


def test_a_key_that_is_named_is_used(pay: Cli, folder: Path) -> None:
    """By its flag, or as a file to wrap; and a rotation does not sign with the old one."""
    (folder / "pay").chmod(0o777)
    for command in (
        ("self-signed", "pay", *PW, "--force", "--key", "pay/pay.key"),
        ("wrap", "pay", "pay/pay.key", "ca.crt", *PW, "--force"),
        ("rotate", "pay", *PW),
    ):
        result = pay(*command)
        assert result.code == 0, result
    assert pay("login", "-f", "pay/pay.key", *LOGIN[2:], "--json").json["code"] == "network.connection"


def test_a_link_is_no_way_around(pay: Cli, folder: Path) -> None:
    """The folder counts in which the key itself lies, and that of the link."""
    (folder / "pay").rename(folder / "open")
    (folder / "open").chmod(0o777)
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.key").symlink_to(folder / "open" / "pay.key")
    shutil.copy(folder / "open" / "pay.crt", folder / "pay")
    assert codes(pay(*USERS["renew"], "--json"))[0] == "input.folder-open"


def test_where_modes_do_not_hold_it_is_a_warning(pay: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drive of Windows, exFAT, some volumes of containers: every folder shows 0777, and a chmod does nothing."""
    (folder / "pay").chmod(0o777)
    monkeypatch.setattr(os, "fchmod", lambda descriptor, mode: None)
    result = pay(*USERS["renew"], "--json")
    assert (result.code, codes(result).count("input.folder-unprotected")) == (0, 1), result


def test_another_users_key_is_used_with_a_warning_that_names_the_owner(
    pay: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, which runs as root over somebody's folder."""
    import pwd

    owner = (folder / "pay" / "pay.key").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    result = pay(*USERS["renew"], "--json")
    [message] = [each["message"] for each in result.json["notices"] if each["code"] == "input.of-another-user"]
    assert result.code == 0
    assert f"belongs to {pwd.getpwuid(owner).pw_name} (user {owner})" in message
