"""Every command that ``check`` and ``explain`` print runs as it stands; FILE is the one blank to fill."""

import csv
import html
import json
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Pair, Result, java_tool
from test_audit_advice import app, certificate
from test_check import ders, keystore, pkcs8

from sfkeytool.acceptance.blanks import EXAMPLE_NAME
from sfkeytool.workflows.explain import list_all

Cli = Callable[..., Result]
FIXTURES = Path(__file__).parent.parent / "fixtures"
CORPUS = FIXTURES / "corpus"
CASES = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))["files"]
CORPUS_PASSWORD, CORPUS_KEY_PASSWORD = "worthless-corpus-password", "another-password"
KEY, CHAIN, STORE = CORPUS / "app-key.pem", CORPUS / "signed.crt", CORPUS / "chain.jks"
"""Of one pair: what fills FILE."""
ELSEWHERE = ("sf ", "npm ", "ls ", "dir ", "date ", "w32tm ", "keytool ")
"""Programs of the system or of others; keytool, which asks, has a test of its own."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="commands are quoted for a POSIX shell here")


def commands_in(fix: str) -> list[str]:
    """The commands of a rule's fix, each up to what no command holds."""
    found = re.findall(r"(?:sfkeytool|openssl|keytool|cp) [^;,()`]+", fix)
    return [re.sub(r" (?:or|and)\b.*", "", command).strip(" .") for command in found]


def findings(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each case of the corpus, with the rule and the fix of each of its findings."""
    for case in CASES:
        name = Path(case["path"]).name
        shutil.copy(FIXTURES / case["path"], folder / name)
        monkeypatch.setenv("OPENS", case["password"] or "")
        profile = ["--profile", case["profile"]] if case["profile"] else []
        password = ["--password", "env:OPENS"] if case["password"] else []
        arguments = ["--as-of", case["as_of"], "--purpose", case["purpose"], *profile, *password, "--json"]
        file = cli("check", name, *arguments).json["result"]["files"][0]
        yield from ((case, finding["rule"], finding["fix"]) for finding in file["findings"])
        (folder / name).unlink()


def run(command: str, cli: Cli, blanks: Sequence[Path]) -> tuple[int, str]:
    """The command's exit code and what it said. Each FILE is one of ``blanks``; each prompt is answered."""
    remaining = list(blanks)
    command = re.sub(r"\bFILE\b", lambda _: shlex.quote(str(remaining.pop(0))), command)
    if not command.startswith("sfkeytool "):
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    answers = iter(("env:OPENS", "env:OPENS_KEY"))
    result = cli(*(next(answers) if word == "prompt" else word for word in shlex.split(command)[1:]), "--no-prompt")
    return result.code, result.out + result.err


def blank_for(rule: str, command: str, case: dict[str, Any]) -> Path:
    """What a person would fill in, after the words in brackets."""
    if "--key FILE" in command or rule == "ckm.entry.no-private-key":
        return CHAIN if case["path"] == "corpus/no-chain.jks" else KEY
    if rule == "ckm.store.not-jks":  # beside what is a certificate its key, else both
        return KEY if re.search(r"wrap \w+ \S+ FILE", command) else CORPUS / "app-with-key.pem"
    return {"ckm.key.mismatch": CORPUS / "app-two.pem"}.get(rule, CHAIN)


UNFILLABLE = {
    ("corpus/signed-ec.crt", "signed.key.not-of-setup"),  # an EC key, which no keystore for Salesforce may hold
    ("corpus/trusted-only.jks", "ckm.entry.no-private-key"),  # certificates of nobody, or none
    ("corpus/no-entries.jks", "ckm.entry.no-private-key"),
}
"""Files whose blank nothing in the corpus could fill; the rule's command is run on another one."""


def findings_in_copies(cli: Cli, folder: Path, case: dict[str, Any], rule: str) -> set[str]:
    """The rules that repaired keystores fail; ``rule`` if there is none."""
    copies = list(folder.glob("*/*.jks"))
    found = set() if copies else {rule}
    for copy in copies:
        generated = copy.with_name(f"{copy.name}.password")
        password = f"file:{generated}" if generated.exists() else "env:OPENS"
        purpose = ["--purpose", case["purpose"], "--as-of", case["as_of"]]
        done = cli("check", copy, *purpose, "--password", password, "--json").json["result"]
        found |= {finding["rule"] for file in done["files"] for finding in file["findings"]}
    return found


@pytest.mark.slow
def test_every_command_of_a_finding_runs(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the very file that it is about, from where the reader is, each kind of command once; the file stays, and a
    repaired copy of it passes."""
    monkeypatch.setenv("OPENS_KEY", CORPUS_KEY_PASSWORD)
    done: set[tuple[str, str]] = set()
    failed: list[str] = []
    for case, rule, fix in findings(cli, folder, monkeypatch):
        file = folder / Path(case["path"]).name
        assert set(re.findall(r"\b[A-Z][A-Z_]{3,}\b", " ".join(commands_in(fix)))) <= {"FILE"}, fix
        assert "{" not in fix
        for command in commands_in(fix):
            kind = (
                case["path"]
                if "no-chain" in case["path"]
                else re.sub(
                    r"(csr|self-signed|wrap|chain) \w+|\S+\.(crt|der|csr)\b", r"\1", command.replace(file.name, "@")
                )
            )
            if (rule, kind) in done or (case["path"], rule) in UNFILLABLE:
                continue
            done.add((rule, kind))
            monkeypatch.setenv("OPENS", case["password"] or CORPUS_PASSWORD)
            before = file.read_bytes()
            code, said = run(command, cli, [blank_for(rule, command, case)])
            if code:
                failed.append(f"{rule}: {command}: {code} {said[-300:]}")
            if "--fix" in command and rule in findings_in_copies(cli, folder, case, rule):
                failed.append(f"{rule}: {command}: not repaired")
            assert file.read_bytes() == before, command
            for made in folder.iterdir():
                if made != file:
                    shutil.rmtree(made) if made.is_dir() else made.unlink()
    assert not failed, "\n".join(failed)
    assert len(done) > 50


def test_a_name_in_a_fix_is_free_where_the_reader_is(cli: Cli, folder: Path, pair: Pair) -> None:
    """pay.crt with its key inside: the command that leaves the key out writes beside it, never over it."""
    both = pair.key.read_bytes() + pair.crt.read_bytes()
    (folder / "pay.crt").write_bytes(both)
    (folder / "pay_2").mkdir()
    result = cli("check", "pay.crt", "--json").json["result"]["files"][0]
    [fix] = [one["fix"] for one in result["findings"] if one["rule"] == "app.file.private-key"]
    [command] = commands_in(fix)
    assert command == "openssl x509 -in pay.crt -out pay_3.crt"
    assert run(command, cli, []) == (0, "")
    assert (folder / "pay.crt").read_bytes() == both
    assert b"PRIVATE KEY" not in (folder / "pay_3.crt").read_bytes()


def test_an_odd_path_in_a_fix_is_quoted(cli: Cli, folder: Path, pair: Pair) -> None:
    """Blanks, quotes, a dash in front: one word for the shell, and no option."""
    data = keystore(pkcs8(pair), ders(pair.crt), alias="Pay")
    for name in ("it's mine.jks", "-x.jks"):
        (folder / name).write_bytes(data)
        result = cli("check", "--json", "--password", "env:TEST_PASSWORD", "--", name).json["result"]["files"][0]
        [fix] = [one["fix"] for one in result["findings"] if one["rule"] == "ckm.entry.alias-case"]
        words = shlex.split(fix)
        assert (folder / words[words.index("--fix") + 1]).read_bytes() == data
        assert cli(*("env:TEST_PASSWORD" if word == "prompt" else word for word in words[1:])).code == 0
        shutil.rmtree(folder / "pay-fixed")


@pytest.mark.parametrize(("password", "flags"), [("", "--new-password"), ("short", "--new-password"), (PASSWORD, "")])
def test_a_fix_asks_for_a_new_password_where_the_old_one_is_too_short(
    password: str, flags: str, cli: Cli, folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fix that repairs, as the repair would end in a usage error without it; an empty one needs no prompt."""
    monkeypatch.setenv("OPENS", password)
    (folder / "a.jks").write_bytes(keystore(pkcs8(pair), ders(pair.crt), alias="Pay", password=password))
    result = cli("check", "a.jks", "--password", "env:OPENS", "--json").json["result"]["files"][0]
    repairs = [one["fix"] for one in result["findings"] if "--fix" in one["fix"]]
    assert repairs
    for fix in repairs:
        assert (flags in fix) if flags else ("--new-password" not in fix)
        assert ("prompt" in fix) == bool(password)
        assert run(commands_in(fix)[0], cli, [])[0] == 0
        shutil.rmtree(folder / "pay-fixed")


def test_what_a_repair_that_cannot_be_tells_to_type_runs(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate alone, a keystore without a key, a key under a password of its own."""
    monkeypatch.setenv("OPENS", CORPUS_PASSWORD)
    monkeypatch.setenv("OPENS_KEY", CORPUS_KEY_PASSWORD)
    shutil.copy(CORPUS / "app-ec.crt", folder / "pay.crt")
    not_a_keystore = cli("check", "pay.crt", "--fix", "--json").json["result"]["files"][0]["repairs"][0]["problem"]
    [command] = commands_in(not_a_keystore["actions"][0])
    assert command == "sfkeytool wrap pay_2 pay.crt FILE --password generate"
    shutil.copy(CORPUS / "der.jks", folder / "bare.jks")
    bare = cli("check", "bare.jks", "--fix", "--json").json["result"]["files"][0]["repairs"][0]["problem"]
    for action in bare["actions"]:
        [command] = commands_in(action)
        assert run(command, cli, [KEY])[0] == 0, command
        shutil.rmtree(folder / "bare")
    shutil.copy(CORPUS / "key-password.jks", folder / "locked.jks")
    locked = cli("check", "locked.jks", "--fix", "--password", "env:OPENS", "--json").json["result"]["files"][0]
    [action] = locked["repairs"][0]["problem"]["actions"]
    assert run(commands_in(action)[0], cli, [])[0] == 0


def typed() -> list[tuple[str, str]]:
    """Each command of the explanations and of the rules, once, with the id that prints it."""
    known = list_all().result
    found: dict[str, str] = {}
    for explanation in known.explanations:
        for text in (*explanation.fixes, *explanation.causes, explanation.meaning):
            for command in re.findall(r"`((?:sfkeytool|openssl|keytool|sf|npm|ls|dir|date|w32tm) [^`]+)`", text):
                found.setdefault(command, explanation.id)
    for rule in known.rules:
        for command in commands_in(rule.fix):
            found.setdefault(command, rule.id)
    return list(found.items())


BLANKS: dict[str, Sequence[Path]] = {
    "wrap": (KEY, CHAIN),
    "compare": (CHAIN, CHAIN),
    "unwrap": (CORPUS / "salesforce-export.jks",),
    "check": (STORE,),
    "check signed-upload": (CORPUS / "signed.pem",),
    "ckm": (CHAIN,),
    "openssl req": (CORPUS / "request.csr",),
    "openssl pkey": (KEY,),
    "openssl pkcs8": (KEY,),
    "openssl pkcs12": (CORPUS / "pfx.p12",),
    "openssl verify": (CORPUS / "app.crt",) * 2,
}
"""What fills FILE, by a command, or by a command and a word of it."""
BESIDE = {f"{EXAMPLE_NAME}.pfx": CORPUS / "pfx.p12", "server.key": KEY}
"""What lies in the folder under the name that the commands give it."""
ASKED = re.compile(r"sfkeytool: error: missing: --[a-z, -]+\n")
"""What a command of ours asks for at a terminal, where it was not given."""


def blanks_of(command: str) -> Sequence[Path]:
    words = command.removeprefix("sfkeytool ").split()
    if "--key FILE" in command:
        return (KEY,)
    if words[:2] == ["wrap", EXAMPLE_NAME] and command.count("FILE") == 1:
        return (CORPUS / "pfx.p12",)
    with_word = next((f"{words[0]} {word}" for word in words if f"{words[0]} {word}" in BLANKS), words[0])
    return BLANKS.get(with_word, (CHAIN, CHAIN))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, pair: Pair) -> Iterator[int]:
    """Of a TLS server on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.crt, pair.key)

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(("command", "id"), [one for one in typed() if not one[0].startswith(ELSEWHERE)])
@pytest.mark.slow
def test_every_command_of_an_explanation_runs(
    command: str, id: str, cli: Cli, folder: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FILE filled with a file of the kind that the words speak of; what is asked at a terminal may be missing."""
    monkeypatch.setenv("OPENS", CORPUS_PASSWORD)
    monkeypatch.setenv("OPENS_KEY", CORPUS_KEY_PASSWORD)
    monkeypatch.setenv("SECRET", "worthless")
    for name, file in BESIDE.items():
        shutil.copy(file, folder / name)
    assert "{" not in command
    placeholders = {"FILE", "HOST", "ALIAS", "KEY", "CERTIFICATE", "SECRET"}
    assert set(re.findall(r"\b[A-Z][A-Z_]{3,}\b", command)) <= placeholders
    words = command.split()
    blanks = blanks_of(command)
    if words[1] == "wrap" and (blanks == (CORPUS / "pfx.p12",) or f"{EXAMPLE_NAME}.pfx" in words):
        command = command if "--input-password" in command else f"{command} --input-password prompt"
    if words[:2] == ["openssl", "pkcs12"]:
        command += " -passout env:OPENS" if "-export" in words else " -passin env:OPENS"
    if words[:2] == ["openssl", "s_client"]:
        command += f" </dev/null -CAfile {CHAIN}"
    for placeholder, filled in {
        "HOST:443": f"localhost:{port}", "HOST": "localhost", "KEY": str(KEY), "CERTIFICATE": str(CORPUS / "app.crt"),
    }.items():  # fmt: skip
        command = re.sub(rf"(?<![A-Z])\b{placeholder}\b", filled, command)
    code, said = run(command, cli, blanks)
    if "--app" in words:  # of an org, with the certificate of NAME, which is not here: no wrong usage
        assert (code, f"{EXAMPLE_NAME}.crt does not exist" in said) == (1, True), said
    elif "--target-org" in words:  # of an org, and the Salesforce CLI knows none of that alias here
        assert (code, "not read: ALIAS" in said) == (68, True), said
    elif words[0] == "sfkeytool" and code == 2:
        assert ASKED.match(said), said
    else:
        assert code == 0, said


def test_the_keytool_command_of_an_explanation_runs(folder: Path) -> None:
    """It asks for the password; then the alias is a legal name."""
    [command] = [command for command, _ in typed() if command.startswith("keytool -changealias")]
    shutil.copy(CORPUS / "alias-1.jks", folder / "FILE")
    done = subprocess.run(
        [java_tool("keytool"), *command.split()[1:]], input=f"{CORPUS_PASSWORD}\n", cwd=folder, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"\0\x0e" + EXAMPLE_NAME.encode() in (folder / "FILE").read_bytes()


def test_no_command_of_an_explanation_is_broken_over_lines(cli: Cli) -> None:
    """Whoever copies a line has the whole of it; and no placeholder is left in anything that is shown."""
    for command, id in typed():
        shown = cli("explain", id).out
        assert command in shown, id
        assert "{" not in shown
    assert "{" not in cli("explain", "--list").out


def test_no_command_of_the_next_steps_is_broken_over_lines(cli: Cli, folder: Path) -> None:
    """Half of a deployment's line would run without its --target-org."""
    assert cli("self-signed", "pay", "--password", "generate").code == 0
    lines = cli("metadata", "pay", "--contact-email", "admin@example.com").out.splitlines()
    deploy = "sf project deploy start --manifest manifest/package.xml --target-org ALIAS"
    assert f"    (cd pay/pay-project && {deploy})" in lines
    whole = cli("metadata", "pay", "--contact-email", "admin@example.com", "--project", "again", "-v").out.splitlines()
    assert any(f"`{deploy}`" in line for line in whole)


def test_unwrap_tells_a_login_that_finds_its_key(cli: Cli, folder: Path, slept: list[float]) -> None:
    """The entry's name and the folder that was chosen, with a blank in it."""
    assert cli("self-signed", "pay", "--password", "generate").code == 0
    source = "file:pay/pay.jks.password"
    made = cli("unwrap", "pay/pay.jks", "--password", source, "-d", "from ckm", "--json").json["result"]
    (command,) = re.findall(r"`(sfkeytool login [^`]+)`", " ".join(made["nextSteps"]))
    arguments = shlex.split(command)[1:]
    assert arguments[:4] == ["login", "pay", "-d", "from ckm"]
    assert cli(*arguments, "-r", "https://127.0.0.1:9", "--json").json["code"].startswith("network.")


def test_paths_in_hints_are_quoted(cli: Cli, folder: Path) -> None:
    """What helps on is to be pasted too, from wherever the files lie."""
    shutil.copy(CORPUS / "signed.crt", folder / "its certificate.crt")
    done = cli("unwrap", "its certificate.crt", "--password", "env:TEST_PASSWORD", "--json").json
    [command] = [hint.rpartition(": ")[2] for hint in done["actions"] if ": sfkeytool " in hint]
    assert cli(*shlex.split(command)[1:]).code == 0


HOSTILE = [
    "pay$(touch${IFS}PWNED)",
    "a`touch PWNED`",
    "a;touch PWNED;",
    "a&touch PWNED&",
    "a\ntouch PWNED\n",
    'it\'s "mine" !!',
    "-x y",
    "Müller & Söhne",
    "\x1b[2Jsteers",
    "::error file=a::b",
    "x ::add-mask::y",
    "##[error]z",
    "##vso[task.setvariable variable=a]b",
    "a; =cmd",
    "no utf-8 \udcff",
]
OBEYED = re.compile(r"##\w*\[|::(?:error|add-mask)")


def as_bash_reads(lines: list[str], folder: Path) -> list[list[str]]:
    """The arguments of each line, which runs in bash with a function in the place of the program."""
    stub = "sfkeytool() { printf '%s\\0' sfkeytool \"$@\" $'\\n'; }; openssl() { sfkeytool \"$@\"; }\n"
    done = subprocess.run(
        ["bash", "-c", stub + "\n".join(lines)], cwd=folder, capture_output=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert not done.stderr
    assert not list(folder.glob("*PWNED"))
    words = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    read: list[list[str]] = [[]]
    for word in words[:-1]:
        if word == "\n":
            read.append([])
        else:
            read[-1].append(word)
    return read[:-1]


@pytest.mark.slow
def test_names_made_to_hurt_are_words_in_all_advice(cli: Cli, folder: Path) -> None:
    """In bash each printed command is what JSON has as a list: on the terminal, in the page, in cells and messages; and
    nothing that any of them holds is obeyed by a CI system."""
    for name in HOSTILE:
        app(name, certificate("CN=##[error]x", 20), folder=".")
    done = cli("audit", ".", "--csv", "a.csv", "--html", "a.html", "--ics", "a.ics", "--prometheus", "a.prom", "--json")
    assert not OBEYED.search(done.out)
    told = [step["command"] for item in done.json["result"]["items"] for step in item["advice"] if step["command"]]
    assert len({word for words in told for word in words if word.endswith("-meta.xml")}) == len(HOSTILE)
    shown = cli("audit", ".")
    printed = [line for line in shown.out.splitlines() if line.startswith("    sfkeytool ")]
    unique = [list(words) for words in dict.fromkeys(map(tuple, told))]
    assert sorted(as_bash_reads(printed, folder)) == sorted(unique)
    codes = re.findall(r"<code>(sfkeytool .+?)</code>", Path("a.html").read_text())
    page = [html.unescape(re.sub("</?span>", "", code)) for code in codes]
    assert sorted(as_bash_reads(page, folder)) == sorted(unique)
    cells = [cell for row in csv.reader(Path("a.csv").read_text("utf-8-sig").splitlines()) for cell in row]
    advice = " ".join(cells)
    assert all(line.strip() in advice for line in printed)
    for semicolon in (cells, Path("a.csv").read_text("utf-8-sig").replace("\n", ";").split(";")):
        assert not [cell for cell in semicolon if re.match(r'[\s"]*[=+@＝＋－＠]', cell)]
    for text in (
        shown.out,
        shown.err,
        *(Path(report).read_text() for report in ("a.csv", "a.html", "a.ics", "a.prom")),
    ):
        assert not OBEYED.search(text.replace("\n ", ""))
        assert "\x1b" not in text


def test_names_made_to_hurt_are_words_in_fixes_and_hints(cli: Cli, folder: Path, pair: Pair) -> None:
    """What `check` tells to type, and what errors do."""
    store = keystore(pkcs8(pair), ders(pair.crt), alias="Pay")
    for name in HOSTILE:
        (folder / f"{name}.jks").write_bytes(store)
        (folder / f"{name}.crt").write_bytes(pair.crt.read_bytes())
    password = ("--password", "env:TEST_PASSWORD")
    for name in HOSTILE:
        path = f"./{name}.jks" if name.startswith("-") else f"{name}.jks"
        checked = cli("check", "--json", *password, "--", f"{name}.jks")
        [fix] = [
            finding["fix"]
            for finding in checked.json["result"]["files"][0]["findings"]
            if finding["rule"] == "ckm.entry.alias-case"
        ]
        assert as_bash_reads([fix], folder) == [["sfkeytool", "check", "--fix", path, "--password", "prompt"]]
        refused = cli("unwrap", *password, "--", f"{name}.crt")
        assert not OBEYED.search(checked.out + refused.err)
        [hint] = [line.partition(": ")[2] for line in refused.err.splitlines() if "tells what is in it" in line]
        [read] = as_bash_reads([hint.partition(": ")[2]], folder)
        assert (folder / read[2]).read_bytes() == pair.crt.read_bytes()
