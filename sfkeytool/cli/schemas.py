"""The schemas in docs/schemas, made from the types of the results: ``python -m sfkeytool.cli.schemas docs/schemas``."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec.json import schema_components

from sfkeytool.cli.command import Answer
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.envelope import SCHEMA_VERSION, Published, Refusal
from sfkeytool.errors import EXIT_INTERRUPTED, SfkeytoolError
from sfkeytool.model import Notice
from sfkeytool.workflows.receipts import ReceiptFile

Schema = dict[str, Any]

_CODE = re.compile(r"``([^`]+)``")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PATTERNS = {
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
    "date": r"^\d{4}-\d\d-\d\d$",
}
"""What we write of the many forms that a format allows."""
_DRY_RUN: Schema = {
    "dryRun": {
        "const": True,
        "description": "Only under --dry-run: nothing was written; files are those that a run without it would write",
    }
}


def make_schemas() -> dict[str, Schema]:
    """File name to schema: one for each kind of answer, one for errors, one for receipts, and what they share."""
    answers = {answer.schema: (names, answer) for names, answer in _answers()}
    types = {name: _result_type(answer) for name, (_, answer) in answers.items()}
    found, components = schema_components(
        [*types.values(), Published, Refusal, Notice, ReceiptFile], ref_template="common.schema.json#/$defs/{name}"
    )
    shared: dict[str, Schema] = {name: _strict(schema) for name, schema in components.items()}
    by_type = dict(zip([*types, "published", "error", "notice", "receipt"], map(_name, found), strict=True))
    made = {}
    for name, (commands, answer) in answers.items():
        result = dict(shared[by_type[name]])
        if answer.publishes:
            result = _joined(result, shared[by_type["published"]], with_steps=answer.next_steps)
        title = " and ".join(f"sfkeytool {command} --json" for command in commands)
        made[name] = _envelope(title, answer.exit_codes, {"result": result})
        if _has_dry_runs(commands):
            made[name]["properties"] |= _DRY_RUN
    refusal = shared[by_type["error"]]
    error = _envelope("A run without a result", _error_codes(), _without(refusal["properties"], "status"))
    optional = refusal["properties"].keys() - set(refusal["required"])
    made["error"] = {**error, "required": [name for name in error["required"] if name not in optional]}
    made["receipt"] = {**shared[by_type["receipt"]], "title": "NAME.json: one record a run, the oldest first"}
    used = _used(made, shared)
    parts = {name: shared[name] for name in sorted(used)}
    made["common"] = {"title": "Parts that several answers share", "$defs": parts}
    return {
        f"{name}.schema.json": {"$schema": _DIALECT, "$id": f"{name}.schema.json", **schema}
        for name, schema in made.items()
    }


def encode_schema(schema: Mapping[str, Any]) -> str:
    """The text of a file."""
    return json.dumps(schema, indent=2) + "\n"


def _answers() -> Iterator[tuple[list[str], Answer]]:
    """Each kind of answer, with the commands that give it."""
    commands: dict[str, list[str]] = {}
    found: dict[str, Answer] = {}
    for row in TABLE:
        for answer in row.load().answers:
            commands.setdefault(answer.schema, []).append(row.name)
            found[answer.schema] = answer
    yield from ((commands[name], answer) for name, answer in found.items())


def _has_dry_runs(commands: list[str]) -> bool:
    return any(field.name == "dry_run" for row in TABLE if row.name in commands for field in row.load().fields)


def _result_type(answer: Answer) -> Any:
    module, _, name = answer.result.rpartition(".")
    return getattr(import_module(f"sfkeytool.workflows.{module}"), name)


def _envelope(title: str, exit_codes: tuple[int, ...], properties: Mapping[str, Schema]) -> Schema:
    own: Schema = {
        "schemaVersion": {"const": SCHEMA_VERSION, "description": "docs/stability.md says what it promises"},
        "status": {"enum": sorted(exit_codes), "description": "The exit code"},
        **properties,
        "warnings": {"description": "The messages of notices, alone", "type": "array", "items": {"type": "string"}},
        "notices": {
            "description": "What does not stop the run, in the order in which it was seen; codes are in docs/codes.md",
            "type": "array",
            "items": {"$ref": "common.schema.json#/$defs/Notice"},
        },
    }
    return {
        "title": title,
        "type": "object",
        "properties": own,
        "required": list(own),
        "additionalProperties": False,
    }


def _joined(result: Schema, files: Schema, *, with_steps: bool) -> Schema:
    """A result that also tells of files, and of what comes next."""
    more = files["properties"] if with_steps else _without(files["properties"], "nextSteps")
    return {
        **result,
        "properties": result["properties"] | more,
        "required": [*result.get("required", []), *more],
    }


def _error_codes() -> tuple[int, ...]:
    kinds = [SfkeytoolError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return tuple({kind.exit_code for kind in kinds} | {EXIT_INTERRUPTED})


def _camel(name: str) -> str:
    """As ``Result`` renames its fields."""
    first, *others = name.split("_")
    return first + "".join(part.title() for part in others)


def _without(properties: Mapping[str, Schema], left_out: str) -> dict[str, Schema]:
    return {name: value for name, value in properties.items() if name != left_out}


def _name(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _strict(value: Any) -> Any:
    """The same with the one form in which we write times and days, and docstrings as sentences about the JSON."""
    if isinstance(value, dict):
        made = {name: _strict(part) for name, part in value.items()}
        if isinstance(text := made.get("description"), str):
            made["description"] = _CODE.sub(lambda code: _camel(code[1]), " ".join(text.split()))
        if made.get("type") == "string" and made.get("format") in _PATTERNS:
            made["pattern"] = _PATTERNS[made.pop("format")]
        return made
    return [_strict(part) for part in value] if isinstance(value, list) else value


def _used(made: Mapping[str, Schema], shared: Mapping[str, Schema]) -> set[str]:
    """Names of the shared parts that something refers to."""
    used: set[str] = set()
    waiting: list[Any] = list(made.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "$ref" in value and (name := _name(value)) not in used:
                used.add(name)
                waiting.append(shared[name])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return used


if __name__ == "__main__":
    for filename, schema in make_schemas().items():
        Path(sys.argv[1], filename).write_text(encode_schema(schema), encoding="utf-8")
