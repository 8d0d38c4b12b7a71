"""BCFKS, read: strict before the integrity check has passed, and forgiving to each single entry behind it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from msgspec import Struct

from sfkeytool.crypto import keys, limits
from sfkeytool.crypto.ciphers import UnsupportedProtectionError
from sfkeytool.crypto.der import (
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    UTF8_STRING,
    DerError,
    Tlv,
    children,
    decode_integer,
    encode_tlv,
    read_tlv,
)
from sfkeytool.errors import KeystoreError, KeystorePasswordError, PrivateKeyError, PrivateKeyPasswordError
from sfkeytool.keystores.bcfks.protection import (
    Use,
    cipher_of,
    decrypt,
    differences,
    elements,
    forms,
    mac_matches,
    split_algorithm,
)
from sfkeytool.keystores.damage import naming_damage
from sfkeytool.keystores.store import BcfksFrame, CertificateEntry, KeyEntry, Keystore, StoreType
from sfkeytool.passwords import Secret

CERTIFICATE, PRIVATE_KEY, SECRET_KEY, PROTECTED_PRIVATE_KEY, PROTECTED_SECRET_KEY = range(5)
"""The types of entries. A protected key is one that was encrypted before it came to the keystore."""

_SECRET_KEYS = {SECRET_KEY: "secret key", PROTECTED_SECRET_KEY: "protected secret key"}
_CONTEXT_0 = 0xA0


def parse_bcfks(data: bytes, label: str, passwords: Sequence[Secret]) -> Keystore:
    """Open a BCFKS keystore with whichever of ``passwords`` fits. Its keys are secret. Pure.

    Each key is tried with the store's password first, then with the others. Entries come in the file's order, and
    ``created_at`` is when an entry was last changed, as Java shows it. What holds neither a private key nor a
    certificate, or cannot be read, is named in ``other_entries``.

    Raises KeystorePasswordError ``keystore.password-needed`` (none given) or ``keystore.wrong-password``;
    KeystoreError ``keystore.damaged`` or ``keystore.unsupported-protection``; PrivateKeyError
    ``key.kdf-too-expensive`` before anything is derived that costs too much.
    """
    with naming_damage(label):
        return _Reader(label, passwords).read(data)


class _Entry(Struct, frozen=True):
    type: int
    alias: str
    changed_at: datetime | None
    content: bytes


class _Reader:
    """Walks one file and gathers what it meets."""

    def __init__(self, label: str, passwords: Sequence[Secret]) -> None:
        self._label = label
        self._passwords = list(passwords)
        self._iterations = 0
        self._keys: list[KeyEntry] = []
        self._certificates: list[CertificateEntry] = []
        self._others: list[str] = []

    def read(self, data: bytes) -> Keystore:
        if after := len(data) - (store := read_tlv(data)).end:
            raise DerError(f"{after:,} bytes follow after its end")
        elements(data, SEQUENCE)
        parts = children(store.value)
        if [part.tag for part in parts] == [SEQUENCE, _CONTEXT_0]:
            raise KeystoreError(
                "keystore.unsupported-protection",
                f"{self._label} is sealed with a signature instead of a password; sfkeytool does not open such a BCFKS",
            )
        encrypted, integrity = elements(store.value, SEQUENCE, SEQUENCE)
        mac_algorithm, kdf, digest = elements(integrity.value, SEQUENCE, SEQUENCE, OCTET_STRING)
        algorithm, ciphertext = elements(encrypted.value, SEQUENCE, OCTET_STRING)
        if not self._passwords:
            raise KeystorePasswordError("keystore.password-needed", f"{self._label} (BCFKS) needs its password")
        self._check(kdf)
        sealed = encode_tlv(SEQUENCE, encrypted.value)
        for password in self._passwords:
            if mac_matches(sealed, mac_algorithm.value, kdf, digest.value, password, self._count):
                break
        else:
            self._refuse()
        self._passwords.sort(key=lambda other: other is not password)
        cipher_kdf, cipher, _ = cipher_of(algorithm.value)
        self._check(cipher_kdf)
        plaintext = decrypt(algorithm.value, ciphertext.value, Use.STORE, password, self._count)
        if plaintext is None:
            self._refuse()
        for entry in self._entries(plaintext, mac_algorithm):
            try:
                self._read_entry(entry)
            except DerError as error:
                self._others.append(f"entry {entry.alias!r}, which cannot be read: {error}")
        mac = split_algorithm(mac_algorithm.value)[0]
        unusual = (*differences(kdf, Use.INTEGRITY, mac), *differences(cipher_kdf, Use.STORE, cipher))
        frame = BcfksFrame(tuple(dict.fromkeys(unusual)))
        return Keystore(
            StoreType.BCFKS,
            tuple(self._keys),
            tuple(self._certificates),
            tuple(self._others),
            password,
            bcfks=frame,
        )

    def _entries(self, plaintext: bytes, mac_algorithm: Tlv) -> Iterator[_Entry]:
        (data,) = elements(plaintext, SEQUENCE)
        shape = (INTEGER, SEQUENCE, GENERALIZED_TIME, GENERALIZED_TIME, SEQUENCE)
        version, repeated, _, _, listed = elements(data.value, *shape, optional=(UTF8_STRING,))[:5]
        if decode_integer(version.value) != 1:
            raise DerError(f"version {decode_integer(version.value)}, where there is 1")
        if repeated.value != mac_algorithm.value:
            raise DerError("the integrity check is not by the algorithm that is stated inside")
        shape = (INTEGER, UTF8_STRING, GENERALIZED_TIME, GENERALIZED_TIME, OCTET_STRING)
        for one in children(listed.value):
            type_, alias, _, changed, content = elements(one.value, *shape, optional=(UTF8_STRING,))[:5]
            yield _Entry(
                decode_integer(type_.value),
                alias.value.decode("utf-8", "replace"),
                _moment(changed.value),
                content.value,
            )

    def _read_entry(self, entry: _Entry) -> None:
        if entry.type == CERTIFICATE:
            self._certificates.append(CertificateEntry(entry.alias, entry.content, entry.changed_at))
        elif entry.type in (PRIVATE_KEY, PROTECTED_PRIVATE_KEY):
            (held,) = elements(entry.content, SEQUENCE)
            encrypted, *chain = elements(held.value, SEQUENCE, optional=(SEQUENCE,))
            # As it stands: a certificate's own oddities are for whoever reads certificates.
            chain_der = tuple(_each_whole(chain[0].value)) if chain else ()
            opened = self._open(encrypted, entry)
            self._keys.append(KeyEntry(entry.alias, opened[0], chain_der, entry.changed_at, opened[1]))
        else:
            what = _SECRET_KEYS.get(entry.type, f"entry of type {entry.type}")
            self._others.append(f"{what} {entry.alias!r}")

    def _open(self, encrypted: Tlv, entry: _Entry) -> tuple[bytes | None, Secret | None]:
        """Key and password; neither if no password fits."""
        where = f"{self._label}, entry {entry.alias!r}"
        algorithm, ciphertext = elements(encrypted.value, SEQUENCE, OCTET_STRING)
        try:
            self._check(cipher_of(algorithm.value)[0])
            for password in self._passwords:
                key = decrypt(algorithm.value, ciphertext.value, Use.PRIVATE_KEY, password, self._count)
                if key is not None:
                    return key, password
        except UnsupportedProtectionError as error:
            if entry.type == PROTECTED_PRIVATE_KEY:
                return self._open_foreign(encode_tlv(SEQUENCE, encrypted.value), where)
            self._others.append(f"the key of entry {entry.alias!r}, protected by what sfkeytool does not have: {error}")
        return None, None

    def _open_foreign(self, encrypted_der: bytes, where: str) -> tuple[bytes | None, Secret | None]:
        """As any encrypted PKCS#8 is opened: Bouncy Castle takes such a key in and does not give it out again."""
        try:
            loaded = keys.parse_private_key(encrypted_der, where, self._passwords, validate=False)
        except PrivateKeyPasswordError:
            return None, None
        except PrivateKeyError as error:
            if error.code == "key.kdf-too-expensive":
                raise
            self._others.append(error.message)
            return None, None
        return keys.encode_key_pkcs8(loaded.key), loaded.password

    def _check(self, kdf: Tlv) -> None:
        """Many entries, each of them within the limit, must not add up to hours."""
        for form in forms(kdf):
            self._iterations += max(limits.check_kdf(encode_tlv(SEQUENCE, form.value), self._label), 0)
        limits.check_iterations(self._iterations, f"{self._label} as a whole")

    def _count(self, iterations: int) -> None:
        """Each derivation counts for the run, whichever password it is made for."""
        limits.spend(iterations, self._label)

    def _refuse(self) -> NoReturn:
        raise KeystorePasswordError(
            "keystore.wrong-password", f"wrong password for {self._label}, or the file is damaged"
        )


def _each_whole(value: bytes) -> Iterator[bytes]:
    """The elements of a content, with their headers."""
    start = 0
    for part in children(value):
        yield value[start : part.end]
        start = part.end


def _moment(text: bytes) -> datetime | None:
    """None for a date that is not written as DER has it: nothing hangs on it."""
    try:
        return datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
