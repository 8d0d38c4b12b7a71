"""The guided menu behind a bare ``sfkeytool``."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sfkeytool.cli.boundary import boundary
from sfkeytool.cli.command import Aim, Command
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.conversation import Conversation
from sfkeytool.cli.fields import Field, Question
from sfkeytool.cli.lying_here import OTHER_FILE, keystores_here
from sfkeytool.cli.opening import TypedPasswords
from sfkeytool.cli.pipeline import run_command
from sfkeytool.cli.render import Console
from sfkeytool.cli.terminal import terminal_asker, wants_plain
from sfkeytool.edge.ask import Asker, BackWanted, Choice
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE, EXIT_INTERRUPTED
from sfkeytool.model import Purpose

T = TypeVar("T")

_REFUSED = "check"
_LEAVE = "leave"
_WHICH = {
    Aim.MAKE: "How is it to be made? (sfkeytool help roads compares these)",
    Aim.ANSWER: "Where is the key that it belongs to?",
    Aim.IMPORT: "What is to be done?",
    Aim.REFUSED: "What is there to look at?",
    Aim.EXPIRES: "How is it to be followed?",
    Aim.LOOK: "What is to be seen?",
    Aim.MORE: "What else?",
}


def run_menu(asker: Asker | None = None, *, plain: bool = False) -> int:
    """Ask what is wanted, then run that command with every question of its own. Returns its exit code."""
    asker = asker or terminal_asker(plain=wants_plain({"plain": plain}, os.environ))
    commands = {row.name: row.load() for row in TABLE}
    aim: str | None = None
    while True:
        aim, status = _answer(lambda default=aim: _ask_aim(asker, default))  # type: ignore[misc]
        if aim is None or aim == _LEAVE:
            return status
        with suppress(BackWanted):
            return _run_job(asker, commands, Aim[aim])


def _run_job(asker: Asker, commands: dict[str, Command], aim: Aim) -> int:
    """Ask which one, and run it. Raises BackWanted."""
    jobs = jobs_of(commands, aim)
    job = jobs[0].value
    while True:
        if len(jobs) > 1:
            chosen, status = _answer(lambda default=job: asker.choice(_WHICH[aim], jobs, default=default))  # type: ignore[misc]
            if chosen is None:
                return status
            job = chosen
        try:
            if job == _REFUSED:
                return _help_with_refusal(commands["check"], commands["explain"], asker)
            return run_command(job, commands[job], {}, guided=True, asker=asker)
        except BackWanted:
            if len(jobs) == 1:
                raise


def jobs_of(commands: dict[str, Command], aim: Aim) -> list[Choice]:
    """The rows of an aim, in the order in which they are done or wanted."""
    placed = [(name, command.place) for name, command in commands.items() if command.place is not None]
    here = sorted(((name, place) for name, place in placed if place.aim is aim), key=lambda one: one[1].step)
    return [Choice(name, place.title, place.meaning) for name, place in here]


def _ask_aim(asker: Asker, default: str | None) -> str:
    rows = [*(Choice(aim.name, aim) for aim in Aim), Choice(_LEAVE, "Leave")]
    try:
        return asker.choice("What do you want to do?", rows, default=default, back=False)
    except BackWanted:
        return _LEAVE


def _answer(ask: Callable[[], T]) -> tuple[T | None, int]:
    """The answer, or None and the exit code if the question was broken off. Raises BackWanted."""
    answers: list[T] = []
    went_back = False

    def body() -> int:
        nonlocal went_back
        try:
            answers.append(ask())
        except BackWanted:
            went_back = True
        return EXIT_DONE

    status = boundary(Console(), body)
    if went_back:
        raise BackWanted
    return (answers[0] if answers else None), status


_REFUSED_FILE = Field(
    "file",
    Path,
    "",
    required=True,
    question=Question("File that Salesforce refuses:", "path", offers=keystores_here, other=OTHER_FILE),
)
_MESSAGE = Field("message", str, "", question=Question("What did Salesforce say? Paste it, or just Enter:"))


def _help_with_refusal(check: Command, explain: Command, asker: Asker) -> int:
    """Check the file, explain Salesforce's message, and repair a copy if that is wanted. Returns check's exit code."""
    talk = Conversation((_REFUSED_FILE, _MESSAGE), {}, asker, os.environ, guided=True)
    answers, status = _answer(talk.begin)
    if answers is None:
        return status
    typed = TypedPasswords()
    status = run_command("check", check, {"files": [answers["file"]]}, asker=asker, typed=typed)
    if answers["message"] and status != EXIT_INTERRUPTED:
        run_command("explain", explain, {"text": answers["message"].split()}, asker=asker)
    if status != EXIT_DIFFERENT:
        return status
    try:
        wanted, interrupted = _answer(
            lambda: asker.confirm("Write a repaired copy, as far as it can be repaired?", default=True)
        )
        if not wanted:
            return interrupted or status
        given = {"files": [answers["file"]], "fix": True, "purpose": Purpose.JWT}
        return run_command("check", check, given, guided=True, asker=asker, typed=typed)
    except BackWanted:
        return status
