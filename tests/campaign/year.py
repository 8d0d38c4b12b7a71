"""A year of daily audits that notify: destinations refuse, runs are killed, files break; each event is told once."""

import sys

import test_notify

from campaign.part import Figures, Task
from sfkeytool.audit import notify


def run(task: Task) -> Figures:
    """Year after year, each with a seed of its own, until the time is over."""
    notify.FINGERPRINT_ROUNDS = 10
    years, days, findings = 0, 0, []
    failures = kills = 0
    seed = task.seed
    while True:
        with test_notify.mail_server() as mail, test_notify.http_server() as webhook:
            (task.folder / str(seed)).mkdir()
            year = test_notify.Year(task.folder / str(seed) / "state.json", [mail, webhook], seed)
            for day in range(test_notify.Year.DAYS):
                year.run(day)
                days += 1
                if task.left < 0:
                    break
            else:
                years += 1
                findings += [f"year {seed}: {words}" for words in _wrong(year)]
            failures += year.failures
            kills += year.kills
        seed += 1
        if task.left < 0:
            return Figures(
                {"years": years, "days": days, "failed deliveries": failures, "kills": kills}, tuple(findings)
            )


def _wrong(year: "test_notify.Year") -> list[str]:
    found = []
    for arrived in year.arrived:
        told, expected = year.first_tellings(arrived), year.expected(arrived)
        scheme = arrived.address.partition(":")[0]
        if told != expected:
            found.append(f"{scheme}: not told {dict(expected - told)}, told in vain {dict(told - expected)}")
        if year.repetitions(arrived) > year.accepted_and_killed[arrived.address] and sys.platform != "win32":
            found.append(f"{scheme}: {year.repetitions(arrived)} repetitions")
    return found
