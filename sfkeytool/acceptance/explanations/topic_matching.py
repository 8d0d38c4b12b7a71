"""Finds the topic of a question in everyday words. Certain or nothing: no topic beside one word that is not known."""

import re
from functools import cache

from sfkeytool.acceptance.explanations.matching import messages_as_words, words_of
from sfkeytool.acceptance.explanations.topics import ASIDES, FILLER, TOPICS, VOCABULARY, Topic

_LONGEST = 24
"""Words of a question: what is longer is a log or a letter."""
_QUOTED = 3
"""So many words in a row that stand so in a known message are a part of that, not everyday words."""

_FILES = {"jks": "keystore", "p12": "pfx", "pfx": "pfx", "p7b": "p7b", "crt": "crt", "cer": "crt", "pem": "pem"}
_FILE = re.compile(rf"\S+\.({'|'.join(_FILES)}|key|csr|json)\b", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Za-z]\w*_\w+\b")
"""What may stand in a question as somebody's own: a file's name and a NAME."""


def match_topic(text: str) -> Topic | None:
    """The one topic that ``text``, in which no known message was found, asks for. None if that is not certain. Pure."""
    words = words_of(_NAME.sub(" ", _FILE.sub(lambda file: f" {_FILES.get(file[1].lower(), 'key')} ", text[:1000])))
    if not 0 < len(words) <= _LONGEST or _is_quoted(words):
        return None
    concepts = _concepts(words)
    if concepts is None:
        return None
    fitting = [(len(asked), topic) for topic in TOPICS for asked in _asked(topic) if asked <= concepts]
    longest = max((length for length, _ in fitting), default=0)
    best = {topic.id: topic for length, topic in fitting if length == longest}
    return next(iter(best.values())) if len(best) == 1 else None


def _concepts(words: tuple[str, ...]) -> frozenset[str] | None:
    """What the words mean, the longest phrases first; None if there is one that is not known."""
    phrases = _phrases()
    found = set()
    position = 0
    while position < len(words):
        for length in range(min(len(words) - position, _longest_phrase()), 0, -1):
            concept = phrases.get(words[position : position + length])
            if concept is not None:
                found.add(concept)
                position += length
                break
        else:
            if words[position] not in _filler() and not words[position].isdecimal():
                return None
            position += 1
    return frozenset(found)


def _is_quoted(words: tuple[str, ...]) -> bool:
    if len(words) < _QUOTED:
        return False
    text = f" {' '.join(words)} "
    return any(text in f" {' '.join(message)} " for message in messages_as_words())


@cache
def _asked(topic: Topic) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(asked.split()) for asked in topic.asked)


@cache
def _phrases() -> dict[tuple[str, ...], str]:
    meant = {"": ASIDES, **VOCABULARY}
    return {words_of(phrase): concept for concept, phrases in meant.items() for phrase in phrases.split(",")}


@cache
def _filler() -> frozenset[str]:
    return frozenset(FILLER.split())


@cache
def _longest_phrase() -> int:
    return max(map(len, _phrases()))
