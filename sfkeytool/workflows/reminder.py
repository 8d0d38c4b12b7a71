"""``reminder``: a keystore whose certificate expires when another does, for orgs that must not hold the real key."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from sfkeytool.crypto import certificates, keys, reminders
from sfkeytool.crypto.sniff import FileKind
from sfkeytool.errors import CertificateError, InputError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.selection import only_leaf, refuse_bad_signature
from sfkeytool.model import ArtifactKind, Outcome, Purpose
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.certificate_element import read_certificate
from sfkeytool.workflows import package
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.next_steps import steps_for_reminder
from sfkeytool.workflows.requests import ReminderRequest

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

INFERRED = (
    "That Certificate and Key Management mails about imported pairs is inferred, not documented: they are ordinary rows"
    " there. To see it, import a reminder of a certificate that expires in 61 days (sfkeytool self-signed mail_test"
    " --days 61 makes one): the first mail should come a day later, give or take one."
)


class ReminderInputs(Struct, frozen=True):
    certificate: InputFile
    password: Secret


def reminder(request: ReminderRequest, name: str, inputs: ReminderInputs, now: datetime) -> Outcome[Any]:
    """Keystore and receipt of a reminder. Its key is in the keystore and nowhere else.

    Raises CertificateError for a file without a certificate, with several, or with an expired one. Pure but for the
    randomness of the key.
    """
    notices = package.check_new_password(inputs.password, f"{name}.jks")
    reminded = _reminded(inputs.certificate, now)
    key = keys.generate_key(2048)
    certificate = reminders.build_reminder(key, reminded, name, now)
    artifacts = [
        artifact
        for artifact in package.keystore_artifacts(name, key, [certificate], inputs.password, request.password, now)
        if artifact.kind is not ArtifactKind.CERTIFICATE  # somebody would upload it to the app
    ]
    facts = {
        "name": name,
        "certificate": to_builtins(certificates.describe_certificate(certificate)),
        "remindsOf": to_builtins(certificates.describe_certificate(reminded)),
        "keystore": package.describe_keystore(name, 1),
        "mailDates": describe_mails(certificate, now),
        "basis": INFERRED,
    }
    return Outcome(
        result=facts,
        artifacts=tuple(artifacts),
        record=package.receipt_record("reminder", now, artifacts, **facts),
        notices=(*package.check_acceptance(artifacts, inputs.password, Purpose.JWT, now), *notices),
        next_steps=steps_for_reminder(name, certificate, request.password, now),
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
            "renew it first: sfkeytool renew NAME",
        )
    if reminders.reminded_sha256_prefix(certificate) is not None:
        raise CertificateError("certificate.is-reminder", f"{found.origin} is a reminder itself")
    return certificate
