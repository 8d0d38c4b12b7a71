"""``explain``: what a pasted message, a rule's id or one of our own codes means.

Messages are found without loading the rules: those need the libraries that parse certificates.
"""

import difflib
import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import Struct

from sfkeytool.acceptance.blanks import as_seen, ready_to_type
from sfkeytool.acceptance.explanations import EXPLANATIONS, Explanation, System
from sfkeytool.errors import InputError

if TYPE_CHECKING:
    from sfkeytool.acceptance.codes import Code
    from sfkeytool.acceptance.rule import Rule

_MAXIMUM_LENGTH = 50_000
"""Characters of a pasted text that are looked at, from its end: a log is cut, not refused."""
_LONGEST_NAME = 12
"""Words that one placeholder may stand for: a path with blanks has that many."""
_SHORT = 4
"""Words up to which a message could also be said of anything else."""
_PARTIAL_COVERAGE = 0.4
_PARTIAL_WORDS = 3
_COMMON_WORDS = (
    "a an and are as at be been by can cannot could did do does doesnt for from had has have in into is it its least"
    " many must no not of on or so such than that the there these this to too was were will with you your already"
    " routines"
)
_COMMON = frozenset(_COMMON_WORDS.split())
"""Words that tell next to nothing, in any message."""
_ID = re.compile(r"[a-z]+(\.[a-z0-9-]+)+")
_GAP = ""

_SIGNS: dict[System, frozenset[str]] = {
    System.CKM: frozenset({"salesforce", "ckm", "keystore", "certificate", "import", "setup", "jks"}),
    System.KEYTOOL: frozenset({"keytool", "java", "keystore", "jks", "keystoreexception"}),
    System.OPENSSL: frozenset({"openssl", "routines", "pkcs12", "pem", "asn1"}),
    System.JWT: frozenset({"jwt", "grant", "oauth2", "salesforce", "description", "authenticating", "sfdx", "sf"}),
    System.DEPLOY: frozenset({"deploy", "salesforce", "metadata", "component", "sf", "sfdx"}),
    System.PYTHON: frozenset({"python", "jwt", "traceback", "valueerror", "jks", "cryptography"}),
}
"""Words of which one must stand around a message of a few common words: the words alone could be about anything."""


class Match(Struct, frozen=True):
    """An explanation, and how much of one of its messages the text holds: ``coverage`` 1.0 is all of it."""

    explanation: Explanation
    message: str
    coverage: float
    weight: float
    start: int
    end: int

    @property
    def words(self) -> int:
        return self.end - self.start


def match_messages(text: str) -> tuple[Match, ...]:
    """The known messages in ``text``, best first; empty if there is none. Pure.

    A whole message, with whatever names where its placeholders are, counts wherever it stands. Failing that, a telling
    part of one message counts, if no other explanation's has as much of the text.
    """
    words = _words(text[-_MAXIMUM_LENGTH:])
    found = sorted(_matches(words), key=lambda match: -match.weight)
    whole = [match for match in found if match.coverage == 1 and _belongs(match, words)]
    if whole:
        return _without_wrappers(_without_contained(whole))
    parts = [match for match in found if match.coverage >= _PARTIAL_COVERAGE and _tells(match, words)]
    if not parts:
        return ()
    best = max(parts, key=lambda match: (match.weight, match.coverage))
    rivals = {
        match.explanation.id
        for match in found
        if match.weight > 0.9 * best.weight and best.message.casefold() not in match.message.casefold()
    }
    return (best,) if rivals <= {best.explanation.id} else ()


def explain(text: str) -> dict[str, Any]:
    """JSON-ready facts: ``explanations``, ``rules`` or ``codes``, best first. Pure.

    Raises InputError (explain.no-match, with the nearest three as hints; explain.empty) if nothing is known.
    """
    if not text.strip():
        raise InputError("explain.empty", "there is no text to explain", "see them all: sfkeytool explain --list")
    wanted = text.strip().casefold()
    by_id = [explanation for explanation in EXPLANATIONS if explanation.id == wanted]
    rules = [rule for rule in _catalogue() if rule.id == wanted] if _is_id(wanted) and not by_id else []
    codes = [code for code in _codes() if code.id == wanted]
    matches = () if by_id or rules or codes else match_messages(text)
    if not (by_id or rules or codes or matches):
        raise InputError("explain.no-match", "no known message, rule or code is in this text", *_nearest(wanted))
    return {
        "explanations": [describe_explanation(each) for each in by_id]
        + [describe_explanation(match.explanation) | _match_facts(match) for match in matches],
        "rules": [describe_rule(rule) for rule in rules],
        "codes": [describe_code(code) for code in codes],
    }


def list_all() -> dict[str, Any]:
    """JSON-ready facts of every explanation, rule and code. Pure."""
    return {
        "explanations": [describe_explanation(each) for each in EXPLANATIONS],
        "rules": [describe_rule(rule) for rule in _catalogue()],
        "codes": [describe_code(code) for code in _codes()],
    }


def describe_explanation(explanation: Explanation) -> dict[str, Any]:
    """JSON-ready facts. Pure."""
    return {
        "id": explanation.id,
        "system": str(explanation.system),
        "messages": [as_seen(message) for message in explanation.messages],
        "meaning": explanation.meaning,
        "causes": [ready_to_type(cause) for cause in explanation.causes],
        "fixes": [ready_to_type(fix) for fix in explanation.fixes],
        "basis": str(explanation.basis),
        "source": explanation.citation,
        "retrieved": explanation.retrieved.isoformat(),
        "rules": list(explanation.rules),
    }


def describe_rule(rule: "Rule") -> dict[str, Any]:
    """JSON-ready facts of what a rule says, without a file. Pure."""
    return {
        "id": rule.id,
        "severity": str(rule.severity),
        "title": rule.title,
        "why": rule.why,
        "salesforceMessage": rule.salesforce_message,
        "fix": ready_to_type(str(rule.fix)),
        "profiles": [str(profile) for profile in rule.profiles],
        "basis": str(rule.basis),
        "source": rule.citation,
        "retrieved": rule.retrieved.isoformat(),
    }


def describe_code(code: "Code") -> dict[str, Any]:
    """JSON-ready facts of one of our own codes; ``name`` and ``exitCode`` are an error's, None for a notice. Pure."""
    return {
        "id": code.id,
        "name": code.error.__name__ if code.error else None,
        "exitCode": code.exit_code,
        "meaning": code.meaning,
        "action": code.action,
    }


def _match_facts(match: Match) -> dict[str, Any]:
    return {"matched": as_seen(match.message), "whole": match.coverage == 1}


def _catalogue() -> "tuple[Rule, ...]":
    from sfkeytool.acceptance.catalogue import CATALOGUE

    return CATALOGUE


def _codes() -> "tuple[Code, ...]":
    from sfkeytool.acceptance.codes import CODES

    return CODES


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and not text.startswith("error.")


# Finding messages: texts and messages become words, and the longest run of a message's words is looked for.


def _words(text: str) -> tuple[str, ...]:
    """Lower-case words without punctuation; ``hasn't`` is one word, however its apostrophe is written or escaped."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", unquote(text))
    text = re.sub(r"\\u0027|&#0?39;|&apos;", "'", text)
    text = re.sub(r"\\[nrt]", " ", re.sub(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}`](?=\w)", "", text))
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


@cache
def _patterns() -> tuple[tuple[Explanation, str, tuple[str, ...]], ...]:
    """Each message with its words; a gap, the empty word, where a placeholder is."""
    return tuple(
        (explanation, message, _pattern(message)) for explanation in EXPLANATIONS for message in explanation.messages
    )


def _pattern(message: str) -> tuple[str, ...]:
    parts = [_words(part) for part in re.split(r"\{\w+\}", message)]
    words = [word for part in parts for word in (*part, _GAP)]
    while words[-1] == _GAP:  # a name at the end may be missing
        words.pop()
    return tuple(words)


@cache
def _weights() -> dict[str, float]:
    """What a word tells: much if few messages have it."""
    frequency = Counter(word for _, _, pattern in _patterns() for word in set(pattern))
    weights = {word: 1 + math.log(len(_patterns()) / count) for word, count in frequency.items()}
    return weights | dict.fromkeys(_COMMON, 0.25) | {_GAP: 0.0}


def _matches(words: Sequence[str]) -> list[Match]:
    """For each message its best run in ``words``."""
    positions: dict[str, list[int]] = {}
    for position, word in enumerate(words):
        positions.setdefault(word, []).append(position)
    found = []
    for explanation, message, pattern in _patterns():
        weight, start, end = _longest_run(pattern, positions)
        if weight:
            total = sum(_weights()[word] for word in pattern)
            coverage = 1.0 if math.isclose(weight, total) else weight / total
            found.append(Match(explanation, message, coverage, weight, start, end))
    return found


def _longest_run(pattern: Sequence[str], positions: dict[str, list[int]]) -> tuple[float, int, int]:
    """Weight, start and end of the heaviest run of neighbouring words of ``pattern``; a gap swallows some words.

    ``runs`` maps the position after a run to the run's weight and start.
    """
    best = (0.0, 0, 0)
    runs: dict[int, tuple[float, int]] = {}
    for word in pattern:
        following: dict[int, tuple[float, int]] = {}
        if word == _GAP:
            for position, run in runs.items():
                for end in range(position, position + _LONGEST_NAME + 1):
                    following[end] = max(run, following.get(end, (0.0, 0)))
        else:
            for position in positions.get(word, ()):
                weight, start = runs.get(position, (0.0, position))
                following[position + 1] = (weight + _weights()[word], start)
                best = max(best, (weight + _weights()[word], start, position + 1))
        runs = following
    return best


def _belongs(match: Match, words: Sequence[str]) -> bool:
    """Whether a match that is short is the better part of the text, or stands where one expects it."""
    if match.words > _SHORT or 3 * match.words >= 2 * len(words):
        return True
    around = {*words[: match.start], *words[match.end :]}
    return not around.isdisjoint(_SIGNS[match.explanation.system])


def _tells(match: Match, words: Sequence[str]) -> bool:
    """Whether a part of a message is more than a turn of phrase."""
    telling = {word for word in words[match.start : match.end] if word in _weights()} - _COMMON
    return len(telling) > 1 and match.words >= _PARTIAL_WORDS and _belongs(match, words)


def _without_contained(matches: Sequence[Match]) -> list[Match]:
    """One match an explanation, and none that is a part of a better one's words."""
    kept: list[Match] = []
    for match in matches:
        contained = any(
            other.explanation.id == match.explanation.id or (other.start <= match.start and match.end <= other.end)
            for other in kept
        )
        if not contained:
            kept.append(match)
    return kept


def _without_wrappers(matches: Sequence[Match]) -> tuple[Match, ...]:
    return tuple(match for match in matches if not match.explanation.wrapper) or tuple(matches)


def _nearest(wanted: str) -> tuple[str, ...]:
    """Hints: the three explanations, or rules and codes where the text is built like an id, that are most like it."""
    known: dict[str, tuple[str, str]] = {}
    if _is_id(wanted):
        known |= {rule.id: (rule.id, rule.title) for rule in _catalogue()}
        known |= {code.id: (code.id, code.meaning.rstrip(".")) for code in _codes()}
    for explanation in EXPLANATIONS:
        known[explanation.id] = (explanation.id, as_seen(explanation.messages[0]))
        known |= {message.casefold(): (explanation.id, as_seen(message)) for message in explanation.messages}
    near = difflib.get_close_matches(wanted[:300], known, n=12, cutoff=0.0)
    titles = dict(known[text] for text in reversed(near))  # of an explanation's messages the nearest one counts
    ids = list(dict.fromkeys(known[text][0] for text in near))[:3]
    return tuple(f"nearest: sfkeytool explain {id} ({titles[id]})" for id in ids)
