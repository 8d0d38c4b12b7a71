"""A private key by its numbers, read from its PKCS#8 and not loaded: loading costs 50 to 320 ms for each RSA key.

That is enough to tell kind and size, whether the numbers belong together, and whether a certificate is its public half.
"""

from msgspec import Struct

from sfkeytool.crypto.der import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DerError,
    children,
    decode_integer,
    decode_oid,
    read_tlv,
)
from sfkeytool.crypto.rsa_numbers import RsaNumbers

OID_RSA = "1.2.840.113549.1.1.1"
OID_RSA_PSS = "1.2.840.113549.1.1.10"

_ALGORITHMS = {
    OID_RSA: "RSA",
    OID_RSA_PSS: "RSASSA-PSS",
    "1.2.840.10045.2.1": "EC",
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.110": "X25519",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}


class PrivateKeyNumbers(Struct, frozen=True):
    """``algorithm`` as people say it, else the dotted OID; ``rsa`` only for RSA keys whose numbers can be read."""

    algorithm: str
    rsa: RsaNumbers | None


def parse_pkcs8(key_pkcs8: bytes) -> PrivateKeyNumbers | None:
    """What an unencrypted PrivateKeyInfo (RFC 5208) holds; None if it is none. Secret. Pure."""
    try:
        outer = read_tlv(key_pkcs8)
        parts = children(outer.value)
        if outer.tag != SEQUENCE or outer.end != len(key_pkcs8):
            return None
        if [part.tag for part in parts[:3]] != [INTEGER, SEQUENCE, OCTET_STRING] or parts[0].value != b"\0":
            return None
        if not all(part.minimal for part in (outer, *parts)):
            return None  # Java reads keys as DER, and not as BER
        kind = children(parts[1].value)
        if kind[0].tag != OID:
            return None
        oid = decode_oid(kind[0].value)
        algorithm = _ALGORITHMS.get(oid, oid)
        if oid not in (OID_RSA, OID_RSA_PSS):
            return PrivateKeyNumbers(algorithm, None)
        return PrivateKeyNumbers(algorithm, _parse_rsa(parts[2].value))
    except (DerError, IndexError):
        return None


def _parse_rsa(der: bytes) -> RsaNumbers:
    elements = children(read_tlv(der).value)
    if len(elements) < 9 or any(element.tag != INTEGER for element in elements[:9]):
        raise DerError("not an RSAPrivateKey")
    _, n, e, d, p, q, dp, dq, coefficient = (decode_integer(element.value) for element in elements[:9])
    return RsaNumbers(n, e, d, (p, q), (dp, dq), coefficient)
