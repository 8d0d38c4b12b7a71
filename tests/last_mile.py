"""From an empty folder to an app that the audit calls covered, as a person at a terminal of 80 columns sees it.

``python tests/last_mile.py`` writes docs/last-mile.txt, from real runs of each command on a pseudo-terminal, with an org
that is none, whose import page somebody fills in.
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING
from unittest.mock import patch

from fake_org import FakeOrg
from filled_org import CONSUMER_KEY, add_external_client_app, make
from guided_runs import normalised, workplace
from screen import Screen
from stand_in_cli import in_front, install_stand_in

if TYPE_CHECKING:
    from test_guided_screens import Terminal

PAGE = Path(__file__).parent.parent / "docs" / "last-mile.txt"
USER = "bot@example.com"
_PAUSE_SECONDS = 0.2
_HEAD = """An empty folder, an org whose app Pay has no certificate yet, and the Salesforce CLI. The org is the tests'
own, the names are worthless. What was printed stands here as it was, questions with their answers.
"""


def steps(url: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Each line that is typed, and what is pressed once something stands on the screen."""
    login = f"--client-id {CONSUMER_KEY} --username {USER} --external-client-app --instance-url {url}"
    return [
        ("self-signed pay_api --password generate", ()),
        ("doctor pay_api -o uat", ()),
        ("ckm import pay_api -o uat", (("Open the import page of uat?", "y"), ("Delete the keystore?", "y"))),
        (
            "metadata pay_api --app Pay -o uat --deploy",
            (("Switch the JWT bearer flow on", "y"), ("Deploy to this org?", "y")),
        ),
        (f"login pay_api {login}", ()),
        ("audit pay_api -o uat", ()),
    ]


def session() -> str:
    """All of it, as it is printed in a window of 80 columns; longer are only commands and paths."""
    with workplace() as empty:
        for file in Path().iterdir():
            file.unlink()
        with road_org(empty) as org:
            place = os.path.realpath(".")
            told = [f"$ sfkeytool {line}\n{_run(line, keys)}" for line, keys in steps(org.url)]
            text = normalised("\n\n".join(told), place, org.url)
    text = text.replace("/home/ada/salesforce/integration-keys/.state", "/home/ada/.local/state")
    text = re.sub(r"(?:[0-9A-F]{2}:){7}[0-9A-F]{2}(?=\u2026)", ":".join(["00"] * 8), text)
    text = re.sub(r"\b\d{8}T\d{6}Z-[0-9a-f]{6}\b", "20261127T090000Z-000000", text)
    text = re.sub(r"\b0P1\w{12}\b", "0P1000000000KmX", text)
    return f"{_HEAD}\n{text}\n"


@contextmanager
def road_org(org: FakeOrg) -> Iterator[FakeOrg]:
    """The org of the road, reached by the stand-in for the Salesforce CLI alone, with a person at its import page."""
    for kind in [*org.contents.components]:
        org.contents.components[kind].clear()
    org.contents.rows["Organization"][0]["IsSandbox"] = True
    idp = make("idp", 300, 1)
    org.contents.add_certificate("idp", idp.pem, idp.expires)
    enabled = [("fullName", "IdentityProvider"), ("certificateName", "idp"), ("enableIdentityProvider", "true")]
    org.contents.add("IdentityProviderSettings", "IdentityProvider", enabled)
    org.contents.add_person("ada@example.com", permission=True, admin=True)
    org.contents.add_person("ben@example.com", permission=True)
    org.add_user(USER)
    org.add_app(CONSUMER_KEY, "", approved_users=[USER], label="Pay", external=True)
    add_external_client_app(org, "Pay", None)
    home = Path(os.environ["HOME"])
    environment = {"PATH": in_front(install_stand_in(org, home)), "XDG_STATE_HOME": f"{os.path.realpath('.')}/.state"}
    gone = ("SF_ACCESS_TOKEN", "SF_ORG_INSTANCE_URL", "CI")
    ended = Event()
    at_page = Thread(target=_import, args=(org, home / "sf.log.door", ended))
    with patch.dict(os.environ, environment):
        for name in gone:
            os.environ.pop(name, None)
        at_page.start()
        try:
            yield org
        finally:
            ended.set()
            at_page.join()


def _import(org: FakeOrg, door: Path, ended: Event) -> None:
    from test_fake_setup import Visitor

    while not ended.wait(0.05):
        if door.exists() and (url := door.read_text()):
            door.unlink()
            password = Path("pay_api/pay_api.jks.password").read_text().strip()
            Visitor(org).go(url).save(Path("pay_api/pay_api.jks").read_bytes(), password)


def _run(line: str, keys: tuple[tuple[str, str], ...]) -> str:
    pause = time.sleep
    with patch("time.sleep", lambda seconds: pause(min(seconds, _PAUSE_SECONDS))):
        terminal = _terminal(line)
    try:
        for text, pressed in keys:
            terminal.shows(text)
            terminal.press(pressed)
        code = terminal.ended()
    finally:
        os.close(terminal._fd)
    assert code == 0, terminal.screen.text()
    return terminal.screen.text()


def _terminal(line: str) -> "Terminal":
    """Of 80 columns and 24 rows for the command; what it prints is kept whole, so that a long line stays one."""
    from test_guided_screens import Terminal

    terminal = Terminal(80, *line.split(), COLUMNS="80", LINES="24", NO_COLOR="1")
    terminal.screen = Screen(400, 400)
    return terminal


if __name__ == "__main__":
    sys.stdout.write(f"{PAGE.write_text(session(), encoding='utf-8')}\n")
