"""Which key, entry and certificate are meant: the same files, through each command, give the same choice or error."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, CertificateAuthority, Pair, Result, openssl, pem_body
from fake_org import FakeOrg
from oracle_java import java_key, java_load, java_make
from pfx import encode_pfx
from test_guided import ScriptedAsker
from test_json import validate

from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.pipeline import run_command
from sfkeytool.keystores import jks
from sfkeytool.passwords import Secret
from sfkeytool.shell import command_words

Cli = Callable[..., Result]
ENTRY_PASSWORD = "another-one-for-the-entry"
CLIENT_ID = "3MVG9" + "a" * 80
USER = "bot@example.com"


@dataclass(frozen=True)
class Heap:
    """Worthless keys and certificates, and the files that the cases below are about.

    Of the key ``pair`` there are A and B, from the CA, and S, signed by itself; of the key ``other`` there is O.
    """

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def sha256(self, name: str) -> str:
        """Of a certificate."""
        text = openssl("x509", "-in", self.folder / f"{name}.crt", "-noout", "-fingerprint", "-sha256")
        return text.split("=")[1].strip()


@pytest.fixture(scope="session")
def heap(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority, pair: Pair, other_pair: Pair) -> Heap:
    folder = tmp_path_factory.mktemp("heap")
    made = Heap(folder)
    csr = folder / "renewed.csr"
    openssl("req", "-new", "-key", pair.key, "-out", csr, "-subj", "/CN=renewed")
    ca.sign(csr, folder / "B.crt", days=200)
    openssl("req", "-x509", "-key", pair.key, "-subj", "/CN=placeholder", "-days", 30, "-out", folder / "S.crt")
    for name, source in (("A.crt", pair.crt), ("O.crt", other_pair.crt), ("pair.key", pair.key)):
        (folder / name).write_bytes(source.read_bytes())
    keys = {
        name: pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", one.key))
        for name, one in (("pair", pair), ("other", other_pair))
    }
    der = {name: pem_body((folder / f"{name}.crt").read_text()) for name in "ABSO"}
    above = [pem_body(path.read_text()) for path in (ca.intermediate, ca.root)]

    def entry(alias: str, key: str, certificate: str, password: str = PASSWORD) -> Any:
        chain = [der[certificate], *([] if certificate == "S" else above)]
        return (alias, keys[key], password, chain)

    def java(name: str, *entries: Any, trusted: Sequence[tuple[str, bytes]] = ()) -> None:
        (folder / name).write_bytes(java_make("JKS", PASSWORD, entries, trusted))

    java("two-aliases.jks", entry("first", "pair", "A"), entry("second", "pair", "B"))
    java("two-keys.jks", entry("first", "pair", "A"), entry("second", "other", "O"))
    java("own-password.jks", entry("first", "pair", "A"), entry("second", "other", "O", ENTRY_PASSWORD))
    java("locked.jks", entry("x", "pair", "A", ENTRY_PASSWORD))
    java("one.jks", entry("x", "pair", "A"), trusted=[("elsewhere", der["O"])])
    java("stray.jks", entry("x", "pair", "A"), trusted=[("stray", der["B"])])
    java("placeholder.jks", entry("x", "pair", "S"))
    java("answered.jks", entry("first", "pair", "S"), entry("second", "pair", "A"))
    java("wrong-alias.jks", entry("x", "pair", "S"), trusted=[("answer", der["A"])])
    java("trusted.jks", trusted=[("root", above[1])])
    (folder / "case.jks").write_bytes(case_store(keys, der))

    def pfx(name: str, key: list[str], certificates: str, friendly_name: str | None) -> None:
        data = encode_pfx(
            [keys[one] for one in key],
            [der[one] for one in certificates],
            friendly_name=friendly_name,
            password=PASSWORD,
        )
        (folder / name).write_bytes(data)

    pfx("two-keys.pfx", ["pair", "other"], "AO", None)
    pfx("renewals.pfx", ["pair"], "AB", "x")
    pfx("answered.pfx", ["pair"], "SA", None)
    pfx("key-only.pfx", ["pair"], "", "x")
    pfx("mismatch.pfx", ["pair"], "O", "x")
    (folder / "both.pem").write_bytes((folder / "A.crt").read_bytes() + (folder / "B.crt").read_bytes())
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", folder / "both.pem", "-name", "x", "-passout",
        f"pass:{PASSWORD}", "-out", folder / "tied.pfx",
    )  # fmt: skip
    return made


def case_store(keys: dict[str, bytes], der: dict[str, bytes]) -> bytes:
    """A JKS whose aliases differ in case alone. Java lists both, and finds a key under one; it cannot make such a file."""
    body = b""
    for alias, key, certificate in (("Name", "pair", "A"), ("name", "other", "O")):
        made = jks.encode_jks(
            alias="name", key_pkcs8=keys[key], chain_der=[der[certificate]], password=Secret(PASSWORD), created_at_ms=1
        )
        body += made[12 : -jks.DIGEST_BYTES].replace(jks.encode_java_utf("name"), jks.encode_java_utf(alias), 1)
    content = b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + (2).to_bytes(4, "big") + body
    return content + jks.store_digest(content, Secret(PASSWORD))


@dataclass(frozen=True)
class Case:
    """``pair``: certificate or error code of a command that wants key and certificate; ``key``: key or code of one that
    wants the key; ``each``: for every entry its certificate, None for a key that has none, or a code."""

    files: str
    pair: str
    key: str
    each: tuple[str | None, ...] | str = ""
    alias: str | None = None
    passwords: tuple[str, ...] = (PASSWORD,)
    id: str = field(default="", compare=False)


BOTH = (PASSWORD, ENTRY_PASSWORD)
CASES = (
    # The same key under two aliases, with two certificates: an org's export after a renewal.
    Case("two-aliases.jks", "certificate.ambiguous", "pair", ("A", "B")),
    Case("two-aliases.jks", "A", "pair", ("A",), alias="first"),
    Case("two-aliases.jks", "B", "pair", ("B",), alias="SECOND"),
    Case("two-aliases.jks B.crt", "B", "pair"),
    Case("two-aliases.jks pair.key", "certificate.ambiguous", "pair"),
    Case("two-aliases.jks pair.key", "A", "pair", alias="first"),
    # Two keys.
    Case("two-keys.jks", "key.ambiguous", "key.ambiguous", ("A", "O")),
    Case("two-keys.jks", "O", "other", ("O",), alias="second"),
    Case("two-keys.jks", *("keystore.no-such-alias",) * 3, alias="nix"),
    Case("two-keys.jks O.crt", "O", "key.ambiguous"),
    Case("two-keys.pfx", "key.ambiguous", "key.ambiguous", ("A", "O")),
    Case("two-keys.pfx", *("keystore.no-such-alias",) * 3, alias="nix"),
    # An entry with a password of its own.
    Case("own-password.jks", "A", "pair", "keystore.entry-locked"),
    Case("own-password.jks", *("keystore.entry-locked",) * 3, alias="second"),
    Case("own-password.jks", "A", "pair", ("A",), alias="first"),
    Case("own-password.jks", "O", "other", ("O",), alias="second", passwords=BOTH),
    Case("own-password.jks", "key.ambiguous", "key.ambiguous", ("A", "O"), passwords=BOTH),
    Case("own-password.jks O.crt", "keystore.entry-locked", "pair"),
    Case("locked.jks", *("keystore.entry-locked",) * 3),
    # Aliases that differ in case alone.
    Case("case.jks", "A", "pair", ("A",), alias="Name"),
    Case("case.jks", "O", "other", ("O",), alias="name"),
    Case("case.jks", "key.ambiguous", "key.ambiguous", ("A", "O"), alias="NAME"),
    # Several certificates of one key in a PFX: the newest is not guessed.
    Case("renewals.pfx", "certificate.ambiguous", "pair", "certificate.ambiguous"),
    Case("renewals.pfx", "certificate.ambiguous", "pair", "certificate.ambiguous", alias="x"),
    Case("renewals.pfx A.crt", "A", "pair"),
    Case("tied.pfx", "certificate.ambiguous", "pair", "certificate.ambiguous"),
    Case("tied.pfx", "A", "pair", ("A",), alias="x"),
    Case("tied.pfx B.crt", "B", "pair", alias="x"),
    # A self-signed placeholder, and the CA's answer to it, wherever that stands.
    Case("placeholder.jks", "S", "pair", ("S",)),
    Case("placeholder.jks A.crt", "A", "pair"),
    Case("placeholder.jks A.crt", "A", "pair", alias="x"),
    Case("wrong-alias.jks", "A", "pair", ("A",)),
    Case("wrong-alias.jks", "A", "pair", ("A",), alias="x"),
    Case("answered.pfx", "A", "pair", ("A",)),
    Case("answered.jks", "A", "pair", ("S", "A")),
    Case("answered.jks", "S", "pair", ("S",), alias="first"),
    # A JKS has chains: what it merely trusts is no choice.
    Case("stray.jks", "A", "pair", ("A",)),
    Case("stray.jks B.crt", "B", "pair"),
    # Heaps.
    Case("one.jks A.crt pair.key", "A", "pair"),
    Case("one.jks A.crt pair.key", "A", "pair", alias="x"),
    Case("one.jks B.crt", "B", "pair"),
    Case("both.pem pair.key", "certificate.ambiguous", "pair"),
    # Half of a pair.
    Case("key-only.pfx", "certificate.none", "pair", (None,)),
    Case("mismatch.pfx", "key.no-match", "pair", (None,)),
    Case("trusted.jks", *("key.none",) * 3),
)


def names(case: Case) -> str:
    return "-".join([*case.files.split(), f"alias={case.alias}", str(len(case.passwords))])


def arguments(case: Case, option: str) -> list[str]:
    given = [part for number, _ in enumerate(case.passwords) for part in (option, f"file:pw{number}")]
    return [*given, *(["--alias", case.alias] if case.alias else []), "--json"]


@pytest.fixture
def with_passwords(folder: Path) -> Callable[[Case], None]:
    def write(case: Case) -> None:
        for number, password in enumerate(case.passwords):
            (folder / f"pw{number}").write_text(password)

    return write


@pytest.fixture(scope="session")
def salesforce(pair: Pair, other_pair: Pair) -> Iterator[FakeOrg]:
    """An org with an app for each key: its answer proves with which one a login was signed."""
    with FakeOrg(tls=False) as org:
        org.add_user(USER)
        for number, one in enumerate((pair, other_pair)):
            org.add_app(CLIENT_ID + str(number), one.crt.read_text(), approved_users=[USER])
        yield org


@pytest.mark.parametrize("case", CASES, ids=names)
@pytest.mark.slow
def test_wrap(case: Case, cli: Cli, heap: Heap, with_passwords: Callable[[Case], None]) -> None:
    """Key and certificate, from any heap of files."""
    with_passwords(case)
    files = [heap.path(name) for name in case.files.split()]
    result = cli("wrap", "pay", *files, "--password", "env:TEST_PASSWORD", *arguments(case, "--input-password"))
    if "." in case.pair:
        assert (result.code, result.json["code"]) == (1, case.pair), result
        assert not Path("pay").exists()
    else:
        assert result.code == 0, result
        assert result.json["result"]["certificate"]["sha256"] == heap.sha256(case.pair)


@pytest.mark.parametrize(
    ("file", "alias", "leaf"),
    [("two-aliases.jks", "second", "B"), ("two-keys.jks", "second", "O"), ("answered.jks", "first", "S"), ("tied.pfx", "x", "A")],
)  # fmt: skip
def test_an_alias_decides_which_leaf_is_taken(file: str, alias: str, leaf: str, cli: Cli, heap: Heap) -> None:
    """Quickly, for it is what a wrong keystore would come from: the same leaf from each command."""
    given = (heap.path(file), "--alias", alias, "--json")
    wrapped = cli("wrap", "pay", *given, "--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD")
    assert wrapped.json["result"]["certificate"]["sha256"] == heap.sha256(leaf)
    made = cli("show", Path("pay", "pay.jks"), "--password", "env:TEST_PASSWORD", "--json").json["result"]["files"]
    assert made[0]["certificates"][0]["sha256"] == heap.sha256(leaf)
    [entry] = cli("unwrap", *given, "--password", "env:TEST_PASSWORD").json["result"]["entries"]
    assert entry["certificate"]["sha256"] == heap.sha256(leaf)
    against = (heap.path(file), heap.path(f"{leaf}.crt"), "--alias", alias, "--password", "env:TEST_PASSWORD")
    assert cli("compare", *against).code == 0


SINGLE = [case for case in CASES if case.each]


@pytest.mark.parametrize("case", SINGLE, ids=names)
@pytest.mark.slow
def test_unwrap(case: Case, cli: Cli, heap: Heap, with_passwords: Callable[[Case], None]) -> None:
    """Each entry, or those that the alias names, with what `wrap --alias` would take."""
    with_passwords(case)
    result = cli("unwrap", heap.path(case.files), *arguments(case, "--password"))
    if isinstance(case.each, str):
        assert (result.code, result.json["code"]) == (1, case.each), result
        return
    assert result.code == 0, result
    validate(result.json, "unwrap")
    entries = result.json["result"]["entries"]
    made = [entry["certificate"] and entry["certificate"]["sha256"] for entry in entries]
    assert sorted(made, key=str) == sorted((one and heap.sha256(one) for one in case.each), key=str)
    written = [Path(file["path"]).suffix for file in result.json["result"]["files"]]
    assert written.count(".key") == len(case.each)
    assert written.count(".crt") == 2 * sum(one is not None for one in case.each)


@pytest.mark.parametrize("case", [case for case in SINGLE if case.alias is None], ids=names)
@pytest.mark.slow
def test_check_fix(case: Case, cli: Cli, heap: Heap, with_passwords: Callable[[Case], None]) -> None:
    """Each entry as `unwrap` takes it; what cannot be told is a problem of that entry alone."""
    with_passwords(case)
    file = Path(case.files)
    file.write_bytes(heap.path(case.files).read_bytes())
    flags = arguments(case, "--password")
    result = cli("check", file, "--fix", "-d", "out", "--new-password", "env:TEST_PASSWORD", *flags)
    repairs = result.json["result"]["files"][0]["repairs"]
    problems = [one["problem"]["code"] for one in repairs if "problem" in one]
    if isinstance(case.each, str):
        assert problems == [case.each], result
        return
    missing = {"key-only.pfx": ["certificate.none"], "mismatch.pfx": ["key.no-match"]}
    assert problems == missing.get(case.files, []), result
    fixed = sorted(Path("out").rglob("*.crt"))
    fixed = [path for path in fixed if not path.stem.endswith("-chain")]
    if not any(one["changed"] for one in repairs):
        assert not fixed  # a sound keystore has nothing to repair
        return
    prints = [openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256").split("=")[1].strip() for path in fixed]
    assert sorted(prints) == sorted(heap.sha256(one) for one in case.each if one)


@pytest.mark.parametrize("case", [case for case in CASES if " " not in case.files], ids=names)
@pytest.mark.slow
def test_login(case: Case, cli: Cli, heap: Heap, salesforce: FakeOrg, with_passwords: Callable[[Case], None]) -> None:
    """The key alone: of its certificates the org knows one, whichever that is."""
    with_passwords(case)
    app = CLIENT_ID + str(int(case.key == "other"))
    result = cli(
        "login", "-f", heap.path(case.files), "-i", app, "-u", USER, "-r", salesforce.url,
        *arguments(case, "--password"),
    )  # fmt: skip
    if "." in case.key:
        assert (result.code, result.json["code"]) == (1, case.key), result
        return
    assert result.code == 0, result
    if "." not in case.pair:
        assert result.json["result"]["certificate"]["sha256"] == heap.sha256(case.pair)
    else:
        assert "certificate" not in result.json["result"], "nothing is guessed"
    codes = {notice["code"] for notice in result.json["notices"]}
    assert ("login.entry-locked" in codes) is (case.files == "own-password.jks" and case.alias != "second")
    several = [line for line in result.json["warnings"] if "certificates" in line]
    assert bool(several) is (case.pair == "certificate.ambiguous")


@pytest.mark.parametrize("case", [case for case in SINGLE if case.alias is None], ids=names)
@pytest.mark.slow
def test_a_key_that_is_used_again(case: Case, cli: Cli, heap: Heap, with_passwords: Callable[[Case], None]) -> None:
    """`--key FILE`: the key alone, and no --alias to name it by."""
    with_passwords(case)
    result = cli("csr", "pay", "--key", heap.path(case.files), *arguments(case, "--input-password"))
    if "." in case.key:
        assert (result.code, result.json["code"]) == (1, case.key), result
        assert "--alias" not in " ".join(result.json["actions"])
    else:
        assert result.code == 0, result


@pytest.mark.parametrize("case", [case for case in SINGLE if "." not in case.pair], ids=names)
def test_compare(case: Case, cli: Cli, heap: Heap, with_passwords: Callable[[Case], None]) -> None:
    """What `wrap` takes is what `compare` compares."""
    with_passwords(case)
    file = heap.path(case.files)
    passwords = [part for part in arguments(case, "--password") if part != "--json"]
    assert cli("compare", file, heap.path(f"{case.pair}.crt"), *passwords).code == 0
    stranger = "O" if case.pair != "O" else "B"
    if case.alias or case.files != "own-password.jks":
        assert cli("compare", file, heap.path(f"{stranger}.crt"), *passwords).code == 3


@pytest.mark.parametrize(
    ("files", "alias", "offered"),
    [
        ("two-aliases.jks", None, "choose with --alias (first, second), or give the certificate that is meant, as a file"),
        ("both.pem pair.key", None, "pass only the certificate that is meant"),
        ("renewals.pfx", None, "give the certificate that is meant, as a file"),
        ("renewals.pfx", "x", "give the certificate that is meant, as a file"),
        ("own-password.jks", "second", "give that password too, with --input-password once more, or pick another entry with --alias"),
        ("locked.jks", None, "give that password too, with --input-password once more"),
    ],
)  # fmt: skip
def test_an_alias_is_offered_where_it_decides(
    files: str, alias: str | None, offered: str, cli: Cli, heap: Heap
) -> None:
    given = [heap.path(name) for name in files.split()]
    password = ("--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD")
    refused = cli("wrap", "pay", *given, *password, *(["--alias", alias] if alias else []), "--json")
    assert refused.json["actions"] == [offered]


def test_compare_of_half_a_pair_and_of_two_exports(cli: Cli, heap: Heap) -> None:
    """A key without certificate is a key; of two keystores with several entries none is guessed."""
    password = ("--password", "env:TEST_PASSWORD", "--json")
    key_only = cli("compare", heap.path("key-only.pfx"), heap.path("B.crt"), *password)
    assert key_only.json["result"]["relation"] == "same-key"
    mismatch = cli("compare", heap.path("mismatch.pfx"), heap.path("A.crt"), *password)
    assert mismatch.json["result"]["relation"] == "same-key", "the key is what this PFX stands for"
    sides = (heap.path("two-aliases.jks"), heap.path("two-keys.jks"))
    assert cli("compare", *sides, *password).json["code"] == "certificate.ambiguous"
    assert cli("compare", *sides, *password, "--alias", "first").code == 0
    assert cli("compare", *sides, *password, "--alias", "second").json["result"]["relation"] == "strangers"
    several = cli("compare", heap.path("two-aliases.jks"), heap.path("S.crt"), *password)
    assert several.json["result"]["relation"] == "same-key"
    assert len(several.json["result"]["left"]["candidates"]) == 2
    validate(several.json, "compare")


# The folder of NAME, of which renew and login take key and certificate


@pytest.mark.parametrize(
    ("certificates", "expected"),
    [
        ("A", "A"),
        ("OA", "A"),
        ("SA", "A"),
        ("AB", "certificate.ambiguous"),
        ("O", "key.no-match"),
    ],
)
@pytest.mark.slow
def test_several_certificates_in_the_folder_of_a_name(
    certificates: str, expected: str, cli: Cli, folder: Path, heap: Heap, salesforce: FakeOrg
) -> None:
    """The key that is there says which is meant; renewals are not guessed."""
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.key").write_bytes(heap.path("pair.key").read_bytes())
    texts = [heap.path(f"{name}.crt").read_bytes() for name in certificates]
    (folder / "pay" / "pay.crt").write_bytes(b"".join(texts))
    renewed = cli("renew", "pay", "--csr", "--json")
    logged_in = cli("login", "pay", "-i", CLIENT_ID + "0", "-u", USER, "-r", salesforce.url, "--json")
    if "." not in expected:
        assert renewed.code == 0, renewed
        assert renewed.json["result"]["follows"]["certificateSha256"] == heap.sha256(expected)
        assert logged_in.json["result"]["certificate"]["sha256"] == heap.sha256(expected)
        return
    assert (renewed.code, renewed.json["code"]) == (1, expected)
    if expected == "certificate.ambiguous":
        assert logged_in.code == 0, "the key is one, whichever certificate the app has"
        [notice] = [found for found in logged_in.json["notices"] if found["code"] == "login.several-certificates"]
        assert "2 certificates" in notice["message"]
    else:
        assert logged_in.json["code"] == "login.certificate-mismatch"


@pytest.mark.slow
def test_the_key_in_the_folder_and_an_alias_together(cli: Cli, folder: Path, heap: Heap) -> None:
    """It opens the entry that the alias names, even where no password does; an entry of another key ends the run."""
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.key").write_bytes(heap.path("pair.key").read_bytes())
    flags = ("--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD", "--force", "--json")
    for file, alias, expected in (
        ("two-aliases.jks", "first", "A"),
        ("two-aliases.jks", "second", "B"),
        ("two-keys.jks", "second", "key.another-exists"),
        ("own-password.jks", "second", "key.another-exists"),
        ("locked.jks", "x", "A"),
        ("two-keys.jks", "nix", "keystore.no-such-alias"),
    ):
        result = cli("wrap", "pay", heap.path(file), "--alias", alias, *flags)
        if "." in expected:
            assert (result.code, result.json["code"]) == (1, expected), result
        else:
            assert result.json["result"]["certificate"]["sha256"] == heap.sha256(expected), result
    assert (folder / "pay" / "pay.key").read_bytes() == heap.path("pair.key").read_bytes()


def test_an_encrypted_key_file_says_how_its_key_is_written(cli: Cli, folder: Path, heap: Heap) -> None:
    """Also where a keystore has the same key, and an alias names that entry."""
    openssl("pkcs8", "-topk8", "-in", heap.path("pair.key"), "-passout", f"pass:{PASSWORD}", "-out", "in.key")
    flags = ("--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD")
    for number, files in enumerate(((heap.path("one.jks"), "in.key"), ("in.key", heap.path("one.jks")))):
        assert cli("wrap", f"n{number}", *files, "--alias", "x", *flags).code == 0
        assert (folder / f"n{number}" / f"n{number}.key").read_text().startswith("-----BEGIN ENCRYPTED")


def test_what_was_not_taken_is_told(cli: Cli, heap: Heap) -> None:
    """Another certificate of the key, a placeholder, another key that stays closed."""
    flags = ("--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD")
    outranked = cli("wrap", "a", heap.path("two-aliases.jks"), heap.path("B.crt"), *flags)
    assert "CN=pair until" in outranked.err
    placeholder = cli("wrap", "b", heap.path("placeholder.jks"), heap.path("A.crt"), *flags)
    assert "left out the self-signed certificate" in placeholder.err
    closed = cli("wrap", "c", heap.path("own-password.jks"), *flags)
    assert "entry 'second' (not opened)" in closed.err


@pytest.mark.slow
def test_an_ambiguity_lists_the_choices_and_only_ways_that_work(cli: Cli, heap: Heap) -> None:
    """An alias is proposed where it decides; each that is proposed is tried here."""
    flags = ("--password", "env:TEST_PASSWORD", "--input-password", "env:TEST_PASSWORD", "--json")
    for number, (file, proposed) in enumerate(
        (
            ("two-aliases.jks", "first, second"),
            ("two-keys.jks", "first, second"),
            ("tied.pfx", "x"),
            ("renewals.pfx", ""),
        )
    ):
        refused = cli("wrap", f"n{number}", heap.path(file), *flags).json
        assert refused["message"].count(" until ") == 2, "both, with their last days"
        (action,) = refused["actions"]
        assert ("--alias" in action) is bool(proposed)
        assert f"({proposed})" in action or not proposed
        for alias in filter(None, proposed.split(", ")):
            assert cli("wrap", f"n{number}{alias}", heap.path(file), *flags, "--alias", alias).code == 0


# On a terminal


@pytest.mark.parametrize("command", ["wrap", "unwrap", "login"])
@pytest.mark.slow
def test_an_entrys_own_password_is_asked_for_by_its_name(
    command: str, folder: Path, heap: Heap, salesforce: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as the keystore's, which was given; without a terminal the flag is named."""
    monkeypatch.setenv("ENTRY", ENTRY_PASSWORD)
    file = heap.path("own-password.jks")
    given: dict[str, dict[str, Any]] = {
        "wrap": {
            "name": "pay", "files": [file], "input_password": ["env:TEST_PASSWORD"], "password": "env:TEST_PASSWORD",
        },
        "unwrap": {"file": file, "password": ["env:TEST_PASSWORD"]},
        "login": {
            "jwt_key_file": str(file), "password": ["env:TEST_PASSWORD"], "client_id": CLIENT_ID + "1",
            "username": USER, "instance_url": salesforce.url,
        },
    }  # fmt: skip
    asker = ScriptedAsker("wrong", ENTRY_PASSWORD)
    values = {**given[command], "alias": "second"}
    [row] = [row for row in TABLE if row.name == command]
    assert run_command(command, row.load(), values, asker=asker) == 0  # type: ignore[arg-type]
    assert asker.asked == ["Password of the entry 'second':"] * 2


def test_without_a_terminal_the_flag_is_named(cli: Cli, heap: Heap) -> None:
    """Each command's own."""
    for line, flag in (
        (("wrap", "pay", heap.path("locked.jks"), "--password", "env:TEST_PASSWORD", "--input-password"), "--input-p"),
        (("csr", "pay", "--key", heap.path("locked.jks"), "--input-password"), "--input-password"),
        (("unwrap", heap.path("locked.jks"), "--password"), "--password"),
        (("login", "-f", heap.path("locked.jks"), "-i", CLIENT_ID, "-u", USER, "--password"), "--password"),
    ):
        refused = cli(*line, "env:TEST_PASSWORD", "--json").json
        assert (refused["name"], refused["code"]) == ("KeystorePasswordError", "keystore.entry-locked")
        assert f"with {flag}" in refused["actions"][0]


# check --fix: a folder for each


def test_repaired_copies_never_meet_in_one_folder(cli: Cli, folder: Path, heap: Heap) -> None:
    """DIR/ALIAS for each of several keys or files, DIR itself for one; --force replaces nothing of the same run."""
    password = ("--password", "env:TEST_PASSWORD", "--force", "--json")
    assert cli("check", heap.path("two-keys.jks"), "--fix", "-d", "two", *password).code == 0
    assert (folder / "two" / "first" / "first.jks").is_file()
    assert (folder / "two" / "second" / "second.jks").is_file()
    for name in ("a", "b"):
        (folder / f"{name}.pfx").write_bytes(heap.path("tied.pfx").read_bytes())
    answer = heap.path("answered.pfx")
    (folder / "x.pfx").write_bytes(answer.read_bytes())
    (folder / "deep").mkdir()
    (folder / "deep" / "x.pfx").write_bytes(answer.read_bytes())
    both = cli("check", "x.pfx", "deep/x.pfx", "--fix", *password)
    assert both.code == 0, both
    made = [one["folders"] for file in both.json["result"]["files"] for one in file["repairs"]]
    assert made == [["x-fixed"], ["x_2-fixed"]]
    assert all((folder / name / "x.jks").is_file() for name in ("x-fixed", "x_2-fixed"))
    assert cli("check", "x.pfx", "--fix", "-d", "alone", *password).code == 0
    assert (folder / "alone" / "x.jks").is_file()


# show and unwrap of a PFX


def test_show_gives_a_pfx_the_chain_that_wrap_builds(
    cli: Cli, folder: Path, heap: Heap, pair: Pair, ca: CertificateAuthority
) -> None:
    """A PFX keeps its certificates apart; root first here, without key identifier, and without a name."""
    key = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))
    der = [pem_body(path.read_text()) for path in (ca.root, ca.intermediate, pair.crt)]
    (folder / "nameless.pfx").write_bytes(encode_pfx(key, der, friendly_name=None, password=PASSWORD))
    openssl(
        "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-certfile", ca.intermediate, "-name", "x",
        "-passout", f"pass:{PASSWORD}", "-out", "named.pfx",
    )  # fmt: skip
    for file, length in (("nameless.pfx", 3), ("named.pfx", 2)):
        wrapped = cli(
            "wrap", "n", file, "--input-password", "env:TEST_PASSWORD", "--password", "env:TEST_PASSWORD", "-d", file + "-n",
            "--json",
        )  # fmt: skip
        shown = cli("show", file, "--password", "env:TEST_PASSWORD", "--json")
        validate(shown.json, "show")
        (entry,) = [
            one for one in shown.json["result"]["files"][0]["keystore"]["entries"] if one["kind"] == "private-key"
        ]
        assert entry["chain"] == [one["sha256"] for one in wrapped.json["result"]["chain"]]
        assert (entry["chainLength"], entry["chainInOrder"]) == (length, True)
        assert f"chain of {length}" in cli("show", file, "--password", "env:TEST_PASSWORD").out
    text = cli("show", "nameless.pfx", "--password", "env:TEST_PASSWORD").out
    assert "None" not in text
    assert "entry (no name): private-key" in text
    assert "no one certificate of it" in cli("show", heap.path("renewals.pfx"), "--password", "env:TEST_PASSWORD").out


def test_unwrap_of_a_key_alone_says_what_is_missing(cli: Cli, folder: Path, heap: Heap) -> None:
    """The key is written, no certificate is, exit 0; in a JKS too."""
    for file, words in (("key-only.pfx", "none is with it"), ("mismatch.pfx", "none of the 1 certificates in it")):
        result = cli("unwrap", heap.path(file), "--password", "env:TEST_PASSWORD", "-d", file)
        assert result.code == 0, result
        assert words in result.err
        assert {path.name for path in (folder / file).iterdir()} == {"x.key", ".gitignore"}
        assert "Upload the .crt" not in result.out
        own = openssl("pkey", "-in", heap.path("pair.key"), "-pubout")
        assert openssl("pkey", "-in", folder / file / "x.key", "-pubout") == own
    key = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", heap.path("pair.key")))
    made = jks.encode_jks(alias="bare", key_pkcs8=key, chain_der=[], password=Secret(PASSWORD), created_at_ms=1)
    (folder / "bare.jks").write_bytes(made)
    assert java_key(java_load(made, "JKS", PASSWORD), "bare", PASSWORD) == key, "Java reads it too"
    result = cli("unwrap", "bare.jks", "--password", "env:TEST_PASSWORD")
    assert (result.code, [path.name for path in (folder / "bare").glob("bare*")]) == (0, ["bare.key"]), result


# An encrypted NAME.key


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize("made_by", ["wrap", "wrap, own password", "self-signed", "renew"])
@pytest.mark.slow
def test_the_way_to_a_key_in_clear_is_a_command_that_works(
    made_by: str, cli: Cli, folder: Path, heap: Heap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was printed, in a shell, with the variables of the run: an unencrypted key, and the same."""
    monkeypatch.setenv("SFKEYTOOL_KEY_PASSWORD", "a-password-of-the-key")
    openssl("pkcs8", "-topk8", "-in", heap.path("pair.key"), "-passout", f"pass:{PASSWORD}", "-out", "in.key")
    wrap = ("wrap", "pay", "in.key", heap.path("A.crt"), "--input-password", "env:TEST_PASSWORD", "--password")
    name = "pay"
    match made_by:
        case "wrap":
            monkeypatch.delenv("SFKEYTOOL_KEY_PASSWORD")
            result = cli(*wrap, "generate")
        case "wrap, own password":
            result = cli(*wrap, "env:TEST_PASSWORD", "-d", "a folder")
        case "self-signed":
            result = cli("self-signed", "pay", "--password", "generate")
        case _:
            assert cli("self-signed", "pay", "--password", "generate").code == 0
            result = cli(
                "renew",
                "pay",
                "--password",
                "generate",
                "--as",
                "next",
                "--input-password",
                "env:SFKEYTOOL_KEY_PASSWORD",
            )
            name = "next"
    assert result.code == 0, result
    place = folder / ("a folder" if made_by == "wrap, own password" else name)
    assert (place / f"{name}.key").read_text().startswith("-----BEGIN ENCRYPTED")
    assert "is encrypted, and the Salesforce CLI takes no encrypted key" in result.err
    (line,) = [line for line in result.err.splitlines() if "one in clear: " in line]
    run_line(line.partition("one in clear: ")[2], folder)
    clear = (place / "clear" / f"{name}.key").read_text()
    assert clear.startswith("-----BEGIN PRIVATE KEY")
    password = PASSWORD if made_by == "wrap" else "a-password-of-the-key"
    encrypted = openssl("pkey", "-in", place / f"{name}.key", "-passin", f"pass:{password}")
    assert pem_body(clear) == pem_body(encrypted)


def run_line(line: str, folder: Path) -> None:
    """A printed command in a shell that has `sfkeytool`: this one's."""
    bin = folder / "bin"
    bin.mkdir()
    script = bin / "sfkeytool"
    paths = shlex.quote(":".join(filter(None, sys.path)))
    script.write_text(f'#!/bin/sh\nPYTHONPATH={paths} exec {shlex.quote(sys.executable)} -m sfkeytool "$@"\n')
    script.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", f"PATH={shlex.quote(str(bin))}:$PATH; {line}"],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, (line, done)


def test_a_key_whose_keystore_is_yet_to_come_is_told_of_too(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `csr` there is only openssl, which asks for the password; a key in clear draws no word."""
    assert "encrypted" not in cli("csr", "clear").err
    monkeypatch.setenv("SFKEYTOOL_KEY_PASSWORD", "a-password-of-the-key")
    (line,) = [line for line in cli("csr", "pay").err.splitlines() if "one in clear: " in line]
    tool, *rest = command_words(line.partition("one in clear: ")[2])
    assert tool == "openssl"
    rest = [word.replace("\\", "/") for word in rest]  # as any openssl takes it
    openssl(*rest, "-passin", "env:SFKEYTOOL_KEY_PASSWORD", cwd=folder)
    assert (folder / "pay" / "pay-clear.key").read_text().startswith("-----BEGIN PRIVATE KEY")
