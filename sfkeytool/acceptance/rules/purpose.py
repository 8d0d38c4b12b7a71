"""What a certificate must carry for what it is meant to do."""

from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import sources
from sfkeytool.acceptance.rules.chain import lacks_intermediate, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.model import Profile, Purpose

_ALL = tuple(Profile)


def _for_domain(subject: Subject) -> bool:
    return subject.purpose is Purpose.DOMAIN and bool(subject.chains)


def _for_mtls(subject: Subject) -> bool:
    return subject.purpose is Purpose.MTLS and bool(subject.chains)


def _san(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not any(name.startswith("DNS:") for name in chain.facts.san):
            yield Evidence(chain.name_of(chain.leaf), f"{title(chain.leaf)} names no DNS name", "the domain in its SAN")


def _server_auth(subject: Subject) -> Checked:
    for chain in subject.chains:
        if "serverAuth" not in chain.facts.extended_key_usage:
            saw = f"{title(chain.leaf)} lacks the extended key usage serverAuth"
            yield Evidence(chain.name_of(chain.leaf), saw, "serverAuth")


def _chain_incomplete(subject: Subject) -> Checked:
    for chain in subject.chains:
        if not chain.sorted.complete:
            saw = f"a chain that ends at {title(chain.sorted.certificates[-1])}"
            yield Evidence(chain.where, saw, "the whole chain, root included")


def _intermediate_missing(subject: Subject) -> Checked:
    for chain in subject.chains:
        if lacks_intermediate(chain):
            yield Evidence(
                chain.where,
                f"{title(chain.leaf)} alone, issued by {chain.sorted.missing_issuer}",
                "the intermediates up to the root (none, if that issuer is a root)",
            )


def _client_auth(subject: Subject) -> Checked:
    for chain in subject.chains:
        usages = chain.facts.extended_key_usage
        if usages and not {"clientAuth", "anyExtendedKeyUsage"} & set(usages):
            saw = f"{title(chain.leaf)} has the extended key usage {', '.join(usages)}"
            yield Evidence(chain.name_of(chain.leaf), saw, "clientAuth among them: servers refuse it as a client's")


SAN = Rule(
    "domain.certificate.san",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The certificate names no DNS name",
    "A custom domain's certificate must name the domain; browsers look at the SAN alone.",
    sources.HTTPS_ARTICLE,
    "sfkeytool csr {name} --purpose domain --san www.example.com (your domain)",
    _ALL,
    _san,
    applies=_for_domain,
)
SERVER_AUTH = Rule(
    "domain.certificate.server-auth",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is not meant for servers",
    "Browsers ask for serverAuth among the extended key usages (RFC 5280, 4.2.1.12).",
    sources.HTTPS_ARTICLE,
    "sfkeytool csr {name} --purpose domain --san www.example.com (your domain)",
    _ALL,
    _server_auth,
    applies=_for_domain,
)
CHAIN_INCOMPLETE = Rule(
    "domain.chain.incomplete",
    Severity.WARN,
    Basis.DOCUMENTED,
    "A custom domain needs the whole chain",
    "The article lists the domain's certificate, the intermediates and the root.",
    sources.CHAIN_ARTICLE,
    "sfkeytool wrap {name} {file} FILE --purpose domain{input_password} --password generate (FILE: the CA's"
    " certificates)",
    (Profile.CKM_IMPORT, Profile.SIGNED_UPLOAD),
    _chain_incomplete,
    applies=_for_domain,
)
CLIENT_AUTH = Rule(
    "mtls.certificate.client-auth",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is not meant for clients",
    "Where a certificate limits its use, a client's must allow clientAuth. Public CAs stopped issuing it in 2026; a"
    " private CA can.",
    "RFC 5280, 4.2.1.12, https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12",
    "sfkeytool csr {name} --purpose mtls (for a private CA)",
    _ALL,
    _client_auth,
    applies=_for_mtls,
)
INTERMEDIATE_MISSING = Rule(
    "mtls.chain.intermediate-missing",
    Severity.WARN,
    Basis.DOCUMENTED,
    "Mutual TLS needs the intermediates",
    "The article wants every intermediate in the chains of clients and servers, and none is added to those that"
    " Salesforce trusts. No page says that an import or upload without them is refused; that connections fail is"
    " inferred.",
    sources.MTLS_ARTICLE,
    "sfkeytool wrap {name} {file} FILE --purpose mtls{input_password} --password generate (FILE: the intermediate)",
    (Profile.CKM_IMPORT, Profile.SIGNED_UPLOAD),
    _intermediate_missing,
    applies=_for_mtls,
    retrieved=sources.REREAD,
)
