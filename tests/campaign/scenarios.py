"""Every command that writes, in a folder that is ready for it; and what must hold of the folder afterwards."""

import shutil
import stat
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from msgspec import Struct
from sfdx_project import certificate

from campaign.child import Ended, command

FIXTURES = Path(__file__).parents[2] / "fixtures"
PASSWORD = "worthless-corpus-password"

Snapshot = dict[str, tuple[int, bytes]]


class Scenario(Struct, frozen=True):
    """``replaces`` are patterns of files that a run may change. ``prepare`` makes the rest of the folder."""

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], None] = lambda folder: None
    replaces: tuple[str, ...] = ()

    def make(self, folder: Path) -> Path:
        """The folder as it is before a run; also with files that are nobody's business."""
        folder.mkdir(parents=True)
        (folder / "notes.txt").write_text("somebody's own\n")
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o600)
        self.prepare(folder)
        return folder


def _certificate(folder: Path) -> None:
    (folder / "answer.crt").write_bytes(certificate(1).public_bytes(serialization.Encoding.PEM))


def _key_and_answer(folder: Path) -> None:
    _certificate(folder)
    (folder / "pay").mkdir(0o700)
    shutil.copyfile(FIXTURES / "keystores" / "first.key", folder / "pay" / "pay.key")
    (folder / "pay" / "pay.key").chmod(0o600)


def _store(folder: Path) -> None:
    key = serialization.load_pem_private_key((FIXTURES / "keystores" / "first.key").read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    content = pkcs12.serialize_key_and_certificates(b"pay", key, certificate(1), None, encryption)  # type: ignore
    (folder / "store.p12").write_bytes(content)
    (folder / "store.p12").chmod(0o600)


def _pair(folder: Path) -> None:
    done = command(["self-signed", "pay", "--password", "file:password"], folder)
    assert done.code == 0, done


def _renewed(folder: Path) -> None:
    _pair(folder)
    done = command(["renew", "pay", "--password", "file:password"], folder)
    assert done.code == 0, done


def _pair_and_reports(folder: Path) -> None:
    _pair(folder)
    done = command(_AUDIT, folder)
    assert done.code == 0, done


def _pair_and_app(folder: Path) -> None:
    _pair(folder)
    shutil.copyfile(FIXTURES / "corpus" / "app-metadata.xml", folder / "Pay.connectedApp-meta.xml")


def _signed(folder: Path) -> None:
    shutil.copyfile(FIXTURES / "corpus" / "signed.pem", folder / "signed.pem")


_NEW = ("--password", "generate")
_AUDIT = (
    "audit", "pay", "--password", "file:password", "--fail-on", "never", "--csv", "a.csv", "--html", "a.html",
    "--ics", "a.ics", "--prometheus", "a.prom", "--markdown", "a.md", "--sarif", "a.sarif",
)  # fmt: skip
SCENARIOS = (
    Scenario("self-signed", ("self-signed", "pay", *_NEW)),
    Scenario("self-signed-ics", ("self-signed", "pay", *_NEW, "--ics", "pay.ics")),
    Scenario("csr", ("csr", "pay", "--organization", "Acme")),
    Scenario("wrap", ("wrap", "pay", "answer.crt", *_NEW), _key_and_answer),
    Scenario("unwrap", ("unwrap", "store.p12", "--password", "file:password", "-d", "out"), _store),
    Scenario("renew", ("renew", "pay", *_NEW), _pair),
    Scenario("rotate", ("rotate", "pay", *_NEW), _pair),
    Scenario("check-fix", ("check", "store.p12", "--fix", "--password", "file:password", "-d", "out"), _store),
    Scenario("ckm-chain", ("ckm", "chain", "pay", "signed.pem"), _signed),
    Scenario(
        "metadata",
        ("metadata", "pay", "--contact-email", "a@example.com", "--permission-set", "--browserforce", "--project", "new"),
        _pair,
        ("pay/pay.json",),
    ),
    Scenario(
        "metadata-in", ("metadata", "pay", "--in", "Pay.connectedApp-meta.xml"), _pair_and_app, ("pay/pay.json", "Pay.*")
    ),
    Scenario("reminder", ("reminder", "answer.crt", *_NEW), _certificate),
    Scenario(
        "audit",
        _AUDIT,
        _pair_and_reports,
        ("a.*",),
    ),
)  # fmt: skip
LOOKING = (
    Scenario("show", ("show", "pay/pay.jks", "--password", "file:password"), _pair),
    Scenario("check", ("check", ".", "--password", "file:password"), _pair),
    Scenario("compare", ("compare", "pay/pay.jks", "pay/pay.crt", "--password", "file:password"), _pair),
    Scenario("status", ("renew", "pay", "--status"), _renewed),
    Scenario("explain", ("explain", "invalid_grant")),
    Scenario("audit-alone", ("audit", "pay", "--password", "file:password", "--fail-on", "never"), _pair),
)
"""Commands that only read."""


def snapshot(root: Path) -> Snapshot:
    """Mode and content of everything below ``root``."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        found[path.relative_to(root).as_posix()] = (mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
    return found


def names(found: Snapshot) -> set[str]:
    return {name for name, (mode, _) in found.items() if stat.S_ISREG(mode) and "/.sfkeytool" not in f"/{name}"}


def lost(scenario: Scenario, before: Snapshot, after: Snapshot) -> list[str]:
    """Files of before that are not what they were."""
    return [
        f"{name} is {'changed' if name in after else 'lost'}"
        for name, (mode, content) in before.items()
        if stat.S_ISREG(mode)
        and after.get(name, (0, b""))[1] != content
        and not (name in after and any(fnmatch(name, pattern) for pattern in scenario.replaces))
    ]


def exposed(after: Snapshot) -> list[str]:
    """Secrets that others may read."""
    return [
        f"{name} is {stat.S_IMODE(mode):o}"
        for name, (mode, content) in after.items()
        if stat.S_ISREG(mode) and mode & 0o077 and _is_secret(name, content)
    ]


def _is_secret(name: str, content: bytes) -> bool:
    return (
        name.endswith((".key", ".jks", ".password", ".p12"))
        or b"PRIVATE KEY-----" in content
        or content[:4] == b"\xfe\xed\xfe\xed"
    )


def untrue(ended: Ended, before: Snapshot, after: Snapshot) -> list[str]:
    """What the command should not have said, or done."""
    found = []
    if ended.code in (70, 99) or "Traceback" in ended.err:
        found.append(f"exit {ended.code}: {ended.err.strip()[-300:]}")
    if ended.hung:
        found.append("hangs")
    if "nothing was changed" in ended.err and names(after) != names(before):
        found.append(f"says that nothing was changed, and there is {sorted(names(after) - names(before))}")
    return found
