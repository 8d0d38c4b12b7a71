"""Everything that is read: input files, folders of them, and secrets from where a SOURCE says they are."""

import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from sfkeytool.edge.exposure import key_notice
from sfkeytool.edge.open_elsewhere import input_open_elsewhere, insisting, is_open_elsewhere
from sfkeytool.edge.projects import repository_around
from sfkeytool.edge.synced import synced_around
from sfkeytool.errors import InputError, UsageError
from sfkeytool.model import Notice
from sfkeytool.passwords import Secret, Source, SourceKind, checked_secret, decode_secret, generate_password
from sfkeytool.shell import shell_line

INPUT_LIMIT = 16 << 20
"""Bytes. No keystore or bundle of certificates comes near it: our own bound."""

SECRET_LIMIT = 64 << 10
"""Bytes of a password file: our own bound."""

_PLAIN = (
    os.O_RDONLY
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
# A FIFO without a writer would hold a blocking open for ever.
_NONBLOCKING = _PLAIN | getattr(os, "O_NONBLOCK", 0)
_CHUNK = 1 << 20
_ADDRESS = re.compile(r"(https?):[/\\]+", re.IGNORECASE)
_SOURCE_NAMES = (".cls", ".trigger", ".page", ".component", ".js", "-meta.xml", ".md")
"""Apex, pages, metadata (custom metadata without -meta.xml ends in .md): nobody keeps a key for itself in these."""
_HINT_ENTRIES = 5_000


def read_input(path: Path, *, limit: int = INPUT_LIMIT) -> bytes:
    """The bytes of a regular file; secret if the file is.

    Never waits for a pipe or a device, and never holds more than ``limit`` bytes and one. Raises InputError:
    input.address, input.not-found, input.is-directory, input.not-regular, input.open-elsewhere, input.not-permitted,
    input.too-large, input.empty, input.unreadable.
    """
    try:
        descriptor = insisting(lambda: os.open(path, _NONBLOCKING))
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise _is_directory(path)
            if not stat.S_ISREG(mode):
                raise _not_regular(path)
            content = _read_up_to(descriptor, limit + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _input_error(error, path) from error
    if len(content) > limit:
        raise InputError(
            "input.too-large",
            f"{path} is larger than {_size(limit)}; no key, certificate or keystore is",
            _SHOW_HINT,
        )
    if not content:
        raise InputError("input.empty", f"{path} is empty; a key, certificate or keystore was expected")
    return content


def walk_inputs(paths: Sequence[Path], on_error: Callable[[InputError], None] | None = None) -> Iterator[Path]:
    """Each path that is no folder as it is, and of each folder its regular files, sorted, at any depth.

    Symlinks to folders are not followed below a given path; ``.git`` and our own staging files are left out.
    A folder that cannot be listed is InputError input.not-permitted: raised, or handed to ``on_error`` and passed over.
    """
    for path in paths:
        if not _is_folder(path):
            yield path
            continue
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                unlisted = InputError(
                    "input.not-permitted", f"{folder}: the folder cannot be listed ({error.strerror})"
                )
                if on_error is None:
                    raise unlisted from error
                on_error(unlisted)
                continue
            entries = [entry for entry in entries if entry.name != ".git" and not entry.name.startswith(".sfkeytool")]
            yield from (folder / entry.name for entry in entries if os.path.isfile(entry))
            waiting += [folder / entry.name for entry in reversed(entries) if entry.is_dir(follow_symlinks=False)]


def key_notices(path: Path) -> Iterator[Notice]:
    """Warnings about a file that holds a private key: that it is source, or lies where source does, or where all is
    uploaded; and that other users may read it, with the command that closes it."""
    if path.name.lower().endswith(_SOURCE_NAMES):
        yield Notice(
            "input.key-in-source",
            f"a private key stands in {path}, which is source: whoever reads it, or its history, has the key",
        )
        return
    if inside := repository_around(path.parent):
        yield Notice(
            "input.key-in-source",
            f"a private key stands in {path}, which is inside {inside}: it must not be committed",
        )
    if inside := synced_around(path.parent):
        yield Notice(
            "input.key-in-synced-folder",
            f"a private key stands in {path}, which is inside {inside}: it is uploaded, and kept there in versions when"
            " it is deleted here",
        )
    if notice := key_notice(path):
        yield notice


class SecretReader:
    """Fetches secrets from their SOURCEs during one command, which may use stdin once.

    ``withheld`` are variables that hold secrets, which may become more: no command that gives another one gets them.
    ``printed`` is what commands printed before, and is added to; secret.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        stdin: TextIO | None,
        withheld: Collection[str] = (),
        printed: dict[str, bytes] | None = None,
    ) -> None:
        self._environ = environ
        self._stdin = stdin
        self._stdin_used_by: str | None = None
        self._printed: dict[str, bytes] = {} if printed is None else printed
        self._withheld = withheld

    def read(self, source: Source, option: str, *, ask: Callable[[], str] | None) -> Secret:
        """The secret at ``source``; ``option`` is the flag that named it, for messages.

        ``ask`` gets it (secret) from the person at the terminal; None if there is none.

        Raises InputError (secret.env-unset, secret.too-large, secret.encoding, secret.characters, those of commands
        and of files) and UsageError (usage.no-terminal, usage.stdin-twice, usage.stdin-is-terminal, and those of
        commands).
        """
        match source.kind:
            case SourceKind.GENERATE:
                return generate_password()
            case SourceKind.ENV:
                return self._from_environment(source.argument, option)
            case SourceKind.FILE:
                return decode_secret(_read_secret_file(Path(source.argument)), source.argument)
            case SourceKind.COMMAND:
                return decode_secret(self.printed_by(source, option), str(source))
            case SourceKind.STDIN:
                return decode_secret(self._from_stdin(option), "stdin")
            case SourceKind.PROMPT:
                if ask is None:
                    raise UsageError(
                        "usage.no-terminal",
                        f"{option}: there is no terminal to ask for the password on",
                        f"{option} env:NAME, file:PATH, cmd:COMMAND or stdin",
                    )
                return checked_secret(ask(), "the prompt")

    def printed_by(self, source: Source, option: str) -> bytes:
        """What the command at ``source`` prints; secret. It is run once, though two options name it: a password
        manager would ask for its owner's finger again. Raises what run_secret_command() does."""
        if source.argument not in self._printed:
            from sfkeytool.edge.secret_command import run_secret_command

            self._printed[source.argument] = run_secret_command(source, option, self._environ, self._withheld)
        return self._printed[source.argument]

    def _from_environment(self, name: str, option: str) -> Secret:
        value = self._environ.get(name)
        if value is None:
            raise InputError("secret.env-unset", f"{option}: the environment variable {name} is not set")
        return checked_secret(value, f"the environment variable {name}")

    def _from_stdin(self, option: str) -> bytes:
        if self._stdin_used_by is not None:
            raise UsageError(
                "usage.stdin-twice",
                f"{option}: stdin was read for {self._stdin_used_by} already, and can be read once",
                "use env:NAME, file:PATH or cmd:COMMAND for the other one",
            )
        self._stdin_used_by = option
        if self._stdin is None:
            raise InputError("input.not-found", f"{option}: there is no stdin to read from")
        if self._stdin.isatty():
            raise UsageError(
                "usage.stdin-is-terminal",
                f"{option}: stdin is a terminal, which would show the password while it is typed",
                f"{option} prompt",
            )
        try:
            content = self._stdin.buffer.read(SECRET_LIMIT + 1)
        except OSError as error:
            raise InputError("input.unreadable", f"{option}: stdin cannot be read ({error.strerror})") from error
        return _within_limit(content, "stdin")


def _read_secret_file(path: Path) -> bytes:
    """A password file's bytes (secret). It may be a pipe: a shell's ``<(command)`` is one."""
    try:
        descriptor = insisting(lambda: os.open(path, _PLAIN))
        try:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise _is_directory(path)
            content = _read_up_to(descriptor, SECRET_LIMIT + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _input_error(error, path) from error
    return _within_limit(content, str(path))


def _within_limit(content: bytes, where: str) -> bytes:
    if len(content) > SECRET_LIMIT:
        raise InputError("secret.too-large", f"{where} holds more than {_size(SECRET_LIMIT)}; a password was expected")
    return content


def _read_up_to(descriptor: int, count: int) -> bytes:
    content = bytearray()
    while len(content) < count and (chunk := os.read(descriptor, min(_CHUNK, count - len(content)))):
        content += chunk
    return bytes(content)


_SHOW_HINT = "give the file that holds the key or certificate"


def _input_error(error: OSError | ValueError, path: Path) -> InputError:
    if not isinstance(error, OSError):  # a NUL in the path
        return InputError("input.not-found", f"{str(path)!r} cannot be the path of a file")
    if address := _ADDRESS.match(str(path)):  # a Path has one slash of two, and Windows its own
        url = f"{address[1]}://{str(path)[address.end() :]}".replace("\\", "/")
        return InputError(
            "input.address",
            f"{url} is an address, and files alone are read: nothing is fetched",
            f"download it, and give the file: {shell_line(['curl', '--location', '--output', 'FILE', url])}",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        near = _close_match(path)
        return InputError("input.not-found", f"{path} does not exist", *([f"did you mean {near}?"] if near else []))
    if os.name == "nt" and _is_folder(path):  # which Windows does not open
        return _is_directory(path)
    if error.errno == errno.ENXIO:  # a socket
        return _not_regular(path)
    if error.errno in (errno.EACCES, errno.EPERM):
        if is_open_elsewhere(path):
            return input_open_elsewhere(path)
        return InputError("input.not-permitted", f"{path}: reading is not permitted ({error.strerror})")
    return InputError("input.unreadable", f"{path} cannot be read ({error.strerror})")


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)


def _is_directory(path: Path) -> InputError:
    return InputError("input.is-directory", f"{path} is a folder; a file was expected")


def _not_regular(path: Path) -> InputError:
    return InputError("input.not-regular", f"{path} is a pipe, device or socket; a regular file was expected")


def _close_match(path: Path) -> Path | None:
    from difflib import get_close_matches

    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_HINT_ENTRIES), strict=False)]
    except OSError:
        return None
    matches = get_close_matches(path.name, names, n=1)
    return path.with_name(matches[0]) if matches else None


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count >> 10} KB"
