"""The road of the audit in a guided run: where to look, what to write, whom to tell."""

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from sfkeytool.cli.fields import Field, Question
from sfkeytool.cli.org_access import org_rows
from sfkeytool.edge.ask import Choice, shortened
from sfkeytool.errors import UsageError

_PAGE, _CALENDAR, _STATE = "certificates.html", "certificates.ics", "audit-state.json"
_MOST_ROWS = 8
"""Orgs in a list: our own bound, so that it fits a window."""
_LONGEST_PATH = 44


def with_questions(fields: Sequence[Field]) -> tuple[Field, ...]:
    """These fields, those of the road with their questions; the order of the fields is that of the questions."""
    return tuple(replace(field, **_ASKED.get(field.name, {})) for field in fields)


def _places(_: Mapping[str, Any]) -> list[Choice]:
    """What lies here."""
    from sfkeytool.cli.sfdx_project import project_around

    here = Path.cwd()
    rows = [Choice(".", "This folder, and all below it", shortened(str(here), _LONGEST_PATH))]
    project = project_around(here)
    if project is not None and project != here:
        rows.append(Choice(str(project), "The sfdx project around it", shortened(str(project), _LONGEST_PATH)))
    return [*rows, Choice("", "No folder: an org alone")]


def _org_rows(values: Mapping[str, Any]) -> list[Choice]:
    orgs = org_rows()
    none = [Choice("", "No org")] if values.get("paths") else []
    every = [Choice(" ".join(org.value for org in orgs), f"All {len(orgs)} of them")] if len(orgs) > 1 else []
    return [*none, *orgs[:_MOST_ROWS], *every]


def _check_orgs(answer: str) -> None:
    from sfkeytool.salesforce.cli_bridge import parse_alias

    if not answer:
        raise UsageError("usage.missing", "an alias of the Salesforce CLI is wanted; `sf org list` has them")
    for alias in answer.split():
        parse_alias(alias, "--target-org")


def _number(answer: str) -> int:
    if not (answer.isascii() and answer.isdigit()):
        raise UsageError("usage.within", "it is a number of days, as 30")
    return int(answer[:9])


def _check_parent(answer: str) -> None:
    if not answer:
        raise UsageError("usage.missing", "a name for the file is wanted")
    if not os.path.isdir(Path(answer).parent):
        raise UsageError("usage.no-such-file", "there is no such folder")


def _some_source(answer: str) -> None:
    if not answer:
        raise UsageError("usage.missing", "env:NAME or file:PATH is wanted")


def _has_display(values: Mapping[str, Any]) -> bool:
    from sfkeytool.edge.browser import has_display

    return bool(values.get("html")) and has_display(os.environ)


_ASKED: dict[str, dict[str, Any]] = {
    "paths": {
        "question": Question("What is to be looked through?", "paths", offers=_places, other="Another folder or file …")
    },
    "target_org": {
        "question": Question(
            "Which org? (It is read, never changed.)",
            check=_check_orgs,
            menu_only=True,
            offers=_org_rows,
            other="Another org, or several …",
        )
    },
    "within": {
        "parse": _number,
        "question": Question("Due within how many days? (Enter: 60, less for a short life)", menu_only=True),
    },
    "html": {
        "question": Question(
            "What is to be written?",
            check=_check_parent,
            menu_only=True,
            offers=lambda _: (
                Choice("", "Nothing: the screen is enough"),
                Choice(_PAGE, f"A page for the browser, {_PAGE}"),
            ),
            other="A page in another place …",
        )
    },
    "open_page": {"question": Question("Open it in the browser?", "confirm", menu_only=True, when=_has_display)},
    "ics": {
        "question": Question(
            "Calendar entries too?",
            check=_check_parent,
            menu_only=True,
            when=lambda _: find_spec("icalendar") is not None,
            offers=lambda _: (Choice("", "No"), Choice(_CALENDAR, f"Yes, {_CALENDAR}")),
            other="Yes, in another place …",
        )
    },
    "notify": {
        "question": Question(
            "Who is to be told what is due?",
            check=_some_source,
            menu_only=True,
            when=lambda _: find_spec("apprise") is not None,
            offers=lambda _: (
                Choice("", "Nobody"),
                Choice("prompt", "An address that I type now", "mailto://…, slack://…, msteams://…; not shown"),
            ),
            other="An address from env:NAME or file:PATH …",
        )
    },
    "state": {
        "question": Question(
            "How often is each told?",
            check=_check_parent,
            menu_only=True,
            when=lambda values: bool(values.get("notify")),
            offers=lambda _: (
                Choice(_STATE, f"Once: what was told is kept in {_STATE}"),
                Choice("", "Each time that this runs"),
            ),
            other="Once, kept in another file …",
        )
    },
}
