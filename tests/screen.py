"""A terminal's screen, as far as our output needs one: what stands on it, and whether a row was cut at its edge."""

import re

_SEQUENCE = re.compile(r"\x1b(?:\[([?>]?)([0-9;]*)([A-Za-z])|\][^\x07]*\x07|[=>]|\([0AB])")


class Screen:
    """Rows of characters, of which those that went out at the top are kept. ``write`` takes what a program prints."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        self.rows = rows
        self.columns = columns
        self.gone: list[str] = []
        """Rows that have left at the top."""
        self.lines = [""] * rows
        self.row = 0
        self.column = 0
        self.wraps = True
        self.cut: list[str] = []
        """Rows in which a program that draws, and so wraps by itself, used the last column."""
        self._left_over = ""

    def write(self, text: str) -> None:
        text = self._left_over + text
        self._left_over = ""
        place = 0
        while place < len(text):
            if text[place] == "\x1b":
                match = _SEQUENCE.match(text, place)
                if match is None:
                    if len(text) - place < 32:
                        self._left_over = text[place:]
                        return
                    place += 1
                    continue
                if match[3]:
                    self._steer(match[1], match[2], match[3])
                place = match.end()
                continue
            self._put(text[place])
            place += 1

    def text(self) -> str:
        """All rows, also those that have left, without blank ones at the end."""
        return "\n".join(line.rstrip() for line in [*self.gone, *self.lines]).rstrip()

    def shown(self) -> str:
        """The rows that are on the screen."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip()

    def _steer(self, mark: str, numbers: str, letter: str) -> None:
        given = [int(number) if number else 0 for number in numbers.split(";")]
        count = max(1, given[0])
        match letter:
            case "A":
                self.row = max(0, self.row - count)
            case "B":
                self.row = min(self.rows - 1, self.row + count)
            case "C":
                self.column = min(self.columns - 1, self.column + count)
            case "D":
                self.column = max(0, self.column - count)
            case "G":
                self.column = count - 1
            case "H":
                self.row, self.column = count - 1, max(1, given[-1] if len(given) > 1 else 1) - 1
            case "J":
                self.lines[self.row] = self.lines[self.row][: self.column]
                start = 0 if given[0] == 2 else self.row + 1
                for row in range(start, self.rows):
                    self.lines[row] = ""
            case "K":
                self.lines[self.row] = self.lines[self.row][: 0 if given[0] == 2 else self.column]
            case "h" | "l" if mark == "?" and given[0] == 7:
                self.wraps = letter == "h"

    def _put(self, character: str) -> None:
        match character:
            case "\r":
                self.column = 0
            case "\n":
                self._next_row()
            case "\b":
                self.column = max(0, self.column - 1)
            case "\x07":
                pass
            case _:
                if self.column >= self.columns:
                    if self.wraps:
                        self.column = 0
                        self._next_row()
                    else:
                        self.column = self.columns - 1
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
                if not self.wraps and self.column == self.columns - 1 and character != " ":
                    self.cut.append(self.lines[self.row])
                self.column += 1

    def _next_row(self) -> None:
        if self.row == self.rows - 1:
            self.gone.append(self.lines.pop(0))
            self.lines.append("")
        else:
            self.row += 1
