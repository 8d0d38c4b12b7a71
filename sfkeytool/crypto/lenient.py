"""Certificates as old and careless makers wrote them, read element by element, and written again as DER has them.

cryptography refuses many that Java and openssl take. What it reads instead is the copy that is made here; signatures,
fingerprints and keystores keep to the bytes as they came.
"""

from collections.abc import Callable

from sfkeytool.crypto.canonical import REQUEST, DerWriter, Oddity, expect
from sfkeytool.crypto.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    DerError,
    Tlv,
    children,
    decode_integer,
    decode_oid,
    encode_tlv,
    read_tlv,
)
from sfkeytool.model import Opaque

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_UNIQUE_IDS = (0x81, 0x82)
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_BASIC_CONSTRAINTS = "2.5.29.19"


class Extension(Opaque, frozen=True):
    """``der`` is in DER, as far as what it holds can be read."""

    oid: str
    critical: bool
    der: bytes


class Reading(Opaque, frozen=True):
    """A certificate in parts. ``tbs_der`` and ``signature`` are as they came; the copy is in DER."""

    length: int
    """Of the certificate itself; what follows is none of it."""
    tbs_der: bytes
    signature: bytes
    oddities: tuple[Oddity, ...]
    extensions: tuple[Extension, ...]
    """Those that have no form at all are left out."""
    copy: Callable[[tuple[Extension, ...]], bytes]
    """The certificate in DER, with some of its extensions."""


def read_certificate(der: bytes) -> Reading:
    """Pure. Raises DerError, which names what makes it unreadable."""
    return _Reader().certificate(der)


class RequestReading(Opaque, frozen=True):
    """A certificate request in parts, as Reading is a certificate."""

    signed_der: bytes
    signature: bytes
    oddities: tuple[Oddity, ...]
    copy_der: bytes


def read_request(der: bytes) -> RequestReading:
    """A PKCS#10 request (RFC 2986, 4). Pure. Raises DerError, which names what makes it unreadable."""
    return _Reader().request(der)


def algorithms_agree(der: bytes) -> bool:
    """Whether a certificate states the same signature algorithm inside and outside (RFC 5280, 4.1.1.2).

    NULL and no parameters are the same, as they are to Java. Pure. Raises DerError.
    """
    body, outer, _ = expect(children(read_tlv(der).value), SEQUENCE, SEQUENCE, BIT_STRING)[:3]
    return _agree(children(body.value), outer)


def _agree(body: list[Tlv], outer: Tlv) -> bool:
    inner = body[2 if body and body[0].tag == _VERSION else 1 :][:1]
    return bool(inner) and (inner[0].value == outer.value or _identity(inner[0]) == _identity(outer))


def _identity(algorithm: Tlv) -> tuple[str, bytes]:
    parts = expect(children(algorithm.value), OID)
    return decode_oid(parts[0].value), b"".join(bytes([p.tag]) + p.value for p in parts[1:] if p.tag != NULL)


class _Reader:
    def __init__(self) -> None:
        self._der = DerWriter()

    def certificate(self, der: bytes) -> Reading:
        outer = read_tlv(der)
        if outer.tag != SEQUENCE:
            raise DerError("it is no SEQUENCE")
        self._der.length(outer)
        if outer.end < len(der):
            self._der.odd(f"{len(der) - outer.end} bytes after its end", java=True)
        body, algorithm, signature, *more = expect(children(outer.value), SEQUENCE, SEQUENCE, BIT_STRING)
        self._der.length(body)
        if more:
            self._der.odd("something after the signature", java=None)
        if not signature.value:
            raise DerError("its signature is empty")
        if signature.value[0]:
            self._der.odd("a signature that is no whole number of bytes", java=None)
        parts = children(body.value)
        if not _agree(parts, algorithm):
            self._der.odd("a signature algorithm outside that differs from the one inside", java=False)
        prefix, extensions, version = self._body(parts)
        outside = self._der.algorithm(algorithm)

        def copy(chosen: tuple[Extension, ...]) -> bytes:
            listed = encode_tlv(_EXTENSIONS, encode_tlv(SEQUENCE, *(one.der for one in chosen))) if chosen else b""
            # The library knows the versions 1 and 3 alone.
            stated = encode_tlv(_VERSION, encode_tlv(INTEGER, b"\2")) if version != 1 or chosen else b""
            tbs = encode_tlv(SEQUENCE, stated, prefix, listed)
            return encode_tlv(SEQUENCE, tbs, outside, encode_tlv(BIT_STRING, b"\0", signature.value[1:]))

        return Reading(
            length=outer.end,
            tbs_der=outer.value[: body.end],
            signature=signature.value[1:],
            oddities=tuple(self._der.oddities),
            extensions=extensions,
            copy=copy,
        )

    def request(self, der: bytes) -> RequestReading:
        outer = read_tlv(der)
        body, algorithm, signature = expect(children(outer.value), SEQUENCE, SEQUENCE, BIT_STRING, of=REQUEST)[:3]
        for element in (outer, body):
            self._der.length(element)
        version, subject, key, *attributes = expect(children(body.value), INTEGER, SEQUENCE, SEQUENCE, of=REQUEST)
        encoded = encode_tlv(
            SEQUENCE,
            self._der.canonical(version),
            self._der.name(subject, "subject"),
            self._der.key(key),
            *(self._attributes(element) for element in attributes),
        )
        copy = encode_tlv(SEQUENCE, encoded, self._der.algorithm(algorithm), encode_tlv(BIT_STRING, signature.value))
        return RequestReading(outer.value[: body.end], signature.value[1:], tuple(self._der.oddities), copy)

    def _attributes(self, element: Tlv) -> bytes:
        self._der.length(element)
        return encode_tlv(element.tag, *(self._request_attribute(attribute) for attribute in children(element.value)))

    def _request_attribute(self, element: Tlv) -> bytes:
        type_, values = expect(children(element.value), OID, SET, of=REQUEST)[:2]
        if decode_oid(type_.value) != _EXTENSION_REQUEST:
            return self._der.canonical(element)
        (listed,) = expect(children(values.value), SEQUENCE, of=REQUEST)[:1]
        wanted = (self._extension(part).der for part in children(listed.value))
        return encode_tlv(SEQUENCE, encode_tlv(OID, type_.value), encode_tlv(SET, encode_tlv(SEQUENCE, *wanted)))

    def _body(self, parts: list[Tlv]) -> tuple[bytes, tuple[Extension, ...], int]:
        """RFC 5280, 4.1: what follows the version up to the public key, the extensions, the version."""
        version = 1
        if parts and parts[0].tag == _VERSION:
            version = self._version(parts.pop(0))
        serial, algorithm, issuer, validity, subject, key = expect(
            parts[:6], INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE
        )
        extensions: tuple[Extension, ...] = ()
        for part in parts[6:]:
            self._der.length(part)
            if version == 1 or (version == 2 and part.tag == _EXTENSIONS):
                self._der.odd(f"parts that version {version} does not have", java=False)
            if part.tag == _EXTENSIONS:
                extensions = self._extensions(part)
            elif part.tag not in _UNIQUE_IDS:
                self._der.odd(f"an element that no certificate has (tag {part.tag:#x})", java=None)
        if not children(issuer.value) or not any(rdn.value for rdn in children(issuer.value)):
            self._der.odd("no issuer", java=False)
        encoded = (
            self._serial(serial),
            self._der.algorithm(algorithm),
            self._der.name(issuer, "issuer"),
            self._der.validity(validity),
            self._der.name(subject, "subject"),
            self._der.key(key),
        )
        return b"".join(encoded), extensions, version

    def _version(self, element: Tlv) -> int:
        number = decode_integer(expect(children(element.value), INTEGER)[0].value)
        if number == 0:
            self._der.odd("version 1 written out, which is the default", java=True)
        elif number == 1:
            self._der.odd("version 2, which nobody uses", java=True)
        elif number != 2:
            self._der.odd("a version that there is not", java=None)
        return number + 1

    def _serial(self, element: Tlv) -> bytes:
        if not element.value:
            self._der.odd("an empty serial number", java=False)
            return encode_tlv(INTEGER, b"\0")
        if decode_integer(element.value) <= 0:
            self._der.odd("a serial number that is not positive", java=True)
        if len(element.value.lstrip(b"\0")) > 20:
            self._der.odd("a serial number of more than 20 bytes", java=True)
        return self._der.canonical(element)

    def _extensions(self, element: Tlv) -> tuple[Extension, ...]:
        found: dict[str, Extension] = {}
        (listed,) = expect(children(element.value), SEQUENCE)[:1]
        self._der.length(listed)
        for part in children(listed.value):
            self._der.length(part)
            try:
                extension = self._extension(part)
            except DerError:
                self._der.odd("an extension that is malformed", java=None if part.tag == SET else False)
                continue
            if extension.oid in found:
                self._der.odd(f"two extensions {extension.oid}", java=False)
            else:
                found[extension.oid] = extension
        return tuple(found.values())

    def _extension(self, element: Tlv) -> Extension:
        parts = children(element.value)
        if element.tag != SEQUENCE:
            raise DerError("no extension")
        (type_,) = expect(parts[:1], OID)
        oid = decode_oid(type_.value)
        critical = b""
        if len(parts) > 1 and parts[1].tag == BOOLEAN:
            flag = parts.pop(1)
            if len(flag.value) != 1:
                raise DerError("no BOOLEAN")
            critical = self._der.canonical(flag) if flag.value != b"\0" else b""
            if not critical:
                self._der.odd("critical FALSE written out, which is the default", java=True)
        (_, value, *more) = expect(parts, OID, OCTET_STRING)
        if more:
            self._der.odd(f"something after the value of the extension {oid}", java=None)
        self._der.length(value)
        held = encode_tlv(OCTET_STRING, self._value(oid, value.value))
        der = encode_tlv(SEQUENCE, encode_tlv(OID, type_.value), critical, held)
        return Extension(oid, bool(critical), der)

    def _value(self, oid: str, value: bytes) -> bytes:
        """What an extension holds, in DER where it is any BER at all."""
        try:
            inner = read_tlv(value)
            if inner.end != len(value):
                return value
            if oid == _BASIC_CONSTRAINTS and inner.value[:3] == b"\1\1\0":
                self._der.odd("cA FALSE written out, which is the default", java=True)
                inner = Tlv(inner.tag, inner.header_length, inner.value[3:], inner.end)
            return self._der.canonical(inner)
        except DerError:
            return value
