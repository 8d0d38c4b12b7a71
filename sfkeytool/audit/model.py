"""What the audit speaks of: sources, the places that carry a certificate, and what is judged of each.

All values are frozen. Nothing here is secret: consumer keys and passwords never get this far.
"""

from datetime import date, datetime
from enum import StrEnum
from pathlib import PurePath

from msgspec import Struct

from sfkeytool.acceptance.rule import Basis
from sfkeytool.audit.facts import KeptFacts
from sfkeytool.errors import SfkeytoolError, unexpected_error
from sfkeytool.model import Purpose
from sfkeytool.salesforce.org import OrgIdentity

NO_MAIL_WANTED_FROM = 2100
"""A year: our own bound. Certificates "without expiry" end in 9999 (RFC 5280, 4.1.2.5), others in 2132 or 3020."""


class CarrierKind(StrEnum):
    """Where a certificate sits."""

    FILE = "file"
    KEYSTORE = "keystore"
    CKM_SOURCE = "ckm-source"
    """``certs/NAME.crt`` of an sfdx project: it does not show that an org's CKM holds this certificate, because
    deploying one makes a new key (Metadata API Developer Guide, "Certificate")."""
    CKM = "ckm"
    """Certificate and Key Management of an org, read from it: Salesforce mails about this one."""
    CONNECTED_APP = "connected-app"
    EXTERNAL_CLIENT_APP = "external-client-app"
    INBOUND = "inbound-certificate"
    """Of mutual TLS: what callers show to the org."""
    USER_AUTH = "user-auth-certificate"
    """What a person logs in with."""
    IDENTITY_PROVIDER = "identity-provider"
    """What an identity provider publishes in SAML metadata to sign with: orgs that trust it validate logins with it."""
    METADATA = "metadata"
    """Any other metadata, or Apex, that holds a certificate or names one of CKM."""

    @property
    def is_app(self) -> bool:
        """Whether CKM's mails do not reach it by itself, so that coverage is asked for."""
        return self in (CarrierKind.CONNECTED_APP, CarrierKind.EXTERNAL_CLIENT_APP)


class Finding(StrEnum):
    """What is wrong beside dates and coverage: stable codes."""

    LEADS_NOWHERE = "audit.leads-nowhere"
    """A name or Id that no certificate in the CKM of its org has."""


class Status(StrEnum):
    EXPIRED = "expired"
    DUE = "due"
    FINE = "fine"
    UNKNOWN = "unknown"


class Coverage(StrEnum):
    """Whether Salesforce's mails about CKM's certificates tell of this app certificate's expiry."""

    COVERED = "covered"
    """An org's CKM, read now, holds the same certificate."""
    REMINDER = "reminder"
    """An org's CKM holds a reminder of it, which expires on the same day."""
    SAME_KEY = "same-key"
    """An org's CKM holds another certificate of the same key: its mails speak of another day, but come in time."""
    UNPROVED = "unproved"
    """Nobody can tell: a twin was seen in files only, or CKM or the app's certificate could not be read."""
    UNCOVERED = "uncovered"
    MANAGED = "managed"
    """The app came with an installed package: its publisher renews the certificate."""

    @property
    def is_mailed(self) -> bool:
        """Whether a mail about CKM's certificates comes before this one expires."""
        return self in (Coverage.COVERED, Coverage.REMINDER, Coverage.SAME_KEY)


class Carrier(Struct, frozen=True, gc=False):
    """One certificate in one place, before anything is judged.

    ``source`` is the label of the Source it was found in; ``path`` the file; ``part`` the metadata field or keystore
    alias. ``reference`` is a CKM unique name, or a record's Id, where the part names one instead of holding a
    certificate. ``reminds_of``
    is what reminders.reminded_sha256_prefix() says. ``also_in`` are further files of the same folder with the very
    same certificate, ``used_by`` what names it.
    """

    source: str
    kind: CarrierKind
    name: str
    path: str
    part: str = ""
    certificate: KeptFacts | None = None
    reference: str = ""
    reminds_of: str | None = None
    in_chain: bool = False
    """Whether it is a CA of a chain or bundle. One that stands alone may be CKM's own, which call themselves CAs."""
    also_in: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    expires: datetime | None = None
    """Where the certificate itself could not be read and only its date is known. Aware UTC."""
    der: bytes = b""
    """The certificate of an app, which may be wanted as a file; empty for all others."""
    in_org: bool = False
    """Whether it was read from an org; ``path`` is then ``Type:Name``, as the Salesforce CLI's --metadata takes it."""
    publisher: str = ""
    """The installed package that it came with."""
    note: str = ""
    """What else a person should know, such as that CKM waits for the signed certificate."""
    is_deployed: bool = True
    """False for source that the project's ``.forceignore`` keeps out of deployments."""
    record_id: str = ""
    """Of a certificate in an org's CKM, 15 characters: some settings name it by that."""
    scope: str = ""
    """Within what a name counts, where it is not the source: the root of a project, or a zip."""
    refers_to: str = ""
    """The name of the certificate that ``reference`` was found to mean, in the same scope."""
    subject_name: str = ""
    issuer_name: str = ""
    """What monitoring calls the certificate by: common_name() of its subject and issuer."""

    def __repr__(self) -> str:
        held = f"valid until {self.not_after}" if self.not_after else f"names {self.reference!r}"
        return f"Carrier({self.kind}, {self.name!r} in {self.where!r}, {held})"

    @property
    def where(self) -> str:
        """For people: org or path, and the part of it."""
        return (f"{self.source}: " if self.in_org else "") + self.path + (f" ({self.part})" if self.part else "")

    @property
    def not_after(self) -> datetime | None:
        """Aware UTC; None where only a name is known."""
        return self.certificate.not_after if self.certificate else self.expires

    @property
    def begins(self) -> datetime | None:
        """Since when it is valid, aware UTC; None where the certificate could not be read."""
        return self.certificate.not_before if self.certificate else None


class Problem(Struct, frozen=True):
    """A file, or a part of an org, that could not be read; the audit went on."""

    source: str
    path: str
    code: str
    message: str
    aside: bool = False
    """Whether it is evidently another package's file, such as its tests have: people are told how many there are."""


def failure(error: Exception) -> SfkeytoolError:
    """What stands for a bug of ours, or a failing disk, that costs a file, org or report, and not the audit. Pure."""
    return unexpected_error(error, "the audit went on without it")


class PersonFlag(StrEnum):
    """Why a user is not likely to read mails."""

    FROZEN = "frozen"
    INTEGRATION_USER = "integration user"
    INVALID_ADDRESS = "address ends in .invalid"
    NO_ADDRESS = "no address"


class Person(Struct, frozen=True):
    """A user who may receive CKM's mails."""

    username: str
    email: str
    flags: tuple[PersonFlag, ...] = ()

    @property
    def is_reached(self) -> bool:
        """Whether somebody is likely to read what is sent there."""
        return not self.flags


class Recipients(Struct, frozen=True):
    """Active users, in the two groups that Salesforce's texts name as mailed (acceptance/mails.py).

    ``by_permission`` have "Receive Certificate Expiration Notifications"; ``admins`` may modify all data, as System
    Administrators do. None for a group that could not be read.
    """

    by_permission: tuple[Person, ...] | None
    admins: tuple[Person, ...] | None

    @property
    def admins_get_all(self) -> bool | None:
        """By the release note of Summer '24: whether nobody holds the permission. None where that is not known."""
        return None if self.by_permission is None else not self.by_permission

    @property
    def in_words(self) -> str:
        """Who is named for which mail, for people; without a full stop."""
        early = {
            None: "those with the permission, or admins if there are none,",
            False: "those with the permission",
            True: "admins, as nobody has the permission,",
        }[self.admins_get_all]
        return (
            f"60, 30 and 10 days before an expiry {early} are mailed, the day before and on the day admins, says the"
            " release note of Summer '24; Knowledge 000385781 says admins, 60, 30 and 10 days before and on the day"
        )

    @property
    def reached(self) -> tuple[Person, ...]:
        """Of both groups, those who are likely to read it; each once."""
        people = (*(self.by_permission or ()), *(self.admins or ()))
        return tuple({person.username: person for person in people if person.is_reached}.values())


class OrgReading(Struct, frozen=True):
    """What was read of an org. ``ckm_read`` and ``apps_read``: whether all of CKM, and all apps, could be seen.
    ``names_read``: whether everything could be read that may name a certificate of CKM."""

    identity: OrgIdentity
    api_version: str | None = None
    ckm_read: bool = False
    apps_read: bool = False
    recipients: Recipients = Recipients(None, None)
    names_read: bool = False
    ckm_count: int | None = None
    """Certificates in CKM; None where its list could not be read."""


class Generation(Struct, frozen=True):
    """A folder with NAME.key and NAME.crt, as sfkeytool makes them. ``purpose`` is what its receipt says, ``keystore``
    the path of NAME's own, if it is there."""

    folder: str
    name: str
    purpose: Purpose | None = None
    keystore: str | None = None

    @property
    def certificate_path(self) -> str:
        return str(PurePath(self.folder) / f"{self.name}.crt")

    @property
    def key_path(self) -> str:
        return str(PurePath(self.folder) / f"{self.name}.key")


class Source(Struct, frozen=True):
    """A path or an org that was looked into, and what was found there. ``label`` is the path, or the org's alias.

    ``org`` is None for files. ``way`` are the arguments with which the audit reads this org again; None where they
    are not for printing. ``excluded`` counts files that were left out unread, ``lookalikes`` those that are named as
    certificates and keys are and are none: no problem tells of them.
    """

    label: str
    carriers: tuple[Carrier, ...] = ()
    problems: tuple[Problem, ...] = ()
    org: OrgReading | None = None
    generations: tuple[Generation, ...] = ()
    way: tuple[str, ...] | None = None
    excluded: int = 0
    lookalikes: int = 0


class Stop(Struct, frozen=True):
    """What stops when a certificate expires, and how sure that is. ``rank`` sorts: what hurts most has the lowest."""

    what: str
    certainty: Basis
    source: str
    """Who says so; empty for our own reasoning."""
    rank: int


class Step(Struct, frozen=True):
    """A piece of advice. ``command`` are arguments that run as they stand but for the one blank ``FILE``.

    ``before`` is the (UTC) day by which it should be done, where there is one. ``is_general``: it holds for many
    alike, and a list says it once.
    """

    what: str
    command: tuple[str, ...] = ()
    before: date | None = None
    is_general: bool = False


class Item(Struct, frozen=True, gc=False):
    """A carrier, judged. ``days_left`` counts whole days, negative after expiry; None if no date is known.

    ``within_days`` is the threshold that was applied. ``twin`` is where the same certificate, or a reminder of it,
    was seen. ``superseded_by`` names the later generation that replaces this one. ``mail_dates`` are
    CKM's days still to come, should it hold the certificate; none where it is known not to. ``counts`` is False for
    what decides no exit code: CAs in chains and bundles, what is superseded, and what is ``unused``: of CKM, expired
    over a year ago, and named by nothing in a source that could be read whole.
    """

    carrier: Carrier
    status: Status
    days_left: int | None
    within_days: int | None
    coverage: Coverage | None = None
    twin: str = ""
    superseded_by: str = ""
    mail_dates: tuple[date, ...] = ()
    advice: tuple[Step, ...] = ()
    stops: tuple[Stop, ...] = ()
    counts: bool = True
    unused: bool = False
    is_early: bool = False
    """Whether it is not valid yet."""
    ckm_read: bool = False
    """Whether the coverage rests on what an org's CKM holds now, and not on files."""
    finding: Finding | None = None
    saved_as: str = ""
    """Where ``--certificates`` puts an app's certificate of an org, in its folder; empty for all others."""

    @property
    def wants_cover(self) -> bool:
        """Whether a mail is missing: not about what has expired, or outlives everybody who could read it."""
        return self.coverage is Coverage.UNCOVERED and self.status is not Status.EXPIRED and self.expires_in_sight

    @property
    def not_yet(self) -> str:
        """``not valid before 2027-03-01``; empty for what is valid, or was."""
        return f"not valid before {self.carrier.begins.date()}" if self.is_early and self.carrier.begins else ""

    @property
    def expires_in_sight(self) -> bool:
        """Whether anybody who reads this may see it expire."""
        not_after = self.carrier.not_after
        return not_after is not None and not_after.year < NO_MAIL_WANTED_FROM


class Inventory(Struct, frozen=True):
    """The audit's result, what expires first in front. ``at`` is aware UTC."""

    at: datetime
    sources: tuple[Source, ...]
    items: tuple[Item, ...]
    excluded: int = 0
    """Certificates that were read and left out by name."""
