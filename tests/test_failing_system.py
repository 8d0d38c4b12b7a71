"""What the operating system refuses is an error that says so, and no bug: whatever is asked of it, and wherever."""

import errno
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Pair, Result, process
from disturbance import STEPS, disturbed, nothing
from test_writer_faults import tmp_path  # noqa: F401 - a fixture, in memory

from sfkeytool.cli.boundary import boundary
from sfkeytool.cli.render import Console, files_lines
from sfkeytool.cli.run import Run
from sfkeytool.errors import SystemFailureError, unexpected_error
from sfkeytool.model import ArtifactKind, Receipt, WrittenFile

Cli = Callable[..., Result]

LOOKS = ("stat", "lstat", "fstat", "readlink", "read", "getcwd", "access")
AUDIT = ("audit", ".", "--csv", "a.csv", "--ics", "a.ics", "--certificates", "saved", "--fail-on", "never", "--json")
COMMANDS = {
    "audit": AUDIT,
    "check": ("check", ".", "--json"),
    "self-signed": ("self-signed", "new", "--key", "pay.key", "--password", "generate", "--ics", "new.ics", "--json"),
}


@pytest.fixture
def start(folder: Path, pair: Pair) -> Path:
    shutil.copy(pair.crt, folder / "pay.crt")
    shutil.copy(pair.key, folder / "pay.key")
    (folder / "pay.key").chmod(0o600)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.slow
def test_a_refusal_of_any_kind_of_call_is_an_error_and_no_bug(name: str, start: Path, cli: Cli) -> None:
    """The first and the last call of each kind; the same as tests/campaign does with each call there is."""
    files = {path.name: path.read_bytes() for path in start.iterdir()}
    steps = (*STEPS, *LOOKS)

    def run(before: Callable[[int, str], None]) -> tuple[Result, list[str]]:
        for path in start.iterdir():
            if path.name not in files:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        with disturbed(before, steps) as done:
            result = cli(*COMMANDS[name])
        return result, done

    run(nothing)  # imports
    calls = run(nothing)[1]
    for kind in dict.fromkeys(calls):
        numbers = [number for number, name in enumerate(calls) if name == kind]
        for failing in {numbers[0], numbers[-1]}:

            def refuse(number: int, name: str, failing: int = failing) -> None:
                if number == failing:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))

            result, done = run(refuse)
            where = f"{kind}, call {failing} of {len(done)}: {result}"
            assert result.code in (0, 1, 68), where
            assert result.json["status"] == result.code, where
            assert {path.name: path.read_bytes() for path in start.iterdir() if path.name in files} == files, where


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no current folder")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_current_folder_that_is_gone_is_no_bug(name: str, folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    done = process(*COMMANDS[name], cwd=gone, preexec_fn=gone.rmdir)
    assert (done.code, done.json["status"]) == (1, 1), done


def test_the_system_is_named_where_nobody_nearer_does_it(capsys: pytest.CaptureFixture[str]) -> None:
    def refused() -> int:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), "pay.key")

    assert boundary(Console(json_output=True), refused) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["code"]) == ("SystemFailureError", "system.refused")
    assert f"{os.strerror(errno.ESTALE)}: pay.key; nothing was changed" in told["message"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "no memory is left"),
        (ImportError("no", name="icalendar.cal"), "icalendar.cal cannot be loaded"),
        (LookupError("unknown encoding: utf-16-be"), "codec"),
        (KeyError("a"), "a bug in sfkeytool: KeyError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_bug_is_told_from_what_is(error: Exception, words: str) -> None:
    """A failing disk below Python's own files is an ImportError, or a codec that is unknown."""
    named = unexpected_error(error, "nothing was changed")
    assert words in named.message
    assert named.exit_code == (70 if "bug" in words else 1)


def test_what_ends_the_import_of_a_library_is_no_bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a library whose files are there in part, Python says anything but that the disk failed."""
    (folder / "half_a_library.py").write_text("import json\njson.no_such_thing\n")
    monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(AttributeError) as caught:
        importlib.import_module("half_a_library")
    named = unexpected_error(caught.value, "nothing was changed")
    assert (named.code, named.exit_code) == ("system.refused", 1)
    assert "AttributeError" in named.message


def test_a_clock_that_leaves_no_room_is_named() -> None:
    """A date after 9999 cannot be reckoned with."""
    with pytest.raises(SystemFailureError, match="the year 9998") as caught:
        Run(Console(), None, {}, datetime(9998, 6, 1, tzinfo=UTC))
    assert (caught.value.code, caught.value.exit_code) == ("system.clock", 1)


def test_a_report_that_a_broken_library_ends_costs_nothing_else(start: Path) -> None:
    """An exception that nobody expects, of the library that writes calendars: the other reports come out."""
    (start / "broken").mkdir()
    (start / "broken" / "icalendar.py").write_text("raise ZeroDivisionError\n")
    path = os.pathsep.join(filter(None, [str(start / "broken"), *sys.path]))
    done = process(*AUDIT, cwd=start, env={"PYTHONPATH": path})
    assert done.code == 1, done
    [told] = [notice["message"] for notice in done.json["notices"] if notice["code"] == "report.not-written"]
    assert "a.ics" in told
    assert "ZeroDivisionError" in told
    assert [file["path"] for file in done.json["result"]["files"]] == ["a.csv"]
    assert done.json["result"]["items"]


def test_the_folders_of_many_files_are_told_one_by_one_where_nothing_is_above_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on two drives of Windows: here one path is relative, and the current folder is not told any more."""
    kind = ArtifactKind.METADATA_SOURCE
    receipts = [
        Receipt(place, tuple(WrittenFile(place / f"{number}.xml", kind) for number in range(9)), ())
        for place in (Path("project"), folder / "pay")
    ]

    def refuse() -> str:
        raise FileNotFoundError(errno.ENOENT, "gone")

    assert files_lines(receipts)[0] == f"  {folder}{os.sep}"
    monkeypatch.setattr(os, "getcwd", refuse)
    assert files_lines(receipts)[:2] == [f"  project{os.sep}", f"  {folder / 'pay'}{os.sep}"]
