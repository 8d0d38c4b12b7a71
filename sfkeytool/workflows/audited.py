"""What an audit found out, as JSON shows it: made from the Inventory here alone."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from sfkeytool.acceptance.mails import EARLY_MAIL_DAYS, KNOWLEDGE_MAIL_DAYS, MAIL_DAYS_BEFORE_EXPIRY
from sfkeytool.acceptance.rule import Basis
from sfkeytool.audit.counts import count
from sfkeytool.audit.model import (
    CarrierKind,
    Coverage,
    Finding,
    Inventory,
    Item,
    OrgReading,
    Person,
    PersonFlag,
    Recipients,
    Source,
    Status,
)
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.model import Code, Made, Result, UtcTime
from sfkeytool.salesforce.org import OrgIdentity
from sfkeytool.workflows.parts import MailDates

Number = Annotated[int, Meta(ge=0)]


class AuditedStep(Result, frozen=True, kw_only=True):
    """A piece of advice."""

    what: str
    before: Annotated[date, Meta(description="The UTC day before which it should be done.")] | None
    command: (
        Annotated[
            tuple[str, ...],
            Meta(min_length=1, description="Arguments that run as they stand, but for the one blank FILE."),
        ]
        | None
    )


class AuditedStop(Result, frozen=True, kw_only=True):
    """What stops when a certificate expires; ``source`` is who says so, None for our own reasoning."""

    what: str
    certainty: Basis
    source: str | None


class AuditedItem(Result, frozen=True, kw_only=True):
    """A certificate in one place, judged; or a name of one."""

    source: str
    kind: CarrierKind
    name: str
    path: str
    part: str
    also_in: tuple[str, ...]
    reference: str | None
    refers_to: str | None
    used_by: tuple[str, ...]
    publisher: str | None
    note: str | None
    not_after: UtcTime | None
    certificate: CertificateFacts | None
    status: Status
    days_left: int | None
    within_days: int | None
    coverage: Coverage | None
    ckm_read: bool
    twin: str | None
    in_chain: bool
    superseded_by: str | None
    mail_dates: MailDates
    finding: Finding | None
    advice: Annotated[
        tuple[AuditedStep, ...],
        Meta(description="What to do, in this order; empty where nothing is to be done."),
    ]
    stops: Annotated[tuple[AuditedStop, ...], Meta(description="What stops when it expires, what hurts most first.")]
    deployed: Annotated[bool, Meta(description="False for source that .forceignore keeps out of deployments.")]
    counts: bool
    unused: Annotated[
        bool,
        Meta(
            description="A certificate of CKM that expired over a year ago and that nothing names; in files a record Id"
            " may mean it all the same."
        ),
    ]


class AuditedCounts(Result, frozen=True, kw_only=True):
    """The numbers of the last line."""

    expired: Number
    due: Number
    fine: Number
    unknown: Number
    expired_unused: Number
    uncovered: Number
    uncovered_orgs: Number
    excluded_files: Number
    excluded_certificates: Number
    lookalike_files: Annotated[
        int,
        Meta(
            ge=0,
            description="Files of walked folders that are named as certificates and keys are and hold none, and such"
            " as belong to the tests of other packages; of these the problems of a source tell too.",
        ),
    ]


class AuditedProblem(Result, frozen=True, kw_only=True):
    """A file, or a part of an org, that could not be read."""

    path: str
    code: Code
    message: str


class MailedGroup(StrEnum):
    BY_PERMISSION = "byPermission"
    ADMINS = "admins"


class MailOfDay(Result, frozen=True, kw_only=True):
    """Which group each of Salesforce's two texts names for the mail of a day; None where it names none, or where the
    group depends on what could not be read."""

    days_before: Annotated[int, Meta(extra_json_schema={"enum": list(MAIL_DAYS_BEFORE_EXPIRY)})]
    release_note: Annotated[MailedGroup | None, Meta(description="The release note of Summer '24.")]
    knowledge: Annotated[Literal["admins"] | None, Meta(description="Salesforce Knowledge 000385781, 2 April 2026.")]


class AuditedPerson(Result, frozen=True, kw_only=True):
    """A user who may receive CKM's mails."""

    username: str
    email: str
    flags: tuple[PersonFlag, ...]


class AuditedRecipients(Result, frozen=True, kw_only=True):
    """The two groups that Salesforce's texts name; None for one that could not be read."""

    by_permission: tuple[AuditedPerson, ...] | None
    admins: tuple[AuditedPerson, ...] | None
    mails: Annotated[
        tuple[MailOfDay, ...],
        Meta(description="Which group each of Salesforce's two texts names for the mail of a day."),
    ]
    reached: int


class AuditedOrg(Result, frozen=True, kw_only=True):
    """What was read of an org, beside which one it is."""

    api_version: str | None
    ckm_read: bool
    apps_read: bool
    names_read: bool
    ckm_certificates: Annotated[
        int | None, Meta(description="How many certificates are in CKM; null where its list could not be read.")
    ]
    recipients: AuditedRecipients


class AuditedSource(Result, frozen=True, kw_only=True):
    """A path or an org that was looked into; ``org`` and ``org_reading`` are None for files."""

    path: str
    org: OrgIdentity | None
    org_reading: AuditedOrg | None
    carriers: int
    problems: tuple[AuditedProblem, ...]


class DeliveryStatus(StrEnum):
    SENT = "sent"
    FAILED = "failed"
    NOTHING_DUE = "nothing-due"
    NOT_SENT = "not-sent"
    """A dry run: something is due."""


class Delivery(Result, frozen=True, kw_only=True):
    """What became of one destination; ``destination`` is the SOURCE of its address, which itself is secret."""

    destination: str
    service: str
    status: DeliveryStatus
    subject: str | None
    body: str | None


class Audited(Result, frozen=True, kw_only=True):
    """The whole answer; what expires first stands in front."""

    at: UtcTime
    items: Sequence[AuditedItem]
    counts: AuditedCounts
    sources: tuple[AuditedSource, ...]
    notifications: tuple[Delivery, ...]


def audited(inventory: Inventory, notifications: tuple[Delivery, ...]) -> Audited:
    """The inventory, and what became of the messages about it. Pure."""
    return Audited(
        at=inventory.at.replace(microsecond=0),
        items=Made(_item, inventory.items),
        counts=_counts(inventory),
        sources=tuple(_source(source) for source in inventory.sources),
        notifications=notifications,
    )


def _item(item: Item) -> AuditedItem:
    carrier = item.carrier
    return AuditedItem(
        source=carrier.source,
        kind=carrier.kind,
        name=carrier.name,
        path=carrier.path,
        part=carrier.part,
        also_in=carrier.also_in,
        reference=carrier.reference or None,
        refers_to=carrier.refers_to or None,
        used_by=carrier.used_by,
        publisher=carrier.publisher or None,
        note=carrier.note or None,
        not_after=_whole_second(carrier.not_after),
        certificate=carrier.certificate.whole() if carrier.certificate else None,
        status=item.status,
        days_left=item.days_left,
        within_days=item.within_days,
        coverage=item.coverage,
        ckm_read=item.ckm_read,
        twin=item.twin or None,
        in_chain=carrier.in_chain,
        superseded_by=item.superseded_by or None,
        mail_dates=item.mail_dates,
        finding=item.finding,
        advice=tuple(
            AuditedStep(what=step.what, before=step.before, command=step.command or None) for step in item.advice
        ),
        stops=tuple(
            AuditedStop(what=stop.what, certainty=stop.certainty, source=stop.source or None) for stop in item.stops
        ),
        deployed=carrier.is_deployed,
        counts=item.counts,
        unused=item.unused,
    )


def _whole_second(moment: datetime | None) -> datetime | None:
    """Orgs give milliseconds, where they give a date alone."""
    return moment.replace(microsecond=0) if moment else None


def _counts(inventory: Inventory) -> AuditedCounts:
    counts = count(inventory)
    return AuditedCounts(
        expired=counts.expired,
        due=counts.due,
        fine=counts.fine,
        unknown=counts.unknown,
        expired_unused=counts.expired_unused,
        uncovered=counts.uncovered_in_orgs + counts.uncovered_in_files,
        uncovered_orgs=counts.orgs,
        excluded_files=counts.excluded_files,
        excluded_certificates=counts.excluded_certificates,
        lookalike_files=counts.lookalike_files,
    )


def _source(source: Source) -> AuditedSource:
    return AuditedSource(
        path=source.label,
        org=source.org.identity if source.org else None,
        org_reading=_org(source.org) if source.org else None,
        carriers=len(source.carriers),
        problems=tuple(
            AuditedProblem(path=problem.path, code=problem.code, message=problem.message) for problem in source.problems
        ),
    )


def _org(org: OrgReading) -> AuditedOrg:
    return AuditedOrg(
        api_version=org.api_version,
        ckm_read=org.ckm_read,
        apps_read=org.apps_read,
        names_read=org.names_read,
        ckm_certificates=org.ckm_count,
        recipients=AuditedRecipients(
            by_permission=_people(org.recipients.by_permission),
            admins=_people(org.recipients.admins),
            mails=tuple(_mail(days, org.recipients) for days in MAIL_DAYS_BEFORE_EXPIRY),
            reached=len(org.recipients.reached),
        ),
    )


def _mail(days: int, recipients: Recipients) -> MailOfDay:
    early: MailedGroup | None = MailedGroup.BY_PERMISSION
    if recipients.admins_get_all is not False:
        early = MailedGroup.ADMINS if recipients.admins_get_all else None
    return MailOfDay(
        days_before=days,
        release_note=early if days in EARLY_MAIL_DAYS else MailedGroup.ADMINS,
        knowledge="admins" if days in KNOWLEDGE_MAIL_DAYS else None,
    )


def _people(people: tuple[Person, ...] | None) -> tuple[AuditedPerson, ...] | None:
    if people is None:
        return None
    return tuple(AuditedPerson(username=person.username, email=person.email, flags=person.flags) for person in people)
