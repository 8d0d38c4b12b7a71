"""On which line of a TOML file a value stands, which tomllib does not tell."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Place = tuple[str | int, ...]
"""The way to a value: keys, and positions in arrays from 0."""

_TOKEN = re.compile(
    # Possessive groups are avoided: before Python 3.11.5 some of them match wrongly.
    r'"""[^"\\]*+(?:(?:\\.|"{1,2}(?!"))[^"\\]*+)*"{3,5}'
    r"|'''[^']*+(?:'{1,2}(?!')[^']*+)*'{3,5}"
    r'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*"'
    r"|'[^'\n]*+'"
    r"|#[^\n]*+"
    r"|[\[\]{},\n]",
    re.DOTALL,
)
_BEFORE_ELEMENT = re.compile(r"(?:\s|#[^\n]*+)*")


def line_of(text: str, place: Place) -> int:
    """The line, from 1, on which the statement or array element at ``place`` begins. ``text`` is valid TOML. Pure.

    Each statement is parsed once, by itself: linear. The last line for what the text does not hold.
    """
    table: Place = ()
    tables: dict[Place, int] = {}
    line = 1
    for statement in _statements(text):
        value = tomllib.loads(statement)
        begins = line + statement[: len(statement) - len(statement.lstrip())].count("\n")
        line += statement.count("\n")
        if statement.lstrip().startswith("["):
            *above, last = _path_of(value)
            table = _entered((), above, tables)
            if statement.lstrip().startswith("[["):
                tables[*table, last] = tables.get((*table, last), -1) + 1
            table = _entered(table, [last], tables)
            if place == table[: len(place)]:
                return begins
        elif place[: len(table)] == table and _holds(value, place[len(table) :]):
            return begins + statement.lstrip().count("\n", 0, _offset(statement.lstrip(), place[len(table) :]))
    return line


def _statements(text: str) -> Iterator[str]:
    """Each with its line end; comments and blank lines are statements that say nothing."""
    begin = depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] == "\n" and not depth:
            yield text[begin : token.end()]
            begin = token.end()
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
    yield text[begin:]


def _path_of(table: Any) -> Place:
    """The keys that a table's header names."""
    path: list[str] = []
    while isinstance(table, dict) and table:
        [(key, table)] = table.items()
        path.append(key)
    return tuple(path)


def _entered(table: Place, keys: Iterable[str | int], tables: Mapping[Place, int]) -> Place:
    """The place below ``table``; of an array of tables the latest is meant."""
    for key in keys:
        table = (*table, key)
        table = (*table, tables[table]) if table in tables else table
    return table


def _holds(value: Any, place: Place) -> bool:
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(place)


def _offset(statement: str, place: Place) -> int:
    """Of the array element that ``place`` leads to; inline tables are a line each, so that keys do not count."""
    offset = 0
    for step in place:
        if isinstance(step, int):
            depth = commas = 0
            for token in _TOKEN.finditer(statement, offset):
                if token[0] == "," and depth == 1:
                    commas += 1
                depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
                if depth == 1 and commas == step and token[0] in ("[", ","):
                    before = _BEFORE_ELEMENT.match(statement, token.end())
                    offset = before.end() if before else token.end()
                    break
    return offset
