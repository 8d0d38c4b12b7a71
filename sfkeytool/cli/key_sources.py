"""Where a private key comes from: a file, a variable, a command, stdin, or what is pasted at the prompt."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.errors import InputError, PrivateKeyError, UsageError
from sfkeytool.passwords import Source, SourceKind, decode_text, parse_source

if TYPE_CHECKING:
    from sfkeytool.cli.run import Run
    from sfkeytool.keystores.contents import InputFile

_STDIN_LIMIT = 1 << 20
"""Bytes of a key on stdin: our own bound, as no key or keystore comes near it."""


def parse_key_source(text: str, option: str) -> Source:
    """``-``, ``env:NAME``, ``cmd:COMMAND`` or ``prompt``; all else is a file's path. Raises UsageError."""
    if text == "-":
        return Source(SourceKind.STDIN)
    if text == "prompt" or text.startswith("cmd:"):
        return parse_source(text, option)
    kind = SourceKind.ENV if text.startswith("env:") else SourceKind.FILE
    return Source(kind, text.removeprefix("env:"))


def read_key(run: "Run", source: Source, option: str, *, named: bool = True) -> "InputFile":
    """The bytes at ``source``; secret. Raises InputError, UsageError, and PrivateKeyError (``key.malformed``) for a
    text that is nothing which a key could be in."""
    match source.kind:
        case SourceKind.FILE:
            return run.read_found(Path(source.argument), named=named)
        case SourceKind.STDIN:
            return run.received("stdin", _read_stdin(option))
        case SourceKind.COMMAND:
            return _of_text(run, decode_text(run.printed_by(source, option), str(source)), str(source))
        case SourceKind.PROMPT:
            return _of_text(run, _pasted(run, option), "the pasted text")
    text = run.environ.get(source.argument)
    if text is None:
        raise InputError("secret.env-unset", f"{option}: the variable {source.argument} is not set")
    return _of_text(run, text, f"${source.argument}")


def _of_text(run: "Run", text: str, label: str) -> "InputFile":
    from sfkeytool.crypto.foreign import foreign_error
    from sfkeytool.crypto.mending import mend
    from sfkeytool.crypto.sniff import FileKind, normalise_text, sniff

    data = text.encode("utf-8", "surrogateescape")
    meant = normalise_text(mend(data).data)
    if sniff(meant) is FileKind.UNKNOWN:
        raise foreign_error(meant, label) or PrivateKeyError(
            "key.malformed",
            f"{label} holds neither a PEM key nor base64",
            "in CI keep the output of: base64 NAME.key",
        )
    return run.received(label, data)


def _pasted(run: "Run", option: str) -> str:
    if run.asker is None:
        raise UsageError(
            "usage.no-terminal",
            f"{option} prompt: there is no terminal to paste the key into",
            f"give {option} a file, env:NAME, cmd:COMMAND or -",
        )
    question = "Paste the private key (nothing is shown), then an empty line or Ctrl-D:"
    return run.asker.pasted(question).decode("utf-8", "surrogateescape")


def _read_stdin(option: str) -> bytes:
    if sys.stdin is None:
        raise InputError("input.not-found", f"{option}: there is no stdin to read from")
    if sys.stdin.isatty():
        raise UsageError("usage.stdin-is-terminal", f"{option} -: stdin is a terminal; pipe the key into it")
    data = sys.stdin.buffer.read(_STDIN_LIMIT + 1)
    if len(data) > _STDIN_LIMIT:
        raise InputError("input.too-large", "stdin holds more than 1 MB, and no key does")
    if not data:
        raise InputError("input.empty", "stdin is empty; a private key was expected")
    return data
