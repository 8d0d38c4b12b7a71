"""The writer on a real disk: what it writes, what it refuses, and what it leaves alone."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import modes, needs_symlinks, tree
from hypothesis import given
from hypothesis import strategies as st

from sfkeytool.edge.journal import ForeignJournalError, parse_journal
from sfkeytool.edge.projects import repository_notice
from sfkeytool.edge.writer import FolderWrite, commit, plan_new_folder, plan_writes
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, ArtifactKind, PlannedFile, Receipt

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TX = "0123456789abcdef"
KEY = Artifact("pay.key", ArtifactKind.PRIVATE_KEY, b"worthless key\n")
CRT = Artifact("pay.crt", ArtifactKind.CERTIFICATE, b"certificate\n")
JKS = Artifact("pay.jks", ArtifactKind.KEYSTORE, b"keystore\n")
PASSWORD = Artifact("pay.jks.password", ArtifactKind.KEYSTORE_PASSWORD, b"hunter2\n")
RECORD = {"command": "self-signed", "at": "2026-11-24T12:00:00Z"}
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and fork are POSIX")


def planned(*artifacts: Artifact) -> list[PlannedFile]:
    return [
        *(PlannedFile(artifact.filename, artifact.kind) for artifact in artifacts),
        PlannedFile("pay.json", ArtifactKind.RECEIPT),
    ]


def write(folder: Path, *artifacts: Artifact, force: bool = False, now: datetime = NOW) -> Receipt:
    """Plan and commit one folder with a receipt."""
    plan = plan_writes(folder, planned(*artifacts), force=force)
    [receipt] = commit([FolderWrite(plan, artifacts, RECORD)], now=now)
    return receipt


def refused(code: str, *calls: Callable[[], object]) -> OutputError:
    """The OutputError with ``code`` that each call raises."""
    for call in calls:
        with pytest.raises(OutputError) as caught:
            call()
        assert caught.value.code == code, caught.value.message
    return caught.value


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_every_file_has_its_content_and_mode_under_any_umask(
    tmp_path: Path, umask: Callable[[int], None], mask: int
) -> None:
    """Secret kinds are 0600, others 0644, folders that we make 0700."""
    umask(mask)
    folder = tmp_path / "deep" / "pay"
    receipt = write(folder, KEY, CRT, JKS, PASSWORD)
    umask(0o022)
    assert modes(folder) == {
        ".gitignore": "644",
        "pay.crt": "644",
        "pay.jks": "600",
        "pay.jks.password": "600",
        "pay.json": "644",
        "pay.key": "600",
    }
    assert modes(tmp_path) == {"deep": "700"}
    assert modes(tmp_path / "deep") == {"pay": "700"}
    assert (folder / ".gitignore").read_bytes() == b"*\n"
    assert (folder / "pay.key").read_bytes() == KEY.content
    assert json.loads((folder / "pay.json").read_bytes()) == {"format": 1, "records": [RECORD]}
    assert [written.path for written in receipt.files] == [
        folder / name for name in ("pay.key", "pay.crt", "pay.jks", "pay.jks.password", "pay.json")
    ]


@posix
def test_a_folder_that_was_there_keeps_its_mode_and_gets_no_gitignore(tmp_path: Path) -> None:
    """It is the user's folder."""
    folder = tmp_path / "pay"
    folder.mkdir(0o755)
    folder.chmod(0o755)
    write(folder, KEY)
    assert modes(tmp_path) == {"pay": "755"}
    assert set(tree(folder)) == {"pay.key", "pay.json"}


def test_a_folder_for_everybody_is_no_secret(tmp_path: Path) -> None:
    """Metadata goes into git, for one."""
    plan = plan_writes(tmp_path / "app", planned(CRT), force=False, private=False)
    commit([FolderWrite(plan, (CRT,), RECORD)], now=NOW)
    assert set(tree(tmp_path / "app")) == {"pay.crt", "pay.json"}
    if sys.platform != "win32":
        assert modes(tmp_path)["app"] != "700"


def test_a_relative_folder_and_the_current_one_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("pay"), KEY)
    write(Path(), CRT)
    assert set(tree(tmp_path)) == {
        "pay", "pay/.gitignore", "pay/pay.key", "pay/pay.json", "pay.crt", "pay.json",
    }  # fmt: skip


def test_existing_files_are_all_named_and_kept_without_force(tmp_path: Path) -> None:
    write(tmp_path, CRT, JKS)
    before = tree(tmp_path)
    error = refused("output.exists", lambda: write(tmp_path, KEY, CRT, JKS))
    assert "pay.crt" in error.message
    assert "pay.jks" in error.message
    assert "pay.key" not in error.message
    assert "--force" in error.hints[0]
    assert tree(tmp_path) == before


def test_a_file_in_pieces_is_whole_or_was_never_there(tmp_path: Path) -> None:
    """A report is made while it is written: one that breaks off leaves the earlier one, and nothing else."""
    lengths = (1, 0, 700_000, 400_000, 3)

    def pieces() -> Iterator[bytes]:
        yield from (bytes([65 + number]) * length for number, length in enumerate(lengths))

    def broken() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        raise ZeroDivisionError

    def report(made: Callable[[], Iterator[bytes]]) -> Artifact:
        return Artifact("a.csv", ArtifactKind.REPORT, b"begin", pieces=made)

    write(tmp_path, report(pieces))
    whole = b"begin" + b"".join(pieces())
    with pytest.raises(ZeroDivisionError):
        write(tmp_path, report(broken), force=True)
    assert ((tmp_path / "a.csv").read_bytes(), sorted(os.listdir(tmp_path))) == (whole, ["a.csv", "pay.json"])
    write(tmp_path, report(pieces), force=True)  # the same callable again
    assert ((tmp_path / "a.csv").read_bytes(), sorted(os.listdir(tmp_path))) == (whole, ["a.csv", "pay.json"])


def test_force_replaces_files_but_never_a_private_key(tmp_path: Path) -> None:
    write(tmp_path, KEY, CRT)
    write(tmp_path, Artifact(CRT.filename, CRT.kind, b"new\n"), force=True)
    assert (tmp_path / "pay.crt").read_bytes() == b"new\n"
    before = tree(tmp_path)
    refused(
        "output.key-exists",
        lambda: write(tmp_path, KEY, CRT, force=True),
        lambda: write(tmp_path, KEY),
    )
    assert tree(tmp_path) == before


def test_a_target_that_appears_after_the_plan_wins(tmp_path: Path) -> None:
    """Between plan and commit a key is generated and a password typed; the check is made again."""
    plan = plan_writes(tmp_path, planned(KEY, CRT), force=True)
    (tmp_path / "pay.key").write_bytes(b"somebody else's")
    before = tree(tmp_path)
    refused("output.key-exists", lambda: commit([FolderWrite(plan, (KEY, CRT), RECORD)], now=NOW))
    assert tree(tmp_path) == before


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    """Not by its own name, not under another name of the same file, not with --force."""
    answer = tmp_path / "pay.crt"
    answer.write_bytes(b"from the CA")
    alias = tmp_path / "answer.crt"
    os.link(answer, alias)
    for named in (answer, alias):
        refused("output.is-input", lambda: plan_writes(tmp_path, planned(CRT), force=True, inputs=[named]))  # noqa: B023


def test_names_that_are_no_plain_names_are_refused(tmp_path: Path) -> None:
    def named(*names: str) -> Callable[[], object]:
        files = [PlannedFile(name, ArtifactKind.CERTIFICATE) for name in names]
        return lambda: plan_writes(tmp_path, files, force=True)

    refused("output.bad-name", *map(named, ["../x", "a/b", "/x", "", ".", "..", "a\0b", ".sfkeytool.lock"]))
    refused(
        "output.duplicate",
        named("pay.crt", "pay.crt"),
        named("pay.crt", "PAY.crt"),
        named("m\u00fcller", "MU\u0308LLER"),
    )
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused("output.not-a-folder", lambda: plan_writes(tmp_path / name, planned(CRT), force=True))
    assert os.listdir(tmp_path) == ["file"]


@needs_symlinks
@pytest.mark.parametrize("name", ["dangling", "dangling/below"])
def test_a_symlink_to_nowhere_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    refused("output.not-a-folder", lambda: plan_writes(tmp_path / name, planned(CRT), force=True))
    assert os.listdir(tmp_path) == ["dangling"]


@posix
def test_targets_that_are_no_regular_file_are_refused(tmp_path: Path) -> None:
    """A symlink is neither followed nor replaced, whatever it points at; the receipt's neither."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = tmp_path / "pay"
    folder.mkdir()
    for name in ("pay.crt", "pay.json"):
        for make, code in (
            (lambda path: path.symlink_to(victim), "output.not-regular"),
            (lambda path: path.symlink_to(folder / "nowhere"), "output.not-regular"),
            (lambda path: os.mkfifo(path), "output.not-regular"),
            (lambda path: path.mkdir(), "output.is-directory"),
        ):
            make(folder / name)
            refused(code, lambda: write(folder, CRT, force=True))
            assert os.listdir(folder) == [name]
            (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()
    assert victim.read_bytes() == b"precious"


def test_two_folders_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    """unwrap fills ./a/ and ./b/: a clash in b leaves nothing in a."""
    plans = [plan_writes(tmp_path / name, planned(CRT, KEY), force=False) for name in "ab"]
    receipts = commit([FolderWrite(plan, (CRT, KEY)) for plan in plans], now=NOW)
    assert [receipt.folder for receipt in receipts] == [tmp_path / "a", tmp_path / "b"]
    assert len(tree(tmp_path)) == 2 + 2 * 3
    (tmp_path / "b" / "pay.key").unlink()
    before = tree(tmp_path)
    plans = [plan_writes(tmp_path / name, planned(KEY), force=False) for name in "bc"]
    (tmp_path / "b" / "pay.key").write_bytes(b"somebody else's")
    refused("output.key-exists", lambda: commit([FolderWrite(plan, (KEY,)) for plan in reversed(plans)], now=NOW))
    assert tree(tmp_path) == {**before, "b/pay.key": b"somebody else's"}


@needs_symlinks
def test_one_folder_under_two_names_is_refused(tmp_path: Path) -> None:
    """It would be locked twice, and wait for itself."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    plans = [plan_writes(tmp_path / name, planned(CRT), force=False) for name in "ab"]
    refused("output.duplicate", lambda: commit([FolderWrite(plan, (CRT,)) for plan in plans], now=NOW))


def test_the_receipt_grows_and_keeps_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "pay.json").write_text('\ufeff{"format": 1, "note": "ü", "records": [{"x": 1}]}', encoding="utf-8")
    receipt = write(tmp_path, CRT)
    assert receipt.notices == ()
    assert json.loads((tmp_path / "pay.json").read_bytes()) == {
        "format": 1, "note": "ü", "records": [{"x": 1}, RECORD],
    }  # fmt: skip


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"\0" * 5_000,
        b'{\n  "format": 1,\n  "rec' + b"\0" * 500,
        b'{\n  "format": 1,\n  "records": [\n    {\n      "at": "20',
        b'{"format": 1, "records": [' + b"[" * 100_000,
        b'{"format": 1, "records": ["' + b"x" * (5 << 20) + b'"]}',
    ],
    ids=["empty", "one", "zeros", "torn", "cut", "deep", "large"],
)
def test_a_damaged_receipt_is_set_aside_whole_and_a_new_one_begun(tmp_path: Path, damaged: bytes) -> None:
    for occurrence in ("", "-2"):
        (tmp_path / "pay.json").write_bytes(damaged)
        receipt = write(tmp_path, CRT, force=True)
        aside = f"pay.json.damaged-20261124T120000Z{occurrence}"
        assert (tmp_path / aside).read_bytes() == damaged
        assert [notice.code for notice in receipt.notices] == ["receipt.set-aside"]
        assert aside in receipt.notices[0].message
        assert json.loads((tmp_path / "pay.json").read_bytes())["records"] == [RECORD]


SERVICE_ACCOUNT = b'{\n  "type": "service_account",\n  "project_id": "pay",\n  "private_key": "worthless"\n}\n'
PACKAGE = b'{\n  "name": "pay",\n  "version": "1.0.0"\n}\n'
OTHERS = {
    "service account": SERVICE_ACCOUNT,
    "package": PACKAGE,
    "cut": PACKAGE[:-3],
    "with comments": b'{\n  // of another tool\n  "format": 1\n}',
    "binary": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "list": b"[]",
    "text": b"hello",
    "later format": b'{"format": 2, "records": []}',
    "other records": b'{"format": 1, "records": [1]}',
    "large": b'{"name": "' + b"x" * (5 << 20) + b'"}',
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_a_json_that_is_somebody_elses_is_neither_taken_nor_moved(tmp_path: Path, content: bytes, force: bool) -> None:
    """Refused before any work; and when it comes between plan and writing, nothing is written."""
    plan = plan_writes(tmp_path, planned(CRT), force=force)
    (tmp_path / "pay.json").write_bytes(content)
    before = tree(tmp_path)
    refused(
        "output.not-a-receipt",
        lambda: plan_writes(tmp_path, planned(CRT), force=force),
        lambda: commit([FolderWrite(plan, (CRT,), RECORD)], now=NOW),
    )
    assert tree(tmp_path) == before


def test_a_name_that_is_no_utf8_does_not_spoil_the_receipt(tmp_path: Path) -> None:
    """Python hands such a file name over with lone surrogates."""
    plan = plan_writes(tmp_path, planned(), force=False)
    commit([FolderWrite(plan, (), {"file": "caf\udce9.crt"})], now=NOW)
    assert json.loads((tmp_path / "pay.json").read_bytes())["records"] == [{"file": "caf\udce9.crt"}]
    assert write(tmp_path, CRT).notices == ()
    assert json.loads((tmp_path / "pay.json").read_bytes())["records"] == [{"file": "caf\udce9.crt"}, RECORD]


def test_what_was_not_planned_is_not_written(tmp_path: Path) -> None:
    plan = plan_writes(tmp_path, planned(CRT), force=False)
    with pytest.raises(ValueError, match="not planned"):
        commit([FolderWrite(plan, (KEY,))], now=NOW)
    with pytest.raises(ValueError, match="not planned"):  # what stands before it does not hide it
        commit([FolderWrite(plan_new_folder(tmp_path / "new"), (CRT,)), FolderWrite(plan, (KEY,))], now=NOW)
    assert tree(tmp_path) == {}


def test_one_file_in_two_writes_is_named_with_its_folder(tmp_path: Path) -> None:
    plan = plan_writes(tmp_path / "pay", planned(CRT), force=False)
    error = refused("output.duplicate", lambda: commit([FolderWrite(plan, (CRT,))] * 2, now=NOW))
    assert error.message.startswith(f"{tmp_path / 'pay' / 'pay.crt'} ")
    new = plan_new_folder(tmp_path / "new")
    error = refused("output.duplicate", lambda: commit([FolderWrite(new, (CRT,))] * 2, now=NOW))
    assert error.message.startswith(f"{tmp_path / 'new'} ")
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("plan", [plan_new_folder, partial(plan_writes, files=[], force=False)])
def test_a_plan_repairs_unless_it_is_told_not_to(plan: Callable[..., object], tmp_path: Path) -> None:
    """A rehearsal changes nothing."""
    left = tmp_path / f".sfkeytool-{TX}-0.new"
    left.write_bytes(b"half")
    plan(tmp_path / "new", settles=False)
    assert left.exists()
    plan(tmp_path / "new")
    assert not left.exists()


def test_a_folder_in_a_repository_or_an_sfdx_project_is_warned_about(tmp_path: Path) -> None:
    assert repository_notice(tmp_path / "new" / "pay") is None
    (tmp_path / "sfdx-project.json").write_text("{}")
    notice = repository_notice(tmp_path / "new" / "pay")
    assert notice is not None
    assert notice.code == "output.in-repository"
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".git").write_text("gitdir: elsewhere")
    notice = repository_notice(tmp_path / "new" / "pay")
    assert notice is not None
    assert "git work tree" in notice.message


# What others may have put into the folder


def put_journal(folder: Path, files: object, folders: object = (), *, linked: object = True) -> None:
    content = {"format": 2, "folders": folders, "linked": linked, "files": files}
    (folder / f".sfkeytool-{TX}.journal").write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["../victim", "/etc/hostname", "..", "", ".sfkeytool.lock", 7, None, ["x"]])
def test_a_journal_that_names_a_place_elsewhere_is_not_acted_upon(tmp_path: Path, name: object) -> None:
    """Its folder could have come out of somebody's archive."""
    folder = tmp_path / "pay"
    folder.mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    (folder / f".sfkeytool-{TX}-0.old").write_bytes(b"evil")
    (folder / f".sfkeytool-{TX}-0.new").write_bytes(b"precious")
    put_journal(folder, [{"name": name, "replaces": True}], linked=False)
    before = tree(tmp_path)
    write(folder, CRT)
    after = tree(tmp_path)
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize("folders", [["../victim"], ["victim"], [".."], "pay", 5, [None]])
def test_a_journal_that_names_other_folders_changes_nothing_there(tmp_path: Path, folders: object) -> None:
    """A sibling is touched only if it holds a journal of the same transaction itself."""
    for name in ("pay", "victim"):
        (tmp_path / name).mkdir()
    (tmp_path / "victim" / "pay.crt").write_bytes(b"precious")
    put_journal(tmp_path / "pay", [{"name": "pay.crt", "replaces": False}], folders)
    write(tmp_path / "pay", CRT)
    assert tree(tmp_path / "victim") == {"pay.crt": b"precious"}
    assert (tmp_path / "pay" / "pay.crt").read_bytes() == CRT.content


def test_an_undo_removes_only_its_own_inode(tmp_path: Path) -> None:
    """The same content under another inode is somebody else's file."""
    (tmp_path / f".sfkeytool-{TX}-0.new").write_bytes(b"same\n")
    (tmp_path / "pay.jks").write_bytes(b"same\n")
    files = [{"name": name, "replaces": False} for name in ("pay.jks", "not-yet-there")]
    put_journal(tmp_path, files)
    write(tmp_path, CRT)
    assert set(tree(tmp_path)) == {"pay.jks", "pay.crt", "pay.json"}


def test_an_undo_keeps_both_where_a_third_file_was_put(tmp_path: Path) -> None:
    """After the kill somebody repaired by hand; neither that nor the old file is lost."""
    (tmp_path / f".sfkeytool-{TX}-0.new").write_bytes(b"new")
    (tmp_path / f".sfkeytool-{TX}-0.old").write_bytes(b"old")
    (tmp_path / "pay.jks").write_bytes(b"third")
    put_journal(tmp_path, [{"name": "pay.jks", "replaces": True}])
    write(tmp_path, CRT)
    assert (tmp_path / "pay.jks").read_bytes() == b"third"
    assert (tmp_path / f"pay.jks.kept-{TX}").read_bytes() == b"old"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".sfkeytool")]


@posix
def test_symlinks_and_folders_under_our_names_are_left_alone(tmp_path: Path) -> None:
    """We make neither, so they are not ours to remove, and nothing is read or locked through them."""
    folder = tmp_path / "pay"
    folder.mkdir()
    (tmp_path / "victim").write_bytes(b"precious")
    (folder / f".sfkeytool-{TX}-0.new").symlink_to(tmp_path / "victim")
    (folder / f".sfkeytool-{TX}.journal").symlink_to(tmp_path / "victim")
    (folder / f".sfkeytool-{TX}-1.old").mkdir()
    write(folder, CRT)
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert len(os.listdir(folder)) == 5
    (folder / ".sfkeytool.lock").symlink_to(tmp_path / "new-lock")
    refused("output.failed", lambda: write(folder, JKS))
    assert not (tmp_path / "new-lock").exists()


@given(st.one_of(st.binary(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["format", "folders", "linked", "files", "name", "replaces"]), inner
    ),
).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_any_bytes_are_a_journal_or_a_foreign_one(content: bytes) -> None:
    try:
        journal = parse_journal(content)
    except ForeignJournalError:
        return
    assert not any("/" in file.filename for file in journal.files)


# Other runs, other users, full disks

PROGRAM = """
import json, os, sys
from datetime import datetime, UTC
from pathlib import Path
from typing import Any
from sfkeytool.edge.writer import FolderWrite, commit, plan_writes
from sfkeytool.errors import OutputError
from sfkeytool.model import Artifact, ArtifactKind, PlannedFile
folder, name, size, user = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if user:
    import fcntl, unicodedata  # nobody may read no more of root's Python
    os.setgroups([]), os.setgid(user), os.setuid(user)
artifact = Artifact(name, ArtifactKind.KEYSTORE, b"x" * size)
try:
    plan = plan_writes(folder, [PlannedFile(name, artifact.kind), PlannedFile("pay.json", ArtifactKind.RECEIPT)],
                       force=False)
    print("planned", flush=True)
    sys.stdin.readline()
    commit([FolderWrite(plan, (artifact,), {"name": name})], now=datetime.now(UTC))
    print("written")
except OutputError as error:
    print(error.code)
    print(error.message)
"""


def start(folder: Path, name: str, *, size: int = 10, user: int = 0) -> "subprocess.Popen[str]":
    """A run in a process of its own, which waits for a line on stdin between plan and commit."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), name, str(size), str(user)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def outcome(process: "subprocess.Popen[str]") -> list[str]:
    output, _ = process.communicate("go\n", timeout=60)
    assert process.returncode == 0
    return output.splitlines()


def test_of_runs_that_want_the_same_file_one_wins(tmp_path: Path) -> None:
    runs = [start(tmp_path / "pay", "pay.jks") for _ in range(4)]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "planned\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    outcomes = [outcome(run) for run in runs]
    assert sorted(lines[0] for lines in outcomes) == ["output.exists"] * 3 + ["written"], outcomes
    assert set(tree(tmp_path / "pay")) >= {"pay.jks", "pay.json"}
    assert not [name for name in os.listdir(tmp_path / "pay") if name.startswith(".sfkeytool")]


def test_a_run_that_comes_and_ends_while_the_folder_is_discarded_leaves_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that discards puts the mark back for it, and finds that it is wanted no more."""
    from sfkeytool.edge.made_folder import Mark, discard_made, made_path, make_folder

    folder = tmp_path / "pay"
    make_folder(folder, folder, Mark(private=False, above=0))
    remove_folder = Path.rmdir

    def other_run_ends(path: Path) -> None:
        if path == folder:
            (folder / "pay.crt").write_bytes(b"of the other")
        remove_folder(path)

    monkeypatch.setattr(Path, "rmdir", other_run_ends)
    discard_made(folder)
    assert set(tree(folder)) == {"pay.crt"}
    assert not made_path(folder).exists()


def test_a_journal_that_goes_while_it_is_read_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is at work removes its journal when it has published, whoever else looks at that moment."""
    from sfkeytool.edge.journal import Journal, journal_path, new_transaction, write_journal

    transaction = new_transaction()
    write_journal(tmp_path, transaction, Journal((), linked=True))
    journal = journal_path(tmp_path, transaction)
    open_file = os.open

    def vanish(path: object, *arguments: Any, **options: Any) -> int:
        if path == journal:
            journal.unlink(missing_ok=True)
        return open_file(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", vanish)
    write(tmp_path, CRT)
    assert not journal.exists()
    assert (tmp_path / CRT.filename).exists()


def test_a_run_that_is_killed_between_plan_and_commit_is_repaired(tmp_path: Path) -> None:
    plan = plan_writes(tmp_path, planned(CRT), force=False)
    (tmp_path / f".sfkeytool-{TX}-0.new").write_bytes(b"half")
    commit([FolderWrite(plan, (CRT,), RECORD)], now=NOW)
    assert set(tree(tmp_path)) == {"pay.crt", "pay.json"}


@posix
def test_a_run_that_is_killed_just_before_the_lock_is_taken_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    take = fcntl.flock
    left = [tmp_path / f".sfkeytool-{TX}-0.new"]

    def flock(descriptor: int, operation: int) -> None:
        while left:
            left.pop().write_bytes(b"half")
        take(descriptor, operation)

    plan = plan_writes(tmp_path, planned(CRT), force=False)
    monkeypatch.setattr(fcntl, "flock", flock)
    commit([FolderWrite(plan, (CRT,), RECORD)], now=NOW)
    assert not left
    assert set(tree(tmp_path)) == {"pay.crt", "pay.json"}


@posix
def test_where_runs_are_killed_again_and_again_it_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    take = fcntl.flock
    left = iter(range(10**6))

    def flock(descriptor: int, operation: int) -> None:
        (folder / "a" / f".sfkeytool-{next(left):016x}-0.new").write_bytes(b"half")
        take(descriptor, operation)

    for name in "ab":
        (folder / name).mkdir()
    plans = [plan_writes(Path(name), planned(CRT), force=False, elsewhere=f"leave {name}") for name in "ab"]
    monkeypatch.setattr(fcntl, "flock", flock)
    error = refused("output.failed", lambda: commit([FolderWrite(plan, (CRT,), RECORD) for plan in plans], now=NOW))
    assert error.hints == ("leave a",)
    monkeypatch.undo()
    assert not (folder / "a" / "pay.crt").exists()
    assert tree(folder / "b") == {}


@pytest.mark.parametrize("times", [4, 99])
def test_a_folder_that_vanishes_is_made_anew_and_not_for_ever(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run that fails removes the folder that it has made."""
    from sfkeytool.edge.locking import LOCK_NAME

    folder = tmp_path / "pay"
    open_file = os.open
    vanished: list[Path] = []

    def vanish(path: Any, *arguments: Any, **options: Any) -> int:
        if Path(path) == folder / LOCK_NAME and folder.exists() and len(vanished) < times:
            vanished.append(folder)
            shutil.rmtree(folder)
        return open_file(path, *arguments, **options)

    monkeypatch.setattr(os, "open", vanish)
    if times < 5:
        write(folder, CRT)
        assert {"pay.crt", "pay.json"} <= set(tree(folder))
        return
    plans = [
        plan_writes(tmp_path / "old", planned(JKS), force=False, elsewhere="leave old"),
        plan_writes(folder, planned(CRT), force=False, elsewhere="leave pay"),
    ]
    writes = [FolderWrite(plans[0], (JKS,), RECORD), FolderWrite(plans[1], (CRT,), RECORD)]
    error = refused("output.failed", lambda: commit(writes, now=NOW))
    assert error.message.startswith(f"{folder}: ")
    assert error.hints == ("leave pay",)
    assert (len(vanished), tree(tmp_path)) == (5, {})


def test_a_gitignore_that_somebody_puts_into_a_folder_that_is_made_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sfkeytool.edge.locking import LOCK_NAME

    folder = tmp_path / "pay"
    open_file = os.open

    def put(path: Any, *arguments: Any, **options: Any) -> int:
        if Path(path) == folder / LOCK_NAME:
            (folder / ".gitignore").write_bytes(b"*.key")
        return open_file(path, *arguments, **options)

    monkeypatch.setattr(os, "open", put)
    write(folder, CRT)
    assert tree(folder) == {**tree(folder), "pay.crt": CRT.content, ".gitignore": b"*.key"}


@posix
def test_a_lock_on_a_file_that_was_replaced_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last holder removed it and another run made, and holds, a new one: both must not be at work at once."""
    import fcntl

    from sfkeytool.edge import locking

    lock = tmp_path / locking.LOCK_NAME
    take = fcntl.flock
    other: list[int] = []

    def flock(descriptor: int, operation: int) -> None:
        if not other:
            lock.unlink()
            other.append(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600))
            take(other[0], operation)
        take(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.2)
    plan = plan_writes(tmp_path, planned(CRT), force=False)
    refused("output.locked", lambda: commit([FolderWrite(plan, (CRT,), RECORD)], now=NOW))
    os.close(other[0])


def test_runs_at_the_same_time_lose_no_record(tmp_path: Path) -> None:
    """The receipt is read, grown and written under one lock."""
    runs = [start(tmp_path / "pay", f"{number}.jks") for number in range(5)]
    assert [outcome(run)[-1] for run in runs] == ["written"] * 5
    records = json.loads((tmp_path / "pay" / "pay.json").read_bytes())["records"]
    assert sorted(record["name"] for record in records) == [f"{number}.jks" for number in range(5)]


def test_a_folder_that_stays_locked_is_an_error_and_not_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sfkeytool.edge import locking

    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.2)
    plan = plan_writes(tmp_path, planned(CRT), force=False)
    with locking.lock_folders([tmp_path], lambda: None):
        refused(
            "output.locked",
            lambda: commit([FolderWrite(plan, (CRT,), RECORD)], now=NOW),
            lambda: plan_writes(tmp_path, planned(CRT), force=False),
        )
    assert tree(tmp_path) == {}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for inner in folder.iterdir():
        inner.chmod(0o700)
    shutil.rmtree(folder)


@posix
def test_a_folder_that_may_not_be_written_is_refused_before_any_work(open_folder: Path) -> None:
    """Modes do not bind root, so root runs it as nobody."""
    nobody = 65534 if os.geteuid() == 0 else 0
    folder = open_folder / "pay"
    folder.mkdir()
    folder.chmod(0o555)
    for place in (folder, folder / "new" / "deep"):
        code, message = outcome(start(place, "pay.jks", user=nobody))
        assert code == "output.not-permitted"
        assert str(folder) in message
    assert os.listdir(folder) == []


@posix
def test_what_may_be_written_and_not_read_holds_a_new_folder_and_no_files(open_folder: Path) -> None:
    """What a killed run left would not be found in it, so that no files are written; of a new folder inside it all is."""
    nobody = 65534 if os.geteuid() == 0 else 0
    folder = open_folder / "pay"
    folder.mkdir()
    folder.chmod(0o333)
    assert outcome(start(folder, "pay.jks", user=nobody))[0] == "output.not-permitted"
    assert outcome(start(folder / "new", "pay.jks", user=nobody))[-1] == "written"


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        assert outcome(start(disk, "pay.jks", size=10_000))[-1] == "written"
        before = tree(disk)
        for place in (disk, disk / "new"):
            _, code, message = outcome(start(place, "big.jks", size=100_000))
            assert code == "output.disk-full"
            assert str(place / "big.jks") in message
            assert tree(disk) == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@posix
def test_a_file_size_limit_leaves_everything_as_it_was(tmp_path: Path) -> None:
    import resource

    plan = plan_writes(tmp_path / "pay", planned(CRT, JKS), force=False)
    big = Artifact("pay.jks", ArtifactKind.KEYSTORE, b"x" * 100_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        error = refused("output.failed", lambda: commit([FolderWrite(plan, (CRT, big), RECORD)], now=NOW))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "pay.jks" in error.message
    assert tree(tmp_path) == {}


def test_a_name_that_is_too_long_leaves_everything_as_it_was(tmp_path: Path) -> None:
    artifact = Artifact("x" * 254 + "é", ArtifactKind.CERTIFICATE, b"")
    refused("output.failed", lambda: write(tmp_path / "pay", CRT, artifact))
    assert tree(tmp_path) == {}


@posix
def test_the_old_file_keeps_its_mode_when_a_copy_of_it_is_put_back(tmp_path: Path) -> None:
    """Without hard links the old file is kept as a copy, never looser than itself."""
    (tmp_path / "pay.jks").write_bytes(b"new")
    (tmp_path / f".sfkeytool-{TX}-0.new").write_bytes(b"new")
    (tmp_path / f".sfkeytool-{TX}-0.old").write_bytes(b"old")
    (tmp_path / f".sfkeytool-{TX}-0.old").chmod(0o640)
    (tmp_path / f".sfkeytool-{TX}-1.new").write_bytes(b"never published")
    put_journal(
        tmp_path,
        [{"name": "pay.jks", "replaces": True}, {"name": "pay.crt", "replaces": False}],
        linked=False,
    )
    plan_writes(tmp_path, planned(), force=False)
    assert tree(tmp_path) == {"pay.jks": b"old"}
    assert stat.S_IMODE((tmp_path / "pay.jks").stat().st_mode) == 0o640
