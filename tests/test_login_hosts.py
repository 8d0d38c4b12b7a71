"""Where a login goes, and which audience it names there."""

from collections.abc import Callable
from typing import NoReturn

import pytest
from conftest import Pair, Result

from sfkeytool.errors import UsageError
from sfkeytool.salesforce.hosts import DOMAINS, instanced_notice, parse_login_host

LOGIN, TEST = "https://login.salesforce.com", "https://test.salesforce.com"


@pytest.mark.parametrize(
    ("given", "url", "audience"),
    [
        ("https://login.salesforce.com", LOGIN, LOGIN),
        ("https://login.salesforce.com/", LOGIN, LOGIN),
        ("https://test.salesforce.com", TEST, TEST),
        ("HTTPS://Acme.my.salesforce.com/home/home.jsp", "https://acme.my.salesforce.com", LOGIN),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com", LOGIN),
        ("https://acme.develop.my.salesforce.com", "https://acme.develop.my.salesforce.com", LOGIN),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com", TEST),
        ("https://acme--uat.my.salesforce.com", "https://acme--uat.my.salesforce.com", TEST),
        ("https://acme--uat.cs12.my.salesforce.com", "https://acme--uat.cs12.my.salesforce.com", TEST),
        ("https://fun-bear-1.scratch.my.salesforce.com", "https://fun-bear-1.scratch.my.salesforce.com", TEST),
        ("https://cs12.salesforce.com", "https://cs12.salesforce.com", TEST),
        ("https://acme.my-salesforce.com", "https://acme.my-salesforce.com", LOGIN),
        ("https://uat.acme.sandbox.my-salesforce.com", "https://uat.acme.sandbox.my-salesforce.com", TEST),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil", LOGIN),
        ("https://acme--uat.sandbox.my.salesforce.mil", "https://acme--uat.sandbox.my.salesforce.mil", TEST),
        ("https://acme.my.site.com/partners/", "https://acme.my.site.com/partners", "https://acme.my.site.com/partners"),
        ("https://acme.my.sfcrmproducts.cn", "https://acme.my.sfcrmproducts.cn", LOGIN),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", LOGIN),
        ("http://localhost:8080/", "http://localhost:8080", LOGIN),
    ],
)  # fmt: skip
def test_the_audience_follows_from_the_host(given: str, url: str, audience: str) -> None:
    """test for names of sandboxes and scratch orgs, the site itself for a site, login for all else; with a reason."""
    host = parse_login_host(given)
    assert (host.url, host.audience) == (url, audience)
    assert host.token_url == f"{url}/services/oauth2/token"
    assert host.reason


@pytest.mark.parametrize("given", ["https://acme.my.salesforce.mil", "https://acme--uat.sandbox.my.salesforce.mil"])
def test_what_is_only_inferred_of_a_military_host_is_called_so(given: str) -> None:
    """Known by its name; no page that was read tells its audience."""
    assert "inferred for Government Cloud - Defense" in parse_login_host(given).reason
    assert "inferred" not in parse_login_host(given.replace(".mil", ".com")).reason


@pytest.mark.parametrize(
    "given",
    ["https://acme.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com", "https://acme.my.salesforce.mil"],
)
def test_an_external_client_app_has_my_domain_as_its_audience(given: str) -> None:
    """Unless the user insists on another; at a site it is the site's, as for any app."""
    assert parse_login_host(given, external_client_app=True).audience == given
    assert parse_login_host(given, LOGIN, external_client_app=True).audience == LOGIN
    site = "https://acme.my.site.com/partners"
    assert parse_login_host(site, external_client_app=True) == parse_login_host(site)


@pytest.mark.parametrize(
    ("url", "is_instanced"),
    [
        ("https://na1.salesforce.com", True),
        ("https://cs12.salesforce.com", True),
        ("https://eu45.salesforce.com", True),
        ("https://usa123s.salesforce.com", True),
        ("https://na1-api.salesforce.com", True),
        ("https://acme--uat.cs12.my.salesforce.com", True),
        ("https://login.salesforce.com", False),
        ("https://test.salesforce.com", False),
        ("https://na1.my.salesforce.com", False),
        ("https://acme.my.salesforce.com", False),
        ("https://acme--cs12.sandbox.my.salesforce.com", False),
        ("https://acme.my.site.com/na1", False),
        ("http://127.0.0.1:8080", False),
    ],
)
def test_a_host_that_names_an_instance_is_known(url: str, is_instanced: bool) -> None:
    """And a My Domain that only looks like one is left in peace."""
    notice = instanced_notice(url)
    assert bool(notice) == is_instanced
    assert notice is None or "Spring '27" in notice.message


def test_a_given_audience_goes_before_all() -> None:
    """And the reason tells who gave it."""
    host = parse_login_host("https://acme--uat.sandbox.my.salesforce.com", "https://x.example", "SF_AUDIENCE_URL")
    assert (host.audience, host.reason) == ("https://x.example", "SF_AUDIENCE_URL says so")


UNKNOWN = [
    "https://acme.my.salesforce.co",
    "https://acme.my.salesforce.com.evil.example",
    "https://evilsalesforce.com",
    "https://login.salesforce.com.",
    "https://acme.mysalesforce.com",
    "https://salesforce.mil.example:8443",
    "https://127.0.0.2",
    "sso.acme.example",
]


@pytest.mark.parametrize("external_client_app", [False, True])
@pytest.mark.parametrize("given", UNKNOWN)
def test_a_host_that_is_none_of_salesforces_is_refused(given: str, external_client_app: bool) -> None:
    """Whatever a variable says, and whatever other audience a flag names."""
    url = given if "://" in given else f"https://{given}"
    for audience, given_by in (
        (None, "--audience"),
        (LOGIN, "--audience"),
        (url.removeprefix("https://"), "--audience"),
        (url.replace("https://", "http://"), "--audience"),
        (f"{url}.example", "--audience"),
        ("https://[", "--audience"),
        (url, "SF_AUDIENCE_URL"),
    ):
        with pytest.raises(UsageError) as caught:
            parse_login_host(given, audience, given_by, external_client_app=external_client_app)
        assert caught.value.code == "usage.unknown-host"
        assert f"--audience {url} " in caught.value.hints[1]
    assert parse_login_host(given, url).audience == url
    assert parse_login_host(given.upper(), f"{url}/").url == url


@pytest.mark.parametrize("domain", DOMAINS)
def test_all_under_a_domain_of_salesforce_is_known(domain: str) -> None:
    """With any port; what ends so without the dot is not."""
    assert parse_login_host(f"https://acme.{domain}:8443").url == f"https://acme.{domain}:8443"
    with pytest.raises(UsageError):
        parse_login_host(f"https://acme{domain}")


@pytest.mark.parametrize("by", ["flag", "variable"])
@pytest.mark.parametrize("command", ["login", "audit", "ckm list"])
def test_nothing_is_signed_for_a_host_that_nobody_knows(
    command: str, by: str, cli: Callable[..., Result], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By any command that logs in: a mistyped host would hold what opens the org elsewhere."""

    def sign(*_: object) -> NoReturn:
        raise AssertionError("signed")

    monkeypatch.setattr("sfkeytool.workflows.login.build_assertion", sign)
    host = "https://acme.my.salesforce.co"
    arguments = [*command.split(), "-f", pair.key, "-i", "3MVG9" + "a" * 40, "-u", "bot@example.com", "--json"]
    if by == "variable":
        monkeypatch.setenv("SF_ORG_INSTANCE_URL", host)
        monkeypatch.setenv("SF_AUDIENCE_URL", host)
    else:
        arguments += ["-r", host]
    refused = cli(*arguments)
    assert (refused.code, refused.json["code"]) == (2, "usage.unknown-host"), refused


@pytest.mark.parametrize(
    "given",
    [
        "http://login.salesforce.com",
        "http://127.0.0.1.example.com",
        "ftp://login.salesforce.com",
        "https://user:secret@login.salesforce.com",
        "https://",
        "https://login.salesforce.com:notaport",
        "https://a b.example",
        "https://x.example/\r\nHost: evil",
        "https://b\u00fccher.example",
    ],
)
def test_an_unsafe_address_is_refused_without_repeating_what_may_be_a_password(given: str) -> None:
    """Plain http but for this machine, other schemes, a user in the address, and what is no address."""
    with pytest.raises(UsageError) as caught:
        parse_login_host(given)
    assert caught.value.code == "usage.url"
    assert "secret" not in str([caught.value.message, *caught.value.hints])


def test_the_address_of_a_page_leads_to_that_of_the_org() -> None:
    """What people copy from their browser is a Lightning address, at which nobody can log in."""
    with pytest.raises(UsageError) as caught:
        parse_login_host("https://acme--uat.sandbox.lightning.force.com/lightning/page/home")
    assert "https://acme--uat.sandbox.my.salesforce.com" in caught.value.hints[0]
    with pytest.raises(UsageError) as caught:
        parse_login_host("https://acme.lightning.crmforce.mil/lightning/page/home")
    assert "https://acme.my.salesforce.mil" in caught.value.hints[0]
