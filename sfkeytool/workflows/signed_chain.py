"""A CA's answer to a request of CKM, put in order: the chain that Upload Signed Certificate takes."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sfkeytool.crypto import certificates, chains, csr, keys
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.errors import CertificateError, InputError
from sfkeytool.keystores.contents import Contents, InputFile, parse_contents
from sfkeytool.keystores.found import FoundCertificate, FoundCsr, UnreadableCertificate
from sfkeytool.keystores.leaves import leaves_of_key, possible_leaves, several_certificates
from sfkeytool.model import Artifact, ArtifactKind, Notice, Opaque, Profile, Purpose
from sfkeytool.passwords import Secret
from sfkeytool.workflows.package import judge_file

if TYPE_CHECKING:
    from sfkeytool.crypto.certificate import Certificate
    from sfkeytool.crypto.csr import CertificateRequest

ChainFacts = Annotated[tuple[CertificateFacts, ...], Meta(min_length=1, description="Leaf first")]


class SignedChain(Opaque, frozen=True):
    """Leaf, intermediates, root; ``is_complete`` if it ends in a root. ``pem`` has LF line ends. ``notices`` tell what
    was left out or differs."""

    certificates: "tuple[Certificate, ...]"
    pem: bytes
    is_complete: bool
    notices: tuple[Notice, ...]

    @property
    def leaf(self) -> "Certificate":
        return self.certificates[0]

    @property
    def facts(self) -> tuple[CertificateFacts, ...]:
        return tuple(map(certificates.describe_certificate, self.certificates))


def build_signed_chain(
    name: str,
    files: Sequence[InputFile],
    asked: FoundCsr | None,
    passwords: Sequence[Secret],
    purpose: Purpose,
    now: datetime,
) -> SignedChain:
    """The chain of the certificate in a CA's answer that belongs to the request ``asked``, where there is one.

    Raises CertificateError when the leaf is missing, belongs to another key than the request, or something in the chain
    has expired: Setup would take such a file badly, or not at all. And for what the rules of acceptance refuse. Pure.
    """
    contents = [parse_contents(file, passwords, load_keys=False) for file in files]
    found = tuple({one.der: one for content in contents for one in content.certificates}.values())
    unreadable = [one for content in contents for one in content.unreadable]
    leaf = _leaf(found, asked, unreadable).certificate
    chain = chains.build_chain(leaf, [one.certificate for one in found])
    _refuse_expired(chain.certificates, now)
    file = Artifact.of(name, ArtifactKind.CHAIN, b"".join(map(certificates.encode_pem, chain.certificates)))
    return SignedChain(
        chain.certificates,
        file.content,
        chain.complete,
        (
            *judge_file(InputFile(file.filename, file.content), Profile.SIGNED_UPLOAD, purpose, now),
            *(_differences(leaf, asked.csr) if asked else ()),
            *(
                Notice("ckm.unreadable-left-out", f"left out, it cannot be read: {one.error.message}")
                for one in unreadable
            ),
            *_left_out(chain.strangers, contents),
        ),
    )


def parse_request(file: InputFile) -> FoundCsr:
    """The one certificate request in a file. Raises InputError or CertificateError. Pure."""
    requests = parse_contents(file, (), load_keys=False).requests
    if len(requests) != 1:
        raise InputError(
            "csr.none" if not requests else "csr.ambiguous",
            f"{file.label} holds {len(requests) or 'no'} certificate requests; one is wanted",
            "download it in Setup: Certificate and Key Management > the certificate > Download Certificate Signing"
            " Request",
        )
    return requests[0]


def _leaf(
    found: Sequence[FoundCertificate], asked: FoundCsr | None, unreadable: Sequence[UnreadableCertificate]
) -> FoundCertificate:
    """The one that was asked for, else the only one that is no CA's."""
    ends = tuple(one for one in possible_leaves(found) if not certificates.describe_certificate(one.certificate).is_ca)
    candidates = ends if asked is None else leaves_of_key(keys.spki_der(asked.csr.public_key()), found)
    if not candidates:
        # Beside CAs alone, what cannot be read may be the one.
        raise unreadable[0].error if unreadable and not ends else _no_leaf(found, asked)
    if len(candidates) > 1:
        raise several_certificates(
            candidates, hint="--csr FILE tells which one, or name fewer files" if asked is None else "name fewer files"
        )
    return candidates[0]


def _no_leaf(found: Sequence[FoundCertificate], asked: FoundCsr | None) -> CertificateError:
    if not found:
        return CertificateError("certificate.none", "there is no certificate in these files")
    if asked is None:
        return CertificateError(
            "ckm.no-leaf",
            "there are only certificates of CAs in these files: the one for your request is missing",
            "it comes with the CA's answer, often as a file of its own",
        )
    keys_found = "; ".join(
        f"{one.origin}: key {certificates.fingerprint(certificates.spki_der(one.certificate))[:23]}…"
        for one in possible_leaves(found)[:5]
    )
    wanted = certificates.fingerprint(keys.spki_der(asked.csr.public_key()))
    return CertificateError(
        "ckm.other-key",
        f"no certificate here belongs to {asked.origin} (key {wanted[:23]}…); found {keys_found}",
        "the CA signed another request, or its answer lacks the certificate itself",
    )


def _refuse_expired(chain: "Sequence[Certificate]", now: datetime) -> None:
    for number, certificate in enumerate(chain):
        if certificate.not_valid_after_utc <= now:
            what = "the certificate" if number == 0 else f"certificate {number + 1} of the chain"
            facts = certificates.describe_certificate(certificate)
            raise CertificateError(
                "ckm.expired",
                f"{what} ({facts.subject}) expired on {facts.not_after.date()}",
                "ask the CA for its present chain" if number else "ask the CA for a new certificate",
            )


def _differences(certificate: "Certificate", request: "CertificateRequest") -> tuple[Notice, ...]:
    """What the CA changed against the request, besides the key."""
    got, asked = certificates.describe_certificate(certificate), csr.describe_csr(request)
    notices = []
    if got.subject != asked.subject:
        message = f"the CA changed the subject: asked for {asked.subject or '(none)'}, got {got.subject or '(none)'}"
        notices.append(Notice("ckm.subject-differs", message))
    if missing := [name for name in asked.san if name not in got.san]:
        notices.append(Notice("ckm.san-differs", f"asked for, but not in the certificate: {', '.join(missing)}"))
    return tuple(notices)


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
