"""``[defaults]`` of ``sfkeytool.toml``: what a new certificate says where no flag does.

No secret, org or path is among it: the file may have been cloned with a repository.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sfkeytool.audit.toml_lines import Place
from sfkeytool.audit.toml_reading import Reading, dotted
from sfkeytool.errors import UsageError

T = TypeVar("T")

TABLE = "defaults"
_BITS = (2048, 3072, 4096)


def parse_defaults(content: bytes, label: str) -> Mapping[str, Any]:
    """The values in the table of a TOML file (UTF-8), by the names of the flags; empty where it has none. ``label`` is
    the file's path. Pure.

    Other tables are an audit's, and not looked at. Raises InputError that names file, line and key: config.encoding,
    config.syntax, config.unknown-key, config.value.
    """
    reading = Reading(content, label)
    return read_defaults(reading, (TABLE,), reading.values[TABLE]) if TABLE in reading.values else {}


def read_defaults(reading: Reading, place: Place, value: object) -> Mapping[str, Any]:
    """The same, of a table that is at ``place`` of a file."""
    readers: dict[str, Callable[[Reading, Place, Any], Any]] = {
        "organization": _organization,
        "country": _country,
        "days": _days,
        "key-size": _key_size,
    }
    table = reading.table(place, value)
    reading.known(place, table, readers)
    return {key: readers[key](reading, (*place, key), element) for key, element in table.items()}


def _organization(reading: Reading, place: Place, value: object) -> str:
    from sfkeytool.crypto.names import build_subject

    organization = reading.text_value(place, value)
    return _as_a_flag(reading, place, organization, lambda: build_subject(organization=organization))


def _country(reading: Reading, place: Place, value: object) -> str:
    from sfkeytool.crypto.names import build_subject

    country = reading.text_value(place, value)
    return _as_a_flag(reading, place, country, lambda: build_subject(country=country))


def _days(reading: Reading, place: Place, value: object) -> int:
    from sfkeytool.crypto.issuing import check_days

    if type(value) is not int:
        reading.wrong(place, "a whole number of days", value)
    return _as_a_flag(reading, place, value, lambda: check_days(value))


def _key_size(reading: Reading, place: Place, value: object) -> str:
    if type(value) is not int:
        reading.wrong(place, "a number of bits", value)
    if value not in _BITS:
        reading.fail("config.value", place, f"{dotted(place)} is 2048, 3072 or 4096, not {value}")
    return str(value)


def _as_a_flag(reading: Reading, place: Place, value: T, check: Callable[[], object]) -> T:
    """``value``, if the flag of its name takes it."""
    try:
        check()
    except UsageError as error:
        message = error.message.replace(f"--{place[-1]}", dotted(place), 1)
        reading.fail("config.value", place, message, *error.hints)
    return value
