"""The fake org's Setup, visited as a browser does: what a genuine Java wrote is imported or refused as documented."""

import contextlib
import json
import re
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
import requests
from conftest import required
from cryptography.hazmat.primitives import serialization
from fake_org import FakeOrg
from fake_org import keystore_import as imported
from fake_org.contents import Contents
from fake_org.setup import CHALLENGE, HOME, IMPORT, INVALID_FOR_SESSION, MAINTENANCE
from filled_org import key_pem, make
from oracle_java import java_make

if TYPE_CHECKING:
    from browser import Tab

PASSWORD = "worthless-password"
ASKED = f"{IMPORT}?{urlencode({'retURL': HOME})}"
HIDDEN = ("_CONFIRMATIONTOKEN", "cancelURL", "retURL", "save_new_url")
"""Of every classic form."""
CORPUS_PASSWORD = "worthless-corpus-password"
CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"


def key_der(number: int) -> bytes:
    key = serialization.load_pem_private_key(key_pem(number), None)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def certificate_der(number: int) -> bytes:
    return make("pay", 300, number).certificate.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def keystore() -> bytes:
    """Written by Java: one entry, pay_api."""
    return java_make("JKS", PASSWORD, [("pay_api", key_der(1), PASSWORD, [certificate_der(1)])])


@pytest.fixture
def org() -> Iterator[FakeOrg]:
    with FakeOrg(tls=False) as org:
        yield org


class Visitor:
    """Cookies and redirects, as a browser has them, and what it reads off a page."""

    def __init__(self, org: FakeOrg) -> None:
        self.org = org
        self._session = requests.Session()
        self.url = self.html = ""

    def front_door(self, target: str = HOME, token: str | None = None) -> str:
        """Its address; empty where the org gives none."""
        answer = requests.get(
            f"{self.org.url}/services/oauth2/singleaccess", {"redirect_uri": target},
            headers={"Authorization": f"Bearer {token or self.org.let_in()}"}, timeout=10,
        )  # fmt: skip
        assert answer.ok == ("frontdoor_uri" in answer.json())
        return str(answer.json().get("frontdoor_uri", ""))

    def go(self, target: str, form: list[tuple[str, Any]] | None = None) -> "Visitor":
        """To a page, or with the fields of a form."""
        url = urljoin(self.url or self.org.url, target)
        answer = self._session.request("POST" if form else "GET", url, files=form, timeout=10)
        self.url, self.html = answer.url, answer.text
        return self

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def hidden(self) -> list[tuple[str, str]]:
        found = re.findall(r'<input type="hidden" name="(\w+)" id="\w+" value="([^"]*)"/>', self.html)
        return [(name, unescape(value)) for name, value in found]

    def errors(self) -> list[str]:
        """By the locators of sfdx-browserforce-plugin: #error, #errorTitle, #errorDesc, #validationError, div.errorMsg."""
        found = re.findall(
            r'<div (?:id="(?:error|errorTitle|errorDesc|validationError)"|class="errorMsg")>(.*?)</div>', self.html
        )
        return [unescape(re.sub(r"<[^>]+>", "", each)).removeprefix("Error: ").strip() for each in found]

    def save(self, keystore: bytes, password: str = PASSWORD, **changed: str) -> "Visitor":
        """Fills the form that is here and presses the first Save: the fields go in the order of the page."""
        texts = [*(dict(self.hidden()) | changed).items(), ("save", " Save ")]
        form: list[tuple[str, Any]] = [(name, (None, value)) for name, value in texts]
        file = ("fileName", ("pay.jks", keystore, "application/octet-stream"))
        return self.go(IMPORT, [*form, file, ("Password", (None, password))])


@pytest.fixture
def visitor(org: FakeOrg) -> Visitor:
    """Logged in, on the import page."""
    visitor = Visitor(org)
    return visitor.go(visitor.front_door()).go(ASKED)


def names(org: FakeOrg) -> list[str]:
    """In CKM now."""
    return list(org.contents.components.get("Certificate", {}))


def rows(org: FakeOrg, soql: str) -> list[dict[str, Any]]:
    """As the Tooling API answers."""
    answer = requests.get(
        f"{org.url}/services/data/v67.0/tooling/query", {"q": soql},
        headers={"Authorization": f"Bearer {org.let_in()}"}, timeout=10,
    )  # fmt: skip
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


def test_what_java_wrote_becomes_a_row(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """Landed on retURL; the row by its lower-case alias, newest first, and the certificate's body."""
    org.contents.add_row("pay_api", "2020-01-01T00:00:00.000+0000", created="2020-01-01T00:00:00.000+0000")
    assert visitor.save(keystore).path == HOME
    newest, gone = rows(
        org, "SELECT Id, DeveloperName, KeySize, CreatedDate FROM Certificate ORDER BY CreatedDate DESC"
    )
    component = org.contents.components["Certificate"]["pay_api"]
    assert (newest["DeveloperName"], newest["KeySize"]) == ("pay_api", 2048)
    assert newest["Id"] == component.id != gone["Id"]
    [upload] = org.setup.uploads
    assert (upload.file_name, upload.data) == ("pay.jks", keystore)
    assert [name for name, _ in upload.fields] == [*HIDDEN, "save", "fileName", "Password"]


def test_the_record_takes_another_name_and_is_deleted(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """By the page that sfdx-browserforce-plugin goes on to; a deleted one is still a row."""
    visitor.save(keystore)
    [row] = rows(org, "SELECT Id FROM Certificate WHERE DeveloperName = 'pay_api'")
    asked = urlencode({"MasterLabel": "Pay", "DeveloperName": "Pay", "retURL": HOME})
    visitor.go(f"/{row['Id']}/e?{asked}")
    fields = dict(re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"/>', visitor.html))
    visitor.go(f"/{row['Id']}/e", [(name, (None, value)) for name, value in fields.items()])
    assert (visitor.path, names(org)) == (HOME, ["Pay"])
    org.contents.delete_certificate("Pay")
    assert names(org) == []
    assert [each["DeveloperName"] for each in rows(org, "SELECT DeveloperName FROM Certificate")] == ["Pay"]


def corpus(name: str) -> bytes:
    return (CORPUS / f"{name}.jks").read_bytes()


REFUSED: dict[str, str] = {
    "wrong-digest": "Keystore was tampered with, or password was incorrect",
    "trusted-only": imported.NO_KEY,
    "alias-case": imported.NO_KEY,  # Java finds no key under a name in capitals
    "ec": imported.NOT_RSA,
    "rsa1024": imported.WRONG_SIZE,
    "mismatch": imported.NOT_A_PAIR,
    "key-password": imported.OTHER_KEY_PASSWORD.format(alias="pay"),
    "alias-1": imported.ALIAS,
    "pkcs12": "Invalid keystore format",
}


def test_what_is_wrong_is_told_in_the_documented_words(org: FakeOrg, visitor: Visitor) -> None:
    """On the page itself, with a form to try again; CKM has nothing, and then the right one."""
    for name, message in REFUSED.items():
        visitor.save(corpus(name), CORPUS_PASSWORD)
        assert (name, visitor.path, visitor.errors()) == (name, IMPORT, [message])
        assert 'id="errorDiv_ep"' in visitor.html
        assert dict(visitor.hidden())["retURL"] == HOME
    assert visitor.save(b"", CORPUS_PASSWORD).errors() == ["You must enter a value"]
    assert visitor.save(corpus("chain"), "another").errors() == [REFUSED["wrong-digest"]]
    assert names(org) == []
    assert visitor.save(corpus("chain"), CORPUS_PASSWORD).path == HOME
    assert names(org) == ["pay"]


def test_the_page_and_the_corpus_agree(org: FakeOrg) -> None:
    """What the corpus calls accepted is taken, and the rest refused: but for that, two judges who know nothing of each other."""
    manifest = json.loads((CORPUS.parent / "manifest.json").read_text())["files"]
    stores = [each for each in manifest if each["path"].endswith(".jks") and "corpus/" in each["path"]]
    assert len(stores) > 60
    for each in stores:
        contents = Contents("00D")
        data = (CORPUS.parent / each["path"]).read_bytes()
        try:
            taken = imported.import_keystore(data, each["password"] or "", contents, imported.Rules())
        except imported.Refused:
            taken = []
        assert bool(taken) == (each["verdict"] == "accept"), each["path"]
        assert sorted(taken) == sorted(contents.components.get("Certificate", {}))


def test_what_no_source_tells_may_be_otherwise(org: FakeOrg, visitor: Visitor) -> None:
    """The rules are the org's: each one refuses what it took before."""
    for name, rules in [
        ("expired", imported.Rules(expired=False)),
        ("sha1", imported.Rules(sha1=False)),
        ("trusted-beside", imported.Rules(trusted_entries=False)),
        ("chain", imported.Rules(longest_chain=1)),
        ("chain", imported.Rules(longest_alias=2)),
        ("chain", imported.Rules(shortest_password=99)),
        ("chain", imported.Rules(most_certificates=0)),
    ]:
        org.setup.rules = rules
        assert visitor.save(corpus(name), CORPUS_PASSWORD).errors(), rules
    org.setup.rules = imported.Rules(duplicates=True)
    for _ in range(2):
        assert visitor.save(corpus("chain"), CORPUS_PASSWORD).path == HOME
        visitor.go(ASKED)


def test_two_tabs_and_a_name_that_is_taken(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """Each tab has a form of its own; the second to save is told, and the first one's row stays as it is."""
    first = visitor.hidden()
    second = visitor.go(ASKED).hidden()
    assert first != second
    visitor.save(keystore, **dict(first))
    id = org.contents.components["Certificate"]["pay_api"].id
    assert visitor.go(ASKED).save(keystore, **dict(second)).errors() == [imported.NAME_TAKEN]
    assert [row["Id"] for row in org.contents.rows["Certificate"]] == [id]


def test_a_form_without_its_token_imports_nothing(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """None, somebody else's, or one of a session that has ended since."""
    assert visitor.save(keystore, _CONFIRMATIONTOKEN="").errors() == [INVALID_FOR_SESSION]
    other = Visitor(org)
    theirs = dict(other.go(other.front_door(ASKED)).hidden())["_CONFIRMATIONTOKEN"]
    assert visitor.save(keystore, _CONFIRMATIONTOKEN=theirs).errors() == [INVALID_FOR_SESSION]
    assert names(org) == []
    assert visitor.save(keystore).path == HOME


def test_the_front_door_opens_once(org: FakeOrg) -> None:
    """The second time, for a token that is no longer good, or too late, it leads to the login page, or is not there."""
    visitor = Visitor(org)
    address = visitor.front_door(ASKED)
    assert visitor.go(address).path == IMPORT
    assert [Visitor(org).go(address).path, visitor.go(HOME).path] == ["/", HOME]
    assert Visitor(org).go(f"{org.url}{ASKED}").path == "/"
    assert visitor.front_door(token="00D!gone") == ""
    org.setup.front_door_seconds = -1
    assert 'id="login_form"' in Visitor(org).go(visitor.front_door(ASKED)).html


@pytest.mark.parametrize(
    ("state", "path", "error"),
    [
        ({"api_only": True}, "/", ""),
        ({"high_assurance": True}, CHALLENGE, ""),
        ({"maintenance": True}, MAINTENANCE, ""),
        ({"may_manage": False}, IMPORT, "Insufficient Privileges"),
    ],
)
def test_not_everybody_reaches_the_form(state: dict[str, bool], path: str, error: str, org: FakeOrg) -> None:
    for name, value in state.items():
        setattr(org.setup, name, value)
    visitor = Visitor(org)
    visitor.go(visitor.front_door(ASKED))
    assert visitor.path == path
    assert visitor.errors()[:1] == ([error] if error else [])
    assert 'type="file"' not in visitor.html
    org.setup.jwt_tokens = True
    assert visitor.front_door() == ""


def test_the_org_that_never_had_an_identity_provider(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """Its page is whole until the form is saved; then the title stands alone, as the plugin compares it."""
    org.setup.identity_provider = False
    assert visitor.save(keystore).errors() == ["Data Not Available"]
    assert names(org) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_session_is_lost(method: str, org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """Before the form, or with it: the login page, and nothing imported."""
    org.setup.lost_at = method
    visitor.go(ASKED)
    if method == "POST":
        visitor.save(keystore)
    assert (visitor.path, names(org)) == ("/", [])
    assert "ec=302" in visitor.url


@pytest.mark.parametrize("part", ["file", "password", "save", "frame"])
def test_a_page_that_has_changed(part: str, org: FakeOrg, visitor: Visitor) -> None:
    """One part is not there any more; the others are."""
    marks = {"file": 'type="file"', "password": 'id="Password"', "save": 'name="save"', "frame": "vfFrameId"}
    org.setup.missing = {part}
    org.setup.lightning = part == "frame"
    html = visitor.go(ASKED).html
    if part != "frame":
        assert [name for name in ("file", "password", "save") if marks[name] not in html] == [part]
    assert marks[part] not in html


def test_in_lightning_the_page_lies_in_a_frame(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    """The frame has the form, and lands; where retURL leads elsewhere, it lands at home."""
    org.setup.lightning = True
    visitor.go(ASKED)
    found = re.search(r'<force-aloha-page><iframe name="vfFrameId\w*" src="([^"]+)">', visitor.html)
    assert found
    assert 'type="file"' not in visitor.html
    visitor.go(unescape(found[1])).save(keystore, retURL="https://elsewhere.example/x")
    assert (visitor.path, names(org)) == (HOME, ["pay_api"])
    assert visitor.url.startswith(org.url)


def test_a_slow_page_comes_in_the_end(org: FakeOrg, visitor: Visitor, keystore: bytes) -> None:
    org.setup.pause_seconds = 0.1
    started = time.monotonic()
    assert visitor.save(keystore).path == HOME
    assert time.monotonic() - started >= 0.1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the browser is spoken to by inherited pipes")
def test_a_browser_finds_its_way(org: FakeOrg, keystore: bytes, tmp_path: Path) -> None:
    """A real one, by the locators of sfdx-browserforce-plugin; its form is what the other tests send."""
    from browser import Browser

    (tmp_path / "pay.jks").write_bytes(keystore)
    (tmp_path / "blank.html").touch()
    frame = "document.querySelector('force-aloha-page iframe[name^=vfFrameId]').contentDocument"
    browser = Browser(required("chromium"), tmp_path / "profile")
    try:
        with browser.opened(tmp_path / "blank.html") as tab:
            for page in ("document", frame):
                org.setup.lightning = page == frame
                tab.call("Page.navigate", url=Visitor(org).front_door(ASKED))
                wait(tab, f"!!{page}.querySelector('input#Password')")
                chosen = tab.call("Runtime.evaluate", expression=f"{page}.querySelector('input[type=file]')")["result"]
                tab.call("DOM.setFileInputFiles", files=[str(tmp_path / "pay.jks")], objectId=chosen["objectId"])
                tab.run(f"{page}.querySelector('input#Password').value = {json.dumps(PASSWORD)}")
                tab.run(f"{page}.querySelector('input[name=save]').click()")
                wait(tab, f"{page}.location.pathname === {json.dumps(HOME)}")
                assert names(org) == ["pay_api"]
                org.contents.delete_certificate("pay_api")
    finally:
        browser.close()
    for upload in org.setup.uploads:
        assert (upload.file_name, upload.data) == ("pay.jks", keystore)
        sent = [name for name, _ in upload.fields if name != "isdtp"]
        assert sent == [*HIDDEN, "save", "fileName", "Password"]


def wait(tab: "Tab", is_so: str) -> None:
    """For a page that is on its way; while one gives way to the next, it answers nothing, or an error."""
    from browser import BrowserError

    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(BrowserError):
            if tab.run(is_so):
                return
        assert time.monotonic() < deadline
