"""What is found in a file, whatever holds it: keys, certificates, requests, and what cannot be read of them."""

from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.crypto import certificates, keys
from sfkeytool.errors import CertificateError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.crypto.csr import CertificateRequest


class FoundKey(Opaque, frozen=True):
    """A private key, loaded once. ``file_password`` is what opened an encrypted key *file* (not a keystore)."""

    origin: str
    key: keys.PrivateKey
    alias: str | None = None
    in_keystore: bool = False
    file_password: Secret | None = None

    @property
    def spki_der(self) -> bytes:
        return keys.spki_der(self.key.public_key())


class FoundCertificate(Opaque, frozen=True):
    origin: str
    certificate: "Certificate"
    der: bytes
    alias: str | None = None


class UnreadableCertificate(Struct, frozen=True):
    """A certificate that nobody can read, in a file that holds more. ``error`` names the violation."""

    origin: str
    error: CertificateError
    alias: str | None = None


class FoundCsr(Struct, frozen=True):
    origin: str
    csr: "CertificateRequest"


class Collection:
    """What was found so far in a file, in its order. ``locked`` and ``ignored`` are as in Contents."""

    def __init__(self) -> None:
        self.keys: list[FoundKey] = []
        self.certificates: list[FoundCertificate] = []
        self.requests: list[FoundCsr] = []
        self.locked: list[str] = []
        self.ignored: list[str] = []
        self.unreadable: list[UnreadableCertificate] = []

    def add_certificate(self, der: bytes, origin: str, alias: str | None = None, place: str = "") -> None:
        try:
            certificate = certificates.parse_certificate(der, origin + place)
        except CertificateError as error:
            self.unreadable.append(UnreadableCertificate(origin + place, error, alias))
        else:
            self.certificates.append(FoundCertificate(origin, certificate, certificate.der, alias))

    def require_readable(self) -> None:
        """Raises CertificateError if all that there is are certificates that cannot be read."""
        if self.unreadable and not (self.certificates or self.keys or self.requests or self.locked):
            raise self.unreadable[0].error
