"""Secrets, and the SOURCE grammar by which the command line names where one comes from."""

import re
from enum import StrEnum
from typing import NoReturn

from msgspec import Struct

from sfkeytool.errors import InputError, UsageError

GENERATED_LENGTH = 24
"""Characters of a generated password, of an alphabet of 75: 149.5 bits. JKS is tested with one SHA-1 a guess."""

MINIMUM_LENGTH = 8
"""Shortest password with which a keystore is made. keytool's own minimum is 6; NIST SP 800-63B-4 says 8."""

MINIMUM_BCFKS_LENGTH = 14
"""Shortest password with which a BCFKS is made: Bouncy Castle's FIPS library wants 112 bits of one in approved mode,
which it counts as this many bytes (FipsUnapprovedOperationError: password must be at least 112 bits)."""


def minimum_length(format: str) -> int:
    """Characters of the shortest password with which a keystore in this format is made."""
    return MINIMUM_BCFKS_LENGTH if format == "bcfks" else MINIMUM_LENGTH


COMFORTABLE_LENGTH = 12
"""Below this a made password draws a warning: hashcat mode 15500 tries some 20 billion JKS passwords a second
on one graphics card (2026), so 8 random printable characters last days and 12 last millennia."""

# No quote, backslash, dollar, backtick, blank, bracket, comma, semicolon, `&` or `|`. So every character is itself in
# single quotes of POSIX shells and PowerShell, and as a value in a .properties file. In double quotes `!` recalls
# commands in interactive bash and zsh; in cmd.exe `%` is a variable there too, and `!` under delayed expansion. Without
# quotes `#`, `~`, `=`, `?`, `%` and `@` mean something to one shell or another. `file:PATH` needs none of that.
_GENERATED_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#%+-./:=?@_~"


class Secret:
    """A password in memory. Prints as ``Secret(…)``, is not serialisable, and opens only through reveal()."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The password itself. Secret."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    @property
    def length(self) -> int:
        """Characters. Not ``len()``, which would make the empty password false in an ``or``."""
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        """Constant-time comparison."""
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass")
        )

    __hash__ = None  # type: ignore[assignment]  # a hash would tell secrets apart in a dict's timing and order

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialisable")


class SourceKind(StrEnum):
    ENV = "env"
    FILE = "file"
    COMMAND = "cmd"
    STDIN = "stdin"
    PROMPT = "prompt"
    GENERATE = "generate"


SOURCES = "env:NAME, file:PATH, cmd:COMMAND, stdin or prompt"
"""The forms of a SOURCE whose secret exists already, as texts list them."""


class Source(Struct, frozen=True):
    """Where a secret comes from; never the secret itself, so it may be printed and stored."""

    kind: SourceKind
    argument: str = ""

    def __str__(self) -> str:
        """Of a command the program alone: people put tokens among its arguments."""
        if self.kind is SourceKind.COMMAND:
            program, _, rest = self.argument.strip().partition(" ")
            name, assigned, _ = program.partition("=")
            return f"cmd:{name} …" if rest or assigned else f"cmd:{name}"
        return f"{self.kind}:{self.argument}" if self.argument else str(self.kind)


def parse_source(text: str, option: str, *, may_generate: bool = False, may_run: bool = True) -> Source:
    """Read a SOURCE: ``env:NAME``, ``file:PATH``, ``cmd:COMMAND``, ``stdin``, ``prompt`` or, where a password is made,
    ``generate``.

    ``may_run``: false for what stands in a file, which is not to start programs. A bare value is refused without
    echoing it, because it may be the password. Raises UsageError.
    """
    kind, colon, argument = text.partition(":")
    forms = SOURCES if may_run else SOURCES.replace("cmd:COMMAND, ", "")
    forms += ", or generate" if may_generate else ""
    if kind == "cmd" and colon:
        if not may_run:
            raise UsageError(
                "usage.source",
                f"{option}: cmd: is taken on the command line and at a question alone: a file that is shared, or"
                " cloned, is not to say which programs run here",
                f"write {forms}",
            )
        if argument.strip():
            return Source(SourceKind.COMMAND, argument)
        raise UsageError("usage.source", f"{option}: cmd: is followed by a command", f"write {forms}")
    if kind in ("env", "file") and colon:
        if argument and (kind == "file" or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_()]*", argument)):
            return Source(SourceKind(kind), argument)
        what = "a file's path" if kind == "file" else "an environment variable's name"
        raise UsageError("usage.source", f"{option}: {kind}: is followed by {what}", f"write {forms}")
    if text in ("stdin", "prompt") or (text == "generate" and may_generate):
        return Source(SourceKind(text))
    if text == "generate":
        raise UsageError(
            "usage.source", f"{option}: generate makes a new password; this one exists already", f"write {forms}"
        )
    raise UsageError(
        "usage.secret-on-command-line",
        f"{option} takes where the secret is, not the secret: arguments show in process lists and shell history",
        f"write {forms}",
    )


def generate_password() -> Secret:
    """A new random password of 24 printable ASCII characters, from the system's CSPRNG."""
    import secrets  # with what it imports it costs 8 ms, which most runs need not pay

    return Secret("".join(secrets.choice(_GENERATED_ALPHABET) for _ in range(GENERATED_LENGTH)))


def decode_secret(data: bytes, where: str) -> Secret:
    """The secret in a file's or pipe's bytes. Raises InputError as decode_text(), and for a NUL or an inner newline."""
    return checked_secret(decode_text(data, where), where)


def decode_text(data: bytes, where: str) -> str:
    """The text in a file's or pipe's bytes: UTF-8, or UTF-16 with a BOM (PowerShell's ``>``). Secret.

    A BOM and one trailing newline are dropped. Raises InputError (secret.encoding).
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise InputError("secret.encoding", f"the secret from {where} is neither UTF-8 nor UTF-16 with a BOM") from None
    if text.endswith("\n"):
        text = text[:-1].removesuffix("\r")
    return text


def checked_secret(text: str, where: str) -> Secret:
    """``text`` as a Secret; raises InputError for a NUL or a newline, which no keystore password survives."""
    if any(c in text for c in "\0\r\n"):
        raise InputError(
            "secret.characters", f"the secret from {where} holds a NUL or a line break", "write it on a single line"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # an environment variable's undecodable bytes arrive as lone surrogates
        raise InputError("secret.encoding", f"the secret from {where} is not valid UTF-8") from None
    return Secret(text)
