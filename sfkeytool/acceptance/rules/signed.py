"""The file for Upload Signed Certificate: the CA's answer to a request that Setup made."""

from pathlib import PurePath
from typing import TYPE_CHECKING

from sfkeytool.acceptance.listed_chain import ListedChain
from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import app, certificate, sources
from sfkeytool.acceptance.rules.chain import has_chains, in_order, strangers, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.certificates import describe_certificate
from sfkeytool.crypto.keys import SUPPORTED_BITS
from sfkeytool.crypto.sniff import FileKind
from sfkeytool.model import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sfkeytool.crypto.certificate import Certificate

_UPLOAD = (Profile.SIGNED_UPLOAD,)
_ENDINGS = (".crt", ".cer")


def _leaf_first(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not in_order(chain):
            listed = " < ".join(title(one) for one in chain.listed)
            wanted = " < ".join(title(one) for one in chain.sorted.certificates)
            yield Evidence(chain.where, listed, wanted, app.plain_pem(subject))


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
        for one in strangers(chain):
            saw = f"{title(one)}, which signed none of the others"
            yield Evidence(chain.name_of(one), saw, "only the chain", app.plain_pem(subject))


def _of_the_chain(chain: ListedChain) -> "Iterator[Certificate]":
    """All that the file lists, each once, but for strangers, which are another rule's."""
    others = strangers(chain)
    yield from (one for one in dict.fromkeys(chain.listed) if one not in others)


def _expired(subject: Subject) -> Checked:
    """CAs too, the root included: the article wants it in the file, and no page says what is looked at."""
    return certificate.expired(subject, _of_the_chain)


def _not_yet_valid(subject: Subject) -> Checked:
    return certificate.not_yet_valid(subject, _of_the_chain)


def _other_key(subject: Subject) -> Checked:
    for chain in subject.chains:
        facts = describe_certificate(chain.leaf)
        if facts.key_algorithm != "RSA" or facts.key_bits not in SUPPORTED_BITS:
            saw = f"{title(chain.leaf)} with a key {facts.key_algorithm} {facts.key_bits or ''}".rstrip()
            yield Evidence(chain.name_of(chain.leaf), saw, "an RSA key of 2048, 3072 or 4096 bits, as Setup makes them")


def _no_certificate(subject: Subject) -> Checked:
    """Metadata is deployed, never uploaded."""
    if subject.listed and subject.kind is FileKind.XML:
        yield Evidence(subject.label, "a file of Salesforce metadata", "the CA's certificate and chain in PEM")
    else:
        yield from app.no_certificate(subject)


def _not_pem(subject: Subject) -> Checked:
    if subject.kind is FileKind.DER_CERTIFICATE and not subject.unusual_form:
        wanted = "PEM: base64 between BEGIN CERTIFICATE and END CERTIFICATE"
        yield Evidence(subject.label, "DER", wanted, app.plain_pem(subject))
    else:
        yield from app.wrapped(subject)


def _ending(subject: Subject) -> Checked:
    ending = PurePath(subject.label).suffix
    if subject.listed and subject.kind is not FileKind.XML and ending.lower() not in _ENDINGS:
        plain = subject.kind is FileKind.PEM and subject.wrapping is None
        yield Evidence(subject.label, f"the ending {ending!r}", ".crt", None if plain else app.plain_pem(subject))


NO_CERTIFICATE = Rule(
    "signed.file.no-certificate",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "There is no certificate in the file",
    "The upload wants the signed certificate and its chain as base64 (PEM) text.",
    sources.CHAIN_ARTICLE,
    "ask the CA for the certificate with its chain in PEM",
    _UPLOAD,
    _no_certificate,
)
PRIVATE_KEY = Rule(
    "signed.file.private-key",
    Severity.WARN,
    Basis.INFERRED,
    "A private key lies in the file that would be uploaded",
    "The key of a request that Setup made never leaves Salesforce: this one is another's, and should not travel.",
    sources.CHAIN_ARTICLE,
    sources.UNWRAPPED,
    _UPLOAD,
    app.private_key,
)
NOT_PEM = Rule(
    "signed.file.not-pem",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The file is not plain base64 text (PEM)",
    "The article asks for one base64 file: leaf, intermediates, root. Whether another form is taken is open; a guide of"
    " 2020 reports that PKCS#7 was.",
    sources.CHAIN_ARTICLE,
    sources.UNWRAPPED,
    _UPLOAD,
    _not_pem,
)
EXPIRED = Rule(
    "signed.certificate.expired",
    Severity.WARN,
    Basis.INFERRED,
    "A certificate of the chain has expired",
    "No page says that the upload looks at dates; whoever checks the certificate later will.",
    sources.CHAIN_ARTICLE,
    "ask the CA for a certificate with its present chain",
    _UPLOAD,
    _expired,
    applies=has_chains,
)
NOT_YET_VALID = Rule(
    "signed.certificate.not-yet-valid",
    Severity.WARN,
    Basis.INFERRED,
    "A certificate of the chain is not valid yet",
    "No page says whether the upload looks at dates.",
    sources.CHAIN_ARTICLE,
    "wait until it is valid, or ask the CA",
    _UPLOAD,
    _not_yet_valid,
    applies=has_chains,
)
WEAK_SIGNATURE = Rule(
    "signed.certificate.weak-signature",
    Severity.WARN,
    Basis.INFERRED,
    "A certificate is signed with SHA-1 or MD5",
    "Whether the upload looks at signatures is open; TLS peers have refused these for years.",
    sources.CERTIFICATES_HELP,
    "ask the CA for a certificate signed with SHA-256",
    _UPLOAD,
    certificate.weak_signature,
    applies=has_chains,
)
OTHER_KEY = Rule(
    "signed.key.not-of-setup",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate's key is none that Setup makes",
    "The certificate has to belong to the key of the request, and Setup makes RSA keys of 2048, 3072 and 4096 bits.",
    sources.IMPORT_HELP,
    "download the request once more and have it signed; where the key is your own, import it as a keystore:"
    " sfkeytool wrap {name} {file} FILE --password generate (FILE: the private key)",
    _UPLOAD,
    _other_key,
    applies=has_chains,
)
LEAF_FIRST = Rule(
    "signed.chain.leaf-first",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The certificates are not in order",
    "The article asks for the domain's certificate first, then the intermediates, the root last.",
    sources.CHAIN_ARTICLE,
    sources.UNWRAPPED,
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
    sources.UNWRAPPED,
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
    "{copy} {file} {name}.crt",
    _UPLOAD,
    _ending,
    retrieved=sources.REREAD,
)
