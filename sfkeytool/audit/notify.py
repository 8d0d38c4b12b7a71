"""Messages about due events, and their delivery through apprise: mail, Slack, Teams, webhooks and many more."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from math import ceil
from typing import Any

from msgspec import Struct

from sfkeytool.audit.advice import step_text
from sfkeytool.audit.events import Event, EventKind
from sfkeytool.audit.model import Item, Problem
from sfkeytool.audit.stops import stop_text
from sfkeytool.crypto.names import escape_unprintable
from sfkeytool.errors import InputError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

FINGERPRINT_ROUNDS = 100_000
"""Of PBKDF2: an address may hold a password that a person chose, and the state file may lie in a cache."""

READ_TIMEOUT_SECONDS = 30.0
"""Apprise waits 4 seconds for an answer; a message that was taken and not answered in time is sent again."""

DEADLINE_SECONDS = 60.0
"""For the delivery of one message as a whole, whatever the server does: our own bound."""

PAUSE_SECONDS = 6.0
"""More for each further part or recipient: apprise pauses for up to 5.5 seconds between two."""

LONGEST_SECONDS = 600.0

_LISTED = 50
"""Lines of one kind in a message: our own bound, for services that take few characters."""

_HTTP_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")


class Destination(Opaque, frozen=True):
    """Where messages go. ``label`` is the SOURCE that the address was read from; the address itself is secret."""

    label: str
    service: str
    _address: Secret
    _server: Any

    def job(self, message: "Message") -> dict[str, str]:
        """What a process needs to deliver() ``message``. Secret."""
        return {
            "address": self._address.reveal(),
            "label": self.label,
            "subject": message.subject,
            "body": message.body,
        }

    def seconds(self, message: "Message") -> float:
        """How long its delivery may take in all: the services' own pauses between parts and recipients count. Pure."""
        recipients = max(len(self._server), len(getattr(self._server, "targets", ())), 1)
        parts = ceil((len(message.subject) + len(message.body)) / int(self._server.body_maxlen))
        return min(DEADLINE_SECONDS + (recipients * parts - 1) * PAUSE_SECONDS, LONGEST_SECONDS)

    def fingerprint(self, salt: bytes) -> str:
        """32 hex digits by which the address is known again, and which do not tell it. Pure."""
        address = self._address.reveal().encode()
        return hashlib.pbkdf2_hmac("sha256", address, salt, FINGERPRINT_ROUNDS, 16).hex()


class Message(Struct, frozen=True):
    """Plain text; names of foreign origin are escaped, so that a line stays a line."""

    subject: str
    body: str


def parse_destination(address: Secret, label: str) -> Destination:
    """The destination of an apprise URL, checked as far as that goes without sending. No network.

    Raises InputError notify.address, which does not quote it.
    """
    import apprise

    # Nothing on disk. No threads either, for one that apprise stops waiting for may still send; sockets time out.
    asset = apprise.AppriseAsset(
        app_id="sfkeytool",
        app_desc="sfkeytool audit",
        async_mode=False,
        service_timeout=0,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    with _quiet_apprise():
        server = apprise.Apprise.instantiate(address.reveal(), asset=asset)
    if server is None:
        raise InputError(
            "notify.address",
            f"what {label} holds is no address that apprise can send to; it is not shown, for it may be secret",
            "one URL, such as mailto://user:password@example.com: https://appriseit.com/services/",
        )
    server.socket_read_timeout = max(server.socket_read_timeout, READ_TIMEOUT_SECONDS)
    server.overflow_mode = apprise.OverflowMode.SPLIT
    return Destination(label, str(server.service_name), address, server)


def deliver(destination: Destination, message: Message) -> str | None:
    """Send it. None once the service has taken it, else what is known of why not: nothing secret. Uses the network.

    Never raises for what the service does. An address with several recipients counts only when each was reached.
    """
    import apprise

    courier = apprise.Apprise(asset=destination._server.asset)
    courier.add(destination._server)
    with _quiet_apprise() as said:
        taken = courier.notify(title=message.subject, body=message.body, body_format=apprise.NotifyFormat.TEXT)
    if taken:
        return None
    statuses = [found[1] for line in said if (found := _HTTP_STATUS.search(line))]
    return f"HTTP {statuses[-1]}" if statuses else "no answer that it was taken"


def compose(
    events: Sequence[Event], at: datetime, owner_of: Callable[[str], str], attempted_at: datetime | None = None
) -> Message:
    """The one message about all ``events``, which come most urgent first, at the (aware) time ``at``. Pure.

    A certificate that sits in several places is told once, with its places. ``attempted_at``: a message was begun
    then, and whether it arrived is not known.
    """
    expired = _certificates(events, EventKind.EXPIRED)
    expiring = _certificates(events, EventKind.EXPIRES)
    uncovered = _certificates(events, EventKind.UNCOVERED)
    problems = [event.about for event in events if isinstance(event.about, Problem)]
    subject = []
    lines: list[str] = []
    if expired:
        subject.append(f"{_count(expired, 'certificate has', 'certificates have')} expired")
        lines += _section("Expired", [_certificate_lines(found, owner_of) for found in expired])
    if expiring:
        days = max(event.level for event in events if event.kind is EventKind.EXPIRES)
        subject.append(f"{_count(expiring, 'certificate expires', 'certificates expire')} {_within(days)}")
        for level, found in groupby(expiring, key=lambda group: group[0].level):
            lines += _section(f"Expires {_within(level)}", [_certificate_lines(group, owner_of) for group in found])
    if uncovered:
        subject.append(f"{_count(uncovered, 'app certificate is', 'app certificates are')} uncovered")
        heading = "Uncovered: nothing that was read makes Certificate and Key Management mail about these"
        lines += _section(heading, [_certificate_lines(found, owner_of) for found in uncovered])
    if problems:
        subject.append(f"{_count(problems, 'source', 'sources')} could not be read")
        lines += _section("Not read", [[f"- {escape_unprintable(problem.message)}"] for problem in problems])
    items = [event.about for event in events if isinstance(event.about, Item)]
    if general := dict.fromkeys(step.what for item in items for step in item.advice if step.is_general):
        lines += [*(f"{what}." for what in general), ""]
    if attempted_at is not None:
        lines += [f"You may have this already: a message of {_minute(attempted_at)} was begun and never confirmed.", ""]
    lines.append(f"sfkeytool audit, {_minute(at)}")
    return Message(f"sfkeytool: {', '.join(subject)}", "\n".join(lines))


def _certificates(events: Sequence[Event], kind: EventKind) -> list[list[Event]]:
    """The events of a kind, those about the same certificate together."""
    groups: dict[tuple[str, int], list[Event]] = {}
    for event in events:
        if event.kind is kind and isinstance(event.about, Item):
            certificate = event.about.carrier.certificate
            groups.setdefault((certificate.sha256 if certificate else event.key, event.level), []).append(event)
    return list(groups.values())


def _section(heading: str, entries: list[list[str]]) -> list[str]:
    lines = [f"{heading}:", *(line for entry in entries[:_LISTED] for line in entry)]
    if len(entries) > _LISTED:
        lines.append(f"- and {len(entries) - _LISTED} more: sfkeytool audit lists them all")
    return [*lines, ""]


def _certificate_lines(events: Sequence[Event], owner_of: Callable[[str], str]) -> list[str]:
    items = [event.about for event in events if isinstance(event.about, Item)]
    carrier, certificate = items[0].carrier, items[0].carrier.certificate
    line = f"- {escape_unprintable(carrier.name)}"
    if certificate:
        line += f" ({certificate.subject}), until {certificate.not_after.date()}"
        if items[0].days_left is not None:
            line += f", {_days(items[0].days_left)}"
    places = [f"  in {item.carrier.where}" for item in items]
    owners = [f"  owner: {owner}" for owner in dict.fromkeys(owner_of(item.carrier.name) for item in items) if owner]
    steps = dict.fromkeys(step for item in items for step in item.advice if not step.is_general)
    advice = [f"  {step_text(step)}" for step in steps]
    stops = [f"  stops: {stop_text(stop)}" for stop in dict.fromkeys(stop for item in items for stop in item.stops)]
    return [line, *(escape_unprintable(rest) for rest in (*places[:_LISTED], *owners, *stops, *advice))]


def _count(found: Sequence[object], one: str, many: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else many}"


def _within(days: int) -> str:
    return "today" if days == 0 else f"within {days} day{'s' if days > 1 else ''}"


def _days(days: int) -> str:
    number = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
    return "today" if days == 0 else f"{number} left" if days > 0 else f"{number} ago"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@contextmanager
def _quiet_apprise() -> Iterator[list[str]]:
    """Keep apprise's log from every handler, because it may quote addresses; yields its warnings, as they come."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger = logging.getLogger("apprise")
    handlers, propagate, level = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [Listener(logging.WARNING)], False
    logger.setLevel(logging.WARNING)
    try:
        yield lines
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
