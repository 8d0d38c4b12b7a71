"""The writer when a step fails, a signal comes, or the process is killed: at every single step.

A scenario is first run undisturbed, which gives the number of its steps and the complete result; then once for each
step, with the disturbance there.
"""

import errno
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from conftest import THOROUGH
from disturbance import disturbed, hindrance, killed, nothing, repair

from sfkeytool.edge.signals import terminating_signals
from sfkeytool.edge.writer import FolderWrite, commit, plan_writes
from sfkeytool.errors import InterruptedRunError, OutputError
from sfkeytool.model import Artifact, ArtifactKind, PlannedFile, Receipt

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = b"worthless secret\n"

Snapshot = dict[str, tuple[int, bytes]]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where that is possible: thousands of runs sync their files."""
    memory = Path("/dev/shm")
    if sys.platform == "win32" or not (memory.is_dir() and os.access(memory, os.W_OK)):  # Wine shows the folder too
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


def snapshot(root: Path) -> Snapshot:
    """Everything below ``root`` with mode and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        found[path.relative_to(root).as_posix()] = (mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
    return found


def artifact(name: str, kind: ArtifactKind, content: bytes = SECRET) -> Artifact:
    return Artifact(name, kind, content)


FILES = (
    artifact("pay.key", ArtifactKind.PRIVATE_KEY),
    artifact("pay.jks", ArtifactKind.KEYSTORE),
    artifact("pay.crt", ArtifactKind.CERTIFICATE, b"certificate\n"),
)


@dataclass(frozen=True)
class Scenario:
    """What is there before (file → content), and which files a run writes into which folders."""

    name: str
    there: dict[str, bytes]
    folders: dict[str, tuple[Artifact, ...]]
    record: bool = True

    def prepare(self, root: Path) -> Path:
        for name, content in self.there.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        root.mkdir(exist_ok=True)
        return root

    def plan(self, root: Path) -> list[FolderWrite]:
        return [
            FolderWrite(
                plan_writes(
                    root / folder,
                    [
                        *(PlannedFile(file.filename, file.kind) for file in files),
                        PlannedFile("pay.json", ArtifactKind.RECEIPT),
                    ],
                    force=True,
                ),
                files,
                {"run": 1} if self.record else None,
            )
            for folder, files in self.folders.items()
        ]

    def folders_in(self, root: Path) -> list[Path]:
        return [root / folder for folder in self.folders]


OLD = {"a/pay.crt": b"old certificate\n", "a/pay.jks": b"old keystore\n", "a/pay.json": b'{"format": 1, "records": []}'}
SCENARIOS = [
    Scenario("new folder", {}, {"deep/a": FILES}),
    Scenario("old folder", OLD, {"a": FILES}),
    Scenario("two folders", OLD, {"far/b": FILES, "a": FILES}),
    Scenario("damaged receipt", {"a/pay.json": b"{"}, {"a": FILES[1:]}),
]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
each_disk = pytest.mark.parametrize("disk", ["links", "no links"])


def undisturbed(scenario: Scenario, folder: Path, disk: str) -> tuple[list[str], Snapshot]:
    """The steps of the whole commit, and what it leaves."""
    root = scenario.prepare(folder / "undisturbed")
    writes = scenario.plan(root)
    with disturbed(hindrance(disk, nothing)) as steps:
        commit(writes, now=NOW)
    assert len(steps) > 40
    return steps, snapshot(root)


def tried(steps: list[str], disk: str, scenario: Scenario = SCENARIOS[0]) -> range:
    """At which steps there is a disturbance: at each, or else at a fifth of them, in each scenario and on each disk at
    others; signals are sent at each."""
    first = (2 * SCENARIOS.index(scenario) + (disk == "links")) % 5
    return range(len(steps)) if THOROUGH else range(first, len(steps), 5)


def without_made_folders(found: Snapshot) -> Snapshot:
    """Less the empty folder, with at most our mark in it, that a kill right after mkdir leaves."""
    files = {name: entry for name, entry in found.items() if not name.endswith("/.sfkeytool.made")}
    return {
        name: (mode, content)
        for name, (mode, content) in files.items()
        if stat.S_ISREG(mode) or any(other.startswith(f"{name}/") and stat.S_ISREG(files[other][0]) for other in files)
    }


@each_disk
@each_scenario
@pytest.mark.slow
def test_after_a_failing_step_everything_is_as_it_was(tmp_path: Path, scenario: Scenario, disk: str) -> None:
    """Or complete, where the step that failed came after the commit."""
    steps, complete = undisturbed(scenario, tmp_path, disk)
    refusals = set()
    for failing in tried(steps, disk, scenario):
        root = scenario.prepare(tmp_path / str(failing))
        before = snapshot(root)
        writes = scenario.plan(root)

        def fail(number: int, name: str, failing: int = failing) -> None:
            if number == failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        where = f"step {failing}: {steps[failing]}"
        receipts: tuple[Receipt, ...] = ()
        with disturbed(hindrance(disk, fail)):
            try:
                receipts = commit(writes, now=NOW)
            except OutputError as caught:
                refusals.add(caught.code)
        if receipts:
            repair(scenario.folders_in(root))
        assert snapshot(root) == (complete if receipts else before), where
    assert refusals == {"output.disk-full"}


@each_disk
@each_scenario
@pytest.mark.slow
def test_where_undoing_fails_too_the_next_run_repairs(tmp_path: Path, scenario: Scenario, disk: str) -> None:
    """A disk that dies in the middle and comes back."""
    steps, complete = undisturbed(scenario, tmp_path, disk)
    refusals = set()
    for failing in tried(steps, disk, scenario):
        root = scenario.prepare(tmp_path / str(failing))
        before = snapshot(root)
        writes = scenario.plan(root)

        def fail(number: int, name: str, failing: int = failing) -> None:
            if number >= failing and name != "close":
                raise OSError(errno.EIO, os.strerror(errno.EIO))

        receipts: tuple[Receipt, ...] = ()
        with disturbed(hindrance(disk, fail)):
            try:
                receipts = commit(writes, now=NOW)
            except OutputError as caught:
                refusals.add(caught.code)
        repair(scenario.folders_in(root))
        wanted = [complete] if receipts else [without_made_folders(before), complete]
        assert without_made_folders(snapshot(root)) in wanted, f"step {failing}: {steps[failing]}"
    assert refusals == {"output.failed", "output.not-undone"}


@each_scenario
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.slow
def test_a_signal_at_any_step_leaves_all_or_nothing(tmp_path: Path, scenario: Scenario, number: signal.Signals) -> None:
    """Before the files are published it wins and all is undone; after that the files are there, and are told of."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("Python handles signals in the main thread only")
    # A background job of a shell starts with SIGINT ignored, and then so does everything in it.
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    steps, complete = undisturbed(scenario, tmp_path, "links")
    interrupted = 0
    for when in range(len(steps)):
        root = scenario.prepare(tmp_path / str(when))
        before = snapshot(root)
        writes = scenario.plan(root)

        def interrupt(step: int, name: str, when: int = when) -> None:
            if step == when:
                signal.raise_signal(number)

        receipts: tuple[Receipt, ...] = ()
        with disturbed(interrupt), terminating_signals():
            try:
                receipts = commit(writes, now=NOW)
            except KeyboardInterrupt:
                assert number == signal.SIGINT
                interrupted += 1
            except InterruptedRunError:
                assert number != signal.SIGINT
                interrupted += 1
        assert snapshot(root) == (complete if receipts else before), f"step {when}: {steps[when]}"
    assert 20 < interrupted < len(steps)
    assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


@each_disk
@each_scenario
@pytest.mark.slow
def test_after_a_kill_at_any_step_the_next_run_repairs(tmp_path: Path, scenario: Scenario, disk: str) -> None:
    """In any of the folders: the old content is back, or the run is complete, in all of them at once."""
    steps, complete = undisturbed(scenario, tmp_path, disk)
    finished_files = finished(tmp_path / "undisturbed")
    ends = set()
    for when in tried(steps, disk, scenario):
        for first in scenario.folders if THOROUGH else list(scenario.folders)[when // 5 % len(scenario.folders) :][:1]:
            root = scenario.prepare(tmp_path / f"{when}-{first.replace('/', '-')}")
            before = snapshot(root)
            writes = scenario.plan(root)
            assert killed(partial(commit, writes, now=NOW), when, disk)
            where = f"step {when}: {steps[when]}, then a run in {first}"
            assert old_is_safe(root, before) or finished(root) == finished_files, where
            plan_writes(root / first, [], force=False)
            found = without_made_folders(finished(root))
            assert found in (without_made_folders(before), complete), where
            repair(scenario.folders_in(root))
            assert without_made_folders(snapshot(root)) == found, where
            ends.add(found == complete)
            if found != complete:
                commit(scenario.plan(root), now=NOW)
                assert without_gitignore(snapshot(root)) == without_gitignore(complete), where
    assert ends == {True, False}


def without_gitignore(found: Snapshot) -> Snapshot:
    """A folder that was killed before it got our mark counts as the user's own, which gets no .gitignore."""
    return {name: entry for name, entry in found.items() if not name.endswith(".gitignore")}


def old_is_safe(root: Path, before: Snapshot) -> bool:
    """Whether each old file is on the disk, under its own name or another."""
    contents = [content for _, content in snapshot(root).values()]
    return all(content in contents for mode, content in before.values() if stat.S_ISREG(mode))


def finished(root: Path) -> Snapshot:
    """The files of the result that are there; all of them are, once old ones may be dropped."""
    return {name: entry for name, entry in snapshot(root).items() if ".sfkeytool" not in name}


@each_disk
@each_scenario
@pytest.mark.slow
def test_a_kill_while_repairing_is_repaired_in_turn(tmp_path: Path, scenario: Scenario, disk: str) -> None:
    steps, complete = undisturbed(scenario, tmp_path, disk)
    publishing = [number for number, name in enumerate(steps) if name in ("replace", "rename")]
    for when in [
        *publishing[:: max(1, len(publishing) // (5 if THOROUGH else 3))],
        publishing[-1] + 1,
        len(steps) - 20,
    ]:
        for again in range(0, 400, 3 if THOROUGH else 17):
            root = scenario.prepare(tmp_path / f"{when}-{again}")
            before = snapshot(root)
            writes = scenario.plan(root)
            assert killed(partial(commit, writes, now=NOW), when, disk)
            reached = killed(partial(repair, scenario.folders_in(root)), again, disk)
            repair(scenario.folders_in(root))
            found = without_made_folders(snapshot(root))
            assert found in (without_made_folders(before), complete), f"steps {when} and {again}"
            if not reached:
                break
        else:
            pytest.fail("repairing has no end")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
@each_disk
@each_scenario
@pytest.mark.slow
def test_no_secret_is_on_the_disk_under_a_looser_mode_at_any_step(
    tmp_path: Path, umask: Callable[[int], None], scenario: Scenario, disk: str
) -> None:
    """Not in a staged file, not in a copy, not for a moment, and with no umask to help."""
    umask(0)
    root = scenario.prepare(tmp_path / "root")
    for path in root.rglob("*.jks"):
        path.chmod(0o600)
    writes = scenario.plan(root)
    seen = 0

    def look(number: int, name: str) -> None:
        nonlocal seen
        for path in [*root.rglob("*"), *root.rglob(".*")]:
            if path.is_file() and path.read_bytes() in (SECRET, b"old keystore\n"):
                seen += 1
                assert not path.stat().st_mode & 0o077, path

    looking = False

    def guarded(number: int, name: str) -> None:
        nonlocal looking
        if not looking:
            looking = True
            look(number, name)
            looking = False

    with disturbed(hindrance(disk, guarded)):
        commit(writes, now=NOW)
    assert seen > 50


@each_disk
@pytest.mark.parametrize("content", [b"somebody else's", b"certificate\n", b""], ids=["other", "same", "empty"])
@pytest.mark.parametrize("moment", ["write", "replace"], ids=["staging", "publishing"])
def test_a_target_that_appears_meanwhile_wins(tmp_path: Path, disk: str, content: bytes, moment: str) -> None:
    """Also if it is equal to ours: it is another file, made by somebody else."""
    folder = tmp_path / "a"
    folder.mkdir()
    files = [PlannedFile(file.filename, file.kind) for file in FILES]
    plan = plan_writes(folder, files, force=False)
    appeared = False

    def appear(number: int, name: str) -> None:
        nonlocal appeared
        if name == moment and not appeared:  # the first file's content; the journal's own rename
            appeared = True
            (folder / "pay.crt").write_bytes(content)

    with disturbed(hindrance(disk, appear)), pytest.raises(OutputError) as caught:
        commit([FolderWrite(plan, FILES)], now=NOW)
    assert caught.value.code == "output.exists"
    assert "pay.crt" in caught.value.message
    assert {name: entry[1] for name, entry in snapshot(tmp_path).items()} == {"a": b"", "a/pay.crt": content}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_signals_that_are_ignored_stay_ignored(tmp_path: Path) -> None:
    """``nohup sfkeytool …`` survives the terminal."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("Python handles signals in the main thread only")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminating_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_can_write_too(tmp_path: Path) -> None:
    """Signal handlers belong to the main thread; elsewhere they are not touched."""
    receipts: list[Receipt] = []

    def work() -> None:
        with terminating_signals():
            plan = plan_writes(tmp_path, [PlannedFile("pay.key", ArtifactKind.PRIVATE_KEY)], force=False)
            receipts.extend(commit([FolderWrite(plan, FILES[:1])], now=NOW))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert [written.path.name for written in receipts[0].files] == ["pay.key"]
