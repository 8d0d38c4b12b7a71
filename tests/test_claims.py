"""What lies in a folder is a claim: other programs' files, forged receipts, folders of any name."""

import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Pair, Result, tree
from fake_org import FakeOrg
from test_login import CLIENT_ID, USER

from sfkeytool.workflows.generations import read_generation

Cli = Callable[..., Result]
PW = ("--password", "env:TEST_PASSWORD")
PACKAGE = '{\n  "name": "package",\n  "version": "1.0.0"\n}\n'


@pytest.mark.parametrize(
    "command",
    ["self-signed package", "csr package", "wrap package pair.key pair.crt", "reminder package pair.crt"],
)
def test_no_command_takes_a_package_json_for_its_receipt(command: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """In the folder of another program: nothing is made there, with ``--force`` neither."""
    shutil.copy(pair.key, folder)
    shutil.copy(pair.crt, folder)
    (folder / "package.json").write_text(PACKAGE)
    before = tree(folder)
    password = () if command.startswith("csr") else PW
    for force in ((), ("--force",)):
        result = cli(*command.split(), *password, "-d", ".", *force, "--json")
        assert (result.code, result.json["code"]) == (1, "output.not-a-receipt"), result
        assert tree(folder) == before


def test_a_login_beside_somebody_elses_json_is_a_login(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """A key of another service has the name of the receipt: it stays as it is, and the answer is the same."""
    assert cli("self-signed", "pay", *PW).code == 0
    org.add_user(USER)
    org.add_app(CLIENT_ID, Path("pay/pay.crt").read_text(), approved_users=[USER])
    Path("pay/pay.json").write_text('{"type": "service_account"}')
    before = tree(folder)
    result = cli("login", "pay", "-i", CLIENT_ID, "-u", USER, "-r", org.url, "--json")
    assert result.code == 0, result
    assert [notice["code"] for notice in result.json["notices"]] == ["login.not-noted"]
    assert tree(folder) == before


# Generations

MONTH = f"{datetime.now(UTC):%Y%m}"
NEW = f"pay_{MONTH}"


def forge(folder: Path, name: str, like: Path, **record: object) -> None:
    """A folder that looks like a generation of pay, with this in its receipt."""
    (folder / name).mkdir()
    shutil.copy(like, folder / name / f"{name}.crt")
    claims = {"at": "2020-01-01T00:00:00Z", "follows": {"name": "pay", "notAfter": "2030-01-01T00:00:00Z"}}
    (folder / name / f"{name}.json").write_text(json.dumps({"format": 1, "records": [claims | record]}))


@pytest.fixture
def renewed(cli: Cli, folder: Path) -> Cli:
    """The command, where pay has been renewed."""
    assert cli("self-signed", "pay", *PW).code == 0
    assert cli("renew", "pay", *PW).code == 0
    return cli


NAMES = ["pay x", "$(id)", "Pay_X", "pay__x", "-x", "p" * 41]
if sys.platform != "win32":
    NAMES += ["pay;id", "con", "pay_x\n", "::error::x"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_a_folder_that_no_certificate_can_be_called_is_no_generation(name: str, renewed: Cli, folder: Path) -> None:
    """Whatever its receipt says, it is neither shown nor named, and nothing of it stands in a command."""
    forge(folder, name, folder / "pay" / "pay.crt", at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    status = renewed("renew", "pay", "--status", "--json")
    assert status.json["result"]["name"] == NEW
    assert status.json["notices"] == []
    assert renewed("renew", "pay", "--as", name, "--status", "--json").code in (1, 2)
    again = renewed("renew", "pay", "--as", "pay_third", *PW)
    assert again.code == 0, again
    assert f"followed by {NEW} already" in again.err
    audited = renewed("audit", ".", "--within", 2000, "--json")
    commands = [line for line in audited.out.splitlines() if '"sfkeytool ' in line]
    assert not [line for line in commands if json.dumps(f"renew {name}")[1:-1] in line]


@pytest.mark.parametrize(
    "claim",
    [{"at": "9999-12-31T23:59:59Z"}, {"at": "2099-01-01T00:00:00Z"}, {"at": None}, {"at": "soon"}, {"at": "2020-01-01T00:00:00Z"}],
    ids=["last", "future", "none", "word", "past"],
)  # fmt: skip
def test_a_forged_receipt_does_not_hide_the_true_generation(
    claim: dict[str, object], renewed: Cli, folder: Path
) -> None:
    """With no date or one to come it is put behind; that it claims the same is told. A note goes to the true one."""
    forge(folder, "pay_x", folder / "pay" / "pay.crt", **claim)
    status = renewed("renew", "pay", "--status", "--json")
    assert (status.code, status.json["result"]["name"]) == (0, NEW), status
    assert [notice["code"] for notice in status.json["notices"]] == ["renew.several"]
    before = tree(folder / "pay_x")
    assert renewed("renew", "pay", "--done", "import", "--json").json["result"]["name"] == NEW
    assert tree(folder / "pay_x") == before


def test_the_latest_of_those_that_claim_it_is_shown_and_the_others_are_named(renewed: Cli, folder: Path) -> None:
    """Nobody can tell a well forged one from a true one; it cannot make the true one vanish."""
    forge(
        folder, "pay_x", folder / "pay" / "pay.crt", at=f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    )
    status = renewed("renew", "pay", "--status", "--json").json
    assert NEW in status["notices"][0]["message"]
    assert renewed("renew", "pay", "--status", "--as", NEW, "--json").json["result"]["name"] == NEW


def test_a_generation_whose_predecessor_has_a_false_date_is_found(renewed: Cli, folder: Path) -> None:
    """The line is followed by names; dates only say which of several is the latest."""
    assert renewed("renew", NEW, "--as", "pay_third", *PW).code == 0
    path = folder / NEW / f"{NEW}.json"
    receipt = json.loads(path.read_text())
    receipt["records"][0]["at"] = "2099-01-01T00:00:00Z"
    path.write_text(json.dumps(receipt))
    status = renewed("renew", "pay", "--status", "--json").json
    assert (status["result"]["name"], status["notices"]) == ("pay_third", [])


def test_a_record_that_makes_no_sense_hides_no_earlier_one(renewed: Cli, folder: Path) -> None:
    """Of a login, a step that was called done, and a certificate."""
    assert renewed("renew", "pay", "--done", "import").code == 0
    path = folder / NEW / f"{NEW}.json"
    receipt = json.loads(path.read_text())
    login = {"at": "2026-11-24T12:00:00Z", "command": "login"}
    receipt["records"] += [login, login | {"at": "soon"}, {"at": "soon", "stepDone": "import"}, {"certificate": "?"}]
    path.write_text(json.dumps(receipt))
    generation = read_generation(NEW, receipt["records"])
    assert generation.login_at == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert generation.certificate is not None
    assert list(generation.done) == ["import"]
    status = renewed("renew", "pay", "--status", "--json").json["result"]
    assert [step["state"] for step in status["steps"] if step["id"] == "import"] == ["done"]


def test_a_receipt_alone_is_no_generation(renewed: Cli, folder: Path) -> None:
    """What it speaks of must be there: a certificate, or the request for one."""
    forge(folder, "pay_x", folder / "pay" / "pay.crt", at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    (folder / "pay_x" / "pay_x.crt").unlink()
    assert renewed("renew", "pay", "--status", "--json").json["notices"] == []


def test_certificates_are_believed_before_receipts(renewed: Cli, folder: Path) -> None:
    """When the old one expires, and whether the key is the same, the files themselves tell."""
    true = renewed("renew", "pay", "--status", "--json").json["result"]
    path = folder / NEW / f"{NEW}.json"
    receipt = json.loads(path.read_text())
    receipt["records"][0]["follows"] |= {"notAfter": "2090-01-01T00:00:00Z", "sameKey": False}
    path.write_text(json.dumps(receipt))
    assert renewed("renew", "pay", "--status", "--json").json["result"] == true


@pytest.mark.parametrize("content", [PACKAGE, "{", ""])
def test_somebody_elses_json_in_a_folder_beside_stops_nothing(content: str, renewed: Cli, folder: Path) -> None:
    """Nor does a damaged one: renew, status and audit go on."""
    forge(folder, "pay_x", folder / "pay" / "pay.crt")
    shutil.copy(folder / "pay" / "pay.key", folder / "pay_x" / "pay_x.key")
    (folder / "pay_x" / "pay_x.json").write_text(content)
    before = tree(folder / "pay_x")
    assert renewed("renew", "pay", "--status", "--json").json["result"]["name"] == NEW
    assert renewed("renew", "pay", "--as", "pay_third", *PW).code == 0
    assert renewed("audit", ".", "--json").code in (0, 5)
    assert tree(folder / "pay_x") == before


def test_a_place_that_is_none_is_named(renewed: Cli, folder: Path) -> None:
    """Where generations would lie there is nothing, or a file."""
    (folder / "file").touch()
    for place in ("missing/pay", "file/pay"):
        for flags in (("--status",), ("--done", "swap"), PW):
            result = renewed("renew", "pay", *flags, "-d", place, "--json")
            assert (result.code, result.json["code"]) == (1, "renew.no-folder"), result
