"""``unwrap``, ``show`` and ``compare`` through the real command."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import PASSWORD, CertificateAuthority, Pair, Result, keytool, modes, openssl, pem_body, tree
from dated_certificates import dated, pem
from test_json import validate

from sfkeytool.cli.certificate_lines import certificate_lines
from sfkeytool.crypto.certificates import describe_certificate, parse_certificate
from sfkeytool.keystores import jks

Cli = Callable[..., Result]


@pytest.fixture
def export(folder: Path, ca: CertificateAuthority, pair: Pair, other_pair: Pair) -> Path:
    """A JKS with two key entries and a trusted certificate, made by openssl and keytool."""
    chain = folder / "ca.pem"
    chain.write_bytes(ca.intermediate.read_bytes() + ca.root.read_bytes())
    for alias, one in (("first", pair), ("second", other_pair)):
        openssl(
            "pkcs12", "-export", "-inkey", one.key, "-in", one.crt, "-certfile", chain, "-name", alias, "-passout",
            f"pass:{PASSWORD}", "-out", folder / f"{alias}.p12",
        )  # fmt: skip
        keytool(
            "-importkeystore", "-srckeystore", folder / f"{alias}.p12", "-srcstorepass", PASSWORD, "-destkeystore",
            folder / "export.jks", "-deststoretype", "JKS", "-deststorepass", PASSWORD, "-destkeypass", PASSWORD,
        )  # fmt: skip
        (folder / f"{alias}.p12").unlink()
    keytool(
        "-importcert", "-noprompt", "-keystore", folder / "export.jks", "-storetype", "JKS", "-storepass", PASSWORD,
        "-alias", "trusted", "-file", ca.root,
    )  # fmt: skip
    chain.unlink()
    return folder / "export.jks"


def test_unwrap_gives_each_pair_a_folder(cli: Cli, folder: Path, export: Path, pair: Pair, other_pair: Pair) -> None:
    """Key, leaf and chain of every key entry; the trusted certificate is named and left."""
    result = cli("unwrap", export, "--password", "env:TEST_PASSWORD")
    assert result.code == 0, result.err
    assert "trusted" in result.err
    assert "unencrypted" in result.err
    for alias, one in (("first", pair), ("second", other_pair)):
        made = folder / alias
        assert pem_body((made / f"{alias}.crt").read_text()) == pem_body(one.crt.read_text())
        own = openssl("pkcs8", "-topk8", "-nocrypt", "-in", one.key)
        assert pem_body((made / f"{alias}.key").read_text()) == pem_body(own)
        assert (made / f"{alias}-chain.crt").read_text().count("BEGIN CERT") == 3
        if sys.platform != "win32":
            expected = {".gitignore": "644", f"{alias}-chain.crt": "644", f"{alias}.crt": "644", f"{alias}.key": "600"}
            assert modes(made) == expected


def test_unwrap_picks_one_and_encrypts(cli: Cli, folder: Path, export: Path) -> None:
    """--alias, --key-password and --output-dir, which is the folder itself."""
    result = cli(
        "unwrap", export, "--alias", "SECOND", "-d", "out", "--password", "env:TEST_PASSWORD", "--key-password",
        "env:TEST_PASSWORD", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert [entry["alias"] for entry in result.json["result"]["entries"]] == ["second"]
    assert (folder / "out" / "second.key").read_text().startswith("-----BEGIN ENCRYPTED")
    assert not (folder / "first").exists()


def test_unwrap_writes_all_or_nothing(cli: Cli, folder: Path, export: Path) -> None:
    """A key that is there stops the whole run, --force or not."""
    (folder / "second").mkdir()
    (folder / "second" / "second.key").write_text("precious")
    before = tree(folder)
    result = cli("unwrap", export, "--password", "env:TEST_PASSWORD", "--force")
    assert result.code == 1
    assert "second.key" in result.err
    assert tree(folder) == before


def test_unwrap_tries_the_empty_password_first(cli: Cli, folder: Path, pair: Pair) -> None:
    """Salesforce's own exports may carry none."""
    from sfkeytool.keystores.jks import encode_jks
    from sfkeytool.passwords import Secret

    key = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))
    data = encode_jks(
        alias="mine", key_pkcs8=key, chain_der=[pem_body(pair.crt.read_text())], password=Secret(""), created_at_ms=1
    )
    (folder / "export.jks").write_bytes(data)
    assert cli("unwrap", "export.jks").code == 0
    assert pem_body((folder / "mine" / "mine.key").read_text()) == key


@pytest.mark.parametrize("alias", ["../../evil", "con", "a/b", "1", "ünïcode", "x" * 90, ".ssh"])
@pytest.mark.slow
def test_unwrap_makes_any_alias_a_harmless_name(alias: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """An alias comes from a stranger's file: it never steers where files land."""
    from sfkeytool.keystores.jks import encode_jks
    from sfkeytool.passwords import Secret

    (folder / "deep").mkdir()
    work = folder / "deep" / "work"
    work.mkdir()
    key = pem_body(openssl("pkcs8", "-topk8", "-nocrypt", "-in", pair.key))
    data = encode_jks(
        alias=alias, key_pkcs8=key, chain_der=[pem_body(pair.crt.read_text())], password=Secret(""), created_at_ms=1
    )
    (work / "in.jks").write_bytes(data)
    before = set(folder.rglob("*"))
    import os

    os.chdir(work)
    result = cli("unwrap", "in.jks", "--json")
    assert result.code == 0, result.err
    name = result.json["result"]["entries"][0]["name"]
    new = set(folder.rglob("*")) - before
    assert new == {work / name} | {
        work / name / file for file in (f"{name}.key", f"{name}.crt", f"{name}-chain.crt", ".gitignore")
    }
    assert result.json["warnings"]


def test_unwrap_refuses_what_is_no_keystore_or_has_no_key(
    cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """With the reason, and nothing written."""
    keytool(
        "-importcert",
        "-noprompt",
        "-keystore",
        folder / "trust.jks",
        "-storetype",
        "JKS",
        "-storepass",
        PASSWORD,
        "-alias",
        "r",
        "-file",
        ca.root,
    )
    before = tree(folder)
    for file, words in ((pair.crt, "no keystore"), ("trust.jks", "no private key"), ("gone.jks", "gone.jks")):
        result = cli("unwrap", file, "--password", "env:TEST_PASSWORD")
        assert result.code == 1
        assert words in result.err
    assert tree(folder) == before


def test_show_tells_all_about_a_keystore(cli: Cli, export: Path, pair: Pair) -> None:
    """Entries, chains, key, subject, validity and fingerprints agree with openssl's."""
    result = cli("show", export, "--password", "env:TEST_PASSWORD")
    assert result.code == 0, result.err
    fingerprint = openssl("x509", "-in", pair.crt, "-noout", "-fingerprint", "-sha256").split("=")[1].strip()
    for words in ("JKS", "version 2", "3 entries", "integrity verified", "'first'", "'second'", "'trusted'", "chain of 3",
                  "CN=pair", fingerprint, "RSA 2048"):  # fmt: skip
        assert words in result.out, words
    facts = cli("show", export, "--password", "env:TEST_PASSWORD", "--json").json["result"]["files"][0]
    assert {key["alias"] for key in facts["keys"]} == {"first", "second"}
    assert all(key["certificates"] for key in facts["keys"])


def test_show_reads_a_jks_without_its_password_and_says_what_it_could_not_check(cli: Cli, export: Path) -> None:
    """The certificates are not encrypted; the keys are."""
    result = cli("show", export)
    assert result.code == 0, result.err
    assert "integrity not checked" in result.out
    assert "'first': not opened" in result.out
    assert "CN=pair" in result.out
    wrong = cli("show", export, "--password", "stdin", stdin=b"wrong-password\n")
    assert wrong.code == 1
    assert "wrong password" in wrong.err


def test_show_walks_a_folder_and_passes_over_other_files(cli: Cli, folder: Path, pair: Pair) -> None:
    """README and receipt are no errors there; named on the command line they are."""
    assert cli("csr", "pay").code == 0
    (folder / "pay" / "README.md").write_text("hello")
    result = cli("show", "pay", pair.crt)
    assert result.code == 0, result.err
    assert "pay.csr" in result.out
    assert "signature    valid" in result.out
    assert "pay.key" in result.out
    named = cli("show", "pay/README.md")
    assert named.code == 1
    assert "pay/README.md" in named.err.replace("\\", "/")


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2030-01-31 12:00", "not valid yet"),
        ("2030-02-01 11:59", "not valid yet"),
        ("2030-02-01 12:00", "9 days left"),
        ("2030-02-10 12:00", "0 days left"),
        ("2030-02-10 12:01", "expired today"),
        ("2030-02-12 00:00", "expired 2 days ago"),
    ],
)
def test_a_certificate_is_shown_with_what_it_is_worth_today(moment: str, words: str) -> None:
    """To the minute, as it is for whoever verifies it."""
    facts = describe_certificate(parse_certificate(dated("pay", "20300201120000Z", "20300210120000Z"), "pay.crt"))
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    lines = [
        "".join(part if isinstance(part, str) else part.text for part in line)
        for line in certificate_lines(facts, (), now, "")
    ]
    [line] = [line for line in lines if line.startswith("valid")]
    assert line == f"valid        2030-02-01 to 2030-02-10 ({words})"


def test_show_marks_what_is_not_valid_yet(cli: Cli, folder: Path) -> None:
    """For a person; scripts read its dates."""
    (folder / "soon.crt").write_text(pem(dated("soon", "29990101000000Z", "29991231000000Z")))
    assert "valid        2999-01-01 to 2999-12-31 (not valid yet)" in cli("show", "soon.crt").out
    [shown] = cli("show", "soon.crt", "--json").json["result"]["files"][0]["certificates"]
    left = (datetime(2999, 12, 31, tzinfo=UTC).date() - datetime.now(UTC).date()).days
    assert (shown["notBefore"], shown["daysLeft"]) == ("2999-01-01T00:00:00Z", left)


@pytest.mark.parametrize("command", ["show", "compare"])
def test_a_keystore_is_parsed_once(
    command: str, cli: Cli, folder: Path, export: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its password and with it."""
    parsed: list[str] = []
    parse = jks.parse_jks

    def counted(data: bytes, label: str) -> jks.JksFile:
        parsed.append(label)
        return parse(data, label)

    monkeypatch.setattr(jks, "parse_jks", counted)
    for more in ((), ("--password", "env:TEST_PASSWORD")):
        assert cli(command, export, pair.crt, *more).code == 0
    assert parsed == [str(export)] * 2


def test_show_does_not_let_a_certificate_steer_the_terminal(cli: Cli, folder: Path) -> None:
    """Escape sequences in a subject come out as text."""
    openssl("genrsa", "-out", "k.pem", 2048)
    (folder / "evil.cnf").write_text('[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN="\\x1b[2Jevil"\n')
    openssl(
        "req", "-x509", "-key", "k.pem", "-subj", "/CN=\x1b[2J\x1b]0;evil\x07", "-utf8", "-days", 1, "-out", "evil.crt"
    )
    result = cli("show", "evil.crt")
    assert result.code == 0, result.err
    assert "\x1b" not in result.out
    assert "\x07" not in result.out
    assert "evil" in result.out


def metadata(folder: Path, certificate: Path, *, one_line: bool) -> Path:
    """A retrieved connected app: the certificate as PEM, or as one line of base64 DER."""
    text = certificate.read_text()
    if one_line:
        text = "".join(line for line in text.splitlines() if "-----" not in line)
    path = folder / "Pay.connectedApp-meta.xml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">\n'
        f"    <label>Pay</label>\n    <oauthConfig>\n        <certificate>{text}</certificate>\n"
        "        <consumerKey>MIthis.is.no.certificate</consumerKey>\n    </oauthConfig>\n</ConnectedApp>\n"
    )
    return path


@pytest.mark.parametrize("one_line", [True, False], ids=["base64", "PEM"])
def test_compare_knows_the_same_certificate_in_any_container(
    one_line: bool, cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """JKS, crt, chain, metadata and folder: exit 0, and what it means."""
    assert cli("wrap", "pay", pair.key, pair.crt, ca.intermediate, ca.root, "--password", "env:TEST_PASSWORD").code == 0
    meta = metadata(folder, pair.crt, one_line=one_line)
    for left, right in (
        ("pay/pay.jks", "pay/pay.crt"),
        ("pay", meta),
        (pair.crt, "pay/pay-chain.crt"),
        (meta, "pay/pay.jks"),
    ):
        result = cli("compare", left, right)
        assert result.code == 0, (left, right, result)
        assert "same certificate" in result.out


def test_compare_tells_the_same_key_from_strangers(
    cli: Cli, folder: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority
) -> None:
    """Exit 3 for both, with what each means for mails and logins."""
    openssl("req", "-x509", "-key", pair.key, "-subj", "/CN=renewed", "-days", 9, "-out", "renewed.crt")
    same_key = cli("compare", pair.crt, "renewed.crt", "--json")
    assert same_key.code == 3
    assert same_key.json["status"] == 3
    assert same_key.json["result"]["relation"] == "same-key"
    strangers = cli("compare", pair.crt, other_pair.crt)
    assert strangers.code == 3
    assert "refused" in strangers.out
    key_only = cli("compare", pair.key, pair.crt)
    assert key_only.code == 3
    assert "holds no certificate" in key_only.out


def test_compare_finds_the_entry_that_the_other_side_has(
    cli: Cli, folder: Path, export: Path, pair: Pair, other_pair: Pair
) -> None:
    """The certificate itself, else one of the same key, else none of them, and then all are told."""
    (folder / "renewed.crt").write_text(
        openssl("req", "-x509", "-key", other_pair.key, "-subj", "/CN=renewed", "-days", 9)
    )
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null")
    openssl("req", "-x509", *ec, "-subj", "/CN=no", "-out", "no.crt")
    for sides, code, relation, alias in (
        ((export, pair.crt), 0, "same-certificate", "first"),
        ((other_pair.crt, export), 0, "same-certificate", "second"),
        ((export, "renewed.crt"), 3, "same-key", "second"),
    ):
        result = cli("compare", *sides, "--json")
        assert (result.code, result.json["result"]["relation"]) == (code, relation), result
        validate(result.json, "compare")
        assert f"entry '{alias}'" in result.json["result"]["left" if sides[0] == export else "right"]["origin"]
    strangers = cli("compare", export, "no.crt", "--json")
    assert (strangers.code, strangers.json["result"]["relation"]) == (3, "strangers")
    validate(strangers.json, "compare")
    candidates = strangers.json["result"]["left"]["candidates"]
    assert {one["certificate"]["subject"] for one in candidates} == {"CN=pair", "CN=other"}
    told = cli("compare", export, "no.crt").out
    assert "CN=pair" in told
    assert "CN=other" in told


def test_compare_tells_of_what_is_not_valid_today(cli: Cli, folder: Path) -> None:
    """Once a certificate; and what follows for mails and logins is no more than is known."""
    last_year, next_year = (f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d%H%M%SZ}" for days in (-365, 365))
    for name, dates in (
        ("old", ("20200101000000Z", last_year)),
        ("soon", (next_year, "29991231000000Z")),
        ("sound", (last_year, next_year)),
    ):
        for copy in ("", "-again"):
            (folder / f"{name}{copy}.crt").write_text(pem(dated(name, *dates)))
    expired, early = "certificate.expired", "certificate.not-yet-valid"
    for left, right, relation, codes, words in (
        ("old", "old-again", "same-certificate", [expired], "end with the day of the expiry"),
        ("soon", "soon-again", "same-certificate", [early], "the mails are about the right day"),
        ("sound", "sound-again", "same-certificate", [], "the mails are about the right day"),
        ("old", "sound", "same-key", [expired], "count on a refusal"),
        ("sound", "soon", "same-key", [early], "count on a refusal"),
        ("old", "soon", "same-key", [expired, early], "count on a refusal"),
    ):
        answer = cli("compare", f"{left}.crt", f"{right}.crt", "--json").json
        assert (answer["result"]["relation"], [one["code"] for one in answer["notices"]]) == (relation, codes), answer
        meaning = answer["result"]["meaning"]
        assert words in meaning
        assert ("right day" in meaning) is (relation == "same-certificate" and expired not in codes)
        assert ("open; count on a refusal" in meaning) is bool(codes)
        assert ("verify against either" in meaning) is (not codes)
    told = cli("compare", "old.crt", "old-again.crt")
    day = f"{datetime.now(UTC) - timedelta(days=365):%Y-%m-%d}"
    assert f"CN=old in old.crt and old-again.crt expired on {day}" in told.err
    assert "(expired 365 days ago)" in told.out


def test_compare_tells_of_what_it_left_out(
    cli: Cli, folder: Path, export: Path, pair: Pair, other_pair: Pair, ca: CertificateAuthority
) -> None:
    """Of a file that holds another one too; the certificates of a chain are none."""
    (folder / "two.pem").write_bytes(pair.crt.read_bytes() + other_pair.crt.read_bytes())
    (folder / "chain.pem").write_bytes(pair.crt.read_bytes() + ca.intermediate.read_bytes() + ca.root.read_bytes())
    for sides, other in (
        (("two.pem", pair.crt), "CN=other"),
        ((other_pair.crt, "two.pem"), "CN=pair"),
        ((pair.key, "two.pem"), "CN=other"),
        ((export, pair.crt), "CN=other"),
        ((export, pair.crt, "--alias", "first"), None),
        ((pair.crt, "chain.pem"), None),
        (("two.pem", ca.root), None),
    ):
        answer = cli("compare", *sides, "--json").json
        told = [notice["message"] for notice in answer["notices"] if notice["code"] == "compare.others"]
        assert len(told) == (other is not None), answer
        assert other is None or f"also holds, not compared: {other} until" in told[0]


def test_compare_takes_aliases(cli: Cli, folder: Path, export: Path, pair: Pair) -> None:
    """One for the sides that have it, or one for each; several on both sides are never guessed."""
    (folder / "again.jks").write_bytes(export.read_bytes())
    ambiguous = cli("compare", export, "again.jks", "--json")
    assert (ambiguous.code, ambiguous.json["code"]) == (1, "certificate.ambiguous")
    assert "CN=other" in ambiguous.json["message"]
    assert cli("compare", export, "again.jks", "--alias", "FIRST").code == 0
    assert cli("compare", export, "again.jks", "--alias", "first", "--alias", "second").code == 3
    assert cli("compare", export, pair.crt, "--alias", "second").code == 3
    assert cli("compare", export, "again.jks", "--alias", "nix", "--json").json["code"] == "keystore.no-such-alias"
    assert cli("compare", export, "again.jks", "--alias", "first", "--alias", "nix").code == 1
    assert cli("compare", export, "again.jks", *(["--alias", "first"] * 3)).code == 2


def test_compare_asks_of_a_folder_that_its_files_agree(cli: Cli, folder: Path, pair: Pair, export: Path) -> None:
    """A stale certificate in it that is the other side's by chance is no yes."""
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.jks").write_bytes(export.read_bytes())
    assert cli("compare", "pay", pair.crt, "--json").json["code"] == "certificate.ambiguous"


def test_a_metadata_file_with_a_document_type_is_refused(cli: Cli, folder: Path, pair: Pair) -> None:
    """Entity bombs need one; Salesforce's files have none."""
    (folder / "bomb.xml").write_text('<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>')
    result = cli("compare", "bomb.xml", pair.crt)
    assert result.code == 1
    assert "document type" in result.err


def test_unwrap_writes_several_entries_into_one_folder(cli: Cli, folder: Path, export: Path) -> None:
    """--output-dir is the folder itself; names do not collide."""
    assert cli("unwrap", export, "--password", "env:TEST_PASSWORD", "-d", "both").code == 0
    assert {"first.key", "second.key", "first.crt", "second.crt"} <= {path.name for path in (folder / "both").iterdir()}


@pytest.mark.slow
def test_a_key_with_a_password_of_its_own_opens_with_both(cli: Cli, folder: Path) -> None:
    """--password is repeatable where files are read: Salesforce's classic refusal can be taken apart by a script."""
    keytool(
        "-genkeypair", "-keystore", "in.jks", "-storetype", "JKS", "-storepass", PASSWORD, "-keypass", "another-one",
        "-alias", "x", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=x", cwd=folder,
    )  # fmt: skip
    (folder / "key.pw").write_text("another-one")
    refused = cli("unwrap", "in.jks", "--password", "env:TEST_PASSWORD")
    assert refused.code == 1
    assert "another password" in refused.err
    assert cli("unwrap", "in.jks", "--password", "env:TEST_PASSWORD", "--password", "file:key.pw").code == 0


def test_compare_asks_for_the_password_of_an_encrypted_key(cli: Cli, folder: Path, pair: Pair) -> None:
    """It holds a key, only not yet."""
    openssl("pkcs8", "-topk8", "-in", pair.key, "-passout", f"pass:{PASSWORD}", "-out", "locked.key")
    result = cli("compare", "locked.key", pair.crt, "--json")
    assert result.code == 1
    assert result.json["code"] == "key.password-needed"
    assert cli("compare", "locked.key", pair.crt, "--password", "env:TEST_PASSWORD").code == 3


def test_json_is_ascii_whatever_the_console(cli: Cli, folder: Path) -> None:
    """No redirection can break it."""
    result = cli("self-signed", "pay", "--organization", "Zürich 😀", "--password", "generate", "--json")
    assert result.out.isascii()
    assert "Zürich 😀" in result.json["result"]["certificate"]["subject"]


@pytest.mark.parametrize("arguments", [("show", "a" * 300), ("csr", "q", "-d", "a" * 300), ("compare", "a" * 300, "b")])
def test_names_that_are_too_long_are_our_error(arguments: tuple[str, ...], cli: Cli, folder: Path) -> None:
    """Not a bug."""
    result = cli(*arguments)
    assert result.code == 1, result
    assert not list(folder.iterdir())


def test_one_unreadable_file_never_hides_the_others(cli: Cli, folder: Path, pair: Pair) -> None:
    """What could be read is in the envelope, beside what could not; without any result the last is the error."""
    result = cli("show", "gone-1", pair.crt, "gone-2", "--json")
    assert result.code == 1
    validate(result.json, "show")
    assert [file["path"] for file in result.json["result"]["files"]] == [str(pair.crt)]
    assert [(one["path"], one["code"]) for one in result.json["result"]["unreadable"]] == [
        ("gone-1", "input.not-found"),
        ("gone-2", "input.not-found"),
    ]
    shown = cli("show", "gone-1", pair.crt, "gone-2")
    assert shown.code == 1
    assert "SHA-256" in shown.out
    assert "gone-1" in shown.err
    assert "gone-2" in shown.err
    nothing = cli("show", "gone-1", "gone-2", "--json")
    assert "gone-2" in nothing.json["message"]
    assert any("gone-1" in warning for warning in nothing.json["warnings"])


@pytest.mark.slow
def test_unwrap_again_keeps_the_key_that_is_there(cli: Cli, folder: Path, export: Path) -> None:
    """With --force the certificates are replaced; the same private key is no clash, and stays byte for byte."""
    arguments = ("unwrap", export, "--password", "env:TEST_PASSWORD", "-d", "out")
    assert cli(*arguments).code == 0
    before = (folder / "out" / "first.key").read_bytes()
    clash = cli(*arguments)
    assert clash.code == 1
    assert "first.crt" in clash.err
    result = cli(*arguments, "--force", "--key-password", "env:TEST_PASSWORD")
    assert result.code == 0, result.err
    assert "it stays as it is" in result.err
    assert (folder / "out" / "first.key").read_bytes() == before
