"""The step that puts the certificate on the app."""

from typing import TYPE_CHECKING

from sfkeytool.cli.carrying_out.change import Change
from sfkeytool.cli.generation_folders import certificate_in
from sfkeytool.errors import OrgError
from sfkeytool.salesforce.org import ends_everything
from sfkeytool.shell import shell_line
from sfkeytool.workflows.carry_out.engine import Action, Memory
from sfkeytool.workflows.carry_out.record import Fact

if TYPE_CHECKING:
    from sfkeytool.workflows.app_certificate import AppState

Facts = tuple[Fact, ...]
KEPT = "the app as it was is kept in"


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
            refuse_running_deployment(change)
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
        Fact(KEPT, str(done.original)),
        Fact("what puts it back, tried by a dry run", shell_line(done.way_back)),
    )


def refuse_running_deployment(change: Change) -> None:
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
                "carry.deploying",
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
    alone = shell_line(["sfkeytool", "metadata", record.name, "--app", str(record.app)])
    raise OrgError(
        "carry.other-app",
        f"the app {record.app} carries {carries}, and not that of {record.name}: whoever logs in with its key would be"
        " refused",
        "is it the right app? see what each carries: " + shell_line(["sfkeytool", "audit", "--target-org", "ALIAS"]),
        f"see what is changed, and be asked for it alone: {alone}",
    )
