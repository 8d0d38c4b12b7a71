"""``check``: the verdict on real files, beside keytool's, and the repaired copies, which Java has to open."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, THOROUGH, CertificateAuthority, Pair, Result, keytool, openssl, pem_body, process, tree
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from oracle_java import JavaError, java_chain, java_key, java_load
from test_json import validate

from sfkeytool.keystores import jks
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]
REFUSED_BITS = 1024
PKCS8, DER = serialization.PrivateFormat.PKCS8, serialization.Encoding.DER


def pkcs8(pair: Pair) -> bytes:
    return pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))


def ders(*paths: Path) -> list[bytes]:
    return [pem_body(path.read_text()) for path in paths]


def signed(content: bytes, password: str = PASSWORD) -> bytes:
    """A JKS whose bytes were edited, with the digest that Java wants."""
    return content + jks.store_digest(content, Secret(password))


def keystore(
    key: bytes,
    chain: Sequence[bytes],
    *,
    alias: str = "pay",
    password: str = PASSWORD,
    key_password: str | None = None,
    certificate_type: str = "X.509",
) -> bytes:
    """A JKS with whatever is wrong with it on purpose."""
    made = jks.encode_jks(
        alias=alias.lower(),
        key_pkcs8=key,
        chain_der=chain,
        password=Secret(key_password or password),
        created_at_ms=1_700_000_000_000,
    )[: -jks.DIGEST_BYTES]
    made = made.replace(jks.encode_java_utf(alias.lower()), jks.encode_java_utf(alias), 1)
    made = made.replace(jks.encode_java_utf("X.509"), jks.encode_java_utf(certificate_type))
    return signed(made, password)


def self_signed_pair(key: Any, *, end: datetime | None = None, subject: x509.Name | None = None) -> tuple[bytes, bytes]:
    """A key and its certificate, DER."""
    name = subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    end = end or datetime.now(UTC) + timedelta(days=300)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(9)
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(DER, PKCS8, serialization.NoEncryption()), certificate.public_bytes(DER)


def check(cli: Cli, *arguments: object) -> Result:
    return cli("check", *arguments, "--password", "env:TEST_PASSWORD", "--json")


def rules(result: Result, file: int = 0, severity: str | None = None) -> list[str]:
    found = result.json["result"]["files"][file]["findings"]
    return sorted({one["rule"] for one in found if severity in (None, one["severity"])})


@pytest.mark.slow
def test_keytool_lists_all_eight_and_check_knows_better(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority
) -> None:
    """Five documented refusals and a bad alias are rejected in Salesforce's words; junk and X509 are warnings."""
    chain = ders(pair.crt, ca.intermediate, ca.root)
    key = pkcs8(pair)
    ec_key, ec_certificate = self_signed_pair(ec.generate_private_key(ec.SECP256R1()))
    small_key, small_certificate = self_signed_pair(rsa.generate_private_key(65537, REFUSED_BITS))
    key_password = "The Keystore contains a certificate 'certName' whose per key password is not the same as the"
    mismatch = "The private key does not match the certificate chain in the keystore."
    cases: dict[str, tuple[bytes, str, int, str | None]] = {
        "mismatch": (keystore(pkcs8(other_pair), chain), "ckm.key.mismatch", 3, mismatch),
        "reversed": (keystore(key, chain[::-1]), "ckm.key.mismatch", 3, mismatch),
        "ec": (keystore(ec_key, [ec_certificate]), "ckm.key.not-rsa", 3, "The key is not an RSA key."),
        "small": (
            keystore(small_key, [small_certificate]),
            "ckm.key.unsupported-size",
            3,
            "Imported keys must have a bit size of 2048, 3072, or 4096.",
        ),
        "key-password": (keystore(key, chain, key_password="another-one"), "ckm.entry.key-password", 3, key_password),
        "alias": (
            keystore(key, chain, alias="1-bad__alias_"),
            "ckm.entry.alias",
            3,
            "Keystore contains an entry whose alias is not acceptable for import",
        ),
        "junk": (keystore(key, [*chain, *ders(other_pair.crt)]), "ckm.chain.stranger", 0, None),
        "type": (keystore(key, chain, certificate_type="X509"), "ckm.entry.certificate-type", 0, None),
    }
    for name, (data, rule, code, message) in cases.items():
        path = folder / f"{name}.jks"
        path.write_bytes(data)
        listed = keytool("-list", "-storetype", "JKS", "-keystore", path, "-storepass", PASSWORD)
        assert "PrivateKeyEntry" in listed, "and it did not fail: keytool() asserts exit code 0"
        result = check(cli, path)
        assert result.code == code, (name, result)
        severity = "error" if code else "warn"
        assert rules(result, severity=severity) == [rule], name
        finding = next(one for one in result.json["result"]["files"][0]["findings"] if one["rule"] == rule)
        assert (finding["salesforceMessage"] or "").startswith(message or ""), name
        assert result.json["result"]["files"][0]["verdict"] == ("reject" if code else "accept")
        shown = cli("check", path, "--password", "env:TEST_PASSWORD")
        assert shown.code == code
        assert rule in shown.out
        assert (message or "") in " ".join(shown.out.split())


def test_what_salesforce_exports_is_accepted_with_warnings_only(cli: Cli, folder: Path) -> None:
    """Alias lower-case, empty password, one self-signed certificate, expired: nothing of it is an error."""
    attributes = (
        (NameOID.COMMON_NAME, "SelfSignedCert_01Jan2019"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "00D000000000001"),
        (NameOID.ORGANIZATION_NAME, "Salesforce.com"),
        (NameOID.COUNTRY_NAME, "US"),
    )
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    key, certificate = self_signed_pair(
        rsa.generate_private_key(65537, 2048), end=datetime(2019, 11, 26, tzinfo=UTC), subject=subject
    )
    (folder / "00D000000000001.jks").write_bytes(
        keystore(key, [certificate], alias="selfsignedcert_01jan2019", password="")
    )
    result = cli("check", "00D000000000001.jks", "--json")
    assert result.code == 0
    assert rules(result) == ["ckm.certificate.expired", "ckm.store.empty-password"]
    assert rules(result, severity="warn") == rules(result)
    earlier = cli("check", "00D000000000001.jks", "--json", "--as-of", "2019-01-01")
    assert rules(earlier) == ["ckm.store.empty-password"]


@pytest.mark.slow
def test_further_refusals(cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """No key at all, a key that is no PKCS#8, an upper-case alias, damage, a wrong password, other types."""
    key, chain = pkcs8(pair), ders(pair.crt, ca.intermediate, ca.root)
    good = keystore(key, chain)
    pkcs1 = pem_body(openssl("rsa", "-traditional", "-in", pair.key))
    trusted = b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + (2).to_bytes(4, "big")
    trusted += jks.encode_java_utf("ca") + bytes(8) + jks.encode_java_utf("X.509")
    trusted += len(chain[2]).to_bytes(4, "big") + chain[2]
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-name", "pay", "-passout", f"pass:{PASSWORD}",
        "-out", "pay.p12",
    )  # fmt: skip
    cases = {
        "trusted": (signed(trusted), ["ckm.entry.no-private-key"]),
        "empty": (signed(trusted[:8] + bytes(4)), ["ckm.entry.no-private-key"]),
        "chainless": (keystore(key, []), ["ckm.entry.no-private-key"]),
        "pkcs1": (keystore(pkcs1, chain), ["ckm.key.not-pkcs8"]),
        "upper": (keystore(key, chain, alias="Pay"), ["ckm.entry.alias-case"]),
        "cut": (good[:-30], ["ckm.store.damaged"]),
        "strange-type": (keystore(key, chain, certificate_type="PGP"), ["ckm.store.damaged"]),
        "pfx": ((folder / "pay.p12").read_bytes(), ["ckm.store.not-jks"]),
        "pem": (pair.key.read_bytes() + pair.crt.read_bytes(), ["ckm.store.not-jks"]),
        "text": (b"just some text", ["ckm.store.not-jks"]),
    }
    for name, (data, failing) in cases.items():
        (folder / f"{name}.jks").write_bytes(data)
        result = check(cli, f"{name}.jks")
        assert (name, result.code, rules(result, severity="error")) == (name, 3, failing)
        validate(result.json, "check")
    (folder / "good.jks").write_bytes(good)
    assert check(cli, "good.jks").code == 0
    assert "PKCS#12" in cli("check", "pfx.jks").out


def test_a_whole_structure_whose_digest_does_not_fit_cannot_be_judged(cli: Cli, folder: Path, pair: Pair) -> None:
    """A wrong password and a flipped bit look the same: exit 1, and what to do about either; a cut file is rejected."""
    good = keystore(pkcs8(pair), ders(pair.crt))
    (folder / "flipped.jks").write_bytes(good[:400] + bytes([good[400] ^ 1]) + good[401:])
    (folder / "other.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt), password="another password"))
    for name in ("flipped.jks", "other.jks"):
        result = check(cli, name)
        assert (result.code, result.json["result"]["files"][0]["verdict"]) == (1, "unsure")
        assert rules(result, severity="error") == []
        shown = cli("check", name, "--password", "env:TEST_PASSWORD").out
        assert f"{name} cannot be judged (wrong password or altered)" in shown
    (folder / "cut.jks").write_bytes(good[:-30])
    assert check(cli, "cut.jks").code == 3
    assert check(cli, "flipped.jks", "cut.jks").code == 3, "a rejected file goes before one that cannot be judged"


def test_without_the_password_it_is_unsure(cli: Cli, folder: Path, pair: Pair) -> None:
    """Exit 1, and the reason; what can be seen without one is told all the same."""
    (folder / "pay.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt)))
    result = cli("check", "pay.jks", "--json")
    assert result.code == 1
    file = result.json["result"]["files"][0]
    assert file["verdict"] == "unsure"
    assert "ckm.store.integrity" in {unknown["rule"] for unknown in file["unknown"]}
    assert rules(result) == ["ckm.chain.gap"]
    assert "password" in cli("check", "pay.jks").out


@pytest.mark.slow
def test_a_folder_is_walked_and_a_reject_outweighs_an_unreadable_file(
    cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """Keys, requests and notes are passed over in a folder; an explicitly named file is judged or an error."""
    assert cli("self-signed", "pay", "--password", "env:TEST_PASSWORD").code == 0
    assert cli("csr", "other").code == 0
    (folder / "pay" / "notes.txt").write_text("nothing here")
    result = check(cli, "pay", "other")
    assert result.code == 0
    files = {Path(file["path"]).name: file["profile"] for file in result.json["result"]["files"]}
    assert files == {"pay.crt": "app-cert", "pay.jks": "ckm-import"}
    assert result.json["result"]["summary"] == {"accept": 2, "reject": 0, "unsure": 0}
    nothing = check(cli, "other")
    assert (nothing.code, nothing.json["code"]) == (1, "input.nothing-found")
    assert check(cli, "gone.jks").json["code"] == "input.not-found"
    both = check(cli, "pay/pay.jks", "gone.jks")
    assert both.code == 1
    assert [one["code"] for one in both.json["result"]["unreadable"]] == ["input.not-found"]
    assert check(cli, "pay/pay.jks", "gone.jks", "pay/notes.txt").code == 3
    validate(both.json, "check")


@pytest.mark.slow
def test_certificates_for_the_app_and_signed_uploads(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority
) -> None:
    """The profile follows from the file, unless one is given."""

    def bundle(name: str, *paths: Path) -> str:
        (folder / name).write_bytes(b"".join(path.read_bytes() for path in paths))
        return name

    leaf, middle, root = pair.crt, ca.intermediate, ca.root
    _, ec_certificate = self_signed_pair(ec.generate_private_key(ec.SECP256R1()))
    small = self_signed_pair(rsa.generate_private_key(65537, REFUSED_BITS), end=datetime(2019, 1, 1, tzinfo=UTC))[1]
    (folder / "ec.crt").write_bytes(ec_certificate)
    (folder / "small.crt").write_bytes(small)
    (folder / "large.crt").write_bytes(leaf.read_bytes() + b"# a long comment\n" * 300)
    cases: dict[str, tuple[str, list[str], int]] = {
        bundle("leaf.crt", leaf): ("app-cert", [], 0),
        bundle("two.crt", leaf, other_pair.crt): ("app-cert", ["app.file.several-certificates"], 0),
        bundle("key.crt", leaf, pair.key): ("app-cert", ["app.file.private-key"], 0),
        bundle("key.pem", pair.key): ("app-cert", ["app.file.no-certificate", "app.file.private-key"], 3),
        "ec.crt": ("app-cert", ["app.key.not-rsa"], 3),
        "small.crt": ("app-cert", ["app.certificate.expired", "app.key.too-small"], 3),
        "large.crt": ("app-cert", ["app.certificate.too-large"], 0),
        bundle("chain.crt", leaf, middle, root): ("signed-upload", [], 0),
        bundle("chain.pem", leaf, middle, root): ("signed-upload", ["signed.file.ending"], 0),
        bundle("reversed.crt", root, middle, leaf): ("signed-upload", ["signed.chain.leaf-first"], 0),
        bundle("cut.crt", leaf, middle): ("signed-upload", ["signed.chain.incomplete"], 0),
    }
    for name, (profile, failing, code) in cases.items():
        result = check(cli, name)
        assert (name, result.code, result.json["result"]["files"][0]["profile"]) == (name, code, profile)
        assert rules(result) == failing, name
    stranger = check(
        cli, bundle("stranger.crt", leaf, middle, root, other_pair.key, other_pair.crt), "--profile", "signed-upload"
    )
    assert rules(stranger) == ["signed.chain.stranger", "signed.file.private-key"]
    assert rules(check(cli, "key.pem", "--profile", "signed-upload")) == [
        "signed.file.no-certificate", "signed.file.private-key",
    ]  # fmt: skip
    assert "disagree" in (Path(__file__).parent.parent / "docs" / "rules.md").read_text()


def test_what_is_about_repairs_needs_fix(cli: Cli, folder: Path) -> None:
    """And a date is a date."""
    for arguments in (("--new-password", "generate"), ("--output-dir", "x"), ("--as-of", "tomorrow")):
        assert cli("check", "x.jks", *arguments).code == 2


def assert_java_opens(path: Path, alias: str, key: bytes, chain: Sequence[bytes], password: str = PASSWORD) -> None:
    """java.security.KeyStore finds the key and the chain, and the file is a JKS."""
    data = path.read_bytes()
    assert data.startswith(b"\xfe\xed\xfe\xed")
    store = java_load(data, "JKS", password)
    assert java_key(store, alias, password) == key
    assert java_chain(store, alias) == tuple(chain)


@pytest.mark.slow
def test_everything_that_can_be_repaired_is(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy passes, Java opens it, the original stays, and what changed is told."""
    key, chain = pkcs8(pair), ders(pair.crt, ca.intermediate, ca.root)
    good = keystore(key, chain)
    monkeypatch.setenv("KEY_PASSWORD", "another-one-of-24-chars")
    pem = folder / "bundle.pem"
    pem.write_bytes(b"".join(path.read_bytes() for path in (ca.root, pair.crt, pair.key, ca.intermediate)))
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-certfile", pem, "-passout", f"pass:{PASSWORD}",
        "-out", "nameless.jks",
    )  # fmt: skip
    (folder / "pay.jks").write_bytes(good)
    keytool(
        "-importkeystore", "-srckeystore", "pay.jks", "-srcstoretype", "JKS", "-srcstorepass", PASSWORD,
        "-destkeystore", "store.jceks", "-deststoretype", "JCEKS", "-deststorepass", PASSWORD, "-noprompt", cwd=folder,
    )  # fmt: skip
    cases: dict[str, tuple[bytes, str, str]] = {
        "alias.jks": (keystore(key, chain, alias="1-bad__alias_"), "key_1_bad_alias", "ckm.entry.alias"),
        "upper.jks": (keystore(key, chain, alias="Pay"), "pay", "ckm.entry.alias-case"),
        "reversed.jks": (keystore(key, chain[::-1]), "pay", "ckm.key.mismatch"),
        "shuffled.jks": (keystore(key, [chain[0], chain[2], chain[1]]), "pay", "ckm.chain.order"),
        "junk.jks": (keystore(key, [*chain, *ders(other_pair.crt)]), "pay", "ckm.chain.stranger"),
        "type.jks": (keystore(key, chain, certificate_type="X509"), "pay", "ckm.entry.certificate-type"),
        "trailing.jks": (good + b"\r\n", "pay", "ckm.store.trailing-bytes"),
        "passwords.jks": (
            keystore(key, chain, key_password="another-one-of-24-chars"), "pay", "ckm.entry.key-password",
        ),
        "nameless.jks": ((folder / "nameless.jks").read_bytes(), "nameless", "ckm.store.not-jks"),
        "store.jceks": ((folder / "store.jceks").read_bytes(), "pay", "ckm.store.not-jks"),
    }  # fmt: skip
    for name, (data, alias, mended) in cases.items():
        (folder / name).write_bytes(data)
        result = check(cli, name, "--fix", "--password", "env:KEY_PASSWORD", "-d", f"out-{name}")
        assert (name, result.code) == (name, 0), result
        validate(result.json, "check")
        (made,) = result.json["result"]["files"][0]["repairs"]
        assert mended in made["changed"]
        assert (made["name"], made["verdict"]) == (alias, "accept")
        assert_java_opens(folder / f"out-{name}" / f"{alias}.jks", alias, key, chain)
        assert (folder / name).read_bytes() == data
        assert not list((folder / f"out-{name}").glob("*.key")), "nobody asked for the key in clear"
        assert check(cli, folder / f"out-{name}" / f"{alias}.jks").json["result"]["summary"]["accept"] == 1


@pytest.mark.slow
def test_a_repaired_copy_of_a_pem_or_a_weak_password_gets_a_new_password(
    cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """Where there was none, or one under 8 characters, it has to be said where the new one comes from."""
    key, chain = pkcs8(pair), ders(pair.crt, ca.intermediate, ca.root)
    (folder / "bundle.pem").write_bytes(
        b"".join(p.read_bytes() for p in (ca.root, pair.crt, pair.key, ca.intermediate))
    )
    (folder / "empty.jks").write_bytes(keystore(key, chain, password=""))
    for name, alias in (("bundle.pem", "bundle"), ("empty.jks", "pay")):
        before = tree(folder)
        refused = cli("check", name, "--fix", "--json")
        assert (refused.code, refused.json["code"]) == (2, "usage.new-password")
        assert tree(folder) == before
        result = cli("check", name, "--fix", "--new-password", "generate", "--json")
        assert result.code == 0, result
        password = (folder / f"{alias}-fixed" / f"{alias}.jks.password").read_text().strip()
        assert len(password) == 24
        assert_java_opens(folder / f"{alias}-fixed" / f"{alias}.jks", alias, key, chain, password)
        again = cli("check", name, "--fix", "--new-password", "generate", "--json")
        assert again.code == 1, "what is there is not replaced"


def test_each_key_gets_a_keystore_of_its_own(cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: Any) -> None:
    """Also where two entries hold the same key with different certificates."""
    renewed = ca.sign(request_for(pair, folder), folder / "renewed.crt")
    body, count = b"", 0
    for alias, one, crt in (
        ("First", pair, pair.crt),
        ("second", other_pair, other_pair.crt),
        ("third", pair, renewed),
    ):
        part = keystore(pkcs8(one), ders(crt, ca.intermediate, ca.root), alias=alias)
        body += part[12 : -jks.DIGEST_BYTES]
        count += 1
    (folder / "all.jks").write_bytes(
        signed(b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + count.to_bytes(4, "big") + body)
    )
    result = check(cli, "all.jks", "--fix")
    assert result.code == 0, result
    made = result.json["result"]["files"][0]["repairs"]
    assert [one["name"] for one in made] == ["first", "second", "third"]
    assert "ckm.store.several-keys" in made[1]["changed"]
    assert "ckm.entry.alias-case" in made[0]["changed"]
    assert "ckm.entry.alias-case" not in made[1]["changed"]
    for name, one, crt in (("first", pair, pair.crt), ("second", other_pair, other_pair.crt), ("third", pair, renewed)):
        assert_java_opens(
            folder / f"{name}-fixed" / f"{name}.jks", name, pkcs8(one), ders(crt, ca.intermediate, ca.root)
        )


def request_for(pair: Pair, folder: Path) -> Path:
    openssl("req", "-new", "-key", pair.key, "-out", folder / "renewed.csr", "-subj", "/CN=pair")
    return folder / "renewed.csr"


def test_what_cannot_be_repaired_is_said_with_the_way_out(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority
) -> None:
    """EC, size, mismatch, no key: exit 3, nothing written, a command that starts over."""
    ec_key, ec_certificate = self_signed_pair(ec.generate_private_key(ec.SECP256R1()))
    small_key, small_certificate = self_signed_pair(rsa.generate_private_key(65537, REFUSED_BITS))
    cases = {
        "ec.jks": (keystore(ec_key, [ec_certificate]), "key.not-rsa"),
        "small.jks": (keystore(small_key, [small_certificate]), "key.unsupported-size"),
        "mismatch.jks": (keystore(pkcs8(other_pair), ders(pair.crt)), "key.no-match"),
        "none.jks": (signed(b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + bytes(4)), "key.none"),
        "damaged.jks": (keystore(pkcs8(pair), ders(pair.crt))[:-25], "keystore.damaged"),
    }
    for name, (data, code) in cases.items():
        (folder / name).write_bytes(data)
        before = tree(folder)
        result = check(cli, name, "--fix")
        assert (name, result.code) == (name, 3)
        (attempt,) = result.json["result"]["files"][0]["repairs"]
        assert (attempt["problem"]["code"], attempt["files"]) == (code, [])
        validate(result.json, "check")
        assert tree(folder) == before
        shown = cli("check", name, "--fix", "--password", "env:TEST_PASSWORD").out
        assert attempt["problem"]["message"] in " ".join(shown.split())
    (folder / "good.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt, ca.intermediate, ca.root)))
    good = check(cli, "good.jks", "--fix")
    assert good.code == 0
    assert not list(folder.glob("*-fixed")), "nothing to repair, nothing written"


def test_what_we_write_passes(cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """self-signed and wrap hold what they made against the same rules, and pass on the warnings."""
    result = cli("self-signed", "pay", "--days", "5", "--password", "generate")
    assert "expires before Salesforce's next early mail" in result.err
    assert cli("wrap", "two", pair.key, pair.crt, "--password", "generate").err.count("issuer's certificate") == 1
    for name in ("pay", "two"):
        checked = cli("check", name, "--password", f"file:{name}/{name}.jks.password", "--json")
        assert checked.code == 0
        assert not rules(checked, severity="error")


def test_a_slip_in_our_own_making_stops_the_run(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a keystore ever made that Salesforce refuses, nothing would be written."""
    from sfkeytool.acceptance import engine
    from sfkeytool.acceptance.rule import Basis, Evidence, Rule, Severity
    from sfkeytool.model import Profile

    never = Rule(
        "ckm.store.never", Severity.ERROR, Basis.OBSERVED, "Never", "Because.", "here", "none", (Profile.CKM_IMPORT,),
        lambda subject: [Evidence(subject.label, "a keystore", "none at all")],
    )  # fmt: skip
    monkeypatch.setattr(engine.judge, "__defaults__", ((never,),))
    result = cli("self-signed", "pay", "--password", "generate", "--json")
    assert (result.code, result.json["code"]) == (70, "internal.check")
    assert not (folder / "pay").exists()


@pytest.mark.slow
def test_as_a_process_no_secret_is_told(folder: Path, pair: Pair) -> None:
    """The whole command, its password from a file that is not quoted anywhere."""
    (folder / "pay.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt), password="tell-nobody"))
    (folder / "pw").write_text("tell-nobody\n")
    result = process("check", "pay.jks", "--password", "file:pw", cwd=folder)
    assert result.code == 0
    assert "tell-nobody" not in result.out + result.err
    assert json.loads(process("check", "pay.jks", "--json", cwd=folder).out)["status"] == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_a_progress_bar_shows_on_a_terminal_only(folder: Path, pair: Pair) -> None:
    """It goes to stderr; stdout stays JSON."""
    import os
    import pty

    data = keystore(pkcs8(pair), ders(pair.crt))
    (folder / "many").mkdir()
    for number in range(30):
        (folder / "many" / f"{number}.jks").write_bytes(data)
    command = [sys.executable, "-m", "sfkeytool", "check", "many", "--password", "env:TEST_PASSWORD", "--json"]
    outer, inner = pty.openpty()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=inner) as done:
        os.close(inner)
        assert done.stdout is not None
        out = done.stdout.read()
        shown = b""
        try:
            while chunk := os.read(outer, 4096):
                shown += chunk
        except OSError:  # Linux says so when the other side has gone
            pass
        os.close(outer)
    assert b"checking" in shown
    assert json.loads(out)["result"]["summary"]["accept"] == 30


@pytest.mark.slow
def test_nothing_is_accepted_that_java_cannot_open(pair: Pair, ca: CertificateAuthority) -> None:
    """Single flipped bits under a digest that was made to fit again: the hardest damage to notice."""
    import random

    from sfkeytool.acceptance.engine import Verdict
    from sfkeytool.keystores.contents import InputFile
    from sfkeytool.workflows.check import CheckOptions, check_file

    good = keystore(pkcs8(pair), ders(pair.crt, ca.intermediate, ca.root))[: -jks.DIGEST_BYTES]
    options = CheckOptions(as_of=datetime.now(UTC))
    chosen = random.Random(20261124)
    accepted, tries = 0, 1500 if THOROUGH else 400
    for _ in range(tries):
        place = chosen.randrange(len(good))
        flipped = signed(good[:place] + bytes([good[place] ^ 1 << chosen.randrange(8)]) + good[place + 1 :])
        if check_file(InputFile("x.jks", flipped), [Secret(PASSWORD)], options).verdict is not Verdict.ACCEPT:
            continue
        accepted += 1
        try:
            store = java_load(flipped, "JKS", PASSWORD)
            assert all(java_key(store, alias, PASSWORD) and java_chain(store, alias) for alias in store.aliases())
        except JavaError as error:
            pytest.fail(f"bit at {place}: {error}")
    assert accepted > tries / 15, "signatures, names and dates may change without Java's notice"
