"""What scripts may rely on: the schemas are those of the types, and never looser than what was promised."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfkeytool.acceptance.explanations import System
from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.schemas import encode_schema, make_schemas

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "docs" / "schemas"
PROMISED = Path(__file__).parent / "contract"
"""The schemas of version 1, written by hand before there were types: what a script was promised then."""

_ORG_AS_TEXT = [".result.org: {'object'} where string was"]
_ORG_IN_PART = [".result.org: new: ['instanceUrl']", ".result.org.orgId: null", ".result.org.name: null"]
_ORG_OF_A_SOURCE = [
    ".result.sources[]: new: ['orgReading']",
    ".result.sources[].org: not required any more: ['apiVersion', 'appsRead', 'ckmCertificates', 'ckmRead', 'namesRead',"
    " 'recipients']",
    ".result.sources[].org: gone: ['apiVersion', 'appsRead', 'ckmCertificates', 'ckmRead', 'namesRead', 'recipients']",
    ".result.sources[].org: new: ['alias']",
]
_IDENTITY_PROVIDERS = (
    ".result.items[].kind: ['ckm', 'ckm-source', 'connected-app', 'external-client-app', 'file', 'identity-provider',"
    " 'inbound-certificate', 'keystore', 'metadata', 'user-auth-certificate'] of ['ckm', 'ckm-source', 'connected-app',"
    " 'external-client-app', 'file', 'inbound-certificate', 'keystore', 'metadata', 'user-auth-certificate']"
)
_BCFKS_TOO = [
    ".result.keystore.type: ['BCFKS', 'JKS'] of ['JKS']",
    ".result.keystore.version: [1, 2] of [2]",
]
_MORE_SYSTEMS = (
    f".result.explanations[].system: {sorted(each.value for each in System)}"
    " of ['ckm', 'deploy', 'jwt', 'keytool', 'openssl', 'python']"
)
NAMED = {
    **dict.fromkeys(
        ("reminder.schema.json", "renew.schema.json", "self-signed.schema.json", "wrap.schema.json"), _BCFKS_TOO
    ),
    "audit.schema.json": [_IDENTITY_PROVIDERS, ".result.counts: new: ['lookalikeFiles']", *_ORG_OF_A_SOURCE],
    "compare.schema.json": [".result: new: ['identityProvider']"],
    "show.schema.json": [".result.files[]: new: ['saml']"],
    "error.schema.json": [": new: ['files']"],
    "explain.schema.json": [
        ".result: new: ['lines', 'topics']",
        ".result.explanations[]: new: ['line']",
        _MORE_SYSTEMS,
    ],
    "renew.schema.json": [".result: new: ['due']", *_BCFKS_TOO],
    "ckm-create.schema.json": _ORG_IN_PART,
    "ckm-upload.schema.json": _ORG_IN_PART,
    "ckm-csr.schema.json": _ORG_AS_TEXT,
    "ckm-download.schema.json": _ORG_AS_TEXT,
    "ckm-list.schema.json": _ORG_AS_TEXT,
}
"""What has changed since, on purpose: an org has one shape in all answers, and an audit's source has beside
it, in ``orgReading``, what was read of it. A keystore that was made may be a BCFKS. An error lists the files that were
written before it. An audit counts files that only look like certificates. Explained are topics, too,
and messages of more programs; of a log its lines were counted. A renewal that was asked for --if-within days says that it was due."""
_DRY_RUN = ": new: ['dryRun']"
DRY_RUNS = {
    "audit.schema.json",
    "check.schema.json",
    "ckm-chain.schema.json",
    "ckm-create.schema.json",
    "ckm-csr.schema.json",
    "ckm-download.schema.json",
    "ckm-upload.schema.json",
    "csr.schema.json",
    "metadata.schema.json",
    "reminder.schema.json",
    "renew.schema.json",
    "renew-status.schema.json",
    "self-signed.schema.json",
    "unwrap.schema.json",
    "wrap.schema.json",
}
"""Answers of commands that write: a dry run says that it was one."""


def test_the_schemas_are_those_of_the_types() -> None:
    """Made again by `python -m sfkeytool.cli.schemas docs/schemas`; none is left that nothing makes."""
    made = {name: encode_schema(schema) for name, schema in make_schemas().items()}
    assert {path.name: path.read_text() for path in SCHEMAS.glob("*.json")} == made


def test_every_command_has_an_answer_with_a_schema() -> None:
    assert all(row.load().answers for row in TABLE), [row.name for row in TABLE if not row.load().answers]


@pytest.mark.parametrize("name", sorted(path.name for path in PROMISED.glob("*.json") if "common" not in path.name))
def test_no_answer_is_looser_than_promised(name: str) -> None:
    """Fields that were required still are, no closed object is open, no value is allowed that was not."""
    schemas = {path: json.loads(path.read_text()) for folder in (PROMISED, SCHEMAS) for path in folder.glob("*.json")}
    old, new = PROMISED / name, SCHEMAS / name
    named = [_DRY_RUN] * (name in DRY_RUNS) + NAMED.get(name, [])
    assert list(looser(schemas, old, schemas[old], new, schemas[new])) == named
    assert "dryRun" not in schemas[new].get("required", [])


def looser(
    schemas: dict[Path, Any],
    old_file: Path,
    old: Any,
    new_file: Path,
    new: Any,
    where: str = "",
    seen: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Where ``new`` allows what ``old`` did not."""
    old_file, old, old_null = resolved(schemas, old_file, old)
    new_file, new, new_null = resolved(schemas, new_file, new)
    if new_null and not old_null:
        yield f"{where}: null"
    for kind in old.get("type", []) if isinstance(old.get("type"), list) else [old.get("type")]:
        if kind is not None and (kinds := allowed(new)) is not None and not kinds <= {*types(old)}:
            yield f"{where}: {kinds} where {kind} was"
    new_values = enumerated(new)
    if (values := enumerated(old)) is not None and (new_values is None or not new_values <= values):
        yield f"{where}: {new_values and sorted(new_values)} of {sorted(values)}"
    for limit in ("pattern", "maxLength", "maxItems", "minItems", "minimum", "maximum"):
        if limit in old and new_values is None and new.get(limit) != old[limit]:
            yield f"{where}: {limit} {new.get(limit)} was {old[limit]}"
    if old.get("additionalProperties") is False and new.get("additionalProperties") is not False:
        yield f"{where}: any other field"
    if missing := set(old.get("required", [])) - set(new.get("required", [])):
        yield f"{where}: not required any more: {sorted(missing)}"
    if gone := set(old.get("properties", {})) - set(new.get("properties", {})):
        yield f"{where}: gone: {sorted(gone)}"
    if old.get("additionalProperties") is False and (
        more := set(new.get("properties", {})) - set(old.get("properties", {}))
    ):
        yield f"{where}: new: {sorted(more)}"
    for field, inner in old.get("properties", {}).items():
        if field in new.get("properties", {}):
            yield from looser(schemas, old_file, inner, new_file, new["properties"][field], f"{where}.{field}")
    if "items" in old:
        yield from looser(schemas, old_file, old["items"], new_file, new.get("items", {}), f"{where}[]")


def resolved(schemas: dict[Path, Any], file: Path, schema: Any) -> tuple[Path, Any, bool]:
    """What a reference leads to, and whether null is allowed beside it."""
    null = False
    while True:
        if "$ref" in schema:
            name, _, pointer = schema["$ref"].partition("#")
            file = file.parent / name if name else file
            found = schemas[file]
            for part in pointer.strip("/").split("/"):
                found = found[part]
            schema = found
        elif "anyOf" in schema:
            others = [one for one in schema["anyOf"] if one.get("type") != "null"]
            null = null or len(others) < len(schema["anyOf"])
            assert len(others) == 1, schema
            schema = others[0]
        else:
            break
    if isinstance(schema.get("type"), list) and "null" in schema["type"]:
        others = [kind for kind in schema["type"] if kind != "null"]
        schema, null = {**schema, "type": others[0] if len(others) == 1 else others}, True
    if None in schema.get("enum", []):
        schema, null = {**schema, "enum": [value for value in schema["enum"] if value is not None]}, True
    return file, schema, null


def enumerated(schema: Any) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def types(schema: Any) -> list[str]:
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind] if kind else []


def allowed(schema: Any) -> set[str] | None:
    """The types of a schema's values; None where enumerated values say it."""
    return set(types(schema)) if enumerated(schema) is None else None
