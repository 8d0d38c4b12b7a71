"""The reader's browser, started for a page of ours when they asked for it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sfkeytool.edge.bundled import BUNDLED, command_apart

_SECONDS = 5.0
"""A browser that runs on after that shows the page: our own bound."""

_NAMES = (
    "PATH HOME USER LOGNAME LANG SHELL TMPDIR DISPLAY WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS BROWSER"
    " DESKTOP_SESSION WSLENV WSL_INTEROP WSL_DISTRO_NAME SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT TEMP TMP"
    " APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) USERPROFILE USERNAME"
)
_PASSED_ON = frozenset(_NAMES.split())
_PREFIXES = ("LC_", "XDG_", "KDE_", "GNOME_")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_INTEROP")

_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a browser could show anything here. Pure."""
    return sys.platform in ("win32", "darwin") or any(environ.get(name) for name in _DISPLAYS)


def browser_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What leads a program to a browser and its display, and nothing else. Pure."""
    return {name: value for name, value in environ.items() if name.upper() in _PASSED_ON or name.startswith(_PREFIXES)}


def open_page(page: Path, environ: Mapping[str, str]) -> str:
    """Show the file ``page``; why it could not be, or an empty text. Nothing that a browser says is seen or waited for.

    It gets those variables alone that lead to it: no secret.
    """
    if not has_display(environ):
        return "there is no display here"
    environment = browser_environment(environ)
    address = page.absolute().as_uri()
    try:
        process = subprocess.Popen(
            command_apart(__name__, address) if BUNDLED else [sys.executable, "-I", "-c", _OPEN, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            # webbrowser looks for browsers by their names, which on Windows is in the current folder first.
            cwd=Path(sys.executable).parent,
            start_new_session=sys.platform != "win32",
        )
        return "no browser was found" if process.wait(_SECONDS) else ""
    except subprocess.TimeoutExpired:
        return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def main() -> None:
    """In a process of a bundled program: as _OPEN does."""
    import webbrowser

    sys.exit(not webbrowser.open(sys.argv[1]))
