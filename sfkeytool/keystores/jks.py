"""Our codec of Java's JKS keystores: strict, and telling everything about a file that is broken.

The format is that of OpenJDK's sun.security.provider.JavaKeyStore and KeyProtector: big-endian numbers, strings in
Java's modified UTF-8, entries one after the other, and a SHA-1 over the password and all of it at the end.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from msgspec import Struct

from sfkeytool.crypto.der import NULL, OCTET_STRING, OID, SEQUENCE, DerError, children, decode_oid, encode_tlv, read_tlv
from sfkeytool.errors import KeystoreError, KeystorePasswordError
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

OID_JKS_PROTECTION = "1.3.6.1.4.1.42.2.17.1.1"
"""sun.security.provider.KeyProtector: a SHA-1 keystream XORed onto the key, and a SHA-1 to check it."""

X509 = "X.509"

MAX_PARTS = 50_000
"""Most entries and certificates in one file; Java's cacerts has about 150. Keeps a forged count from eating memory."""

DIGEST_BYTES = 20
"""SHA-1, at the end of a JKS and of a JCEKS."""

_MAGIC = b"\xfe\xed\xfe\xed"
_WHITENER = b"Mighty Aphrodite"
_TAG_KEY, _TAG_TRUSTED = 1, 2
_SALT_BYTES = 20
# AlgorithmIdentifier { OID_JKS_PROTECTION, NULL }
_ALGORITHM_DER = bytes.fromhex("300e060a2b060104012a021101010500")


class JksCertificate(Opaque, frozen=True):
    """A certificate and the type that the file states for it (version 1 files state none: X.509)."""

    type: str
    der: bytes


class JksKeyEntry(Opaque, frozen=True):
    """A protected private key (EncryptedPrivateKeyInfo DER) and its chain, in the file's order."""

    alias: str
    created_at_ms: int
    protected_key_der: bytes
    chain: tuple[JksCertificate, ...]

    @property
    def protection_oid(self) -> str | None:
        """What the key is protected with, OID_JKS_PROTECTION in a sound file; None if that cannot be read. Pure."""
        try:
            return _split_protected_key(self.protected_key_der)[0]
        except DerError:
            return None


class JksTrustedEntry(Struct, frozen=True):
    alias: str
    created_at_ms: int
    certificate: JksCertificate


JksEntry = JksKeyEntry | JksTrustedEntry


class JksFile(Opaque, frozen=True):
    """A JKS file as it stands: nothing dropped, nothing verified.

    ``entries`` are in the file's order, duplicate aliases included. ``signed`` is what the digest covers (the first
    ``signed_end`` bytes), ``digest`` the 20 bytes after it, ``trailing`` what follows those (Java ignores it).
    """

    label: str
    version: int
    entries: tuple[JksEntry, ...]
    signed: bytes
    digest: bytes
    trailing: bytes

    @property
    def signed_end(self) -> int:
        return len(self.signed)

    def digest_matches(self, password: Secret) -> bool:
        """Whether ``password`` is the store's and the file is intact; the two cannot be told apart. Pure."""
        return hmac.compare_digest(self.digest, store_digest(self.signed, password))

    def decrypt_key(self, entry: JksKeyEntry, password: Secret) -> bytes:
        """The key of ``entry`` as unencrypted PKCS#8 DER. Secret. Pure.

        Raises KeystorePasswordError ``keystore.wrong-password``, and KeystoreError ``keystore.damaged`` or
        ``keystore.unsupported-protection``.
        """
        where = f"{self.label}, entry {entry.alias!r}"
        try:
            oid, protected = _split_protected_key(entry.protected_key_der)
        except DerError as error:
            raise KeystoreError("keystore.damaged", f"{where}: the protected key is malformed: {error}") from None
        if oid != OID_JKS_PROTECTION:
            raise KeystoreError(
                "keystore.unsupported-protection",
                f"{where}: the key is protected by algorithm {oid}; a JKS has {OID_JKS_PROTECTION}",
            )
        if len(protected) < _SALT_BYTES + DIGEST_BYTES:
            raise KeystoreError(
                "keystore.damaged",
                f"{where}: the protected key has {len(protected)} bytes; salt and digest alone have 40",
            )
        salt, key, digest = protected[:_SALT_BYTES], protected[_SALT_BYTES:-DIGEST_BYTES], protected[-DIGEST_BYTES:]
        key_pkcs8 = _xor_keystream(key, salt, password)
        if not hmac.compare_digest(digest, _key_digest(key_pkcs8, password)):
            raise KeystorePasswordError(
                "keystore.wrong-password", f"wrong password for the key in {where}, or the file is damaged"
            )
        return key_pkcs8


def parse_jks(data: bytes, label: str) -> JksFile:
    """The structure of a JKS file. Needs no password and verifies none: see JksFile. Pure.

    Raises KeystoreError ``keystore.damaged``, naming the offset, entry and alias where the file stops making sense.
    """
    reader = _Reader(data, label)
    if (magic := reader.take(4, "its magic number")) != _MAGIC:
        raise KeystoreError("keystore.damaged", f"{label} begins with {magic.hex()}; a JKS begins with feedfeed")
    version = reader.number(4, "its version")
    if version not in (1, 2):
        raise KeystoreError("keystore.damaged", f"{label} states JKS version {version}; there are 1 and 2")
    count = reader.number(4, "its number of entries")
    entries = []
    for number in range(1, count + 1):
        reader.count_part()
        entries.append(_parse_entry(reader, number, version))
    reader.where = "at the end"
    signed = data[: reader.offset]
    digest = reader.take(DIGEST_BYTES, "the digest")
    return JksFile(label, version, tuple(entries), signed, digest, data[reader.offset :])


def encode_jks(
    *,
    alias: str,
    key_pkcs8: bytes,
    chain_der: Sequence[bytes],
    password: Secret,
    created_at_ms: int,
    salt: bytes | None = None,
) -> bytes:
    """A version 2 JKS with one private key entry: the key as PKCS#8 DER, the chain as DER, leaf first. Secret.

    Key password = store password. ``salt`` (20 bytes) is for tests; the default is new random bytes, the one effect.
    Raises ValueError for an alias with upper-case letters: Java lists it, but finds no key under it.
    """
    if alias != alias.lower():
        raise ValueError("a JKS alias is lower-case")
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    if len(salt) != _SALT_BYTES:
        raise ValueError("a JKS salt has 20 bytes")
    protected = salt + _xor_keystream(key_pkcs8, salt, password) + _key_digest(key_pkcs8, password)
    protected_der = encode_tlv(SEQUENCE, _ALGORITHM_DER, encode_tlv(OCTET_STRING, protected))
    signed = b"".join(
        [
            _MAGIC,
            _u32(2),
            _u32(1),
            _u32(_TAG_KEY),
            encode_java_utf(alias),
            created_at_ms.to_bytes(8, "big"),
            _u32(len(protected_der)),
            protected_der,
            _u32(len(chain_der)),
            *(encode_java_utf(X509) + _u32(len(der)) + der for der in chain_der),
        ]
    )
    return signed + store_digest(signed, password)


def encode_java_utf(text: str) -> bytes:
    """``text`` as java.io.DataOutput.writeUTF has it: two bytes of length, then modified UTF-8. Pure.

    Raises ValueError above 65,535 bytes.
    """
    encoded = bytearray()
    units = text.encode("utf-16-be", "surrogatepass")
    for start in range(0, len(units), 2):
        unit = chr(int.from_bytes(units[start : start + 2], "big"))
        encoded += b"\xc0\x80" if unit == "\0" else unit.encode("utf-8", "surrogatepass")
    if len(encoded) > 0xFFFF:
        raise ValueError("longer than Java's writeUTF allows")
    return len(encoded).to_bytes(2, "big") + encoded


def decode_java_utf(content: bytes) -> str:
    """The text in modified UTF-8 (without the length): NUL as C0 80, surrogate pairs one by one. Pure.

    Raises UnicodeDecodeError, also for UTF-8 that Java would not take and for lone surrogates.
    """
    if max(content, default=0) >= 0xF0:
        raise UnicodeDecodeError("modified UTF-8", content, 0, len(content), "four-byte form")
    # C0 is never a continuation byte, so the pair C0 80 can only be the NUL.
    units = content.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be")


def describe_java_time(milliseconds: int) -> datetime | None:
    """An entry's timestamp (since 1970, unsigned 64 bits) in UTC; None beyond the years that Python knows. Pure."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


class _Reader:
    """A cursor that knows what it is in the middle of, so that an error can say it."""

    def __init__(self, data: bytes, label: str) -> None:
        self.offset = 0
        self.where = "in the header"
        self._data = data
        self._label = label
        self._parts = 0

    def take(self, length: int, what: str) -> bytes:
        left = len(self._data) - self.offset
        if length > left:
            self.fail(f"the file ends {self.where}, in {what}", f"{length} bytes wanted, {left} left")
        taken = self._data[self.offset : self.offset + length]
        self.offset += length
        return taken

    def number(self, length: int, what: str) -> int:
        return int.from_bytes(self.take(length, what), "big")

    def block(self, what: str) -> bytes:
        return self.take(self.number(4, f"the length of {what}"), what)

    def text(self, what: str) -> str:
        content = self.take(self.number(2, f"the length of {what}"), what)
        try:
            return decode_java_utf(content)
        except UnicodeDecodeError:
            self.offset -= len(content)
            self.fail(f"{self.where}, {what} is not in Java's modified UTF-8")

    def count_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            self.fail(self.where, f"more than {MAX_PARTS:,} entries and certificates")

    def fail(self, problem: str, detail: str = "") -> NoReturn:
        detail = f": {detail}" if detail else ""
        raise KeystoreError("keystore.damaged", f"{self._label}: {problem} (at offset {self.offset}){detail}")


def _parse_entry(reader: _Reader, number: int, version: int) -> JksEntry:
    reader.where = f"inside entry {number}"
    tag = reader.number(4, "its tag")
    if tag not in (_TAG_KEY, _TAG_TRUSTED):
        reader.offset -= 4
        reader.fail(f"entry {number} has tag {tag}", "a JKS has 1 (key) and 2 (trusted certificate)")
    alias = reader.text("its alias")
    reader.where = f"inside entry {number} ({alias!r})"
    created_at_ms = reader.number(8, "its timestamp")
    if tag == _TAG_TRUSTED:
        return JksTrustedEntry(alias, created_at_ms, _parse_certificate(reader, version, "its certificate"))
    protected_key_der = reader.block("its key")
    chain = []
    for position in range(1, reader.number(4, "the length of its chain") + 1):
        reader.count_part()
        chain.append(_parse_certificate(reader, version, f"certificate {position} of its chain"))
    return JksKeyEntry(alias, created_at_ms, protected_key_der, tuple(chain))


def _parse_certificate(reader: _Reader, version: int, what: str) -> JksCertificate:
    type_ = reader.text(f"the type of {what}") if version == 2 else X509
    return JksCertificate(type_, reader.block(what))


def _split_protected_key(der: bytes) -> tuple[str, bytes]:
    """Algorithm OID and protected bytes of an EncryptedPrivateKeyInfo. Raises DerError."""
    outer = read_tlv(der)
    parts = children(outer.value)
    if outer.end != len(der) or [outer.tag, *(part.tag for part in parts)] != [SEQUENCE, SEQUENCE, OCTET_STRING]:
        raise DerError("not an EncryptedPrivateKeyInfo")
    algorithm = children(parts[0].value)
    if [part.tag for part in algorithm] not in ([OID], [OID, NULL]):
        raise DerError("not the AlgorithmIdentifier of a JKS")
    return decode_oid(algorithm[0].value), parts[1].value


def _java_chars(password: Secret) -> bytes:
    """Java's char[] as bytes: UTF-16 code units, high byte first."""
    return password.reveal().encode("utf-16-be", "surrogatepass")


def store_digest(signed: bytes, password: Secret) -> bytes:
    """The digest that ends a JKS or JCEKS file whose other bytes are ``signed``. Tests passwords: secret. Pure."""
    return _sha1(_java_chars(password), _WHITENER, signed)


def _key_digest(key_pkcs8: bytes, password: Secret) -> bytes:
    return _sha1(_java_chars(password), key_pkcs8)


def _xor_keystream(data: bytes, salt: bytes, password: Secret) -> bytes:
    """Encrypts and decrypts: each 20 bytes of the stream are the SHA-1 of password and the 20 before (first: salt)."""
    chars = _java_chars(password)
    blocks = [salt]
    for _ in range(0, len(data), DIGEST_BYTES):
        blocks.append(_sha1(chars, blocks[-1]))
    stream = b"".join(blocks[1:])[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")


def _sha1(*parts: bytes) -> bytes:
    digest = hashlib.sha1(usedforsecurity=False)  # the format's choice; FIPS builds refuse it otherwise
    for part in parts:
        digest.update(part)
    return digest.digest()


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")
