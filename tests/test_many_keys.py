"""Keystores with thousands of keys, which nobody has: the time grows with their size, and no faster."""

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Pair, Result

from sfkeytool.crypto import keys
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
    """Which takes a third of a second for twenty of the largest; the others are when they are used. All are shown."""
    validated: list[bool] = []
    parse = keys.parse_private_key

    def parse_and_note(*arguments: Any, validate: bool = True) -> keys.LoadedKey:
        validated.append(validate)
        return parse(*arguments, validate=validate)

    (folder / "many.jks").write_bytes(store_of(3 * VALIDATED_AT_ONCE, made_of(pair, cli, folder)))
    monkeypatch.setattr(keys, "parse_private_key", parse_and_note)
    shown = cli("show", "many.jks", "--password", "env:TEST_PASSWORD", "--json")
    assert shown.code == 0
    assert len(shown.json["result"]["files"][0]["keys"]) == len(validated) == 3 * VALIDATED_AT_ONCE
    assert validated == sorted(validated, reverse=True)
    assert sum(validated) == VALIDATED_AT_ONCE


@pytest.mark.slow
def test_what_is_found_for_each_entry_of_a_thousand(cli: Cli, folder: Path, pair: Pair) -> None:
    """Each entry has its own certificate alone, and no look at one is a look at all."""
    content = store_of(6_000, made_of(pair, cli, folder))
    heap = gather([parse_contents(InputFile("many.jks", content), (), load_keys=False)])
    begun = time.process_time()
    found = {leaf.der for entry in heap.entries for leaf in leaves_of_entry(entry, heap)}
    assert len(found) == 1
    assert time.process_time() - begun < 1
