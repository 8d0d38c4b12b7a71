"""``NAME.json``, the only file that grows: each run adds its record."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

from sfkeytool.edge.disk import naming, read_regular, regular_stat
from sfkeytool.errors import OutputError
from sfkeytool.model import Notice
from sfkeytool.outside_json import is_remnant, parse_json

FORMAT = 1
SIZE_LIMIT = 4 << 20
"""Bytes above which a receipt is taken for damaged: our own bound, some thousand runs."""

_BEGINNING = b'{"format":1,"records":['


def read_records(path: Path, *, verbatim: bool = False) -> dict[str, Any] | None:
    """The receipt at ``path``, empty if there is none; None if it is what is left of one, or is too large.

    ``verbatim`` is for encode_grown(): a record keeps the name of a file that is no UTF-8.

    Raises OutputError if it cannot be read, and output.not-a-receipt for a file that is somebody else's: a
    ``package.json``, a key of another service. Damage does not turn a receipt into other JSON that is whole.
    """
    with naming(path):
        if regular_stat(path) is None:
            return {"format": FORMAT, "records": []}
        content = read_regular(path, SIZE_LIMIT)
    if content is None:
        raise _foreign(path)
    if len(content) <= SIZE_LIMIT:
        try:
            receipt = parse_json(content, verbatim=verbatim)
        except ValueError:
            pass
        else:
            if not _is_receipt(receipt):
                raise _foreign(path)
            return cast("dict[str, Any]", receipt)
    if not is_remnant(content, _BEGINNING):
        raise _foreign(path)
    return None


def _is_receipt(value: object) -> bool:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        return False
    records = value.get("records")
    return isinstance(records, list) and all(isinstance(record, dict) for record in records)


def _foreign(path: Path) -> OutputError:
    return OutputError(
        "output.not-a-receipt",
        f"{path} is not sfkeytool's, whose receipt would have that name; it is kept",
        "choose another NAME, or another folder with --output-dir",
    )


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
        f"{path} is damaged; it was set aside as {aside}, and a new one begun",
    )
