"""The page of ``audit --html`` in a real browser: it asks nobody, fits every screen, and can be read by everybody."""

import base64
import hashlib
import html.parser
import http.server
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audited_orgs import Filler, audited_page, busy, ten_orgs, three
from conftest import THOROUGH, Result, required
from fake_org import FakeOrg
from filled_org import add_connected_app, fill, make
from npm_packages import npm_package

if TYPE_CHECKING:
    from browser import Browser

Cli = Callable[..., Result]

AXE = "4.14.1"
SCREEN = 900
"""The height of a screen, in pixels."""
LOOKS = list(product(["three", "ten_orgs"], ["light", "dark"], [375, 1280, 1920]))
SOME = LOOKS if THOROUGH else [*LOOKS[:6], *LOOKS[6::2]]
"""Each width, and light and dark, of the large page too."""
LOOKED_AT = LOOKS if THOROUGH else LOOKS[:6:2]
"""By axe, which takes seconds for three hundred rows, all alike."""
HOSTILE = (
    "<script>alert(1)</script>&\"'", "\"><img src=x onerror=evil()>", "</script><svg onload=evil()>", "a b" * 80,
    "${evil()}`", "\u202egnp.exe", "日本語のとても長い名前のアプリケーション" * 4, "javascript:evil()",
    "Name_of_as_many_characters_as_Certificate_and_Key_Management_allows_for_one_of_it",
)  # fmt: skip

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the browser is spoken to by inherited pipes")


@pytest.fixture(scope="session")
def asked() -> "Iterator[tuple[int, list[str]]]":
    """The port of a proxy that stands for the whole world, and what it is asked for."""
    asked: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_CONNECT = do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy.server_port, asked
        proxy.shutdown()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, asked: tuple[int, list[str]]) -> "Iterator[Browser]":
    from browser import Browser

    options = [f"--proxy-server=127.0.0.1:{asked[0]}", "--proxy-bypass-list=<-loopback>"]
    started = Browser(required("chromium"), tmp_path_factory.mktemp("profile"), options)
    yield started
    started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three certificates of an org; one of everything; three hundred of ten orgs."""
    folder = tmp_path_factory.mktemp("pages")
    orgs: dict[str, dict[str, Filler]] = {"three": {"prod": three}, "busy": {"prod": busy}, "ten_orgs": ten_orgs()}
    return {name: audited_page(folder / f"{name}.html", fillers) for name, fillers in orgs.items()}


@pytest.fixture
def page(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with FakeOrg(tls=False) as org:
        monkeypatch.setenv("SF_ACCESS_TOKEN", org.let_in())
        monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
        fill(org)
        for number, name in enumerate(HOSTILE):
            add_connected_app(
                org, f"Zone{number}", make(name.encode()[:60].decode(errors="ignore"), 40 + number, 10).pem
            )
            add_connected_app(org, name, make("plain", 60 + number, 11).pem)
        assert cli("audit", "--html", "page.html").code == 5
    return folder / "page.html"


@pytest.mark.slow
def test_a_browser_shows_it_without_an_error_or_a_request(
    page: Path, browser: "Browser", asked: tuple[int, list[str]]
) -> None:
    """The console stays silent; a proxy that stands for the whole world is asked for nothing, and would be."""
    with browser.opened(page) as tab:
        assert "Zone1" in tab.run("document.body.textContent")
        tab.run("new Promise((done) => setTimeout(done, 50))")
        assert not tab.said()
    own = [path for path in asked[1] if not re.search(r"google|gstatic|gvt1", path)]  # what the browser asks for itself
    assert not own
    calling = page.with_name("calling.html")
    calling.write_text("<!doctype html><img src='http://worthless.example/'>")
    with browser.opened(calling):
        assert "http://worthless.example/" in asked[1]


MEASURES = """(() => {
  const wide = document.documentElement.clientWidth, found = {rows: [], outside: [], cut: [], spilt: [], labels: []};
  const name = (one) => one.tagName + "." + one.className + " " + one.textContent.slice(0, 60);
  const unseen = [...document.querySelectorAll(".unseen, thead")].filter((one) => getComputedStyle(one).clipPath !== "none");
  const hidden = new Set(unseen.flatMap((one) => [one, ...one.querySelectorAll("*")]));
  for (const one of document.querySelectorAll("body *:not(svg *)")) {
    const box = one.getBoundingClientRect();
    if (hidden.has(one) || one.getClientRects().length === 0) continue;
    if (box.right > wide + 0.5 || box.left < -0.5) found.outside.push(name(one));
    if (one.matches("tbody tr")) found.rows.push(box.height);
    if (!one.matches("svg, input, select, option") && one.scrollWidth > one.clientWidth + 1) {
      const style = getComputedStyle(one);
      if (style.display !== "inline") found.spilt.push(name(one));
      if (style.overflow !== "visible" || style.textOverflow !== "clip") found.cut.push(name(one));
    }
  }
  for (const one of document.querySelectorAll("td.life text, th.life text")) {
    const box = one.getBoundingClientRect(), cell = one.closest("td, th").getBoundingClientRect();
    if (!hidden.has(one) && one.getClientRects().length && (box.left < cell.left - 1 || box.right > cell.right + 6))
      found.labels.push(name(one));
  }
  for (const axis of document.querySelectorAll("th.life svg")) {
    const boxes = [...axis.querySelectorAll("text")].map((one) => one.getBoundingClientRect()).filter((box) => box.width);
    if (!hidden.has(axis.closest("thead")) && boxes.some((box, at) => at && box.left < boxes[at - 1].right + 4))
      found.labels.push(name(axis));
  }
  return {...found, overflow: document.documentElement.scrollWidth - wide};
})()"""

CONTRASTS = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const light = (color) => {
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => c / 255)
      .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.querySelector(".org")).backgroundColor);
  const ratio = (one) => {
    const its = light(getComputedStyle(one).fill);
    return (Math.max(its, paper) + 0.05) / (Math.min(its, paper) + 0.05);
  };
  const least = (query) => Math.min(...[...document.querySelectorAll(query)].map(ratio));
  return {text: least(".org svg text"), bars: least(".org .bar"), mails: least(".org .mail, #mail"),
    ground: light(getComputedStyle(document.body).backgroundColor)};
})()"""


@pytest.mark.parametrize(("name", "scheme", "width"), SOME)
@pytest.mark.slow
def test_it_fits_every_screen(name: str, scheme: str, width: int, pages: dict[str, Path], browser: "Browser") -> None:
    """Rows of at most 60 pixels on a desktop, on a phone a card each; nothing is cut, nothing sticks out; days and bars
    stand out from the ground as WCAG 2.2 wants (1.4.3, 1.4.11), which axe cannot measure within a picture."""
    with browser.opened(pages[name], width=width, height=SCREEN, scheme=scheme) as tab:
        tab.run("document.getElementById('unfold').click()")
        found = tab.run(MEASURES)
        contrasts = tab.run(CONTRASTS)
        assert not tab.said()
    assert len(found["rows"]) >= (3 if name == "three" else 200)
    assert max(found["rows"]) <= (60 if width > 375 else 260)
    assert found["overflow"] == 0
    assert found["outside"] == found["cut"] == found["spilt"] == found["labels"] == []
    assert contrasts["text"] >= 4.5
    assert contrasts["bars"] >= 3
    assert contrasts["mails"] >= 3
    assert (contrasts["ground"] < 0.1) is (scheme == "dark")


@pytest.mark.parametrize(("name", "scheme", "width"), [*LOOKED_AT, *product(["busy"], ["light", "dark"], [375, 1280])])
@pytest.mark.slow
def test_axe_finds_no_violation(name: str, scheme: str, width: int, pages: dict[str, Path], browser: "Browser") -> None:
    """With everything unfolded where that is little. axe is a script of others, so that the policy must be off."""
    axe = (npm_package("axe-core", AXE) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    with browser.opened(pages[name], width=width, height=SCREEN, scheme=scheme, policy=False) as tab:
        if name == "busy":
            tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        tab.run(f"{axe};0")
        done = tab.run("axe.run(document, {resultTypes: ['violations']})")
    assert len(done["passes"]) > 30
    assert [
        (violation["id"], node["html"], node["failureSummary"])
        for violation in done["violations"]
        for node in violation["nodes"]
    ] == []


@pytest.mark.parametrize("name", ["three", "busy", "ten_orgs"] if THOROUGH else ["three", "busy"])
@pytest.mark.slow
def test_it_prints_on_as_many_pages_as_it_has_screens(name: str, pages: dict[str, Path], browser: "Browser") -> None:
    """Folded as it opens, and all unfolded."""
    with browser.opened(pages[name], width=1280, height=SCREEN) as tab:
        for unfold in ("0", "document.getElementById('unfold').click()"):
            tab.run(unfold)
            screens = math.ceil(tab.run("document.documentElement.scrollHeight") / SCREEN)
            assert 1 <= len(re.findall(rb"/Type\s*/Page\b", tab.pdf())) <= screens


@pytest.mark.parametrize("name", ["three", "busy", "ten_orgs"])
@pytest.mark.slow
def test_cards_count_what_the_bars_show(name: str, pages: dict[str, Path], browser: "Browser") -> None:
    """Also org by org; the sums are those of the certificates, each drawn once."""
    with browser.opened(pages[name]) as tab:
        shown = tab.run("""(() => {
          const count = (from, state) => from.querySelectorAll(`tr[data-state~=${state}]`).length;
          const chips = (org) => Object.fromEntries([...org.querySelectorAll("summary .chip")]
            .map((chip) => [chip.classList[1], parseInt(chip.textContent)]));
          const states = ["uncovered", "due", "expired", "fine", "unknown"];
          const bars = (from) => Object.fromEntries(states.map((state) => [state, count(from, state)]).filter((one) => one[1]));
          const cards = [...document.querySelectorAll(".cards li")].map((card) => [card.classList[0], +card.querySelector("b").textContent]);
          return {
            order: cards.map((card) => card[0]),
            cards: Object.fromEntries(cards.filter((card) => card[1])), bars: bars(document),
            orgs: [...document.querySelectorAll(".org")].map((org) => [chips(org), bars(org)]),
            prints: [...document.querySelectorAll("dd code")].map((code) => code.textContent),
          };
        })()""")
    assert shown["order"][:4] == ["uncovered", "due", "expired", "fine"]
    assert shown["cards"] == shown["bars"]
    assert all(chips == bars for chips, bars in shown["orgs"])
    assert len(shown["prints"]) == len(set(shown["prints"])) == {"three": 3, "busy": 16, "ten_orgs": 300}[name]
    if name == "three":
        assert shown["cards"] == {"uncovered": 1, "due": 1, "expired": 1, "fine": 1}


def test_a_pair_is_drawn_once(pages: dict[str, Path], browser: "Browser") -> None:
    """An app and what CKM holds of it, and what else names that; an app and its reminder."""
    with browser.opened(pages["busy"]) as tab:
        rows = tab.run(
            """[...document.querySelectorAll("tr th")].map((cell) => cell.innerText).filter((text) => text)"""
        )
    texts = [" ".join(row.split()) for row in rows]
    assert "Pay connected-app · ckm pay_api · metadata Jwt · metadata Bank · metadata Signer" in texts
    assert "Quiet connected-app · ckm quiet_reminder" in texts
    assert sum("pay_api" in text for text in texts) == sum("quiet" in text.lower() for text in texts) == 1


@pytest.mark.slow
def test_it_is_searched_and_folded_by_its_own_script(pages: dict[str, Path], browser: "Browser") -> None:
    """What does not fit goes, org by org; afterwards all is as it was."""
    state = """(() => ({
      rows: [...document.querySelectorAll("tbody tr")].filter((row) => row.getClientRects().length).length,
      orgs: [...document.querySelectorAll(".org")].filter((org) => org.getClientRects().length).length,
      open: document.querySelectorAll(".org[open]").length, told: document.getElementById("told").textContent,
    }))()"""
    enter = """(() => { for (const [id, value, event] of [["text", %s, "input"], ["state", %s, "change"]]) {
      document.getElementById(id).value = value; document.getElementById(id).dispatchEvent(new Event(event)); } })()"""
    with browser.opened(pages["ten_orgs"]) as tab:
        first = tab.run(state)
        assert (first["orgs"], first["open"], first["told"]) == (10, 1, "")
        tab.run(enter % ('"PAYROLL uat"', '""'))
        searched = tab.run(state)
        assert (searched["orgs"], searched["open"]) == (1, 1)
        assert searched["rows"] == 3
        assert searched["told"] == "3 of 300 shown"
        tab.run(enter % ('""', '"due"'))
        due = tab.run(state)
        assert due["told"] == f"{due['rows']} of 300 shown"
        assert due["rows"] == tab.run("+document.querySelector('.cards .due b').textContent")
        tab.run(enter % ('"no such thing"', '""'))
        assert tab.run(state)["orgs"] == 0
        tab.run(enter % ('""', '""'))
        assert tab.run(state) == first
        tab.run("document.getElementById('unfold').click()")
        assert tab.run(state)["open"] == 10
        tab.run("document.getElementById('fold').click()")
        assert tab.run(state)["open"] == 0


def test_a_command_is_copied_whole(pages: dict[str, Path], browser: "Browser") -> None:
    """Without the prose around it."""
    with browser.opened(pages["three"]) as tab:
        browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
        box = tab.run("""(() => { const button = document.querySelector(".command button"); button.scrollIntoView();
          const box = button.getBoundingClientRect(); return [box.x + 5, box.y + 5]; })()""")
        for event in ("mousePressed", "mouseReleased"):
            tab.call("Input.dispatchMouseEvent", type=event, x=box[0], y=box[1], button="left", clickCount=1)
        tab.run("new Promise((done) => setTimeout(done, 50))")
        assert tab.run("document.querySelector('.command button').textContent") == "Copied"
        assert (
            tab.run("navigator.clipboard.readText()")
            == "sfkeytool self-signed warehouse --key FILE --password generate"
        )


def test_without_its_script_it_is_whole(pages: dict[str, Path], browser: "Browser") -> None:
    """Folds open by themselves; nothing that would do nothing is there."""
    with browser.opened(pages["ten_orgs"], script=False) as tab:
        shown = tab.run("""(() => ({
          find: document.querySelector(".find").getClientRects().length,
          buttons: [...document.querySelectorAll("button")].filter((one) => one.getClientRects().length).length,
          rows: document.querySelectorAll("tbody tr").length, open: document.querySelectorAll(".org[open]").length,
        }))()""")
        assert shown == {"find": 0, "buttons": 0, "rows": 300, "open": 1}
        tab.run("document.querySelectorAll('.org > summary')[3].click()")
        assert tab.run("document.querySelectorAll('.org[open]').length") == 2


@pytest.mark.slow
def test_no_name_becomes_markup_or_script(page: Path, browser: "Browser") -> None:
    """Names of apps and of certificates, even where the policy would let a script run; nor does one widen the page."""
    for policy, width in ((True, 375), (False, 1280)):
        with browser.opened(page, width=width, policy=policy) as tab:
            if width > 375:
                assert max(tab.run(MEASURES)["rows"]) <= 60
            tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            found = tab.run("""(() => ({
              scripts: document.scripts.length, images: document.images.length, frames: frames.length,
              handlers: [...document.querySelectorAll("*")].flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith("on")),
            }))()""")
            assert found == {"scripts": 1, "images": 0, "frames": 0, "handlers": []}
            measured = tab.run(MEASURES)
            assert measured["overflow"] == 0
            assert measured["outside"] == measured["spilt"] == []
            assert all(name in tab.run("document.body.textContent") for name in HOSTILE if name.isprintable())
            said = [line for line in tab.said() if "Log.entryAdded" not in line or "error" in line]
            assert not said


def test_its_policy_lets_no_other_script_run(pages: dict[str, Path], browser: "Browser") -> None:
    """Were there a hole, nothing would come of it."""
    with browser.opened(pages["three"]) as tab:
        tab.run("""(() => { const own = document.createElement("script"); own.textContent = "window.evil = 1";
          document.body.append(own);
          document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.evil = 2'>"); })()""")
        tab.run("new Promise((done) => setTimeout(done, 50))")
        assert tab.run("window.evil") is None
        assert any("Content Security Policy" in line for line in tab.said())


class Outline(html.parser.HTMLParser):
    """What a screen reader and a policy would look at."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.script = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and not self.script:
            self.script = data


def test_it_stands_alone_and_is_readable_without_colours(page: Path) -> None:
    """One script, the one that the policy names; no address but within; headings in order, tables with captions and
    scopes, every status in words; foreign text is text."""
    text = page.read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(text)
    tags = [tag for tag, _ in outline.tags]
    assert not {"link", "img", "iframe", "object"} & set(tags)
    assert [attributes for tag, attributes in outline.tags if tag == "script"] == [{}]
    assert not any("src" in attributes for _, attributes in outline.tags)
    ids = {f"#{attributes['id']}" for _, attributes in outline.tags if "id" in attributes}
    assert {attributes["href"] for _, attributes in outline.tags if "href" in attributes} <= ids
    digest = base64.b64encode(hashlib.sha256(outline.script.encode()).digest()).decode()
    policies = [attributes["content"] for _, attributes in outline.tags if "http-equiv" in attributes]
    assert policies == [
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert len(outline.script.splitlines()) < 60
    assert "eval" not in outline.script
    assert "innerHTML" not in outline.script
    assert [attributes["lang"] for tag, attributes in outline.tags if tag == "html"] == ["en"]
    headings = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    assert all("scope" in attributes for tag, attributes in outline.tags if tag == "th")
    assert tags.count("caption") == tags.count("table") > 0
    for word in ("expired", "due", "covered", "uncovered", "same key", "managed", "replaced by sso_202710", "frozen"):
        assert word in text
    first = text[text.index("<tbody") : text.index("</tbody>")]
    order = re.findall(r'<time datetime="([^"]+)">', first)
    assert order == sorted(order)


def test_only_an_earlier_page_is_replaced(cli: Cli, folder: Path) -> None:
    (folder / "a.crt").write_text(make("a", 300, 1).pem)
    (folder / "mine.html").write_text("<!doctype html><p>mine</p>")
    refused = cli("audit", "a.crt", "--html", "mine.html")
    assert refused.code == 1
    assert "mine" in (folder / "mine.html").read_text()
    assert cli("audit", "a.crt", "--html", "page.html").code == 0
    assert cli("audit", "a.crt", "--html", "page.html").code == 0


def test_the_pictures_of_it_are_those_that_the_script_makes() -> None:
    """And none is a burden to whoever opens the docs."""
    from screenshots import PICTURES

    docs = Path(__file__).parent.parent / "docs"
    assert {path.name for path in docs.glob("audit*.png")} == set(PICTURES)
    assert all((docs / name).stat().st_size < 300_000 for name in PICTURES)
