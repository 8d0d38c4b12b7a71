"""What is read: files that must be regular, folders of them, and secrets from their sources."""

import base64
import inspect
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result, needs_symlinks

from sfkeytool.edge.exposure import key_notice
from sfkeytool.edge.reader import (
    INPUT_LIMIT,
    SECRET_LIMIT,
    SecretReader,
    read_input,
    walk_inputs,
)
from sfkeytool.errors import InputError, SfkeytoolError, UsageError
from sfkeytool.passwords import Secret, Source, SourceKind

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and modes are POSIX")


def refused(code: str, call: Callable[[], object]) -> SfkeytoolError:
    """The error with ``code`` that the call raises, within two seconds."""
    began = time.monotonic()
    with pytest.raises(SfkeytoolError) as caught:
        call()
    assert caught.value.code == code, caught.value.message
    assert time.monotonic() - began < 2
    return caught.value


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "pay.crt"
    for content in (b"x", bytes(range(256)) * 10_000, b"\r\n\x1a\r\n"):
        path.write_bytes(content)
        assert read_input(path) == content


@needs_symlinks
def test_a_symlink_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "pay.crt").write_bytes(b"x")
    (tmp_path / "live.crt").symlink_to("pay.crt")
    assert read_input(tmp_path / "live.crt") == b"x"


def test_the_limit_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"x" * 1000)
    assert len(read_input(path, limit=1000)) == 1000
    assert str(path) in refused("input.too-large", lambda: read_input(path, limit=999)).message


def test_a_huge_sparse_file_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    assert "16 MB" in refused("input.too-large", lambda: read_input(path)).message
    assert INPUT_LIMIT == 16 << 20


def test_what_is_no_file_with_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    windows = sys.platform == "win32"
    if not windows:
        (tmp_path / "loop").symlink_to("loop")
    for name, code in {
        "empty": "input.empty",
        ".": "input.is-directory",
        "missing": "input.not-found",
        "empty/below": "input.not-found",
        "nul\0inside": "input.not-found",
        "x" * 5000: "input.not-found" if windows else "input.unreadable",  # Windows tells no more
        **({} if windows else {"loop": "input.unreadable"}),
    }.items():
        assert "\0" not in refused(code, lambda: read_input(tmp_path / name)).message  # noqa: B023


@posix
def test_pipes_devices_and_sockets_are_refused_at_once(tmp_path: Path) -> None:
    """Also a FIFO that nobody writes to, and a device that never ends."""
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "fifo", tmp_path / "socket", Path("/dev/zero"), Path("/dev/null")):
            assert str(path) in refused("input.not-regular", lambda: read_input(path)).message  # noqa: B023


def test_a_missing_file_brings_the_near_miss_to_mind(tmp_path: Path) -> None:
    (tmp_path / "payment.crt").write_bytes(b"x")
    error = refused("input.not-found", lambda: read_input(tmp_path / "paymnet.crt"))
    assert list(error.hints) == [f"did you mean {tmp_path / 'payment.crt'}?"]
    assert not refused("input.not-found", lambda: read_input(tmp_path / "zzz")).hints


@posix
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    """Modes do not bind root, so root asks as nobody."""
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sfkeytool.edge.reader import read_input, walk_inputs\n"
        "from sfkeytool.errors import InputError\n"
        "if os.geteuid() == 0: os.setgroups([]), os.setuid(65534)\n"
        "for work in (lambda: read_input(Path(sys.argv[1])), lambda: list(walk_inputs([Path(sys.argv[2])]))):\n"
        "    try: print(work())\n"
        "    except InputError as error: print(error.code)\n"
    )
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        (folder / "pay.key").write_bytes(b"x")
        (folder / "pay.key").chmod(0)
        (folder / "closed").mkdir()
        (folder / "closed").chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder / "pay.key"), str(folder)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["input.not-permitted", "input.not-permitted"]
        (folder / "closed").chmod(0o700)
    finally:
        shutil.rmtree(folder)


@needs_symlinks
def test_a_folder_is_walked_in_order_and_a_file_is_itself(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a", "c/d/3", ".git/objects/x", "b/.git/x", ".sfkeytool-0123456789abcdef-0.new", ".e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "itself").symlink_to("itself")
    missing = tmp_path / "missing"
    walked = list(walk_inputs([tmp_path, missing, tmp_path / "a"]))
    assert [path.relative_to(tmp_path).as_posix() for path in walked] == [
        ".e", "a", "link", "b/1", "b/2", "c/d/3", "missing", "a",
    ]  # fmt: skip


@needs_symlinks
def test_a_folder_that_is_named_is_walked_though_it_is_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "pay.crt").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    assert list(walk_inputs([tmp_path / "link"])) == [tmp_path / "link" / "pay.crt"]


@posix
def test_folders_deeper_than_the_recursion_limit_are_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a low limit and not a deep folder, which pytest could not clear up."""
    monkeypatch.chdir(tmp_path)
    deep = Path(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "x").write_bytes(b"x")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        walked = list(walk_inputs([Path()]))
    finally:
        sys.setrecursionlimit(limit)
    assert walked == [deep / "x"]


@posix
def test_a_key_that_others_can_read_gets_the_command_that_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "my pay.key"
    path.write_bytes(b"x")
    for mode, warned in {0o600: False, 0o400: False, 0o640: True, 0o604: True, 0o644: True, 0o620: True}.items():
        path.chmod(mode)
        notice = key_notice(path)
        assert (notice is not None) is warned, oct(mode)
        if notice:
            assert notice.code == "input.key-readable-by-others"
            assert f"chmod 600 '{path}'" in notice.message
    assert key_notice(tmp_path / "missing") is None
    assert key_notice(tmp_path) is None


def key_forms(key: Path) -> dict[str, bytes]:
    """A private key as files hold it."""
    pem = key.read_bytes()
    line = b"".join(pem.splitlines()[1:-1])
    return {
        "PEM": pem,
        "UTF-16": pem.decode().encode("utf-16"),
        "base64 of the PEM": base64.b64encode(pem),
        "DER": base64.b64decode(line),
        "base64 of the DER": line,
        "Apex": b"class A { String k = '-----BEGIN PRIVATE KEY-----\\n' +\n'"
        + line[:64]
        + b"' + '"
        + line[64:]
        + b"'; }",
        "Apex without a label": b"class A { static final String KEY = '" + line + b"'; }",
        "JSON": json.dumps({"key": pem.decode()}).encode(),
    }


NO_KEYS = {
    "Apex that strips a label": b"class A { void go() { k = k.replace('-----BEGIN PRIVATE KEY-----', ''); } }",
    "a placeholder": b"-----BEGIN PRIVATE KEY-----\n${KEY}\n-----END PRIVATE KEY-----\n",
    "a label at the end": b"-----BEGIN PRIVATE KEY-----",
    "labels alone": b"-----BEGIN PRIVATE KEY-----\n" * 50_000,
}


@posix
@pytest.mark.parametrize("form", ["PEM", "UTF-16", "base64 of the PEM", "DER", "base64 of the DER", "Apex", "JSON"])
def test_a_key_in_any_form_is_seen_to_be_open(form: str, cli: Callable[..., Result], folder: Path, pair: Pair) -> None:
    """And nothing is said of a file without one, or of one that is closed."""
    (folder / "x.key").write_bytes(key_forms(pair.key)[form])
    (folder / "x.key").chmod(0o644)
    assert "is open to other users (mode 0644): chmod 600" in cli("audit", ".").err
    (folder / "x.key").chmod(0o600)
    assert cli("audit", ".").err == ""
    for number, content in enumerate(NO_KEYS.values()):
        (folder / f"{number}.txt").write_bytes(content)
        (folder / f"{number}.txt").chmod(0o644)
    assert cli("audit", ".").err == ""


@pytest.mark.parametrize("form", ["Apex", "Apex without a label", "PEM"])
@pytest.mark.parametrize("name", ["Foo.cls", "Foo.trigger", "Setting.My_Key.md-meta.xml"])
def test_a_key_in_source_is_told_as_that(
    form: str, name: str, cli: Callable[..., Result], folder: Path, pair: Pair
) -> None:
    """No mode mends it; the key itself is shown nowhere."""
    content = key_forms(pair.key)[form]
    (folder / name).write_bytes(
        content if name[:3] == "Foo" else b"<CustomMetadata><v>" + content + b"</v></CustomMetadata>"
    )
    done = cli("audit", ".")
    assert f"a private key stands in {name}, which is source" in done.err
    assert "chmod" not in done.err
    assert pair.key.read_text()[200:240] not in done.err + done.out


@pytest.mark.parametrize("mark", [".git", "sfdx-project.json"])
def test_a_key_in_a_work_tree_is_told(mark: str, cli: Callable[..., Result], folder: Path, pair: Pair) -> None:
    """Whatever its mode."""
    (folder / mark).touch()
    (folder / "keys").mkdir()
    (folder / "keys" / "pay.key").write_bytes(pair.key.read_bytes())
    (folder / "keys" / "pay.key").chmod(0o600)
    place = Path("keys") / "pay.key"
    inside = "the git work tree" if mark == ".git" else "the Salesforce DX project"
    assert f"a private key stands in {place}, which is inside {inside}" in cli("audit", "keys").err
    assert "chmod" not in cli("audit", "keys").err


# Secrets


def reader(stdin: bytes = b"", **environ: str) -> SecretReader:
    return SecretReader(environ, io.TextIOWrapper(io.BytesIO(stdin)))


def file_source(path: Path | str) -> Source:
    return Source(SourceKind.FILE, str(path))


STDIN = Source(SourceKind.STDIN)


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    source = Source(SourceKind.ENV, "PAY")
    assert reader(PAY="päss").read(source, "--password", ask=None) == Secret("päss")
    assert reader(PAY="").read(source, "--password", ask=None) == Secret("")
    error = refused("secret.env-unset", lambda: reader().read(source, "--password", ask=None))
    assert "PAY" in error.message
    refused("secret.characters", lambda: reader(PAY="a\nb").read(source, "--password", ask=None))


@pytest.mark.parametrize(
    "content",
    [b"p\xc3\xa4ss", b"p\xc3\xa4ss\n", b"p\xc3\xa4ss\r\n", b"\xef\xbb\xbfp\xc3\xa4ss\r\n", "päss\r\n".encode("utf-16")],
    ids=["bare", "newline", "crlf", "bom", "powershell"],
)
def test_a_secret_comes_from_a_file_or_stdin_as_editors_and_shells_write_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    assert reader().read(file_source(path), "--password", ask=None) == Secret("päss")
    assert reader(content).read(STDIN, "--password", ask=None) == Secret("päss")


def test_a_secret_file_that_is_none_is_refused_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"hunter2" * SECRET_LIMIT)
    (tmp_path / "lines").write_bytes(b"hunter2\nhunter2")
    (tmp_path / "bytes").write_bytes(b"hunter2\xff")
    for name, code in {
        "large": "secret.too-large",
        "lines": "secret.characters",
        "bytes": "secret.encoding",
        "missing": "input.not-found",
        ".": "input.is-directory",
    }.items():
        error = refused(code, lambda: reader().read(file_source(tmp_path / name), "--password", ask=None))  # noqa: B023
        assert isinstance(error, InputError)
        assert "hunter2" not in error.message + "".join(error.hints)


@posix
def test_a_secret_file_may_be_a_pipe_or_an_open_descriptor(tmp_path: Path) -> None:
    """``file:<(pass show pay)`` and ``file:/dev/fd/3``; the writer may be slow."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def slowly() -> None:
        with fifo.open("wb") as file:
            for part in (b"hun", b"ter2\n"):
                time.sleep(0.05)
                file.write(part)
                file.flush()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert reader().read(file_source(fifo), "--password", ask=None) == Secret("hunter2")
    thread.join(10)
    receiving, sending = os.pipe()
    os.write(sending, b"hunter2\n")
    os.close(sending)
    assert reader().read(file_source(f"/dev/fd/{receiving}"), "--password", ask=None) == Secret("hunter2")
    os.close(receiving)
    refused("secret.too-large", lambda: reader().read(file_source("/dev/zero"), "--password", ask=None))


def test_stdin_is_read_once_in_a_command() -> None:
    secrets = reader(b"hunter2\n")
    assert secrets.read(STDIN, "--password", ask=None) == Secret("hunter2")
    error = refused("usage.stdin-twice", lambda: secrets.read(STDIN, "--key-password", ask=None))
    assert isinstance(error, UsageError)
    assert "--password" in error.message
    assert "--key-password" in error.message


def test_stdin_that_is_closed_or_too_long_is_an_error() -> None:
    refused("input.not-found", lambda: SecretReader({}, None).read(STDIN, "--password", ask=None))
    refused("secret.too-large", lambda: reader(b"x" * (SECRET_LIMIT + 1)).read(STDIN, "--password", ask=None))


@posix
def test_stdin_that_is_a_terminal_is_refused() -> None:
    """It would show the password while it is typed; the prompt does not."""
    import pty

    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        secrets = SecretReader({}, terminal)
        error = refused("usage.stdin-is-terminal", lambda: secrets.read(STDIN, "--password", ask=None))
    os.close(ours)
    assert "prompt" in error.hints[0]


def test_a_prompt_asks_and_without_a_terminal_it_is_an_error() -> None:
    source = Source(SourceKind.PROMPT)
    assert reader().read(source, "--password", ask=lambda: "hunter2") == Secret("hunter2")
    error = refused("usage.no-terminal", lambda: reader().read(source, "--password", ask=None))
    assert isinstance(error, UsageError)
    assert "--password" in error.message


def test_generate_makes_a_new_password_each_time() -> None:
    source = Source(SourceKind.GENERATE)
    made = [reader().read(source, "--password", ask=None).reveal() for _ in range(2)]
    assert made[0] != made[1]
    assert [len(password) for password in made] == [24, 24]
