"""Whole folders, an sfdx project above all: what can hold no certificate is passed over, and nothing else is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result
from sfdx_project import Project, make_project
from test_json import validate

Cli = Callable[..., Result]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """2,000 files, five of them with a certificate. Not to be changed."""
    return make_project(tmp_path_factory.mktemp("project") / "sf")


@pytest.mark.slow
def test_show_tells_of_the_five_certificates_of_a_project_alone(cli: Cli, project: Project) -> None:
    """Components, mails, pages and metadata without a certificate take no line and are no error."""
    shown = cli("show", project.folder)
    assert (shown.code, shown.err) == (0, "")
    assert len(shown.out.splitlines()) < 66
    result = cli("show", project.folder, "--json").json
    validate(result, "show")
    assert {Path(file["path"]) for file in result["result"]["files"]} == set(project.certificates)
    assert all(len(file["certificates"]) == 1 for file in result["result"]["files"])
    assert result["result"]["unreadable"] == []


def test_check_judges_the_five_certificates_of_a_project_alone(cli: Cli, project: Project) -> None:
    """Nothing else of it is judged, and nothing is an error."""
    result = cli("check", project.folder, "--json")
    assert result.code == 0
    assert {Path(file["path"]) for file in result.json["result"]["files"]} == set(project.certificates)
    assert result.json["result"]["unreadable"] == []


def test_compare_finds_the_one_certificate_of_a_folder_of_metadata(cli: Cli, folder: Path, project: Project) -> None:
    """Against a whole folder, which holds pages, components and a damaged certificate besides."""
    main = project.folder / "force-app" / "main" / "default"
    for part in ("aura/Panel1", "email", "certs", "staticresources"):
        shutil.copytree(main / part, folder / "part" / part)
    certificate = main / "certs" / "Client3.crt"
    assert cli("compare", "part", certificate).code == 0
    (folder / "part" / "old.crt").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    damaged = cli("compare", "part", certificate)
    assert damaged.code == 0
    assert "old.crt" in damaged.err
    assert "not compared" in damaged.err
    named = cli("compare", "part/old.crt", certificate)
    assert named.code == 1


@pytest.mark.parametrize("command", ["show", "check"])
def test_one_damaged_file_of_a_folder_never_hides_the_others(command: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """Its name promises a certificate, so it is told of; a page that quotes half of one does not."""
    half = pair.crt.read_text()[:300]
    (folder / "all").mkdir()
    shutil.copy(pair.crt, folder / "all" / "a.crt")
    (folder / "all" / "b.crt").write_text(half)
    (folder / "all" / "page.html").write_text(f"<p>Like this:\n{half}")
    (folder / "all" / "README.md").write_text(half)
    shutil.copy(pair.crt, folder / "all" / "z.crt")
    result = cli(command, "all", "--json")
    assert result.code == 1
    validate(result.json, command)
    assert [Path(file["path"]).name for file in result.json["result"]["files"]] == ["a.crt", "z.crt"]
    assert [Path(one["path"]).name for one in result.json["result"]["unreadable"]] == ["b.crt"]


def test_a_repair_that_needs_a_new_password_never_hides_the_others(cli: Cli, folder: Path, pair: Pair) -> None:
    """The file is told of, the others are judged and repaired."""
    from test_check import ders, keystore, pkcs8

    key, chain = pkcs8(pair), ders(pair.crt)
    (folder / "a.jks").write_bytes(keystore(key, chain, alias="Pay", password=""))
    (folder / "b.jks").write_bytes(keystore(key, chain, alias="Pay"))
    result = cli("check", "a.jks", "b.jks", "--fix", "--password", "env:TEST_PASSWORD", "--json")
    assert result.code == 1
    assert [one["code"] for one in result.json["result"]["unreadable"]] == ["usage.new-password"]
    assert [file["path"] for file in result.json["result"]["files"]] == ["b.jks"]
    assert (folder / "pay-fixed" / "pay.jks").is_file()
    alone = cli("check", "a.jks", "--fix", "--json")
    assert (alone.code, alone.json["code"]) == (2, "usage.new-password")


@pytest.mark.parametrize("name", ["idp.xml", "Idp.md-meta.xml"])
def test_audit_and_show_find_the_same_certificates_in_other_xml(name: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """Such as the metadata of an identity provider, or a record of custom metadata: named and walked alike."""
    text = pair.crt.read_text()
    part = "".join(text.splitlines()[1:-1]) if name == "idp.xml" else text
    namespace = (
        "urn:oasis:names:tc:SAML:2.0:metadata" if name == "idp.xml" else "http://soap.sforce.com/2006/04/metadata"
    )
    (folder / "in").mkdir()
    (folder / "in" / name).write_text(f'<Root xmlns="{namespace}"><a><value>\n{part}</value></a><b>MI5</b></Root>')
    for place in ("in", f"in/{name}"):
        [shown] = cli("show", place, "--json").json["result"]["files"]
        [item] = cli("audit", place, "--json").json["result"]["items"]
        assert [item["certificate"]["sha256"]] == [each["sha256"] for each in shown["certificates"]]
        assert Path(item["path"]) == Path("in", name)
        assert item["counts"]


def test_damaged_metadata_that_can_hold_no_certificate_is_passed_over(cli: Cli, folder: Path, pair: Pair) -> None:
    """As by an audit; where it is named itself it is an error."""
    shutil.copy(pair.crt, folder / "good.crt")
    view = folder / "All.listView-meta.xml"
    view.write_text('<ListView xmlns="http://soap.sforce.com/2006/04/metadata"><label xsi:nil></label></ListView>')
    for command in (["show"], ["check"], ["audit", "--fail-on", "unreadable"]):
        result = cli(*command, folder, "--json")
        assert (result.code, "listView" in result.out) == (0, False), result
    assert cli("compare", folder, pair.crt).err == ""
    assert cli("show", view, "--json").json["code"] == "xml.malformed-other"
    (folder / "App.connectedApp-meta.xml").write_text("<ConnectedApp><label xsi:nil></label></ConnectedApp>")
    assert cli("show", folder).code == 1


def test_source_that_has_to_hold_a_certificate_and_does_not_is_told(cli: Cli, folder: Path, pair: Pair) -> None:
    """Empty, or cut so that nothing tells any more what it was: an app's certificate is never passed over."""
    shutil.copy(pair.crt, folder / "good.crt")
    cut = folder / "certs" / "cut.crt"
    cut.parent.mkdir()
    for content in (b"", b"\x30\x82\x03\x10\x30\x82"):
        cut.write_bytes(content)
        Path(f"{cut}-meta.xml").write_text("<Certificate><masterLabel>x</masterLabel></Certificate>")
        app = folder / "Pay.connectedApp-meta.xml"
        app.write_bytes(b"")
        for command in ("show", "check") if not content else ("show",):
            unread = cli(command, folder, "--json").json["result"]["unreadable"]
            assert {Path(each["path"]).name for each in unread} == {"cut.crt", "Pay.connectedApp-meta.xml"}, command
        audited = cli("audit", folder, "--json")
        assert audited.code == 68
        assert len(audited.json["result"]["sources"][0]["problems"]) == 2
