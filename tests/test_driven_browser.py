"""ckm import --browser: a real Chromium, driven through the fake org's import page by the command itself."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from conftest import PASSWORD, THOROUGH, Result, process, required
from fake_org import FakeOrg
from fake_org import keystore_import as imported
from fake_org.setup import HOME, IMPORT
from filled_org import key_pem
from msgspec.structs import replace
from test_fake_setup import ASKED, CORPUS, CORPUS_PASSWORD, HIDDEN

from sfkeytool.cli.by_browser import ByBrowser, _marks
from sfkeytool.edge.browser_errand import _started, _Visit
from sfkeytool.edge.driven_browser import Ending, Limits
from sfkeytool.errors import OrgError
from sfkeytool.salesforce.hosts import org_hosts

Cli = Callable[..., Result]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the browser of these tests is a script with a first line"),
]

BROWSER = """#!/bin/sh
printf '%s\\n' "$@" >> {log}
exec {chromium} {more} "$@"
"""


def has_sandbox() -> bool:
    """Whether this system gives Chromium one: to no root, and not where user namespaces are forbidden."""
    made = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode == 0
    return os.geteuid() != 0 and made


@pytest.fixture(scope="module")
def chromium() -> str:
    return required("chromium")


@pytest.fixture
def browser(
    chromium: str, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The browser that this machine has is a script that tells with what arguments it was started. Where the system
    gives no sandbox the script, which is not ours, starts it without; what the command asked for stands in the log."""
    place = tmp_path_factory.mktemp("browser")
    install(place, chromium, "" if has_sandbox() else "--no-sandbox")
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "c"))
    return place


def install(place: Path, program: str, more: str = "") -> None:
    script = place / "google-chrome-stable"
    script.write_text(BROWSER.format(log=place / "arguments", chromium=program, more=more))
    script.chmod(0o755)


@pytest.fixture
def made(cli: Cli, folder: Path) -> Path:
    """./pay_api with the key, certificate and keystore of a self-signed pair."""
    place = folder / "pay_api"
    place.mkdir(mode=0o700)
    (place / "pay_api.key").write_bytes(key_pem(1))
    (place / "pay_api.key").chmod(0o600)
    assert cli("self-signed", "pay_api", "--password", "env:TEST_PASSWORD").code == 0
    (place / "pay_api.jks.password").write_text(PASSWORD)
    return place


@pytest.fixture
def run(cli: Cli, org: FakeOrg, browser: Path, made: Path) -> Callable[..., Result]:
    def run(*more: object) -> Result:
        return cli("ckm", "import", "pay_api", "--browser", "--yes", "--json", *more)

    return run


def names(org: FakeOrg) -> list[str]:
    return list(org.contents.components.get("Certificate", {}))


def left(browser: Path) -> list[str]:
    """What lies where browsers keep things."""
    return sorted(path.name for path in (browser / "c" / "sfkeytool").glob("*"))


@pytest.fixture
def stranger() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a host that is not the org's, and what came to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    heard.append(connection.recv(1000))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://localhost:{server.getsockname()[1]}/", heard
        ended.set()
        thread.join()


def test_it_lands_under_lightning_and_goes_nowhere_else(
    run: Callable[..., Result], org: FakeOrg, browser: Path, made: Path, stranger: tuple[str, list[bytes]]
) -> None:
    """The form lies in a frame then; what it would load from elsewhere is not asked for."""
    url, heard = stranger
    org.setup.lightning = True
    org.setup.beside = f'<img src="{url}image"><iframe src="{url}frame"></iframe><script>fetch("{url}x")</script>'
    done = run()
    assert done.code == 0, done
    assert (done.code, done.json["result"]["proved"], names(org)) == (0, True, ["pay_api"])
    assert "ckm.experimental" in [notice["code"] for notice in done.json["notices"]]
    assert (heard, left(browser)) == ([], [])
    [upload] = org.setup.uploads
    assert (upload.file_name, upload.data) == ("pay_api.jks", (made / "pay_api.jks").read_bytes())
    assert [name for name, _ in upload.fields if name != "isdtp"] == [*HIDDEN, "save", "fileName", "Password"]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="/proc shows the arguments of processes")
def test_no_secret_is_seen_while_it_runs(org: FakeOrg, browser: Path, made: Path, folder: Path) -> None:
    """Not in the arguments of any process, its own or the browser's, nor in the environment of what it starts, nor in
    what it prints or leaves: the session's addresses and cookie, the access token, the password. A slow page gives
    time to look."""
    org.setup.pause_seconds = 0.5
    doors: set[str] = set()
    sessions: set[str] = set()
    arguments_seen: set[str] = set()
    environments: set[str] = set()
    running = start(folder, "--browser", "--yes", "--wait", "0", "-v")
    deadline = time.monotonic() + 120
    while running.poll() is None:
        assert time.monotonic() < deadline
        doors |= set(org.setup._doors)
        sessions |= org.setup.sessions()
        for number in family(running.pid):
            arguments_seen.add(proc(number, "cmdline"))
            if number != running.pid and "-c\0import importlib" not in proc(number, "cmdline"):
                environments.add(proc(number, "environ"))
        time.sleep(0.05)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    secrets = {*doors, *sessions, os.environ["SF_ACCESS_TOKEN"], PASSWORD}
    assert len(secrets) == 4
    assert any("--type=renderer" in each for each in arguments_seen), "Chromium's own processes were looked at"
    assert any("run-driver" in each for each in arguments_seen), "and Playwright's"
    written = [path.read_text(errors="replace") for path in folder.rglob("*") if path.name.endswith(".json")]
    for secret in secrets:
        for text in (*arguments_seen, *environments, out, err, *written, (browser / "arguments").read_text()):
            assert secret not in text, text
    asked = (browser / "arguments").read_text().splitlines()
    assert "--no-sandbox" not in asked
    assert [each for each in asked if "MAP * ~NOTFOUND" in each]


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", "ckm", "import", "pay_api", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def proc(number: int, name: str) -> str:
    try:
        return Path(f"/proc/{number}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def family(number: int) -> list[int]:
    """A process and all that come from it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        fields = proc(int(path.name), "stat").rpartition(")")[2].split()
        if fields:
            parents[int(path.name)] = int(fields[1])
    found = [number]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


@pytest.mark.parametrize(("ends_by", "stays"), [("SIGINT", False), ("SIGKILL", True)])
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="/proc shows the processes")
def test_interrupted_the_browser_ends_too(
    ends_by: str, stays: bool, org: FakeOrg, browser: Path, made: Path, folder: Path
) -> None:
    """Ctrl-C, and the folder is gone; killed, and the next run that speaks to an org removes it."""
    org.setup.pause_seconds = 60
    running = start(folder, "--browser", "--yes")
    deadline = time.monotonic() + 60
    while ("GET", IMPORT) not in org.setup.visits:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    [profile] = (browser / "c" / "sfkeytool").glob("*.folder")
    assert profile.stat().st_mode & 0o777 == 0o700
    others = [number for number in family(running.pid) if number != running.pid]
    assert len(others) > 2
    running.send_signal(signal.Signals[ends_by])
    _, err = running.communicate(timeout=20)
    assert running.returncode == (-9 if stays else 130)
    assert ("is not known" in err) is not stays
    if not stays:
        assert browsers(others, profile) == [], "they have ended before this run does"
    while remaining := browsers(others, profile):
        assert time.monotonic() < deadline, remaining
        time.sleep(0.05)
    assert [name.endswith(".folder") for name in left(browser) if not name.endswith(".lock")] == [True] * stays
    org.setup.pause_seconds = 0
    process("ckm", "list", cwd=folder)
    assert left(browser) == []
    assert names(org) == []


def browsers(numbers: list[int], profile: Path) -> list[int]:
    """Those that run in the profile, without what they have started themselves, which goes with them."""
    commands = {number: proc(number, "cmdline") for number in numbers}
    return [number for number, command in commands.items() if str(profile) in command and "--type=" not in command]


TOLD: dict[str, tuple[dict[str, Any], str, bool, str]] = {
    "Data Not Available": (
        {"identity_provider": False}, "ckm.page-refused", False, "says: Data Not Available; nothing was imported",
    ),
    "a session lost after": ({"lost_at": "POST"}, "ckm.page-lost", True, "the form was sent, and then the session was"),
    "a session lost before": ({"lost_at": "GET"}, "ckm.page-login", False, "nothing was imported"),
    "no password": ({"missing": {"password"}}, "ckm.page-changed", False, "no field for the password; nothing was"),
    "a challenge": ({"high_assurance": True}, "ckm.page-challenge", False, "give it in the browser itself: --headed"),
    "elsewhere": ({"elsewhere": "http://localhost:8080/"}, "ckm.page-unreachable", False, "net::ERR_NAME_NOT_RESOLVED"),
}  # fmt: skip
"""What the page does; the code, whether the form may have been sent, and the words that are told."""


@pytest.mark.parametrize("what", TOLD if THOROUGH else [*TOLD][:2])
def test_what_the_page_does_is_told(what: str, run: Callable[..., Result], org: FakeOrg, browser: Path) -> None:
    """By the command, in Salesforce's words. The rest of these pages a browser sees below, and their errors follow."""
    page, code, is_sent, words = TOLD[what]
    for name, value in page.items():
        setattr(org.setup, name, value)
    done = run("--wait", "0")
    told = [done.json.get("code"), *(notice["code"] for notice in done.json["notices"])]
    assert (done.code, code in told, names(org), left(browser)) == (1, True, [], [])
    assert words in done.out
    assert ("nothing was imported" in done.out) is not is_sent
    if what == "Data Not Available":
        actions = " ".join(done.json["actions"])
        assert "Identity Provider was never enabled" in actions
        assert "sfkeytool explain error.ckm.data-not-available" in actions


def taken(org: FakeOrg) -> None:
    imported.import_keystore((CORPUS / "chain.jks").read_bytes(), CORPUS_PASSWORD, org.contents, imported.Rules())


PAGES: dict[str, tuple[dict[str, Any], dict[str, Any], Ending]] = {
    "imported": ({}, {}, Ending("landed", True)),
    "a wrong password": (
        {}, {"password": "another"},
        Ending("errors", True, ("Error: Keystore was tampered with, or password was incorrect",)),
    ),
    "an EC key": ({}, {"keystore": "ec"}, Ending("errors", True, (f"Error: {imported.NOT_RSA}",))),
    "a name that is taken": ({}, {}, Ending("errors", True, (f"Error: {imported.NAME_TAKEN}",))),
    "a session lost before": ({"lost_at": "GET"}, {}, Ending("login")),
    "no button": ({"missing": {"save"}}, {"settled": 0.2}, Ending("changed", words=("save",))),
    "no form in the frame": (
        {"missing": {"frame"}, "lightning": True}, {"page": 2, "settled": 0.2},
        Ending("changed", words=("file", "password", "save")),
    ),
    "a challenge": ({"high_assurance": True}, {}, Ending("challenge")),
    "late": ({"pause_seconds": 1.0}, {"page": 0.4}, Ending("late")),
    "late after the form": ({"pause_seconds": 1.0}, {"answer": 0.2}, Ending("late", True)),
    "elsewhere": ({"elsewhere": "http://localhost:8080/"}, {}, Ending("unreachable")),
}  # fmt: skip
"""What the page does, what else is given than a good keystore and much time, and how it ends; beside what runs of the
command see above."""


def test_what_a_browser_makes_of_each_page(browser: Path) -> None:
    """One for all, where the command starts one each time. What the page says is told word for word; where a page has
    changed nothing is filled in by halves; nothing but what lands is imported."""
    from playwright.sync_api import sync_playwright

    job = {
        "program": str(browser / "google-chrome-stable"), "headed": False, "proxy": None, "hosts": ["127.0.0.1"],
        "environment": dict(os.environ), "landing": HOME, "marks": msgspec.to_builtins(_marks()),
    }  # fmt: skip
    with sync_playwright() as playwright:
        context = _started(playwright, job, Limits())
        for what, (page, given, wanted) in PAGES.items():
            context.clear_cookies()
            with FakeOrg(tls=False) as org:
                for name, value in page.items():
                    setattr(org.setup, name, value)
                if what == "a name that is taken":
                    taken(org)
                before = names(org)
                ending = _Visit(context, job | errand(org, **given), limits_of(**given)).ending()
                words = ending.words if ending.kind in ("errors", "changed") else ()
                assert Ending(ending.kind, ending.saved, words) == wanted, what
                assert ending.kind == "late" or (names(org) != before) is (ending.kind == "landed"), what
                assert ending.saved or not org.setup.uploads, what
            context.pages[0].close()
        assert "net::ERR_NAME_NOT_RESOLVED" in ending.words[0]
        assert context.browser
        context.browser.close()


def errand(org: FakeOrg, keystore: str = "chain", password: str = CORPUS_PASSWORD, **limits: float) -> dict[str, Any]:
    """What differs from page to page of a job of fill_form()."""
    _, door = org.setup.single_access(True, f"/?redirect_uri={HOME}", org.url)
    content = b64encode((CORPUS / f"{keystore}.jks").read_bytes()).decode()
    return {
        "door": door["frontdoor_uri"], "page": f"{org.url}{ASKED}", "file_name": f"{keystore}.jks", "content": content,
        "password": password,
    }  # fmt: skip


def limits_of(keystore: str = "", password: str = "", **seconds: float) -> Limits:
    return Limits(**seconds)


def test_with_a_window_a_person_proves_who_they_are(
    run: Callable[..., Result], org: FakeOrg, browser: Path, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for; here the page leads on as if they had. There is no display: the script takes the window away."""
    install(browser, chromium, "--headless=new" + ("" if has_sandbox() else " --no-sandbox"))
    monkeypatch.setenv("DISPLAY", ":99")
    org.setup.high_assurance = org.setup.person_proves = True
    done = run("--headed")
    assert (done.code, names(org)) == (0, ["pay_api"])
    assert "--headless" not in (browser / "arguments").read_text().splitlines()


def test_without_a_sandbox_nothing_is_opened(
    run: Callable[..., Result], org: FakeOrg, browser: Path, chromium: str
) -> None:
    """The real one as root; elsewhere its words, from a script."""
    if os.geteuid() == 0:
        install(browser, chromium)
    else:
        (browser / "google-chrome-stable").write_text("#!/bin/sh\necho 'FATAL: No usable sandbox!' >&2\nexit 1\n")
    done = run()
    assert (done.code, done.json["code"], org.setup.visits, left(browser)) == (1, "browser.no-sandbox", [], [])
    assert done.json["message"].endswith("nothing was opened")
    (browser / "google-chrome-stable").write_text("#!/bin/sh\nexit 1\n")
    assert run().json["code"] == "browser.failed"


def test_what_is_missing_is_told_before_anything_else(
    run: Callable[..., Result], cli: Cli, org: FakeOrg, browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password, a browser, a display, the library, or the flag that a flag is about."""
    alone = cli("ckm", "import", CORPUS / "chain.jks", "--browser", "--yes", "--json")
    assert alone.json["code"] == "ckm.no-password"
    codes = [run("--headed").json["code"], run("--no-open").json["code"]]
    codes.append(cli("ckm", "import", "pay_api", "--headed", "--json").json["code"])
    assert codes == ["usage.no-display", "usage.headed", "usage.headed"]
    monkeypatch.setenv("PATH", str(browser / "empty"))
    assert run().json["code"] == "usage.browser-missing"
    monkeypatch.setattr("sfkeytool.edge.installation.find_spec", lambda name: None)
    missing = run().json
    assert missing["code"] == "usage.extra-missing"
    assert "playwright" in missing["actions"][0]
    assert org.setup.visits == []


ENDS: dict[str, tuple[Ending, str, str, str]] = {
    "late": (Ending("late"), "ckm.page-late", "did not come in time", "no answer came in time"),
    "elsewhere": (Ending("elsewhere"), "ckm.page-unreachable", "elsewhere", "lost the page (elsewhere)"),
    "unreachable": (
        Ending("unreachable", words=("net::ERR_X",)), "ckm.page-unreachable", "net::ERR_X", "lost the page (net::ERR_X)",
    ),
    "login": (Ending("login"), "ckm.page-login", "shows its login page", "the session was over"),
    "challenge": (Ending("challenge"), "ckm.page-challenge", "a proof of identity", "a proof of identity"),
    "changed": (
        Ending("changed", words=("password", "save")), "ckm.page-changed", "no field for the password, the button Save",
        "lost the page (password; save)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENDS)
def test_each_end_has_an_error_of_its_own(kind: str) -> None:
    """Before the form was sent nothing was imported, and that is said; after it only CKM can tell."""
    ending, code, words, trouble = ENDS[kind]
    org: Any = SimpleNamespace(label="uat", client=SimpleNamespace(url="https://mine.my.salesforce.com"))
    way = ByBrowser(SimpleNamespace(), org, "", headed=False)  # type: ignore[arg-type]
    with pytest.raises(OrgError) as error:
        way._answer(ending)
    assert error.value.code == code
    assert words in error.value.message
    assert error.value.message.endswith("nothing was imported")
    assert "--headed" in error.value.hints[0] or kind not in ("challenge", "changed")
    told = way._answer(replace(ending, saved=True)).trouble
    assert told.startswith("the form was sent, and then ")
    assert trouble in told


def test_the_hosts_of_an_org() -> None:
    """Those of its My Domain; a host that is none is alone."""
    assert org_hosts("https://mine--uat.sandbox.my.salesforce.com")[:-3] == (
        "mine--uat.sandbox.my.salesforce.com",
        "mine--uat.sandbox.lightning.force.com",
        "mine--uat.sandbox.my.salesforce-setup.com",
        "mine--uat--c.sandbox.vf.force.com",
    )
    assert org_hosts("https://login.salesforce.com:443/x") == ("login.salesforce.com",)


def test_the_org_may_give_no_door(run: Callable[..., Result], org: FakeOrg) -> None:
    """For a token that opens none, which preflight does not see by its form."""
    org.setup.jwt_tokens = True
    done = run()
    assert (done.code, done.json["code"]) == (1, "org.no-door")
