"""From a key and its chain to the files that Salesforce takes, read back before anybody sees them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.acceptance.engine import judge
from sfkeytool.acceptance.rule import Severity
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.crypto import certificates, keys
from sfkeytool.crypto.pem import parse_pem
from sfkeytool.errors import CertificateError, SelfCheckError, UsageError
from sfkeytool.keystores.contents import InputFile
from sfkeytool.keystores.jks import encode_jks
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.store import StoreType
from sfkeytool.model import Artifact, ArtifactKind, KeystoreFormat, Notice, PlannedFile, Profile, Purpose
from sfkeytool.passwords import (
    COMFORTABLE_LENGTH,
    MINIMUM_LENGTH,
    Secret,
    Source,
    SourceKind,
    minimum_length,
)
from sfkeytool.workflows.parts import KeystoreFacts, Proof

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from sfkeytool.crypto.certificate import Certificate


class Keystore(Struct, frozen=True):
    """A new keystore with what goes beside it, read back from the very bytes that are to be written."""

    artifacts: tuple[Artifact, ...]
    facts: KeystoreFacts
    proof: Proof


def keystore_files(name: str, password: Source, format: KeystoreFormat = KeystoreFormat.JKS) -> tuple[PlannedFile, ...]:
    """What make_keystore() will make."""
    files = PlannedFile.of(name, ArtifactKind.KEYSTORE, ArtifactKind.CERTIFICATE, format=format)
    if password.kind is SourceKind.GENERATE:
        files += PlannedFile.of(name, ArtifactKind.KEYSTORE_PASSWORD, format=format)
    return files


def make_keystore(
    name: str,
    key: "RSAPrivateKey",
    chain: Sequence["Certificate"],
    password: Secret,
    password_source: Source,
    now: datetime,
    format: KeystoreFormat = KeystoreFormat.JKS,
) -> Keystore:
    """The keystore, NAME.crt and, for a generated password, NAME.jks.password (or NAME.bcfks.password).

    Both are read back first: the keystore decrypted, the key used to sign, the signature verified with the leaf that
    came out, and that leaf found in NAME.crt. Raises SelfCheckError if any of that fails. ``password`` has passed
    check_new_password() for this format.
    """
    chain_der = tuple(certificates.encode_der(certificate) for certificate in chain)
    key_pkcs8 = keys.encode_key_pkcs8(key)
    content = _encoder(format)(
        alias=name,
        key_pkcs8=key_pkcs8,
        chain_der=chain_der,
        password=password,
        created_at_ms=int(now.timestamp() * 1000),
    )
    store = Artifact.of(name, ArtifactKind.KEYSTORE, content, format=format)
    certificate = Artifact.of(name, ArtifactKind.CERTIFICATE, certificates.encode_pem(chain[0]))
    leaf = _read_back(name, store, StoreType[format.name], key, key_pkcs8, chain_der, password)
    artifacts = [store, certificate]
    if password_source.kind is SourceKind.GENERATE:
        content = password.reveal().encode() + b"\n"
        artifacts.append(Artifact.of(name, ArtifactKind.KEYSTORE_PASSWORD, content, format=format))
    return Keystore(tuple(artifacts), _facts(name, format, len(chain)), _prove_same(store, leaf, certificate))


def _encoder(format: KeystoreFormat) -> Callable[..., bytes]:
    if format is KeystoreFormat.JKS:
        return encode_jks
    from sfkeytool.keystores.bcfks.writing import encode_bcfks  # with ciphers that few runs need

    return encode_bcfks


def _facts(name: str, format: KeystoreFormat, chain_length: int) -> KeystoreFacts:
    if format is KeystoreFormat.BCFKS:
        return KeystoreFacts(type="BCFKS", version=1, alias=name, chain_length=chain_length)
    return KeystoreFacts(type="JKS", version=2, alias=name, chain_length=chain_length)


def _read_back(
    name: str,
    store: Artifact,
    type: StoreType,
    key: "RSAPrivateKey",
    key_pkcs8: bytes,
    chain_der: tuple[bytes, ...],
    password: Secret,
) -> bytes:
    """The leaf that came out, DER."""
    opened = open_keystore(store.content, store.filename, type, [password])
    entry = opened.keys[0]
    if (
        len(opened.keys) != 1
        or opened.certificates
        or opened.other_entries
        or entry.alias != name
        or entry.chain_der != chain_der
        or entry.key_pkcs8 != key_pkcs8
    ):
        raise SelfCheckError(
            "internal.read-back", f"{store.filename} did not read back as it was made; nothing was written"
        )
    keys.prove_pair(key, entry.chain_der[0])
    return entry.chain_der[0]


def _prove_same(store: Artifact, leaf: bytes, certificate: Artifact) -> Proof:
    """That the keystore's leaf is what the certificate file holds. Raises SelfCheckError."""
    files = (store.filename, certificate.filename)
    found = [block.der for block in parse_pem(certificate.content, certificate.filename)]
    if found != [leaf]:
        raise SelfCheckError("internal.proof", f"{' and '.join(files)} differ; nothing was written")
    return Proof(relation="same-certificate", files=files, sha256=certificates.fingerprint(leaf))


def check_new_password(password: Secret, name: str, format: KeystoreFormat = KeystoreFormat.JKS) -> tuple[Notice, ...]:
    """Warnings about a password that NAME's keystore is about to get; raises UsageError if it is too short."""
    require_length(password, format.keystore(name), minimum_length(format))
    length = password.length
    notices = []
    if length < COMFORTABLE_LENGTH:
        notices.append(
            Notice(
                "password.short",
                f"a password of {length} characters is short for a JKS: one graphics card tries some 20 billion a"
                " second, so 8 random characters last days and 12 last millennia; --password generate makes 24",
            )
        )
    if not password.reveal().isascii() or not password.reveal().isprintable():
        notices.append(
            Notice(
                "password.not-ascii",
                "the password is not all printable ASCII: Java reads the keystore, but keytool on another system, or"
                " a browser's form, may encode what is typed differently",
            )
        )
    return tuple(notices)


def require_length(password: Secret, what: str, minimum: int = MINIMUM_LENGTH) -> None:
    """Raises UsageError for a new password that is too short."""
    if password.length < minimum:
        raise UsageError(
            "usage.password-too-short",
            f"the password for {what} has {password.length} characters; at least {minimum} are needed",
            "a keystore's can be made: --password generate",
        )


def check_acceptance(
    artifacts: Sequence[Artifact],
    password: Secret,
    purpose: Purpose,
    now: datetime,
    *,
    given: bool = False,
    format: KeystoreFormat = KeystoreFormat.JKS,
) -> tuple[Notice, ...]:
    """What the rules of acceptance say about a keystore and a certificate for the app before they are published.

    Raises SelfCheckError ``internal.check`` for what judge_file() refuses; where the certificates were ``given``, and
    not made here, its CertificateError. That the password is short, check_new_password() tells.
    """
    profiles = {ArtifactKind.KEYSTORE: Profile.CKM_IMPORT}
    if purpose is Purpose.JWT:  # only then there is an app that takes the certificate
        profiles[ArtifactKind.CERTIFICATE] = Profile.APP_CERT
    notices: dict[str, Notice] = {}
    for artifact in artifacts:
        if artifact.kind not in profiles:
            continue
        file = InputFile(artifact.filename, artifact.content)
        try:
            takes_bcfks = format is KeystoreFormat.BCFKS
            found = judge_file(file, profiles[artifact.kind], purpose, now, [password], takes_bcfks=takes_bcfks)
        except CertificateError as error:
            if given:
                raise CertificateError(error.code, f"{error.message}; nothing was written", *error.hints) from None
            raise SelfCheckError("internal.check", f"{error.message} ({error.code}); nothing was written") from None
        for notice in found:
            # The same certificate is in both: what is said of the keystore is not said again of the .crt.
            twin = notice.code.replace("app.", "ckm.", 1)
            if twin not in notices and notice.code != "ckm.store.short-password":
                notices[notice.code] = notice
    return tuple(notices.values())


def judge_file(
    file: InputFile,
    profile: Profile,
    purpose: Purpose,
    now: datetime,
    passwords: Sequence[Secret] = (),
    *,
    takes_bcfks: bool = False,
) -> tuple[Notice, ...]:
    """What the rules of acceptance say about a file, one notice a rule; ``takes_bcfks`` as Subject has it. Pure.

    Raises CertificateError, with the rule's id as its code, for what Salesforce would refuse, or might: a rule that
    cannot be judged is not passed.
    """
    notices: dict[str, Notice] = {}
    subject = prepare_subject(
        file, as_of=now, profile=profile, purpose=purpose, passwords=passwords, takes_bcfks=takes_bcfks
    )
    report = judge(subject)
    for finding in report.findings:
        rule, evidence = finding.rule, finding.evidence
        said = f"{rule.title}: {evidence.saw}; wanted: {evidence.wanted}"
        if rule.severity is Severity.ERROR or rule.refused_by_makers:
            raise CertificateError(rule.id, f"{evidence.where}: {said}", finding.fix)
        notices[rule.id] = Notice(rule.id, said)
    for unknown in report.unknown:
        if unknown.rule.severity is Severity.ERROR:
            raise CertificateError(unknown.rule.id, f"cannot be judged: {unknown.reason}", unknown.fix)
        notices.setdefault(unknown.rule.id, Notice(unknown.rule.id, unknown.reason))
    return tuple(notices.values())


def validity_notices(certificate: "Certificate", now: datetime) -> tuple[Notice, ...]:
    if certificate.not_valid_after_utc < now:
        return (Notice("certificate.expired", f"the certificate expired on {certificate.not_valid_after_utc.date()}"),)
    if certificate.not_valid_before_utc > now:
        starts = certificates.minute_utc(certificate.not_valid_before_utc)
        return (Notice("certificate.not-yet-valid", f"the certificate is not valid before {starts}"),)
    return ()
