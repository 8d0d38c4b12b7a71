"""``unwrap``: from a keystore (an export of Certificate and Key Management, say) to key, certificate and chain."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct, to_builtins

from sfkeytool.acceptance.java import refusal_of
from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind
from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate
from sfkeytool.keystores.heap import Entry, Heap, gather
from sfkeytool.keystores.selection import Meant, require_opened, select_each
from sfkeytool.model import Artifact, ArtifactKind, Notice, Outcome
from sfkeytool.names import UniqueName, legal_name
from sfkeytool.passwords import Secret
from sfkeytool.shell import quoted_path
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import describe_key, key_artifact
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.requests import UnwrapRequest

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


class UnwrapInputs(Struct, frozen=True):
    file: InputFile
    stem: str
    """The file's name without its ending: what a key without alias is called."""
    passwords: Sequence[Secret] = ()
    key_password: Secret | None = None


def unwrap(request: UnwrapRequest, inputs: UnwrapInputs, now: datetime) -> Outcome[Any]:
    """Key, certificate and chain of each key entry, one folder an entry. Pure but for the salt of an encrypted key.

    A key without a certificate is written alone. Raises InputError for a file that is no keystore, PrivateKeyError and
    KeystoreError for one without a key entry or without that alias, CertificateError where several certificates of a
    key could be meant, and KeystorePasswordError for an entry that no password opens: half of what was asked for is
    never written.
    """
    if inputs.key_password is not None:
        package.require_length(inputs.key_password, "the key files")
    contents = parse_contents(inputs.file, inputs.passwords)
    label = inputs.file.label
    if contents.kind not in KEYSTORE_KINDS:
        raise InputError(
            "unwrap.not-a-keystore",
            f"{label} is no keystore: {contents.kind}",
            f"sfkeytool show {quoted_path(label)} tells what is in it",
        )
    heap = gather([contents])
    require_opened(heap, request.alias)
    pool = [found.certificate for found in contents.certificates]
    artifacts: list[Artifact] = []
    notices: list[Notice] = []
    facts: list[dict[str, Any]] = []
    taken: set[str] = set()
    for entry, meant in select_each(heap, request.alias):
        if meant is None:
            continue  # locked, which require_opened() has refused
        name = folder_name(entry.alias or inputs.stem, taken).value
        if name != (entry.alias or ""):
            was = repr(entry.alias) if entry.alias else "without alias"
            notices.append(Notice("unwrap.renamed", f"the entry {was} is written as {name}"))
        artifacts.append(key_artifact(name, meant.key.key, inputs.key_password, folder=name))
        described: dict[str, Any] = {"alias": entry.alias, "name": name, "key": describe_key(meant.key.key)}
        if meant.leaves:
            made, told = _certificate_of(meant, name, pool, now)
            artifacts += made
            notices += [*package.validity_notices(meant.leaf.certificate, now), *_damage(meant.leaf, f"{name}.crt")]
            facts.append(described | told)
        else:
            facts.append(described | _NO_CERTIFICATE)
            notices.append(_missing_certificate(entry, name, heap, label))
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
    name = facts[0]["name"] if len(facts) == 1 else "NAME"
    folder = f" -d {quoted_path(str(request.output_dir))}" if request.output_dir else ""
    return Outcome(
        result={"file": label, "type": str(contents.store.type) if contents.store else "", "entries": facts},
        artifacts=tuple(artifacts),
        notices=tuple(notices),
        next_steps=(
            "Give each .key to the client that logs in with it, and to nobody else. The Salesforce CLI takes it"
            " as it is, unless it is encrypted.",
            *([_UPLOAD] if any(entry["certificate"] for entry in facts) else []),
            f"Prove the login: `sfkeytool login {name}{folder} --client-id CONSUMER_KEY --username USER`",
            f"Delete {label} when the keys are where they belong: the JKS format protects them weakly.",
        ),
    )


_UPLOAD = (
    "Upload the .crt to the connected app or External Client App: it is the very certificate that the keystore holds."
)
_NO_CERTIFICATE: dict[str, Any] = {
    "certificate": None,
    "chainLength": 0,
    "chainComplete": False,
    "pairProved": False,
    "mailDates": [],
}


def _certificate_of(
    meant: Meant, name: str, pool: "Sequence[Certificate]", now: datetime
) -> tuple[list[Artifact], dict[str, Any]]:
    """NAME.crt, NAME-chain.crt and what is told of them. Raises CertificateError if several could be meant."""
    leaf = meant.leaf
    chain = chains.build_chain(leaf.certificate, pool)
    proved = isinstance(meant.key.key, rsa.RSAPrivateKey)
    if isinstance(meant.key.key, rsa.RSAPrivateKey):
        keys.prove_pair(meant.key.key, leaf.der)
    chain_pem = b"".join(certificates.encode_pem(certificate) for certificate in chain.certificates)
    artifacts = [
        Artifact(f"{name}.crt", ArtifactKind.CERTIFICATE, certificates.encode_pem(leaf.certificate), folder=name),
        Artifact(f"{name}-chain.crt", ArtifactKind.CHAIN, chain_pem, folder=name),
    ]
    return artifacts, {
        "certificate": to_builtins(certificates.describe_certificate(leaf.certificate)),
        "chainLength": len(chain.certificates),
        "chainComplete": chain.complete,
        "pairProved": proved,
        "mailDates": describe_mails(leaf.certificate, now),
    }


def _damage(leaf: FoundCertificate, written: str) -> Iterator[Notice]:
    """What no maker would take. The key beside it is good, so it is written all the same."""
    why = refusal_of(leaf.certificate)
    if chains.check_self_signature(leaf.certificate) is chains.Signature.BAD:
        why = "it says that it signed itself, and its signature does not verify"
    if isinstance(why, str):
        yield Notice("unwrap.damaged-certificate", f"{written} is damaged: {why}. Do not upload it; the key is good")


def _missing_certificate(entry: Entry, name: str, heap: Heap, label: str) -> Notice:
    who = repr(entry.alias) if entry.alias else "without alias"
    why = f"none of the {len(heap.certificates)} certificates in it belongs to" if heap.certificates else "none is with"
    return Notice(
        "unwrap.no-certificate",
        f"{label} holds no certificate for the private key {who} ({why} it): {name}.key is written, and no {name}.crt."
        " Add the certificate when you wrap the key, or make a self-signed one for it with self-signed --key",
    )


def is_same_key(existing: InputFile, artifact: Artifact, passwords: Sequence[Secret]) -> bool:
    """Whether a key file holds the key that ``artifact`` would write. False if it cannot be opened. Pure."""
    try:
        here = parse_contents(existing, passwords).keys
        made = parse_contents(InputFile(artifact.filename, artifact.content), passwords).keys
    except SfkeytoolError:
        return False
    return len(here) == 1 and [key.spki_der for key in here] == [key.spki_der for key in made]


def folder_name(alias: str, taken: set[str]) -> UniqueName:
    """A legal, unused name for an entry: an alias may hold anything, path separators included."""
    base = legal_name(alias)
    name, number = base, 1
    while name.value in taken:
        number += 1
        name = legal_name(f"{base.value[:36]}_{number}")
    taken.add(name.value)
    return name
