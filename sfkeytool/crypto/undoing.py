"""What JSON, HTML, URLs and typesetting write for characters of a text, turned back."""

import re
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import unquote


class Form(StrEnum):
    """What was done to a PEM, as the end of "it is read, although …"."""

    UTF_16 = "it is UTF-16, as Windows PowerShell writes it"
    BASE64 = "it is base64 of the file"
    BARE = "its BEGIN and END lines are missing"
    NO_BEGIN = "its BEGIN line is missing"
    NO_END = "its END line is missing"
    WRONG_LABEL = "BEGIN and END lines of another kind stand around it"
    CERTUTIL = "BEGIN CERTIFICATE stands around what is no certificate, as certutil -encode writes it"
    ENTITIES = "characters of it are written as HTML entities"
    TAGS = "HTML stands in it, such as <br> for its line ends"
    URL = "it is URL-encoded"
    NEWLINES = r"its line ends are written as \n"
    ESCAPES = "backslashes stand in it"
    BLANKS = "no-break spaces or other blanks of Unicode stand in it"
    QUOTES = "quotes stand around it"
    JSON = "it stands in JSON"
    MAIL = "its lines are quoted as in a mail"
    DASHES = "other dashes stand in it for hyphens"
    HYPHENS = "its BEGIN and END lines have not five hyphens on each side"
    LINES = "its line ends are blanks"
    GONE = "its line ends are gone"
    RETURNS = "its line ends are carriage returns alone"
    PLACE = "its BEGIN or END line does not begin at the margin"


# Strings, which are compiled where one is met: few texts have any of it.
_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});"
_TAG = r"</?[A-Za-z][^<>]{0,100}>"
_PERCENT = r"(?:%[0-9A-Fa-f]{2})+"
_ESCAPE = r"\\{1,8}(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt])|\r?\n|(?=[\"'/=+]))"
_UNICODE_BLANK = "[\u0085\u00a0\u1680\u180e\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\udca0]"


def undo_escapes(text: str) -> tuple[str, list[Form]]:
    """``text`` without what stands for something else in HTML, URLs, programs and typesetting, and what was undone.
    Pure. Never raises."""
    forms: list[Form] = []

    def undo(form: Form, pattern: str, by: "str | Callable[[re.Match[str]], str]") -> None:
        nonlocal text
        text, count = re.subn(pattern, by, text)
        if count:
            forms.append(form)

    if "&" in text:
        import html

        undo(Form.ENTITIES, _ENTITY, lambda match: html.unescape(match[0]))
    if "<" in text:
        undo(Form.TAGS, _TAG, "\n")
    if "%" in text and re.search(_PERCENT, text):
        if "BEGIN+" in text or "END+" in text:
            text = text.replace("+", " ")
        undo(Form.URL, _PERCENT, lambda match: unquote(match[0], errors="surrogateescape"))
        if not text.isascii():  # bytes that stand apart by now may be one character together
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    if "\\" in text:
        before = text
        text = re.sub(_ESCAPE, _unescaped, text)
        if text != before:
            forms.append(Form.NEWLINES if re.search(r"\\[nr]", before) else Form.ESCAPES)
    if not text.isascii():
        undo(Form.BLANKS, _UNICODE_BLANK, lambda match: "\n" if match[0] in "\u0085\u2028\u2029" else " ")
    return text, forms


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16))
    return "\n" if match[3] else ""
