"""Every --json output validates against its schema in docs/schemas, and keeps its shape.

The ``cli`` fixture holds each answer that any test gets against the schemas of its command.
"""

import json
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import Pair, Result
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from sfkeytool.cli.commands import TABLE

Cli = Callable[..., Result]
SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@cache
def validator(name: str) -> Draft202012Validator:
    registry = Registry().with_resources(
        (path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")
    )
    return Draft202012Validator(schema(name), registry=registry)


def validate(value: Any, name: str) -> None:
    validator(name).validate(value)


@cache
def quick_validator(name: str) -> Draft202012Validator:
    """The same, for the many: what a reference leads to stands in its place, and what may be null says so in its type."""
    shared = schema("common")["$defs"]
    many_sided = {"enum", "const", "anyOf"}

    def plain(part: Any) -> Any:
        if isinstance(part, list):
            return [*map(plain, part)]
        if not isinstance(part, dict):
            return part
        if reference := part.get("$ref"):
            part = {**shared[reference.removeprefix("common.schema.json#/$defs/")], **part}
            del part["$ref"]
        part = {key: plain(value) for key, value in part.items()}
        match part:
            case {"anyOf": [{"type": str(kind), **rest}, {"type": "null", **nothing}]} if not (
                nothing or many_sided & rest.keys() or rest.keys() & (part.keys() - {"description"})
            ):
                del part["anyOf"]
                return {**rest, **part, "type": [kind, "null"]}
        return part

    return Draft202012Validator(plain(schema(name)))


def validate_answer(arguments: Sequence[str], answer: Any) -> None:
    """Hold what a command line printed against the schemas of its command, or that of errors."""
    if "result" not in answer:
        quick_validator("error").validate(answer)
        return
    [row] = [row for row in TABLE if tuple(row.name.split()) == tuple(arguments[: len(row.name.split())])]
    names = [one.schema for one in row.load().answers]
    if not any(quick_validator(name).is_valid(answer) for name in names):
        quick_validator(names[0]).validate(answer)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_each_schema_is_a_schema(path: Path) -> None:
    """Draft 2020-12."""
    Draft202012Validator.check_schema(json.loads(path.read_text()))


RUNS: dict[str, tuple[str, ...]] = {
    "self-signed": ("self-signed", "pay", "--password", "env:TEST_PASSWORD", "--san", "a.example", "--purpose", "mtls"),
    "csr": ("csr", "pay", "--organization", "Acme"),
    "wrap": ("wrap", "pay", "{key}", "{crt}", "{root}", "{intermediate}", "{other}", "--password", "generate"),
    "unwrap": ("unwrap", "in.jks", "--password", "env:TEST_PASSWORD"),
    "show": ("show", "in.jks", "{key}", "{crt}", "in.csr", "pay", "--password", "env:TEST_PASSWORD"),
    "compare": ("compare", "{crt}", "{other}"),
    "metadata": ("metadata", "pay", "--contact-email", "a@example.com", "--permission-set", "--browserforce"),
    "reminder": ("reminder", "{crt}", "--password", "env:TEST_PASSWORD"),
    "renew": ("renew", "pay", "--password", "generate"),
    "renew-csr": ("rotate", "pay", "--csr"),
    "renew-status": ("renew", "pay", "--status"),
    "ckm-chain": ("ckm", "chain", "pay", "{crt}", "{root}", "{intermediate}", "--csr", "{csr}"),
    "audit": ("audit", ".", "{crt}", "--csv", "out.csv", "--prometheus", "out.prom", "--ics", "out.ics"),
    "explain": ("explain", "Cannot recover key"),
    "check": ("check", "in.jks", "{crt}", "{other}", "--fix", "--password", "env:TEST_PASSWORD"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_result_validates(name: str, cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: Any) -> None:
    """One object, nothing else on stdout, status equal to the exit code."""
    if name in ("unwrap", "show", "check"):
        assert cli("wrap", "in", pair.key, pair.crt, "--password", "env:TEST_PASSWORD", "-d", "made").code == 0
        (folder / "made" / "in.jks").rename(folder / "in.jks")
        assert cli("csr", "pay").code == 0
        (folder / "in.csr").write_bytes((folder / "pay" / "pay.csr").read_bytes())
    if name.startswith(("metadata", "renew", "audit")):
        assert cli("self-signed", "pay", "--password", "generate").code == 0
    if name == "renew-status":
        assert cli("renew", "pay", "--password", "generate").code == 0
    places = {
        "key": pair.key,
        "crt": pair.crt,
        "other": other_pair.crt,
        "root": ca.root,
        "intermediate": ca.intermediate,
        "csr": pair.key.with_suffix(".csr"),
    }
    result = cli(*(part.format(**places) for part in RUNS[name]), "--json")
    assert result.json["status"] == result.code, result
    validate(result.json, name.removesuffix("-csr"))
    for made in folder.glob("*/pay*.json"):
        if "browserforce" in made.name:
            continue
        validate(json.loads(made.read_text()), "receipt")


@pytest.mark.parametrize(
    ("arguments", "status", "code", "name"),
    [
        (("show", "gone.jks"), 1, "input.not-found", "InputError"),
        (("show",), 2, "usage.missing", "UsageError"),
        (("nonsense",), 2, "usage.command-line", "UsageError"),
        (("csr", "pay", "--key-size", "5"), 2, "usage.key-size", "UsageError"),
        (("csr", "1"), 2, "usage.name", "UsageError"),
        (("show", "noise"), 1, "input.unknown-kind", "InputError"),
        (("show", "locked.pem"), 1, "key.password-needed", "PrivateKeyPasswordError"),
    ],
)
def test_an_error_validates(
    arguments: tuple[str, ...], status: int, code: str, name: str, cli: Cli, folder: Path, pair: Pair
) -> None:
    """The same envelope for whatever went wrong, usage included; codes are stable."""
    from conftest import openssl

    (folder / "noise").write_bytes(b"no key here" * 20)
    openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", "pass:long-enough", "-out", "locked.pem")
    result = cli(*arguments, "--json")
    assert result.code == status
    validate(result.json, "error")
    assert (result.json["status"], result.json["code"], result.json["name"]) == (status, code, name)
    assert result.json["message"]


def test_the_text_is_that_of_json_dumps(cli: Cli, folder: Path, pair: Pair) -> None:
    """Though it is written piece by piece: indented by two, ASCII, with no command of a CI system in it."""
    names = ("\N{SNOWMAN} \x9b.crt", 'a"b.pem', "##[error]x.crt") if os.name == "posix" else ("\N{SNOWMAN}.crt",)
    for number, name in enumerate(names):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / name).write_bytes(pair.crt.read_bytes())
    for place in (".", "empty"):
        (folder / "empty").mkdir(exist_ok=True)
        done = cli("audit", place, "--json")
        expected = json.dumps(done.json, indent=2).replace("##[", "\\u0023#[")
        assert done.out == expected + "\n"
    assert done.json["result"]["items"] == []


def test_the_shape_of_a_result_is_the_pinned_one(cli: Cli) -> None:
    """A new or lost field is a change of the contract: change the schema and this list together."""
    result = cli("self-signed", "pay", "--password", "generate", "--json").json
    assert list(result) == ["schemaVersion", "status", "result", "warnings", "notices"]
    assert result["schemaVersion"] == 1
    assert list(result["result"]) == [
        "name", "purpose", "key", "certificate", "keystore", "proof", "mailDates", "folders", "files", "nextSteps",
    ]  # fmt: skip
    assert [(file["path"].replace("\\", "/"), file["kind"], file["secret"]) for file in result["result"]["files"]] == [
        ("pay/pay.key", "private-key", True),
        ("pay/pay.jks", "keystore", True),
        ("pay/pay.crt", "certificate", False),
        ("pay/pay.jks.password", "keystore-password", True),
        ("pay/pay.json", "receipt", False),
    ]
