"""The recipe of the corpus, run on a copy: a new case is one file and one line, and what is there stays as it is."""

import difflib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import openssl

FIXTURES = Path(__file__).parent.parent / "fixtures"
MANIFEST = "manifest.json"
ADDED = """

def plain(before=plain):
    yield from before()
    yield Case("alias-30.jks", encode_jks(Key(der("leaf.key"), ders("self-signed"))), "encoder", "Added.", ACCEPT)
"""
ISSUED = """

def plain(before=plain):
    from workshop import certify, make_key, pems
    make_key("issued", "ec_paramgen_curve:P-256", algorithm="EC")
    certify("issued", "issued", ("20260101", "20360101"), issuer="signing-ca")
    yield from before()
    yield Case("issued.crt", pems("issued", "signing-ca", "signing-root"), "openssl", "Added.", ACCEPT, password=None)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "keystores")
    return Path(shutil.copytree(FIXTURES, tmp_path / "fixtures", ignore=ignored))


@pytest.fixture
def make(fixtures: Path, tmp_path: Path) -> Run:
    """The recipe of the copy; with no tool on its PATH, unless ``tools``."""

    def run(*names: str, tools: bool = False) -> subprocess.CompletedProcess[str]:
        environment = os.environ if tools else {**os.environ, "PATH": str(tmp_path / "nowhere")}
        command = [sys.executable, "-B", str(fixtures / "make_corpus.py"), *names]
        return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60)

    return run


def state(fixtures: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes of each file that the recipe may write, and when it was written (nanoseconds)."""
    files = [*fixtures.glob("corpus/*"), *fixtures.glob("kept/*"), fixtures / MANIFEST]
    return {file.relative_to(fixtures).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def touched(before: dict[str, tuple[bytes, int]], after: dict[str, tuple[bytes, int]]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def manifest_changes(before: dict[str, tuple[bytes, int]], after: dict[str, tuple[bytes, int]]) -> list[str]:
    """The changed lines of the manifest, each with + or - and as much as tells the file."""
    old, new = (one[MANIFEST][0].decode().splitlines() for one in (before, after))
    lines = [*difflib.unified_diff(old, new, n=0, lineterm="")][2:]
    return [line.partition(", ")[0] for line in lines if not line.startswith("@@")]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def test_an_unchanged_tree_is_left_alone(fixtures: Path, make: Run) -> None:
    """Not a byte, not even again the same ones; and neither Java nor openssl is asked."""
    before = state(fixtures)
    done = make()
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(list(fixtures.glob('corpus/*')))} files\n", "")
    assert state(fixtures) == before


@pytest.mark.slow
def test_a_case_is_one_file_and_one_line_and_goes_as_it_came(fixtures: Path, make: Run) -> None:
    before, recipes = state(fixtures), fixtures / "store_cases.py"
    text = recipes.read_text("utf-8")
    recipes.write_text(text + ADDED, "utf-8")
    done = make()
    assert (done.returncode, done.stdout.splitlines()[:-1], done.stderr) == (0, ["new: corpus/alias-30.jks"], "")
    after = state(fixtures)
    assert touched(before, after) == {"corpus/alias-30.jks", MANIFEST}
    assert manifest_changes(before, after) == ['+    {"path": "corpus/alias-30.jks"']
    recipes.write_text(text, "utf-8")
    assert make().stdout.splitlines()[:-1] == ["gone: corpus/alias-30.jks"]
    assert {path: data for path, (data, _) in state(fixtures).items()} == {
        path: data for path, (data, _) in before.items()
    }


@pytest.mark.slow
def test_a_new_key_and_its_certificate_are_kept_signed_by_the_ca_whose_key_is_kept(fixtures: Path, make: Run) -> None:
    """Only openssl is needed for it, once: the next run finds it."""
    before = state(fixtures)
    with (fixtures / "store_cases.py").open("a", encoding="utf-8") as recipes:
        recipes.write(ISSUED)
    done = make(tools=True)
    assert (done.returncode, done.stderr) == (0, "")
    after = state(fixtures)
    assert touched(before, after) == {"kept/issued.key", "kept/issued.crt", "corpus/issued.crt", MANIFEST}
    assert len(manifest_changes(before, after)) == 1
    kept = fixtures / "kept"
    assert (kept / "issued.key").read_text("ascii").startswith("A worthless key")
    chain = ("-CAfile", kept / "signing-root.crt", "-untrusted", kept / "signing-ca.crt")
    assert "issued.crt: OK" in openssl("verify", *chain, fixtures / "corpus" / "issued.crt")
    assert make().returncode == 0
    assert state(fixtures) == after


def test_a_changed_expectation_is_said_and_changes_one_line(fixtures: Path, make: Run) -> None:
    before = state(fixtures)
    edit(fixtures / "entry_cases.py", '"X509 without the dot, as some libraries write it."', '"Another reason."')
    done = make()
    assert (done.returncode, done.stdout.splitlines()[:-1]) == (0, ["changed: corpus/type-x509.jks (why)"])
    after = state(fixtures)
    assert touched(before, after) == {MANIFEST}
    assert manifest_changes(before, after) == [
        '-    {"path": "corpus/type-x509.jks"',
        '+    {"path": "corpus/type-x509.jks"',
    ]


@pytest.mark.slow
def test_a_changed_recipe_changes_its_file_only_when_that_is_named(fixtures: Path, make: Run) -> None:
    """So that a slip in what all recipes share cannot quietly make the corpus another one."""
    before = state(fixtures)
    edit(fixtures / "entry_cases.py", 'type="X509"', 'type="X.508"')
    done = make()
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("corpus/type-x509.jks: its recipe makes other bytes")
    assert state(fixtures) == before
    done = make("type-x509.jks")
    assert (done.returncode, done.stdout.splitlines()[:-1]) == (0, ["changed: corpus/type-x509.jks (sha256)"])
    assert touched(before, state(fixtures)) == {"corpus/type-x509.jks", MANIFEST}


def test_what_does_not_fit_stops_the_recipe(fixtures: Path, make: Run) -> None:
    """A file of keytool's that somebody changed, files that no recipe names, a name that is none: all told at once."""
    with (fixtures / "corpus" / "chain.jks").open("ab") as file:
        file.write(b"\n")
    (fixtures / "corpus" / "stray.jks").touch()
    (fixtures / "kept" / "stray.key").touch()
    (fixtures / "store_cases.py").open("a", encoding="utf-8").write(ADDED)
    before = state(fixtures)
    done = make("no-such.jks")
    assert done.returncode == 1
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()[:-1]] == [
        "no-such.jks",
        "corpus/stray.jks",
        "kept/stray.key",
        "corpus/chain.jks",
    ]
    assert state(fixtures) == before


def test_a_file_that_needs_a_tool_says_so_and_nothing_is_written(fixtures: Path, make: Run) -> None:
    (fixtures / "corpus" / "order.jks").unlink()
    (fixtures / "corpus" / "signed.p7b").unlink()
    before = state(fixtures)
    done = make()
    assert (done.returncode, done.stderr) == (1, "openssl is needed, and is not on the PATH.\n")
    assert state(fixtures) == before


def test_every_kept_key_says_that_it_is_worthless() -> None:
    kept = [
        file.read_text("ascii") for file in (FIXTURES / "kept").iterdir() if "PRIVATE KEY" in file.read_text("ascii")
    ]
    assert kept
    assert all(text.startswith("A worthless key") for text in kept)
