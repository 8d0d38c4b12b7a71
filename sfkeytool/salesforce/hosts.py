"""Which host a login goes to, and which audience the assertion names there."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from sfkeytool.errors import UsageError
from sfkeytool.salesforce.transport import require_safe_url

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"

_SANDBOX_HOST = re.compile(r"(.+\.(sandbox|scratch)\.my|[^.]+--[^.]+(\..+)?|cs\d+)\.salesforce\.com")
_SITE_HOST = re.compile(r".+\.(my\.site|force)\.com")
_LIGHTNING_HOST = re.compile(
    r"(?P<domain>[^.]+)(?P<kind>\.(?:sandbox|scratch|develop|trailblaze|demo))?"
    r"(?:\.lightning\.force\.com|\.my\.salesforce-setup\.com)"
)


@dataclass(frozen=True)
class LoginHost:
    """``url`` is where the token endpoint is, without a slash at its end; ``reason`` is a clause that says why."""

    url: str
    audience: str
    reason: str

    @property
    def token_url(self) -> str:
        return f"{self.url}/services/oauth2/token"


def parse_login_host(instance_url: str, audience: str | None = None, given_by: str = "--audience") -> LoginHost:
    """The host that an instance URL names, with its audience; ``audience`` is one that the user insists on.

    Which audience belongs to which host: Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"
    (login, test, or the site's URL); that hosts of sandboxes and scratch orgs are to be known by their names:
    "My Domain URL Formats" there, read 2026. Raises UsageError. Pure.
    """
    text = instance_url.strip()
    parts = urlsplit(require_safe_url(text if "://" in text else f"https://{text}"))
    host = parts.hostname or ""
    if setup := _LIGHTNING_HOST.fullmatch(host):
        proposal = f"https://{setup['domain']}{setup['kind'] or ''}.my.salesforce.com"
        raise UsageError(
            "usage.url", f"{host} shows pages; logins do not go there", f"probably it is --instance-url {proposal}"
        )
    # A site's address has a path; that of an org has none, but is often copied together with a page's.
    site = _SITE_HOST.fullmatch(host) is not None
    url = f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/') if site else ''}"
    if audience:
        return LoginHost(url, audience, f"{given_by} says so")
    if site:
        return LoginHost(url, url, "at an Experience Cloud site the audience is the site's own address")
    if url == SANDBOX:
        return LoginHost(url, SANDBOX, "this is the login host of sandboxes and scratch orgs")
    if _SANDBOX_HOST.fullmatch(host):
        return LoginHost(url, SANDBOX, f"{host} is the name of a sandbox or scratch org")
    if url == PRODUCTION:
        return LoginHost(url, PRODUCTION, "this is the login host of production and Developer Edition")
    if host.endswith(".salesforce.com"):
        return LoginHost(url, PRODUCTION, f"{host} is not the name of a sandbox or scratch org")
    return LoginHost(url, PRODUCTION, f"{host} tells nothing about the kind of org, and production is the usual one")
