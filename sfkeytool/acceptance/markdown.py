"""Markdown of the pages that are generated."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable

_COLUMNS = 120
_BOUND = "\u00a0"  # no-break space
_MARK = re.compile(r" (?=(?:[-+*#=]+|\d+[.)])(?: |$))")
"""Before what would begin a list or a heading, if a line began with it."""

_LEAD = re.compile(r"((?:- |\d+\. )?)(.*)")


def escape_markdown(text: str) -> str:
    """Outside backquotes, angle brackets and the like stay what they are. Pure."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([<>_*|\[\]])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def markdown_page(lines: Iterable[str]) -> str:
    """The page: prose and items are filled to 120 columns, headings and tables stay as they are. Pure."""
    return "".join(f"{filled}\n" for line in lines for filled in _filled(line))


def _filled(line: str) -> list[str]:
    if len(line) <= _COLUMNS or line.startswith(("#", "|")):
        return [line]
    lead, text = _LEAD.findall(line)[0]
    bound = re.sub(r"`[^`]+`|\]\([^)]*\)", lambda code: code[0].replace(" ", _BOUND), text)
    filled = textwrap.wrap(
        _MARK.sub(_BOUND, bound),
        _COLUMNS,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [one.replace(_BOUND, " ") for one in filled]


class Anchors:
    """The anchors of a page's headings, as GitHub makes them; asked for in the order in which the headings stand."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def of(self, heading: str) -> str:
        """The anchor of the next heading, whose text is given without its marks."""
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        self._used[anchor] += 1
        return anchor if self._used[anchor] == 1 else f"{anchor}-{self._used[anchor] - 1}"
