"""``ckm download``: a certificate of an org's CKM, with its chain."""

from datetime import datetime
from pathlib import Path

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates, chains
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import OrgError
from sfkeytool.model import Artifact, ArtifactKind, Outcome, PlannedFile, Purpose, Request, Result, UniqueNameText
from sfkeytool.salesforce.ckm import CkmEntry
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.shell import shell_line
from sfkeytool.workflows.ckm_record import held_by
from sfkeytool.workflows.next_steps import place_step
from sfkeytool.workflows.parts import MailDates


class CkmDownloadRequest(Request, frozen=True, kw_only=True):
    name: str
    output_dir: Path | None = None
    force: bool = False


class Downloaded(Result, frozen=True, kw_only=True):
    """A certificate that CKM holds."""

    name: UniqueNameText
    org: OrgIdentity
    certificate: CertificateFacts
    mail_dates: MailDates


def planned(request: CkmDownloadRequest) -> tuple[PlannedFile, ...]:
    """The files of the run; the chain only where there is one."""
    return PlannedFile.of(request.name, ArtifactKind.CERTIFICATE, ArtifactKind.CHAIN)


def ckm_download(request: CkmDownloadRequest, entry: CkmEntry, org: OrgIdentity, now: datetime) -> Outcome[Downloaded]:
    """NAME.crt, the leaf alone, and NAME-chain.crt where there is a chain. Raises OrgError, and as held_by(). Pure."""
    name = request.name
    held = held_by(entry)
    if held.leaf is None:
        fetch = shell_line(["sfkeytool", "ckm", "csr", name])
        hint = f"its request: {fetch}" if held.request else "may your user see it?"
        what = "it waits for the signed certificate" if held.request else "its record holds nothing that can be read"
        raise OrgError("ckm.no-certificate", f"{org.alias}: {name} has no certificate: {what}", hint)
    leaf = held.leaf.certificate
    artifacts = [Artifact.of(name, ArtifactKind.CERTIFICATE, certificates.encode_pem(leaf))]
    chain = chains.build_chain(leaf, held.chain).certificates
    if len(chain) > 1:
        artifacts.append(Artifact.of(name, ArtifactKind.CHAIN, b"".join(map(certificates.encode_pem, chain))))
    return Outcome(
        result=Downloaded(
            name=name,
            org=org,
            certificate=certificates.describe_certificate(leaf),
            mail_dates=mail_dates(leaf.not_valid_after_utc, now),
        ),
        artifacts=tuple(artifacts),
        next_steps=(f"Upload {name}.crt to the app whose logins are signed with this key: Use digital signatures.",),
        first_steps=(place_step(name, Purpose.JWT, request.output_dir),),
    )
