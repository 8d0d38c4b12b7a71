"""What a person reads of the conditions of an import."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sfkeytool.cli.render import BAD, GOOD, WARNING, Line, labelled, wrapped
from sfkeytool.model import Notice

if TYPE_CHECKING:
    from sfkeytool.cli.render import Console
    from sfkeytool.workflows.ckm_import.preflight import Condition

_LABELS = {"met": ("ok", GOOD), "unmet": ("NO", BAD), "unsure": ("?", WARNING)}


def condition_lines(conditions: "Iterable[Condition]") -> Iterator[Line]:
    """Each, and below it who can change what is not met."""
    for condition in conditions:
        label, style = _LABELS[condition.state]
        yield from labelled(label, style, condition.message, 4)
        if condition.who is not None:
            yield from wrapped(f"who can change it: {condition.who}", " " * 6, hang=8)


def warn_of(console: "Console", conditions: "Iterable[Condition]") -> None:
    """Those that are not met, or may not be."""
    for condition in conditions:
        who = f" (who can change it: {condition.who})" if condition.who else ""
        console.warn(Notice(condition.code, f"{condition.message}{who}"))
