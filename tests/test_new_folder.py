"""A whole new folder: complete or absent, after a failure, a signal or a kill at every single step."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from conftest import THOROUGH, modes, needs_symlinks, tree
from disturbance import disturbed, hindrance, killed, nothing
from test_writer_faults import NOW, tmp_path, tried  # noqa: F401 - a fixture

from sfkeytool.edge.writer import FolderWrite, commit, plan_new_folder, plan_writes, settle_folder
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, ArtifactKind, PlannedFile

FILES = (
    Artifact("pay.key", ArtifactKind.PRIVATE_KEY, b"worthless\n"),
    Artifact("pay.crt", ArtifactKind.CERTIFICATE, b"certificate\n"),
    Artifact("App.eca-meta.xml", ArtifactKind.METADATA_SOURCE, b"<a/>\n", "force-app/main"),
)
NAMES = {
    ".gitignore",
    "pay.key",
    "pay.crt",
    "new.json",
    "force-app",
    "force-app/main",
    "force-app/main/App.eca-meta.xml",
}


def make(root: Path) -> None:
    commit([FolderWrite(plan_new_folder(root / "new"), FILES, {"run": 1})], now=NOW)


def make_with_calendar(root: Path) -> None:
    """The new folder, and a file in another one."""
    calendar = Artifact("pay.ics", ArtifactKind.CALENDAR, b"calendar\n")
    plan = plan_writes(root / "far" / "away", [PlannedFile("pay.ics", ArtifactKind.CALENDAR)], force=False)
    new = plan_new_folder(root / "new")
    commit([FolderWrite(new, FILES, {"run": 1}), FolderWrite(plan, (calendar,))], now=NOW)


def prepared(root: Path) -> Path:
    (root / "old").mkdir(parents=True)
    (root / "old" / "pay.key").write_bytes(b"the old key\n")
    return root


def steps_of(root: Path) -> int:
    prepared(root)
    with disturbed(lambda number, name: None) as steps:
        make(root)
    assert set(tree(root / "new")) == NAMES
    return len(steps)


def state(root: Path) -> str:
    """complete or absent; and the old folder untouched."""
    assert tree(root / "old") == {"pay.key": b"the old key\n"}
    if not os.path.lexists(root / "new"):
        return "absent"
    assert set(tree(root / "new")) == NAMES
    return "complete"


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_it_complete_or_absent(tmp_path: Path) -> None:  # noqa: F811
    """Without any repair; and the next run removes what was staged."""
    seen = set()
    for when in range(0, steps_of(tmp_path / "undisturbed"), 1 if THOROUGH else 3):
        root = prepared(tmp_path / str(when))
        assert killed(partial(make, root), when, "links")
        found = state(root)
        seen.add(found)
        if found == "absent":
            make(root)
            assert state(root) == "complete"
            assert sorted(os.listdir(root)) == ["new", "old"]
    assert seen == {"absent", "complete"}


@pytest.mark.parametrize("disk", ["links", "no links"])
@pytest.mark.slow
def test_a_new_folder_and_a_file_elsewhere_come_together(tmp_path: Path, disk: str) -> None:  # noqa: F811
    """A kill at any step: after the next run in either place both are there, or none; the folder is never half there."""
    whole = prepared(tmp_path / "whole")
    (whole / "far").mkdir()
    with disturbed(hindrance(disk, nothing)) as steps:
        make_with_calendar(whole)
    seen = set()
    for when in tried(steps, disk):
        root = prepared(tmp_path / f"{when}")
        (root / "far").mkdir()
        assert killed(partial(make_with_calendar, root), when, disk)
        state(root)
        settle_folder(root / ("far/away" if when % 2 else "."))
        found = (state(root), (root / "far" / "away" / "pay.ics").exists())
        assert found in (("absent", False), ("complete", True)), f"step {when}: {steps[when]}"
        seen.add(found)
        settle_folder(root / ("." if when % 2 else "far/away"))
        assert (state(root), (root / "far" / "away" / "pay.ics").exists()) == found
        left = {name for name in tree(root) if name.endswith(".sfkeytool.made") or "/.sfkeytool-" in f"/{name}"}
        assert left == set(), f"step {when}: {steps[when]}"
    assert len(seen) == 2


def test_after_a_failing_step_nothing_is_left(tmp_path: Path) -> None:  # noqa: F811
    """A full disk anywhere: absent, nothing staged; or complete, where the step came after the renaming."""
    for when in range(steps_of(tmp_path / "undisturbed")):
        root = prepared(tmp_path / str(when))

        def fail(number: int, name: str, when: int = when) -> None:
            if number == when and name not in ("unlink", "rmdir", "scandir"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        try:
            with disturbed(fail):
                make(root)
        except OutputError as error:
            assert error.code in ("output.disk-full", "output.failed")
            assert state(root) == "absent"
        assert not [name for name in os.listdir(root) if name.endswith(".folder")]


def test_ctrl_c_at_any_step_leaves_it_complete_or_absent(tmp_path: Path) -> None:  # noqa: F811
    """And says which by raising, or not."""
    for when in range(steps_of(tmp_path / "undisturbed")):
        root = prepared(tmp_path / str(when))

        def interrupt(number: int, name: str, when: int = when) -> None:
            if number == when:
                signal.raise_signal(signal.SIGINT)

        try:
            with disturbed(interrupt):
                make(root)
        except KeyboardInterrupt:
            assert state(root) == "absent"
        else:
            assert state(root) == "complete"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda place: place.write_bytes(b"x"), id="file"),
        pytest.param(lambda place: place.mkdir(), id="folder"),
        pytest.param(lambda place: place.symlink_to("nowhere"), id="link that leads nowhere", marks=needs_symlinks),
    ],
)
def test_what_is_there_is_refused_and_kept(make: Callable[[Path], object], tmp_path: Path) -> None:  # noqa: F811
    make(tmp_path / "new")
    with pytest.raises(OutputError) as caught:
        plan_new_folder(tmp_path / "new")
    assert caught.value.code == "output.exists"
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_modes_of_private_and_of_shared_folders(tmp_path: Path, umask: Callable[[int], None]) -> None:  # noqa: F811
    """Source folders are meant to be committed: no .gitignore, and the umask decides."""
    umask(0o022)
    commit([FolderWrite(plan_new_folder(tmp_path / "private"), FILES)], now=NOW)
    commit([FolderWrite(plan_new_folder(tmp_path / "shared", private=False), FILES[1:])], now=NOW)
    assert modes(tmp_path) == {"private": "700", "shared": "755"}
    assert modes(tmp_path / "private")["pay.key"] == "600"
    assert modes(tmp_path / "shared") == {"force-app": "755", "pay.crt": "644"}
    bad = FolderWrite(plan_new_folder(tmp_path / "bad"), (Artifact("x", ArtifactKind.CSR, b"", "../up"),))
    with pytest.raises(OutputError):
        commit([bad], now=NOW)
    assert sorted(os.listdir(tmp_path)) == ["private", "shared"]


def test_a_staged_folder_that_its_run_renames_meanwhile_is_no_failure(tmp_path: Path) -> None:  # noqa: F811
    """A run that sweeps may take for a killed one's what another is just making."""
    staged = tmp_path / ".sfkeytool-0123456789abcdef.folder"
    staged.mkdir(0o700)
    (staged / ".sfkeytool.made").write_text("private 0")

    def rename(number: int, name: str) -> None:
        if name == "unlink" and staged.exists():
            staged.rename(tmp_path / "pay")

    with disturbed(rename):
        settle_folder(tmp_path)
    assert os.listdir(tmp_path) == ["pay"]
