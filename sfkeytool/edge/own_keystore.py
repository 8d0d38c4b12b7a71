"""NAME's own keystore in its folder, in whichever format it was made."""

import os
from pathlib import Path

from sfkeytool.model import KeystoreFormat


def own_keystores(folder: Path, name: str) -> list[Path]:
    """Those that are there, of no more than one in each format."""
    return [path for each in KeystoreFormat if os.path.lexists(path := folder / each.keystore(name))]


def own_keystore(folder: Path, name: str) -> Path:
    """NAME.jks, or NAME.bcfks where that alone is there."""
    return next(iter(own_keystores(folder, name)), folder / KeystoreFormat.JKS.keystore(name))
