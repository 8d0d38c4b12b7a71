"""What the audit found, as SARIF 2.1.0 (OASIS): code scanning and editors show it at the files."""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import PureWindowsPath
from typing import Any
from urllib.parse import quote

from sfkeytool import __version__
from sfkeytool.audit.advice import step_text
from sfkeytool.audit.model import Finding, Inventory, Item, Problem, Status
from sfkeytool.audit.stops import stop_text
from sfkeytool.crypto.names import escape_unprintable

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_UNREADABLE = "audit.unreadable"
_RULES = {
    "audit.expired": ("error", "A certificate has expired."),
    "audit.due": ("warning", "A certificate expires within the threshold."),
    "audit.uncovered": ("warning", "No mail of Salesforce tells when an app's certificate expires."),
    str(Finding.LEADS_NOWHERE): ("warning", "A name or Id that no certificate in the CKM of its org has."),
    _UNREADABLE: ("warning", "A file, or a part of an org, could not be read; the audit went on without it."),
}


def encode(inventory: Inventory) -> bytes:
    """ASCII, one line: what is expired, due, uncovered or leads nowhere, and what could not be read. Pure.

    What lies in an org has the place that the Salesforce CLI names it by (``ConnectedApp:Pay``) below the org's alias:
    code scanning takes no result without a file.
    """
    results = [
        *(result for item in inventory.items for result in _item_results(item)),
        *(_problem_result(problem) for source in inventory.sources for problem in source.problems),
    ]
    rules = [
        {
            "id": name,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": level},
        }
        for name, (level, text) in _RULES.items()
    ]
    driver = {"name": "sfkeytool", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    # What it was made by stands first: an earlier report is known by that.
    return (json.dumps({"runs": [run], "version": "2.1.0", "$schema": _SCHEMA}, separators=(",", ":")) + "\n").encode()


def _item_results(item: Item) -> Iterator[dict[str, Any]]:
    for rule in _rules(item):
        carrier = item.carrier
        until = f" It is valid until {carrier.not_after.date()}." if carrier.not_after else ""
        named = carrier.subject_name or carrier.name
        what = {
            "audit.expired": "The certificate has expired.",
            "audit.due": f"The certificate expires in {item.days_left} days.",
            "audit.uncovered": "No mail of Salesforce tells when this app's certificate expires.",
        }.get(rule, f"{carrier.reference} leads to no certificate in the CKM of its org.")
        more = [f"Stops: {stop_text(stop)}." for stop in item.stops]
        more += [f"{step_text(step)}." for step in item.advice if not step.is_general]
        yield _result(
            rule,
            " ".join([f"{carrier.kind} {carrier.name}", f"({named}):", what + until, *more]),
            source=carrier.source if carrier.in_org else "",
            path=carrier.path,
            part=carrier.part,
            identity=(rule, str(carrier.kind), carrier.name, carrier.certificate.sha256 if carrier.certificate else ""),
        )


def _rules(item: Item) -> Iterator[str]:
    """What is wrong with an item; nothing of what decides no exit code."""
    if not item.counts:
        return
    if item.status in (Status.EXPIRED, Status.DUE):
        yield f"audit.{item.status}"
    if item.wants_cover:
        yield "audit.uncovered"
    if item.finding is not None:
        yield str(item.finding)


def _problem_result(problem: Problem) -> dict[str, Any]:
    return _result(
        _UNREADABLE,
        f"not read: {problem.message} ({problem.code})",
        source=problem.source,
        path=problem.path,
        part="",
        identity=(_UNREADABLE, problem.code),
    )


def _result(rule: str, text: str, *, source: str, path: str, part: str, identity: tuple[str, ...]) -> dict[str, Any]:
    """``source`` is the org's alias, or empty for a file whose path says all; ``identity`` is what stays the same from
    one audit to the next."""
    whole = f"{source}/{path}" if source and not path.startswith(source) else path or source
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(whole)}, "region": {"startLine": 1}}}
    if part:
        place["logicalLocations"] = [{"name": escape_unprintable(part)}]
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": _RULES[rule][0],
        "message": {"text": escape_unprintable(text)},
        "locations": [place],
        "partialFingerprints": {
            "sfkeytool/v1": sha256("\0".join((*identity, whole, part)).encode("utf-8", "replace")).hexdigest()
        },
    }


def _uri(path: str) -> str:
    """A relative reference (RFC 3986), or a file address of a path that begins at the root."""
    if sys.platform == "win32" and PureWindowsPath(path).is_absolute():
        return PureWindowsPath(path).as_uri()
    address = quote(path.replace("\\", "/").removeprefix("./").encode("utf-8", "surrogateescape"), safe="/-._~:+@")
    if address.startswith("/"):
        return f"file://{address}"
    # A first segment with a colon would be read as a scheme (4.2).
    return f"./{address}" if ":" in address.partition("/")[0] else address
