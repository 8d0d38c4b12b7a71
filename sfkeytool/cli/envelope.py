"""The JSON of every answer, made here alone: docs/schemas has its schemas, docs/stability.md what it promises."""

import json
from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, to_builtins
from msgspec.structs import fields

from sfkeytool.errors import SfkeytoolError
from sfkeytool.model import Code, Made, Notice, PublishedFile, Receipt, Result
from sfkeytool.plain_text import escaped_commands

SCHEMA_VERSION = 1
"""Grows when an answer changes in a way that could break a script; docs/stability.md says what that is."""


class Published(Result, frozen=True, kw_only=True):
    """The part of a result that tells what is on disk, and what a person does next."""

    folders: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    next_steps: tuple[str, ...] | UnsetType = UNSET


class Refusal(Result, frozen=True, kw_only=True):
    """A run without a result. ``files`` are those that it had written by then; without it, there are none."""

    status: int
    name: Annotated[str, Meta(pattern="^[A-Za-z]+Error$")]
    code: Code
    message: str
    actions: tuple[str, ...]
    files: tuple[PublishedFile, ...] | UnsetType = UNSET


def published(receipts: Sequence[Receipt], next_steps: Sequence[str] | UnsetType = UNSET) -> Published:
    """What these receipts prove."""
    return Published(
        folders=tuple(str(receipt.folder) for receipt in receipts),
        files=tuple(PublishedFile.of(file) for receipt in receipts for file in receipt.files),
        next_steps=next_steps if isinstance(next_steps, UnsetType) else tuple(next_steps),
    )


def encode_answer(
    status: int, result: Result, notices: Sequence[Notice], files: Published | None = None, *, dry_run: bool = False
) -> Iterator[str]:
    """The JSON text of a run with a result, piece by piece: one may be larger than memory. One of a dry run says so
    first: its files are those that would be."""
    facts = _parts(result) | (_plain(files) if files is not None else {})
    dry: dict[str, Any] = {"dryRun": True} if dry_run else {}
    answer = {"schemaVersion": SCHEMA_VERSION, "status": status, **dry, "result": facts, **_notices(notices)}
    return map(_harmless, _pieces(answer, "\n"))


def encode_refusal(error: SfkeytoolError, notices: Sequence[Notice], receipts: Sequence[Receipt] = ()) -> str:
    """The JSON text of a run without a result."""
    refusal = Refusal(
        status=error.exit_code,
        name=type(error).__name__,
        code=error.code,
        message=error.message,
        actions=tuple(error.hints),
        files=published(receipts).files or UNSET,
    )
    return _harmless(_text({"schemaVersion": SCHEMA_VERSION, **_plain(refusal), **_notices(notices)}, "\n"))


def _notices(notices: Sequence[Notice]) -> dict[str, Any]:
    return {"warnings": [notice.message for notice in notices], "notices": _plain(notices)}


def _plain(value: Any) -> Any:
    return to_builtins(value, enc_hook=str)  # the hook is for paths


def _parts(result: Result) -> dict[str, Any]:
    """The fields by their names in JSON, each plain but for what is Made."""
    found = ((field.encode_name, getattr(result, field.name)) for field in fields(result))
    return {name: value if isinstance(value, Made) else _plain(value) for name, value in found if value is not UNSET}


def _pieces(value: Any, margin: str) -> Iterator[str]:
    """The text of an object, whose Made parts are made one after the other."""
    begin, inner = "{", margin + "  "
    for name, part in value.items():
        yield f"{begin}{inner}{encode_basestring_ascii(name)}: "
        begin = ","
        if isinstance(part, Made):
            yield from _pieces_of_list(part, inner)
        elif isinstance(part, Mapping) and any(isinstance(one, Made) for one in part.values()):
            yield from _pieces(part, inner)
        else:
            yield _text(part, inner)
    yield margin + "}"


def _pieces_of_list(values: Made[Any], margin: str) -> Iterator[str]:
    inner = margin + "  "
    begin = "["
    for value in values:
        yield f"{begin}{inner}{_text(_plain(value), inner)}"
        begin = ","
    yield "[]" if begin == "[" else margin + "]"


_CONSTANTS = {None: "null", True: "true", False: "false"}


def _text(value: Any, margin: str) -> str:
    """As json.dumps(value, indent=2) has it, in a third of its time; ``margin`` is a line end and the indentation.

    ASCII, so that no console or redirection can turn it into something that is no JSON. Not msgspec's own encoder: it
    raises for file names that are no UTF-8, and writes control characters of C1 as they are.
    """
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or value is True or value is False:
        return _CONSTANTS[value]
    inner = margin + "  "
    if isinstance(value, dict) and value:
        held = [f"{encode_basestring_ascii(name)}: {_text(part, inner)}" for name, part in value.items()]
        return f"{{{inner}{f',{inner}'.join(held)}{margin}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{inner}{f',{inner}'.join([_text(part, inner) for part in value])}{margin}]"
    return json.dumps(value)


def _harmless(text: str) -> str:
    """The log of a CI job holds it too; "::" and "##" stand in strings alone, and no piece ends within one."""
    return escaped_commands(text, lambda character: f"\\u{ord(character):04x}")
