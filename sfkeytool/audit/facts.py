"""The audit's result as JSON-ready facts."""

from typing import Any

from sfkeytool.audit.model import Inventory, Item


def describe_inventory(inventory: Inventory) -> dict[str, Any]:
    """camelCase names, ISO dates, None where nothing is known. Pure."""
    return {
        "at": f"{inventory.at:%Y-%m-%dT%H:%M:%SZ}",
        "items": [describe_item(item) for item in inventory.items],
        "sources": [
            {
                "path": source.label,
                "carriers": len(source.carriers),
                "problems": [
                    {"path": problem.path, "code": problem.code, "message": problem.message}
                    for problem in source.problems
                ],
            }
            for source in inventory.sources
        ],
    }


def describe_item(item: Item) -> dict[str, Any]:
    """One item. Pure."""
    carrier = item.carrier
    return {
        "source": carrier.source,
        "kind": str(carrier.kind),
        "name": carrier.name,
        "path": carrier.path,
        "part": carrier.part,
        "alsoIn": list(carrier.also_in),
        "reference": carrier.reference or None,
        "usedBy": list(carrier.used_by),
        "certificate": carrier.certificate.to_json() if carrier.certificate else None,
        "status": str(item.status),
        "daysLeft": item.days_left,
        "withinDays": item.within_days,
        "coverage": str(item.coverage) if item.coverage else None,
        "twin": item.twin or None,
        "inChain": carrier.in_chain,
        "supersededBy": item.superseded_by or None,
        "mailDates": [day.isoformat() for day in item.mail_dates],
        "advice": item.advice or None,
        "counts": item.counts,
    }
