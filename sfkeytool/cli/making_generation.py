"""The next generation of a NAME, from its files to those of a folder beside."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Values
from sfkeytool.cli.finishing import (
    calendar_writes,
    new_key_password,
    new_keystore_password,
    plan_calendar,
    warn_of_encrypted_key,
)
from sfkeytool.cli.generation_folders import certificates_in, entries, generations, parent
from sfkeytool.cli.lying_here import generation_in
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.render import certificate_line, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError
from sfkeytool.model import KeystoreFormat, Notice
from sfkeytool.names import next_name

if TYPE_CHECKING:
    from sfkeytool.model import Outcome, Receipt
    from sfkeytool.workflows.renew import Renewed, RenewRequest


class MadeGeneration(Struct, frozen=True):
    """What a run made, once it is on disk, and how it is told."""

    outcome: "Outcome[Renewed]"
    receipts: "tuple[Receipt, ...]"
    heading: str
    told: Told | None


def when_due(run: Run, request: "RenewRequest", within_days: int | None) -> "RenewRequest | None":
    """The same request, about the generation that is to be followed; None, which is told, where none is due yet."""
    if within_days is None:
        return request
    from sfkeytool.workflows.due import Due, judge_due
    from sfkeytool.workflows.generations import successors

    _require_folder(request)
    run.settle(request.folder)
    beside = run.settle(parent(request.folder))
    folders = {path.name: path for path in entries(beside) if os.path.isdir(path)}
    found = generations(folders.values())
    folders = {one.name: folders[one.name] for one in successors(request.name, found, run.now)}
    folders[request.name] = request.folder
    judged = judge_due(request.name, found, certificates_in(run, folders), within_days, run.now)
    if isinstance(judged, Due):
        if judged.name != request.name:
            run.console.say(f"{judged.name} is followed, the latest generation of {request.name}.")
        return replace(request, name=judged.name, folder=folders[judged.name])
    run.console.envelope(0, judged)
    line = f"{judged.latest} waits for the CA's answer: nothing is made."
    if judged.not_after is not None:
        line = (
            f"Not due: {judged.latest} is valid until {judged.not_after.date()}, {judged.days_left} days from now, and"
            f" was to be followed within {within_days}."
        )
    run.console.result(wrapped(line))
    run.console.answer([])
    return None


def make_generation(run: Run, values: Values, request: "RenewRequest", *, agreed: bool = False) -> MadeGeneration:
    """Make it and write it, ``agreed`` to or not. Raises our errors; then nothing was written."""
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.generations import successors
    from sfkeytool.workflows.renew import RenewInputs, renew

    _require_folder(request)
    run.settle(request.folder)
    beside = run.settle(parent(request.folder), request.calendar)
    in_org = names_in_org(run, values)
    new_name = request.new_name or free_generation_name(run, request, beside, in_org)
    warn_of_clash(run, values, [new_name], in_org)
    plan = run.plan_new_folder(beside / new_name)
    followers = [found.name for found in successors(request.name, generations(entries(beside)), run.now)]
    if followers:
        message = f"{request.name} is followed by {', '.join(followers)} already; {new_name} will be beside it"
        run.console.warn(Notice("renew.followed", message))
    calendar = plan_calendar(run, request.calendar, force=False)
    key = request.folder / f"{request.name}.key"
    before = generation_in(request.folder, request.name)
    format = request.format_after(before)
    if request.format is None and format is not KeystoreFormat.JKS:
        run.console.say(f"{request.name} was made as {format.upper()}, and so is {new_name}: --format jks makes a JKS.")
    inputs = RenewInputs(
        # A new key signs for itself: the old one only says which certificate is meant.
        key=run.read_found(key, named=request.new_key) if os.path.lexists(key) else None,
        certificate=run.read(request.folder / f"{request.name}.crt"),
        generation=before,
        password=new_keystore_password(run, request.password, new_name, format) if request.password else None,
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
    receipts = run.commit([files, *calendar_writes(run, calendar, told)], about, agreed=agreed)
    kind = "a new key" if request.new_key else "the same key"
    what = "a request for the CA" if request.by_ca else "a new certificate"
    heading = f"{renewed.name}, beside {request.folder}: {kind} and {what}"
    return MadeGeneration(outcome, receipts, heading, told)


def free_generation_name(run: Run, request: "RenewRequest", beside: Path, in_org: "set[str] | frozenset[str]") -> str:
    """NAME_YYYYMM, which neither a folder ``beside`` nor the org has."""
    return next_name(request.name, run.now.date(), {*(path.name for path in entries(beside)), *in_org})


def _require_folder(request: "RenewRequest") -> None:
    if not os.path.isdir(request.folder):
        raise InputError(
            "renew.no-folder", f"{request.folder} is no folder: there is nothing to follow", "name it: --output-dir DIR"
        )
