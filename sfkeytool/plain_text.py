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


def escaped(text: str, escape: Callable[[str], str]) -> str:
    """``text`` in which ``escape`` rewrote each control or invisible character, and each that begins a command of a CI
    system. Pure."""
    shown = "".join(character if character.isprintable() else escape(character) for character in text)
    return escaped_commands(shown, escape)


def escaped_commands(text: str, escape: Callable[[str], str]) -> str:
    """The same for the commands of CI systems alone. Pure."""
    return _OBEYED.sub(lambda found: escape(found[0]), text)
