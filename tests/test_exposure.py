"""Secret files that others can read all the same: on disks without modes, and by access lists of Windows."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import modeless_disk
import pytest
from conftest import Pair, Result
from hypothesis import given
from hypothesis import strategies as st

from sfkeytool.edge.access_list import AccessList, Entry, closing_line, parse_acl, parse_sid, read_access_list, readers
from sfkeytool.edge.exposure import key_notice, open_by_list, written_notices

Cli = Callable[..., Result]
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
CODE = "output.readable-by-others"
PW = ("--password", "generate")


# A disk without modes


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a disk without modes")
    folder = tmp_path_factory.mktemp("disk")
    with modeless_disk.mounted(folder) as is_there:
        if not is_there:
            pytest.skip("no file system in user space can be mounted here")
        yield folder


@pytest.fixture
def on_disk(disk: Path, cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The command, in an empty folder of the disk; the key and certificate ``pair.key`` and ``pair.crt`` are in the
    folder above. Nothing is left."""
    place = disk / "here"
    place.mkdir()
    shutil.copyfile(pair.key, disk / "pair.key")
    shutil.copyfile(pair.crt, disk / "pair.crt")
    monkeypatch.chdir(place)
    yield cli
    monkeypatch.chdir(folder)
    shutil.rmtree(place)


WRITERS: dict[str, Sequence[tuple[str, ...]]] = {
    "self-signed": [("self-signed", "pay", *PW)],
    "csr": [("csr", "pay")],
    "wrap": [("wrap", "pay", "../pair.key", "../pair.crt", *PW)],
    "unwrap": [
        ("self-signed", "pay", *PW),
        ("unwrap", "pay/pay.jks", "--password", "file:pay/pay.jks.password", "-d", "x"),
    ],
    "renew": [("self-signed", "pay", *PW), ("renew", "pay", *PW)],
}


@pytest.mark.parametrize("commands", WRITERS.values(), ids=WRITERS)
def test_on_a_disk_without_modes_each_secret_that_was_written_is_told(
    commands: Sequence[tuple[str, ...]], on_disk: Cli
) -> None:
    """Once, and those alone."""
    for command in commands:
        done = on_disk(*command, "--json")
    assert done.code == 0, done
    [message] = [notice["message"] for notice in done.json["notices"] if notice["code"] == CODE]
    names, _, said = message.partition(": ")
    assert names.split(", ") == [file["path"] for file in done.json["result"]["files"] if file["secret"]]
    assert said.startswith("open to other users (mode 0777), as the disk does not keep the mode 0600; keep keys on")


def test_a_person_is_told_too_and_in_a_dry_run_nobody_is(on_disk: Cli) -> None:
    """A dry run writes nothing that could be looked at."""
    assert CODE not in {notice["code"] for notice in on_disk("csr", "pay", "--dry-run", "--json").json["notices"]}
    assert on_disk("csr", "pay").err.startswith("warning: pay/pay.key: open to other users (mode 0777)")


def test_a_key_on_such_a_disk_that_is_read_gets_no_remedy_that_is_none(on_disk: Cli) -> None:
    """A chmod changes nothing there."""
    assert "if that changes nothing, the disk does not keep modes: keep keys on" in on_disk("show", "../pair.key").err
    Path("..", "pair.key").chmod(0o600)
    notice = key_notice(Path("..", "pair.key"))
    assert notice is not None
    assert notice.code == "input.key-readable-by-others"


@posix
def test_where_modes_hold_nothing_is_told(cli: Cli, folder: Path) -> None:
    """Of the keys; of certificates, which are open to all, neither."""
    done = cli("self-signed", "pay", *PW, "--json")
    assert CODE not in {notice["code"] for notice in done.json["notices"]}


@posix
@pytest.mark.parametrize("mode", [0o777, 0o755, 0o644, 0o640, 0o604, 0o660, 0o600, 0o400, 0o700], ids=oct)
def test_whatever_others_may_do_is_seen_in_the_mode(mode: int, folder: Path) -> None:
    (folder / "pay.key").write_bytes(b"x")
    (folder / "pay.key").chmod(mode)
    told = list(written_notices([folder / "pay.key", folder / "gone"]))
    assert bool(told) is bool(mode & 0o077)
    assert all(f"(mode {mode:04o})" in notice.message for notice in told)


# Access lists of Windows

ME, SYSTEM, ADMINISTRATORS = "S-1-5-21-1-2-3-1001", "S-1-5-18", "S-1-5-32-544"
EVERYONE, USERS, AUTHENTICATED, DOMAIN_USERS = "S-1-1-0", "S-1-5-32-545", "S-1-5-11", "S-1-5-21-7-8-9-513"
FULL, READ_RUN, MODIFY, APPEND, GENERIC = 0x1F01FF, 0x1200A9, 0x1301BF, 0x4, 0x8000_0000
INHERITED, INHERIT_ONLY = 0x10, 0x08
OWN = (Entry(True, INHERITED, FULL, SYSTEM), Entry(True, INHERITED, FULL, ADMINISTRATORS), Entry(True, 0, FULL, ME))


def encoded_sid(sid: str) -> bytes:
    revision, authority, *parts = map(int, sid.removeprefix("S-").split("-"))
    return (
        bytes([revision, len(parts)]) + authority.to_bytes(6, "big") + b"".join(n.to_bytes(4, "little") for n in parts)
    )


def encoded_acl(*entries: Entry, between: bytes = b"") -> bytes:
    """As Windows has it in memory; ``between`` stands first."""
    told = b"".join(
        bytes([0 if entry.allows else 1, entry.flags])
        + (8 + len(encoded_sid(entry.sid))).to_bytes(2, "little")
        + entry.mask.to_bytes(4, "little")
        + encoded_sid(entry.sid)
        for entry in entries
    )
    count = len(entries) + bool(between)
    return bytes([2, 0]) + (8 + len(between + told)).to_bytes(2, "little") + bytes([count, 0, 0, 0]) + between + told


LISTS: dict[str, tuple[tuple[Entry, ...] | None, tuple[str, ...]]] = {
    "as in a profile": (OWN, ()),
    "as right below a drive": (
        (*OWN, Entry(True, INHERITED, READ_RUN, USERS), Entry(True, INHERITED, MODIFY, AUTHENTICATED)),
        ("Users", "Authenticated Users"),
    ),
    "no list": (None, ("Everyone",)),
    "an empty list": ((), ()),
    "everyone, by a generic right": ((Entry(True, 0, GENERIC, EVERYONE),), ("Everyone",)),
    "a domain": ((*OWN, Entry(True, INHERITED, READ_RUN, DOMAIN_USERS)), ("Domain Users",)),
    "another account": ((*OWN, Entry(True, 0, READ_RUN, "S-1-5-21-7-8-9-1002")), ()),
    "for what is made below alone": ((Entry(True, INHERIT_ONLY, FULL, USERS),), ()),
    "to append alone": ((Entry(True, 0, APPEND, USERS),), ()),
    "denied before": ((Entry(False, 0, FULL, USERS), Entry(True, INHERITED, READ_RUN, USERS)), ()),
    "all denied before": ((Entry(False, 0, FULL, EVERYONE), Entry(True, INHERITED, READ_RUN, USERS)), ()),
    "another denied": ((Entry(False, 0, FULL, USERS), Entry(True, 0, FULL, AUTHENTICATED)), ("Authenticated Users",)),
    "writing denied": ((Entry(False, 0, APPEND, USERS), Entry(True, 0, READ_RUN, USERS)), ("Users",)),
    "twice": ((Entry(True, 0, READ_RUN, USERS), Entry(True, INHERITED, MODIFY, USERS)), ("Users",)),
}


@pytest.mark.parametrize(("entries", "told"), LISTS.values(), ids=LISTS)
def test_who_may_read_by_a_list(entries: tuple[Entry, ...] | None, told: tuple[str, ...]) -> None:
    """From the bytes on; an entry of a kind that bears on no file stands first."""
    if entries is not None:
        audit = b"\2\0\x14\0" + bytes(4) + encoded_sid(EVERYONE)
        assert parse_acl(encoded_acl(*entries, between=audit)) == entries
    assert readers(AccessList(entries, ME)) == told


def test_the_line_that_closes_a_file() -> None:
    """What is inherited goes by the inheritance; what stands in the list itself is taken out by name. By numbers, as
    the names of groups are translated."""
    inherited = Entry(True, INHERITED, READ_RUN, USERS)
    own = Entry(True, 0, READ_RUN, EVERYONE)
    path = Path("certs", "pay pay.key")
    start = f'icacls "{path}" /inheritance:r /grant:r "*{ME}:F"'
    assert closing_line(path, AccessList((*OWN, inherited), ME)) == start
    both = AccessList((*OWN, own, inherited, own), ME)
    assert closing_line(path, both) == f'{start} /remove:g "*{EVERYONE}"'
    assert closing_line(path, AccessList(None, ME)) == f'{start} /remove:g "*{EVERYONE}"'
    assert closing_line(path, AccessList((inherited,), "")) == ""
    assert closing_line(Path("-x.key"), AccessList((inherited,), ME)).startswith("icacls .\\-x.key ")


def test_what_a_person_on_windows_is_told() -> None:
    """Nothing that is not known; and no line where there is none that helps."""
    path = Path("pay.key")
    users = Entry(True, INHERITED, READ_RUN, USERS)
    line = f'icacls pay.key /inheritance:r /grant:r "*{ME}:F"'
    told = f"pay.key can be read by Users and Authenticated Users; for you alone: {line}"
    assert open_by_list(path, AccessList((*OWN, users, Entry(True, INHERITED, MODIFY, AUTHENTICATED)), ME)) == told
    no_user = open_by_list(path, AccessList((users,), ""))
    assert no_user == "pay.key can be read by Users; for you alone: take that from them under Properties > Security"
    assert open_by_list(path, AccessList(OWN, ME)) == open_by_list(path, None) == ""
    no_lists = open_by_list(path, AccessList(OWN, ME, keeps=False))
    assert no_lists.startswith("pay.key is open to everybody, as its disk keeps no access lists; keep keys on a disk")


def test_a_list_that_breaks_off_is_refused_wherever_it_does() -> None:
    """A part of a number would be another number."""
    whole = encoded_acl(*OWN)
    for size in range(len(whole)):
        with pytest.raises(ValueError, match="breaks off"):
            parse_acl(whole[:size])
    sid = encoded_sid(ME)
    for size in range(len(sid)):
        with pytest.raises(ValueError, match="breaks off"):
            parse_sid(sid[:size])


@given(st.binary(max_size=80))
def test_any_bytes_are_a_list_or_are_refused(data: bytes) -> None:
    with suppress(ValueError):
        parse_acl(data)


@pytest.mark.skipif(sys.platform != "win32", reason="access lists are of Windows")
def test_windows_tells_the_list_of_a_file(folder: Path) -> None:
    """Its user is one that the list knows: whoever made the file."""
    (folder / "pay.key").write_bytes(b"x")
    found = read_access_list(folder / "pay.key")
    assert found is not None
    assert found.user.startswith("S-1-5-21-")
    assert found.entries is not None
    assert found.user in {entry.sid for entry in found.entries}
    assert read_access_list(folder / "gone") is None


@posix
def test_elsewhere_there_is_no_list(folder: Path) -> None:
    assert read_access_list(folder) is None
