"""From a command's values to its request: the one way, whether the values come from flags or from answers.

Apart from the commands, because requests cost time to import and ``--help`` needs none.
"""

import os
import os.path
import re
from pathlib import Path

from sfkeytool.cli import options
from sfkeytool.cli.fields import Values
from sfkeytool.errors import UsageError
from sfkeytool.names import parse_unique_name
from sfkeytool.passwords import Source, parse_source
from sfkeytool.workflows.requests import (
    CompareRequest,
    ExplainRequest,
    ShowRequest,
)
from sfkeytool.workflows.subjects import SubjectRequest

_MAIL_ADDRESS = re.compile(r"[^@\s<>&]+@[^@\s<>&]+\.[^@\s<>&]+")
_SCOPE = re.compile(r"[A-Z][A-Za-z0-9]*")
_LONGEST_WAIT_MINUTES = 24 * 60
_SHORTEST_POLL_SECONDS = 5
"""Our own bounds of ``login --wait``."""


def build_show_request(values: Values) -> ShowRequest:
    """The request that these values make. Raises UsageError."""
    return ShowRequest(tuple(values["files"]), _passwords(values))


def build_compare_request(values: Values) -> CompareRequest:
    """The request that these values make. Raises UsageError."""
    aliases = tuple(values["aliases"] or ())
    if len(aliases) > 2:
        raise UsageError("usage.alias", "--alias is given once for both sides, or twice: for A and for B")
    return CompareRequest(values["left"], values["right"], _passwords(values), aliases)


def build_explain_request(values: Values) -> ExplainRequest:
    """The request that these values make. Raises UsageError."""
    if values["list"] and values["text"]:
        raise UsageError("usage.explain", "--list takes no text", "leave out one of the two")
    if not values["list"] and not values["text"]:
        raise UsageError("usage.missing", "missing: TEXT", "see all that is known: sfkeytool explain --list")
    return ExplainRequest(" ".join(values["text"]) if values["text"] else None)


def parse_name(values: Values) -> str:
    """NAME. Raises UsageError, which tells a file from a name."""
    # Completion of the folder's name leaves a slash behind it.
    given = values["name"] = values["name"].rstrip("/" + os.sep)
    try:
        return parse_unique_name(given).value
    except UsageError as error:
        if not os.path.isfile(given):
            raise
        raise UsageError(
            error.code, f"{given} is a file; the first argument is NAME", "NAME FILE… in this order"
        ) from None


def _output_dir(values: Values) -> Path | None:
    given = values["output_dir"]
    if given == "":
        raise UsageError("usage.output-dir", "--output-dir is empty: is a variable not set?")
    return Path(given) if given is not None else None


def _passwords(values: Values) -> tuple[Source, ...]:
    """Of files that are read; each is tried."""
    return tuple(parse_source(text, "--password") for text in values["password"] or ())


def _subject(values: Values) -> SubjectRequest:
    parts = {field.name: values[field.name] for field in options.SUBJECT if field.name != "subject"}
    return SubjectRequest(rfc4514=values["subject"], **parts)
