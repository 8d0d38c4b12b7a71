"""``ckm csr``: the request that a certificate of CKM gives out."""

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.finishing import finish_in_folder, folder_of
from sfkeytool.cli.org_access import NEEDED_ORG, connected, one_org, read_entry
from sfkeytool.cli.run import Run

_FIELDS = (options.NAME, *NEEDED_ORG, options.OUTPUT_DIR, options.FORCE, options.DRY_RUN)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.ckm_csr import CkmCsrRequest, ckm_csr, planned

    request = CkmCsrRequest.from_values(typed_values(_FIELDS, values))
    plan = run.plan(folder_of(request.name, request.output_dir), planned(request), force=request.force)
    org = connected(run, one_org(run, values))
    outcome = ckm_csr(request, read_entry(run, org, request.name), org.identity, org.cli_alias)
    return finish_in_folder(run, plan, outcome, f"{request.name}: the request of CKM in {org.label}")


COMMAND = Command(
    (
        Example("The request of a record, for the CA", "sfkeytool ckm csr pay_api --target-org prod"),
        Example("The same into a folder of your own", "sfkeytool ckm csr pay_api -o prod --output-dir for_ca"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-csr", "ckm_csr.CsrFetched", publishes=True, next_steps=True),),
    place=MenuPlace(
        Aim.MORE, "Fetch a request of CKM for the CA", "Also to renew a certificate whose key is in Salesforce.", step=5
    ),
    details="The API gives it only until a signed certificate is uploaded; Setup gives it afterwards too.",
)
