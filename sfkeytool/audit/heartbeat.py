"""The dead man's switch that hears of each audit, and gives the alarm when it hears nothing any more."""

from enum import StrEnum
from urllib.parse import SplitResult, urlsplit, urlunsplit

from sfkeytool.errors import EXIT_DONE, EXIT_DUE, EXIT_EXPIRED, InputError, NetworkError, UsageError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.transport import HttpRequest, Transport, is_passing, require_safe_url

SECONDS = 10.0
"""For one call as a whole: what Healthchecks' own examples give curl."""

TRIES = 2

_SAID = {
    "network.connection": "no connection, or it was closed",
    "network.dns": "no such host, or no name resolution",
    "network.proxy": "the proxy did not let it through",
    "network.redirect": "it sends us elsewhere",
    "network.timeout": "no answer in time",
    "network.tls": "its certificate is not trusted here",
    "network.too-large": "an answer without end",
}
"""By the codes of errors, whose own texts name the host."""


class Signal(StrEnum):
    """``END`` is an audit that found out what there is to find out, whatever that is."""

    START = "start"
    END = "end"
    FAILURE = "failure"


class Switch(Opaque, frozen=True):
    """Where a switch is called. ``label`` is the SOURCE of the address, which itself is secret."""

    label: str
    _address: Secret

    def request(self, signal: Signal) -> HttpRequest | None:
        """What tells ``signal``; None if the switch knows no such thing. Secret. Pure.

        Only Healthchecks, hosted or one's own, is known to tell a start (URL/start), and it and Better Stack to tell
        a failure (URL/fail). Others may take any call below their address for a sign of life.
        """
        parts = urlsplit(self._address.reveal())
        if signal is Signal.END:
            return HttpRequest("GET", urlunsplit(parts._replace(fragment="")))
        if not (_is_healthchecks(parts) or (signal is Signal.FAILURE and _is_better_stack(parts))):
            return None
        word = "start" if signal is Signal.START else "fail"
        return HttpRequest("GET", urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{word}", fragment="")))


def parse_switch(address: Secret, label: str) -> Switch:
    """The switch at an https URL, or one of http on this machine. Raises InputError heartbeat.address. Pure."""
    try:
        require_safe_url(address.reveal())
    except UsageError:
        raise InputError(
            "heartbeat.address",
            f"what {label} holds is no https address; it is not shown, for it may be secret",
            "one URL, such as https://hc-ping.com/UUID",
        ) from None
    return Switch(label, address)


def signal_of(exit_code: int) -> Signal:
    """How an audit that ends with ``exit_code`` went: what is due is for people, not for the switch. Pure."""
    return Signal.END if exit_code in (EXIT_DONE, EXIT_DUE, EXIT_EXPIRED) else Signal.FAILURE


def call(switch: Switch, signal: Signal, transport: Transport) -> str | None:
    """Tell the switch. None once it has taken that, or knows no such signal; else why not, without a word of the
    address. Uses the network. Never raises for what the other side does."""
    request = switch.request(signal)
    if request is None:
        return None
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            status = transport(request).status
        except NetworkError as error:
            if tries_left and is_passing(error):
                continue
            return _SAID[error.code]
        if 200 <= status < 300:
            return None
        if not tries_left or status < 500:
            return f"HTTP {status}"
    raise AssertionError("unreachable: the last try returns")


def _is_healthchecks(parts: SplitResult) -> bool:
    return parts.hostname == "hc-ping.com" or parts.path.startswith("/ping/")


def _is_better_stack(parts: SplitResult) -> bool:
    return parts.path.startswith("/api/v1/heartbeat/")
