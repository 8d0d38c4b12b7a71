"""``audit --open``: the page in the reader's browser, which gets no secret; and no browser is no failure."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PASSWORD, Pair, Result
from stand_in_cli import as_command
from test_codes import codes_in

Cli = Callable[..., Result]

BROWSER = """#!{python}
import json, os, sys
with open({log!r} + ".new", "w") as log:
    json.dump([sys.argv[1:], dict(os.environ)], log)
os.rename({log!r} + ".new", {log!r})
print("noise"); print("noise", file=sys.stderr)
"""


@pytest.fixture
def browser(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in notes how it was called."""
    log = folder / "called"
    script = folder / "browser"
    script.write_text(BROWSER.format(python=sys.executable, log=str(log)))
    monkeypatch.setenv("BROWSER", f"{as_command(script).as_posix()} %s")
    monkeypatch.setenv("SFKEYTOOL_PASSWORD", PASSWORD)
    return log


def test_the_page_is_opened_by_a_browser_that_sees_no_secret(cli: Cli, browser: Path, folder: Path, pair: Pair) -> None:
    """By its whole path, with blanks; nothing that the browser prints is among our results."""
    done = cli("audit", pair.crt, "--html", "the page.html", "--open", "--json")
    assert done.code in (0, 5)
    assert "report.not-opened" not in set(codes_in(done.json))
    deadline = time.monotonic() + 10
    while not browser.exists():
        assert time.monotonic() < deadline
    [uri], environment = json.loads(browser.read_text())
    assert uri == (folder / "the page.html").as_uri()
    assert "%20" in uri
    assert PASSWORD not in json.dumps(environment)
    assert "noise" not in done.out + done.err


def test_a_dry_run_opens_nothing(cli: Cli, browser: Path, pair: Pair) -> None:
    """There is no page."""
    assert cli("audit", pair.crt, "--html", "page.html", "--open", "--dry-run").code in (0, 5)
    assert not browser.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has a browser, which would open")
def test_no_browser_is_no_failure(cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server has no display: the page is there, the exit code and the table are the audit's own."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_INTEROP"):
        monkeypatch.delenv(name, raising=False)
    without = cli("audit", pair.crt, "--html", "page.html", "--json")
    done = cli("audit", pair.crt, "--html", "page.html", "--open", "--json")
    assert done.code == without.code
    assert set(codes_in(done.json)) - set(codes_in(without.json)) == {"report.not-opened"}
    assert (folder / "page.html").exists()
    monkeypatch.setenv("BROWSER", "/nowhere/at-all %s")
    monkeypatch.setenv("PATH", "/nowhere")
    done = cli("audit", pair.crt, "--html", "page.html", "--open", "--json")
    assert "report.not-opened" in set(codes_in(done.json))


def test_there_must_be_a_page(cli: Cli, pair: Pair) -> None:
    """--open alone asks for nothing."""
    done = cli("audit", pair.crt, "--open", "--json")
    assert (done.code, done.json["code"]) == (2, "usage.open")
