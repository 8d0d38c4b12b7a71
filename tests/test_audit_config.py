"""``sfkeytool.toml``: what it gives, how flags win over it, and on which line it is wrong."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sfkeytool.audit.config import (
    AcceptedException,
    AuditConfig,
    ended_exceptions,
    exception_for,
    owner_of,
    parse_config,
    with_exceptions,
)
from sfkeytool.audit.model import Carrier, CarrierKind, Inventory, Item, Status
from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.audit.toml_lines import Place, line_of
from sfkeytool.cli.commands.audit import FIELDS, audit_request
from sfkeytool.cli.conversation import complete
from sfkeytool.errors import InputError
from sfkeytool.model import FailOn
from sfkeytool.passwords import Source, SourceKind
from sfkeytool.workflows.audit import AuditRequest

DOCUMENTED = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLE = DOCUMENTED.split("```toml\n")[1].split("```")[0]
FOLDER = Path("ops")
LABEL = str(FOLDER / "sfkeytool.toml")


def parse(text: str) -> AuditConfig:
    return parse_config(text.encode(), LABEL)


def refusal(text: str) -> InputError:
    with pytest.raises(InputError) as error:
        parse(text)
    return error.value


@pytest.mark.parametrize(
    "text",
    ['passwords = [\n  "env:A",\n  "cmd:curl evil"]', '\n\nheartbeat = "cmd:curl evil"', 'notify = [\n\n"cmd:"]'],
)
def test_a_file_starts_no_program(text: str) -> None:
    """It may have been cloned. The line is told, the command not."""
    error = refusal(text)
    assert error.code == "config.value"
    assert "line 3: " in error.message
    assert "which programs run here" in error.message
    assert "evil" not in error.message
    assert "cmd:" not in " ".join(error.hints)


def test_the_documented_example_is_read_whole() -> None:
    """Every key that the page names is in it, so that none is documented wrongly."""
    assert parse(EXAMPLE) == AuditConfig(
        paths=(FOLDER / "keys", FOLDER / "force-app"),
        orgs=("prod", "uat"),
        within_days=45,
        fail_on=frozenset({FailOn.EXPIRED, FailOn.WITHIN, FailOn.UNCOVERED}),
        passwords=(Source(SourceKind.ENV, "KEYSTORE_PASSWORD"),),
        notify=(Source(SourceKind.ENV, "ADMIN_MAIL"), Source(SourceKind.FILE, str(Path("/etc/sfkeytool/slack-url")))),
        heartbeat=Source(SourceKind.ENV, "HEARTBEAT_URL"),
        state=FOLDER / "audit-state.json",
        reports={
            "html": FOLDER / "certificates.html",
            "prometheus": FOLDER / "certificates.prom",
            "csv": FOLDER / "certificates.csv",
        },
        apps={"pay_api": FOLDER / "pay_api" / "pay_api.crt"},
        owners={"pay*": "Payments <payments@example.com>", "*": "Platform team"},
        exceptions=(AcceptedException("legacy_*", date(2027, 3, 31), "switched off in spring, CHG-1234"),),
        exclude=("test/*", "scratch_*"),
    )


def test_an_empty_file_says_nothing_and_a_bom_or_crlf_does_not_matter() -> None:
    """Windows editors write both."""
    assert parse("") == AuditConfig()
    assert parse_config(b"\xef\xbb\xbfwithin = 3\r\n", LABEL) == AuditConfig(within_days=3)


def asked(text: str, **flags: Any) -> AuditRequest:
    """What the command is asked to do with this configuration, and flags by the names of their fields."""
    return audit_request(complete(FIELDS, {"config": Path(LABEL), **flags}, None, {}), parse(text))


def test_a_file_asks_for_what_the_flags_would_in_their_types() -> None:
    """Its values are looked at once, in the file; what it does not say is the default."""
    assert asked("") == AuditRequest()
    assert asked('within = 0\nfail-on = ["never"]') == AuditRequest(within_days=0, fail_on=frozenset())
    assert asked(EXAMPLE) == AuditRequest(
        paths=(FOLDER / "keys", FOLDER / "force-app"),
        orgs=("prod", "uat"),
        within_days=45,
        fail_on=frozenset({FailOn.EXPIRED, FailOn.WITHIN, FailOn.UNCOVERED}),
        passwords=(Source(SourceKind.ENV, "KEYSTORE_PASSWORD"),),
        notify=(Source(SourceKind.ENV, "ADMIN_MAIL"), Source(SourceKind.FILE, str(Path("/etc/sfkeytool/slack-url")))),
        heartbeat=Source(SourceKind.ENV, "HEARTBEAT_URL"),
        state=FOLDER / "audit-state.json",
        reports={
            "csv": FOLDER / "certificates.csv",
            "html": FOLDER / "certificates.html",
            "prometheus": FOLDER / "certificates.prom",
        },
        exclude=("test/*", "scratch_*"),
    )


def test_flags_win_key_by_key_and_report_by_report() -> None:
    """A 0 and a never on the command line are said too."""
    found = asked(
        EXAMPLE,
        within=0,
        fail_on="never",
        paths=[Path("here")],
        target_org=["dev"],
        password=["stdin"],
        csv=Path("x.csv"),
        ics=Path("x.ics"),
    )
    assert (found.within_days, found.fail_on, found.paths, found.orgs) == (0, frozenset(), (Path("here"),), ("dev",))
    assert found.passwords == (Source(SourceKind.STDIN),)
    assert found.reports == {
        "csv": Path("x.csv"),
        "ics": Path("x.ics"),
        "html": FOLDER / "certificates.html",
        "prometheus": FOLDER / "certificates.prom",
    }
    assert (found.exclude, found.state) == (("test/*", "scratch_*"), FOLDER / "audit-state.json")


@pytest.mark.parametrize("name", FORMATS)
def test_every_report_format_has_a_flag_and_a_key(name: str) -> None:
    """They come from one table."""
    assert asked("", **{name: Path("x")}).reports == {name: Path("x")}
    assert asked(f'[reports]\n{name} = "x"\n').reports == {name: FOLDER / "x"}


def test_never_is_nothing_that_fails() -> None:
    """As on the command line."""
    assert parse('fail-on = ["never"]').fail_on == frozenset()


def test_the_first_pattern_that_fits_names_the_owner() -> None:
    """In the file's order, whatever the case."""
    config = parse('[owners]\n"Pay*" = "payments"\n"*" = "platform"\n')
    assert [owner_of(config, name) for name in ("pay_api", "PAYROLL", "sso")] == ["payments", "payments", "platform"]
    assert owner_of(AuditConfig(), "pay") == ""


def test_an_exception_holds_until_its_day_and_then_warns() -> None:
    """The day itself belongs to it."""
    config = parse('[[exceptions]]\nname = "old_*"\nuntil = 2027-03-31\nreason = "CHG-1"\n')
    assert exception_for(config, "OLD_pay", date(2027, 3, 31)) == config.exceptions[0]
    assert exception_for(config, "pay", date(2027, 3, 31)) is None
    assert exception_for(config, "old_pay", date(2027, 4, 1)) is None
    assert ended_exceptions(config, date(2027, 3, 31), LABEL) == ()
    [notice] = ended_exceptions(config, date(2027, 4, 1), LABEL)
    assert notice.message == f"{LABEL}: the exception for old_* ended on 2027-03-31 (CHG-1): renew, or delete it"


def test_what_is_excepted_stays_in_the_inventory_and_decides_nothing() -> None:
    """It is listed, and neither fails nor is told of."""
    config = parse('[[exceptions]]\nname = "old"\nuntil = 2027-03-31\nreason = "CHG-1"\n')
    items = tuple(
        Item(Carrier("keys", CarrierKind.FILE, name, f"keys/{name}.crt"), Status.EXPIRED, -1, 60)
        for name in ("old", "pay")
    )
    found = with_exceptions(Inventory(datetime(2027, 3, 31, tzinfo=UTC), (), items), config)
    assert [(item.carrier.name, item.counts) for item in found.items] == [("old", False), ("pay", True)]


# What is wrong, and where

WRONG = {
    "a bare address": (
        'within = 3\nnotify = ["https://hooks.slack.com/T0K3N"]\n',
        2,
        "notify[1] takes where the secret is, not the secret",
    ),
    "an element of a long list": ('paths = [\n  "a", # ]\n  "b",\n\n  3,\n]\n', 5, "paths[3] must be text in quotes, not a number"),
    "a key with a typing error": ("fail_on = []\n", 1, "'fail_on' is not known"),
    "an unknown key after a multi-line string": (
        '[owners]\n"*" = """a\\\nwithin = 3"""\n\n[report]\ncsv = "x"\n',
        5,
        "'report' is not known",
    ),
    "an unknown key in a table": ('[reports]\n\n# pdf = 1\npdf = "x"\n', 4, "'pdf' is not known in reports"),
    "text for a number": ('# within = "45"\n\nwithin = "45"\n', 3, "within must be a whole number of days, not text"),
    "true for a number": ("within = true\n", 1, "within must be a whole number of days, not true or false"),
    "a negative number": ("within = -1\n", 1, "within must not be negative"),
    "an unknown word": ('fail-on = ["expired",\n"soon"]\n', 2, "'soon' is not known"),
    "never and more": ('fail-on = ["never", "expired"]\n', 1, "never stands alone"),
    "no word": ("fail-on = []\n", 1, "fail-on is empty"),
    "one path": ('paths = "keys"\n', 1, "paths must be a list in [ ], not text"),
    "an empty path": ('paths = ["a", ""]\n', 1, "paths[2] must be one line of text, and not empty"),
    "a list for a table": ('owners = ["a"]\n', 1, "owners must be a table, not a list"),
    "a dotted key": ('owners."pay*" = 3\n', 1, "owners.pay* must be text in quotes, not a number"),
    "a second exception without a reason": (
        '[[exceptions]]\nname = "a"\nuntil = 2027-01-01\nreason = "r"\n[[exceptions]]\nname = "b"\nuntil = 2027-01-01\n',
        5,
        "an exception needs reason",
    ),
    "a day in quotes": (
        '[[exceptions]]\nname = "a"\nreason = "r"\nuntil = "2027-01-01"\n',
        4,
        "exceptions[1].until must be a day such as 2027-03-31, without quotes, not text",
    ),
    "a time for a day": (
        'exceptions = [\n  { name = "a", reason = "r", until = 2027-01-01 },\n  { name = "b", reason = "r", until = 2027-01-01T10:00:00 },\n]\n',
        3,
        "exceptions[2].until must be a day such as 2027-03-31, without quotes, not a time",
    ),
    "with the line ends of Windows": ("paths = []\r\n\r\nwithin = 1.5\r\n", 3, "within must be a whole number of days, not a fraction"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, message: str) -> None:
    """tomllib tells lines of syntax only; comments, strings and brackets must not mislead."""
    error = refusal(text)
    assert error.message.startswith(f"{LABEL}, line {line}: {message}")
    assert "T0K3N" not in "".join([error.message, *error.hints])


def test_a_typing_error_gets_the_right_word() -> None:
    """Underscores for hyphens are the likeliest."""
    assert refusal("fail_on = []").hints == ("did you mean fail-on?",)
    assert refusal("pathz = []").hints == ("did you mean paths?",)
    assert refusal("[reports]\npdf = 'x'").hints == (f"known are {', '.join(FORMATS)}",)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"within = \n", "config.syntax", "is no TOML: Invalid value"),
        (b"x = 1\nwithin = 1\nwithin = 2\n", "config.syntax", "is no TOML: Cannot overwrite a value (at line 3"),
        (b"x = " + b"[" * 50_000, "config.syntax", "is no TOML of ours: it is nested too deeply"),
        (b"x = " + b"9" * 5000, "config.syntax", "is no TOML of ours: a number of it is too long"),
        ("within = 1\n".encode("utf-16"), "config.encoding", "is UTF-16"),
        ("within = 1\n".encode("utf-16-le"), "config.encoding", "is UTF-16"),
        ("within = 1 # Müller\n".encode("latin-1"), "config.encoding", "is not UTF-8"),
    ],
)
def test_what_is_no_toml_is_refused(content: bytes, code: str, message: str) -> None:
    """With the place, where there is one."""
    with pytest.raises(InputError) as error:
        parse_config(content, LABEL)
    assert error.value.code == code
    assert f"{LABEL} {message}" in error.value.message
    assert ("Notepad" in "".join(error.value.hints)) is (code == "config.encoding")


@pytest.mark.parametrize(
    "path",
    [r"C:\certs\x", r"C:\Users\x", r"C:\new\table", r"C:\back\form", "C:\\keys\\", r"C:\new\\"[:-1], r"\\server\keys"],
)
def test_a_path_of_windows_between_double_quotes_is_told_how_it_is_written(path: str) -> None:
    """Also where each of its backslashes begins an escape that TOML has. Between single quotes it is the path."""
    error = refusal(f'within = 3\npaths = [\n  "{path}",\n]\n')
    assert "line 3" in error.message
    [hint] = error.hints
    assert "single quotes, 'C:\\keys\\pay.crt'" in hint
    assert parse_config(f"state = '{path}'".encode("utf-8-sig"), "sfkeytool.toml").state == Path(path)


def test_another_mistake_beside_such_a_path_gets_no_such_hint() -> None:
    assert refusal("state = 'C:\\keys'\nwithin = \n").hints == ()
    assert refusal("paths = ['']").hints == ()


@pytest.mark.slow
def test_the_line_of_every_value_in_a_long_file_is_found() -> None:
    """Each of some hundred values in arrays, tables and tables of tables."""
    lines: list[str] = []
    places: dict[Place, int] = {}
    for number in range(30):
        lines += [
            f"[t{number}]",
            "# [x]",
            'text = """',
            "[y]",
            '"""',
            "list = [",
            '  "]",',
            "  2, # [",
            "]",
            "[[many]]",
            "n = 1",
            "",
        ]
        start = len(lines) - 12
        places[f"t{number}",] = start + 1
        places[f"t{number}", "text"] = start + 3
        places[f"t{number}", "list"] = start + 6
        places[f"t{number}", "list", 0] = start + 7
        places[f"t{number}", "list", 1] = start + 8
        places["many", number] = start + 10
        places["many", number, "n"] = start + 11
    text = "\n".join(lines)
    assert {place: line_of(text, place) for place in places} == places


def test_a_line_is_found_wherever_toml_may_put_it() -> None:
    """Behind comments, in tables below tables of tables, by keys in quotes, after strings that hold what looks alike."""
    text = """# [a]
"a b".c = 1 # c
x = {y = [1, 2]}
z = [ # first
  [1,
   2], {k = "],"},
  '''
]'''',
  4]
[[o]]
[o.i]
k = 1
[[o]]
[[o.l]]
[[o.l]]
k = \"\"\"
"a\\\"\"\"\"\"\"
last = 1"""
    places: dict[Place, int] = {
        ("a b", "c"): 2, ("x", "y", 1): 3, ("z",): 4, ("z", 0): 5, ("z", 0, 1): 6, ("z", 1, "k"): 6, ("z", 2): 7,
        ("z", 3): 9, ("o", 0): 10, ("o", 0, "i", "k"): 12, ("o", 1): 13, ("o", 1, "l", 1): 15, ("o", 1, "l", 1, "k"): 16,
        ("o", 1, "l", 1, "last"): 18, ("nowhere",): 18,
    }  # fmt: skip
    assert {place: line_of(text, place) for place in places} == places


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n" + "1,\n" * 20_000 + "]\n",
        "[[a]]\n" * 20_000,
        "a0 = 1\n" + "# x\n" * 20_000,
        'a = """' + "\n" * 20_000 + '"""\n',
    ],
)
def test_each_character_is_parsed_once_for_a_line(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in characters, for a place that is nowhere."""
    parsed = 0
    loads = tomllib.loads

    def counting(statement: str) -> dict[str, Any]:
        nonlocal parsed
        parsed += len(statement)
        return loads(statement)

    monkeypatch.setattr("sfkeytool.audit.toml_lines.tomllib.loads", counting)
    line_of(text, ("nowhere",))
    assert 0 < parsed <= len(text)


def test_a_key_of_very_many_parts_is_refused_before_tomllib_pays_for_each() -> None:
    """Twenty thousand took it seven seconds and 1.5 GB; a long word, or one key a line, is none."""
    for part in ("a.", '"a".', "'a' .\t"):
        with pytest.raises(InputError) as refused:
            parse_config((part * 20_000 + "a = 1").encode(), "x.toml")
        assert (refused.value.code, "parts" in refused.value.message) == ("config.syntax", True)
    with pytest.raises(InputError) as refused:
        parse_config(("a" * 500_000 + " = 1").encode(), "x.toml")
    assert refused.value.code == "config.unknown-key"
