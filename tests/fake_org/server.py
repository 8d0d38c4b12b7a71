"""The server: loopback only, a thread a request, stops with its context, and by itself after ten minutes."""

import json
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep as pause
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from .contents import Contents
from .deployments import Deployments
from .logins import MOST_AN_HOUR, TOO_MANY, App, Refusal, User, claimed, judge
from .setup import Page, Setup
from .tls import make_tls

_LIFE_SECONDS = 600


@dataclass(frozen=True)
class Seen:
    """A request as it came; without the values that are secret."""

    method: str
    path: str
    headers: tuple[str, ...]


class FakeOrg:
    """An org with users and apps. ``ca_pem_path`` is the CA of its certificate, over TLS."""

    def __init__(self, *, tls: bool = True, org_id: str = "00D000000000001EAA", folder: Path | None = None) -> None:
        self.org_id = org_id
        self.me = "005000000000042AAA"
        """The user of every session."""
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}
        self.tokens: list[str] = []
        self.requests: list[Seen] = []
        self.contents = Contents(org_id)
        organization = {"Name": "Worthless", "IsSandbox": False, "Id": org_id}
        self.contents.rows["Organization"] = [organization]
        self.setup = Setup(self.contents)
        self.metadata = Deployments(self.contents, self.apps, self.users, self.setup)
        self.clock: Callable[[], float] = time.time
        """For the hour that logins are counted in, and LoginHistory: seconds since 1970."""
        self.most_logins_an_hour = MOST_AN_HOUR
        self._logins: list[tuple[float, str]] = []
        self.deployments: list[Path] = []
        self.latency_seconds = 0.0
        self.before_answer: Callable[[str], object] = lambda path: None
        """Is called with the path of each request, and may wait."""
        self.connections = 0
        """That were ever made, each with one request at least."""
        self.at_once = 0
        self.most_at_once = 0
        """Requests that were being answered."""
        self._broken: list[tuple[str, str]] = []
        self._forced: list[Refusal] = []
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        scheme = "http"
        if tls:
            assert folder is not None, "TLS needs a folder for its certificates"
            scheme = "https"
            self.ca_pem_path, chain = make_tls(folder)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "FakeOrg":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self._timer = threading.Timer(_LIFE_SECONDS, self._stop)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._stop()

    def _stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # What an admin does in Setup

    def add_user(self, username: str, **state: bool) -> None:
        user = self.users[username] = User(f"005{len(self.users) + 1:012d}AAA", **state)
        self.contents.rows.setdefault("User", []).append({"Id": user.id, "Username": username})

    def add_app(
        self, consumer_key: str, certificate_pem: str, *, approved_users: Iterable[str] = (), **state: Any
    ) -> None:
        self.apps[consumer_key] = App(certificate_pem, set(approved_users), **state)

    def upload_certificate(self, consumer_key: str, certificate_pem: str, *, delay_requests: int = 0) -> None:
        """Replaces the app's certificate; it takes effect after so many further logins."""
        self.apps[consumer_key].coming = [delay_requests, certificate_pem]

    def refuse_next(self, error: str, description: str) -> None:
        """The next login is refused in these words, whatever it is."""
        self._forced.append(Refusal(error, description))

    def let_in(self) -> str:
        """A token, as if somebody had logged in."""
        token = f"{self.org_id}!{secrets.token_urlsafe(48)}"
        if self.setup.jwt_tokens:
            token = f"eyJ{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(48)}.{secrets.token_urlsafe(48)}"
        self.tokens.append(token)
        return token

    def break_next(self, path_part: str, how: str, times: int = 1) -> None:
        """The next requests to a path go wrong: drop, html, truncate, 500, 503, 429, slow, crowded."""
        self._broken += [(path_part, how)] * times

    def breakage(self, path: str) -> str | None:
        with self.lock:
            for number, (part, how) in enumerate(self._broken):
                if part in path:
                    del self._broken[number]
                    return how
        return None

    def deploy(self, project: Path) -> tuple[int, Any]:
        """Takes the certificates in a project's source, as the Metadata API does; the answer is the CLI's JSON."""
        problems = [problem for path in sorted(project.rglob("certs/*.crt")) if (problem := self.contents.take(path))]
        self.deployments.append(project)
        if problems:
            failures = [{"problem": problem, "problemType": "Error"} for problem in problems]
            return 200, {"status": 1, "result": {"success": False, "details": {"componentFailures": failures}}}
        return 200, {"status": 0, "result": {"success": True, "status": "Succeeded", "details": {}}}

    # What it answers

    def log_in(self, form: dict[str, str], host: str) -> tuple[int, dict[str, Any]]:
        with self.lock:
            if self._forced:
                return 400, self._forced.pop(0)._asdict()
            asked = self.url if host == urlsplit(self.url).netloc else f"https://{host}"
            key, username = claimed(form)
            now = self.clock()
            self._logins = [each for each in self._logins if each[0] > now - 3600]
            if sum(each == username for _, each in self._logins) >= self.most_logins_an_hour:
                return 400, TOO_MANY._asdict()
            self._logins.append((now, username))
            verdict = judge(form, self.apps, self.users, asked)
            self._remember(key, username, now, verdict)
            if isinstance(verdict, Refusal):
                return 400, verdict._asdict()
            _, app = verdict
            token = self.let_in()
        return 200, {
            "access_token": token,
            "scope": app.scopes,
            "instance_url": self.url,
            "id": f"https://login.salesforce.com/id/{self.org_id}/{self.users[username].id}",
            "token_type": "Bearer",
        }

    def _remember(self, key: str, username: str, now: float, verdict: object) -> None:
        """A row of LoginHistory for whom the org knows. That refused assertions have rows, and how their Status reads,
        is a guess ("Failed: …" is how other refusals of this LoginType are shown in public reports)."""
        if key not in self.apps or username not in self.users:
            return
        rows = self.contents.rows.setdefault("LoginHistory", [])
        failed = isinstance(verdict, Refusal) and f"Failed: {verdict.error_description}"
        rows.append(
            {
                "Id": f"0Ya{len(rows):012d}AAA",
                "UserId": self.users[username].id,
                "LoginTime": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%S.000+0000}",
                "LoginType": "Remote Access 2.0",
                "Application": self.apps[key].label or key,
                "Status": failed or "Success",
                "SourceIp": "127.0.0.1",
            }
        )

    def answer(self, method: str, target: str, token: str, body: bytes, host: str) -> tuple[int, Any]:
        """Status and JSON of the answer. ``host`` is the one that was asked: a tunnel may lead here from any."""
        path = urlsplit(target).path
        if method == "POST" and path == "/services/oauth2/token":
            return self.log_in(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), host)
        if path.rstrip("/") == "/services/data":
            return 200, [
                {"label": "Winter '26", "url": "/services/data/v65.0", "version": "65.0"},
                {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"},
            ]
        if method == "POST" and path == "/fake/deploy":  # what a stand-in for the Salesforce CLI sends
            return self.deploy(Path(body.decode()))
        if path.startswith("/services/Soap/m/"):
            good = [each for each in self.tokens if self.setup.jwt_soap or not each.startswith("eyJ")]
            return self.contents.soap(body, good, self.metadata.answers)
        if path == "/services/oauth2/singleaccess":
            return self.setup.single_access(token in self.tokens, target, self.url)
        if token not in self.tokens:
            return 401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        if re.fullmatch(r"/services/data/v\d+\.0/?", path):  # what the Salesforce CLI asks whether its token is good
            return 200, {"identity": f"{self.url}/id/{self.org_id}/{self.me}"}
        if "/query" in path:
            self.setup.show_permissions(self.me)
            if self.setup.high_assurance and "FROM Certificate" in unquote_plus(target):
                # Help, "Session Security Level Policies Control": it controls access to the object too. How is a guess.
                return 400, [{"message": "sObject type 'Certificate' is not supported.", "errorCode": "INVALID_TYPE"}]
            return self.contents.query(target, version="67.0")
        return 400, [{"message": "not known here", "errorCode": "INVALID_TYPE"}]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # with five, one of several connections that come at once waits for a second


def _handler(org: FakeOrg) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body at once: a client that keeps its connection would wait 40 ms for the second

        asked = False

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, ssl.SSLError):  # a client that was interrupted, or that does not trust us
                self.close_connection = True

        def _count(self, more: int) -> None:
            with org.lock:
                org.connections += not self.asked
                self.asked = True
                org.at_once += more
                org.most_at_once = max(org.most_at_once, org.at_once)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body = b""  # as node's fetch sends it
            while size := int(self.rfile.readline().strip() or b"0", 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self) -> None:
            self._count(1)
            try:
                self._answer_one()
            finally:
                self._count(-1)

        def _answer_one(self) -> None:
            body = self._body()
            org.requests.append(Seen(self.command, urlsplit(self.path).path, tuple(sorted(self.headers.keys()))))
            token = self.headers.get("Authorization", "").partition(" ")[2]
            org.before_answer(self.path)
            how = org.breakage(self.path)
            value: Any
            pause(org.latency_seconds + (0.3 if how == "slow" else 0))
            if how == "drop":
                self.close_connection = True
                return
            page = Page(200, "")
            if org.setup.owns(urlsplit(self.path).path):
                cookies = {name: each.value for name, each in SimpleCookie(self.headers.get("Cookie", "")).items()}
                form = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n".encode()
                page = org.setup.answer(self.command, self.path, cookies, form, body)
                status, value = page.status, page.html
            else:
                status, value = org.answer(self.command, self.path, token, body, self.headers.get("Host", ""))
            if how == "crowded":
                words = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
                status, value = 403, [{"message": words, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
            elif how and how.isdigit():
                status, value = int(how), {"message": "come back later"}
            kind = "application/json"
            if isinstance(value, str):
                kind, content = "text/html; charset=UTF-8", value.encode()
            elif isinstance(value, bytes):
                kind, content = "text/xml", value
            else:
                content = json.dumps(value).encode()
            if how == "html":
                content = b"<html><body>Sign in to the network</body></html>"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            for header, text in page.headers:
                self.send_header(header, text)
            self.send_header("Content-Length", str(len(content)))
            if how == "429":
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if how == "truncate" else content)
            self.close_connection = self.close_connection or how == "truncate"

        do_GET = do_POST = _answer

    return Handler
