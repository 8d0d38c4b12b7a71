"""What an audit keeps of each certificate: an inventory may hold a hundred thousand of them."""

from datetime import datetime
from functools import lru_cache
from typing import Self, TypeVar

from msgspec import Struct

from sfkeytool.crypto.certificates import CertificateFacts, SelfSignature

T = TypeVar("T", str, tuple[str, ...])


class KeptFacts(Struct, frozen=True, gc=False):
    """The values of CertificateFacts in little room: fingerprints are bytes, and what many have alike is there once."""

    subject: str
    issuer: str
    serial_number: str
    not_before: datetime
    not_after: datetime
    key_algorithm: str
    key_bits: int | None
    signature_algorithm: str
    san: tuple[str, ...]
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    is_ca: bool
    self_signed: bool
    digest: bytes
    """SHA-256 of the certificate."""
    public_key_digest: bytes
    self_signature: SelfSignature | None
    unusual: tuple[str, ...]

    @classmethod
    def of(cls, facts: CertificateFacts) -> Self:
        return cls(
            subject=facts.subject,
            issuer=facts.subject if facts.issuer == facts.subject else shared(facts.issuer),
            serial_number=facts.serial_number,
            not_before=facts.not_before,
            not_after=facts.not_after,
            key_algorithm=shared(facts.key_algorithm),
            key_bits=facts.key_bits,
            signature_algorithm=shared(facts.signature_algorithm),
            san=shared(facts.san),
            key_usage=shared(facts.key_usage),
            extended_key_usage=shared(facts.extended_key_usage),
            is_ca=facts.is_ca,
            self_signed=facts.self_signed,
            digest=_digest(facts.sha256),
            public_key_digest=_digest(facts.public_key_sha256),
            self_signature=facts.self_signature,
            unusual=shared(facts.unusual),
        )

    def whole(self) -> CertificateFacts:
        """As all other commands tell them."""
        return CertificateFacts(
            subject=self.subject,
            issuer=self.issuer,
            serial_number=self.serial_number,
            not_before=self.not_before,
            not_after=self.not_after,
            key_algorithm=self.key_algorithm,
            key_bits=self.key_bits,
            signature_algorithm=self.signature_algorithm,
            san=self.san,
            key_usage=self.key_usage,
            extended_key_usage=self.extended_key_usage,
            is_ca=self.is_ca,
            self_signed=self.self_signed,
            sha256=self.sha256,
            public_key_sha256=self.public_key_sha256,
            self_signature=self.self_signature,
            unusual=self.unusual,
        )

    @property
    def sha256(self) -> str:
        """Colon-separated upper-case hex."""
        return self.digest.hex(":").upper()

    @property
    def public_key_sha256(self) -> str:
        """The same of the public key."""
        return self.public_key_digest.hex(":").upper()

    @property
    def prefix(self) -> str:
        """What reminders.sha256_prefix() says of the certificate."""
        return self.digest.hex()[:32]


@lru_cache(maxsize=4096)
def shared(value: T) -> T:
    """``value``, as it was seen before if it was: of thousands of certificates most say the same here. Pure."""
    return value


def _digest(fingerprint: str) -> bytes:
    return bytes.fromhex(fingerprint.replace(":", ""))
