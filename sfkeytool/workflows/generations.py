"""Generations of a NAME: ``pay_api``, then ``pay_api_202611``; how they are named and how one follows another.

Names in Certificate and Key Management are unique, and clients read keys from their paths: so each generation has a
name and a folder of its own, and no earlier one is touched.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from msgspec import Struct, ValidationError, convert, field

from sfkeytool.model import KeystoreFormat, Purpose, UniqueNameText, UtcTime

T = TypeVar("T")
_UNDATED = datetime.min.replace(tzinfo=UTC)
_CLOCKS = timedelta(days=1)
"""By which clocks of machines that share a folder may differ: our own bound."""


class Followed(Struct, frozen=True, rename="camel"):
    """The generation before, as a receipt has it."""

    name: UniqueNameText
    not_after: UtcTime
    same_key: bool = False


class CertificateRecord(Struct, frozen=True, rename="camel"):
    """What counts here of a certificate in a receipt."""

    not_after: UtcTime


class KeystoreRecord(Struct, frozen=True):
    """What counts here of a keystore in a receipt."""

    type: Literal["JKS", "BCFKS"]


class Generation(Struct, frozen=True):
    """What the receipt of a folder tells of a generation: claims of a file, of which what has no sense is left out.

    ``made`` is when its first record was written. ``follows`` is the one before, if any. ``certificate`` is the latest;
    None while there is only a request, and ``by_ca`` whether it began with one. ``format`` is that of its latest
    keystore. ``login_at`` is when a login with its key was last accepted, ``done`` when a person called a step of the
    runbook done.
    """

    name: str
    made: datetime | None = None
    follows: Followed | None = None
    by_ca: bool = False
    purpose: Purpose | None = None
    certificate: CertificateRecord | None = None
    format: KeystoreFormat | None = None
    login_at: datetime | None = None
    done: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def same_key(self) -> bool:
        """Whether it has the key of the one before."""
        return self.follows is not None and self.follows.same_key


def read_generation(name: str, records: Sequence[Mapping[str, Any]]) -> Generation:
    """The generation that the records of a receipt, oldest first, tell of. Pure."""
    begun = next((record for record in records if "follows" in record), records[0] if records else {})
    logins = [record for record in records if record.get("command") == "login"]
    keystore = _latest(records, "keystore", KeystoreRecord)
    done = {
        step: at
        for record in records
        if (step := _value(record, "stepDone", str)) and (at := _value(record, "at", UtcTime))
    }
    return Generation(
        name=name,
        made=_value(begun, "at", UtcTime),
        follows=_latest(records, "follows", Followed),
        by_ca="request" in begun,
        purpose=_latest(records, "purpose", Purpose),
        certificate=_latest(records, "certificate", CertificateRecord),
        format=KeystoreFormat[keystore.type] if keystore is not None else None,
        login_at=_latest(logins, "at", UtcTime),
        done=done,
    )


def _latest(records: Sequence[Mapping[str, Any]], name: str, kind: type[T]) -> T | None:
    """Of the last record that has one with a sense: a bad one hides no earlier one."""
    found = (_value(record, name, kind) for record in reversed(records) if name in record)
    return next((value for value in found if value is not None), None)


def _value(record: Mapping[str, Any], name: str, kind: Any) -> Any:
    """None for what is missing or makes no sense."""
    try:
        return convert(record.get(name), kind)
    except ValidationError:
        return None


def successors(name: str, generations: Sequence[Generation], now: datetime) -> list[Generation]:
    """The generations that say they follow ``name``, directly or one after another, oldest first. Pure.

    Whoever has no date, or one that is yet to come, is put first: it hides none that was made.
    """
    found: dict[str, Generation] = {}
    while new := [
        generation
        for generation in generations
        if generation.follows is not None
        and generation.follows.name in {name, *found}
        and generation.name not in {name, *found}
    ]:
        found.update((generation.name, generation) for generation in new)
    latest = now + _CLOCKS
    return sorted(found.values(), key=lambda one: one.made if one.made and one.made <= latest else _UNDATED)


def rivals(chosen: Generation, following: Sequence[Generation]) -> list[str]:
    """The names of those that ``chosen`` does not come after, though all follow the same one. Pure."""
    by_name = {generation.name: generation for generation in following}
    line: set[str] = set()
    place: Generation | None = chosen
    while place is not None and place.name not in line:
        line.add(place.name)
        place = by_name.get(place.follows.name) if place.follows else None
    return [name for name in by_name if name not in line]
