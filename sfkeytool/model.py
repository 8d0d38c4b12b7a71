"""What flows between the rooms: requests go in, an Outcome comes out, a Receipt proves that it is on disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


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


@dataclass(frozen=True)
class PlannedFile:
    """The name of a file that a run means to write; the content does not exist yet."""

    filename: str
    kind: ArtifactKind


@dataclass(frozen=True)
class Artifact:
    """A file to be written: name inside its folder, content in bytes (secret if the kind is), kind.

    ``folder`` is a folder below the run's own, a relative POSIX path; empty where the run fills just one.
    """

    filename: str
    kind: ArtifactKind
    content: bytes = field(repr=False)
    folder: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that the user should know and that does not stop the run. ``code`` is stable and dotted."""

    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What a workflow made, before anything is on disk.

    ``facts`` is the JSON-ready ``result`` (camelCase names, no secret). ``record`` is what the receipt
    ``NAME.json`` keeps of this run, or None where the command writes none. ``next_steps`` are sentences for a
    person. ``exit_code`` is that of a run that did not fail.
    """

    facts: Mapping[str, Any]
    artifacts: tuple[Artifact, ...] = ()
    record: Mapping[str, Any] | None = None
    notices: tuple[Notice, ...] = ()
    next_steps: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True)
class WrittenFile:
    """A file that is durably on disk."""

    path: Path
    kind: ArtifactKind


@dataclass(frozen=True)
class Receipt:
    """Proof that every artifact of a run is durable: it exists only when the bytes are."""

    folder: Path
    files: tuple[WrittenFile, ...]
    notices: tuple[Notice, ...] = ()
