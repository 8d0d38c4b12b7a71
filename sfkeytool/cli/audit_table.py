"""The inventory on a terminal: the same table as in a pipe, in colours, with a bar of life that shows the mail days."""

import sys
from typing import TYPE_CHECKING

from sfkeytool.cli.render import Console, clean, rich_console

if TYPE_CHECKING:
    from rich.text import Text

    from sfkeytool.audit.model import Inventory, Item

_CELLS = 20
_STYLES = {"expired": "bold red", "due": "yellow", "fine": "green", "unknown": "dim"}
_COVERAGE_STYLES = {"uncovered": "bold red", "unproved": "yellow", "same-key": "yellow"}


def show_inventory(console: Console, inventory: "Inventory") -> None:
    """In colours and with bars on a terminal; otherwise plain lines that stay the same from release to release."""
    from sfkeytool.audit.reports.table import footer_lines, table_lines

    if console.json_output or console.quiet:
        return
    if not sys.stdout.isatty():
        console.result(table_lines(inventory, verbose=console.verbose))
        return
    from rich.table import Table
    from rich.text import Text

    from sfkeytool.audit.reports.table import cells

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("STATUS", "DAYS", "UNTIL", "LIFE", "WHAT", "NAME", "COVERAGE", "WHERE"):
        table.add_column(heading, justify="right" if heading == "DAYS" else "left", overflow="fold")
    for item in inventory.items:
        if item.unused:
            continue
        status, days, until, _, what, name, coverage, where = map(clean, cells(item))
        table.add_row(
            Text(status, _STYLES[status]),
            Text(days),
            Text(until),
            _bar(item),
            Text(what),
            Text(name),
            Text(coverage, _COVERAGE_STYLES.get(coverage, "green" if item.coverage else "dim")),
            Text(where),
            style=None if item.counts else "dim",
        )
    screen = rich_console(sys.stdout)
    screen.print(table)
    screen.print(
        "LIFE: █ what is left, ░ what is gone, ◆ a day on which CKM mails, should it hold the certificate", style="dim"
    )
    console.result(footer_lines(inventory, verbose=console.verbose))


def _bar(item: "Item") -> "Text":
    """The whole life from left to right: what is gone, what is left, and in it CKM's mail days."""
    from datetime import UTC, datetime, time, timedelta

    from rich.text import Text

    certificate = item.carrier.certificate
    if certificate is None or item.days_left is None:
        return Text("-", "dim")
    begins, ends = certificate.not_before, certificate.not_after
    life = max(ends - begins, timedelta(days=1))
    style = _STYLES[str(item.status)]
    left = min(life, timedelta(days=max(item.days_left, 0)))
    gone = _CELLS - (0 if item.status == "expired" else max(1, round(_CELLS * (left / life))))
    bar = Text("░" * gone, "dim")
    bar.append("█" * (_CELLS - gone), style)
    text = list(bar.plain)
    marks = {
        min(_CELLS - 1, int(_CELLS * ((datetime.combine(day, time(), UTC) - begins) / life)))
        for day in item.mail_dates
        if datetime.combine(day, time(23, 59), UTC) >= begins
    }
    for position in marks:
        text[max(0, position)] = "◆"
    marked = Text("".join(text))
    marked.stylize("dim", 0, gone)
    marked.stylize(style, gone)
    for position in marks:
        marked.stylize("bold cyan", max(0, position), max(0, position) + 1)
    return marked
