"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported. Hence named tuples, which are
made in a fifth of a data class's time.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sfkeytool.model import AppKind, FailOn, Purpose
from sfkeytool.passwords import Source
from sfkeytool.workflows.subjects import SubjectRequest


class ShowRequest(NamedTuple):
    files: tuple[Path, ...]
    passwords: tuple[Source, ...] = ()


class CompareRequest(NamedTuple):
    """``aliases``: none, one for both sides, or one for each."""

    left: Path
    right: Path
    passwords: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()


class MetadataRequest(NamedTuple):
    """``retrieved`` is a file whose certificate is replaced; otherwise the source of a new app is made.

    ``project`` is an sfdx project, or a folder that does not exist yet. ``folder`` is that of NAME.
    """

    name: str
    folder: Path
    kind: AppKind
    label: str | None = None
    contact_email: str | None = None
    callback_url: str | None = None
    scopes: tuple[str, ...] = ()
    permission_set: bool = False
    browserforce: bool = False
    project: Path | None = None
    retrieved: Path | None = None


class AuditRequest(NamedTuple):
    """``within_days`` None: the default, which depends on the life of each; ``fail_on`` None: that of workflows.audit.

    ``reports``: file by format. ``certificates`` is a folder to make, for those of the orgs' apps.
    """

    paths: tuple[Path, ...]
    within_days: int | None
    fail_on: frozenset[FailOn] | None
    passwords: tuple[Source, ...] = ()
    reports: Mapping[str, Path] = MappingProxyType({})
    notify: tuple[Source, ...] = ()
    state: Path | None = None
    dry_run: bool = False
    certificates: Path | None = None
    exclude: tuple[str, ...] = ()


class CkmChainRequest(NamedTuple):
    """``csr`` is the request that CKM gave out."""

    name: str
    files: tuple[Path, ...]
    purpose: Purpose
    csr: Path | None = None
    input_passwords: tuple[Source, ...] = ()
    output_dir: Path | None = None
    force: bool = False


class CkmCreateRequest(NamedTuple):
    """``project`` is an sfdx project that exists, or a folder to make; None for ``NAME/NAME-create``."""

    name: str
    subject: SubjectRequest
    san: tuple[str, ...] = ()
    bits: int = 2048
    label: str | None = None
    exportable: bool = True
    project: Path | None = None
    deploy: bool = False
    confirmed: bool = False


class CkmUploadRequest(NamedTuple):
    """``csr`` is the request that CKM gave out; without it the record in the org tells which key it is."""

    name: str
    files: tuple[Path, ...]
    csr: Path | None = None
    label: str | None = None
    input_passwords: tuple[Source, ...] = ()
    project: Path | None = None
    deploy: bool = False
    confirmed: bool = False


class ExplainRequest(NamedTuple):
    """``text`` is None for a list of all that is known; ``-`` is standard input."""

    text: str | None


class LoginRequest(NamedTuple):
    """``key`` is where the private key comes from: a file, a variable or stdin. ``certificate`` may be None.

    ``audience`` is what the user insists on and ``audience_from`` who said so. ``external_client_app``: the user knows
    that it is one. ``wait_seconds`` is 0 for one try.
    """

    client_id: str
    username: str
    instance_url: str
    key: Source
    audience: str | None = None
    audience_from: str = "--audience"
    external_client_app: bool = False
    alias: str | None = None
    passwords: tuple[Source, ...] = ()
    certificate: Path | None = None
    old_key: Path | None = None
    wait_seconds: float = 0
    poll_seconds: float = 20
