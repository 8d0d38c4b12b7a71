"""Questions as they are drawn on a terminal. The only module that runs prompt_toolkit; all goes to stderr.

A question is drawn anew for each key and each size of the window, so that nothing of it is ever cut: what is too wide
is filled into further lines.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sfkeytool.edge.ask import BACK_ANSWER, LONGEST_REASON, BackWanted, Check, Choice, Words, in_short, shortened, told
from sfkeytool.edge.colors import colored
from sfkeytool.errors import SfkeytoolError, UsageError

if TYPE_CHECKING:
    from prompt_toolkit import Application
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.output import Output

_LONGEST_SHOWN = 400
"""Characters of an answer that stay on the screen once it is given."""
_STYLE = {
    "mark": "ansicyan bold",
    "question": "bold",
    "answer": "ansicyan",
    "here": "ansicyan bold",
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


class _Drawn:
    """What all questions have: the keys to leave with, and lines that fit the window."""

    app: "Application[Any]"

    def __init__(self, message: str, reason: str) -> None:
        self.message = message
        self.reason = reason

    def draw(self, input: "Input | None", output: "Output | None", **parts: Any) -> Any:
        self.app = _application(input, output, **parts)
        try:
            return self.app.run()
        except EOFError:  # Ctrl-D, or a terminal that went away, means the same
            raise KeyboardInterrupt from None

    @property
    def width(self) -> int:
        """Columns that text may take: the last stays free, as some terminals begin a new line there."""
        return max(20, self.app.output.get_size().columns - 1)

    def keys(self) -> "KeyBindings":
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()

        @keys.add("c-c")
        @keys.add("<sigint>")
        @keys.add("c-d")
        def _(event: "KeyPressEvent") -> None:
            event.app.exit(exception=KeyboardInterrupt())

        @keys.add("escape", eager=True)
        def _(_event: "KeyPressEvent") -> None:
            self.go_back()

        return keys

    def go_back(self, typed: str = "") -> None:
        self.app.erase_when_done = True  # it is asked again, or is no question any more
        self.app.exit(exception=BackWanted(typed))

    def question(self) -> "StyleAndTextTuples":
        return [("class:mark", "? "), ("class:question", "\n  ".join(filled(self.message, self.width - 2)))]

    def aside(self, text: str, style: str) -> "StyleAndTextTuples":
        return [(f"class:{style}", "\n".join(f"  {line}" for line in filled(text, self.width - 2)))]

    def answered(self, answer: str) -> "StyleAndTextTuples":
        """The question as it stays on the screen."""
        lines = filled(f"{in_short(self.message)} {shortened(answer, _LONGEST_SHOWN)}".rstrip(), self.width - 2)
        return [("class:mark", "? "), ("", "\n  ".join(lines))]


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
        from prompt_toolkit.buffer import Buffer
        from prompt_toolkit.document import Document
        from prompt_toolkit.filters import is_done
        from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
        from prompt_toolkit.layout.controls import BufferControl
        from prompt_toolkit.layout.processors import PasswordProcessor

        self.buffer = Buffer(
            document=Document(default, len(default)), multiline=False, accept_handler=lambda _: self._accept()
        )
        box = BufferControl(self.buffer, [PasswordProcessor()] if self.secret else [])
        writing = HSplit(
            [
                Window(FormattedTextControl(self._lead), dont_extend_height=True, wrap_lines=True),
                Window(box, dont_extend_height=True, wrap_lines=True, get_line_prefix=lambda _, __: [("", "  ")]),
                Window(FormattedTextControl(self._below), dont_extend_height=True),
            ]
        )
        done = Window(FormattedTextControl(lambda: self.answered(self._shown())), dont_extend_height=True)
        layout = Layout(
            HSplit([ConditionalContainer(writing, ~is_done), ConditionalContainer(done, is_done)]), focused_element=box
        )
        return str(self.draw(input, output, layout=layout, key_bindings=self._own_keys()))

    def _lead(self) -> "StyleAndTextTuples":
        return self.question()

    def _below(self) -> "StyleAndTextTuples":
        if self.reason:
            return self.aside(self.reason, "reason")
        meant = self.tell(self.buffer.text.strip()) if self.tell else ""
        return self.aside(meant or "Esc goes back", "aside")

    def _shown(self) -> str:
        return "*" * min(len(self.buffer.text), 24) if self.secret else self.buffer.text.strip()

    def _accept(self) -> bool:
        """Enter. True: what was typed stays, as it is to be mended."""
        typed = self.buffer.text
        if not self.secret and typed.strip() == BACK_ANSWER:
            self.go_back()
            return True
        try:
            if self.secret and any(character in typed for character in "\0\r\n"):
                raise UsageError("usage.password", "a password is a single line")
            if self.check is not None:
                self.check(typed if self.secret else typed.strip())
        except SfkeytoolError as error:
            self.reason = told(error)
            if self.suggest is not None and (better := self.suggest(typed.strip())) not in ("", typed.strip()):
                self.reason = f"{shortened(error.message, LONGEST_REASON)}. Enter takes {better}"
                self.buffer.text = better
                self.buffer.cursor_position = len(better)
            return True
        self.app.exit(result=typed)
        return True

    def _own_keys(self) -> "KeyBindings":
        from prompt_toolkit.keys import Keys

        keys = self.keys()

        @keys.add(Keys.BracketedPaste)
        def _(event: "KeyPressEvent") -> None:
            """An answer is one line: what was pasted in several is joined, but a secret is left as it is."""
            pasted = event.data.strip("\r\n")
            self.buffer.insert_text(pasted if self.secret else " ".join(pasted.split()))

        @keys.add("escape", eager=True)
        def _(_event: "KeyPressEvent") -> None:
            self.go_back("" if self.secret else self.buffer.text.strip())

        @keys.add("c-d")
        def _(event: "KeyPressEvent") -> None:
            if self.buffer.text:
                self.buffer.delete()
            else:
                event.app.exit(exception=KeyboardInterrupt())

        @keys.add("tab")
        def _(_event: "KeyPressEvent") -> None:
            if self.complete is not None:
                better, others = self.complete(self.buffer.text)
                self.buffer.text = better
                self.buffer.cursor_position = len(better)
                self.reason = shortened("  ".join(others), LONGEST_REASON)

        return keys


class Rows(_Drawn):
    """A question whose answer is one of some rows."""

    def __init__(self, message: str, rows: Sequence[Choice], default: str | None, reason: str) -> None:
        super().__init__(message, reason)
        self.rows = rows
        self.here = next((place for place, row in enumerate(rows) if row.value == default), 0)

    def run(self, input: "Input | None", output: "Output | None") -> str:
        from prompt_toolkit.layout import FormattedTextControl, Layout, Window

        control = FormattedTextControl(self._lines, focusable=True, show_cursor=False)
        window = Window(control, dont_extend_height=True)
        return str(self.draw(input, output, layout=Layout(window), key_bindings=self._own_keys()))

    def _lines(self) -> "StyleAndTextTuples":
        if self.app.is_done:
            return self.answered(self.rows[self.here].title)
        lines = self.question()
        if self.reason:
            lines += [("", "\n"), *self.aside(self.reason, "reason")]
        for place, row in enumerate(self.rows):
            here = place == self.here
            lines.append(("", "\n"))
            if here:
                lines.append(("[SetCursorPosition]", ""))
            first, *rest = filled(row.title, self.width - 4)
            lines.append(("class:here" if here else "", "\n    ".join([f"{'>' if here else ' '} {first}", *rest])))
            if row.meaning:
                meaning = "\n    ".join(filled(row.meaning, self.width - 4))
                lines.append(("class:aside", f"\n    {meaning}"))
        return lines

    def _own_keys(self) -> "KeyBindings":
        from prompt_toolkit.keys import Keys

        keys = self.keys()

        @keys.add("up")
        @keys.add("k")
        @keys.add("c-p")
        def _(_event: "KeyPressEvent") -> None:
            self.here = (self.here - 1) % len(self.rows)

        @keys.add("down")
        @keys.add("j")
        @keys.add("c-n")
        @keys.add("tab")
        def _(_event: "KeyPressEvent") -> None:
            self.here = (self.here + 1) % len(self.rows)

        @keys.add("enter")
        def _(event: "KeyPressEvent") -> None:
            event.app.exit(result=self.rows[self.here].value)

        @keys.add(BACK_ANSWER)
        def _(_event: "KeyPressEvent") -> None:
            self.go_back()

        @keys.add(Keys.Any)
        @keys.add(Keys.BracketedPaste)
        def _(_event: "KeyPressEvent") -> None:
            """Nothing is typed here."""

        return keys


class YesOrNo(_Drawn):
    """A question whose answer is one letter."""

    def __init__(self, message: str, default: bool, reason: str) -> None:
        super().__init__(f"{message} ({'Y/n' if default else 'y/N'})", reason)
        self.default = default
        self.answer: bool | None = None

    def run(self, input: "Input | None", output: "Output | None") -> bool:
        from prompt_toolkit.layout import FormattedTextControl, Layout, Window

        control = FormattedTextControl(self._lines, focusable=True, show_cursor=False)
        window = Window(control, dont_extend_height=True)
        return bool(self.draw(input, output, layout=Layout(window), key_bindings=self._own_keys()))

    def _lines(self) -> "StyleAndTextTuples":
        if self.answer is not None:
            return self.answered("Yes" if self.answer else "No")
        below = self.aside(self.reason, "reason") if self.reason else self.aside("Esc goes back", "aside")
        return [*self.question(), ("", "\n"), *below]

    def _own_keys(self) -> "KeyBindings":
        from prompt_toolkit.keys import Keys

        keys = self.keys()

        def answer(given: bool) -> "Callable[[KeyPressEvent], None]":
            def leave(event: "KeyPressEvent") -> None:
                self.answer = given
                event.app.exit(result=given)

            return leave

        for key, given in (("y", True), ("Y", True), ("n", False), ("N", False), ("enter", self.default)):
            keys.add(key)(answer(given))

        @keys.add(BACK_ANSWER)
        def _(_event: "KeyPressEvent") -> None:
            self.go_back()

        @keys.add(Keys.Any)
        @keys.add(Keys.BracketedPaste)
        def _(_event: "KeyPressEvent") -> None:
            """Nothing is typed here."""

        return keys


def _application(input: "Input | None", output: "Output | None", **parts: Any) -> "Application[Any]":
    from prompt_toolkit import Application
    from prompt_toolkit.output import create_output
    from prompt_toolkit.output.color_depth import ColorDepth
    from prompt_toolkit.styles import Style

    made: Application[Any] = Application(
        style=Style.from_dict(_STYLE),
        input=input,
        output=output or create_output(stdout=sys.stderr),
        color_depth=None if colored(sys.stderr) else ColorDepth.DEPTH_1_BIT,
        **parts,
    )
    made.ttimeoutlen = 0.05  # seconds until an Esc is no longer the beginning of another key
    return made
