"""``NAME.json``, the only file that grows: each run adds its record."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sfkeytool.edge.disk import naming, read_regular, regular_stat
from sfkeytool.model import Notice
from sfkeytool.outside_json import parse_json

FORMAT = 1
SIZE_LIMIT = 4 << 20
"""Bytes above which a receipt is taken for damaged: our own bound, some thousand runs."""


def read_records(path: Path) -> dict[str, Any] | None:
    """The receipt at ``path``, empty if there is none; None if it is damaged, foreign or too large.

    Raises OutputError if it cannot be read.
    """
    with naming(path):
        if regular_stat(path) is None:
            return {"format": FORMAT, "records": []}
        content = read_regular(path, SIZE_LIMIT)
    if content is None or len(content) > SIZE_LIMIT:
        return None
    try:
        receipt = parse_json(content)
    except ValueError:
        return None
    if not isinstance(receipt, dict) or receipt.get("format") != FORMAT:
        return None
    records = receipt.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return None
    return receipt


def encode_grown(receipt: Mapping[str, Any] | None, record: Mapping[str, Any]) -> bytes:
    """The receipt with one more record, as UTF-8 JSON; None starts afresh. Pure."""
    grown = dict(receipt or {"format": FORMAT, "records": []})
    grown["records"] = [*grown["records"], dict(record)]
    # A file name that is no UTF-8 holds lone surrogates; Python's escape of those is JSON's too.
    return (json.dumps(grown, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def damaged_name(path: Path, now: datetime) -> str:
    """A free name beside ``path`` for a damaged receipt to be set aside under."""
    name = f"{path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    candidates = (f"{name}-{number}" if number > 1 else name for number in count(1))
    return next(candidate for candidate in candidates if not os.path.lexists(path.with_name(candidate)))


def damaged_notice(path: Path, aside: str) -> Notice:
    """What the user is told about it. Pure."""
    return Notice(
        "receipt.set-aside",
        f"{path} is damaged or not a receipt; it was set aside as {aside}, and a new one begun",
    )
