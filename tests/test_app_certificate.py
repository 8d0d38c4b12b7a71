"""``metadata --app``: the certificate of an app in the fake org, shown, replaced with nothing else, and read back."""

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import modeless_disk
import pexpect
import pytest
from conftest import Result, tree
from fake_org import FakeOrg
from fake_org.deployments import NO_CONSUMER_KEY, TAKEN
from filled_org import CONSUMER_KEY, CONSUMER_SECRET, Made, add_connected_app, add_external_client_app, make
from stand_in_cli import hang_in_deployment, in_front, install_stand_in, sf_calls
from test_fake_deployments import log_in, retrieve
from test_json import validate as validate_json

from sfkeytool.model import AppKind
from sfkeytool.workflows.app_address import AppAddress
from sfkeytool.workflows.app_comparison import compare_documents

Cli = Callable[..., Result]
USER = "bot@example.com"
PAY, SHOP = "connectedApps/Pay.connectedApp", "extlClntAppGlobalOauthSets/Shop_glbloauth.ecaGlblOauth"
OLD, SAME, OTHER = make("pay", 30, 1), make("pay", 400, 1), make("pay", 400, 2)
DEPLOY = ("metadata", "pay", "--app", "Pay", "-o", "prod", "--deploy", "--yes")


@pytest.fixture
def org(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrg]:
    """With a connected app, an External Client App and a plain app without a certificate; the user logs in with key 1.
    ``pay`` holds a certificate of another key."""
    with FakeOrg(tls=False) as org:
        org.add_user(USER)
        org.add_app(CONSUMER_KEY, OLD.pem, approved_users=[USER], label="Pay")
        add_connected_app(org, "Pay", OLD.line)
        add_connected_app(org, "Plain", None)
        add_external_client_app(org, "Shop", OLD.line)
        monkeypatch.setenv("PATH", in_front(install_stand_in(org, folder)))
        Path("state").mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        put("pay", OTHER)
        yield org


def put(name: str, made: Made) -> None:
    Path(name).mkdir(exist_ok=True)
    Path(name, f"{name}.crt").write_text(made.pem)


def file_of(org: FakeOrg, path: str) -> str:
    """The app's file in the org, as anybody would retrieve it."""
    type = "ConnectedApp" if path.endswith("connectedApp") else "ExtlClntAppGlobalOauthSettings"
    return retrieve(org, Path(path).stem, type=type)[path]


def kept() -> list[Path]:
    """The folders of originals."""
    return sorted(path.parent for path in Path("state").rglob("change.json"))


def run_told(text: str, **options: object) -> None:
    """Run the way back, as it was told, in a shell."""
    [line] = set(re.findall(r"sf project deploy start .*", text))
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False)
    assert done.returncode == options.get("code", 0), done


def test_it_shows_both_certificates_and_changes_nothing(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Fingerprints and days of both, and that the key is another; read through the API alone."""
    shown = cli("metadata", "pay", "--app", "Pay", "-o", "prod")
    assert shown.code == 0, shown
    for said in (OLD.sha256, OTHER.sha256, "30 days left", "400 days left", "another key"):
        assert said in shown.out, said
    assert "refused from the moment" in " ".join(shown.err.split())
    line = "sfkeytool metadata pay --app Pay --target-org prod --deploy"
    assert line in shown.out
    told = cli("metadata", "pay", "--app", "Shop", "-o", "prod", "--json").json
    assert "metadata.other-key" in {notice["code"] for notice in told["notices"]}
    answer = told["result"]
    assert answer["app"]["member"] == "Shop_glbloauth"
    assert (answer["before"]["daysLeft"], answer["after"]["daysLeft"]) == (30, 400)
    assert (answer["sameKey"], answer["changes"], answer["deployed"]) == (False, True, False)
    assert not sf_calls(folder)
    assert not org.metadata.done
    assert not list(Path("state").iterdir())


@pytest.mark.parametrize(("app", "path"), [("Pay", PAY), ("Shop", SHOP)])
@pytest.mark.slow
def test_deploy_changes_the_certificate_and_nothing_else(
    app: str, path: str, cli: Cli, org: FakeOrg, folder: Path
) -> None:
    """The file in the org differs in that one element; key 2 logs in; the original is kept as it was, 0600; nothing of
    it, nor a key, is told anywhere; nothing else is left."""
    before, files = file_of(org, path), tree(folder / "pay")
    done = cli("metadata", "pay", "--app", app, "-o", "prod", "--deploy", "--yes", "--json")
    assert done.code == 0, done
    assert file_of(org, path) == before.replace(OLD.line, OTHER.line)
    assert [is_dry for is_dry, _ in org.metadata.done] == [True, True, False]
    result = done.json["result"]
    assert (result["deployed"], result["sameKey"], result["before"]["certificate"]["sha256"]) == (
        True, False, OLD.sha256,
    )  # fmt: skip
    [folder_kept] = kept()
    assert result["original"] == str(folder / folder_kept)
    assert (folder_kept / "original" / path).read_text() == before
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder_kept.rglob("*") if each.is_file()} == {0o600}
    assert {stat.S_IMODE(each.stat().st_mode) for each in Path("state").rglob("*") if each.is_dir()} == {0o700}
    said = done.out + done.err + (folder_kept / "change.json").read_text() + (folder / "sf.log").read_text()
    assert CONSUMER_KEY not in said
    assert CONSUMER_SECRET not in said
    assert not list(Path("state/sfkeytool").glob("work/*"))
    assert tree(folder / "pay") == files
    if app == "Pay":
        assert [log_in(org, 1), log_in(org, 2)] == ["invalid assertion", "Success"]


@pytest.mark.slow
def test_exactly_this_is_run(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Retrieved, both ways tried, deployed, retrieved; all at one version, outside every project, with stdin closed;
    the way back that is told is the one that was tried, and it leads back."""
    before = file_of(org, PAY)
    done = cli(*DEPLOY, "--json")
    retrieved, tried_back, tried, deployed, again = (call[0] for call in sf_calls(folder))
    assert [call[:3] for call in (retrieved, again)] == [["project", "retrieve", "start"]] * 2
    assert retrieved[3:5] == ["--metadata", "ConnectedApp:Pay"]
    for call in (retrieved, tried_back, tried, deployed, again):
        assert call[call.index("--api-version") + 1] == "67.0"
        assert call[call.index("--target-org") + 1] == "prod"
    assert ("--dry-run" in tried, "--dry-run" in deployed) == (True, False)
    assert all(not inside.startswith(str(folder / "pay")) for _, inside, _, _ in sf_calls(folder))
    assert {stdin for *_, stdin in sf_calls(folder)} == {""}
    way_back = done.json["result"]["wayBack"]
    assert tried_back == [*way_back[1:], "--dry-run", "--json"]
    run_told(" ".join(done.json["result"]["nextSteps"]).replace("`", "\n"))
    assert file_of(org, PAY) == before
    assert [log_in(org, 1), log_in(org, 2)] == ["Success", "invalid assertion"]


@pytest.mark.slow
def test_the_same_key_and_the_same_certificate(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """A renewal warns of nothing; done once, it is not done twice."""
    put("pay", SAME)
    done = cli(*DEPLOY)
    assert done.code == 0, done
    assert "the same key: logins go on" in done.out
    assert "another key" not in done.err
    assert log_in(org, 1) == "Success"
    deployments = len(org.metadata.done)
    again = cli(*DEPLOY, "--json")
    assert (again.json["result"]["changes"], again.json["result"]["deployed"]) == (False, False)
    assert len(org.metadata.done) == deployments
    assert len(kept()) == 1


def set_field(org: FakeOrg, name: str, value: str) -> None:
    app = org.contents.components["ConnectedApp"]["Pay"]
    app.fields = [
        (key, [*(each for each in inner if each[0] != name), (name, value)] if key == "oauthConfig" else inner)
        for key, inner in app.fields
    ]


REFUSED: dict[str, tuple[str, str, Callable[[FakeOrg], object]]] = {
    "a new consumer key is asked for": (
        "metadata.app-rotates", "new consumer key or secret",
        lambda org: set_field(org, "shouldRotateConsumerKey", "true"),
    ),
    "a new secret": (
        "metadata.app-rotates", "new consumer key or secret",
        lambda org: set_field(org, "shouldRotateConsumerSecret", "true"),
    ),
    "the key is missing": (
        "metadata.app-masked", "its consumer key is missing", lambda org: org.metadata.hidden_elements.add("consumerKey"),
    ),
    "the key is masked": (
        "metadata.app-masked", "oauthConfig.consumerKey is masked",
        lambda org: org.metadata.masked_elements.update(consumerKey="3MVG******"),
    ),
    "the secret is masked": (
        "metadata.app-masked", "oauthConfig.consumerSecret is masked",
        lambda org: org.metadata.masked_elements.update(consumerSecret="[REDACTED] ask somebody"),
    ),
    "a careless deployment would reset it": (
        "metadata.app-masked", "oauthConfig.isPkceRequired is missing",
        lambda org: org.metadata.hidden_elements.add("isPkceRequired"),
    ),
    "it came with a package": (
        "metadata.app-installed", "installed package",
        lambda org: add_connected_app(org, "Pay", OLD.line, namespace="acme", installed=True),
    ),
    "Salesforce takes no key": (
        "metadata.consumer-key-refused", NO_CONSUMER_KEY, lambda org: setattr(org.metadata, "refusal", NO_CONSUMER_KEY),
    ),
    "Salesforce says that it is taken": (
        "metadata.consumer-key-refused", TAKEN, lambda org: setattr(org.metadata, "refusal", TAKEN),
    ),
    "Salesforce says something else": (
        "org.deploy-failed", "Contact your administrator; that was a dry run: nothing was changed",
        lambda org: setattr(org.metadata, "refusal", "Contact your administrator"),
    ),
    "the org does not show its settings": (
        "metadata.app-hidden", "its certificate is changed in Setup alone",
        lambda org: org.contents.hidden_names.add("ConnectedApp:Pay"),
    ),
    "an External Client App of the same name": (
        "metadata.app-ambiguous", "a connected app and an External Client App Pay",
        lambda org: add_external_client_app(org, "Pay", OLD.line),
    ),
    "the certificate is a name in CKM": (
        "metadata.reference", "may name one", lambda org: set_field(org, "certificate", "My_Cert"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.slow
def test_what_is_refused_changes_nothing(why: str, cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Its code and reason; no deployment but for trial, no original, no file; the Setup way, and never the advice to
    drop an element or to open secrets."""
    code, reason, spoil = REFUSED[why]
    spoil(org)
    fields = org.contents.components["ConnectedApp"]["Pay"].fields
    refused = cli(*DEPLOY, "--json")
    assert (refused.code, refused.json["code"]) == (1, code), refused
    assert reason in refused.json["message"]
    actions = " ".join(refused.json["actions"])
    if code in ("metadata.app-masked", "metadata.consumer-key-refused", "metadata.app-hidden"):
        assert "Setup > App Manager > the row of Pay" in actions
        assert "Use digital signatures" in actions
    if code == "metadata.consumer-key-refused":
        assert "do not delete <consumerKey>" in actions
    assert "OAuth consumer secrets" not in actions
    assert all(is_dry for is_dry, _ in org.metadata.done)
    assert org.contents.components["ConnectedApp"]["Pay"].fields == fields
    assert not list(Path("state").iterdir())
    assert CONSUMER_KEY not in refused.out + refused.err


def test_what_is_no_certificate_is_told(cli: Cli, org: FakeOrg) -> None:
    """Without a deployment, a name in its place is shown as what it is; no certificate is claimed."""
    set_field(org, "certificate", "My_Cert")
    shown = cli("metadata", "pay", "--app", "Pay", "-o", "prod", "--json").json
    assert shown["result"]["before"] is None
    assert shown["result"]["switchesOnJwtBearer"] is False
    [notice] = [each for each in shown["notices"] if each["code"] == "metadata.other-content"]
    assert "My_Cert" in notice["message"]


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ('{"status": 1, "name": "sf:Nope", "message": "no such thing today"}', "org.retrieve-failed"),
        ("<html>", "org.cli-answer"),
    ],
)
def test_a_retrieve_that_fails(says: str, code: str, cli: Cli, org: FakeOrg, folder: Path) -> None:
    """In the Salesforce CLI's words; and of what is no answer of its, that it is none. Nothing is left."""
    script = folder / "bin" / "sf"
    script.write_text(script.read_text().replace("answer = retrieve()", f"sys.exit(print({says!r}))"))
    refused = cli(*DEPLOY, "--json")
    assert (refused.code, refused.json["code"]) == (1, code), refused
    assert "no such thing today" in refused.json["message"] or "html" in says
    assert not list(Path("state").iterdir())
    assert not org.metadata.done


@pytest.mark.slow
def test_a_deployment_of_which_nobody_knows(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """The Salesforce CLI has ceased to wait, and the org went on: not claimed; run again, it is found and proved."""
    script = folder / "bin" / "sf"
    real = script.read_text()
    answer = '{"status": 69, "result": {"success": False, "done": False, "status": "InProgress"}}'
    script.write_text(
        real.replace(
            "    answer = deploy()",
            f"    answer = deploy()\n    if '--dry-run' not in arguments:\n        answer = {answer}",
        )
    )
    unknown = cli(*DEPLOY, "--json")
    assert (unknown.code, unknown.json["code"]) == (1, "org.deploy-failed")
    assert "run the same command again" in unknown.json["actions"][0]
    script.write_text(real)
    again = cli(*DEPLOY, "--json")
    assert (again.code, again.json["result"]["changes"]) == (0, False)
    assert "metadata.unfinished" in {notice["code"] for notice in again.json["notices"]}
    assert [is_dry for is_dry, _ in org.metadata.done] == [True, True, False]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_state_folder_of_others_is_not_used(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """One that others may write: the consumer key, and the way back, would be theirs."""
    Path("state/sfkeytool").mkdir()
    Path("state/sfkeytool").chmod(0o777)
    refused = cli(*DEPLOY, "--json")
    assert (refused.code, refused.json["code"]) == (1, "output.not-permitted")
    assert "XDG_STATE_HOME" in refused.json["actions"][0]
    assert not sf_calls(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a disk without modes")
def test_an_original_that_others_can_read_is_told(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """It has the consumer key in it. Here others may read what lies on the disk, and not write it; the stand-in, which
    deploys nothing that others can read, ends the run when it has been told."""
    with modeless_disk.mounted(folder / "state", 0o755) as is_there:
        if not is_there:
            pytest.skip("no file system in user space can be mounted here")
        done = cli(*DEPLOY, "--json")
        assert (done.code, done.json["code"]) == (1, "org.cli-answer"), done
        [told] = [each["message"] for each in done.json["notices"] if each["code"] == "output.readable-by-others"]
    place, _, said = told.partition(": ")
    assert place.startswith(f"{folder}/state/sfkeytool/apps/")
    assert place.endswith(f"/original/{PAY}")
    assert said.startswith("open to other users (mode 0755)")


def test_settings_of_an_external_client_app_that_are_not_shown(cli: Cli, org: FakeOrg) -> None:
    """The way through Setup, click by click; with and without --deploy. An app that is not there is another matter."""
    add_external_client_app(org, "Closed", None, is_visible=False)
    for more in ((), ("--deploy", "--yes")):
        hidden = cli("metadata", "pay", "--app", "Closed", "-o", "prod", "--json", *more)
        assert hidden.json["code"] == "metadata.app-hidden"
        assert (
            hidden.json["actions"][0]
            == "Setup > External Client App Manager > Closed > Settings > OAuth Settings > Edit"
        )
        assert "Enable JWT Bearer Flow" in hidden.json["actions"][1]
    unknown = cli("metadata", "pay", "--app", "Nobody", "-o", "prod", "--json")
    assert unknown.json["code"] == "metadata.app-unknown"
    assert "Closed, Pay, Plain, Shop" in unknown.json["actions"][0]


@pytest.mark.slow
def test_an_element_that_is_reset_is_an_emergency(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """The org resets what the file holds: told before and after, with the way back, which leads back."""
    before = file_of(org, PAY)
    org.metadata.resets = {"isPkceRequired", "ipRelaxation"}
    told = cli(*DEPLOY)
    assert told.code == 1
    text = " ".join(told.err.split())
    assert "EMERGENCY: more than the certificate of Pay is not as it was" in text
    assert "oauthConfig.isPkceRequired was true and is false" in text
    assert "oauthPolicy.ipRelaxation was BYPASS and is ENFORCE" in text
    assert file_of(org, PAY) != before
    run_told(told.err)
    assert file_of(org, PAY) == before
    assert log_in(org, 1) == "Success"


@pytest.mark.slow
def test_an_element_that_nobody_had_seen_is_an_emergency(cli: Cli, org: FakeOrg) -> None:
    """One that the org showed in neither view before: it was left out, and has its default now."""
    app = org.contents.components["ConnectedApp"]["Pay"]
    app.fields = [
        (key, [each for each in inner if each[0] != "isIntrospectAllTokens"] if key == "oauthConfig" else inner)
        for key, inner in app.fields
    ]
    told = cli(*DEPLOY, "--json")
    assert told.json["code"] == "metadata.app-changed"
    assert "oauthConfig.isIntrospectAllTokens is there now: false" in told.json["message"]


@pytest.mark.slow
def test_what_the_file_does_not_show_is_seen_in_the_second_view(cli: Cli, org: FakeOrg) -> None:
    """A retrieve that says the same as ever, and readMetadata that does not."""
    org.metadata.masked_elements = {"ipRelaxation": "BYPASS"}
    org.metadata.resets = {"ipRelaxation"}
    told = cli(*DEPLOY, "--json")
    assert told.json["code"] == "metadata.app-changed"
    assert "oauthPolicy.ipRelaxation was BYPASS and is ENFORCE" in told.json["message"]


@pytest.mark.parametrize("is_taken_back", [True, False])
@pytest.mark.slow
def test_another_consumer_key_is_an_emergency(is_taken_back: bool, cli: Cli, org: FakeOrg, folder: Path) -> None:
    """Told first of all, without either key; the original put back where the org takes it; else what clients need."""
    before = file_of(org, PAY)
    org.metadata.is_new_key_given = True
    told = cli(*DEPLOY, "--json")
    assert (told.code, told.json["code"]) == (1, "metadata.app-changed")
    validate_json(told.json, "error")
    assert "oauthConfig.consumerKey was one and is another" in told.json["message"]
    assert "Manage Consumer Details" in " ".join(told.json["actions"])
    assert "You cannot provide a Consumer Key" in " ".join(told.json["actions"])
    assert "3MVG9" not in told.out + told.err
    assert log_in(org, 2) == "client identifier invalid"
    org.metadata.is_new_key_given, org.metadata.are_former_keys_taken = False, is_taken_back
    run_told(told.json["actions"][0], code=int(not is_taken_back))
    if is_taken_back:
        assert file_of(org, PAY) == before
        assert log_in(org, 1) == "Success"


@pytest.mark.slow
def test_a_success_that_changed_nothing(cli: Cli, org: FakeOrg) -> None:
    """The old certificate is still there: not claimed, and the way through Setup."""
    org.metadata.is_certificate_ignored = True
    told = cli(*DEPLOY, "--json")
    assert (told.code, told.json["code"]) == (1, "metadata.not-taken")
    assert "Use digital signatures" in " ".join(told.json["actions"])
    assert log_in(org, 1) == "Success"


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.slow
def test_what_cannot_be_read_back_is_held_against_the_original_later(
    is_reset: bool, cli: Cli, org: FakeOrg, folder: Path
) -> None:
    """Not claimed; the next run compares: all well, told once, or the emergency, until somebody has looked."""
    take = org.metadata._take

    def take_and_hide(type: str, path: Path) -> str:
        problem = take(type, path)
        org.contents.hidden_names.add("ConnectedApp:Pay")
        return problem

    org.metadata._take = take_and_hide  # type: ignore[method-assign]
    org.metadata.resets = {"isPkceRequired"} if is_reset else set()
    lost = cli(*DEPLOY, "--json")
    assert (lost.code, lost.json["code"]) == (1, "metadata.readback")
    [folder_kept] = kept()
    assert str(folder_kept) in " ".join(lost.json["actions"])
    org.contents.hidden_names.clear()
    next_run = cli(*DEPLOY, "--json")
    if is_reset:
        assert (next_run.code, next_run.json["code"]) == (1, "metadata.app-changed")
        assert cli(*DEPLOY).code == 1
        run_told(" \n".join(next_run.json["actions"]))
    else:
        assert next_run.code == 0
        assert next_run.json["result"]["changes"] is False
        [notice] = [each for each in next_run.json["notices"] if each["code"] == "metadata.unfinished"]
        assert "nothing but the certificate was changed" in notice["message"]
        assert str(folder_kept) in notice["message"]
    assert len(org.metadata.done) == (4 if is_reset else 3)


def running(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sfkeytool", *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip


@pytest.mark.slow
def test_killed_before_the_deployment(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """What was kept for nothing is told, and removed; and what lay half kept, or half retrieved, is too."""
    from sfkeytool.edge.kept_originals import app_locked, keep_original

    with app_locked(os.environ, org.org_id, "Pay") as place:
        keep_original(place, "20260101T000000Z", {PAY: file_of(org, PAY).encode()}, {"at": "2026-01-01T00:00:00Z"})
    for left in ("apps/00D000000000001EAA/Pay/.new-0", "work/0"):
        (folder / "state" / "sfkeytool" / left).mkdir(parents=True)
    dry = cli(*DEPLOY, "--dry-run", "--json")
    done = cli(*DEPLOY, "--json")
    for run in (dry, done):
        [notice] = [each["message"] for each in run.json["notices"] if each["code"] == "metadata.unfinished"]
        assert notice.endswith(
            "at 2026-01-01T00:00:00Z did not come to its end; held against the app now, nothing was changed"
        )
    assert [str(each) for each in kept()] == [str(Path(done.json["result"]["original"]).relative_to(folder))]
    assert not list(Path("state").rglob(".new-*"))
    assert not Path("state/sfkeytool/work").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
@pytest.mark.slow
def test_killed_between_deployment_and_read_back(how: str, cli: Cli, org: FakeOrg, folder: Path) -> None:
    """The original is where it was kept, the next run says so, does not deploy again, and removes what lay about."""
    before = file_of(org, PAY)
    wait = hang_in_deployment(folder)
    run = running(folder, *DEPLOY)
    hanging = wait()
    run.send_signal(signal.Signals[how])
    out, err = run.communicate(timeout=30)
    if how == "SIGKILL":
        os.kill(hanging, signal.SIGKILL)
    [folder_kept] = kept()
    assert (folder_kept / "original" / PAY).read_text() == before
    if how == "SIGINT":
        assert run.returncode == 130, (out, err)
        assert str(folder_kept) in err.replace("\n", " ")
        assert "Deployment Status" in err
        assert "nothing was changed" not in err
    else:
        assert list(Path("state/sfkeytool/work").iterdir())
    again = cli(*DEPLOY)
    assert again.code == 0, again
    assert "carries this certificate already" in again.out
    assert "did not come to its end; held against the app now, nothing but the certificate was changed" in " ".join(
        again.err.split()
    )
    assert len(org.metadata.done) == 3
    assert not Path("state/sfkeytool/work").exists()
    assert "did not come" not in cli(*DEPLOY).err


def test_a_bug_after_the_deployment_does_not_say_that_nothing_was_changed(
    cli: Cli, org: FakeOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sfkeytool.workflows.app_certificate.read_back", bug)
    done = cli(*DEPLOY, "--json")
    assert (done.code, len(org.metadata.done)) == (70, 3)
    assert done.json["message"].endswith("what was done by then stays")


@pytest.mark.slow
def test_the_first_certificate_is_a_question_of_its_own(cli: Cli, org: FakeOrg) -> None:
    """--yes does not answer it; the flag does. The element comes to its place, in one line."""
    before = retrieve(org, "Plain")["connectedApps/Plain.connectedApp"]
    deploy = ("metadata", "pay", "--app", "Plain", "-o", "prod", "--deploy", "--yes")
    refused = cli(*deploy, "--json")
    assert (refused.code, refused.json["code"]) == (2, "usage.jwt-bearer")
    assert refused.json["actions"] == ["say so beforehand: --switch-on-jwt-bearer"]
    assert not org.metadata.done
    assert not list(Path("state").iterdir())
    done = cli(*deploy, "--switch-on-jwt-bearer", "--json")
    assert done.code == 0, done
    assert done.json["result"]["switchesOnJwtBearer"] is True
    assert done.json["result"]["before"] is None
    assert "metadata.switches-on" in {each["code"] for each in done.json["notices"]}
    after = retrieve(org, "Plain")["connectedApps/Plain.connectedApp"]
    assert after == before.replace("<consumerKey>", f"<certificate>{OTHER.line}</certificate><consumerKey>")


@pytest.mark.parametrize("answers", ["yy", "n", "yn", "\x03"])
@pytest.mark.slow
def test_on_a_terminal_it_asks(answers: str, org: FakeOrg, folder: Path) -> None:
    """First whether JWT bearer is to be switched on, then whether to deploy, with the org and both certificates above;
    No and Ctrl-C leave nothing behind."""
    child = pexpect.spawn(
        sys.executable, ["-m", "sfkeytool", "metadata", "pay", "--app", "Plain", "-o", "prod", "--deploy"], cwd=str(folder),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm", "CI": ""},
        encoding="utf-8", dimensions=(40, 200), timeout=60,
    )  # fmt: skip
    child.expect("Switch the JWT bearer flow on")
    child.send(answers[0])
    if len(answers) > 1:
        child.expect("PRODUCTION")
        child.expect("on the app: none")
        child.expect(OTHER.sha256)
        child.expect("Deploy to this org")
        child.send(answers[1])
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == {"yy": 0, "n": 1, "yn": 1, "\x03": 130}[answers]
    assert [is_dry for is_dry, _ in org.metadata.done] == ([True, True, False] if answers == "yy" else [])
    assert bool(list(Path("state").iterdir())) is (answers == "yy")


@pytest.mark.slow
def test_a_dry_run_changes_nothing(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """It reads, refuses what would be refused, and says what would be done: no deployment, not even for trial."""
    dry = cli(*DEPLOY, "--dry-run")
    assert dry.code == 0, dry
    assert OLD.sha256 in dry.out
    assert OTHER.sha256 in dry.out
    assert "would be changed: put a certificate until" in " ".join(dry.err.split())
    assert not org.metadata.done
    assert not list(Path("state").iterdir())
    assert cli(*DEPLOY, "--dry-run", "--json").json["dryRun"] is True
    plain = cli("metadata", "pay", "--app", "Plain", "-o", "prod", "--deploy", "--yes", "--dry-run", "--json")
    assert "metadata.switches-on" in {each["code"] for each in plain.json["notices"]}
    org.metadata.hidden_elements = {"consumerKey"}
    assert cli(*DEPLOY, "--dry-run", "--json").json["code"] == "metadata.app-masked"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--deploy", "--yes", "--contact-email", "a@example.com"), "usage.metadata"),
        (("-o", "prod", "--contact-email", "a@example.com"), "usage.metadata"),
        (("--app", "Pay", "--in", "x-meta.xml"), "usage.metadata"),
        (("--app", "Pay", "-o", "prod", "--label", "x"), "usage.metadata"),
        (("--app", "Pay"), "usage.missing"),
        (("--app", "Pay", "--deploy", "--yes"), "usage.missing"),
        (("--app", "Pay", "-o", "prod", "--deploy"), "usage.confirm"),
        (("--app", "Pay", "-o", "prod", "--yes"), "usage.yes"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], code: str, cli: Cli, org: FakeOrg) -> None:
    refused = cli("metadata", "pay", *arguments, "--json")
    assert (refused.code, refused.json["code"]) == (2, code), refused
    assert not org.requests


@pytest.mark.slow
def test_two_runs_do_not_change_one_app_at_once(cli: Cli, org: FakeOrg, folder: Path) -> None:
    """The second one is told, and touches nothing."""
    from sfkeytool.edge.kept_originals import app_locked

    with app_locked(os.environ, org.org_id, "Pay"):
        second = cli(*DEPLOY, "--json")
        assert (second.code, second.json["code"]) == (1, "output.locked")
    assert not sf_calls(folder)
    assert cli(*DEPLOY).code == 0


PAY_ADDRESS = AppAddress(app="Pay", kind=AppKind.CONNECTED_APP, type="ConnectedApp", member="Pay")
APP = "<ConnectedApp><label>Pay</label><attributes><key>a</key><v>1</v></attributes><attributes><key>b</key><v>2</v></attributes>{}</ConnectedApp>"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "", []),
        ("<x>1</x><y/>", "<y/>\n  <x> 1 </x>", []),
        ("<s>A</s><s>B</s>", "<s>B</s><s>A</s>", []),
        ("<s>A</s>", "<s>A</s><s>B</s>", ["s was A and is A, B"]),
        ("<x>1</x>", "", ["x is gone; it was 1"]),
        ("", "<o><x>1</x></o>", ["o.x is there now: 1"]),
        ("<o/>", "<o><x>1</x></o>", ["o is gone; it was empty", "o.x is there now: 1"]),
        ("<consumerKey>a</consumerKey>", "<consumerKey>b</consumerKey>", ["consumerKey was one and is another"]),
        (
            "<oauthConfig><certificate>a</certificate></oauthConfig>",
            "<oauthConfig/>",
            ["oauthConfig is there now: empty"],
        ),
        ("<x a='1'>1</x>", "<x a='2'>1</x>", ["ConnectedApp was of one structure and is of another"]),
    ],
)
def test_any_difference_is_seen(before: str, after: str, told: list[str]) -> None:
    """But for order, indentation and the certificate."""
    documents = [APP.format(each).encode() for each in (before, after)]
    assert list(map(str, compare_documents(PAY_ADDRESS, *documents))) == told


def test_what_belongs_together_is_compared_together() -> None:
    """The same texts in other groups are another app."""
    swapped = APP.replace("<v>1</v>", "<v>3</v>").replace("<v>2</v>", "<v>1</v>").replace("<v>3</v>", "<v>2</v>")
    [difference] = compare_documents(PAY_ADDRESS, APP.format("").encode(), swapped.format("").encode())
    assert str(difference) == "ConnectedApp was of one structure and is of another"
