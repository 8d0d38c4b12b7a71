"""``ckm csr``: the request that a record of an org's CKM gives out."""

from pathlib import Path

from sfkeytool.crypto import csr
from sfkeytool.crypto.csr import CsrFacts
from sfkeytool.errors import OrgError
from sfkeytool.model import Artifact, ArtifactKind, NextStep, Outcome, PlannedFile, Request, Result, UniqueNameText
from sfkeytool.salesforce.ckm import CkmEntry
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.shell import shell_line
from sfkeytool.workflows.ckm_record import held_by


class CkmCsrRequest(Request, frozen=True, kw_only=True):
    name: str
    output_dir: Path | None = None
    force: bool = False


class CsrFetched(Result, frozen=True, kw_only=True):
    """A request whose key Salesforce made and keeps."""

    name: UniqueNameText
    org: OrgIdentity
    request: CsrFacts


def planned(request: CkmCsrRequest) -> tuple[PlannedFile, ...]:
    """The files of the run."""
    return PlannedFile.of(request.name, ArtifactKind.CSR)


def ckm_csr(request: CkmCsrRequest, entry: CkmEntry, org: OrgIdentity, cli_alias: str | None) -> Outcome[CsrFetched]:
    """NAME.csr. ``cli_alias``: what the Salesforce CLI calls the org, if it is known there.

    Raises OrgError where the record holds none any more, and as held_by(). Pure.
    """
    name = request.name
    held = held_by(entry)
    if held.request is None:
        raise OrgError(
            "ckm.no-request",
            f"{org.alias}: the API gives no request for {name}: "
            + ("its signed certificate is there already" if held.chain else "its record shows nothing"),
            "Setup still has it: Certificate and Key Management > the certificate > Download Certificate Signing"
            " Request",
        )
    upload = ["sfkeytool", "ckm", "upload", name, "ANSWER…", "--target-org", cli_alias or "ALIAS"]
    chain = ["sfkeytool", "ckm", "chain", name, "ANSWER…", "--csr", f"{name}.csr"]
    return Outcome(
        result=CsrFetched(name=name, org=org, request=csr.describe_csr(held.request.csr)),
        artifacts=(Artifact.of(name, ArtifactKind.CSR, csr.encode_pem(held.request.csr)),),
        next_steps=(
            f"Have {name}.csr signed by your CA.",
            f"Then: `{shell_line(upload)}`, or `{shell_line(chain)}` for Upload Signed Certificate in Setup.",
        ),
        first_steps=(
            NextStep(f"Send {name}.csr to your CA; ask for the whole chain."),
            NextStep("Bring its answer to the record in CKM, as source to be deployed:", shell_line(upload)),
        ),
    )
