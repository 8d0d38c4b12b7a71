"""Certificates as old and careless makers wrote them, read element by element, and written again as DER has them.

cryptography refuses many that Java and openssl take. What it reads instead is the copy that is made here; signatures,
fingerprints and keystores keep to the bytes as they came.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from sfkeytool.crypto.der import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    MAX_DEPTH,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8_STRING,
    DerError,
    Tlv,
    children,
    decode_integer,
    decode_oid,
    encode_tlv,
    join_octets,
    read_tlv,
)
from sfkeytool.model import Opaque

_CONSTRUCTED, _VERSION, _EXTENSIONS = 0x20, 0xA0, 0xA3
_UNIQUE_IDS = (0x81, 0x82)
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_CERTIFICATE, _REQUEST = "certificate", "certificate request"
_BASIC_CONSTRAINTS = "2.5.29.19"
_UNIQUE_IDENTIFIER = "2.5.4.45"
"""X.500's, the one attribute whose value is a BIT STRING."""

_PRINTABLE = re.compile(rb"[A-Za-z0-9 '()+,\-./:=?]*")
_ENCODINGS = {0x12: "ascii", 0x14: "ascii", 0x16: "ascii", 0x1A: "ascii", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
"""Of NumericString, TeletexString, IA5String, VisibleString, UniversalString and BMPString."""

# UTCTime and GeneralizedTime of X.680; RFC 5280, 4.1.2.5 allows only seconds and Z.
_UTC = re.compile(rb"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?()(Z|[+-]\d{4})")
_GENERALIZED = re.compile(rb"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?([.,]\d+)?(Z|[+-]\d{4})?")

_WITHOUT_PARAMETERS = ("1.2.840.10045.4.", "1.2.840.10040.4.", "2.16.840.1.101.3.4.3.", "1.3.101.")
"""ECDSA (RFC 5758, 3.2), DSA (RFC 3279, 2.2.2; RFC 5758, 3.1), Ed25519 and Ed448 (RFC 8410, 3)."""

_KEY_PARAMETERS = {"1.2.840.113549.1.1.1": (b"\5\0", (SEQUENCE,)), "1.2.840.113549.1.1.10": (b"", (NULL,))}
"""Of a public key: those that it should have, and tags of others that Java passes over."""


class Oddity(Struct, frozen=True):
    """A violation of DER or RFC 5280. ``java``: whether Java reads the certificate all the same; None: not known.

    What Java does was tried, with its versions 11 to 25.
    """

    words: str
    java: bool | None


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
    body, outer, _ = _expect(children(read_tlv(der).value), SEQUENCE, SEQUENCE, BIT_STRING)[:3]
    return _agree(children(body.value), outer)


def _agree(body: list[Tlv], outer: Tlv) -> bool:
    inner = body[2 if body and body[0].tag == _VERSION else 1 :][:1]
    return bool(inner) and (inner[0].value == outer.value or _identity(inner[0]) == _identity(outer))


def _identity(algorithm: Tlv) -> tuple[str, bytes]:
    parts = _expect(children(algorithm.value), OID)
    return decode_oid(parts[0].value), b"".join(bytes([p.tag]) + p.value for p in parts[1:] if p.tag != NULL)


class _Reader:
    def __init__(self) -> None:
        self._oddities: dict[Oddity, None] = {}

    def _odd(self, words: str, *, java: bool | None) -> None:
        self._oddities[Oddity(words, java)] = None

    def certificate(self, der: bytes) -> Reading:
        outer = read_tlv(der)
        if outer.tag != SEQUENCE:
            raise DerError("it is no SEQUENCE")
        self._length(outer)
        if outer.end < len(der):
            self._odd(f"{len(der) - outer.end} bytes after its end", java=True)
        body, algorithm, signature, *more = _expect(children(outer.value), SEQUENCE, SEQUENCE, BIT_STRING)
        self._length(body)
        if more:
            self._odd("something after the signature", java=None)
        if not signature.value:
            raise DerError("its signature is empty")
        if signature.value[0]:
            self._odd("a signature that is no whole number of bytes", java=None)
        parts = children(body.value)
        if not _agree(parts, algorithm):
            self._odd("a signature algorithm outside that differs from the one inside", java=False)
        prefix, extensions, version = self._body(parts)
        outside = self._algorithm(algorithm)

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
            oddities=tuple(self._oddities),
            extensions=extensions,
            copy=copy,
        )

    def request(self, der: bytes) -> RequestReading:
        outer = read_tlv(der)
        body, algorithm, signature = _expect(children(outer.value), SEQUENCE, SEQUENCE, BIT_STRING, of=_REQUEST)[:3]
        for element in (outer, body):
            self._length(element)
        version, subject, key, *attributes = _expect(children(body.value), INTEGER, SEQUENCE, SEQUENCE, of=_REQUEST)
        encoded = encode_tlv(
            SEQUENCE,
            self._canonical(version),
            self._name(subject, "subject"),
            self._key(key),
            *(self._attributes(element) for element in attributes),
        )
        copy = encode_tlv(SEQUENCE, encoded, self._algorithm(algorithm), encode_tlv(BIT_STRING, signature.value))
        return RequestReading(outer.value[: body.end], signature.value[1:], tuple(self._oddities), copy)

    def _attributes(self, element: Tlv) -> bytes:
        self._length(element)
        return encode_tlv(element.tag, *(self._request_attribute(attribute) for attribute in children(element.value)))

    def _request_attribute(self, element: Tlv) -> bytes:
        type_, values = _expect(children(element.value), OID, SET, of=_REQUEST)[:2]
        if decode_oid(type_.value) != _EXTENSION_REQUEST:
            return self._canonical(element)
        (listed,) = _expect(children(values.value), SEQUENCE, of=_REQUEST)[:1]
        wanted = (self._extension(part).der for part in children(listed.value))
        return encode_tlv(SEQUENCE, encode_tlv(OID, type_.value), encode_tlv(SET, encode_tlv(SEQUENCE, *wanted)))

    def _body(self, parts: list[Tlv]) -> tuple[bytes, tuple[Extension, ...], int]:
        """RFC 5280, 4.1: what follows the version up to the public key, the extensions, the version."""
        version = 1
        if parts and parts[0].tag == _VERSION:
            version = self._version(parts.pop(0))
        serial, algorithm, issuer, validity, subject, key = _expect(
            parts[:6], INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE
        )
        extensions: tuple[Extension, ...] = ()
        for part in parts[6:]:
            self._length(part)
            if version == 1 or (version == 2 and part.tag == _EXTENSIONS):
                self._odd(f"parts that version {version} does not have", java=False)
            if part.tag == _EXTENSIONS:
                extensions = self._extensions(part)
            elif part.tag not in _UNIQUE_IDS:
                self._odd(f"an element that no certificate has (tag {part.tag:#x})", java=None)
        if not children(issuer.value) or not any(rdn.value for rdn in children(issuer.value)):
            self._odd("no issuer", java=False)
        encoded = (
            self._serial(serial),
            self._algorithm(algorithm),
            self._name(issuer, "issuer"),
            self._validity(validity),
            self._name(subject, "subject"),
            self._key(key),
        )
        return b"".join(encoded), extensions, version

    def _version(self, element: Tlv) -> int:
        number = decode_integer(_expect(children(element.value), INTEGER)[0].value)
        if number == 0:
            self._odd("version 1 written out, which is the default", java=True)
        elif number == 1:
            self._odd("version 2, which nobody uses", java=True)
        elif number != 2:
            self._odd("a version that there is not", java=None)
        return number + 1

    def _serial(self, element: Tlv) -> bytes:
        if not element.value:
            self._odd("an empty serial number", java=False)
            return encode_tlv(INTEGER, b"\0")
        if decode_integer(element.value) <= 0:
            self._odd("a serial number that is not positive", java=True)
        if len(element.value.lstrip(b"\0")) > 20:
            self._odd("a serial number of more than 20 bytes", java=True)
        return self._canonical(element)

    def _algorithm(self, element: Tlv) -> bytes:
        parts = _expect(children(element.value), OID)
        oid = decode_oid(parts[0].value)
        if oid.startswith(_WITHOUT_PARAMETERS) and any(part.tag == NULL for part in parts[1:]):
            self._odd("NULL parameters in a signature algorithm that has none", java=True)
            return encode_tlv(SEQUENCE, *(self._canonical(part) for part in parts if part.tag != NULL))
        return self._canonical(element)

    def _name(self, element: Tlv, whose: str) -> bytes:
        self._length(element)
        rdns = []
        for rdn in children(element.value):
            if rdn.tag != SET:
                raise DerError(f"its {whose} is no name")
            self._length(rdn)
            attributes = [self._attribute(attribute, whose) for attribute in children(rdn.value)]
            once = sorted(set(attributes))
            if len(once) < len(attributes):
                self._odd(f"a part of the {whose} that says the same twice", java=True)
            elif once != attributes:
                self._odd(f"a part of the {whose} that is not sorted", java=True)
            if once:
                rdns.append(encode_tlv(SET, *once))
            else:
                self._odd(f"an empty part in the {whose}", java=None)
        return encode_tlv(SEQUENCE, *rdns)

    def _attribute(self, element: Tlv, whose: str) -> bytes:
        if element.tag != SEQUENCE:
            raise DerError(f"its {whose} is no name")
        self._length(element)
        parts = _expect(children(element.value), OID)
        oid = decode_oid(parts[0].value)
        if len(parts) != 2:
            raise DerError(f"its {whose} is no name")
        self._length(parts[1])
        is_bits = oid == _UNIQUE_IDENTIFIER and parts[1].tag == BIT_STRING
        value = encode_tlv(BIT_STRING, parts[1].value) if is_bits else self._text(parts[1], whose)
        return encode_tlv(SEQUENCE, encode_tlv(OID, parts[0].value), value)

    def _text(self, element: Tlv, whose: str) -> bytes:
        """The value of an attribute; one that its type does not allow as UTF8String, octet by octet if need be."""
        tag, value = element.tag, element.value
        if tag == 0x13:
            if _PRINTABLE.fullmatch(value):
                return encode_tlv(tag, value)
            wrong = "".join(dict.fromkeys(chr(byte) for byte in value if not _PRINTABLE.fullmatch(bytes([byte]))))
            self._odd(f"characters in the {whose} that a PrintableString does not have: {wrong!a}", java=True)
        elif encoding := _ENCODINGS.get(tag, "utf-8" if tag == UTF8_STRING else ""):
            try:
                value.decode(encoding)
            except UnicodeDecodeError:
                self._odd(f"text in the {whose} that is not in its own encoding", java=True)
            else:
                return encode_tlv(tag, value)
        else:
            self._odd(f"a value in the {whose} that is no text", java=True)
            return encode_tlv(UTF8_STRING, b"#", encode_tlv(tag, value).hex().encode())
        return encode_tlv(UTF8_STRING, value.decode("latin-1").encode())

    def _validity(self, element: Tlv) -> bytes:
        self._length(element)
        dates = children(element.value)
        if len(dates) < 2:
            raise DerError("it has not the two dates of a certificate")
        if len(dates) > 2:
            self._odd("more than two dates", java=None)
        return encode_tlv(SEQUENCE, self._time(dates[0]), self._time(dates[1]))

    def _time(self, element: Tlv) -> bytes:
        self._length(element)
        pattern = {UTC_TIME: _UTC, GENERALIZED_TIME: _GENERALIZED}.get(element.tag)
        match = pattern.fullmatch(element.value) if pattern else None
        if match is None:
            raise DerError(f"{element.value[:30].decode('ascii', 'replace')!a} is no date")
        year, month, day, hour, minute = (int(match[number]) for number in range(1, 6))
        seconds, fraction, zone = match[6], match[7], match[8]
        if element.tag == UTC_TIME:
            year += 1900 if year >= 50 else 2000
        if seconds is None or fraction or zone != b"Z":
            # Java reads each of these alone; it wants seconds where there is an offset, and an offset or Z.
            java = zone is not None and (seconds is not None or zone == b"Z") and not (fraction or b"").startswith(b",")
            self._odd(f"a date written as {element.value.decode('ascii')}", java=True if java else None)
        if not year:
            self._odd("a date in the year 0", java=True)
            year = 1
        try:
            # Java takes 30 February for 2 March.
            moment = datetime(year, month, 1, hour, minute, int(seconds or 0), tzinfo=UTC) + timedelta(days=day - 1)
            if not 1 <= day <= 31:
                raise ValueError
            if moment.month != month:
                self._odd("a date that no month has", java=True)
        except (ValueError, OverflowError):
            raise DerError(f"{element.value.decode('ascii')} is no date") from None
        if zone and zone != b"Z":
            try:
                offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
                moment += -offset if zone[:1] == b"+" else offset
            except OverflowError:
                pass  # at either end of the years that there are, hours do not matter
        if 1950 <= moment.year < 2050:
            return encode_tlv(UTC_TIME, f"{moment:%y%m%d%H%M%S}Z".encode())
        return encode_tlv(GENERALIZED_TIME, f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode())

    def _key(self, element: Tlv) -> bytes:
        algorithm, bits = _expect(children(element.value), SEQUENCE, BIT_STRING)[:2]
        held = bits.value
        if held[:1] not in (b"", b"\0"):
            self._odd("a public key that is no whole number of bytes", java=None)
            held = b"\0" + held[1:]
        return encode_tlv(SEQUENCE, self._key_algorithm(algorithm), encode_tlv(BIT_STRING, held))

    def _key_algorithm(self, element: Tlv) -> bytes:
        """RFC 4055, 1.2 and 3.1: the parameters of an RSA key are NULL, of one for RSASSA-PSS what they restrict."""
        type_, *parameters = _expect(children(element.value), OID)
        wanted, odd = _KEY_PARAMETERS.get(decode_oid(type_.value), (None, ()))
        if wanted is None or not any(part.tag in odd for part in parameters):
            return self._canonical(element)
        self._odd("parameters that its kind of key does not have", java=True)
        return encode_tlv(SEQUENCE, encode_tlv(OID, type_.value), wanted)

    def _extensions(self, element: Tlv) -> tuple[Extension, ...]:
        found: dict[str, Extension] = {}
        (listed,) = _expect(children(element.value), SEQUENCE)[:1]
        self._length(listed)
        for part in children(listed.value):
            self._length(part)
            try:
                extension = self._extension(part)
            except DerError:
                self._odd("an extension that is malformed", java=None if part.tag == SET else False)
                continue
            if extension.oid in found:
                self._odd(f"two extensions {extension.oid}", java=False)
            else:
                found[extension.oid] = extension
        return tuple(found.values())

    def _extension(self, element: Tlv) -> Extension:
        parts = children(element.value)
        if element.tag != SEQUENCE:
            raise DerError("no extension")
        (type_,) = _expect(parts[:1], OID)
        oid = decode_oid(type_.value)
        critical = b""
        if len(parts) > 1 and parts[1].tag == BOOLEAN:
            flag = parts.pop(1)
            if len(flag.value) != 1:
                raise DerError("no BOOLEAN")
            critical = self._canonical(flag) if flag.value != b"\0" else b""
            if not critical:
                self._odd("critical FALSE written out, which is the default", java=True)
        (_, value, *more) = _expect(parts, OID, OCTET_STRING)
        if more:
            self._odd(f"something after the value of the extension {oid}", java=None)
        self._length(value)
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
                self._odd("cA FALSE written out, which is the default", java=True)
                inner = Tlv(inner.tag, inner.header_length, inner.value[3:], inner.end)
            return self._canonical(inner)
        except DerError:
            return value

    def _canonical(self, element: Tlv, depth: int = MAX_DEPTH) -> bytes:
        self._length(element)
        if not depth:
            raise DerError("nested too deeply")
        if element.tag == OCTET_STRING | _CONSTRUCTED:
            self._odd("a string in pieces (BER)", java=None)
            return encode_tlv(OCTET_STRING, join_octets(element))
        if element.tag & _CONSTRUCTED:
            return encode_tlv(element.tag, *(self._canonical(child, depth - 1) for child in children(element.value)))
        value = element.value
        if element.tag == BOOLEAN and len(value) == 1 and value not in (b"\0", b"\xff"):
            self._odd(f"TRUE written as {value.hex()}", java=True)
            value = b"\xff"
        if element.tag == INTEGER and value:
            number = decode_integer(value)
            value = number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)
            if value != element.value:
                self._odd("a number with needless bytes", java=True)
        return encode_tlv(element.tag, value)

    def _length(self, element: Tlv) -> None:
        if element.indefinite:
            self._odd("an indefinite length (BER)", java=True)
        elif not element.minimal:
            self._odd("a length in more bytes than DER has", java=None)  # Java 11 refuses it, 17 does not


def _expect(parts: list[Tlv], *tags: int, of: str = _CERTIFICATE) -> list[Tlv]:
    if [part.tag for part in parts[: len(tags)]] != list(tags):
        raise DerError(f"it has not the elements of a {of}")
    return parts
