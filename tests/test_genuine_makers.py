"""Round trips with the programs that people have: what each writes is read here, and what is written here each reads.

docs/makers.md is the same as a table. A maker that is not installed skips its tests, unless CI demands it.
"""

import json
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from conftest import PASSWORD, THOROUGH, Pair, Result, openssl, pem_body, process, required
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, load_ssh_public_key
from fake_org import FakeOrg
from npm_packages import npm_package
from openssl_command import run_openssl
from oracle_java import bouncy_castle, java_decrypt_pkcs8, java_encrypt_pkcs8, java_key_entries, java_keytool
from pfx import encode_cryptoapi_pfx
from test_login import CLIENT_ID, USER

from sfkeytool.crypto import keys
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]

SECRET = "pässwörd€ 24"
"""Beyond ASCII and beyond Latin-1: UTF-8 in PKCS#5, UTF-16 in PKCS#12, and each maker must agree."""
NEW_PASSWORD = ("--password", "env:TEST_PASSWORD")


READABLE = Path(__file__).parent.parent / "fixtures" / "keystores" / "first.crt"
"""Of a run whose files are all unreadable only the first is told."""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKERS_SECRET", SECRET)
    monkeypatch.setenv("WRONG", "nobody's password")


def run(*command: object, cwd: Path, data: bytes = b"") -> bytes:
    """What a maker prints on stdout. Fails the test if it fails."""
    [tool, *arguments] = command
    if tool == "openssl":
        done = run_openssl(arguments, cwd=cwd, data=data)
    else:
        line = [required(str(tool)), *map(str, arguments)]
        done = subprocess.run(line, cwd=cwd, input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, (
        f"{shlex.join(map(str, command))}\n{(done.stdout + done.stderr).decode(errors='replace')}"
    )
    return done.stdout


def spki_sha256(key: Path) -> str:
    private = load_pem_private_key(key.read_bytes(), None)
    return keys.public_key_sha256(private.public_key())


def seen(cli: Cli, *files: str, source: str = "MAKERS_SECRET") -> dict[str, str]:
    """What ``show`` says of each file, in one run: its key's fingerprint, or the code of the error."""
    shown = cli("show", READABLE, *files, "--password", f"env:{source}", "--json").json["result"]
    found = {file["path"]: " ".join(key["publicKeySha256"] for key in file["keys"]) for file in shown["files"][1:]}
    return found | {file["path"]: file["code"] for file in shown["unreadable"]}


def assert_opened(cli: Cli, pair: Pair, files: Iterable[str], wrong: str = "key.wrong-password") -> None:
    """Each holds the pair's key under SECRET, and says of another password that it is wrong."""
    files = list(files)
    assert seen(cli, *files) == dict.fromkeys(files, spki_sha256(pair.key))
    assert seen(cli, *files, source="WRONG") == dict.fromkeys(files, wrong)


@dataclass(frozen=True)
class Ours:
    """What sfkeytool writes of a new key: encrypted PKCS#8, certificate, keystore and request."""

    folder: Path

    def __getattr__(self, ending: str) -> Path:
        return self.folder / f"ours.{ending}"

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.crt.read_bytes())

    @property
    def spki_der(self) -> bytes:
        return keys.spki_der(self.certificate.public_key())


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Ours:
    folder = tmp_path_factory.mktemp("ours")
    env = {"MAKERS_SECRET": SECRET, "TEST_PASSWORD": PASSWORD}
    unlocked = ("--key-password", "env:MAKERS_SECRET")
    made = process("csr", "ours", "-d", folder, *unlocked, cwd=folder, env=env)
    assert made.code == 0, made
    signed = ("--key", "ours.key", "--input-password", "env:MAKERS_SECRET", "--password", "env:TEST_PASSWORD")
    made = process("self-signed", "ours", "-d", folder, *signed, "--force", cwd=folder, env=env)
    assert made.code == 0, made
    return Ours(folder)


# --- OpenSSL

PBES1 = (
    "PBE-MD5-DES", "PBE-SHA1-DES", "PBE-MD5-RC2-64", "PBE-SHA1-RC2-64", "PBE-SHA1-3DES", "PBE-SHA1-2DES",
    "PBE-SHA1-RC2-40", "PBE-SHA1-RC2-128", "PBE-SHA1-RC4-40", "PBE-SHA1-RC4-128",
)  # fmt: skip
PBES2 = ("aes128", "aes-192-cbc", "aes256", "des3", "des", "rc2", "rc2-40-cbc", "rc2-64-cbc")
PRFS = ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA512-224", "SHA512-256")
TRADITIONAL = (
    "aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des-ede3-cbc", "des-ede-cbc", "des-cbc", "rc2-cbc", "rc2-40-cbc",
    "rc2-64-cbc",
)  # fmt: skip
OPENED = {
    **{f"{name}.pem": ("pkcs8", "-topk8", "-v1", name) for name in PBES1},
    **{f"{name}.der": ("pkcs8", "-topk8", "-v1", name, "-outform", "DER") for name in PBES1},
    **{f"pbes2-{name}.pem": ("pkcs8", "-topk8", "-v2", name) for name in PBES2},
    **{f"prf-{name}.pem": ("pkcs8", "-topk8", "-v2", "aes256", "-v2prf", f"hmacWith{name}") for name in PRFS},
    "scrypt.pem": ("pkcs8", "-topk8", "-scrypt"),
    **{f"traditional-{name}.pem": ("rsa", "-traditional", f"-{name}") for name in TRADITIONAL},
}
NAMED = {
    **{f"pbes2-{name}.pem": ("pkcs8", "-topk8", "-v2", name) for name in ("camellia256", "aria256", "seed", "bf")},
    **{f"{name}.der": ("pkcs8", "-topk8", "-v2", name, "-outform", "DER") for name in ("camellia128", "seed")},
    **{
        f"traditional-{name}.pem": ("rsa", "-traditional", f"-{name}-cbc")
        for name in ("camellia-128", "aria-192", "seed", "bf", "cast5")
    },
}


@cache
def has_providers() -> bool:
    """OpenSSL 1.1 has all ciphers in one place, and LibreSSL too."""
    return openssl("version").startswith(("OpenSSL 3", "OpenSSL 4"))


def legacy() -> tuple[str, ...]:
    return ("-provider", "legacy", "-provider", "default") if has_providers() else ()


def write_with_openssl(pair: Pair, folder: Path, wanted: Mapping[str, Sequence[str]]) -> None:
    for name, options in wanted.items():
        taken = [option for option in options if option != "-traditional" or has_providers()]
        openssl(*taken, "-in", pair.key, "-out", folder / name, "-passout", "env:MAKERS_SECRET", *legacy())
        (folder / name).chmod(0o600)


@pytest.mark.slow
def test_openssl_s_encrypted_keys_open(cli: Cli, folder: Path, pair: Pair) -> None:
    write_with_openssl(pair, folder, OPENED)
    assert_opened(cli, pair, OPENED)


@pytest.mark.slow
def test_what_is_not_here_is_named_with_the_command_that_converts_it(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a password and without: nobody is asked for one that does not help. The command is run as it stands."""
    write_with_openssl(pair, folder, NAMED)
    assert seen(cli, *NAMED) == dict.fromkeys(NAMED, "key.unsupported")
    for name in NAMED:
        refused = cli("show", name, "--json")
        assert (refused.code, refused.json["code"]) == (1, "key.unsupported")
        algorithm = next(part for part in ("camellia", "aria", "seed", "bf", "cast5") if part in name)
        assert algorithm in refused.json["message"].lower().replace("blowfish", "bf").rpartition(": ")[2]
        hints = refused.json["actions"]
        assert len(hints) == (2 if algorithm in ("seed", "bf", "cast5") or name.endswith(".der") else 1)
        command = shlex.split(hints[0 if has_providers() else -1].partition(": ")[2])
        encrypting = ("-passout", "env:MAKERS_SECRET") if "-topk8" in command else ()
        openssl(*command[1:], "-passin", "env:MAKERS_SECRET", *encrypting)
        (folder / "COPY").chmod(0o600)
        assert seen(cli, "COPY") == {"COPY": spki_sha256(pair.key)}


def test_what_is_damaged_for_certain_is_not_called_a_wrong_password(cli: Cli, folder: Path, pair: Pair) -> None:
    """Half a block tells it, and so does an initialisation vector that is none."""
    wanted = {"pkcs8.der": OPENED["PBE-SHA1-2DES.der"], "dek.pem": OPENED["traditional-des-cbc.pem"]}
    write_with_openssl(pair, folder, wanted)
    der = (folder / "pkcs8.der").read_bytes()
    at = der.index(b"\x04\x82", 20)
    cut = der[4:at] + b"\x04\x82" + (len(der) - at - 7).to_bytes(2, "big") + der[at + 4 : -3]
    (folder / "pkcs8.der").write_bytes(b"\x30\x82" + len(cut).to_bytes(2, "big") + cut)
    pem = (folder / "dek.pem").read_text()
    (folder / "dek.pem").write_text(pem.replace("DEK-Info: DES-CBC,", "DEK-Info: DES-CBC,zz"))
    assert seen(cli, *wanted) == dict.fromkeys(wanted, "key.malformed")


def test_every_command_that_takes_a_key_opens_them(cli: Cli, folder: Path, pair: Pair) -> None:
    wanted = {"a.key": OPENED["PBE-SHA1-2DES.der"], "b.key": OPENED["traditional-aes-192-cbc.pem"]}
    write_with_openssl(pair, folder, wanted)
    given = ("--input-password", "env:MAKERS_SECRET")
    read = ("--password", "env:MAKERS_SECRET")
    for key in wanted:
        name = f"from_{key[0]}"
        for command in (
            ("self-signed", f"{name}_self", "--key", key, *given, *NEW_PASSWORD),
            ("csr", f"{name}_csr", "--key", key, *given),
            ("wrap", f"{name}_wrap", key, pair.crt, *given, *NEW_PASSWORD),
            ("compare", key, pair.crt, *read),
            ("show", key, *read),
            ("audit", key, pair.crt, *read, "--within", "1"),
        ):
            done = cli(*command, "--json")
            assert done.code == (3 if command[0] == "compare" else 0), (command, done)
            assert command[0] != "compare" or done.json["result"]["relation"] == "same-key"
        checked = cli("check", key, *read, "--json")
        assert "app.file.no-certificate" in checked.out
        with FakeOrg(tls=False) as org:
            org.add_user(USER)
            org.add_app(CLIENT_ID, pair.crt.read_text(), approved_users=[USER])
            logged_in = cli("login", "-f", key, *read, "-i", CLIENT_ID, "-u", USER, "-r", org.url)
            assert logged_in.code == 0, logged_in


def test_openssl_reads_what_is_written_here(ours: Ours) -> None:
    spki = openssl("pkey", "-in", ours.key, "-passin", "env:MAKERS_SECRET", "-pubout")
    assert pem_body(spki) == ours.spki_der
    assert "verify OK" in openssl("req", "-in", ours.csr, "-noout", "-verify")
    assert pem_body(openssl("x509", "-in", ours.crt, "-pubkey", "-noout")) == ours.spki_der


def test_openssl_enc_is_undone_where_it_only_encodes(cli: Cli, folder: Path, pair: Pair) -> None:
    openssl("enc", "-base64", "-in", pair.key, "-out", "encoded.key", cwd=folder)
    openssl("enc", "-aes-256-cbc", "-pbkdf2", "-in", pair.key, "-out", "salted.key", "-k", "x", cwd=folder)
    openssl("enc", "-d", "-aes-256-cbc", "-pbkdf2", "-in", "salted.key", "-out", "back.key", "-k", "x", cwd=folder)
    found = seen(cli, "encoded.key", "salted.key", "back.key")
    assert found.pop("salted.key").startswith(("input.", "key."))
    assert found == dict.fromkeys(found, spki_sha256(pair.key))


# --- NSS

NSS = ["RC2-CBC"]
GNUTLS = ["aes-192"]
if THOROUGH:  # both derive keys with 600,000 rounds, which takes seconds
    NSS += [
        "PKCS #5 Password Based Encryption with MD5 and DES-CBC",
        "AES-256-CBC",
        "AES-128-CBC",
        "DES-EDE3-CBC",
        "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC",
        "PKCS #12 V2 PBE With SHA-1 And 128 Bit RC4",
        "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC",
    ]
    GNUTLS += ["aes-128", "aes-256", "3des", "3des-pkcs12", "arcfour", "rc2-40"]


@pytest.mark.slow
def test_nss_and_we_read_each_other(cli: Cli, folder: Path, pair: Pair, ours: Ours) -> None:
    (folder / "secret").write_text(SECRET)
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-name", "pay", "-passout", "env:MAKERS_SECRET",
        "-out", "in.p12", cwd=folder,
    )  # fmt: skip
    nss = ("-d", f"sql:{folder}")
    run("certutil", "-N", *nss, "--empty-password", cwd=folder)
    run("pk12util", "-i", "in.p12", *nss, "-w", "secret", "-K", "", cwd=folder)
    files = [f"{number}.p12" for number in range(len(NSS))]
    for file, cipher in zip(files, NSS, strict=True):
        run("pk12util", "-o", file, "-n", "pay", *nss, "-w", "secret", "-K", "", "-c", cipher, cwd=folder)
    assert seen(cli, *files) == dict.fromkeys(files, spki_sha256(pair.key))
    run("certutil", "-A", *nss, "-n", "ours", "-t", ",,", "-a", "-i", ours.crt, cwd=folder)
    back = run("certutil", "-L", *nss, "-n", "ours", "-r", cwd=folder)
    assert back == ours.certificate.public_bytes(Encoding.DER)


# --- GnuTLS


@pytest.mark.slow
def test_gnutls_and_we_read_each_other(cli: Cli, folder: Path, pair: Pair, ours: Ours) -> None:
    secret = ("--password", SECRET)
    for cipher in GNUTLS:
        how = ("--pkcs-cipher", cipher, "--load-privkey", pair.key, *secret)
        run("certtool", "--to-p8", *how, "--outfile", f"{cipher}.key", cwd=folder)
        (folder / f"{cipher}.key").chmod(0o600)
    how_p12 = ("--load-privkey", pair.key, "--load-certificate", pair.crt, "--p12-name", "pay", "--outder", *secret)
    run("certtool", "--to-p12", *how_p12, "--outfile", "pay.p12", cwd=folder)
    files = [*(f"{cipher}.key" for cipher in GNUTLS), "pay.p12"]
    assert seen(cli, *files) == dict.fromkeys(files, spki_sha256(pair.key))

    spki = run("certtool", "--load-privkey", ours.key, *secret, "--pubkey-info", "--outder", cwd=folder)
    assert spki == ours.spki_der
    assert b"signature: verified" in run("certtool", "--crq-info", "--infile", ours.csr, cwd=folder)
    assert pem_body(run("certtool", "-i", "--infile", ours.crt, cwd=folder).decode()) == (
        ours.certificate.public_bytes(Encoding.DER)
    )


# --- OpenSSH and PuTTY


def test_ssh_keygen_and_we_read_each_other(cli: Cli, folder: Path, pair: Pair, ours: Ours) -> None:
    """Its own format is named with the command that converts it, which is run as it stands."""
    change = ("ssh-keygen", "-q", "-p", "-N", SECRET)
    for form in ("PKCS8", "PEM", "RFC4716"):
        (folder / form).write_bytes(pair.key.read_bytes())
        (folder / form).chmod(0o600)
        run(*change, "-P", "", "-m", form, "-f", form, cwd=folder)
    assert_opened(cli, pair, ["PKCS8", "PEM"])
    refused = cli("show", "RFC4716", "--json")
    assert refused.json["code"] == "key.openssh"
    (folder / "RFC4716").rename(folder / "COPY")
    _, _, *converted = shlex.split(refused.json["actions"][0].partition(": ")[2])
    run(*change, "-P", SECRET, *converted, cwd=folder)
    assert seen(cli, "COPY") == {"COPY": spki_sha256(pair.key)}

    public = run("ssh-keygen", "-y", "-P", SECRET, "-f", ours.key, cwd=folder).split()[1]
    known = load_ssh_public_key(b"ssh-rsa " + public)
    assert keys.spki_der(known) == ours.spki_der


def test_puttygen_s_export_opens(cli: Cli, folder: Path, pair: Pair) -> None:
    """It reads no PKCS#8, and so nothing that is written here without ssh-keygen between."""
    openssl("rsa", "-traditional", "-in", pair.key, "-out", "pkcs1.pem", cwd=folder)
    (folder / "secret").write_text(SECRET)
    new, old = ("--new-passphrase", "secret"), ("--old-passphrase", "secret")
    run("puttygen", "pkcs1.pem", "-O", "private", "-o", "pay.ppk", *new, cwd=folder)
    run("puttygen", "pay.ppk", *old, "-O", "private-openssh", "-o", "pay.pem", *new, cwd=folder)
    assert_opened(cli, pair, ["pay.pem"])
    assert seen(cli, "pay.ppk")["pay.ppk"].startswith(("input.", "key."))


# --- node and jsonwebtoken

JSONWEBTOKEN = "9.0.3"
"""What the Salesforce CLI signs with."""
NODE = {
    **{f"pkcs8-{cipher}.pem": ("pkcs8", "pem", cipher) for cipher in ("aes-128-cbc", "aes-256-cbc", "des-ede3-cbc")},
    "pkcs8.der": ("pkcs8", "der", "aes-192-cbc"),
    **{f"pkcs1-{cipher}.pem": ("pkcs1", "pem", cipher) for cipher in ("aes-192-cbc", "aes-256-cbc", "des-ede3-cbc")},
}
_EXPORT = """
const crypto = require("crypto"), fs = require("fs"), passphrase = process.env.MAKERS_SECRET
const [from, wanted] = JSON.parse(fs.readFileSync(0, "utf8"))
const key = crypto.createPrivateKey(fs.readFileSync(from))
for (const [file, [type, format, cipher]] of Object.entries(wanted))
  fs.writeFileSync(file, key.export({ type, format, cipher, passphrase }), { mode: 0o600 })
"""
_READ = """
const crypto = require("crypto"), fs = require("fs"), jwt = require(process.argv[1] + "/jsonwebtoken")
const [keyFile, certificateFile] = JSON.parse(fs.readFileSync(0, "utf8"))
const key = { key: fs.readFileSync(keyFile), passphrase: process.env.MAKERS_SECRET }
const certificate = new crypto.X509Certificate(fs.readFileSync(certificateFile))
if (!certificate.checkPrivateKey(crypto.createPrivateKey(key))) throw new Error("not a pair")
const token = jwt.sign({ sub: "bot" }, key, { algorithm: "RS256" })
process.stdout.write(jwt.verify(token, fs.readFileSync(certificateFile), { algorithms: ["RS256"] }).sub)
"""


def test_node_and_we_read_each_other(cli: Cli, folder: Path, pair: Pair, ours: Ours) -> None:
    run("node", "-e", _EXPORT, cwd=folder, data=json.dumps([str(pair.key), NODE]).encode())
    assert_opened(cli, pair, NODE)
    modules = npm_package("jsonwebtoken", JSONWEBTOKEN)
    files = json.dumps([str(ours.key), str(ours.crt)]).encode()
    assert run("node", "-e", _READ, str(modules), cwd=folder, data=files) == b"bot"


# --- Java and Bouncy Castle

JAVA = (
    "PBEWithMD5AndDES",
    "PBEWithSHA1AndDESede",
    "PBEWithSHA1AndRC2_40",
    "PBEWithSHA1AndRC2_128",
    "PBEWithSHA1AndRC4_40",
    "PBEWithSHA1AndRC4_128",
    "PBEWithHmacSHA1AndAES_128",
    "PBEWithHmacSHA256AndAES_256",
    "PBEWithHmacSHA512AndAES_256",
)
BOUNCY_CASTLE = {
    "PBEWITHMD2ANDDES": "1.2.840.113549.1.5.1",
    "PBEWITHMD5ANDDES": "1.2.840.113549.1.5.3",
    "PBEWITHMD5ANDRC2": "1.2.840.113549.1.5.6",
    "PBEWITHSHA1ANDDES": "1.2.840.113549.1.5.10",
    "PBEWITHSHA1ANDRC2": "1.2.840.113549.1.5.11",
    "PBEWITHSHAAND128BITRC4": "1.2.840.113549.1.12.1.1",
    "PBEWITHSHAAND40BITRC4": "1.2.840.113549.1.12.1.2",
    "PBEWITHSHAAND3-KEYTRIPLEDES-CBC": "1.2.840.113549.1.12.1.3",
    "PBEWITHSHAAND2-KEYTRIPLEDES-CBC": "1.2.840.113549.1.12.1.4",
    "PBEWITHSHAAND128BITRC2-CBC": "1.2.840.113549.1.12.1.5",
    "PBEWITHSHAAND40BITRC2-CBC": "1.2.840.113549.1.12.1.6",
}


def write_with_java(
    pair: Pair, folder: Path, algorithms: Iterable[str], password: str, oids: Mapping[str, str]
) -> list[str]:
    pkcs8 = keys.encode_key_pkcs8(load_pem_private_key(pair.key.read_bytes(), None))
    for name in algorithms:
        (folder / name).write_bytes(java_encrypt_pkcs8(pkcs8, password, name, oids.get(name, "")))
        (folder / name).chmod(0o600)
    return list(algorithms)


@pytest.mark.slow
def test_java_and_we_read_each_other(
    cli: Cli, folder: Path, pair: Pair, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Java's own provider takes no password beyond ASCII for such a key."""
    monkeypatch.setenv("MAKERS_SECRET", PASSWORD)
    assert_opened(cli, pair, write_with_java(pair, folder, JAVA, PASSWORD, {}))
    [entry] = java_key_entries(ours.jks.read_bytes(), "JKS", PASSWORD)
    assert (entry.alias, entry.fits) == ("ours", True)
    assert entry.chain_der == (ours.certificate.public_bytes(Encoding.DER),)
    assert "CN=ours" in java_keytool(ours.folder, ["-printcertreq", "-file", "ours.csr"])
    assert "CN=ours" in java_keytool(ours.folder, ["-printcert", "-file", "ours.crt"])
    private = keys.parse_private_key(ours.key.read_bytes(), "ours", [Secret(SECRET)]).key
    encrypted = pem_body(keys.encode_key_pem(private, Secret(PASSWORD)).decode())
    assert java_decrypt_pkcs8(encrypted, PASSWORD) == keys.encode_key_pkcs8(private)


def test_bouncy_castle_s_encrypted_keys_open(cli: Cli, folder: Path, pair: Pair) -> None:
    """A password beyond ASCII only in PKCS#12's schemes: of PKCS#5's it takes the low half of each character."""
    bouncy_castle()
    oids = BOUNCY_CASTLE
    names = {by: [name for name, oid in oids.items() if oid.startswith(f"1.2.840.113549.1.{by}.")] for by in (5, 12)}
    assert_opened(cli, pair, write_with_java(pair, folder, names[12], SECRET, oids))
    ascii_alone = write_with_java(pair, folder, names[5], PASSWORD, oids)
    md2 = {"PBEWITHMD2ANDDES": "key.unsupported"}
    opened = {name: spki_sha256(pair.key) for name in ascii_alone}
    assert seen(cli, *ascii_alone, source="TEST_PASSWORD") == opened | md2
    hint = cli("show", *md2, "--json").json["actions"]
    assert hint == ["OpenSSL does not have it either: ask whoever made the key for one in another encryption"]


# --- Windows


def test_a_pfx_as_windows_writes_it_opens(cli: Cli, folder: Path, pair: Pair) -> None:
    """Of openssl with the CSP's name and the machine's key set, and of our own shaped as CryptoAPI has it, which openssl
    must open too."""
    files: list[str] = []
    for number, protection in enumerate(("PBE-SHA1-3DES", "AES-256-CBC")):
        openssl(
            "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-name", "{0A1B2C3D-0000-4000-8000-00000000000F}",
            "-CSP", "Microsoft Enhanced RSA and AES Cryptographic Provider", "-LMK", "-keysig", "-keypbe", protection,
            "-certpbe", protection, "-passout", "env:MAKERS_SECRET", "-out", folder / f"{number}.pfx", "-macalg", "sha1",
        )  # fmt: skip
        files.append(f"{number}.pfx")
    pkcs8 = keys.encode_key_pkcs8(load_pem_private_key(pair.key.read_bytes(), None))
    (folder / "cryptoapi.pfx").write_bytes(encode_cryptoapi_pfx(pkcs8, pem_body(pair.crt.read_text()), SECRET))
    files.append("cryptoapi.pfx")
    text = openssl("pkcs12", "-in", "cryptoapi.pfx", "-nodes", "-passin", "env:MAKERS_SECRET", *legacy(), cwd=folder)
    assert "Microsoft CSP Name: Microsoft Enhanced RSA" in text
    assert "X509v3 Key Usage: 10" in text
    assert_opened(cli, pair, files, "keystore.wrong-password")
    made = cli("wrap", "pay", "cryptoapi.pfx", "--input-password", "env:MAKERS_SECRET", *NEW_PASSWORD, "--json")
    assert made.code == 0, made
