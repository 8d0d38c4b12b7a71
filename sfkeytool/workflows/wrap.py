"""``wrap``: from what a CA sent back to the keystore that Salesforce imports and the certificate for the app."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundKey
from sfkeytool.keystores.heap import Heap, gather
from sfkeytool.keystores.leaves import describe_leaf
from sfkeytool.keystores.selection import Meant, select_key, select_pair, settle_key
from sfkeytool.model import (
    Artifact,
    ArtifactKind,
    KeystoreFormat,
    Notice,
    Outcome,
    PlannedFile,
    Purpose,
    Request,
    Result,
    UniqueNameText,
)
from sfkeytool.passwords import Secret, Source
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import key_artifact
from sfkeytool.workflows.next_steps import first_steps_for_keystore, steps_for_keystore
from sfkeytool.workflows.parts import KeyFacts, KeystoreFacts, MailDates, Proof, describe_key
from sfkeytool.workflows.receipts import receipt_record

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


class WrapRequest(Request, frozen=True, kw_only=True):
    name: str
    files: tuple[Path, ...] = ()
    purpose: Purpose
    password: Source
    format: KeystoreFormat = KeystoreFormat.JKS
    alias: str | None = None
    key_password: Source | None = None
    input_passwords: tuple[Source, ...] = ()
    output_dir: Path | None = None
    force: bool = False


class Wrapped(Result, frozen=True, kw_only=True):
    """A keystore of a key and the chain that a CA sent. ``left_out`` are certificates that are not part of it."""

    name: UniqueNameText
    purpose: Purpose
    key: KeyFacts
    certificate: CertificateFacts
    chain: Annotated[tuple[CertificateFacts, ...], Meta(min_length=1, description="Leaf first")]
    chain_complete: bool
    left_out: tuple[str, ...]
    keystore: KeystoreFacts
    proof: Proof
    mail_dates: MailDates


class WrapInputs(Struct, frozen=True):
    """``existing_key`` is NAME.key of the folder, which wins over every key in the files."""

    files: Sequence[InputFile]
    password: Secret
    existing_key: InputFile | None = None
    input_passwords: Sequence[Secret] = ()
    key_password: Secret | None = None
    with_key: bool = True
    """Whether the folder gets NAME.key, unless it has one."""


def planned(request: WrapRequest, *, has_key: bool) -> tuple[PlannedFile, ...]:
    """The files of the run. ``has_key``: whether the folder has NAME.key already."""
    return (
        *(() if has_key else PlannedFile.of(request.name, ArtifactKind.PRIVATE_KEY)),
        *package.keystore_files(request.name, request.password, request.format),
        *PlannedFile.of(request.name, ArtifactKind.CHAIN, ArtifactKind.RECEIPT),
    )


def wrap(request: WrapRequest, inputs: WrapInputs, now: datetime) -> Outcome[Wrapped]:
    """Keystore, certificate, chain, receipt and, where the folder has none, key.

    Raises our errors when there is no key, none fits, several pairs could be meant, or the key is none that
    Certificate and Key Management takes. Pure but for the salt of the keystore.
    """
    _check_passwords(request, inputs)
    heap = gather((parse_contents(file, inputs.input_passwords) for file in inputs.files), "--input-password")
    if inputs.existing_key is not None:
        existing = select_key(gather([parse_contents(inputs.existing_key, inputs.input_passwords)])).key
        heap = settle_key(heap, existing, request.alias)
    return wrap_pair(request, select_pair(heap, request.alias), heap, inputs, now)


def wrap_pair(request: WrapRequest, chosen: Meant, heap: Heap, inputs: WrapInputs, now: datetime) -> Outcome[Wrapped]:
    """wrap() of a pair that was chosen already; of ``inputs`` only passwords and what becomes of the key still count.

    Raises CertificateError and PrivateKeyError where ``chosen`` is no pair, or none that Salesforce takes.
    """
    password_notices = _check_passwords(request, inputs)
    leaf = chosen.leaf.certificate
    key = keys.require_supported(chosen.key.key, chosen.key.origin)
    replaced = {found.der for found in (*chosen.placeholders, *chosen.outranked)}
    pool = [found.certificate for found in heap.certificates if found.der not in replaced]
    chain = chains.build_chain(leaf, pool)
    ca_signed = not chains.is_self_signed(leaf)

    keystore = package.make_keystore(
        request.name, key, chain.certificates, inputs.password, request.password, now, request.format
    )
    chain_pem = b"".join(certificates.encode_pem(certificate) for certificate in chain.certificates)
    artifacts = [*keystore.artifacts, Artifact.of(request.name, ArtifactKind.CHAIN, chain_pem)]
    key_notices: tuple[Notice, ...] = ()
    if inputs.existing_key is None and inputs.with_key:
        artifact, key_notices = _written_key(request.name, chosen.key, inputs.key_password)
        artifacts.insert(0, artifact)
    elif inputs.key_password is not None:
        key_notices = (Notice("key.password-unused", "--key-password was not used: no key file is written"),)

    result = Wrapped(
        name=request.name,
        purpose=request.purpose,
        key=describe_key(key, source="existing" if inputs.existing_key else chosen.key.origin),
        certificate=certificates.describe_certificate(leaf),
        chain=tuple(map(certificates.describe_certificate, chain.certificates)),
        chain_complete=chain.complete,
        left_out=(
            *map(_title, chain.strangers),
            *(_title(found.certificate) for found in (*chosen.placeholders, *chosen.outranked)),
        ),
        keystore=keystore.facts,
        proof=keystore.proof,
        mail_dates=mail_dates(leaf.not_valid_after_utc, now),
    )
    return Outcome(
        result=result,
        artifacts=tuple(artifacts),
        record=receipt_record("wrap", now, artifacts, result),
        notices=(
            *_left_out_notices(chosen, chain.strangers, heap),
            *package.check_acceptance(
                artifacts, inputs.password, request.purpose, now, given=True, format=request.format
            ),
            *key_notices,
            *password_notices,
        ),
        next_steps=steps_for_keystore(
            request.name,
            request.purpose,
            leaf,
            request.password,
            now,
            ca_signed=ca_signed,
            format=request.format,
        ),
        first_steps=first_steps_for_keystore(
            request.name,
            request.purpose,
            request.password,
            request.output_dir or PurePath(request.name),
            request.format,
        ),
    )


def _written_key(name: str, key: FoundKey, key_password: Secret | None) -> tuple[Artifact, tuple[Notice, ...]]:
    """NAME.key: under the asked-for password, else under the one that the key file came with, else in clear."""
    if key_password is None and key.file_password is None:
        notices: tuple[Notice, ...] = ()
        if key.in_keystore:
            message = (
                f"{name}.key is written unencrypted (the Salesforce CLI takes no other);"
                " --key-password SOURCE encrypts it"
            )
            notices = (Notice("key.in-clear", message),)
        return key_artifact(name, key.key, None), notices
    return key_artifact(name, key.key, key_password or key.file_password), ()


def _check_passwords(request: WrapRequest, inputs: WrapInputs) -> tuple[Notice, ...]:
    if inputs.key_password is not None:
        package.require_length(inputs.key_password, f"{request.name}.key")
    return package.check_new_password(inputs.password, request.name, request.format)


def _left_out_notices(chosen: Meant, strangers: Sequence["Certificate"], heap: Heap) -> tuple[Notice, ...]:
    notices = [
        Notice(
            "wrap.placeholder-left-out",
            f"left out the self-signed certificate in {found.origin}: the CA's answer for the same key replaces it",
        )
        for found in chosen.placeholders
    ]
    if chosen.outranked:
        titles = "; ".join(map(describe_leaf, chosen.outranked))
        message = f"left out another certificate of the same key, as one was given by itself: {titles}"
        notices.append(Notice("wrap.certificate-left-out", message))
    if strangers:
        titles = "; ".join(_title(certificate) for certificate in strangers[:5])
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        notices.append(Notice("wrap.strangers-left-out", f"left out, not part of the chain: {titles}{more}"))
    if chosen.others:
        others = "; ".join(entry.origin + (" (not opened)" if entry.key is None else "") for entry in chosen.others)
        notices.append(Notice("wrap.keys-left-out", f"left out, other private keys: {others}"))
    notices += [
        Notice("wrap.unreadable-left-out", f"left out, it cannot be read: {found.error.message}")
        for found in heap.unreadable
    ]
    if heap.ignored:
        notices.append(Notice("wrap.ignored", f"not used: {'; '.join(heap.ignored)}"))
    return tuple(notices)


def _title(certificate: "Certificate") -> str:
    facts = certificates.describe_certificate(certificate)
    return f"{facts.subject or '(no subject)'} ({facts.sha256[:23]}…)"
