"""The pages for contributors name what is there: paths, tests, and the import table of the house."""

import re
from pathlib import Path

import pytest
from test_layers import ALLOWED

import sfkeytool

ROOT = Path(__file__).parent.parent
PACKAGE = Path(sfkeytool.__file__).parent
PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md")),
    *(ROOT / "docs" / name for name in ("architecture.md", "releasing.md", "threats.md")),
]
PATH = r"(?:sfkeytool|tests|fixtures|docs)/[\w./]*[\w/]"


def located(named: str) -> Path:
    """A path of the repository; the package's where it is installed."""
    first, _, rest = named.partition("/")
    return PACKAGE / rest if first == "sfkeytool" else ROOT / named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_test_and_name_on_a_page_is_there(page: Path) -> None:
    """But NAME, which the reader chooses."""
    text = " ".join(page.read_text(encoding="utf-8").split())
    named = [path for path in re.findall(rf"(?<![\w./-]){PATH}", text) if "NAME" not in path]
    assert [path for path in named if not located(path).exists()] == []
    for path, test in re.findall(rf"({PATH})::(\w+)", text):
        assert f"def {test}(" in located(path).read_text(encoding="utf-8"), f"{path}::{test}"
    for name, path in re.findall(rf"`(\w+)`(?: \([^)]*\))? (?:in|of) `({PATH}\.py)`", text):
        assert re.search(rf"\b{name}\b", located(path).read_text(encoding="utf-8")), f"{name} in {path}"


def test_the_import_table_is_the_one_that_is_held() -> None:
    """docs/architecture.md, row by row: "and ROOM" stands for that room and all that it may import."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table: dict[str, set[str]] = {}
    for room, imports in re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|$", text, re.MULTILINE):
        if imports == "nothing":
            table[room] = set()
        elif imports == "all":
            table[room] = set(table)
        elif imports.startswith("and "):
            table[room] = table[imports[4:]] | {imports[4:]}
        else:
            table[room] = set(imports.split(", "))
    held = {room: allowed - {room} for room, allowed in ALLOWED.items() if not room.startswith("__")}
    assert table == held


def test_the_package_says_that_it_is_typed() -> None:
    """PEP 561: without py.typed, mypy passes over the types of what is installed."""
    assert (PACKAGE / "py.typed").is_file()
