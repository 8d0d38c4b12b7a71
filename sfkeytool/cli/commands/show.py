"""``show``: what is in a file."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Field, Question, Values, typed_values
from sfkeytool.cli.lying_here import OTHER_FILE, files_here
from sfkeytool.cli.render import BAD, BOLD, Line, Styled, wrapped
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import Unread, named_files, should_be_readable
from sfkeytool.errors import InputError, SfkeytoolError

if TYPE_CHECKING:
    from sfkeytool.workflows.show import ShownCsr, ShownEntry, ShownFile, ShownKeystore, ShownSaml

_FIELDS = (
    Field(
        "files",
        list[Path],
        "Any files with keys, certificates, requests or keystores; a folder is walked.",
        metavar="FILE...",
        required=True,
        question=Question("File or folder to look into:", "paths", offers=files_here, other=OTHER_FILE),
    ),
    options.OPENING_PASSWORD,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.show import ShowRequest, conclude, outdated, show_file

    request = ShowRequest.from_values(typed_values(_FIELDS, values))
    given = [run.secret(source, "--password", "Password") for source in request.passwords]
    shown: list[ShownFile] = []
    unread = Unread()
    for path, walked in named_files(request.files, unread.add):
        try:
            file = run.read(path)
            found = run.with_passwords(given, lambda known, file=file: show_file(file, known, run.now))  # type: ignore[misc]
        except SfkeytoolError as error:
            if walked and not should_be_readable(path, error):
                run.console.detail(error.message)
            else:
                unread.add(error, path)
            continue
        if walked and not found.holds_something:
            run.console.detail(f"{path}: nothing in it; passed over")
            continue
        shown.append(found)
        for notice in outdated(found, run.now):
            run.console.warn(notice)
        run.console.result(_file_lines(found, run.now))
    if not shown and not unread.errors:
        named = ", ".join(map(str, request.files))
        raise InputError("input.nothing-found", f"{named} holds no key, certificate or keystore")
    unread.tell(run.console, beside_results=bool(shown))
    outcome = conclude(shown, unread.files)
    run.console.envelope(outcome.exit_code, outcome.result)
    return outcome.exit_code


def _file_lines(file: "ShownFile", now: datetime) -> Iterator[Line]:
    from sfkeytool.cli.certificate_lines import certificate_lines

    yield [Styled(file.path, BOLD), f": {file.type}"]
    if file.keystore is not UNSET:
        yield from _store_lines(file.keystore)
    for key in file.keys:
        fits = ", belongs to none of the certificates here" if file.certificates and not key.certificates else ""
        encrypted = ", encrypted" if key.encrypted else ""
        yield f"  private key{_alias(key.alias)}: {key.algorithm} {key.bits or ''}{encrypted}{fits}"
        yield f"    key SHA-256  {key.public_key_sha256}"
    for alias in file.locked_keys:
        yield f"  private key {alias!r}: not opened, it needs its password"
    uses = {} if file.saml is UNSET else _uses(file.saml)
    if file.saml is not UNSET:
        yield from _saml_lines(file.saml, now)
    for certificate in file.certificates:
        yield f"  certificate{_alias(certificate.alias)}"
        if certificate.sha256 in uses:
            yield from wrapped("; ".join(uses[certificate.sha256]), "    published    ")
        yield from certificate_lines(certificate, certificate.mail_dates, now, "    ")
    for request in file.requests:
        yield "  certificate request"
        yield from _request_lines(request, "    ")
    for unreadable in file.unreadable_certificates:
        yield f"  certificate{_alias(unreadable.alias)} that cannot be read: {unreadable.reason}"
    for ignored in file.ignored:
        yield f"  not read: {ignored}"
    yield ""


def _saml_lines(saml: "ShownSaml", now: datetime) -> Iterator[Line]:
    signed = ", signed (not verified)" if saml.signed else ""
    yield f"  SAML metadata{signed}, {len(saml.entities)} {'entity' if len(saml.entities) == 1 else 'entities'}"
    for entity in saml.entities:
        yield f"  entity ID {entity.entity_id or '(none)'}"
        yield f"    roles        {', '.join(role.words for role in entity.roles) or '(none)'}"
        if entity.valid_until is not None:
            over = entity.valid_until <= now
            until = Styled(
                f"until {entity.valid_until.date()}" + (", which is over" if over else ""), BAD if over else ""
            )
            yield ["    valid        ", until, ", says the document: then download it anew"]
        if entity.cache_duration is not None:
            yield f"    kept for     {entity.cache_duration}"


def _uses(saml: "ShownSaml") -> dict[str, dict[str, None]]:
    """By fingerprint what each certificate is published for: to do what, as what, by whom where there are several."""
    told: dict[str, dict[str, None]] = {}
    for entity in saml.entities:
        whose = f" of {entity.entity_id}" if len(saml.entities) > 1 else ""
        for key in entity.keys:
            for sha256 in key.certificates:
                told.setdefault(sha256, {})[f"{key.use.words}, as {key.role.words}{whose}"] = None
    return told


def _store_lines(store: "ShownKeystore") -> Iterator[str]:
    from sfkeytool.workflows.show import Integrity

    version = f" version {store.version}" if store.version is not UNSET else ""
    integrity = "integrity verified" if store.integrity is Integrity.VERIFIED else "integrity not checked (no password)"
    entries = "1 entry" if len(store.entries) == 1 else f"{len(store.entries)} entries"
    yield f"  {store.type}{version}, {entries}, {integrity}"
    if store.trailing_bytes:
        yield f"  {store.trailing_bytes} bytes follow after its end"
    yield from (_entry_line(entry) for entry in store.entries)


def _entry_line(entry: "ShownEntry") -> str:
    made = f", {entry.created_at.date()}" if entry.created_at else ""
    order = " (not in order)" if entry.chain_in_order is False else ""
    if entry.chain_length is UNSET:
        chain = ""
    else:
        chain = f", chain of {entry.chain_length}{order}" if entry.chain_length else ", no one certificate of it"
    name = "(no name)" if entry.alias is None else repr(entry.alias)
    return f"  entry {name}: {entry.kind}{made}{chain}"


def _request_lines(request: "ShownCsr", indent: str) -> Iterator[str]:
    yield f"{indent}subject      {request.subject or '(empty)'}"
    yield f"{indent}key          {request.key_algorithm} {request.key_bits or ''}"
    yield f"{indent}signature    {'valid' if request.signature_valid else 'NOT VALID'}"
    if request.san:
        yield f"{indent}SAN          {', '.join(request.san)}"
    yield f"{indent}key SHA-256  {request.public_key_sha256}"
    yield from (f"{indent}unusual      {words}" for words in request.unusual)
    yield from (f"{indent}a CA asks    {wanted}" for wanted in request.ca_asks)


def _alias(alias: str | None) -> str:
    return f" {alias!r}" if alias else ""


COMMAND = Command(
    (
        Example("Until when, for whom, under which alias", "sfkeytool show pay_api.jks"),
        Example("With which certificates an identity provider signs", "sfkeytool show FederationMetadata.xml"),
        Example("With the private keys, which a password locks", "sfkeytool show export.pfx --password prompt"),
        Example("Everything in a folder, for a script", "sfkeytool show pay_api/ --json"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("show", "show.Shown", exit_codes=(0, 1)),),
    place=MenuPlace(Aim.MORE, "Look into a file", "Keys, certificates, requests, keystores: what is in it."),
)
