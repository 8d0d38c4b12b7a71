"""Which host a login goes to, and which audience the assertion names there."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from sfkeytool.errors import UsageError
from sfkeytool.model import Notice
from sfkeytool.salesforce.transport import LOOPBACK, require_safe_url

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"
MY_DOMAIN_BLANK = "https://MYDOMAIN.my.salesforce.com"
"""For a command in which only its reader can fill in the host."""

DOMAINS = (
    "salesforce.com",
    "my-salesforce.com",
    "force.com",
    "cloudforce.com",
    "site.com",
    "salesforce-sites.com",
    "salesforce.mil",
    "crmforce.mil",
    "sfcrmproducts.cn",
    "sfcrmapps.cn",
)
"""Under which Salesforce answers logins, by what was read in November 2026.

The first four and those under .mil: SfdcUrl of Salesforce's own client (forcedotcom/sfdx-core, src/util/sfdcUrl.ts).
my-salesforce.com, with a hyphen, too: Tooling API, "OrgDomainLog", ProdSuffixType OrgLevelCertificate.
site.com: Object Reference, "DomainSite" (Experience Cloud). salesforce-sites.com: ccadb.my.salesforce-sites.com, where
browser makers keep their roots. sfcrmproducts.cn: Salesforce on Alibaba Cloud, whose mails come from there
(alibabacloud.com, "Enable a tenant organization"), and tprouvot/Salesforce-Inspector-reloaded, addon/background.js;
that sfcrmapps.cn has its pages, public clients only show.
"""

_INSTANCE = r"[a-z]{2,4}\d+[a-z]?"
_SALESFORCE = r"\.salesforce\.(?:com|mil)"
"""``.mil``: Government Cloud - Defense (salesforce.mil, its pages at crmforce.mil, as public clients know them)."""

_MILITARY_HOST = re.compile(r".+\.salesforce\.mil")
_SANDBOX_HOST = re.compile(
    rf"(.+\.(sandbox|scratch)\.my|[^.]+--[^.]+(\..+)?|cs\d+){_SALESFORCE}|.+\.(sandbox|scratch)\.my-salesforce\.com"
)
_INSTANCED_HOST = re.compile(rf"(?:{_INSTANCE}(?:-api)?|[^.]+\.{_INSTANCE}\.my){_SALESFORCE}")
_SITE_HOST = re.compile(r".+\.(my\.site|force)\.com")
_LIGHTNING_HOST = re.compile(
    r"(?P<domain>[^.]+)(?P<kind>\.(?:sandbox|scratch|develop|trailblaze|demo))?"
    r"(?:\.lightning\.force\.com|\.my\.salesforce-setup\.com|\.lightning\.crmforce\.(?P<military>mil))"
)

_MY_DOMAIN_HOST = re.compile(
    r"(?P<domain>[^.]+)(?P<kind>\.(?:sandbox|scratch|develop|trailblaze|demo))?\.my\.salesforce\.com"
)


class LoginHost(Struct, frozen=True):
    """``url`` is where the token endpoint is, without a slash at its end; ``reason`` is a clause that says why."""

    url: str
    audience: str
    reason: str

    @property
    def token_url(self) -> str:
        return f"{self.url}/services/oauth2/token"

    @property
    def is_shared(self) -> bool:
        """Whether it is one of the two login hosts that all orgs share, which know no External Client App."""
        return self.url in (PRODUCTION, SANDBOX)


def parse_login_host(
    instance_url: str,
    audience: str | None = None,
    given_by: str = "--audience",
    *,
    external_client_app: bool = False,
) -> LoginHost:
    """The host that an instance URL names, with its audience; ``audience`` is one that the user insists on.

    Which audience belongs to which host: Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"
    (login, test, or the site's URL); that hosts of sandboxes and scratch orgs are to be known by their names:
    "My Domain URL Formats" there, read 2026. An External Client App is asked at its org's My Domain: since Spring '26
    the shared hosts answer app_not_found (forcedotcom/cli, issues 3482 and 3638; n8n-io/n8n, issue 28990); that My
    Domain is the audience too is how clients were mended (n8n-io/n8n, pull request 29016; simstudioai/sim, pull
    request 6508). Raises UsageError, also for an External Client App at a shared host, and ``usage.unknown-host`` for
    a host that is none of Salesforce's: it could use there what it is sent, unless ``--audience`` names that host
    itself, and nothing else will do. Pure.
    """
    text = instance_url.strip()
    parts = urlsplit(require_safe_url(text if "://" in text else f"https://{text}"))
    host = parts.hostname or ""
    if setup := _LIGHTNING_HOST.fullmatch(host):
        ending = setup["military"] or "com"
        proposal = f"https://{setup['domain']}{setup['kind'] or ''}.my.salesforce.{ending}"
        raise UsageError(
            "usage.url", f"{host} shows pages; logins do not go there", f"probably it is --instance-url {proposal}"
        )
    # A site's address has a path; that of an org has none, but is often copied together with a page's.
    site = _SITE_HOST.fullmatch(host) is not None
    url = f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/') if site else ''}"
    if external_client_app and url in (PRODUCTION, SANDBOX):
        raise UsageError(
            "usage.instance-url",
            f"an External Client App does not log in at {host}: since Spring '26 the answer there is app_not_found",
            f"name the org's My Domain: --instance-url {MY_DOMAIN_BLANK} (Setup > My Domain)",
        )
    if not is_salesforce(url) and not (audience and given_by == "--audience" and _same_host(audience, url)):
        raise _unknown_host(host, f"{parts.scheme}://{parts.netloc.lower()}")
    if audience:
        return LoginHost(url, audience, f"{given_by} says so")
    if site:
        return LoginHost(url, url, "at an Experience Cloud site the audience is the site's own address")
    if external_client_app:
        return LoginHost(url, url, "reports give an External Client App its org's My Domain as audience")
    if url == SANDBOX:
        return LoginHost(url, SANDBOX, "this is the login host of sandboxes and scratch orgs")
    military = ", which is inferred for Government Cloud - Defense" if _MILITARY_HOST.fullmatch(host) else ""
    if _SANDBOX_HOST.fullmatch(host):
        return LoginHost(url, SANDBOX, f"{host} is the name of a sandbox or scratch org{military}")
    if url == PRODUCTION:
        return LoginHost(url, PRODUCTION, "this is the login host of production and Developer Edition")
    if military or host.endswith((".salesforce.com", ".my-salesforce.com")):
        return LoginHost(url, PRODUCTION, f"{host} is not the name of a sandbox or scratch org{military}")
    return LoginHost(url, PRODUCTION, f"{host} tells nothing about the kind of org, and production is the usual one")


def is_salesforce(url: str) -> bool:
    """Whether a login that is sent to ``url`` reaches Salesforce, by the host's name, or this very machine. Pure."""
    host = urlsplit(url).hostname or ""
    return host in LOOPBACK or any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def org_hosts(instance_url: str) -> tuple[str, ...]:
    """The hosts that show an org's pages; for a host that is no My Domain, that one alone. Pure.

    Salesforce Help, "My Domain URL Formats" and, for the last three, which Lightning's scripts come from and nothing
    of an org goes to, "Use Lightning CDN to Load Applications Faster"; both read 2026.
    """
    host = urlsplit(instance_url).hostname or ""
    if not (found := _MY_DOMAIN_HOST.fullmatch(host)):
        return (host,)
    domain, kind = found["domain"], found["kind"] or ""
    return (
        host,
        f"{domain}{kind}.lightning.force.com",
        f"{domain}{kind}.my.salesforce-setup.com",
        f"{domain}--c{kind}.vf.force.com",
        "static.lightning.force.com",
        "a.static.lightning.force.com",
        "b.static.lightning.force.com",
    )


def _same_host(audience: str, url: str) -> bool:
    try:
        named, meant = urlsplit(audience.strip()), urlsplit(url)
        return named.scheme == meant.scheme and (named.hostname, named.port) == (meant.hostname, meant.port)
    except ValueError:
        return False


def _unknown_host(host: str, url: str) -> UsageError:
    return UsageError(
        "usage.unknown-host",
        f"{host} is under none of Salesforce's domains ({', '.join(DOMAINS)}); nothing was signed: for three minutes"
        " whoever has that host could log in to the org with it",
        f"is it spelt right? The org's My Domain is {MY_DOMAIN_BLANK}",
        f"if it is a domain of your org, --audience {url} signs what is good there alone; SF_AUDIENCE_URL does not"
        " count",
    )


def instanced_notice(url: str) -> Notice | None:
    """A warning where the address names a server instance in place of an org: these come to an end. Pure.

    Winter '27 release notes, read in a copy in November 2026.
    """
    host = urlsplit(url).hostname or ""
    if not _INSTANCED_HOST.fullmatch(host):
        return None
    return Notice(
        "host.instanced",
        f"{host} names an instance: by the Winter '27 release notes such hosts stop working in sandboxes now, and in"
        " production from Spring '27; use the org's My Domain (Setup > My Domain)",
    )
