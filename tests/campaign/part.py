"""A part of the campaign: what it is given, and what it hands back."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

Case = TypeVar("Case")
LONGEST_CASE_SECONDS = 150
"""After which a case counts as one that hangs."""
LONGEST_END_SECONDS = 2 * LONGEST_CASE_SECONDS
"""How long a part may go on when its time is over: it ends its cases, or looks at failures again."""
NO_TIME = "there was no time for a case"
_FORK = get_context(None if sys.platform == "win32" else "fork")
PROCESSES = os.cpu_count() or 1


class Task(Struct, frozen=True):
    """``folder`` is the part's own, in memory where that is possible. ``only``: cases whose name holds it.

    ``keep`` is where inputs go that failed; ``seconds`` are from now.
    """

    seed: int
    seconds: float
    folder: Path
    keep: Path
    only: str = ""
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds; negative when the time is over."""
        return self.begun + self.seconds - time.monotonic()


class Figures(Struct, frozen=True):
    """``counts`` in the order in which they are printed; each finding says how to see it again. ``missing``: why the
    part, or some of it, was not done."""

    counts: dict[str, int]
    findings: tuple[str, ...] = ()
    missing: str = ""


class Part(Struct, frozen=True):
    """``share`` of the whole time."""

    name: str
    title: str
    share: float
    run: Callable[[Task], Figures]


def apart(part: Part, task: Task) -> Figures:
    """The figures of a part that runs in a process of its own: what it loads, starts and leaves is gone with it."""
    receiving, sending = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run_apart, args=(part, task, sending))
    process.start()
    sending.close()
    try:
        if receiving.poll(task.seconds + LONGEST_END_SECONDS):
            figures: Figures = receiving.recv()
            return figures
        return Figures({}, ("the part itself did not end",))
    except EOFError:
        return Figures({}, ("the part's process died",))
    finally:
        if process.is_alive():
            process.join(1)
        with contextlib.suppress(OSError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()


def _run_apart(part: Part, task: Task, sending: Connection) -> None:
    os.setpgid(0, 0)
    try:
        figures = part.run(task)
    except Exception:
        figures = Figures({}, (f"the part itself failed\n{traceback.format_exc()}",))
    sending.send(figures)


def all_of(cases: Sequence[Case], work: Callable[[Case], list[str]], task: Task) -> Iterator[list[str]]:
    """What ``work`` found of each case, on all processors, until the time is over: then each ends the case that it is
    at. Processes and pipes alone: a pool's threads may hold a lock when the next worker is forked."""
    workers = {}
    for first in range(PROCESSES):
        receiving, sending = _FORK.Pipe(duplex=False)
        worker = _FORK.Process(target=_work_off, args=(cases[first::PROCESSES], work, task, sending))
        worker.start()
        sending.close()
        workers[receiving] = worker
    try:
        while workers:
            ready = wait(list(workers), LONGEST_CASE_SECONDS)
            if not ready:
                raise TimeoutError(f"no case has ended for {LONGEST_CASE_SECONDS} s")
            for end in ready:
                assert isinstance(end, Connection)
                try:
                    yield end.recv()
                except EOFError:
                    worker = workers.pop(end)
                    worker.join()
                    if worker.exitcode:
                        yield [f"a worker ended with {worker.exitcode}"]
    finally:
        for worker in workers.values():
            worker.kill()
            worker.join()


def _work_off(cases: Sequence[Case], work: Callable[[Case], list[str]], task: Task, sending: Connection) -> None:
    for case in cases:
        if task.left < 0:
            return
        try:
            found = work(case)
        except Exception:
            found = [f"the case itself failed: {case}\n{traceback.format_exc()}"]
        sending.send(found)
