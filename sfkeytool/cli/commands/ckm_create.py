"""``ckm create``: a record of CKM whose key Salesforce makes."""

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.deploying import SOURCE_FIELDS, Deployment
from sfkeytool.cli.fields import Field, Values, typed_values
from sfkeytool.cli.org_access import ONE_ORG
from sfkeytool.cli.run import Run
from sfkeytool.cli.subject_options import SAN, SUBJECT
from sfkeytool.errors import CertificateError

_FIELDS = (
    options.NAME,
    replace(options.KEY_SIZE, preset_when=lambda _: True),
    *SUBJECT,
    SAN,
    Field(
        "not_exportable",
        bool,
        "The key can never be exported: no client outside Salesforce will log in with it.",
        ("--not-exportable",),
    ),
    *SOURCE_FIELDS,
    *ONE_ORG,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.salesforce.ckm import list_names, read_certificate
    from sfkeytool.workflows.ckm_create import CkmCreateRequest, ckm_create, differs_after_create

    request = CkmCreateRequest.from_values(typed_values(_FIELDS, values))
    name = request.name
    deployment = Deployment(run, values, wanted=request.deploy, confirmed=request.confirmed)
    if deployment.org is not None and name in {known.lower() for known in list_names(deployment.org.client)}:
        raise CertificateError(
            "ckm.name-taken",
            f"CKM of {deployment.org.label} has a certificate {name} already",
            "choose another NAME",
        )
    destination = deployment.destination(request.project, f"{name}-create")
    outcome = ckm_create(request, destination, run.now)
    subject = outcome.result.subject
    deployment.ask(
        f"make the certificate {name}, with a new key of {request.bits} bits in Salesforce and the subject {subject}"
    )
    return deployment.finish(
        destination,
        outcome,
        name,
        lambda client: differs_after_create(read_certificate(client, name), subject),
        what="source of a certificate to be",
        instead="choose another NAME, or another --project",
    )


COMMAND = Command(
    (
        Example("Write the source, and say how it is deployed", "sfkeytool ckm create pay_api --organization Acme"),
        Example(
            "Deploy it to a sandbox, after a question",
            "sfkeytool ckm create pay_api --target-org uat --deploy",
        ),
        Example(
            "In a script, without a question",
            "sfkeytool ckm create pay_api -o uat --deploy --yes",
        ),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-create", "ckm_create.Created", publishes=True, next_steps=True),),
    place=MenuPlace(
        Aim.MAKE, "Let Salesforce make the key, a CA signs", "The key is born in the org, and can stay there.", step=2
    ),
    details=(
        "The record has no fields for the subject. So the source holds a throw-away self-signed certificate with it,"
        " whose fields Salesforce copies onto a new key of its own (Metadata API Developer Guide). Not tried against a"
        " live org."
    ),
)
