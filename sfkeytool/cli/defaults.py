"""The user's own defaults of a command's fields, from ``[defaults]`` in ``sfkeytool.toml``."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sfkeytool.cli.command import Command
from sfkeytool.cli.fields import Field, Preset
from sfkeytool.cli.render import Console
from sfkeytool.errors import SfkeytoolError


def with_presets(command: Command, environ: Mapping[str, str], console: Console) -> Command:
    """The command with what the file says for its fields; nothing is looked for where none of them may have it.

    Raises InputError as parse_defaults().
    """
    if not any(field.preset_when for field in command.fields):
        return command
    from sfkeytool.edge.defaults_file import find_defaults_file

    path, notice = find_defaults_file(environ)
    if notice is not None:
        console.warn(notice)
    if path is None:
        return command
    from sfkeytool.audit.defaults import parse_defaults
    from sfkeytool.audit.toml_reading import CONFIG_LIMIT
    from sfkeytool.edge.reader import read_input

    found = parse_defaults(read_input(path, limit=CONFIG_LIMIT), str(path))
    fields = tuple(
        replace(field, preset=Preset(found[_key(field)], str(path)))
        if field.preset_when and _key(field) in found
        else field
        for field in command.fields
    )
    told = ", ".join(f"{_key(field)} {field.preset.value}" for field in fields if field.preset)
    console.detail(f"defaults of {path}: {told or 'none for this command'}")
    return replace(command, fields=fields)


def tell_origin(error: SfkeytoolError, fields: Sequence[Field]) -> None:
    """Let an error say where a value is from whose flag it names, and which nobody typed."""
    for field in fields:
        if field.preset is not None and field.label in error.message:
            origin = f"{_key(field)} = {field.preset.value} stands in {field.preset.path}"
            error.hints = (*error.hints, f"{origin}; {field.label} overrules it")


def _key(field: Field) -> str:
    return field.label.removeprefix("--")
