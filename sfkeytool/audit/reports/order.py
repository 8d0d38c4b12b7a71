"""In which order people look at an inventory: org by org, what hurts first; within, the apps, then all else."""

from collections import defaultdict
from collections.abc import Iterable

from sfkeytool.audit.model import CarrierKind, Inventory, Item

_RANKS = {
    CarrierKind.CONNECTED_APP: 0,
    CarrierKind.EXTERNAL_CLIENT_APP: 0,
    CarrierKind.CKM: 1,
    CarrierKind.CKM_SOURCE: 1,
    CarrierKind.KEYSTORE: 3,
    CarrierKind.FILE: 3,
}
_OTHER_METADATA, _CHAIN = 2, 4


def grouped(inventory: Inventory) -> list[tuple[str, list[Item]]]:
    """The label of each source in which something was found, with its items, without what is unused. Sources in which
    something expires first are in front; of an item apps come before what CKM holds, CAs of chains last. Pure."""
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for item in inventory.items:
        if not item.unused:
            groups[item.carrier.source].append(item)
    by_urgency = sorted(groups, key=lambda label: _first_day(groups[label]))
    return [(label, sorted(groups[label], key=_rank)) for label in by_urgency]


def _first_day(items: Iterable[Item]) -> tuple[bool, int]:
    days = [item.days_left for item in items if item.counts and item.days_left is not None]
    return (not days, min(days, default=0))


def _rank(item: Item) -> int:
    return _CHAIN if item.carrier.in_chain else _RANKS.get(item.carrier.kind, _OTHER_METADATA)
