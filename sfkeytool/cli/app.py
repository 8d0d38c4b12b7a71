"""A command line, from its words to the exit code."""

import os
import sys
from collections.abc import Sequence

from sfkeytool.cli.boundary import boundary
from sfkeytool.cli.render import Console
from sfkeytool.cli.stdout import stdout_errors
from sfkeytool.cli.terminal import wants_plain
from sfkeytool.edge.colors import Color, choose_color


def run_app(arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` (without the program's name); returns the exit code."""
    options = list(arguments)
    if "--" in options:
        options = options[: options.index("--")]
    choose_color(_said_color(options))

    def body() -> int:
        with stdout_errors():
            if _printed_help(arguments):
                return 0
            from sfkeytool.cli.typer_app import run_typer

            return run_typer(arguments)

    return boundary(Console(json_output="--json" in options), body)


def _printed_help(arguments: Sequence[str]) -> bool:
    """Whether all that is asked is --help, of a command or of all: that needs no parser, whose import takes longer."""
    if arguments[-1:] not in (["--help"], ["-h"]):
        return False
    from sfkeytool.cli.help import help_width, page_of, print_help

    page = page_of(arguments[:-1], help_width())
    if page is not None:
        print_help(page, sys.stdout)
    return page is not None


def _said_color(options: Sequence[str]) -> Color:
    """What ``--color`` says, wherever it stands: also errors of the command line have a colour. In the plain mode
    nothing has one, unless it says so."""
    said = ""
    for at, option in enumerate(options):
        name, equals, value = option.partition("=")
        if name == "--color":
            said = value if equals else " ".join(options[at + 1 : at + 2])
    if said not in set(Color):
        plain = wants_plain({"plain": "--plain" in options}, {**os.environ, "TERM": ""})
        return Color.NEVER if plain else Color.AUTO
    return Color(said)
