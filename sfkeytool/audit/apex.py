"""Apex that names a certificate of Certificate and Key Management."""

import re
from collections.abc import Iterator

_LITERAL_OR_COMMENT = re.compile(r"('(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/", re.DOTALL)
_CALL = re.compile(r"\b(?:Auth\s*\.\s*JWS|setClientCertificateName|signWithCertificate)\s*\(", re.IGNORECASE)
_LAST_LITERAL = re.compile(r"(?:^|,)\s*'([A-Za-z]\w{0,79})'\s*$")
_LONGEST_CALL = 4000
"""Characters of a call's arguments that are looked at: our own bound."""


def certificates_named(code: str) -> tuple[str, ...]:
    """The unique names that a class or trigger gives as literals; one in a variable is not followed. Pure.

    In all three calls the name is the last argument (Apex Reference Guide: Auth.JWS, HttpRequest, Crypto).
    """
    without_comments = _LITERAL_OR_COMMENT.sub(lambda match: match[1] or " ", code)
    found = (
        literal[1]
        for call in _CALL.finditer(without_comments)
        if (literal := _LAST_LITERAL.search(_arguments(without_comments, call.end())))
    )
    return tuple(dict.fromkeys(found))


def _arguments(code: str, start: int) -> str:
    """What stands between a call's parentheses; empty where they do not close."""
    depth = 1
    for position, character in _outside_literals(code, start):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return code[start:position]
    return ""


def _outside_literals(code: str, start: int) -> Iterator[tuple[int, str]]:
    inside = False
    escaped = False
    for position in range(start, min(len(code), start + _LONGEST_CALL)):
        character = code[position]
        if character == "'" and not escaped:
            inside = not inside
        elif not inside:
            yield position, character
        escaped = inside and character == "\\" and not escaped
