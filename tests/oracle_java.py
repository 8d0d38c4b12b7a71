"""java.security.KeyStore of a genuine Java, as a judge of our keystores and a maker of others; see java_server.py."""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conftest import required_file

BCPROV = Path(os.environ.get("BCPROV", "/usr/share/java/bcprov.jar"))
"""Bouncy Castle's provider, where Debian's libbcprov-java puts it."""

_TURN = threading.Lock()
"""One question at a time: a fake org asks from threads of its own."""


class JavaError(Exception):
    """What Java threw. ``kind`` is the class's full name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass(frozen=True)
class JavaStore:
    """A store that Java has opened."""

    data: bytes
    type: str
    password: str | None

    def aliases(self) -> list[str]:
        found: list[str] = _ask("aliases", *self._arguments)
        return found

    def key_aliases(self) -> list[str]:
        found: list[str] = _ask("key_aliases", *self._arguments)
        return found

    def certificate(self, alias: str) -> bytes | None:
        """DER."""
        found: bytes | None = _ask("certificate", *self._arguments, alias)
        return found

    @property
    def _arguments(self) -> tuple[bytes, str, str | None]:
        return self.data, self.type, self.password


def java_load(data: bytes, type: str, password: str | None) -> JavaStore:
    """The store as Java opens it. Raises JavaError."""
    _ask("load", data, type, password)
    return JavaStore(data, type, password)


def java_refuses(data: bytes, type: str, password: str) -> bool:
    """As it refuses a wrong password."""
    try:
        java_load(data, type, password)
    except JavaError as error:
        return error.kind == "java.io.IOException"
    return False


def java_key(store: JavaStore, alias: str, password: str) -> bytes | None:
    """The key of ``alias`` as PKCS#8 DER."""
    found: bytes | None = _ask("key", *store._arguments, alias, password)
    return found


def java_chain(store: JavaStore, alias: str) -> tuple[bytes, ...]:
    found: tuple[bytes, ...] = _ask("chain", *store._arguments, alias)
    return found


@dataclass(frozen=True)
class JavaKeyEntry:
    """An entry that holds a key, as one password for store and key opens it."""

    alias: str
    algorithm: str
    """Empty where the password opens the store, but not this key."""
    format: str
    bits: int
    """0 unless the key is RSA."""
    fits: bool
    """Whether the key is that of its certificate."""
    chain_der: tuple[bytes, ...]
    not_after_ms: int
    """Of the chain's first certificate, as the rest: 0, empty or false without one."""
    signed_with: str
    """``SHA256withRSA``."""
    is_self_issued: bool


def java_key_entries(data: bytes, type: str, password: str) -> list[JavaKeyEntry]:
    """Raises JavaError where the store does not open."""
    return [JavaKeyEntry(**entry) for entry in _ask("key_entries", data, type, password)]


def java_opens_whole(data: bytes, type: str, password: str) -> None:
    """Nothing, if each key entry gives its key and its chain. Raises JavaError."""
    _ask("open_whole", data, type, password)


def java_parse(der: bytes) -> bytes:
    """What CertificateFactory makes of a certificate, encoded again. Raises JavaError."""
    parsed: bytes = _ask("parse", der)
    return parsed


def java_created_at_ms(store: JavaStore, alias: str) -> int:
    return int(_ask("created_at_ms", *store._arguments, alias))


def java_make(
    type: str,
    password: str,
    keys: Sequence[tuple[str, bytes, str, Sequence[bytes]]],
    trusted: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """A store that Java writes. ``keys``: alias, RSA key (PKCS#8 DER), its password, chain; ``trusted``: alias, DER."""
    made: bytes = _ask("make", type, password, keys, trusted)
    return made


def java_make_bcfks(
    password: str,
    keys: Sequence[tuple[str, bytes, str, Sequence[bytes]]] = (),
    trusted: Sequence[tuple[str, bytes]] = (),
    secret: Sequence[tuple[str, bytes]] = (),
    protected: Sequence[tuple[str, bytes, Sequence[bytes]]] = (),
    *,
    kdf: tuple[str, int] = ("sha512", 51_200),
    cipher: str = "AES256_CCM",
    mac: str = "HmacSHA512",
    signing_key_pkcs8: bytes | None = None,
) -> bytes:
    """A BCFKS that Bouncy Castle writes where it is told how.

    ``keys`` and ``trusted`` as in java_make(); ``secret``: alias and AES key; ``protected``: alias, key that is
    encrypted already, chain (none for a secret key). ``kdf`` is ``sha512`` or ``sha3`` with rounds, or ``scrypt`` with
    its cost; ``cipher`` and ``mac`` are Bouncy Castle's names. A signing key (RSA, PKCS#8 DER) stands for a MAC.
    """
    bouncy_castle()
    made: bytes = _ask("make_bcfks", password, keys, trusted, secret, protected, kdf, cipher, mac, signing_key_pkcs8)
    return made


def java_encrypt_pkcs8(pkcs8: bytes, password: str, algorithm: str, bouncy_castle_s_oid: str = "") -> bytes:
    """An EncryptedPrivateKeyInfo by Java's own provider, or, if the OID is given, by Bouncy Castle's; ``algorithm`` is
    the provider's name of a password-based encryption. Raises JavaError."""
    made: bytes = _ask("encrypt_pkcs8", pkcs8, password, algorithm, bouncy_castle_s_oid)
    return made


def java_decrypt_pkcs8(encrypted: bytes, password: str) -> bytes:
    """The PKCS#8 in an EncryptedPrivateKeyInfo of PBES2, by Java's own provider. Raises JavaError."""
    opened: bytes = _ask("decrypt_pkcs8", encrypted, password, "SunJCE")
    return opened


def bouncy_castle() -> Path:
    """Bouncy Castle's provider; its tests skip where it is absent, unless CI demands it."""
    return required_file(BCPROV, "Bouncy Castle (Debian: libbcprov-java)")


def java_keytool(folder: Path, arguments: Sequence[object]) -> str:
    """What the genuine keytool prints in ``folder``, in English; without the price of a new Java. Raises JavaError."""
    printed: str = _ask("keytool", str(folder), [str(argument) for argument in arguments])
    return printed.replace("\r\n", "\n")


@cache
def _java() -> "subprocess.Popen[bytes]":
    server = Path(__file__).with_name("java_server.py")
    command = [sys.executable, str(server), str(BCPROV)]
    # Not in the current folder, which is a test's, and goes with it.
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=server.parent)


def _ask(name: str, *arguments: Any) -> Any:
    with _TURN:
        java = _java()
        assert java.stdin is not None
        assert java.stdout is not None
        pickle.dump((name, arguments), java.stdin)
        java.stdin.flush()
        kind, answer = pickle.load(java.stdout)
    if kind:
        raise JavaError(kind, answer)
    return answer
