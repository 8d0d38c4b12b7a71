"""``self-signed`` and ``csr``: the commands that make a key."""

import os.path
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Values
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.render import certificate_line, files_facts, files_lines, mails_line
from sfkeytool.cli.report_files import plan_report
from sfkeytool.cli.run import Run
from sfkeytool.model import Artifact, ArtifactKind, Notice, PlannedFile
from sfkeytool.passwords import SourceKind
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sfkeytool.model import Outcome, Receipt
    from sfkeytool.passwords import Source
    from sfkeytool.workflows.requests import CsrRequest, KeyRequest, SelfSignedRequest


DAYS = Field("days", int, "Days that the certificate is valid, 1 to 3650.", ("--days",), metavar="N", default=365)

_KEY_FIELDS = (options.KEY_SIZE, options.KEY_FILE, options.KEY_PASSWORD, options.INPUT_PASSWORD)
_PLACE_FIELDS = (options.OUTPUT_DIR, options.FORCE)


def _execute_self_signed(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_self_signed_request
    from sfkeytool.workflows.self_signed import SelfSignedInputs, self_signed

    request = build_self_signed_request(values)
    folder = folder_of(request.name, request.output_dir)
    files = [
        PlannedFile(f"{request.name}.jks", ArtifactKind.KEYSTORE),
        PlannedFile(f"{request.name}.crt", ArtifactKind.CERTIFICATE),
    ]
    if request.password.kind is SourceKind.GENERATE:
        files.append(PlannedFile(f"{request.name}.jks.password", ArtifactKind.KEYSTORE_PASSWORD))
    plan = _plan(run, request, folder, files)
    calendar = plan_calendar(run, values["ics"], force=request.force)
    say_name(run, values["name"], request.name)
    warn_of_stale_password(run, request.name, folder, request.password)
    warn_of_clash(run, values, [request.name], names_in_org(run, values))
    key_inputs = _read_key_inputs(run, request.name, request.key, folder)
    password = run.secret(request.password, "--password", f"New password for {request.name}.jks", confirm=True)
    with run.spinner(f"making a key of {request.key.bits} bits …", wanted=_slow(request.key)):
        outcome = run.with_passwords(
            key_inputs.input_passwords,
            lambda known: self_signed(request, SelfSignedInputs(password, key_inputs.with_passwords(known)), run.now),
        )
    warn_of_encrypted_key(run, outcome, folder, request.password)
    return finish_in_folder(
        run, plan, outcome, heading=lambda facts: f"{facts['name']}: self-signed certificate", calendar=calendar
    )


def _execute_csr(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_csr_request
    from sfkeytool.workflows.csr import CsrInputs, csr

    request = build_csr_request(values)
    folder = folder_of(request.name, request.output_dir)
    plan = _plan(run, request, folder, [PlannedFile(f"{request.name}.csr", ArtifactKind.CSR)])
    say_name(run, values["name"], request.name)
    key_inputs = _read_key_inputs(run, request.name, request.key, folder)
    with run.spinner(f"making a key of {request.key.bits} bits …", wanted=_slow(request.key)):
        outcome = run.with_passwords(
            key_inputs.input_passwords,
            lambda known: csr(request, CsrInputs(key_inputs.with_passwords(known)), run.now),
        )
    warn_of_encrypted_key(run, outcome, folder, None)
    return finish_in_folder(run, plan, outcome, heading=lambda facts: f"{facts['name']}: certificate request")


SELF_SIGNED = Command(
    (
        "sfkeytool self-signed pay_api --password generate",
        "sfkeytool self-signed pay_api --organization Acme --country DE --days 730 --password file:pw.txt",
        "sfkeytool self-signed pay_api --key old.key --password env:JKS_PASSWORD --json",
    ),
    (
        options.NAME,
        options.PURPOSE,
        options.KEY_SIZE,
        *options.SUBJECT,
        options.SAN,
        DAYS,
        options.NEW_PASSWORD,
        *_KEY_FIELDS[1:],
        options.CALENDAR,
        *_PLACE_FIELDS,
        NAME_CLASH_ORG,
    ),
    _execute_self_signed,
    place=MenuPlace(Road.OUTSIDE, "Make a keypair with a self-signed certificate (enough for JWT logins)"),
)

CSR = Command(
    (
        "sfkeytool csr pay_api --organization Acme --country DE",
        "sfkeytool csr shop --purpose domain --common-name shop.example.com --san shop.example.com",
    ),
    (
        options.NAME,
        options.PURPOSE,
        options.KEY_SIZE,
        *options.SUBJECT,
        options.SAN,
        *_KEY_FIELDS[1:],
        *_PLACE_FIELDS,
    ),
    _execute_csr,
    place=MenuPlace(Road.OUTSIDE, "Make a keypair and a certificate request for a CA"),
)


def folder_of(name: str, output_dir: Path | None) -> Path:
    """The folder of NAME: ``--output-dir`` itself, else ./NAME."""
    return output_dir if output_dir is not None else Path(name)


def say_name(run: Run, given: str, name: str) -> None:
    if given != name:
        run.console.say(
            f"{given} becomes {name}: Certificate and Key Management shows the names of imported keys in lower case."
        )


def warn_of_stale_password(run: Run, name: str, folder: Path, source: "Source") -> None:
    """A generated password's file outlives the keystore that it opened, when --force replaces that one."""
    path = folder / f"{name}.jks.password"
    if source.kind is not SourceKind.GENERATE and os.path.lexists(path):
        run.console.warn(Notice("output.stale-password", f"{path} is of the keystore that was there before: delete it"))


def warn_of_encrypted_key(run: Run, outcome: "Outcome[Any]", folder: Path, keystore_password: "Source | None") -> None:
    """Say that the key of a run is encrypted, and how to get it in clear: from the keystore, if one was made.

    ``keystore_password`` is where that one's password comes from, None if there is none yet.
    """
    encrypted = [one for one in outcome.artifacts if one.kind is ArtifactKind.PRIVATE_KEY and _is_encrypted(one)]
    for artifact in encrypted:
        key, name = folder / artifact.filename, Path(artifact.filename).stem
        if keystore_password is None:
            line = shell_line(["openssl", "pkey", "-in", str(key), "-out", str(folder / f"{name}-clear.key")])
        else:
            match keystore_password.kind:
                case SourceKind.GENERATE:
                    password = f"file:{folder / name}.jks.password"
                case SourceKind.ENV | SourceKind.FILE:
                    password = str(keystore_password)
                case _:
                    password = "prompt"  # noqa: S105 - a source
            store, clear = str(folder / f"{name}.jks"), str(folder / "clear")
            line = _without_key_password(run, ["sfkeytool", "unwrap", store, "--password", password, "-d", clear])
        message = f"{key} is encrypted, and the Salesforce CLI takes no encrypted key; one in clear: {line}"
        run.console.warn(Notice("key.encrypted", message))


def _is_encrypted(artifact: Artifact) -> bool:
    return artifact.content.startswith(b"-----BEGIN ENCRYPTED ")


def _without_key_password(run: Run, arguments: list[str]) -> str:
    """A command line under which no variable makes ``unwrap`` encrypt the key again."""
    variable = options.KEY_PASSWORD.environment
    if variable is None or variable not in run.environ:
        return shell_line(arguments)
    if sys.platform == "win32":
        return f"{shell_line(arguments)} (in a window where {variable} is not set)"
    return shell_line(["env", "-u", variable, *arguments])


def plan_calendar(run: Run, path: Path | None, *, force: bool) -> Any:
    """Refuse early a file for calendar entries that cannot be written; None if none is wanted."""
    if path is None:
        return None
    from sfkeytool.audit.reports.ics import require_icalendar

    require_icalendar()
    if force:
        return plan_report(run, "ics", path, ArtifactKind.CALENDAR)
    return run.plan(path.parent, [PlannedFile(path.name, ArtifactKind.CALENDAR)], force=False, private=False)


def finish_in_folder(run: Run, plan: Any, outcome: "Outcome[Any]", heading: Any, *, calendar: Any = None) -> int:
    """Publish a run's files in its one folder, then tell what was made and what to do next."""
    from sfkeytool.edge.writer import FolderWrite

    run.warn_about(outcome)
    receipts = run.commit([FolderWrite(plan, outcome.artifacts, outcome.record)])
    return tell(run, outcome, receipts, heading, calendar=calendar)


def tell(
    run: Run, outcome: "Outcome[Any]", receipts: "Sequence[Receipt]", heading: Any, *, calendar: Any = None
) -> int:
    """Write the calendar entries if they are wanted, then tell what was made and what to do next."""
    if calendar is not None:
        receipts = [*receipts, *_commit_calendar(run, calendar, outcome.result)]
    facts = {**outcome.result, **files_facts(receipts), "nextSteps": list(outcome.next_steps)}
    run.console.envelope(outcome.exit_code, facts)
    run.console.heading(heading(facts))
    if "certificate" in facts:
        run.console.result(
            [f"  {certificate_line(facts['certificate'])}", f"  SHA-256 {facts['certificate']['sha256']}"]
        )
        run.console.result([mails_line(facts["mailDates"], facts["certificate"])])
    if proof := facts.get("proof"):
        run.console.result([f"  proved: {' and '.join(proof['files'])} hold the same certificate"])
    run.console.result(files_lines(receipts))
    run.console.steps(outcome.next_steps)
    return int(outcome.exit_code)


def _commit_calendar(run: Run, plan: Any, facts: "Mapping[str, Any]") -> "Sequence[Receipt]":
    from datetime import date, datetime

    from sfkeytool.acceptance.mails import latest_start
    from sfkeytool.audit.reports.ics import certificate_entries, encode_calendar
    from sfkeytool.edge.writer import FolderWrite

    certificate = facts["certificate"]
    begins, ends = (datetime.fromisoformat(certificate[field]) for field in ("notBefore", "notAfter"))
    entries = certificate_entries(
        name=facts["name"],
        subject=certificate["subject"],
        sha256=certificate["sha256"],
        not_after=ends,
        mail_dates=tuple(map(date.fromisoformat, facts["mailDates"])),
        latest_start=latest_start(begins, ends),
    )
    [planned] = plan.files
    content = encode_calendar(entries, run.now)
    return run.commit([FolderWrite(plan, (Artifact(planned.filename, planned.kind, content),))])


def _plan(run: Run, request: "SelfSignedRequest | CsrRequest", folder: Path, files: list[PlannedFile]) -> Any:
    """Refuse early: a name clash costs no key generation. The key is planned only where one will be written."""
    inputs = [request.key.file] if request.key.file else []
    planned = [*files, PlannedFile(f"{request.name}.json", ArtifactKind.RECEIPT)]
    if request.key.file is None and not os.path.lexists(folder / f"{request.name}.key"):
        planned.insert(0, PlannedFile(f"{request.name}.key", ArtifactKind.PRIVATE_KEY))
    return run.plan(folder, planned, force=request.force, inputs=inputs)


def _read_key_inputs(run: Run, name: str, key: "KeyRequest", folder: Path) -> Any:
    from sfkeytool.workflows.keypair import KeyInputs

    existing = folder / f"{name}.key"
    return KeyInputs(
        existing=run.read(existing) if os.path.lexists(existing) else None,
        reused=run.read(key.file) if key.file else None,
        input_passwords=[
            run.secret(source, "--input-password", "Password of the key") for source in key.input_passwords
        ],
        key_password=run.secret(key.password, "--key-password", f"New password for {name}.key", confirm=True)
        if key.password
        else None,
    )


def _slow(key: "KeyRequest") -> bool:
    return key.file is None and (key.bits or 0) > 2048
