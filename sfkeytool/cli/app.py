"""The Typer application, made from the commands' own definitions."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from sfkeytool import __version__
from sfkeytool.cli.commands.audit import AUDIT
from sfkeytool.cli.commands.check import CHECK
from sfkeytool.cli.commands.ckm import CHAIN
from sfkeytool.cli.commands.ckm_org import COMMANDS as CKM_ORG
from sfkeytool.cli.commands.explain import EXPLAIN
from sfkeytool.cli.commands.keystores import UNWRAP, WRAP
from sfkeytool.cli.commands.login import LOGIN
from sfkeytool.cli.commands.looking import COMPARE, SHOW
from sfkeytool.cli.commands.making import CSR, SELF_SIGNED
from sfkeytool.cli.commands.metadata import METADATA
from sfkeytool.cli.commands.renewing import REMINDER, RENEW, ROTATE
from sfkeytool.cli.fields import Field, typer_signature
from sfkeytool.cli.options import EVERYWHERE
from sfkeytool.cli.render import Console, stdout_errors
from sfkeytool.cli.run import Command, boundary, can_ask, run_command
from sfkeytool.errors import EXIT_USAGE, UsageError

COMMANDS = (
    SELF_SIGNED,
    CSR,
    WRAP,
    UNWRAP,
    SHOW,
    CHECK,
    COMPARE,
    EXPLAIN,
    METADATA,
    REMINDER,
    RENEW,
    ROTATE,
    LOGIN,
    AUDIT,
    CHAIN,
    *CKM_ORG,
)

_GROUPS = {"ckm": "The other road: CKM makes the key, and its CSR is signed."}

# Typer carries its own click since 0.27 and uses the package before: this is the base of either's errors.
_CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]

_HELP = """Keys and certificates of Salesforce integrations.

Makes JKS keystores that Certificate and Key Management (CKM) imports, and the matching certificate for the connected
app or External Client App. Without a command, on a terminal: a guided menu.

\b
Secrets are given as SOURCE: env:NAME, file:PATH, stdin, prompt or generate.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 rejected or not the same certificate, 4 login refused,
5 something expires soon or is not covered, 6 expired, 68 read in part, 70 a bug, 130 interrupted.
"""


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """The application for this command line.

    Typer looks at every option of every command before it prints one line; so only the commands that the arguments
    name get their options. Completion, whose words come in a variable, needs them all.
    """
    # No rich markup: help then needs no rich, which costs more to import than all the rest.
    app = typer.Typer(
        name="sfkeytool",
        help=_HELP,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    completing = "_SFKEYTOOL_COMPLETE" in os.environ
    groups = {"": app}
    for command in COMMANDS:
        group, _, name = command.name.rpartition(" ")
        if group not in groups:
            groups[group] = _make_group(app, group)
        named = set(command.name.split()) <= set(arguments)
        fields = (*command.fields, *EVERYWHERE) if completing or named else ()
        groups[group].command(
            name,
            help="\n\n".join(filter(None, (command.summary, command.details)))
            + "\n\n\b\nExamples:\n"
            + "\n".join(f"  {example}" for example in command.examples),
            short_help=command.summary,
        )(_callback(command, fields))
    return app


def _make_group(app: typer.Typer, name: str) -> typer.Typer:
    group = typer.Typer(rich_markup_mode=None)

    @group.callback(invoke_without_command=True)
    def help_if_alone(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            print(context.get_help(), file=sys.stderr)
            raise typer.Exit(EXIT_USAGE)

    app.add_typer(group, name=name, help=_GROUPS[name])
    return group


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
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

    raise typer.Exit(run_menu(COMMANDS))


def _callback(command: Command, fields: Sequence[Field]) -> Callable[..., None]:
    def callback(**given: Any) -> None:
        raise typer.Exit(run_command(command, given))

    signature = typer_signature(fields)
    callback.__signature__ = signature  # type: ignore[attr-defined]
    callback.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return callback


def run_app(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` (without the program's name); returns the exit code."""
    options = list(arguments)
    if "--" in options:
        options = options[: options.index("--")]
    console = Console(json_output="--json" in options)

    def body() -> int:
        try:
            with stdout_errors():
                status = make_app(arguments)(list(arguments), prog_name="sfkeytool", standalone_mode=False)
        except typer.Abort:
            raise KeyboardInterrupt from None
        except _CommandLineError as error:
            raise UsageError("usage.command-line", _one_line(error), f"{_command_path(error)} --help") from None
        return status if isinstance(status, int) else 0

    return boundary(console, body)


def _one_line(error: Any) -> str:
    return " ".join(str(error.format_message()).split())


def _command_path(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "sfkeytool"
