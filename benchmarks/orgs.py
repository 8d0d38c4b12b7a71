"""How `sfkeytool audit` grows with the number of orgs: fake ones on this machine, over TLS, each answering after 100 ms.

    python benchmarks/orgs.py [ROUNDS] [--before PATH]

Needs sfkeytool with its test extra installed for this Python, and a system with /bin/sh. The
Salesforce CLI is stood in for by a script that answers at once: its own three seconds an org are not measured. Machines
are noisy: compare ratios, and only within one table. PATH is the sfkeytool of another release, which is run in turn with
this one, and whose JSON is to be the same. The orgs themselves work on this machine, too.
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fake_org import FakeOrg
from filled_org import fill

LATENCY_SECONDS = 0.1
COUNTS = (1, 10, 50)

SCRIPT = """#!/bin/sh
for alias; do :; done
exec cat "{folder}/$alias.json"
"""

MEASURING = """
import resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.stdout.flush()
sys.stdout.buffer.write(done.stdout)
"""


@dataclass(frozen=True)
class Measured:
    seconds: float
    processor_seconds: float
    memory_mb: int
    answer: bytes
    """JSON, without the moment."""

    @property
    def found(self) -> int:
        return len(json.loads(self.answer)["result"]["items"])


def measure(program: list[str], folder: Path, aliases: list[str]) -> Measured:
    options = [text for alias in aliases for text in ("-o", alias)]
    command = [sys.executable, "-c", MEASURING, *program, "audit", *options, "--json"]
    environment = {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "SSL_CERT_FILE": str(folder / "fake-org-ca.pem"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, capture_output=True, check=True, env=environment, cwd=folder)
    head, _, answer = done.stdout.partition(b"\n")
    seconds, processor, memory = head.split()
    unit = 1 if sys.platform == "darwin" else 1024
    without_moment = re.sub(rb'"at": ?"[^"]*"', b'"at": ""', answer, count=1)
    return Measured(float(seconds), float(processor), int(memory) * unit // 2**20, without_moment)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--before", metavar="PATH", help="the sfkeytool of another release")
    arguments = parser.parse_args()
    programs = {"now": [sys.executable, "-m", "sfkeytool"]}
    if arguments.before:
        programs["before"] = [str(Path(arguments.before).absolute())]
    print(
        f"medians of {arguments.rounds} interleaved rounds, Python {sys.version.split()[0]},"
        f" {1000 * LATENCY_SECONDS:.0f} ms an answer, over TLS\n"
    )
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        orgs = [stack.enter_context(FakeOrg(tls=True, folder=folder)) for _ in range(max(COUNTS))]
        stand_in(folder, orgs)
        table(programs, folder, arguments.rounds)
        started, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        orgs[0].requests.clear()
        measure(programs["now"], folder, ["org0"])
        seen, after = len(orgs[0].requests), resource.getrusage(resource.RUSAGE_SELF)
        print(
            f"\n{seen} requests an org: {seen * LATENCY_SECONDS:.1f} s of waiting if one came after the other; the org"
            f" itself worked {1000 * (after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime):.0f} ms in the"
            f" {time.perf_counter() - started:.2f} s of such a run"
        )


def table(programs: dict[str, list[str]], folder: Path, rounds: int) -> None:
    print(f"{'':18}{'seconds':>9}{'s an org':>10}{'of one':>8}{'processor s':>13}{'peak MB':>9}{'found':>7}")
    first: dict[str, float] = {}
    for count in COUNTS:
        aliases = [f"org{number}" for number in range(count)]
        runs: dict[str, list[Measured]] = {label: [] for label in programs}
        for label in programs:
            measure(programs[label], folder, aliases)
        for _ in range(rounds):
            for label, program in programs.items():
                runs[label].append(measure(program, folder, aliases))
        for label, done in runs.items():
            seconds = statistics.median(each.seconds for each in done)
            first.setdefault(label, seconds)
            print(
                f"{count:>3} {'org,' if count == 1 else 'orgs,':<6}{label:<8}{seconds:>9.2f}{seconds / count:>10.2f}"
                f"{seconds / first[label]:>8.2f}{statistics.median(each.processor_seconds for each in done):>13.2f}"
                f"{max(each.memory_mb for each in done):>9}{done[0].found:>7}"
            )
        answers = {each.answer for done in runs.values() for each in done}
        if len(answers) > 1:
            sys.exit(f"{count} orgs: {len(answers)} different answers")
    print(
        f"\nthe JSON of all runs of a row is the same, byte for byte but for the moment: {len(programs) * rounds} each"
    )


def stand_in(folder: Path, orgs: list[FakeOrg]) -> None:
    """Fills the orgs, and puts a program ``sf`` into the folder that knows them as org0, org1, …"""
    for number, org in enumerate(orgs):
        fill(org)
        org.latency_seconds = LATENCY_SECONDS
        result = {"instanceUrl": org.url, "accessToken": org.let_in()}
        (folder / f"org{number}.json").write_text(json.dumps({"status": 0, "result": result}))
    script = folder / "sf"
    script.write_text(SCRIPT.format(folder=folder))
    script.chmod(0o755)


if __name__ == "__main__":
    main()
