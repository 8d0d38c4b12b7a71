"""``sfkeytool.toml``: what an audit looks at and whom it tells, in a file that is meant to be committed."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from sfkeytool.audit.defaults import TABLE, read_defaults
from sfkeytool.audit.model import Inventory
from sfkeytool.audit.patterns import fits
from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.audit.toml_lines import Place
from sfkeytool.audit.toml_reading import Reading, dotted
from sfkeytool.errors import UsageError
from sfkeytool.model import FailOn, Notice
from sfkeytool.passwords import Source, SourceKind, parse_source
from sfkeytool.salesforce.cli_bridge import parse_alias

NEVER = "never"


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
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What other commands take from the same file; an audit has no use for it."""

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
    return _Config(content, label).config()


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


class _Config(Reading):
    """The configuration of an audit."""

    def __init__(self, content: bytes, label: str) -> None:
        super().__init__(content, label)
        self._folder = Path(label).parent

    def config(self) -> AuditConfig:
        values = self.values
        readers: dict[str, tuple[str, Callable[[Place, Any], Any]]] = {
            "paths": ("paths", self.list_of(self._path)),
            "orgs": ("orgs", self.list_of(self._alias)),
            "within": ("within_days", self._days),
            "fail-on": ("fail_on", self._fail_on),
            "passwords": ("passwords", self.list_of(self._source)),
            "notify": ("notify", self.list_of(self._source)),
            "heartbeat": ("heartbeat", self._source),
            "state": ("state", self._path),
            "reports": ("reports", self._reports),
            "owners": ("owners", self.table_of(self.text_value)),
            "apps": ("apps", self._apps),
            "exceptions": ("exceptions", self.list_of(self._exception)),
            "exclude": ("exclude", self.list_of(self.text_value)),
            TABLE: ("defaults", lambda place, value: read_defaults(self, place, value)),
        }
        self.known((), values, readers)
        return AuditConfig(
            **{name: read((key,), values[key]) for key, (name, read) in readers.items() if key in values}
        )

    def _path(self, place: Place, value: object) -> Path:
        return self._folder / self.text_value(place, value)

    def _alias(self, place: Place, value: object) -> str:
        text = self.text_value(place, value)
        try:
            return parse_alias(text, dotted(place))
        except UsageError as error:
            self.fail("config.value", place, error.message, *error.hints)

    def _apps(self, place: Place, value: object) -> dict[str, Path]:
        return {name.lower(): path for name, path in self.table_of(self._path)(place, value).items()}

    def _days(self, place: Place, value: object) -> int:
        if type(value) is not int:
            self.wrong(place, "a whole number of days", value)
        if value < 0:
            self.fail("config.value", place, f"{dotted(place)} must not be negative")
        return value

    def _fail_on(self, place: Place, value: object) -> frozenset[FailOn]:
        words = self.list_of(self.text_value)(place, value)
        known = (*FailOn, NEVER)
        if not words:
            self.fail("config.value", place, f"{dotted(place)} is empty", f'write ["{NEVER}"] for what never fails')
        for number, word in enumerate(words):
            if word not in known:
                self.fail("config.value", (*place, number), f"{word!r} is not known", f"known are {', '.join(known)}")
        if NEVER in words and len(words) > 1:
            self.fail("config.value", place, f"{NEVER} stands alone")
        return frozenset(FailOn(word) for word in words if word != NEVER)

    def _source(self, place: Place, value: object) -> Source:
        text = self.text_value(place, value)
        try:
            source = parse_source(text, dotted(place), may_run=False)
        except UsageError as error:  # which does not quote the text: it may be the secret
            self.fail("config.value", place, error.message, *error.hints)
        if source.kind is SourceKind.FILE:
            return Source(SourceKind.FILE, str(self._folder / source.argument))
        return source

    def _reports(self, place: Place, value: object) -> dict[str, Path]:
        table = self.table(place, value)
        self.known(place, table, FORMATS)
        return {key: self._path((*place, key), element) for key, element in table.items()}

    def _exception(self, place: Place, value: object) -> AcceptedException:
        table = self.table(place, value)
        self.known(place, table, ("name", "until", "reason"))
        for key in ("name", "until", "reason"):
            if key not in table:
                self.lacks(place, f"an exception needs {key}: it holds until a day, for a reason")
        until = table["until"]
        if not isinstance(until, date) or isinstance(until, datetime):
            self.wrong((*place, "until"), "a day such as 2027-03-31, without quotes", until)
        return AcceptedException(
            self.text_value((*place, "name"), table["name"]),
            until,
            self.text_value((*place, "reason"), table["reason"]),
        )
