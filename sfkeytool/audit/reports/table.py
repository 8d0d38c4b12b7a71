"""The inventory as lines of text: plain, stable, one line a certificate, for a terminal and for grep alike."""

from collections.abc import Iterator

from sfkeytool.audit.model import Inventory, Item, Status

_BAR = 10


def table_lines(inventory: Inventory) -> Iterator[str]:
    """A header and aligned columns, what expires first in front; then what needs a hand. Pure."""
    rows: list[tuple[str, ...]] = [("STATUS", "DAYS", "UNTIL", "LIFE", "WHAT", "NAME", "COVERAGE", "WHERE")]
    rows += [_row(item) for item in inventory.items]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for source in inventory.sources:
        yield from (f"not read: {problem.message}" for problem in source.problems)
    advised = [item for item in inventory.items if item.advice]
    if advised:
        yield ""
        yield from (f"{item.carrier.name}: {item.advice}" for item in advised)


def _row(item: Item) -> tuple[str, ...]:
    carrier, certificate = item.carrier, item.carrier.certificate
    where = carrier.path + (f" ({carrier.part})" if carrier.part else "")
    if carrier.also_in:
        where += f" and {len(carrier.also_in)} more"
    name = carrier.name
    if item.superseded_by:
        name += f" (replaced by {item.superseded_by})"
    elif certificate and carrier.in_chain:
        name = f"{certificate.subject} (CA)"
    elif carrier.reference:
        name += f" → {carrier.reference}"
    return (
        str(item.status),
        "-" if item.days_left is None else str(item.days_left),
        certificate.not_after[:10] if certificate else "-",
        _bar(item),
        str(carrier.kind),
        name,
        str(item.coverage or "-"),
        where,
    )


def _bar(item: Item) -> str:
    """The part of its life that is left, in tenths; ``!`` marks the tenth in which the threshold lies."""
    from datetime import datetime

    certificate = item.carrier.certificate
    if certificate is None or item.days_left is None or item.within_days is None:
        return "-"
    begins, ends = (datetime.fromisoformat(moment) for moment in (certificate.not_before, certificate.not_after))
    life = max((ends - begins).days, 1)
    left = 0 if item.status is Status.EXPIRED else min(_BAR, -(-max(item.days_left, 0) * _BAR // life))
    bar = ["#"] * left + ["."] * (_BAR - left)
    mark = min(_BAR - 1, item.within_days * _BAR // life)
    bar[mark] = "!" if bar[mark] == "." else "#"
    return "".join(bar)
