"""login with External Client Apps, and at hosts that come to an end: what is asked, and what is proposed instead."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Pair, Result
from fake_org import FakeOrg
from test_login import CLIENT_ID, USER

from sfkeytool.shell import command_words

Cli = Callable[..., Result]

MY_DOMAIN = "https://acme.my.salesforce.com"
LOGIN, TEST = "https://login.salesforce.com", "https://test.salesforce.com"
ANOTHER_WAY = "another way to try: "


@pytest.fixture
def org(pair: Pair) -> Iterator[FakeOrg]:
    """An org that has an External Client App with the certificate of ``pair``."""
    with FakeOrg(tls=False) as org:
        org.add_user(USER)
        org.add_app(CLIENT_ID, pair.crt.read_text(), approved_users=[USER], external=True)
        yield org


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrg]:
    """The same over TLS; a tunnel leads there whatever host is asked, which the org tells from the Host header."""
    with FakeOrg(folder=tmp_path_factory.mktemp("tls")) as org, socket.create_server(("127.0.0.1", 0)) as listener:
        org.add_user(USER)
        org.add_app(CLIENT_ID, pair.crt.read_text(), approved_users=[USER], external=True)
        threading.Thread(target=tunnel, args=(listener, int(org.url.rpartition(":")[2])), daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("SSL_CERT_FILE", str(org.ca_pem_path))
        yield org


def tunnel(listener: socket.socket, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            inner, _ = listener.accept()
            while not inner.recv(65536).endswith(b"\r\n\r\n"):
                pass
            inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            outer = socket.create_connection(("127.0.0.1", port))
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=copy, args=(source, target), daemon=True).start()


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def proposed(result: Result) -> list[str] | None:
    """The arguments of the command that a refusal ends with."""
    [line] = [line for line in result.json["actions"] if line.startswith(ANOTHER_WAY)] or [None]
    return command_words(line.removeprefix(ANOTHER_WAY))[1:] if line else None


def test_an_external_client_app_logs_in_with_my_domain_as_the_audience(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """And the result says that reports are what this rests on."""
    result = cli("login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, "-r", org.url, "--external-client-app", "--json")
    assert result.code == 0, result
    facts = result.json["result"]
    assert (facts["loginUrl"], facts["audience"]) == (org.url, org.url)
    assert "reports" in facts["audienceReason"]


def test_the_other_audience_is_proposed_as_a_command_that_runs(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """Not tried by itself; with every flag that was given, host and audience told, no key and no password in it."""
    given = ("login", "-f", "-", "-i", CLIENT_ID, "-u", USER, "-r", org.url, "--password", "env:TEST_PASSWORD")
    refused = cli(*given, "--wait", "1", "--json", stdin=pair.key.read_bytes())
    assert (refused.code, refused.json["code"]) == (4, "login.audience")
    assert len(org.requests) == 1
    assert f"{org.url} was asked with the audience {LOGIN}" in "\n".join(refused.json["actions"])
    command = proposed(refused)
    assert command is not None
    assert {"--external-client-app", "--wait", "env:TEST_PASSWORD", org.url} <= set(command)
    assert cli(*command, stdin=pair.key.read_bytes()).code == 0


def test_a_connected_app_that_was_called_external_is_led_back(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """The flag is left out of what is proposed, and that is a login at the same host with the usual audience."""
    org.refuse_next("invalid_grant", "audience is invalid")
    org.apps[CLIENT_ID].external = False
    refused = cli(
        "login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, "-r", org.url, "--external-client-app", "--json"
    )
    command = proposed(refused)
    assert command is not None
    assert "--external-client-app" not in command
    facts = cli(*command, "--json").json["result"]
    assert (facts["loginUrl"], facts["audience"]) == (org.url, LOGIN)


@pytest.mark.parametrize(("arguments", "host"), [((), LOGIN), (("--sandbox",), TEST)])
def test_the_shared_hosts_know_no_external_client_app(
    arguments: tuple[str, ...], host: str, cli: Cli, world: FakeOrg, pair: Pair
) -> None:
    """app_not_found is explained by the host, and My Domain proposed: only its name is left for the reader to fill in."""
    refused = cli("login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, *arguments, "--json")
    assert (refused.code, refused.json["code"]) == (4, "login.not-installed")
    assert "(app_not_found)" in refused.json["message"]
    first = next(action for action in refused.json["actions"] if action.startswith("cause 1"))
    assert f"{host} was asked with the audience {host}" in first
    assert "every External Client App" in first
    command = proposed(refused)
    assert command is not None
    assert "--sandbox" not in command
    assert [word for word in command if "MYDOMAIN" in word] == ["https://MYDOMAIN.my.salesforce.com"]
    done = cli(*(word.replace("MYDOMAIN", "acme") for word in command), "--json")
    assert done.code == 0, done
    assert (done.json["result"]["loginUrl"], done.json["result"]["audience"]) == (MY_DOMAIN, MY_DOMAIN)
    assert len([seen for seen in world.requests if seen.path == "/services/oauth2/token"]) == 2


def test_an_audience_of_a_variable_is_overruled_in_what_is_proposed(
    cli: Cli, org: FakeOrg, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the variable would win again."""
    monkeypatch.setenv("SF_AUDIENCE_URL", "https://wrong.example")
    given = ("login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, "-r", org.url, "--external-client-app", "--json")
    command = proposed(cli(*given))
    assert command is not None
    assert command[command.index("--audience") + 1] == org.url
    assert cli(*command).code == 0


def test_where_nothing_else_is_known_nothing_is_proposed(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """An app that its own My Domain does not know, and refusals of another kind."""
    given = ("login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, "-r", org.url, "--external-client-app", "--json")
    org.apps[CLIENT_ID].installed = False
    refused = cli(*given)
    assert refused.json["code"] == "login.not-installed"
    assert proposed(refused) is None
    assert f"{org.url} was asked with the audience {org.url}" in "\n".join(refused.json["actions"])
    org.refuse_next("invalid_grant", "user hasn't approved this consumer")
    assert proposed(cli(*given)) is None


@pytest.mark.parametrize("arguments", [(), ("--sandbox",), ("-r", LOGIN), ("-r", TEST, "--audience", MY_DOMAIN)])
def test_an_external_client_app_wants_its_my_domain(arguments: tuple[str, ...], cli: Cli, pair: Pair) -> None:
    """Nothing is sent to a host that would refuse it."""
    flags: tuple[Any, ...] = ("-f", pair.key, "-i", CLIENT_ID, "-u", USER, "--external-client-app", "--json")
    for command in ("login", "audit"):
        refused = cli(command, *flags, *arguments)
        assert (refused.code, refused.json["code"]) == (2, "usage.instance-url"), refused
        assert "--instance-url https://MYDOMAIN.my.salesforce.com" in refused.json["actions"][0]


def test_the_audit_logs_in_to_an_external_client_app_too(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """With the same flag."""
    flags = ("-f", pair.key, "-i", CLIENT_ID, "-u", USER, "-r", org.url)
    assert cli("audit", *flags, "--json").code == 68
    assert cli("audit", *flags, "--external-client-app", "--json").code == 0


@pytest.mark.slow
def test_an_instanced_host_is_warned_of(
    cli: Cli, org: FakeOrg, pair: Pair, monkeypatch: pytest.MonkeyPatch, folder: Path, slept: list[float]
) -> None:
    """In a login, before anything is sent, and in the session that an org is read with."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    done = cli("login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, "-r", "https://na1.salesforce.com", "--json")
    assert done.code == 1
    assert done.json["notices"][0]["code"] == "host.instanced"
    assert "na1.salesforce.com names an instance" in done.json["warnings"][0]
    monkeypatch.setenv("SF_ACCESS_TOKEN", "00D000000000001!not-a-token")
    monkeypatch.setenv("SF_ORG_INSTANCE_URL", "https://cs12.salesforce.com")
    assert "cs12.salesforce.com names an instance" in cli("audit").err
