"""The audit's result as JSON-ready facts."""

from typing import Any

from sfkeytool.audit.model import Inventory, Item, OrgFacts, Person


def describe_inventory(inventory: Inventory) -> dict[str, Any]:
    """camelCase names, ISO dates, None where nothing is known. Pure."""
    return {
        "at": f"{inventory.at:%Y-%m-%dT%H:%M:%SZ}",
        "items": [describe_item(item) for item in inventory.items],
        "sources": [
            {
                "path": source.label,
                "org": _org(source.org) if source.org else None,
                "carriers": len(source.carriers),
                "problems": [
                    {"path": problem.path, "code": problem.code, "message": problem.message}
                    for problem in source.problems
                ],
            }
            for source in inventory.sources
        ],
    }


def _org(org: OrgFacts) -> dict[str, Any]:
    return {
        "orgId": org.org_id or None,
        "name": org.name or None,
        "instanceUrl": org.instance_url or None,
        "apiVersion": org.api_version or None,
        "isSandbox": org.is_sandbox,
        "ckmRead": org.ckm_read,
        "appsRead": org.apps_read,
        "namesRead": org.names_read,
        "recipients": {
            "byPermission": _people(org.recipients.by_permission),
            "admins": _people(org.recipients.admins),
            "reached": len(org.recipients.reached),
        },
    }


def _people(people: tuple[Person, ...] | None) -> list[dict[str, Any]] | None:
    if people is None:
        return None
    return [{"username": person.username, "email": person.email, "flags": list(person.flags)} for person in people]


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
        "refersTo": carrier.refers_to or None,
        "usedBy": list(carrier.used_by),
        "publisher": carrier.publisher or None,
        "note": carrier.note or None,
        "notAfter": f"{carrier.not_after:%Y-%m-%dT%H:%M:%SZ}" if carrier.not_after else None,
        "certificate": carrier.certificate.to_json() if carrier.certificate else None,
        "status": str(item.status),
        "daysLeft": item.days_left,
        "withinDays": item.within_days,
        "coverage": str(item.coverage) if item.coverage else None,
        "ckmRead": item.ckm_read,
        "twin": item.twin or None,
        "inChain": carrier.in_chain,
        "supersededBy": item.superseded_by or None,
        "mailDates": [day.isoformat() for day in item.mail_dates],
        "finding": item.finding or None,
        "advice": item.advice or None,
        "counts": item.counts,
    }
