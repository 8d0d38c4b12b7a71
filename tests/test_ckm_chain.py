"""``ckm chain``: the file for Upload Signed Certificate, from whatever the CA sent; the wrong one is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CertificateAuthority, Pair, Result, openssl, tree

Cli = Callable[..., Result]


@pytest.fixture
def csr(pair: Pair) -> Path:
    """The request that ``pair`` was signed for: as if Setup had given it out."""
    return pair.key.with_suffix(".csr")


def fingerprints(path: Path) -> list[str]:
    """Of the certificates in a PEM file, by openssl."""
    blocks = path.read_text().split("-----BEGIN CERTIFICATE-----")[1:]
    return [
        openssl(
            "x509", "-noout", "-fingerprint", "-sha256", data=f"-----BEGIN CERTIFICATE-----{block}".encode()
        ).strip()
        for block in blocks
    ]


@pytest.mark.parametrize("form", ["root first", "DER and PKCS#7", "one .pem"])
@pytest.mark.slow
def test_order_encoding_and_ending_are_mended(
    form: str, cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority, csr: Path
) -> None:
    """Leaf, intermediate, root; .crt; the leaf alone for the app; check accepts the result."""
    if form == "root first":
        files: list[Path] = [ca.root, ca.intermediate, pair.crt]
    elif form == "one .pem":
        files = [folder / "all.pem"]
        files[0].write_bytes(ca.intermediate.read_bytes() + ca.root.read_bytes() + pair.crt.read_bytes())
    else:
        openssl("x509", "-in", pair.crt, "-outform", "DER", "-out", folder / "leaf.cer")
        files = [ca.p7b(folder / "ca.p7b", ca.root, ca.intermediate, form="DER"), folder / "leaf.cer"]
    result = cli("ckm", "chain", "pay", *files, "--csr", csr, "--json")
    assert result.code == 0, result
    assert result.json["result"]["requestProved"]
    wanted = [fingerprints(path)[0] for path in (pair.crt, ca.intermediate, ca.root)]
    assert fingerprints(folder / "pay" / "pay-chain.crt") == wanted
    assert fingerprints(folder / "pay" / "pay.crt") == wanted[:1]
    checked = cli("check", folder / "pay" / "pay-chain.crt", "--profile", "signed-upload", "--json")
    assert checked.code == 0
    assert checked.json["result"]["files"][0]["findings"] == []


def test_the_wrong_answer_is_refused(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority, csr: Path
) -> None:
    """Another key, the leaf missing or damaged, nothing at all, two leaves, no request; nothing is written."""
    (folder / "none.txt").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    damaged = pair.crt.read_bytes().replace(b"MII", b"MIJ", 1)
    (folder / "damaged.crt").write_bytes(ca.root.read_bytes() + damaged)
    before = tree(folder)
    for files, options, code in [
        ((other_pair.crt, ca.intermediate), ("--csr", csr), "ckm.other-key"),
        ((ca.intermediate, ca.root), ("--csr", csr), "ckm.other-key"),
        ((ca.intermediate, ca.root), (), "ckm.no-leaf"),
        ((csr,), (), "certificate.none"),
        ((pair.crt, other_pair.crt), (), "certificate.ambiguous"),
        ((pair.crt,), ("--csr", ca.root), "csr.none"),
        ((Path("gone.crt"),), (), "input.not-found"),
        ((ca.intermediate, folder / "damaged.crt"), ("--csr", csr), "certificate.malformed"),
        ((ca.intermediate, folder / "damaged.crt"), (), "certificate.malformed"),
        ((other_pair.crt, folder / "damaged.crt"), ("--csr", csr), "ckm.other-key"),
    ]:
        result = cli("ckm", "chain", "pay", *files, *options, "--json")
        assert (result.code, result.json["code"]) == (1, code), result
    assert tree(folder) == before


def test_what_has_expired_is_refused(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The leaf, or an intermediate; each is named."""
    corpus = Path(__file__).parent.parent / "fixtures" / "corpus"
    result = cli("ckm", "chain", "pay", corpus / "app-expired.crt", "--json")
    assert (result.code, result.json["code"]) == (1, "ckm.expired")
    monkeypatch.setenv("CORPUS", "worthless-corpus-password")
    assert cli("unwrap", corpus / "expired-intermediate.jks", "--password", "env:CORPUS", "-d", "out").code == 0
    [chain] = (folder / "out").glob("*-chain.crt")
    result = cli("ckm", "chain", "pay", chain, "--json")
    assert (result.code, result.json["code"]) == (1, "ckm.expired")
    assert "certificate 2 of the chain" in result.json["message"]


def test_what_the_ca_changed_or_left_out_is_told(cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """Subject, SAN, a missing intermediate, a stray key; and that nothing was proved without the request."""
    openssl(
        "req", "-new", "-key", pair.key, "-subj", "/O=Acme/CN=asked", "-addext", "subjectAltName=DNS:shop.example",
        "-out", folder / "asked.csr",
    )  # fmt: skip
    result = cli("ckm", "chain", "pay", pair.crt, pair.key, "--csr", "asked.csr", "--json")
    assert result.code == 0, result
    warnings = " ".join(result.json["warnings"])
    assert "asked for CN=asked,O=Acme, got CN=pair" in warnings
    assert "DNS:shop.example" in warnings
    assert "does not reach its root" in warnings
    assert "private keys" in warnings
    assert {"ckm.subject-differs", "ckm.san-differs"} <= {notice["code"] for notice in result.json["notices"]}
    assert "--csr FILE proves it" in cli("ckm", "chain", "again", pair.crt).err


def test_the_group_alone_shows_its_commands(cli: Cli) -> None:
    """On stderr, as wrong usage."""
    result = cli("ckm")
    assert result.code == 2
    assert "chain" in result.err
    assert cli("ckm", "dance").code == 2
