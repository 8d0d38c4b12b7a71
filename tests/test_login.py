"""login: a real JWT over real HTTP, to an org that verifies it; and what is said when that org refuses."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Pair, Result, openssl, process
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from fake_org import FakeOrg
from msgspec.structs import replace
from test_guided import ScriptedAsker
from test_json import validate

from sfkeytool.cli.commands import TABLE
from sfkeytool.cli.pipeline import run_command
from sfkeytool.errors import LoginRefusedError
from sfkeytool.keystores.bcfks.writing import encode_bcfks
from sfkeytool.keystores.contents import InputFile
from sfkeytool.passwords import Secret, Source, SourceKind
from sfkeytool.salesforce.org import Session
from sfkeytool.salesforce.transport import HttpRequest, HttpResponse, HttpTransport
from sfkeytool.workflows.login import Accepted, Clock, NotYet, login
from sfkeytool.workflows.login_preparation import LoginInputs, LoginRequest, prepare

Cli = Callable[..., Result]

CLIENT_ID = "3MVG9" + "pwKNJ0uNJXCDkMdQWZ.7tVjYz1AbCdEfGhIjKlMnOpQrStUv_0123456789"
USER = "bot@example.com"
[LOGIN] = [row.load() for row in TABLE if row.name == "login"]


@pytest.fixture
def org(pair: Pair) -> Iterator[FakeOrg]:
    """An org whose app has the certificate of ``pair``; over http, since TLS is tested elsewhere."""
    with FakeOrg(tls=False) as org:
        org.add_user(USER)
        org.add_app(CLIENT_ID, pair.crt.read_text(), approved_users=[USER])
        yield org


@pytest.fixture
def log_in(cli: Cli, org: FakeOrg) -> Cli:
    """``login`` at that org; the arguments name the key, and more."""

    def run(*arguments: object, **options: Any) -> Result:
        return cli("login", *arguments, "-i", CLIENT_ID, "-u", USER, "-r", org.url, **options)

    return run


# Accepted


def test_a_key_that_fits_the_certificate_on_the_app_logs_in(log_in: Cli, org: FakeOrg, pair: Pair) -> None:
    """In words and as JSON; one request each, and the token in neither."""
    result = log_in("-f", pair.key)
    assert result.code == 0, result
    assert f"accepted the login of {USER}" in result.out
    assert org.org_id in result.out
    facts = log_in("-f", pair.key, "--json").json["result"]
    assert (facts["username"], facts["orgId"], facts["loginUrl"]) == (USER, org.org_id, org.url)
    assert facts["audience"] == "https://login.salesforce.com"
    assert facts["scopes"]
    assert abs(facts["clockSkewSeconds"]) < 5
    assert "accessToken" not in facts
    assert "certificate" not in facts
    assert len(org.requests) == 2


@pytest.mark.slow
def test_a_result_with_all_that_it_may_hold_validates(log_in: Cli, pair: Pair, other_pair: Pair) -> None:
    """The token only because it was asked for."""
    arguments = ("-f", pair.key, "--certificate", pair.crt, "--old-key", other_pair.key, "--show-token")
    result = log_in(*arguments, "--json")
    assert result.code == 0, result
    validate(result.json, "login")
    facts = result.json["result"]
    assert facts["oldKey"] == "refused"
    assert facts["certificate"]["subject"] == "CN=pair"
    assert facts["accessToken"]
    assert "access token " in log_in(*arguments).out


@pytest.mark.parametrize("maker", ["self-signed", "wrap", "unwrap"])
def test_what_the_other_commands_write_logs_in(maker: str, log_in: Cli, cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """NAME alone: NAME.key is taken, after a look at NAME.crt."""
    if maker == "self-signed":
        assert cli("self-signed", "pay", "--password", "generate").code == 0
    else:
        assert cli("wrap", "pay", pair.key, pair.crt, "--password", "env:TEST_PASSWORD").code == 0
    if maker == "unwrap":
        Path("pay/pay.jks").rename("in.jks")
        assert cli("unwrap", "in.jks", "--password", "env:TEST_PASSWORD", "-d", "elsewhere").code == 0
    org.upload_certificate(CLIENT_ID, Path("pay/pay.crt").read_text())
    folder = ("-d", "elsewhere") if maker == "unwrap" else ()
    result = log_in("pay", *folder, "--json")
    assert result.code == 0, result
    assert result.json["result"]["certificate"]["publicKeySha256"] == result.json["result"]["key"]["publicKeySha256"]


@pytest.mark.slow
def test_any_container_of_the_key_will_do(
    log_in: Cli, cli: Cli, pair: Pair, other_pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encrypted PEM, DER, JKS, PFX, BCFKS, stdin, and a variable as CI systems keep it."""
    password = f"pass:{PASSWORD}"
    openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", password, "-out", "locked.pem")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key, "-outform", "DER", "-out", "key.der")
    openssl("pkcs12", "-export", "-inkey", pair.key, "-in", pair.crt, "-passout", password, "-out", "key.pfx")
    assert cli("wrap", "pay", pair.key, pair.crt, "--password", "env:TEST_PASSWORD").code == 0
    secret = ("--password", "env:TEST_PASSWORD")
    pem = pair.key.read_bytes()
    for name, value in {
        "KEY_PEM": pem.decode(),
        "KEY_ESCAPED": pem.decode().replace("\n", "\\n"),
        "KEY_BASE64": base64.encodebytes(pem).decode(),
        "KEY_DER": base64.b64encode(Path("key.der").read_bytes()).decode(),
    }.items():
        monkeypatch.setenv(name, value)
        assert log_in("-f", f"env:{name}").code == 0, name
    assert log_in("-f", "locked.pem", *secret).code == 0
    assert log_in("-f", "key.der").code == 0
    assert log_in("-f", "key.pfx", *secret).code == 0
    assert log_in("-f", "pay/pay.jks", "--alias", "PAY", *secret).code == 0
    assert log_in("-f", "-", stdin=pem).code == 0
    made = load_pem_private_key(pem, None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    Path("key.bcfks").write_bytes(
        encode_bcfks(
            alias="pay", key_pkcs8=made, chain_der=[], password=Secret(f"{PASSWORD}{PASSWORD}"), created_at_ms=0
        )
    )
    monkeypatch.setenv("TWICE", f"{PASSWORD}{PASSWORD}")
    assert log_in("-f", "key.bcfks", "--password", "env:TWICE").code == 0


@pytest.mark.slow
def test_an_accepted_login_is_noted_in_the_receipt(log_in: Cli, cli: Cli, org: FakeOrg) -> None:
    """So that ``renew --status`` knows; a login with another key's file, or a refused one, is not noted."""
    assert cli("self-signed", "pay", "--password", "generate").code == 0
    assert cli("rotate", "pay", "--as", "pay_new", "--password", "generate").code == 0
    org.upload_certificate(CLIENT_ID, Path("pay/pay.crt").read_text())
    assert log_in("pay_new").code == 4
    org.upload_certificate(CLIENT_ID, Path("pay_new/pay_new.crt").read_text())
    assert log_in("-f", "pay_new/pay_new.key").code == 0
    steps = {step["id"]: step["state"] for step in cli("renew", "pay", "--status", "--json").json["result"]["steps"]}
    assert steps["prove"] == "later"
    assert log_in("pay_new").code == 0
    steps = {step["id"]: step["state"] for step in cli("renew", "pay", "--status", "--json").json["result"]["steps"]}
    assert (steps["import"], steps["swap"], steps["prove"]) == ("next", "done", "done")
    receipt = json.loads(Path("pay_new/pay_new.json").read_text())
    validate(receipt, "receipt")
    assert receipt["records"][-1]["orgId"] == org.org_id
    assert not [token for token in org.tokens if token in json.dumps(receipt)]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_login_that_cannot_be_noted_is_a_login(log_in: Cli, cli: Cli, org: FakeOrg) -> None:
    """A receipt that is a link is not written to; the answer is the same."""
    assert cli("self-signed", "pay", "--password", "generate").code == 0
    org.upload_certificate(CLIENT_ID, Path("pay/pay.crt").read_text())
    Path("pay/pay.json").rename("receipt.json")
    Path("pay/pay.json").symlink_to(Path("receipt.json").resolve())
    result = log_in("pay", "--json")
    assert result.code == 0, result
    assert [notice["code"] for notice in result.json["notices"]] == ["login.not-noted"]


def test_a_small_key_is_warned_of_and_tried(log_in: Cli) -> None:
    """What apps take is not documented: Salesforce decides."""
    openssl("genrsa", "-out", "small.key", "1024")
    result = log_in("-f", "small.key", "--json")
    assert (result.code, result.json["notices"][0]["code"]) == (4, "login.small-key"), result


# Refused before anything is sent


def test_a_key_that_is_not_the_certificates_is_not_sent_for(
    log_in: Cli, org: FakeOrg, pair: Pair, other_pair: Pair
) -> None:
    """Given or found beside the key: exit code 1, no request."""
    result = log_in("-f", pair.key, "--certificate", other_pair.crt, "--json")
    assert (result.code, result.json["name"]) == (1, "CertificateError")
    assert result.json["code"] == "login.certificate-mismatch"
    Path("pay").mkdir()
    Path("pay/pay.key").write_bytes(pair.key.read_bytes())
    Path("pay/pay.crt").write_bytes(other_pair.crt.read_bytes())
    assert log_in("pay", "--json").json["code"] == "login.certificate-mismatch"
    assert org.requests == []


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ((), 2, "usage.missing"),
        (("gone",), 1, "input.not-found"),
        (("-f", "gone.key"), 1, "input.not-found"),
        (("-f", "env:GONE"), 1, "secret.env-unset"),
        (("-f", "env:NOISE"), 1, "key.malformed"),
        (("-f", "-"), 1, "input.empty"),
        (("-f", ""), 2, "usage.empty"),
        (("-f", "-", "--password", "stdin"), 2, "usage.stdin-twice"),
        (("-f", "{crt}"), 1, "key.none"),
        (("-f", "{ec}"), 1, "key.not-rsa"),
        (("-f", "{two}"), 1, "key.ambiguous"),
        (("-f", "{locked}"), 1, "key.password-needed"),
        (("-f", "{jks}", "--password", "env:TEST_PASSWORD", "--alias", "nix"), 1, "keystore.no-such-alias"),
        (("-f", "{key}", "--certificate", "{key}"), 1, "certificate.none"),
        (("-f", "{key}", "--old-key", "{key}"), 2, "usage.old-key"),
        (("-f", "{key}", "--sandbox"), 2, "usage.instance-url"),
        (("-f", "{key}", "--wait", "-1"), 2, "usage.wait"),
        (("-f", "{key}", "--wait", "1", "--poll-interval", "4"), 2, "usage.poll-interval"),
    ],
)
def test_what_cannot_log_in_is_told_without_a_request(
    arguments: tuple[str, ...], status: int, code: str, log_in: Cli, cli: Cli, org: FakeOrg, pair: Pair,
    other_pair: Pair, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each with its code."""
    monkeypatch.setenv("NOISE", "not-a-key-and-not-base64!")
    if "{ec}" in arguments:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.key")
    if "{locked}" in arguments:
        openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", f"pass:{PASSWORD}", "-out", "locked.pem")
    if "{jks}" in arguments:
        assert cli("wrap", "pay", pair.key, pair.crt, "--password", "env:TEST_PASSWORD").code == 0
    Path("two.pem").write_bytes(pair.key.read_bytes() + other_pair.key.read_bytes())
    places = {"key": pair.key, "crt": pair.crt, "ec": "ec.key", "two": "two.pem", "locked": "locked.pem"}
    result = log_in(*(part.format(jks="pay/pay.jks", **places) for part in arguments), "--json")
    assert (result.code, result.json["code"]) == (status, code), result
    assert "not-a-key" not in result.out + result.err
    assert org.requests == []


def test_odd_shapes_are_warned_of_and_tried(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """Nothing documents how a consumer key looks: that is no reason to refuse one."""
    result = cli("login", "-f", pair.key, "-i", "PlatformCLI", "-u", "bot", "-r", org.url, "--json")
    assert result.code == 4, result
    assert [notice["code"] for notice in result.json["notices"]] == ["login.client-id-shape", "login.username-shape"]
    assert [notice["message"] for notice in result.json["notices"]] == result.json["warnings"]


def test_host_and_audience_come_from_the_environment_too(
    cli: Cli, org: FakeOrg, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SF_ORG_INSTANCE_URL and SF_AUDIENCE_URL, as in the Salesforce CLI; a flag goes before."""
    monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
    monkeypatch.setenv("SF_AUDIENCE_URL", "https://wrong.example")
    common = ("login", "-f", pair.key, "-i", CLIENT_ID, "-u", USER, "--json")
    refused = cli(*common)
    assert (refused.code, refused.json["code"]) == (4, "login.audience")
    assert any("SF_AUDIENCE_URL says so" in action for action in refused.json["actions"])
    assert cli(*common, "--audience", "https://login.salesforce.com").code == 0


# Refused by Salesforce

REFUSALS = [
    ("invalid_grant", "user hasn't approved this consumer", "not-approved"),
    ("invalid_app_access", "user is not admin approved to access this app", "not-admin-approved"),
    ("invalid_grant", "user is not admin approved to access this app", "not-admin-approved"),
    ("invalid_grant", "invalid assertion", "invalid-assertion"),
    ("invalid_grant", "audience is invalid", "audience"),
    ("invalid_grant", "Audience validation failed", "audience"),
    ("invalid_grant", "expired authorization code", "expired-assertion"),
    ("invalid_client_id", "client identifier invalid", "client-id"),
    ("invalid_client", "", "invalid-client"),
    ("invalid_client", "invalid client credentials", "invalid-client"),
    ("invalid_client", "app must be installed into org", "not-installed"),
    ("invalid_grant", "External client app is not installed in this org", "not-installed"),
    ("inactive_user", "inactive user", "inactive-user"),
    ("invalid_grant", "inactive user", "inactive-user"),
    ("invalid_grant", "user is locked", "locked-user"),
    ("inactive_org", "", "inactive-org"),
    ("invalid_grant", "ip restricted", "ip-restricted"),
    ("invalid_grant", "ip restricted or invalid login hours", "ip-or-hours"),
    ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "app-blocked"),
    ("unsupported_grant_type", "grant type not supported", "grant-type"),
    ("invalid_grant", "invalid_grant: authentication failure", "authentication-failure"),
    ("invalid_grant", "", "invalid-grant"),
    ("invalid_grant", "LOGIN_RATE_EXCEEDED", "rate"),
    ("invalid_grant", "authentication failure", "refused"),
    ("invalid_grant", "the moon is in the wrong house", "refused"),
    ("invalid_grant", "assertion", "refused"),
    ("server_says_no", "", "refused"),
]


@pytest.mark.parametrize(("error", "description", "code"), REFUSALS)
@pytest.mark.slow
def test_a_refusal_is_exit_4_and_explained_by_its_description(
    error: str, description: str, code: str, log_in: Cli, org: FakeOrg, pair: Pair
) -> None:
    """One request, the words as they came, causes, where to look in Setup, and what to run next."""
    org.refuse_next(error, description)
    result = log_in("-f", pair.key, "--json")
    assert (result.code, result.json["status"], result.json["name"]) == (4, 4, "LoginRefusedError"), result
    validate(result.json, "error")
    assert result.json["code"] == f"login.{code}"
    assert (description or error) in result.json["message"]
    actions = "\n".join(result.json["actions"])
    assert "Login History" in actions
    if code != "refused":
        assert "cause 1: " in actions
        assert f"sfkeytool explain error.jwt.{code}" in actions
    assert len(org.requests) == 1


def test_a_refusal_cannot_steer_the_terminal(log_in: Cli, org: FakeOrg, pair: Pair) -> None:
    """What a server says is shown, not obeyed."""
    org.refuse_next("invalid_grant", "\x1b[2Jinvalid\nassertion" + "x" * 5000)
    result = log_in("-f", pair.key)
    assert result.code == 4
    assert "\x1b" not in result.err
    assert len(result.err) < 3000


def test_the_org_refuses_a_stranger_for_real(log_in: Cli, org: FakeOrg, other_pair: Pair) -> None:
    """Another key, with its own certificate at hand: its fingerprint is what to look for on the app."""
    result = log_in("-f", other_pair.key, "--certificate", other_pair.crt)
    assert result.code == 4
    assert "invalid assertion" in result.err
    sha256 = openssl("x509", "-in", other_pair.crt, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
    assert sha256 in result.err
    assert f"sfkeytool compare {other_pair.key} FILE" in result.err


def test_an_old_key_that_still_works_is_the_first_cause(log_in: Cli, pair: Pair, other_pair: Pair) -> None:
    """Then the new certificate has not been uploaded, or has not spread."""
    result = log_in("-f", other_pair.key, "--old-key", pair.key, "--json")
    assert result.json["code"] == "login.invalid-assertion"
    first = next(action for action in result.json["actions"] if action.startswith("cause 1"))
    assert "the old key still works" in first


# Waiting for a swap


class Watch:
    """A clock that jumps where others sleep."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: datetime.now(UTC), lambda: self.elapsed, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.elapsed += seconds


def waiting(org: FakeOrg, new: Pair, old: Pair, wait_seconds: float) -> Iterator[Any]:
    """The events of a login that waits, over real HTTP."""
    request = LoginRequest(
        client_id=CLIENT_ID, username=USER, instance_url=org.url, key=Source(SourceKind.FILE, "new.key"),
        wait_seconds=wait_seconds, poll_seconds=20,
    )  # fmt: skip
    inputs = LoginInputs(InputFile("new.key", new.key.read_bytes()), old_key=InputFile("old.key", old.key.read_bytes()))
    prepared = prepare(request, inputs, datetime.now(UTC))
    return login(request, prepared, HttpTransport({}), Watch().clock)


def test_no_record_of_a_login_shows_what_is_secret(org: FakeOrg, pair: Pair) -> None:
    """In a debugger, a log or a failed assertion: key, assertion and token stand in records, and in no repr."""
    key = InputFile("pair.key", pair.key.read_bytes())
    request = LoginRequest(client_id=CLIENT_ID, username=USER, instance_url=org.url, key=Source(SourceKind.STDIN))
    prepared = prepare(request, LoginInputs(key, passwords=(Secret(PASSWORD),)), datetime.now(UTC))
    exchanges: list[Any] = []

    def send(request: HttpRequest) -> HttpResponse:
        answer = HttpTransport({})(request)
        exchanges.append((request, answer))
        return answer

    *_, accepted = login(request, prepared, send, Watch().clock)
    assert isinstance(accepted, Accepted)
    token = accepted.access_token.reveal()
    shown = repr(
        [request, prepared, key, exchanges, accepted, Session(org.url, accepted.access_token),
         replace(accepted.result, access_token=token)]
    )  # fmt: skip
    assert len(exchanges) == 1
    assert USER in shown
    for secret in (token, token[-20:], "assertion=", PASSWORD, "BEGIN", "PRIVATE"):
        assert secret not in shown, secret


def test_wait_tries_until_the_new_certificate_has_spread(org: FakeOrg, pair: Pair, other_pair: Pair) -> None:
    """Each round tells whether the old key still works; one attempt a key and round."""
    org.upload_certificate(CLIENT_ID, other_pair.crt.read_text(), delay_requests=4)
    *rounds, last = waiting(org, other_pair, pair, 600)
    assert rounds
    assert all(isinstance(each, NotYet) and each.words == "invalid assertion" for each in rounds)
    assert rounds[0].old_key == "accepted"
    assert [each.elapsed_seconds for each in rounds] == [20 * number for number in range(len(rounds))]
    assert isinstance(last, Accepted)
    assert last.result.old_key == "refused"
    assert len(org.requests) == 2 * (len(rounds) + 1)


def test_wait_runs_out_with_the_last_reason(org: FakeOrg, pair: Pair, other_pair: Pair) -> None:
    """Exit code 4, and never a try after the time is up."""
    events = waiting(org, other_pair, pair, 60)
    assert [next(events).elapsed_seconds for _ in range(3)] == [0, 20, 40]
    with pytest.raises(LoginRefusedError) as caught:
        next(events)
    assert caught.value.exit_code == 4
    assert "for 1 min: invalid assertion" in caught.value.message


@pytest.mark.parametrize(("error", "description"), [row[:2] for row in REFUSALS if row[2] != "invalid-assertion"])
@pytest.mark.slow
def test_other_refusals_end_a_wait_at_once(
    error: str, description: str, log_in: Cli, org: FakeOrg, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again as a locked or unknown user makes it worse."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    org.refuse_next(error, description)
    assert log_in("-f", pair.key, "--wait", "10").code == 4
    assert len(org.requests) == 1


def test_a_wait_shows_on_stderr_that_it_waits(
    log_in: Cli, org: FakeOrg, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the command itself; stdout holds the result alone."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    org.refuse_next("invalid_grant", "invalid assertion")
    result = log_in("-f", pair.key, "--wait", "10", "--poll-interval", "5")
    assert result.code == 0
    assert "not yet, after 0 s: invalid assertion; again in 5 s" in result.err
    assert "not yet" not in result.out


# Secrets


@pytest.mark.slow
def test_no_secret_is_seen_anywhere(org: FakeOrg, pair: Pair, folder: Path) -> None:
    """Key, assertion and token: not in output, with -v and SFKEYTOOL_DEBUG=1 either, and in no argument."""
    secrets = [line for line in pair.key.read_text().splitlines() if "-----" not in line]
    arguments = ("login", "-f", "env:KEY", "-i", CLIENT_ID, "-u", USER, "-r", org.url, "-v")
    env = {"KEY": pair.key.read_text(), "SFKEYTOOL_DEBUG": "1"}
    accepted = process(*arguments, cwd=folder, env=env)
    org.refuse_next("invalid_grant", "invalid assertion")
    refused = process(*arguments, cwd=folder, env=env)
    assert (accepted.code, refused.code) == (0, 4), (accepted, refused)
    shown = accepted.out + accepted.err + refused.out + refused.err + " ".join(arguments)
    assert "LoginRefusedError" in refused.err
    for secret in (*secrets, "eyJ", "assertion=", *org.tokens):
        assert secret not in shown
    assert list(folder.iterdir()) == []


# On a terminal, and without one


def test_what_is_missing_is_asked_for_and_shown_as_a_command(
    org: FakeOrg, pair: Pair, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Consumer key, user and key file, in that order; nothing else."""
    asker = ScriptedAsker(CLIENT_ID, USER, str(pair.key))
    assert run_command("login", LOGIN, {"instance_url": org.url}, asker=asker) == 0  # type: ignore[arg-type]
    assert not asker.answers
    assert len(asker.asked) == 3
    shown = capsys.readouterr().err
    assert f"sfkeytool login --client-id {CLIENT_ID} --username {USER}" in shown
    assert f"--jwt-key-file {pair.key}" in shown


def test_a_password_that_is_missing_is_asked_for_before_anything_is_sent(
    org: FakeOrg, pair: Pair, folder: Path
) -> None:
    """And a wrong one again."""
    openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", f"pass:{PASSWORD}", "-out", "locked.pem")
    asker = ScriptedAsker("wrong", PASSWORD)
    given = {"instance_url": org.url, "client_id": CLIENT_ID, "username": USER, "jwt_key_file": "locked.pem"}
    assert run_command("login", LOGIN, given, asker=asker) == 0  # type: ignore[arg-type]
    assert len(org.requests) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes stdin")
def test_a_key_from_a_stdin_that_is_closed_is_told(folder: Path) -> None:
    """As in a daemon."""
    line = 'exec "$0" -m sfkeytool login -f - -i x -u y --json <&-'
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable], cwd=folder, env=env, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, "input.not-found")
