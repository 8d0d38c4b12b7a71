"""What several results share: keys, keystores, proofs and mail days, as values that are also the JSON."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from sfkeytool.crypto import keys
from sfkeytool.model import Fingerprint, Notice, Result, UniqueNameText

MailDates = Annotated[
    tuple[date, ...],
    Meta(
        max_length=5,
        description="Days on which CKM mails, give or take one: 60, 30, 10 and 1 days before the expiry, and the day"
        " itself",
    ),
]


class KeyFacts(Result, frozen=True, kw_only=True):
    """The public half of a key. ``source``: where a run had it from."""

    algorithm: str
    bits: int | None
    public_key_sha256: Fingerprint
    source: str | UnsetType = UNSET


class KeystoreFacts(Result, frozen=True, kw_only=True):
    """A keystore that was made."""

    type: Literal["JKS", "BCFKS"]
    version: Annotated[Literal[1, 2], Meta(description="2 of a JKS, 1 of a BCFKS")]
    alias: UniqueNameText
    chain_length: Annotated[int, Meta(ge=1)]


class Proof(Result, frozen=True, kw_only=True):
    """That two files hold the same certificate."""

    relation: Literal["same-certificate"]
    files: Annotated[tuple[str, ...], Meta(min_length=2)]
    sha256: Fingerprint


def describe_key(key: keys.PrivateKey, source: str | UnsetType = UNSET) -> KeyFacts:
    """Facts of a key's public half. Pure."""
    algorithm, bits = keys.describe_key_kind(key.public_key())
    sha256 = keys.public_key_sha256(key.public_key())
    return KeyFacts(algorithm=algorithm, bits=bits, public_key_sha256=sha256, source=source)


def outdated_notices(label: str, valid_until: datetime | None, now: datetime) -> tuple[Notice, ...]:
    """For SAML metadata that says itself that it is no longer valid. Pure."""
    if valid_until is None or valid_until > now:
        return ()
    told = Notice(
        "saml.outdated",
        f"{label} says of itself that it is valid until {valid_until.date()}: download the metadata anew, as other"
        " certificates may be published by now",
    )
    return (told,)
