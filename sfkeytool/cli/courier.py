"""The process that sends one message, and waits for its service: see do_apart()."""

import os
import sys
from contextlib import suppress
from typing import Any

from sfkeytool.audit.bounded_answers import bound_answers
from sfkeytool.audit.notify import Message, deliver, parse_destination
from sfkeytool.edge.apart import answer_apart
from sfkeytool.passwords import Secret

_MEMORY_BYTES = 128 << 20
"""What is bounded nowhere else, such as the lines of a mail server's greeting, ends here: our own bound."""


def main() -> None:
    """Answers null once the service has taken the message, else why not."""
    os.environ["NETRC"] = os.devnull  # requests would send a password from ~/.netrc that nobody has named
    if sys.platform != "win32":
        import resource

        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    answer_apart(_send)


def _send(job: dict[str, Any]) -> str | None:
    refused = bound_answers()
    destination = parse_destination(Secret(job["address"]), job["label"])
    reason = deliver(destination, Message(job["subject"], job["body"]))
    return refused[-1] if reason and refused else reason
