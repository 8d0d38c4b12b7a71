"""A command run with a person's answers, until they do or the person leaves."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sfkeytool.cli.boundary import with_state
from sfkeytool.cli.command import Command
from sfkeytool.cli.defaults import tell_origin
from sfkeytool.cli.fields import Field, Values
from sfkeytool.cli.opening import TypedPasswords
from sfkeytool.edge.ask import BackWanted
from sfkeytool.errors import ChangeWanted, InternalError, InterruptedRunError, SfkeytoolError, UsageError

if TYPE_CHECKING:
    from sfkeytool.cli.conversation import Conversation
    from sfkeytool.cli.run import Run

_ENDS = (InternalError, InterruptedRunError)
"""Errors that no other answer mends."""


def converse(
    command: Command, talk: "Conversation", make_run: "Callable[[], Run]", typed: TypedPasswords
) -> tuple[int, Values]:
    """Ask and execute; the exit code, and the values that led to it. ``typed`` is what the runs are made with.

    Raises BackWanted where the first question leads back, and every error that no other answer mends.
    """
    values = talk.begin()
    while True:
        run = make_run()
        run.console.notices.clear()  # of a try before
        try:
            return attempt(command, run, values), values
        except BackWanted:
            typed.made.clear()
            values = talk.back()
        except ChangeWanted as change:
            sources = {field.name: values[field.name] for field in command.fields if _is_secret(field)}
            if change.file:
                typed.opening.clear()  # they are the other's
            values = talk.another_file() if change.file else talk.change()
            if any(values[name] != source for name, source in sources.items()):
                typed.made.clear()
        except SfkeytoolError as error:
            nothing_to_ask = not talk.asked and talk.blamed(error) is None
            if nothing_to_ask or run.console.receipts or run.console.changed or isinstance(error, _ENDS):
                raise
            if talk.blamed(error) is None:
                run.console.error(with_state(error, run.console))
            mended = talk.mend(error)
            if mended is None:
                return error.exit_code, values
            values = mended


def attempt(command: Command, run: "Run", values: Values) -> int:
    """The command itself, once. Returns its exit code."""
    from sfkeytool.crypto.limits import kdf_budget

    run.withhold(each for value in values.values() for each in (value if isinstance(value, list) else [value]))
    try:
        with kdf_budget():
            return command.execute(run, values)
    except UsageError as error:
        tell_origin(error, command.fields)
        raise


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def _is_secret(field: Field) -> bool:
    return field.question is not None and field.question.kind == "secret"
