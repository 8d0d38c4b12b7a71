"""What is said of a change: its table, and where it stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from sfkeytool.cli.carrying_out.records import evidence_path, record_path
from sfkeytool.cli.render import BOLD, FAINT, Line, Styled, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.workflows.carry_out.record import CarryOut, CarryState, CarryStep
from sfkeytool.workflows.carry_out.told import CarriedOut

if TYPE_CHECKING:
    from sfkeytool.workflows.carry_out.history import LoginsSince

_MARKS = {CarryState.PROVED: ("x", FAINT), CarryState.STARTED: (">", BOLD), CarryState.WAITING: (" ", "")}


def carried_out(folder: Path, record: CarryOut, logins: "LoginsSince | None" = None) -> CarriedOut:
    """The result that says where it stands. Pure."""
    following = record.next_step
    return CarriedOut(
        change=record,
        next=following.id if following is not None else None,
        record=str(record_path(folder, record.new_name)),
        evidence=str(evidence_path(folder, record.new_name)),
        logins=logins if logins is not None else UNSET,
    )


def table_lines(record: CarryOut, *, whole: bool, with_facts: bool = True) -> Iterator[Line]:
    """Each step, its state and what proved it; ``whole``: with the proof that is wanted, and the way back."""
    for number, step in enumerate(record.steps, 1):
        mark, style = _MARKS[step.state]
        first, *more = wrapped(step.title, " " * 20)
        yield [f"  [{mark}] {number:>2} {step.id:<9} ", Styled(first.lstrip(), style)]
        yield from more
        if whole:
            yield from wrapped(f"proof: {step.proof}", " " * 20, hang=22)
            yield from wrapped(f"way back: {step.way_back}", " " * 20, hang=22)
        elif with_facts:
            yield from _facts(step)
        if step.trouble:
            yield from wrapped(f"not proved: {step.trouble}", " " * 20, hang=22)


def _facts(step: CarryStep) -> Iterator[str]:
    for fact in step.facts:
        yield from wrapped(f"{fact.what}: {fact.value}", " " * 20, hang=22)


def tell_change(
    run: Run,
    folder: Path,
    record: CarryOut,
    command: str,
    logins: "LoginsSince | None" = None,
    *,
    with_facts: bool = True,
) -> None:
    """The table, what was proved, and how it goes on: ``command``. Not ``with_facts``: they were told just now."""
    told = carried_out(folder, record, logins)
    run.console.envelope(0, told)
    state = "carried out" if record.is_done else "under way"
    run.console.heading(f"{record.name} → {record.new_name} on {record.target} in {record.org.alias}: {state}")
    run.console.result(table_lines(record, whole=False, with_facts=with_facts))
    for note in record.notes:
        run.console.result(wrapped(f"note: {note}", "  ", hang=4))
    if logins is not None:
        run.console.result(wrapped(f"logins: {logins.told}", "  ", hang=4))
    run.console.result([f"  evidence: {told.evidence}"])
    if not record.is_done:
        run.console.say("It goes on with:")
        run.console.say(f"  {command}")
    run.console.answer([told.next] if told.next else [])
