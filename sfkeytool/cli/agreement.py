"""What a run is about to do, said before it is done; where a person was asked for something, agreed to by them."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sfkeytool.cli.render import wrapped
from sfkeytool.edge.ask import BackWanted, Choice
from sfkeytool.errors import ChangeWanted, Declined, OrgError
from sfkeytool.model import ArtifactKind

if TYPE_CHECKING:
    from sfkeytool.cli.render import Console
    from sfkeytool.edge.ask import Asker
    from sfkeytool.edge.new_folder import NewFolderPlan
    from sfkeytool.edge.writer import FolderPlan, FolderWrite

_TITLES = {
    ArtifactKind.PRIVATE_KEY: "private key (secret)",
    ArtifactKind.CSR: "request for the CA",
    ArtifactKind.CERTIFICATE: "certificate",
    ArtifactKind.CHAIN: "certificate chain",
    ArtifactKind.KEYSTORE: "keystore (secret)",
    ArtifactKind.KEYSTORE_PASSWORD: "its password (secret)",
    ArtifactKind.RECEIPT: "receipt",
    ArtifactKind.RUNBOOK: "runbook",
    ArtifactKind.CALENDAR: "calendar entries",
    ArtifactKind.REPORT: "report",
    ArtifactKind.METADATA_SOURCE: "metadata",
}
_MOST_INPUTS = 8
_YES, _CHANGE, _NO = Choice("yes", "Yes"), Choice("change", "Change something"), Choice("no", "No")


class Agreement:
    """The one of a run: what it has read, what it has been allowed, and whether it has to ask."""

    def __init__(self, console: "Console", asker: "Asker | None", *, asks: bool, dry_run: bool) -> None:
        self._console = console
        self._asker = asker
        self.asks = asks
        self._dry_run = dry_run
        self._read: dict[Path, None] = {}
        self._agreed: list[FolderPlan | NewFolderPlan] = []
        self._question = ""
        self._refusal: OrgError | None = None

    def note_input(self, path: Path) -> None:
        """A file from which something may be made."""
        self._read[path] = None

    def demand(self, question: str, refusal: OrgError) -> None:
        """Ask before the next files are written, whatever was asked before: nothing goes on but for a clear Yes, and a
        No where nothing else was asked is this ``refusal``."""
        self._question, self._refusal = question, refusal

    def reach(self, writes: "Sequence[FolderWrite]", about: Iterable[str]) -> None:
        """Say what these writes make, ``about`` first; ask, where the run has to, once for each plan.

        Raises ChangeWanted, Declined, BackWanted, and the refusal that was demanded.
        """
        about = list(about)
        if all(write.plan in self._agreed for write in writes) and (writes or not about):
            return
        self._agreed += [write.plan for write in writes]
        lines = list(_lines(writes, about, list(self._read), sys.stdout if self._dry_run else sys.stderr))
        if self._dry_run:
            self._console.result(["What would be made:", *lines, ""])
            return
        if self._asker is None or not (self.asks or self._refusal):
            for line in lines:
                self._console.detail(line)
            return
        self._console.show(["", "What will be made:", *lines, ""])
        self._ask(self._asker)

    def _ask(self, asker: "Asker") -> None:
        """Raises ChangeWanted, Declined, BackWanted, and the refusal that was demanded."""
        refusal, self._refusal = self._refusal, None
        if refusal is not None and not self.asks:
            if not asker.confirm(self._question, default=False):
                raise refusal
            return
        can_change = not self._console.receipts  # what is done cannot be
        choices = [_YES, *([_CHANGE] if can_change else []), _NO]
        question, first = ("Go on?", _YES) if refusal is None else (self._question, _NO)
        try:
            answer = asker.choice(question, choices, default=first.value, back=False)
        except BackWanted:
            if can_change:
                raise
            answer = _NO.value
        if answer == _CHANGE.value:
            raise ChangeWanted
        if answer == _NO.value:
            raise Declined


def _lines(
    writes: "Sequence[FolderWrite]", about: Iterable[str], inputs: Sequence[Path], stream: TextIO
) -> Iterator[str]:
    """Each filled to the window of ``stream``, but for the paths, which are whole."""
    for text in about:
        yield from wrapped(text, "  ", stream)
    by_folder: dict[Path, list[tuple[str, ArtifactKind]]] = {}
    for write in writes:
        by_folder.setdefault(Path(os.path.realpath(write.plan.folder)), []).extend(_files(write))
    for folder, files in by_folder.items():
        yield f"  into {folder}{'' if os.path.lexists(folder) else ' (new)'}"
        width = max((len(name) for name, _ in files), default=0)
        for name, kind in files:
            what = _TITLES[kind]
            if os.path.lexists(folder / name):
                what += ", grows" if kind is ArtifactKind.RECEIPT else ", replaces the one there"
            elif kind is ArtifactKind.METADATA_SOURCE:  # whose names are long, and say it
                what = ""
            yield f"    {name:<{width}}  {what}".rstrip()
    if inputs:
        more = [f"{len(inputs) - _MOST_INPUTS} more"] if len(inputs) > _MOST_INPUTS else []
        yield from wrapped("from " + ", ".join([*map(str, inputs[:_MOST_INPUTS]), *more]), "  ", stream)


def _files(write: "FolderWrite") -> "Iterator[tuple[str, ArtifactKind]]":
    """Names below the write's folder, and kinds; of a write without content all that its plan allows."""
    from sfkeytool.edge.writer import FolderPlan

    plan = write.plan
    planned = plan.files if isinstance(plan, FolderPlan) else ()
    if not write.artifacts and write.record is None:
        yield from ((file.filename, file.kind) for file in planned)
        return
    for artifact in write.artifacts:
        yield "/".join(filter(None, (artifact.folder, artifact.filename))), artifact.kind
    if write.record is not None:
        yield (
            next((file.filename for file in planned if file.kind is ArtifactKind.RECEIPT), f"{plan.folder.name}.json"),
            ArtifactKind.RECEIPT,
        )
