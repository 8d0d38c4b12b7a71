"""The entry point: what needs no command line parser is answered before one is imported."""

import gc
import os
import sys


def main() -> None:
    """Run sfkeytool with the process's arguments and exit with its code."""
    # Imports make many objects and no garbage: collecting as often as by default costs a sixth of a short run.
    gc.set_threshold(100_000, 20, 20)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a Windows console cannot print every subject
    if sys.argv[1:] in (["--version"], ["-V"], ["version"]):
        from sfkeytool import __version__

        print(f"sfkeytool {__version__}")
        sys.exit(0)
    _leave(_run())


def _run() -> int:
    """Answer a shell's completion, or run the command line. Returns the exit code."""
    if "_SFKEYTOOL_COMPLETE" in os.environ:
        from sfkeytool.cli.completion import answer

        sys.stdout.write(answer(os.environ))
        return 0
    _forbid_core_dumps()
    _end_at_once()
    from sfkeytool.cli.app import run_app

    return run_app(sys.argv[1:])


def _end_at_once() -> None:
    """Until the boundary tells what an interruption means, it ends the process: nothing has begun, and an exception in
    the middle of an import becomes whatever C code makes of it."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _forbid_core_dumps() -> None:
    """A crash of this process, or of a child, writes no memory to the disk: keys and passwords are in it.

    Windows has no such limit. A limit of 0 can always be set; where not even that works, the run goes on.
    """
    if sys.platform == "win32":
        return
    import contextlib
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _leave(status: int) -> None:
    """End the process at once: taking apart what the system frees anyway costs a quarter of a short run.

    Nothing is left to do by then: files are closed and durable, no thread runs, and what was printed is flushed here.
    """
    import contextlib

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _open_closed_streams() -> None:
    """Where a caller closed stdin, stdout or stderr, the next file that is opened would get its number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - for the life of the process


if __name__ == "__main__":
    main()
