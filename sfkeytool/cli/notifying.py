"""The glue of ``audit --notify``: addresses are read before the audit runs, and told what is due after it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.errors import InputError, OutputError, SfkeytoolError
from sfkeytool.model import Notice
from sfkeytool.workflows.audited import Delivery, DeliveryStatus

if TYPE_CHECKING:
    from sfkeytool.audit.model import Inventory
    from sfkeytool.audit.notify import Destination, Message
    from sfkeytool.audit.state import State
    from sfkeytool.cli.run import Run
    from sfkeytool.edge.state_file import StateFile
    from sfkeytool.passwords import Source

    Send = Callable[[Destination, Message, Callable[[], None]], str | None]
    """Sends a message; None once it was taken, else why not. Calls the last one while it waits."""

_SALT_BYTES = 16
_COURIER = "sfkeytool.cli.courier"


def open_destinations(run: "Run", sources: "Sequence[Source]") -> "tuple[Destination, ...]":
    """Fetch and check the addresses, so that a wrong one is said before anything is looked at.

    Raises InputError and UsageError, as Run.secret() and parse_destination().
    """
    if not sources:
        return ()
    from sfkeytool.audit.notify import parse_destination
    from sfkeytool.edge.installation import require_library

    require_library("apprise", "--notify")
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
    send: "Send | None" = None,
) -> tuple[Delivery, ...]:
    """Tell each destination what is due and was not told it yet. A failed delivery is a warning, tried by the next run.

    For each: the attempt is written to the state, then the message is sent, then what it said is written. The state is
    locked while it is written, and not while the network is waited for: then only that destination is, for others. A
    signal ends a wait at once, and waits for the end of the rest. After it, or a kill, the next run cannot know whether
    the message arrived: it sends it again, and the message says so. A state that cannot be read or written is a failed
    delivery too, for what was found out is not to be lost with it.
    """
    if not destinations:
        return ()
    if state_path is None and not dry_run:
        run.console.warn(Notice("notify.no-state", "without --state every run tells all that is due once more"))
    from sfkeytool.edge.signals import deferred_signals

    with deferred_signals() as check:
        record = _Record(run, state_path, check, dry_run=dry_run)
        messenger = _Messenger(run, inventory, owner_of, record, check, dry_run, send or send_apart)
        try:
            with record.opened() as (state, save):
                save(state)
        except (InputError, OutputError) as error:
            return tuple(
                messenger.failed(destination, None, f"was not told: {_text(error)}", code=error.code)
                for destination in destinations
            )
        fingerprints = {destination.fingerprint(state.salt): destination for destination in destinations}
        deliveries = []
        for fingerprint, destination in fingerprints.items():
            check()
            deliveries.append(messenger.tell(destination, fingerprint))
        # What is not forgotten today is forgotten tomorrow; what failed here has failed above.
        with suppress(InputError, OutputError), record.opened() as (state, save):
            save(state.without_forgotten(set(fingerprints), inventory.at.date()))
    return tuple(deliveries)


def send_apart(destination: "Destination", message: "Message", check: Callable[[], None]) -> str | None:
    """deliver() in a process of its own, which is ended when it takes too long or ``check`` raises."""
    from sfkeytool.edge.apart import NoAnswerError, do_apart

    try:
        reason: str | None = do_apart(
            _COURIER, destination.job(message), deadline_seconds=destination.seconds(message), check=check
        )
    except NoAnswerError as error:
        return str(error)
    return reason


class _Record:
    """The state: read anew each time it is opened, for other runs write it too; without a file, kept in memory."""

    def __init__(self, run: "Run", path: Path | None, check: Callable[[], None], *, dry_run: bool) -> None:
        self._run, self._path, self._check, self._dry_run = run, path, check, dry_run
        self._in_memory: State | None = None

    @contextmanager
    def opened(self) -> "Iterator[tuple[State, Callable[[State], None]]]":
        """The state, and what writes another one, durably. No other run has it while this lasts."""
        from sfkeytool.edge.state_file import open_state

        if self._in_memory is not None:
            yield self._in_memory, self._remember
        elif self._path is None or self._dry_run:
            with nullcontext() if self._path is None else open_state(self._path, None) as file:
                self._in_memory = _load(self._run, file, dry_run=True) or _new_state()
            yield self._in_memory, self._remember
        else:
            with open_state(self._path, self._check) as file:
                found = _load(self._run, file, dry_run=False)
                yield found or _new_state(), _saver(file, found)

    def telling(self, fingerprint: str, wait_seconds: float) -> AbstractContextManager[None]:
        """While it lasts, no other run tells this destination anything. Raises LockedError if one never ends."""
        from sfkeytool.edge.state_file import lock_part

        if self._path is None or self._dry_run:
            return nullcontext()
        return lock_part(self._path, fingerprint, self._check, wait_seconds)

    def _remember(self, state: "State") -> None:
        self._in_memory = state


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
    record: _Record
    check: Callable[[], None]
    dry_run: bool
    send: "Send"

    def tell(self, destination: "Destination", fingerprint: str) -> Delivery:
        """Tell one destination what is due; the state has it, as far as somebody was told."""
        from sfkeytool.audit.notify import DEADLINE_SECONDS
        from sfkeytool.edge.locking import LockedError

        try:
            with self.record.telling(fingerprint, 2 * DEADLINE_SECONDS):
                return self._tell(destination, fingerprint)
        except LockedError:
            return self.failed(destination, None, "was not told: another run was at it all the while")
        except (InputError, OutputError) as error:
            return self.failed(destination, None, f"was not told: {_text(error)}", code=error.code)

    def _tell(self, destination: "Destination", fingerprint: str) -> Delivery:
        from sfkeytool.audit.events import due_events, still_said
        from sfkeytool.audit.notify import compose
        from sfkeytool.audit.state import Memory

        at = self.inventory.at
        with self.record.opened() as (state, save):
            before = state.memory(fingerprint)
            said = still_said(self.inventory, before.said)
            events = due_events(self.inventory, said)
            if not events:
                save(state.remembering(fingerprint, Memory(said)))
                return _delivery(destination, DeliveryStatus.NOTHING_DUE)
            message = compose(events, at, self.owner_of, before.attempted_at)
            if self.dry_run:
                return _delivery(destination, DeliveryStatus.NOT_SENT, message)
            save(state.remembering(fingerprint, Memory(said, at)))
        self.run.console.changed = True
        if reason := self.send(destination, message, self.check):
            return self.failed(destination, message, f"did not take the message ({reason})")
        with self.record.opened() as (state, save):
            save(state.remembering(fingerprint, Memory(said).told(events, at.date())))
        self.run.console.detail(f"{destination.label}: {message.subject}")
        return _delivery(destination, DeliveryStatus.SENT, message)

    def failed(
        self, destination: "Destination", message: "Message | None", what: str, *, code: str = "notify.failed"
    ) -> Delivery:
        text = f"{destination.label}: {destination.service} {what}; the next run tries"
        self.run.console.warn(Notice(code, text))
        return _delivery(destination, DeliveryStatus.FAILED, message)


def _text(error: SfkeytoolError) -> str:
    """Reports may have been written by now."""
    return "; ".join((error.message.removesuffix("; nothing was changed"), *error.hints))


def _load(run: "Run", file: "StateFile | None", *, dry_run: bool) -> "State | None":
    """The state in the file; None if there is none, or a damaged one, which is set aside."""
    from sfkeytool.audit.state import parse_state
    from sfkeytool.edge.state_file import DamagedStateError

    if file is None:
        return None
    try:
        value = file.read()
    except DamagedStateError:
        if not dry_run:
            run.console.warn(file.set_aside(run.now))
        return None
    return None if value is None else parse_state(value, str(file.path))


def _new_state() -> "State":
    from secrets import token_bytes

    from sfkeytool.audit.state import State

    return State(token_bytes(_SALT_BYTES))


def _saver(file: "StateFile", found: "State | None") -> "Callable[[State], None]":
    """What is there already is not written."""
    from sfkeytool.audit.state import describe_state

    return lambda state: None if state == found else file.write(describe_state(state))
