"""``unwrap``: from a keystore (an export of Certificate and Key Management, say), or a mangled key, to clean files."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct
from msgspec.structs import replace

from sfkeytool.acceptance.java import refusal_of
from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.crypto.certificate import Signature
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind
from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate
from sfkeytool.keystores.heap import Entry, Heap, gather
from sfkeytool.keystores.saml_metadata import SAML_WORDS
from sfkeytool.keystores.selection import Meant, require_opened, select_each
from sfkeytool.model import Artifact, ArtifactKind, NextStep, Notice, Outcome, Purpose, Request, Result, UniqueNameText
from sfkeytool.names import UniqueName, legal_name
from sfkeytool.passwords import Secret, Source
from sfkeytool.shell import path_argument, shell_line
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import key_artifact
from sfkeytool.workflows.next_steps import deletion_step, place_step
from sfkeytool.workflows.parts import KeyFacts, MailDates, describe_key

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


class UnwrapRequest(Request, frozen=True, kw_only=True):
    file: Source
    """A keystore or key: a file, a variable, what a command prints, stdin or the prompt."""
    alias: str | None = None
    passwords: tuple[Source, ...] = ()
    key_password: Source | None = None
    output_dir: Path | None = None
    force: bool = False


class UnwrappedEntry(Result, frozen=True, kw_only=True):
    """A key entry. ``pair_proved``: a signature made with the key verifies with the certificate; tried for RSA keys.

    ``certificate`` is None where the keystore holds none for the key: then no .crt is written.
    """

    alias: str | None
    name: UniqueNameText
    key: KeyFacts
    certificate: CertificateFacts | None
    chain_length: int
    chain_complete: bool
    pair_proved: bool
    mail_dates: MailDates


class Unwrapped(Result, frozen=True, kw_only=True):
    """A keystore, or a file with keys, taken apart."""

    path: str
    type: str
    entries: tuple[UnwrappedEntry, ...]


class UnwrapInputs(Struct, frozen=True):
    file: InputFile
    stem: str
    """The file's name without its ending: what a key without alias is called."""
    passwords: Sequence[Secret] = ()
    key_password: Secret | None = None


def unwrap(request: UnwrapRequest, inputs: UnwrapInputs, now: datetime) -> Outcome[Unwrapped]:
    """Key, certificate and chain of each key entry, or key of a file, one folder each. Pure but for an encrypted key's
    salt.

    A key without a certificate is written alone. Raises InputError for a file without a private key, PrivateKeyError
    and KeystoreError for one without a key entry or without that alias, CertificateError where several certificates of
    a key could be meant, and KeystorePasswordError for an entry that no password opens: half of what was asked for is
    never written.
    """
    if inputs.key_password is not None:
        package.require_length(inputs.key_password, "the key files")
    contents = parse_contents(inputs.file, inputs.passwords)
    label = inputs.file.label
    if contents.kind not in KEYSTORE_KINDS and not contents.holds_keys:
        what = SAML_WORDS if contents.saml is not None else str(contents.kind)
        raise InputError(
            "unwrap.not-a-keystore",
            f"{label} is no keystore, and holds no private key: {what}",
            f"this tells what is in it: {shell_line(['sfkeytool', 'show', path_argument(label)])}",
        )
    heap = gather([contents])
    require_opened(heap, request.alias)
    pool = [found.certificate for found in contents.certificates]
    artifacts: list[Artifact] = []
    notices: list[Notice] = []
    entries: list[UnwrappedEntry] = []
    taken: set[str] = set()
    for entry, meant in select_each(heap, request.alias):
        if meant is None:
            continue  # locked, which require_opened() has refused
        name = folder_name(entry.alias or inputs.stem, taken).value
        if not entry.in_keystore:
            notices.append(_clean_copy(name, label))
        elif name != (entry.alias or ""):
            was = repr(entry.alias) if entry.alias else "without alias"
            notices.append(Notice("unwrap.renamed", f"the entry {was} is written as {name}"))
        artifacts.append(key_artifact(name, meant.key.key, inputs.key_password, folder=name))
        described = UnwrappedEntry(
            alias=entry.alias,
            name=name,
            key=describe_key(meant.key.key),
            certificate=None,
            chain_length=0,
            chain_complete=False,
            pair_proved=False,
            mail_dates=(),
        )
        if meant.leaves:
            chain = chains.build_chain(meant.leaf.certificate, pool)
            artifacts += _certificate_artifacts(name, chain.certificates)
            described = _with_certificate(described, meant, chain, now)
            notices += [*package.validity_notices(meant.leaf.certificate, now), *_damage(meant.leaf, f"{name}.crt")]
        elif entry.in_keystore or heap.certificates:
            notices.append(_missing_certificate(entry, name, heap, label))
        entries.append(described)
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
    name = entries[0].name if len(entries) == 1 else "NAME"
    folder = ["-d", path_argument(str(request.output_dir))] if request.output_dir else []
    login = ["sfkeytool", "login", name, *folder, "--client-id", "CONSUMER_KEY", "--username", "USER"]
    first_steps = [NextStep("Prove the login:", shell_line(login))]
    if any(entry.certificate for entry in entries):
        first_steps.insert(0, place_step(name, Purpose.JWT, request.output_dir))
    steps = [
        "Give each .key to the client that logs in with it, and to nobody else. The Salesforce CLI takes it"
        " as it is, unless it is encrypted.",
        *([_UPLOAD] if any(entry.certificate for entry in entries) else []),
        f"Prove the login: `{shell_line(login)}`",
    ]
    if contents.store is not None:
        steps.append(f"Delete {label} when the keys are where they belong: the JKS format protects them weakly.")
        first_steps.append(
            deletion_step(
                "Delete the keystore once the key is where it belongs:", PurePath(label).parent, [PurePath(label).name]
            )
        )
    return Outcome(
        result=Unwrapped(
            path=label, type=str(contents.store.type if contents.store else contents.kind), entries=tuple(entries)
        ),
        artifacts=tuple(artifacts),
        notices=tuple(notices),
        next_steps=tuple(steps),
        first_steps=tuple(first_steps),
    )


_UPLOAD = (
    "Upload the .crt to the connected app or External Client App: it is the very certificate that the keystore holds."
)


def _certificate_artifacts(name: str, chain: "Sequence[Certificate]") -> list[Artifact]:
    """NAME.crt and NAME-chain.crt, leaf first."""
    blocks = [certificates.encode_pem(certificate) for certificate in chain]
    return [
        Artifact.of(name, ArtifactKind.CERTIFICATE, blocks[0], folder=name),
        Artifact.of(name, ArtifactKind.CHAIN, b"".join(blocks), folder=name),
    ]


def _with_certificate(entry: UnwrappedEntry, meant: Meant, chain: chains.Chain, now: datetime) -> UnwrappedEntry:
    """The same with what is told of its certificate; raises PrivateKeyError if the two do not fit."""
    leaf = meant.leaf
    if isinstance(meant.key.key, rsa.RSAPrivateKey):
        keys.prove_pair(meant.key.key, leaf.der)
    return replace(
        entry,
        certificate=certificates.describe_certificate(leaf.certificate),
        chain_length=len(chain.certificates),
        chain_complete=chain.complete,
        pair_proved=isinstance(meant.key.key, rsa.RSAPrivateKey),
        mail_dates=mail_dates(leaf.certificate.not_valid_after_utc, now),
    )


def _damage(leaf: FoundCertificate, written: str) -> Iterator[Notice]:
    """What no maker would take. The key beside it is good, so it is written all the same."""
    why = refusal_of(leaf.certificate)
    if chains.check_self_signature(leaf.certificate) is Signature.BAD:
        why = "it says that it signed itself, and its signature does not verify"
    if isinstance(why, str):
        yield Notice("unwrap.damaged-certificate", f"{written} is damaged: {why}. Do not upload it; the key is good")


def _clean_copy(name: str, label: str) -> Notice:
    return Notice(
        "unwrap.clean-key",
        f"the key of {label} is written as clean PKCS#8, {name}.key: give that to the Salesforce CLI (--jwt-key-file)"
        f" in its place. For a CI variable, keep what base64 {name}.key prints, and write it to a file there with"
        " base64 -d",
    )


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
