"""Clocks that are wrong, days that are odd, and time zones: the same files and the same verdicts everywhere."""

import json
import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from campaign.child import Ended, command
from campaign.part import NO_TIME, Figures, Task, all_of
from campaign.scenarios import PASSWORD

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/St_Johns", "<+14>-14", "<-12>12", "No/Such_Zone", "",
)  # fmt: skip
MOMENTS = tuple(
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "1970-01-01T00:00:00", "1999-12-31T23:59:59", "2000-02-29T12:00:00", "2026-03-29T01:30:00", "2026-10-25T00:59:59",
        "2026-12-31T23:59:59", "2028-02-29T00:00:00", "2038-01-19T03:14:08", "2049-12-31T23:59:59", "2050-01-01T00:00:00",
        "2100-02-28T23:59:59", "9989-01-01T00:00:00", "9998-06-01T00:00:00", "9999-12-31T23:59:59",
    )
)  # fmt: skip
ROUNDS = 100_000
"""More than there is time for."""


class Clock(Struct, frozen=True):
    """``now`` is what the clock says; the same is done in two zones."""

    now: datetime
    zones: tuple[str, str]

    @property
    def name(self) -> str:
        return f"{self.now.isoformat()}/{self.zones[0]}/{self.zones[1]}"


def run(task: Task) -> Figures:
    """The odd moments first, then moments at random."""
    chance = random.Random(task.seed)
    moments = [*MOMENTS, *(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(8 * 10**9)) for _ in range(ROUNDS))]  # fmt: skip
    cases = [Clock(now, (chance.choice(ZONES), chance.choice(ZONES))) for now in moments]
    cases = [case for case in cases if task.only in case.name]
    done, findings = 0, []
    for found in all_of(cases, partial(look, task.folder), task):
        done += 1
        findings += found
    return Figures({"clocks": done}, tuple(sorted(findings)), "" if done else NO_TIME)


def look(folder: Path, case: Clock) -> list[str]:
    """Make a pair, check it, audit it, renew it, look at its status. What is wrong."""
    answers = [_answers(folder / f"{case.name.replace('/', '-')}-{number}", case.now, zone) for number, zone in enumerate(case.zones)]  # fmt: skip
    found = [
        f"{' '.join(words)} in {zone!r}: exit {ended.code}: {ended.err[-300:]}"
        for zone, told in zip(case.zones, answers, strict=True)
        for words, ended in told
        if ended.code in (70, 99) or ended.hung or (ended.code == 0 and not ended.out.startswith("{"))
    ]
    for (words, first), (_, second) in zip(*answers, strict=True):
        if (first.code, _dates(first)) != (second.code, _dates(second)):
            found.append(f"{' '.join(words)}: {_dates(first)} and {_dates(second)}")
    return [f"{case.name}: {each}" for each in found]


def _answers(root: Path, now: datetime, zone: str) -> list[tuple[tuple[str, ...], Ended]]:
    root.mkdir(parents=True)
    (root / "password").write_text(PASSWORD)
    (root / "password").chmod(0o600)
    told: list[tuple[tuple[str, ...], Ended]] = []
    for words in (
        ("self-signed", "pay", "--password", "file:password", "--ics", "pay.ics"),
        ("check", "pay/pay.jks", "--password", "file:password"),
        ("audit", "pay", "--password", "file:password", "--ics", "a.ics", "--html", "a.html", "--csv", "a.csv", "--fail-on", "never"),
        ("renew", "pay", "--password", "file:password"),
        ("renew", "pay", "--status"),
    ):  # fmt: skip
        told.append((words, command([*words, "--json"], root, environ={"TZ": zone}, now=now, before=time.tzset)))
    shutil.rmtree(root)
    return told


def _dates(ended: Ended) -> Any:
    """What an answer says of days and times, wherever it does."""
    found: list[tuple[str, str]] = []

    def gather(value: Any, name: str = "") -> None:
        if isinstance(value, dict):
            for key, below in value.items():
                gather(below, key)
        elif isinstance(value, list):
            for below in value:
                gather(below, name)
        elif isinstance(value, str) and len(value) >= 10 and value[4:5] == value[7:8] == "-" and value[:4].isdigit():
            found.append((name, value))

    try:
        gather(json.loads(ended.out))
    except ValueError:
        return ended.out
    return found
