"""What was told to whom, so that a daily run tells each event once."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct, field

from sfkeytool.audit.events import KEPT_DAYS, Event, Said
from sfkeytool.errors import InputError

_KIND = "sfkeytool-audit-state"
_FORMAT = 1
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


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
    return {
        "kind": _KIND,
        "format": _FORMAT,
        "salt": state.salt.hex(),
        "destinations": {
            fingerprint: {
                "attemptedAt": memory.attempted_at.isoformat() if memory.attempted_at else None,
                "said": {key: [entry.level, entry.on.isoformat()] for key, entry in memory.said.items()},
            }
            for fingerprint, memory in state.memories.items()
        },
    }


def parse_state(value: Mapping[str, Any], label: str) -> State:
    """The State in a state file's JSON. Pure.

    Raises InputError audit.state-foreign for what was not written by this version or an earlier one.
    """
    if value.get("kind") == _KIND and value.get("format") == _FORMAT:
        try:
            return State(
                bytes.fromhex(value["salt"]),
                {_fingerprint(name): _memory(memory) for name, memory in value["destinations"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
    raise InputError(
        "audit.state-foreign",
        f"{label} is no state file of this version of sfkeytool's audit; it was left as it is",
        "give another file with --state; a new one is made",
    )


def _fingerprint(name: str) -> str:
    if not _FINGERPRINT.fullmatch(name):
        raise ValueError(name)
    return name


def _memory(value: Mapping[str, Any]) -> Memory:
    attempted_at = datetime.fromisoformat(value["attemptedAt"]) if value["attemptedAt"] is not None else None
    if attempted_at is not None and attempted_at.tzinfo is None:
        raise ValueError("a time without a zone")
    return Memory(
        {key: Said(int(level), date.fromisoformat(on)) for key, (level, on) in value["said"].items()}, attempted_at
    )
