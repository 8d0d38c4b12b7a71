"""A private key that is pasted at a terminal: all its lines are read while the terminal shows nothing."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sfkeytool.errors import InputError

LIMIT = 256 << 10
"""Characters: our own bound; the longest key in base64 of base64 has some 20,000."""

_QUIET_SECONDS = 0.2
"""A terminal sends a paste without pause. What ends it is looked for when nothing has come for so long: then no line
of the same paste is left for the shell, which would run it."""
_MOST_DRAIN_SECONDS = 5.0
_BRACKETS_ON, _BRACKETS_OFF = "\x1b[?2004h", "\x1b[?2004l"
_BRACKET = re.compile(rb"\x1b\[20([01])~")
_END = re.compile(rb"END[ A-Z0-9]{0,40}PRIVATE KEY[^\n]*\n")
_CTRL_C, _CTRL_D, _CTRL_Z = b"\x03", b"\x04", b"\x1a"


def read_pasted(question: str, *, plain: bool) -> bytes:
    """What was pasted, with ``\\n`` for line ends; secret. The terminal is stdin, and ``question`` goes to stderr.

    It ends behind the last line of a private key, at an empty line, or at Ctrl-D. ``plain``: nothing that steers a
    terminal is written. Raises KeyboardInterrupt (Ctrl-C, Ctrl-D before anything came, a terminal that went away) and
    InputError (``input.too-large``).
    """

    def ask() -> None:
        _write(question + "\n" + ("" if plain else _BRACKETS_ON))

    def leave() -> None:
        _write("\n" if plain else _BRACKETS_OFF + "\n")

    with _silent_terminal(ask, leave) as receive:
        pasted = _read(receive)
    _write(f"{len(pasted.decode('utf-8', 'surrogateescape'))} characters received.\n")
    return pasted


def _read(receive: Callable[[float], bytes | None]) -> bytes:
    """``receive`` waits so many seconds; it gives None where nothing came, and raises KeyboardInterrupt at the end."""
    raw = bytearray()
    try:
        while True:
            chunk = receive(_QUIET_SECONDS)
            if chunk is not None:
                raw += chunk
                if len(raw) > LIMIT:
                    raise InputError("input.too-large", f"more than {LIMIT >> 10} KB were pasted, and no key has that")
                if _CTRL_D not in chunk:
                    continue
            text = _BRACKET.sub(b"", bytes(raw)).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            before, ended, _ = text.partition(_CTRL_D)
            if ended and not before.strip():
                raise KeyboardInterrupt
            if ended or (before.strip() and not _is_open(raw) and _is_complete(before)):
                return before
    finally:
        end = time.monotonic() + _MOST_DRAIN_SECONDS
        while time.monotonic() < end and receive(_QUIET_SECONDS) is not None:
            pass


def _is_open(raw: bytearray) -> bool:
    """Whether a paste has begun whose end the terminal has yet to tell."""
    brackets = _BRACKET.findall(raw)
    return bool(brackets) and brackets[-1] == b"0"


def _is_complete(text: bytes) -> bool:
    """Whether a key has ended, or an empty line has."""
    return text.endswith(b"\n") and (bool(_END.search(text)) or not text[:-1].rpartition(b"\n")[2].strip())


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _silent_terminal(
        ask: Callable[[], None], leave: Callable[[], None]
    ) -> Iterator[Callable[[float], bytes | None]]:
        """The console shows nothing of what ``getwch`` reads, and keeps no lines."""

        def receive(seconds: float) -> bytes | None:
            end = time.monotonic() + seconds
            while not msvcrt.kbhit():
                if time.monotonic() >= end:
                    return None
                time.sleep(0.01)
            character = msvcrt.getwch().encode("utf-8", "surrogatepass")
            if character == _CTRL_C:
                raise KeyboardInterrupt
            return _CTRL_D if character == _CTRL_Z else character

        ask()
        try:
            yield receive
        finally:
            leave()

else:
    import select
    import signal
    import termios
    import threading
    from types import FrameType

    @contextmanager
    def _silent_terminal(
        ask: Callable[[], None], leave: Callable[[], None]
    ) -> Iterator[Callable[[float], bytes | None]]:
        """No echo, and no lines either: a terminal cuts those at 4,095 bytes. As it was before, whatever happens."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        silent = termios.tcgetattr(terminal)
        silent[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN)
        silent[6][termios.VMIN], silent[6][termios.VTIME] = 1, 0
        silent[6][termios.VQUIT] = bytes([os.fpathconf(terminal, "PC_VDISABLE") & 0xFF])  # its core would hold the key

        def receive(seconds: float) -> bytes | None:
            try:
                if not select.select([terminal], [], [], seconds)[0]:
                    return None
                chunk = os.read(terminal, 1 << 16)
            except OSError:
                chunk = b""
            if not chunk:
                raise KeyboardInterrupt
            return chunk

        def stop(number: int, _frame: FrameType | None) -> None:
            """Ctrl-Z: the shell gets the terminal as it was; whoever comes back is asked again."""
            leave()
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.signal(number, stop)
            termios.tcsetattr(terminal, termios.TCSADRAIN, silent)
            ask_unstopped()

        def ask_unstopped() -> None:
            """Ctrl-Z waits for the question's end: a stream that is being written to takes nothing from stop()."""
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
            try:
                ask()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

        in_main = threading.current_thread() is threading.main_thread()
        handles = in_main and signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL
        try:
            termios.tcsetattr(terminal, termios.TCSADRAIN, silent)
            if handles:
                signal.signal(signal.SIGTSTP, stop)
            ask_unstopped()
            yield receive
        finally:
            if handles:
                signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            with suppress(termios.error):  # the terminal went away
                termios.tcsetattr(terminal, termios.TCSAFLUSH, before)  # what has not been read is gone
            leave()
