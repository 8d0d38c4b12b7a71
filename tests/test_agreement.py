"""What is about to be done: shown by a dry run, which does nothing, and agreed to by a person who was asked."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, CertificateAuthority, Pair, Result, keytool, openssl, tree
from disturbance import killed
from test_guided import ScriptedAsker
from test_kills import quietly

from sfkeytool.cli.ci_secret import ci_lines
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.pipeline import run_command
from sfkeytool.edge.browser import has_display
from sfkeytool.model import Purpose

Cli = Callable[..., Result]
COMMANDS = {row.name: row.load() for row in TABLE}
OWN = ("--password", "generate")
DRY_RUNS: dict[str, tuple[str, ...]] = {
    "self-signed": ("self-signed", "new", "--key", "in/pair.key", *OWN, "--ics", "new.ics"),
    "csr": ("csr", "new", "--key", "in/pair.key", "-d", "deep/new"),
    "wrap": ("wrap", "new", "in/pair.crt", "in/pair.key", "in/root.crt", "in/intermediate.crt", *OWN),
    "wrap --force": ("wrap", "old", "in/old.crt", *OWN, "--force"),
    "unwrap": ("unwrap", "old/old.jks", "--password", "file:old/old.jks.password", "-d", "out"),
    "reminder": ("reminder", "in/pair.crt", *OWN),
    "renew": ("renew", "old", *OWN, "--as", "new", "--ics", "new.ics"),
    "renew --csr": ("renew", "old", "--csr"),
    "renew --done": ("renew", "old", "--done", "tidy"),
    "rotate": ("rotate", "old", *OWN),
    "check --fix": ("check", "in/pair.p12", "--fix", "--password", "env:TEST_PASSWORD", "--new-password", "generate"),
    "metadata": ("metadata", "old", "--contact-email", "a@example.com", "--browserforce", "--project", "project"),
    "metadata --in": ("metadata", "old", "--in", "in/Pay.connectedApp-meta.xml"),
    "metadata in a project": ("metadata", "old", "--contact-email", "a@example.com", "--project", "sfdx"),
    "ckm chain": ("ckm", "chain", "new", "in/pair.crt", "in/root.crt", "in/intermediate.crt"),
    "ckm create": ("ckm", "create", "new"),
    "ckm upload": ("ckm", "upload", "new", "in/pair.crt", "in/root.crt", "in/intermediate.crt", "--csr", "in/pair.csr"),
    "audit": ("audit", "old", "--html", "page.html", "--csv", "in/old.csv", "--ics", "new.ics"),
}  # fmt: skip
IN_AN_ORG = {"ckm csr", "ckm download"}
"""Which write nothing without one; test_ckm_org has them."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, pair: Pair, ca: CertificateAuthority) -> Path:
    """What the commands take, made once."""
    from sfkeytool.cli.app import run_app

    folder = tmp_path_factory.mktemp("shelf")
    (folder / "in").mkdir()
    for file in (pair.key, pair.key.with_suffix(".csr"), pair.crt, ca.root, ca.intermediate):
        shutil.copy(file, folder / "in")
    (folder / "in" / "pair.key").chmod(0o600)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert run_app(["self-signed", "old", *OWN]) == 0
        assert run_app(["renew", "old", *OWN, "--as", "next"]) == 0
    finally:
        os.chdir(before)
    shutil.copy(folder / "old" / "old.crt", folder / "in")
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-out", folder / "in" / "pair.p12",
        "-passout", f"pass:{PASSWORD}", "-name", "pair",
    )  # fmt: skip
    (folder / "in" / "old.csv").write_text("source,kind\n")
    (folder / "in" / "Pay.connectedApp-meta.xml").write_text(
        "<ConnectedApp><oauthConfig><certificate/></oauthConfig></ConnectedApp>"
    )
    (folder / "sfdx").mkdir()
    (folder / "sfdx" / "sfdx-project.json").write_text('{"packageDirectories": [{"path": "app", "default": true}]}')
    return folder


def moments(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """When everything here was changed last, folders too: whoever makes a file and removes it again changes theirs."""
    found = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {path: (stat.st_mtime_ns, stat.st_ino, stat.st_mode) for path, stat in found.items()}


def files_of(answer: dict[str, Any]) -> list[Any]:
    """All files that an answer tells of."""
    result = answer["result"]
    repairs = [repair for file in result.get("files", ()) for repair in file.get("repairs", ())]
    return (
        [file for one in repairs for file in one["files"]]
        if "summary" in result and repairs
        else result.get("files", [])
    )


@pytest.mark.parametrize("name", DRY_RUNS)
@pytest.mark.slow
def test_a_dry_run_tells_what_a_run_would_do_and_does_nothing(name: str, cli: Cli, folder: Path, shelf: Path) -> None:
    """No file, folder, lock or journal for a moment; the same exit code and the same files as the run afterwards."""
    shutil.copytree(shelf, folder, dirs_exist_ok=True)
    command = DRY_RUNS[name]
    before, when = tree(folder), moments(folder)
    told = cli(*command, "--dry-run")
    answer = cli(*command, "--dry-run", "--json")
    assert (tree(folder), moments(folder)) == (before, when)
    assert told.out.endswith("Dry run: nothing was written, deployed or sent.\n"), told
    assert "Next" not in told.out
    assert "BEGIN" not in told.out + answer.out
    assert answer.json["dryRun"] is True
    done = cli(*command, "--json")
    assert "dryRun" not in done.json
    assert (told.code, answer.code) == (done.code, done.code), done
    assert files_of(answer.json) == files_of(done.json)
    assert answer.json["result"].keys() == done.json["result"].keys()
    named = [Path(file["path"]) for file in files_of(done.json)] if name != "renew --done" else [Path("next.json")]
    assert named
    for path in named:
        assert path.name in told.out
        assert f"into {Path(*path.parts[:-1][:1]).resolve()}" in told.out


def test_every_command_that_writes_has_dry_runs() -> None:
    """And each is tried above; those of the import, and of what covers an app, in their own tests."""
    writers = {name for name, command in COMMANDS.items() if any(answer.publishes for answer in command.answers)}
    assert {name for name, command in COMMANDS.items() if any(field.name == "dry_run" for field in command.fields)} == {
        *writers, "check", "ckm import", "ckm cover",
    }  # fmt: skip
    tried = {next(name for name in sorted(COMMANDS, key=len, reverse=True) if " ".join(line).startswith(name))
             for line in DRY_RUNS.values()}  # fmt: skip
    assert tried | IN_AN_ORG == {*writers, "check"}


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("self-signed", "old", *OWN), "output.exists"),
        (("csr", "new", "--key", "in/gone.key"), "input.not-found"),
        (("wrap", "old", "old/old.crt", *OWN, "--force"), "output.is-input"),
        (("self-signed", "new", "--password", "env:UNSET"), "secret.env-unset"),
        (("self-signed", "new"), "usage.missing"),
        (("renew", "old", *OWN, "--as", "next"), "output.exists"),
        (("ckm", "create", "new", "--deploy", "-o", "prod"), "usage.confirm"),
    ],
)
def test_a_dry_run_fails_as_the_run_would(
    command: tuple[str, ...], code: str, cli: Cli, folder: Path, shelf: Path
) -> None:
    """With its exit code and its message."""
    shutil.copytree(shelf, folder, dirs_exist_ok=True)
    when = moments(folder)
    dry = cli(*command, "--dry-run", "--json")
    assert dry.json["code"] == code
    assert moments(folder) == when
    run = cli(*command, "--json")
    assert (dry.code, dry.json) == (run.code, run.json)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_dry_run_leaves_to_others_what_a_killed_run_left(cli: Cli, folder: Path, shelf: Path) -> None:
    """It says so: what it has looked at may be another after the repair."""
    shutil.copytree(shelf, folder, dirs_exist_ok=True)
    command = ("wrap", "old", "in/old.crt", "--password", "env:TEST_PASSWORD", "--force")
    when = next(
        step for step in range(40, 400, 7)
        if killed(partial(quietly, folder, command), step, "links") and list(folder.glob("old/.sfkeytool-*"))
    )  # fmt: skip
    assert when
    os.chdir(folder)
    before = moments(folder)
    dry = cli(*command, "--dry-run", "--json")
    assert moments(folder) == before
    assert "output.unsettled" in [notice["code"] for notice in dry.json["notices"]]
    assert cli(*command).code == 0
    assert not list(folder.glob("old/.sfkeytool-*"))


def test_a_quiet_dry_run_prints_the_paths_alone(cli: Cli, folder: Path) -> None:
    """Of the files that a run would print."""
    dry = cli("csr", "pay", "--dry-run", "-q").out
    assert not list(folder.iterdir())
    assert dry == cli("csr", "pay", "-q").out
    assert str(Path("pay/pay.csr")) in dry.splitlines()


def test_a_dry_run_asks_for_no_password_that_opens_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal too; and there is nothing to agree to."""
    asker = ScriptedAsker("new")
    given = {"dry_run": True}
    assert run_command("self-signed", COMMANDS["self-signed"], given, asker=asker) == 0  # type: ignore[arg-type]
    assert asker.asked == [asker.asked[0]]
    captured = capsys.readouterr()
    assert "new.jks" in captured.out
    assert "--dry-run" in captured.err
    assert not list(folder.iterdir())


# Agreed to


def answered(
    *answers: object, given: dict[str, Any] | None = None, name: str = "self-signed", guided: bool = False
) -> tuple[int, ScriptedAsker]:
    asker = ScriptedAsker(*answers)
    given = {"password": "generate"} if given is None else given
    return run_command(name, COMMANDS[name], given, asker=asker, guided=guided), asker  # type: ignore[arg-type]


def test_a_person_who_was_asked_agrees_to_what_they_see(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What, until when, where with the whole path, each file; Yes goes on."""
    code, asker = answered("pay", "yes")
    assert code == 0
    assert asker.asked[-1] == "Go on?"
    seen = capsys.readouterr().err
    for part in ("CN=pay, RSA 2048, valid until 20", f"into {folder / 'pay'} (new)", "pay.key", "pay.json"):
        assert part in seen
    assert (folder / "pay" / "pay.key").exists()


def test_a_person_who_says_no_has_changed_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends as with Ctrl-C, exit 130, so that a script around it stops; in one quiet line."""
    code, _ = answered("pay", "no")
    assert code == 130
    assert not list(folder.iterdir())
    captured = capsys.readouterr()
    assert captured.err.endswith("nothing was changed\n")
    assert "error" not in captured.err
    assert captured.out == ""


def test_what_is_replaced_stands_there(cli: Cli, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And from which files it is made."""
    assert cli("self-signed", "pay", "--password", "env:TEST_PASSWORD").code == 0
    code, _ = answered("pay", "no", given={"password": "env:TEST_PASSWORD", "force": True})
    assert code == 130
    seen = capsys.readouterr().err
    assert "pay.jks   keystore (secret), replaces the one there" in seen
    assert "pay.json  receipt, grows" in seen
    assert f"from {Path('pay/pay.key')}" in seen


def test_who_gives_all_is_asked_nothing(cli: Cli, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No summary either, but under --verbose."""
    code, asker = answered(given={"name": "pay", "password": "generate"})
    assert (code, asker.asked) == (0, [])
    assert "What will be made" not in capsys.readouterr().err
    code, asker = answered(given={"name": "shop", "password": "generate", "verbose": True})
    assert (code, asker.asked) == (0, [])
    assert f"into {folder / 'shop'} (new)" in capsys.readouterr().err


def test_who_changes_something_keeps_the_rest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All answers, and the password that was typed."""
    code, asker = answered(
        "pay", PASSWORD, PASSWORD, "change", "name", "shop", "yes", given={"password": "prompt", "organization": "Acme"}
    )
    assert code == 0
    assert [path.name for path in folder.iterdir()] == ["shop"]
    assert sum("password" in question.lower() for question in asker.asked) == 1
    seen = capsys.readouterr().err
    assert "O=Acme" in seen[: seen.index("shop")]
    listing = keytool("-list", "-storetype", "JKS", "-keystore", folder / "shop" / "shop.jks", "-storepass", PASSWORD)
    assert "PrivateKeyEntry" in listing


def test_what_is_done_cannot_be_changed_any_more(cli: Cli, folder: Path, shelf: Path) -> None:
    """Of two repaired copies the second may still be left; the first is told of."""
    shutil.copytree(shelf, folder, dirs_exist_ok=True)
    shutil.copy("in/pair.p12", "in/other.p12")
    files = [Path("in/pair.p12"), Path("in/other.p12")]
    given = {
        "files": files,
        "fix": True,
        "new_password": "generate",
        "password": ["env:TEST_PASSWORD"],
        "purpose": Purpose.JWT,
    }
    rows: list[list[str]] = []

    class Watching(ScriptedAsker):
        def choice(self, message: str, *given: Any, check: Any = None, **options: Any) -> Any:
            rows.append([choice.value for choice in given[0]])
            return self._next(message)

    asker = Watching("", "yes", "no")
    assert run_command("check", COMMANDS["check"], given, guided=True, asker=asker) == 130  # type: ignore[arg-type]
    assert rows == [["yes", "change", "no"], ["yes", "no"]]
    assert len(list(folder.glob("**/*.jks"))) == len(list(shelf.glob("**/*.jks"))) + 1


def test_the_road_of_the_audit(folder: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder, a page, a calendar, nobody told; agreed to before anything is looked through."""
    shutil.copytree(shelf / "old", folder / "old")
    opens = [False] if has_display({}) else []  # a browser is always there on Windows and macOS, and offered
    answers = (".", "", "400", "certificates.html", *opens, "certificates.ics", "")
    code, asker = answered(*answers, "no", name="audit", given={}, guided=True)
    assert (code, asker.answers) == (130, [])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count(f"into {folder}\n") == 1
    assert [path.name for path in folder.iterdir()] == ["old"]
    code, _ = answered(*answers, "yes", name="audit", given={}, guided=True)
    assert code == 5
    captured = capsys.readouterr()
    assert "sfkeytool audit . --within 400 --html certificates.html --ics certificates.ics" in captured.err
    assert {path.name for path in folder.iterdir()} == {"old", "certificates.html", "certificates.ics"}


def test_an_audit_says_whom_it_will_tell(
    folder: Path, shelf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its service, never by the address, which is a secret; an address that is none is asked again."""
    shutil.copytree(shelf / "old", folder / "old")
    monkeypatch.setenv("WHERE", "json://user:secret-token@127.0.0.1:9/")
    answers = (".", "", "", "", "", "\0other", "env:WHERE", "audit-state.json")
    code, _ = answered(*answers, "no", name="audit", given={}, guided=True)
    assert code == 130
    seen = capsys.readouterr().err
    assert ", --notify env:WHERE" in seen
    assert "secret-token" not in seen
    assert not (folder / "audit-state.json").exists()


# To where CI reads it


STAND_IN = '#!/bin/sh\nprintf "%s " "$@" > "$0.arguments"\ncat > "$0.stdin"\n'


@pytest.mark.skipif(sys.platform == "win32", reason="the lines of a POSIX shell")
def test_the_lines_for_a_ci_system_hand_it_the_very_key(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pasted elsewhere, through standard input, under --verbose alone; nothing is done."""
    (folder / "bin").mkdir()
    for name in ("gh", "glab"):
        (folder / "bin" / name).write_text(STAND_IN)
        (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert "gh secret" not in cli("csr", "other").err
    told = cli("csr", "pay_api", "-d", "it's; here", "--verbose").err
    lines = re.findall(r"^the key as .*?: ((?:gh|glab) .*)$", told, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["gh", "glab"]
    assert not (folder / "bin" / "gh.stdin").exists()
    for line in lines:
        subprocess.run(["sh", "-c", line], cwd="/", check=True)
    key = (folder / "it's; here" / "pay_api.key").read_bytes()
    assert (folder / "bin" / "gh.stdin").read_bytes() == key == (folder / "bin" / "glab.stdin").read_bytes()
    assert (folder / "bin" / "gh.arguments").read_text() == "secret set PAY_API_KEY "
    assert (folder / "bin" / "glab.arguments").read_text() == "variable set PAY_API_KEY --protected "
    assert "gh secret" not in cli("csr", "third", "--verbose", "--dry-run").err


def test_powershell_has_a_line_of_its_own() -> None:
    """It knows no redirected input, and GitHub no secret that begins with its own name."""
    hub, lab = ci_lines(key := Path("/my keys/pay.key"), windows=True)
    assert hub.endswith(f'Get-Content -Raw -LiteralPath "{key.absolute()}" | gh secret set PAY_KEY')
    assert "| glab variable set" in lab
    line, _, _ = ci_lines(Path("/keys/github_bot.key"), windows=False)[0].partition(" < ")
    assert line.endswith(": gh secret set JWT_GITHUB_BOT_KEY")
