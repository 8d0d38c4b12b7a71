"""Which certificate of a file is meant: the leaf."""

from collections.abc import Sequence

from sfkeytool.crypto import certificates, chains
from sfkeytool.crypto.chains import Signature
from sfkeytool.errors import CertificateError
from sfkeytool.keystores.contents import FoundCertificate, UnreadableCertificate


def leaves(found: Sequence[FoundCertificate]) -> list[FoundCertificate]:
    """Certificates that signed no other one here: in a chain, only its leaf. Pure."""
    return [
        candidate
        for candidate in found
        if not any(
            other is not candidate and chains.signed_by(other.certificate, candidate.certificate) for other in found
        )
    ]


def only_leaf(
    found: Sequence[FoundCertificate], label: str, unreadable: Sequence[UnreadableCertificate] = ()
) -> FoundCertificate | None:
    """The one leaf among ``found``, None if there is no certificate.

    Raises CertificateError ``certificate.ambiguous`` if several different ones could be meant, and what is wrong with
    an ``unreadable`` one beside them, if it may be the leaf: where there is none else, or only a CA's. Pure.
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
    leaf = candidates[0] if candidates else None
    if unreadable and (leaf is None or certificates.describe_certificate(leaf.certificate).is_ca):
        raise unreadable[0].error
    return leaf


def refuse_bad_signature(found: FoundCertificate) -> None:
    """Raises CertificateError for one that says that it signed itself, and did not: nothing is made of it. Pure."""
    if chains.check_self_signature(found.certificate) is Signature.BAD:
        raise CertificateError(
            "certificate.bad-signature",
            f"{found.origin}: the certificate says that it signed itself, and its signature does not verify",
            "it was changed after it was signed: fetch it once more from where it was made",
        )
