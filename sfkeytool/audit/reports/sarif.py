"""What the audit found, as SARIF 2.1.0 (OASIS): code scanning and editors show it at the files."""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import PureWindowsPath
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from sfkeytool import __version__
from sfkeytool.audit.advice import step_text
from sfkeytool.audit.model import Finding, Inventory, Item, Status
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


class Wrong(Struct, frozen=True):
    """One thing for somebody to look at."""

    rule: str
    text: str
    source: str
    """The org's alias, or empty for a file whose path says all."""
    path: str
    part: str
    identity: tuple[str, ...]
    """What stays the same from one audit to the next, but for its place."""

    @property
    def level(self) -> str:
        """``error`` or ``warning``: the words of SARIF and of GitHub."""
        return _RULES[self.rule][0]


def what_is_wrong(inventory: Inventory) -> Iterator[Wrong]:
    """In the inventory's order; what could not be read comes last. Pure."""
    for item in inventory.items:
        yield from _wrong_with(item)
    for source in inventory.sources:
        for problem in source.problems:
            text = f"not read: {problem.message} ({problem.code})"
            org, path = (problem.source, problem.path) if source.org else ("", problem.path or problem.source)
            yield Wrong(_UNREADABLE, text, org, path, "", (_UNREADABLE, problem.code))


def encode(inventory: Inventory) -> Iterator[bytes]:
    """ASCII, one line: what is expired, due, uncovered or leads nowhere, and what could not be read. Pure.

    What lies in an org has the place that the Salesforce CLI names it by (``ConnectedApp:Pay``) below the org's alias:
    code scanning takes no result without a file.
    """
    results = map(_result, what_is_wrong(inventory))
    rules = [
        {
            "id": name,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": level},
        }
        for name, (level, text) in _RULES.items()
    ]
    driver = {"name": "sfkeytool", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": []}
    # What it was made by stands first: an earlier report is known by that.
    frame = _text({"runs": [run], "version": "2.1.0", "$schema": _SCHEMA})
    before, _, after = frame.rpartition(b"[]")
    separator = before + b"["
    for result in results:
        yield separator + _text(result)
        separator = b","
    yield (frame if separator != b"," else b"]" + after) + b"\n"


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _wrong_with(item: Item) -> Iterator[Wrong]:
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
        yield Wrong(
            rule,
            " ".join([f"{carrier.kind} {carrier.name}", f"({named}):", what + until, *more]),
            carrier.source if carrier.in_org else "",
            carrier.path,
            carrier.part,
            (rule, str(carrier.kind), carrier.name, carrier.certificate.sha256 if carrier.certificate else ""),
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


def _result(wrong: Wrong) -> dict[str, Any]:
    source, path, part = wrong.source, wrong.path, wrong.part
    whole = f"{source}/{path}" if source and path and not path.startswith(source) else path or source
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(whole)}, "region": {"startLine": 1}}}
    if part:
        place["logicalLocations"] = [{"name": escape_unprintable(part)}]
    return {
        "ruleId": wrong.rule,
        "ruleIndex": list(_RULES).index(wrong.rule),
        "level": wrong.level,
        "message": {"text": escape_unprintable(wrong.text)},
        "locations": [place],
        "partialFingerprints": {
            "sfkeytool/v1": sha256("\0".join((*wrong.identity, whole, part)).encode("utf-8", "replace")).hexdigest()
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
