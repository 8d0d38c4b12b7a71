"""Keys and certificates as they arrive: read where it is certain what was meant, else named for what they are."""

import base64
import json
import random
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import PASSWORD, THOROUGH, Pair, Result, openssl, required, tree
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from mangled_forms import CLEAN, MENDED, certutil_encode
from mangled_page import PAGE, mangled_page
from openssl_command import run_openssl
from oracle_java import JavaError, java_keytool

from sfkeytool.crypto.mending import mend
from sfkeytool.crypto.undoing import Form
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.contents import InputFile, parse_contents

Cli = Callable[..., Result]
PASSWORDS = ("--password", "env:TEST_PASSWORD")


def codes(result: Result) -> list[str]:
    return [notice["code"] for notice in result.json["notices"]]


def in_env(data: bytes) -> str:
    """As a variable holds it: text, with no NUL."""
    return data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8")


@pytest.fixture(scope="module")
def written(pair: Pair) -> bytes:
    """What a clean copy of the key is."""
    return openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key).encode()


@pytest.mark.parametrize("form", MENDED)
def test_a_mangled_key_is_read_from_everywhere_and_written_clean(
    form: str, cli: Cli, folder: Path, pair: Pair, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file, stdin and a variable: told, the same key, its text in no message, the input as it was."""
    data = MENDED[form](pair.key.read_text())
    (folder / "in.pem").write_bytes(data)
    (folder / "in.pem").chmod(0o600)
    result = cli("unwrap", "in.pem", "--json")
    assert result.code == 0, result
    assert (folder / "in" / "in.key").read_bytes() == written
    assert (folder / "in.pem").read_bytes() == data
    assert {"input.mangled", "unwrap.clean-key"} <= set(codes(result))
    body = "".join(pair.key.read_text().split("\n")[1:-2])
    assert not any(body[i : i + 12] in result.out + result.err for i in range(0, len(body), 12))
    spki = result.json["result"]["entries"][0]["key"]["publicKeySha256"]
    monkeypatch.setenv("MANGLED", in_env(data))
    for source, stdin in (("-", data), ("env:MANGLED", b"")):
        other = cli("unwrap", source, "--dry-run", "--json", stdin=stdin)
        assert other.code == 0, (source, other)
        assert other.json["result"]["entries"][0]["key"]["publicKeySha256"] == spki
        if data[:2] != b"\xff\xfe" or source == "-":  # a variable is text, and in no encoding
            assert "input.mangled" in codes(other)


@pytest.mark.parametrize("form", MENDED)
def test_a_mangled_certificate_is_read(form: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """The same certificate, and told, but for certutil's wrapper, which says what is in it."""
    (folder / "clean.crt").write_bytes(pair.crt.read_bytes())
    (folder / "in.crt").write_bytes(MENDED[form](openssl("x509", "-in", pair.crt)))
    result = cli("compare", "in.crt", "clean.crt", "--json")
    assert result.code == 0, result
    assert ("input.mangled" in codes(result)) == (form != "certutil -encode")


@pytest.mark.parametrize("form", CLEAN)
def test_what_every_program_reads_is_not_complained_of(form: str, cli: Cli, folder: Path, pair: Pair) -> None:
    (folder / "in.key").write_bytes(CLEAN[form](pair.key.read_text()))
    result = cli("unwrap", "in.key", "--json")
    assert result.code == 0, result
    assert "input.mangled" not in codes(result)


def test_other_programs_do_with_each_form_what_is_said(tmp_path: Path, pair: Pair) -> None:
    """openssl and Node.js themselves, a key and a certificate in each form."""
    texts = {"key": openssl("pkey", "-in", pair.key), "crt": openssl("x509", "-in", pair.crt)}
    said: dict[str, bool] = {}
    for number, mangle in enumerate([*CLEAN.values(), *MENDED.values()]):
        for kind, text in texts.items():
            data = mangle(text)
            (tmp_path / f"{number}.{kind}").write_bytes(data)
            said[f"{number}.{kind}"] = not mend(data).refused
    script = """
const crypto = require('crypto'), fs = require('fs'), answers = {};
for (const name of fs.readdirSync('.')) {
  const text = fs.readFileSync(name, 'utf8');
  try { name.endsWith('key') ? crypto.createPrivateKey(text) : new crypto.X509Certificate(text); answers[name] = true }
  catch (error) { answers[name] = false }
}
console.log(JSON.stringify(answers))"""
    done = subprocess.run([required("node"), "-e", script], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == said
    for name, reads in said.items():
        command = ["pkey" if name.endswith("key") else "x509", "-noout", "-in", tmp_path / name]
        assert (run_openssl(command).returncode == 0) == reads


@pytest.mark.slow
def test_check_says_of_a_certificate_in_each_form_what_java_does_with_it(cli: Cli, folder: Path, pair: Pair) -> None:
    """It is wrapped where keytool, as a strict reader, refuses it; one form of each kind."""
    text = openssl("x509", "-in", pair.crt)
    for form in (r"line ends as \n", "blanks for line ends", "no line ends", "carriage returns alone", "en dashes",
                 "indented, as in YAML", "a missing END line", "HTML entities", "double quotes"):  # fmt: skip
        (folder / "app.crt").write_bytes(MENDED[form](text))
        try:
            java_keytool(folder, ["-printcert", "-file", "app.crt"])
            reads = True
        except JavaError:
            reads = False
        findings = cli("check", "app.crt", "--json").json["result"]["files"][0]["findings"]
        assert ("app.file.wrapped" in [finding["rule"] for finding in findings]) != reads, form


def test_the_page_has_what_is_said() -> None:
    """``python tests/mangled_page.py`` writes it."""
    assert PAGE.read_text(encoding="utf-8") == mangled_page()


# Encrypted, several, wrapped


def test_an_encrypted_key_is_mended_too(cli: Cli, folder: Path, pair: Pair, written: bytes) -> None:
    """PKCS#8 and the old form with its headers, whose line ends are gone as well."""
    new = openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", f"pass:{PASSWORD}")
    old = openssl("rsa", "-in", pair.key, "-traditional", "-aes256", "-passout", f"pass:{PASSWORD}")
    old = old[old.index("-----BEGIN") :]
    for number, (text, form) in enumerate(
        (text, form) for text in (new, old) for form in (r"line ends as \n", "blanks for line ends", "en dashes")
    ):
        (folder / f"k{number}.pem").write_bytes(MENDED[form](text))
        result = cli("unwrap", f"k{number}.pem", *PASSWORDS, "--json")
        assert result.code == 0, (form, result)
        assert "input.mangled" in codes(result)
        assert (folder / f"k{number}" / f"k{number}.key").read_bytes() == written


def test_certificates_beside_a_key_are_written_with_it(cli: Cli, folder: Path, pair: Pair) -> None:
    """As those of a keystore are."""
    (folder / "both.pem").write_bytes(
        MENDED[r"line ends as \n"](pair.key.read_text() + openssl("x509", "-in", pair.crt))
    )
    result = cli("unwrap", "both.pem", "--json")
    assert result.code == 0, result
    assert sorted(path.name for path in (folder / "both").iterdir()) == [
        ".gitignore", "both-chain.crt", "both.crt", "both.key",
    ]  # fmt: skip
    assert result.json["result"]["entries"][0]["pairProved"]


def test_keystores_in_base64_and_in_certutils_wrapper_open(cli: Cli, folder: Path, pair: Pair) -> None:
    """A JKS as a PFX does, also between quotes, with \\n in it, and in base64url."""
    assert cli("wrap", "pay", pair.key, pair.crt, *PASSWORDS).code == 0
    openssl("pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-passout", f"pass:{PASSWORD}", "-out", "a.pfx")
    for store in (folder / "pay" / "pay.jks", folder / "a.pfx"):
        data = store.read_bytes()
        for number, mangled in enumerate(
            (
                base64.b64encode(data),
                base64.encodebytes(data),
                base64.urlsafe_b64encode(data),
                b'"' + base64.encodebytes(data).strip().replace(b"\n", rb"\n") + b'"',
                certutil_encode(data),
            )
        ):
            (folder / "in.bin").write_bytes(mangled)
            result = cli("show", "in.bin", *PASSWORDS, "--json")
            assert result.code == 0, (number, result)
            assert result.json["result"]["files"][0]["keys"], number
            assert "input.mangled" in codes(result)


# Named


def _named(pair: Pair) -> dict[str, tuple[bytes, str, str]]:
    """What is given, the code of the error, and what its hint must say."""
    jks = bytes.fromhex("feedfeed0000000200000001000000010003706179") + bytes(range(256))
    der = base64.b64decode("".join(pair.key.read_text().split("\n")[1:-2]))
    salted = b"Salted__" + bytes(range(100))
    return {
        "salted": (salted, "input.encrypted-file", "openssl enc -d"),
        "salted-base64": (base64.encodebytes(salted), "input.encrypted-file", "openssl enc -d"),
        "git-crypt": (b"\0GITCRYPT\0" + bytes(80), "input.encrypted-file", "git-crypt unlock"),
        "vault": (b"$ANSIBLE_VAULT;1.1;AES256\n6162\n" * 4, "input.encrypted-file", "ansible-vault decrypt"),
        "sops": (b'{"data": "ENC[AES256_GCM,data:abc,iv:d,tag:e,type:str]"}' * 2, "input.encrypted-file", "sops decrypt"),
        "age": (b"age-encryption.org/v1\n-> X25519 abc\n" * 3, "input.encrypted-file", "age -d"),
        "age-armour": (
            b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n",
            "input.encrypted-file",
            "age -d",
        ),
        "jks-as-text": (jks.decode("utf-8", "replace").encode(), "input.rewritten-as-text", "take the original"),
        "der-as-text": (der.decode("utf-8", "replace").encode(), "input.rewritten-as-text", "take the original"),
        "lfs": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 2\n" * 2, "input.lfs-pointer", "git lfs pull",
        ),
        "page": (b"\n<!DOCTYPE html><html><head><title>Login</title><body><br></html>", "input.web-page", "logged in"),
        "ppk2": (b"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n" * 3, "key.putty", "puttygen"),
        "ppk3": (b"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n" * 3, "key.putty", "puttygen"),
        "jwk": (b'{"kty":"RSA","n":"AQAB","e":"AQAB","d":"' + b"A" * 80 + b'"}', "key.jwk", "PKCS#8"),
        "ssh-public": (b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ" + b"C" * 80 + b" me@here\n", "key.ssh-public", ".pub"),
        "blanks": (b"\xef\xbb\xbf \n\n", "input.empty", ""),
    }  # fmt: skip


COMMANDS = (
    "show {}",
    "wrap pay {} --password env:TEST_PASSWORD",
    "unwrap {}",
    "self-signed pay --key {} --password env:TEST_PASSWORD",
    "csr pay --key {}",
    "compare {} {}",
    "login -f {} -i 3MVG9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -u me@example.com",
)


@pytest.mark.parametrize("what", ["salted", "salted-base64", "git-crypt", "vault", "sops", "age", "age-armour",
    "jks-as-text", "der-as-text", "lfs", "page", "ppk2", "ppk3", "jwk", "ssh-public", "blanks"])  # fmt: skip
def test_what_is_no_key_is_named_with_the_next_step(what: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """By every command that takes one, of a file; by an audit under a keystore's name; and by ``check``."""
    data, code, hint = _named(pair)[what]
    (folder / "in.jks").write_bytes(data)
    (folder / "in.jks").chmod(0o600)
    before = tree(folder)
    for command in COMMANDS:
        result = cli(*command.format("in.jks", "in.jks").split(), "--json")
        assert result.code == 1, (command, result)
        assert result.json["code"] == code, (command, result)
        assert hint in " ".join(result.json["actions"]), (command, result)
        assert "in.jks" in result.json["message"]
    assert tree(folder) == before
    checked = cli("check", "in.jks")
    assert checked.code in (1, 3)
    assert not hint or hint in " ".join((checked.out + checked.err).split()), checked
    [source] = cli("audit", "in.jks", "--json").json["result"]["sources"]
    assert [problem["code"] for problem in source["problems"]] == [code]


def test_what_holds_no_private_key_is_named_where_one_is_wanted(cli: Cli, folder: Path, pair: Pair) -> None:
    """A public key, a request, a certificate: what there is, and not only what there is not."""
    openssl("pkey", "-in", pair.key, "-pubout", "-out", folder / "in.pub")
    (folder / "in.csr").write_bytes(pair.key.with_suffix(".csr").read_bytes())
    (folder / "in.crt").write_bytes(pair.crt.read_bytes())
    for name, what in (("in.pub", "PUBLIC KEY"), ("in.csr", "certificate request"), ("in.crt", "certificate")):
        for command in ("self-signed pay --key {} --password env:TEST_PASSWORD", COMMANDS[-1]):
            result = cli(*command.format(name).split(), "--json")
            assert (result.code, result.json["code"]) == (1, "key.none")
            assert f"{name}: {what}" in result.json["message"]


def test_keys_of_putty_and_openssh_are_had_by_the_command_of_the_hint(cli: Cli, folder: Path, pair: Pair) -> None:
    """puttygen's and ssh-keygen's own files, and their own commands on them."""
    puttygen, ssh_keygen = required("puttygen"), required("ssh-keygen")
    text = openssl("rsa", "-in", pair.key, "-traditional")
    (folder / "k.pem").write_text(text[text.index("-----BEGIN") : text.index("KEY-----\n", 60) + 9])
    (folder / "k.pem").chmod(0o600)
    (folder / "empty").touch()
    made = [puttygen, "k.pem", "-O", "private", "-o", "k.ppk", "--new-passphrase", "empty"]
    assert subprocess.run(made, cwd=folder, check=False, capture_output=True).returncode == 0
    refused = cli("unwrap", "k.ppk", "--json").json
    assert refused["code"] == "key.putty"
    assert "puttygen k.ppk -O private-openssh -o COPY" in refused["actions"][0]
    done = subprocess.run([puttygen, "k.ppk", "-O", "private-openssh", "-o", "COPY"], cwd=folder, check=False)
    assert done.returncode == 0
    assert cli("unwrap", "COPY", "--json").code == 0
    (folder / "id").write_bytes((folder / "k.pem").read_bytes())
    (folder / "id").chmod(0o600)
    subprocess.run([ssh_keygen, "-p", "-N", "", "-q", "-f", "id"], cwd=folder, check=True, capture_output=True)
    refused = cli("unwrap", "id", "--json").json
    assert refused["code"] == "key.openssh"
    assert "ssh-keygen -p -m PKCS8 -f COPY" in refused["actions"][0]


# Nothing is guessed


@pytest.mark.parametrize("form", [form for form in MENDED if form != "certutil -encode"])  # which takes whole files
def test_a_key_that_was_cut_is_never_read_as_whole(form: str, pair: Pair) -> None:
    """Wherever its base64 ends: an error of ours."""
    text = pair.key.read_text().strip()
    end = len(text[: text.index("\n-----END")].rstrip("="))  # without its padding it is whole
    chance = random.Random(form)
    for cut in (
        end - 1,
        end - 2,
        end - 3,
        end - 4,
        *(chance.randrange(200, end) for _ in range(20 if THOROUGH else 4)),
    ):
        for ending in ("", "\n-----END PRIVATE KEY-----\n"):
            data = MENDED[form](text[:cut] + (ending or "\nX"))
            if cut < end - 4:
                assert not {Form.NO_END, Form.BARE} & set(mend(data).forms)
            elif not ending:  # X is one more character of the base64: the very key, where none of its bits count
                with suppress(SfkeytoolError):
                    assert_the_very_key(data, pair)
                continue
            with pytest.raises(SfkeytoolError):
                parse_contents(InputFile("k", data), ())


@pytest.mark.parametrize("form", MENDED)
def test_no_change_of_a_character_makes_another_key(form: str, pair: Pair) -> None:
    """Flipped, cut and doubled characters: the very key, or an error of ours."""
    data = MENDED[form](pair.key.read_text())
    chance = random.Random(form)
    for _ in range(400 if THOROUGH else 15):
        at = chance.randrange(len(data))
        broken = chance.choice(
            (
                data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :],
                data[:at] + data[at + chance.randrange(1, 40) :],
                data[:at] + data[at : at + 3] + data[at:],
                data[:at],
                data[:at] + chance.choice((b"-", b"\\", b"&", b"%", b"<", b"\xe2", b"\0")) + data[at:],
            )
        )
        with suppress(SfkeytoolError):
            assert_the_very_key(broken, pair)


def assert_the_very_key(data: bytes, pair: Pair) -> None:
    """Raises SfkeytoolError where it is not read."""
    key = load_pem_private_key(pair.key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    found = parse_contents(InputFile("k", data), ()).keys
    assert all(one.key.private_numbers() == key.private_numbers() for one in found)  # type: ignore[union-attr]


_BEGIN = b"-----BEGIN PRIVATE KEY-----"
HOSTILE = {
    "hyphens": b"-",
    "backslashes": b"\\",
    "BEGIN lines": _BEGIN,
    "END lines": b"-----END PRIVATE KEY-----",
    "entities": b"&#43;",
    "ampersands": b"&",
    "tags": b"a<",
    "per cent": b"%2B",
    "en dashes": "\u2013".encode(),
    "quotes": b'" ',
    "mail": b"\n> ",
    "blanks": b" ",
    "line ends": b"\n",
    "no-break spaces": "\u00a0".encode(),
    "base64": b"QUJD",
    "all": b"BEGIN -&\\n%2B<'\"",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_megabyte_made_to_hurt_costs_less_than_a_second(what: str, cli: Cli, folder: Path) -> None:
    """Of processor time, of the whole command; and as much as is looked at for mangled PEM at all, which costs more."""
    unit = HOSTILE[what]
    for size in (1 << 20, 256 << 10):
        (folder / "in.pem").write_bytes((_BEGIN + unit * (size // len(unit)))[: size - 5] + b"BEGIN")
        before = time.process_time()
        assert cli("show", "in.pem").code in (0, 1)
        assert time.process_time() - before < 1, size
