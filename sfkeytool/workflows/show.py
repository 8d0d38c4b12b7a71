"""``show``: what is in a file."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from sfkeytool.acceptance.mails import mail_dates
from sfkeytool.crypto import certificates, chains, csr
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.crypto.csr import CsrFacts
from sfkeytool.crypto.sniff import FileKind
from sfkeytool.errors import EXIT_DONE, EXIT_FAILED, CertificateError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundKey
from sfkeytool.keystores.heap import gather, leaves_of_entry
from sfkeytool.keystores.saml_metadata import Role, SamlMetadata, Use
from sfkeytool.keystores.store import Keystore, StoreType
from sfkeytool.model import Fingerprint, Notice, Outcome, Request, Result, UnreadFile, UtcTime
from sfkeytool.passwords import Secret, Source
from sfkeytool.workflows.parts import MailDates, describe_key, outdated_notices


class ShowRequest(Request, frozen=True, kw_only=True):
    files: tuple[Path, ...]
    passwords: tuple[Source, ...] = ()


class Integrity(StrEnum):
    """Whether a password has shown that a keystore is as it was made."""

    VERIFIED = "verified"
    NOT_CHECKED = "not-checked"


class EntryKind(StrEnum):
    PRIVATE_KEY = "private-key"
    CERTIFICATE = "certificate"


class ShownEntry(Result, frozen=True, kw_only=True):
    """An entry of a keystore. Only a private key's chain has a length and an order."""

    alias: str | None
    kind: EntryKind
    created_at: UtcTime | None
    chain: tuple[Fingerprint, ...]
    chain_length: int | UnsetType = UNSET
    chain_in_order: bool | UnsetType = UNSET


class ShownKeystore(Result, frozen=True, kw_only=True):
    """Of a JKS also its version, and how many bytes follow after its end."""

    type: StoreType
    integrity: Integrity
    entries: tuple[ShownEntry, ...]
    version: int | UnsetType = UNSET
    trailing_bytes: int | UnsetType = UNSET


class ShownKey(Result, frozen=True, kw_only=True):
    """The public half of a private key, and which certificates of the same file are its own."""

    origin: str
    alias: str | None
    encrypted: bool
    algorithm: str
    bits: int | None
    public_key_sha256: Fingerprint
    certificates: tuple[Fingerprint, ...]


class ShownCertificate(CertificateFacts, frozen=True, kw_only=True):
    """A certificate of a file. ``days_left`` is below 0 for one that has expired."""

    origin: str
    alias: str | None
    days_left: int
    mail_dates: MailDates


class ShownCsr(CsrFacts, frozen=True, kw_only=True):
    """A certificate request of a file, and what a public CA will want proved."""

    origin: str
    ca_asks: tuple[str, ...]


class UnreadCertificate(Result, frozen=True, kw_only=True):
    """A certificate that nobody can read, and why."""

    origin: str
    alias: str | None
    reason: str


class ShownPublishedKey(Result, frozen=True, kw_only=True):
    """A key of a role in SAML metadata. ``unreadable`` says what is wrong with damaged certificates."""

    role: Role
    use: Use
    certificates: tuple[Fingerprint, ...]
    unreadable: tuple[str, ...]
    name: str | None


class ShownEntity(Result, frozen=True, kw_only=True):
    """An entity of SAML metadata. ``valid_until`` and ``cache_duration`` are what the document says of itself."""

    entity_id: str
    roles: tuple[Role, ...]
    valid_until: UtcTime | None
    cache_duration: str | None
    keys: tuple[ShownPublishedKey, ...]


class ShownSaml(Result, frozen=True, kw_only=True):
    """SAML metadata. ``signed``: the document has a signature, which was not verified."""

    signed: bool
    entities: tuple[ShownEntity, ...]


class ShownFile(Result, frozen=True, kw_only=True):
    """What is in a file."""

    path: str
    type: FileKind
    keystore: ShownKeystore | UnsetType = UNSET
    saml: ShownSaml | UnsetType = UNSET
    keys: tuple[ShownKey, ...]
    locked_keys: tuple[str, ...]
    certificates: tuple[ShownCertificate, ...]
    requests: tuple[ShownCsr, ...]
    unreadable_certificates: tuple[UnreadCertificate, ...]
    ignored: tuple[str, ...]

    @property
    def holds_something(self) -> bool:
        """Whether a file that was met in a folder is worth showing."""
        parts = (self.keys, self.locked_keys, self.certificates, self.requests, self.ignored)
        return self.keystore is not UNSET or self.saml is not UNSET or any(parts)


class Shown(Result, frozen=True, kw_only=True):
    """What is in some files."""

    files: Annotated[tuple[ShownFile, ...], Meta(min_length=1)]
    unreadable: tuple[UnreadFile, ...]


def conclude(files: Sequence[ShownFile], unreadable: Sequence[UnreadFile]) -> Outcome[Shown]:
    """The result of a run that has shown something. Pure."""
    result = Shown(files=tuple(files), unreadable=tuple(unreadable))
    return Outcome(result=result, exit_code=EXIT_FAILED if unreadable else EXIT_DONE)


def show_file(file: InputFile, passwords: Sequence[Secret], now: datetime) -> ShownFile:
    """What is in one file, never a secret. Pure. Raises what parse_contents raises.

    A JKS shows its structure and certificates without a password, its integrity not checked.
    """
    contents = parse_contents(file, passwords, structure_suffices=True)
    by_key: defaultdict[bytes, list[str]] = defaultdict(list)
    for one in contents.certificates:
        by_key[certificates.spki_der(one.certificate)].append(certificates.fingerprint(one.der))
    return ShownFile(
        path=file.label,
        type=contents.kind,
        keystore=UNSET if contents.store is None else _describe_store(contents.store, contents),
        saml=UNSET if contents.saml is None else _describe_saml(contents.saml),
        keys=tuple(_describe_key(found, by_key[found.spki_der]) for found in contents.keys),
        locked_keys=contents.locked,
        certificates=tuple(
            _describe_certificate(found, now, in_ckm=contents.saml is None) for found in contents.certificates
        ),
        requests=tuple(_describe_csr(found.origin, csr.describe_csr(found.csr)) for found in contents.requests),
        unreadable_certificates=tuple(
            UnreadCertificate(origin=found.origin, alias=found.alias, reason=found.error.message)
            for found in contents.unreadable
        ),
        ignored=(*contents.ignored, *(found.error.message for found in contents.unreadable_keys)),
    )


def outdated(file: ShownFile, now: datetime) -> tuple[Notice, ...]:
    """For SAML metadata that says itself that it is no longer valid. Pure."""
    entities = () if file.saml is UNSET else file.saml.entities
    return tuple(notice for one in entities for notice in outdated_notices(file.path, one.valid_until, now))


def _describe_key(found: FoundKey, fitting: Sequence[str]) -> ShownKey:
    """``fitting`` are the fingerprints of its certificates."""
    key = describe_key(found.loaded)
    return ShownKey(
        origin=found.origin,
        alias=found.alias,
        encrypted=found.file_password is not None,
        algorithm=key.algorithm,
        bits=key.bits,
        public_key_sha256=key.public_key_sha256,
        certificates=tuple(fitting),
    )


def _describe_saml(saml: SamlMetadata) -> ShownSaml:
    return ShownSaml(
        signed=saml.is_signed,
        entities=tuple(
            ShownEntity(
                entity_id=entity.id,
                roles=entity.roles,
                valid_until=entity.valid_until,
                cache_duration=entity.cache_duration or None,
                keys=tuple(
                    ShownPublishedKey(
                        role=key.role,
                        use=key.use,
                        certificates=tuple(certificates.fingerprint(found.der) for found in key.certificates),
                        unreadable=tuple(one.error.message for one in key.unreadable),
                        name=key.name or None,
                    )
                    for key in entity.keys
                ),
            )
            for entity in saml.entities
        ),
    )


def _describe_certificate(found: FoundCertificate, now: datetime, *, in_ckm: bool) -> ShownCertificate:
    """``in_ckm``: such a certificate may be in Certificate and Key Management, which mails about it."""
    facts = certificates.describe_certificate(found.certificate)
    return ShownCertificate(
        **asdict(facts),
        origin=found.origin,
        alias=found.alias,
        days_left=(facts.not_after.date() - now.date()).days,
        mail_dates=mail_dates(facts.not_after, now) if in_ckm else (),
    )


def _describe_csr(origin: str, facts: CsrFacts) -> ShownCsr:
    return ShownCsr(**asdict(facts), origin=origin, ca_asks=tuple(_ca_asks(facts)))


def _ca_asks(request: CsrFacts) -> list[str]:
    """What a public CA will want proved; a company's own CA asks what it likes. Pure."""
    asks = []
    names = [name.removeprefix("DNS:") for name in request.san if name.startswith("DNS:")]
    if names:
        asks.append(f"that you control {', '.join(names)} (by DNS, mail or a file on the web server)")
    elif "." in request.subject:
        asks.append("for which DNS names the certificate shall be, if any: the request names none")
    if "O=" in request.subject:
        asks.append("that the organization in the subject exists and that you act for it")
    return asks


def _describe_store(store: Keystore, contents: Contents) -> ShownKeystore:
    keys = [
        ShownEntry(
            alias=entry.alias,
            kind=EntryKind.PRIVATE_KEY,
            created_at=_whole_seconds(entry.created_at),
            chain=tuple(certificates.fingerprint(der) for der in chain),
            chain_length=len(chain),
            chain_in_order=_in_order(chain, contents.label),
        )
        for entry, chain in zip(store.keys, _chains(store, contents), strict=True)
    ]
    trusted = [
        ShownEntry(
            alias=entry.alias,
            kind=EntryKind.CERTIFICATE,
            created_at=_whole_seconds(entry.created_at),
            chain=(certificates.fingerprint(entry.certificate_der),),
        )
        for entry in store.certificates
    ]
    return ShownKeystore(
        type=store.type,
        integrity=Integrity.NOT_CHECKED if store.password is None else Integrity.VERIFIED,
        entries=(*keys, *trusted),
        version=UNSET if store.jks is None else store.jks.version,
        trailing_bytes=UNSET if store.jks is None else store.jks.trailing_bytes,
    )


def _chains(store: Keystore, contents: Contents) -> list[Sequence[bytes]]:
    """The certificates of each key entry, DER: as the keystore orders them; of a PFX, which keeps them apart, the chain
    that ``wrap`` would build. Empty where no one certificate of the key can be told."""
    if store.type is not StoreType.PKCS12:
        return [entry.chain_der for entry in store.keys]
    heap = gather([contents])
    pool = [found.certificate for found in heap.certificates]
    built: list[Sequence[bytes]] = []
    for entry in heap.entries:
        leaves = leaves_of_entry(entry, heap)
        chain = chains.build_chain(leaves[0].certificate, pool).certificates if len(leaves) == 1 else ()
        built.append([certificates.encode_der(one) for one in chain])
    return built


def _in_order(chain_der: Sequence[bytes], label: str) -> bool:
    try:
        chain = [certificates.parse_certificate(der, label) for der in chain_der]
    except CertificateError:
        return False
    return all(chains.signed_by(below, above) for below, above in pairwise(chain))


def _whole_seconds(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(microsecond=0)
