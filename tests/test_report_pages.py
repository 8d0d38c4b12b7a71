"""The audit's reports for CI: Markdown as a renderer reads it, SARIF as its specification has it."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from conftest import Pair, Result
from dated_certificates import dated, pem
from markdown_it import MarkdownIt

Cli = Callable[..., Result]
HOSTILE = "a|b <img src=x> [l](x) `c` *d* _f_ @team #12 ~~e~~ &amp; www.example.com ☃.crt"


def lay_out(folder: Path, pair: Pair) -> None:
    """Expired, due, fine, uncovered, leading nowhere, unreadable: one of each."""
    (folder / "old.crt").write_text(pem(dated("old", "20200101000000Z", "20210101000000Z")))
    (folder / "due.crt").write_bytes(pair.crt.read_bytes())
    (folder / "fine.crt").write_text(pem(dated("fine", "20200101000000Z", "20490101000000Z")))
    (folder / "broken.jks").write_bytes(b"\xfe\xed\xfe\xed\x00\x00\x00\x02\x00")
    body = "".join(pair.crt.read_text().splitlines()[1:-1])
    app = folder / "force-app/main/default/connectedApps/Pay it.connectedApp-meta.xml"
    app.parent.mkdir(parents=True)
    app.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">'
        f"<contactEmail>a@example.com</contactEmail><label>Pay it</label><oauthConfig><certificate>{body}</certificate>"
        "</oauthConfig></ConnectedApp>"
    )


def test_sarif_has_a_result_for_each_thing_that_is_wrong(cli: Cli, folder: Path, pair: Pair) -> None:
    """And none for what is fine; each with a rule, a place that is a reference, and a fingerprint that stays."""
    lay_out(folder, pair)
    runs = []
    for _ in range(2):
        cli("audit", ".", "--within", "1500", "--sarif", "a.sarif")
        runs.append(json.loads((folder / "a.sarif").read_text("ascii")))
    assert runs[0] == runs[1]
    [run] = runs[0]["runs"]
    assert runs[0]["version"] == "2.1.0"
    rules = run["tool"]["driver"]["rules"]
    found = {(result["ruleId"], place(result)) for result in run["results"]}
    app = "force-app/main/default/connectedApps/Pay it.connectedApp-meta.xml"
    assert found == {
        ("audit.expired", "old.crt"),
        ("audit.due", "due.crt"),
        ("audit.due", app),
        ("audit.uncovered", app),
        ("audit.unreadable", "broken.jks"),
    }
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == rules[result["ruleIndex"]]["defaultConfiguration"]["level"]
        assert " " not in result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    prints = [result["partialFingerprints"]["sfkeytool/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def place(result: dict[str, Any]) -> str:
    """The file, as SARIF's reader finds it: a reference relative to the folder, with its escapes undone."""
    parts = urlsplit(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    return unquote(parts.path)


def annotations(path: Path) -> list[tuple[str, dict[str, str], str]]:
    """Level, properties and message, as GitHub's runner reads commands: by the first ``::``, commas and ``=``."""
    read = []
    for line in path.read_text("utf-8").splitlines()[1:]:
        found = re.fullmatch(r"::(error|warning) (.*?)::(.*)", line)
        assert found, line
        properties = dict(each.split("=", 1) for each in found[2].split(","))
        read.append((found[1], {name: unquote(value) for name, value in properties.items()}, unquote(found[3])))
    return read


def test_annotations_stand_at_the_files_and_errors_first(cli: Cli, folder: Path, pair: Pair) -> None:
    lay_out(folder, pair)
    cli("audit", ".", "--within", "1500", "--annotations", "a.txt")
    app = "force-app/main/default/connectedApps/Pay it.connectedApp-meta.xml"
    read = annotations(folder / "a.txt")
    assert {(level, properties["title"], properties["file"]) for level, properties, _ in read} == {
        ("error", "audit.expired", "old.crt"),
        ("warning", "audit.due", "due.crt"),
        ("warning", "audit.due", app),
        ("warning", "audit.uncovered", app),
        ("warning", "audit.unreadable", "broken.jks"),
    }
    assert read[0][0] == "error"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_no_name_becomes_a_command_or_another_property(cli: Cli, folder: Path, pair: Pair) -> None:
    """Line ends, what ends a command, and what ends a property."""
    name = "a\n::error::b,line=1::%25%0A\r.crt"
    (folder / name).write_bytes(pair.crt.read_bytes())
    cli("audit", ".", "--within", "4000", "--annotations", "a.txt", "--fail-on", "never")
    [(level, properties, text)] = annotations(folder / "a.txt")
    assert (level, properties) == ("warning", {"title": "audit.due", "file": name})
    assert "line=1::%25%0A" in text
    assert (folder / "a.txt").read_text().count("\n") == 2


@pytest.mark.parametrize(("name", "uri"), [("a:b.crt", "./a:b.crt"), ("50%#?.crt", "50%25%23%3F.crt")])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_an_odd_name_is_a_reference_still(cli: Cli, folder: Path, pair: Pair, name: str, uri: str) -> None:
    (folder / name).write_bytes(pair.crt.read_bytes())
    cli("audit", ".", "--within", "4000", "--sarif", "a.sarif", "--fail-on", "never")
    [run] = json.loads((folder / "a.sarif").read_text())["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_file_of_the_root_has_an_address(cli: Cli, folder: Path, pair: Pair) -> None:
    (folder / "a.crt").write_bytes(pair.crt.read_bytes())
    cli("audit", str(folder / "a.crt"), "--within", "4000", "--sarif", "a.sarif", "--fail-on", "never")
    [run] = json.loads((folder / "a.sarif").read_text())["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")


def test_markdown_tells_all_and_says_each_advice_once(cli: Cli, folder: Path, pair: Pair) -> None:
    lay_out(folder, pair)
    cli("audit", ".", "--within", "1500", "--markdown", "a.md")
    page = (folder / "a.md").read_text("utf-8")
    html = MarkdownIt("commonmark").enable("table").render(page)
    for said in ("1 expired", "old.crt", "due.crt", "fine.crt", "Pay it", "uncovered", "broken.jks"):
        assert said in html
    advice = [line for line in page.splitlines() if line.startswith("- ")]
    assert advice
    assert len(set(advice)) == len(advice)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_nothing_in_a_name_is_read_as_markdown(cli: Cli, folder: Path, pair: Pair) -> None:
    """The renderer shows the very name; no element comes of it but the table's and the list's own."""
    (folder / HOSTILE).write_bytes(pair.crt.read_bytes())
    cli("audit", ".", "--within", "4000", "--markdown", "a.md", "--fail-on", "never")
    page = (folder / "a.md").read_text("utf-8")
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page)
    cells = [token for token in tokens if token.type == "inline"]
    shown = ["".join(child.content for child in cell.children or ()) for cell in cells]
    assert HOSTILE in shown
    kinds = {child.type for cell in cells for child in cell.children or ()}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "code_inline", "softbreak"}
    for mark in ("@team", " #12", "www.example"):
        assert mark not in page.replace("`", " ").partition("What to do")[0]
