"""Which key a run works with, and in what form it is written."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.crypto import keys
from sfkeytool.errors import PrivateKeyError, UsageError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundKey
from sfkeytool.keystores.heap import gather
from sfkeytool.keystores.selection import select_key
from sfkeytool.model import Artifact, ArtifactKind, Notice, Opaque, PlannedFile, Request
from sfkeytool.passwords import Secret, Source
from sfkeytool.workflows.package import require_length

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

DEFAULT_BITS = 2048
"""As Setup's own: Salesforce Help, "Generate a Self-Signed Certificate" (read 2026)."""


class KeyRequest(Request, frozen=True, kw_only=True):
    """Which key: reuse ``key_file``, else the key in the folder, else a new one of ``bits``.

    ``bits`` is None when none was asked for. ``key_password`` encrypts the .key that is written.
    """

    key_file: Path | None = None
    bits: int | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()

    @property
    def is_slow(self) -> bool:
        """Whether making it takes so long that somebody wonders."""
        return self.key_file is None and (self.bits or 0) > DEFAULT_BITS


class KeyInputs(Struct, frozen=True):
    """What was read for the key. ``existing`` is NAME.key of the folder, ``reused`` the file of ``--key``."""

    existing: InputFile | None = None
    reused: InputFile | None = None
    input_passwords: Sequence[Secret] = ()
    key_password: Secret | None = None

    def with_passwords(self, passwords: Sequence[Secret]) -> "KeyInputs":
        """The same with other passwords to try."""
        return replace(self, input_passwords=passwords)


class ChosenKey(Opaque, frozen=True):
    """The key of a run. ``artifact`` is None when no .key is written."""

    key: "RSAPrivateKey"
    source: str
    """``generated``, ``existing`` (NAME.key in the folder) or ``reused`` (``--key``)."""
    artifact: Artifact | None
    notices: tuple[Notice, ...] = ()


def choose_key(name: str, bits: int | None, inputs: KeyInputs) -> ChosenKey:
    """Reuse the key that is there, or generate one of ``bits``.

    Raises PrivateKeyError when ``--key`` and NAME.key differ or the key is none that Salesforce takes, and UsageError
    when ``--key-size`` contradicts the key that is there.
    """
    if inputs.key_password is not None:
        require_length(inputs.key_password, f"{name}.key")
    existing = _single_key(inputs.existing, inputs.input_passwords) if inputs.existing else None
    reused = _single_key(inputs.reused, inputs.input_passwords) if inputs.reused else None
    if existing and reused and existing.spki_der != reused.spki_der:
        raise PrivateKeyError(
            "key.another-exists",
            f"{existing.origin} holds another key than {reused.origin}; a private key is never replaced",
            "leave --key out to use the key that is there, or take another NAME or --output-dir",
        )
    found = reused or existing
    if found is None:
        generated = keys.generate_key(bits or DEFAULT_BITS)
        return ChosenKey(generated, "generated", key_artifact(name, generated, inputs.key_password))
    key = keys.require_supported(found.key, found.origin)
    if bits and key.key_size != bits:
        raise UsageError(
            "usage.key-size",
            f"--key-size {bits} contradicts {found.origin}, which holds a key of {key.key_size} bits",
            "leave --key-size out",
        )
    if inputs.key_password is not None:
        notice = Notice("key.password-unused", "--key-password was not used: no key file is written")
        notices: tuple[Notice, ...] = (notice,)
    else:
        notices = ()
    if reused is None:
        message = f"using the key that is there already, {found.origin} ({keys.public_key_sha256(key.public_key())})"
        notices = (Notice("key.existing-used", message), *notices)
    return ChosenKey(key, "reused" if reused else "existing", None, notices)


def key_artifact(name: str, key: keys.PrivateKey, password: Secret | None, folder: str = "") -> Artifact:
    """NAME.key: PKCS#8 PEM, encrypted if there is a password."""
    return Artifact.of(name, ArtifactKind.PRIVATE_KEY, keys.encode_key_pem(key, password), folder)


def key_files(name: str, request: KeyRequest, *, has_key: bool) -> tuple[PlannedFile, ...]:
    """NAME.key, where choose_key() will make one."""
    return () if has_key or request.key_file is not None else PlannedFile.of(name, ArtifactKind.PRIVATE_KEY)


def _single_key(file: InputFile, passwords: Sequence[Secret]) -> FoundKey:
    """The one key of a file. Raises PrivateKeyError and KeystoreError."""
    return select_key(gather([parse_contents(file, passwords)], "--input-password", by_alias=False)).key
