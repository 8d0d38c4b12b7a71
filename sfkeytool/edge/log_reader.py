"""Reads logs of any length as numbered lines: a file, a pipe or stdin, in the encodings that shells write."""

import codecs
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sfkeytool.edge.open_elsewhere import input_open_elsewhere, insisting, is_open_elsewhere
from sfkeytool.errors import InputError
from sfkeytool.shell import path_argument, shell_line

LOG_LIMIT = 256 << 20
"""Bytes of a log that are read: our own bound, about a minute's work."""

_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 14
"""Characters up to which a line is one piece; the next piece has the same number. Our own bound on memory."""


def is_log(path: Path) -> bool:
    """Whether a file, a pipe or a device is there. Pure but for looking."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def read_log(path: Path) -> Iterator[tuple[int, str]]:
    """The file's lines, each with its number from 1, as read_stream says. Opened when the first line is asked for.

    Raises InputError: input.open-elsewhere, input.not-permitted, input.unreadable, input.too-large, explain.not-text.
    """
    try:
        with insisting(lambda: path.open("rb")) as stream:
            yield from read_stream(stream, str(path), shell_line(["sfkeytool", "show", path_argument(str(path))]))
    except PermissionError as error:
        if is_open_elsewhere(path):
            raise input_open_elsewhere(path) from error
        raise InputError("input.not-permitted", f"{path} may not be read") from error
    except OSError as error:
        raise InputError("input.unreadable", f"{path} cannot be read ({error.strerror})") from error


def read_stream(stream: BinaryIO, name: str, look: str | None = None) -> Iterator[tuple[int, str]]:
    """The stream's lines, each with its number; one that is too long in pieces of one number. Holds a line at a time.

    UTF-8, or UTF-16 as Windows PowerShell's > writes it; what is neither becomes U+FFFD. ``look`` is the command that
    tells what a file that is no text is. Raises InputError: input.too-large, explain.not-text.
    """
    first = stream.read(_CHUNK)
    decoder = codecs.getincrementaldecoder(_encoding(first))("replace")
    if not first.startswith(_UTF_16) and b"\0" in first:
        hints = (f"see what it is: {look}",) if look else ()
        raise InputError("explain.not-text", f"{name} is no text, and messages are", *hints)
    number, rest, size, chunk = 1, "", 0, first
    while chunk:
        size += len(chunk)
        if size > LOG_LIMIT:
            raise InputError(
                "input.too-large",
                f"{name} holds more than {LOG_LIMIT >> 20} MB",
                "give the part in which the program ended, its last lines",
            )
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            yield from ((number, piece) for piece in _pieces(line))
            number += 1
        while len(rest) > _LONGEST_LINE:
            yield number, rest[:_LONGEST_LINE]
            rest = rest[_LONGEST_LINE:]
        chunk = stream.read(_CHUNK)
    rest += decoder.decode(b"", final=True)
    yield from ((number, piece) for piece in _pieces(rest) if piece)


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _encoding(first: bytes) -> str:
    """By the byte order mark. One of UTF-16 without a NUL behind it is the beginning of something else."""
    if first.startswith(_UTF_16) and b"\0" in first[:200]:
        return "utf-16"
    return "utf-8-sig"


def _pieces(line: str) -> Iterator[str]:
    line = line.removesuffix("\r")
    for start in range(0, max(1, len(line)), _LONGEST_LINE):
        yield line[start : start + _LONGEST_LINE]
