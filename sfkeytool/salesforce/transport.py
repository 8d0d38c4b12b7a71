"""HTTP, spoken here only.

The standard library and not httpx: ``http.client`` with ``ssl`` is imported in 27 ms, httpx in 63, and its client takes
40 more to make (Python 3.11, Linux). What is needed here is one exchange at a time, no redirects and no pool.
Certificates are always verified; there is no way to switch that off.
"""

import base64
import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from msgspec import field

from sfkeytool import __version__
from sfkeytool.errors import NetworkError, UsageError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

TIMEOUT_SECONDS = 20.0
"""For a connection to stand, and for each byte after it: our own bound."""

DEADLINE_SECONDS = 60.0
"""For an exchange as a whole, name resolution included: a server that drips bytes never times out. Our own bound."""

BODY_LIMIT = 32 << 20
"""Bytes of an answer: our own bound; the largest that is asked for are pages of metadata."""

_TOKEN = re.compile(r"[!-~]+")

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PASSING = frozenset({"network.dns", "network.timeout", "network.connection", "network.server-error"})


class HttpRequest(Opaque, frozen=True):
    """``url`` is absolute. Header values and body are secret: they carry assertions and tokens."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


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
    if not host or not host.isascii() or parts.username is not None or any(c <= " " or c == "\x7f" for c in url):
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

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of the one host in ``request.url``.

        Raises NetworkError: network.dns, network.timeout, network.connection, network.tls, network.proxy,
        network.redirect, network.too-large; and UsageError for an address that is not safe.
        """
        host = urlsplit(require_safe_url(request.url)).netloc
        answer: list[HttpResponse | Exception] = []

        def exchange() -> None:
            try:
                answer.append(self._exchange(request))
            except Exception as error:
                answer.append(error)

        # No timeout of a socket bounds name resolution, or a server that sends one byte at a time; a thread that
        # nobody waits for any more does. In slices, because on Windows Ctrl-C does not interrupt a long join.
        thread = threading.Thread(target=exchange, daemon=True)
        end = time.monotonic() + self._deadline
        thread.start()
        while thread.is_alive() and (remaining := end - time.monotonic()) > 0:
            thread.join(min(0.5, remaining))
        if not answer:
            raise NetworkError(
                "network.timeout", f"{host} did not answer within {self._deadline:.0f} seconds", _reachability(host)
            )
        if isinstance(answer[0], Exception):
            raise self._network_error(answer[0], host) from None
        return _without_redirect(answer[0], host)

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"User-Agent": f"sfkeytool/{__version__}", "Connection": "close", **request.headers}
            connection.request(request.method, target, request.body or None, headers)
            answer = connection.getresponse()
            whole = answer.length is not None and answer.length <= BODY_LIMIT
            # Only read() without a size notices that the body ends before its Content-Length.
            body = answer.read() if whole else answer.read(BODY_LIMIT + 1)
            if len(body) > BODY_LIMIT:
                raise _TooLargeError
            return HttpResponse(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        proxy = self._proxy(host)
        if proxy is None:
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=_tls())
        connection = http.client.HTTPSConnection(proxy.host, proxy.port, timeout=self._timeout, context=_tls())
        connection.set_tunnel(host, port, proxy.headers)
        return connection

    def _proxy(self, host: str) -> "_Proxy | None":
        value = self._environ.get("https_proxy") or self._environ.get("HTTPS_PROXY")
        exempt = self._environ.get("no_proxy") or self._environ.get("NO_PROXY") or ""
        return _parse_proxy(value) if value and not _is_exempt(host, exempt) else None

    def _network_error(self, error: Exception, host: str) -> Exception:
        """What went wrong, in our words: texts of foreign exceptions may quote what was sent."""
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
                    "network.timeout", f"{host} did not answer within {self._timeout:.0f} seconds", _reachability(host)
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


class _Proxy(Opaque, frozen=True):
    host: str
    port: int
    headers: Mapping[str, str]


class _TooLargeError(Exception):
    """The body is larger than BODY_LIMIT."""


def _is_exempt(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host, a domain above it, or everything (``*``)."""
    entries = (entry.strip().lower().lstrip(".") for entry in no_proxy.split(","))
    return any(entry in ("*", host) or host.endswith(f".{entry}") for entry in entries if entry)


def _parse_proxy(value: str) -> _Proxy:
    """HTTPS_PROXY, with or without http:// and user. Its password is never repeated in a message."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme != "http":
        raise NetworkError("network.proxy", "HTTPS_PROXY is not of the form http://HOST:PORT")
    headers = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    return _Proxy(host, port or 80, headers)


def _tls() -> ssl.SSLContext:
    """Certificate and host name are verified, which this protocol constant turns on.

    Not ``create_default_context``: from Python 3.13 on it refuses the CAs of many companies for want of an extension,
    and it writes session keys to SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


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
