"""How `sfkeytool check` grows with the number of keystores, beside a loop of `keytool -list`.

    python benchmarks/check.py

Needs sfkeytool installed for this Python, and keytool on PATH. Compare within one table: machines are noisy.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KEYSTORE = Path(__file__).parent.parent / "fixtures" / "corpus" / "chain.jks"
PASSWORD = "worthless-corpus-password"
SFKEYTOOL = shutil.which("sfkeytool", path=str(Path(sys.executable).parent)) or "sfkeytool"


def measure(command: list[str], env: dict[str, str]) -> tuple[float, int]:
    """Seconds, and peak memory in MB, of one process."""
    code = (
        "import resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
        "print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], env=env, capture_output=True, text=True, check=True)
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory) * (1 if sys.platform == "darwin" else 1024) // 2**20


def main() -> None:
    env = {**os.environ, "BENCH_PASSWORD": PASSWORD}
    print(f"Python {sys.version.split()[0]}\n")
    print(f"{'':<34}{'seconds':>9}{'ms a file':>11}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as temporary:
        for count in (10, 100, 1000):
            folder = Path(temporary, str(count))
            folder.mkdir()
            for number in range(count):
                shutil.copy(KEYSTORE, folder / f"{number}.jks")
            seconds, memory = measure([SFKEYTOOL, "check", str(folder), "--password", "env:BENCH_PASSWORD"], env)
            print(
                f"{f'sfkeytool check, {count} keystores':<34}{seconds:>9.2f}{seconds / count * 1000:>11.1f}{memory:>9}"
            )
        started = time.perf_counter()
        for number in range(100):
            subprocess.run(
                ["keytool", "-list", "-keystore", str(Path(temporary, "100", f"{number}.jks")), "-storepass", PASSWORD],
                check=True, capture_output=True,
            )  # fmt: skip
        seconds = time.perf_counter() - started
        memory = (
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024) // 2**20
        )
        print(f"{'keytool -list, 100 times':<34}{seconds:>9.2f}{seconds * 10:>11.1f}{memory:>9}")


if __name__ == "__main__":
    main()
