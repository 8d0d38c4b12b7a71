"""``--if-within`` and ``--if-missing``: what a scheduler calls every day, and what it learns from the exit code."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from conftest import Pair, Result, tree
from dated_certificates import dated, pem

Cli = Callable[..., Result]
KEY = Path(__file__).parent.parent / "fixtures" / "keystores" / "first.key"
"""That of dated()."""
PW = ("--password", "env:TEST_PASSWORD")
NEW = f"pay_{datetime.now(UTC):%Y%m}"


def test_a_renewal_that_is_not_due_is_no_failure(cli: Cli, folder: Path) -> None:
    """Exit 0, "due": false, nothing written and no password read; within the days it is made, and said to be due."""
    assert cli("self-signed", "pay", *PW, "--days", 100).code == 0
    before = tree(folder)
    quiet = cli("renew", "pay", "--if-within", 30, "--password", "env:NOT_SET", "--json")
    assert quiet.code == 0, quiet
    told = quiet.json["result"]
    assert (told["due"], told["latest"], told["daysLeft"], told["withinDays"]) == (False, "pay", 100, 30)
    assert "Not due: pay is valid until" in cli("renew", "pay", "--if-within", 99, *PW).out
    assert tree(folder) == before
    made = cli("renew", "pay", "--if-within", 100, *PW, "--json")
    assert (made.code, made.json["result"]["due"], made.json["result"]["name"]) == (0, True, NEW)
    assert "due" not in cli("renew", "pay", *PW, "--as", "other", "--json").json["result"]


def test_called_every_day_it_makes_one_generation_and_then_its_follower(cli: Cli, folder: Path) -> None:
    """The latest generation is judged, and followed when it is due itself: the scheduler's line stays as it is."""
    assert cli("self-signed", "pay", *PW, "--days", 10).code == 0
    daily = ("renew", "pay", "--if-within", 30, *PW, "--json")
    assert cli(*daily, "--days", 20).json["result"]["name"] == NEW
    third = cli(*daily, "--days", 400).json["result"]
    assert (third["name"], third["follows"]["name"]) == (f"{NEW}b", NEW)
    assert third["follows"]["sameKey"] is True
    fourth = cli(*daily).json["result"]
    assert (fourth["due"], fourth["latest"], fourth["name"]) == (False, f"{NEW}b", "pay")


def test_a_generation_that_waits_for_its_ca_is_not_made_anew(cli: Cli, folder: Path) -> None:
    """Else there would be a request a day."""
    assert cli("self-signed", "pay", *PW, "--days", 10).code == 0
    daily = ("renew", "pay", "--csr", "--if-within", 30, "--json")
    assert "request" in cli(*daily).json["result"]
    told = cli(*daily).json["result"]
    assert (told["due"], told["latest"], told["notAfter"]) == (False, NEW, None)
    assert "waits for the CA's answer" in cli(*daily[:-1]).out


def test_nothing_is_decided_of_what_cannot_be_read(cli: Cli, folder: Path) -> None:
    """Not due is only what a certificate proves."""
    assert cli("self-signed", "pay", *PW).code == 0
    (folder / "pay" / "pay.crt").write_text("nothing")
    result = cli("renew", "pay", "--if-within", 30, *PW, "--json")
    assert (result.code, result.json["code"]) == (1, "certificate.none")
    assert cli("renew", "pay", "--if-within", -1, *PW, "--json").json["code"] == "usage.within"
    assert cli("renew", "none", "--if-within", 1, *PW, "--json").json["code"] == "renew.no-folder"


def test_a_pair_that_is_there_and_fine(cli: Cli, folder: Path) -> None:
    """Exit 0 and "made": false, also where the keystore was deleted as it should be; nothing is touched."""
    first = cli("self-signed", "pay", *PW, "--if-missing", "--json")
    assert (first.code, "made" in first.json["result"]) == (0, False)
    (folder / "pay" / "pay.jks").unlink()
    before = tree(folder)
    again = cli("self-signed", "pay", "--password", "env:NOT_SET", "--if-missing", "--json")
    assert (again.code, again.json["result"]["made"]) == (0, False)
    assert again.json["result"]["certificate"]["sha256"] == first.json["result"]["certificate"]["sha256"]
    assert "nothing was made" in cli("self-signed", "pay", *PW, "--if-missing").out
    assert cli("self-signed", "pay", *PW, "--json").json["code"] == "output.exists"
    assert cli("self-signed", "pay", *PW, "--if-missing", "--force", "--json").json["code"] == "usage.if-missing"
    assert tree(folder) == before


def test_a_pair_that_is_there_and_not_fine(cli: Cli, folder: Path, pair: Pair, other_pair: Pair) -> None:
    """Each is an error with a code of its own, and nothing is replaced."""
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.key").write_bytes(pair.key.read_bytes())
    (folder / "pay" / "pay.crt").write_bytes(other_pair.crt.read_bytes())
    ask = ("self-signed", "pay", *PW, "--if-missing", "--json")
    assert cli(*ask).json["code"] == "key.no-match"
    key = KEY.read_bytes()
    (folder / "pay" / "pay.key").write_bytes(key)
    (folder / "pay" / "pay.crt").write_text(pem(dated("pay", "20200101000000Z", "20210101000000Z")))
    expired = cli(*ask)
    assert (expired.code, expired.json["code"]) == (1, "pair.not-valid")
    (folder / "pay" / "pay.key").unlink()
    assert cli(*ask).json["code"] == "key.none"
    (folder / "pay" / "pay.key").write_bytes(key)
    (folder / "pay" / "pay.crt").unlink()
    assert cli(*ask).json["result"]["key"]["source"] == "existing"


def test_a_request_that_is_there(cli: Cli, folder: Path, pair: Pair) -> None:
    """csr the same: its request belongs to the key, or it is an error."""
    assert cli("csr", "pay", "--if-missing").code == 0
    before = tree(folder)
    again = cli("csr", "pay", "--if-missing", "--json")
    assert (again.code, again.json["result"]["made"]) == (0, False)
    assert tree(folder) == before
    (folder / "pay" / "pay.key").write_bytes(pair.key.read_bytes())
    assert cli("csr", "pay", "--if-missing", "--json").json["code"] == "key.no-match"
