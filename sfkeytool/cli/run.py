"""The one pipeline that every command goes through, and the boundary at which errors become exit codes."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sfkeytool.cli.command import Command
from sfkeytool.cli.fields import Field, Values, command_line, complete
from sfkeytool.cli.render import Console, clean, flush_results, rich_console, silence_stdout, stdout_is_closed
from sfkeytool.edge.disk import ANOTHER_FOLDER
from sfkeytool.errors import (
    EXIT_BUG,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    InternalError,
    InterruptedRunError,
    KeystorePasswordError,
    OutputError,
    PrivateKeyPasswordError,
    SfkeytoolError,
    UsageError,
)
from sfkeytool.passwords import MINIMUM_LENGTH, Secret, Source, SourceKind
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from datetime import datetime

    from sfkeytool.edge.ask import Asker
    from sfkeytool.edge.new_folder import NewFolderPlan
    from sfkeytool.edge.reader import SecretReader
    from sfkeytool.edge.writer import FolderPlan, FolderWrite
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.model import ArtifactKind, Outcome, PlannedFile, Receipt

T = TypeVar("T")

_PASSWORD_TRIES = 3
_UNDONE = ("output.disk-full", "output.not-permitted", "output.failed", "output.locked")


class Run:
    """One run of one command: the clock, the terminal, the secrets and the files."""

    def __init__(self, console: Console, asker: "Asker | None", environ: Mapping[str, str], now: "datetime") -> None:
        self.console = console
        self.asker = asker
        self.environ = environ
        self.now = now
        self._secrets: SecretReader | None = None

    # Secrets

    def secret(self, source: Source, option: str, what: str, *, confirm: bool = False) -> Secret:
        """The secret that ``source`` names; a prompt asks for ``what``, twice if a password is being made."""
        from sfkeytool.edge.reader import SecretReader

        if self._secrets is None:
            self._secrets = SecretReader(self.environ, sys.stdin)
        return self._secrets.read(source, option, ask=self._prompt(what, confirm=confirm))

    def _prompt(self, what: str, *, confirm: bool) -> Callable[[], str] | None:
        asker = self.asker
        if asker is None:
            return None

        def ask() -> str:
            check = _long_enough if confirm else None
            typed = asker.password(f"{what}:", check=check)
            while confirm and asker.password("The same again:") != typed:
                self.console.say("The two differ; once more.")
                typed = asker.password(f"{what}:", check=check)
            return typed

        return ask

    def with_passwords(self, passwords: Sequence[Secret], attempt: Callable[[Sequence[Secret]], T]) -> T:
        """``attempt`` with these passwords; on a terminal a missing or wrong one is asked for, three times."""
        known = list(passwords)
        for remaining in range(_PASSWORD_TRIES, -1, -1):
            try:
                return attempt(known)
            except (KeystorePasswordError, PrivateKeyPasswordError) as error:
                if self.asker is None or remaining == 0:
                    raise
                self.console.say(error.message)
                question = error.question if isinstance(error, KeystorePasswordError) else "Password"
                known.append(self.secret(Source(SourceKind.PROMPT), "prompt", question))
        raise AssertionError("unreachable: the last try returns or raises")

    # Files

    def read(self, path: Path, *, limit: int | None = None) -> "InputFile":
        from sfkeytool.crypto.sniff import holds_private_key
        from sfkeytool.edge.reader import INPUT_LIMIT, key_notices, read_input
        from sfkeytool.keystores.contents import InputFile

        data = read_input(path, limit=limit or INPUT_LIMIT)
        self.console.detail(f"read {path}: {len(data)} bytes")
        if holds_private_key(data):
            for notice in key_notices(path):
                self.console.warn(notice)
        return InputFile(str(path), data)

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
        from sfkeytool.edge.writer import settle_folder

        for place in (folder, *(file.parent for file in files if file is not None)):
            settle_folder(place)
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

        return plan_writes(folder, files, force=force, inputs=inputs, private=private, elsewhere=elsewhere)

    def plan_file(self, path: Path, kind: "ArtifactKind", flag: str, *, force: bool) -> "FolderPlan":
        """A file that ``flag`` names, in a folder that is there: a slip of the flag makes none."""
        from sfkeytool.edge.writer import plan_writes
        from sfkeytool.model import PlannedFile

        elsewhere = f"name another file with {flag}"
        if not os.path.lexists(path.parent):
            raise OutputError(
                "output.no-folder",
                f"the folder {path.parent}, where {path.name} was to be written, does not exist",
                f"make it first, or {elsewhere}",
            )
        return plan_writes(path.parent, [PlannedFile(path.name, kind)], force=force, private=False, elsewhere=elsewhere)

    def commit(self, writes: "Sequence[FolderWrite]") -> "tuple[Receipt, ...]":
        from sfkeytool.edge.writer import commit

        receipts = commit(writes, now=self.now)
        self.console.receipts += receipts
        for receipt in receipts:
            for notice in receipt.notices:
                self.console.warn(notice)
            self._warn_of_repository(receipt)
        return receipts

    def plan_new_folder(
        self, folder: Path, *, private: bool = True, elsewhere: str = ANOTHER_FOLDER
    ) -> "NewFolderPlan":
        from sfkeytool.edge.writer import plan_new_folder

        return plan_new_folder(folder, private=private, elsewhere=elsewhere)

    def _warn_of_repository(self, receipt: "Receipt") -> None:
        from sfkeytool.edge.writer import repository_notice

        if any(file.kind.secret for file in receipt.files) and (notice := repository_notice(receipt.folder)):
            self.console.warn(notice)

    def warn_about(self, outcome: "Outcome[object]") -> None:
        for notice in outcome.notices:
            self.console.warn(notice)

    @contextmanager
    def spinner(self, message: str, *, wanted: bool) -> Iterator[None]:
        """A spinner on stderr while something slow is done; on a terminal only."""
        with self.progress(message, wanted=wanted):
            yield

    @contextmanager
    def progress(self, message: str, *, wanted: bool = True) -> Iterator[Callable[[str], None]]:
        """The same, with a function that changes what it says."""
        if not wanted or not sys.stderr.isatty() or self.console.quiet or self.console.json_output:
            yield lambda _: None
            return
        from rich.text import Text

        def text(message: str) -> Text:  # a name is no markup, whatever brackets it has
            return Text(clean(message))

        with rich_console(sys.stderr).status(text(message)) as status:
            yield lambda message: status.update(text(message))


def _long_enough(typed: str) -> None:
    """What the workflows demand of a new password, told while it can still be mended."""
    if len(typed) < MINIMUM_LENGTH:
        raise UsageError("usage.password-too-short", f"at least {MINIMUM_LENGTH} characters")


def run_command(
    name: str, command: Command, given: Mapping[str, Any], *, guided: bool = False, asker: "Asker | None" = None
) -> int:
    """Fill in what is missing, execute, and show the equivalent command line if anything was asked."""
    console = Console(
        json_output=bool(given.get("json")), quiet=bool(given.get("quiet")), verbose=bool(given.get("verbose"))
    )
    if asker is None and can_ask(given, os.environ):
        from sfkeytool.edge.ask import Asker

        asker = Asker()

    def execute() -> int:
        from datetime import UTC, datetime

        from sfkeytool.crypto.limits import kdf_budget

        try:
            values = complete(command.fields, given, asker, os.environ, guided=guided)
            with kdf_budget():
                status = command.execute(Run(console, asker, os.environ, datetime.now(UTC)), values)
        except UsageError as error:
            error.hints = error.hints or (f"see sfkeytool {name} --help",)
            raise
        console.end()
        asked = [field for field in command.fields if field.question and _answered(field, given, values)]
        if asker is not None and (guided or asked):
            line = shell_line(["sfkeytool", *command_line(name, command.fields, values)])
            console.say("")
            console.say("The same as a command:")
            console.say(f"  {line}")
        return status

    return boundary(console, execute)


def _answered(field: Field, given: Mapping[str, Any], values: Values) -> bool:
    """Whether somebody was asked for the value: it is neither given nor a default, and of no variable."""
    variable = f"env:{field.environment}"
    known = (given.get(field.name) or field.default, field.default, variable, [variable])
    return values[field.name] not in known


def can_ask(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether a person is there to be asked: terminals, no --json, no --no-prompt, no CI."""
    if given.get("json") or given.get("no_prompt"):
        return False
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def boundary(console: Console, body: Callable[[], int]) -> int:
    """Run ``body``; every error becomes a message and an exit code. A traceback only under SFKEYTOOL_DEBUG=1."""
    from sfkeytool.edge.signals import terminating_signals

    debug = os.environ.get("SFKEYTOOL_DEBUG") == "1"
    try:
        with terminating_signals():
            status = body()
            flush_results()
            if console.receipts and stdout_is_closed():
                console.result_lost("stdout is closed")
            return status
    except SfkeytoolError as error:
        if debug:
            _print_traceback(error)
        console.error(_with_state(error, console))
        if error.code == "output.stdout" and console.receipts:
            console.result_lost("stdout takes no more")
        return error.exit_code
    except KeyboardInterrupt:
        console.error(InterruptedRunError("interrupted", f"interrupted; {_state(console)}"))
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        if console.receipts:
            console.result_lost("whoever read stdout has gone")
        return EXIT_FAILED
    except Exception as error:
        if debug:
            _print_traceback(error)
        console.error(InternalError.of(error, _state(console)))
        return EXIT_BUG


def _state(console: Console) -> str:
    if console.receipts:
        return "the files were complete by then"
    return "what was done by then stays" if console.changed else "nothing was changed"


def _with_state(error: SfkeytoolError, console: Console) -> SfkeytoolError:
    """The writer knows what it has undone; only here is it known whether the run had written something before."""
    if error.code in _UNDONE and not (console.receipts or console.changed):
        error.message += "; nothing was changed"
    return error


def _print_traceback(error: BaseException) -> None:
    """Frames only: an exception's text may hold what it choked on."""
    for line in traceback.format_tb(error.__traceback__):
        print(line, end="", file=sys.stderr)
    print(type(error).__name__, file=sys.stderr)
