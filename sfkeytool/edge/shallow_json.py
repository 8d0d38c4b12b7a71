"""JSON that somebody else may have written: refused when it is nested more deeply than anything of ours."""

import json
import re
from typing import Any

_MAX_DEPTH = 50
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_json(content: bytes) -> Any:
    """The value in ``content`` (UTF-8, a BOM is dropped). Raises ValueError for what is no JSON, or is too deep. Pure.

    The depth is counted first: on some Pythons (3.13.0, say) a hundred thousand brackets end the process, where others
    raise RecursionError.
    """
    depth = 0
    for bracket in re.findall(rb"[\[\]{}]", _STRING.sub(b"", content)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
    return json.loads(content.decode("utf-8-sig"))


def is_remnant(content: bytes, beginning: bytes) -> bool:
    """Whether ``content`` may be what a disk has left of JSON that starts with ``beginning``, written without blanks.

    Nothing, or nothing but NULs, is left of anything; nobody loses by it. Pure.
    """
    left = content.strip(b"\0\t\r\n ")
    start = b"".join(left[: 4 * len(beginning)].split())
    return start.startswith(beginning) or (len(left) < 4 * len(beginning) and beginning.startswith(start))
