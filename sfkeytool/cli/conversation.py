"""The questions of one command: asked in order, back and forth, changed afterwards; nothing that was typed is lost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sfkeytool.cli.answers import (
    COMMAND,
    WHICH_COMMAND,
    as_typed,
    check_of,
    existing_path,
    existing_path_or_nothing,
    line_of,
    require_command,
    value_of,
    without_label,
)
from sfkeytool.cli.fields import (
    Field,
    Question,
    Values,
    absent,
    defaults_of,
    given_values,
    is_missing,
    unasked_values,
    with_defaults,
)
from sfkeytool.edge.ask import Asker, BackWanted, Choice, told
from sfkeytool.errors import SfkeytoolError, UsageError

_OTHER = "\0other"
_CHANGE, _AGAIN, _LEAVE = "\0change", "\0again", "\0leave"
"""Values of rows; no answer has them."""


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
    if asker is not None:
        return Conversation(fields, given, asker, environ, guided=guided).begin()
    return unasked_values(fields, given, environ)


class _Answer:
    """``value`` is what the command gets, ``typed`` what is offered when the question is asked again."""

    def __init__(self, value: Any, typed: Any) -> None:
        self.value = value
        self.typed = typed


class Conversation:
    """The questions of a command to a person, who may go back, and change an answer once all are given.

    Whatever gives values raises BackWanted when the person goes back from the first question, and KeyboardInterrupt.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        given: Mapping[str, Any],
        asker: Asker,
        environ: Mapping[str, str],
        *,
        guided: bool = False,
    ) -> None:
        self._fields = fields
        self._asker = asker
        self._environ = environ
        self._guided = guided
        self._given = given_values(fields, given, environ)
        self._missing = {field.name for field in fields if is_missing(field, self._given, environ)}
        self._answers: dict[str, _Answer] = {}
        """Those that count, in the order in which they were given."""
        self._earlier: dict[str, Any] = {}
        """What was typed at each question, whether it counts still or not."""
        self._returned_to = ""
        """The field that somebody came back to from the question after it."""

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the fields that answers were given for."""
        return tuple(self._answers)

    @property
    def was_needed(self) -> bool:
        """Whether the command line alone would not have done, so that somebody is asked, for a password at least."""
        return self._guided or bool(self._missing)

    def begin(self) -> Values:
        """Ask all that is open, in order."""
        while (field := self._next_open()) is not None:
            try:
                self._ask(field)
                self._returned_to = ""
            except BackWanted:
                self._step_back()
        return self._whole()

    def back(self) -> Values:
        """From what came after the questions to the last of them."""
        self._step_back()
        return self.begin()

    def change(self, reason: str = "") -> Values:
        """Let one answer be chosen and given again; then ask what it opens. Going back changes nothing."""
        while True:
            values = self._whole()
            changeable = {
                field.name: (field, field.question)
                for field in self._fields
                if field.question is not None and self._can_change(field, field.question, values)
            }
            rows = [Choice(name, line_of(field, question, values)) for name, (field, question) in changeable.items()]
            if not rows:
                return values
            try:
                name = self._asker.choice("Which answer?", rows, **_because(reason))
            except BackWanted:
                return values
            try:
                self._ask(changeable[name][0])
            except BackWanted:
                continue
            return self.begin()

    def another_file(self) -> Values:
        """Ask for the file again, which could not be opened."""
        field = self.file_field
        if field is not None:
            try:
                self._ask(field)
            except BackWanted:
                return self._whole()
        return self.begin()

    @property
    def file_field(self) -> Field | None:
        """The field that names what is read, if there is one."""
        kinds = ("path", "paths")
        return next((field for field in self._fields if field.question and field.question.kind in kinds), None)

    def mend(self, error: SfkeytoolError) -> Values | None:
        """The way on after a run that could not do with these answers; None if there is to be none.

        An answer that the error names is asked again at once, its reason under the question. Else the error is on the
        screen already.
        """
        blamed = self.blamed(error)
        if blamed is not None:
            try:
                self._ask(blamed, without_label(blamed, told(error)))
            except BackWanted:
                self._step_back()
            return self.begin()
        rows = (
            Choice(_CHANGE, "Change an answer"),
            Choice(_AGAIN, "Try again as it is"),
            Choice(_LEAVE, "Leave"),
        )
        chosen = self._asker.choice("What now?", rows, back=False)
        if chosen == _CHANGE:
            return self.change()
        return self.begin() if chosen == _AGAIN else None

    def blamed(self, error: SfkeytoolError) -> Field | None:
        """The field whose answer a UsageError is about, if it says so: one that was asked, or that turns out to be
        missing."""
        if not isinstance(error, UsageError):
            return None
        named = [field for field in self._fields if field.name in self._answers and field.label in error.message]
        opened = [
            field
            for field in self._fields
            if field.question and absent(self._values()[field.name]) and f"missing: {field.label}" in error.message
        ]
        return next(iter([*named, *opened]), None)

    # One question

    def _values(self) -> Values:
        """Given values and answers, without those that others made needless."""
        values = dict(self._given)
        for field in self._fields:
            question = field.question
            if question is None or not question.when(values):
                continue
            if field.name in self._answers:
                values[field.name] = self._answers[field.name].value
            elif absent(values[field.name]) and self._is_wanted(field, question):
                values[field.name] = question.known(values)
        for field in self._fields:
            if field.name in self._missing and is_missing(field, values, self._environ):
                values[field.name] = field.missing_on_terminal
        return values

    def _whole(self) -> Values:
        return with_defaults(self._fields, self._values(), self._answers)

    def _is_wanted(self, field: Field, question: Question) -> bool:
        return self._guided or (field.name in self._missing and not question.menu_only)

    def _next_open(self) -> Field | None:
        values = self._values()
        for field in self._fields:
            question = field.question
            if question is None or field.name in self._answers or not absent(self._given[field.name]):
                continue
            if self._is_wanted(field, question) and question.when(values) and question.known(values) is None:
                return field
        return None

    def _step_back(self) -> None:
        if not self._answers:
            raise BackWanted
        self._returned_to, _ = self._answers.popitem()

    def _can_change(self, field: Field, question: Question, values: Values) -> bool:
        if not question.when(values):
            return False
        return field.name in self._answers or self._guided or not absent(self._given[field.name])

    def _ask(self, field: Field, reason: str = "") -> None:
        """Put the question, with what was answered before as the default."""
        question = field.question
        if question is None:
            return
        try:
            answer = self._offered(field, question, reason) or self._typed(field, question, reason)
        except BackWanted as back:
            if back.typed and question.kind != "paths":
                self._earlier[field.name] = back.typed
            raise
        self._earlier[field.name] = answer.typed
        self._answers[field.name] = answer

    def _offered(self, field: Field, question: Question, reason: str) -> _Answer | None:
        """One of what lies here; None if there is nothing, or another is to be typed."""
        offers = [*question.offers(self._values())]
        if not offers:
            return None
        earlier = self._earlier.get(field.name)
        if isinstance(earlier, list):
            earlier = earlier[0] if earlier else None
        known = {choice.value for choice in offers}
        default = earlier if earlier in known else _OTHER if earlier else None
        rows = [*offers, Choice(_OTHER, question.other)]
        back_to_typing = default == _OTHER and self._returned_to == field.name
        while True:
            chosen = _OTHER
            if not back_to_typing:
                chosen = self._asker.choice(question.text, rows, default=default, **_because(reason))
            back_to_typing = False
            if chosen != _OTHER:
                value = value_of(field, chosen) if chosen else [] if field.many else None
                return _Answer(value, [chosen] if field.many else chosen)
            try:
                return self._typed(field, question, reason)
            except BackWanted as back:  # to the list
                default = _OTHER
                if back.typed and not field.many:
                    self._earlier[field.name] = back.typed

    def _typed(self, field: Field, question: Question, reason: str) -> _Answer:
        values = self._values()
        earlier = self._earlier.get(field.name)
        if earlier is None:
            earlier = as_typed(field, self._given[field.name])
        match question.kind:
            case "path":
                check = question.check or existing_path
                path = self._asker.path(question.text, default=earlier or "", check=check, **_because(reason))
                return _Answer([path] if field.many else field.type(path), path)
            case "paths":
                paths = self._paths(field, question, list(earlier or ()), reason)
                return _Answer([Path(path) for path in paths], paths)
            case "choice" | "secret":
                offered = defaults_of(field)[0]
                default = earlier or (str(getattr(offered, "value", offered)) if offered else None)
                command = default.removeprefix(COMMAND) if default and default.startswith(COMMAND) else ""
                while True:
                    row = COMMAND if command else default
                    chosen = self._asker.choice(question.text, question.choices, default=row, **_because(reason))
                    try:
                        if chosen == COMMAND:
                            command = self._asker.text(WHICH_COMMAND, default=command, check=require_command)
                            chosen = COMMAND + command
                        return _Answer(field.parse(chosen) if field.parse else chosen, chosen)
                    except BackWanted as back:  # to the rows
                        command = back.typed or command
            case "confirm":
                yes = self._asker.confirm(question.text, default=bool(earlier), **_because(reason))
                return _Answer(yes, yes)
        offered = values.get(question.default_from) if question.default_from else defaults_of(field)[0]
        text = self._asker.text(
            question.text,
            default=str(offered or "") if earlier is None else earlier,
            check=check_of(
                field, question, values, needed=is_missing(field, {**values, field.name: None}, self._environ)
            ),
            suggest=question.suggest,
            tell=question.tell,
            **_because(reason),
        )
        return _Answer(value_of(field, text) if text else ([] if field.many else None), text)

    def _paths(self, field: Field, question: Question, earlier: list[str], reason: str) -> list[str]:
        """One file and then others, until an empty answer."""
        paths = list(earlier) if self._returned_to == field.name else []
        while True:
            first = not paths
            default = earlier[len(paths)] if len(earlier) > len(paths) else ""
            try:
                path = self._asker.path(
                    question.text if first else "Another file (Enter if that was all):",
                    default=default,
                    check=(question.check or existing_path) if first else existing_path_or_nothing,
                    **_because(reason if first else ""),
                )
            except BackWanted as back:
                if back.typed:
                    earlier[len(paths) :] = [back.typed, *earlier[len(paths) + 1 :]]
                if first:
                    self._earlier[field.name] = earlier
                    raise
                paths.pop()
                continue
            earlier[len(paths) :] = [path, *earlier[len(paths) + 1 :]]
            if not first and not path:
                return paths
            paths.append(path)


def _because(reason: str) -> dict[str, Any]:
    return {"reason": reason} if reason else {}
