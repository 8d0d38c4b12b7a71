"""``renew`` and ``rotate``: the next generation of a NAME, in a folder of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.carrying_out import fields as carry_out_fields
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Offer, Question, Values, typed_values
from sfkeytool.cli.finishing import tell
from sfkeytool.cli.generation_folders import certificates_in, entries, generations, parent
from sfkeytool.cli.making_generation import make_generation, when_due
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.render import BOLD, FAINT, Line, Styled, command_line, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.edge.own_keystore import own_keystores
from sfkeytool.errors import UsageError
from sfkeytool.model import ArtifactKind, PlannedFile
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sfkeytool.model import Outcome
    from sfkeytool.workflows.renew import RenewRequest
    from sfkeytool.workflows.renew_status import Progress

_STEPS = ("sign", "import", "repoint", "swap", "prove", "retire", "tidy")
"""Of the runbook, whose module is slow to import."""


def _within_days(given: int) -> int:
    if given < 0:
        raise UsageError("usage.within", f"--if-within {given}: days are 0 or more")
    return given


NEW_KEY = Field("new_key", bool, "Make a new key, as rotate does.", ("--new-key",))
CSR = Field(
    "csr",
    bool,
    "Make a request for a CA; `wrap` makes the keystore from its answer.",
    ("--csr",),
    question=Question("Is a CA to sign the new certificate?", "confirm", menu_only=True),
)
AS_NAME = Field(
    "as_name",
    str,
    "NAME of the next generation. [default: NAME_YYYYMM]",
    ("--as",),
    metavar="NAME2",
    offer=Offer.NOTHING,
    convert=options.other_unique_name,
    into="new_name",
)
STATUS = Field("status", bool, "Tell which step of the runbook is next.", ("--status",))
DONE = Field("done", str, "Note that a step of the runbook is done.", ("--done",), metavar="STEP", offer=_STEPS)
IF_WITHIN = Field(
    "if_within",
    int,
    "Do it only if the latest generation of NAME expires within so many days; else all is well, and exit 0.",
    ("--if-within",),
    metavar="DAYS",
    convert=_within_days,
    into="within_days",
)
PURPOSE = replace(options.PURPOSE, default=None, help="What the pair is for. [default: as before]", question=None)
OLD_NAME = replace(
    options.NAME,
    help="The certificate that is to be followed; its folder stays as it is.",
    question=replace(options.MADE_NAME.question or Question(""), text="Name of the certificate to be followed:"),
)
OLD_FOLDER = replace(options.OUTPUT_DIR, help="Folder of NAME; the new one is made beside it. [default: ./NAME]")
_KEY_PASSWORD = replace(
    options.KEY_PASSWORD,
    help=(options.KEY_PASSWORD.help.partition(" [default")[0])
    + " [default: $SFKEYTOOL_KEY_PASSWORD; else a renewed key stays as it was, and a new one is not encrypted]",
)
_DAYS = replace(
    options.DAYS,
    question=replace(options.DAYS.question or Question(""), when=lambda values: not values.get("csr")),
)
_FORMAT = replace(options.FORMAT, default=None, help=f"{options.FORMAT.help} [default: as before]")
_PASSWORD_UNLESS_CSR = replace(
    options.NEW_PASSWORD,
    unless=("csr", "status", "done", "carry_out"),
    question=replace(options.NEW_PASSWORD.question or Question(""), when=lambda values: not values.get("csr")),
)


def _execute(run: Run, values: Values) -> int:
    carry_out_fields.require_carry_out(values)
    if values.get("status") or values.get("done") is not None:  # an empty step is none, and no wish for a renewal
        return _execute_status(run, values)
    request = _request(values)
    if values["carry_out"]:
        from sfkeytool.cli.carrying_out.conducting import carry_out_change

        return carry_out_change(run, values, request, _line(values, is_new=request.new_key))
    request_due = when_due(run, request, values["if_within"])
    if request_due is None:
        return 0
    made = make_generation(run, values, request_due)
    outcome = made.outcome
    if values["if_within"] is not None:
        outcome = replace(outcome, result=replace(outcome.result, due=True))
    return tell(run, outcome, made.receipts, made.heading, made.told)


def _request(values: Values) -> "RenewRequest":
    """Of ``renew`` and ``rotate``. Raises UsageError."""
    from sfkeytool.workflows.renew import RenewRequest

    if values["carry_out"] and values["password"] is None:
        values = values | {"password": "generate"}  # for a keystore that is deleted once it was imported
    # What is asked for a keystore is not wanted where a CA signs first, and needs no password then.
    by_ca = bool(values["csr"])
    if by_ca and values["password"] not in (None, "env:SFKEYTOOL_PASSWORD"):
        raise UsageError("usage.password", "--csr makes no keystore yet, so there is no --password", "give it to wrap")
    if by_ca and values["format"] is not None:
        raise UsageError("usage.format", "--csr makes no keystore yet, so there is no --format", "give it to wrap")
    fields = [field for field in RENEW.fields if field not in carry_out_fields.OF_RENEWAL]  # rotate has none of them
    typed = typed_values(fields, {"new_key": True, **values, "password": None if by_ca else values["password"]})
    request = RenewRequest.from_values(typed | {"folder": _folder(typed)})
    if request.new_name == request.name:
        message = f"--as {request.new_name} is the generation that there is; the next one has another name"
        raise UsageError("usage.as", message)
    if request.bits and not request.new_key:
        raise UsageError("usage.key-size", "--key-size is for a new key; a renewal keeps the old one", "add --new-key")
    if by_ca and request.calendar:
        raise UsageError("usage.ics", "--ics needs the certificate, which the CA has yet to make", "give it to wrap")
    return request


def _line(values: Values, *, is_new: bool | None) -> str:
    """The command line with these values."""
    from sfkeytool.cli.fields import command_line as words_of

    is_rotation = is_new if is_new is not None else "second_app" in values
    name, fields = ("rotate", ROTATE.fields) if is_rotation else ("renew", RENEW.fields)
    return shell_line(["sfkeytool", *words_of(name, fields, values)])


def _folder(typed: "Mapping[str, Any]") -> Path:
    """That of NAME, which is followed."""
    folder: Path | None = typed["output_dir"]
    return folder or Path(typed["name"])


def _execute_status(run: Run, values: Values) -> int:
    from sfkeytool.workflows.generations import successors
    from sfkeytool.workflows.renew_status import RenewStatusRequest, status
    from sfkeytool.workflows.runbook import StepState

    typed = typed_values(_FIELDS, values)
    request = RenewStatusRequest.from_values(typed | {"folder": _folder(typed)})
    run.settle(request.folder)
    if request.done is None:
        from sfkeytool.cli.carrying_out.conducting import tell_status

        def line(began: "Values") -> str:
            return _line({**values, "status": False, "carry_out": True, **began}, is_new=not began["same_key"])

        if tell_status(run, values, request.name, request.folder, request.new_name, line):
            return 0
    folders = {path.name: path for path in entries(parent(request.folder)) if os.path.isdir(path)}

    def look() -> "Outcome[Progress]":
        found = generations(folders.values())
        keystores = {one.name for one in found if own_keystores(folders[one.name], one.name)}
        places = {one.name: folders[one.name] for one in successors(request.name, found, run.now)}
        certificates = certificates_in(run, places | {request.name: request.folder})
        return status(request.name, request.new_name, found, keystores, certificates, run.now)

    outcome = look()
    if request.done is not None:
        _note_done(run, folders[outcome.result.name], outcome.result, request.done)
        outcome = look()
    run.warn_about(outcome)
    found = outcome.result
    run.console.envelope(0, found)
    run.console.heading(f"{found.follows} → {found.name}")
    run.console.result(_status_lines(found))
    run.console.say("What was done by hand is noted with:")
    run.console.say("  " + shell_line(["sfkeytool", "renew", request.name, "--done", "STEP"]))
    if request.done is None:
        run.console.answer([step.id for step in found.steps if step.state is StepState.NEXT])
    return 0


def _status_lines(found: "Progress") -> "Iterator[Line]":
    from sfkeytool.workflows.runbook import StepState

    marks = {StepState.DONE: ("x", FAINT), StepState.NEXT: (">", BOLD), StepState.LATER: (" ", "")}
    yield f"  {found.follows} expires on {found.old_not_after}: {found.old_days_left} days left"
    for step in found.steps:
        mark, style = marks[step.state]
        yield [f"  [{mark}] {step.id:<8}  ", Styled(step.title, style)]
        if step.evidence:
            yield from wrapped(step.evidence, " " * 8)
        for text in step.do if step.state is StepState.NEXT else ():
            yield from wrapped(text.text.replace("`", ""), " " * 8)
            if text.command:
                yield command_line(text.command, " " * 8)


def _note_done(run: Run, folder: Path, progress: "Progress", step: str) -> None:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.receipts import receipt_record
    from sfkeytool.workflows.renew_status import StepDone

    known = [found.id for found in progress.steps]
    if step not in known:
        raise UsageError("usage.done", f"{step!r} is no step; there are {', '.join(known)}")
    plan = run.plan(folder, PlannedFile.of(progress.name, ArtifactKind.RECEIPT), force=False)
    record = receipt_record("renew", run.now, (), StepDone(name=progress.name, step_done=step))
    run.commit([FolderWrite(plan, (), record)])


_ANSWERS = (
    Answer("renew", "renew.Renewed", publishes=True, next_steps=True),
    Answer("renew-status", "renew_status.Progress"),
    Answer("renew-not-due", "due.NotDue"),
    Answer("carry-out", "carry_out.told.CarriedOut"),
)
_FIELDS = (
    OLD_NAME,
    CSR,
    AS_NAME,
    _DAYS,
    PURPOSE,
    _PASSWORD_UNLESS_CSR,
    _FORMAT,
    options.INPUT_PASSWORD,
    _KEY_PASSWORD,
    replace(options.CALENDAR, into="calendar"),
    OLD_FOLDER,
    options.DRY_RUN,
    IF_WITHIN,
    STATUS,
    DONE,
    replace(
        NAME_CLASH_ORG,
        help="Choose a name that this org's CKM does not have; with --carry-out the org that is changed: an alias of"
        " the Salesforce CLI.",
    ),
    *carry_out_fields.FIELDS,
)
_KEY_SIZE = replace(options.KEY_SIZE, help="Bits of the new key. [default: as before]", question=None, preset_when=None)

RENEW = Command(
    (
        Example(
            "A new certificate for the same key, and a runbook",
            "sfkeytool renew pay_api --password generate",
        ),
        Example("A request, where a CA signs", "sfkeytool renew pay_api --csr"),
        Example(
            "Every day, from a scheduler: only if it ends within 30 days",
            "sfkeytool renew pay --if-within 30 --password generate",
        ),
        Example(
            "The runbook carried out and proved, in a sandbox first",
            "sfkeytool renew pay --carry-out -o uat --app Pay_API",
        ),
    ),
    (*_FIELDS, *carry_out_fields.OF_RENEWAL, NEW_KEY, _KEY_SIZE),
    _execute,
    answers=_ANSWERS,
    place=MenuPlace(
        Aim.EXPIRES, "Renew it, with the same key", "Clients keep their key; a new certificate in a folder beside."
    ),
)
ROTATE = Command(
    (
        Example("A new key and certificate, and a runbook", "sfkeytool rotate pay_api --password generate"),
        Example("A larger key, in a script", "sfkeytool rotate pay --key-size 4096 --password env:PW"),
    ),
    (*_FIELDS, _KEY_SIZE, *carry_out_fields.OF_ROTATION),
    _execute,
    answers=_ANSWERS,
    place=MenuPlace(
        Aim.EXPIRES, "Replace it, with a new key", "By policy, or after a leak; the client has to switch keys.", step=1
    ),
)
