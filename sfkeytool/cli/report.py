"""What `check` found, as lines for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import UnsetType

from sfkeytool.cli.render import files_lines

if TYPE_CHECKING:
    from sfkeytool.model import Receipt
    from sfkeytool.workflows.check import CheckedFile, FindingFacts, RepairFacts


def report_lines(file: "CheckedFile") -> Iterator[str]:
    """A file's findings for people, the verdict last."""
    for finding in file.findings:
        yield from _finding_lines(finding)
    for reason in dict.fromkeys(unknown.reason for unknown in file.unknown):
        rules = ", ".join(unknown.rule for unknown in file.unknown if unknown.reason == reason)
        yield f"  cannot tell: {reason}"
        yield f"         rules    {rules}"
    yield f"{file.path}: {file.verdict} ({file.type}, {file.profile})"
    yield ""


def _finding_lines(finding: "FindingFacts") -> Iterator[str]:
    yield f"  {finding.severity:<5}  {finding.rule}: {finding.title}"
    yield f"         where    {finding.where}"
    yield f"         saw      {finding.saw}"
    yield f"         wanted   {finding.wanted}"
    if finding.salesforce_message:
        yield f"         message  {finding.salesforce_message}"
    yield f"         fix      {finding.fix}"
    yield f"         source   {finding.citation} ({finding.basis})"


def repair_lines(repair: "RepairFacts", receipt: "Receipt | None") -> Iterator[str]:
    """What became of one key entry, and the files of its repaired copy."""
    who = f"{repair.name} (entry {repair.alias!r})" if repair.alias is not None else repair.name
    if not isinstance(repair.problem, UnsetType):
        yield f"  not repaired: {repair.problem.message}"
        yield from (f"    {action}" for action in repair.problem.actions)
    elif receipt is None:
        yield f"  {who}: nothing that can be repaired"
    else:
        yield f"  repaired copy of {who}: {repair.verdict}"
        yield f"    name     {repair.name}: so Salesforce will show it once it is imported"
        yield from _mended_lines(repair)
        yield from files_lines([receipt])
        yield from _next_lines(repair, receipt)
    yield ""


def _mended_lines(repair: "RepairFacts") -> Iterator[str]:
    from sfkeytool.acceptance.catalogue import rule_by_id

    for rule in map(rule_by_id, repair.changed):
        yield f"    mended   {rule.title} ({rule.id})" if rule else ""
    left = () if isinstance(repair.findings, UnsetType) else repair.findings
    for finding in left:
        yield f"    left     {finding.title} ({finding.rule}): {finding.saw}"
        yield f"             {finding.fix}"
    if not left:
        yield "    left     nothing"


def _next_lines(repair: "RepairFacts", receipt: "Receipt") -> Iterator[str]:
    if isinstance(repair.next_steps, UnsetType):
        return
    keystore = f"{repair.name}.jks"
    yield f"    next     {repair.next_steps[0].replace(keystore, str(receipt.folder / keystore), 1)}"
