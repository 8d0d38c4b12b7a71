"""``ckm cover``: what CKM holds for the certificate of an app, so that somebody is mailed before it expires."""

from typing import Annotated

from msgspec import Meta

from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.model import AppKind, Request, Result
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.workflows.parts import MailDates


class CoverRequest(Request, frozen=True, kw_only=True):
    """``app`` is its API name; ``folder`` that of the pair whose certificate it carries, None to look for it here."""

    app: str
    folder: str | None = None
    wait_seconds: int
    no_open: bool = False
    browser: bool = False
    confirmed: bool = False


class CoveredApp(Result, frozen=True, kw_only=True):
    """An app whose certificate CKM covers, as the audit calls it. ``made`` is whether this run brought that about,
    ``keystore`` what it brought; null where nothing had to be brought."""

    org: OrgIdentity
    app: str
    kind: AppKind
    certificate: CertificateFacts
    coverage: Annotated[str, Meta(description="As the audit has it: covered, reminder, or same-key")]
    twin: Annotated[str, Meta(description="Where CKM holds it")]
    made: bool
    keystore: str | None
    mail_dates: MailDates
