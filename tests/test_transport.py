"""Kept connections: what only reads shares them and may be sent again; anything else is sent once, alone."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fake_org import FakeOrg

from sfkeytool.errors import NetworkError, UsageError
from sfkeytool.salesforce import connections
from sfkeytool.salesforce.transport import HttpRequest, HttpResponse, HttpTransport

Step = bytes | Callable[[socket.socket], None]


def answer(body: bytes, *headers: str, version: str = "1.1", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return "\r\n".join([f"HTTP/{version} 200 OK", f"Content-Length: {size}", *headers, "", ""]).encode() + body


class Peer:
    """A server: for each connection that comes the answers that it gives there, one a request; then it hangs up."""

    def __init__(self, *scripts: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.heard: list[tuple[int, bytes]] = []
        """Which connection, and the request."""
        self.ended = [threading.Event() for _ in scripts]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        for number, script in enumerate(self._scripts):
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed by the end of the test
                return
            threading.Thread(target=self._talk, args=(connection, number, script), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int, script: Sequence[Step]) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            for step in script:
                if not (request := _request(connection)):
                    break
                self.heard.append((number, request))
                if callable(step):
                    step(connection)
                else:
                    connection.sendall(step)
            if self._tls:
                connection.unwrap()  # type: ignore[attr-defined]
            connection.close()
        self.ended[number].set()

    @property
    def lines(self) -> list[tuple[int, str]]:
        """Which connection, and the path that was asked for."""
        return [(number, request.split(b" ")[1].decode()) for number, request in self.heard]

    def close(self) -> None:
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (data := connection.recv(65536)):
            return b""
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    while size and len(body) < int(size[1]):
        body += connection.recv(65536)
    return received


def stay(connection: socket.socket) -> None:
    """Answer nothing, until the client hangs up."""
    with contextlib.suppress(OSError):
        connection.recv(1)


def hang_up(_connection: socket.socket) -> None:
    """Answer nothing: the script ends here."""


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def start(*scripts: Sequence[Step], **options: Any) -> Peer:
        peers.append(Peer(*scripts, **options))
        return peers[-1]

    yield start
    for each in peers:
        each.close()


@pytest.fixture(scope="module")
def org_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeOrg]:
    """A fake org for its certificate, and its CA."""
    with FakeOrg(tls=True, folder=tmp_path_factory.mktemp("tls")) as org:
        yield org


def server_side(org: FakeOrg) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(org.ca_pem_path.with_name("fake-org.pem"))
    return context


def read(send: HttpTransport, server: Peer | FakeOrg, path: str) -> HttpResponse:
    return send(HttpRequest("GET", server.url + path, only_reads=True))


def refused(send: HttpTransport, server: Peer, path: str, **state: Any) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        send(HttpRequest("GET", server.url + path, **state))
    return caught.value


def test_what_only_reads_shares_a_connection_and_nothing_else_does(peer: Callable[..., Peer]) -> None:
    """What changes something has a connection of its own, and says that it needs it no more."""
    server = peer([answer(b"a"), answer(b"b"), answer(b"d"), stay], [answer(b"c"), stay], [answer(b"e"), stay])
    send = HttpTransport({})
    assert [read(send, server, path).body for path in ("/1", "/2")] == [b"a", b"b"]
    assert send(HttpRequest("POST", f"{server.url}/change", body=b"x")).body == b"c"
    assert read(send, server, "/3").body == b"d"
    assert server.lines == [(0, "/1"), (0, "/2"), (1, "/change"), (0, "/3")]
    closing = [b"\r\nConnection: close\r\n" in request for _, request in server.heard]
    assert closing == [False, False, True, False]
    assert server.ended[1].wait(5), "it was kept"
    send.close()
    assert server.ended[0].wait(5), "it was not let go"
    assert read(send, server, "/4").body == b"e"
    assert server.ended[2].wait(5), "it was kept after the end"


@pytest.mark.parametrize("secured", [False, True])
def test_a_kept_connection_that_was_closed_meanwhile_is_seen(
    secured: bool, peer: Callable[..., Peer], org_tls: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no request is sent into it. Over TLS, too, where the goodbye is a message."""
    monkeypatch.setenv("SSL_CERT_FILE", str(org_tls.ca_pem_path))
    server = peer([answer(b"a")], [answer(b"b"), stay], tls=server_side(org_tls) if secured else None)
    send = HttpTransport({})
    assert read(send, server, "/1").body == b"a"
    if not secured:
        assert server.ended[0].wait(5)
    assert read(send, server, "/2").body == b"b"
    assert server.lines == [(0, "/1"), (1, "/2")]
    send.close()


def test_one_that_is_closed_instead_of_an_answer_is_asked_again_once(peer: Callable[..., Peer]) -> None:
    """On a fresh connection; if that is closed as well, it is an error."""
    server = peer([answer(b"a"), hang_up], [answer(b"b"), hang_up], [hang_up], [answer(b"never")])
    send = HttpTransport({})
    assert [read(send, server, path).body for path in ("/1", "/2")] == [b"a", b"b"]
    error = refused(send, server, "/3", only_reads=True)
    assert error.code == "network.connection"
    assert server.lines == [(0, "/1"), (0, "/2"), (1, "/2"), (1, "/3"), (2, "/3")]


def test_what_changes_something_is_never_sent_twice(peer: Callable[..., Peer]) -> None:
    """Even where a connection is kept, and even if the server hangs up at once."""
    server = peer([answer(b"a"), answer(b"b"), stay], [hang_up], [answer(b"never")])
    send = HttpTransport({})
    assert read(send, server, "/1").body == b"a"
    assert refused(send, server, "/change").code == "network.connection"
    assert read(send, server, "/2").body == b"b"
    assert server.lines == [(0, "/1"), (1, "/change"), (0, "/2")]


@pytest.mark.parametrize(
    "half",
    [
        answer(b"half", length=8),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
    ],
)
def test_half_an_answer_is_an_error_and_its_connection_is_gone(half: bytes, peer: Callable[..., Peer]) -> None:
    """It was answered: whoever asked decides whether to ask again. What is cut off is never taken for whole."""
    server = peer([answer(b"a"), half], [answer(b"b"), stay])
    send = HttpTransport({})
    assert read(send, server, "/1").body == b"a"
    assert "broke off" in refused(send, server, "/2", only_reads=True).message
    assert read(send, server, "/3").body == b"b"
    assert server.lines == [(0, "/1"), (0, "/2"), (1, "/3")]


@pytest.mark.parametrize(
    "closing",
    [
        answer(b"a", version="1.0"),
        answer(b"a", "Connection: close"),
        b"HTTP/1.1 200 OK\r\n\r\na",
    ],
)
def test_a_server_that_closes_after_each_answer_gets_a_connection_for_each(
    closing: bytes, peer: Callable[..., Peer]
) -> None:
    """HTTP/1.0, ``Connection: close``, and a body without a length, which ends with its connection."""
    server = peer([closing], [closing])
    send = HttpTransport({})
    assert [read(send, server, path).body for path in ("/1", "/2")] == [b"a", b"a"]
    assert server.lines == [(0, "/1"), (1, "/2")]


@pytest.mark.parametrize(
    "whole",
    [
        answer(b"a", "Connection: keep-alive", version="1.0"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\na",
    ],
)
def test_an_answer_that_ends_of_itself_leaves_its_connection(whole: bytes, peer: Callable[..., Peer]) -> None:
    server = peer([whole, answer(b"b"), stay])
    send = HttpTransport({})
    assert [read(send, server, path).body for path in ("/1", "/2")] == [b"a", b"b"]
    send.close()


def test_what_nobody_asked_for_answers_no_question(peer: Callable[..., Peer]) -> None:
    """Bytes after an answer would be taken for the next one."""
    taken, sent = threading.Event(), threading.Event()

    def twice(connection: socket.socket) -> None:
        connection.sendall(answer(b"a"))
        taken.wait(5)
        connection.sendall(answer(b"forged"))
        sent.set()

    server = peer([twice, answer(b"b")], [answer(b"b"), stay])
    send = HttpTransport({})
    assert read(send, server, "/1").body == b"a"
    taken.set()
    assert sent.wait(5)
    assert read(send, server, "/2").body == b"b"
    send.close()


def test_what_came_in_one_tls_record_with_an_answer_answers_no_other_question(
    peer: Callable[..., Peer], org_tls: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record holds up to 16 KB: OpenSSL has opened it whole by then, and the socket shows nothing of the rest."""
    monkeypatch.setenv("SSL_CERT_FILE", str(org_tls.ca_pem_path))
    large = b"a" * (8192 - len(answer(b"", length=8000)))  # as much as is read at once, before Python 3.14
    server = peer([answer(large) + answer(b"forged"), answer(b"b")], [answer(b"b")], tls=server_side(org_tls))
    send = HttpTransport({})
    assert read(send, server, "/1").body == large
    assert read(send, server, "/2").body == b"b"
    send.close()


def test_an_answer_that_comes_late_answers_no_other_question(peer: Callable[..., Peer]) -> None:
    """An interim answer (RFC 8297) comes before it, and looks like a whole one."""
    server = peer([b"HTTP/1.1 103 Early Hints\r\n\r\n", answer(b"a")], [answer(b"b"), stay])
    send = HttpTransport({})
    assert read(send, server, "/1").status == 103
    assert read(send, server, "/2").body == b"b"
    send.close()


def test_an_old_connection_and_another_host_are_not_taken(
    peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Firewalls forget a connection in silence; and a question for one host goes to no other."""
    first, other = peer([answer(b"a"), stay], [answer(b"c"), stay]), peer([answer(b"b"), stay])
    send = HttpTransport({})
    assert read(send, first, "/1").body == b"a"
    assert read(send, other, "/1").body == b"b"
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0)
    assert read(send, first, "/2").body == b"c"
    assert first.lines == [(0, "/1"), (1, "/2")]
    assert first.ended[0].wait(5)


def test_of_many_threads_each_has_a_connection_alone(org: FakeOrg) -> None:
    """As many as ask at once; each gets the answer to its own question."""
    send = HttpTransport({})
    paths = [f"/services/data/v67.0/query?q=SELECT+Id+FROM+T{number}" for number in range(8)]
    got: dict[str, set[bytes]] = {path: set() for path in paths}
    token = org.let_in()

    def ask(path: str) -> None:
        for _ in range(10):
            headers = {"Authorization": f"Bearer {token}"}
            got[path].add(send(HttpRequest("GET", org.url + path, headers, only_reads=True)).body)

    for number in range(8):
        org.contents.rows[f"T{number}"] = [{"Id": f"row {number}"}]
    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(bodies) == 1 and f"row {n}".encode() in bodies.pop() for n, bodies in enumerate(got.values()))
    assert org.connections <= 8
    send.close()


# Bounds in time


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_name_that_is_never_resolved_and_a_server_that_drips_are_left(
    in_thread: bool, peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the deadline, whoever asks: neither is bounded by a time-out."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        for byte in answer(b"a" * 1000):
            connection.sendall(bytes([byte]))
            over.wait(0.01)

    server = peer([drip])
    codes: list[str] = []

    def ask(url: str) -> None:
        try:
            HttpTransport({}, deadline_seconds=0.2)(HttpRequest("GET", url, only_reads=True))
        except NetworkError as error:
            codes.append(f"{error.code} {error.message}")

    def both() -> None:
        ask(server.url)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20))
        ask("https://acme.my.salesforce.com")

    thread = threading.Thread(target=both)
    if in_thread:
        thread.start()
        thread.join(10)
    else:
        both()
    over.set()
    assert [code.partition(" ")[0] for code in codes] == ["network.timeout"] * 2
    assert all("within 0 seconds" in code for code in codes), codes


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://", "no address"),
        ("https:///services", "no address"),
        ("https://jo@acme.my.salesforce.com", "no address"),
        ("https://acme.my.salesforce.com:99999", "no address"),
        ("https://acme.my .salesforce.com", "no address"),
        ("https://acme.my.salesforce.com/\x7f", "no address"),
        ("https://äcme.my.salesforce.com", "no address"),
        ("http://acme.my.salesforce.com", "over https only: over http,"),
        ("ftp://localhost", "over https only: over ftp,"),
    ],
)
def test_what_is_no_safe_address_gets_nothing(url: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        HttpTransport({})(HttpRequest("GET", url))
    assert (caught.value.code, said in caught.value.message) == ("usage.url", True)
    assert "jo@" not in caught.value.message


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), (" 7 ", 7), ("999999", 999999), ("1000000", None), ("-1", None), ("٣", None), ("", None)],
)
def test_how_long_a_server_asks_to_wait(said: str, seconds: int | None) -> None:
    """A number of seconds that can be one; anything else is none."""
    assert HttpResponse(503, {"retry-after": said}, b"").retry_after_seconds == seconds


def test_what_is_no_http_is_told(peer: Callable[..., Peer]) -> None:
    server = peer([b"SSH-2.0-OpenSSH_9.6\r\n"], [answer(b"a"), b"220 smtp ready\r\n"])
    send = HttpTransport({})
    assert "is not HTTP" in refused(send, server, "/1", only_reads=True).message
    assert read(send, server, "/2").body == b"a"
    assert "is not HTTP" in refused(send, server, "/3", only_reads=True).message
    assert server.lines == [(0, "/1"), (1, "/2"), (1, "/3")], "it was answered, and is not asked again"


# Trust, and proxies


def test_each_trust_keeps_its_own_context(org_tls: FakeOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One context serves all connections; where SSL_CERT_FILE names another CA, what the first trusts is not trusted."""
    made: list[ssl.SSLContext] = []
    load = ssl.SSLContext.load_default_certs

    def counted(context: ssl.SSLContext) -> None:
        made.append(context)
        load(context)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", counted)
    with FakeOrg(tls=True, folder=tmp_path) as other:
        for trusted, stranger in ((org_tls, other), (other, org_tls), (org_tls, other)):
            monkeypatch.setenv("SSL_CERT_FILE", str(trusted.ca_pem_path))
            for _ in range(3):
                assert read(HttpTransport({}), trusted, "/services/data").status == 200
            with pytest.raises(NetworkError) as caught:
                read(HttpTransport({"SSL_CERT_FILE": str(trusted.ca_pem_path)}), stranger, "/services/data")
            assert caught.value.code == "network.tls"
            assert f"it is set to {trusted.ca_pem_path} now" in caught.value.hints[0]
    assert len(made) <= 2


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_tunnel_is_kept_and_the_proxy_needs_no_scheme(
    scheme: str, org_tls: FakeOrg, peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``HTTPS_PROXY=host:port`` is common; two questions go through one tunnel."""
    monkeypatch.setenv("SSL_CERT_FILE", str(org_tls.ca_pem_path))
    port = int(org_tls.url.rpartition(":")[2])

    def tunnel(inner: socket.socket) -> None:
        inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as outer:
            threading.Thread(target=_copy, args=(outer, inner), daemon=True).start()
            _copy(inner, outer)

    proxy = peer([tunnel], [tunnel])
    send = HttpTransport({"HTTPS_PROXY": f"{scheme}127.0.0.1:{proxy.port}"})
    assert [read(send, org_tls, "/services/data").status for _ in range(2)] == [200, 200]
    assert len(proxy.heard) == 1
    assert proxy.heard[0][1].startswith(f"CONNECT 127.0.0.1:{port} ".encode())
    send.close()
    assert proxy.ended[0].wait(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
