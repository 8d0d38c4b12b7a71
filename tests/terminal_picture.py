"""The README's picture, made from a real guided run on a pseudo-terminal: ``python tests/terminal_picture.py``.

It writes docs/guided-run.svg anew. Fonts are the viewer's own; nothing is fetched.
"""

import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import pexpect
from screen import Screen

ROOT = Path(__file__).parent.parent
COLUMNS, ROWS = 80, 60
DOWN, ENTER = "\x1b[B", "\r"

RUN = {
    "What do you want to do": ENTER,
    "How is it to be made": ENTER,
    "What is it for": ENTER,
    "NAME|Name": "pay_api" + ENTER,
    "Bits of|bits": ENTER,
    "Organization": "Acme" + ENTER,
    "Country": "DE" + ENTER,
    "how many days": ENTER,
    "Password of": ENTER,
    "Go on": ENTER,
}
"""What is typed where a question has these words; each is asked once, in whatever order."""

_STYLES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "34": "u", "35": "m", "36": "c", "90": "d"}
_FIRST = 0x10000
"""A character's style is carried as its plane, so that the screen need not know of it."""
_ORDER = ["", *dict.fromkeys(_STYLES.values())]


class Painted:
    """What a program prints, with each character moved to the plane of its style."""

    def __init__(self) -> None:
        self._style = ""
        self._rest = ""

    def of(self, text: str) -> str:
        """Without colours; a sequence that is not whole yet waits for the next piece."""
        text = self._rest + text
        cut = re.search(r"\x1b\[?[0-9;]*\Z", text)
        self._rest, text = (text[cut.start() :], text[: cut.start()]) if cut else ("", text)
        painted = []
        for piece in re.split(r"(\x1b(?:\[[?>]?[0-9;]*[A-Za-z]|[=>]|\][^\x07]*\x07))", text):
            if found := re.fullmatch(r"\x1b\[([0-9;]*)m", piece):
                self._style = self._after(found[1])
            elif piece.startswith("\x1b"):
                painted.append(piece)
            else:
                painted += [self._moved(letter) for letter in piece]
        return "".join(painted)

    def _after(self, numbers: str) -> str:
        style = self._style
        given = numbers.split(";")
        if "38" in given:  # one of 256 colours: what questionary marks with
            return {"67": "u", "172": "y", "208": "y"}.get(given[-1], "m")
        for number in given:
            style = "" if number in ("", "0") else _STYLES.get(number, style)
        return style

    def _moved(self, letter: str) -> str:
        plane = _ORDER.index(self._style)
        return letter if not plane or letter < " " else chr(plane * _FIRST + ord(letter))


def run_on_terminal(arguments: Sequence[str], answers: Mapping[str, str], folder: Path) -> list[str]:
    """The rows of a whole run, painted. Raises pexpect.TIMEOUT where a question does not come."""
    ours = ("SFKEYTOOL", "CI", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ |= {
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
    }
    child = pexpect.spawn(
        sys.executable, ["-m", "sfkeytool", *arguments], cwd=str(folder), env=environ, dimensions=(ROWS, COLUMNS),
        encoding="utf-8", timeout=20,
    )  # fmt: skip
    screen, painted = Screen(ROWS, COLUMNS), Painted()
    child.logfile_read = _Feed(screen, painted)
    waiting = list(answers)
    while (found := child.expect([*waiting, pexpect.EOF])) < len(waiting):
        child.send(answers[waiting.pop(found)])
    child.close()
    if waiting or child.exitstatus:
        raise RuntimeError(f"not asked: {waiting}; exit {child.exitstatus}:\n{screen.text()}")
    return [row.rstrip() for row in [*screen.gone, *screen.lines]]


class _Feed:
    """pexpect's log, as a screen."""

    def __init__(self, screen: Screen, painted: Painted) -> None:
        self._screen, self._painted = screen, painted

    def write(self, text: str) -> None:
        self._screen.write(self._painted.of(text))

    def flush(self) -> None:
        """There is nothing to flush."""


def plain(row: str) -> str:
    """A painted row's text."""
    return "".join(chr(ord(letter) % _FIRST) for letter in row)


def _with_text(row: str, old: str, new: str) -> str:
    start = plain(row).find(old)
    if start < 0:
        return row
    moved = [chr(ord(letter) // _FIRST * _FIRST + ord(by)) for letter, by in zip(row[start:], new, strict=False)]
    return row[:start] + "".join(moved) + row[start + len(old) :]


def picture(rows: Sequence[str], title: str) -> str:
    """An SVG of painted rows, light and dark as the viewer has it. Pure."""
    while rows and not plain(rows[-1]).strip():
        rows = rows[:-1]
    width, height, line = COLUMNS * 8.43 + 32, len(rows) * 18 + 56, 18
    texts = []
    for number, row in enumerate(rows):
        column, spans = 0, []
        for style, letters in groupby(row, key=lambda letter: _ORDER[ord(letter) // _FIRST]):
            text = plain("".join(letters))
            if text.strip():
                mark = f' class="{style}"' if style else ""
                long = len(text) * 8.43
                spans.append(
                    f'<tspan x="{16 + column * 8.43:.1f}" textLength="{long:.1f}"{mark}>{escape(text, quote=False)}</tspan>'
                )
            column += len(text)
        if spans:
            texts.append(f'<text y="{50 + number * line}">{"".join(spans)}</text>')
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{escape(title)}">
<title>{escape(title)}</title>
<style>
.w{{fill:#f6f8fa;stroke:#d0d7de}}text{{font:14px ui-monospace,Consolas,Menlo,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}}
.b{{font-weight:bold}}.d{{fill:#59636e}}.r{{fill:#a40e26}}.g{{fill:#116329}}.y{{fill:#7d4e00}}.u{{fill:#0550ae}}.m{{fill:#6639ba}}.c{{fill:#0a5c63}}
@media (prefers-color-scheme:dark){{.w{{fill:#0d1117;stroke:#3d444d}}text{{fill:#e6edf3}}.d{{fill:#9198a1}}.r{{fill:#ff9492}}.g{{fill:#7ee787}}.y{{fill:#f0b72f}}.u{{fill:#79c0ff}}.m{{fill:#d2a8ff}}.c{{fill:#76e3ea}}}}
</style>
<rect class="w" x="1" y="1" width="{width - 2:.0f}" height="{height - 2}" rx="8"/>
<circle cx="20" cy="18" r="5" fill="#f7645c"/><circle cx="38" cy="18" r="5" fill="#fbbc3f"/><circle cx="56" cy="18" r="5" fill="#3ec544"/>
{chr(10).join(texts)}
</svg>
"""


def made() -> str:
    """The picture of a run that is made now, in a folder that is called as the reader's may be."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        rows = run_on_terminal([], RUN, Path(folder))
    shown = "/home/jo/secrets".ljust(len(folder))[: len(folder)]  # as long, so that no line breaks elsewhere
    title = "A guided run of sfkeytool: a few questions, and at its end what is ready and what to do next"
    return picture([_with_text(row, folder, shown) for row in rows], title)


def main() -> None:
    """Make docs/guided-run.svg."""
    (ROOT / "docs" / "guided-run.svg").write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
