"""``renew`` and ``rotate --carry-out`` against the fake org: each step proved, and gone on with after anything.

The person at the import page, the clients and the hours are simulated; the org judges all with means of its own.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, tree
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fake_org import FakeOrg
from filled_org import CONSUMER_KEY, CONSUMER_SECRET, add_connected_app, add_external_client_app, key_pem, make
from stand_in_cli import in_front, install_stand_in, sf_calls
from test_ckm_import import World
from test_fake_deployments import log_in
from test_fake_setup import ASKED, Visitor
from test_guided import COMMANDS, ScriptedAsker

from sfkeytool.cli.run import run_command

Cli = Callable[..., Result]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line")
USER = "bot@example.com"
NEW = f"pay_{datetime.now(UTC):%Y%m}"
SECOND_KEY = "3MVG9worthless.second_app_that_nobody_may_see"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Simulated time."""
    world = World()
    monkeypatch.setattr(time, "sleep", world.sleep)
    monkeypatch.setattr(time, "monotonic", world.monotonic)
    return world


@pytest.fixture
def org(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrg]:
    """A sandbox in which an import works; the app Pay carries pay.crt, and the user logs in with its key 1."""
    with FakeOrg(tls=False) as org:
        org.contents.rows["Organization"][0]["IsSandbox"] = True
        org.contents.add(
            "IdentityProviderSettings",
            "IdentityProvider",
            [("fullName", "IdentityProvider"), ("certificateName", "idp"), ("enableIdentityProvider", "true")],
        )
        old = make("pay", 30, 1)
        for name, content in (("pay.key", key_pem(1)), ("pay.crt", old.pem.encode())):
            (folder / "pay").mkdir(mode=0o700, exist_ok=True)
            (folder / "pay" / name).write_bytes(content)
            (folder / "pay" / name).chmod(0o600)
        org.add_user(USER)
        org.add_app(CONSUMER_KEY, old.pem, approved_users=[USER], label="Pay")
        add_connected_app(org, "Pay", old.line)
        org.contents.add_certificate("pay", old.pem, old.expires)
        monkeypatch.setenv("PATH", in_front(install_stand_in(org, folder)))
        (folder / "state").mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        yield org


class Person:
    """Who sits at the import page, and imports the keystore that lies beside ``pay``."""

    def __init__(self, org: FakeOrg, folder: Path) -> None:
        self.folder = folder
        self.visitor = Visitor(org)
        self.imports = 0

    def __call__(self) -> None:
        [keystore] = [path for path in self.folder.glob("pay_*/*.jks") if path.parent.name.startswith("pay_")]
        self.visitor.go(self.visitor.front_door(ASKED))
        self.visitor.save(keystore.read_bytes(), keystore.with_name(f"{keystore.name}.password").read_text().strip())
        self.imports += 1


@pytest.fixture
def person(org: FakeOrg, folder: Path) -> Person:
    return Person(org, folder)


def line(org: FakeOrg, command: str = "renew", *more: object) -> list[object]:
    login = ["--client-id", CONSUMER_KEY, "--username", USER, "--instance-url", org.url]
    return [command, "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--yes", *login, *more]


def carried(org: FakeOrg) -> str:
    """SHA-256 of the certificate that logins at the app are verified with."""
    app = org.apps[CONSUMER_KEY]
    pem = app.coming[1] if app.coming else app.certificate_pem
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex(":").upper()


def states(result: Result) -> dict[str, str]:
    return {step["id"]: step["state"] for step in result.json["result"]["change"]["steps"]}


def deployments(org: FakeOrg) -> list[bool]:
    """Whether each was a dry run."""
    return [is_dry for is_dry, _ in org.metadata.done]


def in_ckm(org: FakeOrg) -> list[str]:
    return list(org.contents.components["Certificate"])


def test_a_renewal_carried_out_without_one_refused_login(
    cli: Cli, org: FakeOrg, person: Person, world: World, folder: Path
) -> None:
    """Made, imported, on the app, logged in all the while, covered: a client that logs in whenever time passes is
    never refused, though the change takes some logins to spread."""
    org.metadata.delay_requests = 7
    refused: list[str] = []
    pause = world.sleep

    def client_logs_in(seconds: float) -> None:
        if seconds >= 0.25 and (answer := log_in(org, 1)) != "Success":
            refused.append(answer)
        pause(seconds)

    time.sleep = client_logs_in
    world.at(30, person)
    before = tree(folder / "pay")
    done = cli(*line(org), "--json")
    assert done.code == 0, done
    assert set(states(done).values()) == {"proved"}
    assert list(states(done)) == ["make", "import", "baseline", "app", "login", "audit", "finish"]
    assert refused == []
    assert in_ckm(org) == ["pay", NEW]
    change = done.json["result"]["change"]
    assert carried(org) == change["after"]["certificateSha256"]
    assert change["after"]["publicKeySha256"] == change["before"]["publicKeySha256"]
    assert deployments(org) == [True, True, False]
    assert {name: content for name, content in tree(folder / "pay").items() if name in before} == before
    facts = {fact["what"]: fact["value"] for step in change["steps"] for fact in step["facts"]}
    assert facts["logins with the key"] == "31 accepted, 0 refused"
    assert facts["Pay is"] == "covered"
    assert "delete it in Setup" in facts["the entry pay in CKM"]
    audited = cli("audit", "-o", "uat", "--json").json["result"]["items"]
    assert [item["coverage"] for item in audited if item["kind"] == "connected-app"] == ["covered"]


def test_the_evidence_is_for_change_management(
    cli: Cli, org: FakeOrg, person: Person, world: World, folder: Path
) -> None:
    """Who, when, which org and app, each step's proof and way back, fingerprints before and after; no secret."""
    world.at(30, person)
    done = cli(*line(org))
    assert done.code == 0, done
    evidence = (folder / "pay" / f"{NEW}-evidence.md").read_text()
    record = json.loads((folder / "pay" / f"{NEW}-carry-out.json").read_text())
    for said in (
        record["by"], org.org_id, "a sandbox", "Pay", USER, record["before"]["certificateSha256"],
        record["after"]["certificateSha256"], record["after"]["publicKeySha256"], "covered", "## Steps", "Way back",
    ):  # fmt: skip
        assert said.replace("_", "\\_") in evidence or said in evidence, said
    assert record["endedAt"] >= record["begunAt"]
    password = (folder / NEW / f"{NEW}.jks.password").read_text().strip()
    told = evidence + json.dumps(record) + done.out + done.err + (folder / "sf.log").read_text()
    for secret in (password, *org.tokens, CONSUMER_SECRET, "PRIVATE KEY"):
        assert secret not in told
    assert CONSUMER_KEY not in evidence + json.dumps(record)
