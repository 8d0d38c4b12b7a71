"""The folders in which the generations of a NAME lie, beside each other."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.cli.lying_here import generation_in
from sfkeytool.cli.run import Run
from sfkeytool.errors import InputError, SfkeytoolError

if TYPE_CHECKING:
    from sfkeytool.crypto.certificates import CertificateFacts
    from sfkeytool.workflows.generations import Generation


def parent(folder: Path) -> Path:
    """Where the generations lie of which one is in ``folder``."""
    return folder.parent if folder.name not in ("", "..") else Path(os.path.realpath(folder)).parent


def entries(folder: Path) -> list[Path]:
    """All in it. Raises InputError."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(
            "renew.no-folder", f"{folder}, where generations lie, cannot be listed ({error.strerror})"
        ) from None


def generations(folders: "Iterable[Path]") -> "list[Generation]":
    """What the receipts of these folders tell."""
    return [found for folder in folders if (found := generation_in(folder, folder.name))]


def certificates_in(run: Run, folders: "Mapping[str, Path]") -> "dict[str, CertificateFacts]":
    """What can be read of NAME.crt in the folder of each NAME."""
    return {name: facts for name, folder in folders.items() if (facts := certificate_in(run, folder, name))}


def certificate_in(run: Run, folder: Path, name: str) -> "CertificateFacts | None":
    """What the certificate itself tells, on whose word more is done than on a receipt's."""
    from sfkeytool.crypto.certificates import describe_certificate
    from sfkeytool.keystores.contents import parse_contents
    from sfkeytool.keystores.leaves import only_leaf

    try:
        file = run.read(folder / f"{name}.crt")
        contents = parse_contents(file, (), load_keys=False)
        found = only_leaf(contents.certificates, file.label, contents.unreadable)
    except SfkeytoolError:
        return None
    return describe_certificate(found.certificate)
