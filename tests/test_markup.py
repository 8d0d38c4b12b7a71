"""Names with brackets are text on a terminal too, where rich would take them for its markup."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import PASSWORD, Pair, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from sfkeytool.cli.render import Console
from sfkeytool.cli.run import Run

NAME = "[/b][red]pay[link=x]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_said_meanwhile_may_hold_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A username, an alias: at first, and where it changes."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    run = Run(Console(), None, {}, datetime.now(UTC))
    with run.progress(f"logging in to {NAME}\x1b[2J …") as tell:
        tell(f"reading {NAME}")
    assert NAME in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


def test_the_table_of_an_audit_shows_any_name(
    cli: Callable[..., Result], folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alias in every column that it gets into."""
    key = load_pem_private_key(pair.key.read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(pair.crt.read_bytes())
    encryption = BestAvailableEncryption(PASSWORD.encode())
    data = serialize_key_and_certificates(NAME.encode(), key, certificate, None, encryption)  # type: ignore[arg-type]
    (folder / f"{NAME.replace('/', '')}.p12").write_bytes(data)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "300")
    done = cli("audit", ".", "--password", "env:TEST_PASSWORD")
    assert done.code in (0, 5), done
    assert NAME in done.out
