"""Which of several certificates is meant, where no entry of a keystore ties one to a key: leaves, and CAs' answers."""

from collections.abc import Iterable, Sequence

from sfkeytool.crypto import certificates, chains
from sfkeytool.crypto.certificate import Signature
from sfkeytool.errors import CertificateError
from sfkeytool.keystores.found import FoundCertificate, UnreadableCertificate


def leaves(found: Sequence[FoundCertificate]) -> list[FoundCertificate]:
    """Certificates that signed no other one here: in a chain, only its leaf. Pure."""
    issuers = chains.issuers_among([one.certificate for one in found])
    return [one for one in found if one.certificate not in issuers]


def possible_leaves(found: Sequence[FoundCertificate]) -> tuple[FoundCertificate, ...]:
    """The leaves among ``found``, less self-signed ones for whose key a CA has signed another. Pure."""
    distinct = {one.der: one for one in reversed(found)}
    candidates = leaves(tuple(reversed(distinct.values())))
    if len(candidates) == 1:
        return tuple(candidates)
    issued = {
        certificates.spki_der(one.certificate) for one in candidates if not chains.is_self_signed(one.certificate)
    }
    return tuple(
        one
        for one in candidates
        if certificates.spki_der(one.certificate) not in issued or not chains.is_self_signed(one.certificate)
    )


def only_leaf(
    found: Sequence[FoundCertificate], label: str, unreadable: Sequence[UnreadableCertificate] = ()
) -> FoundCertificate:
    """The one leaf among ``found``, where no key says which is meant.

    Raises CertificateError ``certificate.none`` or ``certificate.ambiguous``, and what is wrong with an ``unreadable``
    one beside them, if it may be the leaf: where there is none else, or only a CA's. Pure.
    """
    candidates = possible_leaves(found)
    if unreadable and all(certificates.describe_certificate(one.certificate).is_ca for one in candidates):
        raise unreadable[0].error
    if not candidates:
        raise CertificateError("certificate.none", f"{label} holds no certificate")
    if len(candidates) > 1:
        raise several_certificates(candidates, "name the one file that is meant", label)
    return candidates[0]


def leaves_of_key(spki_der: bytes, found: Sequence[FoundCertificate]) -> tuple[FoundCertificate, ...]:
    """Those of ``found`` that could be meant for a public key: a CA's answer replaces placeholders. Pure."""
    distinct = {one.der: one for one in reversed(found) if certificates.spki_der(one.certificate) == spki_der}
    return split_placeholders(tuple(reversed(distinct.values())))[0]


def split_placeholders(
    candidates: Sequence[FoundCertificate],
) -> tuple[tuple[FoundCertificate, ...], tuple[FoundCertificate, ...]]:
    """Candidates of one key, and the placeholders among them that a CA's answer replaces."""
    if len(candidates) < 2:
        return tuple(candidates), ()
    placeholders = tuple(one for one in candidates if chains.is_self_signed(one.certificate))
    issued = tuple(one for one in candidates if one not in placeholders)
    return (issued, placeholders) if issued else (placeholders, ())


def refuse_bad_signature(found: FoundCertificate) -> None:
    """Raises CertificateError for one that says that it signed itself, and did not: nothing is made of it. Pure."""
    if chains.check_self_signature(found.certificate) is Signature.BAD:
        raise CertificateError(
            "certificate.bad-signature",
            f"{found.origin}: the certificate says that it signed itself, and its signature does not verify",
            "it was changed after it was signed: fetch it once more from where it was made",
        )


def several_certificates(
    found: Sequence[FoundCertificate], hint: str = "give the certificate that is meant, as a file", label: str = ""
) -> CertificateError:
    """The error for several certificates that could be meant: it lists them."""
    could = f"{label} holds {len(found)} certificates that" if label else f"{len(found)} certificates"
    return CertificateError(
        "certificate.ambiguous", f"{could} could be meant: {abbreviated(map(describe_leaf, found))}", hint
    )


def describe_leaf(found: FoundCertificate) -> str:
    """A certificate in a list of choices: subject, last day, fingerprint's beginning, place."""
    facts = certificates.describe_certificate(found.certificate)
    return f"{facts.subject or '(no subject)'} until {facts.not_after.date()} ({facts.sha256[:23]}…) in {found.origin}"


def abbreviated(texts: Iterable[str]) -> str:
    every = list(texts)
    return "; ".join(every[:5]) + (f" and {len(every) - 5} more" if len(every) > 5 else "")
