"""``check``: every kind of file under every profile, so that nothing is accepted which nobody looked at."""

import base64
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import bcfks
import odd_certificates as odd
import pytest
import workshop
from conftest import PASSWORD, Result, openssl, pem_body
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import NameOID
from dated_certificates import dated
from pfx import tlv
from test_check import REFUSED_BITS, keystore, rules, self_signed_pair
from test_json import validate
from test_pkcs12 import oid, sequence

from sfkeytool.crypto.sniff import FileKind, normalise_text, sniff
from sfkeytool.model import Profile

Cli = Callable[..., Result]
CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
KEYS = CORPUS.parent / "keystores"
CORPUS_PASSWORD = "worthless-corpus-password"
AS_OF = ("--as-of", "2026-11-24")

ALGORITHM = sequence(oid("2a864886f70d01010b"), tlv(0x05))
CRL = sequence(sequence(ALGORITHM, sequence(), tlv(0x17, b"261124000000Z")), ALGORITHM, tlv(0x03, bytes(257)))
"""Version 1, of nobody: the shape alone counts."""


ENVELOPED = tlv(0x30, oid("2a864886f70d010703"), tlv(0xA0, tlv(0x30, tlv(0x02, b"\0"))))
"""The frame of a CMS message: who may read it, and what it says, does not matter here."""


@cache
def contents(kind: FileKind) -> bytes:
    """A sound file of a kind."""
    named = {
        FileKind.JKS: "chain.jks",
        FileKind.JCEKS: "jceks.jks",
        FileKind.BKS: "bks.jks",
        FileKind.UBER: "uber.jks",
        FileKind.BCFKS: "bcfks.jks",
        FileKind.PKCS12: "pfx.p12",
        FileKind.PEM: "signed.crt",
        FileKind.XML: "app-metadata.xml",
        FileKind.DER_CERTIFICATE: "app.der",
    }
    if kind in named:
        return (CORPUS / named[kind]).read_bytes()
    pems = {FileKind.DER_CSR: "request.csr", FileKind.DER_PKCS7: "signed.p7b", FileKind.DER_KEY: "app-key.pem"}
    if kind in pems:
        return pem_body((CORPUS / pems[kind]).read_text())
    if kind is FileKind.DER_ENCRYPTED_KEY:
        text = (CORPUS / "app-with-encrypted-key.pem").read_text()
        return pem_body(text[text.index("-----BEGIN ENCRYPTED") :])
    if kind is FileKind.DER_PUBLIC_KEY:
        return pem_body(openssl("x509", "-in", CORPUS / "app.crt", "-noout", "-pubkey"))
    if kind is FileKind.DER_ENVELOPED:
        return ENVELOPED
    return CRL if kind is FileKind.DER_CRL else b"Dear CA,\nplease sign this.\n"


ACCEPTED: dict[tuple[FileKind, Profile], list[str]] = {
    (FileKind.JKS, Profile.CKM_IMPORT): [],
    (FileKind.PEM, Profile.APP_CERT): ["app.file.several-certificates"],
    (FileKind.XML, Profile.APP_CERT): [],
    (FileKind.DER_CERTIFICATE, Profile.APP_CERT): [],
    (FileKind.DER_PKCS7, Profile.APP_CERT): ["app.file.several-certificates", "app.file.wrapped"],
    (FileKind.PEM, Profile.SIGNED_UPLOAD): [],
    (FileKind.DER_CERTIFICATE, Profile.SIGNED_UPLOAD): ["signed.file.not-pem"],
    (FileKind.DER_PKCS7, Profile.SIGNED_UPLOAD): ["signed.file.not-pem"],
    (FileKind.DER_CSR, Profile.CA_REQUEST): [],
}
"""What a profile takes, and what it says of it besides; all else is rejected."""


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("kind", FileKind)
def test_what_each_profile_says_of_each_kind_of_file(
    kind: FileKind, profile: Profile, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted is only what was judged; whatever else a file is, its verdict says so and its exit code is 3."""
    data = contents(kind)
    assert sniff(normalise_text(data)) is kind
    (folder / "a.crt").write_bytes(data)
    monkeypatch.setenv("CORPUS_PASSWORD", CORPUS_PASSWORD)
    result = cli("check", "a.crt", "--profile", profile, *AS_OF, "--password", "env:CORPUS_PASSWORD", "--json")
    file = result.json["result"]["files"][0]
    if (kind, profile) in ACCEPTED:
        assert (file["verdict"], rules(result)) == ("accept", ACCEPTED[kind, profile])
    else:
        assert (file["verdict"], result.code) == ("reject", 3)
        assert rules(result, severity="error")
    validate(result.json, "check")


@pytest.mark.parametrize("profile", [Profile.APP_CERT, Profile.SIGNED_UPLOAD])
def test_pkcs7_is_told_with_its_way_out(profile: Profile, cli: Cli, folder: Path) -> None:
    """PEM or DER, in one command, whose result is what was wanted."""
    (folder / "answer.p7b").write_bytes(contents(FileKind.DER_PKCS7))
    shown = cli("check", "answer.p7b", "--profile", profile, *AS_OF).out
    assert "saw      PKCS#7" in shown
    assert "sfkeytool ckm chain answer answer.p7b" in shown
    assert cli("ckm", "chain", "answer", "answer.p7b").code == 0
    wanted = "answer/answer.crt" if profile is Profile.APP_CERT else "answer/answer-chain.crt"
    assert rules(cli("check", wanted, "--profile", profile, *AS_OF, "--json")) == []


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (lambda pem: pem.decode().encode("utf-16"), "UTF-16"),
        (lambda pem: b"".join(pem.splitlines()[1:-1]), "base64 without the lines BEGIN"),
        (lambda pem: pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"), "TRUSTED CERTIFICATE"),
    ],
)
def test_a_certificate_in_an_odd_form_is_told(form: Any, told: str, cli: Cli, folder: Path) -> None:
    """Windows PowerShell's text, base64 without its frame, openssl's own label: read, judged, and said."""
    (folder / "a.crt").write_bytes(form((CORPUS / "app.crt").read_bytes()))
    for profile, rule in (("app-cert", "app.file.wrapped"), ("signed-upload", "signed.file.not-pem")):
        result = cli("check", "a.crt", "--profile", profile, *AS_OF, "--json")
        assert (result.code, rules(result)) == (0, [rule])
        assert told in result.json["result"]["files"][0]["findings"][0]["saw"]


@pytest.mark.parametrize(
    ("file", "rule", "saw"),
    [
        ("reversed.jks", "ckm.key.mismatch", "the key's certificate in place 3 of 3"),
        ("bks.jks", "ckm.store.not-jks", "BKS keystore"),
        ("text.jks", "ckm.store.not-jks", "none of the formats that sfkeytool knows"),
        ("public-201.jks", "ckm.certificate.public-lifetime", "for more than 200 days: from 2026-11-01 to 2027-05-20"),
        ("other-key.crt", "app.certificate.bad-signature", "says that it signed itself, and its signature does not verify"),
        ("nameless.crt", "app.certificate.expired", "(no subject) expired on 2025-12-31"),
        ("app-expired.crt", "app.certificate.expired", "CN=expired,O=Worthless corpus of sfkeytool expired on 2025-01-01"),
    ],
)  # fmt: skip
def test_a_finding_says_what_was_seen(
    file: str, rule: str, saw: str, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the same rule may have seen different things, or things that have no name."""
    monkeypatch.setenv("CORPUS_PASSWORD", CORPUS_PASSWORD)
    key = ec.derive_private_key(1, ec.SECP256R1())
    made = {
        "text.jks": b"no keystore",
        "other-key.crt": odd.certificate(key, inner=odd.algorithm(odd.RSA_SHA256, odd.NULL)),
        "nameless.crt": odd.certificate(
            key,
            subject=odd.tlv(0x30),
            dates=(odd.tlv(0x17, b"250101000000Z"), odd.tlv(0x17, b"251231235959Z")),
        ),
    }
    (folder / file).write_bytes(made.get(file) or (CORPUS / file).read_bytes())
    password = ("--password", "env:CORPUS_PASSWORD") if file.endswith(".jks") and file != "text.jks" else ()
    result = cli("check", file, *password, *AS_OF, "--json")
    found = {finding["rule"]: finding["saw"] for finding in result.json["result"]["files"][0]["findings"]}
    assert saw in found[rule]


@pytest.mark.parametrize(
    ("beside", "fix"),
    [("", "sfkeytool ckm chain a a.p7b"), ("app-expired.crt", "write what belongs together"), ("app-future.crt", "write what")],
)  # fmt: skip
def test_the_fix_of_a_wrapping_is_no_command_that_would_refuse_it(
    beside: str, fix: str, cli: Cli, folder: Path
) -> None:
    """Two leaves, or one that has expired."""
    files = [CORPUS / name for name in ("app.crt", beside) if name]
    openssl("crl2pkcs7", "-nocrl", *[word for file in files for word in ("-certfile", file)], "-out", folder / "a.p7b")
    result = cli("check", "a.p7b", "--profile", "signed-upload", *AS_OF, "--json")
    found = {finding["rule"]: finding["fix"] for finding in result.json["result"]["files"][0]["findings"]}
    assert found["signed.file.not-pem"].startswith(fix)


@pytest.mark.parametrize(
    ("made", "fix"),
    [
        ("rsa", "sfkeytool self-signed key --key key.pem --password generate"),
        ("ec", "sfkeytool self-signed key --password generate"),
        ("both", "sfkeytool self-signed key --password generate"),
    ],
)
def test_the_fix_of_a_key_alone_takes_it_where_it_will_do(made: str, fix: str, cli: Cli, folder: Path) -> None:
    """Salesforce takes no EC key; of two nobody knows which is meant."""
    elliptic = ec.derive_private_key(1, ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pems = {"rsa": [(CORPUS / "app-key.pem").read_bytes()], "ec": [elliptic]}
    (folder / "key.pem").write_bytes(b"".join(pems.get(made) or [*pems["rsa"], *pems["ec"]]))
    [finding, *_] = cli("check", "key.pem", "--profile", "app-cert", "--json").json["result"]["files"][0]["findings"]
    assert finding["rule"] == "app.file.no-certificate"
    assert finding["fix"].startswith(fix)


@pytest.mark.parametrize(("file", "is_command"), [("signed.pem", False), ("signed.p7b", True)])
def test_the_fix_of_an_ending_is_a_name_where_the_file_is_plain(
    file: str, is_command: bool, cli: Cli, folder: Path
) -> None:
    shutil.copy(CORPUS / file, folder / "answer.txt")
    result = cli("check", "answer.txt", "--profile", "signed-upload", *AS_OF, "--json")
    found = {finding["rule"]: finding["fix"] for finding in result.json["result"]["files"][0]["findings"]}
    assert ("sfkeytool ckm chain" in found["signed.file.ending"]) is is_command


@pytest.mark.parametrize(("password", "found"), [("thirteen char", True), ("fourteen chars", False)])
def test_bcfks_wants_a_password_of_fourteen_characters(
    password: str, found: bool, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = bcfks.Maker(password, seed="boundary")
    store = maker.store(maker.key_entry("pay", workshop.der("leaf.key"), workshop.ders("leaf")))
    (folder / "a.bcfks").write_bytes(store)
    monkeypatch.setenv("PASSWORD", password)
    result = cli("check", "a.bcfks", "--format", "bcfks", "--password", "env:PASSWORD", *AS_OF, "--json")
    assert ("ckm.store.bcfks-password" in rules(result)) is found


def test_saml_metadata_is_named_and_no_fix_runs_openssl_on_it(cli: Cli, folder: Path) -> None:
    """It holds a certificate, and is neither an app's nor the answer of a CA; nor is any other XML of that kind."""
    saml = (CORPUS / "app-saml.xml").read_bytes()
    (folder / "idp.xml").write_bytes(saml)
    (folder / "pom.xml").write_bytes(b"<project>" + saml[saml.index(b"<ds:X509Certificate>") : saml.index(b"</ds:X509D")]
                                     .replace(b"ds:", b"") + b"</project>")  # fmt: skip
    for name, told in (
        ("idp.xml", "SAML metadata (EntityDescriptor)"),
        ("pom.xml", "no Salesforce metadata (<project>)"),
    ):
        for profile in Profile:
            result = cli("check", name, "--profile", profile, "--json")
            assert result.code == 3
            assert told in result.json["result"]["files"][0]["findings"][0]["saw"]
            assert "openssl" not in result.out
    assert cli("check", "idp.xml").code == 3
    [finding, *_] = cli("check", "idp.xml", "--profile", "app-cert", "--json").json["result"]["files"][0]["findings"]
    assert finding["fix"].startswith("this is for Setup > Single Sign-On Settings > New from Metadata File, if")


def test_the_size_is_that_of_the_certificate_not_of_the_xml(cli: Cli, folder: Path) -> None:
    """Metadata of 30 KB with a small certificate is none of its business; a large one is, without openssl on XML."""
    small = (CORPUS / "app-metadata.xml").read_text()
    (folder / "small.xml").write_text(small.replace("<label>", f"<description>{'x' * 30_000}</description><label>"))
    assert rules(cli("check", "small.xml", *AS_OF, "--json")) == []
    key = serialization.load_pem_private_key((KEYS / "first.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "large")])
    names = x509.SubjectAlternativeName([x509.DNSName(f"host-{number:04}.example.com") for number in range(150)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    large = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
        .not_valid_before(start).not_valid_after(start + timedelta(days=3650)).add_extension(names, False)
        .sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    )  # fmt: skip
    old = base64.b64encode((CORPUS / "app.der").read_bytes()).decode()
    (folder / "large.xml").write_text(small.replace(old, base64.b64encode(large).decode()))
    result = cli("check", "large.xml", *AS_OF, "--json")
    assert rules(result) == ["app.certificate.too-large"]
    assert "openssl" not in result.json["result"]["files"][0]["findings"][0]["fix"]


def test_dates_of_a_signed_upload_follow_as_of(cli: Cli) -> None:
    """The leaf and every CA: told, and taken, as no source says that they are refused."""
    day: dict[str, list[str]] = {
        "2019-12-31": ["signed.certificate.not-yet-valid"],
        "2026-11-24": [],
        "2036-06-01": ["signed.certificate.expired"],
        "2046-01-01": ["signed.certificate.expired"],
    }
    for as_of, failing in day.items():
        result = cli("check", CORPUS / "signed.crt", "--as-of", as_of, "--json")
        assert (result.code, rules(result)) == (0, failing), as_of
    every = cli("check", CORPUS / "signed.crt", "--as-of", "2046-01-01", "--json").json["result"]["files"][0]
    assert len(every["findings"]) == 3, "leaf, intermediate and root"


LOCKED: dict[str, tuple[Callable[[], Any], str]] = {
    "ec": (lambda: ec.generate_private_key(ec.SECP256R1()), "ckm.key.not-rsa"),
    "dsa": (lambda: dsa.generate_private_key(REFUSED_BITS), "ckm.key.not-rsa"),
    "small": (lambda: rsa.generate_private_key(65537, REFUSED_BITS), "ckm.key.unsupported-size"),
}


@pytest.mark.parametrize("name", LOCKED)
def test_beside_a_locked_key_its_certificate_is_judged(name: str, cli: Cli, folder: Path) -> None:
    """At the first run, with the store's password alone or with none at all; a PEM file just the same."""
    make, rule = LOCKED[name]
    made = make()
    key, certificate = self_signed_pair(made)
    (folder / "a.jks").write_bytes(keystore(key, [certificate], key_password="another-one"))
    with_password = cli("check", "a.jks", "--password", "env:TEST_PASSWORD", "--json")
    assert rules(with_password, severity="error") == ["ckm.entry.key-password", rule]
    without = cli("check", "a.jks", "--json")
    assert (without.code, rules(without, severity="error")) == (3, [rule])
    locked = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"unknown")
    )
    pem = x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)
    (folder / "a.pem").write_bytes(locked + pem)
    in_pem = cli("check", "a.pem", "--profile", "ckm-import", "--json")
    assert rule in rules(in_pem, severity="error")


def test_beside_a_locked_rsa_key_nothing_is_certain(cli: Cli, folder: Path) -> None:
    """A sound certificate says nothing of the key: without a password the verdict stays open."""
    key = pem_body((KEYS / "first.key").read_text())
    (folder / "a.jks").write_bytes(keystore(key, [pem_body((KEYS / "first.crt").read_text())]))
    result = cli("check", "a.jks", *AS_OF, "--json")
    assert (result.code, rules(result, severity="error")) == (1, [])


def pfx(folder: Path, *options: object, key: Path | None = KEYS / "first.key") -> None:
    openssl(
        "pkcs12", "-export", *(["-inkey", key] if key else ["-nokeys"]), "-in", KEYS / "first.crt",
        "-passout", f"pass:{PASSWORD}", "-out", folder / "a.p12", *options,
    )  # fmt: skip


def test_a_pfx_without_a_key_says_so_at_once(cli: Cli, folder: Path) -> None:
    """Beside that it is no JKS; the fix asks for the key, and is none that would fail."""
    pfx(folder, key=None)
    result = cli("check", "a.p12", "--password", "env:TEST_PASSWORD", "--json")
    assert rules(result, severity="error") == ["ckm.entry.no-private-key", "ckm.store.not-jks"]
    for finding in result.json["result"]["files"][0]["findings"]:
        assert "sfkeytool wrap a a.p12 FILE" in finding["fix"]
        assert "--fix" not in finding["fix"]


@pytest.mark.parametrize(
    ("options", "failing"),
    [
        (("-name", "pay_api"), []),
        (("-name", "Pay-API (prod)"), ["ckm.entry.alias"]),
        (("-name", "1"), ["ckm.entry.alias"]),
        ((), ["ckm.entry.alias"]),
    ],
)
def test_the_alias_of_a_pfx_is_judged_as_that_of_a_jks(
    options: tuple[str, ...], failing: list[str], cli: Cli, folder: Path
) -> None:
    """Its friendlyName; where there is none, keytool makes 1 of it."""
    pfx(folder, *options)
    result = cli("check", "a.p12", "--password", "env:TEST_PASSWORD", *AS_OF, "--json")
    assert rules(result, severity="error") == [*failing, "ckm.store.not-jks"]


def test_a_pfx_that_no_password_opens_says_what_was_not_seen(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is rejected as what it is; the rest is open, not passed."""
    pfx(folder)
    monkeypatch.setenv("OTHER", "another password")
    for arguments, told in (((), "password is needed"), (("--password", "env:OTHER"), "wrong password or altered")):
        result = cli("check", "a.p12", *arguments, "--json")
        assert (result.code, rules(result)) == (3, ["ckm.store.not-jks"])
        [unknown] = result.json["result"]["files"][0]["unknown"]
        assert unknown["rule"] == "ckm.store.integrity"
        assert told in unknown["reason"]


def test_a_pfx_with_an_ec_key_is_told_at_once(cli: Cli, folder: Path) -> None:
    """Not only after a repair that cannot be."""
    key, certificate = self_signed_pair(ec.generate_private_key(ec.SECP256R1()))
    (folder / "key.pem").write_bytes(
        serialization.load_der_private_key(key, None).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "crt.pem").write_bytes(
        x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)
    )
    openssl(
        "pkcs12", "-export", "-inkey", folder / "key.pem", "-in", folder / "crt.pem", "-name", "pay",
        "-passout", f"pass:{PASSWORD}", "-out", folder / "a.p12",
    )  # fmt: skip
    result = cli("check", "a.p12", "--password", "env:TEST_PASSWORD", "--json")
    assert rules(result, severity="error") == ["ckm.key.not-rsa", "ckm.store.not-jks"]


def test_a_repair_says_its_name_what_it_mended_what_is_left_and_what_comes_next(cli: Cli, folder: Path) -> None:
    """In words, for a PFX whose key has no legal name and whose CA is missing."""
    pfx(folder, "-name", "Pay-API (prod)")
    result = cli("check", "a.p12", "--fix", "--password", "env:TEST_PASSWORD", *AS_OF)
    assert result.code == 0
    told = " ".join(result.out.split()).replace("\\", "/")
    for said in (
        "pay_api_prod: repaired copy of the entry 'Pay-API (prod)': accept, valid until",
        "mended The alias is no legal unique name (ckm.entry.alias)",
        "mended The file is not a JKS keystore (ckm.store.not-jks)",
        "left The issuer's certificate is missing from the chain (ckm.chain.gap)",
        "1. See what is left, and how to mend it: sfkeytool check pay_api_prod-fixed/pay_api_prod.jks --password prompt",
        "2. Import (or Setup > Certificate and Key Management > Import from Keystore): sfkeytool ckm import pay_api_prod"
        " -o ALIAS --output-dir pay_api_prod-fixed",
    ):
        assert said in told
    shutil.rmtree(folder / "pay_api_prod-fixed")
    whole = cli("check", "a.p12", "--fix", "--password", "env:TEST_PASSWORD", *AS_OF, "-v").out.replace("\\", "/")
    assert "sfkeytool wrap pay_api_prod pay_api_prod-fixed/pay_api_prod.jks FILE" in whole
    named = cli("check", "a.p12", "--fix", "--as", "shop", "--password", "env:TEST_PASSWORD", *AS_OF, "--json")
    validate(named.json, "check")
    [repair] = named.json["result"]["files"][0]["repairs"]
    assert repair["name"] == "shop"
    assert repair["nextSteps"][0].startswith("Import shop.jks in Setup")
    assert cli("show", "shop-fixed/shop.jks").out.count("entry 'shop'") == 1


def test_one_name_is_not_for_two_keys(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUS_PASSWORD", CORPUS_PASSWORD)
    store = CORPUS / "two-keys.jks"
    result = cli("check", store, "--fix", "--as", "shop", "--password", "env:CORPUS_PASSWORD", "--json")
    assert (result.code, result.json["code"]) == (2, "usage.one-name")
    assert cli("check", store, "--as", "shop", "--json").json["code"] == "usage.without-fix"


def test_each_certificate_of_metadata_is_judged_by_itself(cli: Cli, folder: Path) -> None:
    """An app that logs in and is logged in to has two, each in a field of its own: neither hides the other."""
    text = (CORPUS / "app-metadata.xml").read_text()
    expired = base64.b64encode(pem_body((CORPUS / "app-expired.crt").read_text())).decode()
    saml = f"<samlConfig><certificate>{expired}</certificate></samlConfig></ConnectedApp>"
    (folder / "two.xml").write_text(text.replace("</ConnectedApp>", saml))
    result = cli("check", "two.xml", *AS_OF, "--json")
    assert rules(result) == ["app.certificate.expired"]


@pytest.mark.parametrize("form", ["PEM", "PKCS#7"])
def test_several_certificates_in_one_field_of_metadata_are_told(form: str, cli: Cli, folder: Path) -> None:
    """Which of them the app takes is open; no fix runs openssl on XML."""
    both = "".join((CORPUS / name).read_text() for name in ("app-expired.crt", "app.crt"))
    (folder / "two.pem").write_text(both)
    if form == "PKCS#7":
        both = openssl("crl2pkcs7", "-nocrl", "-certfile", "two.pem")
    text = (CORPUS / "app-metadata.xml").read_text()
    begin, end = text.index("<certificate>") + len("<certificate>"), text.index("</certificate>")
    (folder / "two.xml").write_text(text[:begin] + both + text[end:])
    done = cli("check", "two.xml", *AS_OF, "--json")
    assert "app.file.several-certificates" in rules(done)
    assert "openssl" not in done.out


@pytest.mark.parametrize(
    ("type", "field", "words"),
    [
        ("SamlSsoConfig", "validationCert", "ask whoever runs the identity provider"),
        ("NamedCredential", "certificate", "ask whoever holds its key"),
        ("ConnectedApp", "oauthConfig", "sfkeytool self-signed idp --key FILE"),
    ],
)
def test_nobody_is_told_to_make_a_certificate_for_a_key_of_others(
    type: str, field: str, words: str, cli: Cli, folder: Path
) -> None:
    text = base64.b64encode(dated("idp", "20200101000000Z", "20210101000000Z")).decode()
    if type == "ConnectedApp":
        text = f"<certificate>{text}</certificate>"
    metadata = f'<{type} xmlns="http://soap.sforce.com/2006/04/metadata"><{field}>{text}</{field}></{type}>'
    (folder / f"Idp.{type[0].lower()}{type[1:]}-meta.xml").write_text(metadata)
    (file,) = cli("check", folder, "--json").json["result"]["files"]
    (finding,) = file["findings"]
    assert finding["rule"] == "app.certificate.expired"
    assert finding["fix"].startswith(words)
