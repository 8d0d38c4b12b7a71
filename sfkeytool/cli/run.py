"""What a command works with: one clock, one terminal, its secrets and its files."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sfkeytool.cli.agreement import Agreement
from sfkeytool.cli.ci_secret import tell_ci
from sfkeytool.cli.opening import TypedPasswords, opened
from sfkeytool.cli.render import Console
from sfkeytool.edge.disk import ANOTHER_FOLDER
from sfkeytool.errors import (
    OutputError,
    SystemFailureError,
    UsageError,
)
from sfkeytool.passwords import MINIMUM_LENGTH, Secret, Source, SourceKind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sfkeytool.edge.ask import Asker
    from sfkeytool.edge.new_folder import NewFolderPlan
    from sfkeytool.edge.reader import SecretReader
    from sfkeytool.edge.writer import FolderPlan, FolderWrite
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.model import ArtifactKind, Outcome, PlannedFile, Receipt

T = TypeVar("T")


_LAST_YEAR = 9000
"""Of a clock that is taken for right: there is no date after 9999 to reckon with."""


class Run:
    """One run of one command: the clock, the terminal, the secrets and the files.

    ``asked``: a person was asked for values, and so agrees before anything is written. ``file_question``: another file
    can be asked for where one cannot be opened.
    """

    def __init__(
        self,
        console: Console,
        asker: "Asker | None",
        environ: Mapping[str, str],
        now: "datetime",
        *,
        asked: bool = False,
        typed: TypedPasswords | None = None,
        file_question: bool = False,
    ) -> None:
        if now.year > _LAST_YEAR:
            raise SystemFailureError(
                "system.clock",
                f"this machine's clock says that it is the year {now.year}; nothing was changed",
                "set it",
            )
        self.console = console
        self.asker = asker
        self.environ = environ
        self.now = now
        self.dry_run = console.dry_run
        self.agreement = Agreement(console, asker, asks=asked, dry_run=self.dry_run)
        self._secrets: SecretReader | None = None
        self.withheld: set[str] = set()
        self._typed = typed or TypedPasswords()
        self._file_question = file_question

    # Secrets

    def secret(
        self, source: Source, option: str, what: str, *, confirm: bool = False, minimum: int = MINIMUM_LENGTH
    ) -> Secret:
        """The secret that ``source`` names; a prompt asks for ``what``, twice if a password is being made, which has
        ``minimum`` characters at least."""
        asked = source.kind is SourceKind.PROMPT and self.asker is not None
        if self.dry_run and confirm and (asked or source.kind is SourceKind.COMMAND):
            if not asked:
                from sfkeytool.edge.secret_command import find_command

                find_command(source, f"{option}: {source}", self.environ)
            source = Source(SourceKind.GENERATE)  # nothing will ever be opened with it; a command could do anything
        return self._reader().read(source, option, ask=self._prompt(option, what, minimum if confirm else None))

    def printed_by(self, source: Source, option: str) -> bytes:
        """What the command at ``source`` prints. Secret."""
        return self._reader().printed_by(source, option)

    def withhold(self, sources: Iterable[object]) -> None:
        """Keep the variables that are named as SOURCE among these values from commands that give other secrets."""
        named = (str(source).partition(":") for source in sources)
        self.withheld.update(name for kind, _, name in named if kind == SourceKind.ENV)

    def _reader(self) -> "SecretReader":
        from sfkeytool.edge.reader import SecretReader

        if self._secrets is None:
            self._secrets = SecretReader(self.environ, sys.stdin, self.withheld, self._typed.printed)
        return self._secrets

    def _prompt(self, option: str, what: str, minimum: int | None) -> Callable[[], str] | None:
        asker, confirm = self.asker, minimum is not None
        if asker is None:
            return None

        def ask() -> str:
            if confirm and option in self._typed.made:
                return self._typed.made[option]
            check = _long_enough(minimum) if minimum is not None else None
            typed = asker.password(f"{what}:", check=check)
            while confirm and asker.password("The same again:") != typed:
                self.console.say("The two differ; once more.")
                typed = asker.password(f"{what}:", check=check)
            if confirm:
                self._typed.made[option] = typed
            return typed

        return ask

    def with_passwords(self, passwords: Sequence[Secret], attempt: Callable[[Sequence[Secret]], T]) -> T:
        """``attempt`` with these passwords; on a terminal a missing or wrong one is asked for. Raises ChangeWanted."""
        return opened(self, self._typed, passwords, attempt, other_file=self._file_question)

    # Files

    def read(self, path: Path, *, limit: int | None = None, named: bool = True) -> "InputFile":
        """A file within its limit; told of a key that others can read, and of what was ``named`` and is mangled."""
        from sfkeytool.crypto.sniff import holds_private_key
        from sfkeytool.edge.reader import INPUT_LIMIT, key_notices, read_input
        from sfkeytool.keystores.contents import InputFile

        data = read_input(path, limit=limit or INPUT_LIMIT)
        if named:
            self.agreement.note_input(path)
        if self.console.verbose:
            self.console.detail(f"read {path}: {len(data)} bytes")
        file = self.received(str(path), data) if named else InputFile(str(path), data)
        if holds_private_key(file.mended):
            for notice in key_notices(path):
                self.console.warn(notice)
        return file

    def received(self, label: str, data: bytes) -> "InputFile":
        """Bytes that a run works with, wherever they come from; told, where they are read although they are mangled."""
        from sfkeytool.keystores.contents import InputFile
        from sfkeytool.workflows.mangled import mangled_notice

        file = InputFile(label, data)
        if notice := mangled_notice(file):
            self.console.warn(notice)
        return file

    def read_found(self, path: Path, *, named: bool) -> "InputFile":
        """NAME.key of a folder, or NAME.crt that goes to an app: one that no flag ``named`` could be anybody's."""
        from sfkeytool.edge.found_file import found_file_notices

        for notice in () if named else found_file_notices(path):
            self.console.warn(notice)
        return self.read(path)

    def settle(self, folder: Path, *files: Path | None) -> Path:
        """``folder``, where what a killed run left is repaired: to be called before anything there is looked at.

        ``files`` are others that the run will write, of which the same is true.
        """
        from sfkeytool.edge.recovery import unsettled_notice
        from sfkeytool.edge.writer import settle_folder

        for place in (folder, *(file.parent for file in files if file is not None)):
            if not self.dry_run:
                settle_folder(place)
            elif notice := unsettled_notice(place):
                self.console.warn(notice)
        return folder

    def plan(
        self,
        folder: Path,
        files: "Sequence[PlannedFile]",
        *,
        force: bool,
        inputs: Sequence[Path] = (),
        private: bool = True,
        elsewhere: str = ANOTHER_FOLDER,
    ) -> "FolderPlan":
        from sfkeytool.edge.writer import plan_writes

        return plan_writes(
            folder,
            files,
            force=force,
            inputs=inputs,
            private=private,
            elsewhere=elsewhere,
            settles=not self.dry_run,
        )

    def plan_file(self, path: Path, kind: "ArtifactKind", flag: str, *, force: bool) -> "FolderPlan":
        """A file that ``flag`` names, in a folder that is there: a slip of the flag makes none."""
        from sfkeytool.model import PlannedFile

        elsewhere = f"name another file with {flag}"
        if not os.path.lexists(path.parent):
            raise OutputError(
                "output.no-folder",
                f"the folder {path.parent}, where {path.name} was to be written, does not exist",
                f"make it first, or {elsewhere}",
            )
        return self.plan(path.parent, [PlannedFile(path.name, kind)], force=force, private=False, elsewhere=elsewhere)

    def commit(
        self, writes: "Sequence[FolderWrite]", about: Iterable[str] = (), *, agreed: bool = False
    ) -> "tuple[Receipt, ...]":
        """Publish files, after a person has agreed to them if one was asked for anything; ``about`` tells what they
        are. ``agreed``: nobody has to, as of a note about what was done. In a dry run nothing is written, and the
        receipts are those that it would have."""
        from sfkeytool.edge.writer import commit, rehearse

        if self.dry_run:
            receipts = rehearse(writes, now=self.now)
            self.console.rehearsed += receipts
        if not agreed:
            self.agreement.reach(writes, about)
        if not self.dry_run:
            receipts = commit(writes, now=self.now)
            self.console.receipts += receipts
        for receipt in receipts:
            for notice in receipt.notices:
                self.console.warn(notice)
            self._warn_of_place(receipt)
        if not self.dry_run:
            tell_ci(self.console, receipts)
        return receipts

    def plan_new_folder(
        self, folder: Path, *, private: bool = True, elsewhere: str = ANOTHER_FOLDER
    ) -> "NewFolderPlan":
        from sfkeytool.edge.writer import plan_new_folder

        return plan_new_folder(folder, private=private, elsewhere=elsewhere, settles=not self.dry_run)

    def _warn_of_place(self, receipt: "Receipt") -> None:
        from sfkeytool.edge.projects import repository_notice
        from sfkeytool.edge.synced import synced_notice

        if any(file.kind.secret for file in receipt.files):
            for notice in (repository_notice(receipt.folder), synced_notice(receipt.folder)):
                if notice:
                    self.console.warn(notice)

    def warn_about(self, outcome: "Outcome[object]") -> None:
        for notice in outcome.notices:
            self.console.warn(notice)

    def spinner(self, message: str, *, wanted: bool) -> "AbstractContextManager[object]":
        """A spinner on stderr while something slow is done; on a terminal only."""
        return self.progress(message, wanted=wanted)

    def progress(self, message: str, *, wanted: bool = True) -> "AbstractContextManager[Callable[[str], None]]":
        """The same, with a function that changes what it says."""
        from sfkeytool.cli.progress import spinning

        return spinning(self.console, message, wanted=wanted)


def _long_enough(minimum: int) -> Callable[[str], None]:
    """What the workflows demand of a new password, told while it can still be mended."""

    def check(typed: str) -> None:
        if len(typed) < minimum:
            raise UsageError("usage.password-too-short", f"at least {minimum} characters")

    return check
