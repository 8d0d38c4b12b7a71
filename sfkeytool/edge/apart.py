"""Work in a process of its own, which can be ended at any moment: a library's waits for the network cannot.

What the work needs, secrets too, goes through a pipe, and never into arguments or the environment.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from sfkeytool.edge.bundled import BUNDLED, command_apart

_POLL_SECONDS = 0.05
_ANSWER_LIMIT = 1 << 20
"""Bytes of an answer: our own bound."""

_START = (
    "import importlib, json, sys;"
    "sys.path[:] = json.loads(sys.stdin.buffer.readline());"
    "importlib.import_module(sys.argv[1]).main()"
)
"""The new process is isolated (-I), so that no folder it stands in lends it modules; what this one found its modules by
is told it instead. One inside a bundled program finds its modules there."""


class NoAnswerError(Exception):
    """The work was ended at its deadline, or ended without an answer; the message says which."""


def do_apart(module: str, job: Mapping[str, Any], *, deadline_seconds: float, check: Callable[[], None]) -> Any:
    """What ``main()`` of ``module``, which calls answer_apart(), answers to ``job``: JSON, both. Both may be secret.

    ``check`` is called twenty times a second, and may raise: then too the process is ended first. Raises NoAnswerError.
    """
    try:
        process = subprocess.Popen(
            command_apart(module) if BUNDLED else [sys.executable, "-I", "-c", _START, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for this process alone, which then ends the other.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise NoAnswerError(f"{sys.executable} does not start: {error.strerror}") from None
    end = time.monotonic() + deadline_seconds
    answer: list[bytes] = []
    # For pipes have no timeouts on Windows. They end with the process.
    threads = (
        threading.Thread(target=_tell, args=(process.stdin, job), daemon=True),
        threading.Thread(target=_hear, args=(process.stdout, answer), daemon=True),
    )
    try:
        for thread in threads:
            thread.start()
        while process.poll() is None or not answer:
            check()
            if time.monotonic() > end:
                raise NoAnswerError(f"no end of it within {deadline_seconds:.0f} seconds")
            time.sleep(_POLL_SECONDS)
    finally:
        process.kill()
        process.wait()
        for thread in threads:
            thread.join(_POLL_SECONDS)
        with suppress(OSError), process:  # closes the pipes; what could not be told any more is no loss
            pass
    try:
        return json.loads(answer[0])
    except ValueError:
        raise NoAnswerError("sending broke off") from None


def _tell(pipe: IO[bytes], job: Mapping[str, Any]) -> None:
    """The pipe stays open: its end tells the other process that this one is gone."""
    with suppress(OSError):  # it has ended already, which is seen by its having no answer
        for value in (job,) if BUNDLED else ([str(folder) for folder in sys.path], job):
            pipe.write(json.dumps(value).encode() + b"\n")
        pipe.flush()


def _hear(pipe: IO[bytes], answer: list[bytes]) -> None:
    answer.append(pipe.read(_ANSWER_LIMIT))


def answer_apart(work: Callable[[Any], Any]) -> None:
    """In the other process: do the job that came through the pipe, and end when whoever gave it is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    answers.write(json.dumps(work(job)).encode())
    answers.flush()
    os._exit(0)


def _end_with_the_other() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
