"""The elements of certificates as old and careless makers wrote them, written again as DER has them.

What is odd about them is noted on the way.
"""

import re
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
)

CERTIFICATE, REQUEST = "certificate", "certificate request"
_CONSTRUCTED = 0x20
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


class DerWriter:
    """Each method takes an element and returns its DER, or raises DerError for one that makes no sense."""

    def __init__(self) -> None:
        self.oddities: dict[Oddity, None] = {}
        """In the order in which they were met, each once."""

    def odd(self, words: str, *, java: bool | None) -> None:
        self.oddities[Oddity(words, java)] = None

    def length(self, element: Tlv) -> None:
        if element.indefinite:
            self.odd("an indefinite length (BER)", java=True)
        elif not element.minimal:
            self.odd("a length in more bytes than DER has", java=None)  # Java 11 refuses it, 17 does not

    def canonical(self, element: Tlv, depth: int = MAX_DEPTH) -> bytes:
        self.length(element)
        if not depth:
            raise DerError("nested too deeply")
        if element.tag == OCTET_STRING | _CONSTRUCTED:
            self.odd("a string in pieces (BER)", java=None)
            return encode_tlv(OCTET_STRING, join_octets(element))
        if element.tag & _CONSTRUCTED:
            return encode_tlv(element.tag, *(self.canonical(child, depth - 1) for child in children(element.value)))
        value = element.value
        if element.tag == BOOLEAN and len(value) == 1 and value not in (b"\0", b"\xff"):
            self.odd(f"TRUE written as {value.hex()}", java=True)
            value = b"\xff"
        if element.tag == INTEGER and value:
            number = decode_integer(value)
            value = number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)
            if value != element.value:
                self.odd("a number with needless bytes", java=True)
        return encode_tlv(element.tag, value)

    def algorithm(self, element: Tlv) -> bytes:
        parts = expect(children(element.value), OID)
        oid = decode_oid(parts[0].value)
        if oid.startswith(_WITHOUT_PARAMETERS) and any(part.tag == NULL for part in parts[1:]):
            self.odd("NULL parameters in a signature algorithm that has none", java=True)
            return encode_tlv(SEQUENCE, *(self.canonical(part) for part in parts if part.tag != NULL))
        return self.canonical(element)

    def name(self, element: Tlv, whose: str) -> bytes:
        self.length(element)
        rdns = []
        for rdn in children(element.value):
            if rdn.tag != SET:
                raise DerError(f"its {whose} is no name")
            self.length(rdn)
            attributes = [self._attribute(attribute, whose) for attribute in children(rdn.value)]
            once = sorted(set(attributes))
            if len(once) < len(attributes):
                self.odd(f"a part of the {whose} that says the same twice", java=True)
            elif once != attributes:
                self.odd(f"a part of the {whose} that is not sorted", java=True)
            if once:
                rdns.append(encode_tlv(SET, *once))
            else:
                self.odd(f"an empty part in the {whose}", java=None)
        return encode_tlv(SEQUENCE, *rdns)

    def _attribute(self, element: Tlv, whose: str) -> bytes:
        if element.tag != SEQUENCE:
            raise DerError(f"its {whose} is no name")
        self.length(element)
        parts = expect(children(element.value), OID)
        oid = decode_oid(parts[0].value)
        if len(parts) != 2:
            raise DerError(f"its {whose} is no name")
        self.length(parts[1])
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
            self.odd(f"characters in the {whose} that a PrintableString does not have: {wrong!a}", java=True)
        elif encoding := _ENCODINGS.get(tag, "utf-8" if tag == UTF8_STRING else ""):
            try:
                value.decode(encoding)
            except UnicodeDecodeError:
                self.odd(f"text in the {whose} that is not in its own encoding", java=True)
            else:
                return encode_tlv(tag, value)
        else:
            self.odd(f"a value in the {whose} that is no text", java=True)
            return encode_tlv(UTF8_STRING, b"#", encode_tlv(tag, value).hex().encode())
        return encode_tlv(UTF8_STRING, value.decode("latin-1").encode())

    def validity(self, element: Tlv) -> bytes:
        self.length(element)
        dates = children(element.value)
        if len(dates) < 2:
            raise DerError("it has not the two dates of a certificate")
        if len(dates) > 2:
            self.odd("more than two dates", java=None)
        return encode_tlv(SEQUENCE, self._time(dates[0]), self._time(dates[1]))

    def _time(self, element: Tlv) -> bytes:
        self.length(element)
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
            self.odd(f"a date written as {element.value.decode('ascii')}", java=True if java else None)
        if not year:
            self.odd("a date in the year 0", java=True)
            year = 1
        try:
            # Java takes 30 February for 2 March.
            moment = datetime(year, month, 1, hour, minute, int(seconds or 0), tzinfo=UTC) + timedelta(days=day - 1)
            if not 1 <= day <= 31:
                raise ValueError
            if moment.month != month:
                self.odd("a date that no month has", java=True)
            elif (
                year > 1
                and seconds
                and zone == b"Z"
                and not fraction
                and (1950 <= year < 2050) == (element.tag == UTC_TIME)
            ):
                return encode_tlv(element.tag, element.value)  # as it should be
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

    def key(self, element: Tlv) -> bytes:
        algorithm, bits = expect(children(element.value), SEQUENCE, BIT_STRING)[:2]
        held = bits.value
        if held[:1] not in (b"", b"\0"):
            self.odd("a public key that is no whole number of bytes", java=None)
            held = b"\0" + held[1:]
        return encode_tlv(SEQUENCE, self._key_algorithm(algorithm), encode_tlv(BIT_STRING, held))

    def _key_algorithm(self, element: Tlv) -> bytes:
        """RFC 4055, 1.2 and 3.1: the parameters of an RSA key are NULL, of one for RSASSA-PSS what they restrict."""
        type_, *parameters = expect(children(element.value), OID)
        wanted, odd = _KEY_PARAMETERS.get(decode_oid(type_.value), (None, ()))
        if wanted is None or not any(part.tag in odd for part in parameters):
            return self.canonical(element)
        self.odd("parameters that its kind of key does not have", java=True)
        return encode_tlv(SEQUENCE, encode_tlv(OID, type_.value), wanted)


def expect(parts: list[Tlv], *tags: int, of: str = CERTIFICATE) -> list[Tlv]:
    """``parts``, which begin with elements of these tags. Raises DerError if they do not. Pure."""
    if [part.tag for part in parts[: len(tags)]] != list(tags):
        raise DerError(f"it has not the elements of a {of}")
    return parts
