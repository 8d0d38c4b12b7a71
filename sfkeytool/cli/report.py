"""What `check` found and repaired, as lines for people."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import UnsetType

from sfkeytool.cli.ending import Told, first_mail_lines, step_lines
from sfkeytool.cli.render import (
    BAD,
    BOLD,
    COMMAND_BEGINS,
    FAINT,
    GOOD,
    WARNING,
    Line,
    Styled,
    files_lines,
    labelled,
    unbroken_commands,
    wrapped,
)
from sfkeytool.model import ArtifactKind, KeystoreFormat, NextStep
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from sfkeytool.model import Receipt
    from sfkeytool.workflows.check import CheckedFile, FindingFacts, RepairFacts
    from sfkeytool.workflows.repair import Repair

_SHOWN_MENDED, _SHOWN_LEFT = 3, 2
"""What the end of a repair names one by one: its next steps are to stand on the same screen of 24 rows."""

_VERDICTS = {"accept": GOOD, "reject": BAD, "unsure": WARNING}
_SEVERITIES = {"error": BAD, "warn": WARNING, "note": FAINT}


def report_lines(file: "CheckedFile") -> Iterator[Line]:
    """A file's findings for people, the verdict last."""
    for finding in file.findings:
        yield from _finding_lines(finding)
    for reason in dict.fromkeys(unknown.reason for unknown in file.unknown):
        rules = ", ".join(unknown.rule for unknown in file.unknown if unknown.reason == reason)
        yield from wrapped(f"cannot tell: {reason}", "  ", hang=4)
        yield from _field("rules", rules)
    yield verdict_line(file)
    yield ""


def brief_lines(file: "CheckedFile") -> Iterator[Line]:
    """The names of its findings, for a file whose repair is told of."""
    for finding in file.findings:
        yield from _title_lines(finding)
    for reason in dict.fromkeys(unknown.reason for unknown in file.unknown):
        yield from wrapped(f"cannot tell: {reason}", "  ", hang=4)


def verdict_line(file: "CheckedFile") -> Line:
    """What Salesforce would do with a file."""
    return [f"{file.path}: ", Styled(file.verdict, _VERDICTS[file.verdict]), f" ({file.type}, {file.profile})"]


def _finding_lines(finding: "FindingFacts") -> Iterator[Line]:
    yield from _title_lines(finding)
    yield from _field("where", finding.where)
    yield from _field("saw", finding.saw)
    yield from _field("wanted", finding.wanted)
    if finding.salesforce_message:
        yield from _field("message", finding.salesforce_message)
    yield from _field("fix", finding.fix)
    yield from _field("source", f"{finding.citation} ({finding.basis})")


def _field(label: str, text: str) -> list[str]:
    """Filled; as it is where a command in it might be broken, for one that has quotes may hold anything."""
    lead = f"         {label:<7}  "
    if COMMAND_BEGINS.search(text) and re.search(r"""['"$]""", text):
        return [lead + text]
    return wrapped(unbroken_commands(text), lead)


def _title_lines(finding: "FindingFacts") -> Iterator[Line]:
    yield from labelled(finding.severity, _SEVERITIES[finding.severity], f"{finding.rule}: {finding.title}", 7)


def repair_lines(
    done: "Repair", repair: "RepairFacts", receipt: "Receipt | None", *, several: bool, verbose: bool
) -> Iterator[Line]:
    """What became of one key entry: what was mended, what is left, the files of its repaired copy, and, of one that is
    not one of ``several``, what comes next."""
    if not isinstance(repair.problem, UnsetType):
        yield from wrapped(f"not repaired: {repair.problem.message}", "  ", hang=4)
        yield from (f"    {action}" for action in repair.problem.actions)
        return
    if done.outcome is None or receipt is None or isinstance(repair.verdict, UnsetType):
        yield f"  {_who(repair)}: nothing that can be repaired"
        return
    made = done.outcome.result
    whose = f" of {_who(repair)}" if repair.alias != repair.name else ""
    until = made.certificate.not_after.date()
    for line in wrapped(f"{repair.name}: repaired copy{whose}: {repair.verdict}, valid until {until}"):
        yield [Styled(line, BOLD)]
    place, *files = files_lines([receipt], whole=verbose)
    yield place
    yield from files if verbose or not several else ()
    left = () if isinstance(repair.findings, UnsetType) else repair.findings
    yield from _mended_lines(repair.changed, several=several, verbose=verbose)
    yield from _left_lines(left, several=several, verbose=verbose)
    if several:
        yield ""
        return
    yield from first_mail_lines(Told(repair.name, made.certificate, made.mail_dates))
    # The certificate is the one that it was: where else it goes, the end of the import tells.
    steps = (done.outcome.first_steps[0], done.outcome.first_steps[-1])
    yield from step_lines((_left_step(receipt), *steps) if left else steps)


def _who(repair: "RepairFacts") -> str:
    return f"the entry {repair.alias!r}" if repair.alias is not None else repair.name


def steps_for_several() -> Iterator[Line]:
    """What comes after several repaired copies."""
    yield from step_lines(
        [NextStep("Setup > Certificate and Key Management > Import from Keystore: each keystore of a folder above.")]
    )


def _mended_lines(rules: Sequence[str], *, several: bool, verbose: bool) -> Iterator[Line]:
    from sfkeytool.acceptance.catalogue import rule_by_id

    if several and not verbose:
        return
    shown = rules if verbose else rules[:_SHOWN_MENDED]
    for rule in filter(None, map(rule_by_id, shown)):
        yield from labelled("mended", GOOD, f"{rule.title} ({rule.id})", 8)
    if more := len(rules) - len(shown):
        yield f"          and {more} more"


def _left_lines(left: "Sequence[FindingFacts]", *, several: bool, verbose: bool) -> Iterator[Line]:
    if not left:
        if not several:
            yield from labelled("left", GOOD, "nothing", 8)
        return
    shown = left if verbose else left[:_SHOWN_LEFT]
    for finding in shown:
        yield from labelled("left", _SEVERITIES[finding.severity], f"{finding.title} ({finding.rule})", 8)
        if verbose:
            yield from _field("saw", finding.saw)
            yield from _field("fix", finding.fix)
    if more := len(left) - len(shown):
        yield f"          and {more} more"


def _left_step(receipt: "Receipt") -> NextStep:
    """How to see what is left, and how to mend it."""
    paths = {file.kind: file.path for file in receipt.files}
    made, store = paths.get(ArtifactKind.KEYSTORE_PASSWORD), paths[ArtifactKind.KEYSTORE]
    password = f"file:{made}" if made is not None else "prompt"
    line = ["sfkeytool", "check", path_argument(str(store)), "--password", password]
    return NextStep("See what is left, and how to mend it:", shell_line([*line, *KeystoreFormat.of(store.name).option]))
