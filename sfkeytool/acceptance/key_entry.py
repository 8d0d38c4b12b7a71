"""A private key entry as an import would see it."""

from collections.abc import Sequence
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import rsa

from sfkeytool.acceptance.listed_chain import ListedChain, first_leaf
from sfkeytool.acceptance.private_key import PrivateKeyNumbers, parse_pkcs8
from sfkeytool.crypto import chains
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import CertificateFacts, describe_certificate
from sfkeytool.crypto.names import LIBRARY_ERRORS
from sfkeytool.model import Opaque


class KeyEntry(Opaque, frozen=True, dict=True):
    """A private key entry of a JKS as Java would see it, or what an entry of a JKS made of another file would be."""

    where: str
    alias: str | None
    """None for a key of a PFX that has no name."""
    certificates: tuple[Certificate | None, ...]
    """None stands for one that cannot be read."""
    key_pkcs8: bytes | None
    """What the store's password makes of the protected key; secret. None if it does not open it."""
    locked_because: str

    @cached_property
    def key(self) -> PrivateKeyNumbers | None:
        """The numbers of the key, None if there is none to read or it is no PKCS#8. Secret."""
        return None if self.key_pkcs8 is None else parse_pkcs8(self.key_pkcs8)

    @cached_property
    def chain(self) -> ListedChain | None:
        """The readable certificates, from the one that belongs to the key, else from the first."""
        listed = tuple(certificate for certificate in self.certificates if certificate is not None)
        if not listed:
            return None
        own = next((certificate for certificate in listed if self.fits(certificate)), listed[0])
        return ListedChain(self.where, listed, own)

    @cached_property
    def first_facts(self) -> CertificateFacts | None:
        """Of the certificate beside the key, which an import takes for the key's own; None if it cannot be read."""
        first = self.certificates[0] if self.certificates else None
        if first is None or self.chain is None:
            return None
        return self.chain.facts if self.chain.leaf == first else describe_certificate(first)

    def fits(self, certificate: Certificate) -> bool:
        """Whether the certificate is the public half of an RSA key."""
        if self.key is None or self.key.rsa is None:
            return False
        try:
            public = certificate.public_key()
        except LIBRARY_ERRORS:
            return False
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        numbers = public.public_numbers()
        return (numbers.n, numbers.e) == (self.key.rsa.modulus, self.key.rsa.public_exponent)


def made_entry(
    where: str, alias: str | None, certificates: Sequence[Certificate | None], key_pkcs8: bytes | None, reason: str
) -> KeyEntry:
    """The entry that a JKS made of a key (secret) and of certificates would have: with the chain that can be made of
    them, from the one that belongs to the key. ``reason`` tells why there is no key. Pure."""
    entry = KeyEntry(where, alias, tuple(certificates), key_pkcs8, reason)
    listed = tuple(certificate for certificate in certificates if certificate is not None)
    fitting = [certificate for certificate in listed if entry.fits(certificate)]
    if not fitting and (entry.key is None or entry.key.rsa is None) and listed:
        fitting = [first_leaf(listed)]
    if not fitting:
        return entry
    return KeyEntry(where, alias, chains.build_chain(fitting[0], listed).certificates, key_pkcs8, reason)
