"""A rule about what Salesforce accepts: data, and two small pure functions.

Light on purpose: ``explain`` reads rules without a file.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

from msgspec import Meta, Struct

from sfkeytool.model import Profile

if TYPE_CHECKING:
    from sfkeytool.acceptance.subject import Subject

_ID = r"(ckm|app|signed|request|domain|mtls)\.[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)"
RuleId = Annotated[str, Meta(pattern=f"^{_ID}$", description="Stable; in docs/rules.md")]


class Severity(StrEnum):
    """ERROR: Salesforce refuses it. WARN: taken, as far as is known, but it will hurt. NOTE: worth knowing."""

    ERROR = "error"
    WARN = "warn"
    NOTE = "note"


class Basis(StrEnum):
    """DOCUMENTED: a published page says so. OBSERVED: it was reported, or tried. INFERRED: our own reasoning."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    INFERRED = "inferred"


class NewCertificate(Struct, frozen=True):
    """A fix that makes a certificate: no way out for a reader who does not have the key. ``text`` is as Rule.fix."""

    text: str

    def __str__(self) -> str:
        return self.text


Fix: TypeAlias = str | NewCertificate


class Evidence(Struct, frozen=True):
    """Where a rule failed, what was there, and what was wanted. Never holds a secret.

    ``fix`` stands for the rule's own, where that would not help with what was there.
    """

    where: str
    saw: str
    wanted: str
    fix: Fix | None = None


class CannotTell(Struct, frozen=True):
    """A rule that applies, but cannot be judged."""

    reason: str


Checked: TypeAlias = "Iterable[Evidence | CannotTell]"


def always(_: "Subject") -> bool:
    """For rules that every file of their profiles has to meet."""
    return True


class Rule(Struct, frozen=True):
    """``check`` yields evidence for each failure (none: it passed), and where it cannot tell, that. Both are pure.

    ``citation`` is an article's title and address or number, looked up on ``retrieved``; ``salesforce_message`` is
    verbatim. ``fix`` is a command to type, or what to do, and may hold ``{file}``, ``{name}`` (which is free in the
    folder where the command is typed), the options ``{password}``, ``{input_password}`` and ``{new_password}``, each
    only where it is needed, and FILE, the one blank that is left to the reader. Raises ValueError for an id
    outside the grammar, a rule without citation, and an INFERRED ERROR: what we only think stops nobody.
    """

    id: str
    severity: Severity
    basis: Basis
    title: str
    why: str
    citation: str
    fix: Fix
    profiles: tuple[Profile, ...]
    check: Callable[["Subject"], Checked]
    applies: Callable[["Subject"], bool] = always
    salesforce_message: str | None = None
    retrieved: date = date(2026, 11, 24)
    refused_by_makers: bool = False
    """Whether nothing is made of what fails it, though Salesforce may take it."""

    def __post_init__(self) -> None:
        if not re.fullmatch(_ID, self.id):
            raise ValueError(f"{self.id!r} is no rule id")
        if not self.citation or not self.title or not str(self.fix):
            raise ValueError(f"{self.id} needs a title, a citation and a fix")
        if self.basis is Basis.INFERRED and self.severity is Severity.ERROR:
            raise ValueError(f"{self.id}: what is only inferred cannot be an error")
