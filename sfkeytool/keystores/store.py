"""The one view of a keystore that the rest of sfkeytool works with, whatever format it came from."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret


class StoreType(StrEnum):
    JKS = "JKS"
    JCEKS = "JCEKS"
    PKCS12 = "PKCS12"
    BKS = "BKS"
    UBER = "UBER"
    BCFKS = "BCFKS"


class KeyEntry(Opaque, frozen=True):
    """A private key and its certificates.

    ``alias`` is None for a PFX key without friendlyName. ``key_pkcs8`` is the unencrypted PKCS#8 DER (secret), or
    None when none of the passwords opens this entry. ``chain_der`` holds the certificates that the store ties to
    the key, in the store's own order; empty where the format ties none (PFX keeps its certificates apart).
    """

    alias: str | None
    key_pkcs8: bytes | None
    chain_der: tuple[bytes, ...]
    created_at: datetime | None = None
    key_password: Secret | None = None

    def origin(self, label: str, number: int) -> str:
        """Where the key stands, for people: the keystore's label, and the alias or else the number, from 1."""
        return f"{label}, entry {self.alias!r}" if self.alias else f"{label}, key {number}"


class CertificateEntry(Opaque, frozen=True):
    """A certificate that stands by itself: a trusted certificate, or a certificate bag of a PFX."""

    alias: str | None
    certificate_der: bytes
    created_at: datetime | None = None


class JksFrame(Struct, frozen=True):
    """What a JKS says around its entries. ``trailing_bytes`` is the number of those after its end."""

    version: int
    trailing_bytes: int


class BcfksFrame(Struct, frozen=True):
    """How a BCFKS is protected. ``differences``, in words, are from what Bouncy Castle writes unless it is told
    otherwise."""

    differences: tuple[str, ...]


class Keystore(Struct, frozen=True):
    """An opened keystore. ``other_entries`` names what is neither (secret keys, CRLs), for people to read.

    ``password`` is the one that opened the store; None when only the parts that need none were read (a JKS shows
    its certificates without a password), in which case the integrity was not verified.
    """

    type: StoreType
    keys: tuple[KeyEntry, ...]
    certificates: tuple[CertificateEntry, ...]
    other_entries: tuple[str, ...] = ()
    password: Secret | None = None
    jks: JksFrame | None = None
    """Of a JKS only."""
    bcfks: BcfksFrame | None = None
    """Of a BCFKS only."""
