"""What the commands that make files share: where, what is said beforehand, and the end of the run."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli import options
from sfkeytool.cli.ending import Told, show_end, show_ready
from sfkeytool.cli.envelope import published
from sfkeytool.cli.render import certificate_line
from sfkeytool.cli.report_files import plan_report, require_format
from sfkeytool.cli.run import Run
from sfkeytool.model import Artifact, ArtifactKind, KeystoreFormat, Notice, Outcome, PlannedFile, Receipt, Result
from sfkeytool.passwords import SourceKind, minimum_length
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from sfkeytool.edge.writer import FolderPlan, FolderWrite
    from sfkeytool.passwords import Secret, Source
    from sfkeytool.workflows.keypair import KeyInputs, KeyRequest


def folder_of(name: str, output_dir: Path | None) -> Path:
    """The folder of NAME: ``--output-dir`` itself, else ./NAME."""
    return output_dir if output_dir is not None else Path(name)


def say_name(run: Run, given: str, name: str) -> None:
    given = given.rstrip("/" + os.sep)  # what completion of a folder's name leaves
    if given != name:
        run.console.say(
            f"{given} becomes {name}: Certificate and Key Management shows the names of imported keys in lower case."
        )


def warn_of_stale_files(run: Run, plan: "FolderPlan") -> None:
    """What --force leaves of the keystore that it replaces: one in another format, the file of a generated password."""
    planned = {file.filename for file in plan.files}
    [store] = [file.filename for file in plan.files if file.kind is ArtifactKind.KEYSTORE]
    name = store.rpartition(".")[0]
    left = "the keystore that was there before: delete it"
    for format in KeystoreFormat:
        keystore, password = format.keystore(name), format.password(name)
        if keystore not in planned and os.path.lexists(plan.folder / keystore):
            run.console.warn(Notice("output.stale-keystore", f"{plan.folder / keystore} is {left}"))
        if password not in planned and os.path.lexists(plan.folder / password):
            run.console.warn(Notice("output.stale-password", f"{plan.folder / password} is of {left}"))


def new_keystore_password(
    run: Run, source: "Source", name: str, format: KeystoreFormat, flag: str = "--password"
) -> "Secret":
    """The password of NAME's keystore, which is about to be made."""
    what = f"New password for {format.keystore(name)}"
    return run.secret(source, flag, what, confirm=True, minimum=minimum_length(format))


def warn_of_encrypted_key(run: Run, outcome: Outcome[Result], folder: Path, keystore_password: "Source | None") -> None:
    """Say that the key of a run is encrypted, and how to get it in clear: from the keystore, if one was made.

    ``keystore_password`` is where that one's password comes from, None if there is none yet.
    """
    encrypted = [one for one in outcome.artifacts if one.kind is ArtifactKind.PRIVATE_KEY and _is_encrypted(one)]
    stores = [one.filename for one in outcome.artifacts if one.kind is ArtifactKind.KEYSTORE]
    for artifact in encrypted:
        key, name = folder / artifact.filename, Path(artifact.filename).stem
        if keystore_password is None:
            clear = path_argument(str(folder / f"{name}-clear.key"))
            line = shell_line(["openssl", "pkey", "-in", path_argument(str(key)), "-out", clear])
        else:
            match keystore_password.kind:
                case SourceKind.GENERATE:
                    password = f"file:{folder / stores[0]}.password"
                case SourceKind.ENV | SourceKind.FILE:
                    password = str(keystore_password)
                case _:
                    password = "prompt"  # noqa: S105 - a source
            store, clear = (path_argument(str(folder / one)) for one in (stores[0], "clear"))
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


def plan_calendar(run: Run, path: Path | None, *, force: bool, own: Path | None = None) -> "FolderPlan | None":
    """Refuse early a file for calendar entries that cannot be written; None if none is wanted.

    Its folder exists, unless it is the run's ``own``, which will be made.
    """
    if path is None:
        return None
    require_format("ics")
    if own is not None and os.path.realpath(path.parent) == os.path.realpath(own) and not os.path.lexists(own):
        return run.plan(own, [PlannedFile(path.name, ArtifactKind.CALENDAR)], force=force)
    if force:
        return plan_report(run, "ics", path, ArtifactKind.CALENDAR)
    return run.plan_file(path, ArtifactKind.CALENDAR, "--ics", force=False)


def finish_in_folder(
    run: Run,
    plan: "FolderPlan",
    outcome: Outcome[Result],
    heading: str,
    told: Told | None = None,
    *,
    calendar: "FolderPlan | None" = None,
    about: Sequence[str] = (),
) -> int:
    """Publish a run's files in its one folder, with its calendar; then tell what was made and what to do next.

    ``about`` tells beforehand what they are, where there is no certificate yet.
    """
    from sfkeytool.edge.writer import FolderWrite

    run.warn_about(outcome)
    files = FolderWrite(plan, outcome.artifacts, outcome.record)
    about = [certificate_line(told.certificate)] if told is not None else about
    receipts = run.commit([files, *calendar_writes(run, calendar, told)], about)
    return tell(run, outcome, receipts, heading, told)


def tell(
    run: Run,
    outcome: Outcome[Result],
    receipts: Sequence[Receipt],
    heading: str,
    told: Told | None = None,
) -> int:
    """Tell what was made and what to do next; of a dry run, what would be made was told."""
    run.console.envelope(outcome.exit_code, outcome.result, published(receipts, outcome.next_steps))
    if run.dry_run:
        return outcome.exit_code
    show_ready(run.console, heading, told)
    show_end(run.console, receipts, [told] if told is not None else [], outcome)
    return outcome.exit_code


def calendar_writes(run: Run, plan: "FolderPlan | None", told: Told | None) -> "list[FolderWrite]":
    """The file of calendar entries, if it is wanted, to be published with the run's other files."""
    if plan is None or told is None:
        return []
    from sfkeytool.acceptance.mails import latest_start
    from sfkeytool.audit.reports.ics import certificate_entries, encode_calendar
    from sfkeytool.edge.writer import FolderWrite

    certificate = told.certificate
    entries = certificate_entries(
        name=told.name,
        subject=certificate.subject,
        sha256=certificate.sha256,
        not_after=certificate.not_after,
        mail_dates=told.mail_dates,
        latest_start=latest_start(certificate.not_before, certificate.not_after),
    )
    [planned] = plan.files
    content = b"".join(encode_calendar(entries, run.now))
    return [FolderWrite(plan, (Artifact(planned.filename, planned.kind, content),))]


def read_key_inputs(run: Run, name: str, key: "KeyRequest", folder: Path) -> "KeyInputs":
    """The files and passwords of a key that is there already, or of one that will be made."""
    from sfkeytool.workflows.keypair import KeyInputs

    existing = folder / f"{name}.key"
    return KeyInputs(
        existing=run.read_found(existing, named=existing == key.key_file) if os.path.lexists(existing) else None,
        reused=run.read(key.key_file) if key.key_file else None,
        input_passwords=[
            run.secret(source, "--input-password", "Password of the key") for source in key.input_passwords
        ],
        key_password=new_key_password(run, key.key_password, f"{name}.key"),
    )


def new_key_password(run: Run, source: "Source | None", what: str) -> "Secret | None":
    """The password under which ``what`` is written; None where it is written in clear."""
    if source is None:
        return None
    return run.secret(source, "--key-password", f"New password for {what}", confirm=True)
