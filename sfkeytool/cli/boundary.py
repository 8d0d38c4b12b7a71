"""The boundary at which errors become messages and exit codes."""

import os
import sys
from collections.abc import Callable, Sequence

from sfkeytool.cli.render import Console
from sfkeytool.cli.stdout import flush_results, silence_stdout, stdout_is_closed
from sfkeytool.errors import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Declined,
    InterruptedRunError,
    SfkeytoolError,
    unexpected_error,
)

_UNDONE = (
    "output.disk-full",
    "output.failed",
    "output.locked",
    "output.not-permitted",
    "output.open-elsewhere",
)


def boundary(console: Console, body: Callable[[], int]) -> int:
    """Run ``body``; every error becomes a message and an exit code. A traceback only under SFKEYTOOL_DEBUG=1."""
    from sfkeytool.edge.signals import terminating_signals

    debug = os.environ.get("SFKEYTOOL_DEBUG") == "1"
    came: Sequence[int] = ()
    try:
        with terminating_signals() as came:
            status = body()
            flush_results()
            if console.receipts and stdout_is_closed():
                console.result_lost("stdout is closed")
            return status
    except SfkeytoolError as error:
        if debug:
            _print_traceback(error)
        console.error(with_state(error, console))
        if error.code == "output.stdout" and console.receipts:
            console.result_lost("stdout takes no more")
        return error.exit_code
    except Declined:
        console.show([_state(console)])
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        return _interrupted(console)
    except BrokenPipeError:
        silence_stdout()
        if console.receipts:
            console.result_lost("whoever read stdout has gone")
        return EXIT_FAILED
    except Exception as error:
        if debug:
            _print_traceback(error)
        if came:
            return _interrupted(console)
        named = unexpected_error(error, _state(console))
        console.error(named)
        return named.exit_code


def _interrupted(console: Console) -> int:
    console.error(InterruptedRunError("interrupted", f"interrupted; {_state(console)}"))
    return EXIT_INTERRUPTED


def _state(console: Console) -> str:
    if console.receipts:
        return "the files were complete by then"
    return "what was done by then stays" if console.changed else "nothing was changed"


def with_state(error: SfkeytoolError, console: Console) -> SfkeytoolError:
    """The writer knows what it has undone; only here is it known whether the run had written something before."""
    if error.code in _UNDONE and not (console.receipts or console.changed):
        error.message += "; nothing was changed"
    return error


def _print_traceback(error: BaseException) -> None:
    """Frames only: an exception's text may hold what it choked on."""
    import traceback

    for line in traceback.format_tb(error.__traceback__):
        print(line, end="", file=sys.stderr)
    print(type(error).__name__, file=sys.stderr)
