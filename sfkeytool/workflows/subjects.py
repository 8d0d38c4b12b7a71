"""From the subject that was asked for to the one that is signed."""

from typing import TYPE_CHECKING

from sfkeytool.crypto import names
from sfkeytool.errors import UsageError
from sfkeytool.workflows.requests import SubjectRequest

if TYPE_CHECKING:
    from cryptography import x509


def resolve_subject(name: str, request: SubjectRequest) -> "x509.Name":
    """The subject; the common name is NAME if none is given. Raises UsageError. Pure."""
    parts = {field: value for field, value in request._asdict().items() if field != "rfc4514" and value is not None}
    if request.rfc4514 is None:
        return names.build_subject(**{"common_name": name, **parts})
    if parts:
        flags = ", ".join("--" + field.replace("_", "-") for field in parts)
        raise UsageError("usage.subject", f"--subject gives the subject whole; {flags} cannot stand beside it")
    return names.parse_subject(request.rfc4514)
