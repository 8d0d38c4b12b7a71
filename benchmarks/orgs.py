"""How `sfkeytool audit` grows with the number of orgs: fake ones on this machine, each answering after 100 ms.

    python benchmarks/orgs.py

Needs sfkeytool with its test extra installed for this Python, and a system that runs scripts by their first line. The
Salesforce CLI is stood in for by a script that answers at once: its own three seconds an org are not measured.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fake_org import FakeOrg
from filled_org import fill

LATENCY_SECONDS = 0.1

SCRIPT = """#!{python} -SE
import sys
with open({answers!r}) as file:
    for line in file:
        alias, _, answer = line.partition("\\t")
        if alias == sys.argv[-1]:
            sys.stdout.write(answer)
"""


def measure(folder: Path, aliases: list[str]) -> tuple[float, int, int]:
    """Seconds, peak memory in MB, and certificates found, of one run."""
    code = (
        "import json, resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)\n"
        "seconds = time.perf_counter() - started\n"
        "found = len(json.loads(done.stdout)['result']['items'])\n"
        "print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, found)\n"
    )
    options = [text for alias in aliases for text in ("-o", alias)]
    command = [sys.executable, "-c", code, sys.executable, "-m", "sfkeytool", "audit", *options, "--json"]
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, memory, found = done.stdout.split()
    return float(seconds), int(memory) * (1 if sys.platform == "darwin" else 1024) // 2**20, int(found)


def main() -> None:
    print(f"Python {sys.version.split()[0]}, {1000 * LATENCY_SECONDS:.0f} ms an answer, 8 orgs at once\n")
    print(f"{'':24}{'seconds':>9}{'s an org':>10}{'peak MB':>9}{'found':>8}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        orgs = [stack.enter_context(FakeOrg(tls=False)) for _ in range(50)]
        answers = []
        for number, org in enumerate(orgs):
            fill(org)
            org.latency_seconds = LATENCY_SECONDS
            result = {"instanceUrl": org.url, "accessToken": org.let_in()}
            answers.append(f"org{number}\t{json.dumps({'status': 0, 'result': result})}\n")
        (folder / "answers").write_text("".join(answers))
        script = folder / "sf"
        script.write_text(SCRIPT.format(python=sys.executable, answers=str(folder / "answers")))
        script.chmod(0o755)
        for count in (1, 10, 50):
            seconds, memory, found = measure(folder, [f"org{number}" for number in range(count)])
            print(
                f"{count:>3} {'org' if count == 1 else 'orgs':<20}{seconds:>9.2f}{seconds / count:>10.2f}{memory:>9}{found:>8}"
            )
        requests = len(orgs[-1].requests)
    print(
        f"\n{requests} requests an org, one after the other: {requests * LATENCY_SECONDS:.1f} s of waiting for it alone"
    )


if __name__ == "__main__":
    main()
