"""Keys, certificates and keystores that nobody has used before: made for one run, and worthless after it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from filled_org import key
from oracle_java import java_make

from sfkeytool.keystores.bcfks.writing import encode_bcfks
from sfkeytool.keystores.jks import JksKeyEntry, encode_java_utf, parse_jks
from sfkeytool.passwords import Secret

PASSWORD = "worthless-live-password"


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    name: str, number: int, *, days: tuple[int, int] = (-1, 300), issuer: x509.Certificate | None = None,
    issuer_number: int | None = None, ca: bool = False, padding_bytes: int = 0,
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | None = None,
) -> x509.Certificate:  # fmt: skip
    """Of key ``number``, or of another's ``public_key``; signed by ``issuer`` with key ``issuer_number``, or by itself.

    ``days`` are counted from now. ``padding_bytes`` go into a comment, which makes it that much larger.
    """
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(name))
        .issuer_name(issuer.subject if issuer else name_of(name))
        .public_key(public_key or key(number).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if padding_bytes:
        comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.13"), bytes(padding_bytes))
        builder = builder.add_extension(comment, critical=False)
    return builder.sign(key(number if issuer_number is None else issuer_number), hashes.SHA256())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(Encoding.DER)


def with_broken_signature(one: x509.Certificate) -> x509.Certificate:
    """The same with the last bit of its signature flipped."""
    data = der(one)
    return x509.load_der_x509_certificate(data[:-1] + bytes([data[-1] ^ 1]))


def signed_with_sha1(one: x509.Certificate, signer: int) -> x509.Certificate:
    """The same, signed so by key ``signer``: cryptography does not sign certificates so any more."""
    old, new = (bytes.fromhex(f"2a864886f70d0101{kind}") for kind in ("0b", "05"))  # RFC 8017, appendix A.2.4
    signed = one.tbs_certificate_bytes.replace(old, new)
    signature = key(signer).sign(signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - that is the question
    return x509.load_der_x509_certificate(der(one).replace(old, new)[: -len(signature)] + signature)


def key_der(number: int) -> bytes:
    return key(number).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def key_pem(number: int) -> bytes:
    return key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def keystore(aliases: Sequence[str], chain: Sequence[x509.Certificate], password: str = PASSWORD) -> bytes:
    """Written by a genuine Java: key 1 and ``chain`` under each alias."""
    chain_der = [der(each) for each in chain]
    return java_make("JKS", password, [(alias, key_der(1), password, chain_der) for alias in aliases])


def bcfks(alias: str, chain: Sequence[x509.Certificate], password: str = PASSWORD) -> bytes:
    """Written by sfkeytool: key 1 and ``chain``."""
    return encode_bcfks(
        alias=alias,
        key_pkcs8=key_der(1),
        chain_der=[der(each) for each in chain],
        password=Secret(password),
        created_at_ms=0,
    )


def aliases_of(data: bytes) -> tuple[str, ...]:
    """Of the private keys in a JKS; empty for what is none, or cannot be read."""
    try:
        entries = parse_jks(data, "keystore").entries
    except Exception:  # hostile on purpose: the corpus has files that nobody reads
        return ()
    return tuple(entry.alias for entry in entries if isinstance(entry, JksKeyEntry))


def renamed(data: bytes, password: str, old: str, new: str) -> bytes:
    """A JKS with another alias in the place of ``old``, and a digest that fits."""
    parsed = parse_jks(data, "keystore")
    body = parsed.signed.replace(encode_java_utf(old), encode_java_utf(new))
    digest = hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()
    return body + digest + parsed.trailing
