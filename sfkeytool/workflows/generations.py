"""Generations of a NAME: ``pay_api``, then ``pay_api_202611``; how they are named and how one follows another.

Names in Certificate and Key Management are unique, and clients read keys from their paths: so each generation has a
name and a folder of its own, and no earlier one is touched.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from sfkeytool.model import Purpose


class Generation(Struct, frozen=True):
    """What the receipt of a folder tells of a generation.

    ``follows`` is the NAME of the one before, if any; ``same_key`` whether it has that one's key.
    """

    name: str
    records: tuple[Mapping[str, Any], ...]

    @property
    def follows(self) -> str | None:
        found = self._latest("follows")
        return str(found.get("name")) if isinstance(found, Mapping) else None

    @property
    def same_key(self) -> bool:
        found = self._latest("follows")
        return isinstance(found, Mapping) and found.get("sameKey") is True

    @property
    def purpose(self) -> Purpose | None:
        found = self._latest("purpose")
        return Purpose(found) if found in set(Purpose) else None

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """Facts of the latest certificate; None while there is only a request."""
        found = self._latest("certificate")
        return found if isinstance(found, Mapping) else None

    @property
    def login_at(self) -> str | None:
        """When a login with this generation's key was last accepted."""
        times = [str(record.get("at")) for record in self.records if record.get("command") == "login"]
        return times[-1] if times else None

    def done_at(self, step: str) -> str | None:
        """When a person called a step of the runbook done."""
        times = [str(record.get("at")) for record in self.records if record.get("stepDone") == step]
        return times[-1] if times else None

    def _latest(self, field: str) -> Any:
        found = [record[field] for record in self.records if field in record]
        return found[-1] if found else None


def successors(name: str, generations: Sequence[Generation]) -> list[Generation]:
    """The generations that follow ``name``, directly or one after another, oldest first. Pure."""
    found: list[Generation] = []
    names = {name}
    remaining = sorted(generations, key=lambda generation: str(generation.records[0].get("at")))
    for generation in remaining:
        if generation.follows in names and generation.name not in names:
            names.add(generation.name)
            found.append(generation)
    return found
