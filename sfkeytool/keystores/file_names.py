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


_PACKAGES = frozenset({"node_modules", "bower_components", "site-packages", "dist-packages"})
"""Folders into which npm, Bower, pip and Debian's pip put what other people wrote."""
_TESTS = frozenset(
    {"test", "tests", "__tests__", "testing", "testdata", "test-data", "test_data", "fixtures", "spec", "examples"}
)
_NOTHING = ("input.unknown-kind", "input.empty", "input.web-page", "key.jwk", "key.ssh-public")
_NOBODY_KNOWS = ("input.not-permitted", "input.unreadable", "input.encrypted-file", "input.lfs-pointer")


def is_named_as_one(file: PurePath) -> bool:
    """Whether certificates and keys have such names. Pure."""
    return file.name.lower().endswith(_NAMES) and not file.name.lower().endswith("-meta.xml")


def is_anothers(inside: PurePath, code: str) -> bool:
    """Whether a file that could not be read, for a reason with this ``code``, is evidently none of the user's: within a
    package that somebody else wrote one that is nothing of the kind, or any in the tests of such a package.

    ``inside`` is its path below the folder that the user named: what lies in a folder that is named itself is theirs.
    Pure.
    """
    folders = [part.lower() for part in inside.parts[:-1]]
    package = next((place for place, part in enumerate(folders) if part in _PACKAGES), None)
    if package is None or code in _NOBODY_KNOWS:
        return False
    return code in _NOTHING or not _TESTS.isdisjoint(folders[package + 1 :])


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
