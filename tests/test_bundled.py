"""sfkeytool as one program with a Python inside: what no interpreter beside it does is done by the program itself."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfkeytool import shell
from sfkeytool.edge import apart, browser, bundled, installation
from sfkeytool.errors import UsageError
from sfkeytool.shell import line_inside, shell_line

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="a script stands for the program")
ELSEWHERE = "/opt/my tools/sfkeytool"


@pytest.fixture
def called() -> Iterator[None]:
    """What a test calls sfkeytool is forgotten after it."""
    yield
    shell.call_sfkeytool("sfkeytool")


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


# Lines to paste


@pytest.mark.usefixtures("called")
def test_a_line_begins_with_the_path_of_a_program_that_is_not_on_path() -> None:
    """Quoted; other programs keep their names, and so does sfkeytool as an argument."""
    shell.call_sfkeytool(ELSEWHERE)
    assert shlex.split(shell_line(["sfkeytool", "show", "sfkeytool"], windows=False)) == [
        ELSEWHERE,
        "show",
        "sfkeytool",
    ]
    assert line_inside("a b", ("sfkeytool", "show"), windows=False) == f"(cd 'a b' && '{ELSEWHERE}' show)"
    assert shell_line(["sf", "org", "list"], windows=False) == "sf org list"


@pytest.mark.usefixtures("called")
def test_a_line_on_windows_says_which_shell_starts_a_quoted_program() -> None:
    """PowerShell takes a quoted first word for a text."""
    shell.call_sfkeytool(r"C:\Tools\sfkeytool.exe")
    assert shell_line(["sfkeytool", "show", "x"], windows=True) == r"C:\Tools\sfkeytool.exe show x"
    shell.call_sfkeytool(r"C:\My Tools\sfkeytool.exe")
    line = shell_line(["sfkeytool", "show", "x"], windows=True)
    assert line == r'"C:\My Tools\sfkeytool.exe" show x & rem for cmd.exe alone'


@posix_only
def test_the_bare_name_is_for_the_program_that_path_leads_to(tmp_path: Path) -> None:
    """Also by a link; not for another of the same name, and not for one in the current folder."""
    program = executable(tmp_path / "sfkeytool-linux", "")
    other, links = tmp_path / "other", tmp_path / "links"
    other.mkdir()
    links.mkdir()
    executable(other / "sfkeytool", "")
    (links / "sfkeytool").symlink_to(program)
    for path, name in (
        (links, "sfkeytool"),
        (other, str(program)),
        (f"{other}:{links}", str(program)),
        ("", str(program)),
    ):
        assert bundled.own_command({"PATH": str(path)}, str(program)) == name


# Processes


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the bundled program: it is this Python that begins as that one does."""
    (tmp_path / "echoing.py").write_text(
        "from sfkeytool.edge.apart import answer_apart\ndef main(): answer_apart(lambda job: [job])\n"
    )
    begins = "from sfkeytool.edge import bundled; import sys; bundled.run_apart() or sys.exit(70)"
    path = f"{tmp_path}:{Path(bundled.__file__).parents[2]}"
    script = f"#!/bin/sh\nPYTHONPATH='{path}' exec '{sys.executable}' -c '{begins}' \"$@\"\n"
    program = executable(tmp_path / "program", script)
    monkeypatch.setattr(sys, "executable", str(program))
    for module in (apart, browser):
        monkeypatch.setattr(module, "BUNDLED", True)
    return program


@posix_only
@pytest.mark.usefixtures("program")
def test_work_apart_is_done_by_the_program_itself() -> None:
    """It takes no options of an interpreter."""
    assert apart.do_apart("echoing", {"a": 1}, deadline_seconds=60, check=lambda: None) == [{"a": 1}]


@posix_only
@pytest.mark.usefixtures("program")
def test_a_page_is_opened_by_the_program_itself(tmp_path: Path) -> None:
    """In the browser that the reader has named."""
    shown = executable(tmp_path / "browser", f'#!/bin/sh\nprintf %s "$1" >"{tmp_path}/shown"\n')
    environ = {"PATH": os.environ["PATH"], "BROWSER": str(shown), "DISPLAY": ":9"}
    assert browser.open_page(tmp_path / "page.html", environ) == ""
    assert (tmp_path / "shown").read_text() == (tmp_path / "page.html").as_uri()


def test_arguments_of_a_user_are_no_work_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other command line is the program's own."""
    for arguments in ([], ["show", "x.crt"], ["--run-apart"]):
        monkeypatch.setattr(sys, "argv", ["sfkeytool", *arguments])
        assert not bundled.run_apart()


# The system around it


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"LD_LIBRARY_PATH": "/tmp/_MEI1"}, {}),
        ({"LD_LIBRARY_PATH": "/tmp/_MEI1", "LD_LIBRARY_PATH_ORIG": "/opt/lib"}, {"LD_LIBRARY_PATH": "/opt/lib"}),
    ],
)
@posix_only
def test_other_programs_find_their_own_libraries(before: dict[str, str], after: dict[str, str]) -> None:
    """And not those that PyInstaller's loader has unpacked."""
    bundled.leave_no_trace(before)
    assert before == after


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one place")
@pytest.mark.parametrize(
    ("there", "given", "found"),
    [
        ({"/usr/lib/ssl/certs", "/etc/ssl/cert.pem"}, {}, {}),
        ({"/etc/pki/tls/certs/ca-bundle.crt"}, {}, {"SSL_CERT_FILE": "/etc/pki/tls/certs/ca-bundle.crt"}),
        ({"/etc/ssl/ca-bundle.pem"}, {"SSL_CERT_FILE": "/own"}, {"SSL_CERT_FILE": "/own"}),
        ({"/etc/ssl/ca-bundle.pem"}, {"SSL_CERT_DIR": "/own"}, {"SSL_CERT_DIR": "/own"}),
        (set(), {}, {}),
    ],
)
def test_authorities_are_found_on_another_linux(there: set[str], given: dict[str, str], found: dict[str, str]) -> None:
    """The OpenSSL inside knows only where Debian keeps them; what the user has named goes before."""
    bundled.find_authorities(given, there.__contains__)
    assert given == found


def test_what_is_not_inside_cannot_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pip is named that is not there; what to do instead is."""
    monkeypatch.setattr(installation, "BUNDLED", True)
    with pytest.raises(UsageError) as error:
        installation.require_library("no_such_library", "--browser")
    assert error.value.code == "usage.extra-missing"
    assert error.value.message.startswith("--browser needs the no_such_library library, which is not in this program")
    assert "docs/install.md" in error.value.hints[0]
    assert sys.executable not in error.value.hints[0]
