"""``ckm download``: a certificate of CKM, with its chain."""

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.finishing import finish_in_folder, folder_of
from sfkeytool.cli.org_access import NEEDED_ORG, connected, one_org, read_entry
from sfkeytool.cli.run import Run

_FIELDS = (options.NAME, *NEEDED_ORG, options.OUTPUT_DIR, options.FORCE, options.DRY_RUN)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.ckm_download import CkmDownloadRequest, ckm_download, planned

    request = CkmDownloadRequest.from_values(typed_values(_FIELDS, values))
    plan = run.plan(folder_of(request.name, request.output_dir), planned(request), force=request.force)
    org = connected(run, one_org(run, values))
    outcome = ckm_download(request, read_entry(run, org, request.name), org.identity, run.now)
    found = outcome.result
    told = Told(found.name, found.certificate, found.mail_dates, imported=False)
    return finish_in_folder(run, plan, outcome, f"{found.name}: the certificate in CKM of {org.label}", told)


COMMAND = Command(
    (
        Example("The certificate, for the app", "sfkeytool ckm download pay_api --target-org prod"),
        Example("Again, over what was fetched before", "sfkeytool ckm download pay_api -o prod --force"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-download", "ckm_download.Downloaded", publishes=True, next_steps=True),),
    place=MenuPlace(Aim.MORE, "Fetch a certificate of CKM", "With its chain; NAME.crt is what the app takes.", step=6),
    details="The private key comes out only by hand: Setup > Certificate and Key Management > Export to Keystore.",
)
