"""Finds known messages in a pasted text. Without the rules: those need the libraries that parse certificates.

Texts and messages become words, and the longest run of a message's words is looked for.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from urllib.parse import unquote

from msgspec import Struct

from sfkeytool.acceptance.explanations import EXPLANATIONS, Explanation, System

_MAXIMUM_LENGTH = 50_000
"""Characters of a pasted text that are looked at, from its end: a log is cut, not refused."""
_LONGEST_NAME = 12
"""Words that one placeholder may stand for: a path with blanks has that many."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""ECMA-48: control sequences, a terminal's title or link, and single functions."""
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
GAP = ""
"""What stands in a message's words where a placeholder is."""

_WINDOWS_SIGNS = (
    "certutil certificate certificates certreq cryptographicexception windowscryptographicexception export"
    " exportpfx importpfx keyset mmc nte ncryptopenkey pfx pfxexportcertstoreex powershell provider windows"
)
_LOGIN_SIGNS = "400 authenticating authenticationerror description grant http jwt oauth2 restforce salesforce sf sfdx"
_SIGNS: dict[System, frozenset[str]] = {
    System.CKM: frozenset({"salesforce", "ckm", "keystore", "certificate", "import", "setup", "jks"}),
    System.KEYTOOL: frozenset({"keytool", "java", "keystore", "jks", "keystoreexception"}),
    System.OPENSSL: frozenset({"openssl", "routines", "pkcs12", "pem", "asn1", "ssl", "x509"}),
    System.WINDOWS: frozenset(_WINDOWS_SIGNS.split()),
    System.JWT: frozenset(_LOGIN_SIGNS.split()),
    System.CLIENT: frozenset({"salesforce", "sf", "sfdx", "jwt", "restforce", "jsforce", "org", "errorcode", "failed"}),
    System.TLS: frozenset(
        {"ssl", "tls", "https", "handshake", "curl", "fetch", "salesforce", "sf", "sfdx", "node", "certificate"}
    ),
    System.DEPLOY: frozenset({"deploy", "salesforce", "metadata", "component", "sf", "sfdx"}),
    System.PYTHON: frozenset({"python", "jwt", "traceback", "valueerror", "jks", "cryptography"}),
}
"""Words of which one must stand around a message of a few common words: the words alone could be about anything."""
_OF_THE_LANGUAGE = frozenset({"java"})
"""Signs that mean nothing around the name of a class of Java's: they say that the program is one in Java."""


class Pattern(Struct, frozen=True):
    """A message of an explanation as its words; GAP where a placeholder is."""

    explanation: Explanation
    message: str
    words: tuple[str, ...]


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
    words = words_of(text[-_MAXIMUM_LENGTH:])
    found = sorted(matches_in(words, patterns()), key=lambda match: -match.weight)
    whole = [match for match in found if match.coverage == 1 and stands_out(match, words)]
    if whole:
        return without_wrappers(without_contained(whole))
    parts = [
        match
        for match in found
        if match.coverage >= _PARTIAL_COVERAGE and not match.explanation.whole and _tells(match, words)
    ]
    if not parts:
        return ()
    best = max(parts, key=lambda match: (match.weight, match.coverage))
    rivals = {
        match.explanation.id
        for match in found
        if match.weight > 0.9 * best.weight and best.message.casefold() not in match.message.casefold()
    }
    return (best,) if rivals <= {best.explanation.id} else ()


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words without punctuation; ``hasn't`` is one, however its apostrophe is written or escaped. Pure."""
    text = plain_line(unquote(text))
    text = re.sub(r"\\u0027|&#0?39;|&apos;", "'", text)
    text = re.sub(r"\\[nrt]", " ", re.sub(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}`](?=\w)", "", text))
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


def plain_line(text: str) -> str:
    """``text`` without what colours it on a terminal, moves its cursor or names its window. Pure."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


@cache
def patterns() -> tuple[Pattern, ...]:
    """Every known message. Pure."""
    return tuple(
        Pattern(explanation, message, _pattern(message))
        for explanation in EXPLANATIONS
        for message in explanation.messages
    )


def _pattern(message: str) -> tuple[str, ...]:
    parts = [words_of(part) for part in re.split(r"\{\w+\}", message)]
    words = [word for part in parts for word in (*part, GAP)]
    while words[-1] == GAP:  # a name at the end may be missing
        words.pop()
    return tuple(words)


def messages_as_words() -> tuple[tuple[str, ...], ...]:
    """Each known message as its words, without its placeholders. Pure."""
    return tuple(tuple(word for word in pattern.words if word != GAP) for pattern in patterns())


@cache
def weights() -> dict[str, float]:
    """What a word tells: much if few messages have it."""
    frequency = Counter(word for pattern in patterns() for word in set(pattern.words))
    weights = {word: 1 + math.log(len(patterns()) / count) for word, count in frequency.items()}
    return weights | dict.fromkeys(_COMMON, 0.25) | {GAP: 0.0}


def matches_in(words: Sequence[str], wanted: Sequence[Pattern]) -> list[Match]:
    """For each message of ``wanted`` its best run in ``words``. Pure."""
    positions: dict[str, list[int]] = {}
    for position, word in enumerate(words):
        positions.setdefault(word, []).append(position)
    found = []
    for pattern in wanted:
        weight, start, end = _longest_run(pattern.words, positions)
        if weight:
            total = sum(weights()[word] for word in pattern.words)
            coverage = 1.0 if math.isclose(weight, total) else weight / total
            found.append(Match(pattern.explanation, pattern.message, coverage, weight, start, end))
    return found


def _longest_run(pattern: Sequence[str], positions: dict[str, list[int]]) -> tuple[float, int, int]:
    """Weight, start and end of the heaviest run of neighbouring words of ``pattern``; a gap swallows some words.

    ``runs`` maps the position after a run to the run's weight and start.
    """
    best = (0.0, 0, 0)
    runs: dict[int, tuple[float, int]] = {}
    for word in pattern:
        following: dict[int, tuple[float, int]] = {}
        if word == GAP:
            for position, run in runs.items():
                for end in range(position, position + _LONGEST_NAME + 1):
                    following[end] = max(run, following.get(end, (0.0, 0)))
        else:
            for position in positions.get(word, ()):
                weight, start = runs.get(position, (0.0, position))
                following[position + 1] = (weight + weights()[word], start)
                best = max(best, (weight + weights()[word], start, position + 1))
        runs = following
    return best


def stands_out(match: Match, words: Sequence[str]) -> bool:
    """Whether a match that is short is the better part of the text, or stands where one expects it."""
    if match.words > _SHORT or 3 * match.words >= 2 * len(words):
        return True
    around = {*words[: match.start], *words[match.end :]}
    signs = _SIGNS[match.explanation.system]
    return not around.isdisjoint(signs - _OF_THE_LANGUAGE if "java" in words[match.start : match.end] else signs)


def _tells(match: Match, words: Sequence[str]) -> bool:
    """Whether a part of a message is more than a turn of phrase."""
    telling = {word for word in words[match.start : match.end] if word in weights()} - _COMMON
    return len(telling) > 1 and match.words >= _PARTIAL_WORDS and stands_out(match, words)


def without_contained(matches: Sequence[Match]) -> list[Match]:
    """Of matches, the best first: one an explanation, and none that is a part of a better one's words. Pure."""
    kept: list[Match] = []
    for match in matches:
        contained = any(
            other.explanation.id == match.explanation.id or (other.start <= match.start and match.end <= other.end)
            for other in kept
        )
        if not contained:
            kept.append(match)
    return kept


def without_wrappers(matches: Sequence[Match]) -> tuple[Match, ...]:
    """What the wrappers stand around; where that is nothing known, the innermost of them, which comes last. Pure."""
    told = tuple(match for match in matches if not match.explanation.wrapper)
    return told or (max(matches, key=lambda match: match.start),)
