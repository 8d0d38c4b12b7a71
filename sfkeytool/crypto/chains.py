"""From a heap of certificates to a chain, by signature and not only by name."""

import warnings
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from msgspec import Struct

from sfkeytool.crypto.certificate import Certificate, Signature
from sfkeytool.crypto.names import LIBRARY_ERRORS, describe_name

_MOST_KEYS = 8
"""With which one signature is tried: our own bound. A CA renews its key once in ten years, and has its identifier in
what it signs, which goes first."""

_LONGEST = 100
"""Certificates of a path: our own bound. Java's is 5 above the first by default."""


_HEAP = 1000
"""Certificates of which not all are held as they were read: our own bound."""


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
    best = _best_path(leaf, Issuers(distinct)).certificates
    used = set(best)
    strangers = tuple(certificate for certificate in distinct if certificate not in used)
    return Chain(best, strangers, None if _is_root(best[-1]) else describe_name(best[-1].issuer))


def issuers_among(pool: Sequence[Certificate]) -> set[Certificate]:
    """Those that signed another one of ``pool``. Pure."""
    distinct = list(dict.fromkeys(pool))
    if len(distinct) < 2:
        return set()
    issuers = Issuers(distinct)
    signed: defaultdict[_Group, list[Certificate]] = defaultdict(list)
    for certificate in distinct:
        for group in issuers.groups_of(certificate):
            signed[group].append(certificate)
        if len(distinct) > _HEAP:
            certificate.forget()
    return {
        issuer
        for group, certificates in signed.items()
        for issuer in issuers.members(group)
        if len(certificates) > 1 or certificates[0] != issuer
    }


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
    return bool(Issuers([issuer]).groups_of(certificate))


def _best_path(leaf: Certificate, issuers: "Issuers") -> _Path:
    """Breadth first, so every certificate is looked at once, and the first layer with a root has the shortest way."""
    layer = {leaf: _Path((leaf,), (leaf.not_valid_after_utc,))}
    seen = {leaf}
    climbed: set[_Group] = set()
    dead_ends: list[_Path] = []
    while layer:
        if roots := [path for certificate, path in layer.items() if is_self_signed(certificate)]:
            return max(roots, key=lambda path: path.expiries)
        # Of several ways to one key the best is gone: what comes above it is the same for all.
        ways: dict[_Group, _Path] = {}
        for certificate, path in layer.items():
            groups = issuers.groups_of(certificate) if len(path.certificates) < _LONGEST else []
            fresh = [group for group in groups if group not in climbed and not seen.issuperset(issuers.members(group))]
            for group in fresh:
                known = ways.setdefault(group, path)
                if path.expiries > known.expiries:
                    ways[group] = path
            climbed.update(group for group in groups if group not in fresh)
            if not fresh:
                dead_ends.append(path)
        following: dict[Certificate, _Path] = {}
        for group, path in ways.items():
            for issuer in issuers.members(group):
                if issuer in seen:
                    continue
                longer = path.up_to(issuer)
                other = following.setdefault(issuer, longer)
                if longer.expiries > other.expiries:
                    following[issuer] = longer
        climbed.update(ways)
        seen.update(following)
        layer = following
    return max(dead_ends, key=lambda path: (_is_root(path.certificates[-1]), -len(path.certificates), path.expiries))


_Group = tuple[object, bytes]
"""Certificates of one public key (DER) that have one name, or one key identifier."""


class Issuers:
    """Certificates of a heap, by what an issuer is named by and by their keys.

    A signature is tried with each key once, and with few keys in a heap of thousands of one name.
    """

    def __init__(self, pool: Sequence[Certificate]) -> None:
        self._members: defaultdict[_Group, list[Certificate]] = defaultdict(list)
        self._keys: defaultdict[object, dict[bytes, Certificate]] = defaultdict(dict)
        """One certificate of each key, by name and by key identifier."""
        for certificate in pool:
            for named in (_comparable(certificate.subject), _key_identifier(certificate, x509.SubjectKeyIdentifier)):
                if named:
                    self._members[named, certificate.spki_der].append(certificate)
                    self._keys[named].setdefault(certificate.spki_der, certificate)
            if len(pool) > _HEAP:
                certificate.forget()

    def members(self, group: _Group) -> list[Certificate]:
        """All of them, in the order of the pool."""
        return self._members[group]

    def groups_of(self, certificate: Certificate) -> list[_Group]:
        """Those whose key signed ``certificate``, which names them by name or key identifier."""
        name, identifier = _comparable(certificate.issuer), _key_identifier(certificate, x509.AuthorityKeyIdentifier)
        keyed = self._keys.get(identifier, {}) if identifier else {}
        named = self._keys.get(name, {})
        # What it says of the key goes first, then its own key, then the others: the first that fits ends the search,
        # since no signature fits two keys.
        own = [certificate.spki_der] if certificate.spki_der in named else []
        for key in islice(dict.fromkeys([*islice(keyed, _MOST_KEYS), *own, *islice(named, _MOST_KEYS)]), _MOST_KEYS):
            candidate = keyed.get(key) or named[key]
            if check_signature(certificate, candidate) is Signature.GOOD:
                return [
                    *([(name, key)] if key in named else []),
                    *([(identifier, key)] if key in keyed else []),
                ]
        return []

    def denying(self, certificate: Certificate) -> Certificate | None:
        """One that ``certificate`` names by name and key identifier, and whose signature it does not carry."""
        identifier = _key_identifier(certificate, x509.AuthorityKeyIdentifier)
        named = self._keys.get(_comparable(certificate.issuer), {})
        for key in islice(self._keys.get(identifier, {}) if identifier else {}, _MOST_KEYS):
            if key in named and check_signature(certificate, named[key]) is Signature.BAD:
                return named[key]
        return None


def check_signature(certificate: Certificate, issuer: Certificate) -> Signature:
    """Whether ``certificate`` carries the signature of the key of ``issuer``, over its bytes as they came.

    Names do not count. Each is tried once, whoever asks. Pure. Never raises.
    """
    known = certificate.signatures.get(issuer.spki_der)
    if known is None:
        known = _try_signature(certificate, issuer)
        certificate.signatures[issuer.spki_der] = known
    return known


def _try_signature(certificate: Certificate, issuer: Certificate) -> Signature:
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
