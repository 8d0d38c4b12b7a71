"""``self-signed``: a keypair and a self-signed certificate, as key, certificate and keystore."""

from datetime import datetime
from pathlib import Path, PurePath

from msgspec import Struct, field

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates, issuing, names
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.model import ArtifactKind, KeystoreFormat, Outcome, PlannedFile, Purpose, Request, Result, UniqueNameText
from sfkeytool.passwords import Secret, Source
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import KeyInputs, KeyRequest, choose_key, key_files
from sfkeytool.workflows.next_steps import first_steps_for_keystore, steps_for_keystore
from sfkeytool.workflows.parts import KeyFacts, KeystoreFacts, MailDates, Proof, describe_key
from sfkeytool.workflows.receipts import receipt_record
from sfkeytool.workflows.subjects import SubjectRequest, resolve_subject


class SelfSignedRequest(Request, frozen=True, kw_only=True):
    name: str
    subject: SubjectRequest
    san: tuple[str, ...] = ()
    purpose: Purpose
    key: KeyRequest
    days: int
    password: Source
    format: KeystoreFormat = KeystoreFormat.JKS
    output_dir: Path | None = None
    force: bool = False


class SelfSignedInputs(Struct, frozen=True):
    password: Secret
    key: KeyInputs = field(default_factory=KeyInputs)


class Made(Result, frozen=True, kw_only=True):
    """A keypair with a self-signed certificate."""

    name: UniqueNameText
    purpose: Purpose
    key: KeyFacts
    certificate: CertificateFacts
    keystore: KeystoreFacts
    proof: Proof
    mail_dates: MailDates


def planned(request: SelfSignedRequest, *, has_key: bool) -> tuple[PlannedFile, ...]:
    """The files of the run. ``has_key``: whether the folder has NAME.key already."""
    return (
        *key_files(request.name, request.key, has_key=has_key),
        *package.keystore_files(request.name, request.password, request.format),
        *PlannedFile.of(request.name, ArtifactKind.RECEIPT),
    )


def self_signed(request: SelfSignedRequest, inputs: SelfSignedInputs, now: datetime) -> Outcome[Made]:
    """Key, certificate, keystore and receipt of a self-signed pair. Pure but for the randomness of the key."""
    issuing.check_days(request.days)
    subject = resolve_subject(request.name, request.subject)
    san = names.parse_san(request.san)
    password_notices = package.check_new_password(inputs.password, request.name, request.format)
    chosen = choose_key(request.name, request.key.bits, inputs.key)
    certificate = issuing.build_self_signed(
        chosen.key, subject=subject, san=san, purpose=request.purpose, days=request.days, now=now
    )
    keystore = package.make_keystore(
        request.name, chosen.key, [certificate], inputs.password, request.password, now, request.format
    )
    artifacts = ((chosen.artifact,) if chosen.artifact else ()) + keystore.artifacts
    result = Made(
        name=request.name,
        purpose=request.purpose,
        key=describe_key(chosen.key, source=chosen.source),
        certificate=certificates.describe_certificate(certificate),
        keystore=keystore.facts,
        proof=keystore.proof,
        mail_dates=mail_dates(certificate.not_valid_after_utc, now),
    )
    return Outcome(
        result=result,
        artifacts=artifacts,
        record=receipt_record("self-signed", now, artifacts, result),
        notices=(
            *chosen.notices,
            *package.check_acceptance(artifacts, inputs.password, request.purpose, now, format=request.format),
            *password_notices,
        ),
        next_steps=steps_for_keystore(
            request.name,
            request.purpose,
            certificate,
            request.password,
            now,
            ca_signed=False,
            format=request.format,
        ),
        first_steps=first_steps_for_keystore(
            request.name,
            request.purpose,
            request.password,
            request.output_dir or PurePath(request.name),
            request.format,
        ),
    )
