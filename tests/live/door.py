"""How a keystore gets through the import page: one small interface, whoever opens it."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urljoin, urlsplit

import requests

from live.question import CannotAsk

HOME = "/setup/forcecomHomepage.apexp"
IMPORT = f"/_ui/security/certificate/KeyStoreImportUi/e?{urlencode({'retURL': HOME})}"
"""Page, fields, button and errors: sfdx-browserforce-plugin (commit 1c5621a), which drives it in real orgs."""
_ERRORS = ("error", "errorTitle", "errorDesc", "validationError")
_TIMEOUT_SECONDS = 60


class PageAnswer(NamedTuple):
    """``is_landed``: the page led on to where a success leads. ``words`` are its errors."""

    is_landed: bool
    words: tuple[str, ...] = ()


class Door(Protocol):
    """``name`` is for the report."""

    name: str

    def save(self, keystore: Path, password: str) -> PageAnswer:
        """Chooses the file, types the password, presses Save. Raises CannotAsk where there is no such page."""

    def close(self) -> None: ...


class FormDoor:
    """Sends the page's own form, as a browser would: no browser is needed, and no script of the page runs."""

    name = "form"

    def __init__(self, url: str, access_token: str) -> None:
        self._url = url
        self._access_token = access_token
        self._browser = requests.Session()
        self._is_inside = False

    def save(self, keystore: Path, password: str) -> PageAnswer:
        page = self._import_page()
        fields: list[tuple[str, Any]] = [(name, (None, value)) for name, value in page.hidden]
        fields += [("save", (None, " Save ")), (page.file, (keystore.name, keystore.read_bytes()))]
        answer = self._send("POST", urljoin(page.url, page.action), [*fields, ("Password", (None, password))])
        if urlsplit(answer.url).path == HOME:
            return PageAnswer(True)
        read = _Page(answer)
        if not read.errors:
            self._is_inside = False
            raise CannotAsk("the import page answered with a page that is not known: neither success nor an error")
        return PageAnswer(False, tuple(read.errors))

    def close(self) -> None:
        self._browser.close()

    def _import_page(self) -> "_Page":
        if not self._is_inside:
            self._browser.cookies.clear()
            self._send("GET", self._front_door())
            self._is_inside = True
        page = _Page(self._send("GET", urljoin(self._url, IMPORT)))
        if page.frame:
            page = _Page(self._send("GET", urljoin(page.url, page.frame)))
        if not (page.file and page.action and page.has_password):
            self._is_inside = False
            raise CannotAsk(f"the import page is not there: {' '.join(page.errors) or 'another page came'}")
        return page

    def _front_door(self) -> str:
        answer = requests.get(
            f"{self._url}/services/oauth2/singleaccess", {"redirect_uri": HOME},
            headers={"Authorization": f"Bearer {self._access_token}"}, timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip
        try:
            return str(answer.json()["frontdoor_uri"])
        except (KeyError, TypeError, ValueError):
            raise CannotAsk(f"the org opens no front door for this session (status {answer.status_code})") from None

    def _send(self, method: str, url: str, form: list[tuple[str, Any]] | None = None) -> requests.Response:
        if urlsplit(url).netloc != urlsplit(self._url).netloc:
            raise CannotAsk("the org leads to another host: the browser's door can follow there")
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
