"""Files that another program has open: waited for, then named once; nothing else is lost by it."""

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Result, tree

from sfkeytool.edge import open_elsewhere
from sfkeytool.edge.deleting import delete_files
from sfkeytool.edge.disk import naming
from sfkeytool.edge.state_file import open_state
from sfkeytool.errors import OutputError

Cli = Callable[..., Result]

windows_only = pytest.mark.skipif(sys.platform != "win32", reason="elsewhere an open file can be replaced and removed")

HOLD = """
import sys, time, _winapi
shares, seconds, *paths = sys.argv[1:]
for path in paths:
    _winapi.CreateFile(path, 0x80000000, int(shares), 0, 3, 0, 0)
print("open", flush=True)
time.sleep(float(seconds)) if float(seconds) else sys.stdin.read()
"""
READABLE, NOT_EVEN_READABLE = 1, 0
"""What another program lets others do meanwhile (FILE_SHARE_READ, as spreadsheets do; nothing)."""


@contextmanager
def held(*paths: Path, shares: int = READABLE, seconds: float = 0) -> Iterator[None]:
    """While it lasts, or for so long, another program has these files open."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLD, str(shares), str(seconds), *map(str, paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().startswith(b"open")
        yield


def test_what_another_program_has_is_tried_again_until_it_lets_go() -> None:
    """As Windows says it; any other refusal is final at once."""

    def attempts(error: OSError, failing: int) -> int:
        made = 0

        def step() -> None:
            nonlocal made
            made += 1
            if made <= failing:
                raise error

        try:
            open_elsewhere.insisting(step)
        except OSError:
            return -made
        return made

    for number in (32, 33):
        in_use = PermissionError(errno.EACCES, "it is being used by another process")
        in_use.winerror = number  # type: ignore[attr-defined, unused-ignore]
        assert attempts(in_use, 2) == 3
    assert attempts(PermissionError(errno.EACCES, "Access is denied", "no such file"), 1) == -1
    assert attempts(FileNotFoundError(errno.ENOENT, "No such file"), 1) == -1


def test_it_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    in_use = PermissionError(errno.EACCES, "it is being used by another process")
    in_use.winerror = 32  # type: ignore[attr-defined, unused-ignore]
    with pytest.raises(OutputError) as told, naming(Path("out.csv")):
        raise in_use
    assert (told.value.code, told.value.message) == ("output.open-elsewhere", "out.csv is open in another program")
    assert told.value.hints == ("close it there, and run the command again",)


@pytest.fixture
def made(cli: Cli, folder: Path) -> Path:
    """A folder with a certificate and what belongs to it, and copies of the key and the certificate."""
    assert cli("self-signed", "pay", "--password", "env:TEST_PASSWORD").code == 0
    for name in ("pay.key", "pay.crt"):
        Path(name).write_bytes(Path("pay", name).read_bytes())
    return folder


WRAP = ("wrap", "pay", "pay.key", "pay.crt", "--password", "env:TEST_PASSWORD", "--force")


@windows_only
def test_a_report_that_is_open_costs_that_report_alone(cli: Cli, made: Path) -> None:
    assert cli("audit", "pay", "--csv", "out.csv").code == 0
    before = Path("out.csv").read_bytes()
    with held(made / "out.csv"):
        done = cli("audit", "pay", "--csv", "out.csv", "--html", "out.html")
    said = done.out + done.err
    assert said.count("open in another program") == said.count("out.csv") == 1
    assert "out.csv is open in another program; close it there" in " ".join(said.split())
    assert "permitted" not in said
    assert "undo" not in said
    assert Path("out.csv").read_bytes() == before
    assert {path.name for path in made.iterdir()} == {"pay", "pay.key", "pay.crt", "out.csv", "out.html"}
    with held(made / "out.csv", shares=NOT_EVEN_READABLE):
        assert "out.csv is open in another program" in " ".join(cli("audit", "pay", "--csv", "out.csv").err.split())
    assert cli("audit", "pay", "--csv", "out.csv").code == 0
    assert Path("out.csv").read_bytes() != before or b"pay" in before


@windows_only
@pytest.mark.parametrize("name", ["pay.jks", "pay.json"])
def test_a_run_that_cannot_replace_one_file_replaces_none(name: str, cli: Cli, made: Path) -> None:
    before = tree(made)
    with held(made / "pay" / name):
        done = cli(*WRAP, "--json")
        assert (done.code, done.json["code"]) == (1, "output.open-elsewhere"), done
        assert done.json["message"] == str(Path("pay", name)) + " is open in another program; nothing was changed"
    assert tree(made) == before
    assert cli(*WRAP).code == 0


@windows_only
def test_one_that_is_let_go_of_in_time_is_replaced(cli: Cli, made: Path) -> None:
    with held(made / "pay" / "pay.jks", seconds=0.7):
        done = cli(*WRAP)
    assert done.code == 0, done
    assert not list((made / "pay").glob(".sfkeytool*"))


@windows_only
def test_an_input_that_nobody_else_may_read_is_named(cli: Cli, made: Path) -> None:
    with held(made / "pay" / "pay.crt"):
        assert cli("show", "pay/pay.crt").code == 0
    with held(made / "pay" / "pay.crt", shares=NOT_EVEN_READABLE):
        done = cli("show", "pay/pay.crt", "--json")
        assert (done.code, done.json["code"]) == (1, "input.open-elsewhere"), done
        log = cli("explain", "pay/pay.crt", "--json")
        assert log.json["code"] == "input.open-elsewhere"


@windows_only
def test_of_files_to_be_deleted_none_goes_while_one_is_open(folder: Path) -> None:
    for name in ("first", "second"):
        Path(name).write_bytes(b"secret")
    with held(folder / "second"), pytest.raises(OutputError) as error:
        delete_files(folder, {"first": b"secret", "second": b"secret"})
    assert error.value.code == "output.open-elsewhere"
    assert {path.name for path in folder.iterdir()} == {"first", "second"}


@windows_only
def test_a_state_that_is_open_keeps_its_old_content(folder: Path) -> None:
    with open_state(folder / "state.json", lambda: None) as state:
        state.write({"a": 1})
        with held(folder / "state.json"), pytest.raises(OutputError) as error:
            state.write({"a": 2})
        assert error.value.code == "output.open-elsewhere"
        assert state.read() == {"a": 1}
    assert [path.name for path in folder.iterdir()] == ["state.json"]
