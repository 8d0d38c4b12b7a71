"""From audit to done: the advice for an app that nobody is mailed about is one command, and the audit after it says so."""

from collections.abc import Callable
from pathlib import Path

import pytest
from carried_out import NEW, Person, brings, line, org, person, world
from conftest import Result, tree
from fake_org import FakeOrg
from filled_org import add_connected_app, add_external_client_app, make
from oracle_java import bouncy_castle
from test_ckm_import import World
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.pipeline import run_command
from sfkeytool.shell import command_words

Cli = Callable[..., Result]
__all__ = ["NEW", "brings", "org", "person", "world"]


@pytest.fixture
def uncovered(org: FakeOrg, folder: Path, cli: Cli) -> FakeOrg:
    """The org's CKM is empty; pay/ has the keystore of the app's certificate, as it was made."""
    org.contents.delete_certificate("pay")
    org.contents.rows["Certificate"].clear()
    (folder / "pay" / "pay.crt").unlink()
    assert cli("self-signed", "pay", "--password", "generate", "--days", 90).code == 0
    body = "".join((folder / "pay" / "pay.crt").read_text().splitlines()[1:-1])
    del org.contents.components["ConnectedApp"]["Pay"]
    add_connected_app(org, "Pay", body)
    return org


def advised(cli: Cli, name: str, *paths: str) -> list[str]:
    """The one command of the advice, as it is printed."""
    told = cli("audit", *paths, "-o", "uat").out
    [command] = {row.strip() for row in told.splitlines() if f":{name} " in row and row.startswith("    sfkeytool ")}
    return command_words(command)


def coverage(cli: Cli, name: str) -> str:
    items = cli("audit", "-o", "uat", "--json").json["result"]["items"]
    [found] = [item["coverage"] for item in items if item["name"] == name and item["kind"].endswith("app")]
    return str(found)


class Imports(Person):
    def __call__(self) -> None:
        found = (*self.folder.glob("*/*.jks"), *self.folder.glob("*/*.bcfks"))
        keystores = [path for path in found if path.stem == self.wanted]
        self.visitor.go(self.visitor.front_door(f"{self.page}"))
        [keystore] = keystores
        self.visitor.save(keystore.read_bytes(), keystore.with_name(f"{keystore.name}.password").read_text().strip())

    wanted = "pay"
    page = "/_ui/security/certificate/KeyStoreImportUi/e?retURL=%2Fsetup%2FforcecomHomepage.apexp"


@pytest.mark.slow
def test_the_advice_for_an_uncovered_app_ends_in_covered(
    cli: Cli, uncovered: FakeOrg, folder: Path, world: World
) -> None:
    """Run as it is printed: the keystore of the folder goes into CKM; the app is not touched; again, nothing is done."""
    assert coverage(cli, "Pay") == "uncovered"
    words = advised(cli, "Pay", "pay")
    assert words[:4] == ["sfkeytool", "ckm", "cover", "ConnectedApp:Pay"]
    world.at(30, Imports(uncovered, folder))
    done = cli(*words[1:], "--json")
    assert done.code == 0, done
    result = done.json["result"]
    assert (result["coverage"], result["made"], result["keystore"]) == ("covered", True, str(Path("pay/pay.jks")))
    assert coverage(cli, "Pay") == "covered"
    assert not uncovered.metadata.done
    again = cli(*words[1:], "--json").json["result"]
    assert (again["coverage"], again["made"]) == ("covered", False)


@pytest.mark.slow
def test_where_the_key_is_not_at_hand_it_ends_in_reminder(
    cli: Cli, uncovered: FakeOrg, folder: Path, world: World
) -> None:
    """A reminder of what the app carries, made now: its key is nowhere but in its keystore."""
    add_external_client_app(uncovered, "Shop", make("shop", 300, 2).line)
    words = advised(cli, "Shop")
    imports = Imports(uncovered, folder)
    imports.wanted = "shop_expiry_only"
    world.at(30, imports)
    done = cli(*words[1:])
    assert done.code == 0, done
    assert "Shop: reminder now" in done.out
    assert coverage(cli, "Shop") == "reminder"
    assert not list(folder.glob("shop*/*.key"))


@pytest.mark.slow
def test_what_covers_nothing_is_told(cli: Cli, uncovered: FakeOrg, folder: Path, world: World) -> None:
    """Nothing arrives; the app carries nothing; a folder of another pair; a person says No. CKM stays as it is."""
    add_connected_app(uncovered, "Plain", None)
    assert cli("ckm", "cover", "Plain", "-o", "uat", "--json").json["code"] == "ckm.nothing-to-cover"
    late = cli("ckm", "cover", "Pay", "-o", "uat", "--wait", 1, "--json")
    assert (late.code, late.json["code"]) == (1, "ckm.not-imported")

    def bring_and_hide() -> None:
        made = (folder / "pay" / "pay.crt").read_text()
        uncovered.contents.add_certificate("pay", made, None)
        uncovered.contents.denied_names.add("ConnectedApp:Pay")

    world.at(world.now + 5, bring_and_hide)
    assert cli("ckm", "cover", "Pay", "-o", "uat", "--json").json["code"] == "ckm.not-covered"
    uncovered.contents.denied_names.clear()
    uncovered.contents.delete_certificate("pay")
    uncovered.contents.rows["Certificate"].clear()
    (folder / "other").mkdir()
    wrong = cli("ckm", "cover", "Pay", "-o", "uat", "-d", "other", "--json")
    assert wrong.json["code"] == "usage.folder"
    assert cli("ckm", "cover", "Pay", "-o", "uat", "--wait", 0, "--json").json["code"] == "usage.wait"
    before = tree(folder / "pay")
    values = {"app": "Pay", "target_org": "uat"}
    asker = ScriptedAsker(False)
    assert run_command("ckm cover", COMMANDS["ckm cover"], values, asker=asker) == 1  # type: ignore[arg-type]
    (folder / "pay" / "pay.jks").unlink()
    shown = cli("ckm", "cover", "Pay", "-o", "uat", "--dry-run", "--json")
    assert "ckm.no-keystore" in [notice["code"] for notice in shown.json["notices"]]
    assert (shown.json["result"]["coverage"], shown.json["result"]["made"]) == ("uncovered", False)
    assert "a reminder of it" in cli("ckm", "cover", "Pay", "-o", "uat", "--dry-run").out
    assert {name for name in before if name != "pay.jks"} <= tree(folder / "pay").keys()
    assert not uncovered.contents.components["Certificate"]


@pytest.mark.slow
def test_a_reminder_in_place_of_the_import(cli: Cli, org: FakeOrg, folder: Path, world: World) -> None:
    """renew --carry-out --reminder: the key of the integration never enters the org."""
    imports = Imports(org, folder)
    imports.wanted = f"{NEW}_expiry_only"
    world.at(30, imports)
    done = cli(*line(org, "renew", "--reminder", "--wait", 1), "--json")
    assert done.code == 0, done
    assert coverage(cli, "Pay") == "reminder"
    [name] = [name for name in org.contents.components["Certificate"] if name != "pay"]
    assert name == f"{NEW}_expiry_only"


@pytest.mark.slow
def test_a_reminder_as_bcfks_is_gone_on_with(cli: Cli, org: FakeOrg, folder: Path, world: World) -> None:
    """--format holds for the whole change, which goes on with it unasked; what a BCFKS holds its password tells."""
    bouncy_castle()
    org.setup.rules.takes_bcfks = True
    wanted = (*line(org, "renew", "--reminder", "--wait", 1), "--format", "bcfks")
    stopped = cli(*wanted, "--json")
    assert stopped.json["code"] == "ckm.not-imported"
    assert any("--format bcfks" in hint for hint in stopped.json["actions"] if "goes on with" in hint)
    other = cli(*line(org, "renew"), "--format", "jks", "--json")
    assert (other.code, other.json["code"]) == (2, "usage.carry-out")
    assert "--format bcfks" in other.json["actions"][0]
    assert "--format bcfks" in cli("renew", "pay", "--status").err
    imports = Imports(org, folder)
    imports.wanted = f"{NEW}_expiry_only"
    world.at(world.now + 30, imports)
    done = cli(*line(org, "renew", "--wait", 1), "--json")
    assert done.code == 0, done
    change = done.json["result"]["change"]
    assert change["keystoreFormat"] == "bcfks"
    names = [path.name for path in folder.glob(f"{NEW}*/*") if "jks" in path.name or "bcfks" in path.name]
    assert {name.partition(".")[2] for name in names} == {"bcfks", "bcfks.password"}
    [left] = [fact["value"] for step in change["steps"] for fact in step["facts"] if fact["what"] == "the keystore"]
    assert f"{NEW}_expiry_only.bcfks.password" in left
    assert "JKS" not in left
    assert [name for name in org.contents.components["Certificate"] if name != "pay"] == [f"{NEW}_expiry_only"]
