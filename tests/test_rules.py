"""The rules as data, and single rules at their edges."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from conftest import PASSWORD
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec.structs import replace

from sfkeytool.acceptance import rules
from sfkeytool.acceptance.catalogue import CATALOGUE, describe_catalogue, rule_by_id
from sfkeytool.acceptance.engine import Verdict, judge
from sfkeytool.acceptance.private_key import parse_pkcs8
from sfkeytool.acceptance.rule import Basis, CannotTell, Evidence, Rule, Severity
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.crypto import certificates, keys
from sfkeytool.crypto.certificate import Certificate
from sfkeytool.crypto.rsa_numbers import RsaNumbers
from sfkeytool.keystores import jks
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Profile, Purpose
from sfkeytool.passwords import Secret

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES_PAGE = Path(__file__).parent.parent / "docs" / "rules.md"


def rule(**changes: Any) -> Rule:
    """A rule that is right but for ``changes``."""
    values: dict[str, Any] = {
        "id": "ckm.store.example",
        "severity": Severity.WARN,
        "basis": Basis.INFERRED,
        "title": "An example",
        "why": "Because.",
        "citation": "A page",
        "fix": "do it",
        "profiles": (Profile.CKM_IMPORT,),
        "check": lambda _: (),
    }
    return Rule(**{**values, **changes})


def test_ids_are_unique_and_every_rule_of_the_modules_is_listed() -> None:
    """The catalogue is written by hand: nothing may be forgotten in it, or stand there twice."""
    ids = [one.id for one in CATALOGUE]
    assert len(set(ids)) == len(ids)
    modules = [import_module(f"{rules.__name__}.{found.name}") for found in iter_modules(rules.__path__)]
    defined = {value.id for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert defined == set(ids)


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.id)
def test_each_rule_says_where_it_comes_from(one: Rule) -> None:
    """A DOCUMENTED rule names its article; only an INFERRED one may lack a page of Salesforce's or a report."""
    assert one.citation
    assert one.why
    assert one.fix
    if one.basis is Basis.DOCUMENTED:
        assert one.citation.startswith(
            ("Salesforce Help", "Salesforce Knowledge", "Metadata API Developer Guide", "RFC ")
        )
    assert "http" in one.citation
    assert not (one.basis is Basis.INFERRED and one.severity is Severity.ERROR)


def test_what_is_only_inferred_cannot_become_an_error() -> None:
    """Not by a slip either: construction refuses it, as it refuses a bad id and a rule without a source."""
    assert rule().severity is Severity.WARN
    with pytest.raises(ValueError, match="inferred"):
        rule(severity=Severity.ERROR)
    with pytest.raises(ValueError, match="inferred"):
        replace(rule(severity=Severity.ERROR, basis=Basis.OBSERVED), basis=Basis.INFERRED)
    with pytest.raises(ValueError, match="citation"):
        rule(citation="")
    for bad in ("ckm", "store.x", "ckm.Store.x", "ckm.store.x_y", "ckm.store."):
        with pytest.raises(ValueError, match="rule id"):
            rule(id=bad)


def test_the_documented_refusals_carry_salesforces_own_words() -> None:
    """Verbatim from the error table of the help page, and from the article about key passwords."""
    assert {one.id: one.salesforce_message for one in CATALOGUE if one.salesforce_message} == {
        "ckm.store.integrity": "Keystore was tampered with, or password was incorrect",
        "ckm.entry.no-private-key": (
            "No certificate was imported because the keystore file doesn't contain a PrivateKey entry."
        ),
        "ckm.entry.key-password": (
            "The Keystore contains a certificate 'certName' whose per key password is not the same as the keystore"
            " password."
        ),
        "ckm.entry.alias": "Keystore contains an entry whose alias is not acceptable for import",
        "ckm.key.not-rsa": "The key is not an RSA key.",
        "ckm.key.not-pkcs8": "The key must be in PKCS#8 format.",
        "ckm.key.unsupported-size": "Imported keys must have a bit size of 2048, 3072, or 4096.",
        "ckm.key.mismatch": "The private key does not match the certificate chain in the keystore.",
    }


def test_the_page_about_the_rules_is_up_to_date() -> None:
    """python -m sfkeytool.acceptance.catalogue > docs/rules.md"""
    assert RULES_PAGE.read_text(encoding="utf-8") == describe_catalogue()


@pytest.mark.parametrize(
    ("severity", "answers", "verdict"),
    [
        (Severity.ERROR, [], Verdict.ACCEPT),
        (Severity.ERROR, [Evidence("f", "a", "b")], Verdict.REJECT),
        (Severity.ERROR, [CannotTell("no password")], Verdict.UNSURE),
        (Severity.ERROR, [CannotTell("one"), Evidence("f", "a", "b")], Verdict.REJECT),
        (Severity.WARN, [Evidence("f", "a", "b")], Verdict.ACCEPT),
        (Severity.WARN, [CannotTell("open")], Verdict.ACCEPT),
        (Severity.NOTE, [Evidence("f", "a", "b")], Verdict.ACCEPT),
    ],
)
def test_the_verdict_follows_from_errors_alone(severity: Severity, answers: list[Any], verdict: Verdict) -> None:
    """Accept needs every ERROR judged and passed; a warning never rejects."""
    one = rule(severity=severity, basis=Basis.OBSERVED, check=lambda _: answers)
    subject = prepare_subject(InputFile("f", b"x"), as_of=NOW, profile=Profile.CKM_IMPORT)
    assert judge(subject, [one]).verdict is verdict


def test_a_rule_that_does_not_apply_is_not_asked() -> None:
    """Neither outside its profile, nor where ``applies`` says no."""

    def explode(_: object) -> Any:
        raise AssertionError("asked all the same")

    subject = prepare_subject(InputFile("f", b"x"), as_of=NOW, profile=Profile.CKM_IMPORT)
    rules = [rule(check=explode, profiles=(Profile.APP_CERT,)), rule(check=explode, applies=lambda _: False)]
    assert judge(subject, rules).findings == ()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def issuer() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(
    key: rsa.RSAPrivateKey,
    issuer: rsa.RSAPrivateKey | None = None,
    *,
    start: datetime = NOW - timedelta(days=1),
    end: datetime = NOW + timedelta(days=100),
    usages: tuple[Any, ...] = (),
    san: str | None = None,
    name: str = "leaf",
    by: str = "root",
    is_ca: bool = False,
) -> Certificate:
    """Self-signed, or signed by ``issuer``."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]) if issuer else subject
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(above).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(is_ca, None), critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(san)]), critical=False)
    return Certificate(builder.sign(issuer or key, hashes.SHA256()).public_bytes(Encoding.DER))


def findings(
    key: rsa.RSAPrivateKey,
    *chain: Certificate,
    alias: str = "pay",
    as_of: datetime = NOW,
    purpose: Purpose = Purpose.JWT,
) -> set[str]:
    """The rules that fail for a keystore of our own codec."""
    data = jks.encode_jks(
        alias=alias,
        key_pkcs8=keys.encode_key_pkcs8(key),
        chain_der=[certificates.encode_der(one) for one in chain],
        password=Secret(PASSWORD),
        created_at_ms=0,
    )
    file = InputFile("pay.jks", data)
    report = judge(prepare_subject(file, as_of=as_of, purpose=purpose, passwords=[Secret(PASSWORD)]))
    assert not report.unknown
    return set(report.rule_ids)


@pytest.mark.parametrize(
    ("alias", "failing"),
    [
        ("a", set()),
        ("pay_api_2", set()),
        ("x" * 40, set()),
        ("x" * 41, {"ckm.entry.alias-length"}),
        ("", {"ckm.entry.alias"}),
        ("1", {"ckm.entry.alias"}),
        ("_a", {"ckm.entry.alias"}),
        ("a_", {"ckm.entry.alias"}),
        ("a__b", {"ckm.entry.alias"}),
        ("a-b", {"ckm.entry.alias"}),
        ("a b", {"ckm.entry.alias"}),
        ("schlüssel", {"ckm.entry.alias"}),
    ],
)
def test_aliases(alias: str, failing: set[str], key: rsa.RSAPrivateKey) -> None:
    """The rule of Setup's unique names; length alone is a note."""
    assert findings(key, certificate(key), alias=alias) == failing


@pytest.mark.parametrize(
    ("left", "failing"),
    [
        (timedelta(days=61), set()),
        (timedelta(days=30), set()),
        (timedelta(days=10), set()),
        (timedelta(days=9), {"ckm.certificate.no-mail-left"}),
        (timedelta(days=1), {"ckm.certificate.no-mail-left"}),
        (timedelta(0), {"ckm.certificate.no-mail-left"}),
        (timedelta(seconds=-1), {"ckm.certificate.expired"}),
    ],
)
def test_dates_around_the_expiry(left: timedelta, failing: set[str], key: rsa.RSAPrivateKey) -> None:
    """Ten days ahead an early mail still comes; after that those of the last two days alone."""
    end = NOW + timedelta(days=100)
    assert findings(key, certificate(key, end=end), as_of=end - left) == failing


def test_not_yet_valid(key: rsa.RSAPrivateKey) -> None:
    start = NOW + timedelta(hours=1)
    assert findings(key, certificate(key, start=start)) == {"ckm.certificate.not-yet-valid"}


@pytest.mark.parametrize(
    ("start", "days", "too_long"),
    [
        (datetime(2020, 8, 31, tzinfo=UTC), 825, False),
        (datetime(2026, 3, 14, tzinfo=UTC), 398, False),
        (datetime(2026, 3, 14, tzinfo=UTC), 399, True),
        (datetime(2026, 3, 15, tzinfo=UTC), 200, False),
        (datetime(2026, 3, 15, tzinfo=UTC), 201, True),
        (datetime(2027, 3, 15, tzinfo=UTC), 100, False),
        (datetime(2027, 3, 15, tzinfo=UTC), 101, True),
        (datetime(2029, 3, 15, tzinfo=UTC), 47, False),
        (datetime(2029, 3, 15, tzinfo=UTC), 48, True),
    ],
)
def test_how_long_public_tls_certificates_may_live(
    start: datetime, days: int, too_long: bool, key: rsa.RSAPrivateKey, issuer: rsa.RSAPrivateKey
) -> None:
    """By the day of issue; a certificate's last second belongs to its life."""
    leaf = certificate(
        key,
        issuer,
        start=start,
        end=start + timedelta(days=days, seconds=-1),
        usages=(ExtendedKeyUsageOID.SERVER_AUTH,),
    )
    failing = findings(key, leaf, as_of=start + timedelta(hours=1))
    assert ("ckm.certificate.public-lifetime" in failing) is too_long
    alone = certificate(key, start=start, end=start + timedelta(days=900), usages=(ExtendedKeyUsageOID.SERVER_AUTH,))
    assert "ckm.certificate.public-lifetime" not in findings(key, alone, as_of=start + timedelta(hours=1))


def test_chains_in_every_shape(key: rsa.RSAPrivateKey, issuer: rsa.RSAPrivateKey) -> None:
    """Order, strangers, gap and a missing root are four different things."""
    root_key = rsa.generate_private_key(65537, 2048)
    root = certificate(root_key, name="root", is_ca=True)
    middle = certificate(issuer, root_key, name="middle", by="root", is_ca=True)
    leaf = certificate(key, issuer, by="middle")
    stranger = certificate(root_key, name="somebody else")
    assert findings(key, leaf, middle, root) == set()
    assert findings(key, leaf, root, middle) == {"ckm.chain.order"}
    assert findings(key, leaf, middle, middle, root) == {"ckm.chain.order"}
    assert findings(key, root, middle, leaf) == {"ckm.key.mismatch", "ckm.chain.order"}
    assert findings(key, leaf, middle, root, stranger) == {"ckm.chain.stranger"}
    assert findings(key, leaf) == {"ckm.chain.gap"}
    assert findings(key, leaf, root) == {"ckm.chain.gap"}, "above a gap a root is no stranger"
    assert findings(key, leaf, middle) == {"ckm.chain.root-missing"}


def test_purposes(key: rsa.RSAPrivateKey, issuer: rsa.RSAPrivateKey) -> None:
    """A domain needs SAN, serverAuth and the chain; a client clientAuth only where usages are limited."""
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    plain, domain = certificate(key), certificate(key, usages=(server,), san="a.example")
    assert findings(key, plain, purpose=Purpose.DOMAIN) == {"domain.certificate.san", "domain.certificate.server-auth"}
    assert findings(key, domain, purpose=Purpose.DOMAIN) == set()
    issued = certificate(key, issuer, usages=(server,), san="a.example")
    assert findings(key, issued, purpose=Purpose.DOMAIN) == {"domain.chain.incomplete", "ckm.chain.gap"}
    assert findings(key, plain, purpose=Purpose.MTLS) == set()
    assert findings(key, domain, purpose=Purpose.MTLS) == {"mtls.certificate.client-auth"}
    both = certificate(key, issuer, usages=(server, client))
    assert findings(key, both, purpose=Purpose.MTLS) == {
        "ckm.certificate.dual-usage",
        "ckm.chain.gap",
        "mtls.chain.intermediate-missing",
    }


def test_a_private_keys_numbers_are_read_without_loading_it(key: rsa.RSAPrivateKey) -> None:
    """The same numbers as the library's; each single one changed is noticed; a shifted bit in the key is a mismatch."""
    parsed = parse_pkcs8(keys.encode_key_pkcs8(key))
    assert parsed is not None
    assert parsed.algorithm == "RSA"
    numbers = parsed.rsa
    assert isinstance(numbers, RsaNumbers)
    private = key.private_numbers()
    assert (numbers.modulus, numbers.public_exponent) == (private.public_numbers.n, 65537)
    assert numbers.bits == 2048
    assert numbers.consistent()
    for changed in (
        replace(numbers, private_exponent=numbers.private_exponent + 2),
        replace(numbers, primes=(numbers.primes[0] + 2, numbers.primes[1])),
        replace(numbers, exponents=(numbers.exponents[0] + 2, numbers.exponents[1])),
        replace(numbers, coefficient=numbers.coefficient + 1),
        replace(numbers, modulus=numbers.modulus + 2),
        replace(numbers, primes=(0, 0)),
        replace(numbers, public_exponent=0),
    ):
        assert not changed.consistent()
    assert str(numbers.private_exponent) not in repr(parsed) + repr(numbers)


def test_a_rule_is_found_by_its_id() -> None:
    assert rule_by_id("ckm.key.not-rsa") in CATALOGUE
    assert rule_by_id("ckm.key.nonsense") is None


def test_a_key_that_contradicts_itself_is_a_mismatch(key: rsa.RSAPrivateKey) -> None:
    """Modulus and exponent are the certificate's, one private number is not: nothing signed with it would verify."""
    key_pkcs8 = bytearray(keys.encode_key_pkcs8(key))
    key_pkcs8[-1] ^= 2  # the last number is the coefficient
    data = jks.encode_jks(
        alias="pay",
        key_pkcs8=bytes(key_pkcs8),
        chain_der=[certificates.encode_der(certificate(key))],
        password=Secret(PASSWORD),
        created_at_ms=0,
    )
    subject = prepare_subject(InputFile("pay.jks", data), as_of=NOW, passwords=[Secret(PASSWORD)])
    assert judge(subject).rule_ids == ("ckm.key.mismatch",)
