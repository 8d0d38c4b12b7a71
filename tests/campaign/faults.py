"""A fault at each system call of each command: a kill, a signal, a full disk, a disk that fails.

A scenario first runs undisturbed under strace, which tells its calls; then once for each call and fault. strace puts
the fault in: nothing of Python or of ours knows of it.
"""

import random
import re
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

from msgspec import Struct

from campaign.child import command, why_no_strace
from campaign.part import NO_TIME, Figures, Task, all_of
from campaign.scenarios import LOOKING, SCENARIOS, Scenario, Snapshot, exposed, lost, names, snapshot, untrue

CALLS = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "link", "linkat", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "rmdir", "ftruncate",
)  # fmt: skip
READING_CALLS = (
    "read", "pread64", "getdents64", "newfstatat", "fstat", "statx", "lseek", "readlink", "readlinkat", "getcwd", "flock",
    "close", "access", "faccessat", "faccessat2",
)  # fmt: skip
"""These change nothing and can but fail, wherever the file is: also one of Python's own, and a folder that is gone."""
FAULTS = {
    "kill": "signal=KILL",
    "TERM": "signal=TERM",
    "INT": "signal=INT",
    "ENOSPC": "error=ENOSPC",
    "EIO": "error=EIO",
}
_LINE = re.compile(r"^(\w+)\((.*)$")
_BY_NAME = re.compile(r'(?:\d+<([^>]*)>, |AT_FDCWD<[^>]*>, )?"([^"]*)"')
_BY_NUMBER = re.compile(r"\d+<([^>]*)>")
_OF_OPEN_FILES = frozenset(("write", "pwrite64", "fsync", "fdatasync", "fchmod", "ftruncate"))


class Case(Struct, frozen=True):
    """``file`` is what the call is about; ``complete`` are the names of all files of an undisturbed run; ``leaves`` our
    own that it leaves."""

    scenario: Scenario
    call: str
    number: int
    fault: str
    file: str
    template: Path
    complete: frozenset[str]
    leaves: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.scenario.name}/{self.call}/{self.number}/{self.fault}"


def run(task: Task) -> Figures:
    """All cases in random order, as many as the time allows."""
    if missing := why_no_strace():
        return Figures({}, missing=missing)
    cases = []
    scenarios = (*SCENARIOS, *LOOKING)
    named = [scenario for scenario in scenarios if task.only.startswith(f"{scenario.name}/")]
    for scenario in named or scenarios:  # an undisturbed run takes a second
        cases += cases_of(scenario, task.folder / scenario.name)
    cases = [case for case in cases if task.only in case.name]
    random.Random(task.seed).shuffle(cases)
    done, findings = 0, []
    for found in all_of(cases, partial(disturbed, task.folder), task):
        done += 1
        findings += found
    commands = len({case.scenario.name for case in cases})
    return Figures(
        {"commands": commands, "cases": len(cases), "run": done}, tuple(sorted(findings)), "" if done else NO_TIME
    )


def cases_of(scenario: Scenario, folder: Path) -> list[Case]:
    """The faults of a scenario, each with the number of its call among those of that name."""
    template = scenario.make(folder / "template")
    warm = _copy(template, folder / "warm")
    assert command(scenario.arguments, warm).code == 0, scenario.name
    root, log = _copy(template, folder / "undisturbed"), folder / "log"
    ended = command(scenario.arguments, root, traced=["-o", str(log), "-e", f"trace={_any_of(CALLS + READING_CALLS)}"])
    assert ended.code == 0, (scenario.name, ended)
    after = snapshot(root)
    leaves = frozenset(name for name in after if "/.sfkeytool" in f"/{name}")
    counted: Counter[str] = Counter()
    cases = []
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        call, arguments = match.groups()
        counted[call] += 1
        file = file_of(call, arguments, root)
        if call in READING_CALLS or (call == "openat" and file is None):
            faults = ["EIO"]
            file = file or arguments
        elif file is None:
            continue
        else:
            writes = call != "openat" or "O_CREAT" in arguments
            faults = [fault for fault in FAULTS if fault != "ENOSPC" or writes]
        cases += [
            Case(scenario, call, counted[call], fault, file, template, frozenset(names(after)), leaves)
            for fault in faults
        ]
    assert cases, scenario.name
    return cases


def _any_of(calls: tuple[str, ...]) -> str:
    """As strace wants them: not each system has each."""
    return ",".join(f"?{call}" for call in calls)


def file_of(call: str, arguments: str, root: Path) -> str | None:
    """The last file of a call that is in ``root``, as seen from there; None if there is none. ``arguments`` are as
    strace -y prints them: each number with its file, and AT_FDCWD with the folder, which is ``root`` for all."""
    if call in _OF_OPEN_FILES:
        paths = [root / found[1] for found in [_BY_NUMBER.match(arguments)] if found]
    else:
        paths = [root / (folder or "") / name for folder, name in _BY_NAME.findall(arguments)]
    inside = [path for path in paths if path.is_relative_to(root)]
    return inside[-1].relative_to(root).as_posix() if inside else None


def disturbed(folder: Path, case: Case) -> list[str]:
    """Run, disturb, look; run again, look again. What is wrong."""
    root = _copy(case.template, folder / "runs" / case.name.replace("/", "-"))
    before = snapshot(root)
    fault = f"inject={case.call}:{FAULTS[case.fault]}:when={case.number}"
    # What is traced goes nowhere; the call must be traced to be disturbed.
    first = command(case.scenario.arguments, root, traced=["-o", "/dev/null", "-e", f"trace={case.call}", "-e", fault])
    halfway = snapshot(root)
    found = [*exposed(halfway), *untrue(first, before, halfway)]
    if case.fault != "kill":
        found += lost(case.scenario, before, halfway)
        found += _half(case, first.code, before, halfway)
    if first.code == 0:
        return _told(case, found, root)
    second = command(case.scenario.arguments, root)
    after = snapshot(root)
    found += [f"second run: {each}" for each in untrue(second, halfway, after)]
    found += [f"after the second run {each}" for each in (*lost(case.scenario, before, after), *exposed(after))]
    if not case.complete <= names(after):
        found.append(
            f"second run: exit {second.code}, and {sorted(case.complete - names(after))} missing: {second.err}"
        )
    if second.code == 0 and (left := {name for name in after if "/.sfkeytool" in f"/{name}"} - case.leaves):
        found.append(f"second run leaves {sorted(left)}")
    return _told(case, found, root)


def _half(case: Case, code: int, before: Snapshot, after: Snapshot) -> list[str]:
    """All files or none, when the command could still say something."""
    there = names(after)
    if case.complete <= there:
        return []
    if code == 0:
        return [f"exit 0 without {sorted(case.complete - there)}"]
    new = there - names(before)
    return [f"exit {code} with {sorted(new)} alone"] if new else []


def _told(case: Case, found: list[str], root: Path) -> list[str]:
    shutil.rmtree(root, ignore_errors=True)
    return [f"{case.name} ({case.file}): {each}" for each in found]


def _copy(template: Path, root: Path) -> Path:
    shutil.copytree(template, root, symlinks=True)
    return root
