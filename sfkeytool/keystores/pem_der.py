"""Keys, certificates and requests in PEM or DER, in no keystore."""

from typing import TYPE_CHECKING

from sfkeytool.crypto import csr, pem, pkcs7
from sfkeytool.crypto.der import DerError, read_tlv
from sfkeytool.crypto.sniff import FileKind, sniff
from sfkeytool.errors import CertificateError, InputError, PrivateKeyPasswordError
from sfkeytool.keystores.found import Collection, FoundCsr, UnreadableKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfkeytool.passwords import Secret


def collect(data: bytes, label: str, kind: FileKind, passwords: "Sequence[Secret]", *, load_keys: bool) -> Collection:
    """What stands in ``data``, which normalise_text() has seen and sniff() calls ``kind``. Pure.

    Raises as parse_contents() does; ``load_keys`` is its own.
    """
    found = Collection()
    if kind is FileKind.PEM:
        for block in pem.parse_pem(data, label):
            _add_block(found, block, label, passwords, load_keys)
    else:
        _add_der(found, data, label, kind, passwords, load_keys)
    found.require_readable()
    return found


def _add_block(
    found: Collection, block: pem.PemBlock, label: str, passwords: "Sequence[Secret]", load_keys: bool
) -> None:
    origin = label if block.number == 1 else f"{label}, PEM block {block.number}"
    match block.label:
        case "CERTIFICATE" | "X509 CERTIFICATE":
            found.add_certificate(block.der, origin)
        case "TRUSTED CERTIFICATE":  # openssl's own: the certificate, then its trust settings
            found.add_certificate(_first_tlv(block.der), origin)
        case "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" if sniff(block.der) is FileKind.DER_ENVELOPED:
            found.ignored.append(f"{origin}: {FileKind.DER_ENVELOPED}")
        case "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA":
            _add_bundle(found, block.der, origin)
        case "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST":
            found.requests.append(FoundCsr(origin, csr.parse_csr(block.der, origin)))
        case "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY":
            _add_key(found, block.text, origin, passwords, load_keys)
        case "OPENSSH PRIVATE KEY":
            error = InputError(
                "key.openssh",
                f"{origin} is a private key in OpenSSH's own format",
                "convert a copy: ssh-keygen -p -m PKCS8 -f COPY",
            )
            found.unreadable_keys.append(UnreadableKey(origin, error))
        case _:
            found.ignored.append(f"{origin}: {block.label}")


def _add_der(
    found: Collection, data: bytes, label: str, kind: FileKind, passwords: "Sequence[Secret]", load_keys: bool
) -> None:
    match kind:
        case FileKind.DER_CERTIFICATE:
            found.add_certificate(data, label)
        case FileKind.DER_PKCS7:
            _add_bundle(found, data, label)
        case FileKind.DER_CSR:
            found.requests.append(FoundCsr(label, csr.parse_csr(data, label)))
        case FileKind.DER_KEY | FileKind.DER_ENCRYPTED_KEY:
            _add_key(found, data, label, passwords, load_keys)
        case FileKind.DER_PUBLIC_KEY | FileKind.DER_CRL | FileKind.DER_ENVELOPED:
            found.ignored.append(f"{label}: {kind}")
        case _:
            raise InputError(
                "input.unknown-kind",
                f"{label} is not a key, certificate, certificate request or keystore that sfkeytool knows",
                "it reads PEM, DER, PKCS#7, PFX/PKCS#12, JKS, JCEKS, BKS, UBER and Salesforce metadata files",
            )


def _add_bundle(found: Collection, der: bytes, origin: str) -> None:
    try:
        bundle = pkcs7.parse_bundle(der)
    except DerError as error:
        raise CertificateError("pkcs7.malformed", f"{origin}: the PKCS#7 bundle is damaged: {error}") from None
    for number, certificate in enumerate(bundle, 1):
        found.add_certificate(certificate, origin, place=f", certificate {number}")


def _add_key(found: Collection, data: bytes, origin: str, passwords: "Sequence[Secret]", load_keys: bool) -> None:
    """Load a key; one that needs a password which nobody has is only noted, where keys are not what is wanted."""
    try:
        found.add_key(data, origin, passwords, validate=load_keys)
    except PrivateKeyPasswordError:
        if load_keys:
            raise
        found.locked.append(origin)


def _first_tlv(der: bytes) -> bytes:
    try:
        return der[: read_tlv(der).end]
    except DerError:
        return der
