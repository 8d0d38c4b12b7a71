"""What a certificate must carry for its purpose."""

from typing import TYPE_CHECKING

from sfkeytool.model import Notice, Purpose

if TYPE_CHECKING:
    from cryptography import x509


def purpose_notices(purpose: Purpose, leaf: "x509.Certificate", *, chain_complete: bool) -> tuple[Notice, ...]:
    """Warnings where ``leaf`` lacks what its purpose needs. Pure.

    A custom domain's certificate needs the domain in its SAN, serverAuth and the whole chain (Salesforce Knowledge
    000386535 and 000387916, 2026); a mutual-TLS client certificate needs clientAuth wherever it limits its use.
    """
    from sfkeytool.crypto.certificates import describe_certificate

    facts = describe_certificate(leaf)
    usages = facts.extended_key_usage
    notices = []
    if purpose is Purpose.DOMAIN:
        if not any(name.startswith("DNS:") for name in facts.san):
            notices.append(Notice("purpose.no-san", "the certificate names no DNS name (SAN): no browser will take it"))
        if "serverAuth" not in usages:
            notices.append(Notice("purpose.no-server-auth", "the certificate lacks the extended key usage serverAuth"))
        if not chain_complete:
            notices.append(Notice("purpose.chain", "a custom domain needs the whole chain, root included"))
    if purpose is Purpose.MTLS and usages and "clientAuth" not in usages:
        notices.append(
            Notice(
                "purpose.no-client-auth",
                "the certificate's extended key usage lacks clientAuth: servers will refuse it as a client's. Public"
                " CAs stopped issuing it in 2026; a private CA can",
            )
        )
    return tuple(notices)
