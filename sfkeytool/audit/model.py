"""What the audit speaks of: sources, the places that carry a certificate, and what is judged of each.

All values are frozen. Nothing here is secret: consumer keys and passwords never get this far.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sfkeytool.crypto.certificates import CertificateFacts


class CarrierKind(StrEnum):
    """Where a certificate sits."""

    FILE = "file"
    KEYSTORE = "keystore"
    CKM_SOURCE = "ckm-source"
    """``certs/NAME.crt`` of an sfdx project: it does not show that an org's CKM holds this certificate, because
    deploying one makes a new key (Metadata API Developer Guide, "Certificate")."""
    CONNECTED_APP = "connected-app"
    EXTERNAL_CLIENT_APP = "external-client-app"
    METADATA = "metadata"
    """Any other metadata that holds a certificate or names one of CKM."""

    @property
    def is_app(self) -> bool:
        """Whether CKM's mails do not reach it by itself, so that coverage is asked for."""
        return self in (CarrierKind.CONNECTED_APP, CarrierKind.EXTERNAL_CLIENT_APP)


class Status(StrEnum):
    EXPIRED = "expired"
    DUE = "due"
    FINE = "fine"
    UNKNOWN = "unknown"


class Coverage(StrEnum):
    """Whether Salesforce's mails about CKM's certificates tell of this app certificate's expiry."""

    UNPROVED = "unproved"
    """A twin was seen in files: whether an org's CKM holds it, files cannot tell."""
    UNCOVERED = "uncovered"


@dataclass(frozen=True)
class Carrier:
    """One certificate in one place, before anything is judged.

    ``source`` is the label of the Source it was found in; ``path`` the file; ``part`` the metadata field or keystore
    alias. ``reference`` is a CKM unique name where the part names one instead of holding a certificate. ``reminds_of``
    is what reminders.reminded_sha256_prefix() says. ``also_in`` are further files of the same folder with the very
    same certificate, ``used_by`` what names it.
    """

    source: str
    kind: CarrierKind
    name: str
    path: str
    part: str = ""
    certificate: CertificateFacts | None = None
    reference: str = ""
    reminds_of: str | None = None
    in_chain: bool = False
    """Whether it is a CA of a chain or bundle. One that stands alone may be CKM's own, which call themselves CAs."""
    also_in: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()

    @property
    def not_after(self) -> datetime | None:
        """Aware UTC; None where only a name is known."""
        return datetime.fromisoformat(self.certificate.not_after) if self.certificate else None


@dataclass(frozen=True)
class Problem:
    """A file that could not be read; the audit went on."""

    source: str
    path: str
    code: str
    message: str


@dataclass(frozen=True)
class Source:
    """A path that was looked into, and what was found there."""

    label: str
    carriers: tuple[Carrier, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Item:
    """A carrier, judged. ``days_left`` counts whole days, negative after expiry; None if no date is known.

    ``within_days`` is the threshold that was applied. ``twin`` is where the same certificate, or a reminder of it,
    was seen in a keystore. ``superseded_by`` names the later generation that replaces this one. ``mail_dates`` are
    CKM's days still to come, should it hold the certificate. ``counts`` is False for what decides no exit code: CAs in
    chains and bundles, and what is superseded.
    """

    carrier: Carrier
    status: Status
    days_left: int | None
    within_days: int | None
    coverage: Coverage | None = None
    twin: str = ""
    superseded_by: str = ""
    mail_dates: tuple[date, ...] = ()
    advice: str = ""
    counts: bool = True


@dataclass(frozen=True)
class Inventory:
    """The audit's result, what expires first in front. ``at`` is aware UTC."""

    at: datetime
    sources: tuple[Source, ...]
    items: tuple[Item, ...]
