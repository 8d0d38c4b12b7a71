"""``wrap``: from what a CA sent back to the keystore that Salesforce imports and the certificate for the app."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sfkeytool.crypto import certificates, chains, keys
from sfkeytool.errors import CertificateError, KeystoreError, KeystorePasswordError, PrivateKeyError
from sfkeytool.keystores.contents import (
    Contents,
    FoundCertificate,
    FoundKey,
    InputFile,
    UnreadableCertificate,
    parse_contents,
)
from sfkeytool.model import Artifact, ArtifactKind, Notice, Outcome
from sfkeytool.passwords import Secret
from sfkeytool.workflows import package
from sfkeytool.workflows.keypair import describe_key, key_artifact
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.next_steps import steps_for_keystore
from sfkeytool.workflows.requests import WrapRequest

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate


@dataclass(frozen=True)
class WrapInputs:
    """``existing_key`` is NAME.key of the folder, which wins over every key in the files."""

    files: Sequence[InputFile]
    password: Secret
    existing_key: InputFile | None = None
    input_passwords: Sequence[Secret] = ()
    key_password: Secret | None = None
    with_key: bool = True
    """Whether the folder gets NAME.key, unless it has one."""


@dataclass(frozen=True)
class Candidate:
    """A private key and a certificate that is its public half."""

    key: FoundKey
    leaf: FoundCertificate


@dataclass(frozen=True)
class Heap:
    """All that the input files hold, duplicates dropped."""

    keys: tuple[FoundKey, ...]
    certificates: tuple[FoundCertificate, ...]
    locked: tuple[str, ...]
    ignored: tuple[str, ...] = field(default=())
    unreadable: tuple[UnreadableCertificate, ...] = ()


def wrap(request: WrapRequest, inputs: WrapInputs, now: datetime) -> Outcome:
    """Keystore, certificate, chain, receipt and, where the folder has none, key.

    Raises our errors when there is no key, none fits, several pairs could be meant, or the key is none that
    Certificate and Key Management takes. Pure but for the salt of the keystore.
    """
    _check_passwords(request, inputs)
    heap = _sort_out(parse_contents(file, inputs.input_passwords) for file in inputs.files)
    existing = parse_contents(inputs.existing_key, inputs.input_passwords).keys if inputs.existing_key else ()
    if existing:
        alias = request.alias
        if alias is not None and existing[0].spki_der not in {key.spki_der for key in _with_alias(heap, alias)}:
            raise PrivateKeyError(
                "key.another-exists",
                f"{existing[0].origin} is there already and holds another key than the entry {alias!r}",
                "take another NAME or --output-dir: a private key is never replaced",
            )
        heap = Heap(existing, heap.certificates, (), heap.ignored, heap.unreadable)
        request = request._replace(alias=None)
    return wrap_heap(request, heap, inputs, now)


def wrap_heap(request: WrapRequest, heap: Heap, inputs: WrapInputs, now: datetime) -> Outcome:
    """wrap() of what was parsed already; of ``inputs`` only passwords and what becomes of the key still count."""
    password_notices = _check_passwords(request, inputs)
    chosen, placeholders = choose_candidate(heap, request.alias)
    key = keys.require_supported(chosen.key.key, chosen.key.origin)
    leaf = chosen.leaf.certificate
    _refuse_unreadable_answer(heap, chosen)
    pool = [found.certificate for found in heap.certificates if found not in placeholders]
    chain = chains.build_chain(leaf, pool)
    ca_signed = not chains.is_self_signed(leaf)

    artifacts = package.keystore_artifacts(
        request.name, key, chain.certificates, inputs.password, request.password, now
    )
    chain_pem = b"".join(certificates.encode_pem(certificate) for certificate in chain.certificates)
    artifacts.append(Artifact(f"{request.name}-chain.crt", ArtifactKind.CHAIN, chain_pem))
    key_notices: tuple[Notice, ...] = ()
    if inputs.existing_key is None and inputs.with_key:
        artifact, key_notices = _written_key(request.name, chosen.key, inputs.key_password)
        artifacts.insert(0, artifact)
    elif inputs.key_password is not None:
        key_notices = (Notice("key.password-unused", "--key-password was not used: no key file is written"),)

    facts = {
        "name": request.name,
        "purpose": str(request.purpose),
        "key": describe_key(key, source="existing" if inputs.existing_key else chosen.key.origin),
        "certificate": certificates.describe_certificate(leaf).to_json(),
        "chain": [certificates.describe_certificate(certificate).to_json() for certificate in chain.certificates],
        "chainComplete": chain.complete,
        "leftOut": [_title(certificate) for certificate in chain.strangers]
        + [_title(found.certificate) for found in placeholders],
        "keystore": package.describe_keystore(request.name, len(chain.certificates)),
        "proof": package.prove_same(artifacts, inputs.password, now),
        "mailDates": describe_mails(leaf, now),
    }
    return Outcome(
        facts=facts,
        artifacts=tuple(artifacts),
        record=package.receipt_record("wrap", now, artifacts, **facts),
        notices=(
            *_left_out_notices(chosen, placeholders, chain.strangers, heap),
            *package.check_acceptance(artifacts, inputs.password, request.purpose, now, given=True),
            *key_notices,
            *password_notices,
        ),
        next_steps=steps_for_keystore(request.name, request.purpose, leaf, request.password, now, ca_signed=ca_signed),
    )


def choose_candidate(heap: Heap, alias: str | None) -> tuple[Candidate, tuple[FoundCertificate, ...]]:
    """The one key and leaf that are meant, and the self-signed placeholders that a CA's answer replaces.

    Never guesses: several pairs are an error that lists them, unless ``alias`` picks one.
    """
    found_keys = _with_alias(heap, alias) if alias is not None else heap.keys
    if not heap.certificates and heap.unreadable:
        raise heap.unreadable[0].error
    if not heap.certificates:
        raise CertificateError(
            "wrap.no-certificate", "there is no certificate in these files", "add the file that the CA sent back"
        )
    if not found_keys:
        if heap.locked:
            raise KeystorePasswordError(
                "keystore.entry-locked",
                f"no password given opens the private key of {', '.join(heap.locked)}",
                "its key password differs from the keystore's: give both, with --input-password twice",
            )
        raise PrivateKeyError(
            "wrap.no-key",
            "there is no private key in these files, and no NAME.key in the folder",
            "add the .key (or PFX, or keystore) that the CSR was made from",
        )
    candidates = [
        Candidate(key, leaf)
        for key in found_keys
        for leaf in heap.certificates
        if _fits(key, leaf) and (alias is None or key.alias is None or leaf.alias in (None, key.alias))
    ]
    if not candidates and heap.unreadable:
        raise heap.unreadable[0].error
    if not candidates:
        raise PrivateKeyError(
            "wrap.key-fits-none",
            "none of the certificates belongs to "
            + "; ".join(f"the key in {key.origin} ({_key_print(key)})" for key in found_keys),
            "the CA must sign the CSR that was made with this key: compare the key fingerprints that"
            " `sfkeytool show` prints",
        )
    issued = [candidate for candidate in candidates if not chains.is_self_signed(candidate.leaf.certificate)]
    answered = {candidate.key.spki_der for candidate in issued}
    placeholders = tuple(
        candidate.leaf for candidate in candidates if candidate not in issued and candidate.key.spki_der in answered
    )
    remaining = [candidate for candidate in candidates if candidate.leaf not in placeholders]
    if len(remaining) == 1:
        return remaining[0], placeholders
    listed = "; ".join(f"{_title(c.leaf.certificate)} from {c.leaf.origin}" for c in remaining)
    aliases = sorted({candidate.key.alias for candidate in remaining if candidate.key.alias})
    raise KeystoreError(
        "wrap.ambiguous",
        f"{len(remaining)} pairs of key and certificate could be meant: {listed}",
        f"choose with --alias ({', '.join(aliases)})"
        if len(aliases) > 1
        else "pass only the certificate that you want",
    )


def _sort_out(files: Iterable[Contents]) -> Heap:
    """One heap of all files. The same key twice counts once, and the encrypted copy wins: it says how to write it."""
    found_keys: dict[tuple[bytes, str | None], FoundKey] = {}
    found: dict[tuple[bytes, str | None], FoundCertificate] = {}
    locked: list[str] = []
    ignored: list[str] = []
    unreadable: list[UnreadableCertificate] = []
    for contents in files:
        for key in contents.keys:
            known = found_keys.get((key.spki_der, key.alias))
            if known is None or (key.file_password and not known.file_password):
                found_keys[key.spki_der, key.alias] = key
        for certificate in contents.certificates:
            found.setdefault((certificate.der, None), certificate)
        locked.extend(f"{contents.label}, entry {alias!r}" for alias in contents.locked)
        ignored.extend(contents.ignored)
        unreadable.extend(contents.unreadable)
        for request in contents.requests:
            ignored.append(f"{request.origin}: certificate request")
    return Heap(
        _merge_aliases(found_keys.values()), tuple(found.values()), tuple(locked), tuple(ignored), tuple(unreadable)
    )


def _refuse_unreadable_answer(heap: Heap, chosen: Candidate) -> None:
    """A self-signed placeholder must not pass for the answer that a CA sent and nobody can read."""
    outside_keystores = [found for found in heap.unreadable if found.alias is None]
    if outside_keystores and chains.is_self_signed(chosen.leaf.certificate):
        raise outside_keystores[0].error


def _merge_aliases(found: Iterable[FoundKey]) -> tuple[FoundKey, ...]:
    """The same key from a bare file and from a keystore entry is one key, not two candidates."""
    merged: dict[bytes, FoundKey] = {}
    for key in found:
        known = merged.get(key.spki_der)
        if known is None or (key.file_password and not known.file_password):
            merged[key.spki_der] = key
    return tuple(merged.values())


def _with_alias(heap: Heap, alias: str) -> tuple[FoundKey, ...]:
    """Keys under ``alias``; Java's keystores do not tell upper from lower case, so neither does this."""
    matching = tuple(key for key in heap.keys if key.alias is not None and key.alias.lower() == alias.lower())
    if not matching:
        known = sorted({key.alias for key in heap.keys if key.alias})
        raise KeystoreError(
            "keystore.no-such-alias",
            f"no private key has the alias {alias!r}; there is {', '.join(map(repr, known)) or 'none with an alias'}",
        )
    return matching


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
    return package.check_new_password(inputs.password, f"{request.name}.jks")


def _left_out_notices(
    chosen: Candidate,
    placeholders: Sequence[FoundCertificate],
    strangers: Sequence["Certificate"],
    heap: Heap,
) -> tuple[Notice, ...]:
    notices = [
        Notice(
            "wrap.placeholder-left-out",
            f"left out the self-signed certificate in {found.origin}: the CA's answer for the same key replaces it",
        )
        for found in placeholders
    ]
    if strangers:
        titles = "; ".join(_title(certificate) for certificate in strangers[:5])
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        notices.append(Notice("wrap.strangers-left-out", f"left out, not part of the chain: {titles}{more}"))
    others = [key.origin for key in heap.keys if key is not chosen.key]
    if others:
        notices.append(Notice("wrap.keys-left-out", f"left out, other private keys: {'; '.join(others)}"))
    notices += [
        Notice("wrap.unreadable-left-out", f"left out, it cannot be read: {found.error.message}")
        for found in heap.unreadable
    ]
    if heap.ignored:
        notices.append(Notice("wrap.ignored", f"not used: {'; '.join(heap.ignored)}"))
    return tuple(notices)


def _fits(key: FoundKey, certificate: FoundCertificate) -> bool:
    return certificates.spki_der(certificate.certificate) == key.spki_der


def _title(certificate: "Certificate") -> str:
    facts = certificates.describe_certificate(certificate)
    return f"{facts.subject or '(no subject)'} ({facts.sha256[:23]}…)"


def _key_print(key: FoundKey) -> str:
    return keys.public_key_sha256(key.key.public_key())[:23] + "…"
