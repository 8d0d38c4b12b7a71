"""CKM's mail days, as JSON-ready facts of a certificate."""

from datetime import datetime
from typing import TYPE_CHECKING

from sfkeytool.acceptance.mails import mail_dates

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


def describe_mails(certificate: "Certificate", now: datetime) -> list[str]:
    """ISO dates on which CKM mails about a certificate that it holds, from ``now`` on, give or take a day. Pure."""
    return [day.isoformat() for day in mail_dates(certificate.not_valid_after_utc, now)]
