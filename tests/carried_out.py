"""What the tests of ``--carry-out`` share: a sandbox with an app, people and clients of whom each does one thing."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
import requests
from conftest import Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fake_org import FakeOrg
from filled_org import CONSUMER_KEY, add_connected_app, key_pem, make
from stand_in_cli import in_front, install_stand_in
from test_ckm_import import World
from test_fake_setup import ASKED, Visitor

Cli = Callable[..., Result]
USER = "bot@example.com"
NEW = f"pay_{datetime.now(UTC):%Y%m}"


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
        (folder / "pay").mkdir(mode=0o700)
        for name, content in (("pay.key", key_pem(1)), ("pay.crt", old.pem.encode())):
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

    def __call__(self) -> None:
        [keystore] = [*self.folder.glob("pay_*/*.jks"), *self.folder.glob("pay_*/*.bcfks")]
        self.visitor.go(self.visitor.front_door(ASKED))
        self.visitor.save(keystore.read_bytes(), keystore.with_name(f"{keystore.name}.password").read_text().strip())


@pytest.fixture
def person(org: FakeOrg, folder: Path) -> Person:
    return Person(org, folder)


@pytest.fixture
def brings(org: FakeOrg, folder: Path) -> Callable[[], None]:
    """The same without the page, and in no time: the new certificate is in CKM."""

    def bring() -> None:
        [certificate] = [path for path in folder.glob("pay_*/pay_*.crt") if "chain" not in path.name]
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        expires = f"{loaded.not_valid_after_utc:%Y-%m-%dT%H:%M:%S.000+0000}"
        org.contents.add_certificate(certificate.stem, certificate.read_text(), expires)

    return bring


class Client:
    """A client of the integration, with the key that it has; a login of it is some seconds later than all before."""

    def __init__(self, org: FakeOrg, key: bytes, consumer_key: str = CONSUMER_KEY) -> None:
        self.org = org
        self.key = key
        self.consumer_key = consumer_key
        self.answers: list[str] = []

    def logs_in(self) -> None:
        claims = {"iss": self.consumer_key, "sub": USER, "aud": self.org.url, "exp": int(time.time()) + 180}
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        form = {"grant_type": grant, "assertion": jwt.encode(claims, self.key, algorithm="RS256")}
        clock = self.org.clock
        self.org.clock = lambda: time.time() + 5 + len(self.answers)
        answer = requests.post(f"{self.org.url}/services/oauth2/token", form, timeout=10).json()
        self.org.clock = clock
        self.answers.append(str(answer.get("error_description", "Success")))


def line(org: FakeOrg, command: str = "renew", *more: object, client_id: str = CONSUMER_KEY) -> list[object]:
    login = ["--client-id", client_id, "--username", USER, "--instance-url", org.url]
    return [command, "pay", "--carry-out", "-o", "uat", "--app", "Pay", "--yes", *login, *more]


def carried(org: FakeOrg, consumer_key: str = CONSUMER_KEY) -> str:
    """SHA-256 of the certificate that logins at the app are verified with, or will be."""
    app = org.apps[consumer_key]
    pem = app.coming[1] if app.coming else app.certificate_pem
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex(":").upper()


def states(change: dict[str, object]) -> dict[str, str]:
    steps = change["steps"]
    assert isinstance(steps, list)
    return {step["id"]: step["state"] for step in steps}


def deployments(org: FakeOrg) -> list[bool]:
    """Whether each was a dry run."""
    return [is_dry for is_dry, _ in org.metadata.done]


def in_ckm(org: FakeOrg) -> list[str]:
    return list(org.contents.components["Certificate"])
