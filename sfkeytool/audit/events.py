"""What is worth a message: the events of an inventory that a destination has not been told yet."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from sfkeytool.acceptance.mails import MAIL_DAYS_BEFORE_EXPIRY
from sfkeytool.audit.model import Coverage, Inventory, Item, Problem, Status

EXPIRED_LEVEL = -1
"""Below the last threshold, the day of the expiry."""

KEPT_DAYS = 400
"""How long something that is no longer found is remembered: our own choice, more than a certificate of a year is."""

_OPEN_COVERAGE = (Coverage.UNCOVERED, Coverage.UNPROVED)
"""An org that was not read today makes an uncovered app unproved; that is not the end of it."""


class EventKind(StrEnum):
    EXPIRED = "expired"
    EXPIRES = "expires"
    UNCOVERED = "uncovered"
    UNREADABLE = "unreadable"


class Event(Struct, frozen=True):
    """Something to tell. ``level`` is the threshold in days that was crossed, EXPIRED_LEVEL, or 0 where there is none.

    ``key`` tells it from others without naming anything: a hash of where the certificate sits and of the certificate,
    so that a renewed one starts afresh.
    """

    kind: EventKind
    about: Item | Problem
    key: str
    level: int = 0


class Said(Struct, frozen=True):
    """That an event was told, on which (UTC) day, and at which level."""

    level: int
    on: date


def due_events(inventory: Inventory, said: Mapping[str, Said]) -> tuple[Event, ...]:
    """What is to be told now, most urgent first. Pure.

    Of the thresholds that a certificate has crossed only the most urgent is told, and none that is less urgent than
    what was told already: whoever was not run for a week hears once. ``said`` is by key.
    """
    events = [event for event in _events(inventory) if event.key not in said or event.level < said[event.key].level]
    order = list(EventKind)
    return tuple(sorted(events, key=lambda event: (order.index(event.kind), event.level)))


def still_said(inventory: Inventory, said: Mapping[str, Said]) -> dict[str, Said]:
    """``said`` without what is over, and without what was told long ago of something that is gone. Pure.

    Over: an app that is not called uncovered any more, and a part of a source that was looked into and could be read.
    Should it happen again, it is told again. Whatever is only out of sight is remembered.
    """
    over = {_item_key(EventKind.UNCOVERED, item) for item in inventory.items if item.coverage not in _OPEN_COVERAGE}
    present = {_item_key(kind, item) for item in inventory.items for kind in (EventKind.EXPIRES, EventKind.UNCOVERED)}
    unreadable = {_problem_key(problem) for source in inventory.sources for problem in source.problems}
    looked_into = tuple(_key(EventKind.UNREADABLE, source.label) for source in inventory.sources)
    oldest = inventory.at.date() - timedelta(days=KEPT_DAYS)
    return {
        key: entry
        for key, entry in said.items()
        if key in unreadable
        or (key not in over and not key.startswith(looked_into) and (key in present or entry.on >= oldest))
    }


def thresholds(within_days: int) -> tuple[int, ...]:
    """The days before expiry on which is told: ``within_days`` and those of CKM's days that are nearer. Pure.

    60, 30, 10, 1 and 0 for a life of 180 days or more, 30, 10, 1 and 0 for 90 days, 15, 10, 1 and 0 for 47. The day
    before is the last on which a login can still be saved, whoever gets CKM's own mail then.
    """
    return (within_days, *(days for days in MAIL_DAYS_BEFORE_EXPIRY if days < within_days))


def _events(inventory: Inventory) -> Iterator[Event]:
    for item in inventory.items:
        if item.counts:
            yield from _item_events(item)
    for source in inventory.sources:
        for problem in source.problems:
            yield Event(EventKind.UNREADABLE, problem, _problem_key(problem))


def _item_events(item: Item) -> Iterator[Event]:
    key = _item_key(EventKind.EXPIRES, item)
    if item.status is Status.EXPIRED:
        yield Event(EventKind.EXPIRED, item, key, EXPIRED_LEVEL)
        return
    if item.days_left is not None and item.within_days is not None:
        crossed = [days for days in thresholds(item.within_days) if item.days_left <= days]
        if crossed:
            yield Event(EventKind.EXPIRES, item, key, min(crossed))
    if item.wants_cover:
        yield Event(EventKind.UNCOVERED, item, _item_key(EventKind.UNCOVERED, item))


def _item_key(kind: EventKind, item: Item) -> str:
    carrier = item.carrier
    certificate = carrier.certificate.sha256 if carrier.certificate else ""
    return _key(kind, carrier.source, carrier.kind, carrier.name, carrier.path, carrier.part, certificate)


def _problem_key(problem: Problem) -> str:
    return _key(EventKind.UNREADABLE, problem.source, problem.path)


def _key(kind: EventKind, source: str, *rest: str) -> str:
    """Without ``rest``: what all keys of this kind and source begin with."""
    return f"{kind}/{_digest(source)[:16]}/" + (_digest(*rest)[:32] if rest else "")


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
