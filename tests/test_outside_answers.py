"""What orgs, proxies, login servers and the Salesforce CLI answer is anybody's: an error of theirs, never a bug."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from conftest import Pair, Result
from fake_org import FakeOrg
from filled_org import fill, make
from stand_in_cli import as_command
from test_login_network import GRANT, Server, http, serve

from sfkeytool import outside_json
from sfkeytool.audit.files import read_carriers
from sfkeytool.audit.judging import judge
from sfkeytool.errors import OrgError
from sfkeytool.keystores import guarded_xml
from sfkeytool.outside_json import MAX_DEPTH, parse_json
from sfkeytool.salesforce.cli_bridge import parse_deploy, parse_display, parse_token

Cli = Callable[..., Result]
__all__ = ["serve"]

VALUES: list[Any] = [
    "²", "٣", "\ud800", "x\r\ny\0", "", "9" * 4000, -1, True, None, 1e308, 0.5, [], {}, [[]], {"a": {"b": []}},
    "9999-12-31", "0001-01-01", "0001-01-01T00:00:00.000+0000", "9999-12-31T23:59:59-23:59", "2026-02-30",
]  # fmt: skip
TEXTS = [
    b"Infinity", b"-Infinity", b"NaN", b"1e999", b"9" * 5000, b"[" * 100_000, b'{"a":' * 100_000, b'"' + b'\\"' * 100_000,
    b"", b"\xff", b'"\xed\xa0\x80"', b"{}", b"[]", b"null", b"1", b'"text"', b"[null]", b"[[]]",
]  # fmt: skip
"""Bodies. The JSON of an API is none of them, or not the JSON that was asked for."""


def hostile(row: Any, value: Any) -> Any:
    """``row`` with another value everywhere but in the names that things are known by."""
    if not isinstance(row, dict):
        return value
    return {
        name: each if name in ("DeveloperName", "Username", "attributes") else hostile(each, value)
        for name, each in row.items()
    }


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.slow
def test_no_value_in_an_org_is_a_bug(value: Any, cli: Cli, org: FakeOrg) -> None:
    """In each column of each object that is asked for."""
    fill(org)
    for rows in org.contents.rows.values():
        rows[:] = [hostile(row, value) for row in rows]
    for command in ("audit", "ckm list"):
        done = cli(*command.split(), "--json")
        assert done.code in (0, 1, 5, 6, 68), done
        assert "internal.bug" not in done.out


@pytest.mark.parametrize("nested", [None, "text", [], 7])
def test_a_record_inside_a_record_may_be_none(nested: Any, cli: Cli, org: FakeOrg) -> None:
    """Assignee, Profile, UserLicense and SubscriberPackage."""
    fill(org)
    for deep in (True, False):
        for assignment in org.contents.rows["PermissionSetAssignment"]:
            if deep:
                assignment["Assignee"]["Profile"] = nested
            else:
                assignment["Assignee"] = nested
        for package in org.contents.rows["InstalledSubscriberPackage"]:
            package["SubscriberPackage"] = nested
        assert "internal.bug" not in cli("audit", "--json").out


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:12].decode("latin-1"))
@pytest.mark.slow
def test_no_body_of_an_org_is_a_bug(text: bytes, status: int, cli: Cli, org: FakeOrg) -> None:
    """Instead of its versions, of a page of records, or of SOAP; and as a value in a page."""
    page = b'{"done": true, "records": [{"DeveloperName": "pay", "KeySize": ' + text + b"}]}"
    usual = org.answer
    wrong, body = "", b""

    def answer(method: str, target: str, *rest: Any) -> Any:
        path = target.partition("?")[0]
        is_it = path.endswith("/data") if wrong == "/data" else wrong in path
        return (status, body) if is_it else usual(method, target, *rest)

    org.answer = answer  # type: ignore[method-assign, assignment]
    for place in (("/data", text), ("/query", text), ("/query", page), ("/Soap/", text)):
        wrong, body = place
        done = cli("ckm", "list", "--json")
        assert done.code in (0, 1), done
        assert "internal.bug" not in done.out


@pytest.mark.parametrize("text", TEXTS[::2], ids=lambda text: text[:12].decode("latin-1"))
@pytest.mark.parametrize("status", [200, 400])
def test_no_answer_to_a_login_is_a_bug(
    text: bytes, status: int, cli: Cli, pair: Pair, serve: Callable[..., Server]
) -> None:
    """Neither the whole body, nor a token, an address, an error."""
    names = ("access_token", "instance_url", "id", "scope") if status == 200 else ("error", "error_description")
    bodies = [text, *(b'{"access_token": "00D!x", "error": "x", "%s": %s}' % (name.encode(), text) for name in names)]
    server = serve(*(http(status, body) for body in bodies))
    for _ in bodies:
        done = cli("login", "-f", pair.key, "-i", "3MVG9" + "x" * 80, "-u", "b@example.com", "-r", server.url, "--json")
        assert done.code in (0, 1, 4), done


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", "00D!x\r\nX-Evil: 1"),
        ("access_token", "00D!é"),
        ("access_token", ""),
        ("instance_url", "http://acme.my.salesforce.com"),
        ("instance_url", "https://acme.my.salesforce.com\r\nHost: x"),
    ],
)
def test_a_grant_that_no_request_could_use_is_none(
    name: str, value: str, cli: Cli, pair: Pair, serve: Callable[..., Server]
) -> None:
    """Which would be found out only by the next request."""
    server = serve(http(200, json.dumps(json.loads(GRANT) | {name: value}).encode()))
    done = cli("login", "-f", pair.key, "-i", "3MVG9" + "x" * 80, "-u", "b@example.com", "-r", server.url, "--json")
    assert (done.code, done.json["code"]) == (1, "network.not-salesforce"), done


@pytest.mark.parametrize(
    "moment",
    [
        "Fri, 27 Nov 100000000000000000000 18:00:00 GMT",
        "Fri, 27 Nov 2026 18:00:00 +99999999999999999999",
        "Fri, 27 Nov 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Fri, 27 Nov \xb2 18:00:00 GMT",
        "Fri",
        "",
    ],
)
def test_a_servers_clock_may_say_anything(moment: str, cli: Cli, pair: Pair, serve: Callable[..., Server]) -> None:
    """The login is accepted all the same."""
    answer = http(200, GRANT, "Date: PLACE").replace(b"PLACE", moment.encode("latin-1"))
    server = serve(answer)
    done = cli("login", "-f", pair.key, "-i", "3MVG9" + "x" * 80, "-u", "b@example.com", "-r", server.url, "--json")
    assert done.code == 0, done


# The token of CI


@pytest.mark.parametrize("around", ["{}\r\n", " {}\n", "\t{} "])
def test_a_token_with_the_line_ends_of_windows_is_taken(
    around: str, cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an address too."""
    for name in ("SF_ACCESS_TOKEN", "SF_ORG_INSTANCE_URL"):
        monkeypatch.setenv(name, around.format(os.environ[name]))
    assert cli("audit", "--json").code == 0


@pytest.mark.parametrize("token", ["00D!x\r\nX-Evil: 1", "00D!x y", "00D!\u00e9", "\r\n"])
@pytest.mark.parametrize("command", ["audit", "ckm list"])
def test_a_token_that_is_none_is_named_and_not_quoted(
    command: str, token: str, cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent."""
    monkeypatch.setenv("SF_ACCESS_TOKEN", token)
    refused = cli(*command.split(), "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.access-token"), refused
    assert "00D" not in refused.out
    assert not org.requests


# The Salesforce CLI


@pytest.mark.parametrize("value", [*VALUES, "00D!x\r\ny"], ids=repr)
def test_nothing_that_the_cli_says_is_a_bug(value: Any) -> None:
    """Of an org's address, of its token, and of a deployment."""
    for result in (
        value,
        {"instanceUrl": value, "accessToken": "00D!x"},
        {"instanceUrl": "https://acme.my.salesforce.com", "accessToken": value},
        {"success": value, "details": value},
        {"details": {"componentFailures": value}},
        {"details": {"componentFailures": [{"problem": value}]}},
    ):
        for status in (0, 1, value):
            answer = json.dumps({"status": status, "name": value, "message": value, "result": result}).encode()
            for parse in (parse_display, parse_token, parse_deploy):
                try:
                    parse(answer, "prod")
                except OrgError as error:
                    error.message.encode()
    for text in TEXTS:
        for parse in (parse_display, parse_token, parse_deploy):
            with pytest.raises(OrgError):
                parse(text, "prod")


# One org, and the others


def salesforce_cli_that_says(folder: Path, monkeypatch: pytest.MonkeyPatch, result: dict[str, Any]) -> None:
    script = folder / "bin" / "sf"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nprint({json.dumps({'status': 0, 'result': result})!r})\n")
    as_command(script)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")


def break_reading(*_: object) -> NoReturn:
    raise ZeroDivisionError("a secret of the org")


@pytest.mark.parametrize(
    "place",
    [
        "sfkeytool.audit.org.ask_for_recipients",
        "sfkeytool.cli.org_access._client",
        "sfkeytool.audit.inventory.judge",
    ],
)
def test_a_bug_at_one_org_costs_that_org_alone(
    place: str, cli: Cli, org: FakeOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is connected, read or judged: it is told as a bug, and the files are judged."""
    fill(org)
    (folder / "own.crt").write_text(make("own", 1, 7).pem)
    salesforce_cli_that_says(folder, monkeypatch, {"instanceUrl": org.url, "accessToken": org.let_in()})

    def judge_files(carrier: Any, known: Any) -> Any:
        return break_reading() if carrier.in_org else judge(carrier, known)

    monkeypatch.setattr(place, judge_files if place.endswith("judge") else break_reading)
    done = cli("audit", "own.crt", "--target-org", "prod", "--json", "--fail-on", "unreadable")
    assert done.code == 68, done
    sources = {source["path"]: source for source in done.json["result"]["sources"]}
    assert [problem["code"] for problem in sources["prod"]["problems"]] == ["internal.bug"]
    assert not sources["own.crt"]["problems"]
    assert "ZeroDivisionError" in sources["prod"]["problems"][0]["message"]
    assert "a secret" not in done.out + done.err
    [item] = [item for item in done.json["result"]["items"] if item["source"] == "own.crt"]
    assert item["status"] == "due"


def test_a_bug_at_one_file_costs_that_file_alone(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As at an org."""
    for name in ("one", "two"):
        (folder / f"{name}.crt").write_text(make(name, 400, 7).pem)

    def read(file: Any, *rest: Any, **options: Any) -> Any:
        return break_reading() if file.label.endswith("one.crt") else read_carriers(file, *rest, **options)

    monkeypatch.setattr("sfkeytool.cli.commands.audit.walking.read_carriers", read)
    done = cli("audit", ".", "--json")
    assert done.code == 68, done
    assert [item["name"] for item in done.json["result"]["items"]] == ["two"]
    [problem] = done.json["result"]["sources"][0]["problems"]
    assert (problem["path"], problem["code"]) == ("one.crt", "internal.bug")


# Bounds


@pytest.mark.parametrize(
    "text",
    [
        b"{}," * 10_000,
        b'"' + b'\\"' * 40_000,
        b'"\\' * 40_000,
        b'"a",' * 20_000,
        b'"' * 80_000,
        b"[" * 80_000,
        b'"\\',
    ],
    ids=lambda text: text[:6].decode(),
)
def test_each_character_of_json_is_looked_at_once(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings that are never closed, too: counted in characters."""
    looked_at = 0

    class Counting:
        def __init__(self, pattern: Any) -> None:
            self._pattern = pattern

        def match(self, content: bytes, position: int) -> Any:
            nonlocal looked_at
            found = self._pattern.match(content, position)
            looked_at += (found.end() if found else len(content)) - position
            return found

        def search(self, content: bytes, position: int) -> Any:
            nonlocal looked_at
            found = self._pattern.search(content, position)
            looked_at += (found.end() if found else len(content)) - position
            return found

    for name in ("_TOKEN", "_REST_OF_STRING"):
        monkeypatch.setattr(outside_json, name, Counting(getattr(outside_json, name)))
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
    assert looked_at <= len(text)


def test_depth_and_number_of_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside strings; and what is within the bounds is read."""
    monkeypatch.setattr(outside_json, "MAX_VALUES", 1000)
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="deep"):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="many"):
        parse_json(b"[" + b"{}," * 1000 + b"{}]")
    text = "[{," * 1000
    assert parse_json(json.dumps([text, '"\\']).encode()) == [text, '"\\']
    assert parse_json(b'{"\\ud800": ["\\udc00", "\\ud83d\\ude00", "\\\\ud800"]}') == {
        "\ufffd": ["\ufffd", "\U0001f600", "\\ud800"]
    }


def test_json_is_read_as_windows_programs_save_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a mark in front, which Notepad puts there, or in UTF-16, which is Windows PowerShell's; within the bounds."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert parse_json('{"Müller": ["\U0001f600"]}'.encode(encoding)) == {"Müller": ["\U0001f600"]}
    with pytest.raises(ValueError, match="truncated"):
        parse_json("{}".encode("utf-16") + b"x")
    with pytest.raises(ValueError, match="deep"):
        parse_json(("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).encode("utf-16"))


def test_elements_of_xml_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 MB of them would fill the memory."""
    monkeypatch.setattr(guarded_xml, "MAX_ELEMENTS", 100)
    assert guarded_xml.parse_tree(b"<a>" + b"<b/>" * 99 + b"</a>", "x").tag == "a"
    with pytest.raises(Exception, match="more than 100 elements"):
        guarded_xml.parse_tree(b"<a>" + b"<b/>" * 100 + b"</a>", "x")
