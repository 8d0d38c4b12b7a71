"""The certificates of a key entry as a chain: order, strangers, what is missing."""

from typing import TYPE_CHECKING

from sfkeytool.acceptance.listed_chain import ListedChain
from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import sources
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.certificates import describe_certificate
from sfkeytool.crypto.names import describe_name
from sfkeytool.model import Profile

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_CKM = (Profile.CKM_IMPORT,)


def has_chains(subject: Subject) -> bool:
    return bool(subject.chains)


def title(certificate: "Certificate") -> str:
    """A certificate's subject, for people."""
    return describe_name(certificate.subject) or "(no subject)"


def in_order(chain: ListedChain) -> bool:
    """Whether the listed certificates that are in the chain stand from the leaf up, each once."""
    wanted = chain.sorted.certificates
    return tuple(certificate for certificate in chain.listed if certificate in wanted) == wanted


def strangers(chain: ListedChain) -> "tuple[Certificate, ...]":
    """Those that are not part of the chain. Above a gap a CA's certificate may be part of it: it gets the benefit."""
    others = chain.sorted.strangers
    if chain.sorted.complete:
        return others
    return tuple(certificate for certificate in others if not describe_certificate(certificate).is_ca)


def lacks_intermediate(chain: ListedChain) -> bool:
    """Whether not even the issuer of the leaf is there."""
    return not chain.sorted.complete and len(chain.sorted.certificates) == 1


def _order(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not in_order(chain):
            listed = " < ".join(title(certificate) for certificate in chain.listed)
            wanted = " < ".join(title(certificate) for certificate in chain.sorted.certificates)
            yield Evidence(chain.where, listed, wanted)


def _stranger(subject: Subject) -> Checked:
    for chain in subject.chains:
        for certificate in strangers(chain):
            yield Evidence(
                chain.name_of(certificate), f"{title(certificate)}, which signed none of the others", "only the chain"
            )


def _gap(subject: Subject) -> Checked:
    for chain in subject.chains:
        # Of one that states two algorithms no signature counts, so that nothing shows who issued it.
        if lacks_intermediate(chain) and chain.leaf.algorithms_agree:
            yield Evidence(
                chain.where,
                f"a certificate issued by {chain.sorted.missing_issuer}, which is not there",
                "the intermediate certificate, or the CA's own: ask the CA for it",
            )


def _root_missing(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not chain.sorted.complete and not lacks_intermediate(chain):
            yield Evidence(
                chain.where,
                f"a chain that ends at {title(chain.sorted.certificates[-1])}",
                f"its issuer too, {chain.sorted.missing_issuer}: the root, or a further intermediate",
            )


ORDER = Rule(
    "ckm.chain.order",
    Severity.WARN,
    Basis.INFERRED,
    "The chain is not in order",
    "Java's convention, and Salesforce's for uploads, is leaf first, then each one's issuer. For keystores no page says"
    " what an import makes of another order.",
    sources.CHAIN_ARTICLE,
    sources.REPAIR,
    _CKM,
    _order,
    applies=has_chains,
)
STRANGER = Rule(
    "ckm.chain.stranger",
    Severity.WARN,
    Basis.INFERRED,
    "The chain holds a certificate that does not belong to it",
    "Java loads it without a look; whether the import refuses it is open.",
    sources.JDK_KEYSTORE,
    sources.REPAIR,
    _CKM,
    _stranger,
    applies=has_chains,
)
GAP = Rule(
    "ckm.chain.gap",
    Severity.WARN,
    Basis.INFERRED,
    "The issuer's certificate is missing from the chain",
    "Whether the import asks for the whole chain is open; others who check the certificate will.",
    sources.CHAIN_ARTICLE,
    "sfkeytool wrap {name} {file} FILE{input_password} --password generate (FILE: the CA's certificates)",
    _CKM,
    _gap,
    applies=has_chains,
)
ROOT_MISSING = Rule(
    "ckm.chain.root-missing",
    Severity.NOTE,
    Basis.INFERRED,
    "The chain does not reach a root",
    "Uploads of signed certificates want the root last; for keystores nothing is said.",
    sources.CHAIN_ARTICLE,
    "sfkeytool wrap {name} {file} FILE{input_password} --password generate (FILE: the root)",
    _CKM,
    _root_missing,
    applies=has_chains,
)
