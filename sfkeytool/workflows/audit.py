"""``audit``: every certificate in files and sfdx projects, how long it lives, and which app certificate has a twin."""

from datetime import datetime
from typing import TYPE_CHECKING

from sfkeytool.audit.config import AuditConfig, with_exceptions
from sfkeytool.audit.facts import describe_inventory
from sfkeytool.audit.inventory import take_inventory
from sfkeytool.audit.model import Coverage, Inventory, Item, Source, Status
from sfkeytool.errors import EXIT_DONE, EXIT_DUE, EXIT_EXPIRED, EXIT_PARTIAL
from sfkeytool.model import FailOn, Notice, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

DEFAULT_FAIL_ON = frozenset({FailOn.EXPIRED, FailOn.WITHIN, FailOn.UNREADABLE})
"""And uncovered, where CKM was read from the org: from files alone nobody can tell, so that is a warning."""


def audit(
    sources: "Sequence[Source]",
    within_days: int | None,
    fail_on: "Collection[FailOn] | None",
    now: datetime,
    config: AuditConfig | None = None,
) -> tuple[Outcome, Inventory]:
    """The judged inventory, and its exit code. Of ``config`` the exceptions count here. Pure."""
    inventory = with_exceptions(take_inventory(sources, now, within_days), config or AuditConfig())
    notices = [notice for item in inventory.items if item.counts for notice in _coverage_notices(item)]
    notices += [
        Notice(item.finding, f"{item.carrier.where}: {item.advice}") for item in inventory.items if item.finding
    ]
    for source in sources:
        notices += _org_notices(source)
    return (
        Outcome(describe_inventory(inventory), notices=tuple(notices), exit_code=exit_code(inventory, fail_on)),
        inventory,
    )


def exit_code(inventory: Inventory, fail_on: "Collection[FailOn] | None") -> int:
    """The worst of what was found and is asked for: expired before due and uncovered before unreadable. Pure.

    ``fail_on`` None is the default. Unproved takes in uncovered, which is worse.
    """
    wanted = DEFAULT_FAIL_ON if fail_on is None else fail_on
    counted = [item for item in inventory.items if item.counts]
    statuses = {item.status for item in counted}
    if FailOn.EXPIRED in wanted and Status.EXPIRED in statuses:
        return EXIT_EXPIRED
    uncovered = [item for item in counted if item.coverage is Coverage.UNCOVERED]
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
    name = f"{item.carrier.source}: {item.carrier.name}" if item.ckm_read else item.carrier.name
    if item.coverage is Coverage.UNPROVED:
        where = f"{item.twin} holds its certificate or a reminder of it; " if item.twin else ""
        untold = (
            "not all of CKM could be read" if item.carrier.in_org else "whether an org's CKM does, files cannot tell"
        )
        reason = item.carrier.note or untold
        yield Notice("audit.unproved", f"{name}: {where}{reason}")
    elif item.coverage is Coverage.UNCOVERED and item.ckm_read:
        late = f"; there is {item.twin}" if item.twin else ""
        yield Notice(
            "audit.uncovered",
            f"{name}: CKM of the org does not hold its certificate, so that no mail tells of its expiry{late}",
        )
    elif item.coverage is Coverage.UNCOVERED:
        yield Notice(
            "audit.uncovered", f"{name}: no keystore here holds its certificate, so nothing shows that CKM mails"
        )
    elif item.coverage is Coverage.SAME_KEY:
        yield Notice(
            "audit.same-key",
            f"{name}: {item.twin} has the same key but is another certificate: its mails come in time, and speak of"
            " another day",
        )


def _org_notices(source: Source) -> "Iterator[Notice]":
    """Whether the mails of an org's CKM reach anybody."""
    org = source.org
    if org is None or org.recipients.by_permission is None or org.recipients.admins is None:
        return
    if not org.recipients.reached:
        sandbox = "; in a sandbox, addresses end in .invalid after each refresh" if org.is_sandbox else ""
        yield Notice(
            "audit.nobody-mailed",
            f"{source.label}: nobody is left whom the mails about its certificates would reach{sandbox}: give an active"
            " user the permission Receive Certificate Expiration Notifications",
        )
    elif not any(person.is_reached for person in org.recipients.by_permission):
        yield Notice(
            "audit.nobody-permitted",
            f"{source.label}: nobody who is likely to read it has the permission Receive Certificate Expiration"
            " Notifications; whether admins are mailed without it, sources disagree",
        )
