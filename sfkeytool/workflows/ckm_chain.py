"""``ckm chain``: from a CA's answer to the file that Setup's Upload Signed Certificate takes, for a key born in CKM."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import (
    Artifact,
    ArtifactKind,
    Notice,
    Outcome,
    PlannedFile,
    Profile,
    Purpose,
    Request,
    Result,
    UniqueNameText,
)
from sfkeytool.passwords import Secret, Source
from sfkeytool.workflows import package
from sfkeytool.workflows.next_steps import first_steps_for_chain, steps_for_chain
from sfkeytool.workflows.parts import MailDates
from sfkeytool.workflows.receipts import receipt_record
from sfkeytool.workflows.signed_chain import ChainFacts, build_signed_chain, parse_request


class CkmChainRequest(Request, frozen=True, kw_only=True):
    """``csr`` is the request that CKM gave out."""

    name: str
    files: tuple[Path, ...] = ()
    purpose: Purpose
    csr: Path | None = None
    input_passwords: tuple[Source, ...] = ()
    output_dir: Path | None = None
    force: bool = False


class CkmChainInputs(Struct, frozen=True):
    """The CA's answer, and the request that CKM gave out, if it is at hand."""

    files: Sequence[InputFile]
    csr: InputFile | None = None
    input_passwords: Sequence[Secret] = ()


class Chained(Result, frozen=True, kw_only=True):
    """A chain for Upload Signed Certificate. ``request_proved``: whether a request told that it is of its key."""

    name: UniqueNameText
    purpose: Purpose
    certificate: CertificateFacts
    chain: ChainFacts
    chain_complete: bool
    request_proved: bool
    mail_dates: MailDates


_UNPROVED = Notice(
    "ckm.csr-not-given",
    "whether the certificate belongs to the key in CKM was not tried: --csr FILE proves it, with the request that"
    " Setup gave out",
)


def planned(request: CkmChainRequest) -> tuple[PlannedFile, ...]:
    """The files of the run."""
    return PlannedFile.of(request.name, ArtifactKind.CHAIN, ArtifactKind.CERTIFICATE, ArtifactKind.RECEIPT)


def ckm_chain(request: CkmChainRequest, inputs: CkmChainInputs, now: datetime) -> Outcome[Chained]:
    """NAME-chain.crt (leaf, intermediates, root), NAME.crt and the receipt. Raises as build_signed_chain(). Pure."""
    asked = parse_request(inputs.csr) if inputs.csr else None
    chain = build_signed_chain(request.name, inputs.files, asked, inputs.input_passwords, request.purpose, now)
    certificate = Artifact.of(request.name, ArtifactKind.CERTIFICATE, certificates.encode_pem(chain.leaf))
    artifacts = (Artifact.of(request.name, ArtifactKind.CHAIN, chain.pem), certificate)
    result = Chained(
        name=request.name,
        purpose=request.purpose,
        certificate=certificates.describe_certificate(chain.leaf),
        chain=chain.facts,
        chain_complete=chain.is_complete,
        request_proved=asked is not None,
        mail_dates=mail_dates(chain.leaf.not_valid_after_utc, now),
    )
    return Outcome(
        result=result,
        artifacts=artifacts,
        record=receipt_record("ckm chain", now, artifacts, result),
        notices=(
            *_judged_for_app(certificate, request.purpose, now),
            *(() if asked else (_UNPROVED,)),
            *chain.notices,
        ),
        next_steps=steps_for_chain(request.name, request.purpose, chain.leaf, now),
        first_steps=first_steps_for_chain(request.name, request.purpose, request.output_dir),
    )


def _judged_for_app(certificate: Artifact, purpose: Purpose, now: datetime) -> tuple[Notice, ...]:
    """What the rules of acceptance say of NAME.crt. Raises CertificateError for what an app would refuse."""
    if purpose is not Purpose.JWT:
        return ()
    file = InputFile(certificate.filename, certificate.content)
    return package.judge_file(file, Profile.APP_CERT, purpose, now)
