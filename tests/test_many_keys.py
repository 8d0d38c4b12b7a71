"""Keystores with thousands of keys, which nobody has: the time grows with their size, and no faster."""

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PASSWORD, Pair, Result
from cryptography.hazmat.primitives import serialization

from sfkeytool.keystores import jks
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.found import VALIDATED_AT_ONCE
from sfkeytool.keystores.heap import gather, leaves_of_entry
from sfkeytool.passwords import Secret

Cli = Callable[..., Result]


def store_of(count: int, made: bytes) -> bytes:
    """The one entry of a JKS, ``count`` times under other aliases."""
    signed = jks.parse_jks(made, "made").signed
    head, rest = signed[:8], signed[16 + len(jks.encode_java_utf("pair")) :]
    entries = [struct.pack(">I", 1) + jks.encode_java_utf(f"pair{number}") + rest for number in range(count)]
    content = head + struct.pack(">I", count) + b"".join(entries)
    return content + jks.store_digest(content, Secret(PASSWORD))


def made_of(pair: Pair, cli: Cli, folder: Path) -> bytes:
    done = cli("wrap", "pair", pair.crt, pair.key, "--password", "env:TEST_PASSWORD", "-d", "made")
    assert done.code == 0, done
    return (folder / "made" / "pair.jks").read_bytes()


@pytest.mark.slow
def test_only_the_first_keys_of_a_file_are_validated_at_once(
    cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes 40 ms each; the others are when they are used. All are shown."""
    for name in ("load_der_private_key", "load_pem_private_key"):  # with each key proved each time, as for a user
        monkeypatch.setattr(serialization, name, getattr(serialization, name).__wrapped__)
    made = made_of(pair, cli, folder)
    times = []
    for count in (VALIDATED_AT_ONCE, 5 * VALIDATED_AT_ONCE):
        (folder / "many.jks").write_bytes(store_of(count, made))
        begun = time.process_time()
        shown = cli("show", "many.jks", "--password", "env:TEST_PASSWORD", "--json")
        times.append(time.process_time() - begun)
        assert shown.code == 0
        assert len(shown.json["result"]["files"][0]["keys"]) == count
    assert times[1] < 3 * times[0]


@pytest.mark.slow
def test_what_is_found_for_each_entry_of_a_thousand(cli: Cli, folder: Path, pair: Pair) -> None:
    """Each entry has its own certificate alone, and no look at one is a look at all."""
    content = store_of(6_000, made_of(pair, cli, folder))
    heap = gather([parse_contents(InputFile("many.jks", content), (), load_keys=False)])
    begun = time.process_time()
    found = {leaf.der for entry in heap.entries for leaf in leaves_of_entry(entry, heap)}
    assert len(found) == 1
    assert time.process_time() - begun < 1
