"""What lies in a folder is a claim: other programs' files, forged receipts, folders of any name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result, tree
from fake_org import FakeOrg
from test_login import CLIENT_ID, USER

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
