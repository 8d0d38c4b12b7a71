"""A pseudo-console of Windows: the command in a console of its own, in which keys are typed and whose screen is read.

Of Windows 10 and later, and of Wine: https://learn.microsoft.com/en-us/windows/console/createpseudoconsole
"""

import codecs
import ctypes
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from screen import Screen

_ATTRIBUTE_PSEUDOCONSOLE = 0x20016
_EXTENDED_STARTUPINFO = 0x80000
_UNICODE_ENVIRONMENT = 0x400
_USES_STANDARD_HANDLES = 0x100
"""None are given: else it would have ours, which are no console's."""
_PATIENCE_SECONDS = 60

_IN_CONSOLE = """
import os, subprocess, sys
keys, screen = (os.open(name, os.O_RDWR) for name in ("CONIN$", "CONOUT$"))
sys.exit(subprocess.call(sys.argv[1:], stdin=keys, stdout=screen, stderr=screen))
"""
"""Wine gives a program in a pseudo-console no handles of it."""


class Console:
    """A program and its console; leaving the context ends both."""

    def __init__(
        self,
        line: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        rows: int = 40,
        columns: int = 120,
    ) -> None:
        self.screen = Screen(rows, columns)
        self._kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
        keys_read, self._keys = self._pipe()
        self._drawn, drawn_write = self._pipe()
        self._console = ctypes.c_void_p()
        size = (rows << 16) | columns  # a COORD, by value
        made = self._kernel.CreatePseudoConsole(size, keys_read, drawn_write, 0, ctypes.byref(self._console))
        assert made == 0, hex(made)
        self._process = self._started(
            subprocess.list2cmdline([sys.executable, "-IS", "-c", _IN_CONSOLE, *line]), cwd, environ
        )
        for handle in (keys_read, drawn_write):
            self._kernel.CloseHandle(handle)
        self._drawing = threading.Thread(target=self._draw, daemon=True)
        self._drawing.start()

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kernel.TerminateProcess(self._process, 1)
        self._kernel.CloseHandle(self._process)
        self._kernel.ClosePseudoConsole(self._console)

    def types(self, text: str) -> None:
        """Keys, as a terminal sends them."""
        data = text.encode()
        written = ctypes.c_ulong()
        assert self._kernel.WriteFile(self._keys, data, len(data), ctypes.byref(written), None)

    def sees(self, text: str) -> None:
        """Waits until that stands on the screen."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while text not in self.screen.text():
            assert time.monotonic() < end, f"{text!r} does not appear\n{self.screen.text()}"
            time.sleep(0.02)

    def ended(self) -> int:
        """Waits for the program's end: its exit code."""
        assert self._kernel.WaitForSingleObject(self._process, _PATIENCE_SECONDS * 1000) == 0, self.screen.text()
        code = ctypes.c_ulong()
        assert self._kernel.GetExitCodeProcess(self._process, ctypes.byref(code))
        return code.value

    def _pipe(self) -> tuple[ctypes.c_void_p, ctypes.c_void_p]:
        read, write = ctypes.c_void_p(), ctypes.c_void_p()
        assert self._kernel.CreatePipe(ctypes.byref(read), ctypes.byref(write), None, 0)
        return read, write

    def _started(self, line: str, cwd: Path, environ: Mapping[str, str]) -> ctypes.c_void_p:
        pointer, number = ctypes.c_void_p, ctypes.c_ulong

        class StartupInfo(ctypes.Structure):
            _fields_ = (
                [("size", number)]
                + [(name, pointer) for name in ("reserved", "desktop", "title")]
                + [(name, number) for name in ("x", "y", "width", "height", "columns", "rows", "fill", "flags")]
                + [("show", ctypes.c_ushort), ("reserved_size", ctypes.c_ushort)]
                + [(name, pointer) for name in ("reserved_bytes", "stdin", "stdout", "stderr", "attributes")]
            )

        class ProcessInformation(ctypes.Structure):
            _fields_ = (("process", pointer), ("thread", pointer), ("process_id", number), ("thread_id", number))

        size = ctypes.c_size_t()
        self._kernel.InitializeProcThreadAttributeList(None, 1, 0, ctypes.byref(size))
        self._attributes = ctypes.create_string_buffer(size.value)
        assert self._kernel.InitializeProcThreadAttributeList(self._attributes, 1, 0, ctypes.byref(size))
        assert self._kernel.UpdateProcThreadAttribute(
            self._attributes, 0, ctypes.c_size_t(_ATTRIBUTE_PSEUDOCONSOLE), self._console,
            ctypes.c_size_t(ctypes.sizeof(pointer)), None, None,
        )  # fmt: skip
        startup = StartupInfo(size=ctypes.sizeof(StartupInfo), flags=_USES_STANDARD_HANDLES)
        startup.attributes = ctypes.cast(self._attributes, pointer)
        told = ProcessInformation()
        block = "".join(f"{name}={value}\0" for name, value in sorted(environ.items())) + "\0"
        assert self._kernel.CreateProcessW(
            None, ctypes.create_unicode_buffer(line), None, None, False, _EXTENDED_STARTUPINFO | _UNICODE_ENVIRONMENT,
            ctypes.create_unicode_buffer(block, len(block) + 1), str(cwd), ctypes.byref(startup), ctypes.byref(told),
        ), ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore] # fmt: skip
        self._kernel.CloseHandle(ctypes.c_void_p(told.thread))
        return ctypes.c_void_p(told.process)

    def _draw(self) -> None:
        text = codecs.getincrementaldecoder("utf-8")("replace")
        data = ctypes.create_string_buffer(4096)
        count = ctypes.c_ulong()
        while self._kernel.ReadFile(self._drawn, data, len(data), ctypes.byref(count), None) and count.value:
            self.screen.write(text.decode(data.raw[: count.value]))
