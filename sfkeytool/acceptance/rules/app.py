"""The file that is uploaded to a connected app or External Client App: one certificate, and nothing secret."""

from cryptography.hazmat.primitives.asymmetric import rsa

from sfkeytool.acceptance.rule import Basis, Checked, Evidence, Rule, Severity
from sfkeytool.acceptance.rules import certificate, sources
from sfkeytool.acceptance.rules.chain import has_chains, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.model import Profile

_APP = (Profile.APP_CERT,)
_MAXIMUM_BYTES = 4096
_MINIMUM_BITS = 2048
_METADATA = (
    'Metadata API Developer Guide, "ExtlClntAppGlobalOauthSettings" (certificate: PEM of one certificate),'
    " https://developer.salesforce.com/docs/atlas.en-us.260.0.api_meta.meta/api_meta/meta_extlclntappglobaloauthsettings.htm"
)


def no_certificate(subject: Subject) -> Checked:
    """Whatever the file is instead."""
    if not subject.listed:
        yield Evidence(subject.label, f"{subject.kind}, no certificate in it", "a certificate in PEM or DER")


def private_key(subject: Subject) -> Checked:
    """Loaded or locked: neither should travel."""
    contents = subject.contents
    if contents is not None and (contents.keys or contents.locked):
        yield Evidence(subject.label, "a private key beside the certificate", "the certificate alone")


def _unusual_form(subject: Subject) -> Checked:
    if subject.unusual_form and subject.listed:
        yield Evidence(subject.label, subject.unusual_form, "PEM with its line ends, or DER")


def _several(subject: Subject) -> Checked:
    count = len(set(subject.listed))
    if count > 1:
        yield Evidence(subject.label, f"{count} certificates", "the one that belongs to the key that signs")


def _too_large(subject: Subject) -> Checked:
    if len(subject.data) > _MAXIMUM_BYTES:
        yield Evidence(subject.label, f"{len(subject.data):,} bytes", f"at most {_MAXIMUM_BYTES:,}")


def _not_rsa(subject: Subject) -> Checked:
    for chain in subject.chains:
        if chain.facts.key_algorithm != "RSA":
            saw = f"{title(chain.leaf)} with a key of the kind {chain.facts.key_algorithm}"
            yield Evidence(chain.name_of(chain.leaf), saw, "an RSA key")


def _too_small(subject: Subject) -> Checked:
    for chain in subject.chains:
        try:
            key = chain.leaf.public_key()
        except LIBRARY_ERRORS:
            continue
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MINIMUM_BITS:
            saw = f"{title(chain.leaf)} with a key of {key.key_size} bits"
            yield Evidence(chain.name_of(chain.leaf), saw, f"at least {_MINIMUM_BITS} bits")


NO_CERTIFICATE = Rule(
    "app.file.no-certificate",
    Severity.ERROR,
    Basis.DOCUMENTED,
    "There is no certificate in the file",
    "The app stores one certificate, which may be uploaded in PEM or DER. A keystore, a key or a request is not that.",
    _METADATA,
    "sfkeytool unwrap {file} (of a keystore); sfkeytool self-signed {name} --password generate makes a new pair",
    _APP,
    no_certificate,
)
PRIVATE_KEY = Rule(
    "app.file.private-key",
    Severity.WARN,
    Basis.INFERRED,
    "A private key lies in the file that would be uploaded",
    "Nothing needs it there, and whoever has it can log in.",
    _METADATA,
    "openssl x509 -in {file} -out {name}.crt (leaves the key out)",
    _APP,
    private_key,
)
UNUSUAL_FORM = Rule(
    "app.file.unusual-form",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is wrapped in something",
    "Retrieved metadata shows that apps keep such files. Whether logins are judged by what is inside is open; Java's"
    " own reader of certificates takes none of them.",
    _METADATA,
    "save it as PEM: a line BEGIN CERTIFICATE, lines of base64, and a line END CERTIFICATE",
    _APP,
    _unusual_form,
)
SEVERAL = Rule(
    "app.file.several-certificates",
    Severity.WARN,
    Basis.INFERRED,
    "The file holds more than one certificate",
    "An app has one certificate; which one it takes from a bundle, or whether it refuses, is open.",
    _METADATA,
    "openssl x509 -in {file} -out {name}.crt (keeps the first certificate only)",
    _APP,
    _several,
)
TOO_LARGE = Rule(
    "app.certificate.too-large",
    Severity.WARN,
    Basis.OBSERVED,
    "The file is larger than 4 KB",
    "Salesforce Help limits a certificate to 4 KB where External Client Apps attest clients, and advises DER, which is"
    " smaller: so apps take DER. For JWT logins a copy of Help's page by a third party says the same.",
    "Salesforce Help on the client attestation of External Client Apps,"
    " https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_auth_challenge_generate_jwt.htm&type=5",
    "openssl x509 -in {file} -outform DER -out {name}.der",
    _APP,
    _too_large,
    retrieved=sources.REREAD,
)
NOT_RSA = Rule(
    "app.key.not-rsa",
    Severity.ERROR,
    Basis.OBSERVED,
    "The certificate's key is not RSA",
    "JWT bearer logins are signed with RS256; ECDSA is reported to be refused.",
    sources.JWT_GUIDE,
    sources.START_OVER,
    _APP,
    _not_rsa,
    applies=has_chains,
)
TOO_SMALL = Rule(
    "app.key.too-small",
    Severity.ERROR,
    Basis.OBSERVED,
    "The certificate's key is smaller than 2048 bits",
    "Reported by those who connect customers for a living; no page of Salesforce's gives the number.",
    sources.JWT_GUIDE,
    sources.START_OVER,
    _APP,
    _too_small,
    applies=has_chains,
)
EXPIRED = Rule(
    "app.certificate.expired",
    Severity.WARN,
    Basis.OBSERVED,
    "The certificate has expired",
    "The sources disagree: product management called it tolerated by design, a help page of 2026 says that JWT logins"
    " reject expired certificates. Take it as fatal.",
    sources.EXPIRED_LOGINS,
    "sfkeytool self-signed {name} --key KEYFILE --password generate (the same key, a new certificate)",
    _APP,
    certificate.expired,
    applies=has_chains,
)
NOT_YET_VALID = Rule(
    "app.certificate.not-yet-valid",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is not valid yet",
    "Whether logins are refused until then is open, as it is for expired ones.",
    sources.EXPIRED_LOGINS,
    "wait until it is valid, or check the clock of the machine that made it",
    _APP,
    certificate.not_yet_valid,
    applies=has_chains,
)
WEAK_SIGNATURE = Rule(
    "app.certificate.weak-signature",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is signed with SHA-1 or MD5",
    "A login is checked with its key alone, as far as is known; a scanner will complain all the same.",
    sources.CERTIFICATES_HELP,
    "sfkeytool self-signed {name} --key KEYFILE --password generate (the same key, signed with SHA-256)",
    _APP,
    certificate.weak_signature,
    applies=has_chains,
)
