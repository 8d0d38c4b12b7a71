"""What a person is asked where a keystore or a key does not open."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from sfkeytool.edge.ask import Choice
from sfkeytool.errors import ChangeWanted, KeystorePasswordError, PrivateKeyPasswordError, SfkeytoolError
from sfkeytool.passwords import Secret, Source, SourceKind

if TYPE_CHECKING:
    from sfkeytool.cli.render import Console
    from sfkeytool.cli.run import Run
    from sfkeytool.edge.ask import Asker

T = TypeVar("T")

_PASSWORD_TRIES = 3
_WHERE_PASSWORDS_ARE = (
    "Is it the file that you mean? Its name is above; another copy may have another password.",
    "A keystore of sfkeytool's: the file .password beside it, if the password was made by it. An export of Salesforce:"
    " what was typed at Export to Keystore. A PFX: whoever sent it has the password, often sent apart.",
    "Whoever has the key in another file needs none of this one: `sfkeytool unwrap FILE` takes it out of a keystore"
    " that opens, and `sfkeytool wrap` makes a new keystore of key and certificate, with a new password.",
)


class TypedPasswords:
    """What was typed at this run's prompts, so that no answer that is changed afterwards costs typing them again.

    ``made`` are new ones, by the flag that they stand for; ``opening`` are those that were to open something;
    ``printed`` is what commands gave, by the command, each of which runs once. Secret.
    """

    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        self.opening: list[Secret] = []
        self.printed: dict[str, bytes] = {}


def opened(
    run: "Run",
    typed: TypedPasswords,
    passwords: Sequence[Secret],
    attempt: Callable[[Sequence[Secret]], T],
    *,
    other_file: bool,
) -> T:
    """``attempt`` with these passwords; on a terminal a missing or wrong one is asked for.

    After three that open nothing the person is told what else there is, and goes on by choice: a further try that
    falls into the shell would stay in its history. Raises ChangeWanted where it is another file, if there is an
    ``other_file`` to be had.
    """
    known = [*passwords, *typed.opening]
    tries = 0
    while True:
        try:
            return attempt(known)
        except (KeystorePasswordError, PrivateKeyPasswordError) as error:
            if run.asker is None:
                raise
            if tries == _PASSWORD_TRIES:
                tries = 0
                if not _another_try(run.console, run.asker, error, other_file=other_file):
                    raise
            tries += 1
            run.console.say(error.message)
            question = error.question if isinstance(error, KeystorePasswordError) else "Password"
            known.append(run.secret(Source(SourceKind.PROMPT), "prompt", question))
            typed.opening.append(known[-1])


def _another_try(console: "Console", asker: "Asker", error: SfkeytoolError, *, other_file: bool) -> bool:
    """Whether the person has another password. Raises ChangeWanted for another file."""
    console.say("")
    console.paragraph(error.message)
    for line in _WHERE_PASSWORDS_ARE:
        console.paragraph(line, "  - ")
    rows = [Choice("again", "Try another password")]
    if other_file:
        rows.append(Choice("file", "Take another file"))
    rows.append(Choice("leave", "Leave it closed"))
    match asker.choice("What now?", rows, back=False):
        case "again":
            return True
        case "file":
            raise ChangeWanted(file=True)
    return False
