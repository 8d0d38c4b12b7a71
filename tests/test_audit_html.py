"""The page of ``audit --html``, opened in a real browser without a screen: it loads, asks nobody, and says everything."""

import html.parser
import http.server
import re
import subprocess
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import Result, required
from fake_org import FakeOrg
from filled_org import add_connected_app, fill, make
from PIL import Image

Cli = Callable[..., Result]


@pytest.fixture
def page(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with FakeOrg(tls=False) as org:
        monkeypatch.setenv("SF_ACCESS_TOKEN", org.let_in())
        monkeypatch.setenv("SF_ORG_INSTANCE_URL", org.url)
        fill(org)
        add_connected_app(org, "Zone", make("<script>alert(1)</script>&\"'", 40, 10).pem)
        assert cli("audit", "--html", "page.html").code == 5
    return folder / "page.html"


def chromium(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            required("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
            "--no-first-run", f"--user-data-dir={page.parent / 'profile'}", "--enable-logging=stderr", "--v=0",
            *options, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_browser_shows_it_without_an_error_or_a_request(page: Path) -> None:
    """The console stays silent; a proxy that stands for the whole world is asked for nothing."""
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
        done = chromium(page, f"--proxy-server=127.0.0.1:{proxy.server_port}", "--dump-dom")
        proxy.shutdown()
    assert done.returncode == 0, done.stderr
    assert "Zone" in done.stdout
    assert "</html>" in done.stdout
    assert "CONSOLE" not in done.stderr, done.stderr
    own = [path for path in asked if not re.search(r"google|gstatic|gvt1", path)]  # what the browser asks for itself
    assert not own


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.slow
def test_it_can_be_looked_at_in_light_and_dark(scheme: str, page: Path) -> None:
    """A picture is made of either, and they differ: the reader's setting counts."""
    picture = page.parent / f"{scheme}.png"
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    done = chromium(page, "--window-size=1280,900", "--hide-scrollbars", f"--screenshot={picture}", *dark)
    assert done.returncode == 0, done.stderr
    image = Image.open(picture).convert("L")
    corner = image.getpixel((5, image.height - 5))
    assert isinstance(corner, int)
    assert (corner < 64) is (scheme == "dark"), corner


class Outline(html.parser.HTMLParser):
    """What a screen reader and a policy would look at."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))


def test_it_stands_alone_and_is_readable_without_colours(page: Path) -> None:
    """No script, no address, headings in order, a table with scopes, every status in words; foreign text is text."""
    text = page.read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(text)
    tags = [tag for tag, _ in outline.tags]
    assert not {"script", "link", "img", "iframe", "object"} & set(tags)
    assert not any("src" in attributes or "href" in attributes for _, attributes in outline.tags)
    assert "<script>" not in text
    assert [attributes["lang"] for tag, attributes in outline.tags if tag == "html"] == ["en"]
    headings = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    assert all("scope" in attributes for tag, attributes in outline.tags if tag == "th")
    ids = {attributes["id"] for _, attributes in outline.tags if attributes.get("id")}
    named = {attributes["aria-labelledby"] for _, attributes in outline.tags if "aria-labelledby" in attributes}
    assert named <= ids
    for word in ("expired", "due", "covered", "uncovered", "same-key", "managed", "replaced by sso_202710", "frozen"):
        assert word in text
    order = re.findall(r'<td class="number">(-?\d+)</td>', text)
    assert [int(days) for days in order] == sorted(int(days) for days in order)


def test_only_an_earlier_page_is_replaced(cli: Cli, folder: Path) -> None:
    (folder / "a.crt").write_text(make("a", 300, 1).pem)
    (folder / "mine.html").write_text("<!doctype html><p>mine</p>")
    refused = cli("audit", "a.crt", "--html", "mine.html")
    assert refused.code == 1
    assert "mine" in (folder / "mine.html").read_text()
    assert cli("audit", "a.crt", "--html", "page.html").code == 0
    assert cli("audit", "a.crt", "--html", "page.html").code == 0
