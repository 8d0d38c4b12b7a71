"""``reminder``: a keystore whose certificate expires when another does, for orgs that must not hold the real key."""

from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates, keys, reminders
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.crypto.sniff import FileKind
from sfkeytool.errors import CertificateError, InputError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.leaves import only_leaf, refuse_bad_signature
from sfkeytool.model import ArtifactKind, KeystoreFormat, Outcome, PlannedFile, Purpose, Request, Result, UniqueNameText
from sfkeytool.passwords import Secret, Source
from sfkeytool.salesforce.certificate_element import read_certificate
from sfkeytool.shell import shell_line
from sfkeytool.workflows import package
from sfkeytool.workflows.next_steps import first_steps_for_reminder, steps_for_reminder
from sfkeytool.workflows.parts import KeystoreFacts, MailDates
from sfkeytool.workflows.receipts import receipt_record

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

INFERRED = (
    "That Certificate and Key Management mails about imported pairs is inferred, not documented: they are ordinary rows"
    " there. To see it, import a reminder of a certificate that expires in 61 days (sfkeytool self-signed mail_test"
    " --days 61 makes one): the first mail should come a day later, give or take one."
)


class ReminderRequest(Request, frozen=True, kw_only=True):
    """``name`` is None for the certificate's own with ``_expiry_only``."""

    certificate: Path
    password: Source
    format: KeystoreFormat = KeystoreFormat.JKS
    name: str | None = None
    output_dir: Path | None = None
    force: bool = False


class Reminded(Result, frozen=True, kw_only=True):
    """A pair that expires with another certificate. ``basis`` says how sure it is that anybody is mailed."""

    name: UniqueNameText
    certificate: CertificateFacts
    reminds_of: CertificateFacts
    keystore: KeystoreFacts
    mail_dates: MailDates
    basis: str


class ReminderInputs(Struct, frozen=True):
    certificate: InputFile
    password: Secret


def planned(request: ReminderRequest, name: str) -> tuple[PlannedFile, ...]:
    """The files of the run: no NAME.crt, which somebody would upload to the app."""
    files = package.keystore_files(name, request.password, request.format)
    return (
        *(file for file in files if file.kind is not ArtifactKind.CERTIFICATE),
        *PlannedFile.of(name, ArtifactKind.RECEIPT),
    )


def reminder(request: ReminderRequest, name: str, inputs: ReminderInputs, now: datetime) -> Outcome[Reminded]:
    """Keystore and receipt of a reminder. Its key is in the keystore and nowhere else.

    Raises CertificateError for a file without a certificate, with several, or with an expired one. Pure but for the
    randomness of the key.
    """
    notices = package.check_new_password(inputs.password, name, request.format)
    reminded = _reminded(inputs.certificate, now)
    key = keys.generate_key(2048)
    certificate = reminders.build_reminder(key, reminded, name, now)
    keystore = package.make_keystore(name, key, [certificate], inputs.password, request.password, now, request.format)
    artifacts = tuple(artifact for artifact in keystore.artifacts if artifact.kind is not ArtifactKind.CERTIFICATE)
    result = Reminded(
        name=name,
        certificate=certificates.describe_certificate(certificate),
        reminds_of=certificates.describe_certificate(reminded),
        keystore=keystore.facts,
        mail_dates=mail_dates(certificate.not_valid_after_utc, now),
        basis=INFERRED,
    )
    return Outcome(
        result=result,
        artifacts=artifacts,
        record=receipt_record("reminder", now, artifacts, result),
        notices=(
            *package.check_acceptance(artifacts, inputs.password, Purpose.JWT, now, format=request.format),
            *notices,
        ),
        next_steps=steps_for_reminder(name, certificate, request.password, now, request.format),
        first_steps=first_steps_for_reminder(
            name, request.password, request.output_dir or PurePath(name), request.format
        ),
    )


def _candidates(file: InputFile) -> Contents:
    """What is in a file; of an app's metadata the certificate of its logins, since SAML settings may hold others."""
    contents = parse_contents(file, (), load_keys=False)
    if contents.kind is not FileKind.XML:
        return contents
    try:
        of_logins = read_certificate(file.data)
    except InputError:  # no app's metadata, or one that names a certificate
        return contents
    found = tuple(found for found in contents.certificates if found.der == of_logins)
    return replace(contents, certificates=found, unreadable=()) if found else contents


def _reminded(file: InputFile, now: datetime) -> "Certificate":
    contents = _candidates(file)
    found = only_leaf(contents.certificates, file.label, contents.unreadable)
    refuse_bad_signature(found)
    certificate = found.certificate
    if certificate.not_valid_after_utc <= now:
        raise CertificateError(
            "reminder.expired",
            f"{found.origin} expired on {certificate.not_valid_after_utc.date()}: no mail would come any more",
            "renew it first: " + shell_line(["sfkeytool", "renew", "NAME"]),
        )
    if reminders.reminded_sha256_prefix(certificate) is not None:
        raise CertificateError("certificate.is-reminder", f"{found.origin} is a reminder itself")
    return certificate
