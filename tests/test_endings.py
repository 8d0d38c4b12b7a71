"""The end of every run of every command that makes something: one run each, measured in many ways."""

import contextlib
import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pexpect
import pytest
from conftest import PASSWORD, CertificateAuthority, Pair
from fake_org import FakeOrg
from filled_org import make
from stand_in_cli import ASK, as_command
from test_check import ders, keystore, pkcs8
from test_ckm_org import SF
from test_guided import finish, pty_only

from sfkeytool.cli.app import run_app
from sfkeytool.shell import command_words

ROWS, COLUMNS = 24, 80
PW = ("--password", "generate")
GIVEN = ("--password", "env:TEST_PASSWORD")
USER, APP = "bot@example.com", "3MVG9" + "worthless" * 8
COMMAND = re.compile(r"(?:sfkeytool|sf|rm|openssl) |\(cd ")
PATH = re.compile(r"/\S+")


@dataclass(frozen=True)
class End:
    """What a run printed, and the files that it made, by their paths from where it ran."""

    code: int
    out: str
    err: str
    made: frozenset[str]

    @property
    def lines(self) -> list[str]:
        return (self.out + self.err).splitlines()

    @property
    def rows(self) -> int:
        """Of a terminal, which breaks what is longer than it is wide."""
        return sum(max(1, -(-len(line) // COLUMNS)) for line in self.lines)

    @property
    def commands(self) -> list[str]:
        return [line.strip() for line in self.lines if COMMAND.match(line.strip())]


def files_in(folder: Path) -> frozenset[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and "bin" not in path.parts)
    return frozenset(f"{path.relative_to(folder)}:{path.stat().st_mtime_ns}" for path in found)


def run(*arguments: object) -> End:
    """The command, in this process, with no terminal."""
    before = files_in(Path())
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        code = run_app([str(argument) for argument in arguments])
    made = frozenset(name.rpartition(":")[0] for name in files_in(Path()) - before)
    return End(code, out.getvalue(), err.getvalue(), made - {"sf.log"})


def prepare(folder: Path, org: FakeOrg, pair: Pair, ca: CertificateAuthority) -> None:
    """What the runs read: a refused keystore, one of several keys, an app that takes the key, a stand-in for sf."""
    chain = ders(pair.crt, ca.intermediate, ca.root)
    (folder / "Bad.jks").write_bytes(keystore(pkcs8(pair), chain, alias="Pay-API"))
    (folder / "gap.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt), alias="Gap"))
    org.add_user(USER)
    org.add_app(APP, pair.crt.read_text(), approved_users=[USER])
    script = folder / "bin" / "sf"
    script.parent.mkdir()
    script.write_text(
        SF.format(ask=ASK, python=sys.executable, log=str(folder / "sf.log"), url=org.url, token=org.let_in())
    )
    as_command(script)


def all_runs(quiet: Sequence[str], folder: Path, pair: Pair, ca: CertificateAuthority) -> Iterator[tuple[str, End]]:
    """Each command that makes something, in an order in which one has what it needs."""

    def made(name: str, *arguments: object) -> tuple[str, End]:
        return name, run(*arguments, *quiet)

    key = ("--key", pair.key)
    yield made("self-signed", "self-signed", "pay_api", *PW, "--ics", "pay_api/dates.ics", *key)
    (folder / "pay_api" / "pay_api.key").write_bytes(pair.key.read_bytes())
    (folder / "pay_api" / "pay_api.key").chmod(0o600)
    for purpose in ("domain", "mtls", "sso"):
        san = ("--san", "shop.example.com")
        yield made(f"self-signed {purpose}", "self-signed", f"for_{purpose}", *PW, "--purpose", purpose, *key, *san)
    yield made("csr", "csr", "shop_api", "--organization", "Acme", "--country", "DE")
    ca.sign(folder / "shop_api" / "shop_api.csr", folder / "answer.crt")
    yield made("wrap", "wrap", "shop_api", "answer.crt", ca.intermediate, ca.root, *PW)
    yield made("reminder", "reminder", "pay_api/pay_api.crt", *PW)
    yield made("renew", "renew", "pay_api", *PW, "--as", "pay_next")
    yield made("renew for a CA", "renew", "shop_api", "--csr", "--as", "shop_next")
    yield made("self-signed again", "self-signed", "pay_two", "--password", "env:TEST_PASSWORD", *key)
    yield made("rotate", "rotate", "pay_two", *PW, "--as", "pay_new_key")
    yield made(
        "unwrap", "unwrap", "shop_api/shop_api.jks", "--password", "file:shop_api/shop_api.jks.password", "-d", "un"
    )
    yield made("check --fix", "check", "Bad.jks", "--fix", *GIVEN)
    yield made("check --fix with something left", "check", "gap.jks", "--fix", *GIVEN, "--new-password", "generate")
    yield made("check --fix of two", "check", "Bad.jks", "gap.jks", "--fix", *GIVEN, "-d", "both")
    yield made("metadata", "metadata", "pay_api", "--contact-email", "a@example.com", "--permission-set")
    retrieved = next((folder / "pay_api").rglob("*.ecaGlblOauth-meta.xml"))
    (folder / "app.xml").write_bytes(retrieved.read_bytes())
    yield made("metadata --in", "metadata", "shop_api", "--in", "app.xml")
    yield made("ckm create", "ckm", "create", "born", "--organization", "Acme")
    yield made("ckm create --deploy", "ckm", "create", "deployed", "-o", "prod", "--deploy", "--yes")
    yield made("ckm csr", "ckm", "csr", "deployed", "-o", "prod")
    ca.sign(folder / "deployed" / "deployed.csr", folder / "signed.crt")
    chain = ("signed.crt", ca.intermediate, ca.root)
    yield made("ckm chain", "ckm", "chain", "deployed", *chain, "--csr", "deployed/deployed.csr")
    yield made("ckm upload", "ckm", "upload", "deployed", *chain, "--csr", "deployed/deployed.csr")
    uploaded = ("--project", "up", "--deploy", "--yes")
    yield made("ckm upload --deploy", "ckm", "upload", "deployed", *chain, "-o", "prod", *uploaded)
    yield made("ckm download", "ckm", "download", "deployed", "-o", "prod", "-d", "down")
    who = ("--client-id", APP, "--username", USER, "--instance-url", os.environ["SF_ORG_INSTANCE_URL"])
    yield made(
        "login", "login", "pay_api", *who, "--audience", "https://login.salesforce.com", "--certificate", pair.crt
    )


class Ended:
    """The runs of all commands in a folder of their own, which is the current one while this is used."""

    def __init__(self, quiet: Sequence[str], folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
        self.folder = folder
        with FakeOrg(tls=False) as org, pytest.MonkeyPatch.context() as patch:
            prepare(folder, org, pair, ca)
            patch.chdir(folder)
            patch.delenv("CI", raising=False)
            patch.setenv("TEST_PASSWORD", PASSWORD)
            patch.setenv("SF_ORG_INSTANCE_URL", org.url)
            patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
            self.runs = MappingProxyType(dict(all_runs(quiet, folder, pair, ca)))
            host, _, port = org.url.removeprefix("http://").rpartition(":")
        # Bound and never listened at: no other server of a test, which may answer late or never, stands where it was.
        self._gone = socket.socket()
        self._gone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._gone.bind((host, int(port)))


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, pair: Pair, ca: CertificateAuthority) -> Ended:
    return Ended((), tmp_path_factory.mktemp("e"), pair, ca)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, pair: Pair, ca: CertificateAuthority) -> Ended:
    return Ended(("-q",), tmp_path_factory.mktemp("q"), pair, ca)


@pytest.mark.slow
def test_every_end_fits_a_screen(ended: Ended) -> None:
    """24 rows of 80 columns, stdout and stderr together; nothing is wider but commands and paths, and what in a log is a
    line whatever its length."""
    assert {name: end.err for name, end in ended.runs.items() if end.code} == {}
    assert {name: end.rows for name, end in ended.runs.items() if end.rows > ROWS} == {}
    wide = [line for end in ended.runs.values() for line in end.out.splitlines() if len(line) > COLUMNS]
    assert [line for line in wide if not COMMAND.match(line.strip()) and not PATH.fullmatch(line.strip())] == []


@pytest.mark.slow
def test_what_is_asked_last_fits_too(ended: Ended) -> None:
    """The same as a command takes three rows more where something was asked."""
    asked = {"self-signed", "csr", "reminder", "renew", "rotate", "unwrap", "check --fix"}
    assert {name: ended.runs[name].rows for name in asked if ended.runs[name].rows > ROWS - 3} == {}


@pytest.mark.slow
def test_what_is_ready_where_and_until_when_is_said(ended: Ended) -> None:
    """The folder's full path stands alone, and each file in it has a line."""
    for name in ("self-signed", "wrap", "reminder", "renew", "rotate", "unwrap", "check --fix"):
        end = ended.runs[name]
        assert re.search(r"valid\s+until\s+20\d\d-\d\d-\d\d", end.out), name
        [place] = [line.strip() for line in end.out.splitlines() if line.strip().startswith(str(ended.folder))]
        assert Path(place).is_dir()
        shown = {file.name for file in Path(place).iterdir()} & set(re.findall(r"(?m)^    (\S+)  ", end.out))
        assert shown >= {Path(made).name for made in end.made if not made.endswith(".gitignore")}, name


@pytest.mark.slow
def test_the_first_mail_is_a_day_and_no_promise(ended: Ended) -> None:
    """Inferred where a key was imported, and only there."""
    for name, end in ended.runs.items():
        out = " ".join(end.out.split())
        assert out.count("CKM should mail on 20") == ("certificate" in end.out and "First mail" in end.out), name
        assert ("(inferred for imported pairs)" in out) == ("First mail" in out and not name.startswith("ckm")), name
    for name in (
        "self-signed",
        "self-signed domain",
        "wrap",
        "reminder",
        "renew",
        "rotate",
        "ckm chain",
        "check --fix",
    ):
        assert "First mail" in ended.runs[name].out, name


@pytest.mark.slow
def test_three_steps_at_most_each_a_click_path_or_a_command(ended: Ended) -> None:
    """Or both: the command, and in brackets where the same is done by hand. What goes to the CA is neither;
    troubleshooting is explain's."""
    for name, end in ended.runs.items():
        _, _, steps = end.out.partition("\nNext\n")
        numbered = re.split(r"(?m)^ (\d)\. ", steps)
        assert numbered[1::2] == ["1", "2", "3"][: len(numbered[1::2])], name
        for step in numbered[2::2]:
            commands = [line for line in step.splitlines() if COMMAND.match(line.strip())]
            paths = step.count("Setup >")
            by_hand = (len(commands), paths, " ".join(step.split()).count("(or Setup >")) == (1, 1, 1)
            assert by_hand or (len(commands), paths) in ((1, 0), (0, 1)) or step.startswith("Send "), (name, step)
        assert name.startswith(("login", "ckm upload --deploy")) or len(numbered) > 1, name
        assert "Data Not Available" not in end.out
        assert "PKCS12" not in end.out


@pytest.mark.slow
def test_the_commands_of_the_ends_run(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand, from the reader's folder; only what a person has to know is filled in."""
    monkeypatch.chdir(ended.folder)
    monkeypatch.setattr("time.sleep", lambda _: None)  # between one try and the next to reach what is gone
    monkeypatch.setenv("PATH", f"{ended.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    seen: set[str] = set()
    for name, end in ended.runs.items():
        for command in end.commands:
            words = command_words(command) if command.startswith("sfkeytool") else []
            if command in seen:
                continue
            if {"login", "ckm", "--app"} & set(words):  # of the network: an org that is gone, and no wrong usage
                if "login" not in words:
                    seen.add(command)
                    agreed = ["--yes"] if "--deploy" in words else []
                    assert run(*words[1:], "--dry-run", *agreed).code == 1, command
                continue
            seen.add(command)
            if words:
                files = ["answer.crt", "signed.crt"] if "wrap" in words else []
                filled = [part for word in words[1:] for part in (files if word == "FILE…" else [word])]
                again = run(*filled, *(["--contact-email", "a@example.com"] if "metadata" in words else []))
                allowed = (0, 1, 3) if "wrap" in words or "check" in words else (0,)
                assert again.code in allowed, (name, command, again.err)
                assert again.code == 0 or "exist already" in again.err or "reject" in again.out, (name, again)
            elif command.startswith("(cd"):
                subprocess.run(["sh", "-c", command.replace("project deploy", "project info")], check=True)
    deletions = {command for end in ended.runs.values() for command in end.commands if command.startswith("rm ")}
    for command in sorted(deletions, key=len, reverse=True):
        named = [Path(word) for word in command_words(command)[1:]]
        if any(file.exists() for file in named):  # what was wrapped and what was unwrapped is one file
            subprocess.run(["sh", "-c", command], check=True)
        assert not any(file.exists() for file in named)
    assert not list(ended.folder.glob("pay_api/*.jks*"))
    assert len(seen) > 8


@pytest.mark.slow
def test_quiet_prints_the_paths_that_were_written_and_nothing_else(quiet: Ended) -> None:
    """One a line, as they are to be used from here; a login prints nothing."""
    for name, end in quiet.runs.items():
        assert end.code == 0, (name, end.err)
        printed = end.out.splitlines()
        if name == "login":
            assert printed == []
            continue
        assert set(printed) <= end.made, name
        assert {Path(path).name for path in end.made - set(printed)} <= {".gitignore"}, name
        assert len(printed) == len(set(printed)) > 0, name


def test_quiet_prints_what_a_script_wants_of_what_writes_nothing(
    folder: Path, pair: Pair, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, a step, a token; else nothing but the exit code."""
    (folder / "pair.crt").write_bytes(pair.crt.read_bytes())
    for silent in (("show", "pair.crt"), ("check", "pair.crt"), ("compare", "pair.crt", "pair.crt"), ("audit", ".")):
        end = run(*silent, "-q")
        assert (end.out, end.err) == ("", ""), silent
    assert run("explain", "Data Not Available", "-q").out == ""
    assert run("audit", ".", "--csv", "a.csv", "-q").out.splitlines() == ["a.csv"]
    made = make("pay", 300, 1)
    org.contents.add_certificate("Pay", made.pem, made.expires)
    assert run("ckm", "list", "-q").out == "Pay\n"
    org.add_user(USER)
    org.add_app(APP, pair.crt.read_text(), approved_users=[USER])
    who = ("-f", pair.key, "-i", APP, "-u", USER, "-r", org.url, "--audience", "https://login.salesforce.com")
    assert re.fullmatch(r"\S+\n", run("login", *who, "--show-token", "-q").out)
    if sys.platform == "win32":  # which has no such names
        return
    assert run("self-signed", "pay", *PW, "--key", pair.key, "-d", "a\nb", "-q").out.splitlines()[0] == "a\\nb/pay.jks"
    run("rotate", "pay", *PW, "-d", "a\nb", "-q")
    assert run("renew", "pay", "--status", "-d", "a\nb", "-q").out == "import\n"


@pytest.mark.slow
def test_verbose_tells_the_rest(ended: Ended, monkeypatch: pytest.MonkeyPatch, pair: Pair) -> None:
    """All days and who is mailed, the fingerprint, what was proved, what helps where the import fails."""
    monkeypatch.chdir(ended.folder)
    end = run("self-signed", "whole", *PW, "--key", pair.key, "-v")
    out = " ".join(end.out.split())
    for said in (
        "Data Not Available",
        "PKCS12",
        "Receive Certificate Expiration Notifications",
        "SHA-256 ",
        "proved: ",
    ):
        assert said in out


@pytest.mark.slow
def test_findings_are_filled_and_their_commands_whole(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ended.folder)
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)
    end = run("check", "Bad.jks", "gap.jks", *GIVEN)
    assert end.code == 3
    wide = [line for line in end.out.splitlines() if len(line) > COLUMNS]
    assert [line for line in wide if not re.search(r"^ {18}(?:sfkeytool \S|https://)|fix      sfkeytool ", line)] == []
    assert "sfkeytool check --fix Bad.jks --password prompt" in end.out


def test_usage_errors_name_the_command() -> None:
    assert run("renew").err.splitlines()[-1] == "hint: see sfkeytool renew --help"
    assert run("renew", "--bogus").err.splitlines()[-1] == "hint: see sfkeytool renew --help"
    assert run("ckm", "csr", "x", "--bogus").err.splitlines()[-1] == "hint: see sfkeytool ckm csr --help"


ANSI = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(columns: int, folder: Path, *arguments: object) -> tuple[str, list[str]]:
    """What is printed on one, as it is and in lines without colours."""
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    child = pexpect.spawn(
        sys.executable, ["-m", "sfkeytool", *map(str, arguments)], cwd=str(folder), timeout=60, encoding="utf-8",
        dimensions=(24, columns), env={**environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    raw = finish(child)
    return raw, [ANSI.sub("", line) for line in raw.splitlines()]


@pty_only
@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.slow
def test_text_is_filled_to_the_window(columns: int, folder: Path, pair: Pair) -> None:
    """From 60 to 100 columns; no command is broken; results are in colour."""
    raw, lines = on_a_terminal(columns, folder, "self-signed", "pay_api", *PW, "--key", pair.key, "-v")
    assert raw != ANSI.sub("", raw)
    widest = min(columns, 100)
    whole = (str(folder), str(pair.key), "SHA-256")
    text = [line for line in lines if not COMMAND.match(line.strip()) and not any(word in line for word in whole)]
    assert widest - 12 < max(map(len, text)) <= widest
    assert "    rm pay_api/pay_api.jks pay_api/pay_api.jks.password" in lines


@pty_only
def test_a_warning_is_filled_too_and_its_command_whole(
    folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal; in a log it is one line. Where nothing was asked, the run is not shown as a command."""
    monkeypatch.setenv("SFKEYTOOL_PASSWORD", PASSWORD)
    (folder / "pair.p12").write_bytes(keystore(pkcs8(pair), ders(pair.crt)))
    given = ("wrap", "pay", "pair.p12", "--input-password", "env:TEST_PASSWORD")
    raw, lines = on_a_terminal(60, folder, *given, "--key-password", "env:TEST_PASSWORD")
    begin = next(number for number, line in enumerate(lines) if line.startswith("warning: pay/pay.key is encrypted"))
    assert "  sfkeytool unwrap pay/pay.jks --password env:SFKEYTOOL_PASSWORD -d pay/clear" in lines[begin:]
    assert "The same as a command" not in raw
    assert max(len(line) for line in lines if str(folder) not in line and not COMMAND.match(line.strip())) <= 60
    assert "\x1b[33mwarning:" in raw
    log = run(*given, "-d", "again", "--key-password", "env:TEST_PASSWORD")
    assert re.search(r"(?m)^warning: again/pay.key is encrypted.*: sfkeytool unwrap again/pay.jks .*$", log.err)


@pty_only
def test_an_error_is_filled_too_and_its_command_whole(folder: Path) -> None:
    """No word of it is broken at the window's edge."""
    raw, lines = on_a_terminal(
        60, folder, "metadata", "nowhere", "--contact-email", "a@example.com", "--in", "gone.xml"
    )
    assert "\x1b[31msfkeytool: error:" in raw
    assert max(map(len, lines)) <= 60
    assert len([line for line in lines if line]) > 1
    _, lines = on_a_terminal(60, folder, "self-signed", "pay", "--days", "many", "--password", "generate")
    assert "hint: see sfkeytool self-signed --help" in lines
