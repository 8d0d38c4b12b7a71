"""The steps after the change: the audit, and what is left of the old generation."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.carrying_out.into_ckm import reminder_keystore
from sfkeytool.errors import OrgError
from sfkeytool.shell import deletion
from sfkeytool.workflows.carry_out.engine import Action
from sfkeytool.workflows.carry_out.record import Fact

if TYPE_CHECKING:
    from sfkeytool.audit.model import Item

Facts = tuple[Fact, ...]


def audit_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: _audit(change))


def _audit(change: Change) -> Facts:
    from sfkeytool.audit.advice import Place
    from sfkeytool.audit.org import read_org
    from sfkeytool.workflows.audit import AuditRequest, audit

    wanted = ("reminder", "covered") if change.record.is_reminder else ("covered",)
    with change.run.progress(f"auditing {change.org.label} …"):
        source = read_org(change.client, change.org.label, {})
    inventory = audit([source], AuditRequest(), change.run.now, Place()).result
    items = [item for item in inventory.items if item.carrier.kind.is_app and item.carrier.name in _names(change)]
    told = ", ".join(sorted({_coverage(item) for item in items})) or "not there"
    if not items or any(_coverage(item) not in wanted for item in items):
        raise OrgError(
            "carry.not-covered",
            f"the audit of {change.org.label} says that {change.record.app} is: {told}",
            f"see it whole: sfkeytool audit --target-org {change.org.label}",
        )
    return (
        Fact(f"{change.record.app} is", told),
        *(Fact("in CKM as", item.twin) for item in items if item.twin),
        *(
            Fact("CKM should mail on", ", ".join(map(str, item.mail_dates)) + ", give or take a day (inferred)")
            for item in items
            if item.mail_dates
        ),
    )


def _names(change: Change) -> set[str]:
    return {change.address.app, change.address.member}


def _coverage(item: "Item") -> str:
    return item.coverage.value if item.coverage else "unknown"


def finish_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: tuple(_left_over(change)))


def _left_over(change: Change) -> Iterator[Fact]:
    from sfkeytool.salesforce.ckm import list_names

    record, new = change.record, change.record.new_name
    if record.name in {name.lower() for name in list_names(change.client)}:
        yield Fact(
            f"the entry {record.name} in CKM",
            "delete it in Setup > Certificate and Key Management when nothing uses it (its Delete is greyed out while"
            f" something does); until then mails about it should come, the last on {record.before.not_after:%Y-%m-%d}",
        )
    keystore = reminder_keystore(change) if record.is_reminder else change.new_folder / f"{new}.jks"
    weak = [path for path in (keystore, keystore.with_name(f"{keystore.name}.password")) if os.path.lexists(path)]
    if weak:
        command = deletion([str(path) for path in weak])
        why = "the JKS format protects a key weakly, and its work is done"
        yield Fact("the keystore", f"{why}: {command or ' and '.join(map(str, weak))}")
    if record.same_key:
        yield Fact(f"the folder of {record.name}", "the key is the same: keep it where the clients read it")
    else:
        yield Fact(
            f"the old key, {change.folder / f'{record.name}.key'}",
            "the way back: keep it until every client was seen with the new one, then destroy it; after a leak at once",
        )
    if record.first_app is not None:
        yield Fact(
            f"the app {record.first_app}",
            "delete it when LoginHistory shows no login at it any more: it still accepts the old key",
        )
