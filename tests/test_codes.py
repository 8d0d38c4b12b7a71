"""Codes are a contract: each is documented, is raised with one class, and is provoked by a test."""

import ast
import json
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from string import ascii_lowercase

import pytest
from conftest import PASSWORD as SECRET
from conftest import CertificateAuthority, Pair, Result, process
from dated_certificates import dated, pem
from fake_org import FakeOrg
from filled_org import fill, make, request
from msgspec import to_builtins
from test_json import validate
from test_login import REFUSALS

import sfkeytool
from sfkeytool import errors
from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.codes import CODES
from sfkeytool.acceptance.codes.page import describe_codes
from sfkeytool.acceptance.explanations import EXPLANATIONS, System, login_code
from sfkeytool.audit.model import Finding
from sfkeytool.cli.answers import existing_path
from sfkeytool.cli.boundary import boundary
from sfkeytool.cli.render import Console
from sfkeytool.model import Artifact, ArtifactKind
from sfkeytool.passwords import Secret
from sfkeytool.salesforce.org import OrgClient, Pace, Session
from sfkeytool.salesforce.transport import HttpTransport
from sfkeytool.workflows.ckm_import.preflight import ConditionCode
from sfkeytool.workflows.explain import KnownCode, explain
from sfkeytool.workflows.package import _prove_same

Cli = Callable[..., Result]
ROOT = Path(sfkeytool.__file__).parent
CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
DATED_KEY = CORPUS.parent / "keystores" / "first.key"
PAGE = Path(__file__).parent.parent / "docs" / "codes.md"
SHAPE = re.compile(r"[a-z0-9]+\.[a-z0-9]+(-[a-z0-9]+)*")
CLASSES = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
KNOWN = {code.id: code.error.__name__ if code.error else "Notice" for code in CODES}
LOGINS = {login_code(each.id) for each in EXPLANATIONS if each.system is System.JWT}
PASSED_ON = {"code", "id", "finding"}
"""Attributes whose value is a code already: of another error, a rule, an item of the audit."""


def modules(word: str) -> Iterator[tuple[Path, ast.Module]]:
    """Those of the source in which a word stands, which is looked for as text first: to parse takes longer."""
    for path in sorted(ROOT.rglob("*.py")):
        if word in (source := path.read_text(encoding="utf-8")):
            yield path, ast.parse(source)


def literals(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def raised() -> dict[str, set[str]]:
    """Each code of the source, and the names of what it is raised or told with: classes of errors, or Notice.

    Where a module hands a variable to a class, every further code that stands in the module may be meant.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(ROOT.rglob("*.py")):
        if path.is_relative_to(ROOT / "acceptance"):  # rules, explanations and the codes themselves; nothing is raised
            continue
        module = ast.parse(path.read_text(encoding="utf-8"))
        here: dict[str, set[str]] = defaultdict(set)
        by_variable = set()
        for call in ast.walk(module):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = ast.unparse(call.func).rpartition(".")[2]
            if name not in CLASSES | {"Notice"}:
                continue
            match call.args[0]:
                case ast.Constant() | ast.IfExp() as first:
                    codes = (
                        literals(first.body) | literals(first.orelse)
                        if isinstance(first, ast.IfExp)
                        else literals(first)
                    )
                    for code in codes:
                        here[code].add(name)
                case ast.Name():
                    by_variable.add(name)
                case ast.Attribute(attr=attribute):
                    assert attribute in PASSED_ON, f"{path}:{call.lineno}"
                case ast.Call(func=ast.Name(id="login_code")):
                    for code in LOGINS:
                        here[code].add(name)
                case other:
                    pytest.fail(f"{path}:{call.lineno}: no code: {ast.unparse(other)}")
        areas = {code.split(".")[0] for code in here}
        for code in literals(module) if by_variable else ():
            if SHAPE.fullmatch(code) and code.split(".")[0] in areas and code not in here:
                here[code] |= by_variable
        for code, names in here.items():
            found[code] |= names
    for code in (*Finding, *ConditionCode):
        found[code].add("Notice")
    return found


@pytest.mark.slow
def test_every_code_of_the_source_is_documented_and_no_other() -> None:
    """With the one class that it is raised with."""
    in_source = raised()
    assert {code: names for code, names in in_source.items() if len(names) != 1} == {}
    assert {code: name for code, [name] in in_source.items()} == KNOWN


@pytest.mark.slow
def test_a_code_that_is_passed_on_keeps_its_class() -> None:
    """What an error is raised again with, said in other words."""
    for path, module in modules(".code"):
        for handler in ast.walk(module):
            if not isinstance(handler, ast.ExceptHandler) or handler.type is None:
                continue
            for call in ast.walk(handler):
                if isinstance(call, ast.Call) and call.args and ast.unparse(call.args[0]) == f"{handler.name}.code":
                    assert ast.unparse(call.func) in (ast.unparse(handler.type), "Notice"), f"{path}:{call.lineno}"


def test_codes_are_unique_and_no_rule_or_explanation_has_one_as_its_id() -> None:
    ids = [code.id for code in CODES]
    assert len(set(ids)) == len(ids)
    others = {rule.id for rule in CATALOGUE} | {explanation.id for explanation in EXPLANATIONS}
    assert not others & set(ids)


@pytest.mark.slow
def test_codes_that_the_source_compares_exist() -> None:
    """A misspelt one would never be equal."""
    areas = {code.split(".")[0] for code in KNOWN}
    for path, module in modules(".code"):
        for node in ast.walk(module):
            if isinstance(node, ast.Compare) and ".code" in ast.unparse(node):
                for text in literals(node):
                    if SHAPE.fullmatch(text) and text.split(".")[0] in areas:
                        assert text in KNOWN, f"{path}:{node.lineno}"


def test_the_page_about_the_codes_is_up_to_date() -> None:
    """Stale? python -m sfkeytool.acceptance.codes.page > docs/codes.md"""
    assert PAGE.read_text(encoding="utf-8") == describe_codes()


# Each is provoked

TEXT_FILES = {
    "noise": "no key here " * 20,
    "openssh.key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
    "bad.pem": "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "bad.p7b": "-----BEGIN PKCS7-----\nMAMCAQE=\n-----END PKCS7-----\n",
    "App.connectedApp-meta.xml": "<ConnectedApp><oauthConfig><certificate>${CERT}</certificate></oauthConfig></ConnectedApp>",
    "Key.connectedApp-meta.xml": "<ConnectedApp><oauthConfig><certificate>a private note</certificate></oauthConfig></ConnectedApp>",
    "Good.connectedApp-meta.xml": "<ConnectedApp><oauthConfig><certificate/></oauthConfig></ConnectedApp>",
    "two-apps.toml": '[apps]\nPay = "two.crt"\n',
    "value.toml": "within = true\n",
    "unknown.toml": "fail_on = []\n",
    "reasonless.toml": '[[exceptions]]\nname = "a"\nuntil = 2027-01-01\n',
    "ended.toml": '[[exceptions]]\nname = "a"\nuntil = 2020-01-01\nreason = "r"\n',
    "project/sfdx-project.json": '{"packageDirectories": [{"path": "app"}]}',
    "empty-project/readme": "",
    "damaged-state.json": '{"kind":"sfkeytool-audit-state",',
    "address": "json://127.0.0.1:9/",
    "git/.git/HEAD": "ref: refs/heads/main\n",
    "password-corpus": "worthless-corpus-password",
    "password-short": "short",
    "password-weak": "short-ish",
    "password-umlaut": "p\u00e4ssw\u00f6rd-f\u00fcr-java",
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, pair: Pair, other_pair: Pair, ca: CertificateAuthority) -> Path:
    """What the commands below take, made once; ``pay`` is a whole set of the command's own."""
    folder = tmp_path_factory.mktemp("shelf")
    for name, text in TEXT_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    csr = pair.key.with_suffix(".csr")
    for name in ("alias-dot.jks", "mismatch.jks", "no-certificate-bytes.jks", "trusted-beside.jks"):
        shutil.copy(CORPUS / name, folder)
    (folder / "first.key").write_bytes(DATED_KEY.read_bytes())
    (folder / "old.crt").write_text(pem(dated("old", "20180101000000Z", "20190101000000Z")))
    (folder / "future.crt").write_text(pem(dated("future", "20400101000000Z", "20410101000000Z")))
    for path in (pair.key, pair.crt, csr, other_pair.key, other_pair.crt, ca.root, ca.intermediate):
        shutil.copy(path, folder)
    (folder / "two.csr").write_bytes(csr.read_bytes() + other_pair.key.with_suffix(".csr").read_bytes())
    (folder / "two.crt").write_bytes(pair.crt.read_bytes() + other_pair.crt.read_bytes())
    (folder / "half.pem").write_bytes(ca.intermediate.read_bytes() + pair.crt.read_bytes().replace(b"MII", b"MIJ", 1))
    empty = bytes.fromhex("feedfeed 00000002 00000000")
    (folder / "empty.jks").write_bytes(empty + sha1(SECRET.encode("utf-16-be") + b"Mighty Aphrodite" + empty).digest())
    for month in (datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)):
        for letter in ("", *ascii_lowercase[1:]):
            (folder / "full" / f"pay_{month:%Y%m}{letter}").mkdir(parents=True, exist_ok=True)
    (folder / "git" / "pair.key").write_bytes(pair.key.read_bytes())
    (folder / "pair.key").chmod(0o600)
    made = process("self-signed", "pay", "--password", "env:TEST_PASSWORD", cwd=folder, env={"TEST_PASSWORD": SECRET})
    assert made.code == 0, made
    shutil.copytree(folder / "pay", folder / "full" / "pay")
    return folder


def codes_in(value: object) -> Iterator[str]:
    """Those of an error, of notices, and of what could not be read of several."""
    if isinstance(value, dict):
        if isinstance(value.get("code"), str):
            yield value["code"]
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from codes_in(part)


PASSWORD = "--password env:TEST_PASSWORD"
MAIL = "--contact-email a@example.com"
CORPUS_PASSWORD = "--password file:password-corpus -d new"
COMMANDS = {
    "audit.state-damaged": "audit old.crt --notify file:address --state damaged-state.json",
    "audit.uncovered": f"metadata pay {MAIL} --project project ; audit project",
    "audit.unproved": f"metadata pay {MAIL} --project project ; audit project pay",
    "certificate.expired": f"wrap old first.key old.crt {PASSWORD} ; unwrap old/old.jks {PASSWORD} -d new",
    "certificate.not-yet-valid": f"wrap soon first.key future.crt {PASSWORD} ; unwrap soon/soon.jks {PASSWORD} -d new",
    "key.encrypted": f"self-signed shop {PASSWORD} --key-password env:TEST_PASSWORD",
    "notify.failed": "audit old.crt --notify file:address",
    "notify.no-state": "audit old.crt --notify file:address",
    "output.stale-password": f"self-signed shop --password generate ; self-signed shop {PASSWORD} --force",
    "renew.expired": f"wrap old first.key old.crt {PASSWORD} ; renew old {PASSWORD}",
    "renew.followed": f"renew pay --as one {PASSWORD} ; renew pay --as two {PASSWORD}",
    "renew.self-signed": f"wrap shop pair.key pair.crt {PASSWORD} ; renew shop {PASSWORD}",
    "unwrap.no-certificate": f"unwrap mismatch.jks {CORPUS_PASSWORD}",
    "unwrap.renamed": f"unwrap alias-dot.jks {CORPUS_PASSWORD}",
    "unwrap.trusted-ignored": f"unwrap trusted-beside.jks {CORPUS_PASSWORD}",
    "unwrap.unreadable": f"unwrap no-certificate-bytes.jks {CORPUS_PASSWORD}",
    "wrap.placeholder-left-out": f"self-signed own --key pair.key {PASSWORD} ; wrap shop pair.key own/own.crt pair.crt {PASSWORD}",
    "check.not-a-keystore": "check pair.key --profile app-cert --fix --new-password generate",
    "ckm.csr-not-given": "ckm chain shop pair.crt root.crt intermediate.crt",
    "ckm.keys-left-out": "ckm chain shop pair.crt pair.key root.crt intermediate.crt --csr pair.csr",
    "ckm.strangers-left-out": "ckm chain shop pair.crt other.crt root.crt intermediate.crt --csr pair.csr",
    "ckm.unreadable-left-out": "ckm chain shop pair.crt root.crt half.pem --csr pair.csr",
    "compare.nothing": f"compare empty.jks pair.crt {PASSWORD}",
    "config.exception-ended": "audit pay --config ended.toml",
    "config.missing-key": "audit pay --config reasonless.toml",
    "config.unknown-key": "audit pay --config unknown.toml",
    "config.value": "audit pay --config value.toml",
    "csr.ambiguous": "ckm chain shop pair.crt --csr two.csr",
    "csr.no-san": "csr shop --purpose domain",
    "explain.empty": "explain ' '",
    "input.key-in-source": "show git/pair.key",
    "key.existing-used": f"self-signed pay {PASSWORD} --force",
    "key.in-clear": f"unwrap pay/pay.jks {PASSWORD} -d new",
    "key.openssh": "show openssh.key",
    "key.password-unused": f"self-signed pay {PASSWORD} --force --key-password env:TEST_PASSWORD",
    "metadata.connected-app": f"metadata pay {MAIL} --kind connected-app",
    "metadata.consumer-key": "metadata pay --in Good.connectedApp-meta.xml",
    "metadata.exists": f"metadata pay {MAIL} --project project ; metadata pay {MAIL} --project project",
    "metadata.no-project": f"metadata pay {MAIL} --project empty-project",
    "metadata.not-a-certificate": "metadata pay --in Key.connectedApp-meta.xml",
    "metadata.placeholder": "metadata pay --in App.connectedApp-meta.xml",
    "password.not-ascii": "wrap shop pair.key pair.crt --password file:password-umlaut",
    "password.short": "wrap shop pair.key pair.crt --password file:password-weak",
    "pem.malformed": "show bad.pem",
    "pkcs7.malformed": "show bad.p7b",
    "unwrap.not-a-keystore": f"unwrap pair.crt {PASSWORD}",
    "usage.alias": "compare pair.crt other.crt --alias a --alias b --alias c",
    "usage.api-version": "ckm list -o prod --api-version six",
    "usage.as": f"renew pay --as pay {PASSWORD}",
    "usage.confirm": "ckm create shop -o prod --deploy",
    "usage.contact-email": "metadata pay --contact-email nobody",
    "usage.date": "check pair.crt --as-of yesterday",
    "usage.done": f"renew pay {PASSWORD} ; renew pay --done dance",
    "usage.explain": "explain --list bad decrypt",
    "usage.fail-on": "audit . --fail-on soon",
    "usage.generation": f"renew pay {PASSWORD} -d full/pay",
    "usage.metadata": "metadata pay --in App.connectedApp-meta.xml --label x",
    "usage.output-dir": "csr shop -d ''",
    "usage.password-too-short": "wrap shop pair.key pair.crt --password file:password-short",
    "usage.reminder": f"reminder a b c {PASSWORD}",
    "usage.scopes": f"metadata pay {MAIL} --scopes api",
    "usage.secret-on-command-line": "show pair.crt --password hunter2",
    "usage.source": "show pair.crt --password env:",
    "usage.target-org": "ckm list -o 'two words'",
    "usage.text": f"metadata pay {MAIL} --label 'bell \a'",
    "usage.within": "audit . --within -1",
    "usage.yes": "ckm create shop --yes",
    "wrap.certificate-left-out": f"renew pay --as twin {PASSWORD} ; wrap shop pay/pay.jks twin/twin.crt --input-password env:TEST_PASSWORD {PASSWORD}",
    "wrap.ignored": f"wrap shop pair.key pair.crt pair.csr {PASSWORD}",
    "wrap.keys-left-out": f"wrap shop pair.key other.key pair.crt {PASSWORD}",
    "wrap.strangers-left-out": f"wrap shop pair.key pair.crt other.crt {PASSWORD}",
    "wrap.unreadable-left-out": f"wrap shop pair.key pair.crt half.pem {PASSWORD}",
}
"""A command a code, after others where a semicolon is; each is run beside the shelf's files."""


@pytest.mark.parametrize("code", COMMANDS)
@pytest.mark.slow
def test_a_command_provokes_it(code: str, cli: Cli, folder: Path, shelf: Path) -> None:
    """With the class and exit code of the page where it ends the run, among the notices where it does not."""
    crowd = () if "full" in COMMANDS[code] else ("full",)
    shutil.copytree(shelf, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*crowd))
    for command in COMMANDS[code].split(" ; "):
        result = cli(*shlex.split(command), "--json")
    assert code in set(codes_in(result.json)), result
    if "result" not in result.json:
        validate(result.json, "error")
        assert result.json["name"] == KNOWN[result.json["code"]]


REFUSED_BY_THE_API = {
    "API_DISABLED_FOR_ORG": "org.api-disabled",
    "REQUEST_LIMIT_EXCEEDED": "org.rate-limited",
    "QUERY_TIMEOUT": "org.refused",
    "INVALID_FIELD": "org.unknown-field",
    "INVALID_TYPE": "org.unknown-type",
}


@pytest.mark.parametrize("word", REFUSED_BY_THE_API)
def test_what_an_org_answers_has_a_code(word: str, org: FakeOrg) -> None:
    """In the REST API's own words."""
    org.contents.query = lambda *_, **__: (400, [{"message": "no", "errorCode": word}])  # type: ignore[method-assign]
    session = Session(org.url, Secret(org.let_in()), "67.0")
    client = OrgClient(session, HttpTransport({}), Pace(time.monotonic, time.sleep))
    with pytest.raises(errors.OrgError) as error:
        list(client.query("SELECT Id FROM Organization"))
    assert error.value.code == REFUSED_BY_THE_API[word]


def holders_nobody_reaches(org: FakeOrg) -> None:
    org.contents.add_person("gone@example.com", email="gone@example.com.invalid", permission=True, admin=True)


def holders_who_do_not_read(org: FakeOrg) -> None:
    org.contents.add_person("left@example.com", permission=True, frozen=True)
    org.contents.add_person("boss@example.com", admin=True)


def many(org: FakeOrg) -> None:
    one = make("one", 300, 1)
    for number in range(45):
        org.contents.add_certificate(f"certificate_{number}", one.pem, one.expires)


def waiting(org: FakeOrg) -> None:
    org.contents.add_certificate("waiting", request("waiting", 2), None, ca_signed=True, unusable=True)


IN_AN_ORG = {
    "audit.nobody-mailed": (holders_nobody_reaches, "audit"),
    "audit.permission-unread": (holders_who_do_not_read, "audit"),
    "audit.same-key": (fill, "audit"),
    "ckm.nearly-full": (many, "audit"),
    "ckm.no-certificate": (waiting, "ckm download waiting"),
    "config.app": (fill, "audit --config two-apps.toml"),
    "config.unknown-app": (fill, "audit --config ghost.toml"),
}


@pytest.mark.parametrize("code", IN_AN_ORG)
def test_an_org_provokes_it(
    code: str,
    cli: Cli,
    org: FakeOrg,
    folder: Path,
    pair: Pair,
    other_pair: Pair,
) -> None:
    """What its people, its CKM and the configuration are like."""
    (folder / "two.crt").write_bytes(pair.crt.read_bytes() + other_pair.crt.read_bytes())
    (folder / "two-apps.toml").write_text('[apps]\nPay = "two.crt"\n')
    (folder / "ghost.toml").write_text(f"[apps]\nghost = '{pair.crt}'\n")
    prepare, command = IN_AN_ORG[code]
    prepare(org)
    result = cli(*command.split(), "--json")
    assert code in set(codes_in(result.json)), result


def test_bugs_and_differing_files_have_codes(pair: Pair, other_pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception that nobody expected; and what was made, where it is not the same."""

    def broken() -> int:
        raise ZeroDivisionError

    assert boundary(Console(json_output=True), broken) == errors.EXIT_BUG
    assert json.loads(capsys.readouterr().out)["code"] == "internal.bug"
    store = Artifact("pay.jks", ArtifactKind.KEYSTORE, b"")
    certificate = Artifact("pay.crt", ArtifactKind.CERTIFICATE, pair.crt.read_bytes())
    leaf, other = (ssl.PEM_cert_to_DER_cert(one.crt.read_text()) for one in (pair, other_pair))
    assert _prove_same(store, leaf, certificate).files == ("pay.jks", "pay.crt")
    with pytest.raises(errors.SelfCheckError) as error:
        _prove_same(store, other, certificate)
    assert error.value.code == "internal.proof"
    with pytest.raises(errors.UsageError) as typed:
        existing_path("nowhere")
    assert typed.value.code == "usage.no-such-file"


UNPROVOKED = {
    "carry.files-gone": "a guard: what is not there is told before, by the look at the whole folder",
    "ckm.not-agreed": "answered at a terminal, where no code is shown: test_on_a_terminal_it_asks provokes it",
    "internal.metadata": "a self-check that only a bug could fail",
    "internal.read-back": "a self-check that only a bug could fail",
    "metadata.no-file": "a guard: the command calls it with the file of --in only",
    "output.stdout": "shows no JSON, as stdout is what fails: test_a_full_disk_behind_stdout_is_an_error provokes it",
}
"""Codes that stand in no test, and why."""


@pytest.mark.slow
def test_every_code_stands_in_a_test() -> None:
    """As a literal; the refusals of logins are built from a table's last column."""
    refused = {f"login.{code}" for _, _, code in REFUSALS}
    found = set()
    for path in Path(__file__).parent.rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        if path == Path(__file__):
            module.body = [node for node in module.body if "UNPROVOKED" not in ast.unparse(node)[:10]]
        found |= literals(module)
    assert set(KNOWN) - found - refused == set(UNPROVOKED)


def test_explain_knows_each(cli: Cli) -> None:
    """Class, exit code, meaning and what to do, however it is written; all are listed, too."""
    known: list[KnownCode] = []
    for code in CODES:
        known += explain(code.id.upper()).result.codes
    assert [(one.id, one.meaning, one.action) for one in known] == [
        (code.id, code.meaning, code.action) for code in CODES
    ]
    assert {one.id: one.name or "Notice" for one in known} == KNOWN
    assert all((one.exit_code is None) is (one.name is None) for one in known)
    listed = cli("explain", "--list", "--json")
    validate(listed.json, "explain")
    assert listed.json["result"]["codes"] == to_builtins(known)
    refused = cli("explain", "Login.Not-Approved", "--json")
    assert (refused.code, refused.json["result"]["codes"][0]["exitCode"]) == (0, errors.EXIT_REFUSED)


def test_explain_tells_a_person(cli: Cli) -> None:
    """And a code that is misspelt is found."""
    shown = cli("explain", "keystore.wrong-password").out
    assert "copy the file again" in shown
    assert "an error (KeystorePasswordError), exit 1" in shown
    assert "a notice" in cli("explain", "key.in-clear").out
    assert "sfkeytool explain keystore.wrong-password" in cli("explain", "keystore.wrong-pasword").err


def test_only_explain_pays_for_the_texts() -> None:
    """No other command imports them."""
    code = (
        "import sys\nfrom sfkeytool.cli.app import run_app\n"
        "run_app(['check', 'gone', '--json'])\nprint('sfkeytool.acceptance.codes' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
