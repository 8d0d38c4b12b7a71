"""A spinner on stderr while something slow is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sfkeytool.cli.render import Console, clean, rich_console


@contextmanager
def spinning(console: Console, message: str, *, wanted: bool) -> Iterator[Callable[[str], None]]:
    """On a terminal only, and where something may be drawn; yields what changes the message."""
    hidden = console.quiet or console.json_output or console.plain
    if not wanted or hidden or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.text import Text

    def text(message: str) -> Text:  # a name is no markup, whatever brackets it has
        return Text(clean(message))

    with rich_console(sys.stderr).status(text(message)) as status:
        yield lambda message: status.update(text(message))
