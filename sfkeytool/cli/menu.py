"""The guided menu behind a bare ``sfkeytool``."""

from collections.abc import Sequence

from sfkeytool.cli.render import Console
from sfkeytool.cli.run import Command, boundary, run_command
from sfkeytool.edge.ask import Asker, Choice

_JOBS = {
    "self-signed": "Make a keypair with a self-signed certificate (enough for JWT logins)",
    "csr": "Make a keypair and a certificate request for a CA",
    "wrap": "Wrap the CA's answer, or a PFX, into a keystore that Salesforce imports",
    "unwrap": "Take a keystore apart: key, certificate, chain",
    "show": "Look into a file",
    "check": "Salesforce refuses my keystore: find out why, and repair it",
    "compare": "Compare two files: is it the same certificate?",
}
_LEAVE = "leave"


def run_menu(commands: Sequence[Command], asker: Asker | None = None) -> int:
    """Ask what to do, then run that command with every question of its own. Returns its exit code."""
    asker = asker or Asker()
    by_name = {command.name: command for command in commands}
    choices = [Choice(name, title) for name, title in _JOBS.items()] + [Choice(_LEAVE, "Leave")]
    chosen = ""

    def ask() -> int:
        nonlocal chosen
        chosen = asker.choice("What do you want to do?", choices)
        return 0

    status = boundary(Console(), ask)
    if status or chosen == _LEAVE:
        return status
    return run_command(by_name[chosen], {}, guided=True, asker=asker)
