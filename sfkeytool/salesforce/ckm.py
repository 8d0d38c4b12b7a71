"""Certificate and Key Management of an org, as its APIs show it: two lists that have to agree, and the bodies."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.errors import OrgError
from sfkeytool.model import Notice, Opaque
from sfkeytool.names import parse_record_id
from sfkeytool.salesforce import soap
from sfkeytool.salesforce.org import OrgClient, ends_everything
from sfkeytool.salesforce.questions import Ask, in_turn

_QUERY = (
    "SELECT Id, DeveloperName, MasterLabel, ExpirationDate, KeySize, OptionsIsCaSigned, OptionsIsUnusable,"
    " OptionsIsPrivateKeyExportable, CreatedDate FROM Certificate"
)
_SHORT_QUERY = "SELECT Id, DeveloperName, MasterLabel, ExpirationDate FROM Certificate"
"""One unknown column fails the whole query (Tooling API, "Certificate": some came in later versions)."""

MOST_CERTIFICATES = 50
"""In one org's CKM. Reported, by the summary of an architect's article
(https://apexaide.com/article/ebf18fe3-721e-4800-80ba-c0d212767288, read 2026); no page of Salesforce's says so."""

MANY_CERTIFICATES = 45
"""From which on it is worth a word: our own choice, time enough to delete what expired."""


class CkmEntry(Opaque, frozen=True):
    """One certificate of CKM. None, or empty, is what the org did not tell.

    ``name`` is the unique name (DeveloperName). ``content`` is what its
    record holds: the chain as PEM, or, while CKM waits for the signed certificate, the CSR
    (Metadata API Developer Guide, "Certificate").
    """

    name: str
    label: str = ""
    expires: datetime | None = None
    key_bits: int | None = None
    ca_signed: bool | None = None
    unusable: bool | None = None
    exportable: bool | None = None
    created: str = ""
    content: bytes = b""
    record_id: str = ""
    """15 characters, as settings name it that do not go by the unique name."""


class CkmListing(Struct, frozen=True):
    """``is_complete`` tells whether these are all, with their bodies; ``errors`` why not. ``names_read``: whether at
    least the names are all."""

    entries: tuple[CkmEntry, ...]
    errors: tuple[OrgError, ...] = ()
    is_complete: bool = True
    names_read: bool = True


def room_notice(count: int, label: str) -> Notice | None:
    """A warning where the CKM of the org called ``label`` is nearly full. Pure."""
    if count < MANY_CERTIFICATES:
        return None
    return Notice(
        "ckm.nearly-full",
        f"CKM of {label} holds {count} certificates, and {MOST_CERTIFICATES} are reported to be the most (by a third"
        " party; no page of Salesforce's was found): make room before the next import. In Setup, what is in use has a"
        " greyed-out Delete",
    )


def list_names(client: OrgClient) -> tuple[str, ...]:
    """The unique names in CKM. Raises OrgError and NetworkError."""
    return tuple(found.full_name for found in client.list_metadata(["Certificate"]))


def deleted_names(client: OrgClient, names: Collection[str]) -> frozenset[str]:
    """Lower-case unique names of deleted certificates: the query returns their rows, and they are not among the
    ``names`` of those that are there, lower-case. Raises OrgError, NetworkError."""
    return frozenset(row.name.lower() for row in _query(client)) - frozenset(names)


def list_certificates(client: OrgClient, *, with_content: bool = True, ask: Ask = in_turn) -> CkmListing:
    """All certificates of CKM. Raises NetworkError, and OrgError for what ends everything.

    A row of the query counts only if listMetadata names it too, for deleted ones are returned (seen by
    https://github.com/amtrack/sfdx-browserforce-plugin); of several of one name the latest made.
    """
    errors: list[OrgError] = []
    rows: dict[str, CkmEntry] = {}
    listed: tuple[soap.FileProperties, ...] | None = None
    list_answer = ask(lambda: client.list_metadata(["Certificate"]))
    rows_answer = ask(lambda: sorted(_query(client), key=lambda row: row.created))
    try:
        listed = list_answer()
    except OrgError as error:
        _keep(errors, error)
    try:
        rows = {row.name.lower(): row for row in rows_answer()}
    except OrgError as error:
        _keep(errors, error)
    if listed is None:
        return CkmListing(tuple(rows.values()), tuple(errors), is_complete=False, names_read=False)
    names = tuple(found.full_name for found in listed)
    contents = dict(_contents(client, names, errors, ask)) if with_content else {}
    entries = []
    for found in listed:
        name = found.full_name
        entry = _joined(name, rows.get(name.lower(), CkmEntry(name)), contents.get(name.lower()))
        # The Id of a row may be that of a deleted record of the same name.
        entries.append(replace(entry, record_id=parse_record_id(found.id) or entry.record_id))
    return CkmListing(
        tuple(entries), tuple(errors), is_complete=all(entry.content or entry.unusable for entry in entries)
    )


def read_certificate(client: OrgClient, name: str) -> CkmEntry | None:
    """One certificate of CKM with its content; None if there is none of that name. Raises OrgError, NetworkError."""
    known = {each.lower(): each for each in list_names(client)}
    full_name = known.get(name.lower())
    if full_name is None:
        return None
    rows: dict[str, CkmEntry] = {}
    try:
        rows = {row.name.lower(): row for row in sorted(_query(client), key=lambda row: row.created)}
    except OrgError as error:
        _keep([], error)  # the record itself tells the most
    records = client.read_metadata("Certificate", [full_name])
    return _joined(full_name, rows.get(full_name.lower(), CkmEntry(full_name)), records[0] if records else None)


def _keep(errors: list[OrgError], error: OrgError) -> None:
    if ends_everything(error):
        raise error
    errors.append(error)


def _query(client: OrgClient) -> Iterator[CkmEntry]:
    try:
        records = list(client.query(_QUERY, tooling=True))
    except OrgError as error:
        if error.code != "org.unknown-field":
            raise
        records = list(client.query(_SHORT_QUERY, tooling=True))
    for record in records:
        if not isinstance(record.get("DeveloperName"), str):
            continue
        yield CkmEntry(
            record["DeveloperName"],
            str(record.get("MasterLabel") or ""),
            parse_moment(record.get("ExpirationDate")),
            _bits(record.get("KeySize")),
            _flag(record.get("OptionsIsCaSigned")),
            _flag(record.get("OptionsIsUnusable")),
            _flag(record.get("OptionsIsPrivateKeyExportable")),
            str(record.get("CreatedDate") or ""),
            record_id=parse_record_id(str(record.get("Id") or "")) or "",
        )


def _contents(
    client: OrgClient, names: tuple[str, ...], errors: list[OrgError], ask: Ask
) -> Iterator[tuple[str, soap.Record]]:
    answers = [ask(partial(client.read_metadata, "Certificate", some)) for some in soap.chunks(names, soap.READ_LIMIT)]
    for answer in answers:
        try:
            yield from ((record.full_name.lower(), record) for record in answer())
        except OrgError as error:
            _keep(errors, error)


def _joined(name: str, row: CkmEntry, body: soap.Record | None) -> CkmEntry:
    if body is None:
        return replace(row, name=name)
    return replace(
        row,
        name=name,
        label=row.label or body.first("masterLabel"),
        expires=row.expires or parse_moment(body.first("expirationDate")),
        key_bits=row.key_bits or _bits(body.first("keySize")),
        ca_signed=row.ca_signed if row.ca_signed is not None else _flag(body.first("caSigned")),
        exportable=row.exportable if row.exportable is not None else _flag(body.first("privateKeyExportable")),
        content=body.content(),
    )


def _bits(value: Any) -> int | None:
    """A key's size, as number or text; None for what can be none."""
    text = f"{value:.0f}" if isinstance(value, float) else str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).lower())


def parse_moment(text: Any) -> datetime | None:
    """A date or dateTime of an API, aware UTC, in whole seconds; a date is its beginning. None for anything else.
    Pure."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(text).replace(microsecond=0)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
