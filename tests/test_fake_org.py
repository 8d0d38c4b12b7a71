"""The fake org agrees with unmodified Salesforce clients: they log in to it, and it rejects what they say is wrong."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from conftest import PASSWORD, Pair, Result, process
from fake_org import FakeOrg
from requests.adapters import HTTPAdapter
from salesforce_cli import run_sf
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

Cli = Callable[..., Result]
CLIENT_ID = "3MVG9worthless.consumer_key_0123456789"
USER = "bot@example.com"


@pytest.fixture
def org(pair: Pair, tmp_path: Path) -> Iterator[FakeOrg]:
    """Over TLS, with the certificate of ``pair`` on its app."""
    with FakeOrg(tls=True, folder=tmp_path) as org:
        org.add_user(USER)
        org.add_app(CLIENT_ID, pair.crt.read_text(), approved_users=[USER])
        yield org


class ToLoopback(HTTPAdapter):
    """simple-salesforce logs in to login.salesforce.com only: this sends it to the fake, and trusts the fake's CA."""

    def __init__(self, org: FakeOrg) -> None:
        super().__init__()
        self.org = org

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("https://login.salesforce.com", self.org.url)
        return super().send(request, **{**options, "verify": str(self.org.ca_pem_path)})


def simple_login(org: FakeOrg, key: Path, username: str = USER) -> Salesforce:
    session = requests.Session()
    session.mount("https://", ToLoopback(org))
    return Salesforce(
        username=username, consumer_key=CLIENT_ID, privatekey_file=str(key), session=session, domain="login"
    )


def test_simple_salesforce_logs_in_and_reads(org: FakeOrg, pair: Pair) -> None:
    """With the key that fits; its token is one that the org issued."""
    client = simple_login(org, pair.key)
    assert client.session_id in org.tokens
    assert client.query("SELECT Id FROM Organization")["records"][0]["Id"] == org.org_id


@pytest.mark.filterwarnings("ignore::UserWarning")  # its advice, printed on every refusal
def test_simple_salesforce_is_refused_with_another_key_or_user(org: FakeOrg, pair: Pair, other_pair: Pair) -> None:
    """In the documented words."""
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        simple_login(org, other_pair.key)
    with pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved"):
        simple_login(org, pair.key, "stranger@example.com")


CLAIMS: dict[str, Any] = {"iss": CLIENT_ID, "sub": USER, "aud": "https://login.salesforce.com"}


@pytest.mark.parametrize(
    ("claims", "algorithm", "wanted"),
    [
        ({}, "RS256", 200),
        ({}, "RS512", "invalid assertion"),
        ({"iss": "unknown"}, "RS256", "client identifier invalid"),
        ({"aud": "https://test.salesforce.com"}, "RS256", "audience is invalid"),
        ({"exp": time.time() - 60}, "RS256", "expired authorization code"),
        ({"exp": time.time() + 3600}, "RS256", "expired authorization code"),
        ({"exp": None}, "RS256", "invalid assertion"),
        ({"sub": "nobody@example.com"}, "RS256", "hasn't approved"),
    ],
)
@pytest.mark.slow
def test_pyjwt_and_the_org_agree(
    claims: dict[str, Any], algorithm: str, wanted: int | str, org: FakeOrg, pair: Pair
) -> None:
    """What PyJWT signs is accepted as it stands, and refused with one thing changed."""
    payload = {**CLAIMS, "exp": int(time.time()) + 180, **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    assertion = jwt.encode(payload, pair.key.read_text(), algorithm=algorithm)
    answer = requests.post(
        f"{org.url}/services/oauth2/token",
        data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion},
        verify=str(org.ca_pem_path),
        timeout=10,
    )
    if isinstance(wanted, int):
        assert answer.status_code == wanted, answer.text
    else:
        assert answer.status_code == 400
        assert wanted in answer.json()["error_description"]


def test_our_assertion_is_what_pyjwt_verifies(pair: Pair) -> None:
    """Header, claims and signature, by a library that knows nothing of us."""
    from datetime import UTC, datetime

    from cryptography import x509

    from sfkeytool.crypto.keys import parse_private_key
    from sfkeytool.salesforce.jwt_bearer import build_assertion

    key = parse_private_key(pair.key.read_bytes(), "key", ()).key
    now = datetime.now(UTC)
    assertion = build_assertion(key, CLIENT_ID, USER, "https://login.salesforce.com", now).reveal()  # type: ignore[arg-type]
    public = x509.load_pem_x509_certificate(pair.crt.read_bytes()).public_key()
    claims = jwt.decode(assertion, public, algorithms=["RS256"], audience="https://login.salesforce.com")  # type: ignore[arg-type]
    assert claims == {**CLAIMS, "exp": int(now.timestamp()) + 180}
    assert jwt.get_unverified_header(assertion)["alg"] == "RS256"


@pytest.mark.slow
def test_login_over_tls_with_a_ca_of_ones_own(org: FakeOrg, pair: Pair, tmp_path: Path) -> None:
    """SSL_CERT_FILE names it; without, the host is not trusted and nothing is sent."""
    arguments = (
        "login",
        "-f",
        pair.key,
        "-i",
        CLIENT_ID,
        "-u",
        USER,
        "-r",
        org.url,
        "--audience",
        CLAIMS["aud"],
        "--json",
    )
    refused = process(*arguments, cwd=tmp_path)
    assert (refused.code, refused.json["code"]) == (1, "network.tls")
    assert not org.requests
    done = process(*arguments, cwd=tmp_path, env={"SSL_CERT_FILE": str(org.ca_pem_path)})
    assert done.code == 0, done


@pytest.mark.slow
def test_the_real_cli_takes_the_keys_that_we_write(cli: Cli, folder: Path) -> None:
    """``sf org login jwt``, unmodified, with NAME.key as it is written: whichever command writes it, the same bytes."""
    given = ("--password", "env:TEST_PASSWORD")
    assert cli("self-signed", "pay", *given).code == 0
    assert cli("wrap", "pay", "pay/pay.key", "pay/pay.crt", *given, "-d", "wrapped").code == 0
    assert cli("unwrap", "wrapped/pay.jks", *given, "-d", "out").code == 0
    key, *others = (folder / name / "pay.key" for name in ("pay", "wrapped", "out"))
    assert [other.read_bytes() for other in others] == [key.read_bytes()] * 2
    with FakeOrg(tls=False) as org:
        org.add_user(USER)
        org.add_app(CLIENT_ID, (folder / "pay" / "pay.crt").read_text(), approved_users=[USER])
        done = run_sf(
            "org", "login", "jwt", "--client-id", CLIENT_ID, "--jwt-key-file", key, "--username", USER,
            "--instance-url", org.url, "--json", home=folder / "home", cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        assert USER in done.stdout
        assert org.tokens
    assert PASSWORD not in done.stdout + done.stderr
