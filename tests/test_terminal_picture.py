"""The README's picture: colours and layout as they were printed, no foreign part, and a run that is still the same."""

import re
from pathlib import Path

import pytest
from lxml import etree
from screen import Screen
from terminal_picture import Painted, made, picture, plain

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"


def lines_of(text: str) -> list[str]:
    """What an SVG shows, a line each; digits, also of fingerprints, as #."""
    texts = etree.fromstring(text.encode()).iter(f"{SVG}text")
    lines = [" ".join("".join(part.itertext()).strip() for part in line) for line in texts]
    return [re.sub("[0-9A-F:]", "#", line) for line in lines]


def test_colours_survive_the_screen() -> None:
    """Cut anywhere, with a cursor that goes back over what was coloured."""
    printed = "\x1b[31mred\x1b[0m \x1b[1;36mbold\x1b[m\r\n\x1b[38;5;67mblue\x1b[0m\x1b[4Dx<&"
    for cut in range(len(printed)):
        screen, painted = Screen(3, 20), Painted()
        screen.write(painted.of(printed[:cut]))
        screen.write(painted.of(printed[cut:]))
        assert [plain(line) for line in screen.lines[:2]] == ["red bold", "x<&e"]
        drawn = picture(screen.lines, 'A "title" & more')
        assert re.findall(r'class="(\w+)">([^<]+)<', drawn) == [("r", "red"), ("c", "bold"), ("u", "e")]
        assert etree.fromstring(drawn.encode()).get("aria-label") == 'A "title" & more'


def test_the_picture_stands_alone() -> None:
    """No font, no script, no address but the name of SVG."""
    text = (ROOT / "docs" / "guided-run.svg").read_text(encoding="utf-8")
    assert re.findall(r"[a-z]+://[^\s\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<image|<foreignObject|@import|url\(", text)
    assert "guided-run.svg" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_picture_is_of_the_run_as_it_is(tmp_path: Path) -> None:
    """Stale? python tests/terminal_picture.py"""
    kept = (ROOT / "docs" / "guided-run.svg").read_text(encoding="utf-8")
    assert lines_of(kept) == lines_of(made())
