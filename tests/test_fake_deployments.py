"""The fake org's apps over the Metadata API's files: what is left out takes its default, and logins follow."""

import base64
import io
import re
import time
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import jwt
import pytest
import requests
from fake_org import FakeOrg
from fake_org.deployments import NO_CONSUMER_KEY, TAKEN
from filled_org import CONSUMER_KEY, CONSUMER_SECRET, add_external_client_app, key_pem, make

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
USER = "bot@example.com"
PATH = "connectedApps/Pay.connectedApp"
OLD, NEW = make("pay", 300, 1), make("pay", 300, 2)


@pytest.fixture
def org() -> Iterator[FakeOrg]:
    """With an app whose settings are none of the defaults, and a user who logs in with key 1."""
    with FakeOrg(tls=False) as org:
        org.add_user(USER)
        org.add_app(CONSUMER_KEY, OLD.pem, approved_users=[USER], label="Pay")
        oauth = [
            ("callbackUrl", "https://example.com"), ("certificate", OLD.line), ("consumerKey", CONSUMER_KEY),
            ("consumerSecret", CONSUMER_SECRET), ("isAdminApproved", "true"), ("isPkceRequired", "true"), ("scopes", "Api"),
            ("scopes", "RefreshToken"),
        ]  # fmt: skip
        policy = [("ipRelaxation", "BYPASS"), ("refreshTokenPolicy", "zero")]
        fields = [("contactEmail", "a@example.com"), ("label", "Pay"), ("oauthConfig", oauth), ("oauthPolicy", policy)]
        org.contents.add("ConnectedApp", "Pay", fields)
        yield org


def call(org: FakeOrg, name: str, inner: str) -> ElementTree.Element:
    """The ``result`` of a call."""
    envelope = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader xmlns="{NAMESPACE}">'
        f"<sessionId>{org.let_in()}</sessionId></SessionHeader></e:Header><e:Body>"
        f'<{name} xmlns="{NAMESPACE}">{inner}</{name}></e:Body></e:Envelope>'
    )
    answer = requests.post(f"{org.url}/services/Soap/m/67.0", envelope, timeout=10)
    found = ElementTree.fromstring(answer.content).find(f".//{{{NAMESPACE}}}result")  # noqa: S314
    assert found is not None, answer.text
    return found


def text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f".//{{{NAMESPACE}}}{name}", "")


def retrieve(org: FakeOrg, *names: str, type: str = "ConnectedApp") -> dict[str, str]:
    """The files."""
    members = "".join(f"<members>{name}</members>" for name in names)
    asked = f"<request><unpackaged><types>{members}<name>{type}</name></types></unpackaged></request>"
    id = text(call(org, "retrieve", asked), "id")
    result = call(org, "checkRetrieveStatus", f"<asyncProcessId>{id}</asyncProcessId>")
    assert text(result, "success") == "true"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text(result, "zipFile")))) as archive:
        return {name.removeprefix("unpackaged/"): archive.read(name).decode() for name in archive.namelist()}


def deploy(org: FakeOrg, files: dict[str, str], *, dry: bool = False) -> str:
    """The problem; empty for a success."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    zipped = base64.b64encode(packed.getvalue()).decode()
    options = f"<DeployOptions><checkOnly>{str(dry).lower()}</checkOnly></DeployOptions>"
    id = text(call(org, "deploy", f"<ZipFile>{zipped}</ZipFile>{options}"), "id")
    result = call(org, "checkDeployStatus", f"<asyncProcessId>{id}</asyncProcessId>")
    assert text(result, "success") == str(not text(result, "problem")).lower()
    return text(result, "problem")


def log_in(org: FakeOrg, number: int, client_id: str = CONSUMER_KEY) -> str:
    """Success, or the refusal."""
    claims = {"iss": client_id, "sub": USER, "aud": org.url, "exp": int(time.time()) + 180}
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    form = {"grant_type": grant, "assertion": jwt.encode(claims, key_pem(number), algorithm="RS256")}
    answer = requests.post(f"{org.url}/services/oauth2/token", form, timeout=10).json()
    return str(answer.get("error_description", "Success"))


def test_a_careful_deployment_changes_the_certificate_alone(org: FakeOrg) -> None:
    """A dry run changes nothing; then logins go on with the other key; nothing else is different."""
    before = retrieve(org, "*")
    after = before | {PATH: before[PATH].replace(OLD.line, NEW.line)}
    assert deploy(org, after, dry=True) == ""
    assert retrieve(org, "Pay") == before
    assert deploy(org, after) == ""
    found = retrieve(org, "Pay")[PATH]
    assert sorted(re.findall("<[a-z][^/]*>[^<]+", found)) == sorted(
        [*re.findall("<[a-z][^/]*>[^<]+", after[PATH]), *NEVER_SAID]
    )
    assert [log_in(org, 1), log_in(org, 2)] == ["invalid assertion", "Success"]
    assert [is_dry for is_dry, _ in org.metadata.done] == [True, False]


NEVER_SAID = [
    "<isConsumerSecretOptional>false", "<isIntrospectAllTokens>false", "<isSecretRequiredForRefreshToken>true",
]  # fmt: skip
"""Elements that the app had in no file, which a retrieve shows once somebody has deployed it."""


def test_a_careless_deployment_resets_what_it_leaves_out(org: FakeOrg) -> None:
    """Policies, and the certificate with its logins; key and secret stay."""
    deployed = re.sub(
        r"<(certificate|isAdminApproved|isPkceRequired)>.*?</\1>|<oauthPolicy>.*</oauthPolicy>",
        "",
        retrieve(org, "Pay")[PATH],
    )
    assert deploy(org, {PATH: deployed}) == ""
    found = retrieve(org, "Pay")[PATH]
    assert "<certificate>" not in found
    for reset in (
        "<isAdminApproved>false",
        "<isPkceRequired>false",
        "<ipRelaxation>ENFORCE",
        CONSUMER_KEY,
        CONSUMER_SECRET,
    ):
        assert reset in found, reset
    assert log_in(org, 1) == "invalid assertion"
    assert [row["Status"] for row in org.contents.rows["LoginHistory"]] == ["Failed: invalid assertion"]


def test_another_consumer_key(org: FakeOrg) -> None:
    """An org that answers with a new one, or is asked for it: clients with the old one are out."""
    before = retrieve(org, "Pay")[PATH]
    org.metadata.is_new_key_given = True
    assert deploy(org, {PATH: before}) == ""
    found = re.search("<consumerKey>(.*?)<", retrieve(org, "Pay")[PATH])
    assert found
    assert found[1] != CONSUMER_KEY
    assert [log_in(org, 1), log_in(org, 1, found[1])] == ["client identifier invalid", "Success"]
    org.metadata.is_new_key_given = False
    assert deploy(org, {PATH: before}) == NO_CONSUMER_KEY
    rotated = before.replace(CONSUMER_KEY, found[1]).replace(
        "<isPkce", "<shouldRotateConsumerKey>true</shouldRotateConsumerKey><isPkce"
    )
    assert deploy(org, {PATH: rotated}) == ""
    assert found[1] not in retrieve(org, "Pay")[PATH]


def test_deployments_that_are_refused_or_ignored(org: FakeOrg) -> None:
    """A key that another app has; a refusal of every key; a success that changed nothing; a masked element."""
    before = retrieve(org, "Pay")[PATH]
    assert deploy(org, {"connectedApps/Copy.connectedApp": before}) == TAKEN
    org.metadata.refusal = NO_CONSUMER_KEY
    assert deploy(org, {PATH: before}) == NO_CONSUMER_KEY
    org.metadata.refusal = ""
    org.metadata.is_certificate_ignored = True
    assert deploy(org, {PATH: before.replace(OLD.line, NEW.line)}) == ""
    assert OLD.line in retrieve(org, "Pay")[PATH]
    assert log_in(org, 1) == "Success"
    org.metadata.hidden_elements = {"consumerKey"}
    assert "consumerKey" not in retrieve(org, "Pay")[PATH]
    assert list(retrieve(org, "Gone")) == ["package.xml"]


def test_an_external_client_app_loses_what_is_left_out(org: FakeOrg) -> None:
    """Its certificate, and what was set otherwise; other settings, and its key, stay."""
    add_external_client_app(org, "Shop", OLD.line)
    path, type = "extlClntAppGlobalOauthSets/Shop_glbloauth.ecaGlblOauth", "ExtlClntAppGlobalOauthSettings"
    before = retrieve(org, "*", type=type)[path]
    assert deploy(org, {path: before.replace(OLD.line, NEW.line)}) == ""
    assert NEW.line in retrieve(org, "*", type=type)[path]
    assert deploy(org, {path: re.sub(r"<(certificate|isPkceRequired)>.*?</\1>", "", before)}) == ""
    found = retrieve(org, "*", type=type)[path]
    assert "<certificate>" not in found
    assert "<isPkceRequired>false" in found
    assert f"<consumerKey>{CONSUMER_KEY}" in found


def test_a_certificate_of_ckm_is_retrieved_and_deleted(org: FakeOrg) -> None:
    """As its body and what is said of it; a deleted one is a row still."""
    org.contents.add_certificate("pay", OLD.pem, OLD.expires)
    files = retrieve(org, "pay", type="Certificate")
    assert files["certs/pay.crt"] == OLD.pem
    assert "<caSigned>false</caSigned>" in files["certs/pay.crt-meta.xml"]
    gone = call(org, "deleteMetadata", "<type>Certificate</type><fullNames>pay</fullNames>")
    assert text(gone, "success") == "true"
    assert list(retrieve(org, "*", type="Certificate")) == ["package.xml"]
    assert [row["DeveloperName"] for row in org.contents.rows["Certificate"]] == ["pay"]


def test_logins_are_remembered_and_limited(org: FakeOrg) -> None:
    """By user and app, after a moment, newest first; an hour later the user is let in again."""
    now = 1_800_000_000.0
    org.clock = lambda: now
    org.most_logins_an_hour = 3
    answers = [log_in(org, number) for number in (1, 2, 1, 1)]
    assert answers == ["Success", "invalid assertion", "Success", "login rate exceeded"]
    now += 3601
    assert log_in(org, 1) == "Success"
    user: dict[str, Any] = org.contents.rows["User"][0]
    where = f"UserId = '{user['Id']}' AND Application = 'Pay' AND LoginTime > 2027-01-15T08:00:01Z"
    asked = " WHERE ".join(("SELECT LoginTime, Status FROM LoginHistory", f"{where} ORDER BY LoginTime DESC LIMIT 5"))
    answer = requests.get(
        f"{org.url}/services/data/v67.0/query", {"q": asked},
        headers={"Authorization": f"Bearer {org.let_in()}"}, timeout=10,
    ).json()  # fmt: skip
    assert [(row["LoginTime"], row["Status"]) for row in answer["records"]] == [
        ("2027-01-15T09:00:01.000+0000", "Success")
    ]
    assert len(org.contents.rows["LoginHistory"]) == 4
