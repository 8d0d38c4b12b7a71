"""DER that is neither key nor certificate is known for what it is: openssl makes it, the command says it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CertificateAuthority, Pair, Result, openssl, pem_body
from odd_certificates import oid, tlv

from sfkeytool.crypto.der import children, read_tlv
from sfkeytool.crypto.sniff import FileKind, sniff

Cli = Callable[..., Result]
FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture
def crl(ca: CertificateAuthority, folder: Path) -> Path:
    """The root's revocation list, version 2, in DER."""
    Path("index.txt").write_text("")
    Path("ca.cnf").write_text("[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ndefault_md=sha256\n")
    openssl(
        "ca", "-gencrl", "-config", "ca.cnf", "-cert", ca.root, "-keyfile", ca.folder / "root.key", "-crldays", 30,
        "-out", "list.pem", cwd=folder,
    )  # fmt: skip
    openssl("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.crl", cwd=folder)
    return folder / "list.crl"


def with_version_2(crl: bytes) -> bytes:
    """Whatever the default of this openssl is."""
    body, algorithm, signature = children(read_tlv(crl).value)
    start = b"" if read_tlv(body.value).tag == 2 else tlv(2, b"\1")
    return tlv(0x30, tlv(0x30, start, body.value), tlv(algorithm.tag, algorithm.value), tlv(3, signature.value))


def test_a_revocation_list_in_der_is_one(cli: Cli, crl: Path, pair: Pair, ca: CertificateAuthority) -> None:
    """Of either version; show says it, wrap leaves it out and says so, audit has no problem with it."""
    crl.write_bytes(with_version_2(crl.read_bytes()))
    assert sniff(crl.read_bytes()) is FileKind.DER_CRL
    body, algorithm, signature = children(read_tlv(crl.read_bytes()).value)
    version_1 = tlv(0x30, tlv(0x30, body.value[3:]), tlv(0x30, algorithm.value), tlv(3, signature.value))
    assert sniff(version_1) is FileKind.DER_CRL
    assert "DER certificate revocation list" in cli("show", crl).out
    result = cli("wrap", "pay", pair.key, pair.crt, ca.intermediate, ca.root, crl, "--password", "generate", "--json")
    assert result.code == 0
    assert any("not used" in warning and "revocation list" in warning for warning in result.json["warnings"])
    Path("only").mkdir()
    Path("only/list.crl").write_bytes(crl.read_bytes())
    Path("only/pair.crt").write_bytes(pair.crt.read_bytes())
    audited = cli("audit", "only", "--json")
    assert audited.code != 68
    assert "list.crl" not in audited.out


def test_a_request_is_still_a_request(pair: Pair, folder: Path) -> None:
    openssl("req", "-new", "-key", pair.key, "-subj", "/CN=x", "-outform", "DER", "-out", "x.der", cwd=folder)
    assert sniff(Path("x.der").read_bytes()) is FileKind.DER_CSR


def test_bcfks_is_known_by_its_algorithm(cli: Cli) -> None:
    """A reply of a timestamp server is two SEQUENCEs as well, and no keystore."""
    store = (FIXTURES / "keystores" / "bouncycastle.bcfks").read_bytes()
    assert sniff(store) is FileKind.BCFKS
    reply = tlv(0x30, tlv(0x30, tlv(2, b"\0")), tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, tlv(0x30))))
    assert sniff(reply) is FileKind.UNKNOWN
    Path("reply.tsr").write_bytes(reply)
    result = cli("check", "reply.tsr", "--json").json["result"]["files"][0]
    assert [finding["rule"] for finding in result["findings"]] == ["ckm.store.not-jks"]


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_what_is_encrypted_for_somebody_is_called_that(form: str, cli: Cli, pair: Pair, folder: Path) -> None:
    Path("note.txt").write_text("a message")
    openssl("cms", "-encrypt", "-in", "note.txt", "-outform", form, "-out", "note.p7m", "-aes256", pair.crt, cwd=folder)
    assert "encrypted for somebody" in cli("show", "note.p7m").out
    assert "encrypted for somebody" in cli("check", "note.p7m", "--profile", "app-cert").out or form == "PEM"
    Path("only").mkdir()
    Path("only/note.p7m").write_bytes(Path("note.p7m").read_bytes())
    assert cli("audit", "only", "--json").code != 68


def ber(der: bytes, depth: int = 6) -> bytes:
    """The same with indefinite lengths, but for certificates, whose bytes are what they are."""
    element = read_tlv(der)
    if not element.tag & 0x20 or not depth or is_certificate(element.value):
        return der[: element.end]
    inside = b""
    offset = 0
    while offset < len(element.value):
        part = read_tlv(element.value, offset)
        inside += ber(element.value[offset : part.end], depth - 1)
        offset = part.end
    return bytes([element.tag, 0x80]) + inside + b"\0\0"


def is_certificate(value: bytes) -> bool:
    return value[:1] == b"\x30" and [part.tag for part in children(value)] == [0x30, 0x30, 0x03]


def test_a_signed_message_in_ber_gives_its_certificates(
    cli: Cli, pair: Pair, ca: CertificateAuthority, folder: Path
) -> None:
    """SignedData of version 3, with content, signers and indefinite lengths throughout."""
    Path("note.txt").write_text("a message")
    openssl(
        "cms", "-sign", "-in", "note.txt", "-nodetach", "-keyid", "-signer", pair.crt, "-inkey", pair.key,
        "-certfile", ca.intermediate, "-econtent_type", "1.2.3.4", "-outform", "DER", "-out", "signed.der", cwd=folder,
    )  # fmt: skip
    der = Path("signed.der").read_bytes()
    assert b"\x02\x01\x03\x31" in der[:60], "version 3"
    Path("signed.p7b").write_bytes(ber(der))
    shown = cli("show", "signed.p7b", "--json").json["result"]["files"][0]["certificates"]
    wanted = [openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256") for path in (pair.crt, ca.intermediate)]
    assert sorted(one["sha256"] for one in shown) == sorted(line.strip().split("=")[1] for line in wanted)
    result = cli("wrap", "pay", pair.key, "signed.p7b", ca.root, "--password", "generate", "--json")
    assert (result.code, len(result.json["result"]["chain"])) == (0, 3)


def test_a_stranger_in_a_bundle_that_nobody_can_read_does_not_cost_the_bundle(
    cli: Cli, pair: Pair, ca: CertificateAuthority
) -> None:
    """The library refuses the whole bundle for it."""
    bundle = pem_body(ca.p7b(Path("all.p7b"), pair.crt, ca.root).read_text())
    root = pem_body(ca.root.read_text())
    place = root.index(b"\x17\x0d") + 2
    Path("broken.p7b").write_bytes(bundle.replace(root, root[:place] + b"x" + root[place + 1 :]))
    (shown,) = cli("show", "broken.p7b", "--json").json["result"]["files"]
    assert [one["subject"] for one in shown["certificates"]] == ["CN=pair"]
    assert "is no date" in shown["unreadableCertificates"][0]["reason"]
