"""The same questions for screen readers and dumb terminals: numbered choices, read by line, nothing drawn twice."""

import os
import select
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TextIO

from sfkeytool.edge.ask import BACK_ANSWER, Asker, BackWanted, Check, Choice, Words, told
from sfkeytool.edge.typed_path import typed_path
from sfkeytool.errors import SfkeytoolError

_NOTHING = "-"
"""The answer that takes a default away."""
_ENDS = ("\x04", "\x1a")
"""Ctrl-D and Ctrl-Z where they are characters of a line: on Windows, of a secret both, of other answers the first."""
_SLICE_SECONDS = 0.2
"""How long an answer is waited for at once: a Ctrl-C that comes just before a wait is seen when that ends."""


class PlainAsker(Asker):
    """Reads answers from ``input`` and writes questions to ``output``; tests give their own."""

    def __init__(self, input: TextIO | None = None, output: TextIO | None = None) -> None:
        self._lines = input
        self._questions = output
        self._explained = False

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
        self._say(reason)
        may_be_empty = not _refusal(check, "")
        while True:
            clears = f"; {_NOTHING}: none" if may_be_empty else ""
            typed = self._read(f"{message} (Enter: {default}{clears}) " if default else f"{message} ")
            answer = default if not typed else "" if typed == _NOTHING and default and may_be_empty else typed
            if refusal := _refusal(check, answer):
                self._say(refusal)
                better = suggest(answer) if suggest and answer else ""
                default = better if better != answer else default
                continue
            self._say(tell(answer) if tell else "")
            return answer

    def path(self, message: str, *, default: str = "", check: Check | None = None, reason: str = "") -> str:
        def check_path(answer: str) -> None:
            if check is not None:
                check(typed_path(answer))

        return typed_path(self.text(message, default=default, check=check_path, reason=reason))

    def choice(
        self,
        message: str,
        choices: Sequence[Choice],
        *,
        default: str | None = None,
        back: bool = True,
        reason: str = "",
    ) -> str:
        self._say(reason)
        self._say(message)
        values = [choice.value for choice in choices]
        for number, choice in enumerate(choices, 1):
            self._say(f"  {number}. {choice.title}{f' - {choice.meaning}' if choice.meaning else ''}")
        if back:
            self._say("  b. Back")
        chosen = values.index(default) + 1 if default in values else 1
        while True:
            answer = self._read(f"Number (Enter: {chosen}): ") or str(chosen)
            if answer.lower() in ("b", "back"):
                raise BackWanted
            number = int(answer.lstrip("0")[:4] or 0) if answer.isascii() and answer.isdigit() else 0
            if 1 <= number <= len(values):
                return values[number - 1]
            self._say(f"A number from 1 to {len(values)} is wanted.")

    def confirm(self, message: str, *, default: bool, reason: str = "") -> bool:
        self._say(reason)
        while True:
            answer = self._read(f"{message} (yes or no; Enter: {'yes' if default else 'no'}) ").lower()
            if answer in ("", "y", "yes", "n", "no"):
                return answer.startswith("y") if answer else default
            if answer == "b":
                raise BackWanted
            self._say("yes or no is wanted.")

    def password(self, message: str, *, check: Check | None = None) -> str:
        while True:
            typed = self._read_secret(f"{message} ")
            if refusal := _refusal(check, typed):
                self._say(refusal)
                continue
            return typed

    def pasted(self, message: str) -> bytes:
        from sfkeytool.edge.pasted_key import read_pasted

        return read_pasted(message, plain=True)

    def _say(self, line: str) -> None:
        if line:
            self._write(line + "\n")

    def _write(self, text: str) -> None:
        """Words are kept whole where the window ends."""
        indent = text[: len(text) - len(text.lstrip(" "))]
        width = max(40, shutil.get_terminal_size().columns - 1)
        shown = "".join(character if character.isprintable() else " " for character in text.strip())
        lines = textwrap.wrap(shown, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        end = text[len(text.rstrip()) :]
        print("\n".join(lines), end=end, file=self._questions or sys.stderr, flush=True)

    def _read(self, question: str) -> str:
        """A line without what steers terminals. Raises BackWanted and KeyboardInterrupt."""
        if not self._explained:
            self._explained = True
            self._say(f"Answers are read line by line. {BACK_ANSWER} goes back, Ctrl-C leaves.")
        self._write(question)
        return self._checked(lambda: _line(self._lines or sys.stdin))

    def _read_secret(self, question: str) -> str:
        if self._lines is not None:
            return self._checked(self._lines.readline, strip="\r\n")
        from getpass import getpass

        return self._checked(lambda: getpass(question, stream=sys.stderr) + "\n", strip="\r\n")

    def _checked(self, read: Callable[[], str], *, strip: str | None = None) -> str:
        try:
            line = read()
        except (EOFError, KeyboardInterrupt):
            line = ""
        if not line or line.strip() in _ENDS:  # Ctrl-D, or a terminal that went away
            print(file=self._questions or sys.stderr)
            raise KeyboardInterrupt
        if line.strip() in (BACK_ANSWER, "\x1b"):
            raise BackWanted
        if strip is not None:
            return line.rstrip(strip)
        return "".join(character for character in line if character.isprintable() or character == "\t").strip()


def _line(lines: TextIO) -> str:
    """The next line with its end; empty at the end of ``lines``. Of a terminal it can be interrupted at any moment."""
    if os.name == "posix" and lines.isatty():
        while not select.select([lines], [], [], _SLICE_SECONDS)[0]:
            pass
    return lines.readline()


def _refusal(check: Check | None, answer: str) -> str:
    """Why the answer will not do; empty where it will."""
    try:
        if check is not None:
            check(answer)
    except SfkeytoolError as error:
        return told(error)
    return ""
