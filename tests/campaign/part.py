"""A part of the campaign: what it is given, and what it hands back."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

Case = TypeVar("Case")
LONGEST_CASE_SECONDS = 150
"""After which a case counts as one that hangs."""
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


def all_of(cases: Sequence[Case], work: Callable[[Case], list[str]], task: Task) -> Iterator[list[str]]:
    """What ``work`` found of each case, on all processors, until the time is over. Both are inherited by fork."""
    global _work, _cases
    _work, _cases = work, cases  # type: ignore[assignment]
    with get_context("fork").Pool(PROCESSES) as pool:
        results = pool.imap_unordered(_one, range(len(cases)), chunksize=1)
        for _ in cases:
            yield results.next(max(task.left, 0) + LONGEST_CASE_SECONDS)  # TimeoutError is told by whoever began
            if task.left < 0:
                return


_work: Callable[[object], list[str]]
_cases: Sequence[object]


def _one(number: int) -> list[str]:
    return _work(_cases[number])
