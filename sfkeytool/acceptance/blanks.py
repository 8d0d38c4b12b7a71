"""Texts with placeholders, made ready for a reader: one blank is left to fill in a command, FILE."""

import re

EXAMPLE_NAME = "my_certificate"
"""A legal NAME, where nothing tells a better one."""


def ready_to_type(text: str) -> str:
    """``{file}`` and ``{name}`` of commands filled, where no file is at hand that they are about. Pure."""
    return text.replace("{file}", "FILE").replace("{name}", EXAMPLE_NAME)


def escape_markdown(text: str) -> str:
    """Outside backquotes, angle brackets and the like stay what they are. Pure."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([<>_*|\[\]])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def as_seen(message: str) -> str:
    """A message in which … stands for what differs from user to user. Pure."""
    return re.sub(r"\{\w+\}", "…", message)
