"""Guided runs: on a pseudo-terminal, and through prompt_toolkit's pipes; the same requests as from flags."""

import contextlib
import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from conftest import PASSWORD, Pair, Result, keytool

import sfkeytool
from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.cli.command import Aim, Command
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.conversation import complete
from sfkeytool.cli.fields import Field, command_line, typed_values
from sfkeytool.cli.lying_here import made_here
from sfkeytool.cli.options import parse_days
from sfkeytool.edge.ask import Choice
from sfkeytool.edge.browser import has_display
from sfkeytool.edge.plain_ask import PlainAsker
from sfkeytool.model import Purpose, Request
from sfkeytool.names import parse_unique_name

Cli = Callable[..., Result]
OTHER = "\0other"
"""The value of the row that leads to typing what no row offers."""
DOWN, ENTER = "\x1b[B", "\r"
COMMANDS = {row.name: row.load() for row in TABLE}


class ScriptedAsker:
    """Gives prepared answers, in order, and holds what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def _next(self, message: str, *_: Any, check: Any = None, **__: Any) -> Any:
        self.asked.append(message)
        answer = self.answers.pop(0)
        if check is not None:
            check(answer)
        return answer

    text = path = choice = confirm = password = _next


def parse(command: Command, arguments: Sequence[str], cli_values: dict[str, Any]) -> dict[str, Any]:
    return complete(command.fields, cli_values, None, {})


def values_from_flags(line: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the real parser makes of a command line."""
    import sfkeytool.cli.app as app
    import sfkeytool.cli.typer_app as typer_app

    seen: list[dict[str, Any]] = []

    def capture(name: str, command: Command, given: dict[str, Any]) -> int:
        seen.append(complete(command.fields, given, None, {}))
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(typer_app, "run_command", capture)
        assert app.run_app(list(line)) == 0
    return seen[0]


def requested(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the command's request is made of: its typed values, without those that were not given."""
    typed = typed_values(COMMANDS[name].fields, values)
    return {field: value for field, value in typed.items() if value not in (None, False, ())}


GUIDED: dict[str, tuple[tuple[Any, ...], list[str]]] = {
    "ckm list": (("prod",), ["ckm", "list", "--target-org", "prod"]),
    "ckm csr": (("pay", "prod"), ["ckm", "csr", "pay", "-o", "prod"]),
    "ckm download": (("pay", "prod"), ["ckm", "download", "pay", "-o", "prod"]),
    "ckm import": (("pay", "prod"), ["ckm", "import", "pay", "-o", "prod"]),
    "doctor": (("pay", "prod"), ["doctor", "pay", "-o", "prod"]),
    "ckm create": (
        ("pay", "4096", "Acme", "DE", True, "prod"),
        [
            "ckm",
            "create",
            "pay",
            "--key-size",
            "4096",
            "--organization",
            "Acme",
            "--country",
            "DE",
            "--deploy",
            "-o",
            "prod",
        ],
    ),
    "ckm upload": (
        ("pay", "a.pem", "", False, "prod"),
        ["ckm", "upload", "pay", "a.pem", "-o", "prod"],
    ),
    "self-signed": (
        ("Pay_API", "jwt", "3072", "Acme, Inc.", "DE", "730", "generate"),
        [
            "self-signed",
            "Pay_API",
            "--key-size",
            "3072",
            "--organization",
            "Acme, Inc.",
            "--country",
            "DE",
            "--days",
            "730",
            "--password",
            "generate",
        ],
    ),
    "csr": (
        ("shop", "domain", "2048", "", "", "shop.example.com www.example.com"),
        [
            "csr",
            "shop",
            "--purpose",
            "domain",
            "--key-size",
            "2048",
            "--san",
            "shop.example.com",
            "--san",
            "www.example.com",
        ],
    ),
    "wrap": (
        ("pay", "a.pem", "b.p7b", "", "sso", "prompt"),
        ["wrap", "pay", "a.pem", "b.p7b", "--purpose", "sso", "--password", "prompt"],
    ),
    "unwrap": (("a.pem",), ["unwrap", "a.pem"]),
    "show": (("a.pem", ""), ["show", "a.pem"]),
    "compare": (("a.pem", "b.p7b"), ["compare", "a.pem", "b.p7b"]),
    "check": (
        ("a.pem", "", "mtls", True, "pay"),
        ["check", "a.pem", "--purpose", "mtls", "--fix", "--as", "pay"],
    ),
    "metadata": (
        ("pay", "connected-app", "a@example.com"),
        ["metadata", "pay", "--kind", "connected-app", "--contact-email", "a@example.com"],
    ),
    "reminder": (("a.pem", "generate"), ["reminder", "a.pem", "--password", "generate"]),
    "renew": (("pay", True), ["renew", "pay", "--csr"]),
    "rotate": (("pay", False, "365", "generate"), ["rotate", "pay", "--password", "generate"]),
    "login": (
        ("pay", "3MVG9x", "a@b.example", True, "acme.my.salesforce.com"),
        [
            "login",
            "pay",
            "--client-id",
            "3MVG9x",
            "--username",
            "a@b.example",
            "--external-client-app",
            "--instance-url",
            "acme.my.salesforce.com",
        ],
    ),
    "ckm chain": (
        ("pay", "a.pem", "b.p7b", "", "domain"),
        ["ckm", "chain", "pay", "a.pem", "b.p7b", "--purpose", "domain"],
    ),
    "audit": (
        (
            *(OTHER, "a.pem", "", "", "30", "certificates.html", *([False] if has_display({}) else [])),
            *(OTHER, "out.ics", OTHER, "env:WHERE", "audit-state.json"),
        ),
        [
            *("audit", "a.pem", "--within", "30", "--html", "certificates.html", "--ics", "out.ics"),
            *("--notify", "env:WHERE", "--state", "audit-state.json"),
        ],
    ),
    "explain": (("The key is not an RSA key.",), ["explain", "The", "key", "is", "not", "an", "RSA", "key."]),
}


@pytest.mark.parametrize("name", GUIDED)
def test_answers_and_flags_make_the_same_request(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the command line that is shown afterwards makes it again."""
    for file in ("a.pem", "b.p7b"):
        (folder / file).touch()
    answers, flags = GUIDED[name]
    asker = ScriptedAsker(*answers)
    guided = complete(COMMANDS[name].fields, {}, asker, {}, guided=True)  # type: ignore[arg-type]
    assert not asker.answers
    from_flags = values_from_flags(flags, monkeypatch)
    assert requested(name, guided) == requested(name, from_flags)
    shown = command_line(name, COMMANDS[name].fields, guided)
    assert requested(name, values_from_flags(shown, monkeypatch)) == requested(name, guided)


class FollowingAsker:
    """Answers each question as an example does, and with Enter where the example says nothing."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.rest: list[str] = []

    def text(self, message: str, *, default: str = "", **_: Any) -> str:
        value = self.answers[message]
        return default if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)

    def path(self, message: str, **_: Any) -> str:
        if message in self.answers:
            value = self.answers[message]
            self.rest = [str(path) for path in (value if isinstance(value, list) else [value])]
        return self.rest.pop(0) if self.rest else ""

    def choice(self, message: str, choices: Sequence[Choice], *, default: str | None = None) -> str:
        value = self.answers[message]
        if value is None:
            return default or choices[0].value
        rows = {choice.value for choice in choices}
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        return text if text in rows or OTHER not in rows else OTHER

    def confirm(self, message: str, **_: Any) -> bool:
        return bool(self.answers[message])


def typed_in_the_menu(field: Field, value: Any) -> bool:
    """Whether an answer can give this value: it is asked for, and if one is chosen, among the choices."""
    question = field.question
    choices = {choice.value for choice in question.choices} if question else set()
    if question is not None and question.kind == "path" and isinstance(value, list) and len(value) > 1:
        return False
    return question is not None and (not choices or value is None or str(value) in choices)


EXAMPLES = [
    pytest.param(name, shlex.split(example.line)[1:], id=example.line)
    for name, command in COMMANDS.items()
    for example in command.examples
    if example.line.startswith("sfkeytool ")
]


@pytest.mark.usefixtures("folder")  # what lies in the current one would be offered
@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_an_example_can_be_answered_too(name: str, line: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What each command shows in --help is understood, and typed as answers it asks for the same: where it is silent,
    the menu may have chosen."""
    fields = COMMANDS[name].fields
    from_flags = values_from_flags(line, monkeypatch)
    asked = [field for field in fields if typed_in_the_menu(field, from_flags[field.name])]
    given = {field.name: from_flags[field.name] for field in fields if field not in asked}
    asker = FollowingAsker({field.question.text: from_flags[field.name] for field in asked if field.question})
    guided = requested(name, complete(fields, given, asker, {}, guided=True))  # type: ignore[arg-type]
    wanted = requested(name, from_flags)
    assert {field: guided.get(field) for field in wanted} == wanted


def taken() -> set[str]:
    """What requests have fields for, what a command looks up by itself, and the reports, which it goes through."""
    kinds: list[Any] = [Request]
    for found in walk_packages(sfkeytool.__path__, "sfkeytool."):
        if found.name.startswith(("sfkeytool.workflows.", "sfkeytool.cli.")):
            import_module(found.name)
    for kind in kinds:
        kinds += kind.__subclasses__()
    sources = [path.read_text(encoding="utf-8") for path in (Path(sfkeytool.__file__).parent / "cli").rglob("*.py")]
    looked_up = {name for source in sources for name in re.findall(r"""values(?:\[|\.get\()"(\w+)""", source)}
    return looked_up | set(FORMATS) | {field for kind in kinds for field in kind.__struct_fields__}


def test_no_flag_is_passed_over() -> None:
    """A field that no request has is dropped in silence, and what its flag asks for with it."""
    read = taken()
    fields = [(name, field) for name, command in COMMANDS.items() for field in command.fields]
    assert [(name, field.label) for name, field in fields if (field.into or field.name) not in read] == []


def test_only_what_is_missing_is_asked_outside_the_menu(folder: Path) -> None:
    """A developer who left out NAME is not walked through the subject."""
    asker = ScriptedAsker("pay")
    values = complete(COMMANDS["self-signed"].fields, {"password": "generate"}, asker, {})  # type: ignore[arg-type]
    assert len(asker.asked) == 1
    assert values["name"] == "pay"
    assert values["purpose"] is Purpose.JWT


def test_a_variable_stands_in_for_a_missing_secret() -> None:
    """SFKEYTOOL_PASSWORD; shown as a SOURCE in the equivalent command, never as a value."""
    values = complete(COMMANDS["self-signed"].fields, {"name": "pay"}, None, {"SFKEYTOOL_PASSWORD": PASSWORD})
    assert values["password"] == "env:SFKEYTOOL_PASSWORD"
    assert PASSWORD not in shlex.join(command_line("self-signed", COMMANDS["self-signed"].fields, values))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have orgs in the Salesforce CLI, which questions would offer."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))


@contextlib.contextmanager
def typed(text: str) -> Iterator[Any]:
    """An Asker whose terminal is a pipe with ``text`` typed into it."""
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from sfkeytool.edge.ask import Asker

    with create_pipe_input() as pipe:
        pipe.send_text(text)
        pipe.close()  # a question too many ends the run, where it would wait for ever
        yield Asker(pipe, DummyOutput())


@pytest.mark.slow
def test_real_prompts_take_the_answers(folder: Path, pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """The menu, the CA's answer, real prompts; an illegal NAME is refused at once and can be mended."""
    from sfkeytool.cli.menu import run_menu

    keys = [
        DOWN + ENTER,  # the CA's answer
        ENTER,  # the key was made here
        "1pay" + ENTER + "\x01\x0b" + "pay" + ENTER,  # refused, line emptied, legal
        str(pair.key) + ENTER, str(pair.crt) + ENTER, ENTER,  # files
        ENTER,  # purpose
        DOWN + ENTER,  # I type it
        PASSWORD + ENTER, "something else" + ENTER, PASSWORD + ENTER, PASSWORD + ENTER,  # twice, once wrong
        ENTER,  # go on
    ]  # fmt: skip
    with typed("".join(keys)) as asker:
        assert run_menu(asker) == 0
    captured = capsys.readouterr()
    assert "The same as a command" in captured.err
    line = re.search(r"sfkeytool wrap pay .*", captured.err)
    assert line is not None
    assert "--password prompt" in line.group()
    assert PASSWORD not in captured.out + captured.err
    listing = keytool("-list", "-storetype", "JKS", "-keystore", folder / "pay" / "pay.jks", "-storepass", PASSWORD)
    assert "PrivateKeyEntry" in listing


def test_a_number_with_zeros_before_it_is_that_number() -> None:
    """A choice in the plain mode, and a lifetime; the first digits alone would be another one."""
    asker = PlainAsker(io.StringIO("00012\n00002\n"), io.StringIO())
    assert asker.choice("Which?", [Choice("a", "A"), Choice("b", "B")]) == "b"
    assert parse_days("0000000000365") == 365


def test_what_is_needed_is_not_offered_to_be_left_out() -> None:
    """In the plain mode, where a hyphen takes a default away."""
    screen = io.StringIO()
    assert PlainAsker(io.StringIO("-\npay\n"), screen).text("Name:", default="my_pay", check=parse_unique_name) == "pay"
    assert "(Enter: my_pay)" in screen.getvalue()
    screen = io.StringIO()
    assert PlainAsker(io.StringIO("-\n"), screen).text("Organization:", default="Acme") == ""
    assert "(Enter: Acme; -: none)" in screen.getvalue()


def test_the_days_that_are_left_are_those_of_the_audit(cli: Cli, folder: Path) -> None:
    """Of one certificate two numbers would make a person wonder."""
    assert cli("self-signed", "pay", "--days", "90", "--password", "generate").code == 0
    audited = json.loads(cli("audit", "pay/pay.crt", "--json").out)["result"]["items"][0]["daysLeft"]
    assert [choice.title.split(", ")[0] for choice in made_here({})] == [f"pay: {audited} days left"]


@pytest.mark.slow
def test_a_country_that_is_none_is_refused_where_it_is_typed(folder: Path) -> None:
    """Not after the last question, with all answers lost."""
    from sfkeytool.cli.menu import run_menu

    keys = [
        ENTER + DOWN + ENTER,
        "pay" + ENTER,
        ENTER,
        ENTER,
        ENTER,
        "Germany" + ENTER,
        "\x01\x0b" + "de" + ENTER,
        ENTER,
    ]
    with typed("".join(keys)) as asker:
        assert run_menu(asker) == 0
    assert (folder / "pay" / "pay.csr").exists()


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("\x03", id="Ctrl-C"),
        pytest.param("\x04", id="Ctrl-D"),
        pytest.param(
            "\x1a", id="Ctrl-Z", marks=pytest.mark.skipif(sys.platform != "win32", reason="elsewhere it ends nothing")
        ),
        pytest.param("", id="terminal gone"),
    ],
)
def test_breaking_off_at_a_prompt_is_exit_130(key: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is written."""
    from sfkeytool.cli.menu import run_menu

    with typed(key) as asker:
        assert run_menu(asker) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not list(folder.iterdir())


pty_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


@contextlib.contextmanager
def terminal(*arguments: str, folder: Path, **env: str) -> Iterator[Any]:
    """The command on a pseudo-terminal."""
    import pexpect

    child = pexpect.spawn(
        sys.executable, ["-m", "sfkeytool", *arguments], cwd=str(folder), timeout=120, encoding="utf-8",
        dimensions=(40, 200),
        env={**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), **env},
    )  # fmt: skip
    try:
        yield child
    finally:
        child.close(force=True)


def finish(child: Any) -> str:
    import pexpect

    child.expect(pexpect.EOF)
    child.close()
    return str(child.before)


def test_every_command_is_in_the_menu_and_every_row_leads_to_some() -> None:
    """Each under one aim, with a line that says what it means."""
    placed = {name: command.place for name, command in COMMANDS.items() if command.place}
    assert set(placed) == set(COMMANDS)
    assert {place.aim for place in placed.values()} == set(Aim)
    assert all(place.meaning for place in placed.values())


def test_the_menu_names_no_file_that_an_installed_user_has_not() -> None:
    """The documents are in the repository; help is everywhere."""
    from sfkeytool.cli.menu import _WHICH

    texts = [*Aim, *_WHICH.values()]
    for command in COMMANDS.values():
        texts += [command.place.title, command.place.meaning] if command.place else []
        for field in command.fields:
            if field.question:
                texts += [field.question.text, *(choice.title for choice in field.question.choices)]
    assert [text for text in texts if "docs/" in text or ".md" in text] == []


@pytest.mark.parametrize(
    ("aim", "jobs"),
    [
        (Aim.MAKE, ["self-signed", "csr", "ckm create", "reminder"]),
        (Aim.ANSWER, ["wrap", "ckm chain", "ckm upload"]),
        (Aim.IMPORT, ["ckm import", "doctor"]),
        (Aim.REFUSED, ["check", "explain", "login"]),
        (Aim.EXPIRES, ["renew", "rotate"]),
        (Aim.MORE, ["show", "compare", "unwrap", "metadata", "ckm list", "ckm csr", "ckm download"]),
    ],
)
def test_the_rows_of_an_aim_are_in_the_order_of_the_work(aim: Aim, jobs: list[str]) -> None:
    """The first is what Enter takes; others may stand between these."""
    from sfkeytool.cli.menu import jobs_of

    offered = [choice.value for choice in jobs_of(COMMANDS, aim)]
    assert [name for name in offered if name in jobs] == jobs
    assert offered[0] == jobs[0]


def test_an_aim_with_one_command_asks_no_second_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on with the command's own first question."""
    from sfkeytool.cli.menu import run_menu

    asker = ScriptedAsker(Aim.LOOK.name, "missing-folder", "", "leave")
    with contextlib.suppress(IndexError):
        run_menu(asker)  # type: ignore[arg-type]
    assert asker.asked[0] == "What do you want to do?"
    assert asker.asked[1].startswith("What is to be looked through")


@pty_only
@pytest.mark.slow
def test_the_menu_makes_a_pair_on_a_terminal(folder: Path) -> None:
    """Bare sfkeytool, Enter for every default: an admin's first minute."""
    with terminal(folder=folder) as child:
        child.expect("What do you want to do")
        child.send(ENTER)
        child.expect("How is it to be made")
        child.send(ENTER)
        child.expect("Name of the certificate")
        child.send("pay" + ENTER)
        child.expect("What is it for")
        child.send(ENTER)
        child.expect("Size of the key")
        child.send(ENTER)
        child.expect("Organization")
        child.send(ENTER)
        child.expect("Country")
        child.send(ENTER)
        child.expect("how many days")
        child.send(ENTER)
        child.expect("Password of the keystore")
        child.send(ENTER)
        child.expect("Go on")
        child.send(ENTER)
        out = finish(child)
    assert child.exitstatus == 0, out
    assert "sfkeytool self-signed pay" in out
    assert "--password generate" in out
    assert "Import from Keystore" in " ".join(out.split())
    assert (folder / "pay" / "pay.jks.password").exists()


@pty_only
@pytest.mark.slow
def test_a_typed_password_is_not_echoed_and_a_wrong_one_is_asked_again(folder: Path, pair: Pair) -> None:
    """unwrap on a terminal: the password is asked for when it turns out to be needed."""
    from conftest import openssl

    openssl(
        "pkcs12",
        "-export",
        "-inkey",
        pair.key,
        "-in",
        pair.crt,
        "-name",
        "mine",
        "-passout",
        f"pass:{PASSWORD}",
        "-out",
        folder / "in.pfx",
    )
    with terminal("unwrap", "in.pfx", folder=folder) as child:
        child.expect("Password")
        child.send("wrong-wrong" + ENTER)
        child.expect("wrong password")
        child.expect("Password")
        child.send(PASSWORD + ENTER)
        out = finish(child)
    assert child.exitstatus == 0, out
    assert PASSWORD not in out
    assert (folder / "mine" / "mine.key").exists()


@pty_only
@pytest.mark.parametrize(("extra", "env"), [(["--no-prompt"], {}), (["--json"], {}), ([], {"CI": "true"})])
@pytest.mark.slow
def test_nothing_is_asked_where_nobody_should_be(extra: list[str], env: dict[str, str], folder: Path) -> None:
    """--no-prompt, --json and CI, on a terminal: exit 2 at once."""
    with terminal("self-signed", *extra, folder=folder, **env) as child:
        out = finish(child)
    assert child.exitstatus == 2, out
    assert "NAME" in out


@pty_only
@pytest.mark.slow
def test_a_4096_bit_key_has_a_spinner_and_no_color_is_honoured(folder: Path) -> None:
    """On a terminal only; with NO_COLOR there is no color in the output."""
    with terminal("self-signed", "pay", "--key-size", "4096", "--password", "generate", folder=folder) as child:
        colored = finish(child)
    assert "making a key of 4096 bits" in colored
    assert "\x1b[1m" in colored
    with terminal("show", "pay", folder=folder, NO_COLOR="1") as child:
        plain = finish(child)
    assert "\x1b[" not in plain
    with terminal("csr", "1", folder=folder, NO_COLOR="1") as child:
        assert "\x1b[3" not in finish(child)


@pty_only
@pytest.mark.parametrize("line", [["--plain", "csr"], ["csr", "--plain"], ["--plain", "ckm", "csr"]])
def test_plain_counts_before_the_command_and_after_it(line: list[str], folder: Path) -> None:
    """Else a screen reader gets questions that are drawn."""
    import pexpect

    with terminal(*line, folder=folder) as child:
        child.expect("Answers are read line by line")
        child.expect(": ")
        said = child.before
        while child.isalive():  # a signal between prompt and read waits for the next one, as in any Python program
            child.sendcontrol("c")
            child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=2)
            said += child.before
    assert "\x1b[" not in said


def test_without_a_terminal_bare_sfkeytool_is_help_and_exit_2(cli: Cli) -> None:
    """A script that forgot the command is told so."""
    result = cli()
    assert result.code == 2
    assert "Usage: sfkeytool" in result.err
    assert result.out == ""


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_examples_that_parse(command: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """-h and --help; each example is a command line that the parser takes."""
    result = cli(*command.split(), "--help")
    assert result.code == 0
    assert "Usage: sfkeytool" in result.out
    assert cli(*command.split(), "-h").out == result.out
    for example in re.findall(r"^    sfkeytool (.+)$", result.out, re.MULTILINE):
        assert values_from_flags(shlex.split(example), monkeypatch)
