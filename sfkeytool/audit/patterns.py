"""Patterns over what an audit looks at: what ``--exclude`` leaves out, and what ``.forceignore`` keeps undeployed."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.audit.model import Inventory


def fits(text: str, pattern: str) -> bool:
    """``*``, ``?`` and ``[abc]`` as in a shell, but ``*`` goes over ``/`` too; upper and lower case are the same."""
    return fnmatchcase(text.lower(), pattern.lower())


def excludes_path(patterns: Sequence[str], path: str) -> bool:
    """Whether a pattern fits a path below what is looked through, its last name, or a folder on the way. Pure."""
    parts = PurePath(path).parts
    places = [*parts, *("/".join(parts[:end]) for end in range(2, len(parts) + 1))]
    return any(
        fits(place, pattern.removesuffix("/")) or fits(f"/{place}", pattern) for pattern in patterns for place in places
    )


def without_excluded(inventory: Inventory, patterns: Sequence[str]) -> Inventory:
    """Without certificates whose own name, or place in an org, fits a pattern; how many is counted. Pure.

    They were judged with the rest: what they cover stays covered.
    """
    if not patterns:
        return inventory
    kept = tuple(
        item
        for item in inventory.items
        if not any(
            fits(text, pattern)
            for pattern in patterns
            for text in (item.carrier.name, *((item.carrier.path,) if item.carrier.in_org else ()))
        )
    )
    return replace(inventory, items=kept, excluded=len(inventory.items) - len(kept))


class _Rule(Struct, frozen=True):
    matches: re.Pattern[str]
    is_negated: bool
    folders_only: bool


class ForceIgnore(Struct, frozen=True):
    """The ``.forceignore`` of an sfdx project: patterns as in a ``.gitignore``, the last that fits decides."""

    rules: tuple[_Rule, ...] = ()

    def ignores(self, path: str) -> bool:
        """Whether a file, by its POSIX path below the project, is kept out of deployments. Pure.

        As git does: what is below an ignored folder cannot be taken in again.
        """
        parts = path.split("/")
        return any(self._decides("/".join(parts[:end]), is_folder=end < len(parts)) for end in range(1, len(parts) + 1))

    def _decides(self, path: str, *, is_folder: bool) -> bool:
        ignored = False
        for rule in self.rules:
            if (is_folder or not rule.folders_only) and rule.matches.fullmatch(path):
                ignored = not rule.is_negated
        return ignored


def parse_forceignore(text: str) -> ForceIgnore:
    """The rules of a ``.forceignore``; a pattern that is none is passed over. Never raises. Pure."""
    return ForceIgnore(tuple(rule for line in text.removeprefix("\ufeff").splitlines() if (rule := _rule(line))))


def _rule(line: str) -> _Rule | None:
    text = re.sub(r"(?<!\\)\s+$", "", line)
    if not text or text.startswith("#"):
        return None
    is_negated = text.startswith("!")
    text = text.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    text = text.removeprefix("/")
    if not text:
        return None
    lead = "" if anchored else "(?:.*/)?"
    try:
        return _Rule(re.compile(lead + "".join(_translated(text)), re.DOTALL), is_negated, folders_only)
    except re.error:
        return None


_PIECE = re.compile(r"(?:^|(?<=/))\*\*/|/\*\*$|\*+|\?|\[!?\]?[^]]*\]|\\.|.", re.DOTALL)


def _translated(pattern: str) -> Iterable[str]:
    for piece in _PIECE.findall(pattern):
        if piece == "**/":
            yield "(?:.*/)?"
        elif piece == "/**":
            yield "/.+"
        elif piece.startswith("*"):
            yield ".+" if pattern == piece == "**" else "[^/]*"
        elif piece == "?":
            yield "[^/]"
        elif piece.startswith("[") and len(piece) > 2:
            body = piece[1:-1].replace("\\", "\\\\")
            yield f"(?!/)[{'^' + body[1:] if body[0] in '!^' else body}]"
        else:
            yield re.escape(piece[1:] if len(piece) > 1 else piece)
