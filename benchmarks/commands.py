"""How fast the commands are beside openssl and keytool: times and ratios of one run, interleaved; and where wrap's goes.

    python benchmarks/commands.py [ROUNDS] [--before PATH]

Needs sfkeytool installed for this Python, and openssl and keytool on PATH. Machines are noisy: compare ratios, not
seconds, and only within one table. ROUNDS are those of a row without a number of its own: making a key is a lottery,
which only a sum of many draws makes fair. PATH is the sfkeytool of another release, which is run in turn with this one;
of these two the time of the processor is compared, which other programs disturb less.
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
from typing import NamedTuple

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
SUMMED = 40


class Row(NamedTuple):
    """A command of ours beside what does the same. ``wanted`` is the largest ratio; with ``summed`` of the sums of
    SUMMED rounds, else of medians."""

    name: str
    ours: Callable[[str], None]
    beside: str
    theirs: Callable[[], None]
    wanted: float
    summed: bool = False


ROWS = (
    Row("--version", sfkeytool("--version"), "keytool -help", keytool_help, 0.17),
    Row("--help", sfkeytool("--help"), "keytool -help", keytool_help, 0.40),
    Row(
        "wrap (2048 bits, PEM)",
        sfkeytool("wrap", "w", "in.key", "in.crt", *OPENING),
        "openssl pkcs12 + keytool -importkeystore",
        openssl_and_keytool,
        0.50,
    ),
    Row(
        "self-signed (2048 bits)",
        sfkeytool("self-signed", "s", *OPENING),
        "openssl req -x509 + those two",
        openssl_self_signed,
        0.40,
        summed=True,
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


def measured(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and those of the processor."""
    started = time.perf_counter()
    of_processor = processor_seconds(action)
    return time.perf_counter() - started, of_processor


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
        print("\nwhere the processor's time of `wrap` goes, in ms: the least of several runs (python -X importtime)")
        for line in where_it_goes():
            print(f"  {line}")
        os.chdir("/")


def compare_with_others(rounds: int) -> None:
    print(f"{rounds} interleaved rounds, or {SUMMED} summed; Python {sys.version.split()[0]}\n")
    print(f"{'sfkeytool':<26}{'ms':>6}{'of cpu':>8}   {'beside':<44}{'ms':>6}{'of cpu':>8}{'ratio':>8}{'wanted':>9}")
    for row in ROWS:
        pairs = []
        for _ in range(1 + (SUMMED if row.summed else rounds)):
            pairs.append((*measured(lambda: row.ours(SFKEYTOOL)), *measured(row.theirs)))  # noqa: B023
        taken = statistics.mean if row.summed else statistics.median
        mine, my_cpu, other, other_cpu = (taken(column) * 1000 for column in zip(*pairs[1:], strict=True))
        print(
            f"{row.name:<26}{mine:>6.0f}{my_cpu:>8.0f}   {row.beside:<44}{other:>6.0f}{other_cpu:>8.0f}"
            f"{mine / other:>8.2f}{f'≤ {row.wanted:.2f}':>9}"
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


def where_it_goes(rounds: int = 10) -> list[str]:
    """By who is imported, each module's own time; the work is what a run takes beside, less Python's own start."""
    wrap = ["-m", "sfkeytool", "wrap", "w", "in.key", "in.crt", *OPENING]
    modules: dict[str, int] = {}
    whole, start = [], []
    for _ in range(rounds):
        shutil.rmtree("w", ignore_errors=True)
        told = [sys.executable, "-X", "importtime", *wrap]
        done = subprocess.run(told, env=ENV, capture_output=True, text=True, check=True)
        for line in done.stderr.splitlines():
            own, _, name = [*line.removeprefix("import time:").split("|"), "", ""][:3]
            if own.strip().isdigit():
                modules[name.strip()] = min(int(own), modules.get(name.strip(), int(own)))
        shutil.rmtree("w", ignore_errors=True)
        whole.append(processor_seconds(lambda: run(sys.executable, *wrap)))
        start.append(processor_seconds(lambda: run(sys.executable, "-c", "pass")))
    groups: dict[str, float] = {}
    for name, taken in modules.items():
        top, _, rest = name.partition(".")
        mine = f"sfkeytool: {rest.partition('.')[0] or 'its base'}" if top == "sfkeytool" else top
        group = mine if top in ("sfkeytool", "msgspec", "typer", "cryptography") else "the standard library"
        groups[group] = groups.get(group, 0) + taken / 1000
    total, least = min(whole) * 1000, min(start) * 1000
    groups["Python itself"] = least
    groups["the standard library"] -= imported_at_start(modules)
    groups["the work itself"] = total - sum(groups.values())
    ranked = sorted(groups.items(), key=lambda item: -item[1])
    return [*(f"{spent:>6.1f}  {group}" for group, spent in ranked if spent >= 1), f"{total:>6.1f}  in all"]


def imported_at_start(modules: dict[str, int]) -> float:
    """What Python imports for nothing at all, in ms: counted with its start."""
    told = [sys.executable, "-X", "importtime", "-c", "pass"]
    done = subprocess.run(told, env=ENV, capture_output=True, text=True, check=True)
    names = {line.split("|")[2].strip() for line in done.stderr.splitlines() if line.count("|") == 2}
    return sum(own for module, own in modules.items() if module in names) / 1000


if __name__ == "__main__":
    main()
