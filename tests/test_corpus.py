"""The corpus: each file gets exactly the findings that it was made for, and no broken byte of it misleads.

What is expected stands in fixtures/manifest.json, written by hand beside the recipes in fixtures/make_corpus.py.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import THOROUGH, Result, openssl, pem_body
from oracle_java import JavaError, java_key, java_load

from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.engine import judge
from sfkeytool.acceptance.subject import Subject, prepare_subject
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Profile, Purpose
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]
FIXTURES = Path(__file__).parent.parent / "fixtures"
MAGIC = b"\xfe\xed\xfe\xed"
EXIT_CODES = {"accept": 0, "reject": 3, "unsure": 1}
CUTS, FLIPS, SIGNED_FLIPS = (20, 50, 50) if THOROUGH else (4, 8, 8)


@dataclass(frozen=True)
class Case:
    """A line of the manifest."""

    path: str
    sha256: str
    made_by: str
    why: str
    password: str | None
    profile: str | None
    purpose: str
    as_of: str
    verdict: str
    findings: list[str]
    java_opens: bool

    @property
    def data(self) -> bytes:
        return (FIXTURES / self.path).read_bytes()

    @property
    def options(self) -> list[str]:
        profile = ["--profile", self.profile] if self.profile else []
        password = ["--password", "env:CORPUS_PASSWORD"] if self.password else []
        return ["--as-of", self.as_of, "--purpose", self.purpose, *profile, *password, "--json"]

    def subject(self) -> Subject:
        return prepare_subject(
            InputFile(self.path, self.data),
            as_of=datetime.fromisoformat(self.as_of).replace(tzinfo=UTC),
            profile=Profile(self.profile) if self.profile else None,
            purpose=Purpose(self.purpose),
            passwords=[Secret(self.password)] if self.password else [],
        )


MANIFEST = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))
CASES = [Case(**file) for file in MANIFEST["files"]]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: Path(case.path).name)


@pytest.fixture
def check(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The real command on some files, under the options of a case."""

    def run(case: Case, *paths: Path) -> Result:
        monkeypatch.setenv("CORPUS_PASSWORD", case.password or "")
        return cli("check", *paths, *case.options)

    return run


def java_opens(data: bytes, password: str | None) -> bool:
    """Whether Java loads a JKS. Its type JKS reads PKCS#12 too, so that its word counts behind the magic number only."""
    if not data.startswith(MAGIC):
        return False
    try:
        java_load(data, "JKS", password)
    except JavaError:
        return False
    return True


def java_finds_keys(data: bytes, password: str) -> bool:
    """Whether Java gets a private key and its first certificate out of each key entry of a JKS."""
    store = java_load(data, "JKS", password)
    aliases = store.key_aliases()
    return bool(aliases) and all(java_key(store, alias, password) and store.certificate(alias) for alias in aliases)


def test_files_on_disk_and_manifest_are_the_same() -> None:
    """None forgotten, none changed, each with its reason; pytest runs one case for each."""
    found = {
        path.relative_to(FIXTURES).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (FIXTURES / "corpus").rglob("*")
        if path.is_file()
    }
    assert MANIFEST["format"] == 1
    assert found == {case.path: case.sha256 for case in CASES}
    assert len(found) == len(CASES)
    assert all(case.why.strip() and case.made_by.strip() for case in CASES)
    assert all(case.findings == sorted(set(case.findings)) for case in CASES)


@each_case
def test_a_file_gets_exactly_its_findings(case: Case, check: Callable[..., Result]) -> None:
    """Through the real command: findings, verdict, exit code; and a case that is unsure says why."""
    result = check(case, FIXTURES / case.path)
    (file,) = result.json["result"]["files"]
    assert sorted({finding["rule"] for finding in file["findings"]}) == case.findings
    assert (file["verdict"], result.code) == (case.verdict, EXIT_CODES[case.verdict])
    assert bool(file["unknown"]) >= (case.verdict == "unsure")
    for finding in file["findings"]:
        assert finding["where"].startswith(str(FIXTURES / case.path))
        assert all(finding[part] for part in ("saw", "wanted", "fix", "citation"))


@each_case
@pytest.mark.slow
def test_java_opens_what_the_manifest_says(case: Case) -> None:
    """The genuine java.security.KeyStore; and what is accepted for import it opens down to the private key."""
    assert java_opens(case.data, case.password) is case.java_opens
    if case.verdict == "accept" and Path(case.path).suffix == ".jks" and case.profile is None:
        assert case.password is not None
        assert java_finds_keys(case.data, case.password)


@pytest.mark.slow
def test_every_rule_has_a_file_that_fails_it_and_one_that_passes_it() -> None:
    """Passing means that the rule applied and had nothing to say: not that it was not asked.

    Of the digest nobody can tell a failure from a wrong password: it is concerned where its verdict is unsure.
    """
    passed: set[str] = set()
    unsure: set[str] = set()
    for case in CASES:
        subject = case.subject()
        report = judge(subject)
        asked = {rule.id for rule in CATALOGUE if subject.profile in rule.profiles and rule.applies(subject)}
        passed |= asked - set(report.rule_ids) - {unknown.rule.id for unknown in report.unknown}
        unsure |= {unknown.rule.id for unknown in report.unknown}
    every = {rule.id for rule in CATALOGUE}
    assert every - {rule_id for case in CASES for rule_id in case.findings} == {"ckm.store.integrity"} & unsure
    assert every - passed == set()


def broken(case: Case) -> Iterator[bytes]:
    """Cuts and single flipped bytes, always the same; of a JKS also flips whose digest fits again."""
    data, chance = case.data, random.Random(case.path)
    for _ in range(CUTS):
        yield data[: chance.randrange(1, len(data))]
    for _ in range(FLIPS):
        yield flipped(data, chance)
    if not data.startswith(MAGIC) or case.password is None:
        return
    for _ in range(SIGNED_FLIPS):
        content = flipped(data[:-20], chance)
        password = case.password.encode("utf-16-be")
        digest = hashlib.sha1(password + b"Mighty Aphrodite" + content).digest()
        yield content + digest


def flipped(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ chance.randrange(1, 256)]) + data[place + 1 :]


@each_case
@pytest.mark.slow
def test_no_broken_byte_misleads(case: Case, check: Callable[..., Result], folder: Path) -> None:
    """A verdict or our error for each, never a bug's exit code; "accept" for import only what Java opens."""
    paths = []
    for number, data in enumerate(broken(case)):
        paths.append(folder / f"{number}{Path(case.path).suffix}")
        paths[-1].write_bytes(data)
    result = check(case, *paths)
    assert result.code in (0, 1, 3), result
    if "result" not in result.json:
        assert "." in result.json["code"]
        return
    judged = result.json["result"]["files"]
    assert len(judged) + len(result.json["result"]["unreadable"]) == len(paths)
    for file in judged:
        if file["verdict"] == "accept" and file["profile"] == "ckm-import":
            data = Path(file["path"]).read_bytes()
            assert java_opens(data, case.password), file
            assert java_finds_keys(data, case.password or ""), file


def test_any_bytes_at_all_end_in_a_verdict_or_our_error(cli: Cli, folder: Path) -> None:
    """Noise alone, and behind the beginnings of what is known."""
    chance = random.Random(4)
    beginnings = (
        b"",
        MAGIC,
        MAGIC + bytes.fromhex("000000020000000100000001"),
        b"0\x82",
        b"-----BEGIN CERTIFICATE-----\n",
    )
    for size in (0, 1, 4, 30, 200, 4000):
        for beginning in beginnings:
            (folder / "noise.jks").write_bytes(beginning + chance.randbytes(size))
            result = cli("check", "noise.jks", "--json")
            assert result.code in (1, 3), (beginning, size, result)
            assert result.json["status"] == result.code


def test_a_bundle_with_a_certificate_of_no_known_version_is_unsure(cli: Cli, folder: Path) -> None:
    """One byte of a PKCS#7 bundle. Java takes it; whether Salesforce does nobody knows."""
    bundle = pem_body(openssl("crl2pkcs7", "-nocrl", "-certfile", FIXTURES / "corpus" / "app.crt"))
    version_3, version_7 = bytes.fromhex("a003020102"), bytes.fromhex("a003020106")
    assert bundle.count(version_3) == 1
    (folder / "bundle.p7b").write_bytes(bundle.replace(version_3, version_7))
    result = cli("check", "bundle.p7b", "--json")
    (file,) = result.json["result"]["files"]
    assert (result.code, file["verdict"]) == (1, "unsure")
    assert "a version that there is not" in file["unknown"][0]["reason"]
