"""explain: every message finds its explanation however it is pasted, and nothing else does."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import java_mistakes
import pytest
from conftest import THOROUGH, Pair, Result, java_tool, openssl
from msgspec.structs import replace
from openssl_mistakes import ANSWERED_OTHERWISE, MISTAKES, answer, prepare
from test_json import validate

from sfkeytool.acceptance.blanks import as_seen, ready_to_type
from sfkeytool.acceptance.catalogue import CATALOGUE
from sfkeytool.acceptance.explanations import EXPLANATIONS, Explanation, System
from sfkeytool.acceptance.explanations.matching import match_messages
from sfkeytool.acceptance.explanations.page import describe_explanations
from sfkeytool.cli.commands import TABLE
from sfkeytool.errors import InputError
from sfkeytool.workflows.explain import explain

Cli = Callable[..., Result]
DOCS = Path(__file__).parent.parent / "docs"
ANSWERS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "openssl_answers.json").read_text(encoding="utf-8")
)

JAVA_ANSWERS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "java_answers.json").read_text(encoding="utf-8")
)

ALL = [(each, message) for each in EXPLANATIONS for message in each.messages]
NAMES = {"file": r"C:\Users\Jo Doe\My Keys\pay-api v2.jks", "alias": "Pay-API.v2", "name": "Pay_API", "days": "10"}
NOISE = {
    System.CKM: ("Salesforce: import from keystore failed. Error: ", " Contact your administrator."),
    System.KEYTOOL: ("ERROR: keytool error: java.lang.Exception: ", "\n\tat java.base/sun.security.Main.run(Main.java:42)"),
    System.OPENSSL: ("$ openssl x\n40A794A88E7F0000:error:", ":../crypto/x.c:403:\nexit status 1"),
    System.WINDOWS: ("PS C:\\> certutil x\nCertUtil: ", "\nexit code 1"),
    System.JWT: ("2026-11-24 ERROR (1): Error authenticating with JWT config due to: ", "\n    at async run (cli.js:3)"),
    System.CLIENT: ("2026-11-24 $ sf org login jwt\nError (1): ", "\n    at async run (cli.js:3)"),
    System.TLS: ("request to https://acme.my.salesforce.com/services/oauth2/token failed, ", "\n    at async run (cli.js:3)"),
    System.DEPLOY: ("=== Deploy Errors\n│ Error force-app/x-meta.xml ", " │\nDeploy failed, 1 component"),
    System.PYTHON: ('Traceback (most recent call last):\n  File "x.py", line 3, in python\nValueError: ', "\nexit 1"),
}  # fmt: skip
UNRELATED = """Weather data not available for this region of the Alps.
Please send me the certificate when you have time, the customer is waiting for it.
How do I import contacts from a spreadsheet into Salesforce?
The private key is in the safe, and the password is with the notary.
Our keystore is backed up every night to another site.
A user of the portal could not find the button for the export.
cat: /tmp/pay.key: No such file or directory
openssl: error while loading shared libraries: libssl.so.3: cannot open shared object file: No such file or directory
40C7:error:8000000D:system library:unlink:Permission denied:../x.c:7:calling unlink(/run/x)
40C7:error:1608010C:STORE routines:ossl_store_handle_load_result:unsupported:../crypto/store/store_result.c:160:
I could not find the form that I had from your office, nor the private one.
The customer could not read the small print of the certificate that came from the printer.
Connection refused: connect to 127.0.0.1 port 5432 failed.
fatal: not a git repository (or any of the parent directories): .git
npm ERR! code ERESOLVE could not resolve dependency tree
Failed to parse input string as JSON at line 4
TypeError: Cannot read properties of undefined (reading 'map')
No start line number was given for the race, said the referee.
FIELD_CUSTOM_VALIDATION_EXCEPTION: Please enter a close date in the future
System.LimitException: Too many SOQL queries: 101
You cannot provide a discount
The grant was awarded to an invalid who lives near the station.
java.lang.NullPointerException at com.example.Main.main(Main.java:5)
pip install failed: no matching distribution found for sfkeytool==99
The road is closed: access is restricted for lorries, and the IP phone does not work.
Two inactive volcanoes and one user of the old bridge were on the picture.""".splitlines()


def found(text: str) -> list[str]:
    return [match.explanation.id for match in match_messages(text)]


def filled(message: str) -> str:
    """The message as one user sees it, with that user's names."""
    return re.sub(r"\{(\w+)\}", lambda place: NAMES.get(place[1], f"some {place[1]}"), message)


@pytest.mark.parametrize("system", System)
@pytest.mark.slow
def test_a_message_finds_its_explanation_and_no_other(system: System) -> None:
    """Exact, in capitals, in a log, with names in it, with its quotes and blanks changed."""
    before, after = NOISE[system]
    wrong = [
        (explanation.id, text, ids)
        for explanation, message in ALL
        if explanation.system is system
        for text in (
            message,
            message.upper(),
            filled(message),
            f"{before}{filled(message)}{after}",
            f"{before}{filled(message)}{after}".upper(),
            message.replace(" ", "  \n ").replace("'", "\u2019").replace('"', ""),
            message.replace("'", "\\u0027"),
            message.replace(" ", "%20"),
        )
        if (ids := found(text)) != [explanation.id]
    ]
    assert wrong == []


def test_no_two_explanations_have_the_same_words() -> None:
    """Ids are unique too."""
    words = [
        tuple(re.findall(r"\w+", filled(message).casefold())) for each in EXPLANATIONS for message in each.messages
    ]
    assert len(set(words)) == len(words)
    assert len({each.id for each in EXPLANATIONS}) == len(EXPLANATIONS)


LONG = [
    pytest.param(each, message, id=f"{each.id}-{n}")
    for each in EXPLANATIONS
    for n, message in enumerate(each.messages)
    if not each.whole and len(re.findall(r"\w+", re.sub(r"{\w+}", "", message))) >= 8
]


@pytest.mark.parametrize(("explanation", "message"), LONG)
def test_the_telling_half_of_a_long_message_is_enough(explanation: Explanation, message: str) -> None:
    """One half finds it, the other finds it or nothing; or the message that this one merely repeats."""
    words = filled(message).split()
    halves = [" ".join(words[: (len(words) + 1) // 2]), " ".join(words[len(words) // 2 :])]
    results = [found(half) for half in halves]
    assert [explanation.id] in results, results
    repeated = [[each.id] for each in EXPLANATIONS for part in each.messages if part in message]
    assert all(result in ([], *repeated) for result in results), results


@pytest.mark.parametrize("text", UNRELATED)
@pytest.mark.slow
def test_unrelated_text_is_not_explained(text: str, cli: Cli) -> None:
    """Exit 1 and the nearest three; common words of a message do not make it."""
    assert found(text) == []
    result = cli("explain", text)
    assert result.code == 1
    assert len(re.findall(r"^hint: nearest: sfkeytool explain \S+ \(.+\)$", result.err, re.MULTILINE)) == 3


def test_the_unrelated_are_twenty_six() -> None:
    """None lost in an edit."""
    assert len(UNRELATED) == 26


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ('{"error":"invalid_grant","error_description":"user hasn\'t approved this consumer"}', "error.jwt.not-approved"),
        ("error=invalid_client_id&error_description=client%20identifier%20invalid", "error.jwt.client-id"),
        ("invalid_grant: ip restricted", "error.jwt.ip-restricted"),
        ('{"error":"invalid_grant","error_description":"authentication failure"}', "error.jwt.authentication-failure"),
        ("audience is invalid  [audience=https://login.salesforce.com/ login=https://test.salesforce.com]", "error.jwt.audience"),
        ("error:0308010C:digital envelope routines::unsupported", "error.openssl.legacy-pfx"),
        ("Error: error:0308010C:digital envelope routines::unsupported\n    at new Hash (node:internal/crypto/hash:67:19)\n", "error.openssl.node-hash"),
        ("\x1b[31merror\x1b[0m Alias <1> does not exist", "error.keytool.no-alias"),
        ("In field: certificate - no Certificate named pay_api found", "error.deploy.no-certificate-named"),
    ],
)  # fmt: skip
def test_messages_as_programs_print_them(text: str, id: str) -> None:
    """JSON, a query string, a colored terminal."""
    assert found(text) == [id]


def test_a_message_inside_a_longer_one_does_not_count_twice() -> None:
    """Salesforce's sentence holds openssl's; the wrapper invalid_grant is silent beside the reason."""
    assert found("The key is not an RSA key.") == ["error.ckm.not-rsa"]
    assert found("Not an RSA key") == ["error.openssl.not-rsa"]
    assert found("invalid_grant") == ["error.jwt.invalid-grant"]


def test_several_messages_in_one_log_are_all_explained() -> None:
    """Each once, the most telling first."""
    log = (
        "keytool error: Cannot recover key\nRetrying\nkeytool error: Public keys in reply and keystore don't match\n"
        * 2
    )
    assert found(log) == ["error.keytool.keys-differ", "error.keytool.key-password"]


def test_a_half_that_fits_two_explanations_is_no_match() -> None:
    """Better the nearest three than the wrong one."""
    assert found("password was incorrect") == []
    with pytest.raises(InputError) as caught:
        explain("password was incorrect")
    assert "error.keytool.pkcs12-password" in caught.value.hints[0]


def test_of_a_long_log_the_end_is_read() -> None:
    """50,000 characters: that is where a program says why it stopped."""
    noise = "2026-11-24 INFO nothing to see here\n" * 3000
    assert found(noise + "keytool error: java.security.UnrecoverableKeyException: Cannot recover key") == [
        "error.keytool.key-password"
    ]
    assert found("keytool error: java.security.UnrecoverableKeyException: Cannot recover key\n" + noise) == []


@pytest.mark.slow
def test_any_text_ends_in_a_match_or_our_error() -> None:
    """Random characters and words, long texts, odd scripts: quickly, too."""
    chance = random.Random(20261124)
    words = sorted({word for each in EXPLANATIONS for message in each.messages for word in message.split()})
    for _ in range(300 if THOROUGH else 60):
        text = " ".join(
            chance.choices(
                [*words, "\x00", "\N{PILE OF POO}", "%", "%zz", "\\u0027", "{", "\u202e"], k=chance.randrange(60)
            )
        )
        try:
            explain(text)
        except InputError:
            continue
    with pytest.raises(InputError):
        explain("lorem ipsum dolor " * 200_000)


# What the real tools print today


def printed(*arguments: object, cwd: Path) -> str:
    done = subprocess.run(
        [*map(str, arguments)], cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    assert done.returncode != 0, done
    return (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.fixture
def store(cli: Cli, folder: Path, pair: Pair) -> Path:
    """A JKS of ours with the alias pay."""
    assert cli("wrap", "pay", pair.key, pair.crt, "--password", "env:TEST_PASSWORD").code == 0
    return folder / "pay" / "pay.jks"


@pytest.mark.parametrize(
    ("arguments", "id"),
    [
        (("-list", "-keystore", "{store}", "-storepass", "wrong-password"), "error.keytool.tampered"),
        (("-list", "-keystore", "{store}", "-storepass", "{password}", "-alias", "gone"), "error.keytool.no-alias"),
        (("-list", "-keystore", "{crt}", "-storepass", "{password}", "-storetype", "JKS"), "error.keytool.invalid-format"),
        (("-list", "-keystore", "{crt}", "-storepass", "{password}"), "error.keytool.unrecognized-format"),
        (("-list", "-keystore", "gone.jks", "-storepass", "{password}"), "error.keytool.absent"),
        (("-list", "-keystore", "empty.jks", "-storepass", "{password}"), "error.keytool.empty"),
        (("-list", "-keystore", "cut.jks", "-storepass", "{password}"), "error.keytool.cut"),
        (("-importcert", "-noprompt", "-alias", "pay", "-file", "{other}", "-keystore", "{store}", "-storepass", "{password}"), "error.keytool.keys-differ"),
        (("-importcert", "-noprompt", "-alias", "new", "-file", "{key}", "-keystore", "{store}", "-storepass", "{password}"), "error.keytool.not-x509"),
        (("-certreq", "-alias", "pay", "-keystore", "{store}", "-storepass", "{password}", "-keypass", "another"), "error.keytool.key-password"),
        (("-genkeypair", "-keyalg", "RSA", "-dname", "CN=x", "-keystore", "new.jks", "-storepass", "short"), "error.keytool.short-password"),
        (("-genkeypair", "-keyalg", "RSA", "-dname", "CN=x", "-alias", "pay", "-keystore", "{store}", "-storepass", "{password}"), "error.keytool.alias-exists"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_what_keytool_prints_is_explained(
    arguments: tuple[str, ...], id: str, store: Path, folder: Path, pair: Pair, other_pair: Pair
) -> None:
    """keytool itself is made to fail; its whole output is pasted."""
    from conftest import PASSWORD

    (folder / "empty.jks").touch()
    (folder / "cut.jks").write_bytes(store.read_bytes()[:300])
    places = {"store": store, "password": PASSWORD, "crt": pair.crt, "key": pair.key, "other": other_pair.crt}
    options = ("-J-Duser.language=en", "-J-Duser.country=US", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC")
    output = printed(java_tool("keytool"), *options, *(part.format(**places) for part in arguments), cwd=folder)
    assert found(output) == [id], output


def mistake_found(mistake: str, text: str) -> bool:
    return f"error.openssl.{MISTAKES[mistake][0]}" in found(text)


def assert_explained(mistake: str, text: str, version: str = "") -> None:
    """What the answer is about is explained first, and nothing is that is beside the point."""
    wanted = [f"error.openssl.{id}" for id in ANSWERED_OTHERWISE.get(version, {}).get(mistake, MISTAKES[mistake])]
    explained = found(text)
    assert explained[:1] == wanted[:1], text
    assert set(explained) <= set(wanted), text


@pytest.mark.parametrize("version", ANSWERS)
def test_what_versions_of_openssl_print_is_explained(version: str) -> None:
    """3.2 changed most of the words. Today's openssl is asked below; what people have on their machines stands here."""
    for mistake, lines in ANSWERS[version].items():
        if lines:
            assert_explained(mistake, "\n".join(lines), version)


def test_the_answers_are_of_several_wordings() -> None:
    """Every mistake was made with each version; 3.0, 3.2 and 4.0 changed many of the words."""
    assert list(ANSWERS) == ["1.1.1w", "3.0.19", "3.5.9", "3.6.5", "4.0.3"]
    assert all(list(answers) == list(MISTAKES) for answers in ANSWERS.values())
    for old, new in (("1.1.1w", "3.0.19"), ("3.0.19", "3.5.9"), ("3.6.5", "4.0.3")):
        changed = sum(ANSWERS[old][mistake][:1] != ANSWERS[new][mistake][:1] for mistake in MISTAKES)
        assert changed > len(MISTAKES) / 3, (old, new)
    assert all(ANSWERS["3.5.9"].values())


@pytest.mark.slow
def test_what_openssl_prints_is_explained(folder: Path) -> None:
    """The openssl of this machine is made to fail, whichever it is."""
    for _ in range(3):
        prepare(folder)
        answers = {mistake: answer(mistake, folder) for mistake in MISTAKES}
        # Of 256 wrong passwords one ends in a padding that looks right, and then openssl says something else.
        if all(not text or mistake_found(mistake, text) for mistake, text in answers.items()):
            break
    assert sum(map(bool, answers.values())) >= len(MISTAKES) - 1, "3.0 makes a certificate that has expired"
    for mistake, text in answers.items():
        if text:
            assert_explained(mistake, text)


@pytest.mark.parametrize("version", JAVA_ANSWERS)
def test_what_versions_of_java_throw_is_explained(version: str) -> None:
    """What each mistake is about comes first, and nothing is told that is beside the point."""
    for mistake, lines in JAVA_ANSWERS[version].items():
        wanted = [f"error.keytool.{id}" for id in java_mistakes.MISTAKES[mistake]]
        explained = found("\n".join(lines))
        assert explained[:1] == wanted[:1], (mistake, lines)
        assert set(explained) <= set(wanted), (mistake, lines)


def test_the_answers_of_java_are_of_five_versions() -> None:
    """Each refuses all but a JKS that is opened as PKCS12; Bouncy Castle was on the class path of one."""
    assert list(JAVA_ANSWERS) == ["1.8.0_504", "11.0.24", "17.0.15", "21.0.8", "25.0.3"]
    for version, answers in JAVA_ANSWERS.items():
        missed = set(java_mistakes.MISTAKES) - set(answers) - {"PKCS12 pay.jks"}
        assert all(mistake.startswith("BC ") for mistake in missed), version
        assert bool(missed) == (version != "17.0.15")


SHOWN_BY_WINDOWS = """error.windows.not-exportable
CertUtil: -exportPFX command FAILED: 0x8009000b (-2146893813 NTE_BAD_KEY_STATE)
CertUtil: Key not valid for use in specified state.

error.windows.not-exportable
Export-PfxCertificate : Cannot export non-exportable private key.
+ CategoryInfo          : NotSpecified: (:) [Export-PfxCertificate], Win32Exception

error.windows.not-exportable
(Greyed out) Yes, export the private key.

error.windows.not-exportable
the associated private key is marked as not exportable

error.windows.not-exportable
  Provider = Microsoft Enhanced Cryptographic Provider v1.0
Private key is NOT exportable
Signature test passed

error.windows.not-in-plain
  Provider = Example Key Storage Provider
Private key is NOT plain text exportable
Signature test passed

error.windows.not-found
CertUtil: -exportPFX command FAILED: 0x80092004 (-2146885628 CRYPT_E_NOT_FOUND)
CertUtil: Cannot find object or property.

error.windows.no-key
CertUtil: -exportPFX command FAILED: 0x80090016 (-2146893802 NTE_BAD_KEYSET)
CertUtil: Keyset does not exist

error.windows.no-key
  Provider = Microsoft Enhanced Cryptographic Provider v1.0
Missing stored keyset
CertUtil: -store command completed successfully.

error.windows.no-key
No key provider information
Cannot find the certificate and private key for decryption.
CertUtil: -store command completed successfully.

error.windows.pfx-password
System.Security.Cryptography.CryptographicException: The specified network password is not correct.

error.windows.pfx-password
CertUtil: -importPFX command FAILED: 0x80070056 (ERROR_INVALID_PASSWORD)

error.windows.exported
Signature test passed
Enter new password for output file pay.pfx:
Enter new password:
Confirm new password:
CertUtil: -exportPFX command completed successfully.

error.windows.repaired
Encryption test passed
CertUtil: -repairstore command completed successfully."""
"""As the sources of the explanations show them: the id, then what stood in the window."""


@pytest.mark.parametrize("shown", SHOWN_BY_WINDOWS.split("\n\n"))
def test_what_windows_shows_is_explained(shown: str) -> None:
    """That a command worked is told, too, and is not taken for its failure."""
    id, _, text = shown.partition("\n")
    assert found(text) == [id]


@pytest.mark.parametrize(
    "sentence",
    [
        "SFDC Expiring Certificate Notification",
        "You have one or more certificates in your Salesforce org Acme Inc., 00D000000000001 that will expire soon.",
        "Please review the list below and visit Certificate and Key Management from Setup to make an update.",
        "- SelfSignedCert_04Sep2025_122334, Self-Signed, expires on 9/4/2026.",
        "Warning: This certificate will expire in 60 day(s)",
        "pay_api, Self-Signed, expires on 12/11/2026. Warning: This certificate will expire in 1 day(s).",
    ],
)
def test_the_expiry_mail_is_known_by_each_of_its_sentences(sentence: str, cli: Cli) -> None:
    """And it is told what to do when nothing uses the certificate."""
    assert found(sentence) == ["error.ckm.expiry-mail"]
    assert "If nothing uses it" in re.sub(r"\s+", " ", cli("explain", "-", stdin=sentence.encode()).out)


def test_what_cryptography_and_pyjks_raise_is_explained(folder: Path, pair: Pair, store: Path) -> None:
    """The libraries' own words, from their own exceptions."""
    import jks
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

    openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", "pass:long-enough", "-out", "locked.key", cwd=folder)
    plain, locked, crt = pair.key.read_bytes(), (folder / "locked.key").read_bytes(), pair.crt.read_bytes()
    calls: dict[str, Callable[[], object]] = {
        "error.python.key-encrypted": lambda: load_pem_private_key(locked, None),
        "error.python.key-password": lambda: load_pem_private_key(locked, b"wrong"),
        "error.python.key-not-encrypted": lambda: load_pem_private_key(plain, b"right"),
        "error.python.key-not-read": lambda: load_pem_private_key(plain.replace(b"\n", b"\\n"), None),
        "error.python.not-a-private-key": lambda: load_pem_private_key(crt, None),
        "error.python.not-a-certificate": lambda: x509.load_pem_x509_certificate(plain),
        "error.python.pfx": lambda: pkcs12.load_key_and_certificates(store.read_bytes(), b"wrong"),
        "error.python.jks": lambda: jks.KeyStore.load(str(store), "wrong"),
    }
    for id, call in calls.items():
        with pytest.raises(Exception) as caught:  # noqa: PT011 - their types are theirs
            call()
        assert found(str(caught.value)) == [id], caught.value


# The command


def test_a_pasted_message_is_explained(cli: Cli) -> None:
    """Several words without quotes; causes, fix and source, in that order."""
    result = cli("explain", *re.split(" ", "Keystore contains an entry whose alias is not acceptable for import"))
    assert result.code == 0
    parts = [
        "unique name",
        "Likely causes",
        "1. The alias is 1",
        "What to do",
        "sfkeytool wrap my_certificate FILE",
        "Source (observed",
    ]
    assert [result.out.index(part) for part in parts] == sorted(result.out.index(part) for part in parts)


def test_a_message_comes_through_stdin(cli: Cli) -> None:
    """A log piped in, in whatever encoding."""
    result = cli("explain", "-", stdin=b"\xff\xfe noise\nThe key must be in PKCS#8 format.\n")
    assert result.code == 0
    assert "PKCS#8" in result.out
    assert cli("explain", "-", stdin=b"x" * 2_000_000).code == 1
    assert cli("explain", "-", stdin=b"").code == 1


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
@pytest.mark.slow
def test_a_rule_is_explained_by_its_id(rule: object, cli: Cli) -> None:
    """Title, reason, severity, fix, source; and Salesforce's own message, where the rule has one, is explained too."""
    from sfkeytool.acceptance.rule import Rule

    assert isinstance(rule, Rule)
    result = cli("explain", rule.id.upper(), "--json")
    assert result.code == 0
    validate(result.json, "explain")
    (facts,) = result.json["result"]["rules"]
    assert (facts["id"], facts["title"], facts["fix"]) == (rule.id, rule.title, ready_to_type(str(rule.fix)))
    assert rule.title.split()[0] in cli("explain", rule.id).out
    if rule.salesforce_message:
        assert cli("explain", rule.salesforce_message).code == 0


def test_the_list_shows_everything(cli: Cli) -> None:
    """Every message and every rule; as JSON too."""
    listed = cli("explain", "--list").out
    assert all(as_seen(message) in listed for each in EXPLANATIONS for message in each.messages)
    assert all(rule.id in listed for rule in CATALOGUE)
    result = cli("explain", "--list", "--json")
    validate(result.json, "explain")
    assert len(result.json["result"]["explanations"]) == len(EXPLANATIONS)


def test_the_json_of_a_match_and_of_none(cli: Cli) -> None:
    """The envelope; no match is an error with the nearest three as actions, and the text is not repeated."""
    result = cli("explain", "--json", "doesn't", "contain", "a", "PrivateKey", "entry")
    validate(result.json, "explain")
    (facts,) = result.json["result"]["explanations"]
    assert (facts["id"], facts["whole"]) == ("error.ckm.no-private-key", False)
    none = cli("explain", "my password is hunter2", "--json")
    validate(none.json, "error")
    assert (none.code, none.json["code"], len(none.json["actions"])) == (1, "explain.no-match", 3)
    assert "hunter2" not in none.out + none.err


def test_a_mistyped_id_is_told_the_right_one(cli: Cli) -> None:
    """Among rules as well as messages."""
    assert "ckm.key.mismatch" in cli("explain", "ckm.key.mismatsh").err
    assert "error.jwt.audience" in cli("explain", "error.jwt.audienc").err


@pytest.mark.parametrize("arguments", [("explain",), ("explain", "--list", "bad", "decrypt")])
def test_text_and_list_exclude_each_other(arguments: tuple[str, ...], cli: Cli) -> None:
    """One of the two: else exit 2."""
    assert cli(*arguments).code == 2


def test_a_message_is_explained_without_the_heavy_libraries() -> None:
    """Neither cryptography nor the prompts are loaded."""
    code = (
        "import sys\n"
        "from sfkeytool.cli.app import run_app\n"
        "print('EXIT', run_app(['explain', 'Cannot recover key']), file=sys.stderr)\n"
        "heavy = {'cryptography', 'questionary', 'prompt_toolkit', 'rich', 'jks', 'Cryptodome'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "EXIT 0" in done.stderr
    assert "LOADED []" in done.stderr


# The menu


def refused_store(folder: Path, pair: Pair, alias: str) -> Path:
    """A JKS by keytool under a name that Salesforce refuses."""
    from conftest import PASSWORD, keytool

    openssl(
        "pkcs12",
        "-export",
        "-inkey",
        pair.key,
        "-in",
        pair.crt,
        "-name",
        alias,
        "-passout",
        f"pass:{PASSWORD}",
        "-out",
        "in.p12",
        cwd=folder,
    )
    keytool(
        "-importkeystore", "-noprompt", "-srckeystore", "in.p12", "-srcstorepass", PASSWORD, "-destkeystore", "in.jks",
        "-deststoretype", "JKS", "-deststorepass", PASSWORD, cwd=folder,
    )  # fmt: skip
    return folder / "in.jks"


@pytest.mark.slow
def test_the_menu_helps_with_a_refusal(folder: Path, pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """File, message, password once, name: findings, the message explained, the copy, which Java opens under that name."""
    from conftest import PASSWORD, keytool
    from test_guided import DOWN, ENTER, typed

    from sfkeytool.cli.menu import run_menu

    refused_store(folder, pair, "pay-api")
    message = "Keystore contains an entry whose alias is not acceptable for import"
    keys = [DOWN * 3 + ENTER + ENTER, ENTER, message + ENTER, PASSWORD + ENTER, "y"]
    keys += ["9x" + ENTER, "\x01\x0b" + "pay_new" + ENTER, ENTER]  # the name, after one that is none; go on
    with typed("".join(keys)) as asker:
        assert run_menu(asker) == 0
    captured = capsys.readouterr()
    assert (
        captured.out.index("ckm.entry.alias:")
        < captured.out.index("Likely causes")
        < captured.out.index("repaired copy")
    )
    assert PASSWORD not in captured.out + captured.err
    copy = folder / "pay_new-fixed" / "pay_new.jks"
    listing = keytool("-list", "-storetype", "JKS", "-keystore", copy, "-storepass", PASSWORD)
    assert "PrivateKeyEntry" in listing
    assert "pay_new" in listing
    assert "pay-api" not in listing


@pytest.mark.slow
def test_the_offer_of_the_menu_can_be_declined(folder: Path, pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """No message, a wrong password first, no repair: exit 3 and nothing written."""
    from conftest import PASSWORD, tree
    from test_guided import DOWN, ENTER, typed

    from sfkeytool.cli.menu import run_menu

    refused_store(folder, pair, "1")
    before = tree(folder)
    keys = [DOWN * 3 + ENTER + ENTER, ENTER, ENTER, "wrong-password" + ENTER, PASSWORD + ENTER, "n"]
    with typed("".join(keys)) as asker:
        assert run_menu(asker) == 3
    assert "Likely causes" not in capsys.readouterr().out
    assert tree(folder) == before


@pytest.mark.slow
def test_a_refusal_can_be_broken_off_at_each_question(
    folder: Path, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C at the file, the message, the password and the offer: exit 130, nothing written."""
    from conftest import PASSWORD, tree
    from test_guided import DOWN, ENTER, typed

    from sfkeytool.cli.menu import run_menu

    refused_store(folder, pair, "1")
    before = tree(folder)
    answers = [ENTER, ENTER, PASSWORD + ENTER]
    for count in range(len(answers) + 1):
        with typed(DOWN * 3 + ENTER + ENTER + "".join(answers[:count]) + "\x03") as asker:
            assert run_menu(asker) == 130, count
        assert tree(folder) == before
    capsys.readouterr()


# The data


@pytest.mark.parametrize("explanation", EXPLANATIONS, ids=lambda each: each.id)
def test_an_explanation_names_commands_and_rules_that_exist(explanation: Explanation) -> None:
    """Commands and their options are ours; placeholders are known; what is inferred says so."""
    commands = {row.name: row for row in TABLE}
    typed = [
        line for text in (*explanation.fixes, *explanation.causes) for line in re.findall(r"`sfkeytool ([^`]+)`", text)
    ]
    for line in typed:
        name, *rest = line.split()
        assert name in commands, line
        flags = {flag for field in commands[name].load().fields for flag in field.flags}
        assert {word for word in rest if word.startswith("--")} <= flags, line
    texts = " ".join((*explanation.fixes, *explanation.causes, explanation.meaning))
    assert set(re.findall(r"\{(\w+)\}", texts)) <= {"file", "name"}
    assert set(explanation.rules) <= {rule.id for rule in CATALOGUE}
    if explanation.basis == "inferred":
        assert "nferred" in explanation.citation + texts
    assert re.search(r"https://|Knowledge \d{9}|Tried with", explanation.citation)


def test_an_explanation_must_be_complete() -> None:
    """An id outside the grammar or no source: refused where it is written."""
    with pytest.raises(ValueError, match="no explanation's id"):
        replace(EXPLANATIONS[0], id="error.fridge.x")
    with pytest.raises(ValueError, match="citation"):
        replace(EXPLANATIONS[0], citation="")


def test_the_page_of_messages_is_the_generated_one() -> None:
    """Stale? python -m sfkeytool.acceptance.explanations.page > docs/errors.md"""
    assert (DOCS / "errors.md").read_text(encoding="utf-8") == describe_explanations()
