"""What can be known of a login before anything is sent: which key, which host, and what may be wrong with them."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from sfkeytool.crypto import certificates, keys
from sfkeytool.errors import CertificateError, PrivateKeyError, UsageError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundKey
from sfkeytool.keystores.heap import gather
from sfkeytool.keystores.leaves import describe_leaf, leaves_of_key
from sfkeytool.keystores.selection import Meant, select_key
from sfkeytool.model import Notice, Opaque, Request
from sfkeytool.passwords import Secret, Source, SourceKind
from sfkeytool.salesforce.hosts import PRODUCTION, LoginHost, instanced_notice, parse_login_host
from sfkeytool.shell import path_argument, shell_line

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_SMALLEST_BITS = 2048
"""What apps take for JWT logins, says a vendor's guide (https://docs.withampersand.com/customer-guides/salesforce-jwt,
read 2026)."""

_CONSUMER_KEY = re.compile(r"3MVG9[A-Za-z0-9._]{30,}")
"""Consumer keys that are seen in public look so; nothing documents it, so that another form draws a warning only."""


class LoginRequest(Request, frozen=True, kw_only=True):
    """``key`` is where the private key comes from: a file, a variable or stdin. ``certificate`` may be None.
    Not ``key_named`` is NAME.key, which lies in the folder of NAME.

    ``audience`` is what the user insists on and ``audience_from`` who said so. ``external_client_app``: the user knows
    that it is one. ``wait_seconds`` is 0 for one try.
    """

    client_id: str
    username: str
    instance_url: str = PRODUCTION
    key: Source
    key_named: bool = True
    audience: str | None = None
    audience_from: str = "--audience"
    external_client_app: bool = False
    alias: str | None = None
    passwords: tuple[Source, ...] = ()
    certificate: Path | None = None
    old_key: Path | None = None
    wait_seconds: float = 0
    poll_seconds: float = 20


class LoginInputs(Struct, frozen=True):
    key: InputFile
    certificate: InputFile | None = None
    old_key: InputFile | None = None
    passwords: Sequence[Secret] = ()


class Prepared(Opaque, frozen=True):
    """All that a login needs. ``certificate`` fits the key; None if none is known.

    ``key_file`` stands in commands that are proposed: a placeholder where the key came from no file.
    """

    host: LoginHost
    key_origin: str
    key_file: str
    key: rsa.RSAPrivateKey
    certificate: "Certificate | None" = None
    old_key: rsa.RSAPrivateKey | None = None
    notices: tuple[Notice, ...] = ()


def prepare(request: LoginRequest, inputs: LoginInputs, now: datetime) -> Prepared:
    """Open the key, and look at everything that can be wrong with it before it is sent for. Pure.

    Raises UsageError, PrivateKeyError, KeystoreError and those of the files; CertificateError
    (login.certificate-mismatch) if the certificate that was given is not the key's.
    """
    host = parse_login_host(
        request.instance_url,
        request.audience,
        request.audience_from,
        external_client_app=request.external_client_app,
    )
    instanced = instanced_notice(host.url)
    meant = select_key(gather([parse_contents(inputs.key, inputs.passwords)]), request.alias)
    found = meant.key
    key = _require_rsa(found)
    fitting = meant.leaves if inputs.certificate is None else _given_certificates(found, inputs)
    certificate = fitting[0] if len(fitting) == 1 else None
    old_key = None
    if inputs.old_key is not None:
        old = gather([parse_contents(inputs.old_key, inputs.passwords)], by_alias=False)
        old_key = _require_rsa(select_key(old).key)
        if old_key.public_key() == key.public_key():
            raise UsageError("usage.old-key", f"{inputs.old_key.label} holds the same key as {found.origin}")
    return Prepared(
        host,
        found.origin,
        inputs.key.label if request.key.kind is SourceKind.FILE else "NAME.key",
        key,
        certificate.certificate if certificate else None,
        old_key,
        (
            *([instanced] if instanced else []),
            *_shape_notices(request),
            *_key_notices(key, found.origin),
            *_choice_notices(meant, fitting),
            *_validity_notices(certificate, now),
        ),
    )


def _require_rsa(found: FoundKey) -> rsa.RSAPrivateKey:
    if not isinstance(found.key, rsa.RSAPrivateKey):
        kind, _ = keys.describe_key_kind(found.key.public_key())
        raise PrivateKeyError(
            "key.not-rsa",
            f"the key in {found.origin} is not RSA but {kind}; JWT logins are signed with RS256, which is RSA",
            "make another pair, and upload its certificate to the app: "
            + shell_line(["sfkeytool", "self-signed", "NAME"]),
        )
    return found.key


def _given_certificates(key: FoundKey, inputs: LoginInputs) -> tuple[FoundCertificate, ...]:
    """The certificates of the key in the file that was given. Raises CertificateError if it holds none of them."""
    if inputs.certificate is None:
        return ()
    given = parse_contents(inputs.certificate, inputs.passwords, load_keys=False).certificates
    if not given:
        raise CertificateError("certificate.none", f"{inputs.certificate.label} holds no certificate")
    if fitting := leaves_of_key(key.spki_der, given):
        return fitting
    subject = certificates.describe_certificate(given[0].certificate)
    raise CertificateError(
        "login.certificate-mismatch",
        f"the key in {key.origin} does not belong to the certificate in {inputs.certificate.label}"
        f" ({subject.subject or 'no subject'}): Salesforce would refuse it as an invalid assertion",
        "see what belongs together: "
        + shell_line(["sfkeytool", "compare", *map(path_argument, (inputs.key.label, inputs.certificate.label))]),
    )


def _shape_notices(request: LoginRequest) -> Iterator[Notice]:
    if not _CONSUMER_KEY.fullmatch(request.client_id):
        yield Notice(
            "login.client-id-shape",
            "the client id does not look like a consumer key (those that are seen begin with 3MVG9 and are long): it"
            " is not the secret, and not the app's name",
        )
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", request.username):
        yield Notice(
            "login.username-shape",
            f"{request.username} does not look like a username: these have the form of a mail address",
        )


def _key_notices(key: rsa.RSAPrivateKey, origin: str) -> Iterator[Notice]:
    if key.key_size < _SMALLEST_BITS:
        yield Notice(
            "login.small-key",
            f"the key in {origin} has {key.key_size} bits; apps are said to take {_SMALLEST_BITS} and more",
        )


def _choice_notices(meant: Meant, fitting: Sequence[FoundCertificate]) -> Iterator[Notice]:
    if locked := [entry.origin for entry in meant.others if entry.locked]:
        yield Notice("login.entry-locked", f"not tried, as no password given opens it: {'; '.join(locked)}")
    if len(fitting) > 1:
        listed = "; ".join(map(describe_leaf, fitting))
        yield Notice(
            "login.several-certificates",
            f"the key has {len(fitting)} certificates: {listed}; a login does not tell which of them the app has",
        )


def _validity_notices(found: FoundCertificate | None, now: datetime) -> Iterator[Notice]:
    if found is None:
        return
    until, since = found.certificate.not_valid_after_utc, found.certificate.not_valid_before_utc
    if until < now:
        yield Notice(
            "certificate.expired",
            f"the certificate in {found.origin} expired on {until.date()}; whether Salesforce refuses the logins of"
            " such a one its pages do not agree on: this login tells",
        )
    elif now < since:
        yield Notice(
            "certificate.not-yet-valid", f"the certificate in {found.origin} is valid only from {since.date()} on"
        )
