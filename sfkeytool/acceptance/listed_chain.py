"""Certificates as a file lists them, and the chain that they make."""

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from sfkeytool.crypto import chains
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.certificates import CertificateFacts, describe_certificate


class ListedChain(Struct, frozen=True, dict=True):
    """Certificates as a file lists them, and what they make when put in order from ``leaf``."""

    where: str
    listed: tuple[Certificate, ...]
    leaf: Certificate

    @cached_property
    def sorted(self) -> chains.Chain:
        return chains.build_chain(self.leaf, self.listed)

    @cached_property
    def issuers(self) -> chains.Issuers:
        return chains.Issuers(list(dict.fromkeys(self.listed)))

    @cached_property
    def facts(self) -> CertificateFacts:
        """Of the leaf."""
        return describe_certificate(self.leaf)

    @property
    def ca_issued(self) -> bool:
        return not self.facts.self_signed

    def name_of(self, certificate: Certificate) -> str:
        """Where a certificate stands, for messages."""
        return f"{self.where}, certificate {self._places[certificate]}"

    @cached_property
    def _places(self) -> dict[Certificate, int]:
        places: dict[Certificate, int] = {}
        for number, certificate in enumerate(self.listed, 1):
            places.setdefault(certificate, number)
        return places


def first_leaf(listed: Sequence[Certificate]) -> Certificate:
    """The first certificate that signed no other one here. Pure."""
    issuers = chains.issuers_among(listed)
    return next((one for one in listed if one not in issuers), listed[0])
