"""The orgs that the user's Salesforce CLI knows, from its own files: what they are called, never what logs in there.

Its library @salesforce/core keeps them in the home folder (its source, read in 2026: AliasAccessor, OrgAccessor, Global
and Config): aliases under "orgs" in .sfdx/alias.json; a login in a file .sfdx/USERNAME.json, of which the name alone is
looked at, as the content holds tokens; the default under "target-org" in .sf/config.json, or under "defaultusername"
in .sfdx/sfdx-config.json of older releases.
"""

import os
import re
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from sfkeytool.edge.reader import read_input
from sfkeytool.errors import InputError
from sfkeytool.names import is_org_alias
from sfkeytool.outside_json import parse_json

_LIMIT = 1 << 20
"""Bytes of one of its files: our own bound."""
_ENTRIES = 5_000
"""Files of .sfdx that are looked at: our own bound."""
_LOGIN_FILE = re.compile(r"(?P<username>[^.@][^@]*@[^.@]+(?:\.[^.\s]+)+)\.json")


class KnownOrg(Struct, frozen=True):
    """``name`` is what --target-org takes: the alias, or the username of an org that has none."""

    name: str
    username: str
    is_default: bool = False
    """Whether it is the CLI's own choice for this user. A project's choice is not looked at: it may be anybody's."""


def known_orgs(environ: Mapping[str, str]) -> tuple[KnownOrg, ...]:
    """Orgs with a login: the default first, then by alias, then those without one by username. Never raises.

    What cannot be read, or is not what it should be, is as if it were not there; so are names that no --target-org
    takes, and aliases of a login that is gone.
    """
    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if not home or not Path(home).is_absolute():
        return ()
    usernames = _usernames(Path(home, ".sfdx"))
    named = [
        (alias, username)
        for alias, username in _table(_read(Path(home, ".sfdx", "alias.json")), "orgs").items()
        if isinstance(username, str) and username in usernames and is_org_alias(alias)
    ]
    named.sort(key=lambda each: each[0].casefold())
    nameless = sorted(usernames - {username for _, username in named}, key=str.casefold)
    if not named and not nameless:
        return ()
    default = _default(Path(home))
    orgs = [
        KnownOrg(name, username, default in (name, username))
        for name, username in (*named, *((username, username) for username in nameless))
    ]
    return tuple(sorted(orgs, key=lambda org: not org.is_default))


def _usernames(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _ENTRIES)]
    except (OSError, ValueError):
        return set()
    found = (match["username"] for name in names if (match := _LOGIN_FILE.fullmatch(name)))
    return {username for username in found if is_org_alias(username)}


def _default(home: Path) -> object:
    for file, key in (((".sf", "config.json"), "target-org"), ((".sfdx", "sfdx-config.json"), "defaultusername")):
        content = _read(home.joinpath(*file))
        if isinstance(content, dict) and isinstance(content.get(key), str):
            return content[key]
    return None


def _read(path: Path) -> Any:
    try:
        return parse_json(read_input(path, limit=_LIMIT))
    except (InputError, ValueError):
        return None


def _table(content: Any, key: str) -> dict[str, Any]:
    table = content.get(key) if isinstance(content, dict) else None
    return table if isinstance(table, dict) else {}
