"""Metadata: every field that the Metadata API has for a certificate is read, in every form in which one is found."""

import base64
import json
import re
import textwrap
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import CertificateAuthority, Pair, Result, openssl, pem_body
from fake_org import FakeOrg
from metadata_schema import Types
from oracle_java import JavaError, java_keytool
from test_audit_org import by_place

from sfkeytool.audit.fields import APP_FIELDS
from sfkeytool.audit.model import Carrier, CarrierKind
from sfkeytool.audit.stops import stops_of
from sfkeytool.keystores.metadata_xml import CERTIFICATE_FIELDS, FREE_FIELDS
from sfkeytool.keystores.metadata_xml import TYPES as METADATA_TYPES

Cli = Callable[..., Result]
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
TYPES = Types()

LEFT_OUT = {
    "ApexSettings.enableNonCertifiedApexMdCrud": "a switch, of certified packages",
    "MessagingChannel.embeddedConfig.messagingAuthorizations.publicKeyCertificateSetName": "names a set, which is read",
    "MobSecurityCertPinConfig.certificateHash": "a hash, which has no date",
    "SecuritySettings.sessionSettings.allowUserAuthenticationByCertificate": "a switch",
    "SecuritySettings.sessionSettings.allowUserCertBasedAuthenticationWithOcspValidation": "a switch",
    "WorkDotComSettings.enableWorkCertification": "a switch, of people's certification",
    "WorkDotComSettings.enableWorkCertificationNotification": "a switch, of people's certification",
}


def in_table(table: Mapping[str, Sequence[str]]) -> set[str]:
    return {f"{type}.{path}" for type, paths in table.items() for path in paths}


FREE = in_table(FREE_FIELDS)
"""What stands there may be anything, so that it counts only where it is a certificate."""
NOTHING_KNOWN = {"CallCenter.sections.items.value"}
"""Fields of which nobody knows what stops when what they hold expires."""


def speaks_of_a_certificate(name: str) -> bool:
    """By its words: certificate, cert, Certificates, but not concert or expertise."""
    return any(word.lower().startswith("cert") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name))


def wsdl_fields() -> set[str]:
    found = {f"{type}.{path}" for type in TYPES.components() for path in TYPES.paths(type, speaks_of_a_certificate)}
    assert "CallCenter.sections.items.value" in {
        f"CallCenter.{path}" for path in TYPES.paths("CallCenter", lambda name: name == "value")
    }
    return found | FREE


FIELDS = sorted((wsdl_fields() | in_table(CERTIFICATE_FIELDS)) - set(LEFT_OUT))
"""Those of the WSDL, and what is newer than it."""


def nested(path: str, text: str) -> str:
    """Elements within elements."""
    for tag in reversed(path.split(".")):
        text = f"<{tag}>{text}</{tag}>"
    return text


def component(field: str, text: str, folder: Path, name: str = "X") -> Path:
    """A file of metadata with one filled field."""
    type, _, path = field.partition(".")
    file = folder / f"{name}.{type}-meta.xml"
    file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<{type} {NAMESPACE}>{nested(path, text)}</{type}>\n')
    return file


def problems(result: Result) -> list[dict[str, Any]]:
    return [problem for source in result.json["result"]["sources"] for problem in source["problems"]]


def shown(cli: Cli, file: Path | str) -> dict[str, Any]:
    [facts] = cli("show", file, "--json").json["result"]["files"]
    assert isinstance(facts, dict)
    return facts


def sha256(pair: Pair) -> str:
    return openssl("x509", "-in", pair.crt, "-noout", "-fingerprint", "-sha256").partition("=")[2].strip()


def test_what_is_left_out_is_there(folder: Path) -> None:
    """A reason for a field that does not exist is no reason."""
    assert set(LEFT_OUT) <= wsdl_fields()
    assert len(FIELDS) >= 18


@pytest.mark.parametrize("field", FIELDS)
def test_what_stops_is_known_of_every_field(field: str) -> None:
    """A certificate without a word about it would look as if nothing needed it."""
    type, _, path = field.partition(".")
    kind = APP_FIELDS.get((type, path), CarrierKind.METADATA)
    assert bool(stops_of(Carrier("source", kind, "X", "X.xml", field))) is (field not in NOTHING_KNOWN)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.slow
def test_every_field_of_the_wsdl_is_read(field: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """A certificate in it is an item of the audit, and is what show and check speak of."""
    line = base64.b64encode(pem_body(pair.crt.read_text())).decode()
    file = component(field, line, folder)
    done = cli("audit", ".", "--json")
    [item] = done.json["result"]["items"]
    assert (item["part"], item["certificate"]["sha256"]) == (field, sha256(pair))
    assert [each["sha256"] for each in shown(cli, file)["certificates"]] == [sha256(pair)]


@pytest.mark.parametrize("field", sorted(set(FIELDS) - FREE))
@pytest.mark.slow
def test_every_field_may_name_a_certificate_of_ckm(field: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """By name it leads to the source of the project, which says who uses it; a record Id is told as one; anything else
    is a problem."""
    (folder / "certs").mkdir()
    (folder / "certs" / "Sign_Cert.crt").write_text(pair.crt.read_text())
    (folder / "certs" / "Sign_Cert.crt-meta.xml").write_text(f"<Certificate {NAMESPACE}/>")
    component(field, "sign_CERT", folder)
    done = cli("audit", ".", "--json")
    named, source = sorted(done.json["result"]["items"], key=lambda item: item["part"] == "")
    assert (named["part"], named["refersTo"]) == (field, "Sign_Cert")
    assert source["usedBy"] == [f"{named['name']} ({field})"]
    for same in ("notAfter", "status", "daysLeft", "withinDays"):
        assert named[same] == source[same] is not None
    component(field, "0P15g000000KmXc", folder)
    named, source = sorted(cli("audit", ".", "--json").json["result"]["items"], key=lambda item: item["part"] == "")
    assert "CKM certificate of Id 0P15g000000KmXc" in named["note"]
    assert (named["refersTo"], source["usedBy"]) == (None, [])
    component(field, "no certificate at all", folder)
    assert [problem["code"] for problem in problems(cli("audit", ".", "--json"))] == ["certificate.none"]


def test_every_type_is_on_the_page_about_orgs() -> None:
    """The settings of External Client Apps as such, every other type by its name."""
    page = (Path(__file__).parent.parent / "docs" / "orgs.md").read_text(encoding="utf-8")
    own = {type for type in METADATA_TYPES if not type.startswith("ExtlClntApp")}
    assert {type for type in own if f"`{type}`" not in page} == set()


def test_every_type_is_read_from_an_org(cli: Cli, org: FakeOrg, pair: Pair) -> None:
    """All of them, with the certificate in each of their fields."""
    line = base64.b64encode(pem_body(pair.crt.read_text())).decode()

    def fields(path: str) -> Any:
        head, _, rest = path.partition(".")
        return [(head, fields(rest) if rest else line)]

    for number, field in enumerate(FIELDS):
        type, _, path = field.partition(".")
        name = "IdentityProvider" if type == "IdentityProviderSettings" else f"N{number}"
        org.contents.add(type, name, fields(path))
    found = by_place(cli("audit", "--json"))
    assert {item["part"] for item in found.values() if item["certificate"]} == set(FIELDS)
    org.contents.unknown_types.add("IdentityProviderSettings")  # listMetadata may not know it, and readMetadata does
    assert by_place(cli("audit", "--json")).keys() == found.keys()


# Forms


def forms(pem: str) -> Iterator[tuple[str, str]]:
    """All in which a certificate was seen in retrieved files, and some near them."""
    der = pem_body(pem)
    line = base64.b64encode(der).decode()
    bag = f"Bag Attributes\n    localKeyID: 54 69 6D\nsubject=CN = pair\nissuer=CN = x\n{pem}"
    yield "one line of base64", line
    yield "base64 in lines of 64", "\n".join(textwrap.wrap(line, 64))
    yield "base64 in lines of 76, CRLF", "&#13;\n".join(textwrap.wrap(line, 76))
    yield "PEM", pem
    yield "PEM with blanks for line ends", " ".join(pem.split("\n"))
    yield "PEM in one line", pem.replace("\n", "")
    yield "PEM with text before it", bag
    yield "base64 of a text with bag attributes", base64.b64encode(bag.encode()).decode()
    yield "base64 of a PEM", base64.b64encode(pem.encode()).decode()
    yield "base64 of a PEM in lines of 64", "\n".join(textwrap.wrap(base64.b64encode(pem.encode()).decode(), 64))
    yield "base64 of a PEM with a BOM", base64.b64encode(b"\xef\xbb\xbf" + pem.encode()).decode()
    yield "base64 of a PEM in UTF-16", base64.b64encode(pem.encode("utf-16")).decode()
    yield "base64 of base64", base64.b64encode(line.encode()).decode()
    yield "a BOM before a line of base64", "\ufeff" + line
    yield "a BOM before a PEM", "\ufeff" + pem


NAMES_OF_FORMS = [name for name, _ in forms("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")]
APPS = ("ConnectedApp.oauthConfig.certificate", "ExtlClntAppGlobalOauthSettings.certificate")


@pytest.mark.parametrize("form", NAMES_OF_FORMS)
@pytest.mark.slow
def test_every_command_reads_a_certificate_in_every_form(
    form: str, cli: Cli, folder: Path, pair: Pair, other_pair: Pair
) -> None:
    """show, check, audit and metadata --in say the same of it; what metadata writes has the form that was there."""
    text = dict(forms(pair.crt.read_text()))[form]
    file = component(APPS[NAMES_OF_FORMS.index(form) % 2], text, folder)
    [item] = cli("audit", file, "--json").json["result"]["items"]
    assert item["certificate"]["sha256"] == sha256(pair)
    assert [each["sha256"] for each in shown(cli, file)["certificates"]] == [sha256(pair)]
    checked = cli("check", file, "--profile", "app-cert", "--json")
    assert "app.file.no-certificate" not in checked.out
    assert "accept" in checked.out
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.crt").write_text(other_pair.crt.read_text())
    done = cli("metadata", "pay", "--in", file, "--json")
    assert done.code == 0, done
    [item] = cli("audit", file, "--json").json["result"]["items"]
    assert item["certificate"]["sha256"] == sha256(other_pair)
    wanted = dict(forms(other_pair.crt.read_text()))[form]
    written = re.search(r"<certificate>(.*)</certificate>", file.read_bytes().decode(), re.DOTALL)
    assert written
    # A BOM, and what a text said of the old certificate, are not written again.
    kept = {
        "base64 of a text with bag attributes": "base64 of a PEM",
        "PEM with text before it": "PEM",
        "base64 of a PEM with a BOM": "base64 of a PEM",
        "base64 of a PEM in UTF-16": "base64 of a PEM",
        "a BOM before a line of base64": "one line of base64",
        "a BOM before a PEM": "PEM",
    }.get(form)
    wanted = dict(forms(other_pair.crt.read_text()))[kept] if kept else wanted
    assert written[1].split() == wanted.split(), "lines"


@pytest.mark.slow
def test_the_forms_are_understood_as_files(cli: Cli, folder: Path, pair: Pair) -> None:
    """And a PEM in JSON, with a backslash and an n for each line end."""
    for number, (form, text) in enumerate(forms(pair.crt.read_text())):
        file = folder / f"{number}.crt"
        file.write_bytes(text.replace("&#13;", "\r").encode())
        assert [each["sha256"] for each in shown(cli, file)["certificates"]] == [sha256(pair)], form
    (folder / "secret.json").write_text(json.dumps({"certificate": pair.crt.read_text(), "key": pair.key.read_text()}))
    facts = shown(cli, "secret.json")
    assert [each["sha256"] for each in facts["certificates"]] == [sha256(pair)]
    assert facts["keys"][0]["certificates"] == [sha256(pair)]


@pytest.mark.parametrize(
    "form",
    [
        "PEM",
        "PEM with blanks for line ends",
        "PEM in one line",
        "base64 in lines of 64",
        "base64 of a PEM",
        "a BOM before a PEM",
    ],
)
@pytest.mark.slow
def test_a_file_that_java_does_not_read_is_no_plain_certificate(form: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """check says of an app's certificate that it is wrapped where keytool, as a strict reader, refuses it."""
    file = folder / "app.crt"
    file.write_bytes(dict(forms(pair.crt.read_text()))[form].encode())
    try:
        java_keytool(folder, ["-printcert", "-file", file])
        read = True
    except JavaError:
        read = False
    findings = cli("check", file, "--json").json["result"]["files"][0]["findings"]
    assert ("app.file.wrapped" in [finding["rule"] for finding in findings]) != read


def none_of_them(pair: Pair) -> dict[str, tuple[str, str, str]]:
    """Texts that are no certificate, with the code and the words for each."""
    public = openssl("rsa", "-in", pair.key, "-pubout").partition("-----BEGIN")
    public_pem = "-----BEGIN" + public[2]
    line = base64.b64encode(pem_body(pair.crt.read_text())).decode()
    return {
        "shell": ("${SF_CERT}", "certificate.placeholder", "placeholder ${SF_CERT}"),
        "template": ("{{CERT}}", "certificate.placeholder", "placeholder {{CERT}}"),
        "replacement": ("@CERT@", "certificate.placeholder", "placeholder @CERT@"),
        "format": ("{cert_id}", "certificate.placeholder", "placeholder {cert_id}"),
        "public key": (public_pem, "certificate.none", "a public key"),
        "public key, base64": (base64.b64encode(public_pem.encode()).decode(), "certificate.none", "a public key"),
        "public key, DER": (base64.b64encode(pem_body(public_pem)).decode(), "certificate.none", "a public key"),
        "private key": (pair.key.read_text(), "certificate.none", "a private key"),
        "text": ("the certificate of Pay, ask Ann", "certificate.none", "other text (31 characters)"),
        "cut short": (line[:601], "certificate.malformed", "damaged or cut short"),
    }


@pytest.mark.parametrize(
    "what",
    ["shell", "template", "replacement", "format", "public key", "public key, base64", "public key, DER", "private key",
     "text", "cut short"],
)  # fmt: skip
def test_a_filled_field_without_a_certificate_is_told(
    what: str, cli: Cli, folder: Path, pair: Pair, other_pair: Pair
) -> None:
    """By every command, with the same code and words; nothing of it is quoted but a placeholder."""
    text, code, words = none_of_them(pair)[what]
    file = component(APPS[0], text, folder)
    done = cli("audit", ".", "--json")
    [problem] = problems(done)
    assert (done.code, problem["code"]) == (68, code)
    assert words in problem["message"]
    for command in ("show", "check"):
        said = cli(command, file, "--json")
        assert code in said.out, said
        assert words in said.out, said
        assert said.code not in (0, 70)
    (folder / "pay").mkdir()
    (folder / "pay" / "pay.crt").write_text(other_pair.crt.read_text())
    before = file.read_bytes()
    refused = cli("metadata", "pay", "--in", file, "--json")
    if code == "certificate.malformed":  # which this mends
        assert by_place(cli("audit", file, "--json")).popitem()[1]["certificate"]["sha256"] == sha256(other_pair)
        return
    assert (refused.code, file.read_bytes()) == (1, before)
    assert words in refused.out
    assert pair.key.read_text()[100:160] not in done.out + refused.out


def test_a_name_that_begins_as_base64_of_der_does_is_a_name(cli: Cli, folder: Path) -> None:
    component(APPS[0], "MIS_Cert", folder)
    assert [item["reference"] for item in cli("audit", ".", "--json").json["result"]["items"]] == ["MIS_Cert"]


def test_a_call_center_has_texts_of_all_kinds(cli: Cli, folder: Path, pair: Pair) -> None:
    """Only what is a certificate counts; one that is cut short is told."""
    values = ["https://example.com", "MI", "Sign_Cert", "${X}", "0P15g000000KmXc", pair.crt.read_text()]
    items = "".join(f"<items><label>l</label><value>{value}</value></items>" for value in values)
    file = folder / "C.callCenter-meta.xml"
    file.write_text(f"<CallCenter {NAMESPACE}><sections>{items}</sections></CallCenter>")
    done = cli("audit", ".", "--json")
    [item] = done.json["result"]["items"]
    assert (done.code, item["certificate"]["sha256"], problems(done)) == (0, sha256(pair), [])
    file.write_text(file.read_text().replace("-----END CERTIFICATE-----", ""))
    assert [problem["code"] for problem in problems(cli("audit", ".", "--json"))] == ["pem.truncated"]


@pytest.mark.parametrize("field", sorted(FREE))
def test_what_may_be_anything_and_is_no_certificate_is_no_word_worth(field: str, cli: Cli, folder: Path) -> None:
    file = component(field, "call me", folder)
    done = cli("audit", ".", "--json")
    assert (done.code, done.json["result"]["items"], problems(done)) == (0, [], [])
    assert not shown(cli, file)["certificates"]


def test_a_locked_key_beside_a_certificate_costs_it_nothing(cli: Cli, folder: Path, pair: Pair) -> None:
    """In an element that nobody knows: no password is asked for what is not wanted."""
    openssl("rsa", "-in", pair.key, "-aes128", "-passout", "pass:worthless", "-out", folder / "locked.key")
    both = pair.crt.read_text() + (folder / "locked.key").read_text()
    (folder / "locked.key").unlink()
    (folder / "any.xml").write_text(f"<a><certificate>{both}</certificate></a>")
    assert [each["sha256"] for each in shown(cli, "any.xml")["certificates"]] == [sha256(pair)]


def test_a_request_in_certs_waits(cli: Cli, folder: Path, pair: Pair) -> None:
    """As in an org: it has no date yet, and what names it is known."""
    (folder / "certs").mkdir()
    openssl("req", "-new", "-key", pair.key, "-subj", "/CN=x", "-out", folder / "certs" / "New.crt")
    (folder / "certs" / "New.crt-meta.xml").write_text(
        f"<Certificate {NAMESPACE}><expirationDate>2020-01-01T00:00:00.000Z</expirationDate></Certificate>"
    )
    component("NamedCredential.certificate", "New", folder)
    done = cli("audit", ".", "--json")
    items = {item["kind"]: item for item in done.json["result"]["items"]}
    assert items["ckm-source"]["note"] == "waits for the certificate that a CA is to sign"
    assert items["ckm-source"]["usedBy"] == ["X (NamedCredential.certificate)"]
    assert (done.code, items["metadata"]["status"], items["metadata"]["refersTo"]) == (0, "unknown", "New")


def test_what_names_a_certificate_ends_with_its_leaf(
    cli: Cli, folder: Path, pair: Pair, ca: CertificateAuthority
) -> None:
    """Not with the CAs above it, in whichever order the file has them."""
    (folder / "certs").mkdir()
    pems = [path.read_text() for path in (pair.crt, ca.intermediate, ca.root)]
    for number, chain in enumerate((pems, pems[::-1])):
        (folder / "certs" / f"Sign{number}.crt").write_text("".join(chain))
        (folder / "certs" / f"Sign{number}.crt-meta.xml").write_text(f"<Certificate {NAMESPACE}/>")
        component("NamedCredential.certificate", f"Sign{number}", folder, f"X{number}")
    listed = cli("audit", ".", "--json").json["result"]["items"]
    [leaf] = {item["notAfter"] for item in listed if (item["certificate"] or {}).get("sha256") == sha256(pair)}
    assert [item["notAfter"] for item in listed if item["kind"] == "metadata"] == [leaf, leaf]


# Projects


def project(root: Path, pem: str, name: str = "Sign") -> None:
    """Two package directories: the certificate in one, what names it in the other."""
    (root / "base" / "certs").mkdir(parents=True)
    (root / "app" / "classes").mkdir(parents=True)
    (root / "sfdx-project.json").write_text("{}")
    (root / "base" / "certs" / f"{name}.crt").write_text(pem)
    (root / "base" / "certs" / f"{name}.crt-meta.xml").write_text(f"<Certificate {NAMESPACE}/>")
    code = f"class Go {{ static final String CERT = '{name}'; void go() {{ r.setClientCertificateName(CERT); }} }}"
    (root / "app" / "classes" / "Go.cls").write_text(code)


def test_a_name_counts_in_its_own_project(cli: Cli, folder: Path, pair: Pair, other_pair: Pair) -> None:
    """Package directories belong together, given as one path or as two; a neighbour's certificate of the same name is
    another matter."""
    project(folder / "one", pair.crt.read_text())
    project(folder / "two", other_pair.crt.read_text())
    (folder / "two" / "app" / "classes" / "Go.cls").unlink()
    for paths in ((".",), ("one/app", "one/base", "two/base")):
        items = by_place(cli("audit", *paths, "--json"))
        used = {Path(place).parts[0]: item["usedBy"] for place, item in items.items() if item["kind"] == "ckm-source"}
        assert used == {"one": ["Go (Apex)"], "two": []}
        [named] = [item for item in items.values() if item["reference"]]
        assert (named["refersTo"], named["status"]) == ("Sign", "fine")
    table = cli("audit", ".").out
    assert "Go → Sign" in table
    assert "Sign (used by Go)" in table


def test_a_name_counts_in_its_own_retrieve(cli: Cli, folder: Path, pair: Pair, other_pair: Pair) -> None:
    """Without an sfdx project, what lies beside or below a package.xml belongs together."""
    for root, pem in (("one", pair.crt.read_text()), ("two", other_pair.crt.read_text())):
        project(folder / root, pem)
        (folder / root / "sfdx-project.json").rename(folder / root / "package.xml")
    (folder / "two" / "app" / "classes" / "Go.cls").unlink()
    items = by_place(cli("audit", ".", "--json"))
    used = {Path(place).parts[0]: item["usedBy"] for place, item in items.items() if item["kind"] == "ckm-source"}
    assert used == {"one": ["Go (Apex)"], "two": []}


# Zips


def zipped(path: Path, entries: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def retrieved(pem: str) -> dict[str, bytes | str]:
    """What a retrieve of the Metadata API puts into unpackaged.zip."""
    line = base64.b64encode(pem_body(pem)).decode()
    app = f"<ConnectedApp {NAMESPACE}>{nested('oauthConfig.certificate', line)}</ConnectedApp>"
    return {
        "unpackaged/package.xml": f"<Package {NAMESPACE}/>",
        "unpackaged/connectedApps/Pay.connectedApp": app,
        "unpackaged/certs/Sign.crt": pem,
        "unpackaged/certs/Sign.crt-meta.xml": f"<Certificate {NAMESPACE}/>",
        "unpackaged/classes/Go.cls": "class Go { void go() { r.setClientCertificateName('Sign'); } }",
    }


def test_a_retrieve_zip_is_read_inside(cli: Cli, folder: Path, pair: Pair) -> None:
    """Where it lies in a folder and where it is named; zips of anything else, and zips in it, stay closed."""
    zipped(folder / "other.zip", {"a.crt": pair.crt.read_text()})
    inner = zipped(folder / "inner.zip", retrieved(pair.crt.read_text())).read_bytes()
    (folder / "inner.zip").unlink()
    zipped(
        folder / "unpackaged.zip", {**retrieved(pair.crt.read_text()), "unpackaged/staticresources/x.resource": inner}
    )
    for given in (".", "unpackaged.zip"):
        done = cli("audit", given, "--json")
        found = {item["path"]: item for item in done.json["result"]["items"]}
        assert (done.code, set(found)) == (
            0,
            {
                "unpackaged.zip!/unpackaged/connectedApps/Pay.connectedApp",
                "unpackaged.zip!/unpackaged/certs/Sign.crt",
                "unpackaged.zip!/unpackaged/classes/Go.cls",
            },
        )
        source = found["unpackaged.zip!/unpackaged/certs/Sign.crt"]
        assert (source["kind"], source["name"], source["usedBy"]) == ("ckm-source", "Sign", ["Go (Apex)"])
    assert problems(cli("audit", "other.zip", "--json"))[0]["code"] == "input.unknown-kind"


def hostile(folder: Path, what: str, pem: str) -> Path:
    """A retrieve zip with something bad in it."""
    path = folder / "bad.zip"
    good = retrieved(pem)
    match what:
        case "zip.entry-name":
            out = ("../../up.crt", "/etc/root.crt", "a\\..\\b.crt", "C:/x.crt", "nul.crt")
            zipped(path, {**dict.fromkeys(out, pem), **good})
            path.write_bytes(path.read_bytes().replace(b"nul.crt", b"\0ul.crt"))  # which is an empty name
        case "zip.duplicate":
            zipped(path, {**good, "unpackaged/certs/Zign.crt": "x"})
            path.write_bytes(path.read_bytes().replace(b"/Zign.crt", b"/Sign.crt"))
        case "zip.too-large":
            zipped(path, {"unpackaged/certs/Bomb.crt": bytes(15 << 20), **good})
        case "zip.encrypted":
            zipped(path, {"unpackaged/certs/Shut.crt": pem, **good})
            data = bytearray(path.read_bytes())
            data[data.index(b"PK\x01\x02") + 8] |= 1
            path.write_bytes(data)
        case "zip.damaged":
            zipped(path, {"unpackaged/certs/Torn.crt": pem, **good})
            data = bytearray(path.read_bytes())
            data[len("unpackaged/certs/Torn.crt") + 40] ^= 0xFF
            path.write_bytes(data)
    return path


@pytest.mark.parametrize(("more", "code"), [(0, "zip.damaged"), (1, "zip.too-large")])
def test_a_table_of_contents_of_eight_megabytes_is_the_longest(
    more: int, code: str, cli: Cli, folder: Path, pair: Pair
) -> None:
    path = zipped(folder / "x.zip", retrieved(pair.crt.read_text()))
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\5\6")
    data[end + 12 : end + 16] = ((8 << 20) + more).to_bytes(4, "little")
    path.write_bytes(data)
    assert [problem["code"] for problem in problems(cli("audit", ".", "--json"))] == [code]


@pytest.mark.parametrize("what", ["zip.entry-name", "zip.duplicate", "zip.too-large", "zip.encrypted", "zip.damaged"])
def test_a_hostile_zip_costs_a_problem(what: str, cli: Cli, folder: Path, pair: Pair) -> None:
    """One for each kind of thing, and the rest of it is read."""
    hostile(folder, what, pair.crt.read_text())
    done = cli("audit", ".", "--json")
    assert (done.code, [problem["code"] for problem in problems(done)]) == (68, [what])
    assert len(done.json["result"]["items"]) == 3
    assert [path.name for path in folder.iterdir()] == ["bad.zip"]


def test_a_zip_in_the_form_for_large_ones_is_not_opened(cli: Cli, folder: Path, pair: Pair) -> None:
    """ZIP64, by the locator before its end: its table of contents may be of any size."""
    path = zipped(folder / "x.zip", retrieved(pair.crt.read_text()))
    before, mark, end = path.read_bytes().rpartition(b"PK\5\6")
    path.write_bytes(before + b"PK\6\7" + bytes(16) + mark + end)
    assert [problem["code"] for problem in problems(cli("audit", ".", "--json"))] == ["zip.too-large"]


@pytest.mark.slow
def test_no_zip_breaks_the_run(cli: Cli, folder: Path, pair: Pair) -> None:
    """Cut at many places, bytes flipped, too many entries, a table of contents that lies."""
    data = zipped(folder / "x.zip", retrieved(pair.crt.read_text())).read_bytes()
    for length in range(30, len(data), 97):
        (folder / "x.zip").write_bytes(data[:length])
        assert cli("audit", ".").code == 68
    for place in range(0, len(data), 41):
        (folder / "x.zip").write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        assert cli("audit", ".").code in (0, 68)
    lies = bytearray(data)
    end = data.rindex(b"PK\x05\x06")
    lies[end + 12 : end + 16] = (100 << 20).to_bytes(4, "little")
    (folder / "x.zip").write_bytes(lies)
    assert [problem["code"] for problem in problems(cli("audit", ".", "--json"))] == ["zip.too-large"]
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        for number in range(20_001):
            archive.writestr(f"{number}", b"")
    assert [problem["code"] for problem in problems(cli("audit", ".", "--json"))] == ["zip.too-large"]


def test_metadata_in_utf_16_is_read_whatever_it_says_of_itself(cli: Cli, folder: Path, pair: Pair) -> None:
    """As editors write it, with the encoding declared, and as PowerShell does, without."""
    for number, declared in enumerate(("UTF-16", "utf-8")):
        file = component(APPS[0], pair.crt.read_text(), folder, f"X{number}")
        file.write_text(file.read_text().replace("UTF-8", declared), encoding="utf-16")
        assert [each["sha256"] for each in shown(cli, file)["certificates"]] == [sha256(pair)]
        assert cli("check", file, "--json").json["result"]["summary"]["accept"] == 1
    assert [item["certificate"]["sha256"] for item in cli("audit", ".", "--json").json["result"]["items"]] == [
        sha256(pair),
        sha256(pair),
    ]
