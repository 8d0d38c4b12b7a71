"""Outside text made fit for a terminal, a log and a report: nothing in it is obeyed by what reads it."""

import re
from collections.abc import Callable

_OBEYED = re.compile(
    r"#(?=#\w*\[)"
    r"|:(?=:(?:debug|notice|warning|error|group|endgroup|echo|(?:add|internal|remove|save|set|stop)-[a-z]))",
    re.IGNORECASE,
)
"""The first character of what CI systems take for a command in the log of a job: ``##[…]``, ``##vso[…]`` and
``##teamcity[…]`` anywhere in a line (Azure Pipelines, TeamCity), ``::error …`` where a line begins (GitHub Actions, the
names that actions/runner registers). Those are looked for anywhere too: a line may be broken, or folded, just there."""

_EMOJI = "\ufe0f"
"""Variation selector 16: the sign before it is shown as an emoji."""


def escaped(text: str, escape: Callable[[str], str]) -> str:
    """``text`` in which ``escape`` rewrote each control or invisible character, and each that begins a command of a CI
    system. Pure."""
    shown = "".join(character if character.isprintable() else escape(character) for character in text)
    return escaped_commands(shown, escape)


def escaped_commands(text: str, escape: Callable[[str], str]) -> str:
    """The same for the commands of CI systems alone. Pure."""
    return _OBEYED.sub(lambda found: escape(found[0]), text)


def display_width(text: str) -> int:
    """The columns that a terminal gives to ``text``, which holds nothing unprintable: two for what East Asian
    scripts and emoji take (Unicode Standard Annex 11), none for marks that sit on the character before. Pure."""
    return len(text) if text.isascii() else sum(_widths(text))


def shortened(text: str, columns: int) -> str:
    """``text`` in so many columns at most; an ellipsis stands for the end that is left out. Pure."""
    if display_width(text) <= columns:
        return text
    kept, left = [], columns - 1
    for character, width in zip(text, _widths(text), strict=True):
        left -= width
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if columns > 0 else ""


def shortened_left(text: str, columns: int) -> str:
    """The same, but the end stays: of a path that is what tells. Pure."""
    if display_width(text) <= columns:
        return text
    kept, left = len(text), columns - 1
    for number, width in reversed(list(enumerate(_widths(text)))):
        left -= width
        if left < 0:
            break
        if width:  # a mark stays with its character
            kept = number
    return "…" + text[kept:] if columns > 0 else ""


def _widths(text: str) -> list[int]:
    from unicodedata import category, east_asian_width

    widths: list[int] = []
    for character in text:
        if character == _EMOJI and widths and widths[-1] == 1:
            widths.append(1)  # it makes two columns of a sign that is text otherwise
        elif category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":  # vowels within a Hangul block
            widths.append(0)
        else:
            widths.append(2 if east_asian_width(character) in "WF" else 1)
    return widths
