"""A worthless CA and a certificate of it for 127.0.0.1."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

TUNNELLED = ("login.salesforce.com", "test.salesforce.com", "acme.my.salesforce.com")
"""Hosts for which a fake org may answer at the end of a tunnel."""


def make_tls(folder: Path) -> tuple[Path, Path]:
    """Files in ``folder``: the CA's certificate, and the server's key with its certificate. Both PEM.

    Those that are there already serve again: many orgs may share a folder.
    """
    ca_path, chain_path = folder / "fake-org-ca.pem", folder / "fake-org.pem"
    if chain_path.exists():
        return ca_path, chain_path
    ca_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    ca_name = _name("Worthless test CA")
    ca = _certificate(ca_name, ca_name, ca_key.public_key(), ca_key, is_ca=True)
    certificate = _certificate(_name("127.0.0.1"), ca_name, key.public_key(), ca_key, is_ca=False)
    ca_path.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain_path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return ca_path, chain_path


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, signer: rsa.RSAPrivateKey, *, is_ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=is_ca, crl_sign=is_ca, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not is_ca:
        names = [x509.IPAddress(IPv4Address("127.0.0.1")), *map(x509.DNSName, ("localhost", *TUNNELLED))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())
