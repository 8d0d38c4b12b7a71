"""On which days Certificate and Key Management mails about an expiring certificate and whom, and when to renew."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

EARLY_MAIL_DAYS = (60, 30, 10)
LATE_MAIL_DAYS = (1, 0)
MAIL_DAYS_BEFORE_EXPIRY = (*EARLY_MAIL_DAYS, *LATE_MAIL_DAYS)
"""Summer '24 release notes, "Limit Who Receives Notifications About Certificate Expiration" (read in a copy, November
2026): 60, 30 and 10 days before, the day before and the day itself."""

KNOWLEDGE_MAIL_DAYS = (60, 30, 10, 0)
"""Salesforce Knowledge 000385781 (2 Apr 2026), to administrators."""

PERMISSION = "Receive Certificate Expiration Notifications"

WHO_IS_MAILED = (
    f'60, 30 and 10 days before the expiry holders of the permission "{PERMISSION}" are mailed, the day before and on'
    " the day System Administrators and users who may modify all data, who get every mail while nobody holds the"
    " permission: so Salesforce's release note of Summer '24. Knowledge 000385781 (2 April 2026) names administrators"
    " for 60, 30 and 10 days before and the day itself"
)
"""A sentence without its full stop. Which of the two holds is open, and neither says that somebody is not mailed."""

_LATEST_START_DAYS = 30
"""Our own advice: a month, or a third of a short life, for a CA's answer, a change window and a way back."""


def mail_dates(not_after: datetime, now: datetime) -> tuple[date, ...]:
    """The UTC dates, from ``now`` on, on which CKM mails about a certificate. Pure.

    Give or take a day: in which time zone Salesforce counts is not documented.
    """
    return _mail_dates(not_after.date(), now.date())


@lru_cache(maxsize=4096)
def _mail_dates(expires: date, today: date) -> tuple[date, ...]:
    left = (expires - today).days
    return tuple(expires - timedelta(days=n) for n in MAIL_DAYS_BEFORE_EXPIRY if n <= left)


def early_mail_dates(not_after: datetime, now: datetime) -> tuple[date, ...]:
    """Those of mail_dates() that leave time to renew: the ones before the last two. Pure."""
    expires = not_after.date()
    return tuple(day for day in mail_dates(not_after, now) if (expires - day).days in EARLY_MAIL_DAYS)


def describe_mail_dates(days: Sequence[date], expires: date) -> str:
    """Days of mail_dates() with whom the release note names for each; to follow "mails". Empty for no days. Pure."""
    groups = {"holders of the permission": EARLY_MAIL_DAYS, "administrators": LATE_MAIL_DAYS}
    phrases = []
    for people, before in groups.items():
        found = [day.isoformat() for day in days if (expires - day).days in before]
        if found:
            phrases.append(f"{people} on {', '.join(found)}")
    return " and ".join(phrases)


def latest_start(not_before: datetime, not_after: datetime) -> date:
    """The UTC date on which the renewal of a certificate should have begun. Pure."""
    life = max(not_after - not_before, timedelta())
    return (not_after - min(timedelta(days=_LATEST_START_DAYS), life / 3)).date()
