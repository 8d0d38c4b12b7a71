"""login when the network fails: each fault has its own message and exit code 1, and only passing ones are retried."""

import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from conftest import CertificateAuthority, Pair, Result, openssl

from sfkeytool.errors import NetworkError
from sfkeytool.salesforce import transport
from sfkeytool.salesforce.transport import HttpRequest, HttpTransport

Cli = Callable[..., Result]

TOKEN = "00D000000000001!not.a.real.token"
GRANT = json.dumps(
    {
        "access_token": TOKEN,
        "scope": "api web",
        "instance_url": "https://acme.my.salesforce.com",
        "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
    }
).encode()


def http(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """An answer as it goes over the wire."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {size}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


ACCEPTED = http(200, GRANT, "Content-Type: application/json")


class Server:
    """Answers one connection after the other with prepared bytes; a function gets the socket and does as it likes."""

    def __init__(self, *answers: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self._answers = answers
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed by the end of the test
                return
            with contextlib.suppress(OSError), self._secured(connection) as connection:
                self.requests.append(_read_request(connection))
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def close(self) -> None:
        self._listener.close()


def _read_request(connection: socket.socket) -> bytes:
    """One request; or what there is, if the client hangs up or speaks TLS to a server that does not."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        received += data
        if not data or received.startswith(b"\x16"):
            return received
    head, _, body = received.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    while size and len(body) < int(size[1]) and (data := connection.recv(65536)):
        body += data
    return head + b"\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*answers: Any, **options: Any) -> Server:
        servers.append(Server(*answers, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def log_in(cli: Cli, pair: Pair) -> Callable[..., Result]:
    def run(server: Server, *arguments: object) -> Result:
        return cli(
            "login", "-f", pair.key, "-i", "3MVG9" + "x" * 80, "-u", "bot@example.com", "-r", server.url, *arguments
        )

    return run


Login = Callable[..., Result]


def test_what_goes_over_the_wire_is_one_form_post(serve: Callable[..., Server], log_in: Login) -> None:
    """RFC 7523, 2.1: grant_type and assertion, and nothing else; no cookie, no second request."""
    server = serve(ACCEPTED)
    result = log_in(server)
    assert result.code == 0, result
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /services/oauth2/token HTTP/1.1\r\n")
    names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    assert names == {
        b"host",
        b"accept-encoding",
        b"user-agent",
        b"connection",
        b"content-type",
        b"accept",
        b"content-length",
    }
    assert body.startswith(b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ")
    assert body.count(b"&") == 1


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (http(302, b"", "Location: https://other.example/?code=1"), "network.redirect", "other.example"),
        (http(307, b""), "network.redirect", "another place"),
        (http(429, b"{}", "Retry-After: 77"), "network.rate-limited", "77 seconds"),
        (http(200, b"<!DOCTYPE html><html>Log in</html>"), "network.not-salesforce", "a web page"),
        (http(403, b"<HTML>blocked by policy</HTML>"), "network.not-salesforce", "status 403"),
        (http(200, b"{}"), "network.not-salesforce", "no answer to a login"),
        (http(200, b'{"access_token": 7}'), "network.not-salesforce", "no answer to a login"),
        (http(400, b"[" * 100_000), "network.not-salesforce", "no answer to a login"),
        (http(200, b"\xff\xfe{"), "network.not-salesforce", "no answer to a login"),
        (http(200, GRANT[:40], length=40), "network.not-salesforce", "no answer to a login"),
    ],
)
@pytest.mark.slow
def test_an_answer_that_is_about_no_login_ends_it_at_once(
    answer: bytes, code: str, words: str, serve: Callable[..., Server], log_in: Login, slept: list[float]
) -> None:
    """A second try would bring the same: exit code 1, one request."""
    server = serve(answer, ACCEPTED)
    result = log_in(server, "--json")
    assert result.code == 1, result
    assert (result.json["name"], result.json["code"]) == ("NetworkError", code)
    assert words in result.json["message"]
    assert (len(server.requests), slept) == (1, [])


def _hang_up(_: socket.socket) -> None:
    return None


@pytest.mark.parametrize(
    ("answer", "code", "pauses"),
    [
        (_hang_up, "network.connection", [1, 3]),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "network.connection", [1, 3]),
        (http(200, GRANT, length=len(GRANT) + 5), "network.connection", [1, 3]),
        (http(500, b"<html>down</html>"), "network.server-error", [1, 3]),
        (http(503, b"{}", "Retry-After: 7"), "network.server-error", [7, 7]),
        (http(503, b"{}", "Retry-After: Tue, 24 Nov 2026 10:00:00 GMT"), "network.server-error", [1, 3]),
    ],
)
@pytest.mark.slow
def test_a_fault_that_passes_is_tried_three_times(
    answer: Any, code: str, pauses: list[float], serve: Callable[..., Server], log_in: Login, slept: list[float]
) -> None:
    """With growing pauses, or those that the server asks for; each time with a new assertion, and told on stderr."""
    server = serve(answer, answer, answer, ACCEPTED)
    result = log_in(server)
    assert result.code == 1, result
    assert (len(server.requests), slept) == (3, pauses)
    assert result.err.count("; again in ") == 2
    assert log_in(server).code == 0


def test_a_fault_that_has_passed_leaves_a_login(
    serve: Callable[..., Server], log_in: Login, slept: list[float]
) -> None:
    """503, then the connection is closed, then it works."""
    server = serve(http(503), _hang_up, ACCEPTED)
    assert log_in(server).code == 0
    assert len(slept) == 2


def test_a_server_that_asks_for_a_long_rest_gets_it(
    serve: Callable[..., Server], log_in: Login, slept: list[float]
) -> None:
    """Beyond half a minute the run ends and says so, instead of sitting there."""
    server = serve(http(503, b"", "Retry-After: 3600"), ACCEPTED)
    assert log_in(server).code == 1
    assert slept == []


def test_a_clock_that_is_wrong_is_told_after_the_first_answer(serve: Callable[..., Server], log_in: Login) -> None:
    """By the Date of the answer; a few seconds are not worth a word."""
    ahead = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    result = log_in(serve(http(200, GRANT, f"Date: {ahead}")), "--json")
    assert 297 <= result.json["result"]["clockSkewSeconds"] <= 301
    [notice] = [notice for notice in result.json["notices"] if notice["code"] == "login.clock"]
    assert "seconds behind Salesforce's" in notice["message"]
    result = log_in(serve(http(200, GRANT, "Date: yesterday")), "--json")
    assert result.json["result"]["clockSkewSeconds"] is None


def test_a_wrong_clock_is_the_first_cause_of_an_expired_assertion(serve: Callable[..., Server], log_in: Login) -> None:
    """And of a message that nobody knows; not of a user who lacks approval."""
    ahead = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    for description, named in (
        ("expired authorization code", True),
        ("what now", True),
        ("user hasn't approved this consumer", False),
    ):
        body = json.dumps({"error": "invalid_grant", "error_description": description}).encode()
        result = log_in(serve(http(400, body, f"Date: {ahead}")), "--json")
        assert result.code == 4
        told = [action for action in result.json["actions"] if "this machine's clock is" in action]
        assert bool(told) is named, description


@pytest.mark.slow
def test_nobody_listening_no_such_host_and_no_address_are_told_apart(cli: Cli, pair: Pair, slept: list[float]) -> None:
    """Exit code 1, 1 and 2."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    common = ("login", "-f", pair.key, "-i", "3MVG9", "-u", "bot@example.com", "--json", "-r")
    codes = [
        cli(*common, url, "--audience", url).json["code"]
        for url in (
            f"http://127.0.0.1:{port}",
            "https://no-such.invalid",
            "http://x.example",
            f"https://{'a' * 70}.example",
        )
    ]
    assert codes == ["network.connection", "network.dns", "usage.url", "network.dns"]


@pytest.mark.slow
def test_a_server_that_says_nothing_or_drips_is_left(serve: Callable[..., Server]) -> None:
    """The time-out bounds silence, the deadline the whole: one byte now and then never times out."""

    def silent(connection: socket.socket) -> None:
        connection.recv(1)

    def drip(connection: socket.socket) -> None:
        for byte in http(200, GRANT):
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    for answer, bounds in ((silent, {"timeout_seconds": 0.2}), (drip, {"deadline_seconds": 0.4})):
        send = HttpTransport({}, **bounds)
        started = time.monotonic()
        with pytest.raises(NetworkError) as caught:
            send(HttpRequest("GET", serve(answer).url))
        assert caught.value.code == "network.timeout"
        assert time.monotonic() - started < 2


def test_an_endless_answer_is_cut(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its length is told or not, no more than the bound and a byte is held."""
    monkeypatch.setattr(transport, "BODY_LIMIT", 1000)
    unbounded = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 5000
    for answer in (http(200, b"x" * 5000), unbounded):
        with pytest.raises(NetworkError) as caught:
            HttpTransport({})(HttpRequest("GET", serve(answer).url))
        assert caught.value.code == "network.too-large"


# Proxies


def test_https_goes_through_the_proxy_and_its_password_is_not_repeated(
    serve: Callable[..., Server], cli: Cli, pair: Pair, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    """CONNECT to the org, with the user that HTTPS_PROXY names; the proxy's refusal is its own message."""
    proxy = serve(http(407, b"who are you?"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://jo:s3cret-p%40ss@"))
    result = cli("login", "-f", pair.key, "-i", "3MVG9", "-u", "bot@example.com", "-v")
    assert result.code == 1, result
    assert "does not let us through to login.salesforce.com: 407" in result.err
    assert proxy.requests[0].startswith(b"CONNECT login.salesforce.com:443 ")
    assert b"Proxy-Authorization: Basic am86czNjcmV0LXBAc3M=" in proxy.requests[0]
    assert b"assertion" not in proxy.requests[0]
    assert "s3cret" not in result.err + result.out


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1080", "https://proxy.example", "http://:80", "http://x:y"])
def test_a_proxy_of_another_kind_is_refused(value: str, cli: Cli, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than going round it."""
    monkeypatch.setenv("https_proxy", value)
    assert (
        cli("login", "-f", pair.key, "-i", "3MVG9", "-u", "bot@example.com", "--json").json["code"] == "network.proxy"
    )


@pytest.mark.parametrize("exempt", ["*", "no-such.invalid", " other.example , .invalid", "INVALID"])
@pytest.mark.slow
def test_no_proxy_names_hosts_that_are_reached_without_it(
    exempt: str, serve: Callable[..., Server], cli: Cli, pair: Pair, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    """The host itself, a domain above it, or everything."""
    proxy = serve(http(407))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exempt)
    url = "https://no-such.invalid"
    arguments = ("login", "-f", pair.key, "-i", "3MVG9", "-u", "b@example.com", "-r", url, "--audience", url)
    result = cli(*arguments, "--json")
    assert result.json["code"] == "network.dns"
    assert proxy.requests == []


def test_plain_http_to_this_machine_takes_no_proxy(
    serve: Callable[..., Server], log_in: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An assertion in clear would lie open to it."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert log_in(serve(ACCEPTED)).code == 0


# TLS


@pytest.fixture(scope="session")
def server_tls(ca: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ssl.SSLContext]:
    """A server's side of TLS, with a certificate of the CA for a given subject alternative name."""
    folder = tmp_path_factory.mktemp("tls")
    key, csr = folder / "server.key", folder / "server.csr"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=server")

    def make(san: str) -> ssl.SSLContext:
        leaf = ca.sign(csr, folder / "server.crt", extensions=[f"subjectAltName={san}"])
        chain = folder / "chain.pem"
        chain.write_text(leaf.read_text() + ca.intermediate.read_text())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        return context

    return make


@pytest.mark.slow
def test_a_company_ca_is_trusted_through_ssl_cert_file(
    serve: Callable[..., Server],
    log_in: Login,
    ca: CertificateAuthority,
    server_tls: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With it the login works; without it, or for another host, it fails before anything is sent, and says so."""
    here = server_tls("IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.root))
    assert log_in(serve(ACCEPTED, tls=here)).code == 0
    elsewhere = serve(ACCEPTED, tls=server_tls("DNS:other.example"))
    result = log_in(elsewhere, "--json")
    assert (result.code, result.json["code"]) == (1, "network.tls")
    assert "127.0.0.1" in result.json["message"]
    monkeypatch.delenv("SSL_CERT_FILE")
    untrusted = serve(ACCEPTED, tls=here)
    result = log_in(untrusted, "--json")
    assert (result.code, result.json["code"]) == (1, "network.tls")
    assert "SSL_CERT_FILE" in result.json["actions"][0]
    assert elsewhere.requests == untrusted.requests == []


def test_a_server_without_tls_behind_https_is_told(serve: Callable[..., Server], log_in: Login) -> None:
    """No handshake, no request, no retry."""
    server = serve(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    server.url = server.url.replace("http:", "https:")
    result = log_in(server, "--json")
    assert (result.code, result.json["code"]) == (1, "network.tls")


def test_through_a_proxy_the_proxy_sees_nothing(
    serve: Callable[..., Server],
    log_in: Login,
    ca: CertificateAuthority,
    server_tls: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TLS goes from here to the org, whose certificate is verified, through the tunnel."""
    org = serve(ACCEPTED, tls=server_tls("IP:127.0.0.1"))
    seen: list[bytes] = []

    def tunnel(inner: socket.socket) -> None:
        inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", org.port)) as outer:
            back = threading.Thread(target=_copy, args=(outer, inner, []), daemon=True)
            back.start()
            _copy(inner, outer, seen)
            back.join(5)

    proxy = serve(tunnel)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.root))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    result = log_in(org)
    assert result.code == 0, result
    assert b"assertion=" in org.requests[0]
    assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:")
    assert seen
    assert b"assertion" not in b"".join(seen)


def _copy(source: socket.socket, target: socket.socket, seen: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            seen.append(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
