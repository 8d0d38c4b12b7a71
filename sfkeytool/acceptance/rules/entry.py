"""The entries of a keystore: is there a private key, under what alias, and does the one password open it?"""

import re
from collections import Counter

from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import sources
from sfkeytool.acceptance.subject import Subject
from sfkeytool.keystores.jks import X509, JksKeyEntry
from sfkeytool.model import Profile
from sfkeytool.names import MAXIMUM_LENGTH

_CKM = (Profile.CKM_IMPORT,)
_ALIAS_RULE = "letters, digits and single underscores, a letter first, no underscore at the end"


_CERTIFICATE_IS_MISSING = (
    "sfkeytool wrap {name} {file} FILE{input_password} --password generate (FILE: the key's certificate)"
)


def is_jks(subject: Subject) -> bool:
    return subject.jks is not None


def _lists_entries(subject: Subject) -> bool:
    return subject.opened or bool(subject.listed)


def has_entries(subject: Subject) -> bool:
    return bool(subject.entries)


def _no_private_key(subject: Subject) -> Checked:
    if not subject.entries:
        count = len(subject.trusted) if subject.jks is not None else subject.bystanders
        saw = f"{count} certificates and no private key" if count else "no entry at all"
        yield Evidence(subject.label, saw, "a PrivateKey entry: the private key with its certificate")
    for entry in subject.entries:
        if not entry.certificates:
            saw = "a private key without a certificate"
            yield Evidence(entry.where, saw, "the key's certificate in its entry", _CERTIFICATE_IS_MISSING)


def _key_password(subject: Subject) -> Checked:
    for entry in subject.entries:
        if subject.password is not None and entry.key_pkcs8 is None:
            yield Evidence(entry.where, entry.locked_because, "the key under the same password as the keystore")


def _alias(subject: Subject) -> Checked:
    for entry in subject.entries:
        if entry.alias is None:
            saw = "no name for the key (friendlyName): keytool makes the alias 1 of that"
            yield Evidence(entry.where, saw, _ALIAS_RULE)
        elif problem := _alias_problem(entry.alias):
            yield Evidence(entry.where, problem, _ALIAS_RULE)


def _alias_problem(alias: str) -> str | None:
    """What is wrong with an alias but for its case and length."""
    if not alias:
        return "an empty alias"
    if not re.fullmatch(r"[A-Za-z0-9_]+", alias):
        return f"other characters in the alias {alias!r}"
    if not alias[0].isalpha():
        return f"the alias {alias!r}, which does not begin with a letter"
    if "__" in alias:
        return f"two underscores in a row in the alias {alias!r}"
    return f"an underscore at the end of the alias {alias!r}" if alias.endswith("_") else None


def _alias_case(subject: Subject) -> Checked:
    for entry in subject.entries:
        if entry.alias is not None and entry.alias != entry.alias.lower():
            yield Evidence(entry.where, f"upper-case letters in the alias {entry.alias!r}", repr(entry.alias.lower()))


def _alias_length(subject: Subject) -> Checked:
    for entry in subject.entries:
        if entry.alias is not None and len(entry.alias) > MAXIMUM_LENGTH:
            yield Evidence(entry.where, f"an alias of {len(entry.alias)} characters", f"at most {MAXIMUM_LENGTH}")


def _duplicate_alias(subject: Subject) -> Checked:
    counted = Counter(entry.alias for entry in subject.jks.entries) if subject.jks else Counter[str]()
    for alias, count in counted.items():
        if count > 1:
            where = f"{subject.label}, entry {alias!r}"
            yield Evidence(
                where, f"{count} entries under one alias: Java sees only the last", "an alias for each entry"
            )


def _certificate_type(subject: Subject) -> Checked:
    entries = subject.jks.entries if subject.jks else ()
    for entry in entries:
        stated = entry.chain if isinstance(entry, JksKeyEntry) else (entry.certificate,)
        # Types that Java does not know make the whole file unreadable: that is another rule's.
        others = sorted({certificate.type for certificate in stated} - {X509})
        if others and all(type.lower() in ("x.509", "x509") for type in others):
            yield Evidence(f"{subject.label}, entry {entry.alias!r}", f"certificates of the type {others[0]!r}", X509)


NO_PRIVATE_KEY = Rule(
    "ckm.entry.no-private-key",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The keystore holds no private key with its certificate",
    "A public certificate alone cannot be imported: the key has to come with it. Setup leaves a key out of its own"
    " export when its certificate is marked as not exportable.",
    sources.IMPORT_HELP,
    "sfkeytool wrap {name} {file} FILE{input_password} --password generate (FILE: the private key); if the key"
    " is lost, start over: sfkeytool csr {name}",
    _CKM,
    _no_private_key,
    applies=_lists_entries,
    salesforce_message=("No certificate was imported because the keystore file doesn't contain a PrivateKey entry."),
)
KEY_PASSWORD = Rule(
    "ckm.entry.key-password",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The keystore's password does not open the private key",
    "Setup asks for one password and uses it for the keystore and for each key. keytool -importkeystore without"
    " -destkeypass can leave a key under the password of the source.",
    sources.STORE_AND_KEY_ARTICLE,
    f"{sources.REPAIR} --password prompt (the keystore's, then the key's)",
    _CKM,
    _key_password,
    applies=has_entries,
    salesforce_message=(
        "The Keystore contains a certificate 'certName' whose per key password is not the same as the keystore"
        " password."
    ),
)
ALIAS = Rule(
    "ckm.entry.alias",
    Severity.ERROR,
    Basis.OBSERVED,
    "The alias is no legal unique name",
    "The alias becomes the certificate's unique name. That the import applies Setup's rule for unique names is our"
    " reading of the message; the alias 1, which openssl gives a PFX without a name, is the usual culprit.",
    "Salesforce Knowledge 000387657, https://help.salesforce.com/s/articleView?id=000387657&type=1; message reported in"
    " https://github.com/sandriiy/salesforce-google-drive-library",
    sources.REPAIR,
    _CKM,
    _alias,
    applies=has_entries,
    salesforce_message="Keystore contains an entry whose alias is not acceptable for import",
)
ALIAS_CASE = Rule(
    "ckm.entry.alias-case",
    Severity.ERROR,
    Basis.OBSERVED,
    "The alias has upper-case letters, so that Java finds no key under it",
    "Java's JKS lowers the alias that it looks up, but not the ones that it loads: it lists the entry, and then has no"
    " key for it. Tried with Java 17.",
    sources.JDK_KEYSTORE,
    sources.REPAIR,
    _CKM,
    _alias_case,
    applies=is_jks,
)
ALIAS_LENGTH = Rule(
    "ckm.entry.alias-length",
    Severity.NOTE,
    Basis.INFERRED,
    "The alias is long",
    "No limit is documented; 40 characters is what Salesforce allows other developer names.",
    'Metadata API Developer Guide, "Certificate" (masterLabel: 64 characters),'
    " https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_certificate.htm",
    sources.REPAIR,
    _CKM,
    _alias_length,
    applies=has_entries,
)
DUPLICATE_ALIAS = Rule(
    "ckm.entry.duplicate-alias",
    Severity.WARN,
    Basis.OBSERVED,
    "Several entries have the same alias",
    "Java keeps the last one and drops the others without a word.",
    sources.JDK_KEYSTORE,
    sources.REPAIR,
    _CKM,
    _duplicate_alias,
    applies=is_jks,
)
CERTIFICATE_TYPE = Rule(
    "ckm.entry.certificate-type",
    Severity.WARN,
    Basis.INFERRED,
    "Certificates are of the type X509 instead of X.509",
    "Some libraries write it so. Java knows it as another name of X.509; what Salesforce makes of it is open.",
    sources.JDK_KEYSTORE,
    sources.REPAIR,
    _CKM,
    _certificate_type,
    applies=is_jks,
)
