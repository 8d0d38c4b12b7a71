"""Bytes that somebody made to hurt, for every reader there is: guided by coverage (atheris) where that is installed,
else by mutations of our own.

Counted are executions, exceptions that are none of ours, inputs over SLOW_SECONDS and over LARGE_MB. To see an input
again: ``python -m campaign.fuzzing READER FILE``.
"""

import contextlib
import hashlib
import importlib
import json
import mmap
import os
import pkgutil
import random
import resource
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from campaign.part import LONGEST_CASE_SECONDS, PROCESSES, Figures, Task

if TYPE_CHECKING:
    from campaign.readers import Reader

SLOW_SECONDS = 2
"""Beside the iterations that a file may ask for (crypto/limits.py), each of which may take a microsecond."""
LARGE_MB = 500
HUNG_SECONDS = 20
"""Of processor time, after which SIGPROF ends an input's process: that one is slow for certain."""
MOST_BYTES = 4 << 20
_HEADER = struct.Struct("dI")
_LAST_LINES = 20
LONGEST_INPUT = 20_000
"""Bytes of a mutant; what failed once may be longer."""


def run(task: Task) -> Figures:
    """Each reader for its part of the time, in a process that looks at nothing else."""
    arguments = [sys.executable, "-m", "campaign.fuzzing", "--all", task.seconds, task.seed, task.folder, task.only]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError("\n".join(done.stderr.splitlines()[-_LAST_LINES:]))
    task.keep.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {"readers": 0, "executions": 0, "foreign exceptions": 0, "slow": 0, "large": 0}
    findings = []
    guided = False
    for result in sorted(task.folder.glob("*.result")):
        told = json.loads(result.read_text())
        guided = told["guided"]
        counts["readers"] += told["first"]
        counts["executions"] += told["executions"]
        for kind, words, content in told["failures"]:
            data = bytes.fromhex(content)
            file = task.keep / f"{told['reader']}-{hashlib.sha256(data).hexdigest()[:12]}"
            file.write_bytes(data)
            # Instrumented code is slow, and a process that has read a million files is large.
            again = kind if kind == "foreign exceptions" else _seen_again(told["reader"], file)
            if again:
                counts[again] += 1
                findings.append(f"{again}: {words} (python -m campaign.fuzzing {told['reader']} {file})")
    return Figures(counts, tuple(findings), "" if guided else "no atheris here: mutations without its guidance")


def _seen_again(reader: str, file: Path) -> str:
    command = [sys.executable, "-m", "campaign.fuzzing", reader, str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_CASE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "slow"
    if done.returncode == -signal.SIGPROF:
        return "slow"
    return done.stdout.strip().splitlines()[-1] if done.returncode == 1 else ""


# In the process that looks


class Looking:
    """Executions of one reader, and what was wrong with them: the first of each kind and place."""

    def __init__(self, reader: "Reader", seed: int, seconds: float, file: Path, *, guided: bool, first: bool) -> None:
        self.reader, self.seed, self.file, self.guided, self.first = reader, seed, file, guided, first
        self.end = time.monotonic() + seconds
        self.executions = 0
        self.failures: dict[str, tuple[str, str, str]] = {}
        self.current = mmap.mmap(-1, _HEADER.size + MOST_BYTES)
        """Moment, length and bytes of the input that is being read: for whoever has to end this process."""
        self.limit_kb = peak_kb() + LARGE_MB * 1024
        self.last_words = file.with_suffix(".err")
        """What the process says on its standard error."""

    def __call__(self, data: bytes) -> None:
        now = time.monotonic()
        if now > self.end:
            self.leave()
        kept = data[:MOST_BYTES]
        self.current[: _HEADER.size + len(kept)] = _HEADER.pack(now, len(kept)) + kept
        words, took = looked_at(self.reader, data)
        if words:
            self.failed("foreign exceptions", words, data)
        self.executions += 1
        if took > SLOW_SECONDS:
            self.failed("slow", f"{took:.1f} s", data, key="slow")
        if peak_kb() > self.limit_kb:
            self.failed("large", f"{peak_kb() >> 10} MB", data)
            self.leave()  # the peak stays, so that nothing more could be seen here

    def failed(self, kind: str, words: str, data: bytes, key: str = "") -> None:
        self.failures.setdefault(key or words, (kind, f"{self.reader.name}: {words}", data.hex()))

    def leave(self) -> NoReturn:
        self._tell()
        os._exit(0)

    def _tell(self) -> None:
        told = {
            "reader": self.reader.name, "executions": self.executions, "failures": list(self.failures.values()),
            "guided": self.guided, "first": self.first,
        }  # fmt: skip
        self.file.write_text(json.dumps(told))

    def ended(self, kind: str, words: str) -> None:
        """Said by the parent, of a process that had to be ended or that died: its executions are not counted."""
        _, length = _HEADER.unpack(self.current[: _HEADER.size])
        self.failed(kind, words, self.current[_HEADER.size : _HEADER.size + length])
        self._tell()

    @property
    def hangs(self) -> bool:
        """Whether it waits for something: one that computes is ended by SIGPROF."""
        begun, _ = _HEADER.unpack(self.current[: _HEADER.size])
        return bool(begun > 0 and time.monotonic() - begun > LONGEST_CASE_SECONDS)


def looked_at(reader: "Reader", data: bytes) -> tuple[str, float]:
    """failure(), and the seconds that it took beside those of key derivation."""
    from sfkeytool.crypto import limits

    with limits.kdf_budget() as iterations:
        begun = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, HUNG_SECONDS)
        words = failure(reader, data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        return words, time.thread_time() - begun - iterations() / 1_000_000


def failure(reader: "Reader", data: bytes) -> str:
    """What came out that is none of our errors, and where; empty if nothing did."""
    from sfkeytool.errors import SfkeytoolError

    expected: tuple[type[Exception], ...] = (SfkeytoolError, *reader.raises)
    try:
        reader.read(data)
    except expected:
        return ""
    except BaseException as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "sfkeytool/" in frame.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return f"{type(error).__name__} at {where}: {str(error)[:100]}"
    return ""


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _load() -> "tuple[tuple[Reader, ...], Any]":
    """The readers, instrumented if there is atheris."""
    try:
        import atheris
    except ImportError:
        atheris = None
    with atheris.instrument_imports(include=["sfkeytool"]) if atheris else contextlib.nullcontext():
        import sfkeytool

        for module in pkgutil.walk_packages(sfkeytool.__path__, "sfkeytool."):
            if module.name != "sfkeytool.__main__":
                importlib.import_module(module.name)
        from campaign.readers import READERS
    return READERS, atheris


def look_at_all(seconds: float, seed: int, folder: Path, only: str) -> None:
    """A process for each reader, as many at once as there are processors; one that had to leave is begun again."""
    begun = time.monotonic()
    readers, atheris = _load()
    readers = tuple(reader for reader in readers if only in reader.name)
    each = max(0.5, (seconds - (time.monotonic() - begun)) * PROCESSES / len(readers))
    waiting = [(reader, each, seed) for reader in reversed(readers)]
    running: dict[int, Looking] = {}
    while waiting or running:
        while waiting and len(running) < PROCESSES:
            reader, left, number = waiting.pop()
            result = folder / f"{reader.name}-{number}.result"
            look = Looking(reader, number, left, result, guided=atheris is not None, first=number == seed)
            child = os.fork()
            if not child:
                _look(look, atheris, folder / f"{reader.name}-seeds")
            running[child] = look
        time.sleep(0.05)
        for child, look in list(running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                del running[child]
                if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
                    look.ended("slow", f"not done after {HUNG_SECONDS} s of processor time")
                elif not look.file.exists():
                    look.ended("foreign exceptions", f"its process died, status {status}:\n{_end_of(look.last_words)}")
                left = look.end - time.monotonic()
                if left > 1:
                    waiting.append((look.reader, left, look.seed + 1))
            elif look.hangs:
                look.ended("slow", f"not done after {LONGEST_CASE_SECONDS} s")
                os.kill(child, signal.SIGKILL)


def _end_of(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-_LAST_LINES:]) if file.exists() else ""


def _look(look: Looking, atheris: Any, corpus: Path) -> NoReturn:
    try:
        _read_all(look, atheris, corpus)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _read_all(look: Looking, atheris: Any, corpus: Path) -> NoReturn:
    os.dup2(os.open(look.last_words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    if look.first:
        for data in look.reader.once():
            look(data)
    if not atheris:
        for data in mutations(look.reader.seeds(), random.Random(look.seed)):
            look(data)
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(look.reader.seeds()):
        (corpus / str(number)).write_bytes(data)
    options = [
        f"-seed={look.seed}", f"-max_len={LONGEST_INPUT}", "-rss_limit_mb=0", "-timeout=3600", "-verbosity=0",
        f"-artifact_prefix={corpus}-",
    ]  # fmt: skip
    atheris.Setup(["campaign", *options, str(corpus)], look)
    atheris.Fuzz()
    look.leave()


_WORDS = (
    b"\0", b"\xff" * 4, b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"<!DOCTYPE a>", b"&a;", b"]]>", b"-----BEGIN ", b"-----END ",
    b"Infinity", b"NaN", b"1e999", b"\xc2\xb2", b"\xed\xa0\x80", b"\xe2\x80\xae", b"'", b'"', b"\\", b"\r\n", b"{", b"[", b"/*", b"PK\x01\x02",
)  # fmt: skip


def mutations(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Without end: a seed with one to eight changes; the same for the same ``chance``."""
    yield from seeds
    changes: tuple[Callable[[bytes, int], bytes], ...] = (
        lambda data, at: data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :],
        lambda data, at: data[:at] + chance.randbytes(1) + data[at + 1 :],
        lambda data, at: data[:at] + chance.choice(_WORDS) + data[at:],
        lambda data, at: data[:at] + data[at + chance.randrange(64) :],
        lambda data, at: data[:at] + data[at : at + chance.randrange(256)] * chance.randrange(2, 20) + data[at:],
        lambda data, at: data[:at] + chance.choice(seeds)[chance.randrange(64) :],
        lambda data, at: data[:at],
    )
    while True:
        data = chance.choice(seeds)
        for _ in range(chance.randrange(1, 9)):
            data = chance.choice(changes)(data or b"\0", chance.randrange(len(data) or 1))
        yield data[:LONGEST_INPUT]


def look_again(name: str, data: bytes) -> str:
    """What is wrong with an input in a process of its own, without instruments; empty if nothing is."""
    from campaign.readers import READERS

    [reader] = [reader for reader in READERS if reader.name == name]
    failure(reader, reader.seeds()[0])  # imports
    before = peak_kb()
    words, took = looked_at(reader, data)
    print(
        f"{name}: {took:.2f} s beside key derivation, {(peak_kb() - before) >> 10} MB more, {words or 'none but our errors'}"
    )
    if words:
        return "foreign exceptions"
    return "slow" if took > SLOW_SECONDS else "large" if peak_kb() - before > LARGE_MB * 1024 else ""


def main() -> int:
    if sys.argv[1:2] == ["--all"]:
        seconds, seed, folder, only = sys.argv[2:]
        look_at_all(float(seconds), int(seed), Path(folder), only)
        return 0
    kind = look_again(sys.argv[1], Path(sys.argv[2]).read_bytes())
    print(kind)
    return bool(kind)


if __name__ == "__main__":
    sys.exit(main())
