"""Questions as they are drawn on a terminal. The only module that knows questionary; all goes to stderr.

Questionary asks; what it is asked with is filled anew for each size of the window, and wrapped where that is not
enough, so that nothing is ever cut. A question goes when it is answered, and one line of question and answer stays.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from sfkeytool.edge.ask import BACK_ANSWER, LONGEST_REASON, BackWanted, Check, Choice, Words, in_short, shortened, told
from sfkeytool.edge.colors import colored
from sfkeytool.errors import SfkeytoolError, UsageError

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.layout import HSplit
    from prompt_toolkit.output import Output
    from questionary import Question

_LONGEST_SHOWN = 400
"""Characters of an answer that stay on the screen once it is given."""
_STYLE = {
    "qmark": "ansicyan bold",
    "question": "bold",
    "answer": "ansicyan",
    "pointer": "ansicyan bold",
    "highlighted": "ansicyan bold",
    "reason": "ansiyellow",
    "aside": "ansibrightblack",
}


def filled(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns; a longer word goes on in the next line. At least one line."""
    from prompt_toolkit.utils import get_cwidth

    lines = [""]
    for word in text.split():
        if get_cwidth(lines[-1]) + get_cwidth(word) + bool(lines[-1]) <= width:
            lines[-1] += " " * bool(lines[-1]) + word
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if get_cwidth(lines[-1]) + get_cwidth(character) > width:
                lines.append("")
            lines[-1] += character
    return lines


class _DrawnAnew(str):
    """What questionary formats each time that it draws: as wide as the window is then."""

    __slots__ = ("draw",)
    draw: Callable[[], str]

    @classmethod
    def of(cls, draw: Callable[[], str]) -> "_DrawnAnew":
        made = cls()
        made.draw = draw
        return made

    def __format__(self, spec: str) -> str:
        return self.draw()


class _Drawn:
    """What all questions have: the keys to leave with, and lines that fit the window."""

    output: "Output"

    def __init__(self, message: str, reason: str) -> None:
        self.message = message
        self.reason = reason

    def ask(self, input: "Input | None", output: "Output | None", make: Callable[..., "Question"]) -> Any:
        """The answer to the question that ``make`` makes, given what all have. What was asked is drawn no more."""
        from prompt_toolkit.filters import Always, is_done
        from prompt_toolkit.key_binding import merge_key_bindings
        from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, Window
        from prompt_toolkit.output import create_output
        from prompt_toolkit.output.color_depth import ColorDepth
        from prompt_toolkit.styles import Style

        self.output = output or create_output(stdout=sys.stderr)
        self.style = Style.from_dict(_STYLE)
        self.depth = ColorDepth.DEPTH_4_BIT if colored(sys.stderr) else ColorDepth.DEPTH_1_BIT
        question = make(
            qmark="?", style=self.style, input=input, output=self.output, color_depth=self.depth, erase_when_done=True
        )
        application = question.application
        application.key_bindings = merge_key_bindings([application.key_bindings or self.keys(), self.keys()])
        application.ttimeoutlen = 0.05  # seconds until an Esc is no longer the beginning of another key
        for window in application.layout.find_all_windows():
            window.wrap_lines = window.dont_extend_height = Always()
        below = Window(FormattedTextControl(self.below), dont_extend_height=True)
        cast("HSplit", application.layout.container).children.append(ConditionalContainer(below, ~is_done))
        try:
            return question.unsafe_ask()
        except EOFError:  # Ctrl-D, or a terminal that went away, means the same
            raise KeyboardInterrupt from None

    @property
    def width(self) -> int:
        """Columns that text may take: the last stays free, as some terminals begin a new line there."""
        return max(20, self.output.get_size().columns - 1)

    def keys(self) -> "KeyBindings":
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()

        @keys.add("c-c")
        @keys.add("<sigint>")
        @keys.add("c-d")
        def leave(event: "KeyPressEvent") -> None:
            event.app.exit(exception=KeyboardInterrupt())

        if sys.platform == "win32":  # where this ends what is typed
            keys.add("c-z")(leave)

        @keys.add("escape", eager=True)
        def _(event: "KeyPressEvent") -> None:
            self.go_back(event)

        return keys

    def go_back(self, event: "KeyPressEvent", typed: str = "") -> None:
        event.app.exit(exception=BackWanted(typed))

    def question(self) -> str:
        return "\n  ".join(filled(self.message, self.width - 2))

    def below(self) -> "StyleAndTextTuples":
        """What stands under the answer. A toolbar would wait for a terminal to say where its cursor is."""
        return self.aside(self.reason, "reason") if self.reason else self.aside("Esc goes back", "aside")

    def aside(self, text: str, style: str) -> "StyleAndTextTuples":
        return [(f"class:{style}", "\n".join(f"  {line}" for line in filled(text, self.width - 2)))]

    def keep(self, answer: str) -> None:
        """The question as it stays on the screen."""
        from prompt_toolkit import print_formatted_text
        from prompt_toolkit.formatted_text import FormattedText

        lines = filled(f"{in_short(self.message)} {shortened(answer, _LONGEST_SHOWN)}".rstrip(), self.width - 2)
        shown = FormattedText([("class:qmark", "? "), ("", "\n  ".join(lines))])
        print_formatted_text(shown, output=self.output, style=self.style, color_depth=self.depth)


class Line(_Drawn):
    """A question whose answer is typed."""

    def __init__(
        self,
        message: str,
        check: Check | None,
        suggest: Words | None = None,
        tell: Words | None = None,
        reason: str = "",
        *,
        complete: "Callable[[str], tuple[str, Sequence[str]]] | None" = None,
        secret: bool = False,
    ) -> None:
        super().__init__(message, reason)
        self.check, self.suggest, self.tell = check, suggest, tell
        self.complete, self.secret = complete, secret

    def run(self, input: "Input | None", output: "Output | None", default: str) -> str:
        import questionary

        def make(**options: Any) -> "Question":
            kind = questionary.password if self.secret else questionary.text
            message = _DrawnAnew.of(lambda: f"{self.question()}\n ")
            made = kind(message, default=default, **options)
            self.typed = made.application.current_buffer
            return made

        answer = str(self.ask(input, output, make))
        self.keep("*" * min(len(answer), 24) if self.secret else answer.strip())
        return answer

    def below(self) -> "StyleAndTextTuples":
        meant = self.tell(self.typed.text.strip()) if self.tell and not self.reason else ""
        return self.aside(meant, "aside") if meant else super().below()

    def _write(self, answer: str) -> None:
        self.typed.text = answer
        self.typed.cursor_position = len(answer)

    def _accept(self, event: "KeyPressEvent") -> None:
        typed = self.typed.text
        if not self.secret and typed.strip() == BACK_ANSWER:
            self.go_back(event)
            return
        try:
            if self.secret and any(character in typed for character in "\0\r\n"):
                raise UsageError("usage.password", "a password is a single line")
            if self.check is not None:
                self.check(typed if self.secret else typed.strip())
        except SfkeytoolError as error:
            self.reason = told(error)
            if self.suggest is not None and (better := self.suggest(typed.strip())) not in ("", typed.strip()):
                self.reason = f"{shortened(error.message, LONGEST_REASON)}. Enter takes {better}"
                self._write(better)
            return
        event.app.exit(result=typed)

    def keys(self) -> "KeyBindings":
        from prompt_toolkit.keys import Keys

        keys = super().keys()
        keys.add("enter")(self._accept)

        @keys.add(Keys.BracketedPaste)
        def _(event: "KeyPressEvent") -> None:
            """An answer is one line: what was pasted in several is joined, but a secret is left as it is."""
            pasted = event.data.strip("\r\n")
            self.typed.insert_text(pasted if self.secret else " ".join(pasted.split()))

        @keys.add("escape", eager=True)
        def _(event: "KeyPressEvent") -> None:
            self.go_back(event, "" if self.secret else self.typed.text.strip())

        @keys.add("c-d")
        def _(event: "KeyPressEvent") -> None:
            if self.typed.text:
                self.typed.delete()
            else:
                event.app.exit(exception=KeyboardInterrupt())

        @keys.add("tab")
        def _(_event: "KeyPressEvent") -> None:
            if self.complete is not None:
                better, others = self.complete(self.typed.text)
                self._write(better)
                self.reason = shortened("  ".join(others), LONGEST_REASON)

        return keys


class _OneKey(_Drawn):
    """A question into which nothing is typed."""

    def keys(self) -> "KeyBindings":
        from prompt_toolkit.keys import Keys

        keys = super().keys()

        @keys.add(BACK_ANSWER, eager=True)
        def _(event: "KeyPressEvent") -> None:
            self.go_back(event)

        @keys.add(Keys.BracketedPaste, eager=True)
        def _(_event: "KeyPressEvent") -> None:
            """Nothing is typed here."""

        return keys


class Rows(_OneKey):
    """A question whose answer is one of some rows."""

    def __init__(self, message: str, rows: Sequence[Choice], default: str | None, reason: str) -> None:
        super().__init__(message, reason)
        self.rows = rows
        self.default = default if default in {row.value for row in rows} else None

    def run(self, input: "Input | None", output: "Output | None") -> str:
        import questionary

        def make(**options: Any) -> "Question":
            return questionary.select(
                _DrawnAnew.of(self._question_and_reason),
                [questionary.Choice(self._title(row), row.value) for row in self.rows],  # type: ignore[arg-type]
                self.default,
                pointer=">",
                instruction=" ",
                use_jk_keys=False,  # letters move nothing: somebody may type a path, or drop a file here
                **options,
            )

        answer = str(self.ask(input, output, make))
        self.keep(next(row.title for row in self.rows if row.value == answer))
        return answer

    def _question_and_reason(self) -> str:
        reason = filled(self.reason, self.width - 2) if self.reason else []
        return "\n  ".join([self.question(), *reason])

    def below(self) -> "StyleAndTextTuples":
        """Nothing: the rows have one that goes back."""
        return []

    def _title(self, row: Choice) -> "StyleAndTextTuples":
        title = "\n   ".join(filled(row.title, self.width - 3))
        meaning = filled(row.meaning, self.width - 5) if row.meaning else []
        return [("", title), ("class:aside", "".join(f"\n     {line}" for line in meaning))]

    def keys(self) -> "KeyBindings":
        from prompt_toolkit.key_binding import KeyPress
        from prompt_toolkit.keys import Keys
        from questionary.prompts.common import InquirerControl

        keys = super().keys()

        @keys.add("enter", eager=True)
        def _(event: "KeyPressEvent") -> None:
            """Questionary would draw the answer behind the question, for a moment."""
            [rows] = [one for one in event.app.layout.find_all_controls() if isinstance(one, InquirerControl)]
            event.app.exit(result=rows.get_pointed_at().value)

        @keys.add("tab")
        def _(event: "KeyPressEvent") -> None:
            event.app.key_processor.feed(KeyPress(Keys.Down), first=True)

        return keys


class YesOrNo(_OneKey):
    """A question whose answer is one letter."""

    def __init__(self, message: str, default: bool, reason: str) -> None:
        super().__init__(f"{message} ({'Y/n' if default else 'y/N'})", reason)
        self.default = default

    def run(self, input: "Input | None", output: "Output | None") -> bool:
        import questionary

        def make(**options: Any) -> "Question":
            message = _DrawnAnew.of(self.question)
            return questionary.confirm(message, self.default, instruction=" ", **options)

        answer = bool(self.ask(input, output, make))
        self.keep("Yes" if answer else "No")
        return answer
