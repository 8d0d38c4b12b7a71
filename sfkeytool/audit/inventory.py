"""From carriers to judged items: what expires when, which app certificate has a twin, what a later one replaces."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.audit.model import Carrier, CarrierKind, Coverage, Inventory, Item, Source, Status
from sfkeytool.names import base_name

WITHIN_DAYS = 60
"""CKM's own first mail (Salesforce Knowledge 000385781); a third of a shorter life, since 47-day certificates are
coming (CA/Browser Forum, for certificates of 15 March 2029 and later)."""

_TWINS = (CarrierKind.KEYSTORE, CarrierKind.CKM_SOURCE)
_OWN = (CarrierKind.KEYSTORE, CarrierKind.FILE)
"""Where generations lie side by side; an app has one certificate, and that is never replaced by a file."""


def take_inventory(sources: Sequence[Source], now: datetime, within_days: int | None = None) -> Inventory:
    """All carriers of all sources, judged. ``within_days`` None: WITHIN_DAYS, or a third of a shorter life. Pure."""
    carriers = [carrier for source in sources for carrier in merge(source.carriers)]
    named = _users(carriers)
    carriers = [
        replace(carrier, used_by=named.get((carrier.source, carrier.name.lower()), ()))
        if carrier.kind is CarrierKind.CKM_SOURCE
        else carrier
        for carrier in carriers
    ]
    twins = _twins(carriers)
    latest = _latest(carriers)
    items = [_judge(carrier, now, within_days, twins, latest) for carrier in carriers]
    never = datetime.max.replace(tzinfo=UTC)
    return Inventory(now, tuple(sources), tuple(sorted(items, key=lambda item: item.carrier.not_after or never)))


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


def _users(carriers: Sequence[Carrier]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Who names a certificate of CKM, by source and lower-case name."""
    users: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for carrier in carriers:
        if carrier.reference:
            users[carrier.source, carrier.reference.lower()].append(f"{carrier.name} ({carrier.part})")
    return {key: tuple(dict.fromkeys(names)) for key, names in users.items()}


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


def _judge(
    carrier: Carrier,
    now: datetime,
    within_days: int | None,
    twins: dict[str, str],
    latest: dict[tuple[str, str], Carrier],
) -> Item:
    if carrier.certificate is None or carrier.not_after is None:
        return Item(carrier, Status.UNKNOWN, None, None, counts=False)
    not_after = carrier.not_after
    not_before = datetime.fromisoformat(carrier.certificate.not_before)
    within = within_days if within_days is not None else min(WITHIN_DAYS, (not_after - not_before).days // 3)
    days_left = (not_after.date() - now.date()).days
    expired = not_after <= now
    status = Status.EXPIRED if expired else Status.DUE if not_after - now <= timedelta(days=within) else Status.FINE
    last = latest.get(_generation(carrier)) if carrier.kind in _OWN and not carrier.in_chain else None
    replaced = last is not None and last.name != carrier.name and last.not_after and last.not_after > not_after
    superseded_by = last.name if last is not None and replaced else ""
    item = Item(
        carrier,
        status,
        days_left,
        within,
        superseded_by=superseded_by,
        mail_dates=mail_dates(not_after, now),
        counts=not (carrier.in_chain or superseded_by),
    )
    if not carrier.kind.is_app:
        return item
    prefix = carrier.certificate.sha256.replace(":", "").lower()[:32]
    twin = twins.get(carrier.certificate.sha256) or twins.get(prefix) or ""
    coverage = Coverage.UNPROVED if twin else Coverage.UNCOVERED
    return replace(item, coverage=coverage, twin=twin, advice=_advice(carrier, coverage, expired=expired))


def _advice(carrier: Carrier, coverage: Coverage, *, expired: bool) -> str:
    """The command that helps an app certificate."""
    if expired:
        return "sfkeytool renew NAME, and upload the new certificate to the app"
    if coverage is Coverage.UNCOVERED:
        return (
            f"sfkeytool reminder {carrier.path} --password generate, and import it into CKM; or, where the key is at"
            f" hand: sfkeytool wrap NAME NAME.key {carrier.path} --password generate"
        )
    return ""
