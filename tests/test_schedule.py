"""docs/schedule.md: each job that it shows is run, as far as a test can, and tells once."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from conftest import Result, process, required
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from test_notify import Arrived, webhook  # noqa: F401 - a fixture

PAGE = (Path(__file__).parent.parent / "docs" / "schedule.md").read_text(encoding="utf-8")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def expiring_certificate() -> bytes:
    """PEM of a year's certificate that has 20 days left."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=pay")
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - timedelta(days=345), now + timedelta(days=20)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def home(folder: Path, webhook: Arrived) -> Path:  # noqa: F811
    """A home with certificates/keys, the page's configuration, an address, and the command where pipx puts it."""
    certificates = folder / "certificates"
    (certificates / "keys").mkdir(parents=True)
    (certificates / "keys" / "pay.crt").write_bytes(expiring_certificate())
    (certificates / "sfkeytool.toml").write_text(blocks("toml")[0])
    (certificates / "admin-mail.url").write_text(webhook.address + "\n")
    command = folder / ".local" / "bin" / "sfkeytool"
    command.parent.mkdir(parents=True)
    path = os.pathsep.join(filter(None, sys.path))
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(path)} exec {shlex.quote(sys.executable)} -m sfkeytool "$@"\n'
    )
    command.chmod(0o755)
    return folder


def shell(line: str, home: Path, **environ: str) -> Result:
    """What cron and GitHub's runners do: a shell without a terminal, and with a poor environment."""
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=home,
        env={"HOME": str(home), "PATH": f"{home / '.local' / 'bin'}:/usr/bin:/bin", "CI": "true", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_the_configuration_tells_once_and_shows_what_it_would_tell(home: Path, webhook: Arrived) -> None:  # noqa: F811
    """A dry run first, then two days."""
    certificates = home / "certificates"
    dry = process("audit", "--config", "sfkeytool.toml", "--dry-run", cwd=certificates)
    assert dry.code == 5
    assert "sfkeytool: 1 certificate expires within 30 days" in dry.out
    assert webhook.messages == []
    for _ in range(2):
        assert process("audit", "--config", "sfkeytool.toml", "--json", cwd=certificates).code == 5
    [(subject, _)] = webhook.messages
    assert subject in dry.out


@pytest.mark.slow
def test_a_delivery_that_failed_is_red_and_made_up_for(home: Path, webhook: Arrived) -> None:  # noqa: F811
    """Exit 1 where nothing is worse; the next run tells."""
    arguments = ("audit", "--config", "sfkeytool.toml", "--fail-on", "never", "--json")
    webhook.healthy = False
    failed = process(*arguments, cwd=home / "certificates")
    assert (failed.code, failed.json["result"]["notifications"][0]["status"]) == (1, "failed")
    assert "HTTP 500" in failed.json["warnings"][-1]
    webhook.healthy = True
    assert [process(*arguments, cwd=home / "certificates").code for _ in range(2)] == [0, 0]
    assert len(webhook.messages) == 1


@posix
@pytest.mark.slow
def test_the_cron_line_tells_once_and_prints_what_is_red(home: Path, webhook: Arrived) -> None:  # noqa: F811
    """cron mails what is printed."""
    [line] = blocks("crontab")
    schedule, command = line.split(maxsplit=5)[:5], line.split(maxsplit=5)[5]
    assert schedule == ["17", "5", "*", "*", "*"]
    assert "%" not in command
    for _ in range(2):
        assert "pay" in shell(command, home).out
    assert len(webhook.messages) == 1


@posix
@pytest.mark.slow
def test_the_workflow_is_sound_and_its_step_tells_once(home: Path, webhook: Arrived) -> None:  # noqa: F811
    """The secret goes through the environment, and the state is saved after a red run too."""
    workflow = yaml.safe_load(blocks("yaml")[0])
    steps = workflow["jobs"]["audit"]["steps"]
    [audit] = [step for step in steps if step.get("name") == "audit"]
    assert audit["env"] == {"ADMIN_MAIL": "${{ secrets.ADMIN_MAIL }}"}
    assert "${{" not in audit["run"], "an expression in a script is an injection"
    restore, save = (step for step in steps if step.get("uses", "").startswith("actions/cache/"))
    state = shlex.split(audit["run"])[-1]
    assert restore["with"]["path"] == save["with"]["path"] == state
    assert save["if"] == "always()"
    assert restore["with"]["restore-keys"] == save["with"]["key"].partition("${{")[0]
    for _ in range(2):
        assert shell(f"cd certificates && {audit['run']}", home, ADMIN_MAIL=webhook.address).code == 5
    assert len(webhook.messages) == 1


@posix
@pytest.mark.slow
def test_the_service_tells_once(home: Path, webhook: Arrived) -> None:  # noqa: F811
    """With its specifiers filled in as systemd does."""
    service, _ = blocks("ini")
    [start] = re.findall("^ExecStart=(.*)$", service, re.MULTILINE)
    (home / "sfkeytool").mkdir()
    credentials = home / "credentials"
    credentials.mkdir()
    shutil.copy(home / "certificates" / "admin-mail.url", credentials / "admin-mail")
    command = start.replace("%d", str(credentials)).replace("%S", str(home)).replace("/usr/local/bin/", "")
    for _ in range(2):
        assert shell(f"cd certificates && {command}", home).code == 5
    assert len(webhook.messages) == 1
    assert stat.S_IMODE((home / "sfkeytool" / "audit.json").stat().st_mode) == 0o600


@posix
def test_systemd_takes_the_units(folder: Path) -> None:
    """systemd-analyze knows every directive, and finds the command."""
    analyze = required("systemd-analyze")
    service, timer = blocks("ini")
    (folder / "sfkeytool-audit.service").write_text(service.replace("/usr/local/bin/sfkeytool", sys.executable))
    (folder / "sfkeytool-audit.timer").write_text(timer)
    done = subprocess.run(
        [analyze, "verify", "--man=no", "./sfkeytool-audit.timer", "./sfkeytool-audit.service"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform != "win32", reason="needs cmd.exe")
def test_the_command_file_of_windows_leaves_a_log_and_passes_the_exit_code_on(folder: Path) -> None:
    """From any folder, as Task Scheduler starts it in one of the system's."""
    certificates = folder / "my certificates"
    (certificates / "keys").mkdir(parents=True)
    (certificates / "keys" / "pay.crt").write_bytes(expiring_certificate())
    (certificates / "sfkeytool.toml").write_text('paths = ["keys"]\n')
    lines, found = re.subn(r'".*sfkeytool\.exe"', lambda _: f'"{sys.executable}" -m sfkeytool', blocks("bat")[0])
    assert found == 1
    (certificates / "audit.cmd").write_text(lines)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = ["cmd", "/c", str(certificates / "audit.cmd")]
    done = subprocess.run(command, cwd=folder, env=environ, timeout=60, check=False)
    assert (done.returncode, "pay" in (certificates / "audit.log").read_text()) == (5, True)


def test_the_ways_to_make_a_task_of_windows_make_the_same_one() -> None:
    """Name, time, what it starts, and once at a time; parsed only, as no Task Scheduler is here."""
    [text] = blocks("xml")
    [power] = blocks("powershell")
    command, create = blocks("bat")
    task = ElementTree.fromstring(text)  # noqa: S314 - our own page
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    executed = task.findtext("t:Actions/t:Exec/t:Command", namespaces=space)
    assert executed == r"C:\Users\me\certificates\audit.cmd"
    assert task.findtext("t:Triggers/t:CalendarTrigger/t:StartBoundary", namespaces=space, default="")[11:16] == "05:17"
    assert task.findtext("t:Triggers/t:CalendarTrigger/t:ScheduleByDay/t:DaysInterval", namespaces=space) == "1"
    settings = {setting.tag.partition("}")[2]: setting.text for setting in task.findall("t:Settings/*", space)}
    assert settings == {
        "MultipleInstancesPolicy": "IgnoreNew", "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false", "StartWhenAvailable": "true", "ExecutionTimeLimit": "PT15M",
    }  # fmt: skip
    assert "audit --config sfkeytool.toml" in command
    assert '/TN "sfkeytool audit" /SC DAILY /ST 05:17 /TR' in create
    run = re.findall(r'/TR "\\"(.*)\\""$', create.strip())
    assert run == [r"%USERPROFILE%\certificates\audit.cmd"]
    assert r'-Execute "$HOME\certificates\audit.cmd"' in power
    assert "-Daily -At 05:17" in power
    assert "-TaskName 'sfkeytool audit'" in power
