"""Open a keystore of any format."""

from collections.abc import Sequence

from sfkeytool.errors import KeystoreError, KeystorePasswordError
from sfkeytool.keystores import jks
from sfkeytool.keystores.other_java import parse_other_java
from sfkeytool.keystores.pkcs12 import parse_pkcs12
from sfkeytool.keystores.store import CertificateEntry, KeyEntry, Keystore, StoreType, java_time
from sfkeytool.passwords import Secret


def open_keystore(data: bytes, label: str, type: StoreType, passwords: Sequence[Secret]) -> Keystore:
    """Open a keystore with the first of ``passwords`` that fits; each of its keys with any of them. Pure.

    A JKS opens without passwords too: its structure and certificates are not encrypted. Then ``password`` and each
    ``key_pkcs8`` are None. Raises KeystoreError, KeystorePasswordError, PrivateKeyError.
    """
    if type is StoreType.JKS:
        return _open_jks(data, label, passwords)
    if type is StoreType.PKCS12:
        return parse_pkcs12(data, label, passwords)
    if type is StoreType.BCFKS:
        raise KeystoreError(
            "keystore.unsupported-type",
            f"{label} is a BCFKS keystore, which sfkeytool does not open",
            "Salesforce takes BCFKS in Government Cloud only; convert a copy with Bouncy Castle and keytool",
        )
    return parse_other_java(data, label, type, passwords)


def _open_jks(data: bytes, label: str, passwords: Sequence[Secret]) -> Keystore:
    parsed = jks.parse_jks(data, label)
    password = next((candidate for candidate in passwords if parsed.digest_matches(candidate)), None)
    if passwords and password is None:
        raise KeystorePasswordError("keystore.wrong-password", f"wrong password for {label}, or the file is damaged")
    keys: list[KeyEntry] = []
    certificates: list[CertificateEntry] = []
    for entry in parsed.entries:
        created_at = java_time(entry.created_at_ms)
        if isinstance(entry, jks.JksTrustedEntry):
            certificates.append(CertificateEntry(entry.alias, entry.certificate.der, created_at))
            continue
        opened = None
        for candidate in ([password] if password else []) + list(passwords):
            opened = _open_key(parsed, entry, candidate)
            if opened:
                break
        key, key_password = opened or (None, None)
        chain = tuple(certificate.der for certificate in entry.chain)
        keys.append(KeyEntry(entry.alias, key, chain, created_at, key_password))
    return Keystore(StoreType.JKS, tuple(keys), tuple(certificates), (), password)


def _open_key(parsed: jks.JksFile, entry: jks.JksKeyEntry, password: Secret) -> tuple[bytes, Secret] | None:
    try:
        return parsed.decrypt_key(entry, password), password
    except KeystorePasswordError:
        return None
