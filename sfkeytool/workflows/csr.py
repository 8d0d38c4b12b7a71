"""``csr``: a keypair and a certificate request for a CA."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from sfkeytool.crypto import csr as requests
from sfkeytool.crypto import names
from sfkeytool.crypto.csr import CsrFacts
from sfkeytool.model import (
    Artifact,
    ArtifactKind,
    Notice,
    Outcome,
    PlannedFile,
    Purpose,
    Request,
    Result,
    UniqueNameText,
)
from sfkeytool.shell import shell_line
from sfkeytool.workflows.keypair import KeyInputs, KeyRequest, choose_key, key_files
from sfkeytool.workflows.next_steps import first_steps_for_request
from sfkeytool.workflows.parts import KeyFacts, describe_key
from sfkeytool.workflows.receipts import receipt_record
from sfkeytool.workflows.subjects import SubjectRequest, resolve_subject


class CsrRequest(Request, frozen=True, kw_only=True):
    name: str
    subject: SubjectRequest
    san: tuple[str, ...] = ()
    purpose: Purpose
    key: KeyRequest
    output_dir: Path | None = None
    force: bool = False


class CsrInputs(Struct, frozen=True):
    key: KeyInputs = field(default_factory=KeyInputs)


class Requested(Result, frozen=True, kw_only=True):
    """A keypair with a certificate request."""

    name: UniqueNameText
    purpose: Purpose
    key: KeyFacts
    request: CsrFacts


def planned(request: CsrRequest, *, has_key: bool) -> tuple[PlannedFile, ...]:
    """The files of the run. ``has_key``: whether the folder has NAME.key already."""
    return (
        *key_files(request.name, request.key, has_key=has_key),
        *PlannedFile.of(request.name, ArtifactKind.CSR, ArtifactKind.RECEIPT),
    )


def csr(request: CsrRequest, inputs: CsrInputs, now: datetime) -> Outcome[Requested]:
    """Key, request and receipt. Pure but for the randomness of the key."""
    subject = resolve_subject(request.name, request.subject)
    san = names.parse_san(request.san)
    chosen = choose_key(request.name, request.key.bits, inputs.key)
    made = requests.build_csr(chosen.key, subject=subject, san=san, purpose=request.purpose)
    artifacts = [Artifact.of(request.name, ArtifactKind.CSR, requests.encode_pem(made))]
    if chosen.artifact:
        artifacts.insert(0, chosen.artifact)
    result = Requested(
        name=request.name,
        purpose=request.purpose,
        key=describe_key(chosen.key, source=chosen.source),
        request=requests.describe_csr(made),
    )
    return Outcome(
        result=result,
        artifacts=tuple(artifacts),
        record=receipt_record("csr", now, artifacts, result),
        notices=(*chosen.notices, *_san_notices(request)),
        next_steps=(
            f"Send {request.name}.csr to your CA. The private key stays here: nobody else needs it.",
            "Ask for the whole chain with the answer (PEM, PKCS#7 or single files: any mix will do).",
            f"Then: `{shell_line(['sfkeytool', 'wrap', request.name, 'FILE…'])}` (in this folder's parent, or with the"
            " same --output-dir).",
        ),
        first_steps=first_steps_for_request(request.name, request.purpose, request.output_dir),
    )


def _san_notices(request: CsrRequest) -> tuple[Notice, ...]:
    if request.purpose is not Purpose.DOMAIN or request.san:
        return ()
    message = "a custom domain's certificate needs its DNS names: unless the CA adds them, ask again with --san NAME"
    return (Notice("csr.no-san", message),)
