"""The inventory as a table: one line a certificate, in a pipe as wide as it gets, on a terminal as wide as that is."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.cli.render import Console, clean
from sfkeytool.cli.terminal import window_columns
from sfkeytool.plain_text import display_width, shortened, shortened_left

if TYPE_CHECKING:
    from sfkeytool.audit.model import Inventory, Item

_LIFE_CELLS = 20
_GAP = "  "
_ONE_ROW_COLUMNS = 100
"""From this width on an item has one row, whatever must be shortened for that; below, it may have two."""
_LEAST_COLUMNS = 50
_PROSE_COLUMNS = 100
_LEAST_WHERE, _LEAST_NAME = 12, 16
_SECOND_ROW = " " * 9
_STYLES = {"expired": "bold red", "due": "yellow", "fine": "green", "unknown": "dim"}
_COVERAGE_STYLES = {"uncovered": "bold red", "unproved": "yellow", "same-key": "yellow", "-": "dim"}
_HEADINGS = ("STATUS", "DAYS", "UNTIL", "LIFE", "WHAT", "COVERAGE", "NAME", "WHERE")
_STATUS, _DAYS, _UNTIL, _LIFE, _WHAT, _COVERAGE, _NAME, _WHERE = range(len(_HEADINGS))

Piece = tuple[str, str]
"""Text and its style; an empty style is none."""
Cell = tuple[Piece, ...]


class _Row(Struct, frozen=True):
    cells: tuple[Cell, ...]
    note: str = ""
    """What follows the name, and is the first to go."""
    heading: str = ""
    """Of a group: it stands above the row."""


def show_inventory(console: Console, inventory: "Inventory") -> None:
    """With bars, and fitted to its width, on a terminal; otherwise one whole line a certificate."""
    from sfkeytool.audit.reports.table import count_lines, note_lines

    if console.json_output or console.quiet:
        return
    on_terminal = sys.stdout.isatty()
    rows = _Rows(inventory, on_terminal=on_terminal)
    if not on_terminal:
        for line in _one_row_each(rows, _natural_widths(rows), with_life=True):
            console.painted(line)
        notes, counts = note_lines(inventory, verbose=console.verbose), count_lines(inventory)
    else:
        columns = max(_LEAST_COLUMNS, window_columns())
        for line in _fitted(rows, columns):
            console.painted(line)
        prose = min(_PROSE_COLUMNS, columns)
        notes, counts = (
            note_lines(inventory, verbose=console.verbose, columns=prose),
            count_lines(inventory, prose),
        )
    first = next(notes, None)
    if first is not None:
        if on_terminal:  # the counts are the table's last row too, which the notes may push out of sight
            for text in counts:
                console.heading(text)
        console.result(chain([""] if first else [], [first], notes, [""]))
    console.result(counts)


class _Rows:
    """The rows of an inventory, made anew for each look: first at their widths, then to be shown."""

    def __init__(self, inventory: "Inventory", *, on_terminal: bool) -> None:
        self._inventory = inventory
        self._on_terminal = on_terminal

    def __iter__(self) -> Iterator[_Row]:
        return _rows(self._inventory, on_terminal=self._on_terminal)


def _rows(inventory: "Inventory", *, on_terminal: bool) -> Iterator[_Row]:
    from sfkeytool.audit.reports.order import grouped
    from sfkeytool.audit.reports.table import cells

    groups = grouped(inventory)
    for label, items in groups:
        heading = clean(label) if on_terminal and len(groups) > 1 else ""
        for item in items:
            made = cells(item)
            status, coverage = made.status, made.coverage
            place = made.where + ("" if on_terminal and item.carrier.kind.is_app else made.part)
            if item.carrier.in_org and not on_terminal:
                place = f"{label}: {place}"
            aside = "" if item.counts else "dim"
            yield _Row(
                (
                    ((status, _STYLES[status] if item.counts else "dim"),),
                    ((made.days, aside),),
                    ((made.until, aside),),
                    _bar(item) if on_terminal else ((made.life, ""),),
                    ((made.what, aside),),
                    ((coverage, _COVERAGE_STYLES.get(coverage, "green") if item.counts else "dim"),),
                    ((clean(made.name), aside),),
                    ((clean(place), "dim"),),
                ),
                clean(made.note),
                heading,
            )
            heading = ""


def _natural_widths(rows: Iterable[_Row]) -> list[int]:
    """What each column takes where nothing is left out."""
    widths = [len(heading) for heading in _HEADINGS]
    for row in rows:
        for column, cell in enumerate(row.cells):
            width = sum(display_width(text) for text, _ in cell)
            if column == _NAME and row.note:
                width += 1 + display_width(row.note)
            widths[column] = max(widths[column], width)
    return widths


def _fitted(rows: Iterable[_Row], columns: int) -> Iterator[Sequence[Piece]]:
    """LIFE goes first, then WHERE gets shorter, then names; in a narrow window WHERE has a second row."""
    widths = _natural_widths(rows)
    if _total(widths) <= columns:
        yield from _one_row_each(rows, widths, with_life=True)
        yield from _legend(with_life=True, cut=False)
        return
    widths[_LIFE] = 0
    room = columns - _total([*widths[:_NAME], 0, 0])
    where = max(min(widths[_WHERE], _LEAST_WHERE), min(widths[_WHERE], room - widths[_NAME]))
    if columns >= _ONE_ROW_COLUMNS or widths[_NAME] + where <= room:
        cut = widths[_NAME] + widths[_WHERE] > room
        least = min(widths[_NAME], _LEAST_NAME)
        widths[_NAME], widths[_WHERE] = max(least, min(widths[_NAME], room - where)), where
        yield from _one_row_each(rows, widths, with_life=False)
        yield from _legend(with_life=False, cut=cut)
        return
    yield from _two_rows_each(rows, widths, columns)
    yield from _legend(with_life=False, cut=True)


def _total(widths: Sequence[int]) -> int:
    """The columns of a line, but for those that are left out for good: LIFE has no gap either then."""
    return sum(widths) + len(_GAP) * (len(widths) - 1 - (widths[_LIFE] == 0))


def _one_row_each(rows: Iterable[_Row], widths: Sequence[int], *, with_life: bool) -> Iterator[Sequence[Piece]]:
    shown = [column for column in range(len(_HEADINGS)) if with_life or column != _LIFE]
    yield _line([((_HEADINGS[column], "bold"),) for column in shown], [widths[column] for column in shown])
    for row in rows:
        if row.heading:
            yield ((shortened(row.heading, sum(widths)), "bold"),)
        cells = [*row.cells[:_NAME], _named(row, widths[_NAME]), _shortened_left(row.cells[_WHERE], widths[_WHERE])]
        yield _line([cells[column] for column in shown], [widths[column] for column in shown])


def _two_rows_each(rows: Iterable[_Row], widths: Sequence[int], columns: int) -> Iterator[Sequence[Piece]]:
    first = (_STATUS, _DAYS, _UNTIL)
    left = [widths[column] for column in first]
    name = columns - sum(left) - len(_GAP) * len(first)
    yield _line([((_HEADINGS[column], "bold"),) for column in (*first, _NAME)], [*left, name])
    for row in rows:
        if row.heading:
            yield ((shortened(row.heading, columns), "bold"),)
        yield _line([*(row.cells[column] for column in first), _named(row, name)], [*left, name])
        told = [row.cells[column] for column in (_WHAT, _COVERAGE) if row.cells[column][0][0] != "-"]
        room = columns - len(_SECOND_ROW) - sum(len(cell[0][0]) + len(_GAP) for cell in told)
        cells = [((_SECOND_ROW, ""),), *told, _shortened_left(row.cells[_WHERE], room)]
        yield _line(cells[1:], [0] * (len(cells) - 1), lead=_SECOND_ROW)


def _named(row: _Row, width: int) -> Cell:
    """The name, and its note as far as there is room for it."""
    ((name, style),) = row.cells[_NAME]
    text = shortened(name, width)
    if not row.note or display_width(text) + 2 > width:
        return ((text, style),)
    return ((text, style), (" " + shortened(row.note, width - display_width(text) - 1), "dim"))


def _shortened_left(cell: Cell, width: int) -> Cell:
    ((text, style),) = cell
    return ((shortened_left(text, width), style),)


def _line(cells: Sequence[Cell], widths: Sequence[int], *, lead: str = "") -> Sequence[Piece]:
    """The cells beside each other, days to the right; nothing follows the last."""
    pieces: list[Piece] = [(lead, "")] if lead else []
    for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blank = " " * max(0, width - sum(display_width(text) for text, _ in cell))
        right = number == _DAYS and not lead
        pieces += [*([(blank, "")] if right else []), *cell, *([] if right else [(blank, "")]), (_GAP, "")]
    while pieces and not pieces[-1][0].strip():
        pieces.pop()
    return pieces


def _legend(*, with_life: bool, cut: bool) -> Iterator[Sequence[Piece]]:
    if with_life:
        left, gone, mail = _signs()
        text = f"LIFE: {left} left, {gone} gone, {mail} a day on which CKM mails, should it hold the certificate"
        yield ((text, "dim"),)
    if cut:
        yield (("A wider window shows more, --json all", "dim"),)


def _signs() -> tuple[str, str, str]:
    """What is left of a life, what is gone, and a mail: in ASCII where the terminal's encoding has no others."""
    signs = ("█", "░", "◆")
    try:
        "".join(signs).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ("#", ".", "!")
    return signs


def _bar(item: "Item") -> Cell:
    """The whole life from left to right: what is gone, what is left, and in it CKM's mail days."""
    from datetime import UTC, datetime, time, timedelta
    from itertools import groupby

    certificate = item.carrier.certificate
    if certificate is None or item.days_left is None:
        return (("-", "dim"),)
    left_sign, gone_sign, mail_sign = _signs()
    begins, ends = certificate.not_before, certificate.not_after
    life = max(ends - begins, timedelta(days=1))
    left = min(life, timedelta(days=max(item.days_left, 0)))
    gone = _LIFE_CELLS - (0 if item.status == "expired" else max(1, round(_LIFE_CELLS * (left / life))))
    style = _STYLES[str(item.status)] if item.counts else "dim"
    bar = [(gone_sign, "dim")] * gone + [(left_sign, style)] * (_LIFE_CELLS - gone)
    for day in item.mail_dates:
        if datetime.combine(day, time(23, 59), UTC) >= begins:
            position = int(_LIFE_CELLS * ((datetime.combine(day, time(), UTC) - begins) / life))
            bar[max(0, min(_LIFE_CELLS - 1, position))] = (mail_sign, "bold cyan")
    return tuple(
        ("".join(sign for sign, _ in together), style) for style, together in groupby(bar, key=lambda cell: cell[1])
    )
