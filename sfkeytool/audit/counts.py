"""How many of what an audit found: its last line, and the same in JSON."""

from collections import Counter

from msgspec import Struct

from sfkeytool.audit.model import Inventory, Status


class Counts(Struct, frozen=True):
    """Of what decides the exit code by status; CAs in chains, and what is replaced or excepted, are in none."""

    expired: int
    due: int
    fine: int
    unknown: int
    expired_unused: int
    uncovered_in_orgs: int
    uncovered_in_files: int
    orgs: int
    """Those that uncovered apps are in."""
    excluded_files: int
    excluded_certificates: int
    lookalike_files: int
    """Those that are named as certificates and keys are and are none, or are tests of other packages."""


def count(inventory: Inventory) -> Counts:
    """Pure."""
    statuses = Counter(item.status for item in inventory.items if item.counts)
    uncovered = [item for item in inventory.items if item.counts and item.wants_cover]
    in_orgs = [item.carrier.source for item in uncovered if item.carrier.in_org]
    return Counts(
        statuses[Status.EXPIRED],
        statuses[Status.DUE],
        statuses[Status.FINE],
        sum(item.status is Status.UNKNOWN for item in inventory.items),
        sum(item.unused and not item.carrier.in_chain for item in inventory.items),
        len(in_orgs),
        len(uncovered) - len(in_orgs),
        len(set(in_orgs)),
        sum(source.excluded for source in inventory.sources),
        inventory.excluded,
        sum(source.lookalikes + sum(problem.aside for problem in source.problems) for source in inventory.sources),
    )


def count_line(counts: Counts) -> str:
    """``52 expired, 105 due, 134 fine; 37 apps uncovered in 3 orgs``; of the rest what is not 0. Pure."""
    parts = [f"{counts.expired} expired, {counts.due} due, {counts.fine} fine"]
    if counts.unknown:
        parts[0] += f", {counts.unknown} without a known date"
    if counts.expired_unused:
        parts.append(f"{counts.expired_unused} expired and unused")
    places = []
    if counts.uncovered_in_orgs:
        places.append(f"{_many(counts.uncovered_in_orgs, 'app')} uncovered in {_many(counts.orgs, 'org')}")
    if counts.uncovered_in_files:
        places.append(f"{_many(counts.uncovered_in_files, 'app')} uncovered in files")
    if places:
        parts.append(", ".join(places))
    left_out = [
        _many(number, what)
        for number, what in ((counts.excluded_files, "file"), (counts.excluded_certificates, "certificate"))
        if number
    ]
    if left_out:
        parts.append(f"left out: {', '.join(left_out)}")
    return "; ".join(parts)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
