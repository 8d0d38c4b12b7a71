"""The guided menu behind a bare ``sfkeytool``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sfkeytool.cli.command import Command, Road
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.fields import existing_path
from sfkeytool.cli.render import Console
from sfkeytool.cli.run import boundary, run_command
from sfkeytool.edge.ask import Asker, Check, Choice
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_INTERRUPTED
from sfkeytool.model import Purpose

T = TypeVar("T")

_REFUSED = "check"
_LEAVE = "leave"


def run_menu(asker: Asker | None = None) -> int:
    """Ask for the road and the job, then run that command with every question of its own. Returns its exit code."""
    asker = asker or Asker()
    commands = {row.name: row.load() for row in TABLE}
    leave = Choice(_LEAVE, "Leave")
    roads = [*(Choice(road.name, road) for road in Road), leave]
    road, status = _answer(lambda: asker.choice("Which road? (docs/which-road.md compares them)", roads))
    if road is None or road == _LEAVE:
        return status
    placed = [(name, command.place) for name, command in commands.items() if command.place is not None]
    here = sorted(((name, place) for name, place in placed if place.road.name == road), key=lambda one: one[1].step)
    jobs = [Choice(name, place.job) for name, place in here]
    chosen: str | None = jobs[0].value
    if len(jobs) > 1:
        chosen, status = _answer(lambda: asker.choice("What do you want to do?", [*jobs, leave]))
    if chosen is None or chosen == _LEAVE:
        return status
    if chosen == _REFUSED:
        return _help_with_refusal(commands["check"], commands["explain"], asker)
    return run_command(chosen, commands[chosen], {}, guided=True, asker=asker)


def _answer(ask: Callable[[], T]) -> tuple[T | None, int]:
    """The answer, or None and the exit code if the question was broken off."""
    answers: list[T] = []

    def body() -> int:
        answers.append(ask())
        return 0

    status = boundary(Console(), body)
    return (answers[0] if answers else None), status


class _RememberingAsker(Asker):
    """Asks for each password once: ``replay`` gives those that were typed again, in the same order."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._typed: list[str] = []
        self._replayed: list[str] = []

    def replay(self) -> None:
        self._replayed = list(self._typed)

    def password(self, message: str, *, check: Check | None = None) -> str:
        if self._replayed:
            return self._replayed.pop(0)
        self._typed.append(self._asker.password(message, check=check))
        return self._typed[-1]

    def text(self, message: str, *, default: str = "", check: Check | None = None) -> str:
        return self._asker.text(message, default=default, check=check)

    def path(self, message: str, *, check: Check | None = None) -> str:
        return self._asker.path(message, check=check)

    def choice(self, message: str, choices: Sequence[Choice], *, default: str | None = None) -> str:
        return self._asker.choice(message, choices, default=default)

    def confirm(self, message: str, *, default: bool) -> bool:
        return self._asker.confirm(message, default=default)


def _help_with_refusal(check: Command, explain: Command, asker: Asker) -> int:
    """Check the file, explain Salesforce's message, and repair a copy if that is wanted. Returns check's exit code."""
    file, status = _answer(lambda: Path(asker.path("File that Salesforce refuses:", check=existing_path)))
    if file is None:
        return status
    message, status = _answer(lambda: asker.text("What did Salesforce say? Paste it, or just Enter:"))
    if message is None:
        return status
    remembering = _RememberingAsker(asker)
    status = run_command("check", check, {"files": [file]}, asker=remembering)
    if message and status != EXIT_INTERRUPTED:
        run_command("explain", explain, {"text": message.split()}, asker=asker)
    if status != EXIT_DIFFERENT:
        return status
    wanted, interrupted = _answer(
        lambda: asker.confirm("Write a repaired copy, as far as it can be repaired?", default=True)
    )
    if not wanted:
        return interrupted or status
    remembering.replay()
    given = {"files": [file], "fix": True, "purpose": Purpose.JWT}
    return run_command("check", check, given, guided=True, asker=remembering)
