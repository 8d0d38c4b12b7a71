"""The guided menu behind a bare ``sfkeytool``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sfkeytool.cli.fields import existing_path
from sfkeytool.cli.render import Console
from sfkeytool.cli.run import Command, boundary, run_command
from sfkeytool.edge.ask import Asker, Check, Choice
from sfkeytool.errors import EXIT_DIFFERENT, EXIT_INTERRUPTED
from sfkeytool.model import Purpose

_ROADS = {
    "outside": "Make the key here, import it too: Salesforce should mail of its expiry",
    "born": "Let Salesforce make the key, a CA signs: Salesforce mails of its expiry",
    "reminder": "Keep the key out of the org, a reminder in: Salesforce should mail of it",
    "audit": "No mails wanted, or many apps: look what expires, and be told",
    "other": "Something else: look into a file, a refused keystore, a login, an app",
}
"""docs/which-road.md compares the first four."""

_JOBS = {
    "self-signed": ("outside", "Make a keypair with a self-signed certificate (enough for JWT logins)"),
    "csr": ("outside", "Make a keypair and a certificate request for a CA"),
    "wrap": ("outside", "Wrap the CA's answer, or a PFX, into a keystore for Salesforce"),
    "renew": ("outside", "Renew a certificate that is about to expire (same key)"),
    "rotate": ("outside", "Rotate a key (new key)"),
    "ckm create": ("born", "Let Salesforce make a key and a request"),
    "ckm csr": ("born", "Fetch that request, for a CA to sign"),
    "ckm chain": ("born", "Prepare the CA's answer for Upload Signed Certificate in Setup"),
    "ckm upload": ("born", "Bring the CA's answer into the org with the Salesforce CLI"),
    "ckm download": ("born", "Fetch the certificate, for the app"),
    "unwrap": ("born", "Get the key out for a client: take apart what Export to Keystore gave"),
    "ckm list": ("born", "See what the org has"),
    "reminder": ("reminder", "Make a reminder of a certificate"),
    "audit": ("audit", "See what expires when, in folders, sfdx projects and orgs"),
    "check": ("other", "Salesforce refuses my keystore: find out why, and repair it"),
    "show": ("other", "Look into a file"),
    "compare": ("other", "Compare two files: is it the same certificate?"),
    "login": ("other", "Log in with a key: does Salesforce accept it?"),
    "metadata": ("other", "Make the app's metadata, with the certificate in it"),
}
"""The road on which a job lies, and what it is called."""

T = TypeVar("T")

_REFUSED = "check"
_LEAVE = "leave"


def run_menu(commands: Sequence[Command], asker: Asker | None = None) -> int:
    """Ask for the road and the job, then run that command with every question of its own. Returns its exit code."""
    asker = asker or Asker()
    by_name = {command.name: command for command in commands}
    leave = Choice(_LEAVE, "Leave")
    roads = [*(Choice(name, title) for name, title in _ROADS.items()), leave]
    road, status = _answer(lambda: asker.choice("Which road? (docs/which-road.md compares them)", roads))
    if road is None or road == _LEAVE:
        return status
    jobs = [Choice(name, title) for name, (of_road, title) in _JOBS.items() if of_road == road]
    chosen: str | None = jobs[0].value
    if len(jobs) > 1:
        chosen, status = _answer(lambda: asker.choice("What do you want to do?", [*jobs, leave]))
    if chosen is None or chosen == _LEAVE:
        return status
    if chosen == _REFUSED:
        return _help_with_refusal(by_name["check"], by_name["explain"], asker)
    return run_command(by_name[chosen], {}, guided=True, asker=asker)


def _answer(ask: Callable[[], T]) -> tuple[T | None, int]:
    """The answer, or None and the exit code if the question was broken off."""
    answers: list[T] = []

    def body() -> int:
        answers.append(ask())
        return 0

    status = boundary(Console(), body)
    return (answers[0] if answers else None), status


class _RememberingAsker(Asker):
    """Asks for each password once: ``replay`` gives those that were typed again, in the same order."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._typed: list[str] = []
        self._replayed: list[str] = []

    def replay(self) -> None:
        self._replayed = list(self._typed)

    def password(self, message: str, *, check: Check | None = None) -> str:
        if self._replayed:
            return self._replayed.pop(0)
        self._typed.append(self._asker.password(message, check=check))
        return self._typed[-1]

    def text(self, message: str, *, default: str = "", check: Check | None = None) -> str:
        return self._asker.text(message, default=default, check=check)

    def path(self, message: str, *, check: Check | None = None) -> str:
        return self._asker.path(message, check=check)

    def choice(self, message: str, choices: Sequence[Choice], *, default: str | None = None) -> str:
        return self._asker.choice(message, choices, default=default)

    def confirm(self, message: str, *, default: bool) -> bool:
        return self._asker.confirm(message, default=default)


def _help_with_refusal(check: Command, explain: Command, asker: Asker) -> int:
    """Check the file, explain Salesforce's message, and repair a copy if that is wanted. Returns check's exit code."""
    file, status = _answer(lambda: Path(asker.path("File that Salesforce refuses:", check=existing_path)))
    if file is None:
        return status
    message, status = _answer(lambda: asker.text("What did Salesforce say? Paste it, or just Enter:"))
    if message is None:
        return status
    remembering = _RememberingAsker(asker)
    status = run_command(check, {"files": [file]}, asker=remembering)
    if message and status != EXIT_INTERRUPTED:
        run_command(explain, {"text": message.split()}, asker=asker)
    if status != EXIT_DIFFERENT:
        return status
    wanted, interrupted = _answer(
        lambda: asker.confirm("Write a repaired copy, as far as it can be repaired?", default=True)
    )
    if not wanted:
        return interrupted or status
    remembering.replay()
    given = {"files": [file], "fix": True, "purpose": Purpose.JWT}
    return run_command(check, given, guided=True, asker=remembering)
