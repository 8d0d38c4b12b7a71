"""Run the campaign: ``cd tests && python -m campaign [--minutes N] [--seed N] [--only TEXT] [PART…]``.

Exit code 1 for a finding. The same seed makes the same cases in the same order; how many of them are run is a matter
of time.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from campaign import at_once, clocks, disks, faults, fuzzing, java, year
from campaign.part import Part, Task, apart

PARTS = (
    Part("faults", "faults at every system call", 0.3, faults.run),
    Part("disks", "full and read-only disks", 0.05, disks.run),
    Part("fuzzing", "bytes from outside", 0.4, fuzzing.run),
    Part("java", "mutants, and Java as the judge", 0.1, java.run),
    Part("at-once", "runs at once in one folder", 0.05, at_once.run),
    Part("clocks", "clocks and time zones", 0.05, clocks.run),
    Part("year", "a year of audits, destinations failing", 0.05, year.run),
)

KINDS = {
    "lost or changed": ("is lost", "is changed"),
    "half sets": (" alone", " missing", "exit 0 without", "is not the key of"),
    "exits 70": ("exit 70", "foreign exceptions"),
    "inputs over 2 s": ("slow: ",),
    "over 500 MB": ("large: ",),
    "accepted that Java refuses": ("accepted, though Java refuses",),
}
"""What must be 0, with words that findings of the kind hold."""


def main() -> int:
    arguments = _arguments()
    for name in [name for name in os.environ if name.startswith(("SFKEYTOOL_", "SF_", "SFDX_"))]:
        del os.environ[name]
    chosen = [part for part in PARTS if not arguments.parts or part.name in arguments.parts]
    shares = sum(part.share for part in chosen)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    rows, findings = [], []
    for part in chosen:
        folder = Path(tempfile.mkdtemp(prefix="sfkeytool-campaign-", dir=memory))
        print(f"{part.name}: {part.title}", file=sys.stderr, flush=True)
        begun = time.monotonic()
        task = Task(
            arguments.seed, arguments.minutes * 60 * part.share / shares, folder, arguments.keep, arguments.only
        )
        figures = apart(part, task)
        shutil.rmtree(folder, ignore_errors=True)
        rows.append((part, figures, time.monotonic() - begun))
        findings += [f"{part.name}: {finding}" for finding in figures.findings]
        for finding in figures.findings:
            print(f"  {finding}", file=sys.stderr, flush=True)
    print(f"\nseed {arguments.seed}, {sum(seconds for _, _, seconds in rows) / 60:.1f} minutes\n")
    for part, figures, seconds in rows:
        counts = ", ".join(f"{number:,} {name}" for name, number in figures.counts.items())
        missing = f"NOT DONE: {figures.missing}" if figures.missing else ""
        said = "; ".join(filter(None, [counts, missing]))
        print(f"{part.name:9} {seconds:6.0f} s  {len(figures.findings):4} findings  {said}")
    counted = [sum(any(word in finding for word in words) for finding in findings) for words in KINDS.values()]
    print("\n" + ", ".join(f"{number} {name}" for number, name in zip(counted, KINDS, strict=True)))
    return 1 if findings else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m campaign", description="Try to break sfkeytool.")
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *(part.name for part in PARTS)])
    parser.add_argument("--minutes", type=float, default=30, help="how long, all parts together [default: 30]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only cases whose name holds this")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "sfkeytool-campaign", help="where inputs that failed go")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
