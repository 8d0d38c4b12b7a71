"""The evidence for change management: who, when, which org and app, each step's proof, fingerprints. No secret."""

from collections.abc import Iterator
from datetime import datetime

from sfkeytool.acceptance.markdown import escape_markdown
from sfkeytool.plain_text import escaped
from sfkeytool.workflows.carry_out.record import CarryOut, CarryState, CarryStep, Prints

_UNTRIED = (
    "What is said of Salesforce here was documented, reported, or read back from this org during the change. The"
    " carrying out itself is experimental: it was not tried against a live org by its makers."
)


def encode_evidence(record: CarryOut) -> bytes:
    """Markdown, UTF-8. Pure."""
    return ("\n".join(_lines(record)) + "\n").encode("utf-8", "replace")


def _lines(record: CarryOut) -> Iterator[str]:
    kind = "Renewal (the same key)" if record.same_key else "Rotation (a new key)"
    yield f"# {record.name} → {record.new_name}: evidence of the change"
    yield ""
    yield f"{kind}, carried out by sfkeytool {record.sfkeytool}. {_UNTRIED}"
    yield ""
    yield "| what | |"
    yield "|---|---|"
    for what, value in _about(record):
        yield f"| {what} | {_cell(value)} |"
    yield ""
    yield "## Fingerprints (SHA-256)"
    yield ""
    yield "| | certificate | public key | valid until |"
    yield "|---|---|---|---|"
    yield _prints(f"before: {record.name}", record.before)
    yield _prints(f"after: {record.new_name}", record.after)
    yield ""
    yield "## Steps"
    yield ""
    yield "| step | what | state | begun | ended |"
    yield "|---|---|---|---|---|"
    for number, step in enumerate(record.steps, 1):
        times = " | ".join((_moment(step.started_at), _moment(step.ended_at)))
        yield f"| {number} `{step.id}` | {_cell(step.title)} | {step.state} | {times} |"
    for number, step in enumerate(record.steps, 1):
        yield ""
        yield f"### {number}. {_text(step.title)}"
        yield ""
        yield from _step(step)


def _about(record: CarryOut) -> Iterator[tuple[str, str]]:
    org = record.org
    yield "state", "done" if record.is_done else "not done: see the steps"
    yield "who", record.by
    yield "begun (UTC)", _moment(record.begun_at)
    yield "ended (UTC)", _moment(record.ended_at)
    yield "org", ", ".join(filter(None, (org.alias, org.name, org.kind, org.org_id, org.instance_url)))
    if record.ckm_name is not None:
        yield "record of CKM, which keeps its key", record.ckm_name
    yield "app", record.app or "none"
    if record.first_app is not None:
        yield "beside the app", record.first_app
    yield "user of the logins", record.username or "none: no login was proved"
    for note in record.notes:
        yield "note", note


def _step(step: CarryStep) -> Iterator[str]:
    yield f"- Proof wanted: {_text(step.proof)}"
    for fact in step.facts:
        yield f"- {_text(fact.what)}: {_text(fact.value)}"
    if step.state is CarryState.WAITING:
        yield "- Not begun."
    if step.trouble:
        yield f"- **Not proved:** {_text(step.trouble)}"
    yield f"- Way back: {_text(step.way_back)}"


def _prints(what: str, prints: Prints | None) -> str:
    if prints is None:
        return f"| {what} | not made yet | | |"
    return f"| {what} | {prints.certificate_sha256} | {prints.public_key_sha256} | {prints.not_after:%Y-%m-%d} |"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else ""


def _cell(text: str) -> str:
    return _text(text) or " "


def _text(text: str) -> str:
    """An org's own words: nothing in them is markup."""
    return escape_markdown(escaped(text, lambda character: f"\\u{ord(character):04x}"))
