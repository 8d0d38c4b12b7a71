"""An audit whose reports cannot be written: all else of it comes out."""

import compileall
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Pair, Result
from test_json import validate
from test_notify import Arrived, webhook  # noqa: F401 - a fixture

import sfkeytool
from sfkeytool.audit.reports.formats import FORMATS

Cli = Callable[..., Result]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.slow
def test_a_report_that_cannot_be_written_costs_nothing_else(
    cli: Cli,
    folder: Path,
    pair: Pair,
    webhook: Arrived,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One in a folder that is not there, one that is no earlier report, one that the disk refuses in the end."""
    import resource

    shutil.copy(pair.crt, folder / "pay.crt")
    (folder / "key.ics").write_bytes(pair.key.read_bytes())
    monkeypatch.setenv("HOOK", webhook.address)
    told = ("--notify", "env:HOOK", "--within", "200", "--fail-on", "expired")
    reports = ("--csv", "typo/a.csv", "--ics", "key.ics", "--html", "a.html", "--prometheus", "a.prom")
    # What this process, or the one that notifies, compiled under the limit would stay behind cut short.
    compileall.compile_dir(Path(sfkeytool.__file__).parent, quiet=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        done = cli("audit", "pay.crt", *told, *reports, "--json")
        table = cli("audit", "pay.crt", *reports, "--fail-on", "never")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    validate(done.json, "audit")
    notices = [notice["message"] for notice in done.json["notices"] if notice["code"] == "report.not-written"]
    assert done.code == 1
    assert [[flag for flag in FORMATS if f"--{flag}" in message] for message in notices] == [["csv"], ["ics"], ["html"]]
    assert "output-dir" not in " ".join(notices)
    assert [file["path"] for file in done.json["result"]["files"]] == ["a.prom"]
    assert (folder / "key.ics").read_bytes() == pair.key.read_bytes()
    assert sorted(os.listdir(folder)) == ["a.prom", "key.ics", "pay.crt"]
    assert len(webhook.messages) == 1
    assert table.code == 1
    assert "pay.crt" in table.out
