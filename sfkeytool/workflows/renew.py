"""``renew`` and ``rotate``: the next generation of a NAME, complete in a folder of its own, with its runbook."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import UNSET, Meta, Struct, UnsetType, field

from sfkeytool.acceptance.mails import latest_start, mail_dates
from sfkeytool.crypto import certificates, chains, issuing, keys
from sfkeytool.crypto import csr as requests
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.crypto.csr import CsrFacts
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.errors import CertificateError, PrivateKeyError, SfkeytoolError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundKey
from sfkeytool.keystores.heap import gather
from sfkeytool.keystores.leaves import leaves_of_key, only_leaf, refuse_bad_signature
from sfkeytool.keystores.selection import select_key
from sfkeytool.model import (
    Artifact,
    ArtifactKind,
    Fingerprint,
    KeystoreFormat,
    NextStep,
    Notice,
    Outcome,
    Purpose,
    Request,
    Result,
    UniqueNameText,
    UtcTime,
)
from sfkeytool.passwords import Secret, Source, SourceKind
from sfkeytool.shell import path_argument, shell_line
from sfkeytool.workflows import package
from sfkeytool.workflows.generations import Generation
from sfkeytool.workflows.keypair import DEFAULT_BITS, key_artifact
from sfkeytool.workflows.next_steps import first_steps_for_request, folder_option, import_step, place_step
from sfkeytool.workflows.parts import KeyFacts, KeystoreFacts, MailDates, Proof, describe_key
from sfkeytool.workflows.receipts import receipt_record
from sfkeytool.workflows.runbook import Change, Step, steps
from sfkeytool.workflows.runbook_page import encode_runbook

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class RenewRequest(Request, frozen=True, kw_only=True):
    """``folder`` is that of NAME, the generation that is followed. ``purpose`` is None for the same as before.

    ``password`` is that of the new keystore, None where a CA is to sign first; ``format`` is None for the same as
    before. ``calendar`` is the file for calendar entries.
    """

    name: str
    folder: Path
    new_key: bool = False
    days: int
    password: Source | None = None
    format: KeystoreFormat | None = None
    new_name: str | None = None
    purpose: Purpose | None = None
    bits: int | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()
    calendar: Path | None = None

    @property
    def by_ca(self) -> bool:
        return self.password is None

    def format_after(self, generation: Generation | None) -> KeystoreFormat:
        """That of the new keystore: what somebody asked for once, as the receipt of the generation before tells, holds
        until they ask for another."""
        return self.format or (generation.format if generation is not None else None) or KeystoreFormat.JKS


class Follows(Result, frozen=True, kw_only=True):
    """The generation before."""

    name: UniqueNameText
    same_key: bool
    certificate_sha256: Fingerprint
    not_after: UtcTime


class Renewed(Result, frozen=True, kw_only=True):
    """The next generation. Without certificate, keystore, proof and dates where a CA is to sign, else without
    request."""

    name: UniqueNameText
    follows: Follows
    purpose: Purpose
    key: KeyFacts
    request: CsrFacts | UnsetType = UNSET
    certificate: CertificateFacts | UnsetType = UNSET
    keystore: KeystoreFacts | UnsetType = UNSET
    proof: Proof | UnsetType = UNSET
    mail_dates: MailDates | UnsetType = UNSET
    latest_start: date | UnsetType = UNSET
    runbook: Annotated[tuple[Step, ...], Meta(min_length=1)]
    due: Annotated[Literal[True] | UnsetType, Meta(description="With --if-within only")] = UNSET


class RenewInputs(Struct, frozen=True):
    """What was read of the old generation, and the new passwords. ``generation`` is its receipt, if it has a sound one.

    ``key`` is None if the old folder has none; ``password`` if a CA is to sign.
    """

    key: InputFile | None
    certificate: InputFile
    generation: Generation | None
    password: Secret | None = None
    key_password: Secret | None = None
    input_passwords: Sequence[Secret] = field(default=())


def renew(request: RenewRequest, new_name: str, folder: Path, inputs: RenewInputs, now: datetime) -> Outcome[Renewed]:
    """The next generation: key, certificate and keystore, or key and request for a CA; receipt and runbook. ``folder``
    is where it will be.

    Raises our errors when the old key or certificate is missing, damaged, or does not fit the other. Pure but for the
    randomness of keys, serial numbers and salts.
    """
    old_key = _old_key(request, inputs)
    old = _old_certificate(inputs.certificate, old_key)
    purpose = request.purpose or _purpose(old, inputs.generation)
    notices = list(_notices(request, old, purpose, now))
    key, artifact, key_notices = _new_key(request, new_name, inputs, old_key, old)
    notices += key_notices
    artifacts = [artifact]
    request_facts: CsrFacts | UnsetType = UNSET
    keystore: package.Keystore | None = None
    new: Certificate | None = None
    format = request.format_after(inputs.generation)
    if request.password is None or inputs.password is None:
        made = requests.build_csr(key, subject=old.subject, san=_san(old), purpose=purpose)
        artifacts.append(Artifact.of(new_name, ArtifactKind.CSR, requests.encode_pem(made)))
        request_facts = requests.describe_csr(made)
    else:
        notices += package.check_new_password(inputs.password, new_name, format)
        new = issuing.build_self_signed(
            key, subject=old.subject, san=_san(old), purpose=purpose, days=request.days, now=now
        )
        keystore = package.make_keystore(new_name, key, [new], inputs.password, request.password, now, format)
        artifacts += keystore.artifacts
        notices += package.check_acceptance(artifacts, inputs.password, purpose, now, format=format)
    change = _change(request, new_name, purpose, old, new, now, format)
    artifacts.append(Artifact.of(new_name, ArtifactKind.RUNBOOK, encode_runbook(change)))
    result = Renewed(
        name=new_name,
        follows=Follows(
            name=request.name,
            same_key=not request.new_key,
            certificate_sha256=certificates.fingerprint(certificates.encode_der(old)),
            not_after=old.not_valid_after_utc,
        ),
        purpose=purpose,
        key=describe_key(key, source="generated" if request.new_key else "same"),
        request=request_facts,
        certificate=certificates.describe_certificate(new) if new else UNSET,
        keystore=keystore.facts if keystore else UNSET,
        proof=keystore.proof if keystore else UNSET,
        mail_dates=mail_dates(new.not_valid_after_utc, now) if new else UNSET,
        latest_start=latest_start(new.not_valid_before_utc, new.not_valid_after_utc) if new else UNSET,
        runbook=steps(change),
    )
    command = "rotate" if request.new_key else "renew"
    return Outcome(
        result=result,
        artifacts=tuple(artifacts),
        record=receipt_record(command, now, artifacts, result, without=("runbook",)),
        notices=tuple(notices),
        next_steps=(
            f"Follow {new_name}-runbook.md: it tells each step with its check and the way back. In short:",
            *(
                f"{step.title}: `{step.do[0].command}`" if step.do[0].command else f"{step.title}."
                for step in result.runbook
            ),
        ),
        first_steps=_first_steps(request, new_name, folder, purpose, format),
    )


def _first_steps(
    request: RenewRequest, new_name: str, folder: Path, purpose: Purpose, format: KeystoreFormat
) -> tuple[NextStep, ...]:
    """How the runbook begins, and how to see the rest."""
    status = ["sfkeytool", "renew", request.name, "--status", *folder_option(request.name, request.folder)]
    rest = NextStep("See which step is next, and how to know that it worked:", shell_line(status))
    if request.by_ca:
        return (*first_steps_for_request(new_name, purpose, folder, format), rest)
    second = place_step(new_name, purpose, folder, told="the key is the same: no login should fail")
    if purpose is Purpose.JWT and request.new_key:
        metadata = ["sfkeytool", "metadata", new_name, *folder_option(new_name, folder)]
        second = NextStep(
            "Make a second app for the new key: the only swap without a gap. An app holds one certificate, and once it"
            " is replaced, logins with the old key fail.",
            shell_line(metadata),
        )
    return (import_step(new_name, folder, format), second, rest)


def _old_key(request: RenewRequest, inputs: RenewInputs) -> FoundKey | None:
    """NAME.key, which a renewal needs. A rotation only looks whether it tells which certificate is meant."""
    if inputs.key is None:
        return None
    try:
        contents = parse_contents(inputs.key, inputs.input_passwords)
        return select_key(gather([contents], "--input-password", by_alias=False)).key
    except SfkeytoolError:
        if request.new_key:
            return None
        raise


def _old_certificate(file: InputFile, key: FoundKey | None) -> Certificate:
    """The certificate that is followed: the key's own, if it is there."""
    contents = parse_contents(file, (), load_keys=False)
    own = leaves_of_key(key.spki_der, contents.certificates) if key is not None else ()
    found = only_leaf(own or contents.certificates, file.label, () if own else contents.unreadable)
    refuse_bad_signature(found)
    return found.certificate


def _new_key(
    request: RenewRequest, new_name: str, inputs: RenewInputs, found: FoundKey | None, old: Certificate
) -> "tuple[RSAPrivateKey, Artifact, list[Notice]]":
    """The key of the new generation, and its file: as encrypted as the old one, unless another password is given."""
    if inputs.key_password is not None:
        package.require_length(inputs.key_password, f"{new_name}.key")
    if request.new_key:
        key = keys.generate_key(request.bits or max(_bits(old), DEFAULT_BITS))
        notices = []
        if inputs.key is not None and b"ENCRYPTED" in inputs.key.data and inputs.key_password is None:
            message = f"{inputs.key.label} is encrypted, {new_name}.key is not: --key-password SOURCE encrypts it"
            notices.append(Notice("key.in-clear", message))
        return key, key_artifact(new_name, key, inputs.key_password), notices
    if inputs.key is None or found is None:
        raise PrivateKeyError(
            "key.none",
            f"{request.folder / request.name}.key is not there, and a renewal keeps the key",
            f"put the key there, or make a new one: {shell_line(['sfkeytool', 'rotate', request.name])}",
        )
    if found.spki_der != certificates.spki_der(old):
        raise PrivateKeyError(
            "key.no-match",
            f"{inputs.key.label} and {inputs.certificate.label} do not belong together",
            "this tells what each holds: "
            + shell_line(["sfkeytool", "show", *map(path_argument, (inputs.key.label, inputs.certificate.label))]),
        )
    key = keys.require_supported(found.key, found.origin)
    return key, key_artifact(new_name, key, inputs.key_password or found.file_password), []


def _purpose(old: Certificate, generation: Generation | None) -> Purpose:
    """As the receipt says; without one, as the extended key usage tells."""
    if generation is not None and generation.purpose is not None:
        return generation.purpose
    try:
        usages = old.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (*LIBRARY_ERRORS, x509.ExtensionNotFound):
        return Purpose.JWT
    if ExtendedKeyUsageOID.SERVER_AUTH in usages:
        return Purpose.DOMAIN
    return Purpose.MTLS if ExtendedKeyUsageOID.CLIENT_AUTH in usages else Purpose.JWT


def _notices(request: RenewRequest, old: Certificate, purpose: Purpose, now: datetime) -> list[Notice]:
    notices = []
    if old.not_valid_after_utc <= now:
        message = f"{request.name} expired on {old.not_valid_after_utc.date()}: logins may fail already"
        notices.append(Notice("renew.expired", message))
    if not request.by_ca and not chains.is_self_signed(old):
        if purpose in (Purpose.DOMAIN, Purpose.MTLS):
            raise CertificateError(
                "renew.needs-ca",
                f"{request.name} was signed by a CA, and for {purpose} others must trust it; a self-signed one will"
                " not do",
                "make a request for the CA: --csr",
            )
        message = (
            f"{request.name} was signed by a CA, the new certificate is self-signed: that does for {purpose};"
            " --csr makes a request for the CA instead"
        )
        notices.append(Notice("renew.self-signed", message))
    return notices


def _bits(old: Certificate) -> int:
    return keys.describe_key_kind(old.public_key())[1] or 0


def _san(old: Certificate) -> list[x509.GeneralName]:
    try:
        return list(old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (*LIBRARY_ERRORS, x509.ExtensionNotFound):
        return []


def _change(
    request: RenewRequest,
    new_name: str,
    purpose: Purpose,
    old: Certificate,
    new: Certificate | None,
    now: datetime,
    format: KeystoreFormat,
) -> Change:
    return Change(
        old=request.name,
        new=new_name,
        same_key=not request.new_key,
        purpose=purpose,
        by_ca=request.by_ca,
        made=now.date(),
        old_expiry=old.not_valid_after_utc.date(),
        new_expiry=new.not_valid_after_utc.date() if new else None,
        new_mail_dates=mail_dates(new.not_valid_after_utc, now) if new else (),
        next_start=latest_start(new.not_valid_before_utc, new.not_valid_after_utc) if new else None,
        password_file=request.password is not None and request.password.kind is SourceKind.GENERATE,
        format=format,
    )
