"""The errors that sfkeytool raises on purpose, their stable codes and the exit codes.

An error says in one line what happened (``message``: the file and entry, what was found, what was expected)
and in further lines what to do (``hints``). Neither ever holds a secret.
"""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import ClassVar, Final, Literal, TypeAlias

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_DIFFERENT: Final = 3
EXIT_REFUSED: Final = 4
EXIT_DUE: Final = 5
EXIT_EXPIRED: Final = 6
EXIT_PARTIAL: Final = 68
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130

ErrorExit: TypeAlias = Literal[1, 2, 4, 70, 130]
"""What a run that an error ends may exit with."""


class SfkeytoolError(Exception):
    """Base of all errors that a user may see.

    ``code`` is stable and dotted (``keystore.wrong-password``): scripts compare it. The class name is the
    ``name`` of the JSON envelope.
    """

    exit_code: ClassVar[ErrorExit] = EXIT_FAILED

    def __init__(self, code: str, message: str, *hints: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hints: Sequence[str] = hints


class UsageError(SfkeytoolError):
    """The command line is wrong: missing, contradictory or malformed flags."""

    exit_code = EXIT_USAGE


class InputError(SfkeytoolError):
    """An input file cannot be read, is too large, or is not what it should be."""


class PrivateKeyError(SfkeytoolError):
    """A private key is missing, malformed, of the wrong kind or size, or fits nothing."""


class PrivateKeyPasswordError(PrivateKeyError):
    """An encrypted private key needs a password, or refused the ones that were given."""


class CertificateError(SfkeytoolError):
    """A certificate or CSR is missing, malformed, or does not fit."""


class KeystoreError(SfkeytoolError):
    """A keystore is malformed, damaged or ambiguous."""


class KeystorePasswordError(KeystoreError):
    """A keystore needs a password, or refused the ones that were given.

    ``question`` is what a person is asked for then.
    """

    def __init__(self, code: str, message: str, *hints: str, question: str = "Password") -> None:
        super().__init__(code, message, *hints)
        self.question = question


class OutputError(SfkeytoolError):
    """Files could not be written."""


class NetworkError(SfkeytoolError):
    """The other side could not be reached, or did not answer as it should.

    ``retry_after_seconds`` is how long it asks to be left alone, if it does.
    """

    def __init__(self, code: str, message: str, *hints: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(code, message, *hints)
        self.retry_after_seconds = retry_after_seconds


class OrgError(SfkeytoolError):
    """An org was reached and does not tell, or does not do, what was asked."""


class LoginRefusedError(SfkeytoolError):
    """Salesforce was reached and refused the login."""

    exit_code = EXIT_REFUSED


class InternalError(SfkeytoolError):
    """A bug in sfkeytool."""

    exit_code = EXIT_BUG

    @staticmethod
    def of(error: Exception, state: str) -> "InternalError":
        """``internal.bug`` for an exception that nobody expected. Its message may quote what it choked on; its type
        cannot."""
        return InternalError(
            "internal.bug",
            f"a bug in sfkeytool: {type(error).__name__}; {state}",
            "run it again with SFKEYTOOL_DEBUG=1 and report the traceback",
        )


class SelfCheckError(InternalError):
    """What was made did not pass its own read-back; nothing was written."""


class SystemFailureError(SfkeytoolError):
    """The system has not what a run cannot do without: a disk that fails, no current folder, a clock gone wrong."""


def unexpected_error(error: Exception, state: str) -> SystemFailureError | InternalError:
    """What an exception is that nobody expected: ``system.refused``, which is no bug of ours, or ``internal.bug``."""
    match error:
        case OSError():
            place = f": {error.filename}" if isinstance(error.filename, str) else ""
            reason = f"{error.strerror or type(error).__name__}{place}"
        case MemoryError():
            reason = "no memory is left"
        case ImportError():
            reason = f"{error.name or 'a library'} cannot be loaded"
        case LookupError() if type(error) is LookupError:  # of a codec: Python says no more where a disk fails
            reason = "a codec of Python cannot be loaded"
        case _ if "<module>" in _functions_of(error.__traceback__):
            reason = f"a library cannot be loaded ({type(error).__name__})"  # half of it was there: Python hides why
        case _:
            return InternalError.of(error, state)
    return SystemFailureError(
        "system.refused",
        f"the operating system refuses: {reason}; {state}",
        "look at the disk, and whether the current folder is still there",
    )


def _functions_of(traceback: TracebackType | None) -> Iterator[str]:
    """Not from the module traceback: it would be imported on every run, and cannot be where a disk fails."""
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_name
        traceback = traceback.tb_next


class InterruptedRunError(SfkeytoolError):
    """Ctrl-C or a terminating signal."""

    exit_code = EXIT_INTERRUPTED


class Declined(KeyboardInterrupt):
    """A person saw what was about to be done, and said No: nothing was done, and the run ends as if interrupted."""


class ChangeWanted(BaseException):
    """A person saw what was about to be done, and wants to change an answer first: nothing was done.

    No error, and so caught by nobody who looks for one: the run goes back to its questions. ``file``: it is the one
    that names the file which is read.
    """

    def __init__(self, *, file: bool = False) -> None:
        super().__init__()
        self.file = file
