"""``--format bcfks``, through every command that makes a keystore; Bouncy Castle in a genuine Java is the judge."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Result, keytool, modes, openssl, pem_body, tree
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from fake_org import FakeOrg
from oracle_java import bouncy_castle, java_chain, java_key, java_load
from test_guided import COMMANDS, ScriptedAsker
from workshop import der, ders, pem, pems

from sfkeytool.cli.lying_here import keystores_to_import
from sfkeytool.cli.pipeline import run_command
from sfkeytool.keystores.bcfks.reading import parse_bcfks
from sfkeytool.model import KeystoreFormat
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]
CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
NEW = f"pay_{datetime.now(UTC):%Y%m}"
UNKNOWN = "beyond that is not documented"
TAKES_A_FILE = ["self-signed", "pay", "--key", "leaf.key"]
MAKERS: dict[str, tuple[list[str], str]] = {
    "self-signed": (TAKES_A_FILE, "pay/pay"),
    "wrap": (["wrap", "pay", "leaf.key", "leaf.crt", "ca.crt"], "pay/pay"),
    "reminder": (["reminder", "pay_end", "live.crt"], "pay_end/pay_end"),
    "renew": (["renew", "old", "--as", "pay"], "pay/pay"),
    "rotate": (["rotate", "old", "--as", "pay"], "pay/pay"),
    "check": (["check", "--fix", "twice.jks", "--password", "env:CORPUS", "--as", "pay"], "pay-fixed/pay"),
}
"""Each with the path of what it makes, without its ending."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``old``, which was made as JKS."""
    from conftest import process

    folder = tmp_path_factory.mktemp("old")
    (folder / "leaf.key").write_bytes(pem("leaf.key"))
    made = process("self-signed", "old", "--key", "leaf.key", "--password", "generate", cwd=folder)
    assert made.code == 0, made.err
    shutil.copy(folder / "leaf.key", folder / "old" / "old.key")
    return folder / "old"


@pytest.fixture
def here(folder: Path, old: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the makers are given."""
    (folder / "leaf.key").write_bytes(pem("leaf.key"))
    (folder / "leaf.crt").write_bytes(pems("leaf"))
    (folder / "ca.crt").write_bytes(pems("intermediate", "root"))
    shutil.copy(CORPUS / "twice.jks", folder)
    shutil.copytree(old, folder / "old")
    shutil.copy(old / "old.crt", folder / "live.crt")
    monkeypatch.setenv("CORPUS", "worthless-corpus-password")
    return folder


def new_password(maker: str) -> str:
    return "--new-password" if maker == "check" else "--password"


# Made


@pytest.mark.parametrize("maker", MAKERS)
def test_each_maker_writes_it_and_says_what_is_known_of_it(maker: str, cli: Cli, here: Path) -> None:
    """One entry with a lower-case alias, opened by the one password; no text names a JKS that is not there, and each
    says that what orgs take of BCFKS is not documented."""
    words, path = MAKERS[maker]
    before = tree(here)
    done = cli(*words, "--format", "bcfks", new_password(maker), "generate", "--json")
    assert done.code == 0, done
    name = Path(path).name
    made = {Path(file).name for file in tree(here).keys() - before.keys()}
    assert f"{name}.bcfks" in made
    assert not [file for file in made if "jks" in file]
    if sys.platform != "win32":
        assert modes(here / path.split("/")[0])[f"{name}.bcfks"] == "600"
        assert modes(here / path.split("/")[0])[f"{name}.bcfks.password"] == "600"
    password = (here / f"{path}.bcfks.password").read_text().strip()
    [entry] = parse_bcfks((here / f"{path}.bcfks").read_bytes(), "x", [Secret(password)]).keys
    assert (entry.alias, entry.key_password) == (name, Secret(password))
    assert entry.key_pkcs8 is not None
    result = done.json["result"]
    files = {Path(file["path"]).name: file["kind"] for file in written(result)}
    assert (files[f"{name}.bcfks"], files[f"{name}.bcfks.password"]) == ("keystore", "keystore-password")
    told = json.dumps(result) + "".join(
        file.read_text() for file in (here / path).parent.iterdir() if file.suffix in (".md", ".json")
    )
    assert f"{name}.jks" not in told
    assert UNKNOWN in told
    if maker != "check":
        assert result["keystore"] == {
            "type": "BCFKS", "version": 1, "alias": name, "chainLength": 3 if maker == "wrap" else 1,
        }  # fmt: skip


def written(value: object) -> list[dict[str, str]]:
    """The files that an answer lists, wherever."""
    if isinstance(value, dict):
        nested = [found for one in value.values() for found in written(one)]
        return [value, *nested] if {"path", "kind", "secret"} <= value.keys() else nested
    return [found for one in value for found in written(one)] if isinstance(value, list) else []


def test_the_end_for_people_says_it_in_its_24_rows(cli: Cli, here: Path) -> None:
    done = cli(*TAKES_A_FILE, "--format", "bcfks", "--password", "generate")
    assert done.code == 0, done.err
    assert UNKNOWN in " ".join(done.out.split())
    assert len(done.out.splitlines()) <= 24
    assert "JKS" not in done.out
    assert "rm pay/pay.bcfks pay/pay.bcfks.password" in done.out or sys.platform == "win32"
    assert "not documented" in " ".join(cli("wrap", "--help").out.split())


def test_jks_is_what_is_made_unless_somebody_asks(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host of a Government Cloud org says nothing about where a keystore goes."""
    monkeypatch.setenv("SF_ORG_INSTANCE_URL", "https://agency.my.salesforce.mil")
    assert cli(*TAKES_A_FILE, "--password", "generate").code == 0
    assert not [path for path in tree(here) if "bcfks" in path]
    assert (here / "pay" / "pay.jks").exists()


@pytest.mark.parametrize("maker", MAKERS)
def test_a_password_of_thirteen_characters_is_refused(
    maker: str, cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it comes from, with nothing written; a JKS takes it."""
    monkeypatch.setenv("SHORT", "thirteen char")
    (here / "short").write_text("thirteen char\n")
    before = tree(here)
    words, option = MAKERS[maker][0], new_password(maker)
    for source in ("env:SHORT", "file:short", "stdin"):
        done = cli(*words, "--format", "bcfks", option, source, "--json", stdin=b"thirteen char\n")
        assert (done.code, done.json["code"]) == (2, "usage.password-too-short"), done
        assert "13 characters; at least 14" in done.json["message"]
    assert tree(here) == before
    assert cli(*words, option, "env:SHORT").code == 0


def test_a_short_one_at_the_prompt_is_told_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, object] = {field.name: None for field in COMMANDS["self-signed"].fields}
    given |= {"name": "pay", "key": here / "leaf.key", "password": "prompt", "format": KeystoreFormat.BCFKS}
    asker = ScriptedAsker("thirteen char")
    assert run_command("self-signed", COMMANDS["self-signed"], given, asker=asker) == 2  # type: ignore[arg-type]
    assert "at least 14 characters" in capsys.readouterr().err
    assert asker.asked == ["New password for pay.bcfks:"]


# Bouncy Castle


def signed(name: str, folder: Path) -> list[bytes]:
    """A CA's answer for the kept key ``name``, with an intermediate, as files; the chain, leaf first."""
    ca = x509.load_der_x509_certificate(der("signing-ca.crt"))
    own = x509.load_der_x509_certificate(der(f"{name}.crt"))
    leaf = x509.CertificateBuilder(
        ca.subject, own.subject, own.public_key(), 17, own.not_valid_before_utc, own.not_valid_after_utc
    ).sign(load_der_private_key(der("signing-ca.key"), None), own.signature_hash_algorithm)  # type: ignore[arg-type]
    (folder / f"{name}.key").write_bytes(pem(f"{name}.key"))
    (folder / f"{name}.answer.crt").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "cas.crt").write_bytes(pems("signing-ca", "signing-root"))
    return [leaf.public_bytes(Encoding.DER), *ders("signing-ca", "signing-root")]


def of_bcfks(store: object, password: str = PASSWORD) -> list[object]:
    """keytool's options."""
    provider = "org.bouncycastle.jce.provider.BouncyCastleProvider"
    named: list[object] = ["-keystore", store, "-storetype", "BCFKS", "-storepass", password]
    return [*named, "-providerclass", provider, "-providerpath", bouncy_castle()]


@pytest.mark.slow
def test_keytool_lists_and_extracts_what_wrap_wrote(cli: Cli, folder: Path) -> None:
    """Keys of 2048, 3072 and 4096 bits, a CA's answer with its intermediate and root: each in a Java, by keytool."""
    bouncy_castle()
    for name, bits in (("leaf", 2048), ("rsa3072", 3072), ("rsa4096", 4096)):
        chain = signed(name, folder)
        done = cli(
            "wrap", "pay", f"{name}.key", f"{name}.answer.crt", "cas.crt", "-d", name, "--format", "bcfks",
            "--password", "env:TEST_PASSWORD", "--json",
        )  # fmt: skip
        assert done.code == 0, done
        assert done.json["result"]["key"]["bits"] == bits
        store = folder / name / "pay.bcfks"
        listed = keytool("-list", "-v", *of_bcfks(store))
        assert "Keystore type: BCFKS" in listed
        assert "Your keystore contains 1 entry" in listed
        assert "Alias name: pay\n" in listed
        assert "Entry type: PrivateKeyEntry\n" in listed
        assert "Certificate chain length: 3\n" in listed
        assert f"{bits}-bit RSA key" in listed
        opened = java_load(store.read_bytes(), "BCFKS", PASSWORD)
        assert java_chain(opened, "pay") == tuple(chain)
        assert java_key(opened, "pay", PASSWORD) == openssl_pkcs8(folder / f"{name}.key")
    pfx = folder / "out.p12"
    keytool(
        "-importkeystore", "-srckeystore", store, "-srcstoretype", "BCFKS", "-srcstorepass", PASSWORD,
        *of_bcfks(store)[6:], "-destkeystore", pfx, "-deststoretype", "PKCS12", "-deststorepass", PASSWORD,
    )  # fmt: skip
    taken = openssl("pkcs12", "-in", pfx, "-nocerts", "-nodes", "-passin", f"pass:{PASSWORD}")
    assert pem_body(taken) == openssl_pkcs8(folder / "rsa4096.key")


def openssl_pkcs8(key: Path) -> bytes:
    """A key file as PKCS#8 DER."""
    return pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", key))


@pytest.mark.slow
def test_what_keytool_makes_with_bouncy_castle_is_read(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By show, compare, unwrap and wrap; check says what an org that takes BCFKS would; --fix makes a JKS of it."""
    bouncy_castle()
    store = folder / "made.bcfks"
    keytool(
        "-genkeypair", "-keyalg", "RSA", "-keysize", 2048, "-alias", "pay", "-dname", "CN=pay", "-validity", 365,
        "-keypass", PASSWORD, *of_bcfks(store),
    )  # fmt: skip
    known = ("--password", "env:TEST_PASSWORD")
    shown = cli("show", store, *known, "--json").json["result"]["files"][0]
    assert (shown["type"], shown["keystore"]["entries"][0]["alias"]) == ("BCFKS keystore", "pay")
    unwrapped = cli("unwrap", store, *known)
    assert unwrapped.code == 0, unwrapped.err
    [key] = parse_bcfks(store.read_bytes(), "x", [Secret(PASSWORD)]).keys
    assert openssl_pkcs8(folder / "pay" / "pay.key") == key.key_pkcs8
    assert cli("compare", store, "pay/pay.crt", *known).code == 0
    rejected = cli("check", store, *known, "--json")
    assert (rejected.code, [one["rule"] for one in findings(rejected)]) == (3, ["ckm.store.bcfks"])
    taken = cli("check", store, *known, "--format", "bcfks", "--json")
    assert (taken.code, findings(taken)) == (0, [])
    again = cli(
        "wrap", "pay", store, "--input-password", "env:TEST_PASSWORD", *known, "-d", "again", "--format", "bcfks"
    )
    assert again.code == 0, again.err
    opened = java_load((folder / "again" / "pay.bcfks").read_bytes(), "BCFKS", PASSWORD)
    assert java_key(opened, "pay", PASSWORD) == key.key_pkcs8
    assert cli("check", "--fix", store, *known).code == 0
    plain = java_load((folder / "pay-fixed" / "pay.jks").read_bytes(), "JKS", PASSWORD)
    assert java_key(plain, "pay", PASSWORD) == key.key_pkcs8


def findings(done: Result) -> list[dict[str, str]]:
    found = done.json["result"]["files"][0]["findings"]
    assert isinstance(found, list)
    return found


# check


def test_check_for_an_org_that_takes_bcfks(cli: Cli, here: Path) -> None:
    """Its commands keep the wish; the copy is as good as it gets, and the same password is not good enough for it."""
    for name in ("bcfks-password.bcfks", "twice.jks"):
        shutil.copy(CORPUS / name, here)
    wants_bcfks = ("--format", "bcfks", "--password", "file:pw")
    (here / "pw").write_text("keystone 13 c")
    shutil.copy(CORPUS / "bcfks-password.bcfks", here / "weak.bcfks")
    (here / "pw").write_text(_password_of("bcfks-password.bcfks"))
    weak = cli("check", "weak.bcfks", *wants_bcfks, "--json")
    assert weak.code == 0, weak
    [finding] = findings(weak)
    assert finding["rule"] == "ckm.store.bcfks-password"
    assert "--format bcfks" in finding["fix"]
    needed = cli("check", "--fix", "weak.bcfks", *wants_bcfks, "--json")
    assert (needed.code, needed.json["code"]) == (2, "usage.new-password")
    assert "at least 14" in needed.json["message"]
    line = shlex.split(finding["fix"].replace("--password prompt", "--password file:pw"))
    mended = cli(*line[1:], "--json")
    [repair] = mended.json["result"]["files"][0]["repairs"]
    assert (mended.code, repair["changed"], repair["findings"]) == (0, ["ckm.store.bcfks-password"], [])
    [store] = [file["path"] for file in repair["files"] if file["kind"] == "keystore"]
    assert store.endswith(".bcfks")


def _password_of(name: str) -> str:
    cases = json.loads((CORPUS.parent / "manifest.json").read_text(encoding="utf-8"))["files"]
    [password] = [case["password"] for case in cases if case["path"] == f"corpus/{name}"]
    return str(password)


# Beside what is there


def test_one_name_has_one_keystore(cli: Cli, here: Path, org: FakeOrg) -> None:
    """A JKS of that name counts as being there; --force leaves it, and says so; an import does not guess."""
    words = ["reminder", "pay_end", "live.crt", "--password", "generate"]
    assert cli(*words).code == 0
    before = tree(here)
    refused = cli(*words, "--format", "bcfks", "--json")
    assert (refused.code, refused.json["code"]) == (1, "output.exists")
    assert str(Path("pay_end") / "pay_end.jks") in refused.json["message"]
    assert tree(here) == before
    forced = cli(*words, "--format", "bcfks", "--force", "--json")
    assert forced.code == 0, forced
    stale = {one["code"]: one["message"] for one in forced.json["notices"] if "stale" in one["code"]}
    assert set(stale) == {"output.stale-keystore", "output.stale-password"}
    assert all("jks" in message for message in stale.values())
    assert tree(here)["pay_end/pay_end.jks"] == before["pay_end/pay_end.jks"]
    guessed = cli("ckm", "import", "pay_end", "--json")
    assert (guessed.code, guessed.json["code"]) == (1, "ckm.two-keystores")
    assert "sfkeytool ckm import pay_end/pay_end.bcfks" in guessed.json["actions"][0].replace("\\", "/")
    back = cli(*words, "--force", "--json")
    assert [one["code"] for one in back.json["notices"] if "stale" in one["code"]] == [
        "output.stale-keystore", "output.stale-password",
    ]  # fmt: skip


def test_if_missing_asks_for_the_pair_and_not_for_its_format(cli: Cli, here: Path) -> None:
    """The keystore is gone after an import: a pair that is there is fine in whichever format it went."""
    words = ["self-signed", "pay", "--password", "generate", "--format", "bcfks", "--if-missing"]
    shutil.copytree(here / "old", here / "pay")
    for ending in (".key", ".crt"):
        (here / "pay" / f"old{ending}").rename(here / "pay" / f"pay{ending}")
    done = cli(*words)
    assert (done.code, (here / "pay" / "pay.bcfks").exists()) == (0, False)
    assert "nothing was made" in done.out


# The next generation


@pytest.fixture
def bcfks_generation(cli: Cli, here: Path) -> Path:
    """``pay``, which was made as BCFKS."""
    assert cli(*TAKES_A_FILE, "--password", "generate", "--format", "bcfks").code == 0
    shutil.copy(here / "leaf.key", here / "pay" / "pay.key")
    (here / "pay" / "pay.bcfks").unlink()
    return here


def test_the_next_generation_stays_what_it_was(cli: Cli, bcfks_generation: Path) -> None:
    """The receipt tells what somebody asked for once; --format tells otherwise. The runbook and --status follow."""
    done = cli("renew", "pay", "--password", "generate")
    assert done.code == 0, done.err
    assert (bcfks_generation / NEW / f"{NEW}.bcfks").exists()
    assert "pay was made as BCFKS, and so is" in done.err
    runbook = (bcfks_generation / NEW / f"{NEW}-runbook.md").read_text()
    assert f"`{NEW}.bcfks` and `{NEW}.bcfks.password`" in runbook
    assert UNKNOWN in runbook
    assert "jks" not in runbook.lower()
    step = cli("renew", "pay", "--status", "--json").json["result"]
    assert (step["next"], f"`{NEW}.bcfks`" in step["steps"][0]["do"][1]["text"]) == ("import", True)
    (bcfks_generation / NEW / f"{NEW}.bcfks").unlink()
    assert cli("renew", "pay", "--status", "--json").json["result"]["next"] == "repoint"
    other = cli("renew", "pay", "--password", "generate", "--format", "jks", "--as", "pay_2")
    assert (bcfks_generation / "pay_2" / "pay_2.jks").exists()
    assert "was made as" not in other.err
    after_jks = cli("rotate", "pay_2", "--password", "env:TEST_PASSWORD", "--as", "pay_3", "--json")
    assert after_jks.json["result"]["keystore"]["type"] == "JKS"


def test_where_a_ca_signs_the_wish_stands_in_the_command_that_wraps(cli: Cli, bcfks_generation: Path) -> None:
    refused = cli("renew", "pay", "--csr", "--format", "bcfks", "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.format")
    done = cli("renew", "pay", "--csr")
    assert done.code == 0, done.err
    wrap = f"sfkeytool wrap {NEW} FILE… --password generate --format bcfks"
    assert wrap in " ".join(done.out.split())
    assert "--format bcfks" in (bcfks_generation / NEW / f"{NEW}-runbook.md").read_text()
    [line] = [step["do"][0]["command"] for step in _status(cli) if step["id"] == "sign"]
    assert line == f"sfkeytool wrap {NEW} ANSWER… --password generate --format bcfks"


def _status(cli: Cli) -> list[dict[str, Any]]:
    steps = cli("renew", "pay", "--status", "--json").json["result"]["steps"]
    assert isinstance(steps, list)
    return steps


# Whatever names NAME's keystore


def test_what_names_the_keystore_names_the_one_that_is_there(
    cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to a key in clear, the advice of an audit, the plugin's configuration, the rows of a question."""
    monkeypatch.setenv("KEY_PASSWORD", "another long password")
    wanted = ["--format", "bcfks", "--password", "generate", "--key-password", "env:KEY_PASSWORD"]
    done = cli("wrap", "pay", "leaf.key", "live.crt", *wanted)
    assert done.code == 0, done.err
    told = " ".join(done.err.split()).replace("\\", "/")
    assert "sfkeytool unwrap pay/pay.bcfks --password file:pay/pay.bcfks.password" in told
    assert cli("metadata", "pay", "--browserforce", "--project", "src", "--contact-email", "a@example.com").code == 0
    config = (here / "pay" / "pay-browserforce.json").read_text()
    assert '"filePath": "pay/pay.bcfks"' in config
    rows = {row.value for row in keystores_to_import({})}
    assert {"pay", "old", "twice.jks"} <= rows
    shutil.rmtree(here / "old")
    audited = cli("audit", ".", "--json").out
    assert "import pay/pay.bcfks into" in audited.replace("\\\\", "/")
