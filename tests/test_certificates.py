"""Self-signed certificates, requests, and telling what is in other people's; openssl is the judge."""

import json
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import openssl, pem_body
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from pfx import tlv

from sfkeytool.crypto import certificates, csr, der, issuing, names
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.errors import CertificateError, SfkeytoolError, UsageError
from sfkeytool.model import Purpose

NOW = datetime.now(UTC)
USES = {Purpose.JWT: "any", Purpose.SSO: "any", Purpose.DOMAIN: "sslserver", Purpose.MTLS: "sslclient"}
SUBJECT = names.build_subject(common_name="pay.acme.example", organization="Acme", country="DE")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def self_signed(
    key: rsa.RSAPrivateKey,
    purpose: Purpose = Purpose.JWT,
    *,
    san: Sequence[str] = (),
    days: int = 365,
    now: datetime = NOW,
) -> Certificate:
    return issuing.build_self_signed(
        key, subject=SUBJECT, san=names.parse_san(san), purpose=purpose, days=days, now=now
    )


def written(certificate: Certificate, tmp_path: Path) -> Path:
    path = tmp_path / "made.crt"
    path.write_bytes(certificates.encode_pem(certificate))
    return path


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("san", [(), ("pay.acme.example", "10.0.0.1")])
def test_openssl_verifies_a_self_signed_certificate_strictly(
    purpose: Purpose, san: Sequence[str], key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    """With the strict rules of RFC 5280, its own signature checked, and for what it is meant for."""
    path = written(self_signed(key, purpose, san=san), tmp_path)
    checked = openssl(
        "verify", "-x509_strict", "-check_ss_sig", "-purpose", USES[purpose], "-CAfile", path, path
    )  # fmt: skip
    assert re.fullmatch(rf"[^\n]*{path.name}: OK\n", checked)


def extensions(path: Path) -> dict[str, str]:
    """Extensions as openssl prints them: title (with its criticality) → value."""
    lines = openssl("x509", "-in", path, "-noout", "-text").split("X509v3 extensions:\n")[1]
    lines = lines.split("    Signature Algorithm:")[0]
    found = re.findall(r"^ {12}(\S.*?): ?(critical)?\n((?: {16}.*\n)+)", lines, re.MULTILINE)
    return {f"{title} {critical}".strip(): " ".join(value.split()) for title, critical, value in found}


COMMON = {"X509v3 Basic Constraints critical", "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier"}


@pytest.mark.parametrize(
    ("purpose", "key_usage", "extended"),
    [
        (Purpose.JWT, "Digital Signature", None),
        (Purpose.SSO, "Digital Signature", None),
        (Purpose.MTLS, "Digital Signature", "TLS Web Client Authentication"),
        (Purpose.DOMAIN, "Digital Signature, Key Encipherment", "TLS Web Server Authentication"),
    ],
)
def test_the_purpose_chooses_the_extensions(
    purpose: Purpose, key_usage: str, extended: str | None, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    found = extensions(written(self_signed(key, purpose), tmp_path))
    assert found["X509v3 Basic Constraints critical"] == "CA:FALSE"
    assert found["X509v3 Key Usage critical"] == key_usage
    assert found.get("X509v3 Extended Key Usage") == extended
    assert found["X509v3 Authority Key Identifier"].removeprefix("keyid:") == found["X509v3 Subject Key Identifier"]
    assert set(found) == COMMON | {"X509v3 Key Usage critical"} | ({"X509v3 Extended Key Usage"} if extended else set())


def test_a_self_signed_certificate_is_v3_sha_256_with_a_random_serial(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    text = openssl("x509", "-in", written(self_signed(key), tmp_path), "-noout", "-text")
    assert "Version: 3 (0x2)" in text
    assert text.count("Signature Algorithm: sha256WithRSAEncryption") == 2
    serials = {self_signed(key).serial_number for _ in range(3)}
    assert len(serials) == 3
    assert all(0 < serial < 1 << 159 for serial in serials)


def test_validity_begins_five_minutes_ago_and_ends_after_the_days(key: rsa.RSAPrivateKey) -> None:
    """In whole seconds of UTC; a clock that is a little slow finds the certificate valid."""
    now = datetime(2026, 11, 24, 10, 30, 59, 999_999, tzinfo=UTC)
    made = self_signed(key, days=90, now=now)
    assert made.not_valid_before_utc == datetime(2026, 11, 24, 10, 25, 59, tzinfo=UTC)
    assert made.not_valid_after_utc == datetime(2027, 2, 22, 10, 30, 59, tzinfo=UTC)


def test_validity_beyond_2049_is_understood_by_openssl(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """From 2050 on times are encoded otherwise (RFC 5280, 4.1.2.5)."""
    made = self_signed(key, days=3650, now=datetime(2045, 1, 1, tzinfo=UTC))
    assert "notAfter=Dec 30 00:00:00 2054 GMT" in openssl("x509", "-in", written(made, tmp_path), "-noout", "-enddate")


@pytest.mark.parametrize("days", [1, 365, 3650])
def test_days_within_the_bounds_are_taken(days: int) -> None:
    issuing.check_days(days)


@pytest.mark.parametrize("days", [0, -1, 3651, 10**9])
def test_days_beyond_the_bounds_are_refused(days: int, key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(UsageError) as caught:
        self_signed(key, days=days)
    assert caught.value.code == "usage.days"
    assert str(days) in caught.value.message


@pytest.mark.parametrize("purpose", Purpose)
def test_openssl_verifies_a_request_and_reads_what_it_asks_for(
    purpose: Purpose, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    """Its words count: `openssl req -verify` exits 0 on a bad signature."""
    request = csr.build_csr(key, subject=SUBJECT, san=names.parse_san(["pay.acme.example"]), purpose=purpose)
    path = tmp_path / "made.csr"
    path.write_bytes(csr.encode_pem(request))
    assert "verify OK" in openssl("req", "-in", path, "-verify", "-noout")
    text = openssl("req", "-in", path, "-noout", "-text", "-nameopt", "sep_comma_plus,sname")
    assert "Subject: C=DE,O=Acme,CN=pay.acme.example" in text
    assert "Signature Algorithm: sha256WithRSAEncryption" in text
    assert "DNS:pay.acme.example" in text
    assert "Digital Signature" in text
    assert ("TLS Web Server Authentication" in text) == (purpose is Purpose.DOMAIN)
    assert ("TLS Web Client Authentication" in text) == (purpose is Purpose.MTLS)
    facts = csr.describe_csr(csr.parse_csr(pem_body(path.read_text()), "made.csr"))
    assert facts.signature_valid
    assert facts.san == ("DNS:pay.acme.example",)
    assert facts.subject == "CN=pay.acme.example,O=Acme,C=DE"
    json.dumps(to_builtins(facts))


def test_a_request_without_alternative_names_asks_for_none(key: rsa.RSAPrivateKey) -> None:
    request = csr.build_csr(key, subject=SUBJECT, san=(), purpose=Purpose.JWT)
    assert [extension.oid._name for extension in request.extensions] == ["keyUsage"]


def test_a_request_whose_signature_is_broken_is_told_apart(key: rsa.RSAPrivateKey) -> None:
    request = csr.build_csr(key, subject=SUBJECT, san=(), purpose=Purpose.JWT)
    der = bytearray(request.der)
    der[-1] ^= 1
    assert not csr.describe_csr(csr.parse_csr(bytes(der), "bad.csr")).signature_valid


def test_a_request_for_a_key_of_an_unknown_kind_is_not_called_damaged(key: rsa.RSAPrivateKey) -> None:
    der = csr.build_csr(key, subject=SUBJECT, san=(), purpose=Purpose.JWT).der
    with pytest.raises(CertificateError) as caught:
        csr.parse_csr(der.replace(RSA_OID, RSA_OID[:-1] + b"\x7a"), "odd.csr")
    assert caught.value.code == "csr.unsupported"
    assert "odd.csr" in caught.value.message


def test_a_certificate_that_a_ca_made_of_a_request_verifies_for_its_purpose(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    """CAs that copy what the request asks for get a certificate that openssl takes strictly."""
    ca_key, ca_crt = tmp_path / "ca.key", tmp_path / "ca.crt"
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca_crt, "-subj", "/CN=CA",
        "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    for purpose, use in USES.items():
        request, leaf = tmp_path / f"{purpose}.csr", tmp_path / f"{purpose}.crt"
        request.write_bytes(
            csr.encode_pem(csr.build_csr(key, subject=SUBJECT, san=names.parse_san(["a.example"]), purpose=purpose))
        )
        (tmp_path / "ids").write_text("subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        openssl(
            "x509", "-req", "-in", request, "-CA", ca_crt, "-CAkey", ca_key, "-set_serial", 5, "-out", leaf,
            "-copy_extensions", "copyall", "-extfile", tmp_path / "ids",
        )  # fmt: skip
        assert "OK" in openssl("verify", "-x509_strict", "-purpose", use, "-CAfile", ca_crt, leaf)


def test_the_facts_of_a_certificate_are_those_that_openssl_prints(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    made = self_signed(key, Purpose.DOMAIN, san=["pay.acme.example", "10.0.0.1", "ops@acme.example", "urn:a:b"])
    path = written(made, tmp_path)
    facts = certificates.describe_certificate(made)
    printed = openssl(
        "x509", "-in", path, "-noout", "-serial", "-dates", "-fingerprint", "-sha256", "-dateopt", "iso_8601"
    )
    values = dict(line.split("=", 1) for line in printed.splitlines())
    assert facts.serial_number == values["serial"].lstrip("0")
    assert facts.not_before == datetime.fromisoformat(values["notBefore"])
    assert facts.not_after == datetime.fromisoformat(values["notAfter"])
    assert facts.sha256 == values["sha256 Fingerprint"]
    assert facts.san == ("DNS:pay.acme.example", "IP:10.0.0.1", "email:ops@acme.example", "URI:urn:a:b")
    assert to_builtins(facts) == {
        "subject": "CN=pay.acme.example,O=Acme,C=DE",
        "issuer": "CN=pay.acme.example,O=Acme,C=DE",
        "serialNumber": facts.serial_number,
        "notBefore": values["notBefore"].replace(" ", "T"),
        "notAfter": values["notAfter"].replace(" ", "T"),
        "keyAlgorithm": "RSA",
        "keyBits": 2048,
        "signatureAlgorithm": "sha256WithRSAEncryption",
        "san": facts.san,
        "keyUsage": ("digitalSignature", "keyEncipherment"),
        "extendedKeyUsage": ("serverAuth",),
        "isCa": False,
        "selfSigned": True,
        "selfSignature": "verified",
        "unusual": (),
        "sha256": facts.sha256,
        "publicKeySha256": facts.public_key_sha256,
    }
    json.dumps(to_builtins(facts))


def test_equal_names_alone_do_not_make_a_certificate_self_signed(key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    der = certificates.encode_der(self_signed(key))
    tampered = bytearray(der)
    tampered[-1] ^= 1
    assert not certificates.describe_certificate(certificates.parse_certificate(bytes(tampered), "x")).self_signed
    claimed = (
        x509.CertificateBuilder()
        .subject_name(SUBJECT)
        .issuer_name(SUBJECT)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(other, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    facts = certificates.describe_certificate(certificates.parse_certificate(claimed, "x"))
    assert (facts.self_signed, facts.self_signature) == (False, "bad")


def request_x509(tmp_path: Path, *options: str) -> Certificate:
    """A certificate that `openssl req -x509` makes with these options."""
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        tmp_path / "weird.key", "-outform", "DER", "-out", tmp_path / "weird.der", "-subj", "/CN=weird", *options,
    )  # fmt: skip
    return certificates.parse_certificate((tmp_path / "weird.der").read_bytes(), "weird.der")


def test_extensions_that_nobody_knows_do_not_matter(tmp_path: Path) -> None:
    weird = request_x509(
        tmp_path, "-addext", "1.2.3.4=critical,ASN1:UTF8String:x", "-addext", "extendedKeyUsage=1.2.3.4,serverAuth"
    )
    facts = certificates.describe_certificate(weird)
    assert facts.extended_key_usage == ("1.2.3.4", "serverAuth")
    assert (facts.key_algorithm, facts.key_bits) == ("EC secp256r1", 256)


@pytest.mark.parametrize(
    ("extension", "part"),
    [
        ("subjectAltName=DER:0500", "san"),
        ("subjectAltName=DER:3004a3020500", "san"),  # x400Address, which cryptography does not support
        ("keyUsage=DER:0400", "key_usage"),
        ("extendedKeyUsage=DER:020101", "extended_key_usage"),
        ("nameConstraints=DER:ff", None),
    ],
)
def test_an_extension_that_cannot_be_read_is_marked(extension: str, part: str | None, tmp_path: Path) -> None:
    """And the others are read all the same."""
    facts = certificates.describe_certificate(request_x509(tmp_path, "-addext", extension))
    assert facts.subject == "CN=weird"
    assert facts.self_signed
    assert facts.is_ca
    for each in ("san", "key_usage", "extended_key_usage"):
        assert getattr(facts, each) == ((certificates.UNREADABLE,) if each == part else ())
    assert any("cannot be read" in words for words in facts.unusual)


def test_alternative_names_of_rare_kinds_are_told(tmp_path: Path) -> None:
    (tmp_path / "weird.cnf").write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\n"
        "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ops@acme,RID:1.2.3.4,dirName:dir,DNS:ok.example\n"
        "[dir]\nO=Acme\n"
    )
    weird = request_x509(tmp_path, "-config", str(tmp_path / "weird.cnf"))
    assert certificates.describe_certificate(weird).san == (
        "other name:1.3.6.1.4.1.311.20.2.3",
        "registered id:1.2.3.4",
        "directory:O=Acme",
        "DNS:ok.example",
    )


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_old_digests_are_described(digest: str, key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "old.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    openssl(
        "req", "-x509", f"-{digest}", "-key", tmp_path / "old.key", "-subj", "/CN=old", "-outform", "DER", "-out",
        tmp_path / "old.der",
    )  # fmt: skip
    facts = certificates.describe_certificate(
        certificates.parse_certificate((tmp_path / "old.der").read_bytes(), "old.der")
    )
    assert facts.signature_algorithm == f"{digest}WithRSAEncryption"


def version_1(certificate: Certificate, key: rsa.RSAPrivateKey) -> bytes:
    """The same without version and extensions, signed anew: each openssl has other ways to make one, some have none."""
    signed, algorithm, _ = (
        tlv(part.tag, part.value) for part in der.children(der.read_tlv(certificates.encode_der(certificate)).value)
    )
    fields = [part for part in der.children(der.read_tlv(signed).value) if part.tag not in (0xA0, 0xA3)]
    signed = tlv(0x30, *(tlv(part.tag, part.value) for part in fields))
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return tlv(0x30, signed, algorithm, tlv(0x03, b"\0", signature))


def test_a_version_1_certificate_is_described(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "v1.der").write_bytes(version_1(self_signed(key), key))
    assert "Version: 1 " in openssl("x509", "-inform", "DER", "-in", tmp_path / "v1.der", "-noout", "-text")
    weird = certificates.parse_certificate((tmp_path / "v1.der").read_bytes(), "v1.der")
    assert "Version: 1 " in openssl("x509", "-in", tmp_path / "v1.der", "-noout", "-text")
    assert certificates.describe_certificate(weird).self_signed


def patched(certificate: Certificate, old: bytes, new: bytes) -> bytes:
    """The DER with every ``old`` replaced by a ``new`` of the same length; the signature is then wrong."""
    der = certificates.encode_der(certificate)
    assert old in der
    assert len(old) == len(new)
    return der.replace(old, new)


RSA_OID = bytes.fromhex("06092a864886f70d010101")
SHA256_RSA_OID = bytes.fromhex("06092a864886f70d01010b")


def test_an_unknown_public_key_is_described_by_its_number(key: rsa.RSAPrivateKey) -> None:
    """A bundle may hold such a root as a stranger; it must not spoil the rest."""
    weird = certificates.parse_certificate(patched(self_signed(key), RSA_OID, RSA_OID[:-1] + b"\x7a"), "weird")
    facts = certificates.describe_certificate(weird)
    assert facts.key_algorithm == "1.2.840.113549.1.1.122"
    assert facts.key_bits is None
    assert not facts.self_signed
    assert certificates.spki_der(weird)[4:19] == b"\x30\x0d" + RSA_OID[:-1] + b"\x7a\x05\x00"


def test_the_raw_public_key_is_cut_out_where_openssl_finds_it(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """What stands in for an unknown key is the same bytes as for a known one."""
    certificate = self_signed(key)
    pem = openssl("x509", "-in", written(certificate, tmp_path), "-noout", "-pubkey")
    assert certificates.raw_spki_der(certificate) == pem_body(pem)
    assert certificates.spki_der(certificate) == pem_body(pem)


def test_an_unknown_signature_algorithm_is_described_by_its_number(key: rsa.RSAPrivateKey) -> None:
    weird = patched(self_signed(key), SHA256_RSA_OID, SHA256_RSA_OID[:-1] + b"\x7b")
    facts = certificates.describe_certificate(certificates.parse_certificate(weird, "weird"))
    assert facts.signature_algorithm == "1.2.840.113549.1.1.123"
    assert not facts.self_signed


@pytest.mark.parametrize(("serial", "described"), [(b"\x00", "0"), (b"\xff", "-1"), (b"\x80", "-80")])
def test_zero_and_negative_serials_are_described_without_a_warning(serial: bytes, described: str) -> None:
    """Old devices make them; RFC 5280, 4.1.2.2 asks to handle them gracefully."""
    made = short_lived(NOW + timedelta(days=1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weird = certificates.parse_certificate(patched(made, b"\x02\x01\x01\x30", b"\x02\x01" + serial + b"\x30"), "x")
        assert certificates.describe_certificate(weird).serial_number == described


def short_lived(until: datetime) -> Certificate:
    signer = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(SUBJECT)
        .issuer_name(SUBJECT)
        .public_key(signer.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(until)
        .sign(signer, hashes.SHA256())
    )
    return certificates.parse_certificate(made.public_bytes(serialization.Encoding.DER), "short")


def test_years_far_away_are_described_in_four_digits() -> None:
    made = short_lived(datetime(2050, 1, 1, tzinfo=UTC))
    for year in (b"0050", b"9999"):
        der = patched(made, b"20500101000000Z", year + b"0101000000Z")
        facts = certificates.describe_certificate(certificates.parse_certificate(der, "old.crt"))
        assert to_builtins(facts)["notAfter"] == f"{year.decode()}-01-01T00:00:00Z"


def subject_in(string_type: int, tmp_path: Path) -> bytes:
    """A certificate whose subject is in the string type of this ASN1_STRING mask of openssl's."""
    (tmp_path / "old.cnf").write_text(
        f"[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=MASK:{string_type}\n[dn]\nO=Acme Z\xfcrich\n",
        encoding="latin-1",
    )
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        tmp_path / "old.key", "-outform", "DER", "-out", tmp_path / "old.der", "-config", tmp_path / "old.cnf",
    )  # fmt: skip
    return (tmp_path / "old.der").read_bytes()


def test_a_subject_in_utf_16_is_described(tmp_path: Path) -> None:
    """Windows once wrote BMPString."""
    facts = certificates.describe_certificate(certificates.parse_certificate(subject_in(0x800, tmp_path), "old.der"))
    assert facts.subject == "O=Acme Zürich"


def test_a_subject_in_t61_beyond_ascii_is_described(tmp_path: Path) -> None:
    """cryptography does not decode it; everybody else takes it for Latin-1."""
    facts = certificates.describe_certificate(certificates.parse_certificate(subject_in(0x4, tmp_path), "old.der"))
    assert facts.subject == "O=Acme Zürich"
    assert facts.self_signed


@pytest.mark.parametrize("damage", ["empty", "noise", "cut", "no date"])
def test_a_damaged_certificate_is_an_error_that_names_the_file(damage: str, key: rsa.RSAPrivateKey) -> None:
    der = certificates.encode_der(self_signed(key))
    data = {
        "empty": b"",
        "noise": b"\x30\x03\x02\x01\x00",
        "cut": der[:-1],
        "no date": der.replace(b"\x17\x0d2", b"\x17\x0dx", 1),
    }[damage]
    with pytest.raises(CertificateError) as caught:
        certificates.parse_certificate(data, "bad.crt")
    assert caught.value.code == "certificate.malformed"
    assert "bad.crt" in caught.value.message


@pytest.mark.parametrize(
    ("tag", "shown"), [(0x00, r"\#000441636d65"), (0x03, r"\#030441636d65"), (0x05, r"\#050441636d65")]
)
def test_a_subject_of_a_strange_type_is_shown_as_it_is(tag: int, shown: str, key: rsa.RSAPrivateKey) -> None:
    """A bit string, say, where a text should be: cryptography then raises what it raises nowhere else."""
    request = csr.build_csr(key, subject=SUBJECT, san=(), purpose=Purpose.JWT)
    old, new = b"\x0c\x04Acme", bytes([tag]) + b"\x04Acme"
    facts = certificates.describe_certificate(
        certificates.parse_certificate(patched(self_signed(key), old, new), "bad.crt")
    )
    assert "a value in the subject that is no text" in facts.unusual
    assert shown in facts.subject
    read = csr.describe_csr(csr.parse_csr(request.der.replace(old, new), "bad.csr"))
    assert shown in read.subject
    assert "a value in the subject that is no text" in read.unusual


@pytest.mark.parametrize("tag", [0x1F, 0x30])
def test_a_subject_that_nobody_can_read_is_an_error_of_ours(tag: int, key: rsa.RSAPrivateKey) -> None:
    damaged = patched(self_signed(key), b"\x0c\x04Acme", bytes([tag]) + b"\x04Acme")
    if tag == 0x1F:
        with pytest.raises(CertificateError, match=r"bad\.crt"):
            certificates.parse_certificate(damaged, "bad.crt")
    else:
        assert certificates.describe_certificate(certificates.parse_certificate(damaged, "bad.crt")).unusual


@pytest.fixture(scope="module")
def rich_der(key: rsa.RSAPrivateKey) -> bytes:
    """A certificate with every kind of part that is described."""
    return certificates.encode_der(
        self_signed(key, Purpose.DOMAIN, san=["a.example", "10.0.0.1", "a@b.example", "urn:a:b"])
    )


@settings(max_examples=400, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_a_certificate_with_flipped_bytes_is_described_or_refused(data: st.DataObject, rich_der: bytes) -> None:
    """Never a foreign exception, never a warning on the user's terminal."""
    damaged = bytearray(rich_der)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            certificate = certificates.parse_certificate(bytes(damaged), "damaged")
        except CertificateError:
            return
        json.dumps(to_builtins(certificates.describe_certificate(certificate)))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_request_with_flipped_bytes_is_described_or_refused(data: st.DataObject, request_der: bytes) -> None:
    damaged = bytearray(request_der)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            request = csr.parse_csr(bytes(damaged), "damaged")
        except SfkeytoolError as error:
            code = error.code
        else:
            json.dumps(to_builtins(csr.describe_csr(request)))
            return
    assert code in ("csr.malformed", "csr.unsupported")


@pytest.fixture(scope="module")
def request_der(key: rsa.RSAPrivateKey) -> bytes:
    request = csr.build_csr(key, subject=SUBJECT, san=names.parse_san(["a.example"]), purpose=Purpose.DOMAIN)
    return request.der
