"""``compare``: do two files hold the same certificate, the same key only, or strangers?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sfkeytool.crypto import certificates, keys
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE, CertificateError, InputError, PrivateKeyPasswordError
from sfkeytool.keystores.contents import FoundCertificate, InputFile, UnreadableCertificate, parse_contents
from sfkeytool.model import Outcome
from sfkeytool.passwords import Secret
from sfkeytool.workflows.leaves import only_leaf
from sfkeytool.workflows.mails import describe_mails

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


class Relation(StrEnum):
    SAME_CERTIFICATE = "same-certificate"
    SAME_KEY = "same-key"
    STRANGERS = "strangers"


_MEANING = {
    Relation.SAME_CERTIFICATE: (
        "The same certificate. In Certificate and Key Management and on the app, it expires there when it expires here,"
        " so the mails are about the right day; logins signed with its key verify against either."
    ),
    Relation.SAME_KEY: (
        "The same key, but not the same certificate. Logins verify against either; mails about one say nothing of when"
        " the other expires."
    ),
    Relation.STRANGERS: (
        "Different keys. Logins signed with one are refused where the other's certificate is uploaded, and mails about"
        " one say nothing of the other."
    ),
}


@dataclass(frozen=True)
class Side:
    """One side: what the user called it, its files, and a password for each that may need one."""

    label: str
    files: Sequence[InputFile] = field(repr=False)
    walked: bool = False
    """A folder's files: what is no key or certificate among them is passed over."""


@dataclass(frozen=True)
class Identity:
    """What a side stands for: a certificate, or only a key."""

    spki_der: bytes
    certificate: "Certificate | None"
    origin: str


def compare(left: Side, right: Side, passwords: Sequence[Secret], now: datetime) -> Outcome:
    """How the two sides relate; exit code 0 only for the same certificate. Pure.

    Raises CertificateError for a side with nothing to compare, or with several certificates of equal standing.
    """
    a, b = _identity(left, passwords), _identity(right, passwords)
    relation = _relate(a, b)
    facts = {
        "relation": str(relation),
        "meaning": _meaning(relation, a, b),
        "left": _describe(left, a, now),
        "right": _describe(right, b, now),
    }
    return Outcome(facts=facts, exit_code=EXIT_DONE if relation is Relation.SAME_CERTIFICATE else EXIT_DIFFERENT)


def _relate(a: Identity, b: Identity) -> Relation:
    if a.certificate is not None and a.certificate == b.certificate:
        return Relation.SAME_CERTIFICATE
    return Relation.SAME_KEY if a.spki_der == b.spki_der else Relation.STRANGERS


def _meaning(relation: Relation, a: Identity, b: Identity) -> str:
    if relation is Relation.SAME_KEY and (a.certificate is None or b.certificate is None):
        return "The same key; one side holds no certificate, so there are no two certificates to compare."
    return _MEANING[relation]


def _identity(side: Side, passwords: Sequence[Secret]) -> Identity:
    """The one leaf certificate of a side, or its one key where there is no certificate."""
    found: dict[bytes, FoundCertificate] = {}
    bare_keys: dict[bytes, str] = {}
    locked: list[str] = []
    unreadable: list[UnreadableCertificate] = []
    for file in side.files:
        try:
            contents = parse_contents(file, passwords, load_keys=False)
        except InputError as error:
            if side.walked and error.code == "input.unknown-kind":
                continue
            raise
        for certificate in contents.certificates:
            found.setdefault(certificate.der, certificate)
        for key in contents.keys:
            bare_keys.setdefault(key.spki_der, key.origin)
        locked.extend(contents.locked)
        unreadable.extend(contents.unreadable)
        for request in contents.requests:
            bare_keys.setdefault(keys.spki_der(request.csr.public_key()), request.origin)
    leaf = only_leaf(tuple(found.values()), side.label, unreadable)
    if leaf is not None:
        return Identity(certificates.spki_der(leaf.certificate), leaf.certificate, leaf.origin)
    if len(bare_keys) == 1:
        spki, origin = next(iter(bare_keys.items()))
        return Identity(spki, None, origin)
    if locked:
        raise PrivateKeyPasswordError(
            "key.password-needed",
            f"{', '.join(locked)} is encrypted and needs its password",
            "give it with --password SOURCE",
        )
    count = f"{len(bare_keys)} keys and no" if bare_keys else "no key and no"
    raise CertificateError("compare.nothing", f"{side.label} holds {count} certificate to compare")


def _describe(side: Side, identity: Identity, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "path": side.label,
        "origin": identity.origin,
        "publicKeySha256": certificates.fingerprint(identity.spki_der),
    }
    if identity.certificate is not None:
        facts["certificate"] = certificates.describe_certificate(identity.certificate).to_json()
        facts["mailDates"] = describe_mails(identity.certificate, now)
    return facts
