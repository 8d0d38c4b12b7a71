"""What flows between the rooms: requests go in, an Outcome comes out, a Receipt proves that it is on disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Generic, Self, TypeVar, overload

from msgspec import Meta, Struct
from msgspec.structs import fields

Fingerprint = Annotated[
    str, Meta(pattern="^([0-9A-F]{2}:){31}[0-9A-F]{2}$", description="SHA-256, colon-separated upper-case hex")
]
UtcTime = Annotated[datetime, Meta(tz=True, description="ISO 8601, UTC, whole seconds")]
"""Aware, in UTC and of whole seconds wherever it stands in a result."""
UniqueNameText = Annotated[
    str,
    Meta(pattern="^[a-z](_?[a-z0-9])*$", max_length=40, description="Unique name in Certificate and Key Management"),
]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9]+(\.[a-z0-9-]+)*$", description="Stable; in docs/codes.md")]


class Opaque(Struct, frozen=True):
    """A record that never shows its values in a repr: they are secret, or more bytes than anybody reads."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Result(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a workflow found out or made, or a part of it: values until the screen, and the very shape of the JSON.

    No field is secret. Datetimes are aware, UTC, whole seconds; a field that JSON leaves out is UNSET.
    """


V = TypeVar("V")
T = TypeVar("T", covariant=True)


class Made(Sequence[T]):
    """Values of a result that are made when they are looked at: all at once may be more than memory should hold."""

    def __init__(self, make: Callable[[V], T], of: Sequence[V]) -> None:
        self._make: Callable[[Any], T] = make
        self._of = of

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._of)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return Made(self._make, self._of[index]) if isinstance(index, slice) else self._make(self._of[index])


class Request(Struct, frozen=True, kw_only=True):
    """What a command is asked to do. Flags, answers and configuration fill the same request, so they cannot differ."""

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The request of typed ``values``, by the names of its fields; a field that is a request takes from the same
        values. What is None, or missing, keeps its default."""
        given: dict[str, Any] = {}
        for field in fields(cls):
            if isinstance(field.type, type) and issubclass(field.type, Request):
                given[field.name] = field.type.from_values(values)
            elif values.get(field.name) is not None:
                given[field.name] = values[field.name]
        return cls(**given)


R = TypeVar("R", covariant=True)


class Purpose(StrEnum):
    """What a keypair is for; it chooses extensions, checks and the next steps that are told."""

    JWT = "jwt"
    DOMAIN = "domain"
    MTLS = "mtls"
    SSO = "sso"


class Profile(StrEnum):
    """Where a file is meant to go."""

    CKM_IMPORT = "ckm-import"
    """Certificate and Key Management > Import from Keystore."""
    APP_CERT = "app-cert"
    """The certificate of a connected app or External Client App."""
    SIGNED_UPLOAD = "signed-upload"
    """Certificate and Key Management > Upload Signed Certificate."""
    CA_REQUEST = "ca-request"
    """A CA, which is to sign a certificate request."""


class AppKind(StrEnum):
    """What carries the certificate that logins are verified with."""

    EXTERNAL_CLIENT_APP = "external-client-app"
    CONNECTED_APP = "connected-app"


class FailOn(StrEnum):
    """What may decide the exit code of an audit."""

    EXPIRED = "expired"
    EXPIRED_UNUSED = "expired-unused"
    WITHIN = "within"
    UNCOVERED = "uncovered"
    UNPROVED = "unproved"
    UNREADABLE = "unreadable"


class ArtifactKind(StrEnum):
    """What a file that we write is. The kind alone decides whether it is secret."""

    PRIVATE_KEY = "private-key"
    CSR = "csr"
    CERTIFICATE = "certificate"
    CHAIN = "chain"
    KEYSTORE = "keystore"
    KEYSTORE_PASSWORD = "keystore-password"  # noqa: S105 - the name of a kind of file
    RECEIPT = "receipt"
    RUNBOOK = "runbook"
    CALENDAR = "calendar"
    REPORT = "report"
    METADATA_SOURCE = "metadata-source"

    @property
    def secret(self) -> bool:
        return self in _SECRET_KINDS


_SECRET_KINDS = frozenset({ArtifactKind.PRIVATE_KEY, ArtifactKind.KEYSTORE, ArtifactKind.KEYSTORE_PASSWORD})


class KeystoreFormat(StrEnum):
    """What a keystore is written as. Nothing but somebody's word makes it another one than JKS: every org imports that,
    and no host name proves that an org is in Government Cloud, which may import BCFKS as well."""

    JKS = "jks"
    BCFKS = "bcfks"

    @classmethod
    def of(cls, filename: str) -> "KeystoreFormat":
        """That of a keystore of ours, by its name."""
        return cls.BCFKS if filename.lower().endswith(".bcfks") else cls.JKS

    def keystore(self, name: str) -> str:
        """The name of NAME's keystore."""
        return f"{name}.{self}"

    def password(self, name: str) -> str:
        """The name of the file with its password, if that was generated."""
        return f"{name}.{self}.password"

    @property
    def why_delete(self) -> str:
        """Why it goes when it was imported."""
        if self is KeystoreFormat.JKS:
            return "the JKS format protects a key weakly"
        return "nothing needs this copy of the key any more"

    @property
    def option(self) -> tuple[str, ...]:
        """What a command line needs for it."""
        return () if self is KeystoreFormat.JKS else ("--format", str(self))


_ENDINGS = {
    ArtifactKind.PRIVATE_KEY: ".key",
    ArtifactKind.CSR: ".csr",
    ArtifactKind.CERTIFICATE: ".crt",
    ArtifactKind.CHAIN: "-chain.crt",
    ArtifactKind.RECEIPT: ".json",
    ArtifactKind.RUNBOOK: "-runbook.md",
}
"""What follows NAME in the name of a file; other kinds are named by their own rules."""


def _filename(name: str, kind: ArtifactKind, format: KeystoreFormat) -> str:
    match kind:
        case ArtifactKind.KEYSTORE:
            return format.keystore(name)
        case ArtifactKind.KEYSTORE_PASSWORD:
            return format.password(name)
    return name + _ENDINGS[kind]


class PlannedFile(Struct, frozen=True):
    """The name of a file that a run means to write; the content does not exist yet."""

    filename: str
    kind: ArtifactKind

    @classmethod
    def of(
        cls, name: str, *kinds: ArtifactKind, format: KeystoreFormat = KeystoreFormat.JKS
    ) -> "tuple[PlannedFile, ...]":
        """The files of NAME of these kinds, keystores in this format."""
        return tuple(cls(_filename(name, kind, format), kind) for kind in kinds)


class Artifact(Opaque, frozen=True):
    """A file to be written: name inside its folder, content in bytes (secret if the kind is), kind.

    ``folder`` is a folder below the run's own, a relative POSIX path; empty where the run fills just one. ``pieces``
    gives what follows ``content``, made while it is written: a report may be larger than memory.
    """

    filename: str
    kind: ArtifactKind
    content: bytes
    folder: str = ""
    pieces: Callable[[], Iterable[bytes]] | None = None

    @classmethod
    def of(
        cls,
        name: str,
        kind: ArtifactKind,
        content: bytes,
        folder: str = "",
        *,
        format: KeystoreFormat = KeystoreFormat.JKS,
    ) -> "Artifact":
        """The file of NAME of this kind, a keystore in this format."""
        return cls(_filename(name, kind, format), kind, content, folder)


class Notice(Result, frozen=True):
    """Something that the user should know and that does not stop the run. ``code`` is stable and dotted."""

    code: Code
    message: str


class NextStep(Struct, frozen=True):
    """One thing that a person does next: ``text`` is a click path, or what ``command`` is for, a line to paste."""

    text: str
    command: str = ""


class Outcome(Struct, Generic[R], frozen=True, kw_only=True):
    """What a workflow made, before anything is on disk.

    ``record`` is what the receipt ``NAME.json`` keeps of this run, or None where the command writes none.
    ``next_steps`` are sentences for a person, all there is to say; ``first_steps`` what the end of the run shows of it,
    three at most. ``exit_code`` is that of a run that did not fail.
    """

    result: R
    artifacts: tuple[Artifact, ...] = ()
    record: Mapping[str, Any] | None = None
    notices: tuple[Notice, ...] = ()
    next_steps: tuple[str, ...] = ()
    first_steps: tuple[NextStep, ...] = ()
    exit_code: int = 0


class WrittenFile(Struct, frozen=True):
    """A file that is durably on disk."""

    path: Path
    kind: ArtifactKind


class Receipt(Struct, frozen=True):
    """Proof that every artifact of a run is durable: it exists only when the bytes are."""

    folder: Path
    files: tuple[WrittenFile, ...]
    notices: tuple[Notice, ...] = ()


class PublishedFile(Result, frozen=True, kw_only=True):
    """A file of this run that is durably on disk."""

    path: str
    kind: ArtifactKind
    secret: bool

    @classmethod
    def of(cls, file: WrittenFile) -> Self:
        return cls(path=str(file.path), kind=file.kind, secret=file.kind.secret)


class UnreadFile(Result, frozen=True, kw_only=True):
    """A file that could not be read, while others were."""

    path: str
    code: Code
    message: str
