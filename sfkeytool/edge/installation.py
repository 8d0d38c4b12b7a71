"""How this sfkeytool was installed, and so the command that adds a library to it.

No command here names sfkeytool as something that an index has: whoever put a package of that name there would be
installed in its place.
"""

import re
import sys
import tomllib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sfkeytool.edge.bundled import BUNDLED
from sfkeytool.errors import UsageError
from sfkeytool.shell import shell_line

_INSTALLED = 'in the folder of its source `pip install ".[calendar,notify,browser]"`, as docs/install.md there says'


def require_library(library: str, what: str) -> None:
    """Raises UsageError usage.extra-missing, with the command that adds it, where ``library``, an optional one that
    ``what`` needs, is not installed. Nothing can be added to a bundled program, and that is said."""
    if find_spec(library) is None and BUNDLED:
        raise UsageError(
            "usage.extra-missing",
            f"{what} needs the {library} library, which is not in this program; nothing can be added to it",
            f"the sfkeytool that a Python of your own runs takes it: {_INSTALLED}",
        )
    if find_spec(library) is None:
        raise UsageError(
            "usage.extra-missing",
            f"{what} needs the {library} library, which is not installed",
            f"add it: {shell_line(command_that_adds(library))}",
        )


def command_that_adds(library: str, prefix: Path | None = None) -> list[str]:
    """What installs ``library`` into the environment ``prefix``, by default the one that runs this."""
    prefix = prefix or Path(sys.prefix)
    wanted = _requirement(library)
    if (prefix / "pipx_metadata.json").is_file():
        return ["pipx", "inject", prefix.name, wanted]
    if (prefix / "uv-receipt.toml").is_file() and (source := _source_of_tool(prefix / "uv-receipt.toml")):
        return ["uv", "tool", "install", *source, "--with", wanted]
    if find_spec("pip") is None:
        return ["uv", "pip", "install", "--python", sys.executable, wanted]
    return [sys.executable, "-m", "pip", "install", wanted]


def _requirement(library: str) -> str:
    """The library with the versions that are allowed, as this package's metadata have them."""
    try:
        lines = metadata.requires("sfkeytool") or []
    except metadata.PackageNotFoundError:
        return library
    wanted = (line.partition(";")[0].strip() for line in lines if re.match(rf"{library}\b", line))
    return next(wanted, library)


def _source_of_tool(receipt: Path) -> list[str]:
    """Where uv had its tool from, and all that it was given beside: what is not named again goes. Empty if it was not
    a place on this machine."""
    try:
        tool = tomllib.loads(receipt.read_text(encoding="utf-8"))["tool"]
        requirements: list[dict[str, Any]] = tool["requirements"]
        [own] = [one for one in requirements if one["name"] == "sfkeytool"]
        others = [f"{one['name']}{one.get('specifier', '')}" for one in requirements if one is not own]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    place = own.get("directory") or own.get("editable") or own.get("path")
    if not isinstance(place, str):
        return []
    extras = f"[{','.join(own['extras'])}]" if own.get("extras") else ""
    return [
        *(["--editable"] if "editable" in own else []),
        place + extras,
        *(word for other in others for word in ("--with", other)),
    ]
