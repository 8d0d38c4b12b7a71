"""Which certificate of a file is meant: the leaf."""

from collections.abc import Sequence

from sfkeytool.crypto import certificates, chains
from sfkeytool.errors import CertificateError
from sfkeytool.keystores.contents import FoundCertificate


def leaves(found: Sequence[FoundCertificate]) -> list[FoundCertificate]:
    """Certificates that signed no other one here: in a chain, only its leaf. Pure."""
    return [
        candidate
        for candidate in found
        if not any(
            other is not candidate and chains.signed_by(other.certificate, candidate.certificate) for other in found
        )
    ]


def only_leaf(found: Sequence[FoundCertificate], label: str) -> FoundCertificate | None:
    """The one leaf among ``found``, None if there is no certificate.

    Raises CertificateError ``certificate.ambiguous`` if several different ones could be meant. Pure.
    """
    distinct = {certificate.der: certificate for certificate in reversed(found)}
    candidates = leaves(tuple(reversed(distinct.values())))
    if len(candidates) > 1:
        listed = "; ".join(f"{leaf.origin} ({certificates.fingerprint(leaf.der)[:23]}…)" for leaf in candidates[:5])
        listed += f" and {len(candidates) - 5} more" if len(candidates) > 5 else ""
        raise CertificateError(
            "certificate.ambiguous",
            f"{label} holds {len(candidates)} certificates that could be meant: {listed}",
            "name the one file that is meant",
        )
    return candidates[0] if candidates else None
