"""The OAuth 2.0 JWT bearer flow (RFC 7523): one assertion to one host, and what it answers."""

import base64
import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec import Struct

from sfkeytool.errors import NetworkError, UsageError
from sfkeytool.outside_json import parse_json
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.hosts import LoginHost
from sfkeytool.salesforce.transport import HttpRequest, HttpResponse, Transport, parse_access_token, require_safe_url

LIFETIME = timedelta(seconds=180)
"""Of an assertion. Sources say that Salesforce takes 3 or 5 minutes at most; 3 is what libraries use
(https://github.com/simple-salesforce/simple-salesforce/issues/491, read 2026)."""

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_MAXIMUM_TEXT = 500
"""Characters of a server's message that are kept."""


class Grant(Struct, frozen=True):
    """A login that was accepted. ``org_id`` and ``user_id`` are empty if the answer does not tell them."""

    access_token: Secret
    instance_url: str
    org_id: str
    user_id: str
    scopes: tuple[str, ...]
    server_time: datetime | None


class Refusal(Struct, frozen=True):
    """A login that was refused: RFC 6749's ``error`` and ``error_description``, as they came."""

    error: str
    description: str
    server_time: datetime | None

    @property
    def words(self) -> str:
        """What tells the most."""
        return self.description or self.error


def build_assertion(key: rsa.RSAPrivateKey, client_id: str, username: str, audience: str, now: datetime) -> Secret:
    """The JWT that logs in, signed with RS256. Secret: until it expires it is as good as the key. Pure.

    ``client_id`` is the app's consumer key, ``now`` aware. It is valid for LIFETIME, in whole seconds.
    """
    claims = {"iss": client_id, "sub": username, "aud": audience, "exp": int((now + LIFETIME).timestamp())}
    signed = f"{_encode_part({'alg': 'RS256'})}.{_encode_part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return Secret(f"{signed}.{_base64url(signature)}")


def request_token(transport: Transport, host: LoginHost, assertion: Secret) -> Grant | Refusal:
    """Send an assertion to ``host``, once. A refusal is a result.

    Raises NetworkError: those of the transport, network.server-error (5xx), network.rate-limited (429), and
    network.not-salesforce for an answer that no token endpoint gives.
    """
    form = urlencode({"grant_type": GRANT_TYPE, "assertion": assertion.reveal()})
    answer = transport(
        HttpRequest(
            "POST",
            host.token_url,
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            form.encode(),
        )
    )
    return _parse_answer(answer, urlsplit(host.url).netloc)


def _parse_answer(answer: HttpResponse, host: str) -> Grant | Refusal:
    if answer.status == 429:
        seconds = answer.retry_after_seconds
        when = f"; it asks to wait {seconds} seconds" if seconds is not None else ""
        raise NetworkError(
            "network.rate-limited",
            f"{host} takes no more logins for now (429){when}",
            "is a program logging in again and again? It should keep its access token: sfkeytool explain"
            " LOGIN_RATE_EXCEEDED",
            retry_after_seconds=seconds,
        )
    if answer.status >= 500:
        raise NetworkError(
            "network.server-error",
            f"{host} failed (status {answer.status}): that is its own trouble, not the key's",
            "look at https://status.salesforce.com, and try again later",
            retry_after_seconds=answer.retry_after_seconds,
        )
    value = _parse_json(answer.body)
    if answer.status == 200 and (grant := _parse_grant(value, answer.server_time)):
        return grant
    if answer.status >= 400 and (error := _text(value, "error") or _text(value, "errorCode")):
        description = _text(value, "error_description") or _text(value, "message")
        return Refusal(error, description, answer.server_time)
    kind = "a web page" if b"<html" in answer.body[:2000].lower() else "something that is no answer to a login"
    raise NetworkError(
        "network.not-salesforce",
        f"{host} answered with {kind} (status {answer.status}) where JSON was expected",
        "does --instance-url name the org itself? https://MYDOMAIN.my.salesforce.com, without a page's path",
        "a proxy or a sign-in page of the network may have answered in its place",
    )


def _parse_json(body: bytes) -> dict[str, Any]:
    """The object in ``body``, or the first of a list, which is how the data APIs report; empty for anything else."""
    try:
        value = parse_json(body)
    except ValueError:
        return {}
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def _parse_grant(value: dict[str, Any], server_time: datetime | None) -> Grant | None:
    """None for what no later request could be made with: a token that fits no header, an address that is none."""
    token, instance_url = value.get("access_token"), _text(value, "instance_url")
    try:
        if instance_url:
            require_safe_url(instance_url)
        access_token = parse_access_token(token if isinstance(token, str) else "")
    except (UsageError, ValueError):
        return None
    identity = re.search(r"/id/([0-9A-Za-z]{15,18})/([0-9A-Za-z]{15,18})$", _text(value, "id"))
    org_id, user_id = identity.groups() if identity else ("", "")
    scopes = tuple(_text(value, "scope").split())
    return Grant(access_token, instance_url, org_id, user_id, scopes, server_time)


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    return text.strip()[:_MAXIMUM_TEXT] if isinstance(text, str) else ""


def _encode_part(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
