"""PEM as it arrives: several blocks, CRLF, indentation, text and bag attributes in between, line ends made blanks by a
form or written ``\\n`` by JSON."""

import base64
import binascii
import re

from sfkeytool.errors import InputError
from sfkeytool.model import Opaque

LABELS = (
    *("ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY"),
    *("PRIVATE KEY", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "NEW CERTIFICATE REQUEST", "CERTIFICATE REQUEST"),
    *("CERTIFICATE", "PKCS7", "CMS", "PKCS #7 SIGNED DATA", "RSA PUBLIC KEY", "PUBLIC KEY", "EC PARAMETERS"),
    *("X509 CRL", "DH PARAMETERS", "DSA PARAMETERS"),
)
"""What stands behind BEGIN (RFC 7468, and OpenSSL's own); one that begins with another stands before it."""

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_LINE_ENDS = re.compile(rb"\s|\\[nr]")


class PemBlock(Opaque, frozen=True):
    """One PEM block. ``number`` counts from 1 in its file; ``text`` is the block again, tidied (secret), of a private
    key, and empty of all else."""

    label: str
    number: int
    text: bytes
    headers: bool
    """Whether it has RFC 1421 headers (``DEK-Info``), in which case ``der`` is still encrypted."""
    der: bytes


def parse_pem(data: bytes, label: str) -> tuple[PemBlock, ...]:
    """Every PEM block of ``data``, in order. Pure. Raises InputError for a block that is cut short or not base64."""
    blocks: list[PemBlock] = []
    position = 0
    while match := _BEGIN.search(data, position):
        kind = match.group(1)
        number = len(blocks) + 1
        end_line = b"-----END " + kind + b"-----"
        end = data.find(end_line, match.end())
        if end < 0 or b"-----BEGIN " in data[match.end() : end]:
            raise InputError(
                "pem.truncated",
                f"{label}: PEM block {number} ({kind.decode()}) has no {end_line.decode()} line: the file is cut short",
            )
        lines = [line.strip() for line in data[match.end() : end].splitlines()]
        headers = [line for line in lines if b":" in line]
        body = _LINE_ENDS.sub(b"", b"".join(line for line in lines if b":" not in line))
        try:
            der = base64.b64decode(body, validate=True)
        except binascii.Error:
            raise InputError(
                "pem.malformed", f"{label}: PEM block {number} ({kind.decode()}) is not valid base64"
            ) from None
        text = b""
        if kind.endswith(b"PRIVATE KEY"):
            text = b"\n".join([match.group(0), *headers, *([b""] if headers else []), *_wrap(body), end_line, b""])
        blocks.append(PemBlock(kind.decode(), number, text, bool(headers), der))
        position = end + len(end_line)
    if not blocks:
        raise InputError("pem.malformed", f"{label}: no complete PEM block in the file")
    return tuple(blocks)


def encode_pem_block(label: str, der: bytes) -> bytes:
    """One block, lines of 64 characters with LF ends. Pure."""
    name = label.encode()
    lines = [b"-----BEGIN " + name + b"-----", *_wrap(base64.b64encode(der)), b"-----END " + name + b"-----", b""]
    return b"\n".join(lines)


def _wrap(body: bytes) -> list[bytes]:
    return [body[i : i + 64] for i in range(0, len(body), 64)]
