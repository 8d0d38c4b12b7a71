"""The file that is uploaded to a connected app or External Client App: one certificate, and nothing secret."""

from cryptography.hazmat.primitives.asymmetric import rsa

from sfkeytool.acceptance.key_holder import KeyHolder
from sfkeytool.acceptance.rule import Basis, CannotTell, Checked, Evidence, Fix, NewCertificate, Rule, Severity
from sfkeytool.acceptance.rules import certificate, sources
from sfkeytool.acceptance.rules.chain import has_chains, title
from sfkeytool.acceptance.subject import Subject
from sfkeytool.crypto.certificates import describe_certificate, encode_pem, spki_der
from sfkeytool.crypto.chains import issuers_among
from sfkeytool.crypto.keys import PSS_ONLY, SUPPORTED_BITS
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind
from sfkeytool.model import Profile

_APP = (Profile.APP_CERT,)
_MAXIMUM_BYTES = 4096
_MINIMUM_BITS = 2048
_LARGE = "have a smaller certificate issued: fewer names in it, or a key of 2048 bits"
_METADATA = (
    'Metadata API Developer Guide, "ExtlClntAppGlobalOauthSettings" (certificate: PEM of one certificate),'
    " https://developer.salesforce.com/docs/atlas.en-us.260.0.api_meta.meta/api_meta/meta_extlclntappglobaloauthsettings.htm"
)


def _may_be_an_apps(subject: Subject) -> bool:
    """Whether something may log in with it: metadata holds certificates of identity providers and peers, too."""
    return subject.key_holder not in (KeyHolder.IDENTITY_PROVIDER, KeyHolder.SOMEBODY)


def _has_chains_of_an_app(subject: Subject) -> bool:
    return has_chains(subject) and _may_be_an_apps(subject)


def no_certificate(subject: Subject) -> Checked:
    """Whatever the file is instead."""
    if not subject.listed:
        saw = subject.foreign or f"{subject.kind}, no certificate in it"
        yield Evidence(subject.label, saw, "a certificate in PEM or DER", _fix_without_certificate(subject))


def _fix_without_certificate(subject: Subject) -> Fix | None:
    """None: the rule's own way out, which for an app is one for keystores."""
    if subject.profile is not Profile.APP_CERT:
        return None
    if subject.foreign is not None:
        return (
            "this is for Setup > Single Sign-On Settings > New from Metadata File, if it is the identity provider's; to"
            " an app goes the certificate of the key that logs in. What it publishes, and whether the org has it, the"
            " commands show and compare tell"
        )
    if subject.kind in KEYSTORE_KINDS:
        return None
    return _certificate_of_the_key(subject)


def _certificate_of_the_key(subject: Subject) -> Fix:
    """The command that makes a certificate of the one key that is there, if it will do; else of a new one."""
    contents = subject.contents
    if contents is None or len(contents.keys) + len(contents.locked) != 1 or contents.unreadable_keys:
        return sources.START_OVER
    if contents.locked:
        return sources.OF_THE_LOCKED_KEY
    key = contents.keys[0].loaded
    suits = isinstance(key, rsa.RSAPrivateKey) and key.key_size in SUPPORTED_BITS
    return sources.OF_THE_KEY if suits else sources.START_OVER


def private_key(subject: Subject) -> Checked:
    """Loaded or locked: neither should travel."""
    contents = subject.contents
    if contents is not None and contents.holds_keys:
        fix: Fix | None = plain_pem(subject) if subject.profile is Profile.SIGNED_UPLOAD and subject.listed else None
        if subject.profile is Profile.APP_CERT and not subject.listed:
            fix = _certificate_of_the_key(subject)
        saw = ["a private key beside the certificate", *(key.error.message for key in contents.unreadable_keys)]
        yield Evidence(subject.label, "; ".join(saw), "the certificate alone", fix)


def _private_key(subject: Subject) -> Checked:
    """The same, but that the key of an app's certificate is at hand: another one beside it is a mistake."""
    contents = subject.contents
    keys = {key.spki_der for key in contents.keys} if contents is not None else set()
    if contents is None or not keys or not subject.listed or keys & set(map(spki_der, subject.listed)):
        yield from private_key(subject)
        return
    yield Evidence(
        subject.label,
        "a private key, and beside it a certificate that is not its own",
        "the certificate of the key that logs in, alone",
        "compare either with what the app has: sfkeytool show {file} tells the fingerprints of both",
    )


def plain_pem(subject: Subject) -> str:
    """The command that makes plain files of what was found; words where it would refuse."""
    chain = subject.chains[0]
    expired = any(one.not_valid_after_utc < subject.as_of for one in chain.sorted.certificates)
    signed = issuers_among(subject.listed)
    others = [one for one in subject.listed if one != chain.leaf and one not in signed]
    if not expired and not chain.facts.is_ca and not any(not describe_certificate(one).is_ca for one in others):
        return sources.UNWRAPPED
    return "write what belongs together as PEM into one file: the certificate first, then who signed it, the root last"


def wrapped(subject: Subject) -> Checked:
    """PKCS#7 and the like: the certificates were judged, but not whether they are taken in this form."""
    if subject.listed and subject.wrapping is not None:
        wanted = "PEM: base64 between BEGIN CERTIFICATE and END CERTIFICATE"
        yield Evidence(subject.label, subject.wrapping, wanted, plain_pem(subject))


def _several(subject: Subject) -> Checked:
    wanted = "the one that belongs to the key that signs"
    count = len(set(subject.listed))
    if count > 1 and subject.kind is not FileKind.XML:
        yield Evidence(subject.label, f"{count} certificates", wanted)
    for where, inside in subject.crowded_fields:
        yield Evidence(where, f"{inside} certificates", wanted, "leave that one alone in the field")


def _too_large(subject: Subject) -> Checked:
    """What an app is given is the file itself, but of metadata and PKCS#7 the certificate in it."""
    if subject.kind is FileKind.XML or subject.wrapping is not None:
        sizes = [(chain.where, len(encode_pem(chain.leaf))) for chain in subject.chains]
    else:
        sizes = [(subject.label, len(subject.data))]
    for where, size in sizes:
        if size > _MAXIMUM_BYTES:
            fix = None if subject.kind is FileKind.PEM else _LARGE
            yield Evidence(where, f"{size:,} bytes", f"at most {_MAXIMUM_BYTES:,}", fix)


def _not_rsa(subject: Subject) -> Checked:
    for chain in subject.chains:
        if chain.facts.key_algorithm == PSS_ONLY:
            yield CannotTell(
                f"{chain.name_of(chain.leaf)}: no page tells whether a key marked {PSS_ONLY} counts as RSA"
            )
        elif chain.facts.key_algorithm != "RSA":
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
    NewCertificate(
        "sfkeytool unwrap {file}{password} (writes the .crt of a keystore); for a new pair: sfkeytool"
        " self-signed {name} --password generate"
    ),
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
    _private_key,
)
WRAPPED = Rule(
    "app.file.wrapped",
    Severity.WARN,
    Basis.INFERRED,
    "The certificate is neither in plain PEM nor in DER",
    "The app's field holds the PEM text of one certificate. Retrieved metadata shows that apps keep other forms too;"
    " whether logins are judged by what is inside is open, and Java's own reader of certificates takes none of them.",
    _METADATA,
    sources.UNWRAPPED,
    _APP,
    wrapped,
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
    applies=_may_be_an_apps,
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
    applies=_has_chains_of_an_app,
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
    applies=_has_chains_of_an_app,
)
EXPIRED = Rule(
    "app.certificate.expired",
    Severity.WARN,
    Basis.OBSERVED,
    "The certificate has expired",
    "The sources disagree: product management called it tolerated by design, a help page of 2026 says that JWT logins"
    " reject expired certificates. Take it as fatal.",
    sources.EXPIRED_LOGINS,
    NewCertificate(
        "sfkeytool self-signed {name} --key FILE --password generate (FILE: the same key; a new certificate)"
    ),
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
    NewCertificate(
        "sfkeytool self-signed {name} --key FILE --password generate (FILE: the same key; signed with SHA-256)"
    ),
    _APP,
    certificate.weak_signature,
    applies=has_chains,
)
