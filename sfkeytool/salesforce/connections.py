"""Connections to a host: by TLS, past or through a proxy, and kept for the next question.

From several threads at once: whoever has a connection has it alone.
"""

import base64
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from sfkeytool.errors import NetworkError
from sfkeytool.model import Opaque

IDLE_SECONDS = 30.0
"""After which a kept connection is used no more: firewalls forget one in silence, and then nothing answers. Our own
bound."""


class Connections:
    """``environ`` gives HTTPS_PROXY and NO_PROXY; plain http never goes to a proxy. ``timeout_seconds``: for a
    connection to stand, and for each byte after it."""

    def __init__(self, environ: Mapping[str, str], timeout_seconds: float) -> None:
        self._environ = environ
        self._timeout = timeout_seconds
        self._kept: list[_Kept] = []
        self._keeps = True

    def fresh(self, url: str) -> http.client.HTTPConnection:
        """One that is made when it is first used. Raises NetworkError network.proxy."""
        scheme, host, port = _way(url)
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        proxy = self._proxy(host)
        if proxy is None:
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=_tls())
        connection = http.client.HTTPSConnection(proxy.host, proxy.port, timeout=self._timeout, context=_tls())
        connection.set_tunnel(host, port, proxy.headers)
        return connection

    def kept(self, url: str) -> http.client.HTTPConnection | None:
        """One that leads there, that is not old, and on which nothing came since: no goodbye, nothing unasked for."""
        way = _way(url)
        for kept in reversed(self._kept[:]):
            if kept.way != way:
                continue
            try:
                self._kept.remove(kept)
            except ValueError:  # another thread took it
                continue
            if time.monotonic() - kept.since < IDLE_SECONDS and _is_quiet(kept.connection, self._timeout):
                return kept.connection
            kept.connection.close()
        return None

    def keep(self, url: str, connection: http.client.HTTPConnection) -> None:
        """For the next question; its answer was read to the end."""
        if self._keeps:
            self._kept.append(_Kept(_way(url), connection, time.monotonic()))
        else:
            connection.close()

    def close(self) -> None:
        """Close what is kept, and keep none any more."""
        self._keeps = False
        while self._kept:
            self._kept.pop().connection.close()

    def _proxy(self, host: str) -> "_Proxy | None":
        value = self._environ.get("https_proxy") or self._environ.get("HTTPS_PROXY")
        exempt = self._environ.get("no_proxy") or self._environ.get("NO_PROXY") or ""
        return _parse_proxy(value) if value and not _is_exempt(host, exempt) else None


_Way = tuple[str, str, int | None]
"""Scheme, host and port."""


class _Kept(Struct, frozen=True, eq=False):
    way: _Way
    connection: http.client.HTTPConnection
    since: float
    """By the monotonic clock, in seconds."""


def _way(url: str) -> _Way:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def bound_answers(connection: http.client.HTTPConnection, end: float) -> None:
    """The next answer on this connection comes by ``end``, or reading it raises TimeoutError."""
    bounds = (connection.timeout or 0.0, end)
    connection.response_class = partial(_BoundedResponse, bounds=bounds)  # type: ignore[assignment]


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, bounds: tuple[float, float], **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_BoundedReader(sock, self.fp.detach(), *bounds))


class _BoundedReader(io.RawIOBase):
    """What comes over a socket. Its timeout alone bounds no server that sends a byte now and then."""

    def __init__(self, peer: socket.socket, raw: io.RawIOBase, timeout_seconds: float, end: float) -> None:
        self._peer = peer
        self._raw = raw
        self._timeout = timeout_seconds
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._peer.settimeout(min(self._timeout, remaining))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _is_quiet(connection: http.client.HTTPConnection, timeout_seconds: float) -> bool:
    """Whether nothing is there to be read. Below TLS, where the end of a connection shows as well as data; and in TLS
    itself, which may have opened more than the answer took."""
    peer = connection.sock
    if isinstance(peer, ssl.SSLSocket) and peer.pending():
        return False
    try:
        peer.settimeout(0)
        socket.socket.recv(peer, 1, socket.MSG_PEEK)
    except BlockingIOError:
        peer.settimeout(timeout_seconds)
        return True
    except OSError:
        pass
    return False


class _Proxy(Opaque, frozen=True):
    host: str
    port: int
    headers: Mapping[str, str]


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


_contexts: dict[ssl.DefaultVerifyPaths, ssl.SSLContext] = {}
"""By what is trusted: SSL_CERT_FILE and SSL_CERT_DIR of the process, which OpenSSL itself reads."""
_making = threading.Lock()


def _tls() -> ssl.SSLContext:
    """Certificate and host name are verified, which this protocol constant turns on.

    Made once for all connections that trust the same: loading the CAs takes 18 ms. Not ``create_default_context``:
    from Python 3.13 on it refuses the CAs of many companies for want of an extension, and it writes session keys to
    SSLKEYLOGFILE.
    """
    trusted = ssl.get_default_verify_paths()
    with _making:
        if trusted not in _contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_default_certs()
            _contexts[trusted] = context
        return _contexts[trusted]
