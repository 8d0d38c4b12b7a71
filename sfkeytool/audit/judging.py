"""One carrier judged: what its date means, whether anything still needs it, and what decides the exit code."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.audit.coverage import Twins, with_coverage
from sfkeytool.audit.model import Carrier, CarrierKind, Coverage, Finding, Item, OrgReading, Status, Step
from sfkeytool.audit.succession import Succession
from sfkeytool.names import parse_record_id

WITHIN_DAYS = 60
"""CKM's own first mail (acceptance/mails.py); a third of a shorter life, since 47-day certificates are
coming (CA/Browser Forum, for certificates of 15 March 2029 and later)."""

LEAST_WITHIN_DAYS = 2
"""Of the shortest lives, of which a third is a day or none: an audit that runs daily then calls each certificate due
before it has expired, even if a day's run was missed. Our own choice; a certificate of a day is always due."""

_DEAD_AFTER = timedelta(days=365)
"""When an expired certificate of CKM that nothing names is folded away: our own choice."""

_MAILED = (CarrierKind.CKM, CarrierKind.CKM_SOURCE, CarrierKind.KEYSTORE, CarrierKind.FILE)
"""What CKM mails about, or may, once somebody puts it there; it never does about what sits elsewhere alone."""


class Known(Struct, frozen=True):
    """What all sources together know, for judging one carrier."""

    now: datetime
    within_days: int | None
    orgs: Mapping[str, OrgReading]
    twins: Twins
    succession: Succession
    named: frozenset[str]
    """Lower-case names of CKM that anything in files names."""
    whole: frozenset[str]
    """Labels of sources in which every use of a certificate of CKM would have been seen."""
    apps: Mapping[str, str]
    """The name of an app by the SHA-256 of the certificate that it carries."""


def default_within(not_before: datetime | None, not_after: datetime) -> int:
    """Days before its expiry from which a certificate is due: WITHIN_DAYS, or a third of a shorter life, but not fewer
    than LEAST_WITHIN_DAYS. Pure."""
    if not_before is None:
        return WITHIN_DAYS
    return max(LEAST_WITHIN_DAYS, min(WITHIN_DAYS, (not_after - not_before).days // 3))


def judge(carrier: Carrier, known: Known) -> Item:
    """Without what stops and what to do about it. Pure."""
    not_after = carrier.not_after
    if not_after is None:
        return _judge_undated(carrier, known)
    org = known.orgs.get(carrier.source)
    within = known.within_days if known.within_days is not None else default_within(carrier.begins, not_after)
    expired = not_after <= known.now
    due = (not_after - known.now) / timedelta(days=1) <= within  # so many days as a timedelta may overflow it
    unused = _is_unused(carrier, known)
    superseded_by = known.succession.successor_of(carrier)
    # Who could not see all apps and settings cannot know that nobody needs the earlier one any more.
    replaced_for_sure = superseded_by and (org is None or (org.apps_read and org.names_read))
    item = Item(
        carrier,
        Status.EXPIRED if expired else Status.DUE if due else Status.FINE,
        (not_after.date() - known.now.date()).days,
        within,
        superseded_by=superseded_by,
        mail_dates=mail_dates(not_after, known.now) if carrier.kind in _MAILED or carrier.kind.is_app else (),
        counts=not (carrier.in_chain or replaced_for_sure or carrier.publisher or unused),
        unused=unused,
        is_early=carrier.begins is not None and carrier.begins > known.now,
    )
    if carrier.kind is CarrierKind.CKM and superseded_by:
        return replace(item, advice=(_seems_replaced(carrier, superseded_by),))
    return with_coverage(item, known.twins, org, known.now) if carrier.kind.is_app else item


def _seems_replaced(carrier: Carrier, superseded_by: str) -> Step:
    return Step(
        f"{superseded_by} seems to replace it: nothing that could be read names it. Mails about it go on as long as it"
        f" is there. In Setup > Certificate and Key Management of {carrier.source} a greyed Delete button shows that it"
        " is used; what clients outside log in with, no org knows"
    )


def _is_unused(carrier: Carrier, known: Known) -> bool:
    """Of CKM, or meant for it; expired long ago; and named by nothing, where every name would have been seen."""
    certificate = carrier.certificate
    if carrier.kind not in (CarrierKind.CKM, CarrierKind.CKM_SOURCE) or carrier.not_after is None or carrier.in_chain:
        return False
    if carrier.used_by or (certificate and certificate.sha256 in known.apps):
        return False
    if carrier.kind is CarrierKind.CKM_SOURCE and carrier.name.lower() in known.named:
        return False
    return carrier.source in known.whole and known.now - carrier.not_after > _DEAD_AFTER


def _judge_undated(carrier: Carrier, known: Known) -> Item:
    """A name of CKM, or something whose certificate could not be read."""
    item = Item(carrier, Status.UNKNOWN, None, None, counts=False)
    org = known.orgs.get(carrier.source)
    ckm_read = org is not None and org.ckm_read
    if carrier.publisher:
        return replace(item, coverage=Coverage.MANAGED) if carrier.kind.is_app else item
    if carrier.kind.is_app and not carrier.reference:
        advice = Step("its certificate could not be read: let apps in sfkeytool.toml name the file that it carries")
        return replace(item, coverage=Coverage.UNPROVED, counts=True, ckm_read=ckm_read, advice=(advice,))
    if carrier.reference and not carrier.refers_to and ckm_read:
        what = f"of Id {carrier.reference}" if parse_record_id(carrier.reference) else carrier.reference
        advice = Step(
            f"CKM of {carrier.source} has no certificate {what}, which it names: see in Setup which one it uses; until"
            " then nothing there is called replaced"
        )
        return replace(item, finding=Finding.LEADS_NOWHERE, advice=(advice,))
    if carrier.kind.is_app and carrier.reference and not carrier.refers_to:
        return replace(item, coverage=Coverage.UNPROVED, counts=True)
    return item
