"""How a new key gets to where a CI system reads it: told, never done."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.model import ArtifactKind, Receipt
from sfkeytool.shell import POWERSHELL, WINDOWS, quoted_path

if TYPE_CHECKING:
    from sfkeytool.cli.render import Console


def tell_ci(console: "Console", receipts: Sequence[Receipt]) -> None:
    """Of each key that a run made, for --verbose."""
    keys = [file.path for one in receipts for file in one.files if file.kind is ArtifactKind.PRIVATE_KEY]
    for line in (line for key in keys for line in ci_lines(key)):
        console.detail(line)


def ci_lines(key: Path, *, windows: bool = WINDOWS) -> list[str]:
    """Lines to paste that make a file with a private key a secret of GitHub Actions, or a variable of GitLab. Pure.

    The key goes through a pipe, and so into no argument and no history. Both programs take standard input where no
    value is given (manuals of gh secret set and glab variable set, November 2026).
    """
    # An absolute path: these are pasted inside a repository, where the key should not be.
    path, remark = quoted_path(str(key.absolute()), windows=windows)
    if windows and remark and POWERSHELL not in remark:
        return []
    name = f"{key.stem.upper()}_KEY"
    if name.startswith("GITHUB_"):  # which GitHub keeps for itself
        name = f"JWT_{name}"
    lines = []
    for where, command in (
        ("a secret of GitHub Actions", f"gh secret set {name}"),
        ("a variable of GitLab CI, which whoever changes jobs can read", f"glab variable set {name} --protected"),
    ):
        if windows:  # PowerShell knows no "<"; without -Raw it would pass the key line by line
            lines.append(f"{where} (in {POWERSHELL}): Get-Content -Raw -LiteralPath {path} | {command}")
        else:
            lines.append(f"{where}: {command} < {path}{remark}")
    return [f"the key as {line}" for line in lines]
