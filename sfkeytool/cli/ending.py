"""The end of a run on the screen, 24 rows of 80 columns at most: what is ready and until when, the folder and its
files, the first mail, three steps.

The rest is in the JSON, and said here where --verbose wants it; what helps when a step fails, ``explain`` knows.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sfkeytool.cli.render import (
    BOLD,
    FAINT,
    Console,
    Line,
    Styled,
    certificate_line,
    command_line,
    files_lines,
    mail_days,
    wrapped,
)
from sfkeytool.model import NextStep, Outcome, Receipt, Result
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.workflows.parts import Proof

_FAILS = "  Salesforce shows an error? "


class Told(NamedTuple):
    """What the end of a run tells of a certificate that is in its files. ``imported``: whether CKM gets it with its
    key from outside, so that its mails about it are inferred."""

    name: str
    certificate: "CertificateFacts"
    mail_dates: tuple[date, ...]
    proof: "Proof | None" = None
    imported: bool = True


def show_ready(console: Console, heading: str, told: Told | None = None) -> None:
    """What is ready, and until when."""
    until = f", valid until {told.certificate.not_after.date()}" if told is not None else ""
    console.result([Styled(line, BOLD)] for line in wrapped(f"{heading}{until}"))


def show_end(console: Console, receipts: Sequence[Receipt], told: Sequence[Told], outcome: Outcome[Result]) -> None:
    """The files, the mails about the certificates in them, and what to do next."""
    console.result(files_lines(receipts, whole=console.verbose))
    for one in told if console.verbose else ():
        console.result(_certificate_lines(one))
    if told and not console.verbose:
        console.result(first_mail_lines(min(told, key=lambda one: one.certificate.not_after)))
    console.result(step_lines(outcome.first_steps))
    if console.verbose:
        console.result(_sentence_lines(outcome.next_steps))


def _certificate_lines(told: Told) -> Iterator[str]:
    facts = told.certificate
    yield from wrapped(certificate_line(facts), "  ", hang=4)
    yield f"  SHA-256 {facts.sha256}"
    if told.proof is not None:
        yield from wrapped(f"proved: {' and '.join(told.proof.files)} hold the same certificate", "  ", hang=4)
    if not told.mail_dates:
        yield from first_mail_lines(told)
        return
    days = mail_days(told.mail_dates, facts.not_after.date())
    yield from wrapped(f"CKM, where it holds it, should mail {days} (give or take a day)", "  ", hang=4)


def first_mail_lines(told: Told) -> list[str]:
    """When Certificate and Key Management mails first about a certificate."""
    if not told.mail_dates:
        text = "It has expired: no mail of CKM's is still to come."
    else:
        text = f"First mail: CKM should mail on {told.mail_dates[0]}, give or take a day, if it holds the certificate"
        text += " (inferred for imported pairs)." if told.imported else "."
    return wrapped(text, "  ", hang=4)


def step_lines(steps: Sequence[NextStep]) -> Iterator[Line]:
    """Numbered, each command on a line of its own."""
    if not steps:
        return
    yield ""
    yield [Styled("Next", BOLD)]
    for number, step in enumerate(steps, 1):
        yield from wrapped(step.text, f"{number:>2}. ")
        if step.command:
            yield command_line(step.command)
    if any("Setup >" in step.text for step in steps):
        yield [Styled(_FAILS + shell_line(["sfkeytool", "explain", "TEXT"]), FAINT)]


def _sentence_lines(sentences: Sequence[str]) -> Iterator[Line]:
    if sentences:
        yield ""
        yield [Styled("In full", BOLD)]
    for sentence in sentences:
        yield from wrapped(sentence, "  - ")
