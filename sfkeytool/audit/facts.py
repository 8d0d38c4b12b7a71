"""The audit's result as JSON-ready facts."""

from typing import Any

from msgspec import to_builtins

from sfkeytool.acceptance.mails import EARLY_MAIL_DAYS, KNOWLEDGE_MAIL_DAYS, MAIL_DAYS_BEFORE_EXPIRY
from sfkeytool.audit.counts import Counts, count
from sfkeytool.audit.model import Inventory, Item, OrgFacts, Person, Recipients
from sfkeytool.crypto.certificates import iso_utc


def describe_inventory(inventory: Inventory) -> dict[str, Any]:
    """camelCase names, ISO dates, None where nothing is known. Pure."""
    return {
        "at": f"{inventory.at:%Y-%m-%dT%H:%M:%SZ}",
        "items": [describe_item(item) for item in inventory.items],
        "counts": describe_counts(count(inventory)),
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


def describe_counts(counts: Counts) -> dict[str, Any]:
    """The numbers of the last line. Pure."""
    return {
        "expired": counts.expired,
        "due": counts.due,
        "fine": counts.fine,
        "unknown": counts.unknown,
        "expiredUnused": counts.expired_unused,
        "uncovered": counts.uncovered_in_orgs + counts.uncovered_in_files,
        "uncoveredOrgs": counts.orgs,
        "excludedFiles": counts.excluded_files,
        "excludedCertificates": counts.excluded_certificates,
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
        "ckmCertificates": org.ckm_count,
        "recipients": {
            "byPermission": _people(org.recipients.by_permission),
            "admins": _people(org.recipients.admins),
            "reached": len(org.recipients.reached),
            "mails": [_mail(days, org.recipients) for days in MAIL_DAYS_BEFORE_EXPIRY],
        },
    }


def _mail(days: int, recipients: Recipients) -> dict[str, Any]:
    """Which group each of Salesforce's two texts names for the mail of a day; None where it names none, or where the
    group depends on what could not be read."""
    early: str | None = "byPermission"
    if recipients.admins_get_all is not False:
        early = "admins" if recipients.admins_get_all else None
    return {
        "daysBefore": days,
        "releaseNote": early if days in EARLY_MAIL_DAYS else "admins",
        "knowledge": "admins" if days in KNOWLEDGE_MAIL_DAYS else None,
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
        "notAfter": iso_utc(carrier.not_after) if carrier.not_after else None,
        "certificate": to_builtins(carrier.certificate) if carrier.certificate else None,
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
        "advice": [
            {
                "what": step.what,
                "before": step.before.isoformat() if step.before else None,
                "command": list(step.command) or None,
            }
            for step in item.advice
        ],
        "stops": [
            {"what": stop.what, "certainty": str(stop.certainty), "source": stop.source or None} for stop in item.stops
        ],
        "deployed": carrier.is_deployed,
        "counts": item.counts,
        "unused": item.unused,
    }
