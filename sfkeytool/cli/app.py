"""The Typer application, made from the commands' own definitions."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from sfkeytool import __version__
from sfkeytool.cli.boundary import boundary
from sfkeytool.cli.commands import GROUPS, TABLE, Row
from sfkeytool.cli.render import Console, stdout_errors
from sfkeytool.cli.run import PLAIN_HELP, can_ask, run_command
from sfkeytool.errors import EXIT_INTERRUPTED, EXIT_USAGE, UsageError

# Typer carries its own click since 0.27 and uses the package before: this is the base of either's errors.
_CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]

_HELP = """Keys and certificates of Salesforce integrations.

Makes JKS keystores that Certificate and Key Management (CKM) imports, and the matching certificate for the connected
app or External Client App. Without a command, on a terminal: a guided menu.

\b
Secrets are given as SOURCE: env:NAME, file:PATH, cmd:COMMAND, stdin, prompt or generate.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 rejected or not the same certificate, 4 login refused,
5 something expires soon or is not covered, 6 expired, 68 read in part, 70 a bug, 130 interrupted.
"""


class _Listed(TyperGroup):
    """A group that makes a command when it is asked for: what runs one command imports no other."""

    rows: dict[str, Row]
    ended: list[int]
    _listing = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # Typer and click list these, and suggest from them for a name that is none; get_command() makes the command.
        self.commands = {**{name: _summary(name, row) for name, row in self.rows.items()}, **self.commands}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """None for one that there is not."""
        row = self.rows.get(cmd_name)
        if row is None or self._listing:
            return super().get_command(ctx, cmd_name)
        return _make_command(cmd_name, row, self.ended)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and summaries, which stand in the table."""
        self._listing = True
        super().format_commands(ctx, formatter)


def _summary(name: str, row: Row) -> TyperCommand:
    """What stands for a command until it is asked for."""
    return TyperCommand(name, short_help=row.summary)


def _group_of(prefix: str, ended: list[int]) -> type[_Listed]:
    """The group of the commands whose names begin so. The exit code of one that ran is put into ``ended``."""
    rows = {}
    for row in TABLE:
        group, _, name = row.name.rpartition(" ")
        if group == prefix:
            rows[name] = row
    return type("_Group", (_Listed,), {"rows": rows, "ended": ended})


def make_app(ended: list[int]) -> typer.Typer:
    """The application. The exit code of a command that ran is put into ``ended``."""
    # No rich markup: help then needs no rich, which costs more to import than all the rest.
    app = typer.Typer(
        name="sfkeytool",
        cls=_group_of("", ended),
        help=_HELP,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    for name, help in GROUPS.items():
        group = typer.Typer(cls=_group_of(name, ended), rich_markup_mode=None)
        group.callback(invoke_without_command=True)(_help_if_alone)
        app.add_typer(group, name=name, help=help)
    return app


def _make_command(name: str, row: Row, ended: list[int]) -> Any:
    """Typer's command, made from ours."""
    from sfkeytool.cli.fields import typer_signature
    from sfkeytool.cli.options import EVERYWHERE

    command = row.load()

    def callback(**given: Any) -> None:
        ended.append(run_command(row.name, command, given))
        raise typer.Exit(ended[-1])

    signature = typer_signature((*command.fields, *EVERYWHERE))
    callback.__signature__ = signature  # type: ignore[attr-defined]
    callback.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(
        name,
        help="\n\n".join(filter(None, (row.summary, command.details)))
        + "\n\n\b\nExamples:\n"
        + "\n".join(f"  {example}" for example in command.examples),
        short_help=row.summary,
    )(callback)
    return typer.main.get_command(alone)


def _help_if_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(EXIT_USAGE)


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
    plain: Annotated[bool, typer.Option("--plain", help=PLAIN_HELP)] = False,
) -> None:
    if version:
        print(f"sfkeytool {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    if not can_ask({}, os.environ):
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(EXIT_USAGE)
    from sfkeytool.cli.menu import run_menu

    ended: list[int] = context.command.ended  # type: ignore[attr-defined]
    ended.append(run_menu(plain=plain))
    raise typer.Exit(ended[-1])


def run_app(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` (without the program's name); returns the exit code."""
    options = list(arguments)
    if "--" in options:
        options = options[: options.index("--")]
    console = Console(json_output="--json" in options)

    ended: list[int] = []

    def body() -> int:
        try:
            with stdout_errors():
                status = make_app(ended)(list(arguments), prog_name="sfkeytool", standalone_mode=False)
        except typer.Abort:
            raise KeyboardInterrupt from None
        except _CommandLineError as error:
            raise UsageError("usage.command-line", _one_line(error), f"{_command_path(error)} --help") from None
        if ended:
            return ended[-1]
        if status == EXIT_INTERRUPTED:  # Ctrl-C before a command ran, of which Typer says nothing
            raise KeyboardInterrupt
        return status if isinstance(status, int) else 0

    return boundary(console, body)


def _one_line(error: Any) -> str:
    return " ".join(str(error.format_message()).split())


def _command_path(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "sfkeytool"
