"""The one pipeline that every command goes through, and the boundary at which errors become exit codes."""

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sfkeytool.cli.command import Command
from sfkeytool.cli.conversation import Conversation, complete
from sfkeytool.cli.defaults import tell_origin, with_presets
from sfkeytool.cli.fields import Field, Values, command_line, defaults_of
from sfkeytool.cli.render import Console, clean, colored, flush_results, rich_console, silence_stdout, stdout_is_closed
from sfkeytool.edge.ask import BackWanted, Choice
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
_WHERE_PASSWORDS_ARE = (
    "Is it the file that you mean? Its name is above; another copy may have another password.",
    "A keystore of sfkeytool's: NAME.jks.password beside it, if the password was made by it. An export of Salesforce:"
    " what was typed at Export to Keystore. A PFX: whoever sent it has the password, often sent apart.",
    "Whoever has the key in another file needs none of this one: `sfkeytool unwrap FILE` takes it out of a keystore"
    " that opens, and `sfkeytool wrap` makes a new keystore of key and certificate, with a new password.",
)
_ENDS = (InternalError, InterruptedRunError)
"""Errors that no other answer mends."""
_UNDONE = ("output.disk-full", "output.not-permitted", "output.failed", "output.locked")


class ChangeWanted(Exception):  # noqa: N818 - a wish
    """The person wants to change an answer before the run goes on: ``file``, that which file is read."""

    def __init__(self, *, file: bool = False) -> None:
        super().__init__()
        self.file = file


class TypedPasswords:
    """What was typed at this run's prompts, so that no answer that is changed afterwards costs typing them again.

    ``made`` are new ones, by what was asked for; ``opening`` are those that were to open something; ``printed`` is what
    commands gave, by the command, each of which runs once. Secret.
    """

    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        self.opening: list[Secret] = []
        self.printed: dict[str, bytes] = {}


class Run:
    """One run of one command: the clock, the terminal, the secrets and the files.

    ``file_question``: whether another file can be asked for where one cannot be opened.
    """

    def __init__(
        self,
        console: Console,
        asker: "Asker | None",
        environ: Mapping[str, str],
        now: "datetime",
        *,
        typed: TypedPasswords | None = None,
        file_question: bool = False,
    ) -> None:
        self.console = console
        self.asker = asker
        self.environ = environ
        self.now = now
        self._secrets: SecretReader | None = None
        self._withheld: set[str] = set()
        self._typed = typed or TypedPasswords()
        self._file_question = file_question

    # Secrets

    def secret(self, source: Source, option: str, what: str, *, confirm: bool = False) -> Secret:
        """The secret that ``source`` names; a prompt asks for ``what``, twice if a password is being made."""
        return self._reader().read(source, option, ask=self._prompt(what, confirm=confirm))

    def printed_by(self, source: Source, option: str) -> bytes:
        """What the command at ``source`` prints. Secret."""
        return self._reader().printed_by(source, option)

    def withhold(self, sources: Iterable[object]) -> None:
        """Keep the variables that are named as SOURCE among these values from commands that give other secrets."""
        named = (str(source).partition(":") for source in sources)
        self._withheld.update(name for kind, _, name in named if kind == SourceKind.ENV)

    def _reader(self) -> "SecretReader":
        from sfkeytool.edge.reader import SecretReader

        if self._secrets is None:
            self._secrets = SecretReader(self.environ, sys.stdin, self._withheld, self._typed.printed)
        return self._secrets

    def _prompt(self, what: str, *, confirm: bool) -> Callable[[], str] | None:
        asker = self.asker
        if asker is None:
            return None

        def ask() -> str:
            if what in self._typed.made:
                return self._typed.made[what]
            check = _long_enough if confirm else None
            typed = asker.password(f"{what}:", check=check)
            while confirm and asker.password("The same again:") != typed:
                self.console.say("The two differ; once more.")
                typed = asker.password(f"{what}:", check=check)
            if confirm:
                self._typed.made[what] = typed
            return typed

        return ask

    def with_passwords(self, passwords: Sequence[Secret], attempt: Callable[[Sequence[Secret]], T]) -> T:
        """``attempt`` with these passwords; on a terminal a missing or wrong one is asked for.

        After three that open nothing the person is told what else there is, and goes on by choice: a further try that
        falls into the shell would stay in its history. Raises ChangeWanted where it is another file.
        """
        known = [*passwords, *self._typed.opening]
        tries = 0
        while True:
            try:
                return attempt(known)
            except (KeystorePasswordError, PrivateKeyPasswordError) as error:
                if self.asker is None:
                    raise
                if tries == _PASSWORD_TRIES:
                    tries = 0
                    if not self._another_try(self.asker, error):
                        raise
                tries += 1
                self.console.say(error.message)
                question = error.question if isinstance(error, KeystorePasswordError) else "Password"
                known.append(self.secret(Source(SourceKind.PROMPT), "prompt", question))
                self._typed.opening.append(known[-1])

    def _another_try(self, asker: "Asker", error: SfkeytoolError) -> bool:
        """Whether the person has another password. Raises ChangeWanted for another file."""
        self.console.say("")
        self.console.paragraph(error.message)
        for line in _WHERE_PASSWORDS_ARE:
            self.console.paragraph(line, "  - ")
        rows = [Choice("again", "Try another password")]
        if self._file_question:
            rows.append(Choice("file", "Take another file"))
        rows.append(Choice("leave", "Leave it closed"))
        match asker.choice("What now?", rows, back=False):
            case "again":
                return True
            case "file":
                raise ChangeWanted(file=True)
        return False

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
        if (
            not wanted
            or not sys.stderr.isatty()
            or self.console.quiet
            or self.console.json_output
            or self.console.plain
        ):
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
    name: str,
    command: Command,
    given: Mapping[str, Any],
    *,
    guided: bool = False,
    asker: "Asker | None" = None,
    typed: TypedPasswords | None = None,
) -> int:
    """Fill in what is missing, execute, and show the equivalent command line if anything was asked.

    ``typed`` are passwords of a run before. Raises BackWanted where a guided run's first question leads back.
    """
    plain = wants_plain(given, os.environ)
    console = Console(
        json_output=bool(given.get("json")),
        quiet=bool(given.get("quiet")),
        verbose=bool(given.get("verbose")),
        plain=plain,
    )
    if asker is None and can_ask(given, os.environ):
        asker = terminal_asker(plain=plain)
    went_back = False

    def execute() -> int:
        nonlocal went_back, command
        command = with_presets(command, os.environ, console)
        if asker is None:
            values = complete(command.fields, given, None, os.environ)
            return _execute(command, Run(console, None, os.environ, _now()), values)
        try:
            status, values = _converse(command, given, console, asker, guided=guided, typed=typed or TypedPasswords())
        except BackWanted:
            if not guided:
                raise KeyboardInterrupt from None
            went_back = True
            return EXIT_INTERRUPTED
        asked = [field for field in command.fields if field.question and _answered(field, given, values)]
        if guided or asked:
            line = shell_line(["sfkeytool", *command_line(name, command.fields, values)])
            console.say("")
            console.say(f"The same as a command: {line}")
        return status

    status = boundary(console, execute)
    if went_back:
        raise BackWanted
    return status


def _converse(
    command: Command,
    given: Mapping[str, Any],
    console: Console,
    asker: "Asker",
    *,
    guided: bool,
    typed: TypedPasswords,
) -> tuple[int, Values]:
    """Ask and execute, until the answers do or the person leaves: the exit code, and the values that led to it."""
    talk = Conversation(command.fields, given, asker, os.environ, guided=guided)
    values = talk.begin()
    now = _now()
    can_reask = talk.file_field is not None
    while True:
        console.notices.clear()  # of a try before
        try:
            run = Run(console, asker, os.environ, now, typed=typed, file_question=can_reask)
            return _execute(command, run, values), values
        except BackWanted:
            typed.made.clear()
            values = talk.back()
        except ChangeWanted as change:
            before = {field.name: values[field.name] for field in command.fields if _is_secret(field)}
            values = talk.another_file() if change.file else talk.change()
            if any(values[name] != value for name, value in before.items()):
                typed.made.clear()
        except SfkeytoolError as error:
            if not talk.asked or console.receipts or console.changed or isinstance(error, _ENDS):
                raise
            if talk.blamed(error) is None:
                console.error(_with_state(error, console))
            mended = talk.mend(error)
            if mended is None:
                return error.exit_code, values
            values = mended


def _is_secret(field: Field) -> bool:
    return field.question is not None and field.question.kind == "secret"


def _execute(command: Command, run: Run, values: Values) -> int:
    from sfkeytool.crypto.limits import kdf_budget

    run.withhold(each for value in values.values() for each in (value if isinstance(value, list) else [value]))
    try:
        with kdf_budget():
            return command.execute(run, values)
    except UsageError as error:
        tell_origin(error, command.fields)
        raise


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


def wants_plain(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether questions and answers are to go line by line, with nothing drawn: --plain, or a terminal that cannot."""
    if given.get("plain") or environ.get("SFKEYTOOL_PLAIN", "").lower() not in ("", "0", "false"):
        return True
    return environ.get("TERM") == "dumb"


def terminal_asker(*, plain: bool) -> "Asker":
    """Who asks on this terminal."""
    if plain:
        from sfkeytool.edge.plain_ask import PlainAsker

        return PlainAsker()
    from sfkeytool.edge.ask import Asker

    return Asker(colored=colored(sys.stderr))


def _answered(field: Field, given: Mapping[str, Any], values: Values) -> bool:
    return values[field.name] not in (given.get(field.name) or field.default, *defaults_of(field))


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
