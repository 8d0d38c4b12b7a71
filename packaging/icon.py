"""The program's icon on Windows, drawn here: a key on a disc. ``icon(SIZES)`` is the .ico file."""

import struct
import zlib
from collections.abc import Iterator
from math import hypot

DISC, KEY = (11, 92, 171), (255, 255, 255)
_SAMPLES = 4
"""Of each pixel, each way, for smooth edges."""


def _is_key(x: float, y: float) -> bool:
    """In a square from 0 to 1: a ring, a shaft with a hole in its head, two teeth."""
    ring = 0.085 < hypot(x - 0.35, y - 0.5) < 0.17
    shaft = 0.5 <= x <= 0.83 and abs(y - 0.5) <= 0.042
    teeth = (0.66 <= x <= 0.72 or 0.77 <= x <= 0.83) and 0.5 <= y <= 0.63
    return ring or shaft or teeth


def _pixel(column: int, row: int, size: int) -> bytes:
    disc = key = 0
    for number in range(_SAMPLES**2):
        x = (column + (number % _SAMPLES + 0.5) / _SAMPLES) / size
        y = (row + (number // _SAMPLES + 0.5) / _SAMPLES) / size
        disc += hypot(x - 0.5, y - 0.5) < 0.49
        key += _is_key(x, y)
    part = key / _SAMPLES**2
    color = (round(under + (over - under) * part) for under, over in zip(DISC, KEY, strict=True))
    return bytes((*color, 255 * disc // _SAMPLES**2))


def _png(size: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"".join(_pixel(column, row, size) for column in range(size)) for row in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def icon(sizes: tuple[int, ...] = (16, 24, 32, 48, 64)) -> bytes:
    """An .ico file with a PNG of each size."""
    images = [_png(size) for size in sizes]

    def entries() -> Iterator[bytes]:
        at = 6 + 16 * len(images)
        for size, image in zip(sizes, images, strict=True):
            yield struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(image), at)
            at += len(image)

    return struct.pack("<HHH", 0, 1, len(images)) + b"".join((*entries(), *images))
