"""The report: what was asked, what came of it, which rules that settles. For strangers: no names, no keys, no Ids."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from live.question import Outcome, Verdict
from live.questions import NOT_ASKED
from live.walk import Walked
from sfkeytool import __version__
from sfkeytool.acceptance.catalogue import CATALOGUE

_LONGEST = 400
_PUBLIC = ("login.salesforce.com", "test.salesforce.com", "help.salesforce.com", "developer.salesforce.com")
_PRIVATE = (
    (re.compile(r"\b(?:00D|005|0P1|00e|0Af|09S|888|0H4|0XX)[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\b"), "(an Id)"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "(an address)"),
    (re.compile(r"\b(?:[\w-]+\.)+(?:salesforce|force|salesforce-setup|crmforce)\.(?:com|mil)\b"), "(a host)"),
    (re.compile(r"\b3MVG9[\w.]{20,}"), "(a consumer key)"),
    (re.compile(r"-----BEGIN.*?(?:-----END[^-]*-----|$)", re.DOTALL), "(PEM)"),
    (re.compile(r"[A-Za-z0-9+/_.=-]{80,}"), "(a long value)"),
)


def as_json(walked: Walked, secrets: Iterable[str], now: datetime, door: str) -> dict[str, Any]:
    """The whole report; every text in it is cleaned."""
    basis = {rule.id: str(rule.basis) for rule in CATALOGUE}
    hidden = sorted(filter(None, secrets), key=len, reverse=True)
    report = {
        "format": 1,
        "sfkeytool": __version__,
        "at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "org": {
            "edition": walked.kind.edition,
            "kind": "scratch" if walked.kind.is_scratch else "sandbox",
            "apiVersion": walked.kind.api_version,
        },
        "door": door,
        "interrupted": walked.is_interrupted,
        "rules": [
            {"rule": rule, "basis": basis.get(rule, "sources"), "verdict": str(verdict), "questions": ids}
            for rule, (verdict, ids) in settled(walked.outcomes).items()
        ],
        "notAsked": [
            {"rule": rule, "basis": basis.get(rule, "sources"), "why": why} for rule, why in NOT_ASKED.items()
        ],
        "questions": [_question(outcome) for outcome in walked.outcomes],
        "left": [{"what": what, "why": why} for what, why in walked.left],
    }
    everything: dict[str, Any] = _cleaned(report, hidden)
    return everything


def settled(outcomes: Iterable[Outcome]) -> dict[str, tuple[Verdict, list[str]]]:
    """Each rule with what came of it, the worst first, and the questions that say so."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for rule in outcome.question.settles:
            found.setdefault(rule, []).append(outcome)
    order = list(Verdict)
    judged = {rule: min((each.verdict for each in all), key=order.index) for rule, all in found.items()}
    return {
        rule: (judged[rule], [each.question.id for each in found[rule] if each.verdict is judged[rule]])
        for rule in sorted(judged, key=lambda rule: (order.index(judged[rule]), rule))
    }


def _question(outcome: Outcome) -> dict[str, Any]:
    question, answer = outcome.question, outcome.answer
    told: dict[str, Any] = {
        "id": question.id, "asks": question.asks, "settles": list(question.settles), "expected": question.expects,
        "verdict": str(outcome.verdict), "observed": answer.observed if answer else None,
    }  # fmt: skip
    if answer is None:
        return told | {"reason": outcome.reason}
    return told | {"words": list(answer.words), "check": answer.check or None, "details": list(answer.details)}


def _cleaned(value: Any, hidden: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(each, hidden) for key, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each, hidden) for each in value]
    return cleaned(value, hidden) if isinstance(value, str) else value


def cleaned(text: str, hidden: list[str]) -> str:
    """Without these texts, and what looks like a name, an Id, a host or a key of somebody's; on one line."""
    for each in hidden:
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "(hidden)", text)
    for pattern, stands_in in _PRIVATE:
        text = pattern.sub(lambda found, it=stands_in: found[0] if found[0] in _PUBLIC else it, text)  # type: ignore[misc]
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text[:_LONGEST]


def as_markdown(report: dict[str, Any]) -> str:
    """The same for people."""
    org = report["org"]
    lines = [
        "# What an org answered",
        "",
        f"sfkeytool {report['sfkeytool']}, {report['at']}, {org['kind']}, {org['edition']}, API {org['apiVersion']},"
        f" import page by {report['door']}.",
        "",
        "Confirmed: the org did what sfkeytool goes by; what it only warns of was taken, and what it calls an error was",
        "refused. Refuted: it did not.",
    ]
    if report["interrupted"]:
        lines += ["", "**The run was interrupted: what is open was not asked.**"]
    if report["left"]:
        lines += ["", "## Still in the org", ""]
        lines += [f"- {each['what']}: {each['why']}" for each in report["left"]]
    for verdict, title in _TITLES.items():
        rules = [each for each in report["rules"] if each["verdict"] == verdict]
        if rules:
            lines += ["", f"## {title}", ""]
            lines += [f"- {_code(each['rule'])} ({each['basis']}), by {', '.join(each['questions'])}" for each in rules]
    lines += ["", "## Not asked", ""]
    lines += [f"- {_code(each['rule'])}: {each['why']}" for each in report["notAsked"]]
    lines += ["", "## Every question", ""]
    for each in report["questions"]:
        lines += [f"### {each['id']}: {each['verdict']}", "", _plain(each["asks"]), ""]
        told = {
            "expected": each["expected"], "observed": each["observed"], "not answered": each.get("reason"),
            "the org": " / ".join(each.get("words", ())), "check": each.get("check"),
            "beside": "; ".join(each.get("details", ())),
        }  # fmt: skip
        lines += [f"- {name}: {_plain(text)}" for name, text in told.items() if text] + [""]
    return "\n".join(lines).rstrip() + "\n"


_TITLES = {
    Verdict.REFUTED: "Refuted", Verdict.CONFIRMED: "Confirmed",
    Verdict.TOLD: "Answered, where nothing was expected", Verdict.OPEN: "Still open",
}  # fmt: skip


def _code(rule: str) -> str:
    return f"`{rule}`" if rule.count(".") == 2 and " " not in rule else f'"{_plain(rule)}"'


def _plain(text: str) -> str:
    """An org's words are no markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)


def write(walked: Walked, secrets: Iterable[str], folder: Path, now: datetime, door: str) -> tuple[Path, Path]:
    """``live-report.md`` and ``live-report.json``."""
    report = as_json(walked, secrets, now, door)
    folder.mkdir(parents=True, exist_ok=True)
    pages = folder / "live-report.md", folder / "live-report.json"
    pages[0].write_text(as_markdown(report), encoding="utf-8")
    pages[1].write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return pages
