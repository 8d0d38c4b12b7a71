"""``unwrap``: out of a keystore."""

import os.path
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told, show_end, show_ready
from sfkeytool.cli.envelope import published
from sfkeytool.cli.fields import Field, Question, Values, typed_values
from sfkeytool.cli.finishing import folder_of, new_key_password
from sfkeytool.cli.key_sources import parse_key_source, read_key
from sfkeytool.cli.lying_here import OTHER_FILE, keystores_here
from sfkeytool.cli.render import certificate_line
from sfkeytool.cli.run import Run
from sfkeytool.errors import UsageError
from sfkeytool.model import Artifact, ArtifactKind, Notice, PlannedFile
from sfkeytool.passwords import Source, SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfkeytool.passwords import Secret

_SHOWN = 3
"""Entries that the end of a run names one by one; --verbose names all."""

_FIELDS = (
    Field(
        "file",
        str,
        "A JKS or PFX file; JCEKS, BKS, UBER and BCFKS open too, and a private key, however mangled, that is to be"
        " written clean. env:NAME, cmd:COMMAND, prompt (pasted, not shown) or - for stdin give one as well.",
        metavar="FILE",
        required=True,
        convert=lambda text: parse_key_source(str(text), "FILE"),
        question=Question("Keystore to take apart:", "path", offers=keystores_here, other=OTHER_FILE),
    ),
    options.ALIAS,
    options.OPENING_PASSWORD,
    options.KEY_PASSWORD,
    options.OUTPUT_DIR,
    options.FORCE,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.unwrap import UnwrapInputs, UnwrapRequest, unwrap

    request = UnwrapRequest.from_values(typed_values(_FIELDS, values))
    if request.file.kind is SourceKind.STDIN and request.file in request.passwords:
        raise UsageError(
            "usage.stdin-twice", "FILE and --password both read stdin", "use env:NAME or file:PATH for the password"
        )
    file = read_key(run, request.file, "FILE")
    given = [run.secret(source, "--password", f"Password of {file.label}") for source in request.passwords]
    key_password = new_key_password(run, request.key_password, "the key files")
    outcome = run.with_passwords(
        given,
        lambda known: unwrap(
            request,
            UnwrapInputs(file, _stem(request.file), passwords=known, key_password=key_password),
            run.now,
        ),
    )
    run.warn_about(outcome)
    passwords = [*given, key_password] if key_password else given
    writes = []
    inputs = [Path(request.file.argument)] if request.file.kind is SourceKind.FILE else []

    def folder_for(artifact: Artifact) -> Path:
        return folder_of(artifact.folder, request.output_dir)

    for folder, group in groupby(sorted(outcome.artifacts, key=folder_for), key=folder_for):
        run.settle(folder)
        artifacts = tuple(artifact for artifact in group if not _is_there_already(run, folder, artifact, passwords))
        planned = [PlannedFile(artifact.filename, artifact.kind) for artifact in artifacts]
        plan = run.plan(folder, planned, force=request.force, inputs=inputs)
        writes.append(FolderWrite(plan, artifacts, None))
    certificates = [entry.certificate for entry in outcome.result.entries if entry.certificate is not None]
    receipts = run.commit(writes, map(certificate_line, certificates))
    run.console.envelope(0, outcome.result, published(receipts, outcome.next_steps))
    if run.dry_run:
        return 0
    told = []
    for number, entry in enumerate(outcome.result.entries):
        what = "key and certificate" if entry.certificate is not None else "key, no certificate"
        one = Told(entry.name, entry.certificate, entry.mail_dates) if entry.certificate is not None else None
        told += [one] if one is not None else []
        if number < _SHOWN or run.console.verbose:
            show_ready(run.console, f"{entry.alias or entry.name}: {what}", one)
            if entry.pair_proved and run.console.verbose:
                run.console.result([f"  proved: what {entry.name}.key signs, {entry.name}.crt verifies"])
    if len(outcome.result.entries) > _SHOWN and not run.console.verbose:
        run.console.heading(f"and {len(outcome.result.entries) - _SHOWN} more")
    show_end(run.console, receipts, told, outcome)
    return 0


def _stem(source: Source) -> str:
    """What a key without alias is called."""
    if source.kind is SourceKind.FILE:
        return Path(source.argument).stem
    return source.argument if source.kind is SourceKind.ENV else "key"


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


COMMAND = Command(
    (
        Example("What Setup's Export to Keystore gave", "sfkeytool unwrap 00D000000000001.jks"),
        Example("A key that CI has mangled, written clean", "sfkeytool unwrap env:JWT_KEY"),
        Example("The key is written encrypted", "sfkeytool unwrap export.pfx --key-password prompt"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("unwrap", "unwrap.Unwrapped", publishes=True, next_steps=True),),
    place=MenuPlace(
        Aim.MORE, "Take a keystore apart", "What Export to Keystore gave, or a PFX: key, certificate, chain.", step=2
    ),
)
