"""``self-signed``: a keypair and a self-signed certificate, as key, certificate and keystore."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field, to_builtins

from sfkeytool.crypto import certificates, issuing, names
from sfkeytool.model import Outcome
from sfkeytool.passwords import Secret
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import KeyInputs, choose_key, describe_key
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.next_steps import steps_for_keystore
from sfkeytool.workflows.requests import SelfSignedRequest
from sfkeytool.workflows.subjects import resolve_subject


class SelfSignedInputs(Struct, frozen=True):
    password: Secret
    key: KeyInputs = field(default_factory=KeyInputs)


def self_signed(request: SelfSignedRequest, inputs: SelfSignedInputs, now: datetime) -> Outcome[Any]:
    """Key, certificate, keystore and receipt of a self-signed pair. Pure but for the randomness of the key."""
    issuing.check_days(request.days)
    subject = resolve_subject(request.name, request.subject)
    san = names.parse_san(request.san)
    password_notices = package.check_new_password(inputs.password, f"{request.name}.jks")
    chosen = choose_key(request.name, request.key.bits, inputs.key)
    certificate = issuing.build_self_signed(
        chosen.key, subject=subject, san=san, purpose=request.purpose, days=request.days, now=now
    )
    artifacts = package.keystore_artifacts(
        request.name, chosen.key, [certificate], inputs.password, request.password, now
    )
    if chosen.artifact:
        artifacts.insert(0, chosen.artifact)
    facts = {
        "name": request.name,
        "purpose": str(request.purpose),
        "key": describe_key(chosen.key, source=chosen.source),
        "certificate": to_builtins(certificates.describe_certificate(certificate)),
        "keystore": package.describe_keystore(request.name, 1),
        "proof": package.prove_same(artifacts, inputs.password, now),
        "mailDates": describe_mails(certificate, now),
    }
    return Outcome(
        result=facts,
        artifacts=tuple(artifacts),
        record=package.receipt_record("self-signed", now, artifacts, **facts),
        notices=(
            *chosen.notices,
            *package.check_acceptance(artifacts, inputs.password, request.purpose, now),
            *password_notices,
        ),
        next_steps=steps_for_keystore(
            request.name, request.purpose, certificate, request.password, now, ca_signed=False
        ),
    )
