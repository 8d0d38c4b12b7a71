"""``audit``: what expires when, in files and sfdx projects; which app certificate has a twin; exit codes and reports."""

import base64
import csv
import io
import os
import re
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from conftest import PASSWORD, CertificateAuthority, Pair, Result, keytool, openssl, pem_body
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from dated_certificates import dated as certificate_of
from dated_certificates import pem
from prometheus_client.parser import text_string_to_metric_families

from sfkeytool.audit.model import Carrier, CarrierKind
from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.names import one_file

Cli = Callable[..., Result]
PW = ("--password", "env:TEST_PASSWORD")
CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def items(result: Result) -> dict[str, dict[str, Any]]:
    """By the file's name, and the part where there is one."""
    return {f"{Path(item['path']).name} {item['part']}".strip(): item for item in result.json["result"]["items"]}


def app(folder: Path, certificate: Path, name: str = "Pay") -> Path:
    """A retrieved connected app with a certificate as one line of base64."""
    path = folder / "connectedApps" / f"{name}.connectedApp-meta.xml"
    path.parent.mkdir(exist_ok=True, parents=True)
    der = base64.b64encode(pem_body(certificate.read_text())).decode()
    path.write_text(
        f"<ConnectedApp {NAMESPACE}><label>Pay</label><oauthConfig><certificate>{der}</certificate>"
        "<consumerKey>3MVG9secret</consumerKey></oauthConfig></ConnectedApp>"
    )
    return path


def days(folder: Path, name: str, pair: Pair, valid: int) -> Path:
    """A self-signed certificate that is valid for so many days."""
    out = folder / f"{name}.crt"
    openssl("req", "-x509", "-key", pair.key, "-subj", f"/CN={name}", "-days", valid, "-out", out)
    return out


@pytest.mark.parametrize(
    ("valid", "options", "status", "code"),
    [
        (365, (), "fine", 0),
        (61, (), "fine", 0),
        (365, ("--within", 366), "due", 5),
        (10, ("--within", 0), "fine", 0),
        (59, ("--within", 60), "due", 5),
        (10, (), "fine", 0),
        (59, ("--within", 60, "--fail-on", "expired"), "due", 0),
        (59, ("--within", 60, "--fail-on", "never"), "due", 0),
    ],
)
def test_thresholds(
    valid: int, options: tuple[Any, ...], status: str, code: int, cli: Cli, folder: Path, pair: Pair
) -> None:
    """60 days, or a third of a shorter life; --within decides otherwise; --fail-on says what counts."""
    result = cli("audit", days(folder, "one", pair, valid), *options, "--json")
    assert (items(result)["one.crt"]["status"], result.code) == (status, code)
    assert items(result)["one.crt"]["daysLeft"] == valid


def test_a_short_life_has_a_threshold_of_its_own(cli: Cli, folder: Path, pair: Pair) -> None:
    """A fresh 47-day certificate is not due: its third is 15 days."""
    item = items(cli("audit", days(folder, "short", pair, 47), "--json"))["short.crt"]
    assert (item["status"], item["withinDays"]) == ("fine", 15)


@pytest.mark.parametrize(("life", "left", "status"), [(1, 1, "due"), (3, 3, "fine"), (3, 2, "due"), (6, 2, "due")])
def test_the_shortest_lives_are_due_before_a_daily_run_could_miss_them(
    life: int, left: int, status: str, cli: Cli, folder: Path
) -> None:
    """A third of a day is none: two days are the least."""
    (folder / "short.crt").write_text(dated("short", left - life, left))
    result = cli("audit", ".", "--json")
    item = items(result)["short.crt"]
    assert (item["status"], item["withinDays"], result.code) == (status, 2, 5 if status == "due" else 0)


def test_what_is_not_valid_yet_is_said_and_replaces_nothing(cli: Cli, folder: Path) -> None:
    """Its status tells of its end alone; until it begins, the certificate before it is what works."""
    begins = (datetime.now(UTC) + timedelta(days=20)).date()
    for name, first, last in (("pay", -300, 5), ("pay_202701", 20, 400)):
        (folder / name).mkdir()
        (folder / name / f"{name}.crt").write_text(dated(name, first, last))
    result = cli("audit", ".", "--json")
    found = items(result)
    assert (found["pay.crt"]["status"], found["pay.crt"]["supersededBy"], found["pay.crt"]["counts"]) == (
        "due",
        None,
        True,
    )
    assert (found["pay_202701.crt"]["status"], result.code) == ("fine", 5)
    [notice] = [one for one in result.json["notices"] if one["code"] == "certificate.not-yet-valid"]
    assert notice["message"] == f"{Path('pay_202701/pay_202701.crt')}: pay_202701 is not valid before {begins}"
    result = cli("audit", ".", "--html", "a.html")
    assert f"pay_202701 (not valid before {begins})" in result.out
    rows = re.findall(r"<tr [^>]*data-state.*?</tr>", (folder / "a.html").read_text())
    [row] = [row for row in rows if "<b>pay_202701.crt</b>" in row or "<b>pay_202701</b>" in row]
    assert f"<small>not valid before {begins}</small>" in row
    (folder / "pay_202701" / "pay_202701.crt").write_text(dated("pay_202701", 0, 400))
    result = cli("audit", ".", "--json")
    assert (items(result)["pay.crt"]["supersededBy"], result.code) == ("pay_202701", 0)
    assert not [one for one in result.json["notices"] if one["code"] == "certificate.not-yet-valid"]


def dated(name: str, first: int, last: int) -> str:
    """PEM of a certificate from one day to another, counted from today; a minute earlier and later."""
    now = datetime.now(UTC)
    begin, end = now + timedelta(days=first, minutes=-1), now + timedelta(days=last, minutes=-1)
    return pem(certificate_of(name, f"{begin:%Y%m%d%H%M%SZ}", f"{end:%Y%m%d%H%M%SZ}"))


def test_a_carrier_shows_what_it_is_and_no_bytes() -> None:
    """In a traceback or a failed test, of ten thousand."""
    carrier = Carrier("prod", CarrierKind.CONNECTED_APP, "Pay", "ConnectedApp:Pay", "x", reference="sso", der=b"abc")
    assert repr(carrier) == "Carrier(connected-app, 'Pay' in 'ConnectedApp:Pay (x)', names 'sso')"


def test_expired_is_six_and_goes_before_all(cli: Cli, folder: Path) -> None:
    """With a file beside that cannot be read."""
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    expired = CORPUS / "app-expired.crt"
    assert cli("audit", expired, "broken.pem").code == 6
    assert cli("audit", expired, "broken.pem", "--fail-on", "within").code == 5
    assert cli("audit", expired, "broken.pem", "--fail-on", "unreadable").code == 68
    result = cli("audit", "broken.pem", CORPUS / "app.crt", "gone.jks", "--json")
    assert result.code == 68
    problems = [problem["code"] for source in result.json["result"]["sources"] for problem in source["problems"]]
    assert problems == ["certificate.malformed", "input.not-found"]
    assert items(result)["app.crt"]["status"] == "fine"


def test_a_keystore_that_stays_closed_is_listed(cli: Cli, folder: Path, pair: Pair) -> None:
    """A PFX needs its password; with it, its certificate is found."""
    openssl(
        "pkcs12",
        "-export",
        "-inkey",
        pair.key,
        "-in",
        pair.crt,
        "-passout",
        f"pass:{PASSWORD}",
        "-out",
        folder / "x.pfx",
    )
    closed = cli("audit", ".", "--json")
    assert closed.code == 68
    assert closed.json["result"]["sources"][0]["problems"][0]["code"] == "keystore.password-needed"
    assert items(cli("audit", ".", *PW, "--json"))["x.pfx"]["certificate"]["subject"] == "CN=pair"


def test_a_password_of_one_keystore_does_not_close_another(cli: Cli, folder: Path, pair: Pair) -> None:
    """The certificates of a JKS are in the clear: it is read under any password, and under none."""
    assert cli("wrap", "pay", pair.key, pair.crt, *PW).code == 0
    os.environ["ANOTHER"] = "not the password"
    assert cli("audit", ".", "--password", "env:ANOTHER").code == 0
    assert cli("audit", ".").code == 0
    del os.environ["ANOTHER"]


def test_an_app_certificate_and_its_twins(cli: Cli, folder: Path, pair: Pair, other_pair: Pair) -> None:
    """Uncovered, and told which command covers it; unproved beside a keystore or a reminder; warnings, exit 0, and 5
    where --fail-on names them. No consumer key anywhere."""
    path = app(folder, pair.crt)
    alone = cli("audit", ".", "--json")
    item = items(alone)["Pay.connectedApp-meta.xml ConnectedApp.oauthConfig.certificate"]
    assert (alone.code, item["coverage"]) == (0, "uncovered")
    assert [step["command"] for step in item["advice"]] == [
        ["sfkeytool", "reminder", "pay_expiry_only", os.path.relpath(path), "--password", "generate"]
    ]
    assert cli("audit", ".", "--fail-on", "uncovered").code == 5
    assert cli("audit", ".", "--fail-on", "unproved").code == 5, "uncovered is worse"
    assert "3MVG9" not in alone.out + alone.err
    assert cli("reminder", pair.crt, *PW).code == 0
    assert (
        items(cli("audit", ".", "--json"))["Pay.connectedApp-meta.xml ConnectedApp.oauthConfig.certificate"]["coverage"]
        == "unproved"
    )
    app(folder, other_pair.crt)
    assert cli("wrap", "other", other_pair.key, other_pair.crt, *PW).code == 0
    result = cli("audit", ".", "--json")
    item = items(result)["Pay.connectedApp-meta.xml ConnectedApp.oauthConfig.certificate"]
    assert (result.code, item["coverage"], item["twin"]) == (0, "unproved", "other/other.jks".replace("/", os.sep))
    assert any("files cannot tell" in warning for warning in result.json["warnings"])
    assert cli("audit", ".", "--fail-on", "unproved").code == 5


def test_every_field_of_a_project_that_holds_or_names_a_certificate(cli: Cli, folder: Path, pair: Pair) -> None:
    """Inline ones are carriers; names of CKM lead to certs/NAME.crt; Apex counts; look-alikes do not."""
    pem = pair.crt.read_text()
    sources = {
        "extlClntAppGlobalOauthSets/X_glbloauth.ecaGlblOauth-meta.xml": f"<ExtlClntAppGlobalOauthSettings {NAMESPACE}>"
        f"<certificate>{pem}</certificate><externalClientApplication>Shop</externalClientApplication></ExtlClntAppGlobalOauthSettings>",
        "samlssoconfigs/S.samlssoconfig-meta.xml": f"<SamlSsoConfig {NAMESPACE}><requestSigningCertId>Sign_Cert</requestSigningCertId>"
        f"<validationCert>{base64.b64encode(pem_body(pem)).decode()}</validationCert></SamlSsoConfig>",
        "namedCredentials/N.namedCredential-meta.xml": f"<NamedCredential {NAMESPACE}><namedCredentialParameters>"
        "<certificate>sign_cert</certificate></namedCredentialParameters><label>MII</label></NamedCredential>",
        "classes/Caller.cls": "class Caller { void go() { request.setClientCertificateName('Sign_Cert'); "
        "Crypto.signWithCertificate('RSA-SHA256', data, 'Other_Cert'); String s = 'No_Cert'; } }",
        "certs/Sign_Cert.crt": pem,
        "certs/Sign_Cert.crt-meta.xml": f"<Certificate {NAMESPACE}><masterLabel>x</masterLabel></Certificate>",
        "labels/L.labels-meta.xml": f"<CustomLabels {NAMESPACE}><labels><value>MIIB</value></labels></CustomLabels>",
    }
    for name, content in sources.items():
        path = folder / "force-app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    result = cli("audit", "force-app", "--json")
    assert result.code == 0, result
    found = items(result)
    eca = found["X_glbloauth.ecaGlblOauth-meta.xml ExtlClntAppGlobalOauthSettings.certificate"]
    assert (eca["kind"], eca["name"], eca["coverage"]) == ("external-client-app", "Shop", "unproved")
    assert found["S.samlssoconfig-meta.xml SamlSsoConfig.validationCert"]["certificate"]["subject"] == "CN=pair"
    assert found["Sign_Cert.crt"]["kind"] == "ckm-source"
    assert found["Sign_Cert.crt"]["usedBy"] == [
        "Caller (Apex)",
        "N (NamedCredential.namedCredentialParameters.certificate)",
        "S (SamlSsoConfig.requestSigningCertId)",
    ]
    references = {item["reference"] for item in found.values()}
    assert references == {None, "Sign_Cert", "sign_cert", "Other_Cert"}
    assert len(result.json["result"]["items"]) == 7


def test_chains_and_generations_decide_nothing(cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """An intermediate in a chain is listed and does not count; nor does what a later generation replaces; the files of
    one folder with the same certificate are one line."""
    assert cli("wrap", "pay", pair.key, pair.crt, ca.intermediate, ca.root, *PW).code == 0
    found = cli("audit", "pay", "--json").json["result"]["items"]
    assert len(found) == 3
    assert [item["counts"] for item in sorted(found, key=lambda item: item["daysLeft"])] == [True, False, False]
    leaf = next(item for item in found if item["counts"])
    assert sorted(Path(path).name for path in leaf["alsoIn"]) == ["pay-chain.crt", "pay.crt"]
    assert cli("renew", "pay", *PW, "--days", 900).code == 0
    result = cli("audit", ".", "--within", 400, "--json")
    assert result.code == 0, result
    old = next(item for item in result.json["result"]["items"] if item["supersededBy"])
    assert (old["status"], old["counts"]) == ("due", False)
    assert cli("audit", "pay", *(path.name for path in folder.glob("pay_2*")), "--within", 400).code == 0
    assert cli("audit", "pay", "--within", 400).code == 5


def test_a_certificate_of_ckm_is_no_chain(cli: Cli) -> None:
    """CKM's self-signed certificates say that they are CAs: an expired one counts all the same."""
    assert cli("audit", CORPUS / "salesforce-export.jks").code == 6


def test_a_truststore_decides_nothing(cli: Cli, folder: Path, ca: CertificateAuthority) -> None:
    """Its CAs are listed; whoever made them renews them. A .crt in a folder certs/ is no source without its meta file."""
    keytool(
        "-importcert", "-noprompt", "-storetype", "JKS", "-keystore", folder / "cacerts", "-storepass", PASSWORD,
        "-alias", "root", "-file", ca.root,
    )  # fmt: skip
    (folder / "certs").mkdir()
    (folder / "certs" / "Root.crt").write_bytes(ca.intermediate.read_bytes())
    found = items(cli("audit", ".", "--within", 5000, "--json"))
    assert not found["cacerts root"]["counts"]
    assert found["Root.crt"]["kind"] == "file"


def test_a_file_full_of_begin_lines_is_no_trap(cli: Cli, folder: Path) -> None:
    """Half a million keys that never end: the time stays in proportion."""
    lines = b"-----BEGIN PRIVATE KEY-----\n-----BEGIN RSA PRIVATE KEY-----\n" * 100_000
    (folder / "trap.pem").write_bytes(lines)
    assert cli("audit", ".").code in (0, 68)


def test_hostile_files_in_a_folder_do_not_stop_it(cli: Cli, folder: Path, pair: Pair) -> None:
    """Noise, an entity bomb, deep nesting, a link to nowhere: passed over; the certificate beside is found."""
    (folder / "noise.bin").write_bytes(os.urandom(5000))
    (folder / "bomb-meta.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    (folder / "deep-meta.xml").write_text("<ConnectedApp>" + "<a>" * 100_000)
    (folder / "empty.crt").touch()
    (folder / "link.crt").symlink_to("nowhere")
    days(folder, "good", pair, 365)
    result = cli("audit", ".", "--json")
    assert items(result)["good.crt"]["status"] == "fine"
    assert result.code in (0, 68)


def test_the_reports_are_what_their_formats_want(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by csv, icalendar and prometheus_client; a formula in a subject is defused; an earlier report is replaced."""
    openssl(
        "req", "-x509", "-key", pair.key, "-subj", '/CN==HYPERLINK("x")\\,"', "-days", 90, "-out", folder / "evil.crt"
    )
    for _ in range(2):
        assert cli("audit", "evil.crt", "--csv", "a.csv", "--ics", "a.ics", "--prometheus", "a.prom").code == 0
    rows = list(csv.DictReader(io.StringIO((folder / "a.csv").read_bytes().decode("utf-8-sig"))))
    assert len(rows) == 1
    assert not any(cell.startswith(("=", "+", "@")) for cell in rows[0].values())
    calendar = icalendar.Calendar.from_ical((folder / "a.ics").read_bytes())
    ends = datetime.now(UTC) + timedelta(days=90)
    assert str(ends.date()) in {str(event.decoded("dtstart")) for event in calendar.walk("VEVENT")}
    families = {family.name: family for family in text_string_to_metric_families((folder / "a.prom").read_text())}
    [sample] = families["x509_cert_not_after"].samples
    assert abs(sample.value - ends.timestamp()) < 120
    assert sample.labels["filename"] == "evil.crt"
    assert families["x509_cert_expired"].samples[0].value == 0


@pytest.mark.parametrize(
    ("one", "flag", "other"),
    [
        ("a.csv", "html", "a.csv"),
        ("Out.csv", "html", "out.CSV"),
        ("m\u00fcller", "sarif", "mu\u0308ller"),
        ("a", "markdown", "b/../a"),
        ("a", "state", "A"),
        ("a", "certificates", "A"),
    ],
)
def test_two_files_of_a_run_that_are_one_on_some_disk_are_refused(
    one: str, flag: str, other: str, cli: Cli, folder: Path
) -> None:
    """Before anything is read or written: the later would take the place of the earlier."""
    (folder / "b").mkdir()
    done = cli("audit", ".", "--csv", one, f"--{flag}", other, "--json")
    assert (done.code, done.json["code"]) == (1, "output.duplicate")
    assert f"by --csv and --{flag}" in done.json["message"]
    assert [path.name for path in folder.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("left", "right", "windows", "alike"),
    [
        ("C:\\a\\Out.csv", "c:\\A\\out.csv. ", True, True),
        ("a.\\b", "a\\b", True, True),
        ("a..b", "a.b", True, False),
        ("a.", "a", False, False),
        ("STRASSE", "straße", False, True),
        ("a", "b", True, False),
    ],
)
def test_which_names_are_one_file(left: str, right: str, windows: bool, alike: bool) -> None:
    assert (one_file(left, windows=windows) == one_file(right, windows=windows)) is alike


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_no_name_begins_a_cell_that_is_a_formula(cli: Cli, folder: Path, pair: Pair) -> None:
    """Divided at commas or at semicolons, in full-width characters too; and what no cell can show stands escaped."""
    starts = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
    names = [f"{lead}{start}1" for start in starts for lead in ("", "a;", "a; ", 'a;"', '"', " ")] + ["a\n=1", "\t=1"]
    for name in names:
        (folder / f"{name}.crt").write_bytes(pair.crt.read_bytes())
    assert cli("audit", ".", "--csv", "a.csv").code == 0
    text = (folder / "a.csv").read_bytes().decode("utf-8-sig")
    assert len(text.splitlines()) == 2
    header, row = csv.reader(io.StringIO(text))
    cells = dict(zip(header, row, strict=True))
    assert "'=1.crt" in f"{cells['path']} {cells['also_in']}"
    assert "a\\0A=1.crt" in f"{cells['path']} {cells['also_in']}"
    for cell in (*row, *text.replace("\r\n", ";").split(";")):
        assert not cell.lstrip(' "').startswith(starts)


def test_metrics_name_a_certificate_by_its_whole_common_name(cli: Cli, folder: Path, pair: Pair) -> None:
    """Commas, equals signs, quotation marks and backslashes stand in it; the last of several is the most specific."""
    subject = r"/O=Acme, Inc/CN=outer/CN=Pay\, \"the\" API\\; CN=x"
    openssl("req", "-x509", "-key", pair.key, "-subj", subject, "-days", 90, "-out", folder / "a.crt")
    openssl("req", "-x509", "-key", pair.key, "-subj", "/O=Acme, Inc", "-days", 90, "-out", folder / "b.crt")
    assert cli("audit", "a.crt", "b.crt", "--prometheus", "a.prom").code == 0
    families = {family.name: family for family in text_string_to_metric_families((folder / "a.prom").read_text())}
    named = {sample.labels["filename"]: sample.labels for sample in families["x509_cert_not_after"].samples}
    assert named["a.crt"]["subject_CN"] == named["a.crt"]["issuer_CN"] == 'Pay, "the" API\\; CN=x'
    assert named["b.crt"]["subject_CN"] == r"O=Acme\, Inc"


def test_the_table_is_plain_and_one_line_a_certificate(cli: Cli, folder: Path, pair: Pair) -> None:
    """Sorted by what expires first; no colour; the bar shows the life that is left."""
    days(folder, "long", pair, 365)
    days(folder, "brief", pair, 30)
    result = cli("audit", ".")
    lines = result.out.splitlines()
    assert lines[0].startswith("STATUS  DAYS")
    assert [line.split()[1] for line in lines[1:3]] == ["30", "365"]
    assert "##########" in lines[1]
    assert "\x1b" not in result.out


@pytest.mark.parametrize("options", [("--fail-on", "dance"), ("--within", "-1"), ("--csv", "gone/a.csv", "--ics", "")])
def test_wrong_usage(options: tuple[str, ...], cli: Cli, pair: Pair) -> None:
    """Refused before anything is read; exit 2, or 1 where a report cannot be written."""
    assert cli("audit", pair.crt, *options).code in (1, 2)


def test_it_is_linear(cli: Cli, folder: Path, pair: Pair) -> None:
    """A bundle of two thousand certificates of one key: each is found once."""
    pem = pair.crt.read_bytes()
    (folder / "many").mkdir()
    for number in range(200):
        (folder / "many" / f"{number}.crt").write_bytes(pem)
    result = cli("audit", "many", "--json")
    assert len(result.json["result"]["items"]) == 1
    assert len(result.json["result"]["items"][0]["alsoIn"]) == 199


def test_a_report_replaces_only_a_report(cli: Cli, folder: Path, pair: Pair) -> None:
    """A slip of the flag costs neither the key nor the certificate that it names."""
    contents = {"pay.key": pair.key.read_bytes(), "pay.crt": pair.crt.read_bytes()}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    for name, content in contents.items():
        result = cli("audit", "pay.crt", "--csv", name)
        assert (result.code, (folder / name).read_bytes()) == (1, content)
        assert "is not replaced" in result.err


@pytest.mark.skipif(os.name == "nt", reason="long paths are a setting of the machine there")
def test_a_folder_that_cannot_be_listed_stops_nothing(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and its neighbours on both sides are read. The path is too long for the system, for root too."""
    for name in ("a", "c"):
        (folder / name).mkdir()
        days(folder / name, name, pair, 365)
    for _ in range(20):
        Path("b" * 250).mkdir()
        monkeypatch.chdir("b" * 250)
    monkeypatch.chdir(folder)
    result = cli("audit", ".", "--json")
    assert (result.code, set(items(result))) == (68, {"a.crt", "c.crt"})


def test_anothers_password_closes_no_jks(cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JKS shows its certificates without a password, so also beside a keystore that needs one."""
    assert cli("wrap", "pay", pair.key, pair.crt, *PW).code == 0
    monkeypatch.setenv("OTHER", "another-password-24")
    result = cli("audit", "pay/pay.jks", "--password", "env:OTHER", "--json")
    assert (result.code, list(items(result))) == (0, ["pay.jks pay"])


def test_a_generation_elsewhere_replaces_nothing(cli: Cli, folder: Path) -> None:
    """An expired prod/pay.crt stays a failure, whatever test/pay_202611.crt says."""
    for path, source in (("prod/pay.crt", "app-expired.crt"), ("test/pay_202611.crt", "app.crt")):
        (folder / path).parent.mkdir()
        (folder / path).write_bytes((CORPUS / source).read_bytes())
    result = cli("audit", ".", "--json")
    assert (result.code, {item["supersededBy"] for item in result.json["result"]["items"]}) == (6, {None})


def test_prose_is_passed_over_and_a_damaged_source_file_is_not(cli: Cli, folder: Path, pair: Pair) -> None:
    """A README may quote half a certificate; metadata that cannot be read may hold an app's."""
    days(folder, "good", pair, 365)
    (folder / "README.md").write_text("-----BEGIN CERTIFICATE-----\nMIID...\n-----END CERTIFICATE-----\n")
    assert cli("audit", ".").code == 0
    assert cli("audit", "README.md").code == 68
    (folder / "Pay.connectedApp-meta.xml").write_text("<ConnectedApp><oauthConfig>")
    result = cli("audit", ".", "--json")
    [problem] = result.json["result"]["sources"][0]["problems"]
    assert (result.code, problem["code"]) == (68, "xml.malformed")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("MIIgarbage", "certificate.malformed"),
        ("MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0", "certificate.malformed"),
        ("REPLACE_ME", "certificate.placeholder"),
        ("replace_with_certificate", "certificate.placeholder"),
        ("TODO", "certificate.placeholder"),
        ("YOUR_JWT_CERT", "certificate.placeholder"),
    ],
)
@pytest.mark.parametrize(
    "document",
    ["<ConnectedApp><oauthConfig>{}</oauthConfig></ConnectedApp>", "<NamedCredential>{}</NamedCredential>"],
)
def test_what_a_template_or_a_cut_copy_left_is_no_name_in_ckm(text: str, code: str, document: str, cli: Cli) -> None:
    """The app's certificate is not known, and nobody shall believe that it was looked at."""
    Path("Pay.xml").write_text(document.format(f"<certificate>{text}</certificate>"))
    result = cli("audit", ".", "--json")
    [problem] = result.json["result"]["sources"][0]["problems"]
    assert (result.code, problem["code"], result.json["result"]["items"]) == (68, code, [])


@pytest.mark.parametrize("name", ["MII_cert", "exchange_here", "todo_app", "your_bank", "dummy", "Cert"])
def test_names_that_only_look_like_that_are_names(name: str, cli: Cli) -> None:
    """They may be in use; an app that names one which was not seen is unproved."""
    Path("Pay.xml").write_text(
        f"<ConnectedApp><oauthConfig><certificate>{name}</certificate></oauthConfig></ConnectedApp>"
    )
    result = cli("audit", ".", "--json")
    [item] = result.json["result"]["items"]
    assert (item["reference"], item["coverage"], item["status"], result.code) == (name, "unproved", "unknown", 0)
    assert [one["message"] for one in result.json["notices"] if one["code"] == "audit.unproved"] == [
        f"Pay: it names {name}, and no certificate of that name was read"
    ]
    assert cli("audit", ".", "--fail-on", "unproved").code == 5
    assert cli("audit", ".").out.splitlines()[-1] == "0 expired, 0 due, 0 fine, 1 without a known date"


@pytest.mark.parametrize("content", [b"\x00\x01garbage", b"<html>404</html>", b"hello", b""])
def test_a_container_that_nobody_recognises_is_told_in_a_folder_too(content: bytes, cli: Cli, folder: Path) -> None:
    """A download that failed, or a full disk; endings that other programs use too are passed over."""
    (folder / "f").mkdir()
    for name in ("a.p12", "b.crt", "C.JKS"):
        (folder / "f" / name).write_bytes(content)
    for name in ("slides.key", "kick.ks", "notes.txt"):
        (folder / "f" / name).write_bytes(content)
    result = cli("audit", "f", "--json")
    told = {Path(problem["path"]).name for problem in result.json["result"]["sources"][0]["problems"]}
    assert (told, result.code) == ({"a.p12", "b.crt", "C.JKS"}, 68)


@pytest.mark.parametrize("name", FORMATS)
def test_each_report_replaces_its_own_earlier_file_and_nothing_else(
    name: str, cli: Cli, folder: Path, pair: Pair
) -> None:
    """A slip of the flag must not cost a key; of each format the table says how its files begin."""
    days(folder, "one", pair, 365)
    flags = ("audit", "one.crt", f"--{name}", "report")
    assert cli(*flags).code == 0
    written = (folder / "report").read_bytes()
    assert written.startswith(FORMATS[name].beginnings)
    days(folder, "one", pair, 1)
    assert cli(*flags).code == 5
    assert (folder / "report").read_bytes() != written
    assert b"one" in (folder / "report").read_bytes()
    (folder / "report").write_bytes(pair.key.read_bytes())
    refused = cli(*flags, "--json").json
    assert (refused["status"], refused["result"]["files"]) == (5, [])
    [told] = [notice["message"] for notice in refused["notices"] if notice["code"] == "report.not-written"]
    assert f"--{name}" in told
    assert (folder / "report").read_bytes() == pair.key.read_bytes()
    days(folder, "one", pair, 365)
    for beginnings in (other.beginnings for other in FORMATS.values() if other.name != name):
        (folder / "report").write_bytes(beginnings[0])
        assert cli(*flags).code == 1


def test_a_file_is_listed_once(cli: Cli, folder: Path, pair: Pair) -> None:
    """Found through a folder and named besides, or through a link."""
    days(folder, "one", pair, 365)
    (folder / "link.crt").symlink_to("one.crt")
    assert len(cli("audit", ".", "one.crt", "./one.crt", "--json").json["result"]["items"]) == 1


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("req.setClientCertificateName('One');", ["One"]),
        ("new auth.jws(jwt, 'One'); CRYPTO.signwithcertificate('RSA-SHA256', b('x)'), 'Two')", ["One", "Two"]),
        ("// req.setClientCertificateName('Old');", []),
        ("r.setClientCertificateName('New'); // r.setClientCertificateName('Old');", ["New"]),
        (
            "/* Crypto.signWithCertificate('a', b, 'Old') */ String s = '//'; r.setClientCertificateName('New');",
            ["New"],
        ),
        ("new Auth.JWS(make('Not_One'), name); String s = 'Nor_This';", []),
        ("r.setClientCertificateName('It\\'s'); r.setClientCertificateName('Never", []),
        ("static final String CERT = 'One'; r.setClientCertificateName(CERT);", ["One"]),
        ("private FINAL static string cert='One'; Crypto.signWithCertificate('a', b(c, d), A.CERT);", ["One"]),
        ("static final String A = 'One'; // static final String B = 'Two';\n new Auth.JWS(jwt, B);", []),
        ("String CERT = 'Not_One'; r.setClientCertificateName(CERT);", []),
        ("static final String CERT = 'One' + x; r.setClientCertificateName(CERT);", []),
        ("static final String CERT = 'no name'; r.setClientCertificateName(CERT);", []),
        ("Crypto.signXml('RSA-SHA256', node, 'Id', 'One'); Crypto.signXml('a', b, 'c', 'Two', child);", ["One", "Two"]),
        (
            "class I { final String C = 'One'; } final String C = 'Two'; void f() { r.setClientCertificateName(C); }",
            ["One", "Two"],
        ),
    ],
)
def test_apex_names_a_certificate_by_its_last_argument(
    code: str, names: list[str], cli: Cli, folder: Path, pair: Pair
) -> None:
    """As a literal or a constant; comments, other literals and names in variables say nothing."""
    (folder / "A.cls").write_text(f"class A {{ void go() {{ {code} }} }}")
    found = cli("audit", "A.cls", "--json").json["result"]["items"]
    assert [item["reference"] for item in found] == names


@pytest.mark.parametrize(
    "unit",
    [
        "'",
        "'\\'",
        "/*",
        "//",
        "/* '",
        "Auth.JWS(",
        "setClientCertificateName('a',",
        "final String ",
        "Auth ",
        "((((",
        ",,,,",
    ],
)
@pytest.mark.slow
def test_reading_apex_is_linear(unit: str, cli: Cli, folder: Path) -> None:
    """Whatever is never closed, however often: twice as much takes about twice the time, and not four times."""
    from time import process_time

    from sfkeytool.audit.apex import certificates_named

    def seconds(count: int) -> float:
        begin = process_time()
        certificates_named("r.setClientCertificateName('A'); " + unit * count)
        return process_time() - begin

    seconds(1000)
    count = 20_000 // len(unit)
    few, many = (min(seconds(times) for _ in range(3)) for times in (count, 4 * count))
    assert many < 12 * max(few, 0.02), unit


def test_a_constant_of_apex_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of one name there are, and however many calls name it: counted in names that are looked at."""
    from sfkeytool.audit import apex

    looked_at = 0
    usual = apex._UNIQUE_NAME

    class Counting:
        def fullmatch(self, name: str) -> Any:
            nonlocal looked_at
            looked_at += 1
            return usual.fullmatch(name)

    monkeypatch.setattr(apex, "_UNIQUE_NAME", Counting())
    constants = "".join(f"final String A = 'pay{number}';" for number in range(500))
    found = apex.certificates_named(constants + "r.setClientCertificateName(A);" * 500)
    assert found == tuple(f"pay{number}" for number in range(500))
    assert looked_at == 500


def test_xml_elements_hold_certificates_and_no_keystores(cli: Cli, folder: Path, pair: Pair) -> None:
    """A PFX in one is not opened, however cheap: hundreds of them would ask for hours of key derivation."""
    key = load_pem_private_key(pair.key.read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(pair.crt.read_bytes())
    pfx = serialize_key_and_certificates(b"x", key, certificate, None, NoEncryption())  # type: ignore[arg-type]
    encoded = b64encode(pfx).decode()
    (folder / "idp.xml").write_text(f"<other><X>{encoded}</X><Y>{pair.crt.read_text()}</Y></other>")
    result = cli("audit", "idp.xml", "--json")
    assert [item["path"] for item in result.json["result"]["items"]] == ["idp.xml"]
    assert not result.json["result"]["sources"][0]["problems"]
    (folder / "idp.xml").write_text(f"<other><Certificate>{encoded}</Certificate></other>")
    assert cli("show", "idp.xml", "--json").json["code"] == "input.unknown-kind"


def test_a_private_key_is_not_even_looked_at(cli: Cli, folder: Path, pair: Pair) -> None:
    """Neither a damaged one nor OpenSSH's own keeps a certificate in the same file from being found."""
    for label in ("RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"):
        block = f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n"
        (folder / "both.pem").write_text(block + pair.crt.read_text())
        (folder / "alone.pem").write_text(block)
        result = cli("audit", ".", "--json")
        assert (result.code, list(items(result))) == (0, ["both.pem"])
