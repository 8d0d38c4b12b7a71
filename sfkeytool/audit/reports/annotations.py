"""What the audit found, as commands that a job on GitHub prints: its page and pull request show them at the files."""

from collections.abc import Iterator

from sfkeytool.audit.model import Inventory
from sfkeytool.audit.reports.sarif import Wrong, what_is_wrong
from sfkeytool.crypto.names import escape_unprintable

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = {**_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}
"""As GitHub's runner undoes them: actions/toolkit, packages/core/src/command.ts."""


def encode(inventory: Inventory) -> Iterator[bytes]:
    """UTF-8, LF, one command a line; errors first, as GitHub shows few (ten of each level in a step).
    Nothing in a name becomes a command. Pure."""
    yield b"::debug::sfkeytool audit\n"
    for level in ("error", "warning"):
        for wrong in what_is_wrong(inventory):
            if wrong.level == level:
                yield f"{_line(wrong)}\n".encode("utf-8", "replace")


def _line(wrong: Wrong) -> str:
    properties = {"title": wrong.rule}
    if not wrong.source:
        properties["file"] = wrong.path.replace("\\", "/").removeprefix("./")
    listed = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    where = f"{wrong.source}: " if wrong.source else ""
    return f"::{wrong.level} {listed}::{escape_unprintable(where + wrong.text).translate(_DATA)}"
