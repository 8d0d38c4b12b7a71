"""Through the steps of a change, in order: looked at, asked for, begun, proved, written down."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.errors import OrgError, SfkeytoolError
from sfkeytool.workflows.carry_out.record import CarryOut, CarryState, CarryStep, Fact

Memory: TypeAlias = Mapping[str, str]


def _nothing() -> Memory:
    return {}


class Action(Struct, frozen=True):
    """How a step is done.

    ``look`` tells what proves that its aim is reached, whoever reached it; None where nothing does. ``act`` does the
    step, and returns its proof; it raises SfkeytoolError where there is none. Both get what ``remember`` told right
    before the step was begun for the first time. ``stays``: what was proved must still be so when a later run goes on.
    """

    look: Callable[[Memory], tuple[Fact, ...] | None]
    act: Callable[[Memory], tuple[Fact, ...]]
    remember: Callable[[], Memory] = _nothing
    stays: bool = False


class Hands(Struct, frozen=True):
    """What the engine needs of the world. ``ask`` raises where somebody does not agree to a step; ``save`` returns once
    the record is durable; ``tell`` hears of each step that is begun or proved."""

    ask: Callable[[CarryStep], None]
    save: Callable[[CarryOut], None]
    tell: Callable[[CarryStep], None]
    now: Callable[[], datetime]


def carry_out(record: CarryOut, actions: Mapping[str, Action], hands: Hands) -> CarryOut:
    """Go on where ``record`` stands, until all is proved or a step is not.

    A step that was begun is looked at before it is done again, so that nothing is done twice; none is begun before
    that is written down. Raises at the first step that is not proved: the error of that step, with where the change
    stands and the way back among its hints, or OrgError carry.undone for what was proved and is not so any more;
    and what ``ask`` raises. The record on the disk says then where the change stands.
    """
    hands.save(record)
    for id in [step.id for step in record.steps]:
        action = actions[id]
        step = record.step(id)
        assert step is not None  # noqa: S101 - of its own steps
        if step.state is CarryState.PROVED:
            if action.stays and _looked(action, record, step, hands) is None:
                raise _stopped(record, step, _undone(step))
            continue
        facts = _looked(action, record, step, hands)
        if facts is None:
            if step.changes:
                hands.ask(step)
            if step.state is CarryState.WAITING:
                try:
                    memory = dict(action.remember())
                except SfkeytoolError as error:
                    raise _stopped(record, step, error) from None
                step = replace(step, state=CarryState.STARTED, started_at=_whole(hands.now()), memory=memory)
            step = replace(step, trouble=None)
            record = record.with_step(step)
            hands.save(record)
            hands.tell(step)
            try:
                facts = action.act(step.memory)
            except SfkeytoolError as error:
                record = record.with_step(replace(step, trouble=error.message))
                hands.save(record)
                raise _stopped(record, step, error) from None
        at = _whole(hands.now())
        step = replace(
            step, state=CarryState.PROVED, started_at=step.started_at or at, ended_at=at, facts=facts, trouble=None
        )
        record = record.with_step(step)
        if record.is_done:
            record = replace(record, ended_at=at)
        hands.save(record)
        hands.tell(step)
    return record


def _looked(action: Action, record: CarryOut, step: CarryStep, hands: Hands) -> tuple[Fact, ...] | None:
    try:
        return action.look(step.memory)
    except SfkeytoolError as error:
        hands.save(record.with_step(replace(step, trouble=error.message)))
        raise _stopped(record, step, error) from None


def _undone(step: CarryStep) -> OrgError:
    return OrgError(
        "carry.undone",
        f"this was proved on {step.ended_at:%Y-%m-%d %H:%M} UTC, and is not so any more",
        "find out who changed it, and why",
    )


def _stopped(record: CarryOut, step: CarryStep, error: SfkeytoolError) -> SfkeytoolError:
    """The same error, which says where the change stands."""
    number = [each.id for each in record.steps].index(step.id) + 1
    error.message = f"step {number} of {len(record.steps)}, {step.id}, is not proved: {error.message}"
    if step.state is not CarryState.WAITING:
        error.hints = (*error.hints, f"the way back of this step: {step.way_back}")
    return error


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
