"""Setup, as a browser sees it: the front door, the import page of Certificate and Key Management, and the ways out of it.

What is known of these pages, and from where:

- The import page, its fields, buttons and errors, and that landing on retURL is success: sfdx-browserforce-plugin
  (commit 1c5621a), which drives it in real orgs: src/plugins/security/certificate-and-key-management/index.ts,
  src/browserforce.ts, src/pages/login.ts.
- The hidden fields of a classic form (_CONFIRMATIONTOKEN against forgery, cancelURL, retURL, save_new_url; name and id
  editPage), and the page of an identity challenge: pages of Salesforce that were saved into public repositories, and
  tests of login pages that name the path /_ui/identity/verification/method/EmailVerificationFinishUi/e.
- /services/oauth2/singleaccess and its 403 for a token that is no longer good: sfdx-core, src/org/org.ts.

The rest is the plainest guess, and says so.

The plugin itself, unmodified, logs in to these pages, imports a keystore that sfkeytool made, and gives its row another
name; a wrong password, an EC key and "Data Not Available" reach it as errors in these words. Run by hand, with Chromium
and Playwright 1.61, in November 2026; tests/test_fake_setup.py holds the form that it sent.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from html import escape
from time import monotonic
from time import sleep as pause
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from .contents import Contents
from .keystore_import import Refused, Rules, import_keystore

HOME = "/setup/forcecomHomepage.apexp"
IMPORT = "/_ui/security/certificate/KeyStoreImportUi/e"
FRONT_DOOR = "/secur/frontdoor.jsp"
MAINTENANCE = "/msg/maintenanceandavailable.jsp"
CHALLENGE = "/_ui/identity/verification/method/EmailVerificationFinishUi/e"
FRAMED = "/lightning/setup/CertificatesAndKeysManagement/page"
"""Where Lightning shows a classic page in a frame. The path is a guess; the frame is not."""

INVALID_FOR_SESSION = (
    "The page you submitted was invalid for your session. Please click Save again to confirm your change."
)
"""A guess of when: classic forms say so of a _CONFIRMATIONTOKEN that is not theirs."""
SUMMARY = "Error: Invalid Data. Review all error messages below to correct your data."


class Page(NamedTuple):
    """``headers`` beside Content-Type and Content-Length."""

    status: int
    html: str
    headers: tuple[tuple[str, str], ...] = ()


class Upload(NamedTuple):
    """A form as it came: the fields' texts in their order, and the file."""

    fields: tuple[tuple[str, str], ...]
    file_name: str
    data: bytes

    def get(self, name: str) -> str:
        return dict(self.fields).get(name, "")


@dataclass
class Setup:
    """Filled, and spoiled, by tests. ``uploads`` are the forms that came to the import page, whatever came of them."""

    contents: Contents
    rules: Rules = field(default_factory=Rules)
    identity_provider: bool = True
    """Whether Identity Provider was ever enabled: else an import answers "Data Not Available"."""
    lightning: bool = False
    """Whether classic pages lie in a frame."""
    api_only: bool = False
    """The user has the permission "API Only User"."""
    jwt_tokens: bool = False
    """Access tokens are JWT-based. That the front door does not take them is a guess: Help ("Access Tokens") says that
    they open no page, Salesforce's Mobile SDK for Android (pull request 2632) that this API takes them."""
    jwt_soap: bool = False
    """Whether they do for SOAP APIs: Help, "JWT-Based Access Tokens", says REST alone."""
    high_assurance: bool = False
    """Certificates ask for a high-assurance session, which one from the front door is not."""
    may_manage: bool = True
    """Manage Certificates."""
    may_view: bool = True
    """View Setup and Configuration."""
    maintenance: bool = False
    """A notice of maintenance comes between the front door and its target."""
    missing: set[str] = field(default_factory=set)
    """Parts that a changed page has no longer: file, password, save, frame."""
    person_proves: bool = False
    """Somebody sits at the browser and proves who they are: the challenge leads on to where it stands before."""
    elsewhere: str = ""
    """An address that the import page leads to in place of a form."""
    beside: str = ""
    """HTML that the form's page has besides: what it would load from elsewhere."""
    lost_at: str = ""
    """The session ends before the next request of this method to the import page."""
    pause_seconds: float = 0.0
    """How long the import page takes, each time."""
    front_door_seconds: float = 60.0
    """How long a front door's address is good. A guess."""
    uploads: list[Upload] = field(default_factory=list)
    visits: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request for a page."""
    _doors: dict[str, tuple[str, float]] = field(default_factory=dict)
    _sessions: set[str] = field(default_factory=set)
    _confirmations: dict[str, str] = field(default_factory=dict)

    def show_permissions(self, user: str) -> None:
        """What the user may do, as the API tells of it: a row for the permission set of the profile, and an empty one."""
        held = {
            "PermissionsManageCertificates": self.may_manage,
            "PermissionsViewSetup": self.may_view,
            "PermissionsApiUserOnly": self.api_only,
        }
        rows = self.contents.rows.setdefault("PermissionSetAssignment", [])
        rows[:] = [row for row in rows if row.get("AssigneeId") != user[:15]]
        rows += [
            {"AssigneeId": user[:15], "PermissionSet": held, "_permission": False, "_admin": False},
            {
                "AssigneeId": user[:15],
                "PermissionSet": dict.fromkeys(held, False),
                "_permission": False,
                "_admin": False,
            },
        ]

    def end_sessions(self) -> None:
        """As if all had expired."""
        self._sessions.clear()

    def sessions(self) -> frozenset[str]:
        """The values of the cookie sid that are good now: secrets, for which a test looks where they must not be."""
        return frozenset(self._sessions)

    def single_access(self, is_good: bool, target: str, url: str) -> tuple[int, dict[str, str]]:
        """The front door's address, for one use: the answer of /services/oauth2/singleaccess, in status and JSON."""
        if not is_good or self.jwt_tokens:
            # sfdx-core: 403 for an expired token. That a JWT-based one is told alike is a guess, too.
            return 403, {"error": "invalid_token", "error_description": "Bad_OAuth_Token"}
        query = dict(parse_qsl(urlsplit(target).query))
        ticket = secrets.token_urlsafe(32)
        self._doors[ticket] = (query.get("redirect_uri", HOME), monotonic() + self.front_door_seconds)
        start = urlencode({"otp": ticket, "startURL": query.get("redirect_uri", HOME)})
        return 200, {"frontdoor_uri": f"{url}{FRONT_DOOR}?{start}"}

    def owns(self, path: str) -> bool:
        """Whether it is a page, as opposed to an API."""
        return not path.startswith(("/services/", "/fake/"))

    def answer(self, method: str, target: str, cookies: Mapping[str, str], headers: bytes, body: bytes) -> Page:
        """``headers`` are those of the body: its Content-Type, as a form names the boundary of its parts."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.visits.append((method, parts.path))
        if parts.path == FRONT_DOOR:
            return self._enter(query)
        if parts.path == "/":
            return Page(200, _login_page())
        if parts.path == IMPORT:
            pause(self.pause_seconds)
            if self.lost_at == method:
                self.lost_at = ""
                self.end_sessions()
        if cookies.get("sid") not in self._sessions:
            return _to_login(target)
        session = cookies["sid"]
        if parts.path == MAINTENANCE:
            return Page(200, _html("Maintenance", "<p>Scheduled maintenance.</p>"))
        if parts.path == CHALLENGE:
            onward = ""
            if self.person_proves:
                self.high_assurance = False
                onward = f'<meta http-equiv="refresh" content="1;url={escape(query.get("retURL", HOME))}">'
            header = f'{onward}<div id="header">Verify Your Identity</div>'
            return Page(200, _html("Verify Your Identity | Salesforce", header))
        if parts.path == IMPORT:
            return self._import_page(method, target, query, session, headers, body)
        if parts.path == FRAMED:
            return Page(200, self._frame(query.get("address", IMPORT)))
        if parts.path.startswith("/0P1") and parts.path.endswith("/e"):
            return self._record_page(method, parts.path, query, session, headers, body)
        return Page(200, _html("Setup", "<h1>Setup</h1>"))

    def _enter(self, query: Mapping[str, str]) -> Page:
        target, good_until = self._doors.pop(query.get("otp", ""), ("", 0.0))
        if self.api_only or not target or good_until < monotonic():
            # A guess for each: the login page, as for a session that has ended.
            return _to_login(query.get("startURL", HOME))
        session = secrets.token_urlsafe(48)
        self._sessions.add(session)
        cookie = f"sid={session}; Path=/; HttpOnly; SameSite=Lax"
        return Page(302, "", (("Location", MAINTENANCE if self.maintenance else target), ("Set-Cookie", cookie)))

    def _import_page(
        self, method: str, target: str, query: Mapping[str, str], session: str, headers: bytes, body: bytes
    ) -> Page:
        if self.high_assurance:
            return Page(302, "", (("Location", f"{CHALLENGE}?{urlencode({'vpol': 'hs', 'retURL': target})}"),))
        if not self.may_manage:
            return Page(200, _error_page("Insufficient Privileges", "You do not have the level of access necessary."))
        if method == "GET":
            if self.elsewhere:
                return Page(302, "", (("Location", self.elsewhere),))
            if self.lightning and "isdtp" not in query:
                return Page(302, "", (("Location", f"{FRAMED}?address={quote(target, safe='')}"),))
            return Page(200, self._form(session, query))
        form = _parse(headers, body)
        self.uploads.append(form)
        asked = {"retURL": form.get("retURL")} | ({"isdtp": form.get("isdtp")} if form.get("isdtp") else {})
        if self._confirmations.get(form.get("_CONFIRMATIONTOKEN")) != session:
            return Page(200, self._form(session, asked, INVALID_FOR_SESSION))
        if not self.identity_provider:
            # sfdx-browserforce-plugin compares the whole text of its error locators: the title stands there alone.
            return Page(200, _error_page("Data Not Available"))
        if not form.data:
            return Page(200, self._form(session, asked, "You must enter a value"))
        try:
            import_keystore(form.data, form.get("Password"), self.contents, self.rules)
        except Refused as refused:
            return Page(200, self._form(session, asked, str(refused)))
        return _land(asked["retURL"], "isdtp" in asked)

    def _form(self, session: str, query: Mapping[str, str], error: str = "") -> str:
        """After an error the file must be chosen again (https://gist.github.com/booleangate, of the app's form)."""
        confirmation = secrets.token_urlsafe(24)
        self._confirmations[confirmation] = session
        back = query.get("retURL", HOME)
        hidden = {"_CONFIRMATIONTOKEN": confirmation, "cancelURL": back, "retURL": back, "save_new_url": IMPORT}
        hidden |= {"isdtp": query["isdtp"]} if "isdtp" in query else {}
        buttons = "" if "save" in self.missing else _BUTTONS
        file = '<input id="fileName" name="fileName" size="20" type="file"/>'
        password = '<input autocomplete="off" id="Password" name="Password" size="20" type="password"/>'
        return _html(
            "Import from a Keystore",
            f'<form action="{IMPORT}" enctype="multipart/form-data" id="editPage" method="post" name="editPage">'
            + "".join(
                f'<input type="hidden" name="{name}" id="{name}" value="{escape(value)}"/>'
                for name, value in hidden.items()
            )
            + (f'<div class="pbError" id="errorDiv_ep">{SUMMARY}</div>' if error else "")
            + buttons
            + f"<label>Keystore File</label>{'' if 'file' in self.missing else file}"
            + (f'<div class="errorMsg"><strong>Error:</strong> {escape(error)}</div>' if error else "")
            + f"<label>Keystore Password</label>{'' if 'password' in self.missing else password}"
            + f"{buttons}</form>{self.beside}",
        )

    def _frame(self, address: str) -> str:
        """The element that the frame lies in, and how its name begins, are known; isdtp is a guess."""
        inner = address + ("&" if "?" in address else "?") + "isdtp=p1"
        frame = f'<iframe name="vfFrameId_{secrets.randbelow(10**12)}" src="{escape(inner)}"></iframe>'
        return _html("Lightning", f"<force-aloha-page>{'' if 'frame' in self.missing else frame}</force-aloha-page>")

    def _record_page(
        self, method: str, path: str, query: Mapping[str, str], session: str, headers: bytes, body: bytes
    ) -> Page:
        """A certificate's own form, filled from its address: /0P1…/e?MasterLabel=…&DeveloperName=…&retURL=…"""
        if method == "POST":
            form = _parse(headers, body)
            if self._confirmations.get(form.get("_CONFIRMATIONTOKEN")) != session:
                return Page(200, _error_page("Invalid Session", INVALID_FOR_SESSION))
            self.contents.rename_certificate(path.split("/")[1], form.get("DeveloperName"), form.get("MasterLabel"))
            return _land(form.get("retURL"), is_framed=False)
        confirmation = secrets.token_urlsafe(24)
        self._confirmations[confirmation] = session
        fields = {
            "_CONFIRMATIONTOKEN": confirmation, "retURL": query.get("retURL", HOME),
            "MasterLabel": query.get("MasterLabel", ""), "DeveloperName": query.get("DeveloperName", ""),
        }  # fmt: skip
        inputs = "".join(
            f'<input id="{name}" name="{name}" value="{escape(value)}"/>' for name, value in fields.items()
        )
        form_tag = f'<form action="{path}" enctype="multipart/form-data" id="editPage" method="post" name="editPage">'
        return Page(200, _html("Certificate Edit", f"{form_tag}{inputs}{_BUTTONS}</form>"))


_BUTTONS = (
    '<input class="btn" name="save" title="Save" type="submit" value=" Save "/>'
    '<input class="btn" name="cancel" title="Cancel" type="submit" value="Cancel"/>'
)


def _parse(headers: bytes, body: bytes) -> Upload:
    message = BytesParser(policy=HTTP).parsebytes(headers + b"\r\n" + body)
    fields, file_name, data = [], "", b""
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", "", header="content-disposition"))
        if part.get_filename() is None:
            fields.append((name, content.decode()))
        else:
            fields.append((name, ""))
            file_name, data = str(part.get_filename()), content
    return Upload(tuple(fields), file_name, data)


def _land(target: str, is_framed: bool) -> Page:
    """Only within the org: what leads elsewhere leads home. In a frame, the frame lands there."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        target = HOME
    suffix = f"{'&' if parts.query else '?'}isdtp=p1" if is_framed else ""
    return Page(302, "", (("Location", target + suffix),))


def _to_login(target: str) -> Page:
    """The login page of My Domain; ec=302 is the mark that Salesforce leaves on a session that has ended."""
    return Page(302, "", (("Location", f"/?{urlencode({'ec': '302', 'startURL': target})}"),))


def _login_page() -> str:
    return _html(
        "Login | Salesforce",
        '<form id="login_form" name="login"><input id="username" name="username" type="email"/>'
        '<input id="password" name="pw" type="password"/><input id="Login" name="Login" type="submit"/></form>',
    )


def _error_page(title: str, description: str = "") -> str:
    told = f'<div id="errorDesc">{escape(description)}</div>' if description else ""
    return _html("Salesforce", f'<div id="errorTitle">{escape(title)}</div>{told}')


def _html(title: str, body: str) -> str:
    return f"<!DOCTYPE html><html><head><title>{escape(title)}</title></head><body>{body}</body></html>"
