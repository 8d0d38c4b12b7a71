"""What --help, help, version and the manual page say, in windows of any width, and when there is colour."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, process, required
from test_guided import finish, terminal

from sfkeytool import __version__
from sfkeytool.cli.commands import ABOUT, GROUPS, TABLE, Job, Row
from sfkeytool.cli.fields import Field, Group
from sfkeytool.cli.help import options_of
from sfkeytool.cli.manual import describe_manual
from sfkeytool.cli.topics import TOPICS

Cli = Callable[..., Result]
ROOT = Path(__file__).parent.parent
ROWS = [pytest.param(row, id=row.name) for row in (*TABLE, *ABOUT)]
WIDTHS = (60, 80, 100)


def words(text: str) -> str:
    return " ".join(text.split())


def fields_of(row: Row) -> tuple[Field, ...]:
    return options_of(row, row.load())


@pytest.mark.parametrize("row", ROWS)
def test_help_fits_the_window_and_cuts_nothing(row: Row, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each width: no longer line, every option once under its group, whole texts, no flag broken."""
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        out = cli(*row.name.split(), "--help").out
        lines = out.splitlines()
        assert [line for line in lines if len(line) > width] == []
        assert f"Usage: sfkeytool {row.name}" in lines[0]
        listed = out[out.index("\n\n", out.index("Examples:")) :]
        for field in fields_of(row):
            named = re.escape(", ".join(field.flags) or field.label) + (r"(?= |$)" if field.flags else r"(?=  |$)")
            assert len(re.findall(rf"^  {named}", listed, re.MULTILINE)) == 1, field
            assert words(field.help.partition(" [default")[0]) in words(out)
        for group in Group:
            expected = any(field.group is group for field in fields_of(row)) or group is Group.OUTPUT
            assert (str(group) in lines) is expected


@pytest.mark.parametrize("name", ["", *GROUPS, *(row.name for row in (*TABLE, *ABOUT))])
@pytest.mark.parametrize("color", ["always", "never"])
def test_help_is_the_same_whoever_answers(name: str, color: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for alone it needs no parser; with anything beside it the parser answers, with the same bytes."""
    if color == "always":
        monkeypatch.setenv("FORCE_COLOR", "1")
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        alone = cli(*name.split(), "-h")
        assert alone == cli(*name.split(), "--help", "-h", "--help")
        assert alone.code == 0


@pytest.mark.parametrize("row", ROWS)
def test_help_says_what_is_required_and_what_holds_otherwise(row: Row, cli: Cli) -> None:
    """Required ones are marked, defaults shown, and with a secret its variable."""
    out = words(cli(*row.name.split(), "--help").out)
    for field in fields_of(row):
        text = words(field.help.partition(" [default")[0])
        said = out[out.index(text) + len(text) :].lstrip()
        brackets = said.partition("]")[0] if said.startswith("[") else ""
        assert field.required is ("required" in brackets), field
        if field.environment:
            assert f"${field.environment}" in brackets
        if field.default is not None:
            assert str(getattr(field.default, "value", field.default)) in brackets


@pytest.mark.parametrize("row", ROWS)
def test_there_are_examples_with_their_purpose(row: Row, cli: Cli) -> None:
    """Two to four lines that can be pasted, each on one line under what it is for."""
    shown = re.findall(r"^  (\S.*):\n    (\S.*)$", cli(*row.name.split(), "--help").out, re.MULTILINE)
    assert shown == [(each.purpose, each.line) for each in row.load().examples]
    assert 2 <= len(shown) <= 4 or row.name == "version"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_root_begins_with_where_to_start(width: int, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then all commands, by job, each once, on one line each at 80 columns."""
    monkeypatch.setenv("COLUMNS", str(width))
    out = cli("--help").out
    lines = out.splitlines()
    assert [line for line in lines if len(line) > width] == []
    assert lines[2] == "Start here"
    assert re.match(r"  sfkeytool   +\S", lines[3])
    jobs = [line for line in lines if line in set(Job)]
    assert jobs == list(Job)
    for row in (*TABLE, *ABOUT):
        assert len(re.findall(rf"^  {row.name}  +\S", out, re.MULTILINE)) == 1
        assert words(row.summary) in words(out)
        assert width < 80 or row.summary in out


def test_a_narrower_window_gets_60_columns_a_wider_100(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, got in ((20, 60), (300, 100)):
        monkeypatch.setenv("COLUMNS", str(asked))
        longest = max(len(line) for line in cli("audit", "--help").out.splitlines())
        assert got - 12 < longest <= got


@pytest.mark.parametrize("asked", ["", *GROUPS, *(row.name for row in (*TABLE, *ABOUT))])
def test_help_is_as_the_flag(asked: str, cli: Cli) -> None:
    """`help ckm list` as `ckm list --help`; of the root and the groups too."""
    by_word, by_flag = cli("help", *asked.split()), cli(*asked.split(), "--help")
    assert (by_word.code, by_word.out) == (by_flag.code, by_flag.out) == (0, by_flag.out)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_fits_too(topic: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        out = cli("help", topic).out
        assert out.startswith(TOPICS[topic].title[:40])
        assert [line for line in out.splitlines() if len(line) > width] == []
        for _, what in TOPICS[topic].entries:
            assert words(what) in words(out)


@pytest.mark.parametrize(
    ("asked", "near"), [("road", "roads"), ("selfsigned", "self-signed"), ("ckm lst", "ckm list"), ("xyzzy", "lists")]
)
def test_an_unknown_word_has_neighbours(asked: str, near: str, cli: Cli) -> None:
    result = cli("help", *asked.split())
    assert (result.code, result.out) == (2, "")
    assert asked in result.err
    assert near in result.err.splitlines()[1]


@pytest.mark.parametrize("asked", ["--version", "-V", "version", "version --color never"])
def test_the_version_by_any_name(asked: str, folder: Path) -> None:
    result = process(*asked.split(), cwd=folder)
    assert (result.code, result.out, result.err) == (0, f"sfkeytool {__version__}\n", "")


COLORS = [
    ({}, "", False),
    ({"FORCE_COLOR": "1"}, "", True),
    ({"FORCE_COLOR": "0"}, "", False),
    ({"FORCE_COLOR": ""}, "", False),
    ({"CLICOLOR_FORCE": "1"}, "", True),
    ({"CLICOLOR_FORCE": "0"}, "", False),
    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "", False),
    ({"FORCE_COLOR": "1", "NO_COLOR": ""}, "", True),
    ({"FORCE_COLOR": "1", "TERM": "dumb"}, "", True),
    ({"NO_COLOR": "1"}, "--color always", True),
    ({"NO_COLOR": "1"}, "--color=always", True),
    ({"FORCE_COLOR": "1"}, "--color never", False),
    ({"FORCE_COLOR": "1"}, "--color auto", True),
    ({}, "--color always --color never", False),
    ({}, "-- --color always", False),
]


@pytest.mark.parametrize(("variables", "flags", "colored"), COLORS)
def test_who_decides_about_colour(
    variables: dict[str, str], flags: str, colored: bool, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flag before NO_COLOR, that before what forces it; in a pipe there is none by itself."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for line in (["show", "nothing", *flags.split()], [*flags.split(), "show", "nothing"]):
        if "--" not in line or line[0] != "--":
            assert ("\x1b[" in cli(*line).err) is colored, line


def test_the_flag_stands_anywhere_and_reaches_everything(cli: Cli) -> None:
    """Errors of the command line, and help, are told as results are."""
    assert "\x1b[31m" in cli("--color", "always", "nonsense").err
    assert "\x1b[1m" in cli("show", "--color", "always", "--help").out
    assert "\x1b[1m" in cli("help", "show", "--color", "always").out
    assert "\x1b[" not in cli("help", "show").out
    result = cli("show", "nothing", "--color", "sometimes")
    assert (result.code, "always" in result.err) == (2, True)


ON_A_TERMINAL: list[tuple[str, dict[str, str], bool]] = [
    ("", {}, True),
    ("--color never", {}, False),
    ("", {"NO_COLOR": "1"}, False),
    ("", {"TERM": "dumb"}, False),
    ("--plain", {}, False),
    ("--color always", {"NO_COLOR": "1"}, True),
]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal on Windows")
@pytest.mark.slow
@pytest.mark.parametrize(("flags", "variables", "colored"), ON_A_TERMINAL)
def test_questions_follow_it_too(flags: str, variables: dict[str, str], colored: bool, folder: Path) -> None:
    """The menu's first question, and what is said to who leaves it."""
    with terminal(*flags.split(), folder=folder, **variables) as child:
        child.expect("See what expires")
        asked = child.before
        child.sendcontrol("c")
        shown = asked + finish(child)
    assert bool(re.search(r"\x1b\[(?:\d+;)*[39]\d(?:;\d+)*m", shown)) is colored


def test_json_has_no_colour(cli: Cli) -> None:
    assert "\x1b" not in cli("explain", "bad decrypt", "--json", "--color", "always").out


def test_the_manual_page_is_up_to_date() -> None:
    """Made again by `python -m sfkeytool.cli.manual > docs/sfkeytool.1`; the wheel has it where man looks."""
    assert (ROOT / "docs" / "sfkeytool.1").read_text() == describe_manual()
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["shared-data"] == {"docs/sfkeytool.1": "share/man/man1/sfkeytool.1"}


def test_groff_has_nothing_to_say_about_the_manual_page() -> None:
    """And what it makes of it has every command and every option."""
    page = ROOT / "docs" / "sfkeytool.1"
    line = [required("groff"), "-ww", "-man", "-Tutf8", "-P-c", str(page)]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    shown = re.sub(".\b", "", done.stdout).splitlines()
    for row in (*TABLE, *ABOUT):
        assert f"   {row.name}" in shown
        for field in fields_of(row):
            assert any(line.strip().startswith(", ".join(field.flags) or field.label) for line in shown), field
