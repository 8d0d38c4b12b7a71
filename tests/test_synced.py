"""Folders that OneDrive, Dropbox, iCloud or Google Drive upload, and folders that only sound so."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from sfkeytool.edge.synced import synced_around

posix = pytest.mark.skipif(sys.platform == "win32", reason="a link, or a path of POSIX")
Cli = Callable[..., Result]


def around(home: Path, place: str, **environ: str) -> str:
    """Of a folder below ``home``, which need not exist."""
    return synced_around(home / place, environ, home)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a user who has no such program."""
    (tmp_path / "home" / "Documents").mkdir(parents=True)
    return tmp_path / "home"


AT_HOME = {
    "OneDrive": "OneDrive",
    "OneDrive - Acme Ltd": "OneDrive",
    "Dropbox": "Dropbox",
    "Dropbox (Personal)": "Dropbox",
    "Google Drive": "Google Drive",
    "GoogleDrive": "Google Drive",
    "My Drive": "Google Drive",
    "My Drive (bot@example.com)": "Google Drive",
    "iCloudDrive": "iCloud",
    "iCloud Drive": "iCloud",
}


@pytest.mark.parametrize(("name", "service"), AT_HOME.items())
def test_a_name_counts_right_below_a_home_alone(name: str, service: str, home: Path) -> None:
    """It is not said to be more than a name; elsewhere anything may be called so."""
    (home / name).mkdir()
    assert around(home, f"{name}/certs/new") == f"{home / name}, by its name a folder of {service}"
    (home / "Documents" / name / "certs").mkdir(parents=True)
    assert around(home, f"Documents/{name}/certs") == ""
    assert around(home.parent, f"home/{name}/certs") == ""  # another user's: nobody knows whose home it is


@pytest.mark.parametrize(
    "name", ["OneDriver", "onedrive-client", "dropbox-api", "Dropbox2", "my drive", "Google", "iCloud", "Drive", "Box"]
)
def test_a_name_that_only_sounds_so_counts_nowhere(name: str, home: Path) -> None:
    (home / name).mkdir()
    assert around(home, f"{name}/certs") == ""


@pytest.mark.parametrize("variable", ["OneDrive", "OneDriveConsumer", "OneDriveCommercial"])
def test_onedrive_tells_where_it_is(variable: str, home: Path) -> None:
    """Windows puts Desktop and Documents into it, where a company has it so: their true places are inside of it."""
    root = home / "Acme"
    (root / "Desktop").mkdir(parents=True)
    told = {variable: str(root)}
    assert around(home, "Acme/Desktop/certs", **told) == f"the OneDrive folder {root}"
    assert around(home, "Documents", **told) == ""
    assert around(home, "Acme2", **told) == ""


@posix
def test_a_link_into_it_is_inside(home: Path) -> None:
    (home / "Acme").mkdir()
    (home / "certs").symlink_to(home / "Acme")
    assert around(home, "certs/pay", OneDrive=str(home / "Acme")) == f"the OneDrive folder {home / 'Acme'}"


@pytest.mark.parametrize("value", ["", "Acme", ".", "gone", "HOME", "ABOVE"])
def test_a_setting_that_cannot_be_one_is_none(value: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative, gone, or the whole home."""
    monkeypatch.chdir(home)
    (home / "Acme").mkdir()
    value = {"HOME": str(home), "ABOVE": str(home.parent), "gone": str(home / "gone")}.get(value, value)
    assert around(home, "Acme/certs", OneDrive=value) == ""


def test_dropbox_tells_where_it_is(home: Path, tmp_path: Path) -> None:
    """In info.json, which lies elsewhere on Windows; of two accounts both."""
    for name in ("One", "Two", "Three"):
        (home / name).mkdir()
    (home / ".dropbox").mkdir()
    one, two = ({"path": str(home / name), "host": 1} for name in ("One", "Two"))
    (home / ".dropbox" / "info.json").write_text(json.dumps({"personal": one, "business": two}))
    assert around(home, "One/certs") == f"the Dropbox folder {home / 'One'}"
    assert around(home, "Two") == f"the Dropbox folder {home / 'Two'}"
    assert around(home, "Three") == ""
    (tmp_path / "local" / "Dropbox").mkdir(parents=True)
    (tmp_path / "local" / "Dropbox" / "info.json").write_text(json.dumps({"personal": {"path": str(home / "Three")}}))
    for variable in ("APPDATA", "LOCALAPPDATA"):
        assert around(home, "Three", **{variable: str(tmp_path / "local")}) == f"the Dropbox folder {home / 'Three'}"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"personal": []}', '{"personal": {"path": 1}}', "9" * 100_000])
def test_what_dropbox_does_not_write_is_passed_over(content: str, home: Path) -> None:
    (home / ".dropbox").mkdir()
    (home / ".dropbox" / "info.json").write_text(content)
    assert around(home, "Documents/certs") == ""


LEFT = {
    ".dropbox.cache/": "Dropbox",
    ".dropbox": "Dropbox",
    ".shortcut-targets-by-id/": "Google Drive",
    ".tmp.driveupload/": "Google Drive",
    ".tmp.drivedownload/": "Google Drive",
}


@pytest.mark.parametrize(("left", "service"), LEFT.items())
def test_what_they_keep_in_their_folder_tells_of_them(left: str, service: str, home: Path) -> None:
    """Whatever it is called; what is no folder where they have one, or no file, tells nothing."""
    kept = home / "Documents" / left
    kept.mkdir() if left.endswith("/") else kept.touch()
    assert around(home, "Documents/certs") == (
        f"{home / 'Documents'}, where {left.strip('/')} shows that {service} keeps it"
    )
    (home / "Other").mkdir()
    kept = home / "Other" / left
    kept.touch() if left.endswith("/") else kept.mkdir()
    assert around(home, "Other/certs") == ""


@posix
def test_icloud_and_what_macos_keeps_for_others(home: Path) -> None:
    """With Desktop and Documents in iCloud one name of them is a link to the other: either way round."""
    drive = home / "Library" / "Mobile Documents" / "com~apple~CloudDocs"
    (drive / "Desktop").mkdir(parents=True)
    (home / "Desktop").symlink_to(drive / "Desktop")
    assert around(home, "Documents/certs") == ""
    (drive / "Documents").symlink_to(home / "Documents")
    assert around(home, "Desktop/certs") == f"the iCloud folder {home / 'Library' / 'Mobile Documents'}"
    assert around(home, "Documents/certs") == f"the iCloud folder {home / 'Documents'}"
    for name, service in {
        "GoogleDrive-a@example.com": "Google Drive",
        "OneDrive-Acme": "OneDrive",
        "Box": "Box",
    }.items():
        root = home / "Library" / "CloudStorage" / name
        root.mkdir(parents=True)
        assert around(home, f"Library/CloudStorage/{name}/certs") == f"the {service} folder {root}"
    assert around(home, "Library/Preferences") == ""


@posix
def test_a_home_of_windows_seen_from_wsl() -> None:
    """There is no /mnt/c here, so the place of homes is asked for alone."""
    from sfkeytool.edge.synced import _by_name

    for place, service in {
        "/mnt/c/Users/ada/OneDrive - Acme": "OneDrive",
        "/mnt/g/My Drive": "Google Drive",
        "/mnt/c/Users/OneDrive": "",
        "/mnt/c/OneDrive": "",
        "/srv/Users/ada/OneDrive": "",
        "/mnt/data/My Drive": "",
    }.items():
        assert _by_name(Path(place), (0, 0)) == service, place


def test_what_is_written_there_or_read_is_warned_about(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for a run that writes secrets, and for each key that is read; not for a run that writes none."""
    root = folder / "Acme"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("OneDriveCommercial", str(root))
    done = cli("self-signed", "pay", "--password", "generate", "--json")
    said = [notice["message"] for notice in done.json["notices"] if notice["code"] == "output.in-synced-folder"]
    assert said == [
        f"pay is inside the OneDrive folder {root}: its key and keystore are uploaded, and kept there in versions when"
        " they are deleted here; choose a folder outside of it"
    ]
    told = {notice["code"] for notice in cli("show", Path("pay", "pay.key"), "--json").json["notices"]}
    assert "input.key-in-synced-folder" in told
    report = cli("audit", Path("pay", "pay.crt"), "--csv", "report.csv", "--json")
    assert Path("report.csv").exists()
    assert not [notice for notice in report.json["notices"] if "synced" in notice["code"]]
