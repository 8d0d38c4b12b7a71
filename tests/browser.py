"""A real browser without a screen, spoken to by the DevTools protocol: one process for as many pages as are looked at."""

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_ABOVE_ITS_OWN = 10
_PATIENCE_SECONDS = 120


class BrowserError(Exception):
    """It refused a command, threw in a page, or has gone."""


class Browser:
    """Chromium: commands go in by one pipe, answers and events come out of another, each ended by a zero byte."""

    def __init__(self, program: str, profile: Path, options: Sequence[str] = ()) -> None:
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        theirs = [fcntl.fcntl(each, fcntl.F_DUPFD, _ABOVE_ITS_OWN) for each in (theirs_in, theirs_out)]
        self._process = subprocess.Popen(
            [
                sys.executable, "-c", _START, *map(str, theirs), program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
                "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
                "--hide-scrollbars", f"--user-data-dir={profile}", *options, "about:blank",
            ],
            pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for each in (theirs_in, theirs_out, *theirs):
            os.close(each)
        self._commands = os.fdopen(ours_in, "wb", buffering=0)
        self._answers = os.fdopen(ours_out, "rb", buffering=0)
        self._read = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        self._commands.close()
        self._process.kill()
        self._process.wait(timeout=30)
        self._answers.close()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; what else arrives meanwhile is in ``events``."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        self._commands.write(json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") != self._number:
                self.events.append(message)
            elif "error" in message:
                raise BrowserError(f"{method}: {message['error']}")
            else:
                result = message["result"]
                assert isinstance(result, dict)
                return result

    def await_event(self, method: str, session: str) -> None:
        while not any(event["method"] == method and event.get("sessionId") == session for event in self.events):
            self.events.append(self._receive())

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            if not select.select([self._answers], [], [], _PATIENCE_SECONDS)[0]:
                raise BrowserError(f"the browser has said nothing for {_PATIENCE_SECONDS} seconds")
            more = os.read(self._answers.fileno(), 1 << 20)
            if not more:
                raise BrowserError("the browser has gone")
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        value = json.loads(message)
        assert isinstance(value, dict)
        return value

    @contextmanager
    def opened(
        self,
        page: Path,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: str = "light",
        script: bool = True,
        policy: bool = True,
    ) -> "Iterator[Tab]":
        """A page in a tab of its own, loaded; if wanted with no script of its own, or free of its own policy."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events.clear()
        tab = Tab(self, session)
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        if not script:
            tab.call("Emulation.setScriptExecutionDisabled", value=True)
        if not policy:
            tab.call("Page.setBypassCSP", enabled=True)
        tab.look(width, height, scheme)
        tab.call("Page.navigate", url=page.as_uri())
        self.await_event("Page.loadEventFired", session)
        try:
            yield tab
        finally:
            self.call("Target.closeTarget", targetId=target)


class Tab:
    """One page."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def look(self, width: int, height: int, scheme: str) -> None:
        """From now on as on such a screen, by a reader who has set light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, expression: str) -> Any:
        """What the expression, or the promise that it makes, comes to in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def said(self) -> list[str]:
        """What the page, or the browser about it, wrote to the console or threw, in its own words."""
        self.run("0")
        told = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event) for event in self._browser.events if event["method"] in told]

    def picture(self) -> bytes:
        """The whole page as PNG, however long."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def pdf(self) -> bytes:
        """On A4."""
        printed = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)
        return base64.b64decode(printed["data"])
