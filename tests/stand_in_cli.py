"""A stand-in for the Salesforce CLI: a script called sf, which retrieves and deploys over the fake org's Metadata API,
as the real one does, and writes down how it was called."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fake_org import FakeOrg

ASK = r"""
def ask(method, path, headers="", body=b""):
    import socket  # what speaks more of HTTP takes longer to import than all else
    host, port = URL.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as org:
        org.sendall(f"{method} {path} HTTP/1.0\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b"".join(iter(lambda: org.recv(1 << 16), b""))
    assert b" 200 " in answer.split(b"\n")[0], answer
    return answer.partition(b"\r\n\r\n")[2].decode()
"""
"""For scripts that know the org's URL."""

_SCRIPT = r"""#!{python} -IS
import json, os, sys
URL, TOKEN, LOG = {url!r}, {token!r}, {log!r}
arguments = sys.argv[1:]
with open(LOG, "a") as log:
    log.write(json.dumps([arguments, os.getcwd(), sorted(os.environ), sys.stdin.read()]) + "\n")

def option(name):
    return arguments[arguments.index(name) + 1]

{ask}
def call(name, inner):
    space = "http://soap.sforce.com/2006/04/metadata"
    envelope = ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader xmlns="'
        + space + '"><sessionId>' + TOKEN + "</sessionId></SessionHeader></e:Header><e:Body><" + name + ' xmlns="'
        + space + '">' + inner + "</" + name + "></e:Body></e:Envelope>")
    return ask("POST", "/services/Soap/m/" + option("--api-version"), body=envelope.encode())

def text(answer, name):
    import re
    found = re.search("<" + name + ">(.*?)</" + name + ">", answer, re.S)
    return found[1] if found else ""

def retrieve():
    import base64, io, zipfile
    type, member = option("--metadata").split(":", 1)
    asked = ("<request><singlePackage>true</singlePackage><unpackaged><types><members>" + member + "</members><name>"
        + type + "</name></types></unpackaged></request>")
    answer = call("checkRetrieveStatus", "<asyncProcessId>" + text(call("retrieve", asked), "id") + "</asyncProcessId>")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text(answer, "zipFile")))) as archive:
        archive.extractall(os.path.join(option("--target-metadata-dir"), "unpackaged"))
    return {{"status": 0, "result": {{"done": True, "status": "Succeeded", "success": True, "files": []}}}}

def deploy():
    import base64, io, stat, time, zipfile
    folder = option("--metadata-dir")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                assert os.name == "nt" or stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
                archive.write(path, os.path.relpath(path, folder))
    dry = str("--dry-run" in arguments).lower()
    sent = ("<ZipFile>" + base64.b64encode(packed.getvalue()).decode() + "</ZipFile><DeployOptions><checkOnly>" + dry
        + "</checkOnly></DeployOptions>")
    done = call("deploy", sent)
    if dry == "false" and os.path.exists(LOG + ".hang"):
        with open(LOG + ".pid", "w") as pid:
            pid.write(str(os.getpid()))
        time.sleep(60)
    answer = call("checkDeployStatus", "<asyncProcessId>" + text(done, "id") + "</asyncProcessId>")
    problem = text(answer, "problem")
    failures = [{{"problem": problem, "problemType": "Error", "success": False}}] if problem else []
    details = {{"componentFailures": failures, "componentSuccesses": []}}
    return {{"status": int(bool(problem)), "result": {{"success": not problem, "details": details}}}}

if arguments[:2] == ["org", "open"]:
    import urllib.parse
    path = "/services/oauth2/singleaccess?" + urllib.parse.urlencode({{"redirect_uri": option("--path")}})
    with open(os.open(LOG + ".door", os.O_WRONLY | os.O_CREAT, 0o600), "w") as browser:
        browser.write(json.loads(ask("GET", path, f"Authorization: Bearer {{TOKEN}}\r\n"))["frontdoor_uri"])
    sys.exit()
if arguments[:2] == ["org", "display"]:
    answer = {{"status": 0, "result": {{"instanceUrl": URL, "accessToken": TOKEN}}}}
elif arguments[:2] == ["project", "retrieve"]:
    answer = retrieve()
else:
    answer = deploy()
print(json.dumps(answer))
sys.exit(answer["status"])
"""


def as_command(script: Path) -> Path:
    """What has a first line for the system can be called: by the path that is returned. Windows reads no such line,
    and gets what npm puts beside a script."""
    script.chmod(0o755)
    if sys.platform != "win32":
        return script
    options = script.read_text().splitlines()[0].removeprefix(f"#!{sys.executable}")
    command = script.with_name(f"{script.name}.cmd")
    command.write_text(f'@"{sys.executable}"{options} "%~dp0{script.name}" %*\n')
    return command


def install_stand_in(org: FakeOrg, folder: Path) -> Path:
    """``sf`` in the folder ``bin`` of ``folder``, which is to stand in front of PATH; it knows one org by any alias."""
    script = folder / "bin" / "sf"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        _SCRIPT.format(ask=ASK, python=sys.executable, url=org.url, token=org.let_in(), log=str(folder / "sf.log"))
    )
    as_command(script)
    return script.parent


def hang_in_deployment(folder: Path) -> Callable[[], int]:
    """Let a deployment that is none for trial end at the org, and not here; what is returned waits for that, and tells
    the process that hangs."""
    (folder / "sf.log.hang").touch()
    told = folder / "sf.log.pid"

    def wait() -> int:
        end = time.monotonic() + 30
        while not (told.exists() and told.read_text()):
            assert time.monotonic() < end, "no deployment"
            time.sleep(0.02)
        (folder / "sf.log.hang").unlink()
        return int(told.read_text())

    return wait


def sf_calls(folder: Path) -> list[list[Any]]:
    """How it was called, but for what logs in: arguments, folder, names of variables, what stdin had."""
    log = folder / "sf.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [call for call in map(json.loads, lines) if call[0][0] != "org"]


def in_front(folder: Path) -> str:
    """PATH with ``folder`` before all else."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
