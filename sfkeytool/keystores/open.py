"""Any keystore's bytes to our one view of a keystore."""

from collections.abc import Sequence

from sfkeytool.errors import KeystorePasswordError
from sfkeytool.keystores import jks
from sfkeytool.keystores.store import CertificateEntry, JksFrame, KeyEntry, Keystore, StoreType
from sfkeytool.passwords import Secret


def open_keystore(
    data: bytes, label: str, type: StoreType, passwords: Sequence[Secret], *, structure_suffices: bool = False
) -> Keystore:
    """Open a keystore of a known type with whichever of ``passwords`` fits, tried in this order. Keys are secret. Pure.

    A key may have a password of its own: each is tried with all of them, the store's first, and stays None if none
    opens it. Without any password a JKS still shows its structure (keys None, integrity not verified); so it does with
    passwords that do not fit, if that suffices.

    Raises KeystorePasswordError ``keystore.password-needed`` or ``keystore.wrong-password``; KeystoreError
    ``keystore.damaged``, ``keystore.too-large`` or ``keystore.unsupported-protection``; PrivateKeyError
    ``key.kdf-too-expensive``.
    """
    match type:
        case StoreType.JKS:
            return open_jks(jks.parse_jks(data, label), passwords, structure_suffices=structure_suffices)
        case StoreType.PKCS12:
            from sfkeytool.keystores.pkcs12 import parse_pkcs12

            return parse_pkcs12(data, label, passwords)
        case StoreType.JCEKS | StoreType.BKS | StoreType.UBER:
            from sfkeytool.keystores.other_java import parse_other_java

            return parse_other_java(data, label, type, passwords)
        case StoreType.BCFKS:
            from sfkeytool.keystores.bcfks.reading import parse_bcfks

            return parse_bcfks(data, label, passwords)


def open_jks(file: jks.JksFile, passwords: Sequence[Secret], *, structure_suffices: bool = False) -> Keystore:
    """open_keystore() of a JKS that was parsed already."""
    password = next((password for password in passwords if file.digest_matches(password)), None)
    if passwords and password is None and not structure_suffices:
        raise KeystorePasswordError(
            "keystore.wrong-password", f"wrong password for {file.label}, or the file is damaged"
        )
    in_order = [] if password is None else [password, *(other for other in passwords if other is not password)]
    keys, certificates = [], []
    for entry in file.entries:
        created_at = jks.describe_java_time(entry.created_at_ms)
        if isinstance(entry, jks.JksTrustedEntry):
            certificates.append(CertificateEntry(entry.alias, entry.certificate.der, created_at))
            continue
        key_pkcs8, key_password = _open_key(file, entry, in_order)
        chain_der = tuple(certificate.der for certificate in entry.chain)
        keys.append(KeyEntry(entry.alias, key_pkcs8, chain_der, created_at, key_password))
    frame = JksFrame(file.version, len(file.trailing))
    return Keystore(StoreType.JKS, tuple(keys), tuple(certificates), password=password, jks=frame)


def _open_key(
    file: jks.JksFile, entry: jks.JksKeyEntry, passwords: Sequence[Secret]
) -> tuple[bytes | None, Secret | None]:
    for password in passwords:
        try:
            return file.decrypt_key(entry, password), password
        except KeystorePasswordError:
            continue
    return None, None
