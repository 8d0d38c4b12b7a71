"""``audit`` of orgs: it finds what simple-salesforce finds, goes on where it may not look, and lets no token out."""

import base64
import hashlib
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import Result, process
from fake_org import FakeOrg
from filled_org import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    Made,
    add_connected_app,
    add_external_client_app,
    fill,
    key_pem,
    make,
    request,
)
from salesforce_cli import run_sf, salesforce_cli
from simple_salesforce import Salesforce
from stand_in_cli import as_command
from test_fake_org import ToLoopback

from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.edge.cli_orgs import KnownOrg, known_orgs
from sfkeytool.edge.salesforce_cli import find_salesforce_cli, run_salesforce_cli
from sfkeytool.errors import OrgError
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.soap import read_request

Cli = Callable[..., Result]


def by_place(result: Result) -> dict[str, dict[str, Any]]:
    return {f"{item['path']} {item['part']}".strip(): item for item in result.json["result"]["items"]}


def app_item(result: Result, name: str) -> dict[str, Any]:
    item: dict[str, Any]
    [item] = [each for each in result.json["result"]["items"] if each["name"] == name and each["coverage"]]
    return item


def test_everything_in_an_org_is_found_and_judged(cli: Cli, org: FakeOrg) -> None:
    """Kind, certificate, use and coverage of each; the deleted row is not there; nothing in it alarms."""
    made = fill(org)
    done = cli("audit", "--json")
    assert done.code == 0, done
    found = {(item["kind"], item["name"]): item for item in done.json["result"]["items"] if item["certificate"]}
    wanted = {
        ("connected-app", "Pay"): ("Pay", "covered"),
        ("connected-app", "Quiet"): ("Quiet", "reminder"),
        ("connected-app", "Twin"): ("Twin", "same-key"),
        ("external-client-app", "Shop"): ("Shop", "covered"),
        ("connected-app", "acme__Theirs"): ("acme__Theirs", "managed"),
        ("ckm", "pay_api"): ("Pay", None),
        ("ckm", "sso"): ("sso", None),
        ("ckm", "sso_202710"): ("sso_202710", None),
        ("ckm", "quiet_reminder"): ("quiet_reminder", None),
        ("ckm", "twin"): ("twin", None),
        ("metadata", "Idp"): ("Idp", None),
        ("inbound-certificate", "Caller"): ("Caller", None),
        ("user-auth-certificate", "Me"): ("Me", None),
    }
    for place, (name, coverage) in wanted.items():
        assert found[place]["certificate"]["sha256"] == made[name].sha256
        assert found[place]["coverage"] == coverage, place
    assert not any(item["name"] == "ghost" for item in done.json["result"]["items"])
    users = found["ckm", "pay_api"]["usedBy"]
    assert users == [
        "Bank (NamedCredential.certificate)",
        "Jwt (ExternalCredential.externalCredentialParameters.certificate)",
        "Signer (Apex)",
    ]
    assert found["ckm", "sso"]["supersededBy"] == "sso_202710"
    assert "nothing that could be read names it" in found["ckm", "sso"]["advice"][0]["what"]
    assert found["ckm", "sso_202710"]["usedBy"] == ["Idp (SamlSsoConfig.requestSigningCertId)"]
    [source] = done.json["result"]["sources"]
    assert source["orgReading"]["namesRead"]
    assert {*source["org"]} == {"alias", "orgId", "name", "instanceUrl", "isSandbox"}
    assert source["org"]["alias"] == source["path"]
    assert found["connected-app", "acme__Theirs"]["publisher"] == "Acme Pay (acme)"
    assert found["connected-app", "acme__Theirs"]["status"] == "expired"
    assert not found["connected-app", "acme__Theirs"]["counts"]
    places = by_place(done)
    assert "waits for the certificate" in places["Certificate:waiting"]["note"]
    recipients = done.json["result"]["sources"][0]["orgReading"]["recipients"]
    assert [person["flags"] for person in recipients["byPermission"]] == [
        [],
        ["frozen"],
        ["address ends in .invalid"],
    ]
    assert [person["flags"] for person in recipients["admins"]] == [[], ["integration user"], []]
    assert recipients["reached"] == 2
    assert done.json["result"]["sources"][0]["orgReading"]["ckmCertificates"] == 7
    assert [(mail["daysBefore"], mail["releaseNote"], mail["knowledge"]) for mail in recipients["mails"]] == [
        (60, "byPermission", "admins"),
        (30, "byPermission", "admins"),
        (10, "byPermission", "admins"),
        (1, "admins", None),
        (0, "admins", "admins"),
    ]


@pytest.mark.slow
def test_simple_salesforce_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates by place, and CKM's expiry dates, as the unmodified client and its own WSDL see them."""
    with FakeOrg(tls=True, folder=tmp_path) as org:
        fill(org)
        org.contents.page_size = 2
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(org.ca_pem_path))  # its SOAP has a session of its own
        session = requests.Session()
        session.mount("https://", ToLoopback(org))
        client = Salesforce(
            instance=org.url.removeprefix("https://"), session_id=org.let_in(), session=session, version="63.0"
        )
        theirs = simple_inventory(client)
        done = process(
            "audit", "--json", "--api-version", "63", cwd=tmp_path,
            env={"SF_ACCESS_TOKEN": org.let_in(), "SF_ORG_INSTANCE_URL": org.url, "SSL_CERT_FILE": str(org.ca_pem_path)},
        )  # fmt: skip
    assert done.code == 0, done
    ours = {
        (item["path"], item["certificate"]["sha256"])
        for item in done.json["result"]["items"]
        if item["certificate"] and not item["inChain"]
    }
    assert ours == theirs
    assert len(ours) == 14


def simple_inventory(client: Salesforce) -> set[tuple[str, str]]:
    """Where which certificate is, read with simple-salesforce alone."""
    rows: list[Any] = []
    page = client.toolingexecute("query/?q=SELECT+DeveloperName+FROM+Certificate")
    while True:
        rows += [record["DeveloperName"] for record in page["records"]]
        if page["done"]:
            break
        page = client.toolingexecute("query/" + page["nextRecordsUrl"].rpartition("/")[2])
    assert "ghost" in rows
    found: set[tuple[str, str]] = set()
    for type in (
        "Certificate", "ConnectedApp", "ExtlClntAppGlobalOauthSettings", "SamlSsoConfig", "InboundCertificate",
        "UserAuthCertificate",
    ):  # fmt: skip
        listed = client.mdapi.list_metadata([client.mdapi.ListMetadataQuery(type=type)])
        for properties in listed:
            component = getattr(client.mdapi, type).read([properties.fullName])
            text = getattr(component, "content", None) or getattr(component, "certificate", None)
            if type == "ConnectedApp":
                text = component.oauthConfig.certificate
            if type == "SamlSsoConfig":
                text = component.validationCert
            if sha256 := first_sha256(text):
                found.add((f"{type}:{properties.fullName}", sha256))
    return found


def first_sha256(value: Any) -> str | None:
    """Of the first certificate in PEM or one line of base64, in bytes or text."""
    text = (value.decode() if isinstance(value, bytes) else value) or ""
    if "BEGIN CERTIFICATE-----" in text:
        text = text.split("-----")[2]
    if "BEGIN" in text or not text:
        return None
    return hashlib.sha256(base64.b64decode(text)).digest().hex(":").upper()


def test_uncovered_is_5_and_says_which_command_covers(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """CKM of the org was read and has no such certificate. The command that is told works as it stands."""
    made = make("pay", 300, 1)
    add_connected_app(org, "Pay Api", made.pem)
    done = cli("audit", "--json")
    assert done.code == 5, done
    item = app_item(done, "Pay Api")
    assert (item["coverage"], item["ckmRead"]) == ("uncovered", True)
    save, remind = (step["command"] for step in item["advice"])
    assert cli(*save[1:]).code == 5
    [saved] = Path("certificates").rglob("*.crt")
    assert saved.read_text() == made.pem
    assert str(saved) in remind
    assert cli(*remind[1:]).code == 0
    assert Path("pay_api_expiry_only/pay_api_expiry_only.jks").is_file()
    assert cli("audit", "--fail-on", "expired").code == 0


def test_covered_is_0(cli: Cli, org: FakeOrg) -> None:
    made = make("pay", 300, 1)
    add_connected_app(org, "Pay", made.pem)
    org.contents.add_certificate("pay", made.pem, made.expires)
    assert cli("audit").code == 0


def test_expired_is_6(cli: Cli, org: FakeOrg) -> None:
    """Before uncovered, and before what could not be read."""
    add_connected_app(org, "Pay", make("pay", -3, 1).pem)
    org.contents.denied_types.add("SamlSsoConfig")
    assert cli("audit").code == 6


def test_unreadable_beside_is_68_only_if_nothing_is_worse(cli: Cli, org: FakeOrg) -> None:
    made = make("pay", 300, 1)
    add_connected_app(org, "Pay", made.pem)
    org.contents.add_certificate("pay", made.pem, made.expires)
    org.contents.denied_types.add("NamedCredential")
    done = cli("audit", "--json")
    assert done.code == 68, done
    [problem] = done.json["result"]["sources"][0]["problems"]
    assert (problem["code"], problem["path"].endswith("NamedCredential")) == ("org.not-permitted", True)
    add_connected_app(org, "Other", make("other", 300, 2).pem)
    assert cli("audit").code == 5


def test_the_same_from_files_alone_is_unproved(cli: Cli, folder: Path) -> None:
    """Exit 0, and 5 with --fail-on unproved, which takes in uncovered as well."""
    made = make("pay", 300, 1)
    Path("pay.connectedApp-meta.xml").write_text(
        f"<ConnectedApp><oauthConfig><certificate>{made.line}</certificate></oauthConfig></ConnectedApp>"
    )
    assert cli("audit", ".").code == 0
    assert cli("audit", ".", "--fail-on", "unproved").code == 5
    Path("certs").mkdir()
    Path("certs/pay.crt").write_text(made.pem)
    Path("certs/pay.crt-meta.xml").write_text("<Certificate><masterLabel>pay</masterLabel></Certificate>")
    done = cli("audit", ".", "--json")
    assert (done.code, app_item(done, "pay")["coverage"]) == (0, "unproved")
    assert cli("audit", ".", "--fail-on", "unproved").code == 5
    assert cli("audit", ".", "--fail-on", "uncovered").code == 0


@pytest.mark.parametrize("what", ["list", "body", "query"])
def test_no_app_is_uncovered_by_a_ckm_that_was_not_read(what: str, cli: Cli, org: FakeOrg) -> None:
    """Where it may hold the certificate and nobody could look, it is unproved; the query alone is not needed."""
    made = make("pay", 300, 1)
    add_connected_app(org, "Pay", made.pem)
    other = make("other", 300, 2)
    org.contents.add_certificate("other", other.pem, other.expires)
    if what == "list":
        org.contents.denied_types.add("Certificate")
    elif what == "body":
        org.contents.denied_names.add("Certificate:other")
    else:
        org.contents.denied_objects.add("Certificate")
    done = cli("audit", "--json")
    wanted = (5, "uncovered") if what == "query" else (68, "unproved")
    assert (done.code, app_item(done, "Pay")["coverage"]) == wanted, done


def test_an_app_that_is_listed_but_not_shown_is_named(cli: Cli, org: FakeOrg) -> None:
    """Its certificate may be anything; an installed one is its publisher's."""
    fill(org)
    org.contents.hidden_names |= {"ConnectedApp:Pay", "ConnectedApp:acme__Theirs"}
    done = cli("audit", "--fail-on", "unreadable", "--json")
    [problem] = done.json["result"]["sources"][0]["problems"]
    assert (done.code, problem["code"]) == (68, "org.not-shown"), done
    assert problem["message"].endswith("shown to this user: Pay")


def test_every_page_of_a_query_is_read(cli: Cli, org: FakeOrg) -> None:
    """Rows of one a page: all classes, all people, all rows of CKM."""
    fill(org)
    org.contents.page_size = 1
    done = cli("audit", "--json")
    assert done.code == 0, done
    places = by_place(done)
    assert places["Certificate:shop"]["usedBy"] == ["Caller (Apex)"]
    recipients = done.json["result"]["sources"][0]["orgReading"]["recipients"]
    assert (len(recipients["byPermission"]), len(recipients["admins"])) == (3, 3)
    assert {entry["label"] for entry in cli("ckm", "list", "--json").json["result"]["certificates"]} == {
        f"Label of {name}" for name in org.contents.components["Certificate"]
    }


def test_the_same_key_too_late_is_uncovered(cli: Cli, org: FakeOrg) -> None:
    """CKM's certificate of the same key expires so much later that no mail comes before the app's expires."""
    org.contents.add_certificate("pay", make("pay", 400, 1).pem, make("pay", 400, 1).expires)
    add_connected_app(org, "Pay", make("pay", 100, 1).pem)
    done = cli("audit", "--json")
    item = app_item(done, "Pay")
    assert (done.code, item["coverage"]) == (5, "uncovered")
    assert "mails too late" in item["twin"]


def test_what_something_uses_is_never_marked_for_deletion(cli: Cli, org: FakeOrg) -> None:
    """An app that carries it, or a credential that names it, needs the earlier certificate still."""
    carried, named, free, last = (make("pay", days, n) for n, days in ((1, 100), (2, 110), (3, 120), (4, 400)))
    for name, made in (("pay", carried), ("pay_202601", named), ("pay_202602", free), ("pay_202701", last)):
        org.contents.add_certificate(name, made.pem, made.expires)
    add_connected_app(org, "Pay", carried.pem)
    org.contents.add("NamedCredential", "Bank", [("certificate", "pay_202601"), ("label", "Bank")])
    places = by_place(cli("audit", "--json"))
    assert places["Certificate:pay"]["supersededBy"] is None
    assert places["Certificate:pay_202601"]["supersededBy"] is None
    assert places["Certificate:pay_202602"]["supersededBy"] == "pay_202701"
    assert not places["Certificate:pay_202602"]["counts"]
    org.contents.denied_types.add("ConnectedApp")
    assert by_place(cli("audit", "--json"))["Certificate:pay_202602"]["counts"], "an app that nobody saw may need it"


def sso_setting(org: FakeOrg, certificate: str) -> None:
    """As a real org has it: what signs is named by record Id, of 15 characters."""
    fields = [
        ("identityMapping", "Username"), ("issuer", "https://idp.example.com"), ("name", "Idp"),
        ("requestSignatureMethod", "1"), ("requestSigningCertId", certificate), ("samlEntityId", "https://example.com"),
        ("samlVersion", "SAML2_0"), ("userProvisioning", "false"),
    ]  # fmt: skip
    org.contents.add("SamlSsoConfig", "Idp", fields)


@pytest.mark.parametrize("form", [15, 18, "wrong case"])
def test_what_signs_the_single_sign_on_is_in_use(form: int | str, cli: Cli, org: FakeOrg) -> None:
    """It is due although a later generation lies beside it, its row says who uses it, and the setting's row has its
    days. Nobody is told to delete anything."""
    for name, days, number in (("sso", 20, 2), ("sso_202710", 400, 3)):
        made = make("sso", days, number)
        org.contents.add_certificate(name, made.pem, made.expires)
    org.contents.add_row("sso", make("sso", 10, 2).expires, created="2026-09-09T00:00:00.000+0000")  # deleted
    whole = org.contents.components["Certificate"]["sso"].id
    assert len(whole) == 18
    sso_setting(org, {15: whole[:15], 18: whole, "wrong case": whole.swapcase()}[form])
    done = cli("audit", "--json")
    assert done.code == 5, done
    places = by_place(done)
    row, setting = places["Certificate:sso"], places["SamlSsoConfig:Idp SamlSsoConfig.requestSigningCertId"]
    assert row["usedBy"] == ["Idp (SamlSsoConfig.requestSigningCertId)"]
    assert (row["status"], row["daysLeft"], row["supersededBy"], row["counts"]) == ("due", 20, None, True)
    assert (setting["status"], setting["daysLeft"], setting["refersTo"], setting["counts"]) == ("due", 20, "sso", False)
    assert setting["notAfter"] == row["notAfter"]
    table = cli("audit")
    assert "delete" not in (table.out + table.err + done.out).lower()
    assert "sso (used by Idp)" in table.out
    assert "Idp → sso" in table.out


@pytest.mark.parametrize("reference", ["0P15g000000GoneXYZ"[:15], "gone_cert"])
def test_a_name_that_leads_nowhere_is_told(reference: str, cli: Cli, org: FakeOrg) -> None:
    """With a code of its own; nothing in that org is called replaced then, and what is installed is no exception."""
    for name, days, number in (("pay", 100, 1), ("pay_202701", 400, 2)):
        made = make("pay", days, number)
        org.contents.add_certificate(name, made.pem, made.expires)
    assert by_place(cli("audit", "--json"))["Certificate:pay"]["supersededBy"] == "pay_202701"
    sso_setting(org, reference)
    done = cli("audit", "--json")
    places = by_place(done)
    setting = places["SamlSsoConfig:Idp SamlSsoConfig.requestSigningCertId"]
    assert (setting["finding"], setting["status"], setting["refersTo"]) == ("audit.leads-nowhere", "unknown", None)
    assert any(reference in warning for warning in done.json["warnings"])
    assert places["Certificate:pay"]["supersededBy"] is None
    assert places["Certificate:pay"]["counts"]
    org.contents.denied_types.add("Certificate")
    places = by_place(cli("audit", "--json"))
    assert places["SamlSsoConfig:Idp SamlSsoConfig.requestSigningCertId"]["finding"] is None, "nobody could look"


@pytest.mark.parametrize("what", ["type", "component", "hidden", "apex"])
def test_what_may_be_named_where_nobody_could_look_counts(what: str, cli: Cli, org: FakeOrg) -> None:
    """A later generation seems to replace it, and the earlier one decides the exit code all the same."""
    for name, days, number in (("pay", 20, 1), ("pay_202701", 400, 2)):
        made = make("pay", days, number)
        org.contents.add_certificate(name, made.pem, made.expires)
    org.contents.add("NamedCredential", "Bank", [("label", "Bank")])
    assert cli("audit").code == 0
    match what:
        case "type":
            org.contents.denied_types.add("NamedCredential")
        case "component":
            org.contents.denied_names.add("NamedCredential:Bank")
        case "hidden":
            org.contents.hidden_names.add("NamedCredential:Bank")
        case _:
            org.contents.denied_objects.add("ApexClass")
    done = cli("audit", "--json")
    assert done.code == 5, done
    item = by_place(done)["Certificate:pay"]
    assert (item["supersededBy"], item["counts"]) == ("pay_202701", True)
    assert not done.json["result"]["sources"][0]["orgReading"]["namesRead"]


def test_names_count_in_their_own_org(cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another org's certificate of the same name is another one."""
    made, other_made = make("sign", 300, 1), make("sign", 30, 2)
    org.contents.add_certificate("sign", made.pem, made.expires)
    with FakeOrg(tls=False) as other:
        other.contents.add_certificate("sign", other_made.pem, other_made.expires)
        org.contents.add("NamedCredential", "Bank", [("certificate", "SIGN"), ("label", "Bank")])
        answers = {"prod": (org.url, org.let_in()), "uat": (other.url, other.let_in())}
        body = (
            f"url, token = {answers!r}[sys.argv[-1]]\n"
            "print(json.dumps({'status': 0, 'result': {'instanceUrl': url, 'accessToken': token}}))"
        )
        stand_in(folder, body, monkeypatch)
        done = cli("audit", "-o", "prod", "-o", "uat", "--json")
    rows = {(item["source"], item["name"]): item for item in done.json["result"]["items"]}
    assert rows["prod", "Bank"]["daysLeft"] == 300
    assert rows["prod", "sign"]["usedBy"] == ["Bank (NamedCredential.certificate)"]
    assert rows["uat", "sign"]["usedBy"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line")
def test_nothing_in_another_org_replaces_a_certificate_or_leads_to_one(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a later generation of its name nor one of its key; nor does a name there that leads nowhere keep one
    here, or find its certificate here."""
    for name, days, number in (("pay", 20, 1), ("old", 30, 3), ("old_202701", 400, 4), ("idp", 500, 5)):
        made = make(name, days, number)
        org.contents.add_certificate(name, made.pem, made.expires)
    with FakeOrg(tls=False) as other, FakeOrg(tls=False) as third:
        for name, number in (("pay_202701", 2), ("other", 1)):
            made = make(name, 400, number)
            other.contents.add_certificate(name, made.pem, made.expires)
        third.contents.add("NamedCredential", "Bank", [("certificate", "idp"), ("label", "Bank")])
        answers = {alias: (each.url, each.let_in()) for alias, each in (("prod", org), ("uat", other), ("dev", third))}
        body = (
            f"url, token = {answers!r}[sys.argv[-1]]\n"
            "print(json.dumps({'status': 0, 'result': {'instanceUrl': url, 'accessToken': token}}))"
        )
        stand_in(folder, body, monkeypatch)
        done = cli("audit", "-o", "prod", "-o", "uat", "-o", "dev", "--json")
    rows = {(item["source"], item["name"]): item for item in done.json["result"]["items"]}
    assert (rows["prod", "pay"]["supersededBy"], rows["prod", "pay"]["counts"]) == (None, True)
    assert rows["prod", "old"]["supersededBy"] == "old_202701"
    assert (rows["dev", "Bank"]["refersTo"], rows["dev", "Bank"]["finding"]) == (None, "audit.leads-nowhere")
    assert rows["prod", "idp"]["usedBy"] == []


def test_an_app_that_may_not_be_seen_is_unproved_and_no_secret_is_asked_for(
    cli: Cli, org: FakeOrg, folder: Path
) -> None:
    """Global OAuth settings want a permission that Salesforce says to keep off; the configuration can say instead."""
    made = make("shop", 300, 1)
    add_external_client_app(org, "Shop", None, is_visible=False)
    org.contents.add_certificate("shop", made.pem, made.expires)
    done = cli("audit", "--json")
    assert (done.code, app_item(done, "Shop")["coverage"]) == (0, "unproved"), done
    assert "consumer secret" not in (done.out + done.err).lower()
    assert cli("audit", "--fail-on", "unproved").code == 5
    org.contents.denied_types.add("ExtlClntAppGlobalOauthSettings")
    done = cli("audit", "--json")
    assert (done.code, app_item(done, "Shop")["coverage"]) == (68, "unproved"), done
    Path("shop.crt").write_text(made.pem)
    Path("sfkeytool.toml").write_text('[apps]\nShop = "shop.crt"\nGone = "shop.crt"\n')
    done = cli("audit", "--config", "sfkeytool.toml", "--json")
    assert app_item(done, "Shop")["coverage"] == "covered"
    org.contents.denied_types.clear()
    org.contents.denied_names.clear()


def test_the_configuration_names_orgs_and_apps(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """An app that is called nowhere so is a warning; one that carries another certificate is told."""
    made = make("pay", 300, 1)
    add_connected_app(org, "Pay", made.pem)
    org.contents.add_certificate("pay", made.pem, made.expires)
    Path("other.crt").write_text(make("other", 300, 2).pem)
    Path("sfkeytool.toml").write_text('[apps]\npay = "other.crt"\nghost = "other.crt"\n')
    done = cli("audit", "--config", "sfkeytool.toml", "--json")
    assert done.code == 0, done
    assert "is another certificate" in app_item(done, "Pay")["note"]
    assert any("names ghost" in warning for warning in done.json["warnings"]), done.json["warnings"]
    Path("sfkeytool.toml").write_text('paths = ["."]\norgs = ["prod", "bad alias!"]\n')
    refused = cli("audit", "--config", "sfkeytool.toml")
    assert refused.code == 1
    assert "line 2" in refused.err


def test_unknown_columns_and_types_are_done_without(cli: Cli, org: FakeOrg) -> None:
    """An older org knows fewer columns and no External Client Apps; neither is a problem."""
    fill(org)
    org.contents.unknown_columns |= {"OptionsIsPrivateKeyExportable"}
    org.contents.unknown_types |= {"ExternalClientApplication", "ExtlClntAppGlobalOauthSettings", "ExternalCredential"}
    done = cli("audit", "--json")
    assert done.code == 0, done
    assert not done.json["result"]["sources"][0]["problems"]
    assert app_item(done, "Pay")["coverage"] == "covered"
    org.contents.unknown_columns |= {"PermissionsManageCertificatesExpiration"}
    done = cli("audit", "--json")
    assert (done.code, done.json["result"]["sources"][0]["orgReading"]["recipients"]["byPermission"]) == (68, None)


@pytest.mark.parametrize("how", ["drop", "500", "503", "429", "truncate", "slow"])
@pytest.mark.parametrize("path", ["/query", "/Soap/m/", "/services/data"])
@pytest.mark.slow
def test_what_passes_is_tried_again(how: str, path: str, cli: Cli, org: FakeOrg, slept: list[float]) -> None:
    """Once each, after a pause, and the audit knows as much as if nothing had happened. A connection that was kept may
    be closed at any time: then there is no pause."""
    fill(org)
    org.break_next(path, how)
    done = cli("audit", "--json")
    assert done.code == 0, done
    assert slept == {"slow": [], "429": [1]}.get(how, [0.5]) or (how == "drop" and slept == [])
    assert app_item(done, "Pay")["coverage"] == "covered"


@pytest.mark.parametrize("how", ["html", "500", "drop"])
@pytest.mark.slow
def test_an_org_that_stays_broken_is_named_and_nothing_is_called_uncovered(
    how: str, cli: Cli, org: FakeOrg, folder: Path, slept: list[float]
) -> None:
    """Half-way through, and with files beside, which are read all the same."""
    fill(org)
    add_connected_app(org, "New", make("new", 300, 2).pem)
    Path("a.crt").write_text(make("a", 300, 1).pem)
    org.break_next("/Soap/m/", how, times=1000)
    done = cli("audit", "--json")
    assert done.code == 68, done
    assert all(item["coverage"] != "uncovered" for item in done.json["result"]["items"])
    assert done.json["result"]["sources"][0]["problems"]


def test_a_session_that_is_over_is_68(cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_ACCESS_TOKEN", "00D000000000001!not-a-token")
    done = cli("audit", "--json")
    assert (done.code, done.json["result"]["sources"][0]["problems"][0]["code"]) == (68, "org.session")


def test_nobody_left_to_mail_is_told(cli: Cli, org: FakeOrg) -> None:
    org.contents.rows["Organization"][0]["IsSandbox"] = True
    org.contents.add_person("gone@example.com", email="gone@example.com.invalid", permission=True, admin=True)
    done = cli("audit")
    assert done.code == 0
    assert "nobody is left" in done.err
    assert "sandbox" in done.err


def test_a_permission_that_only_the_absent_hold_is_warned_of(cli: Cli, org: FakeOrg) -> None:
    """Admins are there, but the early mails go to those who hold the permission: to nobody, then."""
    org.contents.add_person("left@example.com", permission=True, frozen=True)
    org.contents.add_person("copy@example.com", email="copy@example.com.invalid", permission=True)
    org.contents.add_person("boss@example.com", admin=True)
    done = cli("audit")
    assert done.code == 0
    assert "left@example.com: frozen, copy@example.com: address ends in .invalid" in done.err
    assert "60, 30 and 10 days before an expiry those with the permission" in done.out
    org.contents.add_person("ops@example.com", permission=True)
    assert "none is likely to read" not in cli("audit").err


def test_without_a_holder_admins_are_named_for_every_mail(cli: Cli, org: FakeOrg) -> None:
    """And nothing is warned of. Where the holders cannot be read, the early mails are anybody's guess."""
    org.contents.add_person("boss@example.com", admin=True)
    done = cli("audit", "--json")
    assert done.json["warnings"] == []
    recipients = done.json["result"]["sources"][0]["orgReading"]["recipients"]
    assert {mail["releaseNote"] for mail in recipients["mails"]} == {"admins"}
    assert "admins, as nobody has the permission, are mailed" in " ".join(cli("audit").out.split())
    org.contents.unknown_columns.add("PermissionsManageCertificatesExpiration")
    recipients = cli("audit", "--json").json["result"]["sources"][0]["orgReading"]["recipients"]
    assert [mail["releaseNote"] for mail in recipients["mails"]] == [None, None, None, "admins", "admins"]


@pytest.mark.parametrize(("count", "warned"), [(44, False), (45, True)])
def test_a_ckm_that_is_nearly_full_is_told(count: int, warned: bool, cli: Cli, org: FakeOrg) -> None:
    """50 certificates are reported to be the most: the audit says so from 45 on, and so do the makers."""
    made = make("one", 300, 1)
    for number in range(count):
        org.contents.add_certificate(f"certificate_{number}", made.pem, made.expires)
    org.contents.add_person("boss@example.com", admin=True)
    done = cli("audit", "--json")
    assert done.json["result"]["sources"][0]["orgReading"]["ckmCertificates"] == count
    told = [warning for warning in done.json["warnings"] if "50 are reported to be the most" in warning]
    assert bool(told) == warned
    if warned:
        assert "45 certificates" in told[0]


def test_no_secret_of_the_org_leaves(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Token, consumer keys and secrets: in no output and no report, of a good run, a verbose one and a broken one."""
    fill(org)
    reports = [f"--{name}=o.{name}" for name in FORMATS]
    texts = []
    for arguments in (("-v", *reports, "--certificates", "c"), ("--json",), ("-v",)):
        done = cli("audit", *arguments)
        texts += [done.out, done.err]
        org.break_next("/query", "html")
    texts += [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    for secret in (CONSUMER_KEY, CONSUMER_SECRET, *org.tokens):
        assert not any(secret in text for text in texts)


def test_keys_and_secrets_are_dropped_while_parsing() -> None:
    """What nobody keeps nobody can leak. A document type, which can make entities, is refused."""
    from sfkeytool.errors import NetworkError
    from sfkeytool.salesforce.soap import Fault, parse_read

    with FakeOrg(tls=False) as org:
        fill(org)
        token = org.let_in()
        for type, name in (
            ("ConnectedApp", "Pay"),
            ("AuthProvider", "Google"),
            ("ExtlClntAppGlobalOauthSettings", "Shop_glbloauth"),
        ):
            asked = read_request(Secret(token), type, [name]).reveal().encode()
            _, body = org.contents.soap(asked, org.tokens)
            assert CONSUMER_SECRET.encode() in body
            [record] = parse_read(body, type, "host")  # type: ignore[misc]
            assert not isinstance(record, Fault)
            assert record.values
            assert not any(CONSUMER_KEY in text or CONSUMER_SECRET in text for _, text in record.values)
    with pytest.raises(NetworkError):
        parse_read(
            body.replace(b"<soapenv:Envelope", b"<!DOCTYPE x [<!ENTITY a 'b'>]><soapenv:Envelope", 1),
            "AuthProvider",
            "host",
        )


# The Salesforce CLI

ALIAS_SCRIPT = """
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ), sys.stdin.read()]) + "\\n")
{body}
"""


def stand_in(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called sf in front of PATH; returns the log of how it was called."""
    log = folder / "sf.log"
    script = folder / "bin" / "sf"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!{sys.executable}\n" + ALIAS_SCRIPT.format(log=str(log), body=body))
    as_command(script)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SF_ACCESS_TOKEN")
    return log


def shown(url: str, token: str) -> str:
    display = {"status": 0, "result": {"instanceUrl": url, "accessToken": "[REDACTED] use show-access-token"}}
    answer = {"status": 0, "result": {"accessToken": token}}
    return f"print(json.dumps({answer!r} if 'show-access-token' in sys.argv else {display!r}))"


def test_the_salesforce_cli_gets_what_it_needs_and_nothing_of_ours(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed stdin, an allow-listed environment, no secret in its arguments."""
    log = stand_in(folder, shown(org.url, org.let_in()), monkeypatch)
    monkeypatch.setenv("SFKEYTOOL_PASSWORD", "ours-and-nobody-elses")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = cli("audit", "-o", "prod", "--json")
    assert done.code == 0, done
    assert done.json["result"]["sources"][0]["path"] == "prod"
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    assert [call[0] for call in calls] == [
        ["org", "display", "--json", "--target-org", "prod"],
        ["org", "auth", "show-access-token", "--json", "--target-org", "prod"],
    ]
    for _, environment, stdin in calls:
        assert stdin == ""
        assert not {"SFKEYTOOL_PASSWORD", "AWS_SECRET_ACCESS_KEY", "TEST_PASSWORD", "FORCE_COLOR"} & set(environment)
        assert environment["NO_COLOR"] == "1"
        assert environment["SF_DISABLE_AUTOUPDATE"] == "true"
        assert environment.get("HOME") == os.environ.get("HOME")  # which a user of Windows has not
        assert environment.get("USERPROFILE") == os.environ.get("USERPROFILE")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            "print(json.dumps({'status': 1, 'name': 'NamedOrgNotFoundError', 'message': 'no'})); sys.exit(1)",
            "org.cli-unknown",
        ),
        ("print(json.dumps({'status': 1, 'name': 'RefreshTokenAuthError'})); sys.exit(1)", "org.cli-failed"),
        ("print('Warning: update available')", "org.cli-answer"),
        ("print(json.dumps([1]))", "org.cli-answer"),
        ("print(json.dumps({'status': 0, 'result': {'instanceUrl': 5}}))", "org.cli-answer"),
        ("sys.exit(1)", "org.cli-answer"),
        (
            "print(json.dumps({'status': 0, 'result': {'instanceUrl': 'http://evil.example', 'accessToken': 'x'}}))",
            "org.cli-answer",
        ),
    ],
)
def test_a_cli_that_does_not_help_is_68(
    body: str, code: str, cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a token is never sent over plain http to another machine."""
    stand_in(folder, body, monkeypatch)
    done = cli("audit", "-o", "prod", "--json")
    assert (done.code, done.json["result"]["sources"][0]["problems"][0]["code"]) == (68, code), done


def test_without_a_cli(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    done = cli("audit", "-o", "prod")
    assert done.code == 68
    assert "no Salesforce CLI" in done.out
    [problem] = cli("audit", "-o", "prod", "--json").json["result"]["sources"][0]["problems"]
    assert problem["code"] == "org.cli-missing"
    assert cli("audit", "-o", "prod; rm -rf /").code == 2
    assert cli("audit", "-o", "--json").code == 2


@pytest.mark.parametrize("path", [".", "", ".:", "bin", "./bin:.", "missing:."])
def test_an_sf_of_the_current_folder_is_not_run(
    path: str, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came with somebody's files: only folders that PATH names in full count."""
    ran = folder / "ran"
    for place in (folder, folder / "bin"):
        place.mkdir(exist_ok=True)
        (place / "sf").write_text(f"#!/bin/sh\ntouch '{ran}'\n")
        (place / "sf").chmod(0o755)
        (place / "sf.cmd").write_text(f'@echo ran > "{ran}"\n')
    monkeypatch.setenv("PATH", path.replace(":", os.pathsep))
    [problem] = cli("audit", "-o", "prod", "--json").json["result"]["sources"][0]["problems"]
    assert problem["code"] == "org.cli-missing"
    assert not ran.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="what is in the current folder there, Windows itself tells")
def test_on_windows_it_is_found_by_its_ending_and_not_where_one_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """shutil.which there looks into the current folder first. npm puts a script without an ending beside ``sf.cmd``."""
    (folder / "npm").mkdir()
    for path in (folder / "sf.exe", folder / "sf.cmd", folder / "npm" / "sf", folder / "npm" / "sf.cmd"):
        path.touch(0o755)
    monkeypatch.setattr(sys, "platform", "win32")
    assert find_salesforce_cli({"PATH": f'.:"{folder / "npm"}"'}) == str(folder / "npm" / "sf.cmd")
    assert find_salesforce_cli({"PATH": ".:"}) is None
    assert find_salesforce_cli({}) is None


@pytest.mark.parametrize("waits", [True, False], ids=["waits for it", "leaves it behind"])
def test_a_cli_that_hangs_is_ended_with_all_that_it_started(
    waits: bool, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that it is given: also one that has ended, and left a process that holds its pipe."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = (
            f"import socket; connection = socket.create_connection(('127.0.0.1', {server.getsockname()[1]}));"
            " connection.recv(1)"
        )
        body = f"import subprocess; child = subprocess.Popen([sys.executable, '-I', '-S', '-c', {started!r}])"
        stand_in(folder, body + ("; child.wait()" if waits else ""), monkeypatch)
        for seconds in (0.7, 3, 15):
            with pytest.raises(OrgError) as error:
                run_salesforce_cli(["org", "list"], os.environ, timeout_seconds=seconds)
            assert error.value.code == "org.cli-timeout"
            if select.select([server], [], [], 0.2)[0]:  # on a busy machine it may have started nothing yet
                break
        connection, _ = server.accept()
    with connection:
        connection.settimeout(10)
        with suppress(ConnectionError):
            assert connection.recv(1) == b"", "it lives"


def test_an_org_whose_names_cannot_be_read_stops_no_maker(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and the files are made."""
    stand_in(folder, shown(org.url, "00D000000000001!not-a-token"), monkeypatch)
    done = cli("self-signed", "pay", "--password", "env:TEST_PASSWORD", "-o", "prod", "--json")
    assert (done.code, done.json["notices"][0]["code"]) == (0, "ckm.names-unread"), done


@pytest.mark.slow
def test_several_orgs_and_one_that_hangs(cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and a bad one does not stop the rest."""
    made = fill(org)
    with FakeOrg(tls=False) as other:
        add_connected_app(other, "Lone", made["Pay"].pem)
        other.latency_seconds = 0.02
        answers = {
            "prod": (org.url, org.let_in()),
            "uat": (other.url, other.let_in()),
            "bad": ("http://127.0.0.1:9", "x"),
        }
        body = (
            f"url, token = {answers!r}[sys.argv[-1]]\n"
            "print(json.dumps({'status': 0, 'result': {'instanceUrl': url, 'accessToken': token}}))"
        )
        stand_in(folder, body, monkeypatch)
        done = cli("audit", "-o", "prod", "-o", "bad", "-o", "uat", "--json")
    assert done.code == 5, done
    assert [source["path"] for source in done.json["result"]["sources"]] == ["prod", "bad", "uat"]
    assert app_item(done, "Pay")["coverage"] == "covered"
    assert app_item(done, "Lone")["coverage"] == "uncovered", "the certificate is in the CKM of another org"
    assert done.json["result"]["sources"][1]["problems"]


@pytest.mark.slow
def test_the_real_cli_logged_in_to_the_org(folder: Path) -> None:
    """``audit -o ALIAS`` finds everything through the unmodified Salesforce CLI; its token is nowhere."""
    with FakeOrg(tls=False) as org:
        made = fill(org)
        org.add_user("bot@example.com")
        org.add_app(CONSUMER_KEY, made["Pay"].pem, approved_users=["bot@example.com"])
        (folder / "pay.key").write_bytes(key_pem(1))
        home = folder / "home"
        done = run_sf(
            "org", "login", "jwt", "--client-id", CONSUMER_KEY, "--jwt-key-file", folder / "pay.key", "--username",
            "bot@example.com", "--instance-url", org.url, "--alias", "prod", "--json", home=home, cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        assert known_orgs({"HOME": str(home), "USERPROFILE": str(home)}) == (KnownOrg("prod", "bot@example.com"),)
        command = salesforce_cli()
        seen: list[str] = []
        environment = {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        }
        result = with_process_list(seen, folder, environment)
    assert result.code == 0, result
    assert app_item(result, "Pay")["coverage"] == "covered"
    assert app_item(result, "Quiet")["coverage"] == "reminder"
    assert len(result.json["result"]["items"]) == 21
    texts = [result.out, result.err, *seen]
    texts += [
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file() and home not in path.parents
    ]
    assert org.tokens
    for token in org.tokens:
        assert not any(token in text for text in texts)


def with_process_list(seen: list[str], folder: Path, environment: dict[str, str]) -> Result:
    """Run the audit and look at every process's arguments meanwhile."""
    import threading

    done: list[Result] = []
    run = threading.Thread(
        target=lambda: done.append(process("audit", "-o", "prod", "--json", cwd=folder, env=environment))
    )
    run.start()
    while run.is_alive():
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(path.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        time.sleep(0.05)
    return done[0]


def test_a_login_of_our_own(cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the CLI: consumer key, user and private key; what is missing is named."""
    monkeypatch.delenv("SF_ACCESS_TOKEN")
    made: dict[str, Made] = fill(org)
    org.add_user("bot@example.com")
    org.add_app(CONSUMER_KEY, made["Pay"].pem, approved_users=["bot@example.com"])
    Path("pay.key").write_bytes(key_pem(1))
    who = ("-i", CONSUMER_KEY, "-u", "bot@example.com")
    done = cli("audit", *who, "-f", "pay.key", "--json")
    assert (done.code, done.json["result"]["sources"][0]["path"]) == (0, "bot@example.com"), done
    assert cli("audit", *who).code == 2
    assert cli("audit", "-u", "bot@example.com", ".").code == 2
    org.refuse_next("invalid_grant", "invalid assertion")
    done = cli("audit", *who, "-f", "pay.key", "--json")
    assert (done.code, done.json["result"]["sources"][0]["problems"][0]["code"].startswith("login")) == (68, True), done


def test_without_path_and_org_it_says_what_is_missing(cli: Cli) -> None:
    refused = cli("audit")
    assert refused.code == 2
    assert "PATH" in refused.err


# Names


@pytest.mark.slow
def test_a_name_that_ckm_has_is_told_beforehand(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By self-signed, wrap, check and renew; the next free name is proposed, and renew takes it."""
    from datetime import UTC, datetime

    month = f"{datetime.now(UTC):%Y%m}"
    made = make("pay", 300, 1)
    org.contents.add_certificate("Pay", made.pem, made.expires)
    org.contents.add_certificate(f"pay_{month}", made.pem, made.expires)
    stand_in(folder, shown(org.url, org.let_in()), monkeypatch)
    new = ("--password", "env:TEST_PASSWORD")
    told = f"has a certificate pay already; what Import from Keystore does then is not known. The next free name is pay_{month}b"
    done = cli("self-signed", "pay", *new, "-o", "prod")
    assert done.code == 0
    assert told in done.err
    checked = cli("check", "pay/pay.jks", *new, "-o", "prod", "--json")
    assert [(notice["code"], told in notice["message"]) for notice in checked.json["notices"]] == [
        ("ckm.name-in-use", True)
    ]
    assert told in cli("wrap", "pay", "pay/pay.key", "pay/pay.crt", *new, "-d", "again", "-o", "prod").err
    done = cli("renew", "pay", *new, "-o", "prod", "--json")
    assert done.json["result"]["name"] == f"pay_{month}b"
    assert not done.json["warnings"]
    done = cli("self-signed", "free_name", *new, "-o", "prod")
    assert "already" not in done.err
    assert "50 are reported" not in done.err
    for number in range(43):
        org.contents.add_certificate(f"filler_{number}", made.pem, made.expires)
    assert "CKM of prod holds 45 certificates" in cli("check", "pay/pay.jks", *new, "-o", "prod").err
    org.contents.denied_types.add("Certificate")
    done = cli("self-signed", "pay_two", *new, "-o", "prod")
    assert done.code == 0
    assert "could not be read" in done.err


@pytest.mark.parametrize("type", [None, "ConnectedApp", "ExternalClientApplication", "ExtlClntAppGlobalOauthSettings"])
def test_all_apps_are_read_only_where_each_kind_was(type: str | None, cli: Cli, org: FakeOrg) -> None:
    if type:
        org.contents.denied_types.add(type)
    reading = cli("audit", "--json").json["result"]["sources"][0]["orgReading"]
    assert reading["appsRead"] is (type is None)


@pytest.mark.parametrize(
    ("content", "unusable", "note", "read"),
    [
        (request("row", 9), True, "waits for the certificate that a CA is to sign", True),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", False, "its certificate could not be read", False),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", True, "its certificate could not be read", False),
        ("", False, "its certificate could not be read", False),
        ("", True, "its certificate could not be read", True),
    ],
)  # fmt: skip
def test_a_row_without_a_certificate_says_why(
    content: str, unusable: bool, note: str, read: bool, cli: Cli, org: FakeOrg
) -> None:
    """Only a request waits for its CA; what could not be read may cover any app."""
    org.contents.add_certificate("row", content, None, ca_signed=True, unusable=unusable)
    done = cli("audit", "--json")
    assert by_place(done)["Certificate:row"]["note"] == note
    assert done.json["result"]["sources"][0]["orgReading"]["ckmRead"] is read


def test_reports_tell_two_orgs_apart(cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same app with the same certificate in each: a series of its own in the metrics, the org in every row."""
    from prometheus_client.parser import text_string_to_metric_families

    made = make("pay", 300, 1)
    add_connected_app(org, "Pay", made.pem)
    answer = json.dumps({"status": 0, "result": {"instanceUrl": org.url, "accessToken": org.let_in()}})
    stand_in(folder, f"print({answer!r})", monkeypatch)
    reports = ("--prometheus", "o.prom", "--csv", "o.csv", "--html", "o.html", "--ics", "o.ics")
    assert cli("audit", "-o", "prod", "-o", "uat", *reports).code == 5
    families = {family.name: family for family in text_string_to_metric_families(Path("o.prom").read_text())}
    paths = [sample.labels["filepath"] for sample in families["x509_cert_not_after"].samples]
    assert sorted(paths) == ["prod/ConnectedApp:Pay", "uat/ConnectedApp:Pay"]
    assert [sample.value for sample in families["sfkeytool_app_certificate_uncovered"].samples] == [1, 1]
    for file in ("o.csv", "o.html"):
        text = Path(file).read_text(encoding="utf-8-sig")
        assert "prod" in text
        assert "uat" in text


def test_what_is_uncovered_in_an_org_is_told_by_notify(
    cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the org, and the command that covers it."""
    add_connected_app(org, "Pay", make("pay", 300, 1).pem)
    monkeypatch.setenv("WHERE", "json://127.0.0.1:9/x")
    done = cli("audit", "--notify", "env:WHERE", "--dry-run")
    assert done.code == 5
    assert "ConnectedApp:Pay" in done.out
    assert "uncovered" in done.out.lower()
    assert "sfkeytool ckm cover ConnectedApp:Pay" in done.out
