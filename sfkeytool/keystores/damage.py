"""What is said of a keystore that cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager

from sfkeytool.crypto.ciphers import UnsupportedProtectionError
from sfkeytool.crypto.der import DerError
from sfkeytool.errors import KeystoreError


@contextmanager
def naming_damage(label: str) -> Iterator[None]:
    """What a keystore's reader meets becomes a KeystoreError about ``label``: keystore.damaged or
    keystore.unsupported-protection."""
    try:
        yield
    except UnsupportedProtectionError as error:
        raise KeystoreError(
            "keystore.unsupported-protection",
            f"{label} is protected by an algorithm that sfkeytool does not have: {error}",
        ) from None
    except DerError as error:
        raise KeystoreError("keystore.damaged", f"{label} is damaged or cut short: {error}") from None
