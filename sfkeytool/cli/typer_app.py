"""The Typer application, made from the commands' own definitions."""

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from sfkeytool import __version__
from sfkeytool.cli.commands import ABOUT, GROUPS, TABLE, Row
from sfkeytool.cli.fields import Field
from sfkeytool.cli.help import command_lines, group_lines, help_width, options_of, print_help, root_lines, styled_lines
from sfkeytool.cli.pipeline import run_command
from sfkeytool.cli.terminal import can_ask
from sfkeytool.edge.colors import Color, colored
from sfkeytool.errors import EXIT_INTERRUPTED, EXIT_USAGE, UsageError

# Typer carries its own click since 0.27 and uses the package before: this is the base of either's errors.
_CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]


class _Listed(TyperGroup):
    """A group that makes a command when it is asked for: what runs one command imports no other."""

    prefix: str
    rows: dict[str, Row]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # Typer and click suggest from these for a name that is none; get_command() makes the command.
        self.commands = {**{name: TyperCommand(name) for name in self.rows}, **self.commands}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """None for one that there is not."""
        row = self.rows.get(cmd_name)
        return super().get_command(ctx, cmd_name) if row is None else _command_of(row)

    def get_help(self, ctx: Any) -> str:
        """The commands by what they are for."""
        return _help_text(ctx, self.lines())

    def lines(self) -> Iterable[str]:
        return group_lines(self.prefix, help_width()) if self.prefix else root_lines(help_width())


def _group_of(prefix: str) -> type[_Listed]:
    """The group of the commands whose names begin so."""
    rows = {}
    for row in (*TABLE, *ABOUT):
        group, _, name = row.name.rpartition(" ")
        if group == prefix:
            rows[name] = row
    return type("_Group", (_Listed,), {"prefix": prefix, "rows": rows})


@cache
def _application() -> Any:
    """Typer's command for all. The exit code of one that ran is put into the list that is the context's ``obj``."""
    # No rich markup: rich costs more to import than all the rest. Typer's own completion goes through eval in zsh, does
    # not know words with a colon in bash, and lets PowerShell run unsigned scripts: completion.py has ours.
    app = typer.Typer(
        name="sfkeytool",
        cls=_group_of(""),
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    for name in GROUPS:
        group = typer.Typer(cls=_group_of(name), rich_markup_mode=None)
        group.callback(invoke_without_command=True)(_help_if_alone)
        app.add_typer(group, name=name)
    return typer.main.get_command(app)


@cache
def _command_of(row: Row) -> Any:
    """Typer's command, made from ours."""
    command = row.load()

    class Helped(TyperCommand):
        def get_help(self, ctx: Any) -> str:
            """Options in groups, which stand with their definitions."""
            return _help_text(ctx, command_lines(row, command, help_width()))

        def invoke(self, ctx: Any) -> Any:
            """``sfkeytool --plain COMMAND`` is plain too; --color is read wherever it stands."""
            if "plain" in ctx.params and ctx.find_root().params.get("plain"):
                ctx.params["plain"] = True
            return super().invoke(ctx)

    def callback(context: typer.Context, **given: Any) -> None:
        _end(context, run_command(row.name, command, given))

    signature = _signature(options_of(row, command))
    callback.__signature__ = signature  # type: ignore[attr-defined]
    callback.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(row.name.split()[-1], cls=Helped)(callback)
    return typer.main.get_command(alone)


def _signature(fields: Sequence[Field]) -> inspect.Signature:
    """A signature from which Typer makes arguments and options."""
    return inspect.Signature(
        [
            inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            *(
                inspect.Parameter(
                    field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=_annotation(field)
                )
                for field in fields
            ),
        ]
    )


def _default(field: Field) -> Any:
    return False if field.type is bool else None


def _annotation(field: Field) -> Any:
    kind = field.type if field.type is bool else field.type | None
    # Whether a file can be read is told when it is read, with the same message for every reason and exit code 1.
    options: dict[str, Any] = {"readable": False}
    if not field.flags:
        return Annotated[kind, typer.Argument(metavar=field.metavar, **options)]
    if field.metavar:
        options["metavar"] = field.metavar
    return Annotated[kind, typer.Option(*field.flags, **options)]


def _help_text(context: Any, lines: Iterable[str]) -> str:
    context.color = colored(sys.stdout)  # else Typer takes the styles away where stdout is no terminal
    return "\n".join(styled_lines(lines, sys.stdout))


def _help_if_alone(context: typer.Context) -> None:
    """For who forgot the command: help on stderr, and the exit code of a wrong usage."""
    if context.invoked_subcommand is None:
        print_help(context.command.lines(), sys.stderr)  # type: ignore[attr-defined]
        raise typer.Exit(EXIT_USAGE)


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", is_eager=True)] = False,
    plain: Annotated[bool, typer.Option("--plain")] = False,
    color: Annotated[Color | None, typer.Option("--color")] = None,  # noqa: ARG001 - _said_color() has read it
) -> None:
    if version:
        print(f"sfkeytool {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    if not can_ask({}, os.environ):
        _help_if_alone(context)
    from sfkeytool.cli.menu import run_menu

    _end(context, run_menu(plain=plain))


def _end(context: typer.Context, code: int) -> NoReturn:
    context.obj.append(code)
    raise typer.Exit(code)


def run_typer(arguments: Sequence[str]) -> int:
    """Parse ``arguments`` (without the program's name) and run what they ask for; returns the exit code.

    Raises UsageError for a command line that is none, and KeyboardInterrupt.
    """
    ended: list[int] = []
    try:
        status = _application()(list(arguments), prog_name="sfkeytool", standalone_mode=False, obj=ended)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _CommandLineError as error:
        raise UsageError("usage.command-line", _one_line(error), f"see {_command_path(error)} --help") from None
    if ended:
        return ended[-1]
    if status == EXIT_INTERRUPTED:  # Ctrl-C before a command ran, of which Typer says nothing
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def _one_line(error: Any) -> str:
    return " ".join(str(error.format_message()).split())


def _command_path(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "sfkeytool"
