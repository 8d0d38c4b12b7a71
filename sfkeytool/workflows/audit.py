"""``audit``: every certificate in files and sfdx projects, how long it lives, and which app certificate has a twin."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import field
from msgspec.structs import replace

from sfkeytool.acceptance.mails import PERMISSION
from sfkeytool.audit.advice import Place
from sfkeytool.audit.config import AuditConfig, with_exceptions
from sfkeytool.audit.inventory import take_inventory
from sfkeytool.audit.model import Coverage, Inventory, Item, OrgReading, Problem, Source, Status, failure
from sfkeytool.audit.patterns import without_excluded
from sfkeytool.errors import EXIT_DONE, EXIT_DUE, EXIT_EXPIRED, EXIT_PARTIAL
from sfkeytool.model import FailOn, Notice, Outcome, Request
from sfkeytool.passwords import Source as SecretSource
from sfkeytool.salesforce.ckm import room_notice
from sfkeytool.salesforce.org import OrgIdentity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_APPS_NAMED = 10

DEFAULT_FAIL_ON = frozenset({FailOn.EXPIRED, FailOn.WITHIN, FailOn.UNREADABLE})
"""And uncovered, where CKM was read from the org: from files alone nobody can tell, so that is a warning."""


_NAMED = 5
"""People in a warning; the report has all."""


class AuditRequest(Request, frozen=True, kw_only=True):
    """What an audit looks at and whom it tells. ``within_days`` and ``fail_on`` are None for the defaults; an empty
    ``fail_on`` lets nothing decide the exit code. ``orgs`` are aliases of the Salesforce CLI, ``reports`` files by
    format, ``certificates`` a new folder for the orgs' app certificates, ``exclude`` patterns."""

    paths: tuple[Path, ...] = ()
    orgs: tuple[str, ...] = ()
    within_days: int | None = None
    fail_on: frozenset[FailOn] | None = None
    passwords: tuple[SecretSource, ...] = ()
    reports: Mapping[str, Path] = field(default_factory=dict)
    notify: tuple[SecretSource, ...] = ()
    heartbeat: SecretSource | None = None
    state: Path | None = None
    dry_run: bool = False
    certificates: Path | None = None
    exclude: tuple[str, ...] = ()


def audit(
    sources: "Sequence[Source]", request: AuditRequest, now: datetime, place: Place, config: AuditConfig | None = None
) -> Outcome[Inventory]:
    """The judged inventory, and its exit code. Of ``config`` the exceptions count here. Pure.

    ``Audited`` is what JSON shows of it, once the notifications are through: see audited(). A source at which our own
    code fails becomes a problem, and the others are judged without it.
    """
    try:
        return _audit(sources, request, now, place, config)
    except Exception:
        sound = [_sound(source, request, now, place, config) for source in sources]
        if sound == list(sources):
            raise
        return _audit(sound, request, now, place, config)


def _sound(source: Source, request: AuditRequest, now: datetime, place: Place, config: AuditConfig | None) -> Source:
    """``source``; without what it carries, if that is more than we can judge."""
    try:
        _audit([source], request, now, place, config)
    except Exception as error:
        failed = failure(error)
        problem = Problem(source.label, source.label, failed.code, f"{source.label}: {failed.message}")
        org = source.org and OrgReading(OrgIdentity.untold(source.label))
        return replace(source, carriers=(), generations=(), problems=(*source.problems, problem), org=org)
    return source


def _audit(
    sources: "Sequence[Source]", request: AuditRequest, now: datetime, place: Place, config: AuditConfig | None
) -> Outcome[Inventory]:
    inventory = take_inventory(sources, now, request.within_days, place)
    inventory = without_excluded(with_exceptions(inventory, config or AuditConfig()), request.exclude)
    notices = [notice for item in inventory.items if item.counts for notice in _coverage_notices(item)]
    notices += _uncovered_in_files(inventory)
    notices += [
        Notice(item.finding, f"{item.carrier.where}: {item.advice[0].what}")
        for item in inventory.items
        if item.finding and item.advice
    ]
    notices += [
        Notice("certificate.not-yet-valid", f"{item.carrier.where}: {item.carrier.name} is {item.not_yet}")
        for item in inventory.items
        if item.not_yet and item.counts
    ]
    for source in sources:
        notices += _org_notices(source)
    status = exit_code(inventory, request.fail_on)
    return Outcome(result=inventory, notices=tuple(notices), exit_code=status)


def exit_code(inventory: Inventory, fail_on: "Collection[FailOn] | None") -> int:
    """The worst of what was found and is asked for: expired before due and uncovered before unreadable. Pure.

    ``fail_on`` None is the default. Unproved takes in uncovered, which is worse.
    """
    wanted = DEFAULT_FAIL_ON if fail_on is None else fail_on
    counted = [item for item in inventory.items if item.counts]
    statuses = {item.status for item in counted}
    if FailOn.EXPIRED in wanted and Status.EXPIRED in statuses:
        return EXIT_EXPIRED
    if FailOn.EXPIRED_UNUSED in wanted and any(item.unused for item in inventory.items):
        return EXIT_EXPIRED
    uncovered = [item for item in counted if item.wants_cover]
    unproved = uncovered or any(item.coverage is Coverage.UNPROVED for item in counted)
    if (
        (FailOn.WITHIN in wanted and statuses & {Status.DUE, Status.EXPIRED})
        or (FailOn.UNPROVED in wanted and unproved)
        or (FailOn.UNCOVERED in wanted and uncovered)
        or (fail_on is None and any(item.ckm_read for item in uncovered))
    ):
        return EXIT_DUE
    if FailOn.UNREADABLE in wanted and any(source.problems for source in inventory.sources):
        return EXIT_PARTIAL
    return EXIT_DONE


def _coverage_notices(item: Item) -> "Iterator[Notice]":
    if item.status is Status.EXPIRED:  # which is told, and no mail can come any more
        return
    name = f"{item.carrier.source}: {item.carrier.name}" if item.ckm_read else item.carrier.name
    if item.coverage is Coverage.UNPROVED:
        where = f"{item.twin} holds its certificate or a reminder of it; " if item.twin else ""
        untold = (
            "not all of CKM could be read" if item.carrier.in_org else "whether an org's CKM does, files cannot tell"
        )
        if item.carrier.reference:
            untold = f"it names {item.carrier.reference}, and no certificate of that name was read"
        reason = item.carrier.note or untold
        yield Notice("audit.unproved", f"{name}: {where}{reason}")
    elif item.wants_cover and item.ckm_read:
        late = f"; there is {item.twin}" if item.twin else ""
        yield Notice(
            "audit.uncovered",
            f"{name}: CKM of the org does not hold its certificate, so that no mail tells of its expiry{late}",
        )
    elif item.coverage is Coverage.SAME_KEY:
        yield Notice(
            "audit.same-key",
            f"{name}: {item.twin} has the same key but is another certificate: its mails come in time, and speak of"
            " another day",
        )


def _uncovered_in_files(inventory: Inventory) -> "Iterator[Notice]":
    """One for all: a project may hold a hundred apps, and of none can its files tell."""
    names = [item.carrier.name for item in inventory.items if item.counts and item.wants_cover and not item.ckm_read]
    if names:
        named = ", ".join(names[:_APPS_NAMED]) + (
            f" and {len(names) - _APPS_NAMED} more" if len(names) > _APPS_NAMED else ""
        )
        whose = "its certificate" if len(names) == 1 else "their certificates"
        yield Notice("audit.uncovered", f"{named}: no keystore here holds {whose}, so nothing shows that CKM mails")


def _org_notices(source: Source) -> "Iterator[Notice]":
    """Whether the mails of an org's CKM reach anybody."""
    org = source.org
    if org is None:
        return
    if org.ckm_count is not None and (notice := room_notice(org.ckm_count, source.label)):
        yield notice
    holders, admins = org.recipients.by_permission, org.recipients.admins
    if holders is not None and admins is not None and not org.recipients.reached:
        sandbox = "; in a sandbox, addresses end in .invalid after each refresh" if org.identity.is_sandbox else ""
        yield Notice(
            "audit.nobody-mailed",
            f"{source.label}: nobody is left whom the mails about its certificates would reach{sandbox}: give an active"
            f" user the permission {PERMISSION}",
        )
    elif holders and not any(person.is_reached for person in holders):
        named = ", ".join(f"{person.username}: {', '.join(person.flags)}" for person in holders[:_NAMED])
        more = f" and {len(holders) - _NAMED} more" if len(holders) > _NAMED else ""
        yield Notice(
            "audit.permission-unread",
            f"{source.label}: of those who have the permission {PERMISSION} none is likely to read a mail"
            f" ({named}{more}). By Salesforce's release note of Summer '24 the mails of 60, 30 and 10 days before an"
            " expiry go to them: give the permission to somebody who reads them, or take it from all, so that admins"
            " get every mail",
        )
