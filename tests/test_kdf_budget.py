"""What key derivation costs is bounded for a run: all files and passwords together, counted in iterations."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Pair, Result, openssl

from sfkeytool.crypto import derivation, limits, pbe

Cli = Callable[..., Result]
WITH_PASSWORD = ("--password", "env:TEST_PASSWORD")


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The iterations of each derivation that a PFX made."""
    made: list[int] = []
    pkcs12, pbkdf2 = derivation.derive_pkcs12, hashlib.pbkdf2_hmac

    def by_pkcs12(digest: str, purpose: int, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
        made.append(iterations)
        return pkcs12(digest, purpose, password, salt, iterations, length)

    def by_pbkdf2(digest: str, password: bytes, salt: bytes, iterations: int, length: Any = None) -> bytes:
        made.append(iterations)
        return pbkdf2(digest, password, salt, iterations, length)

    monkeypatch.setattr(pbe, "derive_pkcs12", by_pkcs12)
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", by_pbkdf2)
    return made


def fill(folder: Path, pair: Pair, count: int, *options: str) -> None:
    """PFX files that are alike."""
    for number in range(count):
        openssl(
            "pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-out", folder / f"{number}.p12",
            "-passout", f"pass:{PASSWORD}", *options,
        )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES")], ids=["2", "1"])
def test_all_files_of_a_run_share_one_budget(
    options: tuple[str, ...],
    cli: Cli,
    folder: Path,
    pair: Pair,
    derived: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left unread is told, and what was read before stays; the next run begins anew."""
    fill(folder, pair, 4, *options)
    assert cli("audit", "0.p12", *WITH_PASSWORD, "--json").code == 0
    one = sum(derived)
    monkeypatch.setattr(limits, "MAX_KDF_ITERATIONS_A_RUN", 3 * one)
    for _ in range(2):
        derived.clear()
        done = cli("audit", ".", *WITH_PASSWORD, "--json")
        assert done.code == 68, done
        codes = {problem["code"] for problem in done.json["result"]["sources"][0]["problems"]}
        assert codes == {"key.kdf-too-expensive"}
        assert done.json["result"]["items"]
        assert one <= sum(derived) <= 3 * one


def test_each_password_counts(cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an encrypted key, and of a PFX."""
    locked = folder / "locked.key"
    openssl("pkcs8", "-topk8", "-in", pair.key, "-out", locked, "-passout", f"pass:{PASSWORD}", "-iter", "4000")
    fill(folder, pair, 1)
    monkeypatch.setenv("WRONG", "quite another password")
    monkeypatch.setattr(limits, "MAX_KDF_ITERATIONS_A_RUN", 7000)
    wrong = ("--password", "env:WRONG")
    for file in (locked, "0.p12"):
        assert cli("show", file, *WITH_PASSWORD, *wrong).code == (0 if file == locked else 1)
        refused = cli("show", file, *wrong, *WITH_PASSWORD, "--json")
        assert (refused.code, refused.json["code"]) == (1, "key.kdf-too-expensive"), refused
