"""What belongs together: the files of one certificate, and the certificates of CKM with what names them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from msgspec.structs import replace

from sfkeytool.audit.model import Carrier, CarrierKind, Item
from sfkeytool.names import parse_record_id

_Named = tuple[str, str]
"""Within what a name counts, and the lower-case name or the record Id."""


def merge(carriers: Iterable[Carrier]) -> list[Carrier]:
    """One carrier for the files of a folder that hold the very same certificate: NAME.jks, NAME.crt and its chain.

    A keystore speaks for the others. Metadata is never merged: each app is a place of its own. Pure.
    """
    merged: list[Carrier] = []
    places: defaultdict[str, dict[bytes, int]] = defaultdict(dict)
    for carrier in carriers:
        if not carrier.certificate or carrier.kind not in (CarrierKind.FILE, CarrierKind.KEYSTORE):
            merged.append(carrier)
            continue
        folder = places[str(PurePath(carrier.path).parent)]
        place = folder.setdefault(carrier.certificate.digest, len(merged))
        if place == len(merged):
            merged.append(carrier)
            continue
        known = merged[place]
        first, other = (carrier, known) if known.kind is CarrierKind.FILE is not carrier.kind else (known, carrier)
        also = dict.fromkeys((*known.also_in, *carrier.also_in, other.path))
        merged[place] = replace(first, also_in=tuple(path for path in also if path != first.path))
    return merged


def linked(carriers: Sequence[Carrier]) -> list[Carrier]:
    """Each certificate of CKM with what names it, and each that names one with the name that it means. Pure."""
    users: defaultdict[_Named, list[str]] = defaultdict(list)
    for carrier in carriers:
        if carrier.reference:
            users[_named_by(carrier)].append(f"{carrier.name} ({carrier.part})")
    known = {named: carrier for carrier in carriers for named in _names_of(carrier)}
    return [_with_links(carrier, users, known) for carrier in carriers]


def _with_links(carrier: Carrier, users: defaultdict[_Named, list[str]], known: dict[_Named, Carrier]) -> Carrier:
    if carrier.reference and (target := known.get(_named_by(carrier))):
        return replace(carrier, refers_to=target.name, note="")
    used_by = [user for named in _names_of(carrier) for user in users.get(named, ())]
    return replace(carrier, used_by=tuple(sorted({*carrier.used_by, *used_by}))) if used_by else carrier


def dated(items: Sequence[Item]) -> list[Item]:
    """What names a certificate has its date and its status too, and decides nothing by itself. Pure."""
    targets: dict[_Named, Item] = {}
    for item in items:
        for named in _names_of(item.carrier):
            first = targets.setdefault(named, item)
            # Of a chain the leaf counts, of several in one project the one that expires first.
            if soonest(item.carrier) < soonest(first.carrier):
                targets[named] = item
    return [_with_date(item, targets) if item.carrier.reference else item for item in items]


def _with_date(item: Item, targets: dict[_Named, Item]) -> Item:
    target = targets.get(_named_by(item.carrier))
    if target is None or target.carrier.not_after is None:
        return item
    return replace(
        item,
        carrier=replace(item.carrier, expires=target.carrier.not_after),
        status=target.status,
        days_left=target.days_left,
        within_days=target.within_days,
    )


def soonest(carrier: Carrier) -> tuple[bool, bool, datetime]:
    """A key that sorts leaves before CAs, and of each what expires first in front. Pure."""
    never = datetime.max.replace(tzinfo=UTC)
    return carrier.in_chain, carrier.not_after is None, carrier.not_after or never


def _names_of(carrier: Carrier) -> tuple[_Named, ...]:
    """By what a certificate of CKM, or its source in a project, may be named."""
    if carrier.kind not in (CarrierKind.CKM_SOURCE, CarrierKind.CKM):
        return ()
    scope = carrier.scope or carrier.source
    return ((scope, carrier.name.lower()), *([(scope, carrier.record_id)] if carrier.record_id else []))


def _named_by(carrier: Carrier) -> _Named:
    return carrier.scope or carrier.source, parse_record_id(carrier.reference) or carrier.reference.lower()
