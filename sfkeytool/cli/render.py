"""What people and scripts see. Results go to stdout, everything else to stderr; nothing is decided here."""

import os
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from sfkeytool.cli.envelope import encode_answer, encode_refusal
from sfkeytool.cli.stdout import print_pieces, print_result
from sfkeytool.cli.terminal import window_columns
from sfkeytool.edge.colors import colored
from sfkeytool.errors import EXIT_INTERRUPTED, SfkeytoolError
from sfkeytool.model import ArtifactKind, Notice, Receipt, WrittenFile
from sfkeytool.plain_text import escaped

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console as RichConsole

    from sfkeytool.cli.envelope import Published
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.model import Result

BOLD, BAD, WARNING, FAINT, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
GOOD, COMMAND = "\x1b[32m", "\x1b[36m"
_NARROWEST, _WIDEST, _UNKNOWN = 60, 100, 80
"""Columns that text is filled to: our own taste; a longer line is hard to read. Where there is no window, 80."""

_MANY_FILES, _MANY_FOLDERS = 7, 2
"""Beyond these the end of a run counts its files, so that its next steps are still on the screen."""

COMMAND_BEGINS = re.compile(r"\b(?=sfkeytool [a-z]|openssl \w+ -|keytool -|sf (?:org|project) [a-z]|cp \S|env -)")
"""Where a command begins in the midst of a text."""
_COMMAND_INSIDE = re.compile(COMMAND_BEGINS.pattern + r"[^;,()`]+")
_COMMAND_AT_END = re.compile(r"(?<=: )" + COMMAND_BEGINS.pattern + r".+\Z")
_STYLES = {
    "bold": BOLD,
    "dim": FAINT,
    "yellow": WARNING,
    "green": GOOD,
    "bold red": BOLD + BAD,
    "bold cyan": BOLD + COMMAND,
}
_UNBROKEN = "\u00a0"  # no-break space; by its name it would cost an import of unicodedata

_KIND_TITLES = {
    ArtifactKind.PRIVATE_KEY: "private key (secret)",
    ArtifactKind.CSR: "request, for the CA",
    ArtifactKind.CERTIFICATE: "certificate, for the app",
    ArtifactKind.CHAIN: "certificate chain",
    ArtifactKind.KEYSTORE: "keystore, for CKM (secret)",
    ArtifactKind.KEYSTORE_PASSWORD: "its password (secret)",
    ArtifactKind.RECEIPT: "receipt",
    ArtifactKind.RUNBOOK: "all steps, in order",
    ArtifactKind.CALENDAR: "calendar entries",
    ArtifactKind.REPORT: "report",
    ArtifactKind.METADATA_SOURCE: "metadata, to be deployed",
}


def bold(text: str) -> str:
    return f"{BOLD}{text}{_RESET}"


def rich_console(stream: TextIO) -> "RichConsole":
    """Rich's own console on ``stream``, with colours where colored() says so."""
    from rich.console import Console as RichConsole

    system = "auto" if stream.isatty() and os.environ.get("TERM") != "dumb" else "standard"
    return RichConsole(file=stream, color_system=system if colored(stream) else None)  # type: ignore[arg-type]


def clean(text: str) -> str:
    """``text`` without what could steer a terminal, or the CI system that reads a job's log: a certificate's subject
    may hold escape sequences, and a file's name commands."""
    return escaped(text, _escape)


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}" if character.isprintable() else character.encode("unicode_escape").decode()


class Styled(NamedTuple):
    """A part of a line, and how it looks on a terminal."""

    text: str
    style: str


Line = str | Sequence[str | Styled]
"""A line of a result, in parts where they look different."""


def command_line(command: str, indent: str = "    ") -> Line:
    """A command to paste: on a line of its own, and whole."""
    return [indent, Styled(command, COMMAND)]


def wrapped(text: str, lead: str = "", stream: TextIO | None = None, *, hang: int | None = None) -> list[str]:
    """Lines as wide as the window, from 60 to 100 columns, or 80 where there is none; longer where a command in
    backticks is, or a path: none is broken. Those after the first stand ``hang`` columns in, by default as far as
    ``lead``."""
    lines = textwrap.wrap(
        re.sub(r"`[^`]+`", lambda command: command[0].replace(" ", _UNBROKEN), text),
        window_width(stream or sys.stdout),
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) if hang is None else hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, " ") for line in lines]


def unbroken_commands(text: str) -> str:
    """``text`` for wrapped(), with each command in it whole. To be used where no command has quotes."""
    return _COMMAND_INSIDE.sub(lambda command: command[0].replace(" ", _UNBROKEN), text)


def labelled(label: str, style: str, text: str, width: int, indent: int = 2) -> Iterator[Line]:
    """``text`` behind a label that looks different, filled, ``width`` columns after the label begins."""
    lead = " " * indent + label.ljust(width)
    first, *others = wrapped(text, lead) or [lead]
    yield [" " * indent, Styled(label, style), first[indent + len(label) :]]
    yield from others


def window_width(stream: TextIO) -> int:
    """The columns that text on ``stream`` is filled to."""
    if not stream.isatty():
        return _UNKNOWN
    return min(_WIDEST, max(_NARROWEST, window_columns()))


class Console:
    """stdout and stderr of one run."""

    def __init__(
        self,
        *,
        json_output: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        plain: bool = False,
        dry_run: bool = False,
    ) -> None:
        self.json_output = json_output
        self.plain = plain
        """Whether nothing is to be coloured or drawn twice: for screen readers and dumb terminals."""
        self.quiet = quiet
        self.verbose = verbose
        self.dry_run = dry_run
        self.notices: list[Notice] = []
        self.receipts: list[Receipt] = []
        """Of the files of this run that are on disk, for the message of a run that breaks off afterwards."""
        self.rehearsed: list[Receipt] = []
        """Of a dry run: those that there would be."""
        self.changed = False
        """Whether the run has done anything else that stays."""
        self._answer: Sequence[str] | None = None
        self._has_begun_json = False

    def result(self, lines: Iterable[Line]) -> None:
        """Lines of a human result; nothing under --json and --quiet."""
        for line in lines:
            if not self.json_output and not self.quiet:
                print_result(self._rendered(line))

    def heading(self, text: str) -> None:
        """What a result, or a part of it, is called."""
        self.result([Styled(line, BOLD)] for line in wrapped(text))

    def painted(self, pieces: Iterable[tuple[str, str]]) -> None:
        """A line of a human result, as pieces of clean text, each with the name of its style, or none."""
        self.result([[Styled(text, _STYLES.get(style, "")) for text, style in pieces]])

    def answer(self, lines: Sequence[str]) -> None:
        """What --quiet prints of this run in the place of the paths of its files."""
        self._answer = lines

    def end(self) -> None:
        """Under --quiet the paths that were written, or would be, one a line, or what the run's answer is."""
        if not self.quiet or self.json_output:
            return
        paths = [str(file.path) for receipt in self.receipts or self.rehearsed for file in receipt.files]
        for line in dict.fromkeys(paths) if self._answer is None else self._answer:
            print_result(clean(line))

    def _rendered(self, line: Line) -> str:
        parts = [line] if isinstance(line, str) else line
        if not colored(sys.stdout):
            return clean("".join(part if isinstance(part, str) else part.text for part in parts))
        return "".join(
            clean(part) if isinstance(part, str) else self._styled(clean(part.text), part.style, sys.stdout)
            for part in parts
        )

    def envelope(self, status: int, result: "Result", files: "Published | None" = None) -> None:
        """The JSON object of a run with a result."""
        if self.json_output:
            pieces = encode_answer(status, result, self.notices, files, dry_run=self.dry_run)
            self._has_begun_json = True
            print_pieces(pieces)

    def warn(self, notice: Notice) -> None:
        self.notices.append(notice)
        if not self.json_output and not self.quiet:
            self._tell("warning:", WARNING, notice.message)

    def say(self, line: str) -> None:
        """Something on stderr that is no result: always said, but for --quiet and --json. What is indented stays."""
        if not self.quiet and not self.json_output:
            print(clean(line) if line.startswith(" ") else _on_stderr(clean(line)), file=sys.stderr)

    def paragraph(self, text: str, lead: str = "") -> None:
        """The same, filled to the window."""
        if not self.quiet and not self.json_output:
            for line in wrapped(clean(text), lead, sys.stderr):
                print(line, file=sys.stderr)

    def show(self, lines: Iterable[str]) -> None:
        """What a person must have read before they answer: on stderr, whatever was asked to be quiet."""
        for line in lines:
            print(clean(line), file=sys.stderr)

    def announce(self, notice: Notice) -> None:
        """Something that nobody may miss, whatever was asked to be quiet: at once on stderr, and in the envelope."""
        self.notices.append(notice)
        print(_on_stderr(clean(notice.message)), file=sys.stderr, flush=True)

    def detail(self, line: str) -> None:
        """Progress, for --verbose."""
        if self.verbose:
            print(self._styled(clean(line), FAINT, sys.stderr), file=sys.stderr)

    def error(self, error: SfkeytoolError) -> None:
        """One line what, further lines what to do; or the JSON object of a run without a result, unless another one is
        there, whole or in part: two in a row are none."""
        if self.json_output and not self._has_begun_json and error.code != "output.stdout":
            print_result(encode_refusal(error, self.notices, self.receipts))
            return
        # Who breaks off knows that: it is no error to them.
        if error.exit_code == EXIT_INTERRUPTED:
            self._tell("", "", error.message)
        else:
            self._tell("sfkeytool: error:", BAD, error.message)
        for hint in error.hints:
            self._tell("hint:", "", hint)
        if self.receipts:
            print("These files of the run are complete:", file=sys.stderr)
            for line in files_lines(self.receipts, whole=True):
                print(clean(line), file=sys.stderr)

    def result_lost(self, reason: str) -> None:
        """That files of this run are there though its result is not shown: nobody may take that for a failure."""
        lead = self._styled("warning:", WARNING, sys.stderr)
        print(f"{lead} {reason}, so that the result is not shown; all files of this run are there", file=sys.stderr)

    def _tell(self, label: str, style: str, message: str) -> None:
        told = _on_stderr(f"{label} {clean(message)}".lstrip())
        print(f"{self._styled(label, style, sys.stderr)}{told.removeprefix(label)}", file=sys.stderr)

    def _styled(self, text: str, style: str, stream: TextIO) -> str:
        return f"{style}{text}{_RESET}" if style and colored(stream) else text


def _on_stderr(message: str) -> str:
    """``message``, filled on a terminal, with the command at its end whole; in a log one line, which grep finds.

    One with a command elsewhere stays a line too: who copies what a terminal wrapped gets a line, as the command is.
    """
    at_end = _COMMAND_AT_END.search(message)
    text, command = (message[: at_end.start()], at_end[0]) if at_end else (message, "")
    if not sys.stderr.isatty() or COMMAND_BEGINS.search(text):
        return message
    return "\n".join(wrapped(text + command.replace(" ", _UNBROKEN), "", sys.stderr, hang=2))


def files_lines(receipts: Sequence[Receipt], *, whole: bool = False) -> list[str]:
    """Each folder's full path, and a line a file, in the order in which they were made; counted by their kinds where
    they are many, unless the ``whole`` is wanted."""
    folders: dict[Path, list[WrittenFile]] = {}
    for receipt in receipts:
        folders.setdefault(receipt.folder, []).extend(receipt.files)
    files = [file for found in folders.values() for file in found]
    if not whole and (len(files) > _MANY_FILES or len(folders) > _MANY_FOLDERS):
        kinds = Counter(_KIND_TITLES[file.kind] for file in files)
        counted = "; ".join(f"{count} × {title}" for title, count in kinds.items())
        return [*map(_folder_line, _above(list(map(_full, folders)))), *wrapped(counted, "    ")]
    lines = []
    for folder, found in folders.items():
        lines.append(_folder_line(_full(folder)))
        names = [
            str(file.path.relative_to(folder) if file.path.is_relative_to(folder) else file.path) for file in found
        ]
        width = max(map(len, names), default=0)
        lines += [f"    {name:<{width}}  {_KIND_TITLES[file.kind]}" for name, file in zip(names, found, strict=True)]
    return lines


def _above(folders: Sequence[str]) -> Sequence[str]:
    """The one folder that all are in; all of them where there is none: on drives of Windows, or seen from a folder
    that is gone."""
    try:
        return [os.path.commonpath(folders)]
    except ValueError:
        return folders


def _full(folder: Path) -> str:
    """As it was written, where the current folder is gone: all is done by now, and only told."""
    try:
        return str(folder.absolute())
    except OSError:
        return str(folder)


def _folder_line(folder: str) -> str:
    return f"  {folder.rstrip(os.sep)}{os.sep}"


def certificate_line(facts: "CertificateFacts") -> str:
    """One line about a certificate."""
    bits = f" {facts.key_bits}" if facts.key_bits else ""
    return f"{facts.subject or '(no subject)'}, {facts.key_algorithm}{bits}, valid until {facts.not_after.date()}"


def mail_days(mail_dates: "Sequence[date]", expires: "date") -> str:
    """Whom on which days: a phrase that follows "mail"."""
    from sfkeytool.acceptance.mails import describe_mail_dates

    return describe_mail_dates(mail_dates, expires)
