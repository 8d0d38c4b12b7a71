"""What ``audit`` advises: what is due first, then how to be warned; every command that it prints is run here."""

import json
import os
import re
import shlex
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import CertificateAuthority, Result, openssl
from dated_certificates import dated, pem, signing_key
from fake_org import FakeOrg
from filled_org import add_connected_app, add_external_client_app, encoded, key_pem, make
from test_audit_org import stand_in
from test_json import validate

from sfkeytool.shell import WINDOWS, shell_line

Cli = Callable[..., Result]
CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
PW = ("--password", "env:TEST_PASSWORD")
NOW = datetime.now(UTC)


def stamp(days: int) -> str:
    """A certificate's date: the last second of a day, so many days from now, so that days are whole."""
    return f"{NOW.date() + timedelta(days=days):%Y%m%d}235959Z"


def certificate(name: str, days: int, life: int = 400) -> str:
    """PEM: of the worthless fixture key, living ``life`` days of which ``days`` are left."""
    return pem(dated(name, stamp(days - life), stamp(days)))


def app(name: str, pem_text: str, folder: str = "apps", extra: str = "") -> Path:
    path = Path(folder, f"{name}.connectedApp-meta.xml")
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(
        '<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata"><label>x</label><oauthConfig>'
        f"<certificate>{pem_text}</certificate></oauthConfig>{extra}</ConnectedApp>"
    )
    return path


def the_key(path: Path) -> Path:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PrivateFormat.PKCS8
    path.touch(mode=0o600)
    path.write_bytes(signing_key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


def generation(folder: Path, pem_text: str, key: bytes | None = None) -> Path:
    """A folder as sfkeytool makes them."""
    folder.mkdir(parents=True)
    (folder / f"{folder.name}.crt").write_text(pem_text)
    the_key(folder / f"{folder.name}.key")
    if key:
        (folder / f"{folder.name}.key").write_bytes(key)
    return folder


def items(done: Result) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in done.json["result"]["items"]}


def commands(done: Result, name: str) -> list[list[str]]:
    return [step["command"] for step in items(done)[name]["advice"] if step["command"]]


def pasted(line: str) -> list[str]:
    """The words of a line, as this system's shell reads them."""
    if not WINDOWS:
        return shlex.split(line)
    words = shlex.shlex(line.partition("  #")[0], posix=True, punctuation_chars=False)
    words.whitespace_split, words.escape, words.commenters, words.quotes = True, "", "", '"'
    return list(words)


def printed(done: Result) -> list[list[str]]:
    """The commands of the text output, as a shell reads them."""
    return [pasted(line) for line in done.out.splitlines() if line.startswith("    sfkeytool ")]


def run_printed(cli: Cli, done: Result, key: Path | None = None, codes: tuple[int, ...] = (0,)) -> None:
    """Run each in the same folder, with FILE filled in."""
    assert printed(done)
    for command in printed(done):
        if command[1:3] == ["ckm", "cover"]:  # which waits for a person: tests/test_ckm_cover.py runs it
            continue
        ran = cli(*(str(key) if part == "FILE" else part for part in command[1:]))
        assert ran.code in codes, (command, ran)


# What is due comes first


@pytest.mark.parametrize(
    ("days", "life", "what"),
    [
        (70, 365, None),
        (50, 365, "renew now: it expires in 50 days"),
        (59, 300, "renew before {} (9 days)"),
        (25, 90, "renew before {} (10 days)"),
        (9, 47, "renew now: it expires in 9 days"),
        (1, 47, "renew now: it expires in 1 day"),
        (0, 47, "renew now: it expires today"),
        (-1, 47, "expired 1 day ago: renew it now"),
        (-400, 365, "expired 400 days ago: renew it now"),
    ],
)
def test_renew_before_is_the_larger_of_ten_days_and_a_sixth(
    days: int, life: int, what: str | None, cli: Cli, folder: Path
) -> None:
    """Told of what is due, in words and as a day; what lives longer needs none."""
    app("Pay", certificate("pay", days, life))
    steps = items(cli("audit", ".", "--json"))["Pay"]["advice"]
    before = NOW.date() + timedelta(days=days) - timedelta(days=max(10, life // 6))
    if what is None:
        assert [step["before"] for step in steps] == [None], "only how to be warned"
        return
    assert (steps[0]["what"], steps[0]["before"]) == (what.format(before), f"{before}")


@pytest.mark.parametrize(
    ("on_app", "days", "command"),
    [(59, 58, "renew"), (59, 59, "renew"), (59, 60, "metadata"), (20, 49, "renew"), (20, 50, "renew"), (20, 51, "metadata")],
)  # fmt: skip
def test_only_a_later_certificate_that_is_not_due_takes_the_place_of_what_is_on_the_app(
    on_app: int, days: int, command: str, cli: Cli, folder: Path
) -> None:
    """With the folder's own, of 300 days as well, nothing would be gained, or the next renewal be due at once."""
    app("Pay", certificate("pay", on_app, 300))
    generation(folder / "pay", certificate("pay", days, 300))
    done = cli("audit", ".", "--json")
    assert [words[1] for words in commands(done, "Pay")][:1] == [command]


def test_an_app_whose_folder_was_looked_into_is_renewed_from_there(cli: Cli, folder: Path) -> None:
    """From beside it, and from elsewhere with -d; the command works, and the next time the later one is put there."""
    generation(folder / "paws", certificate("paws", 20))
    app("Paws", certificate("paws", 20))
    done = cli("audit", ".", "--json")
    renew = ["sfkeytool", "renew", "paws", "--password", "generate"]
    assert commands(done, "Paws") == [renew, IMPORT_AGAIN], done
    assert commands(done, "paws") == [renew]
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "paws").mkdir()  # another folder of that name counts for nothing
    assert commands(cli("audit", "apps", "--json"), "Paws")[0][1] == "self-signed", "its folder was not looked into"
    there = [*renew, "-d", str(folder / "paws")]
    assert commands(cli("audit", "apps", folder / "paws", "--json"), "Paws")[0] == there
    run_printed(cli, cli("audit", "apps", folder / "paws"))
    [made] = folder.glob("paws_2*/")
    done = cli("audit", ".", "--json")
    assert commands(done, "Paws")[0] == [
        "sfkeytool", "metadata", made.name, "--in", str(Path("apps/Paws.connectedApp-meta.xml"))
    ]  # fmt: skip
    run_printed(cli, cli("audit", "."))
    assert items(cli("audit", ".", "--json"))["Paws"]["status"] == "fine"


def test_a_later_certificate_that_is_not_valid_yet_is_advised_with_its_day(cli: Cli, folder: Path) -> None:
    """Put onto the app today, it would be refused where its dates are looked at."""
    generation(folder / "paws", pem(dated("paws", stamp(5), stamp(400))))
    app("Paws", certificate("paws", 20))
    begins = f"{stamp(5)[:4]}-{stamp(5)[4:6]}-{stamp(5)[6:8]}"
    advice = [step["what"] for step in items(cli("audit", ".", "--json"))["Paws"]["advice"]]
    path = Path("paws", "paws.crt")
    assert f"{path} is a later certificate of the same key (not valid before {begins}): it goes where" in advice[1]


IMPORT_AGAIN = [
    "sfkeytool", "wrap", "paws", str(Path("paws/paws.key")), str(Path("paws/paws.crt")), "-d", "paws_again",
    "--password", "generate",
]  # fmt: skip


def test_without_the_folder_the_key_stays_the_clients(cli: Cli, folder: Path) -> None:
    """The same key, so that no login breaks; where it is lost, the order of a rotation; never a bare new key."""
    path = app("jenkins", certificate("jenkins", 9))
    done = cli("audit", ".", "--json")
    assert commands(done, "jenkins") == [
        ["sfkeytool", "self-signed", "jenkins", "--key", "FILE", "--password", "generate"],
        ["sfkeytool", "metadata", "jenkins", "--in", str(path.relative_to("."))],
        ["sfkeytool", "reminder", "jenkins_expiry_only", str(path), "--password", "generate"],
    ]
    whats = " ".join(step["what"] for step in items(done)["jenkins"]["advice"])
    assert whats.index("a second app") < whats.index("switch the client") < whats.index("retire the old app")
    assert printed(cli("audit", ".")) == commands(done, "jenkins"), (
        "the JSON's lists are what a shell makes of the text"
    )
    before = path.read_text()
    run_printed(cli, cli("audit", "."), the_key(folder / "the client's.key"))
    assert path.read_text() != before
    [after] = [item for item in cli("audit", ".", "--json").json["result"]["items"] if item["path"] == str(path)]
    assert (after["status"], after["coverage"]) == ("fine", "unproved")


@pytest.mark.parametrize("taken", ["jenkins", "Jenkins_expiry_only"])
@pytest.mark.slow
def test_a_name_that_is_taken_is_not_told(taken: str, cli: Cli, folder: Path) -> None:
    """By a folder: the next generation's instead, and that runs."""
    (folder / taken).mkdir()
    (folder / taken / f"{taken.lower()}.jks").write_text("mine")
    app("Jenkins", certificate("jenkins", 9))
    run_printed(cli, cli("audit", "apps"), the_key(folder / "client.key"))


def test_apps_of_other_keys_never_share_a_name(cli: Cli, folder: Path) -> None:
    """However alike theirs are: the certificate that is made for one would end the logins of the other."""
    app("Pay-Api", certificate("one", 9), "a")
    app("Pay_Api", certificate("two", 8), "b")
    app("Pay Api", (CORPUS / "app-expired.crt").read_text(), "c")
    done = cli("audit", ".", "--json")
    one, two, other = ([command[2] for command in commands(done, name)] for name in ("Pay-Api", "Pay_Api", "Pay Api"))
    assert one == ["pay_api_2", "pay_api_2", "pay_api_expiry_only_3"], "the same key, so one certificate is for both"
    assert two == ["pay_api_2", "pay_api_2", "pay_api_expiry_only_2"]
    assert other == ["pay_api", "pay_api"]
    assert len(printed(cli("audit", "."))) == 7, "what is made for both is told once"


def test_a_name_that_the_orgs_ckm_has_is_not_told(cli: Cli, org: FakeOrg) -> None:
    made = make("pay", 20, 1)
    org.contents.add_certificate("pay", made.pem, made.expires)
    add_connected_app(org, "Pay", made.pem)
    done = cli("audit", "--json")
    assert items(done)["Pay"]["coverage"] == "covered"
    [command] = commands(done, "Pay")
    assert re.fullmatch(r"pay_20\d{4}", command[2]), "a covered app is told to renew, under a name of its own"


def test_a_key_that_ckm_does_not_take_is_rotated(cli: Cli, folder: Path) -> None:
    """No command makes the same key fit."""
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ec.key",
        "-out", "ec.crt", "-subj", "/CN=ec", "-days", 5,
    )  # fmt: skip
    app("Ec", Path("ec.crt").read_text())
    done = cli("audit", "apps", "--within", 60, "--json")
    assert [command[1] for command in commands(done, "Ec")] == ["reminder"]
    assert "rotation" in " ".join(step["what"] for step in items(done)["Ec"]["advice"])
    generation(folder / "ec", Path("ec.crt").read_text(), Path("ec.key").read_bytes())
    done = cli("audit", "apps", "ec", "--within", 60)
    assert printed(done)[0] == ["sfkeytool", "rotate", "ec", "--password", "generate"]
    assert cli(*printed(done)[0][1:]).code == 0


@pytest.mark.slow
def test_what_a_ca_signed_is_renewed_by_the_ca(cli: Cli, folder: Path, ca: CertificateAuthority) -> None:
    """A certificate of a domain or for mutual TLS, as `renew` itself demands; for logins a self-signed one will do."""
    the_key(folder / "k.key")
    for name, usage in (("shop", "serverAuth"), ("caller", "clientAuth"), ("plain", "codeSigning")):
        csr = folder / f"{name}.csr"
        openssl("req", "-new", "-key", folder / "k.key", "-subj", f"/CN={name}", "-out", csr)
        signed = ca.sign(csr, folder / f"{name}.pem", extensions=[f"extendedKeyUsage={usage}"], days=20)
        generation(folder / "made" / name, signed.read_text())
        signed.unlink()
        done = cli("audit", folder / "made" / name, "--within", 60)
        [command] = printed(done)
        assert ("--csr" in command) is (usage != "codeSigning"), command
        assert cli(*command[1:]).code == 0
        for made in (folder / "made").glob(f"{name}_2*/"):
            made.rename(folder / made.name)


def test_a_reminder_is_made_of_what_the_logins_use(cli: Cli, folder: Path) -> None:
    """An app's SAML settings hold a certificate too; and a file whose name begins with a dash is a file."""
    saml = f"<samlConfig><certificate>{certificate('saml', 300)}</certificate></samlConfig>"
    app("-v", certificate("pay", 300), folder=".", extra=saml)
    done = cli("audit", ".")
    assert printed(done)[0][3].startswith(os.path.join(".", "-v"))
    run_printed(cli, done)
    receipt = json.loads(Path("v_expiry_only/v_expiry_only.json").read_text())
    assert receipt["records"][0]["remindsOf"]["subject"] == "CN=pay"


# Orgs


@pytest.mark.slow
def test_commands_for_an_org_run_too(cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificates are saved first, by the way the org was reached; an app of either kind."""
    add_connected_app(org, "Pay", make("pay", 20, 1).pem)
    add_external_client_app(org, "Shop Two", make("shop", 300, 2).pem)
    run_printed(cli, cli("audit"), write(folder / "k.key", key_pem(1)), (0, 5))
    assert sorted(path.name for path in folder.glob("*/*.jks")) == [
        "pay.jks", "shop_two_expiry_only.jks"
    ]  # fmt: skip
    assert "External Client App Manager" not in cli("audit").out, "Shop is not due, and Pay is no such app"
    answer = json.dumps({"status": 0, "result": {"instanceUrl": org.url, "accessToken": org.let_in()}})
    stand_in(folder, f"print({answer!r})", monkeypatch)
    done = cli("audit", "-o", "prod", "--json")
    assert commands(done, "Shop Two")[0] == [
        "sfkeytool", "audit", "--target-org", "prod", "--certificates", "certificates_2"
    ]  # fmt: skip
    done = cli("audit", "-o", "prod", "--certificates", "saved", "--json")
    assert [command[1] for command in commands(done, "Shop Two")] == ["reminder"], "they are saved by this run"
    assert cli(*commands(done, "Shop Two")[0][1:], "-d", "again").code == 0


@pytest.mark.parametrize("name", ["unpackaged.zip", "retrieved"])
def test_no_command_takes_an_entry_of_a_zip_for_a_file(name: str, cli: Cli, folder: Path) -> None:
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("unpackaged/package.xml", "<Package/>")
        archive.writestr("unpackaged/connectedApps/Pay.connectedApp", app("Pay", certificate("pay", 9)).read_text())
    done = cli("audit", name, "--json")
    assert [command[1] for command in commands(done, "Pay")] == ["self-signed"]
    run_printed(cli, cli("audit", name), the_key(folder / "client.key"))
    assert "save its certificate as a file" in done.out


def test_the_certificates_of_apps_with_like_names_are_all_saved(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Each is there, and its reminder is made of it."""
    made = {"Pay-Api": make("one", 8, 1), "Pay_Api": make("two", 9, 2), "Pay__Api": make("three", 10, 1)}
    for name, one in made.items():
        add_connected_app(org, name, one.pem)
    done = cli("audit", "--certificates", "saved", "--json")
    for name, one in made.items():
        [reminder] = [command for command in commands(done, name) if command[1] == "reminder"]
        assert Path(reminder[3]).read_text() == one.pem
    assert len(list(folder.glob("saved/*/*.crt"))) == 3


def write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def test_a_consumer_key_is_in_no_command(cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login of our own is not repeated for the reader: words say what to add."""
    monkeypatch.delenv("SF_ACCESS_TOKEN")
    org.add_user("bot@example.com")
    org.add_app("consumer-key-1", make("pay", 300, 1).pem, approved_users=["bot@example.com"])
    add_connected_app(org, "Pay", make("pay", 300, 1).pem)
    write(folder / "k.key", key_pem(1))
    done = cli("audit", "-i", "consumer-key-1", "-u", "bot@example.com", "-f", "k.key")
    assert done.code == 5, done
    assert "consumer-key-1" not in done.out + done.err
    assert "--certificates certificates" in done.out


def test_no_mail_day_for_what_ckm_was_read_not_to_hold(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """In JSON, page and calendar; the days of what it holds are there, of another certificate of the same key its."""
    add_connected_app(org, "Pay", make("pay", 100, 1).pem)
    held, early = make("held", 100, 2), make("twin", 80, 3)
    for name, made in (("held", held), ("twin", early)):
        org.contents.add_certificate(name, made.pem, made.expires)
    add_connected_app(org, "Held", held.pem)
    add_connected_app(org, "Twin", make("twin", 100, 3).pem)
    done = cli("audit", "--json", "--html", "a.html", "--ics", "a.ics")
    found = {(item["kind"], item["name"]): item for item in done.json["result"]["items"]}
    assert (done.code, found["connected-app", "Pay"]["mailDates"]) == (5, [])
    assert found["connected-app", "Held"]["mailDates"] == found["ckm", "held"]["mailDates"] != []
    assert found["connected-app", "Twin"]["mailDates"] == found["ckm", "twin"]["mailDates"] != []
    calendar = Path("a.ics").read_text().replace("\r\n ", "")
    told = re.findall(r"SUMMARY:Salesforce should mail: ([\w\\, ]+) expires", calendar)
    assert set(told) <= {"held\\, Held", "Held\\, held", "twin"}
    assert told
    rows = re.findall(r"<tr [^>]*data-state.*?</tr>", Path("a.html").read_text())
    marks = {re.search(r"<b>(.+?)</b>", row)[1]: row.count('href="#mail"') for row in rows}  # type: ignore[index]
    keys = {
        "Pay": ("connected-app", "Pay"),
        "Held": ("ckm", "held"),
        "Twin": ("connected-app", "Twin"),
        "twin": ("ckm", "twin"),
    }
    assert marks == {name: len(found[key]["mailDates"]) for name, key in keys.items()}


# What stops


def test_each_row_says_what_stops_and_how_sure_that_is(cli: Cli, org: FakeOrg) -> None:
    """What hurts most stands first among equal days; a certificate of CKM stops what names it."""
    same = make("same", 20, 1)
    org.contents.add("SamlSsoConfig", "Idp", [("validationCert", same.line)])
    org.contents.add("InboundCertificate", "Caller", [("content", encoded(same))])
    add_connected_app(org, "Pay", same.pem)
    org.contents.add_certificate("Domain_Cert", same.pem, same.expires)
    org.contents.add("CustomSite", "Shop", [("customWebAddresses", [("certificate", "Domain_Cert")])])
    org.contents.add_certificate("Unused", same.pem, same.expires)
    done = cli("audit", "--json", "--html", "a.html", "--csv", "a.csv")
    validate(done.json, "audit")
    held = [item for item in done.json["result"]["items"] if item["certificate"]]
    assert [item["name"] for item in held] == ["Idp", "Domain_Cert", "Caller", "Pay", "Unused"]
    assert [[stop["certainty"] for stop in item["stops"]] for item in held] == [
        ["documented"], ["documented"], ["inferred"], ["observed"], []
    ]  # fmt: skip
    text = " ".join(cli("audit").out.split())
    for words in (
        "every login through this identity provider",
        "log in with a password",
        "custom domain",
        "sources disagree",
    ):
        assert words in text
        assert words in " ".join(Path("a.html").read_text().split())
        assert words in Path("a.csv").read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_prose_fits_eighty_columns_and_is_said_once(cli: Cli, folder: Path) -> None:
    """For five apps alike; what stops with what is not due is told by --verbose."""
    for number in range(5):
        app(f"App{number}", certificate(f"app{number}", 9))
    app("Later", certificate("later", 300))
    done = cli("audit", ".")
    advice = done.out[done.out.index("\n\n") :].splitlines()
    assert not [line for line in advice if len(line) > 80 and "sfkeytool" not in line]
    assert done.out.count("it is a rotation") == 1
    assert done.out.count("stops: ") == 5
    assert cli("audit", ".", "-v").out.count("stops: ") == 6


def test_a_message_has_the_same_commands(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--notify tells what the table tells."""
    app("Pay", certificate("pay", 9))
    monkeypatch.setenv("WHERE", "json://127.0.0.1:9/x")
    done = cli("audit", ".", "--notify", "env:WHERE", "--dry-run", "--json")
    [told] = done.json["result"]["notifications"]
    for command in commands(done, "Pay"):
        assert shell_line(command) in told["body"]
    assert told["body"].count("it is a rotation") == 1, "what holds for many is said once"
    assert "stops: perhaps JWT logins" in told["body"]


@pytest.mark.slow
def test_large_projects_are_told_of_in_few_lines(cli: Cli, folder: Path) -> None:
    """2,000 files of all kinds, five certificates."""
    from sfdx_project import make_project

    make_project(folder / "project", files=2000, certificates=5)
    done = cli("audit", "project")
    assert (done.code, len((done.out + done.err).splitlines())) < (6, 20), done
    run_printed(cli, done)
