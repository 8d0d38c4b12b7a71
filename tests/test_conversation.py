"""The questions of every command, whatever a person does at them: nothing is cut, nothing is lost, nothing is a bug."""

from itertools import cycle
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from conftest import THOROUGH
from guided_driver import EMPTIED, ENTER, person
from screen import Screen
from test_guided import COMMANDS, GUIDED, ScriptedAsker, requested

from sfkeytool.cli.conversation import complete
from sfkeytool.edge.ask import Asker, Choice
from sfkeytool.errors import UsageError


@pytest.fixture
def files(folder: Path) -> Path:
    for file in ("a.pem", "b.p7b"):
        (folder / file).touch()
    return folder


def wanted(name: str) -> tuple[dict[str, Any], int]:
    """What the answers ask for, and how many questions it takes."""
    asker = ScriptedAsker(*GUIDED[name][0])
    return requested(name, complete(COMMANDS[name].fields, {}, asker, {}, guided=True)), len(asker.asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", GUIDED)
@pytest.mark.slow
def test_whatever_goes_wrong_at_each_question_the_answers_are_the_same(name: str, files: Path) -> None:
    """60 columns: Ctrl-C leaves each; nothing, nonsense and 10 kB are taken or asked again; no row is cut."""
    screen = Screen(24, 60)
    with person(screen, GUIDED[name][0], errs=True) as careless:
        values = complete(COMMANDS[name].fields, {}, careless, {}, guided=True)
    assert (requested(name, values), len(careless.asked)) == wanted(name)
    assert screen.cut == []


@pytest.mark.parametrize("name", GUIDED)
@pytest.mark.slow
def test_esc_goes_back_at_each_question_and_loses_no_answer(name: str, files: Path) -> None:
    """80 columns: from each question to the one before, where Enter takes what was answered."""
    screen = Screen(24, 80)
    with person(screen, GUIDED[name][0], goes_back=True) as doubtful:
        values = complete(COMMANDS[name].fields, {}, doubtful, {}, guided=True)
    answers, questions = wanted(name)
    assert requested(name, values) == answers
    assert len(doubtful.asked) == 3 * questions - 2
    assert screen.cut == []


@pytest.mark.parametrize("name", GUIDED if THOROUGH else [*GUIDED][::4])
def test_each_question_is_whole_in_a_wide_window(name: str, files: Path) -> None:
    """120 columns."""
    screen = Screen(24, 120)
    with person(screen, GUIDED[name][0]) as sure:
        complete(COMMANDS[name].fields, {}, sure, {}, guided=True)
    assert screen.cut == []
    for asked, shown in zip(sure.asked, sure.screens, strict=True):
        assert " ".join(asked.split()) in " ".join(shown.split())


@pytest.mark.parametrize("name", ["self-signed", "ckm upload", "audit", "login"])
@pytest.mark.slow
def test_a_window_that_changes_its_size_changes_nothing_else(name: str, files: Path) -> None:
    """Another width whenever something is drawn, and within the drawing."""
    widths = cycle((60, 120, 80, 41, 200))
    with person(Screen(24, 200), GUIDED[name][0], columns=lambda: next(widths)) as restless:
        values = complete(COMMANDS[name].fields, {}, restless, {}, guided=True)
    assert requested(name, values) == wanted(name)[0]


REASON = "the reason why this will not do, which is told in whole however long it is and wherever the window ends, " * 2


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.slow
def test_a_reason_stands_whole_under_its_question(columns: int) -> None:
    """Whoever is asked again reads why: at a line, at rows and at yes or no."""

    def refuse(answer: str) -> None:
        if answer != "DE":
            Timer(0.2, clumsy.pipe.send_text, (EMPTIED + "DE" + ENTER,)).start()  # once it is drawn
            raise UsageError("usage.country", REASON)

    screen = Screen(24, columns)
    with person(screen, []) as clumsy:
        clumsy.pipe.send_text("Deutschland" + ENTER)
        assert Asker.text(clumsy, "Which country?", check=refuse) == "DE"
        first = len(clumsy.drawn)
        clumsy.pipe.send_text(ENTER)
        assert Asker.choice(clumsy, "Which row?", [Choice("one", "One")], reason=REASON) == "one"
        second = len(clumsy.drawn)
        clumsy.pipe.send_text("y")
        assert Asker.confirm(clumsy, "Really?", default=False, reason=REASON)
    drawn = [" ".join(shown.split()) for shown in clumsy.drawn]
    assert any(f"Which country? Deutschland {REASON.strip()}" in shown for shown in drawn[:first])
    assert any(f"Which row? {REASON.strip()} > One" in shown for shown in drawn[first:second])
    assert any(f"Really? (y/N) {REASON.strip()}" in shown for shown in drawn[second:])
    assert screen.cut == []
