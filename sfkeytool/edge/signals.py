"""Signals: a run ends by an exception, and never in the middle of a step that must be whole."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sfkeytool.errors import InterruptedRunError

# Ctrl-C, and Ctrl-Break, which Windows alone has.
_OF_THE_KEYBOARD = tuple(getattr(signal, name) for name in ("SIGINT", "SIGBREAK") if hasattr(signal, name))
# SIGHUP: the terminal was closed.
_TERMINATING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def terminating_signals() -> Iterator[Sequence[int]]:
    """While it lasts, SIGINT and SIGBREAK raise KeyboardInterrupt; SIGTERM and SIGHUP raise InterruptedRunError. Yields
    those that came: C code that was importing a module makes an ImportError of any exception.

    A signal that is ignored (``nohup``) stays ignored, and outside the main thread nothing is touched.
    """
    around = signal.getsignal(signal.SIGINT)
    if isinstance(around, _Interrupting):
        yield around.came
        return
    interrupting = _Interrupting()
    untouched = (signal.SIG_DFL, signal.default_int_handler)
    numbers = [number for number in (*_OF_THE_KEYBOARD, *_TERMINATING) if signal.getsignal(number) in untouched]
    with _handling(interrupting, numbers):
        yield interrupting.came


class _Interrupting:
    """The handler that raises; ``came`` are the signals that it has seen."""

    def __init__(self) -> None:
        self.came: list[int] = []

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        self.came.append(number)
        raise _interruption(number)


@contextmanager
def deferred_signals() -> Iterator[Callable[[], None]]:
    """While it lasts, SIGINT and the above are only noted; yields the check that raises for them.

    The check raises KeyboardInterrupt or InterruptedRunError. A signal after the last check came too late:
    the work is done, saying so is the truth, and the run is over in a moment anyway. Main thread only, as
    above.
    """
    noted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)

    def check() -> None:
        if noted:
            raise _interruption(noted.pop(0))

    numbers = [
        number
        for number in (*_OF_THE_KEYBOARD, *_TERMINATING)
        if signal.getsignal(number) not in (signal.SIG_IGN, None)  # None: a handler that Python did not set
    ]
    with _handling(note, numbers):
        yield check


def _interruption(number: int) -> BaseException:
    if number in _OF_THE_KEYBOARD:
        return KeyboardInterrupt()
    return InterruptedRunError("interrupted", f"interrupted by {signal.Signals(number).name}")


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], Any], numbers: list[int]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, handler)
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
