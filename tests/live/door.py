"""How a keystore gets through the import page: one small interface, whoever opens it."""

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urljoin, urlsplit

import requests

from live.question import CannotAsk
from sfkeytool.cli.by_browser import _marks
from sfkeytool.edge.driven_browser import FormErrand, fill_form, require_browser
from sfkeytool.errors import SystemFailureError
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.hosts import org_hosts
from sfkeytool.salesforce.org import OrgClient
from sfkeytool.workflows.ckm_import.door import LANDING_PATH, import_page

_ERRORS = ("error", "errorTitle", "errorDesc", "validationError")
_TIMEOUT_SECONDS = 60


class PageAnswer(NamedTuple):
    """``is_landed``: the page led on to where a success leads. ``words`` are its errors."""

    is_landed: bool
    words: tuple[str, ...] = ()


class Door(Protocol):
    """``name`` is for the report."""

    name: str

    def save(self, client: OrgClient, keystore: Path, password: str) -> PageAnswer:
        """Chooses the file, types the password, presses Save.

        Raises CannotAsk where there is no such page or it does not answer, and what OrgClient.front_door() raises.
        """

    def close(self) -> None: ...


class BrowserDoor:
    """A browser of this machine, driven as ``ckm import --browser`` drives it; a new one each time.

    Raises UsageError where there is none.
    """

    name = "browser"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._program = require_browser(environ, headed=False)

    def save(self, client: OrgClient, keystore: Path, password: str) -> PageAnswer:
        errand = FormErrand(
            door=client.front_door(LANDING_PATH), page=import_page(client.url), landing=LANDING_PATH,
            hosts=org_hosts(client.url), marks=_marks(), file_name=keystore.name, content=keystore.read_bytes(),
            password=Secret(password),
        )  # fmt: skip
        try:
            ending = fill_form(errand, self._program, self._environ)
        except SystemFailureError as error:
            raise CannotAsk(error.message) from None
        if ending.kind in ("landed", "errors"):
            return PageAnswer(ending.kind == "landed", tuple(map(_cleaned, ending.words)))
        sent = "the form was sent, and then: " if ending.saved else ""
        raise CannotAsk(f"{sent}{_LOST[ending.kind]} {' '.join(ending.words)}".rstrip())

    def close(self) -> None: ...


_LOST = {
    "login": "the login page came",
    "challenge": "the org asked for a proof of identity",
    "changed": "the import page lacks",
    "late": "the page did not come in time",
    "elsewhere": "the browser was led elsewhere",
    "unreachable": "the browser does not reach the page",
    "unstarted": "the browser does not start",
}


class FormDoor:
    """Sends the page's own form, as a browser would: no browser is needed, and no script of the page runs."""

    name = "form"

    def __init__(self) -> None:
        self._browser = requests.Session()
        self._is_inside = False

    def save(self, client: OrgClient, keystore: Path, password: str) -> PageAnswer:
        page = self._import_page(client)
        fields: list[tuple[str, Any]] = [(name, (None, value)) for name, value in page.hidden]
        fields += [("save", (None, " Save ")), (page.file, (keystore.name, keystore.read_bytes()))]
        fields.append(("Password", (None, password)))
        answer = self._send(client, "POST", urljoin(page.url, page.action), fields)
        if urlsplit(answer.url).path == LANDING_PATH:
            return PageAnswer(True)
        read = _Page(answer)
        if not read.errors:
            self._is_inside = False
            raise CannotAsk("the import page answered with a page that is not known: neither success nor an error")
        return PageAnswer(False, tuple(read.errors))

    def close(self) -> None:
        self._browser.close()

    def _import_page(self, client: OrgClient) -> "_Page":
        if not self._is_inside:
            self._browser.cookies.clear()
            self._send(client, "GET", client.front_door(LANDING_PATH).reveal())
            self._is_inside = True
        page = _Page(self._send(client, "GET", import_page(client.url)))
        if page.frame:
            page = _Page(self._send(client, "GET", urljoin(page.url, page.frame)))
        if not (page.file and page.action and page.has_password):
            self._is_inside = False
            raise CannotAsk(f"the import page is not there: {' '.join(page.errors) or 'another page came'}")
        return page

    def _send(
        self, client: OrgClient, method: str, url: str, form: list[tuple[str, Any]] | None = None
    ) -> requests.Response:
        if urlsplit(url).netloc != client.host:
            raise CannotAsk("the org leads to another host, where only a browser follows")
        return self._browser.request(method, url, files=form, timeout=_TIMEOUT_SECONDS)


class _Page(HTMLParser):
    """What matters of a page: its form, its errors, and the frame in which Lightning shows a classic page."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.url = answer.url
        self.hidden: list[tuple[str, str]] = []
        self.action = self.file = self.frame = ""
        self.has_password = False
        self.errors: list[str] = []
        self._depth = 0
        self.feed(answer.text)
        self.errors = list(dict.fromkeys(filter(None, map(_cleaned, self.errors))))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form" and has.get("id") == "editPage":
            self.action = has.get("action", "")
        if tag == "iframe" and has.get("name", "").startswith("vfFrameId"):
            self.frame = has.get("src", "")
        if tag == "input" and has.get("type") == "hidden" and self.action:
            self.hidden.append((has.get("name", ""), has.get("value", "")))
        if tag == "input" and has.get("type") == "file":
            self.file = has.get("name", "")
        self.has_password |= tag == "input" and has.get("id") == "Password"
        if self._depth and tag not in ("br", "img", "input", "hr"):
            self._depth += 1
        elif has.get("id") in _ERRORS or (tag == "div" and "errorMsg" in has.get("class", "").split()):
            self._depth = 1
            self.errors.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.errors[-1] += data


def _cleaned(text: str) -> str:
    return " ".join(text.split()).removeprefix("Error: ")
