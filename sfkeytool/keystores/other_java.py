"""The other Java keystores (JCEKS, BKS, UBER), read by the pyjks library, which is imported only here and only then.

pyjks trusts what it reads, so costs are looked up in the raw headers first, the JCEKS digest is verified before any
Java object in the file is deserialised, and whatever it raises on strange bytes becomes one of our errors.
"""

import hmac
import logging
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sfkeytool.crypto import limits
from sfkeytool.errors import KeystoreError, KeystorePasswordError
from sfkeytool.keystores.jks import DIGEST_BYTES, describe_java_time, store_digest
from sfkeytool.keystores.store import CertificateEntry, KeyEntry, Keystore, StoreType
from sfkeytool.passwords import Secret

MAX_UBER_BYTES = 1024 * 1024
"""pyjks' Twofish is plain Python, about 500 kB a second; a keystore has some kB."""


def parse_other_java(data: bytes, label: str, type: StoreType, passwords: Sequence[Secret]) -> Keystore:
    """Open a JCEKS, BKS or UBER keystore with whichever of ``passwords`` fits. Its keys are secret. Pure.

    Each key is tried with the store's password first, then with the others. Entries come in the file's order.
    Secret keys are named in ``other_entries`` and not opened.

    Raises KeystorePasswordError ``keystore.password-needed`` (none given) or ``keystore.wrong-password``;
    KeystoreError ``keystore.damaged``, or ``keystore.unsupported-type`` for other types; PrivateKeyError
    ``key.kdf-too-expensive`` before anything is derived that costs too much.
    """
    if type not in (StoreType.JCEKS, StoreType.BKS, StoreType.UBER):
        raise KeystoreError("keystore.unsupported-type", f"{label}: sfkeytool does not open {type} keystores")
    if not passwords:
        raise KeystorePasswordError("keystore.password-needed", f"{label} ({type}) needs its password")
    iterations = 0 if type is StoreType.JCEKS else _check_bouncy_castle_header(data, label, type)
    for password in passwords:
        limits.spend(iterations, label)
        if (store := _load(data, label, type, password)) is not None:
            return _convert(store, label, type, [password, *(other for other in passwords if other is not password)])
    raise KeystorePasswordError("keystore.wrong-password", f"wrong password for {label}, or the file is damaged")


def _check_bouncy_castle_header(data: bytes, label: str, type: StoreType) -> int:
    """What opening it will cost; refused above the limits."""
    try:
        iterations = limits.check_iterations(_salted_iterations(data[4:], label), label)
    except struct.error:
        raise KeystoreError("keystore.damaged", f"{label} ends inside its {type} header") from None
    if type is StoreType.UBER and len(data) > MAX_UBER_BYTES:
        raise KeystoreError(
            "keystore.too-large",
            f"{label}: an UBER keystore of {len(data):,} bytes; at most {MAX_UBER_BYTES:,} are read",
        )
    return iterations


def _salted_iterations(data: bytes, label: str) -> int:
    """The iterations after a salt, which is how a BKS, an UBER and each sealed entry begin. Raises struct.error."""
    (salt_length,) = struct.unpack_from(">L", data)
    limits.check_salt(salt_length, label)
    (iterations,) = struct.unpack_from(">L", data, 4 + salt_length)
    return int(iterations)


def _load(data: bytes, label: str, type: StoreType, password: Secret) -> Any:
    """The store as pyjks has it, None for a wrong password."""
    import jks

    if type is StoreType.JCEKS:
        if not _jceks_digest_matches(data, password):
            return None
        loads = jks.KeyStore.loads
    else:
        loads = jks.bks.BksKeyStore.loads if type is StoreType.BKS else jks.bks.UberKeyStore.loads
    try:
        with _silent_javaobj():
            return loads(data, password.reveal(), try_decrypt_keys=False)
    except (jks.util.KeystoreSignatureException, jks.util.DecryptionFailureException):
        return None
    except Exception as error:  # struct, pyasn1, javaobj, IndexError … all leak from damaged files
        raise KeystoreError(
            "keystore.damaged", f"{label} is no {type} keystore that can be read: {_reason(error)}"
        ) from None


def _jceks_digest_matches(data: bytes, password: Secret) -> bool:
    """The digest is that of JKS, at the very end."""
    return hmac.compare_digest(data[-DIGEST_BYTES:], store_digest(data[:-DIGEST_BYTES], password))


def _convert(store: Any, label: str, type: StoreType, passwords: Sequence[Secret]) -> Keystore:
    import jks

    keys, certificates, others = [], [], []
    total_iterations = 0
    for alias, entry in store.entries.items():
        where = f"{label}, entry {alias!r}"
        created_at = describe_java_time(entry.timestamp)
        if isinstance(entry, jks.TrustedCertEntry):
            certificates.append(CertificateEntry(alias, entry.cert, created_at))
            continue
        if isinstance(entry, (jks.SecretKeyEntry, jks.bks.BksSecretKeyEntry)):
            others.append(f"secret key {alias!r}")
            continue
        iterations = _entry_iterations(entry, where)
        total_iterations += iterations
        limits.check_iterations(total_iterations, f"{label} as a whole")
        chain_der = tuple(
            certificate.cert if type is not StoreType.JCEKS else certificate[1] for certificate in entry.cert_chain
        )
        password = next((secret for secret in passwords if _opens(entry, secret, where, iterations)), None)
        if password is None and not chain_der:
            others.append(f"key {alias!r} that no password opens")  # no chain: hardly a private key
        elif password is not None and type is not StoreType.JCEKS and entry.type != jks.bks.KEY_TYPE_PRIVATE:
            kind = "public" if entry.type == jks.bks.KEY_TYPE_PUBLIC else "secret"
            others.append(f"{kind} key {alias!r}")
        else:
            key_pkcs8 = None if password is None else bytes(entry.pkey_pkcs8)
            keys.append(KeyEntry(alias, key_pkcs8, chain_der, created_at, password))
    return Keystore(type, tuple(keys), tuple(certificates), tuple(others), passwords[0])


def _entry_iterations(entry: Any, where: str) -> int:
    """What opening the entry will cost; refused above the limit."""
    import jks

    if isinstance(entry, jks.PrivateKeyEntry | jks.bks.BksSealedKeyEntry) and not entry._encrypted:
        raise KeystoreError("keystore.damaged", f"{where}: there is no key in it")
    if isinstance(entry, jks.PrivateKeyEntry):
        return limits.check_encrypted_pkcs8(entry._encrypted, where)
    if isinstance(entry, jks.bks.BksSealedKeyEntry):
        try:
            return limits.check_iterations(_salted_iterations(entry._encrypted, where), where)
        except struct.error:
            raise KeystoreError("keystore.damaged", f"{where}: the sealed key is cut short") from None
    return 0


def _opens(entry: Any, password: Secret, where: str, iterations: int) -> bool:
    """Decrypt ``entry`` in place."""
    limits.spend(iterations, where)
    import jks

    try:
        entry.decrypt(password.reveal())
    except jks.util.UnexpectedAlgorithmException as error:
        raise KeystoreError("keystore.unsupported-protection", f"{where}: {_reason(error)}") from None
    except Exception:  # bad padding, or by chance good padding around noise; non-ASCII passwords in JCEKS
        return False
    return True


@contextmanager
def _silent_javaobj() -> Iterator[None]:
    """javaobj logs hex dumps of what it fails on, to stderr if nobody has set up logging."""
    logger = logging.getLogger("javaobj")
    disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = disabled


def _reason(error: Exception) -> str:
    """pyjks' own words; those of the libraries below may quote what they failed on, and that may be a key."""
    import jks

    own = isinstance(error, jks.util.KeystoreException)
    return str(error)[:200] if own else f"unexpected bytes ({type(error).__name__})"
