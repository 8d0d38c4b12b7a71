"""The values of a TOML file, looked at one after the other: a first wrong one is an error that names its line."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NoReturn

from sfkeytool.audit.toml_lines import Place, line_of
from sfkeytool.errors import InputError

_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0]")
"""How it begins: with its mark, or with one of ASCII's characters."""
_SAVE_AS_UTF_8 = "in Notepad: Save as, Encoding: UTF-8; in PowerShell: Set-Content -Encoding utf8 where > was"
_LINE = re.compile(r"\(at line (\d+)")
_BACKSLASH = (
    "a backslash between double quotes begins an escape: write a path between single quotes, 'C:\\keys\\pay.crt',"
    " or with /"
)
_ESCAPED = re.compile(r"[\b\t\n\f\r\x1b]")
"""What is left of such a path where each of its backslashes happened to begin an escape that TOML knows."""
CONFIG_LIMIT = 1 << 20
"""Bytes of a configuration: our own bound. tomllib reads about one million in a second."""


class Reading:
    """A file whose values are being read; ``label`` is its path. ``values`` are what it holds.

    Raises InputError: config.encoding, config.syntax; and from its readers, with file, line and key, config.unknown-key
    and config.value. Each reader is given a value and its place, and gives what it means.
    """

    def __init__(self, content: bytes, label: str) -> None:
        if _UTF_16.match(content):
            raise InputError("config.encoding", f"{label} is UTF-16, and TOML has to be UTF-8", _SAVE_AS_UTF_8)
        try:
            self._text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError("config.encoding", f"{label} is not UTF-8, as TOML has to be", _SAVE_AS_UTF_8) from None
        if _LONG_KEY.search(self._text):  # each of its parts costs tomllib a pass over those before it
            raise InputError("config.syntax", f"{label} is no TOML of ours: a key of it has more than 50 parts")
        self.label = label
        try:
            self.values = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise InputError("config.syntax", f"{label} is no TOML: {error}", *self._hints(str(error))) from None
        except ValueError:  # Python converts no more than 4300 digits, and tomllib lets that through
            raise InputError("config.syntax", f"{label} is no TOML of ours: a number of it is too long") from None
        except RecursionError:
            raise InputError("config.syntax", f"{label} is no TOML of ours: it is nested too deeply") from None

    def _hints(self, error: str) -> tuple[str, ...]:
        """What helps with a line that tomllib stumbles over: the text itself is not quoted, it may be a secret."""
        lines = self._text.split("\n")
        found = _LINE.search(error)
        stumbled = lines[int(found[1]) - 1 : int(found[1])] if found else lines[-1:]
        return (_BACKSLASH,) if any("\\" in line for line in stumbled) else ()

    def fail(self, code: str, place: Place, message: str, *hints: str) -> NoReturn:
        raise InputError(code, f"{self.label}, line {line_of(self._text, place)}: {message}", *hints)

    def wrong(self, place: Place, wanted: str, value: object) -> NoReturn:
        self.fail("config.value", place, f"{dotted(place)} must be {wanted}, not {_kind(value)}")

    def lacks(self, place: Place, message: str) -> NoReturn:
        self.fail("config.missing-key", place, message)

    def known(self, place: Place, value: Mapping[str, Any], known: Sequence[str] | Mapping[str, Any]) -> None:
        for key in value:
            if key not in known:
                near = get_close_matches(key.replace("_", "-"), list(known), n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                where = f" in {dotted(place)}" if place else ""
                self.fail("config.unknown-key", (*place, key), f"{key!r} is not known{where}", hint)

    def table(self, place: Place, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(place, "a table", value)
        return value

    def list_of(self, read: Callable[[Place, Any], Any]) -> Callable[[Place, Any], tuple[Any, ...]]:
        def read_list(place: Place, value: object) -> tuple[Any, ...]:
            if not isinstance(value, list):
                self.wrong(place, "a list in [ ]", value)
            return tuple(read((*place, number), element) for number, element in enumerate(value))

        return read_list

    def table_of(self, read: Callable[[Place, Any], Any]) -> Callable[[Place, Any], dict[str, Any]]:
        def read_table(place: Place, value: object) -> dict[str, Any]:
            return {key: read((*place, key), element) for key, element in self.table(place, value).items()}

        return read_table

    def text_value(self, place: Place, value: object) -> str:
        if not isinstance(value, str):
            self.wrong(place, "text in quotes", value)
        if not value.strip() or not value.isprintable():
            hints = [_BACKSLASH] if _ESCAPED.search(value) else []
            self.fail("config.value", place, f"{dotted(place)} must be one line of text, and not empty", *hints)
        return value


def dotted(place: Place) -> str:
    """``exceptions[2].until``: positions are counted from 1, as people do."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a number", float: "a fraction", list: "a list", dict: "a table", datetime: "a time"}
    return kinds.get(type(value), "a day" if isinstance(value, date) else type(value).__name__)
