"""The entry point: what needs no command line parser is answered before one is imported."""

import gc
import sys


def main() -> None:
    """Run sfkeytool with the process's arguments and exit with its code."""
    # Imports make many objects and no garbage: collecting as often as by default costs a sixth of a short run.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a Windows console cannot print every subject
    if sys.argv[1:] == ["--version"]:
        from sfkeytool import __version__

        print(f"sfkeytool {__version__}")
        sys.exit(0)
    try:
        from sfkeytool.cli.app import run_app

        status = run_app(sys.argv[1:])
    except KeyboardInterrupt:  # before, or after, the boundary that knows it
        print("sfkeytool: error: interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
