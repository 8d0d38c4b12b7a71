"""``ckm upload``: source that brings a CA's answer to its record in CKM.

Whether an org takes this source as the Metadata API Developer Guide says was not tried: no live org was reached.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import CertificateError
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Outcome, Purpose, Request, UniqueNameText
from sfkeytool.passwords import Secret, Source
from sfkeytool.salesforce.ckm import CkmEntry
from sfkeytool.salesforce.metadata_source import build_certificate
from sfkeytool.workflows.ckm_record import Held, held_by
from sfkeytool.workflows.parts import MailDates
from sfkeytool.workflows.sfdx_project import Deployable, Destination, source_artifacts
from sfkeytool.workflows.signed_chain import ChainFacts, SignedChain, build_signed_chain, parse_request


class CkmUploadRequest(Request, frozen=True, kw_only=True):
    """``csr`` is the request that CKM gave out; without it the record in the org tells which key it is."""

    name: str
    files: tuple[Path, ...] = ()
    csr: Path | None = None
    label: str | None = None
    input_passwords: tuple[Source, ...] = ()
    project: Path | None = None
    deploy: bool = False
    confirmed: bool = False
    force: bool = False


class CkmUploadInputs(Struct, frozen=True):
    """The CA's answer; the request that CKM gave out, if it is at hand; and the record, if an org is named."""

    files: Sequence[InputFile]
    csr: InputFile | None = None
    entry: CkmEntry | None = None
    input_passwords: Sequence[Secret] = ()


class Uploaded(Deployable, frozen=True, kw_only=True):
    """A signed chain for a record of CKM."""

    name: UniqueNameText
    certificate: CertificateFacts
    chain: ChainFacts
    chain_complete: bool
    mail_dates: MailDates


def record_name(request: CkmUploadRequest, entry: CkmEntry | None) -> str:
    """The record's unique name, spelt as CKM has it. Pure."""
    return entry.name if entry is not None else request.name


def ckm_upload(
    request: CkmUploadRequest, inputs: CkmUploadInputs, destination: Destination, now: datetime
) -> Outcome[Uploaded]:
    """Source that brings the signed chain to its record.

    Refused, before anything is written or sent: a leaf of another key than the record's request, or than its present
    certificate once the request is not readable any more; a record that shows neither, without --csr; an expired
    certificate in the chain; a missing leaf. Order, DER and endings are mended. Raises CertificateError. Pure.
    """
    entry = inputs.entry
    held = held_by(entry)
    csr = parse_request(inputs.csr) if inputs.csr is not None else held.request
    if csr is None and held.leaf is None:
        raise CertificateError(
            "ckm.unproved",
            f"nothing tells whether this chain belongs to {request.name}: "
            + ("its record cannot be read" if entry is not None else "no org was named"),
            "--csr FILE proves it, with the request that Setup gave out",
            "or let the record be read: --target-org ALIAS",
        )
    chain = build_signed_chain(request.name, inputs.files, csr, inputs.input_passwords, Purpose.DOMAIN, now)
    _refuse_other_key(request.name, chain, held)
    leaf = certificates.describe_certificate(chain.leaf)
    sources = build_certificate(
        record_name(request, entry),
        chain.pem,
        key_bits=leaf.key_bits or 2048,
        label=request.label or (entry.label if entry else "") or request.name,
        exportable=entry.exportable if entry is not None and entry.exportable is not None else True,
    )
    return Outcome(
        result=Uploaded(
            name=request.name,
            certificate=leaf,
            chain=chain.facts,
            chain_complete=chain.is_complete,
            mail_dates=mail_dates(chain.leaf.not_valid_after_utc, now),
            project=destination.project,
            org=destination.org,
            deployed=False,
        ),
        artifacts=source_artifacts(sources, new_project=destination.is_new),
        notices=chain.notices,
    )


def _refuse_other_key(name: str, chain: SignedChain, held: Held) -> None:
    spki = certificates.spki_der(chain.leaf)
    for what, known in held.key_owners:
        if known != spki:
            raise CertificateError(
                "ckm.other-key",
                f"the certificate belongs to another key than {what} of {name} in CKM",
                "the CA signed another request: fetch the record's own with sfkeytool ckm csr",
            )


def differs_after_upload(entry: CkmEntry | None, wanted: CertificateFacts) -> str:
    """What is not as it was sent; empty if all is. Raises as held_by(). Pure."""
    held = held_by(entry)
    if entry is None or held.leaf is None:
        return "CKM shows no certificate for it"
    found = certificates.describe_certificate(held.leaf.certificate)
    if found.sha256 != wanted.sha256:
        return f"CKM holds another certificate ({found.sha256[:23]}…, until {found.not_after.date()})"
    if entry.expires is not None and abs((entry.expires.date() - wanted.not_after.date()).days) > 1:
        return f"CKM shows the expiry {entry.expires.date()}, and not {wanted.not_after.date()}"
    return ""
