"""What people and scripts see. Results go to stdout, everything else to stderr; nothing is decided here."""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from sfkeytool.cli.envelope import encode_answer, encode_refusal
from sfkeytool.edge.colors import colored
from sfkeytool.errors import EXIT_INTERRUPTED, OutputError, SfkeytoolError
from sfkeytool.model import ArtifactKind, Notice, Receipt
from sfkeytool.plain_text import escaped

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console as RichConsole

    from sfkeytool.cli.envelope import Published
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.model import Result

_BOLD, _RED, _YELLOW, _DIM, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
_STYLES = {
    "bold": _BOLD,
    "dim": _DIM,
    "yellow": _YELLOW,
    "green": "\x1b[32m",
    "bold red": _BOLD + _RED,
    "bold cyan": _BOLD + "\x1b[36m",
}
_UNBROKEN = "\u00a0"  # no-break space; by its name it would cost an import of unicodedata

_KIND_TITLES = {
    ArtifactKind.PRIVATE_KEY: "private key (secret)",
    ArtifactKind.CSR: "certificate request, for the CA",
    ArtifactKind.CERTIFICATE: "certificate, for the app",
    ArtifactKind.CHAIN: "certificate chain, leaf first",
    ArtifactKind.KEYSTORE: "keystore, for Certificate and Key Management (secret)",
    ArtifactKind.KEYSTORE_PASSWORD: "the keystore's password (secret)",
    ArtifactKind.RECEIPT: "receipt",
    ArtifactKind.RUNBOOK: "runbook: what to do, in which order",
    ArtifactKind.CALENDAR: "calendar entries",
    ArtifactKind.REPORT: "report",
    ArtifactKind.METADATA_SOURCE: "metadata, for sf project deploy start",
}


def bold(text: str) -> str:
    return f"{_BOLD}{text}{_RESET}"


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


def wrapped(text: str, lead: str = "", stream: TextIO | None = None) -> list[str]:
    """Lines as wide as the terminal, 100 characters at most; longer where a command in backticks is: none is broken."""
    lines = textwrap.wrap(
        re.sub(r"`[^`]+`", lambda command: command[0].replace(" ", _UNBROKEN), text),
        min(100, shutil.get_terminal_size().columns) if (stream or sys.stdout).isatty() else 100,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, " ") for line in lines]


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
        self.changed = False
        """Whether the run has done anything else that stays."""

    def result(self, lines: Iterable[str]) -> None:
        """Lines of a human result; nothing under --json."""
        if not self.json_output:
            for line in lines:
                _print(clean(line))

    def heading(self, line: str) -> None:
        if not self.json_output:
            _print(self._styled(clean(line), _BOLD, sys.stdout))

    def painted(self, pieces: Iterable[tuple[str, str]]) -> None:
        """A line of a human result, as pieces of clean text, each with the name of its style, or none."""
        if not self.json_output:
            _print("".join(self._styled(text, _STYLES[style], sys.stdout) if style else text for text, style in pieces))

    def steps(self, steps: Sequence[str]) -> None:
        """Numbered next steps, wrapped; left out under --quiet."""
        if self.quiet or self.json_output or not steps:
            return
        _print("")
        self.heading("Next")
        for number, step in enumerate(steps, 1):
            lead = f"{number:>2}. "
            for line in wrapped(clean(step), lead):
                _print(line)

    def envelope(self, status: int, result: "Result", files: "Published | None" = None) -> None:
        """The JSON object of a run with a result."""
        if self.json_output:
            _print(encode_answer(status, result, self.notices, files, dry_run=self.dry_run))

    def warn(self, notice: Notice) -> None:
        self.notices.append(notice)
        if not self.json_output and not self.quiet:
            print(f"{self._styled('warning:', _YELLOW, sys.stderr)} {clean(notice.message)}", file=sys.stderr)

    def say(self, line: str) -> None:
        """Something on stderr that is no result: always said, but for --quiet and --json."""
        if not self.quiet and not self.json_output:
            print(clean(line), file=sys.stderr)

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
        print(clean(notice.message), file=sys.stderr, flush=True)

    def detail(self, line: str) -> None:
        """Progress, for --verbose."""
        if self.verbose:
            print(self._styled(clean(line), _DIM, sys.stderr), file=sys.stderr)

    def error(self, error: SfkeytoolError) -> None:
        """One line what, further lines what to do; or the JSON object of a run without a result."""
        if self.json_output and error.code != "output.stdout":
            _print(encode_refusal(error, self.notices, self.receipts))
            return
        # Who breaks off knows that: it is no error to them.
        lead = "" if error.exit_code == EXIT_INTERRUPTED else self._styled("sfkeytool: error:", _RED, sys.stderr) + " "
        print(f"{lead}{clean(error.message)}", file=sys.stderr)
        for hint in error.hints:
            print(f"hint: {clean(hint)}", file=sys.stderr)
        if self.receipts:
            print("These files of the run are complete:", file=sys.stderr)
            for line in files_lines(self.receipts):
                print(clean(line), file=sys.stderr)

    def result_lost(self, reason: str) -> None:
        """That files of this run are there though its result is not shown: nobody may take that for a failure."""
        lead = self._styled("warning:", _YELLOW, sys.stderr)
        print(f"{lead} {reason}, so that the result is not shown; all files of this run are there", file=sys.stderr)

    def _styled(self, text: str, style: str, stream: TextIO) -> str:
        return f"{style}{text}{_RESET}" if colored(stream) else text


def files_lines(receipts: Sequence[Receipt]) -> list[str]:
    """A line a file, in the order in which they were made."""
    files = [file for receipt in receipts for file in receipt.files]
    width = max((len(str(file.path)) for file in files), default=0)
    return [f"  {file.path!s:<{width}}  {_KIND_TITLES[file.kind]}" for file in files]


def certificate_line(facts: "CertificateFacts") -> str:
    """One line about a certificate."""
    bits = f" {facts.key_bits}" if facts.key_bits else ""
    return f"{facts.subject or '(no subject)'}, {facts.key_algorithm}{bits}, valid until {facts.not_after.date()}"


def mails_line(mail_dates: "Sequence[date]", certificate: "CertificateFacts") -> str:
    """The days on which Certificate and Key Management mails about a certificate that it holds."""
    if not mail_dates:
        return "  it has expired: no mail of CKM's is still to come"
    days = mail_days(mail_dates, certificate.not_after.date())
    return f"  CKM, where it holds it, should mail {days} (give or take a day)"


def mail_days(mail_dates: "Sequence[date]", expires: "date") -> str:
    """Whom on which days: a phrase that follows "mail"."""
    from sfkeytool.acceptance.mails import describe_mail_dates

    return describe_mail_dates(mail_dates, expires)


def _print(text: str) -> None:
    with stdout_errors():
        print(text)


def flush_results() -> None:
    """Raises OutputError if a result could not be written after all."""
    with stdout_errors():
        sys.stdout.flush()


@contextmanager
def stdout_errors() -> Iterator[None]:
    """A full disk behind stdout is our error; a closed pipe is the reader's choice, and stays BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence_stdout()
        reason = error.strerror or type(error).__name__
        raise OutputError("output.stdout", f"the result could not be written to stdout: {reason}") from None


def stdout_is_closed() -> bool:
    """Whether the caller closed stdout, so that the entry point had to put something in its place."""
    return getattr(sys.stdout, "name", None) == os.devnull


def silence_stdout() -> None:
    """What is still buffered goes nowhere: else Python complains about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
