"""tests/live against the fake org: it answers as expected, or wrongly in places, and the report says which."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pexpect
import pytest
import requests
from conftest import THOROUGH
from fake_org import FakeOrg
from filled_org import make
from live import report
from live.door import _LOST, BrowserDoor, FormDoor
from live.org import LiveOrg, Made
from live.question import NAMES, Answer, Outcome, Question, Verdict
from live.questions import NOT_ASKED, QUESTIONS
from live.walk import NotHere, Walked, agreed, walk
from metadata_schema import validate
from requests.adapters import HTTPAdapter
from stand_in_cli import as_command
from test_driven_browser import browser as browser
from test_driven_browser import chromium as chromium
from test_driven_browser import has_sandbox, install

from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.rule import Basis
from sfkeytool.edge.driven_browser import Ending
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.org import Pace, Session

USER = "bot@acme.example.com"
SOURCES = Path(__file__).parent.parent / "docs" / "sources.md"
BY_ID = {question.id: question for question in QUESTIONS}


def sample() -> tuple[Question, ...]:
    """All that is no corpus, and of the corpus one file for each rule that it settles."""
    kept, seen = [], set[str]()
    for question in QUESTIONS:
        if not question.id.startswith("corpus.") or THOROUGH or set(question.settles) - seen:
            kept.append(question)
            seen |= set(question.settles)
    return tuple(kept)


class ToLoopback(HTTPAdapter):
    """Asks the fake in the place of a host that all orgs share."""

    def __init__(self, org: FakeOrg) -> None:
        super().__init__()
        self.org = org

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert request.url is not None
        host = request.url.split("/")[2]
        request.url = request.url.replace(f"https://{host}", self.org.url)
        request.headers["Host"] = host
        return super().send(request, **options)


@pytest.fixture
def org() -> Iterator[FakeOrg]:
    """A scratch org that answers as sfkeytool expects; Identity Provider was never enabled in it."""
    with FakeOrg(tls=False) as org:
        scratch = {"IsSandbox": True, "TrialExpirationDate": "2027-01-01", "OrganizationType": "Developer Edition"}
        org.contents.rows["Organization"][0] |= scratch | {"Name": "Acme Pumps"}
        org.add_user(USER)
        org.contents.rows["User"][0]["Profile"] = {"Name": "System Administrator"}
        org.contents.minds_chains = False
        org.setup.identity_provider = False
        yield org


@pytest.fixture
def live(org: FakeOrg, tmp_path: Path) -> LiveOrg:
    """The fake org as tests/live sees it. Pauses take no time, and count."""
    token, now = org.let_in(), [0.0]
    http = requests.Session()
    for host in ("login", "test"):
        http.mount(f"https://{host}.salesforce.com", ToLoopback(org))
    return LiveOrg(
        Session(org.url, Secret(token)), "acme", USER, FormDoor(), tmp_path, {},
        pace=Pace(lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds)), http=http,
        secrets={USER, org.url, token},
    )  # fmt: skip


def asked(live: LiveOrg, *questions: Question) -> Walked:
    return walk(live, agreed(live, questions, lambda _: "y"), questions)


def by_id(walked: Walked) -> dict[str, Outcome]:
    return {outcome.question.id: outcome for outcome in walked.outcomes}


def reported(live: LiveOrg, walked: Walked) -> dict[str, Any]:
    return report.as_json(walked, live.secrets, datetime.now(UTC), "form")


def left_in(org: FakeOrg) -> list[str]:
    return [name for type, found in org.contents.components.items() for name in found if type != "Settings"]


# The list


def test_every_inferred_rule_has_a_question_or_a_reason() -> None:
    """Rules of the catalogue, and what docs/sources.md calls inferred or disputed; and nothing that is neither."""
    settled = {rule for question in QUESTIONS for rule in question.settles}
    rules = {rule.id for rule in CATALOGUE}
    inferred = {rule.id for rule in CATALOGUE if rule.basis is Basis.INFERRED}
    page = SOURCES.read_text(encoding="utf-8")
    lines = {part: re.findall(r"^- (.*)$", text, re.MULTILINE) for part, text in _parts(page)}
    open_lines = [*lines["Inferred"], *lines["Where sources disagree"]]
    assert inferred - settled - NOT_ASKED.keys() == set()
    assert [line for line in open_lines if not line.startswith(tuple(settled | NOT_ASKED.keys()))] == []
    known = [*rules, *open_lines, *lines["Reported by users"]]
    assert [each for each in settled | NOT_ASKED.keys() if not any(one.startswith(each) for one in known)] == []
    assert settled & NOT_ASKED.keys() == set()


def _parts(page: str) -> list[tuple[str, str]]:
    found = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    return list(zip(found[1::2], found[2::2], strict=True))


def test_a_question_is_whole() -> None:
    """An id of its own, and what it makes told in words; the names of what it makes are ours, or the corpus's."""
    assert len(BY_ID) == len(QUESTIONS)
    assert all(question.asks.endswith(("?", ".")) for question in QUESTIONS)
    assert [question.id for question in QUESTIONS if not question.creates] == []


# The walk


@pytest.mark.slow
def test_an_org_that_is_as_expected(org: FakeOrg, live: LiveOrg) -> None:
    """Nothing is refuted, nothing is left, nothing that is the org's stands in the report."""
    bodies: list[bytes] = []
    live.http.hooks["response"].append(lambda answer, **_: bodies.append(answer.request.body or b""))
    questions = sample()
    walked = asked(live, *questions)
    verdicts = {id: outcome.verdict for id, outcome in by_id(walked).items()}
    assert {id for id, verdict in verdicts.items() if verdict is Verdict.REFUTED} == set()
    assert {id for id, verdict in verdicts.items() if verdict is Verdict.OPEN} == set()
    assert (walked.left, live.made, left_in(org)) == ([], [], [])
    found = reported(live, walked)
    assert found["org"] == {"edition": "Developer Edition", "kind": "scratch", "apiVersion": "67.0"}
    told = {each["rule"]: each["verdict"] for each in found["rules"]}
    assert {rule.id for rule in CATALOGUE if rule.basis is Basis.INFERRED} - NOT_ASKED.keys() <= told.keys()
    assert told["ckm.store.trusted-entries"] == "confirmed"
    assert told["app.certificate.expired"] == "told"
    text = json.dumps(found, ensure_ascii=False) + report.as_markdown(found)
    keys = {app for app in org.apps if app}
    assert len(keys) >= 2
    for secret in (*org.tokens, *org.setup.sessions(), *keys, org.org_id, org.org_id[:15], org.url, USER, "Acme Pumps",
                   "acme", "PRIVATE KEY"):  # fmt: skip
        assert secret not in text.replace("acme.example", "")
    assert not re.search(r"0P1\w{12}", text)
    assert not [secret for secret in (*org.tokens, *keys) if secret in repr(live)]  # as pytest shows it
    _judge_what_was_sent(bodies)


def _judge_what_was_sent(bodies: list[bytes]) -> None:
    """By the Metadata API's own WSDL: a call of each kind, and all files that were deployed."""
    calls: dict[str, bytes] = {}
    files: dict[bytes, None] = {}
    for body in filter(lambda body: body[:3] == b"<e:", bodies):
        [call] = next(each for each in ElementTree.fromstring(body) if each.tag.endswith("}Body"))  # noqa: S314
        calls[call.tag.rpartition("}")[2]] = ElementTree.tostring(call)
        for zipped in (each.text or "" for each in call if each.tag.endswith("}ZipFile")):
            with zipfile.ZipFile(io.BytesIO(base64.b64decode(zipped))) as archive:
                files |= {archive.read(name): None for name in archive.namelist() if not name.endswith(".crt")}
    assert calls.keys() == {"deploy", "checkDeployStatus", "retrieve", "checkRetrieveStatus", "deleteMetadata"}
    for document in (*calls.values(), *files):
        validate(document)
    enabled = [re.findall(b"<enableIdentityProvider>(.*?)<", document) for document in files]
    assert [each for found in enabled for each in found] == [b"true", b"false"]


WRONG: dict[str, tuple[Callable[[FakeOrg], None], set[str]]] = {
    "trusted entries": (lambda org: _rules(org, trusted_entries=False), {"corpus.trusted-beside.jks"}),
    "expired": (
        lambda org: _rules(org, expired=False), {"corpus.expired.jks", "corpus.salesforce-export.jks"},
    ),
    "SHA-1": (lambda org: _rules(org, sha1=False), {"corpus.sha1.jks", "corpus.sha1-self-signed.jks"}),
    "long aliases": (lambda org: _rules(org, longest_alias=40), {"corpus.alias-41.jks"}),
    "a name twice": (lambda org: _rules(org, duplicates=True), {"ckm.taken-name"}),
    "chains": (
        lambda org: setattr(org.contents, "minds_chains", True),
        {
            "upload.reversed", "upload.root-second", "upload.leaf-second", "upload.leaf-last", "upload.root-leaf",
            "upload.stranger", "upload.broken",
        },
    ),
    "uploads that change nothing": (
        lambda org: setattr(org.contents, "forgets_chains", True),
        {"upload.in-order", "upload.sha1"},
    ),
    "several certificates": (
        lambda org: _refuse(org, lambda text: text.count("BEGIN CERT") > 1), {"login.several"},
    ),
    "keys": (lambda org: _refuse(org, lambda text: "PRIVATE KEY" in text), {"app.with-key"}),
    "large ones": (lambda org: _refuse(org, lambda _: False), {"app.large"}),
    "retrieves": (
        lambda org: org.metadata.hidden_elements.add("certificate"),
        {"app.returned.connected", "app.returned.external"},
    ),
}  # fmt: skip
"""How the org is made to answer otherwise than expected, and which questions notice."""


def _rules(org: FakeOrg, **changed: Any) -> None:
    org.setup.rules = replace(org.setup.rules, **changed)


def _refuse(org: FakeOrg, is_refused: Callable[[str], bool]) -> None:
    org.metadata.certificate_problem = lambda text: "Not like that" if is_refused(text) else ""


@pytest.mark.parametrize("spoil", WRONG)
def test_an_org_that_answers_otherwise_is_caught(spoil: str, org: FakeOrg, live: LiveOrg) -> None:
    """The questions that it concerns are refuted and no other, with the org's words; so are the rules they settle."""
    spoiled, noticing = WRONG[spoil]
    org.setup.identity_provider = True
    others = {"ckm.plain", "corpus.chain.jks", "corpus.ec.jks", "upload.in-order", "login.der", "ckm.taken-name"}
    spoiled(org)
    walked = asked(live, *(question for question in QUESTIONS if question.id in noticing | others))
    outcomes = by_id(walked)
    assert {id for id, outcome in outcomes.items() if outcome.verdict is Verdict.REFUTED} == noticing
    assert all(outcome.verdict is Verdict.CONFIRMED for id, outcome in outcomes.items() if id not in noticing)
    found = reported(live, walked)
    refuted = {each["rule"] for each in found["rules"] if each["verdict"] == "refuted"}
    assert refuted == {rule for id in noticing for rule in BY_ID[id].settles}
    assert not refuted or "## Refuted" in report.as_markdown(found)
    assert left_in(org) == []


def test_a_login_with_an_expired_certificate_has_either_answer(org: FakeOrg, live: LiveOrg) -> None:
    """The one that sources dispute: told apart by a login that was good before, from one that is not yet verified anew."""
    questions = [
        BY_ID[id] for id in ("login.expired.connected", "login.expired.external", "login.future", "login.sha1")
    ]
    org.metadata.delay_requests = 3
    assert [outcome.answer.observed for outcome in asked(live, *questions).outcomes if outcome.answer] == ["taken"] * 4
    live.state.clear()
    live.door = FormDoor()
    org.metadata.minds_dates = True
    outcomes = asked(live, *questions).outcomes
    assert [outcome.answer.observed for outcome in outcomes if outcome.answer] == [*["refused"] * 3, "taken"]
    assert "invalid assertion" in outcomes[0].answer.words[0] if outcomes[0].answer else False


def test_names_that_do_not_come_back_cost_no_answers(org: FakeOrg, live: LiveOrg) -> None:
    """Then each keystore of the corpus gets an alias that nobody had, and a digest that fits."""
    org.setup.identity_provider = True
    _rules(org, names_return=False)
    ids = (
        "ckm.deleted-name",
        "corpus.chain.jks",
        "corpus.self-signed.jks",
        "corpus.two-keys.jks",
        "corpus.alias-dot.jks",
    )
    outcomes = by_id(asked(live, *(BY_ID[id] for id in ids)))
    assert [outcomes[id].answer.observed for id in ids if outcomes[id].answer] == [  # type: ignore[union-attr]
        "refused", "taken", "taken", "taken", "refused",
    ]  # fmt: skip
    names = {row["DeveloperName"] for row in org.contents.rows["Certificate"]}
    assert len(names) == 1 + 1 + 1 + 2
    assert "pay" not in names


def test_what_is_there_is_not_touched(org: FakeOrg, live: LiveOrg) -> None:
    """A name that the org has is not asked about; it stays, and so does an app of ours that somebody made by hand."""
    org.setup.identity_provider = True
    pay = make("pay", 300, 1)
    for name in ("pay", f"{NAMES}plain"):
        org.contents.add_certificate(name, pay.pem, pay.expires)
    outcomes = by_id(asked(live, BY_ID["corpus.chain.jks"], BY_ID["ckm.plain"], BY_ID["ckm.deleted-name"]))
    assert "already" in outcomes["corpus.chain.jks"].reason
    assert "already" in outcomes["ckm.plain"].reason
    assert outcomes["ckm.deleted-name"].verdict is Verdict.TOLD
    assert left_in(org) == ["pay", f"{NAMES}plain"]


def test_an_app_of_that_name_is_left_alone(org: FakeOrg, live: LiveOrg) -> None:
    org.contents.add("ConnectedApp", f"{NAMES}connected_app", [("label", "Theirs")])
    outcomes = by_id(asked(live, BY_ID["app.returned.connected"], BY_ID["app.with-key"]))
    assert "already" in outcomes["app.returned.connected"].reason
    assert outcomes["app.with-key"].verdict is Verdict.CONFIRMED  # with an External Client App
    assert left_in(org) == [f"{NAMES}connected_app"]
    assert org.contents.components["ConnectedApp"][f"{NAMES}connected_app"].fields == [("label", "Theirs")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_an_interrupt_all_is_deleted(number: signal.Signals, org: FakeOrg, live: LiveOrg) -> None:
    """In the middle of a question that has made something; the rest is open, and the report says why."""
    org.setup.identity_provider = True

    def stop(live: LiveOrg) -> Answer:
        BY_ID["app.returned.external"].ask(live)
        assert left_in(org)
        signal.raise_signal(number)
        raise AssertionError("unreachable")

    stopping = Question("stop", "Is it stopped?", stop)
    walked = asked(live, BY_ID["upload.in-order"], stopping, BY_ID["ckm.plain"])
    assert walked.is_interrupted
    assert [outcome.reason for outcome in walked.outcomes] == ["", *["the run was interrupted"] * 2]
    assert (walked.left, left_in(org)) == ([], [])
    assert "was interrupted" in report.as_markdown(reported(live, walked))


def test_interrupted_while_the_page_is_open(org: FakeOrg, live: LiveOrg) -> None:
    """Nobody knows whether it was imported: what bears the name, and was not there before, is deleted."""
    org.setup.identity_provider = True
    save = live.door.save

    def interrupted(*arguments: Any) -> Any:
        save(*arguments)
        raise KeyboardInterrupt

    live.door.save = interrupted  # type: ignore[method-assign, assignment]
    walked = asked(live, BY_ID["corpus.chain.jks"])
    assert org.contents.names_of_rows() == {"pay"}
    assert (walked.left, left_in(org)) == ([], [])


def test_what_cannot_be_deleted_is_listed(org: FakeOrg, live: LiveOrg) -> None:
    org.contents.undeletable = {f"{NAMES}signed"}
    walked = asked(live, BY_ID["upload.in-order"])
    assert walked.left == [(f"Certificate {NAMES}signed", f"{NAMES}signed is in use")]
    assert "## Still in the org" in report.as_markdown(reported(live, walked))
    assert live.made == [Made("Certificate", f"{NAMES}signed")]


def test_doors_that_do_not_open_leave_questions_open(org: FakeOrg, live: LiveOrg) -> None:
    """No front door, no permission, a page that has changed, a session that ends; in a frame it opens."""
    org.setup.identity_provider = True
    sound = {"jwt_tokens": False, "may_manage": True, "missing": set[str](), "lost_at": ""}
    spoiled: list[tuple[str, Any, str]] = [
        ("jwt_tokens", True, "org.no-door"), ("may_manage", False, "Insufficient Privileges"),
        ("missing", {"file"}, "not there"), ("lost_at", "POST", "not known"),
    ]  # fmt: skip
    for name, value, reason in spoiled:
        setattr(org.setup, name, value)
        assert reason in by_id(asked(live, BY_ID["ckm.plain"]))["ckm.plain"].reason
        setattr(org.setup, name, sound[name])
    org.setup.lightning = True
    assert by_id(asked(live, BY_ID["ckm.plain"]))["ckm.plain"].verdict is Verdict.CONFIRMED


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the browser of these tests is a script with a first line")
def test_a_browser_goes_through_the_same_door(org: FakeOrg, live: LiveOrg, browser: Path, chromium: str) -> None:
    """A real Chromium, as it is driven by default: the same answers as the form gets. Any other end is told, of which
    tests/test_driven_browser.py knows how a browser comes to each."""
    assert set(get_args(Ending.__annotations__["kind"])) == {"landed", "errors", *_LOST}
    org.setup.identity_provider = True
    live.door = BrowserDoor(os.environ)
    by_browser = by_id(asked(live, BY_ID["ckm.plain"], BY_ID["corpus.ec.jks"]))
    assert [outcome.verdict for outcome in by_browser.values()] == [Verdict.CONFIRMED] * 2
    install(browser, "exit", "1")
    assert "does not start" in by_id(asked(live, BY_ID["ckm.plain"]))["ckm.plain"].reason
    if THOROUGH:
        install(browser, chromium, "" if has_sandbox() else "--no-sandbox")
        org.setup.missing = {"file"}
        assert "lacks file" in by_id(asked(live, BY_ID["ckm.plain"]))["ckm.plain"].reason
        org.setup.missing = set()
    live.door = FormDoor()
    assert by_id(asked(live, BY_ID["ckm.plain"], BY_ID["corpus.ec.jks"])) == by_browser
    assert left_in(org) == []


def test_identity_provider_goes_back_to_what_it_was(org: FakeOrg, live: LiveOrg) -> None:
    """Disabled, with the certificate that it named; where it is enabled, it is left alone."""
    theirs = [("certificateName", "theirs"), ("enableIdentityProvider", "false")]
    org.contents.add("Settings", "IdentityProvider", theirs)
    outcomes = by_id(asked(live, BY_ID["ckm.identity-provider"]))
    assert outcomes["ckm.identity-provider"].verdict is Verdict.CONFIRMED
    assert org.contents.components["Settings"]["IdentityProvider"].fields == theirs
    assert len(org.metadata.done) == 3
    org.setup.identity_provider = False
    theirs = [("certificateName", "theirs"), ("enableIdentityProvider", "true")]
    org.contents.add("Settings", "IdentityProvider", theirs)
    outcomes = by_id(asked(live, BY_ID["ckm.identity-provider"]))
    assert "is enabled" in outcomes["ckm.identity-provider"].reason
    assert len(org.metadata.done) == 3
    assert left_in(org) == []


def test_data_not_available_ends_no_other_question(org: FakeOrg, live: LiveOrg) -> None:
    """Where Identity Provider cannot be enabled, what needs no import is asked all the same."""
    org.metadata.refused_types = {"Settings"}
    ids = ("ckm.identity-provider", "ckm.plain", "app.large")
    outcomes = by_id(asked(live, *(BY_ID[id] for id in ids)))
    assert "cannot be enabled" in outcomes["ckm.identity-provider"].reason
    assert "Data Not Available" in outcomes["ckm.plain"].reason
    assert outcomes["app.large"].verdict is Verdict.CONFIRMED


@pytest.mark.parametrize(("ending", "code"), [("session", "org.session"), ("server", "network.")])
def test_an_org_that_no_longer_answers_is_asked_nothing_more(
    ending: str, code: str, org: FakeOrg, live: LiveOrg
) -> None:
    """There is a report all the same, and what could not be deleted stands in it."""

    def end(_: LiveOrg) -> Answer:
        if ending == "session":
            org.tokens.clear()
        else:
            org._stop()
            live.http.close()  # or a connection that is open would go on
        live.certificates()
        raise AssertionError("unreachable")

    walked = asked(live, BY_ID["upload.in-order"], Question("end", "Is it over?", end), BY_ID["ckm.plain"])
    assert [outcome.reason[: len(code)] for outcome in walked.outcomes] == ["", code, code]
    assert [what for what, _ in walked.left] == [f"Certificate {NAMES}signed"]
    assert reported(live, walked)["left"][0]["why"]


def test_production_is_refused_and_no_is_no(org: FakeOrg, live: LiveOrg) -> None:
    """Before anything but reading was done; what would be made is said before it is asked."""
    said: list[str] = []
    live.say = said.append
    with pytest.raises(NotHere):
        agreed(live, QUESTIONS, lambda _: "n")
    assert f"{NAMES}signed" in said[0]
    assert "External Client App" in said[0]
    for told in (False, None):
        org.contents.rows["Organization"][0]["IsSandbox"] = told
        with pytest.raises(NotHere, match="no sandbox"):
            agreed(live, QUESTIONS, lambda _: "y")
    assert {(seen.method, seen.path.partition("/query")[1]) for seen in org.requests} == {
        ("GET", "/query"),
        ("GET", ""),
    }


def test_words_of_an_org_are_no_secret_and_no_markup() -> None:
    words = (
        "Acme 00D5g00000AbCdE said to joe@acme.com at acme--uat.sandbox.my.salesforce.com: \x1b[31m<b>no</b> `rm`\n# x"
    )
    text = report.cleaned(words, ["Acme"])
    assert text == "(hidden) (an Id) said to (an address) at (a host): [31m<b>no</b> `rm` # x"
    assert report.cleaned("aud is https://test.salesforce.com", []) == "aud is https://test.salesforce.com"


# As it is run

SF = """#!{python}
import json
print(json.dumps({{"status": 0, "result": {{"instanceUrl": {url!r}, "accessToken": {token!r}, "username": {user!r}}}}}))
"""
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-q", str(Path(__file__).parent / "live"), "--live-door", "form")


@pytest.fixture
def environment(org: FakeOrg, tmp_path: Path) -> dict[str, str]:
    """With a stand-in for the Salesforce CLI that knows the fake org."""
    script = tmp_path / "bin" / "sf"
    script.parent.mkdir()
    script.write_text(SF.format(python=sys.executable, url=org.url, token=org.let_in(), user=USER))
    as_command(script)
    org.setup.identity_provider = True
    return {"PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.slow
def test_without_an_org_it_is_skipped_and_says_why(tmp_path: Path) -> None:
    done = run([*PYTEST, "-rs"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "pytest tests/live --org ALIAS" in done.stdout


def run(words: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
    """A process of its own, in which nobody can be asked."""
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 120} | options
    return subprocess.run([sys.executable, *words], check=False, **options)


@pytest.mark.slow
def test_it_runs_as_pytest(org: FakeOrg, environment: dict[str, str], tmp_path: Path) -> None:
    """By the Salesforce CLI's login; agreed by a flag; the report is there, and no secret in what was printed."""
    words = [
        *PYTEST,
        "--org",
        "acme",
        "--question",
        "corpus.ec",
        "--question",
        "upload.request",
        "--live-report",
        "out",
    ]
    refused = run(words, cwd=tmp_path, env=environment)
    assert refused.returncode == 1, refused.stdout
    assert "--live-yes" in refused.stdout
    assert not org.setup.visits
    done = run([*words, "--live-yes"], cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "out" / "live-report.json").read_text())
    assert [each["id"] for each in found["questions"]] == ["corpus.ec.jks", "upload.request"]
    assert {each["verdict"] for each in found["questions"]} == {"confirmed"}
    assert "## Confirmed" in (tmp_path / "out" / "live-report.md").read_text()
    assert "2/2 upload.request: confirmed" in done.stdout
    for secret in (*org.tokens, *org.setup.sessions()):
        assert secret not in done.stdout + done.stderr
    assert left_in(org) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_a_person_is_asked(org: FakeOrg, environment: dict[str, str], tmp_path: Path) -> None:
    """What will be made stands above the question; no is no, and Ctrl-C in the middle deletes what was made."""
    words = [*PYTEST, "--org", "acme", "--question", "corpus."]
    for answer in ("n", "y") if THOROUGH else ("y",):  # what no does: test_production_is_refused_and_no_is_no
        child = pexpect.spawn(sys.executable, words, cwd=str(tmp_path), env=environment, timeout=60, encoding="utf-8")
        child.expect("scratch org, Developer Edition")
        child.expect("each deleted at once")
        child.expect_exact("Go on? [y/N]")
        child.sendline(answer)
        if answer == "y":
            child.expect_exact("4/")
            child.kill(signal.SIGINT)
            child.expect_exact("live-report.json")
        child.expect("1 failed")
        child.close()
    assert left_in(org) == []
    assert org.contents.names_of_rows()
    assert json.loads((tmp_path / "live-report.json").read_text())["interrupted"] is True
