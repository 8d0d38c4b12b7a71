"""Disturb what changes the disk at any single step: a failure, a signal, a kill.

The steps are the calls of ``os`` that change the disk or look at it.

To fork is to copy what a process has, and a pytest that has run thousands of tests has much: a fork of it costs ten
times what the child then does. So this module is also a program, a small process that forks for ``killed``
(pickled requests on stdin, pickled wait statuses on stdout; it ends when its stdin does), and imports little.
"""

import errno
import faulthandler
import gc
import importlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from sfkeytool.edge.writer import plan_writes

STEPS = (
    "open", "write", "fchmod", "fsync", "close", "link", "replace", "rename", "unlink", "mkdir", "chmod", "rmdir",
    "listdir", "scandir",
)  # fmt: skip

LIBRARIES = ("sfkeytool", "apprise", "cryptography", "dateutil", "icalendar", "msgspec", "requests", "typer")

Before = Callable[[int, str], None]


@contextmanager
def disturbed(before: Before, steps: Sequence[str] = STEPS) -> Iterator[list[str]]:
    """Call ``before`` with the number and name of each step, before it is done; yields the names so far."""
    done: list[str] = []
    originals = {name: getattr(os, name) for name in steps if hasattr(os, name)}  # Windows has no fchmod

    def wrapped(name: str) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            number = len(done)
            done.append(name)
            try:
                before(number, name)
            except OSError:
                if name == "close":  # a close that fails has closed all the same
                    originals["close"](*arguments)
                raise
            return originals[name](*arguments, **options)

        return step

    try:
        for name in originals:
            setattr(os, name, wrapped(name))
        yield done
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def without_links(before: Before) -> Before:
    """The same on a file system that knows no hard links."""

    def both(number: int, name: str) -> None:
        before(number, name)
        if name == "link":
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    return both


def nothing(number: int, name: str) -> None:
    """Disturb nothing."""


def hindrance(disk: str, before: Before) -> Before:
    return before if disk == "links" else without_links(before)


def repair(folders: Sequence[Path]) -> None:
    """What the next run does first, whatever it is that it is going to write."""
    for folder in folders:
        plan_writes(folder, [], force=False)


def killed(work: Callable[[], object], when: int, disk: str) -> bool:
    """Do ``work`` in a process that gets SIGKILL at step ``when``; whether it got that far.

    A child of a small process, so ``work`` can be pickled and needs nothing of this one. On Windows, which cannot fork,
    a process of its own.
    """
    if sys.platform == "win32":
        return _killed_alone(work, when, disk)
    forker = _forker()
    assert forker.stdin is not None
    assert forker.stdout is not None
    pickle.dump((_imported(len(sys.modules)), work, when, disk), forker.stdin)
    forker.stdin.flush()
    status = pickle.load(forker.stdout)
    assert status in (0, signal.SIGKILL), f"wait status {status}"
    return bool(status)


def _killed_alone(work: Callable[[], object], when: int, disk: str) -> bool:
    """Its os.kill ends a process at once, with the signal's number as the exit code."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    request = pickle.dumps((_imported(len(sys.modules)), work, when, disk))
    done = subprocess.run([sys.executable, __file__], input=request, env=env, check=False, timeout=60)
    assert done.returncode in (0, signal.SIGTERM)
    return done.returncode == signal.SIGTERM


def _fork(work: Callable[[], object], when: int, disk: str) -> int:
    """The child's wait status."""
    child = os.fork()
    if not child:
        status = 1
        faulthandler.dump_traceback_later(60, exit=True)  # fails, and shows where it hangs
        try:
            _work_until(work, when, disk, signal.SIGKILL)
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def _work_until(work: Callable[[], object], when: int, disk: str, end: int) -> None:
    def kill(number: int, name: str) -> None:
        if number == when:
            os.kill(os.getpid(), end)

    with disturbed(hindrance(disk, kill)):
        work()


@cache
def _imported(_modules: int) -> list[str]:
    """What the work may import as it goes, as far as it is here: imports cost time, and are steps too.

    Looked for again where there are more modules than there were.
    """
    of_use = {*sys.stdlib_module_names, *LIBRARIES}
    return [name for name in sys.modules if name.partition(".")[0] in of_use]


@cache
def _forker() -> "subprocess.Popen[bytes]":
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(  # in a folder that stays, which a test's does not
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=Path(__file__).parent
    )


def main() -> None:
    gc.disable()  # a child that looks through everything for garbage gets a copy of everything
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a child prints is no answer
    while True:
        try:
            imported, work, when, disk = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        for name in sorted({*imported} - sys.modules.keys()):
            with suppress(ImportError):  # a few are there under another name alone
                importlib.import_module(name)
        if sys.platform == "win32":
            return _work_until(work, when, disk, signal.SIGTERM)
        pickle.dump(_fork(work, when, disk), answers)
        answers.flush()


if __name__ == "__main__":
    main()
