"""Certificates that are damaged or oddly written, under each profile that takes certificates."""

from collections.abc import Iterator

from sfkeytool.acceptance.java import refusal_of
from sfkeytool.acceptance.listed_chain import ListedChain
from sfkeytool.acceptance.rule import Basis, CannotTell, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules.chain import has_chains, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto import chains
from sfkeytool.crypto.certificate import Certificate, Signature
from sfkeytool.crypto.certificates import describe_algorithm
from sfkeytool.model import Profile

_RFC = "RFC 5280, 4.1, https://www.rfc-editor.org/rfc/rfc5280#section-4.1"
_JAVA = (
    "OpenJDK, X509CertImpl.java,"
    " https://github.com/openjdk/jdk/blob/master/src/java.base/share/classes/sun/security/x509/X509CertImpl.java"
)
_AGAIN = "ask the CA for the certificate again, or fetch the file once more from where it was made"


def _each(subject: Subject) -> Iterator[tuple[ListedChain, Certificate]]:
    for chain in subject.chains:
        for certificate in dict.fromkeys(chain.listed):
            yield chain, certificate


def _damaged(subject: Subject) -> Checked:
    for chain, certificate in _each(subject):
        refusal = refusal_of(certificate)
        where = chain.name_of(certificate)
        if isinstance(refusal, CannotTell):
            yield CannotTell(f"{where}: {refusal.reason}")
        elif refusal:
            yield Evidence(where, f"{title(certificate)}: {refusal}", "a certificate that Java reads")
    for unreadable in subject.contents.unreadable if subject.contents else ():
        yield CannotTell(f"{unreadable.error.message}; Java might read it, or not")


def _bad_signature(subject: Subject) -> Checked:
    for chain, certificate in _each(subject):
        if not certificate.algorithms_agree:
            continue  # which is damage of another kind
        where = chain.name_of(certificate)
        own = chains.check_self_signature(certificate)
        if own is Signature.UNTESTED:
            algorithm = describe_algorithm(certificate.signature_algorithm_oid)
            yield CannotTell(f"{where}: its signature was not tested; sfkeytool does not have {algorithm}")
        elif own is Signature.BAD:
            yield Evidence(
                where,
                f"{title(certificate)} says that it signed itself, and its signature does not verify",
                "the signature of its own key",
            )
        elif own is None and (issuer := chain.issuers.denying(certificate)):
            yield Evidence(
                where,
                f"{title(certificate)} names {title(issuer)} and its key, and its signature does not verify with it",
                "the signature of its issuer",
            )


def _unusual(subject: Subject) -> Checked:
    for chain, certificate in _each(subject):
        if refusal_of(certificate) is None and certificate.unusual:
            saw = f"{title(certificate)}: {'; '.join(certificate.unusual)}"
            yield Evidence(chain.name_of(certificate), saw, "a certificate as RFC 5280 has it")


def _damaged_rule(area: str, profile: Profile) -> Rule:
    return Rule(
        f"{area}.certificate.damaged",
        Severity.ERROR,
        Basis.OBSERVED,
        "Java cannot read the certificate",
        "Salesforce runs on Java. Tried with Java 11 to 25: two signature algorithms that differ, an extension twice or"
        " without form, parts that the version does not have, and no issuer, are refused.",
        _JAVA,
        _AGAIN,
        (profile,),
        _damaged,
        applies=has_chains,
    )


def _bad_signature_rule(area: str, profile: Profile) -> Rule:
    return Rule(
        f"{area}.certificate.bad-signature",
        Severity.WARN,
        Basis.INFERRED,
        "A certificate's signature does not verify",
        "It was changed after it was signed, or never signed with that key. Java reads it all the same; no page says"
        " whether Salesforce verifies. sfkeytool makes nothing of such a certificate.",
        _RFC,
        _AGAIN,
        (profile,),
        _bad_signature,
        applies=has_chains,
        refused_by_makers=True,
    )


def _unusual_rule(area: str, profile: Profile) -> Rule:
    return Rule(
        f"{area}.certificate.unusual",
        Severity.NOTE,
        Basis.OBSERVED,
        "A certificate is written in a way that RFC 5280 does not allow",
        "Java and openssl read it, and sfkeytool keeps its bytes as they are; stricter programs refuse it.",
        _RFC,
        "nothing has to be done; a program that refuses it needs another certificate from the CA",
        (profile,),
        _unusual,
        applies=has_chains,
    )


CKM_BAD_SIGNATURE = _bad_signature_rule("ckm", Profile.CKM_IMPORT)
CKM_UNUSUAL = _unusual_rule("ckm", Profile.CKM_IMPORT)
APP_DAMAGED = _damaged_rule("app", Profile.APP_CERT)
APP_BAD_SIGNATURE = _bad_signature_rule("app", Profile.APP_CERT)
APP_UNUSUAL = _unusual_rule("app", Profile.APP_CERT)
SIGNED_DAMAGED = _damaged_rule("signed", Profile.SIGNED_UPLOAD)
SIGNED_BAD_SIGNATURE = _bad_signature_rule("signed", Profile.SIGNED_UPLOAD)
SIGNED_UNUSUAL = _unusual_rule("signed", Profile.SIGNED_UPLOAD)
