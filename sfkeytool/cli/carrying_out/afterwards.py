"""The steps after the change: the audit, and what is left of the old generation."""

import os
from collections.abc import Iterator

from sfkeytool.cli.app_coverage import coverage, require_covered
from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.carrying_out.into_ckm import reminder_keystore
from sfkeytool.cli.carrying_out.onto_app import KEPT
from sfkeytool.edge.own_keystore import own_keystore
from sfkeytool.model import KeystoreFormat
from sfkeytool.shell import deletion
from sfkeytool.workflows.carry_out.engine import Action
from sfkeytool.workflows.carry_out.record import Fact

Facts = tuple[Fact, ...]


def audit_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: _audit(change))


def _audit(change: Change) -> Facts:
    wanted = ("reminder", "covered") if change.record.is_reminder else ("covered",)
    items = require_covered(change.run, change.org, change.address, wanted)
    return (
        *(Fact(f"{change.record.app} is", coverage(item)) for item in items),
        *(Fact("in CKM as", item.twin) for item in items if item.twin),
        *(
            Fact("CKM should mail on", ", ".join(map(str, item.mail_dates)) + ", give or take a day (inferred)")
            for item in items
            if item.mail_dates
        ),
    )


def finish_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: tuple(_left_over(change)))


def _left_over(change: Change) -> Iterator[Fact]:
    from sfkeytool.salesforce.ckm import list_names

    record, new = change.record, change.record.new_name
    if record.ckm_name is not None:
        yield from _left_of_born(change)
    elif record.name in {name.lower() for name in list_names(change.client)}:
        yield Fact(
            f"the entry {record.name} in CKM",
            "delete it in Setup > Certificate and Key Management when nothing uses it (its Delete is greyed out while"
            f" something does); until then mails about it should come, the last on {record.before.not_after:%Y-%m-%d}",
        )
    keystore = reminder_keystore(change) if record.is_reminder else own_keystore(change.new_folder, new)
    weak = [path for path in (keystore, keystore.with_name(f"{keystore.name}.password")) if os.path.lexists(path)]
    if weak:
        command = deletion([str(path) for path in weak])
        why = f"{KeystoreFormat.of(keystore.name).why_delete}, and its work is done"
        yield Fact("the keystore", f"{why}: {command or ' and '.join(map(str, weak))}")
    if record.same_key and record.ckm_name is None:
        yield Fact(f"the folder of {record.name}", "the key is the same: keep it where the clients read it")
    elif not record.same_key:
        yield Fact(
            f"the old key, {change.folder / f'{record.name}.key'}",
            "the way back: keep it until every client was seen with the new one, then destroy it; after a leak at once",
        )
    app = record.step("app")
    for kept in [fact.value for fact in app.facts if fact.what == KEPT] if app is not None else []:
        yield Fact("the app as it was", f"the consumer key is in it: remove {kept} when the way back is not wanted")
    if record.first_app is not None:
        yield Fact(
            f"the app {record.first_app}",
            "delete it when LoginHistory shows no login at it any more: it still accepts the old key",
        )


def _left_of_born(change: Change) -> Iterator[Fact]:
    record = change.record
    yield Fact(f"the record {record.ckm_name} of CKM", "it is the same, with its name and its key: delete nothing")
    yield Fact(
        "whoever verifies with the old certificate, outside this org",
        f"is to be given {change.new_folder / f'{record.new_name}.crt'}: who they are, nobody can see from here",
    )
