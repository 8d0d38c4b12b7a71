"""``check``: each file is read from disk once, each certificate parsed once, each key loaded once."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import CertificateAuthority, Pair, Result
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from test_check import check, ders, keystore, pkcs8

from sfkeytool.crypto import keys

Cli = Callable[..., Result]
FILES = 20
_opened: "Counter[str] | None" = None


def _note_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is not None and event == "open" and isinstance(arguments[0], str):
        _opened[Path(arguments[0]).name] += 1


@cache  # a hook stays as long as the process lives, silent but for ``opened``; two would count twice
def _hook() -> None:
    sys.addaudithook(_note_opening)


@pytest.fixture
def opened() -> "Iterator[Counter[str]]":
    """How often each file was opened, by its name, as Python itself says."""
    global _opened
    _hook()
    _opened = Counter()
    yield _opened
    _opened = None


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> "Counter[str]":
    """How often cryptography read a certificate, a key, and a key with the validation that takes so long."""
    calls: Counter[str] = Counter()

    def count(module: Any, name: str, kind: str) -> None:
        call = getattr(module, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            calls[kind] += 1
            calls[f"validated {kind}"] += not options.get("unsafe_skip_rsa_key_validation")
            return call(*arguments, **options)

        monkeypatch.setattr(module, name, counted)

    keys.withstands_validation.cache_clear()
    count(serialization, "load_pem_private_key", "key")
    count(serialization, "load_der_private_key", "key")
    count(x509, "load_der_x509_certificate", "certificate")
    return calls


def test_files_of_key_and_certificate(
    cli: Cli, folder: Path, pair: Pair, opened: "Counter[str]", library: "Counter[str]"
) -> None:
    """To be judged beside a certificate for the app a key need not be validated; on its way to an import it is, once:
    copies are one key."""
    names = [f"pay{number:02}.pem" for number in range(FILES)]
    for name in names:
        (folder / name).write_bytes(pair.key.read_bytes() + pair.crt.read_bytes())
    opened.clear()
    assert check(cli, *names).code == 0
    assert [opened[name] for name in names] == [1] * FILES
    assert (library["key"], library["validated key"], library["certificate"]) == (FILES, 0, FILES)
    library.clear()
    opened.clear()
    repaired = check(cli, *names, "--fix", "--new-password", "generate")
    assert (
        len([made for file in repaired.json["result"]["files"] for made in file["repairs"] if made["files"]]) == FILES
    )
    assert [opened[name] for name in names] == [1] * FILES
    assert library["validated key"] == 1


@pytest.mark.parametrize("walked", [True, False])
def test_a_keystore(
    walked: bool,
    cli: Cli,
    folder: Path,
    pair: Pair,
    ca: CertificateAuthority,
    opened: "Counter[str]",
    library: "Counter[str]",
) -> None:
    """A JKS tells all about its key without loading it; it is loaded to be validated in full, and once for a copy."""
    chain = ders(pair.crt, ca.intermediate, ca.root)
    (folder / "in").mkdir()
    (folder / "in" / "pay.jks").write_bytes(keystore(pkcs8(pair), chain[::-1]))
    opened.clear()
    named = "in" if walked else "in/pay.jks"
    assert check(cli, named).code == 3
    assert (opened["pay.jks"], library["key"], library["certificate"]) == (1, 2, 3)
    assert library["validated key"] == 1
    opened.clear()
    library.clear()
    assert check(cli, named, "--fix").code == 0
    assert (opened["pay.jks"], library["key"], library["validated key"]) == (1, 1, 0)
