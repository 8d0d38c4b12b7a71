"""From a heap of certificates to a chain, by signature and not only by name."""

import warnings
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from sfkeytool.crypto.names import LIBRARY_ERRORS, describe_name


@dataclass(frozen=True)
class Chain:
    """``certificates`` go from the leaf towards the root; ``strangers`` are those of the heap that are not in it.

    ``missing_issuer`` names the issuer that the last one wants and the heap lacks; None if the chain ends in a
    self-signed certificate.
    """

    certificates: tuple[x509.Certificate, ...]
    strangers: tuple[x509.Certificate, ...]
    missing_issuer: str | None

    @property
    def complete(self) -> bool:
        return self.missing_issuer is None


@dataclass(frozen=True)
class _Path:
    """A way up from the leaf, and when its certificates expire, the first to do so first.

    Of two ways the one is better whose expiries come later, compared one by one.
    """

    certificates: tuple[x509.Certificate, ...]
    expiries: tuple[datetime, ...]

    def up_to(self, issuer: x509.Certificate) -> "_Path":
        expiry = issuer.not_valid_after_utc
        place = bisect(self.expiries, expiry)
        return _Path((*self.certificates, issuer), (*self.expiries[:place], expiry, *self.expiries[place:]))


def build_chain(leaf: x509.Certificate, pool: Sequence[x509.Certificate]) -> Chain:
    """The chain of ``leaf`` from the certificates in ``pool`` (which may hold it too, and duplicates). Pure.

    Of several ways up (cross-signed CAs) it takes one that reaches a self-signed root, then the shortest, then the
    one that stays valid longest.
    """
    distinct = [certificate for certificate in dict.fromkeys(pool) if certificate != leaf]
    best = _best_path(leaf, _Issuers(distinct)).certificates
    used = set(best)
    strangers = tuple(certificate for certificate in distinct if certificate not in used)
    return Chain(best, strangers, None if is_self_signed(best[-1]) else describe_name(best[-1].issuer))


def issuers_among(pool: Sequence[x509.Certificate]) -> set[x509.Certificate]:
    """Those that signed another one of ``pool``. Pure."""
    issuers = _Issuers(list(dict.fromkeys(pool)))
    return {issuer for certificate in pool for issuer in issuers.of(certificate) if issuer != certificate}


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether a certificate names itself as issuer and carries its own key's signature. Pure. Never raises."""
    return _comparable(certificate.subject) == _comparable(certificate.issuer) and _verifies(certificate, certificate)


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``certificate`` names ``issuer`` (by name or key identifier) and carries its signature. Pure.

    Never raises: an algorithm that cannot be verified is no proof.
    """
    return bool(_Issuers([issuer]).of(certificate))


def _best_path(leaf: x509.Certificate, issuers: "_Issuers") -> _Path:
    """Breadth first, so every certificate is looked at once, and the first layer with a root has the shortest way."""
    layer = {leaf: _Path((leaf,), (leaf.not_valid_after_utc,))}
    seen = {leaf}
    dead_ends: list[_Path] = []
    while layer:
        if roots := [path for certificate, path in layer.items() if is_self_signed(certificate)]:
            return max(roots, key=lambda path: path.expiries)
        following: dict[x509.Certificate, _Path] = {}
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
    return max(dead_ends, key=lambda path: (-len(path.certificates), path.expiries))


class _Issuers:
    """Certificates by what an issuer is named by, so that few signatures have to be tried in a heap of roots."""

    def __init__(self, pool: Sequence[x509.Certificate]) -> None:
        self._by_name: defaultdict[object, list[x509.Certificate]] = defaultdict(list)
        self._by_key: defaultdict[bytes, list[x509.Certificate]] = defaultdict(list)
        for certificate in pool:
            self._by_name[_comparable(certificate.subject)].append(certificate)
            if identifier := _key_identifier(certificate, x509.SubjectKeyIdentifier):
                self._by_key[identifier].append(certificate)

    def of(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """Those that signed ``certificate``."""
        named = self._by_name.get(_comparable(certificate.issuer), [])
        identifier = _key_identifier(certificate, x509.AuthorityKeyIdentifier)
        keyed = self._by_key.get(identifier, []) if identifier else []
        return [candidate for candidate in dict.fromkeys([*named, *keyed]) if _verifies(certificate, candidate)]


def _verifies(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        key = issuer.public_key()
        algorithm = certificate.signature_hash_algorithm
        signature, signed = certificate.signature, certificate.tbs_certificate_bytes
        parameters = certificate.signature_algorithm_parameters
        if parameters is None and isinstance(algorithm, hashes.MD5):  # the library knows no padding for MD5
            parameters = padding.PKCS1v15()
        match key:
            case rsa.RSAPublicKey() if isinstance(parameters, padding.PKCS1v15 | padding.PSS) and algorithm:
                key.verify(signature, signed, parameters, algorithm)
            case ec.EllipticCurvePublicKey() if isinstance(parameters, ec.ECDSA):
                key.verify(signature, signed, parameters)
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() if parameters is None:
                key.verify(signature, signed)
            case _:
                return False
    except (InvalidSignature, *LIBRARY_ERRORS):
        return False
    return True


def _comparable(name: x509.Name) -> tuple[tuple[str, str], ...]:
    """Names as people read them, since CAs re-encode strings. RFC 5280, 7.1: case and runs of blanks do not count."""
    return tuple((attribute.oid.dotted_string, " ".join(str(attribute.value).casefold().split())) for attribute in name)


def _key_identifier(
    certificate: x509.Certificate, kind: type[x509.SubjectKeyIdentifier] | type[x509.AuthorityKeyIdentifier]
) -> bytes | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return certificate.extensions.get_extension_for_class(kind).value.key_identifier
    except (x509.ExtensionNotFound, *LIBRARY_ERRORS):
        return None
