"""JSON that somebody else may have written: refused when it nests deeper, or holds more, than anything of ours."""

import codecs
import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 50

MAX_VALUES = 500_000
"""Values in one text: our own bound. Each costs a hundred times its two characters in memory; a page of an org's answer
has some thousands."""

_TOKEN = re.compile(rb'[\[\]{}:,"]')
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*', re.DOTALL)


def parse_json(content: bytes, *, verbatim: bool = False) -> Any:
    """The value in ``content``, with finite numbers and text that is Unicode. Pure.

    UTF-8, whose BOM is dropped, or UTF-16 with one: so Windows PowerShell's ``>`` writes what was UTF-8.

    Raises ValueError for what is no JSON (RFC 8259 knows no Infinity), is too deep or too large. Halves of surrogate
    pairs, which JSON can name and UTF-8 cannot write, become U+FFFD; not if ``verbatim``, for whoever writes it again.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16").encode()
    _check_bounds(content)
    value = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    return _encodable(value) if b"\\ud" in content.lower() and not verbatim else value


def is_remnant(content: bytes, beginning: bytes) -> bool:
    """Whether ``content`` may be what a disk has left of JSON that starts with ``beginning``, written without blanks.

    Nothing, or nothing but NULs, is left of anything; nobody loses by it. Pure.
    """
    left = content.strip(b"\0\t\r\n ")
    start = b"".join(left[: 4 * len(beginning)].split())
    return start.startswith(beginning) or (len(left) < 4 * len(beginning) and beginning.startswith(start))


def _check_bounds(content: bytes) -> None:
    """Before anything is built: on some Pythons (3.13.0, say) a hundred thousand brackets end the process, where others
    raise RecursionError. Each character is looked at once, also of a string that is never closed."""
    depth = values = position = 0
    while token := _TOKEN.search(content, position):
        position = token.end()
        if token[0] == b'"':
            rest = _REST_OF_STRING.match(content, position)
            position = rest.end() + 1 if rest else len(content)
        elif token[0] in b"]}":
            depth -= 1
        else:
            values += 1
            depth += token[0] in b"[{"
            if depth > MAX_DEPTH:
                raise ValueError("nested too deeply")
            if values > MAX_VALUES:
                raise ValueError("too many values")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_encodable(each) for each in value]
        case dict():
            return {_encodable(name): _encodable(each) for name, each in value.items()}
    return value
