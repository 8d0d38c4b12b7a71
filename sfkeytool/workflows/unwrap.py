"""``unwrap``: from a keystore (an export of Certificate and Key Management, say) to key, certificate and chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind
from sfkeytool.errors import CertificateError, InputError, KeystoreError, KeystorePasswordError, SfkeytoolError
from sfkeytool.keystores.contents import Contents, FoundCertificate, FoundKey, InputFile, parse_contents
from sfkeytool.model import Artifact, ArtifactKind, Notice, Outcome
from sfkeytool.names import UniqueName, legal_name
from sfkeytool.passwords import Secret
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import describe_key, key_artifact
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.requests import UnwrapRequest


@dataclass(frozen=True)
class UnwrapInputs:
    file: InputFile
    stem: str
    """The file's name without its ending: what a key without alias is called."""
    passwords: Sequence[Secret] = ()
    key_password: Secret | None = None


def unwrap(request: UnwrapRequest, inputs: UnwrapInputs, now: datetime) -> Outcome:
    """Key, certificate and chain of each key entry, one folder an entry. Pure but for the salt of an encrypted key.

    Raises KeystoreError for a file that is no keystore, has no key entry or none of that alias, and
    KeystorePasswordError for an entry that no password opens: half of what was asked for is never written.
    """
    if inputs.key_password is not None:
        package.require_length(inputs.key_password, "the key files")
    contents = parse_contents(inputs.file, inputs.passwords)
    label = inputs.file.label
    if contents.kind not in KEYSTORE_KINDS:
        raise InputError(
            "unwrap.not-a-keystore",
            f"{label} is no keystore: {contents.kind}",
            f"sfkeytool show {label} tells what is in it",
        )
    entries = _select(contents, request.alias, label)
    pool = [found.certificate for found in contents.certificates]
    artifacts: list[Artifact] = []
    notices: list[Notice] = []
    facts: list[dict[str, Any]] = []
    taken: set[str] = set()
    for key in entries:
        name = folder_name(key.alias or inputs.stem, taken)
        if name.value != (key.alias or ""):
            was = repr(key.alias) if key.alias else "without alias"
            notices.append(Notice("unwrap.renamed", f"the entry {was} is written as {name.value}"))
        leaf = _leaf(key, contents.certificates, label)
        chain = chains.build_chain(leaf.certificate, pool)
        chain_pem = b"".join(certificates.encode_pem(certificate) for certificate in chain.certificates)
        artifacts += [
            key_artifact(name.value, key.key, inputs.key_password, folder=name.value),
            Artifact(
                f"{name.value}.crt",
                ArtifactKind.CERTIFICATE,
                certificates.encode_pem(leaf.certificate),
                folder=name.value,
            ),
            Artifact(f"{name.value}-chain.crt", ArtifactKind.CHAIN, chain_pem, folder=name.value),
        ]
        if isinstance(key.key, rsa.RSAPrivateKey):
            keys.prove_pair(key.key, leaf.der)
        notices += package.validity_notices(leaf.certificate, now)
        facts.append(
            {
                "alias": key.alias,
                "name": name.value,
                "key": describe_key(key.key),
                "certificate": certificates.describe_certificate(leaf.certificate).to_json(),
                "chainLength": len(chain.certificates),
                "chainComplete": chain.complete,
                "pairProved": isinstance(key.key, rsa.RSAPrivateKey),
                "mailDates": describe_mails(leaf.certificate, now),
            }
        )
    if inputs.key_password is None:
        message = "written unencrypted (the Salesforce CLI takes no other); --key-password SOURCE encrypts"
        notices.insert(0, Notice("key.in-clear", f"private keys are {message} them"))
    notices += [
        Notice("unwrap.unreadable", f"not written, it cannot be read: {found.error.message}")
        for found in contents.unreadable
    ]
    trusted = len(contents.store.certificates) if contents.store else 0
    if trusted and contents.kind is not FileKind.PKCS12:  # a PFX keeps its chains so
        notices.append(Notice("unwrap.trusted-ignored", f"{trusted} trusted certificates of {label} are not written"))
    return Outcome(
        facts={"file": label, "type": str(contents.store.type) if contents.store else "", "entries": facts},
        artifacts=tuple(artifacts),
        notices=tuple(notices),
        next_steps=(
            "Give each .key to the client that logs in with it, and to nobody else. The Salesforce CLI takes it"
            " as it is, unless it is encrypted.",
            "Upload the .crt to the connected app or External Client App: it is the very certificate that the keystore"
            " holds.",
            "Prove the login: sfkeytool login NAME --client-id CONSUMER_KEY --username USER",
            f"Delete {label} when the keys are where they belong: the JKS format protects them weakly.",
        ),
    )


def is_same_key(existing: InputFile, artifact: Artifact, passwords: Sequence[Secret]) -> bool:
    """Whether a key file holds the key that ``artifact`` would write. False if it cannot be opened. Pure."""
    try:
        here = parse_contents(existing, passwords).keys
        made = parse_contents(InputFile(artifact.filename, artifact.content), passwords).keys
    except SfkeytoolError:
        return False
    return len(here) == 1 and [key.spki_der for key in here] == [key.spki_der for key in made]


def _select(contents: Contents, alias: str | None, label: str) -> tuple[FoundKey, ...]:
    selected = contents.keys
    locked = contents.locked
    if alias is not None:
        selected = tuple(key for key in selected if key.alias is not None and key.alias.lower() == alias.lower())
        locked = tuple(name for name in locked if name.lower() == alias.lower())
    if locked:
        raise KeystorePasswordError(
            "keystore.entry-locked",
            f"{label}: the private key of {', '.join(map(repr, locked))} has another password than the keystore",
            "give that password too, or pick another entry with --alias",
        )
    if selected:
        return selected
    if alias is not None and (contents.keys or contents.locked):
        known = ", ".join(repr(name) for name in [*(key.alias for key in contents.keys), *contents.locked])
        raise KeystoreError(
            "keystore.no-such-alias", f"{label} has no private key with the alias {alias!r}; it has {known}"
        )
    raise KeystoreError(
        "keystore.no-key",
        f"{label} holds no private key",
        "Certificate and Key Management leaves the key of a certificate out that was made as not exportable",
    )


def _leaf(key: FoundKey, pool: Sequence[FoundCertificate], label: str) -> FoundCertificate:
    fitting = {found.der: found for found in pool if certificates.spki_der(found.certificate) == key.spki_der}
    own = [found for found in fitting.values() if found.alias == key.alias] or list(fitting.values())
    issued = [found for found in own if not chains.is_self_signed(found.certificate)] or own
    if len(issued) == 1:
        return issued[0]
    if not issued:
        raise CertificateError(
            "unwrap.key-fits-none", f"{label}: no certificate belongs to the private key {key.alias or ''!r}".rstrip()
        )
    raise CertificateError(
        "unwrap.ambiguous", f"{label}: {len(issued)} certificates belong to the private key {key.alias or ''!r}"
    )


def folder_name(alias: str, taken: set[str]) -> UniqueName:
    """A legal, unused name for an entry: an alias may hold anything, path separators included."""
    base = legal_name(alias)
    name, number = base, 1
    while name.value in taken:
        number += 1
        name = legal_name(f"{base.value[:36]}_{number}")
    taken.add(name.value)
    return name
