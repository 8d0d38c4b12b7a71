"""The fields of a command: one definition gives the flag, its help, the question of a guided run and the argument of
the equivalent command line, so that these cannot differ."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from sfkeytool.edge.ask import Asker, Choice
from sfkeytool.errors import UsageError

Values = dict[str, Any]


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
    menu_only: bool = False
    when: Callable[[Mapping[str, Any]], bool] = lambda _: True
    default_from: str | None = None
    """The field whose answer is offered as the default."""


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

    @property
    def many(self) -> bool:
        return getattr(self.type, "__origin__", None) is list

    @property
    def label(self) -> str:
        """What an error calls it: the long flag, or the argument's name."""
        return self.flags[0] if self.flags else (self.metavar or self.name.upper())


def typer_signature(fields: Sequence[Field]) -> inspect.Signature:
    """A signature from which Typer makes arguments and options."""
    return inspect.Signature(
        [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=_annotation(field)
            )
            for field in fields
        ]
    )


def _default(field: Field) -> Any:
    return False if field.type is bool else None


def _annotation(field: Field) -> Any:
    kind = field.type if field.type is bool else field.type | None
    text = field.help
    if field.default is not None and field.type is not bool:
        text = f"{text} [default: {getattr(field.default, 'value', field.default)}]"
    # Whether a file can be read is told when it is read, with the same message for every reason and exit code 1.
    options: dict[str, Any] = {"help": text, "show_default": False, "readable": False}
    if not field.flags:
        return Annotated[kind, typer.Argument(metavar=field.metavar, **options)]
    if field.metavar:
        options["metavar"] = field.metavar
    return Annotated[kind, typer.Option(*field.flags, **options)]


def complete(
    fields: Sequence[Field],
    given: Mapping[str, Any],
    asker: Asker | None,
    environ: Mapping[str, str],
    *,
    guided: bool = False,
) -> Values:
    """All values of a command: given ones, variables for secrets, answers for the missing, defaults for the rest.

    Without an asker a UsageError names every missing flag at once.
    """
    values: Values = {field.name: given.get(field.name) for field in fields}
    for field in fields:
        if field.environment is not None and field.environment in environ and _absent(values[field.name]):
            source = f"env:{field.environment}"
            values[field.name] = [source] if field.many else source
    missing = [field for field in fields if _is_missing(field, values, environ)]
    if missing and asker is None:
        labels = ", ".join(field.label for field in missing)
        raise UsageError("usage.missing", f"missing: {labels}")
    if asker is not None:
        for field in fields:
            question = field.question
            wanted = guided or (field in missing and not (question and question.menu_only))
            if question and wanted and _absent(values[field.name]) and question.when(values):
                values[field.name] = _ask(field, question, values, asker)
            elif field in missing and _is_missing(field, values, environ):
                values[field.name] = field.missing_on_terminal
    for field in fields:
        if _absent(values[field.name]) and field.default is not None:
            values[field.name] = field.default
    return values


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


def _is_missing(field: Field, values: Values, environ: Mapping[str, str]) -> bool:
    needed = field.required and all(_absent(values[name]) for name in field.unless)
    needed = needed and not any(environ.get(name) for name in field.unless_environment)
    return needed and _absent(values[field.name])


def _absent(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, list) and not value)


def _ask(field: Field, question: Question, values: Values, asker: Asker) -> Any:
    match question.kind:
        case "path":
            return field.type(asker.path(question.text, check=question.check or existing_path))
        case "paths":
            return _ask_paths(question, asker)
        case "choice" | "secret":
            default = str(getattr(field.default, "value", field.default)) if field.default is not None else None
            answer = asker.choice(question.text, question.choices, default=default)
            return field.parse(answer) if field.parse else answer
        case "confirm":
            return asker.confirm(question.text, default=False)
    default = values.get(question.default_from) if question.default_from else field.default
    answer = asker.text(question.text, default=str(default or ""), check=question.check)
    if field.many:
        return answer.split()
    if not answer:
        return None
    return field.parse(answer) if field.parse else answer


def _ask_paths(question: Question, asker: Asker) -> list[Path]:
    paths = [Path(asker.path(question.text, check=existing_path))]
    while answer := asker.path("Another file (Enter if that was all):", check=_existing_path_or_nothing):
        paths.append(Path(answer))
    return paths


def existing_path(answer: str) -> None:
    try:
        found = bool(answer) and Path(answer.strip("'\"")).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a NUL
        found = False
    if not found:
        raise UsageError("usage.no-such-file", "there is no such file")


def _existing_path_or_nothing(answer: str) -> None:
    if answer:
        existing_path(answer)


def command_line(command: str, fields: Sequence[Field], values: Mapping[str, Any]) -> list[str]:
    """The arguments that give these values again; defaults are left out, secrets stand as their SOURCE."""
    positional: list[str] = []
    options: list[str] = []
    for field in fields:
        value = values.get(field.name)
        if _absent(value) or value == field.default:
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
