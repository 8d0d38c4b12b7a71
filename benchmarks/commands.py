"""How fast the commands are beside openssl and keytool: medians and ratios of one run, interleaved.

    python benchmarks/commands.py [ROUNDS] [--before PATH]

Needs sfkeytool installed for this Python, and openssl and keytool on PATH. Machines are noisy: compare ratios, not
seconds, and only within one table. PATH is the sfkeytool of another release, which is run in turn with this one; of
these two the time of the processor is compared, which other programs disturb less.
"""

import argparse
import os
import resource
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
ENV.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # what is installed has its bytecode: a tree that may not keep it is no measure
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


def sfkeytool(*arguments: str) -> Callable[[str], None]:
    """Runs these arguments with the sfkeytool that it is given."""

    def run_with(program: str) -> None:
        for folder in ("w", "s"):
            shutil.rmtree(folder, ignore_errors=True)
        run(program, *arguments)

    return run_with


def openssl_self_signed() -> None:
    openssl_pair()
    openssl_and_keytool("new.key", "new.crt")


OPENING = ("--password", "env:BENCH_PASSWORD")
Row = tuple[str, Callable[[str], None], str, Callable[[], None], float]
ROWS: tuple[Row, ...] = (
    ("--version", sfkeytool("--version"), "keytool -help", keytool_help, 0.7),
    ("--help", sfkeytool("--help"), "keytool -help", keytool_help, 0.7),
    (
        "wrap (2048 bits, PEM)",
        sfkeytool("wrap", "w", "in.key", "in.crt", *OPENING),
        "openssl pkcs12 + keytool -importkeystore",
        openssl_and_keytool,
        0.7,
    ),
    (
        "self-signed (2048 bits)",
        sfkeytool("self-signed", "s", *OPENING),
        "openssl req -x509 + those two",
        openssl_self_signed,
        0.6,
    ),
)
COMPARED = (
    ("--version", sfkeytool("--version")),
    ("--help", sfkeytool("--help")),
    ("self-signed --help", sfkeytool("self-signed", "--help")),
    ("wrap", sfkeytool("wrap", "w", "in.key", "in.crt", *OPENING)),
    ("self-signed --key", sfkeytool("self-signed", "s", "--key", "in.key", *OPENING)),
    ("csr --key", sfkeytool("csr", "s", "--key", "in.key")),
    ("show", sfkeytool("show", "in.crt")),
    ("check", sfkeytool("check", "in.crt")),
    ("compare", sfkeytool("compare", "in.crt", "in.crt")),
    ("explain", sfkeytool("explain", "Cannot recover key")),
    ("audit in.crt", sfkeytool("audit", "in.crt")),
)


def seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def processor_seconds(action: Callable[[], None]) -> float:
    """Of the processes that it runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=15)
    parser.add_argument("--before", metavar="PATH", help="the sfkeytool of another release")
    arguments = parser.parse_args()
    before = arguments.before and str(Path(arguments.before).absolute())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        openssl_pair()
        Path("new.key").rename("in.key")
        Path("new.crt").rename("in.crt")
        compare_with_others(arguments.rounds)
        if before:
            compare_with_before(before, arguments.rounds)
        print(f"\npeak memory of any sfkeytool run above: {peak_memory()} MB (wanted ≤ 80)")
        print("\nwhat `wrap` spends its time on: the 12 slowest imports, own time in ms (python -X importtime)")
        for line in import_times():
            print(f"  {line}")
        os.chdir("/")


def compare_with_others(rounds: int) -> None:
    print(f"medians of {rounds} interleaved rounds, Python {sys.version.split()[0]}\n")
    print(f"{'sfkeytool':<26}{'ms':>6}   {'beside':<44}{'ms':>6}{'ratio':>8}{'wanted':>9}")
    for name, ours, other, theirs, wanted in ROWS:
        ours(SFKEYTOOL)
        theirs()
        pairs = [(seconds(lambda: ours(SFKEYTOOL)), seconds(theirs)) for _ in range(rounds)]  # noqa: B023
        mine, other_time = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"{name:<26}{mine * 1000:>6.0f}   {other:<44}{other_time * 1000:>6.0f}"
            f"{mine / other_time:>8.2f}{'≤ ' + str(wanted):>9}"
        )


def compare_with_before(before: str, rounds: int) -> None:
    print("\nprocessor time, ms         now  before   ratio")
    for name, action in COMPARED:
        times: dict[str, list[float]] = {SFKEYTOOL: [], before: []}
        for _ in range(rounds + 1):
            for program, taken in times.items():
                taken.append(processor_seconds(lambda: action(program)))  # noqa: B023
        now, then = (statistics.median(taken[1:]) * 1000 for taken in times.values())
        print(f"{name:<26}{now:>4.0f}{then:>8.0f}{now / then:>8.2f}")


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
