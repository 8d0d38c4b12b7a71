"""The corpus: each file gets exactly the findings that it was made for, and no byte of it misleads."""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, openssl, pem_body
from oracle_java import java_load

from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.engine import judge
from sfkeytool.acceptance.rule import Profile
from sfkeytool.acceptance.subject import prepare_subject
from sfkeytool.errors import SfkeytoolError
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Purpose
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]
FIXTURES = Path(__file__).parent.parent / "fixtures"
FILES: list[dict[str, Any]] = json.loads((FIXTURES / "manifest.json").read_text())["files"]
EXIT_CODES = {"accept": 0, "reject": 3, "unsure": 1}
MAGIC = b"\xfe\xed\xfe\xed"

each_file = pytest.mark.parametrize("case", FILES, ids=lambda case: Path(case["path"]).name)


def subject_of(case: dict[str, Any], data: bytes) -> Any:
    return prepare_subject(
        InputFile(Path(case["path"]).name, data),
        as_of=datetime.fromisoformat(case["as_of"]).replace(tzinfo=UTC),
        profile=Profile(case["profile"]) if case["profile"] else None,
        purpose=Purpose(case["purpose"]),
        passwords=(Secret(case["password"]),) if case["password"] else (),
    )


def java_opens(data: bytes, password: str) -> bool:
    """Java's JKS type reads PKCS#12 too: only with the magic number does its word count."""
    if data[:4] != MAGIC:
        return False
    try:
        java_load(data, "JKS", password)
    except Exception:
        return False
    return True


def test_files_on_disk_and_manifest_are_the_same() -> None:
    """None is forgotten, none has changed, each says why it is there."""
    listed = {case["path"]: case["sha256"] for case in FILES}
    found = {
        path.relative_to(FIXTURES).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (FIXTURES / "corpus").iterdir()
    }
    assert found == listed
    assert all(case["why"] and case["made_by"] for case in FILES)
    assert len(listed) == len(FILES)


@each_file
def test_a_file_gets_exactly_its_findings(case: dict[str, Any], cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the real command: findings, verdict and exit code; an ERROR with Salesforce's words where they are known."""
    options = ["--as-of", case["as_of"], "--purpose", case["purpose"], "--json"]
    if case["profile"]:
        options += ["--profile", case["profile"]]
    if case["password"]:
        monkeypatch.setenv("CORPUS_PASSWORD", case["password"])
        options += ["--password", "env:CORPUS_PASSWORD"]
    result = cli("check", FIXTURES / case["path"], *options)
    assert result.code == EXIT_CODES[case["verdict"]], result
    (file,) = result.json["result"]["files"]
    assert sorted({finding["rule"] for finding in file["findings"]}) == case["findings"]
    assert file["verdict"] == case["verdict"]
    assert file["unknown"] or case["verdict"] != "unsure"
    assert not file["unknown"] or case["verdict"] != "accept"
    messages = {rule.id: rule.salesforce_message for rule in CATALOGUE}
    for finding in file["findings"]:
        assert finding["salesforceMessage"] == messages[finding["rule"]]
        assert finding["where"]
        assert finding["saw"]
        assert finding["wanted"]
        assert finding["fix"]


@each_file
def test_java_agrees_about_what_it_can_open(case: dict[str, Any]) -> None:
    """The genuine java.security.KeyStore."""
    data = (FIXTURES / case["path"]).read_bytes()
    password = "worthless-password-1" if case["password"] is None else case["password"]
    assert java_opens(data, password) is case["java_opens"]


def test_every_rule_has_a_file_that_fails_it_and_one_that_passes_it() -> None:
    """A rule that never fires, or always does, tells nothing."""
    failed = {rule for case in FILES for rule in case["findings"]}
    passed: set[str] = set()
    for case in FILES:
        subject = subject_of(case, (FIXTURES / case["path"]).read_bytes())
        report = judge(subject)
        applying = {rule.id for rule in CATALOGUE if subject.profile in rule.profiles and rule.applies(subject)}
        passed |= applying - set(report.rule_ids) - {unknown.rule.id for unknown in report.unknown}
    ids = {rule.id for rule in CATALOGUE}
    assert failed == ids
    assert passed == ids


@each_file
def test_no_truncation_and_no_flipped_byte_is_accepted_where_java_refuses(case: dict[str, Any]) -> None:
    """Sampled, always the same: a verdict or our error, nothing else; and "accept" only for what Java opens."""
    data = (FIXTURES / case["path"]).read_bytes()
    chance = random.Random(case["path"])
    broken = [data[: chance.randrange(len(data))] for _ in range(8)]
    for _ in range(25):
        position = chance.randrange(len(data))
        broken.append(data[:position] + bytes([data[position] ^ 1 << chance.randrange(8)]) + data[position + 1 :])
    for changed in broken:
        try:
            report = judge(subject_of(case, changed))
        except SfkeytoolError:
            continue
        if report.verdict == "accept" and report.profile is Profile.CKM_IMPORT:
            assert java_opens(changed, case["password"] or "")


def test_any_bytes_at_all_end_in_a_verdict_or_our_error(cli: Cli, folder: Path) -> None:
    """Through the real command, with and without the magic number."""
    chance = random.Random(4)
    for size in (0, 1, 3, 4, 8, 12, 30, 200, 4000):
        for prefix in (
            b"",
            MAGIC,
            MAGIC + b"\0\0\0\x02\0\0\0\x01\0\0\0\x01",
            b"0\x82",
            b"-----BEGIN CERTIFICATE-----\n",
        ):
            (folder / "in.jks").write_bytes(prefix + chance.randbytes(size))
            result = cli("check", "in.jks", "--json")
            assert result.code in (1, 3), (prefix, size, result)
            assert "Traceback" not in result.err


def test_the_recipe_names_what_it_makes() -> None:
    """Every file of the manifest stands in the recipe that is kept."""
    recipe = (FIXTURES / "make_corpus.py").read_text()
    for case in FILES:
        stem = Path(case["path"]).name
        kinds = ("jceks.jks", "bks.jks", "uber.jks")
        assert f'"{stem}"' in recipe or stem in kinds, stem


def test_a_bundle_with_a_certificate_of_no_known_version_is_our_error(cli: Cli, folder: Path) -> None:
    """One byte of a PKCS#7 bundle: the library has an exception of its own for it."""
    bundle = pem_body(openssl("crl2pkcs7", "-nocrl", "-certfile", FIXTURES / "corpus" / "app.crt"))
    version_3, version_7 = bytes.fromhex("a003020102"), bytes.fromhex("a003020106")
    assert bundle.count(version_3) == 1
    (folder / "bundle.p7b").write_bytes(bundle.replace(version_3, version_7))
    result = cli("check", "bundle.p7b", "--json")
    assert (result.code, result.json["code"]) == (1, "pkcs7.malformed")
