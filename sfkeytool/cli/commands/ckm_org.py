"""``ckm list|csr|download|create|upload``: what an org's CKM holds, and the source that changes it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.commands.ckm import ANSWER, CSR_FILE
from sfkeytool.cli.commands.metadata import into_project, project_around
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.finishing import folder_of, tell
from sfkeytool.cli.org_access import ONE_ORG, OrgAccess, find_orgs, one_org
from sfkeytool.cli.run import Run
from sfkeytool.errors import CertificateError, InterruptedRunError, OrgError, SfkeytoolError, UsageError
from sfkeytool.model import ArtifactKind, Notice, PlannedFile
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.model import Outcome, Receipt
    from sfkeytool.salesforce.ckm import CkmEntry
    from sfkeytool.salesforce.org import Organization, OrgClient

_DEPLOY_SECONDS = 40 * 60.0
"""The Salesforce CLI itself waits 33 minutes for a deployment."""

LABEL = Field(
    "label", str, "Label of the record, for admins. [default: NAME, or as it is]", ("--label",), metavar="TEXT"
)
NOT_EXPORTABLE = Field(
    "not_exportable",
    bool,
    "CKM's Export to Keystore leaves the key out: no client outside Salesforce can ever log in with it.",
    ("--not-exportable",),
)
PROJECT = Field(
    "project",
    Path,
    "An sfdx project, or a new folder for a minimal one. [default: the project around this folder, else a new folder]",
    ("--project",),
    metavar="DIR",
)
DEPLOY = Field(
    "deploy",
    bool,
    "Run the Salesforce CLI's deployment, after saying to which org and asking; then read back.",
    ("--deploy",),
    question=Question("Deploy it with the Salesforce CLI right away?", "confirm", menu_only=True),
)
YES = Field("yes", bool, "Do not ask before --deploy.", ("--yes",))
_SOURCE_FIELDS = (LABEL, PROJECT, DEPLOY, YES)


def _connected(run: Run, access: OrgAccess) -> "OrgClient":
    with run.progress(f"logging in to {access.label} …"):
        return access.connect()


def _entry(run: Run, access: OrgAccess, client: "OrgClient", name: str) -> "CkmEntry":
    from sfkeytool.salesforce.ckm import read_certificate

    with run.progress(f"reading CKM of {access.label} …"):
        entry = read_certificate(client, name)
    if entry is None:
        raise OrgError(
            "ckm.unknown", f"CKM of {access.label} has no certificate {name}", "see them all: sfkeytool ckm list"
        )
    return entry


# Reading


def _execute_list(run: Run, values: Values) -> int:
    from sfkeytool.salesforce.ckm import list_certificates
    from sfkeytool.workflows.ckm_org import describe_entry

    access = one_org(run, values)
    client = _connected(run, access)
    with run.progress(f"reading CKM of {access.label} …"):
        listing = list_certificates(client)
    for error in listing.errors:
        run.console.warn(Notice(error.code, error.message))
    found = []
    for entry in listing.entries:
        try:
            found.append(describe_entry(entry))
        except SfkeytoolError as error:
            run.console.warn(Notice(error.code, error.message))
            found.append(describe_entry(replace(entry, content=b"")))
    run.console.envelope(0, {"org": access.label, "complete": listing.is_complete, "certificates": found})
    rows = [("UNTIL", "NAME", "BITS", "KIND", "EXPORTABLE", "SHA-256"), *map(_list_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    run.console.result(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return 0


def _list_row(entry: dict[str, Any]) -> tuple[str, ...]:
    certificate = entry["certificate"]
    until = certificate["notAfter"] if certificate else entry["notAfter"]
    kind = (
        "waits for its certificate"
        if entry["waitsForCertificate"]
        else "CA-signed"
        if entry["caSigned"]
        else "self-signed"
    )
    exportable = {True: "yes", False: "no", None: "-"}[entry["exportable"]]
    sha256 = certificate["sha256"] if certificate else "-"
    return (until or "-")[:10], entry["name"], str(entry["keyBits"] or "-"), kind, exportable, sha256


def _execute_csr(run: Run, values: Values) -> int:
    from sfkeytool.workflows.ckm_org import csr_from_org

    name, folder, plan = _plan_download(run, values, [(".csr", ArtifactKind.CSR)])
    access = one_org(run, values)
    outcome = csr_from_org(name, _entry(run, access, _connected(run, access), name), access.label)
    return _finish_download(run, folder, plan, outcome, f"{name}: the request of CKM in {access.label}")


def _execute_download(run: Run, values: Values) -> int:
    from sfkeytool.workflows.ckm_org import download_from_org

    kinds = [(".crt", ArtifactKind.CERTIFICATE), ("-chain.crt", ArtifactKind.CHAIN)]
    name, folder, plan = _plan_download(run, values, kinds)
    access = one_org(run, values)
    outcome = download_from_org(name, _entry(run, access, _connected(run, access), name), access.label, run.now)
    return _finish_download(run, folder, plan, outcome, f"{name}: the certificate in CKM of {access.label}")


def _plan_download(run: Run, values: Values, kinds: list[tuple[str, ArtifactKind]]) -> tuple[str, Path, Any]:
    """Refused early where a file is there already."""
    from sfkeytool.cli.building import parse_name

    name = parse_name(values)
    folder = folder_of(name, Path(values["output_dir"]) if values["output_dir"] else None)
    files = [PlannedFile(name + ending, kind) for ending, kind in kinds]
    return name, folder, run.plan(folder, files, force=bool(values["force"]))


def _finish_download(run: Run, folder: Path, plan: Any, outcome: "Outcome[Any]", heading: str) -> int:
    from sfkeytool.edge.writer import FolderWrite

    names = {artifact.filename for artifact in outcome.artifacts}
    if {planned.filename for planned in plan.files} != names:
        files = [PlannedFile(artifact.filename, artifact.kind) for artifact in outcome.artifacts]
        plan = run.plan(folder, files, force=plan.force)
    receipts = run.commit([FolderWrite(plan, outcome.artifacts)])
    return tell(run, outcome, receipts, heading)


# Changing, through the user's own Salesforce CLI


def _execute_create(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_ckm_create_request
    from sfkeytool.salesforce.ckm import list_names, read_certificate
    from sfkeytool.workflows.ckm_org import create_source, differs_after_create

    request = build_ckm_create_request(values)
    deployment = _Deployment(run, values, request.deploy, request.confirmed)
    if deployment.client is not None and request.name in {name.lower() for name in list_names(deployment.client)}:
        raise CertificateError(
            "ckm.name-taken",
            f"CKM of {deployment.label} has a certificate {request.name} already",
            "choose another NAME",
        )
    project, is_new = _project(request.project, f"{request.name}-create")
    outcome = create_source(request, run.now, new_project=is_new)
    deployment.ask(
        f"make the certificate {request.name}, with a new key of {request.bits} bits in Salesforce and the subject"
        f" {outcome.result['subject']}"
    )
    receipts = _write(run, project, outcome, is_new=is_new, force=False)
    subject = outcome.result["subject"]
    deployed = deployment.run_cli(
        project, request.name, lambda client: differs_after_create(read_certificate(client, request.name), subject)
    )
    return _tell(run, deployment, project, request.name, outcome, receipts, deployed, "source of a certificate to be")


def _execute_upload(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_ckm_upload_request
    from sfkeytool.salesforce.ckm import read_certificate
    from sfkeytool.workflows.ckm_org import differs_after_upload, held_by, upload_source

    request = build_ckm_upload_request(values)
    files = [run.read(path) for path in request.files]
    csr = run.read(request.csr) if request.csr else None
    deployment = _Deployment(run, values, request.deploy, request.confirmed)
    entry = None
    if deployment.client is not None and deployment.access is not None:
        entry = _entry(run, deployment.access, deployment.client, request.name)
    project, is_new = _project(request.project, f"{request.name}-upload")
    upload = run.with_passwords(
        [run.secret(source, "--input-password", "Password of the file") for source in request.input_passwords],
        lambda known: upload_source(request, files, csr, entry, run.now, known, new_project=is_new),
    )
    run.warn_about(upload.outcome)
    present = held_by(entry).leaf if entry is not None else None
    instead = f" instead of the one until {present.certificate.not_valid_after_utc.date()}" if present else ""
    deployment.ask(
        f"put a certificate until {upload.leaf.not_valid_after_utc.date()} on {upload.name}{instead}; its key stays"
    )
    receipts = _write(run, project, upload.outcome, is_new=is_new, force=bool(values["force"]))
    deployed = deployment.run_cli(
        project, upload.name, lambda client: differs_after_upload(read_certificate(client, upload.name), upload.leaf)
    )
    return _tell(
        run, deployment, project, upload.name, upload.outcome, receipts, deployed, "source of the signed chain"
    )


class _Deployment:
    """The way from source to org: said, asked, run, read back. Without an org it does nothing."""

    def __init__(self, run: Run, values: Values, wanted: bool, confirmed: bool) -> None:
        self._run = run
        self._wanted = wanted
        self._confirmed = confirmed
        self._alias = values["target_org"] or run.environ.get("SF_TARGET_ORG")
        self._organization: Organization | None = None
        self.access: OrgAccess | None = None
        self.client: OrgClient | None = None
        if wanted and not self._alias:
            raise UsageError("usage.missing", "missing: --target-org", "--deploy goes through the Salesforce CLI")
        if wanted and values["client_id"] is not None:
            raise UsageError("usage.target-org", "--deploy goes through the Salesforce CLI: leave out --client-id")
        if confirmed and not wanted:
            raise UsageError("usage.yes", "--yes is about --deploy", "add --deploy")
        if wanted and not confirmed and run.asker is None:
            raise UsageError(
                "usage.confirm", "--deploy changes an org, and nobody is here to be asked", "say so beforehand: --yes"
            )
        aliases = [self._alias] if self._alias else []
        if found := find_orgs(run, values, aliases, use_environment=True):
            self.access = found[0] if len(found) == 1 else one_org(run, values)
            self.client = _connected(run, self.access)
            self._organization = self.client.organization()

    @property
    def label(self) -> str:
        return self.access.label if self.access is not None else ""

    @property
    def facts(self) -> dict[str, Any] | None:
        if self._organization is None:
            return None
        found = self._organization
        return {"alias": self.label, "orgId": found.org_id, "name": found.name, "isSandbox": found.is_sandbox}

    def ask(self, change: str) -> None:
        """Say which org and what changes; nothing is written or sent unless that was agreed to."""
        if not self._wanted or self._organization is None or self.client is None:
            return
        org = self._organization
        where = f"{self.label} ({org.name}, {org.kind}, {org.org_id}, {self.client.url})"
        message = f"the org {where} is changed: {change}"
        self._run.console.announce(Notice("ckm.deploying", message))
        if self._confirmed:
            return
        if self._run.asker is None or not self._run.asker.confirm("Deploy to this org?", default=False):
            raise OrgError("ckm.not-agreed", "not agreed to: nothing was written and nothing was deployed")

    def run_cli(self, project: Path, name: str, differs: "Callable[[OrgClient], str]") -> bool:
        """Whether it was deployed and read back as it should be. Raises OrgError."""
        if not self._wanted or self.client is None or self._alias is None:
            return False
        from sfkeytool.edge.salesforce_cli import run_salesforce_cli
        from sfkeytool.salesforce import cli_bridge

        arguments = cli_bridge.deploy_arguments(cli_bridge.parse_alias(self._alias, "--target-org"), name)
        perhaps = f"the deployment may go on in {self.label}: look at Setup > Deployment Status"
        try:
            with self._run.progress(f"deploying to {self.label} …"):
                done = run_salesforce_cli(
                    arguments,
                    cli_bridge.cli_environment(self._run.environ),
                    timeout_seconds=_DEPLOY_SECONDS,
                    cwd=project,
                )
        except KeyboardInterrupt:
            raise InterruptedRunError("interrupted", f"interrupted; {perhaps}") from None
        except OrgError as error:
            raise OrgError(error.code, error.message, *error.hints, perhaps) from None
        cli_bridge.parse_deploy(done.stdout, self.label)
        try:
            difference = differs(self.client)
        except SfkeytoolError as error:
            raise OrgError(
                "ckm.readback",
                f"{self.label} took the deployment, but could not be read back: {error.message}",
                *error.hints,
            ) from None
        if difference:
            raise OrgError(
                "ckm.readback",
                f"{self.label} took the deployment, but {difference}",
                "look at it in Setup > Certificate and Key Management before anything relies on it",
            )
        return True


def _project(given: Path | None, new: str) -> tuple[Path, bool]:
    """The project to write into, and whether it is a new one."""
    project = given or project_around(Path.cwd()) or Path(new)
    return project, not os.path.lexists(project)


def _write(run: Run, project: Path, outcome: "Outcome[Any]", *, is_new: bool, force: bool) -> "list[Receipt]":
    if is_new:
        return [run.commit_new_folder(run.plan_new_folder(project, private=False), outcome.artifacts)]
    return list(run.commit(into_project(run, project, outcome, force=force)))


def _tell(
    run: Run,
    deployment: _Deployment,
    project: Path,
    name: str,
    outcome: "Outcome[Any]",
    receipts: "list[Receipt]",
    deployed: bool,
    what: str,
) -> int:
    from sfkeytool.salesforce.cli_bridge import deploy_arguments

    command = shell_line(["sf", *deploy_arguments(deployment.label or "ALIAS", name)[:-1]])
    by_hand = f"It was tried against no live org: a sandbox first. Inside {project}: `{command}`"
    steps = outcome.next_steps if deployed else (by_hand, *outcome.next_steps)
    facts = {**outcome.result, "project": str(project), "org": deployment.facts, "deployed": deployed}
    heading = (
        f"{name}: deployed to {deployment.label}, and read back as it should be" if deployed else f"{name}: {what}"
    )
    return tell(run, replace(outcome, facts=facts, next_steps=steps), receipts, heading)


LIST = Command(
    ("sfkeytool ckm list --target-org prod", "sfkeytool ckm list -o prod --json"),
    ONE_ORG,
    _execute_list,
    place=MenuPlace(Road.BORN, "See what the org has"),
)
CSR = Command(
    ("sfkeytool ckm csr pay_api --target-org prod",),
    (options.NAME, *ONE_ORG, options.OUTPUT_DIR, options.FORCE),
    _execute_csr,
    details="The API gives it only until a signed certificate is uploaded; Setup gives it afterwards too.",
    place=MenuPlace(Road.BORN, "Fetch that request, for a CA to sign"),
)
DOWNLOAD = Command(
    ("sfkeytool ckm download pay_api --target-org prod",),
    (options.NAME, *ONE_ORG, options.OUTPUT_DIR, options.FORCE),
    _execute_download,
    details="The private key comes out only by hand: Setup > Certificate and Key Management > Export to Keystore.",
    place=MenuPlace(Road.BORN, "Fetch the certificate, for the app"),
)
CREATE = Command(
    (
        "sfkeytool ckm create pay_api --organization Acme --country DE",
        "sfkeytool ckm create pay_api --subject 'CN=pay,O=Acme' --target-org uat --deploy",
        "sfkeytool ckm create pay_api --target-org prod --deploy --yes --json",
    ),
    (
        options.NAME,
        options.KEY_SIZE,
        *options.SUBJECT,
        options.SAN,
        NOT_EXPORTABLE,
        *_SOURCE_FIELDS,
        *ONE_ORG,
    ),
    _execute_create,
    details=(
        "The record has no fields for the subject. So the source holds a throw-away self-signed certificate with it,"
        " whose fields Salesforce copies onto a new key of its own (Metadata API Developer Guide). Not tried against a"
        " live org."
    ),
    place=MenuPlace(Road.BORN, "Let Salesforce make a key and a request"),
)
UPLOAD = Command(
    (
        "sfkeytool ckm upload pay_api pay_api-chain.crt --csr pay_api.csr",
        "sfkeytool ckm upload pay_api answer.crt ca.p7b --target-org uat --deploy",
    ),
    (
        options.NAME,
        ANSWER,
        CSR_FILE,
        options.INPUT_PASSWORD,
        *_SOURCE_FIELDS,
        *ONE_ORG,
        options.FORCE,
    ),
    _execute_upload,
    details=(
        "A chain that does not belong to the record is refused before anything is written or sent: its leaf is compared"
        " with the record's request, or, once a chain is there, with the present certificate's key."
    ),
    place=MenuPlace(Road.BORN, "Bring the CA's answer into the org with the Salesforce CLI"),
)
COMMANDS = (LIST, CSR, DOWNLOAD, CREATE, UPLOAD)
