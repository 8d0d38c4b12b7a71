"""``--if-missing``: whether what would be made is there already, and fine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType

from sfkeytool.crypto import certificates
from sfkeytool.crypto import csr as requests
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.crypto.csr import CsrFacts
from sfkeytool.errors import CertificateError, PrivateKeyError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundKey
from sfkeytool.keystores.heap import gather
from sfkeytool.keystores.leaves import leaves_of_key
from sfkeytool.keystores.selection import select_key
from sfkeytool.model import Result, UniqueNameText
from sfkeytool.passwords import Secret
from sfkeytool.shell import shell_line
from sfkeytool.workflows.parts import KeyFacts, describe_key


class Present(Result, frozen=True, kw_only=True):
    """The key is there, with its certificate or request: nothing was made."""

    name: UniqueNameText
    made: Literal[False] = False
    key: KeyFacts
    certificate: CertificateFacts | UnsetType = UNSET
    request: CsrFacts | UnsetType = UNSET


def present_pair(
    name: str, key: InputFile, certificate: InputFile, passwords: Sequence[Secret], now: datetime
) -> Present:
    """NAME.key and NAME.crt, which belong together and are valid now. Pure.

    Raises PrivateKeyError (key.no-match) and CertificateError (pair.not-valid), and those of the files.
    """
    found = _key(key, passwords)
    contents = parse_contents(certificate, (), load_keys=False)
    if not contents.certificates:
        raise CertificateError("certificate.none", f"{certificate.label} holds no certificate")
    own = leaves_of_key(found.spki_der, contents.certificates)
    if not own:
        raise _no_match(key, certificate)
    facts = certificates.describe_certificate(own[0].certificate)
    if not facts.not_before <= now <= facts.not_after:
        when = (
            f"expired on {facts.not_after.date()}" if facts.not_after < now else f"begins on {facts.not_before.date()}"
        )
        raise CertificateError(
            "pair.not-valid",
            f"{certificate.label} is there, but {when}",
            f"its next one: {shell_line(['sfkeytool', 'renew', name])}",
        )
    return Present(name=name, key=describe_key(found.key, source="existing"), certificate=facts)


def present_request(name: str, key: InputFile, request: InputFile, passwords: Sequence[Secret]) -> Present:
    """NAME.key and NAME.csr, which belong together. Raises PrivateKeyError (key.no-match) and those of the files.
    Pure."""
    found = _key(key, passwords)
    sha256 = describe_key(found.key).public_key_sha256
    asked = parse_contents(request, (), load_keys=False).requests
    own = [one for one in asked if requests.describe_csr(one.csr).public_key_sha256 == sha256]
    if not own:
        raise _no_match(key, request)
    return Present(name=name, key=describe_key(found.key, source="existing"), request=requests.describe_csr(own[0].csr))


def _key(file: InputFile, passwords: Sequence[Secret]) -> FoundKey:
    return select_key(gather([parse_contents(file, passwords)], "--input-password", by_alias=False)).key


def _no_match(key: InputFile, other: InputFile) -> PrivateKeyError:
    return PrivateKeyError(
        "key.no-match",
        f"{key.label} and {other.label} are there, but do not belong together",
        "this tells what each holds: " + shell_line(["sfkeytool", "show"]),
    )
