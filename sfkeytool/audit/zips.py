"""Zips that a retrieve wrote: their entries as files, within bounds, because a zip says what it likes of itself."""

import io
import zipfile
import zlib
from collections.abc import Iterator

from msgspec import Struct

from sfkeytool.crypto.limits import MAX_INPUT_BYTES
from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.keystores.contents import InputFile

MAX_ZIP_BYTES = 64 << 20
"""A retrieve is at most 39 MB (Salesforce Developer Limits, "Metadata Limits")."""

_MAX_ENTRIES = 20_000
"""Twice what a retrieve may hold (there: 10,000 files)."""
_MAX_DIRECTORY_BYTES = 8 << 20
"""Of the table of contents, which is read whole: 400 bytes for each of 20,000 entries."""
_MAX_TOTAL_BYTES = 256 << 20
_MAX_RATIO = 200
"""Inflated to packed bytes, for entries over 1 MB: source packs 5 to 20 times, deflate itself ends at 1,032."""
_SMALL = 1 << 20

_MAGIC = b"PK\x03\x04"
_END = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_END_LENGTH = 22
_MARKS = ("package.xml", "sfdx-project.json")


def is_zip(data: bytes) -> bool:
    """Pure."""
    return data.startswith(_MAGIC)


class Entry(Struct, frozen=True):
    """``is_ckm_source``: a ``-meta.xml`` lies beside it."""

    file: InputFile
    is_ckm_source: bool


def read_entries(file: InputFile) -> Iterator[Entry | SfkeytoolError]:
    """The entries of a zip of metadata, labelled ``x.zip!/unpackaged/certs/a.crt``; nested zips stay closed. Pure.

    What cannot be read, or should not, is one error for each reason. Raises InputError input.unknown-kind for a zip of
    anything else, zip.damaged and zip.too-large.
    """
    archive = _open(file)
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if not any(info.filename.rpartition("/")[2] in _MARKS for info in infos):
        raise InputError(
            "input.unknown-kind", f"{file.label} is a zip, and no metadata is in it: it has no package.xml"
        )
    names = {info.filename for info in infos}
    refused: dict[str, list[str]] = {}
    seen: set[str] = set()
    total = 0
    for info in infos:
        reason = _reason_against(info, seen)
        seen.add(info.filename)
        if not reason and total + info.file_size > _MAX_TOTAL_BYTES:
            reason = "zip.too-large"
        content = b""
        if not reason:
            try:
                with archive.open(info) as stream:
                    content = stream.read(MAX_INPUT_BYTES + 1)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
                reason = "zip.damaged"
            total += len(content)
        if reason:
            refused.setdefault(reason, []).append(info.filename)
        elif content:
            yield Entry(InputFile(f"{file.label}!/{info.filename}", content), f"{info.filename}-meta.xml" in names)
    for code, found in refused.items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield InputError(code, f"{file.label}: {_SAID[code]}: {found[0][:100]!r}{more}")


_SAID = {
    "zip.entry-name": "the name of an entry is empty or leads out of the zip",
    "zip.encrypted": "an entry is encrypted",
    "zip.duplicate": "an entry is there twice, and only the first was read",
    "zip.too-large": "an entry is too large, or packed too small to be source",
    "zip.damaged": "an entry is damaged, or packed in a way that is not known here",
}


def _reason_against(info: zipfile.ZipInfo, seen: set[str]) -> str:
    name = info.filename
    if not name or name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name.split("/")[0]:
        return "zip.entry-name"
    if name in seen:
        return "zip.duplicate"
    if info.flag_bits & 1:
        return "zip.encrypted"
    packed_too_small = info.file_size > _SMALL and info.file_size > info.compress_size * _MAX_RATIO
    return "zip.too-large" if info.file_size > MAX_INPUT_BYTES or packed_too_small else ""


def _open(file: InputFile) -> zipfile.ZipFile:
    end = file.data.rfind(_END)
    if end < 0 or len(file.data) - end < _END_LENGTH:
        raise InputError("zip.damaged", f"{file.label} is a zip without its end: the file is cut short")
    directory_bytes = int.from_bytes(file.data[end + 12 : end + 16], "little")
    if file.data[end - 20 : end - 16] == _ZIP64_LOCATOR or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise InputError("zip.too-large", f"{file.label} has a longer table of contents than any retrieve")
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.data))
        count = len(archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError, OverflowError):
        raise InputError("zip.damaged", f"{file.label} is a damaged zip") from None
    if count > _MAX_ENTRIES:
        raise InputError("zip.too-large", f"{file.label} has {count:,} entries; a retrieve has at most 10,000")
    return archive
