"""The steps that log in, and that see who else does."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.carrying_out.fields import LOGIN
from sfkeytool.errors import OrgError, UsageError
from sfkeytool.workflows.carry_out.engine import Action, Memory
from sfkeytool.workflows.carry_out.record import CarryOut, CarryState, Fact

if TYPE_CHECKING:
    from sfkeytool.salesforce.org import OrgClient
    from sfkeytool.workflows.carry_out.history import LoginsSince
    from sfkeytool.workflows.carry_out.proving import Prover, Tried

Facts = tuple[Fact, ...]
OUR_LAST = "our own last login"


def baseline_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: _baseline(change))


def login_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda _: _log_in(change))


def switched_action(change: Change) -> Action:
    return Action(look=lambda _: None, act=lambda memory: _see(change, memory))


def _baseline(change: Change) -> Facts:
    """With the key of the old generation, which is that of the clients."""
    from sfkeytool.workflows.carry_out.proving import log_in_once

    prover = _prover(change, of_old=True)
    with change.run.progress("logging in with the key that the clients have …"):
        tried = log_in_once(prover)
    return (Fact("accepted", _moment(tried.at)), Fact("at", prover.prepared.host.url))


def _log_in(change: Change) -> Facts:
    from sfkeytool.workflows.carry_out.proving import Which, wait_for_new, watch

    prover = _prover(change)
    minutes = change.wait_seconds // 60
    doing = f"logging in every 20 s for {minutes} min …" if change.record.same_key else "waiting for the new key …"
    with change.run.progress(doing) as show:

        def tell(tried: "Tried") -> None:
            words = "accepted" if tried.accepted else f"refused: {tried.words}"
            show(f"{doing} {tried.which} key {words}")
            change.run.console.detail(f"{_moment(tried.at)} {tried.which} key {words}")

        logins = (watch if change.record.same_key else wait_for_new)(prover, change.wait_seconds, tell)
    new = [tried for tried in logins if tried.which is Which.NEW]
    refused = [tried for tried in logins if not tried.accepted]
    facts = [
        Fact("logins with the key" if change.record.same_key else "logins with the new key", _count(new)),
        Fact("from", f"{_moment(logins[0].at)} to {_moment(logins[-1].at)}"),
        Fact("at", prover.prepared.host.url),
    ]
    if change.record.same_key:
        facts.append(Fact("refused", str(len(refused))))
    elif old := [tried for tried in logins if tried.which is Which.OLD]:
        facts.append(Fact("logins with the old key meanwhile", _count(old)))
    return (*facts, Fact(OUR_LAST, _moment(logins[-1].at)))


def _count(logins: "list[Tried]") -> str:
    accepted = sum(tried.accepted for tried in logins)
    return f"{accepted} accepted, {len(logins) - accepted} refused"


def _prover(change: Change, *, of_old: bool = False) -> "Prover":
    """What logs in with the new generation's key, or with the old one's. Raises UsageError, and what reading does."""
    from sfkeytool.cli.login_fields import login_request, prepare_login
    from sfkeytool.model import AppKind
    from sfkeytool.salesforce.transport import HttpTransport
    from sfkeytool.workflows.carry_out.proving import Prover

    values = change.values
    if values["prove_client_id"] is None or values["prove_username"] is None:
        raise UsageError(
            "usage.missing", "missing: --client-id and --username", "the logins that prove this change want them again"
        )
    if values["prove_username"] != change.record.username:
        raise UsageError("usage.carry-out", f"the change is proved with logins of {change.record.username}: --username")
    record, identity = change.record, change.org.identity
    name, folder = (record.name, change.folder) if of_old else (record.new_name, change.new_folder)
    external = change.address.kind is AppKind.EXTERNAL_CLIENT_APP
    given = {
        "name": name,
        "output_dir": str(folder),
        "prove_instance_url": identity.instance_url if external else None,
        "external_client_app": external,
        "sandbox": bool(identity.is_sandbox) and not external and values["prove_instance_url"] is None,
    }
    given |= {field.name: values[field.name] for field in LOGIN if values[field.name] is not None}
    fields = (options.NAME, options.OUTPUT_DIR, *LOGIN, _EXTERNAL, _SANDBOX)
    request = login_request(fields, {field.name: given.get(field.name) for field in fields}, change.run.environ)
    old = change.folder / f"{record.name}.key"
    has_old = not of_old and not record.same_key and record.first_app is None and os.path.isfile(old)
    passwords = change.request.input_passwords
    request = replace(request, passwords=passwords, old_key=old if has_old else None)
    prepared = prepare_login(change.run, request)
    return Prover(request, prepared, HttpTransport(change.run.environ), change.clock, change.count)


def _see(change: Change, _: Memory) -> Facts:
    """Wait until LoginHistory shows that the client switched."""
    ends = change.clock.monotonic() + change.wait_seconds
    names = app_names(change.client, change.app)
    with change.run.progress("waiting for the client's first login, in LoginHistory …"):
        while True:
            found = logins_since(change.client, change.record, names)
            if found.has_switched or change.clock.monotonic() + _LOOK_SECONDS > ends:
                break
            change.clock.sleep(_LOOK_SECONDS)
    if not found.has_switched:
        raise OrgError(
            "carry.not-switched",
            found.told,
            f"the old key stays: keep {change.folder / f'{change.record.name}.key'}",
            "this goes on looking when it is called again; the client's own log tells more",
        )
    return (
        Fact("LoginHistory", found.told),
        Fact("first login", _moment(found.first_success) if found.first_success else ""),
        Fact("failed since the change", str(found.failures)),
    )


_LOOK_SECONDS = 20.0
_EXTERNAL = replace(options.FORCE, name="external_client_app", flags=("--external-client-app",))
_SANDBOX = replace(options.FORCE, name="sandbox", flags=("--sandbox",))


def logins_since(client: "OrgClient", record: CarryOut, names: tuple[str, ...]) -> "LoginsSince":
    """Whoever logged in after our own last login, or after the app was changed. Raises OrgError and NetworkError."""
    from sfkeytool.workflows.carry_out.history import read_logins

    assert record.username is not None  # noqa: S101 - whoever asks has seen to it
    return read_logins(client, record.username, names, changed_at(record))


def changed_at(record: CarryOut) -> datetime:
    """When the clients are looked for from: our own last login that was accepted, else the end of the app's step."""
    login, app = record.step("login"), record.step("app")
    if login is not None and login.state is CarryState.PROVED:
        told = next((fact.value for fact in login.facts if fact.what == OUR_LAST), "")
        try:
            return datetime.strptime(told, _FORM).replace(tzinfo=UTC)
        except ValueError:
            pass
    return (app.ended_at if app is not None else None) or record.begun_at


_FORM = "%Y-%m-%d %H:%M:%S UTC"


def _moment(at: datetime) -> str:
    return f"{at:{_FORM}}"


def app_names(client: "OrgClient", app: str) -> tuple[str, ...]:
    """As LoginHistory may call the app: by its name, or its label. Raises OrgError and NetworkError."""
    from sfkeytool.workflows.app_address import read_components

    name = app.rpartition(":")[2]
    for type in ("ConnectedApp", "ExternalClientApplication"):
        for record in read_components(client, type, [name]):
            if label := record.first("label"):
                return (name, label)
    return (name,)
