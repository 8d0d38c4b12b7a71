"""``--if-within``: whether a NAME needs its next generation, so that a scheduler can ask every day."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import CertificateError
from sfkeytool.model import Result, UniqueNameText, UtcTime
from sfkeytool.workflows.generations import Generation, successors


class NotDue(Result, frozen=True, kw_only=True):
    """No next generation is needed yet. ``latest`` is the one of NAME that decides: NAME itself, or what follows it;
    without dates where its certificate is still a CA's to make."""

    name: UniqueNameText
    due: Literal[False] = False
    within_days: Annotated[int, Meta(ge=0)]
    latest: UniqueNameText
    not_after: UtcTime | None
    days_left: int | None


class Due(Struct, frozen=True):
    """A next generation is needed, and ``name`` is the one that it follows."""

    name: str


def judge_due(
    name: str,
    generations: Sequence[Generation],
    certificates: Mapping[str, CertificateFacts],
    within_days: int,
    now: datetime,
) -> NotDue | Due:
    """Whether the latest generation of NAME ends within so many days. Pure.

    A generation that waits for a CA is one: else every day would make another. Raises CertificateError where neither
    NAME nor what follows it has a certificate that can be read.
    """
    following = successors(name, generations, now)
    if following and following[-1].name not in certificates and following[-1].certificate is None:
        return NotDue(name=name, within_days=within_days, latest=following[-1].name, not_after=None, days_left=None)
    ends = {
        each: certificates[each].not_after for each in (name, *(one.name for one in following)) if each in certificates
    }
    if not ends:
        raise CertificateError(
            "certificate.none", f"{name}.crt cannot be read, so that nothing tells whether it is due"
        )
    latest = max(ends, key=lambda each: ends[each])
    days_left = (ends[latest].date() - now.date()).days  # as the audit counts them
    if days_left <= within_days:
        return Due(latest)
    return NotDue(name=name, within_days=within_days, latest=latest, not_after=ends[latest], days_left=days_left)
