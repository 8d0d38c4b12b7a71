"""Two sides that are compared, and what is told of them: shared by the kinds of comparison."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Fingerprint, Notice, Opaque, Result, UtcTime
from sfkeytool.workflows.parts import MailDates

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


class Relation(StrEnum):
    """How two certificates, or keys, relate."""

    SAME_CERTIFICATE = "same-certificate"
    SAME_KEY = "same-key"
    STRANGERS = "strangers"


class Candidate(Result, frozen=True, kw_only=True):
    """What may be meant of a side. One without a certificate is a key alone."""

    origin: str
    public_key_sha256: Fingerprint
    certificate: CertificateFacts | UnsetType = UNSET
    mail_dates: MailDates | UnsetType = UNSET


class ComparedSide(Result, frozen=True, kw_only=True):
    """What was compared. ``candidates`` stands in the place of the key and the certificate where a file holds several,
    none of which is the other side's own: all stand in the same relation to it."""

    path: str
    origin: str
    public_key_sha256: Fingerprint | UnsetType = UNSET
    certificate: CertificateFacts | UnsetType = UNSET
    mail_dates: MailDates | UnsetType = UNSET
    candidates: Annotated[tuple[Candidate, ...], Meta(min_length=2)] | UnsetType = UNSET


class PublishedState(StrEnum):
    """How what is held, by an org's settings or in a file, stands to what an identity provider publishes to sign with;
    the last two are of two documents of it."""

    CURRENT = "current"
    """It is the only one."""
    ROLLOVER_ANNOUNCED = "rollover-announced"
    """It is one of them, and there is one that is newer."""
    NEWEST_HELD = "newest-held"
    """It is one of them, and all others are older, or have expired."""
    SAME_KEY = "same-key"
    ENCRYPTION_ONLY = "encryption-only"
    NOT_PUBLISHED = "not-published"
    PUBLISHED_ALIKE = "published-alike"
    PUBLISHED_PARTLY = "published-partly"


class PublishedCertificate(Result, frozen=True, kw_only=True):
    """A certificate that an identity provider publishes to sign with. ``held``: the other side has it too."""

    subject: str
    not_before: UtcTime
    not_after: UtcTime
    sha256: Fingerprint
    held: bool


class IdentityProviderFacts(Result, frozen=True, kw_only=True):
    """What SAML metadata says of an identity provider, against the other side. ``issuer`` is the entity ID that the
    org's settings, or the other document, have for it; UNSET where the other side names none."""

    state: PublishedState
    entity_id: str
    issuer: str | UnsetType = UNSET
    issuer_matches: bool | UnsetType = UNSET
    valid_until: Annotated[UtcTime | None, Meta(description="What the document says of itself.")]
    signing: tuple[PublishedCertificate, ...]
    next_steps: Annotated[tuple[str, ...], Meta(description="What to do, in this order.")]


class Compared(Result, frozen=True, kw_only=True):
    """How two sides relate, and what that means."""

    relation: Relation
    meaning: str
    left: ComparedSide
    right: ComparedSide
    identity_provider: Annotated[
        IdentityProviderFacts | UnsetType,
        Meta(description="Only where a side is an identity provider's SAML metadata."),
    ] = UNSET


class Side(Opaque, frozen=True):
    """One side: what the user called it, its files, and a password for each that may need one."""

    label: str
    files: Sequence[InputFile]
    walked: bool = False
    """A folder's files: what is no key or certificate among them is passed over, and one certificate is expected."""
    unread: Sequence[SfkeytoolError] = ()
    """Of a folder: what could not be read, though by its name it might be what is compared."""


class Identity(Struct, frozen=True):
    """What a side may stand for: a certificate, or only a key."""

    spki_der: bytes
    certificate: "Certificate | None"
    origin: str


def validity_notices(sides: Sequence[Sequence[Identity]], now: datetime) -> Iterator[Notice]:
    """Of what was compared: each certificate that has expired or is not valid yet, once."""
    origins: dict[Certificate, list[str]] = {}
    for one in (one for side in sides for one in side):
        if one.certificate is not None:
            origins.setdefault(one.certificate, []).append(one.origin)
    for certificate, where in origins.items():
        ended = is_expired(certificate, now)
        if not (ended or is_early(certificate, now)):
            continue
        facts = certificates.describe_certificate(certificate)
        words = f"{facts.subject or '(no subject)'} in {' and '.join(dict.fromkeys(where))}"
        if ended:
            yield Notice("certificate.expired", f"{words} expired on {facts.not_after.date()}")
        else:
            yield Notice("certificate.not-yet-valid", f"{words} is valid only from {facts.not_before.date()} on")


def is_expired(certificate: "Certificate", now: datetime) -> bool:
    """Whether its last moment is over. Pure."""
    return certificate.not_valid_after_utc < now


def is_early(certificate: "Certificate", now: datetime) -> bool:
    """Whether it is not valid yet. Pure."""
    return certificate.not_valid_before_utc > now


def listed_identities(found: Sequence[Identity]) -> str:
    """The first five, each with its date and where it is. Pure."""
    listed = "; ".join(f"{_title(one)} in {one.origin}" for one in found[:5])
    return listed + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _title(identity: Identity) -> str:
    if identity.certificate is None:
        return f"key {certificates.fingerprint(identity.spki_der)[:23]}…"
    return titled(identity.certificate)


def titled(certificate: "Certificate") -> str:
    """A certificate in a sentence: subject, last day, and the beginning of its fingerprint. Pure."""
    facts = certificates.describe_certificate(certificate)
    return f"{facts.subject or '(no subject)'} until {facts.not_after.date()} ({facts.sha256[:23]}…)"


def describe_side(side: Side, found: Sequence[Identity], now: datetime, *, in_ckm: bool = True) -> ComparedSide:
    """The one that was compared; of several that stand in the same relation to the other side, each.

    ``in_ckm``: such certificates may be in Certificate and Key Management, which mails about them. Pure.
    """
    candidates = tuple(_describe_one(one, now, in_ckm=in_ckm) for one in found)
    if len(candidates) > 1:
        return ComparedSide(path=side.label, origin=side.label, candidates=candidates)
    return ComparedSide(path=side.label, **asdict(candidates[0]))


def _describe_one(identity: Identity, now: datetime, *, in_ckm: bool) -> Candidate:
    certificate = identity.certificate
    return Candidate(
        origin=identity.origin,
        public_key_sha256=certificates.fingerprint(identity.spki_der),
        certificate=UNSET if certificate is None else certificates.describe_certificate(certificate),
        mail_dates=UNSET if certificate is None or not in_ckm else mail_dates(certificate.not_valid_after_utc, now),
    )
