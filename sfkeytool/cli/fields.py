"""The fields of a command: one definition gives the flag, its help, the question of a guided run and the argument of
the equivalent command line, so that these cannot differ."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from sfkeytool.edge.ask import Choice
from sfkeytool.errors import UsageError

Values = dict[str, Any]


class Group(StrEnum):
    """Under which heading --help has a field, in this order."""

    WHAT = "What"
    SUBJECT = "Subject"
    ORG = "Org"
    PASSWORDS = "Passwords"
    WHERE = "Where"
    REPORTS = "Reports"
    MESSAGES = "Messages"
    OUTPUT = "Output"


class Offer(StrEnum):
    """What the shell's completion offers for a value, where its type does not say it."""

    NAME = "name"
    ORG = "org"
    SOURCE = "source"
    NEW_PASSWORD = "new password"  # noqa: S105
    KEY_FILE = "key file"
    FILE = "file"
    FOLDER = "folder"
    EXPLAINED = "explained"
    HELP = "help"
    NOTHING = "nothing"


class Question(Struct, frozen=True):
    """How a person is asked for a field.

    ``kind`` is text, path, paths, choice, confirm or secret (a choice of where it comes from). ``menu_only`` fields
    are asked in the guided menu alone; the others also when a flag is missing on a terminal. ``when`` looks at the
    answers so far.
    """

    text: str
    kind: str = "text"
    choices: tuple[Choice, ...] = ()
    check: Callable[[str], object] | None = None
    """Raises UsageError for an answer that will not do, also for an empty one; the field's ``parse`` and ``convert``
    are asked too, unless the answer is empty."""
    judge: Callable[[str, Mapping[str, Any]], object] | None = None
    """The same, where it depends on the answers before."""
    suggest: Callable[[str], str] | None = None
    """A better answer than one that will not do."""
    tell: Callable[[str], str] | None = None
    """What an answer comes to; shown while it is typed."""
    menu_only: bool = False
    when: Callable[[Mapping[str, Any]], bool] = lambda _: True
    known: Callable[[Mapping[str, Any]], Any] = lambda _: None
    """The value where something tells it, so that nobody is asked."""
    default_from: str | None = None
    """The field whose answer is offered as the default."""
    offers: Callable[[Mapping[str, Any]], Sequence[Choice]] = lambda _: ()
    """What can be chosen from what lies here, before another is typed."""
    other: str = "Another …"
    """The row that leads to typing one."""


class Preset(Struct, frozen=True):
    """A default of the user's own, and the file that it is from."""

    value: Any
    path: str


class Field(Struct, frozen=True):
    """One value of a command. No ``flags``: a positional argument. ``None`` (or an empty list) means not given."""

    name: str
    type: Any
    help: str
    flags: tuple[str, ...] = ()
    metavar: str | None = None
    default: Any = None
    required: bool = False
    question: Question | None = None
    parse: Callable[[str], Any] | None = None
    """How an answer becomes a value, where it is no text."""
    convert: Callable[[Any], Any] | None = None
    """How the value becomes what the request takes; raises UsageError for what will not do."""
    into: str | None = None
    """The request's field, where it has another name."""
    environment: str | None = None
    """For a secret: the variable that holds it, used when the flag is missing."""
    unless: tuple[str, ...] = ()
    """Fields that make a required one needless when they are given."""
    unless_environment: tuple[str, ...] = ()
    """Variables that make a required one needless when they are set."""
    missing_on_terminal: Any = None
    """What a required field without a question becomes where somebody can be asked later."""
    group: Group = Group.WHAT
    offer: Offer | tuple[str, ...] | None = None
    """What completion offers: words, or where it finds them; of a type that says it by itself, nothing is needed."""
    listed: bool = False
    """Whether the value is a list of such words, with commas."""
    preset_when: Callable[[Mapping[str, Any]], bool] | None = None
    """Whether the user's defaults file is asked where nothing was given; it looks at all other values."""
    preset: Preset | None = None
    """What that file says, which goes before ``default``."""

    @property
    def many(self) -> bool:
        return getattr(self.type, "__origin__", None) is list

    @property
    def label(self) -> str:
        """What an error calls it: the long flag, or the argument's name."""
        return self.flags[0] if self.flags else (self.metavar or self.name.upper())


def given_values(fields: Sequence[Field], given: Mapping[str, Any], environ: Mapping[str, str]) -> Values:
    """What stands on the command line, and in variables for the secrets that do not."""
    values: Values = {field.name: given.get(field.name) for field in fields}
    if sys.platform == "win32":
        from sfkeytool.edge.patterns import matching

        for field in fields:
            if field.type == list[Path] and values[field.name]:
                values[field.name] = matching(values[field.name])
    for field in fields:
        if field.environment is not None and field.environment in environ and absent(values[field.name]):
            source = f"env:{field.environment}"
            values[field.name] = [source] if field.many else source
    return values


def with_defaults(fields: Sequence[Field], values: Values, answered: Collection[str] = ()) -> Values:
    """The same, with the default of what is absent still: the user's own, unless the person was asked and gave none."""
    whole = dict(values)
    for field in fields:
        if absent(values[field.name]):
            is_preset = field.preset is not None and field.name not in answered
            if is_preset and field.preset_when is not None and field.preset_when(values):
                whole[field.name] = field.preset.value if field.preset else None
            elif field.default is not None:
                whole[field.name] = field.default
    return whole


def defaults_of(field: Field) -> tuple[Any, ...]:
    """What may be offered where nothing was given: the user's own default first."""
    return (field.preset.value, field.default) if field.preset is not None else (field.default,)


def typed_values(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """What requests are made of (Request.from_values): converted, by the names of the requests' fields.

    Raises UsageError.
    """
    typed: dict[str, Any] = {}
    for field in fields:
        value = values[field.name]
        if field.convert is not None and value is not None:
            value = field.convert(value)
        typed[field.into or field.name] = tuple(value) if isinstance(value, list) else value
    return typed


def is_missing(field: Field, values: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether a command cannot do without what ``values`` do not have."""
    needed = field.required and all(absent(values[name]) for name in field.unless)
    needed = needed and not any(environ.get(name) for name in field.unless_environment)
    return needed and absent(values[field.name])


def absent(value: Any) -> bool:
    """Whether it was not given."""
    return value is None or value is False or (isinstance(value, list) and not value)


def unasked_values(fields: Sequence[Field], given: Mapping[str, Any], environ: Mapping[str, str]) -> Values:
    """All values of a command where nobody can be asked. Raises UsageError, which names every missing flag at once."""
    values = given_values(fields, given, environ)
    if missing := [field.label for field in fields if is_missing(field, values, environ)]:
        raise UsageError("usage.missing", f"missing: {', '.join(missing)}")
    return with_defaults(fields, values)


def command_line(command: str, fields: Sequence[Field], values: Mapping[str, Any]) -> list[str]:
    """The arguments that give these values again; defaults are left out, secrets stand as their SOURCE."""
    positional: list[str] = []
    options: list[str] = []
    for field in fields:
        value = values.get(field.name)
        if absent(value) or value == field.default:
            continue
        texts = [str(getattr(item, "value", item)) for item in (value if isinstance(value, list) else [value])]
        if not field.flags:
            positional += texts
        elif field.type is bool:
            options.append(field.flags[0])
        else:
            for text in texts:
                options += [field.flags[0], text]
    if any(text.startswith("-") for text in positional):
        return [*command.split(), *options, "--", *positional]
    return [*command.split(), *positional, *options]
