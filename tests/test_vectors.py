"""docs/vectors: what anybody's reader of JKS and BCFKS must say, said by ours and by the genuine Java."""

import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import make_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from oracle_java import JavaError, bouncy_castle, java_chain, java_created_at_ms, java_key, java_load

from sfkeytool.errors import KeystoreError, KeystorePasswordError, PrivateKeyError
from sfkeytool.keystores.open import open_keystore
from sfkeytool.keystores.store import StoreType
from sfkeytool.passwords import Secret

FOLDER = Path(__file__).parent.parent / "docs" / "vectors"
PAGES = {name: json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in ("jks", "bcfks")}
VECTORS = [(page["format"], vector) for page in PAGES.values() for vector in page["tests"]]
Vector = dict[str, Any]
CREATED_AT_MS = 1_767_225_600_000
ENDLESS = ("rounds",)
"""Bouncy Castle makes whatever rounds it is told: this would take it an hour."""


def each(vectors: list[tuple[str, Vector]]) -> pytest.MarkDecorator:
    names = [f"{type.lower()}-{vector['name']}" for type, vector in vectors]
    return pytest.mark.parametrize(("type", "vector"), vectors, ids=names)


def prints(chain_der: tuple[bytes, ...]) -> list[str]:
    return [hashlib.sha256(der).hexdigest() for der in chain_der]


def numbers(key_pkcs8: bytes) -> object:
    """What a key is, however it is written: Bouncy Castle encodes an EC key anew."""
    key = load_der_private_key(key_pkcs8, None)
    assert isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey)
    return key.private_numbers()


def test_the_vectors_are_what_their_script_makes() -> None:
    """To the byte, whatever the day and the machine."""
    assert make_vectors.pages() == {f"{name}.json": (FOLDER / f"{name}.json").read_text("utf-8") for name in PAGES}


def test_every_vector_says_what_it_is_about() -> None:
    for page in PAGES.values():
        names = [vector["name"] for vector in page["tests"]]
        assert page["numberOfTests"] == len(names) == len(set(names))
        assert "worthless" in page["note"]
        for vector in page["tests"]:
            assert vector["why"]
            assert (vector["result"] == "valid") == ("entries" in vector) == ("refused" not in vector)


@each(VECTORS)
def test_our_reader_says_what_a_vector_wants(type: str, vector: Vector) -> None:
    data = b64decode(vector["file"])
    own = [Secret(entry["keyPassword"]) for entry in vector.get("entries", ()) if "keyPassword" in entry]
    passwords = [Secret(vector["password"]), *own]
    if vector.get("refused") == "file":
        with pytest.raises((KeystoreError, KeystorePasswordError, PrivateKeyError)):
            open_keystore(data, "x", StoreType[type], passwords)
        return
    if vector["name"] == "protection":  # our JKS names the key's protection, where it could only say that it is locked
        with pytest.raises(KeystoreError, match="protected by algorithm"):
            open_keystore(data, "x", StoreType[type], passwords)
        return
    store = open_keystore(data, "x", StoreType[type], passwords)
    assert store.password == Secret(vector["password"])
    if vector["result"] == "invalid":
        assert [(key.alias, key.key_pkcs8) for key in store.keys] == [("pay", None)]
        return
    wanted = {entry["alias"]: entry for entry in vector["entries"]}
    keys = {alias: entry for alias, entry in wanted.items() if entry["type"] == "privateKey"}
    assert {key.alias: key.key_pkcs8 for key in store.keys} == {
        alias: b64decode(entry["key"]) for alias, entry in keys.items()
    }
    assert {key.alias: prints(key.chain_der) for key in store.keys} == {
        alias: entry["chain"] for alias, entry in keys.items()
    }
    assert {one.alias: prints((one.certificate_der,)) for one in store.certificates} == {
        alias: entry["chain"] for alias, entry in wanted.items() if entry["type"] == "certificate"
    }
    assert store.other_entries == tuple(
        f"secret key {alias!r}" for alias, entry in wanted.items() if entry["type"] == "secretKey"
    )
    dates = [*(key.created_at for key in store.keys), *(one.created_at for one in store.certificates)]
    assert {date and date.timestamp() * 1000 for date in dates} <= {CREATED_AT_MS}


@each([(type, vector) for type, vector in VECTORS if vector["name"] not in ENDLESS])
def test_java_says_what_a_vector_wants(type: str, vector: Vector) -> None:
    """Its JKS, and Bouncy Castle's BCFKS."""
    if type == "BCFKS":
        bouncy_castle()
    data, password = b64decode(vector["file"]), vector["password"]
    if vector.get("refused") == "file":
        # Down to java.lang's NegativeArraySizeException and OutOfMemoryError: what counts is that nothing is read.
        with pytest.raises(JavaError):
            java_load(data, type, password)
        return
    store = java_load(data, type, password)
    if vector["result"] == "invalid":
        with pytest.raises(JavaError):
            java_key(store, "pay", password)
        return
    assert sorted(store.aliases()) == sorted(entry["alias"] for entry in vector["entries"])
    for entry in vector["entries"]:
        alias = entry["alias"]
        assert java_created_at_ms(store, alias) == CREATED_AT_MS
        if entry["type"] == "privateKey":
            found = java_key(store, alias, entry.get("keyPassword", password))
            assert found is not None
            assert numbers(found) == numbers(b64decode(entry["key"]))
            assert prints(java_chain(store, alias)) == entry["chain"]
        elif entry["type"] == "certificate":
            assert prints((store.certificate(alias) or b"",)) == entry["chain"]
        else:
            assert java_key(store, alias, password) is not None
