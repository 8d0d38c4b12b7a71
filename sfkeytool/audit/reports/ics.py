"""Calendar files (RFC 5545): CKM's mail days, the day a certificate expires, and the latest start of its renewal.

A UID depends on the certificate and the kind of day alone: importing a file again moves entries instead of doubling
them, and what ``--ics`` of a single command wrote is the same entry as in the audit's calendar.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from sfkeytool.acceptance.mails import WHO_IS_MAILED, describe_mail_dates
from sfkeytool.acceptance.mails import latest_start as latest_start_of
from sfkeytool.audit.model import CarrierKind, Coverage, Inventory, Item, Status
from sfkeytool.crypto.names import escape_unprintable

_IN_CKM = (CarrierKind.KEYSTORE, CarrierKind.CKM_SOURCE, CarrierKind.CKM)
"""What is, or is meant to be, in Certificate and Key Management."""

_MORNING = timedelta(hours=9)
"""Alarms of an all-day entry count from its midnight."""

_MOST_ENTRIES = 16
"""More than there are about one certificate: of each mail day one, and two."""

_EXPIRY_ALARM_DAYS = 7
_SUMMARY_CHARACTERS = 120
"""A subject may be thousands of characters long; the description has it whole."""

_WHO_MAILS = (
    f"Certificate and Key Management mails about a certificate that it holds, give or take a day. {WHO_IS_MAILED}. That"
    " it does so for imported key pairs too is inferred, not documented."
)


class CalendarEntry(Struct, frozen=True):
    """An all-day entry. ``alarm_days`` before ``day``, at nine in the morning, the calendar speaks up.

    ``uid`` is globally unique and the same whenever the same thing is written again.
    """

    uid: str
    day: date
    summary: str
    description: str
    alarm_days: int = 0


def encode_calendar(entries: Iterable[CalendarEntry], at: datetime) -> Iterator[bytes]:
    """An iCalendar file in pieces, UTF-8 with CRLF; ``at`` (aware) stamps the entries. Pure."""
    from icalendar import Alarm, Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//sfkeytool//certificates//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Salesforce certificates")
    end = b"END:VCALENDAR\r\n"
    yield calendar.to_ical().removesuffix(end)
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", at)
        event.add("dtstart", entry.day)  # without an end it is that day (RFC 5545, 3.6.1); 9999-12-31 has no morrow
        event.add("summary", entry.summary)
        event.add("description", entry.description)
        event.add("transp", "TRANSPARENT")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.summary)
        alarm.add("trigger", _MORNING - timedelta(days=entry.alarm_days))
        event.add_component(alarm)
        yield event.to_ical()
    yield end


def certificate_entries(
    *,
    name: str,
    subject: str,
    sha256: str,
    not_after: datetime,
    mail_dates: Iterable[date],
    latest_start: date | None,
) -> tuple[CalendarEntry, ...]:
    """What a calendar should hold about one certificate, in the order of the days. Pure.

    ``name`` is what people call it; ``sha256`` its fingerprint, of which the UIDs are made; ``not_after`` is aware UTC.
    ``mail_dates`` are CKM's days still to come, none where CKM does not hold it.
    """
    name, subject = escape_unprintable(name), escape_unprintable(subject)
    expires = not_after.date()
    mails = set(mail_dates)
    certificate = f"{name}\n{subject}\nSHA-256 {sha256}\nexpires {expires} {not_after:%H:%M:%S} UTC"

    def entry(kind: str, day: date, title: str, text: str, alarm_days: int = 0) -> CalendarEntry:
        uid = f"{sha256.replace(':', '').lower()}-{kind}@sfkeytool"
        return CalendarEntry(uid, day, title, f"{text}\n\n{certificate}", alarm_days)

    short = name if len(name) <= _SUMMARY_CHARACTERS else name[: _SUMMARY_CHARACTERS - 1] + "…"
    entries = [
        entry(
            f"mail-{(expires - day).days}",
            day,
            f"Salesforce should mail: {short} expires {_in_days((expires - day).days)}",
            f"Salesforce should mail {describe_mail_dates([day], expires)}. No mail by tomorrow? Look at who receives"
            f" them. {_WHO_MAILS}",
        )
        for day in sorted(mails - {expires})
    ]
    if latest_start is not None:
        entries.append(
            entry(
                "renewal",
                latest_start,
                f"Begin the renewal of {short} today at the latest",
                f"It expires on {expires}. The date is sfkeytool's advice, no rule of Salesforce.",
                _EXPIRY_ALARM_DAYS,
            )
        )
    entries.append(
        entry(
            "expiry",
            expires,
            f"{short} expires",
            f"Certificate and Key Management should mail today, for the last time. {_WHO_MAILS}"
            if expires in mails
            else "As far as is known, no mail of Salesforce tells of it.",
            _EXPIRY_ALARM_DAYS,
        )
    )
    return tuple(sorted(entries, key=lambda each: each.day))


def _in_days(days: int) -> str:
    return "tomorrow" if days == 1 else f"in {days} days"


def encode(inventory: Inventory) -> Iterator[bytes]:
    """The entries of every certificate that has not expired yet, once each, wherever it sits. Pure.

    What a later generation replaces, CAs in chains, and what nobody alive will see expire are left out; so is a
    renewal's latest start that has passed.
    """
    together: dict[bytes, list[Item]] = {}
    for item in inventory.items:
        certificate = item.carrier.certificate
        if certificate and item.counts and item.status is not Status.EXPIRED and item.expires_in_sight:
            together.setdefault(certificate.digest, []).append(item)
    return encode_calendar(_by_day(list(together.values()), inventory.at), inventory.at)


def _by_day(groups: Sequence[Sequence[Item]], at: datetime) -> Iterator[CalendarEntry]:
    """All entries by their days. They are made twice, first for their days alone: their texts are long."""
    days: defaultdict[date, array[int]] = defaultdict(lambda: array("Q"))
    for number, items in enumerate(groups):
        for place, entry in enumerate(_entries_of(items, at)):
            days[entry.day].append(number * _MOST_ENTRIES + place)
    for day in sorted(days):
        for number, place in (divmod(both, _MOST_ENTRIES) for both in days[day]):
            yield _entries_of(groups[number], at)[place]


def _entries_of(items: Sequence[Item], at: datetime) -> tuple[CalendarEntry, ...]:
    carriers = [item.carrier for item in items]
    certificate = carriers[0].certificate
    assert certificate is not None  # noqa: S101 - only such carriers are grouped
    begins, ends = certificate.not_before, certificate.not_after
    start = latest_start_of(begins, ends)
    return certificate_entries(
        name=", ".join(dict.fromkeys(carrier.name for carrier in carriers)),
        subject=certificate.subject,
        sha256=certificate.sha256,
        not_after=ends,
        mail_dates=_mail_dates(items),
        latest_start=start if start >= at.date() else None,
    )


def _mail_dates(items: Sequence[Item]) -> tuple[date, ...]:
    """Of the places of one certificate: none where an org was read whose CKM does not know of its app's."""
    if any(item.coverage is Coverage.UNCOVERED and item.ckm_read for item in items):
        return ()
    same_day = (Coverage.COVERED, Coverage.REMINDER)
    of_ckm = (item for item in items if item.carrier.kind in _IN_CKM or item.coverage in same_day)
    return tuple(sorted({day for item in of_ckm for day in item.mail_dates}))
