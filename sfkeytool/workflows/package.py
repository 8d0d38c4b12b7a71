"""From a key and its chain to the files that Salesforce takes, read back before anybody sees them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.acceptance.engine import judge
from sfkeytool.acceptance.rule import Severity
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.crypto import certificates, keys
from sfkeytool.crypto.pem import parse_pem
from sfkeytool.errors import CertificateError, SelfCheckError, UsageError
from sfkeytool.keystores import jks
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Artifact, ArtifactKind, Notice, PlannedFile, Profile, Purpose
from sfkeytool.passwords import COMFORTABLE_LENGTH, MINIMUM_LENGTH, Secret, Source, SourceKind
from sfkeytool.workflows.parts import KeystoreFacts, Proof

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from sfkeytool.crypto.certificate import Certificate


class Keystore(Struct, frozen=True):
    """A new keystore with what goes beside it, read back from the very bytes that are to be written."""

    artifacts: tuple[Artifact, ...]
    facts: KeystoreFacts
    proof: Proof


def keystore_files(name: str, password: Source) -> tuple[PlannedFile, ...]:
    """What make_keystore() will make."""
    files = PlannedFile.of(name, ArtifactKind.KEYSTORE, ArtifactKind.CERTIFICATE)
    if password.kind is SourceKind.GENERATE:
        files += PlannedFile.of(name, ArtifactKind.KEYSTORE_PASSWORD)
    return files


def make_keystore(
    name: str,
    key: "RSAPrivateKey",
    chain: Sequence["Certificate"],
    password: Secret,
    password_source: Source,
    now: datetime,
) -> Keystore:
    """NAME.jks, NAME.crt and, for a generated password, NAME.jks.password.

    Both are read back first: the keystore decrypted, the key used to sign, the signature verified with the leaf that
    came out, and that leaf found in NAME.crt. Raises SelfCheckError if any of that fails.
    """
    chain_der = tuple(certificates.encode_der(certificate) for certificate in chain)
    key_pkcs8 = keys.encode_key_pkcs8(key)
    store = Artifact.of(
        name,
        ArtifactKind.KEYSTORE,
        jks.encode_jks(
            alias=name,
            key_pkcs8=key_pkcs8,
            chain_der=chain_der,
            password=password,
            created_at_ms=int(now.timestamp() * 1000),
        ),
    )
    certificate = Artifact.of(name, ArtifactKind.CERTIFICATE, certificates.encode_pem(chain[0]))
    leaf = _read_back(name, store, key, key_pkcs8, chain_der, password)
    artifacts = [store, certificate]
    if password_source.kind is SourceKind.GENERATE:
        content = password.reveal().encode() + b"\n"
        artifacts.append(Artifact.of(name, ArtifactKind.KEYSTORE_PASSWORD, content))
    facts = KeystoreFacts(type="JKS", version=2, alias=name, chain_length=len(chain))
    return Keystore(tuple(artifacts), facts, _prove_same(store, leaf, certificate))


def _read_back(
    name: str,
    store: Artifact,
    key: "RSAPrivateKey",
    key_pkcs8: bytes,
    chain_der: tuple[bytes, ...],
    password: Secret,
) -> bytes:
    """The leaf that came out, DER."""
    parsed = jks.parse_jks(store.content, store.filename)
    entry = parsed.entries[0]
    if (
        len(parsed.entries) != 1
        or not isinstance(entry, jks.JksKeyEntry)
        or entry.alias != name
        or tuple(certificate.der for certificate in entry.chain) != chain_der
        or not parsed.digest_matches(password)
        or parsed.decrypt_key(entry, password) != key_pkcs8
    ):
        raise SelfCheckError(
            "internal.read-back", f"{store.filename} did not read back as it was made; nothing was written"
        )
    leaf = entry.chain[0].der
    keys.prove_pair(key, leaf)
    return leaf


def _prove_same(store: Artifact, leaf: bytes, certificate: Artifact) -> Proof:
    """That the keystore's leaf is what the certificate file holds. Raises SelfCheckError."""
    files = (store.filename, certificate.filename)
    found = [block.der for block in parse_pem(certificate.content, certificate.filename)]
    if found != [leaf]:
        raise SelfCheckError("internal.proof", f"{' and '.join(files)} differ; nothing was written")
    return Proof(relation="same-certificate", files=files, sha256=certificates.fingerprint(leaf))


def check_new_password(password: Secret, what: str) -> tuple[Notice, ...]:
    """Warnings about a password that a keystore is about to get; raises UsageError if it is too short."""
    require_length(password, what)
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


def require_length(password: Secret, what: str) -> None:
    """Raises UsageError for a new password that is too short."""
    if password.length < MINIMUM_LENGTH:
        raise UsageError(
            "usage.password-too-short",
            f"the password for {what} has {password.length} characters; at least {MINIMUM_LENGTH} are needed",
            "a keystore's can be made: --password generate",
        )


def check_acceptance(
    artifacts: Sequence[Artifact], password: Secret, purpose: Purpose, now: datetime, *, given: bool = False
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
            found = judge_file(file, profiles[artifact.kind], purpose, now, [password])
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
    file: InputFile, profile: Profile, purpose: Purpose, now: datetime, passwords: Sequence[Secret] = ()
) -> tuple[Notice, ...]:
    """What the rules of acceptance say about a file, one notice a rule. Pure.

    Raises CertificateError, with the rule's id as its code, for what Salesforce would refuse, or might: a rule that
    cannot be judged is not passed.
    """
    notices: dict[str, Notice] = {}
    report = judge(prepare_subject(file, as_of=now, profile=profile, purpose=purpose, passwords=passwords))
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
