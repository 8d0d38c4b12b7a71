"""From carriers to judged items: what expires when, which app certificate has a twin, what a later one replaces."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.audit.advice import Known as KnownToAdvice
from sfkeytool.audit.advice import Place, advice_for, names_of_apps, place_in_org, saved_paths
from sfkeytool.audit.model import (
    LEADS_NOWHERE,
    Carrier,
    CarrierKind,
    Coverage,
    Generation,
    Inventory,
    Item,
    OrgFacts,
    Source,
    Status,
    Step,
)
from sfkeytool.audit.stops import stops_of
from sfkeytool.names import base_name, parse_record_id

WITHIN_DAYS = 60
"""CKM's own first mail (acceptance/mails.py); a third of a shorter life, since 47-day certificates are
coming (CA/Browser Forum, for certificates of 15 March 2029 and later)."""

_DEAD_AFTER = timedelta(days=365)
"""When an expired certificate of CKM that nothing names is folded away: our own choice."""

_MAILED = (CarrierKind.CKM, CarrierKind.CKM_SOURCE, CarrierKind.KEYSTORE, CarrierKind.FILE)
"""What CKM mails about, or may, once somebody puts it there; it never does about what sits elsewhere alone."""

_TWINS = (CarrierKind.KEYSTORE, CarrierKind.CKM_SOURCE)
_OWN = (CarrierKind.KEYSTORE, CarrierKind.FILE)
"""Where generations lie side by side; an app has one certificate, and that is never replaced by a file."""


class _Twin(Struct, frozen=True):
    """Where something like an app's certificate was seen."""

    where: str
    carrier: Carrier


class _Known(Struct, frozen=True):
    """What all sources together know, for judging one carrier."""

    now: datetime
    within_days: int | None
    orgs: Mapping[str, OrgFacts]
    in_files: Mapping[str, str]
    """Path by SHA-256 of a certificate that a keystore holds, or by prefix of one that it reminds of."""
    in_ckm: Mapping[str, Sequence[_Twin]]
    """By SHA-256, by prefix of a reminded one, and by SHA-256 of the public key: three forms that never meet."""
    latest: Mapping[tuple[str, str], Carrier]
    replaced: Mapping[tuple[str, str], str]
    """Of CKM: the name of what replaces a certificate, by source and lower-case name."""
    named: frozenset[str]
    """Lower-case names of CKM that anything in files names."""
    whole: frozenset[str]
    """Labels of sources in which every use of a certificate of CKM would have been seen."""
    apps: Mapping[str, str]
    """The name of an app by the SHA-256 of the certificate that it carries."""


def take_inventory(
    sources: Sequence[Source], now: datetime, within_days: int | None = None, place: Place | None = None
) -> Inventory:
    """All carriers of all sources, judged. ``within_days`` None: WITHIN_DAYS, or a third of a shorter life. Pure.

    ``place`` is where the commands of the advice are to run. What expires on the same day stands in the order of what
    its expiry stops.
    """
    orgs = {source.label: source.org for source in sources if source.org is not None}
    carriers = _linked([carrier for source in sources for carrier in merge(source.carriers)])
    ckm = [carrier for carrier in carriers if carrier.kind is CarrierKind.CKM]
    known = _Known(
        now,
        within_days,
        orgs,
        _twins(carriers),
        _ckm_twins(ckm),
        _latest(carriers),
        _replaced(ckm, carriers),
        frozenset(carrier.reference.lower() for carrier in carriers if carrier.reference and not carrier.in_org),
        _whole(sources, carriers),
        {c.certificate.sha256: c.name for c in carriers if c.certificate and c.kind.is_app},
    )
    place = place or Place()
    advice = KnownToAdvice(
        now,
        place,
        _generations(sources, carriers),
        names_of_apps(sorted(carriers, key=_rank), place.names | {carrier.name.lower() for carrier in ckm}, now.date()),
        {source.label: source.way for source in sources},
        known.apps,
    )
    saved = saved_paths(carriers)
    items = [replace(_judge(carrier, known), saved_as=saved.get(place_in_org(carrier), "")) for carrier in carriers]
    dead = {(item.carrier.source, item.carrier.path) for item in items if item.unused}
    items = [
        replace(
            item,
            stops=stops_of(item.carrier),
            advice=() if item.unused else item.advice or advice_for(item, advice),
            unused=item.unused or (item.carrier.in_chain and (item.carrier.source, item.carrier.path) in dead),
        )
        for item in _dated(items)
    ]
    return Inventory(now, tuple(sources), tuple(sorted(items, key=_order)))


def _order(item: Item) -> tuple[date, int, datetime]:
    never = datetime.max.replace(tzinfo=UTC)
    not_after = item.carrier.not_after or never
    return not_after.date(), min((stop.rank for stop in item.stops), default=sys.maxsize), not_after


def _whole(sources: Sequence[Source], carriers: Sequence[Carrier]) -> frozenset[str]:
    """The sources in which nothing that may name a certificate of CKM stayed unread or, in an org, leads nowhere.

    Files never tell which certificate a record Id means, so that one in them keeps nothing back: where it may be the
    certificate, that is said.
    """
    puzzled = {carrier.source for carrier in carriers if carrier.in_org and carrier.reference and not carrier.refers_to}
    read = {
        source.label
        for source in sources
        if source.org is None or (source.org.ckm_read and source.org.apps_read and source.org.names_read)
    }
    return frozenset(read - puzzled)


def _generations(sources: Sequence[Source], carriers: Sequence[Carrier]) -> list[tuple[Generation, Carrier]]:
    """The folders of generations, with the carrier of each one's certificate."""
    by_path = {path: carrier for carrier in carriers for path in (carrier.path, *carrier.also_in) if not carrier.in_org}
    found = (generation for source in sources for generation in source.generations)
    return [
        (generation, by_path[generation.certificate_path])
        for generation in found
        if generation.certificate_path in by_path
    ]


def merge(carriers: Iterable[Carrier]) -> list[Carrier]:
    """One carrier for the files of a folder that hold the very same certificate: NAME.jks, NAME.crt and its chain.

    A keystore speaks for the others. Metadata is never merged: each app is a place of its own.
    """
    merged: dict[tuple[str, ...], Carrier] = {}
    for carrier in carriers:
        key: tuple[str, ...] = (carrier.path, carrier.part, str(len(merged)))
        if carrier.certificate and carrier.kind in (CarrierKind.FILE, CarrierKind.KEYSTORE):
            key = (str(PurePath(carrier.path).parent), carrier.certificate.sha256)
        known = merged.get(key)
        if known is None:
            merged[key] = carrier
            continue
        first, other = (carrier, known) if known.kind is CarrierKind.FILE is not carrier.kind else (known, carrier)
        also = dict.fromkeys((*known.also_in, *carrier.also_in, other.path))
        merged[key] = replace(first, also_in=tuple(path for path in also if path != first.path))
    return list(merged.values())


_Named = tuple[str, str]
"""Within what a name counts, and the lower-case name or the record Id."""


def _names_of(carrier: Carrier) -> tuple[_Named, ...]:
    """By what a certificate of CKM, or its source in a project, may be named."""
    if carrier.kind not in (CarrierKind.CKM_SOURCE, CarrierKind.CKM):
        return ()
    scope = carrier.scope or carrier.source
    return ((scope, carrier.name.lower()), *([(scope, carrier.record_id)] if carrier.record_id else []))


def _named_by(carrier: Carrier) -> _Named:
    return carrier.scope or carrier.source, parse_record_id(carrier.reference) or carrier.reference.lower()


def _linked(carriers: Sequence[Carrier]) -> list[Carrier]:
    """Each certificate of CKM with what names it, and each that names one with the name that it means."""
    users: defaultdict[_Named, list[str]] = defaultdict(list)
    for carrier in carriers:
        if carrier.reference:
            users[_named_by(carrier)].append(f"{carrier.name} ({carrier.part})")
    known = {named: carrier for carrier in carriers for named in _names_of(carrier)}
    linked = []
    for carrier in carriers:
        if carrier.reference and (target := known.get(_named_by(carrier))):
            linked.append(replace(carrier, refers_to=target.name, note=""))
            continue
        used_by = [user for named in _names_of(carrier) for user in users.get(named, ())]
        linked.append(replace(carrier, used_by=tuple(sorted({*carrier.used_by, *used_by}))))
    return linked


def _dated(items: Sequence[Item]) -> list[Item]:
    """What names a certificate has its date and its status too, and decides nothing by itself."""
    targets: dict[_Named, Item] = {}
    for item in items:
        for named in _names_of(item.carrier):
            first = targets.setdefault(named, item)
            # Of a chain the leaf counts, of several in one project the one that expires first.
            if _rank(item.carrier) < _rank(first.carrier):
                targets[named] = item
    dated = []
    for item in items:
        target = targets.get(_named_by(item.carrier)) if item.carrier.reference else None
        if target is not None and target.carrier.not_after is not None:
            item = replace(
                item,
                carrier=replace(item.carrier, expires=target.carrier.not_after),
                status=target.status,
                days_left=target.days_left,
                within_days=target.within_days,
            )
        dated.append(item)
    return dated


def _rank(carrier: Carrier) -> tuple[bool, bool, datetime]:
    never = datetime.max.replace(tzinfo=UTC)
    return carrier.in_chain, carrier.not_after is None, carrier.not_after or never


def _twins(carriers: Sequence[Carrier]) -> dict[str, str]:
    """Where a keystore or CKM's source holds a certificate (by SHA-256), or a reminder of it (by its prefix)."""
    twins: dict[str, str] = {}
    for carrier in carriers:
        if carrier.certificate and carrier.kind in _TWINS:
            twins.setdefault(carrier.certificate.sha256, carrier.path)
            if carrier.reminds_of:
                twins.setdefault(carrier.reminds_of, carrier.path)
    return twins


def _latest(carriers: Sequence[Carrier]) -> dict[tuple[str, str], Carrier]:
    """Of the generations of each NAME, which `renew` and `rotate` make, the one that lives longest."""
    latest: dict[tuple[str, str], Carrier] = {}
    for carrier in carriers:
        if carrier.not_after and not carrier.in_chain and carrier.kind in _OWN:
            known = latest.setdefault(_generation(carrier), carrier)
            if known.not_after and carrier.not_after > known.not_after:
                latest[_generation(carrier)] = carrier
    return latest


def _generation(carrier: Carrier) -> tuple[str, str]:
    """Where generations of a NAME lie together: in sibling folders of their names, or in one folder.

    The name alone does not tell: ``test/pay_202611.crt`` says nothing of ``prod/pay.crt``.
    """
    folder = PurePath(carrier.path).parent
    beside = folder.parent if folder.name == carrier.name else folder
    return str(beside), base_name(carrier.name)


def _ckm_twins(ckm: Sequence[Carrier]) -> dict[str, list[_Twin]]:
    twins: defaultdict[str, list[_Twin]] = defaultdict(list)
    for carrier in ckm:
        if carrier.certificate is None or carrier.in_chain:
            continue
        twin = _Twin(f"CKM of {carrier.source}: {carrier.name}", carrier)
        twins[carrier.certificate.sha256].append(twin)
        twins[f"key {carrier.certificate.public_key_sha256}"].append(twin)
        if carrier.reminds_of:
            twins[carrier.reminds_of].append(twin)
    return dict(twins)


def _replaced(ckm: Sequence[Carrier], carriers: Sequence[Carrier]) -> dict[tuple[str, str], str]:
    """Of each org: CKM certificates that a later one of the same key, or of the same base name, replaces.

    What something in the org still names, or an app anywhere still carries, is replaced by nothing. Nor is anything in
    an org where a name or Id leads nowhere: it may be any certificate that is meant.
    """
    puzzled = {c.source for c in carriers if c.in_org and c.reference and not c.refers_to}
    carried = {c.certificate.sha256 for c in carriers if c.certificate and c.kind.is_app}
    carried_prefixes = {sha256.replace(":", "").lower()[:32] for sha256 in carried}
    groups: defaultdict[tuple[str, str], list[Carrier]] = defaultdict(list)
    for carrier in ckm:
        if carrier.certificate and not carrier.in_chain and carrier.source not in puzzled:
            groups[carrier.source, f"name {base_name(carrier.name.lower())}"].append(carrier)
            groups[carrier.source, f"key {carrier.certificate.public_key_sha256}"].append(carrier)
    replaced: dict[tuple[str, str], str] = {}
    for group in groups.values():
        last = max(group, key=lambda carrier: carrier.certificate.not_after if carrier.certificate else "")
        for carrier in group:
            certificate = carrier.certificate
            if carrier.name == last.name or certificate is None or last.certificate is None or carrier.used_by:
                continue
            if certificate.sha256 in carried or carrier.reminds_of in carried_prefixes:
                continue
            if certificate.not_after < last.certificate.not_after:
                replaced[carrier.source, carrier.name.lower()] = last.name
    return replaced


def _judge(carrier: Carrier, known: _Known) -> Item:
    not_after = carrier.not_after
    org = known.orgs.get(carrier.source)
    if not_after is None:
        return _judge_undated(carrier, known)
    not_before = carrier.certificate.not_before if carrier.certificate else None
    within = WITHIN_DAYS if not_before is None else max(0, min(WITHIN_DAYS, (not_after - not_before).days // 3))
    within = known.within_days if known.within_days is not None else within
    expired = not_after <= known.now
    due = (not_after - known.now) / timedelta(days=1) <= within  # so many days as a timedelta may overflow it
    unused = _is_unused(carrier, known)
    superseded_by = _superseded_by(carrier, known)
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
    )
    if carrier.kind is CarrierKind.CKM and superseded_by:
        return replace(
            item,
            advice=(
                Step(
                    f"{superseded_by} seems to replace it: nothing that could be read names it. Mails about it go on as"
                    f" long as it is there. In Setup > Certificate and Key Management of {carrier.source} a greyed"
                    " Delete button shows that it is used; what clients outside log in with, no org knows"
                ),
            ),
        )
    if not carrier.kind.is_app:
        return item
    return _covered(item, known)


def _is_unused(carrier: Carrier, known: _Known) -> bool:
    """Of CKM, or meant for it; expired long ago; and named by nothing, where every name would have been seen."""
    certificate = carrier.certificate
    if carrier.kind not in (CarrierKind.CKM, CarrierKind.CKM_SOURCE) or carrier.not_after is None or carrier.in_chain:
        return False
    if carrier.used_by or (certificate and certificate.sha256 in known.apps):
        return False
    if carrier.kind is CarrierKind.CKM_SOURCE and carrier.name.lower() in known.named:
        return False
    return carrier.source in known.whole and known.now - carrier.not_after > _DEAD_AFTER


def _judge_undated(carrier: Carrier, known: _Known) -> Item:
    """A name of CKM, or something whose certificate could not be read."""
    item = Item(carrier, Status.UNKNOWN, None, None, counts=False)
    org = known.orgs.get(carrier.source)
    ckm_read = org is not None and org.ckm_read
    if carrier.publisher:
        return replace(item, coverage=Coverage.MANAGED) if carrier.kind.is_app else item
    if carrier.kind.is_app and not carrier.reference:
        return replace(
            item,
            coverage=Coverage.UNPROVED,
            counts=True,
            ckm_read=ckm_read,
            advice=(
                Step("its certificate could not be read: let apps in sfkeytool.toml name the file that it carries"),
            ),
        )
    if carrier.reference and not carrier.refers_to and ckm_read:
        what = f"of Id {carrier.reference}" if parse_record_id(carrier.reference) else carrier.reference
        return replace(
            item,
            finding=LEADS_NOWHERE,
            advice=(
                Step(
                    f"CKM of {carrier.source} has no certificate {what}, which it names: see in Setup which one it"
                    " uses; until then nothing there is called replaced"
                ),
            ),
        )
    return item


def _superseded_by(carrier: Carrier, known: _Known) -> str:
    if carrier.in_chain:
        return ""
    if carrier.kind is CarrierKind.CKM:
        return known.replaced.get((carrier.source, carrier.name.lower()), "")
    last = known.latest.get(_generation(carrier)) if carrier.kind in _OWN else None
    if last is None or last.name == carrier.name or not (last.not_after and carrier.not_after):
        return ""
    return last.name if last.not_after > carrier.not_after else ""


def _covered(item: Item, known: _Known) -> Item:
    """An app's certificate: whether mails about CKM's certificates tell of its expiry, and what helps."""
    carrier = item.carrier
    certificate = carrier.certificate
    if carrier.publisher:
        return replace(item, coverage=Coverage.MANAGED, mail_dates=())
    if certificate is None or carrier.not_after is None:
        return item
    prefix = certificate.sha256.replace(":", "").lower()[:32]
    org = known.orgs.get(carrier.source)
    same = _of_org(known.in_ckm.get(certificate.sha256, ()), carrier, org)
    reminders = _of_org(known.in_ckm.get(prefix, ()), carrier, org)
    same_key = _of_org(known.in_ckm.get(f"key {certificate.public_key_sha256}", ()), carrier, org)
    in_time = [twin for twin in same_key if _mails_in_time(twin.carrier, carrier.not_after, known.now)]
    in_files = known.in_files.get(certificate.sha256) or known.in_files.get(prefix) or ""
    ckm_read = org is not None and org.ckm_read
    for twins, found in ((same, Coverage.COVERED), (reminders, Coverage.REMINDER), (in_time, Coverage.SAME_KEY)):
        if twins:
            coverage, twin = found, twins[0].where
            break
    else:
        late = f"{same_key[0].where}, which has the same key but mails too late" if same_key else ""
        unproved = not ckm_read if org is not None else bool(in_files)
        coverage, twin = Coverage.UNPROVED if unproved else Coverage.UNCOVERED, late or in_files
    days = item.mail_dates
    if coverage is Coverage.SAME_KEY and in_time[0].carrier.not_after:
        twins_days = mail_dates(in_time[0].carrier.not_after, known.now)
        days = tuple(day for day in twins_days if day <= carrier.not_after.date())
    elif coverage is Coverage.UNCOVERED and ckm_read:
        days = ()
    return replace(item, coverage=coverage, twin=twin, mail_dates=days, ckm_read=ckm_read or coverage.is_mailed)


def _of_org(twins: Sequence[_Twin], carrier: Carrier, org: OrgFacts | None) -> list[_Twin]:
    """Those in the app's own org, whose mails reach its people; for an app in files, those of any org."""
    return [twin for twin in twins if org is None or twin.carrier.source == carrier.source]


def _mails_in_time(ckm: Carrier, not_after: datetime, now: datetime) -> bool:
    return ckm.not_after is not None and any(day <= not_after.date() for day in mail_dates(ckm.not_after, now))
