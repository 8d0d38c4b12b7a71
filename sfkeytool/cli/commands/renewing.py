"""``reminder``, ``renew`` and ``rotate``: what keeps a certificate from expiring unseen, or at all."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.commands.making import (
    DAYS,
    finish_in_folder,
    folder_of,
    plan_calendar,
    tell,
    warn_of_encrypted_key,
    warn_of_stale_password,
)
from sfkeytool.cli.fields import Field, Question, Values, existing_path
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, UsageError
from sfkeytool.model import ArtifactKind, Notice, PlannedFile
from sfkeytool.names import app_name, next_name, reminder_name
from sfkeytool.passwords import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sfkeytool.workflows.generations import Generation
    from sfkeytool.workflows.requests import RenewRequest

WORDS = Field(
    "words",
    list[str],
    "The certificate's file (.crt, a metadata file, …), and before it, if wanted, the reminder's NAME"
    " [default: the file's own with _expiry_only].",
    metavar="[NAME] CERT",
    required=True,
    question=Question("File with the certificate to be reminded of:", check=existing_path),
)
NEW_KEY = Field("new_key", bool, "Make a new key, as rotate does.", ("--new-key",))
CSR = Field(
    "csr",
    bool,
    "Make a request for a CA; `wrap` in the new folder makes the keystore from its answer.",
    ("--csr",),
    question=Question("Is a CA to sign the new certificate?", "confirm", menu_only=True),
)
AS_NAME = Field("as_name", str, "NAME of the next generation. [default: NAME_YYYYMM]", ("--as",), metavar="NAME2")
STATUS = Field("status", bool, "Tell from the receipts which step of the runbook is next.", ("--status",))
DONE = Field("done", str, "Note in the receipt that a step of the runbook is done.", ("--done",), metavar="STEP")
PURPOSE = replace(options.PURPOSE, default=None, help="What the pair is for. [default: as before]", question=None)
OLD_NAME = replace(
    options.NAME,
    help="The NAME that is to be followed; its folder stays as it is.",
    question=replace(options.NAME.question or Question(""), text="Name of the certificate to be followed:"),
)
OLD_FOLDER = replace(options.OUTPUT_DIR, help="The folder of NAME; the new one is made beside it. [default: ./NAME]")
_KEY_PASSWORD = replace(
    options.KEY_PASSWORD,
    help=(options.KEY_PASSWORD.help.partition(" [default")[0])
    + " [default: $SFKEYTOOL_KEY_PASSWORD; else a renewed key stays as it was, and a new one is not encrypted]",
)
_PASSWORD_UNLESS_CSR = replace(
    options.NEW_PASSWORD,
    unless=("csr", "status", "done"),
    question=replace(options.NEW_PASSWORD.question or Question(""), when=lambda values: not values.get("csr")),
)


def _execute_reminder(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_reminder_request
    from sfkeytool.workflows.reminder import INFERRED, ReminderInputs, reminder

    request = build_reminder_request(values)
    name = request.name or reminder_name(app_name(request.certificate.name.partition(".")[0]))
    folder = folder_of(name, request.output_dir)
    files = [
        PlannedFile(f"{name}.jks", ArtifactKind.KEYSTORE),
        PlannedFile(f"{name}.json", ArtifactKind.RECEIPT),
    ]
    if request.password.kind is SourceKind.GENERATE:
        files.append(PlannedFile(f"{name}.jks.password", ArtifactKind.KEYSTORE_PASSWORD))
    plan = run.plan(folder, files, force=request.force, inputs=[request.certificate])
    calendar = plan_calendar(run, values["ics"], force=request.force)
    warn_of_stale_password(run, name, folder, request.password)
    certificate = run.read(request.certificate)
    password = run.secret(request.password, "--password", f"New password for {name}.jks", confirm=True)
    outcome = reminder(request, name, ReminderInputs(certificate, password), run.now)
    run.console.say(INFERRED)
    run.console.say("")
    return finish_in_folder(
        run,
        plan,
        outcome,
        heading=lambda facts: f"{facts['name']}: expires with {facts['remindsOf']['subject'] or '(no subject)'}",
        calendar=calendar,
    )


def _execute_renew(run: Run, values: Values) -> int:
    if values.get("status") or values.get("done"):
        return _execute_status(run, values)
    from sfkeytool.cli.building import build_renew_request
    from sfkeytool.workflows.generations import successors
    from sfkeytool.workflows.renew import RenewInputs, renew

    request = build_renew_request(values)
    if not os.path.isdir(request.folder):
        raise InputError(
            "renew.no-folder", f"{request.folder} is no folder: there is nothing to follow", "name it: --output-dir DIR"
        )
    beside = _parent(request.folder)
    in_org = names_in_org(run, values)
    new_name = request.new_name or next_name(request.name, run.now.date(), {*_names_in(beside), *in_org})
    warn_of_clash(run, values, [new_name], in_org)
    plan = run.plan_new_folder(beside / new_name)
    followers = [found.name for found in successors(request.name, _generations(beside.iterdir()))]
    if followers:
        message = f"{request.name} is followed by {', '.join(followers)} already; {new_name} will be beside it"
        run.console.warn(Notice("renew.followed", message))
    calendar = plan_calendar(run, request.calendar, force=False)
    key = request.folder / f"{request.name}.key"
    inputs = RenewInputs(
        key=run.read(key) if os.path.lexists(key) else None,
        certificate=run.read(request.folder / f"{request.name}.crt"),
        generation=generation_in(request.folder, request.name),
        password=run.secret(request.password, "--password", f"New password for {new_name}.jks", confirm=True)
        if request.password
        else None,
        key_password=run.secret(
            request.key_password, "--key-password", f"New password for {new_name}.key", confirm=True
        )
        if request.key_password
        else None,
    )
    outcome = run.with_passwords(
        [run.secret(source, "--input-password", "Password of the key") for source in request.input_passwords],
        lambda known: renew(request, new_name, replace(inputs, input_passwords=known), run.now),
    )
    run.warn_about(outcome)
    warn_of_encrypted_key(run, outcome, beside / new_name, request.password)
    receipt = run.commit_new_folder(plan, outcome.artifacts, (f"{new_name}.json", outcome.record or {}))
    return tell(run, outcome, [receipt], lambda facts: _heading(request, facts), calendar=calendar)


def _heading(request: "RenewRequest", facts: Any) -> str:
    key = "a new key" if request.new_key else "the same key"
    what = "a request for the CA" if request.by_ca else "a new certificate"
    return f"{facts['name']}: {key} and {what}; {request.folder} is as it was"


def _execute_status(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_renew_status_request
    from sfkeytool.workflows.renew import status

    request = build_renew_status_request(values)
    folders = {path.name: path for path in sorted(_parent(request.folder).iterdir()) if path.is_dir()}

    def look() -> dict[str, Any]:
        generations = _generations(folders.values())
        files = {found.name: _names_in(folders[found.name]) for found in generations}
        return status(request.name, request.new_name, generations, files, run.now)

    facts = look()
    if request.done:
        _note_done(run, folders[facts["name"]], facts, request.done)
        facts = look()
    run.console.envelope(0, facts)
    run.console.heading(f"{facts['follows']} → {facts['name']}")
    run.console.result([f"  {facts['follows']} expires on {facts['oldNotAfter']}: {facts['oldDaysLeft']} days left"])
    for step in facts["steps"]:
        mark = {"done": "x", "next": ">", "later": " "}[step["state"]]
        run.console.result([f"  [{mark}] {step['id']:<8}  {step['title']}"])
        if step["evidence"]:
            run.console.result([f"                {step['evidence']}"])
        if step["state"] == "next":
            for text in step["do"]:
                run.console.result(f"                {line}" for line in text.values() if line)
    run.console.say(f"What was done by hand is noted with: sfkeytool renew {request.name} --done STEP")
    return 0


def _note_done(run: Run, folder: Path, facts: Any, step: str) -> None:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.package import receipt_record

    known = [found["id"] for found in facts["steps"]]
    if step not in known:
        raise UsageError("usage.done", f"{step!r} is no step; there are {', '.join(known)}")
    plan = run.plan(folder, [PlannedFile(f"{facts['name']}.json", ArtifactKind.RECEIPT)], force=False)
    run.commit([FolderWrite(plan, (), receipt_record("renew", run.now, (), name=facts["name"], stepDone=step))])


def _parent(folder: Path) -> Path:
    return folder.parent if folder.name not in ("", "..") else Path(os.path.realpath(folder)).parent


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _generations(folders: "Iterable[Path]") -> "list[Generation]":
    return [found for folder in folders if (found := generation_in(folder, folder.name))]


def generation_in(folder: Path, name: str) -> "Generation | None":
    """What the receipt in a folder tells; None without one, or with a damaged one, on whose word nothing is done."""
    from sfkeytool.edge.receipts import read_records
    from sfkeytool.workflows.generations import Generation

    path = folder / f"{name}.json"
    receipt = read_records(path) if os.path.isfile(path) else None
    records: Sequence[Any] = receipt["records"] if receipt else ()
    return Generation(name, tuple(records)) if records else None


REMINDER = Command(
    (
        "sfkeytool reminder pay_api/pay_api.crt --password generate",
        "sfkeytool reminder pay_expiry pay.connectedApp-meta.xml --password generate",
    ),
    (WORDS, options.NEW_PASSWORD, options.CALENDAR, options.OUTPUT_DIR, options.FORCE),
    _execute_reminder,
    details=(
        "That CKM mails about imported pairs is inferred, not documented. To see it, import a reminder of a certificate"
        " that expires in 61 days: the first mail should come a day later, give or take one."
    ),
    place=MenuPlace(Road.REMINDER, "Make a reminder of a certificate"),
)
_RENEW_FIELDS = (
    OLD_NAME,
    CSR,
    AS_NAME,
    DAYS,
    PURPOSE,
    _PASSWORD_UNLESS_CSR,
    options.INPUT_PASSWORD,
    _KEY_PASSWORD,
    options.CALENDAR,
    OLD_FOLDER,
    STATUS,
    DONE,
    replace(
        NAME_CLASH_ORG, help="Choose a name that this org's CKM does not have yet; an alias of the Salesforce CLI."
    ),
)
_KEY_SIZE = replace(options.KEY_SIZE, help="Bits of the new key. [default: as before]", question=None)

RENEW = Command(
    (
        "sfkeytool renew pay_api --password generate",
        "sfkeytool renew pay_api --csr",
        "sfkeytool renew pay_api --status",
        "sfkeytool renew pay_api --done swap",
    ),
    (*_RENEW_FIELDS, NEW_KEY, _KEY_SIZE),
    _execute_renew,
    place=MenuPlace(Road.OUTSIDE, "Renew a certificate that is about to expire (same key)"),
)
ROTATE = Command(
    (
        "sfkeytool rotate pay_api --password generate",
        "sfkeytool rotate pay_api --key-size 4096 --password env:JKS_PASSWORD --json",
    ),
    (*_RENEW_FIELDS, _KEY_SIZE),
    lambda run, values: _execute_renew(run, {**values, "new_key": True}),
    place=MenuPlace(Road.OUTSIDE, "Rotate a key (new key)"),
)
