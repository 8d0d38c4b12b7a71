"""From a heap of certificates to a chain; openssl makes the CAs and verifies what comes out."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import odd_certificates as odd
import pytest
from conftest import openssl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from sfkeytool.crypto import certificates, chains
from sfkeytool.crypto.certificate import Certificate, Signature

NOW = datetime.now(UTC)
KEYS = {
    "rsa": ("genrsa", "2048"),
    "ec": ("ecparam", "-name", "secp384r1", "-genkey", "-noout"),
    "ed25519": ("genpkey", "-algorithm", "ED25519"),
    "ed448": ("genpkey", "-algorithm", "ED448"),
}


@dataclass(frozen=True)
class Workshop:
    """openssl as a CA: every call makes one certificate in ``folder``."""

    folder: Path

    def key(self, name: str, kind: str) -> Path:
        path = self.folder / f"{name}.key"
        if not path.exists():
            command, *rest = KEYS[kind]
            options = [command, *rest, "-out", path] if command != "genrsa" else [command, "-out", path, *rest]
            openssl(*options)
        return path

    def make(
        self,
        name: str,
        issuer: str | None = None,
        *,
        subject: str | None = None,
        kind: str = "ec",
        key: str | None = None,
        days: int = 100,
        ca: bool = True,
        ids: bool = True,
        options: Sequence[str] = (),
    ) -> Certificate:
        """A certificate called ``name`` (file) for ``subject``, signed by ``issuer`` or by itself."""
        own_key = self.key(key or name, kind)
        request, out, config = (self.folder / f"{name}.{suffix}" for suffix in ("csr", "crt", "ext"))
        openssl("req", "-new", "-key", own_key, "-subj", subject or f"/CN={name}", "-out", request)
        lines = ["basicConstraints=critical,CA:TRUE" if ca else "basicConstraints=critical,CA:FALSE"]
        lines += ["keyUsage=critical,keyCertSign,cRLSign"] if ca else []
        lines += ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"] if ids else ["subjectKeyIdentifier=none"]
        config.write_text("\n".join(lines))
        signer = ["-signkey", own_key]
        if issuer is not None:
            signer = ["-CA", self.folder / f"{issuer}.crt", "-CAkey", self.signing_key(issuer)]
        openssl(
            "x509", "-req", "-in", request, *signer, "-set_serial", x509.random_serial_number(), "-days", days,
            "-extfile", config, "-out", out, *options,
        )  # fmt: skip
        (self.folder / f"{name}.uses").write_text(str(own_key))
        return certificates.parse_certificate(x509_der(out), name)

    def signing_key(self, name: str) -> Path:
        return Path((self.folder / f"{name}.uses").read_text())

    def verified(self, chain: chains.Chain) -> bool:
        """Whether openssl takes the chain, trusting only its last certificate."""
        leaf, *above = (certificates.encode_pem(certificate) for certificate in chain.certificates)
        files = {name: self.folder / f"verify-{name}.pem" for name in ("leaf", "between", "root")}
        files["leaf"].write_bytes(leaf)
        files["root"].write_bytes(above[-1] if above else leaf)
        files["between"].write_bytes(b"".join(above[:-1]))
        untrusted = ["-untrusted", files["between"]] if above[:-1] else []
        return "OK" in openssl("verify", "-x509_strict", "-CAfile", files["root"], *untrusted, files["leaf"])


def x509_der(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def names_of(found: Sequence[Certificate]) -> list[str]:
    return [str(c.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for c in found]


@pytest.mark.slow
def test_three_tiers_are_ordered_from_any_heap_and_verify(workshop: Workshop) -> None:
    """Leaf first, root last, whatever the order, the duplicates and the strangers of the same names."""
    root = workshop.make("Root", kind="rsa")
    upper = workshop.make("Upper", "Root", kind="ec")
    lower = workshop.make("Lower", "Upper", kind="rsa")
    leaf = workshop.make("leaf", "Lower", kind="rsa", ca=False)
    decoys = [
        workshop.make("decoy-root", subject="/CN=Root"),
        workshop.make("decoy-upper", "decoy-root", subject="/CN=Upper"),
        workshop.make("decoy-lower", "decoy-upper", subject="/CN=Lower"),
    ]
    for pool in itertools.permutations([root, upper, lower, *decoys[:2]]):
        chain = chains.build_chain(leaf, [*pool, leaf, decoys[2], upper])
        assert chain.certificates == (leaf, lower, upper, root)
        assert set(chain.strangers) == set(decoys)
        assert chain.complete
        assert chain.missing_issuer is None
    assert workshop.verified(chain)


def test_same_name_issuers_without_key_identifiers_are_told_apart_by_signature(workshop: Workshop) -> None:
    root = workshop.make("Root", ids=False)
    decoys = [workshop.make(f"decoy{n}", subject="/CN=Root", ids=False) for n in range(3)]
    leaf = workshop.make("leaf", "Root", ca=False, ids=False)
    chain = chains.build_chain(leaf, [*decoys, root])
    assert chain.certificates == (leaf, root)
    assert chain.strangers == tuple(decoys)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.slow
def test_every_kind_of_ca_key_is_verified(kind: str, workshop: Workshop) -> None:
    root = workshop.make("Root", kind=kind)
    leaf = workshop.make("leaf", "Root", kind="rsa", ca=False)
    other = workshop.make("Other", kind=kind, subject="/CN=Root")
    assert chains.is_self_signed(root)
    assert not chains.is_self_signed(leaf)
    assert chains.signed_by(leaf, root)
    assert not chains.signed_by(leaf, other)
    assert not chains.signed_by(root, leaf)
    assert workshop.verified(chains.build_chain(leaf, [other, root]))


@pytest.mark.parametrize("options", [("-sigopt", "rsa_padding_mode:pss"), ("-sha512",), ("-sha1",)])
@pytest.mark.slow
def test_every_kind_of_rsa_signature_is_verified(options: tuple[str, ...], workshop: Workshop) -> None:
    root = workshop.make("Root", kind="rsa", options=options)
    leaf = workshop.make("leaf", "Root", ca=False, options=options)
    assert chains.build_chain(leaf, [root]).certificates == (leaf, root)


def test_a_missing_intermediate_is_named(workshop: Workshop) -> None:
    root = workshop.make("Root")
    workshop.make("Upper", "Root", subject="/O=Acme/CN=Upper")
    lower = workshop.make("Lower", "Upper")
    leaf = workshop.make("leaf", "Lower", ca=False)
    chain = chains.build_chain(leaf, [root, lower])
    assert chain.certificates == (leaf, lower)
    assert chain.strangers == (root,)
    assert not chain.complete
    assert chain.missing_issuer == "CN=Upper,O=Acme"
    assert chains.build_chain(leaf, []).missing_issuer == "CN=Lower"


def test_a_self_signed_leaf_is_a_chain_of_one(workshop: Workshop) -> None:
    leaf = workshop.make("leaf", ca=False)
    root = workshop.make("Root")
    chain = chains.build_chain(leaf, [root, leaf, leaf])
    assert chain.certificates == (leaf,)
    assert chain.strangers == (root,)
    assert chain.complete


def test_a_self_issued_certificate_under_another_key_is_not_self_signed(workshop: Workshop) -> None:
    """A CA that changes its key signs the new one under its own name (RFC 5280, 6.1)."""
    old = workshop.make("old", subject="/CN=Root")
    new = workshop.make("new", "old", subject="/CN=Root")
    leaf = workshop.make("leaf", "new", ca=False)
    assert not chains.is_self_signed(new)
    chain = chains.build_chain(leaf, [old, new])
    assert chain.certificates == (leaf, new, old)
    assert chain.complete


def test_a_cross_signed_ca_leads_to_the_root_that_is_there(workshop: Workshop) -> None:
    """The shorter way where both roots are there; the other root's where only that one is."""
    own = workshop.make("own", subject="/CN=New Root", key="new")
    old = workshop.make("Old Root")
    cross = workshop.make("cross", "Old Root", subject="/CN=New Root", key="new")
    issuing = workshop.make("Issuing", "own")
    leaf = workshop.make("leaf", "Issuing", ca=False)
    for pool in itertools.permutations([own, old, cross, issuing]):
        both = chains.build_chain(leaf, pool)
        assert both.certificates == (leaf, issuing, own)
        assert set(both.strangers) == {old, cross}
    assert workshop.verified(both)
    for pool in itertools.permutations([old, cross, issuing]):
        only_old = chains.build_chain(leaf, pool)
        assert only_old.certificates == (leaf, issuing, cross, old)
        assert only_old.complete
    assert workshop.verified(only_old)


def test_a_way_to_a_root_goes_before_a_shorter_dead_end(workshop: Workshop) -> None:
    workshop.make("Absent")
    root = workshop.make("Root")
    upper = workshop.make("Upper", "Root")
    dead_end = workshop.make("dead", "Absent", subject="/CN=Issuing", key="issuing")
    live = workshop.make("live", "Upper", subject="/CN=Issuing", key="issuing")
    leaf = workshop.make("leaf", "live", ca=False)
    for pool in itertools.permutations([dead_end, live, upper, root]):
        chain = chains.build_chain(leaf, pool)
        assert chain.certificates == (leaf, live, upper, root)
        assert chain.strangers == (dead_end,)


def test_of_equal_ways_the_one_that_stays_valid_longest_is_taken(workshop: Workshop) -> None:
    """A renewed intermediate has the name and the key of the old one."""
    root = workshop.make("Root", days=300)
    old_root = workshop.make("old", subject="/CN=Root", key="Root", days=250)
    short = workshop.make("short", "Root", subject="/CN=Issuing", key="issuing", days=20)
    long = workshop.make("long", "Root", subject="/CN=Issuing", key="issuing", days=200)
    leaf = workshop.make("leaf", "long", ca=False)
    for pool in itertools.permutations([short, long, root, old_root]):
        assert chains.build_chain(leaf, pool).certificates == (leaf, long, root)
    for pool in itertools.permutations([short, long]):
        assert chains.build_chain(leaf, pool).certificates == (leaf, long)


def issue(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: ec.EllipticCurvePrivateKey | None = None,
    identified: bool = False,
) -> Certificate:
    """A certificate of any shape, quickly, where openssl would refuse or take its time."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if authority is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if identified:
        identifier_of_own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier_of_own, critical=False)
    made = builder.sign(issuer_key, hashes.SHA256())
    return certificates.parse_certificate(made.public_bytes(Encoding.DER), subject)


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def test_names_that_differ_in_case_and_blanks_are_the_same_name() -> None:
    """RFC 5280, 7.1; CAs have re-encoded their own names."""
    ca, own = new_key(), new_key()
    root = issue("Acme  Root CA", ca, "ACME root ca ", ca)
    leaf = issue("leaf", own, "acme Root CA", ca)
    assert chains.is_self_signed(root)
    assert chains.build_chain(leaf, [root]).certificates == (leaf, root)


def test_an_issuer_under_another_name_is_found_by_its_key_identifier() -> None:
    ca, own = new_key(), new_key()
    root = issue("Acme Root", ca, "Acme Root", ca, identified=True)
    leaf = issue("leaf", own, "Root of Acme", ca, authority=ca)
    assert chains.signed_by(leaf, root)
    assert chains.build_chain(leaf, [root]).certificates == (leaf, root)
    unrelated = issue("leaf", own, "Root of Acme", ca)
    assert not chains.signed_by(unrelated, root)


def test_a_key_identifier_alone_proves_nothing() -> None:
    ca, forger, own = new_key(), new_key(), new_key()
    root = issue("Root", ca, "Root", ca, identified=True)
    forged = issue("leaf", own, "Root", forger, authority=ca)
    assert not chains.signed_by(forged, root)
    assert chains.build_chain(forged, [root]).strangers == (root,)


def test_cas_that_cross_signed_each_other_without_a_root_end_somewhere() -> None:
    """A loop of issuers has no last one, but a chain has."""
    a, b, own = new_key(), new_key(), new_key()
    a_by_b, b_by_a = issue("A", a, "B", b), issue("B", b, "A", a)
    leaf = issue("leaf", own, "A", a)
    chain = chains.build_chain(leaf, [a_by_b, b_by_a])
    assert chain.certificates == (leaf, a_by_b, b_by_a)
    assert not chain.complete
    assert chain.missing_issuer == "CN=A"


@pytest.mark.slow
def test_a_heap_where_every_ca_signed_every_other_is_solved() -> None:
    """There are more ways up than time to walk them; each certificate is looked at once."""
    keys = [new_key() for _ in range(16)]
    heap = [issue(f"CA {i}", keys[i], f"CA {j}", keys[j]) for i, j in itertools.product(range(16), repeat=2) if i != j]
    root_key, own = new_key(), new_key()
    root = issue("Root", root_key, "Root", root_key)
    bridge = issue("CA 15", keys[15], "Root", root_key)
    leaf = issue("leaf", own, "CA 0", keys[0])
    chain = chains.build_chain(leaf, [*heap, bridge, root])
    assert names_of(chain.certificates) == ["leaf", "CA 0", "CA 15", "Root"]
    assert len(chain.strangers) == len(heap) - 1
    assert not chains.build_chain(leaf, heap).complete


def test_a_long_chain_in_a_heap_of_hundreds_is_found() -> None:
    """A whole trust store may be in the pool."""
    keys = [new_key() for _ in range(40)]
    line = [issue("CA 0", keys[0], "CA 0", keys[0])]
    line += [issue(f"CA {n}", keys[n], f"CA {n - 1}", keys[n - 1]) for n in range(1, 40)]
    strangers = [issue(f"Stranger {n}", keys[0], f"Stranger {n}", keys[0], identified=True) for n in range(400)]
    pool = sorted([*line[:-1], *strangers], key=lambda certificate: certificate.serial_number)  # which is random
    chain = chains.build_chain(line[-1], pool)
    assert chain.certificates == tuple(reversed(line))
    assert set(chain.strangers) == set(strangers)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("06082a8648ce3d040302", "06082a8648ce3d04037f"),  # the signature's algorithm
        ("06072a8648ce3d0201", "06072a8648ce3d027f"),  # the key's algorithm
        ("06082a8648ce3d030107", "06082a8648ce3d03017f"),  # the key's curve
        ("0603551d23", "0603551d0e"),  # an extension, now there twice
        ("0603551d0e04160414", "0603551d0e04160415"),  # an extension of the wrong length
    ],
)
def test_what_cannot_be_verified_is_no_proof_and_no_crash(old: str, new: str) -> None:
    ca = new_key()
    root = issue("Root", ca, "Root", ca, identified=True, authority=ca)
    der = certificates.encode_der(root)
    assert bytes.fromhex(old) in der
    weird = certificates.parse_certificate(der.replace(bytes.fromhex(old), bytes.fromhex(new)), "weird")
    leaf = issue("leaf", new_key(), "Root", ca, authority=ca)
    assert not chains.is_self_signed(weird)
    for issuer in (root, weird):
        assert not chains.signed_by(weird, issuer)
    chain = chains.build_chain(leaf, [weird, root])
    assert chain.certificates == (leaf, root)
    assert chain.strangers == (weird,)
    assert chains.build_chain(weird, [root]).certificates == (weird,)


# Heaps made to hurt

_SAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "same")])
_COUNT = 120


def _alike(key: Ed25519PrivateKey, signer: Ed25519PrivateKey, *, identified: bool) -> Certificate:
    """A certificate whose subject and issuer are those of all others."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_SAME)
        .issuer_name(_SAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    if identified:
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(by, critical=False)
    return Certificate(builder.sign(signer, None).public_bytes(Encoding.DER))


def _heap(kind: str) -> list[Certificate]:
    keys = [Ed25519PrivateKey.generate() for _ in range(_COUNT + 1)]
    match kind:
        case "each by itself":
            return [_alike(key, key, identified=False) for key in keys[1:]]
        case "by one that is not there":
            return [_alike(key, keys[0], identified=False) for key in keys[1:]]
        case "one key":
            return [_alike(keys[0], keys[0], identified=False) for _ in range(_COUNT)]
        case "each by the next":
            return [_alike(key, signer, identified=True) for key, signer in pairwise(keys)]
        case "two keys that sign each other":
            return [_alike(keys[number % 2], keys[1 - number % 2], identified=False) for number in range(_COUNT)]
    return [_alike(key, keys[0], identified=True) for key in reversed(keys)]


@pytest.mark.parametrize(
    "kind",
    [
        "each by itself",
        "by one that is not there",
        "one key",
        "each by the next",
        "two keys that sign each other",
        "by one that comes last",
    ],
)
def test_in_a_heap_of_one_name_few_signatures_are_tried(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None twice, whatever is asked; and few ways are gone: counted, not timed."""
    heap = _heap(kind)
    tried: list[tuple[bytes, bytes]] = []
    climbed = 0
    usual, up_to = chains._try_signature, chains._Path.up_to

    def trying(certificate: Certificate, issuer: Certificate) -> Signature:
        tried.append((certificate.der, issuer.spki_der))
        return usual(certificate, issuer)

    def climbing(path: Any, issuer: Certificate) -> Any:
        nonlocal climbed
        climbed += 1
        return up_to(path, issuer)

    monkeypatch.setattr(chains, "_try_signature", trying)
    monkeypatch.setattr(chains._Path, "up_to", climbing)
    issuers = chains.issuers_among(heap)
    chain = chains.build_chain(heap[0], heap)
    for certificate in heap:
        chains.is_self_signed(certificate)
        chains.Issuers(heap[:1]).denying(certificate)
    assert len(tried) == len(set(tried))
    few = 10 if kind == "by one that is not there" else 4
    assert len(tried) <= few * _COUNT
    assert climbed <= 2 * _COUNT
    ends = {
        "each by itself": (0, 1),
        "by one that is not there": (0, 1),
        "one key": (_COUNT, 1),
        "each by the next": (_COUNT - 1, 100),
        "two keys that sign each other": (_COUNT, 3),
        "by one that comes last": (1, 2),
    }
    assert (len(issuers), len(chain.certificates)) == ends[kind]


def test_a_key_that_signs_nothing_denies_no_signature() -> None:
    """X25519 agrees on keys. What cannot be tried is no forgery; another kind's key is one that did not sign."""
    signer = ec.derive_private_key(1, ec.SECP256R1())
    spki = X25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    leaf = Certificate(odd.certificate(signer, issuer=odd.name("above")))
    agreeing = Certificate(odd.certificate(signer, subject=odd.name("above"), spki=spki))
    assert chains.check_signature(leaf, agreeing) is Signature.UNTESTED
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    of_another_kind = Certificate(odd.certificate(signer, subject=odd.name("above"), spki=other))
    assert chains.check_signature(leaf, of_another_kind) is Signature.BAD


def test_of_ways_without_a_root_that_proves_itself_the_one_to_a_root_is_taken() -> None:
    """Though it is longer: the root's own signature is what no client looks at."""
    app, ca, above, root = (ec.derive_private_key(number, ec.SECP256R1()) for number in range(1, 5))
    leaf = Certificate(odd.certificate(app, signer=ca, subject=odd.name("leaf"), issuer=odd.name("CA")))
    crossed = Certificate(odd.certificate(ca, signer=above, subject=odd.name("CA"), issuer=odd.name("nowhere")))
    issued = Certificate(odd.certificate(ca, signer=root, subject=odd.name("CA"), issuer=odd.name("root")))
    damaged = Certificate(odd.certificate(root, signer=above, subject=odd.name("root")))
    for pool in itertools.permutations([crossed, issued, damaged]):
        assert chains.build_chain(leaf, pool).certificates == (leaf, issued, damaged)
