"""How fast the commands are beside openssl and keytool: medians and ratios of one run, interleaved.

    python benchmarks/commands.py [ROUNDS]

Needs sfkeytool installed for this Python, and openssl and keytool on PATH. Machines are noisy: compare ratios, not
seconds, and only within one table.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PASSWORD = "worthless-benchmark-1"
ENV = {**os.environ, "BENCH_PASSWORD": PASSWORD}
SFKEYTOOL = shutil.which("sfkeytool", path=str(Path(sys.executable).parent)) or "sfkeytool"


def run(*arguments: str) -> None:
    """One process, its output thrown away; stops the benchmark if it fails."""
    subprocess.run(arguments, check=True, env=ENV, stdin=subprocess.DEVNULL, capture_output=True)


def keytool_help() -> None:
    run("keytool", "-help")


def openssl_pair() -> None:
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "new.key",
        "-out",
        "new.crt",
        "-subj",
        "/CN=x",
    )


def openssl_and_keytool(key: str = "in.key", crt: str = "in.crt") -> None:
    for path in ("out.p12", "out.jks"):
        Path(path).unlink(missing_ok=True)
    run(
        "openssl",
        "pkcs12",
        "-export",
        "-inkey",
        key,
        "-in",
        crt,
        "-name",
        "x",
        "-passout",
        f"pass:{PASSWORD}",
        "-out",
        "out.p12",
    )
    run(
        "keytool", "-importkeystore", "-srckeystore", "out.p12", "-srcstorepass", PASSWORD, "-destkeystore", "out.jks",
        "-deststoretype", "JKS", "-deststorepass", PASSWORD, "-destkeypass", PASSWORD, "-noprompt",
    )  # fmt: skip


def wrap() -> None:
    shutil.rmtree("w", ignore_errors=True)
    run(SFKEYTOOL, "wrap", "w", "in.key", "in.crt", "--password", "env:BENCH_PASSWORD")


def self_signed() -> None:
    shutil.rmtree("s", ignore_errors=True)
    run(SFKEYTOOL, "self-signed", "s", "--password", "env:BENCH_PASSWORD")


def openssl_self_signed() -> None:
    openssl_pair()
    openssl_and_keytool("new.key", "new.crt")


ROWS: tuple[tuple[str, Callable[[], None], str, Callable[[], None], float], ...] = (
    ("--version", lambda: run(SFKEYTOOL, "--version"), "keytool -help", keytool_help, 0.7),
    ("--help", lambda: run(SFKEYTOOL, "--help"), "keytool -help", keytool_help, 0.7),
    ("wrap (2048 bits, PEM)", wrap, "openssl pkcs12 + keytool -importkeystore", openssl_and_keytool, 0.7),
    ("self-signed (2048 bits)", self_signed, "openssl req -x509 + those two", openssl_self_signed, 0.6),
)


def seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        openssl_pair()
        Path("new.key").rename("in.key")
        Path("new.crt").rename("in.crt")
        print(f"medians of {rounds} interleaved rounds, Python {sys.version.split()[0]}\n")
        print(f"{'sfkeytool':<26}{'ms':>6}   {'beside':<44}{'ms':>6}{'ratio':>8}{'wanted':>9}")
        for name, ours, other, theirs, wanted in ROWS:
            ours()
            theirs()
            pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
            mine, other_time = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(
                f"{name:<26}{mine * 1000:>6.0f}   {other:<44}{other_time * 1000:>6.0f}"
                f"{mine / other_time:>8.2f}{'≤ ' + str(wanted):>9}"
            )
        print(f"\npeak memory of any sfkeytool run above: {peak_memory()} MB (wanted ≤ 80)")
        print("\nwhat `wrap` spends its time on: the 12 slowest imports, own time in ms (python -X importtime)")
        for line in import_times():
            print(f"  {line}")
        os.chdir("/")


def peak_memory() -> int:
    """Of our own processes alone: a child that runs them and nothing else."""
    code = (
        "import resource, subprocess, sys\n"
        "for arguments in (['--help'], ['wrap', 'm', 'in.key', 'in.crt', '--password', 'env:BENCH_PASSWORD'],"
        " ['self-signed', 'n', '--password', 'env:BENCH_PASSWORD']):\n"
        "    subprocess.run([sys.argv[1], *arguments], check=True, capture_output=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, SFKEYTOOL], env=ENV, capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    return int(done.stdout) * unit // (1024 * 1024)


def import_times() -> list[str]:
    shutil.rmtree("w", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sfkeytool", "wrap", "w", "in.key", "in.crt", "--password", "env:BENCH_PASSWORD"],
        env=ENV, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
    timed = sorted(((int(own), name.strip()) for own, _, name in rows if own.strip().isdigit()), reverse=True)
    total = sum(own for own, _ in timed) / 1000
    return [f"{own / 1000:>6.1f}  {name}" for own, name in timed[:12]] + [f"{total:>6.1f}  all imports"]


if __name__ == "__main__":
    main()
