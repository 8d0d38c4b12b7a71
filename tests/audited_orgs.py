"""Pages of ``audit --html`` about fake orgs: worthless certificates under the names that people give to such things."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fake_org import FakeOrg
from filled_org import add_connected_app, fill, make
from stand_in_cli import as_command

Filler = Callable[[FakeOrg], object]

_SCRIPT = """#!{python} -SE
import sys
with open({answers!r}) as file:
    for line in file:
        alias, _, answer = line.partition("\\t")
        if alias == sys.argv[-1]:
            sys.stdout.write(answer)
"""

_SYSTEMS = (
    "Payroll", "Warehouse", "Invoicing", "Web_Shop", "Data_Lake", "Tax_Reports", "Field_Service", "Loyalty", "Bank_Feed",
    "Partner_Portal", "Support_Bot", "Backup",
)  # fmt: skip
_ALIASES = ("prod", "uat", "staging", "training", "hotfix", "dev-payments", "dev-service", "dev-sales", "perf", "demo")
_KEYS = 12


@contextmanager
def sf_for(folder: Path, orgs: Mapping[str, Filler]) -> Iterator[str]:
    """A PATH with a stand-in for the Salesforce CLI, below ``folder``, which is logged in to these orgs by alias."""
    with ExitStack() as stack:
        answers = []
        for alias, filler in orgs.items():
            org = stack.enter_context(FakeOrg(tls=False))
            filler(org)
            result = {"instanceUrl": org.url, "accessToken": org.let_in()}
            answers.append(f"{alias}\t{json.dumps({'status': 0, 'result': result})}\n")
        commands = folder / "commands"
        commands.mkdir(exist_ok=True)
        (commands / "answers").write_text("".join(answers))
        script = commands / "sf"
        script.write_text(_SCRIPT.format(python=sys.executable, answers=str(commands / "answers")))
        as_command(script)
        yield f"{commands}{os.pathsep}{os.environ['PATH']}"


def audited_page(page: Path, orgs: Mapping[str, Filler]) -> Path:
    """The page that the command makes of these orgs."""
    with sf_for(page.parent, orgs) as path:
        options = [text for alias in orgs for text in ("--target-org", alias)]
        done = subprocess.run(
            [sys.executable, "-m", "sfkeytool", "audit", *options, "--html", page.name],
            cwd=page.parent,
            env={**_inherited(), "PATH": path, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode in (0, 5, 6), done.stderr
    return page


def _inherited() -> dict[str, str]:
    ours = ("SFKEYTOOL_", "SF_", "SFDX_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def three(org: FakeOrg) -> None:
    """One that is due and uncovered, one that has expired, and a pair in CKM and on its app."""
    add_connected_app(org, "Payroll", make("payroll", 25, 1).pem)
    add_connected_app(org, "Warehouse", make("warehouse", -4, 2).pem)
    shop = make("web_shop", 210, 3)
    org.contents.add_certificate("web_shop", shop.pem, shop.expires)
    add_connected_app(org, "Web_Shop", shop.pem)


def busy(org: FakeOrg) -> None:
    """One of everything, and some that hurt."""
    fill(org)
    three(org)


def ten_orgs() -> dict[str, Filler]:
    """Three hundred certificates: in each org apps of which some are covered, and what CKM holds for itself."""
    return {alias: _many(number) for number, alias in enumerate(_ALIASES)}


def _many(number: int) -> Filler:
    def filler(org: FakeOrg) -> None:
        org.contents.rows["Organization"][0].update(Name="Worthless Ltd", IsSandbox=number > 0)
        for at in range(30):
            system = _SYSTEMS[at % len(_SYSTEMS)]
            days = (number * 37 + at * 53) % 700 + 20 if (number + at) % 9 else (number * 5 + at) % 40 - 9
            made = make(f"{system} {at}".lower(), days, 1 + at % _KEYS)
            if at % 3 != 1:
                org.contents.add_certificate(f"{system.lower()}_{at}", made.pem, made.expires)
            if at % 3:
                add_connected_app(org, f"{system}_{at}", made.pem)

    return filler


def company(org: FakeOrg) -> None:
    """What an org may look like: one thing that has expired, one that is due, and much that is in order."""
    contents = org.contents
    contents.rows["Organization"][0].update(Name="Worthless Ltd")
    add_connected_app(org, "Payroll", make("payroll", 25, 1).pem)
    add_connected_app(org, "Warehouse", make("warehouse", -4, 2).pem)
    for number, (name, days) in enumerate({"Web_Shop": 130, "Invoicing": 210, "Field_Service": 388}.items(), 3):
        made = make(name.lower(), days, number)
        contents.add_certificate(name.lower(), made.pem, made.expires)
        add_connected_app(org, name, made.pem)
    tax = make("tax_reports", 290, 6)
    prefix = tax.sha256.replace(":", "").lower()[:32]
    reminder = make("tax_reports", 290, 7, unit=f"expiry reminder {prefix}")
    contents.add_certificate("tax_reports_expiry_only", reminder.pem, reminder.expires)
    add_connected_app(org, "Tax_Reports", tax.pem)
    bank, old, new = make("bank_feed", 340, 8), make("single_sign_on", 48, 9), make("single_sign_on", 430, 10)
    contents.add_certificate("bank_feed", bank.pem, bank.expires)
    contents.add("NamedCredential", "Bank", [("certificate", "bank_feed"), ("label", "Bank")])
    contents.add_certificate("single_sign_on", old.pem, old.expires)
    contents.add_certificate("single_sign_on_202711", new.pem, new.expires)
    contents.add_person("admin@example.com", permission=True, admin=True)
