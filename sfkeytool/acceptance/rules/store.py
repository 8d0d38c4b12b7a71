"""The keystore as a file: its type, its integrity, its password, what lies beside the key."""

from collections.abc import Iterator

from sfkeytool.acceptance.java import refusal_of
from sfkeytool.acceptance.rule import Basis, CannotTell, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import sources
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.der import SEQUENCE, DerError, read_tlv
from sfkeytool.crypto.sniff import FileKind
from sfkeytool.errors import CertificateError
from sfkeytool.keystores.jks import JksCertificate, JksKeyEntry
from sfkeytool.model import Profile
from sfkeytool.passwords import COMFORTABLE_LENGTH, MINIMUM_BCFKS_LENGTH

_CKM = (Profile.CKM_IMPORT,)
_WITHOUT_KEY = "sfkeytool wrap {name} {file} FILE{input_password} --password generate (FILE: the private key)"
_WITHOUT_ANYTHING = "sfkeytool wrap {name} FILE --password generate (FILE: private key and certificate)"
JAVA_CERTIFICATE_TYPES = ("x.509", "x509")
"""What Java's CertificateFactory knows, in any case."""


def _is_jks(subject: Subject) -> bool:
    return subject.jks is not None


def _not_jks(subject: Subject) -> Checked:
    if subject.kind not in (FileKind.JKS, FileKind.BCFKS):
        what = "none of the formats that sfkeytool knows" if subject.kind is FileKind.UNKNOWN else str(subject.kind)
        what = subject.foreign or subject.unknown or what
        fix = None
        if not subject.entries and subject.unopened is None:
            fix = _WITHOUT_KEY if subject.opened or subject.listed else _WITHOUT_ANYTHING
        yield Evidence(subject.label, what, "a JKS keystore, which begins with the bytes FE ED FE ED", fix)


def _bcfks(subject: Subject) -> Checked:
    if subject.kind is FileKind.BCFKS and not subject.takes_bcfks:
        yield Evidence(
            subject.label, "a BCFKS keystore", "a JKS keystore (only Government Cloud takes BCFKS too: --format bcfks)"
        )


def _is_opened_bcfks(subject: Subject) -> bool:
    return subject.bcfks is not None


def _bcfks_entries(subject: Subject) -> Checked:
    if (opened := subject.bcfks) is None:
        return
    several = [repr(key.alias) for key in opened.keys] if len(opened.keys) > 1 else []
    beside = [*(repr(one.alias) for one in opened.certificates), *opened.other_entries]
    if several or (beside and opened.keys):
        yield Evidence(subject.label, f"more than one entry: {', '.join([*several, *beside])}", "one private key entry")


def _bcfks_password(subject: Subject) -> Checked:
    if subject.password is not None and subject.password.length < MINIMUM_BCFKS_LENGTH:
        yield Evidence(
            subject.label,
            f"a password of {subject.password.length} characters",
            f"at least {MINIMUM_BCFKS_LENGTH}, which Bouncy Castle wants in approved mode",
        )


def _bcfks_protection(subject: Subject) -> Checked:
    opened = subject.bcfks
    if opened is not None and opened.bcfks is not None and opened.bcfks.differences:
        yield Evidence(subject.label, ", ".join(opened.bcfks.differences), "what Bouncy Castle writes by default")


def _damaged(subject: Subject) -> Checked:
    if subject.damage is not None:
        yield Evidence(subject.label, subject.damage, "a JKS that Java can read to its end")
    if subject.jks is None:
        return
    for where, certificate in _all_certificates(subject):
        if certificate.type.lower() not in JAVA_CERTIFICATE_TYPES:
            yield Evidence(where, f"a certificate of the type {certificate.type!r}", "X.509, or Java reads nothing")
        elif not _is_one_sequence(certificate.der):
            yield Evidence(where, "bytes that are no certificate", "a certificate in DER")
        else:
            yield from _refused(subject, certificate.der, where)


def _refused(subject: Subject, der: bytes, where: str) -> Checked:
    try:
        refusal = refusal_of(subject.certificate(der, where))
    except CertificateError as error:
        yield CannotTell(f"{error.message}; Java might read it, or not")
        return
    if isinstance(refusal, CannotTell):
        yield CannotTell(f"{where}: {refusal.reason}")
    elif refusal:
        yield Evidence(where, refusal, "a certificate that Java reads, or it reads nothing of the keystore")


def _all_certificates(subject: Subject) -> Iterator[tuple[str, JksCertificate]]:
    for entry in subject.jks.entries if subject.jks else ():
        where = f"{subject.label}, entry {entry.alias!r}"
        if isinstance(entry, JksKeyEntry):
            for number, certificate in enumerate(entry.chain, 1):
                yield f"{where}, certificate {number}", certificate
        else:
            yield where, entry.certificate


def _is_one_sequence(der: bytes) -> bool:
    try:
        return read_tlv(der).tag == SEQUENCE
    except DerError:
        return False


def _can_be_opened(subject: Subject) -> bool:
    return subject.opened or subject.unopened is not None


def _integrity(subject: Subject) -> Checked:
    """Never a refusal: whether the password is the wrong one, nobody can tell from the file."""
    if subject.unopened is not None and not subject.needs_password:
        yield CannotTell(f"{subject.unopened.message}: what is in it was not seen")
    elif subject.needs_password and not subject.passwords:
        yield CannotTell("the keystore's password is needed: give --password SOURCE (an empty one was tried)")
    elif subject.needs_password:
        yield CannotTell(
            f"{subject.label} cannot be judged (wrong password or altered): its digest covers the password and every"
            " byte. Give the right password with --password SOURCE; if this is the right one, fetch the file once more"
        )


def _version_1(subject: Subject) -> Checked:
    if subject.jks is not None and subject.jks.version == 1:
        yield Evidence(subject.label, "JKS version 1", "version 2, which Java has written since 1.2")


def _trailing_bytes(subject: Subject) -> Checked:
    if subject.jks is not None and subject.jks.trailing:
        yield Evidence(
            subject.label, f"{len(subject.jks.trailing):,} bytes after the keystore's end", "nothing after the digest"
        )


def _several_keys(subject: Subject) -> Checked:
    if len(subject.entries) > 1:
        aliases = ", ".join(repr(entry.alias) for entry in subject.entries)
        yield Evidence(subject.label, f"{len(subject.entries)} private keys: {aliases}", "one private key in a file")


def _trusted_entries(subject: Subject) -> Checked:
    if subject.entries and subject.trusted:
        aliases = ", ".join(repr(entry.alias) for entry in subject.trusted)
        yield Evidence(
            subject.label, f"trusted certificates beside the key: {aliases}", "CA certificates in the key's own chain"
        )


def _empty_password(subject: Subject) -> Checked:
    if subject.password is not None and not subject.password.length:
        yield Evidence(subject.label, "an empty password: whoever has the file has the key", "a long random password")


def _short_password(subject: Subject) -> Checked:
    if subject.password is not None and 0 < subject.password.length < COMFORTABLE_LENGTH:
        yield Evidence(
            subject.label,
            f"a password of {subject.password.length} characters",
            f"at least {COMFORTABLE_LENGTH}: one graphics card tries some 20 billion a second on a JKS",
        )


NOT_JKS = Rule(
    "ckm.store.not-jks",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The file is not a JKS keystore",
    "Import from Keystore takes JKS. Since Java 9 keytool writes PKCS#12 unless it is told -storetype JKS, whatever the"
    " file's name says.",
    sources.IMPORT_HELP,
    "sfkeytool check --fix {file} --profile ckm-import{password} --new-password generate{format}",
    _CKM,
    _not_jks,
)
BCFKS = Rule(
    "ckm.store.bcfks",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The keystore is BCFKS, which only Government Cloud takes",
    "Orgs in Government Cloud may import BCFKS as well as JKS; all others take JKS alone. No page says what such an org"
    " takes of BCFKS beyond that.",
    sources.IMPORT_HELP,
    "sfkeytool check --fix {file} --profile ckm-import{password} --new-password generate",
    _CKM,
    _bcfks,
)
BCFKS_ENTRIES = Rule(
    "ckm.store.bcfks-entries",
    Severity.WARN,
    Basis.INFERRED,
    "The BCFKS keystore holds more than one private key entry",
    "No page says what an import makes of the other entries of a BCFKS; one key with its chain is the plainest case.",
    sources.IMPORT_HELP,
    sources.REPAIR,
    _CKM,
    _bcfks_entries,
    applies=_is_opened_bcfks,
)
BCFKS_PASSWORD = Rule(
    "ckm.store.bcfks-password",
    Severity.WARN,
    Basis.INFERRED,
    "The password of the BCFKS keystore is short",
    "Bouncy Castle's FIPS library refuses passwords under 112 bits in approved mode. Whether Salesforce reads keystores"
    " with it no page says.",
    "Keycloak issue 14314 (FipsUnapprovedOperationError: password must be at least 112 bits),"
    " https://github.com/keycloak/keycloak/issues/14314",
    sources.REPAIR_WITH_NEW_PASSWORD,
    _CKM,
    _bcfks_password,
    applies=_is_opened_bcfks,
)
BCFKS_PROTECTION = Rule(
    "ckm.store.bcfks-protection",
    Severity.NOTE,
    Basis.INFERRED,
    "The BCFKS keystore is not protected as Bouncy Castle does by default",
    "BCFKS leaves its maker the choice of key derivation and cipher, and no page says which of them Salesforce reads.",
    "Bouncy Castle 1.72, BcFKSKeyStoreSpi.java, https://github.com/bcgit/bc-java",
    sources.REPAIR,
    _CKM,
    _bcfks_protection,
    applies=_is_opened_bcfks,
)
DAMAGED = Rule(
    "ckm.store.damaged",
    Severity.ERROR,
    Basis.OBSERVED,
    "Java cannot read the keystore",
    "The file begins like a JKS and stops making sense: cut short, or changed on its way (a transfer in text mode,"
    " say).",
    sources.JDK_KEYSTORE,
    "fetch the file once more from where it was made, in binary mode",
    _CKM,
    _damaged,
    applies=lambda subject: subject.kind is FileKind.JKS,
)
INTEGRITY = Rule(
    "ckm.store.integrity",
    Severity.ERROR,
    Basis.OBSERVED,
    "The password does not open the keystore, or the file was altered",
    "The two cannot be told apart: one digest covers the password and every byte. So the file cannot be judged: the"
    " verdict is unsure. The message is Java's; whether Setup shows it in these words is not known.",
    sources.JDK_KEYSTORE,
    "sfkeytool check {file}{password} (the right one); else fetch the file once more",
    _CKM,
    _integrity,
    applies=_can_be_opened,
    salesforce_message="Keystore was tampered with, or password was incorrect",
)
VERSION_1 = Rule(
    "ckm.store.version-1",
    Severity.WARN,
    Basis.INFERRED,
    "The keystore has version 1 of the format",
    "Java still reads it and never writes it. Whether Salesforce takes it is open.",
    sources.JDK_KEYSTORE,
    sources.REPAIR,
    _CKM,
    _version_1,
    applies=_is_jks,
)
TRAILING_BYTES = Rule(
    "ckm.store.trailing-bytes",
    Severity.WARN,
    Basis.INFERRED,
    "Something follows after the keystore's end",
    "Java ignores it; whether Salesforce does is open. It is a sign that the file was changed on its way.",
    sources.JDK_KEYSTORE,
    sources.REPAIR,
    _CKM,
    _trailing_bytes,
    applies=_is_jks,
)
SEVERAL_KEYS = Rule(
    "ckm.store.several-keys",
    Severity.NOTE,
    Basis.OBSERVED,
    "The keystore holds several private keys",
    "Users report imports of several at once; no page says how many are allowed, and an error would be about all.",
    "bcgov/MoH-SAT, docs/development/certificates.md, https://github.com/bcgov/MoH-SAT",
    f"{sources.REPAIR} (one keystore for each key)",
    _CKM,
    _several_keys,
    applies=_is_jks,
)
TRUSTED_ENTRIES = Rule(
    "ckm.store.trusted-entries",
    Severity.WARN,
    Basis.INFERRED,
    "Trusted certificates lie beside the private key",
    "No page says what an import makes of them. CA certificates belong into the key entry's own chain.",
    sources.BROWSERFORCE,
    sources.REPAIR,
    _CKM,
    _trusted_entries,
    applies=_is_jks,
)
EMPTY_PASSWORD = Rule(
    "ckm.store.empty-password",
    Severity.WARN,
    Basis.OBSERVED,
    "The keystore's password is empty",
    "Such keystores were imported, so it is taken; but the private key is as good as in clear.",
    sources.BROWSERFORCE,
    sources.REPAIR_WITH_NEW_PASSWORD,
    _CKM,
    _empty_password,
    applies=_is_jks,
)
SHORT_PASSWORD = Rule(
    "ckm.store.short-password",
    Severity.WARN,
    Basis.INFERRED,
    "The keystore's password is short",
    "A guess costs one SHA-1. Which lengths Salesforce asks for is not documented.",
    "hashcat, mode 15500 (JKS private keys), https://hashcat.net/wiki/doku.php?id=example_hashes",
    sources.REPAIR_WITH_NEW_PASSWORD,
    _CKM,
    _short_password,
    applies=_is_jks,
)
