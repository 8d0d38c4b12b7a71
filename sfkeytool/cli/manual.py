"""The manual page sfkeytool(1), made from the commands' definitions: ``python -m sfkeytool.cli.manual >
docs/sfkeytool.1``. It is in the wheel, as share/man/man1/sfkeytool.1."""

import re
import sys
from collections.abc import Iterable, Iterator

from sfkeytool.cli.commands import ABOUT, TABLE, Job, Row
from sfkeytool.cli.fields import Field, Group
from sfkeytool.cli.help import HELP, ROOT_OPTIONS, START, describe, options_of, spelling, usage
from sfkeytool.cli.output_options import EVERYWHERE
from sfkeytool.cli.topics import TOPICS, Topic

_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]+)")


def describe_manual() -> str:
    """The page, in the language of groff's man macros, ASCII alone. Pure."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield '.\\" Made by `python -m sfkeytool.cli.manual`: change the definitions, not this file.'
    yield ".TH SFKEYTOOL 1"
    yield ".SH NAME"
    yield _text("sfkeytool - keys and certificates of Salesforce integrations")
    yield ".SH SYNOPSIS"
    yield ".B sfkeytool"
    yield ".br"
    yield ".B sfkeytool"
    yield _text("COMMAND [ARGUMENTS] [OPTIONS]")
    yield ".SH DESCRIPTION"
    yield from _terms(START)
    rows = sorted((*TABLE, *ABOUT), key=lambda row: list(Job).index(row.job))
    for job in Job:
        yield f".SH {_text(job.upper())}"
        for row in rows:
            if row.job is job:
                yield from _command(row)
    yield ".SH OPTIONS OF EVERY COMMAND"
    yield from _fields((*EVERYWHERE, HELP))
    yield _text("Without a command:")
    yield from _fields(ROOT_OPTIONS)
    for name, topic in TOPICS.items():
        heading = "EXIT STATUS" if name == "exit-codes" else name.upper()
        yield from _topic(heading, topic)
    yield ".SH ENVIRONMENT"
    yield from _terms((variable, _named(flags)) for variable, flags in sorted(_variables().items()))


def _command(row: Row) -> Iterator[str]:
    command = row.load()
    yield f".SS {_text(row.name)}"
    yield ".B " + _text(usage(row, command))
    yield ".PP"
    yield _text(row.summary)
    if command.details:
        yield ".PP"
        yield _text(command.details)
    fields = [field for field in options_of(row, command) if field not in EVERYWHERE]
    for group in Group:
        of_group = [field for field in fields if field.group is group]
        if of_group:
            yield ".PP"
            yield _text(f"{group}:")
            yield from _fields(of_group)
    yield ".PP"
    yield "Examples:"
    for example in command.examples:
        yield ".PP"
        yield _text(f"{example.purpose}:")
        yield ".RS 4"
        yield ".nf"
        yield _text(example.line)
        yield ".fi"
        yield ".RE"


def _fields(fields: Iterable[Field]) -> Iterator[str]:
    return _terms((spelling(field), describe(field)) for field in fields)


def _terms(terms: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, what in terms:
        yield ".TP"
        yield ".B " + _text(term)
        yield _text(what)


def _topic(heading: str, topic: Topic) -> Iterator[str]:
    yield f".SH {_text(heading)}"
    yield _text(topic.title)
    for paragraph in topic.paragraphs:
        yield ".PP"
        yield _text(paragraph)
    yield from _terms(topic.entries)
    for paragraph in topic.closing:
        yield ".PP"
        yield _text(paragraph)


def _variables() -> dict[str, list[str]]:
    """Variables that options name, each with the options that it stands in for."""
    found: dict[str, list[str]] = {}
    for row in (*TABLE, *ABOUT):
        for field in options_of(row, row.load()):
            for variable in _VARIABLE.findall(field.help):
                if field.label not in (flags := found.setdefault(variable, [])):
                    flags.append(field.label)
    return found


def _named(flags: list[str]) -> str:
    return f"See {', '.join(flags)}."


def _text(text: str) -> str:
    """One line of plain text: nothing in it is a request or an escape sequence."""
    escaped = text.replace("\\", "\\(rs").replace("-", "\\-").replace("`", "")
    escaped = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.stdout.write(describe_manual())
