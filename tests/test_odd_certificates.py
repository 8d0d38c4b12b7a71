"""Certificates that cryptography refuses and that Java and openssl take: read, kept byte for byte, and told about."""

import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import odd_certificates as odd
import pytest
from conftest import PASSWORD, Result, keytool, openssl
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from oracle_java import JavaError, java_chain, java_load, java_make, java_parse

from sfkeytool.acceptance.java import refusal_of
from sfkeytool.acceptance.rule import CannotTell
from sfkeytool.crypto import certificates, chains
from sfkeytool.crypto.certificate import Certificate, Signature

Cli = Callable[..., Result]
TRUE, FALSE = odd.tlv(1, b"\xff"), odd.tlv(1, b"\0")
NO_CA = odd.tlv(0x30)
BASIC = "2.5.29.19"
UTC, GENERALIZED = 0x17, 0x18
LAST = odd.tlv(UTC, odd.DAY[1])


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    path = Path(__file__).parent.parent / "fixtures" / "keystores" / "first.key"
    loaded = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


@pytest.fixture(scope="module")
def ca_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def version(number: int) -> bytes:
    return odd.tlv(0xA0, odd.tlv(2, bytes([number])))


# What is odd, as arguments of odd.certificate(); what the certificate says all the same.
READABLE: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "ampersand": ({"subject": odd.name("Wells & Co")}, {"subject": "CN=Wells & Co"}),
    "others in a PrintableString": ({"subject": odd.name("*@_!")}, {"subject": "CN=*@_!"}),
    "Latin-1 in a PrintableString": ({"subject": odd.name("M\xfcller")}, {"subject": "CN=Müller"}),
    "Latin-1 in a TeletexString": ({"subject": odd.name("M\xfcller", odd.TELETEX)}, {"subject": "CN=Müller"}),
    "Latin-1 in a UTF8String": ({"subject": odd.name("M\xfcller", odd.UTF8)}, {"subject": "CN=Müller"}),
    "Latin-1 in an IA5String": ({"subject": odd.name("M\xfcller", odd.IA5)}, {"subject": "CN=Müller"}),
    "half a character of UTF-16": ({"subject": odd.name("abc", 0x1E)}, {"subject": "CN=abc"}),
    "a number for a name": ({"subject": odd.name("abc", 2)}, {"subject": r"CN=\#0203616263"}),
    "a part that is not sorted": (
        {"subject": odd.tlv(0x30, odd.tlv(0x31, odd.attribute("odd"), odd.attribute("DE", type="2.5.4.6")))},
        {"subject": "C=DE+CN=odd"},
    ),
    "a part that says the same twice": (
        {"subject": odd.tlv(0x30, odd.tlv(0x31, odd.attribute("odd"), odd.attribute("odd")))},
        {"subject": "CN=odd"},
    ),
    "RSA without NULL": ({"inner": odd.algorithm(odd.RSA_SHA256)}, {}),
    "critical FALSE": ({"extensions": [odd.extension(BASIC, NO_CA, FALSE)]}, {"is_ca": False}),
    "critical 01": ({"extensions": [odd.extension(BASIC, odd.tlv(0x30, TRUE), odd.tlv(1, b"\1"))]}, {"is_ca": True}),
    "cA FALSE": ({"extensions": [odd.extension(BASIC, odd.tlv(0x30, FALSE), TRUE)]}, {"is_ca": False}),
    "cA 01": ({"extensions": [odd.extension(BASIC, odd.tlv(0x30, odd.tlv(1, b"\1")))]}, {"is_ca": True}),
    "version 1 written out": ({"version": version(0)}, {}),
    "version 2": ({"version": version(1)}, {}),
    "serial number 0": ({"serial": odd.tlv(2, b"\0")}, {"serial_number": "0"}),
    "negative serial number": ({"serial": odd.tlv(2, b"\xf0")}, {"serial_number": "-10"}),
    "padded serial number": ({"serial": odd.tlv(2, b"\0\0\x11")}, {"serial_number": "11"}),
    "long serial number": ({"serial": odd.tlv(2, b"\x11" * 40)}, {"serial_number": "11" * 40}),
    "long length": ({"serial": odd.tlv(2, b"\x11", spare=1)}, {"serial_number": "11"}),
    "long length of all": ({"wrap": lambda tbs: odd.tlv(0x30, tbs[4:], spare=1)}, {}),
    "indefinite length": ({"wrap": lambda tbs: b"\x30\x80" + tbs[4:] + b"\0\0"}, {}),
    "no seconds": (
        {"dates": (odd.tlv(UTC, b"2601010000Z"), LAST)},
        {"not_before": datetime.fromisoformat("2026-01-01T00:00:00Z")},
    ),
    "an offset": (
        {"dates": (odd.tlv(UTC, b"260101000000+0100"), LAST)},
        {"not_before": datetime.fromisoformat("2025-12-31T23:00:00Z")},
    ),
    "parts of seconds": (
        {"dates": (odd.tlv(GENERALIZED, b"20260101000000.5Z"), LAST)},
        {"not_before": datetime.fromisoformat("2026-01-01T00:00:00Z")},
    ),
    "30 February": (
        {"dates": (odd.tlv(UTC, b"260230000000Z"), LAST)},
        {"not_before": datetime.fromisoformat("2026-03-02T00:00:00Z")},
    ),
    "the year 0": (
        {"dates": (odd.tlv(GENERALIZED, b"00000101000000Z"), LAST)},
        {"not_before": datetime.fromisoformat("0001-01-01T00:00:00Z")},
    ),
}


ONLY_JAVA = {
    "no seconds",  # and openssl until 3.0
    "Latin-1 in a UTF8String",
    "half a character of UTF-16",
    "a number for a name",
    "version 2",
    "padded serial number",
}
"""What openssl 3 refuses too."""


NOT_EVERY_JAVA = {"long length", "long length of all"}
"""What Java 11 refuses, and 17 reads: nobody knows which one Salesforce has."""


def _library_reads(der: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = x509.load_der_x509_certificate(der)
            _ = (read.subject, read.issuer, read.extensions, read.not_valid_before_utc)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("case", READABLE)
def test_what_java_and_openssl_take_is_taken(case: str, key: rsa.RSAPrivateKey, folder: Path) -> None:
    """Its words, its bytes, its signature; and where cryptography refuses it, what is unusual is said."""
    arguments, said = READABLE[case]
    der = odd.certificate(key, **arguments)  # type: ignore[arg-type]
    read = certificates.parse_certificate(der, "odd.crt")
    facts = certificates.describe_certificate(read)
    assert {part: getattr(facts, part) for part in said} == said
    assert (facts.self_signed, facts.key_bits) == (True, 2048)
    assert read.public_bytes(serialization.Encoding.DER) == der
    if case in NOT_EVERY_JAVA:
        assert isinstance(refusal_of(read), CannotTell)
    else:
        assert java_parse(der) == der
        assert refusal_of(read) is None
    if not _library_reads(der):
        assert facts.unusual
    if case in ONLY_JAVA:
        return
    (folder / "odd.der").write_bytes(der)
    printed = openssl("x509", "-inform", "DER", "-in", "odd.der", "-noout", "-fingerprint", "-sha256", "-pubkey")
    assert facts.sha256 in printed


RSA, RSA_PSS = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"


def marked(key: rsa.RSAPrivateKey, algorithm: bytes) -> bytes:
    """Its certificate, with another algorithm stated for the key."""
    bits = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return odd.certificate(key, spki=odd.tlv(0x30, algorithm, odd.tlv(3, b"\0", bits)))


@pytest.mark.parametrize(("oid", "parameters"), [(RSA, odd.tlv(0x30)), (RSA_PSS, odd.NULL)])
def test_parameters_that_a_key_does_not_have_are_passed_over(
    oid: str, parameters: bytes, key: rsa.RSAPrivateKey
) -> None:
    der = marked(key, odd.algorithm(oid, parameters))
    assert not _library_reads(der)
    read = certificates.parse_certificate(der, "odd.crt")
    assert read.unusual == ("parameters that its kind of key does not have",)
    assert certificates.describe_certificate(read).key_bits == 2048
    assert java_parse(der) == der
    assert refusal_of(read) is None


def test_a_key_that_its_certificate_allows_for_pss_alone_is_not_called_rsa(key: rsa.RSAPrivateKey, cli: Cli) -> None:
    """Java verifies no RS256 with it."""
    der = marked(key, odd.algorithm(RSA_PSS))
    Path("pss.crt").write_bytes(der)
    (shown,) = cli("show", "pss.crt", "--json").json["result"]["files"]
    assert (shown["certificates"][0]["keyAlgorithm"], shown["certificates"][0]["keyBits"]) == ("RSASSA-PSS", 2048)
    (file,) = cli("check", "pss.crt", "--json").json["result"]["files"]
    assert (file["verdict"], [unknown["rule"] for unknown in file["unknown"]]) == ("unsure", ["app.key.not-rsa"])
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    Path("pss.jks").write_bytes(java_make("JKS", PASSWORD, [("pss", pkcs8, PASSWORD, [der])]))
    Path("word").write_text(PASSWORD)
    (file,) = cli("check", "pss.jks", "--password", "file:word", "--json").json["result"]["files"]
    assert file["verdict"] == "unsure"


def test_null_parameters_of_ecdsa_and_dsa_are_taken(ca_key: ec.EllipticCurvePrivateKey) -> None:
    """keytool of Java 8 and 11 wrote them; the signature is verified over the bytes as they are."""
    old = dsa.generate_private_key(1024)  # noqa: S505
    for signer, oid in ((ca_key, odd.ECDSA_SHA256), (old, odd.DSA_SHA256)):
        der = odd.certificate(signer, inner=odd.algorithm(oid, odd.NULL))
        read = certificates.parse_certificate(der, "odd.crt")
        assert chains.check_self_signature(read) is Signature.GOOD
        assert read.unusual == ("NULL parameters in a signature algorithm that has none",)
        assert java_parse(der) == der
        changed = der[:40] + bytes([der[40] ^ 1]) + der[41:]
        assert chains.check_self_signature(certificates.parse_certificate(changed, "changed")) is not Signature.GOOD


REFUSED: dict[str, dict[str, object]] = {
    "another algorithm outside": {"outer": odd.algorithm("1.2.840.113549.1.1.12", odd.NULL)},
    "extensions in version 1": {"version": b"", "extensions": [odd.CA_TRUE]},
    "extensions in version 2": {"version": version(1), "extensions": [odd.CA_TRUE]},
    "an extension twice": {"extensions": [odd.CA_TRUE, odd.CA_TRUE]},
    "an extension without a value": {"extensions": [odd.tlv(0x30, odd.oid("1.2.3.4"))]},
    "an extension that is none": {"extensions": [odd.tlv(0x38, odd.oid("1.2.3.4"), odd.tlv(4))]},
    "an empty serial number": {"serial": odd.tlv(2)},
    "no issuer": {"issuer": odd.tlv(0x30)},
    "a critical extension that is garbage": {"extensions": [odd.extension("2.5.29.15", b"garbage", TRUE)]},
    "no critical name": {"extensions": [odd.extension("2.5.29.17", odd.tlv(0x30), TRUE)]},
    "a critical name that is no URI": {
        "extensions": [odd.extension("2.5.29.17", odd.tlv(0x30, odd.tlv(0x86, b"\n\0\0\1")), TRUE)]
    },
    "an offset without seconds": {"dates": (odd.tlv(UTC, b"2601010000+0100"), LAST)},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_java_refuses_is_not_accepted(case: str, key: rsa.RSAPrivateKey, cli: Cli) -> None:
    """Under no profile: the file for an app, the upload, the keystore."""
    der = odd.certificate(key, **REFUSED[case])  # type: ignore[arg-type]
    with pytest.raises(JavaError):
        java_parse(der)
    Path("app.crt").write_bytes(der)
    for profile in ("app-cert", "signed-upload"):
        (file,) = cli("check", "app.crt", "--profile", profile, "--json").json["result"]["files"]
        assert file["verdict"] in ("reject", "unsure"), file


def test_a_signature_under_another_algorithm_than_the_signed_one_does_not_verify(key: rsa.RSAPrivateKey) -> None:
    """Were the one outside believed, which nobody signed, it would."""
    der = odd.certificate(
        key, inner=odd.algorithm("1.2.840.113549.1.1.12", odd.NULL), outer=odd.algorithm(odd.RSA_SHA256, odd.NULL)
    )
    read = certificates.parse_certificate(der, "odd.crt")
    assert chains.check_self_signature(read) is Signature.BAD
    with pytest.raises(JavaError):
        java_parse(der)


def test_an_extension_that_is_not_critical_may_be_garbage(key: rsa.RSAPrivateKey) -> None:
    """Java keeps it unparsed, and so do we; the others are read."""
    der = odd.certificate(key, extensions=[odd.extension("2.5.29.15", b"garbage"), odd.CA_TRUE])
    read = certificates.parse_certificate(der, "odd.crt")
    facts = certificates.describe_certificate(read)
    assert (facts.key_usage, facts.is_ca) == ((certificates.UNREADABLE,), True)
    assert java_parse(der) == der
    assert refusal_of(read) is None


def test_what_follows_a_certificate_is_none_of_it(key: rsa.RSAPrivateKey) -> None:
    """Java reads the first one of a stream: the fingerprint is the certificate's."""
    der = odd.certificate(key)
    read = certificates.parse_certificate(der + b"\0\0", "odd.crt")
    assert read == Certificate(der)
    assert read.unusual == ("2 bytes after its end",)
    assert java_parse(der + b"\0\0") == der


def pem(*ders: bytes) -> bytes:
    return b"".join(Certificate(der).public_bytes(serialization.Encoding.PEM) for der in ders)


@pytest.fixture
def odd_chain(key: rsa.RSAPrivateKey, ca_key: ec.EllipticCurvePrivateKey, folder: Path) -> tuple[bytes, bytes]:
    """leaf.crt and ca.crt with an ampersand in both, and leaf.key; both in DER."""
    issuer = odd.name("Wells & Company")
    ca = odd.certificate(
        ca_key, subject=issuer, inner=odd.algorithm(odd.ECDSA_SHA256, odd.NULL), extensions=[odd.CA_TRUE]
    )
    leaf = odd.certificate(
        key, signer=ca_key, subject=odd.name("pay & go"), issuer=issuer, inner=odd.algorithm(odd.ECDSA_SHA256, odd.NULL)
    )
    (folder / "leaf.crt").write_bytes(pem(leaf))
    (folder / "ca.crt").write_bytes(pem(ca))
    (folder / "leaf.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return leaf, ca


def wrapped(cli: Cli, *more: object) -> Result:
    files = ("leaf.key", "leaf.crt", "ca.crt")
    return cli("wrap", "pay", *files, *more, "--password", "env:TEST_PASSWORD", "--json")


@pytest.mark.slow
def test_keytool_lists_what_wrap_made_of_an_odd_chain(cli: Cli, odd_chain: tuple[bytes, bytes]) -> None:
    """An ampersand in leaf and CA: the chain has both, byte for byte, and wrap says what is unusual."""
    result = wrapped(cli)
    assert result.code == 0, result
    listed = keytool("-list", "-v", "-keystore", "pay/pay.jks", "-storepass", PASSWORD, "-storetype", "JKS")
    assert "Certificate chain length: 2" in listed
    shown = [certificate["sha256"] for certificate in result.json["result"]["chain"]]
    assert [line.split("SHA256: ")[1] for line in listed.splitlines() if "SHA256: " in line] == shown
    assert java_chain(java_load(Path("pay/pay.jks").read_bytes(), "JKS", PASSWORD), "pay") == odd_chain
    assert any("that a PrintableString does not have: '&'" in warning for warning in result.json["warnings"])
    assert cli("compare", "pay/pay.jks", "leaf.crt", "--password", "env:TEST_PASSWORD").code == 0


def test_every_reader_takes_an_odd_chain(cli: Cli, odd_chain: tuple[bytes, bytes]) -> None:
    """show, check, unwrap, metadata, reminder, renew, ckm chain and audit."""
    assert wrapped(cli).code == 0
    secret = ("--password", "env:TEST_PASSWORD")
    shown = cli("show", "pay/pay.jks", *secret)
    assert "subject      CN=pay & go" in shown.out
    assert "unusual      characters in the subject that a PrintableString does not have: '&'" in shown.out
    judged = cli("check", "pay/pay.jks", *secret, "--json").json["result"]["files"][0]
    assert (judged["verdict"], {finding["rule"] for finding in judged["findings"]}) == (
        "accept",
        {"ckm.certificate.unusual"},
    )
    assert cli("unwrap", "pay/pay.jks", "-d", "out", *secret).code == 0
    (leaf,) = Path("out").rglob("pay.crt")
    assert leaf.read_bytes() == Path("leaf.crt").read_bytes()
    assert cli("metadata", "pay", "--contact-email", "a@b.example").code == 0
    assert cli("reminder", "watch", "leaf.crt", "--password", "generate").code == 0
    assert cli("renew", "pay", "--password", "generate").code == 0
    assert cli("ckm", "chain", "signed", "leaf.crt", "ca.crt", "--purpose", "domain").code == 0
    Path("only").mkdir()
    Path("only/leaf.crt").write_bytes(Path("leaf.crt").read_bytes())
    (item,) = cli("audit", "only", "--json").json["result"]["items"]
    assert item["certificate"]["subject"] == "CN=pay & go"


def test_a_request_with_an_ampersand_is_taken(cli: Cli, odd_chain: tuple[bytes, bytes], key: rsa.RSAPrivateKey) -> None:
    """As Windows enrols: read, its signature verified over its own bytes, and matched with the CA's answer."""
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    wanted = odd.tlv(0x30, odd.extension(BASIC, odd.tlv(0x30, FALSE), FALSE))
    attributes = odd.tlv(0xA0, odd.tlv(0x30, odd.oid("1.2.840.113549.1.9.14"), odd.tlv(0x31, wanted)))
    body = odd.tlv(0x30, odd.tlv(2, b"\0"), odd.name("pay & go"), spki, attributes)
    der = odd.tlv(0x30, body, odd.algorithm(odd.RSA_SHA256, odd.NULL), odd.tlv(3, b"\0" + odd.sign(key, body)))
    Path("own.csr").write_bytes(der)
    assert "verify OK" in openssl("req", "-inform", "DER", "-in", "own.csr", "-verify", "-noout")
    (shown,) = cli("show", "own.csr", "--json").json["result"]["files"][0]["requests"]
    assert (shown["subject"], shown["signatureValid"]) == ("CN=pay & go", True)
    assert any("PrintableString" in words for words in shown["unusual"])
    chain = ("ckm", "chain", "signed", "leaf.crt", "ca.crt", "--purpose", "domain")
    assert cli(*chain, "--csr", "own.csr", "--json").json["result"]["requestProved"]
    Path("own.csr").write_bytes(flip_last(der))
    (shown,) = cli("show", "own.csr", "--json").json["result"]["files"][0]["requests"]
    assert not shown["signatureValid"]


GARBAGE = odd.tlv(0x30, odd.tlv(0x30, odd.tlv(2, b"\1" * 200)), odd.tlv(0x30, odd.oid("1.2.3.4")), odd.tlv(3, b"\0abc"))


def as_pem(der: bytes) -> bytes:
    import base64

    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_a_stranger_that_nobody_can_read_costs_a_warning(cli: Cli, odd_chain: tuple[bytes, bytes]) -> None:
    """In the CA's bundle, beside the chain: show, check, wrap and audit go on, and say what it violates."""
    Path("ca.crt").write_bytes(Path("ca.crt").read_bytes() + as_pem(GARBAGE))
    result = wrapped(cli)
    assert (result.code, result.json["result"]["chainComplete"]) == (0, True)
    assert any("has not the elements of a certificate" in warning for warning in result.json["warnings"])
    (shown,) = cli("show", "ca.crt", "--json").json["result"]["files"]
    assert len(shown["certificates"]) == len(shown["unreadableCertificates"]) == 1
    assert "that cannot be read" in cli("show", "ca.crt").out
    (judged,) = cli("check", "ca.crt", "--json").json["result"]["files"]
    assert any("has not the elements" in unknown["reason"] for unknown in judged["unknown"])
    Path("only").mkdir()
    Path("only/ca.crt").write_bytes(Path("ca.crt").read_bytes())
    audited = cli("audit", "only", "--json").json["result"]
    assert len(audited["items"]) == 1
    assert "certificate.malformed" in str(audited)


def test_a_leaf_that_nobody_can_read_is_the_error(cli: Cli, odd_chain: tuple[bytes, bytes]) -> None:
    """Wanted, not to be read: the violation is named, and no CA beside it is taken in its place."""
    Path("leaf.crt").write_bytes(as_pem(GARBAGE) + Path("ca.crt").read_bytes())
    for command in (
        ("wrap", "pay", "leaf.key", "leaf.crt", "--password", "generate"),
        ("reminder", "watch", "leaf.crt", "--password", "generate"),
        ("compare", "leaf.crt", "ca.crt"),
        ("ckm", "chain", "signed", "leaf.crt", "--purpose", "domain"),
    ):
        result = cli(*command, "--json")
        assert (result.code, result.json["code"]) == (1, "certificate.malformed"), command
        assert "has not the elements of a certificate" in result.json["message"]


def test_a_placeholder_does_not_stand_in_for_an_answer_that_nobody_can_read(
    cli: Cli, odd_chain: tuple[bytes, bytes], key: rsa.RSAPrivateKey
) -> None:
    Path("leaf.crt").write_bytes(pem(odd.certificate(key)))
    Path("ca.crt").write_bytes(as_pem(GARBAGE) + Path("ca.crt").read_bytes())
    result = wrapped(cli)
    assert (result.code, result.json["code"]) == (1, "certificate.malformed")
    assert not Path("pay").exists()


# Signatures


def flip_last(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])


def test_no_maker_takes_a_certificate_whose_own_signature_does_not_verify(
    cli: Cli, odd_chain: tuple[bytes, bytes], key: rsa.RSAPrivateKey
) -> None:
    """check warns, since Java reads it; wrap, metadata, reminder, renew and ckm chain refuse it."""
    good = odd.certificate(key)
    Path("own").mkdir()
    Path("own/own.key").write_bytes(Path("leaf.key").read_bytes())
    Path("own/own.crt").write_bytes(pem(flip_last(good)))
    checked = cli("check", "own/own.crt", "--json").json["result"]["files"][0]
    assert (checked["verdict"], [finding["rule"] for finding in checked["findings"]]) == (
        "accept",
        ["app.certificate.bad-signature"],
    )
    assert "NOT VERIFY" in cli("show", "own/own.crt").out
    for command in (
        ("wrap", "pay", "own/own.key", "own/own.crt", "--password", "generate"),
        ("metadata", "own", "--contact-email", "a@b.example"),
        ("reminder", "watch", "own/own.crt", "--password", "generate"),
        ("renew", "own", "--password", "generate"),
        ("ckm", "chain", "signed", "own/own.crt", "--purpose", "domain"),
    ):
        result = cli(*command, "--json")
        assert result.code == 1, command
        assert result.json["code"].endswith("certificate.bad-signature"), command
        assert not Path("pay").exists()


def test_a_pair_that_nobody_can_judge_is_refused_with_a_way_on_that_can_be_typed(cli: Cli, folder: Path) -> None:
    """Whether a key that is marked RSASSA-PSS counts as RSA, no page tells."""
    openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "pss.key")
    openssl("req", "-x509", "-key", "pss.key", "-out", "pss.crt", "-days", "100", "-subj", "/CN=pss")
    result = cli("wrap", "pay", "pss.key", "pss.crt", "--password", "generate", "--json")
    assert (result.code, result.json["code"]) == (1, "ckm.key.not-rsa")
    assert "cannot be judged" in result.json["message"]
    assert not any("{" in action for action in result.json["actions"])
    assert not (folder / "pay").exists()


@pytest.mark.parametrize("name", ["bad-signature.jks", "algorithms-differ.jks"])
def test_unwrap_says_which_certificate_is_damaged_and_writes_the_key(
    name: str, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORPUS_PASSWORD", "worthless-corpus-password")
    corpus = Path(__file__).parent.parent / "fixtures" / "corpus"
    result = cli("unwrap", corpus / name, "--password", "env:CORPUS_PASSWORD", "--json").json
    assert any("pay.crt is damaged" in warning for warning in result["warnings"])
    assert "unwrap.damaged-certificate" in [notice["code"] for notice in result["notices"]]
    assert (folder / "pay" / "pay.key").is_file()


@pytest.mark.slow
def test_wrap_makes_no_keystore_that_java_cannot_open(
    cli: Cli, odd_chain: tuple[bytes, bytes], key: rsa.RSAPrivateKey
) -> None:
    """Refused by Java, or perhaps: either way nothing is "proved" on it."""
    for number, case in enumerate(REFUSED):
        Path("leaf.crt").write_bytes(pem(odd.certificate(key, **REFUSED[case])))  # type: ignore[arg-type]
        result = cli("wrap", f"pay{number}", "leaf.key", "leaf.crt", "--password", "generate", "--json")
        assert (result.code, result.json["code"]) == (1, "ckm.store.damaged"), case
        assert not Path(f"pay{number}").exists()


@pytest.mark.parametrize("oid", ["1.2.840.113549.1.1.2", "1.2.3.4.5"])  # MD2, and none at all
def test_a_signature_that_cannot_be_tested_is_not_called_bad(oid: str, key: rsa.RSAPrivateKey, cli: Cli) -> None:
    Path("old.crt").write_bytes(pem(odd.certificate(key, inner=odd.algorithm(oid, odd.NULL))))
    shown = cli("show", "old.crt", "--json").json["result"]["files"][0]["certificates"][0]
    assert (shown["selfSigned"], shown["selfSignature"]) == (False, "not-tested")
    assert "not tested" in cli("show", "old.crt").out
    (checked,) = cli("check", "old.crt", "--json").json["result"]["files"]
    assert checked["verdict"] == "accept"
    assert [unknown["rule"] for unknown in checked["unknown"]] == ["app.certificate.bad-signature"]
    assert "not tested" in checked["unknown"][0]["reason"]


def test_a_signature_that_the_named_issuer_did_not_make_is_bad(
    cli: Cli, key: rsa.RSAPrivateKey, ca_key: ec.EllipticCurvePrivateKey, folder: Path
) -> None:
    """The issuer is there, by name and key identifier: it is not called missing alone."""
    own = odd.extension("2.5.29.14", odd.tlv(4, b"k" * 20))
    by = odd.extension("2.5.29.35", odd.tlv(0x30, odd.tlv(0x80, b"k" * 20)))
    ca = odd.certificate(ca_key, subject=odd.name("CA"), extensions=[odd.CA_TRUE, own])
    leaf = odd.certificate(key, signer=ca_key, issuer=odd.name("CA"), extensions=[by])
    Path("chain.crt").write_bytes(pem(flip_last(leaf), ca))
    (checked,) = cli("check", "chain.crt", "--profile", "signed-upload", "--json").json["result"]["files"]
    assert "signed.certificate.bad-signature" in [finding["rule"] for finding in checked["findings"]]
