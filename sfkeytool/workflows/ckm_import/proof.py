"""The proof of an import: a record that was not there before, and what its body holds."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from sfkeytool.crypto import certificates
from sfkeytool.errors import NetworkError, OrgError, SfkeytoolError
from sfkeytool.model import Fingerprint, Result
from sfkeytool.names import parse_record_id
from sfkeytool.salesforce.ckm import CkmEntry
from sfkeytool.salesforce.org import OrgClient, ends_everything
from sfkeytool.salesforce.soap import READ_LIMIT, FileProperties, chunks
from sfkeytool.workflows.ckm_import.keystore import ImportEntry
from sfkeytool.workflows.ckm_record import held_by
from sfkeytool.workflows.login import Clock

POLL_SECONDS = 5.0
"""Between two looks: our own choice, 120 calls in ten minutes; an org has 15,000 a day at least."""


class ProofState(StrEnum):
    SAME = "same"
    """CKM's record holds this very certificate."""
    OTHER = "other"
    """CKM has a record of that name now, and another certificate in it."""
    UNREAD = "unread"
    """A new record of that name is there, and its body was not shown or could not be read."""
    MISSING = "missing"
    """No new record has shown up in time."""


class EntryProof(Result, frozen=True, kw_only=True):
    """What CKM shows of one entry of the keystore. ``arrived``: its record was not there before."""

    name: str
    state: ProofState
    arrived: bool
    record_id: Annotated[str | None, Meta(description="15 characters")]
    sha256: Annotated[Fingerprint, Meta(description="Of the certificate that was to be imported")]
    found_sha256: Annotated[Fingerprint | None, Meta(description="Of the one that CKM's record holds")]


class Arrival(Result, frozen=True, kw_only=True):
    """A new record of CKM that is none of the keystore's: another file was chosen, or somebody else was there."""

    name: str
    record_id: str | None
    sha256: Fingerprint | None


class Proof(Struct, frozen=True):
    """``trouble``: why the last look failed, if it did."""

    entries: tuple[EntryProof, ...]
    strangers: tuple[Arrival, ...] = ()
    waited_seconds: float = 0.0
    trouble: str = ""

    @property
    def is_proved(self) -> bool:
        """Whether each entry is there as it should be."""
        return all(entry.state is ProofState.SAME for entry in self.entries)

    @property
    def is_other(self) -> bool:
        """Whether something else arrived in the place of an entry."""
        return any(entry.state is ProofState.OTHER for entry in self.entries) or (
            bool(self.strangers) and not self.is_proved
        )


def read_rows(client: OrgClient) -> frozenset[str]:
    """The records that CKM has now, as texts that tell one from another, for prove(); JSON-ready.

    By listMetadata: the Tooling API returns deleted rows too (seen by sfdx-browserforce-plugin). To be read right
    before the door is opened. Raises OrgError and NetworkError.
    """
    return frozenset(_identity(found) for found in client.list_metadata(["Certificate"]))


def prove_present(client: OrgClient, entries: Sequence[ImportEntry]) -> tuple[EntryProof, ...]:
    """What CKM has now under the names of these entries, whoever brought it; MISSING for a name that is free.

    Raises OrgError and NetworkError.
    """
    watch = _Watch(client, frozenset(), entries, lambda _: None)
    watch.look()
    return watch.proofs(arrived=False)


def prove(
    client: OrgClient,
    before: frozenset[str],
    entries: Sequence[ImportEntry],
    wait_seconds: float,
    clock: Clock,
    tell: Callable[[Arrival], None] = lambda _: None,
) -> Proof:
    """Look, until each entry has a record that was not ``before`` (read_rows()), or ``wait_seconds`` are over; once in
    any case. What CKM has of the name is told at once where it is another certificate: the entry's own cannot come any
    more. A record of another name that holds the entry's certificate is the entry's: somebody renamed it.

    ``tell`` hears of each record that is none of the entries', once. A network that fails is looked past while there is
    time. Raises OrgError for what ends everything, as a session that is over.
    """
    start = clock.monotonic()
    watch = _Watch(client, before, entries, tell)
    while True:
        trouble = ""
        client.begin_anew()
        try:
            watch.look()
        except NetworkError as error:
            trouble = error.message
        waited = clock.monotonic() - start
        if watch.is_settled or waited >= wait_seconds:
            return Proof(watch.proofs(arrived=True), watch.strangers, waited, trouble)
        clock.sleep(min(POLL_SECONDS, wait_seconds - waited))


class _Seen(Struct):
    """A record that is looked at; its certificate's fingerprint, once it was read."""

    name: str
    record_id: str | None
    sha256: str | None = None


class _Watch:
    def __init__(
        self,
        client: OrgClient,
        before: frozenset[str],
        entries: Sequence[ImportEntry],
        tell: Callable[[Arrival], None],
    ) -> None:
        self._client = client
        self._before = before
        self._wanted = {entry.name: entry.facts.sha256 for entry in entries}
        self._tell = tell
        self._seen: dict[str, _Seen] = {}
        self._told: set[str] = set()

    def look(self) -> None:
        """Raises NetworkError, and OrgError."""
        listed = {
            identity: found
            for found in self._client.list_metadata(["Certificate"])
            if (identity := _identity(found)) not in self._before
        }
        for identity, found in listed.items():
            known = self._seen.get(identity)
            if known is None or known.name != found.full_name:
                self._seen[identity] = _Seen(found.full_name, parse_record_id(found.id))
        for gone in self._seen.keys() - listed.keys():  # deleted again
            del self._seen[gone]
        self._read_bodies()
        for identity, seen in self._strangers():
            if identity not in self._told:
                self._told.add(identity)
                self._tell(_arrival(seen))

    def _read_bodies(self) -> None:
        unread = {seen.name.lower(): seen for seen in self._seen.values() if seen.sha256 is None}
        for names in chunks([seen.name for seen in unread.values()], READ_LIMIT):
            try:
                records = self._client.read_metadata("Certificate", names)
            except OrgError as error:
                if ends_everything(error):
                    raise
                continue  # it may be shown a moment later
            for record in records:
                if seen := unread.get(record.full_name.lower()):
                    seen.sha256 = _fingerprint(CkmEntry(record.full_name, content=record.content()))

    def _of(self, name: str) -> _Seen | None:
        """The record of the entry ``name``: the one that holds its certificate, else the one that has its name."""
        wanted = self._wanted[name]
        same = [seen for seen in self._seen.values() if seen.sha256 == wanted]
        named = [seen for seen in self._seen.values() if seen.name.lower() == name]
        return next(iter([*(seen for seen in named if seen in same), *same, *named]), None)

    def _strangers(self) -> list[tuple[str, _Seen]]:
        """Those whose certificate was read, and whose name is none of the entries'."""
        ours = [self._of(name) for name in self._wanted]
        return [
            (identity, seen)
            for identity, seen in self._seen.items()
            if seen.sha256 is not None and not any(seen is own for own in ours)
        ]

    @property
    def strangers(self) -> tuple[Arrival, ...]:
        return tuple(_arrival(seen) for _, seen in self._strangers())

    @property
    def is_settled(self) -> bool:
        """Whether nothing more can come."""
        return all(seen is not None and seen.sha256 is not None for seen in map(self._of, self._wanted))

    def proofs(self, *, arrived: bool) -> tuple[EntryProof, ...]:
        return tuple(self._proof(name, wanted, arrived=arrived) for name, wanted in self._wanted.items())

    def _proof(self, name: str, wanted: str, *, arrived: bool) -> EntryProof:
        seen = self._of(name)
        if seen is None:
            state = ProofState.MISSING
        elif seen.sha256 is None:
            state = ProofState.UNREAD
        else:
            state = ProofState.SAME if seen.sha256 == wanted else ProofState.OTHER
        return EntryProof(
            name=seen.name if seen is not None and state is ProofState.SAME else name,
            state=state,
            arrived=arrived and seen is not None,
            record_id=seen.record_id if seen is not None else None,
            sha256=wanted,
            found_sha256=seen.sha256 if seen is not None else None,
        )


def _identity(found: FileProperties) -> str:
    """Its Id, which a record of the same name that comes later does not have; the name where an org tells no Id."""
    return parse_record_id(found.id) or found.full_name.lower()


def _fingerprint(entry: CkmEntry) -> str | None:
    """Of the certificate that the record holds; None where it shows none that can be read."""
    try:
        leaf = held_by(entry).leaf
    except SfkeytoolError:
        return None
    return certificates.fingerprint(certificates.encode_der(leaf.certificate)) if leaf is not None else None


def _arrival(seen: _Seen) -> Arrival:
    return Arrival(name=seen.name, record_id=seen.record_id, sha256=seen.sha256)
