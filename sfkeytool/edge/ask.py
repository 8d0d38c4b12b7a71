"""The prompts. The only module that knows questionary; everything it prints goes to stderr."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sfkeytool.errors import SfkeytoolError

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

Check = Callable[[str], object]
"""Raises one of our errors for an answer that will not do."""


class Choice(Struct, frozen=True):
    value: str
    title: str


class Asker:
    """Asks a person on a terminal. ``input`` and ``output`` default to the terminal; tests give their own."""

    def __init__(self, input: "Input | None" = None, output: "Output | None" = None) -> None:
        self._input = input
        self._output = output

    def text(self, message: str, *, default: str = "", check: Check | None = None) -> str:
        questionary = self._questionary()
        validate = _validator(check)
        return str(self._ask(questionary.text, message, default=default, validate=validate)).strip()

    def path(self, message: str, *, check: Check | None = None) -> str:
        questionary = self._questionary()
        answer = self._ask(questionary.path, message, validate=_validator(check))
        return os.path.expanduser(str(answer).strip().strip("'\""))  # noqa: PTH111 - a typed string, not yet a Path

    def choice(self, message: str, choices: Sequence[Choice], *, default: str | None = None) -> str:
        questionary = self._questionary()
        options = [questionary.Choice(choice.title, value=choice.value) for choice in choices]
        return str(self._ask(questionary.select, message, choices=options, default=default))

    def confirm(self, message: str, *, default: bool) -> bool:
        questionary = self._questionary()
        return bool(self._ask(questionary.confirm, message, default=default))

    def password(self, message: str, *, check: Check | None = None) -> str:
        """A typed secret, not echoed. Secret."""
        questionary = self._questionary()
        return str(self._ask(questionary.password, message, validate=_validator(check)))

    def _questionary(self) -> Any:
        import questionary

        return questionary

    def _ask(self, kind: Callable[..., Any], message: str, **options: Any) -> Any:
        from prompt_toolkit.output import create_output
        from prompt_toolkit.output.color_depth import ColorDepth

        output = self._output or create_output(stdout=sys.stderr)
        if os.environ.get("NO_COLOR"):
            options["color_depth"] = ColorDepth.DEPTH_1_BIT
        try:
            # unsafe_ask lets Ctrl-C through as KeyboardInterrupt, which the error boundary knows.
            return kind(message, input=self._input, output=output, **options).unsafe_ask()
        except EOFError:  # Ctrl-D, or a terminal that went away, means the same
            raise KeyboardInterrupt from None


def _validator(check: Check | None) -> Callable[[str], bool | str]:
    def validate(answer: str) -> bool | str:
        if check is None:
            return True
        try:
            check(answer.strip())
        except SfkeytoolError as error:
            return error.message
        return True

    return validate
