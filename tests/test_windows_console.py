"""The guided menu in a console of Windows, by keys that are typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import openssl
from windows_console import Console

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="a console of Windows")

ENTER = "\r"


def test_a_pair_is_made_by_typing(folder: Path) -> None:
    """From the bare command to the pair; the key and its certificate belong together."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with Console([sys.executable, "-m", "sfkeytool"], folder, environ) as console:
        for said, keys in (
            ("What do you want to do?", ENTER),
            ("How is it to be made?", ENTER),
            ("Name of the certificate (letters", f"pay{ENTER}"),
            ("What is it for?", ENTER),
            ("Size of the key:", ENTER),
            ("Organization (O)", ENTER),
            ("Country", ENTER),
            ("For how many days", ENTER),
            ("Make a strong one", ENTER),
            ("Go on?", ENTER),
        ):
            console.sees(said)
            console.types(keys)
        assert console.ended() == 0
    assert "sfkeytool self-signed pay" in console.screen.text()
    key = openssl("pkey", "-in", Path("pay/pay.key"), "-pubout")
    assert openssl("x509", "-in", Path("pay/pay.crt"), "-noout", "-pubkey") == key


def test_nobody_is_asked_at_the_null_device(folder: Path) -> None:
    """It says that it is a terminal."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with open(os.devnull, "r+") as null:
        assert null.isatty()
        words = [sys.executable, "-m", "sfkeytool"]
        assert (
            subprocess.run(words, cwd=folder, env=environ, stdin=null, stdout=null, stderr=null, check=False).returncode
            == 2
        )
