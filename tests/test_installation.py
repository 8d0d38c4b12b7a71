"""What adds a library fits how sfkeytool was installed, and never fetches an sfkeytool from an index."""

import re
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from sfkeytool.audit.reports.formats import FORMATS
from sfkeytool.edge import installation
from sfkeytool.errors import UsageError
from sfkeytool.shell import shell_line

ROOT = Path(__file__).parent.parent
ICALENDAR = "icalendar>=6.1"
RECEIPT = """[tool]
requirements = [
    {{ name = "sfkeytool", {own} }},
    {{ name = "rich", specifier = ">=13" }},
]
entrypoints = [{{ name = "sfkeytool", install-path = "/home/jo/.local/bin/sfkeytool", from = "sfkeytool" }}]
"""
"""As uv 0.13 writes it."""


needs_pip = pytest.mark.skipif(not find_spec("pip"), reason="this Python has no pip")


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installer leaves of this package, with the extras as pyproject.toml has them."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = [
        f"Requires-Dist: {line}; extra == '{extra}'\n"
        for extra, lines in extras.items()
        for line in lines
        if ";" not in line
    ]
    about = tmp_path / "site" / "sfkeytool-9.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: sfkeytool\nVersion: 9\n" + "".join(wanted))
    monkeypatch.syspath_prepend(about.parent)


def hint(prefix: Path) -> list[str]:
    return installation.command_that_adds("icalendar", prefix)


@needs_pip
def test_in_an_environment_pip_is_called_by_its_path(tmp_path: Path) -> None:
    """Whichever environment is active, and whatever pip is first on PATH."""
    assert hint(tmp_path) == [sys.executable, "-m", "pip", "install", ICALENDAR]


def test_in_an_environment_without_pip_uv_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """uv makes environments without it."""
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    assert hint(tmp_path) == ["uv", "pip", "install", "--python", sys.executable, ICALENDAR]


@pytest.mark.parametrize("name", ["sfkeytool", "sfkeytool-next"])
def test_pipx_injects(name: str, tmp_path: Path) -> None:
    """Into the environment of that name: pipx install --suffix makes another."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "pipx_metadata.json").write_text("{}")
    assert hint(tmp_path / name) == ["pipx", "inject", name, ICALENDAR]


@pytest.mark.parametrize(
    ("own", "source"),
    [
        ('directory = "/home/jo/sfkeytool"', ["/home/jo/sfkeytool"]),
        ('extras = ["notify"], directory = "/home/jo/sfkeytool"', ["/home/jo/sfkeytool[notify]"]),
        ('editable = "/home/jo/sfkeytool"', ["--editable", "/home/jo/sfkeytool"]),
        ('path = "/home/jo/sfkeytool-0.1.0-py3-none-any.whl"', ["/home/jo/sfkeytool-0.1.0-py3-none-any.whl"]),
    ],
)
def test_uv_installs_its_tool_again_from_where_it_was(own: str, source: list[str], tmp_path: Path) -> None:
    """With what it was given before."""
    (tmp_path / "uv-receipt.toml").write_text(RECEIPT.format(own=own))
    assert hint(tmp_path) == ["uv", "tool", "install", *source, "--with", "rich>=13", "--with", ICALENDAR]


@needs_pip
@pytest.mark.parametrize(
    "receipt",
    [
        RECEIPT.format(own='specifier = ">=1"'),
        RECEIPT.format(own='git = "https://git.example/sfkeytool"'),
        RECEIPT.format(own='directory = ["x"]'),
        "[tool]\nrequirements = 3\n",
        "tool = 3",
        "\udcff",
        "[[[",
    ],
)
def test_a_tool_of_uv_from_elsewhere_gets_the_library_alone(receipt: str, tmp_path: Path) -> None:
    """No source is named that could be another one tomorrow; nor is a receipt trusted that is none."""
    (tmp_path / "uv-receipt.toml").write_bytes(receipt.encode("utf-8", "surrogateescape"))
    assert hint(tmp_path)[-2:] == ["install", ICALENDAR]
    assert "sfkeytool" not in hint(tmp_path)[1:]


def test_the_versions_are_those_of_the_metadata(tmp_path: Path) -> None:
    """An apprise of other versions was not tried."""
    command = installation.command_that_adds("apprise", tmp_path)
    assert re.fullmatch(r"apprise>=2,<3", command[-1])
    assert '"' in shell_line(command, windows=True), "quoted for cmd.exe and PowerShell"


def test_the_error_names_what_is_missing_and_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the library's name."""
    installation.require_library("icalendar", "--ics")
    with pytest.raises(UsageError) as error:
        installation.require_library("no_such_library", "--ics")
    assert error.value.message == "--ics needs the no_such_library library, which is not installed"
    assert error.value.hints[0].startswith("add it: ")
    assert "no_such_library" in error.value.hints[0]


def test_every_optional_library_is_one_that_an_extra_brings() -> None:
    """Else nothing would say which versions."""
    for library in ("apprise", "playwright", *(each.library for each in FORMATS.values() if each.library)):
        assert installation._requirement(library) != library


INSTALLS = re.compile(r"(?:pip3?|pipx|uv(?: tool| pip)?|uvx)\s+(?:install|inject|run|add)?[^\n`#|]*")


def test_no_text_has_sfkeytool_fetched_from_an_index() -> None:
    """The name is free there: anybody could take it. A checkout, a file or the name of pipx's own environment it is."""
    named = []
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *Path(installation.__file__).parent.parent.rglob("*.py"),
    ):
        for line in INSTALLS.findall(path.read_text(encoding="utf-8")):
            words = re.split(r"[\s\"']+", line)
            if any(re.match(r"sfkeytool(\[|[=<>~!]|$)", word) for word in words) and "inject" not in words:
                named.append(f"{path.name}: {line}")
            assert not re.search(r"'[^']*\[\w+(,\w+)*\]'", line), f"single quotes, which cmd.exe passes on: {line}"
    assert named == []
