"""The table of report formats: each makes a flag of the audit, a key under ``[reports]`` and a file."""

from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sfkeytool.audit.model import Inventory


class ReportFormat(Struct, frozen=True):
    """``module`` stands beside this one and makes the file piece by piece, by ``encode(inventory) -> Iterator[bytes]``;
    it is imported when it is wanted."""

    name: str
    """The flag without its dashes, and the key of the configuration."""
    what: str
    """What --help says is written, after "Write"."""
    module: str
    beginnings: tuple[bytes, ...]
    """How an earlier file of this format begins, in any release: nothing else is ever replaced."""
    library: str = ""
    """An optional library that it needs; an extra of this package brings it."""

    def encode(self, inventory: "Inventory") -> "Iterator[bytes]":
        """The file in pieces; its library must be there. Pure."""
        encoded: Iterator[bytes] = import_module(f"{__package__}.{self.module}").encode(inventory)
        return encoded


FORMATS = {
    each.name: each
    for each in (
        ReportFormat(
            "annotations",
            "what is wrong as commands that a job on GitHub prints, to be shown at the files",
            "annotations",
            (b"::debug::sfkeytool audit\n",),
        ),
        ReportFormat("csv", "all certificates as CSV", "csv_file", (b"\xef\xbb\xbfstatus,",)),
        ReportFormat(
            "html",
            "a page with a timeline, in one file, for a browser",
            "html_page",
            (b"<!doctype html><!--sfkeytool",),
        ),
        ReportFormat(
            "ics",
            "expiries, CKM's mail days and the latest starts of renewals as calendar entries",
            "ics",
            (b"BEGIN:VCALENDAR",),
            "icalendar",
        ),
        ReportFormat(
            "markdown",
            "a table for the summary of a CI job, a ticket or a wiki, as Markdown",
            "markdown_page",
            (b"<!-- sfkeytool audit -->",),
        ),
        ReportFormat("prometheus", "metrics for a node exporter", "prometheus", (b"# HELP ",)),
        ReportFormat(
            "sarif",
            "what is wrong as SARIF, for code scanning",
            "sarif",
            (b'{"runs":[{"tool":{"driver":{"name":"sfkeytool"',),
        ),
    )
}
"""By name, in the order of --help."""
