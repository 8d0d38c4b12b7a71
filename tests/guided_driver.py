"""A person at our questions, in this process: real prompts on a screen of any size, answered one after the other."""

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from threading import Timer
from typing import Any, TypeVar
from unittest.mock import patch

from screen import Screen

from sfkeytool.edge.ask import Asker, Choice
from sfkeytool.errors import SfkeytoolError

T = TypeVar("T")

DOWN, ENTER, ESC, CTRL_C, EMPTIED = "\x1b[B", "\r", "\x1b", "\x03", "\x01\x0b"
PASTED = "\x1b[200~" + "Zeile eins\r\nand line two \u2713\n" * 400 + "\x1b[201~"
"""10 kB, with the ends of lines that terminals pass on."""
_PATIENCE_SECONDS = 8
WRONG = "no such: \\*?/thing "


class ScreenStream(io.StringIO):
    """A terminal for whoever prints or draws: what is written appears on the screen."""

    encoding = "utf-8"

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.screen = screen

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def write(self, text: str) -> int:
        # The driver of a terminal makes the carriage return of a program that only prints.
        self.screen.write(text.replace("\r\n", "\n").replace("\n", "\r\n"))
        return len(text)


class Person(Asker):
    """Answers by typing: ``answers`` in order, each a text, a choice's value, or a bool for yes or no.

    ``errs``: presses Ctrl-C (and is asked again), Enter on nothing, types nonsense and pastes 10 kB before each answer.
    ``goes_back``: Esc at each question but the first, then Enter alone at the one before, which has its answer still.
    """

    def __init__(
        self,
        pipe: Any,
        screen: Screen,
        answers: Sequence[Any],
        *,
        errs: bool = False,
        goes_back: bool = False,
        columns: Callable[[], int] | None = None,
    ) -> None:
        from prompt_toolkit.data_structures import Size
        from prompt_toolkit.output.vt100 import Vt100_Output

        person = self

        class Output(Vt100_Output):
            def flush(self) -> None:
                super().flush()
                person.drawn.append(screen.shown())

        width = columns or (lambda: screen.columns)
        stream = ScreenStream(screen)
        output = Output(stream, lambda: Size(rows=screen.rows, columns=width()), term="xterm", enable_cpr=False)
        super().__init__(pipe, output)
        self.screen = screen
        self.pipe = pipe
        self.answers = list(answers)
        self.errs = errs
        self.goes_back = goes_back
        self.asked: list[str] = []
        self.drawn: list[str] = []
        self.screens: list[str] = []
        """What stood on the screen when each question was put, and nothing typed yet."""
        self.keys = ""
        """All that was pressed for answers."""
        self._history: list[tuple[str, Any]] = []
        self._redo: tuple[str, Any] | None = None
        self._just_back = False

    def text(self, message: str, **options: Any) -> str:
        return self._put(message, options, lambda: super(Person, self).text(message, **options), _line(options))

    def path(self, message: str, **options: Any) -> str:
        return self._put(message, options, lambda: super(Person, self).path(message, **options), _line(options))

    def password(self, message: str, **options: Any) -> str:
        return self._put(message, options, lambda: super(Person, self).password(message, **options), _line(options))

    def confirm(self, message: str, **options: Any) -> bool:
        keys = {True: "y", False: "n"}
        return self._put(message, options, lambda: super(Person, self).confirm(message, **options), keys.__getitem__)

    def choice(self, message: str, choices: Sequence[Choice], **options: Any) -> str:
        values = [choice.value for choice in choices]
        rows = len(values) + bool(options.get("back", True))
        default = options.get("default")
        here = values.index(default) if default in values else 0

        def keys(answer: Any) -> str:
            return DOWN * ((values.index(answer) - here) % rows) + ENTER

        return self._put(message, {"rows": True}, lambda: super(Person, self).choice(message, choices, **options), keys)

    def _put(self, message: str, options: dict[str, Any], ask: Callable[[], T], keys: Callable[[Any], str]) -> T:
        self.asked.append(message)
        if self._redo is not None:
            said, answer = self._redo
            assert message == said, "not the question before"
            self._redo = None
            self._history.append((message, answer))
            return self._typed(ask, keys(answer) if isinstance(answer, bool) else ENTER)
        if self.goes_back and self._history and not self._just_back:
            self._redo, self._just_back = self._history.pop(), True
            return self._typed(ask, ESC)
        self._just_back = False
        answer = self.answers.pop(0)
        trouble = ""
        if self.errs:
            with contextlib.suppress(KeyboardInterrupt):
                self._typed(ask, CTRL_C)
                raise AssertionError("Ctrl-C does not leave")
            trouble = self._trouble(options)
        self._history.append((message, answer))
        self.keys += keys(answer)
        return self._typed(ask, trouble + keys(answer))

    def _typed(self, ask: Callable[[], T], keys: str) -> T:
        first = len(self.drawn)
        self.pipe.send_text(keys)
        # An answer that will not do ends the run, where it would wait for ever.
        patience = Timer(_PATIENCE_SECONDS, self.pipe.send_text, (CTRL_C,))
        patience.start()
        try:
            return ask()
        finally:
            patience.cancel()
            whole = " ".join(self.asked[-1].split())
            self.screens += [shown for shown in self.drawn[first:] if whole in " ".join(shown.split())][:1]

    def _trouble(self, options: dict[str, Any]) -> str:
        """Keys that leave the question where it is."""
        if options.get("rows") or "check" not in options:
            return PASTED + "?!j"
        check = options["check"]
        wrong = [text for text in ("", WRONG) if check is not None and _refuses(check, text)]
        return "".join(EMPTIED + text + ENTER for text in wrong) + PASTED + EMPTIED


def _refuses(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text.strip())
    except SfkeytoolError:
        return True
    return False


def _line(options: dict[str, Any]) -> Callable[[Any], str]:
    return lambda answer: (
        EMPTIED * bool(options.get("default")) * (answer != options.get("default"))
        + ("" if options.get("default") and answer == options.get("default") else str(answer))
        + ENTER
    )


@cache
def _bindings() -> Any:
    """What keys do in every prompt. prompt_toolkit makes it anew for each, which is half of the time that one takes."""
    from prompt_toolkit.key_binding.defaults import load_key_bindings

    return load_key_bindings()


@cache
def _merged(rules: tuple[tuple[str, str], ...]) -> Any:
    from prompt_toolkit.styles import Style

    return Style([*rules])


def _style(rules: list[tuple[str, str]]) -> Any:
    """prompt_toolkit's and ours together: made anew for each prompt too, of the same two hundred rules."""
    return _merged(tuple(rules))


@contextlib.contextmanager
def person(screen: Screen, answers: Sequence[Any], **how: Any) -> Iterator[Person]:
    """One whose keyboard is a pipe; a question too many ends the run, where it would wait for ever."""
    from prompt_toolkit.application import application
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.styles import style

    with (
        create_pipe_input() as pipe,
        patch.object(application, "load_key_bindings", _bindings),
        patch.object(style, "Style", _style),
    ):
        yield Person(pipe, screen, answers, **how)
