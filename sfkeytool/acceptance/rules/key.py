"""The private key of an entry: its kind, its size, its certificate. The five refusals that Salesforce documents."""

from collections.abc import Iterator

from sfkeytool.acceptance.key_entry import KeyEntry
from sfkeytool.acceptance.private_key import PrivateKeyNumbers
from sfkeytool.acceptance.rule import Basis, CannotTell, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import sources
from sfkeytool.acceptance.rules.entry import has_entries
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.keys import PSS_ONLY, SUPPORTED_BITS, withstands_validation
from sfkeytool.crypto.rsa_numbers import RsaNumbers
from sfkeytool.model import Profile

_CKM = (Profile.CKM_IMPORT,)

_VALIDATED = 20
"""Keys of a file that the library validates, three seconds' worth at most: our own bound. Who has more made the file to
hurt; their numbers are looked at all the same."""


def _locked(entry: KeyEntry) -> CannotTell:
    return CannotTell(f"{entry.where}: the private key was not seen: {entry.locked_because}")


def _is_marked(entry: KeyEntry) -> bool:
    leaf = entry.first_facts
    return leaf is not None and leaf.key_algorithm == PSS_ONLY


def _keys(subject: Subject) -> Iterator[tuple[KeyEntry, PrivateKeyNumbers | None]]:
    """Each entry with its key; None for one that no password opens. What is no PKCS#8 is left to its own rule."""
    for entry in subject.entries:
        if entry.key_pkcs8 is None or entry.key is not None:
            yield entry, entry.key


def _not_rsa(subject: Subject) -> Checked:
    for entry, key in _keys(subject):
        if key is None:
            leaf = entry.first_facts
            if leaf is None or leaf.key_algorithm in ("RSA", PSS_ONLY):
                yield _locked(entry)
            else:
                saw = f"a locked key, and beside it a certificate with a key of the kind {leaf.key_algorithm}"
                yield Evidence(entry.where, saw, "an RSA key")
        elif key.algorithm == PSS_ONLY or (key.algorithm == "RSA" and _is_marked(entry)):
            yield CannotTell(f"{entry.where}: no page tells whether a key marked {PSS_ONLY} counts as RSA")
        elif key.algorithm != "RSA":
            yield Evidence(entry.where, f"a private key of the kind {key.algorithm}", "an RSA key")


def _not_pkcs8(subject: Subject) -> Checked:
    for entry in subject.entries:
        if entry.key_pkcs8 is None:
            yield _locked(entry)
        elif entry.key is None:
            yield Evidence(entry.where, "a protected key that is no PKCS#8 PrivateKeyInfo", "PKCS#8, as Java writes it")


def _unsupported_size(subject: Subject) -> Checked:
    for entry, key in _keys(subject):
        if key is None:
            leaf = entry.first_facts
            if leaf is None or leaf.key_algorithm != "RSA" or leaf.key_bits in SUPPORTED_BITS:
                yield _locked(entry)
            else:
                saw = f"a locked key, and beside it a certificate with an RSA key of {leaf.key_bits} bits"
                yield Evidence(entry.where, saw, "2048, 3072 or 4096 bits")
        elif key.rsa is not None and key.rsa.bits not in SUPPORTED_BITS:
            yield Evidence(entry.where, f"an RSA key of {key.rsa.bits} bits", "2048, 3072 or 4096 bits")


def _mismatch(subject: Subject) -> Checked:
    to_validate = _VALIDATED if subject.in_full else 0
    for entry, key in _keys(subject):
        if key is None:
            yield _locked(entry)
            continue
        if key.rsa is None or not entry.certificates:
            continue
        saw = _unsound(key.rsa, entry, validate=to_validate > 0)
        to_validate -= 1
        if saw:
            yield Evidence(entry.where, saw, "a sound RSA key", sources.START_OVER)
        elif entry.certificates[0] is None:
            yield CannotTell(f"{entry.where}: the first certificate cannot be read")
        elif not entry.fits(entry.certificates[0]):
            position = next((n for n, one in enumerate(entry.certificates, 1) if one and entry.fits(one)), None)
            saw = (
                f"the key's certificate in place {position} of {len(entry.certificates)}"
                if position
                else "a key that belongs to none of the entry's certificates"
            )
            fix = sources.REPAIR if position else None
            yield Evidence(entry.where, saw, "the key's own certificate in the first place", fix)


def _unsound(numbers: RsaNumbers, entry: KeyEntry, *, validate: bool) -> str:
    """What is wrong with a key by itself, whatever its certificate; empty for a sound one, as far as was looked."""
    if not numbers.consistent():
        return "a private key whose own numbers contradict each other"
    if validate and numbers.bits in SUPPORTED_BITS and not withstands_validation(entry.key_pkcs8 or b""):
        return "a private key that OpenSSL's validation refuses though its numbers agree: a factor that is no prime"
    return ""


NOT_RSA = Rule(
    "ckm.key.not-rsa",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The private key is not RSA",
    "Salesforce imports RSA keys only; an EC key and its certificate have to be made anew.",
    sources.IMPORT_HELP,
    sources.START_OVER,
    _CKM,
    _not_rsa,
    applies=has_entries,
    salesforce_message="The key is not an RSA key.",
)
NOT_PKCS8 = Rule(
    "ckm.key.not-pkcs8",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The private key is not in PKCS#8",
    "Java itself writes nothing else; keystores of other makers may hold PKCS#1 in its place.",
    sources.IMPORT_HELP,
    f"{sources.REPAIR}; if it cannot be read at all, start over: sfkeytool csr {{name}}",
    _CKM,
    _not_pkcs8,
    applies=has_entries,
    salesforce_message="The key must be in PKCS#8 format.",
)
UNSUPPORTED_SIZE = Rule(
    "ckm.key.unsupported-size",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The private key has a size that Salesforce does not import",
    "2048, 3072 and 4096 bits are taken; a key cannot be changed in size, so it has to be made anew.",
    sources.IMPORT_HELP,
    sources.START_OVER,
    _CKM,
    _unsupported_size,
    applies=has_entries,
    salesforce_message="Imported keys must have a bit size of 2048, 3072, or 4096.",
)
MISMATCH = Rule(
    "ckm.key.mismatch",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The private key does not belong to the first certificate",
    "Java loads such a keystore, and keytool lists it, without a look at whether the two belong together. A chain in"
    " reversed order is the same mistake: the root stands first.",
    sources.IMPORT_HELP,
    "sfkeytool wrap {name} {file} FILE{input_password} --password generate (FILE: the certificate)",
    _CKM,
    _mismatch,
    applies=has_entries,
    salesforce_message="The private key does not match the certificate chain in the keystore.",
)
