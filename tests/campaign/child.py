"""The command in a child that is a copy of this process: all modules are loaded before, and strace sees what the
command does alone, which is the same in each run."""

import ctypes
import importlib
import os
import pkgutil
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

import sfkeytool
from sfkeytool.cli import pipeline
from sfkeytool.cli.app import run_app
from sfkeytool.cli.run import Run

_PR_SET_PTRACER = 0x59616D61
SECONDS = 60

for module in pkgutil.walk_packages(sfkeytool.__path__, "sfkeytool."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)


class Ended(Struct, frozen=True):
    """``code`` is negative for a signal. ``hung``: it had to be killed after SECONDS."""

    code: int
    out: str
    err: str

    @property
    def hung(self) -> bool:
        return self.code == -signal.SIGALRM


def why_no_strace() -> str:
    """Why strace cannot put a fault into a process here; empty where it can."""
    if sys.platform != "linux" or not shutil.which("strace"):
        return "no strace here"
    try:
        ended = command(["--version"], Path("/"), traced=["-o", "/dev/null", "-e", "inject=write:signal=KILL"])
    except RuntimeError as error:
        return str(error)
    return "" if ended.code == -signal.SIGKILL else "strace puts no fault in here"


def command(
    arguments: Sequence[str],
    folder: Path,
    *,
    traced: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    now: datetime | None = None,
    before: Callable[[], None] = lambda: None,
) -> Ended:
    """Run sfkeytool in ``folder``. ``traced`` are strace's options; ``now`` is what the clock says; ``before`` is
    called in the child."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        gate, opened = os.pipe()
        ready, is_ready = os.pipe()
        child = os.fork()
        if not child:
            os.close(opened)
            _run(arguments, folder, (out.fileno(), err.fileno()), (gate, is_ready), environ or {}, now, before)
        os.close(gate)
        os.close(is_ready)
        os.read(ready, 1)  # what comes before is not the command's, and strace must not count it
        os.close(ready)
        tracer = _attach(child, traced) if traced else None
        os.close(opened)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if tracer:
            tracer.communicate()
        texts = [os.pread(file.fileno(), 1 << 20, 0).decode("utf-8", "replace") for file in (out, err)]
    return Ended(code, *texts)


def _run(
    arguments: Sequence[str],
    folder: Path,
    outputs: tuple[int, int],
    gates: tuple[int, int],
    environ: Mapping[str, str],
    now: datetime | None,
    before: Callable[[], None],
) -> None:
    """Never returns."""
    code = 99
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, -1, 0, 0, 0)
        signal.alarm(SECONDS)
        for number, output in enumerate(outputs, 1):
            os.dup2(output, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w" if n else "r") for n in range(3))
        os.umask(0o022)
        os.chdir(folder)
        os.environ.update(environ)
        before()
        if now:
            pipeline.Run = lambda console, asker, environ, _, **__: Run(console, asker, environ, now)  # type: ignore
        gate, is_ready = gates
        os.close(is_ready)
        select.select([gate], [], [])  # and no read, which strace would count
        code = run_app(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        code = 130
    finally:
        os._exit(code)


def _attach(child: int, options: Sequence[str]) -> "subprocess.Popen[str]":
    tracer = subprocess.Popen(
        ["strace", "-y", "-p", str(child), *options], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    assert tracer.stderr is not None
    line = tracer.stderr.readline()
    if "attached" not in line:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise RuntimeError(f"strace cannot attach: {line.strip()}")
    return tracer
