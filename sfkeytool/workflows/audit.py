"""``audit``: every certificate in files and sfdx projects, how long it lives, and which app certificate has a twin."""

from datetime import datetime
from typing import TYPE_CHECKING

from sfkeytool.audit.config import AuditConfig, with_exceptions
from sfkeytool.audit.facts import describe_inventory
from sfkeytool.audit.inventory import take_inventory
from sfkeytool.audit.model import Coverage, Inventory, Source, Status
from sfkeytool.errors import EXIT_DONE, EXIT_DUE, EXIT_EXPIRED, EXIT_PARTIAL
from sfkeytool.model import FailOn, Notice, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

DEFAULT_FAIL_ON = frozenset({FailOn.EXPIRED, FailOn.WITHIN, FailOn.UNREADABLE})
"""From files alone nobody can tell whether CKM holds a certificate: unproved and uncovered are warnings."""


def audit(
    sources: "Sequence[Source]",
    within_days: int | None,
    fail_on: "Collection[FailOn]",
    now: datetime,
    config: AuditConfig | None = None,
) -> tuple[Outcome, Inventory]:
    """The judged inventory, and its exit code. Of ``config`` the exceptions count here. Pure."""
    inventory = with_exceptions(take_inventory(sources, now, within_days), config or AuditConfig())
    notices = []
    for item in (item for item in inventory.items if item.counts):
        if item.coverage is Coverage.UNPROVED:
            message = (
                f"{item.carrier.name}: {item.twin} holds its certificate or a reminder of it; whether an org's CKM"
                " does, files cannot tell"
            )
            notices.append(Notice("audit.unproved", message))
        elif item.coverage is Coverage.UNCOVERED:
            message = f"{item.carrier.name}: no keystore here holds its certificate, so nothing shows that CKM mails"
            notices.append(Notice("audit.uncovered", message))
    return (
        Outcome(describe_inventory(inventory), notices=tuple(notices), exit_code=exit_code(inventory, fail_on)),
        inventory,
    )


def exit_code(inventory: Inventory, fail_on: "Collection[FailOn]") -> int:
    """The worst of what was found and is asked for: expired before due and uncovered before unreadable. Pure."""
    statuses = {item.status for item in inventory.items if item.counts}
    coverage = {item.coverage for item in inventory.items if item.counts}
    if FailOn.EXPIRED in fail_on and Status.EXPIRED in statuses:
        return EXIT_EXPIRED
    if (
        (FailOn.WITHIN in fail_on and statuses & {Status.DUE, Status.EXPIRED})
        or (FailOn.UNPROVED in fail_on and Coverage.UNPROVED in coverage)
        or (FailOn.UNCOVERED in fail_on and Coverage.UNCOVERED in coverage)
    ):
        return EXIT_DUE
    if FailOn.UNREADABLE in fail_on and any(source.problems for source in inventory.sources):
        return EXIT_PARTIAL
    return EXIT_DONE
