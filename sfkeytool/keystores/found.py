"""What is found in a file, whatever holds it: keys, certificates, requests, and what cannot be read of them."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.crypto import certificates, keys
from sfkeytool.errors import CertificateError, PrivateKeyError, PrivateKeyPasswordError, SfkeytoolError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.crypto.csr import CertificateRequest


VALIDATED_AT_ONCE = 20
"""Keys of a file that are put to the test when it is read, a third of a second's worth of the largest: our own bound.
Of more, and a file made to hurt has thousands, only those are that are used."""


class FoundKey(Opaque, frozen=True, dict=True):
    """A private key, loaded once. ``file_password`` is what opened an encrypted key *file* (not a keystore)."""

    origin: str
    loaded: keys.PrivateKey
    """To be looked at; to be used, ``key`` is the one that was put to the test."""
    alias: str | None = None
    entry: int | None = None
    """Its number among the key entries of the keystore, from 1; None of a key that is in none."""
    file_password: Secret | None = None
    validated: bool = True

    @property
    def in_keystore(self) -> bool:
        return self.entry is not None

    @cached_property
    def key(self) -> keys.PrivateKey:
        """Raises PrivateKeyError ``key.malformed`` for one that was not validated and is unsound."""
        return self.loaded if self.validated else keys.validate_key(self.loaded, self.origin)

    @cached_property
    def spki_der(self) -> bytes:
        """The public half, as the key states it."""
        return keys.spki_der(self.loaded.public_key())


class UnreadableKey(Struct, frozen=True):
    """A private key that cannot be loaded, in a file that holds more. ``error`` says why."""

    origin: str
    error: SfkeytoolError
    alias: str | None = None
    entry: int | None = None
    """As in FoundKey."""


class FoundCertificate(Opaque, frozen=True):
    origin: str
    certificate: "Certificate"
    der: bytes
    alias: str | None = None


class UnreadableCertificate(Struct, frozen=True):
    """A certificate that nobody can read, in a file that holds more. ``error`` names the violation."""

    origin: str
    error: SfkeytoolError
    alias: str | None = None


class FoundCsr(Struct, frozen=True):
    origin: str
    csr: "CertificateRequest"


class Collection:
    """What was found so far in a file, in its order; the parts are those of Contents."""

    def __init__(self) -> None:
        self.keys: list[FoundKey] = []
        self.certificates: list[FoundCertificate] = []
        self.requests: list[FoundCsr] = []
        self.locked: list[str] = []
        self.ignored: list[str] = []
        self.unreadable: list[UnreadableCertificate] = []
        self.unreadable_keys: list[UnreadableKey] = []

    def add_key(
        self,
        data: bytes,
        origin: str,
        passwords: Sequence[Secret],
        alias: str | None = None,
        entry: int | None = None,
        *,
        validate: bool,
    ) -> None:
        """Raises PrivateKeyPasswordError for an encrypted key that none of ``passwords`` opens."""
        validate = validate and len(self.keys) < VALIDATED_AT_ONCE
        try:
            loaded = keys.parse_private_key(data, origin, passwords, validate=validate)
        except PrivateKeyPasswordError:
            raise
        except PrivateKeyError as error:
            if entry is not None:
                error.hints = ()  # they are commands for a key file
            self.unreadable_keys.append(UnreadableKey(origin, error, alias, entry))
        else:
            self.keys.append(FoundKey(origin, loaded.key, alias, entry, loaded.password, validate))

    def add_certificate(self, der: bytes, origin: str, alias: str | None = None, place: str = "") -> None:
        try:
            certificate = certificates.parse_certificate(der, origin + place)
        except CertificateError as error:
            self.unreadable.append(UnreadableCertificate(origin + place, error, alias))
        else:
            self.certificates.append(FoundCertificate(origin, certificate, certificate.der, alias))

    def require_readable(self) -> None:
        """Raises what is wrong with a key, else with a certificate, if all that there is cannot be read."""
        errors: list[SfkeytoolError] = [one.error for one in self.unreadable_keys]
        errors += [one.error for one in self.unreadable]
        if errors and not (self.certificates or self.keys or self.requests or self.locked):
            raise errors[0]
