"""What --help says, made from the commands' definitions: no line wider than the window, no command or flag broken."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import groupby
from typing import TextIO

from sfkeytool.cli.command import Command
from sfkeytool.cli.commands import ABOUT, GROUPS, TABLE, Job, Row
from sfkeytool.cli.fields import Field, Group
from sfkeytool.cli.output_options import COLOR, EVERYWHERE, PLAIN
from sfkeytool.cli.render import bold
from sfkeytool.cli.terminal import window_columns
from sfkeytool.cli.topics import TOPICS
from sfkeytool.edge.colors import colored
from sfkeytool.passwords import SOURCES

NARROWEST, WIDEST = 60, 100
"""Columns: what no line exceeds in a narrower window, and what is still easy to read in a wider one."""

START = (
    ("sfkeytool", "Asks what you want to do, and does it."),
    ("sfkeytool self-signed my_api", "A keystore that Salesforce imports, and the app's certificate."),
    ("sfkeytool check my_api.jks", "Why does Salesforce refuse it? --fix writes a repaired copy."),
    ("sfkeytool audit .", "Which certificates expire when."),
)
HELP = Field("help", bool, "Show this.", ("--help", "-h"), group=Group.OUTPUT)
VERSION = Field("version", bool, "Show the version.", ("--version", "-V"), group=Group.OUTPUT)
ROOT_OPTIONS = (VERSION, PLAIN, COLOR, HELP)
_NOTES = {
    Group.PASSWORDS: f"A SOURCE says where it comes from: {SOURCES}. `sfkeytool help sources` tells more.",
    Group.REPORTS: "A report replaces an earlier file of its kind, and no other.",
}


_MOST_NAMED = 3


class Heading(str):
    """A line that stands over others."""

    __slots__ = ()


def help_width() -> int:
    """Columns."""
    return max(NARROWEST, min(WIDEST, window_columns()))


def styled_lines(lines: Iterable[str], stream: TextIO) -> Iterator[str]:
    """Headings are bold where ``stream`` takes that."""
    styled = colored(stream)
    return (bold(line) if styled and isinstance(line, Heading) else line for line in lines)


def print_help(lines: Iterable[str], stream: TextIO) -> None:
    for line in styled_lines(lines, stream):
        print(line, file=stream)


def options_of(row: Row, command: Command) -> tuple[Field, ...]:
    """What a command takes, the options that mean the same everywhere included."""
    return (*command.fields, *((COLOR,) if row in ABOUT else EVERYWHERE))


def page_of(words: Sequence[str], width: int) -> Iterator[str] | None:
    """--help of the command or the group of this name, of sfkeytool where there is none; None if it names nothing."""
    if not words:
        return root_lines(width)
    for row in (*TABLE, *ABOUT):
        if row.name.split() == [*words]:
            return command_lines(row, row.load(), width)
    return group_lines(words[0], width) if len(words) == 1 and words[0] in GROUPS else None


def command_lines(row: Row, command: Command, width: int) -> Iterator[str]:
    """--help of one command."""
    fields = (*options_of(row, command), HELP)
    yield from filled(f"Usage: {usage(row, command)}", width, indent="", hanging="       ")
    yield ""
    yield from filled(row.summary, width)
    if command.details:
        yield ""
        yield from filled(command.details, width)
    yield ""
    yield Heading("Examples:")
    for example in command.examples:
        yield from filled(f"{example.purpose}:", width, indent="  ")
        yield f"    {example.line}"
    column = 4 + min(max(len(spelling(field)) for field in fields), width // 3)
    for group in Group:
        of_group = [field for field in fields if field.group is group]
        if not of_group:
            continue
        yield ""
        yield Heading(group)
        if group in _NOTES:
            yield from filled(_NOTES[group], width, indent="  ")
        for field in of_group:
            yield from _beside(spelling(field), describe(field), column, width)


def usage(row: Row, command: Command) -> str:
    """How it is called, on one line."""
    arguments = [field for field in command.fields if not field.flags]
    words = [field.label if field.required or "[" in field.label else f"[{field.label}]" for field in arguments]
    return " ".join(["sfkeytool", row.name, *words, "[OPTIONS]"])


def spelling(field: Field) -> str:
    """An option's flags and what follows them, or an argument's name."""
    if not field.flags:
        return field.label
    flags = ", ".join(field.flags)
    return flags if field.type is bool else f"{flags} {field.metavar or _choices(field.type)}"


def _choices(kind: type) -> str:
    return "|".join(str(each.value) for each in kind) if issubclass(kind, Enum) else kind.__name__.upper()


def describe(field: Field) -> str:
    """What it is, whether it is required, and what it is where it is not given."""
    text, _, default = field.help.removesuffix("]").partition(" [default: ")
    if field.default is not None and field.type is not bool:
        default = str(getattr(field.default, "value", field.default))
    marks = []
    if field.required:
        others = [f"--{name.replace('_', '-')}" for name in field.unless]
        if len(others) > _MOST_NAMED:  # they go together: the first stands for all
            others = others[:1]
        marks.append(f"required, unless there is {_either(others)}" if others else "required")
    if field.preset_when is not None:
        default = f"sfkeytool.toml's, else {default or 'none'}"
    if default:
        marks.append(f"default: {default}")
    return f"{text} [{'; '.join(marks)}]" if marks else text


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def root_lines(width: int) -> Iterator[str]:
    """--help of sfkeytool."""
    yield from filled("sfkeytool: keys and certificates of Salesforce integrations", width)
    yield ""
    yield Heading("Start here")
    column = 4 + max(len(line) for line, _ in START)
    for line, what in START:
        yield from _beside(line, what, column, width)
    yield ""
    yield "Usage: sfkeytool [OPTIONS] COMMAND …"
    yield from rows_lines((*TABLE, *ABOUT), width)
    yield ""
    yield Heading("Options")
    for field in ROOT_OPTIONS:
        yield from _beside(spelling(field), describe(field), column, width)
    yield ""
    yield Heading("More")
    yield from _beside("sfkeytool help COMMAND", "What it does, examples, options; as COMMAND --help.", column, width)
    for name, topic in TOPICS.items():
        yield from _beside(f"sfkeytool help {name}", topic.title, column, width)


def group_lines(group: str, width: int) -> Iterator[str]:
    """--help of the commands whose names begin so."""
    yield f"Usage: sfkeytool {group} COMMAND …"
    yield ""
    yield from filled(GROUPS[group], width)
    yield from rows_lines([row for row in TABLE if row.name.startswith(f"{group} ")], width)
    yield ""
    yield from filled(f"`sfkeytool help {group} COMMAND` tells what one does, with examples and options.", width)


def rows_lines(rows: Iterable[Row], width: int) -> Iterator[str]:
    """Commands by job, each with its summary."""
    rows = sorted(rows, key=lambda row: list(Job).index(row.job))
    column = 4 + max(len(row.name) for row in rows)
    for job, of_job in groupby(rows, key=lambda row: row.job):
        yield ""
        yield Heading(job)
        for row in of_job:
            yield from _beside(row.name, row.summary, column, width)


def topic_lines(name: str, width: int) -> Iterator[str]:
    """What `sfkeytool help` says of a topic."""
    topic = TOPICS[name]
    yield Heading(topic.title)
    column = 4 + max((len(name) for name, _ in topic.entries), default=0)
    for paragraph in topic.paragraphs:
        yield ""
        yield from filled(paragraph, width)
    yield ""
    for term, what in topic.entries:
        yield from _beside(term, what, min(column, 2 + width // 3), width)
    for paragraph in topic.closing:
        yield ""
        yield from filled(paragraph, width)


def _beside(left: str, right: str, column: int, width: int) -> Iterator[str]:
    """``right`` from ``column`` on, beside ``left`` if that leaves room."""
    first, *rest = filled(right, width, indent=" " * column) or [""]
    if len(left) + 4 > column:
        yield f"  {left}"
        yield first
    else:
        yield f"  {left}".ljust(column) + first[column:]
    yield from rest


def filled(text: str, width: int, *, indent: str = "", hanging: str | None = None) -> list[str]:
    """Lines of ``width`` columns at most; what stands in backticks is not broken where a line holds it."""
    unbroken = "\u00a0"
    kept = "`".join(
        part.replace(" ", unbroken) if at % 2 and len(part) + len(indent) + 2 <= width else part
        for at, part in enumerate(text.split("`"))
    )
    lines = textwrap.wrap(
        kept,
        width,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(unbroken, " ") for line in lines]
