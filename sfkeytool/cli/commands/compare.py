"""``compare``: do two files hold the same certificate, the same key only, or strangers?"""

import os.path
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Offer, Question, Values, typed_values
from sfkeytool.cli.lying_here import OTHER_FILE, files_here
from sfkeytool.cli.render import BAD, BOLD, GOOD, WARNING, Line, Styled, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import Unread, named_files, should_be_readable
from sfkeytool.edge.ask import Choice
from sfkeytool.errors import SfkeytoolError, UsageError

if TYPE_CHECKING:
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.workflows.compared import Candidate, Compared, ComparedSide, Side


def _aliases(given: Sequence[str]) -> Sequence[str]:
    if len(given) > 2:
        raise UsageError("usage.alias", "--alias is given once for both sides, or twice: for A and for B")
    return given


def _others(values: Mapping[str, Any]) -> list[Choice]:
    return [choice for choice in files_here(values) if choice.value != str(values.get("left"))]


_FIELDS = (
    Field(
        "left",
        Path,
        "A file or folder.",
        metavar="A",
        required=True,
        question=Question("One file or folder:", "path", offers=files_here, other=OTHER_FILE),
    ),
    Field(
        "right",
        Path,
        "A file or folder.",
        metavar="B",
        required=True,
        question=Question("The other one:", "path", offers=_others, other=OTHER_FILE),
    ),
    Field(
        "aliases",
        list[str],
        "Which entry of a keystore; given twice, the first is for A and the second for B. [default: the one whose"
        " certificate or key the other side has]",
        ("--alias",),
        metavar="ALIAS",
        offer=Offer.NOTHING,
        convert=_aliases,
    ),
    options.OPENING_PASSWORD,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.compare import CompareRequest, compare

    request = CompareRequest.from_values(typed_values(_FIELDS, values))
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    left, right = _read_side(run, request.left), _read_side(run, request.right)
    outcome = run.with_passwords(given, lambda known: compare(left, right, known, run.now, request.aliases))
    run.warn_about(outcome)
    compared = outcome.result
    run.console.envelope(outcome.exit_code, compared)
    run.console.result(_headline(compared))
    for side in (compared.left, compared.right):
        run.console.result(_side_lines(side, run.now))
    return outcome.exit_code


def _read_side(run: Run, named: Path) -> "Side":
    from sfkeytool.workflows.compared import Side

    files: list[InputFile] = []
    unread = Unread()
    for path, walked in named_files([named], unread.add):
        try:
            files.append(run.read(path))
        except SfkeytoolError as error:
            if not walked:
                raise
            if should_be_readable(path, error):
                unread.add(error, path)
    return Side(str(named), files, walked=os.path.isdir(named), unread=tuple(unread.errors))


_RELATIONS = {"same-certificate": GOOD, "same-key": WARNING}
_STATES = {"current": GOOD, "newest-held": GOOD, "published-alike": GOOD, "rollover-announced": WARNING}
_STATES |= {"same-key": WARNING, "published-partly": WARNING}


def _headline(compared: "Compared") -> Iterator[Line]:
    """What is so, what that means, and what to do where a provider's certificate changes."""
    provider = compared.identity_provider
    if provider is UNSET:
        yield [Styled(compared.relation.replace("-", " "), _RELATIONS.get(compared.relation, BAD))]
        yield from wrapped(compared.meaning)
        return
    style = BAD if provider.issuer_matches is False else _STATES.get(provider.state, BAD)
    other = ", but another issuer" if provider.issuer_matches is False else ""
    yield [Styled(provider.state.replace("-", " ") + other, style)]
    yield from wrapped(compared.meaning)
    for number, step in enumerate(provider.next_steps, 1):
        yield from wrapped(f"{step}.", f"  {number}. ")


def _side_lines(side: "ComparedSide", now: datetime) -> Iterator[Line]:
    if side.candidates is UNSET:
        yield from _lines(side, now)
        return
    yield from ("", f"{side.origin}: {len(side.candidates)} could be meant, and it holds of each")
    for candidate in side.candidates:
        yield from _lines(candidate, now)


def _lines(one: "ComparedSide | Candidate", now: datetime) -> Iterator[Line]:
    from sfkeytool.cli.certificate_lines import certificate_lines

    yield from ("", [Styled(one.origin, BOLD)])
    if one.certificate is UNSET:
        yield f"  key SHA-256  {one.public_key_sha256}"
    else:
        yield from certificate_lines(one.certificate, one.mail_dates or (), now, "  ")


COMMAND = Command(
    (
        Example("Does the keystore hold what the app has?", "sfkeytool compare pay_api.jks pay_api.crt"),
        Example(
            "A folder with the metadata of an app",
            "sfkeytool compare pay_api/ Pay.connectedApp-meta.xml",
        ),
        Example(
            "Has the identity provider of single sign-on a new certificate?",
            "sfkeytool compare idp.xml Idp.samlssoconfig-meta.xml",
        ),
        Example("One entry of two keystores", "sfkeytool compare before.jks after.jks --alias pay_api"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("compare", "compared.Compared", exit_codes=(0, 3)),),
    place=MenuPlace(Aim.MORE, "Compare two files", "Same certificate, same key only, or strangers?", step=1),
)
