"""The token endpoint: the OAuth 2.0 JWT bearer flow (RFC 7523), with the refusals that are documented or reported.

Sources of the texts: Salesforce Help, "OAuth 2.0 JWT Bearer Flow", and the threads named beside them.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SHARED = ("https://login.salesforce.com", "https://test.salesforce.com")
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_SECONDS = 300
"""Five minutes, the more generous of the two limits that sources name."""


MOST_AN_HOUR = 3600
"""Logins of one user (Knowledge 000381578)."""


class Refusal(NamedTuple):
    """Answered with status 400."""

    error: str
    error_description: str


TOO_MANY = Refusal("LOGIN_RATE_EXCEEDED", "login rate exceeded")
"""The code: https://github.com/restforce/restforce/pull/744. Where in the answer it stands is a guess."""


def claimed(form: Mapping[str, str]) -> tuple[str, str]:
    """Consumer key and user that an assertion names, true or not; empty where it names none."""
    try:
        claims = json.loads(_decode(form["assertion"].split(".")[1]))
        return str(claims.get("iss", "")), str(claims.get("sub", ""))
    except (AttributeError, IndexError, KeyError, ValueError):
        return "", ""


@dataclass
class App:
    """A connected app or External Client App. ``coming`` is a certificate whose upload has yet to spread."""

    certificate_pem: str
    approved_users: set[str]
    external: bool = False
    """An External Client App, which logs in at My Domain alone, and with that as audience."""
    installed: bool = True
    blocked: bool = False
    scopes: str = "api refresh_token"
    label: str = ""
    """As LoginHistory names it."""
    minds_dates: bool = False
    """Whether its certificate must be valid now: sources dispute it."""
    coming: list[Any] = field(default_factory=list)

    def certificate_now(self) -> str:
        """The certificate that this request is verified with: an upload takes effect some requests later."""
        if self.coming:
            if self.coming[0] <= 0:
                self.certificate_pem = self.coming[1]
                self.coming.clear()
            else:
                self.coming[0] -= 1
        return self.certificate_pem


@dataclass
class User:
    id: str = "005000000000001AAA"
    active: bool = True
    locked: bool = False
    ip_restricted: bool = False


def judge(
    form: Mapping[str, str], apps: Mapping[str, App], users: Mapping[str, User], asked_url: str
) -> tuple[str, App] | Refusal:
    """The username that is let in and the app that let it in, or the refusal of the host that was asked."""
    if form.get("grant_type") != GRANT:
        return Refusal("unsupported_grant_type", "grant type not supported")
    if set(form) != {"grant_type", "assertion"}:
        return Refusal("invalid_request", "unexpected parameters")
    try:
        head, body, signature = form["assertion"].split(".")
        header, claims = (json.loads(_decode(part)) for part in (head, body))
        signed = f"{head}.{body}".encode()
        raw = _decode(signature)
        algorithm, issuer, user = header.get("alg"), str(claims.get("iss")), str(claims.get("sub"))
    except (ValueError, AttributeError):
        return Refusal("invalid_grant", "invalid assertion")
    app = apps.get(issuer)
    if app is None:
        # https://github.com/forcedotcom/cli/issues/1529 and others
        return Refusal("invalid_client_id", "client identifier invalid")
    if not app.installed or (app.external and asked_url in SHARED):
        # https://github.com/forcedotcom/cli/issues/3482 ; https://github.com/n8n-io/n8n/issues/28990
        return Refusal("app_not_found", "External client app is not installed in this org")
    if app.blocked:
        return Refusal("OAUTH_APP_BLOCKED", "this app is blocked by admin")
    if algorithm != "RS256" or not _verifies(app.certificate_now(), raw, signed, minds_dates=app.minds_dates):
        # https://github.com/forcedotcom/sfdx-travisci/issues/135
        return Refusal("invalid_grant", "invalid assertion")
    if str(claims.get("aud", "")).rstrip("/") not in (asked_url, *([] if app.external else SHARED[:1])):
        # https://github.com/forcedotcom/cli/issues/3325
        return Refusal("invalid_grant", "audience is invalid")
    return _judge_user(claims, user, app, users)


def _judge_user(
    claims: Mapping[str, Any], username: str, app: App, users: Mapping[str, User]
) -> tuple[str, App] | Refusal:
    try:
        expires = float(claims["exp"])  # a string from simple-salesforce
    except (KeyError, TypeError, ValueError):
        return Refusal("invalid_grant", "invalid assertion")
    if expires > 100_000_000_000:  # milliseconds, from the Salesforce CLI
        expires /= 1000
    if not time.time() < expires <= time.time() + LONGEST_SECONDS + 5:
        # https://salesforce.stackexchange.com/questions/282513
        return Refusal("invalid_grant", "expired authorization code")
    user = users.get(username)
    if user is None or not user.active:
        return Refusal("invalid_grant", "user hasn't approved this consumer" if user is None else "inactive user")
    if user.locked:
        return Refusal("invalid_grant", "user is locked")
    if user.ip_restricted:
        return Refusal("invalid_grant", "ip restricted or invalid login hours")
    if username not in app.approved_users:
        # https://github.com/restforce/restforce/issues/674
        return Refusal("invalid_grant", "user hasn't approved this consumer")
    return username, app


def _decode(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _verifies(certificate_pem: str, signature: bytes, signed: bytes, *, minds_dates: bool) -> bool:
    if not certificate_pem:  # an app that no longer has one
        return False
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    if minds_dates and not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
        return False
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
