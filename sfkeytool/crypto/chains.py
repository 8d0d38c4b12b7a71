"""From a heap of certificates to a chain, by signature and not only by name."""

import warnings
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from msgspec import Struct

from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.names import LIBRARY_ERRORS, describe_name


class Signature(Enum):
    """What came of verifying one. UNTESTED: its algorithm, or the key's, cannot be tried here (MD2, say)."""

    GOOD = "good"
    BAD = "bad"
    UNTESTED = "untested"


class Chain(Struct, frozen=True):
    """``certificates`` go from the leaf towards the root; ``strangers`` are those of the heap that are not in it.

    ``missing_issuer`` names the issuer that the last one wants and the heap lacks; None if the chain ends in a
    certificate that says that it signed itself: whether it did is another matter.
    """

    certificates: tuple[Certificate, ...]
    strangers: tuple[Certificate, ...]
    missing_issuer: str | None

    @property
    def complete(self) -> bool:
        return self.missing_issuer is None


class _Path(Struct, frozen=True):
    """A way up from the leaf, and when its certificates expire, the first to do so first.

    Of two ways the one is better whose expiries come later, compared one by one.
    """

    certificates: tuple[Certificate, ...]
    expiries: tuple[datetime, ...]

    def up_to(self, issuer: Certificate) -> "_Path":
        expiry = issuer.not_valid_after_utc
        place = bisect(self.expiries, expiry)
        return _Path((*self.certificates, issuer), (*self.expiries[:place], expiry, *self.expiries[place:]))


def build_chain(leaf: Certificate, pool: Sequence[Certificate]) -> Chain:
    """The chain of ``leaf`` from the certificates in ``pool`` (which may hold it too, and duplicates). Pure.

    Of several ways up (cross-signed CAs) it takes one that reaches a self-signed root, then the shortest, then the
    one that stays valid longest.
    """
    distinct = [certificate for certificate in dict.fromkeys(pool) if certificate != leaf]
    best = _best_path(leaf, _Issuers(distinct)).certificates
    used = set(best)
    strangers = tuple(certificate for certificate in distinct if certificate not in used)
    return Chain(best, strangers, None if _is_root(best[-1]) else describe_name(best[-1].issuer))


def issuers_among(pool: Sequence[Certificate]) -> set[Certificate]:
    """Those that signed another one of ``pool``. Pure."""
    issuers = _Issuers(list(dict.fromkeys(pool)))
    return {issuer for certificate in pool for issuer in issuers.of(certificate) if issuer != certificate}


def is_self_signed(certificate: Certificate) -> bool:
    """Whether a certificate names itself as issuer and carries its own key's signature. Pure. Never raises."""
    return check_self_signature(certificate) is Signature.GOOD


def check_self_signature(certificate: Certificate) -> Signature | None:
    """The signature of a certificate that says that it signed itself, by name and key identifier; None of others.

    Pure. Never raises. A CA's new key may be certified under the same name by the old one: it is told by its key
    identifier.
    """
    if _comparable(certificate.subject) != _comparable(certificate.issuer):
        return None
    signature = check_signature(certificate, certificate)
    if signature is Signature.GOOD:
        return signature
    by = _key_identifier(certificate, x509.AuthorityKeyIdentifier)
    own = _key_identifier(certificate, x509.SubjectKeyIdentifier)
    return None if by and by != own else signature


def signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether ``certificate`` names ``issuer`` (by name or key identifier) and carries its signature. Pure.

    Never raises: an algorithm that cannot be verified is no proof.
    """
    return bool(_Issuers([issuer]).of(certificate))


def denied_by(certificate: Certificate, pool: Sequence[Certificate]) -> Certificate | None:
    """One of ``pool`` that ``certificate`` names as issuer, by name and key identifier, and whose signature it does not
    carry. Pure."""
    authority = _key_identifier(certificate, x509.AuthorityKeyIdentifier)
    for other in pool:
        if (
            authority
            and authority == _key_identifier(other, x509.SubjectKeyIdentifier)
            and _comparable(certificate.issuer) == _comparable(other.subject)
            and check_signature(certificate, other) is Signature.BAD
        ):
            return other
    return None


def _best_path(leaf: Certificate, issuers: "_Issuers") -> _Path:
    """Breadth first, so every certificate is looked at once, and the first layer with a root has the shortest way."""
    layer = {leaf: _Path((leaf,), (leaf.not_valid_after_utc,))}
    seen = {leaf}
    dead_ends: list[_Path] = []
    while layer:
        if roots := [path for certificate, path in layer.items() if is_self_signed(certificate)]:
            return max(roots, key=lambda path: path.expiries)
        following: dict[Certificate, _Path] = {}
        for certificate, path in layer.items():
            further = [path.up_to(issuer) for issuer in issuers.of(certificate) if issuer not in seen]
            for longer in further:
                known = following.setdefault(longer.certificates[-1], longer)
                if longer.expiries > known.expiries:
                    following[longer.certificates[-1]] = longer
            if not further:
                dead_ends.append(path)
        seen.update(following)
        layer = following
    return max(dead_ends, key=lambda path: (_is_root(path.certificates[-1]), -len(path.certificates), path.expiries))


class _Issuers:
    """Certificates by what an issuer is named by, so that few signatures have to be tried in a heap of roots."""

    def __init__(self, pool: Sequence[Certificate]) -> None:
        self._by_name: defaultdict[object, list[Certificate]] = defaultdict(list)
        self._by_key: defaultdict[bytes, list[Certificate]] = defaultdict(list)
        for certificate in pool:
            self._by_name[_comparable(certificate.subject)].append(certificate)
            if identifier := _key_identifier(certificate, x509.SubjectKeyIdentifier):
                self._by_key[identifier].append(certificate)

    def of(self, certificate: Certificate) -> list[Certificate]:
        """Those that signed ``certificate``."""
        named = self._by_name.get(_comparable(certificate.issuer), [])
        identifier = _key_identifier(certificate, x509.AuthorityKeyIdentifier)
        keyed = self._by_key.get(identifier, []) if identifier else []
        return [
            candidate
            for candidate in dict.fromkeys([*named, *keyed])
            if check_signature(certificate, candidate) is Signature.GOOD
        ]


def check_signature(certificate: Certificate, issuer: Certificate) -> Signature:
    """Whether ``certificate`` carries the signature of the key of ``issuer``, over its bytes as they came.

    Names do not count. Pure. Never raises.
    """
    if not certificate.algorithms_agree:
        return Signature.BAD
    try:
        key = issuer.public_key()
        algorithm = certificate.signature_hash_algorithm
        parameters = certificate.signature_algorithm_parameters
    except LIBRARY_ERRORS:
        return Signature.UNTESTED
    return verify_signature(key, certificate.tbs_certificate_bytes, certificate.signature, algorithm, parameters)


def verify_signature(
    key: CertificatePublicKeyTypes,
    signed: bytes,
    signature: bytes,
    algorithm: hashes.HashAlgorithm | None,
    parameters: object,
) -> Signature:
    """``algorithm`` and ``parameters`` are what cryptography reads of an AlgorithmIdentifier. Pure. Never raises."""
    if parameters is None and isinstance(algorithm, hashes.MD5):  # the library knows no padding for MD5
        parameters = padding.PKCS1v15()
    try:
        match key:
            case rsa.RSAPublicKey() if isinstance(parameters, padding.PKCS1v15 | padding.PSS) and algorithm:
                key.verify(signature, signed, parameters, algorithm)
            case ec.EllipticCurvePublicKey() if isinstance(parameters, ec.ECDSA):
                key.verify(signature, signed, parameters)
            case dsa.DSAPublicKey() if parameters is None and algorithm:
                key.verify(signature, signed, algorithm)
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() if parameters is None and algorithm is None:
                key.verify(signature, signed)
            case _ if isinstance(key, _KNOWN_KEYS) and (algorithm or parameters):
                return Signature.BAD  # made by a key of another kind
            case _:
                return Signature.UNTESTED
    except UnsupportedAlgorithm:
        return Signature.UNTESTED
    except (InvalidSignature, *LIBRARY_ERRORS):
        return Signature.BAD
    return Signature.GOOD


_KNOWN_KEYS = (
    rsa.RSAPublicKey,
    ec.EllipticCurvePublicKey,
    dsa.DSAPublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)


def _is_root(certificate: Certificate) -> bool:
    """Whether no issuer need be looked for above a certificate."""
    return check_self_signature(certificate) is not None


def _comparable(name: x509.Name) -> tuple[tuple[str, str], ...]:
    """Names as people read them, since CAs re-encode strings. RFC 5280, 7.1: case and runs of blanks do not count."""
    return tuple((attribute.oid.dotted_string, " ".join(str(attribute.value).casefold().split())) for attribute in name)


def _key_identifier(
    certificate: Certificate, kind: type[x509.SubjectKeyIdentifier] | type[x509.AuthorityKeyIdentifier]
) -> bytes | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return certificate.extensions.get_extension_for_class(kind).value.key_identifier
    except (x509.ExtensionNotFound, *LIBRARY_ERRORS):
        return None
