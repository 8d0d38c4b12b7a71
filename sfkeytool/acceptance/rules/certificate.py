"""The certificate of a key entry: its dates, its signature, its use."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sfkeytool.acceptance.listed_chain import ListedChain
from sfkeytool.acceptance.mails import early_mail_dates
from sfkeytool.acceptance.rule import Basis, Checked, Evidence, NewCertificate, Rule, Severity
from sfkeytool.acceptance.rules import sources
from sfkeytool.acceptance.rules.chain import has_chains, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.certificates import describe_algorithm, minute_utc
from sfkeytool.model import Profile

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_CKM = (Profile.CKM_IMPORT,)
_WEAK = ("sha1", "md5", "md2", "md4")
_LIFETIMES = (
    (date(2029, 3, 15), 47),
    (date(2027, 3, 15), 100),
    (date(2026, 3, 15), 200),
    (date(2020, 9, 1), 398),
)
"""Days that a public TLS certificate may be valid, by its first day: CA/Browser Forum ballot SC-081 (April 2025), and
398 as browsers have asked since 2020. Repeated in Salesforce Help, "Certificates in Salesforce"."""


def without_root(chain: ListedChain) -> "Iterator[Certificate]":
    """The leaf, and the intermediates that it hangs on. Roots are trusted for their key, not for dates or signature."""
    yield chain.leaf
    above = chain.sorted.certificates[1:]
    yield from above[:-1] if chain.sorted.complete else above


Among = Callable[[ListedChain], Iterable["Certificate"]]
"""Which certificates of a chain are looked at."""


def expired(subject: Subject, among: Among = without_root) -> Checked:
    for chain in subject.chains:
        for certificate in among(chain):
            if certificate.not_valid_after_utc < subject.as_of:
                yield Evidence(
                    chain.name_of(certificate),
                    f"{title(certificate)} expired on {certificate.not_valid_after_utc.date()}",
                    f"valid on {subject.as_of.date()}",
                )


def not_yet_valid(subject: Subject, among: Among = without_root) -> Checked:
    for chain in subject.chains:
        for certificate in among(chain):
            starts_at = certificate.not_valid_before_utc
            if starts_at > subject.as_of:
                saw = f"{title(certificate)} is not valid before {minute_utc(starts_at)}"
                yield Evidence(chain.name_of(certificate), saw, f"valid on {subject.as_of.date()}")


def weak_signature(subject: Subject) -> Checked:
    for chain in subject.chains:
        for certificate in without_root(chain):
            algorithm = describe_algorithm(certificate.signature_algorithm_oid)
            if any(weak in algorithm.lower() for weak in _WEAK):
                saw = f"{title(certificate)}, signed with {algorithm}"
                yield Evidence(chain.name_of(certificate), saw, "SHA-256 or stronger")


def _no_mail_left(subject: Subject) -> Checked:
    for chain in subject.chains:
        expires_at = chain.leaf.not_valid_after_utc
        if expires_at < subject.as_of:
            continue
        if not early_mail_dates(expires_at, subject.as_of):
            yield Evidence(
                chain.name_of(chain.leaf),
                f"{title(chain.leaf)} expires on {expires_at.date()}",
                "a mail that leaves time to renew: 60, 30 or 10 days ahead",
            )


def _dual_usage(subject: Subject) -> Checked:
    for chain in subject.chains:
        if chain.ca_issued and {"serverAuth", "clientAuth"} <= set(chain.facts.extended_key_usage):
            yield Evidence(
                chain.name_of(chain.leaf),
                f"serverAuth and clientAuth in {title(chain.leaf)}",
                "serverAuth from a public CA for a domain, clientAuth from a private CA for mutual TLS",
            )


def _public_lifetime(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not chain.ca_issued or "serverAuth" not in chain.facts.extended_key_usage:
            continue
        starts_at, ends_at = chain.leaf.not_valid_before_utc, chain.leaf.not_valid_after_utc
        allowed = next((days for since, days in _LIFETIMES if starts_at.date() >= since), None)
        # RFC 5280, 4.1.2.5: both ends belong to the period.
        if allowed is not None and ends_at - starts_at + timedelta(seconds=1) > timedelta(days=allowed):
            yield Evidence(
                chain.name_of(chain.leaf),
                f"{title(chain.leaf)} is valid for more than {allowed} days:"
                f" from {starts_at.date()} to {ends_at.date()}",
                f"at most {allowed} days, if the CA is a public one",
            )


EXPIRED = Rule(
    "ckm.certificate.expired",
    Severity.WARN,
    Basis.OBSERVED,
    "The certificate has expired",
    "An expired certificate was imported into real orgs, so the import seems not to look at dates; what the certificate"
    " is used for will.",
    sources.BROWSERFORCE,
    NewCertificate(
        "sfkeytool self-signed {name} --key FILE --password generate (FILE: the key; or for a CA: sfkeytool csr {name})"
    ),
    _CKM,
    expired,
    applies=has_chains,
)
NOT_YET_VALID = Rule(
    "ckm.certificate.not-yet-valid",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is not valid yet",
    "No page says whether the import looks at dates.",
    sources.IMPORT_HELP,
    "wait until it is valid, or check the clock of the machine that made it",
    _CKM,
    not_yet_valid,
    applies=has_chains,
)
NO_MAIL_LEFT = Rule(
    "ckm.certificate.no-mail-left",
    Severity.NOTE,
    Basis.INFERRED,
    "The certificate expires before Salesforce's next early mail about it",
    "Certificate and Key Management mails 60, 30 and 10 days before the expiry; none of these is still to come. The"
    " mails of the day before and of the day itself come too late for most, and go to administrators. That imported"
    " pairs are mailed about at all is inferred.",
    f"{sources.MAILS_NOTE} ; {sources.MAILS_ARTICLE}",
    NewCertificate("sfkeytool self-signed {name} --key FILE --days 365 --password generate (FILE: the key)"),
    _CKM,
    _no_mail_left,
    applies=has_chains,
    retrieved=sources.REREAD,
)
WEAK_SIGNATURE = Rule(
    "ckm.certificate.weak-signature",
    Severity.WARN,
    Basis.INFERRED,
    "A certificate is signed with SHA-1 or MD5",
    "Whether the import looks at signatures is open; TLS peers have refused these for years.",
    sources.CERTIFICATES_HELP,
    "ask the CA for a certificate signed with SHA-256: sfkeytool csr {name}",
    _CKM,
    weak_signature,
    applies=has_chains,
)
DUAL_USAGE = Rule(
    "ckm.certificate.dual-usage",
    Severity.WARN,
    Basis.OBSERVED,
    "One CA-issued certificate is meant for servers and clients both",
    "Public CAs stopped putting clientAuth into TLS certificates in 2026, as Chrome's root programme asks: the next"
    " one from there will not have it. A private CA may go on.",
    "krakenkey.io, https://krakenkey.io/blog/public-ca-eku-separation-june-2026",
    "sfkeytool csr {name} --purpose mtls (for a private CA) or --purpose domain (for a public one)",
    _CKM,
    _dual_usage,
    applies=has_chains,
)
PUBLIC_LIFETIME = Rule(
    "ckm.certificate.public-lifetime",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The certificate lives longer than public CAs may issue",
    "398 days until 15 March 2026, 200 from then on, 100 from 15 March 2027, 47 from 15 March 2029. Browsers refuse"
    " longer ones of public CAs; private CAs are not bound.",
    sources.CERTIFICATES_HELP,
    "sfkeytool csr {name} --purpose domain (and a shorter life from the CA)",
    _CKM,
    _public_lifetime,
    applies=has_chains,
)
