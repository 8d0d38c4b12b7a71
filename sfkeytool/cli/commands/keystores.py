"""``wrap`` and ``unwrap``: into a keystore and out of one."""

import os.path
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.commands.making import (
    finish_in_folder,
    folder_of,
    plan_calendar,
    say_name,
    warn_of_encrypted_key,
    warn_of_stale_password,
)
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.render import certificate_line, files_facts, files_lines, mails_line
from sfkeytool.cli.run import Run
from sfkeytool.model import Artifact, ArtifactKind, Notice, PlannedFile
from sfkeytool.passwords import SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfkeytool.passwords import Secret

FILES = Field(
    "files",
    list[Path],
    "What the CA sent back, and the key if it is not in the folder: any mix of PEM, DER, PKCS#7, PFX, JKS.",
    metavar="FILE...",
    required=True,
    question=Question("File with the certificate, chain or key:", "paths"),
)
FILE = Field(
    "file",
    Path,
    "A JKS or PFX file; JCEKS, BKS and UBER open too.",
    metavar="FILE",
    required=True,
    question=Question("Keystore to take apart:", "path"),
)


def _execute_wrap(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_wrap_request

    request = build_wrap_request(values)
    folder = folder_of(request.name, request.output_dir)
    existing = folder / f"{request.name}.key"
    files = [
        PlannedFile(f"{request.name}.jks", ArtifactKind.KEYSTORE),
        PlannedFile(f"{request.name}.crt", ArtifactKind.CERTIFICATE),
        PlannedFile(f"{request.name}-chain.crt", ArtifactKind.CHAIN),
        PlannedFile(f"{request.name}.json", ArtifactKind.RECEIPT),
    ]
    if not os.path.lexists(existing):
        files.insert(0, PlannedFile(f"{request.name}.key", ArtifactKind.PRIVATE_KEY))
    if request.password.kind is SourceKind.GENERATE:
        files.append(PlannedFile(f"{request.name}.jks.password", ArtifactKind.KEYSTORE_PASSWORD))
    plan = run.plan(folder, files, force=request.force, inputs=request.files)
    calendar = plan_calendar(run, values["ics"], force=request.force)
    say_name(run, values["name"], request.name)
    warn_of_stale_password(run, request.name, folder, request.password)
    warn_of_clash(run, values, [request.name], names_in_org(run, values))

    from sfkeytool.workflows.wrap import WrapInputs, wrap

    inputs = [run.read(path) for path in request.files]
    existing_key = run.read(existing) if os.path.lexists(existing) else None
    given = [run.secret(source, "--input-password", "Password of the file") for source in request.input_passwords]
    password = run.secret(request.password, "--password", f"New password for {request.name}.jks", confirm=True)
    key_password = (
        run.secret(request.key_password, "--key-password", f"New password for {request.name}.key", confirm=True)
        if request.key_password
        else None
    )
    outcome = run.with_passwords(
        given,
        lambda known: wrap(
            request,
            WrapInputs(
                inputs,
                password,
                existing_key=existing_key,
                input_passwords=known,
                key_password=key_password,
            ),
            run.now,
        ),
    )
    warn_of_encrypted_key(run, outcome, folder, request.password)
    return finish_in_folder(
        run,
        plan,
        outcome,
        heading=lambda facts: f"{facts['name']}: keystore with a chain of {facts['keystore']['chainLength']}",
        calendar=calendar,
    )


def _execute_unwrap(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_unwrap_request
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.unwrap import UnwrapInputs, unwrap

    request = build_unwrap_request(values)
    file = run.read(request.file)
    given = [run.secret(source, "--password", f"Password of {request.file}") for source in request.passwords]
    key_password = (
        run.secret(request.key_password, "--key-password", "New password for the key files", confirm=True)
        if request.key_password
        else None
    )
    outcome = run.with_passwords(
        given,
        lambda known: unwrap(
            request,
            UnwrapInputs(file, request.file.stem, passwords=known, key_password=key_password),
            run.now,
        ),
    )
    run.warn_about(outcome)
    passwords = [*given, key_password] if key_password else given
    writes = []

    def folder_for(artifact: Artifact) -> Path:
        return folder_of(artifact.folder, request.output_dir)

    for folder, group in groupby(sorted(outcome.artifacts, key=folder_for), key=folder_for):
        artifacts = tuple(artifact for artifact in group if not _is_there_already(run, folder, artifact, passwords))
        planned = [PlannedFile(artifact.filename, artifact.kind) for artifact in artifacts]
        plan = run.plan(folder, planned, force=request.force, inputs=[request.file])
        writes.append(FolderWrite(plan, artifacts, None))
    receipts = run.commit(writes)
    facts = {**outcome.result, **files_facts(receipts), "nextSteps": list(outcome.next_steps)}
    run.console.envelope(0, facts)
    for entry in outcome.result["entries"]:
        if entry["certificate"] is None:
            run.console.heading(f"{entry['alias'] or entry['name']}: key, no certificate")
            continue
        run.console.heading(f"{entry['alias'] or entry['name']}: key and certificate")
        certificate = entry["certificate"]
        run.console.result([f"  {certificate_line(certificate)}", mails_line(entry["mailDates"], certificate)])
        if entry["pairProved"]:
            run.console.result([f"  proved: what {entry['name']}.key signs, {entry['name']}.crt verifies"])
    run.console.result(files_lines(receipts))
    run.console.steps(outcome.next_steps)
    return 0


def _is_there_already(run: Run, folder: Path, artifact: Artifact, passwords: "Sequence[Secret]") -> bool:
    """Whether the folder holds this very private key: then it stays as it is, and is no clash."""
    from sfkeytool.workflows.unwrap import is_same_key

    existing = folder / artifact.filename
    if artifact.kind is not ArtifactKind.PRIVATE_KEY or not os.path.lexists(existing):
        return False
    if not is_same_key(run.read(existing), artifact, passwords):
        return False
    run.console.warn(Notice("key.existing-used", f"{existing} is there already and holds this key: it stays as it is"))
    return True


WRAP = Command(
    (
        "sfkeytool wrap pay_api pay_api.crt ca.p7b --password generate",
        "sfkeytool wrap pay_api export.pfx --input-password prompt --password generate",
        "sfkeytool wrap pay_api store.jks --alias mykey --input-password env:OLD --password env:NEW --json",
    ),
    (
        options.NAME,
        FILES,
        options.PURPOSE,
        options.NEW_PASSWORD,
        options.ALIAS,
        options.INPUT_PASSWORD,
        options.KEY_PASSWORD,
        options.CALENDAR,
        options.OUTPUT_DIR,
        options.FORCE,
        NAME_CLASH_ORG,
    ),
    _execute_wrap,
    place=MenuPlace(Road.OUTSIDE, "Wrap the CA's answer, or a PFX, into a keystore for Salesforce"),
)

UNWRAP = Command(
    (
        "sfkeytool unwrap 00D000000000001.jks",
        "sfkeytool unwrap export.pfx --password prompt --key-password env:KEY_PASSWORD",
    ),
    (
        FILE,
        options.ALIAS,
        options.OPENING_PASSWORD,
        options.KEY_PASSWORD,
        options.OUTPUT_DIR,
        options.FORCE,
    ),
    _execute_unwrap,
    place=MenuPlace(Road.BORN, "Get the key out for a client: take apart what Export to Keystore gave"),
)
