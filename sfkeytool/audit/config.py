"""``sfkeytool.toml``: what an audit looks at and whom it tells, in a file that is meant to be committed."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from sfkeytool.audit.model import Inventory
from sfkeytool.audit.patterns import fits
from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.audit.toml_lines import Place, line_of
from sfkeytool.errors import InputError, UsageError
from sfkeytool.model import FailOn, Notice
from sfkeytool.passwords import Source, SourceKind, parse_source
from sfkeytool.salesforce.cli_bridge import parse_alias

NEVER = "never"

_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")
CONFIG_LIMIT = 1 << 20
"""Bytes of a configuration: our own bound. tomllib reads about one million in a second."""


class AcceptedException(Struct, frozen=True):
    """Certificates whose name fits ``name`` decide no exit code and are not told of, up to and with ``until``."""

    name: str
    until: date
    reason: str


class AuditConfig(Struct, frozen=True):
    """What the file says; None, or empty, where it says nothing. Paths are joined to the file's folder.

    ``owners`` are patterns of names with who is responsible, the first that fits counts. ``reports`` are files by
    format.
    """

    paths: tuple[Path, ...] = ()
    orgs: tuple[str, ...] = ()
    within_days: int | None = None
    fail_on: frozenset[FailOn] | None = None
    passwords: tuple[Source, ...] = ()
    notify: tuple[Source, ...] = ()
    heartbeat: Source | None = None
    state: Path | None = None
    reports: Mapping[str, Path] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    apps: Mapping[str, Path] = field(default_factory=dict)
    """The certificate file by the lower-case name of the app that carries it."""
    exceptions: tuple[AcceptedException, ...] = ()
    exclude: tuple[str, ...] = ()
    """Patterns of paths and names that are left out."""

    @property
    def asks(self) -> dict[str, Any]:
        """What an audit is asked to do, by the names of its request's fields; only what the file says."""
        names = ("paths", "orgs", "within_days", "fail_on", "passwords", "notify", "heartbeat", "state", "exclude")
        return {name: value for name in names if (value := getattr(self, name)) not in (None, ())}


def parse_config(content: bytes, label: str) -> AuditConfig:
    """The configuration in a TOML file (UTF-8); ``label`` is the file's path, which its paths are relative to. Pure.

    Raises InputError that names file, line and key: config.encoding, config.syntax, config.unknown-key,
    config.missing-key, config.value.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("config.encoding", f"{label} is not UTF-8, as TOML has to be") from None
    if _LONG_KEY.search(text):  # each of its parts costs tomllib a pass over those before it
        raise InputError("config.syntax", f"{label} is no TOML of ours: a key of it has more than 50 parts")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("config.syntax", f"{label} is no TOML: {error}") from None
    except RecursionError:
        raise InputError("config.syntax", f"{label} is no TOML of ours: it is nested too deeply") from None
    return _Reading(text, label).config(values)


def owner_of(config: AuditConfig, name: str) -> str:
    """Who is responsible for certificates of this name; empty if nobody is named. Pure."""
    return next((owner for pattern, owner in config.owners.items() if fits(name, pattern)), "")


def exception_for(config: AuditConfig, name: str, on: date) -> AcceptedException | None:
    """The exception in force for certificates of this name. Pure."""
    return next((found for found in config.exceptions if fits(name, found.name) and on <= found.until), None)


def with_exceptions(inventory: Inventory, config: AuditConfig) -> Inventory:
    """What is excepted today decides nothing, and stays in all reports. Pure."""
    on = inventory.at.date()
    items = (
        replace(item, counts=False, unused=False) if exception_for(config, item.carrier.name, on) else item
        for item in inventory.items
    )
    return replace(inventory, items=tuple(items))


def ended_exceptions(config: AuditConfig, on: date, label: str) -> tuple[Notice, ...]:
    """A warning for each exception that is over. Pure."""
    return tuple(
        Notice(
            "config.exception-ended",
            f"{label}: the exception for {found.name} ended on {found.until} ({found.reason}): renew, or delete it",
        )
        for found in config.exceptions
        if found.until < on
    )


class _Reading:
    """Checks values one after the other; a first wrong one is an InputError with its line."""

    def __init__(self, text: str, label: str) -> None:
        self._text = text
        self._label = label
        self._folder = Path(label).parent

    def config(self, values: Mapping[str, Any]) -> AuditConfig:
        readers: dict[str, tuple[str, Callable[[Place, Any], Any]]] = {
            "paths": ("paths", self._list_of(self._path)),
            "orgs": ("orgs", self._list_of(self._alias)),
            "within": ("within_days", self._days),
            "fail-on": ("fail_on", self._fail_on),
            "passwords": ("passwords", self._list_of(self._source)),
            "notify": ("notify", self._list_of(self._source)),
            "heartbeat": ("heartbeat", self._source),
            "state": ("state", self._path),
            "reports": ("reports", self._reports),
            "owners": ("owners", self._table_of(self._text_value)),
            "apps": ("apps", self._apps),
            "exceptions": ("exceptions", self._list_of(self._exception)),
            "exclude": ("exclude", self._list_of(self._text_value)),
        }
        self._known((), values, readers)
        return AuditConfig(
            **{name: read((key,), values[key]) for key, (name, read) in readers.items() if key in values}
        )

    def _fail(self, code: str, place: Place, message: str, *hints: str) -> NoReturn:
        raise InputError(code, f"{self._label}, line {line_of(self._text, place)}: {message}", *hints)

    def _wrong(self, place: Place, wanted: str, value: object) -> NoReturn:
        self._fail("config.value", place, f"{_dotted(place)} must be {wanted}, not {_kind(value)}")

    def _known(self, place: Place, value: Mapping[str, Any], known: Sequence[str] | Mapping[str, Any]) -> None:
        for key in value:
            if key not in known:
                near = get_close_matches(key.replace("_", "-"), list(known), n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                where = f" in {_dotted(place)}" if place else ""
                self._fail("config.unknown-key", (*place, key), f"{key!r} is not known{where}", hint)

    def _table(self, place: Place, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(place, "a table", value)
        return value

    def _list_of(self, read: Callable[[Place, Any], Any]) -> Callable[[Place, Any], tuple[Any, ...]]:
        def read_list(place: Place, value: object) -> tuple[Any, ...]:
            if not isinstance(value, list):
                self._wrong(place, "a list in [ ]", value)
            return tuple(read((*place, number), element) for number, element in enumerate(value))

        return read_list

    def _table_of(self, read: Callable[[Place, Any], Any]) -> Callable[[Place, Any], dict[str, Any]]:
        def read_table(place: Place, value: object) -> dict[str, Any]:
            return {key: read((*place, key), element) for key, element in self._table(place, value).items()}

        return read_table

    def _text_value(self, place: Place, value: object) -> str:
        if not isinstance(value, str):
            self._wrong(place, "text in quotes", value)
        if not value.strip() or not value.isprintable():
            self._fail("config.value", place, f"{_dotted(place)} must be one line of text, and not empty")
        return value

    def _path(self, place: Place, value: object) -> Path:
        return self._folder / self._text_value(place, value)

    def _alias(self, place: Place, value: object) -> str:
        text = self._text_value(place, value)
        try:
            return parse_alias(text, _dotted(place))
        except UsageError as error:
            self._fail("config.value", place, error.message, *error.hints)

    def _apps(self, place: Place, value: object) -> dict[str, Path]:
        return {name.lower(): path for name, path in self._table_of(self._path)(place, value).items()}

    def _days(self, place: Place, value: object) -> int:
        if type(value) is not int:
            self._wrong(place, "a whole number of days", value)
        if value < 0:
            self._fail("config.value", place, f"{_dotted(place)} must not be negative")
        return value

    def _fail_on(self, place: Place, value: object) -> frozenset[FailOn]:
        words = self._list_of(self._text_value)(place, value)
        known = (*FailOn, NEVER)
        if not words:
            self._fail("config.value", place, f"{_dotted(place)} is empty", f'write ["{NEVER}"] for what never fails')
        for number, word in enumerate(words):
            if word not in known:
                self._fail("config.value", (*place, number), f"{word!r} is not known", f"known are {', '.join(known)}")
        if NEVER in words and len(words) > 1:
            self._fail("config.value", place, f"{NEVER} stands alone")
        return frozenset(FailOn(word) for word in words if word != NEVER)

    def _source(self, place: Place, value: object) -> Source:
        text = self._text_value(place, value)
        try:
            source = parse_source(text, _dotted(place), may_run=False)
        except UsageError as error:  # which does not quote the text: it may be the secret
            self._fail("config.value", place, error.message, *error.hints)
        if source.kind is SourceKind.FILE:
            return Source(SourceKind.FILE, str(self._folder / source.argument))
        return source

    def _reports(self, place: Place, value: object) -> dict[str, Path]:
        table = self._table(place, value)
        self._known(place, table, FORMATS)
        return {key: self._path((*place, key), element) for key, element in table.items()}

    def _exception(self, place: Place, value: object) -> AcceptedException:
        table = self._table(place, value)
        self._known(place, table, ("name", "until", "reason"))
        for key in ("name", "until", "reason"):
            if key not in table:
                self._fail("config.missing-key", place, f"an exception needs {key}: it holds until a day, for a reason")
        until = table["until"]
        if not isinstance(until, date) or isinstance(until, datetime):
            self._wrong((*place, "until"), "a day such as 2027-03-31, without quotes", until)
        return AcceptedException(
            self._text_value((*place, "name"), table["name"]),
            until,
            self._text_value((*place, "reason"), table["reason"]),
        )


def _dotted(place: Place) -> str:
    """``exceptions[2].until``: positions are counted from 1, as people do."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a number", float: "a fraction", list: "a list", dict: "a table", datetime: "a time"}
    return kinds.get(type(value), "a day" if isinstance(value, date) else type(value).__name__)
