"""``ckm upload``: a CA's answer to its record in CKM."""

from sfkeytool.cli import options
from sfkeytool.cli.ckm_answer import ANSWER, CSR_FILE
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.deploying import SOURCE_FIELDS, Deployment
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.org_access import ONE_ORG, read_entry
from sfkeytool.cli.run import Run

_FIELDS = (
    options.EXISTING_NAME,
    ANSWER,
    CSR_FILE,
    options.INPUT_PASSWORD,
    *SOURCE_FIELDS,
    *ONE_ORG,
    options.FORCE,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.salesforce.ckm import read_certificate
    from sfkeytool.workflows.ckm_record import held_by
    from sfkeytool.workflows.ckm_upload import (
        CkmUploadInputs,
        CkmUploadRequest,
        ckm_upload,
        differs_after_upload,
        record_name,
    )

    request = CkmUploadRequest.from_values(typed_values(_FIELDS, values))
    files = [run.read(path) for path in request.files]
    csr = run.read(request.csr) if request.csr else None
    deployment = Deployment(run, values, wanted=request.deploy, confirmed=request.confirmed)
    entry = read_entry(run, deployment.org, request.name) if deployment.org is not None else None
    destination = deployment.destination(request.project, f"{request.name}-upload")
    outcome = run.with_passwords(
        [run.secret(source, "--input-password", "Password of the file") for source in request.input_passwords],
        lambda known: ckm_upload(request, CkmUploadInputs(files, csr, entry, known), destination, run.now),
    )
    run.warn_about(outcome)
    name, made = record_name(request, entry), outcome.result
    present = held_by(entry).leaf
    instead = f" instead of the one until {present.certificate.not_valid_after_utc.date()}" if present else ""
    deployment.ask(f"put a certificate until {made.certificate.not_after.date()} on {name}{instead}; its key stays")
    return deployment.finish(
        destination,
        outcome,
        name,
        lambda client: differs_after_upload(read_certificate(client, name), made.certificate),
        what="source of the signed chain",
        instead="--force replaces it",
        told=Told(made.name, made.certificate, made.mail_dates, imported=False),
        force=request.force,
    )


COMMAND = Command(
    (
        Example(
            "Write the source of the signed chain",
            "sfkeytool ckm upload pay answer.p7b --csr pay.csr",
        ),
        Example(
            "Deploy the CA's answer to a sandbox",
            "sfkeytool ckm upload pay answer.p7b -o uat --deploy",
        ),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-upload", "ckm_upload.Uploaded", publishes=True, next_steps=True),),
    place=MenuPlace(
        Aim.ANSWER,
        "The key is in Salesforce: deploy it",
        "Source for the Salesforce CLI, proved to belong to the record.",
        step=2,
    ),
    details=(
        "A chain that does not belong to the record is refused before anything is written or sent: its leaf is compared"
        " with the record's request, or, once a chain is there, with the present certificate's key."
    ),
)
