"""A small reader of DER, and of the BER that old PFX and PKCS#7 makers write: just enough to look before loading."""

from functools import lru_cache

from msgspec import Struct

MAX_DEPTH = 32
"""Deepest nesting of indefinite lengths and constructed strings. Real files stay under 12."""

MAX_PARTS = 50_000
"""Most elements looked at in one pass. A PFX of 16 MB in NSS' chunks of 1000 bytes has 16,000."""

MAX_OID_BYTES = 64

SEQUENCE, SET, INTEGER, OCTET_STRING, NULL, OID = 0x30, 0x31, 0x02, 0x04, 0x05, 0x06
BOOLEAN, BIT_STRING, UTF8_STRING, UTC_TIME, GENERALIZED_TIME = 0x01, 0x03, 0x0C, 0x17, 0x18
_CONSTRUCTED = 0x20


class DerError(ValueError):
    """The bytes are no DER or BER that we read. Internal: callers turn it into an error that names the file."""


class Tlv(Struct, frozen=True, gc=False):
    """One element: tag byte, content (without an end-of-contents marker), and where it ends in what was read.

    ``indefinite``: whether it stated no length (BER). Nothing to collect as garbage, since thousands are made.
    """

    tag: int
    header_length: int
    value: bytes
    end: int
    indefinite: bool = False

    def __repr__(self) -> str:
        return f"Tlv(tag={self.tag:#x}, {len(self.value)} bytes)"  # what they are may be secret

    @property
    def minimal(self) -> bool:
        """Whether its length is written as DER has it."""
        length = len(self.value)
        return not self.indefinite and self.header_length == (
            2 if length < 0x80 else 2 + (length.bit_length() + 7) // 8
        )


def encode_tlv(tag: int, *contents: bytes) -> bytes:
    """One element in DER. Pure."""
    value = b"".join(contents)
    return bytes([tag]) + _length(len(value)) + value


def encode_integer(number: int) -> bytes:
    """A whole INTEGER, DER, of a number that is not negative. Pure."""
    return encode_tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def encode_oid(dotted: str) -> bytes:
    """A whole OBJECT IDENTIFIER, DER. Pure."""
    first, second, *arcs = (int(arc) for arc in dotted.split("."))
    value = bytearray()
    for arc in (40 * first + second, *arcs):
        groups = [arc >> shift & 0x7F for shift in range(0, max(arc.bit_length(), 1), 7)]
        value += bytes([*(0x80 | group for group in reversed(groups[1:])), groups[0]])
    return encode_tlv(OID, bytes(value))


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    length_bytes = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(length_bytes)]) + length_bytes


def read_tlv(data: bytes, offset: int = 0) -> Tlv:
    """The element that begins at ``offset``. Indefinite lengths are resolved. Pure. Raises DerError."""
    header = data[offset : offset + 2]
    if len(header) == 2 and header[1] < 0x80 and header[0] & 0x1F != 0x1F:  # as nearly all begin
        start = offset + 2
        end = start + header[1]
        if end <= len(data):
            return Tlv(header[0], 2, data[start:end], end)
    tag, header_length, length = _read_header(data, offset)
    start = offset + header_length
    if length is None:
        end = _find_end_of_contents(data, start)
        return Tlv(tag, header_length, data[start:end], end + 2, indefinite=True)
    return Tlv(tag, header_length, data[start : start + length], start + length)


def children(value: bytes) -> list[Tlv]:
    """The elements that a constructed element's content is made of. Pure. Raises DerError."""
    parts: list[Tlv] = []
    offset = 0
    while offset < len(value):
        if len(parts) == MAX_PARTS:
            raise DerError(f"more than {MAX_PARTS} elements in one")
        part = read_tlv(value, offset)
        parts.append(part)
        offset = part.end
    return parts


@lru_cache(maxsize=256)
def decode_oid(value: bytes) -> str:
    """The dotted form of an OBJECT IDENTIFIER's content. Pure. Raises DerError."""
    if not value or len(value) > MAX_OID_BYTES or value[-1] & 0x80:
        raise DerError("malformed object identifier")
    arcs: list[int] = []
    arc = 0
    for byte in value:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in (first, arcs[0] - 40 * first, *arcs[1:]))


def decode_integer(value: bytes) -> int:
    """The number in an INTEGER's content. Pure. Raises DerError."""
    if not value:
        raise DerError("empty INTEGER")
    return int.from_bytes(value, "big", signed=True)


def join_octets(element: Tlv) -> bytes:
    """The octets of an OCTET STRING or its IMPLICIT form, joined if it is constructed (BER). Pure. Raises DerError."""
    return _join(element, MAX_DEPTH)


def _join(element: Tlv, depth: int) -> bytes:
    if not element.tag & _CONSTRUCTED:
        return element.value
    if not depth:
        raise DerError("nested too deeply")
    chunks = children(element.value)
    if any(chunk.tag & ~_CONSTRUCTED != OCTET_STRING for chunk in chunks):
        raise DerError("an OCTET STRING is made of something else")
    return b"".join(_join(chunk, depth - 1) for chunk in chunks)


def _read_header(data: bytes, offset: int) -> tuple[int, int, int | None]:
    """Tag, length of the header, length of the content (None: indefinite)."""
    header = data[offset : offset + 6]
    if len(header) < 2:
        raise DerError(f"the data ends at offset {offset}, where an element should begin")
    tag, first = header[0], header[1]
    if tag & 0x1F == 0x1F:
        raise DerError(f"multi-byte tag at offset {offset}")
    if first < 0x80:
        header_length, length = 2, first
    elif first == 0x80:
        if not tag & _CONSTRUCTED:
            raise DerError(f"indefinite length of a primitive element at offset {offset}")
        return tag, 2, None
    else:
        count = first & 0x7F
        if count > 4 or len(header) < 2 + count:
            raise DerError(f"bad length at offset {offset}")
        header_length, length = 2 + count, int.from_bytes(header[2 : 2 + count], "big")
    if offset + header_length + length > len(data):
        left = len(data) - offset - header_length
        raise DerError(f"the element at offset {offset} wants {length} bytes, {left} are left")
    return tag, header_length, length


def _find_end_of_contents(data: bytes, offset: int) -> int:
    """Where the end-of-contents marker (00 00) stands that closes the indefinite length opened before ``offset``."""
    depth = 1
    for _ in range(MAX_PARTS):
        tag, header_length, length = _read_header(data, offset)
        if tag == 0:
            if length != 0:
                raise DerError(f"malformed end-of-contents marker at offset {offset}")
            depth -= 1
            if not depth:
                return offset
            offset += 2
            continue
        offset += header_length
        if length is None:
            depth += 1
            if depth > MAX_DEPTH:
                raise DerError("nested too deeply")
        else:
            offset += length
    raise DerError(f"more than {MAX_PARTS} elements in one")
