"""Several files at once, and folders: one that cannot be read never hides what the others hold."""

import os.path
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.keystores.file_names import is_worth_a_word
from sfkeytool.model import Notice, UnreadFile

if TYPE_CHECKING:
    from sfkeytool.cli.render import Console


_SOURCES = (".connectedapp-meta.xml", ".ecaglbloauth-meta.xml")


def lies_in_ckm(path: Path) -> bool:
    """Whether it is the certificate of a component of the metadata type Certificate: what an org's CKM has."""
    return path.name.lower().endswith(".crt") and os.path.isfile(f"{path}-meta.xml")


def should_be_readable(path: Path, error: SfkeytoolError) -> bool:
    """Whether what a walk could not read is told: by its name, or as source that has to hold a certificate."""
    return lies_in_ckm(path) or path.name.lower().endswith(_SOURCES) or is_worth_a_word(path, error)


def named_files(paths: Sequence[Path], on_error: Callable[[SfkeytoolError, Path], None]) -> Iterator[tuple[Path, bool]]:
    """Each file that was named, and those of each folder with True: nobody said of them that they hold anything.

    A folder that cannot be listed goes to ``on_error``, with the path that was named.
    """
    from sfkeytool.edge.reader import walk_inputs

    for named in paths:
        walked = os.path.isdir(named)

        def unlisted(error: InputError, named: Path = named) -> None:
            on_error(error, named)

        yield from ((path, walked) for path in walk_inputs([named], unlisted))


class Unread:
    """What could not be read of all that was asked for; the rest is shown all the same."""

    def __init__(self) -> None:
        self.errors: list[SfkeytoolError] = []
        self.files: list[UnreadFile] = []

    def add(self, error: SfkeytoolError, path: Path) -> None:
        self.errors.append(error)
        self.files.append(UnreadFile(path=str(path), code=error.code, message=error.message))

    def tell(self, console: "Console", *, beside_results: bool) -> None:
        """Each error on stderr; under --json the envelope has them. Where there is no result, the last is raised."""
        for error in self.errors if beside_results else self.errors[:-1]:
            if not console.json_output:
                console.error(error)
            elif not beside_results:
                console.warn(Notice(error.code, error.message))
        if self.errors and not beside_results:
            raise self.errors[-1]
