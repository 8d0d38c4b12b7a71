"""The questions to a person on a terminal; all goes to stderr.

Esc, the row Back and the answer ``<`` go back; Ctrl-C, Ctrl-D and a terminal that went away leave.
"""

import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.edge.typed_path import complete_path, typed_path
from sfkeytool.errors import SfkeytoolError

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

Check = Callable[[str], object]
"""Raises one of our errors for an answer that will not do."""
Words = Callable[[str], str]
"""Another text for an answer: a better one, or what it comes to."""

BACK_ANSWER = "<"
_BACK = "\0back"
"""The value of a row; no answer has it."""
_FURTHER_WORDS = re.compile(r" \([^()]*\)|, Enter[^:]*")
LONGEST_REASON = 600
"""Characters of a reason that are shown: it may quote what was pasted."""


class BackWanted(BaseException):
    """The person wants to go back to the question before. ``typed`` is what stood there already, no secret.

    No error, and so caught by nobody who looks for one.
    """

    def __init__(self, typed: str = "") -> None:
        super().__init__()
        self.typed = typed


class Choice(Struct, frozen=True):
    """``meaning`` stands under the title, in one line of its own."""

    value: str
    title: str
    meaning: str = ""


def in_short(message: str) -> str:
    """A question without what only its reader needs."""
    return _FURTHER_WORDS.sub("", message)


def told(error: SfkeytoolError) -> str:
    """What stands under a question whose answer will not do."""
    return shortened("; ".join((error.message, *error.hints)), LONGEST_REASON)


def shortened(text: str, most: int) -> str:
    """``text`` in at most so many characters, its middle left out."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 3 :]}"


def can_draw() -> bool:
    """Whether questions can be drawn: on Windows a terminal may be one of POSIX, with no console behind it."""
    if sys.platform == "win32":
        from prompt_toolkit.application.current import get_app_session
        from prompt_toolkit.output.win32 import NoConsoleScreenBufferError

        try:
            get_app_session().output  # noqa: B018 - the one that questions are drawn on
        except NoConsoleScreenBufferError:
            return False
    return True


class Asker:
    """Asks a person on a terminal. ``input`` and ``output`` default to the terminal; tests give their own.

    Each question raises BackWanted, and KeyboardInterrupt. ``reason`` says why it is asked again.
    """

    def __init__(self, input: "Input | None" = None, output: "Output | None" = None) -> None:
        self._input = input
        self._output = output

    def text(
        self,
        message: str,
        *,
        default: str = "",
        check: Check | None = None,
        suggest: Words | None = None,
        tell: Words | None = None,
        reason: str = "",
    ) -> str:
        """A line of text. ``suggest`` makes a better answer of one that will not do; ``tell`` what one comes to."""
        from sfkeytool.edge.drawn_questions import Line

        return Line(message, check, suggest, tell, reason).run(self._input, self._output, default).strip()

    def path(self, message: str, *, default: str = "", check: Check | None = None, reason: str = "") -> str:
        """The path that was typed, pasted or dragged. Tab completes it."""

        def check_path(answer: str) -> None:
            if check is not None:
                check(typed_path(answer))

        from sfkeytool.edge.drawn_questions import Line

        line = Line(message, check_path, reason=reason, complete=complete_path)
        return typed_path(line.run(self._input, self._output, default))

    def choice(
        self,
        message: str,
        choices: Sequence[Choice],
        *,
        default: str | None = None,
        back: bool = True,
        reason: str = "",
    ) -> str:
        """The value of one of ``choices``. ``back``: whether they are followed by a row that goes back."""
        from sfkeytool.edge.drawn_questions import Rows

        rows = [*choices, Choice(_BACK, "Back")] if back else list(choices)
        answer = Rows(message, rows, default, reason).run(self._input, self._output)
        if answer == _BACK:
            raise BackWanted
        return answer

    def confirm(self, message: str, *, default: bool, reason: str = "") -> bool:
        """Yes or no."""
        from sfkeytool.edge.drawn_questions import YesOrNo

        return YesOrNo(message, default, reason).run(self._input, self._output)

    def password(self, message: str, *, check: Check | None = None) -> str:
        """A typed secret, not echoed. Secret."""
        from sfkeytool.edge.drawn_questions import Line

        return Line(message, check, secret=True).run(self._input, self._output, "")

    def pasted(self, message: str) -> bytes:
        """All lines of a private key that is pasted; secret. Raises as read_pasted()."""
        from sfkeytool.edge.pasted_key import read_pasted

        return read_pasted(message, plain=False)
