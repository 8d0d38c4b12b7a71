"""``csr``: a keypair and a certificate request for a CA."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field, to_builtins

from sfkeytool.crypto import csr as requests
from sfkeytool.crypto import names
from sfkeytool.model import Artifact, ArtifactKind, Notice, Outcome, Purpose
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import KeyInputs, choose_key, describe_key
from sfkeytool.workflows.requests import CsrRequest
from sfkeytool.workflows.subjects import resolve_subject


class CsrInputs(Struct, frozen=True):
    key: KeyInputs = field(default_factory=KeyInputs)


def csr(request: CsrRequest, inputs: CsrInputs, now: datetime) -> Outcome[Any]:
    """Key, request and receipt. Pure but for the randomness of the key."""
    subject = resolve_subject(request.name, request.subject)
    san = names.parse_san(request.san)
    chosen = choose_key(request.name, request.key.bits, inputs.key)
    made = requests.build_csr(chosen.key, subject=subject, san=san, purpose=request.purpose)
    artifacts = [Artifact(f"{request.name}.csr", ArtifactKind.CSR, requests.encode_pem(made))]
    if chosen.artifact:
        artifacts.insert(0, chosen.artifact)
    facts = {
        "name": request.name,
        "purpose": str(request.purpose),
        "key": describe_key(chosen.key, source=chosen.source),
        "request": to_builtins(requests.describe_csr(made)),
    }
    return Outcome(
        result=facts,
        artifacts=tuple(artifacts),
        record=package.receipt_record("csr", now, artifacts, **facts),
        notices=(*chosen.notices, *_san_notices(request)),
        next_steps=(
            f"Send {request.name}.csr to your CA. The private key stays here: nobody else needs it.",
            "Ask for the whole chain with the answer (PEM, PKCS#7 or single files: any mix will do).",
            f"Then: `sfkeytool wrap {request.name} FILE…` (in this folder's parent, or with the same --output-dir).",
        ),
    )


def _san_notices(request: CsrRequest) -> tuple[Notice, ...]:
    if request.purpose is not Purpose.DOMAIN or request.san:
        return ()
    message = "a custom domain's certificate needs its DNS names: unless the CA adds them, ask again with --san NAME"
    return (Notice("csr.no-san", message),)
