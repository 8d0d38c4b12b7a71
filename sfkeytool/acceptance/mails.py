"""On which days Certificate and Key Management mails about an expiring certificate."""

from datetime import date, datetime, timedelta

MAIL_DAYS_BEFORE_EXPIRY = (60, 30, 10, 0)
"""Salesforce Knowledge 000385781 (2 Apr 2026): 60, 30 and 10 days before expiry and on the day itself."""


def mail_dates(not_after: datetime, now: datetime) -> tuple[date, ...]:
    """The UTC dates, from ``now`` on, on which CKM mails about a certificate. Pure.

    Give or take a day: in which time zone Salesforce counts is not documented.
    """
    days = (not_after.date() - timedelta(days=n) for n in MAIL_DAYS_BEFORE_EXPIRY)
    return tuple(day for day in days if day >= now.date())
