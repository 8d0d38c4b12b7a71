"""The one pipeline that every command goes through, and the boundary at which errors become exit codes."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sfkeytool.cli.attempts import attempt, clock, converse
from sfkeytool.cli.boundary import boundary
from sfkeytool.cli.command import Command
from sfkeytool.cli.defaults import with_presets
from sfkeytool.cli.fields import Field, Values, command_line, defaults_of, unasked_values
from sfkeytool.cli.opening import TypedPasswords
from sfkeytool.cli.render import Console
from sfkeytool.cli.run import Run
from sfkeytool.cli.terminal import can_ask, terminal_asker, wants_plain
from sfkeytool.edge.ask import BackWanted
from sfkeytool.errors import EXIT_INTERRUPTED, UsageError
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.edge.ask import Asker


def run_command(
    name: str,
    command: Command,
    given: Mapping[str, Any],
    *,
    guided: bool = False,
    asker: "Asker | None" = None,
    typed: TypedPasswords | None = None,
) -> int:
    """Fill in what is missing, execute, and show the equivalent command line if anything was asked.

    ``typed`` are passwords of a run before. Raises BackWanted where a guided run's first question leads back.
    """
    plain = wants_plain(given, os.environ)
    console = Console(
        json_output=bool(given.get("json")),
        quiet=bool(given.get("quiet")),
        verbose=bool(given.get("verbose")),
        plain=plain,
        dry_run=bool(given.get("dry_run")),
    )
    if asker is None and can_ask(given, os.environ):
        asker = terminal_asker(plain=plain)
    went_back = False
    passwords = typed or TypedPasswords()

    def execute() -> int:
        try:
            return conduct()
        except UsageError as error:
            error.hints = error.hints or (f"see sfkeytool {name} --help",)
            raise

    def conduct() -> int:
        nonlocal went_back, command
        command = with_presets(command, os.environ, console)
        if asker is None:
            values = unasked_values(command.fields, given, os.environ)
            status = attempt(command, Run(console, None, os.environ, clock()), values)
        else:
            from sfkeytool.cli.conversation import Conversation

            talk = Conversation(command.fields, given, asker, os.environ, guided=guided)

            def make_run() -> Run:
                return Run(
                    console,
                    asker,
                    os.environ,
                    clock(),  # now that all is answered, however long that took
                    asked=talk.was_needed,
                    typed=passwords,
                    file_question=talk.file_field is not None,
                )

            try:
                status, values = converse(command, talk, make_run, passwords)
            except BackWanted:
                if not guided:
                    raise KeyboardInterrupt from None
                went_back = True
                return EXIT_INTERRUPTED
        if console.dry_run:
            console.result(["Dry run: nothing was written, deployed or sent."])
        console.end()
        asked = [field for field in command.fields if field.question and _answered(field, given, values)]
        if asker is not None and (guided or asked):
            line = shell_line(["sfkeytool", *command_line(name, command.fields, values)])
            console.say("")
            console.say("The same as a command:")
            console.say(f"  {line}")
        return status

    status = boundary(console, execute)
    if went_back:
        raise BackWanted
    return status


def _answered(field: Field, given: Mapping[str, Any], values: Values) -> bool:
    """Whether somebody was asked for the value: it is neither given nor a default, of no variable, and no flag's No."""
    variable = f"env:{field.environment}"
    known = (given.get(field.name) or field.default, *defaults_of(field), variable, [variable])
    return values[field.name] is not False and values[field.name] not in known
