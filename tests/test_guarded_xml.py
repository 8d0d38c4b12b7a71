"""XML from outside: one guard for everything that parses it."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result

import sfkeytool
from sfkeytool.audit.files import read_carriers
from sfkeytool.audit.model import Problem
from sfkeytool.errors import InputError, NetworkError
from sfkeytool.keystores.contents import InputFile, parse_contents
from sfkeytool.keystores.guarded_xml import MAX_DEPTH
from sfkeytool.salesforce.certificate_element import replace_certificate
from sfkeytool.salesforce.soap import parse_list

Cli = Callable[..., Result]
ROOT = Path(sfkeytool.__file__).parent
BOMB = b"<!DOCTYPE a [<!ENTITY b 'c'>]>"


def nested(depth: int, inside: bytes = b"") -> bytes:
    return b"<a>" * depth + inside + b"</a>" * depth


@pytest.mark.slow
def test_nothing_parses_xml_but_the_guard() -> None:
    """A parser that is made elsewhere is handed to the guard, and no other method of a library parses."""
    for path in ROOT.rglob("*.py"):
        if path.name == "guarded_xml.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("Parse", "ParseFile", "fromstring", "iterparse", "XMLPullParser"), path
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith(("xml.dom", "xml.sax.expatreader", "xml.sax.handler")), path


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (BOMB + b"<ConnectedApp>&b;</ConnectedApp>", "xml.doctype"),
        (BOMB + b"<other>&b;</other>", "xml.doctype"),
        (("\ufeff" + BOMB.decode() + "<other>&b;</other>").encode("utf-16-le"), "xml.doctype"),
        (b"<ConnectedApp>" + nested(MAX_DEPTH) + b"</ConnectedApp>", "xml.malformed"),
        (nested(MAX_DEPTH + 1), "xml.malformed-other"),
        (b"<ConnectedApp>&b;</ConnectedApp>", "xml.malformed"),
        (b"<ConnectedApp a:b='c'/>", "xml.malformed"),
        (b"<?xml version='1.0' encoding='klingon'?><ConnectedApp/>", "xml.malformed"),
    ],
    ids=["a DTD", "a DTD of another kind", "a DTD in UTF-16", "too deep", "too deep, of another kind",
         "an entity that nobody declared", "a namespace that nobody declared", "an encoding that there is not"],
)  # fmt: skip
def test_a_file_that_could_harm_is_refused(document: bytes, code: str, cli: Cli, folder: Path) -> None:
    path = folder / "App.connectedApp-meta.xml"
    path.write_bytes(document)
    assert cli("show", path, "--json").json["code"] == code


@pytest.mark.parametrize(
    "before", ["", "\n", "<!-- -->", "<?xml version='1.0'?>", "<?xml version='1.0' encoding='{}'?>"]
)
@pytest.mark.parametrize("root", ["ConnectedApp", "other"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "cp037", "latin-1"]
)
def test_no_encoding_hides_a_dtd(encoding: str, root: str, before: str) -> None:
    """With a BOM and without; whether the declaration tells the encoding or not."""
    document = (before.format(encoding) + BOMB.decode() + f"<{root}>&b;</{root}>").encode(encoding)
    file = InputFile("App.connectedApp-meta.xml", document)
    with pytest.raises(InputError) as caught:
        parse_contents(file, ())
    codes = [caught.value.code]
    try:
        codes += [each.code for each in read_carriers(file, "", ()) if isinstance(each, Problem)]
    except InputError as error:
        codes.append(error.code)
    assert len(codes) == 2, "an audit must not pass it over"
    if encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le") and "encoding=" not in before:
        assert codes == ["xml.doctype"] * 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", ["", "\r\n ", "<?xml version='1.0' encoding='UTF-16'?>"])
def test_what_the_encoding_hides_is_read_too(encoding: str, before: str, pair: Pair) -> None:
    """A certificate in metadata that Windows wrote."""
    certificate = pair.crt.read_text()
    document = (
        f"{before}<ConnectedApp><oauthConfig><certificate>{certificate}</certificate></oauthConfig></ConnectedApp>"
    )
    assert len(parse_contents(InputFile("x", document.encode(encoding)), ()).certificates) == 1


@pytest.mark.parametrize(("harm", "inside", "code"), [(BOMB, b"", "xml.doctype"), (b"", nested(64), "xml.malformed")])
def test_metadata_in_which_a_certificate_is_replaced_is_guarded(harm: bytes, inside: bytes, code: str) -> None:
    certificate = b"<oauthConfig><certificate>MIIB</certificate></oauthConfig>"
    with pytest.raises(InputError) as caught:
        replace_certificate(harm + b"<ConnectedApp>" + certificate + inside + b"</ConnectedApp>", b"\x30\0", "file")
    assert caught.value.code == code


@pytest.mark.parametrize(("harm", "inside"), [(BOMB, b""), (b"", nested(64))])
def test_what_an_org_answers_is_guarded(harm: bytes, inside: bytes) -> None:
    """Whoever answers so is no org."""
    answer = b"<Envelope><Body><listMetadataResponse>" + inside + b"</listMetadataResponse></Body></Envelope>"
    with pytest.raises(NetworkError) as caught:
        parse_list(harm + answer, "host")
    assert caught.value.code == "network.not-salesforce"
    assert parse_list(answer.replace(inside, b""), "host") == ()


def test_what_only_looks_like_a_dtd_is_read() -> None:
    """A text may quote a page; and as deep as is allowed is read to its end."""
    quoted = parse_contents(InputFile("x", b"<other><![CDATA[<!DOCTYPE html>]]><!-- <!ENTITY --></other>"), ())
    assert (quoted.certificates, quoted.ignored) == ((), ())
    with pytest.raises(Exception, match="certificate"):
        parse_contents(InputFile("x", nested(MAX_DEPTH - 1, b"<certificate>MIIB</certificate>")), ())
