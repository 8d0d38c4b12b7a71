"""Patterns that no shell replaced, as on Windows."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result

from sfkeytool.edge.patterns import matching

Cli = Callable[..., Result]


def test_a_pattern_becomes_what_it_matches(folder: Path) -> None:
    """In order; a bracket is no mark; one that matches nothing stays, and what is hidden stays out."""
    for name in ("b.pem", "a.pem", "c[1].pem", "c1.pem", ".d.pem", "keys/x.pem"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    names = ["*.pem", "keys/?.pem", "c[1].*", "none*", "b.pem", "nowhere.pem"]
    assert matching(Path(name) for name in names) == [
        *map(Path, ("a.pem", "b.pem", "c1.pem", "c[1].pem")),
        Path("keys/x.pem"),
        Path("c[1].pem"),
        *map(Path, ("none*", "b.pem", "nowhere.pem")),
    ]


@pytest.mark.skipif(sys.platform != "win32", reason="a shell of POSIX replaces patterns, and a name may hold them")
def test_a_command_takes_patterns(cli: Cli, folder: Path, pair: Pair) -> None:
    for name in ("shop.crt", "shop_1.crt", "other.crt"):
        (folder / name).write_bytes(pair.crt.read_bytes())
    assert "other" not in cli("audit", "shop*").out
    assert cli("show", "shop?1.*").code == 0
    assert "none*" in cli("show", "none*").err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_elsewhere_a_star_is_a_letter(cli: Cli, folder: Path, pair: Pair) -> None:
    (folder / "a*.crt").write_bytes(pair.crt.read_bytes())
    (folder / "ab.crt").write_text("no certificate")
    assert cli("show", "a*.crt").code == 0
