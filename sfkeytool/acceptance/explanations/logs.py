"""Finds known messages in a log: line by line, however long it is, with the lines where they stand.

Every line is looked at for words that only messages have. Where one stands, the lines around it are read as one text:
terminals and CI systems break long lines, and put a time, a name or a colour before each.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from urllib.parse import unquote

from msgspec import Struct

from sfkeytool.acceptance.explanations.matching import (
    GAP,
    Match,
    Pattern,
    matches_in,
    patterns,
    plain_line,
    stands_out,
    weights,
    without_contained,
    without_wrappers,
    words_of,
)

_REACH = 3
"""Lines before and after one that are read with it: the longest message takes three on a terminal of 80 columns."""
_EVENT = 5
"""Lines between two messages up to which they are about one event."""
_WRAPPED = 40
"""Characters of a line from which on a terminal may have broken it within a word."""
_TRIES = 500
"""How often a message is looked for closely: it is told once, and a program may have said it a million times."""
_LINE = 1_000_000
"""Words that no line has: what makes a place in the log of a line and a word."""

_CELL = "\N{BOX DRAWINGS LIGHT VERTICAL}"
_CELL_WORDS = 1_000
"""Words that no cell of a table has."""

_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_PREFIX = re.compile(
    rf"""\s*(?:
      \[?\d{{4}}-\d\d-\d\d[T ]{_TIME}(?:\ ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?   # ISO 8601, as most write it
    | \[?{_TIME}\]?(?=\s)
    | [A-Z][a-z]{{2}}\ +\d{{1,2}}\ {_TIME}\ \S+\ [\w./-]+(?:\[\d+\])?:        # syslog
    | \#\#\[\w+\]                                                             # Azure and GitHub, as it is stored
    | ::(?:error|warning|notice|debug|group)\b[^:]*(?::[^:]+)*?::              # GitHub, as a command
    | section_(?:start|end):\d+:\w+                                           # GitLab
    | \d\d[OE]\+?(?=\s)                                                       # GitLab, stream and continuation
    | \[(?:Pipeline|[A-Z]{{4,7}}|main|[\w.-]+-\d+)\]                          # Jenkins, Maven, threads
    | (?:ERROR|WARN|WARNING|INFO|DEBUG|TRACE|FATAL|SEVERE)\b[:\s]\s*-?
    | [\w.-]+\ *\|(?=\s)                                                      # docker compose
    | \#\d+\ +\d+\.\d+(?=\s)                                                  # docker build
    | npm\ (?:ERR!|error|warn)
    | remote:
    | [│┃|>](?=\s)
    )""",
    re.VERBOSE,
)
_QUICK = re.compile(r"[a-z0-9]+")
_APOSTROPHES = {ord(sign): None for sign in "'`\N{RIGHT SINGLE QUOTATION MARK}"}


class Found(Struct, frozen=True):
    """A message, and the number of the line in which it begins: 1 is the log's first."""

    match: Match
    line: int


class _Line:
    """A line of the log without what was put before it. ``words``, as the matching has them, only where asked for.

    ``quick`` are nearly the same words, fast: enough to pass over the lines in which no message can be. Among them is
    the word that may be broken between the line ``before`` and this one.
    """

    __slots__ = ("_words", "cells", "last", "number", "quick", "text")

    def __init__(self, number: int, text: str, before: "_Line | None") -> None:
        self.number = number
        text = plain_line(text)
        self.cells = text.split(_CELL) if text.count(_CELL) > 1 else []
        self.text = _without_prefix(text)
        quick = self.text.lower().translate(_APOSTROPHES)
        if "\\" in quick or "&" in quick:
            quick = re.sub(r"\\[nrt]", " ", re.sub(r"\\u0027|&#0?39;|&apos;", "", quick))
        if "%" in quick:
            quick = unquote(quick)
        words = _QUICK.findall(quick)
        self.last: str = words[-1] if words else ""
        self.quick = set(words)
        if words and before is not None and _may_be_broken(before, self):
            self.quick.add(before.last + words[0])
        self._words: tuple[str, ...] | None = None

    @property
    def words(self) -> tuple[str, ...]:
        if self._words is None:
            self._words = words_of(self.text)
        return self._words


def find_in_log(lines: Iterable[tuple[int, str]]) -> tuple[Found, ...]:
    """The known messages in ``lines``, each a number and a text, in their order; each explanation once. Pure.

    Only whole messages count. Of those that stand within a few lines of each other, which are about one event, the
    best comes first, as in a pasted text. Memory is bounded by the length of a line, not by that of the log.
    """
    found: dict[tuple[str, int], Match] = {}
    tries: Counter[Pattern] = Counter()
    for window in _windows(lines):
        centre = window[_REACH]
        if centre is None:
            continue
        around = [line for line in window if line is not None]
        possible = [pattern for pattern in _possible(centre, around) if tries[pattern] < _TRIES]
        tries.update(possible)
        for match in _matches_around(around, possible) if possible else ():
            found.setdefault((match.message, match.start), match)
    return tuple(_in_order(found.values()))


def _windows(lines: Iterable[tuple[int, str]]) -> Iterator[Sequence[_Line | None]]:
    """Each line with those around it; None where the log has none."""
    window: deque[_Line | None] = deque([None] * (2 * _REACH + 1), maxlen=2 * _REACH + 1)
    for number, text in lines:
        line = _Line(number, text, window[-1])
        if not line.quick:
            continue
        window.append(line)
        yield window
    for _ in range(_REACH):
        window.append(None)
        yield window


def _possible(centre: _Line, around: Sequence[_Line]) -> list[Pattern]:
    """The messages of which ``centre`` has the most telling word, and all lines have the others."""
    told = _by_telling_word()
    begun = told.keys() & centre.quick
    if not begun:
        return []
    words = frozenset().union(*(line.quick for line in around))
    return [pattern for word in begun for needed, pattern in told[word] if needed <= words]


def _matches_around(lines: Sequence[_Line], possible: Sequence[Pattern]) -> Iterator[Match]:
    """The messages of ``possible`` that are whole in the lines as one text, their places being those in the log."""
    for joined in (_joined, _mended, _by_column) if any(line.cells for line in lines) else (_joined, _mended):
        places, words = joined(lines)
        for match in matches_in(words, possible):
            if match.coverage == 1 and stands_out(match, words):
                start, end = places[match.start], places[match.end - 1] + 1
                yield Match(match.explanation, match.message, 1.0, match.weight, start, end)


def _joined(lines: Sequence[_Line]) -> tuple[list[int], list[str]]:
    places = [line.number * _LINE + index for line in lines for index in range(len(line.words))]
    return places, [word for line in lines for word in line.words]


def _mended(lines: Sequence[_Line]) -> tuple[list[int], list[str]]:
    """The same, where a word was broken with its line, as one word."""
    places, words = _joined(lines[:1])
    for before, line in pairwise(lines):
        more_places, more = _joined([line])
        if words and more and _may_be_broken(before, line):
            words[-1] += more.pop(0)
            more_places.pop(0)
        words += more
        places += more_places
    return places, words


def _by_column(lines: Sequence[_Line]) -> tuple[list[int], list[str]]:
    """The same of a table, column by column: the Salesforce CLI breaks its cells where the terminal is narrow."""
    rows = [line for line in lines if line.cells]
    places, words = [], []
    for column in range(max(len(row.cells) for row in rows)):
        for row in rows:
            for index, word in enumerate(words_of(row.cells[column]) if column < len(row.cells) else ()):
                places.append(row.number * _LINE + column * _CELL_WORDS + index)
                words.append(word)
    return places, words


def _may_be_broken(before: _Line, line: _Line) -> bool:
    end, begin = before.text.rstrip("\r"), line.text.lstrip()
    return len(end) >= _WRAPPED and end[-1:].isalnum() and begin[:1].isalnum()


def _in_order(matches: Iterable[Match]) -> Iterator[Found]:
    """Event by event; each explanation where it stands first."""
    event: list[Match] = []
    told: set[str] = set()
    for match in sorted(matches, key=lambda match: match.start):
        if event and match.start // _LINE - max(each.end for each in event) // _LINE > _EVENT:
            yield from _of_event(event, told)
            event = []
        event.append(match)
    if event:
        yield from _of_event(event, told)


def _of_event(event: Sequence[Match], told: set[str]) -> Iterator[Found]:
    for match in without_wrappers(without_contained(sorted(event, key=lambda match: -match.weight))):
        if match.explanation.id not in told:
            told.add(match.explanation.id)
            first = min(each.start for each in event if each.explanation.id == match.explanation.id)
            yield Found(match, first // _LINE)


def _without_prefix(text: str) -> str:
    """The text without times, levels, marks and names that were put before it, up to six of them."""
    for _ in range(6):
        prefix = _PREFIX.match(text)
        if not prefix:
            break
        text = text[prefix.end() :]
    return text


@cache
def _by_telling_word() -> dict[str, list[tuple[frozenset[str], Pattern]]]:
    """Each message, with its words as a set, under the one that fewest messages have."""
    told: dict[str, list[tuple[frozenset[str], Pattern]]] = {}
    for pattern in patterns():
        words = frozenset(pattern.words) - {GAP}
        told.setdefault(max(sorted(words), key=weights().__getitem__), []).append((words, pattern))
    return told
