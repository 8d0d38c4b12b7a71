"""From carriers to judged items: what all sources together know, then each carrier judged by it, and in which order."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from msgspec.structs import replace

from sfkeytool.audit.advice import Known as KnownToAdvice
from sfkeytool.audit.advice import Place, advice_for, names_of_apps, place_in_org, saved_paths
from sfkeytool.audit.coverage import find_twins
from sfkeytool.audit.judging import Known, judge
from sfkeytool.audit.links import dated, linked, merge, soonest
from sfkeytool.audit.model import Carrier, CarrierKind, Generation, Inventory, Item, Source
from sfkeytool.audit.stops import stops_of
from sfkeytool.audit.succession import find_succession, puzzled_orgs


def take_inventory(
    sources: Sequence[Source], now: datetime, within_days: int | None = None, place: Place | None = None
) -> Inventory:
    """All carriers of all sources, judged. ``within_days`` None: see judging.default_within(). Pure.

    ``place`` is where the commands of the advice are to run. What expires on the same day stands in the order of what
    its expiry stops.
    """
    carriers = linked([carrier for source in sources for carrier in merge(source.carriers)])
    known = Known(
        now,
        within_days,
        {source.label: source.org for source in sources if source.org is not None},
        find_twins(carriers),
        find_succession(carriers, now),
        frozenset(carrier.reference.lower() for carrier in carriers if carrier.reference and not carrier.in_org),
        _whole(sources, carriers),
        {c.certificate.sha256: c.name for c in carriers if c.certificate and c.kind.is_app},
    )
    place = place or Place()
    in_ckm = {carrier.name.lower() for carrier in carriers if carrier.kind is CarrierKind.CKM}
    advice = KnownToAdvice(
        now,
        place,
        _generations(sources, carriers),
        names_of_apps(sorted(carriers, key=soonest), place.names | in_ckm, now.date()),
        {source.label: source.way for source in sources},
        known.apps,
    )
    saved = saved_paths(carriers)
    items = [replace(judge(carrier, known), saved_as=saved.get(place_in_org(carrier), "")) for carrier in carriers]
    dead = {(item.carrier.source, item.carrier.path) for item in items if item.unused}
    items = [
        replace(
            item,
            stops=stops_of(item.carrier),
            advice=() if item.unused else item.advice or advice_for(item, advice),
            unused=item.unused or (item.carrier.in_chain and (item.carrier.source, item.carrier.path) in dead),
        )
        for item in dated(items)
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
    read = {
        source.label
        for source in sources
        if source.org is None or (source.org.ckm_read and source.org.apps_read and source.org.names_read)
    }
    return frozenset(read - puzzled_orgs(carriers))


def _generations(sources: Sequence[Source], carriers: Sequence[Carrier]) -> list[tuple[Generation, Carrier]]:
    """The folders of generations, with the carrier of each one's certificate."""
    found = [generation for source in sources for generation in source.generations]
    wanted = {generation.certificate_path for generation in found}
    by_path = {
        path: carrier
        for carrier in carriers
        for path in (carrier.path, *carrier.also_in)
        if not carrier.in_org and path in wanted
    }
    return [
        (generation, by_path[generation.certificate_path])
        for generation in found
        if generation.certificate_path in by_path
    ]
