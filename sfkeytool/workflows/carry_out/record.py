"""What is kept of a change between two runs: its steps, how far each is, and what proved it. Nothing here is secret."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, ValidationError, convert, field
from msgspec.json import encode, format
from msgspec.structs import replace

from sfkeytool.errors import InputError
from sfkeytool.model import Fingerprint, KeystoreFormat, Result, UniqueNameText, UtcTime
from sfkeytool.outside_json import parse_json
from sfkeytool.salesforce.org import OrgIdentity

STEPS = (
    *("make", "request", "answer", "upload", "import"),
    *("clients", "baseline", "app", "login", "switch", "switched", "audit", "finish"),
)
"""All that a change may have, in their order."""
_OF_RECORDS = {"request", "answer", "upload", "finish"}
_OF_ALL = {"make", "import", "app", "audit", "finish"}
_OF_ROTATIONS = {*_OF_ALL, "clients", "login", "switch", "switched"}
_OF_LOGINS = {"baseline", "login", "switched"}
_KEPT = {"import": {"rows"}}
"""What must be remembered of a step that was begun, for it to be gone on with."""


class CarryState(StrEnum):
    WAITING = "waiting"
    STARTED = "started"
    """Begun, and its end not proved: whether anything was changed must be looked at."""
    PROVED = "proved"


_ORDER = (CarryState.PROVED, CarryState.STARTED, CarryState.WAITING)


class Fact(Result, frozen=True):
    """Something that was read back: part of a proof."""

    what: str
    value: str


class CarryStep(Result, frozen=True, kw_only=True):
    """One step. ``memory`` is what was so right before it began, which its proof is held against; ``trouble`` why it
    was not proved, when it was last tried."""

    id: str
    title: str
    proof: str
    way_back: str
    changes: bool
    state: CarryState = CarryState.WAITING
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    facts: tuple[Fact, ...] = ()
    memory: Mapping[str, str] = field(default_factory=dict)
    trouble: str | None = None


class Prints(Result, frozen=True, kw_only=True):
    """Of a generation. SHA-256 of the certificate, and of the public key alone."""

    certificate_sha256: Fingerprint
    public_key_sha256: Fingerprint
    not_after: UtcTime


class CarryOut(Result, frozen=True, kw_only=True):
    """A change, carried out in one org on one app. ``by`` is who ran it, as their system calls them; ``cli_alias``
    how the Salesforce CLI calls the org. ``app`` is the one that gets the certificate, ``first_app`` the one beside
    which it stands, if a second app gets the new key. ``ckm_name`` is the record of CKM that keeps its key and gets the
    certificate, for a key that was born there; only then ``app`` may be None. ``format`` is of this record,
    ``keystore_format`` of the keystore that is imported."""

    kind: Literal["sfkeytool-carry-out"] = "sfkeytool-carry-out"
    format: Literal[1] = 1
    sfkeytool: str
    name: UniqueNameText
    new_name: UniqueNameText
    same_key: bool
    is_reminder: bool
    by: str
    begun_at: UtcTime
    ended_at: UtcTime | None = None
    org: OrgIdentity
    cli_alias: str | None
    app: str | None
    first_app: str | None
    username: str | None
    ckm_name: str | None = None
    keystore_format: KeystoreFormat = KeystoreFormat.JKS
    before: Prints
    after: Prints | None = None
    notes: tuple[str, ...] = ()
    steps: Annotated[tuple[CarryStep, ...], Meta(min_length=1)]

    @property
    def target(self) -> str:
        """What gets the new certificate, in words."""
        record = f"the record {self.ckm_name} of CKM" if self.ckm_name is not None else ""
        return " and ".join(filter(None, (record, f"the app {self.app}" if self.app is not None else "")))

    @property
    def is_done(self) -> bool:
        return all(step.state is CarryState.PROVED for step in self.steps)

    @property
    def next_step(self) -> CarryStep | None:
        """The first that is not proved."""
        return next((step for step in self.steps if step.state is not CarryState.PROVED), None)

    def step(self, id: str) -> CarryStep | None:
        """The step called ``id``, if the change has it."""
        return next((step for step in self.steps if step.id == id), None)

    def has_proved(self, id: str) -> bool:
        """Whether there is such a step, and it is proved."""
        step = self.step(id)
        return step is not None and step.state is CarryState.PROVED

    @property
    def _wanted(self) -> set[str]:
        if self.ckm_name is not None:
            return _OF_RECORDS | ({"app", "audit"} if self.app is not None else set())
        return _OF_ALL if self.same_key else _OF_ROTATIONS

    @property
    def is_consistent(self) -> bool:
        """Whether a run of ours can have left it so: steps that such a change has, in their order, done one after the
        other, and what each wants to be gone on with."""
        ids = [step.id for step in self.steps]
        states = [_ORDER.index(step.state) for step in self.steps]
        return (
            ids == [id for id in STEPS if id in ids]
            and set(ids) >= self._wanted
            and states == sorted(states)
            and sum(step.state is CarryState.STARTED for step in self.steps) <= 1
            and all(step.ended_at is not None for step in self.steps if step.state is CarryState.PROVED)
            and all(
                step.state is not CarryState.STARTED or step.memory.keys() >= _KEPT.get(step.id, set())
                for step in self.steps
            )
            and (self.app is not None or self.ckm_name is not None)
            and (self.username is not None or not set(ids) & _OF_LOGINS)
        )

    def with_step(self, changed: CarryStep) -> "CarryOut":
        """The same with this step in the place of the one of its id."""
        return replace(self, steps=tuple(changed if step.id == changed.id else step for step in self.steps))


def encode_record(record: CarryOut) -> bytes:
    """JSON, UTF-8, to be read by a person too. Pure."""
    return format(encode(record), indent=2) + b"\n"


def parse_record(content: bytes, label: str) -> CarryOut:
    """Raises InputError carry.damaged for what is none of ours, or of a later version's. Pure."""
    try:
        record = convert(parse_json(content), CarryOut)
    except (ValueError, ValidationError):
        record = None
    if record is None or not record.is_consistent:
        raise InputError(
            "carry.damaged",
            f"{label} is damaged, or was written by a later version: it tells not what was done",
            "look into the org: what CKM holds and what the app carries; then move the file away, and begin anew",
        )
    return record
