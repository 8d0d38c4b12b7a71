"""Certificates and keystores with flipped bits, held against Java: nothing that Java refuses is accepted.

    python tests/mutants.py [HOW MANY]     the full campaign; the suite runs a sample of it

Always the same mutants. Half of the flips hit tags, lengths and short values, where damage shows; of a keystore the
digests, the file's and the key's own, are fitted again after the flip, so that nothing but the damage is wrong.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import odd_certificates as odd
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from oracle_java import JavaError, java_opens_whole, java_parse

from sfkeytool.acceptance.engine import Report, Verdict
from sfkeytool.crypto.der import DerError, read_tlv
from sfkeytool.keystores import jks
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Profile
from sfkeytool.passwords import Secret
from sfkeytool.workflows.check import CheckOptions, check_file

FIXTURES = Path(__file__).parent.parent / "fixtures"
PASSWORD = "worthless-corpus-password"
AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
EC_SCALAR = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
SHORT = 24
"""Bytes up to which a value counts as structure."""


@dataclass(frozen=True)
class Mutant:
    """``java`` opens it or not, as far as it was asked; ``profile`` None: by file type."""

    name: str
    data: bytes
    profile: Profile | None

    @property
    def is_keystore(self) -> bool:
        return self.data.startswith(b"\xfe\xed\xfe\xed")

    def judged(self) -> Report | None:
        """None: our error says that it cannot be read."""
        from sfkeytool.errors import SfkeytoolError

        options = CheckOptions(as_of=AS_OF, profile=self.profile)
        try:
            return check_file(InputFile(self.name, self.data), [Secret(PASSWORD)], options)
        except SfkeytoolError:
            return None

    def java_refuses(self) -> str | None:
        try:
            if self.is_keystore:
                java_opens_whole(self.data, "JKS", PASSWORD)
            else:
                java_parse(self.data)
        except JavaError as error:
            return str(error)
        return None


def extensions(*, all_critical: bool = False) -> list[bytes]:
    """One of each kind that Java parses. Of critical ones it refuses what it cannot parse."""
    true = odd.tlv(1, b"\xff")
    usually_not = true if all_critical else b""
    names = odd.tlv(0x30, odd.tlv(0x82, b"pay.example"), odd.tlv(0x87, b"\n\0\0\1"), odd.tlv(0x81, b"a@b.example"))
    uri = odd.tlv(0x86, b"http://ca.example/crl")
    point = odd.tlv(0x30, odd.tlv(0xA0, odd.tlv(0xA0, uri)))
    return [
        odd.extension("2.5.29.19", odd.tlv(0x30, true, odd.tlv(2, b"\3")), true),
        odd.extension("2.5.29.15", odd.tlv(3, b"\5\xa0"), true),
        odd.extension(
            "2.5.29.37", odd.tlv(0x30, odd.oid("1.3.6.1.5.5.7.3.1"), odd.oid("1.3.6.1.5.5.7.3.2")), usually_not
        ),
        odd.extension("2.5.29.17", names, true),
        odd.extension("2.5.29.14", odd.tlv(4, b"k" * 20), usually_not),
        odd.extension("2.5.29.35", odd.tlv(0x30, odd.tlv(0x80, b"k" * 20)), usually_not),
        odd.extension("2.5.29.31", odd.tlv(0x30, point), usually_not),
        odd.extension("2.5.29.32", odd.tlv(0x30, odd.tlv(0x30, odd.oid("2.23.140.1.2.1"))), true),
        odd.extension("2.5.29.30", odd.tlv(0x30, odd.tlv(0xA0, odd.tlv(0x30, odd.tlv(0x82, b"example")))), true),
        odd.extension(
            "1.3.6.1.5.5.7.1.1", odd.tlv(0x30, odd.tlv(0x30, odd.oid("1.3.6.1.5.5.7.48.1"), uri)), usually_not
        ),
        odd.extension("2.5.29.36", odd.tlv(0x30, odd.tlv(0x80, b"\0")), usually_not),
        odd.extension("1.2.3.4", odd.tlv(0x0C, b"nobody knows"), usually_not),
    ]


@cache
def material() -> tuple[rsa.RSAPrivateKey, dict[str, bytes], bytes]:
    """A key, certificates in DER by name, and the key in PKCS#8."""
    key = serialization.load_pem_private_key((FIXTURES / "keystores" / "first.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    ca = ec.derive_private_key(EC_SCALAR, ec.SECP256R1())
    oddest = odd.name("Wells & Co")
    made = {
        "v1": odd.certificate(key, version=b""),
        "v3": odd.certificate(key, extensions=extensions()),
        "critical": odd.certificate(key, extensions=extensions(all_critical=True)[:-1]),
        "odd": odd.certificate(
            key,
            subject=oddest,
            serial=odd.tlv(2, b"\0\0\x11"),
            dates=(odd.tlv(0x17, b"2601010000Z"), odd.tlv(0x18, b"20360101000000.5Z")),
            extensions=[odd.extension("2.5.29.19", odd.tlv(0x30, odd.tlv(1, b"\0")), odd.tlv(1, b"\0"))],
        ),
        "of-ec": odd.certificate(
            key, signer=ca, issuer=oddest, inner=odd.algorithm(odd.ECDSA_SHA256, odd.NULL), extensions=extensions()[:6]
        ),
        "ec-ca": odd.certificate(
            ca, subject=oddest, inner=odd.algorithm(odd.ECDSA_SHA256, odd.NULL), extensions=[odd.CA_TRUE]
        ),
    }
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key, made, pkcs8


def keystore(chain: list[bytes], pkcs8: bytes) -> bytes:
    return jks.encode_jks(
        alias="pay", key_pkcs8=pkcs8, chain_der=chain, password=Secret(PASSWORD), created_at_ms=0, salt=b"s" * 20
    )


def structure(data: bytes, start: int = 0) -> Iterator[int]:
    """Places of headers and short values, also of the DER inside strings."""
    offset = 0
    try:
        while offset < len(data):
            part = read_tlv(data, offset)
            yield from range(start + offset, start + offset + part.header_length)
            inside = start + offset + part.header_length
            if part.tag & 0x20 or (part.tag == 4 and _is_der(part.value)):
                yield from structure(part.value, inside)
            elif part.tag == 3 and _is_der(part.value[1:]):
                yield from structure(part.value[1:], inside + 1)
            elif len(part.value) <= SHORT:
                yield from range(inside, inside + len(part.value))
            offset = part.end
    except DerError:
        return


def _is_der(value: bytes) -> bool:
    try:
        return value[:1] in (b"\x30", b"\x03", b"\x04") and read_tlv(value).end == len(value)
    except DerError:
        return False


def flipped(data: bytes, chance: random.Random, places: list[int]) -> bytes:
    place = chance.choice(places) if places and chance.random() < 0.5 else chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def mutants(count: int, seed: int = 12) -> Iterator[Mutant]:
    """As many as are wanted: certificates, keystores around damaged certificates, keys and bytes of all kinds."""
    _, made, pkcs8 = material()
    chance = random.Random(seed)
    places = {name: list(structure(der)) for name, der in made.items()}
    key_places = list(structure(pkcs8))
    app = [name for name in made if name != "ec-ca"]
    for number in range(count):
        if number % 5 == 0:  # the file for an app, or for an upload
            name = chance.choice(app)
            profile = chance.choice((Profile.APP_CERT, Profile.SIGNED_UPLOAD))
            yield Mutant(f"{number}-{name}.crt", flipped(made[name], chance, places[name]), profile)
        elif number % 5 == 1:  # the key
            yield Mutant(f"{number}-key.jks", keystore([made["v3"]], flipped(pkcs8, chance, key_places)), None)
        elif number % 5 == 2:  # any byte of a keystore
            store = keystore([made["of-ec"], made["ec-ca"]], pkcs8)[: -jks.DIGEST_BYTES]
            changed = flipped(store, chance, list(range(80)))
            yield Mutant(f"{number}-store.jks", changed + jks.store_digest(changed, Secret(PASSWORD)), None)
        else:  # a certificate of the chain
            name = chance.choice(list(made))
            chain = [flipped(made[name], chance, places[name])]
            if name == "ec-ca":
                chain.insert(0, made["of-ec"])
            yield Mutant(f"{number}-{name}.jks", keystore(chain, pkcs8), None)


def misjudged(count: int, seed: int = 12) -> tuple[list[tuple[Mutant, str]], Counter[str]]:
    """Those that were accepted and that Java refuses, with its words; and how all were judged, us first."""
    wrong = []
    tally: Counter[str] = Counter()
    for mutant in mutants(count, seed):
        report = mutant.judged()
        refusal = mutant.java_refuses()
        verdict = "unreadable" if report is None else str(report.verdict)
        tally[f"{verdict}, Java {'refuses' if refusal else 'opens'}"] += 1
        if refusal and report is not None and report.verdict is Verdict.ACCEPT:
            wrong.append((mutant, refusal))
    return wrong, tally


if __name__ == "__main__":
    wrong, tally = misjudged(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
    for verdicts, number in sorted(tally.items()):
        print(f"{number:6} {verdicts}")
    for mutant, refusal in wrong:
        print(f"accepted, though Java refuses it: {mutant.name}: {refusal}")
    sys.exit(bool(wrong))
