"""On which days Certificate and Key Management mails about an expiring certificate, and when to renew at the latest."""

from datetime import date, datetime, timedelta

MAIL_DAYS_BEFORE_EXPIRY = (60, 30, 10, 0)
"""Salesforce Knowledge 000385781 (2 Apr 2026): 60, 30 and 10 days before expiry and on the day itself."""

_LATEST_START_DAYS = 30
"""Our own advice: a month, or a third of a short life, for a CA's answer, a change window and a way back."""


def mail_dates(not_after: datetime, now: datetime) -> tuple[date, ...]:
    """The UTC dates, from ``now`` on, on which CKM mails about a certificate. Pure.

    Give or take a day: in which time zone Salesforce counts is not documented.
    """
    expires = not_after.date()
    left = (expires - now.date()).days
    return tuple(expires - timedelta(days=n) for n in MAIL_DAYS_BEFORE_EXPIRY if n <= left)


def latest_start(not_before: datetime, not_after: datetime) -> date:
    """The UTC date on which the renewal of a certificate should have begun. Pure."""
    life = max(not_after - not_before, timedelta())
    return (not_after - min(timedelta(days=_LATEST_START_DAYS), life / 3)).date()
