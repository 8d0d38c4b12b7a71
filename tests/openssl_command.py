"""openssl as a command. In Wine it is that of the system outside: nobody builds one for Windows that could be had."""

import ctypes
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from conftest import WINE, required

_OUTSIDE = Path("Z:/usr/bin/openssl")
"""Where Wine shows it."""

_SCRIPT = 'told=$1; shift; timeout 60 openssl "$@" < "$told/stdin" > "$told/stdout" 2> "$told/stderr"; echo $?'


def run_openssl(
    arguments: Sequence[object], *, cwd: Path | None = None, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """What openssl did, whatever its exit code. Skips where there is none."""
    if WINE and _OUTSIDE.exists():
        return _run_outside(arguments, cwd or Path.cwd(), data or b"")
    line = [required("openssl"), *map(str, arguments)]
    return subprocess.run(
        line, cwd=cwd, input=data or b"", capture_output=True, check=False, timeout=60, start_new_session=True
    )


def _run_outside(arguments: Sequence[object], cwd: Path, data: bytes) -> subprocess.CompletedProcess[bytes]:
    """Wine starts programs of the system outside, but gives nothing to wait for, and none of its pipes: that a socket
    closes tells the end."""
    if sys.platform != "win32":
        raise NotImplementedError
    import _winapi

    with tempfile.TemporaryDirectory() as name:
        files = Path(name)
        (files / "stdin").write_bytes(data)
        line = [r"Z:\bin\sh", "-c", _SCRIPT, "sh", _outside(files), *map(_outside, arguments)]
        told, telling = socket.socketpair()
        with told:
            with telling:
                telling.set_inheritable(True)
                startup = subprocess.STARTUPINFO(
                    dwFlags=subprocess.STARTF_USESTDHANDLES, hStdOutput=telling.fileno()
                )  # fmt: skip
                _winapi.CreateProcess(None, subprocess.list2cmdline(line), None, None, True, 0, None, str(cwd), startup)
            code = int(told.makefile("rb").read())
        return subprocess.CompletedProcess(line, code, (files / "stdout").read_bytes(), (files / "stderr").read_bytes())


def _outside(argument: object) -> str:
    """An argument as it is written where there are no drives."""
    if sys.platform != "win32":
        raise NotImplementedError
    path = PureWindowsPath(str(argument))
    if isinstance(argument, Path) and not argument.is_absolute():
        return argument.as_posix()
    if not (path.drive and path.root):
        return str(argument)
    name = ctypes.windll.kernel32.wine_get_unix_file_name
    name.restype = ctypes.c_char_p
    found = name(str(path))
    assert isinstance(found, bytes), path
    return found.decode()
