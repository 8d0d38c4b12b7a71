"""What a command is: its fields make flags, prompts and the equivalent command line; ``execute`` does the work."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.cli.fields import Field, Values

if TYPE_CHECKING:
    from sfkeytool.cli.run import Run


class Aim(StrEnum):
    """What a person wants, in the words of the menu's first question."""

    MAKE = "Make a new certificate"
    ANSWER = "I have the CA's answer"
    IMPORT = "Put it into the org"
    REFUSED = "Salesforce refused my keystore or showed an error"
    EXPIRES = "One is about to expire"
    LOOK = "See what expires"
    MORE = "More …"


class MenuPlace(Struct, frozen=True):
    """Where the menu has a command: under which aim, what its row says and, in grey below, what that means. The rows
    of an aim come by ``step``, those of one step as in the table of the commands."""

    aim: Aim
    title: str
    meaning: str = ""
    step: int = 0


class Answer(Struct, frozen=True):
    """What a command prints under --json: ``result`` is ``module.Type`` among the workflows, ``schema`` the name of
    the file in docs/schemas. ``publishes``: whether the result also tells of files that were written."""

    schema: str
    result: str
    publishes: bool = False
    next_steps: bool = False
    exit_codes: tuple[int, ...] = (0,)


class Example(Struct, frozen=True):
    """A line of a shell that --help shows, which fits the narrowest window, and what it is for."""

    purpose: str
    line: str


class Command(Struct, frozen=True):
    """A command. Its name and summary stand in the table of sfkeytool/cli/commands/__init__.py."""

    examples: tuple[Example, ...]
    fields: tuple[Field, ...]
    execute: Callable[["Run", Values], int]
    answers: tuple[Answer, ...] = ()
    place: MenuPlace | None = None
    details: str = ""
    """What --help says between the summary and the examples."""
