"""Where a login goes, and which audience it names there."""

import pytest

from sfkeytool.errors import UsageError
from sfkeytool.salesforce.hosts import parse_login_host

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
        ("https://acme.my.site.com/partners/", "https://acme.my.site.com/partners", "https://acme.my.site.com/partners"),
        ("https://sso.acme.example", "https://sso.acme.example", LOGIN),
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


def test_a_given_audience_goes_before_all() -> None:
    """And the reason tells who gave it."""
    host = parse_login_host("https://acme--uat.sandbox.my.salesforce.com", "https://x.example", "SF_AUDIENCE_URL")
    assert (host.audience, host.reason) == ("https://x.example", "SF_AUDIENCE_URL says so")


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
