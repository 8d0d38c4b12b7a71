"""A browser that this machine has, driven through one form: see browser_errand.py, the process that does it.

Nothing is downloaded. The browser keeps what it keeps in a folder of ours, which goes with it, and reaches the hosts
that it is told alone. Addresses and passwords go to it through pipes: none stands in arguments or the environment.
"""

import base64
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from sfkeytool.edge.apart import NoAnswerError, do_apart
from sfkeytool.edge.browser import browser_environment, has_display
from sfkeytool.edge.installation import require_library
from sfkeytool.edge.programs import find_program
from sfkeytool.edge.scratch_folder import scratch_folder
from sfkeytool.edge.signals import deferred_signals
from sfkeytool.errors import SystemFailureError, UsageError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

_NAMES = (
    "google-chrome-stable google-chrome chrome msedge microsoft-edge-stable microsoft-edge chromium chromium-browser"
)
_MACOS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "Chromium.app/Contents/MacOS/Chromium",
)
_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
    r"Chromium\Application\chrome.exe",
)
_WINDOWS_ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
_WRITTEN_TO = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")
"""Variables that name the folders in which a browser writes, beside its profile."""
_SANDBOX = (
    "--no-sandbox is not supported",
    "no usable sandbox",
    "suid sandbox",
    "setuid_sandbox",
    "move to new namespace",
)
"""How Chromium says that its sandbox does not start, in lower case."""
_ENDING_SECONDS = 5.0
"""For a browser to close by itself, before it is ended: our own bound."""


class Limits(Struct, frozen=True):
    """Seconds for each step: our own bounds. ``settled``: for a page that is loaded to show the parts that are looked
    for; ``person``: for somebody at a headed browser to prove who they are."""

    start: float = 60.0
    door: float = 90.0
    page: float = 60.0
    settled: float = 3.0
    answer: float = 120.0
    person: float = 300.0


class Marks(Struct, frozen=True):
    """What is looked for in a page: CSS selectors, and the beginning of a path for ``challenge``.

    ``frame`` may hold the form, ``errors`` what the page has against it; ``login`` stands where no session is.
    """

    frame: str
    file: str
    password: str
    save: str
    errors: str
    login: str
    challenge: str


class FormErrand(Opaque, frozen=True):
    """``door``: an address that opens a session, secret, and good once. ``page``: the address of the form, on the same
    host. ``landing``: the path on which it lands when all went well. ``hosts``: the only ones that are reached.
    ``content`` is secret."""

    door: Secret
    page: str
    landing: str
    hosts: tuple[str, ...]
    marks: Marks
    file_name: str
    content: bytes
    password: Secret


class Ending(Struct, frozen=True):
    """How it ended. Only ``landed`` and ``errors`` are the form's own answers.

    ``saved``: whether the form may have been sent. ``words``: of the page or the browser, neither cleaned nor secret.
    ``path``: where it stood, without what may be secret in an address.
    """

    kind: Literal["landed", "errors", "login", "challenge", "changed", "late", "elsewhere", "unreachable", "unstarted"]
    saved: bool = False
    words: tuple[str, ...] = ()
    path: str = ""


def find_browser(environ: Mapping[str, str]) -> str | None:
    """The path of a Chrome, Edge or Chromium of this machine, in that order; None if it has none."""
    for name in _NAMES.split():
        if found := find_program(name, environ):
            return found
    places: list[Path] = []
    if sys.platform == "darwin":
        places = [
            Path(root, each)
            for each in _MACOS
            for root in ("/Applications", environ.get("HOME", "/") + "/Applications")
        ]
    elif sys.platform == "win32":
        roots = [environ[root] for root in _WINDOWS_ROOTS if environ.get(root)]
        places = [Path(root, each) for each in _WINDOWS for root in roots]
    return next((str(place) for place in places if place.is_file()), None)


def require_browser(environ: Mapping[str, str], *, headed: bool) -> str:
    """find_browser(), before anything else is done.

    Raises UsageError: usage.extra-missing, usage.browser-missing, usage.no-display.
    """
    require_library("playwright", "--browser")
    program = find_browser(environ)
    if program is None:
        raise UsageError(
            "usage.browser-missing",
            "--browser needs Chrome, Edge or Chromium, and this machine has none on PATH or where they are installed",
            "install one of them; sfkeytool downloads none",
            "without --browser a page opens for you to choose the file in",
        )
    if headed and not has_display(environ):
        raise UsageError("usage.no-display", "--headed: there is no display here", "leave --headed out")
    return program


def fill_form(
    errand: FormErrand, program: str, environ: Mapping[str, str], *, headed: bool = False, limits: Limits | None = None
) -> Ending:
    """Open the door and the page, fill the form once, and tell how that ended. The browser ends before this returns.

    A signal ends it first, and raises. Raises SystemFailureError browser.no-sandbox and browser.failed, for a browser
    that does not start; then nothing was opened.
    """
    limits = limits or Limits()
    seconds = 2 * limits.start + limits.door + limits.page + limits.answer + (limits.person if headed else 0.0)
    with deferred_signals() as check, scratch_folder(environ) as scratch:
        job = _job(errand, program, environ, scratch, headed, limits)
        try:
            answer = do_apart(_DRIVER, job, deadline_seconds=seconds, check=check)
            ending = msgspec.convert(answer, Ending)
        except NoAnswerError as error:
            # Whether the form was sent is not known then: the worse is taken for true.
            ending = Ending("late", saved=True, words=(str(error),))
        finally:
            _outlive(scratch)
    if ending.kind == "unstarted":
        raise _not_started(program, "\n".join(ending.words))
    return ending


_DRIVER = "sfkeytool.edge.browser_errand"


def _job(
    errand: FormErrand, program: str, environ: Mapping[str, str], scratch: Path, headed: bool, limits: Limits
) -> dict[str, Any]:
    """In JSON's types; secret."""
    folder = str(scratch)
    return {
        "door": errand.door.reveal(),
        "page": errand.page,
        "landing": errand.landing,
        "hosts": errand.hosts,
        "marks": msgspec.to_builtins(errand.marks),
        "file_name": errand.file_name,
        "content": base64.b64encode(errand.content).decode("ascii"),
        "password": errand.password.reveal(),
        "program": program,
        "headed": headed,
        "proxy": _proxy(environ, urlsplit(errand.page).scheme),
        "limits": msgspec.to_builtins(limits),
        "environment": browser_environment(environ) | dict.fromkeys(_WRITTEN_TO, folder),
        "scratch": folder,
    }


def _proxy(environ: Mapping[str, str], scheme: str) -> dict[str, str] | None:
    """That of HTTPS_PROXY, as Playwright takes it: its password reaches the browser by a pipe. Secret."""
    value = environ.get("https_proxy") or environ.get("HTTPS_PROXY")
    if not value or scheme != "https":
        return None
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        server = f"{parts.scheme}://{parts.hostname}:{parts.port or 80}"
    except ValueError:
        return None
    proxy = {"server": server, "bypass": environ.get("no_proxy") or environ.get("NO_PROXY") or ""}
    if parts.username is not None:
        proxy |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return proxy


def _outlive(scratch: Path) -> None:
    """Wait for the browser to have ended, which on POSIX leaves its process number in its profile; end it else.

    On Windows its files cannot be removed before, which is waited for anyway.
    """
    if sys.platform == "win32":
        return
    end = time.monotonic() + _ENDING_SECONDS
    for profile in scratch.iterdir():
        with suppress(OSError, ValueError):
            lock = profile / "SingletonLock"  # a link to no file, which glob() passes over
            number = int(str(lock.readlink()).rpartition("-")[2])
            while time.monotonic() < end:
                os.kill(number, 0)  # raises once it is gone
                time.sleep(0.05)
            os.kill(number, signal.SIGKILL)


def _not_started(program: str, words: str) -> SystemFailureError:
    if any(each in words.lower() for each in _SANDBOX):
        return SystemFailureError(
            "browser.no-sandbox",
            f"{program} does not start with its sandbox here, and without one no session of an org is opened in it;"
            " nothing was opened",
            "as root it has none: run sfkeytool as an ordinary user",
            "in a container, or where the system forbids user namespaces: import it without --browser",
        )
    first = next((line.strip() for line in words.splitlines() if line.strip()), "no reason was given")
    return SystemFailureError(
        "browser.failed",
        f"{program} does not start: {first[:200]}",
        "does it start by itself? A browser in a snap or flatpak cannot be driven from outside",
        "without --browser a page opens for you to choose the file in",
    )
