"""What lies in the current folder and can be chosen instead of typed: certificates by NAME, keystores, apps."""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfkeytool.edge.ask import Choice
from sfkeytool.errors import OutputError, SfkeytoolError
from sfkeytool.model import Purpose
from sfkeytool.names import is_unique_name

if TYPE_CHECKING:
    from sfkeytool.workflows.generations import Generation

_MOST_ENTRIES = 500
"""Entries of a folder that are looked at before a question: our own bound, as are the next two."""
_MOST_ROWS = 30
_MOST_BYTES = 1 << 20
_KEYSTORES = (".jks", ".p12", ".pfx", ".bcfks", ".keystore")
_CERTIFICATES = (".crt", ".cer", ".pem")
_APPS = (".connectedApp-meta.xml", ".ecaGlblOauth-meta.xml", ".connectedApp", ".ecaGlblOauth")
OTHER_FILE = "Another file …"
"""The row that leads to a path."""


def made_here(_: Mapping[str, Any]) -> list[Choice]:
    """The NAMEs of certificates whose folders are here, by how long they live."""
    return [choice for choice, waits in _names() if not waits]


def names_here(_: Mapping[str, Any]) -> list[Choice]:
    """The same, after those that wait for a CA's answer."""
    found = _names()
    return [*(choice for choice, waits in found if waits), *(choice for choice, waits in found if not waits)]


def _names() -> list[tuple[Choice, bool]]:
    """Rows of NAMEs, and whether each waits for a CA's answer."""
    rows: list[tuple[str, Choice, bool]] = []
    for folder in _entries(Path()):
        name = folder.name
        if not is_unique_name(name) or not folder.is_dir():
            continue
        if os.path.isfile(folder / f"{name}.crt"):
            until = _until(folder / f"{name}.crt")
            rows.append((_sorting(until), Choice(name, _row(name, until)), False))
        elif os.path.isfile(folder / f"{name}.csr"):
            rows.append(("", Choice(name, f"{name}: waits for the CA's answer"), True))
    return [(choice, waits) for _, choice, waits in sorted(rows, key=lambda row: row[0])[:_MOST_ROWS]]


def keystores_here(_: Mapping[str, Any]) -> list[Choice]:
    """Keystores here and in the folders of NAMEs, by how long their certificates live."""
    return _files(_KEYSTORES)


def keystores_to_import(_: Mapping[str, Any]) -> list[Choice]:
    """Those that CKM may take, by NAME where it is NAME's own, by how long their certificates live."""
    rows = []
    for row in _files((".jks", ".bcfks")):
        path = Path(row.value)
        own = path.parent.name == path.stem and len(path.parts) == 2
        rows.append(Choice(path.stem, row.title.replace(row.value, path.stem, 1)) if own else row)
    return rows


def certificates_here(_: Mapping[str, Any]) -> list[Choice]:
    """Certificates here and in the folders of NAMEs, and those of the apps in the sfdx project around."""
    return _files(_CERTIFICATES, _apps())


def files_here(_: Mapping[str, Any]) -> list[Choice]:
    """All of these."""
    return _files((*_KEYSTORES, *_CERTIFICATES), _apps())


def known_purpose(values: Mapping[str, Any]) -> Purpose | None:
    """What the receipt of NAME, or of the folder in which the file lies, says that the pair is for."""
    name = values.get("name")
    files: list[Path] = values.get("files") or []
    if isinstance(name, str):
        name = name.rstrip("/" + os.sep).lower()
        folder = Path(values.get("output_dir") or name)
    elif len(files) == 1:
        folder = Path(files[0]).parent
        name = Path(os.path.realpath(folder)).name
    else:
        return None
    try:
        found = generation_in(folder, name)
    except (SfkeytoolError, OSError, ValueError):
        return None
    return found.purpose if found else None


def generation_in(folder: Path, name: str) -> "Generation | None":
    """What the receipt in a folder tells, which is a claim; None where nothing is done on its word.

    So it is with a damaged one, with a folder whose name no certificate can have, and with one that has neither the
    certificate nor the request that it could speak of.
    """
    from sfkeytool.edge.receipts import read_records
    from sfkeytool.workflows.generations import read_generation

    if not is_unique_name(name) or not any(os.path.isfile(folder / f"{name}{ending}") for ending in (".crt", ".csr")):
        return None
    try:
        receipt = read_records(folder / f"{name}.json")
    except OutputError:
        return None
    records = receipt["records"] if receipt else ()
    return read_generation(name, records) if records else None


def _files(endings: tuple[str, ...], apps: Iterable[Path] = ()) -> list[Choice]:
    here = _entries(Path())
    inside = [file for folder in here if is_unique_name(folder.name) and folder.is_dir() for file in _entries(folder)]
    candidates = [file for file in (*here, *inside) if file.name.lower().endswith(endings) and file.is_file()]
    rows = []
    for file in (*candidates[:_MOST_ENTRIES], *apps):
        until = _until(file)
        if until is not None or file.name.lower().endswith(_KEYSTORES):
            rows.append((_sorting(until), Choice(str(file), _row(str(file), until))))
    return [choice for _, choice in sorted(rows, key=lambda row: row[0])[:_MOST_ROWS]]


def _apps() -> list[Path]:
    from sfkeytool.cli.sfdx_project import project_around

    project = project_around(Path.cwd())
    if project is None:
        return []
    found = []
    for folder, folders, names in os.walk(project):
        folders[:] = [name for name in folders if name not in ("node_modules", ".git", ".sfdx", ".sf")]
        found += [Path(os.path.relpath(Path(folder, name))) for name in names if name.endswith(_APPS)]
        if len(found) > _MOST_ROWS:
            break
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False))
    except OSError:
        return []


def _until(path: Path) -> datetime | None:
    """Until when the certificate lives that ends first; None where that cannot be told without a password."""
    from sfkeytool.crypto.certificates import describe_certificate
    from sfkeytool.edge.reader import read_input
    from sfkeytool.keystores.contents import InputFile, parse_contents
    from sfkeytool.keystores.leaves import leaves

    try:
        contents = parse_contents(InputFile(str(path), read_input(path, limit=_MOST_BYTES)), (), load_keys=False)
        ends = [describe_certificate(one.certificate).not_after for one in leaves(contents.certificates)]
    except SfkeytoolError:
        return None
    return min(ends, default=None)


def _sorting(until: datetime | None) -> str:
    return until.isoformat() if until else "z"


def _row(name: str, until: datetime | None) -> str:
    if until is None:
        return f"{name}: tells what it holds with its password"
    now = datetime.now(UTC)
    days = (until.date() - now.date()).days  # as the audit counts them
    if until < now:
        return f"{name}: expired on {until.date()}"
    return f"{name}: {days} {'day' if days == 1 else 'days'} left, until {until.date()}"
