"""A question to an org, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live.org import LiveOrg

TAKEN, REFUSED = "taken", "refused"
"""What most questions come to: of a file, a certificate or a login."""
NAMES = "sfkt_live_"
"""How the names of all that is made begin, but for keystores of the corpus, whose aliases are their own."""


class Verdict(StrEnum):
    """CONFIRMED, REFUTED: what we expected, or not. TOLD: answered, where nothing was expected. OPEN: not answered."""

    REFUTED = "refuted"
    CONFIRMED = "confirmed"
    TOLD = "told"
    OPEN = "open"


@dataclass(frozen=True)
class Answer:
    """``observed`` is compared with what was expected; ``words`` are the org's own; ``check`` is what ``sfkeytool
    check`` had said of the same file."""

    observed: str
    words: tuple[str, ...] = ()
    check: str = ""
    details: tuple[str, ...] = ()


class CannotAsk(Exception):
    """With the reason, which goes into the report."""


@dataclass(frozen=True)
class Question:
    """``settles`` names rules by their ids, and lines of docs/sources.md by how they begin. ``creates`` is what the
    asking makes in the org, all of it deleted at the end. ``expects`` is what sfkeytool goes by today; None where
    sources dispute, or tell nothing. ``ask`` raises CannotAsk, OrgError and NetworkError."""

    id: str
    asks: str
    ask: "Callable[[LiveOrg], Answer]"
    expects: str | None = None
    settles: tuple[str, ...] = ()
    creates: str = ""


@dataclass(frozen=True)
class Outcome:
    """``reason`` is why a question stayed open."""

    question: Question
    answer: Answer | None
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.answer is None:
            return Verdict.OPEN
        if self.question.expects is None:
            return Verdict.TOLD
        return Verdict.CONFIRMED if self.answer.observed == self.question.expects else Verdict.REFUTED
