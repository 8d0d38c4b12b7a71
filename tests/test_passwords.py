"""Secrets: the SOURCE grammar, and that none ever shows where it should not."""

import math
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PASSWORD, WINE, Pair, Result, keytool, openssl, tree

from sfkeytool.passwords import Secret, Source, SourceKind, generate_password

Cli = Callable[..., Result]
NEEDLE = "n33dle-in-the-hay-stack"


def opens(jks: Path, password: str) -> bool:
    return "PrivateKeyEntry" in keytool("-list", "-storetype", "JKS", "-keystore", jks, "-storepass", password)


@pytest.mark.parametrize(
    "content",
    [b"%b", b"%b\n", b"%b\r\n", b"\xef\xbb\xbf%b\n", "utf-16", "utf-16-le-bom"],
    ids=["bare", "LF", "CRLF", "BOM", "UTF-16 of PowerShell", "UTF-16 LE"],
)
@pytest.mark.slow
def test_a_password_file_is_read_as_people_write_it(content: bytes | str, cli: Cli, folder: Path, pair: Pair) -> None:
    """One trailing newline and a BOM are dropped; Java opens the keystore with the bare password."""
    if isinstance(content, bytes):
        data = content.replace(b"%b", NEEDLE.encode())
    else:
        data = (NEEDLE + "\r\n").encode("utf-16") if content == "utf-16" else b"\xff\xfe" + NEEDLE.encode("utf-16-le")
    (folder / "pw").write_bytes(data)
    result = cli("wrap", "pay", pair.key, pair.crt, "--password", "file:pw")
    assert result.code == 0, result.err
    assert opens(folder / "pay" / "pay.jks", NEEDLE)


@pytest.mark.slow
def test_every_source_gives_the_same_password(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """stdin, env and the default variable."""
    monkeypatch.setenv("MINE", NEEDLE)
    assert cli("wrap", "a", pair.key, pair.crt, "--password", "stdin", stdin=NEEDLE.encode() + b"\n").code == 0
    assert cli("wrap", "b", pair.key, pair.crt, "--password", "env:MINE").code == 0
    monkeypatch.setenv("SFKEYTOOL_PASSWORD", NEEDLE)
    assert cli("wrap", "c", pair.key, pair.crt).code == 0
    assert all(opens(folder / name / f"{name}.jks", NEEDLE) for name in "abc")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_source_may_be_a_pipe(cli: Cli, folder: Path, pair: Pair) -> None:
    """file:<(command) of a shell."""
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=lambda: (folder / "pipe").write_text(NEEDLE + "\n"))
    writer.start()
    result = cli("wrap", "pay", pair.key, pair.crt, "--password", "file:pipe")
    writer.join(10)
    assert result.code == 0, result.err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--password", NEEDLE), ("--input-password", NEEDLE), ("--key-password", "pass:" + NEEDLE), ("--password", "env:"),
     ("--password", "file:"), ("--password", "env:" + NEEDLE + "!"), ("--key-password", "generate")],
)  # fmt: skip
def test_a_bare_secret_is_refused_with_the_reason_and_not_echoed(
    option: str, value: str, cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments show in process lists; repeating one in an error would put it into logs as well."""
    monkeypatch.setenv("SFKEYTOOL_PASSWORD", PASSWORD)
    for extra in ((), ("--json",)):
        result = cli("wrap", "pay", pair.key, pair.crt, option, value, *extra)
        assert result.code == 2
        assert option in result.out + result.err
        assert NEEDLE not in result.out + result.err
        assert not (folder / "pay").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"two\nlines\n", "line break"), (b"nul\0byte", "NUL"), (b"\xff\xfe\xff", "UTF-8"), (b"latin-\xe9", "UTF-8"),
     (b"x" * 100_000, "64 KB")],
    ids=["two lines", "NUL", "broken UTF-16", "latin-1", "100 kB"],
)  # fmt: skip
def test_what_cannot_be_a_password_is_refused(data: bytes, words: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """With the file's name, and nothing of its content."""
    (folder / "pw").write_bytes(data)
    result = cli("wrap", "pay", pair.key, pair.crt, "--password", "file:pw")
    assert result.code == 1
    assert words in result.err
    assert "pw" in result.err
    assert not (folder / "pay").exists()


def test_stdin_serves_one_secret(cli: Cli, pair: Pair) -> None:
    """The second option that wants it is told so."""
    result = cli("wrap", "pay", pair.key, pair.crt, "--password", "stdin", "--key-password", "stdin", stdin=b"x" * 20)
    assert result.code == 2
    assert "stdin" in result.err


def test_a_prompt_without_a_terminal_is_wrong_usage(cli: Cli, pair: Pair) -> None:
    """And so is a password that is missing altogether."""
    assert cli("wrap", "pay", pair.key, pair.crt, "--password", "prompt").code == 2
    missing = cli("wrap", "pay", pair.key, pair.crt)
    assert missing.code == 2
    assert "--password" in missing.err


def test_a_command_takes_no_password_that_it_has_no_use_for(cli: Cli) -> None:
    """csr makes no keystore."""
    result = cli("csr", "pay", "--password", "generate")
    assert result.code == 2
    assert "--password" in result.err


def test_a_secret_keeps_itself_to_itself() -> None:
    """Not in a repr, a format, a pickle, a hash; equal in constant time to itself alone."""
    secret = Secret(NEEDLE)
    assert NEEDLE not in f"{secret} {secret!r} {[secret]} {Source(SourceKind.ENV, 'X')!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret(NEEDLE)
    assert secret != Secret(NEEDLE + "x")
    assert not hasattr(secret, "__dict__")


def test_generated_passwords_are_24_printable_characters_and_differ() -> None:
    """Printable ASCII without quotes, backslash, dollar, backtick or blank; 149.5 bits."""
    made = {generate_password().reveal() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password) == 24 for password in made)
    letters = set("".join(made))
    assert all(33 <= ord(letter) <= 126 for letter in letters)
    assert not letters & set("\"'\\$`")
    assert round(24 * math.log2(len(letters)), 1) == 149.5


def test_in_single_quotes_a_generated_password_is_itself_in_a_shell() -> None:
    """All characters that one can have, in each shell that is here."""
    letters = "".join(sorted(set("".join(generate_password().reveal() for _ in range(200)))))
    for shell in filter(shutil.which, ("sh", "bash", "dash", "ksh", "zsh", "pwsh", "powershell")):
        if WINE and shell == "powershell":  # a program that does nothing
            continue
        command = f"[Console]::Write('{letters}')" if "p" in shell else f"printf %s '{letters}'"
        printed = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=True, timeout=60).stdout
        assert printed == letters, shell


@pytest.mark.slow
@pytest.mark.parametrize("debug", ["", "1"])
def test_no_secret_leaves_by_any_door(debug: str, folder: Path, pair: Pair, other_pair: Pair) -> None:
    """stdout, stderr, every file but the intended, and the command lines of all processes; on success and on failure."""
    needle = f"needle-{os.urandom(8).hex()}"  # its own: parallel tests hand theirs to keytool on its command line
    openssl("pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-passout", f"pass:{needle}", "-out", "in.pfx")
    env = {
        **os.environ,
        "MINE": needle,
        "SFKEYTOOL_KEY_PASSWORD": needle + "-key",
        "SFKEYTOOL_DEBUG": debug,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    runs = [
        ("wrap", "pay", "in.pfx", "--input-password", "env:MINE", "--password", "env:MINE", "-v"),
        ("wrap", "pay", "in.pfx", "--input-password", "env:MINE", "--password", "env:MINE", "-v", "--json"),
        (
            "wrap",
            "other",
            "in.pfx",
            str(other_pair.key),
            "--password",
            "env:MINE",
            "--input-password",
            "env:SFKEYTOOL_KEY_PASSWORD",
            "-v",
        ),
        ("show", "pay/pay.jks", "in.pfx", "--password", "env:MINE", "-v"),
        ("unwrap", "pay/pay.jks", "-d", "out", "--password", "env:MINE", "-v", "--json"),
        ("unwrap", "pay/pay.jks", "-d", "out2", "--password", "env:SFKEYTOOL_KEY_PASSWORD", "-v"),
        ("self-signed", "gen", "--password", "generate", "-v", "--json"),
        ("wrap", "pay", "in.pfx", "--password", needle),
    ]
    key_lines = [
        line for line in openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key).splitlines() if "-----" not in line
    ]
    for arguments in runs:
        process = subprocess.Popen(
            [sys.executable, "-m", "sfkeytool", *arguments], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        seen = b""
        while process.poll() is None:
            for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    if cmdline.parent.name != str(os.getpid()):
                        seen += cmdline.read_bytes()
                except OSError:
                    continue
            time.sleep(0.02)
        out, err = process.communicate(timeout=30)
        if needle not in arguments:
            assert needle.encode() not in seen
        assert needle not in out + err, arguments
        assert not any(line in out + err for line in key_lines), arguments
        assert process.returncode in (0, 1, 2)
    generated = (folder / "gen" / "gen.jks.password").read_text().strip()
    for name, content in tree(folder).items():
        assert needle.encode() not in content, name
        assert needle.encode("utf-16-be") not in content, name
        assert name.endswith("jks.password") or generated.encode() not in content
        if any(line.encode() in content for line in key_lines):
            pytest.fail(f"{name} holds the key in clear")
