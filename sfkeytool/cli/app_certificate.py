"""``metadata --app``: the certificate of an app in an org, shown; with --deploy replaced, and proved."""

from typing import TYPE_CHECKING

from sfkeytool.cli.app_changing import changing_app, place_of_originals
from sfkeytool.cli.deploying import Deployment
from sfkeytool.cli.ending import show_end, show_ready
from sfkeytool.cli.envelope import published
from sfkeytool.cli.fields import Values
from sfkeytool.cli.render import wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import OrgError, UsageError

if TYPE_CHECKING:
    from sfkeytool.cli.org_access import OneOrg
    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.model import Outcome
    from sfkeytool.workflows.app_address import AppAddress
    from sfkeytool.workflows.app_change import AppCertificate, AppCertificateRequest
    from sfkeytool.workflows.metadata import MetadataInputs


def change_app(run: Run, values: Values, request: "AppCertificateRequest", inputs: "MetadataInputs") -> int:
    """Show the app's certificate and NAME.crt; with --deploy put that on the app. Raises as its parts do."""
    from sfkeytool.crypto.certificates import encode_der
    from sfkeytool.workflows.app_address import find_app
    from sfkeytool.workflows.app_certificate import look
    from sfkeytool.workflows.app_change import app_outcome
    from sfkeytool.workflows.metadata import app_certificate, same_in_keystore

    certificate, notices = app_certificate(inputs.certificate, run.now)
    same_in_keystore(inputs, encode_der(certificate), run.now)
    for notice in notices:
        run.console.warn(notice)
    deployment = Deployment(run, values, wanted=request.deploy, confirmed=request.confirmed)
    org = deployment.org
    if org is None:
        raise UsageError("usage.missing", "missing: --target-org", "--app is in an org: an alias of the Salesforce CLI")
    with run.progress(f"looking for {request.app} in {org.label} …"):
        address = find_app(org.client, request.app)
        shown = None if request.deploy else look(org.client, address)
    if shown is None:
        return _deploy(run, deployment, org, address, request, certificate)
    outcome = app_outcome(request, org.identity, shown, certificate, run.now)
    run.warn_about(outcome)
    return _tell(run, outcome, f"{address.app} in {org.label}")


def _deploy(
    run: Run,
    deployment: Deployment,
    org: "OneOrg",
    address: "AppAddress",
    request: "AppCertificateRequest",
    certificate: "Certificate",
) -> int:
    from sfkeytool.workflows.app_certificate import plan_change
    from sfkeytool.workflows.app_change import app_outcome, certificate_rows, describe_app

    with changing_app(run, org, address) as changing:
        state = changing.look()
        for notice in changing.settle(state):
            run.console.warn(notice)
        change = plan_change(state, certificate)
        outcome = app_outcome(request, org.identity, state, certificate, run.now)
        run.warn_about(outcome)
        if not change.is_needed:
            return _tell(run, outcome, f"{address.app} in {org.label} carries this certificate already")
        if state.is_without_certificate and not request.switch_on_jwt_bearer:
            _ask_to_switch_on(run, describe_app(address))
        until = outcome.result.after.certificate.not_after.date()
        deployment.ask(f"put a certificate until {until} on {describe_app(address)}, and change nothing else of it")
        kept = f"its file as it is now is kept, 0600, in {place_of_originals(run, org, address)}"
        run.agreement.reach((), [f"{describe_app(address)} in {org.label}", *certificate_rows(outcome.result), kept])
        if run.dry_run:
            return _tell(run, outcome, "")
        done = changing.carry_out(change)
    outcome = app_outcome(
        request, org.identity, state, certificate, run.now, original=done.original, way_back=done.way_back
    )
    return _tell(run, outcome, f"{address.app} in {org.label}: deployed and read back, nothing else changed")


def _ask_to_switch_on(run: Run, app: str) -> None:
    """Raises UsageError where nobody can be asked, and OrgError for a No."""
    if run.dry_run:
        return
    if run.asker is None:
        raise UsageError(
            "usage.jwt-bearer",
            f"{app} has no certificate: the first one switches the JWT bearer flow on, which --yes does not agree to",
            "say so beforehand: --switch-on-jwt-bearer",
        )
    if not run.asker.confirm(f"Switch the JWT bearer flow on for {app}?", default=False):
        raise OrgError("ckm.not-agreed", "not agreed to: nothing was deployed")


def _tell(run: Run, outcome: "Outcome[AppCertificate]", heading: str) -> int:
    from sfkeytool.workflows.app_change import certificate_rows

    run.console.envelope(outcome.exit_code, outcome.result, published((), outcome.next_steps))
    if run.dry_run:
        return outcome.exit_code
    show_ready(run.console, heading)
    for row in certificate_rows(outcome.result):
        run.console.result(wrapped(row, "  ", hang=4) if not row.startswith(" ") else [f"  {row}"])
    show_end(run.console, [], [], outcome)
    return outcome.exit_code
