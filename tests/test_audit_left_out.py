"""What ``audit`` leaves out or folds away, and says so: dead certificates of CKM, excluded files, undeployed source."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, required
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fake_org import FakeOrg
from filled_org import Made, add_connected_app, key, make
from test_audit_advice import app, certificate

from sfkeytool.audit.patterns import parse_forceignore

Cli = Callable[..., Result]


def in_certs(name: str, days: int, project: str = "p") -> None:
    path = Path(project, "certs", f"{name}.crt")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(certificate(name, days))
    Path(f"{path}-meta.xml").write_text("<Certificate><masterLabel>x</masterLabel></Certificate>")


def credential(name: str, reference: str, project: str = "p") -> None:
    path = Path(project, f"{name}.namedCredential-meta.xml")
    path.write_text(f"<NamedCredential><certificate>{reference}</certificate></NamedCredential>")


def unused(done: Result) -> set[str]:
    return {item["name"] for item in done.json["result"]["items"] if item["unused"]}


def last_line(done: Result) -> str:
    return done.out.splitlines()[-1]


# Dead certificates


@pytest.mark.slow
def test_dead_certificates_of_a_project_are_one_line(cli: Cli, folder: Path) -> None:
    """Expired over a year ago and named by nothing: no exit code, no row, one line; all of them in the JSON."""
    for number in range(14):
        in_certs(f"old_{number}", -366 - number)
    in_certs("named", -400)
    credential("Bank", "Named")
    in_certs("recent", -365)
    done = cli("audit", "p", "--json")
    assert unused(done) == {f"old_{number}" for number in range(14)}
    assert (done.code, done.json["result"]["counts"]["expiredUnused"]) == (6, 14), "two others have expired"
    done = cli("audit", "p", "--html", "a.html")
    assert "14 expired over a year ago and unused: old_13, old_12" in done.out
    assert not [line for line in done.out.splitlines() if line.startswith("expired") and "old_" in line]
    assert last_line(done) == "2 expired, 0 due, 0 fine; 14 expired and unused"
    page = Path("a.html").read_text()
    assert page.count("14 expired over a year ago and unused") == 1
    assert page.count("old_3") == 1, "only in that line"
    for name in ("named", "recent"):
        Path(f"p/certs/{name}.crt").unlink()
    assert cli("audit", "p").code == 0
    assert cli("audit", "p", "--fail-on", "expired").code == 0
    assert cli("audit", "p", "--fail-on", "expired-unused").code == 6
    Path("c.toml").write_text('paths = ["p"]\nfail-on = ["expired-unused"]\n')
    assert cli("audit", "--config", "c.toml").code == 6
    Path("c.toml").write_text(
        'paths = ["p"]\nfail-on = ["expired-unused"]\n'
        '[[exceptions]]\nname = "old_*"\nuntil = 2999-01-01\nreason = "known"\n'
    )
    done = cli("audit", "--config", "c.toml")
    assert (done.code, done.out.count("expired  ")) == (0, 14), "an exception is a row, and decides nothing"


def test_what_an_app_carries_is_not_folded(cli: Cli, folder: Path) -> None:
    in_certs("old", -400)
    assert unused(cli("audit", "p", "--json")) == {"old"}
    old = Path("p/certs/old.crt").read_text()
    app = f"<ConnectedApp><oauthConfig><certificate>{old}</certificate></oauthConfig></ConnectedApp>"
    Path("p/App-meta.xml").write_text(app)
    done = cli("audit", "p", "--json")
    assert (unused(done), done.code) == (set(), 6)


def test_a_record_id_in_files_may_mean_one_that_is_folded_and_that_is_said(cli: Cli, folder: Path) -> None:
    """Nearly every project with single sign-on has one, and no file tells whose it is."""
    in_certs("old", -400)
    for id in ("0P1000000000ABC", "0P1000000000ABD"):
        setting = f"<SamlSsoConfig><requestSigningCertId>{id}</requestSigningCertId></SamlSsoConfig>"
        Path(f"p/{id}-meta.xml").write_text(setting)
    done = cli("audit", "p", "--html", "page.html")
    assert done.code == 0
    said = " ".join(done.out.split())
    unless = "unless one is the CKM certificate of Id 0P1000000000ABC or 0P1000000000ABD, which files do not tell: old"
    assert f"1 expired over a year ago and unused, {unless}" in said
    assert unless in Path("page.html").read_text()
    assert unused(cli("audit", "p", "--json")) == {"old"}


def test_a_name_in_another_folder_counts_for_source(cli: Cli, folder: Path) -> None:
    in_certs("old", -400)
    Path("other").mkdir()
    credential("Bank", "old", "other")
    assert unused(cli("audit", "p", "--json")) == {"old"}
    assert unused(cli("audit", "p", "other", "--json")) == set()


def test_dead_certificates_of_an_org_need_an_org_read_whole(cli: Cli, org: FakeOrg) -> None:
    """What could not be read may name it; a name that leads to nothing may mean it; with its chain it is one."""
    ca = make("Worthless CA", 3000, 0, ca=True)
    dead = Made(
        x509.CertificateBuilder(
            make("dead", 1, 4, issuer=ca).certificate.issuer,
            make("dead", 1, 4).certificate.subject,
            key(4).public_key(),
            4,
            datetime(2020, 1, 1, tzinfo=UTC),
            datetime(2021, 1, 1, tzinfo=UTC),
        ).sign(key(0), hashes.SHA256())
    )
    org.contents.add_certificate("dead", dead.pem + ca.pem, dead.expires, ca_signed=True)
    org.contents.add_certificate("live", make("live", 300, 5).pem, make("live", 300, 5).expires)
    done = cli("audit", "--json")
    assert (done.code, unused(done)) == (0, {"dead"})
    assert done.json["result"]["counts"]["expiredUnused"] == 1
    assert "1 expired over a year ago and unused: " in cli("audit").out
    assert "CA)" not in cli("audit").out
    org.contents.denied_types.add("NamedCredential")
    assert (cli("audit").code, unused(cli("audit", "--json"))) == (6, set())
    org.contents.denied_types.clear()
    org.contents.add("NamedCredential", "Lost", [("certificate", "gone"), ("label", "Lost")])
    assert unused(cli("audit", "--json")) == set()
    org.contents.components["NamedCredential"].clear()
    org.contents.add("NamedCredential", "Bank", [("certificate", "dead"), ("label", "Bank")])
    assert (cli("audit").code, unused(cli("audit", "--json"))) == (6, set())


# Excluded


def test_excluded_files_are_not_read_and_are_counted(cli: Cli, folder: Path) -> None:
    """By flag or configuration, by folder, file or name; what is named itself is never left out."""
    for place in ("keep", "legacy/deep", "node_modules/x"):
        app("Pay", certificate("pay", 300), folder=place)
    Path("legacy/broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert cli("audit", ".").code == 68
    done = cli("audit", ".", "--exclude", "legacy/", "--exclude", "node_mod*", "--json")
    counts = done.json["result"]["counts"]
    assert (done.code, counts["excludedFiles"], len(done.json["result"]["items"])) == (0, 3, 1)
    Path("c.toml").write_text('paths = ["."]\nexclude = ["**/deep/*", "*.pem", "node_modules"]\n')
    done = cli("audit", "--config", "c.toml")
    assert (done.code, last_line(done)) == (0, "0 expired, 0 due, 1 fine; 1 app uncovered in files; left out: 3 files")
    assert cli("audit", "legacy/broken.pem", "--exclude", "legacy").code == 68
    Path("c.toml").write_text("exclude = 'x'\n")
    assert cli("audit", "--config", "c.toml").code == 1


# What only looks like a certificate


BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def put(path: str, content: str | bytes) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode() if isinstance(content, str) else content)


def test_tests_of_other_packages_are_one_line(cli: Cli, folder: Path) -> None:
    """What is damaged or locked, though, in the code of a package or among one's own files, is told, as ever."""
    locked = (Path(__file__).parent.parent / "fixtures" / "keystores" / "openssl-modern.p12").read_bytes()
    silent: dict[str, str | bytes] = {
        "p/node_modules/x/store.jks": "no keystore",
        "p/node_modules/x/empty.crt": b"",
        "p/node_modules/x/test/deep/broken.pem": BROKEN,
        "p/node_modules/x/__tests__/locked.p12": locked,
        "p/.venv/lib/python3.11/site-packages/y/tests/broken.crt": BROKEN,
        "p/key.pem": "prose",
    }
    told: dict[str, str | bytes] = {
        "p/node_modules/x/lib/broken.pem": BROKEN,
        "p/node_modules/x/lib/locked.p12": locked,
        "p/tests/broken.pem": BROKEN,
        "p/certs/damaged.crt": "no certificate",
        "p/certs/empty.crt": b"",
    }
    for path, content in (silent | told).items():
        put(path, content)
    put("p/app.js", "1")
    done = cli("audit", "p")
    assert (done.code, {path for path in silent | told if str(Path(path)) in done.out}) == (68, set(told))
    assert done.out.count("passed over") == 1
    assert (
        "\npassed over: 6 files named like certificates or keys that are none, or tests of other packages (-v names all);"
        " 5 of them count as not read, unless left out by --exclude\n"
    ) in done.out
    verbose = cli("audit", "p", "-v")
    seen = verbose.out + verbose.err
    assert all(str(Path(path)) in verbose.out for path in told)
    assert all(str(Path(path)) in seen for path in silent)
    result = cli("audit", "p", "--json").json["result"]
    assert result["counts"]["lookalikeFiles"] == 6
    assert {Path(problem["path"]).as_posix() for problem in result["sources"][0]["problems"]} == (
        silent | told
    ).keys() - {"p/key.pem"}


def test_what_is_passed_over_and_counts_is_told(cli: Cli, folder: Path) -> None:
    """Else nothing would say why the exit code is not 0; left out, as the line says, it is."""
    put("p/node_modules/x/store.jks", "no keystore")
    put("p/key.pem", "prose")
    done = cli("audit", "p")
    assert done.code == 68
    assert "1 of them counts as not read" in done.out
    done = cli("audit", "p", "--exclude", "node_modules")
    assert done.code == 0
    assert "passed over: 1 file named like a certificate or key that is none" in done.out
    assert "count as" not in done.out


def test_what_is_named_itself_is_told(cli: Cli, folder: Path) -> None:
    """Wherever it lies."""
    path = "node_modules/x/test/broken.pem"
    put(path, BROKEN)
    for named in (path, "node_modules/x/test", "node_modules/x", "node_modules"):
        done = cli("audit", named)
        assert (done.code, f"not read: {Path(path)}" in done.out, "passed over" in done.out) == (68, True, False)


@pytest.mark.parametrize(
    ("place", "theirs"),
    [
        ("src/tests", False),
        ("tests/node_modules", False),
        ("node_modules/x", False),
        ("node_modules/x/test", True),
        ("a/Node_Modules/Tests", True),
    ],
)
def test_what_is_damaged_in_the_tests_of_a_package_is_counted_and_not_told(
    place: str, theirs: bool, cli: Cli, folder: Path
) -> None:
    """Everywhere else it may be one's own."""
    Path(place).mkdir(parents=True)
    Path(place, "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert ("passed over: 1 file" in cli("audit", ".").out) is theirs


def test_excluded_certificates_of_an_org_still_cover(cli: Cli, org: FakeOrg) -> None:
    made = make("pay", 300, 1)
    org.contents.add_certificate("pay", made.pem, made.expires)
    add_connected_app(org, "Pay_App", made.pem)
    add_connected_app(org, "Legacy", make("legacy", 300, 2).pem)
    done = cli("audit", "--exclude", "PAY", "--exclude", "ConnectedApp:Leg*", "--json")
    items = {item["name"]: item["coverage"] for item in done.json["result"]["items"]}
    assert (done.code, items) == (0, {"Pay_App": "covered"})
    assert last_line(cli("audit", "--exclude", "pay")) == (
        "0 expired, 0 due, 2 fine; 1 app uncovered in 1 org; left out: 1 certificate"
    )


def test_the_last_line_counts(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """And the JSON has the same numbers."""
    for name, days in (("a", -3), ("b", 5), ("c", 300), ("d", 300)):
        add_connected_app(org, name, make(name, days, 1).pem)
    app("File", certificate("file", 300))
    done = cli("audit", "apps", "-i", "x", "--json")
    assert done.code == 2, "a login of our own needs more"
    done = cli("audit", "--json")
    counts: dict[str, Any] = done.json["result"]["counts"]
    assert {name: counts[name] for name in ("expired", "due", "fine", "uncovered", "uncoveredOrgs")} == {
        "expired": 1, "due": 1, "fine": 2, "uncovered": 3, "uncoveredOrgs": 1
    }  # fmt: skip
    assert last_line(cli("audit")) == "1 expired, 1 due, 2 fine; 3 apps uncovered in 1 org"


# .forceignore


def test_forceignore_marks_and_hides_nothing(cli: Cli, folder: Path) -> None:
    """People list connected apps there: they are read, and called not deployed; another project's file says nothing."""
    for project in ("one", "two"):
        for name in ("Pay", "Kept"):
            app(name, certificate(name, 300), folder=f"{project}/force-app/connectedApps")
        Path(project, "sfdx-project.json").write_text("{}")
    Path("one/.forceignore").write_text("# apps\n**/connectedApps/*\n!Kept.connectedApp-meta.xml\n")
    for paths in (["."], ["one/force-app/connectedApps", "two"], ["two/../one", "two"]):
        done = cli("audit", *paths, "--json")
        deployed = {
            Path(item["path"]).as_posix().replace("two/../", ""): item["deployed"]
            for item in done.json["result"]["items"]
        }
        assert deployed == {
            f"{project}/force-app/connectedApps/{name}.connectedApp-meta.xml": (project, name) != ("one", "Pay")
            for project in ("one", "two")
            for name in ("Pay", "Kept")
        }
    done = cli("audit", ".", "--html", "a.html")
    assert done.out.count("(not deployed)") == 1
    assert Path("a.html").read_text().count("not deployed") == 1


PATHS = (
    "a.txt", "b/a.txt", "b/c/a.txt", "b/c/d.xml", "x/b/c/a.txt", "connectedApps/Pay.connectedApp-meta.xml",
    "force-app/main/connectedApps/Pay.connectedApp-meta.xml", "lwc/tile/__tests__/tile.test.js", "lwc/jsconfig.json",
    "[a].txt", "a1.txt", "ab/x.y", "A.txt", "b/!a.txt", "#a", "a b.txt", "profiles/Admin.profile-meta.xml",
)  # fmt: skip


@pytest.mark.parametrize(
    "pattern",
    ["a.txt", "/a.txt", "b/", "b", "b/c", "/b/c/", "**/c", "**/c/**", "b/**", "b/**/a.txt", "*.xml", "*", "**", "?.txt",
     "[ab]?.txt", "[!a].txt", "[^a]*", "a[0-9].txt", "\\[a\\].txt", "**/jsconfig.json", "**/__tests__/**", "#a", "\\#a",
     "!a.txt", "\\!a.txt", "a b.txt", "a.txt   ", "*.txt\n!b/a.txt", "b/\n!b/a.txt", "*\n!*/\n!*.xml", "**/*.profile-meta.xml",
     "connectedApps/*", "**/connectedApps/*", "/**/a.txt", "b/c/*", "*/a.txt", "[b]", "[", "a[", "x/", "", "/", "b//c", "***"],
)  # fmt: skip
@pytest.mark.slow
def test_forceignore_is_matched_as_git_does(pattern: str, tmp_path: Path) -> None:
    """git check-ignore is the judge: the Salesforce CLI takes the same patterns."""
    git = required("git")
    subprocess.run([git, "init", "-q", tmp_path], check=True, capture_output=True)
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / ".gitignore").write_text(pattern + "\n")
    done = subprocess.run(
        [git, "-c", "core.excludesFile=", "check-ignore", "-z", "--stdin", "--no-index"],
        cwd=tmp_path, input="\0".join(PATHS).encode(), capture_output=True, check=False,
    )  # fmt: skip
    theirs = {path for path in done.stdout.decode().split("\0") if path}
    rules = parse_forceignore(pattern + "\n")
    assert {path for path in PATHS if rules.ignores(path)} == theirs
