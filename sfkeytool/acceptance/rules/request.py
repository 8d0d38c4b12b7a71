"""The certificate request that goes to a CA: one that Setup gave out, or our own."""

from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import app, sources
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.csr import describe_csr
from sfkeytool.model import Profile, Purpose

_REQUEST = (Profile.CA_REQUEST,)
_MINIMUM_BITS = 2048
_PKCS10 = "RFC 2986 (PKCS #10), https://www.rfc-editor.org/rfc/rfc2986"
_CSR_HELP = (
    'Salesforce Help, "Generate a Certificate Signed by a Certificate Authority",'
    " https://help.salesforce.com/s/articleView?id=xcloud.security_keys_uploading_signed_cert.htm&type=5"
)


def has_requests(subject: Subject) -> bool:
    return bool(subject.requests)


def _none(subject: Subject) -> Checked:
    if not subject.requests:
        saw = subject.foreign or f"{subject.kind}, no request in it"
        yield Evidence(subject.label, saw, "a certificate request (PKCS#10)")


def _signature(subject: Subject) -> Checked:
    for request in subject.requests:
        if not request.csr.is_signature_valid:
            yield Evidence(request.origin, "a signature that does not verify", "one made with the request's own key")


def _too_small(subject: Subject) -> Checked:
    for request in subject.requests:
        facts = describe_csr(request.csr)
        if facts.key_algorithm == "RSA" and (facts.key_bits or 0) < _MINIMUM_BITS:
            yield Evidence(request.origin, f"a key of {facts.key_bits} bits", f"at least {_MINIMUM_BITS} bits")


def _no_common_name(subject: Subject) -> Checked:
    for request in subject.requests:
        saw = describe_csr(request.csr).subject
        if "CN=" not in saw:
            yield Evidence(request.origin, saw or "an empty subject", "a common name (CN)")


def _no_san(subject: Subject) -> Checked:
    for request in subject.requests:
        if not describe_csr(request.csr).san:
            yield Evidence(request.origin, "no subject alternative name", "the DNS names of the domain")


NO_REQUEST = Rule(
    "request.file.no-request",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "There is no certificate request in the file",
    "A CA signs a request (PKCS#10), nothing else.",
    _PKCS10,
    "download it in Setup: Certificate and Key Management > the certificate > Download Certificate Signing Request",
    _REQUEST,
    _none,
)
SIGNATURE = Rule(
    "request.signature.invalid",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "The request's own signature does not verify",
    "A CA checks it before anything else: it proves that whoever asks has the private key. The file was damaged or"
    " edited.",
    _PKCS10,
    "download the request once more, or make it anew: sfkeytool csr {name}",
    _REQUEST,
    _signature,
    applies=has_requests,
)
TOO_SMALL = Rule(
    "request.key.too-small",
    Severity.WARN,
    Basis.OBSERVED,
    "The key is too small for a public CA",
    "Public CAs sign RSA keys of 2048 bits and more only (CA/Browser Forum, Baseline Requirements, 6.1.5).",
    "CA/Browser Forum, Baseline Requirements, https://cabforum.org/working-groups/server/baseline-requirements/",
    "make a new key: sfkeytool csr {name} --key-size 2048; or a new certificate in Setup",
    _REQUEST,
    _too_small,
    applies=has_requests,
)
NO_COMMON_NAME = Rule(
    "request.subject.no-common-name",
    Severity.WARN,
    Basis.DOCUMENTED,
    "The subject has no common name",
    "Setup asks for one, as the name of the requester; many CAs refuse a request without it.",
    _CSR_HELP,
    "sfkeytool csr {name} --common-name {name}; or a new certificate in Setup",
    _REQUEST,
    _no_common_name,
    applies=has_requests,
)
NO_SAN = Rule(
    "request.domain.no-san",
    Severity.WARN,
    Basis.INFERRED,
    "A request for a custom domain names no DNS names",
    "Browsers look at the subject alternative names alone. Whether CKM puts any into its requests is open; most CAs let"
    " you type the names with the order.",
    _CSR_HELP,
    "type the DNS names into the CA's form, or ask with your own request: sfkeytool csr {name} --san www.example.com",
    _REQUEST,
    _no_san,
    applies=lambda subject: subject.purpose is Purpose.DOMAIN and has_requests(subject),
)
PRIVATE_KEY = Rule(
    "request.file.private-key",
    Severity.WARN,
    Basis.INFERRED,
    "A private key lies in the file that would be sent to the CA",
    "Nobody but its owner needs it; a key that was sent to a CA is a leaked key.",
    sources.CHAIN_ARTICLE,
    "openssl req -in {file} -out {name}.csr (leaves the key out)",
    _REQUEST,
    app.private_key,
)
