"""Where sfkeytool is one program with a Python of its own inside, made by PyInstaller: what is different there.

No interpreter stands beside such a program: ``sys.executable`` is the program itself, and nothing can be installed.
``packaging/program.py`` is where it begins.
"""

import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from importlib import import_module

from sfkeytool.edge.programs import find_program

BUNDLED: bool = getattr(sys, "frozen", False)

_APART = "--run-apart"
_NAME = "sfkeytool"
_LIBRARIES = "LD_LIBRARY_PATH"

_BUILT_WITH = "/usr/lib/ssl/certs"
"""Where the OpenSSL inside looks for CAs: Debian's place."""
_CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Arch, Alpine, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",
)


def command_apart(module: str, *arguments: str) -> list[str]:
    """What starts ``main()`` of ``module`` in a process of its own, in a bundled program."""
    return [sys.executable, _APART, module, *arguments]


def run_apart() -> bool:
    """In a process that command_apart() started: run what is wanted. False in any other."""
    if sys.argv[1:2] != [_APART] or len(sys.argv) < 3:
        return False
    module = sys.argv[2]
    del sys.argv[1:3]
    import_module(module).main()
    return True


def own_command(environ: Mapping[str, str], program: str = sys.executable) -> str:
    """What a line to paste begins with: the bare name where PATH leads from it to this ``program``, else its path."""
    found = find_program(_NAME, environ)
    return _NAME if found and os.path.realpath(found) == os.path.realpath(program) else program


def leave_no_trace(environ: MutableMapping[str, str]) -> None:
    """Other programs are to find their own libraries, and not those that were unpacked for this one: those of this
    process were told to the loader before it began."""
    if _LIBRARIES in environ:
        original = environ.pop(f"{_LIBRARIES}_ORIG", "")
        if original:
            environ[_LIBRARIES] = original
        else:
            del environ[_LIBRARIES]
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetDllDirectoryW(None)


def find_authorities(environ: MutableMapping[str, str], exists: Callable[[str], bool] = os.path.exists) -> None:
    """On a Linux that keeps its CAs elsewhere than the one that the program was built on, tell OpenSSL where."""
    if sys.platform == "linux" and not (environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")):
        if exists(_BUILT_WITH):
            return
        if file := next(filter(exists, _CA_FILES), None):
            environ["SSL_CERT_FILE"] = file
