"""What was told to whom, so that a daily run tells each event once."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, convert, field, to_builtins

from sfkeytool.audit.events import KEPT_DAYS, Event, Said
from sfkeytool.errors import InputError

_KIND: Final = "sfkeytool-audit-state"
_FORMAT: Final = 1
_Fingerprint = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_Hex = Annotated[str, Meta(pattern="^([0-9a-f]{2})*$")]


class Memory(Struct, frozen=True):
    """What one destination was told, by the events' keys.

    ``attempted_at`` (aware UTC) is when a message was begun whose end is not known: it was refused, or the run ended
    before the answer was written down. The next message says that it may be a repetition.
    """

    said: Mapping[str, Said] = field(default_factory=dict)
    attempted_at: datetime | None = None

    def told(self, events: tuple[Event, ...], on: date) -> "Memory":
        """With ``events`` told. Pure."""
        return Memory({**self.said, **{event.key: Said(event.level, on) for event in events}})


class _FiledMemory(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A Memory as the file has it."""

    attempted_at: Annotated[datetime, Meta(tz=True)] | None
    said: dict[str, tuple[int, date]]


class _StateFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file. Its salt is in hex."""

    kind: Literal["sfkeytool-audit-state"]
    format: Literal[1]
    salt: _Hex
    destinations: dict[_Fingerprint, _FiledMemory]


class State(Struct, frozen=True):
    """``memories`` are by the destinations' fingerprints, which ``salt`` goes into. No address is in it."""

    salt: bytes
    memories: Mapping[str, Memory] = field(default_factory=dict)

    def memory(self, fingerprint: str) -> Memory:
        return self.memories.get(fingerprint, Memory())

    def remembering(self, fingerprint: str, memory: Memory) -> "State":
        return State(self.salt, {**self.memories, fingerprint: memory})

    def without_forgotten(self, fingerprints: set[str], on: date) -> "State":
        """Without destinations that are not among ``fingerprints`` and were told nothing for KEPT_DAYS. Pure."""
        oldest = on - timedelta(days=KEPT_DAYS)
        kept = {
            fingerprint: memory
            for fingerprint, memory in self.memories.items()
            if fingerprint in fingerprints or any(entry.on >= oldest for entry in memory.said.values())
        }
        return State(self.salt, kept)


def describe_state(state: State) -> dict[str, Any]:
    """``state`` as JSON-ready values, which parse_state reads. Pure."""
    destinations = {
        fingerprint: _FiledMemory(
            attempted_at=memory.attempted_at, said={key: (entry.level, entry.on) for key, entry in memory.said.items()}
        )
        for fingerprint, memory in state.memories.items()
    }
    described: dict[str, Any] = to_builtins(
        _StateFile(kind=_KIND, format=_FORMAT, salt=state.salt.hex(), destinations=destinations)
    )
    return described


def parse_state(value: Mapping[str, Any], label: str) -> State:
    """The State in a state file's JSON. Pure.

    Raises InputError audit.state-foreign for what was not written by this version or an earlier one.
    """
    try:
        found = convert(value, _StateFile)
        return State(
            bytes.fromhex(found.salt),
            {
                fingerprint: Memory(
                    {key: Said(level, on) for key, (level, on) in memory.said.items()}, memory.attempted_at
                )
                for fingerprint, memory in found.destinations.items()
            },
        )
    except ValueError:  # of msgspec too
        raise InputError(
            "audit.state-foreign",
            f"{label} is no state file of this version of sfkeytool's audit; it was left as it is",
            "give another file with --state; a new one is made",
        ) from None
