"""``explain``: what a pasted message, a rule's id or one of our own codes means, and a question in everyday words.

Messages are found without loading the rules: those need the libraries that parse certificates.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, UnsetType

from sfkeytool.acceptance.blanks import as_seen, ready_to_type
from sfkeytool.acceptance.explanations import EXPLANATIONS, Explanation, System
from sfkeytool.acceptance.explanations.matching import Match, match_messages
from sfkeytool.acceptance.rule import Basis, Severity
from sfkeytool.errors import ErrorExit, InputError
from sfkeytool.model import Code, Outcome, Profile, Request, Result
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.acceptance import codes
    from sfkeytool.acceptance.explanations.topics import Topic
    from sfkeytool.acceptance.rule import Rule

_ALL = "see them all: sfkeytool explain --list"
_ID = re.compile(r"[a-z]+(\.[a-z0-9-]+)+")


class ExplainRequest(Request, frozen=True, kw_only=True):
    """``text`` is None for a list of all that is known; ``-`` is standard input, and a file's path its lines."""

    text: str | None = None


class KnownMessage(Result, frozen=True, kw_only=True):
    """A mistake and the messages that report it. Only one that was found in a text has ``matched`` and ``whole``."""

    id: Annotated[str, Meta(pattern=r"^error\.[a-z]+\.[a-z0-9-]+$")]
    system: System
    messages: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Verbatim; {word} stands for what differs from user to user"),
    ]
    meaning: str
    causes: Annotated[tuple[str, ...], Meta(min_length=1, description="Likeliest first")]
    fixes: Annotated[tuple[str, ...], Meta(min_length=1, description="Commands stand in backquotes")]
    basis: Basis
    source: str
    retrieved: date
    rules: Annotated[tuple[str, ...], Meta(description="Rules of check that find this beforehand")]
    matched: Annotated[str, Meta(description="The message that was found in the text")] | UnsetType = UNSET
    whole: Annotated[bool, Meta(description="Whether all of it was there")] | UnsetType = UNSET
    line: Annotated[int, Meta(ge=1, description="Of a log: the line in which it stands first")] | UnsetType = UNSET


class KnownRule(Result, frozen=True, kw_only=True):
    """What a rule says, without a file."""

    id: str
    severity: Severity
    title: str
    why: str
    salesforce_message: str | None
    fix: str
    profiles: Annotated[tuple[Profile, ...], Meta(min_length=1)]
    basis: Basis
    source: str
    retrieved: date


class KnownCode(Result, frozen=True, kw_only=True):
    """A code of an error or a notice of sfkeytool itself."""

    id: Code
    name: Annotated[str, Meta(pattern="^[A-Za-z]+Error$", description="The error's class; null for a notice")] | None
    exit_code: Annotated[ErrorExit, Meta(description="Of a run that the error ends; null for a notice")] | None
    meaning: str
    action: Annotated[str, Meta(description="What to do; commands stand in backquotes")]


class Possible(Result, frozen=True, kw_only=True):
    """One thing that a topic may be about."""

    what: str
    tell: Annotated[str, Meta(description="What tells whether it is; the command stands in backquotes")]


class Further(Result, frozen=True, kw_only=True):
    """An explanation that leads further, and the first of its messages."""

    id: Annotated[str, Meta(pattern=r"^error\.[a-z]+\.[a-z0-9-]+$")]
    message: str


class KnownTopic(Result, frozen=True, kw_only=True):
    """What a question in everyday words may be about."""

    id: Annotated[str, Meta(pattern=r"^topic\.[a-z0-9-]+$")]
    title: str
    possibilities: Annotated[tuple[Possible, ...], Meta(min_length=1, description="Likeliest first, as we see it")]
    further: Annotated[tuple[Further, ...], Meta(description="Exact messages that say more")]


class Explained(Result, frozen=True, kw_only=True):
    """What is known of a text, best first, or of a log, in its order; or all that is known."""

    explanations: tuple[KnownMessage, ...]
    rules: tuple[KnownRule, ...]
    codes: tuple[KnownCode, ...]
    topics: Annotated[
        tuple[KnownTopic, ...], Meta(description="Of a question in which nothing else is known; with --list all")
    ]
    lines: Annotated[int, Meta(ge=1, description="Lines of the log that were read")] | UnsetType = UNSET


def explain(text: str) -> Outcome[Explained]:
    """What is known of ``text``. Pure.

    Raises InputError (explain.no-match, with the nearest three as hints; explain.empty) if nothing is known.
    """
    if not text.strip():
        raise InputError("explain.empty", "there is no text to explain", _ALL)
    wanted = text.strip().casefold()
    by_id = [explanation for explanation in EXPLANATIONS if explanation.id == wanted]
    rules = [rule for rule in _catalogue() if rule.id == wanted] if _is_id(wanted) and not by_id else []
    codes = [code for code in _codes() if code.id == wanted]
    matches = () if by_id or rules or codes else match_messages(text) or _broken(text)
    topics = () if by_id or rules or codes or matches else _asked(text, wanted)
    if not (by_id or rules or codes or matches or topics):
        raise InputError("explain.no-match", "no known message, rule, code or topic is in this text", *_nearest(wanted))
    result = Explained(
        explanations=(
            *(_describe_explanation(each) for each in by_id),
            *(_describe_explanation(match.explanation, match) for match in matches),
        ),
        rules=tuple(_describe_rule(rule) for rule in rules),
        codes=tuple(_describe_code(code) for code in codes),
        topics=tuple(_describe_topic(topic) for topic in topics),
    )
    return Outcome(result=result)


def explain_log(lines: Iterable[tuple[int, str]]) -> Outcome[Explained]:
    """What is known of the messages in ``lines``, each a number and a text, in their order. Holds a few at a time.

    Raises InputError (explain.empty, explain.no-match with the number of lines) if there is none. What the log says
    besides, secrets among it, is in neither.
    """
    from sfkeytool.acceptance.explanations.logs import find_in_log

    read = 0

    def counted() -> Iterator[tuple[int, str]]:
        nonlocal read
        for number, text in lines:
            read = number
            yield number, text

    found = find_in_log(counted())
    if not found:
        if not read:
            raise InputError("explain.empty", "there is no text to explain", _ALL)
        raise InputError("explain.no-match", f"{counted_lines(read)} read, no message known", _ALL)
    result = Explained(
        explanations=tuple(_describe_explanation(each.match.explanation, each.match, each.line) for each in found),
        rules=(),
        codes=(),
        topics=(),
        lines=read,
    )
    return Outcome(result=result)


def counted_lines(count: int) -> str:
    """``1 line``, ``12,345 lines``. Pure."""
    return f"{count:,} line{'' if count == 1 else 's'}"


def is_id(text: str) -> bool:
    """Whether an explanation, a rule, a code or a topic has this id. Pure."""
    wanted = text.strip().casefold()
    if not re.fullmatch(_ID, wanted):
        return False
    known = (each.id for all_ in (EXPLANATIONS, _codes(), _topics(), _catalogue()) for each in all_)
    return wanted in known


def list_all() -> Outcome[Explained]:
    """Every explanation, rule, code and topic. Pure."""
    result = Explained(
        explanations=tuple(_describe_explanation(each) for each in EXPLANATIONS),
        rules=tuple(_describe_rule(rule) for rule in _catalogue()),
        codes=tuple(_describe_code(code) for code in _codes()),
        topics=tuple(_describe_topic(topic) for topic in _topics()),
    )
    return Outcome(result=result)


def _broken(text: str) -> tuple[Match, ...]:
    """The messages in a text of several lines that a terminal broke within their words."""
    if "\n" not in text:
        return ()
    from sfkeytool.acceptance.explanations.logs import find_in_log

    return tuple(each.match for each in find_in_log(enumerate(text.splitlines(), 1)))


def _describe_explanation(
    explanation: Explanation, match: Match | None = None, line: int | UnsetType = UNSET
) -> KnownMessage:
    return KnownMessage(
        id=explanation.id,
        system=explanation.system,
        messages=tuple(as_seen(message) for message in explanation.messages),
        meaning=explanation.meaning,
        causes=tuple(ready_to_type(cause) for cause in explanation.causes),
        fixes=tuple(ready_to_type(fix) for fix in explanation.fixes),
        basis=explanation.basis,
        source=explanation.citation,
        retrieved=explanation.retrieved,
        rules=explanation.rules,
        matched=UNSET if match is None else as_seen(match.message),
        whole=UNSET if match is None else match.coverage == 1,
        line=line,
    )


def _describe_rule(rule: "Rule") -> KnownRule:
    return KnownRule(
        id=rule.id,
        severity=rule.severity,
        title=rule.title,
        why=rule.why,
        salesforce_message=rule.salesforce_message,
        fix=ready_to_type(str(rule.fix)),
        profiles=rule.profiles,
        basis=rule.basis,
        source=rule.citation,
        retrieved=rule.retrieved,
    )


def _describe_code(code: "codes.Code") -> KnownCode:
    return KnownCode(
        id=code.id,
        name=code.error.__name__ if code.error else None,
        exit_code=code.exit_code,
        meaning=code.meaning,
        action=code.action,
    )


def _describe_topic(topic: "Topic") -> KnownTopic:
    first = {explanation.id: explanation.messages[0] for explanation in EXPLANATIONS}
    return KnownTopic(
        id=topic.id,
        title=topic.title,
        possibilities=tuple(Possible(what=one.what, tell=ready_to_type(one.tell)) for one in topic.possibilities),
        further=tuple(Further(id=id, message=as_seen(first[id])) for id in topic.explanations),
    )


def _catalogue() -> "tuple[Rule, ...]":
    from sfkeytool.acceptance.catalogue import CATALOGUE

    return CATALOGUE


def _topics() -> "tuple[Topic, ...]":
    from sfkeytool.acceptance.explanations.topics import TOPICS

    return TOPICS


def _asked(text: str, wanted: str) -> "tuple[Topic, ...]":
    """The topic whose id that is, or for which these words ask."""
    from sfkeytool.acceptance.explanations.topic_matching import match_topic

    named = tuple(topic for topic in _topics() if topic.id == wanted)
    asked = None if named else match_topic(text)
    return named or ((asked,) if asked else ())


def _codes() -> "tuple[codes.Code, ...]":
    from sfkeytool.acceptance.codes import CODES

    return CODES


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and not text.startswith("error.")


def _nearest(wanted: str) -> tuple[str, ...]:
    """Hints: the three explanations, or rules and codes where the text is built like an id, that are most like it."""
    known: dict[str, tuple[str, str]] = {}
    if _is_id(wanted):
        known |= {rule.id: (rule.id, rule.title) for rule in _catalogue()}
        known |= {code.id: (code.id, code.meaning.rstrip(".")) for code in _codes()}
        known |= {topic.id: (topic.id, topic.title) for topic in _topics()}
    for explanation in EXPLANATIONS:
        known[explanation.id] = (explanation.id, as_seen(explanation.messages[0]))
        known |= {message.casefold(): (explanation.id, as_seen(message)) for message in explanation.messages}
    near = difflib.get_close_matches(wanted[:300], known, n=12, cutoff=0.0)
    titles = dict(known[text] for text in reversed(near))  # of an explanation's messages the nearest one counts
    ids = list(dict.fromkeys(known[text][0] for text in near))[:3]
    return tuple(f"nearest: {shell_line(['sfkeytool', 'explain', id])} ({titles[id]})" for id in ids)
