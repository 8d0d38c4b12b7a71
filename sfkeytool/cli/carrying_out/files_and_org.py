"""The steps that make files and change the org: the generation, CKM, the app; the audit, and what is left over."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.cli.lying_here import generation_in
from sfkeytool.errors import InputError, OrgError
from sfkeytool.model import Notice
from sfkeytool.names import reminder_name
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.salesforce.org import ends_everything
from sfkeytool.shell import deletion
from sfkeytool.workflows.carry_out.engine import Action, Memory
from sfkeytool.workflows.carry_out.record import Fact

if TYPE_CHECKING:
    from sfkeytool.audit.model import Item
    from sfkeytool.cli.keystore_field import Found
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.workflows.app_certificate import AppState
    from sfkeytool.workflows.ckm_import.keystore import ImportEntry
    from sfkeytool.workflows.ckm_import.proof import Arrival, EntryProof

Facts = tuple[Fact, ...]

# The next generation


def make_action(change: Change) -> Action:
    return Action(look=lambda _: _look_at_generation(change), act=lambda _: _make(change), stays=True)


def _look_at_generation(change: Change) -> Facts | None:
    record = change.record
    if not os.path.lexists(change.new_folder):
        return None
    generation = generation_in(change.new_folder, record.new_name)
    facts = certificate_in(change.run, change.new_folder, record.new_name)
    if facts is None or generation is None or generation.follows is None or generation.follows.name != record.name:
        raise InputError(
            "carry-out.other-folder",
            f"{change.new_folder} is there, and is not the generation that follows {record.name}",
            "move it away, or choose another name: --as NAME2",
        )
    is_same = facts.public_key_sha256 == record.before.public_key_sha256
    if is_same != record.same_key:
        kind = "the key of" if is_same else "another key than"
        raise InputError("carry-out.other-folder", f"{change.new_folder} has {kind} {record.name}: not this change's")
    return (
        Fact("certificate", facts.sha256),
        Fact("public key", facts.public_key_sha256),
        Fact("valid until", f"{facts.not_after:%Y-%m-%d %H:%M} UTC"),
    )


def _make(change: Change) -> Facts:
    from sfkeytool.cli.making_generation import make_generation

    request = replace(change.request, new_name=change.record.new_name, folder=change.folder)
    make_generation(change.run, change.values | {"target_org": None}, request, agreed=True)
    facts = _look_at_generation(change)
    if facts is None:
        raise InputError("carry-out.files-gone", f"{change.new_folder} was made, and is not there")
    return facts


# Certificate and Key Management


def import_action(change: Change) -> Action:
    return Action(
        look=lambda _: _look_into_ckm(change),
        act=lambda memory: _import(change, memory),
        remember=lambda: _remember_rows(change),
        stays=_entry(change) is not None or not change.record.has_proved("import"),
    )


def _remember_rows(change: Change) -> Memory:
    from sfkeytool.workflows.ckm_import.proof import read_rows

    return {"rows": " ".join(sorted(read_rows(change.client)))}


def _look_into_ckm(change: Change) -> Facts | None:
    """What CKM holds of it, whoever brought it: a record with this very certificate."""
    from sfkeytool.workflows.ckm_import.proof import ProofState, prove_present

    entry = _entry(change)
    if entry is None:
        return None
    [proof] = prove_present(change.client, [entry])
    return _import_facts(proof, entry.facts) if proof.state is ProofState.SAME else None


def _import_facts(proof: "EntryProof", facts: "CertificateFacts") -> Facts:
    return (
        Fact("record of CKM", f"{proof.name} ({proof.record_id or 'its Id was not told'})"),
        Fact("certificate in it, read back", facts.sha256),
        Fact("it expires", f"{facts.not_after:%Y-%m-%d}"),
    )


def _entry(change: Change) -> "ImportEntry | None":
    """What CKM is to hold; None where that is not made yet, or gone."""
    from sfkeytool.workflows.ckm_import.keystore import ImportEntry, read_import_keystore

    if certificate_in(change.run, change.new_folder, change.record.new_name) is None:
        return None
    if not change.record.is_reminder:
        return ImportEntry(change.record.new_name, change.new_certificate())
    path = _reminder_keystore(change)
    if not os.path.isfile(path):
        return None
    entries = read_import_keystore(change.run.read(path), (), change.run.now).entries
    return entries[0] if len(entries) == 1 else None


def _reminder_keystore(change: Change) -> Path:
    name = reminder_name(change.record.new_name)
    return change.new_folder.parent / name / f"{name}.jks"


def _import(change: Change, memory: Memory) -> Facts:
    from sfkeytool.cli.by_hand import ByHand
    from sfkeytool.cli.conditions import warn_of
    from sfkeytool.cli.keystore_going import note_import
    from sfkeytool.workflows.ckm_import.door import Errand
    from sfkeytool.workflows.ckm_import.preflight import describe_unmet, preflight
    from sfkeytool.workflows.ckm_import.proof import prove
    from sfkeytool.workflows.ckm_import.result import conclude

    run, org = change.run, change.org
    if change.record.is_reminder:
        _make_reminder(change)
    found = _keystore(change)
    opens = run.asker is not None and org.cli_alias is not None
    with run.progress(f"looking at {org.label} …"):
        before = preflight(change.client, org.identity, found.keystore, run.now, needs_session=opens)
    warn_of(run.console, before.unsure)
    if before.unmet:
        raise describe_unmet(before)

    def tell(arrival: "Arrival") -> None:
        message = (
            f"a new certificate {arrival.name} arrived in CKM of {org.label} ({arrival.sha256}), which is not this"
            " one: was another file chosen?"
        )
        run.console.warn(Notice("ckm.other-arrived", message))

    ByHand(run, org, found, opens=opens)(Errand(str(found.path.absolute()), found.keystore.password))
    with run.progress(f"watching CKM of {org.label}; Ctrl-C leaves …"):
        proof = prove(
            change.client,
            frozenset(memory["rows"].split()),
            found.keystore.entries,
            change.wait_seconds,
            change.clock,
            tell,
        )
    outcome = conclude(found.path.stem, found.keystore, org.identity, before, proof, run.now)
    if not proof.is_proved:
        raise OrgError(
            "carry-out.not-imported",
            "; ".join(notice.message for notice in outcome.notices),
            "if the page shows an error, have it explained: sfkeytool explain TEXT",
        )
    note_import(run, found.path, outcome.result)
    [entry] = proof.entries
    return _import_facts(entry, found.keystore.entries[0].facts)


def _keystore(change: Change) -> "Found":
    from sfkeytool.cli.keystore_field import find_keystore
    from sfkeytool.workflows.ckm_import.result import ImportRequest

    path = _reminder_keystore(change) if change.record.is_reminder else None
    name = path.stem if path is not None else change.record.new_name
    folder = path.parent if path is not None else change.new_folder
    given = change.request.password
    readable = given is not None and given.kind is not SourceKind.GENERATE
    request = ImportRequest(
        name=name, output_dir=folder, passwords=(given,) if given and readable else (), wait_seconds=0
    )
    return find_keystore(change.run, request)


def _make_reminder(change: Change) -> None:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.reminder import ReminderInputs, ReminderRequest, planned, reminder

    keystore = _reminder_keystore(change)
    if os.path.lexists(keystore):
        return
    run, name = change.run, keystore.stem
    certificate = change.new_folder / f"{change.record.new_name}.crt"
    password = change.request.password or Source(SourceKind.GENERATE)
    request = ReminderRequest(certificate=certificate, password=password, name=name, output_dir=keystore.parent)
    plan = run.plan(keystore.parent, planned(request, name), force=False, inputs=[certificate])
    secret = run.secret(password, "--password", f"New password for {name}.jks", confirm=True)
    made = reminder(request, name, ReminderInputs(run.read(certificate), secret), run.now)
    run.warn_about(made)
    run.commit([FolderWrite(plan, made.artifacts, made.record)], agreed=True)


# The app


def app_action(change: Change) -> Action:
    return Action(
        look=lambda memory: _look_at_app(change, memory),
        act=lambda _: _change_app(change),
        remember=lambda: {"certificate": _carried(change) or ""},
        stays=True,
    )


def _carried(change: Change) -> str | None:
    """The SHA-256 of the certificate on the app now."""
    from sfkeytool.workflows.app_certificate import look

    state = look(change.client, change.address)
    return state.facts.sha256 if state.facts else None


def _look_at_app(change: Change, memory: Memory) -> Facts | None:
    """Whether it carries the new certificate already; after a run that was killed, held against what it was before."""
    from sfkeytool.cli.app_changing import changing_app

    if certificate_in(change.run, change.new_folder, change.record.new_name) is None:
        return None
    new = change.new_facts().sha256
    if _carried(change) != new:
        return None
    if memory and not change.record.has_proved("app"):
        with changing_app(change.run, change.org, change.address) as app:
            for notice in app.settle(app.look()):
                change.run.console.warn(notice)
    return _app_facts(change, memory.get("certificate") or None, new)


def _app_facts(change: Change, old: str | None, new: str) -> Facts:
    address = change.address
    return (
        Fact("app", f"{address.app} ({address.type}:{address.member})"),
        Fact("certificate on it before", old or "none, or it carried the new one already"),
        Fact("certificate on it now, read back", new),
    )


def _change_app(change: Change) -> Facts:
    from sfkeytool.cli.app_changing import changing_app
    from sfkeytool.workflows.app_certificate import plan_change

    with changing_app(change.run, change.org, change.address) as app:
        if change.was_begun("app"):
            _refuse_running_deployment(change)
        state = app.look()
        for notice in app.settle(state):
            change.run.console.warn(notice)
        require_followed(change, state)
        old = state.facts.sha256 if state.facts else None
        done = app.carry_out(plan_change(state, change.new_certificate()))
    facts = _app_facts(change, old, done.proof.sha256)
    return (
        *facts,
        Fact("everything else on it", "as it was"),
        Fact("the app as it was is kept in", str(done.original)),
    )


def _refuse_running_deployment(change: Change) -> None:
    """After a run that broke off: what it deployed may be under way in the org. An org that does not tell is taken at
    its word of what the app carries."""
    query = "SELECT Id FROM DeployRequest WHERE Status = '{}' LIMIT 1"
    for status in ("Pending", "InProgress"):
        try:
            running = next(change.client.query(query.format(status), tooling=True), None)
        except OrgError as error:
            if ends_everything(error):
                raise
            return
        if running is not None:
            raise OrgError(
                "carry-out.deploying",
                f"a deployment is under way in {change.org.label}, perhaps the one that was begun before: nothing was"
                " deployed now",
                "see Setup > Deployment Status, and go on when it has ended",
            )


def require_followed(change: Change, state: "AppState") -> None:
    """Raises OrgError unless the app carries what this change follows: else logins of another key would fail."""
    record, facts = change.record, state.facts
    own = {record.before.public_key_sha256}
    if certificate_in(change.run, change.new_folder, record.new_name) is not None:
        own.add(change.new_facts().public_key_sha256)
    if facts is not None and facts.public_key_sha256 in own:
        return
    if facts is None and record.first_app is not None and not state.carries:
        return  # a second app that has none yet
    carries = f"the certificate {facts.sha256}, of another key" if facts else state.carries or "no certificate"
    raise OrgError(
        "carry-out.other-app",
        f"the app {record.app} carries {carries}, and not that of {record.name}: whoever logs in with its key would be"
        " refused",
        "is it the right app? see what each carries: sfkeytool audit --target-org ALIAS",
        f"see what is changed, and be asked for it alone: sfkeytool metadata {record.name} --app {record.app}",
    )


# The audit, and what is left over


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
            "carry-out.not-covered",
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
    keystore = _reminder_keystore(change) if record.is_reminder else change.new_folder / f"{new}.jks"
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
