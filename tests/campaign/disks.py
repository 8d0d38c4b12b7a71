"""A disk that is small, or that nobody may write to, where this system lets us mount one."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from campaign.child import command
from campaign.part import NO_TIME, Figures, Task, all_of
from campaign.scenarios import SCENARIOS, Scenario, exposed, lost, names, snapshot, untrue

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
PAGE = 4096
MOST_PAGES = 24


class Disk(Struct, frozen=True):
    """``pages`` that are free for the command; 0 for one that is mounted read-only."""

    scenario: Scenario
    pages: int

    @property
    def name(self) -> str:
        return f"{self.scenario.name}/{self.pages} pages" if self.pages else f"{self.scenario.name}/read-only"


def run(task: Task) -> Figures:
    """Each scenario on disks with room for nothing, a file, some files, and on one that is read-only."""
    if not can_mount():
        return Figures({}, missing="this system lets us mount nothing")
    cases = [Disk(scenario, pages) for pages in range(MOST_PAGES) for scenario in SCENARIOS]
    cases = [case for case in cases if task.only in case.name]
    done, findings = 0, []
    for found in all_of(cases, partial(on_disk, task.folder), task):
        done += 1
        findings += found
    return Figures({"disks": len(cases), "run": done}, tuple(sorted(findings)), "" if done else NO_TIME)


def on_disk(folder: Path, case: Disk) -> list[str]:
    """All or nothing, and the second run, with room, ends well. What is wrong."""
    mount = folder / case.name.replace("/", "-").replace(" ", "-")
    mount.mkdir(parents=True)
    found: list[str] = []

    def look() -> None:
        _mount(mount, "-t", "tmpfs", "-o", "size=4m")
        root = case.scenario.make(mount / "root")
        before = snapshot(root)
        used = (4 << 20) - os.statvfs(mount).f_bavail * PAGE
        _mount(mount, "-o", f"remount,size={used + case.pages * PAGE}" if case.pages else "remount,ro")
        first = command(case.scenario.arguments, root)
        halfway = snapshot(root)
        found.extend([*lost(case.scenario, before, halfway), *exposed(halfway), *untrue(first, before, halfway)])
        new = names(halfway) - names(before)
        if first.code and new:
            found.append(f"exit {first.code} with {sorted(new)}")
        _mount(mount, "-o", "remount,rw,size=8m")
        if first.code:
            second = command(case.scenario.arguments, root)
            after = snapshot(root)
            found.extend(f"second run: {each}" for each in (*untrue(second, halfway, after), *exposed(after)))
            if second.code:
                found.append(f"second run: exit {second.code}: {second.err}")

    in_own_mounts(look, found)
    return [f"{case.name}: {each}" for each in found]


def can_mount() -> bool:
    """Whether a child of ours may mount a file system that nobody else sees."""
    found: list[str] = []
    if sys.platform != "linux":
        return False

    def attempt() -> None:
        _mount(Path("/mnt"), "-t", "tmpfs")
        found.append("mounted")

    in_own_mounts(attempt, found)
    return found == ["mounted"]


def in_own_mounts(work: Callable[[], None], found: list[str]) -> None:
    """``work`` in a child with mounts of its own, which are gone with it; what it appends to ``found`` comes back."""
    reading, writing = os.pipe()
    user, group = os.getuid(), os.getgid()
    child = os.fork()
    if not child:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(_NEW_MOUNTS | (_NEW_USER if user else 0)):
                raise OSError(ctypes.get_errno(), "unshare")
            if user:
                Path("/proc/self/setgroups").write_text("deny")
                Path("/proc/self/uid_map").write_text(f"0 {user} 1")
                Path("/proc/self/gid_map").write_text(f"0 {group} 1")
            _mount(Path("/"), "--make-rprivate")
            work()
        except (OSError, subprocess.CalledProcessError, AssertionError) as error:
            found.append(f"not run: {error}")
        finally:
            os.write(writing, "\0".join(found).encode()[:60_000])
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        text = answers.read().decode()
    os.waitpid(child, 0)
    found[:] = text.split("\0") if text else []


def _mount(place: Path, *options: str) -> None:
    target = ["mount", *options]
    target += ["campaign", str(place)] if "-t" in options else [str(place)]
    subprocess.run(target, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
