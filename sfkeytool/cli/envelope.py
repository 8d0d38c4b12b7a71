"""The JSON of every answer, made here alone: docs/schemas has its schemas, docs/stability.md what it promises."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, to_builtins

from sfkeytool.errors import SfkeytoolError
from sfkeytool.model import Code, Notice, PublishedFile, Receipt, Result
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
) -> str:
    """The JSON text of a run with a result. One of a dry run says so first: its files are those that would be."""
    facts = _plain(result) | (_plain(files) if files is not None else {})
    dry: dict[str, Any] = {"dryRun": True} if dry_run else {}
    return _encode({"schemaVersion": SCHEMA_VERSION, "status": status, **dry, "result": facts, **_notices(notices)})


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
    return _encode({"schemaVersion": SCHEMA_VERSION, **_plain(refusal), **_notices(notices)})


def _notices(notices: Sequence[Notice]) -> dict[str, Any]:
    return {"warnings": [notice.message for notice in notices], "notices": _plain(notices)}


def _plain(value: Any) -> Any:
    return to_builtins(value, enc_hook=str)  # the hook is for paths


def _encode(value: Mapping[str, Any]) -> str:
    # ASCII, so that no console or redirection can turn it into something that is no JSON. Not msgspec's own encoder:
    # it raises for file names that are no UTF-8, and writes control characters of C1 as they are.
    # The log of a CI job holds it too; "::" and "##" stand in texts alone.
    return escaped_commands(json.dumps(value, indent=2), lambda character: f"\\u{ord(character):04x}")
