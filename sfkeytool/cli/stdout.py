"""stdout as it may be: full, closed, a pipe whose reader has gone."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sfkeytool.errors import OutputError


def print_result(text: str) -> None:
    """A line of the result. Raises OutputError."""
    with stdout_errors():
        print(text)


def print_pieces(pieces: Iterable[str]) -> None:
    """A line, or a text, of the result as it is made. Raises OutputError."""
    with stdout_errors():
        sys.stdout.writelines(pieces)
        print()


def flush_results() -> None:
    """Raises OutputError if a result could not be written after all."""
    with stdout_errors():
        sys.stdout.flush()


@contextmanager
def stdout_errors() -> Iterator[None]:
    """A full disk behind stdout is our error; a closed pipe is the reader's choice, and stays BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence_stdout()
        reason = error.strerror or type(error).__name__
        raise OutputError("output.stdout", f"the result could not be written to stdout: {reason}") from None


def stdout_is_closed() -> bool:
    """Whether the caller closed stdout, so that the entry point had to put something in its place."""
    return getattr(sys.stdout, "name", None) == os.devnull


def silence_stdout() -> None:
    """What is still buffered goes nowhere: else Python complains about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
