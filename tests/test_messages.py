"""explain and the messages that people are shown: the list of them, ordinary lines, and logs."""

import json
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Pair, Result
from message_table import Shown, ordinary_lines, shown_messages, table_lines
from test_json import validate

from sfkeytool.acceptance.explanations import EXPLANATIONS
from sfkeytool.acceptance.explanations.logs import Found, find_in_log
from sfkeytool.acceptance.explanations.matching import match_messages
from sfkeytool.workflows.explain import explain

Cli = Callable[..., Result]
DOCS = Path(__file__).parent.parent / "docs"
MESSAGES = shown_messages()
ORDINARY = ordinary_lines()
MINUTE = "2026-11-28T05:00:00.1234567Z "


def log(*lines: str) -> tuple[Found, ...]:
    return find_in_log(enumerate(lines, 1))


def told(*lines: str) -> list[tuple[str, int]]:
    return [(each.match.explanation.id, each.line) for each in log(*lines)]


# The list


def test_the_list_is_long_distinct_and_has_its_sources() -> None:
    """An address, or the program, its version and its command line; each answer is an explanation."""
    assert len(MESSAGES) >= 250
    assert len({" ".join(each.text.split()) for each in MESSAGES}) == len(MESSAGES)
    known = {each.id for each in EXPLANATIONS}
    for each in MESSAGES:
        assert re.match(r"https://\S+$|.*\d.*: \S", each.source), each
        assert each.answer is None or each.answer in known, each
    assert len({each.answer for each in MESSAGES} - {None}) > 90
    assert sum(each.source.startswith("https://") for each in MESSAGES) > 120


def test_the_list_names_nobody_and_holds_no_secret() -> None:
    """No consumer key, token, certificate or key; hosts of orgs are made up; a user is nobody's."""
    text = "\n".join(each.text for each in MESSAGES) + "\n".join(ORDINARY)
    assert not re.search(r"3MVG9|00D[1-9A-Za-z]\w{11}!|-----BEGIN|eyJ[\w-]{10}|MII[A-Z]", text)
    assert set(re.findall(r"[\w.-]+@[\w-]+\.[a-z]{2,}", text)) <= {"username@example.com", "dev@example.com"}
    assert set(re.findall(r"https://([\w.-]*(?:my\.)?salesforce\.com)", text)) <= {
        "example--test.my.salesforce.com", "example.salesforce.com", "login.salesforce.com", "test.salesforce.com",
    }  # fmt: skip


def test_every_message_gets_the_right_answer_first_and_no_other_gets_one() -> None:
    """Piped into explain; those that nothing is known of get none."""
    wrong = [(each.answer, each.given, each.text, each.source) for each in MESSAGES if each.given != each.answer]
    assert wrong == []


def test_a_message_pasted_as_one_argument_gets_the_same_answer() -> None:
    """As explain TEXT has it: the best of all its lines first, which is among those of the log."""
    for each in MESSAGES:
        if each.answer is None:
            assert match_messages(each.text) == (), each
        else:
            assert each.answer in [known.id for known in explain(each.text).result.explanations], each


def as_ci(each: Shown) -> Iterator[str]:
    """The message in the log of a pipeline: ordinary lines, then its own, coloured and each after a time."""
    yield from ORDINARY[:40]
    for line in each.text.splitlines():
        yield f"{MINUTE}\x1b[31m{line}\x1b[0m"
    yield from ORDINARY[40:80]


LONG = [each for each in MESSAGES if each.answer and len(re.findall(r"\w+", each.text)) > 8]


def test_a_message_is_found_in_a_log_of_ordinary_lines_with_its_line() -> None:
    """Each message of some length, whatever stands before its lines; nothing is found outside of it."""
    missed = []
    for each in LONG:
        found = told(*as_ci(each))
        inside = range(41, 42 + len(each.text.splitlines()))
        if [id for id, _ in found[:1]] != [each.answer] or not all(line in inside for _, line in found):
            missed.append((each.answer, found, each.text))
    assert missed == []


def test_the_table_in_the_documents_is_of_this_list() -> None:
    """Stale? python tests/message_table.py, into docs/reliability.md"""
    assert "\n".join(table_lines()) in (DOCS / "reliability.md").read_text(encoding="utf-8")


# Ordinary lines


def test_ordinary_lines_get_no_answer() -> None:
    """Of real runs of git, npm, node, pip, pytest, Java, Maven, make, docker, apt, curl and sf; as a log and singly."""
    assert len(ORDINARY) >= 500
    assert log(*ORDINARY) == ()
    assert [line for line in ORDINARY if match_messages(line)] == []


# Logs


CI = {
    "GitHub": f"{MINUTE}##[error]",
    "GitHub's command": "::error file=deploy.sh,line=3::",
    "Azure": "2026-11-28T05:00:00.8856726Z ##[debug]",
    "GitLab": f"{MINUTE}01E ",
    "GitLab's section": "section_start:1764309600:login\r\x1b[0K",
    "Jenkins": "[Pipeline] ",
    "log4j": "2026-11-28 05:00:00,123 ERROR [main] ",
    "Maven": "[ERROR] ",
    "docker": "web-1  | ",
    "docker build": "#12 0.345 ",
    "syslog": "Nov 28 05:00:00 build sf[312]: ",
    "npm": "npm error ",
    "a clock": "[05:00:00] ",
}


@pytest.mark.parametrize("before", CI.values(), ids=CI)
def test_a_message_that_was_broken_is_joined_whatever_stands_before_its_lines(before: str) -> None:
    """Between words, and within one, as a terminal of 80 columns does it."""
    message = "No certificate was imported because the keystore file doesn't contain a PrivateKey entry."
    for end in (46, 58, 61):
        found = told("$ run", before + message[:end], before + message[end:], "Done")
        assert found == [("error.ckm.no-private-key", 2)], end


def test_a_message_in_a_narrow_table_is_read_by_its_column() -> None:
    """As @oclif/table 0.5 of the Salesforce CLI draws it, of 60 columns: its cells are broken, between others."""
    table = """\
┌───────┬─────────┬──────────────────────────┬─────────────┐
│ Type  │ Name    │ Problem                  │ Line:Column │
├───────┼─────────┼──────────────────────────┼─────────────┤
│ Error │ Pay_API │ You cannot provide a     │ 1:1         │
│       │         │ Consumer Key for this    │             │
│       │         │ connected app            │             │
└───────┴─────────┴──────────────────────────┴─────────────┘"""
    assert told("Component Failures [1]", *table.splitlines()) == [("error.deploy.consumer-key-given", 5)]


def test_messages_are_told_in_the_order_of_the_log_each_once() -> None:
    """Where each stands first; what belongs to one event stands together, the best first."""
    lines = ["ordinary"] * 200
    lines[150] = "keytool error: java.security.UnrecoverableKeyException: Cannot recover key"
    lines[20] = lines[120] = "invalid_grant: user hasn't approved this consumer"
    assert told(*lines) == [("error.jwt.not-approved", 21), ("error.keytool.key-password", 151)]


def test_what_only_stands_around_a_reason_is_told_where_none_is_near() -> None:
    """invalid_grant is silent beside its reason, and not because another message stands far away."""
    reason = "keytool error: java.security.UnrecoverableKeyException: Cannot recover key"
    login = '{"error":"invalid_grant","error_description":"%s"}'
    assert told(login % "?", *["ordinary"] * 20, reason) == [
        ("error.jwt.invalid-grant", 1), ("error.keytool.key-password", 22),
    ]  # fmt: skip
    assert told(login % "user hasn't approved this consumer") == [("error.jwt.not-approved", 1)]


def test_a_part_of_a_message_is_none_in_a_log() -> None:
    """A log has many words; only whole messages count there."""
    text = "because the keystore file doesn't contain a"
    assert match_messages(text)
    assert told(*["ordinary"] * 5, text, *["ordinary"] * 5) == []


def test_a_class_of_javas_own_is_no_keystore() -> None:
    """Every reader of Java raises EOFException; only beside a keystore it is about one."""
    frames = ["\tat java.base/java.io.DataInputStream.readInt(DataInputStream.java:398)"] * 3
    assert told("Caused by: java.io.EOFException", *frames) == []
    assert told("keytool error: java.io.EOFException", *frames) == [("error.keytool.cut", 1)]


def test_a_long_log_is_read_in_little_memory() -> None:
    """Lines come and go: what is held does not grow with the log."""

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            assert told(*["warm"]) == []
            assert (
                find_in_log((n, f"{MINUTE}step {n} of the build, {n * 7} ms, all is well") for n in range(count)) == ()
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    assert peak(6_000) < peak(600) + 200_000


def test_a_message_that_is_said_without_end_does_not_hold_the_reading_up() -> None:
    """It is looked for so often, and told once."""
    lines = [f"{MINUTE}secretOrPrivateKey must be an asymmetric key when using RS256 {n}" for n in range(20_000)]
    began = time.process_time()
    assert told(*lines) == [("error.python.node-key-not-read", 1)]
    assert time.process_time() - began < 3


# The command


SAID = "The key must be in PKCS#8 format."
SECRET = "token=worthless-but-secret"


@pytest.fixture
def build_log(folder: Path) -> Path:
    """A log with one message in its fifth line, and a secret beside it."""
    path = folder / "build.log"
    path.write_text(f"one\ntwo\nthree\nfour\n{MINUTE}\x1b[31m{SAID}\x1b[0m {SECRET}\nsix\n", encoding="utf-8")
    return path


def test_a_file_is_read_as_a_log(build_log: Path, cli: Cli) -> None:
    """The message, its line, how much was read; nothing else of the log is repeated."""
    result = cli("explain", build_log)
    assert result.code == 0
    assert "  In line 5.\n" in result.out
    assert "6 lines read, 1 message known" in result.err
    assert SECRET not in result.out + result.err
    told = cli("explain", build_log, "--json")
    validate(told.json, "explain")
    (facts,) = told.json["result"]["explanations"]
    assert (facts["id"], facts["line"], facts["whole"], told.json["result"]["lines"]) == (
        "error.ckm.not-pkcs8", 5, True, 6,
    )  # fmt: skip
    assert SECRET not in told.out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
def test_stdin_is_read_as_a_log_in_any_encoding_of_a_shell(encoding: str, build_log: Path, cli: Cli) -> None:
    """Windows PowerShell's > writes UTF-16, with a byte order mark."""
    text = build_log.read_text(encoding="utf-8").replace("\n", "\r\n").replace("six", "sechs Schlüssel")
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    result = cli("explain", "-", "--json", stdin=mark + text.encode(encoding))
    assert result.code == 0
    assert [each["line"] for each in result.json["result"]["explanations"]] == [5]


def test_a_log_without_a_known_message_says_how_much_was_read(folder: Path, cli: Cli) -> None:
    """Exit 1, no guess, and nothing of what it holds."""
    (folder / "x.log").write_text(f"one\n{SECRET}\n" * 700, encoding="utf-8")
    for result in (cli("explain", "x.log"), cli("explain", "-", stdin=(folder / "x.log").read_bytes())):
        assert result.code == 1
        assert "error: 1,400 lines read, no message known" in result.err
        assert "nearest" not in result.err
        assert SECRET not in result.err
    told = cli("explain", "x.log", "--json")
    validate(told.json, "error")
    assert told.json["code"] == "explain.no-match"


def test_a_few_lines_of_stdin_are_a_message_of_which_a_part_is_enough(cli: Cli) -> None:
    """As where it is an argument; the hints name the nearest."""
    result = cli("explain", "-", "--json", stdin=b"doesn't contain a\nPrivateKey entry\n")
    assert [each["whole"] for each in result.json["result"]["explanations"]] == [False]
    assert "nearest" in cli("explain", "-", stdin=b"alias is good\n").err


def test_what_is_no_log_is_named(folder: Path, pair: Pair, cli: Cli) -> None:
    """A keystore, an empty file, a folder: what it is, or the command that tells."""
    (folder / "pay.jks").write_bytes(b"\xfe\xed\xfe\xed\0\0\0\2" * 40)
    result = cli("explain", "pay.jks", "--json")
    assert (result.code, result.json["code"]) == (1, "explain.not-text")
    assert result.json["actions"] == ["see what it is: sfkeytool show pay.jks"]
    (folder / "empty.log").touch()
    assert cli("explain", "empty.log", "--json").json["code"] == "explain.empty"
    assert cli("explain", pair.key.parent).code == 1


def test_an_id_of_ours_is_no_file(folder: Path, cli: Cli) -> None:
    """Though one lies there of that name."""
    (folder / "error.ckm.not-rsa").write_text("nothing\n", encoding="utf-8")
    result = cli("explain", "error.ckm.not-rsa", "--json")
    assert [each["id"] for each in result.json["result"]["explanations"]] == ["error.ckm.not-rsa"]


def test_a_line_without_an_end_is_read_in_pieces(folder: Path, cli: Cli) -> None:
    """A log of JSON in one line: its message has the number of that line."""
    entry = json.dumps({"level": "info", "text": "step"})
    (folder / "one.log").write_text(f"first\n[{f'{entry},' * 2_000}{json.dumps(SAID)}]", encoding="utf-8")
    assert [each["line"] for each in cli("explain", "one.log", "--json").json["result"]["explanations"]] == [2]


def test_more_than_the_bound_is_refused(folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do: the end of a log says why the program stopped."""
    monkeypatch.setattr("sfkeytool.edge.log_reader.LOG_LIMIT", 100_000)
    (folder / "big.log").write_text("ordinary\n" * 20_000, encoding="utf-8")
    result = cli("explain", "big.log", "--json")
    assert (result.code, result.json["code"]) == (1, "input.too-large")
    assert "last lines" in result.json["actions"][0]


def test_a_log_that_is_not_there_is_missed(cli: Cli) -> None:
    """A slip of its name is not explained away; a word that only ends so is a word."""
    missed = cli("explain", "biuld.log", "--json").json
    assert (missed["code"], missed["actions"][0].partition(";")[0]) == (
        "explain.no-match",
        "there is no file biuld.log",
    )
    assert "no file" not in cli("explain", "my cat reads build.log").err
