"""What a file's name promises, where the file keeps it not."""

from pathlib import PurePath

from sfkeytool.errors import KeystorePasswordError, PrivateKeyPasswordError, SfkeytoolError

_NAMES = (
    *(".crt", ".cer", ".pem", ".der", ".p7b", ".p7c", ".p12", ".pfx", ".jks", ".jceks", ".bks", ".keystore"),
    *(".ks", ".uber", ".bcfks", ".key", ".p8", ".csr"),
    "-meta.xml",
)
"""Endings under which a file of a walked folder is worth a word where it cannot be read: prose and programs may quote
half a certificate."""

_NOT_RECOGNISED = (
    *("input.unknown-kind", "input.empty", "input.encrypted-file", "input.lfs-pointer", "input.web-page"),
    *("key.jwk", "key.ssh-public"),
)
_CONTAINERS = (".crt", ".cer", ".p7b", ".p7c", ".p12", ".pfx", ".jks", ".jceks", ".bks", ".keystore", ".uber", ".bcfks")
"""Endings that nothing else has: a file that is none of these inside is damaged. Keynote's files end in .key, those of
Kickstart in .ks, and a .pem may hold what is no concern here."""


def is_container(file: PurePath) -> bool:
    """Whether nothing else than certificates and keys is kept under such a name. Pure."""
    return file.name.lower().endswith(_CONTAINERS)


def is_worth_a_word(file: PurePath, error: SfkeytoolError) -> bool:
    """Whether a file that lies in a walked folder should have been readable: a folder holds all sorts of things."""
    if isinstance(error, KeystorePasswordError | PrivateKeyPasswordError) or error.code == "input.not-permitted":
        return True
    if error.code.startswith("zip."):
        return True
    if error.code in _NOT_RECOGNISED:
        return is_container(file)
    return file.name.lower().endswith(_NAMES) and error.code != "xml.malformed-other"
