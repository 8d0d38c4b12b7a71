"""What an answer is worth: from what was typed to the value that a request takes, and back to words."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfkeytool.cli.fields import Field, Question, Values, absent
from sfkeytool.edge.ask import Check, in_short, shortened
from sfkeytool.errors import UsageError
from sfkeytool.passwords import Source, SourceKind

_LONGEST_ANSWER = 48
"""Characters of an answer in the list of those that can be changed."""


def as_typed(field: Field, value: Any) -> Any:
    """What a person would have typed for a value of the command line."""
    if absent(value):
        return None
    if isinstance(value, list):
        texts = [str(one) for one in value]
        return texts if field.question and field.question.kind == "paths" else " ".join(texts)
    return value if value is True else str(getattr(value, "value", value))


def value_of(field: Field, text: str) -> Any:
    """The value that a non-empty answer gives. Raises UsageError where it gives none."""
    if field.many:
        kind = field.type.__args__[0]
        return [kind(text)] if kind is not str else text.split()
    return field.parse(text) if field.parse else field.type(text) if field.type is Path else text


def check_of(field: Field, question: Question, values: Values, *, needed: bool) -> Check:
    """What stands between a typed answer and the request: the very functions that the request is made with.

    ``needed``: nothing else stands in for it, so that it cannot be empty.
    """

    def check(answer: str) -> None:
        try:
            if question.check is not None:
                question.check(answer)
            if question.judge is not None:
                question.judge(answer, values)
            if answer:
                value = value_of(field, answer)
                if field.convert is not None:
                    field.convert(value)
            elif needed:
                raise UsageError("usage.missing", "an answer is needed here")
        except UsageError as error:
            raise UsageError(error.code, without_label(field, error.message), *error.hints) from None

    return check


def without_label(field: Field, message: str) -> str:
    """A reason that stands under the question itself."""
    for lead, instead in ((f"{field.label}: ", ""), (f"{field.label} ", "it ")):
        if message.startswith(lead):
            return instead + message.removeprefix(lead)
    return message


def line_of(field: Field, question: Question, values: Mapping[str, Any]) -> str:
    """An answer in the list of those that were given: the question, shortened, and what is answered now."""
    asked = in_short(question.text).rstrip(":")
    return f"{asked}{'' if asked.endswith('?') else ':'} {shown(field, values)}"


def shown(field: Field, values: Mapping[str, Any]) -> str:
    """The value of a field as a list of answers has it; a secret stands as its SOURCE."""
    value = values.get(field.name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if absent(value):
        return "no" if field.type is bool else "-"
    texts = [str(getattr(one, "value", one)) for one in (value if isinstance(value, list) else [value])]
    choices = {choice.value: choice.title for choice in (field.question.choices if field.question else ())}
    return shortened(", ".join(choices.get(text, text) for text in texts), _LONGEST_ANSWER)


COMMAND = f"{SourceKind.COMMAND}:"
"""Of a secret's sources the one that more is asked about."""
WHICH_COMMAND = "Which command prints it? No shell reads it:"


def require_command(answer: str) -> None:
    """Raises UsageError and InputError for what cannot be run."""
    from sfkeytool.edge.secret_command import find_command

    if not answer:
        raise UsageError("usage.missing", "an answer is needed here")
    source = Source(SourceKind.COMMAND, answer)
    find_command(source, str(source), os.environ)


def existing_path(answer: str) -> None:
    """Raises UsageError unless there is such a file or folder."""
    try:
        found = bool(answer) and Path(answer).exists()
    except (OSError, ValueError):  # too long, a NUL
        found = False
    if not found:
        missing = "an answer is needed here" if not answer else f"there is no such file: {shortened(answer, 160)}"
        raise UsageError("usage.no-such-file", missing)


def existing_path_or_nothing(answer: str) -> None:
    if answer:
        existing_path(answer)
