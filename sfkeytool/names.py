"""NAME: the unique name in Certificate and Key Management, which is the keystore's alias and the folder's name.

Light on purpose: a prompt checks a name at every keystroke.
"""

import re
import sys
from collections.abc import Collection
from datetime import date

from msgspec import Struct

from sfkeytool.errors import UsageError

MAXIMUM_LENGTH = 40
"""Salesforce documents no limit for a certificate's unique name; 40 is what it allows other developer names."""

_GENERATION = re.compile(r"(?P<base>.+)_20[0-9]{2}(?:0[1-9]|1[0-2])[b-z]?")
"""What `renew` and `rotate` put behind a NAME: the month, and a letter if that is taken."""

_REMINDER = "_expiry_only"

_METADATA_ENDING = re.compile(
    r"(?i)(?<=[^\W_])(?:[\W_]+(?:connectedapp|ecaglbloauth|glbloauth))+(?:[\W_]+meta)?(?:\.xml)?$"
)
"""What the Metadata API puts behind an app's name: file names of source, and the members of External Client Apps."""

# Names that Windows keeps for devices, with any ending: `con.key` cannot be made there.
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(10))]
)


class UniqueName(Struct, frozen=True):
    """A legal NAME, lower-case; ``given`` is what was asked for."""

    value: str
    given: str

    @property
    def changed(self) -> bool:
        return self.value != self.given


def parse_unique_name(text: str) -> UniqueName:
    """A NAME as Certificate and Key Management takes and shows it: lower-cased. Pure.

    The rule is that of Setup's Unique Name (Salesforce Help, "Generate a Certificate Signed by a Certificate
    Authority", read 2026): letters, digits and underscores, a letter first, no underscore at the end and no two in a
    row. Raises UsageError that names the broken rule and a legal name near to it.
    """
    name = text.lower()
    if problem := _problem(name):
        raise UsageError(
            "usage.name",
            f"{text!r} cannot be a certificate's unique name: {problem}",
            f"for instance {legal_name(text).value}",
        )
    return UniqueName(name, text)


def require_unique_name(text: str) -> None:
    """The same where the name stands beside what is said. Raises UsageError with the broken rule alone. Pure."""
    if problem := _problem(text.lower()):
        raise UsageError("usage.name", problem)


def is_unique_name(name: str) -> bool:
    """Whether ``name`` is one as it stands, lower-case: a folder of any other name holds no generation. Pure."""
    return _problem(name) is None


def base_name(name: str) -> str:
    """NAME without the mark of a generation: ``pay_api_202611b`` is one of ``pay_api``. Pure.

    Of what no certificate can be called there are no generations: it is its own.
    """
    match = _GENERATION.fullmatch(name) if is_unique_name(name.lower()) else None
    return match["base"] if match else name


def next_name(name: str, day: date, taken: Collection[str]) -> str:
    """The name of the next generation: the month, then ``b`` to ``z`` where that is taken. Pure.

    A long base is shortened, so that the whole fits into 40 characters. Raises UsageError when all are taken.
    """
    for letter in ("", *"bcdefghijklmnopqrstuvwxyz"):
        mark = f"_{day:%Y%m}{letter}"
        candidate = base_name(name)[: MAXIMUM_LENGTH - len(mark)].rstrip("_") + mark
        if candidate != name and candidate not in taken:
            return candidate
    raise UsageError(
        "usage.generation", f"all names of {name} for {day:%Y-%m} are taken", "choose another with --as NAME"
    )


def app_name(text: str) -> str:
    """The legal NAME nearest to an app's own, also where only the name of a file with its metadata is known. Pure.

    ``Jenkins.connectedApp-meta.xml``, ``jenkins_connectedApp-meta`` and ``Jenkins_glbloauth`` are all ``jenkins``.
    """
    from urllib.parse import unquote  # file names of source have %20 for a blank

    return legal_name(_METADATA_ENDING.sub("", unquote(text)) or text).value


def reminder_name(app: str) -> str:
    """The NAME of the reminder of an app's certificate: ``app`` is a legal NAME. Pure."""
    return app[: MAXIMUM_LENGTH - len(_REMINDER)].rstrip("_") + _REMINDER


def legal_name(text: str) -> UniqueName:
    """The legal NAME nearest to any text at all. Pure. Never raises."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not name or not name[0].isalpha() or name in _WINDOWS_DEVICES:
        name = f"key_{name}".rstrip("_")
    name = name[:MAXIMUM_LENGTH].rstrip("_")
    return UniqueName(name, text)


def one_file(path: str, *, windows: bool = sys.platform == "win32") -> str:
    """What all names have in common that are one file on some disk. Pure.

    Those of Windows and macOS tell no capitals from small letters, and macOS' no accent from one that is composed;
    Windows drops blanks and dots at the end of a name. On a shared or removable disk it may be so on any system.
    """
    if windows:
        path = re.sub(r"[ .]+(?=[\\/]|\Z)", "", path)
    if path.isascii():
        return path.lower()
    from unicodedata import normalize

    return normalize("NFD", normalize("NFD", path).casefold())


def free_name(text: str, taken: Collection[str]) -> str:
    """The legal NAME nearest to any text, numbered until neither it nor a file of that name is ``taken``. Pure."""
    base = legal_name(text).value
    name, number = base, 1
    while any(f"{name}{ending}" in taken for ending in ("", ".crt", ".der", ".csr")):
        number += 1
        name = legal_name(f"{base[:36]}_{number}").value
    return name


def _problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if not name.isascii() or not re.fullmatch(r"[a-z0-9_]+", name):
        return "only letters (a to z), digits and underscores are allowed"
    if not name[0].isalpha():
        return "it must begin with a letter"
    if name.endswith("_"):
        return "it must not end with an underscore"
    if "__" in name:
        return "it must not hold two underscores in a row"
    if len(name) > MAXIMUM_LENGTH:
        return f"it has {len(name)} characters; at most {MAXIMUM_LENGTH} are allowed"
    if name in _WINDOWS_DEVICES:
        return "Windows reserves this name, and nobody there could open its files"
    return None


# Orgs

_ORG_ALIAS = re.compile(r"[^\W_][\w.@+\-]{0,254}")


def is_org_alias(text: str) -> bool:
    """Whether ``text`` may be an alias or username of the Salesforce CLI: nothing that a Windows command file would
    take for more than text. Pure."""
    return _ORG_ALIAS.fullmatch(text) is not None


# Record Ids

_RECORD_ID = re.compile(r"[0-9][0-9A-Za-z]{14}(?:[A-Za-z0-5]{3})?")
"""Certificates' begin with 0P1; none of the Ids that name one begins with a letter, as every unique name does."""
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def parse_record_id(text: str) -> str | None:
    """The 15 characters of a record's Id, whose case counts, from 15 or 18; None for any other text. Pure.

    Of 18, the last three say which letters are upper-case, so that the case of the others is as good as lost (SOAP API
    Developer Guide, "ID Field Type"). One whose checksum makes no sense is no Id.
    """
    if not _RECORD_ID.fullmatch(text):
        return None
    if len(text) == 15:
        return text
    characters = []
    for group, letter in enumerate(text[15:].upper()):
        bits = _CHECKSUM.index(letter)
        for place, character in enumerate(text[5 * group : 5 * group + 5]):
            is_upper = bool(bits >> place & 1)
            if is_upper and not character.isalpha():
                return None
            characters.append(character.upper() if is_upper else character.lower())
    return "".join(characters)
