"""``explain``: what an error message, a rule or one of our own codes means, or a question in everyday words."""

import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Offer, Question, Values, typed_values
from sfkeytool.cli.render import wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, UsageError
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.model import Outcome
    from sfkeytool.workflows.explain import Explained, KnownCode, KnownMessage, KnownRule, KnownTopic

_SHORT_LINES = 3
"""Up to so many lines of stdin are a pasted message, of which a part may be enough; more are a log."""

_LOGS = (".log", ".out", ".txt")

_FIELDS = (
    Field(
        "text",
        list[str],
        "The message or a part of it, a rule's id, a code of ours, or what is wrong in your own words; a file of that"
        " name is read as a log, and - reads stdin: the messages in it are found.",
        metavar="TEXT...",
        offer=Offer.EXPLAINED,
        required=True,
        unless=("list",),
        convert=" ".join,
        question=Question("Paste the message, or say what is wrong:"),
    ),
    Field("list", bool, "Show all messages, rules, codes and topics that are known.", ("--list",)),
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.explain import ExplainRequest, counted_lines, list_all

    if values["list"] and values["text"]:
        raise UsageError("usage.explain", "--list takes no text", "leave out one of the two")
    request = ExplainRequest.from_values(typed_values(_FIELDS, values))
    outcome = list_all() if request.text is None else _explained(request.text)
    known = outcome.result
    run.console.envelope(outcome.exit_code, known)
    if request.text is None:
        run.console.result(_list_lines(known))
        return outcome.exit_code
    for explanation in known.explanations:
        _show(run, explanation.meaning, _explanation_lines(explanation))
    for rule in known.rules:
        _show(run, rule.title, _rule_lines(rule))
    for code in known.codes:
        _show(run, code.meaning, _code_lines(code))
    for topic in known.topics:
        _show(run, topic.title, _topic_lines(topic))
    if known.lines is not UNSET:
        count = len(known.explanations)
        run.console.say(f"{counted_lines(known.lines)} read, {count} message{'' if count == 1 else 's'} known")
    return outcome.exit_code


def _explained(text: str) -> "Outcome[Explained]":
    """Of a text; of stdin, if it is ``-``; of the lines of a file, if it is the path of one and no id of ours."""
    from sfkeytool.edge.log_reader import is_log, read_log, read_stream
    from sfkeytool.workflows.explain import explain, explain_log, is_id

    if text == "-":
        lines = read_stream(sys.stdin.buffer, "stdin")
        first = list(islice(lines, _SHORT_LINES + 1))
        if len(first) > _SHORT_LINES:
            return explain_log(chain(first, lines))
        try:
            return explain_log(first)
        except InputError as error:
            if error.code != "explain.no-match":
                raise
            return explain("\n".join(line for _, line in first))
    path = Path(text)
    if is_log(path) and not is_id(text):
        return explain_log(read_log(path))
    try:
        return explain(text)
    except InputError as error:
        if error.code == "explain.no-match" and text.split() == [text] and path.suffix.lower() in _LOGS:
            error.hints = (f"there is no file {text}; of one that is there the messages are explained", *error.hints)
        raise


def _show(run: Run, heading: str, lines: Iterator[str]) -> None:
    for line in wrapped(heading):
        run.console.heading(line)
    run.console.result([*lines, ""])


def _explanation_lines(known: "KnownMessage") -> Iterator[str]:
    """What follows an explanation's meaning: causes, fixes, source."""
    for message in known.messages:
        yield from wrapped(f'"{message}"', "  ")
    if known.line is not UNSET:
        yield f"  In line {known.line:,}."
    if known.whole is False:
        yield "  Only a part of the message is in the text."
    yield ""
    yield "Likely causes"
    for number, cause in enumerate(known.causes, 1):
        yield from wrapped(cause, f"{number:>2}. ")
    yield "What to do"
    for fix in known.fixes:
        yield from wrapped(fix, "  - ")
    if known.rules:
        yield from wrapped(f"found beforehand by sfkeytool check: {', '.join(known.rules)}", "  ")
    yield from _source_lines(known)


def _rule_lines(known: "KnownRule") -> Iterator[str]:
    yield from wrapped(known.why, "  ")
    if known.salesforce_message:
        yield from wrapped(f'"{known.salesforce_message}"', "  ")
    yield "What to do"
    yield f"  - {known.fix}"
    yield f"  {known.id}, {known.severity}, for {', '.join(known.profiles)}"
    yield from _source_lines(known)


def _code_lines(known: "KnownCode") -> Iterator[str]:
    yield "What to do"
    yield from wrapped(known.action, "  - ")
    yield f"  {known.id}, {_kind(known)}"


def _topic_lines(known: "KnownTopic") -> Iterator[str]:
    """What it may be, how to tell, and the messages that lead further."""
    yield "What it may be, likeliest first as we see it"
    for number, possible in enumerate(known.possibilities, 1):
        yield from wrapped(possible.what, f"{number:>2}. ")
        yield from wrapped(possible.tell, "    ")
    if known.further:
        yield "Is it one of these messages?"
        for further in known.further:
            yield from wrapped(f'"{further.message}": `{shell_line(["sfkeytool", "explain", further.id])}`', "  - ")


def _kind(known: "KnownCode") -> str:
    return f"an error ({known.name}), exit {known.exit_code}" if known.name else "a notice"


def _source_lines(known: "KnownMessage | KnownRule") -> Iterator[str]:
    yield f"Source ({known.basis}, looked up {known.retrieved})"
    yield from wrapped(known.source, "  ")


def _list_lines(known: "Explained") -> Iterator[str]:
    for explanation in known.explanations:
        yield explanation.id
        yield from (f"    {message}" for message in explanation.messages)
    for rule in known.rules:
        yield f"{rule.id} ({rule.severity})"
        yield f"    {rule.title}"
    for code in known.codes:
        yield f"{code.id} ({_kind(code)})"
        yield f"    {code.meaning}"
    for topic in known.topics:
        yield topic.id
        yield f"    {topic.title}"


COMMAND = Command(
    (
        Example(
            "What Salesforce said; a part of it is enough, without quotes",
            "sfkeytool explain alias is not acceptable for import",
        ),
        Example("What is wrong, in your own words", "sfkeytool explain my login fails"),
        Example("What another command said", "sf org login jwt … 2>&1 | sfkeytool explain -"),
        Example("The messages in a log, with their lines", "sfkeytool explain build.log"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("explain", "explain.Explained"),),
    place=MenuPlace(
        Aim.REFUSED, "I have only a message, or a question", "What it means, likely causes, what to do.", step=1
    ),
)
