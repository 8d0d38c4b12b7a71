"""One PEM as people and machines mangle it: forms by name, each a function of the clean text. No reader is asked here."""

import base64
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

Mangle = Callable[[str], bytes]


def _lines(pem: str) -> list[str]:
    return pem.strip().split("\n")


def _body(pem: str) -> tuple[str, str, str]:
    first, *lines, last = _lines(pem)
    return first, "".join(lines), last


def _joined(end: str) -> Mangle:
    return lambda pem: end.join(_lines(pem)).encode()


def _dashes(dash: str) -> Mangle:
    def mangle(pem: str) -> bytes:
        first, *lines, last = _lines(pem)
        return "\n".join([first.replace("-", dash), *lines, last.replace("-", dash), ""]).encode()

    return mangle


def _counted(count: int) -> Mangle:
    return lambda pem: pem.replace("-----", "-" * count).encode()


def certutil_encode(data: bytes) -> bytes:
    """Windows' certutil puts these lines around any file."""
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data) + b"-----END CERTIFICATE-----\n"


MENDED: Mapping[str, Mangle] = {
    r"line ends as \n": _joined(r"\n"),
    r"line ends as \r\n": _joined(r"\r\n"),
    r"line ends as \\n": _joined(r"\\n"),
    "backslashes at line ends": _joined("\\\n"),
    "blanks for line ends": _joined(" "),
    "no line ends": _joined(""),
    "line ends as <br>": _joined("<br>"),
    "line ends as <br />": _joined("<br />\n"),
    "carriage returns alone": _joined("\r"),
    "base64 of the file": lambda pem: base64.b64encode(pem.encode()),
    "base64 of the file, in lines": lambda pem: base64.encodebytes(pem.encode()),
    "base64url of the file": lambda pem: base64.urlsafe_b64encode(pem.encode()).rstrip(b"="),
    "base64 without BEGIN and END": lambda pem: "\n".join([*_lines(pem)[1:-1], ""]).encode(),
    "single quotes": lambda pem: f"'{pem.strip()}'".encode(),
    "double quotes": lambda pem: f'"{pem.strip()}"'.encode(),
    "JSON string": lambda pem: json.dumps(pem).encode(),
    "JSON object": lambda pem: json.dumps({"type": "service_account", "private_key": pem}).encode(),
    "lines of a program": lambda pem: " +\n".join(f'"{line}\\n"' for line in _lines(pem)).encode(),
    "indented, as in YAML": lambda pem: ("key: |\n" + "".join(f"  {line}\n" for line in _lines(pem))).encode(),
    "HTML entities": lambda pem: pem.replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#61;").encode(),
    "escapes of JSON": lambda pem: pem.replace("/", "\\/").replace("+", "\\u002b").replace("=", "\\u003d").encode(),
    "URL-encoded": lambda pem: quote(pem, safe="").encode(),
    "URL-encoded form": lambda pem: quote_plus(pem, safe="").encode(),
    "no-break spaces": lambda pem: pem.replace(" ", "\u00a0").replace("\n", "\u00a0\n").encode(),
    "zero-width blanks": lambda pem: pem.replace("\n", "\u200b\n").encode(),
    "line separators": _joined("\u2028"),
    "en dashes": _dashes("\u2013"),
    "em dashes": lambda pem: pem.replace("-----", "\u2014\u2014-").encode(),
    "minus signs": _dashes("\u2212"),
    "four hyphens": _counted(4),
    "six hyphens": _counted(6),
    "a missing END line": lambda pem: "\n".join([*_lines(pem)[:-1], ""]).encode(),
    "a missing BEGIN line": lambda pem: "\n".join([*_lines(pem)[1:], ""]).encode(),
    "UTF-16": lambda pem: b"\xff\xfe" + pem.encode("utf-16-le"),
    "quoted in a mail": lambda pem: "".join(f"> {line}\n" for line in _lines(pem)).encode(),
    r"base64 of \n": lambda pem: base64.b64encode(_joined(r"\n")(pem)),
    r"a variable's line": lambda pem: b'KEY="' + _joined(r"\n")(pem) + b'"\n',
    "certutil -encode": lambda pem: (
        b"-----BEGIN CERTIFICATE-----\n"
        + base64.encodebytes(base64.b64decode(_body(pem)[1]))
        + b"-----END CERTIFICATE-----\n"
    ),
}
"""Forms that sfkeytool reads, and says so."""

CLEAN: Mapping[str, Mangle] = {
    "as it was made": lambda pem: pem.encode(),
    "CRLF": lambda pem: pem.replace("\n", "\r\n").encode(),
    "Bag Attributes before it": lambda pem: (
        "Bag Attributes\n    friendlyName: a & b\n    localKeyID: 54 69 6D\nKey Attributes: <No Attributes>\n" + pem
    ).encode(),
    "blanks at line ends": lambda pem: pem.replace("\n", "  \n").encode(),
    "one long line": lambda pem: "\n".join([*_body(pem), ""]).encode(),
    "a BOM": lambda pem: b"\xef\xbb\xbf" + pem.encode(),
    "no last line end": lambda pem: pem.strip().encode(),
    "empty lines around": lambda pem: f"\n\n{pem}\n\n".encode(),
}
