"""From the subject that was asked for to the one that is signed."""

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from sfkeytool.crypto import names
from sfkeytool.errors import UsageError
from sfkeytool.model import Request

if TYPE_CHECKING:
    from cryptography import x509


class SubjectRequest(Request, frozen=True, kw_only=True):
    """The subject as flags give it: ``rfc4514`` whole, or its parts."""

    rfc4514: str | None = None
    common_name: str | None = None
    organization: str | None = None
    organizational_unit: str | None = None
    locality: str | None = None
    state: str | None = None
    country: str | None = None
    email: str | None = None


def resolve_subject(name: str, request: SubjectRequest) -> "x509.Name":
    """The subject; the common name is NAME if none is given. Raises UsageError. Pure."""
    parts = {field: value for field, value in asdict(request).items() if field != "rfc4514" and value is not None}
    if request.rfc4514 is None:
        return names.build_subject(**{"common_name": name, **parts})
    if parts:
        flags = ", ".join("--" + field.replace("_", "-") for field in parts)
        raise UsageError("usage.subject", f"--subject gives the subject whole; {flags} cannot stand beside it")
    return names.parse_subject(request.rfc4514)
