"""The inventory as text: the cells of a table, and what a table has no column for."""

import sys
import textwrap
from collections.abc import Iterator

from msgspec import Struct

from sfkeytool.audit.counts import count, count_line
from sfkeytool.audit.model import Inventory, Item, OrgReading, Status, Step
from sfkeytool.audit.stops import stop_text
from sfkeytool.names import parse_record_id
from sfkeytool.shell import shell_line

_BAR = 10
_PEOPLE = 10
_NAMES = 20
_COLUMNS = 80
_ONE_LINE = sys.maxsize
_USERS = 3


def count_lines(inventory: Inventory, columns: int = _ONE_LINE) -> list[str]:
    """How many of what: the last of all. Pure."""
    return _wrapped(columns, count_line(count(inventory)), "", "  ")


def note_lines(inventory: Inventory, *, verbose: bool = False, columns: int | None = None) -> Iterator[str]:
    """What a table has no column for: what was not read, whom Salesforce mails, what is unused, the commands that help.
    All is ``columns`` wide at most, but for commands, which are never broken; without a width, as in a pipe, prose is
    wrapped and what is looked for stays in one line. Pure."""
    line, columns = columns or _ONE_LINE, columns or _COLUMNS
    if unused := unused_line(inventory):
        yield from _wrapped(columns, unused, "", "  ")
    for source in inventory.sources:
        for problem in source.problems:
            if verbose or not problem.aside:
                yield from _wrapped(line, f"not read: {problem.message}", "", "  ")
    if lookalikes := count(inventory).lookalike_files:
        aside = sum(problem.aside for source in inventory.sources for problem in source.problems)
        yield from _wrapped(line, _lookalike_line(lookalikes, aside, verbose=verbose), "", "  ")
    for source in inventory.sources:
        if source.org is not None:
            yield from _org_lines(source.label, source.org, columns, line)
    yield from _advice_lines(inventory, verbose=verbose, columns=columns)


def _lookalike_line(number: int, aside: int, *, verbose: bool) -> str:
    """``aside`` of them are problems, so that the exit code tells of them: nobody is to wonder of what."""
    files = (
        "1 file named like a certificate or key that is none"
        if number == 1
        else (f"{number} files named like certificates or keys that are none")
    )
    line = f"passed over: {files}, or tests of other packages"
    if verbose:
        return line
    counted = f"; {aside} of them count{'s' if aside == 1 else ''} as not read, unless left out by --exclude"
    return f"{line} (-v names all){counted if aside else ''}"


def unused_line(inventory: Inventory) -> str:
    """Certificates of CKM that expired long ago and that nothing names; empty if there are none. Pure."""
    names = [
        f"{item.carrier.source}: {item.carrier.name}" if item.carrier.in_org else item.carrier.name
        for item in inventory.items
        if item.unused and not item.carrier.in_chain
    ]
    if not names:
        return ""
    named = ", ".join(names[:_NAMES]) + (
        f" and {len(names) - _NAMES} more (--json names all)" if len(names) > _NAMES else ""
    )
    return f"{len(names)} expired over a year ago and unused{_unless(inventory)}: {named}"


def _unless(inventory: Inventory) -> str:
    """The record Ids that stand in the same files: nothing there tells whose they are."""
    sources = {item.carrier.source for item in inventory.items if item.unused and not item.carrier.in_org}
    carriers = (item.carrier for item in inventory.items)
    ids = sorted(
        {
            carrier.reference
            for carrier in carriers
            if carrier.source in sources and not carrier.refers_to and parse_record_id(carrier.reference)
        }
    )
    if not ids:
        return ""
    return f", unless one is the CKM certificate of Id {' or '.join(ids[:_NAMES])}, which files do not tell"


def _advice_lines(inventory: Inventory, *, verbose: bool, columns: int) -> Iterator[str]:
    """Each certificate's steps; what holds for many is said once, at the end, and no command is told twice."""
    told: dict[tuple[str, ...], str] = {}
    shown = [item for item in inventory.items if item.advice or (verbose and item.stops)]
    if shown:
        yield ""
    for item in shown:
        name = f"{item.carrier.source}: {item.carrier.name}" if item.carrier.in_org else item.carrier.name
        own = [step for step in item.advice if not step.is_general]
        first = own[0] if own else None
        yield from _step_lines(columns, first, f"{name}: ", name, told) if first else (f"{name}:",)
        if verbose or item.status in (Status.DUE, Status.EXPIRED):
            for stop in item.stops:
                yield from _wrapped(columns, f"stops: {stop_text(stop, with_source=verbose)}", "  ", "    ")
        for step in own[1:]:
            yield from _step_lines(columns, step, "  ", name, told)
    general = dict.fromkeys(step.what for item in shown for step in item.advice if step.is_general)
    if general:
        yield ""
    for what in general:
        yield from _wrapped(columns, f"{what}.", "", "  ")


def _step_lines(columns: int, step: Step, lead: str, name: str, told: dict[tuple[str, ...], str]) -> Iterator[str]:
    """``told`` has whose step a command was first, and grows."""
    first = told.setdefault(step.command, name) if step.command else name
    if first != name:
        yield from _wrapped(columns, f"{step.what}: as for {first}", lead, "    ")
        return
    yield from _wrapped(columns, step.what + (":" if step.command else ""), lead, "    ")
    if step.command:
        yield f"    {shell_line(step.command)}"


def _wrapped(columns: int, text: str, lead: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, columns, initial_indent=lead, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _org_lines(label: str, org: OrgReading, columns: int, line: int) -> Iterator[str]:
    found = org.identity
    if not found.org_id:
        return
    kind = {True: "sandbox", False: "production", None: "an org"}[found.is_sandbox]
    yield ""
    where = f"({found.org_id}, {kind}) at {found.instance_url}, API {org.api_version}"
    yield from _wrapped(line, f"{label}: {found.name or ''} {where}", "", "  ")
    groups = (
        ("have the permission Receive Certificate Expiration Notifications", org.recipients.by_permission),
        ("are admins (may modify all data)", org.recipients.admins),
    )
    for what, people in groups:
        if people is None:
            yield from _wrapped(line, f"who {what}: could not be read", "  ", "    ")
            continue
        yield from _wrapped(line, f"{len(people)} {what}" + (":" if people else ""), "  ", "    ")
        for person in people[:_PEOPLE]:
            told = f"{person.username} <{person.email}>" + (f": {', '.join(person.flags)}" if person.flags else "")
            yield from _wrapped(line, told, "    ", "      ")
        if len(people) > _PEOPLE:
            yield f"    and {len(people) - _PEOPLE} more (--json names all)"
    yield from _wrapped(columns, org.recipients.in_words, "  ", "  ")


class Cells(Struct, frozen=True):
    """What is said of one item in one row. ``note`` belongs to the name, ``part`` to ``where``, which is without the
    org."""

    status: str
    days: str
    until: str
    life: str
    what: str
    name: str
    note: str
    coverage: str
    where: str
    part: str


def cells(item: Item) -> Cells:
    """The cells of one item. Pure."""
    carrier, certificate = item.carrier, item.carrier.certificate
    name, notes = carrier.name, []
    if item.superseded_by:
        notes.append(f"replaced by {item.superseded_by}")
    elif certificate and carrier.in_chain:
        name = carrier.subject_name or certificate.subject
        notes.append("CA")
    elif carrier.reference and carrier.reference not in carrier.note:
        name += f" → {carrier.refers_to or carrier.reference}"
    notes += [item.not_yet, f"by {carrier.publisher}" if carrier.publisher else "", carrier.note]
    if not carrier.is_deployed:
        notes.append("not deployed")
    if carrier.used_by:
        users = list(dict.fromkeys(user.partition(" (")[0] for user in carrier.used_by))
        more = f" and {len(users) - _USERS} more" if len(users) > _USERS else ""
        notes.append(f"used by {', '.join(users[:_USERS])}{more}")
    return Cells(
        status=str(item.status),
        days="-" if item.days_left is None else str(item.days_left),
        until=f"{carrier.not_after.date()}" if carrier.not_after else "-",
        life=_bar(item),
        what=str(carrier.kind),
        name=name,
        note=" ".join(f"({note})" for note in notes if note),
        coverage=str(item.coverage or "-"),
        where=carrier.path,
        part=(f" ({carrier.part})" if carrier.part else "")
        + (f" and {len(carrier.also_in)} more" if carrier.also_in else ""),
    )


def _bar(item: Item) -> str:
    """The part of its life that is left, in tenths; ``!`` marks the tenth in which the threshold lies."""

    certificate = item.carrier.certificate
    if certificate is None or item.days_left is None or item.within_days is None:
        return "-"
    begins, ends = certificate.not_before, certificate.not_after
    life = max((ends - begins).days, 1)
    left = 0 if item.status is Status.EXPIRED else min(_BAR, -(-max(item.days_left, 0) * _BAR // life))
    bar = ["#"] * left + ["."] * (_BAR - left)
    mark = min(_BAR - 1, item.within_days * _BAR // life)
    bar[mark] = "!" if bar[mark] == "." else "#"
    return "".join(bar)
