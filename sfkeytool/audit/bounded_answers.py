"""What servers may answer to apprise, which leaves it to requests: so much, unpacked, and no redirect.

A redirect is no delivery: requests would make a GET without the message of it, and take its answer for the POST's.
"""

import zlib
from typing import Any

ANSWER_LIMIT = 8 << 20
"""Bytes of an answer, unpacked: our own bound. Most services answer with some hundred."""

_PIECE = 64 << 10


def bound_answers() -> list[str]:
    """Bind every request that this process makes from now on. The list gets, for each answer refused, what it was."""
    import requests

    refused: list[str] = []
    send = requests.adapters.HTTPAdapter.send

    def bounded(self: Any, request: Any, **options: Any) -> Any:
        request.headers["Accept-Encoding"] = "identity"
        answer = send(self, request, **{**options, "stream": True})
        if 300 <= answer.status_code < 400:
            what = f"HTTP {answer.status_code}, which sends us elsewhere"
        elif (body := _body(answer.raw)) is None:
            what = f"an answer of more than {ANSWER_LIMIT >> 20} MB"
        else:
            answer._content, answer._content_consumed = body, True
            return answer
        refused.append(what)
        answer.close()
        raise requests.exceptions.RequestException(what)

    setattr(requests.adapters.HTTPAdapter, "send", bounded)  # noqa: B010 - typed, a method cannot be assigned to
    return refused


def _body(raw: Any) -> bytes | None:
    """The body, None if it is too large. Raises requests' own exceptions if it breaks off or cannot be unpacked."""
    import requests
    import urllib3

    coding = raw.headers.get("content-encoding", "identity").strip().lower()
    body = bytearray()
    try:
        while piece := raw.read(_PIECE, decode_content=False):
            body += piece
            if len(body) > ANSWER_LIMIT:
                return None
        if coding in ("", "identity"):
            return bytes(body)
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise requests.exceptions.ContentDecodingError(coding)
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(bytes(body), ANSWER_LIMIT + 1)
    except (urllib3.exceptions.HTTPError, zlib.error) as error:
        raise requests.exceptions.ConnectionError("the answer broke off") from error
    return unpacked if len(unpacked) <= ANSWER_LIMIT else None
