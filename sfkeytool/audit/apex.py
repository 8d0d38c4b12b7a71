"""Apex that names a certificate of Certificate and Key Management."""

import re
from collections.abc import Iterator

_NEXT = re.compile(r"'|//|/\*")
_LITERAL_END = re.compile(r"['\\\n]")
_NAMING_CALL = r"\b(?P<call>Auth\s*\.\s*JWS|setClientCertificateName|signWithCertificate|signXml)\s*\("
_CALL = re.compile(_NAMING_CALL, re.IGNORECASE)
_TOKEN = re.compile(_NAMING_CALL + "|[(),]", re.IGNORECASE)
_CONSTANT = re.compile(r"\bfinal\s+(?:static\s+)?String\s+(\w+)\s*=\s*'(\d+)'\s*;", re.IGNORECASE)
_VALUE = re.compile(r"\s*(?:'(?P<literal>\d+)'|(?:\w+\s*\.\s*)?(?P<constant>[A-Za-z]\w*))\s*")
_UNIQUE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_LONGEST_VALUE = 300
"""Characters of the argument that names the certificate: our own bound."""
_LONGEST_CLASS = 2_000_000
"""Characters: Salesforce takes one million (Apex Developer Guide, "Execution Governors and Limits")."""
_PLACES = {"signxml": 3}
"""Where the name is not the last argument (Apex Reference Guide: Crypto, signXml)."""


def certificates_named(code: str) -> tuple[str, ...]:
    """The unique names that a class or trigger gives as literals, or by constants of its own. Pure.

    A name in any other variable is not followed. In Auth.JWS, HttpRequest.setClientCertificateName and
    Crypto.signWithCertificate the name is the last argument (Apex Reference Guide). Linear, whatever the code: it is
    outside data.
    """
    code = code[:_LONGEST_CLASS]
    if not _CALL.search(code):  # of a hundred classes hardly one has such a call
        return ()
    masked, literals = _masked(code)
    constants: dict[str, list[str]] = {}
    for constant in _CONSTANT.finditer(masked):
        constants.setdefault(constant[1].lower(), []).append(literals[int(constant[2])])
    found: dict[str, None] = {}
    for argument in _naming_arguments(masked):
        value = _VALUE.fullmatch(argument)
        if value is None:
            continue
        # Classes within the class may have a constant of the same name each: any of them may be meant. Once is enough:
        # a thousand calls with a thousand constants of one name would be a million.
        meant = [literals[int(value["literal"])]] if value["literal"] else constants.pop(value["constant"].lower(), [])
        found |= dict.fromkeys(name for name in meant if _UNIQUE_NAME.fullmatch(name))
    return tuple(found)


def _masked(code: str) -> tuple[str, list[str]]:
    """The code without its comments, each literal replaced by its number in the list."""
    parts: list[str] = []
    literals: list[str] = []
    position = 0
    while match := _NEXT.search(code, position):
        parts.append(code[position : match.start()])
        if match[0] == "'":
            end = _end_of_literal(code, match.end())
            parts.append(f"'{len(literals)}'")
            literals.append(code[match.end() : end])
            position = end + 1
            continue
        end = code.find("\n" if match[0] == "//" else "*/", match.end())
        if end < 0:
            return "".join(parts), literals
        parts.append(" ")
        position = end + (0 if match[0] == "//" else 2)
    return "".join([*parts, code[position:]]), literals


def _end_of_literal(code: str, position: int) -> int:
    """Where it is closed, or the line ends that it does not outlive."""
    while match := _LITERAL_END.search(code, position):
        if match[0] != "\\":
            return match.start()
        position = match.end() + 1
    return len(code)


def _naming_arguments(masked: str) -> Iterator[str]:
    """Of each call that takes the name of a certificate, the argument that is the name."""
    open_calls: list[tuple[str, list[int]]] = []
    for token in _TOKEN.finditer(masked):
        if token[0].endswith("("):
            open_calls.append((token["call"] or "", [token.end()]))
        elif not open_calls:
            continue
        elif token[0] == ",":
            open_calls[-1][1].append(token.end())
        else:
            call, begins = open_calls.pop()
            if not call:
                continue
            place = _PLACES.get(call.lower(), len(begins) - 1)
            if place >= len(begins):
                continue
            end = begins[place + 1] - 1 if place + 1 < len(begins) else token.start()
            if end - begins[place] <= _LONGEST_VALUE:
                yield masked[begins[place] : end]
