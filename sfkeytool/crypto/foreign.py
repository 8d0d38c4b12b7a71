"""What people hand over in place of a key or certificate, named for what it is, with the next step."""

import re
from collections.abc import Sequence

from msgspec import Struct

from sfkeytool.errors import InputError, PrivateKeyError, SfkeytoolError
from sfkeytool.shell import path_argument, shell_line

_BEGIN = 4096
"""Bytes in which each of these says what it is."""
_REPLACED = b"\xef\xbf\xbd"
"""U+FFFD in UTF-8: what a decoder writes for bytes that are no text."""
_JKS_AS_TEXT = (_REPLACED * 4, "\xfe\xed\xfe\xed".encode(), "\xce\xce\xce\xce".encode())
_DER_AS_TEXT = re.compile(rb"0(?:\xef\xbf\xbd|\xc2[\x80-\x84])")
"""SEQUENCE, and a length of 128 or more, which is no text."""
_HTML = re.compile(rb"(?:<\?xml[^<>]{0,200}>\s{0,80})?<(?:!doctype\s{1,8}html|html|head|body)\b", re.IGNORECASE)
_SOPS = re.compile(rb"ENC\[AES256_GCM,data:")
_JWK = re.compile(rb'\A\s*\{[^{}]{0,2000}"kty"\s{0,8}:')
_SSH_PUBLIC = re.compile(rb"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9]+) AAAA")
_PUTTY = re.compile(rb"\APuTTY-User-Key-File-([0-9]):")


class _Encrypted(Struct, frozen=True):
    """How another program's encrypted file begins, what it is, and what decrypts it; FILE and COPY stand for names."""

    begins: tuple[bytes, ...]
    what: str
    command: Sequence[str]
    note: str = ""


_ENCRYPTED = (
    _Encrypted(
        (b"Salted__", b"U2FsdGVkX1"),
        "a file that openssl enc encrypted",
        ("openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-in", "FILE", "-out", "COPY"),
        "with the cipher, -md, -iter and -pbkdf2 that encrypted it; -a where it is base64",
    ),
    _Encrypted((b"\0GITCRYPT\0",), "a file that git-crypt encrypted", ("git-crypt", "unlock")),
    _Encrypted(
        (b"$ANSIBLE_VAULT;",),
        "a file that Ansible Vault encrypted",
        ("ansible-vault", "decrypt", "--output", "COPY", "FILE"),
    ),
    _Encrypted(
        (b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----"),
        "a file that age encrypted",
        ("age", "-d", "-i", "IDENTITY", "-o", "COPY", "FILE"),
        "an identity file of yours, or none where a passphrase encrypts it",
    ),
    _Encrypted(
        (b"-----BEGIN PGP MESSAGE-----",),
        "a message that OpenPGP encrypted",
        ("gpg", "--output", "COPY", "--decrypt", "FILE"),
    ),
)


def foreign_error(data: bytes, label: str) -> SfkeytoolError | None:
    """Why ``data``, which mend() has seen, is no key, certificate or keystore, and what to do.

    ``input.encrypted-file``, ``input.rewritten-as-text``, ``input.lfs-pointer``, ``input.web-page``, ``input.empty``,
    ``key.putty``, ``key.jwk`` or ``key.ssh-public``; None of what is one, or is not known here. It quotes nothing.
    Pure. Never raises.
    """
    begin = data[:_BEGIN].lstrip(b" \t\r\n\xef\xbb\xbf") if not data.startswith(_REPLACED) else data[:_BEGIN]
    if not begin:
        return InputError(
            "input.empty", f"{label} holds nothing but blanks; a key, certificate or keystore was expected"
        )
    for one in _ENCRYPTED:
        if begin.startswith(one.begins):
            return _encrypted(one.what, one.command, label, one.note)
    if _SOPS.search(begin):
        return _encrypted("a file that SOPS encrypted", ("sops", "decrypt", "--output", "COPY", "FILE"), label)
    if begin.startswith(_JKS_AS_TEXT) or (_DER_AS_TEXT.match(begin) and not begin.isascii()):
        what = "a keystore" if begin.startswith(_JKS_AS_TEXT) else "a keystore, key or certificate in DER"
        return InputError(
            "input.rewritten-as-text",
            f"{label} was {what} and has been rewritten as text, which destroys it: its bytes cannot be had back",
            "take the original; what rewrites binary files so are Maven's resource filtering, an editor, and a"
            " transfer in text mode",
        )
    if begin.startswith(b"version https://git-lfs.github.com/spec/"):
        return InputError(
            "input.lfs-pointer",
            f"{label} is a pointer of Git LFS, which stands where the file should",
            shell_line(["git", "lfs", "pull"]),
        )
    if _HTML.match(begin):
        return InputError(
            "input.web-page",
            f"{label} is a web page, such as a login page that was saved in the file's place",
            "open it in a browser to see what it says; then download the file again, logged in",
        )
    if putty := _PUTTY.search(begin):
        return PrivateKeyError(
            "key.putty",
            f"{label} is a private key in PuTTY's own format, version {putty[1].decode()}",
            "convert a copy: " + shell_line(["puttygen", path_argument(label), "-O", "private-openssh", "-o", "COPY"]),
        )
    if _JWK.search(begin):
        return PrivateKeyError(
            "key.jwk",
            f"{label} is a JSON Web Key; PEM, DER and keystores are read here",
            "let the program that made it export PEM (PKCS#8)",
        )
    if _SSH_PUBLIC.match(begin):
        return PrivateKeyError(
            "key.ssh-public",
            f"{label} is a public key in OpenSSH's own format, and no private key or certificate",
            "give the private key that it belongs to: the file of the same name without .pub",
        )
    return None


def foreign_words(data: bytes, label: str) -> str:
    """The same in words that follow the name: what it is, and what to do about it; empty where nobody knows. Pure."""
    error = foreign_error(data, label)
    if error is None:
        return ""
    return "; ".join([error.message.removeprefix(f"{label} ").removeprefix("is "), *error.hints])


def _encrypted(what: str, command: Sequence[str], label: str, note: str = "") -> InputError:
    names = {"FILE": path_argument(label)}
    line = shell_line([names.get(part, part) for part in command])
    return InputError(
        "input.encrypted-file", f"{label} is {what}", f"decrypt a copy of it: {line}{f' ({note})' if note else ''}"
    )
