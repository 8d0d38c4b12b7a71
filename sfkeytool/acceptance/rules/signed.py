"""The file for Upload Signed Certificate: the CA's answer to a request that Setup made."""

from pathlib import PurePath

from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import app, sources
from sfkeytool.acceptance.rules.chain import has_chains, in_order, strangers, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.model import Profile

_UPLOAD = (Profile.SIGNED_UPLOAD,)
_ENDINGS = (".crt", ".cer")


def _leaf_first(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not in_order(chain):
            listed = " < ".join(title(certificate) for certificate in chain.listed)
            yield Evidence(chain.where, listed, " < ".join(title(one) for one in chain.sorted.certificates))


def _incomplete(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not chain.sorted.complete:
            yield Evidence(
                chain.where,
                f"a chain that ends at {title(chain.sorted.certificates[-1])}",
                f"its issuer {chain.sorted.missing_issuer}, and so on up to the root",
            )


def _stranger(subject: Subject) -> Checked:
    for chain in subject.chains:
        for certificate in strangers(chain):
            saw = f"{title(certificate)}, which signed none of the others"
            yield Evidence(chain.name_of(certificate), saw, "only the chain")


def _ending(subject: Subject) -> Checked:
    ending = PurePath(subject.label).suffix
    if ending.lower() not in _ENDINGS:
        yield Evidence(subject.label, f"the ending {ending!r}", ".crt")


NO_CERTIFICATE = Rule(
    "signed.file.no-certificate",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "There is no certificate in the file",
    "The upload wants the signed certificate and its chain as base64 (PEM) text.",
    sources.CHAIN_ARTICLE,
    "ask the CA for the certificate with its chain in PEM",
    _UPLOAD,
    app.no_certificate,
)
PRIVATE_KEY = Rule(
    "signed.file.private-key",
    Severity.WARN,
    Basis.INFERRED,
    "A private key lies in the file that would be uploaded",
    "The key of a request that Setup made never leaves Salesforce: this one is another's, and should not travel.",
    sources.CHAIN_ARTICLE,
    "openssl crl2pkcs7 -nocrl -certfile {file} | openssl pkcs7 -print_certs -out {name}.crt (leaves the key out)",
    _UPLOAD,
    app.private_key,
)
LEAF_FIRST = Rule(
    "signed.chain.leaf-first",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The certificates are not in order",
    "The article asks for the domain's certificate first, then the intermediates, the root last.",
    sources.CHAIN_ARTICLE,
    "put them into one file in this order: the certificate, the intermediates from the bottom up, the root",
    _UPLOAD,
    _leaf_first,
    applies=has_chains,
)
INCOMPLETE = Rule(
    "signed.chain.incomplete",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The chain does not reach its root",
    "The article asks for the root as the last certificate.",
    sources.CHAIN_ARTICLE,
    "ask the CA for the missing certificates and append them",
    _UPLOAD,
    _incomplete,
    applies=has_chains,
)
STRANGER = Rule(
    "signed.chain.stranger",
    Severity.WARN,
    Basis.INFERRED,
    "A certificate in the file does not belong to the chain",
    "What the upload makes of it is open.",
    sources.CHAIN_ARTICLE,
    "take it out of the file",
    _UPLOAD,
    _stranger,
    applies=has_chains,
)
ENDING = Rule(
    "signed.file.ending",
    Severity.WARN,
    Basis.INFERRED,
    "The file's name does not end in .crt",
    "Guides upload .crt and .cer files, and Salesforce's article asks for base64 text, which such a file is. A guide of"
    " 2020 has PEM files refused and converts them to PKCS#12 or PKCS#7. Whether the name was what mattered there is"
    " open; .crt is the safe choice.",
    f"{sources.CHAIN_ARTICLE} ; https://github.com/bcgov/MoH-SAT (.crt uploaded) ; https://regardie.dev/?p=793 (PEM"
    " refused)",
    "cp {file} {name}.crt",
    _UPLOAD,
    _ending,
    retrieved=sources.REREAD,
)
