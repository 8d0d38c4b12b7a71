"""That the campaign ends in time, and tells what became of its cases."""

import os
import sys
import time
from pathlib import Path

import pytest
from campaign.part import Figures, Part, Task, all_of, apart

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the campaign forks")


def task(folder: Path, seconds: float) -> Task:
    return Task(1, seconds, folder, folder)


def test_each_case_is_told_of(tmp_path: Path) -> None:
    """With what it found, also where it is the case itself that fails."""

    def work(case: int) -> list[str]:
        if case == 3:
            raise ZeroDivisionError
        return [f"found {case}"] if case == 5 else []

    found = list(all_of(range(9), work, task(tmp_path, 60)))
    assert len(found) == 9
    assert [words.splitlines()[-1] for each in found for words in each if words != "found 5"] == ["ZeroDivisionError"]
    assert ["found 5"] in found


def test_cases_end_when_their_time_is_over(tmp_path: Path) -> None:
    def work(case: int) -> list[str]:
        time.sleep(0.02)
        return []

    begun = time.monotonic()
    found = list(all_of(range(1_000), work, task(tmp_path, 0.2)))
    assert 0 < len(found) < 500
    assert time.monotonic() - begun < 10


def test_a_worker_that_dies_is_a_finding(tmp_path: Path) -> None:
    """The others go on."""

    def work(case: int) -> list[str]:
        if case == 0:
            os._exit(3)
        return []

    found = list(all_of(range(20), work, task(tmp_path, 60)))
    assert ["a worker ended with 3"] in found


def test_a_part_that_breaks_is_a_finding(tmp_path: Path) -> None:
    """What it leaves is gone with its process."""

    def broken(task: Task) -> Figures:
        raise ZeroDivisionError

    def dead(task: Task) -> Figures:
        os._exit(3)

    [told] = apart(Part("a", "", 1, broken), task(tmp_path, 0)).findings
    assert "ZeroDivisionError" in told
    assert apart(Part("a", "", 1, dead), task(tmp_path, 0)).findings == ("the part's process died",)
    assert apart(Part("a", "", 1, lambda task: Figures({"runs": 2})), task(tmp_path, 0)).counts == {"runs": 2}
