"""Questions about signed chains: the org makes a key, a throwaway CA signs its request, and the answer is deployed.

Deploying the chain as the certificate's content uploads it (Metadata API Developer Guide, "Certificate").
"""

from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from filled_org import key

from live import material
from live.keystores import checked
from live.org import LiveOrg
from live.question import NAMES, REFUSED, TAKEN, Answer, CannotAsk
from sfkeytool.model import Profile
from sfkeytool.salesforce.metadata_source import build_certificate

_NAME = f"{NAMES}signed"
_LABEL = "Worthless, to be deleted"
_YEARS = (-400, 3000)


class Material:
    """What a chain may be made of, for the key that the org keeps: a leaf of each kind, and the CA's. New each time."""

    def __init__(self, public_key: rsa.RSAPublicKey) -> None:
        self.root = material.certificate("live root", 0, ca=True, days=_YEARS)
        self.intermediate = self._issued("live ca", self.root, 2, ca=True)
        self.expired_intermediate = self._issued("live ca", self.root, 2, ca=True, days=(-300, -30))
        self.stranger = material.certificate("live stranger", 1, ca=True)
        self.leaf = self._leaf(public_key)
        self.future = self._leaf(public_key, days=(30, 300))
        self.broken = material.with_broken_signature(self.leaf)
        self.of_ec = self._leaf(ec.generate_private_key(ec.SECP256R1()).public_key())
        self.of_another = self._leaf(key(1).public_key())

    @property
    def sha1(self) -> x509.Certificate:
        """Made only where it is asked about: some systems forbid SHA-1."""
        return material.signed_with_sha1(self.leaf, 2)

    def _leaf(self, public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, **changed: object) -> x509.Certificate:
        options = {"issuer": self.intermediate, "issuer_number": 2, "public_key": public_key} | changed
        return material.certificate("live signed", 1, **options)  # type: ignore[arg-type]

    def _issued(self, name: str, issuer: x509.Certificate, number: int, **changed: object) -> x509.Certificate:
        return material.certificate(name, number, issuer=issuer, issuer_number=0, **changed)  # type: ignore[arg-type]


def _request(org: LiveOrg) -> x509.CertificateSigningRequest:
    """That of the record, which is made if need be."""
    if _NAME not in org.state:
        stands_in = material.pem(material.certificate("live signed", 1))
        sources = build_certificate(_NAME, stands_in, key_bits=2048, label=_LABEL, exportable=True)
        if problems := org.deploy(sources):
            raise CannotAsk(f"the org makes no certificate that waits for a CA: {'; '.join(problems)}")
        content = org.retrieve("Certificate", _NAME).get(f"certs/{_NAME}.crt", b"")
        try:
            org.state[_NAME] = x509.load_pem_x509_csr(content)
        except ValueError:
            raise CannotAsk("the record of the waiting certificate holds no request") from None
    request: x509.CertificateSigningRequest = org.state[_NAME]
    return request


def request_names(org: LiveOrg) -> Answer:
    """Whether a request of the org's own names DNS names."""
    try:
        found = _request(org).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return Answer(f"DNS names: {len(list(found))}")
    except x509.ExtensionNotFound:
        return Answer("no DNS names", (), "", (f"signed with {_request(org).signature_algorithm_oid._name}",))


def chain_of(*names: str, with_key: bool = False, is_der: bool = False) -> Callable[[LiveOrg], Answer]:
    """A question about these parts of Material in this order."""

    def ask(org: LiveOrg) -> Answer:
        public_key = _request(org).public_key()
        assert isinstance(public_key, rsa.RSAPublicKey)
        made = Material(public_key)
        chain: Sequence[x509.Certificate] = [getattr(made, name) for name in names]
        content = (material.der(chain[0]) if is_der else material.pem(*chain)) + (
            material.key_pem(1) if with_key else b""
        )
        sources = build_certificate(_NAME, content, key_bits=2048, label=_LABEL, exportable=True)
        said = checked(content, "chain.crt", Profile.SIGNED_UPLOAD)
        if problems := org.deploy(sources):
            return Answer(REFUSED, problems, said)
        stored = org.retrieve("Certificate", _NAME).get(f"certs/{_NAME}.crt", b"")
        is_kept, held = _held(stored, chain)
        return Answer(TAKEN if is_kept else "a success that changed nothing", (), said, (held,))

    return ask


def _held(stored: bytes, chain: Sequence[x509.Certificate]) -> tuple[bool, str]:
    """Whether the record has the leaf, which no question before this one knew; and what it has, in words."""
    try:
        held = x509.load_pem_x509_certificates(stored)
    except ValueError:
        return False, "the record holds no certificate"
    if held == list(chain):
        return True, "the record holds what was sent"
    same = "the same first one" if held[:1] == list(chain[:1]) else "another first one"
    return bool(set(chain) & set(held)), f"the record holds {len(held)} of {len(chain)} certificates, {same}"
