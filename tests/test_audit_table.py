"""The table of ``audit`` on terminals of all widths: rows that never break, and names that are only text."""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest
from audited_orgs import busy, sf_for, ten_orgs
from conftest import Pair, Result
from fake_org import FakeOrg
from filled_org import add_connected_app, make

from sfkeytool.plain_text import display_width, shortened, shortened_left

Cli = Callable[..., Result]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX's")

LONG = "An_app_whose_name_is_as_long_as_names_of_apps_may_be_and_longer_than_any_column"
WIDE = "日本語のアプリケーション😀の証明書"
MARKUP = "[bold red]x[/bold red][link=y]"


@pytest.fixture
def hostile(org: FakeOrg) -> FakeOrg:
    busy(org)
    for number, name in enumerate((LONG, WIDE, MARKUP, "\u202egone", "##[error]x")):
        add_connected_app(org, name, make("plain", 60 + number, 10).pem)
    return org


def on_terminal(columns: int, *arguments: str, **environment: str) -> list[str]:
    """The lines of stdout on a terminal of that width, as they came: in a child that has imported all that we have."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    pid = os.fork()
    if pid == 0:
        _be_the_command(theirs, ["audit", *arguments], environment)
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # EIO: the other side is closed
        while data := os.read(ours, 1 << 16):
            seen += data
    os.close(ours)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 99
    return seen.decode().split("\r\n")


def _be_the_command(terminal: int, arguments: Sequence[str], environment: dict[str, str]) -> NoReturn:
    from sfkeytool.__main__ import main

    try:
        os.login_tty(terminal)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            os.environ.pop(name, None)
        os.environ.update({"TERM": "xterm", **environment})
        encoding = environment.get("PYTHONIOENCODING", "utf-8")
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r", encoding=encoding) for n in range(3))
        sys.argv[1:] = arguments
        main()
    finally:
        os._exit(99)  # main() has ended the process


def plain(line: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", line)


def columns_of(text: str) -> int:
    """By another road than the code's: what Unicode says, character by character."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def table_of(lines: list[str]) -> list[str]:
    """From the headings to the counts."""
    texts = [plain(line) for line in lines]
    begin = next(number for number, line in enumerate(texts) if line.startswith("STATUS"))
    end = next(number for number, line in enumerate(texts) if re.match(r"\d+ expired, ", line))
    return texts[begin : end + 1]


@pytest.mark.parametrize(("columns", "rows"), [(100, 1), (120, 1), (300, 1), (80, 2), (60, 2)])
@pytest.mark.slow
def test_an_item_has_one_row_and_two_where_it_is_narrow(columns: int, rows: int, hostile: FakeOrg) -> None:
    """No row is wider than the window; each date is whole; nothing in a name is obeyed."""
    lines = on_terminal(columns)
    table = table_of(lines)
    dates = [line for line in table if re.match(r"(expired|due|fine|unknown) ", line)]
    assert len(dates) == 30
    assert all(re.match(r"\S+ +(-?\d+  \d{4}-\d\d-\d\d|-  -) ", line) for line in dates)
    legend = sum(line.startswith(("LIFE:", "A wider")) for line in table)
    assert len(table) == 1 + rows * len(dates) + legend + 1
    assert max(map(columns_of, table)) <= columns
    text = "\n".join(table)
    assert MARKUP[:20] in text
    assert "\u202e" not in text
    assert "\\u202egone" in text
    assert "##[error]" not in text
    assert ("█" in text) is (columns == 300)


def test_a_short_name_is_given_no_more_room_than_there_is(folder: Path, pair: Pair) -> None:
    """Where names are short and one row just does."""
    deep = folder / "integration" / "keys" / "of" / "the" / "shop"
    deep.mkdir(parents=True)
    (deep / "pay.crt").write_bytes(pair.crt.read_bytes())
    table = table_of(on_terminal(80, "."))
    assert any("pair.crt" in line or "pay.crt" in line for line in table)
    assert max(map(columns_of, table)) <= 80


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
@pytest.mark.slow
def test_prose_fits_too_and_commands_are_whole(columns: int, org: FakeOrg) -> None:
    """Whatever is below the table; what is longer is a command to paste."""
    busy(org)
    lines = [plain(line) for line in on_terminal(columns)]
    assert all(len(line) <= columns for line in lines if not line.startswith("    sfkeytool "))
    assert "    sfkeytool self-signed payroll --key FILE --password generate" in lines


@pytest.mark.slow
def test_columns_stay_under_each_other_beside_wide_characters(hostile: FakeOrg) -> None:
    """Chinese and Japanese characters and emoji take two columns."""
    table = table_of(on_terminal(160))
    where = columns_of(table[0][: table[0].index("WHERE")])
    for name in (WIDE, "Payroll", MARKUP):
        [line] = [line for line in table if f"  {name} " in line]
        before, _, _ = line.rpartition("  ")
        assert columns_of(before) + 2 == where
    narrow = table_of(on_terminal(100))
    where = columns_of(narrow[0][: narrow[0].index("WHERE")])
    assert all(
        columns_of(line.rpartition("  ")[0]) + 2 == where for line in narrow[1:] if re.match("(due|fine) .*app ", line)
    )


def test_apps_come_first_and_authorities_last_by_their_name(hostile: FakeOrg) -> None:
    rows = [line for line in table_of(on_terminal(140))[1:] if re.match(r"\w+ +-?\d", line)]
    kinds = [line.split()[3] for line in rows]
    apps = [kind in ("connected-app", "external-client-app") for kind in kinds]
    assert apps == sorted(apps, reverse=True)
    assert "  Worthless CA (CA)" in rows[-1]
    assert "CN=" not in "".join(rows)


@pytest.mark.slow
def test_orgs_are_told_apart_and_the_counts_are_the_last_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The org in which something expires first is on top; WHERE does not repeat it."""
    orgs = dict(list(ten_orgs().items())[:3])
    with sf_for(folder, orgs) as path:
        monkeypatch.setenv("PATH", path)
        options = [text for alias in orgs for text in ("-o", alias)]
        lines = on_terminal(110, *options)
        found = json.loads("".join(on_terminal(110, *options, "--json")))["result"]["items"]
    table = table_of(lines)
    headings = [number for number, line in enumerate(table) if line in orgs]
    first = {
        alias: min(item["daysLeft"] for item in found if item["counts"] and item["source"] == alias) for alias in orgs
    }
    assert [table[number] for number in headings] == sorted(orgs, key=first.__getitem__)
    assert not any(f"{alias}: " in line for alias in orgs for line in table)
    assert re.fullmatch(r"\d+ expired, \d+ due, \d+ fine; \d+ apps uncovered in 3 orgs", table[-1])
    assert plain(lines[-2]) == table[-1]


def test_a_file_name_steers_no_terminal(folder: Path) -> None:
    """An escape sequence is shown, at its length, and nothing of it is obeyed."""
    (folder / "\x1b[2J[b]x.crt").write_text(make("\x1b[31mred", 40, 1).pem)
    (folder / "plain.crt").write_text(make("plain", 30, 2).pem)
    lines = on_terminal(100, ".")
    assert not re.search("\x1b\\[(2J|31mred)", "".join(lines))
    table = table_of(lines)
    assert any("\\x1b[2J[b]x.crt" in line for line in table)
    assert len({columns_of(line.rpartition("  ")[0]) for line in table[:3]}) == 1


def test_in_a_pipe_a_row_is_whole(cli: Cli, hostile: FakeOrg) -> None:
    """One line an item, with its org, in ASCII but for names."""
    lines = cli("audit").out.splitlines()
    rows = lines[1 : lines.index("")]
    assert len(rows) == 30
    label = hostile.url.removeprefix("http://")
    assert all(f"  {label}: " in row for row in rows)
    [row] = [row for row in rows if LONG in row]
    assert row.endswith(f"{label}: ConnectedApp:{LONG} (ConnectedApp.oauthConfig.certificate)")
    assert not any("…" in row for row in rows)
    assert lines[-1].startswith("1 expired, ")


@pytest.mark.parametrize(
    ("options", "environment"),
    [((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--color", "never"), {"FORCE_COLOR": "1"})],
)
@pytest.mark.slow
def test_without_colours_it_is_the_same_text(
    options: tuple[str, ...], environment: dict[str, str], org: FakeOrg
) -> None:
    busy(org)
    coloured, bare = on_terminal(100, "--color", "always"), on_terminal(100, *options, **environment)
    assert any("\x1b[" in line for line in coloured)
    assert "\x1b" not in "".join(bare)
    assert table_of(coloured) == table_of(bare)


def test_a_pipe_may_be_coloured_too(cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    """With FORCE_COLOR, as everything else is; the text stays."""
    busy(org)
    bare = cli("audit").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = cli("audit").out
    assert "\x1b[1m\x1b[31mexpired\x1b[0m" in coloured
    assert "\x1b" not in bare
    assert plain(coloured) == bare


def test_a_terminal_without_such_signs_gets_others(org: FakeOrg) -> None:
    """Of an encoding that has no block characters."""
    busy(org)
    table = table_of(on_terminal(300, PYTHONIOENCODING="ascii"))
    assert any("####" in line for line in table)
    assert "█" not in "".join(table)
    assert "\\u2588" not in "".join(table)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("pay", 3),
        ("日本", 4),
        ("ｐａｙ", 6),
        ("e\u0301", 1),
        ("😀", 2),
        ("❤\ufe0f", 2),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("", 0),
    ],
)
def test_text_is_as_wide_as_a_terminal_shows_it(text: str, width: int) -> None:
    assert display_width(text) == width
    assert shortened(text, width) == shortened_left(text, width) == text


@pytest.mark.parametrize("columns", range(12))
@pytest.mark.parametrize(
    "text", ["force-app/main", "日本語の証明書", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "a日b本c語d"]
)
def test_what_is_too_long_fits_afterwards(text: str, columns: int) -> None:
    """The ellipsis stands at the side that went; no character is halved, and none loses its mark."""
    for cut, kept in ((shortened(text, columns), text.startswith), (shortened_left(text, columns), text.endswith)):
        assert display_width(cut) <= columns
        if cut != text:
            assert kept(cut.strip("…"))
            assert display_width(text) > columns
            assert not cut.strip("…")[:1].startswith("\u0301")
