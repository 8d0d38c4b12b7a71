"""Texts with placeholders, made ready for a reader: one blank is left to fill in a command, FILE."""

import re
from collections.abc import Mapping

from sfkeytool.shell import WINDOWS

EXAMPLE_NAME = "my_certificate"
"""A legal NAME, where nothing tells a better one."""


_BLANKS = {
    "file": "FILE",
    "name": EXAMPLE_NAME,
    "password": " --password prompt",
    "input_password": " --input-password prompt",
    "new_password": "",
    "format": "",
    "copy": "copy" if WINDOWS else "cp",
}
"""What stands in commands where no file is at hand that they are about."""


def filled(text: str, blanks: Mapping[str, str]) -> str:
    """The blanks of commands filled with these, and else as ready_to_type() does. Pure."""
    values = _BLANKS | dict(blanks)
    return re.sub(r"\{(\w+)\}", lambda blank: values.get(blank[1], blank[0]), text)


def ready_to_type(text: str) -> str:
    """The blanks of commands filled, where no file is at hand that they are about. Pure."""
    return filled(text, {})


def as_seen(message: str) -> str:
    """A message in which … stands for what differs from user to user. Pure."""
    return re.sub(r"\{\w+\}", "…", message)
