"""``renew`` and ``rotate``: the next generation of a NAME, in a folder of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Field, Offer, Question, Values, typed_values
from sfkeytool.cli.finishing import calendar_writes, new_key_password, plan_calendar, tell, warn_of_encrypted_key
from sfkeytool.cli.lying_here import generation_in
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.render import BOLD, FAINT, Line, Styled, certificate_line, command_line, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, SfkeytoolError, UsageError
from sfkeytool.model import ArtifactKind, Notice, PlannedFile
from sfkeytool.names import next_name
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.model import Outcome
    from sfkeytool.workflows.generations import Generation
    from sfkeytool.workflows.renew import RenewRequest
    from sfkeytool.workflows.renew_status import Progress

_STEPS = ("sign", "import", "repoint", "swap", "prove", "retire", "tidy")
"""Of the runbook, whose module is slow to import."""

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
_PASSWORD_UNLESS_CSR = replace(
    options.NEW_PASSWORD,
    unless=("csr", "status", "done"),
    question=replace(options.NEW_PASSWORD.question or Question(""), when=lambda values: not values.get("csr")),
)


def _execute(run: Run, values: Values) -> int:
    if values.get("status") or values.get("done") is not None:  # an empty step is none, and no wish for a renewal
        return _execute_status(run, values)
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.generations import successors
    from sfkeytool.workflows.renew import RenewInputs, renew

    request = _request(values)
    if not os.path.isdir(request.folder):
        raise InputError(
            "renew.no-folder", f"{request.folder} is no folder: there is nothing to follow", "name it: --output-dir DIR"
        )
    run.settle(request.folder)
    beside = run.settle(_parent(request.folder), request.calendar)
    in_org = names_in_org(run, values)
    new_name = request.new_name or next_name(
        request.name, run.now.date(), {*(path.name for path in _entries(beside)), *in_org}
    )
    warn_of_clash(run, values, [new_name], in_org)
    plan = run.plan_new_folder(beside / new_name)
    followers = [found.name for found in successors(request.name, _generations(_entries(beside)), run.now)]
    if followers:
        message = f"{request.name} is followed by {', '.join(followers)} already; {new_name} will be beside it"
        run.console.warn(Notice("renew.followed", message))
    calendar = plan_calendar(run, request.calendar, force=False)
    key = request.folder / f"{request.name}.key"
    inputs = RenewInputs(
        # A new key signs for itself: the old one only says which certificate is meant.
        key=run.read_found(key, named=request.new_key) if os.path.lexists(key) else None,
        certificate=run.read(request.folder / f"{request.name}.crt"),
        generation=generation_in(request.folder, request.name),
        password=run.secret(request.password, "--password", f"New password for {new_name}.jks", confirm=True)
        if request.password
        else None,
        key_password=new_key_password(run, request.key_password, f"{new_name}.key"),
    )
    outcome = run.with_passwords(
        [run.secret(source, "--input-password", "Password of the key") for source in request.input_passwords],
        lambda known: renew(request, new_name, beside / new_name, replace(inputs, input_passwords=known), run.now),
    )
    run.warn_about(outcome)
    warn_of_encrypted_key(run, outcome, beside / new_name, request.password)
    renewed = outcome.result
    told = None
    if renewed.certificate and renewed.mail_dates and renewed.proof:
        told = Told(renewed.name, renewed.certificate, renewed.mail_dates, renewed.proof)
    files = FolderWrite(plan, outcome.artifacts, outcome.record or {})
    about = [certificate_line(told.certificate)] if told is not None else []
    receipts = run.commit([files, *calendar_writes(run, calendar, told)], about)
    kind = "a new key" if request.new_key else "the same key"
    what = "a request for the CA" if request.by_ca else "a new certificate"
    heading = f"{renewed.name}, beside {request.folder}: {kind} and {what}"
    return tell(run, outcome, receipts, heading, told)


def _request(values: Values) -> "RenewRequest":
    """Of ``renew`` and ``rotate``. Raises UsageError."""
    from sfkeytool.workflows.renew import RenewRequest

    # What is asked for a keystore is not wanted where a CA signs first, and needs no password then.
    by_ca = bool(values["csr"])
    if by_ca and values["password"] not in (None, "env:SFKEYTOOL_PASSWORD"):
        raise UsageError("usage.password", "--csr makes no keystore yet, so there is no --password", "give it to wrap")
    typed = typed_values(RENEW.fields, {"new_key": True, **values, "password": None if by_ca else values["password"]})
    request = RenewRequest.from_values(typed | {"folder": _folder(typed)})
    if request.new_name == request.name:
        message = f"--as {request.new_name} is the generation that there is; the next one has another name"
        raise UsageError("usage.as", message)
    if request.bits and not request.new_key:
        raise UsageError("usage.key-size", "--key-size is for a new key; a renewal keeps the old one", "add --new-key")
    if by_ca and request.calendar:
        raise UsageError("usage.ics", "--ics needs the certificate, which the CA has yet to make", "give it to wrap")
    return request


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
    folders = {path.name: path for path in _entries(_parent(request.folder)) if os.path.isdir(path)}

    def look() -> "Outcome[Progress]":
        generations = _generations(folders.values())
        keystores = {one.name for one in generations if os.path.lexists(folders[one.name] / f"{one.name}.jks")}
        names = [request.name, *(found.name for found in successors(request.name, generations, run.now))]
        places = folders | {request.name: request.folder}
        certificates = {name: facts for name in names if (facts := _certificate_in(run, places[name], name))}
        return status(request.name, request.new_name, generations, keystores, certificates, run.now)

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


def _parent(folder: Path) -> Path:
    return folder.parent if folder.name not in ("", "..") else Path(os.path.realpath(folder)).parent


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(
            "renew.no-folder", f"{folder}, where generations lie, cannot be listed ({error.strerror})"
        ) from None


def _generations(folders: "Iterable[Path]") -> "list[Generation]":
    return [found for folder in folders if (found := generation_in(folder, folder.name))]


def _certificate_in(run: Run, folder: Path, name: str) -> "CertificateFacts | None":
    """What the certificate itself tells, on whose word more is done than on a receipt's."""
    from sfkeytool.crypto.certificates import describe_certificate
    from sfkeytool.keystores.contents import parse_contents
    from sfkeytool.keystores.leaves import only_leaf

    try:
        file = run.read(folder / f"{name}.crt")
        contents = parse_contents(file, (), load_keys=False)
        found = only_leaf(contents.certificates, file.label, contents.unreadable)
    except SfkeytoolError:
        return None
    return describe_certificate(found.certificate)


_ANSWERS = (
    Answer("renew", "renew.Renewed", publishes=True, next_steps=True),
    Answer("renew-status", "renew_status.Progress"),
)
_FIELDS = (
    OLD_NAME,
    CSR,
    AS_NAME,
    _DAYS,
    PURPOSE,
    _PASSWORD_UNLESS_CSR,
    options.INPUT_PASSWORD,
    _KEY_PASSWORD,
    replace(options.CALENDAR, into="calendar"),
    OLD_FOLDER,
    options.DRY_RUN,
    STATUS,
    DONE,
    replace(NAME_CLASH_ORG, help="Choose a name that this org's CKM does not have: an alias of the Salesforce CLI."),
)
_KEY_SIZE = replace(options.KEY_SIZE, help="Bits of the new key. [default: as before]", question=None, preset_when=None)

RENEW = Command(
    (
        Example(
            "A new certificate for the same key, and a runbook",
            "sfkeytool renew pay_api --password generate",
        ),
        Example("A request, where a CA signs", "sfkeytool renew pay_api --csr"),
        Example("What is next", "sfkeytool renew pay_api --status"),
        Example("What was done by hand", "sfkeytool renew pay_api --done swap"),
    ),
    (*_FIELDS, NEW_KEY, _KEY_SIZE),
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
    (*_FIELDS, _KEY_SIZE),
    _execute,
    answers=_ANSWERS,
    place=MenuPlace(
        Aim.EXPIRES, "Replace it, with a new key", "By policy, or after a leak; the client has to switch keys.", step=1
    ),
)
