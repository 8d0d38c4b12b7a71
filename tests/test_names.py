"""Unique names, subjects and subject alternative names; openssl says what ended up in the certificate."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import openssl
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from sfkeytool.crypto import certificates, issuing, names
from sfkeytool.errors import UsageError
from sfkeytool.model import Purpose
from sfkeytool.names import legal_name, parse_record_id, parse_unique_name

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def subject_by_openssl(key: rsa.RSAPrivateKey, subject: x509.Name, folder: Path, *nameopt: str) -> str:
    """The subject as openssl reads it out of a certificate that has it."""
    certificate = issuing.build_self_signed(key, subject=subject, san=(), purpose=Purpose.JWT, days=1, now=NOW)
    path = folder / "subject.crt"
    path.write_bytes(certificates.encode_pem(certificate))
    options = ",".join(["utf8", "sname", "sep_comma_plus", *nameopt])
    return openssl("x509", "-in", path, "-noout", "-subject", "-nameopt", options).removeprefix("subject=").rstrip("\n")


def refusal(parse: Callable[[Any], object], value: object) -> UsageError | None:
    """The usage error that a value ends in, if it does; any other exception fails the test."""
    try:
        parse(value)
    except UsageError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pay_api", "pay_api"),
        ("Pay_API2", "pay_api2"),
        ("a", "a"),
        ("a" * 40, "a" * 40),
        ("com", "com"),
        ("com10", "com10"),
    ],
)
def test_a_legal_unique_name_is_taken_in_lower_case(text: str, value: str) -> None:
    """Setup shows it in lower case, and Java finds no key under another."""
    name = parse_unique_name(text)
    assert (name.value, name.given, name.changed) == (value, text, value != text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("1pay", "begin with a letter"),
        ("_pay", "begin with a letter"),
        ("pay_", "end with an underscore"),
        ("pay__api", "two underscores"),
        ("pay-api", "letters"),
        ("pay api", "letters"),
        ("zahlungßen", "letters"),
        ("pay\n", "letters"),
        ("../pay", "letters"),
        ("a" * 41, "41 characters"),
        ("CON", "Windows"),
        ("nul", "Windows"),
        ("com1", "Windows"),
        ("LPT0", "Windows"),
    ],
)
def test_an_illegal_unique_name_is_refused_with_the_rule_and_a_legal_one(text: str, rule: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_unique_name(text)
    assert caught.value.code == "usage.name"
    assert rule in caught.value.message
    suggestion = caught.value.hints[0].removeprefix("for instance ")
    assert parse_unique_name(suggestion).value == suggestion


@given(st.text())
@pytest.mark.slow
def test_every_text_has_a_legal_name_near_it(text: str) -> None:
    value = legal_name(text).value
    assert parse_unique_name(value).value == value


def test_a_bad_alias_keeps_its_words_in_the_legal_name() -> None:
    assert legal_name("1-bad__alias_").value == "key_1_bad_alias"
    assert legal_name("Pay API (prod)").value == "pay_api_prod"


def test_the_parts_of_a_subject_come_in_the_usual_order(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """Country first, as openssl writes it; text is UTF8String, country and mail address have types of their own."""
    subject = names.build_subject(
        common_name="pay",
        organization="Acme",
        organizational_unit="Ops",
        locality="Köln",
        state="NRW",
        country="de",
        email="ops@acme.example",
    )
    read = subject_by_openssl(key, subject, tmp_path, "show_type", "esc_2253")
    assert read == (
        "C=PRINTABLESTRING:DE,ST=UTF8STRING:NRW,L=UTF8STRING:Köln,O=UTF8STRING:Acme,OU=UTF8STRING:Ops,"
        "CN=UTF8STRING:pay,emailAddress=IA5STRING:ops@acme.example"
    )


@pytest.mark.parametrize(
    "text", ["Zürich", "日本電信電話株式会社", "Ελλάδα", 'a,b+c=d"e\\f<g>;#h', "🔑", "x" * 64, "é" * 64]
)
def test_text_comes_through_a_certificate_unchanged(text: str, key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """The upper bound of 64 counts characters, not the bytes that they take in UTF-8."""
    built = names.build_subject(common_name=text)
    assert subject_by_openssl(key, built, tmp_path) == f"CN={text}"
    described = names.describe_name(built)
    assert names.parse_subject(described) == built


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("common_name", "x" * 65, "65 characters; X.520 allows 64"),
        ("organization", "é" * 65, "65 characters; X.520 allows 64"),
        ("organizational_unit", "x" * 65, "64"),
        ("locality", "x" * 129, "129 characters; X.520 allows 128"),
        ("state", "x" * 129, "128"),
        ("country", "DEU", "two letters"),
        ("country", "D1", "two letters"),
        ("country", "ÄÖ", "two letters"),
        ("country", "", "two letters"),
        ("email", "x" * 250 + "@a.example", "260 characters; X.520 allows 255"),
        ("email", "jürgen@acme.example", "mail address in ASCII"),
        ("email", "nobody", "mail address"),
        ("common_name", "", "empty"),
        ("common_name", "  ", "empty"),
        ("common_name", "pay\x1b[31m", "control character"),
        ("organization", "Acme\nInc", "control character"),
        ("locality", "K\u200bln", "invisible"),
        ("common_name", "\udc80", "control character"),
    ],
)
def test_a_part_beyond_its_bounds_is_refused_by_the_name_of_its_option(option: str, value: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.build_subject(**{option: value})
    assert caught.value.code == "usage.subject"
    assert caught.value.message.startswith("--" + option.replace("_", "-") + ": ")
    assert complaint in caught.value.message


def test_the_largest_allowed_parts_are_taken(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    subject = names.build_subject(
        organization="o" * 64, organizational_unit="u" * 64, locality="l" * 128, state="s" * 128,
        email="m" * 64 + "@" + ".".join(["d" * 61] * 3) + ".ex",
    )  # fmt: skip
    assert "L=" + "l" * 128 in subject_by_openssl(key, subject, tmp_path)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("CN=pay,O=Acme,C=DE", "C=DE,O=Acme,CN=pay"),
        ("CN=pay, O=Acme Inc, C=de", "C=DE,O=Acme Inc,CN=pay"),
        ("cn=pay , o = Acme", "O=Acme,CN=pay"),
        ("CN=Acme\\, Inc.,OU=a\\+b", "OU=a+b,CN=Acme, Inc."),
        ("CN=K\\C3\\B6ln", "CN=Köln"),
        ("CN=pay+OU=x,O=Acme", "O=Acme,OU=x+CN=pay"),
        ("E=ops@acme.example,CN=pay", "CN=pay,emailAddress=ops@acme.example"),
        ("emailAddress=ops@acme.example", "emailAddress=ops@acme.example"),
        ("CN=pay,S=NRW,L=Köln", "L=Köln,ST=NRW,CN=pay"),
        ("CN=pay,DC=acme,DC=example", "DC=example,DC=acme,CN=pay"),
        ("2.5.4.3=pay", "CN=pay"),
        ("CN=two  blanks\\ ", "CN=two  blanks "),
    ],
)
def test_an_rfc_4514_subject_means_what_openssl_reads(
    text: str, read: str, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    """The last part is the largest, so it comes first in the certificate."""
    assert subject_by_openssl(key, names.parse_subject(text), tmp_path) == read


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("/CN=pay/O=Acme", "not an RFC 4514 name from '/CN=pay/O=Acme' on"),
        ("CN=pay,", "not an RFC 4514 name"),
        ("CN=pay,Acme", "from 'Acme' on"),
        ("CN=Acme, Inc.", "from ' Inc.' on"),
        ("CN=a;b", "not an RFC 4514 name"),
        ("FOO=x", "FOO is no attribute"),
        ("9.9.9=x", "9.9.9 is no attribute"),
        ("CN=" + "x" * 65, "--subject: CN: the value has 65 characters; X.520 allows 64"),
        ("CN=pay,C=DEU", "--subject: C: a country is two letters"),
        ("CN=", "CN: the value is empty"),
        ("CN=a\\0Ab", "control character"),
        ("CN=\\FF", "not UTF-8"),
        ("CN=#0C0161", "hexadecimal"),
        ("DC=é", "does not allow"),
        ("serialNumber=a*b", "does not allow"),
        ("CN=a+CN=a", "twice"),
    ],
)
def test_what_is_no_subject_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.parse_subject(text)
    assert caught.value.code == "usage.subject"
    assert complaint in caught.value.message


@given(st.text(max_size=80) | st.from_regex(r"(CN|O|C|1\.2\.3)=[ -~é]{0,9}(,|\+)OU=.{0,5}", fullmatch=True))
def test_any_text_is_a_subject_or_a_usage_error(text: str) -> None:
    error = refusal(names.parse_subject, text)
    assert error is None or (error.code == "usage.subject" and error.message.isprintable())


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("pay.acme.example", "DNS:pay.acme.example"),
        ("*.acme.example", "DNS:*.acme.example"),
        ("localhost", "DNS:localhost"),
        ("xn--kln-sna.example", "DNS:xn--kln-sna.example"),
        ("10.1.2.3", "IP Address:10.1.2.3"),
        ("2001:db8::1", "IP Address:2001:DB8:0:0:0:0:0:1"),
        ("ops@acme.example", "email:ops@acme.example"),
        ("https://acme.example/a?b=c", "URI:https://acme.example/a?b=c"),
        ("urn:acme:pay", "URI:urn:acme:pay"),
        ("spiffe://acme/pay", "URI:spiffe://acme/pay"),
        ("dns:pay", "DNS:pay"),
        ("IP:::1", "IP Address:0:0:0:0:0:0:0:1"),
        ("email:a+b@acme.example", "email:a+b@acme.example"),
        ("uri:mailto:a@acme.example", "URI:mailto:a@acme.example"),
    ],
)
def test_an_alternative_name_is_told_by_its_form(value: str, read: str, key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    certificate = issuing.build_self_signed(
        key,
        subject=names.build_subject(common_name="san"),
        san=names.parse_san([value]),
        purpose=Purpose.DOMAIN,
        days=1,
        now=NOW,
    )
    path = tmp_path / "san.crt"
    path.write_bytes(certificates.encode_pem(certificate))
    assert openssl("x509", "-in", path, "-noout", "-ext", "subjectAltName").splitlines()[1].strip() == read


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "*", "*.", "a.*.example", "a..b", ".a", "a.", "-a.example", "a-.example", "a b", "x" * 64,
        ".".join(["abc"] * 70), "10.0.0.300", "1.2.3", "dns:10.0.0.1", "acme.example:443", "fe80::1%eth0",
        "ip:pay", "10.0.0.0/8", "a@b@c", "@acme.example", "ops@", "ops@*.example", "mailto:ops@acme.example",
        "email:Ops <ops@acme.example>", "https://", "https://a b/", "http://[::1", "uri:x", "pay\x1b[31m", "a\nb",
    ],
)  # fmt: skip
def test_what_is_no_alternative_name_is_refused(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.parse_san([value])
    assert caught.value.code == "usage.san"
    assert repr(value) in caught.value.message


@pytest.mark.parametrize(
    "value", ["bücher.example", "jürgen@acme.example", "https://bücher.example/", "dns:bücher.example"]
)
def test_an_international_name_is_refused_with_the_way_to_write_it(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.parse_san([value])
    assert "xn--" in caught.value.hints[0]


def test_the_same_alternative_name_twice_is_one() -> None:
    assert len(names.parse_san(["a.example", "dns:a.example", "10.0.0.1", "ip:10.0.0.1"])) == 2


@given(st.text(max_size=40))
def test_any_text_is_an_alternative_name_or_a_usage_error(value: str) -> None:
    error = refusal(names.parse_san, [value])
    assert error is None or (error.code == "usage.san" and error.message.isprintable())


def test_a_name_with_terminal_escapes_is_safe_to_print() -> None:
    """A certificate's maker chooses its subject; RFC 4514 has a way to write such characters."""
    hostile = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "a\x1b]0;x\x07\n\u202eb")])
    described = names.describe_name(hostile)
    assert described == "O=a\\1B]0\\;x\\07\\0A\\E2\\80\\AEb"
    assert re.fullmatch(r"[ -~]+", described)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("0P15g000000KmXc", "0P15g000000KmXc"),
        ("0P15g000000KmXcCAK", "0P15g000000KmXc"),
        ("0p15G000000kMxCcak", "0P15g000000KmXc"),
        ("001D000000IqhSLIAZ", "001D000000IqhSL"),
        ("00D000000000062EAA", "00D000000000062"),
        ("0P15g000000KmXc9AK", None),  # 9 is none of the checksum's characters
        ("0P15g000000KmXcZZZ", None),  # it wants an upper-case digit
        ("0P15g000000KmX", None),
        ("0P15g000000KmXcC", None),
        ("Sign_Cert_of_15", None),
        ("SignCertOfChars", None),
        ("", None),
    ],
)
def test_a_record_id_has_15_characters_whose_case_counts(text: str, short: str | None) -> None:
    """Of 18, the checksum says the case, whatever became of it."""
    assert parse_record_id(text) == short


@pytest.mark.parametrize(
    "text", ["##[error]x", "a##vso[task.x]", "###[x", "::error::x", "a::Add-Mask::b", "#x", "\\##[x"]
)
def test_what_ci_systems_obey_is_escaped_as_rfc_4514_has_it(text: str) -> None:
    """Nothing is obeyed, and whoever reads the string gets the very name."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    shown = names.describe_name(name)
    assert not re.search(r"##\w*\[|::(?:error|add-mask)", shown, re.IGNORECASE)
    assert names.parse_subject(shown) == name
    assert "\\" in shown


def test_an_ipv6_address_stays_as_it_is() -> None:
    """Two colons before what is no command."""
    assert names.escape_unprintable("IP:2001:db8::add1, ::1, ::dead") == "IP:2001:db8::add1, ::1, ::dead"
