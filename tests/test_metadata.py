"""``metadata``: judged by the Metadata API's schema and by the real Salesforce CLI; and no other byte of a retrieved file
changes."""

import base64
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Result, modes, pem_body, tree
from hypothesis import given
from hypothesis import strategies as st
from metadata_schema import validate
from salesforce_cli import run_sf

from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.salesforce.certificate_element import read_certificate, replace_certificate
from sfkeytool.salesforce.metadata_source import Elements, encode_element

Cli = Callable[..., Result]
MAIL = ("--contact-email", "admin@example.com")
ECA_TYPES = {
    "ExternalClientApplication": ["pay_api"],
    "ExtlClntAppConfigurablePolicies": ["pay_api_plcy"],
    "ExtlClntAppGlobalOauthSettings": ["pay_api_glbloauth"],
    "ExtlClntAppOauthConfigurablePolicies": ["pay_api_oauthPlcy"],
    "ExtlClntAppOauthSettings": ["pay_api_oauth"],
}
NEW = b"\x30\x82" + bytes(range(256)) * 4
OLD = base64.b64encode(b"\x30\x82" + b"old certificate " * 40).decode()


@pytest.fixture
def made(cli: Cli) -> Cli:
    """The command, in a folder where pay_api/ has been made."""
    assert cli("self-signed", "pay_api", "--password", "generate").code == 0
    return cli


def package(document: bytes) -> dict[str, list[str]]:
    """What a package.xml names, by type."""
    names = {"m": "http://soap.sforce.com/2006/04/metadata"}
    return {
        types.findtext("m:name", "", names): sorted(member.text or "" for member in types.findall("m:members", names))
        for types in ElementTree.fromstring(document).findall("m:types", names)  # noqa: S314 - our own, and the CLI's
    }


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*-meta.xml"))


@pytest.mark.parametrize("kind", ["external-client-app", "connected-app"])
@pytest.mark.slow
def test_the_schema_of_the_metadata_api_takes_what_is_written(kind: str, made: Cli, folder: Path) -> None:
    """Every file, with texts that need escaping; and each holds no consumer key, secret or link of ours."""
    result = made(
        "metadata", "pay_api", *MAIL, "--kind", kind, "--permission-set", "--label", "Pay & <Go> 🔑", "--callback-url",
        "https://example.com/?a=1&b=2", "--scopes", "Api, RefreshToken,Web",
    )  # fmt: skip
    assert result.code == 0, result
    files = sources(folder / "pay_api" / "pay_api-project")
    assert len(files) == (6 if kind == "external-client-app" else 2)
    for file in files:
        validate(file.read_bytes())
        assert not re.search(rb"consumer(Key|Secret)>|oauthLink", file.read_bytes())
    written = b"".join(file.read_bytes() for file in files)
    assert b"<label>Pay &amp; &lt;Go&gt; \xf0\x9f\x94\x91</label>" in written
    assert (folder / "pay_api" / "pay_api.crt").read_bytes() in written


def test_the_schema_is_a_judge_that_can_say_no() -> None:
    """Unknown elements, wrong order, a bad enumeration value, a missing required field."""
    good: Elements = [("externalClientApplication", "pay"), ("isEnabled", True)]
    validate(encode_element("ExtlClntAppConfigurablePolicies", good))
    wrong: list[Elements] = [[*good, ("surprise", 1)], good[::-1], good[:1], [*good, ("startPage", "Nowhere")]]
    for bad in wrong:
        with pytest.raises(AssertionError):
            validate(encode_element("ExtlClntAppConfigurablePolicies", bad))


@pytest.mark.parametrize("kind", ["external-client-app", "connected-app"])
@pytest.mark.slow
def test_the_real_cli_converts_it_and_drops_nothing(kind: str, made: Cli, folder: Path) -> None:
    """``sf project convert source`` names the same members as our own package.xml."""
    assert made("metadata", "pay_api", *MAIL, "--kind", kind, "--permission-set", "--project", "new").code == 0
    project = folder / "new"
    done = run_sf(
        "project", "convert", "source", "--root-dir", "force-app", "--output-dir", folder / "out", "--json",
        home=folder / "home", cwd=project,
    )  # fmt: skip
    assert done.returncode == 0, done
    wanted = {"ConnectedApp": ["pay_api"]} if kind == "connected-app" else ECA_TYPES
    wanted = {**wanted, "PermissionSet": ["Certificate_Expiry_Mails"]}
    assert package((folder / "out" / "package.xml").read_bytes()) == wanted
    assert package((project / "manifest" / "package.xml").read_bytes()) == wanted
    converted = [path for path in (folder / "out").rglob("*") if path.is_file() and path.name != "package.xml"]
    assert len(converted) == len(sources(project))


def test_what_a_new_app_needs_is_said(made: Cli, folder: Path) -> None:
    """New consumer key, approval of users, assignment of the permission set, where the password of the JKS goes, the
    proof; the password stands in no file."""
    result = made("metadata", "pay_api", *MAIL, "--permission-set", "--browserforce", "-v")
    text = " ".join(result.out.split())
    for said in (
        "new consumer key",
        "Users must be approved",
        "sf org assign permset",
        'add "password" beside',
        "not against an org",
        "--external-client-app --instance-url https://MYDOMAIN.my.salesforce.com",
    ):
        assert said in text
    assert "proved: pay_api_glbloauth.ecaGlblOauth-meta.xml and pay_api.crt and pay_api.jks" in text
    assert "does not belong in source control" in result.err
    config = json.loads((folder / "pay_api" / "pay_api-browserforce.json").read_text())
    [keystore] = config["settings"]["security"]["certificateAndKeyManagement"]["importFromKeystore"]
    assert keystore == {"name": "pay_api", "filePath": "pay_api/pay_api.jks"}
    password = (folder / "pay_api" / "pay_api.jks.password").read_text().strip()
    for path in (folder / "pay_api").rglob("*"):
        assert path.name == "pay_api.jks.password" or not path.is_file() or password.encode() not in path.read_bytes()


def test_a_connected_app_warns_that_orgs_refuse_new_ones(made: Cli) -> None:
    """Off by default since Spring '26."""
    result = made("metadata", "pay_api", *MAIL, "--kind", "connected-app")
    assert "off by default in orgs since Spring '26" in result.err
    assert "lose support with Summer '27 and keep working" in result.err
    assert "--external-client-app" not in result.out
    assert "Spring '26" in made("metadata", "--help").out


def test_it_goes_into_the_project_around(
    made: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, umask: Callable[[int], None]
) -> None:
    """Into its default package directory, with ordinary modes and no .gitignore; and nothing there is written over."""
    umask(0o002)  # Debian's for a user who has a group of his own
    project = folder / "project"
    (project / "sub").mkdir(parents=True)
    (project / "sfdx-project.json").write_text(
        json.dumps({"packageDirectories": [{"path": "first"}, {"path": "apps/main", "default": True}]})
    )
    monkeypatch.chdir(project / "sub")
    arguments = ("metadata", "pay_api", *MAIL, "-d", folder / "pay_api")
    assert made(*arguments).code == 0
    base = project / "apps" / "main" / "main" / "default"
    assert len(sources(base)) == 5
    if sys.platform != "win32":  # which has no modes
        assert set(modes(base).values()) == {"775"}
    assert not list(base.rglob(".gitignore"))
    before = tree(project)
    (base / "externalClientApps" / "pay_api.eca-meta.xml").unlink()
    again = made(*arguments)
    assert again.code == 1
    assert "--in FILE" in again.err
    assert {**tree(project), **{name: before[name] for name in before if "eca-meta" in name}} == before


@pytest.mark.parametrize(
    "project",
    [
        "{",
        "[]",
        '{"packageDirectories": []}',
        '{"packageDirectories": [{"path": "../up"}]}',
        '{"packageDirectories": [5]}',
    ],
)
def test_a_broken_project_is_refused(project: str, made: Cli, folder: Path) -> None:
    """Nothing is written outside it, and nothing at all."""
    (folder / "there").mkdir()
    (folder / "there" / "sfdx-project.json").write_text(project)
    before = tree(folder)
    result = made("metadata", "pay_api", *MAIL, "--project", "there")
    assert result.code == 1, result
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("--contact-email", "nobody"), 2),
        ((*MAIL, "--scopes", "api"), 2),
        ((*MAIL, "--label", "bell \a"), 2),
        (("--in", "x-meta.xml", "--label", "x"), 2),
        (("--in", "gone-meta.xml"), 1),
        ((*MAIL, "--project", "pay_api"), 1),
    ],
)
def test_wrong_usage_changes_nothing(arguments: tuple[str, ...], code: int, made: Cli, folder: Path) -> None:
    """Missing or malformed flags are 2, what is not there or no project is 1."""
    before = tree(folder)
    assert made("metadata", "pay_api", *arguments).code == code
    assert tree(folder) == before


def test_an_empty_flag_is_none_at_all(made: Cli, folder: Path) -> None:
    """A variable that is not set: the defaults stand, and no element is empty."""
    empty = ("--label", "", "--callback-url", "", "--scopes", "")
    assert made("metadata", "pay_api", *MAIL, *empty, "--kind", "connected-app", "--project", "new").code == 0
    assert made("metadata", "pay_api", *MAIL, "--kind", "connected-app", "--project", "plain").code == 0
    assert tree(folder / "new") == tree(folder / "plain")


def test_a_certificate_that_the_app_would_not_take_is_refused(cli: Cli, folder: Path) -> None:
    """An EC key; and a keystore beside it that holds another certificate."""
    from conftest import openssl

    (folder / "pay").mkdir()
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "pay/ec.key",
        "-out", "pay/pay.crt", "-subj", "/CN=pay", cwd=folder,
    )  # fmt: skip
    assert "app.key" in cli("metadata", "pay", *MAIL, "--json").json["code"]
    assert cli("self-signed", "a", "--password", "generate").code == 0
    assert cli("self-signed", "b", "--password", "generate").code == 0
    (folder / "a" / "a.crt").write_bytes((folder / "b" / "b.crt").read_bytes())
    result = cli("metadata", "a", *MAIL, "--json")
    assert (result.code, result.json["code"]) == (1, "metadata.keystore-differs")
    assert not (folder / "a" / "a-project").exists()


# --in

DOCUMENTS = {
    "one line of base64, CRLF, comments, unknown elements": (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- <certificate>no</certificate> -->\r\n'
        f'<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">\r\n  <future a=">" b=\'1\'/>\r\n  <oauthConfig>'
        "\r\n    <callbackUrl>https://a.example</callbackUrl>\r\n    <certificate>@</certificate>\r\n"
        f"    <consumerKey>3MVG9.worthless</consumerKey>\r\n  </oauthConfig><samlConfig><certificate>{OLD}</certificate>"
        "</samlConfig>\r\n</ConnectedApp>\r\n",
        OLD,
        base64.b64encode(NEW).decode(),
    ),
    "PEM with character references, a BOM, a prefix": (
        "\ufeff<m:ExtlClntAppGlobalOauthSettings xmlns:m='x'><![CDATA[<certificate>]]><m:certificate lang=\">\">@</m:certificate>"
        "<!-- end --></m:ExtlClntAppGlobalOauthSettings>",
        f"-----BEGIN CERTIFICATE-----&#13;\n{OLD[:64]}&#13;\n{OLD[64:]}&#13;\n-----END CERTIFICATE-----&#13;\n",
        "PEM",
    ),
    "PEM, LF, indented": (
        "<ConnectedApp><oauthConfig><certificate>@</certificate></oauthConfig></ConnectedApp>",
        f"\n      -----BEGIN CERTIFICATE-----\n{OLD}\n-----END CERTIFICATE-----\n   ",
        "PEM",
    ),
    "PEM in CDATA-free CRLF": (
        "<ConnectedApp>\r\n<oauthConfig><certificate>@</certificate></oauthConfig></ConnectedApp>",
        f"-----BEGIN CERTIFICATE-----\r\n{OLD}\r\n-----END CERTIFICATE-----\r\n",
        "PEM",
    ),
    "empty": (
        "<ConnectedApp><oauthConfig><certificate>@</certificate></oauthConfig></ConnectedApp>",
        "",
        base64.b64encode(NEW).decode(),
    ),
}
LINE = base64.b64encode(NEW).decode()
LINES = "\n".join(LINE[start : start + 64] for start in range(0, len(LINE), 64))
ADDED = {
    "a connected app: one line, with its neighbour's indentation, before what the schema has behind it": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">\n'
        "    <label>Pay</label>\n    <oauthConfig>\n        <callbackUrl>https://a.example</callbackUrl>@\n"
        "        <consumerKey>3MVG9.worthless</consumerKey>\n    </oauthConfig>\n    <samlConfig>\n"
        "        <certificate>MIIB</certificate>\n    </samlConfig>\n</ConnectedApp>\n",
        f"\n        <certificate>{LINE}</certificate>",
    ),
    "a BOM, CRLF, tabs, comments, an unknown element, no end of line": (
        "\ufeff<?xml version='1.0'?>\r\n<!-- <oauthConfig/> -->\r\n<ConnectedApp>\r\n\t<oauthConfig a='>'>\r\n"
        "\t\t<!-- first --><assetTokenConfig>\r\n\t\t\t<x b='/>'/></assetTokenConfig>@ <!-- <certificate/> -->\r\n"
        "\t\t<consumerKey>k</consumerKey><zzz/></oauthConfig>\r\n</ConnectedApp>",
        f"<certificate>{LINE}</certificate>",
    ),
    "an External Client App: lines of 64, in the document's line ends, with its prefix": (
        "<m:ExtlClntAppGlobalOauthSettings xmlns:m='x'>\r\n  <m:callbackUrl/>@\r\n  <m:label>a</m:label>\r\n"
        "</m:ExtlClntAppGlobalOauthSettings>",
        "\r\n  <m:certificate>" + LINES.replace("\n", "\r\n") + "</m:certificate>",
    ),
    "the first of its elements": (
        "<ExtlClntAppGlobalOauthSettings>\n    @<consumerKey>k</consumerKey>\n</ExtlClntAppGlobalOauthSettings>",
        f"<certificate>{LINES}</certificate>\n    ",
    ),
    "the only one": ("<ConnectedApp><oauthConfig>@</oauthConfig></ConnectedApp>", f"<certificate>{LINE}</certificate>"),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_certificate_is_added_where_none_is(name: str, made: Cli, folder: Path) -> None:
    """In its place in the schema's order, in its type's form; every other byte stays. Through the real command too."""
    frame, added = ADDED[name]
    before, after = (part.encode() for part in frame.split("@"))
    assert replace_certificate(before + after, NEW, "file") == before + added.encode() + after
    path = folder / "App-meta.xml"
    path.write_bytes(before + after)
    done = made("metadata", "pay_api", "--in", path, "--json")
    assert (done.code, done.json["result"]["changed"]) == (0, True)
    der = pem_body((folder / "pay_api" / "pay_api.crt").read_text())
    assert read_certificate(path.read_bytes()) == der
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().endswith(after)
    assert made("metadata", "pay_api", "--in", path, "--json").json["result"]["changed"] is False


def test_an_element_that_is_but_one_tag_is_opened() -> None:
    """Those of the certificate's parent, with their attributes; what follows may look like its end."""
    document = b"<ConnectedApp><x/><oauthConfig a='/>' /></ConnectedApp>"
    added = f"<ConnectedApp><x/><oauthConfig a='/>'><certificate>{LINE}</certificate></oauthConfig></ConnectedApp>"
    assert replace_certificate(document, NEW, "file").decode() == added
    document = b"<ConnectedApp><oauthConfig><callbackUrl/></oauthConfig></ConnectedApp>"
    added = f"<ConnectedApp><oauthConfig><callbackUrl/><certificate>{LINE}</certificate></oauthConfig></ConnectedApp>"
    assert replace_certificate(document, NEW, "file").decode() == added


OPTIONAL = {
    "ConnectedApp": {
        "consumerKey": "k", "consumerSecret": "s", "isAdminApproved": "true", "isPkceRequired": "true",
        "scopes": "Api", "singleLogoutUrl": "https://a.example",
    },
    "ExtlClntAppGlobalOauthSettings": {
        "consumerKey": "k", "consumerSecret": "s", "isIntrospectAllTokens": "true", "shouldRotateConsumerKey": "false",
    },
}  # fmt: skip
WANTED = {
    "ConnectedApp": {"callbackUrl": "https://a.example"},
    "ExtlClntAppGlobalOauthSettings": {
        "callbackUrl": "https://a.example", "externalClientApplication": "a", "isConsumerSecretOptional": "false",
        "isPkceRequired": "true", "isSecretRequiredForRefreshToken": "true", "label": "a",
    },
}  # fmt: skip
AROUND = {
    "ConnectedApp": ("<contactEmail>a@b.example</contactEmail><label>a</label><oauthConfig>", "</oauthConfig>"),
    "ExtlClntAppGlobalOauthSettings": ("", ""),
}


@pytest.mark.parametrize("type", OPTIONAL)
def test_the_order_is_the_schemas(type: str) -> None:
    """With whichever elements are there, the Metadata API's own schema takes the file before and after."""
    for number in range(2 ** len(OPTIONAL[type])):
        some = {name: text for place, (name, text) in enumerate(OPTIONAL[type].items()) if number >> place & 1}
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in sorted((WANTED[type] | some).items()))
        opened, closed = AROUND[type]
        namespace = "http://soap.sforce.com/2006/04/metadata"
        document = f"<{type} xmlns='{namespace}'>{opened}{inner}{closed}</{type}>".encode()
        validate(document)
        validate(replace_certificate(document, NEW, "file"))


@pytest.mark.parametrize("tag", ["<certificate/>", "<certificate />", "<certificate a='/>'/>"])
def test_an_empty_element_gets_one(tag: str) -> None:
    """Self-closing, with or without attributes."""
    document = f"<ConnectedApp><oauthConfig>{tag}</oauthConfig><z/></ConnectedApp>".encode()
    replaced = replace_certificate(document, NEW, "file")
    assert read_certificate(replaced) == NEW
    assert replaced.endswith(b"</certificate></oauthConfig><z/></ConnectedApp>")


@given(
    st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")),
    st.binary(max_size=200),
)
def test_whatever_stands_around_stays(text: str, der: bytes) -> None:
    """Any text before and after, any certificate."""
    from xml.sax.saxutils import escape

    frame = f"<ConnectedApp><a>{escape(text)}</a><oauthConfig><certificate>@</certificate></oauthConfig><b>{escape(text)}</b></ConnectedApp>"
    before, _, after = (part.encode() for part in frame.rpartition("@</certificate>"))
    after = b"</certificate>" + after
    der = b"\x30" + der
    replaced = replace_certificate(before + OLD.encode() + after, der, "file")
    assert replaced == before + base64.b64encode(der) + after


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "input.empty"),
        (b"<ConnectedApp><oauthConfig>", "xml.malformed"),
        (b"<ConnectedApp><label>a</label></ConnectedApp>", "metadata.no-certificate"),
        (b"<ConnectedApp><oauthConfig/><oauthConfig/></ConnectedApp>", "metadata.several"),
        (
            b"<ConnectedApp><samlConfig><certificate>MIIB</certificate></samlConfig></ConnectedApp>",
            "metadata.no-certificate",
        ),
        (b"<ConnectedApp>" + b"<oauthConfig><certificate/></oauthConfig>" * 2 + b"</ConnectedApp>", "metadata.several"),
        (
            b"<ConnectedApp><oauthConfig><certificate>My_Cert</certificate></oauthConfig></ConnectedApp>",
            "metadata.reference",
        ),
        (
            b"<ConnectedApp><oauthConfig><certificate><a/></certificate></oauthConfig></ConnectedApp>",
            "metadata.malformed",
        ),
        (b"<SamlSsoConfig/>", "metadata.type"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><ConnectedApp/>", "xml.doctype"),
        ("<ConnectedApp/>".encode("utf-16"), "metadata.encoding"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><ConnectedApp/>', "metadata.encoding"),
        (b"<ConnectedApp>" + b"<a>" * 100_000, "xml.malformed"),
        (b"<ConnectedApp>\xff</ConnectedApp>", "xml.malformed"),
    ],
)
def test_what_cannot_be_replaced_is_refused(document: bytes, code: str, made: Cli, folder: Path) -> None:
    """Through the real command: a clear error, the file untouched."""
    path = folder / "App.connectedApp-meta.xml"
    path.write_bytes(document)
    result = made("metadata", "pay_api", "--in", path, "--json")
    assert (result.code, result.json["code"]) == (1, code)
    assert path.read_bytes() == document


@given(st.binary(max_size=300))
def test_any_bytes_end_in_our_error(document: bytes) -> None:
    """No foreign exception."""
    with pytest.raises(SfkeytoolError) as caught:
        replace_certificate(document, NEW, "file")
    assert isinstance(caught.value, InputError)


def test_in_replaces_the_certificate_of_a_file_and_proves_it(made: Cli, folder: Path) -> None:
    """In place, keeping the bytes around; a second run finds nothing to do; the consumer key is not printed."""
    path = folder / "App.connectedApp-meta.xml"
    frame = DOCUMENTS["one line of base64, CRLF, comments, unknown elements"][0]
    path.write_bytes(frame.replace("@", OLD).encode())
    result = made("metadata", "pay_api", "--in", path, "-v")
    assert result.code == 0, result
    der = pem_body((folder / "pay_api" / "pay_api.crt").read_text())
    assert path.read_bytes() == frame.replace("@", base64.b64encode(der).decode()).encode()
    assert "proved:" in result.out
    assert "3MVG9" not in result.out + result.err
    before = path.stat().st_mtime_ns
    again = made("metadata", "pay_api", "--in", path, "--json")
    assert again.json["result"]["changed"] is False
    assert path.stat().st_mtime_ns == before
    assert "--external-client-app" not in result.out
    settings = f"<ExtlClntAppGlobalOauthSettings><certificate>{OLD}</certificate></ExtlClntAppGlobalOauthSettings>"
    path.write_text(settings)
    assert "--external-client-app" in made("metadata", "pay_api", "--in", path).out
