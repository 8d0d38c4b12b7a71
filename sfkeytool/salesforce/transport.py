"""HTTP, spoken here only.

The standard library and not httpx: ``http.client`` with ``ssl`` is imported in 27 ms, httpx in 63, and its client takes
40 more to make (Python 3.11, Linux). What is needed here is one host's answers, no redirects, and connections that are
kept for what only reads. Certificates are always verified; there is no way to switch that off.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from msgspec import field

from sfkeytool import __version__
from sfkeytool.errors import NetworkError, UsageError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.connections import Connections, bound_answers

R = TypeVar("R")

TIMEOUT_SECONDS = 20.0
"""For a connection to stand, and for each byte after it: our own bound."""

DEADLINE_SECONDS = 60.0
"""For an exchange as a whole, name resolution included: a server that drips bytes never times out. Our own bound."""

BODY_LIMIT = 32 << 20
"""Bytes of an answer: our own bound; the largest that is asked for are pages of metadata."""

_TOKEN = re.compile(r"[!-~]+")
_UNPRINTABLE = re.compile(r"[\0- \x7f]")

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PASSING = frozenset({"network.dns", "network.timeout", "network.connection", "network.server-error"})


class HttpRequest(Opaque, frozen=True):
    """``url`` is absolute. Header values and body are secret: they carry assertions and tokens.

    ``only_reads``: it changes nothing, so that a kept connection may carry it, and it may be sent a second time where
    the server had closed that one. Anything else is sent once, on a connection of its own.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    only_reads: bool = False


class HttpResponse(Opaque, frozen=True):
    """Header names are in lower case. The body may be secret."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def server_time(self) -> datetime | None:
        """What the server's clock said, aware, to the second; None if it did not say."""
        try:
            moment = parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError, TypeError, IndexError, OverflowError):  # a year of 20 digits, say
            return None
        return moment if moment.tzinfo is not None else None

    @property
    def retry_after_seconds(self) -> int | None:
        """RFC 9110, 10.2.3, as a number; the form with a date counts as none."""
        text = self.headers.get("retry-after", "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


class Transport(Protocol):
    """Sends one request and returns the answer, whatever its status. Raises NetworkError; for a redirect too."""

    def __call__(self, request: HttpRequest, /) -> HttpResponse: ...


class KeepingTransport(Transport, Protocol):
    """One that keeps connections between answers, and that several threads may call at once."""

    def close(self) -> None:
        """Let go of the connections that are kept; from now on none is."""


def is_passing(error: NetworkError) -> bool:
    """Whether the same request may succeed in a moment. Pure."""
    return error.code in _PASSING


def require_safe_url(url: str) -> str:
    """``url``, if it is https, or http to this very machine. Raises UsageError, which names the host only. Pure."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not host.isascii() or parts.username is not None or _UNPRINTABLE.search(url):
        raise UsageError("usage.url", "this is no address of an org", "write https://MYDOMAIN.my.salesforce.com")
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK):
        return url
    raise UsageError(
        "usage.url", f"{host}: a login goes over https only: over {parts.scheme}, others could read and use it"
    )


def parse_access_token(text: str) -> Secret:
    """The token without blanks and line ends around it, as CI systems on Windows leave them. Pure.

    Raises ValueError, which does not quote it, for what fits no header (RFC 6750, 2.1: printable ASCII, no blanks).
    """
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise ValueError("no access token")
    return Secret(token)


class HttpTransport:
    """The real transport: TLS verified, no redirects followed, bounded in time and size.

    ``environ`` gives HTTPS_PROXY and NO_PROXY. OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR, for companies with
    a CA of their own; ``environ`` only serves the message when that does not help. Plain http never goes to a proxy.

    May be called from several threads at once. Each exchange has a connection to itself, and one that is left open
    carries the next request that only reads.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._environ = environ
        self._timeout = timeout_seconds
        self._deadline = deadline_seconds
        self._connections = Connections(environ, timeout_seconds)

    def close(self) -> None:
        """Let go of the connections that are kept; from now on none is."""
        self._connections.close()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of the one host in ``request.url``.

        Raises NetworkError: network.dns, network.timeout, network.connection, network.tls, network.proxy,
        network.redirect, network.too-large; and UsageError for an address that is not safe.
        """
        host = urlsplit(require_safe_url(request.url)).netloc
        end = time.monotonic() + self._deadline
        try:
            if threading.current_thread() is threading.main_thread():  # on Windows, Ctrl-C interrupts no reading
                answer = _apart(lambda: self._exchange(request, end), end)
            else:
                answer = self._exchange(request, end)
        except Exception as error:
            seconds = self._deadline if time.monotonic() >= end else self._timeout
            raise self._network_error(error, host, seconds) from None
        return _without_redirect(answer, host)

    def _exchange(self, request: HttpRequest, end: float) -> HttpResponse:
        connection, answer = self._answered(request, end)
        is_whole = False
        try:
            fits = answer.length is not None and answer.length <= BODY_LIMIT
            # Only read() without a size notices that the body ends before its Content-Length.
            body = answer.read() if fits else answer.read(BODY_LIMIT + 1)
            if len(body) > BODY_LIMIT:
                raise _TooLargeError
            # Below 200 the answer itself is yet to come (RFC 9110, 15.2): the next question would take it for its own.
            is_whole = answer.isclosed() and not answer.will_close and answer.status >= 200
            return HttpResponse(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
        finally:
            if is_whole and request.only_reads:
                self._connections.keep(request.url, connection)
            else:
                answer.close()
                connection.close()

    def _answered(
        self, request: HttpRequest, end: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """The connection on which an answer has begun. A kept one may be closed by the server at any time between two
        answers (RFC 9112, 9.5): the request then goes to a fresh one, once."""
        if request.only_reads and (kept := self._connections.kept(request.url)):
            try:
                return kept, _begin(kept, request, end)
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                pass
        fresh = self._connections.fresh(request.url)
        _apart(fresh.connect, end)
        return fresh, _begin(fresh, request, end)

    def _network_error(self, error: Exception, host: str, seconds: float) -> Exception:
        """What went wrong, in our words: texts of foreign exceptions may quote what was sent. ``seconds``: how long it
        was waited, if in vain."""
        match error:
            case NetworkError():
                return error
            case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
                return NetworkError("network.connection", f"{host} closed the connection", _reachability(host))
            case ssl.SSLError():
                return self._tls_error(error, host)
            case socket.gaierror() | UnicodeError():  # a part of a host name that is too long is an encoding error
                return NetworkError(
                    "network.dns",
                    f"there is no host {host}, or name resolution does not work here",
                    "is the address spelt right? A My Domain name changes when it is renamed",
                    "behind a proxy set HTTPS_PROXY",
                )
            case TimeoutError():
                return NetworkError(
                    "network.timeout", f"{host} did not answer within {seconds:.0f} seconds", _reachability(host)
                )
            case _TooLargeError():
                return NetworkError(
                    "network.too-large", f"{host} sent more than {BODY_LIMIT >> 20} MB, which no answer has"
                )
            case OSError() if str(error).startswith("Tunnel connection failed"):
                return NetworkError(
                    "network.proxy",
                    f"the proxy in HTTPS_PROXY does not let us through to {host}: {str(error)[26:140].strip()}",
                    "407 means that it wants a user: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
                    "NO_PROXY names hosts that are reached without it",
                )
            case OSError():
                reason = error.strerror or "the connection was closed before an answer came"
                return NetworkError("network.connection", f"no connection to {host}: {reason}", _reachability(host))
            case http.client.IncompleteRead():
                return NetworkError("network.connection", f"the answer of {host} broke off before its end")
            case http.client.HTTPException() | ValueError():
                return NetworkError("network.connection", f"what {host} answers is not HTTP", _reachability(host))
        return error

    def _tls_error(self, error: ssl.SSLError, host: str) -> NetworkError:
        if not isinstance(error, ssl.SSLCertVerificationError):
            return NetworkError(
                "network.tls", f"no TLS connection to {host}: {error.reason or 'it was closed'}", _reachability(host)
            )
        file = self._environ.get("SSL_CERT_FILE")
        known = f" (it is set to {file} now; a file that is missing is passed over)" if file else ""
        return NetworkError(
            "network.tls",
            f"the certificate that {host} shows is not trusted here: {error.verify_message}",
            "a company that inspects TLS has a CA of its own: let SSL_CERT_FILE name a PEM file with that CA's"
            f" certificate{known}",
            "never send a login to a host that cannot prove who it is: verification cannot be switched off",
        )


class _TooLargeError(Exception):
    """The body is larger than BODY_LIMIT."""


def _apart(action: Callable[[], R], end: float) -> R:
    """``action`` in a thread that nobody waits for any more at ``end``: nothing else bounds name resolution. Raises
    TimeoutError, and what it raises."""
    ended: list[R] = []
    failed: list[Exception] = []

    def act() -> None:
        try:
            ended.append(action())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    while thread.is_alive() and (remaining := end - time.monotonic()) > 0:
        thread.join(min(0.5, remaining))  # in slices, because on Windows Ctrl-C does not interrupt a long join
    if failed:
        raise failed[0]
    if not ended:
        raise TimeoutError
    return ended[0]


def _begin(connection: http.client.HTTPConnection, request: HttpRequest, end: float) -> http.client.HTTPResponse:
    """The answer, once its head has come; the connection is closed where none comes."""
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    once = {} if request.only_reads else {"Connection": "close"}
    headers = {"User-Agent": f"sfkeytool/{__version__}", **once, **request.headers}
    bound_answers(connection, end)
    try:
        connection.request(request.method, target, request.body or None, headers)
        return connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _without_redirect(answer: HttpResponse, host: str) -> HttpResponse:
    if not 300 <= answer.status < 400:
        return answer
    try:
        elsewhere = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        elsewhere = None
    raise NetworkError(
        "network.redirect",
        f"{host} sends us on to {elsewhere or 'another place'}, and what we send is a credential: it goes to one host"
        " only",
        f"if that is your org, name it: --instance-url https://{elsewhere}"
        if elsewhere
        else "name the org's own host: --instance-url https://MYDOMAIN.my.salesforce.com",
    )


def _reachability(host: str) -> str:
    return f"can this machine reach https://{host}? Firewalls let it pass, or HTTPS_PROXY names the way"
