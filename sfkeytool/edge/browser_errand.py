"""The process that drives a browser: see fill_form(). It ends with the process that gave it the job, and the browser
with it."""

import base64
import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from sfkeytool.edge.apart import answer_apart
from sfkeytool.edge.driven_browser import Ending, Limits, Marks

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame, Page, Playwright

_POLL_MILLISECONDS = 100
_LONGEST_WORDS = 500
_ADDRESS = re.compile(r"\w+://\S+")
_FIELDS = ("file", "password", "save")
_GIVING_WAY = ("context was destroyed", "frame was detached", "Cannot find context", "Frame has been detached")

T = TypeVar("T")


def main() -> None:
    """Answers an Ending."""
    answer_apart(_go)


def _go(job: dict[str, Any]) -> Any:
    from playwright.sync_api import Error, sync_playwright

    os.environ.clear()  # what Playwright starts gets this process's, and would read its own variables in it
    os.environ.update(job["environment"] | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), job["scratch"]))
    limits = msgspec.convert(job["limits"], Limits)
    with sync_playwright() as playwright:
        try:
            context = _started(playwright, job, limits)
        except Error as error:
            return msgspec.to_builtins(Ending("unstarted", words=tuple(error.message.splitlines()[:200])))
        try:
            return msgspec.to_builtins(_Visit(context, job, limits).ending())
        finally:
            if context.browser is not None:
                context.browser.close()


def _started(playwright: "Playwright", job: dict[str, Any], limits: Limits) -> "BrowserContext":
    proxy = job["proxy"]
    reached = [*job["hosts"], *([urlsplit(proxy["server"]).hostname] if proxy else [])]
    nowhere = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in reached)])
    browser = playwright.chromium.launch(
        executable_path=job["program"],
        headless=not job["headed"],
        chromium_sandbox=True,
        # Playwright has the profile in its folder for temporary files, which is ours. The browser has the system's, for
        # a socket lies there, and the path of one is short.
        env=job["environment"],
        proxy=proxy,
        timeout=limits.start * 1000,
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        # The network's own rule: it also holds for redirects, workers and what a browser does by itself. The one is for
        # names that are looked up here, the other for those that a proxy would look up.
        args=[f"--host-resolver-rules={nowhere}", f"--host-rules={nowhere}"],
    )
    context = browser.new_context(accept_downloads=False, service_workers="block")
    context.set_default_timeout(limits.page * 1000)
    return context


class _Visit:
    """One errand, from the door to the answer."""

    def __init__(self, context: "BrowserContext", job: dict[str, Any], limits: Limits) -> None:
        self._page: Page = context.new_page()
        self._job = job
        self._limits = limits
        self._marks = msgspec.convert(job["marks"], Marks)
        self._saved = False
        self._lacking: list[str] = []
        self._settled: float | None = None

    def ending(self) -> Ending:
        from playwright.sync_api import Error

        try:
            return self._through_the_door() or self._to_the_form() or self._after_save()
        except Error as error:
            # Its first line alone: others quote what it was waiting for. Addresses may be secret.
            words = [_ADDRESS.sub("…", line) for line in error.message.splitlines()[:1]]
            return self._end("late" if "Timeout" in error.message else "unreachable", *words)

    def _end(self, kind: Any, *words: str) -> Ending:
        # A page that repeats what was typed into it is not repeated.
        told = [word.strip().replace(self._job["password"] or "\0", "…")[:_LONGEST_WORDS] for word in words]
        told = [word for word in dict.fromkeys(told) if word]
        return Ending(kind, self._saved, tuple(told), urlsplit(self._page.url).path[:_LONGEST_WORDS])

    def _through_the_door(self) -> Ending | None:
        self._open(self._job["door"], self._limits.door)
        path = urlsplit(self._job["door"]).path
        # The door's own page may lead on by script.
        through = self._waited(lambda: self._stopped() or (self._path != path and self._is_loaded()), self._limits.door)
        return through if isinstance(through, Ending) else None

    def _to_the_form(self) -> Ending | None:
        """None once the form is filled and sent."""
        self._open(self._job["page"], self._limits.page)
        found: Ending | Frame = self._waited(self._look_for_form, self._limits.page)
        if isinstance(found, Ending):
            return found
        return self._fill(found)

    def _look_for_form(self) -> "Ending | Frame | None":
        if ending := self._stopped() or self._refusal():
            return ending
        lacking, frame = min(((self._lacks(frame), frame) for frame in self._frames()), key=lambda each: len(each[0]))
        if not lacking:
            return frame
        self._lacking = lacking
        # A page that answers for itself has all its parts once it is loaded; one that shows another in a frame has not.
        whole = len(lacking) < len(_FIELDS) or self._path == urlsplit(self._job["page"]).path
        self._settled = (self._settled or time.monotonic()) if whole and self._is_loaded() else None
        if self._settled is not None and time.monotonic() > self._settled + self._limits.settled:
            return self._end("changed", *lacking)
        return None

    def _lacks(self, frame: "Frame") -> list[str]:
        return [name for name in _FIELDS if frame.query_selector(getattr(self._marks, name)) is None]

    def _fill(self, frame: "Frame") -> Ending | None:
        if urlsplit(frame.url).hostname not in self._job["hosts"]:
            return self._end("elsewhere")
        content = base64.b64decode(self._job["content"])
        kind = "application/octet-stream"
        frame.locator(self._marks.file).first.set_input_files(
            {"name": self._job["file_name"], "mimeType": kind, "buffer": content}
        )
        frame.locator(self._marks.password).first.fill(self._job["password"])
        save = frame.locator(self._marks.save).first
        save.click(trial=True)  # whether it can be pressed: from here on an error is one of a form that may be sent
        self._saved = True
        save.click(no_wait_after=True)
        return None

    def _after_save(self) -> Ending:
        ending = self._waited(self._look_for_answer, self._limits.answer)
        return ending if isinstance(ending, Ending) else self._end("late")

    def _look_for_answer(self) -> Ending | None:
        if any(urlsplit(frame.url).path == self._job["landing"] for frame in self._page.frames):
            return self._end("landed")
        return self._stopped() or self._refusal()

    def _open(self, address: str, seconds: float) -> None:
        self._page.goto(address, wait_until="commit", timeout=seconds * 1000)

    def _waited(self, look: Callable[[], T | None], seconds: float) -> T | Ending:
        """What ``look`` comes to, once it is something. A page that gives way to the next is looked at again."""
        from playwright.sync_api import Error

        end = time.monotonic() + seconds
        while True:
            try:
                if found := look():
                    return found
            except Error as error:
                if not any(each in error.message for each in _GIVING_WAY):
                    raise
            if time.monotonic() > end:
                return self._end("changed", *self._lacking) if self._lacking and not self._saved else self._end("late")
            self._page.wait_for_timeout(_POLL_MILLISECONDS)

    @property
    def _path(self) -> str:
        return urlsplit(self._page.url).path

    def _is_loaded(self) -> bool:
        return bool(self._page.evaluate("document.readyState") == "complete")

    def _frames(self) -> list["Frame"]:
        """Where the form may be: in the page, or in the frame that it is shown in."""
        found = [self._page.main_frame]
        for element in self._page.query_selector_all(self._marks.frame):
            inner = element.content_frame()
            found += [inner] if inner is not None else []
        return found

    def _stopped(self) -> Ending | None:
        """What stands between a session and any page. A person at the browser may take a challenge out of the way."""
        end = time.monotonic() + self._limits.person
        while self._path.startswith(self._marks.challenge):
            if not self._job["headed"] or time.monotonic() > end:
                return self._end("challenge")
            self._page.wait_for_timeout(_POLL_MILLISECONDS)
        return self._end("login") if self._page.query_selector(self._marks.login) is not None else None

    def _refusal(self) -> Ending | None:
        words = [
            element.inner_text() for frame in self._frames() for element in frame.query_selector_all(self._marks.errors)
        ]
        return self._end("errors", *words) if any(word.strip() for word in words) else None
