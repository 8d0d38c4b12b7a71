"""Every road of the menu, walked once in a window of 80 columns and 24 rows: docs/guided holds its screens.

``python tests/guided_runs.py`` walks them all and writes them there, from a real run with an org that is none. Days are
told as if it were the 27th of November 2026, so that a run of another day gives the same text.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from fake_org import FakeOrg
from filled_org import add_connected_app, key, make, request
from guided_driver import Person, ScreenStream, person
from screen import Screen

PASSWORD = "worthless-password-24"
DOCS = Path(__file__).parent.parent / "docs" / "guided"
_TODAY = date(2026, 11, 27)
_PLACE = "/home/ada/salesforce/integration-keys"


class Road(NamedTuple):
    """``answers`` from the menu's first question on; ``exit_code`` is what the run ends with."""

    title: str
    answers: tuple[Any, ...]
    exit_code: int = 0


ROADS = {
    "self-signed": Road(
        "A new certificate, self-signed",
        ("MAKE", "self-signed", "pay_api", "jwt", "2048", "Acme", "DE", "365", "generate", "yes"),
    ),
    "csr": Road(
        "A new certificate that a CA signs: the request",
        ("MAKE", "csr", "shop", "domain", "2048", "Acme", "DE", "shop.example.com", "yes"),
    ),
    "ckm-create": Road(
        "A certificate whose key Salesforce makes",
        ("MAKE", "ckm create", "portal", "2048", "Acme", "DE", False, "", "yes"),
    ),
    "reminder": Road("Only a reminder", ("MAKE", "reminder", "pay_api/pay_api.crt", "generate", "yes")),
    "wrap": Road(
        "The CA's answer to a request that was made here",
        ("ANSWER", "wrap", "shop", "answer.crt", "ca.crt", "", "generate", "yes"),
    ),
    "ckm-chain": Road(
        "The CA's answer to a request of CKM, for Setup",
        ("ANSWER", "ckm chain", "\0other", "desk", "desk.crt", "ca.crt", "", "jwt", "yes"),
    ),
    "ckm-upload": Road(
        "The CA's answer to a request of CKM, as source",
        ("ANSWER", "ckm upload", "desk", "desk.crt", "ca.crt", "", False, "", "yes"),
    ),
    "ckm-import": Road("A keystore into the org, proved", ("IMPORT", "ckm import", "pay_api", "", "yes", False)),
    "ckm-cover": Road("An app that CKM mails about already", ("IMPORT", "ckm cover", "CRM", "")),
    "doctor": Road("What stands in the way of that", ("IMPORT", "doctor", "pay_api", "")),
    "check": Road(
        "A keystore that Salesforce refused",
        (
            "REFUSED",
            "check",
            "refused.jks",
            "Keystore contains an entry whose alias is not acceptable for import",
            PASSWORD,
            True,
            "",
            "yes",
        ),
    ),
    "explain": Road("Only a message", ("REFUSED", "explain", "The key is not an RSA key.")),
    "login": Road(
        "A login that fails",
        ("REFUSED", "login", "pay_api", "3MVG9worthless", "bot@example.com", False, "", "\0leave"),
        4,
    ),
    "renew": Road(
        "A certificate that is about to expire: the same key",
        ("EXPIRES", "renew", "pay_api", False, "365", "generate", "yes"),
    ),
    "rotate": Road(
        "A certificate that is about to expire: a new key",
        ("EXPIRES", "rotate", "pay_api", False, "365", "prompt", PASSWORD, PASSWORD, "yes"),
    ),
    "audit": Road(
        "What expires when",
        (
            *("LOOK", "\0other", "pay_api", "", "", "30", "certificates.html", False, "certificates.ics"),
            *("\0other", "env:NOBODY", "audit-state.json", "yes"),
        ),
    ),
    "show": Road("Into a file", ("MORE", "show", "shop/shop.crt")),
    "compare": Road("Two files", ("MORE", "compare", "pay_api/pay_api.crt", "pay_api/pay_api.jks")),
    "unwrap": Road(
        "A keystore whose password is not known: three tries, then another file",
        ("MORE", "unwrap", "refused.jks", "wrong-1", "wrong-2", "wrong-3", "file", "\0other", "export.pfx", "yes"),
    ),
    "metadata": Road(
        "An app's metadata", ("MORE", "metadata", "pay_api", "external-client-app", "ada@example.com", "yes")
    ),
    "ckm-list": Road("What CKM holds", ("MORE", "ckm list", "")),
    "ckm-csr": Road("A request of CKM", ("MORE", "ckm csr", "waiting", "", "yes")),
    "ckm-download": Road("A certificate of CKM", ("MORE", "ckm download", "crm", "", "yes")),
}


def walk(road: Road, *, columns: int = 80) -> tuple[int, Person]:
    """The exit code and the person, whose ``screens`` end with the last one. In the current folder."""
    from sfkeytool.cli.menu import run_menu

    screen = Screen(24, columns)
    stream = ScreenStream(screen)
    size = patch.dict(os.environ, {"COLUMNS": str(columns), "LINES": "24"})
    with size, person(screen, road.answers) as ada, redirect_stdout(stream), redirect_stderr(stream):
        code = run_menu(ada)
        ada.screens.append(screen.shown())
    return code, ada


@contextmanager
def somebody_imports(org: FakeOrg) -> Iterator[None]:
    """In the first pause between two looks at CKM, as on its page."""
    from test_fake_setup import ASKED, Visitor

    pause = time.sleep

    def sleep(seconds: float) -> None:
        if seconds < 1:
            pause(seconds)
        elif not org.setup.uploads:
            visitor = Visitor(org)
            visitor.go(visitor.front_door(ASKED))
            password = Path("pay_api/pay_api.jks.password").read_text().strip()
            visitor.save(Path("pay_api/pay_api.jks").read_bytes(), password)

    with patch("time.sleep", sleep):
        yield


@contextmanager
def workplace() -> Iterator[FakeOrg]:
    """A current folder with a path of always the same length, and an org in the environment."""
    base = Path(os.path.realpath(tempfile.mkdtemp(dir=None if sys.platform == "win32" else "/tmp")))
    place = base / ("x" * (len(_PLACE) - len(str(base)) - 1))
    before = Path.cwd()
    place.mkdir()
    try:
        with FakeOrg(tls=False) as org:
            crm = make("crm", 200, 1)
            org.contents.add_certificate("crm", crm.pem, crm.expires)
            add_connected_app(org, "CRM", crm.pem)
            for name, number in (("desk", 1), ("waiting", 2)):
                org.contents.add_certificate(name, request(name, number), None, ca_signed=True, unusable=True)
            environment = {
                **{"SF_ACCESS_TOKEN": org.let_in(), "SF_ORG_INSTANCE_URL": org.url},
                **{"HOME": str(base), "USERPROFILE": str(base)},  # where the Salesforce CLI knows no org
                **{"DISPLAY": ":0", "NOBODY": "json://127.0.0.1:9/"},
            }
            os.chdir(place)
            _put_files()
            with patch.dict(os.environ, environment):
                yield org
    finally:
        os.chdir(before)
        shutil.rmtree(base)


def _put_files() -> None:
    """What people bring: a CA, its answer to CKM's request, a keystore with a name that will not do."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    ca = make("Worthless CA", 3000, 0, ca=True)
    Path("ca.crt").write_text(ca.pem)
    Path("desk.crt").write_text(make("desk", 90, 1, issuer=ca).pem)
    old = make("old", 30, 2)
    for name, alias, password in (("refused.jks", b"pay-api", PASSWORD.encode()), ("export.pfx", b"legacy", b"")):
        lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        Path(name).write_bytes(pkcs12.serialize_key_and_certificates(alias, key(2), old.certificate, None, lock))


def sign_the_request() -> None:
    """What the CA does between the request and its answer."""
    csr = x509.load_pem_x509_csr(Path("shop/shop.csr").read_bytes())
    ca = x509.load_pem_x509_certificate(Path("ca.crt").read_bytes())
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(ca.subject, csr.subject, csr.public_key(), 4096)
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=90, minutes=1))
    for extension in csr.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signed = builder.sign(key(0), hashes.SHA256())
    Path("answer.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def normalised(text: str, place: str, url: str) -> str:
    """The same on another day, in another folder, with other keys."""
    today = datetime.now(UTC).date()
    shift = _TODAY - today

    def told(match: re.Match[str]) -> str:
        return str(date.fromisoformat(match[0]) + shift)

    text = text.replace(place, _PLACE).replace(url, "https://acme.example").replace(url.removeprefix("http://"), "acme")
    # A certificate begins an hour ago, in the first hour of a day yesterday; when a source was read is no day of a run.
    text = re.sub(rf"(valid +){today - timedelta(days=1)}(?= to )", rf"\g<1>{today}", text)
    text = re.sub(r"(?<!looked up )\b20[2-4][0-9]-[01][0-9]-[0-3][0-9]\b", told, text)
    text = text.replace(f"_{datetime.now(UTC):%Y%m}", f"_{_TODAY:%Y%m}")
    for random in (r"(?:[0-9A-F]\n?){2}(?::\n?(?:[0-9A-F]\n?){2}){31}", r"\b[0-9a-f]{32}\b"):
        text = re.sub(random, lambda match: re.sub("[0-9A-Fa-f]", "0", match[0]), text)
    return re.sub(r"\b\d+ ms\b", "120 ms", text)


def captures() -> dict[str, str]:
    """The text of each road's screens, by its name."""
    found = {}
    with workplace() as org:
        place, url = os.path.realpath("."), os.environ["SF_ORG_INSTANCE_URL"]
        for name, road in ROADS.items():
            if name == "wrap":
                sign_the_request()
            with somebody_imports(org):
                code, ada = walk(road)
            assert code == road.exit_code, f"{name}: exit {code}\n{ada.screen.text()}"
            assert ada.screen.cut == [], name
            assert not ada.answers, f"{name}: not asked for {ada.answers}"
            found[name] = _page(road, [normalised(shown, place, url) for shown in ada.screens])
    return found


def write() -> None:
    """docs/guided anew."""
    pages = captures()
    DOCS.mkdir(exist_ok=True)
    for page in DOCS.glob("*.txt"):
        page.unlink()
    for name, text in pages.items():
        (DOCS / f"{name}.txt").write_text(text, encoding="utf-8")


def _page(road: Road, screens: Sequence[str]) -> str:
    rule = "-" * 80
    parts = [f"{road.title}. Exit code {road.exit_code}."]
    for number, screen in enumerate(screens, 1):
        parts.append(f"{f'--- {number} of {len(screens)} ':-<80}\n{screen}")
    return "\n".join([*parts, rule, ""])


if __name__ == "__main__":
    write()
