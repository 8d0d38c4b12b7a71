"""``ckm create``: source that lets CKM make a key and a request of its own.

Whether an org takes this source as the Metadata API Developer Guide says was not tried: no live org was reached.
"""

from datetime import datetime
from pathlib import Path

from sfkeytool.crypto import certificates, csr, issuing, keys, names
from sfkeytool.errors import UsageError
from sfkeytool.model import NextStep, Outcome, Purpose, Request, UniqueNameText
from sfkeytool.salesforce.ckm import CkmEntry
from sfkeytool.salesforce.metadata_source import build_certificate
from sfkeytool.shell import shell_line
from sfkeytool.workflows.ckm_record import held_by
from sfkeytool.workflows.sfdx_project import Deployable, Destination, source_artifacts
from sfkeytool.workflows.subjects import SubjectRequest, resolve_subject

_CREATION_DAYS = 365
"""Of the throw-away certificate whose fields CKM copies; what CKM then issues by itself lasts as CKM decides."""

_BITS = (2048, 4096)
"""Metadata API Developer Guide, "Certificate", keySize."""


class CkmCreateRequest(Request, frozen=True, kw_only=True):
    """``project`` is an sfdx project that exists, or a folder to make; None for ``NAME-create``, or the one around."""

    name: str
    subject: SubjectRequest
    san: tuple[str, ...] = ()
    bits: int = 2048
    label: str | None = None
    not_exportable: bool = False
    project: Path | None = None
    deploy: bool = False
    confirmed: bool = False


class Created(Deployable, frozen=True, kw_only=True):
    """A record of CKM that is to be, with the subject of its request."""

    name: UniqueNameText
    subject: str


def ckm_create(request: CkmCreateRequest, destination: Destination, now: datetime) -> Outcome[Created]:
    """Source of a new record that waits for a CA. Raises UsageError. Pure but for the throw-away key.

    The record type has no fields for the subject: the certificate in the source has it, and Salesforce copies it onto
    a key of its own (Metadata API Developer Guide, "Certificate"). The key made here signs that certificate, and goes.
    """
    if request.bits not in _BITS:
        raise UsageError(
            "usage.key-size", f"--key-size {request.bits}: by the Metadata API CKM makes 2048 or 4096 bits only"
        )
    subject = resolve_subject(request.name, request.subject)
    certificate = issuing.build_self_signed(
        keys.generate_key(request.bits), subject=subject, san=names.parse_san(request.san), purpose=Purpose.JWT,
        days=_CREATION_DAYS, now=now,
    )  # fmt: skip
    sources = build_certificate(
        request.name,
        certificates.encode_pem(certificate),
        key_bits=request.bits,
        label=request.label or request.name,
        exportable=not request.not_exportable,
    )
    return Outcome(
        result=Created(
            name=request.name,
            subject=certificates.describe_certificate(certificate).subject,
            project=destination.project,
            org=destination.org,
            deployed=False,
        ),
        artifacts=source_artifacts(sources, new_project=destination.is_new),
        next_steps=(
            f"Once it is deployed, `{shell_line(['sfkeytool', 'ckm', 'csr', request.name])}` fetches the request for"
            " your CA.",
        ),
        first_steps=(
            NextStep(
                "Once it is deployed, fetch the request for your CA:",
                shell_line(["sfkeytool", "ckm", "csr", request.name, "--target-org", destination.cli_alias or "ALIAS"]),
            ),
        ),
    )


def differs_after_create(entry: CkmEntry | None, subject: str) -> str:
    """What is not as it was asked for in the org; empty if all is. Raises as held_by(). Pure."""
    if entry is None:
        return "CKM has no such certificate"
    request = held_by(entry).request
    if request is None:
        return "CKM gives out no request for it"
    found = csr.describe_csr(request.csr).subject
    return "" if found == subject else f"the request's subject is {found or '(none)'}, and not {subject}"
