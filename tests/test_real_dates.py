"""Dates of real certificates, "no expiry", year 1 and an end before the beginning: no command breaks, none is hidden."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import icalendar
import pytest
from conftest import Result
from cryptography.hazmat.primitives import serialization
from dated_certificates import dated, pem, signing_key
from prometheus_client.parser import text_string_to_metric_families

from sfkeytool.audit.reports.formats import FORMATS

Cli = Callable[..., Result]
PW = ("--password", "env:TEST_PASSWORD")
DATES = {
    "no_expiry": ("20200101000000Z", "99991231235959Z"),
    "year_one": ("00010101000000Z", "00010101000001Z"),
    "backwards": ("20300101000000Z", "20200101000000Z"),
    "far": ("20200101000000Z", "21320101000000Z"),
    "farther": ("20200101000000Z", "30200101000000Z"),
    "all_time": ("00010101000000Z", "99991231235959Z"),
    "never": ("99991231235959Z", "00010101000000Z"),
}


def lay_out(name: str) -> None:
    """A folder of a generation, a lone file and an app, each with the certificate; and a sound one beside them."""
    certificate = pem(dated(name, *DATES[name]))
    form = serialization.PrivateFormat.PKCS8
    key = signing_key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    Path(name).mkdir()
    Path(name, f"{name}.crt").write_text(certificate)
    Path(name, f"{name}.key").touch(mode=0o600)
    Path(name, f"{name}.key").write_bytes(key)
    Path("x.crt").write_text(certificate)
    Path("App.connectedApp-meta.xml").write_text(
        f"<ConnectedApp><oauthConfig><certificate>{certificate}</certificate></oauthConfig></ConnectedApp>"
    )
    Path("sound.crt").write_text(pem(dated("sound", "20200101000000Z", "20800101000000Z")))


@pytest.mark.parametrize("name", ["no_expiry", "year_one", "backwards", "all_time", "never"])
@pytest.mark.slow
def test_no_command_breaks_on_a_real_date(
    name: str, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    """Each command that reads certificates ends as its contract says, and writes each year with four digits."""
    lay_out(name)
    monkeypatch.setenv("WHERE", "json://127.0.0.1:9/x")
    reports = [f"--{name}=a.{name}" for name in FORMATS]
    key = f"{name}/{name}.key"
    for arguments, codes in (
        (("show", "x.crt"), {0}),
        (("show", "x.crt", "--json"), {0}),
        (("check", "x.crt"), {0, 3}),
        (("check", "x.crt", "--json"), {0, 3}),
        (("check", "x.crt", "--purpose", "domain"), {0, 3}),
        (("check", "x.crt", "--profile", "signed-upload"), {0, 3}),
        (("check", "x.crt", "--as-of", "0001-01-01"), {0, 3}),
        (("check", "x.crt", "--as-of", "9999-12-31"), {0, 3}),
        (("compare", "x.crt", "App.connectedApp-meta.xml"), {0}),
        (("wrap", "made", key, "x.crt", *PW, "--ics", "w.ics"), {0}),
        (("show", "made/made.jks", *PW), {0}),
        (("check", "made/made.jks", *PW), {0, 3}),
        (("unwrap", "made/made.jks", *PW, "-d", "taken_out"), {0}),
        (("renew", name, *PW, "--as", "next_one", "--ics", "r.ics"), {0}),
        (("renew", name, "--status"), {0}),
        (("renew", name, "--csr", "--as", "next_request"), {0}),
        (("reminder", "x.crt", *PW, "--ics", "m.ics"), {0, 1}),
        (("metadata", name, "--in", "App.connectedApp-meta.xml"), {0}),
        (("ckm", "chain", "answer", "x.crt"), {0, 1}),
        (("login", name, "-i", "x", "-u", "u@example.com", "-r", "https://127.0.0.1:9"), {1}),
        (("audit", ".", *reports, "--notify", "env:WHERE", "--dry-run"), {0, 5, 6}),
        (("audit", ".", "--json"), {0, 6}),
        (("audit", ".", "--within", "99999999999"), {5, 6}),
        (("audit", ".", "--within", "9" * 30, "--json"), {5, 6}),
    ):
        done = cli(*arguments)
        assert done.code in codes, (arguments, done)
        assert not re.search(r"(?<![\d-])\d{1,3}-\d\d-\d\d", done.out + done.err), (arguments, done)
        if arguments[0] == "audit" and "--json" in arguments:
            found = {item["path"]: item for item in done.json["result"]["items"]}
            assert {"x.crt", "sound.crt", "App.connectedApp-meta.xml"} <= set(found), "one hides no other"
            assert found["x.crt"]["notAfter"][:4] == DATES[name][1][:4]


def test_every_report_holds_all_of_them(cli: Cli, folder: Path) -> None:
    """Read back by the formats' own readers."""
    for name, dates in DATES.items():
        (folder / f"{name}.crt").write_text(pem(dated(name, *dates)))
    assert cli("audit", ".", "--csv", "a.csv", "--ics", "a.ics", "--prometheus", "a.prom").code == 6
    rows = list(csv.DictReader(io.StringIO(Path("a.csv").read_bytes().decode("utf-8-sig"))))
    assert {row["name"]: row["not_after"][:4] for row in rows} == {name: end[:4] for name, (_, end) in DATES.items()}
    families = {family.name: family for family in text_string_to_metric_families(Path("a.prom").read_text())}
    assert {sample.labels["name"] for sample in families["x509_cert_not_after"].samples} == set(DATES)
    events = icalendar.Calendar.from_ical(Path("a.ics").read_bytes()).walk("VEVENT")
    assert not [event for event in events if event.decoded("dtstart") >= date(2100, 1, 1)], "nobody there to read it"


def test_a_calendar_takes_the_last_day_there_is(cli: Cli, folder: Path) -> None:
    """Of one certificate that was asked for; an all-day entry needs no end (RFC 5545, 3.6.1)."""
    (folder / "x.crt").write_text(pem(dated("x", *DATES["no_expiry"])))
    assert cli("reminder", "x.crt", *PW, "--ics", "m.ics").code == 0
    days = [
        event.decoded("dtstart") for event in icalendar.Calendar.from_ical(Path("m.ics").read_bytes()).walk("VEVENT")
    ]
    assert date(9999, 12, 31) in days


@pytest.mark.parametrize(("name", "goes_on"), [("no_expiry", True), ("far", True), ("backwards", False)])
def test_a_bar_beyond_the_timeline_goes_on_and_has_no_diamond(name: str, goes_on: bool, cli: Cli, folder: Path) -> None:
    (folder / "x.crt").write_text(pem(dated(name, *DATES[name])))
    cli("audit", ".", "--html", "a.html")
    text = Path("a.html").read_text()
    _, bars = text.split("<tbody", 1)  # behind the legend, which has a diamond too
    assert (bars.count('<use href="#beyond"'), bars.count('<use href="#mail"')) == (int(goes_on), 0)


def test_what_outlives_everybody_wants_no_reminder(cli: Cli, folder: Path) -> None:
    """Neither that, nor what expired long ago, is called uncovered; no command is told for either but a renewal."""
    for name in ("far", "year_one"):
        (folder / f"{name}.connectedApp-meta.xml").write_text(
            f"<ConnectedApp><oauthConfig><certificate>{pem(dated(name, *DATES[name]))}</certificate></oauthConfig></ConnectedApp>"
        )
    done = cli("audit", ".", "--json")
    commands = {item["name"]: [step["command"] for step in item["advice"]] for item in done.json["result"]["items"]}
    assert commands["far"] == []
    assert not [command for command in commands["year_one"] if command and command[1] == "reminder"]
    assert (done.json["result"]["counts"]["uncovered"], done.json["warnings"]) == (0, [])
    assert cli("audit", ".", "--fail-on", "uncovered").code == 0
