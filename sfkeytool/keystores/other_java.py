"""The other Java keystores, JCEKS, BKS and UBER, through the pyjks library. The only module that knows it."""

import struct
from collections.abc import Sequence
from typing import Any

from sfkeytool.crypto import limits
from sfkeytool.errors import KeystoreError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores.store import CertificateEntry, KeyEntry, Keystore, StoreType, java_time
from sfkeytool.passwords import Secret


def parse_other_java(data: bytes, label: str, type: StoreType, passwords: Sequence[Secret]) -> Keystore:
    """Open a JCEKS, BKS or UBER keystore with the first of ``passwords`` that fits. Pure.

    Each key is tried with every password; one that none opens has ``key_pkcs8`` None. Secret keys and public keys
    are named in ``other_entries``. Raises KeystoreError (``keystore.damaged``), KeystorePasswordError
    (``keystore.wrong-password``), PrivateKeyError for a derivation beyond the limits.
    """
    if type is not StoreType.JCEKS:
        _check_header(data, label)
    for password in passwords:
        store = _load(data, label, type, password)
        if store is not None:
            return _keystore(store, label, type, password, passwords)
    raise KeystorePasswordError("keystore.wrong-password", f"wrong password for {label}, or the file is damaged")


def _check_header(data: bytes, label: str) -> None:
    """BKS and UBER: version, salt, iteration count."""
    try:
        (salt_size,) = struct.unpack_from(">I", data, 4)
        (iterations,) = struct.unpack_from(">I", data, 8 + salt_size)
    except struct.error:
        raise _damaged(label) from None
    limits.check_iterations(iterations, label)


def _load(data: bytes, label: str, type: StoreType, password: Secret) -> Any:
    """The store, or None if the password is wrong (or the digest does not match: the formats cannot tell)."""
    import jks

    loader = {StoreType.JCEKS: jks.KeyStore, StoreType.BKS: jks.BksKeyStore, StoreType.UBER: jks.UberKeyStore}[type]
    try:
        # Keys are decrypted one by one later: here pyjks would let foreign exceptions of damaged keys out.
        return loader.loads(data, password.reveal(), try_decrypt_keys=False)
    except (jks.KeystoreSignatureException, jks.DecryptionFailureException):
        return None
    except Exception:  # whatever the library's own parsers raise on damaged bytes
        raise _damaged(label) from None


def _keystore(store: Any, label: str, type: StoreType, password: Secret, passwords: Sequence[Secret]) -> Keystore:
    import jks

    keys: list[KeyEntry] = []
    certificates: list[CertificateEntry] = []
    others: list[str] = []
    for alias, entry in store.entries.items():
        created_at = java_time(entry.timestamp)
        if isinstance(entry, jks.TrustedCertEntry):
            certificates.append(CertificateEntry(alias, bytes(entry.cert), created_at))
            continue
        chain = tuple(_certificate_der(certificate) for certificate in getattr(entry, "cert_chain", None) or ())
        if isinstance(entry, jks.PrivateKeyEntry):
            limits.check_encrypted_pkcs8(bytes(entry._encrypted), f"{label}, entry {alias!r}")
            opened = _try_passwords(entry, password, passwords)
            keys.append(KeyEntry(alias, bytes(entry.pkey_pkcs8) if opened else None, chain, created_at, opened))
        elif isinstance(entry, jks.bks.BksSealedKeyEntry):
            _check_sealed(entry, f"{label}, entry {alias!r}")
            opened = _try_passwords(entry, password, passwords)
            if opened and entry.nested.type != jks.bks.KEY_TYPE_PRIVATE:
                others.append(f"entry {alias!r}: no private key")
                continue
            keys.append(KeyEntry(alias, bytes(entry.nested.pkey_pkcs8) if opened else None, chain, created_at, opened))
        elif isinstance(entry, jks.bks.BksKeyEntry) and entry.type == jks.bks.KEY_TYPE_PRIVATE:
            keys.append(KeyEntry(alias, bytes(entry.pkey_pkcs8), chain, created_at, password))
        else:
            others.append(f"entry {alias!r}: secret key")
    return Keystore(type, tuple(keys), tuple(certificates), tuple(others), password)


def _try_passwords(entry: Any, first: Secret, others: Sequence[Secret]) -> Secret | None:
    for password in (first, *others):
        try:
            entry.decrypt(password.reveal())
        except Exception:  # noqa: S112 - a wrong password makes pyjks raise anything, from its own to pyasn1's errors
            continue
        return password
    return None


def _check_sealed(entry: Any, label: str) -> None:
    sealed = bytes(entry._encrypted)
    try:
        (salt_size,) = struct.unpack_from(">I", sealed, 0)
        (iterations,) = struct.unpack_from(">I", sealed, 4 + salt_size)
    except struct.error:
        raise _damaged(label) from None
    limits.check_iterations(iterations, label)


def _certificate_der(certificate: Any) -> bytes:
    """A chain holds (type, DER) in JCEKS, and entries in BKS."""
    return bytes(certificate[1] if isinstance(certificate, tuple) else certificate.cert)


def _damaged(label: str) -> SfkeytoolError:
    return KeystoreError("keystore.damaged", f"{label} is damaged or cut short")
