"""A process of Windows, with all that it starts, as one that can be ended: also what outlives its parent.

Microsoft's "Job Objects". Where there is no job to be had, nothing is raised: the process is ended by other means too.
"""

import ctypes
import sys
from typing import Any

if sys.platform == "win32":
    _kernel = ctypes.WinDLL("kernel32")
    for _function, _arguments in (
        (_kernel.CreateJobObjectW, (ctypes.c_void_p, ctypes.c_wchar_p)),
        (_kernel.AssignProcessToJobObject, (ctypes.c_void_p, ctypes.c_void_p)),
        (_kernel.TerminateJobObject, (ctypes.c_void_p, ctypes.c_uint)),
        (_kernel.CloseHandle, (ctypes.c_void_p,)),
    ):
        _function.argtypes = _arguments
    _kernel.CreateJobObjectW.restype = ctypes.c_void_p

    class Job:
        """That of a process which has just been started, and of all that it will start. To forget it ends nobody."""

        def __init__(self, process: Any) -> None:
            """``process`` is a subprocess.Popen."""
            self._handle = _kernel.CreateJobObjectW(None, None)
            if self._handle:
                _kernel.AssignProcessToJobObject(self._handle, int(process._handle))

        def end(self) -> None:
            """End all processes in it."""
            if self._handle:
                _kernel.TerminateJobObject(self._handle, 1)

        def __del__(self) -> None:
            if self._handle:
                _kernel.CloseHandle(self._handle)
