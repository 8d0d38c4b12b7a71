"""Runs at once in one folder, some of them killed: one wins, and what it leaves is whole."""

import contextlib
import os
import random
import shutil
import signal
import time
from functools import partial
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from msgspec import Struct

from campaign.child import command
from campaign.part import NO_TIME, Figures, Task, all_of
from campaign.scenarios import SCENARIOS, Scenario, exposed, lost, names, snapshot

ROUNDS = 100_000
"""More than there is time for."""


class Race(Struct, frozen=True):
    """``runs`` of the same command; ``killed`` is after how many seconds the first of them is killed, or None."""

    name: str
    scenario: Scenario
    runs: int
    killed: float | None


def run(task: Task) -> Figures:
    """Races of two to five runs, until the time is over."""
    chance = random.Random(task.seed)
    cases = []
    for number in range(ROUNDS):
        scenario = SCENARIOS[number % len(SCENARIOS)]
        killed = chance.uniform(0.01, 0.3) if chance.random() < 0.5 else None
        cases.append(Race(f"{scenario.name}/{number}", scenario, chance.randrange(2, 6), killed))
    cases = [case for case in cases if task.only in case.name]
    done, findings = 0, []
    for found in all_of(cases, partial(race, task.folder), task):
        done += 1
        findings += found
    return Figures({"races": done}, tuple(sorted(findings)), "" if done else NO_TIME)


def race(folder: Path, case: Race) -> list[str]:
    """What is wrong with the folder when all have ended, and one more has run."""
    root = case.scenario.make(folder / case.name.replace("/", "-"))
    before = snapshot(root)
    children = []
    for number in range(case.runs):
        child = os.fork()
        if not child:
            _compete(case, root, root.parent / f"{root.name}-{number}.err")
        children.append(child)
    if case.killed is not None:
        time.sleep(case.killed)
        with contextlib.suppress(OSError):
            os.killpg(children[0], signal.SIGKILL)
    won = sum(os.waitpid(child, 0)[1] == 0 for child in children)
    found = [file.read_text() for file in root.parent.glob(f"{root.name}-*.err")]
    if not won:
        last = command(case.scenario.arguments, root)
        if last.code not in (0, 1):
            found.append(f"exit {last.code} afterwards: {last.err}")
    after = snapshot(root)
    found += [*lost(case.scenario, before, after), *exposed(after)]
    if not names(after) - names(before) and not case.scenario.replaces:
        found.append("nobody won")
    found += [f"{key.name} is not the key of {key.stem}.crt" for key in root.rglob("*.key") if not _fits(key)]
    shutil.rmtree(root)
    return [f"{case.name}, {case.runs} runs, killed after {case.killed}: {each}" for each in found]


def _compete(case: Race, root: Path, told: Path) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        ended = command(case.scenario.arguments, root)
        code = ended.code
        if code not in (0, 1):
            told.write_text(f"exit {code}: {ended.err[-300:]}")
    finally:
        os._exit(min(abs(code), 1))


def _fits(key: Path) -> bool:
    certificate = key.with_suffix(".crt")
    if not certificate.exists():
        return True
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    return x509.load_pem_x509_certificate(certificate.read_bytes()).public_key() == private.public_key()
