"""The inventory as Markdown, for the summary of a CI job, a ticket or a wiki."""

import re
from collections.abc import Iterator

from sfkeytool.audit.counts import count, count_line
from sfkeytool.audit.model import Inventory, Item
from sfkeytool.audit.reports.table import cells
from sfkeytool.crypto.names import escape_unprintable
from sfkeytool.shell import shell_line

_ROWS = 500
"""GitHub refuses a summary of over 1 MiB ("Workflow commands", its documentation); a row has some 500 bytes."""
_MARKS = re.compile(r"[&<>\"'`*{}\[\]#|~@$\\]|\b_|_\b|://|(?<=www)\.")
_BACKQUOTES = re.compile("`+")


def encode(inventory: Inventory) -> Iterator[bytes]:
    """UTF-8, LF; what expires first stands in front, at most 500 rows. Nothing in a name is read as Markdown or HTML.
    Pure but for the platform, whose shell the commands are quoted for."""
    return (f"{line}\n".encode("utf-8", "replace") for line in _lines(inventory))


def _lines(inventory: Inventory) -> Iterator[str]:
    yield "<!-- sfkeytool audit -->"
    yield ""
    yield f"**{_text(count_line(count(inventory)))}** ({inventory.at:%Y-%m-%d %H:%M} UTC)"
    shown = inventory.items[:_ROWS]
    if shown:
        yield ""
        yield "| status | days | valid until | what | name | coverage | where |"
        yield "|---|---:|---|---|---|---|---|"
        for item in shown:
            yield _row(item)
    if len(inventory.items) > len(shown):
        yield ""
        yield f"{len(inventory.items) - len(shown)} more expire later."
    # One certificate in several files has the same advice in each.
    advice = dict.fromkeys(line for item in shown for line in _advice(item))
    if advice:
        yield from ("", "What to do:", "")
    yield from advice
    problems = [problem for source in inventory.sources for problem in source.problems]
    if problems:
        yield from ("", "Not read:", "")
    yield from (f"- {_text(problem.message)}" for problem in problems)


def _advice(item: Item) -> Iterator[str]:
    for step in item.advice:
        if not step.is_general:
            line = f"- {_text(item.carrier.name)}: {_text(step.what)}"
            yield line + (f": {_code(shell_line(step.command))}" if step.command else "")


def _row(item: Item) -> str:
    row = cells(item)
    name = " ".join(filter(None, (row.name, row.note)))
    where = (f"{item.carrier.source}: " if item.carrier.in_org else "") + row.where + row.part
    status = f"**{row.status}**" if item.counts and item.status in ("expired", "due") else row.status
    texts = (status, row.days, row.until, row.what, _text(name), row.coverage, _text(where))
    return f"| {' | '.join(texts)} |"


def _text(text: str) -> str:
    """Anybody's text in one line: each mark that Markdown, a table or HTML would act on is an entity; so are those that
    call people and issues, or make a link of a bare address."""
    return _MARKS.sub(lambda mark: _entities(mark[0]), " ".join(escape_unprintable(text).split()))


def _entities(mark: str) -> str:
    return "".join(f"&#{ord(character)};" for character in mark)


def _code(text: str) -> str:
    longest = max((len(run) for run in _BACKQUOTES.findall(text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"
