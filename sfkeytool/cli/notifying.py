"""The glue of ``audit --notify``: addresses are read before the audit runs, and told what is due after it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.model import Notice
from sfkeytool.workflows.audited import Delivery, DeliveryStatus

if TYPE_CHECKING:
    from sfkeytool.audit.model import Inventory
    from sfkeytool.audit.notify import Destination, Message
    from sfkeytool.audit.state import State
    from sfkeytool.cli.run import Run
    from sfkeytool.edge.state_file import StateFile
    from sfkeytool.passwords import Source

_SALT_BYTES = 16


def open_destinations(run: "Run", sources: "Sequence[Source]") -> "tuple[Destination, ...]":
    """Fetch and check the addresses, so that a wrong one is said before anything is looked at.

    Raises InputError and UsageError, as Run.secret() and parse_destination().
    """
    if not sources:
        return ()
    from sfkeytool.audit.notify import parse_destination, require_apprise

    require_apprise()
    return tuple(
        parse_destination(run.secret(source, "--notify", "Address (an apprise URL)"), f"--notify {source}")
        for source in sources
    )


def notify(
    run: "Run",
    inventory: "Inventory",
    destinations: "Sequence[Destination]",
    state_path: Path | None,
    *,
    owner_of: Callable[[str], str] = lambda _: "",
    dry_run: bool = False,
) -> tuple[Delivery, ...]:
    """Tell each destination what is due and was not told it yet. A failed delivery is a warning, tried by the next run.

    For each: the attempt is written to the state, then the message is sent, then what it said is written. A signal
    waits for the end of that. After a kill between the last two the next run cannot know whether the message arrived:
    it sends it again, and the message says so. Raises OutputError and InputError of open_state().
    """
    if not destinations:
        return ()
    if state_path is None and not dry_run:
        run.console.warn(Notice("notify.no-state", "without --state every run tells all that is due once more"))
    from sfkeytool.edge.signals import deferred_signals
    from sfkeytool.edge.state_file import open_state

    with ExitStack() as stack:
        file = None if state_path is None else stack.enter_context(open_state(state_path, lock=not dry_run))
        state = _load(run, file, dry_run=dry_run)
        save = _nowhere if file is None or dry_run else _saver(file)
        fingerprints = {destination.fingerprint(state.salt): destination for destination in destinations}
        check = stack.enter_context(deferred_signals())
        messenger = _Messenger(run, inventory, owner_of, save, dry_run)
        deliveries = []
        for fingerprint, destination in fingerprints.items():
            check()
            state, delivery = messenger.tell(destination, fingerprint, state)
            deliveries.append(delivery)
        save(state.without_forgotten(set(fingerprints), inventory.at.date()))
    return tuple(deliveries)


def _delivery(destination: "Destination", status: DeliveryStatus, message: "Message | None" = None) -> Delivery:
    return Delivery(
        destination=destination.label,
        service=destination.service,
        status=status,
        subject=message.subject if message else None,
        body=message.body if message else None,
    )


class _Messenger(Struct, frozen=True):
    run: "Run"
    inventory: "Inventory"
    owner_of: Callable[[str], str]
    save: "Callable[[State], None]"
    dry_run: bool

    def tell(self, destination: "Destination", fingerprint: str, state: "State") -> "tuple[State, Delivery]":
        """Tell one destination what is due; the state afterwards, saved as far as somebody was told."""
        from sfkeytool.audit.events import due_events, still_said
        from sfkeytool.audit.notify import compose, deliver
        from sfkeytool.audit.state import Memory

        at = self.inventory.at
        before = state.memory(fingerprint)
        said = still_said(self.inventory, before.said)
        events = due_events(self.inventory, said)
        if not events:
            return state.remembering(fingerprint, Memory(said)), _delivery(destination, DeliveryStatus.NOTHING_DUE)
        message = compose(events, at, self.owner_of, before.attempted_at)
        if self.dry_run:
            return state, _delivery(destination, DeliveryStatus.NOT_SENT, message)
        attempted = state.remembering(fingerprint, Memory(said, at))
        self.save(attempted)
        self.run.console.changed = True
        if reason := deliver(destination, message):
            failed = (
                f"{destination.label}: {destination.service} did not take the message ({reason}); the next run tries"
            )
            self.run.console.warn(Notice("notify.failed", failed))
            return attempted, _delivery(destination, DeliveryStatus.FAILED, message)
        told = state.remembering(fingerprint, Memory(said).told(events, at.date()))
        self.save(told)
        self.run.console.detail(f"{destination.label}: {message.subject}")
        return told, _delivery(destination, DeliveryStatus.SENT, message)


def _load(run: "Run", file: "StateFile | None", *, dry_run: bool) -> "State":
    from secrets import token_bytes

    from sfkeytool.audit.state import State, parse_state
    from sfkeytool.edge.state_file import DamagedStateError

    if file is not None:
        try:
            value = file.read()
        except DamagedStateError:
            if not dry_run:
                run.console.warn(file.set_aside(run.now))
        else:
            if value is not None:
                return parse_state(value, str(file.path))
    return State(token_bytes(_SALT_BYTES))


def _saver(file: "StateFile") -> "Callable[[State], None]":
    from sfkeytool.audit.state import describe_state

    return lambda state: file.write(describe_state(state))


def _nowhere(_: "State") -> None:
    """Without a state file, and in a dry run, nothing is kept."""
