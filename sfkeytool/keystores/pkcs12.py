"""Our reader of PKCS#12 (PFX): every key, every certificate, and a name for everything else.

cryptography's loader returns the first of several keys and drops the others without a word; this one loses nothing.
"""

from collections.abc import Iterator, Sequence

from sfkeytool.crypto import limits, pbe
from sfkeytool.crypto.der import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DerError,
    Tlv,
    children,
    decode_integer,
    decode_oid,
    join_octets,
    read_tlv,
)
from sfkeytool.errors import KeystoreError, KeystorePasswordError
from sfkeytool.keystores.damage import naming_damage
from sfkeytool.keystores.store import CertificateEntry, KeyEntry, Keystore, StoreType
from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

_DATA, _SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
_ENVELOPED_DATA, _ENCRYPTED_DATA = "1.2.840.113549.1.7.3", "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1."
_KEY_BAG, _SHROUDED_BAG, _CERT_BAG, _SAFE_CONTENTS_BAG = _BAG + "1", _BAG + "2", _BAG + "3", _BAG + "6"
_OTHER_BAGS = {_BAG + "4": "revocation list", _BAG + "5": "secret"}
_X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME, _LOCAL_KEY_ID = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21"

_CONTEXT_0, _BMP_STRING = 0xA0, 0x1E

_MAX_NESTING = 8
"""Of safeContents bags in each other; nobody is known to nest them at all."""


def parse_pkcs12(data: bytes, label: str, passwords: Sequence[Secret]) -> Keystore:
    """Open a PKCS#12 file (DER or BER) with whichever of ``passwords`` fits. Its keys are secret. Pure.

    PKCS#12 has no entries: it has key bags and certificate bags that may share a localKeyID. A KeyEntry's
    ``alias`` is its bag's friendlyName, and its ``chain_der`` holds just the certificates with the key's localKeyID
    (one, the leaf, in practice). All other certificates are in ``Keystore.certificates``, in the file's order, with
    their friendlyNames; each certificate of the file is in one of the two. A key may have a password of its own.

    Raises KeystorePasswordError ``keystore.password-needed`` (none given) or ``keystore.wrong-password``;
    KeystoreError ``keystore.damaged`` or ``keystore.unsupported-protection``; PrivateKeyError
    ``key.kdf-too-expensive`` before anything is derived that costs too much.
    """
    with naming_damage(label):
        return _Reader(label, passwords).read(data)


class _Key(Opaque, frozen=True):
    alias: str | None
    key_id: bytes | None
    pkcs8: bytes | None
    password: Secret | None


class _Certificate(Opaque, frozen=True):
    alias: str | None
    key_id: bytes | None
    der: bytes


class _Reader:
    """Walks one file and gathers what it meets."""

    def __init__(self, label: str, passwords: Sequence[Secret]) -> None:
        self._label = label
        self._passwords = list(passwords)
        self._proved: Secret | None = None  # the password that opened something, which goes first from then on
        self._iterations = 0
        self._keys: list[_Key] = []
        self._certificates: list[_Certificate] = []
        self._others: list[str] = []

    def read(self, data: bytes) -> Keystore:
        pfx = read_tlv(data)
        parts = _expect(children(pfx.value), INTEGER, SEQUENCE)
        if pfx.tag != SEQUENCE or decode_integer(parts[0].value) != 3:
            raise DerError("not a version 3 PFX")
        oid, content = _content_info(parts[1])
        if oid == _SIGNED_DATA:
            raise KeystoreError(
                "keystore.unsupported-protection",
                f"{self._label} is sealed with a signature instead of a password; sfkeytool does not open such a PFX",
            )
        if oid != _DATA:
            raise DerError(f"content of type {oid}")
        authenticated_safe = join_octets(content)
        if len(parts) > 2:
            self._verify(parts[2], authenticated_safe)
        for safe in _sequence(authenticated_safe):
            self._read_safe(safe)
        self._refuse_if_nothing_opened()
        return self._keystore()

    def _verify(self, mac_data: Tlv, content: bytes) -> None:
        parts = _expect(children(mac_data.value), SEQUENCE, OCTET_STRING)
        digest_info = _expect(children(parts[0].value), SEQUENCE, OCTET_STRING)
        # RFC 7292 has 1 as the default. PBMAC1 states its own number in the algorithm, and ignores this one.
        iterations = decode_integer(parts[2].value) if len(parts) > 2 else 1
        label = f"{self._label} (its MAC)"
        limits.check_salt(len(parts[1].value), label)
        self._spend(limits.check_iterations(iterations, label))
        self._spend(limits.check_kdf(parts[0].value, label))
        mac = pbe.Mac(digest_info[0].value, digest_info[1].value, parts[1].value, iterations)
        for password in self._passwords:
            if mac.matches(content, password, self._count):
                self._prove(password)
                return
        raise self._refused("keystore")

    def _read_safe(self, safe: Tlv) -> None:
        oid, content = _content_info(safe)
        if oid == _DATA:
            self._read_bags(join_octets(content))
        elif oid == _ENCRYPTED_DATA:
            _, info = _expect(children(content.value), INTEGER, SEQUENCE)[:2]
            parts = _expect(children(info.value), OID, SEQUENCE)
            if len(parts) < 3:
                raise DerError("encrypted contents without contents")
            self._spend(limits.check_kdf(info.value[parts[0].end : parts[1].end], self._label))
            ciphertext = join_octets(parts[2])
            opened = pbe.decrypt(parts[1].value, ciphertext, self._passwords, self._count, _is_safe_contents)
            if opened is None:
                raise self._refused("certificates")
            self._prove(opened[1])
            self._read_bags(opened[0])
        elif oid == _ENVELOPED_DATA:
            self._others.append("contents encrypted for a certificate")
        else:
            self._others.append(f"contents of type {oid}")

    def _read_bags(self, safe_contents: bytes, nesting: int = 0) -> None:
        if nesting > _MAX_NESTING:
            raise DerError("nested too deeply")
        for bag in _sequence(safe_contents):
            parts = _expect(children(bag.value), OID, _CONTEXT_0)
            alias, key_id = _attributes(parts[2].value) if len(parts) > 2 else (None, None)
            oid, value = decode_oid(parts[0].value), parts[1].value
            name = f" {alias!r}" if alias else ""
            if oid == _KEY_BAG:
                self._keys.append(_Key(alias, key_id, value[: read_tlv(value).end], None))
            elif oid == _SHROUDED_BAG:
                self._keys.append(self._open_key(alias, key_id, value))
            elif oid == _CERT_BAG:
                self._read_certificate(alias, key_id, value)
            elif oid == _SAFE_CONTENTS_BAG:
                self._read_bags(value, nesting + 1)
            else:
                self._others.append(f"{_OTHER_BAGS.get(oid, f'bag of type {oid}')}{name}")

    def _open_key(self, alias: str | None, key_id: bytes | None, value: bytes) -> _Key:
        label = f"{self._label}, key {alias!r}" if alias else f"{self._label}, key {len(self._keys) + 1}"
        self._spend(limits.check_encrypted_pkcs8(value, label))
        opened = pbe.decrypt_pkcs8(value, self._passwords, self._count)
        return _Key(alias, key_id, *(opened or (None, None)))

    def _read_certificate(self, alias: str | None, key_id: bytes | None, value: bytes) -> None:
        type_, content = _expect(children(read_tlv(value).value), OID, _CONTEXT_0)[:2]
        if decode_oid(type_.value) == _X509_CERTIFICATE:
            self._certificates.append(_Certificate(alias, key_id, join_octets(read_tlv(content.value))))
        else:
            name = f" {alias!r}" if alias else ""
            self._others.append(f"certificate{name} of type {decode_oid(type_.value)}")

    def _spend(self, iterations: int) -> None:
        """Many bags, each of them within the limit, must not add up to hours."""
        self._iterations += max(iterations, 0)
        limits.check_iterations(self._iterations, f"{self._label} as a whole")

    def _count(self, iterations: int) -> None:
        """Each derivation counts for the run, whichever password it is made for."""
        limits.spend(iterations, self._label)

    def _prove(self, password: Secret) -> None:
        self._proved = password if self._proved is None else self._proved
        self._passwords.sort(key=lambda other: other is not password)

    def _refuse_if_nothing_opened(self) -> None:
        """Without a MAC and encrypted certificates, only the keys can tell a wrong password."""
        locked = [key for key in self._keys if key.pkcs8 is None]
        if locked and self._proved is None and all(key.password is None for key in self._keys):
            raise self._refused("key")

    def _refused(self, what: str) -> KeystorePasswordError:
        if not self._passwords:
            return KeystorePasswordError("keystore.password-needed", f"{self._label} (PKCS12) needs its password")
        whose = self._label if what == "keystore" else f"the {what} in {self._label}"
        return KeystorePasswordError("keystore.wrong-password", f"wrong password for {whose}, or the file is damaged")

    def _keystore(self) -> Keystore:
        key_ids = {key.key_id for key in self._keys if key.key_id is not None}
        keys = tuple(
            KeyEntry(key.alias, key.pkcs8, tuple(self._certificates_of(key)), key_password=key.password)
            for key in self._keys
        )
        rest = tuple(
            CertificateEntry(certificate.alias, certificate.der)
            for certificate in self._certificates
            if certificate.key_id not in key_ids
        )
        proofs = [self._proved, *(key.password for key in self._keys)]
        password = next((proof for proof in proofs if proof is not None), None)
        return Keystore(StoreType.PKCS12, keys, rest, tuple(self._others), password)

    def _certificates_of(self, key: _Key) -> Iterator[bytes]:
        for certificate in self._certificates:
            if key.key_id is not None and certificate.key_id == key.key_id:
                yield certificate.der


def _expect(parts: list[Tlv], *tags: int) -> list[Tlv]:
    if [part.tag for part in parts[: len(tags)]] != list(tags):
        raise DerError("not the elements that PKCS#12 has here")
    return parts


def _sequence(der: bytes) -> list[Tlv]:
    outer = read_tlv(der)
    if outer.tag != SEQUENCE:
        raise DerError("no SEQUENCE where PKCS#12 has one")
    return children(outer.value)


def _content_info(element: Tlv) -> tuple[str, Tlv]:
    type_, content = _expect(children(element.value), OID, _CONTEXT_0)[:2]
    return decode_oid(type_.value), read_tlv(content.value)


def _attributes(attributes: bytes) -> tuple[str | None, bytes | None]:
    """friendlyName and localKeyID."""
    name = key_id = None
    for attribute in children(attributes):
        parts = _expect(children(attribute.value), OID)
        values = children(parts[1].value) if len(parts) > 1 else []
        if not values:
            continue
        oid = decode_oid(parts[0].value)
        if oid == _FRIENDLY_NAME:
            encoding = "utf-16-be" if values[0].tag == _BMP_STRING else "utf-8"
            name = values[0].value.decode(encoding, "replace")
        elif oid == _LOCAL_KEY_ID:
            key_id = join_octets(values[0])
    return name, key_id


def _is_safe_contents(plaintext: bytes) -> bool:
    try:
        bags = _sequence(plaintext)
        return read_tlv(plaintext).end == len(plaintext) and all(bag.tag == SEQUENCE for bag in bags)
    except DerError:
        return False
