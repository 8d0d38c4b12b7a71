"""Every link in Markdown leads somewhere: the file is there, and the heading that its anchor names."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "fixtures").rglob("*.md")),
]
LINK = re.compile(
    r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s]*)?)>?(?:\s+\"[^\"]*\")?\s*\)|(?:src|href|srcset)=\"([^\"]+)\""
)


@cache
def prose(page: Path) -> list[str]:
    """The lines that are no block of code."""
    lines, fence = [], ""
    for line in page.read_text(encoding="utf-8").splitlines():
        mark = re.match(r" {0,3}(```+|~~~+)", line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence:
            lines.append(line)
    return lines


@cache
def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: without marks, in lower case, letters, digits, hyphens and underscores alone,
    blanks as hyphens, and a number behind one that was there before."""
    found: Counter[str] = Counter()
    made = set()
    for line in prose(page):
        made |= set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", line))
        if heading := re.match(r"#{1,6} +(.*?) *#*$", line):
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            text = re.sub(r"\\(\W)", r"\1", text)
            kept = "".join(letter for letter in text.lower() if letter.isalnum() or letter in "-_ ")
            anchor = kept.replace(" ", "-")
            made.add(f"{anchor}-{found[anchor]}" if found[anchor] else anchor)
            found[anchor] += 1
    return made


def links(page: Path) -> list[str]:
    """What stands in backquotes is no link; the text of one may be in backquotes."""
    text = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "``", "\n".join(prose(page)), flags=re.DOTALL)
    return [one or other for one, other in LINK.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
@pytest.mark.slow
def test_every_link_and_anchor_leads_somewhere(page: Path) -> None:
    """In the project; what is outside is another's."""
    dead = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "mailto:")), link
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        here = target.exists() and target.is_relative_to(ROOT.resolve())
        if not here or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_prose_has_120_columns(page: Path) -> None:
    """Tables, headings, and what cannot be broken: a link's target, a command, an address."""
    unbroken = re.compile(r"\]\([^)]*\)|`[^`]*`|https?://\S+|!\[[^\]]*\]")
    long = [line for line in prose(page) if len(line) > 120 and not line.startswith(("|", "#"))]
    assert [line for line in long if len(unbroken.sub("", line)) > 90 or not unbroken.search(line)] == []


def test_pages_are_reached_from_the_readme() -> None:
    """None that nobody would find."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        waiting += [page.parent / link.partition("#")[0] for link in links(page) if not re.match(r"[a-z]+:|#", link)]
    assert {page.name for page in (ROOT / "docs").rglob("*.md")} <= {page.name for page in seen}


def test_the_walk_finds_what_is_dead(tmp_path: Path) -> None:
    """A test that cannot fail would keep nothing."""
    page = tmp_path / "page.md"
    page.write_text(
        '# A `b_c` … (d)\n\n## A\n\n## A\n\n```\n# no heading\n[x](no-link.md)\n```\n`[x](code.md)` [`y`](z.md#q) <img src="i.svg">\n',
        encoding="utf-8",
    )
    assert anchors(page) == {"a-b_c--d", "a", "a-1"}
    assert links(page) == ["z.md#q", "i.svg"]


def test_each_message_and_topic_has_an_anchor_of_its_own() -> None:
    """So that a link, and a search engine, can land on it."""
    from sfkeytool.acceptance.blanks import as_seen
    from sfkeytool.acceptance.explanations import EXPLANATIONS
    from sfkeytool.acceptance.explanations.topics import TOPICS

    headings = [line.lstrip("# ") for line in prose(ROOT / "docs" / "errors.md") if line.startswith("#")]
    wanted = [f"`{as_seen(message)}`" for each in EXPLANATIONS for message in each.messages]
    wanted += [f"`{each.id}`" for each in EXPLANATIONS] + [topic.title for topic in TOPICS]
    assert {heading: headings.count(heading) for heading in wanted} == dict.fromkeys(wanted, 1)
    assert len(anchors(ROOT / "docs" / "errors.md")) == len(headings)
