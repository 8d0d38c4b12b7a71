"""The change of an app's certificate in an org, through the user's own Salesforce CLI: kept, tried, deployed, read.

What is asked of a person, and told, is the command's; workflows/app_certificate.py has the steps.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sfkeytool.cli.org_access import OneOrg
from sfkeytool.cli.run import Run
from sfkeytool.edge.exposure import written_notices
from sfkeytool.edge.kept_originals import (
    KeptOriginal,
    app_locked,
    discard_original,
    keep_original,
    make_package,
    originals_folder,
    settle_original,
    unsettled_originals,
    work_folder,
)
from sfkeytool.errors import InterruptedRunError, OrgError
from sfkeytool.model import Notice
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.workflows.app_address import AppAddress
    from sfkeytool.workflows.app_certificate import AppChange, AppState, ReadBack

_RETRIEVE_SECONDS = 10 * 60.0
_DEPLOY_SECONDS = 40 * 60.0
"""The Salesforce CLI itself waits 33 minutes for either."""
_FILE_LIMIT = 4 << 20
"""Bytes of an app's file: our own bound. Real ones have some thousand."""


class CliAppSource:
    """An AppSource. All files lie in ``work``, a private folder; but for the kept original, which is deployed from
    where it is kept, so that the way back is tried as it is told."""

    def __init__(self, run: Run, org: OneOrg, work: Path) -> None:
        """Raises OrgError and NetworkError: the org tells its version. ``org`` is one that the Salesforce CLI knows."""
        self._run = run
        self._label = org.label
        self._alias = org.cli_alias or org.label
        self.version = org.client.version
        self._work = work
        self._count = 0
        self.kept: KeptOriginal | None = None
        self._original: bytes | None = None

    def retrieve(self, app: "AppAddress") -> bytes | None:
        from sfkeytool.edge.disk import read_regular
        from sfkeytool.salesforce import cli_bridge

        folder = self._next("retrieved")
        try:
            folder.mkdir(0o700)
            arguments = cli_bridge.retrieve_arguments(self._alias, app.type, app.member, str(folder), self.version)
            stdout = self._sf(arguments, _RETRIEVE_SECONDS, f"retrieving {app.app} from {self._label} …")
            cli_bridge.parse_retrieve(stdout, self._label)
            found = [path for path in folder.rglob(app.filename) if path.parent.name == app.folder]
            content = read_regular(found[0], _FILE_LIMIT) if len(found) == 1 else None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if content is not None and len(content) > _FILE_LIMIT:
            raise OrgError("org.retrieve-failed", f"{self._label}: the file of {app.app} is too large to be one")
        return content

    def deploy(self, app: "AppAddress", document: bytes, *, check_only: bool) -> None:
        from sfkeytool.salesforce import cli_bridge

        is_kept = self.kept is not None and document == self._original
        folder = self.kept.package if self.kept is not None and is_kept else self._next("deployed")
        try:
            if not is_kept:
                make_package(folder, package_files(app, document, self.version))
            arguments = cli_bridge.package_arguments(self._alias, str(folder), self.version)
            arguments += [*(["--dry-run"] if check_only else []), "--json"]
            what = "a dry run of" if check_only else "deploying"
            stdout = self._sf(arguments, _DEPLOY_SECONDS, f"{what} {app.app} in {self._label} …")
            cli_bridge.parse_deploy(stdout, self._label)
        finally:
            if not is_kept:
                shutil.rmtree(folder, ignore_errors=True)

    def keep(self, place: Path, change: "AppChange", note: Mapping[str, Any], now: datetime) -> KeptOriginal:
        """Keep the original; from now on it is deployed from there. Raises OutputError."""
        files = package_files(change.address, change.original, self.version)
        self.kept = keep_original(place, f"{now:%Y%m%dT%H%M%SZ}", files, note)
        for notice in written_notices([self.kept.package / change.address.folder / change.address.filename]):
            self._run.console.warn(notice)
        self._original = change.original
        return self.kept

    def way_back(self, kept: KeptOriginal) -> list[str]:
        """The command that deploys the kept original."""
        from sfkeytool.salesforce import cli_bridge

        version = str(kept.note.get("apiVersion") or self.version)
        return ["sf", *cli_bridge.package_arguments(self._alias, str(kept.package), version)]

    def _next(self, what: str) -> Path:
        self._count += 1
        return self._work / f"{what}{self._count}"

    def _sf(self, arguments: list[str], seconds: float, doing: str) -> bytes:
        from sfkeytool.edge.salesforce_cli import run_salesforce_cli
        from sfkeytool.salesforce import cli_bridge

        environment = cli_bridge.cli_environment(self._run.environ)
        with self._run.progress(doing):
            return run_salesforce_cli(arguments, environment, timeout_seconds=seconds, cwd=self._work).stdout


def package_files(app: "AppAddress", document: bytes, version: str) -> dict[str, bytes]:
    """A deployment of one app's file, by relative path. Secret. Pure."""
    from sfkeytool.salesforce.metadata_source import SourceFile, build_package_xml

    source = SourceFile(app.folder, app.filename, document, app.type, app.member)
    return {"package.xml": build_package_xml([source], version), f"{app.folder}/{app.filename}": document}


class Changed(Struct, frozen=True):
    """A change that was proved, and the way back from it: the folder of the original, and a command."""

    proof: "ReadBack"
    original: Path
    way_back: list[str]


class AppChanging:
    """One app that may be changed. Get one from changing_app()."""

    def __init__(self, run: Run, org: OneOrg, address: "AppAddress", source: CliAppSource, place: Path) -> None:
        self._run = run
        self._org = org
        self._address = address
        self._source = source
        self._place = place

    def look(self) -> "AppState":
        """The app now, with its raw file. Raises as look() of the workflow."""
        from sfkeytool.workflows.app_certificate import look

        self._org.client.begin_anew()
        return look(self._org.client, self._address, self._source)

    def settle(self, state: "AppState") -> tuple[Notice, ...]:
        """What became of changes that did not come to an end: killed, or not to be read back. Each is held against the
        app as it is now.

        Raises OrgError metadata.app-changed where more than the certificate differs.
        """
        from sfkeytool.workflows.app_comparison import changed, compare_documents

        notices = []
        for kept in unsettled_originals(self._run.environ, org_folder(self._org), self._address.member):
            original = kept.read(f"{self._address.folder}/{self._address.filename}")
            if differences := compare_documents(self._address, original, state.document or b""):
                error = changed(self._address, differences)
                error.hints = (
                    f"a run that began to change it at {kept.note.get('at')} did not come to its end: this may be its"
                    " doing, or that of somebody who changed the app since",
                    *self._back(kept, error),
                    f"if the app is as it should be, remove {kept.folder}",
                )
                raise error
            is_unchanged = original == state.document
            how = "nothing was changed" if is_unchanged else "nothing but the certificate was changed"
            where = "" if is_unchanged else f". What it was before is in {kept.folder}"
            notices.append(
                Notice(
                    "metadata.unfinished",
                    f"a run that began to change {self._address.app} at {kept.note.get('at')} did not come to its end;"
                    f" held against the app now, {how}{where}",
                )
            )
            if self._run.dry_run:
                continue
            if is_unchanged:
                discard_original(kept)
            else:
                settle_original(kept, how)
        return tuple(notices)

    def carry_out(self, change: "AppChange") -> Changed:
        """Keep the original, try both ways, deploy, read back. What was kept is removed if nothing was changed.

        Raises OrgError, NetworkError, OutputError and InterruptedRunError; with the way back among the hints where the
        app may have been changed.
        """
        from sfkeytool.workflows.app_certificate import deploy, read_back, rehearse

        source, app = self._source, self._address.app
        kept = source.keep(self._place, change, self._note(change), self._run.now)
        try:
            rehearse(source, change)
        except BaseException:
            discard_original(kept)
            raise
        self._run.console.changed = True
        try:
            deploy(source, change)
            self._org.client.begin_anew()
            proof = read_back(self._org.client, source, change)
        except OrgError as error:
            if error.code == "metadata.not-taken":
                settle_original(kept, error.code)
                raise
            raise self._with_way_back(kept, error) from None
        except (KeyboardInterrupt, InterruptedRunError):
            raise InterruptedRunError(
                "interrupted",
                f"interrupted; the deployment may go on in {self._org.label}: look at Setup > Deployment Status",
                f"{app} as it was is in {kept.folder}: run the same command again, which holds the app against that",
            ) from None
        settle_original(kept, "nothing but the certificate was changed")
        return Changed(proof, kept.folder, source.way_back(kept))

    def _with_way_back(self, kept: KeptOriginal, error: OrgError) -> OrgError:
        where = f"{self._address.app} as it was is in {kept.folder}"
        if error.code != "metadata.app-changed":  # even a refusal: the Salesforce CLI may have ceased to wait
            where += ": run the same command again, which holds the app against that; see Setup > Deployment Status"
        error.hints = (*self._back(kept, error), where, *error.hints)
        return error

    def _back(self, kept: KeptOriginal, error: OrgError) -> list[str]:
        if error.code != "metadata.app-changed":
            return []
        return [f"put the original back: {shell_line(self._source.way_back(kept))}"]

    def _note(self, change: "AppChange") -> dict[str, Any]:
        old, org = change.state.facts, self._org.identity
        return {
            "kind": "sfkeytool-app-original",
            "app": self._address.app,
            "type": self._address.type,
            "member": self._address.member,
            "org": {"alias": org.alias, "orgId": org.org_id, "instanceUrl": org.instance_url},
            "apiVersion": self._source.version,
            "at": f"{self._run.now:%Y-%m-%dT%H:%M:%SZ}",
            "certificateBefore": old.sha256 if old else None,
        }


@contextmanager
def changing_app(run: Run, org: OneOrg, address: "AppAddress") -> Iterator[AppChanging]:
    """The app, with no other run of ours at it. ``org`` is one that the Salesforce CLI knows.

    Raises OutputError output.locked and others; OrgError and NetworkError.
    """
    with app_locked(run.environ, org_folder(org), address.member) as place, work_folder(run.environ) as work:
        yield AppChanging(run, org, address, CliAppSource(run, org, work), place)


def org_folder(org: OneOrg) -> str:
    """What the folder of an org's originals is called: its Id."""
    found = re.fullmatch(r"[A-Za-z0-9]{15,18}", org.identity.org_id or "")
    return found[0] if found else "org"


def place_of_originals(run: Run, org: OneOrg, address: "AppAddress") -> Path:
    """Where the original of a change will be kept."""
    return originals_folder(run.environ) / org_folder(org) / address.member
