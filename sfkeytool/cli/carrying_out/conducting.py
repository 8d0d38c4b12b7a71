"""A change carried out: begun or gone on with, step by step, and told."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli.bringing import browser_of
from sfkeytool.cli.carrying_out.afterwards import audit_action, finish_action
from sfkeytool.cli.carrying_out.beginning import (
    announce,
    begin,
    named_org,
    reach_org,
    records_of,
    require_same,
    under_way,
)
from sfkeytool.cli.carrying_out.born_in_ckm import answer_action, request_action, upload_action
from sfkeytool.cli.carrying_out.change import Change, prints_of
from sfkeytool.cli.carrying_out.clients import clients_action, switch_action
from sfkeytool.cli.carrying_out.generation import make_action
from sfkeytool.cli.carrying_out.into_ckm import import_action
from sfkeytool.cli.carrying_out.logins import app_names, baseline_action, login_action, logins_since, switched_action
from sfkeytool.cli.carrying_out.onto_app import app_action, require_followed
from sfkeytool.cli.carrying_out.records import carrying_out, evidence_path, save_record
from sfkeytool.cli.carrying_out.telling import carried_out, table_lines, tell_change
from sfkeytool.cli.fields import Values
from sfkeytool.cli.generation_folders import certificate_in, parent
from sfkeytool.cli.making_generation import when_due
from sfkeytool.cli.run import Run
from sfkeytool.errors import Declined, OutputError, SfkeytoolError, UsageError
from sfkeytool.shell import shell_line
from sfkeytool.workflows.carry_out.engine import Hands, carry_out
from sfkeytool.workflows.carry_out.record import CarryOut, CarryState, CarryStep

if TYPE_CHECKING:
    from sfkeytool.workflows.renew import RenewRequest

_ACTIONS = {
    "make": make_action,
    "request": request_action,
    "answer": answer_action,
    "upload": upload_action,
    "import": import_action,
    "clients": clients_action,
    "baseline": baseline_action,
    "app": app_action,
    "login": login_action,
    "switch": switch_action,
    "switched": switched_action,
    "audit": audit_action,
    "finish": finish_action,
}


def carry_out_change(run: Run, values: Values, request: "RenewRequest", command: str) -> int:
    """Begin a change, or go on with the one that is under way. ``command`` is the line that goes on with it."""
    run.settle(request.folder)
    run.settle(parent(request.folder))
    going, asked = under_way(run, request), request
    if going is None:
        due = when_due(run, request, values["if_within"])
        if due is None:
            return 0
        request = due
    if going is None and values["app"] is None and not values.get("in_ckm"):
        raise UsageError("usage.missing", "missing: --app", "the API name of the app whose certificate is followed")
    program = browser_of(run, wanted=bool(values["browser"]))
    org = reach_org(run, values)
    if going is None:
        folder, record = request.folder, begin(run, values, request, org)
        require_new(run, request, record)
    else:
        folder, record = going
        require_same(org, values, record)
        request = replace(request, name=record.name, folder=folder)
    change = Change(run, values, replace(request, format=record.keystore_format), org, record, folder)
    change.program = program
    if going is None:
        _look_first(change)
    announce(run, org, record)
    if run.dry_run:
        run.console.envelope(0, carried_out(folder, record))
        run.console.result(["What would be done:", *table_lines(record, whole=True)])
        return 0
    if going is None:
        run.console.result(table_lines(record, whole=True))
    with carrying_out(folder):
        _require_as_read(run, asked, going)
        if going is None:
            require_new(run, request, record)
        return _go_on(change, command)


def _require_as_read(run: Run, request: "RenewRequest", going: "tuple[Path, CarryOut] | None") -> None:
    """Raises OutputError where another run wrote since the record was read: what this one would save undoes that."""
    if under_way(run, request) != going:
        raise OutputError(
            "output.locked",
            f"another run of sfkeytool has meanwhile carried out a change of {request.name}",
            "the same command again goes on from there",
        )


def require_new(run: Run, request: "RenewRequest", record: CarryOut) -> None:
    """Raises UsageError where a change of that name was carried out already."""
    if any(done.new_name == record.new_name for _, done in records_of(run, request.name, request.folder)):
        raise UsageError(
            "usage.carry-out",
            f"the change to {record.new_name} was carried out",
            f"it is told by {shell_line(['sfkeytool', 'renew', request.name, '--status'])}",
            "another generation has another name: --as NAME2",
        )


def _look_first(change: Change) -> None:
    """Before anything is written: is it the app that carries what is followed? Raises OrgError and NetworkError."""
    from sfkeytool.workflows.app_certificate import look

    if change.record.app is None:
        return
    with change.run.progress(f"looking for {change.record.app} in {change.org.label} …"):
        require_followed(change, look(change.client, change.address))
        if change.record.first_app is not None:
            first = replace(change.record, app=change.record.first_app, first_app=None)
            other = Change(change.run, change.values, change.request, change.org, first, change.folder)
            require_followed(other, look(other.client, other.address))


def _go_on(change: Change, command: str) -> int:
    run, folder = change.run, change.folder

    def save(record: CarryOut) -> None:
        change.record = _with_prints(change, record)
        save_record(run, folder, change.record)
        step = change.record.next_step
        if step is not None and step.changes and step.state is CarryState.STARTED:
            run.console.changed = True  # from here on the org may be: nothing must say that it is not

    def ask(step: CarryStep) -> None:
        if change.values["yes"]:
            return
        assert run.asker is not None  # noqa: S101 - guard() saw to it
        run.console.show(["", f"Next: {step.title}", f"  way back: {step.way_back}"])
        if not run.asker.confirm("Do it?", default=True):
            raise Declined

    def tell(step: CarryStep) -> None:
        done = step.state is CarryState.PROVED
        run.console.say(f"{'proved' if done else 'begun'}: {step.id}: {step.title}")
        for fact in step.facts:
            run.console.say(f"    {fact.what}: {fact.value}")

    hands = Hands(ask, save, tell, lambda: datetime.now(UTC))
    actions = {step.id: _ACTIONS[step.id](change) for step in change.record.steps}
    try:
        done = _with_prints(change, carry_out(change.record, actions, hands))
    except SfkeytoolError as error:
        line = f"{command} --answer FILE" if error.code == "carry.answer" else command
        error.hints = (*error.hints, f"where it stands: {_status_line(change)}", f"it goes on with: {line}")
        raise
    except KeyboardInterrupt:
        run.console.show([f"where it stands: {_status_line(change)}", f"it goes on with: {command}"])
        raise
    tell_change(run, folder, done, command, with_facts=run.console.verbose)
    run.console.answer([str(evidence_path(folder, done.new_name))])
    return 0


def _status_line(change: Change) -> str:
    from sfkeytool.workflows.next_steps import folder_option

    name = change.record.name
    words = ["sfkeytool", "renew", name, "--status", *folder_option(name, change.folder)]
    return shell_line([*words, "--as", change.record.new_name, "--target-org", change.org.label])


def _with_prints(change: Change, record: CarryOut) -> CarryOut:
    """The fingerprints of the new generation belong to the evidence as soon as there are any."""
    if record.after is not None or not (record.has_proved("make") or record.has_proved("answer")):
        return record
    facts = certificate_in(change.run, change.new_folder, record.new_name)
    return record if facts is None else replace(record, after=prints_of(facts))


def tell_status(
    run: Run, values: Values, name: str, folder: Path, new_name: str | None, line: Callable[[Values], str]
) -> bool:
    """Tell of the latest change that --carry-out began, and, where an org is named, who logged in since. Whether there
    is one. ``line`` makes the command that goes on with it, of what it was begun with."""
    found = [each for each in records_of(run, name, folder) if new_name in (None, each[1].new_name)]
    if not found:
        return False
    place, record = found[-1]
    logins = None
    app, is_on_app = record.app, record.has_proved("app")
    if values["target_org"] is not None and record.username is not None and app is not None and is_on_app:
        with run.progress(f"reading LoginHistory of {values['target_org']} …"):
            org = named_org(run, values)
            require_same(org, {"app": None, "second_app": None, "format": None}, record)
            logins = logins_since(org.client, record, app_names(org.client, app))
    tell_change(run, place, record, line(_begun_with(record)), logins)
    return True


def _begun_with(record: CarryOut) -> Values:
    """As the record has it. The consumer key is not kept: who goes on gives it."""
    logs_in = record.username is not None
    return {
        "same_key": record.same_key,
        "target_org": record.cli_alias,
        "app": record.first_app or record.app,
        "second_app": record.app if record.first_app is not None else None,
        "reminder": record.is_reminder,
        "in_ckm": record.ckm_name is not None,
        "format": record.keystore_format if record.keystore_format.option else None,
        "prove_client_id": "CONSUMER_KEY" if logs_in else None,
        "prove_username": record.username,
    }
