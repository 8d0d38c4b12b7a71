"""``[defaults]`` of a ``sfkeytool.toml`` that nobody named: what it gives, where it is found, and what it cannot say."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result, openssl
from test_guided import ENTER, typed

from sfkeytool.shell import shell_line

Cli = Callable[..., Result]
ALL = '[defaults]\norganization = "Acme, Inc."\ncountry = "de"\ndays = 30\nkey-size = 3072\n'
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes of POSIX")


def subject(csr: Path) -> str:
    return openssl("req", "-in", csr, "-noout", "-subject", "-nameopt", "RFC2253").strip()


@pytest.fixture
def repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with all four defaults at its root; a folder in it is the current one."""
    (folder / ".git").mkdir()
    (folder / "sfkeytool.toml").write_text(ALL)
    (folder / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(folder / "a" / "b")
    return folder


def test_a_certificate_takes_what_no_flag_says(cli: Cli, repository: Path) -> None:
    """And -v says which file was used. What an audit finds in the same file is nobody's business here."""
    with (repository / "sfkeytool.toml").open("a") as file:
        file.write('[owners]\n"*" = 5\n[unknown]\n')
    made = cli("self-signed", "pay", "--password", "generate", "-v")
    assert made.code == 0, made.err
    assert f"defaults of {repository / 'sfkeytool.toml'}: " in made.err
    assert "country de, " in made.err
    text = openssl("x509", "-in", "pay/pay.crt", "-noout", "-text", "-nameopt", "RFC2253")
    assert "CN=pay,O=Acme\\, Inc.,C=DE" in text
    assert "3072 bit" in text
    assert cli("show", "pay/pay.crt", "--json").json["result"]["files"][0]["certificates"][0]["daysLeft"] in (29, 30)


def test_a_flag_goes_before_it_key_by_key(cli: Cli, repository: Path) -> None:
    made = cli("csr", "pay", "--country", "US", "--key-size", "2048", "--json")
    assert made.code == 0, made
    assert subject(Path("pay/pay.csr")) == "subject=CN=pay,O=Acme\\, Inc.,C=US"
    whole = cli("csr", "whole", "--subject", "CN=x,O=Other", "--key-size", "2048", "--json")
    assert whole.code == 0, "--organization and --country were not given, so that nothing stands beside --subject"
    assert subject(Path("whole/whole.csr")) == "subject=CN=x,O=Other"


def test_a_key_that_is_there_has_its_own_size(cli: Cli, repository: Path, pair: Pair) -> None:
    """Whether it is named or found: only a flag can contradict it."""
    assert cli("csr", "named", "--key", pair.key).code == 0
    Path("found").mkdir()
    Path("found/found.key").write_bytes(pair.key.read_bytes())
    assert cli("csr", "Found").code == 0
    assert cli("csr", "again", "--key", pair.key, "--key-size", "3072").code == 2


def test_a_renewal_lasts_as_long_as_it_says(cli: Cli, repository: Path, pair: Pair) -> None:
    """Of the four, days alone: the subject is the old one, and so is the key."""
    Path("pay").mkdir()
    Path("pay/pay.key").write_bytes(pair.key.read_bytes())
    assert cli("self-signed", "pay", "--days", "900", "--password", "generate").code == 0
    renewed = cli("renew", "pay", "--as", "pay2", "--password", "generate", "--json")
    assert renewed.code == 0, renewed
    [shown] = cli("show", "pay2/pay2.crt", "--json").json["result"]["files"]
    assert shown["certificates"][0]["daysLeft"] in (29, 30)
    Path("pay/pay.key").unlink()
    rotated = cli("rotate", "pay", "--as", "pay3", "--password", "generate", "--json")
    assert rotated.code == 0, rotated
    assert "2048 bit" in openssl("x509", "-in", "pay3/pay3.crt", "-noout", "-text"), "as many as before"


def test_a_guided_run_offers_it_and_an_empty_answer_leaves_it_out(
    cli: Cli, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sfkeytool.cli.commands import TABLE
    from sfkeytool.cli.pipeline import run_command

    [csr] = [row.load() for row in TABLE if row.name == "csr"]
    cleared = "\x01\x0b" + ENTER
    with typed("pay" + ENTER + ENTER + ENTER + ENTER + cleared + ENTER) as asker:  # the last: go on
        assert run_command("csr", csr, {}, guided=True, asker=asker) == 0
    assert subject(Path("pay/pay.csr")) == "subject=CN=pay,O=Acme\\, Inc."
    assert "3072 bit" in openssl("req", "-in", "pay/pay.csr", "-noout", "-text")
    assert shell_line(["--organization", "Acme, Inc."]) in capsys.readouterr().err


def test_a_size_that_only_some_can_make_is_told_with_its_file(cli: Cli, repository: Path) -> None:
    """Nobody typed the flag that the error names."""
    refused = cli("ckm", "create", "pay", "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.key-size")
    assert (
        f"key-size = 3072 stands in {repository / 'sfkeytool.toml'}; --key-size overrules it" in refused.json["actions"]
    )


# What it cannot say


@pytest.mark.parametrize(
    "key", ["password", "key-password", "target-org", "output-dir", "key", "notify", "common-name"]
)
def test_it_chooses_no_secret_no_org_and_no_path(key: str, cli: Cli, folder: Path) -> None:
    """Whoever cloned it did not write it."""
    (folder / "sfkeytool.toml").write_text(f'# mine\n[defaults]\ndays = 30\n{key} = "env:HOME"\n')
    refused = cli("csr", "pay", "--json")
    assert (refused.code, refused.json["code"]) == (1, "config.unknown-key")
    assert f"sfkeytool.toml, line 4: '{key}' is not known in defaults" in refused.json["message"]
    audited = cli("audit", "--config", "sfkeytool.toml", ".", "--json")
    assert audited.json["code"] == "config.unknown-key"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("days = 0", "defaults.days is 1 to 3650, not 0"),
        ("days = 3651", "defaults.days is 1 to 3650, not 3651"),
        ("days = true", "must be a whole number of days, not true or false"),
        ('days = "30"', "must be a whole number of days, not text"),
        ("key-size = 1024", "defaults.key-size is 2048, 3072 or 4096, not 1024"),
        ('country = "Germany"', "defaults.country: a country is two letters"),
        ('organization = ""', "must be one line of text, and not empty"),
        ('organization = "' + "x" * 65 + '"', "X.520 allows 64"),
        ('organization = "a\\u001b[2J"', "must be one line of text"),
        ("organization = 5", "must be text in quotes, not a number"),
    ],
)
def test_a_wrong_value_is_told_with_its_line(line: str, words: str, cli: Cli, folder: Path) -> None:
    """As the flag of its name would be."""
    (folder / "sfkeytool.toml").write_text(f"[defaults]\n\n{line}\n")
    refused = cli("csr", "pay", "--json")
    assert (refused.code, refused.json["code"]) == (1, "config.value")
    assert "sfkeytool.toml, line 3: " in refused.json["message"]
    assert words in refused.json["message"]
    assert not (folder / "pay").exists()


def test_a_command_that_takes_none_of_it_reads_nothing(cli: Cli, folder: Path, pair: Pair) -> None:
    (folder / "sfkeytool.toml").write_bytes(b"\xff no TOML")
    assert cli("show", pair.crt).code == 0
    assert cli("csr", "pay", "--json").json["code"] == "config.encoding"
    (folder / "sfkeytool.toml").write_bytes(b"")
    assert cli("csr", "pay", "--key", pair.key).code == 0, "an empty one says nothing"


# Where it is found


def takes(cli: Cli, name: str = "pay") -> bool:
    """Whether a request made here has the file's organization."""
    made = cli("csr", name, "--key", os.environ["A_KEY"], "--json", "--force")
    assert made.code == 0, made
    return "Acme" in subject(Path(f"{name}/{name}.csr"))


@pytest.fixture
def tree(folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders a/b/c, of which the last is the current one, and defaults at the top; a is the home folder's place."""
    monkeypatch.setenv("A_KEY", str(pair.key))
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / "sfkeytool.toml").write_text('[defaults]\norganization = "Acme"\n')
    monkeypatch.chdir(folder / "a" / "b" / "c")
    return folder


def test_the_search_goes_up_and_the_nearest_counts(cli: Cli, tree: Path) -> None:
    assert takes(cli)
    (tree / "a" / "sfkeytool.toml").write_text("[defaults]\ndays = 5\n")
    assert not takes(cli)


@pytest.mark.parametrize("kind", ["repository", "worktree", "home"])
def test_the_search_ends_with_the_repository_and_the_home_folder(
    kind: str, cli: Cli, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last folder is looked into, and none beyond it."""
    for place, expected in ((tree / "a" / "b", False), (tree, True)):
        if kind == "repository":
            (place / ".git").mkdir()
        elif kind == "worktree":
            (place / ".git").write_text("gitdir: elsewhere\n")
        else:
            monkeypatch.setenv("HOME", str(place))
            monkeypatch.setenv("USERPROFILE", str(place))
        assert takes(cli) is expected
        if kind == "repository":
            (place / ".git").rmdir()
        elif kind == "worktree":
            (place / ".git").unlink()


@posix_only
def test_the_search_ends_where_a_folder_is_not_the_user_s_own(
    cli: Cli, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that every user may change, one of another user, one of another file system."""
    (tree / "a").chmod(0o777)
    assert not takes(cli)
    (tree / "a").chmod(0o1777)
    assert takes(cli), "there nobody replaces what is another's"
    stat = Path.stat

    def elsewhere(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        changed = 2 if path == tree else None  # the place of st_dev
        return (
            found if changed is None else os.stat_result([*found[:changed], found[changed] + 1, *found[changed + 1 :]])
        )

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", elsewhere)
        assert not takes(cli)
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: tree.stat().st_uid + 1)
        assert not takes(cli)


@posix_only
@pytest.mark.parametrize("open_to_all", [True, False])
def test_a_file_that_is_not_the_user_s_own_is_not_taken_and_a_warning_says_so(
    open_to_all: bool, cli: Cli, tree: Path
) -> None:
    file = tree / "a" / "b" / "c" / "sfkeytool.toml"
    file.write_text('[defaults]\norganization = "Acme"\n')
    if open_to_all:
        file.chmod(0o666)
    elif os.geteuid():
        pytest.skip("only root can give a file away")
    else:
        os.chown(file, 12345, -1)
    made = cli("csr", "pay", "--key", os.environ["A_KEY"], "--json")
    assert [notice["code"] for notice in made.json["notices"]] == ["defaults.not-taken"]
    assert "Acme" not in subject(Path("pay/pay.csr"))
