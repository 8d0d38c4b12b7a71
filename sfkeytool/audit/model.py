"""What the audit speaks of: carriers with their certificates, sources, and who is mailed. All values are frozen.

Nothing here is secret: consumer keys and secrets, tokens and passwords never get this far.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sfkeytool.crypto.certificates import CertificateFacts


class CarrierKind(StrEnum):
    """Where a certificate sits."""

    FILE = "file"
    KEYSTORE = "keystore"
    CKM = "ckm"
    """A row of an org's Certificate and Key Management."""
    CKM_SOURCE = "ckm-source"
    """``certs/NAME.crt`` of an sfdx project: it does not show that an org's CKM holds this certificate."""
    CONNECTED_APP = "connected-app"
    EXTERNAL_CLIENT_APP = "external-client-app"
    SAML = "saml"
    INBOUND = "inbound-certificate"
    USER_AUTH = "user-auth-certificate"
    OTHER = "other"

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

    COVERED = "covered"
    """The org's CKM, read in this run, holds the same certificate."""
    SAME_KEY = "same-key"
    """CKM holds another certificate of the same key: its mails come on another date."""
    REMINDER = "reminder"
    """CKM holds a reminder for it: another key, the same expiry."""
    UNPROVED = "unproved"
    """A twin was seen in files only."""
    UNCOVERED = "uncovered"
    MANAGED = "managed"
    """Of an installed managed package: its publisher's task."""


class SourceKind(StrEnum):
    PATH = "path"
    PROJECT = "project"
    ORG = "org"


@dataclass(frozen=True)
class Carrier:
    """One place that carries a certificate, before anything is judged.

    ``source`` is the label of the Source that it was found in; ``place`` a path, or the full name in the org; ``part``
    the metadata field or keystore alias. ``not_after`` (aware UTC) is the certificate's, or all that is known of it (a
    CKM row whose body could not be read). ``reference`` is a CKM unique name where the part names one instead of
    holding a certificate. ``publisher`` is that of an installed managed package (its namespace where no more is known).
    ``anchor`` is true for an authority's certificate that is only carried along, a root of a chain or one of a bundle:
    it is listed, and never a failure.
    """

    source: str
    kind: CarrierKind
    name: str
    place: str
    part: str = ""
    certificate: CertificateFacts | None = None
    certificate_der: bytes = field(default=b"", repr=False)
    not_after: datetime | None = None
    reference: str = ""
    used_by: tuple[str, ...] = ()
    publisher: str = ""
    created_at: datetime | None = None
    key_bits: int | None = None
    anchor: bool = False


@dataclass(frozen=True)
class Recipient:
    """A user whom CKM's mails may reach. ``by_permission``: assigned "Receive Certificate Expiration Notifications";
    ``by_admin``: an administrator, whom an older article names. Sources disagree on which counts."""

    username: str
    email: str
    by_permission: bool
    by_admin: bool
    active: bool = True
    frozen: bool = False
    integration: bool = False

    @property
    def reachable(self) -> bool:
        """Active, not frozen, no integration user, and no address that a sandbox refresh has disabled."""
        return self.active and not (self.frozen or self.integration or self.email.lower().endswith(".invalid"))


@dataclass(frozen=True)
class Problem:
    """A source, or a part of one, that could not be read; the audit went on. ``what`` names it."""

    source: str
    what: str
    code: str
    message: str


@dataclass(frozen=True)
class PrivateKeyPlace:
    """A file with a private key. ``public_key_sha256`` tells whose, as in CertificateFacts; nothing else is kept."""

    public_key_sha256: str
    place: str


@dataclass(frozen=True)
class Source:
    """Something that was looked into, and what was found there.

    ``recipients`` is None where it was not asked or could not be read; so is ``sandbox``. ``ckm_read`` tells of an org
    whether the list of its CKM is complete: without it no app is called uncovered.
    """

    label: str
    kind: SourceKind
    carriers: tuple[Carrier, ...] = ()
    problems: tuple[Problem, ...] = ()
    recipients: tuple[Recipient, ...] | None = None
    sandbox: bool | None = None
    org_id: str = ""
    ckm_read: bool = False
    private_keys: tuple[PrivateKeyPlace, ...] = ()


@dataclass(frozen=True)
class Exemption:
    """An accepted exception of the configuration: until a day, for a reason."""

    until: date
    reason: str


@dataclass(frozen=True)
class Item:
    """A carrier, judged. ``days_left`` counts whole days from now, negative after expiry; None if unknown.

    ``within_days`` is the threshold that was applied. ``covered_by`` names the CKM row (``source: name``) or file.
    ``superseded_by`` names the later CKM row that replaces this one: it can be deleted, so that its mails stop.
    ``mail_dates`` are CKM's days still to come before it expires (for rows of CKM, and apps that one covers).
    """

    carrier: Carrier
    status: Status
    days_left: int | None
    within_days: int | None
    coverage: Coverage | None = None
    covered_by: str = ""
    superseded_by: str = ""
    mail_dates: tuple[date, ...] = ()
    advice: tuple[str, ...] = ()
    owner: str = ""
    exemption: Exemption | None = None


@dataclass(frozen=True)
class Inventory:
    """The audit's result, sorted by what expires first. ``at`` is aware UTC."""

    at: datetime
    sources: tuple[Source, ...]
    items: tuple[Item, ...]
