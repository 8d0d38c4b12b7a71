"""What each command is asked to do. Flags and prompts fill the same request, so they cannot differ.

Light on purpose: a request can be built and checked before anything heavy is imported. Hence named tuples, which are
made in a fifth of a data class's time.
"""

from datetime import date
from pathlib import Path
from typing import NamedTuple

from sfkeytool.model import AppKind, Profile, Purpose
from sfkeytool.passwords import Source


class SubjectRequest(NamedTuple):
    """The subject as flags give it: ``rfc4514`` whole, or its parts."""

    rfc4514: str | None = None
    common_name: str | None = None
    organization: str | None = None
    organizational_unit: str | None = None
    locality: str | None = None
    state: str | None = None
    country: str | None = None
    email: str | None = None


class KeyRequest(NamedTuple):
    """Which key: reuse ``file``, else the key in the folder, else a new one of ``bits``.

    ``bits`` is None when none was asked for. ``password`` encrypts the .key that is written.
    """

    file: Path | None = None
    bits: int | None = None
    password: Source | None = None
    input_passwords: tuple[Source, ...] = ()


class SelfSignedRequest(NamedTuple):
    name: str
    subject: SubjectRequest
    san: tuple[str, ...]
    purpose: Purpose
    key: KeyRequest
    days: int
    password: Source
    output_dir: Path | None = None
    force: bool = False


class CsrRequest(NamedTuple):
    name: str
    subject: SubjectRequest
    san: tuple[str, ...]
    purpose: Purpose
    key: KeyRequest
    output_dir: Path | None = None
    force: bool = False


class WrapRequest(NamedTuple):
    name: str
    files: tuple[Path, ...]
    purpose: Purpose
    password: Source
    alias: str | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()
    output_dir: Path | None = None
    force: bool = False


class UnwrapRequest(NamedTuple):
    file: Path
    alias: str | None = None
    passwords: tuple[Source, ...] = ()
    key_password: Source | None = None
    output_dir: Path | None = None
    force: bool = False


class ShowRequest(NamedTuple):
    files: tuple[Path, ...]
    passwords: tuple[Source, ...] = ()


class CompareRequest(NamedTuple):
    """``aliases``: none, one for both sides, or one for each."""

    left: Path
    right: Path
    passwords: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()


class ReminderRequest(NamedTuple):
    """``name`` is None for the certificate's own with ``_expiry_only``."""

    certificate: Path
    password: Source
    name: str | None = None
    output_dir: Path | None = None
    force: bool = False


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


class RenewRequest(NamedTuple):
    """``folder`` is that of NAME, the generation that is followed. ``purpose`` is None for the same as before.

    ``password`` is that of the new keystore, None where a CA is to sign first. ``calendar`` is the file for calendar
    entries.
    """

    name: str
    folder: Path
    new_key: bool
    days: int
    password: Source | None
    new_name: str | None = None
    purpose: Purpose | None = None
    bits: int | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()
    calendar: Path | None = None

    @property
    def by_ca(self) -> bool:
        return self.password is None


class RenewStatusRequest(NamedTuple):
    """``new_name`` is None for the latest generation; ``done`` is the id of a step that was done."""

    name: str
    folder: Path
    new_name: str | None = None
    done: str | None = None


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


class CheckRequest(NamedTuple):
    """``as_of`` is None for now; ``new_password`` and ``as_name`` are those of repaired copies."""

    files: tuple[Path, ...]
    profile: Profile | None = None
    purpose: Purpose = Purpose.JWT
    as_of: date | None = None
    passwords: tuple[Source, ...] = ()
    fix: bool = False
    new_password: Source | None = None
    as_name: str | None = None
    output_dir: Path | None = None
    force: bool = False


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
