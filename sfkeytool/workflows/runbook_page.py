"""A runbook as a Markdown file, with a box to tick for each thing to do."""

from collections.abc import Iterator
from datetime import date

from sfkeytool.acceptance.mails import WHO_IS_MAILED, describe_mail_dates
from sfkeytool.workflows.runbook import Change, Text, steps


def encode_runbook(change: Change) -> bytes:
    """The runbook as Markdown, UTF-8. Pure."""
    return ("\n".join(_lines(change)) + "\n").encode()


def _lines(change: Change) -> Iterator[str]:
    kind = "Renewal: the same key, a new certificate" if change.same_key else "Rotation: a new key, a new certificate"
    yield f"# {change.old} → {change.new}"
    yield ""
    yield f"{kind}. Made on {change.made}. What is said of Salesforce here is documented or reported, not promised."
    yield ""
    yield "| when (UTC) | what |"
    yield "|---|---|"
    yield from (f"| {day} | {what} |" for day, what in sorted(_dates(change)))
    yield ""
    yield f"Who is mailed: {WHO_IS_MAILED}. Assign the permission to two people at least."
    yield ""
    yield f"`{change.old}/` was not touched: every client that reads its key from there goes on working."
    for number, step in enumerate(steps(change), 1):
        yield ""
        yield f"## {number}. {step.title}"
        yield ""
        for text in step.do:
            yield from _paragraph("- [ ] ", text)
        yield from _paragraph("- [ ] Check: ", step.check)
        yield from _paragraph("- Way back: ", step.way_back)


def _paragraph(lead: str, text: Text) -> Iterator[str]:
    yield lead + text.text
    if text.command:
        yield from ("", "  ```sh", f"  {text.command}", "  ```", "")


def _dates(change: Change) -> Iterator[tuple[date, str]]:
    yield change.made, f"`{change.new}` was made"
    yield change.old_expiry, f"**`{change.old}` expires**: all steps must be done before"
    for day in change.new_mail_dates:
        if change.new_expiry and day != change.new_expiry:
            whom = describe_mail_dates([day], change.new_expiry).partition(" on ")[0]
            text = (
                f"Salesforce should mail {whom} about `{change.new}`, give or take a day (inferred for imported pairs)"
            )
            yield day, text
    if change.next_start:
        yield change.next_start, "the next renewal should begin, at the latest (our advice)"
    if change.new_expiry:
        yield change.new_expiry, f"`{change.new}` expires; Salesforce should mail administrators, for the last time"
