"""What `check` found, as lines for people."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sfkeytool.cli.render import files_lines

if TYPE_CHECKING:
    from sfkeytool.model import Receipt


def report_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """A file's findings for people, the verdict last."""
    for finding in facts["findings"]:
        yield from _finding_lines(finding)
    for reason in dict.fromkeys(unknown["reason"] for unknown in facts["unknown"]):
        rules = ", ".join(unknown["rule"] for unknown in facts["unknown"] if unknown["reason"] == reason)
        yield f"  cannot tell: {reason}"
        yield f"         rules    {rules}"
    yield f"{facts['path']}: {facts['verdict']} ({facts['type']}, {facts['profile']})"
    yield ""


def _finding_lines(finding: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {finding['severity']:<5}  {finding['rule']}: {finding['title']}"
    yield f"         where    {finding['where']}"
    yield f"         saw      {finding['saw']}"
    yield f"         wanted   {finding['wanted']}"
    if finding["salesforceMessage"]:
        yield f"         message  {finding['salesforceMessage']}"
    yield f"         fix      {finding['fix']}"
    yield f"         source   {finding['citation']} ({finding['basis']})"


def repair_lines(facts: Mapping[str, Any], receipt: "Receipt | None") -> Iterator[str]:
    """What became of one key entry, and the files of its repaired copy."""
    from sfkeytool.acceptance.catalogue import rule_by_id

    who = f"{facts['name']} (entry {facts['alias']!r})" if facts["alias"] is not None else facts["name"]
    if problem := facts.get("problem"):
        yield f"  not repaired: {problem['message']}"
        yield from (f"    {action}" for action in problem["actions"])
    elif receipt is None:
        yield f"  {who}: nothing that can be repaired"
    else:
        yield f"  repaired copy of {who}: {facts['verdict']}"
        yield f"    name     {facts['name']}: so Salesforce will show it once it is imported"
        for rule in map(rule_by_id, facts["changed"]):
            yield f"    mended   {rule.title} ({rule.id})" if rule else ""
        for finding in facts["findings"]:
            yield f"    left     {finding['title']} ({finding['rule']}): {finding['saw']}"
            yield f"             {finding['fix']}"
        if not facts["findings"]:
            yield "    left     nothing"
        yield from files_lines([receipt])
        keystore = f"{facts['name']}.jks"
        step = str(facts["nextSteps"][0])
        yield f"    next     {step.replace(keystore, str(receipt.folder / keystore), 1)}"
    yield ""
