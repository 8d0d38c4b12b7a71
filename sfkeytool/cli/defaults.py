"""The user's own defaults of a command's fields, from ``[defaults]`` in ``sfkeytool.toml``."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sfkeytool.cli.fields import Field
from sfkeytool.cli.render import Console
from sfkeytool.errors import SfkeytoolError


def with_presets(fields: Sequence[Field], environ: Mapping[str, str], console: Console) -> tuple[Sequence[Field], str]:
    """The fields with what the file says for them, and the file's path; nothing is looked for where none may have it.

    Raises InputError as parse_defaults().
    """
    if not any(field.preset_when for field in fields):
        return fields, ""
    from sfkeytool.edge.defaults_file import find_defaults_file

    path, notice = find_defaults_file(environ)
    if notice is not None:
        console.warn(notice)
    if path is None:
        return fields, ""
    from sfkeytool.audit.defaults import parse_defaults
    from sfkeytool.audit.toml_reading import CONFIG_LIMIT
    from sfkeytool.edge.reader import read_input

    found = parse_defaults(read_input(path, limit=CONFIG_LIMIT), str(path))
    presets = {field.name: found[_key(field)] for field in fields if field.preset_when and _key(field) in found}
    if presets:
        told = ", ".join(f"{_key(field)} {presets[field.name]}" for field in fields if field.name in presets)
        console.detail(f"defaults of {path}: {told}")
    return [replace(field, preset=presets.get(field.name)) for field in fields], str(path)


def tell_origin(error: SfkeytoolError, fields: Sequence[Field], path: str) -> None:
    """Let an error say where a value is from whose flag it names, and which nobody typed."""
    for field in fields:
        if field.preset is not None and field.label in error.message:
            error.hints = (*error.hints, f"{_key(field)} = {field.preset} stands in {path}; {field.label} overrules it")


def _key(field: Field) -> str:
    return field.label.removeprefix("--")
