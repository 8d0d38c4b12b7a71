"""Every code of our own errors and notices, what it means, and what to do. Only ``explain`` and the page import it."""

from typing import NamedTuple

from sfkeytool.acceptance.codes.errors import ERRORS
from sfkeytool.acceptance.codes.notices import NOTICES
from sfkeytool.acceptance.explanations import EXPLANATIONS, System, login_code
from sfkeytool.errors import ErrorExit, LoginRefusedError, SfkeytoolError
from sfkeytool.shell import shell_line


class Code(NamedTuple):
    """``error`` is the one class that the code is raised with, None for a notice. Commands stand in backquotes."""

    id: str
    error: type[SfkeytoolError] | None
    meaning: str
    action: str

    @property
    def exit_code(self) -> ErrorExit | None:
        """That of a run which the error ends; None for a notice."""
        return self.error.exit_code if self.error else None


CODES: tuple[Code, ...] = tuple(
    sorted(
        [
            *(Code(id, error, *texts) for error, codes in ERRORS.items() for id, texts in codes.items()),
            *(Code(id, None, *texts) for id, texts in NOTICES.items()),
            *(
                Code(
                    login_code(each.id),
                    LoginRefusedError,
                    each.meaning,
                    f"`{shell_line(['sfkeytool', 'explain', each.id])}` tells.",
                )
                for each in EXPLANATIONS
                if each.system is System.JWT
            ),
        ],
        key=lambda code: code.id,
    )
)
