"""``ckm chain``: from a CA's answer to the file that Setup's Upload Signed Certificate takes, for a key born in CKM."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from sfkeytool.crypto import certificates, chains, csr, keys
from sfkeytool.errors import CertificateError, InputError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundCsr
from sfkeytool.keystores.leaves import leaves, leaves_of_key, several_certificates
from sfkeytool.model import Artifact, ArtifactKind, Notice, Outcome, Profile, Purpose
from sfkeytool.passwords import Secret
from sfkeytool.workflows import package
from sfkeytool.workflows.mails import describe_mails
from sfkeytool.workflows.next_steps import steps_for_chain
from sfkeytool.workflows.receipts import receipt_record
from sfkeytool.workflows.requests import CkmChainRequest

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.crypto.csr import CertificateRequest


class CkmChainInputs(Struct, frozen=True):
    """The CA's answer, and the request that CKM gave out, if it is at hand."""

    files: Sequence[InputFile]
    csr: InputFile | None = None
    input_passwords: Sequence[Secret] = ()


def ckm_chain(request: CkmChainRequest, inputs: CkmChainInputs, now: datetime) -> Outcome[Any]:
    """NAME-chain.crt (leaf, intermediates, root), NAME.crt and the receipt.

    Raises CertificateError when the leaf is missing, belongs to another key than the request, or something in the chain
    has expired: Setup would take such a file badly, or not at all. Pure.
    """
    contents = [parse_contents(file, inputs.input_passwords, load_keys=False) for file in inputs.files]
    found = tuple({one.der: one for content in contents for one in content.certificates}.values())
    asked = parse_request(inputs.csr) if inputs.csr else None
    unreadable = [one for content in contents for one in content.unreadable]
    if unreadable and (not found or (asked is None and not _have_leaf(found))):
        raise unreadable[0].error
    leaf = _leaf(found, asked)
    chain = chains.build_chain(leaf.certificate, [one.certificate for one in found])
    refuse_expired(chain.certificates, now)
    chain_pem = b"".join(map(certificates.encode_pem, chain.certificates))
    artifacts = [
        Artifact(f"{request.name}-chain.crt", ArtifactKind.CHAIN, chain_pem),
        Artifact(f"{request.name}.crt", ArtifactKind.CERTIFICATE, certificates.encode_pem(leaf.certificate)),
    ]
    facts: dict[str, Any] = {
        "name": request.name,
        "purpose": str(request.purpose),
        "certificate": to_builtins(certificates.describe_certificate(leaf.certificate)),
        "chain": [to_builtins(certificates.describe_certificate(one)) for one in chain.certificates],
        "chainComplete": chain.complete,
        "requestProved": asked is not None,
        "mailDates": describe_mails(leaf.certificate, now),
    }
    return Outcome(
        result=facts,
        artifacts=tuple(artifacts),
        record=receipt_record("ckm chain", now, artifacts, facts),
        notices=(
            *_judged(artifacts, request.purpose, now),
            *(differences(leaf.certificate, asked.csr) if asked else (_UNPROVED,)),
            *(
                Notice("ckm.unreadable-left-out", f"left out, it cannot be read: {one.error.message}")
                for one in unreadable
            ),
            *_left_out(chain.strangers, contents),
        ),
        next_steps=steps_for_chain(request.name, request.purpose, leaf.certificate, now),
    )


_UNPROVED = Notice(
    "ckm.csr-not-given",
    "whether the certificate belongs to the key in CKM was not tried: --csr FILE proves it, with the request that"
    " Setup gave out",
)


def parse_request(file: InputFile) -> FoundCsr:
    """The one certificate request in a file. Raises InputError or CertificateError."""
    requests = parse_contents(file, (), load_keys=False).requests
    if len(requests) != 1:
        raise InputError(
            "csr.none" if not requests else "csr.ambiguous",
            f"{file.label} holds {len(requests) or 'no'} certificate requests; one is wanted",
            "download it in Setup: Certificate and Key Management > the certificate > Download Certificate Signing"
            " Request",
        )
    return requests[0]


def refuse_expired(chain: "Sequence[Certificate]", now: datetime) -> None:
    """Raises CertificateError for a certificate that has expired."""
    for number, certificate in enumerate(chain):
        if certificate.not_valid_after_utc <= now:
            what = "the certificate" if number == 0 else f"certificate {number + 1} of the chain"
            facts = certificates.describe_certificate(certificate)
            raise CertificateError(
                "ckm.expired",
                f"{what} ({facts.subject}) expired on {certificate.not_valid_after_utc.date()}",
                "ask the CA for its present chain" if number else "ask the CA for a new certificate",
            )


def differences(certificate: "Certificate", request: "CertificateRequest") -> tuple[Notice, ...]:
    """What the CA changed against the request, besides the key. Pure."""
    got, asked = certificates.describe_certificate(certificate), csr.describe_csr(request)
    notices = []
    if got.subject != asked.subject:
        message = f"the CA changed the subject: asked for {asked.subject or '(none)'}, got {got.subject or '(none)'}"
        notices.append(Notice("ckm.subject-differs", message))
    if missing := [name for name in asked.san if name not in got.san]:
        notices.append(Notice("ckm.san-differs", f"asked for, but not in the certificate: {', '.join(missing)}"))
    return tuple(notices)


def _have_leaf(found: Sequence[FoundCertificate]) -> bool:
    return any(not certificates.describe_certificate(one.certificate).is_ca for one in found)


def _leaf(found: Sequence[FoundCertificate], asked: FoundCsr | None) -> FoundCertificate:
    if not found:
        raise CertificateError("certificate.none", "there is no certificate in these files")
    if asked is not None:
        wanted = keys.spki_der(asked.csr.public_key())
        candidates: Sequence[FoundCertificate] = leaves_of_key(wanted, found)
        if not candidates:
            keys_found = "; ".join(
                f"{one.origin}: key {certificates.fingerprint(certificates.spki_der(one.certificate))[:23]}…"
                for one in leaves(found)[:5]
            )
            raise CertificateError(
                "ckm.other-key",
                f"no certificate here belongs to {asked.origin} (key {certificates.fingerprint(wanted)[:23]}…);"
                f" found {keys_found}",
                "the CA signed another request, or its answer lacks the certificate itself",
            )
    else:
        candidates = [one for one in leaves(found) if not certificates.describe_certificate(one.certificate).is_ca]
        if not candidates:
            raise CertificateError(
                "ckm.no-leaf",
                "there are only certificates of CAs in these files: the one for your request is missing",
                "it comes with the CA's answer, often as a file of its own",
            )
    if len(candidates) > 1:
        raise several_certificates(
            candidates, hint="--csr FILE tells which one, or name fewer files" if asked is None else "name fewer files"
        )
    return candidates[0]


def _judged(artifacts: Sequence[Artifact], purpose: Purpose, now: datetime) -> list[Notice]:
    """What the rules of acceptance say. Raises CertificateError for what Salesforce would refuse."""
    profiles = {ArtifactKind.CHAIN: Profile.SIGNED_UPLOAD}
    if purpose is Purpose.JWT:
        profiles[ArtifactKind.CERTIFICATE] = Profile.APP_CERT
    return [
        notice
        for artifact in artifacts
        if artifact.kind in profiles
        for notice in package.judge_file(
            InputFile(artifact.filename, artifact.content), profiles[artifact.kind], purpose, now
        )
    ]


def _left_out(strangers: "Sequence[Certificate]", contents: Sequence[Contents]) -> list[Notice]:
    notices = []
    if strangers:
        titles = "; ".join(certificates.describe_certificate(one).subject for one in strangers[:5])
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        notices.append(Notice("ckm.strangers-left-out", f"left out, not part of the chain: {titles}{more}"))
    others = [key.origin for content in contents for key in content.keys]
    others += [name for content in contents for name in content.locked]
    others += [key.origin for content in contents for key in content.unreadable_keys]
    if others:
        message = f"left out, private keys: {'; '.join(others)}; the key of this certificate is in Salesforce"
        notices.append(Notice("ckm.keys-left-out", message))
    return notices
