"""What a guided run makes of answers: names and paths that are helped, what lies here, errors that can be mended."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from conftest import PASSWORD, Result, tree
from guided_driver import ENTER, Person, person
from prompt_toolkit.input import create_pipe_input
from screen import Screen
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.answers import check_of
from sfkeytool.cli.conversation import Conversation, complete
from sfkeytool.cli.pipeline import run_command
from sfkeytool.edge.ask import Asker, Choice
from sfkeytool.edge.plain_ask import PlainAsker
from sfkeytool.edge.typed_path import complete_path, typed_path
from sfkeytool.model import Purpose

Cli = Callable[..., Result]


def run(command: str, answers: Sequence[Any], *, guided: bool = True, **given: Any) -> tuple[int, Any]:
    """The exit code, and who was asked; by real prompts."""
    with person(Screen(24, 80), answers) as ada:
        return run_command(command, COMMANDS[command], given, guided=guided, asker=ada), ada


# Names


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("My Pay-API", "my_pay_api"), ("9lives", "key_9lives"), ("a__b", "a_b"), ("con", "key_con"), ("Ä", "key")],
)
def test_a_name_that_will_not_do_is_offered_as_one_that_will(typed: str, offered: str, folder: Path) -> None:
    """Enter takes it, once the reason stands under the question."""

    class Watched(list[str]):
        def append(self, shown: str) -> None:
            super().append(shown)
            if f"Enter takes {offered}" in " ".join(shown.split()):
                pipe.send_text(ENTER)

    screen = Screen(24, 60)
    field = COMMANDS["csr"].fields[0]
    question = field.question
    assert question is not None
    check = check_of(field, question, {}, needed=True)
    with create_pipe_input() as pipe:
        ada = Person(pipe, screen, [])
        ada.drawn = Watched()
        pipe.send_text(typed + ENTER)
        assert Asker.text(ada, question.text, check=check, suggest=question.suggest) == offered
    assert screen.cut == []


# Paths


@pytest.mark.skipif(sys.platform == "win32", reason="a backslash is no escape there")
def test_a_path_is_taken_as_it_was_dragged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes, backslashes, an URL, the home; a file whose name has these characters itself is that file."""
    monkeypatch.setenv("HOME", str(folder))
    wanted = str(folder / "the CA's answer (1).crt")
    Path(wanted).touch()
    dragged = [
        f'"{wanted}"', wanted.replace(" ", "\\ ").replace("'", "\\'").replace("(", "\\(").replace(")", "\\)"),
        "file://" + wanted.replace(" ", "%20").replace("'", "%27"), "~/the CA's answer (1).crt", f"  {wanted} ",
    ]  # fmt: skip
    assert {typed_path(text) for text in dragged} == {wanted}
    odd = folder / "a\\ b"
    odd.touch()
    assert typed_path(str(odd)) == str(odd)
    for text in ("", "'", "file://[", "\0", "~nobody-of-this-name/x", "file://%zz", "x" * 10_000):
        typed_path(text)


def test_tab_completes_a_path_as_far_as_it_is_one(folder: Path) -> None:
    """Names between which it stops are told; nothing where there is none."""
    (folder / "keys").mkdir()
    for name in ("pay_api.crt", "pay_api.csr"):
        (folder / "keys" / name).touch()
    assert complete_path("k") == (f"keys{os.sep}", ())
    assert complete_path(os.path.join("keys", "p")) == (
        os.path.join("keys", "pay_api.c"),
        ["pay_api.crt", "pay_api.csr"],
    )
    assert complete_path("nothing/here") == ("nothing/here", ())


# What lies here


def test_certificates_and_keystores_are_offered_with_their_days(cli: Cli, folder: Path) -> None:
    """The one that ends first comes first; to be renewed only what has a certificate."""
    from sfkeytool.cli.lying_here import certificates_here, keystores_here, made_here, names_here

    cli("self-signed", "long", "--days", "400", "--password", "generate")
    cli("self-signed", "short", "--days", "20", "--password", "generate")
    cli("csr", "waiting")
    (folder / "broken").mkdir()
    (folder / "broken" / "broken.crt").write_text("no certificate")
    (folder / "hostile.jks").write_bytes(b"\xfe\xed\xfe\xed" + b"\xff" * 60)
    assert [choice.value for choice in made_here({})] == ["short", "long", "broken"]
    assert [choice.value for choice in names_here({})] == ["waiting", "short", "long", "broken"]
    assert "20 days left, until " in made_here({})[0].title
    assert [choice.value for choice in certificates_here({})] == [
        os.path.join("short", "short.crt"), os.path.join("long", "long.crt"),
    ]  # fmt: skip
    assert [choice.value for choice in keystores_here({})][:2] == [
        os.path.join("short", "short.jks"), os.path.join("long", "long.jks"),
    ]  # fmt: skip
    code, ada = run("renew", ["short", False, "365", "generate", "yes"])
    assert code == 0
    assert ada.asked[0].startswith("Name of the certificate to be followed")


def test_what_the_receipt_knows_is_not_asked(cli: Cli, folder: Path) -> None:
    """The purpose of a request, when its answer is wrapped; and the equal command says it."""
    cli("csr", "shop", "--purpose", "domain", "--san", "shop.example.com")
    (folder / "answer.crt").touch()
    asker = ScriptedAsker("shop", "answer.crt", "", "generate")
    values = complete(COMMANDS["wrap"].fields, {}, asker, {}, guided=True)  # type: ignore[arg-type]
    assert values["purpose"] is Purpose.DOMAIN
    assert not any("What is it for" in question for question in asker.asked)
    alone = complete(
        COMMANDS["wrap"].fields, {"name": "shop", "files": [Path("answer.crt")], "password": "generate"}, None, {}
    )
    assert alone["purpose"] is Purpose.JWT, "without a guided run the flag decides, as ever"


# Errors after the questions


@pytest.mark.slow
def test_an_error_after_the_questions_leads_back_to_them(cli: Cli, folder: Path) -> None:
    """The name is taken: another one is given, and nothing else is asked again."""
    cli("self-signed", "pay", "--password", "generate")
    before = tree(folder / "pay")
    answers = [
        "pay",
        "2048",
        "Acme",
        "DE",
        "365",
        "prompt",
        "\0change",
        "name",
        "pay_2",
        "jwt",
        PASSWORD,
        PASSWORD,
        "yes",
    ]
    code, ada = run("self-signed", answers)
    assert code == 0
    assert (folder / "pay_2" / "pay_2.jks").exists()
    assert tree(folder / "pay") == before
    assert ada.asked.count("Country (C), two letters, Enter to leave it out:") == 1


@pytest.mark.slow
def test_an_answer_that_the_error_names_is_asked_again_with_the_reason(cli: Cli, folder: Path) -> None:
    """A key size that contradicts the key which is there is told under the question."""
    cli("csr", "pay")
    answers = ["pay", "4096", "", "", "365", "generate", "2048", "yes"]
    code, ada = run("self-signed", answers)
    assert code == 0
    assert ada.asked.count("Size of the key:") == 2
    assert any("--key-size" in shown or "4096" in shown for shown in ada.screens[-2:] + ada.drawn)


def test_who_leaves_after_an_error_has_its_exit_code(folder: Path) -> None:
    (folder / "no-certificate.pem").write_text("nothing")
    code, _ = run("wrap", ["pay", "no-certificate.pem", "", "jwt", "generate", "\0leave"])
    assert code == 1
    assert not (folder / "pay").exists()


def test_nothing_was_asked_and_so_an_error_ends_the_run(folder: Path) -> None:
    """Who gave all on the command line is asked for nothing, and told why it will not do."""
    code, ada = run("self-signed", [], guided=False, name="pay", password="generate", days=0)
    assert code == 2
    assert ada.asked == []
    code, ada = run("csr", [], guided=False, name="pay")
    assert code == 0
    assert ada.asked == []


# Passwords


@pytest.mark.slow
def test_three_wrong_passwords_lead_to_another_file_and_not_into_the_shell(cli: Cli, folder: Path) -> None:
    """It is told where passwords are; a further one can be typed, too."""
    for name in ("pay", "other"):
        cli("self-signed", name, "--password", "env:TEST_PASSWORD")
    store, other = (os.path.join(name, f"{name}.jks") for name in ("pay", "other"))
    wrong = ["wrong-1", "wrong-2", "wrong-3"]
    code, _ = run("unwrap", [*wrong, "leave"], guided=False, file=Path(store), output_dir="left")
    assert code == 1
    code, ada = run("unwrap", [*wrong, "again", PASSWORD], guided=False, file=Path(store), output_dir="opened")
    assert code == 0
    assert ada.asked == ["Password:"] * 3 + ["What now?", "Password:"]
    code, ada = run("unwrap", [*wrong, "file", other, PASSWORD], guided=False, file=Path(store), output_dir="taken")
    assert code == 0
    assert ada.asked == ["Password:"] * 3 + ["What now?", "Keystore to take apart:", "Password:"]
    assert sorted(path.name for path in folder.glob("*/*.key")) == ["other.key", "other.key", "pay.key", "pay.key"]
    assert not (folder / "left").exists()


@pytest.mark.slow
def test_typed_passwords_are_kept_while_another_answer_is_changed(folder: Path) -> None:
    """And typed anew when it is the password that is changed."""
    start = ["pay", "jwt", "2048", "", "", "365", "prompt", PASSWORD, PASSWORD]
    code, ada = run("self-signed", [*start, "change", "organization", "Acme", "yes"])
    assert code == 0
    assert ada.asked.count("The same again:") == 1
    start[0] = "other"
    code, ada = run("self-signed", [*start, "change", "password", "generate", "yes"])
    assert code == 0
    assert (folder / "other" / "other.jks.password").exists()


# Plain


def plain(answers: str) -> tuple[PlainAsker, StringIO]:
    said = StringIO()
    return PlainAsker(StringIO(answers), said), said


def test_the_plain_mode_takes_the_same_answers(folder: Path) -> None:
    """Numbers and lines; a name is helped; < and b go back, and Enter takes what was said before."""
    asker, said = plain("My Pay\n\nb\n\n3\n2\n<\n\nAcme\n<\n\nGermany\nde\n30\n1\n")
    values = complete(COMMANDS["self-signed"].fields, {}, asker, {}, guided=True)
    assert (values["name"], values["purpose"], values["key_size"]) == ("my_pay", Purpose.MTLS, "3072")
    assert (values["organization"], values["country"], values["days"]) == ("Acme", "de", 30)
    assert "\x1b" not in said.getvalue()
    assert "\r" not in said.getvalue()
    assert "a country is two letters" in said.getvalue()


def test_the_plain_mode_survives_whatever_is_typed(folder: Path) -> None:
    """Control characters, numbers that are none, 10 kB, the end of the input."""
    asker, said = plain("\x1b[A\x00\n99\n-1\n²\n2\n")
    assert asker.choice("Which?", [Choice("a", "A"), Choice("b", "B")]) == "b"
    asker, said = plain("x" * 10_000 + "\n\n")
    field = COMMANDS["csr"].fields[0]
    with pytest.raises(KeyboardInterrupt):
        complete([field], {}, plain("x y\n")[0], {}, guided=True)
    assert complete([field], {}, asker, {}, guided=True)["name"] == "x" * 40
    assert "\x1b" not in said.getvalue()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a Ctrl-C ends the wait by itself")
def test_a_ctrl_c_just_before_the_plain_mode_waits_is_not_lost(folder: Path) -> None:
    """It reached the process and not the read: as another thread took the signal, which is the same to this one."""
    import pty

    keyboard, terminal = pty.openpty()

    def taker() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)

    taken = Timer(0.3, taker)
    too_late = Timer(8, os.write, (keyboard, b"too_late\n"))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with os.fdopen(terminal) as lines:
            taken.start()
            too_late.start()
            with pytest.raises(KeyboardInterrupt):
                PlainAsker(lines, StringIO()).text("Name:")
        assert too_late.is_alive()
    finally:
        too_late.cancel()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.close(keyboard)


@pytest.mark.parametrize("end", ["", "\x04\n", "\x1a\r\n", "\x04"])
def test_the_end_of_what_is_typed_leaves_the_plain_mode(end: str) -> None:
    """Also where Ctrl-D and Ctrl-Z are characters of a line, as a console of Windows has them; a secret is none."""
    for ask in (PlainAsker.text, PlainAsker.password, PlainAsker.path):
        asker, _ = plain(end)
        with pytest.raises(KeyboardInterrupt):
            ask(asker, "What?")


def test_a_conversation_can_be_asked_of_nothing(folder: Path) -> None:
    """All given: no question, and nothing to go back to."""
    talk = Conversation(COMMANDS["csr"].fields, {"name": "pay"}, ScriptedAsker(), {})  # type: ignore[arg-type]
    assert talk.begin()["name"] == "pay"
    assert talk.asked == ()
