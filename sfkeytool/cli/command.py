"""What a command is: its fields make flags, prompts and the equivalent command line; ``execute`` does the work."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.cli.fields import Field, Values

if TYPE_CHECKING:
    from sfkeytool.cli.run import Run


class Road(StrEnum):
    """The ways through the menu, and what each is called there; docs/which-road.md compares the first four."""

    OUTSIDE = "Make the key here, import it too: Salesforce should mail of its expiry"
    BORN = "Let Salesforce make the key, a CA signs: Salesforce mails of its expiry"
    REMINDER = "Keep the key out of the org, a reminder in: Salesforce should mail of it"
    AUDIT = "No mails wanted, or many apps: look what expires, and be told"
    OTHER = "Something else: look into a file, a refused keystore, a login, an app"


class MenuPlace(Struct, frozen=True):
    """Where the menu has a command: the road, and what the job is called there. The jobs of a road come by ``step``,
    in the order in which they are done or wanted; those of one step as in the table of the commands."""

    road: Road
    job: str
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
