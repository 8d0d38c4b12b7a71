"""``ckm list|csr|download|create|upload``: CKM of an org, read; and the source that changes it.

Whether an org takes this source as the Metadata API Developer Guide says was not tried: no live org was reached.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from sfkeytool.crypto import certificates, chains, issuing, keys, names
from sfkeytool.crypto import csr as requests_of
from sfkeytool.errors import CertificateError, OrgError, UsageError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundCsr
from sfkeytool.model import Artifact, ArtifactKind, Outcome, Purpose
from sfkeytool.passwords import Secret
from sfkeytool.salesforce import metadata as source
from sfkeytool.salesforce.ckm import CkmEntry
from sfkeytool.workflows.ckm_chain import CkmChainInputs, ckm_chain
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.metadata import DEFAULT_FOLDER, PACKAGE_FOLDER, project_artifacts, source_artifact
from sfkeytool.workflows.requests import CkmChainRequest, CkmCreateRequest, CkmUploadRequest
from sfkeytool.workflows.subjects import resolve_subject

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate

_CREATION_DAYS = 365
"""Of the throw-away certificate whose fields CKM copies; what CKM then issues by itself lasts as CKM decides."""

_BITS = (2048, 4096)
"""Metadata API Developer Guide, "Certificate", keySize."""


class Held(Struct, frozen=True):
    """What a record of CKM holds: the chain, leaf first, or the request that waits for one; neither if unreadable."""

    chain: tuple[FoundCertificate, ...] = ()
    request: FoundCsr | None = None

    @property
    def leaf(self) -> FoundCertificate | None:
        issuers = chains.issuers_among([found.certificate for found in self.chain])
        return next((found for found in self.chain if found.certificate not in issuers), next(iter(self.chain), None))


def held_by(entry: CkmEntry) -> Held:
    """The parsed content. Raises what parse_contents raises. Pure."""
    if not entry.content:
        return Held()
    contents = parse_contents(InputFile(f"CKM's {entry.name}", entry.content), (), load_keys=False)
    return Held(contents.certificates, contents.requests[0] if contents.requests else None)


def describe_entry(entry: CkmEntry) -> dict[str, Any]:
    """JSON-ready facts of a record; None where the org does not tell. Pure."""
    held = held_by(entry)
    leaf = held.leaf
    return {
        "name": entry.name,
        "label": entry.label or None,
        "notAfter": certificates.iso_utc(entry.expires) if entry.expires else None,
        "keyBits": entry.key_bits,
        "caSigned": entry.ca_signed,
        "waitsForCertificate": entry.unusable if entry.unusable is not None else held.request is not None,
        "exportable": entry.exportable,
        "certificate": to_builtins(certificates.describe_certificate(leaf.certificate)) if leaf else None,
        "chainLength": len(held.chain),
    }


def csr_from_org(name: str, entry: CkmEntry, org: str) -> Outcome[Any]:
    """NAME.csr. Raises OrgError where the record holds none any more. Pure."""
    held = held_by(entry)
    if held.request is None:
        raise OrgError(
            "ckm.no-request",
            f"{org}: the API gives no request for {name}: "
            + ("its signed certificate is there already" if held.chain else "its record shows nothing"),
            "Setup still has it: Certificate and Key Management > the certificate > Download Certificate Signing"
            " Request",
        )
    facts = to_builtins(requests_of.describe_csr(held.request.csr))
    return Outcome(
        result={"name": name, "org": org, "request": facts},
        artifacts=(Artifact(f"{name}.csr", ArtifactKind.CSR, requests_of.encode_pem(held.request.csr)),),
        next_steps=(
            f"Have {name}.csr signed by your CA.",
            f"Then: `sfkeytool ckm upload {name} ANSWER… --target-org {org}`, or `sfkeytool ckm chain {name} ANSWER…"
            f" --csr {name}.csr` for Upload Signed Certificate in Setup.",
        ),
    )


def download_from_org(name: str, entry: CkmEntry, org: str, now: datetime) -> Outcome[Any]:
    """NAME.crt, the leaf alone, and NAME-chain.crt where there is a chain. Raises OrgError. Pure."""
    held = held_by(entry)
    if held.leaf is None:
        hint = f"its request: sfkeytool ckm csr {name}" if held.request else "may your user see it?"
        what = "it waits for the signed certificate" if held.request else "its record holds nothing that can be read"
        raise OrgError("ckm.no-certificate", f"{org}: {name} has no certificate: {what}", hint)
    leaf = held.leaf.certificate
    artifacts = [Artifact(f"{name}.crt", ArtifactKind.CERTIFICATE, certificates.encode_pem(leaf))]
    chain = chains.build_chain(leaf, [found.certificate for found in held.chain]).certificates
    if len(chain) > 1:
        pem = b"".join(map(certificates.encode_pem, chain))
        artifacts.append(Artifact(f"{name}-chain.crt", ArtifactKind.CHAIN, pem))
    return Outcome(
        result={
            "name": name,
            "org": org,
            "certificate": to_builtins(certificates.describe_certificate(leaf)),
            "mailDates": describe_mails(leaf, now),
        },
        artifacts=tuple(artifacts),
        next_steps=(f"Upload {name}.crt to the app whose logins are signed with this key: Use digital signatures.",),
    )


def create_source(request: CkmCreateRequest, now: datetime, *, new_project: bool) -> Outcome[Any]:
    """Source of a new record that waits for a CA. Raises UsageError. Pure but for the throw-away key.

    The record type has no fields for the subject: the certificate in the source has it, and Salesforce copies it onto
    a key of its own (Metadata API Developer Guide, "Certificate"). The key made here signs that certificate, and goes.
    """
    if request.bits not in _BITS:
        raise UsageError(
            "usage.key-size", f"--key-size {request.bits}: by the Metadata API CKM makes 2048 or 4096 bits only"
        )
    subject = resolve_subject(request.name, request.subject)
    certificate = issuing.build_self_signed(
        keys.generate_key(request.bits), subject=subject, san=names.parse_san(request.san), purpose=Purpose.JWT,
        days=_CREATION_DAYS, now=now,
    )  # fmt: skip
    fields = [
        ("caSigned", True),
        ("keySize", request.bits),
        ("masterLabel", request.label or request.name),
        ("privateKeyExportable", request.exportable),
    ]
    return Outcome(
        result={"name": request.name, "subject": certificates.describe_certificate(certificate).subject},
        artifacts=_artifacts(request.name, certificates.encode_pem(certificate), fields, new_project=new_project),
        next_steps=(f"Once it is deployed, `sfkeytool ckm csr {request.name}` fetches the request for your CA.",),
    )


class Upload(Struct, frozen=True):
    """``leaf`` is what the org must show afterwards; ``name`` is the record's, spelt as CKM has it."""

    name: str
    outcome: Outcome[Any]
    leaf: "Certificate"


def upload_source(
    request: CkmUploadRequest,
    files: Sequence[InputFile],
    csr: InputFile | None,
    entry: CkmEntry | None,
    now: datetime,
    input_passwords: Sequence[Secret] = (),
    *,
    new_project: bool,
) -> Upload:
    """Source that brings the signed chain to its record.

    Refused, before anything is written or sent: a leaf of another key than the record's request, or than its present
    certificate once the request is not readable any more; a record that shows neither, without --csr; an expired
    certificate in the chain; a missing leaf. Order, DER and endings are mended. Raises CertificateError. Pure.
    """
    held = held_by(entry) if entry is not None else Held()
    if held.request is not None and csr is None:
        csr = InputFile(held.request.origin, requests_of.encode_pem(held.request.csr))
    if csr is None and held.leaf is None:
        raise CertificateError(
            "ckm.unproved",
            f"nothing tells whether this chain belongs to {request.name}: "
            + ("its record cannot be read" if entry is not None else "no org was named"),
            "--csr FILE proves it, with the request that Setup gave out",
            "or let the record be read: --target-org ALIAS",
        )
    outcome = ckm_chain(
        CkmChainRequest(request.name, request.files, Purpose.DOMAIN), CkmChainInputs(files, csr, input_passwords), now
    )
    chain = parse_contents(InputFile("the chain", outcome.artifacts[0].content), ()).certificates
    leaf = chain[0].certificate
    for what, known in (("the request of", held.request), ("the present certificate of", held.leaf)):
        spki = _spki(known)
        if spki is not None and spki != certificates.spki_der(leaf):
            raise CertificateError(
                "ckm.other-key",
                f"the certificate belongs to another key than {what} {request.name} in CKM",
                "the CA signed another request: fetch the record's own with sfkeytool ckm csr",
            )
    fields = [
        ("caSigned", True),
        ("keySize", certificates.describe_certificate(leaf).key_bits or 2048),
        ("masterLabel", request.label or (entry.label if entry else "") or request.name),
        ("privateKeyExportable", entry.exportable if entry is not None and entry.exportable is not None else True),
    ]
    facts = {key: outcome.result[key] for key in ("name", "certificate", "chain", "chainComplete", "mailDates")}
    # `ckm chain` says what to do in Setup; here the deployment does it.
    notices = tuple(notice for notice in outcome.notices if notice.code != "ckm.csr-not-given")
    name = entry.name if entry is not None else request.name
    artifacts = _artifacts(name, outcome.artifacts[0].content, fields, new_project=new_project)
    return Upload(name, Outcome(result=facts, artifacts=artifacts, notices=notices), leaf)


def _spki(known: FoundCsr | FoundCertificate | None) -> bytes | None:
    if known is None:
        return None
    if isinstance(known, FoundCsr):
        return keys.spki_der(known.csr.public_key())
    return certificates.spki_der(known.certificate)


def differs_after_create(entry: CkmEntry | None, subject: str) -> str:
    """What is not as it was asked for in the org; empty if all is. Pure."""
    if entry is None:
        return "CKM has no such certificate"
    request = held_by(entry).request
    if request is None:
        return "CKM gives out no request for it"
    found = requests_of.describe_csr(request.csr).subject
    return "" if found == subject else f"the request's subject is {found or '(none)'}, and not {subject}"


def differs_after_upload(entry: CkmEntry | None, leaf: "Certificate") -> str:
    """What is not as it was sent; empty if all is. Pure."""
    held = held_by(entry) if entry is not None else Held()
    if entry is None or held.leaf is None:
        return "CKM shows no certificate for it"
    wanted = certificates.describe_certificate(leaf)
    found = certificates.describe_certificate(held.leaf.certificate)
    if found.sha256 != wanted.sha256:
        return f"CKM holds another certificate ({found.sha256[:23]}…, until {found.not_after.date()})"
    if entry.expires is not None and abs((entry.expires.date() - leaf.not_valid_after_utc.date()).days) > 1:
        return f"CKM shows the expiry {entry.expires.date()}, and not {wanted.not_after.date()}"
    return ""


def _artifacts(
    name: str, content: bytes, fields: Sequence[tuple[str, Any]], *, new_project: bool
) -> tuple[Artifact, ...]:
    """``certs/NAME.crt`` with its description; for a new project also what makes it one."""
    folder = f"{PACKAGE_FOLDER}/{DEFAULT_FOLDER}/certs" if new_project else "certs"
    meta = source.encode_element("Certificate", fields)
    artifacts = [
        source_artifact(f"{name}.crt", content, folder),
        source_artifact(f"{name}.crt-meta.xml", meta, folder),
    ]
    if new_project:
        artifacts += project_artifacts([source.SourceFile("certs", f"{name}.crt", content, "Certificate", name)])
    return tuple(artifacts)
