"""``explain``: what an error message, a rule or one of our own codes means."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from sfkeytool.cli.command import Command
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.render import wrapped
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError

_MAXIMUM_BYTES = 1_000_000

TEXT = Field(
    "text",
    list[str],
    "The message, or a part of it, a rule's id or a code of ours; several words need no quotes. - reads it from stdin.",
    metavar="TEXT...",
    question=Question("Paste the message:"),
)
LIST = Field("list", bool, "Show all messages, rules and codes that are known.", ("--list",))


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_explain_request
    from sfkeytool.workflows.explain import explain, list_all

    if not values["text"] and not values["list"] and run.asker is not None:
        values = values | {"text": [run.asker.text("Paste the message:")]}
    request = build_explain_request(values)
    everything = request.text is None
    facts = list_all() if request.text is None else explain(_stdin() if request.text == "-" else request.text)
    run.console.envelope(0, facts)
    if everything:
        run.console.result(_list_lines(facts))
        return 0
    for explanation in facts["explanations"]:
        _show(run, explanation["meaning"], explanation_lines(explanation))
    for rule in facts["rules"]:
        _show(run, rule["title"], _rule_lines(rule))
    for code in facts["codes"]:
        _show(run, code["meaning"], _code_lines(code))
    return 0


def _stdin() -> str:
    data = sys.stdin.buffer.read(_MAXIMUM_BYTES + 1)
    if len(data) > _MAXIMUM_BYTES:
        raise InputError("input.too-large", "stdin holds more than 1 MB, and a message is shorter")
    return data.decode("utf-8", "replace")


def _show(run: Run, heading: str, lines: Iterator[str]) -> None:
    for line in wrapped(heading):
        run.console.heading(line)
    run.console.result([*lines, ""])


def explanation_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """What follows an explanation's meaning: causes, fixes, source."""
    for message in facts["messages"]:
        yield from wrapped(f'"{message}"', "  ")
    if not facts.get("whole", True):
        yield "  Only a part of the message is in the text."
    yield ""
    yield "Likely causes"
    for number, cause in enumerate(facts["causes"], 1):
        yield from wrapped(cause, f"{number:>2}. ")
    yield "What to do"
    for fix in facts["fixes"]:
        yield from wrapped(fix, "  - ")
    if facts["rules"]:
        yield from wrapped(f"found beforehand by sfkeytool check: {', '.join(facts['rules'])}", "  ")
    yield from _source_lines(facts)


def _rule_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from wrapped(facts["why"], "  ")
    if facts["salesforceMessage"]:
        yield from wrapped(f'"{facts["salesforceMessage"]}"', "  ")
    yield "What to do"
    yield f"  - {facts['fix']}"
    yield f"  {facts['id']}, {facts['severity']}, for {', '.join(facts['profiles'])}"
    yield from _source_lines(facts)


def _code_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "What to do"
    yield from wrapped(facts["action"], "  - ")
    yield f"  {facts['id']}, {_kind(facts)}"


def _kind(facts: Mapping[str, Any]) -> str:
    return f"an error ({facts['name']}), exit {facts['exitCode']}" if facts["name"] else "a notice"


def _source_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"Source ({facts['basis']}, looked up {facts['retrieved']})"
    yield from wrapped(facts["source"], "  ")


def _list_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    for explanation in facts["explanations"]:
        yield explanation["id"]
        yield from (f"    {message}" for message in explanation["messages"])
    for rule in facts["rules"]:
        yield f"{rule['id']} ({rule['severity']})"
        yield f"    {rule['title']}"
    for code in facts["codes"]:
        yield f"{code['id']} ({_kind(code)})"
        yield f"    {code['meaning']}"


EXPLAIN = Command(
    (
        "sfkeytool explain Keystore contains an entry whose alias is not acceptable for import",
        "sfkeytool explain ckm.key.unsupported-size",
        "sf org login jwt … 2>&1 | sfkeytool explain -",
        "sfkeytool explain --list",
    ),
    (TEXT, LIST),
    _execute,
)
