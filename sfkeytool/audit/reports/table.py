"""The inventory as lines of text: plain, stable, one line a certificate, for a terminal and for grep alike."""

from collections.abc import Iterator

from sfkeytool.audit.model import Inventory, Item, OrgFacts, Status

_BAR = 10
_PEOPLE = 10
_USERS = 3


def table_lines(inventory: Inventory) -> Iterator[str]:
    """A header and aligned columns, what expires first in front; then what needs a hand. Pure."""
    rows: list[tuple[str, ...]] = [("STATUS", "DAYS", "UNTIL", "LIFE", "WHAT", "NAME", "COVERAGE", "WHERE")]
    rows += [cells(item) for item in inventory.items]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from footer_lines(inventory)


def footer_lines(inventory: Inventory) -> Iterator[str]:
    """What a table has no column for: what was not read, whom Salesforce mails, and the commands that help. Pure."""
    for source in inventory.sources:
        yield from (f"not read: {problem.message}" for problem in source.problems)
    for source in inventory.sources:
        if source.org is not None:
            yield from _org_lines(source.label, source.org)
    advised = [item for item in inventory.items if item.advice]
    if advised:
        yield ""
        yield from (f"{item.carrier.name}: {item.advice}" for item in advised)


def _org_lines(label: str, org: OrgFacts) -> Iterator[str]:
    if not org.org_id:
        return
    kind = {True: "sandbox", False: "production", None: "an org"}[org.is_sandbox]
    yield ""
    yield f"{label}: {org.name} ({org.org_id}, {kind}) at {org.instance_url}, API {org.api_version}"
    groups = (
        ("have the permission Receive Certificate Expiration Notifications", org.recipients.by_permission),
        ("are admins (may modify all data and view setup)", org.recipients.admins),
    )
    for what, people in groups:
        if people is None:
            yield f"  who {what}: could not be read"
            continue
        yield f"  {len(people)} {what}" + (":" if people else "")
        for person in people[:_PEOPLE]:
            yield f"    {person.username} <{person.email}>" + (f": {', '.join(person.flags)}" if person.flags else "")
        if len(people) > _PEOPLE:
            yield f"    and {len(people) - _PEOPLE} more (--json names all)"
    yield "  which of the two Salesforce mails, sources disagree on"


def cells(item: Item) -> tuple[str, ...]:
    """The cells of one item. Pure."""
    carrier, certificate = item.carrier, item.carrier.certificate
    where = carrier.where
    if carrier.also_in:
        where += f" and {len(carrier.also_in)} more"
    name = carrier.name
    if item.superseded_by:
        name += f" (replaced by {item.superseded_by})"
    elif certificate and carrier.in_chain:
        name = f"{certificate.subject} (CA)"
    elif carrier.reference:
        name += f" → {carrier.refers_to or carrier.reference}"
    if carrier.publisher:
        name += f" (by {carrier.publisher})"
    if carrier.note:
        name += f" ({carrier.note})"
    if carrier.used_by:
        users = list(dict.fromkeys(user.partition(" (")[0] for user in carrier.used_by))
        more = f" and {len(users) - _USERS} more" if len(users) > _USERS else ""
        name += f" (used by {', '.join(users[:_USERS])}{more})"
    return (
        str(item.status),
        "-" if item.days_left is None else str(item.days_left),
        f"{carrier.not_after:%Y-%m-%d}" if carrier.not_after else "-",
        _bar(item),
        str(carrier.kind),
        name,
        str(item.coverage or "-"),
        where,
    )


def _bar(item: Item) -> str:
    """The part of its life that is left, in tenths; ``!`` marks the tenth in which the threshold lies."""
    from datetime import datetime

    certificate = item.carrier.certificate
    if certificate is None or item.days_left is None or item.within_days is None:
        return "-"
    begins, ends = (datetime.fromisoformat(moment) for moment in (certificate.not_before, certificate.not_after))
    life = max((ends - begins).days, 1)
    left = 0 if item.status is Status.EXPIRED else min(_BAR, -(-max(item.days_left, 0) * _BAR // life))
    bar = ["#"] * left + ["."] * (_BAR - left)
    mark = min(_BAR - 1, item.within_days * _BAR // life)
    bar[mark] = "!" if bar[mark] == "." else "#"
    return "".join(bar)
