"""The inventory as CSV (RFC 4180), for spreadsheets."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from sfkeytool.audit.advice import step_text
from sfkeytool.audit.model import Inventory, Item
from sfkeytool.audit.stops import stop_text
from sfkeytool.crypto.certificates import iso_utc
from sfkeytool.crypto.names import escape_unprintable

_COLUMNS = (
    "status", "days_left", "not_after", "kind", "name", "subject", "coverage", "superseded_by", "source", "path",
    "part", "also_in", "used_by", "key", "sha256", "stops", "advice",
)  # fmt: skip
_FORMULA = re.compile(r'((?:\A|;)[\s"]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])')
"""Where a cell begins a formula, in full-width characters too; after a semicolon also, at which spreadsheets divide the
lines of a CSV file in countries whose decimals have a comma."""
_NUMBER = re.compile(r"-?[0-9]+")


def encode(inventory: Inventory) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, without which Excel takes it for the local code page; CRLF. Pure.

    What a spreadsheet would run as a formula gets an apostrophe in front: names and subjects are anybody's text.
    """
    yield _line(_COLUMNS).encode("utf-8-sig")
    for item in inventory.items:
        yield _line([_safe(cell) for cell in _row(item)]).encode("utf-8", "replace")


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _row(item: Item) -> tuple[str, ...]:
    carrier, certificate = item.carrier, item.carrier.certificate
    return (
        str(item.status),
        "" if item.days_left is None else str(item.days_left),
        iso_utc(carrier.not_after) if carrier.not_after else "",
        str(carrier.kind),
        carrier.name,
        certificate.subject if certificate else f"names {carrier.reference}" if carrier.reference else "",
        str(item.coverage or ""),
        item.superseded_by,
        carrier.source,
        carrier.path,
        carrier.part,
        " ".join(carrier.also_in),
        ", ".join(carrier.used_by),
        f"{certificate.key_algorithm} {certificate.key_bits or ''}".strip() if certificate else "",
        certificate.sha256 if certificate else "",
        "; ".join(stop_text(stop) for stop in item.stops),
        "; ".join(step_text(step) for step in item.advice),
    )


def _safe(cell: str) -> str:
    return cell if _NUMBER.fullmatch(cell) else _FORMULA.sub(r"\1'", escape_unprintable(cell))
