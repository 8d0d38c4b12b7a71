"""The certificates of a PKCS#7 bundle (CMS SignedData, RFC 5652, 5.1), DER or BER, whatever else it holds."""

from sfkeytool.crypto.der import OID, SEQUENCE, DerError, children, decode_oid, read_tlv

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTEXT_0 = 0xA0


def parse_bundle(der: bytes) -> tuple[bytes, ...]:
    """Each certificate as it stands there. Pure. Raises DerError, also for a bundle without any."""
    outer = children(read_tlv(der).value)
    if [part.tag for part in outer[:2]] != [OID, _CONTEXT_0] or decode_oid(outer[0].value) != _SIGNED_DATA:
        raise DerError("it is no SignedData")
    parts = children(read_tlv(outer[1].value).value)
    # Version, digest algorithms (a SET) and signed content (a SEQUENCE) come first.
    certificates = next((part for part in parts if part.tag == _CONTEXT_0), None)
    if certificates is None:
        raise DerError("it holds no certificate")
    found = []
    start = 0
    for part in children(certificates.value):
        if part.tag == SEQUENCE:  # others are attribute certificates, and of forms that nobody uses any more
            found.append(certificates.value[start : part.end])
        start = part.end
    if not found:
        raise DerError("it holds no certificate")
    return tuple(found)
