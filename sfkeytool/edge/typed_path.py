"""Paths as people give them: typed, pasted, dragged onto the terminal; and their completion."""

import os
import re
import sys
from collections.abc import Sequence

_QUOTES = "'\""


def typed_path(text: str) -> str:
    """The path that is meant. What terminals and file managers put around one is taken off: quotes, a ``file://`` URL
    with its ``%20``, and on POSIX a backslash before a blank; ``~`` is the home. Never raises.
    """
    text = text.strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]:
        text = text[1:-1]
    elif text[:7].lower() == "file://":
        text = _from_url(text)
    elif sys.platform != "win32" and "\\" in text and not _exists(text):
        text = re.sub(r"\\(.)", r"\1", text)
    return os.path.expanduser(text)  # noqa: PTH111 - a typed string, not yet a Path


def complete_path(text: str) -> tuple[str, Sequence[str]]:
    """``text`` completed as far as only one way leads on, and the names between which it stops. Never raises."""
    typed = text.lstrip().lstrip(_QUOTES)
    folder, begun = os.path.split(os.path.expanduser(typed))  # noqa: PTH111
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(
                entry.name + (os.sep if entry.is_dir() else "")
                for entry in entries
                if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
            )
    except (OSError, ValueError):
        return text, ()
    if not names:
        return text, ()
    common = os.path.commonprefix(names)  # noqa: RUF071 - of names, character by character
    return os.path.join(folder, common), names if len(names) > 1 else ()  # noqa: PTH118


def _from_url(url: str) -> str:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        return url2pathname(urlsplit(url.replace("?", "%3F").replace("#", "%23")).path)
    except ValueError:
        return url


def _exists(text: str) -> bool:
    try:
        return os.path.lexists(text)
    except ValueError:  # a NUL
        return False
