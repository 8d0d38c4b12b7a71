"""A reminder, made as a part of something larger: its keystore and the receipt, in a folder of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.finishing import new_keystore_password
from sfkeytool.cli.run import Run
from sfkeytool.model import KeystoreFormat
from sfkeytool.passwords import Source, SourceKind

if TYPE_CHECKING:
    from sfkeytool.keystores.contents import InputFile


def make_reminder(run: Run, keystore: Path, certificate: "InputFile", password: Source | None = None) -> None:
    """``keystore`` is where it goes: NAME.jks, or NAME.bcfks, in the folder of NAME. A password is made unless one is
    given.

    Raises CertificateError as reminder(), and OutputError.
    """
    from sfkeytool.edge.writer import FolderWrite
    from sfkeytool.workflows.reminder import ReminderInputs, ReminderRequest, planned, reminder

    name, password = keystore.stem, password or Source(SourceKind.GENERATE)
    request = ReminderRequest(
        certificate=Path(certificate.label),
        password=password,
        format=KeystoreFormat.of(keystore.name),
        name=name,
        output_dir=keystore.parent,
    )
    plan = run.plan(keystore.parent, planned(request, name), force=False)
    secret = new_keystore_password(run, password, name, request.format)
    made = reminder(request, name, ReminderInputs(certificate, secret), run.now)
    run.warn_about(made)
    run.commit([FolderWrite(plan, made.artifacts, made.record)], agreed=True)
