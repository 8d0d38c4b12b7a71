"""SAML metadata: shown, audited, and compared with what an org validates logins with."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import saml_documents as saml
from conftest import Pair, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from dated_certificates import dated, pem
from filled_org import key, make

from sfkeytool.keystores.guarded_xml import MAX_DEPTH

Cli = Callable[..., Result]


def certificate(name: str, days: int, number: int, **options: Any) -> x509.Certificate:
    return make(name, days, number, **options).certificate


OLDER = certificate("older", 20, 3)  # made first, so that it begins no later than the others
PRESENT, NEXT = certificate("present", 40, 1), certificate("next", 400, 2)
ENCRYPTION = certificate("encryption", 500, 4)
RENEWED = certificate("renewed", 400, 1)
GONE = certificate("gone", -3, 5)
STRANGER = certificate("stranger", 300, 6)


def sha256(one: x509.Certificate) -> str:
    return one.fingerprint(hashes.SHA256()).hex(":").upper()


def last_day(one: x509.Certificate) -> str:
    return str(one.not_valid_after_utc.date())


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    def written(text: str | bytes, name: str = "idp.xml") -> Path:
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(name)

    return written


Write = Callable[..., Path]
SETTINGS = "Idp.samlssoconfig-meta.xml"


# What is in a document


def test_show_tells_each_certificate_once_with_its_uses(cli: Cli, write: Write) -> None:
    """AD FS has the same ones in four roles; the signature of its own document is none of them."""
    path = write(saml.ad_fs(PRESENT, NEXT, encryption=ENCRYPTION), "FederationMetadata.xml")
    done = cli("show", path, "--json")
    assert done.code == 0
    [file] = done.json["result"]["files"]
    assert [one["sha256"] for one in file["certificates"]] == [sha256(one) for one in (ENCRYPTION, PRESENT, NEXT)]
    assert all(one["mailDates"] == [] for one in file["certificates"]), "CKM has none of them"
    shown = file["saml"]
    [entity] = shown["entities"]
    assert (shown["signed"], entity["entityId"]) == (True, saml.ENTITY)
    assert entity["roles"] == [
        "ws-federation-application", "ws-federation-token-service", "service-provider", "identity-provider",
    ]  # fmt: skip
    assert [(one["use"], one["certificates"]) for one in entity["keys"] if one["role"] == "identity-provider"] == [
        ("encryption", [sha256(ENCRYPTION)]), ("signing", [sha256(PRESENT)]), ("signing", [sha256(NEXT)]),
    ]  # fmt: skip
    told = " ".join(cli("show", path).out.split())
    assert "SAML metadata, signed (not verified), 1 entity" in told
    assert "to sign, as WS-Federation token service; to sign, as service; to sign, as identity provider" in told
    assert last_day(PRESENT) in told
    assert "CKM mails" not in told


def test_the_signature_of_the_document_is_no_key_of_the_provider(cli: Cli, write: Write) -> None:
    path = write(saml.provider(PRESENT, signed_by=STRANGER))  # type: ignore[arg-type]
    [file] = cli("show", path, "--json").json["result"]["files"]
    assert [one["sha256"] for one in file["certificates"]] == [sha256(PRESENT)]
    assert any("document's own signature" in one for one in file["ignored"])
    write(saml.settings(STRANGER), SETTINGS)
    done = cli("compare", path, SETTINGS, "--json")
    assert (done.code, done.json["result"]["identityProvider"]["state"]) == (3, "not-published")


@pytest.mark.parametrize("prefix", ["", "md", "EntityDescriptor", "x-1.y"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_no_prefix_and_no_encoding_hides_it(prefix: str, encoding: str, cli: Cli, write: Write) -> None:
    md = f"{prefix}:" if prefix else ""
    text = saml.entity(saml.role("IDPSSODescriptor", [(None, [PRESENT])], md=md), prefix=prefix)
    path = write(f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\r\n{text}'.encode(encoding))
    [file] = cli("show", path, "--json").json["result"]["files"]
    [found] = file["saml"]["entities"][0]["keys"]
    assert (found["use"], found["certificates"]) == ("signing-and-encryption", [sha256(PRESENT)])
    [item] = cli("audit", path, "--json").json["result"]["items"]
    assert item["kind"] == "identity-provider"


def test_a_damaged_certificate_is_named_and_the_rest_shown(cli: Cli, write: Write) -> None:
    whole = saml.base64_of(NEXT)
    for damaged in (whole[:400], whole.replace("MII", "MIJ", 1), "idp_certificate", "", "${CERT}"):
        path = write(saml.provider(PRESENT, damaged))
        done = cli("show", path, "--json")
        [file] = done.json["result"]["files"]
        assert [one["sha256"] for one in file["certificates"]] == [sha256(PRESENT)], damaged
        [unread] = file["unreadableCertificates"]
        assert unread["origin"] == "idp.xml, identity provider, to sign, certificate 2"
        assert unread["reason"] in file["saml"]["entities"][0]["keys"][1]["unreadable"]
        audited = cli("audit", path, "--json")
        assert (audited.code, len(audited.json["result"]["sources"][0]["problems"])) == (5, 1)
    alone = cli("show", write(saml.provider(whole[:400])), "--json")
    assert (alone.code, alone.json["code"]) == (1, "certificate.malformed")


def test_other_forms_of_a_document(cli: Cli, write: Write) -> None:
    """PEM in the element, a chain in a KeyInfo, a key by its name, dates that are none, an empty entity ID."""
    ca = certificate("ca", 900, 0, ca=True)
    leaf = certificate("leaf", 90, 8, issuer=make("ca", 900, 0, ca=True))
    pem_text = PRESENT.public_bytes(serialization.Encoding.PEM).decode()
    keys: list[saml.Key] = [("signing", [pem_text]), ("signing", []), ("signing", [leaf, ca])]
    text = saml.entity(saml.role("IDPSSODescriptor", keys), id="", attributes=' validUntil="soon" cacheDuration="PT1H"')
    [file] = cli("show", write(text), "--json").json["result"]["files"]
    [entity] = file["saml"]["entities"]
    assert (entity["entityId"], entity["validUntil"], entity["cacheDuration"]) == ("", None, "PT1H")
    assert [len(one["certificates"]) for one in entity["keys"]] == [1, 0, 2]
    assert entity["keys"][1]["name"] == "key-1"
    assert any("a key named key-1" in one for one in file["ignored"])
    items = cli("audit", "idp.xml", "--json").json["result"]["items"]
    assert {(one["certificate"]["sha256"], one["kind"]) for one in items} == {
        (sha256(PRESENT), "identity-provider"), (sha256(leaf), "identity-provider"), (sha256(ca), "file"),
    }  # fmt: skip
    assert "roles        (none)" in cli("show", write(saml.entity())).out


def test_a_federation_has_many_entities(cli: Cli, write: Write) -> None:
    """Nested; the earliest date of what is around an entity counts for it."""
    inner = saml.entities(
        saml.provider(PRESENT, id="https://one.example.com", attributes=' validUntil="2049-05-05T00:00:00.25Z"'),
        attributes=' validUntil="2049-03-03T01:00:00+01:00"',
    )
    service = saml.entity(saml.role("SPSSODescriptor", [("signing", [STRANGER])]), id="https://service.example.com")
    text = saml.entities(
        inner, service, saml.provider(NEXT, id="https://two.example.com"), attributes=' cacheDuration="P1D"'
    )
    path = write(text)
    [file] = cli("show", path, "--json").json["result"]["files"]
    found = [(one["entityId"], one["validUntil"], one["cacheDuration"]) for one in file["saml"]["entities"]]
    assert found == [
        ("https://one.example.com", "2049-03-03T00:00:00Z", "P1D"), ("https://service.example.com", None, "P1D"),
        ("https://two.example.com", None, "P1D"),
    ]  # fmt: skip
    assert "to sign, as identity provider of https://two.example.com" in " ".join(cli("show", path).out.split())
    write(saml.settings(NEXT, issuer="https://two.example.com"), SETTINGS)
    done = cli("compare", path, SETTINGS, "--json")
    assert (done.code, done.json["result"]["identityProvider"]["entityId"]) == (0, "https://two.example.com")
    write(saml.settings(PRESENT, issuer="https://two.example.com"), SETTINGS)
    done = cli("compare", path, SETTINGS, "--json")
    assert (done.code, done.json["result"]["identityProvider"]["state"]) == (3, "not-published")
    write(saml.settings(STRANGER, issuer="https://three.example.com"), SETTINGS)
    unknown = cli("compare", path, SETTINGS, "--json")
    assert (unknown.code, unknown.json["code"]) == (1, "saml.which-provider")
    write(saml.settings(NEXT, issuer="https://three.example.com"), SETTINGS)
    by_certificate = cli("compare", path, SETTINGS, "--json").json["result"]["identityProvider"]
    assert (by_certificate["entityId"], by_certificate["issuerMatches"]) == ("https://two.example.com", False)
    assert cli("compare", path, path, "--json").json["code"] == "saml.which-provider"


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>", "", "xml.doctype"),
        ("", "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH, "xml.malformed"),
        ("", "&b;", "xml.malformed"),
        ("", "<x:y/>", "xml.malformed"),
    ],
)
def test_what_could_harm_is_refused(before: str, after: str, code: str, cli: Cli, write: Write) -> None:
    """By the guard of all XML; in a folder it is a problem of the audit, and never passed over."""
    text = before + saml.provider(PRESENT).replace("</md:EntityDescriptor>", after + "</md:EntityDescriptor>")
    path = write(text)
    assert cli("show", path, "--json").json["code"] == code
    [source] = cli("audit", path, "--json").json["result"]["sources"]
    assert [one["code"] for one in source["problems"]] == [code]


def test_other_commands_say_what_it_is(cli: Cli, write: Write) -> None:
    path = write(saml.provider(PRESENT))
    unwrapped = cli("unwrap", path)
    assert (unwrapped.code, "SAML metadata, which publishes certificates" in unwrapped.err) == (1, True)
    assert "sfkeytool show idp.xml" in unwrapped.err
    login = cli(
        "login", "-f", path, "-i", "3MVG9" + "x" * 60, "-u", "a@example.com", "-r", "https://a.my.salesforce.com"
    )
    assert (login.code, "idp.xml is SAML metadata, which publishes certificates" in login.err) == (1, True)
    checked = cli("check", path)
    assert (checked.code, "the commands show and compare tell" in " ".join(checked.out.split())) == (3, True)


@pytest.mark.parametrize("command", ["show", "check", "unwrap", "compare", "audit"])
def test_an_address_is_not_fetched(command: str, cli: Cli, folder: Path) -> None:
    """Whatever reads a file says so, with the address as it was given."""
    address = "https://idp.example.com/FederationMetadata/2007-06/FederationMetadata.xml?a=1&b=2"
    done = cli(command, address, *(["x.crt"] if command == "compare" else []), "--json")
    assert "input.address" in done.out
    assert address in done.out
    assert "curl --location --output FILE " in done.out or command == "audit"


# Compared with an org's settings


STATES = {
    "current": ([PRESENT], 0, "no rollover is announced"),
    "rollover-announced": ([PRESENT, NEXT], 3, "A rollover is announced"),
    "newest-held": ([OLDER, PRESENT], 0, "It still publishes CN=older"),
    "same-key": ([RENEWED], 3, "one of the same key is, CN=renewed"),
    "not-published": ([NEXT, STRANGER], 3, "is not among those that the identity provider publishes"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("shape", ["plain", "one KeyInfo", "no use", "AD FS"])
def test_what_the_org_validates_with_and_what_is_published(state: str, shape: str, cli: Cli, write: Write) -> None:
    """In either order, and in every shape of a document; with the dates of both."""
    published, code, told = STATES[state]
    write(
        {
            "plain": lambda: saml.provider(*published),
            "one KeyInfo": lambda: saml.entity(saml.role("IDPSSODescriptor", [("signing", published)])),
            "no use": lambda: saml.entity(saml.role("IDPSSODescriptor", [(None, [one]) for one in published])),
            "AD FS": lambda: saml.ad_fs(*published, encryption=ENCRYPTION),
        }[shape]()
    )
    write(saml.settings(PRESENT), SETTINGS)
    for sides in (("idp.xml", SETTINGS), (SETTINGS, "idp.xml")):
        done = cli("compare", *sides, "--json")
        result = done.json["result"]
        facts = result["identityProvider"]
        assert (done.code, facts["state"]) == (code, state)
        assert (facts["issuer"], facts["issuerMatches"]) == (saml.ENTITY, True)
        assert {(one["sha256"], one["held"]) for one in facts["signing"]} == {
            (sha256(one), one == PRESENT) for one in published
        }
        assert result["relation"] == (
            "same-key" if state == "same-key" else "strangers" if state == "not-published" else "same-certificate"
        )
        assert told in result["meaning"]
        assert result["left"]["path"] == str(sides[0])
        assert "mailDates" not in result["left"]
        if state != "same-key":
            days = [last_day(one) for one in published] if state != "current" else [last_day(PRESENT)]
            assert all(day in result["meaning"] for day in days)


def test_a_rollover_tells_who_is_locked_out_and_in_which_order_to_act(cli: Cli, write: Write) -> None:
    write(saml.provider(PRESENT, NEXT))
    write(saml.settings(PRESENT), SETTINGS)
    steps = cli("compare", "idp.xml", SETTINGS, "--json").json["result"]["identityProvider"]["nextSteps"]
    assert [step.split()[0] for step in steps] == ["Prove", "Ask", "At", "Log"]
    done = cli("compare", "idp.xml", SETTINGS)
    told = " ".join(done.out.split())
    assert told.startswith("rollover announced A rollover is announced.")
    assert f"The certificate that the org validates with expires on {last_day(PRESENT)}" in told
    assert f"CN=next until {last_day(NEXT)}" in told
    assert 'everybody who logs in through it is refused ("Signature Invalid") until the org has it' in told
    assert "3. At that moment put it into Setup > Single Sign-On Settings" in told


def test_the_next_one_may_end_sooner_or_begin_later(cli: Cli, write: Write) -> None:
    """What begins later is newer, though it ends sooner; what has expired is no next one."""
    now = datetime.now(UTC)
    begins = (now + timedelta(days=3)).strftime("%Y%m%d000000Z")
    ends = (now + timedelta(days=9)).strftime("%Y%m%d000000Z")
    short = x509.load_der_x509_certificate(dated("short", begins, ends))
    write(saml.settings(PRESENT), SETTINGS)
    write(saml.provider(PRESENT, short))
    result = cli("compare", "idp.xml", SETTINGS, "--json").json["result"]
    assert result["identityProvider"]["state"] == "rollover-announced"
    assert f"valid from {short.not_valid_before_utc.date()} on" in result["meaning"]
    write(saml.provider(PRESENT, GONE))
    done = cli("compare", "idp.xml", SETTINGS, "--json")
    assert (done.code, done.json["result"]["identityProvider"]["state"]) == (0, "newest-held")
    assert [notice["code"] for notice in done.json["notices"]] == ["certificate.expired"]
    write(saml.settings(GONE), SETTINGS)
    done = cli("compare", "idp.xml", SETTINGS, "--json")
    assert (done.code, done.json["result"]["identityProvider"]["state"]) == (3, "rollover-announced")
    assert f"expired on {last_day(GONE)}" in done.json["result"]["meaning"]


def test_of_those_that_have_expired_the_last_is_the_newest(cli: Cli, write: Write) -> None:
    brief = x509.load_der_x509_certificate(
        dated(
            "brief",
            f"{datetime.now(UTC) - timedelta(5):%Y%m%d000000Z}",
            f"{datetime.now(UTC) - timedelta(4):%Y%m%d000000Z}",
        )
    )
    for held, other, state in (
        (PRESENT, brief, "newest-held"),
        (brief, GONE, "rollover-announced"),
        (GONE, brief, "newest-held"),
    ):
        write(saml.settings(held), SETTINGS)
        write(saml.provider(held, other))
        result = cli("compare", "idp.xml", SETTINGS, "--json").json["result"]
        assert result["identityProvider"]["state"] == state
        assert f"until {last_day(other)}" in result["meaning"]


def test_what_it_signs_with_in_other_roles_is_none_of_it(cli: Cli, write: Write) -> None:
    roles = [
        saml.role("SPSSODescriptor", [("signing", [NEXT])]),
        saml.role("IDPSSODescriptor", [("signing", [PRESENT])]),
    ]
    write(saml.entity(*roles))
    write(saml.settings(PRESENT), SETTINGS)
    assert cli("compare", "idp.xml", SETTINGS).out.startswith("current\n")


def test_only_an_encryption_certificate_matches(cli: Cli, write: Write) -> None:
    write(saml.provider(NEXT, encryption=[PRESENT]))
    write(saml.settings(PRESENT), SETTINGS)
    done = cli("compare", "idp.xml", SETTINGS, "--json")
    result = done.json["result"]
    assert (done.code, result["relation"]) == (3, "strangers")
    assert result["identityProvider"]["state"] == "encryption-only"
    assert f"is published to encrypt with, not to sign with: what the identity provider signs with is CN=next until {last_day(NEXT)}" in result["meaning"]  # fmt: skip
    write(saml.provider(PRESENT, encryption=[PRESENT]))
    assert cli("compare", "idp.xml", SETTINGS).code == 0


@pytest.mark.parametrize(
    ("issuer", "told"),
    [
        ("https://other.example.com", "another identity provider's file, or the settings are wrong"),
        (saml.ENTITY + "/", "they differ in the slash at the end"),
        (saml.ENTITY.upper(), "they differ in capital letters"),
        ("", "(empty)"),
    ],
)
def test_another_issuer_is_told_whatever_the_certificates(issuer: str, told: str, cli: Cli, write: Write) -> None:
    write(saml.provider(PRESENT))
    write(saml.settings(PRESENT, issuer=issuer), SETTINGS)
    done = cli("compare", "idp.xml", SETTINGS, "--json")
    result = done.json["result"]
    assert (done.code, result["relation"], result["identityProvider"]["issuerMatches"]) == (
        3,
        "same-certificate",
        False,
    )
    assert told in result["meaning"]
    assert '"Issuer Mismatched"' in result["meaning"]
    assert result["identityProvider"]["nextSteps"][0].startswith("Find out which is right")
    assert cli("compare", "idp.xml", SETTINGS).out.startswith("current, but another issuer\n")


def test_settings_with_several_certificates_are_told(cli: Cli, write: Write) -> None:
    write(saml.provider(PRESENT, NEXT))
    write(saml.settings(PRESENT, NEXT), SETTINGS)
    done = cli("compare", "idp.xml", SETTINGS, "--json")
    assert done.json["result"]["identityProvider"]["state"] == "current"
    assert (
        "hold 2 certificates; which of them the org validates with is documented nowhere"
        in done.json["result"]["meaning"]
    )


def test_a_damaged_certificate_decides_nothing(cli: Cli, write: Write) -> None:
    """It may be the next one, or the one that the org has: no answer is better than a wrong one."""
    damaged = saml.base64_of(NEXT)[:400]
    write(saml.settings(PRESENT), SETTINGS)
    for published in ([PRESENT], [STRANGER], []):
        done = cli("compare", write(saml.provider(*published, damaged)), SETTINGS, "--json")
        assert (done.code, done.json["code"]) == (1, "certificate.malformed")
    done = cli("compare", write(saml.provider(PRESENT, NEXT, damaged)), SETTINGS, "--json")
    assert (done.code, [notice["code"] for notice in done.json["notices"]]) == (3, ["certificate.malformed"])


def test_what_is_no_identity_provider_is_refused(cli: Cli, write: Write) -> None:
    """The org's own metadata, which Setup offers beside; and a provider that publishes a name of its key alone."""
    write(saml.settings(PRESENT), SETTINGS)
    own = write(saml.entity(saml.role("SPSSODescriptor", [("signing", [PRESENT])])), "org.xml")
    for sides in ((own, SETTINGS), (SETTINGS, own)):
        done = cli("compare", *sides, "--json")
        assert (done.code, done.json["code"]) == (1, "saml.no-identity-provider")
    assert cli("compare", own, write(pem(PRESENT.public_bytes(serialization.Encoding.DER)), "own.crt")).code == 0
    named = write(saml.entity(saml.role("IDPSSODescriptor", [("signing", [])])))
    assert cli("compare", named, SETTINGS, "--json").json["code"] == "saml.no-signing-certificate"


def test_metadata_that_is_over_says_so(cli: Cli, write: Write) -> None:
    path = write(saml.provider(PRESENT, attributes=' validUntil="2026-01-02T03:04:05Z"'))
    write(saml.settings(PRESENT), SETTINGS)
    for command in (("show", path), ("compare", path, SETTINGS)):
        done = cli(*command, "--json")
        assert (done.code, [notice["code"] for notice in done.json["notices"]]) == (0, ["saml.outdated"])
    assert "until 2026-01-02, which is over" in cli("show", path).out


# Compared with other files


def test_metadata_against_a_certificate_and_a_key(cli: Cli, write: Write, pair: Pair) -> None:
    """Of no settings nothing is said of an issuer; a key alone is one of a published certificate."""
    path = write(saml.provider(PRESENT, NEXT))
    crt = write(PRESENT.public_bytes(serialization.Encoding.PEM), "idp.crt")
    done = cli("compare", crt, path, "--json")
    facts = done.json["result"]["identityProvider"]
    assert (done.code, facts["state"], "issuer" in facts) == (3, "rollover-announced", False)
    assert cli("compare", path, pair.crt, "--json").json["result"]["identityProvider"]["state"] == "not-published"
    private = key(1).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    done = cli("compare", write(private, "idp.key"), path, "--json")
    assert (done.code, done.json["result"]["identityProvider"]["state"]) == (3, "same-key")


def test_a_folder_of_a_project_has_the_settings(cli: Cli, write: Write, folder: Path) -> None:
    (folder / "samlssoconfigs").mkdir()
    write(saml.settings(PRESENT), f"samlssoconfigs/{SETTINGS}")
    write(saml.provider(PRESENT))
    assert cli("compare", "idp.xml", "samlssoconfigs").code == 0
    write(saml.settings(NEXT), f"samlssoconfigs/Other.{SETTINGS.partition('.')[2]}")
    assert cli("compare", "idp.xml", "samlssoconfigs", "--json").json["code"] == "certificate.ambiguous"


def test_two_documents(cli: Cli, write: Write) -> None:
    """Last month's and today's; another provider's."""
    before = write(saml.provider(PRESENT), "before.xml")
    after = write(saml.ad_fs(PRESENT, NEXT, encryption=ENCRYPTION), "after.xml")
    done = cli("compare", before, after, "--json")
    result = done.json["result"]
    assert (done.code, result["identityProvider"]["state"]) == (3, "published-partly")
    assert f"Both publish CN=present until {last_day(PRESENT)}" in result["meaning"]
    assert f"Only after.xml publishes CN=next until {last_day(NEXT)}" in result["meaning"]
    assert cli("compare", before, write(saml.provider(PRESENT, encryption=[NEXT]), "same.xml")).code == 0
    gone = cli("compare", before, write(saml.provider(NEXT), "gone.xml"), "--json")
    assert (gone.code, gone.json["result"]["identityProvider"]["state"]) == (3, "not-published")
    other = cli("compare", before, write(saml.provider(PRESENT, id="https://b.example.com"), "b.xml"), "--json")
    assert (other.code, other.json["result"]["identityProvider"]["state"]) == (3, "published-alike")
    assert "two identity providers" in other.json["result"]["meaning"]


# In an audit


def test_an_audit_has_a_row_for_each_signing_certificate(cli: Cli, write: Write, folder: Path) -> None:
    """Where it is, what stops, what to do; the document's own date where it is the earlier one."""
    soon = (datetime.now(UTC) + timedelta(days=50)).strftime("%Y-%m-%dT00:00:00Z")
    keys: list[saml.Key] = [("signing", [PRESENT]), (None, [NEXT]), ("encryption", [ENCRYPTION])]
    path = write(saml.entity(saml.role("IDPSSODescriptor", keys), attributes=f' validUntil="{soon}"'))
    done = cli("audit", path, "--csv", "report.csv", "--html", "report.html", "--ics", "report.ics", "--json")
    assert done.code == 5
    rows = {one["certificate"]["sha256"]: one for one in done.json["result"]["items"]}
    present, following, encryption = (rows[sha256(one)] for one in (PRESENT, NEXT, ENCRYPTION))
    assert (present["kind"], following["kind"], encryption["kind"]) == (
        "identity-provider",
        "identity-provider",
        "file",
    )
    assert (present["name"], present["path"], present["part"]) == (saml.ENTITY, "idp.xml", "identity provider, to sign")
    assert (present["status"], present["coverage"], present["mailDates"]) == ("due", None, [])
    assert (present["note"], following["note"]) == (None, f"the document is valid until {soon[:10]}, it says")
    assert present["stops"][0]["what"].endswith("no mail of Salesforce tells of it")
    assert ["sfkeytool", "compare", "idp.xml", "FILE"] in [step["command"] for step in present["advice"]]
    assert any("prove that an admin can log in with a password" in step["what"] for step in present["advice"])
    lines = list(csv.DictReader(io.StringIO((folder / "report.csv").read_text(encoding="utf-8-sig"))))
    assert [one["kind"] for one in lines].count("identity-provider") == 2
    assert saml.ENTITY in (folder / "report.html").read_text(encoding="utf-8")
    assert "idp.example.com" in (folder / "report.ics").read_text(encoding="utf-8").replace("\r\n ", "")
    told = cli("audit", path).out
    assert "identity-provider" in told
